//! Authenticated SOAP calls over `connector-http`: the envelope out, the answer in as it streams.

use crate::error::{by_rules, is_expired};
use crate::soap::{Answer, Envelope, Expect, HeaderBlock, Limits, Output, Reader, SoapError, Value};
use crate::wsdl::{Assembly, Operation, Port, QName, SoapVersion, Wsdl, WsdlLimits};
use bytes::Bytes;
use connector_http::{AnswerBody, Answered, Body, ByStatus, Classify, Exchange, Meta, Segment};
use futures_util::StreamExt as _;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{Request, StatusCode, Uri};
use mapping_core::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use tokio::sync::Mutex;
use url::Url;

/// What fault codes mean. A code is compared, without case and prefix, with the fault's code, its subcodes and the
/// short texts of its detail.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct FaultRules {
    /// The session is over: log in again, once.
    pub expired: Vec<String>,
    /// Ask again later.
    pub busy: Vec<String>,
    /// The record isn't there.
    pub not_found: Vec<String>,
    /// The credentials are wrong or don't suffice.
    pub denied: Vec<String>,
}

/// What goes into the SOAP header of each call.
#[derive(Clone)]
pub enum HeaderAuth {
    /// Nothing: the HTTP layer authenticates, or nobody does.
    None,
    /// A constant secret in an element.
    Element {
        /// The element.
        name: QName,
        /// Its child that holds the secret; `None`: its own text.
        field: Option<String>,
        /// The secret.
        secret: SecretString,
    },
    /// The token of a login. There is one login at a time, and one more for each fault that says the session is over.
    Session {
        /// How to log in.
        login: Login,
        /// The element that carries the token.
        name: QName,
        /// Its child that holds the token; `None`: its own text.
        field: Option<String>,
    },
}

impl std::fmt::Debug for HeaderAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HeaderAuth::None => f.write_str("None"),
            HeaderAuth::Element { name, .. } => write!(f, "Element({name})"),
            HeaderAuth::Session { login, name, .. } => write!(f, "Session({} in {name})", login.operation),
        }
    }
}

/// How a session is opened and closed.
#[derive(Clone)]
pub struct Login {
    /// The operation.
    pub operation: String,
    /// Its parameter for the account.
    pub user_parameter: String,
    /// Its parameter for the password.
    pub password_parameter: String,
    /// The account.
    pub user: String,
    /// The password.
    pub password: SecretString,
    /// Where the answer holds the token, from below its element.
    pub token: String,
    /// The operation that closes the session.
    pub logout: Option<String>,
}

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    /// What it is called in logs and errors: `list_tickets`.
    pub name: &'static str,
    /// The SOAP operation.
    pub operation: String,
    /// Another SOAPAction than the WSDL says.
    pub action: Option<String>,
    /// Its parameters.
    pub parameters: Value,
    /// The path of the repeated element of a page; empty for none. See [`Expect::item`].
    pub item: Vec<String>,
    /// Paths of base64 elements to hand out as they arrive. See [`Expect::blobs`].
    pub blobs: Vec<Vec<String>>,
    /// Where a copy of the answer goes, as it comes over the wire.
    pub capture: Option<Capture>,
}

/// Keeps a copy of answers, byte by byte, up to a bound. Requests are never kept: they carry credentials. Clones share
/// what they hold.
#[derive(Clone, Default)]
pub struct Capture {
    bytes: Arc<std::sync::Mutex<Vec<u8>>>,
}

impl Capture {
    /// The most bytes that are kept.
    pub const MOST_BYTES: usize = 8 << 20;

    fn add(&self, piece: &[u8]) {
        let mut bytes = self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let room = Self::MOST_BYTES.saturating_sub(bytes.len());
        bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    /// Takes what came so far.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }
}

impl std::fmt::Debug for Capture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Capture")
    }
}

impl Call {
    /// A call whose answer is read as a whole.
    pub fn new(name: &'static str, operation: impl Into<String>, parameters: Value) -> Self {
        Call {
            name,
            operation: operation.into(),
            action: None,
            parameters,
            item: Vec::new(),
            blobs: Vec::new(),
            capture: None,
        }
    }
}

/// A SOAP client for one port of a service. Cheap to clone; clones share the session.
#[derive(Clone)]
pub struct SoapClient {
    inner: Arc<Inner>,
}

