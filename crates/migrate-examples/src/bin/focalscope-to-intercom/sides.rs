//! FocalScope and Intercom, made from what the run directory and the environment say.

use async_trait::async_trait;
use focalscope_soap as focalscope;
use intercom_client as intercom;
use mapping_core::{Error, ErrorKind, Sink, Source};
use migrate_engine::{Failure, Finding, InitOptions, Run, Severity};
use migrate_examples::args::Side;
use migrate_examples::verbs::Sides;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// Credentials. From the environment, never from a file.
#[derive(Default)]
pub(crate) struct Secrets {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<SecretString>,
    pub(crate) api_key: Option<SecretString>,
    pub(crate) token: Option<SecretString>,
}

/// The pair of platforms of this program.
pub(crate) struct FocalScopeToIntercom {
    secrets: Secrets,
}

impl FocalScopeToIntercom {
    /// With the credentials of the environment.
    pub(crate) fn from_environment() -> Self {
        let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self::with(Secrets {
            user: get("FOCALSCOPE_USER"),
            password: get("FOCALSCOPE_PASSWORD").map(SecretString::from),
            api_key: get("FOCALSCOPE_API_KEY").map(SecretString::from),
            token: get("INTERCOM_TOKEN").map(SecretString::from),
        })
    }

    /// With these credentials.
    pub(crate) fn with(secrets: Secrets) -> Self {
        FocalScopeToIntercom { secrets }
    }

    fn focalscope(&self, run: &Run) -> Result<focalscope::Config, Failure> {
        let mut config: focalscope::Config = table("source", &run.config().source)?;
        config.user = config.user.or_else(|| self.secrets.user.clone());
        config.password = self.secrets.password.clone();
        config.api_key = self.secrets.api_key.clone();
        // Files are named within the run directory, so that it can be moved.
        if !config.wsdl.contains("://") {
            config.wsdl = run.path(&config.wsdl)?.display().to_string();
        }
        if let Some(profile) = config.profile.take() {
            config.profile = Some(run.path(&profile.display().to_string())?);
        }
        Ok(config)
    }

    fn intercom(&self, run: &Run) -> Result<intercom::Config, Failure> {
        let mut config: intercom::Config = table("destination", &run.config().destination)?;
        config.token = self.secrets.token.clone();
        Ok(config)
    }
}

const SOURCE: &str = r#"# The service's description: an address, or a file in this directory (wsdl/service.wsdl).
wsdl = "https://helpdesk.example/Helpdesk.asmx?wsdl"
# Where to call, when the description names a host that can't be reached from here.
# endpoint = "https://helpdesk.example/Helpdesk.asmx"
# What the service's operations are called; the built-in profile is an assumption. `doctor` checks it.
# profile = "profile.toml"
# none, basic, api_key_header, api_key_element or session. Secrets: FOCALSCOPE_PASSWORD, FOCALSCOPE_API_KEY.
auth = "session"
user = "migration"
"#;

const DESTINATION: &str = r#"# us, eu or au. The token comes from INTERCOM_TOKEN.
region = "us"
# Another base URL: a proxy, a stand-in.
# base_url = "http://127.0.0.1:8082"
"#;

#[async_trait]
impl Sides for FocalScopeToIntercom {
    fn init(&self, name: &str) -> InitOptions {
        InitOptions::new(name, "focalscope-to-intercom").source(SOURCE).destination(DESTINATION)
    }

    async fn source(&self, run: &Run) -> Result<Box<dyn Source>, Failure> {
        Ok(Box::new(focalscope::FocalScope::open(self.focalscope(run)?).await?))
    }

    async fn sink(&self, run: &Run) -> Result<Box<dyn Sink>, Failure> {
        Ok(Box::new(intercom::IntercomSink::new(self.intercom(run)?)?))
    }

    async fn check(&self, run: &Run, side: Side) -> Vec<Finding> {
        match side {
            Side::Source => self.check_source(run).await,
            Side::Destination => Vec::new(),
        }
    }
}

impl FocalScopeToIntercom {
    /// The profile against the service's description, and what the service says of itself.
    async fn check_source(&self, run: &Run) -> Vec<Finding> {
        Vec::new()
    }
}

/// The program's own table of migration.toml.
fn table<T: DeserializeOwned>(name: &'static str, table: &toml::Table) -> Result<T, Failure> {
    table.clone().try_into().map_err(|e: toml::de::Error| {
        Error::not_sent(ErrorKind::Config, format!("migration.toml, [{name}]: {}", e.message())).into()
    })
}
