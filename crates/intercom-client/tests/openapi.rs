//! Every request that the client can build, against Intercom's official description, and the description's examples of
//! answers against the client's types.
//!
//! `INTERCOM_OPENAPI` names the YAML of version 2.16; without it, `platforms/intercom-2.16.openapi.yaml` below
//! `MIGRATION_SHARED` is looked for.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use connector_http::{FilePart, Meta, OpenBody, Request, Response};
use futures_util::TryStreamExt as _;
use intercom_client::api::{
    AdminReply, ArticleState, ArticleUpdate, CollectionUpdate, CompanyUpdate, ContactReply, ContactUpdate,
    ContentQuery, ConversationAttributeUpdate, ConversationUpdate, InternalArticleUpdate, Interval, Model,
    NewArticle, NewCollection, NewCompany, NewContact, NewConversation, NewConversationAttribute,
    NewDataAttribute, NewException, NewInternalArticle, NewOfficeHours, NewTicket, NewTicketAttribute,
    NewTicketType, OfficeHoursUpdate, PartAction, Query, RedirectTarget, TicketCategory, TicketTypeUpdate,
    TicketUpdate, Translation, admins, articles, brands, collections, companies, contacts, content,
    conversation_attributes, conversations, data_attributes, emails, help_centers, internal_articles, jobs,
    macros, me, notes, office_hours, tags, teams, ticket_types, tickets,
};
use intercom_client::{Ask, Cursor, Endpoint};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::{Value, json};
use std::collections::BTreeSet;
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

/// Reads an answer and gives its `Debug`.
type Read = dyn Fn(&Response) -> mapping_core::Result<String>;

/// A request with the way to read its answer.
struct Built {
    request: Request,
    read: Box<Read>,
}

fn take<T: std::fmt::Debug + 'static>(ask: Ask<T>) -> Built {
    let request = ask.request().unwrap().clone();
    Built { request, read: Box::new(move |answer| ask.read(answer).map(|it| format!("{it:?}"))) }
}

/// Everything that the client can build.
fn everything() -> Vec<Built> {
    let to = Endpoint::new("https://api.intercom.io", "2.16").unwrap();
    let mut all = people(&to);
    all.extend(organisations(&to));
    all.extend(threads(&to));
    all.extend(schema(&to));
    all.extend(knowledge(&to));
    all.extend(desk(&to));
    all.extend(tickets_and_types(&to));
    #[cfg(feature = "sending")]
    all.extend(sending(&to));
    all
}

fn people(to: &Endpoint) -> Vec<Built> {
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
        take(contacts::merge(to, &"5762f0dd1bb69f9f2193bb83".into(), &id, true)),
        take(contacts::merge_history(to, &id, 50, Some(&Cursor::new("c")))),
        take(contacts::tags(to, &id)),
        take(contacts::attach_tag(to, &id, &"17".into())),
        take(contacts::detach_tag(to, &id, &"17".into())),
        take(notes::create_on_contact(to, &id, Some(&"7".into()), "x")),
        take(notes::create_on_contact(to, &id, None, "x")),
        take(notes::create_on_company(to, &"5".into(), Some(&"7".into()), "x")),
        take(notes::of_contact(to, &id, 50, None)),
        take(notes::of_company(to, &"5".into(), 50, Some(&Cursor::new("page=2")))),
        take(notes::get(to, &"31".into())),
    ]
}

