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
    fn address(&self, at: &RemoteRef, there: &Catalog) -> Option<String> {
        self.sink.address(at, there)
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

#[cfg(test)]
mod tests {
    use super::*;
    use mapping_core::testkit::{MemoryServer, MemorySink, Wire};
    use mapping_core::{SourceRef, Window};

    /// A platform that has its own answer to everything that a sink may leave to its default.
    struct Telling(MemorySink);

    #[async_trait]
    impl Sink for Telling {
        fn dialect(&self) -> Dialect {
            self.0.dialect()
        }
        async fn catalog(&self) -> Result<Catalog> {
            self.0.catalog().await
        }
        fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
            self.0.shape(draft, catalog)
        }
        fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
            self.0.steps(change)
        }
        async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
            self.0.perform(call).await
        }
        async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
            self.0.settle(call).await
        }
        async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
            self.0.read(at).await
        }
        fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
            self.0.undo(done)
        }
        fn floor(&self, _: &Draft) -> u64 {
            77
        }
        fn batch_mark(&self, label: &str) -> Option<Draft> {
            Some(Draft::new("tag", SourceRef::new("batch", label)))
        }
        async fn marked(&self, _: &Catalog) -> Result<Vec<Marked>> {
            let mark = RemoteRef::new("tag", "1");
            Ok(vec![Marked { mark, label: "x".into(), records: 1, example: None }])
        }
        async fn list(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
            let draft = Draft::new(kind.to_owned(), SourceRef::new(kind.to_owned(), "1"));
            Ok(Some(vec![Observed { draft, window: Window::Whole, version: None }]))
        }
        fn address(&self, at: &RemoteRef, _: &Catalog) -> Option<String> {
            Some(format!("https://desk.test/{}", at.id))
        }
        fn reads(&self, _: &Draft) -> u32 {
            5
        }
        fn landing(&self) -> Duration {
            Duration::from_secs(7)
        }
        fn meter(&self) -> Meter {
            Meter { calls: 9, ..Meter::default() }
        }
    }

    #[tokio::test]
    async fn what_a_sink_may_leave_to_its_default_is_passed_on_too() {
        let wire = Wire::new();
        let server = MemoryServer::new(&wire, Duration::ZERO);
        let sink = Telling(MemorySink::new(&server, 0));
        let clock = wire.clock().clone();
        let guarded = Guarded::new(&sink, &clock, 60);
        let (draft, there) = (Draft::new("tag", SourceRef::new("tag", "1")), Catalog::default());
        assert!(guarded.batch_mark("a").is_some());
        assert_eq!(guarded.marked(&there).await.unwrap().len(), 1);
        assert_eq!(guarded.list("macro").await.unwrap().map(|all| all.len()), Some(1));
        let address = guarded.address(&RemoteRef::new("tag", "4"), &there);
        assert_eq!(address.as_deref(), Some("https://desk.test/4"));
        assert_eq!((guarded.floor(&draft), guarded.reads(&draft)), (77, 5));
        assert_eq!((guarded.landing(), guarded.meter().calls), (Duration::from_secs(7), 9));
    }
}
