//! Repetition by idempotency and outcome.

use std::sync::Arc;
use std::time::Duration;

use mapping_core::{Error, ErrorKind, Outcome, Result, Retry as Again};

use crate::clock::Clock;
use crate::config::{RetrySettings, Waiting};
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::jitter::Jitter;
use crate::meta::{Meta, Repeat};

/// Repeats a call when that can help and can't do harm.
///
/// Whether it can help says the error: its `retry` isn't `Never`. Whether it can do harm depends on the request: a
/// read or an overwriting write may be repeated after anything; a create only when it certainly was not applied.
/// A wait that the server stated is kept, with jitter on top; one that is too long is left to the caller.
pub struct Retry<X> {
    inner: X,
    settings: RetrySettings,
    waiting: Waiting,
    jitter: Arc<Jitter>,
    clock: Arc<dyn Clock>,
}

/// Whether a call with this answer may be sent once more.
fn may_repeat(repeat: Repeat, error: &Error) -> bool {
    let certainly_not_applied = matches!(error.outcome(), Outcome::NotSent | Outcome::Rejected);
    let harmless = certainly_not_applied || (repeat == Repeat::Safe && error.outcome() == Outcome::Unknown);
    harmless && error.retry() != Again::Never
}

impl<X: Exchange> Retry<X> {
    /// Repeats calls of `inner`. `waiting` says whether a throttled call waits or fails.
    pub fn new(
        inner: X,
        settings: RetrySettings,
        waiting: Waiting,
        jitter: Arc<Jitter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Retry { inner, settings, waiting, jitter, clock }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let (mut failed, mut throttled) = (0, 0);
        loop {
            let before = meta.flight().may_be_applied();
            let mut error = match A::ask(&self.inner, request).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if matches!(error.outcome(), Outcome::NotSent | Outcome::Rejected) {
                meta.flight().refused(before);
                if before && !meta.is_read() {
                    // An earlier attempt's answer was lost, and this one's refusal says nothing about that one.
                    error = error.with_outcome(Outcome::Unknown);
                }
            }
            let (count, most) = match error.kind() {
                ErrorKind::Throttled => (&mut throttled, self.settings.throttled),
                _ => (&mut failed, self.settings.attempts),
            };
            *count += 1;
            if *count >= most || !may_repeat(meta.repeat(), &error) {
                return Err(error);
            }
            let wait = self.wait_before_repeating(&error, *count);
            let unwanted = error.kind() == ErrorKind::Throttled && !self.waiting.allows(wait);
            let too_long =
                matches!(error.retry(), Again::After(stated) if stated > self.settings.longest_stated_wait);
            if unwanted || too_long {
                return Err(error);
            }
            tracing::debug!(operation = meta.operation(), wait_ms = wait.as_millis() as u64, %error, "repeating");
            self.clock.sleep(wait).await;
        }
    }

    /// A stated wait plus up to a tenth; else a wait that doubles, between half of it and all.
    fn wait_before_repeating(&self, error: &Error, failures: u32) -> Duration {
        match error.retry() {
            Again::After(stated) => {
                stated.saturating_add(self.jitter.up_to(stated / 10 + Duration::from_millis(250)))
            }
            Again::Later | Again::Never => {
                let doubled = self.settings.first_wait.saturating_mul(1 << (failures - 1).min(20));
                let half = doubled.min(self.settings.longest_wait) / 2;
                half + self.jitter.up_to(half)
            }
        }
    }
}
exchange_by_around!(Retry);
