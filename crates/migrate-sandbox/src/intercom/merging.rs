//! Merges of contacts and of conversations. They can't be undone, so every one is written down as denied (T67).

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::problem::Problem;
use super::store::{Author, Part, State};
use super::{contacts, view};

/// A lead becomes part of a user and answers 410 from then on (T17).
pub(crate) fn contacts(call: &mut Call<'_>) -> Answer {
    call.journal.deny(call.now, "contact_merge", "");
    let (from, into, unchecked) = call.read(|fields| {
        let from = fields.require("from", fields.text("from")).unwrap_or_default().to_owned();
        let into = fields.require("into", fields.text("into")).unwrap_or_default().to_owned();
        (from, into, fields.boolean("skip_duplicate_validation") == Some(true))
    })?;
    let (from, into) = (contacts::live(call, &from)?, contacts::live(call, &into)?);
    let pair = call.ws.contacts.get(from).zip(call.ws.contacts.get(into));
    let (lead, user) = pair.ok_or_else(Problem::no_user)?;
    if !lead.lead || user.lead {
        return Err(Problem::new(400, "invalid_merge", "Only a lead can be merged, and only into a user"));
    }
    let same = |a: &Option<String>, b: &Option<String>| a.is_some() && a == b;
    if !unchecked && !same(&lead.email, &user.email) && !same(&lead.phone, &user.phone) {
        let message = "Contacts can only be merged when they are duplicates (matching email or phone). Pass \
                       skip_duplicate_validation=true to override this check.";
        return Err(Problem::new(400, "invalid_merge", message));
    }
    let (canonical, now) = (user.id.clone(), call.now);
    call.ws.contacts.change(from, |contact| {
        contact.merged_into = Some(canonical);
        contact.updated_at = now;
    });
    for id in call.ws.by_contact.remove(&from).unwrap_or_default() {
        if let Some(it) = call.ws.conversations.get_mut(&id) {
            it.contacts.retain(|known| *known != from && *known != into);
            it.contacts.push(into);
        }
        call.ws.by_contact.entry(into).or_default().push(id);
    }
    call.applied = true;
    let user = call.ws.contacts.get(into).ok_or_else(Problem::no_user)?;
    Ok(Reply::Json(view::contact(call.ws, user)))
}

/// Who was merged into a user; cut by a cursor of its own kind.
pub(crate) fn history(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "not_found", "Contact not found");
    let index = contacts::live(call, call.id(0))?;
    let user = call.ws.contacts.get(index).filter(|contact| !contact.lead).ok_or_else(missing)?;
    let gone = call.ws.contacts.iter().filter(|(_, it)| it.merged_into.as_ref() == Some(&user.id));
    let rows: Vec<Value> = gone
        .map(|(_, it)| {
            json!({"type": "merge_history", "source_contact_id": it.id,
                "source_contact_role": if it.lead { "lead" } else { "user" }, "merged_at": it.updated_at})
        })
        .collect();
    let size = call.per_page(50, 150)?;
    let start: usize = call.query("cursor").and_then(|text| text.parse().ok()).unwrap_or(0).min(rows.len());
    let end = rows.len().min(start + size);
    let next = (end < rows.len()).then(|| end.to_string());
    Ok(Reply::Json(json!({"type": "list", "data": rows[start..end], "next_cursor": next,
        "has_more": end < rows.len()})))
}

/// One thread is closed and points to another.
pub(crate) fn conversations(call: &mut Call<'_>) -> Answer {
    let object = call.id(0).to_owned();
    call.journal.deny(call.now, "conversation_merge", &object);
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let into = call.read(|fields| fields.id("merge_into_conversation_id"))?;
    let failed = |message: &str| Problem::new(422, "merge_failed", message);
    let unread = || Problem::invalid("merge_into_conversation_id must be a valid integer conversation ID");
    let into: u64 = into.and_then(|id| id.parse().ok()).ok_or_else(unread)?;
    if into == id {
        return Err(failed("Cannot merge a conversation into itself"));
    }
    if !call.ws.conversations.contains_key(&into) {
        return Err(failed("Primary conversation not found"));
    }
    let merged = "merged_primary_conversation";
    let already = |it: &super::store::Conversation| it.parts.iter().any(|part| part.kind == merged);
    if call.ws.conversations.get(&id).is_some_and(already) {
        return Err(failed("Secondary conversation has already been merged"));
    }
    let part_id = call.ws.next_part();
    let now = call.now;
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        it.state = State::Closed;
        it.parts.push(Part {
            id: part_id,
            kind: merged,
            created_at: now,
            author: Author::Bot,
            body: None,
            files: Box::default(),
            assigned_to: None,
            changed: None,
            redacted: false,
        });
    }
    call.ws.touch(id, now);
    call.applied = true;
    call.conversation_reply(into)
}
