//! Time as an argument, and the wish of a person to stop.

use async_trait::async_trait;
use jiff::Timestamp;
use mapping_core::Clock;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// A clock that can also wait.
#[async_trait]
pub trait Timer: Clock {
    /// Returns at this moment or later.
    async fn sleep_until(&self, moment: Timestamp);
}

/// The machine's own time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemTimer;

impl Clock for SystemTimer {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
#[async_trait]
impl Timer for SystemTimer {
    async fn sleep_until(&self, moment: Timestamp) {
        let wait = moment.duration_since(Timestamp::now());
        if let Ok(wait) = std::time::Duration::try_from(wait) {
            tokio::time::sleep(wait).await;
        }
    }
}

/// A clock that stands still until somebody waits: then it jumps to the moment that was waited for. For tests.
#[derive(Clone, Debug)]
pub struct ManualTimer(Arc<Mutex<Timestamp>>);

impl ManualTimer {
    /// A clock that shows this moment.
    pub fn at(moment: Timestamp) -> Self {
        ManualTimer(Arc::new(Mutex::new(moment)))
    }
    /// Moves it forward to this moment; never back.
    pub fn advance_to(&self, moment: Timestamp) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = moment.max(*now);
    }
}
impl Clock for ManualTimer {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
#[async_trait]
impl Timer for ManualTimer {
    async fn sleep_until(&self, moment: Timestamp) {
        // Others get their turn first: time passes only when nothing else can happen.
        tokio::task::yield_now().await;
        self.advance_to(moment);
    }
}

/// A wish to stop, shared by who wishes (a signal handler) and who obeys (a verb).
///
/// A verb that is cancelled finishes the calls that are in flight, and ends with [`Exit::Interrupted`](crate::Exit);
/// the same command goes on later.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Cancel(Arc::new(watch::Sender::new(false)))
    }
}
impl Cancel {
    /// Nobody wishes to stop yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Asks to stop. Doing it twice is doing it once.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
    /// Whether somebody asked.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }
    /// Returns when somebody asks.
    pub async fn cancelled(&self) {
        let mut seen = self.0.subscribe();
        // The sender lives as long as `self`, so this only ends by the wish.
        let _ = seen.wait_for(|asked| *asked).await;
    }
}
