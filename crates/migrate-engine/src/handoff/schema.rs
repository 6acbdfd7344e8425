//! Two lists that belong to every hand-over: the schema that must be there, and what is and isn't moved.

use super::Built;
use super::desk::{Desk, cell, yes};
use crate::Failure;
use crate::sheet::Sheet;
use crate::verbs::trace::catalog_of;
use mapping_core::mapping::Fidelity;
use mapping_core::{Catalog, FieldSpec, FieldType};
use std::collections::BTreeMap;

/// Kinds that move as parts of others.
const PARTS: [&str; 4] = ["message", "call", "chat_line", "attachment"];
/// Kinds that somebody or some value there stands for, wherever a record names them.
const NAMED: [&str; 2] = ["agent", "category"];

/// The type of a field in reports.
pub(super) fn type_word(field_type: FieldType) -> String {
    match field_type {
        FieldType::DateTime => "date and time".to_owned(),
        FieldType::MultiList => "list, several".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}

/// Attributes, fields and tags that the map needs, and whether they were there when the plan was made.
pub(super) fn checklist(desk: &Desk<'_>) -> Result<Built, Failure> {
    let head = ["kind", "name", "type", "options", "longest value", "for", "is there"];
    let mut built = Built::of(Sheet::new("Schema", &head));
    let plan = desk.run.ledger().plan()?;
    let there: Option<Catalog> = plan.map(|head| catalog_of(Some(&head.inputs)));
    let mut missing = 0;
    let mut is_there = |found: Option<bool>| match found {
        None => "not known before a plan".to_owned(),
        Some(found) => {
            missing += u64::from(!found);
            yes(found)
        }
    };
    for field in desk.mapping.wanted_fields(&desk.seen) {
        let found = there.as_ref().map(|c| c.field(&field.kind, &field.name).is_some());
        let FieldSpec { kind, name, field_type, options, description, max_chars, .. } = field;
        let found = is_there(found);
        let options = options.join("; ");
        built.sheets[0].push([
            kind,
            name,
            type_word(field_type),
            options,
            cell(max_chars),
            cell(description),
            found,
        ]);
    }
    for name in desk.mapping.wanted_tags(&desk.seen) {
        let found = is_there(there.as_ref().map(|c| c.tag(&name).is_some()));
        let none = String::new;
        built.sheets[0].push(["tag".to_owned(), name, none(), none(), none(), none(), found]);
    }
    if missing > 0 {
        built.flags.push(format!("Missing when the plan was made: {missing}."));
    }
    Ok(built)
}

/// Counts by kind, with the row of the map and what survives; the grade by rules that stand beside it.
pub(super) fn scope(desk: &Desk<'_>) -> Result<Built, Failure> {
    let mut counts = Sheet::new("Counts", &["kind", "records", "unreadable", "row", "becomes", "fidelity"]);
    let bad = desk.run.stage().bad_counts()?;
    let rows: BTreeMap<&str, _> = desk.mapping.rows().iter().map(|row| (row.id.as_str(), row)).collect();
    let mut worst = 'A';
    for (kind, n) in desk.run.stage().counts()? {
        let object = desk.mapping.object(&kind).map(|o| (o.row.clone(), o.to.to_string(), o.fidelity));
        let by_hand = desk.mapping.handoffs().iter().find(|h| h.from == kind);
        let by_hand = by_hand.map(|h| (h.row.clone(), h.destination.clone(), Fidelity::HandOff));
        let (row, becomes, fidelity, grade) = match (object.or(by_hand), kind.as_str()) {
            (Some((row, becomes, f)), _) => (row, becomes, f.as_str(), grade(f)),
            (None, k) if PARTS.contains(&k) => {
                (String::new(), "a part of its record".to_owned(), "with its record", 'A')
            }
            (None, k) if NAMED.contains(&k) => {
                (String::new(), "who or what stands for it".to_owned(), "in the records that name it", 'A')
            }
            (None, _) => (String::new(), "nothing: read for reference".to_owned(), "not moved", 'D'),
        };
        worst = if n > 0 { worst.max(grade) } else { worst };
        let unreadable = bad.get(&kind).copied().unwrap_or(0).to_string();
        counts.push([kind, n.to_string(), unreadable, row, becomes, fidelity.to_owned()]);
    }
    let mut map = Sheet::new("Rows of the map", &["row", "at the source", "becomes", "fidelity", "note"]);
    for row in rows.values() {
        let cells = [&row.id, &row.source, &row.destination, &row.fidelity.as_str().to_owned(), &row.note];
        map.push(cells.map(Clone::clone));
    }
    let mut grades = Sheet::new("Grade", &["grade", "rule", "this help desk"]);
    for (grade, rule) in GRADES {
        grades.push([
            grade.to_string(),
            rule.to_owned(),
            if grade == worst { "←".to_owned() } else { String::new() },
        ]);
    }
    let mut channels = Sheet::new("Channels", &["channel", "accounts", "on"]);
    let mut by_channel: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    desk.each("channel_account", &mut |record| {
        if let mapping_core::model::Record::ChannelAccount(account) = record {
            let entry = by_channel.entry(account.channel).or_default();
            entry.0 += 1;
            entry.1 += u64::from(account.enabled);
        }
        Ok(())
    })?;
    for (channel, (all, on)) in by_channel {
        channels.push([channel, all.to_string(), on.to_string()]);
    }
    Ok(Built {
        flags: vec![format!("Grade {worst}: see the sheet “Grade” for the rules.")],
        sheets: vec![counts, map, grades, channels],
        files: 0,
    })
}

const GRADES: [(char, &str); 4] = [
    ('A', "every kind with records moves 1:1 or 1:many"),
    ('B', "a kind with records is lossy; each loss is listed"),
    ('C', "a kind with records is handed over by hand"),
    ('D', "a kind with records is not moved at all"),
];

fn grade(fidelity: Fidelity) -> char {
    match fidelity {
        Fidelity::OneToOne | Fidelity::OneToMany => 'A',
        Fidelity::Lossy => 'B',
        Fidelity::HandOff => 'C',
    }
}
