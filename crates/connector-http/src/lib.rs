#![doc = include_str!("../README.md")]

mod adapting;
mod auth;
mod body;
mod classify;
mod clock;
mod config;
mod deadline;
mod exchange;
mod gate;
mod http_wire;
mod jitter;
mod meta;
mod multipart;
mod plain;
mod rate_headers;
mod retry;
mod slots;
mod stack;
mod timeout;
#[cfg(feature = "tower")]
mod tower_service;
mod trace;
mod upload;

pub use adapting::{Adapting, AdaptingSettings};
pub use auth::{ApiKey, Auth, Basic, Bearer, Credentials};
pub use body::{Body, ByteStream, FilePart, OpenBody, Segment};
pub use classify::{Answered, ByStatus, Classified, Classify};
pub use clock::{Clock, TokioClock};
pub use config::{Config, Proxy, RateSettings, RetrySettings, SlotSettings, Timeouts, Waiting};
pub use deadline::Deadline;
pub use exchange::{Answer, AnswerBody, Exchange, Request, Response, StreamResponse};
pub use gate::{Budget, RateGate};
pub use http_wire::Http;
pub use jitter::Jitter;
pub use meta::{Flight, Meta, Repeat};
pub use multipart::{Boundary, Multipart};
pub use rate_headers::{NoRateHeaders, RateHeaders, RateReading, XRateLimit};
pub use retry::Retry;
pub use slots::Slots;
pub use stack::{Builder, Counters, Stack};
pub use timeout::Timeout;
#[cfg(feature = "tower")]
pub use tower_service::ExchangeService;
pub use trace::{Attempt, Observer, Trace};

pub use mapping_core::{Error, ErrorKind, Outcome, Result};
