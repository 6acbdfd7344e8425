//! Intercom's error envelope as an [`Error`] with kind, outcome, code, request id and retry.

use crate::id::ContactId;
use connector_http::{Answered, ByStatus, Classify, RateHeaders as _, XRateLimit};
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
use serde::Deserialize;
use std::time::Duration;

/// How long a thread that was filled too fast has to rest, at least.
const REPLY_PAUSE: Duration = Duration::from_secs(10);

/// Turns Intercom's answers into errors.
///
/// Messages of Intercom may quote what was sent. So an error keeps the codes, the names of fields, ids, and phrases that
/// this crate knows to be safe; never the message itself. Context keys it may set: `field`, `attribute`, `contact` (the
/// id of the contact that holds the key, from a 409) with `archived` = `true`, `merged_into`, `scope` (the permission that
/// the token lacks), `taken_by` (the model, `company` or `contact`, that uses the name of an attribute already), and
/// `errors` (how many the envelope held, when more than one). [`IntercomError`] gives them types.
#[derive(Clone, Copy, Debug, Default)]
pub struct IntercomErrors;

/// The contact that has the address or the external id which a refused create or update wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub contact: ContactId,
    /// Whether it is archived; then no read, list or search shows it until it is unarchived.
    pub archived: bool,
}

/// What an error of a call to Intercom knows.
pub trait IntercomError {
    /// Of a 409: who has the key.
    fn holder(&self) -> Option<Holder>;
    /// Of a 410: the contact into which the asked one was merged, by the `Link` header.
    fn merged_into(&self) -> Option<ContactId>;
    /// Of a 403: the permission that the token lacks, when the answer names it.
    fn missing_scope(&self) -> Option<&str>;
}

impl IntercomError for Error {
    fn holder(&self) -> Option<Holder> {
        let contact = ContactId::from(self.context("contact")?);
        Some(Holder { contact, archived: self.context("archived") == Some("true") })
    }
    fn merged_into(&self) -> Option<ContactId> {
        self.context("merged_into").map(ContactId::from)
    }
    fn missing_scope(&self) -> Option<&str> {
        self.context("scope")
    }
}

#[derive(Debug, Default, Deserialize)]
struct Envelope {
    #[serde(default)]
    request_id: Option<String>,
    #[serde(default, deserialize_with = "crate::wire::or_default")]
    errors: Vec<Item>,
}

#[derive(Debug, Default, Deserialize)]
struct Item {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    field: Option<String>,
}

impl Classify for IntercomErrors {
    fn classify(&self, answer: &Answered<'_>) -> Result<()> {
        match ByStatus.classify(answer) {
            Ok(()) => Ok(()),
            Err(by_status) => Err(enriched(by_status, answer)),
        }
    }
}

fn enriched(by_status: Error, answer: &Answered<'_>) -> Error {
    // A gateway answers with HTML or with nothing; then the status is all there is.
    let envelope: Envelope = serde_json::from_slice(answer.body).unwrap_or_default();
    let first = envelope.errors.first();
    let code = first.and_then(|e| e.code.as_deref()).and_then(word);
    let message = first.and_then(|e| e.message.as_deref()).unwrap_or_default();
    let mut error = match known(answer, code.as_deref(), message) {
        Some((kind, retry, text)) => {
            let outcome = if matches!(by_status.outcome(), Outcome::Unknown) {
                Outcome::Unknown
            } else {
                Outcome::Rejected
            };
            Error::new(kind, outcome, text)
                .with_operation(answer.operation.to_owned())
                .with_status(answer.status.as_u16())
                .with_retry(retry)
        }
        None => by_status,
    };
    if let Some(code) = code {
        error = error.with_code(code);
    }
    if let Some(id) = envelope.request_id.as_deref().and_then(word) {
        error = error.with_request_id(id);
    }
    if let Some(field) = first.and_then(|e| e.field.as_deref()).and_then(word) {
        error = error.with("field", field);
    }
    if let Some(name) = attribute_name(message) {
        error = error.with("attribute", name);
    }
    if let Some(id) = holder(message) {
        error = error.with("contact", id);
        if message.to_ascii_lowercase().contains("archived") {
            error = error.with("archived", "true");
        }
    }
    if matches!(answer.status.as_u16(), 401 | 403)
        && let Some(scope) = scope(message)
    {
        error = error.with("scope", scope);
    }
    if let Some(model) = taken_by(message) {
        error = error.with("taken_by", model);
    }
    if let Some(id) = canonical(answer) {
        error = error.with("merged_into", id);
    }
    if envelope.errors.len() > 1 {
        error = error.with("errors", envelope.errors.len());
    }
    error
}

