//! A stand-in for Intercom's REST API, version 2.16, as far as moving conversations meets it.
//!
//! It is written from the API's description and the traps that people report, and shares nothing with any client. What
//! the description leaves open is a [knob](Knobs), set to the unkind reading. Times are those of a
//! [`SandboxClock`]; everything asked is in a [`Journal`].

mod articles;
mod attributes;
mod call;
mod collections;
mod companies;
mod contacts;
mod content;
mod control;
mod conversations;
mod edit;
mod endpoints;
mod fields;
mod files;
mod hours;
mod internal_articles;
mod knobs;
mod macros;
mod markup;
mod merging;
mod notes;
mod pages;
mod problem;
mod replies;
mod search;
mod seed;
mod server;
mod settings;
pub(crate) mod store;
mod view;
mod workspace;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::clock::SandboxClock;
use crate::journal::Journal;

pub use edit::{Edit, EditError};
pub use knobs::{
    AttributeSearch, AutoAdvance, ChildrenOfDeleted, DeepCollections, Fault, FaultRule, Knobs, PartOrder,
    Quarantine, RateChange, ReplyGuard,
};
pub use seed::{Seed, SeedArticle, SeedCollection, SeedCompany, SeedContact};
pub use server::{LOST_HEADER, REFUSED_HEADER, router, serve};
pub use store::{Admin, App, Email, HelpCenter, HoursException, Interval, Macro, Schedule, Team};

/// Handle on a stand-in; clones share it.
#[derive(Debug, Clone)]
pub struct Intercom {
    inner: Arc<Mutex<Inner>>,
    clock: SandboxClock,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) ws: store::Workspace,
    pub(crate) knobs: Knobs,
    pub(crate) journal: Journal,
    window: Window,
    random: fastrand::Rng,
}

/// The ten seconds in which calls are counted.
#[derive(Debug, Default)]
struct Window {
    start: i64,
    used: u32,
}

/// What a workspace holds, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct State {
    /// Conversations that are not deleted.
    pub conversations: u64,
    /// Opening messages and parts with a body.
    pub messages: u64,
    /// All parts, events included, opening messages not.
    pub parts: u64,
    /// Contacts that are not deleted, leads and archived ones included.
    pub contacts: u64,
    /// Contacts that are archived.
    pub archived_contacts: u64,
    /// Files on messages.
    pub files: u64,
    /// Sum of the files' sizes.
    pub file_bytes: u64,
    /// Files of which only name, size and hash were kept.
    pub files_not_kept: u64,
    /// Tags.
    pub tags: u64,
    /// Live attributes of conversations.
    pub conversation_attributes: u64,
    /// Live custom attributes of contacts and companies.
    pub data_attributes: u64,
    /// Conversations that were deleted.
    pub deleted_conversations: u64,
    /// Companies that are not archived, those that nobody belongs to included.
    pub companies: u64,
    /// Notes on contacts and companies.
    pub notes: u64,
    /// Collections of the help centres.
    pub collections: u64,
    /// Articles, internal ones not.
    pub articles: u64,
    /// Articles that customers can read in some language.
    pub published_articles: u64,
    /// Articles for teammates alone.
    pub internal_articles: u64,
    /// Articles, internal ones too, that some assistant may use.
    pub articles_for_ai: u64,
    /// Redirects of old addresses.
    pub redirects: u64,
    /// Schedules of office hours.
    pub office_hours: u64,
    /// Saved replies.
    pub macros: u64,
}

impl Default for Intercom {
    fn default() -> Self {
        Self::new(SandboxClock::system())
    }
}

impl Intercom {
    /// An empty workspace with one teammate, the owner of the token, and default [`Knobs`].
    #[must_use]
    pub fn new(clock: SandboxClock) -> Self {
        let knobs = Knobs::default();
        let mut ws = store::Workspace::default();
        ws.admins.push(seed::token_owner());
        ws.library.help_centers.push(store::HelpCenter::default());
        ws.data_attributes = attributes::standard();
        let random = fastrand::Rng::with_seed(knobs.seed);
        let inner = Inner { ws, knobs, journal: Journal::default(), window: Window::default(), random };
        Self { inner: Arc::new(Mutex::new(inner)), clock }
    }

