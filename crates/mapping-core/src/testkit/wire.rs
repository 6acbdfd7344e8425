//! The place between a sink and its server where crashes and faults happen.

use super::VirtualClock;
use crate::{Error, ErrorKind, Result, Retry};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a call leaves behind at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Nothing that lasts: a read, a search, a temporary upload.
    Reads,
    /// Something that lasts: it made, changed or removed something, or was refused when it tried.
    Writes,
}

/// What a wire has counted since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Crash points that were passed or hit.
    pub boundaries: u64,
    /// Calls that reached the server and leave nothing behind.
    pub reads: u64,
    /// Calls that reached the server to write.
    pub writes: u64,
    /// Answers that were lost after the call had landed.
    pub lost: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Crashes.
    pub crashes: u64,
}

/// A fault device. Any simulated server, or an adapter in front of one, asks it before and after each call; journals
/// ask it before and after each commit. Every such question is one *boundary*, and the process can be made to die at
/// any of them.
///
/// A dead process stays dead: every further boundary fails with [`ErrorKind::Interrupted`] until
/// [`restart`](Wire::restart), so that no layer of retries can carry on after it.
#[derive(Clone, Debug, Default)]
pub struct Wire {
    clock: VirtualClock,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    random: Random,
    fuse: Option<u64>,
    dead: bool,
    lose_percent: u8,
    refuse_percent: u8,
    latency: Duration,
    counts: Counts,
}

#[derive(Debug)]
struct Random(fastrand::Rng);
impl Default for Random {
    fn default() -> Self {
        Random(fastrand::Rng::with_seed(1))
    }
}
impl Random {
    fn hits(&mut self, percent: u8) -> bool {
        percent > 0 && self.0.u8(0..100) < percent
    }
}

impl Wire {
    /// A wire without faults, with a clock of its own.
    pub fn new() -> Self {
        Self::default()
    }
    /// The virtual time.
    pub fn clock(&self) -> &VirtualClock {
        &self.clock
    }
    /// Dies at the `nth` boundary from now; the first is 1. Zero: never.
    pub fn crash_at(&self, nth: u64) {
        self.state().fuse = (nth > 0).then_some(nth);
    }
    /// Loses answers and refuses connections, each with its own probability in per cent, by this seed.
    pub fn faults(&self, seed: u64, lose_percent: u8, refuse_percent: u8) {
        let mut state = self.state();
        state.random = Random(fastrand::Rng::with_seed(seed));
        state.lose_percent = lose_percent;
        state.refuse_percent = refuse_percent;
    }
    /// From now on everything works.
    pub fn heal(&self) {
        let mut state = self.state();
        state.fuse = None;
        state.lose_percent = 0;
        state.refuse_percent = 0;
    }
    /// How long a write is under way before it lands; the clock moves on by that much. Keep it below the driver's
    /// `landing`.
    pub fn latency(&self, latency: Duration) {
        self.state().latency = latency;
    }
    /// The process is started again after it died.
    pub fn restart(&self) {
        let mut state = self.state();
        state.dead = false;
        state.fuse = None;
    }
    /// True between a crash and [`restart`](Wire::restart).
    pub fn is_dead(&self) -> bool {
        self.state().dead
    }
    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// One crash point.
    ///
    /// # Errors
    /// `Interrupted` when the process dies here, or is dead.
    pub fn boundary(&self) -> Result<()> {
        let mut state = self.state();
        if !state.dead {
            state.counts.boundaries += 1;
            if let Some(left) = state.fuse {
                state.fuse = (left > 1).then(|| left - 1);
                state.dead = left <= 1;
                state.counts.crashes += u64::from(state.dead);
            }
        }
        if state.dead {
            return Err(Error::unknown(ErrorKind::Interrupted, "the process was killed by its test"));
        }
        Ok(())
    }

    /// Before a call leaves: a crash point, then perhaps a refused connection. `Ok` lets the call reach the server.
    ///
    /// # Errors
    /// `Interrupted`; `Transport`, not sent.
    pub fn before(&self, touch: Touch) -> Result<()> {
        self.boundary()?;
        let mut state = self.state();
        let percent = state.refuse_percent;
        if state.random.hits(percent) {
            state.counts.refused += 1;
            return Err(Error::not_sent(ErrorKind::Transport, "the connection was refused")
                .with_retry(Retry::After(Duration::from_secs(1))));
        }
        match touch {
            Touch::Reads => state.counts.reads += 1,
            Touch::Writes => {
                state.counts.writes += 1;
                self.clock.advance(state.latency);
            }
        }
        Ok(())
    }

    /// After a call has landed, before its answer is here: a crash point, then perhaps a lost answer.
    ///
    /// # Errors
    /// `Interrupted`; `Transport`, unknown.
    pub fn after(&self) -> Result<()> {
        self.boundary()?;
        let mut state = self.state();
        let percent = state.lose_percent;
        if state.random.hits(percent) {
            state.counts.lost += 1;
            return Err(Error::unknown(ErrorKind::Transport, "the answer was lost")
                .with_retry(Retry::After(Duration::from_secs(1))));
        }
        Ok(())
    }

    /// One whole call of a server that is a function: [`before`](Wire::before), the function, [`after`](Wire::after).
    ///
    /// # Errors
    /// As both of them, and what the server answers.
    pub fn call<T>(&self, touch: Touch, land: impl FnOnce() -> Result<T>) -> Result<T> {
        self.before(touch)?;
        let answer = land();
        self.after()?;
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic while the lock was held leaves plain data behind; it is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outcome;

    #[test]
    fn the_process_dies_at_the_boundary_asked_for_and_stays_dead_until_its_restart() {
        let wire = Wire::new();
        wire.crash_at(3);
        assert!(wire.call(Touch::Writes, || Ok(())).is_ok());
        assert_eq!(wire.boundary().unwrap_err().kind(), ErrorKind::Interrupted);
        let mut landed = 0;
        assert!(wire.call(Touch::Writes, || land(&mut landed)).is_err());
        assert_eq!(landed, 0, "a dead process sends nothing");
        wire.restart();
        assert!(wire.boundary().is_ok());
        assert_eq!(wire.counts(), Counts { boundaries: 4, writes: 1, crashes: 1, ..Counts::default() });
    }

    #[test]
    fn a_lost_answer_has_landed_and_a_refused_connection_has_not() {
        let wire = Wire::new();
        let mut landed = 0;
        wire.faults(7, 100, 0);
        let lost = wire.call(Touch::Writes, || land(&mut landed)).unwrap_err();
        wire.faults(7, 0, 100);
        let refused = wire.call(Touch::Writes, || land(&mut landed)).unwrap_err();
        assert_eq!((lost.outcome(), refused.outcome()), (Outcome::Unknown, Outcome::NotSent));
        assert_eq!((landed, wire.counts().writes, wire.counts().lost), (1, 1, 1));
    }

    fn land(landed: &mut u32) -> Result<()> {
        *landed += 1;
        Ok(())
    }
}
