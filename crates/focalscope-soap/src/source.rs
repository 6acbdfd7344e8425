//! The streaming source: a help desk read through a service profile, gently and completely.

mod attachments;
mod catalog;
mod fields;
mod intake;
mod pages;
mod reading;
mod records;
mod reports;
mod strays;
mod threads;
mod times;
mod written;
mod zone;

use crate::client::{HeaderAuth, Login, SoapAnswers, SoapClient, load_wsdl};
use crate::config::Config;
use crate::doctor::{self, Finding, Severity};
use crate::profile::{AuthKind, AuthRules, Pace, Profile};
use crate::soap::Mended;
use crate::wsdl::{FileLoader, Port, QName, Wsdl, WsdlLimits};
use async_trait::async_trait;
use connector_http::{ApiKey, Basic, NoRateHeaders, RateSettings, SlotSettings, Stack};
use fields::Bad;
pub(crate) use fields::Rules;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::Uri;
use jiff::Timestamp;
use jiff::civil::Date;
use mapping_core::{
    Ask, ByteStream, Catalog, Error, ErrorKind, Item, Items, Kind, Private, Result, Source, SourceRef,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

pub(crate) use pages::constants as constant_parameters;
pub(crate) use reading::LISTS;
pub(crate) use reports::Window;
pub(crate) use times::{Read as ReadTime, read as read_time};

/// A help desk behind a SOAP service, as a [`Source`]. Cheap to clone; clones share the session and the pace.
#[derive(Clone)]
pub struct FocalScope {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) client: SoapClient,
    pub(crate) rules: Rules,
    pub(crate) pace: Pace,
    /// The window of reports' figures; by default the 12 months before they are asked for.
    pub(crate) window: Window,
}

impl std::fmt::Debug for FocalScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FocalScope")
            .field("client", &self.inner.client)
            .field("profile", &self.inner.rules.profile.name)
            .finish()
    }
}

/// A service that was reached and whose description was read, before anything is decided.
pub struct Reached {
    /// The description.
    pub wsdl: Arc<Wsdl>,
    /// The profile.
    pub profile: Profile,
    /// What [`doctor`](doctor::doctor) finds.
    pub findings: Vec<Finding>,
    config: Config,
    stack: Stack,
}

impl FocalScope {
    /// Reaches a service, checks the profile against its description, and refuses to read anything while a finding of
    /// the doctor is an error.
    ///
    /// # Errors
    /// `Config` for a profile that doesn't fit (all findings are in the message), for missing credentials and for
    /// settings that make no sense; else what the network says.
    pub async fn connect(config: Config) -> Result<FocalScope> {
        let profile = Profile::load(config.profile.as_deref())?;
        FocalScope::reach(config, profile).await?.connect()
    }

    /// Loads the service's description and lets the doctor look at it.
    ///
    /// # Errors
    /// When the description can't be had, and `Config` for settings that make no sense.
    pub async fn reach(config: Config, profile: Profile) -> Result<Reached> {
        let stack = stack(&config, &profile)?;
        let wsdl = Arc::new(load_description(&config, &stack).await?);
        let findings = doctor::doctor(&profile, &wsdl);
        Ok(Reached { wsdl, profile, findings, config, stack })
    }

    /// A source over a client that is set up already.
    ///
    /// # Errors
    /// `Config` when the zone of the profile is unknown.
    pub fn new(client: SoapClient, profile: Profile) -> Result<FocalScope> {
        let zone = profile.times.time_zone()?;
        let pace = profile.pace.clone();
        let window = Window::default();
        Ok(FocalScope { inner: Arc::new(Inner { client, rules: Rules { profile, zone }, pace, window }) })
    }

    /// Asks for reports' figures from the first of these days on and up to the second, itself not in it.
    ///
    /// # Errors
    /// `Config` for a window that ends before it begins; `Bug` when the source has been cloned already.
    pub fn with_report_window(mut self, from: Option<Date>, to: Option<Date>) -> Result<FocalScope> {
        let inner = Arc::get_mut(&mut self.inner)
            .ok_or_else(|| Error::bug("the window of reports is set before a source is cloned"))?;
        inner.window = Window::of(from, to)?;
        Ok(self)
    }

