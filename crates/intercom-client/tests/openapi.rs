//! Every request that the client can build, against Intercom's official description.
//!
//! `INTERCOM_OPENAPI` names the YAML of version 2.16; without it, `platforms/intercom-2.16.openapi.yaml` below
//! `MIGRATION_SHARED` is looked for.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use connector_http::{FilePart, OpenBody, Request};
use futures_util::TryStreamExt as _;
use intercom_client::api::{
    AdminReply, ContactReply, ContactUpdate, ConversationUpdate, NewContact, NewConversation,
    NewConversationAttribute, NewDataAttribute, PartAction, Query, admins, contacts, conversation_attributes,
    conversations, data_attributes, me, tags, teams,
};
use intercom_client::{Ask, Cursor, Endpoint};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;

fn description() -> Option<Value> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("INTERCOM_OPENAPI").ok().map(PathBuf::from);
    let shared = std::env::var("MIGRATION_SHARED").map_or_else(|_| root.join("../shared"), PathBuf::from);
    let path = match named {
        Some(path) if path.is_absolute() || path.exists() => path,
        Some(path) => root.join(path),
        None => shared.join("platforms/intercom-2.16.openapi.yaml"),
    };
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the official description isn't there; set INTERCOM_OPENAPI");
        return None;
    };
    let mut description: Value = serde_norway::from_str(&text).unwrap();
    as_json_schema(&mut description);
    // Its second alternative takes anything, so that "exactly one" can never hold for a list.
    let update = &mut description["components"]["schemas"]["update_data_attribute_request"];
    update["anyOf"] = update["oneOf"].take();
    update.as_object_mut().unwrap().remove("oneOf");
    Some(description)
}

/// `nullable` is OpenAPI's; JSON Schema has a type for it.
fn as_json_schema(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.remove("example");
            map.remove("format");
            map.remove("discriminator");
            if map.remove("nullable") == Some(json!(true)) {
                if let Some(Value::String(kind)) = map.get("type").cloned() {
                    map.insert("type".into(), json!([kind, "null"]));
                }
                if let Some(Value::Array(any)) = map.get_mut("oneOf") {
                    any.push(json!({"type": "null"}));
                }
                if let Some(Value::Array(values)) = map.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
            map.values_mut().for_each(as_json_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        _ => {}
    }
}

struct Word;

#[async_trait::async_trait]
impl OpenBody for Word {
    async fn open(&self) -> mapping_core::Result<connector_http::ByteStream> {
        Ok(Box::pin(futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"word"))])))
    }
}

fn take<T>(ask: Ask<T>) -> Request {
    ask.request().unwrap().clone()
}

fn people(to: &Endpoint) -> Vec<Request> {
    let id = "6762f0dd1bb69f9f2193bb83".into();
    let fields = ContactUpdate::new()
        .name("Ada")
        .phone("+4930123456")
        .external_id("focalscope:contact:1")
        .email("a@b.example")
        .signed_up_at(Timestamp::from_second(1_600_000_000).unwrap())
        .attribute("city", "Berlin");
    let not_ours = Query::all([
        Query::filter("external_id", "!=", Value::Null),
        Query::filter("external_id", "!~", "focalscope:"),
    ]);
    let emptied = ContactUpdate::new()
        .empty("name")
        .empty("phone")
        .empty("email")
        .empty("external_id")
        .empty("signed_up_at")
        .attribute("city", Value::Null);
    vec![
        take(me::get(to)),
        take(admins::list(to)),
        take(admins::get(to, &"7".into())),
        take(teams::list(to)),
        take(teams::get(to, &"5".into())),
        take(contacts::create(to, &NewContact::user().with(fields.clone()))),
        take(contacts::create(to, &NewContact::lead().email("a@b.example"))),
        take(contacts::update(to, &id, &fields)),
        take(contacts::update(to, &id, &emptied)),
        take(contacts::get(to, &id)),
        take(contacts::delete(to, &id)),
        take(contacts::find_by_external_id(to, "focalscope:contact:1")),
        take(contacts::archive(to, &id)),
        take(contacts::unarchive(to, &id)),
        take(contacts::search(to, &Query::is("email", "a@b.example"), 50, Some(&Cursor::new("c")))),
        take(contacts::search(to, &not_ours, 1, None)),
        take(contacts::list(to, 50, Some(&Cursor::new("c")))),
    ]
}

fn threads(to: &Endpoint) -> Vec<Request> {
    let (id, by) = ("524".into(), "7".into());
    let at = Timestamp::from_second(1_600_000_000).unwrap();
    let file =
        || FilePart { name: "a".into(), content_type: "text/plain".into(), len: 4, open: Arc::new(Word) };
    let contact = "6762f0dd1bb69f9f2193bb83";
    let query = Query::all([
        Query::is("contact_ids", contact),
        Query::any([Query::greater("created_at", 1), Query::less("created_at", 9)]),
    ]);
    let mut all = vec![
        take(conversations::create(to, &NewConversation::new(contact, "Hello").created_at(at))),
        take(conversations::reply_as_contact(
            to,
            &id,
            ContactReply::new(contact, "x").created_at(at).files(vec![file()]),
        )),
        take(conversations::reply_as_contact(to, &id, ContactReply::new(contact, "x"))),
        take(conversations::reply_as_admin(to, &id, AdminReply::comment("7", "x").created_at(at))),
        take(conversations::reply_as_admin(to, &id, AdminReply::note("7", "x").files(vec![file(), file()]))),
        take(conversations::update(
            to,
            &id,
            &ConversationUpdate::new().title("T").read(true).attribute("a", 1),
        )),
        take(conversations::get(to, &id)),
        take(conversations::delete(to, &id, false)),
        take(conversations::search(to, &query, 150, Some(&Cursor::new("c")))),
        take(conversations::list(to, 150, Some(&Cursor::new("c")))),
        take(conversations::attach_tag(to, &id, &"17".into(), &by)),
        take(conversations::detach_tag(to, &id, &"17".into(), &by)),
        take(tags::list(to)),
        take(tags::create(to, "vip")),
        take(tags::delete(to, &"17".into())),
    ];
    let actions = [
        PartAction::Close,
        PartAction::Open,
        PartAction::Snooze(at),
        PartAction::AssignAdmin(Some("8".into())),
        PartAction::AssignTeam(None),
    ];
    all.extend(actions.iter().map(|action| take(conversations::act(to, &id, &by, action))));
    all
}

