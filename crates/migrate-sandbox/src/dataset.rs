//! A help desk as FocalScope holds it: the data set that the stand-in serves, the generator and the mail loader make,
//! and the judge expects to find again.
//!
//! Ids are numbers, unique within their kind. References point to ids and may dangle: a real help desk's do. Every field
//! that a JSON file leaves out takes its default, so a data set written by hand can be short; a field it does not know
//! is an error.

mod content;
mod inventory;
mod library;
mod service;
mod words;

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use content::{Content, Drawn, Prose, Text};
pub use inventory::{Automation, ChannelAccount, Report, ReportRow, Wallboard};
pub use library::{KbArticle, KbCategory, StandardResponse};
pub use service::{Interval, SlaProfile, WorkingHours};
pub use words::{
    AgentState, AuthorKind, AutomationKind, Channel, ContentType, Direction, FieldType, NoDate, Priority,
    Status,
};

/// A whole help desk.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dataset {
    /// Everybody with a user account.
    pub agents: Vec<Agent>,
    /// Security groups.
    pub groups: Vec<Group>,
    /// Shared folders in which mail is collected; they form a tree.
    pub ticketboxes: Vec<Ticketbox>,
    /// Objects that join ticketboxes and agents.
    pub queues: Vec<Queue>,
    /// Organisations.
    pub companies: Vec<Company>,
    /// Customers.
    pub contacts: Vec<Contact>,
    /// Categories of tickets.
    pub categories: Vec<Category>,
    /// Tickets with their messages, calls and chats.
    pub tickets: Vec<Ticket>,
    /// Texts to answer with.
    pub standard_responses: Vec<StandardResponse>,
    /// What is promised to customers.
    pub sla_profiles: Vec<SlaProfile>,
    /// When people work.
    pub working_hours: Vec<WorkingHours>,
    /// Categories of the knowledge base; they form a tree.
    pub kb_categories: Vec<KbCategory>,
    /// Articles of the knowledge base.
    pub kb_articles: Vec<KbArticle>,
    /// Shared reports.
    pub reports: Vec<Report>,
    /// Rules and sequences.
    pub automations: Vec<Automation>,
    /// Figures on walls.
    pub wallboards: Vec<Wallboard>,
    /// Accounts through which customers come in.
    pub channel_accounts: Vec<ChannelAccount>,
}

impl Dataset {
    /// Reads a data set from a JSON file.
    ///
    /// # Errors
    /// The file can't be read, is not JSON, or has a field that a data set has not.
    pub fn load(path: &Path) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        Ok(serde_json::from_reader(io::BufReader::new(file))?)
    }

    /// Writes the data set as JSON.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn write(&self, to: impl io::Write) -> io::Result<()> {
        Ok(serde_json::to_writer_pretty(to, self)?)
    }

    /// Puts each record of `changes` in the place of the one with the same id, or at the end.
    pub fn put(&mut self, changes: Self) {
        put(&mut self.agents, changes.agents, |agent| agent.id);
        put(&mut self.groups, changes.groups, |group| group.id);
        put(&mut self.ticketboxes, changes.ticketboxes, |ticketbox| ticketbox.id);
        put(&mut self.queues, changes.queues, |queue| queue.id);
        put(&mut self.companies, changes.companies, |company| company.id);
        put(&mut self.contacts, changes.contacts, |contact| contact.id);
        put(&mut self.categories, changes.categories, |category| category.id);
        put(&mut self.tickets, changes.tickets, |ticket| ticket.id);
        put(&mut self.standard_responses, changes.standard_responses, |response| response.id);
        put(&mut self.sla_profiles, changes.sla_profiles, |profile| profile.id);
        put(&mut self.working_hours, changes.working_hours, |profile| profile.id);
        put(&mut self.kb_categories, changes.kb_categories, |category| category.id);
        put(&mut self.kb_articles, changes.kb_articles, |article| article.id);
        put(&mut self.reports, changes.reports, |report| report.id);
        put(&mut self.automations, changes.automations, |automation| automation.id);
        put(&mut self.wallboards, changes.wallboards, |wallboard| wallboard.id);
        put(&mut self.channel_accounts, changes.channel_accounts, |account| account.id);
    }

    /// The ticket with this id.
    #[must_use]
    pub fn ticket(&self, id: u64) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.id == id)
    }

    /// The contact with this id.
    #[must_use]
    pub fn contact(&self, id: u64) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.id == id)
    }

    /// The agent with this id.
    #[must_use]
    pub fn agent(&self, id: u64) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.id == id)
    }
}

fn put<T>(held: &mut Vec<T>, changes: Vec<T>, id: impl Fn(&T) -> u64) {
    for change in changes {
        match held.iter_mut().find(|record| id(record) == id(&change)) {
            Some(record) => *record = change,
            None => held.push(change),
        }
    }
}

