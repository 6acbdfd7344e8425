//! Every request that the client can build, against the machine-readable contract of the API: path, query, header, body.
//!
//! `ZOHODESK_CONTRACT` names the JSON; without it, `platforms/zohodesk-contract.json` below `MIGRATION_SHARED` is looked for.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use connector_http::{Boundary, ByteStream, FilePart, OpenBody, Request};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use zohodesk_client::api::*;
use zohodesk_client::{Ask, At, Endpoint, Paging};

fn contract() -> Option<Vec<Value>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let named = std::env::var("ZOHODESK_CONTRACT").ok().map(PathBuf::from);
    let shared = std::env::var("MIGRATION_SHARED").map_or_else(|_| root.join("../shared"), PathBuf::from);
    let path = named.unwrap_or_else(|| shared.join("platforms/zohodesk-contract.json"));
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: the contract isn't there; set ZOHODESK_CONTRACT");
        return None;
    };
    let Value::Array(operations) = serde_json::from_str(&text).unwrap() else {
        panic!("the contract is a list")
    };
    Some(operations)
}

/// A request with the name under which errors report it.
struct Built {
    operation: &'static str,
    request: Request,
}

fn take<T>(ask: Ask<T>) -> Built {
    Built { operation: ask.operation(), request: ask.request().unwrap().clone() }
}

struct Word;

#[async_trait::async_trait]
impl OpenBody for Word {
    async fn open(&self) -> mapping_core::Result<ByteStream> {
        Ok(Box::pin(futures_util::stream::iter([Ok(bytes::Bytes::from_static(b"word"))])))
    }
}

fn file() -> FilePart {
    FilePart { name: "a.txt".into(), content_type: "text/plain".into(), len: 4, open: Arc::new(Word) }
}

const ORG: &str = "60001280952";

fn endpoint() -> Endpoint {
    Endpoint::new("https://desk.zoho.com", Some(ORG.into())).unwrap()
}

fn page(paging: Paging) -> At {
    paging.start()
}

fn everything() -> Vec<Built> {
    let to = &endpoint();
    let mut all = organisation(to);
    all.extend(people(to));
    all.extend(schema(to));
    all.extend(desk(to));
    all.extend(knowledge(to));
    #[cfg(feature = "sending")]
    all.extend(mails(to));
    all
}

fn organisation(to: &Endpoint) -> Vec<Built> {
    let (department, team, agent) =
        ("189000000012001".into(), "189000000012002".into(), "189000000012003".into());
    let new = NewDepartment::new("Sales, North")
        .name_in_customer_portal("Sales")
        .description("d")
        .visible_in_customer_portal(false)
        .assign_to_teams(true)
        .agents(std::slice::from_ref(&agent));
    let new_team = NewTeam::new("First line", &department)
        .description("d")
        .agents(std::slice::from_ref(&agent))
        .roles(&["1".into()])
        .sub_teams(&["2".into()])
        .roles_with_subordinates(&["3".into()]);
    let query = AgentQuery::new()
        .status("ACTIVE")
        .confirmed(true)
        .light(false)
        .departments(std::slice::from_ref(&department))
        .field("emailId")
        .containing("a@b.example");
    vec![
        take(organizations::list(to)),
        take(organizations::get(to, &ORG.into())),
        take(me::get(to)),
        take(departments::list(
            to,
            &DepartmentQuery::new().enabled(true).named("Sales"),
            page(Paging::DEPARTMENTS),
        )),
        take(departments::get(to, &department)),
        take(departments::exists(to, "Sales, North")),
        take(departments::create(to, &new)),
        take(teams::list(to, page(Paging::TEAMS))),
        take(teams::get(to, &team)),
        take(teams::members(to, &team)),
        take(teams::create(to, &new_team)),
        take(teams::delete(to, &team, &Successors::default())),
        take(teams::delete(
            to,
            &team,
            &Successors { ticket_agent: Some(agent.clone()), ..Successors::default() },
        )),
        take(agents::list(to, &query, page(Paging::AGENTS))),
        take(agents::get(to, &agent)),
        take(agents::by_email(to, "a@b.example")),
    ]
}

