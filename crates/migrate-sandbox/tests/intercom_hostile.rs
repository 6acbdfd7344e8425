//! No request, however strange, makes the Intercom stand-in panic or answer without its envelope.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use support::{ADMIN, Desk};

const PATHS: [&str; 24] = [
    "/me",
    "/contacts",
    "/contacts/search",
    "/contacts/{c}",
    "/contacts/{c}/tags",
    "/contacts/{c}/archive",
    "/contacts/find_by_external_id/%F0%9F%98%80",
    "/conversations",
    "/conversations/search",
    "/conversations/{v}",
    "/conversations/{v}/reply",
    "/conversations/{v}/parts",
    "/conversations/{v}/tags",
    "/conversations/{v}/tags/1",
    "/conversations/{v}/customers",
    "/conversations/attributes",
    "/conversations/attributes/1",
    "/conversations/attributes/1/options",
    "/conversations/deleted?page=18446744073709551615&per_page=1",
    "/tags",
    "/tags/102",
    "/data_attributes?model=%",
    "/messages",
    "/conversations/redact",
];

fn value() -> impl Strategy<Value = Value> {
    let keys = prop::sample::select(vec![
        "type",
        "message_type",
        "admin_id",
        "assignee_id",
        "body",
        "from",
        "id",
        "created_at",
        "attachment_files",
        "attachment_urls",
        "data",
        "name",
        "content_type",
        "custom_attributes",
        "query",
        "field",
        "operator",
        "value",
        "pagination",
        "per_page",
        "starting_after",
        "data_type",
        "options",
        "label",
        "customer",
        "email",
        "model",
        "intercom_user_id",
        "snoozed_until",
        "title",
        "read",
        "users",
        "sort",
        "order",
    ]);
    let words = prop::sample::select(vec![
        "user",
        "admin",
        "comment",
        "note",
        "close",
        "assignment",
        "snoozed",
        "open",
        "team",
        ADMIN,
        "AND",
        "OR",
        "=",
        "IN",
        "~",
        ">",
        "state",
        "contact_ids",
        "tag_ids",
        "source.body",
        "created_at",
        "list",
        "string",
        "a@b.example",
        "aGk=",
        "WzFd",
        "<p>é<",
        "",
        "contact",
        "text/plain",
        "ascending",
    ]);
    let leaf = prop_oneof![
        words.prop_map(|word| json!(word)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<bool>().prop_map(|flag| json!(flag)),
        Just(Value::Null),
        ".{0,12}".prop_map(|text| json!(text)),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((keys.clone(), inner), 0..8).prop_map(|pairs| Value::Object(
                pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect::<Map<_, _>>()
            )),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_request_gets_an_answer_in_the_envelope(
        calls in prop::collection::vec((0..PATHS.len(), 0..4usize, value()), 1..24)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let desk = Desk::new();
            let (contact, conversation) = desk.thread().await;
            desk.attribute("x").await;
            for (path, method, body) in calls {
                let path = PATHS[path].replace("{c}", &contact).replace("{v}", &conversation);
                let method = ["GET", "POST", "PUT", "DELETE"][method];
                let answer = desk.call(method, &path, Some(body)).await;
                let refused = answer.body["type"] == "error.list" && answer.body["errors"][0]["code"].is_string();
                assert!(answer.status == 200 || refused, "{method} {path}: {} {}", answer.status, answer.text);
            }
        });
    }
}
