//! The wire: an [`Exchange`] over reqwest.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderValue, LOCATION, PROXY_AUTHORIZATION,
};
use http::{Method, Uri};
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};

use crate::auth::origin;
use crate::config::Config;
use crate::exchange::{AnswerBody, Bound, Exchange, Request, Response, StreamResponse, too_large};
use crate::meta::{Flight, Meta};
use crate::{plain, upload};

/// How much of the answer to a refused call is read for its error envelope.
const ERROR_BODY_BYTES: u64 = 1 << 20;

/// A connection idle for longer is not used again: servers close theirs after a minute or so, and a write that meets
/// the closing is an unknown outcome.
const POOL_IDLE: Duration = Duration::from_secs(30);

/// Calls over the network. Knows TLS, proxies and bounds; waits for nothing and repeats nothing.
///
/// Redirects are followed for GET and HEAD alone, and credentials stay with the origin they were meant for. Answers in
/// gzip or deflate are decompressed as they come; all bounds count decompressed bytes.
#[derive(Clone)]
pub struct Http {
    client: reqwest::Client,
    /// For loopback; the proxies of the environment are not asked to reach the own machine.
    local: reqwest::Client,
    allow_plain_http: Vec<String>,
    max_answer_bytes: u64,
    max_streamed_bytes: u64,
    redirects: u8,
}

impl Http {
    /// A wire by this configuration. Opens no connection yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for a proxy or a certificate authority that can't be read.
    pub fn new(config: &Config) -> Result<Self> {
        let client = build(builder_by(config)?)?;
        let local = match config.proxy {
            Some(_) => client.clone(),
            None => build(builder_by(config)?.no_proxy())?,
        };
        Ok(Http {
            client,
            local,
            allow_plain_http: config.allow_plain_http.clone(),
            max_answer_bytes: config.max_answer_bytes,
            max_streamed_bytes: config.max_streamed_bytes,
            redirects: config.redirects,
        })
    }

    async fn call(&self, request: &Request, bound: Bound) -> Result<StreamResponse> {
        let meta = Meta::of(request);
        let named = |error: Error| error.with_operation(meta.operation());
        let mut uri = request.uri().clone();
        let mut headers = request.headers().clone();
        for _ in 0..=self.redirects {
            let answer = self.send(request, &uri, &headers, meta.flight()).await.map_err(named)?;
            match self.redirect_target(request.method(), &uri, &answer) {
                Some(target) => {
                    if origin(&target) != origin(&uri) {
                        strip_credentials(&mut headers);
                    }
                    uri = target;
                }
                None => return bounded(answer, meta.flight().clone(), bound).await.map_err(named),
            }
        }
        Err(named(
            Error::rejected(ErrorKind::Malformed, "more redirects than `redirects` allows")
                .with("redirects", self.redirects),
        ))
    }

    async fn send(
        &self,
        request: &Request,
        uri: &Uri,
        headers: &HeaderMap,
        flight: &Flight,
    ) -> Result<reqwest::Response> {
        plain::check(uri, &self.allow_plain_http)?;
        let before = flight.may_be_applied();
        let client = if plain::is_loopback(uri) { &self.local } else { &self.client };
        let mut call = client.request(request.method().clone(), uri.to_string()).headers(headers.clone());
        let mut failure = upload::Failure::default();
        let mut call_off = None;
        let len = request.body().len();
        if len > 0 {
            let (body, kept, guard) = upload::start(request.body(), flight).await?;
            failure = kept;
            call_off = Some(guard);
            call = call.header(CONTENT_LENGTH, len).body(body);
        } else {
            if matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
                call = call.header(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            // Nothing tells when a request without a body leaves; so it does now.
            flight.leaves();
        }
        let answer = call.send().await;
        if let Some(guard) = call_off {
            guard.ended();
        }
        let answer = answer.map_err(|error| {
            if error.is_connect() || error.is_builder() {
                flight.refused(before);
            }
            let outcome = flight.outcome_if_dropped();
            failure.take(outcome).unwrap_or_else(|| not_answered(error, outcome))
        })?;
        flight.answers();
        Ok(answer)
    }

    fn redirect_target(&self, method: &Method, from: &Uri, answer: &reqwest::Response) -> Option<Uri> {
        let follows = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308)
            && self.redirects > 0
            && matches!(*method, Method::GET | Method::HEAD);
        let location = answer.headers().get(LOCATION).filter(|_| follows)?.to_str().ok()?;
        let mut target = reqwest::Url::parse(&from.to_string()).ok()?.join(location).ok()?;
        target.set_fragment(None);
        target.as_str().parse().ok()
    }
}

#[async_trait]
impl Exchange for Http {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        let (head, body) = self.call(request, Bound::answer(self.max_answer_bytes)).await?.into_parts();
        let status = head.status;
        let body = body
            .collect(self.max_answer_bytes)
            .await
            .map_err(|e| e.with_operation(Meta::of(request).operation()).with_status(status.as_u16()))?;
        Ok(Response::from_parts(head, body))
    }

    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        self.call(request, Bound::streamed(self.max_streamed_bytes)).await
    }
}

impl std::fmt::Debug for Http {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Http")
            .field("max_answer_bytes", &self.max_answer_bytes)
            .field("max_streamed_bytes", &self.max_streamed_bytes)
            .finish_non_exhaustive()
    }
}

fn builder_by(config: &Config) -> Result<reqwest::ClientBuilder> {
    let mut client = reqwest::Client::builder()
        .user_agent(&config.user_agent)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .gzip(config.compression)
        .deflate(config.compression)
        .connect_timeout(config.timeouts.connect)
        .pool_idle_timeout(POOL_IDLE);
    if let Some(proxy) = &config.proxy {
        client = client.proxy(proxy_of(proxy)?);
    }
    trust(client, config)
}

