//! The sink's own transport: only calls that write no word to anybody pass, whatever features are on.

use crate::Endpoint;
use async_trait::async_trait;
use connector_http::{Exchange, Meta, Request, Response, Segment, StreamResponse};
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use serde_json::Value;
use std::sync::Arc;

/// An allow-list of method and path, and of the keys that each body may have. Everything else is `Denied`, not sent.
pub(super) struct Guard {
    inner: Arc<dyn Exchange>,
    endpoint: Endpoint,
}

impl Guard {
    pub(super) fn new(inner: Arc<dyn Exchange>, endpoint: Endpoint) -> Self {
        Guard { inner, endpoint }
    }

    fn check(&self, request: &Request) -> Result<()> {
        let denied = |why: &'static str| {
            Err(Error::not_sent(ErrorKind::Denied, why).with_operation(Meta::of(request).operation()))
        };
        let base = self.endpoint.base();
        let same_host =
            request.uri().host() == base.host_str() && request.uri().scheme_str() == Some(base.scheme());
        let Some(path) = self.endpoint.below(request.uri().path()).filter(|_| same_host) else {
            return denied("the sink calls nothing but its Intercom base URL");
        };
        let Some(rule) = RULES.iter().find(|r| r.method == request.method() && fits(r.path, &path)) else {
            return denied("the call is not among those that the sink may make");
        };
        let keys = match rule.body {
            BodyRule::Any => return Ok(()),
            BodyRule::None if request.body().is_empty() => return Ok(()),
            BodyRule::None => return denied("this call has no body"),
            BodyRule::Keys(keys) => Some(keys),
            BodyRule::Article(_) | BodyRule::Reply | BodyRule::Parts => None,
        };
        let Some(Value::Object(body)) = skeleton(request) else {
            return denied("the body is not a JSON object");
        };
        let only = |keys: &[&str]| body.keys().all(|k| keys.contains(&k.as_str()));
        let is = |key: &str, value: &str| body.get(key).and_then(Value::as_str) == Some(value);
        match (rule.body, keys) {
            (_, Some(keys)) if only(keys) => Ok(()),
            (_, Some(_)) => denied("the body has a key that the sink may not write"),
            (BodyRule::Article(keys), _) => {
                let off = |(key, value): (&String, &Value)| {
                    key.starts_with("ai_") && key.ends_with("_availability") && *value == Value::Bool(false)
                };
                let texts = body.get("translated_content").and_then(Value::as_object);
                let words = ["type", "title", "description", "body", "author_id", "state"];
                let plain = |text: &Value| {
                    text.as_object().is_some_and(|t| t.keys().all(|key| words.contains(&key.as_str())))
                };
                let plain = texts.is_none_or(|all| all.values().all(plain));
                if plain && body.iter().all(|(key, value)| keys.contains(&key.as_str()) || off((key, value)))
                {
                    return Ok(());
                }
                denied("the body has a key that the sink may not write, or opens an article to assistants")
            }
            (BodyRule::Reply, _) => {
                let common = ["type", "message_type", "body", "created_at", "attachment_files"];
                let contact = is("type", "user")
                    && is("message_type", "comment")
                    && only(&[&common[..], &["intercom_user_id"]].concat());
                let admin =
                    is("type", "admin") && only(&[&common[..], &["admin_id", "skip_notifications"]].concat());
                let silent = is("message_type", "note")
                    || is("message_type", "comment")
                        && body.get("skip_notifications") == Some(&Value::Bool(true));
                match (contact, admin && silent) {
                    (true, _) => Ok(()),
                    (_, true) if notifications_can_be_skipped(self.endpoint.version()) => Ok(()),
                    (_, true) => denied("before version 2.15 Intercom ignores skip_notifications"),
                    _ => denied("the reply would notify somebody, or is of a kind the sink may not write"),
                }
            }
            _ => {
                let known = ["close", "open", "snoozed", "assignment"].iter().any(|m| is("message_type", m));
                if known && only(&["message_type", "type", "admin_id", "assignee_id", "snoozed_until"]) {
                    return Ok(());
                }
                denied("the action would show the customer something, or is of a kind the sink may not take")
            }
        }
    }
}

#[async_trait]
impl Exchange for Guard {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        self.check(request)?;
        self.inner.exchange(request).await
    }
    async fn open(&self, request: &Request) -> Result<StreamResponse> {
        self.check(request)?;
        self.inner.open(request).await
    }
}

