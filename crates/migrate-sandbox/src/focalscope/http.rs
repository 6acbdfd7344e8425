//! HTTP around the service: `GET ?wsdl`, SOAP over `POST`, and the sandbox's own paths under `/__sandbox`.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use axum::routing::{get, post};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::asked::Asked;
use super::auth::{Refusal, basic};
use super::envelope::{Fault, Request, Version, envelope, read};
use super::knobs::{Knobs, Way};
use super::operations::{Call, Operation, arguments, find};
use super::xml::FILE_MARK;
use super::{FocalScope, NAMESPACE, PATH, WSDL};
use crate::dataset::{Dataset, Drawn};

/// A request may have so many bytes, as with ASP.NET.
const LARGEST_REQUEST: usize = 4 * 1024 * 1024;

/// A data set that is sent to the sandbox may have so many bytes.
const LARGEST_DATASET: usize = 512 * 1024 * 1024;

/// The routes of an instance.
pub fn router(instance: FocalScope) -> Router {
    Router::new()
        .route(PATH, get(describe).post(soap).layer(DefaultBodyLimit::max(LARGEST_REQUEST)))
        .route("/__sandbox/knobs", get(show_knobs).post(turn_knobs))
        .route("/__sandbox/clock", get(show_clock).post(set_clock))
        .route("/__sandbox/journal", get(show_journal))
        .route("/__sandbox/expire", post(expire))
        .route(
            "/__sandbox/dataset",
            get(show_dataset).post(change_dataset).layer(DefaultBodyLimit::max(LARGEST_DATASET)),
        )
        .with_state(instance)
}

struct Answer {
    status: u16,
    content_type: &'static str,
    extra: Vec<(header::HeaderName, String)>,
    body: String,
    /// Belongs at the mark in the body.
    file: Option<Drawn>,
    fault: Option<String>,
}

impl Answer {
    fn new(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type, extra: Vec::new(), body: body.into(), file: None, fault: None }
    }

    fn fault(fault: &Fault, version: Version) -> Self {
        let mut answer = Self::new(fault.status(version), version.content_type(), fault.envelope(version));
        answer.fault = Some(fault.code().to_owned());
        answer
    }

    fn html(status: u16, title: &str) -> Self {
        let page = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><br><p>&nbsp;</body></html>"
        );
        Self::new(status, "text/html; charset=utf-8", page)
    }

    fn unauthorized() -> Self {
        let mut answer = Self::html(401, "401 - Unauthorized");
        answer.extra.push((header::WWW_AUTHENTICATE, "Basic realm=\"FocalScope\"".into()));
        answer
    }

    fn json(value: &impl serde::Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self::new(200, "application/json", text),
            Err(error) => Self::new(500, "text/plain", error.to_string()),
        }
    }

    fn bad_request(why: impl std::fmt::Display) -> Self {
        Self::new(400, "text/plain; charset=utf-8", why.to_string())
    }

    /// The length of the body as it is sent.
    fn bytes(&self) -> usize {
        let file = self.file.map_or(0, |file| (file.size as usize).div_ceil(3) * 4 - FILE_MARK.len());
        self.body.len() + file
    }

    fn into_response(self, body: Body) -> Response<Body> {
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(self.content_type));
        for (name, value) in self.extra {
            if let Ok(value) = value.parse() {
                headers.insert(name, value);
            }
        }
        response
    }

    fn plain(mut self) -> Response<Body> {
        let body = std::mem::take(&mut self.body);
        self.into_response(Body::from(body))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn describe(State(instance): State<FocalScope>, uri: Uri, headers: HeaderMap) -> Response<Body> {
    let knobs = instance.knobs();
    tokio::time::sleep(Duration::from_millis(knobs.latency_ms)).await;
    let (answer, way) = description(&instance, &uri, &headers, &knobs);
    let mut asked = asked(&instance, "wsdl", &answer);
    asked.way = way;
    instance.note(asked);
    answer.plain()
}

fn description(
    instance: &FocalScope,
    uri: &Uri,
    headers: &HeaderMap,
    knobs: &Knobs,
) -> (Answer, &'static str) {
    let pair = basic(text(headers, &header::AUTHORIZATION));
    let known = pair.is_some_and(|(user, password)| instance.knows(&user, &password));
    let way = if known { way_name(Way::Basic) } else { "" };
    if knobs.wsdl_needs_auth && !known {
        return (Answer::unauthorized(), way);
    }
    if !uri.query().is_some_and(|query| query.eq_ignore_ascii_case("wsdl")) {
        return (Answer::html(200, "Helpdesk Web Service"), way);
    }
    let host = text(headers, &header::HOST).unwrap_or("127.0.0.1");
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(*c)).collect();
    let wsdl = WSDL.replace("http://127.0.0.1/Helpdesk.asmx", &format!("http://{host}{PATH}"));
    (Answer::new(200, "text/xml; charset=utf-8", wsdl), way)
}

