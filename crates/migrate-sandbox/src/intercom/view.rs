//! The JSON of each object, as version 2.16 describes it.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::knobs::{PartOrder, Quarantine};
use super::markup;
use super::problem::request_id;
use super::store::{
    Admin, Attributes, Author, Contact, Conversation, ConversationAttribute, DataAttribute, File, Part,
    State, TagApplied, Team, Workspace,
};

const BOT_ID: u64 = 991_267_654;
const BOT_EMAIL: &str = "operator+sandbox1@intercom.io";

pub(crate) fn admin(admin: &Admin, teams: &[Team]) -> Value {
    let team_ids: Vec<u64> =
        teams.iter().filter(|team| team.admin_ids.contains(&admin.id)).map(|team| team.id).collect();
    json!({
        "type": "admin", "id": admin.id.to_string(), "name": admin.name, "email": admin.email,
        "away_mode_enabled": false, "away_mode_reassign": false, "has_inbox_seat": admin.has_inbox_seat,
        "team_ids": team_ids,
    })
}

pub(crate) fn team(team: &Team) -> Value {
    json!({
        "type": "team", "id": team.id.to_string(), "name": team.name, "admin_ids": team.admin_ids,
        "distribution_method": "manual", "assignment_limit": null,
    })
}

pub(crate) fn attributes(values: &Attributes) -> Value {
    Value::Object(values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect())
}

fn address_list(contact: &Contact, what: &str, data: Vec<Value>) -> Value {
    let total = data.len();
    json!({"type": "list", "data": data, "url": format!("/contacts/{}/{what}", contact.id),
        "total_count": total, "has_more": false})
}

pub(crate) fn contact(ws: &Workspace, contact: &Contact) -> Value {
    let tags = contact.tags.iter().take(10).map(|applied| {
        let id = applied.tag.to_string();
        json!({"type": "tag", "url": format!("/tags/{id}"), "id": id})
    });
    let avatar = contact.avatar.as_ref().map(|url| json!({"type": "avatar", "image_url": url}));
    let mut out = Map::new();
    for name in [
        "android_app_name",
        "android_device",
        "browser",
        "ios_app_name",
        "os",
        "last_contacted_at",
        "last_replied_at",
        "last_email_opened_at",
        "last_email_clicked_at",
        "language_override",
    ] {
        out.insert(name.into(), Value::Null);
    }
    let Value::Object(own) = json!({
        "type": "contact", "id": contact.id, "workspace_id": ws.app.id_code,
        "role": if contact.lead { "lead" } else { "user" }, "external_id": contact.external_id,
        "phone": contact.phone, "name": contact.name, "avatar": avatar,
        "owner_id": contact.owner_id.map(|id| id.to_string()),
        "has_hard_bounced": false, "marked_email_as_spam": false,
        "unsubscribed_from_emails": contact.unsubscribed,
        "created_at": contact.created_at, "updated_at": contact.updated_at,
        "signed_up_at": contact.signed_up_at, "last_seen_at": contact.last_seen_at,
        "custom_attributes": attributes(&contact.attributes),
        "tags": address_list(contact, "tags", tags.collect()),
        "notes": address_list(contact, "notes", Vec::new()),
        "companies": address_list(contact, "companies", Vec::new()),
        "location": {"type": "location", "country": null, "region": null, "city": null},
        "social_profiles": {"type": "list", "data": []},
    }) else {
        return Value::Null;
    };
    out.extend(own);
    // The description's type of `email` leaves no room for null.
    if let Some(email) = &contact.email {
        out.insert("email".into(), json!(email));
        out.insert("email_domain".into(), json!(email.rsplit('@').next()));
    }
    Value::Object(out)
}

pub(crate) fn contact_reference(contact: &Contact) -> Value {
    json!({"type": "contact", "id": contact.id, "external_id": contact.external_id})
}

pub(crate) fn tag(ws: &Workspace, applied: &TagApplied) -> Value {
    let name = ws.tags.get(&applied.tag).map_or("", |tag| tag.name.as_str());
    json!({"type": "tag", "id": applied.tag.to_string(), "name": name, "applied_at": applied.at,
        "applied_by": {"type": "admin", "id": applied.by.to_string()}})
}