struct Inner {
    exchange: Arc<dyn Exchange>,
    wsdl: Arc<Wsdl>,
    port: Port,
    endpoint: Uri,
    auth: HeaderAuth,
    rules: FaultRules,
    limits: Limits,
    session: Mutex<Session>,
}

/// The token, and how many logins there were: a caller says which token failed, so that ten that fail log in once.
#[derive(Default)]
struct Session {
    token: Option<SecretString>,
    generation: u64,
    /// What a login was refused with: it isn't tried again, lest the account gets locked.
    refused: Option<String>,
}

impl SoapClient {
    /// A client that calls `port` at `endpoint` through `exchange`.
    ///
    /// `exchange` should classify with [`SoapAnswers`], so that faults with status 500 come up as answers.
    pub fn new(exchange: Arc<dyn Exchange>, wsdl: Arc<Wsdl>, port: Port, endpoint: Uri) -> Self {
        SoapClient {
            inner: Arc::new(Inner {
                exchange,
                wsdl,
                port,
                endpoint,
                auth: HeaderAuth::None,
                rules: FaultRules::default(),
                limits: Limits::default(),
                session: Mutex::default(),
            }),
        }
    }

    fn with(self, change: impl FnOnce(&mut Inner)) -> Self {
        let i = &self.inner;
        let mut inner = Inner {
            exchange: i.exchange.clone(),
            wsdl: i.wsdl.clone(),
            port: i.port.clone(),
            endpoint: i.endpoint.clone(),
            auth: i.auth.clone(),
            rules: i.rules.clone(),
            limits: i.limits.clone(),
            session: Mutex::default(),
        };
        change(&mut inner);
        SoapClient { inner: Arc::new(inner) }
    }

    /// Authenticates in the SOAP header.
    #[must_use]
    pub fn with_auth(self, auth: HeaderAuth) -> Self {
        self.with(|i| i.auth = auth)
    }

    /// Says what fault codes mean.
    #[must_use]
    pub fn with_faults(self, rules: FaultRules) -> Self {
        self.with(|i| i.rules = rules)
    }

