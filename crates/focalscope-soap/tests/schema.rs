//! The JSON schema of a service profile: it says what the reader of profiles says, and editors can use it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]
#![cfg(feature = "focalscope")]

use focalscope_soap::Profile;
use focalscope_soap::profile::Logical;
use serde_json::{Map, Value, json};

const FILE: &str = include_str!("../schemas/profile.schema.json");

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn words(of: &[&str]) -> Value {
    json!({ "type": "object", "additionalProperties": { "enum": of } })
}

fn object(properties: Value, required: &[&str]) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// One operation: its fields are those that it can fill; the required ones are asked for unless it is absent.
fn operation(logical: Logical) -> Value {
    let mut fields = Map::new();
    let mut depends: Map<String, Value> = Map::new();
    let path = json!({ "type": "string", "minLength": 1 });
    for field in logical.fields() {
        fields.insert(field.name.to_owned(), path.clone());
        let Some(group) = field.within else { continue };
        let needs = |depends: &mut Map<String, Value>, one: &str, other: &str| {
            let list = depends.entry(one).or_insert_with(|| json!([]));
            list.as_array_mut().unwrap().push(json!(other));
        };
        needs(&mut depends, field.name, group);
        if field.required {
            needs(&mut depends, group, field.name);
        }
    }
    let required: Vec<&str> =
        logical.fields().iter().filter(|f| f.required && f.within.is_none()).map(|f| f.name).collect();
    let constant = json!({ "type": ["string", "boolean", "integer"] });
    let is = |key: &str| json!({ "properties": { key: { "const": true } }, "required": [key] });
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "absent": { "type": "boolean" },
            "inline": { "type": "boolean" },
            "operation": text(),
            "action": text(),
            "key": text(),
            "since": text(),
            "from": text(),
            "to": text(),
            "constants": { "type": "object", "additionalProperties": constant },
            "page": { "$ref": "#/$defs/page" },
            "item": text(),
            "fields": {
                "type": "object",
                "additionalProperties": false,
                "properties": fields,
                "dependentRequired": depends,
            },
            "ignore": texts(),
        },
        "if": is("absent"),
        "else": {
            "properties": { "fields": { "required": required } },
            "required": if required.is_empty() { vec![] } else { vec!["fields"] },
            "if": is("inline"),
            "else": { "required": ["operation"], "properties": { "operation": { "minLength": 1 } } },
        },
    })
}

fn schema() -> Value {
    let operations: Map<String, Value> =
        Logical::ALL.iter().map(|logical| (logical.name().to_owned(), operation(*logical))).collect();
    let number = json!({ "type": "number", "minimum": 0 });
    let whole = json!({ "type": "integer", "minimum": 1 });
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A service profile of focalscope-soap",
        "description": "Which SOAP operation does what, under which names, in which words. Written as TOML.",
        "type": "object",
        "additionalProperties": false,
        "required": ["operations"],
        "properties": {
            "name": text(),
            "assumption": { "type": "boolean" },
            "soap": object(json!({ "service": text(), "port": text(), "version": { "enum": ["1.1", "1.2"] } }), &[]),
            "auth": object(
                json!({
                    "kind": { "enum": ["none", "basic", "api_key_header", "api_key_element", "session"] },
                    "header": text(),
                    "element": text(),
                    "field": text(),
                    "session": object(
                        json!({
                            "login": text(), "user": text(), "password": text(), "token": text(),
                            "element": text(), "field": text(), "logout": text(),
                        }),
                        &["login", "user", "password", "token", "element"],
                    ),
                }),
                &[],
            ),
            "faults": object(
                json!({ "expired": texts(), "busy": texts(), "not_found": texts(), "denied": texts() }),
                &[],
            ),
            "pace": object(
                json!({
                    "pause_seconds": number, "concurrency": whole, "page_size": whole, "attempts": whole,
                    "first_wait_seconds": number,
                }),
                &[],
            ),
            "times": object(json!({ "zone": text(), "no_date": texts() }), &[]),
            "values": object(
                json!({
                    "status": words(&["open", "pending", "on_hold", "resolved", "closed"]),
                    "priority": words(&["low", "normal", "high", "urgent"]),
                    "channel": words(
                        &["email", "voice", "live_chat", "facebook", "whats_app", "telegram", "sms"],
                    ),
                    "direction": words(&["in", "out", "note", "system"]),
                    "author": words(&["agent", "contact", "system"]),
                    "agent_state": words(&["active", "disabled", "deleted"]),
                    "format": words(&["plain", "html"]),
                    "automation": words(&["rule", "sequence"]),
                    "weekday": words(
                        &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
                    ),
                    "boolean": { "type": "object", "additionalProperties": { "type": "boolean" } },
                    "kind": { "type": "object", "additionalProperties": { "type": "string" } },
                }),
                &[],
            ),
            "operations": object(Value::Object(operations), &[]),
        },
        "$defs": {
            "page": {
                "oneOf": [
                    object(
                        json!({
                            "by": { "const": "page" }, "page": text(), "size": text(),
                            "first": { "type": "integer", "minimum": 0 }, "total": text(), "more": text(),
                        }),
                        &["by", "page", "size"],
                    ),
                    object(
                        json!({
                            "by": { "const": "offset" }, "offset": text(), "limit": text(),
                            "total": text(), "more": text(),
                        }),
                        &["by", "offset", "limit"],
                    ),
                ],
            },
        },
    })
}

#[test]
fn the_file_says_what_the_reader_of_profiles_knows() {
    let made = schema();
    if std::env::var_os("WRITE_SCHEMA").is_some() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/profile.schema.json");
        std::fs::write(path, serde_json::to_string_pretty(&made).unwrap() + "\n").unwrap();
        return;
    }
    let file: Value = serde_json::from_str(FILE).unwrap();
    assert!(file == made, "the fields have changed: write the file anew with WRITE_SCHEMA=1");
}

fn judged(toml: &str) -> Vec<String> {
    let validator = jsonschema::validator_for(&serde_json::from_str(FILE).unwrap()).unwrap();
    let profile: toml::Value = toml::from_str(toml).unwrap();
    let profile = serde_json::to_value(profile).unwrap();
    validator.iter_errors(&profile).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

#[test]
fn the_built_in_profile_is_valid() {
    assert_eq!(judged(Profile::default_toml()), Vec::<String>::new());
}

#[test]
fn wrong_profiles_are_refused_by_the_schema_as_by_the_reader() {
    let wrong = [
        ("a misspelt key", "[pace]\n", "[pace]\nconcurency = 3\n"),
        ("a field that the operation can't fill", "subject = \"Subject\"\n", "subjet = \"Subject\"\n"),
        ("a word that no table knows", "\"on_hold\"", "\"onhold\""),
        ("an operation without a name", "operation = \"ListWallboards\"\n", ""),
        ("a required field that is missing", "body = \"Body\"\nmessage_id", "message_id"),
        ("paging of an unknown kind", "by = \"page\"", "by = \"cursor\""),
    ];
    for (what, from, to) in wrong {
        let text = Profile::default_toml().replacen(from, to, 1);
        assert_ne!(text, Profile::default_toml(), "{what}");
        assert!(!judged(&text).is_empty(), "{what}: the schema takes it");
        assert!(Profile::parse(&text).is_err(), "{what}: the reader takes it");
    }
}

#[test]
fn an_absent_operation_needs_nothing_else() {
    let text = "[operations.list_wallboards]\nabsent = true\n";
    assert_eq!(judged(text), Vec::<String>::new());
    assert!(Profile::parse(text).is_ok());
}
