//! The steps of a custom field: make it, add it to layouts, set its values; and take out again what was added.

use crate::request::{entries, text};
use crate::{Request, Settings, content};
use mapping_core::{
    Call, Candidate, Change, Draft, Effect, Error, ErrorKind, Made, Observed, Prepared, Progress, Receipt,
    RemoteRef, Result, Step, Value,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

pub(crate) fn steps(settings: &Settings, change: &Change<'_>) -> Result<Vec<Step>> {
    let draft = change.desired;
    match change.written {
        Some(written) if written.field("options") == draft.field("options") => return Ok(vec![]),
        Some(_) => return Ok(values(settings, draft)),
        None => {}
    }
    let create = Step::new("field.create", Effect::Create);
    let mut steps = vec![create.lock(format!("field:{}", draft.text("label"))).cost(2, 2)];
    for layout in &settings.layouts {
        let add = Step::new("layout.add", Effect::Change).arg("layout", layout);
        steps.push(add.lock(lock(layout)).cost(2, 2));
    }
    steps.extend(values(settings, draft));
    Ok(steps)
}

fn values(settings: &Settings, draft: &Draft) -> Vec<Step> {
    if draft.field("options").is_empty() {
        return vec![];
    }
    let set = |layout: &String| {
        Step::new("layout.values", Effect::Change).arg("layout", layout).lock(lock(layout)).cost(2, 2)
    };
    settings.layouts.iter().map(set).collect()
}

fn lock(layout: &str) -> String {
    format!("layout:{layout}")
}

/// What was added is taken out; a snapshot is never pasted over what others did since.
pub(crate) fn undo(done: &Progress) -> Vec<Step> {
    let created = done.receipts().any(|(_, r)| matches!(r.made, Made::Created(_)));
    let mut steps = Vec::new();
    for (entry, receipt) in done.receipts().rev() {
        let op = match (&*entry.step.op, &receipt.made) {
            ("layout.add", Made::Changed(_)) => "layout.remove",
            ("layout.values", Made::Changed(_)) if !created => "layout.values.remove",
            _ => continue,
        };
        let layout = entry.step.args.get("layout").map_or("", String::as_str);
        let step = Step::new(op, Effect::Overwrite).arg("layout", layout).lock(lock(layout)).cost(2, 2);
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    if created {
        steps.push(Step::new("field.delete", Effect::Overwrite).cost(2, 2));
    }
    steps
}

/// What `prepare` has to read before a step; settling reads the same.
pub(crate) fn before(call: &Call<'_>) -> Result<Option<Request>> {
    match &*call.step.op {
        "field.create" | "field.delete" => Ok(Some(Request::get("/fields").query("module", "tickets"))),
        _ => Ok(Some(Request::get(format!("/layouts/{}", layout(call)?)))),
    }
}

pub(crate) fn prepared(call: &Call<'_>, answer: &Json) -> Result<Prepared> {
    let skip = |skip| Prepared { skip, ..Prepared::default() };
    match &*call.step.op {
        "field.create" => match find_label(call, answer) {
            None => Ok(Prepared::default()),
            Some(field) => existing(call, field),
        },
        "field.delete" => Ok(skip(find_label(call, answer).is_none())),
        "layout.add" => Ok(Prepared {
            skip: in_layout(call, answer)?.is_some(),
            before: BTreeMap::from([("sections".to_owned(), Value::text(sections(answer)?.to_string()))]),
            ..Prepared::default()
        }),
        "layout.remove" => Ok(skip(in_layout(call, answer)?.is_none())),
        "layout.values" => {
            let now = allowed(call, answer)?;
            let list = now.iter().map(|v| Value::text(v.as_str())).collect();
            Ok(Prepared {
                skip: wanted(call).iter().all(|v| now.contains(v)),
                before: BTreeMap::from([("values".to_owned(), Value::List(list))]),
                ..Prepared::default()
            })
        }
        "layout.values.remove" => {
            let (now, added) = (allowed(call, answer)?, added(call));
            let kept: Vec<Value> =
                now.iter().filter(|v| !added.contains(v)).map(|v| Value::text(v.as_str())).collect();
            Ok(Prepared {
                skip: kept.len() == now.len(),
                before: BTreeMap::from([("values".to_owned(), Value::List(kept))]),
                ..Prepared::default()
            })
        }
        _ => Ok(Prepared::default()),
    }
}

/// A field with our label is there already: it is matched, if its type is right.
fn existing(call: &Call<'_>, field: &Json) -> Result<Prepared> {
    let (have, want) = (text(field, "type")?, call.draft.text("type"));
    if !have.eq_ignore_ascii_case(want) {
        return Err(Error::not_sent(ErrorKind::Conflict, "a field with this label has another type")
            .with("field", &call.draft.source)
            .with("wanted", want)
            .with("found", have));
    }
    let notes = [("api_name", text(field, "apiName")?), ("field_id", text(field, "id")?)];
    let notes = notes.map(|(k, v)| (k.to_owned(), v.to_owned()));
    Ok(Prepared { notes: BTreeMap::from(notes), ..Prepared::default() })
}

/// The one call of a step; `None` when the field was there already and only has to be matched.
pub(crate) fn write(call: &Call<'_>) -> Result<Option<Request>> {
    let values = |list: &[String]| json!({ "allowedValues": list, "sortBy": "userDefined" });
    Ok(Some(match &*call.step.op {
        "field.create" if call.prepared.notes.contains_key("api_name") => return Ok(None),
        "field.create" => {
            let draft = call.draft;
            let mut body = json!({ "displayLabel": draft.text("label"), "type": draft.text("type") });
            if let Value::Int(length) = draft.field("max_length") {
                body["maxLength"] = json!(length);
            }
            Request::post("/fields", body).query("module", "tickets")
        }
        "layout.add" => {
            let mut sections: Json = call
                .prepared
                .before
                .get("sections")
                .and_then(Value::as_str)
                .and_then(|text| serde_json::from_str(text).ok())
                .ok_or_else(|| Error::bug("a layout is changed only with its snapshot on disk"))?;
            let fields = sections
                .get_mut(0)
                .and_then(|section| section.get_mut("fields"))
                .and_then(Json::as_array_mut)
                .ok_or_else(|| {
                    Error::not_sent(ErrorKind::Malformed, "the layout has no section with fields")
                })?;
            fields.push(json!({ "id": field_id(call)?, "isMandatory": false }));
            Request::patch(format!("/layouts/{}", layout(call)?), json!({ "sections": sections }))
        }
        "layout.remove" => Request::post(format!("{}/unassociate", layout_field(call)?), json!({})),
        "layout.values" => {
            let mut list = before_values(call);
            list.extend(wanted(call).into_iter().filter(|v| !before_values(call).contains(v)));
            Request::patch(layout_field(call)?, values(&list))
        }
        "layout.values.remove" => Request::patch(layout_field(call)?, values(&before_values(call))),
        "field.delete" => Request::delete(format!("/fields/{}", field_id(call)?)),
        other => return Err(Error::bug("a step that this vocabulary doesn't have").with("step", other)),
    }))
}

pub(crate) fn receipt(call: &Call<'_>, answer: Option<&Json>) -> Result<Receipt> {
    match (&*call.step.op, answer) {
        ("field.create", Some(field)) => made(field, Made::Created),
        ("field.create", None) => {
            let note = |key: &str| call.prepared.notes.get(key).cloned().unwrap_or_default();
            let remote = RemoteRef::new("field", note("api_name"));
            Ok(Receipt::new(Made::Matched(remote)).output("field_id", note("field_id")))
        }
        ("layout.add" | "layout.values", _) => Ok(changed(call)?),
        ("field.delete", _) => Ok(Receipt::new(Made::Removed(call.target()?.clone()))),
        _ => Ok(Receipt::nothing()),
    }
}

pub(crate) fn candidates(call: &Call<'_>, answer: &Json) -> Result<Vec<Candidate>> {
    let one = |receipt| vec![Candidate { receipt, agrees: true }];
    Ok(match &*call.step.op {
        "field.create" if call.prepared.notes.contains_key("api_name") => one(receipt(call, None)?),
        "field.create" => match find_label(call, answer) {
            Some(field) => one(made(field, Made::Created)?),
            None => vec![],
        },
        "layout.add" if in_layout(call, answer)?.is_some() => one(changed(call)?),
        "layout.values" => {
            let now = allowed(call, answer)?;
            if wanted(call).iter().all(|v| now.contains(v)) { one(changed(call)?) } else { vec![] }
        }
        _ => vec![],
    })
}

/// A field as the portal has it, with the values that it has in the first layout.
pub(crate) fn observed(at: &RemoteRef, fields: &Json, layouts: &[Json]) -> Result<Option<Observed>> {
    let named = |f: &&Json| f.get("apiName").and_then(Json::as_str) == Some(at.id.as_str());
    let Some(field) = entries(fields).iter().find(named) else { return Ok(None) };
    let label = text(field, "displayLabel")?;
    let mut draft = Draft::new("field", content::field_source(label));
    draft = draft.with("label", label).with("type", text(field, "type")?);
    if let Some(length) = field.get("maxLength").and_then(Json::as_i64) {
        draft = draft.with("max_length", length);
    }
    let id = text(field, "id")?;
    let placed = layouts.iter().find_map(|layout| place(id, sections(layout).ok()?));
    let values: Vec<Value> = placed.map(listed).unwrap_or_default().into_iter().map(Value::text).collect();
    if !values.is_empty() {
        draft = draft.with("options", Value::List(values));
    }
    Ok(Some(Observed { draft, window: mapping_core::Window::Whole, version: None }))
}

/// The API name is the field's identity for those who link to it; its id is kept beside.
fn made(field: &Json, made: impl Fn(RemoteRef) -> Made) -> Result<Receipt> {
    let remote = RemoteRef::new("field", text(field, "apiName")?);
    Ok(Receipt::new(made(remote)).output("field_id", text(field, "id")?))
}

fn changed(call: &Call<'_>) -> Result<Receipt> {
    Ok(Receipt::new(Made::Changed(RemoteRef::new("layout", layout(call)?))))
}

fn layout<'a>(call: &Call<'a>) -> Result<&'a str> {
    let layout = call.step.args.get("layout").map(String::as_str);
    layout.ok_or_else(|| Error::bug("a layout step names no layout"))
}

