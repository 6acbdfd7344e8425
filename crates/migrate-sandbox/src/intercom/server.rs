//! From HTTP to a call and back: credentials, headers, limits, planted faults, and connections that break.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

use super::call::{Call, Reply, Version};
use super::endpoints::{self, Endpoint};
use super::files::{self, Fetched};
use super::knobs::{AutoAdvance, Fault, Knobs};
use super::problem::Problem;
use super::{Inner, Intercom, control};
use crate::journal::Entry;

/// In-process, an answer with this header stands for one that was lost after the request was carried out.
pub const LOST_HEADER: &str = "x-sandbox-lost";
/// In-process, an answer with this header stands for a connection that was closed before the request was carried out.
pub const REFUSED_HEADER: &str = "x-sandbox-refused";

/// What the journal says of calls to paths that lead nowhere; their number is not bounded by the API.
const NO_ENDPOINT: &str = "(none)";
/// Status of the two stand-ins for a broken connection.
const BROKEN: u16 = 599;
const WINDOW_S: i64 = 10;

/// The stand-in as a service that needs no socket.
pub fn router(state: Intercom) -> Router {
    Router::new().fallback(handle).with_state(state)
}

/// Serves the stand-in until the task is dropped. Answers that get lost close their connection.
///
/// # Errors
/// Those of the listener.
pub async fn serve(listener: TcpListener, state: Intercom) -> io::Result<()> {
    let service = router(state).into_make_service_with_connect_info::<Cut>();
    axum::serve(CuttingListener(listener), service).await
}

async fn handle(State(intercom): State<Intercom>, request: Request) -> Response {
    let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|info| info.0.clone());
    let limit = intercom.lock().knobs.max_body_bytes;
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, limit).await else {
        return respond(413, Value::Null.to_string().into(), "application/json");
    };
    let path = parts.uri.path();
    if let Some(place) = path.strip_prefix("/__files/") {
        return fetch(&intercom, &parts, place);
    }
    if path.starts_with("/__sandbox/") {
        let (status, body) = control::handle(&intercom, &parts, &body);
        return respond(status, body.to_string().into(), "application/json");
    }
    let outcome = intercom.answer(&parts, &body);
    deliver(outcome, cut).await
}

/// An answer, and what happens to it on the way.
struct Outcome {
    status: u16,
    body: Bytes,
    headers: Vec<(&'static str, String)>,
    fault: Option<Fault>,
}

async fn deliver(outcome: Outcome, cut: Option<Cut>) -> Response {
    let broken = |header: &'static str| {
        if let Some(cut) = &cut {
            cut.0.store(true, Ordering::SeqCst);
        }
        let mut response = respond(BROKEN, Bytes::new(), "text/plain");
        response.headers_mut().insert(header, HeaderValue::from_static("1"));
        response
    };
    let html = |status: u16| {
        let page = format!(
            "<html><head><title>{status}</title></head><body><h1>{status}</h1><hr>nginx</body></html>"
        );
        respond(status, page.into(), "text/html")
    };
    match outcome.fault {
        Some(Fault::LoseAnswer) => broken(LOST_HEADER),
        Some(Fault::Refuse) => broken(REFUSED_HEADER),
        Some(Fault::ErrorBefore(status) | Fault::ErrorAfter(status)) => html(status),
        Some(Fault::EmptyErrorBefore(status) | Fault::EmptyErrorAfter(status)) => {
            respond(status, Bytes::new(), "text/plain")
        }
        slow => {
            if let Some(Fault::Slow(milliseconds)) = slow {
                tokio::time::sleep(Duration::from_millis(milliseconds)).await;
            }
            let mut response = respond(outcome.status, outcome.body, "application/json; charset=utf-8");
            for (name, value) in outcome.headers {
                if let Ok(value) = HeaderValue::from_str(&value) {
                    response.headers_mut().insert(HeaderName::from_static(name), value);
                }
            }
            response
        }
    }
}

fn respond(status: u16, body: Bytes, content_type: &'static str) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn fetch(intercom: &Intercom, parts: &Parts, place: &str) -> Response {
    let now = intercom.clock.now().as_second();
    let mut inner = intercom.lock();
    let Inner { ws, knobs, journal, .. } = &mut *inner;
    let call = Call {
        ws,
        knobs,
        journal,
        now,
        version: Version::CURRENT,
        query: query(parts),
        ids: Vec::new(),
        body: Value::Null,
        ignored: Vec::new(),
        applied: false,
        origin: "",
    };
    match files::fetch(&call, place) {
        Fetched::Refused(status, why) => respond(status, why.into(), "text/plain"),
        Fetched::Bytes { content_type, bytes } => {
            let mut response = respond(200, bytes.into(), "application/octet-stream");
            if let Ok(value) = HeaderValue::from_str(&content_type) {
                response.headers_mut().insert(CONTENT_TYPE, value);
            }
            response
        }
    }
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let pairs = parts.uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let decoded = |text: &str| endpoints::decode(&text.replace('+', " ")).unwrap_or_default();
    pairs
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(key), decoded(value))
        })
        .collect()
}

