//! One span and one observation per attempt; never a body, never a secret, never a query's values.

use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use mapping_core::{ErrorKind, Outcome, Result};
use tracing::Instrument as _;

use crate::classify::request_id;
use crate::clock::Clock;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;

/// One finished attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// The operation's name.
    pub operation: &'static str,
    /// The method.
    pub method: &'a Method,
    /// The path, and the names of the query's parameters without their values.
    pub path: &'a str,
    /// Which attempt of its call this was, from 1.
    pub number: u32,
    /// The status, when the head of an answer came.
    pub status: Option<StatusCode>,
    /// What became of it: by the status (2xx applied, 4xx rejected, else unknown), or by the error. For an attempt
    /// that was dropped: not sent or unknown.
    pub outcome: Outcome,
    /// The kind of its error, when no answer came.
    pub error: Option<ErrorKind>,
    /// True when its future was dropped: by a timeout, a deadline, or the caller.
    pub dropped: bool,
    /// How long it took, until the whole answer, or until its head for a streamed one.
    pub took: Duration,
    /// The server's id of the request.
    pub request_id: Option<&'a str>,
    /// The length of the request's body in bytes.
    pub request_bytes: u64,
    /// The length of the answer's body in bytes, when it is all here.
    pub answer_bytes: Option<u64>,
}

/// Sees every finished attempt; for counting. It must be quick, and it must not block.
pub trait Observer: Send + Sync {
    /// Called once for each attempt that was started, also for one that was dropped.
    fn finished(&self, attempt: &Attempt<'_>);
}

impl<F: Fn(&Attempt<'_>) + Send + Sync> Observer for F {
    fn finished(&self, attempt: &Attempt<'_>) {
        self(attempt);
    }
}

/// Makes a [`tracing`] span `http_call` of each attempt, with the fields `operation`, `method`, `path`, `attempt`,
/// `status`, `outcome`, `request_id` and `ms`, and tells the observers.
pub struct Trace<X> {
    inner: X,
    observers: Vec<Arc<dyn Observer>>,
    clock: Arc<dyn Clock>,
}

impl<X: Exchange> Trace<X> {
    /// Traces the attempts of `inner`.
    pub fn new(inner: X, observers: Vec<Arc<dyn Observer>>, clock: Arc<dyn Clock>) -> Self {
        Trace { inner, observers, clock }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let path = path_without_values(request.uri());
        let number = meta.flight().starts_attempt();
        let span = tracing::debug_span!(
            "http_call",
            operation = meta.operation(),
            method = %request.method(),
            path = %path,
            attempt = number,
            status = tracing::field::Empty,
            outcome = tracing::field::Empty,
            request_id = tracing::field::Empty,
            ms = tracing::field::Empty,
        );
        let mut running = Running {
            observers: &self.observers,
            clock: &*self.clock,
            started: self.clock.elapsed(),
            span: span.clone(),
            path: &path,
            number,
            request,
            meta: &meta,
            reported: false,
        };
        let answer = A::ask(&self.inner, request).instrument(span).await;
        running.report(&answer);
        answer
    }
}
exchange_by_around!(Trace);

/// An attempt under way. When it is dropped without a result, it reports that.
struct Running<'a> {
    observers: &'a [Arc<dyn Observer>],
    clock: &'a dyn Clock,
    started: Duration,
    span: tracing::Span,
    path: &'a str,
    number: u32,
    request: &'a Request,
    meta: &'a Meta,
    reported: bool,
}

impl Running<'_> {
    fn report<A: Answer>(&mut self, result: &Result<A>) {
        let id = result.as_ref().ok().and_then(|answer| request_id(answer.header_map()));
        let mut attempt = self.attempt();
        match result {
            Ok(answer) => {
                attempt.status = Some(answer.status_code());
                attempt.outcome = outcome_of(answer.status_code());
                attempt.answer_bytes = answer.bytes().map(|b| b.len() as u64);
                attempt.request_id = id.as_deref();
            }
            Err(error) => {
                attempt.status = error.status().and_then(|s| StatusCode::from_u16(s).ok());
                attempt.outcome = error.outcome();
                attempt.error = Some(error.kind());
            }
        }
        self.tell(&attempt);
        self.reported = true;
    }

    fn attempt(&self) -> Attempt<'_> {
        let left = self.meta.flight().may_be_applied();
        Attempt {
            operation: self.meta.operation(),
            method: self.request.method(),
            path: self.path,
            number: self.number,
            status: None,
            outcome: if left { Outcome::Unknown } else { Outcome::NotSent },
            error: None,
            dropped: false,
            took: self.clock.elapsed().saturating_sub(self.started),
            request_id: None,
            request_bytes: self.request.body().len(),
            answer_bytes: None,
        }
    }

    fn tell(&self, attempt: &Attempt<'_>) {
        if let Some(status) = attempt.status {
            self.span.record("status", status.as_u16());
        }
        if let Some(id) = attempt.request_id {
            self.span.record("request_id", id);
        }
        self.span.record("outcome", tracing::field::debug(attempt.outcome));
        self.span.record("ms", attempt.took.as_millis() as u64);
        self.span.in_scope(
            || tracing::debug!(dropped = attempt.dropped, error = ?attempt.error, "attempt finished"),
        );
        for observer in self.observers {
            observer.finished(attempt);
        }
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.reported {
            let attempt = Attempt { dropped: true, ..self.attempt() };
            self.tell(&attempt);
        }
    }
}

fn outcome_of(status: StatusCode) -> Outcome {
    match status.as_u16() {
        200..=299 => Outcome::Applied,
        408 => Outcome::Unknown,
        400..=499 => Outcome::Rejected,
        _ => Outcome::Unknown,
    }
}

fn path_without_values(uri: &http::Uri) -> String {
    let names = uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split('=').next());
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    if names.is_empty() { uri.path().to_owned() } else { format!("{}?{}", uri.path(), names.join("&")) }
}
