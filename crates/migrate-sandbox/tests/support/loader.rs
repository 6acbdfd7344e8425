//! A small, careful migration, written for the judge's tests alone.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use migrate_sandbox::dataset::{
    Attachment, Author, AuthorKind, Contact, ContentType, CustomField, Dataset, Direction, Message, Status,
    Ticket,
};
use migrate_sandbox::intercom::Seed;
use migrate_sandbox::judge::Explained;
use serde_json::{Value, json};

use super::Desk;

pub const BATCH: &str = "focalscope-batch-1";

/// The id of the teammate that the token belongs to: the placeholder.
const PLACEHOLDER: &str = "991267400";

/// What the loader made.
#[derive(Default)]
pub struct Loaded {
    /// Conversation of each ticket.
    pub conversations: BTreeMap<u64, String>,
    /// What the loader says it lost.
    pub explained: Vec<Explained>,
    contacts: HashMap<u64, String>,
    tags: HashMap<String, String>,
}

struct Piece<'a> {
    at: i64,
    author: &'a Author,
    note: bool,
    html: bool,
    text: String,
    files: &'a [Attachment],
}

/// Moves a help desk into the stand-in.
pub async fn load(desk: &Desk, dataset: &Dataset) -> Loaded {
    desk.intercom.seed(Seed::for_dataset(dataset));
    let mut loaded = Loaded::default();
    provision(desk, dataset, &mut loaded).await;
    let now = desk.now();
    for ticket in &dataset.tickets {
        if !ticket.spam && !ticket.deleted && ticket.merged_into.is_none() {
            move_ticket(desk, dataset, ticket, now, &mut loaded).await;
        }
    }
    loaded
}

async fn provision(desk: &Desk, dataset: &Dataset, loaded: &mut Loaded) {
    desk.attribute("focalscope_ticket_id__c").await;
    let list = |name: &str, labels: Vec<String>| {
        let options: Vec<Value> = labels.iter().map(|label| json!({"label": label})).collect();
        json!({"name": name, "data_type": "list", "options": options})
    };
    let mut channels: Vec<String> = dataset.tickets.iter().map(|t| t.channel.as_str().to_owned()).collect();
    channels.extend(["email".to_owned(), "voice".to_owned()]);
    let mut priorities: Vec<String> =
        dataset.tickets.iter().map(|t| t.priority.as_str().to_owned()).collect();
    priorities.extend(["Low".to_owned(), "High".to_owned()]);
    for labels in [&mut channels, &mut priorities] {
        labels.sort();
        labels.dedup();
    }
    let mut bodies = vec![
        list("channel_source__c", channels),
        list("focalscope_priority__c", priorities),
        json!({"name": "focalscope_closed_at__c", "data_type": "datetime"}),
        json!({"name": "focalscope_assigned_at__c", "data_type": "datetime"}),
    ];
    for category in dataset.categories.iter().filter(|category| !category.multi) {
        let chosen = dataset.tickets.iter().flat_map(|t| &t.categories).filter(|c| c.category == category.id);
        let mut labels = category.values.clone();
        labels.extend(chosen.flat_map(|c| c.values.clone()));
        labels.sort();
        labels.dedup();
        labels.extend(std::iter::repeat_n("(none)".to_owned(), 2_usize.saturating_sub(labels.len())));
        bodies.push(list(&category_attribute(category.id), labels));
    }
    for body in bodies {
        desk.post("/conversations/attributes", body).await.ok();
    }
    let body = json!({"name": "focalscope_contact_id__c", "model": "contact", "data_type": "string"});
    desk.post("/data_attributes", body).await.ok();
    let names = |fields: Vec<&CustomField>| {
        let mut names: Vec<String> = fields.iter().map(|field| field_attribute(&field.name)).collect();
        names.sort();
        names.dedup();
        names
    };
    let of_contacts = names(dataset.contacts.iter().flat_map(|c| &c.custom_fields).collect());
    for name in of_contacts.into_iter().chain(["company__c".to_owned()]) {
        let body = json!({"name": name, "model": "contact", "data_type": "string"});
        desk.post("/data_attributes", body).await.ok();
    }
    for name in names(dataset.tickets.iter().flat_map(|t| &t.custom_fields).collect()) {
        desk.attribute(&name).await;
    }
    for name in ["call_disposition__c", "call_recording__c", "call_note__c"] {
        desk.attribute(name).await;
    }
    let body = json!({"name": "call_duration__c", "data_type": "integer"});
    desk.post("/conversations/attributes", body).await.ok();
    tag(desk, BATCH, loaded).await;
}