fn asked(instance: &FocalScope, operation: &str, answer: &Answer) -> Asked {
    Asked {
        number: 0,
        at: instance.clock().now(),
        operation: operation.to_owned(),
        soap: "",
        way: "",
        arguments: Default::default(),
        status: answer.status,
        fault: answer.fault.clone(),
        bytes: answer.bytes(),
    }
}

fn way_name(way: Way) -> &'static str {
    match way {
        Way::Basic => "basic",
        Way::Session => "session",
        Way::ApiKey => "api_key",
    }
}

async fn soap(State(instance): State<FocalScope>, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let knobs = instance.knobs();
    tokio::time::sleep(Duration::from_millis(knobs.latency_ms)).await;
    let mut answer = respond(&instance, &headers, &body);
    if let Some(file) = answer.file.take() {
        let body = std::mem::take(&mut answer.body);
        return answer.into_response(around(&body, file));
    }
    match knobs.drip {
        None => answer.plain(),
        Some(drip) => {
            let body = std::mem::take(&mut answer.body);
            answer.into_response(dripping(body, drip.bytes.max(1), Duration::from_millis(drip.pause_ms)))
        }
    }
}

/// A body with the bytes of a large file in it, drawn while they are being sent.
fn around(body: &str, file: Drawn) -> Body {
    use base64::Engine as _;
    let (before, after) = body.split_once(FILE_MARK).unwrap_or((body, ""));
    let bytes = file.chunks().map(|chunk| base64::engine::general_purpose::STANDARD.encode(chunk));
    let parts = std::iter::once(before.to_owned()).chain(bytes).chain([after.to_owned()]);
    Body::from_stream(futures_util::stream::iter(parts.map(Ok::<_, std::io::Error>)))
}

fn dripping(body: String, step: usize, pause: Duration) -> Body {
    let chunks = futures_util::stream::unfold(Bytes::from(body), move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let chunk = rest.split_to(step.min(rest.len()));
        Some((Ok::<_, std::io::Error>(chunk), rest))
    });
    Body::from_stream(chunks)
}

/// What the journal learns on the way to an answer.
#[derive(Default)]
struct Trail {
    operation: String,
    soap: &'static str,
    way: &'static str,
    arguments: std::collections::BTreeMap<String, String>,
}

fn respond(instance: &FocalScope, headers: &HeaderMap, body: &[u8]) -> Answer {
    let mut trail = Trail::default();
    let mut answer = match version(headers) {
        None => Answer::new(415, "text/plain", ""),
        Some(version) => {
            trail.soap = version.name();
            respond_as(instance, version, headers, body, &mut trail)
        }
    };
    if counted(instance, &trail.operation, |knobs| &mut knobs.cut) {
        let half = answer.body.floor_char_boundary(answer.body.len() / 2);
        answer.body.truncate(answer.body.find(FILE_MARK).unwrap_or(half));
        answer.file = None;
    }
    let Trail { operation, soap, way, arguments } = trail;
    instance.note(Asked { soap, way, arguments, ..asked(instance, &operation, &answer) });
    answer
}