fn organisations(to: &Endpoint) -> Vec<Built> {
    let (id, contact) = ("6762f0941bb69f9f2193bb25".into(), "6762f0dd1bb69f9f2193bb83".into());
    let fields = CompanyUpdate::new()
        .name("Acme")
        .website("acme.example")
        .industry("Trade")
        .size(4)
        .attribute("tier", "gold");
    let at = Timestamp::from_second(1_600_000_000).unwrap();
    let new = NewCompany::new("focalscope:org:7").with(fields.clone()).remote_created_at(at);
    vec![
        take(companies::upsert(to, &new)),
        take(companies::get(to, &id)),
        take(companies::find_by_company_id(to, "focalscope:org:7")),
        take(companies::update(to, &id, &fields)),
        take(companies::delete(to, &id)),
        take(companies::list(to, 50, Some(&Cursor::new("page=2")))),
        take(companies::scroll(to, None)),
        take(companies::scroll(to, Some(&Cursor::new("s")))),
        take(companies::attach(to, &contact, &id)),
        take(companies::detach(to, &contact, &id)),
        take(companies::of_contact(to, &contact, 50, None)),
        take(companies::contacts(to, &id, 50, None)),
    ]
}

fn knowledge(to: &Endpoint) -> Vec<Built> {
    let (author, shelf) = ("7".into(), "145".into());
    let (article, internal, help_center, tag) = ("42".into(), "39".into(), "79".into(), "17".into());
    let collection = CollectionUpdate::new()
        .name("Billing")
        .description("d")
        .parent(Some(&shelf))
        .translation("de", "Rechnungen", Some("b"));
    let translation = Translation::new("Erstattung").description("d").body("<p>x</p>").author(&author);
    let text = ArticleUpdate::new()
        .title("Refunds")
        .description("d")
        .body("<p>x</p>")
        .author(&author)
        .published(true)
        .collection(&shelf)
        .translation("pt-BR", translation.published(true))
        .available_to_ai(false);
    let note = InternalArticleUpdate::new().title("SOP").body("<p>x</p>").author(&author).owner(&author);
    let next = Cursor::new("next=https://api.intercom.io/articles?page=2");
    let (url, to_article, to_shelf) = (
        "https://h.example/old",
        RedirectTarget::Article("11".into()),
        RedirectTarget::Collection("5".into()),
    );
    let new = NewCollection::new("B").with(collection.clone()).help_center(&help_center);
    let sop = NewInternalArticle::new("SOP", &author, &author).with(note.clone());
    vec![
        take(collections::create(to, &new)),
        take(collections::list(to, 50, None)),
        take(collections::get(to, &shelf)),
        take(collections::update(to, &shelf, &collection)),
        take(collections::update(to, &shelf, &CollectionUpdate::new().parent(None))),
        take(collections::delete(to, &shelf)),
        take(articles::create(to, &NewArticle::new("Refunds", &author).with(text.clone()))),
        take(articles::get(to, &article)),
        take(articles::list(to, 50, Some(&next))),
        take(articles::update(to, &article, &text)),
        take(articles::delete(to, &article)),
        take(articles::search(to, "x", ArticleState::All, Some(&help_center), 10, None)),
        take(articles::search(to, "x", ArticleState::Published, None, 10, None)),
        take(articles::attach_tag(to, &article, &tag, Some(&author))),
        take(articles::attach_tag(to, &article, &tag, None)),
        take(articles::detach_tag(to, &article, &tag)),
        take(internal_articles::create(to, &sop)),
        take(internal_articles::get(to, &internal)),
        take(internal_articles::list(to, 50, None)),
        take(internal_articles::update(to, &internal, &note.available_to_ai(true))),
        take(internal_articles::delete(to, &internal)),
        take(internal_articles::attach_tag(to, &internal, &tag, None)),
        take(internal_articles::detach_tag(to, &internal, &tag)),
        take(help_centers::list(to)),
        take(help_centers::get(to, &help_center)),
        take(help_centers::redirects(to, &help_center, 50, None)),
        take(help_centers::create_redirect(to, &help_center, url, "en", &to_article)),
        take(help_centers::create_redirect(to, &help_center, url, "en", &to_shelf)),
        take(help_centers::delete_redirect(to, &help_center, &"26".into())),
        take(content::search(to, &ContentQuery::new().words("x").tags([tag]).articles(), 50, None)),
    ]
}

