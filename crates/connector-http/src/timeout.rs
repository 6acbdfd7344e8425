//! How long one attempt may take: until the head of the answer, between two chunks, and in all.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use mapping_core::{Error, ErrorKind, Result, Retry};

use crate::body::ByteStream;
use crate::clock::{Clock, within};
use crate::config::Timeouts;
use crate::exchange::{Answer, Exchange, Request, exchange_by_around};
use crate::meta::Meta;

/// Ends an attempt that makes no progress. A long upload is progress: the time for the head of the answer counts from
/// the last byte that moved. A stop is noticed when its limit has passed, and before it has passed twice.
///
/// Stands inside the slots, so no time spent in a queue counts. The time for connecting is the wire's own.
pub struct Timeout<X> {
    inner: X,
    limits: Timeouts,
    clock: Arc<dyn Clock>,
}

impl<X: Exchange> Timeout<X> {
    /// Gives each attempt of `inner` these times.
    pub fn new(inner: X, limits: Timeouts, clock: Arc<dyn Clock>) -> Self {
        Timeout { inner, limits, clock }
    }

    async fn around<A: Answer>(&self, request: &Request) -> Result<A> {
        let meta = Meta::of(request);
        let ended = {
            let attempt = std::pin::pin!(A::ask(&self.inner, request));
            match futures_util::future::select(attempt, std::pin::pin!(self.stalls(&meta))).await {
                futures_util::future::Either::Left((answer, _)) => Ok(answer),
                futures_util::future::Either::Right((stalled, _)) => Err(stalled),
            }
        };
        match ended {
            Ok(answer) => {
                let (clock, idle) = (self.clock.clone(), self.limits.idle);
                Ok(answer?.watch(move |stream| with_idle_limit(stream, clock, idle)))
            }
            // The attempt is dropped by now, and only now is it sure whether it left.
            Err((message, limit)) => {
                let outcome = meta.flight().outcome_if_dropped();
                Err(Error::new(ErrorKind::Transport, outcome, message)
                    .with_operation(meta.operation())
                    .with_retry(Retry::Later)
                    .with("limit_s", limit.as_secs_f64()))
            }
        }
    }

    /// Completes when a limit is reached.
    async fn stalls(&self, meta: &Meta) -> (&'static str, Duration) {
        let flight = meta.flight();
        let end = self.clock.elapsed().saturating_add(self.limits.total);
        loop {
            let moved = flight.bytes_moved();
            let answering = flight.is_answering();
            let limit = if answering { self.limits.idle } else { self.limits.first_byte };
            self.clock.sleep(limit.min(end.saturating_sub(self.clock.elapsed()))).await;
            if self.clock.elapsed() >= end {
                return ("the attempt took longer than `timeouts.total`", self.limits.total);
            }
            if flight.bytes_moved() == moved && flight.is_answering() == answering {
                return match answering {
                    true => ("the answer stopped for longer than `timeouts.idle`", limit),
                    false => ("no answer within `timeouts.first_byte`", limit),
                };
            }
        }
    }
}
exchange_by_around!(Timeout);

/// Fails a stream that yields nothing for `idle`.
fn with_idle_limit(stream: ByteStream, clock: Arc<dyn Clock>, idle: Duration) -> ByteStream {
    Box::pin(stream::try_unfold((stream, clock), move |(mut stream, clock)| async move {
        match within(&*clock, idle, stream.next()).await {
            Some(next) => Ok(next.transpose()?.map(|chunk| (chunk, (stream, clock)))),
            None => Err(Error::unknown(
                ErrorKind::Transport,
                "the answer stopped for longer than `timeouts.idle`",
            )
            .with_retry(Retry::Later)
            .with("limit_s", idle.as_secs_f64())),
        }
    }))
}
