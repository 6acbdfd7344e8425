//! Tickets and what hangs on them: messages, call legs, chat lines, files.

use super::{
    AgentId, AttachmentId, CallId, CategoryId, ChatLineId, ContactId, CustomFields, Extra, MessageId,
    QueueId, TicketId, TicketboxId,
};
use crate::{Blob, Body, Private};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The state of a ticket. The source documents open, on hold and closed; others were reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Open.
    #[default]
    Open,
    /// Waits for the customer.
    Pending,
    /// Put aside.
    OnHold,
    /// Solved, may come back.
    Resolved,
    /// Closed.
    Closed,
}

/// The priority of a ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Low.
    Low,
    /// Normal.
    #[default]
    Normal,
    /// High.
    High,
    /// Urgent.
    Urgent,
}

/// How a ticket came in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Channel {
    /// E-mail.
    #[default]
    Email,
    /// A telephone call.
    Voice,
    /// Live chat on a web page.
    LiveChat,
    /// Facebook.
    Facebook,
    /// WhatsApp.
    WhatsApp,
    /// Telegram.
    Telegram,
    /// SMS.
    Sms,
}

/// A ticket without its thread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// Id.
    pub id: TicketId,
    /// The number people see; may be another one than the id, and may be used twice after a merge.
    pub number: Option<String>,
    /// Subject.
    pub subject: Option<Private>,
    /// State.
    pub status: Status,
    /// Priority.
    pub priority: Option<Priority>,
    /// Channel.
    pub channel: Channel,
    /// Box.
    #[serde(default)]
    pub ticketbox: Option<TicketboxId>,
    /// Queue.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// Agent it is assigned to.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// The person who asked.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// Created.
    pub created_at: Option<Timestamp>,
    /// Last changed.
    #[serde(default)]
    pub modified_at: Option<Timestamp>,
    /// First answered.
    #[serde(default)]
    pub first_response_at: Option<Timestamp>,
    /// Assigned.
    #[serde(default)]
    pub assigned_at: Option<Timestamp>,
    /// Resolved.
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
    /// Closed.
    #[serde(default)]
    pub closed_at: Option<Timestamp>,
    /// When a ticket on hold wakes up.
    #[serde(default)]
    pub wakes_at: Option<Timestamp>,
    /// Categories.
    #[serde(default)]
    pub categories: Vec<CategoryId>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// How many messages the source says it has.
    #[serde(default)]
    pub message_count: Option<u64>,
    /// The ticket it was merged into.
    #[serde(default)]
    pub merged_into: Option<TicketId>,
    /// In the bin.
    #[serde(default)]
    pub deleted: bool,
    /// Marked as spam.
    #[serde(default)]
    pub spam: bool,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}
impl Ticket {
    /// An open e-mail ticket of which only the id is known.
    pub fn new(id: TicketId) -> Self {
        Ticket {
            id,
            number: None,
            subject: None,
            status: Status::Open,
            priority: None,
            channel: Channel::Email,
            ticketbox: None,
            queue: None,
            agent: None,
            contact: None,
            created_at: None,
            modified_at: None,
            first_response_at: None,
            assigned_at: None,
            resolved_at: None,
            closed_at: None,
            wakes_at: None,
            categories: Vec::new(),
            custom: CustomFields::new(),
            message_count: None,
            merged_into: None,
            deleted: false,
            spam: false,
            extra: Extra::new(),
        }
    }
}

/// Which way a message went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From outside to the help desk.
    #[default]
    In,
    /// From the help desk to outside.
    Out,
    /// A note among agents.
    Note,
    /// Written by the help desk software.
    System,
}

/// Who a message is from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MessageAuthor {
    /// The agent, when it was one.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// The contact, when it was one.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// Name as written.
    #[serde(default)]
    pub name: Option<Private>,
    /// Address as written.
    #[serde(default)]
    pub email: Option<Private>,
}