/// Somebody with a user account.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// Unique among agents.
    pub id: u64,
    /// The name to log in with; FocalScope asks for one.
    pub login: String,
    /// The name to show.
    pub name: String,
    /// FocalScope does not ask for one.
    pub email: Option<String>,
    /// Whether the account can be used.
    pub state: AgentState,
    /// Ids of the groups the agent belongs to.
    pub groups: Vec<u64>,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    /// Unique among groups.
    pub id: u64,
    /// The name to show.
    pub name: String,
}

/// A shared folder in which mail is collected.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticketbox {
    /// Unique among ticketboxes.
    pub id: u64,
    /// The name to show; not the path.
    pub name: String,
    /// Id of the folder around this one.
    pub parent: Option<u64>,
    /// Address of the mail account that fills it.
    pub mail_account: Option<String>,
    /// Id of the SLA profile set on it.
    pub sla_profile: Option<u64>,
    /// Id of the working-hours profile set on it.
    pub working_hours: Option<u64>,
}

/// An object that hands the tickets of ticketboxes to agents.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Unique among queues.
    pub id: u64,
    /// The name to show; two queues may share one.
    pub name: String,
    /// Ids of the ticketboxes that feed it.
    pub ticketboxes: Vec<u64>,
    /// The agents who take from it.
    pub members: Vec<QueueMember>,
    /// The most tickets it may hold; none means no limit.
    pub max_tickets: Option<u32>,
    /// Routing, time-outs and equalizers, in the help desk's words.
    pub rules: Vec<String>,
}

/// An agent's place in a queue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueMember {
    /// Id of the agent.
    pub agent: u64,
    /// The most tickets of this queue the agent may hold; none means no limit.
    pub max: Option<u32>,
}

/// An organisation that contacts belong to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Company {
    /// Unique among companies.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// Mail domains of its people.
    pub domains: Vec<String>,
}

/// A customer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contact {
    /// Unique among contacts.
    pub id: u64,
    /// The name to show; may be empty.
    pub name: String,
    /// Mail addresses as they were typed; the first is the main one.
    pub emails: Vec<String>,
    /// Telephone numbers as they were typed; the first is the main one.
    pub phones: Vec<String>,
    /// Id of the company.
    pub company: Option<u64>,
    /// Fields the help desk added.
    pub custom_fields: Vec<CustomField>,
    /// What agents wrote about this person.
    pub notes: Vec<ContactNote>,
    /// Where the person lives.
    pub address: Option<String>,
    /// The person asked not to be written to.
    pub opted_out: bool,
    /// What the person sends is refused.
    pub blocked: bool,
    /// Mail to the person came back.
    pub bounced: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
}

/// What an agent wrote about a contact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContactNote {
    /// Id of the agent.
    pub agent: Option<u64>,
    /// When it was written.
    pub at: Option<Timestamp>,
    /// Plain text.
    pub text: String,
}

/// A field the help desk added, with its value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomField {
    /// Name of the field.
    pub name: String,
    /// The declared type.
    #[serde(rename = "type")]
    pub kind: FieldType,
    /// The value as typed; may disagree with the type.
    pub value: Option<String>,
}

/// A category of tickets: a named list of values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Category {
    /// Unique among categories.
    pub id: u64,
    /// The name to show; two scopes may share one.
    pub name: String,
    /// The values to choose from; may hold commas and quotes.
    pub values: Vec<String>,
    /// Whether a ticket may have several values.
    pub multi: bool,
    /// Id of the ticketbox it belongs to; none means all.
    pub scope: Option<u64>,
    /// Whether it can still be chosen. Tickets keep values of inactive ones.
    pub active: bool,
}

/// A ticket with everything that hangs on it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ticket {
    /// Unique among tickets.
    pub id: u64,
    /// The number that people see; not the id, and not always unique.
    pub number: String,
    /// One line of text; may be empty.
    pub subject: String,
    /// Where it stands.
    pub status: Status,
    /// How urgent it is.
    pub priority: Priority,
    /// How the customer came in.
    pub channel: Channel,
    /// Id of the ticketbox it lies in.
    pub ticketbox: Option<u64>,
    /// Id of the queue that handed it out.
    pub queue: Option<u64>,
    /// Id of the agent it is assigned to.
    pub agent: Option<u64>,
    /// Id of the customer.
    pub contact: Option<u64>,
    /// When it was opened.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// When it was assigned to its agent.
    pub assigned: Option<Timestamp>,
    /// When the customer first got an answer.
    pub first_response: Option<Timestamp>,
    /// When it was resolved.
    pub resolved: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// When a ticket on hold comes back by itself.
    pub wakes: Option<Timestamp>,
    /// How the times above that are absent are sent.
    pub absent_times_as: NoDate,
    /// Values chosen from categories.
    pub categories: Vec<TicketCategory>,
    /// Fields the help desk added.
    pub custom_fields: Vec<CustomField>,
    /// Id of the ticket this one was merged into. Its messages stay here.
    pub merged_into: Option<u64>,
    /// Lies in the "deleted" tab.
    pub deleted: bool,
    /// Was marked as spam.
    pub spam: bool,
    /// The thread in the order in which FocalScope lists it, which need not be that of time.
    pub messages: Vec<Message>,
    /// Legs of telephone calls.
    pub calls: Vec<CallLeg>,
    /// Lines of a live chat.
    pub chat: Vec<ChatLine>,
}

