//! Credits: what a portal may be asked in a day. They are shared with everything else that its owner has connected.

use async_trait::async_trait;
use connector_http::{Answer, Clock, Exchange, Request, Response, StreamResponse};
use http::{HeaderMap, StatusCode};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mapping_core::{Error, ErrorKind, Result, Retry};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// What is left of the day.
const REMAINING: &str = "x-rate-limit-remaining-v3";
/// What the answered call cost.
const COST: &str = "x-rate-limit-request-weight-v3";
/// Answers may overtake each other: a number that is higher by less than this isn't news, one that is higher by more means
/// that credits were bought or that the day is over.
const OVERTAKEN: u64 = 1_000;
/// A stated wait above this is taken for garbage.
const LONGEST_WAIT: u64 = 26 * 3600;

/// What a call costs by the documented weights. Part of a request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Weight(pub(crate) u64);

impl Weight {
    pub(crate) const ONE: Self = Weight(1);

    /// A list or a search from this place on.
    pub(crate) fn of_list(from: u64) -> Self {
        Weight(match from {
            0..=2_000 => 3,
            2_001..=10_000 => 5,
            10_001..=50_000 => 10,
            50_001..=100_000 => 50,
            _ => 100,
        })
    }
}

/// How the credits of the portal are spent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CreditSettings {
    /// Credits that are left to others: a call that would touch them isn't sent. A tenth of the day's credits is a good
    /// choice. Default: 500, a tenth of the smallest edition's.
    pub reserve: u64,
    /// The IANA time zone at whose midnight the day ends. Default: that of the data centre, which is a guess for some.
    pub zone: Option<String>,
}

impl Default for CreditSettings {
    fn default() -> Self {
        CreditSettings { reserve: 500, zone: None }
    }
}

/// The credits as they stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Credits {
    /// Left of the day by the last answer's word; `None` before the first answer and after the day's end.
    pub remaining: Option<u64>,
    /// Never touched.
    pub reserve: u64,
    /// Spent by this client since it was made: by the answers' word, else by the documented weights.
    pub spent: u64,
    /// Calls that were answered.
    pub answered: u64,
    /// Answers that said "too many at once".
    pub too_many: u64,
    /// Until when no call is sent, because the day's credits are gone or the reserve is reached.
    pub closed_until: Option<Timestamp>,
}

/// Told after every answer that says something about credits. Must not block.
pub(crate) type Watch = Arc<dyn Fn(&Credits) + Send + Sync>;

/// Counts credits over all clones of a client.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    reserve: u64,
    zone: TimeZone,
    watch: Option<Watch>,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    remaining: Option<u64>,
    /// When what is known of the day is known no more, in Unix seconds.
    day_ends: u64,
    /// Documented weights of calls that are on their way.
    pending: u64,
    spent: u64,
    answered: u64,
    too_many: u64,
    /// The platform's own word: nothing before this, in Unix seconds.
    gone_until: Option<u64>,
}

/// The weight of a call on its way; given back however the call ends.
struct Pending(Meter, u64);

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.state().pending -= self.1;
    }
}

