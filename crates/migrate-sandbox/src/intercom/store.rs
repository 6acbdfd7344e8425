//! What a workspace holds, kept small enough for a hundred thousand conversations.

mod library;
mod people;
mod settings;
mod tickets;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use library::HelpCenter;
pub(crate) use library::{
    Article, ArticleContent, Availability, BulkAction, Collection, InternalArticle, Library, Queued,
    Redirect, Snippet, Wording,
};
pub(crate) use people::{About, Company, Note, Scroll};
pub use settings::{Email, HoursException, Interval, Macro, Schedule};
pub(crate) use tickets::{Job, Ticket, TicketAttribute, TicketDesk, TicketType};

/// Values of custom attributes by name, in the order in which they were set.
pub(crate) type Attributes = Vec<(Arc<str>, Value)>;

/// Everything a workspace holds.
#[derive(Debug, Default)]
pub(crate) struct Workspace {
    pub(crate) app: App,
    pub(crate) admins: Vec<Admin>,
    pub(crate) teams: Vec<Team>,
    pub(crate) contacts: Contacts,
    /// People as they were when they were seeded.
    pub(crate) seeded: Vec<Contact>,
    /// What else was seeded: kind, id, and what a run may not change of it.
    pub(crate) seeded_others: Vec<(&'static str, u64, String)>,
    pub(crate) conversations: BTreeMap<u64, Conversation>,
    /// Conversations by the time of their last change, for lists with the newest first.
    pub(crate) by_update: BTreeSet<(i64, u64)>,
    pub(crate) by_contact: HashMap<u32, Vec<u64>>,
    pub(crate) by_tag: HashMap<u64, BTreeSet<u64>>,
    pub(crate) deleted: Vec<DeletedConversation>,
    pub(crate) conversation_attributes: Vec<ConversationAttribute>,
    pub(crate) data_attributes: Vec<DataAttribute>,
    pub(crate) tags: BTreeMap<u64, Tag>,
    pub(crate) files: FileStore,
    /// In the order in which they were made; a place is never given twice.
    pub(crate) companies: Vec<Company>,
    pub(crate) scroll: Option<Scroll>,
    pub(crate) notes: BTreeMap<u64, Note>,
    pub(crate) library: Library,
    pub(crate) macros: Vec<Macro>,
    pub(crate) schedules: BTreeMap<u64, Schedule>,
    pub(crate) emails: Vec<Email>,
    pub(crate) desk: TicketDesk,
    /// When teammates left, and who they were.
    pub(crate) left: Vec<(i64, Admin)>,
    next: Counters,
}

/// Name and place of the workspace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    /// Id of the workspace.
    pub id_code: String,
    /// Name to show.
    pub name: String,
    /// `US`, `EU` or `AU`.
    pub region: String,
    /// IANA zone of the workspace.
    pub timezone: String,
}

impl Default for App {
    fn default() -> Self {
        Self {
            id_code: "sandbox1".into(),
            name: "Sandbox".into(),
            region: "US".into(),
            timezone: "America/Los_Angeles".into(),
        }
    }
}

/// A teammate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admin {
    /// Numeric id.
    pub id: u64,
    /// Name to show.
    pub name: String,
    /// Address to log in with.
    pub email: String,
    /// Whether the teammate may answer.
    #[serde(default = "yes")]
    pub has_inbox_seat: bool,
}

fn yes() -> bool {
    true
}

/// A team.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Numeric id.
    pub id: u64,
    /// Name to show.
    pub name: String,
    /// Ids of its teammates.
    #[serde(default)]
    pub admin_ids: Vec<u64>,
    /// Whether nothing can be assigned to it any more (T50).
    #[serde(default)]
    pub deprecated: bool,
}

#[derive(Debug)]
struct Counters {
    conversation: u64,
    message: u64,
    part: u64,
    attribute: u64,
    tag: u64,
    contact: u64,
    note: u64,
    collection: u64,
    article: u64,
    content: u64,
    internal: u64,
    snippet: u64,
    redirect: u64,
    setting: u64,
}

