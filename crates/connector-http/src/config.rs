//! What a user sets: TLS, proxy, timeouts, bounds, rates. Serde, with defaults; secrets redacted in `Debug`.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

/// The settings of a connection. All times are seconds in their written form; an unknown key is an error.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The `User-Agent` header. Default: this crate's name and version.
    pub user_agent: String,
    /// A proxy for every call. Default: the one the environment names, if any.
    pub proxy: Option<Proxy>,
    /// A PEM file of certificate authorities to trust besides the platform's.
    pub ca_file: Option<PathBuf>,
    /// The same, as PEM text.
    pub ca_pem: Option<String>,
    /// Hosts that may be called by plain `http://`. Loopback always may.
    pub allow_plain_http: Vec<String>,
    /// The largest answer in bytes, after decompression. Default: 64 MiB.
    pub max_answer_bytes: u64,
    /// The largest streamed answer in bytes, after decompression. Default: 1 GiB.
    pub max_streamed_bytes: u64,
    /// How many redirects of a GET or HEAD are followed; others never are. Default: 5.
    pub redirects: u8,
    /// Offers gzip and deflate. Default: true.
    pub compression: bool,
    /// How long one attempt may take.
    pub timeouts: Timeouts,
    /// The longest time for one call with all its waits and repetitions. Default: 1 hour.
    #[serde(with = "seconds")]
    pub deadline: Duration,
    /// Repetitions.
    pub retry: RetrySettings,
    /// The rate of calls.
    pub rate: RateSettings,
    /// How many calls run at once.
    pub slots: SlotSettings,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxy: None,
            ca_file: None,
            ca_pem: None,
            allow_plain_http: Vec::new(),
            max_answer_bytes: 64 << 20,
            max_streamed_bytes: 1 << 30,
            redirects: 5,
            compression: true,
            timeouts: Timeouts::default(),
            deadline: Duration::from_secs(3600),
            retry: RetrySettings::default(),
            rate: RateSettings::default(),
            slots: SlotSettings::default(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("user_agent", &self.user_agent)
            .field("proxy", &self.proxy)
            .field("ca_file", &self.ca_file)
            .field("ca_pem", &self.ca_pem.as_ref().map(|pem| format!("{} bytes", pem.len())))
            .field("allow_plain_http", &self.allow_plain_http)
            .field("max_answer_bytes", &self.max_answer_bytes)
            .field("max_streamed_bytes", &self.max_streamed_bytes)
            .field("redirects", &self.redirects)
            .field("compression", &self.compression)
            .field("timeouts", &self.timeouts)
            .field("deadline", &self.deadline)
            .field("retry", &self.retry)
            .field("rate", &self.rate)
            .field("slots", &self.slots)
            .finish()
    }
}

/// A proxy: `http://`, `https://` or `socks5://`, with a name and a password when it wants them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Proxy {
    /// The proxy's URL, without credentials.
    pub url: String,
    /// The user name.
    #[serde(default)]
    pub user: Option<String>,
    /// The password.
    #[serde(default)]
    pub password: Option<SecretString>,
}

impl Proxy {
    /// A proxy that wants no credentials.
    pub fn new(url: impl Into<String>) -> Self {
        Proxy { url: url.into(), user: None, password: None }
    }

    /// With a name and a password.
    #[must_use]
    pub fn with_login(mut self, user: impl Into<String>, password: SecretString) -> Self {
        self.user = Some(user.into());
        self.password = Some(password);
        self
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Somebody may have put a password into the URL all the same.
        let url = self.url.rsplit('@').next().unwrap_or_default();
        f.debug_struct("Proxy").field("url", &url).field("login", &self.user.is_some()).finish()
    }
}

/// How long one attempt may take, by phase.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Timeouts {
    /// For name, connection and TLS. Default: 10 s. What ends here is not sent.
    #[serde(with = "seconds")]
    pub connect: Duration,
    /// For the head of the answer, counted from the last byte sent. Default: 120 s.
    #[serde(with = "seconds")]
    pub first_byte: Duration,
    /// Between two chunks of the answer. Default: 60 s.
    #[serde(with = "seconds")]
    pub idle: Duration,
    /// For the whole attempt, upload and answer; of a streamed answer, until its head: its reader's pace is its own
    /// business, and only `idle` and `max_streamed_bytes` bound it from there. Default: 30 minutes.
    #[serde(with = "seconds")]
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            total: Duration::from_secs(1800),
        }
    }
}

