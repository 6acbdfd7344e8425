//! Every answer of the Intercom stand-in against the official description, where that is at hand.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use migrate_sandbox::intercom::{Email, Macro, Quarantine, Seed};
use serde_json::{Map, Value, json};
use support::{ADMIN, Answer, Desk, NOW, TEAM};

/// The description, from the environment or from beside the workspace.
fn description() -> Option<Value> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join(std::env::var("MIGRATION_SHARED").unwrap_or_else(|_| "../../../shared".into()))
        .join("platforms/intercom-2.16.openapi.yaml");
    let path = std::env::var_os("INTERCOM_OPENAPI").map_or(beside, PathBuf::from);
    let text = std::fs::read_to_string(path).ok()?;
    Some(serde_norway::from_str(&text).expect("the description is YAML"))
}

/// Turns what OpenAPI 3.0 adds to JSON Schema into JSON Schema: `nullable`, and siblings of `$ref`.
fn as_json_schema(schema: &mut Value) {
    match schema {
        Value::Array(list) => list.iter_mut().for_each(as_json_schema),
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                if key != "example" && key != "examples" && key != "enum" {
                    as_json_schema(value);
                }
            }
            map.remove("example");
            map.remove("discriminator");
            if map.get("nullable") == Some(&json!(true)) {
                map.remove("nullable");
                let inner = Value::Object(std::mem::take(map));
                map.insert("anyOf".into(), json!([inner, {"type": "null"}]));
            }
        }
        _ => {}
    }
}

struct Contract {
    paths: Map<String, Value>,
    components: Value,
    seen: BTreeSet<String>,
}

impl Contract {
    fn new(description: &Value) -> Self {
        let mut components = description["components"].clone();
        as_json_schema(&mut components["schemas"]);
        let paths = description["paths"].as_object().unwrap().clone();
        Self { paths, components, seen: BTreeSet::new() }
    }

    /// The description's path for a real one; fixed words win over placeholders.
    fn path(&self, method: &str, real: &str) -> Option<String> {
        let real: Vec<&str> = real.split('?').next().unwrap().split('/').collect();
        let fits = |path: &&String| {
            let parts: Vec<&str> = path.split('/').collect();
            parts.len() == real.len()
                && parts.iter().zip(&real).all(|(want, have)| want.starts_with('{') || want == have)
        };
        let described = |path: &&String| self.paths[*path].get(method.to_lowercase()).is_some();
        let found =
            self.paths.keys().filter(fits).filter(described).min_by_key(|path| path.matches('{').count());
        found.cloned()
    }