fn layout_field(call: &Call<'_>) -> Result<String> {
    Ok(format!("/layouts/{}/fields/{}", layout(call)?, field_id(call)?))
}

fn field_id<'a>(call: &Call<'a>) -> Result<&'a str> {
    call.so_far.output("field_id").ok_or_else(|| Error::bug("the field's id is not known"))
}

fn find_label<'a>(call: &Call<'_>, answer: &'a Json) -> Option<&'a Json> {
    let label = call.draft.text("label");
    entries(answer).iter().find(|f| f.get("displayLabel").and_then(Json::as_str) == Some(label))
}

fn sections(layout: &Json) -> Result<&Json> {
    layout
        .get("sections")
        .filter(|s| s.as_array().is_some_and(|s| !s.is_empty()))
        .ok_or_else(|| Error::not_sent(ErrorKind::Malformed, "the layout was read without its sections"))
}

/// Our field in the layout.
fn in_layout<'a>(call: &Call<'_>, layout: &'a Json) -> Result<Option<&'a Json>> {
    Ok(place(field_id(call)?, sections(layout)?))
}

fn place<'a>(id: &str, sections: &'a Json) -> Option<&'a Json> {
    let sections = sections.as_array().into_iter().flatten();
    let mut fields = sections.filter_map(|s| s.get("fields")?.as_array()).flatten();
    fields.find(|f| f.get("id").and_then(Json::as_str) == Some(id))
}

/// The values that the field has in the layout.
fn allowed(call: &Call<'_>, layout: &Json) -> Result<Vec<String>> {
    Ok(in_layout(call, layout)?.map(listed).unwrap_or_default())
}

fn listed(field: &Json) -> Vec<String> {
    let list = field.get("allowedValues").and_then(Json::as_array);
    list.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

fn texts(list: &Value) -> Vec<String> {
    list.items().iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn wanted(call: &Call<'_>) -> Vec<String> {
    texts(call.draft.field("options"))
}

fn before_values(call: &Call<'_>) -> Vec<String> {
    call.prepared.before.get("values").map(texts).unwrap_or_default()
}

/// The values of a layout that were not there before our steps.
fn added(call: &Call<'_>) -> Vec<String> {
    let ours = |op: &str, step: &Step| step.op == op && step.args == call.step.args;
    let first = call.so_far.entries.iter().find(|e| ours("layout.values", &e.step));
    let before = first.and_then(|e| e.prepared.before.get("values")).map(texts).unwrap_or_default();
    wanted(call).into_iter().filter(|v| !before.contains(v)).collect()
}