/// How often a call is repeated, where its kind and outcome allow it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RetrySettings {
    /// Attempts in all, for errors other than throttling. Default: 5.
    pub attempts: u32,
    /// Attempts that ended in throttling and don't count as the above. Default: 20.
    pub throttled: u32,
    /// The first wait; each further one is twice as long. Default: 0.5 s.
    #[serde(with = "seconds")]
    pub first_wait: Duration,
    /// The longest wait that nobody stated. Default: 30 s.
    #[serde(with = "seconds")]
    pub longest_wait: Duration,
    /// The longest wait that a server may state: when it asks for more, the error goes up at once, with the time in
    /// it. Default: 5 minutes.
    #[serde(with = "seconds")]
    pub longest_stated_wait: Duration,
}

impl Default for RetrySettings {
    fn default() -> Self {
        RetrySettings {
            attempts: 5,
            throttled: 20,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            longest_stated_wait: Duration::from_secs(300),
        }
    }
}

/// What happens when a call would have to wait for its rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// It waits.
    #[default]
    Wait,
    /// It waits when it takes no longer than this many seconds, else fails.
    AtMost(#[serde(with = "seconds")] Duration),
    /// It fails at once: throttled, not sent, with the time after which to ask again.
    Fail,
}

impl Waiting {
    /// Whether a wait of this length is allowed.
    pub fn allows(self, wait: Duration) -> bool {
        match self {
            Waiting::Wait => true,
            Waiting::AtMost(most) => wait <= most,
            Waiting::Fail => wait.is_zero(),
        }
    }
}

/// The rate of calls, shared by all workers.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct RateSettings {
    /// Calls per window until an answer says otherwise. Default: 166.
    pub limit: u64,
    /// The window's length. Default: 10 s.
    #[serde(with = "seconds")]
    pub window: Duration,
    /// The share of the limit to use, 0.01 to 1; the rest is for others on the same account. Default: 0.8.
    pub share: f64,
    /// Wait or fail.
    pub waiting: Waiting,
    /// When the server closes its door for longer than this, calls fail at once, whatever `waiting` says: a used-up
    /// day is no pause. Default: 5 minutes.
    #[serde(with = "seconds")]
    pub longest_closing: Duration,
}

impl Default for RateSettings {
    fn default() -> Self {
        RateSettings {
            limit: 166,
            window: Duration::from_secs(10),
            share: 0.8,
            waiting: Waiting::Wait,
            longest_closing: Duration::from_secs(300),
        }
    }
}

impl RateSettings {
    /// This many calls per window.
    pub fn new(limit: u64, window: Duration) -> Self {
        RateSettings { limit, window, ..Self::default() }
    }

    /// A fixed pace: calls start at least `every` apart, all of the share used. For a server that states no limit.
    pub fn every(every: Duration) -> Self {
        RateSettings { share: 1.0, ..Self::new(1, every) }
    }

    /// Sets the share of the limit to use.
    #[must_use]
    pub fn with_share(mut self, share: f64) -> Self {
        self.share = share;
        self
    }

    /// Wait or fail.
    #[must_use]
    pub fn with_waiting(mut self, waiting: Waiting) -> Self {
        self.waiting = waiting;
        self
    }
}

/// How many calls run at once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SlotSettings {
    /// Calls at once. Default: 16.
    pub count: usize,
    /// How long a slot rests after each call; for a gentle pace on a server that others work on. Default: 0.
    #[serde(with = "seconds")]
    pub rest: Duration,
}

impl Default for SlotSettings {
    fn default() -> Self {
        SlotSettings { count: 16, rest: Duration::ZERO }
    }
}

impl SlotSettings {
    /// This many at once, each slot resting for `rest` after a call.
    pub fn new(count: usize, rest: Duration) -> Self {
        SlotSettings { count, rest }
    }
}

/// A duration as seconds, with a fraction.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_f64(duration.as_secs_f64())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let seconds = f64::deserialize(from)?;
        Duration::try_from_secs_f64(seconds).map_err(|_| D::Error::custom("not a number of seconds"))
    }
}
