//! `/conversations/{id}/reply` and `/conversations/{id}/parts`: what is said, and what becomes of the thread.

use super::call::{Answer, Call, Version, check_time};
use super::conversations::{customer_wrote, person_index, trigger};
use super::fields::Fields;
use super::files::{self, Upload};
use super::markup;
use super::problem::Problem;
use super::store::{Author, Part, State};

/// A reply as it was sent.
struct Sent {
    kind: String,
    message_type: String,
    admin_id: Option<String>,
    person: Option<(&'static str, String)>,
    body: Option<String>,
    created_at: Option<i64>,
    skip_notifications: bool,
    upload: Upload,
}

pub(crate) fn reply(call: &mut Call<'_>) -> Answer {
    if call.id(0) == "last" {
        call.journal.deny(call.now, "reply_to_last", "last");
        return Err(Problem::not_found());
    }
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let (now, knobs, version) = (call.now, call.knobs, call.version);
    let sent = call.read(|fields| read_reply(fields, now, knobs, version))?;
    sent.upload.check()?;
    guard(call, id)?;
    call.wake(id);
    if sent.kind == "admin" { admin_reply(call, id, sent) } else { contact_reply(call, id, sent) }
}

fn read_reply(fields: &Fields<'_>, now: i64, knobs: &super::knobs::Knobs, version: Version) -> Sent {
    let kind = fields.require("type", fields.text("type")).unwrap_or_default().to_owned();
    let message_type =
        fields.require("message_type", fields.text("message_type")).unwrap_or_default().to_owned();
    let by_admin = kind == "admin";
    if !by_admin && kind != "user" && !kind.is_empty() {
        fields.invalid("type", "type must be admin or user");
    }
    if !by_admin && !message_type.is_empty() && message_type != "comment" {
        fields.invalid("message_type", "User can only create comments");
    }
    if by_admin
        && !message_type.is_empty()
        && !matches!(message_type.as_str(), "comment" | "note" | "quick_reply")
    {
        fields.invalid("message_type", "message_type must be comment, note or quick_reply");
    }
    let admin_id = if by_admin { fields.require("admin_id", fields.id("admin_id")) } else { None };
    let person = if by_admin { None } else { read_person(fields) };
    let upload = files::read(fields, knobs, true);
    let body = fields.text("body").map(str::to_owned);
    if message_type != "quick_reply" && body.as_deref().is_none_or(|body| body.trim().is_empty()) {
        let hint = if upload.is_empty() {
            "body can't be blank"
        } else {
            "body can't be blank, not even beside files"
        };
        fields.invalid("body", hint);
    }
    let _ = fields.list("reply_options");
    // Versions before 2.15 take no notice of it, and the customer gets mail (T05).
    let skip = by_admin
        && version >= Version::SKIP_NOTIFICATIONS
        && fields.boolean("skip_notifications") == Some(true);
    let created_at = check_time(fields, "created_at", now);
    Sent { kind, message_type, admin_id, person, body, created_at, skip_notifications: skip, upload }
}

fn read_person(fields: &Fields<'_>) -> Option<(&'static str, String)> {
    let given: Vec<(&str, String)> = ["intercom_user_id", "user_id", "email"]
        .into_iter()
        .filter_map(|key| Some((key, fields.text(key)?.to_owned())))
        .collect();
    if given.len() != 1 {
        fields.invalid("intercom_user_id", "Exactly one of intercom_user_id, user_id and email is required");
    }
    given.into_iter().next()
}

/// Refuses replies that come too fast (T08).
fn guard(call: &mut Call<'_>, id: u64) -> Result<(), Problem> {
    let (Some(guard), now) = (call.knobs.reply_guard, call.now) else { return Ok(()) };
    let Some(it) = call.ws.conversations.get_mut(&id) else { return Ok(()) };
    it.recent_replies.retain(|at| now - at < guard.per_s);
    if it.recent_replies.len() >= guard.replies {
        return Err(Problem::invalid("Too many recent replies to this conversation"));
    }
    it.recent_replies.push(now);
    Ok(())
}

fn contact_reply(call: &mut Call<'_>, id: u64, sent: Sent) -> Answer {
    let (key, value) = sent.person.ok_or_else(Problem::no_user)?;
    let contact = person_index(call, key, &value).ok_or_else(Problem::no_user)?;
    let takes_part = call.ws.conversations.get(&id).is_some_and(|it| it.contacts.contains(&contact));
    if !takes_part {
        return Err(Problem::no_user());
    }
    let raw = sent.body.unwrap_or_default();
    let body =
        if call.knobs.contact_html { markup::normalised(&raw) } else { markup::escaped_paragraph(&raw) };
    let files = sent.upload.store(call.ws, call.knobs);
    let closed = reopen(call, id);
    let part =
        Part { files, ..said(if closed { "open" } else { "comment" }, Author::Contact(contact), body) };
    push(call, id, part, sent.created_at);
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        it.read = false;
    }
    customer_wrote(call, id, "contact_replied");
    call.conversation_reply(id)
}