fn field_attribute(name: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("field_{}__c", name.chars().map(clean).collect::<String>())
}

fn fields(given: &[CustomField]) -> impl Iterator<Item = (String, Value)> {
    given.iter().filter_map(|field| Some((field_attribute(&field.name), json!(field.value.as_ref()?))))
}

fn category_attribute(id: u64) -> String {
    format!("focalscope_category_{id}")
}

async fn tag(desk: &Desk, name: &str, loaded: &mut Loaded) -> String {
    if let Some(id) = loaded.tags.get(name) {
        return id.clone();
    }
    let id = desk.post("/tags", json!({"name": name})).await.ok().id();
    loaded.tags.insert(name.to_owned(), id.clone());
    id
}

fn explain(loaded: &mut Loaded, kind: &str, id: impl ToString, field: &str) {
    let field = (!field.is_empty()).then(|| field.to_owned());
    loaded.explained.push(Explained { kind: kind.into(), id: id.to_string(), field, rule: "test".into() });
}

async fn contact(desk: &Desk, dataset: &Dataset, person: &Contact, loaded: &mut Loaded) -> String {
    if let Some(id) = loaded.contacts.get(&person.id) {
        return id.clone();
    }
    let email = person.emails.iter().find(|email| email.contains('@'));
    let mut body = json!({"role": "user", "external_id": format!("focalscope:contact:{}", person.id),
        "name": person.name, "custom_attributes": {"focalscope_contact_id__c": person.id.to_string()}});
    for (name, value) in fields(&person.custom_fields) {
        body["custom_attributes"][name] = value;
    }
    if let Some(company) = dataset.companies.iter().find(|company| Some(company.id) == person.company) {
        body["custom_attributes"]["company__c"] = json!(company.name);
    }
    if email.is_none() && !person.emails.is_empty() {
        explain(loaded, "contact", person.id, "email");
    }
    if let Some(email) = email {
        body["email"] = json!(email.to_lowercase());
    }
    if let Some(phone) = person.phones.first() {
        let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
        if (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
            body["phone"] = json!(format!("+{digits}"));
        } else {
            explain(loaded, "contact", person.id, "phone");
        }
    }
    let mut answer = desk.post("/contacts", body.clone()).await;
    if answer.status == 400 && answer.body["errors"][0]["field"] == "email" {
        explain(loaded, "contact", person.id, "email");
        body.as_object_mut().unwrap().remove("email");
        answer = desk.post("/contacts", body).await;
    }
    let id = match answer.status {
        409 => {
            // Somebody else's fields stay.
            explain(loaded, "contact", person.id, "");
            answer.message().rsplit("id=").next().unwrap().to_owned()
        }
        _ => answer.ok().id(),
    };
    loaded.contacts.insert(person.id, id.clone());
    id
}

