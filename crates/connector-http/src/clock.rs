//! Time as an argument: a clock that can be read and slept on.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_core::future::BoxFuture;

/// The time, for everything in this crate that waits or compares.
pub trait Clock: Send + Sync + 'static {
    /// Time since some fixed moment; never goes back.
    fn elapsed(&self) -> Duration;
    /// Time since 1970-01-01T00:00:00Z, as a server's stated times count.
    fn unix(&self) -> Duration;
    /// Completes after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The runtime's own clock. Its Unix time follows the system's until [`frozen_to`](TokioClock::frozen_to) ties it to
/// the runtime's, for tests that pause it.
#[derive(Clone, Debug)]
pub struct TokioClock {
    start: tokio::time::Instant,
    unix_at_start: Option<Duration>,
}

impl TokioClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        TokioClock { start: tokio::time::Instant::now(), unix_at_start: None }
    }

    /// A clock that reads `unix` now and moves with the runtime's time alone.
    pub fn frozen_to(unix: Duration) -> Self {
        TokioClock { start: tokio::time::Instant::now(), unix_at_start: Some(unix) }
    }
}

impl Default for TokioClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TokioClock {
    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
    fn unix(&self) -> Duration {
        match self.unix_at_start {
            Some(at_start) => at_start + self.elapsed(),
            None => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Runs `future` for at most `limit`; `None` when the time is up.
pub(crate) async fn within<F: Future>(clock: &dyn Clock, limit: Duration, future: F) -> Option<F::Output> {
    let future = std::pin::pin!(future);
    match futures_util::future::select(future, clock.sleep(limit)).await {
        futures_util::future::Either::Left((output, _)) => Some(output),
        futures_util::future::Either::Right(_) => None,
    }
}
