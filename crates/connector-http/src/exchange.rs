//! The one trait everything is a policy around: a request recipe in, an answer out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::StreamExt as _;
use http::{HeaderMap, StatusCode};
use mapping_core::{Error, ErrorKind, Result};

use crate::body::{Body, ByteStream};

/// A request: method, absolute URI, headers, a [`Body`] recipe, and a [`Meta`](crate::Meta) among its extensions.
pub type Request = http::Request<Body>;

/// A whole answer, no larger than the configured bound.
pub type Response = http::Response<Bytes>;

/// An answer whose head has arrived and whose body is still coming.
pub type StreamResponse = http::Response<AnswerBody>;

/// Sends a request and gives its answer. Everything in this crate is an `Exchange` around another one.
///
/// An answer is any answer, whatever its status: a 500 is `Ok` here. Only [`Classified`](crate::Classified) turns
/// statuses into errors.
///
/// # Cancelling
///
/// Dropping the future of a write leaves its outcome **unknown** unless the request's
/// [`Flight`](crate::Flight) says that nothing can have been applied. The call isn't taken back: the server may
/// already have it, or get it from a buffer after the drop. Keep a clone of `meta.flight()` and ask it.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// With an [`Outcome`](mapping_core::Outcome) that says what became of the request.
    async fn exchange(&self, request: &Request) -> Result<Response>;

    /// Sends the request and returns as soon as the head of the answer has arrived.
    ///
    /// Policies act until then; what goes wrong in the body afterwards is the caller's to decide. The answer to a
    /// status other than 2xx comes as a whole ([`AnswerBody::whole`]), cut at a bound. The default reads everything
    /// first and is meant for stand-ins.
    ///
    /// # Errors
    ///
    /// As [`exchange`](Self::exchange).
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        Ok(self.exchange(request).await?.map(AnswerBody::from))
    }
}

#[async_trait]
impl<X: Exchange + ?Sized> Exchange for Arc<X> {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        (**self).exchange(request).await
    }
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        (**self).open(request).await
    }
}

#[async_trait]
impl<X: Exchange + ?Sized> Exchange for Box<X> {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        (**self).exchange(request).await
    }
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        (**self).open(request).await
    }
}

/// The body of an answer: a bounded stream of bytes, or all of them at once.
///
/// What a policy lends for the duration of the answer (a slot) is given back when the body ends or is dropped.
pub struct AnswerBody {
    content: Content,
    held: Vec<Box<dyn Send>>,
}

enum Content {
    Whole(Bytes),
    Streamed(ByteStream),
    Ended,
}

impl AnswerBody {
    /// A body that is still coming.
    pub fn streamed(stream: ByteStream) -> Self {
        AnswerBody { content: Content::Streamed(stream), held: Vec::new() }
    }

    /// The bytes, when they are all here; `None` for a body that is still coming.
    pub fn whole(&self) -> Option<&Bytes> {
        match &self.content {
            Content::Whole(bytes) => Some(bytes),
            Content::Streamed(_) | Content::Ended => None,
        }
    }

    /// Reads the rest, up to `bound` bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] above the bound, else what the stream says.
    pub async fn collect(mut self, bound: u64) -> Result<Bytes> {
        let mut all = Vec::new();
        while let Some(chunk) = self.next().await {
            let chunk = chunk?;
            if all.is_empty() && matches!(self.content, Content::Ended) && chunk.len() as u64 <= bound {
                return Ok(chunk);
            }
            if all.len() as u64 + chunk.len() as u64 > bound {
                return Err(too_large(Bound::answer(bound)));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.into())
    }

    /// Replaces the stream of a body that is still coming, for a policy that watches it.
    pub(crate) fn map_stream(mut self, map: impl FnOnce(ByteStream) -> ByteStream) -> Self {
        if let Content::Streamed(stream) = self.content {
            self.content = Content::Streamed(map(stream));
        }
        self
    }
}

/// A bound by the name of its setting.
#[derive(Clone, Copy)]
pub(crate) struct Bound {
    pub(crate) name: &'static str,
    pub(crate) bytes: u64,
}

impl Bound {
    pub(crate) fn answer(bytes: u64) -> Self {
        Bound { name: "max_answer_bytes", bytes }
    }
    pub(crate) fn streamed(bytes: u64) -> Self {
        Bound { name: "max_streamed_bytes", bytes }
    }
}

/// The error for an answer above its bound. The head said how the call went; for a write that was accepted, what
/// failed came after it.
pub(crate) fn too_large(bound: Bound) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        mapping_core::Outcome::Applied,
        format!("the answer is larger than `{}`", bound.name),
    )
    .with(bound.name, bound.bytes)
}

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> Self {
        AnswerBody { content: Content::Whole(bytes), held: Vec::new() }
    }
}

