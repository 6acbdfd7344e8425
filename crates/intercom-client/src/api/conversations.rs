//! `/conversations`: threads and their parts.

use super::search::{MOST_PER_PAGE, Query};
use super::tags::Tag;
use super::tickets::Ticket;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, ContactId, ConversationId, MessageId, PartId, TagId, TeamId, TicketTypeId};
use crate::page::{All, Cursor, Page, Pages};
use crate::wire::{Fields, number, or_default, time};
use connector_http::{Body, FilePart, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Private, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Most parts that a read returns: the newest.
pub const MOST_PARTS_SHOWN: usize = 500;
/// Most files on one part.
pub const MOST_FILES: usize = 10;

/// A conversation. Lists and searches show it without parts.
#[derive(Clone, Debug, Deserialize)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// When it began; may be back-dated.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// Its title.
    #[serde(default)]
    pub title: Option<Private>,
    /// `open`, `closed` or `snoozed`.
    #[serde(default)]
    pub state: Option<String>,
    /// Whether it was read.
    #[serde(default)]
    pub read: Option<bool>,
    /// Until when it sleeps.
    #[serde(default, deserialize_with = "time")]
    pub snoozed_until: Option<Timestamp>,
    /// The teammate it is assigned to.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub admin_assignee_id: Option<AdminId>,
    /// The team it is assigned to.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub team_assignee_id: Option<TeamId>,
    /// Values of conversation attributes.
    #[serde(default)]
    pub custom_attributes: Fields,
    /// The message that opened it.
    #[serde(default)]
    pub source: Option<Source>,
    /// Who takes part.
    #[serde(default, deserialize_with = "or_default")]
    pub contacts: ContactList,
    /// Its tags.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: TagList,
    /// Its parts, at most [`MOST_PARTS_SHOWN`].
    #[serde(default, deserialize_with = "or_default")]
    pub conversation_parts: PartList,
    /// Its figures.
    #[serde(default, deserialize_with = "or_default")]
    pub statistics: Statistics,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Conversation {
    /// The parts that are shown.
    pub fn parts(&self) -> &[ConversationPart] {
        &self.conversation_parts.conversation_parts
    }
    /// How many parts there are beyond those that are shown; a read shows the [`MOST_PARTS_SHOWN`] newest, lists and
    /// searches none, and nothing shows the others. `None` when the answer doesn't say how many there are.
    pub fn hidden_parts(&self) -> Option<usize> {
        let count = self.statistics.count_conversation_parts;
        match count.or(self.conversation_parts.total_count) {
            Some(count) => Some(count.saturating_sub(self.parts().len())),
            // A window that isn't full hides nothing.
            None => (1..MOST_PARTS_SHOWN).contains(&self.parts().len()).then_some(0),
        }
    }
    /// How many parts there are, shown or not.
    pub fn part_count(&self) -> usize {
        self.statistics.count_conversation_parts.unwrap_or(0).max(self.parts().len())
    }
}

/// The message that opened a conversation.
#[derive(Clone, Debug, Deserialize)]
pub struct Source {
    /// Its id; not the conversation's.
    #[serde(default)]
    pub id: Option<MessageId>,
    /// Its text as HTML.
    #[serde(default)]
    pub body: Option<Private>,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<Author>,
    /// Its files.
    #[serde(default, deserialize_with = "or_default")]
    pub attachments: Vec<Attachment>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `contacts` of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ContactList {
    /// Who takes part.
    #[serde(default, deserialize_with = "or_default")]
    pub contacts: Vec<ContactRef>,
}

/// A contact by its id.
#[derive(Clone, Debug, Deserialize)]
pub struct ContactRef {
    /// The id.
    pub id: ContactId,
}

/// `tags` of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TagList {
    /// The tags.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<Tag>,
}

/// `conversation_parts` of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct PartList {
    /// The parts.
    #[serde(default, deserialize_with = "or_default")]
    pub conversation_parts: Vec<ConversationPart>,
    /// How many there are by the list's own count.
    #[serde(default)]
    pub total_count: Option<usize>,
}

/// `statistics` of a conversation.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Statistics {
    /// How many parts there are, events included.
    #[serde(default)]
    pub count_conversation_parts: Option<usize>,
}

