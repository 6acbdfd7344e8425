//! The destination: the heart of the design.

use crate::{
    Blobs, Catalog, Draft, Error, ErrorKind, Link, Loss, Part, Prepared, Progress, Receipt, RemoteRef,
    Result, SourceRef, Step, Value,
};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// A destination.
///
/// `shape`, `steps` and `undo` are pure: they decide, and a test needs no server. `prepare`, `settle` and `read` only
/// read (or make things that vanish by themselves). `perform` makes exactly one call, the one that lasts. Who calls
/// them, and when, is the business of [`drive`](crate::drive) alone.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Name and version of the step vocabulary. A plan made with another one is stale.
    fn dialect(&self) -> Dialect;

    /// Reads what the destination can hold and already holds.
    ///
    /// # Errors
    /// Credentials, permissions, transport.
    async fn catalog(&self) -> Result<Catalog>;

    /// Pure. The draft as this platform will hold it — split, cut, stubbed, re-headed — and what that loses.
    ///
    /// # Errors
    /// `Invalid` or `Unsupported` when the record can't be held at all; it goes to the quarantine.
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped>;

    /// Pure. The writes that lead from what we wrote and what is there to what is wanted, in order, at most one
    /// lasting write each. Nothing changed: no steps.
    ///
    /// # Errors
    /// `Unsupported` for a kind or a change the platform has no write for.
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>>;

    /// Reads and harmless calls before the write: prior values, temporary uploads, whether it is needed at all. What
    /// it returns is on disk before [`perform`](Sink::perform).
    ///
    /// # Errors
    /// Any; nothing was written.
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        let _ = call;
        Ok(Prepared::default())
    }

    /// Exactly one call: the write that lasts.
    ///
    /// # Errors
    /// The outcome of the error decides what follows; an answer that can't be understood is [`Unknown`](crate::Outcome::Unknown)
    /// unless it proves otherwise.
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt>;

    /// Reads. Every object that could be the result of this call, whose outcome is unknown. An empty answer means
    /// "not seen", which is not "not there"; ownership and the blind window are the driver's business.
    ///
    /// # Errors
    /// Any; the question stays open.
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>>;

    /// Reads an object in the form that [`shape`](Sink::shape) promised. `None` when it isn't there.
    ///
    /// # Errors
    /// Any but "not found".
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>>;

    /// Pure. Undo is steps too: they are appended to the record's progress, counted, journaled, settled. It deletes
    /// what was created, takes out what was added, and restores what was changed.
    ///
    /// # Errors
    /// `Unsupported` for what the platform can't take back; it is kept and listed.
    fn undo(&self, done: &Progress) -> Result<Vec<Step>>;

    /// The object that marks everything a batch creates (a tag of this name), when the platform has such a thing. It
    /// is created like any other draft; [`Link::Batch`] then points at it.
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        let _ = label;
        None
    }

    /// The marks of every batch of any migration that the destination holds, with how many objects carry each: what a
    /// guard against a second load looks at. None where the platform has no such thing.
    async fn marked(&self, there: &Catalog) -> Result<Vec<Marked>> {
        let _ = there;
        Ok(Vec::new())
    }

    /// Every object of a kind, in the form of a shaped draft: what people made by hand is compared with it. `None`
    /// where the platform doesn't show that kind.
    async fn list(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
        let _ = kind;
        Ok(None)
    }

    /// Pure. Where a person sees the object in a browser; `None` where the platform has no such page.
    fn address(&self, at: &RemoteRef, there: &Catalog) -> Option<String> {
        let _ = (at, there);
        None
    }

    /// Pure. The fewest calls by which this platform's API could hold the shaped draft.
    fn floor(&self, draft: &Draft) -> u64;

    /// Pure. The calls that [`read`](Sink::read) takes for what this shaped draft has become.
    fn reads(&self, draft: &Draft) -> u32 {
        let _ = draft;
        1
    }

    /// The longest time after its intent at which a call may still land: the connection's deadline for one call, its
    /// waits included, and what a journal takes to put the intent on disk. A driver must not wait for less: after a
    /// crash the intent is all that is known, and a call that queued for four minutes and left just before would be
    /// sent again. Six minutes unless the sink knows better.
    fn landing(&self) -> Duration {
        Duration::from_secs(360)
    }

    /// What the sink's connection has used and has left.
    fn meter(&self) -> Meter {
        Meter::default()
    }
}

/// Name and version of a step vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialect {
    /// The sink: `intercom`.
    pub name: String,
    /// Raised whenever a step's meaning changes.
    pub version: u32,
}

/// What a connection has used and has left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// Calls that were sent since the connection was opened, retries included.
    pub calls: u64,
    /// Answers that said "too many".
    pub throttled: u64,
    /// The platform's limit for the current window, when it stated one.
    pub limit: Option<u32>,
    /// What is left of it.
    pub remaining: Option<u32>,
}

/// The mark of a batch, found at the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marked {
    /// The object that marks the batch: a tag.
    pub mark: RemoteRef,
    /// The batch's label.
    pub label: String,
    /// How many objects carry it; those that the platform's search shows.
    pub records: u64,
    /// One of them.
    pub example: Option<RemoteRef>,
}