/// What is known of this answer beyond its status.
fn known(
    answer: &Answered<'_>,
    code: Option<&str>,
    message: &str,
) -> Option<(ErrorKind, Retry, &'static str)> {
    let lower = message.to_ascii_lowercase();
    let has = |phrase: &str| lower.contains(phrase);
    let code = code.unwrap_or_default();
    Some(match answer.status.as_u16() {
        429 => (ErrorKind::Throttled, reset(answer), "too many calls"),
        400 | 422 if has("too many recent replies") => {
            (ErrorKind::Throttled, Retry::After(REPLY_PAUSE), "too many recent replies to this conversation")
        }
        400..=499 if matches!(code, "too_many_requests" | "retry_after" | "service_unavailable") => {
            (ErrorKind::Throttled, Retry::Later, "Intercom asks to come back later")
        }
        404 if answer.operation == "conversations.create"
            && (has("user not found") || code == "not_found") =>
        {
            (
                ErrorKind::NotReady,
                Retry::Later,
                "the contact can't start a conversation (yet): a new contact takes a while to be usable",
            )
        }
        404 if code.is_empty() || code.ends_with("not_found") => {
            (ErrorKind::NotFound, Retry::Never, "not there")
        }
        409 if has("matching those details already exists") => (
            ErrorKind::Conflict,
            Retry::Never,
            "a contact with this e-mail address or external id exists already",
        ),
        410 => (ErrorKind::NotFound, Retry::Never, "the contact was merged into another one"),
        401 => (ErrorKind::Unauthorized, Retry::Never, "Intercom refused the access token"),
        403 if code == "api_plan_restricted" => {
            (ErrorKind::Forbidden, Retry::Never, "the workspace's plan doesn't include this call")
        }
        403 => (ErrorKind::Forbidden, Retry::Never, "the access token lacks a permission for this call"),
        400 if code == "intercom_version_invalid" => {
            (ErrorKind::Config, Retry::Never, "this call doesn't exist in the configured Intercom version")
        }
        400 if has("conversation attribute") && has("does not exist")
            || has("custom attribute") && has("does not exist") =>
        {
            (ErrorKind::Invalid, Retry::Never, "the attribute does not exist; provision it first")
        }
        400 if has("multiple conversation attributes") => (
            ErrorKind::Invalid,
            Retry::Never,
            "several live conversation attributes have one name; archive all but one",
        ),
        400 if taken_by(message).is_some() => (
            ErrorKind::Invalid,
            Retry::Never,
            "an attribute has this name already; contacts and companies share their names",
        ),
        422 if has("model=conversation is no longer supported") => (
            ErrorKind::Invalid,
            Retry::Never,
            "attributes of conversations have calls of their own since version 2.16",
        ),
        400 if has("invalid value for created_at") => {
            (ErrorKind::Invalid, Retry::Never, "Intercom doesn't take this time as created_at")
        }
        400 if code == "not_restorable" => {
            (ErrorKind::Invalid, Retry::Never, "the contact was blocked and can't be created again")
        }
        400 if code == "team_unavailable" => {
            (ErrorKind::Invalid, Retry::Never, "the team can't be assigned any more")
        }
        _ => return None,
    })
}

fn reset(answer: &Answered<'_>) -> Retry {
    match XRateLimit::default().read(answer).resets_in {
        Some(wait) => Retry::After(wait),
        None => Retry::Later,
    }
}

/// A word of the platform: short, without spaces. Anything else might be somebody's text.
fn word(text: &str) -> Option<String> {
    let fits = (1..=100).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]".contains(c));
    fits.then(|| text.to_owned())
}

/// The name in `Conversation attribute 'x' does not exist`.
fn attribute_name(message: &str) -> Option<String> {
    let (before, rest) = message.split_once("ttribute '")?;
    if before.len() > 40 {
        return None;
    }
    let (name, after) = rest.split_once('\'')?;
    (name.chars().count() <= 100 && after.starts_with(" does not exist")).then(|| name.to_owned())
}

/// The permission in `You do not have the required scope (read_conversations) …` or `The scope x is required`.
fn scope(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("scope ")?;
    let name = rest.trim_start_matches('(').split([' ', ')']).next()?;
    let fits =
        name.contains('_') && name.len() <= 60 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    fits.then_some(name)
}

/// The model in `You already have 'x' in your company data. …`.
fn taken_by(message: &str) -> Option<&'static str> {
    let (_, rest) = message.strip_prefix("You already have '")?.rsplit_once("' in your ")?;
    match rest.split(' ').next()? {
        "company" => Some("company"),
        "people" => Some("contact"),
        _ => None,
    }
}

/// The id in `A contact matching those details already exists with id=…`.
fn holder(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("already exists with id=")?;
    let id = rest.get(..24)?;
    id.bytes().all(|b| b.is_ascii_hexdigit()).then_some(id)
}