impl Default for Counters {
    fn default() -> Self {
        // Ranges far apart: who stores the wrong id finds out (T27).
        Self {
            conversation: 500,
            message: 403_918_330,
            part: 130,
            attribute: 1,
            tag: 101,
            contact: 0x1bb6_9f9f,
            note: 2000,
            collection: 15_900,
            article: 39_000,
            content: 678_000,
            internal: 71_000,
            snippet: 92_000,
            redirect: 26,
            setting: 120,
        }
    }
}

macro_rules! counters {
    ($($name:ident $field:ident),*) => {$(
        pub(crate) fn $name(&mut self) -> u64 {
            self.next.$field += 1;
            self.next.$field
        }
    )*};
}

impl Workspace {
    counters!(
        next_conversation conversation, next_message message, next_part part,
        next_attribute attribute, next_tag tag, next_note note, next_collection collection,
        next_article article, next_content content, next_internal internal, next_snippet snippet,
        next_redirect redirect, next_setting setting
    );

    pub(crate) fn next_contact_id(&mut self, now: i64) -> String {
        self.next.contact += 1;
        format!("{:08x}{:016x}", now.rem_euclid(1 << 32), self.next.contact)
    }

    pub(crate) fn admin(&self, id: &str) -> Option<&Admin> {
        let id: u64 = id.parse().ok()?;
        self.admins.iter().find(|admin| admin.id == id)
    }

    pub(crate) fn team(&self, id: &str) -> Option<&Team> {
        let id: u64 = id.parse().ok()?;
        self.teams.iter().find(|team| team.id == id)
    }

    pub(crate) fn insert_conversation(&mut self, conversation: Conversation) {
        self.by_update.insert((conversation.updated_at, conversation.id));
        for contact in &conversation.contacts {
            self.by_contact.entry(*contact).or_default().push(conversation.id);
        }
        self.conversations.insert(conversation.id, conversation);
    }

    /// Sets the time of the last change and keeps the index of it true.
    pub(crate) fn touch(&mut self, id: u64, at: i64) {
        if let Some(conversation) = self.conversations.get_mut(&id) {
            self.by_update.remove(&(conversation.updated_at, id));
            conversation.updated_at = at;
            self.by_update.insert((at, id));
        }
    }

    pub(crate) fn remove_conversation(&mut self, id: u64) -> Option<Conversation> {
        let conversation = self.conversations.remove(&id)?;
        self.by_update.remove(&(conversation.updated_at, id));
        for contact in &conversation.contacts {
            if let Some(list) = self.by_contact.get_mut(contact) {
                list.retain(|entry| *entry != id);
            }
        }
        for applied in &conversation.tags {
            if let Some(set) = self.by_tag.get_mut(&applied.tag) {
                set.remove(&id);
            }
        }
        Some(conversation)
    }

    /// Removes a contact for good, also from the companies it belongs to.
    pub(crate) fn remove_contact(&mut self, index: u32) -> Option<Contact> {
        let contact = self.contacts.remove(index)?;
        for company in &mut self.companies {
            company.members.remove(&index);
        }
        self.notes.retain(|_, note| note.about != About::Contact(index));
        Some(contact)
    }

    /// Companies that a caller can know of, with their places.
    pub(crate) fn live_companies(&self) -> impl Iterator<Item = (usize, &Company)> {
        self.companies.iter().enumerate().filter(|(_, company)| !company.archived)
    }

    /// Carries out what was asked for earlier and is due by now.
    pub(crate) fn settle(&mut self, now: i64) {
        for company in &mut self.companies {
            if !company.archived && company.archive_at.is_some_and(|at| at <= now) {
                company.archived = true;
                company.members.clear();
            }
        }
        self.library.settle(now);
    }

    pub(crate) fn tag_named(&self, name: &str) -> Option<u64> {
        let wanted = name.to_lowercase();
        self.tags.iter().find(|(_, tag)| tag.name.to_lowercase() == wanted).map(|(id, _)| *id)
    }
}

