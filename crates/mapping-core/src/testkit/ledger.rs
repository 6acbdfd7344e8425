//! A ledger whose process can die, and the journal that asks the wire before and after each commit.

use super::Wire;
use crate::{
    Draft, Journal, Mark, MemoryJournal, MemoryLedger, Prepared, Progress, Refs, RemoteRef, Result,
    SourceRef, State, Step,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What survives a crash: steps with their states, the shaped drafts of the plan, and which records are being rolled
/// back. Everything a driver holds besides is lost with its process.
#[derive(Clone, Debug)]
pub struct TestLedger {
    memory: MemoryLedger,
    wire: Wire,
    disk: Arc<Mutex<Disk>>,
    forgetful: bool,
}

#[derive(Debug, Default)]
struct Disk {
    order: Vec<SourceRef>,
    /// The newest shaped draft of each record: what its steps point into.
    shaped: BTreeMap<SourceRef, Draft>,
    /// The shaped draft that was last written to its end.
    written: BTreeMap<SourceRef, Draft>,
    undone: BTreeSet<SourceRef>,
    batch: Option<SourceRef>,
    commits: u64,
    /// Not on disk at all: where a forgetful ledger keeps prior values until their receipt.
    volatile: BTreeMap<(SourceRef, usize), Prepared>,
}

impl TestLedger {
    /// An empty ledger whose durable writes are boundaries of this wire.
    pub fn new(wire: &Wire) -> Self {
        TestLedger { memory: MemoryLedger::new(), wire: wire.clone(), disk: Arc::default(), forgetful: false }
    }
    /// A ledger that is wrong on purpose: prior values travel with the receipt instead of the intent. A control that
    /// the rollback suites must catch.
    #[must_use]
    pub fn forgetting_prior_values(mut self) -> Self {
        self.forgetful = true;
        self
    }
    /// A restart after a crash: locks are those of unsettled steps.
    pub fn restart(&self) {
        self.disk().volatile.clear();
        self.memory.restart();
    }
    /// The records in the order of their plan.
    pub fn records(&self) -> Vec<SourceRef> {
        self.disk().order.clone()
    }
    /// How far a record has come.
    pub fn progress(&self, record: &SourceRef) -> Option<Progress> {
        self.memory.progress(record)
    }
    /// The shaped draft that a record's steps point into.
    pub fn shaped(&self, record: &SourceRef) -> Option<Draft> {
        self.disk().shaped.get(record).cloned()
    }
    /// The shaped draft that was last written to its end.
    pub fn written(&self, record: &SourceRef) -> Option<Draft> {
        self.disk().written.get(record).cloned()
    }
    /// Durable writes so far.
    pub fn commits(&self) -> u64 {
        self.disk().commits
    }
    /// Counterparts of all records, of those merged into them, and of the batch.
    pub fn refs(&self) -> Refs {
        let mut refs = self.memory.refs();
        let disk = self.disk();
        for (record, draft) in &disk.shaped {
            if let Some(target) = refs.records.get(record).cloned() {
                for alias in &draft.aliases {
                    refs.records.insert(alias.clone(), target.clone());
                }
            }
        }
        refs.batch = disk.batch.as_ref().and_then(|batch| refs.records.get(batch).cloned());
        refs
    }
    /// The journal of one record, and how far it has come.
    pub fn open(&self, record: &SourceRef) -> (FaultJournal, Progress) {
        let (journal, progress) = self.memory.open(record, Vec::new());
        (FaultJournal { inner: journal, ledger: self.clone(), record: record.clone() }, progress)
    }

    /// Puts the plan of several records on disk, all or none.
    pub(super) fn plan(&self, planned: Vec<(Draft, Vec<Step>)>) -> Result<()> {
        self.durably(|ledger| {
            for (draft, steps) in planned {
                let record = draft.source.clone();
                ledger.memory.append(&record, steps);
                let mut disk = ledger.disk();
                if disk.shaped.insert(record.clone(), draft).is_none() {
                    disk.order.push(record);
                }
            }
        })
    }
    /// Puts the undo steps of a record on disk.
    pub(super) fn begin_undo(&self, record: &SourceRef, steps: Vec<Step>) -> Result<()> {
        self.durably(|ledger| {
            ledger.memory.append(record, steps);
            ledger.disk().undone.insert(record.clone());
        })
    }
    pub(super) fn undo_has_begun(&self, record: &SourceRef) -> bool {
        self.disk().undone.contains(record)
    }
    pub(super) fn is_planned(&self, record: &SourceRef) -> bool {
        self.disk().shaped.contains_key(record)
    }
    pub(super) fn set_batch(&self, record: SourceRef) {
        self.disk().batch = Some(record);
    }
    /// Derived from the ledger's own states, so no boundary of its own.
    pub(super) fn mark_written(&self, record: &SourceRef) {
        let mut disk = self.disk();
        if let Some(draft) = disk.shaped.get(record).cloned() {
            disk.written.insert(record.clone(), draft);
        }
    }

    fn durably(&self, write: impl FnOnce(&Self)) -> Result<()> {
        self.wire.boundary()?;
        write(self);
        self.disk().commits += 1;
        self.wire.boundary()
    }
    fn disk(&self) -> MutexGuard<'_, Disk> {
        // A panic while the lock was held leaves plain data behind; it is still whole.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The journal of one record: a boundary before and after each commit.
#[derive(Debug)]
pub struct FaultJournal {
    inner: MemoryJournal,
    ledger: TestLedger,
    record: SourceRef,
}

impl FaultJournal {
    /// Takes the prior values out of intents and gives them back with the receipt: the wrong way, for the control.
    fn misplace(&self, marks: &mut [Mark]) {
        let mut disk = self.ledger.disk();
        for mark in marks {
            let at = (self.record.clone(), mark.index);
            if let Some(prepared) = mark.prepared.take() {
                disk.volatile.insert(at, prepared);
            } else if matches!(mark.state, State::Applied(_)) {
                mark.prepared = disk.volatile.remove(&at);
            }
        }
    }
}

#[async_trait]
impl Journal for FaultJournal {
    async fn commit(&mut self, mut marks: Vec<Mark>) -> Result<()> {
        self.ledger.wire.boundary()?;
        if self.ledger.forgetful {
            self.misplace(&mut marks);
        }
        self.inner.commit(marks).await?;
        self.ledger.disk().commits += 1;
        self.ledger.wire.boundary()
    }
    async fn owned_by_another(&self, remote: &RemoteRef) -> Result<bool> {
        self.inner.owned_by_another(remote).await
    }
    async fn lock(&mut self, key: &str) -> Result<bool> {
        self.inner.lock(key).await
    }
    async fn unlock(&mut self, key: &str) {
        self.inner.unlock(key).await;
    }
}