    fn check(&mut self, method: &str, real: &str, answer: &Answer) {
        let path = self.path(method, real).unwrap_or_else(|| panic!("{method} {real} is not described"));
        let operation = &self.paths[&path][&method.to_lowercase()];
        let response = &operation["responses"][answer.status.to_string()];
        self.seen.insert(format!("{method} {path} {}", answer.status));
        let mut schema = response["content"]["application/json"]["schema"].clone();
        if schema.is_null() {
            // Errors share one shape also where the description does not list them.
            if answer.status < 400 {
                return;
            }
            schema = json!({"$ref": "#/components/schemas/error"});
        }
        as_json_schema(&mut schema);
        let root = json!({"allOf": [schema], "components": self.components});
        let validator = jsonschema::validator_for(&root).expect("the schema is one");
        let errors: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|error| format!("{} at {}", error, error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{method} {path} {}: {errors:#?}\n{:#}", answer.status, answer.body);
    }

    async fn call(&mut self, desk: &Desk, method: &str, path: &str, body: Option<Value>) -> Answer {
        let answer = desk.call(method, path, body).await;
        self.check(method, path, &answer);
        answer
    }
}

async fn drive_registry(contract: &mut Contract, desk: &Desk) {
    let mut ids = Vec::new();
    for data_type in ["string", "integer", "list", "decimal", "boolean", "datetime", "relationship", "files"]
    {
        let mut body = json!({"name": format!("a {data_type}"), "data_type": data_type, "description": "x"});
        if data_type == "list" {
            body["options"] = json!([{"label": "one"}, {"label": "two"}]);
        }
        if data_type == "relationship" {
            body["reference"] = json!({"type": "many", "object_type_id": "Thing"});
        }
        let made = contract.call(desk, "POST", "/conversations/attributes", Some(body)).await;
        ids.push(made.ok());
    }
    let list = &ids[2];
    let path = format!("/conversations/attributes/{}", list.id());
    let made =
        contract.call(desk, "POST", &format!("{path}/options"), Some(json!({"label": "three"}))).await.ok();
    let option = made.body["options"][2]["id"].as_str().unwrap().to_owned();
    let option = format!("{path}/options/{option}");
    contract.call(desk, "PUT", &option, Some(json!({"label": "3"}))).await.ok();
    contract.call(desk, "DELETE", &option, None).await.ok();
    contract.call(desk, "POST", &format!("{path}/options"), Some(json!({}))).await;
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "PUT", &path, Some(json!({"description": "y"}))).await.ok();
    contract.call(desk, "GET", "/conversations/attributes", None).await.ok();
    contract.call(desk, "GET", "/conversations/attributes/999", None).await;
    contract.call(desk, "DELETE", &format!("/conversations/attributes/{}", ids[7].id()), None).await.ok();
    for data_type in ["string", "integer", "float", "boolean", "datetime", "date", "options"] {
        let mut body = json!({"name": format!("b {data_type}"), "model": "contact", "data_type": data_type});
        if data_type == "options" {
            body["options"] = json!([{"value": "one"}, {"value": "two"}]);
        }
        let made = contract.call(desk, "POST", "/data_attributes", Some(body)).await.ok();
        contract
            .call(desk, "PUT", &format!("/data_attributes/{}", made.id()), Some(json!({"description": "z"})))
            .await
            .ok();
    }
    contract.call(desk, "GET", "/data_attributes?model=contact", None).await.ok();
    contract.call(desk, "GET", "/data_attributes?model=conversation", None).await;
    contract.call(desk, "PUT", "/data_attributes/999", Some(json!({}))).await;
}

async fn drive_people(contract: &mut Contract, desk: &Desk) -> String {
    for path in ["/me", "/admins", "/admins/991267501", "/admins/1", "/teams", "/teams/5017691", "/teams/1"] {
        contract.call(desk, "GET", path, None).await;
    }
    let full = json!({"role": "user", "email": "ann@customer.example", "external_id": "x:1", "name": "Ann",
        "phone": "+4512345678", "signed_up_at": NOW - 5, "owner_id": ADMIN, "avatar": "https://a.example/a.png",
        "custom_attributes": {"b string": "x", "b integer": 1, "b boolean": true}});
    let id = contract.call(desk, "POST", "/contacts", Some(full.clone())).await.ok().id();
    contract.call(desk, "POST", "/contacts", Some(json!({"external_id": "no-email"}))).await.ok();
    contract.call(desk, "POST", "/contacts", Some(full)).await;
    contract.call(desk, "POST", "/contacts", Some(json!({"role": 1}))).await;
    let path = format!("/contacts/{id}");
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "PUT", &path, Some(json!({"name": "Anna"}))).await.ok();
    contract.call(desk, "GET", "/contacts/find_by_external_id/x:1", None).await.ok();
    contract.call(desk, "GET", "/contacts/find_by_external_id/x:2", None).await;
    desk.advance(100);
    contract.call(desk, "GET", "/contacts?per_page=1", None).await.ok();
    let query = json!({"query": {"field": "external_id", "operator": "=", "value": "x:1"}});
    contract.call(desk, "POST", "/contacts/search", Some(query)).await.ok();
    let tag = contract.call(desk, "POST", "/tags", Some(json!({"name": "t"}))).await.ok().id();
    contract.call(desk, "POST", &format!("{path}/tags"), Some(json!({"id": tag}))).await.ok();
    contract.call(desk, "GET", &format!("{path}/tags"), None).await.ok();
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "DELETE", &format!("{path}/tags/{tag}"), None).await.ok();
    contract.call(desk, "POST", &format!("{path}/archive"), None).await.ok();
    contract.call(desk, "POST", &format!("{path}/unarchive"), None).await.ok();
    let other = desk.contact("other@customer.example").await;
    contract.call(desk, "POST", &format!("/contacts/{other}/block"), None).await.ok();
    contract.call(desk, "DELETE", &format!("/contacts/{other}"), None).await.ok();
    id
}

