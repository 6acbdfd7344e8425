//! A sink in front of another one that counts what each of its methods sends.

use super::{Counts, Wire};
use crate::{
    Call, Candidate, Catalog, Change, Dialect, Draft, Made, Meter, Observed, Prepared, Progress, Receipt,
    RemoteRef, Result, Shaped, Sink, Step,
};
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What one method of a sink sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method: `prepare`, `perform`, `settle`, `read`, `catalog`.
    pub method: &'static str,
    /// The step's operation; empty for `read` and `catalog`.
    pub op: String,
    /// Calls that leave nothing behind.
    pub reads: u64,
    /// Calls that write.
    pub writes: u64,
    /// The step's cost at worst; zero for `read` and `catalog`.
    pub worst: u32,
    /// The receipt says that the object was there already, or what was left out in its place.
    pub matched: bool,
}

/// A sink whose calls are counted at its wire, method by method.
pub struct Watched<'a> {
    inner: &'a dyn Sink,
    wire: Wire,
    seen: Mutex<Vec<Seen>>,
}

impl<'a> Watched<'a> {
    /// Watches a sink on this wire.
    pub fn new(inner: &'a dyn Sink, wire: &Wire) -> Self {
        Watched { inner, wire: wire.clone(), seen: Mutex::default() }
    }
    /// What was sent, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.log().clone()
    }
    fn note(&self, method: &'static str, step: Option<&Step>, before: Counts) {
        let after = self.wire.counts();
        let (reads, writes) = (after.reads - before.reads, after.writes - before.writes);
        let op = step.map(|s| s.op.to_string()).unwrap_or_default();
        let worst = step.map_or(0, |s| s.cost.worst);
        self.log().push(Seen { method, op, reads, writes, worst, matched: false });
    }
    fn log(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sink for Watched<'_> {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        let before = self.wire.counts();
        let answer = self.inner.catalog().await;
        self.note("catalog", None, before);
        answer
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        self.inner.shape(draft, catalog)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        self.inner.steps(change)
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        let before = self.wire.counts();
        let answer = self.inner.prepare(call).await;
        self.note("prepare", Some(call.step), before);
        answer
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        let before = self.wire.counts();
        let answer = self.inner.perform(call).await;
        self.note("perform", Some(call.step), before);
        let matched = answer
            .as_ref()
            .is_ok_and(|receipt| matches!(receipt.made, Made::Matched(_)) || !receipt.losses.is_empty());
        self.log().iter_mut().last().into_iter().for_each(|seen| seen.matched = matched);
        answer
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let before = self.wire.counts();
        let answer = self.inner.settle(call).await;
        self.note("settle", Some(call.step), before);
        answer
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        let before = self.wire.counts();
        let answer = self.inner.read(at).await;
        self.note("read", None, before);
        answer
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        self.inner.undo(done)
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.inner.batch_mark(label)
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.inner.floor(draft)
    }
    fn meter(&self) -> Meter {
        self.inner.meter()
    }
}
