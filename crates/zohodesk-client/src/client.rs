//! Authenticated calls.

use crate::api::{
    Accounts, Agents, Articles, Attachments, Categories, Comments, Contacts, Departments, FieldDefinitions,
    Layouts, MyInfo, Organizations, RecycleBin, Sections, Teams, TemplateFolders, Templates, Threads,
    Tickets, Uploads, me,
};
use crate::auth::{FileTokens, Keys, MemoryTokens, OAuth, TokenStore};
use crate::credits::{Meter, Metered, Watch};
use crate::endpoint::{Ask, Payload};
use crate::error::{ZohoDeskErrors, too_many_at_once};
use crate::{Config, Credits, Endpoint};
use connector_http::{
    Answered, Body, Clock, Counters, Exchange, Http, Jitter, Meta, RateReading, Response, Stack, TokioClock,
};
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A connection to one portal. Cheap to clone; clones share one token, one count of credits and one set of places for calls.
#[derive(Clone)]
pub struct Client {
    stack: Stack,
    endpoint: Endpoint,
    meter: Meter,
    deadline: Duration,
}

/// A call that is not sent yet: await it, or look at its [`Ask`].
#[must_use = "a call does nothing until it is awaited"]
pub struct Pending<'c, T> {
    client: &'c Client,
    ask: Ask<T>,
}

/// Builds a [`Client`] with another clock, store or observer than the usual ones.
#[must_use]
pub struct Builder {
    config: Config,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
    tokens: Option<Arc<dyn TokenStore>>,
    watch: Option<Watch>,
    observers: Vec<Arc<dyn connector_http::Observer>>,
}

/// Hands attempts on to an observer that is shared.
struct Shared(Arc<dyn connector_http::Observer>);

impl connector_http::Observer for Shared {
    fn finished(&self, attempt: &connector_http::Attempt<'_>) {
        self.0.finished(attempt);
    }
}

