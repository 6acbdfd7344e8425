//! The steps of a ticket: create with its first message, comments in order, assign, close without a notice, trash.

use crate::content::{self, CUSTOM, PLAIN, api_name, field_source, ticket_fields};
use crate::header::Header;
use crate::request::{entries, text};
use crate::{Request, Settings};
use mapping_core::{
    Call, Candidate, Change, Draft, Effect, Error, ErrorKind, Link, Made, Part, Prepared, Receipt, RemoteRef,
    Result, SourceRef, Step, Value,
};
use serde_json::{Value as Json, json};

/// The status a ticket is made with: one that is not closed, so that closing is the last write and can be silent.
const FIRST_STATUS: &str = "Open";

pub(crate) fn steps(settings: &Settings, change: &Change<'_>) -> Result<Vec<Step>> {
    match change.written {
        None => first(settings, change.desired),
        Some(written) => delta(change, written),
    }
}

fn first(settings: &Settings, draft: &Draft) -> Result<Vec<Step>> {
    let id_field = format!("{CUSTOM}{}", settings.id_label);
    if draft.text(&id_field) != draft.source.id {
        return Err(Error::not_sent(
            ErrorKind::Invalid,
            "a ticket must carry its source id in its id field; a lost answer can't be settled without it",
        )
        .with("field", id_field));
    }
    let files = draft.parts.first().map_or(0, |part| part.files.len());
    let mut steps = vec![
        Step::new("ticket.create", Effect::Create)
            .part(0)
            .needs(needs(draft, |_| true))
            .cost(calls(1 + files), calls(1 + files))
            .blind(settings.blind_seconds),
    ];
    steps.extend(comments(draft, 1));
    steps.extend(assignment(draft));
    steps.extend(closing(draft));
    Ok(steps)
}

fn delta(change: &Change<'_>, written: &Draft) -> Result<Vec<Step>> {
    let draft = change.desired;
    let kept = draft.parts.len() >= written.parts.len()
        && draft.parts.iter().zip(&written.parts).all(|(new, old)| new == old);
    if !kept {
        return Err(Error::not_sent(
            ErrorKind::Unsupported,
            "a message that was moved changed at the source; this version can't change a comment",
        ));
    }
    // What a person changed at the destination since stays theirs.
    let theirs = |name: &str| {
        change.observed.is_some_and(|seen| {
            let (now, ours) = (seen.draft.field(name), written.field(name));
            !matches!(ours, Value::Link(Link::Source(_))) && now != ours
        })
    };
    let changed = |name: &str| draft.field(name) != written.field(name) && !theirs(name);
    let mut steps = comments(draft, written.parts.len());
    let fields: Vec<&str> =
        draft.fields.keys().map(String::as_str).filter(|n| is_plain(n) && changed(n)).collect();
    if !fields.is_empty() {
        let links = needs(draft, |name| fields.contains(&name));
        steps.push(Step::new("ticket.set", Effect::Overwrite).needs(links).arg("fields", fields.join("\n")));
    }
    if changed("assignee") {
        steps.extend(assignment(draft));
    }
    if changed("status") && !draft.text("status").is_empty() {
        steps.push(close());
    }
    Ok(steps)
}

pub(crate) fn undo() -> Step {
    Step::new("ticket.trash", Effect::Overwrite).cost(2, 2)
}

fn comments(draft: &Draft, from: usize) -> Vec<Step> {
    let comment = |(index, part): (usize, &Part)| {
        let cost = calls(1 + part.files.len());
        Step::new("ticket.comment", Effect::Create).part(index).cost(cost, cost)
    };
    draft.parts.iter().enumerate().skip(from).map(comment).collect()
}

/// A refused agent must not cost the ticket its last write.
fn assignment(draft: &Draft) -> Option<Step> {
    let links = needs(draft, |name| name == "assignee");
    draft
        .fields
        .contains_key("assignee")
        .then(|| Step::new("ticket.assign", Effect::Overwrite).needs(links).refusal_is_loss())
}

fn closing(draft: &Draft) -> Option<Step> {
    let status = draft.text("status");
    (!status.is_empty() && status != FIRST_STATUS).then(close)
}

fn close() -> Step {
    Step::new("ticket.close", Effect::Overwrite)
}