fn respond_as(
    instance: &FocalScope,
    version: Version,
    headers: &HeaderMap,
    body: &[u8],
    trail: &mut Trail,
) -> Answer {
    let action = match action(version, headers) {
        Ok(action) => action,
        Err(fault) => return Answer::fault(&fault, version),
    };
    let request = match read(version, body) {
        Ok(request) => request,
        Err(fault) => return Answer::fault(&fault, version),
    };
    let operation = match routed(action.as_deref(), &request) {
        Ok(operation) => operation,
        Err(fault) => return Answer::fault(&fault, version),
    };
    operation.name.clone_into(&mut trail.operation);
    trail.arguments = arguments(&request.body);
    if let Some(answer) = misbehaved(instance, operation.name, version) {
        return answer;
    }
    let knobs = instance.knobs().for_operation(operation.name);
    if operation.name != "Login" {
        match instance.admit(&request, text(headers, &header::AUTHORIZATION), &knobs) {
            Ok(way) => trail.way = way_name(way),
            Err(Refusal::Unauthorized) => return Answer::unauthorized(),
            Err(Refusal::Fault(fault)) => return Answer::fault(&fault, version),
        }
    }
    match carried_out(instance, operation, &request, &knobs) {
        Ok((response, file)) => {
            let mut answer = Answer::new(200, version.content_type(), envelope(version, &response));
            answer.file = file;
            answer
        }
        Err(fault) => Answer::fault(&fault, version),
    }
}

fn carried_out(
    instance: &FocalScope,
    operation: &Operation,
    request: &Request,
    knobs: &Knobs,
) -> Result<(String, Option<Drawn>), Fault> {
    operation.check(&request.body)?;
    operation.answer(&Call { instance, store: &instance.store(), knobs, request })
}

/// The version that the content type says.
fn version(headers: &HeaderMap) -> Option<Version> {
    let content_type = text(headers, &header::CONTENT_TYPE)?;
    match content_type.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        "text/xml" => Some(Version::V11),
        "application/soap+xml" => Some(Version::V12),
        _ => None,
    }
}

/// The action of the request: with SOAP 1.1 a quoted header that must be there, with 1.2 a parameter that may.
fn action(version: Version, headers: &HeaderMap) -> Result<Option<String>, Fault> {
    match version {
        Version::V11 => {
            let action = headers.get("soapaction").and_then(|value| value.to_str().ok()).map(str::trim);
            let Some(action) = action else {
                let text = "Unable to handle request without a valid action parameter. Please supply a valid soap action.";
                return Err(Fault::client(text));
            };
            match quoted(action) {
                Some(action) => Ok(Some(action.to_owned())),
                None => Err(unknown_action(action)),
            }
        }
        Version::V12 => {
            let content_type = text(headers, &header::CONTENT_TYPE).unwrap_or_default();
            let mut parameters =
                content_type.split(';').skip(1).filter_map(|part| part.trim().split_once('='));
            let action = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("action"));
            Ok(action.map(|(_, value)| quoted(value.trim()).unwrap_or(value.trim()).to_owned()))
        }
    }
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

fn unknown_action(action: &str) -> Fault {
    Fault::client(format!("Server did not recognize the value of HTTP Header SOAPAction: {action}."))
}

/// ASMX goes by the action and, without one, by the element in the Body.
fn routed(action: Option<&str>, request: &Request) -> Result<&'static Operation, Fault> {
    let action = match action {
        Some(action) => action.to_owned(),
        None => format!("{}{}", request.body.namespace, request.body.name),
    };
    action.strip_prefix(NAMESPACE).and_then(find).ok_or_else(|| unknown_action(&action))
}

