//! The destination of a migration: shape, steps, perform, settle, read and undo over the client.
//!
//! | step | call | effect |
//! | --- | --- | --- |
//! | `conversation.create` | `POST /conversations` | create; settled by contact, second and text |
//! | `conversation.tag` (the batch's first) | `POST /conversations/{id}/tags` | overwrite |
//! | `conversation.reply`, one per further part | `POST /conversations/{id}/reply` | create; settled by author, time, text and files |
//! | `conversation.update` | `PUT /conversations/{id}`: title, attributes, read; in long threads all but `read` comes before the replies | overwrite |
//! | `conversation.assign_team`, `.assign_admin` (pass 1) | `POST /conversations/{id}/parts` | overwrite; a refusal is a loss |
//! | `conversation.close`, `.snooze`, `.open` (pass 1) | `POST /conversations/{id}/parts` | overwrite |
//! | `contact.create` | `POST /contacts`; a 409 matches | create; settled by external id, then address |
//! | `contact.unarchive`, `contact.adopt` | only for a matched contact | change |
//! | `contact.company` | `POST /contacts/{id}/companies` | change; a refusal is a loss |
//! | `contact.note`, one per part | `POST /contacts/{id}/notes` | create; settled by text; no undo |
//! | `company.create` | `POST /companies`, after a look for its key | create; asked for again where no read shows it |
//! | `company.adopt` | only for a matched company | change |
//! | `collection.create` | `POST /help_center/collections`, after a look for name and parent | create; settled by both |
//! | `article.create` | `POST /articles` or `/internal_articles` | create; settled by title, place and text |
//! | `article.tag`, one per tag | `POST …/{id}/tags` | overwrite; a refusal is a loss |
//! | `article.link` (pass 1) | `PUT …/{id}`: texts with the addresses of the articles they mention | overwrite |
//! | `office_hours.create`, `.exception` | `POST /office_hours_schedules` | create; settled by name and day |
//! | `tag.create`, `attribute.create`, `attribute.option(s)` | read first, then `POST` | create |
//! | `*.delete`, `*.restore`, `*.archive` | what undo takes | overwrite |

mod absent;
mod address;
mod app_page;
mod catalog;
mod company;
mod contact;
mod conversation;
mod fields;
mod floor;
mod guard;
mod hours;
mod library;
mod listing;
mod losing;
mod markup;
mod matched;
mod note;
mod options;
mod read;
mod reply;
mod schema;
mod shape_company;
mod shape_contact;
mod shape_library;
mod shape_schema;
mod shape_thread;
mod steps;
mod steps_library;
mod whole;

pub(crate) use catalog::server_time;
pub use options::{ExternalId, KeepHtmlNote, MatchedContacts, OtherCustomers, SinkOptions, Unknown};

use crate::{AdminId, Client};
use async_trait::async_trait;
use guard::Guard;
use jiff::Timestamp;
use mapping_core::{
    Call, Candidate, Catalog, Change, Clock, Dialect, Draft, Error, ErrorKind, Marked, Meter, Observed,
    Prepared, Progress, Receipt, RemoteRef, Result, Shaped, Sink, SourceRef, Step,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

/// The Intercom sink, for drafts of the kinds `conversation`, `contact`, `company`, `collection`, `article`,
/// `office_hours`, `conversation_attribute`, `contact_attribute`, `company_attribute` and `tag`.
///
/// Whatever features the crate has, its calls pass an allow-list of method, path and body keys, so that nothing it does
/// can notify a customer.
pub struct IntercomSink {
    client: Client,
    options: SinkOptions,
    clock: Arc<dyn Clock>,
    acting: OnceLock<AdminId>,
    keep_metrics: AtomicBool,
    absent: absent::Absent,
    addresses: OnceLock<address::Addresses>,
    made: Mutex<BTreeSet<String>>,
}

impl IntercomSink {
    /// A sink over this connection. Nothing is called yet.
    pub fn new(client: &Client, options: SinkOptions) -> Self {
        IntercomSink {
            client: client.guarded(|inner, endpoint| Arc::new(Guard::new(inner, endpoint))),
            acting: options.acting_admin.clone().map(OnceLock::from).unwrap_or_default(),
            options,
            clock: Arc::new(Timestamp::now),
            keep_metrics: AtomicBool::new(false),
            absent: absent::Absent::default(),
            addresses: OnceLock::new(),
            made: Mutex::default(),
        }
    }

    /// With another clock than the system's; it says what is in the future.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The guarded connection: every call passes the sink's allow-list, `Denied` otherwise.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The longest time one call may take, waits and repetitions included.
    pub fn deadline(&self) -> Duration {
        self.client.deadline()
    }

    /// Who acts: from the options, from the catalog, else one call of `GET /me` for the sink's life.
    async fn acting(&self) -> Result<AdminId> {
        if let Some(id) = self.acting.get() {
            return Ok(id.clone());
        }
        let me = self.client.me().await.map_err(|e| e.with_outcome(mapping_core::Outcome::NotSent))?;
        Ok(self.acting.get_or_init(|| me.id).clone())
    }

    fn remember_acting(&self, id: AdminId) {
        let _ = self.acting.set(id);
    }

    /// Keeps in mind that a collection is ours: another record of its name gets one of its own.
    fn remember_made(&self, collection: &str) {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).insert(collection.to_owned());
    }

    /// Those of these collections that this sink made.
    fn made_here(&self, all: &[crate::api::Collection]) -> Vec<String> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter().map(|c| c.id.to_string()).filter(|id| made.contains(id)).collect()
    }

    fn retains_metrics(&self) -> bool {
        self.options.retain_metrics.unwrap_or_else(|| self.keep_metrics.load(Ordering::Relaxed))
    }

    fn retain_metrics_from_now_on(&self) {
        self.keep_metrics.store(true, Ordering::Relaxed);
    }
}