impl Builder {
    /// The time. Default: the runtime's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }
    /// Makes the randomness of waits repeat itself. Default: it differs from run to run.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }
    /// Where the access token is kept. Default: the configured file, else the process.
    pub fn tokens(mut self, store: Arc<dyn TokenStore>) -> Self {
        self.tokens = Some(store);
        self
    }
    /// Told the credits after every answer that says something about them. Must not block.
    pub fn on_credits(mut self, watch: impl Fn(&Credits) + Send + Sync + 'static) -> Self {
        self.watch = Some(Arc::new(watch));
        self
    }
    /// Sees every attempt. May be called more than once.
    pub fn observer(mut self, observer: Arc<dyn connector_http::Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// A client over the network.
    ///
    /// # Errors
    /// `Config` without the application's id, its secret or a refresh token, and for URLs, an organisation, a time zone or
    /// TLS settings that can't be.
    pub fn build(self) -> Result<Client> {
        let wire = Http::new(&self.config.http)?;
        self.over(wire)
    }

    /// A client over any innermost exchange, such as a stand-in in the same process; it is asked for Desk and for the
    /// accounts server.
    ///
    /// # Errors
    /// As [`build`](Builder::build).
    pub fn over(self, wire: impl Exchange + 'static) -> Result<Client> {
        let config = self.config;
        let endpoint = Endpoint::new(&config.desk(), config.org_id.clone())?;
        let keys = Keys {
            client_id: needed(config.client_id.clone(), "ZOHODESK_CLIENT_ID")?,
            client_secret: needed(config.client_secret.clone(), "ZOHODESK_CLIENT_SECRET")?,
            refresh_token: needed(config.refresh_token.clone(), "ZOHODESK_REFRESH_TOKEN")?,
        };
        let wire: Arc<dyn Exchange> = Arc::new(wire);
        let clock = self.clock.unwrap_or_else(|| Arc::new(TokioClock::new()));
        let store = self.tokens.unwrap_or_else(|| match &config.token_file {
            Some(path) => Arc::new(FileTokens::new(path)),
            None => Arc::new(MemoryTokens::new()),
        });

        let mut once = config.http.clone();
        // Every request for a token counts; whoever wanted it asks again.
        once.retry.attempts = 1;
        once.retry.throttled = 1;
        let accounts = Stack::builder(wire.clone()).config(once).clock(clock.clone()).build()?;
        let jitter = || self.seed.map_or_else(Jitter::random, Jitter::seeded);
        let oauth = OAuth::new(&config.accounts(), keys, Arc::new(accounts), store, clock.clone(), jitter())?;

        let zone = config.data_center.zone();
        let meter = Meter::new(&config.credits, zone, self.watch, clock.clone())?;
        let base = endpoint.base().as_str().parse().map_err(|_| {
            Error::not_sent(ErrorKind::Config, "the base URL of Zoho Desk is not a URL that can be called")
        })?;
        let deadline = config.http.deadline;
        let mut builder = Stack::builder(Metered { inner: wire, meter: meter.clone() })
            .config(config.http)
            .credentials(base, oauth)
            .classify(ZohoDeskErrors)
            .rate_headers(|_: &Answered<'_>| RateReading::default())
            .adapting(config.at_once, too_many_at_once)
            .clock(clock)
            .jitter(jitter());
        for observer in self.observers {
            builder = builder.observer(Shared(observer));
        }
        Ok(Client { stack: builder.build()?, endpoint, meter, deadline })
    }
}

fn needed<T>(value: Option<T>, variable: &str) -> Result<T> {
    value.ok_or_else(|| {
        let message = format!("the keys of a Zoho application are needed; set {variable}");
        Error::not_sent(ErrorKind::Config, message)
    })
}

impl Client {
    /// A client over the network.
    ///
    /// # Errors
    /// As [`Builder::build`].
    pub fn new(config: Config) -> Result<Self> {
        Self::builder(config).build()
    }

    /// A client with more to say about it.
    pub fn builder(config: Config) -> Builder {
        Builder { config, clock: None, seed: None, tokens: None, watch: None, observers: Vec::new() }
    }

    /// The same connection for another organisation of the same token.
    ///
    /// # Errors
    /// `Config` for an id that isn't digits.
    pub fn with_org(&self, org: impl Into<crate::OrgId>) -> Result<Self> {
        Ok(Client { endpoint: self.endpoint.with_org(org.into())?, ..self.clone() })
    }

    /// Where it calls, and for which organisation.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    /// The longest time one call may take, waits and repetitions included. A driver's landing time must not be shorter.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
    /// The credits as they stand.
    pub fn credits(&self) -> Credits {
        self.meter.credits()
    }
    /// How many calls may run at once now.
    pub fn at_once(&self) -> usize {
        self.stack.at_once().unwrap_or_default()
    }
    /// How many attempts ended how.
    pub fn counters(&self) -> Counters {
        self.stack.counters()
    }

    /// Sends a request that was built apart.
    ///
    /// # Errors
    /// As Desk answers; see [`ZohoDeskErrors`].
    pub async fn send<T>(&self, ask: Ask<T>) -> Result<T> {
        let request = ask.request()?;
        let answer = self.stack.exchange(request).await?;
        ask.read(&answer)
    }

    /// A raw call for what this crate has no builder for: `path` below `/api/v1`, every answer as it is. It is never
    /// repeated because of its status. Nothing keeps it from sending mail.
    ///
    /// # Errors
    /// Only for an answer that didn't come.
    pub async fn raw(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<Response> {
        let reads = method == Method::GET;
        let meta = if reads { Meta::read("raw") } else { Meta::create("raw") };
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let weight = if reads { crate::credits::Weight::of_list(0) } else { crate::credits::Weight::ONE };
        let url = self.endpoint.url(path, &query);
        let payload = body.map_or(Payload::None, |body| Payload::Json(Ok(body)));
        let request = self.endpoint.request(meta.any_status(), weight, (method, url), payload, true)?;
        self.stack.exchange(&request).await
    }

    pub(crate) fn pending<T>(&self, ask: Ask<T>) -> Pending<'_, T> {
        Pending { client: self, ask }
    }

    /// The agent that the token belongs to.
    pub fn me(&self) -> Pending<'_, MyInfo> {
        self.pending(me::get(&self.endpoint))
    }
    /// Organisations, also called portals.
    pub fn organizations(&self) -> Organizations<'_> {
        Organizations(self)
    }
    /// Departments.
    pub fn departments(&self) -> Departments<'_> {
        Departments(self)
    }
    /// Teams.
    pub fn teams(&self) -> Teams<'_> {
        Teams(self)
    }
    /// Agents.
    pub fn agents(&self) -> Agents<'_> {
        Agents(self)
    }
    /// Contacts.
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }
    /// Accounts, the organisations of contacts.
    pub fn accounts(&self) -> Accounts<'_> {
        Accounts(self)
    }
    /// Fields of tickets, contacts, accounts.
    pub fn fields(&self) -> FieldDefinitions<'_> {
        FieldDefinitions(self)
    }
    /// Layouts, with the values of picklists.
    pub fn layouts(&self) -> Layouts<'_> {
        Layouts(self)
    }
    /// Tickets.
    pub fn tickets(&self) -> Tickets<'_> {
        Tickets(self)
    }
    /// Threads of tickets, which can only be read.
    pub fn threads(&self) -> Threads<'_> {
        Threads(self)
    }
    /// Comments on tickets.
    pub fn comments(&self) -> Comments<'_> {
        Comments(self)
    }
    /// Files of tickets.
    pub fn attachments(&self) -> Attachments<'_> {
        Attachments(self)
    }
    /// Files for calls to come.
    pub fn uploads(&self) -> Uploads<'_> {
        Uploads(self)
    }
    /// Root categories of the knowledge base.
    pub fn categories(&self) -> Categories<'_> {
        Categories(self)
    }
    /// Sections of the knowledge base.
    pub fn sections(&self) -> Sections<'_> {
        Sections(self)
    }
    /// Articles.
    pub fn articles(&self) -> Articles<'_> {
        Articles(self)
    }
    /// Folders of e-mail templates.
    pub fn template_folders(&self) -> TemplateFolders<'_> {
        TemplateFolders(self)
    }
    /// E-mail templates.
    pub fn templates(&self) -> Templates<'_> {
        Templates(self)
    }
    /// The recycle bin.
    pub fn recycle_bin(&self) -> RecycleBin<'_> {
        RecycleBin(self)
    }
    /// Calls that reach people or can't be undone.
    #[cfg(feature = "sending")]
    pub fn sending(&self) -> crate::api::Sending<'_> {
        crate::api::Sending(self)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).field("stack", &self.stack).finish()
    }
}

impl<T> Pending<'_, T> {
    /// See [`Ask::with_deadline`].
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.ask = self.ask.with_deadline(deadline);
        self
    }
    /// The request and how its answer is read.
    pub fn ask(&self) -> &Ask<T> {
        &self.ask
    }
    /// The same, for sending it some other way.
    pub fn into_ask(self) -> Ask<T> {
        self.ask
    }
}

impl<'c, T: Send + 'c> IntoFuture for Pending<'c, T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.client.send(self.ask))
    }
}
