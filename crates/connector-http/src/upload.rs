//! A body on its way out: opened before the call, watched while it is read, its own failure kept for the caller.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use mapping_core::{Error, Outcome, Result};

use crate::body::{Body, ByteStream};
use crate::meta::Flight;

/// Where a failure of the body itself is kept, since it comes back through the HTTP library as text.
#[derive(Clone, Default)]
pub(crate) struct Failure(Arc<Mutex<Option<Error>>>);

impl Failure {
    fn set(&self, error: Error) {
        *self.0.lock().unwrap_or_else(|e| e.into_inner()) = Some(error);
    }
    /// The body's own error, with the outcome that the wire knows.
    pub(crate) fn take(&self, outcome: Outcome) -> Option<Error> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).take().map(|e| e.with_outcome(outcome))
    }
}

const WAITING: u8 = 0;
const LEFT: u8 = 1;
const CALLED_OFF: u8 = 2;

/// Whether an attempt has left, or was called off first. The HTTP library may take up a request on another thread at
/// the moment at which its future is dropped; one of the two is first, and the other one knows.
pub(crate) struct Departure {
    state: AtomicU8,
    flight: Flight,
}

impl Departure {
    fn leave(&self) -> bool {
        match self.state.compare_exchange(WAITING, LEFT, Ordering::SeqCst, Ordering::SeqCst) {
            Ok(_) => self.flight.leaves(),
            Err(state) => return state == LEFT,
        }
        true
    }

    /// From now on the attempt can't leave; when it has, the flight says so, whichever thread is quicker.
    fn call_off(&self) {
        if self.state.compare_exchange(WAITING, CALLED_OFF, Ordering::SeqCst, Ordering::SeqCst) == Err(LEFT) {
            self.flight.leaves();
        }
    }
}

/// Calls an attempt off when it is dropped before the attempt has ended.
pub(crate) struct CallOff(Option<Arc<Departure>>);

impl CallOff {
    /// The attempt has ended by itself.
    pub(crate) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for CallOff {
    fn drop(&mut self) {
        if let Some(departure) = &self.0 {
            departure.call_off();
        }
    }
}

/// Opens the recipe and reads its first chunk, so that a file that can't be read fails before anything is sent.
pub(crate) async fn start(body: &Body, flight: &Flight) -> Result<(reqwest::Body, Failure, CallOff)> {
    let mut rest = body.stream();
    let first = rest.next().await.transpose().map_err(|e| e.with_outcome(Outcome::NotSent))?;
    let failure = Failure::default();
    let departure = Arc::new(Departure { state: AtomicU8::new(WAITING), flight: flight.clone() });
    let watched = watch(first, rest, departure.clone(), failure.clone());
    Ok((reqwest::Body::wrap_stream(watched), failure, CallOff(Some(departure))))
}

/// The whole body again. The HTTP library asks for the first chunk when it has a connection and before it writes the
/// head, so that is when the request leaves.
fn watch(
    first: Option<Bytes>,
    rest: ByteStream,
    departure: Arc<Departure>,
    failure: Failure,
) -> impl futures_core::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let whole = stream::iter(first.map(Ok)).chain(rest);
    stream::unfold((whole, true), move |(mut whole, at_start)| {
        let (departure, failure) = (departure.clone(), failure.clone());
        async move {
            if at_start && !departure.leave() {
                return Some((Err(std::io::Error::other("the call was called off")), (whole, false)));
            }
            let next = match whole.next().await? {
                Ok(chunk) => {
                    departure.flight.moved(chunk.len());
                    Ok(chunk)
                }
                Err(error) => {
                    failure.set(error);
                    Err(std::io::Error::other("the body could not be read"))
                }
            };
            Some((next, (whole, false)))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure() -> (Arc<Departure>, Flight) {
        let flight = Flight::default();
        (Arc::new(Departure { state: AtomicU8::new(WAITING), flight: flight.clone() }), flight)
    }

    fn body(departure: &Arc<Departure>) -> impl futures_core::Stream<Item = std::io::Result<Bytes>> + use<> {
        let first = Some(Bytes::from_static(b"{}"));
        watch(first, Box::pin(stream::empty()), departure.clone(), Failure::default())
    }

    #[tokio::test]
    async fn a_body_that_is_asked_for_after_its_call_was_dropped_does_not_leave() {
        let (departure, flight) = departure();
        let mut body = Box::pin(body(&departure));
        drop(CallOff(Some(departure)));
        assert_eq!(flight.outcome_if_dropped(), Outcome::NotSent);
        assert!(body.next().await.unwrap().is_err());
        assert_eq!(flight.outcome_if_dropped(), Outcome::NotSent, "and stays so");
    }

    #[tokio::test]
    async fn a_body_that_was_asked_for_first_has_left() {
        let (departure, flight) = departure();
        let mut body = Box::pin(body(&departure));
        assert_eq!(body.next().await.unwrap().unwrap(), "{}");
        drop(CallOff(Some(departure)));
        assert_eq!(flight.outcome_if_dropped(), Outcome::Unknown);
        assert!(body.next().await.is_none());
    }
}
