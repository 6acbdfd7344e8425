//! `/tickets/{id}/comments`. Author and time are the token owner's and now; a public one can mail the contact.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{AgentId, CommentId, TicketId, UploadId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, body, flag, handle, private, text, time};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;

answer! {
    /// A comment.
    Comment(CommentId) {
        /// Its text.
        content "private": Option<Private>;
        /// `html` or `plainText`.
        content_type "text": Option<String>;
        /// Whether customers see it.
        is_public "flag": Option<bool>;
        /// When it was written at Desk.
        commented_time "time": Option<Timestamp>;
        /// When it was last changed.
        modified_time "time": Option<Timestamp>;
        /// Who wrote it.
        commenter_id "link": Option<AgentId>;
    }
}

body! {
    /// A comment to be made.
    NewComment {
        /// Files, uploaded right before.
        attachments "attachmentIds": &[UploadId];
    }
}

impl NewComment {
    fn of(content: &str, kind: &str) -> Self {
        let mut new = Self::default();
        new.0.0.insert("content".to_owned(), content.into());
        new.0.0.insert("contentType".to_owned(), kind.into());
        new.0.0.insert("isPublic".to_owned(), false.into());
        new
    }
    /// A private comment in HTML: 32,000 characters at most, markup included. `zsu[@user:…]zsu` in it is a mention.
    pub fn html(content: &str) -> Self {
        Self::of(content, "html")
    }
    /// A private comment in plain text: 32,000 characters at most.
    pub fn plain(content: &str) -> Self {
        Self::of(content, "plainText")
    }
    /// Lets customers see it; that can mail the contact.
    pub fn public(mut self) -> Self {
        self.0.0.insert("isPublic".to_owned(), true.into());
        self
    }
}

/// `GET /tickets/{id}/comments`: one page.
pub fn list(to: &Endpoint, ticket: &TicketId, at: At) -> Ask<Page<Comment>> {
    let path = ["tickets", ticket.as_str(), "comments"];
    ask(
        to,
        "comments.list",
        (&path, vec![("sortBy", "commentedTime".to_owned())]),
        (Paging::COMMENTS, at),
        data,
    )
}

/// `POST /tickets/{id}/comments`.
pub fn create(to: &Endpoint, ticket: &TicketId, new: &NewComment) -> Ask<Comment> {
    let call = (Method::POST, &["tickets", ticket.as_str(), "comments"][..], &[][..]);
    Ask::new(to, "comments.create", Does::Create, call, body(new), json)
}

/// `DELETE /tickets/{id}/comments/{id}`.
pub fn delete(to: &Endpoint, ticket: &TicketId, id: &CommentId) -> Ask<()> {
    let call = (Method::DELETE, &["tickets", ticket.as_str(), "comments", id.as_str()][..], &[][..]);
    Ask::new(to, "comments.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Comments on tickets.
    Comments {
        list(ticket: &TicketId, at: At) -> Page<Comment>;
        create(ticket: &TicketId, new: &NewComment) -> Comment;
        delete(ticket: &TicketId, id: &CommentId) -> ();
        @all list_all(ticket: &TicketId) -> Comment = list by COMMENTS;
    }
}
