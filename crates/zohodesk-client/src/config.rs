//! What a user sets for the connection.

use crate::credits::CreditSettings;
use crate::id::OrgId;
use connector_http::{AdaptingSettings, Config as HttpConfig, RateSettings};
use mapping_core::{Error, ErrorKind, Result};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where a portal lives, for ever. A token of one data centre is worth nothing in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum DataCenter {
    /// United States.
    Us,
    /// European Union.
    Eu,
    /// India.
    In,
    /// Australia.
    Au,
    /// Japan.
    Jp,
    /// Canada.
    Ca,
    /// China.
    Cn,
    /// Saudi Arabia.
    Sa,
    /// Singapore.
    Sg,
    /// United Arab Emirates.
    Ae,
    /// United Kingdom.
    Uk,
}

impl DataCenter {
    /// Every data centre.
    pub const ALL: [Self; 11] = [
        Self::Us,
        Self::Eu,
        Self::In,
        Self::Au,
        Self::Jp,
        Self::Ca,
        Self::Cn,
        Self::Sa,
        Self::Sg,
        Self::Ae,
        Self::Uk,
    ];

    /// The word for it, domain without `desk.` and `accounts.`, and the time zone whose midnight is taken for the end of
    /// its day.
    fn facts(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Us => ("us", "zoho.com", "America/Los_Angeles"),
            Self::Eu => ("eu", "zoho.eu", "Europe/Amsterdam"),
            Self::In => ("in", "zoho.in", "Asia/Kolkata"),
            Self::Au => ("au", "zoho.com.au", "Australia/Sydney"),
            Self::Jp => ("jp", "zoho.jp", "Asia/Tokyo"),
            Self::Ca => ("ca", "zohocloud.ca", "America/Toronto"),
            Self::Cn => ("cn", "zoho.com.cn", "Asia/Shanghai"),
            Self::Sa => ("sa", "zoho.sa", "Asia/Riyadh"),
            Self::Sg => ("sg", "zoho.sg", "Asia/Singapore"),
            Self::Ae => ("ae", "zoho.ae", "Asia/Dubai"),
            Self::Uk => ("uk", "zoho.uk", "Europe/London"),
        }
    }
    /// Its word: `us`, `eu` …
    pub fn name(self) -> &'static str {
        self.facts().0
    }
    /// The base URL of the Desk API.
    pub fn desk_url(self) -> String {
        format!("https://desk.{}", self.facts().1)
    }
    /// The base URL of the accounts server.
    pub fn accounts_url(self) -> String {
        format!("https://accounts.{}", self.facts().1)
    }
    /// The IANA time zone whose midnight is taken for the end of the day of its credits.
    pub fn zone(self) -> &'static str {
        self.facts().2
    }
    /// The data centre by its word, whatever its case.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|center| center.name() == name)
    }
}

/// The settings of a client. An unknown key is an error.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// Where the portal lives. Default: US.
    pub data_center: DataCenter,
    /// The base URL of the Desk API. Default: that of the data centre. Plain http only for this machine itself.
    pub desk_url: Option<String>,
    /// The base URL of the accounts server. Default: that of the data centre. Plain http only for this machine itself.
    pub accounts_url: Option<String>,
    /// The organisation, also called portal. Without one only `organizations().list()` can be called.
    pub org_id: Option<OrgId>,
    /// The id of the application.
    pub client_id: Option<String>,
    /// The secret of the application.
    #[serde(skip)]
    pub client_secret: Option<SecretString>,
    /// The refresh token.
    #[serde(skip)]
    pub refresh_token: Option<SecretString>,
    /// A file in which processes share the access token. Default: none, the token ends with the process.
    pub token_file: Option<PathBuf>,
    /// The credits of the day.
    pub credits: CreditSettings,
    /// Calls at once. Default: 8, two below what the smaller paid editions allow; it follows the server's refusals.
    pub at_once: AdaptingSettings,
    /// TLS, proxy, timeouts, retries, pace. Desk states no rate but calls at once and credits; the pace is 50 calls a second at
    /// most unless set. The deadline of a call is 100 s unless set.
    pub http: HttpConfig,
}

impl Default for Config {
    fn default() -> Self {
        let mut http = HttpConfig::default();
        // A call that waits longer would still be landing when a driver asks what became of it.
        http.deadline = Duration::from_secs(100);
        http.rate = RateSettings::new(500, Duration::from_secs(10)).with_share(1.0);
        http.slots.count = 100;
        http.user_agent = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")).to_owned();
        Config {
            data_center: DataCenter::Us,
            desk_url: None,
            accounts_url: None,
            org_id: None,
            client_id: None,
            client_secret: None,
            refresh_token: None,
            token_file: None,
            credits: CreditSettings::default(),
            at_once: AdaptingSettings::default(),
            http,
        }
    }
}

impl Config {
    /// The defaults with this application, in this data centre.
    pub fn new(
        data_center: DataCenter,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
        refresh_token: impl Into<String>,
    ) -> Self {
        Config {
            data_center,
            client_id: Some(client_id.into()),
            client_secret: Some(SecretString::from(client_secret.into())),
            refresh_token: Some(SecretString::from(refresh_token.into())),
            ..Config::default()
        }
    }