fn people(to: &Endpoint) -> Vec<Built> {
    let (contact, account, agent) =
        ("189000000012004".into(), "189000000012005".into(), "189000000012006".into());
    let at = "2024-05-01T10:00:00Z".parse().unwrap();
    let new = NewContact::new("Lovelace")
        .first_name("Ada")
        .email("ada@b.example")
        .secondary_email("lady@b.example")
        .phone("+49 30 123456")
        .mobile("(030) 123456")
        .kind("Customer")
        .account(Some(&account))
        .owner(None)
        .zip("10115")
        .country("Germany")
        .state("Berlin")
        .city("Berlin")
        .street("Unter den Linden 1")
        .title("Countess")
        .description("d")
        .twitter("ada")
        .facebook("ada")
        .layout(&"7".into())
        .language("English")
        .custom("cf_focalscope_contact_id", Some("7"));
    let account_fields = AccountUpdate::new()
        .name("Acme, Inc.")
        .website("https://acme.example")
        .phone("+49 30 123456")
        .email("info@acme.example")
        .country("Germany")
        .state("Berlin")
        .city("Berlin")
        .code("10115")
        .street("Unter den Linden 1")
        .industry("Trade")
        .fax("+49 30 1")
        .description("d")
        .owner(Some(&agent))
        .service_levels(&["5"])
        .layout(&"7".into())
        .custom("cf_focalscope_company_id", Some("7"));
    let contact_search = ContactSearch::new()
        .emails(&["a@b.example", "c@d.example"])
        .phones(&["+4930"])
        .mobiles(&["+4930"])
        .account_name("Acme")
        .last_name("Lovelace")
        .first_name("Ada")
        .full_name("Ada Lovelace")
        .ids(std::slice::from_ref(&contact))
        .created(at, at)
        .modified(at, at)
        .custom_field("cf_focalscope_contact_id", "7");
    let account_search = AccountSearch::new()
        .name("Acme")
        .ids(std::slice::from_ref(&account))
        .created(at, at)
        .modified(at, at)
        .custom_field("cf_a", "7")
        .custom_field("cf_b", "8");
    let mut deep = page(Paging::SEARCH);
    deep.from = 900;
    vec![
        take(contacts::list(
            to,
            &ContactQuery::new().view("5").sort_by("createdTime").fields(&["email", "phone"]),
            page(Paging::CONTACTS),
        )),
        take(contacts::get(to, &contact)),
        take(contacts::search(to, &contact_search, deep)),
        take(contacts::create(to, &new)),
        take(contacts::update(to, &contact, &ContactUpdate::new().last_name("King").account(None))),
        take(contacts::trash(to, std::slice::from_ref(&contact))),
        take(accounts::list(
            to,
            &AccountQuery::new().sort_by("-createdTime").fields(&["email"]),
            page(Paging::ACCOUNTS),
        )),
        take(accounts::get(to, &account)),
        take(accounts::search(to, &account_search, page(Paging::SEARCH))),
        take(accounts::create(to, &NewAccount::new("Acme").website("ftp://acme.example"))),
        take(accounts::update(to, &account, &account_fields)),
        take(accounts::trash(to, std::slice::from_ref(&account))),
    ]
}

