//! A sink that can be told to begin nothing new, and that notices when its platform can't be reached.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mapping_core::{
    Call, Candidate, Catalog, Change, Clock, Dialect, Draft, Error, ErrorKind, Marked, Meter, Observed,
    Prepared, Progress, Receipt, RemoteRef, Result, Retry, Shaped, Sink, Step,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Why nothing new is begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// A person asked.
    Interrupted,
    /// The destination can't be reached for too long.
    Unreachable(String),
    /// A record isn't any more what was planned.
    Stale(String),
    /// An error that ends the run; kept by whoever met it.
    Failed,
}

/// Passes calls on to the sink. After a halt, calls in flight end as they would, and everything else is answered with
/// "not now", which the driver takes as a reason to park the record.
pub(crate) struct Guarded<'a> {
    sink: &'a dyn Sink,
    clock: &'a dyn Clock,
    patience: SignedDuration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    halt: Option<Halt>,
    failing_since: Option<Timestamp>,
}

impl<'a> Guarded<'a> {
    pub(crate) fn new(sink: &'a dyn Sink, clock: &'a dyn Clock, unreachable_seconds: u32) -> Self {
        let patience = SignedDuration::from_secs(unreachable_seconds.into());
        Guarded { sink, clock, patience, state: Mutex::default() }
    }
    /// Begins nothing new from now on. The first reason stays.
    pub(crate) fn halt(&self, why: Halt) {
        self.state().halt.get_or_insert(why);
    }
    pub(crate) fn halted(&self) -> Option<Halt> {
        self.state().halt.clone()
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn allowed(&self) -> Result<()> {
        match self.state().halt {
            None => Ok(()),
            Some(_) => {
                Err(Error::not_sent(ErrorKind::NotReady, "the run is stopping").with_retry(Retry::Later))
            }
        }
    }
    /// Notices whether the platform answered; a refusal is an answer.
    fn heard<T>(&self, result: Result<T>) -> Result<T> {
        let now = self.clock.now();
        let mut state = self.state();
        match &result {
            Err(e) if matches!(e.kind(), ErrorKind::Transport | ErrorKind::Unavailable) => {
                let since = *state.failing_since.get_or_insert(now);
                if now.duration_since(since) >= self.patience {
                    state.halt.get_or_insert(Halt::Unreachable(e.to_string()));
                }
            }
            _ => state.failing_since = None,
        }
        drop(state);
        result
    }
}

#[async_trait]
impl Sink for Guarded<'_> {
    fn dialect(&self) -> Dialect {
        self.sink.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        self.sink.catalog().await
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        self.sink.shape(draft, catalog)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        self.sink.steps(change)
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        self.allowed()?;
        self.heard(self.sink.prepare(call).await)
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        self.heard(self.sink.perform(call).await)
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        self.allowed()?;
        self.heard(self.sink.settle(call).await)
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        self.allowed()?;
        self.heard(self.sink.read(at).await)
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        self.sink.undo(done)
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.sink.batch_mark(label)
    }
    async fn marked(&self, there: &Catalog) -> Result<Vec<Marked>> {
        self.sink.marked(there).await
    }
    async fn list(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
        self.sink.list(kind).await
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.sink.floor(draft)
    }
    fn reads(&self, draft: &Draft) -> u32 {
        self.sink.reads(draft)
    }
    fn landing(&self) -> Duration {
        self.sink.landing()
    }
    fn meter(&self) -> Meter {
        self.sink.meter()
    }
}