    /// Bounds answers.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        self.with(|i| i.limits = limits)
    }

    /// The service's description.
    pub fn wsdl(&self) -> &Arc<Wsdl> {
        &self.inner.wsdl
    }

    /// The port it calls.
    pub fn port(&self) -> &Port {
        &self.inner.port
    }

    /// Where it calls.
    pub fn endpoint(&self) -> &Uri {
        &self.inner.endpoint
    }

    /// Makes a call that changes nothing, and returns when the Body has begun. A fault, at any status, is an error of
    /// this function. One that says that the session is over causes one login and one more try.
    ///
    /// # Errors
    /// `Config` for parameters that the operation doesn't have; what the service and the network say. None of them
    /// holds what an element held.
    pub async fn call(&self, call: &Call) -> Result<Incoming> {
        let named = |e: Error| if e.operation().is_some() { e } else { e.with_operation(call.name) };
        let (header, generation) = self.header(None).await.map_err(named)?;
        match self.attempt(call, header).await {
            Err(Refused::Expired(fault)) => {
                tracing::debug!(operation = call.name, "the session is over; logging in again");
                let (header, renewed) = self.header(Some(generation)).await.map_err(named)?;
                if renewed == generation {
                    return Err(self.fault(fault, call.name));
                }
                self.attempt(call, header).await.map_err(|refused| match refused {
                    Refused::Expired(fault) => self.fault(fault, call.name),
                    Refused::Other(error) => named(error),
                })
            }
            Err(Refused::Other(error)) => Err(named(error)),
            Ok(incoming) => Ok(incoming),
        }
    }

    /// Makes a call and reads its whole answer.
    ///
    /// # Errors
    /// As [`SoapClient::call`] and [`Incoming::next`].
    pub async fn ask(&self, call: &Call) -> Result<Answer> {
        let mut incoming = self.call(call).await?;
        while incoming.next().await?.is_some() {}
        incoming.finish()
    }

    /// Closes the session, if one is open. Failing to is no error: the server forgets it.
    pub async fn close(&self) {
        let HeaderAuth::Session { login, .. } = &self.inner.auth else { return };
        let Some(logout) = &login.logout else { return };
        let open = self.inner.session.lock().await.token.is_some();
        if open && self.ask(&Call::new("close_session", logout.clone(), Value::Null)).await.is_ok() {
            self.inner.session.lock().await.token = None;
        }
    }

    fn fault(&self, error: SoapError, name: &'static str) -> Error {
        by_rules(error, &self.inner.rules).with_operation(name)
    }

    fn operation(&self, name: &str) -> Result<&Operation> {
        let operation = self.inner.port.operation(name).ok_or_else(|| {
            Error::not_sent(ErrorKind::Config, "the WSDL has no such operation").with("soap_operation", name)
        })?;
        match &operation.unusable {
            Some(why) => Err(SoapError::Unusable { operation: name.to_owned(), why: why.clone() }.into()),
            None => Ok(operation),
        }
    }

    /// The header block for a call, and the generation of its token. `stale` names the generation that just failed.
    async fn header(&self, stale: Option<u64>) -> Result<(Option<HeaderBlock>, u64)> {
        match &self.inner.auth {
            HeaderAuth::None => Ok((None, 0)),
            HeaderAuth::Element { name, field, secret } => {
                Ok((Some(block(name, field.as_deref(), secret)), 0))
            }
            HeaderAuth::Session { login, name, field } => {
                // The lock is held over the login: who waits here finds the new token.
                let mut session = self.inner.session.lock().await;
                if session.token.is_none() || stale == Some(session.generation) {
                    session.token = None;
                    if let Some(why) = &session.refused {
                        return Err(Error::rejected(ErrorKind::Unauthorized, why.clone()));
                    }
                    let token = self.log_in(login).await.inspect_err(|error| {
                        if error.kind() == ErrorKind::Unauthorized {
                            session.refused = Some(error.message().to_owned());
                        }
                    })?;
                    session.token = Some(token);
                    session.generation += 1;
                }
                let token = session.token.as_ref().map(|t| block(name, field.as_deref(), t));
                Ok((token, session.generation))
            }
        }
    }

    async fn log_in(&self, login: &Login) -> Result<SecretString> {
        let parameters = Value::record([
            (login.user_parameter.as_str(), Value::text(login.user.as_str())),
            (login.password_parameter.as_str(), Value::text(login.password.expose_secret())),
        ]);
        let call = Call::new("open_session", login.operation.clone(), parameters);
        let mut incoming = match self.attempt(&call, None).await {
            Ok(incoming) => incoming,
            Err(Refused::Expired(fault)) => return Err(self.fault(fault, call.name)),
            Err(Refused::Other(error)) => return Err(error),
        };
        while incoming.next().await?.is_some() {}
        let answer = incoming.finish()?;
        let token = answer.body.as_ref().and_then(|b| b.at(&login.token)).and_then(Value::as_text);
        match token.filter(|t| !t.trim().is_empty()) {
            Some(token) => Ok(token.into_owned().into()),
            None => {
                Err(Error::rejected(ErrorKind::Unauthorized, "the login gave no token; is the path right?")
                    .with_operation(call.name)
                    .with("token", &login.token))
            }
        }
    }

    async fn attempt(&self, call: &Call, header: Option<HeaderBlock>) -> Result<Incoming, Refused> {
        let operation = self.operation(&call.operation)?;
        let version = self.inner.port.version;
        let mut envelope = Envelope::new(version);
        if let Some(block) = header {
            envelope = envelope.header(block);
        }
        let catalog = &self.inner.wsdl.catalog;
        let text = envelope
            .write(catalog, operation.input.as_ref(), &call.parameters)
            .map_err(|e| Refused::Other(Error::from(e)))?;
        let request = request(
            version,
            &self.inner.endpoint,
            call.action.as_deref().unwrap_or(&operation.action),
            text,
            call.name,
        )?;
        let sent = self.inner.exchange.open(&request).await;
        // What fails here was already repeated by the HTTP layer as often as its settings say.
        let response = sent.map_err(|error| error.with("phase", "request"))?;
        let (parts, body) = response.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        if content_type.trim_start().to_ascii_lowercase().starts_with("multipart/") {
            let error = SoapError::NotSoap { found: crate::soap::NotSoap::Multipart };
            return Err(Refused::Other(by_rules(error, &self.inner.rules)));
        }
        let reader = Reader::new(Expect {
            catalog: catalog.clone(),
            payload: operation.output.clone(),
            item: call.item.clone(),
            blobs: call.blobs.clone(),
            charset: charset(content_type),
            limits: self.inner.limits.clone(),
        });
        let mut incoming = Incoming {
            reader,
            body,
            name: call.name,
            status: parts.status,
            rules: self.inner.rules.clone(),
            answer: None,
            capture: call.capture.clone(),
        };
        incoming.until_body().await.map_err(|error| self.judge(error, &incoming))?;
        Ok(incoming)
    }

    fn judge(&self, error: Failed, incoming: &Incoming) -> Refused {
        match error {
            Failed::Soap(SoapError::Fault(fault)) if is_expired(&fault, &self.inner.rules) => {
                Refused::Expired(SoapError::Fault(fault))
            }
            Failed::Soap(error) => Refused::Other(incoming.error(error)),
            Failed::Http(error) => Refused::Other(error),
        }
    }
}

