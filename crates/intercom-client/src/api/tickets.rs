//! `/tickets`: cases with a type, a state and attributes.

use super::conversations::{AdminReply, ContactList, ContactReply, ConversationPart};
use super::jobs::Job;
use super::search::{MOST_PER_PAGE, Query};
use super::ticket_types::{TicketState, TicketType};
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, CompanyId, ContactId, TeamId, TicketId, TicketStateId, TicketTypeId};
use crate::page::{All, Cursor, Page, Pages};
use crate::wire::{Fields, number, or_default, time};
use connector_http::{Body, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A ticket.
#[derive(Clone, Debug, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The number that people see; no call takes it.
    #[serde(default, rename = "ticket_id", deserialize_with = "crate::id::assignee")]
    pub number: Option<String>,
    /// Values of its type's attributes.
    #[serde(default)]
    pub ticket_attributes: Fields,
    /// Its state.
    #[serde(default)]
    pub ticket_state: Option<TicketState>,
    /// Its type.
    #[serde(default)]
    pub ticket_type: Option<TicketType>,
    /// Whose it is.
    #[serde(default, deserialize_with = "or_default")]
    pub contacts: ContactList,
    /// The teammate it is assigned to.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub admin_assignee_id: Option<AdminId>,
    /// The team it is assigned to.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub team_assignee_id: Option<TeamId>,
    /// When it began; may be back-dated.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// Whether it is open.
    #[serde(default)]
    pub open: Option<bool>,
    /// Whether customers see it.
    #[serde(default)]
    pub is_shared: Option<bool>,
    /// Its parts, at most [`MOST_PARTS_SHOWN`](super::conversations::MOST_PARTS_SHOWN).
    #[serde(default, deserialize_with = "or_default")]
    pub ticket_parts: TicketParts,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `ticket_parts` of a ticket.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TicketParts {
    /// The parts that are shown.
    #[serde(default, deserialize_with = "or_default")]
    pub ticket_parts: Vec<ConversationPart>,
    /// How many there are.
    #[serde(default)]
    pub total_count: Option<usize>,
}

/// A ticket to be made. The customer is **not** notified (`skip_notifications`).
#[must_use]
#[derive(Clone, Serialize)]
pub struct NewTicket {
    ticket_type_id: TicketTypeId,
    contacts: [Value; 1],
    skip_notifications: bool,
    #[serde(flatten)]
    fields: Map<String, Value>,
}

impl std::fmt::Debug for NewTicket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewTicket").field("type", &self.ticket_type_id).finish_non_exhaustive()
    }
}

impl NewTicket {
    /// A ticket of this type and this contact; a ticket has one. By id alone: an address that nobody has would make a
    /// contact.
    pub fn new(ticket_type: &TicketTypeId, contact: &ContactId) -> Self {
        NewTicket {
            ticket_type_id: ticket_type.clone(),
            contacts: [json!({"id": contact.as_str()})],
            skip_notifications: true,
            fields: Map::new(),
        }
    }
    /// The value of an attribute of its type; of a list, the [id of the item](super::TicketAttribute::item).
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        put_attribute(&mut self.fields, name.into(), value.into());
        self
    }
    /// When it began; whole seconds, not in the future.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.fields.insert("created_at".into(), at.as_second().into());
        self
    }
    /// Whom it is assigned to.
    pub fn assigned(mut self, admin: Option<&AdminId>, team: Option<&TeamId>) -> Self {
        let mut to = Map::new();
        to.extend(admin.map(|id| ("admin_assignee_id".to_owned(), id.as_str().into())));
        to.extend(team.map(|id| ("team_assignee_id".to_owned(), id.as_str().into())));
        self.fields.insert("assignment".into(), Value::Object(to));
        self
    }
    /// Its company.
    pub fn company(mut self, id: &CompanyId) -> Self {
        self.fields.insert("company_id".into(), id.as_str().into());
        self
    }
}

fn put_attribute(fields: &mut Map<String, Value>, name: String, value: Value) {
    let all = fields.entry("ticket_attributes").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(all) = all {
        all.insert(name, value);
    }
}

/// Fields of a ticket to be written; what isn't set stays as it is. The customer is **not** notified.
#[must_use]
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct TicketUpdate(Map<String, Value>);

impl std::fmt::Debug for TicketUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Default for TicketUpdate {
    fn default() -> Self {
        let mut fields = Map::new();
        fields.insert("skip_notifications".into(), true.into());
        TicketUpdate(fields)
    }
}

