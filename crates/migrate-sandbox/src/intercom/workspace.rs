//! `/me`, teammates, teams, tags, and the calls that no migration may make.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::contacts::acting;
use super::problem::Problem;
use super::store::{Tag, TagApplied};
use super::view;

pub(crate) fn me(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "admin_not_found", "Admin not found");
    let acting = call.ws.admins.first().ok_or_else(missing)?;
    let mut out = view::admin(acting, &call.ws.teams);
    let app = &call.ws.app;
    out["email_verified"] = json!(true);
    out["app"] = json!({"type": "app", "id_code": app.id_code, "name": app.name, "region": app.region,
        "timezone": app.timezone, "created_at": 1_734_537_243, "secure": false, "identity_verification": false});
    Ok(Reply::Json(out))
}

pub(crate) fn admins(call: &mut Call<'_>) -> Answer {
    let admins: Vec<Value> = call.ws.admins.iter().map(|admin| view::admin(admin, &call.ws.teams)).collect();
    Ok(Reply::Json(json!({"type": "admin.list", "admins": admins})))
}

pub(crate) fn admin(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "admin_not_found", "Admin not found");
    let admin = call.ws.admin(call.id(0)).ok_or_else(missing)?;
    Ok(Reply::Json(view::admin(admin, &call.ws.teams)))
}

pub(crate) fn teams(call: &mut Call<'_>) -> Answer {
    let teams: Vec<Value> = call.ws.teams.iter().map(view::team).collect();
    Ok(Reply::Json(json!({"type": "team.list", "teams": teams})))
}

pub(crate) fn team(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "team_not_found", "Team not found");
    Ok(Reply::Json(view::team(call.ws.team(call.id(0)).ok_or_else(missing)?)))
}

fn basic(id: u64, tag: &Tag) -> Value {
    json!({"type": "tag", "id": id.to_string(), "name": tag.name})
}

pub(crate) fn tags(call: &mut Call<'_>) -> Answer {
    let data: Vec<Value> = call.ws.tags.iter().map(|(id, tag)| basic(*id, tag)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

fn tag_id(call: &Call<'_>) -> Result<u64, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    if call.ws.tags.contains_key(&id) { Ok(id) } else { Err(Problem::not_found()) }
}

pub(crate) fn tag(call: &mut Call<'_>) -> Answer {
    let id = tag_id(call)?;
    let tag = call.ws.tags.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(basic(id, tag)))
}

/// Creates a tag or returns the one with this name, whatever its case (T55); with an id, renames.
pub(crate) fn create_tag(call: &mut Call<'_>) -> Answer {
    let (name, id, users) = call.read(|fields| {
        let name = fields.require("name", fields.text("name")).unwrap_or_default().trim().to_owned();
        if name.is_empty() {
            fields.invalid("name", "invalid tag parameters");
        }
        let users = fields.each("users", |inner| (inner.id("id"), inner.boolean("untag") == Some(true)));
        (name, fields.id("id"), users.unwrap_or_default())
    })?;
    let id = match id {
        Some(id) => rename_tag(call, &id, &name)?,
        None => call.ws.tag_named(&name).unwrap_or_else(|| {
            let id = call.ws.next_tag();
            call.ws.tags.insert(id, Tag { name: name.clone(), in_segment: false });
            id
        }),
    };
    let by = acting(call.ws);
    let mut tagged = Vec::new();
    for (user, untag) in users {
        let user = user.unwrap_or_default();
        // What is not there is left out, not refused.
        let Some(index) = call.ws.contacts.index(&user) else { continue };
        if let Some(contact) = call.ws.contacts.get_mut(index) {
            contact.tags.retain(|applied| applied.tag != id);
            if !untag {
                contact.tags.push(TagApplied { tag: id, at: call.now, by });
            }
            tagged.push(json!({"id": user, "tagged": !untag}));
        }
    }
    call.applied = true;
    let tag = call.ws.tags.get(&id).ok_or_else(Problem::not_found)?;
    let mut out = basic(id, tag);
    out["users"] = json!(tagged);
    out["companies"] = json!([]);
    Ok(Reply::Json(out))
}

fn rename_tag(call: &mut Call<'_>, id: &str, name: &str) -> Result<u64, Problem> {
    let id: u64 = id.parse().map_err(|_| Problem::not_found())?;
    if call.ws.tag_named(name).is_some_and(|other| other != id) {
        return Err(Problem::invalid("invalid tag parameters"));
    }
    call.ws.tags.get_mut(&id).ok_or_else(Problem::not_found)?.name = name.to_owned();
    Ok(id)
}

pub(crate) fn delete_tag(call: &mut Call<'_>) -> Answer {
    let id = tag_id(call)?;
    if call.ws.tags.get(&id).is_some_and(|tag| tag.in_segment) {
        let message = "Unable to delete Tag with dependent objects. Segments: Seg 1.";
        return Err(Problem::new(400, "tag_has_dependent_objects", message));
    }
    call.ws.tags.remove(&id);
    for conversation in call.ws.by_tag.remove(&id).unwrap_or_default() {
        if let Some(it) = call.ws.conversations.get_mut(&conversation) {
            it.tags.retain(|applied| applied.tag != id);
        }
    }
    for contact in call.ws.contacts.all.iter_mut().flatten() {
        contact.tags.retain(|applied| applied.tag != id);
    }
    let library = &mut call.ws.library;
    let articles = library.articles.values_mut().map(|it| &mut it.tags);
    for tags in articles.chain(library.internal.values_mut().map(|it| &mut it.tags)) {
        tags.retain(|applied| applied.tag != id);
    }
    call.applied = true;
    Ok(Reply::Empty)
}

/// A tripwire: really writes to somebody (T67).
pub(crate) fn message(call: &mut Call<'_>) -> Answer {
    call.journal.deny(call.now, "message", "");
    let body = call.body["body"].as_str().unwrap_or_default().to_owned();
    if body.is_empty() {
        return Err(Problem::invalid("Body is required"));
    }
    call.body = Value::Null;
    call.journal.notify(call.now, "message", "");
    call.applied = true;
    let id = call.ws.next_message().to_string();
    Ok(Reply::Json(
        json!({"type": "admin_message", "id": id, "created_at": call.now, "subject": "", "body": body,
        "message_type": "inapp"}),
    ))
}

/// A tripwire: sends an SMS (T67).
pub(crate) fn phone_call_redirect(call: &mut Call<'_>) -> Answer {
    call.journal.deny(call.now, "phone_call_redirect", "");
    call.journal.notify(call.now, "sms", "");
    let phone = call.body["phone"].as_str().unwrap_or_default().to_owned();
    call.applied = true;
    Ok(Reply::Json(json!({"type": "phone_call_redirect", "phone": phone})))
}

/// A tripwire whose effect the stand-in does not imitate (T67).
pub(crate) fn denied(call: &mut Call<'_>) -> Answer {
    let object = call.id(0).to_owned();
    call.journal.deny(call.now, "other", &object);
    Err(Problem::new(403, "action_forbidden", "The sandbox carries out no such call"))
}
