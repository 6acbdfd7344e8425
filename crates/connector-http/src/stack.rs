//! The policies put together in their order.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use http::Uri;
use mapping_core::{Outcome, Result};

use crate::adapting::{Adapting, AdaptingSettings, Pool, TooMany};
use crate::auth::{Auth, Credentials};
use crate::classify::{Answered, ByStatus, Classified, Classify};
use crate::clock::{Clock, TokioClock};
use crate::config::Config;
use crate::deadline::Deadline;
use crate::exchange::{Exchange, Request, Response, StreamResponse};
use crate::gate::{Budget, Gate, RateGate};
use crate::http_wire::Http;
use crate::jitter::Jitter;
use crate::meta::Meta;
use crate::rate_headers::{RateHeaders, XRateLimit};
use crate::retry::Retry;
use crate::slots::Slots;
use crate::timeout::Timeout;
use crate::trace::{Attempt, Observer, Trace};

/// All policies around one wire. Cheap to clone; every clone shares one budget, one login, one set of slots.
#[derive(Clone)]
pub struct Stack {
    outermost: Arc<dyn Exchange>,
    gate: Gate,
    counts: Arc<Counts>,
    pool: Option<Pool>,
}

/// How many attempts ended how, since the stack was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Counters {
    /// Attempts that were started.
    pub attempts: u64,
    /// Attempts that were the second or later of their call.
    pub repeated: u64,
    /// Attempts answered with 2xx.
    pub answered: u64,
    /// Attempts that were refused.
    pub rejected: u64,
    /// Attempts that certainly didn't leave.
    pub not_sent: u64,
    /// Attempts whose answer was lost, or said no more than that something went wrong.
    pub unknown: u64,
    /// Bytes of request bodies of all attempts, by their declared length.
    pub request_bytes: u64,
}

#[derive(Default)]
struct Counts([AtomicU64; 7]);

impl Observer for Counts {
    fn finished(&self, attempt: &Attempt<'_>) {
        let count = |at: usize, by: u64| self.0[at].fetch_add(by, Ordering::Relaxed);
        count(0, 1);
        count(1, u64::from(attempt.number > 1));
        let by_outcome = match attempt.outcome {
            Outcome::Applied => 2,
            Outcome::Rejected => 3,
            Outcome::NotSent => 4,
            Outcome::Unknown => 5,
        };
        count(by_outcome, 1);
        count(6, attempt.request_bytes);
    }
}

impl Stack {
    /// Starts a stack around any innermost exchange: [`Http`], or a stand-in in the same process.
    pub fn builder(wire: impl Exchange + 'static) -> Builder {
        Builder {
            wire: Box::new(wire),
            config: Config::default(),
            credentials: None,
            classify: Arc::new(ByStatus),
            rate_headers: Arc::new(XRateLimit::default()),
            observers: Vec::new(),
            clock: None,
            jitter: None,
            adapting: None,
        }
    }

    /// Starts a stack over the network by this configuration.
    ///
    /// # Errors
    ///
    /// As [`Http::new`].
    pub fn over_http(config: &Config) -> Result<Builder> {
        Ok(Self::builder(Http::new(config)?).config(config.clone()))
    }

    /// The rate budget as it stands.
    pub fn budget(&self) -> Budget {
        self.gate.budget()
    }

    /// How many attempts ended how.
    pub fn counters(&self) -> Counters {
        let [attempts, repeated, answered, rejected, not_sent, unknown, request_bytes] =
            std::array::from_fn(|at| self.counts.0[at].load(Ordering::Relaxed));
        Counters { attempts, repeated, answered, rejected, not_sent, unknown, request_bytes }
    }

    /// How many calls may run at once now, when that follows the server's refusals.
    pub fn at_once(&self) -> Option<usize> {
        self.pool.as_ref().map(Pool::allowed)
    }

    /// A raw call: any request, every answer as it is. Credentials, rate, slots, timeouts and tracing apply; a status
    /// is never an error and never a reason to repeat.
    ///
    /// # Errors
    ///
    /// Only for an answer that didn't come.
    pub async fn raw(&self, mut request: Request) -> Result<Response> {
        let meta = request.extensions().get::<Meta>().cloned().unwrap_or_else(|| Meta::by_method(&request));
        request.extensions_mut().insert(meta.any_status());
        self.outermost.exchange(&request).await
    }
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stack").field("budget", &self.budget()).field("counters", &self.counters()).finish()
    }
}