fn admin_reply(call: &mut Call<'_>, id: u64, sent: Sent) -> Answer {
    let admin = call.author(sent.admin_id.as_deref())?;
    let kind = match sent.message_type.as_str() {
        "note" => "note",
        "quick_reply" => "quick_reply",
        _ => "comment",
    };
    let body = sent.body.as_deref().map(markup::normalised);
    let files = sent.upload.store(call.ws, call.knobs);
    if kind == "comment" && call.knobs.admin_comment_reopens {
        reopen(call, id);
    }
    let part = Part { files, body: body.map(String::into_boxed_str), ..event(kind, Author::Admin(admin)) };
    push(call, id, part, sent.created_at);
    if kind != "note" && !sent.skip_notifications {
        call.journal.notify(call.now, "admin_comment", &id.to_string());
    }
    call.conversation_reply(id)
}

/// Opens a thread that is closed or snoozed; says whether it was.
fn reopen(call: &mut Call<'_>, id: u64) -> bool {
    let Some(it) = call.ws.conversations.get_mut(&id) else { return false };
    let was = it.state != State::Open;
    it.state = State::Open;
    it.snoozed_until = None;
    was
}

fn event(kind: &'static str, author: Author) -> Part {
    Part {
        id: 0,
        kind,
        created_at: 0,
        author,
        body: None,
        files: Box::default(),
        assigned_to: None,
        changed: None,
        redacted: false,
    }
}

fn said(kind: &'static str, author: Author, body: String) -> Part {
    Part { body: Some(body.into_boxed_str()), ..event(kind, author) }
}

fn push(call: &mut Call<'_>, id: u64, mut part: Part, at: Option<i64>) {
    let now = call.now;
    part.id = call.ws.next_part();
    part.created_at = at.unwrap_or(now);
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        // Threads are many and short: room is made for a few at a time, not for as many again.
        if it.parts.len() == it.parts.capacity() {
            it.parts.reserve_exact((it.parts.len() / 4).max(2));
        }
        it.parts.push(part);
    }
    call.ws.touch(id, now);
    call.applied = true;
}

/// What `/parts` was asked to do. It takes neither a time nor `skip_notifications` (T37).
struct Change {
    message_type: String,
    kind: Option<String>,
    admin_id: Option<String>,
    assignee_id: Option<String>,
    snoozed_until: Option<i64>,
    body: Option<String>,
}

pub(crate) fn parts(call: &mut Call<'_>) -> Answer {
    let id = call.conversation_id(0).ok_or_else(Problem::not_found)?;
    let change = call.read(read_change)?;
    let admin = call.author(change.admin_id.as_deref())?;
    call.wake(id);
    match change.message_type.as_str() {
        "close" => close(call, id, admin, &change),
        "snoozed" => snooze(call, id, admin, &change)?,
        "open" => {
            reopen(call, id);
            push(call, id, event("open", Author::Admin(admin)), None);
        }
        _ => assign(call, id, admin, &change)?,
    }
    call.conversation_reply(id)
}