/// A message of a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Id.
    pub id: MessageId,
    /// Ticket.
    pub ticket: TicketId,
    /// Direction.
    pub direction: Direction,
    /// Author.
    #[serde(default)]
    pub author: MessageAuthor,
    /// Recipients.
    #[serde(default)]
    pub to: Vec<Private>,
    /// Copies.
    #[serde(default)]
    pub cc: Vec<Private>,
    /// Its own subject.
    #[serde(default)]
    pub subject: Option<Private>,
    /// Sent.
    #[serde(default)]
    pub sent_at: Option<Timestamp>,
    /// Received.
    #[serde(default)]
    pub received_at: Option<Timestamp>,
    /// Text.
    pub body: Body,
    /// `Message-ID` header.
    #[serde(default)]
    pub message_id: Option<Private>,
    /// `In-Reply-To` header.
    #[serde(default)]
    pub in_reply_to: Option<Private>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}
impl Message {
    /// An incoming message of which only the text is known.
    pub fn new(id: MessageId, ticket: TicketId, body: Body) -> Self {
        Message {
            id,
            ticket,
            direction: Direction::In,
            author: MessageAuthor::default(),
            to: Vec::new(),
            cc: Vec::new(),
            subject: None,
            sent_at: None,
            received_at: None,
            body,
            message_id: None,
            in_reply_to: None,
            extra: Extra::new(),
        }
    }
}

/// A leg of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallLeg {
    /// Id.
    pub id: CallId,
    /// Ticket.
    pub ticket: TicketId,
    /// Direction.
    pub direction: Direction,
    /// Agent.
    #[serde(default)]
    pub agent: Option<AgentId>,
    /// Queue.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// Calling number.
    #[serde(default)]
    pub from: Option<Private>,
    /// Called number.
    #[serde(default)]
    pub to: Option<Private>,
    /// Began to ring.
    #[serde(default)]
    pub started_at: Option<Timestamp>,
    /// Answered.
    #[serde(default)]
    pub answered_at: Option<Timestamp>,
    /// Ended.
    #[serde(default)]
    pub ended_at: Option<Timestamp>,
    /// Duration in seconds.
    #[serde(default)]
    pub duration_seconds: Option<u64>,
    /// How it ended, in the source's word.
    #[serde(default)]
    pub disposition: Option<String>,
    /// Where the recording is.
    #[serde(default)]
    pub recording: Option<Private>,
    /// What the agent wrote about it.
    #[serde(default)]
    pub note: Option<Private>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A line of a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChatLine {
    /// Id; made of the ticket's id and the line's place when the source has none.
    pub id: ChatLineId,
    /// Ticket.
    pub ticket: TicketId,
    /// From whom: in, out, system.
    pub direction: Direction,
    /// Author.
    #[serde(default)]
    pub author: MessageAuthor,
    /// When.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// Text.
    pub text: Private,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A file on a ticket.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attachment {
    /// Id.
    pub id: AttachmentId,
    /// Ticket.
    #[serde(default)]
    pub ticket: Option<TicketId>,
    /// Message.
    #[serde(default)]
    pub message: Option<MessageId>,
    /// Line of a chat.
    #[serde(default)]
    pub chat_line: Option<ChatLineId>,
    /// Name as given.
    pub name: Private,
    /// Media type as given.
    pub mime: String,
    /// Size in bytes as the source declares it.
    #[serde(default)]
    pub declared_size: Option<u64>,
    /// The bytes, once they were read; `None` when they are missing at the source.
    #[serde(default)]
    pub blob: Option<Blob>,
    /// `Content-ID`, for images inside HTML.
    #[serde(default)]
    pub content_id: Option<Private>,
    /// Shown inside the text.
    #[serde(default)]
    pub inline: bool,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A ticket with its whole thread: what the mapping of a ticket starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thread {
    /// The ticket.
    pub ticket: Ticket,
    /// Its messages, as the source ordered them.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// Its call legs.
    #[serde(default)]
    pub calls: Vec<CallLeg>,
    /// Its chat.
    #[serde(default)]
    pub chat: Vec<ChatLine>,
    /// Its files.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// Tickets that were merged into it.
    #[serde(default)]
    pub merged: Vec<Ticket>,
}