/// A part: a comment, a note, or an event.
#[derive(Clone, Debug, Deserialize)]
pub struct ConversationPart {
    /// Its id.
    pub id: PartId,
    /// `comment`, `note`, `open`, `close`, `assignment`, …
    #[serde(default, deserialize_with = "or_default")]
    pub part_type: String,
    /// Its text as HTML; events have none.
    #[serde(default)]
    pub body: Option<Private>,
    /// When it was written; may be back-dated.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<Author>,
    /// Its files.
    #[serde(default, deserialize_with = "or_default")]
    pub attachments: Vec<Attachment>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// An author of a part.
#[derive(Clone, Debug, Deserialize)]
pub struct Author {
    /// `user`, `lead`, `contact`, `admin`, `team` or `bot`.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Their id.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub id: Option<String>,
}

impl Author {
    /// True for users, leads and contacts.
    pub fn is_contact(&self) -> bool {
        matches!(self.kind.as_str(), "user" | "lead" | "contact")
    }
}

/// A file on a part. Its address works for a short time only and isn't kept here.
#[derive(Clone, Debug, Deserialize)]
pub struct Attachment {
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: Private,
    /// Its media type.
    #[serde(default, deserialize_with = "or_default")]
    pub content_type: String,
    /// Its size in bytes.
    #[serde(default, deserialize_with = "or_default")]
    pub filesize: u64,
}

/// What creating a conversation answers: a message.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// The id of the message. It is **not** the conversation's.
    pub id: MessageId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// When it was written.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A conversation to be opened by a contact; nobody else can open one.
#[must_use]
#[derive(Clone, Serialize)]
pub struct NewConversation {
    from: From,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<i64>,
}

#[derive(Clone, Serialize)]
struct From {
    #[serde(rename = "type")]
    kind: &'static str,
    id: ContactId,
}

impl NewConversation {
    /// A conversation of this contact with this first message: plain text, markup is shown as it was typed.
    pub fn new(from: impl Into<ContactId>, body: impl Into<String>) -> Self {
        NewConversation { from: From { kind: "user", id: from.into() }, body: body.into(), created_at: None }
    }
    /// When it was written; whole seconds, not in the future.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.created_at = Some(at.as_second());
        self
    }
}

/// A reply by a contact.
#[must_use]
#[derive(Clone)]
pub struct ContactReply(Map<String, Value>, Vec<FilePart>);

impl ContactReply {
    /// A comment by this contact, who takes part in the conversation. HTML.
    pub fn new(contact: impl Into<ContactId>, body: impl Into<String>) -> Self {
        let mut map = Map::new();
        map.insert("type".into(), "user".into());
        map.insert("message_type".into(), "comment".into());
        map.insert("intercom_user_id".into(), contact.into().as_str().into());
        map.insert("body".into(), body.into().into());
        ContactReply(map, Vec::new())
    }
    /// When it was written; whole seconds, not in the future.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.0.insert("created_at".into(), at.as_second().into());
        self
    }
    /// Its files, at most [`MOST_FILES`].
    pub fn files(mut self, files: Vec<FilePart>) -> Self {
        self.1 = files;
        self
    }
    pub(super) fn has_files(&self) -> bool {
        !self.1.is_empty()
    }
    pub(super) fn into_body(self) -> Result<Body> {
        with_files(&self.0, self.1)
    }
}

/// A reply by an admin: a comment that the customer can see, or a note.
#[must_use]
#[derive(Clone)]
pub struct AdminReply(Map<String, Value>, Vec<FilePart>);

impl AdminReply {
    /// A comment. The customer is **not** notified (`skip_notifications`).
    pub fn comment(admin: impl Into<AdminId>, body: impl Into<String>) -> Self {
        Self::of("comment", admin.into(), body.into())
    }
    /// An internal note.
    pub fn note(admin: impl Into<AdminId>, body: impl Into<String>) -> Self {
        Self::of("note", admin.into(), body.into())
    }
    fn of(kind: &str, admin: AdminId, body: String) -> Self {
        let mut map = Map::new();
        map.insert("type".into(), "admin".into());
        map.insert("message_type".into(), kind.into());
        map.insert("admin_id".into(), admin.as_str().into());
        map.insert("body".into(), body.into());
        map.insert("skip_notifications".into(), true.into());
        AdminReply(map, Vec::new())
    }
    /// When it was written; whole seconds, not in the future.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.0.insert("created_at".into(), at.as_second().into());
        self
    }
    /// Its files, at most [`MOST_FILES`].
    pub fn files(mut self, files: Vec<FilePart>) -> Self {
        self.1 = files;
        self
    }
    pub(super) fn into_body(self) -> Result<Body> {
        with_files(&self.0, self.1)
    }
    /// Lets Intercom notify the customer of a comment.
    #[cfg(feature = "sending")]
    pub fn notifying(mut self) -> Self {
        self.0.remove("skip_notifications");
        self
    }
}