impl Meter {
    pub(crate) fn new(
        settings: &CreditSettings,
        zone: &str,
        watch: Option<Watch>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let zone = TimeZone::get(settings.zone.as_deref().unwrap_or(zone)).map_err(|_| {
            Error::not_sent(ErrorKind::Config, "the time zone of the credits isn't one of the IANA data base")
        })?;
        let state = Mutex::new(State::default());
        Ok(Meter(Arc::new(Shared { state, reserve: settings.reserve, zone, watch, clock })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    pub(crate) fn credits(&self) -> Credits {
        let now = self.now();
        let mut state = self.state();
        state.forget_yesterday(now);
        self.told(&state)
    }

    fn told(&self, state: &State) -> Credits {
        let at_reserve = state.remaining.is_some_and(|left| left <= self.0.reserve).then_some(state.day_ends);
        let closed = state.gone_until.or(at_reserve);
        Credits {
            remaining: state.remaining,
            reserve: self.0.reserve,
            spent: state.spent,
            answered: state.answered,
            too_many: state.too_many,
            closed_until: closed.and_then(timestamp),
        }
    }

    fn now(&self) -> u64 {
        self.0.clock.unix().as_secs()
    }

    /// The next midnight in the zone, in Unix seconds; in a day where it can't be computed.
    fn midnight(&self, now: u64) -> u64 {
        let tomorrow = timestamp(now).and_then(|at| {
            let today = at.to_zoned(self.0.zone.clone()).date();
            today.checked_add(1.day()).ok()?.to_zoned(self.0.zone.clone()).ok()
        });
        let next = tomorrow.and_then(|at| u64::try_from(at.timestamp().as_second()).ok());
        next.unwrap_or(now + 86_400)
    }

    /// Lets a call through, or refuses it because the credits are gone or only the reserve is left.
    fn admit(&self, weight: u64) -> Result<Pending> {
        let now = self.now();
        let mut state = self.state();
        state.forget_yesterday(now);
        if let Some(until) = state.gone_until {
            return Err(gone("the day's credits of the portal are gone", now, until));
        }
        if let Some(left) = state.remaining {
            let after = left.saturating_sub(state.pending).checked_sub(weight);
            if after.is_none_or(|after| after < self.0.reserve) {
                let message =
                    "the call would touch the reserve of credits; run again after the reset or lower it";
                let refused = gone(message, now, state.day_ends);
                return Err(refused.with("credits_left", left).with("reserve", self.0.reserve));
            }
        }
        state.pending += weight;
        drop(state);
        Ok(Pending(self.clone(), weight))
    }

    fn learn(&self, weight: u64, status: StatusCode, headers: &HeaderMap, body: &[u8]) {
        let now = self.now();
        let mut state = self.state();
        state.forget_yesterday(now);
        state.answered += 1;
        state.spent += number(headers, COST).unwrap_or(weight);
        let said = number(headers, REMAINING);
        if let Some(left) = said {
            let overtaken = state.remaining.filter(|known| left.saturating_sub(*known) < OVERTAKEN);
            state.remaining = Some(overtaken.map_or(left, |known| known.min(left)));
            state.day_ends = self.midnight(now);
        }
        let refusal = (status == StatusCode::TOO_MANY_REQUESTS).then(|| crate::error::TooMuch::of(body));
        match refusal {
            Some(crate::error::TooMuch::Credits) => {
                let until = retry_after(headers).map_or_else(|| self.midnight(now), |wait| now + wait);
                state.gone_until = Some(until);
            }
            Some(crate::error::TooMuch::AtOnce) => state.too_many += 1,
            Some(crate::error::TooMuch::Unstated) | None => {}
        }
        let told = (said.is_some() || refusal.is_some()).then(|| self.told(&state));
        drop(state);
        if let (Some(watch), Some(told)) = (&self.0.watch, told) {
            watch(&told);
        }
    }
}

impl State {
    /// What was left of a day that is over means nothing now.
    fn forget_yesterday(&mut self, now: u64) {
        if self.day_ends <= now {
            self.remaining = None;
        }
        self.gone_until = self.gone_until.filter(|until| *until > now);
    }
}

/// The error that stops a run until the credits are there again.
pub(crate) fn gone(message: &'static str, now: u64, until: u64) -> Error {
    let wait = Duration::from_secs(until.saturating_sub(now));
    let error = Error::not_sent(ErrorKind::Interrupted, message).with_retry(Retry::After(wait));
    match timestamp(until) {
        Some(at) => error.with("resets_at", at),
        None => error,
    }
}

/// The seconds of a `Retry-After`, when they make sense.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<u64> {
    number(headers, "retry-after").filter(|wait| *wait <= LONGEST_WAIT)
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn timestamp(unix: u64) -> Option<Timestamp> {
    i64::try_from(unix).ok().and_then(|s| Timestamp::from_second(s).ok())
}

/// Counts what every attempt costs and keeps the reserve. Stands at the wire, since a repetition costs, too.
pub(crate) struct Metered<X> {
    pub(crate) inner: X,
    pub(crate) meter: Meter,
}

impl<X: Exchange> Metered<X> {
    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let weight = request.extensions().get::<Weight>().copied().unwrap_or(Weight::ONE).0;
        let pending = self.meter.admit(weight)?;
        let answer = A::ask(&self.inner, request).await?;
        drop(pending);
        let body = answer.bytes().cloned().unwrap_or_default();
        self.meter.learn(weight, answer.status_code(), answer.header_map(), &body);
        Ok(answer)
    }
}

#[async_trait]
impl<X: Exchange> Exchange for Metered<X> {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        self.around(request).await
    }
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        self.around(request).await
    }
}

