//! Any [`Exchange`] as a `tower::Service`.

use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use mapping_core::{Error, Result};

use crate::exchange::{Exchange, Request, Response};

/// An [`Exchange`] behind tower's trait. Always ready: this crate's policies wait inside the call, so that no layer
/// around them holds a slot while it waits.
#[derive(Clone, Debug)]
pub struct ExchangeService<X>(X);

impl<X: Exchange + Clone> ExchangeService<X> {
    /// Wraps an exchange; an `Arc` of one is cheap to clone.
    pub fn new(exchange: X) -> Self {
        ExchangeService(exchange)
    }
}

impl<X: Exchange + Clone + 'static> tower::Service<Request> for ExchangeService<X> {
    type Response = Response;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let exchange = self.0.clone();
        Box::pin(async move { exchange.exchange(&request).await })
    }
}
