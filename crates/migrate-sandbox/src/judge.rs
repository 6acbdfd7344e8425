//! Compares what a stand-in holds with what the source held: lost, doubled, out of order, different.
//!
//! The expectations are written from the platforms' sheets and the data set alone; of the migrating tool it reads only the
//! list of what the tool says it lost or held back. What is on that list counts as explained, and only that: an entry
//! must name the record, and the field unless it speaks of the whole record.

mod assignment;
mod company;
mod expect;
mod explain;
mod hours;
mod html;
mod known;
mod library;
mod people;
mod text;
mod thread;
mod ticket;
mod tree;
mod values;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Ticket};
use crate::intercom::Intercom;
use crate::intercom::store::{About, Conversation, Workspace};
use expect::Source;
use explain::Explanations;

/// Findings that a verdict holds in full; all of them are counted.
pub const MOST_FINDINGS: usize = 1000;

/// One entry of the migrating tool's lists of losses and quarantined records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// `ticket`, `message`, `attachment`, `call`, `contact`, `company`, `kb_category`, `kb_article` or `working_hours`.
    pub kind: String,
    /// Id at the source; for tickets the number does too.
    pub id: String,
    /// The field, in the tool's words; none for the whole record.
    #[serde(default)]
    pub field: Option<String>,
    /// Why, in the tool's words.
    #[serde(default)]
    pub rule: String,
}

/// What attribute and tag names the run used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Attribute of conversations that holds the ticket.
    pub key_attribute: String,
    /// What that attribute holds.
    pub key: Key,
    /// Attribute that holds the channel; none: not compared.
    pub channel_attribute: Option<String>,
    /// Attribute that holds the priority; none: not compared.
    pub priority_attribute: Option<String>,
    /// Attribute that holds the time of closing; none: not compared.
    pub closed_attribute: Option<String>,
    /// Attribute that holds the time of assignment; none: not compared.
    pub assigned_attribute: Option<String>,
    /// Attribute of contacts that holds the contact's id at the source.
    pub contact_attribute: String,
    /// Names of the attributes that hold categories, by category id; without an entry any attribute may hold the value.
    pub category_attributes: BTreeMap<u64, String>,
    /// Names of the attributes that hold other fields, by the name that findings give them, such as
    /// `custom_fields.Order no.`, `call.duration` or `company`; without an entry any attribute may hold the value.
    pub field_attributes: BTreeMap<String, String>,
    /// Tag that every conversation and article of the run carries, by its whole name, such as `migration: pilot`; none:
    /// not compared.
    pub batch_tag: Option<String>,
    /// Id of the teammate who stands for agents without one; the owner of the token when absent.
    pub placeholder_admin: Option<u64>,
    /// Whether only a part of the tickets was moved on purpose; then those that are absent are not lost.
    pub partial: bool,
    /// Ids of conversations that were there before the run.
    pub known_conversations: Vec<String>,
    /// Whether articles that readers of the source see are to be published; else all are drafts.
    pub publish_articles: bool,
    /// Name of the collection of articles without a category.
    pub default_collection: String,
    /// Whether nothing but tickets and contacts was moved on purpose.
    pub only_tickets: bool,
}

impl Default for Options {
    fn default() -> Self {
        let named = |name: &str| Some(name.to_owned());
        Self {
            key_attribute: "focalscope_ticket_id__c".into(),
            key: Key::Number,
            channel_attribute: named("channel_source__c"),
            priority_attribute: named("focalscope_priority__c"),
            closed_attribute: named("focalscope_closed_at__c"),
            assigned_attribute: named("focalscope_assigned_at__c"),
            contact_attribute: "focalscope_contact_id__c".into(),
            category_attributes: BTreeMap::new(),
            field_attributes: BTreeMap::new(),
            batch_tag: None,
            placeholder_admin: None,
            partial: false,
            known_conversations: Vec::new(),
            publish_articles: false,
            default_collection: "FocalScope".into(),
            only_tickets: false,
        }
    }
}

impl Options {
    /// Attributes that hold something else than custom fields.
    fn known_attributes(&self) -> Vec<&str> {
        let named = [
            &self.channel_attribute,
            &self.priority_attribute,
            &self.closed_attribute,
            &self.assigned_attribute,
        ];
        let named = named.into_iter().flatten().chain(self.category_attributes.values());
        named.chain([&self.key_attribute, &self.contact_attribute]).map(String::as_str).collect()
    }
}