/// A draft as the platform will hold it.
#[derive(Clone, Debug)]
pub struct Shaped {
    /// What will be written, and what `read` will return.
    pub draft: Draft,
    /// What was lost on the way.
    pub losses: Vec<Loss>,
    /// Keys of the catalog entries that this draft relies on.
    pub relies_on: BTreeSet<String>,
}

/// What `steps` decides from.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// What is wanted, shaped.
    pub desired: &'a Draft,
    /// What we wrote last time, shaped; `None` the first time.
    pub written: Option<&'a Draft>,
    /// What is there now; `None` when nothing is, or nobody looked. What a person changed there stays theirs.
    pub observed: Option<&'a Observed>,
    /// The object that stands for the record, if there is one.
    pub target: Option<&'a RemoteRef>,
}
impl<'a> Change<'a> {
    /// The first write of a record.
    pub fn first(desired: &'a Draft) -> Self {
        Change { desired, written: None, observed: None, target: None }
    }
}

/// An object as it was read back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Its content, in the form of a shaped draft.
    pub draft: Draft,
    /// How much of its thread could be seen.
    pub window: Window,
    /// The platform's own mark of its last change, if it has one.
    pub version: Option<String>,
}

/// How much of a thread a read returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// All parts.
    Whole,
    /// The first part (the opening) and the newest ones. What is between was compared in the answers of its writes.
    Last {
        /// Parts shown after the opening.
        shown: usize,
        /// Parts there are after the opening.
        of: usize,
    },
}

/// Something at the destination that could be the result of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The receipt the call would have had.
    pub receipt: Receipt,
    /// Its content agrees with what was sent, not only its key.
    pub agrees: bool,
}

/// What source records and the batch have become at the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refs {
    /// The counterpart of each source record.
    pub records: BTreeMap<SourceRef, RemoteRef>,
    /// What marks the running batch.
    pub batch: Option<RemoteRef>,
}
impl Refs {
    /// The object a link points at, if it is known.
    pub fn resolve<'a>(&'a self, link: &'a Link) -> Option<&'a RemoteRef> {
        match link {
            Link::Remote(remote) => Some(remote),
            Link::Source(source) => self.records.get(source),
            Link::Batch => self.batch.as_ref(),
        }
    }
}

/// Everything one call may look at.
#[derive(Clone)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The step.
    pub step: &'a Step,
    /// The shaped draft that the step points into.
    pub draft: &'a Draft,
    /// The steps before it, with their receipts.
    pub so_far: &'a Progress,
    /// What `prepare` found for this step; empty during `prepare`.
    pub prepared: &'a Prepared,
    /// Counterparts of source records.
    pub refs: &'a Refs,
    /// The bytes of files.
    pub blobs: &'a Arc<dyn Blobs>,
    /// The time.
    pub now: Timestamp,
}

impl<'a> Call<'a> {
    /// A call of `step`; the driver makes these, and tests of a sink do.
    pub fn new(
        step: &'a Step,
        draft: &'a Draft,
        so_far: &'a Progress,
        prepared: &'a Prepared,
        refs: &'a Refs,
        blobs: &'a Arc<dyn Blobs>,
        now: Timestamp,
    ) -> Self {
        Call { step, draft, so_far, prepared, refs, blobs, now }
    }

    /// The part that the step writes.
    ///
    /// # Errors
    /// `Bug` when the step names none, or one that the draft hasn't.
    pub fn part(&self) -> Result<&'a Part> {
        self.step.part.and_then(|i| self.draft.parts.get(i as usize)).ok_or_else(|| {
            Error::bug("the step points at a part that its draft doesn't have").with("step", &self.step.op)
        })
    }

    /// The object a link points at.
    ///
    /// # Errors
    /// `Unresolved`, not sent, when it isn't at the destination yet.
    pub fn link(&self, link: &'a Link) -> Result<&'a RemoteRef> {
        self.refs.resolve(link).ok_or_else(|| {
            let to = match link {
                Link::Source(source) => source.to_string(),
                Link::Remote(remote) => remote.to_string(),
                Link::Batch => "the batch".to_owned(),
            };
            Error::not_sent(ErrorKind::Unresolved, "a linked record is not at the destination yet")
                .with("to", to)
        })
    }

    /// The object that a field of the draft links to; `None` when the field isn't set.
    ///
    /// # Errors
    /// As [`link`](Call::link).
    pub fn field_link(&self, field: &str) -> Result<Option<&'a RemoteRef>> {
        match self.draft.fields.get(field) {
            Some(Value::Link(link)) => self.link(link).map(Some),
            _ => Ok(None),
        }
    }

    /// The object that stands for the record, once a step created or matched it.
    ///
    /// # Errors
    /// `Bug` when no step has.
    pub fn target(&self) -> Result<&'a RemoteRef> {
        self.so_far.target().ok_or_else(|| {
            Error::bug("a step needs the record's object before a step made it").with("step", &self.step.op)
        })
    }
}
