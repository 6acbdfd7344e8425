//! What an answer says about the rate at which calls may come.

use std::time::{Duration, UNIX_EPOCH};

use http::StatusCode;
use http::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};

use crate::classify::Answered;

/// A stated wait above this is taken for garbage: a time in milliseconds, a wrong year.
const LONGEST_STATED_WAIT: Duration = Duration::from_secs(26 * 3600);

/// When the server's `Date` and the own clock differ by more than this, the server's is believed.
const CLOCK_SKEW: Duration = Duration::from_secs(2);

/// What one answer says about the budget. `None` where it says nothing, or nothing that makes sense.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateReading {
    /// Calls allowed per window.
    pub limit: Option<u64>,
    /// Calls left in this window.
    pub remaining: Option<u64>,
    /// Time until the window ends.
    pub resets_in: Option<Duration>,
    /// The call was refused because there were too many.
    pub throttled: bool,
}

/// Reads the budget from an answer. Everything in an answer may be wrong; an implementation returns `None` for what
/// can't be, and never fails.
pub trait RateHeaders: Send + Sync {
    /// What the answer says.
    fn read(&self, answer: &Answered<'_>) -> RateReading;
}

impl<F: Fn(&Answered<'_>) -> RateReading + Send + Sync> RateHeaders for F {
    fn read(&self, answer: &Answered<'_>) -> RateReading {
        self(answer)
    }
}

/// `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset` (Unix seconds), and `Retry-After`; as Intercom
/// sends the first three, <https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting>.
#[derive(Clone, Debug)]
pub struct XRateLimit {
    limit: HeaderName,
    remaining: HeaderName,
    reset: HeaderName,
    longest_reset: Duration,
}

impl Default for XRateLimit {
    fn default() -> Self {
        XRateLimit {
            limit: HeaderName::from_static("x-ratelimit-limit"),
            remaining: HeaderName::from_static("x-ratelimit-remaining"),
            reset: HeaderName::from_static("x-ratelimit-reset"),
            longest_reset: Duration::from_secs(300),
        }
    }
}

impl XRateLimit {
    /// The same meanings under other names.
    pub fn named(limit: HeaderName, remaining: HeaderName, reset: HeaderName) -> Self {
        XRateLimit { limit, remaining, reset, ..Self::default() }
    }

    /// A reset farther away than this is ignored as garbage. Default: 5 minutes.
    #[must_use]
    pub fn longest_reset(mut self, longest: Duration) -> Self {
        self.longest_reset = longest;
        self
    }
}

impl RateHeaders for XRateLimit {
    fn read(&self, answer: &Answered<'_>) -> RateReading {
        let resets_in = number(answer.headers, &self.reset)
            .map(|at| until(Duration::from_secs(at), answer))
            .filter(|wait| *wait <= self.longest_reset);
        let throttled = answer.status == StatusCode::TOO_MANY_REQUESTS;
        RateReading {
            limit: number(answer.headers, &self.limit).filter(|limit| *limit > 0),
            remaining: number(answer.headers, &self.remaining),
            resets_in: resets_in.max(retry_after(answer).filter(|_| throttled)),
            throttled,
        }
    }
}

/// For a server without rate headers: only 429, and `Retry-After` when it comes with it.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRateHeaders;

impl RateHeaders for NoRateHeaders {
    fn read(&self, answer: &Answered<'_>) -> RateReading {
        let throttled = answer.status == StatusCode::TOO_MANY_REQUESTS;
        RateReading {
            resets_in: retry_after(answer).filter(|_| throttled),
            throttled,
            ..RateReading::default()
        }
    }
}

/// `Retry-After` in either of its forms (RFC 9110, section 10.2.3); `None` above a day and two hours.
pub(crate) fn retry_after(answer: &Answered<'_>) -> Option<Duration> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => until(since_epoch(text)?, answer),
    };
    Some(wait).filter(|wait| *wait <= LONGEST_STATED_WAIT)
}

/// How long until `at`, by the server's clock when it and ours disagree. Its `Date` has whole seconds, so the second
/// that it may be late is added.
fn until(at: Duration, answer: &Answered<'_>) -> Duration {
    let date = answer.headers.get(DATE).and_then(|d| d.to_str().ok()).and_then(since_epoch);
    match date {
        Some(server) if server.abs_diff(answer.at) > CLOCK_SKEW => match at.saturating_sub(server) {
            Duration::ZERO => Duration::ZERO,
            wait => wait + Duration::from_secs(1),
        },
        _ => at.saturating_sub(answer.at),
    }
}

fn since_epoch(date: &str) -> Option<Duration> {
    httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()
}

fn number(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;

    fn read(status: u16, pairs: &[(&'static str, &str)]) -> RateReading {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        let mut answer = Answered::new(StatusCode::from_u16(status).unwrap(), &headers, b"");
        answer.at = Duration::from_secs(NOW);
        XRateLimit::default().read(&answer)
    }

    fn reset_of(reset: &str) -> Option<u64> {
        read(200, &[("x-ratelimit-reset", reset)]).resets_in.map(|d| d.as_secs())
    }

    #[test]
    fn the_three_headers_are_read() {
        let reset = (NOW + 7).to_string();
        let said = read(
            200,
            &[("x-ratelimit-limit", "166"), ("x-ratelimit-remaining", " 3 "), ("x-ratelimit-reset", &reset)],
        );
        assert_eq!((said.limit, said.remaining), (Some(166), Some(3)));
        assert_eq!((said.resets_in, said.throttled), (Some(Duration::from_secs(7)), false));
    }

    #[test]
    fn garbage_is_ignored() {
        for text in ["", "-1", "many", "1e9", "99999999999999999999999"] {
            let said = read(
                200,
                &[("x-ratelimit-limit", text), ("x-ratelimit-remaining", text), ("x-ratelimit-reset", text)],
            );
            assert_eq!(said, RateReading::default(), "{text}");
        }
        assert_eq!(read(200, &[("x-ratelimit-limit", "0")]).limit, None);
        assert_eq!(reset_of(&(NOW * 1000).to_string()), None, "milliseconds");
        assert_eq!(reset_of("5"), Some(0), "a time in the past");
    }

    #[test]
    fn a_clock_that_is_wrong_is_corrected_by_the_servers_date() {
        let server = NOW + 3600;
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(server));
        let reset = (server + 9).to_string();
        let said = read(200, &[("date", &date), ("x-ratelimit-reset", &reset)]);
        assert_eq!(said.resets_in, Some(Duration::from_secs(10)));
    }

    #[test]
    fn retry_after_counts_as_seconds_and_as_a_date() {
        assert_eq!(read(429, &[("retry-after", "12")]).resets_in, Some(Duration::from_secs(12)));
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW + 30));
        assert_eq!(read(429, &[("retry-after", &date)]).resets_in, Some(Duration::from_secs(30)));
        assert_eq!(read(429, &[("retry-after", "9999999")]).resets_in, None);
        assert!(read(429, &[]).throttled);
    }
}