/// What a portal may be asked, by its edition. Documented numbers; the answers' headers have the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Credits of a day without those that depend on the users.
    pub per_day: u64,
    /// Credits of a day for each user.
    pub per_user: u64,
    /// Calls at once.
    pub at_once: usize,
}

impl Allowance {
    /// By the `edition` of `GET /organizations/{id}`; that of the smallest edition for a word that isn't known.
    pub fn of_edition(edition: &str) -> Self {
        let (per_day, per_user, at_once) = match edition.trim().to_ascii_uppercase().as_str() {
            "EXPRESS" => (25_000, 100, 10),
            "STANDARD" => (50_000, 250, 10),
            "PROFESSIONAL" => (75_000, 500, 15),
            "ENTERPRISE" | "ULTIMATE" | "ZOHOONE" | "CRMPLUS" => (100_000, 1_000, 25),
            _ => (5_000, 0, 5),
        };
        Allowance { per_day, per_user, at_once }
    }
    /// Credits of a day with this many users; light agents don't count.
    pub fn credits(self, users: u64) -> u64 {
        self.per_day.saturating_add(self.per_user.saturating_mul(users))
    }
    /// Calls at once that leave two to others; at least one.
    pub fn ours_at_once(self) -> usize {
        self.at_once.saturating_sub(2).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connector_http::TokioClock;

    /// 2027-01-15T08:00:00Z.
    const NOW: u64 = 1_800_000_000;

    fn meter(reserve: u64, zone: &str) -> Meter {
        let clock = Arc::new(TokioClock::frozen_to(Duration::from_secs(NOW)));
        Meter::new(&CreditSettings { reserve, zone: None }, zone, None, clock).unwrap()
    }
    fn said(meter: &Meter, remaining: &str) {
        let mut headers = HeaderMap::new();
        headers.insert(REMAINING, remaining.parse().unwrap());
        headers.insert(COST, "3".parse().unwrap());
        meter.learn(1, StatusCode::OK, &headers, b"");
    }

    #[test]
    fn lists_get_dearer_with_depth() {
        for (from, weight) in
            [(0, 3), (2_000, 3), (2_001, 5), (10_001, 10), (50_000, 10), (50_001, 50), (100_001, 100)]
        {
            assert_eq!(Weight::of_list(from).0, weight, "{from}");
        }
    }

    #[tokio::test]
    async fn the_reserve_is_never_touched_not_even_by_calls_that_run_together() {
        let meter = meter(100, "Etc/UTC");
        said(&meter, "105");
        let first = meter.admit(3).unwrap();
        let e = meter.admit(3).err().unwrap();
        assert_eq!(
            (e.kind(), e.context("credits_left"), e.stops_the_run()),
            (ErrorKind::Interrupted, Some("105"), true)
        );
        assert_eq!(e.context("resets_at"), Some("2027-01-16T00:00:00Z"));
        drop(first);
        assert!(meter.admit(5).is_ok() && meter.admit(6).is_err());
        assert_eq!(meter.credits().spent, 3, "by the header's word");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_day_begins_at_the_midnight_of_the_zone() {
        let meter = meter(100, "Asia/Kolkata");
        said(&meter, "50");
        let closed = meter.credits().closed_until.unwrap();
        assert_eq!(closed.to_string(), "2027-01-15T18:30:00Z");
        assert!(meter.admit(1).is_err());
        tokio::time::advance(Duration::from_secs(10 * 3600 + 1800)).await;
        assert!(meter.admit(1).is_ok());
        assert_eq!(meter.credits().remaining, None);
    }

    #[tokio::test]
    async fn an_answer_that_was_overtaken_says_nothing_new_but_bought_credits_do() {
        let meter = meter(0, "Etc/UTC");
        for (number, known) in [("900", 900), ("903", 900), ("880", 880), ("50000", 50_000), ("x", 50_000)] {
            said(&meter, number);
            assert_eq!(meter.credits().remaining, Some(known));
        }
    }

    #[test]
    fn an_unknown_edition_counts_as_the_smallest() {
        assert_eq!(Allowance::of_edition("ENTERPRISE").credits(20), 120_000);
        assert_eq!(Allowance::of_edition("NEW_THING"), Allowance::of_edition("FREE_2019"));
        assert_eq!(Allowance::of_edition("free").ours_at_once(), 3);
    }
}
