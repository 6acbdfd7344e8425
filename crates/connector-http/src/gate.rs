//! The rate gate: one budget for all workers, fed by the answers' headers, with governor as pacer.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use governor::clock::Clock as PacerClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use mapping_core::{Error, ErrorKind, Result, Retry};

use crate::classify::Answered;
use crate::clock::Clock;
use crate::config::{RateSettings, Waiting};
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::jitter::Jitter;
use crate::meta::Meta;
use crate::rate_headers::{RateHeaders, RateReading};

/// Limits above this are taken for garbage.
const LARGEST_LIMIT: u64 = 10_000_000;

/// Windows and waits above this are as good as for ever, and sums with them stay in range.
const FOR_EVER: Duration = Duration::from_secs(366 * 24 * 3600);

/// How long the gate closes after the first 429 that states no time; doubled with each further one in a row.
const FIRST_CLOSING: Duration = Duration::from_secs(1);
const LONGEST_CLOSING: Duration = Duration::from_secs(60);

/// The budget as it stands.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Budget {
    /// Calls allowed per window, by the server's last word or the configured start.
    pub limit: u64,
    /// The window's length.
    pub window: Duration,
    /// The share of the limit that is used.
    pub share: f64,
    /// Calls left in the current window, by the server's last word; `None` before it said so or after the window.
    pub remaining: Option<u64>,
    /// When the current window ends, by the server's word.
    pub resets_at: Option<SystemTime>,
    /// Until when no call goes out, when the gate is closed.
    pub closed_until: Option<SystemTime>,
    /// Calls that went through, repetitions included.
    pub calls: u64,
    /// Answers that said "too many".
    pub throttled: u64,
    /// Time spent waiting here, summed over all calls.
    pub waited: Duration,
}

/// Lets calls through at the pace the server allows.
///
/// Calls are spaced evenly, without bursts, so that no window of the server's sees more than the share of the limit.
/// A new limit counts from the next call on. When less is left than the half of what the share leaves to others, or
/// when the server says "too many", the gate closes until the stated reset. Waiting calls hold no slot and go in the
/// order in which they came.
pub struct RateGate<X> {
    inner: X,
    gate: Gate,
}

/// The gate itself, apart from what it stands before; shared with the handle that asks for the [`Budget`].
#[derive(Clone)]
pub(crate) struct Gate(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    turnstile: tokio::sync::Mutex<()>,
    headers: Arc<dyn RateHeaders>,
    settings: RateSettings,
    jitter: Arc<Jitter>,
    clock: Arc<dyn Clock>,
}

type Pacer = RateLimiter<NotKeyed, InMemoryState, PaceClock, NoOpMiddleware<Duration>>;

struct State {
    limit: u64,
    pacer: Pacer,
    remaining: Option<u64>,
    resets_at: Option<Duration>,
    closed_until: Option<Duration>,
    in_flight: u64,
    throttled_in_a_row: u32,
    calls: u64,
    throttled: u64,
    waited: Duration,
}

/// Our clock as governor wants it.
#[derive(Clone)]
struct PaceClock(Arc<dyn Clock>);

impl PacerClock for PaceClock {
    type Instant = Duration;
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

impl<X: Exchange> RateGate<X> {
    /// Paces the calls of `inner`; `headers` reads the budget from its answers.
    pub fn new(
        inner: X,
        settings: RateSettings,
        headers: Arc<dyn RateHeaders>,
        jitter: Arc<Jitter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        RateGate { inner, gate: Gate::new(settings, headers, jitter, clock) }
    }

    pub(crate) fn by(inner: X, gate: Gate) -> Self {
        RateGate { inner, gate }
    }

    /// The budget as it stands.
    pub fn budget(&self) -> Budget {
        self.gate.budget()
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let _passage = self.gate.pass().await.map_err(|e| e.with_operation(meta.operation()))?;
        let answer = A::ask(&self.inner, request).await?;
        let shared = &self.gate.0;
        self.gate.learn(shared.headers.read(&Answered::of(&meta, request, &answer, &*shared.clock)));
        Ok(answer)
    }
}
exchange_by_around!(RateGate);

/// A call between the gate and its answer; counted, since the server's word may not know of it yet.
struct Passage(Gate);

impl Drop for Passage {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
    }
}

