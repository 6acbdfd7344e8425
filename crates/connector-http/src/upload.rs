//! A body on its way out: opened before the call, watched while it is read, its own failure kept for the caller.

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

/// Opens the recipe and reads its first chunk, so that a file that can't be read fails before anything is sent.
pub(crate) async fn start(body: &Body, flight: &Flight) -> Result<(reqwest::Body, Failure)> {
    let mut rest = body.stream();
    let first = rest.next().await.transpose().map_err(|e| e.with_outcome(Outcome::NotSent))?;
    let failure = Failure::default();
    let watched = watch(first, rest, flight.clone(), failure.clone());
    Ok((reqwest::Body::wrap_stream(watched), failure))
}

/// The whole body again. The HTTP library asks for the first chunk when it has a connection and before it writes the
/// head, so that is when the request leaves.
fn watch(
    first: Option<Bytes>,
    rest: ByteStream,
    flight: Flight,
    failure: Failure,
) -> impl futures_core::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let whole = stream::iter(first.map(Ok)).chain(rest);
    stream::unfold((whole, true), move |(mut whole, at_start)| {
        let (flight, failure) = (flight.clone(), failure.clone());
        async move {
            if at_start {
                flight.leaves();
            }
            let next = match whole.next().await? {
                Ok(chunk) => {
                    flight.moved(chunk.len());
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