    /// The defaults with what the environment sets: `ZOHODESK_DATA_CENTER` (us, eu, in, au, jp, ca, cn, sa, sg, ae, uk),
    /// `ZOHODESK_ORG_ID`, `ZOHODESK_CLIENT_ID`, `ZOHODESK_CLIENT_SECRET`, `ZOHODESK_REFRESH_TOKEN`, `ZOHODESK_TOKEN_FILE`,
    /// `ZOHODESK_RESERVE` (credits left to others), `ZOHODESK_AT_ONCE` (calls), `ZOHODESK_BASE_URL`,
    /// `ZOHODESK_ACCOUNTS_URL`.
    ///
    /// # Errors
    /// `Config` for a data centre or a number that isn't one.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`from_env`](Config::from_env), from any set of variables.
    ///
    /// # Errors
    /// As [`from_env`](Config::from_env).
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let set = |name: &str| var(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let wrong = |message| Error::not_sent(ErrorKind::Config, message);
        let mut config = Config {
            desk_url: set("ZOHODESK_BASE_URL"),
            accounts_url: set("ZOHODESK_ACCOUNTS_URL"),
            org_id: set("ZOHODESK_ORG_ID").map(OrgId::from),
            client_id: set("ZOHODESK_CLIENT_ID"),
            client_secret: set("ZOHODESK_CLIENT_SECRET").map(SecretString::from),
            refresh_token: set("ZOHODESK_REFRESH_TOKEN").map(SecretString::from),
            token_file: set("ZOHODESK_TOKEN_FILE").map(PathBuf::from),
            ..Config::default()
        };
        if let Some(name) = set("ZOHODESK_DATA_CENTER") {
            config.data_center = DataCenter::by_name(&name).ok_or_else(|| {
                wrong("ZOHODESK_DATA_CENTER must be us, eu, in, au, jp, ca, cn, sa, sg, ae or uk")
            })?;
        }
        if let Some(reserve) = set("ZOHODESK_RESERVE") {
            config.credits.reserve =
                reserve.parse().map_err(|_| wrong("ZOHODESK_RESERVE must be a number of credits"))?;
        }
        if let Some(most) = set("ZOHODESK_AT_ONCE") {
            let most = most.parse().ok().filter(|most| *most > 0);
            config.at_once.most =
                most.ok_or_else(|| wrong("ZOHODESK_AT_ONCE must be a number of calls, at least 1"))?;
        }
        Ok(config)
    }

    /// Sets the organisation.
    #[must_use]
    pub fn with_org(mut self, org: impl Into<OrgId>) -> Self {
        self.org_id = Some(org.into());
        self
    }

    /// Sets both base URLs: a stand-in's, a proxy's.
    #[must_use]
    pub fn with_base_urls(mut self, desk: impl Into<String>, accounts: impl Into<String>) -> Self {
        self.desk_url = Some(desk.into());
        self.accounts_url = Some(accounts.into());
        self
    }

    /// The base URL of the Desk API in force.
    pub fn desk(&self) -> String {
        self.desk_url.clone().unwrap_or_else(|| self.data_center.desk_url())
    }
    /// The base URL of the accounts server in force.
    pub fn accounts(&self) -> String {
        self.accounts_url.clone().unwrap_or_else(|| self.data_center.accounts_url())
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("desk_url", &self.desk())
            .field("accounts_url", &self.accounts())
            .field("org_id", &self.org_id)
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret.as_ref().map(|_| "…"))
            .field("refresh_token", &self.refresh_token.as_ref().map(|_| "…"))
            .field("token_file", &self.token_file)
            .field("credits", &self.credits)
            .field("at_once", &self.at_once)
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
    fn the_environment_sets_what_it_names_and_debug_shows_no_secret() {
        let config = from(&[
            ("ZOHODESK_DATA_CENTER", " CA "),
            ("ZOHODESK_CLIENT_SECRET", "s3cret"),
            ("ZOHODESK_REFRESH_TOKEN", "r3fresh"),
            ("ZOHODESK_RESERVE", "5000"),
            ("ZOHODESK_AT_ONCE", "3"),
        ])
        .unwrap();
        assert_eq!(config.desk(), "https://desk.zohocloud.ca");
        assert_eq!(config.accounts(), "https://accounts.zohocloud.ca");
        assert_eq!((config.credits.reserve, config.at_once.most), (5000, 3));
        let shown = format!("{config:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("r3fresh"), "{shown}");
    }

    #[test]
    fn what_isn_t_a_data_centre_or_a_number_is_refused() {
        for pair in [("ZOHODESK_DATA_CENTER", "mars"), ("ZOHODESK_RESERVE", "-1"), ("ZOHODESK_AT_ONCE", "0")]
        {
            assert_eq!(from(&[pair]).unwrap_err().kind(), ErrorKind::Config, "{pair:?}");
        }
    }

    #[test]
    fn every_data_centre_has_a_word_hosts_and_a_time_zone() {
        for center in DataCenter::ALL {
            assert_eq!(DataCenter::by_name(center.name()), Some(center));
            assert!(jiff::tz::TimeZone::get(center.zone()).is_ok(), "{center:?}");
        }
    }
}
