//! What people made, compared with what was handed over.

use super::desk::Desk;
use super::macros::{Answer, canonical};
use super::schema::type_word;
use super::teams::on_their_own;
use crate::{CheckedHandoff, Failure};
use mapping_core::mapping::Handoff;
use mapping_core::model::{Record, WorkingHours};
use mapping_core::{Catalog, Draft, FieldSpec, Format, Link, Observed, Sink, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The most things that a report names of each sort; all are counted.
const NAMED: usize = 500;

/// Every hand-off that can be read back, and the schema.
pub(crate) async fn check(desk: &Desk<'_>, sink: &dyn Sink) -> Result<Vec<CheckedHandoff>, Failure> {
    let mut all = vec![schema(desk, &sink.catalog().await?)];
    let mut lists: BTreeMap<&str, Option<Vec<Observed>>> = BTreeMap::new();
    for handoff in desk.mapping.handoffs() {
        let Some(kind) = handoff.check.as_deref() else {
            let mut line = CheckedHandoff::new(&handoff.name, &handoff.title);
            line.not_shown = true;
            all.push(line);
            continue;
        };
        if !lists.contains_key(kind) {
            lists.insert(kind, sink.list(kind).await?);
        }
        let there = lists.get(kind).and_then(Option::as_deref);
        all.push(one(desk, handoff, there)?);
    }
    Ok(all)
}

/// Something that was handed over, as it should be there.
struct Want {
    /// How reports name it.
    called: String,
    /// Names that it may have there, folded.
    names: Vec<String>,
    /// Its id there, when a list says which it is.
    id: Option<String>,
    /// What must agree: a word for it, and its value.
    content: Vec<(&'static str, Seen)>,
}

#[derive(PartialEq)]
enum Seen {
    Text(String),
    Set(BTreeSet<String>),
}

fn one(desk: &Desk<'_>, handoff: &Handoff, there: Option<&[Observed]>) -> Result<CheckedHandoff, Failure> {
    let mut line = CheckedHandoff::new(&handoff.name, &handoff.title);
    let (Some(wants), Some(there)) = (wants(desk, &handoff.from)?, there) else {
        line.not_shown = true;
        return Ok(line);
    };
    let mut free: Vec<&Draft> = there.iter().map(|o| &o.draft).collect();
    // What is equal first: of two things of one name, neither may take the other's place.
    let mut rest = Vec::new();
    for want in wants {
        match free.iter().position(|d| is_called(&want, d) && differences(&want, d).is_empty()) {
            Some(at) => {
                free.swap_remove(at);
                line.equal += 1;
            }
            None => rest.push(want),
        }
    }
    for want in rest {
        match free.iter().position(|d| is_called(&want, d)) {
            Some(at) => {
                let found = free.swap_remove(at);
                line.differs(format!("{}: {}", want.called, differences(&want, found).join(", ")));
            }
            None => line.lacks(want.called),
        }
    }
    Ok(line)
}

/// What should be there of a kind; `None` for what can't be compared.
fn wants(desk: &Desk<'_>, from: &str) -> Result<Option<Vec<Want>>, Failure> {
    let mut wants = Vec::new();
    match from {
        "standard_response" => desk.each(from, &mut |record| {
            if let Record::StandardResponse(response) = record {
                let answer = Answer::of(desk, &response);
                wants.push(Want {
                    called: format!("{} ({})", answer.name, response.id.source_ref()),
                    names: vec![folded(&answer.name), folded(&answer.full_name())],
                    id: None,
                    content: vec![("its text", Seen::Text(canonical(answer.format, &answer.text)))],
                });
            }
            Ok(())
        })?,
        "queue" => {
            for queue in desk.seen.queues.values() {
                let key = queue.id.source_ref();
                let people = queue.members.iter().filter_map(|m| desk.person(&m.agent.source_ref()));
                wants.push(Want {
                    called: format!("{} ({key})", queue.name),
                    names: vec![folded(&queue.name)],
                    id: desk.team(&key).map(|(id, _)| id.clone()),
                    content: vec![("its members", Seen::Set(people.map(|(id, _)| id.clone()).collect()))],
                });
            }
        }
        "ticketbox" => {
            for ticketbox in on_their_own(desk) {
                let key = ticketbox.id.source_ref();
                wants.push(Want {
                    called: format!("{} ({key})", ticketbox.name),
                    names: vec![folded(&ticketbox.name)],
                    id: desk.team(&key).map(|(id, _)| id.clone()),
                    content: Vec::new(),
                });
            }
        }
        "working_hours" => desk.each(from, &mut |record| {
            if let Record::WorkingHours(hours) = record {
                wants.push(Want {
                    called: format!("{} ({})", hours.name, hours.id.source_ref()),
                    names: vec![folded(&hours.name)],
                    id: None,
                    content: vec![("its week", Seen::Set(week(&hours)))],
                });
            }
            Ok(())
        })?,
        _ => return Ok(None),
    }
    Ok(Some(wants))
}

/// Minutes from Monday 00:00, as shaped drafts hold them.
fn week(hours: &WorkingHours) -> BTreeSet<String> {
    let minutes =
        |t: jiff::civil::Time| u32::from(t.hour().unsigned_abs()) * 60 + u32::from(t.minute().unsigned_abs());
    let interval = |i: &mapping_core::model::WeeklyInterval| {
        let day = u32::from(i.weekday.saturating_sub(1)) * 1_440;
        // Midnight as an end is the end of the day.
        let end = if minutes(i.to) == 0 { 1_440 } else { minutes(i.to) };
        format!("{}-{}", day + minutes(i.from), day + end)
    };
    hours.week.iter().map(interval).collect()
}

fn is_called(want: &Want, there: &Draft) -> bool {
    match &want.id {
        Some(id) => *id == there.source.id,
        None => want.names.contains(&folded(there.text("name"))),
    }
}

fn differences(want: &Want, there: &Draft) -> Vec<String> {
    let differs = want.content.iter().filter_map(|(what, wanted)| {
        let found = match wanted {
            Seen::Text(_) => Seen::Text(text_of(there)),
            Seen::Set(_) => Seen::Set(members_of(there, what)),
        };
        if found == *wanted {
            return None;
        }
        Some(match (wanted, &found) {
            (Seen::Set(wanted), Seen::Set(found)) => {
                let (lacks, more) = (wanted.difference(found).count(), found.difference(wanted).count());
                format!("{what}: {lacks} missing, {more} more")
            }
            _ => format!("{what} is another"),
        })
    });
    differs.collect()
}

/// The text of a prepared answer as it was read.
fn text_of(there: &Draft) -> String {
    let field = ["text", "body_text", "body"].iter().map(|name| there.field(name)).find(|v| !v.is_empty());
    match field {
        Some(Value::Html(html)) => canonical(Format::Html, html),
        Some(value) => canonical(Format::Plain, value.as_str().unwrap_or_default()),
        None => there.parts.first().map(|p| canonical(p.body.format, &p.body.text)).unwrap_or_default(),
    }
}

fn members_of(there: &Draft, what: &str) -> BTreeSet<String> {
    let field = if what == "its week" { "intervals" } else { "members" };
    let member = |value: &Value| match value {
        Value::Link(Link::Remote(at)) => Some(at.id.clone()),
        other => other.as_str().map(str::to_owned),
    };
    there.field(field).items().iter().filter_map(member).collect()
}

/// A name without what people change when they type it again: case, blanks, what parts folders.
fn folded(name: &str) -> String {
    let parts = name.split(|c: char| c.is_whitespace() || "/\\›>:|–—-".contains(c));
    parts.filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Fields and tags that the map needs: name, type and options.
fn schema(desk: &Desk<'_>, there: &Catalog) -> CheckedHandoff {
    let mut line = CheckedHandoff::new("schema", "Schema");
    for want in desk.mapping.wanted_fields(&desk.seen) {
        let called = format!("{} {}", want.kind, want.name);
        match there.field(&want.kind, &want.name) {
            None => line.lacks(called),
            Some(found) => match field_differs(&want, found) {
                Some(why) => line.differs(format!("{called}: {why}")),
                None => line.equal += 1,
            },
        }
    }
    for name in desk.mapping.wanted_tags(&desk.seen) {
        match there.tag(&name) {
            Some(_) => line.equal += 1,
            None => line.lacks(format!("tag {name}")),
        }
    }
    line
}

fn field_differs(want: &FieldSpec, found: &FieldSpec) -> Option<String> {
    if want.field_type != found.field_type {
        return Some(format!(
            "its type is {}, not {}",
            type_word(found.field_type),
            type_word(want.field_type)
        ));
    }
    let known: BTreeSet<String> = found.options.iter().map(|o| o.to_lowercase()).collect();
    let lacks = want.options.iter().filter(|o| !known.contains(&o.to_lowercase())).count();
    (lacks > 0).then(|| format!("{lacks} of its options are missing"))
}

impl CheckedHandoff {
    fn new(name: &str, title: &str) -> CheckedHandoff {
        CheckedHandoff { name: name.to_owned(), title: title.to_owned(), ..CheckedHandoff::default() }
    }
    fn differs(&mut self, what: String) {
        self.different += 1;
        if self.differing.len() < NAMED {
            self.differing.push(what);
        }
    }
    fn lacks(&mut self, what: String) {
        self.missing += 1;
        if self.lacking.len() < NAMED {
            self.lacking.push(what);
        }
    }
}