fn schema(to: &Endpoint) -> Vec<Built> {
    let (field, layout, department) = ("41".into(), "42".into(), "43".into());
    let read: Layout = serde_json::from_value(json!({"id": "42", "layoutName": "L", "sections": [
        {"id": "9", "name": "Ticket Information", "i18NLabel": "x", "isCustomSection": false, "fields": [
            {"id": "40", "apiName": "priority", "isMandatory": true, "isNested": false, "defaultValue": "High",
             "allowedValues": [{"value": "High"}, {"value": "Low"}]}]},
        {"id": 10, "fields": []}]}))
    .unwrap();
    let change = LayoutUpdate::new().display_name("L").department(&department).module("tickets").adding(
        &read,
        &"10".into(),
        std::slice::from_ref(&field),
    );
    let values = LayoutFieldUpdate::new()
        .values(&["High", "Urgent", "A :: B :: C"])
        .default_value("High")
        .sort_by("userDefined")
        .mandatory(false)
        .nested(true);
    let query = LayoutQuery::new().department(&department).status("all").named("L");
    let mut all = vec![
        take(fields::list(to, "tickets")),
        take(fields::get(to, &field)),
        take(fields::delete(to, &field)),
        take(layouts::list(to, "tickets", &query, page(Paging::LAYOUTS))),
        take(layouts::get(to, &layout)),
        take(layouts::update(to, &layout, &change)),
        take(layouts::update_field(to, &layout, &field, &values)),
        take(layouts::remove_field(to, &layout, &field)),
    ];
    for new in [
        NewField::text("FocalScope Ticket ID", 50).tool_tip("t").tracks_activity(false).encrypted(false),
        NewField::text_area("A"),
        NewField::number("A", 9),
        NewField::decimal("A", 16, 2),
        NewField::boolean("A"),
        NewField::date("A"),
        NewField::date_time("FocalScope Created At"),
        NewField::email("A"),
        NewField::url("A"),
        NewField::phone("A", 50),
        NewField::picklist("Social Platform"),
        NewField::multiselect("A"),
    ] {
        all.push(take(fields::create(to, "tickets", &new)));
    }
    all
}

fn desk(to: &Endpoint) -> Vec<Built> {
    let (ticket, department, contact) = ("189000000012007".into(), "1".into(), "2".into());
    let at = "2024-05-01T10:00:00.5Z".parse().unwrap();
    let new = NewTicket::new("Help", &department, &contact)
        .account(&"3".into())
        .product(None)
        .assignee(None)
        .team(&"4".into())
        .email("a@b.example")
        .phone("+49 30 1")
        .description("<p>x</p>")
        .status("Open")
        .priority(Some("High"))
        .channel("Email")
        .language("English")
        .category("Billing")
        .sub_category("Refund")
        .classification("Question")
        .due(at)
        .resolution("r")
        .uploads(&["5".into()])
        .secondary_contacts(&["6".into()])
        .web_url("https://a.example")
        .layout(&"7".into())
        .custom("cf_focalscope_ticket_id", Some("4711"))
        .custom("cf_empty", None);
    let change = TicketUpdate::new()
        .subject("s")
        .department(&department)
        .contact(&contact)
        .status("Closed")
        .priority(None)
        .assignee(Some(&"8".into()));
    let list = TicketQuery::new()
        .departments(std::slice::from_ref(&department))
        .view("5")
        .statuses(&["Open", "Closed"])
        .priorities(&["High"])
        .channels(&["Email"])
        .assignees(&["8".into()])
        .teams(&["4".into()])
        .sort_by("-createdTime")
        .received_in_days("-1")
        .fields(&["subject"])
        .include(&["contacts", "assignee"]);
    let search = TicketSearch::new()
        .emails(&["a@b.example"])
        .ticket_numbers(&["101"])
        .subject("Help")
        .department(&department)
        .contacts(std::slice::from_ref(&contact))
        .accounts(&["3".into()])
        .assignees(&["8".into()])
        .statuses(&["Open"])
        .priorities(&["High"])
        .channel("Email")
        .tag("vip")
        .ids(std::slice::from_ref(&ticket))
        .sort_by("createdTime")
        .created(at, at)
        .modified(at, at)
        .custom_field("cf_focalscope_ticket_id", "4711");
    let comment = NewComment::html("<p>x</p>").attachments(&["5".into()]);
    vec![
        take(tickets::list(to, &list, page(Paging::TICKETS))),
        take(tickets::get(to, &ticket)),
        take(tickets::search(to, &search, page(Paging::SEARCH))),
        take(tickets::create(to, &new)),
        take(tickets::create(to, &NewTicket::new("Help", &department, &contact))),
        take(tickets::update(to, &ticket, &change)),
        take(tickets::trash(to, std::slice::from_ref(&ticket))),
        take(threads::list(to, &ticket, page(Paging::THREADS))),
        take(threads::get(to, &ticket, &"9".into())),
        take(threads::conversations(to, &ticket, page(Paging::CONVERSATIONS))),
        take(comments::list(to, &ticket, page(Paging::COMMENTS))),
        take(comments::create(to, &ticket, &comment)),
        take(comments::create(to, &ticket, &NewComment::plain("x").public())),
        take(comments::delete(to, &ticket, &"9".into())),
        take(attachments::list(to, &ticket, page(Paging::ATTACHMENTS))),
        take(attachments::create(to, &ticket, file(), false, Boundary::seeded(1))),
        take(attachments::delete(to, &ticket, &"9".into())),
        take(uploads::create(to, file(), Boundary::seeded(1))),
        take(recycle_bin::list(
            to,
            &RecycleBinQuery::new().module("tickets").department(&department),
            page(Paging::RECYCLE_BIN),
        )),
    ]
}