async fn drive_conversations(contract: &mut Contract, desk: &Desk, contact: &str) {
    let body = json!({"from": {"type": "user", "id": contact}, "body": "Hello", "created_at": NOW - 500});
    let made = contract.call(desk, "POST", "/conversations", Some(body)).await.ok();
    let id = made.body["conversation_id"].as_str().unwrap().to_owned();
    let path = format!("/conversations/{id}");
    let file = json!([{"name": "a.exe", "content_type": "text/plain", "data": "aGk="}]);
    let replies = [
        json!({"type": "user", "message_type": "comment", "intercom_user_id": contact, "body": "a", "attachment_files": file}),
        json!({"type": "admin", "message_type": "comment", "admin_id": ADMIN, "body": "b", "skip_notifications": true}),
        json!({"type": "admin", "message_type": "note", "admin_id": ADMIN, "body": "<ul><li>c</li></ul>"}),
        json!({"type": "user", "message_type": "note", "intercom_user_id": contact, "body": "a"}),
    ];
    for body in replies {
        contract.call(desk, "POST", &format!("{path}/reply"), Some(body)).await;
    }
    let values = json!({"a string": "x", "a integer": 1, "a list": "one", "a datetime": NOW});
    let body = json!({"title": "T", "read": true, "custom_attributes": values});
    contract.call(desk, "PUT", &path, Some(body)).await.ok();
    let until = NOW + 5000;
    let actions = [
        json!({"message_type": "close", "type": "admin", "admin_id": ADMIN}),
        json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": TEAM}),
        json!({"message_type": "assignment", "type": "admin", "admin_id": ADMIN, "assignee_id": ADMIN}),
        json!({"message_type": "snoozed", "admin_id": ADMIN, "snoozed_until": until}),
        json!({"message_type": "open", "admin_id": ADMIN}),
    ];
    for body in actions {
        contract.call(desk, "POST", &format!("{path}/parts"), Some(body)).await.ok();
    }
    let tag = desk.post("/tags", json!({"name": "run"})).await.ok().id();
    let body = json!({"id": tag, "admin_id": ADMIN});
    contract.call(desk, "POST", &format!("{path}/tags"), Some(body)).await.ok();
    let body = json!({"admin_id": ADMIN, "customer": {"email": "cc@customer.example"}});
    let people = contract.call(desk, "POST", &format!("{path}/customers"), Some(body)).await.ok();
    desk.advance(60);
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "GET", &format!("{path}?display_as=plaintext"), None).await.ok();
    contract.call(desk, "GET", "/conversations", None).await.ok();
    let query = json!({"query": {"field": "tag_ids", "operator": "=", "value": tag}});
    contract.call(desk, "POST", "/conversations/search", Some(query)).await.ok();
    let lead = people.body["customers"][1]["id"].as_str().unwrap().to_owned();
    let by = Some(json!({"admin_id": ADMIN}));
    contract.call(desk, "DELETE", &format!("{path}/customers/{lead}"), by.clone()).await.ok();
    contract.call(desk, "DELETE", &format!("{path}/tags/{tag}"), by.clone()).await.ok();
    contract.call(desk, "DELETE", &format!("{path}/tags/{tag}"), by).await;
    contract.call(desk, "GET", "/tags", None).await.ok();
    contract.call(desk, "GET", &format!("/tags/{tag}"), None).await.ok();
    contract.call(desk, "DELETE", &format!("/tags/{tag}"), None).await.ok();
    let source = desk.get(&path).await.ok().body["source"]["id"].clone();
    let body = json!({"type": "source", "conversation_id": id, "source_id": source});
    contract.call(desk, "POST", "/conversations/redact", Some(body)).await.ok();
    let message = json!({"message_type": "inapp", "body": "x", "from": {"type": "admin", "id": ADMIN}});
    contract.call(desk, "POST", "/messages", Some(message)).await.ok();
    contract.call(desk, "POST", "/phone_call_redirects", Some(json!({"phone": "+4512345678"}))).await.ok();
    contract.call(desk, "DELETE", &path, None).await.ok();
    contract.call(desk, "GET", &path, None).await;
    contract.call(desk, "GET", "/conversations/deleted", None).await.ok();
}