/// A request without a [`Meta`] gets one here, so that all policies share its flight.
fn with_meta(request: &Request) -> Option<Request> {
    if request.extensions().get::<Meta>().is_some() {
        return None;
    }
    let mut request = request.clone();
    let meta = Meta::by_method(&request);
    request.extensions_mut().insert(meta);
    Some(request)
}

#[async_trait]
impl Exchange for Stack {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        self.outermost.exchange(with_meta(request).as_ref().unwrap_or(request)).await
    }
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        self.outermost.open(with_meta(request).as_ref().unwrap_or(request)).await
    }
}

/// Builds a [`Stack`].
#[must_use]
pub struct Builder {
    wire: Box<dyn Exchange>,
    config: Config,
    credentials: Option<(Uri, Arc<dyn Credentials>)>,
    classify: Arc<dyn Classify>,
    rate_headers: Arc<dyn RateHeaders>,
    observers: Vec<Arc<dyn Observer>>,
    clock: Option<Arc<dyn Clock>>,
    jitter: Option<Arc<Jitter>>,
    adapting: Option<(AdaptingSettings, TooMany)>,
}

impl Builder {
    /// Deadline, retries, rate, slots and timeouts.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }
    /// Credentials for calls to the origin of `base`. Default: none.
    pub fn credentials(mut self, base: Uri, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Some((base, Arc::new(credentials)));
        self
    }
    /// How answers become errors. Default: [`ByStatus`].
    pub fn classify(mut self, classify: impl Classify + 'static) -> Self {
        self.classify = Arc::new(classify);
        self
    }
    /// How the budget is read from answers. Default: [`XRateLimit`].
    pub fn rate_headers(mut self, headers: impl RateHeaders + 'static) -> Self {
        self.rate_headers = Arc::new(headers);
        self
    }
    /// Sees every attempt. May be called more than once.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }
    /// The time. Default: [`TokioClock`].
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
    /// The randomness. Default: [`Jitter::random`].
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(Arc::new(jitter));
        self
    }

    /// How many calls run at once follows the server: see [`Adapting`]. `too_many` picks the answers at which their number is
    /// halved. Default: the number of the configured slots, whatever is answered.
    pub fn adapting(
        mut self,
        settings: AdaptingSettings,
        too_many: impl Fn(&Answered<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.adapting = Some((settings, Arc::new(too_many)));
        self
    }

    /// Puts the policies around the wire, from the outside: deadline, retry, classification, auth, rate, places that adapt
    /// (if any), slots, timeout, trace.
    ///
    /// # Errors
    ///
    /// [`Config`](mapping_core::ErrorKind::Config) for a base URL without scheme and host.
    pub fn build(self) -> Result<Stack> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(TokioClock::new()));
        let jitter = self.jitter.unwrap_or_else(|| Arc::new(Jitter::random()));
        let Config { timeouts, deadline, retry, rate, slots, .. } = self.config;
        let waiting = rate.waiting;
        let counts = Arc::new(Counts::default());
        let mut observers = self.observers;
        observers.push(counts.clone());

        let traced = Trace::new(self.wire, observers, clock.clone());
        let timed = Timeout::new(traced, timeouts, clock.clone());
        let slotted = Slots::new(timed, &slots, clock.clone());
        let (placed, pool): (Box<dyn Exchange>, _) = match self.adapting {
            Some((settings, too_many)) => {
                let pool = Pool::new(settings, clock.clone());
                (Box::new(Adapting::by(slotted, pool.clone(), too_many)), Some(pool))
            }
            None => (Box::new(slotted), None),
        };
        let gate = Gate::new(rate, self.rate_headers, jitter.clone(), clock.clone());
        let paced = RateGate::by(placed, gate.clone());
        let authenticated: Box<dyn Exchange> = match self.credentials {
            Some((base, credentials)) => Box::new(Auth::new(paced, credentials, &base, clock.clone())?),
            None => Box::new(paced),
        };
        let classified = Classified::new(authenticated, self.classify, clock.clone());
        let retried = Retry::new(classified, retry, waiting, jitter, clock.clone());
        let outermost = Arc::new(Deadline::new(retried, deadline, clock));
        Ok(Stack { outermost, gate, counts, pool })
    }
}