fn pieces(ticket: &Ticket) -> Vec<Piece<'_>> {
    let created = ticket.created.map_or(1, |at| at.as_second());
    let mut last = created;
    let mut all: Vec<Piece<'_>> = Vec::new();
    for message in &ticket.messages {
        last = message.sent_at.map_or(last, |at| at.as_second());
        all.push(Piece {
            at: last,
            author: &message.author,
            note: message.direction == Direction::Note,
            html: message.content_type == ContentType::Html,
            text: message.body.text().into_owned(),
            files: &message.attachments,
        });
    }
    for line in &ticket.chat {
        last = line.at.map_or(last, |at| at.as_second());
        let text = line.text.clone();
        all.push(Piece {
            at: last,
            author: &line.author,
            note: false,
            html: false,
            text,
            files: &line.attachments,
        });
    }
    all.sort_by_key(|piece| piece.at);
    all
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text of HTML for the one place that takes none.
fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let skip = ["<style", "<script", "<!--"].iter().zip(["</style>", "</script>", "-->"]);
        let end = skip
            .filter(|(start, _)| rest.starts_with(**start))
            .find_map(|(_, end)| Some(rest.find(end)? + end.len()))
            .or_else(|| Some(rest.find('>')? + 1));
        rest = end.map_or("", |end| &rest[end..]);
        out.push(' ');
    }
    out.push_str(rest);
    [("&nbsp;", " "), ("&euro;", "€"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&amp;", "&")]
        .iter()
        .fold(out, |text, (from, to)| text.replace(from, to))
}

async fn move_ticket(desk: &Desk, dataset: &Dataset, ticket: &Ticket, now: i64, loaded: &mut Loaded) {
    let Some(person) = ticket.contact.and_then(|id| dataset.contact(id)) else {
        explain(loaded, "ticket", ticket.id, "");
        return;
    };
    let contact = contact(desk, dataset, person, loaded).await;
    // Conversations know no time before 1970.
    let too_early = |message: &&Message| message.sent_at.is_some_and(|at| at.as_second() < 1);
    for message in ticket.messages.iter().filter(too_early) {
        explain(loaded, "message", message.id, "created_at");
    }
    let pieces = pieces(ticket);
    let own = |piece: &&Piece<'_>| {
        let theirs =
            piece.author.kind == AuthorKind::Contact && piece.author.id.is_none_or(|id| id == person.id);
        theirs && !piece.text.trim().is_empty() && !piece.note
    };
    let first = pieces.first().filter(own);
    let body = match first {
        Some(piece) if piece.html => plain(&piece.text),
        Some(piece) => piece.text.clone(),
        None => format!("[Imported ticket {}]", ticket.number),
    };
    let body = if body.trim().is_empty() { "[no text]".to_owned() } else { body };
    let at = pieces.first().map(|piece| piece.at).or(ticket.created.map(|at| at.as_second())).unwrap_or(1);
    let at = at.clamp(1, now);
    let create = json!({"from": {"type": "user", "id": contact}, "body": body, "created_at": at});
    let id =
        desk.post("/conversations", create).await.ok().body["conversation_id"].as_str().unwrap().to_owned();
    loaded.conversations.insert(ticket.id, id.clone());
    for (number, piece) in pieces.iter().enumerate() {
        let in_source = number == 0 && first.is_some();
        say(desk, dataset, ticket, &id, &contact, piece, in_source, now).await;
    }
    for call in &ticket.calls {
        let text = format!(
            "Call {} from {}: {} {}",
            call.uuid,
            call.from,
            call.disposition,
            call.note.clone().unwrap_or_default()
        );
        note(desk, &id, PLACEHOLDER, &escape(&text), now).await;
    }
    let merged = dataset.tickets.iter().filter(|gone| gone.merged_into == Some(ticket.id));
    for gone in merged.filter(|gone| !gone.spam && !gone.deleted) {
        note(desk, &id, PLACEHOLDER, &format!("Ticket {} was merged into this one", gone.number), now).await;
    }
    finish(desk, dataset, ticket, &id, loaded).await;
}

async fn note(desk: &Desk, id: &str, admin: &str, body: &str, at: i64) {
    let body =
        json!({"type": "admin", "message_type": "note", "admin_id": admin, "body": body, "created_at": at});
    desk.post(&format!("/conversations/{id}/reply"), body).await.ok();
}

#[allow(clippy::too_many_arguments)]
async fn say(
    desk: &Desk,
    dataset: &Dataset,
    ticket: &Ticket,
    id: &str,
    contact: &str,
    piece: &Piece<'_>,
    in_source: bool,
    now: i64,
) {
    let files: Vec<Value> = piece
        .files
        .iter()
        .map(|file| {
            let name = file.name.rsplit(['/', '\\']).next().unwrap_or_default();
            let name = if name.is_empty() { "file" } else { name };
            json!({"name": name, "content_type": file.mime, "data": STANDARD.encode(file.bytes())})
        })
        .collect();
    let by_contact = piece.author.kind == AuthorKind::Contact && piece.author.id == ticket.contact;
    let (admin, header) = teammate(desk, dataset, piece.author);
    let mut text = if piece.html { piece.text.clone() } else { escape(&piece.text) };
    if text.trim().is_empty() {
        text = "[no text]".into();
    }
    let text = format!("{header}{text}");
    let mut batches: Vec<(String, Vec<Value>)> = Vec::new();
    let mut rest = files.as_slice();
    if !in_source {
        let (here, after) = rest.split_at(rest.len().min(10));
        batches.push((text, here.to_vec()));
        rest = after;
    }
    for batch in rest.chunks(10) {
        batches.push(("[files]".into(), batch.to_vec()));
    }
    for (text, files) in batches {
        let mut body = json!({"body": text, "created_at": piece.at.clamp(1, now), "attachment_files": files});
        let more = if by_contact {
            json!({"type": "user", "message_type": "comment", "intercom_user_id": contact})
        } else {
            let kind = if piece.note || piece.author.kind != AuthorKind::Agent { "note" } else { "comment" };
            json!({"type": "admin", "message_type": kind, "admin_id": admin, "skip_notifications": true})
        };
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        desk.post(&format!("/conversations/{id}/reply"), body).await.ok();
    }
}