async fn drive_companies(contract: &mut Contract, desk: &Desk, contact: &str) {
    let body = json!({"name": "ratio", "model": "company", "data_type": "string"});
    desk.post("/data_attributes", body).await.ok();
    let body = json!({"company_id": "focalscope:org:1", "name": "Smith", "website": "https://smith.example",
        "plan": "Gold", "size": 12, "industry": "Fish", "monthly_spend": 12.9, "remote_created_at": NOW - 9,
        "custom_attributes": {"ratio": "0.5"}});
    let id = contract.call(desk, "POST", "/companies", Some(body)).await.ok().id();
    contract.call(desk, "POST", "/companies", Some(json!({"company_id": "bare"}))).await.ok();
    contract.call(desk, "POST", "/companies", Some(json!({"test": 1}))).await;
    let path = format!("/companies/{id}");
    contract.call(desk, "GET", &path, None).await;
    let own = format!("/contacts/{contact}/companies");
    contract.call(desk, "POST", &own, Some(json!({"id": id}))).await.ok();
    contract.call(desk, "POST", &own, Some(json!({}))).await;
    contract.call(desk, "GET", &own, None).await.ok();
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "PUT", &path, Some(json!({"name": "Smith & Sons"}))).await.ok();
    contract.call(desk, "GET", "/companies", None).await.ok();
    contract.call(desk, "GET", "/companies?company_id=nobody", None).await;
    contract.call(desk, "POST", "/companies/list", None).await.ok();
    contract.call(desk, "GET", "/companies/scroll", None).await.ok();
    contract.call(desk, "GET", &format!("{path}/contacts"), None).await.ok();
    for path in [format!("{path}/notes"), format!("/contacts/{contact}/notes")] {
        let note = json!({"body": "A note", "admin_id": ADMIN});
        let note = contract.call(desk, "POST", &path, Some(note)).await.ok().id();
        contract.call(desk, "POST", &path, Some(json!({"body": "x", "admin_id": "1"}))).await;
        contract.call(desk, "GET", &path, None).await.ok();
        contract.call(desk, "GET", &format!("/notes/{note}"), None).await.ok();
    }
    contract.call(desk, "GET", &format!("/contacts/{contact}"), None).await.ok();
    contract.call(desk, "DELETE", &format!("{own}/{id}"), None).await.ok();
    contract.call(desk, "DELETE", &path, None).await.ok();
    contract.call(desk, "GET", "/companies/none", None).await;
    let lead = json!({"role": "lead", "email": "ann@customer.example"});
    let lead = desk.post("/contacts", lead).await.ok().id();
    let body = json!({"from": lead, "into": contact});
    contract.call(desk, "POST", "/contacts/merge", Some(body)).await.ok();
    contract.call(desk, "GET", &format!("/contacts/{contact}/merge_history"), None).await.ok();
    contract.call(desk, "GET", &format!("/contacts/{lead}"), None).await;
}