/// What the key attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Key {
    /// The number that people see.
    Number,
    /// The id.
    Id,
}

/// The kinds of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// At the source and not at the destination.
    Lost,
    /// At the destination more often than at the source.
    Doubled,
    /// There, in the wrong place of its thread.
    OutOfOrder,
    /// There, with a field that differs.
    FieldDifference,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The kind of finding.
    pub what: What,
    /// Kind of the record: at the source `ticket`, `message`, `attachment`, `call`, `contact`, `contact_note`, `company`,
    /// `kb_category`, `kb_article`, `working_hours`; at the destination, when nothing explains it there, `conversation`,
    /// `contact_note`, `company`, `collection`, `article`, `internal_article`, `office_hours`.
    pub kind: &'static str,
    /// Id of the record: at the source, or at the destination when the source has none.
    pub id: String,
    /// The field.
    pub field: String,
    /// Expected and found. Texts are given by length alone.
    pub detail: String,
}

/// Sizes of the source: of tickets that are to be moved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SourceCounts {
    /// Tickets.
    pub tickets: u64,
    /// Messages and lines of chat.
    pub messages: u64,
    /// Contacts of these tickets.
    pub contacts: u64,
    /// Files.
    pub attachments: u64,
    /// Sum of their sizes.
    pub attachment_bytes: u64,
    /// Companies of contacts that arrived.
    pub companies: u64,
    /// Notes on contacts that arrived.
    pub contact_notes: u64,
    /// Categories of the knowledge base.
    pub collections: u64,
    /// Articles, each language by itself.
    pub articles: u64,
    /// Working hours.
    pub office_hours: u64,
}

/// Sizes of the destination.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct DestinationCounts {
    /// Conversations.
    pub conversations: u64,
    /// Opening messages and parts with a body.
    pub parts: u64,
    /// Contacts.
    pub contacts: u64,
    /// Files.
    pub files: u64,
    /// Companies.
    pub companies: u64,
    /// Notes on contacts.
    pub contact_notes: u64,
    /// Collections.
    pub collections: u64,
    /// Articles, internal ones too, each language by itself.
    pub articles: u64,
    /// Schedules of office hours.
    pub office_hours: u64,
}

/// What the judge found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Sizes of the source.
    pub source: SourceCounts,
    /// Sizes of the destination.
    pub destination: DestinationCounts,
    /// Records and files that are missing.
    pub lost: u64,
    /// Records and files that are there too often, and conversations that no ticket explains.
    pub doubled: u64,
    /// Messages in the wrong place.
    pub out_of_order: u64,
    /// Fields that differ.
    pub field_differences: u64,
    /// Fields that were compared.
    pub fields_compared: u64,
    /// Findings that the tool's own lists explain.
    pub explained: u64,
    /// These, by kind of record and field.
    pub explained_fields: BTreeMap<String, u64>,
    /// Messages to customers.
    pub notifications: u64,
    /// Messages to teammates.
    pub teammate_notifications: u64,
    /// Starts of automations.
    pub workflow_triggers: u64,
    /// Calls that no migration may make.
    pub denied_calls: u64,
    /// How often requests carried keys in vain.
    pub ignored_keys_total: u64,
    /// These keys, with their number; [`crate::journal::MOST_KEYS`] different ones.
    pub ignored_keys: BTreeMap<String, u64>,
    /// The first [`MOST_FINDINGS`] findings that nothing explains.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// Whether nothing is lost, doubled, out of order or different.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.out_of_order + self.field_differences == 0
    }
}

