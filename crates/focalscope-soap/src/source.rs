//! The streaming source: a help desk read through a service profile, gently and completely.

mod fields;
mod intake;
mod pages;
mod records;
mod threads;
mod times;

use crate::client::{HeaderAuth, Login, SoapAnswers, SoapClient, load_wsdl};
use crate::config::Config;
use crate::doctor::{self, Finding, Severity};
use crate::profile::{AuthKind, AuthRules, Logical, Operation, Pace, Profile};
use crate::soap::{Mended, Report, Value};
use crate::wsdl::{FileLoader, Port, QName, Wsdl, WsdlLimits};
use async_trait::async_trait;
use connector_http::{ApiKey, Basic, NoRateHeaders, RateSettings, SlotSettings, Stack};
pub(crate) use fields::Rules;
use fields::{Bad, Noticed};
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::Uri;
use mapping_core::model::Record;
use mapping_core::{
    Ask, ByteStream, Catalog, Error, ErrorKind, FieldSpec, FieldType, Item, Items, Kind, Person, Private,
    RemoteRef, Result, Source, SourceRef, Team,
};
use pages::Pages;
use records::{Maker, TicketRead};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use url::Url;

pub(crate) use pages::constants as constant_parameters;
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
        Ok(FocalScope { inner: Arc::new(Inner { client, rules: Rules { profile, zone }, pace }) })
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
    pub async fn live_findings(&self, now: jiff::Timestamp) -> Vec<Finding> {
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
        FocalScope::new(client, profile)
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

const LISTS: [Logical; 8] = [
    Logical::ListAgents,
    Logical::ListGroups,
    Logical::ListTicketboxes,
    Logical::ListQueues,
    Logical::ListCategories,
    Logical::ListCompanies,
    Logical::ListContacts,
    Logical::ListTickets,
];

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
        threads::open_attachment(&self.inner, &file.id).await
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

impl Inner {
    async fn read(&self, ask: Ask<'_>, send: &Sender) -> Result<()> {
        let logical = LISTS.iter().copied().find(|l| l.kind().is_some_and(|k| ask.kind == k));
        let found = logical.and_then(|l| self.rules.profile.called(l).map(|o| (l, o)));
        let (logical, operation) = found.ok_or_else(|| {
            Error::not_sent(ErrorKind::Unsupported, "the service profile can't list records of this kind")
                .with("kind", &ask.kind)
        })?;
        let resumed = ask.cursor.is_some();
        let mut reading = Reading {
            inner: self,
            logical,
            operation,
            noticed: Noticed::default(),
            report: Report::default(),
            values: 0,
        };
        let mut pages = Pages::new(self, logical, operation)
            .since(ask.since)
            .files(ask.files)
            .resume(ask.cursor.as_deref())?;
        loop {
            let Some(page) = pages.next().await? else { return Ok(()) };
            self.outside_items(operation, &page.report, &mut reading.noticed);
            reading.report.merge(&page.report);
            let mut tickets: Vec<TicketRead> = Vec::new();
            for (value, mended) in page.items {
                for item in reading.item(value, mended, &mut tickets) {
                    send.send(Ok(item)).await.map_err(|_| gone())?;
                }
            }
            if !tickets.is_empty() {
                let mut threads = stream::iter(tickets.into_iter().map(|t| self.thread(t, ask.files)))
                    .buffered(self.pace.concurrency.max(1));
                while let Some(thread) = threads.next().await {
                    let thread = thread?;
                    reading.noticed.merge(thread.noticed);
                    reading.report.merge(&thread.report);
                    for item in thread.items {
                        send.send(Ok(item)).await.map_err(|_| gone())?;
                    }
                }
            }
            let last = page.last;
            for item in reading.page_end(&pages, page.total, last, resumed) {
                send.send(Ok(item)).await.map_err(|_| gone())?;
            }
        }
    }

    /// Counts what the schema doesn't know and what stands outside the items; what is in them is counted where their
    /// fields are taken.
    pub(crate) fn outside_items(&self, operation: &Operation, report: &Report, noticed: &mut Noticed) {
        let inside = format!("{}/", operation.item);
        for (path, count) in report.unknown.iter().filter(|(path, _)| !path.starts_with(&inside)) {
            Report::count(&mut noticed.unmapped, path.clone(), *count);
        }
    }

    /// Every good record of a small list.
    async fn all(&self, logical: Logical, mut take: impl FnMut(Record)) -> Result<()> {
        let Some(operation) = self.rules.profile.called(logical) else { return Ok(()) };
        let mut pages = Pages::new(self, logical, operation);
        let mut noticed = Noticed::default();
        while let Some(page) = pages.next().await? {
            for (value, _) in page.items {
                let mut maker = Maker { rules: &self.rules, operation, noticed: &mut noticed };
                if let Ok(records) = make(&mut maker, logical, value) {
                    records.into_iter().for_each(&mut take);
                }
            }
        }
        Ok(())
    }

    async fn catalog(&self) -> Result<Catalog> {
        let mut catalog = Catalog {
            platform: "focalscope".to_owned(),
            account: self.client.endpoint().host().unwrap_or_default().to_owned(),
            as_of: jiff::Timestamp::now(),
            ..Catalog::default()
        };
        let ping = doctor::ping(self).await?;
        if let Some(version) = ping.version {
            catalog.platform = format!("focalscope {version}");
        }
        catalog.counts = ping.counts;
        self.all(Logical::ListAgents, |record| {
            if let Record::Agent(agent) = record {
                catalog.people.push(Person {
                    remote: RemoteRef::new("agent", agent.id.0),
                    name: agent.name,
                    email: agent.email,
                    active: agent.state == mapping_core::model::AgentState::Active,
                });
            }
        })
        .await?;
        self.all(Logical::ListQueues, |record| {
            if let Record::Queue(queue) = record {
                let members =
                    queue.members.iter().map(|m| RemoteRef::new("agent", m.agent.as_str())).collect();
                catalog.teams.push(Team {
                    remote: RemoteRef::new("queue", queue.id.0),
                    name: queue.name,
                    members,
                });
            }
        })
        .await?;
        let mut sets: BTreeMap<String, FieldSpec> = BTreeMap::new();
        self.all(Logical::ListCategories, |record| {
            if let Record::Category(category) = record {
                let name = category.set.clone().unwrap_or_else(|| category.name.clone());
                let spec = sets.entry(name.clone()).or_insert_with(|| FieldSpec {
                    kind: "category".to_owned(),
                    name,
                    field_type: if category.multi { FieldType::MultiList } else { FieldType::List },
                    options: Vec::new(),
                    description: None,
                    max_chars: None,
                    remote: None,
                });
                if category.set.is_some() {
                    spec.options.push(category.name);
                }
            }
        })
        .await?;
        catalog.fields = sets.into_values().collect();
        Ok(catalog)
    }
}

/// Records of the kinds that need nothing else.
fn make(maker: &mut Maker<'_>, logical: Logical, value: Value) -> Result<Vec<Record>, Bad> {
    let one = match logical {
        Logical::ListAgents => maker.agent(value),
        Logical::ListGroups => maker.group(value),
        Logical::ListTicketboxes => maker.ticketbox(value),
        Logical::ListQueues => maker.queue(value),
        Logical::ListCompanies => maker.company(value),
        Logical::ListContacts => maker.contact(value),
        Logical::ListCategories => return maker.category(value),
        other => Err(Bad(format!("`{}` lists no records of its own", other.name()))),
    };
    one.map(|record| vec![record])
}

/// The state of one stream.
struct Reading<'a> {
    inner: &'a Inner,
    logical: Logical,
    operation: &'a Operation,
    noticed: Noticed,
    report: Report,
    values: u64,
}