#[derive(Clone, Copy)]
enum BodyRule {
    None,
    /// A search: nothing in it lasts.
    Any,
    Keys(&'static [&'static str]),
    /// An article that no assistant answers from.
    Article(&'static [&'static str]),
    Reply,
    Parts,
}

struct Rule {
    method: Method,
    path: &'static [&'static str],
    body: BodyRule,
}

const fn rule(method: Method, path: &'static [&'static str], body: BodyRule) -> Rule {
    Rule { method, path, body }
}

const CONTACT: BodyRule =
    BodyRule::Keys(&["role", "external_id", "email", "phone", "name", "signed_up_at", "custom_attributes"]);

const COMPANY: BodyRule = BodyRule::Keys(&["company_id", "name", "website", "custom_attributes"]);

const COLLECTION: BodyRule = BodyRule::Keys(&["name", "description", "parent_id"]);

/// Neither audiences nor times of publishing, and available to no assistant.
const ARTICLE: BodyRule = BodyRule::Article(&[
    "title",
    "description",
    "body",
    "author_id",
    "state",
    "parent_id",
    "parent_type",
    "translated_content",
]);

const INTERNAL_ARTICLE: BodyRule = BodyRule::Article(&["title", "body", "author_id", "owner_id"]);

const HOURS: BodyRule = BodyRule::Keys(&["name", "time_zone_name", "time_intervals"]);

