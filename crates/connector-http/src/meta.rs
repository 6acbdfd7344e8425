//! What a policy has to know about a request: its operation, whether it may be repeated, and what became of it so far.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use mapping_core::Outcome;

use crate::exchange::Request;

/// Whether sending a request twice does the same as sending it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// A read, or a write that overwrites: twice is the same as once.
    Safe,
    /// A create: twice makes two. Repeated only when the first certainly was not applied.
    Never,
}

/// The facts about a call that its policies need. Put it among the request's extensions; [`request`](Meta::request)
/// does so.
///
/// ```
/// use connector_http::{Body, Meta};
/// let request = Meta::create("conversations.create")
///     .request(http::Request::post("https://api.example/conversations"), Body::empty())?;
/// # Ok::<(), connector_http::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Meta {
    operation: &'static str,
    repeat: Repeat,
    reads: bool,
    deadline: Option<Duration>,
    any_status: bool,
    flight: Flight,
}

impl Meta {
    /// A call that changes nothing.
    pub fn read(operation: &'static str) -> Self {
        Meta { reads: true, ..Self::new(operation, Repeat::Safe) }
    }

    /// A write that sets what it names: sent twice, it leaves the same state as sent once.
    pub fn overwrite(operation: &'static str) -> Self {
        Self::new(operation, Repeat::Safe)
    }

    /// A write that makes something new each time it arrives.
    pub fn create(operation: &'static str) -> Self {
        Self::new(operation, Repeat::Never)
    }

    fn new(operation: &'static str, repeat: Repeat) -> Self {
        Meta { operation, repeat, reads: false, deadline: None, any_status: false, flight: Flight::default() }
    }

    /// A deadline of its own for this call, waits and repetitions included.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// For a raw call: every answer comes back as it is, whatever its status, and only lost answers are errors.
    /// A status is then never a reason to repeat the call.
    #[must_use]
    pub fn any_status(mut self) -> Self {
        self.any_status = true;
        self
    }

    /// The operation's name, such as `conversations.reply`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }
    /// Whether the call changes nothing.
    pub fn is_read(&self) -> bool {
        self.reads
    }
    /// Whether the call may be repeated.
    pub fn repeat(&self) -> Repeat {
        self.repeat
    }
    /// The call's own deadline.
    pub fn deadline(&self) -> Option<Duration> {
        self.deadline
    }
    /// Whether every status comes back as an answer.
    pub fn wants_any_status(&self) -> bool {
        self.any_status
    }
    /// What became of the call so far; shared by every clone of this `Meta`. Use a new `Meta` for a new call.
    pub fn flight(&self) -> &Flight {
        &self.flight
    }

    /// Builds a request that carries this `Meta`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](mapping_core::ErrorKind::Invalid) for a URI or a header that isn't one.
    pub fn request(
        self,
        builder: http::request::Builder,
        body: crate::Body,
    ) -> mapping_core::Result<Request> {
        let operation = self.operation;
        builder.extension(self).body(body).map_err(|e| {
            mapping_core::Error::not_sent(
                mapping_core::ErrorKind::Invalid,
                "the URI or a header is not valid",
            )
            .with_operation(operation)
            .with_source(e)
        })
    }

    /// The `Meta` of a request. A request without one gets one by its method, with a flight that assumes the worst,
    /// since nobody else can see it.
    pub fn of(request: &Request) -> Meta {
        request.extensions().get::<Meta>().cloned().unwrap_or_else(|| {
            let meta = Meta::by_method(request);
            meta.flight.leaves();
            meta
        })
    }

    /// A new `Meta` for a request that has none: a read when its method is, else a create.
    pub(crate) fn by_method(request: &Request) -> Meta {
        match *request.method() {
            Method::GET | Method::HEAD | Method::OPTIONS => Meta::read("unnamed"),
            _ => Meta::create("unnamed"),
        }
    }
}

/// What became of one call so far, over all its attempts. Outlives the call's future; see [`Exchange`](crate::Exchange)
/// on cancelling.
#[derive(Clone, Debug, Default)]
pub struct Flight(Arc<State>);

#[derive(Debug, Default)]
struct State {
    may_be_applied: AtomicBool,
    attempts: AtomicU32,
    bytes_moved: AtomicU64,
    answering: AtomicBool,
}

impl Flight {
    /// False as long as the server certainly applied nothing: no byte left, or every attempt that left was refused.
    /// Stays true after a success.
    pub fn may_be_applied(&self) -> bool {
        self.0.may_be_applied.load(Ordering::SeqCst)
    }

    /// The outcome of the call if it ended now without an answer: not sent, or unknown.
    pub fn outcome_if_dropped(&self) -> Outcome {
        if self.may_be_applied() { Outcome::Unknown } else { Outcome::NotSent }
    }

    /// How many attempts have been started.
    pub fn attempts(&self) -> u32 {
        self.0.attempts.load(Ordering::SeqCst)
    }

    /// For an innermost [`Exchange`](crate::Exchange): the first byte is about to leave.
    pub fn leaves(&self) {
        self.0.may_be_applied.store(true, Ordering::SeqCst);
    }

    /// For a policy: the attempt made since `before` was read was certainly not applied.
    pub(crate) fn refused(&self, before: bool) {
        self.0.may_be_applied.store(before, Ordering::SeqCst);
    }

    pub(crate) fn starts_attempt(&self) -> u32 {
        self.0.answering.store(false, Ordering::SeqCst);
        self.0.attempts.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// For an innermost [`Exchange`](crate::Exchange): bytes went out or came in.
    pub fn moved(&self, bytes: usize) {
        self.0.bytes_moved.fetch_add(bytes as u64, Ordering::SeqCst);
    }

    /// For an innermost [`Exchange`](crate::Exchange): the head of the answer has come.
    pub fn answers(&self) {
        self.0.answering.store(true, Ordering::SeqCst);
    }

    pub(crate) fn bytes_moved(&self) -> u64 {
        self.0.bytes_moved.load(Ordering::SeqCst)
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.0.answering.load(Ordering::SeqCst)
    }
}