impl std::fmt::Debug for SoapClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoapClient")
            .field("endpoint", &self.inner.endpoint)
            .field("port", &self.inner.port.name)
            .field("auth", &self.inner.auth)
            .finish_non_exhaustive()
    }
}

enum Refused {
    Expired(SoapError),
    Other(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Refused::Other(error)
    }
}

enum Failed {
    Soap(SoapError),
    Http(Error),
}

/// An answer that is coming in.
pub struct Incoming {
    reader: Reader,
    body: AnswerBody,
    name: &'static str,
    status: StatusCode,
    rules: FaultRules,
    answer: Option<Answer>,
    capture: Option<Capture>,
}

impl Incoming {
    /// Reads until the Body's first element has begun; a fault is read to its end.
    async fn until_body(&mut self) -> Result<(), Failed> {
        loop {
            match self.reader.is_fault() {
                Some(false) => return Ok(()),
                Some(true) | None if self.answer.is_some() => return Ok(()),
                _ => self.pump().await?,
            }
        }
    }

    /// Reads one more piece of the body, or accepts the answer at its end.
    async fn pump(&mut self) -> Result<(), Failed> {
        match self.body.next().await {
            Some(Ok(piece)) => {
                if let Some(capture) = &self.capture {
                    capture.add(&piece);
                }
                self.reader.feed(&piece).map_err(Failed::Soap)
            }
            Some(Err(error)) => Err(Failed::Http(error.with_operation(self.name))),
            None => {
                self.answer = Some(self.reader.finish().map_err(Failed::Soap)?);
                Ok(())
            }
        }
    }

    /// The next item or piece of a blob; `None` when the answer was accepted as whole.
    ///
    /// # Errors
    /// A cut or malformed answer, a bound, the network. What came before is then to be discarded.
    pub async fn next(&mut self) -> Result<Option<Output>> {
        loop {
            if let Some(output) = self.reader.next_output() {
                return Ok(Some(output));
            }
            if self.answer.is_some() {
                return Ok(None);
            }
            self.pump().await.map_err(|failed| match failed {
                Failed::Soap(error) => self.error(error),
                Failed::Http(error) => error,
            })?;
        }
    }

    /// The answer, after [`Incoming::next`] gave `None`.
    ///
    /// # Errors
    /// `Bug` when the answer was not read to its end.
    pub fn finish(self) -> Result<Answer> {
        self.answer
            .ok_or_else(|| Error::bug("an answer was finished before it was read").with_operation(self.name))
    }

    fn error(&self, error: SoapError) -> Error {
        by_rules(error, &self.rules)
            .with_operation(self.name)
            .with_status(self.status.as_u16())
            .with("bytes", self.reader.bytes())
    }
}

fn block(name: &QName, field: Option<&str>, secret: &SecretString) -> HeaderBlock {
    let text = Value::text(secret.expose_secret());
    let content = match field {
        Some(field) => Value::record([(field, text)]),
        None => text,
    };
    HeaderBlock::new(name.clone(), content)
}