fn schema(to: &Endpoint) -> Vec<Request> {
    let (ours, theirs) = ("5".into(), "9".into());
    let mut all = vec![
        take(conversation_attributes::list(to, true)),
        take(conversation_attributes::archive(to, &ours)),
        take(conversation_attributes::add_option(to, &ours, "New")),
        take(conversation_attributes::archive_option(to, &ours, &"u1".into())),
        take(data_attributes::list(to, true)),
        take(data_attributes::set_archived(to, &theirs, true)),
        take(data_attributes::set_options(to, &theirs, &["A".into(), "B".into()])),
    ];
    use NewConversationAttribute as Ours;
    let lists = Ours::list("n", ["A", "B"]).description("d");
    for new in [
        Ours::string("n"),
        Ours::integer("n"),
        Ours::decimal("n"),
        Ours::boolean("n"),
        Ours::datetime("n"),
        lists,
    ] {
        all.push(take(conversation_attributes::create(to, &new)));
    }
    use NewDataAttribute as Theirs;
    let lists = Theirs::list("n", ["A", "B"]).description("d");
    for new in [
        Theirs::string("n"),
        Theirs::integer("n"),
        Theirs::float("n"),
        Theirs::boolean("n"),
        Theirs::datetime("n"),
        Theirs::date("n"),
        lists,
    ] {
        all.push(take(data_attributes::create(to, &new)));
    }
    all
}

/// The operation of a request: the path without placeholders wins over one with.
fn operation<'d>(description: &'d Value, request: &Request) -> Option<(&'d str, &'d Value)> {
    let path: Vec<&str> = request.uri().path().split('/').collect();
    let mut found: Vec<(&str, &Value)> = Vec::new();
    for (template, item) in description["paths"].as_object().unwrap() {
        let segments: Vec<&str> = template.split('/').collect();
        let fits = segments.len() == path.len()
            && segments.iter().zip(&path).all(|(want, have)| want.starts_with('{') || want == have);
        if let Some(operation) = item.get(request.method().as_str().to_lowercase()).filter(|_| fits) {
            found.push((template, operation));
        }
    }
    found.into_iter().min_by_key(|(template, _)| template.matches('{').count())
}

fn resolved<'d>(description: &'d Value, value: &'d Value) -> &'d Value {
    match value["$ref"].as_str() {
        Some(at) => resolved(description, description.pointer(at.trim_start_matches('#')).unwrap()),
        None => value,
    }
}

async fn check(description: &Value, request: &Request) -> Result<(), String> {
    let name = format!("{} {}", request.method(), request.uri().path());
    let Some((template, operation)) = operation(description, request) else {
        return Err(format!("{name}: the description has no such call"));
    };
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let known: Vec<String> = parameters
        .iter()
        .map(|p| resolved(description, p)["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    for (key, _) in url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes()) {
        // The description's lists declare no parameters of paging for some calls, and their texts name them.
        if !known.contains(&key.to_string()) && !["per_page", "starting_after"].contains(&&*key) {
            return Err(format!("{name}: no query parameter `{key}` at {template}"));
        }
    }
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let body: Vec<bytes::Bytes> = request.body().stream().try_collect().await.unwrap();
    let body = body.concat();
    match (body.is_empty(), schema.is_null()) {
        (true, true) => return Ok(()),
        (true, false) if operation["requestBody"]["required"] != true => return Ok(()),
        (false, false) => {}
        (empty, _) => {
            return Err(format!("{name}: a body is {}", if empty { "missing" } else { "not described" }));
        }
    }
    let mut schema = schema.clone();
    schema["components"] = description["components"].clone();
    let validator = jsonschema::draft7::new(&schema).map_err(|e| format!("{name}: {e}"))?;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&body).map(|e| e.to_string()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{name}: {}", wrong.join("; "))) }
}

#[tokio::test]
async fn every_request_fits_the_official_description() {
    let Some(description) = description() else { return };
    let to = Endpoint::new("https://api.intercom.io", "2.16").unwrap();
    let requests: Vec<Request> = people(&to).into_iter().chain(threads(&to)).chain(schema(&to)).collect();
    let mut wrong = Vec::new();
    for request in &requests {
        if let Err(why) = check(&description, request).await {
            wrong.push(why);
        }
    }
    assert!(wrong.is_empty(), "{} of {} requests:\n{}", wrong.len(), requests.len(), wrong.join("\n"));
    eprintln!("{} requests fit the description", requests.len());
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_found() {
    let Some(description) = description() else { return };
    let to = Endpoint::new("https://api.intercom.io", "2.16").unwrap();
    let mut request =
        take(conversations::create(&to, &NewConversation::new("6762f0dd1bb69f9f2193bb83", "x")));
    *request.body_mut() = connector_http::Body::json(&json!({"body": 7})).unwrap();
    let why = check(&description, &request).await.unwrap_err();
    assert!(why.contains("from") && why.contains('7'), "{why}");
}