fn desk(to: &Endpoint) -> Vec<Built> {
    let (id, exception) = ("123".into(), "456".into());
    let hours = [Interval { start: 540, end: 1020 }];
    let (day, next) = (date(2026, 12, 25), Cursor::new("c"));
    let closed = NewException::closed(day).name("Christmas").every_year(true);
    vec![
        take(office_hours::create(to, &NewOfficeHours::new("Support", "Europe/Berlin", &hours))),
        take(office_hours::list(to)),
        take(office_hours::get(to, &id)),
        take(office_hours::update(to, &id, &OfficeHoursUpdate::new().intervals(&hours))),
        take(office_hours::delete(to, &id)),
        take(office_hours::exceptions(to, &id)),
        take(office_hours::create_exception(to, &id, &closed)),
        take(office_hours::create_exception(to, &id, &NewException::hours(day, &hours))),
        take(office_hours::update_exception(to, &id, &exception, &closed)),
        take(office_hours::delete_exception(to, &id, &exception)),
        take(macros::list(to, 150, Some(&next))),
        take(macros::get(to, &"1".into())),
        take(emails::list(to)),
        take(emails::get(to, &"1".into())),
        take(brands::list(to)),
        take(brands::get(to, &"1".into())),
        take(jobs::get(to, &"2".into())),
    ]
}

fn tickets_and_types(to: &Endpoint) -> Vec<Built> {
    let (kind, id, contact) = ("100".into(), "633".into(), "6762f0dd1bb69f9f2193bb83");
    let at = Timestamp::from_second(1_600_000_000).unwrap();
    let new = NewTicket::new(&kind, &contact.into())
        .attribute("_default_title_", "x")
        .created_at(at)
        .assigned(Some(&"7".into()), Some(&"5".into()))
        .company(&"5".into());
    let fields = TicketUpdate::new()
        .attribute("_default_title_", "x")
        .state(&"8577".into())
        .open(false)
        .shared(false)
        .assigned(&"7".into(), Some("8"));
    let case = NewTicketType::new("Case", TicketCategory::BackOffice).description("d");
    let archived = TicketTypeUpdate::new().name("n").description("d").archived(true);
    use NewTicketAttribute as Of;
    let mut all = vec![
        take(tickets::create(to, &new)),
        take(tickets::enqueue(to, &new)),
        take(tickets::get(to, &id)),
        take(tickets::search(to, &Query::is("ticket_attribute.220", "x"), 20, Some(&Cursor::new("c")))),
        take(tickets::update(to, &id, &fields)),
        take(tickets::reply_as_admin(to, &id, AdminReply::note("7", "x").created_at(at))),
        take(tickets::reply_as_contact(to, &id, ContactReply::new(contact, "x").created_at(at))),
        take(tickets::delete(to, &id)),
        take(ticket_types::list(to)),
        take(ticket_types::get(to, &kind)),
        take(ticket_types::create(to, &case)),
        take(ticket_types::update(to, &kind, &archived)),
        take(ticket_types::set_attribute_archived(to, &kind, &"221".into(), true)),
        take(ticket_types::states(to)),
    ];
    for new in [
        Of::string("n", "d"),
        Of::integer("n", "d"),
        Of::decimal("n", "d"),
        Of::boolean("n", "d"),
        Of::datetime("n", "d"),
        Of::list("n", "d", ["A", "B"]).visible_to_contacts(false),
    ] {
        all.push(take(ticket_types::create_attribute(to, &kind, &new)));
    }
    all
}

#[cfg(feature = "sending")]
fn sending(to: &Endpoint) -> Vec<Built> {
    use intercom_client::api::messages;
    let (id, by, contact) = ("524".into(), "7".into(), "6762f0dd1bb69f9f2193bb83".into());
    vec![
        take(messages::send(to, &by, &contact, "x")),
        take(messages::close_with(to, &id, &by, "x")),
        take(messages::quick_reply(to, &id, &by, &["Yes", "No"])),
        take(messages::redirect_phone_call(to, "+353832345678")),
        take(messages::block(to, &contact)),
        take(conversations::reply_as_admin(to, &id, AdminReply::comment("7", "x").notifying())),
    ]
}

