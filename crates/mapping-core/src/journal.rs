//! Where intents and receipts become durable, and what time it is.

use crate::{
    Error, ErrorKind, Made, Prepared, Progress, Receipt, Refs, RemoteRef, Result, SourceRef, State, Step,
};
use async_trait::async_trait;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One change of one step's state.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The step, by its place in the record's progress.
    pub index: usize,
    /// The new state.
    pub state: State,
    /// What must be on disk before the call; only with an intent.
    pub prepared: Option<Prepared>,
}

/// The durable memory of one record's steps.
///
/// An implementation over a database shares the object that grants locks and knows owners between all records.
#[async_trait]
pub trait Journal: Send {
    /// Makes all marks of one call durable together. When it returns, a crash can't lose them.
    ///
    /// # Errors
    /// `Ledger` when they could not be made durable, or when a `Created` object belongs to another record.
    async fn commit(&mut self, marks: Vec<Mark>) -> Result<()>;

    /// True when another record created this object.
    ///
    /// # Errors
    /// `Ledger` when that can't be read.
    async fn owned_by_another(&self, remote: &RemoteRef) -> Result<bool>;

    /// Takes a lock for this record, or says `false` when another record holds it. Taking it twice is one taking.
    ///
    /// A record whose step is unsettled holds its lock across restarts; an implementation over a database rebuilds
    /// that from the unsettled steps.
    ///
    /// # Errors
    /// `Ledger` when that can't be read.
    async fn lock(&mut self, key: &str) -> Result<bool>;

    /// Gives a lock back.
    async fn unlock(&mut self, key: &str);
}

/// The time. `jiff::Timestamp::now` is one; tests and stand-ins bring their own.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}
impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// A ledger in memory: what was intended, applied and created, for as long as the process lives.
///
/// Good for [`Session`](crate::Session) and for tests; a crash loses it, and with it the right to resume.
#[derive(Clone, Debug, Default)]
pub struct MemoryLedger(Arc<Mutex<Memory>>);

#[derive(Debug, Default)]
struct Memory {
    records: BTreeMap<SourceRef, Progress>,
    owners: BTreeMap<RemoteRef, SourceRef>,
    locks: BTreeMap<String, SourceRef>,
}

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> Self {
        Self::default()
    }
    /// The journal of one record, with these steps if it has none yet. Also returns how far the record has come.
    pub fn open(&self, record: &SourceRef, steps: Vec<Step>) -> (MemoryJournal, Progress) {
        let mut memory = self.memory();
        let progress = memory.records.entry(record.clone()).or_insert_with(|| Progress::of(steps)).clone();
        (MemoryJournal { ledger: self.clone(), record: record.clone() }, progress)
    }
    /// Adds steps to a record: a delta, an undo.
    pub fn append(&self, record: &SourceRef, steps: Vec<Step>) {
        self.memory().records.entry(record.clone()).or_default().append(steps);
    }
    /// How far a record has come.
    pub fn progress(&self, record: &SourceRef) -> Option<Progress> {
        self.memory().records.get(record).cloned()
    }
    /// The counterpart of every record that has one.
    pub fn refs(&self) -> Refs {
        let memory = self.memory();
        let pairs =
            memory.records.iter().filter_map(|(source, p)| Some((source.clone(), p.target()?.clone())));
        Refs { records: pairs.collect(), batch: None }
    }
    /// Forgets the locks, and takes again those of unsettled steps: what a restart does.
    pub fn restart(&self) {
        let mut memory = self.memory();
        let held = memory.records.iter().flat_map(|(source, p)| {
            let unsettled = p.entries.iter().filter(|e| e.state.is_unsettled());
            unsettled.filter_map(|e| Some((e.step.lock.clone()?, source.clone())))
        });
        memory.locks = held.collect();
    }
    fn memory(&self) -> MutexGuard<'_, Memory> {
        // A panic while the lock was held leaves plain data behind; it is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal of one record of a [`MemoryLedger`].
#[derive(Debug)]
pub struct MemoryJournal {
    ledger: MemoryLedger,
    record: SourceRef,
}

/// The object that a step made.
fn created(state: &State) -> Option<&RemoteRef> {
    match state {
        State::Applied(Receipt { made: Made::Created(remote), .. }) => Some(remote),
        _ => None,
    }
}

#[async_trait]
impl Journal for MemoryJournal {
    async fn commit(&mut self, marks: Vec<Mark>) -> Result<()> {
        let mut memory = self.ledger.memory();
        // All or nothing: everything that can fail is asked before anything is changed.
        let steps = memory.records.get(&self.record).map_or(0, |progress| progress.entries.len());
        for mark in &marks {
            if mark.index >= steps {
                return Err(Error::not_sent(
                    ErrorKind::Ledger,
                    "a mark names a step that the ledger doesn't have",
                )
                .with("record", &self.record)
                .with("index", mark.index));
            }
            if let Some(remote) = created(&mark.state)
                && let Some(owner) = memory.owners.get(remote).filter(|owner| **owner != self.record)
            {
                return Err(Error::not_sent(ErrorKind::Ledger, "two records claim one object")
                    .with("object", remote)
                    .with("first", owner)
                    .with("second", &self.record));
            }
        }
        for mark in marks {
            if let Some(remote) = created(&mark.state) {
                memory.owners.insert(remote.clone(), self.record.clone());
            }
            let progress = memory.records.entry(self.record.clone()).or_default();
            if let Some(entry) = progress.entries.get_mut(mark.index) {
                entry.state = mark.state;
                entry.prepared = mark.prepared.unwrap_or(std::mem::take(&mut entry.prepared));
            }
        }
        Ok(())
    }
    async fn owned_by_another(&self, remote: &RemoteRef) -> Result<bool> {
        Ok(self.ledger.memory().owners.get(remote).is_some_and(|owner| *owner != self.record))
    }
    async fn lock(&mut self, key: &str) -> Result<bool> {
        let mut memory = self.ledger.memory();
        let holder = memory.locks.entry(key.to_owned()).or_insert_with(|| self.record.clone());
        Ok(*holder == self.record)
    }
    async fn unlock(&mut self, key: &str) {
        let mut memory = self.ledger.memory();
        if memory.locks.get(key) == Some(&self.record) {
            memory.locks.remove(key);
        }
    }
}
