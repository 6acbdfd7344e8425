//! What a user sets to reach a service.

use crate::profile::{AuthKind, Pace};
use jiff::civil::Date;
use mapping_core::{Error, ErrorKind, Result};
use secrecy::SecretString;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;

/// How to reach a service. Secrets are never shown by `Debug`, and belong into the environment
/// ([`Config::secrets_from_env`]) rather than into a file.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The WSDL: an `http(s)` URL, or the path of a file.
    pub wsdl: String,
    /// Where to call. Default: the address in the WSDL, on the host that served the WSDL.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// The service profile. Default: the built-in one, which is an assumption.
    #[serde(default)]
    pub profile: Option<PathBuf>,
    /// Another kind of authentication than the profile says.
    #[serde(default)]
    pub auth: Option<AuthKind>,
    /// The account, for Basic and for a session.
    #[serde(default)]
    pub user: Option<String>,
    /// Its password.
    #[serde(default)]
    pub password: Option<SecretString>,
    /// The API key.
    #[serde(default)]
    pub api_key: Option<SecretString>,
    /// Another pace than the profile says.
    #[serde(default)]
    pub pace: Option<Pace>,
    /// The first day of the window over which reports are run. Default: 12 months before its end.
    #[serde(default, deserialize_with = "day")]
    pub report_from: Option<Date>,
    /// The day before which that window ends. Default: today.
    #[serde(default, deserialize_with = "day")]
    pub report_to: Option<Date>,
    /// The HTTP connection. Its `rate` and `slots` are not used: the pace says how gently to call.
    #[serde(default)]
    pub http: connector_http::Config,
}

/// A day as TOML writes dates, or as text.
fn day<'d, D: Deserializer<'d>>(from: D) -> std::result::Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Toml(toml::value::Datetime),
    }
    let text = match Written::deserialize(from)? {
        Written::Text(text) => text,
        Written::Toml(date) => date.to_string(),
    };
    text.parse().map(Some).map_err(|_| D::Error::custom("a day looks like 2024-01-31"))
}

impl Config {
    /// A configuration with everything else at its default.
    pub fn new(wsdl: impl Into<String>) -> Self {
        Config {
            wsdl: wsdl.into(),
            endpoint: None,
            profile: None,
            auth: None,
            user: None,
            password: None,
            api_key: None,
            pace: None,
            report_from: None,
            report_to: None,
            http: connector_http::Config::default(),
        }
    }

    /// Sets the account and its password.
    #[must_use]
    pub fn with_login(mut self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.user = Some(user.into());
        self.password = Some(password.into());
        self
    }

    /// Sets the API key.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<SecretString>) -> Self {
        self.api_key = Some(key.into());
        self
    }

    /// Sets the kind of authentication, whatever the profile says.
    #[must_use]
    pub fn with_auth(mut self, auth: AuthKind) -> Self {
        self.auth = Some(auth);
        self
    }

    /// Sets the pace, whatever the profile says.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = Some(pace);
        self
    }

    /// Takes what is not set yet from the environment: `FOCALSCOPE_USER`, `FOCALSCOPE_PASSWORD`, `FOCALSCOPE_API_KEY`.
    #[must_use]
    pub fn secrets_from_env(mut self) -> Self {
        let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        self.user = self.user.or_else(|| get("FOCALSCOPE_USER"));
        self.password = self.password.or_else(|| get("FOCALSCOPE_PASSWORD").map(SecretString::from));
        self.api_key = self.api_key.or_else(|| get("FOCALSCOPE_API_KEY").map(SecretString::from));
        self
    }

    pub(crate) fn need<'a, T>(
        value: &'a Option<T>,
        name: &'static str,
        variable: &'static str,
    ) -> Result<&'a T> {
        value.as_ref().ok_or_else(|| {
            Error::not_sent(
                ErrorKind::Config,
                "a credential that the kind of authentication needs is not set",
            )
            .with("setting", name)
            .with("variable", variable)
        })
    }
}
