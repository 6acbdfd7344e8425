//! The stage: what was read from the source.

use async_trait::async_trait;
use mapping_core::model::{Record, Thread};
use mapping_core::{Private, Result, SourceRef};
use std::collections::BTreeMap;

/// A record that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct BadRecord {
    /// What is known of its name.
    pub record: SourceRef,
    /// What is wrong with it, without customer text.
    pub why: String,
    /// The raw payload, for the person who mends it.
    pub raw: Option<Private>,
}

/// The end of a page: from now on everything put before it counts.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The kind that was asked for.
    pub kind: String,
    /// Where to go on; `None` at the end of the kind.
    pub cursor: Option<String>,
    /// How many records of the kind the source says it has.
    pub total: Option<u64>,
    /// Records that could not be read.
    pub bad: Vec<BadRecord>,
    /// Elements nobody knows, by path, with how often they came.
    pub unmapped: BTreeMap<String, u64>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// How far a kind was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageCount {
    /// Where to go on; `None` at the start and at the end.
    pub cursor: Option<String>,
    /// The kind was read to its end.
    pub complete: bool,
    /// How many records of the kind the source says it has.
    pub total: Option<u64>,
    /// Pages that count.
    pub pages: u64,
}

/// A record with its place in the stage; places grow in the order of reading.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// Its place.
    pub seq: u64,
    /// The record.
    pub record: Record,
}

/// What was read from the source. Reads are local and short; they may be made from async code.
#[async_trait]
pub trait Stage: Send + Sync {
    /// Takes records of an unfinished page. They don't count before [`end_page`](Stage::end_page).
    ///
    /// # Errors
    /// `Ledger`.
    async fn put(&self, records: Vec<Record>) -> Result<()>;
    /// Makes everything put since the last page count, together with the page's cursor.
    ///
    /// # Errors
    /// `Ledger`.
    async fn end_page(&self, page: Page) -> Result<()>;
    /// Forgets the records of an unfinished page; the start of every extract.
    ///
    /// # Errors
    /// `Ledger`.
    async fn drop_unfinished(&self) -> Result<()>;
    /// Replaces a record that counts: its file was fetched.
    ///
    /// # Errors
    /// `Ledger`.
    async fn replace(&self, record: Record) -> Result<()>;

    /// How far each kind that was asked for was read.
    ///
    /// # Errors
    /// `Ledger`.
    fn pages(&self) -> Result<BTreeMap<String, PageCount>>;
    /// Records by kind.
    ///
    /// # Errors
    /// `Ledger`.
    fn counts(&self) -> Result<BTreeMap<String, u64>>;
    /// How often an id came that was there already, by kind.
    ///
    /// # Errors
    /// `Ledger`.
    fn repeated(&self) -> Result<BTreeMap<String, u64>>;
    /// A record.
    ///
    /// # Errors
    /// `Ledger`.
    fn record(&self, name: &SourceRef) -> Result<Option<Record>>;
    /// Records of a kind behind this place, in order.
    ///
    /// # Errors
    /// `Ledger`.
    fn records(&self, kind: &str, after: u64, limit: usize) -> Result<Vec<Staged>>;
    /// Records that belong to this one, in the order of reading.
    ///
    /// # Errors
    /// `Ledger`.
    fn children(&self, parent: &SourceRef) -> Result<Vec<Record>>;
    /// How many records of a kind belong to this one.
    ///
    /// # Errors
    /// `Ledger`.
    fn child_count(&self, parent: &SourceRef, kind: &str) -> Result<u64>;
    /// Names of records whose parent isn't in the stage, merged tickets left out, at most `limit`.
    ///
    /// # Errors
    /// `Ledger`.
    fn orphans(&self, limit: usize) -> Result<Vec<SourceRef>>;
    /// Records that could not be read, at most `limit`.
    ///
    /// # Errors
    /// `Ledger`.
    fn bad(&self, limit: usize) -> Result<Vec<BadRecord>>;
    /// Records that could not be read, by kind.
    ///
    /// # Errors
    /// `Ledger`.
    fn bad_counts(&self) -> Result<BTreeMap<String, u64>>;
    /// Elements nobody knows, by path; beyond 1,000 paths under `…`.
    ///
    /// # Errors
    /// `Ledger`.
    fn unmapped(&self) -> Result<BTreeMap<String, u64>>;
    /// Remarks of the source, each once, at most 10,000 and one that says that there were more.
    ///
    /// # Errors
    /// `Ledger`.
    fn notes(&self) -> Result<Vec<String>>;
    /// Changes whenever what counts changes.
    ///
    /// # Errors
    /// `Ledger`.
    fn revision(&self) -> Result<u64>;
}

/// What a record hangs on in the stage: its ticket, or for a merged ticket the one it was merged into.
pub(crate) fn parent_of(record: &Record) -> Option<SourceRef> {
    match record {
        Record::Ticket(ticket) => ticket.merged_into.as_ref().map(|into| into.source_ref()),
        other => other.parent(),
    }
}

/// A ticket with everything that belongs to it. Only one thread is held at a time.
pub(crate) fn thread(stage: &dyn Stage, ticket: mapping_core::model::Ticket) -> Result<Thread> {
    let name = ticket.id.source_ref();
    let mut thread = Thread {
        ticket,
        messages: Vec::new(),
        calls: Vec::new(),
        chat: Vec::new(),
        attachments: Vec::new(),
        merged: Vec::new(),
    };
    for child in stage.children(&name)? {
        match child {
            Record::Message(m) => thread.messages.push(m),
            Record::Call(c) => thread.calls.push(c),
            Record::ChatLine(l) => thread.chat.push(l),
            Record::Attachment(a) => thread.attachments.push(a),
            Record::Ticket(t) => thread.merged.push(t),
            _ => {}
        }
    }
    Ok(thread)
}
