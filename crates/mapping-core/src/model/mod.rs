//! Records of a help desk as the *source* sees them.
//!
//! Ids are newtypes over opaque strings, times are [`jiff`] types, customer text is [`Private`], and what a
//! record could not place is in its `extra`, so that nothing read is dropped silently.

mod content;
mod organisation;
mod people;
mod ticket;

pub use content::{
    Automation, AutomationKind, Category, CategoryScope, Figures, KbArticle, KbCategory, Report, SlaPolicy,
    StandardResponse, Wallboard,
};
pub use organisation::{
    Agent, AgentState, ChannelAccount, Group, Queue, QueueMember, Ticketbox, WeeklyInterval, WorkingHours,
};
pub use people::{Company, Contact, ContactNote};
pub use ticket::{
    Attachment, CallLeg, Channel, ChatLine, Direction, Message, MessageAuthor, Priority, Status, Thread,
    Ticket,
};

use crate::{Private, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a record holds that its type has no place for, by path.
pub type Extra = BTreeMap<String, serde_json::Value>;

/// Custom fields by the source's name for them. The text is as the source wrote it; the mapping gives it a type.
pub type CustomFields = BTreeMap<String, Private>;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);
        impl $name {
            /// The record this id names.
            pub fn source_ref(&self) -> SourceRef {
                SourceRef::new($kind, self.0.clone())
            }
            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl<S: Into<String>> From<S> for $name {
            fn from(id: S) -> Self {
                $name(id.into())
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}
ids! {
    /// Id of an agent.
    AgentId = "agent";
    /// Id of a group.
    GroupId = "group";
    /// Id of a ticketbox.
    TicketboxId = "ticketbox";
    /// Id of a queue.
    QueueId = "queue";
    /// Id of a company.
    CompanyId = "company";
    /// Id of a contact.
    ContactId = "contact";
    /// Id of a category.
    CategoryId = "category";
    /// Id of a ticket; not always its visible number.
    TicketId = "ticket";
    /// Id of a message.
    MessageId = "message";
    /// Id of a call leg.
    CallId = "call";
    /// Id of a chat line.
    ChatLineId = "chat_line";
    /// Id of an attachment.
    AttachmentId = "attachment";
    /// Id of a standard response.
    StandardResponseId = "standard_response";
    /// Id of an SLA policy.
    SlaPolicyId = "sla_policy";
    /// Id of a working-hours profile.
    WorkingHoursId = "working_hours";
    /// Id of a knowledge base category.
    KbCategoryId = "kb_category";
    /// Id of a knowledge base article.
    KbArticleId = "kb_article";
    /// Id of a report.
    ReportId = "report";
    /// Id of an automation: a rule or a sequence.
    AutomationId = "automation";
    /// Id of a wallboard.
    WallboardId = "wallboard";
    /// Id of a channel account.
    ChannelAccountId = "channel_account";
}

macro_rules! records {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $kind:literal;)*) => {
        /// A record of any kind.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", content = "record", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Record { $($(#[$doc])* $name($type),)* }
        impl Record {
            /// Every kind, in dependency order: what others link to comes first.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];
            /// The record's name.
            pub fn key(&self) -> SourceRef {
                match self { $(Record::$name(r) => r.id.source_ref(),)* }
            }
            /// What could not be placed.
            pub fn extra(&self) -> &Extra {
                match self { $(Record::$name(r) => &r.extra,)* }
            }
        }
        $(impl From<$type> for Record {
            fn from(r: $type) -> Self {
                Record::$name(r)
            }
        })*
    };
}
records! {
    /// A person with a user account.
    Agent(Agent) = "agent";
    /// A group of agents.
    Group(Group) = "group";
    /// A profile of working hours.
    WorkingHours(WorkingHours) = "working_hours";
    /// Targets for answers.
    SlaPolicy(SlaPolicy) = "sla_policy";
    /// A shared folder in which mail is collected.
    Ticketbox(Ticketbox) = "ticketbox";
    /// A ticket queue: ticketboxes and agents.
    Queue(Queue) = "queue";
    /// An account of a channel.
    ChannelAccount(ChannelAccount) = "channel_account";
    /// A category of tickets.
    Category(Category) = "category";
    /// A company.
    Company(Company) = "company";
    /// A person who writes to the help desk.
    Contact(Contact) = "contact";
    /// A ticket without its thread.
    Ticket(Ticket) = "ticket";
    /// A message of a ticket.
    Message(Message) = "message";
    /// A leg of a call.
    Call(CallLeg) = "call";
    /// A line of a chat.
    ChatLine(ChatLine) = "chat_line";
    /// A file; its bytes are elsewhere.
    Attachment(Attachment) = "attachment";
    /// A prepared answer.
    StandardResponse(StandardResponse) = "standard_response";
    /// A knowledge base category.
    KbCategory(KbCategory) = "kb_category";
    /// A knowledge base article.
    KbArticle(KbArticle) = "kb_article";
    /// A report.
    Report(Report) = "report";
    /// A rule or a sequence.
    Automation(Automation) = "automation";
    /// A wallboard.
    Wallboard(Wallboard) = "wallboard";
}

impl Record {
    /// The record it belongs to: the ticket of a message, a call, a chat line or a file.
    pub fn parent(&self) -> Option<SourceRef> {
        match self {
            Record::Message(m) => Some(m.ticket.source_ref()),
            Record::Call(c) => Some(c.ticket.source_ref()),
            Record::ChatLine(l) => Some(l.ticket.source_ref()),
            Record::Attachment(a) => a.ticket.as_ref().map(TicketId::source_ref),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_json_and_keeps_its_extra() {
        let mut contact = Contact::new(ContactId::from("7"));
        contact.extra.insert("Mood".into(), serde_json::json!("fine"));
        let record = Record::from(contact);
        let json = serde_json::to_string(&record).unwrap();
        let back: Record = serde_json::from_str(&json).unwrap();
        assert_eq!(back, record);
        assert_eq!(back.key(), SourceRef::new("contact", "7"));
        assert_eq!(back.extra().len(), 1);
    }

    #[test]
    fn debug_of_a_message_shows_none_of_its_text() {
        let message = Message::new("1".into(), "2".into(), crate::Body::plain("secret words"));
        assert!(!format!("{:?}", Record::from(message)).contains("secret"));
    }
}