impl Stream for AnswerBody {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = match &mut self.content {
            Content::Streamed(stream) => match stream.as_mut().poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Some(Ok(chunk))) => return Poll::Ready(Some(Ok(chunk))),
                Poll::Ready(last) => last,
            },
            Content::Whole(bytes) => Some(std::mem::take(bytes)).filter(|b| !b.is_empty()).map(Ok),
            Content::Ended => None,
        };
        self.content = Content::Ended;
        self.held.clear();
        Poll::Ready(next)
    }
}

impl std::fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.content {
            Content::Whole(bytes) => write!(f, "AnswerBody({} bytes)", bytes.len()),
            Content::Streamed(_) => f.write_str("AnswerBody(coming)"),
            Content::Ended => f.write_str("AnswerBody(read)"),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Response {}
    impl Sealed for super::StreamResponse {}
}

/// Either form of an answer, so that a policy is written once for [`Exchange::exchange`] and [`Exchange::open`].
pub trait Answer: sealed::Sealed + Send + Sized + 'static {
    /// Asks `inner` for this form of the answer.
    fn ask<'a, X: Exchange + ?Sized>(inner: &'a X, request: &'a Request) -> BoxFuture<'a, Result<Self>>;
    /// The status.
    fn status_code(&self) -> StatusCode;
    /// The headers.
    fn header_map(&self) -> &HeaderMap;
    /// The bytes, when they are all here.
    fn bytes(&self) -> Option<&Bytes>;
    /// Keeps `loan` until the body has ended; drops it at once when it already has.
    fn hold(self, loan: Box<dyn Send>) -> Self;
    /// Lets a policy watch a body that is still coming.
    fn watch(self, map: impl FnOnce(ByteStream) -> ByteStream) -> Self;
}

impl Answer for Response {
    fn ask<'a, X: Exchange + ?Sized>(inner: &'a X, request: &'a Request) -> BoxFuture<'a, Result<Self>> {
        inner.exchange(request)
    }
    fn status_code(&self) -> StatusCode {
        self.status()
    }
    fn header_map(&self) -> &HeaderMap {
        self.headers()
    }
    fn bytes(&self) -> Option<&Bytes> {
        Some(self.body())
    }
    fn hold(self, _loan: Box<dyn Send>) -> Self {
        self
    }
    fn watch(self, _map: impl FnOnce(ByteStream) -> ByteStream) -> Self {
        self
    }
}

impl Answer for StreamResponse {
    fn ask<'a, X: Exchange + ?Sized>(inner: &'a X, request: &'a Request) -> BoxFuture<'a, Result<Self>> {
        inner.open(request)
    }
    fn status_code(&self) -> StatusCode {
        self.status()
    }
    fn header_map(&self) -> &HeaderMap {
        self.headers()
    }
    fn bytes(&self) -> Option<&Bytes> {
        self.body().whole()
    }
    fn hold(mut self, loan: Box<dyn Send>) -> Self {
        if matches!(self.body().content, Content::Streamed(_)) {
            self.body_mut().held.push(loan);
        }
        self
    }
    fn watch(self, map: impl FnOnce(ByteStream) -> ByteStream) -> Self {
        self.map(|body| body.map_stream(map))
    }
}

/// Implements [`Exchange`] for a policy by its `around` method, which is generic over the form of the answer.
macro_rules! exchange_by_around {
    ($policy:ident) => {
        #[async_trait::async_trait]
        impl<X: $crate::Exchange> $crate::Exchange for $policy<X> {
            async fn exchange(&self, request: &$crate::Request) -> mapping_core::Result<$crate::Response> {
                self.around(request).await
            }
            async fn open(&self, request: &$crate::Request) -> mapping_core::Result<$crate::StreamResponse> {
                self.around(request).await
            }
        }
    };
}
pub(crate) use exchange_by_around;