/// The HTTP request for an envelope. SOAP 1.1 always has a quoted `SOAPAction`, if empty; SOAP 1.2 has an `action`
/// parameter unless it is empty.
fn request(
    version: SoapVersion,
    endpoint: &Uri,
    action: &str,
    envelope: String,
    name: &'static str,
) -> Result<connector_http::Request> {
    let action: String = action.chars().filter(|c| !c.is_control() && *c != '"').collect();
    let mut builder = Request::post(endpoint.clone());
    builder = match version {
        SoapVersion::V11 => builder
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .header("SOAPAction", format!("\"{action}\"")),
        SoapVersion::V12 if action.is_empty() => {
            builder.header(CONTENT_TYPE, "application/soap+xml; charset=utf-8")
        }
        SoapVersion::V12 => {
            builder.header(CONTENT_TYPE, format!("application/soap+xml; charset=utf-8; action=\"{action}\""))
        }
    };
    let body = Body::of(vec![Segment::Bytes(Bytes::from(envelope))]);
    Meta::read(name).request(builder.header("Accept", "text/xml, application/soap+xml"), body)
}

fn charset(content_type: &str) -> Option<String> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).to_owned())
    })
}

/// Judges answers for the HTTP layer: an envelope comes up whatever its status, since a fault says more than a 500.
/// What is no envelope is judged by its status.
#[derive(Clone, Copy, Debug, Default)]
pub struct SoapAnswers;

impl Classify for SoapAnswers {
    fn classify(&self, answer: &Answered<'_>) -> Result<()> {
        if answer.status.is_success() || looks_like_an_envelope(answer.body) {
            return Ok(());
        }
        let judged = ByStatus.classify(answer);
        match answer.status.as_u16() {
            401 if only_windows(answer.headers) => Err(Error::rejected(
                ErrorKind::Unauthorized,
                "the server offers only Negotiate or NTLM (Windows) authentication, which this client can't do; let its \
                 administrator enable Basic authentication for this address, or use an API key or a session",
            )
            .with_status(401)),
            415 => Err(Error::rejected(
                ErrorKind::Unsupported,
                "the server refused the content type: most likely it wants the other version of SOAP",
            )
            .with_status(415)),
            _ => judged,
        }
    }
}

fn looks_like_an_envelope(body: &[u8]) -> bool {
    let head: Vec<u8> = body.iter().copied().filter(|b| *b != 0).take(2048).collect();
    head.contains(&b'<') && head.windows(9).any(|w| w == b"Envelope " || w == b"Envelope>")
}

fn only_windows(headers: &http::HeaderMap) -> bool {
    let offered: Vec<String> = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .map(str::to_ascii_lowercase)
        .collect();
    let windows = |o: &String| o.starts_with("negotiate") || o.starts_with("ntlm");
    !offered.is_empty() && offered.iter().all(windows)
}

/// Loads a service description over HTTP. An import from another host is looked for at the same path of the host that
/// serves the description, which is where it is when the description names an internal host.
///
/// # Errors
/// When the description itself can't be had or read. What an import lacks is in [`Wsdl::problems`].
pub async fn load_wsdl(exchange: &dyn Exchange, url: &Url, limits: WsdlLimits) -> Result<Wsdl> {
    let bound = limits.document_bytes;
    let mut assembly = Assembly::new(url.clone(), limits);
    while let Some(wanted) = assembly.wanted() {
        let mut at = wanted.clone();
        if wanted.origin() != url.origin() {
            at = url.clone();
            at.set_path(wanted.path());
            at.set_query(wanted.query());
        }
        let bytes = match get(exchange, &at, bound).await {
            Ok(bytes) => Ok(bytes),
            Err(error) if wanted == *url => return Err(error.with_operation("wsdl")),
            Err(error) => Err(SoapError::Load { url: at.to_string(), why: error.message().to_owned() }),
        };
        assembly.give(&wanted, bytes).map_err(|e| describe(e).with_operation("wsdl"))?;
    }
    assembly.finish().map_err(|e| describe(e).with_operation("wsdl"))
}

fn describe(error: SoapError) -> Error {
    let message = match &error {
        SoapError::Xml { .. } | SoapError::Truncated { .. } => {
            format!("the service description is not XML (a login page?): {error}")
        }
        _ => format!("the service description can't be used: {error}"),
    };
    Error::rejected(ErrorKind::Malformed, message).with_source(error)
}

async fn get(exchange: &dyn Exchange, url: &Url, bound: u64) -> Result<Vec<u8>> {
    let request = Meta::read("wsdl").request(Request::get(url.as_str()), Body::empty())?;
    let response = exchange.open(&request).await?;
    Ok(response.into_body().collect(bound).await?.to_vec())
}
