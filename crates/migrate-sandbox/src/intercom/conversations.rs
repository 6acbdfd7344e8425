//! `/conversations`: create, read, change, list, search, delete, tags and participants.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply, check_time};
use super::problem::Problem;
use super::store::{
    AttributeChange, Author, Conversation, DeletedConversation, File, Part, State, TagApplied,
};
use super::{attributes, contacts, files, markup, search, view};

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let (now, knobs) = (call.now, call.knobs);
    let (from, body, created_at, upload) = call.read(|fields| {
        let from = fields.require("from", fields.any("from"));
        let id = from.and_then(|_| {
            fields.inside("from", |inner| {
                let kind = inner.require("type", inner.text("type"));
                if kind.is_some_and(|kind| !matches!(kind, "lead" | "user" | "contact")) {
                    inner.invalid("type", "type must be lead, user or contact");
                }
                inner.require("id", inner.text("id")).map(str::to_owned)
            })
        });
        let body = fields.require("body", fields.text("body")).map(str::to_owned);
        if body.as_deref().is_some_and(|body| body.trim().is_empty()) {
            fields.invalid("body", "body can't be blank");
        }
        let _ = (fields.text("subject"), fields.text("brand_id"));
        (
            id.flatten(),
            body.unwrap_or_default(),
            check_time(fields, "created_at", now),
            files::read(fields, knobs, false),
        )
    })?;
    let contact = starter(call, &from.unwrap_or_default())?;
    let created_at = created_at.unwrap_or(now);
    let conversation = Conversation {
        id: call.ws.next_conversation(),
        message_id: call.ws.next_message(),
        created_at,
        updated_at: now,
        written_at: now,
        contacts: vec![contact],
        author: contact,
        body: markup::escaped_paragraph(&body).into(),
        files: upload.store(call.ws, knobs),
        title: None,
        state: State::Open,
        snoozed_until: None,
        read: false,
        admin_assignee: 0,
        team_assignee: 0,
        attributes: Vec::new(),
        tags: Vec::new(),
        parts: Vec::new(),
        recent_replies: Vec::new(),
    };
    let (id, reply) = (conversation.id, view::user_message(&conversation));
    call.ws.insert_conversation(conversation);
    call.applied = true;
    customer_wrote(call, id, "conversation_started");
    Ok(Reply::Json(reply))
}

/// The contact who may start a conversation: of 24 characters, live, and not too new (T28, T31).
fn starter(call: &Call<'_>, id: &str) -> Result<u32, Problem> {
    if id.len() != 24 {
        return Err(Problem::no_user());
    }
    let index = contacts::live(call, id).map_err(|_| Problem::no_user())?;
    let young = call
        .ws
        .contacts
        .get(index)
        .is_none_or(|contact| contact.created_at + call.knobs.contact_visible_after_s > call.now);
    if young { Err(Problem::no_user()) } else { Ok(index) }
}

/// What Intercom sets off when a customer writes: teammates are told, automations start (T66).
pub(crate) fn customer_wrote(call: &mut Call<'_>, id: u64, kind: &'static str) {
    let object = id.to_string();
    call.journal.notify_teammate(call.now, kind, &object);
    trigger(call, kind, &object);
}

pub(crate) fn trigger(call: &mut Call<'_>, kind: &'static str, object: &str) {
    if !call.knobs.migration_exempt {
        call.journal.trigger(call.now, kind, object);
    }
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    call.wake(id);
    call.conversation_reply(id)
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let (read, title, values, company) = call.read(|fields| {
        let title = fields.present("title").map(|_| fields.text("title").map(str::to_owned));
        let values = fields.object("custom_attributes").cloned();
        (fields.boolean("read"), title, values, fields.text("company_id").is_some())
    })?;
    if company {
        return Err(Problem::new(404, "company_not_found", "Company Not Found"));
    }
    let changes = attributes::check_values(call, values.unwrap_or_default())?;
    let before = call.ws.conversations.get(&id).and_then(|it| it.title.clone());
    let now = call.now;
    set_attributes(call, id, changes);
    let it = call.ws.conversations.get_mut(&id).ok_or_else(Problem::not_found)?;
    if let Some(read) = read {
        it.read = read;
    }
    let titled = title.is_some();
    if let Some(title) = title {
        it.title = title.map(String::into_boxed_str);
    }
    call.ws.touch(id, now);
    call.applied = true;
    let answer = call.conversation_reply(id);
    match answer {
        Ok(Reply::Json(mut body)) if titled && call.knobs.stale_title => {
            body["title"] = json!(before);
            Ok(Reply::Json(body))
        }
        other => other,
    }
}