/// `N` stands for digits, `C` for a contact's id, `*` for anything.
const RULES: &[Rule] = &[
    rule(Method::GET, &["me"], BodyRule::None),
    rule(Method::GET, &["admins"], BodyRule::None),
    rule(Method::GET, &["teams"], BodyRule::None),
    rule(Method::GET, &["tags"], BodyRule::None),
    rule(Method::POST, &["tags"], BodyRule::Keys(&["name"])),
    rule(Method::DELETE, &["tags", "N"], BodyRule::None),
    rule(Method::GET, &["contacts"], BodyRule::None),
    rule(Method::GET, &["contacts", "C"], BodyRule::None),
    rule(Method::GET, &["contacts", "find_by_external_id", "*"], BodyRule::None),
    rule(Method::POST, &["contacts", "search"], BodyRule::Any),
    rule(Method::POST, &["contacts"], CONTACT),
    rule(Method::PUT, &["contacts", "C"], CONTACT),
    rule(Method::DELETE, &["contacts", "C"], BodyRule::None),
    rule(Method::POST, &["contacts", "C", "archive"], BodyRule::None),
    rule(Method::POST, &["contacts", "C", "unarchive"], BodyRule::None),
    rule(Method::GET, &["contacts", "C", "companies"], BodyRule::None),
    rule(Method::POST, &["contacts", "C", "companies"], BodyRule::Keys(&["id"])),
    rule(Method::DELETE, &["contacts", "C", "companies", "C"], BodyRule::None),
    rule(Method::GET, &["contacts", "C", "notes"], BodyRule::None),
    rule(Method::POST, &["contacts", "C", "notes"], BodyRule::Keys(&["body", "admin_id"])),
    rule(Method::GET, &["companies"], BodyRule::None),
    rule(Method::GET, &["companies", "C"], BodyRule::None),
    rule(Method::GET, &["companies", "C", "contacts"], BodyRule::None),
    rule(Method::POST, &["companies"], COMPANY),
    rule(Method::PUT, &["companies", "C"], COMPANY),
    rule(Method::DELETE, &["companies", "C"], BodyRule::None),
    rule(Method::GET, &["help_center", "help_centers"], BodyRule::None),
    rule(Method::GET, &["help_center", "collections"], BodyRule::None),
    rule(Method::GET, &["help_center", "collections", "N"], BodyRule::None),
    rule(Method::POST, &["help_center", "collections"], COLLECTION),
    rule(Method::PUT, &["help_center", "collections", "N"], COLLECTION),
    rule(Method::DELETE, &["help_center", "collections", "N"], BodyRule::None),
    rule(Method::GET, &["articles"], BodyRule::None),
    rule(Method::GET, &["articles", "N"], BodyRule::None),
    rule(Method::POST, &["articles"], ARTICLE),
    rule(Method::PUT, &["articles", "N"], ARTICLE),
    rule(Method::DELETE, &["articles", "N"], BodyRule::None),
    rule(Method::POST, &["articles", "N", "tags"], BodyRule::Keys(&["id", "admin_id"])),
    rule(Method::GET, &["internal_articles"], BodyRule::None),
    rule(Method::GET, &["internal_articles", "N"], BodyRule::None),
    rule(Method::POST, &["internal_articles"], INTERNAL_ARTICLE),
    rule(Method::PUT, &["internal_articles", "N"], INTERNAL_ARTICLE),
    rule(Method::DELETE, &["internal_articles", "N"], BodyRule::None),
    rule(Method::POST, &["internal_articles", "N", "tags"], BodyRule::Keys(&["id", "admin_id"])),
    rule(Method::GET, &["macros"], BodyRule::None),
    rule(Method::GET, &["office_hours_schedules"], BodyRule::None),
    rule(Method::GET, &["office_hours_schedules", "N"], BodyRule::None),
    rule(Method::POST, &["office_hours_schedules"], HOURS),
    rule(Method::PUT, &["office_hours_schedules", "N"], HOURS),
    rule(Method::DELETE, &["office_hours_schedules", "N"], BodyRule::None),
    rule(Method::GET, &["office_hours_schedules", "N", "office_hours_exceptions"], BodyRule::None),
    rule(
        Method::POST,
        &["office_hours_schedules", "N", "office_hours_exceptions"],
        BodyRule::Keys(&["exception_date", "exception_type"]),
    ),
    rule(Method::GET, &["conversations", "N"], BodyRule::None),
    rule(Method::POST, &["conversations", "search"], BodyRule::Any),
    rule(Method::POST, &["conversations"], BodyRule::Keys(&["from", "body", "created_at"])),
    rule(Method::POST, &["conversations", "N", "reply"], BodyRule::Reply),
    rule(Method::POST, &["conversations", "N", "parts"], BodyRule::Parts),
    rule(Method::PUT, &["conversations", "N"], BodyRule::Keys(&["read", "title", "custom_attributes"])),
    rule(Method::DELETE, &["conversations", "N"], BodyRule::None),
    rule(Method::POST, &["conversations", "N", "tags"], BodyRule::Keys(&["id", "admin_id"])),
    rule(Method::DELETE, &["conversations", "N", "tags", "N"], BodyRule::Keys(&["admin_id"])),
    rule(Method::GET, &["conversations", "attributes"], BodyRule::None),
    rule(
        Method::POST,
        &["conversations", "attributes"],
        BodyRule::Keys(&["name", "data_type", "description", "options"]),
    ),
    rule(Method::DELETE, &["conversations", "attributes", "N"], BodyRule::None),
    rule(Method::POST, &["conversations", "attributes", "N", "options"], BodyRule::Keys(&["label"])),
    rule(Method::DELETE, &["conversations", "attributes", "N", "options", "*"], BodyRule::None),
    rule(Method::GET, &["data_attributes"], BodyRule::None),
    rule(
        Method::POST,
        &["data_attributes"],
        BodyRule::Keys(&["name", "model", "data_type", "description", "options"]),
    ),
    rule(Method::PUT, &["data_attributes", "N"], BodyRule::Keys(&["archived", "options"])),
];

fn fits(pattern: &[&str], path: &[&str]) -> bool {
    pattern.len() == path.len()
        && pattern.iter().zip(path).all(|(want, have)| match *want {
            "N" => !have.is_empty() && have.bytes().all(|b| b.is_ascii_digit()),
            "C" => have.len() == 24 && have.bytes().all(|b| b.is_ascii_alphanumeric()),
            "*" => !have.is_empty(),
            word => word == *have,
        })
}

/// The body without the bytes of its files: they stand between quotes, so the rest is whole JSON.
fn skeleton(request: &Request) -> Option<Value> {
    let mut bytes = Vec::new();
    for segment in request.body().segments() {
        match segment {
            Segment::Bytes(part) => bytes.extend_from_slice(part),
            Segment::Base64 { .. } => {}
            Segment::Raw { .. } => return None,
        }
    }
    serde_json::from_slice(&bytes).ok()
}

/// `skip_notifications` of a reply exists from 2.15 on.
fn notifications_can_be_skipped(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= (2, 15),
        _ => version == "Preview",
    }
}