/// What becomes of a thread. None of these takes a time: Intercom stamps them with its own clock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartAction {
    /// Closes it.
    Close,
    /// Opens it.
    Open,
    /// Lets it sleep until a moment in the future.
    Snooze(Timestamp),
    /// Assigns it to a teammate; `None` takes the assignment away. Opens a closed thread.
    AssignAdmin(Option<AdminId>),
    /// Assigns it to a team; `None` takes the assignment away. Opens a closed thread.
    AssignTeam(Option<TeamId>),
}

/// Fields of a conversation to be written; what isn't set stays.
#[must_use]
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct ConversationUpdate(Map<String, Value>);

impl ConversationUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Marks it read or unread.
    pub fn read(mut self, read: bool) -> Self {
        self.0.insert("read".into(), read.into());
        self
    }
    /// The title.
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.0.insert("title".into(), title.into().into());
        self
    }
    /// The value of an attribute; it must exist. Each changed one adds an event to the thread.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let all = self.0.entry("custom_attributes").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.insert(name.into(), value.into());
        }
        self
    }
}

/// `POST /conversations`: answers a [`Message`], whose `conversation_id` is the thread.
///
/// `NotReady` when the contact can't start a conversation yet.
pub fn create(to: &Endpoint, new: &NewConversation) -> Ask<Message> {
    let call = (Method::POST, &["conversations"][..], &[][..]);
    Ask::new(to, "conversations.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `POST /conversations/{id}/reply` by a contact: answers the whole conversation, not the new part.
pub fn reply_as_contact(to: &Endpoint, id: &ConversationId, reply: ContactReply) -> Ask<Conversation> {
    send_reply(to, id, reply.into_body())
}

/// `POST /conversations/{id}/reply` by an admin: answers the whole conversation, not the new part.
pub fn reply_as_admin(to: &Endpoint, id: &ConversationId, reply: AdminReply) -> Ask<Conversation> {
    send_reply(to, id, reply.into_body())
}

fn send_reply(to: &Endpoint, id: &ConversationId, body: Result<Body>) -> Ask<Conversation> {
    let call = (Method::POST, &["conversations", id.as_str(), "reply"][..], &[][..]);
    Ask::new(to, "conversations.reply", Does::Create, call, Some(body), json)
}

fn with_files(map: &Map<String, Value>, files: Vec<FilePart>) -> Result<Body> {
    if files.is_empty() { Body::json(map) } else { Body::json_with_files(map, "attachment_files", files) }
}

/// `POST /conversations/{id}/parts`: closes, opens, snoozes or assigns.
pub fn act(to: &Endpoint, id: &ConversationId, by: &AdminId, action: &PartAction) -> Ask<Conversation> {
    let by = by.as_str();
    let body = match action {
        PartAction::Close => json!({"message_type": "close", "type": "admin", "admin_id": by}),
        PartAction::Open => json!({"message_type": "open", "admin_id": by}),
        PartAction::Snooze(until) => {
            json!({"message_type": "snoozed", "admin_id": by, "snoozed_until": until.as_second()})
        }
        PartAction::AssignAdmin(who) => json!({"message_type": "assignment", "type": "admin", "admin_id": by,
            "assignee_id": who.as_ref().map_or("0", AdminId::as_str)}),
        PartAction::AssignTeam(who) => json!({"message_type": "assignment", "type": "team", "admin_id": by,
            "assignee_id": who.as_ref().map_or("0", TeamId::as_str)}),
    };
    let call = (Method::POST, &["conversations", id.as_str(), "parts"][..], &[][..]);
    Ask::new(to, "conversations.parts", Does::Overwrite, call, Some(Body::json(&body)), json)
}

/// `PUT /conversations/{id}`. The answer may show the title as it was before.
pub fn update(to: &Endpoint, id: &ConversationId, fields: &ConversationUpdate) -> Ask<Conversation> {
    let call = (Method::PUT, &["conversations", id.as_str()][..], &[][..]);
    Ask::new(to, "conversations.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `GET /conversations/{id}`, with its [`MOST_PARTS_SHOWN`] newest parts.
pub fn get(to: &Endpoint, id: &ConversationId) -> Ask<Conversation> {
    let call = (Method::GET, &["conversations", id.as_str()][..], &[][..]);
    Ask::new(to, "conversations.get", Does::Read, call, None, json)
}

/// `GET /conversations/{id}?display_as=plaintext`: title and texts without markup, links as `label (address)`.
pub fn get_plain(to: &Endpoint, id: &ConversationId) -> Ask<Conversation> {
    let call = (Method::GET, &["conversations", id.as_str()][..], &[("display_as", "plaintext")][..]);
    Ask::new(to, "conversations.get_plain", Does::Read, call, None, json)
}

/// A conversation that was deleted.
#[derive(Clone, Debug, Deserialize)]
pub struct DeletedConversation {
    /// Its id.
    pub id: ConversationId,
    /// Whether its rows in reports stayed.
    #[serde(default)]
    pub metrics_retained: Option<bool>,
    /// When it was deleted.
    #[serde(default, deserialize_with = "time")]
    pub deleted_at: Option<Timestamp>,
}

/// Most deleted conversations on a page.
pub const MOST_DELETED_PER_PAGE: u32 = 60;

/// `GET /conversations/deleted`: one page, those that were deleted last first; new in 2.16.
pub fn deleted(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<DeletedConversation>> {
    let call = (Method::GET, &["conversations", "deleted"][..], &[("order", "desc")][..]);
    let per_page = per_page.min(MOST_DELETED_PER_PAGE);
    crate::page::ask(to, "conversations.deleted", call, per_page, after, |answer| {
        #[derive(Deserialize)]
        struct List {
            #[serde(alias = "data")]
            conversations: Option<Vec<DeletedConversation>>,
            total_count: Option<u64>,
            #[serde(default, deserialize_with = "or_default")]
            pages: Pages,
        }
        let list: List = json(answer)?;
        let items = list.conversations.unwrap_or_default();
        Ok(Page { items, total: list.total_count, next: list.pages.following() })
    })
}

/// `POST /conversations/redact`: blanks a part that has a text, files included. It can't be taken back; nothing deletes a
/// part.
pub fn redact_part(to: &Endpoint, id: &ConversationId, part: &PartId) -> Ask<Conversation> {
    let body = json!({"type": "conversation_part", "conversation_id": id.as_str(),
        "conversation_part_id": part.as_str()});
    redact(to, &body)
}

/// `POST /conversations/redact`: blanks the message that opened a conversation, when a contact wrote it.
pub fn redact_source(to: &Endpoint, id: &ConversationId, source: &MessageId) -> Ask<Conversation> {
    let body = json!({"type": "source", "conversation_id": id.as_str(), "source_id": source.as_str()});
    redact(to, &body)
}

fn redact(to: &Endpoint, body: &Value) -> Ask<Conversation> {
    let call = (Method::POST, &["conversations", "redact"][..], &[][..]);
    Ask::new(to, "conversations.redact", Does::Overwrite, call, Some(Body::json(body)), json)
}

/// `POST /conversations/{id}/merge`: closes the conversation and links it to the one it went `into`. 422 when either was
/// merged already. New in 2.16.
pub fn merge(to: &Endpoint, id: &ConversationId, into: &ConversationId) -> Ask<Conversation> {
    let body = Body::json(&json!({"merge_into_conversation_id": number(into.as_str())}));
    let call = (Method::POST, &["conversations", id.as_str(), "merge"][..], &[][..]);
    Ask::new(to, "conversations.merge", Does::Create, call, Some(body), json)
}

/// `POST /conversations/{id}/convert`: makes it a ticket of a type of the category `Customer`.
pub fn convert(to: &Endpoint, id: &ConversationId, ticket_type: &TicketTypeId) -> Ask<Ticket> {
    let body = Body::json(&json!({"ticket_type_id": ticket_type.as_str()}));
    let call = (Method::POST, &["conversations", id.as_str(), "convert"][..], &[][..]);
    Ask::new(to, "conversations.convert", Does::Create, call, Some(body), json)
}

/// `POST /conversations/{id}/customers`: lets a contact take part. They may be notified.
pub fn add_participant(to: &Endpoint, id: &ConversationId, contact: &ContactId, by: &AdminId) -> Ask<()> {
    let body =
        Body::json(&json!({"admin_id": by.as_str(), "customer": {"intercom_user_id": contact.as_str()}}));
    let call = (Method::POST, &["conversations", id.as_str(), "customers"][..], &[][..]);
    Ask::new(to, "conversations.add_participant", Does::Overwrite, call, Some(body), nothing)
}

/// `DELETE /conversations/{id}/customers/{contact}`, which takes a body. The last one can't go (422).
pub fn remove_participant(to: &Endpoint, id: &ConversationId, contact: &ContactId, by: &AdminId) -> Ask<()> {
    let body = Body::json(&json!({"admin_id": by.as_str()}));
    let path = ["conversations", id.as_str(), "customers", contact.as_str()];
    let call = (Method::DELETE, &path[..], &[][..]);
    Ask::new(to, "conversations.remove_participant", Does::Overwrite, call, Some(body), nothing)
}

/// `DELETE /conversations/{id}`: permanent. `retain_metrics` keeps its rows in reports; without it the token needs the
/// scope `delete_conversations_and_metrics`.
pub fn delete(to: &Endpoint, id: &ConversationId, retain_metrics: bool) -> Ask<()> {
    let retain = if retain_metrics { "true" } else { "false" };
    let call = (Method::DELETE, &["conversations", id.as_str()][..], &[("retain_metrics", retain)][..]);
    Ask::new(to, "conversations.delete", Does::Overwrite, call, None, nothing)
}

/// `POST /conversations/search`: one page, without parts.
pub fn search(
    to: &Endpoint,
    query: &Query,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Conversation>> {
    let call = (Method::POST, &["conversations", "search"][..], &[][..]);
    Ask::new(to, "conversations.search", Does::Read, call, Some(query.body(per_page, after)), read_page)
}

/// `GET /conversations`: one page, without parts.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Conversation>> {
    let size = per_page.clamp(1, MOST_PER_PAGE).to_string();
    let mut query = vec![("per_page", size.as_str())];
    query.extend(after.map(|c| ("starting_after", c.as_str())));
    Ask::new(to, "conversations.list", Does::Read, (Method::GET, &["conversations"], &query), None, read_page)
}

fn read_page(answer: &Response) -> Result<Page<Conversation>> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "or_default")]
        conversations: Vec<Conversation>,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        pages: Pages,
    }
    let list: List = json(answer)?;
    Ok(Page { items: list.conversations, total: list.total_count, next: list.pages.cursor() })
}

/// `POST /conversations/{id}/tags`: attaching twice is attaching once.
pub fn attach_tag(to: &Endpoint, id: &ConversationId, tag: &TagId, by: &AdminId) -> Ask<Tag> {
    let body = Body::json(&json!({"id": tag.as_str(), "admin_id": by.as_str()}));
    let call = (Method::POST, &["conversations", id.as_str(), "tags"][..], &[][..]);
    Ask::new(to, "conversations.attach_tag", Does::Overwrite, call, Some(body), json)
}

/// `DELETE /conversations/{id}/tags/{tag}`, which takes a body.
pub fn detach_tag(to: &Endpoint, id: &ConversationId, tag: &TagId, by: &AdminId) -> Ask<()> {
    let body = Body::json(&json!({"admin_id": by.as_str()}));
    let call = (Method::DELETE, &["conversations", id.as_str(), "tags", tag.as_str()][..], &[][..]);
    Ask::new(to, "conversations.detach_tag", Does::Overwrite, call, Some(body), nothing)
}

/// Conversations of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Conversations<'c>(pub(crate) &'c Client);

impl<'c> Conversations<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewConversation) -> Pending<'c, Message> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`reply_as_contact`].
    pub fn reply_as_contact(self, id: &ConversationId, reply: ContactReply) -> Pending<'c, Conversation> {
        self.0.pending(reply_as_contact(self.0.endpoint(), id, reply))
    }
    /// See [`reply_as_admin`].
    pub fn reply_as_admin(self, id: &ConversationId, reply: AdminReply) -> Pending<'c, Conversation> {
        self.0.pending(reply_as_admin(self.0.endpoint(), id, reply))
    }
    /// See [`act`].
    pub fn act(self, id: &ConversationId, by: &AdminId, action: &PartAction) -> Pending<'c, Conversation> {
        self.0.pending(act(self.0.endpoint(), id, by, action))
    }
    /// See [`update`].
    pub fn update(self, id: &ConversationId, fields: &ConversationUpdate) -> Pending<'c, Conversation> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`get`].
    pub fn get(self, id: &ConversationId) -> Pending<'c, Conversation> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`get_plain`].
    pub fn get_plain(self, id: &ConversationId) -> Pending<'c, Conversation> {
        self.0.pending(get_plain(self.0.endpoint(), id))
    }
    /// Every conversation that was deleted; see [`deleted`].
    pub fn deleted(self) -> All<'c, DeletedConversation> {
        All::new(move |after| {
            let call = self.0.pending(deleted(self.0.endpoint(), MOST_DELETED_PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// See [`redact_part`].
    pub fn redact_part(self, id: &ConversationId, part: &PartId) -> Pending<'c, Conversation> {
        self.0.pending(redact_part(self.0.endpoint(), id, part))
    }
    /// See [`redact_source`].
    pub fn redact_source(self, id: &ConversationId, source: &MessageId) -> Pending<'c, Conversation> {
        self.0.pending(redact_source(self.0.endpoint(), id, source))
    }
    /// See [`merge`].
    pub fn merge(self, id: &ConversationId, into: &ConversationId) -> Pending<'c, Conversation> {
        self.0.pending(merge(self.0.endpoint(), id, into))
    }
    /// See [`convert`].
    pub fn convert(self, id: &ConversationId, ticket_type: &TicketTypeId) -> Pending<'c, Ticket> {
        self.0.pending(convert(self.0.endpoint(), id, ticket_type))
    }
    /// See [`add_participant`].
    pub fn add_participant(self, id: &ConversationId, contact: &ContactId, by: &AdminId) -> Pending<'c, ()> {
        self.0.pending(add_participant(self.0.endpoint(), id, contact, by))
    }
    /// See [`remove_participant`].
    pub fn remove_participant(
        self,
        id: &ConversationId,
        contact: &ContactId,
        by: &AdminId,
    ) -> Pending<'c, ()> {
        self.0.pending(remove_participant(self.0.endpoint(), id, contact, by))
    }
    /// See [`delete`].
    pub fn delete(self, id: &ConversationId, retain_metrics: bool) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id, retain_metrics))
    }
    /// See [`search`].
    pub fn search(
        self,
        query: &Query,
        per_page: u32,
        after: Option<&Cursor>,
    ) -> Pending<'c, Page<Conversation>> {
        self.0.pending(search(self.0.endpoint(), query, per_page, after))
    }
    /// Everything that a search finds.
    pub fn search_all(self, query: Query) -> All<'c, Conversation> {
        All::new(move |after| {
            let query = query.clone();
            Box::pin(async move { self.search(&query, MOST_PER_PAGE, after.as_ref()).await })
        })
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Conversation>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every conversation.
    pub fn list_all(self) -> All<'c, Conversation> {
        All::new(move |after| Box::pin(async move { self.list(MOST_PER_PAGE, after.as_ref()).await }))
    }
    /// See [`attach_tag`].
    pub fn attach_tag(self, id: &ConversationId, tag: &TagId, by: &AdminId) -> Pending<'c, Tag> {
        self.0.pending(attach_tag(self.0.endpoint(), id, tag, by))
    }
    /// See [`detach_tag`].
    pub fn detach_tag(self, id: &ConversationId, tag: &TagId, by: &AdminId) -> Pending<'c, ()> {
        self.0.pending(detach_tag(self.0.endpoint(), id, tag, by))
    }
}