/// Sets attributes; each one that changes adds an event part by the bot (T39).
fn set_attributes(call: &mut Call<'_>, id: u64, values: Vec<attributes::Checked>) {
    for (name, value) in values {
        let part_id = call.ws.next_part();
        let Some(it) = call.ws.conversations.get_mut(&id) else { return };
        let previous = it.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        if previous.as_ref().unwrap_or(&Value::Null) == &value {
            continue;
        }
        let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let changed = AttributeChange {
            name: name.clone(),
            value: shown(&value),
            previous: previous.as_ref().map(shown),
        };
        it.attributes.retain(|(known, _)| *known != name);
        if !value.is_null() {
            it.attributes.push((name, value));
        }
        it.parts.push(Part {
            id: part_id,
            kind: "conversation_attribute_updated_by_admin",
            created_at: call.now,
            author: Author::Bot,
            body: None,
            files: Box::default(),
            assigned_to: None,
            changed: Some(Box::new(changed)),
            redacted: false,
        });
    }
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let retain = match call.query("retain_metrics") {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(Problem::invalid("retain_metrics must be a boolean").field("retain_metrics")),
    };
    if !retain && !call.knobs.may_delete_metrics {
        let message = "The scope delete_conversations_and_metrics is required";
        return Err(Problem::new(403, "forbidden", message));
    }
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    call.ws.remove_conversation(id);
    call.ws.deleted.push(DeletedConversation { id, at: call.now, metrics_retained: retain });
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "conversation", "deleted": true})))
}

