//! How many calls run at once when the server alone knows how many it bears.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mapping_core::{Error, Result};
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::classify::Answered;
use crate::clock::Clock;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;

/// More calls at once than this are taken for a slip of the pen.
const MOST: usize = 10_000;

/// How the number of calls at once follows the server's refusals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AdaptingSettings {
    /// Calls at once, to begin with and never more. 1 to 10,000. Default: 8.
    pub most: usize,
    /// Calls at once, never less. Default: 1.
    pub least: usize,
    /// Seconds without a refusal, and with answers, after which one more call may run. Default: 30.
    pub grow_after_seconds: u64,
}

impl Default for AdaptingSettings {
    fn default() -> Self {
        AdaptingSettings { most: 8, least: 1, grow_after_seconds: 30 }
    }
}

impl AdaptingSettings {
    /// At most this many at once.
    pub fn new(most: usize) -> Self {
        AdaptingSettings { most, ..Self::default() }
    }
}

/// Says whether an answer means that too many calls ran at once.
pub(crate) type TooMany = Arc<dyn Fn(&Answered<'_>) -> bool + Send + Sync>;

/// Lets a number of calls run at once that halves when the server says "too many at once" and grows again one by one.
///
/// Calls that had begun before the number was halved don't halve it again: they say nothing new. Stands where
/// [`Slots`](crate::Slots) does; a streamed answer keeps its place until its body ends or is dropped.
pub struct Adapting<X> {
    inner: X,
    pool: Pool,
    too_many: TooMany,
}

/// The number as it stands; shared with whoever asks for it.
#[derive(Clone)]
pub(crate) struct Pool {
    semaphore: Arc<Semaphore>,
    state: Arc<Mutex<State>>,
    settings: AdaptingSettings,
    clock: Arc<dyn Clock>,
}

struct State {
    allowed: usize,
    /// Permits that are out and must not come back.
    owed: usize,
    /// How often the number was halved; a call remembers it from when it began.
    shrunk: u64,
    /// When the number last changed.
    changed: Duration,
}

/// A call in its place.
struct Place {
    permit: Option<OwnedSemaphorePermit>,
    pool: Pool,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.pool.state();
        if state.owed > 0
            && let Some(permit) = self.permit.take()
        {
            state.owed -= 1;
            permit.forget();
        }
    }
}

impl<X: Exchange> Adapting<X> {
    /// Runs the calls of `inner`; `too_many` picks the answers at which their number is halved.
    pub fn new(
        inner: X,
        settings: AdaptingSettings,
        too_many: impl Fn(&Answered<'_>) -> bool + Send + Sync + 'static,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self::by(inner, Pool::new(settings, clock), Arc::new(too_many))
    }

    pub(crate) fn by(inner: X, pool: Pool, too_many: TooMany) -> Self {
        Adapting { inner, pool, too_many }
    }

    /// How many calls may run at once now.
    pub fn allowed(&self) -> usize {
        self.pool.allowed()
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let (place, began) = self.pool.enter().await?;
        let answer = A::ask(&self.inner, request).await?;
        let meta = Meta::of(request);
        if (self.too_many)(&Answered::of(&meta, request, &answer, &*self.pool.clock)) {
            self.pool.shrink(began);
        } else {
            self.pool.grow();
        }
        Ok(answer.hold(Box::new(place)))
    }
}
exchange_by_around!(Adapting);

impl Pool {
    pub(crate) fn new(settings: AdaptingSettings, clock: Arc<dyn Clock>) -> Self {
        let most = settings.most.clamp(1, MOST);
        let settings = AdaptingSettings { most, least: settings.least.clamp(1, most), ..settings };
        let state = State { allowed: most, owed: 0, shrunk: 0, changed: clock.elapsed() };
        let semaphore = Arc::new(Semaphore::new(most));
        Pool { semaphore, state: Arc::new(Mutex::new(state)), settings, clock }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn allowed(&self) -> usize {
        self.state().allowed
    }

    async fn enter(&self) -> Result<(Place, u64)> {
        let closed = |_| Error::bug("the places of the calls were closed");
        let permit = self.semaphore.clone().acquire_owned().await.map_err(closed)?;
        let began = self.state().shrunk;
        Ok((Place { permit: Some(permit), pool: self.clone() }, began))
    }

    fn shrink(&self, began: u64) {
        let mut state = self.state();
        if state.shrunk != began {
            return;
        }
        let allowed = (state.allowed / 2).max(self.settings.least);
        let fewer = state.allowed - allowed;
        let taken = self.semaphore.forget_permits(fewer);
        state.owed += fewer - taken;
        tracing::info!(from = state.allowed, to = allowed, "too many calls at once; fewer run now");
        state.allowed = allowed;
        state.shrunk += 1;
        state.changed = self.clock.elapsed();
    }

    fn grow(&self) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        let rested = now.saturating_sub(state.changed);
        if state.allowed < self.settings.most
            && rested >= Duration::from_secs(self.settings.grow_after_seconds)
        {
            match state.owed {
                0 => self.semaphore.add_permits(1),
                _ => state.owed -= 1,
            }
            state.allowed += 1;
            state.changed = now;
        }
    }
}
