//! Authenticated calls.

use crate::api::{
    Admins, Articles, Brands, Collections, Companies, Contacts, Contents, ConversationAttributes,
    Conversations, DataAttributes, Emails, HelpCenters, InternalArticles, Jobs, Macros, Me, Notes,
    OfficeHoursSchedules, Tags, Teams, TicketTypes, Tickets, me,
};
use crate::endpoint::Ask;
use crate::error::IntercomErrors;
use crate::{Config, Endpoint};
use connector_http::{Bearer, Body, Budget, Counters, Exchange, Http, Meta, Response, Stack};
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A connection to one workspace. Cheap to clone; clones share one rate budget.
#[derive(Clone)]
pub struct Client {
    exchange: Arc<dyn Exchange>,
    stack: Stack,
    endpoint: Endpoint,
    deadline: Duration,
}

/// A call that is not sent yet: await it, or look at its [`Ask`].
#[must_use = "a call does nothing until it is awaited"]
pub struct Pending<'c, T> {
    client: &'c Client,
    ask: Ask<T>,
}

impl Client {
    /// A client over the network.
    ///
    /// # Errors
    /// `Config` without a token, or with a base URL or TLS settings that can't be.
    pub fn new(config: Config) -> Result<Self> {
        let wire = Http::new(&config.http)?;
        Self::over(config, wire)
    }

    /// A client over any innermost exchange, such as a stand-in in the same process.
    ///
    /// # Errors
    /// As [`new`](Client::new).
    pub fn over(config: Config, wire: impl Exchange + 'static) -> Result<Self> {
        Self::built(config, |builder| builder, wire)
    }

    /// As [`over`](Client::over), with a last word on the policies: a clock, an observer.
    ///
    /// # Errors
    /// As [`new`](Client::new).
    pub fn built(
        config: Config,
        last_word: impl FnOnce(connector_http::Builder) -> connector_http::Builder,
        wire: impl Exchange + 'static,
    ) -> Result<Self> {
        let endpoint = Endpoint::new(config.base(), &config.version)?;
        let token = config.token.ok_or_else(|| {
            Error::not_sent(ErrorKind::Config, "an Intercom access token is needed; set INTERCOM_TOKEN")
        })?;
        let base = endpoint.base().as_str().parse().map_err(|_| {
            Error::not_sent(ErrorKind::Config, "the Intercom base URL is not a URL that can be called")
        })?;
        let deadline = config.http.deadline;
        let builder = Stack::builder(wire)
            .config(config.http)
            .credentials(base, Bearer(token))
            .classify(IntercomErrors);
        let stack = last_word(builder).build()?;
        Ok(Client { exchange: Arc::new(stack.clone()), stack, endpoint, deadline })
    }

    /// The same connection with every call passing through `around` first.
    #[cfg(feature = "sink")]
    pub(crate) fn guarded(
        &self,
        around: impl FnOnce(Arc<dyn Exchange>, Endpoint) -> Arc<dyn Exchange>,
    ) -> Self {
        let exchange = around(self.exchange.clone(), self.endpoint.clone());
        Client { exchange, ..self.clone() }
    }

    /// Where it calls, and in which version.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
    /// The longest time one call may take, waits and repetitions included. A driver's landing time must not be shorter.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }
    /// The rate budget as it stands.
    pub fn budget(&self) -> Budget {
        self.stack.budget()
    }
    /// How many attempts ended how.
    pub fn counters(&self) -> Counters {
        self.stack.counters()
    }

    /// Sends a request that was built apart.
    ///
    /// # Errors
    /// As Intercom answers; see [`IntercomErrors`].
    pub async fn send<T>(&self, ask: Ask<T>) -> Result<T> {
        let request = ask.request()?;
        let answer = self.exchange.exchange(request).await?;
        ask.read(&answer)
    }

    /// As [`send`](Client::send), with the time of the server that answered.
    #[cfg(feature = "sink")]
    pub(crate) async fn send_dated<T>(&self, ask: Ask<T>) -> Result<(T, Option<jiff::Timestamp>)> {
        let answer = self.exchange.exchange(ask.request()?).await?;
        Ok((ask.read(&answer)?, crate::sink::server_time(&answer)))
    }

    /// A raw call for what this crate has no builder for: `path` below the base URL, every answer as it is. It is never
    /// repeated because of its status.
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
        let meta = if method == Method::GET { Meta::read("raw") } else { Meta::create("raw") };
        let url = self.endpoint.url(path, query);
        let request = self.endpoint.request(meta.any_status(), method, url, body.map(Ok))?;
        self.exchange.exchange(&request).await
    }

    pub(crate) fn pending<T>(&self, ask: Ask<T>) -> Pending<'_, T> {
        Pending { client: self, ask }
    }

    /// The workspace and the admin that the token belongs to.
    pub fn me(&self) -> Pending<'_, Me> {
        self.pending(me::get(&self.endpoint))
    }
    /// Teammates.
    pub fn admins(&self) -> Admins<'_> {
        Admins(self)
    }
    /// Teams.
    pub fn teams(&self) -> Teams<'_> {
        Teams(self)
    }
    /// Contacts.
    pub fn contacts(&self) -> Contacts<'_> {
        Contacts(self)
    }
    /// Conversations.
    pub fn conversations(&self) -> Conversations<'_> {
        Conversations(self)
    }
    /// Attributes of conversations and the options of lists.
    pub fn conversation_attributes(&self) -> ConversationAttributes<'_> {
        ConversationAttributes(self)
    }
    /// Attributes of contacts and companies.
    pub fn data_attributes(&self) -> DataAttributes<'_> {
        DataAttributes(self)
    }
    /// Tags.
    pub fn tags(&self) -> Tags<'_> {
        Tags(self)
    }
    /// Companies, the organisations of contacts.
    pub fn companies(&self) -> Companies<'_> {
        Companies(self)
    }
    /// Notes on contacts and companies.
    pub fn notes(&self) -> Notes<'_> {
        Notes(self)
    }
    /// Collections of the help centres.
    pub fn collections(&self) -> Collections<'_> {
        Collections(self)
    }
    /// Public articles.
    pub fn articles(&self) -> Articles<'_> {
        Articles(self)
    }
    /// Articles for teammates.
    pub fn internal_articles(&self) -> InternalArticles<'_> {
        InternalArticles(self)
    }
    /// Help centres and their redirects.
    pub fn help_centers(&self) -> HelpCenters<'_> {
        HelpCenters(self)
    }
    /// Office hours and their exceptions.
    pub fn office_hours(&self) -> OfficeHoursSchedules<'_> {
        OfficeHoursSchedules(self)
    }
    /// Macros.
    pub fn macros(&self) -> Macros<'_> {
        Macros(self)
    }
    /// Addresses that mail comes in by.
    pub fn emails(&self) -> Emails<'_> {
        Emails(self)
    }
    /// Brands.
    pub fn brands(&self) -> Brands<'_> {
        Brands(self)
    }
    /// Ticket types, their attributes, and states.
    pub fn ticket_types(&self) -> TicketTypes<'_> {
        TicketTypes(self)
    }
    /// Tickets.
    pub fn tickets(&self) -> Tickets<'_> {
        Tickets(self)
    }
    /// Work that Intercom does later.
    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(self)
    }
    /// The content of the knowledge base, by words and tags.
    pub fn content(&self) -> Contents<'_> {
        Contents(self)
    }
    /// Calls that reach people. The sink refuses them, whatever features are on.
    #[cfg(feature = "sending")]
    pub fn messages(&self) -> crate::api::Messages<'_> {
        crate::api::Messages(self)
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