fn read_change(fields: &Fields<'_>) -> Change {
    let message_type =
        fields.require("message_type", fields.text("message_type")).unwrap_or_default().to_owned();
    let known = ["close", "snoozed", "open", "assignment"].contains(&message_type.as_str());
    if !message_type.is_empty() && !known {
        fields.invalid("message_type", "message_type must be close, snoozed, open or assignment");
    }
    let kind = fields.text("type").map(str::to_owned);
    let admin_id = fields.require("admin_id", fields.id("admin_id"));
    let mut change =
        Change { message_type, kind, admin_id, assignee_id: None, snoozed_until: None, body: None };
    match change.message_type.as_str() {
        "close" => {
            fields.require("type", change.kind.as_deref());
            change.body = fields.text("body").map(str::to_owned);
        }
        "assignment" => {
            fields.require("type", change.kind.as_deref());
            change.assignee_id = fields.require("assignee_id", fields.id("assignee_id"));
            change.body = fields.text("body").map(str::to_owned);
        }
        "snoozed" => change.snoozed_until = fields.require("snoozed_until", fields.integer("snoozed_until")),
        _ => {}
    }
    change
}

/// Closes a thread. A body would be seen by the customer (T38).
fn close(call: &mut Call<'_>, id: u64, admin: u64, change: &Change) {
    let part = visible(call, id, "close", admin, change);
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        it.state = State::Closed;
        it.snoozed_until = None;
    }
    push(call, id, part, None);
    trigger(call, "conversation_closed", &id.to_string());
}

fn visible(call: &mut Call<'_>, id: u64, kind: &'static str, admin: u64, change: &Change) -> Part {
    match change.body.as_deref().filter(|body| !body.is_empty()) {
        None => event(kind, Author::Admin(admin)),
        Some(body) => {
            call.journal.notify(call.now, "body_of_an_action", &id.to_string());
            said(kind, Author::Admin(admin), markup::normalised(body))
        }
    }
}

fn snooze(call: &mut Call<'_>, id: u64, admin: u64, change: &Change) -> Result<(), Problem> {
    let until = change.snoozed_until.filter(|until| *until > call.now);
    let until = until
        .ok_or_else(|| Problem::invalid("snoozed_until must be in the future").field("snoozed_until"))?;
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        it.state = State::Snoozed;
        it.snoozed_until = Some(until);
    }
    push(call, id, event("snoozed", Author::Admin(admin)), None);
    Ok(())
}

/// Assigns a thread; a closed one opens (T36).
fn assign(call: &mut Call<'_>, id: u64, admin: u64, change: &Change) -> Result<(), Problem> {
    let missing = || Problem::new(404, "assignee_not_found", "Assignee not found");
    let wanted = change.assignee_id.as_deref().unwrap_or_default();
    let to_team = change.kind.as_deref() == Some("team");
    let assignee = match (wanted, to_team) {
        ("0", _) => 0,
        (_, true) => {
            let team = call.ws.team(wanted).ok_or_else(missing)?;
            if team.deprecated {
                return Err(Problem::new(
                    400,
                    "team_unavailable",
                    "Team is deprecated and can't be assigned",
                ));
            }
            team.id
        }
        (_, false) => call.ws.admin(wanted).ok_or_else(missing)?.id,
    };
    let was_closed = reopen(call, id);
    let kind = if was_closed { "assign_and_reopen" } else { "assignment" };
    let assigned_to = (assignee != 0).then_some((if to_team { "team" } else { "admin" }, assignee));
    let part = Part { assigned_to, ..visible(call, id, kind, admin, change) };
    if let Some(it) = call.ws.conversations.get_mut(&id) {
        if to_team {
            it.team_assignee = assignee;
        } else {
            it.admin_assignee = assignee;
        }
    }
    push(call, id, part, None);
    if assignee != 0 {
        call.journal.notify_teammate(call.now, "assigned", &id.to_string());
    }
    Ok(())
}
