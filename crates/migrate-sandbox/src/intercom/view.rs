//! The JSON of each object, as version 2.16 describes it.

use serde_json::{Map, Value, json};

use super::call::Call;
use super::knobs::{PartOrder, Quarantine};
use super::markup;
use super::problem::request_id;
use super::store::{
    About, Admin, Article, ArticleContent, Attributes, Author, Collection, Company, Contact, Conversation,
    ConversationAttribute, DataAttribute, File, HelpCenter, InternalArticle, Note, Part, Redirect, Snippet,
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

/// The first ten, and where the rest is.
fn address_list(contact: &Contact, what: &str, data: Vec<Value>) -> Value {
    const SHOWN: usize = 10;
    let total = data.len();
    json!({"type": "list", "data": &data[..total.min(SHOWN)], "url": format!("/contacts/{}/{what}", contact.id),
        "total_count": total, "has_more": total > SHOWN})
}

pub(crate) fn contact(ws: &Workspace, contact: &Contact) -> Value {
    let tags = contact.tags.iter().map(|applied| {
        let id = applied.tag.to_string();
        json!({"type": "tag", "url": format!("/tags/{id}"), "id": id})
    });
    let index = ws.contacts.index(&contact.id);
    let own_notes = ws.notes.values().filter(|note| index.map(About::Contact) == Some(note.about));
    let notes = own_notes
        .map(|note| json!({"type": "note", "id": note.id.to_string(), "url": format!("/notes/{}", note.id)}))
        .collect();
    let own_companies =
        ws.live_companies().filter(|(_, it)| index.is_some_and(|index| it.members.contains(&index)));
    let companies = own_companies
        .map(|(_, it)| json!({"type": "company", "id": it.id, "url": format!("/companies/{}", it.id)}))
        .collect();
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
        "notes": address_list(contact, "notes", notes),
        "companies": address_list(contact, "companies", companies),
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

pub(crate) fn company(ws: &Workspace, company: &Company) -> Value {
    let members = company.members.iter().filter(|index| ws.contacts.get(**index).is_some()).count();
    let mut out = json!({
        "type": "company", "id": company.id, "app_id": ws.app.id_code, "company_id": company.company_id,
        "plan": company.plan.as_ref().map_or_else(|| json!({}), |name| json!({"type": "plan", "id": "1", "name": name})),
        "created_at": company.created_at, "updated_at": company.updated_at,
        "monthly_spend": company.monthly_spend, "session_count": 0, "user_count": members,
        "tags": {"type": "tag.list", "tags": []}, "segments": {"type": "segment.list", "segments": []},
        "custom_attributes": attributes(&company.attributes),
    });
    // The description leaves no room for null: what was never set is absent.
    let texts = [("name", &company.name), ("website", &company.website), ("industry", &company.industry)];
    for (key, text) in texts {
        if let Some(text) = text {
            out[key] = json!(text);
        }
    }
    for (key, number) in [("size", company.size), ("remote_created_at", company.remote_created_at)] {
        if let Some(number) = number {
            out[key] = json!(number);
        }
    }
    out
}

pub(crate) fn note(ws: &Workspace, note: &Note) -> Value {
    let author = ws.admins.iter().find(|admin| admin.id == note.author).map(|it| admin(it, &ws.teams));
    let mut out = json!({"type": "note", "id": note.id.to_string(), "created_at": note.created_at,
        "author": author, "body": note.body});
    match note.about {
        About::Contact(index) => {
            let id = ws.contacts.get(index).map(|contact| contact.id.clone()).unwrap_or_default();
            out["contact"] = json!({"type": "contact", "id": id});
        }
        About::Company(place) => {
            let id = ws.companies.get(place).map(|company| company.id.clone()).unwrap_or_default();
            out["company"] = json!({"type": "company", "id": id});
        }
    }
    out
}

const LONG_AGO: i64 = 1_700_000_000;

pub(crate) fn help_center(ws: &Workspace, it: &HelpCenter) -> Value {
    json!({"type": "help_center", "id": it.id.to_string(), "workspace_id": ws.app.id_code, "created_at": LONG_AGO,
        "updated_at": LONG_AGO, "identifier": it.identifier, "website_turned_on": it.website_turned_on,
        "display_name": ws.app.name, "url": it.url(), "custom_domain": it.custom_domain, "default": it.default,
        "locales": it.locales})
}

/// Start of the addresses of what lies in a help centre.
fn library_url(ws: &Workspace, help_center: Option<u64>) -> String {
    let library = &ws.library;
    let own = help_center.and_then(|id| library.help_centers.iter().find(|it| it.id == id));
    own.or(library.default_help_center()).map(HelpCenter::url).unwrap_or_default()
}

pub(crate) fn collection(ws: &Workspace, it: &Collection) -> Value {
    let help_center = ws.library.help_centers.iter().find(|known| known.id == it.help_center);
    let default = help_center.and_then(|known| known.locales.first()).map_or("en", String::as_str);
    let group = |name: &str, description: &Option<String>| json!({"type": "group_content", "name": name, "description": description.clone().unwrap_or_default()});
    let mut translated =
        json!({"type": "group_translated_content", default: group(&it.name, &it.description)});
    for (locale, wording) in &it.translations {
        translated[locale] = group(&wording.name, &wording.description);
    }
    // What lies inside another names no help centre: that of the outermost counts.
    let own = it.parent.is_none().then_some(it.help_center);
    json!({
        "id": it.id.to_string(), "workspace_id": ws.app.id_code, "name": it.name, "description": it.description,
        "created_at": it.created_at, "updated_at": it.updated_at,
        "url": format!("{}/{default}/collections/{}", library_url(ws, Some(it.help_center)), it.id),
        "icon": "book-bookmark", "order": it.id % 1000, "default_locale": default,
        "translated_content": translated, "parent_id": it.parent.map(|id| id.to_string()), "help_center_id": own,
    })
}

/// Words of a title as they stand in an address.
fn slug(title: &str) -> String {
    let words: Vec<String> = title
        .to_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect();
    words.join("-")
}

/// Where customers read it; none while it is a draft.
fn article_url(ws: &Workspace, it: &Article, content: &ArticleContent) -> Option<String> {
    let mut top = it.parent.and_then(|id| ws.library.collections.get(&id));
    while let Some(outer) = top.and_then(|it| it.parent).and_then(|id| ws.library.collections.get(&id)) {
        top = Some(outer);
    }
    let start = library_url(ws, top.map(|it| it.help_center));
    content
        .published
        .then(|| format!("{start}/{}/articles/{}-{}", content.locale, it.id, slug(&content.title)))
}

fn article_content(ws: &Workspace, it: &Article, content: &ArticleContent) -> Value {
    let mut out = json!({
        "type": "article_content", "title": content.title, "description": content.description, "body": content.body,
        "author_id": content.author, "state": if content.published { "published" } else { "draft" },
        "created_at": content.created_at, "updated_at": content.updated_at, "has_unpublished_changes": false,
    });
    if let Some(url) = article_url(ws, it, content) {
        out["url"] = json!(url);
    }
    out
}

pub(crate) fn article(ws: &Workspace, it: &Article) -> Value {
    let tags: Vec<Value> = it.tags.iter().map(|applied| tag(ws, applied)).collect();
    let mut translated = json!({"type": "article_translated_content"});
    for content in &it.contents {
        translated[&content.locale] = article_content(ws, it, content);
    }
    let Some(first) = it.contents.first() else { return Value::Null };
    json!({
        "type": "article", "id": it.id.to_string(), "workspace_id": ws.app.id_code, "title": first.title,
        "description": first.description, "body": first.body, "author_id": first.author,
        "state": if first.published { "published" } else { "draft" },
        "created_at": it.created_at, "updated_at": it.updated_at, "url": article_url(ws, it, first),
        "parent_ids": it.parent.into_iter().collect::<Vec<_>>(), "has_unpublished_changes": false,
        "draft_updated_at": null, "ai_chatbot_availability": it.availability.chatbot,
        "ai_copilot_availability": it.availability.copilot, "ai_sales_agent_availability": it.availability.sales,
        "default_locale": first.locale, "translated_content": translated,
        "tags": {"type": "tag.list", "tags": tags},
        "statistics": {"type": "article_statistics", "views": 0, "conversations": 0, "reactions": 0,
            "happy_reaction_percentage": 0, "neutral_reaction_percentage": 0, "sad_reaction_percentage": 0},
    })
}

pub(crate) fn internal_article(ws: &Workspace, it: &InternalArticle) -> Value {
    let locale = ws.library.default_help_center().and_then(|known| known.locales.first());
    json!({
        "type": "internal_article", "id": it.id.to_string(), "title": it.title, "body": it.body,
        "owner_id": it.owner, "author_id": it.author, "created_at": it.created_at, "updated_at": it.updated_at,
        "locale": locale.map_or("en", String::as_str), "audience_ids": [],
        "ai_chatbot_availability": it.availability.chatbot, "ai_copilot_availability": it.availability.copilot,
        "ai_sales_agent_availability": it.availability.sales,
    })
}

pub(crate) fn snippet(it: &Snippet) -> Value {
    json!({"type": "content_snippet", "id": it.id.to_string(), "title": it.title, "locale": "en",
        "json_blocks": [], "body_markdown": it.body, "chatbot_availability": 0, "copilot_availability": 0,
        "ai_chatbot_availability": false, "ai_copilot_availability": false, "ai_sales_agent_availability": false,
        "created_at": it.created_at, "updated_at": it.created_at, "audience_ids": []})
}

pub(crate) fn redirect(it: &Redirect) -> Value {
    json!({"type": "help_center_redirect", "id": it.id.to_string(), "from_url": it.from_url, "locale": it.locale,
        "help_center_id": it.help_center.to_string(), "target_type": it.target_type,
        "target_id": it.target.to_string(), "created_at": it.created_at, "updated_at": it.created_at})
}