/// People, with the indexes that creating and finding them needs. A deleted one leaves a hole.
#[derive(Debug, Default)]
pub(crate) struct Contacts {
    pub(crate) all: Vec<Option<Contact>>,
    pub(crate) by_id: HashMap<String, u32>,
    by_email: HashMap<String, Vec<u32>>,
    by_external_id: HashMap<String, Vec<u32>>,
}

impl Contacts {
    pub(crate) fn get(&self, index: u32) -> Option<&Contact> {
        self.all.get(index as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, index: u32) -> Option<&mut Contact> {
        self.all.get_mut(index as usize)?.as_mut()
    }

    pub(crate) fn index(&self, id: &str) -> Option<u32> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn find(&self, id: &str) -> Option<(u32, &Contact)> {
        let index = self.index(id)?;
        Some((index, self.get(index)?))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Contact)> {
        (0u32..).zip(&self.all).filter_map(|(index, contact)| Some((index, contact.as_ref()?)))
    }

    pub(crate) fn insert(&mut self, contact: Contact) -> u32 {
        let index = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.by_id.insert(contact.id.clone(), index);
        self.all.push(Some(contact));
        self.link(index);
        index
    }

    pub(crate) fn remove(&mut self, index: u32) -> Option<Contact> {
        self.unlink(index);
        let contact = self.all.get_mut(index as usize)?.take()?;
        self.by_id.remove(&contact.id);
        Some(contact)
    }

    /// Changes a contact and keeps the indexes true.
    pub(crate) fn change(&mut self, index: u32, change: impl FnOnce(&mut Contact)) {
        self.unlink(index);
        if let Some(contact) = self.get_mut(index) {
            change(contact);
        }
        self.link(index);
    }

    fn link(&mut self, index: u32) {
        let Some(contact) = self.all.get(index as usize).and_then(Option::as_ref) else { return };
        if let Some(email) = &contact.email {
            self.by_email.entry(email.to_lowercase()).or_default().push(index);
        }
        if let Some(external) = &contact.external_id {
            self.by_external_id.entry(external.clone()).or_default().push(index);
        }
    }

    fn unlink(&mut self, index: u32) {
        let Some(contact) = self.all.get(index as usize).and_then(Option::as_ref) else { return };
        if let Some(list) = contact.email.as_ref().and_then(|e| self.by_email.get_mut(&e.to_lowercase())) {
            list.retain(|entry| *entry != index);
        }
        if let Some(list) = contact.external_id.as_ref().and_then(|e| self.by_external_id.get_mut(e)) {
            list.retain(|entry| *entry != index);
        }
    }

    pub(crate) fn with_email(&self, email: &str) -> impl Iterator<Item = (u32, &Contact)> {
        let list = self.by_email.get(&email.to_lowercase()).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|index| Some((*index, self.get(*index)?)))
    }

    pub(crate) fn with_external_id(&self, external: &str) -> impl Iterator<Item = (u32, &Contact)> {
        let list = self.by_external_id.get(external).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|index| Some((*index, self.get(*index)?)))
    }
}

/// Somebody on the customers' side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) lead: bool,
    pub(crate) external_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) avatar: Option<String>,
    pub(crate) owner_id: Option<u64>,
    pub(crate) signed_up_at: Option<i64>,
    pub(crate) last_seen_at: Option<i64>,
    pub(crate) unsubscribed: bool,
    pub(crate) attributes: Attributes,
    pub(crate) tags: Vec<TagApplied>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) archived: bool,
    pub(crate) blocked: bool,
    pub(crate) merged_into: Option<String>,
}