fn author(ws: &Workspace, author: Author) -> Value {
    match author {
        Author::Bot => json!({"type": "bot", "id": BOT_ID.to_string(), "name": "Fin", "email": BOT_EMAIL}),
        Author::Admin(id) => {
            let mut out = json!({"type": "admin", "id": id.to_string()});
            if let Some(admin) = ws.admins.iter().find(|admin| admin.id == id) {
                out["name"] = json!(admin.name);
                out["email"] = json!(admin.email);
            }
            out
        }
        Author::Contact(index) => {
            let Some(contact) = ws.contacts.get(index) else {
                return json!({"type": "user", "id": "0".repeat(24)});
            };
            let kind = if contact.lead { "lead" } else { "user" };
            let mut out = json!({"type": kind, "id": contact.id, "name": contact.name});
            if let Some(email) = &contact.email {
                out["email"] = json!(email);
            }
            out
        }
    }
}

fn file(call: &Call<'_>, file: &File, place: &str) -> Value {
    let url = file.url.as_ref().map_or_else(|| call.signed_url(place), |url| url.to_string());
    json!({"type": "upload", "name": file.name, "content_type": file.content_type, "filesize": file.size, "url": url})
}

fn files(call: &Call<'_>, list: &[File], conversation: u64, part: u64) -> Vec<Value> {
    let hidden = call.knobs.quarantine == Quarantine::Disappear;
    let shown = list.iter().enumerate().filter(|(_, entry)| !(hidden && entry.quarantined));
    shown.map(|(index, entry)| file(call, entry, &format!("{conversation}/{part}/{index}"))).collect()
}

fn text(call: &Call<'_>, body: &str) -> String {
    if call.query("display_as") == Some("plaintext") { markup::plain(body) } else { body.to_owned() }
}

fn part(call: &Call<'_>, conversation: u64, part: &Part) -> Value {
    let event = part.changed.as_ref().map(|changed| {
        json!({"attribute": {"name": &*changed.name},
            "value": {"name": changed.value, "previous": changed.previous}})
    });
    // In turn the caller's package and null: nothing may hang on it (T32).
    let package = part.id.is_multiple_of(2).then_some("sandbox-integration");
    json!({
        "type": "conversation_part", "id": part.id.to_string(), "part_type": part.kind,
        "body": part.body.as_ref().map(|body| text(call, body)),
        "created_at": part.created_at, "updated_at": part.created_at, "notified_at": part.created_at,
        "assigned_to": part.assigned_to.map(|(kind, id)| json!({"type": kind, "id": id.to_string()})),
        "author": author(call.ws, part.author),
        "attachments": files(call, &part.files, conversation, part.id),
        "external_id": null, "redacted": part.redacted, "metadata": {}, "email_message_metadata": null,
        "event_details": event, "app_package_code": package,
    })
}

fn listed_parts<'a>(call: &Call<'_>, conversation: &'a Conversation) -> Vec<&'a Part> {
    let mut parts: Vec<&Part> = conversation.parts.iter().collect();
    if call.knobs.part_order == PartOrder::CreatedAt {
        parts.sort_by_key(|part| part.created_at);
    }
    let surplus = parts.len().saturating_sub(call.knobs.part_window);
    parts.split_off(surplus)
}

/// A conversation with the window of its parts (T40).
pub(crate) fn conversation(call: &Call<'_>, conversation: &Conversation) -> Value {
    let parts: Vec<Value> = listed_parts(call, conversation)
        .into_iter()
        .map(|entry| part(call, conversation.id, entry))
        .collect();
    let mut out = conversation_item(call, conversation);
    out["conversation_parts"] = json!({"type": "conversation_part.list", "total_count": parts.len(),
        "conversation_parts": parts});
    out
}

/// A conversation as lists and searches show it: without parts (T41).
pub(crate) fn conversation_item(call: &Call<'_>, conversation: &Conversation) -> Value {
    let ws = &*call.ws;
    let contacts: Vec<Value> = conversation
        .contacts
        .iter()
        .filter_map(|index| ws.contacts.get(*index))
        .map(contact_reference)
        .collect();
    let tags: Vec<Value> = conversation.tags.iter().map(|applied| tag(ws, applied)).collect();
    json!({
        "type": "conversation", "id": conversation.id.to_string(),
        "created_at": conversation.created_at, "updated_at": conversation.updated_at,
        "title": conversation.title, "state": conversation.state.word(),
        "open": conversation.state != State::Closed, "read": conversation.read, "priority": "none",
        "waiting_since": null, "snoozed_until": conversation.snoozed_until,
        "admin_assignee_id": conversation.admin_assignee, "team_assignee_id": conversation.team_assignee,
        "custom_attributes": attributes(&conversation.attributes),
        "source": {
            "type": "conversation", "id": conversation.message_id.to_string(),
            "delivered_as": "customer_initiated", "subject": "", "body": text(call, &conversation.body),
            "author": author(ws, Author::Contact(conversation.author)),
            "attachments": files(call, &conversation.files, conversation.id, 0), "url": null, "redacted": false,
        },
        "contacts": {"type": "contact.list", "contacts": contacts},
        "teammates": {"type": "admin.list", "teammates": teammates(conversation)},
        "tags": {"type": "tag.list", "tags": tags},
        "first_contact_reply": first_contact_reply(conversation),
        "statistics": statistics(conversation), "conversation_rating": null, "sla_applied": null,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": false},
        "ai_agent": null, "ai_agent_participated": false,
    })
}