fn calls(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn is_plain(name: &str) -> bool {
    name.starts_with(CUSTOM) || PLAIN.contains(&name)
}

/// The records that fields link to, and the custom fields themselves.
fn needs(draft: &Draft, wanted: impl Fn(&str) -> bool) -> Vec<SourceRef> {
    let mut needs = Vec::new();
    for (name, value) in draft.fields.iter().filter(|(name, _)| wanted(name)) {
        needs.extend(name.strip_prefix(CUSTOM).map(field_source));
        needs.extend(value.items().iter().filter_map(Value::as_link).filter_map(|link| match link {
            Link::Source(source) => Some(source.clone()),
            _ => None,
        }));
    }
    needs
}

/// What `prepare` has to read before a step.
pub(crate) fn before(call: &Call<'_>) -> Result<Option<Request>> {
    match &*call.step.op {
        "ticket.trash" => Ok(Some(Request::get(path(call)?))),
        _ => Ok(None),
    }
}

pub(crate) fn prepared(call: &Call<'_>, answer: &Json, uploads: &[String]) -> Prepared {
    let trashed = answer.get("isTrashed").and_then(Json::as_bool) == Some(true);
    let gone = call.step.op == "ticket.trash" && (trashed || answer.is_null());
    let notes = uploads.iter().enumerate().map(|(n, id)| (format!("upload.{n:04}"), id.clone()));
    Prepared { skip: gone, notes: notes.collect(), ..Prepared::default() }
}

/// The one call of a step.
pub(crate) fn write(settings: &Settings, call: &Call<'_>) -> Result<Request> {
    let uploads: Vec<&String> = call.prepared.notes.values().collect();
    match &*call.step.op {
        "ticket.create" => {
            let mut body = ticket_fields(call, None)?;
            body.insert("departmentId".to_owned(), json!(settings.department));
            body.insert("status".to_owned(), json!(FIRST_STATUS));
            body.insert("description".to_owned(), json!(content::content(call.draft, call.part()?)));
            if !uploads.is_empty() {
                body.insert("uploads".to_owned(), json!(uploads));
            }
            Ok(Request::post("/tickets", Json::Object(body)))
        }
        "ticket.comment" => {
            let part = call.part()?;
            let public = settings.public_history && part.visibility == mapping_core::Visibility::Public;
            let mut body = json!({
                "content": content::content(call.draft, part), "contentType": "html", "isPublic": public,
            });
            if !uploads.is_empty() {
                body["attachmentIds"] = json!(uploads);
            }
            Ok(Request::post(format!("{}/comments", path(call)?), body))
        }
        "ticket.set" => {
            let named: Vec<&str> = call.step.args.get("fields").map_or(vec![], |f| f.split('\n').collect());
            Ok(quiet(Request::patch(path(call)?, Json::Object(ticket_fields(call, Some(&named))?))))
        }
        "ticket.assign" => {
            let agent = call.field_link("assignee")?.map(|remote| remote.id.as_str());
            Ok(quiet(Request::patch(path(call)?, json!({ "assigneeId": agent }))))
        }
        "ticket.close" => {
            Ok(quiet(Request::patch(path(call)?, json!({ "status": call.draft.text("status") }))))
        }
        "ticket.trash" => {
            Ok(Request::post("/tickets/moveToTrash", json!({ "ticketIds": [call.target()?.id] })))
        }
        other => Err(Error::bug("a step that this vocabulary doesn't have").with("step", other)),
    }
}

/// Every PATCH of a ticket says so: what closes a ticket mails the customer otherwise.
fn quiet(request: Request) -> Request {
    request.query("disableClosureNotification", "true")
}

fn path(call: &Call<'_>) -> Result<String> {
    Ok(format!("/tickets/{}", call.target()?.id))
}

pub(crate) fn receipt(call: &Call<'_>, answer: &Json) -> Result<Receipt> {
    match &*call.step.op {
        "ticket.create" => Ok(Receipt::new(Made::Created(RemoteRef::new("ticket", text(answer, "id")?)))),
        "ticket.comment" => Ok(Receipt::nothing().output("comment", text(answer, "id")?)),
        "ticket.trash" => Ok(Receipt::new(Made::Removed(call.target()?.clone()))),
        _ => Ok(Receipt::nothing()),
    }
}

/// The read that shows whether a step landed.
pub(crate) fn lookup(settings: &Settings, call: &Call<'_>) -> Result<Option<Request>> {
    match &*call.step.op {
        "ticket.create" => {
            let id = &call.draft.source.id;
            if id.contains([',', '*']) {
                return Err(Error::not_sent(
                    ErrorKind::Unsupported,
                    "an id with a comma or a star can't be searched for",
                ));
            }
            let key = format!("{}:{id}", api_name(call, &settings.id_label)?);
            let search = Request::get("/tickets/search").query("customField1", key);
            Ok(Some(search.query("departmentId", &*settings.department).paged()))
        }
        "ticket.comment" => Ok(Some(Request::get(format!("{}/comments", path(call)?)).paged())),
        _ => Ok(None),
    }
}

/// What the read shows that could be the step's result.
pub(crate) fn candidates(settings: &Settings, call: &Call<'_>, answer: &Json) -> Result<Vec<Candidate>> {
    match &*call.step.op {
        "ticket.create" => {
            let api_name = api_name(call, &settings.id_label)?;
            let is_ours = |entry: &&Json| {
                entry.get("cf").and_then(|cf| cf.get(api_name)).and_then(Json::as_str)
                    == Some(call.draft.source.id.as_str())
            };
            let found = entries(answer).iter().filter(is_ours);
            found
                .map(|entry| {
                    let made = Made::Created(RemoteRef::new("ticket", text(entry, "id")?));
                    Ok(Candidate { receipt: Receipt::new(made), agrees: true })
                })
                .collect()
        }
        "ticket.comment" => {
            let part = call.part()?;
            let wanted = Header::of(call.draft, part);
            let claimed = call.so_far.claimed("comment");
            let mut found = Vec::new();
            for entry in entries(answer) {
                let id = text(entry, "id")?;
                let Some((header, body)) = Header::read(text(entry, "content")?) else { continue };
                if header == wanted && !claimed.contains(&id) {
                    let same = mapping_core::text::canonical(mapping_core::Format::Html, body);
                    let agrees = same == part.body.canonical();
                    found.push(Candidate { receipt: Receipt::nothing().output("comment", id), agrees });
                }
            }
            Ok(found)
        }
        _ => Ok(vec![]),
    }
}
