//! Desk's error body as an [`Error`] with kind, outcome, code, fields and retry.

use crate::credits::{gone, retry_after};
use crate::scopes::scopes;
use connector_http::{Answered, ByStatus, Classify};
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
use serde::Deserialize;
use std::fmt::Write as _;

/// Most field errors that an error keeps.
const MOST_FIELDS: usize = 20;

/// Turns Desk's answers into errors.
///
/// Messages of Desk may quote what was sent and differ between portals. So an error keeps codes, the pointers of fields and
/// names this crate knows to be safe; never the message itself. Context keys it may set: `fields` (the fields that were
/// refused, as `/contactId missing; /cf/cf_x invalid`), `resets_at` (when the day's credits are there again), `scopes` (one
/// of which the token lacks), and for a limit of the plan `feature`, `edition`, `allowed` and `trial`. [`ZohoDeskError`] gives
/// them types.
#[derive(Clone, Copy, Debug, Default)]
pub struct ZohoDeskErrors;

/// A field that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where it is in the body, as a JSON pointer: `/contactId`, `/cf/cf_x`.
    pub field: String,
    /// `invalid`, `duplicate`, `missing`, or what else Desk says.
    pub problem: String,
}

/// What an error of a call to Zoho Desk knows.
pub trait ZohoDeskError {
    /// Of a 422: which fields were refused and why.
    fn field_errors(&self) -> Vec<FieldError>;
    /// When the day's credits are there again, of an error that stops the run until then.
    fn credits_reset(&self) -> Option<jiff::Timestamp>;
    /// Of a 403: scopes of which one would have been enough.
    fn missing_scopes(&self) -> Vec<&str>;
    /// Whether the portal's plan or its seats don't allow the call.
    fn is_limit_of_plan(&self) -> bool;
}

