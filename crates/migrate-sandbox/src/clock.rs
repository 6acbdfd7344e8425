//! The clock that the stand-ins tell time by: the system's, moved or stopped at will.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// A clock shared by everything that holds a clone of it.
///
/// It runs with the system clock plus an offset until it is [frozen](SandboxClock::freeze). A step that would leave
/// the range of [`Timestamp`] stops at the end of that range.
#[derive(Debug, Clone, Default)]
pub struct SandboxClock {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Running { offset: SignedDuration },
    Frozen { at: Timestamp },
}

impl Default for State {
    fn default() -> Self {
        Self::Running { offset: SignedDuration::ZERO }
    }
}

impl SandboxClock {
    /// A clock that agrees with the system's.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `at` until it is advanced or set.
    #[must_use]
    pub fn frozen(at: Timestamp) -> Self {
        let clock = Self::default();
        clock.freeze(at);
        clock
    }

    /// The time by this clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match *self.lock() {
            State::Running { offset } => moved(Timestamp::now(), offset),
            State::Frozen { at } => at,
        }
    }

    /// Moves the clock; a negative step moves it back.
    pub fn advance(&self, step: SignedDuration) {
        let mut state = self.lock();
        *state = match *state {
            State::Running { offset } => State::Running { offset: offset.saturating_add(step) },
            State::Frozen { at } => State::Frozen { at: moved(at, step) },
        };
    }

    /// Moves the clock to these Unix seconds when it stands before them.
    pub(crate) fn advance_to(&self, second: i64) {
        let now = self.now();
        if let Ok(at) = Timestamp::from_second(second)
            && at > now
        {
            self.advance(at.duration_since(now));
        }
    }

    /// Sets the clock to `at`; it runs on from there, also when it was frozen before.
    pub fn set(&self, at: Timestamp) {
        *self.lock() = State::Running { offset: at.duration_since(Timestamp::now()) };
    }

    /// Stops the clock at `at`.
    pub fn freeze(&self, at: Timestamp) {
        *self.lock() = State::Frozen { at };
    }

    /// Lets a frozen clock run on from where it stands.
    pub fn resume(&self) {
        let now = self.now();
        self.set(now);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn moved(at: Timestamp, step: SignedDuration) -> Timestamp {
    at.checked_add(step).unwrap_or(if step.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clone_sees_what_the_other_was_told() {
        let clock = SandboxClock::frozen(at("2026-03-01T00:00:00Z"));
        let other = clock.clone();
        clock.advance(SignedDuration::from_hours(2));
        assert_eq!(other.now(), at("2026-03-01T02:00:00Z"));
    }

    #[test]
    fn a_set_clock_runs_on_and_never_stands_before_what_it_was_set_to() {
        let clock = SandboxClock::frozen(at("2026-03-01T00:00:00Z"));
        clock.set(at("2030-01-01T00:00:00Z"));
        let first = clock.now();
        assert!(first >= at("2030-01-01T00:00:00Z"));
        assert!(first < at("2030-01-01T01:00:00Z"));
    }

    #[test]
    fn advancing_past_the_end_of_time_stops_there() {
        let clock = SandboxClock::frozen(at("2026-03-01T00:00:00Z"));
        clock.advance(SignedDuration::MAX);
        assert_eq!(clock.now(), Timestamp::MAX);
        clock.advance(SignedDuration::MIN);
        assert_eq!(clock.now(), Timestamp::MIN);
    }
}
