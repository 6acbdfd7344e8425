//! What a suite needs to know of a sink and its server.

use super::{TestLedger, Wire};
use crate::{Blobs, Draft, NoBlobs, Result, Sink};
use async_trait::async_trait;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Drafts in phases: each is planned against the catalog that the phases before it left (fields first, then people,
/// then threads).
pub type Phases = Vec<Vec<Draft>>;

/// The same data after something changed at the source.
#[derive(Clone, Debug)]
pub struct Changed {
    /// All drafts, the unchanged ones too.
    pub phases: Phases,
    /// Lasting writes that lead there.
    pub writes: u64,
}

/// A test rig for one sink: it makes worlds and says what to load into them.
#[async_trait]
pub trait Rig: Send + Sync {
    /// Its name, for reports.
    fn name(&self) -> String;

    /// A server in its start state. Every call of its sinks goes through `wire`; its searches show a new object only
    /// `lag` (virtual time) after it was made.
    ///
    /// # Errors
    /// Whatever keeps it from starting.
    async fn world(&self, wire: &Wire, lag: Duration) -> Result<Box<dyn World>>;

    /// What to load. Put the nasty cases in: a matched and an archived contact, equal replies within one second, files.
    fn drafts(&self) -> Phases;

    /// What to load for the suite about records that the platform can't tell apart: at least two of them.
    fn twins(&self) -> Phases {
        self.drafts()
    }

    /// The drafts after a change at the source; `None` when the sink can't bring changes over.
    fn changed(&self) -> Option<Changed> {
        None
    }

    /// The longest lag of searches that the sink's blind windows are made for.
    fn lag(&self) -> Duration {
        Duration::from_secs(300)
    }

    /// How long a call may be under way; the driver's `landing`.
    fn landing(&self) -> Duration {
        Duration::from_secs(30)
    }

    /// The bytes of files.
    fn blobs(&self) -> Arc<dyn Blobs> {
        Arc::new(NoBlobs)
    }

    /// An empty ledger. Controls return one that is wrong on purpose.
    fn ledger(&self, wire: &Wire) -> TestLedger {
        TestLedger::new(wire)
    }
}

/// One server, and the processes that talk to it.
#[async_trait]
pub trait World: Send + Sync {
    /// A new sink, as a new process has it: it remembers nothing.
    ///
    /// # Errors
    /// Whatever keeps it from connecting.
    async fn connect(&self) -> Result<Box<dyn Sink>>;

    /// Everything a person could see at the server, in a form that is equal for equal content: without the server's own
    /// ids, times and temporary uploads. Reads past the wire.
    ///
    /// # Errors
    /// When it can't be read.
    async fn state(&self) -> Result<serde_json::Value>;

    /// Compares the server with the (unshaped) drafts that were loaded. Code of the server's side: it must not use the
    /// sink. Reads past the wire.
    ///
    /// # Errors
    /// When it can't be read.
    async fn judge(&self, drafts: &Phases) -> Result<Verdict>;

    /// Somebody else changes something beside what was loaded (an admin adds a field). A rollback must leave it there.
    ///
    /// # Errors
    /// When it can't be done.
    async fn meddle(&self) -> Result<()> {
        Ok(())
    }
}

/// What a judge found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Objects, parts, files or values that should be there and aren't.
    pub lost: u64,
    /// Objects or parts that are there more often than they should.
    pub doubled: u64,
    /// Threads whose parts are not in order.
    pub out_of_order: u64,
    /// Messages that would have reached a person: mails, notices, mentions.
    pub notified: u64,
    /// Where, for people.
    pub remarks: Vec<String>,
}
impl Verdict {
    /// Nothing is wrong.
    pub fn is_clean(&self) -> bool {
        (self.lost, self.doubled, self.out_of_order, self.notified) == (0, 0, 0, 0)
    }
}

/// What a suite did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SuiteReport {
    /// The suite.
    pub suite: &'static str,
    /// The rig.
    pub rig: String,
    /// Crash points that were tried.
    pub crash_points: u64,
    /// Worlds that were run to their end.
    pub runs: u64,
    /// Calls that reached a server.
    pub calls: u64,
}
impl fmt::Display for SuiteReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SuiteReport { suite, rig, crash_points, runs, calls } = self;
        write!(f, "{suite} over {rig}: {runs} runs, {crash_points} crash points, {calls} calls")
    }
}