fn knowledge(to: &Endpoint) -> Vec<Built> {
    let (category, article, department) = ("51".into(), "52".into(), "53".into());
    let (folder, template, agent) = ("54".into(), "55".into(), "56".into());
    let at = "2024-05-01T10:00:00Z".parse().unwrap();
    let new = NewArticle::draft("Refunds", "<p>x</p>", &category)
        .permission("AGENTS")
        .author(&agent)
        .owner(&agent)
        .department(&department)
        .tags(&["focalscope", "refund-1"])
        .permalink("fs-1-refunds")
        .seo_title("t")
        .seo_description("d");
    let change = ArticleUpdate::new().title("t").answer("a").category(&category).status("Published");
    let list = ArticleQuery::new()
        .category(&category)
        .author(&agent)
        .statuses(&["Draft", "Published"])
        .permissions(&["ALL"])
        .sort_by("-modifiedTime")
        .modified(at, at);
    let root = NewRootCategory::new("Help", "en", "help", &department, "57")
        .departments(std::slice::from_ref(&department));
    let section = NewSection::new("Billing", "en", "billing", &category)
        .description("d")
        .visibility("AGENTS")
        .status("HIDE_IN_HELPCENTER");
    let access =
        FolderAccess::Restricted { agents: vec![agent.clone()], teams: vec!["58".into()], roles: vec![] };
    let mail = NewTemplate::new("Greeting", "Hello", &department, &folder, "desk@acme.example")
        .body("<p>x</p>")
        .reply_to("desk@acme.example")
        .attachments(&["5".into()]);
    let query = TemplateQuery::new().folder(&folder).named("Gre").module("tickets");
    let folder_of = |access| NewTemplateFolder::new("Sales", &department, access).description("d");
    vec![
        take(categories::list(to, page(Paging::ROOT_CATEGORIES))),
        take(categories::get(to, &category)),
        take(categories::create(to, &root)),
        take(categories::delete(to, &category)),
        take(sections::get(to, &category)),
        take(sections::create(to, &section)),
        take(articles::list(to, &list, page(Paging::ARTICLES))),
        take(articles::get(to, &article)),
        take(articles::create(to, &new)),
        take(articles::create(to, &NewArticle::draft("t", "a", &category).published())),
        take(articles::update(to, &article, &change)),
        take(articles::trash(to, std::slice::from_ref(&article))),
        take(articles::check_permalink(to, "fs-1-refunds", "en")),
        take(articles::attach(to, &article, "en", file(), Boundary::seeded(1))),
        take(template_folders::list(to, &department, page(Paging::TEMPLATES))),
        take(template_folders::create(to, &folder_of(&access))),
        take(template_folders::create(to, &folder_of(&FolderAccess::AllAgents))),
        take(template_folders::create(to, &folder_of(&FolderAccess::OnlyMe))),
        take(template_folders::delete(to, &folder)),
        take(templates::list(to, &department, &query, page(Paging::TEMPLATES))),
        take(templates::get(to, &template)),
        take(templates::create(to, &mail)),
        take(templates::create(to, &mail.clone().plain())),
        take(templates::update(to, &template, &TemplateUpdate::new().name("n").subject("s").folder(&folder))),
        take(templates::delete(to, &template)),
    ]
}

#[cfg(feature = "sending")]
fn mails(to: &Endpoint) -> Vec<Built> {
    let ticket = "1".into();
    let new = NewReply::email("desk@acme.example", "a@b.example", "<p>x</p>")
        .cc("c@d.example")
        .bcc("e@f.example")
        .in_reply_to(&"2".into())
        .attachments(&["3".into()]);
    vec![
        take(sending::reply(to, &ticket, &new)),
        take(sending::draft(to, &ticket, &"2".into())),
        take(sending::close(to, std::slice::from_ref(&ticket))),
        take(sending::delete_agent(to, &"4".into())),
    ]
}