impl ZohoDeskError for Error {
    fn field_errors(&self) -> Vec<FieldError> {
        let pairs = self.context("fields").unwrap_or_default().split("; ");
        let pairs = pairs.filter_map(|pair| pair.split_once(' '));
        pairs
            .map(|(field, problem)| FieldError { field: field.to_owned(), problem: problem.to_owned() })
            .collect()
    }
    fn credits_reset(&self) -> Option<jiff::Timestamp> {
        self.context("resets_at")?.parse().ok()
    }
    fn missing_scopes(&self) -> Vec<&str> {
        self.context("scopes").map(|scopes| scopes.split(' ').collect()).unwrap_or_default()
    }
    fn is_limit_of_plan(&self) -> bool {
        self.code() == Some("LICENSE_ACCESS_LIMITED")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Envelope {
    error_code: Option<String>,
    #[serde(deserialize_with = "crate::wire::or_default")]
    errors: Vec<Item>,
    feature: Option<String>,
    edition_type: Option<String>,
    #[serde(deserialize_with = "crate::wire::count")]
    max_allowed_entity: Option<u64>,
    #[serde(deserialize_with = "crate::wire::flag")]
    is_trial: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    field_name: Option<String>,
    error_type: Option<String>,
}

/// A gateway answers with HTML or with nothing; then the status is all there is.
fn envelope(body: &[u8]) -> Envelope {
    serde_json::from_slice(body).unwrap_or_default()
}

/// What a 429 means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum TooMuch {
    /// The day's credits are gone.
    Credits,
    /// Too many calls at once.
    AtOnce,
    /// It doesn't say.
    Unstated,
}

impl TooMuch {
    pub(crate) fn of(body: &[u8]) -> Self {
        match envelope(body).error_code.as_deref() {
            Some("THRESHOLD_EXCEEDED") => TooMuch::Credits,
            Some("TOO_MANY_REQUESTS") => TooMuch::AtOnce,
            _ => TooMuch::Unstated,
        }
    }
}

/// Whether fewer calls should run at once after this answer.
pub(crate) fn too_many_at_once(answer: &Answered<'_>) -> bool {
    answer.status.as_u16() == 429 && TooMuch::of(answer.body) != TooMuch::Credits
}

/// Whether the answer says that the access token is no good any more.
pub(crate) fn token_refused(answer: &Answered<'_>) -> bool {
    answer.status.as_u16() == 401 && envelope(answer.body).error_code.as_deref() == Some("INVALID_OAUTH")
}

impl Classify for ZohoDeskErrors {
    fn classify(&self, answer: &Answered<'_>) -> Result<()> {
        match ByStatus.classify(answer) {
            Ok(()) => Ok(()),
            Err(by_status) => Err(enriched(by_status, answer)),
        }
    }
}

fn enriched(by_status: Error, answer: &Answered<'_>) -> Error {
    let envelope = envelope(answer.body);
    let code = envelope.error_code.as_deref().and_then(word);
    let fields = fields(&envelope.errors);
    let duplicate = envelope.errors.iter().any(|e| e.error_type.as_deref() == Some("duplicate"));
    let status = answer.status.as_u16();
    let mut error = match known(status, code.as_deref().unwrap_or_default(), duplicate) {
        Some((kind, retry, text)) => Error::rejected(kind, text).with_retry(retry),
        None if status == 429 && TooMuch::of(answer.body) == TooMuch::Credits => spent(answer),
        None => by_status,
    }
    .with_operation(answer.operation.to_owned())
    .with_status(status);
    if code.as_deref() == Some("SCOPE_MISMATCH") && !scopes(answer.operation).is_empty() {
        error = error.with("scopes", scopes(answer.operation).join(" "));
    }
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if !fields.is_empty() {
        error = error.with("fields", fields);
    }
    if let Some(feature) = envelope.feature.as_deref().and_then(word) {
        error = error.with("feature", feature);
    }
    if let Some(edition) = envelope.edition_type.as_deref().and_then(word) {
        error = error.with("edition", edition);
    }
    if let Some(allowed) = envelope.max_allowed_entity {
        error = error.with("allowed", allowed);
    }
    if let Some(trial) = envelope.is_trial {
        error = error.with("trial", trial);
    }
    error
}

/// The day's credits are gone: an error that stops the run, with the time of the reset when it is stated.
fn spent(answer: &Answered<'_>) -> Error {
    let message = "the day's credits of the portal are gone; run again after the reset";
    let now = answer.at.as_secs();
    match retry_after(answer.headers) {
        Some(wait) => gone(message, now, now + wait),
        None => Error::rejected(ErrorKind::Interrupted, message),
    }
    .with_outcome(Outcome::Rejected)
}

/// What is known of this answer beyond its status.
fn known(status: u16, code: &str, duplicate: bool) -> Option<(ErrorKind, Retry, &'static str)> {
    use ErrorKind as Kind;
    let never = |kind, text| Some((kind, Retry::Never, text));
    match (status, code) {
        (400, _) => never(Kind::Invalid, "Zoho Desk can't read the request"),
        (401, "INVALID_OAUTH") => never(
            Kind::Unauthorized,
            "Zoho Desk refused the access token, also a fresh one; does it belong to this data centre?",
        ),
        (401, _) => never(Kind::Unauthorized, "the call came without a valid Authorization header"),
        (403, "SCOPE_MISMATCH") => never(
            Kind::Unauthorized,
            "the token lacks a scope for this call; a new scope needs a new refresh token",
        ),
        (403, "OAUTH_ORG_MISMATCH") => {
            never(Kind::Unauthorized, "the organisation (orgId) isn't one of this token")
        }
        (403, "LICENSE_ACCESS_LIMITED") => {
            never(Kind::Forbidden, "the portal's plan or its number of seats doesn't allow this")
        }
        (403, _) => never(
            Kind::Forbidden,
            "the token's owner may not do this: a permission of the profile, or a department that isn't visible",
        ),
        (404, _) => never(Kind::NotFound, "not there"),
        (413, _) => never(Kind::TooLarge, "Zoho Desk refused the file or the body as too large"),
        (422, _) if duplicate => never(Kind::Conflict, "a field's value is taken already"),
        (422, "INVALID_DATA") => never(Kind::Invalid, "Zoho Desk refused fields of the request"),
        (422, _) => never(Kind::Invalid, "Zoho Desk refused the request by one of its rules"),
        (429, "THRESHOLD_EXCEEDED") => None,
        (429, _) => Some((Kind::Throttled, Retry::Later, "too many calls at once")),
        _ => None,
    }
}

/// The refused fields in one line.
fn fields(items: &[Item]) -> String {
    let mut line = String::new();
    for item in items.iter().take(MOST_FIELDS) {
        let field = item.field_name.as_deref().and_then(pointer).unwrap_or("/?");
        let problem = item.error_type.as_deref().and_then(word).unwrap_or_else(|| "invalid".to_owned());
        let between = if line.is_empty() { "" } else { "; " };
        let _ = write!(line, "{between}{field} {problem}");
    }
    if items.len() > MOST_FIELDS {
        let _ = write!(line, "; /… {}-more", items.len() - MOST_FIELDS);
    }
    line
}

/// A word of the platform: short, without spaces. Anything else might be somebody's text.
fn word(text: &str) -> Option<String> {
    let fits = (1..=60).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    fits.then(|| text.to_owned())
}

/// A JSON pointer made of names and indices.
fn pointer(text: &str) -> Option<&str> {
    let fits = (1..=120).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_/-.[]".contains(&b));
    fits.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};
    use serde_json::{Value, json};
    use std::time::Duration;