/// A thread.
#[derive(Debug, Clone)]
pub(crate) struct Conversation {
    pub(crate) id: u64,
    pub(crate) message_id: u64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// When it was written, by the sandbox clock; search lags behind this.
    pub(crate) written_at: i64,
    pub(crate) contacts: Vec<u32>,
    /// The contact who began it, still shown as the author when deleted.
    pub(crate) author: u32,
    pub(crate) body: Box<str>,
    pub(crate) files: Box<[File]>,
    pub(crate) title: Option<Box<str>>,
    pub(crate) state: State,
    pub(crate) snoozed_until: Option<i64>,
    pub(crate) read: bool,
    pub(crate) admin_assignee: u64,
    pub(crate) team_assignee: u64,
    pub(crate) attributes: Attributes,
    pub(crate) tags: Vec<TagApplied>,
    pub(crate) parts: Vec<Part>,
    /// When the last replies were written, for the guard of T08.
    pub(crate) recent_replies: Vec<i64>,
}

/// Whether a thread waits for anybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Closed,
    Snoozed,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Snoozed => "snoozed",
        }
    }
}

/// One entry of a thread: something said, or something that happened.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) id: u64,
    pub(crate) kind: &'static str,
    pub(crate) created_at: i64,
    pub(crate) author: Author,
    pub(crate) body: Option<Box<str>>,
    pub(crate) files: Box<[File]>,
    /// Kind and id of who it was assigned to.
    pub(crate) assigned_to: Option<(&'static str, u64)>,
    pub(crate) changed: Option<Box<AttributeChange>>,
    pub(crate) redacted: bool,
}

/// What an event part says about an attribute.
#[derive(Debug, Clone)]
pub(crate) struct AttributeChange {
    pub(crate) name: Arc<str>,
    pub(crate) value: String,
    pub(crate) previous: Option<String>,
}

/// Who wrote a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    Contact(u32),
    Admin(u64),
    Bot,
}

/// A file on a message. The bytes lie in the [`FileStore`], if they were kept.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub(crate) name: Box<str>,
    pub(crate) content_type: Box<str>,
    pub(crate) size: u64,
    /// None for a file that was given by address only.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Where a file given by address lies.
    pub(crate) url: Option<Box<str>>,
    pub(crate) quarantined: bool,
}

/// Bytes of files by their hash, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct FileStore {
    pub(crate) bytes: u64,
    pub(crate) by_hash: HashMap<[u8; 32], Box<[u8]>>,
    /// Files whose bytes were not kept because the store was full.
    pub(crate) not_kept: u64,
}

impl FileStore {
    pub(crate) fn keep(&mut self, hash: [u8; 32], bytes: Vec<u8>, limit: u64) {
        if self.by_hash.contains_key(&hash) {
            return;
        }
        let size = bytes.len() as u64;
        if self.bytes + size > limit {
            self.not_kept += 1;
            return;
        }
        self.bytes += size;
        self.by_hash.insert(hash, bytes.into_boxed_slice());
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) name: String,
    /// A segment that uses the tag keeps it from being deleted (T54).
    pub(crate) in_segment: bool,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct TagApplied {
    pub(crate) tag: u64,
    pub(crate) at: i64,
    pub(crate) by: u64,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct DeletedConversation {
    pub(crate) id: u64,
    pub(crate) at: i64,
    pub(crate) metrics_retained: bool,
}

/// An attribute of conversations.
#[derive(Debug, Clone)]
pub(crate) struct ConversationAttribute {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) data_type: &'static str,
    pub(crate) description: String,
    pub(crate) required: bool,
    pub(crate) multiline: bool,
    pub(crate) teams: Vec<String>,
    pub(crate) reference: Option<(String, String)>,
    pub(crate) options: Vec<AttributeOption>,
    pub(crate) archived: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct AttributeOption {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) archived: bool,
}

/// An attribute of contacts or companies.
#[derive(Debug, Clone)]
pub(crate) struct DataAttribute {
    pub(crate) id: u64,
    pub(crate) name: Arc<str>,
    pub(crate) model: &'static str,
    pub(crate) data_type: &'static str,
    pub(crate) description: Option<String>,
    pub(crate) options: Vec<String>,
    pub(crate) messenger_writable: bool,
    pub(crate) archived: bool,
    pub(crate) custom: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}