impl TicketUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// The value of an attribute of its type.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        put_attribute(&mut self.0, name.into(), value.into());
        self
    }
    /// Its state.
    pub fn state(self, id: &TicketStateId) -> Self {
        self.set("ticket_state_id", id.as_str())
    }
    /// Opens or closes it.
    pub fn open(self, yes: bool) -> Self {
        self.set("open", yes)
    }
    /// Whether customers see it.
    pub fn shared(self, yes: bool) -> Self {
        self.set("is_shared", yes)
    }
    /// Assigns it, by an admin, to a teammate or a team; `None` takes the assignment away.
    pub fn assigned(self, by: &AdminId, to: Option<&str>) -> Self {
        self.set("admin_id", number(by.as_str())).set("assignee_id", to.unwrap_or("0"))
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// `POST /tickets`.
pub fn create(to: &Endpoint, new: &NewTicket) -> Ask<Ticket> {
    let call = (Method::POST, &["tickets"][..], &[][..]);
    Ask::new(to, "tickets.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `POST /tickets/enqueue`: makes it later; the [job](super::jobs) says when and under which id.
pub fn enqueue(to: &Endpoint, new: &NewTicket) -> Ask<Job> {
    let call = (Method::POST, &["tickets", "enqueue"][..], &[][..]);
    Ask::new(to, "tickets.enqueue", Does::Create, call, Some(Body::json(new)), json)
}

/// `GET /tickets/{id}`, with its newest parts.
pub fn get(to: &Endpoint, id: &TicketId) -> Ask<Ticket> {
    Ask::new(to, "tickets.get", Does::Read, (Method::GET, &["tickets", id.as_str()], &[]), None, json)
}

/// `POST /tickets/search`: one page. `ticket_attribute.{id}` finds by the value of an attribute.
pub fn search(to: &Endpoint, query: &Query, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Ticket>> {
    let call = (Method::POST, &["tickets", "search"][..], &[][..]);
    Ask::new(to, "tickets.search", Does::Read, call, Some(query.body(per_page, after)), read_page)
}

fn read_page(answer: &Response) -> Result<Page<Ticket>> {
    #[derive(Deserialize)]
    struct List {
        tickets: Option<Vec<Ticket>>,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        pages: Pages,
    }
    let list: List = json(answer)?;
    Ok(Page { items: list.tickets.unwrap_or_default(), total: list.total_count, next: list.pages.cursor() })
}

/// `PUT /tickets/{id}`.
pub fn update(to: &Endpoint, id: &TicketId, fields: &TicketUpdate) -> Ask<Ticket> {
    let call = (Method::PUT, &["tickets", id.as_str()][..], &[][..]);
    Ask::new(to, "tickets.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `POST /tickets/{id}/reply` by an admin: answers the new part.
pub fn reply_as_admin(to: &Endpoint, id: &TicketId, reply: AdminReply) -> Ask<ConversationPart> {
    send_reply(to, id, reply.into_body())
}

/// `POST /tickets/{id}/reply` by a contact: answers the new part. Tickets take no files from contacts; a reply with files
/// is not sent. 400 on back-office tickets.
pub fn reply_as_contact(to: &Endpoint, id: &TicketId, reply: ContactReply) -> Ask<ConversationPart> {
    let body = if reply.has_files() {
        let message = "a contact's reply to a ticket can't have files";
        Err(Error::not_sent(ErrorKind::Invalid, message))
    } else {
        reply.into_body()
    };
    send_reply(to, id, body)
}

fn send_reply(to: &Endpoint, id: &TicketId, body: Result<Body>) -> Ask<ConversationPart> {
    let call = (Method::POST, &["tickets", id.as_str(), "reply"][..], &[][..]);
    Ask::new(to, "tickets.reply", Does::Create, call, Some(body), json)
}

/// `DELETE /tickets/{id}`: permanent; its rows in reports stay.
pub fn delete(to: &Endpoint, id: &TicketId) -> Ask<()> {
    let call = (Method::DELETE, &["tickets", id.as_str()][..], &[][..]);
    Ask::new(to, "tickets.delete", Does::Overwrite, call, None, nothing)
}

/// Tickets of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Tickets<'c>(pub(crate) &'c Client);

impl<'c> Tickets<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewTicket) -> Pending<'c, Ticket> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`enqueue`].
    pub fn enqueue(self, new: &NewTicket) -> Pending<'c, Job> {
        self.0.pending(enqueue(self.0.endpoint(), new))
    }
    /// See [`get`].
    pub fn get(self, id: &TicketId) -> Pending<'c, Ticket> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`search`].
    pub fn search(self, query: &Query, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Ticket>> {
        self.0.pending(search(self.0.endpoint(), query, per_page, after))
    }
    /// Everything that a search finds.
    pub fn search_all(self, query: Query) -> All<'c, Ticket> {
        All::new(move |after| Box::pin(self.search(&query, MOST_PER_PAGE, after.as_ref()).into_future()))
    }
    /// See [`update`].
    pub fn update(self, id: &TicketId, fields: &TicketUpdate) -> Pending<'c, Ticket> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`reply_as_admin`].
    pub fn reply_as_admin(self, id: &TicketId, reply: AdminReply) -> Pending<'c, ConversationPart> {
        self.0.pending(reply_as_admin(self.0.endpoint(), id, reply))
    }
    /// See [`reply_as_contact`].
    pub fn reply_as_contact(self, id: &TicketId, reply: ContactReply) -> Pending<'c, ConversationPart> {
        self.0.pending(reply_as_contact(self.0.endpoint(), id, reply))
    }
    /// See [`delete`].
    pub fn delete(self, id: &TicketId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
}