impl Ticket {
    /// Every attachment of the ticket's messages and chat lines.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        let messages = self.messages.iter().flat_map(|message| &message.attachments);
        messages.chain(self.chat.iter().flat_map(|line| &line.attachments))
    }
}

/// The values a ticket has of one category.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TicketCategory {
    /// Id of the category.
    pub category: u64,
    /// The values; one unless the category allows several.
    pub values: Vec<String>,
}

/// Who wrote something.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Author {
    /// Contact, agent or the help desk.
    pub kind: AuthorKind,
    /// Id of the contact or agent; may be absent for people FocalScope does not know.
    pub id: Option<u64>,
    /// The address at the time of writing.
    pub email: Option<String>,
    /// The name at the time of writing.
    pub name: String,
}

/// One message of a thread.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Message {
    /// Unique among the messages of all tickets.
    pub id: u64,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// Addresses it was sent to.
    pub to: Vec<String>,
    /// Addresses in copy.
    pub cc: Vec<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// How that is written instead of as a wall-clock time of the server: one that no clock showed, or one with an
    /// offset. `sent_at` is then what it means in the stand-in's own zone.
    pub sent_as: Option<String>,
    /// Its own subject, when that is not the ticket's.
    pub subject: Option<String>,
    /// Format of the body.
    pub content_type: ContentType,
    /// What was written.
    pub body: Text,
    /// The `Message-ID` header without angle brackets.
    pub message_id: Option<String>,
    /// The `In-Reply-To` header without angle brackets.
    pub in_reply_to: Option<String>,
    /// Files that came with it.
    pub attachments: Vec<Attachment>,
}

/// A file on a message or a line of chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Attachment {
    /// Unique among the attachments of all tickets.
    pub id: u64,
    /// The name it came with; may be empty, a path, or not ASCII.
    pub name: String,
    /// The MIME type it came with; may be wrong.
    pub mime: String,
    /// The `Content-ID` header without angle brackets.
    pub content_id: Option<String>,
    /// Shown inside the body by its `cid:`.
    pub inline: bool,
    /// The bytes.
    pub content: Content,
    /// Listed, but its bytes are gone.
    pub missing: bool,
    /// What the help desk says the size is, when that is not true.
    pub said_size: Option<u64>,
}

impl Attachment {
    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// The number of bytes that the help desk says there are.
    #[must_use]
    pub fn declared_size(&self) -> u64 {
        self.said_size.unwrap_or_else(|| self.size())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.content.bytes()
    }
}

/// One leg of a telephone call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallLeg {
    /// Unique among call legs.
    pub id: u64,
    /// The identifier of the telephone switch.
    pub uuid: String,
    /// Who called whom.
    pub direction: Direction,
    /// Id of the queue the call waited in.
    pub queue: Option<u64>,
    /// Id of the agent who took it.
    pub agent: Option<u64>,
    /// Number that called.
    pub from: String,
    /// Number that was called.
    pub to: String,
    /// When it began to ring.
    pub started: Option<Timestamp>,
    /// When somebody answered.
    pub answered: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Length of the talk in seconds.
    pub duration: u32,
    /// How it ended, in the help desk's own words.
    pub disposition: String,
    /// Where the recording can be fetched.
    pub recording_url: Option<String>,
    /// What the agent noted.
    pub note: Option<String>,
}

/// One line of a live chat.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChatLine {
    /// Who wrote it.
    pub author: Author,
    /// When.
    pub at: Option<Timestamp>,
    /// What, as plain text.
    pub text: String,
    /// Files sent with it.
    pub attachments: Vec<Attachment>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_file_by_hand_takes_defaults_and_survives_a_round_trip() {
        let text = r#"{"tickets": [{"id": 7, "number": "FS-7", "status": "On Hold", "priority": "Whenever",
            "created": "2026-01-02T03:04:05Z",
            "messages": [{"id": 1, "body": "hello", "attachments":
                [{"id": 3, "name": "a.bin", "content": {"base64": "AP8="}},
                 {"id": 4, "name": "b.bin", "content": {"drawn": {"seed": 5, "size": 10}}}]}]}]}"#;
        let read: Dataset = serde_json::from_str(text).unwrap();
        let ticket = read.ticket(7).unwrap();
        assert_eq!(ticket.status, Status::OnHold);
        assert_eq!(ticket.priority, Priority::Other("Whenever".into()));
        assert_eq!(ticket.messages[0].body.text(), "hello");
        assert_eq!(ticket.messages[0].attachments[0].bytes(), [0, 255]);
        assert_eq!(ticket.messages[0].attachments[1].bytes().len(), 10);
        let mut written = Vec::new();
        read.write(&mut written).unwrap();
        assert_eq!(serde_json::from_slice::<Dataset>(&written).unwrap(), read);
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        assert!(serde_json::from_str::<Dataset>(r#"{"tickets": [{"id": 7, "numbr": "x"}]}"#).is_err());
    }
}
