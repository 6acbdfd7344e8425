//! The longest time for one call, waits and repetitions included.

use std::sync::Arc;
use std::time::Duration;

use mapping_core::{Error, ErrorKind, Result, Retry};

use crate::clock::{Clock, within};
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;

/// Ends a call after a given time; the outermost policy. [`Meta::with_deadline`] goes before its own.
///
/// A call that ends while it still queues, or after nothing but refusals, is *not sent*: only a request that may have
/// reached the server is *unknown*. For [`Exchange::open`] the time ends with the head of the answer.
pub struct Deadline<X> {
    inner: X,
    limit: Duration,
    clock: Arc<dyn Clock>,
}

impl<X: Exchange> Deadline<X> {
    /// Gives each call of `inner` at most `limit`.
    pub fn new(inner: X, limit: Duration, clock: Arc<dyn Clock>) -> Self {
        Deadline { inner, limit, clock }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let limit = meta.deadline().unwrap_or(self.limit);
        match within(&*self.clock, limit, A::ask(&self.inner, request)).await {
            Some(answer) => answer,
            None => Err(Error::new(
                ErrorKind::Transport,
                meta.flight().outcome_if_dropped(),
                "no answer before the call's deadline",
            )
            .with_operation(meta.operation())
            .with_retry(Retry::Later)
            .with("deadline_s", limit.as_secs_f64())
            .with("attempts", meta.flight().attempts())),
        }
    }
}
exchange_by_around!(Deadline);
