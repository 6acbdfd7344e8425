//! `/tickets/{id}/attachments`: files of a ticket as a whole.

use crate::endpoint::{Ask, Does, Endpoint, Payload, json, nothing};
use crate::id::{AgentId, AttachmentId, TicketId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, count, flag, handle, private, text, time};
use connector_http::{Boundary, FilePart, Multipart};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;

answer! {
    /// A file of a ticket.
    Attachment(AttachmentId) {
        /// Its name.
        name "private": Option<Private>;
        /// Its length in bytes.
        size "count": Option<u64>;
        /// Where it is read from, with the token.
        href "text": Option<String>;
        /// Whether customers see it.
        is_public "flag": Option<bool>;
        /// When it came.
        created_time "time": Option<Timestamp>;
        /// Who added it.
        creator_id "link": Option<AgentId>;
    }
}

/// One part named `file`.
pub(crate) fn form(file: FilePart, boundary: Boundary) -> Payload {
    Payload::Form(Multipart::new(boundary).file("file", file))
}

/// `GET /tickets/{id}/attachments`: one page.
pub fn list(to: &Endpoint, ticket: &TicketId, at: At) -> Ask<Page<Attachment>> {
    let path = ["tickets", ticket.as_str(), "attachments"];
    ask(to, "attachments.list", (&path, Vec::new()), (Paging::ATTACHMENTS, at), data)
}

/// `POST /tickets/{id}/attachments`: streams a file. The API doesn't state its bound; what is too large is `TooLarge`.
pub fn create(
    to: &Endpoint,
    ticket: &TicketId,
    file: FilePart,
    public: bool,
    boundary: Boundary,
) -> Ask<Attachment> {
    let query = [("isPublic", public.to_string())];
    let call = (Method::POST, &["tickets", ticket.as_str(), "attachments"][..], &query[..]);
    Ask::new(to, "attachments.create", Does::Create, call, form(file, boundary), json)
}

/// `DELETE /tickets/{id}/attachments/{id}`.
pub fn delete(to: &Endpoint, ticket: &TicketId, id: &AttachmentId) -> Ask<()> {
    let call = (Method::DELETE, &["tickets", ticket.as_str(), "attachments", id.as_str()][..], &[][..]);
    Ask::new(to, "attachments.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Files of tickets.
    Attachments {
        list(ticket: &TicketId, at: At) -> Page<Attachment>;
        create(ticket: &TicketId, file: FilePart, public: bool, boundary: Boundary) -> Attachment;
        delete(ticket: &TicketId, id: &AttachmentId) -> ();
        @all list_all(ticket: &TicketId) -> Attachment = list by ATTACHMENTS;
    }
}
