//! The origin: a stream of records with marks at which they count.

use crate::model::Record;
use crate::{BlobStore, ByteStream, Catalog, Kind, Private, Result, SourceRef};
use async_trait::async_trait;
use futures_core::Stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// An origin of records.
#[async_trait]
pub trait Source: Send + Sync {
    /// Reads what the source holds: counts, people, queues, fields.
    ///
    /// # Errors
    /// Credentials, transport, a description that can't be read.
    async fn catalog(&self) -> Result<Catalog>;

    /// The kinds it can list, in the order they should be read. Records with a parent (messages of a ticket) may come
    /// with their parent's kind.
    fn kinds(&self) -> Vec<Kind>;

    /// Streams the records of a kind. An error ends the stream; what came since the last [`Item::PageEnd`] does not
    /// count, and reading goes on from that mark's cursor.
    fn records<'a>(&'a self, ask: Ask<'a>) -> Items<'a>;

    /// Opens the bytes of a file that didn't come inside a page.
    ///
    /// # Errors
    /// `NotFound`, `Unsupported` for a source whose files always come inside pages.
    async fn open(&self, file: &SourceRef) -> Result<ByteStream>;

    /// Kinds that this source can't be asked for, though help desks have them: "there are none" and "nobody could ask"
    /// are two things.
    fn unasked(&self) -> Vec<Kind> {
        Vec::new()
    }

    /// Proves before anything is read what reading relies on: that times without a zone are read in the right one.
    ///
    /// # Errors
    /// `Invalid` for what is proved to be wrong, and how. What can't be asked is no error here: reading will meet it.
    async fn check(&self, _now: Timestamp) -> Result<()> {
        Ok(())
    }

    /// The answers in which a record came, as they came over the wire, for a person who compares; `None` for a source
    /// that has no such thing. No credentials are in it.
    ///
    /// # Errors
    /// As [`records`](Source::records).
    async fn raw(&self, _record: &SourceRef) -> Result<Option<Private>> {
        Ok(None)
    }
}

/// How something that was read differs from what the source's description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Divergence {
    /// It came in another namespace.
    Namespace,
    /// It came under another name.
    Name,
    /// Its time disagrees with a time of certain zone by whole quarters of an hour.
    Zone,
}

/// What is asked of a source.
#[derive(Clone)]
pub struct Ask<'a> {
    /// The kind, in the source's word: `ticket`.
    pub kind: Kind,
    /// Only what changed at or after this moment.
    pub since: Option<Timestamp>,
    /// Go on after this mark.
    pub cursor: Option<String>,
    /// Where bytes that come inside a page go.
    pub files: &'a dyn BlobStore,
}

/// One item of the stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Item {
    /// A record.
    Record(Box<Record>),
    /// A record that could not be read. It goes to the quarantine; the stream goes on.
    Bad {
        /// What is known of its name.
        record: SourceRef,
        /// What is wrong with it, without customer text.
        why: String,
        /// The raw payload, kept in the run's database for the person who mends it.
        raw: Option<Private>,
    },
    /// Something was read that has no place: a path of an element nobody knows, how often it came.
    Unmapped {
        /// Where: `ListTicketsResult/Items/Ticket/Mood`.
        path: String,
        /// How often.
        count: u64,
    },
    /// A value that is wanted came otherwise than the description says. It was read all the same; where one value came
    /// so, another may have been missed.
    Divergent {
        /// How it differs.
        how: Divergence,
        /// Where: `ListTicketsResult/Items/Ticket/Subject`.
        path: String,
        /// How often.
        count: u64,
    },
    /// A record has other parts than it says of itself.
    Short {
        /// The record: a ticket.
        record: SourceRef,
        /// Which parts: `call legs`.
        what: String,
        /// How many it says.
        expected: u64,
        /// How many came.
        found: u64,
    },
    /// A remark for the extract's report: something mended or doubtful.
    Note(String),
    /// Everything before this counts now.
    PageEnd {
        /// Where to go on after a stop; `None` at the end of the kind.
        cursor: Option<String>,
        /// How many records of the kind the source says it has, if it says so.
        total: Option<u64>,
    },
}

/// The stream of a kind.
pub type Items<'a> = Pin<Box<dyn Stream<Item = Result<Item>> + Send + 'a>>;
