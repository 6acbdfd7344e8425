//! `/tickets`.
//!
//! No call here sends mail by itself; what the portal's notification rules do is another matter. The key that mails on
//! create, `ticketCreationType`, has no setter.

use crate::api::search::{checked, custom_field_search};
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{
    AccountId, AgentId, ContactId, DepartmentId, LayoutId, ProductId, TeamId, TicketId, UploadId, link,
};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{
    Fields, answer, begun_empty, body, count, custom_fields, flag, handle, or_default, private, query, range,
    text, time,
};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde_json::json;

answer! {
    /// A ticket.
    Ticket(TicketId) {
        /// The number that people see.
        ticket_number "text": Option<String>;
        /// What it is about.
        subject "private": Option<Private>;
        /// The first message, as HTML; lists leave it out.
        description "private": Option<Private>;
        /// Its status, a value of the picklist.
        status "text": Option<String>;
        /// What the status counts as: `Open`, `On Hold`, `Closed`.
        status_type "text": Option<String>;
        /// A value of the picklist.
        priority "text": Option<String>;
        /// How it came, a value of the picklist.
        channel "text": Option<String>;
        /// A value of the picklist.
        category "text": Option<String>;
        /// A value of the picklist.
        sub_category "text": Option<String>;
        /// A value of the picklist.
        classification "text": Option<String>;
        /// The requester's address.
        email "private": Option<Private>;
        /// The requester's number.
        phone "private": Option<Private>;
        /// Its department.
        department_id "link": Option<DepartmentId>;
        /// The requester.
        contact_id "link": Option<ContactId>;
        /// The requester's account.
        account_id "link": Option<AccountId>;
        /// The team it is given to.
        team_id "link": Option<TeamId>;
        /// The agent it is given to.
        assignee_id "link": Option<AgentId>;
        /// Its layout.
        layout_id "link": Option<LayoutId>;
        /// When it was made at Desk.
        created_time "time": Option<Timestamp>;
        /// When it was last changed.
        modified_time "time": Option<Timestamp>;
        /// When it was closed.
        closed_time "time": Option<Timestamp>;
        /// When it is due.
        due_date "time": Option<Timestamp>;
        /// How many threads it has.
        thread_count "count": Option<u64>;
        /// How many comments it has.
        comment_count "count": Option<u64>;
        /// How many files it has.
        attachment_count "count": Option<u64>;
        /// Its address for agents, to be used as given.
        web_url "text": Option<String>;
        /// Whether it is in the recycle bin.
        is_trashed "flag": Option<bool>;
        /// Whether it is gone for good.
        is_deleted "flag": Option<bool>;
        /// Whether it counts as spam.
        is_spam "flag": Option<bool>;
        /// Whether it is archived.
        is_archived "flag": Option<bool>;
        /// Custom fields.
        cf "or_default": Fields;
    }
}