    /// The profile it reads by.
    pub fn profile(&self) -> &Profile {
        &self.inner.rules.profile
    }

    /// The client, for calls of one's own.
    pub fn client(&self) -> &SoapClient {
        &self.inner.client
    }

    /// Checks the live service: reach, credentials, server time and zone, counts.
    pub async fn live_findings(&self, now: Timestamp) -> Vec<Finding> {
        doctor::live(&self.inner, now).await
    }

    /// Closes the session, if there is one.
    pub async fn close(&self) {
        self.inner.client.close().await;
    }
}

impl Reached {
    /// Goes on to read.
    ///
    /// # Errors
    /// `Config` while a finding is an error; and for missing credentials.
    pub fn connect(self) -> Result<FocalScope> {
        let errors: Vec<String> =
            self.findings.iter().filter(|f| f.severity == Severity::Error).map(ToString::to_string).collect();
        if !errors.is_empty() {
            let shown = errors.iter().take(20).cloned().collect::<Vec<_>>().join("; ");
            return Err(Error::not_sent(
                ErrorKind::Config,
                format!("the service profile does not fit the service, so nothing is read: {shown}"),
            )
            .with("findings", errors.len()));
        }
        let port = chosen_port(&self.profile, &self.wsdl)?.clone();
        let endpoint = endpoint(&self.config, &port)?;
        let auth = header_auth(&self.config, &self.profile.auth, &self.wsdl)?;
        let client = SoapClient::new(Arc::new(self.stack), self.wsdl, port, endpoint)
            .with_auth(auth)
            .with_faults(self.profile.faults.clone());
        let mut profile = self.profile;
        if let Some(pace) = self.config.pace {
            profile.pace = pace;
        }
        FocalScope::new(client, profile)?.with_report_window(self.config.report_from, self.config.report_to)
    }
}

/// The HTTP stack: paced by the profile, one budget for everything.
fn stack(config: &Config, profile: &Profile) -> Result<Stack> {
    let pace = config.pace.as_ref().unwrap_or(&profile.pace);
    let mut http = config.http.clone();
    // Slots with a rest after each call are the pace; the rate gate, made for stated quotas, stands open.
    http.rate = RateSettings::new(1_000_000, Duration::from_secs(1)).with_share(1.0);
    http.slots = SlotSettings::new(pace.concurrency.max(1), pace.pause());
    http.max_streamed_bytes = http.max_streamed_bytes.max(4 << 30);
    let mut builder = Stack::over_http(&http)?.classify(SoapAnswers).rate_headers(NoRateHeaders).config(http);
    let base = config.endpoint.as_deref().unwrap_or(&config.wsdl);
    let kind = config.auth.unwrap_or(profile.auth.kind);
    let is_http = base.starts_with("http://") || base.starts_with("https://");
    match kind {
        AuthKind::Basic | AuthKind::ApiKeyHeader | AuthKind::ApiKeyElement | AuthKind::Session
            if !is_http =>
        {
            return Err(Error::not_sent(
                ErrorKind::Config,
                "with a WSDL from a file, `endpoint` must say which host the credentials are for",
            ));
        }
        AuthKind::Basic => {
            let user = Config::need(&config.user, "user", "FOCALSCOPE_USER")?.clone();
            let password = Config::need(&config.password, "password", "FOCALSCOPE_PASSWORD")?.clone();
            builder = builder.credentials(uri(base)?, Basic { user, password });
        }
        AuthKind::ApiKeyHeader => {
            let key = Config::need(&config.api_key, "api_key", "FOCALSCOPE_API_KEY")?.clone();
            let header = profile.auth.header.as_deref().unwrap_or("X-Api-Key");
            let header = header.parse().map_err(|_| {
                Error::not_sent(ErrorKind::Config, "`auth.header` is not the name of a header")
            })?;
            builder = builder.credentials(uri(base)?, ApiKey { header, key });
        }
        AuthKind::None | AuthKind::ApiKeyElement | AuthKind::Session => {}
    }
    builder.build()
}

