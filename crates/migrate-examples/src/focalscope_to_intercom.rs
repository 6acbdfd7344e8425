//! FocalScope and Intercom, made from what the run directory and the environment say.

use crate::args::Side;
use crate::verbs::Sides;
use async_trait::async_trait;
use focalscope_soap as focalscope;
use intercom_client as intercom;
use jiff::Timestamp;
use mapping_core::{Error, ErrorKind, Sink, Source};
use migrate_engine::{Failure, Finding, InitOptions, Pace, Run, Severity, did_you_mean};

use secrecy::SecretString;
use serde::de::DeserializeOwned;

/// Credentials. From the environment, never from a file.
#[derive(Default)]
pub struct Secrets {
    /// The account at the source, unless migration.toml names one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// The API key of the source.
    pub api_key: Option<SecretString>,
    /// The access token of the destination.
    pub token: Option<SecretString>,
}

/// The pair of platforms of this program.
pub struct FocalScopeToIntercom {
    secrets: Secrets,
}

impl FocalScopeToIntercom {
    /// With the credentials of the environment.
    pub fn from_environment() -> Self {
        let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        Self::with(Secrets {
            user: get("FOCALSCOPE_USER"),
            password: get("FOCALSCOPE_PASSWORD").map(SecretString::from),
            api_key: get("FOCALSCOPE_API_KEY").map(SecretString::from),
            token: get("INTERCOM_TOKEN").map(SecretString::from),
        })
    }

    /// With these credentials.
    pub fn with(secrets: Secrets) -> Self {
        FocalScopeToIntercom { secrets }
    }

    fn focalscope(&self, run: &Run) -> Result<focalscope::Config, Failure> {
        let mut config: focalscope::Config = value("source", run.config().source.clone().into())?;
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

    fn intercom(&self, run: &Run) -> Result<(intercom::Config, intercom::SinkOptions), Failure> {
        let mut destination = run.config().destination.clone();
        let options = match destination.remove("sink") {
            Some(options) => value("destination.sink", options)?,
            None => intercom::SinkOptions::default(),
        };
        let mut config: intercom::Config = value("destination", destination.into())?;
        config.token = self.secrets.token.clone();
        Ok((config, options))
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
        InitOptions::new(name, "focalscope-to-intercom")
            .source(SOURCE)
            .destination(DESTINATION)
            .file("profile.toml", focalscope::Profile::default_toml())
    }

    async fn source(&self, run: &Run) -> Result<Box<dyn Source>, Failure> {
        Ok(Box::new(focalscope::FocalScope::connect(self.focalscope(run)?).await?))
    }

    async fn sink(&self, run: &Run) -> Result<Box<dyn Sink>, Failure> {
        let (config, options) = self.intercom(run)?;
        let client = intercom::Client::new(config)?;
        Ok(Box::new(intercom::IntercomSink::new(&client, options)))
    }

    fn pace(&self, run: &Run) -> Result<Pace, Failure> {
        let (config, _) = self.intercom(run)?;
        Ok(Pace::new(config.http.rate.share, config.http.slots.count))
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
        let reached = match self.reach(run).await {
            Ok(reached) => reached,
            // The engine's own look at the source says why it can't be reached.
            Err(_) => return Vec::new(),
        };
        let mut findings: Vec<Finding> = reached.findings.iter().map(of_focalscope).collect();
        if let Ok(source) = reached.connect() {
            findings.extend(source.live_findings(Timestamp::now()).await.iter().map(of_focalscope));
            source.close().await;
        }
        findings
    }

    async fn reach(&self, run: &Run) -> Result<focalscope::Reached, Failure> {
        let config = self.focalscope(run)?;
        let profile = focalscope::Profile::load(config.profile.as_deref())?;
        Ok(focalscope::FocalScope::reach(config, profile).await?)
    }
}

fn of_focalscope(finding: &focalscope::Finding) -> Finding {
    let severity = match finding.severity {
        focalscope::Severity::Info => Severity::Good,
        focalscope::Severity::Warning => Severity::Warning,
        focalscope::Severity::Error => Severity::Problem,
    };
    let found = Finding::new(severity, format!("profile {}", finding.place), finding.what.clone());
    match finding.candidates.as_slice() {
        [] => found,
        there => found.mend(format!("there is {}", there.join(", "))),
    }
}

/// The program's own part of migration.toml.
fn value<T: DeserializeOwned>(name: &'static str, value: toml::Value) -> Result<T, Failure> {
    value.try_into().map_err(|e: toml::de::Error| {
        let message = e.message();
        let meant =
            did_you_mean(message).map(|meant| format!("; did you mean `{meant}`?")).unwrap_or_default();
        Error::not_sent(ErrorKind::Config, format!("migration.toml, [{name}]: {message}{meant}")).into()
    })
}