macro_rules! ticket_body {
    ($(#[$doc:meta])* $name:ident) => {
        body! {
            $(#[$doc])*
            $name {
                /// The account.
                account "accountId": &AccountId;
                /// The product; `None` is none.
                product "productId": Option<&ProductId>;
                /// The agent; `None` is nobody.
                assignee "assigneeId": Option<&AgentId>;
                /// The team.
                team "teamId": &TeamId;
                /// The requester's address: 150 characters at most.
                email "email": &str;
                /// The requester's number: 120 characters at most.
                phone "phone": &str;
                /// The first message, as HTML: 65,535 characters at most.
                description "description": &str;
                /// The status, a value of the layout's picklist.
                status "status": &str;
                /// A value of the layout's picklist; `None` is none.
                priority "priority": Option<&str>;
                /// How it came, a value of the layout's picklist.
                channel "channel": &str;
                /// The language.
                language "language": &str;
                /// A value of the layout's picklist.
                category "category": &str;
                /// A value of the layout's picklist.
                sub_category "subCategory": &str;
                /// A value of the layout's picklist.
                classification "classification": &str;
                /// When it is due.
                due "dueDate": Timestamp;
                /// How it was solved: 65,535 characters at most.
                resolution "resolution": &str;
                /// Files of the first message, uploaded right before.
                uploads "uploads": &[UploadId];
                /// More contacts: 20 at most.
                secondary_contacts "secondaryContacts": &[ContactId];
                /// An address that goes with it.
                web_url "webUrl": &str;
                /// The layout.
                layout "layoutId": &LayoutId;
            }
        }
        custom_fields!($name);
    };
}

ticket_body! {
    /// A ticket to be made. Number, author and times are Desk's.
    NewTicket
}
ticket_body! {
    /// Fields of a ticket to be written; what isn't set stays as it is.
    TicketUpdate
}
begun_empty!(TicketUpdate);

impl NewTicket {
    /// One about this (1,000 characters at most), in this department, from this contact.
    pub fn new(subject: &str, department: &DepartmentId, contact: &ContactId) -> Self {
        let mut new = Self::default();
        new.0.0.insert("subject".to_owned(), subject.into());
        new.0.0.insert("departmentId".to_owned(), department.as_str().into());
        new.0.0.insert("contactId".to_owned(), contact.as_str().into());
        new
    }
}

impl TicketUpdate {
    /// What it is about.
    pub fn subject(mut self, subject: &str) -> Self {
        self.0.0.insert("subject".to_owned(), subject.into());
        self
    }
    /// The department.
    pub fn department(mut self, id: &DepartmentId) -> Self {
        self.0.0.insert("departmentId".to_owned(), id.as_str().into());
        self
    }
    /// The requester.
    pub fn contact(mut self, id: &ContactId) -> Self {
        self.0.0.insert("contactId".to_owned(), id.as_str().into());
        self
    }
}

query! {
    /// Which tickets, in which order.
    TicketQuery {
        /// Those of these departments: 20 at most.
        departments "departmentIds": &[DepartmentId];
        /// Those of a view.
        view "viewId": &str;
        /// Those with one of these.
        statuses "status": &[&str];
        /// Those with one of these: 20 at most.
        priorities "priority": &[&str];
        /// Those that came by one of these.
        channels "channel": &[&str];
        /// Those of one of these agents.
        assignees "assignee": &[AgentId];
        /// Those of one of these teams.
        teams "teamIds": &[TeamId];
        /// `dueDate`, `createdTime` or `recentThread`; with `-` in front the other way round.
        sort_by "sortBy": &str;
        /// `15`, `30`, `90`, or `-1` for all.
        received_in_days "receivedInDays": &str;
        /// Only these fields: 30 at most.
        fields "fields": &[&str];
        /// More about each: `contacts`, `products`, `departments`, `team`, `assignee`.
        include "include": &[&str];
    }
}

query! {
    /// What tickets are searched for. All conditions hold together.
    TicketSearch {
        /// One of these e-mail addresses: 30 at most.
        emails "email": &[&str];
        /// One of these numbers that people see.
        ticket_numbers "ticketNumber": &[&str];
        /// What it is about.
        subject "subject": &str;
        /// In this department.
        department "departmentId": &DepartmentId;
        /// From one of these contacts.
        contacts "contactId": &[ContactId];
        /// Of one of these accounts.
        accounts "accountId": &[AccountId];
        /// Given to one of these agents.
        assignees "assigneeId": &[AgentId];
        /// With one of these.
        statuses "status": &[&str];
        /// With one of these.
        priorities "priority": &[&str];
        /// That came by this.
        channel "channel": &str;
        /// With this tag: three characters at least.
        tag "tag": &str;
        /// One of these tickets.
        ids "id": &[TicketId];
        /// `relevance`, `createdTime`, `modifiedTime` or `customerResponseTime`; with `-` in front the other way round.
        sort_by "sortBy": &str;
    }
}
custom_field_search!(TicketSearch);

impl TicketSearch {
    /// Made in this range of time.
    pub fn created(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.0.0.insert("createdTimeRange".to_owned(), range(from, to));
        self
    }
    /// Changed in this range of time.
    pub fn modified(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.0.0.insert("modifiedTimeRange".to_owned(), range(from, to));
        self
    }
}

/// Parameters of a search that take several values.
const LISTS: [&str; 8] =
    ["email", "ticketNumber", "contactId", "accountId", "assigneeId", "status", "priority", "id"];

/// `GET /tickets`: one page. Deep pages cost up to a hundred credits; walk by ranges of time in a search instead.
pub fn list(to: &Endpoint, query: &TicketQuery, at: At) -> Ask<Page<Ticket>> {
    ask(to, "tickets.list", (&["tickets"], query.parameters()), (Paging::TICKETS, at), data)
}

/// `GET /tickets/{id}`.
pub fn get(to: &Endpoint, id: &TicketId) -> Ask<Ticket> {
    Ask::new(to, "tickets.get", Does::Get, (Method::GET, &["tickets", id.as_str()], &[]), Payload::None, json)
}

/// `GET /tickets/search`: one page. See [`search`](super::search) for what a value can't hold.
pub fn search(to: &Endpoint, search: &TicketSearch, at: At) -> Ask<Page<Ticket>> {
    let query = search.parameters();
    match checked(&query, &LISTS) {
        Ok(()) => ask(to, "tickets.search", (&["tickets", "search"], query), (Paging::SEARCH, at), data),
        Err(why) => Ask::refused("tickets.search", why, data),
    }
}

/// `POST /tickets`.
pub fn create(to: &Endpoint, new: &NewTicket) -> Ask<Ticket> {
    Ask::new(to, "tickets.create", Does::Create, (Method::POST, &["tickets"], &[]), body(new), json)
}

/// `PATCH /tickets/{id}`, always without the notification that a closing would send.
pub fn update(to: &Endpoint, id: &TicketId, fields: &TicketUpdate) -> Ask<Ticket> {
    let query = [("disableClosureNotification", "true".to_owned())];
    let call = (Method::PATCH, &["tickets", id.as_str()][..], &query[..]);
    Ask::new(to, "tickets.update", Does::Overwrite, call, body(fields), json)
}

/// `POST /tickets/moveToTrash`: kept for 60 days. It doesn't say which of them it moved.
pub fn trash(to: &Endpoint, ids: &[TicketId]) -> Ask<()> {
    let call = (Method::POST, &["tickets", "moveToTrash"][..], &[][..]);
    Ask::new(to, "tickets.trash", Does::Overwrite, call, body(&json!({"ticketIds": ids})), nothing)
}

handle! {
    /// Tickets of the portal.
    Tickets {
        list(query: &TicketQuery, at: At) -> Page<Ticket>;
        get(id: &TicketId) -> Ticket;
        search(search_for: &TicketSearch, at: At) -> Page<Ticket>;
        create(new: &NewTicket) -> Ticket;
        update(id: &TicketId, fields: &TicketUpdate) -> Ticket;
        trash(ids: &[TicketId]) -> ();
        @all list_all(query: &TicketQuery) -> Ticket = list by TICKETS;
        @all search_all(search_for: &TicketSearch) -> Ticket = search by SEARCH;
    }
}
