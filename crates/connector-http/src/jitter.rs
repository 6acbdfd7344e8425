//! Randomness as an argument: how much is added to a wait so that workers don't move in step.

use std::sync::Mutex;
use std::time::Duration;

/// A source of small random additions. [`Jitter::seeded`] repeats itself; [`Jitter::none`] adds nothing.
#[derive(Debug)]
pub struct Jitter(Option<Mutex<fastrand::Rng>>);

impl Jitter {
    /// Jitter that differs from run to run.
    pub fn random() -> Self {
        Jitter(Some(Mutex::new(fastrand::Rng::new())))
    }
    /// Jitter that is the same for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Jitter(Some(Mutex::new(fastrand::Rng::with_seed(seed))))
    }
    /// No jitter.
    pub fn none() -> Self {
        Jitter(None)
    }
    /// A duration from zero up to `most`.
    pub fn up_to(&self, most: Duration) -> Duration {
        match &self.0 {
            Some(rng) => most.mul_f64(rng.lock().unwrap_or_else(|e| e.into_inner()).f64()),
            None => Duration::ZERO,
        }
    }
}