/// Compares the stand-in with the source.
#[must_use]
pub fn judge(dataset: &Dataset, intercom: &Intercom, explained: &[Explained], options: &Options) -> Verdict {
    let state = intercom.state();
    let inner = intercom.lock();
    let mut court = Court {
        source: Source::new(dataset),
        by_source_id: people::by_source_id(&inner.ws, &options.contact_attribute),
        ws: &inner.ws,
        first_call: inner.journal.entries.first().map(|entry| entry.at),
        options,
        explanations: Explanations::new(explained),
        verdict: Verdict::default(),
    };
    court.verdict.destination = DestinationCounts {
        conversations: state.conversations,
        parts: state.messages,
        contacts: state.contacts,
        files: state.files,
        companies: state.companies,
        contact_notes: inner.ws.notes.values().filter(|it| matches!(it.about, About::Contact(_))).count()
            as u64,
        collections: state.collections,
        articles: inner.ws.library.articles.values().map(|it| it.contents.len() as u64).sum::<u64>()
            + state.internal_articles,
        office_hours: state.office_hours,
    };
    court.hear();
    let mut verdict = court.verdict;
    verdict.notifications = inner.journal.notifications.count;
    verdict.teammate_notifications = inner.journal.teammate_notifications.count;
    verdict.workflow_triggers = inner.journal.workflow_triggers.count;
    verdict.denied_calls = inner.journal.denied_calls.count;
    verdict.ignored_keys_total = inner.journal.ignored_keys_total;
    verdict.ignored_keys.clone_from(&inner.journal.ignored_keys);
    verdict
}

/// Everything a comparison looks at, and what it found so far.
struct Court<'a> {
    source: Source<'a>,
    ws: &'a Workspace,
    /// Contacts by the id that they had at the source.
    by_source_id: HashMap<&'a str, Vec<u32>>,
    /// When the stand-in was first asked for something; what is older was there before.
    first_call: Option<i64>,
    options: &'a Options,
    explanations: Explanations,
    verdict: Verdict,
}

/// Which record a finding is about, and under which names a list may explain it.
struct Subject<'a> {
    kind: &'static str,
    id: String,
    ticket: Option<&'a Ticket>,
    /// The message that an attachment hangs on, as findings name it.
    within: Option<String>,
    /// Ids of records of the same kind that are one with this one at the destination.
    also: Vec<String>,
    /// The record that this one is a part of.
    owner: Option<Owner>,
    /// How a list may name this part of its owner, such as `note:1`, or `en`.
    parts: Vec<String>,
}

/// A record with parts that are no messages: a contact with notes, an article with languages and files.
#[derive(Debug, Clone)]
struct Owner {
    kind: &'static str,
    /// Its id, and that of what it is one with.
    ids: Vec<String>,
    /// The field under which a list may name all its parts of this kind; empty: none.
    field: &'static str,
}

impl<'a> Subject<'a> {
    fn ticket(ticket: &'a Ticket) -> Self {
        Self { ticket: Some(ticket), ..Self::alone("ticket", ticket.id) }
    }

    fn of(ticket: &'a Ticket, kind: &'static str, id: impl ToString) -> Self {
        Self { ticket: Some(ticket), ..Self::alone(kind, id) }
    }

    fn alone(kind: &'static str, id: impl ToString) -> Self {
        Self {
            kind,
            id: id.to_string(),
            ticket: None,
            within: None,
            also: Vec::new(),
            owner: None,
            parts: Vec::new(),
        }
    }
}

impl<'a> Court<'a> {
    fn hear(&mut self) {
        let dataset = self.source.dataset;
        let moved: Vec<&Ticket> = dataset.tickets.iter().filter(|ticket| expect::is_moved(ticket)).collect();
        self.count_source(&moved);
        let pairs = self.pair(&moved);
        let mut arrived = Vec::new();
        for (ticket, conversation) in moved.iter().zip(&pairs) {
            match conversation {
                Some(conversation) => {
                    arrived.push(*ticket);
                    self.compare_ticket(ticket, conversation);
                }
                None if self.options.partial => {}
                None => self.find(What::Lost, &Subject::ticket(ticket), "", "no conversation has its key"),
            }
        }
        let people = self.compare_people(&arrived);
        self.compare_known();
        self.compare_known_library();
        if !self.options.only_tickets {
            self.compare_companies(&people);
            self.compare_notes(&people);
            let collections = self.compare_collections();
            self.compare_articles(&collections);
            self.compare_hours();
        }
    }

    fn count_source(&mut self, moved: &[&Ticket]) {
        let counts = &mut self.verdict.source;
        let contacts: HashSet<u64> = moved.iter().filter_map(|ticket| ticket.contact).collect();
        counts.tickets = moved.len() as u64;
        counts.contacts = contacts.len() as u64;
        for ticket in moved {
            counts.messages += (ticket.messages.len() + ticket.chat.len()) as u64;
            for file in ticket.attachments() {
                counts.attachments += 1;
                counts.attachment_bytes += file.size();
            }
        }
    }