impl Intercom {
    /// Carries out one request and writes it down.
    fn answer(&self, parts: &Parts, body: &Bytes) -> Outcome {
        let now = self.clock.now().as_second();
        let mut inner = self.lock();
        let method = parts.method.as_str();
        let path = parts.uri.path();
        let found = endpoints::find(method, path);
        let name = found.as_ref().map_or(NO_ENDPOINT, |(endpoint, _)| endpoint.path).to_owned();
        let n = inner.journal.next_call();
        let mut entry = Entry {
            n,
            at: now,
            method: method.to_owned(),
            endpoint: name,
            path: path.to_owned(),
            bytes: body.len() as u64,
            ..Entry::default()
        };
        let (headers, over) = inner.spend(now, n);
        let fault = if over.is_some() { None } else { inner.fault(n, method, &entry.endpoint) };
        if fault.is_some() && entry.endpoint == "/companies/scroll" {
            // An answer that fails midway ends the walk: it must begin anew (T71).
            inner.ws.scroll = None;
        }
        let refused = over.is_some();
        let result = match over {
            Some(limit) => Err(rate_exceeded(limit)),
            None if fault.is_some_and(|fault| !fault.applies()) => Ok((Reply::Empty, false, Vec::new())),
            None => inner.run(parts, body, found, now, &mut entry),
        };
        let mut outcome = finish(result, n, headers, fault, &mut entry);
        outcome.fault = fault;
        inner.journal.record(entry);
        let go_on = match inner.knobs.auto_advance {
            AutoAdvance::Off => false,
            AutoAdvance::OnRefusal => refused,
            AutoAdvance::OnEmpty => refused || inner.window.used >= inner.knobs.rate_limit,
        };
        if go_on {
            self.clock.advance_to(inner.window.start + WINDOW_S);
        }
        outcome
    }
}

type Ran = Result<(Reply, bool, Vec<String>), Problem>;