/// The operation that a request is for.
fn operation<'c>(contract: &'c [Value], request: &Request) -> Option<&'c Value> {
    let asked: Vec<&str> = request.uri().path().split('/').collect();
    let fits = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        parts.len() == asked.len() && parts.iter().zip(&asked).all(|(p, a)| p.starts_with('{') || p == a)
    };
    // A path with fewer places for ids is meant.
    contract
        .iter()
        .filter(|o| o["method"] == request.method().as_str() && fits(o["path"].as_str().unwrap()))
        .min_by_key(|o| o["path"].as_str().unwrap().matches('{').count())
}

/// Why a request isn't one that the contract takes.
fn problems(contract: &[Value], request: &Request) -> Vec<String> {
    let Some(operation) = operation(contract, request) else { return vec!["no such operation".to_owned()] };
    let mut problems = Vec::new();
    let org = request.headers().get("orgid").and_then(|v| v.to_str().ok());
    if (org == Some(ORG)) != (operation["orgIdHeader"] == true) {
        problems.push(format!("orgId is {org:?}"));
    }
    query_problems(operation, request, &mut problems);
    body_problems(operation, request, &mut problems);
    problems
}

fn query_problems(operation: &Value, request: &Request, problems: &mut Vec<String>) {
    let pairs: Vec<(String, String)> =
        url::form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    let declared = operation["query"].as_array().unwrap();
    for (name, value) in &pairs {
        let Some(parameter) = declared.iter().find(|p| p["name"] == **name) else {
            problems.push(format!("extra query parameter {name}"));
            continue;
        };
        let typed = match parameter["type"].as_str().unwrap() {
            "integer" => value.parse::<i64>().map_or(json!(value), |n| json!(n)),
            "boolean" => value.parse::<bool>().map_or(json!(value), |b| json!(b)),
            "array" => Value::from(value.split(',').collect::<Vec<_>>()),
            _ => json!(value),
        };
        let mut schema = Map::new();
        for key in ["type", "maxLength", "minLength", "pattern", "minimum", "maximum", "maxItems", "enum"] {
            if let Some(rule) = parameter.get(key) {
                schema.insert(key.to_owned(), rule.clone());
            }
        }
        if parameter["type"] == "array"
            && let Some(values) = schema.remove("enum")
        {
            schema.insert("items".to_owned(), json!({"enum": values}));
        }
        for e in jsonschema::validator_for(&Value::Object(schema)).unwrap().iter_errors(&typed) {
            problems.push(format!("query {name}: {e}"));
        }
    }
    for parameter in declared.iter().filter(|p| p["required"] == true) {
        if !pairs.iter().any(|(name, _)| parameter["name"] == **name) {
            problems.push(format!("query {} is missing", parameter["name"]));
        }
    }
}

fn body_problems(operation: &Value, request: &Request, problems: &mut Vec<String>) {
    let kind = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if operation["multipart"] == true {
        if !kind.starts_with("multipart/form-data; boundary=") {
            problems.push(format!("the content type is {kind}"));
        }
        return;
    }
    let body = request.body().in_memory().unwrap();
    if operation["body"].is_null() {
        if !body.is_empty() {
            problems.push("a body where none is".to_owned());
        }
        return;
    }
    if kind != "application/json" {
        problems.push(format!("the content type is {kind}"));
    }
    let mut schema = operation["body"].clone();
    keys_as_patterns(&mut schema);
    schema["type"] = json!("object");
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    for e in jsonschema::validator_for(&schema).unwrap().iter_errors(&body) {
        problems.push(format!("body {}: {e}", e.instance_path()));
    }
    for name in operation["body"]["requiredDocs"].as_array().into_iter().flatten() {
        let instead = name.as_str() == Some("contactId or contact");
        if body.get(name.as_str().unwrap()).is_none() && request.method() == http::Method::POST && !instead {
            problems.push(format!("body lacks {name}"));
        }
    }
}