    /// The conversation of each ticket; what is left over is doubled.
    fn pair(&mut self, moved: &[&'a Ticket]) -> Vec<Option<&'a Conversation>> {
        let ws = self.ws;
        let mut by_key: HashMap<&str, Vec<&'a Conversation>> = HashMap::new();
        let mut unknown: Vec<(&'a Conversation, String)> = Vec::new();
        for conversation in ws.conversations.values() {
            let key = conversation.attributes.iter().find(|(name, _)| **name == *self.options.key_attribute);
            match key.and_then(|(_, value)| value.as_str()) {
                Some(key) => by_key.entry(key).or_default().push(conversation),
                None => unknown.push((conversation, "no key".to_owned())),
            }
        }
        let mut pairs = Vec::with_capacity(moved.len());
        for ticket in moved {
            let key = match self.options.key {
                Key::Number => ticket.number.clone(),
                Key::Id => ticket.id.to_string(),
            };
            let candidates = by_key.get_mut(key.as_str());
            // Two tickets may share a number: each takes the conversation that looks most like it.
            pairs.push(candidates.and_then(|list| {
                let best = (0..list.len())
                    .max_by_key(|place| (likeness(ticket, list[*place]), usize::MAX - place))?;
                Some(list.remove(best))
            }));
        }
        let left =
            by_key.into_iter().flat_map(|(key, list)| list.into_iter().map(move |it| (it, key.to_owned())));
        unknown.extend(left);
        unknown.sort_by_key(|(conversation, _)| conversation.id);
        for (conversation, key) in unknown {
            if !self.options.known_conversations.contains(&conversation.id.to_string()) {
                let subject = Subject::alone("conversation", conversation.id);
                self.find(What::Doubled, &subject, "", &format!("no ticket explains it (key: {key})"));
            }
        }
        pairs
    }

    /// Writes a finding down, unless the tool's lists explain it.
    fn find(&mut self, what: What, subject: &Subject<'_>, field: &str, detail: &str) {
        if self.explanations.explain(what, subject, field) {
            self.verdict.explained += 1;
            // Names of fields are the help desk's own; their number is bounded by its custom fields.
            *self.verdict.explained_fields.entry(format!("{} {field}", subject.kind)).or_default() += 1;
            return;
        }
        match what {
            What::Lost => self.verdict.lost += 1,
            What::Doubled => self.verdict.doubled += 1,
            What::OutOfOrder => self.verdict.out_of_order += 1,
            What::FieldDifference => self.verdict.field_differences += 1,
        }
        if self.verdict.findings.len() < MOST_FINDINGS {
            let (kind, id) = (subject.kind, subject.id.clone());
            self.verdict.findings.push(Finding {
                what,
                kind,
                id,
                field: field.into(),
                detail: detail.into(),
            });
        }
    }

    /// Whether something was made since the stand-in was first asked for something.
    fn is_new(&self, created_at: i64) -> bool {
        self.first_call.is_none_or(|first| created_at >= first)
    }

    /// As [`check`](Self::check), for what a list may name in several ways; the first is the finding's.
    fn check_either(
        &mut self,
        equal: bool,
        subject: &Subject<'_>,
        fields: &[&str],
        detail: impl FnOnce() -> String,
    ) {
        let explained = |field: &&&str| self.explanations.explain(What::FieldDifference, subject, field);
        let field = fields.iter().find(explained).or(fields.first()).copied().unwrap_or_default();
        self.check(equal, subject, field, detail);
    }

    /// Counts a comparison, and writes a difference down.
    fn check(&mut self, equal: bool, subject: &Subject<'_>, field: &str, detail: impl FnOnce() -> String) {
        self.verdict.fields_compared += 1;
        if !equal {
            self.find(What::FieldDifference, subject, field, &detail());
        }
    }
}

fn likeness(ticket: &Ticket, conversation: &Conversation) -> u32 {
    let title = conversation.title.as_deref() == Some(ticket.subject.as_str());
    let first = ticket.messages.iter().filter_map(|message| message.sent_at).min();
    let time = first.or(ticket.created).is_some_and(|at| at.as_second() == conversation.created_at);
    u32::from(title) * 2 + u32::from(time)
}