fn finish(
    result: Ran,
    n: u64,
    mut headers: Vec<(&'static str, String)>,
    fault: Option<Fault>,
    entry: &mut Entry,
) -> Outcome {
    let (status, body) = match result {
        Ok((reply, applied, ignored)) => {
            entry.applied = applied;
            entry.ignored_keys = ignored;
            match reply {
                Reply::Json(value) => (200, Bytes::from(value.to_string())),
                Reply::Coded(status, value) => (status, Bytes::from(value.to_string())),
                Reply::Bare(status) => (status, Bytes::new()),
                Reply::Empty => (200, Bytes::new()),
            }
        }
        Err(problem) => {
            headers.extend(problem.link.iter().map(|link| ("link", link.clone())));
            (problem.status, Bytes::from(problem.body(n).to_string()))
        }
    };
    entry.status = match fault {
        Some(Fault::ErrorBefore(planted) | Fault::ErrorAfter(planted)) => planted,
        Some(Fault::EmptyErrorBefore(planted) | Fault::EmptyErrorAfter(planted)) => planted,
        Some(Fault::Refuse) => BROKEN,
        _ => status,
    };
    entry.fault = fault.map(Fault::name);
    entry.lost = matches!(fault, Some(Fault::LoseAnswer));
    Outcome { status, body, headers, fault: None }
}

fn rate_exceeded(limit: u32) -> Problem {
    Problem::new(429, "rate_limit_exceeded", format!("Exceeded rate limit of {limit} in {WINDOW_S}_seconds"))
}

impl Inner {
    /// Counts the call in its window: the headers of the answer, and the limit when it is exceeded (T06).
    fn spend(&mut self, now: i64, n: u64) -> (Vec<(&'static str, String)>, Option<u32>) {
        let changes = self.knobs.rate_script.iter().filter(|change| change.from_call <= n);
        if let Some(change) = changes.max_by_key(|change| change.from_call) {
            self.knobs.rate_limit = change.limit;
        }
        let start = now.div_euclid(WINDOW_S) * WINDOW_S;
        if self.window.start != start {
            self.window = super::Window { start, used: 0 };
        }
        let limit = self.knobs.rate_limit;
        let over = self.window.used >= limit;
        self.window.used = self.window.used.saturating_add(1);
        let headers = vec![
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", limit.saturating_sub(self.window.used).to_string()),
            ("x-ratelimit-reset", (start + WINDOW_S).to_string()),
        ];
        (headers, over.then_some(limit))
    }

    /// The planted fault that takes this call.
    fn fault(&mut self, n: u64, method: &str, endpoint: &str) -> Option<Fault> {
        let Self { knobs, random, .. } = self;
        knobs.faults.iter_mut().find_map(|rule| rule.takes(n, method, endpoint, random).then_some(rule.fault))
    }

    fn run(
        &mut self,
        parts: &Parts,
        body: &Bytes,
        found: Option<(&'static Endpoint, Vec<String>)>,
        now: i64,
        entry: &mut Entry,
    ) -> Ran {
        let Self { ws, knobs, journal, .. } = self;
        let knobs: &Knobs = knobs;
        ws.settle(now);
        check_token(&parts.headers, knobs)?;
        entry.authorized = true;
        check_accept(&parts.headers)?;
        let (endpoint, ids) =
            found.ok_or_else(|| Problem::new(404, "not_found", "Requested resource not found"))?;
        let version = version(&parts.headers, knobs)?;
        if version < endpoint.since {
            let message = "Requested resource is not available in current API version.";
            return Err(Problem::new(400, "intercom_version_invalid", message));
        }
        if let Some(scope) =
            endpoints::scope(endpoint).filter(|scope| knobs.missing_scopes.iter().any(|it| it == scope))
        {
            let message = format!("You do not have the required scope ({scope}) to access this resource");
            return Err(Problem::new(403, "forbidden", message));
        }
        if knobs.plan_gated.contains(&format!("{} {}", endpoint.method, endpoint.path)) {
            return Err(Problem::new(403, "api_plan_restricted", "Active subscription needed."));
        }
        let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
        let origin = format!("http://{}", host.unwrap_or("sandbox.invalid"));
        let body = parse(&parts.headers, body)?;
        let mut call = Call {
            ws,
            knobs,
            journal,
            now,
            version,
            query: query(parts),
            ids,
            body,
            ignored: Vec::new(),
            applied: false,
            origin: &origin,
        };
        let reply = (endpoint.handler)(&mut call)?;
        Ok((reply, call.applied, call.ignored))
    }
}

fn header(headers: &HeaderMap, name: impl axum::http::header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// T01.
fn check_token(headers: &HeaderMap, knobs: &Knobs) -> Result<(), Problem> {
    let token = header(headers, AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if token.is_some_and(|token| knobs.tokens.iter().any(|known| known == token)) {
        return Ok(());
    }
    Err(Problem::new(401, "unauthorized", "Access Token Invalid"))
}

/// T02.
fn check_accept(headers: &HeaderMap) -> Result<(), Problem> {
    if header(headers, ACCEPT).is_some_and(|value| value.contains("application/json")) {
        return Ok(());
    }
    Err(Problem::new(
        406,
        "media_type_not_acceptable",
        "The Accept header should send a media type of application/json",
    ))
}

fn version(headers: &HeaderMap, knobs: &Knobs) -> Result<Version, Problem> {
    let wanted = header(headers, "intercom-version").unwrap_or(&knobs.app_version);
    let unknown =
        || Problem::new(400, "intercom_version_invalid", "The requested version could not be found");
    Version::parse(wanted).ok_or_else(unknown)
}

/// T03.
fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Value, Problem> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    if !header(headers, CONTENT_TYPE).is_some_and(|value| value.starts_with("application/json")) {
        return Err(Problem::invalid("Content-Type must be application/json"));
    }
    serde_json::from_slice(body).map_err(|_| Problem::invalid("The request body is not valid JSON"))
}

/// The switch that breaks a connection before the answer is written.
#[derive(Debug, Clone)]
struct Cut(Arc<AtomicBool>);

impl Connected<IncomingStream<'_, CuttingListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttingListener>) -> Self {
        stream.io().cut.clone()
    }
}

struct CuttingListener(TcpListener);

impl Listener for CuttingListener {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Small answers must not wait for more to send; without it a call just takes longer.
        let _ = stream.set_nodelay(true);
        (Wire { stream, cut: Cut(Arc::default()) }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that can be told to break.
struct Wire {
    stream: TcpStream,
    cut: Cut,
}

impl Wire {
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
