//! `/tickets/{id}/threads` and `/conversations`: mails and posts. No call makes or imports one.

use crate::endpoint::{Ask, Does, Endpoint, Payload, json};
use crate::id::{ThreadId, TicketId};
use crate::page::{At, Page, Paging, Row, ask, data};
use crate::wire::{Fields, answer, count, flag, handle, private, text, time};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde::Deserialize;

answer! {
    /// A thread: a mail or a post.
    Thread(ThreadId) {
        /// How it came: `EMAIL`, `WEB` …
        channel "text": Option<String>;
        /// `in` or `out`.
        direction "text": Option<String>;
        /// `SUCCESS`, `DRAFT`, `FAILED` …
        status "text": Option<String>;
        /// `public` or `private`.
        visibility "text": Option<String>;
        /// Its text; lists have a summary in its place.
        content "private": Option<Private>;
        /// The beginning of its text.
        summary "private": Option<Private>;
        /// When it came.
        created_time "time": Option<Timestamp>;
        /// Whether it is the ticket's description.
        is_description_thread "flag": Option<bool>;
        /// Whether it has files.
        has_attach "flag": Option<bool>;
        /// How many files it has.
        attachment_count "count": Option<u64>;
    }
}

/// A thread or a comment, as the list of both shows it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Conversation {
    /// Its id: that of a thread or of a comment.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// `thread` or `comment`.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Row for Conversation {
    fn key(&self) -> &str {
        &self.id
    }
}

fn id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    ThreadId::deserialize(from).map(|id| id.to_string())
}

/// `GET /tickets/{id}/threads`: one page, the latest first.
pub fn list(to: &Endpoint, ticket: &TicketId, at: At) -> Ask<Page<Thread>> {
    let path = ["tickets", ticket.as_str(), "threads"];
    ask(to, "threads.list", (&path, Vec::new()), (Paging::THREADS, at), data)
}

/// `GET /tickets/{id}/threads/{id}`, with its text.
pub fn get(to: &Endpoint, ticket: &TicketId, id: &ThreadId) -> Ask<Thread> {
    let call = (Method::GET, &["tickets", ticket.as_str(), "threads", id.as_str()][..], &[][..]);
    Ask::new(to, "threads.get", Does::Get, call, Payload::None, json)
}

/// `GET /tickets/{id}/conversations`: one page of threads and comments together.
pub fn conversations(to: &Endpoint, ticket: &TicketId, at: At) -> Ask<Page<Conversation>> {
    let path = ["tickets", ticket.as_str(), "conversations"];
    ask(to, "threads.conversations", (&path, Vec::new()), (Paging::CONVERSATIONS, at), data)
}

handle! {
    /// Threads of tickets.
    Threads {
        list(ticket: &TicketId, at: At) -> Page<Thread>;
        get(ticket: &TicketId, id: &ThreadId) -> Thread;
        conversations(ticket: &TicketId, at: At) -> Page<Conversation>;
        @all list_all(ticket: &TicketId) -> Thread = list by THREADS;
        @all conversations_all(ticket: &TicketId) -> Conversation = conversations by CONVERSATIONS;
    }
}
