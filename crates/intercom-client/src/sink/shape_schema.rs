//! Tags and attributes as Intercom can hold them.

use super::losing::Losing;
use super::markup::one_line;
use mapping_core::{Catalog, Draft, Error, ErrorKind, FieldType, LossRule, Result, Shaped, Value};

fn invalid(message: &'static str) -> Error {
    Error::not_sent(ErrorKind::Invalid, message)
}

pub(super) fn shape_tag(draft: &Draft) -> Result<Shaped> {
    let losing = Losing::of(draft);
    let mut out = draft.clone();
    let name = one_line(draft.text("name"));
    if name.is_empty() {
        return Err(invalid("a tag needs a name"));
    }
    out.fields.insert("name".into(), Value::text(name));
    Ok(losing.done(out))
}

pub(super) fn shape_attribute(draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    let name = one_line(draft.text("name"));
    if name.is_empty() {
        return Err(invalid("an attribute needs a name"));
    }
    let wanted = field_type(draft.text("data_type")).ok_or_else(|| {
        invalid("the type of an attribute is text, integer, decimal, boolean, datetime, date or list")
    })?;
    if let Some(there) = catalog.field(draft.kind.as_str(), &name)
        && same(there.field_type) != same(wanted)
    {
        let message = "the workspace has an attribute of this name with another type; rename one of them";
        return Err(Error::not_sent(ErrorKind::Conflict, message).with("attribute", &name));
    }
    // Contacts and companies share their names of attributes.
    let other = match draft.kind.as_str() {
        "contact_attribute" => Some("company_attribute"),
        "company_attribute" => Some("contact_attribute"),
        _ => None,
    };
    if other.is_some_and(|other| catalog.field(other, &name).is_some()) {
        let message =
            "a name can't be used for an attribute of contacts and for one of companies; rename one of them";
        return Err(Error::not_sent(ErrorKind::Conflict, message).with("attribute", &name));
    }
    out.fields.insert("name".into(), Value::text(name));
    if wanted == FieldType::List {
        let labels = labels(draft, &mut losing)?;
        out.fields.insert("options".into(), Value::List(labels));
    } else {
        out.fields.remove("options");
    }
    Ok(losing.done(out))
}

/// A list needs two options at least.
fn labels(draft: &Draft, losing: &mut Losing) -> Result<Vec<Value>> {
    let mut seen: Vec<String> = Vec::new();
    for label in draft.field("options").items().iter().filter_map(Value::as_str).map(one_line) {
        let known = seen.iter().any(|s| s.to_lowercase() == label.to_lowercase());
        if known && !seen.contains(&label) {
            losing.values("options", LossRule::Merged, "two options that differ in case only", &label, "");
        }
        if !known && !label.is_empty() {
            seen.push(label);
        }
    }
    match seen.len() {
        0 => return Err(invalid("a list attribute needs options")),
        1 => {
            let other = if seen[0].eq_ignore_ascii_case("other") { "None" } else { "Other" };
            losing.lose("options", LossRule::Added, "a list needs two options: one was added");
            seen.push(other.to_owned());
        }
        _ => {}
    }
    Ok(seen.into_iter().map(Value::text).collect())
}

pub(super) fn field_type(word: &str) -> Option<FieldType> {
    Some(match word {
        "text" => FieldType::Text,
        "integer" => FieldType::Integer,
        "decimal" => FieldType::Decimal,
        "boolean" => FieldType::Boolean,
        "datetime" => FieldType::DateTime,
        "date" => FieldType::Date,
        "list" => FieldType::List,
        _ => return None,
    })
}

/// Days and moments are read back as one type.
pub(super) fn same(kind: FieldType) -> FieldType {
    if kind == FieldType::Date { FieldType::DateTime } else { kind }
}
