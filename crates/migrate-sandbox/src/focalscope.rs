//! The FocalScope stand-in: a SOAP service in the manner of ASP.NET (ASMX) over a [`Dataset`].
//!
//! FocalScope publishes neither its WSDL nor its limits, so names and shapes are the stand-in's own: [`WSDL`] is the
//! contract. Requests are held to it strictly: a parameter that the schema does not have, or in another namespace or
//! order, is refused.

mod asked;
mod auth;
mod envelope;
mod http;
mod knobs;
mod operations;
mod records;
mod store;
mod xml;

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use jiff::tz::TimeZone;
use tokio::net::TcpListener;

use crate::clock::SandboxClock;
use crate::dataset::Dataset;

pub use asked::Asked;
pub use auth::Credentials;
pub use http::router;
pub use knobs::{
    Bodies, Controls, Drip, ExtraElement, GiantFile, Knobs, OddStatus, OtherNamespace, ShiftedPages, Times,
    Way,
};

use asked::Journal;
use auth::Sessions;
use store::Store;

/// The description of the service, with a placeholder for its address.
pub const WSDL: &str = include_str!("focalscope/service.wsdl");

/// The namespace of everything the service says.
pub const NAMESPACE: &str = "http://focalscope.example/helpdesk/";

/// The path of the service.
pub const PATH: &str = "/Helpdesk.asmx";

/// The zone of the server's wall clock unless [`Config::zone`] says otherwise.
pub const DEFAULT_ZONE: &str = "Europe/Copenhagen";

/// What an instance of the stand-in is set up with.
#[derive(Debug, Clone)]
pub struct Config {
    /// The secrets that open it.
    pub credentials: Credentials,
    /// The zone that times without one are meant in.
    pub zone: TimeZone,
    /// The clock it tells time by.
    pub clock: SandboxClock,
}

impl Default for Config {
    /// Account `migration` with password `sandbox`, API key `sandbox-key`, zone [`DEFAULT_ZONE`], the system's time.
    fn default() -> Self {
        Self { credentials: Credentials::default(), zone: default_zone(), clock: SandboxClock::system() }
    }
}

/// A machine without a zone database gets the rule that holds in Copenhagen since 1996.
fn default_zone() -> TimeZone {
    TimeZone::get(DEFAULT_ZONE)
        .or_else(|_| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3"))
        .unwrap_or(TimeZone::UTC)
}

/// A running instance. Clones share everything.
#[derive(Debug, Clone)]
pub struct FocalScope {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    store: RwLock<Arc<Store>>,
    sessions: Mutex<Sessions>,
    knobs: Mutex<Knobs>,
    journal: Mutex<Journal>,
}

impl FocalScope {
    /// An instance that holds `dataset`, set up with the defaults of [`Config`].
    #[must_use]
    pub fn new(dataset: Dataset) -> Self {
        Self::with_config(dataset, Config::default())
    }

    /// An instance that holds `dataset`.
    #[must_use]
    pub fn with_config(dataset: Dataset, config: Config) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                store: RwLock::new(Arc::new(Store::new(dataset))),
                sessions: Mutex::default(),
                knobs: Mutex::default(),
                journal: Mutex::default(),
            }),
        }
    }

    /// The clock the instance tells time by.
    #[must_use]
    pub fn clock(&self) -> &SandboxClock {
        &self.inner.config.clock
    }

    /// The knobs as they stand.
    #[must_use]
    pub fn knobs(&self) -> Knobs {
        lock(&self.inner.knobs).clone()
    }

    /// Turns knobs; takes effect with the next request. Requests wait while `turn` runs, so it must not ask the instance
    /// for anything.
    pub fn turn(&self, turn: impl FnOnce(&mut Knobs)) {
        let mut knobs = lock(&self.inner.knobs);
        turn(&mut knobs);
    }

    /// What was asked so far, oldest first. Only the last million entries are kept.
    #[must_use]
    pub fn journal(&self) -> Vec<Asked> {
        lock(&self.inner.journal).entries().cloned().collect()
    }

    /// How often each operation was asked for.
    #[must_use]
    pub fn asked(&self) -> BTreeMap<String, u64> {
        lock(&self.inner.journal).counts().clone()
    }

    /// Ends every session, as a restart of the server would.
    pub fn expire_sessions(&self) {
        self.sessions().clear();
    }

    /// A copy of the help desk as it stands.
    #[must_use]
    pub fn dataset(&self) -> Dataset {
        self.store().dataset().clone()
    }

    /// Changes the help desk while it is being read, as its users would.
    pub fn change(&self, change: impl FnOnce(&mut Dataset)) {
        let mut held = self.inner.store.write().unwrap_or_else(PoisonError::into_inner);
        let mut dataset = held.dataset().clone();
        change(&mut dataset);
        *held = Arc::new(Store::new(dataset));
    }

    fn store(&self) -> Arc<Store> {
        Arc::clone(&self.inner.store.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        lock(&self.inner.sessions)
    }

    fn note(&self, asked: Asked) {
        lock(&self.inner.journal).note(asked);
    }

    fn config(&self) -> &Config {
        &self.inner.config
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves the instance until the future is dropped.
///
/// # Errors
/// Those of accepting connections.
pub async fn serve(listener: TcpListener, instance: FocalScope) -> io::Result<()> {
    axum::serve(listener, router(instance)).await
}