/// `GET /conversations/deleted`: pages by number, `next` is an address (T53, T68).
pub(crate) fn deleted(call: &mut Call<'_>) -> Answer {
    let size = call.per_page(20, 60)?;
    let page: usize = call.query("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
    let mut all: Vec<DeletedConversation> = call.ws.deleted.clone();
    if call.query("order") != Some("asc") {
        all.reverse();
    }
    let total_pages = all.len().div_ceil(size);
    let rows: Vec<Value> = all
        .iter()
        .skip((page - 1).saturating_mul(size))
        .take(size)
        .map(|row| {
            json!({"type": "conversation", "id": row.id.to_string(), "deleted_at": row.at,
                "metrics_retained": row.metrics_retained})
        })
        .collect();
    let next = (page < total_pages).then(|| {
        format!(
            "{}/conversations/deleted?per_page={size}&order=desc&page={}",
            call.origin,
            page.saturating_add(1)
        )
    });
    Ok(Reply::Json(json!({"type": "conversations.list", "conversations": rows, "total_count": all.len(),
        "pages": {"type": "pages", "page": page, "per_page": size, "total_pages": total_pages, "next": next}})))
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let size = call.per_page(20, 150)?;
    let after = call.query("starting_after").map(str::to_owned);
    let rows: Vec<(i64, u64)> = call.ws.by_update.iter().rev().copied().collect();
    page(call, &rows, size, after.as_deref())
}

pub(crate) fn search(call: &mut Call<'_>) -> Answer {
    let query = search::read_query(call, 20)?;
    let verdict = search::check_conversation_filter(&query.filter, call.knobs.attribute_search)?;
    let newest = call.now - call.knobs.conversation_search_lag_s;
    let mut rows: Vec<(i64, u64)> = Vec::new();
    if matches!(verdict, search::Verdict::Search) {
        for id in search::candidates(call.ws, &query.filter) {
            if let Some(it) = call.ws.conversations.get(&id)
                && search::conversation_matches(call.ws, it, &query.filter, newest)
            {
                rows.push((it.updated_at, id));
            }
        }
    }
    rows.sort_unstable_by(|a, b| b.cmp(a));
    if query.ascending {
        rows.reverse();
    }
    page(call, &rows, query.per_page, query.starting_after.as_deref())
}

fn page(call: &Call<'_>, rows: &[(i64, u64)], size: usize, after: Option<&str>) -> Answer {
    let (total, page) = search::cut(rows, size, after)?;
    let found = page.rows.iter().filter_map(|(_, id)| call.ws.conversations.get(id));
    let data: Vec<Value> = found.map(|it| view::conversation_item(call, it)).collect();
    Ok(Reply::Json(json!({"type": "conversation.list", "conversations": data, "total_count": total,
        "pages": page.pages})))
}

pub(crate) fn attach_tag(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::no_conversation)?;
    let (tag, admin) = call.read(|fields| {
        (fields.require("id", fields.id("id")), fields.require("admin_id", fields.id("admin_id")))
    })?;
    let by = call.author(admin.as_deref())?;
    let tag = tag.and_then(|tag| tag.parse().ok()).filter(|tag| call.ws.tags.contains_key(tag));
    let tag = tag.ok_or_else(|| Problem::new(404, "tag_not_found", "Tag not found"))?;
    let applied = TagApplied { tag, at: call.now, by };
    let now = call.now;
    let it = call.ws.conversations.get_mut(&id).ok_or_else(Problem::no_conversation)?;
    if !it.tags.iter().any(|known| known.tag == tag) {
        it.tags.push(applied);
    }
    call.ws.by_tag.entry(tag).or_default().insert(id);
    call.ws.touch(id, now);
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

/// A DELETE that needs a body (T56).
pub(crate) fn detach_tag(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::no_conversation)?;
    let admin = call.read(|fields| fields.require("admin_id", fields.id("admin_id")))?;
    call.author(admin.as_deref())?;
    let missing = || Problem::new(404, "tag_not_found", "Tag not found");
    let tag: u64 = call.id(1).parse().map_err(|_| missing())?;
    let now = call.now;
    let it = call.ws.conversations.get_mut(&id).ok_or_else(Problem::no_conversation)?;
    let at = it.tags.iter().position(|applied| applied.tag == tag).ok_or_else(missing)?;
    let applied = it.tags.remove(at);
    if let Some(set) = call.ws.by_tag.get_mut(&tag) {
        set.remove(&id);
    }
    call.ws.touch(id, now);
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

/// `POST /conversations/{id}/customers`: an unknown e-mail becomes a lead (T72).
pub(crate) fn attach_customer(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let (admin, person) = call.read(|fields| {
        let admin = fields.require("admin_id", fields.id("admin_id"));
        let customer = fields.require("customer", fields.any("customer"));
        let person = customer.and_then(|_| {
            fields.inside("customer", |inner| {
                ["intercom_user_id", "user_id", "email"]
                    .into_iter()
                    .filter_map(|key| Some((key, inner.text(key)?.to_owned())))
                    .next()
            })
        });
        (admin, person.flatten())
    })?;
    call.author(admin.as_deref())?;
    let (key, value) =
        person.ok_or_else(|| Problem::invalid("customer needs an id or an email").field("customer"))?;
    let found = person_index(call, key, &value);
    let index = match found {
        Some(index) => index,
        None if key == "email" => contacts::create_lead(call, &value),
        None => return Err(Problem::no_user()),
    };
    let it = call.ws.conversations.get_mut(&id).ok_or_else(Problem::not_found)?;
    if !it.contacts.contains(&index) {
        it.contacts.push(index);
        call.ws.by_contact.entry(index).or_default().push(id);
    }
    call.applied = true;
    call.journal.notify(call.now, "added_to_conversation", &id.to_string());
    participants(call, id)
}

/// A live contact by one of the three keys that writes name people with.
pub(crate) fn person_index(call: &Call<'_>, key: &str, value: &str) -> Option<u32> {
    let contacts = &call.ws.contacts;
    match key {
        "intercom_user_id" => contacts::live(call, value).ok(),
        "user_id" => contacts.with_external_id(value).find(|(_, it)| !it.archived).map(|(index, _)| index),
        _ => contacts.with_email(value).find(|(_, it)| !it.archived).map(|(index, _)| index),
    }
}

fn participants(call: &Call<'_>, id: u64) -> Answer {
    let it = call.ws.conversations.get(&id).ok_or_else(Problem::not_found)?;
    let people = it.contacts.iter().filter_map(|index| call.ws.contacts.get(*index));
    let customers: Vec<Value> = people
        .map(|contact| json!({"type": if contact.lead { "lead" } else { "user" }, "id": contact.id}))
        .collect();
    Ok(Reply::Json(json!({"customers": customers})))
}

pub(crate) fn detach_customer(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let admin = call.read(|fields| fields.require("admin_id", fields.id("admin_id")))?;
    call.author(admin.as_deref())?;
    let index = call.ws.contacts.index(call.id(1)).ok_or_else(Problem::no_user)?;
    let it = call.ws.conversations.get_mut(&id).ok_or_else(Problem::not_found)?;
    let at = it.contacts.iter().position(|entry| *entry == index).ok_or_else(Problem::no_user)?;
    if it.contacts.len() == 1 {
        return Err(Problem::unprocessable("Removing the last customer is not allowed"));
    }
    it.contacts.remove(at);
    if let Some(list) = call.ws.by_contact.get_mut(&index) {
        list.retain(|entry| *entry != id);
    }
    call.applied = true;
    participants(call, id)
}

/// A tripwire: blanks a message for good (T67).
pub(crate) fn redact(call: &mut Call<'_>) -> Answer {
    let (conversation, part) = call.read(|fields| {
        let conversation = fields.require("conversation_id", fields.id("conversation_id"));
        let part = fields.id("conversation_part_id").or_else(|| fields.id("source_id"));
        let _ = fields.require("type", fields.text("type"));
        (conversation.unwrap_or_default(), part.unwrap_or_default())
    })?;
    call.journal.deny(call.now, "conversation_redact", &conversation);
    let missing = || {
        Problem::new(404, "conversation_part_or_message_not_found", "Conversation part or message not found")
    };
    let id: u64 = conversation.parse().map_err(|_| missing())?;
    let it = call.ws.conversations.get_mut(&id).ok_or_else(missing)?;
    let blank = "<p><i>This message was deleted</i></p>";
    if let Some(found) =
        it.parts.iter_mut().find(|entry| entry.id.to_string() == part && entry.body.is_some())
    {
        found.body = Some(blank.into());
        found.files = Box::<[File]>::default();
        found.redacted = true;
    } else if it.message_id.to_string() == part {
        it.body = blank.into();
    } else {
        return Err(missing());
    }
    call.applied = true;
    call.conversation_reply(id)
}