/// Who speaks for an author on the desk's side, and what must be said when it is not the author.
fn teammate(desk: &Desk, dataset: &Dataset, author: &Author) -> (String, String) {
    let agent = author.id.and_then(|id| dataset.agent(id)).filter(|_| author.kind == AuthorKind::Agent);
    let email = agent.and_then(|agent| agent.email.as_ref()).or(author.email.as_ref());
    let seed = Seed::for_dataset(dataset);
    let _ = desk;
    let found =
        email.and_then(|email| seed.admins.iter().find(|admin| admin.email.eq_ignore_ascii_case(email)));
    match found {
        Some(admin) if author.kind == AuthorKind::Agent => (admin.id.to_string(), String::new()),
        _ => {
            let name = agent.map_or(author.name.as_str(), |agent| agent.name.as_str());
            (PLACEHOLDER.into(), format!("<p>[{}]</p>", escape(name)))
        }
    }
}

async fn finish(desk: &Desk, dataset: &Dataset, ticket: &Ticket, id: &str, loaded: &mut Loaded) {
    let mut attributes = json!({
        "focalscope_ticket_id__c": ticket.number, "channel_source__c": ticket.channel.as_str(),
        "focalscope_priority__c": ticket.priority.as_str(),
    });
    let times = [("focalscope_closed_at__c", ticket.closed), ("focalscope_assigned_at__c", ticket.assigned)];
    for (name, at) in times {
        if let Some(at) = at {
            attributes[name] = json!(at.as_second());
        }
    }
    for (name, value) in fields(&ticket.custom_fields) {
        attributes[name] = value;
    }
    if let [call] = ticket.calls.as_slice() {
        attributes["call_duration__c"] = json!(call.duration);
        attributes["call_disposition__c"] = json!(call.disposition);
        attributes["call_recording__c"] = json!(call.recording_url);
        attributes["call_note__c"] = json!(call.note);
    }
    let mut tags = vec![BATCH.to_owned()];
    for chosen in &ticket.categories {
        let multi =
            dataset.categories.iter().any(|category| category.id == chosen.category && category.multi);
        if multi {
            tags.extend(chosen.values.iter().map(|value| format!("Product: {value}")));
        } else if let Some(value) = chosen.values.first() {
            attributes[category_attribute(chosen.category)] = json!(value);
        }
    }
    let path = format!("/conversations/{id}");
    let body = json!({"title": ticket.subject, "read": true, "custom_attributes": attributes});
    desk.put(&path, body).await.ok();
    for name in tags {
        let tag = tag(desk, &name, loaded).await;
        let body = json!({"id": tag, "admin_id": PLACEHOLDER});
        desk.post(&format!("/conversations/{id}/tags"), body).await.ok();
    }
    let queue = dataset.queues.iter().find(|queue| Some(queue.id) == ticket.queue);
    let seed = Seed::for_dataset(dataset);
    let teams = desk.get("/teams").await.ok().body["teams"].as_array().cloned().unwrap_or_default();
    let named = |team: &&Value| queue.is_some_and(|queue| team["name"] == *queue.name);
    // Two teams of one name: nobody knows which is meant.
    if let [team] = teams.iter().filter(named).collect::<Vec<_>>().as_slice() {
        assign(desk, &path, "team", team["id"].as_str().unwrap().parse().unwrap()).await;
    }
    let agent = ticket.agent.and_then(|id| dataset.agent(id)).and_then(|agent| agent.email.as_ref());
    let admin = |email: &String| seed.admins.iter().find(|admin| admin.email.eq_ignore_ascii_case(email));
    if let Some(admin) = agent.and_then(admin) {
        assign(desk, &path, "admin", admin.id).await;
    }
    match &ticket.status {
        Status::Resolved | Status::Closed => {
            let body = json!({"message_type": "close", "type": "admin", "admin_id": PLACEHOLDER});
            desk.post(&format!("{path}/parts"), body).await.ok();
        }
        Status::Other(_) => explain(loaded, "ticket", ticket.id, "status"),
        _ => {}
    }
}

async fn assign(desk: &Desk, path: &str, kind: &str, id: u64) {
    let body = json!({"message_type": "assignment", "type": kind, "admin_id": PLACEHOLDER, "assignee_id": id.to_string()});
    desk.post(&format!("{path}/parts"), body).await.ok();
}
