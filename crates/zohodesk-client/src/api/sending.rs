//! Calls that reach people or can't be undone. Behind the feature `sending`; a migration has no use for them.

use crate::api::mass::{MassResult, results};
use crate::api::threads::Thread;
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{AgentId, ThreadId, TicketId, UploadId};
use crate::wire::{body, handle};
use http::Method;
use serde_json::json;

body! {
    /// A reply to be sent by mail.
    NewReply {
        /// Copies, separated by commas.
        cc "cc": &str;
        /// Hidden copies, separated by commas.
        bcc "bcc": &str;
        /// The thread it answers.
        in_reply_to "inReplyToThreadId": &ThreadId;
        /// Files, uploaded right before.
        attachments "attachmentIds": &[UploadId];
    }
}

impl NewReply {
    /// A mail in HTML from an address that is configured in the portal.
    pub fn email(from: &str, to: &str, content: &str) -> Self {
        let mut new = Self::default();
        for (key, value) in [
            ("channel", "EMAIL"),
            ("contentType", "html"),
            ("fromEmailAddress", from),
            ("to", to),
            ("content", content),
        ] {
            new.0.0.insert(key.to_owned(), value.into());
        }
        new
    }
}

/// `POST /tickets/{id}/sendReply`: **mails the customer**.
pub fn reply(to: &Endpoint, ticket: &TicketId, new: &NewReply) -> Ask<Thread> {
    let call = (Method::POST, &["tickets", ticket.as_str(), "sendReply"][..], &[][..]);
    Ask::new(to, "sending.reply", Does::Create, call, body(new), json)
}

/// `POST /tickets/{id}/sendDraft`: **mails the customer**.
pub fn draft(to: &Endpoint, ticket: &TicketId, draft: &ThreadId) -> Ask<Thread> {
    let query = [("draftThreadId", draft.to_string())];
    let call = (Method::POST, &["tickets", ticket.as_str(), "sendDraft"][..], &query[..]);
    Ask::new(to, "sending.draft", Does::Create, call, Payload::None, json)
}

/// `POST /closeTickets`: **notifies the customers**; nothing switches that off.
pub fn close(to: &Endpoint, tickets: &[TicketId]) -> Ask<Vec<MassResult>> {
    let call = (Method::POST, &["closeTickets"][..], &[][..]);
    Ask::new(to, "sending.close", Does::Overwrite, call, body(&json!({"ids": tickets})), results)
}

/// `DELETE /agents/{id}`: for good.
pub fn delete_agent(to: &Endpoint, id: &AgentId) -> Ask<()> {
    let call = (Method::DELETE, &["agents", id.as_str()][..], &[][..]);
    Ask::new(to, "sending.delete_agent", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Calls that reach people or can't be undone.
    Sending {
        reply(ticket: &TicketId, new: &NewReply) -> Thread;
        draft(ticket: &TicketId, draft_thread: &ThreadId) -> Thread;
        close(tickets: &[TicketId]) -> Vec<MassResult>;
        delete_agent(id: &AgentId) -> ();
    }
}