    /// The clock it tells time by.
    #[must_use]
    pub fn clock(&self) -> &SandboxClock {
        &self.clock
    }

    /// The knobs as they stand.
    #[must_use]
    pub fn knobs(&self) -> Knobs {
        self.lock().knobs.clone()
    }

    /// Turns knobs. A new seed starts the chance faults anew.
    pub fn turn(&self, turn: impl FnOnce(&mut Knobs)) {
        let mut inner = self.lock();
        let seed = inner.knobs.seed;
        turn(&mut inner.knobs);
        if inner.knobs.seed != seed {
            inner.random = fastrand::Rng::with_seed(inner.knobs.seed);
        }
    }

    /// A copy of the journal.
    #[must_use]
    pub fn journal(&self) -> Journal {
        self.lock().journal.clone()
    }

    /// Looks at the journal without copying it.
    pub fn with_journal<T>(&self, look: impl FnOnce(&Journal) -> T) -> T {
        look(&self.lock().journal)
    }

    /// Forgets the journal so far and keeps up to `keep` full entries from now on.
    pub fn reset_journal(&self, keep: usize) {
        self.lock().journal = Journal::new(keep);
    }

    /// Begins a new phase of the journal.
    pub fn mark(&self, name: &str) {
        let now = self.clock.now().as_second();
        self.lock().journal.mark(name, now);
    }

    /// What the workspace holds.
    #[must_use]
    pub fn state(&self) -> State {
        count(&self.lock().ws)
    }

    /// Ids of the conversations whose attribute has this value, in the order in which they were created.
    #[must_use]
    pub fn conversations_with(&self, attribute: &str, value: &str) -> Vec<String> {
        let inner = self.lock();
        let has = |it: &&store::Conversation| {
            it.attributes.iter().any(|(name, have)| **name == *attribute && have.as_str() == Some(value))
        };
        inner.ws.conversations.values().filter(has).map(|it| it.id.to_string()).collect()
    }

    /// Everybody in the workspace as the API shows a contact, with `archived` and `blocked` added; those whom the API
    /// hides too.
    #[must_use]
    pub fn contacts(&self) -> Vec<serde_json::Value> {
        let inner = self.lock();
        let shown = |contact: &store::Contact| {
            let mut shown = view::contact(&inner.ws, contact);
            shown["archived"] = contact.archived.into();
            shown["blocked"] = contact.blocked.into();
            shown
        };
        inner.ws.contacts.iter().map(|(_, contact)| shown(contact)).collect()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(ws: &store::Workspace) -> State {
    let mut state = State {
        conversations: ws.conversations.len() as u64,
        contacts: ws.contacts.iter().count() as u64,
        archived_contacts: ws.contacts.iter().filter(|(_, contact)| contact.archived).count() as u64,
        files_not_kept: ws.files.not_kept,
        tags: ws.tags.len() as u64,
        conversation_attributes: ws.conversation_attributes.iter().filter(|entry| !entry.archived).count()
            as u64,
        data_attributes: ws.data_attributes.iter().filter(|entry| entry.custom && !entry.archived).count()
            as u64,
        deleted_conversations: ws.deleted.len() as u64,
        companies: ws.live_companies().count() as u64,
        notes: ws.notes.len() as u64,
        collections: ws.library.collections.len() as u64,
        articles: ws.library.articles.len() as u64,
        published_articles: ws
            .library
            .articles
            .values()
            .filter(|it| it.contents.iter().any(|content| content.published))
            .count() as u64,
        internal_articles: ws.library.internal.len() as u64,
        articles_for_ai: (ws.library.articles.values().map(|it| it.availability))
            .chain(ws.library.internal.values().map(|it| it.availability))
            .filter(|it| it.any())
            .count() as u64,
        redirects: ws.library.redirects.len() as u64,
        office_hours: ws.schedules.len() as u64,
        macros: ws.macros.len() as u64,
        ..State::default()
    };
    for it in ws.conversations.values() {
        state.parts += it.parts.len() as u64;
        state.messages += 1 + it.parts.iter().filter(|part| part.body.is_some()).count() as u64;
        let files = it.files.iter().chain(it.parts.iter().flat_map(|part| part.files.iter()));
        for file in files {
            state.files += 1;
            state.file_bytes += file.size;
        }
    }
    state
}