    fn error(status: u16, operation: &'static str, headers: &[(&'static str, &str)], body: Value) -> Error {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let body = body.to_string();
        let mut answer = Answered::new(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes());
        answer.operation = operation;
        answer.at = Duration::from_secs(1_800_000_000);
        ZohoDeskErrors.classify(&answer).unwrap_err()
    }

    #[test]
    fn refused_fields_are_named_by_pointer_and_problem() {
        let body = json!({"errorCode": "INVALID_DATA", "message": "ada@example.com is not valid", "errors": [
            {"fieldName": "/contactId", "errorType": "missing", "errorMessage": ""},
            {"fieldName": "/cf/cf_x", "errorType": "invalid", "errorMessage": "ada"},
            {"fieldName": "ada lovelace", "errorType": "who knows"}]});
        let e = error(422, "tickets.create", &[], body);
        assert_eq!(
            (e.kind(), e.outcome(), e.code()),
            (ErrorKind::Invalid, Outcome::Rejected, Some("INVALID_DATA"))
        );
        let named: Vec<_> = e.field_errors().into_iter().map(|f| (f.field, f.problem)).collect();
        let expected = [("/contactId", "missing"), ("/cf/cf_x", "invalid"), ("/?", "invalid")];
        assert_eq!(named, expected.map(|(f, p)| (f.to_owned(), p.to_owned())));
        assert!(!format!("{e} {e:?}").contains("ada"), "{e:?}");
    }

    #[test]
    fn a_duplicate_is_a_conflict() {
        let body = json!({"errorCode": "INVALID_DATA", "errors": [{"fieldName": "/email", "errorType": "duplicate"}]});
        assert_eq!(error(422, "contacts.create", &[], body).kind(), ErrorKind::Conflict);
    }

    #[test]
    fn the_two_kinds_of_429_are_told_apart() {
        let body = json!({"errorCode": "THRESHOLD_EXCEEDED", "message": "m"});
        let e = error(429, "tickets.get", &[("retry-after", "3600")], body.clone());
        assert!(e.stops_the_run());
        assert_eq!((e.retry(), e.outcome()), (Retry::After(Duration::from_secs(3600)), Outcome::Rejected));
        assert_eq!(e.credits_reset().unwrap().as_second(), 1_800_003_600);
        let e = error(429, "tickets.get", &[], body);
        assert!(e.stops_the_run() && e.credits_reset().is_none());
        let e = error(429, "tickets.get", &[], json!({"errorCode": "TOO_MANY_REQUESTS"}));
        assert_eq!((e.kind(), e.retry(), e.stops_the_run()), (ErrorKind::Throttled, Retry::Later, false));
        assert_eq!(error(429, "tickets.get", &[], json!("<html>")).kind(), ErrorKind::Throttled);
    }

    #[test]
    fn a_missing_scope_stops_the_run_and_is_named() {
        let e = error(403, "comments.delete", &[], json!({"errorCode": "SCOPE_MISMATCH"}));
        assert!(e.stops_the_run());
        assert_eq!(e.missing_scopes(), ["Desk.tickets.UPDATE"]);
        let e = error(403, "tickets.get", &[], json!({"errorCode": "FORBIDDEN"}));
        assert_eq!((e.kind(), e.stops_the_run()), (ErrorKind::Forbidden, false));
    }

    #[test]
    fn a_limit_of_the_plan_says_which() {
        let body = json!({"errorCode": "LICENSE_ACCESS_LIMITED", "maxAllowedEntity": "3", "feature": "TEAM",
            "editionType": "STANDARD", "isTrial": false});
        let e = error(403, "teams.create", &[], body);
        assert!(e.is_limit_of_plan() && !e.stops_the_run());
        let context = ["feature", "edition", "allowed", "trial"].map(|key| e.context(key));
        assert_eq!(context, [Some("TEAM"), Some("STANDARD"), Some("3"), Some("false")]);
    }

    #[test]
    fn a_5xx_leaves_the_outcome_open_whatever_its_body() {
        for body in [json!({}), json!({"errorCode": "INTERNAL_SERVER_ERROR"}), json!("<html>")] {
            let e = error(500, "tickets.create", &[], body);
            assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));
        }
    }
}
