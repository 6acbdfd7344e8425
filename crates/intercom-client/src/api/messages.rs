//! Calls that reach people: feature `sending`. The sink's transport refuses every one of them.

use crate::api::conversations::Conversation;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, ContactId, ConversationId};
use crate::wire::{Fields, number};
use connector_http::Body;
use http::Method;
use serde_json::json;

/// `POST /messages`: an in-app message from an admin, delivered to the contact.
pub fn send(to: &Endpoint, from: &AdminId, contact: &ContactId, body: &str) -> Ask<Fields> {
    let body = Body::json(&json!({"message_type": "in_app", "body": body,
        "from": {"type": "admin", "id": number(from.as_str())}, "to": {"type": "user", "id": contact.as_str()}}));
    Ask::new(to, "messages.send", Does::Create, (Method::POST, &["messages"], &[]), Some(body), json)
}

/// `POST /conversations/{id}/parts` that closes a thread with words the customer sees.
pub fn close_with(to: &Endpoint, id: &ConversationId, by: &AdminId, body: &str) -> Ask<Conversation> {
    let body =
        Body::json(&json!({"message_type": "close", "type": "admin", "admin_id": by.as_str(), "body": body}));
    let call = (Method::POST, &["conversations", id.as_str(), "parts"][..], &[][..]);
    Ask::new(to, "messages.close_with", Does::Create, call, Some(body), json)
}

/// `POST /conversations/{id}/reply` with buttons to choose from, each a label.
pub fn quick_reply(to: &Endpoint, id: &ConversationId, by: &AdminId, labels: &[&str]) -> Ask<Conversation> {
    let options: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(n, text)| json!({"text": text, "uuid": format!("option-{n}")}))
        .collect();
    let body = Body::json(&json!({"message_type": "quick_reply", "type": "admin", "admin_id": by.as_str(),
        "reply_options": options}));
    let call = (Method::POST, &["conversations", id.as_str(), "reply"][..], &[][..]);
    Ask::new(to, "messages.quick_reply", Does::Create, call, Some(body), json)
}

/// `POST /phone_call_redirects`: sends an SMS with the address of the Messenger to a telephone number.
pub fn redirect_phone_call(to: &Endpoint, phone: &str) -> Ask<Fields> {
    let body = Body::json(&json!({"phone": phone}));
    let call = (Method::POST, &["phone_call_redirects"][..], &[][..]);
    Ask::new(to, "messages.redirect_phone_call", Does::Create, call, Some(body), json)
}

/// `POST /contacts/{id}/block`: nothing of what the person sends arrives any more, and their conversations are archived.
/// No call takes it back.
pub fn block(to: &Endpoint, id: &ContactId) -> Ask<()> {
    let call = (Method::POST, &["contacts", id.as_str(), "block"][..], &[][..]);
    Ask::new(to, "messages.block", Does::Overwrite, call, None, nothing)
}

/// Calls that reach people.
#[derive(Clone, Copy, Debug)]
pub struct Messages<'c>(pub(crate) &'c Client);

impl<'c> Messages<'c> {
    /// See [`send`].
    pub fn send(self, from: &AdminId, contact: &ContactId, body: &str) -> Pending<'c, Fields> {
        self.0.pending(send(self.0.endpoint(), from, contact, body))
    }
    /// See [`close_with`].
    pub fn close_with(self, id: &ConversationId, by: &AdminId, body: &str) -> Pending<'c, Conversation> {
        self.0.pending(close_with(self.0.endpoint(), id, by, body))
    }
    /// See [`quick_reply`].
    pub fn quick_reply(
        self,
        id: &ConversationId,
        by: &AdminId,
        labels: &[&str],
    ) -> Pending<'c, Conversation> {
        self.0.pending(quick_reply(self.0.endpoint(), id, by, labels))
    }
    /// See [`redirect_phone_call`].
    pub fn redirect_phone_call(self, phone: &str) -> Pending<'c, Fields> {
        self.0.pending(redirect_phone_call(self.0.endpoint(), phone))
    }
    /// See [`block`].
    pub fn block(self, id: &ContactId) -> Pending<'c, ()> {
        self.0.pending(block(self.0.endpoint(), id))
    }
}