/// Takes one off a knob that counts requests, if it is up and holds for this operation.
fn counted(instance: &FocalScope, operation: &str, knob: impl Fn(&mut Knobs) -> &mut u32) -> bool {
    let mut took = false;
    instance.turn(|knobs| {
        if knobs.hold_for(operation) {
            let left = knob(knobs);
            took = *left > 0;
            *left = left.saturating_sub(1);
        }
    });
    took
}

fn misbehaved(instance: &FocalScope, operation: &str, version: Version) -> Option<Answer> {
    if counted(instance, operation, |knobs| &mut knobs.unavailable) {
        let mut answer = Answer::html(503, "Service Unavailable");
        if let Some(seconds) = instance.knobs().retry_after {
            answer.extra.push((header::RETRY_AFTER, seconds.to_string()));
        }
        return Some(answer);
    }
    if counted(instance, operation, |knobs| &mut knobs.html) {
        return Some(Answer::html(200, "Log in"));
    }
    if counted(instance, operation, |knobs| &mut knobs.busy) {
        let fault = Fault::own("ServerBusy", "The server is too busy.");
        return Some(Answer::fault(&fault, version));
    }
    None
}

async fn show_knobs(State(instance): State<FocalScope>) -> Response<Body> {
    Answer::json(&instance.knobs()).plain()
}

async fn turn_knobs(State(instance): State<FocalScope>, body: Bytes) -> Response<Body> {
    let turned = serde_json::from_slice(&body).and_then(|turned| instance.knobs().turned(&turned));
    match turned {
        Ok(turned) => {
            instance.turn(|knobs| *knobs = turned);
            Answer::json(&instance.knobs()).plain()
        }
        Err(error) => Answer::bad_request(error).plain(),
    }
}

/// What can be done to the clock.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum ClockOrder {
    AdvanceSeconds(i64),
    Set(Timestamp),
    Freeze(Timestamp),
    Resume(bool),
}

async fn show_clock(State(instance): State<FocalScope>) -> Response<Body> {
    Answer::json(&serde_json::json!({ "now": instance.clock().now() })).plain()
}

async fn set_clock(State(instance): State<FocalScope>, body: Bytes) -> Response<Body> {
    let clock = instance.clock();
    match serde_json::from_slice(&body) {
        Ok(ClockOrder::AdvanceSeconds(seconds)) => clock.advance(SignedDuration::from_secs(seconds)),
        Ok(ClockOrder::Set(at)) => clock.set(at),
        Ok(ClockOrder::Freeze(at)) => clock.freeze(at),
        Ok(ClockOrder::Resume(true)) => clock.resume(),
        Ok(ClockOrder::Resume(false)) => {}
        Err(error) => return Answer::bad_request(error).plain(),
    }
    show_clock(State(instance)).await
}

/// `?after=N` leaves out the first N entries.
async fn show_journal(State(instance): State<FocalScope>, uri: Uri) -> Response<Body> {
    let after = uri.query().and_then(|query| query.strip_prefix("after=")?.parse::<u64>().ok()).unwrap_or(0);
    let entries = instance.journal();
    let entries: Vec<&Asked> = entries.iter().filter(|asked| asked.number > after).collect();
    Answer::json(&serde_json::json!({ "counts": instance.asked(), "entries": entries })).plain()
}

async fn expire(State(instance): State<FocalScope>) -> Response<Body> {
    instance.expire_sessions();
    Answer::json(&serde_json::json!({ "expired": true })).plain()
}

async fn show_dataset(State(instance): State<FocalScope>) -> Response<Body> {
    Answer::json(instance.store().dataset()).plain()
}

/// Puts the records of the body in the place of those with the same ids, or beside them.
async fn change_dataset(State(instance): State<FocalScope>, body: Bytes) -> Response<Body> {
    match serde_json::from_slice::<Dataset>(&body) {
        Ok(changes) => {
            instance.change(|dataset| dataset.put(changes));
            Answer::json(&serde_json::json!({ "changed": true })).plain()
        }
        Err(error) => Answer::bad_request(error).plain(),
    }
}