impl Gate {
    pub(crate) fn new(
        settings: RateSettings,
        headers: Arc<dyn RateHeaders>,
        jitter: Arc<Jitter>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let limit = settings.limit.clamp(1, LARGEST_LIMIT);
        let settings = RateSettings { window: settings.window.min(FOR_EVER), ..settings };
        let state = State {
            limit,
            pacer: pacer(interval(limit, &settings), &clock),
            remaining: None,
            resets_at: None,
            closed_until: None,
            in_flight: 0,
            throttled_in_a_row: 0,
            calls: 0,
            throttled: 0,
            waited: Duration::ZERO,
        };
        let turnstile = tokio::sync::Mutex::default();
        Gate(Arc::new(Shared { state: Mutex::new(state), turnstile, headers, settings, jitter, clock }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Waits for this call's turn, or fails, as the settings say.
    async fn pass(&self) -> Result<Passage> {
        let clock = &self.0.clock;
        let came = clock.elapsed();
        let passed = match self.0.settings.waiting {
            Waiting::Wait => self.wait_for_turn(came, None).await,
            Waiting::AtMost(most) => {
                let queued = crate::clock::within(&**clock, most, self.wait_for_turn(came, Some(most))).await;
                queued.unwrap_or_else(|| Err(would_wait(self.interval())))
            }
            Waiting::Fail => match self.try_now() {
                Ok(passage) => Ok(passage),
                Err(wait) => Err(would_wait(wait)),
            },
        };
        self.state().waited += clock.elapsed().saturating_sub(came);
        passed
    }

    /// Takes turns in the order of arrival: the first in the line sleeps, the others queue behind it.
    async fn wait_for_turn(&self, came: Duration, most: Option<Duration>) -> Result<Passage> {
        let _first_in_line = self.0.turnstile.lock().await;
        loop {
            let wait = match self.try_now() {
                Ok(passage) => return Ok(passage),
                Err(wait) => wait,
            };
            let waited = self.0.clock.elapsed().saturating_sub(came);
            let closed_too_long = self.is_closed() && wait > self.0.settings.longest_closing;
            if closed_too_long || most.is_some_and(|most| waited.saturating_add(wait) > most) {
                return Err(would_wait(wait));
            }
            self.0.clock.sleep(wait).await;
        }
    }

    fn is_closed(&self) -> bool {
        self.state().closed_until.is_some()
    }

    /// Lets a call through now, or says how long to wait before asking again.
    fn try_now(&self) -> std::result::Result<Passage, Duration> {
        let now = self.0.clock.elapsed();
        let mut state = self.state();
        if let Some(until) = state.closed_until {
            if until > now {
                return Err(until - now);
            }
            state.closed_until = None;
        }
        state.forget_ended_window(now);
        match state.pacer.check() {
            Ok(()) => {
                state.in_flight += 1;
                state.calls += 1;
                drop(state);
                Ok(Passage(self.clone()))
            }
            // One nanosecond at least, so that nobody spins.
            Err(not_yet) => Err(not_yet.wait_time_from(now).max(Duration::from_nanos(1))),
        }
    }

    fn interval(&self) -> Duration {
        interval(self.state().limit, &self.0.settings)
    }

    /// Takes in what an answer says.
    fn learn(&self, said: RateReading) {
        let now = self.0.clock.elapsed();
        let settings = &self.0.settings;
        let mut state = self.state();
        if let Some(limit) =
            said.limit.filter(|limit| *limit <= LARGEST_LIMIT && *limit != state.limit && *limit > 0)
        {
            tracing::info!(from = state.limit, to = limit, "the rate limit changed");
            state.limit = limit;
            state.remaining = None;
            state.pacer = pacer(interval(limit, settings), &self.0.clock);
            // A new pacer would let one call through at once.
            let _ = state.pacer.check();
        }
        state.forget_ended_window(now);
        let resets_in = said.resets_in.map(|wait| wait.min(FOR_EVER));
        if let Some(wait) = resets_in {
            state.resets_at = Some(now + wait).filter(|_| !wait.is_zero()).or(state.resets_at);
        }
        // Refusals of calls that had left before the gate closed say nothing new.
        let knows_already = state.closed_until.is_some_and(|until| until > now);
        let others = state.in_flight.saturating_sub(1);
        if let Some(remaining) = said.remaining.filter(|remaining| *remaining <= state.limit) {
            // Answers may overtake each other; within a window the lowest is the latest.
            let lowest = state.remaining.filter(|_| state.resets_at.is_some()).unwrap_or(remaining);
            state.remaining = Some(remaining.min(lowest));
            if remaining.saturating_sub(others) <= reserve(state.limit, settings) {
                let until = state.resets_at.unwrap_or(now + settings.window);
                self.close(&mut state, until);
            }
        }
        if said.throttled {
            state.throttled += 1;
            let backoff =
                FIRST_CLOSING.saturating_mul(1 << state.throttled_in_a_row.min(10)).min(LONGEST_CLOSING);
            state.throttled_in_a_row += u32::from(!knows_already);
            // A stated time has whole seconds and may be over already; coming back at once would be refused again.
            let wait = resets_in.unwrap_or(backoff).max(backoff);
            self.close(&mut state, now + wait);
        } else {
            state.throttled_in_a_row = 0;
        }
    }

    /// Closes until a time, and a little longer: a twentieth of the window at most, so that processes that share a
    /// budget don't all come back at once.
    fn close(&self, state: &mut State, until: Duration) {
        if state.closed_until.is_none_or(|already| already < until) {
            let until = until + self.0.jitter.up_to(self.0.settings.window / 20);
            tracing::debug!(limit = state.limit, remaining = state.remaining, "the rate gate closes");
            state.closed_until = Some(until);
        }
    }

    pub(crate) fn budget(&self) -> Budget {
        let (elapsed, unix) = (self.0.clock.elapsed(), self.0.clock.unix());
        let as_time = |at: Duration| UNIX_EPOCH + unix + at.saturating_sub(elapsed);
        let mut state = self.state();
        state.forget_ended_window(elapsed);
        Budget {
            limit: state.limit,
            window: self.0.settings.window,
            share: share(&self.0.settings),
            remaining: state.remaining,
            resets_at: state.resets_at.map(as_time),
            closed_until: state.closed_until.filter(|until| *until > elapsed).map(as_time),
            calls: state.calls,
            throttled: state.throttled,
            waited: state.waited,
        }
    }
}

impl State {
    /// What was left in a window that is over means nothing now.
    fn forget_ended_window(&mut self, now: Duration) {
        if self.resets_at.is_some_and(|at| at <= now) {
            self.resets_at = None;
            self.remaining = None;
        }
    }
}

fn would_wait(wait: Duration) -> Error {
    Error::not_sent(ErrorKind::Throttled, "the call would have to wait for its rate")
        .with_retry(Retry::After(wait))
        .with("wait_ms", wait.as_millis())
}

fn share(settings: &RateSettings) -> f64 {
    if settings.share.is_finite() { settings.share.clamp(0.01, 1.0) } else { 0.8 }
}

/// The time between two calls that uses the share of the limit.
fn interval(limit: u64, settings: &RateSettings) -> Duration {
    settings.window.div_f64(limit as f64 * share(settings))
}

/// What is left to others before the gate closes: half of what the share leaves them, so that a small overlap of
/// windows doesn't close it.
fn reserve(limit: u64, settings: &RateSettings) -> u64 {
    (limit as f64 * (1.0 - share(settings)) / 2.0) as u64
}

fn pacer(every: Duration, clock: &Arc<dyn Clock>) -> Pacer {
    let every = every.max(Duration::from_nanos(1));
    let quota = Quota::with_period(every).unwrap_or(Quota::per_second(NonZeroU32::MIN));
    RateLimiter::direct_with_clock(quota, PaceClock(clock.clone()))
}
