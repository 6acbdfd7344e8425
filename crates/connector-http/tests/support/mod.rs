//! Stand-ins for the wire, and requests to send them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_http::{
    Body, Clock, Error, ErrorKind, Exchange, Meta, Outcome, Request, Response, Result, TokioClock,
};

/// The moment at which simulated servers live.
pub(crate) const UNIX_NOW: Duration = Duration::from_secs(1_800_000_000);

/// The runtime's clock, which the tests pause, with a Unix time that moves with it.
pub(crate) fn clock() -> Arc<dyn Clock> {
    Arc::new(TokioClock::frozen_to(UNIX_NOW))
}

/// A POST with a body to a server that only stand-ins answer for.
pub(crate) fn post(meta: Meta) -> Request {
    meta.request(http::Request::post("https://desk.example/items?q=private"), Body::from("{}")).unwrap()
}

/// An answer with this status.
pub(crate) fn status(code: u16) -> Response {
    http::Response::builder().status(code).body(Bytes::new()).unwrap()
}

/// What a wire reports when the connection breaks after the request left.
#[allow(dead_code)]
pub(crate) fn lost() -> Error {
    Error::unknown(ErrorKind::Transport, "reset").with_retry(mapping_core::Retry::Later)
}

/// A wire that answers the n-th call by a function of n, after a time, and counts how many calls run at once.
pub(crate) struct Wire<F> {
    answer: F,
    takes: Duration,
    calls: AtomicUsize,
    running: AtomicUsize,
    pub(crate) most_at_once: AtomicUsize,
}

impl<F: Fn(usize, &Request) -> Result<Response> + Send + Sync> Wire<F> {
    pub(crate) fn new(answer: F) -> Arc<Self> {
        Self::taking(Duration::ZERO, answer)
    }

    pub(crate) fn taking(takes: Duration, answer: F) -> Arc<Self> {
        Arc::new(Wire {
            answer,
            takes,
            calls: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl<F: Fn(usize, &Request) -> Result<Response> + Send + Sync> Exchange for Wire<F> {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(running, Ordering::SeqCst);
        let flight = Meta::of(request).flight().clone();
        let answer = (self.answer)(number, request);
        if !matches!(&answer, Err(e) if e.outcome() == Outcome::NotSent) {
            flight.leaves();
        }
        tokio::time::sleep(self.takes).await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        answer
    }
}