fn uri(text: &str) -> Result<Uri> {
    text.parse().map_err(|_| Error::not_sent(ErrorKind::Config, "the address is not a URL"))
}

async fn load_description(config: &Config, stack: &Stack) -> Result<Wsdl> {
    if config.wsdl.starts_with("http://") || config.wsdl.starts_with("https://") {
        let url = Url::parse(&config.wsdl)
            .map_err(|_| Error::not_sent(ErrorKind::Config, "`wsdl` is not a URL"))?;
        return load_wsdl(stack, &url, WsdlLimits::default()).await;
    }
    let path = std::path::Path::new(&config.wsdl);
    let path = path.canonicalize().map_err(|e| {
        Error::not_sent(ErrorKind::Config, "the WSDL file can't be read").with("kind", e.kind())
    })?;
    let url = Url::from_file_path(&path)
        .map_err(|()| Error::not_sent(ErrorKind::Config, "the path of the WSDL is not a path"))?;
    let root = path.parent().unwrap_or(&path).to_owned();
    crate::wsdl::load(&url, &FileLoader::new(root), WsdlLimits::default())
        .map_err(|e| Error::from(e).with_operation("wsdl"))
}

pub(crate) fn chosen_port<'a>(profile: &Profile, wsdl: &'a Wsdl) -> Result<&'a Port> {
    let choice = &profile.soap;
    wsdl.port(choice.service.as_deref(), choice.port.as_deref(), choice.version).ok_or_else(|| {
        let ports: Vec<String> =
            wsdl.ports().map(|(s, p)| format!("{}/{} (SOAP {})", s.name, p.name, p.version)).collect();
        Error::not_sent(ErrorKind::Config, "the WSDL has no SOAP port like the profile's")
            .with("ports", ports.join(", "))
    })
}

/// Where to call: what the user says, else the address of the port on the host that served the WSDL, since the host in
/// a description is often an internal one.
fn endpoint(config: &Config, port: &Port) -> Result<Uri> {
    if let Some(endpoint) = &config.endpoint {
        return uri(endpoint);
    }
    let address = port.address.as_deref().and_then(|a| Url::parse(a).ok());
    let served = Url::parse(&config.wsdl).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
    let chosen = match (address, served) {
        (Some(address), Some(mut served)) => {
            served.set_path(address.path());
            served.set_query(address.query());
            served
        }
        (Some(address), None) => address,
        (None, Some(mut served)) => {
            served.set_query(None);
            served
        }
        (None, None) => {
            return Err(Error::not_sent(ErrorKind::Config, "the WSDL names no address; set `endpoint`"));
        }
    };
    uri(chosen.as_str())
}

/// The element that a name in a profile means: `{namespace}local`, or the only element of the WSDL with that local name.
pub(crate) fn named_element(wsdl: &Wsdl, name: &str) -> Option<QName> {
    if let Some((namespace, local)) = name.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        return Some(QName::new(namespace, local));
    }
    wsdl.catalog.only_element_named(name).map(|e| e.name.clone())
}

