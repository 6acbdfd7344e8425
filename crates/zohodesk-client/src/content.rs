//! What goes over the wire for a ticket and its comments.

use crate::header::Header;
use crate::request::text;
use jiff::Timestamp;
use mapping_core::{
    Blob, Body, Call, Draft, Error, ErrorKind, Link, Observed, Part, RemoteRef, Result, SourceRef, Value,
    Window,
};
use serde_json::{Map, Value as Json, json};

/// What begins the logical name of a custom field; its label follows.
pub(crate) const CUSTOM: &str = "cf.";

/// The record that a custom field's label stands for.
pub(crate) fn field_source(label: &str) -> SourceRef {
    SourceRef::new("field", label)
}

/// The content of a comment, or a description: header and body.
pub(crate) fn content(draft: &Draft, part: &Part) -> String {
    Header::of(draft, part).html() + &part.body.text
}

/// The fields that a ticket has on the wire, of those named; all plain ones when none are.
pub(crate) fn ticket_fields(call: &Call<'_>, named: Option<&[&str]>) -> Result<Map<String, Json>> {
    let mut fields = Map::new();
    let mut custom = Map::new();
    for (name, value) in &call.draft.fields {
        if named.is_some_and(|named| !named.contains(&name.as_str())) {
            continue;
        }
        if let Some(label) = name.strip_prefix(CUSTOM) {
            custom.insert(api_name(call, label)?.to_owned(), custom_value(value)?);
        } else if let Some(key) = wire_name(name) {
            fields.insert(key.to_owned(), wire_value(call, value)?);
        }
    }
    if !custom.is_empty() {
        fields.insert("cf".to_owned(), Json::Object(custom));
    }
    Ok(fields)
}

/// The API name of a custom field. Zoho makes it of the label, and not always in the obvious way.
pub(crate) fn api_name<'a>(call: &Call<'a>, label: &str) -> Result<&'a str> {
    let field = call.refs.records.get(&field_source(label));
    field.map(|remote| remote.id.as_str()).ok_or_else(|| {
        Error::not_sent(ErrorKind::Unresolved, "a custom field is not at the destination yet")
            .with("label", label)
    })
}

/// The API's name of a plain field; `status` and `assignee` have steps of their own.
fn wire_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "subject" => "subject",
        "contact" => "contactId",
        "team" => "teamId",
        "priority" => "priority",
        "channel" => "channel",
        "category" => "category",
        "classification" => "classification",
        "email" => "email",
        "phone" => "phone",
        _ => return None,
    })
}

/// The logical names that [`wire_name`] knows.
pub(crate) const PLAIN: [&str; 9] =
    ["subject", "contact", "team", "priority", "channel", "category", "classification", "email", "phone"];

fn wire_value(call: &Call<'_>, value: &Value) -> Result<Json> {
    match value {
        Value::Link(link) => Ok(json!(call.link(link)?.id)),
        Value::Text(text) => Ok(json!(text.as_str())),
        _ => Err(Error::bug("a plain field of a ticket is a text or a link")),
    }
}

/// Custom fields travel as text.
fn custom_value(value: &Value) -> Result<Json> {
    Ok(match value {
        Value::Text(text) => json!(text.as_str()),
        Value::Int(n) => json!(n.to_string()),
        Value::Decimal(n) => json!(n),
        Value::Bool(b) => json!(b.to_string()),
        Value::Time(t) => json!(instant(*t)),
        Value::Date(d) => json!(d.to_string()),
        _ => return Err(Error::bug("a custom field can't hold this value")),
    })
}

fn instant(t: Timestamp) -> String {
    t.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// A ticket with its comments in the form that `shape` promised. `labels` are the custom fields by API name.
pub(crate) fn observed(
    ticket: &Json,
    comments: &[Json],
    labels: &[(String, String)],
) -> Result<Option<Observed>> {
    if ticket.get("isTrashed").and_then(Json::as_bool) == Some(true) {
        return Ok(None);
    }
    let mut draft = Draft::new("ticket", SourceRef::new("ticket", ""));
    for name in PLAIN.into_iter().filter(|name| !matches!(*name, "contact" | "team")) {
        if let Some(value) = wire_name(name).and_then(|key| ticket.get(key)).and_then(Json::as_str) {
            draft.fields.insert(name.to_owned(), Value::text(value));
        }
    }
    for (name, key, kind) in
        [("contact", "contactId", "contact"), ("team", "teamId", "team"), ("assignee", "assigneeId", "agent")]
    {
        if let Some(id) = ticket.get(key).and_then(Json::as_str) {
            let remote = RemoteRef::new(kind, id);
            draft.fields.insert(name.to_owned(), Value::Link(Link::Remote(remote)));
        }
    }
    draft.fields.insert("status".to_owned(), Value::text(text(ticket, "status")?));
    for (api_name, value) in ticket.get("cf").and_then(Json::as_object).into_iter().flatten() {
        let label = labels.iter().find(|(name, _)| name == api_name).map(|(_, label)| label);
        if let (Some(label), Some(value)) = (label, value.as_str()) {
            draft.fields.insert(format!("{CUSTOM}{label}"), custom_read(value));
        }
    }
    draft.parts.push(part(text(ticket, "description")?, ticket));
    for comment in comments {
        draft.parts.push(part(text(comment, "content")?, comment));
    }
    let version = ticket.get("modifiedTime").and_then(Json::as_str).map(str::to_owned);
    Ok(Some(Observed { draft, window: Window::Whole, version }))
}

/// A text that is an instant in the one form the API writes is one.
fn custom_read(value: &str) -> Value {
    let instant = (value.len() == 24 && value.ends_with(".000Z")).then(|| value.parse().ok()).flatten();
    instant.map_or_else(|| Value::text(value), Value::Time)
}

/// A comment as a part. Without a header it is somebody's own comment.
fn part(content: &str, holder: &Json) -> Part {
    let files = files(holder);
    match Header::read(content) {
        Some((header, body)) => {
            let mut part =
                Part::new(header.part_key(), header.role, header.author(), header.at, Body::html(body));
            part.visibility = header.visibility;
            part.files = files;
            part
        }
        None => Part {
            files,
            ..Part::new("", mapping_core::Role::Agent, Default::default(), None, Body::html(content))
        },
    }
}

fn files(holder: &Json) -> Vec<Blob> {
    let listed = holder.get("attachments").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let file = |entry: &Json| Blob {
        sha256: String::new(),
        // Sizes are texts in this API.
        len: entry.get("size").and_then(Json::as_str).and_then(|s| s.parse().ok()).unwrap_or_default(),
        name: entry.get("name").and_then(Json::as_str).unwrap_or_default().into(),
        mime: String::new(),
    };
    listed.iter().map(file).collect()
}
