//! Every answer of the Intercom stand-in against the official description, where that is at hand.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeSet;
use std::path::PathBuf;

use migrate_sandbox::intercom::Quarantine;
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
    assert!(contract.seen.len() >= 61, "{} answers of different kinds were checked", contract.seen.len());
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