fn build(client: reqwest::ClientBuilder) -> Result<reqwest::Client> {
    client.build().map_err(|e| bad_setting("the HTTP client can't be set up").with_source(e))
}

fn bad_setting(message: &'static str) -> Error {
    Error::not_sent(ErrorKind::Config, message)
}

fn proxy_of(settings: &crate::Proxy) -> Result<reqwest::Proxy> {
    use secrecy::ExposeSecret as _;
    let proxy = reqwest::Proxy::all(&settings.url)
        .map_err(|e| bad_setting("the proxy's URL is not valid").with_source(e.without_url()))?;
    Ok(match (&settings.user, &settings.password) {
        (Some(user), Some(password)) => proxy.basic_auth(user, password.expose_secret()),
        (Some(user), None) => proxy.basic_auth(user, ""),
        (None, _) => proxy,
    })
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
fn trust(mut client: reqwest::ClientBuilder, config: &Config) -> Result<reqwest::ClientBuilder> {
    let mut pems = Vec::new();
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path).map_err(|e| {
            bad_setting("the file of certificate authorities can't be read")
                .with("ca_file", path.display())
                .with_source(e)
        })?;
        pems.push(pem);
    }
    pems.extend(config.ca_pem.as_ref().map(|pem| pem.clone().into_bytes()));
    for pem in pems {
        let authorities = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|e| bad_setting("a certificate authority is not valid PEM").with_source(e))?;
        if authorities.is_empty() {
            return Err(bad_setting("no certificate in `ca_file` or `ca_pem`; they must be in PEM form"));
        }
        client = client.tls_certs_merge(authorities);
    }
    Ok(client)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn trust(client: reqwest::ClientBuilder, config: &Config) -> Result<reqwest::ClientBuilder> {
    if config.ca_file.is_some() || config.ca_pem.is_some() {
        return Err(bad_setting("`ca_file` and `ca_pem` need the feature `rustls` or `native-tls`"));
    }
    Ok(client)
}

fn strip_credentials(headers: &mut HeaderMap) {
    let known = [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION];
    let secret: Vec<_> = headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || known.contains(name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
}

/// An error of the HTTP library with the name of the server, and without the rest of the URL, which may hold a
/// customer's text.
fn not_answered(error: reqwest::Error, outcome: Outcome) -> Error {
    let server = error.url().map(|url| url.authority().rsplit('@').next().unwrap_or_default().to_owned());
    let error = error.without_url();
    if error.is_builder() {
        return Error::not_sent(ErrorKind::Invalid, "the request can't be built").with_source(error);
    }
    let message = match (error.is_connect(), error.is_timeout()) {
        (true, true) => "no connection within `timeouts.connect`",
        (true, false) => "no connection to the server",
        (false, _) => "the connection failed before the answer came",
    };
    let reason = innermost(&error);
    let error =
        Error::new(ErrorKind::Transport, outcome, message).with_retry(Retry::Later).with_source(error);
    let error = match server {
        Some(server) => error.with("server", server),
        None => error,
    };
    match reason {
        Some(reason) => error.with("reason", reason),
        None => error,
    }
}

/// The last cause of an error: the system's own words, such as `Connection refused`.
fn innermost(error: &reqwest::Error) -> Option<String> {
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string().chars().take(200).collect())
}

/// A bounded answer. The one to a refused call is read here, up to a bound, and a cut in it is no error: the status
/// has said it all.
async fn bounded(answer: reqwest::Response, flight: Flight, bound: Bound) -> Result<StreamResponse> {
    let status = answer.status();
    let mut head = http::Response::new(());
    *head.status_mut() = status;
    *head.version_mut() = answer.version();
    *head.headers_mut() = answer.headers().clone();
    if status.is_success() && answer.content_length().is_some_and(|len| len > bound.bytes) {
        return Err(too_large(bound).with_status(status.as_u16()));
    }
    let body = answer.bytes_stream().inspect_ok(move |chunk| flight.moved(chunk.len()));
    let body = if status.is_success() {
        AnswerBody::streamed(Box::pin(within_bound(body.map_err(cut), bound)))
    } else {
        AnswerBody::from(error_body(body, bound.bytes.min(ERROR_BODY_BYTES) as usize).await)
    };
    Ok(head.map(|()| body))
}

async fn error_body(stream: impl futures_core::Stream<Item = reqwest::Result<Bytes>>, bound: usize) -> Bytes {
    let mut stream = std::pin::pin!(stream);
    let mut all = Vec::new();
    while let Some(Ok(chunk)) = stream.next().await {
        let room = bound - all.len();
        all.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if all.len() == bound {
            break;
        }
    }
    all.into()
}

fn within_bound(
    stream: impl futures_core::Stream<Item = Result<Bytes>> + Send + 'static,
    bound: Bound,
) -> impl futures_core::Stream<Item = Result<Bytes>> + Send + 'static {
    let mut came = 0_u64;
    stream.map(move |chunk| {
        let chunk = chunk?;
        came += chunk.len() as u64;
        if came > bound.bytes { Err(too_large(bound)) } else { Ok(chunk) }
    })
}

/// A success whose answer was cut: its content is lost, so only reading can tell what the write became.
fn cut(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let (kind, message) = if error.is_decode() && !error.is_timeout() {
        (ErrorKind::Malformed, "the answer was cut or its compression is broken")
    } else {
        (ErrorKind::Transport, "the connection failed within the answer")
    };
    Error::unknown(kind, message).with_retry(Retry::Later).with_source(error)
}