fn threads(to: &Endpoint) -> Vec<Built> {
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
        take(conversations::get_plain(to, &id)),
        take(conversations::delete(to, &id, false)),
        take(conversations::deleted(to, 60, Some(&Cursor::new("page=2")))),
        take(conversations::redact_part(to, &id, &"149".into())),
        take(conversations::redact_source(to, &id, &"403918391".into())),
        take(conversations::merge(to, &id, &"525".into())),
        take(conversations::convert(to, &id, &"100".into())),
        take(conversations::add_participant(to, &id, &contact.into(), &by)),
        take(conversations::remove_participant(to, &id, &contact.into(), &by)),
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

fn schema(to: &Endpoint) -> Vec<Built> {
    let (ours, theirs) = ("5".into(), "9".into());
    let described =
        ConversationAttributeUpdate::new().name("n").description("d").required(true).visible_to(["5".into()]);
    let mut all = vec![
        take(conversation_attributes::list(to, true)),
        take(conversation_attributes::archive(to, &ours)),
        take(conversation_attributes::get(to, &ours)),
        take(conversation_attributes::update(to, &ours, &described)),
        take(conversation_attributes::rename_option(to, &ours, &"u1".into(), "Old")),
        take(conversation_attributes::add_option(to, &ours, "New")),
        take(conversation_attributes::archive_option(to, &ours, &"u1".into())),
        take(data_attributes::list(to, true)),
        take(data_attributes::list_of(to, Model::Company, false)),
        take(data_attributes::describe(to, &theirs, "d")),
        take(data_attributes::set_archived(to, &theirs, true)),
        take(data_attributes::set_options(to, &theirs, &["A".into(), "B".into()])),
    ];
    use NewConversationAttribute as Ours;
    let lists = Ours::list("n", ["A", "B"]).description("d").required(true).visible_to(["5".into()]);
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
        Theirs::string("n").of_model(Model::Company),
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
        if !known.contains(&key.to_string()) && !["page", "per_page", "starting_after"].contains(&&*key) {
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
    let body: Value = serde_json::from_slice(&body).unwrap();
    // The description lets objects have more keys than it names, so that a misspelled one would pass.
    let mut named = BTreeSet::new();
    keys(description, schema, &mut named);
    if let Some(key) = body.as_object().unwrap().keys().find(|key| !named.contains(key.as_str())) {
        return Err(format!("{name}: the description has no key `{key}`"));
    }
    let mut schema = schema.clone();
    schema["components"] = description["components"].clone();
    let validator = jsonschema::draft7::new(&schema).map_err(|e| format!("{name}: {e}"))?;
    let wrong: Vec<String> = validator.iter_errors(&body).map(|e| e.to_string()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{name}: {}", wrong.join("; "))) }
}

/// The keys that an object may have by its schema, whichever alternative it is.
fn keys<'d>(description: &'d Value, schema: &'d Value, into: &mut BTreeSet<&'d str>) {
    let schema = resolved(description, schema);
    into.extend(schema["properties"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()));
    for word in ["oneOf", "anyOf", "allOf"] {
        for part in schema[word].as_array().into_iter().flatten() {
            keys(description, part, into);
        }
    }
}

#[tokio::test]
async fn every_request_fits_the_official_description() {
    let Some(description) = description() else { return };
    let all = everything();
    let mut wrong = Vec::new();
    for built in &all {
        if let Err(why) = check(&description, &built.request).await {
            wrong.push(why);
        }
    }
    assert!(wrong.is_empty(), "{} of {} requests:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    eprintln!("{} requests fit the description", all.len());
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_found() {
    let Some(description) = description() else { return };
    let to = Endpoint::new("https://api.intercom.io", "2.16").unwrap();
    let contact = "6762f0dd1bb69f9f2193bb83";
    let create = || take(conversations::create(&to, &NewConversation::new(contact, "x"))).request;
    let with = |mut request: Request, body: Value| {
        *request.body_mut() = connector_http::Body::json(&body).unwrap();
        request
    };
    let at = |mut request: Request, uri: &str| {
        *request.uri_mut() = uri.parse().unwrap();
        request
    };
    let from = json!({"type": "user", "id": contact});
    let misspelled = json!({"from": from, "body": "x", "createdat": 1});
    let article = take(articles::create(&to, &NewArticle::new("t", &"7".into()))).request;
    let cases = [
        (with(create(), json!({"body": 7})), "from"),
        (with(create(), misspelled), "no key `createdat`"),
        (with(article, json!({"title": "t", "author_id": "seven"})), "seven"),
        (at(create(), "https://api.intercom.io/conversation"), "no such call"),
        (
            at(take(macros::list(&to, 5, None)).request, "https://api.intercom.io/macros?size=5"),
            "parameter `size`",
        ),
        (with(take(macros::list(&to, 5, None)).request, json!({})), "a body is not described"),
    ];
    for (request, want) in cases {
        let why = check(&description, &request).await.unwrap_err();
        assert!(why.contains(want), "{why}");
    }
}

/// The names of operations in the sources of the calls: words joined by one dot, as text.
fn operations_in_the_sources() -> BTreeSet<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut names = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if cfg!(not(feature = "sending")) && path.ends_with("messages.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        let calls = text.split("#[cfg(test)]").next().unwrap();
        let calls: String = calls.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        names
            .extend(calls.split('"').skip(1).step_by(2).filter(|text| is_operation(text)).map(str::to_owned));
    }
    names
}

fn is_operation(text: &str) -> bool {
    let words: Vec<&str> = text.split('.').collect();
    let word = |w: &&str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    words.len() == 2 && words.iter().all(word)
}

#[test]
fn no_call_of_the_client_is_left_out() {
    let built: BTreeSet<String> =
        everything().iter().map(|b| Meta::of(&b.request).operation().to_owned()).collect();
    let left_out: Vec<_> =
        operations_in_the_sources().into_iter().filter(|name| !built.contains(name)).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    assert!(built.len() > 100, "{}", built.len());
}

/// The description's examples of an answer, and where they stand.
fn examples(operation: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let answers = operation["responses"].as_object().into_iter().flatten();
    answers.filter(|(status, _)| status.starts_with('2')).flat_map(|(_, answer)| {
        let examples = answer["content"]["application/json"]["examples"].as_object().into_iter().flatten();
        examples.map(|(name, example)| (name.as_str(), &example["value"]))
    })
}

/// Addresses, numbers and words of people in an answer.
fn people_s_texts<'v>(value: &'v Value, into: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let theirs =
                    ["email", "phone", "body", "body_text", "body_markdown", "subject"].contains(&&**key);
                into.extend(value.as_str().filter(|text| theirs && text.len() > 3));
                people_s_texts(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| people_s_texts(item, into)),
        _ => {}
    }
}

#[test]
fn every_example_of_an_answer_is_read_and_nothing_that_people_wrote_is_in_its_debug() {
    let Some(description) = description() else { return };
    let (mut read, mut wrong) = (0, Vec::new());
    for built in everything() {
        let (template, operation) = operation(&description, &built.request).unwrap();
        for (name, example) in examples(operation) {
            let answer = http::Response::new(bytes::Bytes::from(example.to_string()));
            match (built.read)(&answer) {
                Ok(debug) => {
                    read += 1;
                    let mut texts = Vec::new();
                    people_s_texts(example, &mut texts);
                    let shown = texts.into_iter().filter(|text| debug.contains(text));
                    wrong.extend(shown.map(|text| format!("{template}, {name}: Debug shows {text}")));
                }
                Err(e) => wrong.push(format!("{} {template}, {name}: {e}", built.request.method())),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(read > 100, "{read}");
    eprintln!("{read} examples of answers were read");
}