fn teammates(conversation: &Conversation) -> Vec<Value> {
    let mut ids: Vec<u64> = Vec::new();
    for part in &conversation.parts {
        match part.author {
            Author::Admin(id) if !ids.contains(&id) => ids.push(id),
            _ => {}
        }
    }
    ids.into_iter().map(|id| json!({"type": "admin", "id": id.to_string()})).collect()
}

fn first_contact_reply(conversation: &Conversation) -> Value {
    let mut replies = conversation.parts.iter().filter(|part| matches!(part.author, Author::Contact(_)));
    replies.next().map_or(
        Value::Null,
        |part| json!({"type": "conversation", "created_at": part.created_at, "url": null}),
    )
}

fn statistics(conversation: &Conversation) -> Value {
    let count = |kinds: &[&str]| conversation.parts.iter().filter(|part| kinds.contains(&part.kind)).count();
    json!({
        "type": "conversation_statistics", "count_conversation_parts": conversation.parts.len(),
        "count_reopens": count(&["open", "assign_and_reopen"]),
        "count_assignments": count(&["assignment", "assign_and_reopen"]),
    })
}

pub(crate) fn conversation_attribute(attribute: &ConversationAttribute, admin: u64) -> Value {
    let mut out = json!({
        "type": "conversation_attribute", "id": attribute.id, "name": &*attribute.name,
        "data_type": attribute.data_type, "description": attribute.description, "required": attribute.required,
        "visible_to_team_ids": attribute.teams, "archived": attribute.archived, "admin_id": admin.to_string(),
        "created_at": attribute.created_at, "updated_at": attribute.updated_at,
    });
    match attribute.data_type {
        "string" => out["multiline"] = json!(attribute.multiline),
        "list" => {
            let options = attribute.options.iter();
            out["options"] = options
                .map(|option| json!({"id": option.id, "label": option.label, "archived": option.archived}))
                .collect();
        }
        "relationship" => {
            let (kind, object) = attribute.reference.clone().unwrap_or_default();
            out["reference"] = json!({"type": kind, "object_type_id": object});
        }
        _ => {}
    }
    out
}

pub(crate) fn data_attribute(attribute: &DataAttribute, admin: u64) -> Value {
    let name = &*attribute.name;
    let mut out = json!({
        "type": "data_attribute", "name": name, "label": name, "model": attribute.model,
        "full_name": if attribute.custom { format!("custom_attributes.{name}") } else { name.to_owned() },
        // A datetime is read back as a date, a list of options as a string.
        "data_type": match attribute.data_type { "datetime" => "date", "options" => "string", other => other },
        "description": attribute.description.clone().unwrap_or_default(), "api_writable": true, "ui_writable": false,
        "messenger_writable": attribute.messenger_writable, "custom": attribute.custom,
        "archived": attribute.archived,
    });
    if attribute.custom {
        out["id"] = json!(attribute.id);
        out["admin_id"] = json!(admin.to_string());
        out["created_at"] = json!(attribute.created_at);
        out["updated_at"] = json!(attribute.updated_at);
    }
    if attribute.data_type == "options" {
        out["options"] = json!(attribute.options);
    }
    out
}

/// The answer to a create: a message, whose id is not the conversation's (T27).
pub(crate) fn user_message(conversation: &Conversation) -> Value {
    json!({
        "type": "user_message", "id": conversation.message_id.to_string(), "created_at": conversation.created_at,
        "body": markup::plain(&conversation.body), "message_type": "inapp",
        "conversation_id": conversation.id.to_string(),
    })
}

/// An id for an option of a list attribute.
pub(crate) fn option_id(attribute: u64, index: usize) -> String {
    request_id(attribute * 100_000 + index as u64)
}