async fn drive_library(contract: &mut Contract, desk: &Desk) {
    desk.intercom.seed(Seed { locales: vec!["da".into()], ..Seed::default() });
    let centers = contract.call(desk, "GET", "/help_center/help_centers", None).await.ok();
    let center = format!("/help_center/help_centers/{}", centers.body["data"][0]["id"].as_str().unwrap());
    contract.call(desk, "GET", &center, None).await.ok();
    let path = "/help_center/collections";
    let body = json!({"name": "Top", "description": "x", "translated_content": {"da": {"name": "Øverst"}}});
    let top = contract.call(desk, "POST", path, Some(body)).await.ok().id();
    let inner =
        contract.call(desk, "POST", path, Some(json!({"name": "Inner", "parent_id": top}))).await.ok().id();
    contract.call(desk, "POST", path, Some(json!({}))).await;
    contract.call(desk, "GET", path, None).await.ok();
    let one = format!("{path}/{inner}");
    contract.call(desk, "GET", &one, None).await.ok();
    contract.call(desk, "PUT", &one, Some(json!({"description": "y"}))).await.ok();
    let author: u64 = ADMIN.parse().unwrap();
    let parent: u64 = inner.parse().unwrap();
    let body = json!({"title": "How", "author_id": author, "body": "<h1>How</h1><p>So</p>", "parent_id": parent,
        "state": "published", "translated_content": {"da": {"title": "Hvordan", "body": "<p>Sådan</p>"}}});
    let article = contract.call(desk, "POST", "/articles", Some(body)).await.ok().id();
    contract.call(desk, "POST", "/articles", Some(json!({"title": "Draft", "author_id": author}))).await.ok();
    contract.call(desk, "POST", "/articles", Some(json!({"title": "x"}))).await;
    let one_article = format!("/articles/{article}");
    contract.call(desk, "GET", &one_article, None).await.ok();
    contract.call(desk, "PUT", &one_article, Some(json!({"title": "How?"}))).await.ok();
    let body = json!({"title": "Within", "author_id": author, "owner_id": author, "body": "secret"});
    let internal = contract.call(desk, "POST", "/internal_articles", Some(body)).await.ok().id();
    contract.call(desk, "POST", "/internal_articles", Some(json!({"title": "x"}))).await;
    let one_internal = format!("/internal_articles/{internal}");
    contract.call(desk, "GET", &one_internal, None).await.ok();
    contract.call(desk, "PUT", &one_internal, Some(json!({"title": "Within!"}))).await.ok();
    let tag = desk.post("/tags", json!({"name": "migration: x"})).await.ok().id();
    for one in [&one_article, &one_internal] {
        contract
            .call(desk, "POST", &format!("{one}/tags"), Some(json!({"id": tag, "admin_id": ADMIN})))
            .await
            .ok();
        contract.call(desk, "POST", &format!("{one}/tags"), Some(json!({"id": "1"}))).await;
    }
    desk.advance(60);
    for path in [
        "/articles",
        "/internal_articles",
        "/articles/search?phrase=how",
        "/internal_articles/search?phrase=within",
    ] {
        contract.call(desk, "GET", path, None).await.ok();
    }
    let found =
        contract.call(desk, "GET", &format!("/content/search?tag_ids={tag}&per_page=1"), None).await.ok();
    assert_eq!(found.body["total_count"], 2);
    for one in [&one_article, &one_internal] {
        contract.call(desk, "DELETE", &format!("{one}/tags/{tag}"), None).await.ok();
    }
    let redirects = format!("{center}/redirects");
    let from = "https://help-center.example/sandbox/kb/7";
    let body = json!({"from_url": from, "locale": "en", "target_type": "article", "target_id": article});
    let redirect = contract.call(desk, "POST", &redirects, Some(body.clone())).await.ok().id();
    contract.call(desk, "POST", &redirects, Some(body)).await;
    contract.call(desk, "POST", &redirects, Some(json!({}))).await;
    contract.call(desk, "GET", &redirects, None).await.ok();
    contract.call(desk, "GET", &format!("{redirects}/{redirect}"), None).await.ok();
    contract.call(desk, "DELETE", &format!("{redirects}/{redirect}"), None).await.ok();
    let body = json!({"action": "delete", "content_ids": [{"type": "article", "id": article}]});
    assert_eq!(contract.call(desk, "POST", "/content/bulk_actions", Some(body)).await.status, 202);
    let snippet = json!({"title": "S", "body_markdown": "# x"});
    let snippet = contract.call(desk, "POST", "/content_snippets", Some(snippet)).await.id();
    contract.call(desk, "GET", "/content_snippets", None).await.ok();
    contract.call(desk, "DELETE", &format!("/content_snippets/{snippet}"), None).await;
    for one in [one_internal, one_article, one] {
        contract.call(desk, "DELETE", &one, None).await.ok();
        contract.call(desk, "GET", &one, None).await;
    }
}

async fn drive_settings(contract: &mut Contract, desk: &Desk) {
    let macros = ["a", "b"].map(|name| Macro {
        name: name.into(),
        text: "Hi {{user.name|fallback:\"there\"}}".into(),
        ..Macro::default()
    });
    let email = Email { email: "help@desk.example".into(), verified: true, ..Email::default() };
    desk.intercom.seed(Seed { macros: macros.to_vec(), emails: vec![email], ..Seed::default() });
    let list = contract.call(desk, "GET", "/macros?per_page=1", None).await.ok();
    let id = list.body["data"][0]["id"].as_str().unwrap().to_owned();
    contract.call(desk, "GET", &format!("/macros/{id}"), None).await.ok();
    contract.call(desk, "GET", "/macros/1", None).await;
    let email = contract.call(desk, "GET", "/emails", None).await.ok().body["data"][0]["id"].clone();
    contract.call(desk, "GET", &format!("/emails/{}", email.as_str().unwrap()), None).await.ok();
    for path in ["/brands", "/brands/sandbox1", "/away_status_reasons", "/ip_allowlist", "/calls"] {
        contract.call(desk, "GET", path, None).await.ok();
    }
    contract.call(desk, "GET", "/admins/activity_logs?created_at_after=0", None).await.ok();
    contract.call(desk, "POST", "/events", Some(json!({"event_name": "x", "id": "y"}))).await;
    let hours = json!({"name": "Week", "time_zone_name": "Europe/Copenhagen",
        "time_intervals": [{"start_minute": 540, "end_minute": 1020}]});
    let path = "/office_hours_schedules";
    let made = contract.call(desk, "POST", path, Some(hours)).await;
    assert_eq!(made.status, 201);
    let one = format!("{path}/{}", made.id());
    contract.call(desk, "POST", path, Some(json!({"name": "x"}))).await;
    contract.call(desk, "GET", path, None).await.ok();
    contract.call(desk, "GET", &one, None).await.ok();
    contract.call(desk, "PUT", &one, Some(json!({"name": "The week"}))).await.ok();
    let days = format!("{one}/office_hours_exceptions");
    let body = json!({"exception_date": "2026-12-25", "exception_type": "closed", "name": "Christmas"});
    let made = contract.call(desk, "POST", &days, Some(body)).await;
    assert_eq!(made.status, 201);
    contract.call(desk, "POST", &days, Some(json!({"exception_date": "soon"}))).await;
    contract.call(desk, "GET", &days, None).await.ok();
    let day = format!("{days}/{}", made.id());
    contract.call(desk, "GET", &day, None).await.ok();
    contract.call(desk, "PUT", &day, Some(json!({"recurring_annually": true}))).await.ok();
    contract.call(desk, "DELETE", &day, None).await.ok();
    contract.call(desk, "DELETE", &one, None).await.ok();
    contract.call(desk, "GET", &one, None).await;
}

