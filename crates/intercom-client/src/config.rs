//! What a user sets.

use connector_http::Config as HttpConfig;
use mapping_core::{Error, ErrorKind, Result};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// The API version this crate was written for, <https://developers.intercom.com/docs/build-an-integration/learn-more/rest-apis/api-changelog>.
pub const VERSION: &str = "2.16";

/// Where a workspace's data lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Region {
    /// United States.
    Us,
    /// European Union.
    Eu,
    /// Australia.
    Au,
}

impl Region {
    /// The base URL of the region's API.
    pub fn base_url(self) -> &'static str {
        match self {
            Region::Us => "https://api.intercom.io",
            Region::Eu => "https://api.eu.intercom.io",
            Region::Au => "https://api.au.intercom.io",
        }
    }
    /// The host of the region's web application.
    pub fn app_host(self) -> &'static str {
        match self {
            Region::Us => "app.intercom.com",
            Region::Eu => "app.eu.intercom.com",
            Region::Au => "app.au.intercom.com",
        }
    }
    /// The region by the word that `GET /me` has for it.
    pub fn by_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "us" => Some(Region::Us),
            "eu" => Some(Region::Eu),
            "au" => Some(Region::Au),
            _ => None,
        }
    }
}

/// The settings of a client. An unknown key is an error.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The base URL. Default: that of the region.
    pub base_url: Option<String>,
    /// The region. Default: US.
    pub region: Region,
    /// The API version that every call names. Default: [`VERSION`]. `skip_notifications` is silently ignored before
    /// 2.15, so the sink refuses to write with an older one.
    pub version: String,
    /// The access token.
    #[serde(skip)]
    pub token: Option<SecretString>,
    /// TLS, proxy, timeouts, retries, rate. The deadline of a call is 100 s unless set, and
    /// a driver waits a little longer before it asks what became of a call.
    pub http: HttpConfig,
}

impl Default for Config {
    fn default() -> Self {
        let mut http = HttpConfig::default();
        // A call that waits longer would still be landing when the driver asks what became of it.
        http.deadline = Duration::from_secs(100);
        http.user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned();
        Config { base_url: None, region: Region::Us, version: VERSION.to_owned(), token: None, http }
    }
}

impl Config {
    /// The defaults with this access token.
    pub fn new(token: impl Into<String>) -> Self {
        Config { token: Some(SecretString::from(token.into())), ..Config::default() }
    }

    /// The defaults with what the environment sets: `INTERCOM_TOKEN`, `INTERCOM_BASE_URL`, `INTERCOM_REGION` (us, eu,
    /// au), `INTERCOM_VERSION`, `INTERCOM_RATE_SHARE` (0.01 to 1).
    ///
    /// # Errors
    /// `Config` for a region or a share that isn't one.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Config::from_env), from any set of variables.
    ///
    /// # Errors
    /// As [`from_env`](Config::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name: &str| var(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let mut config = Config { token: set("INTERCOM_TOKEN").map(SecretString::from), ..Config::default() };
        config.base_url = set("INTERCOM_BASE_URL");
        if let Some(name) = set("INTERCOM_REGION") {
            config.region = Region::by_name(&name)
                .ok_or_else(|| Error::not_sent(ErrorKind::Config, "INTERCOM_REGION must be us, eu or au"))?;
        }
        if let Some(version) = set("INTERCOM_VERSION") {
            config.version = version;
        }
        if let Some(share) = set("INTERCOM_RATE_SHARE") {
            let share: f64 = share.parse().unwrap_or_default();
            if !(0.01..=1.0).contains(&share) {
                let message = "INTERCOM_RATE_SHARE must be a number from 0.01 to 1";
                return Err(Error::not_sent(ErrorKind::Config, message));
            }
            config.http.rate.share = share;
        }
        Ok(config)
    }

    /// Sets the base URL: a region's, a stand-in's, a proxy's.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = Some(url.into());
        self
    }

    /// The base URL in force.
    pub fn base(&self) -> &str {
        self.base_url.as_deref().unwrap_or_else(|| self.region.base_url())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.base())
            .field("region", &self.region)
            .field("version", &self.version)
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("http", &self.http)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&str, &str)]) -> Result<Config> {
        Config::from_vars(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_sets_what_it_names() {
        let config =
            from(&[("INTERCOM_TOKEN", " t0p "), ("INTERCOM_REGION", "EU"), ("INTERCOM_RATE_SHARE", "0.5")]);
        let config = config.unwrap();
        assert_eq!((config.base(), config.version.as_str()), ("https://api.eu.intercom.io", "2.16"));
        assert_eq!(config.http.rate.share, 0.5);
        assert!(!format!("{config:?}").contains("t0p"));
    }

    #[test]
    fn a_wrong_region_and_a_wrong_share_are_refused() {
        assert_eq!(from(&[("INTERCOM_REGION", "mars")]).unwrap_err().kind(), ErrorKind::Config);
        for share in ["0", "2", "x", "-1"] {
            assert!(from(&[("INTERCOM_RATE_SHARE", share)]).is_err(), "{share}");
        }
    }
}