/// The contract's own word for "every key looks like this".
fn keys_as_patterns(schema: &mut Value) {
    if let Value::Object(map) = schema {
        if let Some(pattern) = map.remove("keyPattern") {
            map.insert("propertyNames".to_owned(), json!({"pattern": pattern}));
        }
        // Notes of the contract, and formats that JSON Schema doesn't have.
        map.remove("format");
        map.remove("discriminator");
        map.values_mut().for_each(keys_as_patterns);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(keys_as_patterns);
    }
}

#[test]
fn every_request_is_one_that_the_contract_takes() {
    let Some(contract) = contract() else { return };
    let mut wrong = Vec::new();
    for built in everything() {
        for problem in problems(&contract, &built.request) {
            wrong.push(format!("{} {}: {problem}", built.operation, built.request.uri().path()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_core_operation_has_a_call_and_no_forbidden_one_has_by_default() {
    let Some(contract) = contract() else { return };
    let built: BTreeSet<&str> = everything()
        .iter()
        .filter_map(|b| operation(&contract, &b.request)?["operationId"].as_str())
        .collect();
    // The tests of the login judge this one: it goes to another server.
    let elsewhere = ["refreshAccessToken"];
    let of = |tier: &str| {
        let named = contract.iter().filter(|o| o["tier"] == tier);
        named.map(|o| o["operationId"].as_str().unwrap()).collect::<BTreeSet<_>>()
    };
    let missing: Vec<_> =
        of("core").difference(&built).copied().filter(|id| !elsewhere.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let forbidden: Vec<_> = of("forbidden").intersection(&built).copied().collect();
    assert_eq!(forbidden.len(), if cfg!(feature = "sending") { 4 } else { 0 }, "{forbidden:?}");
}

#[test]
fn the_scopes_of_every_operation_are_the_contract_s() {
    let Some(contract) = contract() else { return };
    for built in everything().iter().filter(|b| !b.operation.starts_with("sending.")) {
        let needed: Vec<&str> = operation(&contract, &built.request).unwrap()["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(zohodesk_client::scopes(built.operation), needed, "{}", built.operation);
    }
}

#[test]
fn requests_that_break_the_contract_are_found() {
    let Some(contract) = contract() else { return };
    let to = &endpoint();
    let (department, contact) = ("1".into(), "2".into());
    let found = |request: &Request, word: &str| {
        let problems = problems(&contract, request);
        assert!(problems.iter().any(|p| p.contains(word)), "{word}: {problems:?}");
    };
    let ticket = NewTicket::new("s", &department, &contact);
    found(&take(tickets::create(to, &ticket.clone().status("A & B"))).request, "/status");
    found(&take(tickets::create(to, &ticket.clone().custom("not_cf", Some("x")))).request, "not_cf");
    found(&take(tickets::create(to, &ticket.clone().custom("cf_x", Some("R&D")))).request, "/cf");
    found(&take(tickets::create(to, &NewTicket::new("s", &"x".into(), &contact))).request, "/departmentId");
    found(
        &take(comments::create(to, &"1".into(), &NewComment::html(&"x".repeat(32_001)))).request,
        "/content",
    );
    found(
        &take(accounts::list(to, &AccountQuery::new().sort_by("size"), page(Paging::ACCOUNTS))).request,
        "sortBy",
    );
    let mut request = take(tickets::list(to, &TicketQuery::new(), page(Paging::TICKETS))).request;
    for (query, word) in
        [("limit=101", "limit"), ("orgId=1", "orgId"), ("page=2", "extra query parameter page")]
    {
        *request.uri_mut() = format!("https://desk.zoho.com/api/v1/tickets?{query}").parse().unwrap();
        found(&request, word);
    }
    request.headers_mut().remove("orgid");
    found(&request, "orgId is None");
    *request.uri_mut() = "https://desk.zoho.com/api/v1/macros".parse().unwrap();
    found(&request, "no such operation");
    let fields = take(fields::list(to, "tickets")).request;
    let mut bare = fields.clone();
    *bare.uri_mut() = "https://desk.zoho.com/api/v1/fields".parse().unwrap();
    found(&bare, "\"module\" is missing");
}