async fn drive_tickets(contract: &mut Contract, desk: &Desk) {
    let kind = contract.call(desk, "POST", "/ticket_types", Some(json!({"name": "Bug"}))).await.ok().id();
    let one = format!("/ticket_types/{kind}");
    let body = json!({"name": "Sort", "description": "x", "data_type": "list", "list_items": "a,b"});
    contract.call(desk, "POST", &format!("{one}/attributes"), Some(body)).await.ok();
    contract.call(desk, "GET", &one, None).await.ok();
    contract.call(desk, "PUT", &one, Some(json!({"description": "y"}))).await.ok();
    contract.call(desk, "GET", "/ticket_types", None).await.ok();
    contract.call(desk, "GET", "/ticket_states", None).await.ok();
    let body = json!({"ticket_type_id": kind, "contacts": [{"email": "new@customer.example"}],
        "ticket_attributes": {"_default_title_": "T"}});
    let ticket = contract.call(desk, "POST", "/tickets", Some(body.clone())).await.ok().id();
    let job = contract.call(desk, "POST", "/tickets/enqueue", Some(body)).await.ok().id();
    contract.call(desk, "GET", &format!("/jobs/status/{job}"), None).await.ok();
    desk.advance(60);
    contract.call(desk, "GET", &format!("/jobs/status/{job}"), None).await.ok();
    contract.call(desk, "GET", "/jobs/status/1", None).await;
    let path = format!("/tickets/{ticket}");
    contract.call(desk, "GET", &path, None).await.ok();
    contract.call(desk, "PUT", &path, Some(json!({"open": false}))).await.ok();
    contract.call(desk, "DELETE", &path, None).await.ok();
    contract.call(desk, "GET", &path, None).await;
}

#[tokio::test]
async fn every_answer_is_one_that_the_official_description_allows() {
    let Some(description) = description() else {
        eprintln!("skipped: set INTERCOM_OPENAPI to the description of Intercom's API, version 2.16");
        return;
    };
    let mut contract = Contract::new(&description);
    let desk = Desk::with(|knobs| knobs.quarantine = Quarantine::Flag);
    drive_registry(&mut contract, &desk).await;
    let contact = drive_people(&mut contract, &desk).await;
    drive_conversations(&mut contract, &desk, &contact).await;
    drive_companies(&mut contract, &desk, &contact).await;
    drive_library(&mut contract, &desk).await;
    drive_settings(&mut contract, &desk).await;
    drive_tickets(&mut contract, &desk).await;
    assert!(contract.seen.len() >= 167, "{} answers of different kinds were checked", contract.seen.len());
}

#[test]
fn the_check_can_fail() {
    let Some(description) = description() else {
        eprintln!("skipped: set INTERCOM_OPENAPI to the description of Intercom's API, version 2.16");
        return;
    };
    let mut contract = Contract::new(&description);
    let body = json!({"type": "user_message", "id": 7});
    let answer = Answer { status: 200, headers: axum::http::HeaderMap::new(), text: String::new(), body };
    let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        contract.check("POST", "/conversations", &answer);
    }));
    assert!(failed.is_err(), "a number for a string, and fields that are missing");
}
