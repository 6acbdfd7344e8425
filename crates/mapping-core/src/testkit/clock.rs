//! A clock that moves only when it is told to.

use crate::Clock;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Virtual time, shared by everything that holds a clone. It begins at 2026-01-01T00:00:00Z and never goes back.
#[derive(Clone, Debug)]
pub struct VirtualClock(Arc<AtomicI64>);

/// 2026-01-01T00:00:00Z in milliseconds.
const BEGIN: i64 = 1_767_225_600_000;

impl Default for VirtualClock {
    fn default() -> Self {
        VirtualClock(Arc::new(AtomicI64::new(BEGIN)))
    }
}

impl VirtualClock {
    /// A clock at the beginning.
    pub fn new() -> Self {
        Self::default()
    }
    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let moved = self.0.load(Ordering::SeqCst).saturating_add(by);
        self.0.store(moved, Ordering::SeqCst);
    }
    /// Moves it to a moment; one in the past changes nothing.
    pub fn advance_to(&self, to: Timestamp) {
        self.0.fetch_max(to.as_millisecond(), Ordering::SeqCst);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
    }
}