/// The id in `Link: </contacts/{id}>; rel="canonical"` of a 410.
fn canonical(answer: &Answered<'_>) -> Option<String> {
    let link = answer.headers.get(http::header::LINK)?.to_str().ok()?;
    let (_, rest) = link.split_once("/contacts/")?;
    word(rest.split('>').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderMap, StatusCode};

    fn error(status: u16, operation: &'static str, headers: &[(&'static str, &str)], body: &str) -> Error {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let mut answer = Answered::new(StatusCode::from_u16(status).unwrap(), &map, body.as_bytes());
        answer.operation = operation;
        answer.at = Duration::from_secs(1_800_000_000);
        IntercomErrors.classify(&answer).unwrap_err()
    }
    fn list(code: &str, message: &str) -> String {
        serde_json::json!({"type": "error.list", "request_id": "req-1",
            "errors": [{"code": code, "message": message, "field": "email"}]})
        .to_string()
    }

    #[test]
    fn a_conflict_names_the_contact_that_holds_the_key() {
        let body = list(
            "conflict",
            "An archived contact matching those details already exists with id=6762f0dd1bb69f9f2193bb83",
        );
        let e = error(409, "contacts.create", &[], &body);
        assert_eq!((e.kind(), e.outcome(), e.status()), (ErrorKind::Conflict, Outcome::Rejected, Some(409)));
        let contact = ContactId::from("6762f0dd1bb69f9f2193bb83");
        assert_eq!(e.holder(), Some(Holder { contact, archived: true }));
        assert_eq!(
            (e.code(), e.request_id(), e.context("field")),
            (Some("conflict"), Some("req-1"), Some("email"))
        );
    }

    #[test]
    fn the_text_of_a_message_never_gets_out() {
        for status in [400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503] {
            let e = error(
                status,
                "contacts.create",
                &[],
                &list("parameter_invalid", "ada@example.com is not valid"),
            );
            assert!(!format!("{e} {e:?}").contains("ada@"), "{e:?}");
        }
        let e = error(400, "x", &[], &list("ada lovelace wrote: hello", "m"));
        assert!(!format!("{e:?}").contains("lovelace"));
    }

    #[test]
    fn too_many_says_when_to_come_back() {
        let reset = [("x-ratelimit-reset", "1800000007")];
        let e =
            error(429, "x", &reset, &list("rate_limit_exceeded", "Exceeded rate limit of 83 in 10_seconds"));
        assert_eq!((e.kind(), e.retry()), (ErrorKind::Throttled, Retry::After(Duration::from_secs(7))));
        let e =
            error(400, "x", &[], &list("parameter_invalid", "Too many recent replies to this conversation"));
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Throttled, Outcome::Rejected));
        assert_eq!(e.retry(), Retry::After(Duration::from_secs(10)));
    }

    #[test]
    fn a_contact_that_is_too_new_is_not_ready_but_a_missing_object_is_not_found() {
        let body = list("not_found", "User Not Found");
        let e = error(404, "conversations.create", &[], &body);
        assert_eq!((e.kind(), e.retry()), (ErrorKind::NotReady, Retry::Later));
        let e = error(404, "contacts.get", &[], &body);
        assert_eq!((e.kind(), e.retry()), (ErrorKind::NotFound, Retry::Never));
    }

    #[test]
    fn a_5xx_leaves_the_outcome_open_whatever_its_body() {
        for body in ["", "<html>502</html>", "{}", &list("server_error", "oops")] {
            let e = error(502, "conversations.create", &[], body);
            assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));
        }
    }

    #[test]
    fn an_unknown_attribute_is_named() {
        let e = error(
            400,
            "x",
            &[],
            &list("parameter_invalid", "Conversation attribute 'focalscope_x__c' does not exist"),
        );
        assert_eq!(e.context("attribute"), Some("focalscope_x__c"));
        let odd = list("parameter_invalid", "Conversation attribute 'dear sir");
        assert_eq!(error(400, "x", &[], &odd).context("attribute"), None);
    }

    #[test]
    fn a_merged_contact_says_into_which() {
        let link = [("link", "</contacts/6762f0dd1bb69f9f2193bb83>; rel=\"canonical\"")];
        let e = error(410, "contacts.get", &link, &list("contact_merged", "merged"));
        assert_eq!(
            (e.kind(), e.merged_into()),
            (ErrorKind::NotFound, Some("6762f0dd1bb69f9f2193bb83".into()))
        );
    }

    #[test]
    fn a_missing_scope_and_a_taken_name_are_named_and_nothing_else_of_the_message() {
        let e = error(
            403,
            "macros.list",
            &[],
            &list(
                "forbidden",
                "You do not have the required scope (read_conversations) to access this resource",
            ),
        );
        assert_eq!((e.kind(), e.missing_scope()), (ErrorKind::Forbidden, Some("read_conversations")));
        let e = error(403, "x", &[], &list("forbidden", "out of scope ada@example.com"));
        assert_eq!(e.missing_scope(), None);
        let e = error(
            400,
            "data_attributes.create",
            &[],
            &list(
                "parameter_invalid",
                "You already have 'Ada\'s ring' in your company data. To save this as new people data, use a different name.",
            ),
        );
        assert_eq!((e.kind(), e.context("taken_by")), (ErrorKind::Invalid, Some("company")));
        assert!(!format!("{e:?}").contains("ring"));
    }
}
