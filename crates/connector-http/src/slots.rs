//! How many calls run at once, and how long a slot rests after each.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mapping_core::{Error, Result};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::config::SlotSettings;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};

/// More slots than this are taken for a slip of the pen.
const MOST_SLOTS: usize = 10_000;

/// Lets a given number of calls run at once. Stands inside everything that waits, so that no call sleeps in a slot
/// that another could use. A streamed answer keeps its slot until its body ends or is dropped.
pub struct Slots<X> {
    inner: X,
    semaphore: Arc<Semaphore>,
    free_at: Arc<Mutex<Vec<Duration>>>,
    rest: Duration,
    clock: Arc<dyn Clock>,
}

/// A slot in use. Dropping it, also by cancelling the call, puts it to rest.
struct Slot {
    _permit: OwnedSemaphorePermit,
    free_at: Arc<Mutex<Vec<Duration>>>,
    rest: Duration,
    rested_until: Option<Duration>,
    clock: Arc<dyn Clock>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let free_at = self.rested_until.unwrap_or_else(|| self.clock.elapsed().saturating_add(self.rest));
        self.free_at.lock().unwrap_or_else(|e| e.into_inner()).push(free_at);
    }
}

impl<X: Exchange> Slots<X> {
    /// Runs at most `settings.count` (1 to 10,000) calls of `inner` at once.
    pub fn new(inner: X, settings: &SlotSettings, clock: Arc<dyn Clock>) -> Self {
        let count = settings.count.clamp(1, MOST_SLOTS);
        Slots {
            inner,
            semaphore: Arc::new(Semaphore::new(count)),
            free_at: Arc::new(Mutex::new(vec![Duration::ZERO; count])),
            rest: settings.rest,
            clock,
        }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let slot = self.take().await?;
        let answer = A::ask(&self.inner, request).await?;
        Ok(answer.hold(Box::new(slot)))
    }

    async fn take(&self) -> Result<Slot> {
        let closed = |_| Error::bug("the slots were closed");
        let permit = self.semaphore.clone().acquire_owned().await.map_err(closed)?;
        let rested_until = self.earliest_rested();
        let mut slot = Slot {
            _permit: permit,
            free_at: self.free_at.clone(),
            rest: self.rest,
            rested_until,
            clock: self.clock.clone(),
        };
        if let Some(until) = rested_until {
            let rest = until.saturating_sub(self.clock.elapsed());
            if !rest.is_zero() {
                self.clock.sleep(rest).await;
            }
        }
        slot.rested_until = None;
        Ok(slot)
    }

    /// Takes the slot that has rested longest out of those that are free.
    fn earliest_rested(&self) -> Option<Duration> {
        let mut free_at = self.free_at.lock().unwrap_or_else(|e| e.into_inner());
        let (at, _) = free_at.iter().enumerate().min_by_key(|(_, until)| **until)?;
        Some(free_at.swap_remove(at))
    }
}
exchange_by_around!(Slots);