impl Reading<'_> {
    /// What one value becomes. Tickets wait for their threads.
    fn item(&mut self, value: Value, mended: Mended, tickets: &mut Vec<TicketRead>) -> Vec<Item> {
        let kind = self.logical.kind().unwrap_or("record");
        let id = self.operation.field("id").and_then(|p| value.at(p)).and_then(Value::as_text);
        self.values += 1;
        let id = id.map(|i| i.trim().to_owned()).filter(|i| !i.is_empty());
        let key =
            SourceRef::new(Kind::of(kind), id.unwrap_or_else(|| format!("without id, {}", self.values)));
        let raw = value.to_json();
        let mut items = Vec::new();
        note_mended(&key, mended, &mut items);
        let mut maker =
            Maker { rules: &self.inner.rules, operation: self.operation, noticed: &mut self.noticed };
        let made = if self.logical == Logical::ListTickets {
            maker.ticket(value).map(|ticket| {
                tickets.push(ticket);
                Vec::new()
            })
        } else {
            make(&mut maker, self.logical, value)
        };
        match made {
            Ok(records) => items.extend(records.into_iter().map(|r| Item::Record(Box::new(r)))),
            Err(why) => items.push(bad(key, why, &raw)),
        }
        items
    }

    /// What is reported at the end of a page, with the mark at last.
    fn page_end(&mut self, pages: &Pages<'_>, total: Option<u64>, last: bool, resumed: bool) -> Vec<Item> {
        let mut items: Vec<Item> = std::mem::take(&mut self.noticed.unmapped)
            .into_iter()
            .map(|(path, count)| Item::Unmapped { path, count })
            .collect();
        for (path, count) in std::mem::take(&mut self.noticed.unreadable_times) {
            items.push(Item::Note(format!(
                "{count} times at `{path}` could not be read and were kept as they are"
            )));
        }
        if last {
            items.extend(self.end_notes(pages, total, resumed).into_iter().map(Item::Note));
        }
        // A category of the service becomes a record for each of its values, so its total counts something else.
        let total = total.filter(|_| self.logical != Logical::ListCategories);
        items.push(Item::PageEnd { cursor: (!last).then(|| pages.cursor()), total });
        items
    }

    fn end_notes(&self, pages: &Pages<'_>, total: Option<u64>, resumed: bool) -> Vec<String> {
        let mut notes = Vec::new();
        let kind = self.logical.kind().unwrap_or("record");
        if let Some(total) = total.filter(|t| *t != pages.counted()) {
            notes.push(format!("{kind}: {total} declared, {} came", pages.counted()));
        }
        if pages.twice > 0 {
            notes.push(format!("{kind}: {} records came twice and were taken once", pages.twice));
        }
        if self.noticed.bare_times > 0 {
            let zone = &self.inner.rules.profile.times.zone;
            notes.push(format!(
                "{kind}: {} times had no zone and were read as {zone}",
                self.noticed.bare_times
            ));
        }
        let counts = [
            ("elements in another namespace", &self.report.namespace_mismatches),
            ("items under another name", &self.report.renamed_items),
            ("elements that came more than once", &self.report.repeated),
            ("values without the form of their type", &self.report.mistyped),
            ("types that the schema lacks", &self.report.unknown_types),
            ("header blocks that had to be understood", &self.report.must_understand),
            ("texts with markup", &self.report.markup_in_text),
        ];
        for (what, map) in counts.into_iter().filter(|(_, map)| !map.is_empty()) {
            let paths: Vec<String> =
                map.iter().take(5).map(|(path, count)| format!("{path} ×{count}")).collect();
            notes.push(format!("{kind}: {what}: {}", paths.join(", ")));
        }
        if resumed && !notes.is_empty() {
            notes.push(format!("{kind}: these counts begin at the cursor, except for declared and came"));
        }
        notes
    }
}