fn unknown_step(op: &str) -> Error {
    let message = "this version of the sink doesn't know the step; the plan was made with another one";
    Error::not_sent(ErrorKind::Unsupported, message).with("step", op)
}

/// The family of a step's calls.
fn family(step: &Step) -> &str {
    step.op.split('.').next().unwrap_or_default()
}

#[async_trait]
impl Sink for IntercomSink {
    fn dialect(&self) -> Dialect {
        Dialect { name: "intercom".into(), version: 2 }
    }

    async fn catalog(&self) -> Result<Catalog> {
        self.read_catalog().await
    }

    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        match draft.kind.as_str() {
            "conversation" => shape_thread::shape(draft, catalog, &self.options),
            "contact" => shape_contact::shape(draft, catalog, &self.options),
            "company" => shape_company::shape(draft, catalog, &self.options),
            "collection" => shape_library::shape_collection(draft),
            "article" => shape_library::shape_article(draft, catalog, &self.options),
            "office_hours" => shape_library::shape_hours(draft),
            "tag" => shape_schema::shape_tag(draft),
            "conversation_attribute" | "contact_attribute" | "company_attribute" => {
                shape_schema::shape_attribute(draft, catalog)
            }
            kind => Err(Error::not_sent(ErrorKind::Unsupported, "the Intercom sink doesn't write this kind")
                .with("kind", kind)),
        }
    }

    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        steps::steps(change, &self.options)
    }

    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        match family(call.step) {
            "contact" => self.prepare_contact(call).await,
            "company" => self.prepare_company(call).await,
            "collection" | "article" => self.prepare_library(call).await,
            "office_hours" => self.prepare_hours(call).await,
            "tag" | "attribute" => self.prepare_schema(call).await,
            _ if call.step.op == steps::REPLY => self.prepare_reply(call).await,
            _ => self.prepare_conversation(call).await,
        }
    }

    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        match family(call.step) {
            "conversation" => self.perform_conversation(call).await,
            "contact" => self.perform_contact(call).await,
            "company" => self.perform_company(call).await,
            "collection" | "article" => self.perform_library(call).await,
            "office_hours" => self.perform_hours(call).await,
            "tag" | "attribute" => self.perform_schema(call).await,
            _ => Err(unknown_step(&call.step.op)),
        }
    }

    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match family(call.step) {
            "conversation" => self.settle_conversation(call).await,
            "contact" => self.settle_contact(call).await,
            "company" => self.settle_company(call).await,
            "collection" | "article" => self.settle_library(call).await,
            "office_hours" => self.settle_hours(call).await,
            "tag" | "attribute" => self.settle_schema(call).await,
            _ => Err(unknown_step(&call.step.op)),
        }
    }

    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        self.read_object(at).await
    }

    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        Ok(steps::undo(done))
    }

    fn batch_mark(&self, label: &str) -> Option<Draft> {
        Some(
            Draft::new("tag", SourceRef::new("batch", label))
                .with("name", format!("{}{label}", schema::MARK)),
        )
    }

    async fn marked(&self, there: &Catalog) -> Result<Vec<Marked>> {
        self.find_marks(there).await
    }

    async fn list(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
        self.list_objects(kind).await
    }

    fn address(&self, at: &RemoteRef, there: &Catalog) -> Option<String> {
        app_page::address(at, there)
    }

    fn floor(&self, draft: &Draft) -> u64 {
        floor::floor(draft)
    }

    /// A contact's notes and companies are read by calls of their own, where it has some.
    fn reads(&self, draft: &Draft) -> u32 {
        let lists = draft.kind == "contact";
        1 + u32::from(lists && !draft.parts.is_empty())
            + u32::from(lists && draft.fields.contains_key("company"))
    }

    fn landing(&self) -> Duration {
        // The deadline runs from the call on; the journal's commit lies between the intent and the call.
        let deadline = self.deadline();
        deadline.saturating_add((deadline / 5).max(Duration::from_secs(2)))
    }

    fn meter(&self) -> Meter {
        let budget = self.client.budget();
        let short = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        Meter {
            calls: budget.calls,
            throttled: budget.throttled,
            limit: Some(short(budget.limit)),
            remaining: budget.remaining.map(short),
        }
    }
}