fn header_auth(config: &Config, rules: &AuthRules, wsdl: &Wsdl) -> Result<HeaderAuth> {
    let element = |name: Option<&str>| {
        let name = name.unwrap_or_default();
        named_element(wsdl, name).ok_or_else(|| {
            Error::not_sent(ErrorKind::Config, "the WSDL has no such header element; write `{namespace}name`")
                .with("element", name)
        })
    };
    match config.auth.unwrap_or(rules.kind) {
        AuthKind::ApiKeyElement => Ok(HeaderAuth::Element {
            name: element(rules.element.as_deref())?,
            field: rules.field.clone(),
            secret: Config::need(&config.api_key, "api_key", "FOCALSCOPE_API_KEY")?.clone(),
        }),
        AuthKind::Session => {
            let session = rules
                .session
                .as_ref()
                .ok_or_else(|| Error::not_sent(ErrorKind::Config, "the profile has no `auth.session`"))?;
            Ok(HeaderAuth::Session {
                login: Login {
                    operation: session.login.clone(),
                    user_parameter: session.user.clone(),
                    password_parameter: session.password.clone(),
                    user: Config::need(&config.user, "user", "FOCALSCOPE_USER")?.clone(),
                    password: Config::need(&config.password, "password", "FOCALSCOPE_PASSWORD")?.clone(),
                    token: session.token.clone(),
                    logout: session.logout.clone(),
                },
                name: element(Some(&session.element))?,
                field: session.field.clone(),
            })
        }
        _ => Ok(HeaderAuth::None),
    }
}

#[async_trait]
impl Source for FocalScope {
    async fn catalog(&self) -> Result<Catalog> {
        self.inner.catalog().await
    }

    fn kinds(&self) -> Vec<Kind> {
        let called = LISTS.iter().filter(|l| self.inner.rules.profile.called(**l).is_some());
        called.filter_map(|l| l.kind()).map(Kind::of).collect()
    }

    fn records<'a>(&'a self, ask: Ask<'a>) -> Items<'a> {
        let (send, receive) = mpsc::channel(64);
        // The reading runs as one of two streams, so that it needs no task of its own and stops when nobody listens.
        let reading = async move {
            if let Err(error) = self.inner.read(ask, &send).await {
                let _ = send.send(Err(error)).await;
            }
        };
        let received =
            stream::unfold(
                receive,
                |mut receive| async move { receive.recv().await.map(|item| (item, receive)) },
            );
        let silent = reading.into_stream().filter_map(|()| async { None });
        Box::pin(stream::select(silent, received))
    }

    async fn open(&self, file: &SourceRef) -> Result<ByteStream> {
        attachments::open_attachment(&self.inner, &file.id).await
    }

    fn unasked(&self) -> Vec<Kind> {
        let absent = LISTS.iter().filter(|l| self.inner.rules.profile.called(**l).is_none());
        absent.filter_map(|l| l.kind()).map(Kind::of).collect()
    }

    async fn check(&self, now: Timestamp) -> Result<()> {
        let wrong = match doctor::clock_is_off(&self.inner, now).await {
            Some(wrong) => Some(wrong),
            None => self.inner.zone_is_off().await,
        };
        match wrong {
            Some(wrong) => Err(Error::rejected(ErrorKind::Invalid, wrong).with("setting", "times.zone")),
            None => Ok(()),
        }
    }

    async fn raw(&self, record: &SourceRef) -> Result<Option<Private>> {
        self.inner.raw(record).await
    }
}

type Sender = mpsc::Sender<Result<Item>>;

/// The error for a stream that nobody listens to any more.
fn gone() -> Error {
    Error::not_sent(ErrorKind::Interrupted, "nobody takes the records any more")
}

pub(crate) fn bad(record: SourceRef, bad: Bad, raw: &serde_json::Value) -> Item {
    /// A raw payload is for a person to look at, not a second copy of a page.
    const LONGEST: usize = 64 << 10;
    let text = raw.to_string();
    let cut = text.char_indices().map(|(at, _)| at).find(|at| *at > LONGEST);
    let raw = match cut {
        Some(at) => format!("{}…", &text[..at]),
        None => text,
    };
    Item::Bad { record, why: bad.0, raw: Some(Private::from(raw)) }
}

pub(crate) fn note_mended(record: &SourceRef, mended: Mended, items: &mut Vec<Item>) {
    if mended.text() > 0 {
        let count = mended.text();
        items.push(Item::Note(format!(
            "{record}: {count} characters or bytes that XML forbids were replaced"
        )));
    }
}
