//! From an answer's status to an error with an outcome.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, header};
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};

use crate::clock::Clock;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;
use crate::rate_headers::{RateHeaders as _, XRateLimit, retry_after};

/// An answer as a classifier, a rate reader or a credential sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Answered<'a> {
    /// The operation's name.
    pub operation: &'a str,
    /// The request's method.
    pub method: &'a Method,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The whole body, cut at a bound for a status other than 2xx; empty for a streamed answer with a 2xx status.
    pub body: &'a [u8],
    /// When the answer came, since 1970-01-01T00:00:00Z.
    pub at: Duration,
}

impl<'a> Answered<'a> {
    /// An answer, for a test of a classifier.
    pub fn new(status: StatusCode, headers: &'a HeaderMap, body: &'a [u8]) -> Self {
        Answered { operation: "test", method: &Method::GET, status, headers, body, at: Duration::ZERO }
    }

    pub(crate) fn of<A: Answer>(meta: &Meta, request: &'a Request, answer: &'a A, clock: &dyn Clock) -> Self {
        Answered {
            operation: meta.operation(),
            method: request.method(),
            status: answer.status_code(),
            headers: answer.header_map(),
            body: answer.bytes().map(|b| &b[..]).unwrap_or_default(),
            at: clock.unix(),
        }
    }
}

/// Decides which answers are errors, and builds them from the platform's own error envelope.
///
/// The outcome of the error decides whether a create may be sent again: [`Outcome::Rejected`] only for an answer that
/// says that nothing was done; and [`Retry`] other than `Never` only when asking again can help.
pub trait Classify: Send + Sync {
    /// `Ok` for an answer that goes up as it is. [`ByStatus`] is a start to add to.
    ///
    /// # Errors
    ///
    /// The error that the caller shall see.
    fn classify(&self, answer: &Answered<'_>) -> Result<()>;
}

impl<F: Fn(&Answered<'_>) -> Result<()> + Send + Sync> Classify for F {
    fn classify(&self, answer: &Answered<'_>) -> Result<()> {
        self(answer)
    }
}

/// Classifies by the status alone, as RFC 9110 and RFC 6585 define it.
///
/// A 429 is to be repeated after its `Retry-After`, else after its `X-RateLimit-Reset`.
/// 408 and 5xx leave the outcome open, since a gateway may have lost the answer of a server that did the work.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByStatus;

impl Classify for ByStatus {
    fn classify(&self, answer: &Answered<'_>) -> Result<()> {
        use {ErrorKind as Kind, Outcome as Out};
        let (kind, outcome, message) = match answer.status.as_u16() {
            200..=299 => return Ok(()),
            // After a POST these three often say where the result is (RFC 9110, sections 15.4.2 to 15.4.4).
            301..=303 => (
                Kind::Malformed,
                Out::Unknown,
                "the answer is a redirect to another place; is the URL right?",
            ),
            300..=399 => (
                Kind::Malformed,
                Out::Rejected,
                "the answer is a redirect to another place; is the URL right?",
            ),
            401 => (Kind::Unauthorized, Out::Rejected, "the credentials were refused"),
            402 | 403 => (Kind::Forbidden, Out::Rejected, "the credentials don't allow this"),
            404 | 410 => (Kind::NotFound, Out::Rejected, "not there"),
            405 | 501 => (Kind::Unsupported, Out::Rejected, "the server doesn't know this call"),
            408 => (Kind::Unavailable, Out::Unknown, "the server gave up waiting"),
            409 | 412 => (Kind::Conflict, Out::Rejected, "in conflict with what is there"),
            413 => (Kind::TooLarge, Out::Rejected, "the server refused the request as too large"),
            423 | 425 => (Kind::NotReady, Out::Rejected, "not ready yet"),
            429 => (Kind::Throttled, Out::Rejected, "too many calls"),
            400..=499 => (Kind::Invalid, Out::Rejected, "the server refused the request"),
            500..=599 => (Kind::Unavailable, Out::Unknown, "the server has a problem of its own"),
            _ => (Kind::Malformed, Out::Unknown, "a status that HTTP doesn't define"),
        };
        let transient = matches!(kind, Kind::Unavailable | Kind::Throttled | Kind::NotReady);
        let stated = retry_after(answer).or_else(|| {
            let reset = XRateLimit::default().read(answer).resets_in;
            reset.filter(|_| kind == Kind::Throttled)
        });
        let retry = match stated {
            Some(wait) if transient => Retry::After(wait),
            None if transient => Retry::Later,
            _ => Retry::Never,
        };
        let mut error = Error::new(kind, outcome, message)
            .with_operation(answer.operation.to_owned())
            .with_status(answer.status.as_u16())
            .with_retry(retry);
        if let Some(id) = request_id(answer.headers) {
            error = error.with_request_id(id);
        }
        if let Some(host) = redirect_host(answer.headers).filter(|_| answer.status.is_redirection()) {
            error = error.with("host", host);
        }
        Err(error)
    }
}

/// The id that a server gave the request, from the headers that servers use for it, cut at 128 characters.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    let names = ["x-request-id", "request-id", "x-amzn-requestid", "x-correlation-id"];
    let value = names.iter().find_map(|name| headers.get(*name))?.to_str().ok()?;
    Some(value.chars().take(128).collect())
}

/// Only the host of a `Location`; its path and query may hold a token.
fn redirect_host(headers: &HeaderMap) -> Option<String> {
    let location: http::Uri = headers.get(header::LOCATION)?.to_str().ok()?.parse().ok()?;
    location.host().map(str::to_owned)
}

/// Turns answers into errors by a [`Classify`]. Stands between [`Retry`](crate::Retry) and [`Auth`](crate::Auth), so
/// that those above see errors and those below see answers.
pub struct Classified<X> {
    inner: X,
    classify: Arc<dyn Classify>,
    clock: Arc<dyn Clock>,
}

impl<X: Exchange> Classified<X> {
    /// Classifies what `inner` answers.
    pub fn new(inner: X, classify: Arc<dyn Classify>, clock: Arc<dyn Clock>) -> Self {
        Classified { inner, classify, clock }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let answer = A::ask(&self.inner, request).await?;
        if !meta.wants_any_status() {
            self.classify.classify(&Answered::of(&meta, request, &answer, &*self.clock))?;
        }
        Ok(answer)
    }
}
exchange_by_around!(Classified);
