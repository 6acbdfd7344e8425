//! Values of attributes: what a field's type takes, as JSON, and back.

use super::losing::Losing;
use super::options::{SinkOptions, Unknown};
use jiff::Timestamp;
use mapping_core::{Catalog, Draft, Error, ErrorKind, FieldSpec, FieldType, LossRule, Result, Value};
use serde_json::json;

/// What a draft calls the attribute `x`: `attribute.x`.
pub(super) const PREFIX: &str = "attribute.";
/// Longest value of a text attribute in characters.
pub(super) const TEXT_CHARS: u32 = 255;

/// Shapes every attribute of a draft.
pub(super) fn shape_attributes(
    draft: &mut Draft,
    kind: &str,
    catalog: &Catalog,
    options: &SinkOptions,
    losing: &mut Losing,
) -> Result<()> {
    let names: Vec<String> = draft.fields.keys().filter(|k| k.starts_with(PREFIX)).cloned().collect();
    for field in names {
        let Some(value) = draft.fields.remove(&field) else { continue };
        if value.is_empty() {
            continue;
        }
        let name = field.strip_prefix(PREFIX).unwrap_or(&field);
        let Some(spec) = catalog.field(kind, name) else {
            missing(&field, name, &value, options, losing)?;
            continue;
        };
        losing.relies_on(spec.key());
        if let Some(shaped) = shape_value(&field, value, spec, options, losing)? {
            // The registry's own spelling: names on the wire are compared letter by letter.
            draft.fields.insert(format!("{PREFIX}{}", spec.name), shaped);
        }
    }
    Ok(())
}

fn missing(field: &str, name: &str, value: &Value, options: &SinkOptions, losing: &mut Losing) -> Result<()> {
    if options.unknown_attribute == Unknown::Refuse {
        let message =
            "the workspace has no attribute of this name; run `provision`, or map the field elsewhere";
        return Err(Error::not_sent(ErrorKind::Invalid, message).with("attribute", name));
    }
    losing.values(field, LossRule::Dropped, "the workspace has no attribute of this name", &shown(value), "");
    Ok(())
}

fn shape_value(
    field: &str,
    value: Value,
    spec: &FieldSpec,
    options: &SinkOptions,
    losing: &mut Losing,
) -> Result<Option<Value>> {
    let wrong = |value: &Value, losing: &mut Losing| {
        losing.values(
            field,
            LossRule::Dropped,
            "the value doesn't fit the attribute's type",
            &shown(value),
            "",
        );
        Ok(None)
    };
    match spec.field_type {
        FieldType::Text => Ok(Some(Value::text(cut(field, &shown(&value), spec, losing)))),
        FieldType::List => option(field, &value, spec, options, losing),
        FieldType::Integer => match shown(&value).trim().parse::<i64>() {
            Ok(n) => Ok(Some(Value::Int(n))),
            Err(_) => wrong(&value, losing),
        },
        FieldType::Decimal => match shown(&value).trim().parse::<f64>() {
            Ok(n) if n.is_finite() => Ok(Some(Value::Decimal(n.to_string()))),
            _ => wrong(&value, losing),
        },
        FieldType::Boolean => match (&value, shown(&value).trim().to_ascii_lowercase().as_str()) {
            (Value::Bool(b), _) => Ok(Some(Value::Bool(*b))),
            (_, "true" | "yes" | "1") => Ok(Some(Value::Bool(true))),
            (_, "false" | "no" | "0") => Ok(Some(Value::Bool(false))),
            _ => wrong(&value, losing),
        },
        FieldType::DateTime | FieldType::Date => match moment(&value) {
            Some(at) => Ok(Some(Value::Time(at))),
            None => wrong(&value, losing),
        },
        _ => {
            let why = "this version can't write attributes of this type";
            losing.values(field, LossRule::Dropped, why, &shown(&value), "");
            Ok(None)
        }
    }
}

fn cut(field: &str, text: &str, spec: &FieldSpec, losing: &mut Losing) -> String {
    let text = super::markup::one_line(text);
    let most = spec.max_chars.unwrap_or(TEXT_CHARS) as usize;
    losing.cut(field, text, most, "longer than the attribute takes")
}

fn option(
    field: &str,
    value: &Value,
    spec: &FieldSpec,
    options: &SinkOptions,
    losing: &mut Losing,
) -> Result<Option<Value>> {
    let wanted = shown(value);
    let fold = |s: &str| s.trim().to_lowercase();
    let exact = spec.options.iter().find(|o| **o == wanted);
    let found = exact.or_else(|| spec.options.iter().find(|o| fold(o) == fold(&wanted)));
    match found {
        Some(label) => Ok(Some(Value::text(label.as_str()))),
        None if options.unknown_option == Unknown::Refuse => {
            let message = "the value is not among the options of its list attribute; run `provision` again";
            Err(Error::not_sent(ErrorKind::Invalid, message).with("attribute", &spec.name))
        }
        None => {
            let why = "not among the options of the list attribute";
            losing.values(field, LossRule::Dropped, why, &wanted, "");
            Ok(None)
        }
    }
}

fn moment(value: &Value) -> Option<Timestamp> {
    let at = match value {
        Value::Time(at) => *at,
        Value::Int(seconds) => Timestamp::from_second(*seconds).ok()?,
        Value::Date(day) => day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
        Value::Text(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    Timestamp::from_second(at.as_second()).ok()
}

/// A value as text, for a text attribute or a loss.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Text(s) => s.as_str().to_owned(),
        Value::Html(s) => mapping_core::text::plain_of_html(s),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(n) => n.clone(),
        Value::Time(t) => t.to_string(),
        Value::Date(d) => d.to_string(),
        Value::List(items) => items.iter().map(shown).collect::<Vec<_>>().join("; "),
        _ => String::new(),
    }
}

/// A shaped value as the API takes it; times as Unix seconds.
pub(super) fn wire(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(s) | Value::Html(s) => json!(s.as_str()),
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Decimal(n) => n.parse::<f64>().map_or(serde_json::Value::Null, |n| json!(n)),
        Value::Time(t) => json!(t.as_second()),
        Value::Date(d) => json!(d.to_string()),
        _ => serde_json::Value::Null,
    }
}

/// A value as it was read. Times come as numbers; comparing takes both for the same.
pub(super) fn observed(value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => match (n.as_i64(), n.as_f64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::Decimal(n.to_string()),
            (None, None) => Value::Null,
        },
        serde_json::Value::String(s) => Value::text(s.as_str()),
        _ => Value::Null,
    }
}

/// The attributes of a draft with their names on the wire.
pub(super) fn attributes(draft: &Draft) -> impl Iterator<Item = (&str, &Value)> {
    draft.fields.iter().filter_map(|(field, value)| Some((field.strip_prefix(PREFIX)?, value)))
}
