//! Each trap of Intercom that moving conversations can meet; the names of the tests carry the traps' ids.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use migrate_sandbox::intercom::{
    AttributeSearch, Fault, FaultRule, PartOrder, Quarantine, RateChange, ReplyGuard, Seed, SeedContact,
};
use serde_json::{Value, json};
use support::{ADMIN, Desk, NOW, TEAM};

fn attachments(names: &[&str]) -> Vec<Value> {
    let file = |name: &&str| json!({"name": name, "content_type": "text/plain", "data": "aGVsbG8="});
    names.iter().map(file).collect()
}

fn contact_reply(contact: &str, extra: Value) -> Value {
    let mut body =
        json!({"type": "user", "message_type": "comment", "intercom_user_id": contact, "body": "text"});
    body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    body
}

#[tokio::test]
async fn t01_a_call_without_a_known_token_is_unauthorized() {
    let desk = Desk::new();
    for token in [None, Some("Bearer other"), Some("Basic sandbox-token")] {
        let mut request = Request::get("/me").header("accept", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let answer = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthorized"));
        assert_eq!(answer.message(), "Access Token Invalid");
    }
    assert!(desk.intercom.journal().entries.iter().all(|entry| !entry.authorized));
}

#[tokio::test]
async fn t02_an_accept_that_is_not_json_is_not_acceptable() {
    let desk = Desk::new();
    for accept in [None, Some("text/html"), Some("*/*")] {
        let mut request = Request::get("/me").header("authorization", "Bearer sandbox-token");
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let answer = desk.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status, answer.code()), (406, "media_type_not_acceptable"));
    }
}

#[tokio::test]
async fn t03_a_body_that_is_not_json_is_refused() {
    let desk = Desk::new();
    for body in ["{", "{\"body\": \"\\ud800\"}"] {
        let request = Request::post("/tags")
            .header("authorization", "Bearer sandbox-token")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .body(Body::from(body));
        let answer = desk.send(request.unwrap()).await;
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
    }
}

#[tokio::test]
async fn t04_a_new_endpoint_under_an_old_version_is_refused() {
    let desk = Desk::new();
    for path in ["/conversations/deleted", "/conversations/attributes"] {
        let answer = desk.versioned("2.15", "GET", path, None).await;
        assert_eq!((answer.status, answer.code()), (400, "intercom_version_invalid"));
        desk.get(path).await.ok();
    }
    assert_eq!(desk.versioned("9.9", "GET", "/me", None).await.code(), "intercom_version_invalid");
}

#[tokio::test]
async fn t05_an_old_version_takes_no_notice_of_skip_notifications() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/reply");
    let body = json!({"type": "admin", "message_type": "comment", "admin_id": ADMIN, "body": "x",
        "skip_notifications": true});
    desk.post(&path, body.clone()).await.ok();
    assert_eq!(desk.intercom.journal().notifications.count, 0);
    desk.versioned("2.14", "POST", &path, Some(body)).await.ok();
    let journal = desk.intercom.journal();
    assert_eq!(journal.notifications.by_kind["admin_comment"], 1);
    assert_eq!(journal.entries.last().unwrap().ignored_keys, ["skip_notifications"]);
    desk.agent_says(&conversation, "note", "internal").await.ok();
    assert_eq!(desk.intercom.journal().notifications.count, 1);
}

#[tokio::test]
async fn t06_every_answer_states_the_limit_and_the_call_above_it_is_refused() {
    let desk = Desk::with(|knobs| {
        knobs.rate_limit = 3;
        knobs.tokens.push("second".into());
    });
    assert_eq!(desk.get("/me").await.header("x-ratelimit-remaining"), "2");
    assert_eq!(desk.get("/nothing").await.header("x-ratelimit-remaining"), "1");
    let request =
        Request::get("/me").header("authorization", "Bearer second").header("accept", "application/json");
    let other = desk.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(other.header("x-ratelimit-remaining"), "0", "tokens of one workspace share the limit");
    let over = desk.get("/me").await;
    assert_eq!((over.status, over.code()), (429, "rate_limit_exceeded"));
    assert_eq!(over.message(), "Exceeded rate limit of 3 in 10_seconds");
    assert_eq!(over.header("retry-after"), "");
    let reset: i64 = over.header("x-ratelimit-reset").parse().unwrap();
    assert!(reset > NOW && reset <= NOW + 10);
    desk.advance(reset - NOW);
    assert_eq!(desk.get("/me").await.ok().header("x-ratelimit-limit"), "3");
}

#[tokio::test]
async fn t07_the_limit_can_move_while_calls_are_made() {
    let script = [(1, 83), (3, 166), (5, 1666)].map(|(from_call, limit)| RateChange { from_call, limit });
    let desk = Desk::with(|knobs| knobs.rate_script = script.to_vec());
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(desk.get("/me").await.ok().header("x-ratelimit-limit").to_owned());
    }
    assert_eq!(seen, ["83", "83", "166", "166", "1666", "1666"]);
}

#[tokio::test]
async fn t08_replies_that_come_too_fast_to_one_conversation_are_refused() {
    let desk = Desk::with(|knobs| knobs.reply_guard = Some(ReplyGuard { replies: 2, per_s: 10 }));
    let (contact, conversation) = desk.thread().await;
    desk.customer_says(&conversation, &contact, "1").await.ok();
    desk.customer_says(&conversation, &contact, "2").await.ok();
    let refused = desk.customer_says(&conversation, &contact, "3").await;
    assert_eq!((refused.status, refused.code()), (400, "parameter_invalid"));
    assert_eq!(refused.message(), "Too many recent replies to this conversation");
    desk.advance(10);
    assert_eq!(desk.customer_says(&conversation, &contact, "3").await.ok().parts().len(), 3);
}

#[tokio::test]
async fn t09_an_answer_can_be_lost_after_the_write_and_a_gateway_can_fail_on_both_sides_of_it() {
    let desk = Desk::new();
    let create = |fault| FaultRule::new(fault).on("POST", "/contacts").matches([1]);
    let cases = [
        (Fault::LoseAnswer, 599, true),
        (Fault::Refuse, 599, false),
        (Fault::ErrorBefore(502), 502, false),
        (Fault::ErrorAfter(503), 503, true),
        (Fault::EmptyErrorAfter(500), 500, true),
    ];
    for (number, (fault, status, applied)) in cases.into_iter().enumerate() {
        desk.intercom.turn(|knobs| knobs.faults = vec![create(fault)]);
        let before = desk.intercom.state().contacts;
        let email = format!("p{number}@customer.example");
        let answer = desk.post("/contacts", json!({"email": email})).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-sandbox-lost") == "1", fault == Fault::LoseAnswer);
        assert_eq!(answer.header("x-sandbox-refused") == "1", fault == Fault::Refuse);
        assert_eq!(desk.intercom.state().contacts - before, u64::from(applied));
        let journal = desk.intercom.journal();
        assert_eq!(journal.entries.last().unwrap().applied, applied);
        assert_eq!(journal.entries.last().unwrap().lost, fault == Fault::LoseAnswer);
    }
    let html = desk.intercom.knobs().faults.len();
    assert_eq!(html, 1);
    desk.intercom.turn(|knobs| knobs.faults = vec![FaultRule::new(Fault::ErrorBefore(502)).probability(1.0)]);
    assert!(desk.get("/me").await.text.starts_with("<html>"));
}

#[tokio::test]
async fn t09_chance_faults_are_the_same_for_the_same_seed() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let desk = Desk::with(|knobs| {
            knobs.seed = seed;
            knobs.faults = vec![FaultRule::new(Fault::ErrorBefore(500)).probability(0.3)];
        });
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(desk.get("/me").await.status);
        }
        assert!(statuses.contains(&500) && statuses.contains(&200));
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn t10_creates_answer_200() {
    let desk = Desk::new();
    assert_eq!(desk.post("/contacts", json!({"email": "a@b.example"})).await.status, 200);
    assert_eq!(desk.post("/tags", json!({"name": "x"})).await.status, 200);
    let attribute = json!({"name": "x", "data_type": "string"});
    assert_eq!(desk.post("/conversations/attributes", attribute).await.status, 200);
}

#[tokio::test]
async fn t11_an_error_may_hold_several_entries_and_a_request_id_a_null_or_none() {
    let desk = Desk::new();
    let answer = desk.post("/contacts", json!({"email": "nope", "phone": "123", "role": "king"})).await;
    let fields: Vec<&str> = answer.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["field"].as_str().unwrap())
        .collect();
    assert_eq!(fields, ["role", "email", "phone"]);
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(desk.get("/nothing").await.body.get("request_id").cloned());
    }
    assert!(ids.contains(&None) && ids.contains(&Some(Value::Null)));
    assert!(ids.iter().flatten().any(Value::is_string));
}

#[tokio::test]
async fn t12_a_second_user_with_the_same_email_or_external_id_conflicts() {
    let desk = Desk::new();
    let body = json!({"email": "Ann@Customer.example", "external_id": "x-1"});
    let first = desk.post("/contacts", body).await.ok().id();
    for body in
        [json!({"email": "ann@customer.EXAMPLE"}), json!({"external_id": "x-1", "email": "b@b.example"})]
    {
        let answer = desk.post("/contacts", body).await;
        assert_eq!((answer.status, answer.code()), (409, "conflict"));
        assert_eq!(
            answer.message(),
            format!("A contact matching those details already exists with id={first}")
        );
    }
    let other = desk.contact("c@c.example").await;
    let answer = desk.put(&format!("/contacts/{other}"), json!({"email": "ann@customer.example"})).await;
    assert_eq!(answer.code(), "conflict");
    assert_eq!(desk.intercom.state().contacts, 2);
}

#[tokio::test]
async fn t13_an_archived_user_is_in_the_way_and_can_be_found_by_the_conflict_alone() {
    let desk = Desk::new();
    let seed = SeedContact {
        email: Some("old@customer.example".into()),
        external_id: Some("old".into()),
        archived: true,
        ..SeedContact::default()
    };
    desk.intercom.seed(Seed { contacts: vec![seed], ..Seed::default() });
    let answer = desk.post("/contacts", json!({"email": "old@customer.example"})).await;
    let id =
        answer.message().strip_prefix("An archived contact matching those details already exists with id=");
    let id = id.unwrap().to_owned();
    assert_eq!(desk.get(&format!("/contacts/{id}")).await.status, 404);
    assert_eq!(desk.get("/contacts/find_by_external_id/old").await.status, 404);
    let query = json!({"query": {"field": "email", "operator": "=", "value": "old@customer.example"}});
    assert_eq!(desk.post("/contacts/search", query).await.ok().body["total_count"], 0);
    desk.post(&format!("/contacts/{id}/unarchive"), json!({})).await.ok();
    desk.get(&format!("/contacts/{id}")).await.ok();
}

#[tokio::test]
async fn t14_leads_may_share_an_email() {
    let desk = Desk::new();
    desk.contact("ann@customer.example").await;
    let lead = json!({"role": "lead", "email": "ann@customer.example"});
    assert_eq!(desk.post("/contacts", lead.clone()).await.ok().body["role"], "lead");
    desk.post("/contacts", lead).await.ok();
    let with_id = json!({"role": "lead", "external_id": "x"});
    assert_eq!(desk.post("/contacts", with_id).await.status, 400);
}

#[tokio::test]
async fn t15_search_is_blind_to_new_contacts_while_their_external_id_finds_them() {
    let desk = Desk::new();
    desk.post("/contacts", json!({"email": "ann@customer.example", "external_id": "x-1"})).await.ok();
    let query = json!({"query": {"field": "email", "operator": "=", "value": "ann@customer.example"}});
    assert_eq!(desk.post("/contacts/search", query.clone()).await.ok().body["total_count"], 0);
    desk.get("/contacts/find_by_external_id/x-1").await.ok();
    desk.advance(90);
    assert_eq!(desk.post("/contacts/search", query).await.ok().body["total_count"], 1);
}

#[tokio::test]
async fn t16_the_external_id_finds_users_only() {
    let desk = Desk::new();
    let lead = SeedContact { external_id: Some("x".into()), lead: true, ..SeedContact::default() };
    desk.intercom.seed(Seed { contacts: vec![lead], ..Seed::default() });
    assert_eq!(desk.get("/contacts/find_by_external_id/x").await.status, 404);
}

#[tokio::test]
async fn t17_a_merged_contact_is_gone_and_names_the_one_it_became() {
    let desk = Desk::new();
    let person = |id: &str, into: Option<&str>| SeedContact {
        external_id: Some(id.into()),
        email: Some(format!("{id}@customer.example")),
        merged_into: into.map(str::to_owned),
        ..SeedContact::default()
    };
    let contacts = vec![person("kept", None), person("middle", Some("kept")), person("gone", Some("middle"))];
    desk.intercom.seed(Seed { contacts, ..Seed::default() });
    let kept = desk.get("/contacts/find_by_external_id/kept").await.ok().id();
    let gone = desk.get("/contacts/find_by_external_id/gone").await;
    assert_eq!((gone.status, gone.code()), (410, "contact_merged"));
    assert_eq!(gone.header("link"), format!("</contacts/{kept}>; rel=\"canonical\""));
}

#[tokio::test]
async fn t18_dates_of_contacts_are_searched_by_day_and_with_three_operators() {
    let desk = Desk::new();
    desk.post("/contacts", json!({"email": "a@b.example", "signed_up_at": NOW - 3600})).await.ok();
    desk.advance(100);
    let search = |operator: &'static str, value: i64| {
        let body = json!({"query": {"field": "signed_up_at", "operator": operator, "value": value}});
        desk.post("/contacts/search", body)
    };
    assert_eq!(search("=", NOW).await.ok().body["total_count"], 1, "the same day, another second");
    assert_eq!(search(">", NOW - 7200).await.ok().body["total_count"], 0, "later, but on the same day");
    assert_eq!(search(">", NOW - 2 * 86_400).await.ok().body["total_count"], 1);
    for operator in ["!=", ">=", "<="] {
        assert_eq!(search(operator, NOW).await.status, 400);
    }
}

#[tokio::test]
async fn t19_an_unknown_attribute_of_a_contact_is_refused_by_name() {
    let desk = Desk::new();
    let body = json!({"email": "a@b.example", "custom_attributes": {"favourite": "x"}});
    let answer = desk.post("/contacts", body.clone()).await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
    assert!(answer.message().contains("'favourite'"));
    desk.post("/data_attributes", json!({"name": "favourite", "model": "contact", "data_type": "string"}))
        .await
        .ok();
    assert_eq!(desk.post("/contacts", body).await.ok().body["custom_attributes"]["favourite"], "x");
}

#[tokio::test]
async fn t20_an_unknown_attribute_of_a_conversation_is_refused_by_name() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    let answer = desk.put(&path, json!({"custom_attributes": {"number": "1"}})).await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
    assert_eq!(answer.message(), "Conversation attribute 'number' does not exist");
    desk.attribute("number").await;
    desk.put(&path, json!({"custom_attributes": {"number": "1"}})).await.ok();
    for wrong in [json!(1), json!("x".repeat(256))] {
        assert_eq!(desk.put(&path, json!({"custom_attributes": {"number": wrong}})).await.status, 400);
    }
}

#[tokio::test]
async fn t21_a_doubled_attribute_name_blocks_writes_until_one_is_archived() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    desk.attribute("number").await;
    desk.attribute("other").await;
    let second = desk.attribute("number").await;
    for key in ["number", "other"] {
        assert_eq!(desk.put(&path, json!({"custom_attributes": {key: "1"}})).await.status, 400);
    }
    desk.intercom.turn(|knobs| knobs.duplicate_blocks_all = false);
    desk.put(&path, json!({"custom_attributes": {"other": "1"}})).await.ok();
    assert_eq!(desk.put(&path, json!({"custom_attributes": {"number": "1"}})).await.status, 400);
    desk.delete(&format!("/conversations/attributes/{second}")).await.ok();
    desk.put(&path, json!({"custom_attributes": {"number": "1"}})).await.ok();
}

#[tokio::test]
async fn t22_conversation_attributes_are_not_among_the_data_attributes() {
    let desk = Desk::new();
    let answer = desk.get("/data_attributes?model=conversation").await;
    assert_eq!((answer.status, answer.code()), (422, "parameter_invalid"));
    assert!(answer.message().contains("/conversations/attributes"));
}

#[tokio::test]
async fn t23_data_attributes_are_refused_with_distinct_messages() {
    let desk = Desk::new();
    let create = |name: &str, model: &str, data_type: &str, options: Value| {
        desk.post(
            "/data_attributes",
            json!({"name": name, "model": model, "data_type": data_type, "options": options}),
        )
    };
    create("Ring", "company", "string", Value::Null).await.ok();
    let options = json!([{"value": "one"}]);
    let cases = [
        (
            create("Ring", "contact", "string", Value::Null).await,
            "You already have 'Ring' in your company data.",
        ),
        (
            create("a/b", "contact", "string", Value::Null).await,
            "Your name for this attribute must only contain",
        ),
        (create("x", "contact", "number", Value::Null).await, "Data Type isn't an option"),
        (create("x", "conversation", "string", Value::Null).await, "The Data Attribute model field"),
        (
            create("x", "contact", "options", options).await,
            "The Data Attribute must have at least two options",
        ),
    ];
    for (answer, message) in cases {
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
        assert!(answer.message().starts_with(message), "{}", answer.message());
    }
}

#[tokio::test]
async fn t24_two_conversation_attributes_may_get_one_name() {
    let desk = Desk::new();
    assert_ne!(desk.attribute("number").await, desk.attribute("number").await);
    desk.intercom.turn(|knobs| knobs.accept_duplicate_attributes = false);
    let body = json!({"name": "Number", "data_type": "string"});
    assert_eq!(desk.post("/conversations/attributes", body).await.status, 422);
}

#[tokio::test]
async fn t25_options_of_lists_are_checked_in_five_ways() {
    let desk = Desk::new();
    let list = json!({"name": "channel", "data_type": "list", "options": [{"label": "a"}, {"label": "b"}]});
    let made = desk.post("/conversations/attributes", list).await.ok();
    let (list, text) = (made.id(), desk.attribute("text").await);
    let path = format!("/conversations/attributes/{list}/options");
    let cases = [
        (desk.post(&path, json!({"label": "c", "more": 1})).await, "only 'label' is accepted"),
        (desk.post(&path, json!({})).await, "label is required"),
        (desk.post(&path, json!({"label": 1})).await, "label must be a string"),
        (
            desk.post(&format!("/conversations/attributes/{text}/options"), json!({"label": "c"})).await,
            "Options can only be managed on list attributes",
        ),
        (
            desk.delete(&format!("{path}/{}", made.body["options"][0]["id"].as_str().unwrap())).await,
            "A list attribute must have at least 2 active options",
        ),
    ];
    for (answer, message) in cases {
        assert_eq!((answer.status, answer.code(), answer.message()), (422, "parameter_invalid", message));
    }
    desk.post(&path, json!({"label": "c"})).await.ok();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    let write = |label: &str| desk.put(&path, json!({"custom_attributes": {"channel": label}}));
    assert_eq!(write("d").await.status, 400, "a value outside the options");
    write("c").await.ok();
}

#[tokio::test]
async fn t26_an_archived_conversation_attribute_stays_archived() {
    let desk = Desk::new();
    let id = desk.attribute("number").await;
    let path = format!("/conversations/attributes/{id}");
    assert_eq!(desk.delete(&path).await.ok().body["archived"], true);
    assert_eq!(desk.put(&path, json!({"archived": false})).await.ok().body["archived"], true);
    assert_eq!(desk.intercom.journal().entries.last().unwrap().ignored_keys, ["archived"]);
    assert_eq!(desk.get("/conversations/attributes").await.ok().body["data"], json!([]));
    let all = desk.get("/conversations/attributes?include_archived=true").await.ok();
    assert_eq!(all.body["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn t27_create_answers_a_message_whose_id_is_not_the_conversation() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let body = json!({"from": {"type": "user", "id": contact}, "body": "Hello"});
    let answer = desk.post("/conversations", body).await.ok();
    assert_eq!(answer.body["type"], "user_message");
    assert_eq!(desk.get(&format!("/conversations/{}", answer.id())).await.status, 404);
    let conversation = answer.body["conversation_id"].as_str().unwrap();
    let read = desk.get(&format!("/conversations/{conversation}")).await.ok();
    assert_eq!(read.body["source"]["id"], answer.body["id"]);
}

#[tokio::test]
async fn t28_a_conversation_needs_a_contact_that_is_there() {
    let desk = Desk::new();
    for id in ["123_doesnt_exist", "000000000000000000000000"] {
        let answer =
            desk.post("/conversations", json!({"from": {"type": "user", "id": id}, "body": "x"})).await;
        assert_eq!((answer.status, answer.code(), answer.message()), (404, "not_found", "User Not Found"));
    }
    let answer = desk.post("/conversations", json!({"body": "x"})).await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_not_found"));
}

#[tokio::test]
async fn t29_create_takes_no_notice_of_what_it_does_not_know() {
    let desk = Desk::new();
    desk.attribute("number").await;
    let contact = desk.contact("ann@customer.example").await;
    let body = json!({"from": {"type": "user", "id": contact, "email": "x"}, "body": "Hello",
        "custom_attributes": {"number": "1"}, "assignee": {"id": ADMIN}, "state": "closed",
        "attachment_files": attachments(&["a.txt"])});
    let id =
        desk.post("/conversations", body).await.ok().body["conversation_id"].as_str().unwrap().to_owned();
    let mut ignored = desk.intercom.journal().entries.last().unwrap().ignored_keys.clone();
    ignored.sort();
    assert_eq!(ignored, ["assignee", "attachment_files", "custom_attributes", "from.email", "state"]);
    let read = desk.get(&format!("/conversations/{id}")).await.ok().body;
    assert_eq!((&read["custom_attributes"], &read["state"]), (&json!({}), &json!("open")));
    assert_eq!(read["source"]["attachments"], json!([]));
    assert_eq!(read["admin_assignee_id"], 0);
}

#[tokio::test]
async fn t30_create_shows_markup_as_it_was_typed() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    let body = json!({"from": {"type": "user", "id": contact}, "body": "<b>Hi</b> & bye"});
    let id =
        desk.post("/conversations", body).await.ok().body["conversation_id"].as_str().unwrap().to_owned();
    let read = desk.get(&format!("/conversations/{id}")).await.ok();
    assert_eq!(read.body["source"]["body"], "<p>&lt;b&gt;Hi&lt;/b&gt; &amp; bye</p>");
    let plain = desk.get(&format!("/conversations/{id}?display_as=plaintext")).await.ok();
    assert_eq!(plain.body["source"]["body"], "<b>Hi</b> & bye");
}

#[tokio::test]
async fn t31_a_contact_may_be_too_new_to_start_a_conversation() {
    let desk = Desk::with(|knobs| knobs.contact_visible_after_s = 5);
    let contact = desk.contact("ann@customer.example").await;
    let body = json!({"from": {"type": "user", "id": contact}, "body": "x"});
    let early = desk.post("/conversations", body.clone()).await;
    assert_eq!((early.status, early.message()), (404, "User Not Found"));
    desk.advance(5);
    desk.post("/conversations", body).await.ok();
}

#[tokio::test]
async fn t32_a_reply_answers_with_the_whole_conversation() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    desk.customer_says(&conversation, &contact, "one").await.ok();
    desk.customer_says(&conversation, &contact, "two").await.ok();
    let answer = desk.customer_says(&conversation, &contact, "three").await.ok();
    assert_eq!(answer.id(), conversation);
    assert_eq!(answer.parts().len(), 3);
    let packages: Vec<bool> = answer.parts().iter().map(|part| part["app_package_code"].is_null()).collect();
    assert!(packages.contains(&true) && packages.contains(&false));
}

#[tokio::test]
async fn t33_a_contact_can_not_write_a_note() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let body = contact_reply(&contact, json!({"message_type": "note"}));
    let answer = desk.post(&format!("/conversations/{conversation}/reply"), body).await;
    assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
    assert_eq!(answer.message(), "User can only create comments");
}

#[tokio::test]
async fn t34_a_contact_comment_on_a_closed_thread_reopens_it_in_a_part_typed_open() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    desk.close(&conversation).await.ok();
    let answer = desk.customer_says(&conversation, &contact, "again").await.ok();
    assert_eq!(answer.body["state"], "open");
    assert_eq!(answer.kinds(), ["close", "open"]);
    assert!(answer.parts()[1]["body"].as_str().unwrap().contains("again"));
}

#[tokio::test]
async fn t35_a_note_leaves_a_closed_thread_closed_and_an_admin_comment_need_not() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    desk.close(&conversation).await.ok();
    assert_eq!(desk.agent_says(&conversation, "note", "x").await.ok().body["state"], "closed");
    assert_eq!(desk.agent_says(&conversation, "comment", "x").await.ok().body["state"], "open");
    desk.intercom.turn(|knobs| knobs.admin_comment_reopens = false);
    desk.close(&conversation).await.ok();
    assert_eq!(desk.agent_says(&conversation, "comment", "x").await.ok().body["state"], "closed");
}

#[tokio::test]
async fn t36_assigning_a_closed_thread_reopens_it() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    desk.close(&conversation).await.ok();
    let body = json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": TEAM});
    let answer = desk.post(&format!("/conversations/{conversation}/parts"), body).await.ok();
    assert_eq!(
        (answer.body["state"].as_str().unwrap(), answer.kinds()[1].as_str()),
        ("open", "assign_and_reopen")
    );
    assert_eq!(answer.body["team_assignee_id"].to_string(), TEAM);
    assert_eq!(answer.parts()[1]["assigned_to"]["id"], TEAM);
}

#[tokio::test]
async fn t37_actions_are_stamped_with_the_clock_whatever_time_is_sent() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let body = json!({"message_type": "close", "type": "admin", "admin_id": ADMIN, "created_at": NOW - 5000,
        "skip_notifications": true});
    let answer = desk.post(&format!("/conversations/{conversation}/parts"), body).await.ok();
    assert_eq!(answer.parts()[0]["created_at"], NOW);
    assert_eq!(
        desk.intercom.journal().entries.last().unwrap().ignored_keys,
        ["created_at", "skip_notifications"]
    );
}

#[tokio::test]
async fn t38_the_body_of_a_close_reaches_the_customer() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let body = json!({"message_type": "close", "type": "admin", "admin_id": ADMIN, "body": "Goodbye"});
    let answer = desk.post(&format!("/conversations/{conversation}/parts"), body).await.ok();
    assert!(answer.parts()[0]["body"].as_str().unwrap().contains("Goodbye"));
    assert_eq!(desk.intercom.journal().notifications.count, 1);
}

#[tokio::test]
async fn t39_each_changed_attribute_adds_an_event_part_by_the_bot() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    desk.attribute("a").await;
    desk.attribute("b").await;
    let path = format!("/conversations/{conversation}");
    desk.put(&path, json!({"custom_attributes": {"a": "1"}})).await.ok();
    let answer = desk.put(&path, json!({"custom_attributes": {"a": "1", "b": "2"}})).await.ok();
    assert_eq!(answer.kinds(), ["conversation_attribute_updated_by_admin"; 2]);
    assert_eq!(answer.parts()[1]["author"]["type"], "bot");
    assert_eq!(answer.parts()[1]["body"], Value::Null);
    assert_eq!(answer.parts()[1]["event_details"]["attribute"]["name"], "b");
}

#[tokio::test]
async fn t40_a_read_returns_the_most_recent_parts_only() {
    let desk = Desk::with(|knobs| knobs.part_window = 3);
    let (contact, conversation) = desk.thread().await;
    for number in 0..5 {
        desk.customer_says(&conversation, &contact, &format!("message {number}")).await.ok();
    }
    let answer = desk.get(&format!("/conversations/{conversation}")).await.ok();
    assert_eq!(answer.parts().len(), 3);
    assert!(answer.parts()[0]["body"].as_str().unwrap().contains("message 2"));
    assert_eq!(answer.body["statistics"]["count_conversation_parts"], 5);
}

#[tokio::test]
async fn t40_parts_are_listed_by_their_time_or_as_written() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/reply");
    for (text, at) in [("late", NOW - 10), ("early", NOW - 20)] {
        let body = contact_reply(&contact, json!({"body": text, "created_at": at}));
        desk.post(&path, body).await.ok();
    }
    let first = |answer: support::Answer| answer.parts()[0]["created_at"].as_i64().unwrap();
    let read = format!("/conversations/{conversation}");
    assert_eq!(first(desk.get(&read).await.ok()), NOW - 20);
    desk.intercom.turn(|knobs| knobs.part_order = PartOrder::Written);
    assert_eq!(first(desk.get(&read).await.ok()), NOW - 10);
}

#[tokio::test]
async fn t41_lists_and_searches_carry_no_parts() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    desk.customer_says(&conversation, &contact, "x").await.ok();
    desk.advance(60);
    let listed = desk.get("/conversations").await.ok();
    let query = json!({"query": {"field": "contact_ids", "operator": "=", "value": contact}});
    let found = desk.post("/conversations/search", query).await.ok();
    for answer in [listed, found] {
        assert_eq!(answer.body["conversations"][0]["id"], conversation);
        assert!(answer.body["conversations"][0].get("conversation_parts").is_none());
        assert!(answer.body["conversations"][0]["custom_attributes"].is_object());
    }
}

#[tokio::test]
async fn t42_search_by_an_attribute_is_refused_empty_or_works() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    desk.attribute("number").await;
    desk.put(&format!("/conversations/{conversation}"), json!({"custom_attributes": {"number": "7"}}))
        .await
        .ok();
    desk.advance(60);
    let query = json!({"query": {"field": "custom_attributes.number", "operator": "=", "value": "7"}});
    assert_eq!(desk.post("/conversations/search", query.clone()).await.status, 400);
    for (knob, count) in [(AttributeSearch::Empty, 0), (AttributeSearch::Works, 1)] {
        desk.intercom.turn(|knobs| knobs.attribute_search = knob);
        assert_eq!(desk.post("/conversations/search", query.clone()).await.ok().body["total_count"], count);
    }
}

#[tokio::test]
async fn t43_bodies_are_searched_word_by_word() {
    let desk = Desk::new();
    desk.thread().await;
    desk.advance(60);
    let search = |text: &str| {
        let query = json!({"query": {"field": "source.body", "operator": "~", "value": text}});
        desk.post("/conversations/search", query)
    };
    assert_eq!(search("there hello").await.ok().body["total_count"], 1, "words in another order");
    assert_eq!(search("hell").await.ok().body["total_count"], 0, "part of a word");
}

#[tokio::test]
async fn t44_queries_are_bounded_in_width_and_depth() {
    let desk = Desk::new();
    let one = json!({"field": "state", "operator": "=", "value": "open"});
    let group = |inner: Vec<Value>| json!({"operator": "AND", "value": inner});
    let search = |query: Value| desk.post("/conversations/search", json!({"query": query}));
    search(group(vec![one.clone(); 15])).await.ok();
    assert_eq!(search(group(vec![one.clone(); 16])).await.status, 400);
    search(group(vec![group(vec![one.clone()])])).await.ok();
    assert_eq!(search(group(vec![group(vec![group(vec![one])])])).await.status, 400);
}

#[tokio::test]
async fn t45_times_that_are_not_seconds_of_the_past_are_refused() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/reply");
    for at in [json!(NOW + 3600), json!(0), json!(-5), json!(NOW * 1000), json!("2020-01-01"), json!(1.5)] {
        let answer = desk.post(&path, contact_reply(&contact, json!({"created_at": at}))).await;
        assert_eq!((answer.status, answer.code()), (400, "parameter_invalid"));
        assert!(answer.message().contains("is an invalid value for created_at"));
    }
    let body = contact_reply(&contact, json!({"created_at": 1}));
    assert_eq!(desk.post(&path, body).await.ok().parts()[0]["created_at"], 1);
}

#[tokio::test]
async fn t46_too_many_broken_or_large_files_are_refused() {
    let desk = Desk::with(|knobs| knobs.attachment_max_bytes = 4);
    let (contact, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/reply");
    let send =
        |files: Vec<Value>| desk.post(&path, contact_reply(&contact, json!({"attachment_files": files})));
    let eleven = vec!["a"; 11];
    assert_eq!(send(attachments(&eleven)).await.status, 400);
    assert_eq!(send(vec![json!({"name": "a", "content_type": "x/y", "data": "%%%"})]).await.status, 400);
    assert_eq!(send(vec![json!({"name": "a", "data": ""})]).await.status, 400);
    assert_eq!(send(attachments(&["a"])).await.status, 413, "five bytes");
    assert_eq!(desk.intercom.state().files, 0);
    send(vec![json!({"name": "empty", "content_type": "x/y", "data": ""})]).await.ok();
    let urls = vec!["https://files.example/a.png"; 11];
    let answer = desk.post(&path, contact_reply(&contact, json!({"attachment_urls": urls}))).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn t47_the_address_of_an_attachment_expires() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let bytes = [0u8, 159, 146, 150, 255];
    let data = base64::engine::general_purpose::STANDARD.encode(bytes);
    let files = json!([{"name": "a.bin", "content_type": "application/x", "data": data}]);
    let body = contact_reply(&contact, json!({"attachment_files": files}));
    let answer = desk.post(&format!("/conversations/{conversation}/reply"), body).await.ok();
    let file = answer.parts()[0]["attachments"][0].clone();
    assert_eq!((&file["name"], &file["filesize"]), (&json!("a.bin"), &json!(5)));
    let url = file["url"].as_str().unwrap().strip_prefix("http://stand-in.example").unwrap().to_owned();
    let fetch = || desk.send(Request::get(&url).body(Body::empty()).unwrap());
    let fetched = fetch().await;
    assert_eq!((fetched.status, fetched.header("content-type")), (200, "application/x"));
    assert_eq!(fetched.text, String::from_utf8_lossy(&bytes));
    let forged = url.replace("expires=", "expires=9");
    assert_eq!(desk.send(Request::get(&forged).body(Body::empty()).unwrap()).await.status, 403);
    desk.advance(1800);
    assert_eq!(fetch().await.status, 403);
}

#[tokio::test]
async fn t48_a_quarantined_attachment_disappears_or_can_not_be_fetched() {
    for (knob, shown) in [(Quarantine::Off, 2), (Quarantine::Flag, 2), (Quarantine::Disappear, 1)] {
        let desk = Desk::with(|knobs| knobs.quarantine = knob);
        let (contact, conversation) = desk.thread().await;
        let body = contact_reply(&contact, json!({"attachment_files": attachments(&["a.EXE", "b.txt"])}));
        let answer = desk.post(&format!("/conversations/{conversation}/reply"), body).await.ok();
        let files = answer.parts()[0]["attachments"].as_array().unwrap().clone();
        assert_eq!(files.len(), shown);
        let url =
            files[0]["url"].as_str().unwrap().strip_prefix("http://stand-in.example").unwrap().to_owned();
        let fetched = desk.send(Request::get(&url).body(Body::empty()).unwrap()).await.status;
        assert_eq!(fetched, if knob == Quarantine::Flag { 403 } else { 200 });
    }
}

#[tokio::test]
async fn t49_an_unknown_admin_or_assignee_is_not_found() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/reply");
    let reply = |admin: &str| {
        desk.post(&path, json!({"type": "admin", "message_type": "note", "admin_id": admin, "body": "x"}))
    };
    assert_eq!(reply("1").await.code(), "admin_not_found");
    assert_eq!(reply("991267502").await.code(), "action_forbidden", "a teammate without a seat");
    for kind in ["admin", "team"] {
        let body = json!({"message_type": "assignment", "type": kind, "admin_id": ADMIN, "assignee_id": "1"});
        let answer = desk.post(&format!("/conversations/{conversation}/parts"), body).await;
        assert_eq!((answer.status, answer.code()), (404, "assignee_not_found"));
    }
}

#[tokio::test]
async fn t50_a_deprecated_team_can_not_be_assigned() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let body =
        json!({"message_type": "assignment", "type": "team", "admin_id": ADMIN, "assignee_id": "5017692"});
    let answer = desk.post(&format!("/conversations/{conversation}/parts"), body).await;
    assert_eq!((answer.status, answer.code()), (400, "team_unavailable"));
}

#[tokio::test]
async fn t51_the_second_delete_finds_nothing() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    let gone = desk.delete(&path).await.ok();
    assert_eq!(gone.body, json!({"id": conversation, "object": "conversation", "deleted": true}));
    assert_eq!(desk.delete(&path).await.status, 404);
    let path = format!("/contacts/{contact}");
    assert_eq!(desk.delete(&path).await.ok().body["deleted"], true);
    assert_eq!(desk.delete(&path).await.status, 404);
}

#[tokio::test]
async fn t52_deleting_metrics_needs_a_scope() {
    let desk = Desk::with(|knobs| knobs.may_delete_metrics = false);
    let (_, conversation) = desk.thread().await;
    let answer = desk.delete(&format!("/conversations/{conversation}?retain_metrics=false")).await;
    assert_eq!((answer.status, answer.code()), (403, "forbidden"));
    assert_eq!(desk.intercom.state().conversations, 1);
    desk.delete(&format!("/conversations/{conversation}?retain_metrics=true")).await.ok();
}

#[tokio::test]
async fn t53_deleted_conversations_are_listed() {
    let desk = Desk::new();
    let contact = desk.contact("ann@customer.example").await;
    for retain in ["true", "false", "true"] {
        let conversation = desk.conversation(&contact).await;
        desk.delete(&format!("/conversations/{conversation}?retain_metrics={retain}")).await.ok();
    }
    let page = desk.get("/conversations/deleted?per_page=2&order=desc").await.ok().body;
    assert_eq!(
        (&page["total_count"], &page["conversations"][1]["metrics_retained"]),
        (&json!(3), &json!(false))
    );
    let next = page["pages"]["next"].as_str().unwrap();
    let next = desk.get(next.strip_prefix("http://stand-in.example").unwrap()).await.ok();
    assert_eq!(next.body["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(next.body["pages"]["next"], Value::Null);
}

#[tokio::test]
async fn t54_a_tag_that_a_segment_uses_can_not_be_deleted() {
    let desk = Desk::new();
    desk.intercom.seed(Seed { segment_tags: vec!["vip".into()], ..Seed::default() });
    let id = desk.post("/tags", json!({"name": "VIP"})).await.ok().id();
    let answer = desk.delete(&format!("/tags/{id}")).await;
    assert_eq!((answer.status, answer.code()), (400, "tag_has_dependent_objects"));
}

#[tokio::test]
async fn t55_a_tag_is_one_whatever_the_case_of_its_name() {
    let desk = Desk::new();
    let first = desk.post("/tags", json!({"name": "Batch 1"})).await.ok().id();
    let second = desk.post("/tags", json!({"name": "batch 1"})).await.ok();
    assert_eq!((second.id(), &second.body["name"]), (first.clone(), &json!("Batch 1")));
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/tags");
    desk.post(&path, json!({"id": first, "admin_id": ADMIN})).await.ok();
    assert_eq!(desk.post(&path, json!({"id": first})).await.code(), "parameter_not_found");
    assert_eq!(desk.post(&path, json!({"id": "1", "admin_id": ADMIN})).await.code(), "tag_not_found");
    desk.delete(&format!("/tags/{first}")).await.ok();
    let read = desk.get(&format!("/conversations/{conversation}")).await.ok();
    assert_eq!(read.body["tags"]["tags"], json!([]));
}

#[tokio::test]
async fn t56_taking_a_tag_off_needs_a_body() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let tag = desk.post("/tags", json!({"name": "x"})).await.ok().id();
    let body = json!({"id": tag, "admin_id": ADMIN});
    desk.post(&format!("/conversations/{conversation}/tags"), body).await.ok();
    let path = format!("/conversations/{conversation}/tags/{tag}");
    assert_eq!(desk.delete(&path).await.status, 400);
    desk.call("DELETE", &path, Some(json!({"admin_id": ADMIN}))).await.ok();
    let again = desk.call("DELETE", &path, Some(json!({"admin_id": ADMIN}))).await;
    assert_eq!((again.status, again.code()), (404, "tag_not_found"));
}

#[tokio::test]
async fn t63_teammates_and_teams_can_not_be_created() {
    let desk = Desk::new();
    for path in ["/admins", "/teams", "/macros", "/nothing"] {
        let answer = desk.post(path, json!({"name": "x"})).await;
        assert_eq!((answer.status, answer.code()), (404, "not_found"));
    }
}

#[tokio::test]
async fn t66_contact_messages_and_closes_start_automations_unless_exempt() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    desk.customer_says(&conversation, &contact, "x").await.ok();
    desk.agent_says(&conversation, "comment", "x").await.ok();
    desk.close(&conversation).await.ok();
    let journal = desk.intercom.journal();
    let kinds: Vec<(&str, u64)> = journal.workflow_triggers.by_kind.iter().map(|(k, n)| (*k, *n)).collect();
    assert_eq!(kinds, [("contact_replied", 1), ("conversation_closed", 1), ("conversation_started", 1)]);
    desk.intercom.turn(|knobs| knobs.migration_exempt = true);
    desk.customer_says(&conversation, &contact, "x").await.ok();
    assert_eq!(desk.intercom.journal().workflow_triggers.count, 3);
}

#[tokio::test]
async fn t67_calls_that_reach_people_are_written_down_as_denied() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let message = json!({"message_type": "inapp", "body": "hi", "from": {"type": "admin", "id": ADMIN}});
    desk.post("/messages", message).await.ok();
    desk.post("/phone_call_redirects", json!({"phone": "+4512345678"})).await.ok();
    desk.post(&format!("/contacts/{contact}/block"), json!({})).await.ok();
    let source = desk.get(&format!("/conversations/{conversation}")).await.ok().body["source"]["id"].clone();
    let body = json!({"type": "source", "conversation_id": conversation, "source_id": source});
    desk.post("/conversations/redact", body).await.ok();
    desk.post("/contacts/merge", json!({})).await;
    desk.post("/conversations/last/reply", json!({})).await;
    let journal = desk.intercom.journal();
    assert_eq!(journal.denied_calls.count, 6);
    assert_eq!(journal.notifications.count, 2);
    let again = desk.post("/contacts", json!({"email": "ann@customer.example"})).await;
    assert_eq!(again.code(), "not_restorable");
}

#[tokio::test]
async fn t68_pages_differ_in_shape_and_rows_shift_while_others_write() {
    let desk = Desk::with(|knobs| knobs.conversation_search_lag_s = 0);
    let contact = desk.contact("ann@customer.example").await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        desk.advance(1);
        ids.push(desk.conversation(&contact).await);
    }
    let first = desk.get("/conversations?per_page=2").await.ok().body;
    assert_eq!(first["conversations"][0]["id"], ids[4], "newest first");
    let cursor = first["pages"]["next"]["starting_after"].as_str().unwrap().to_owned();
    desk.advance(1);
    let new = desk.conversation(&contact).await;
    let path = format!("/conversations?per_page=2&starting_after={}", cursor.replace('=', "%3D"));
    let second = desk.get(&path).await.ok().body;
    assert_eq!(second["conversations"][0]["id"], ids[3], "seen before, pushed down by {new}");
    let query =
        json!({"query": {"field": "state", "operator": "=", "value": "open"}, "pagination": {"per_page": 4}});
    let search = desk.post("/conversations/search", query.clone()).await.ok().body;
    assert_eq!((&search["pages"]["total_pages"], &search["total_count"]), (&json!(2), &json!(6)));
    let mut last = query;
    last["pagination"]["starting_after"] = search["pages"]["next"]["starting_after"].clone();
    assert!(desk.post("/conversations/search", last).await.ok().body["pages"].get("next").is_none());
    assert_eq!(desk.get("/conversations?per_page=151").await.status, 400);
    assert_eq!(desk.get("/contacts").await.ok().body["pages"]["per_page"], 10);
}

#[tokio::test]
async fn t69_ids_are_strings_here_and_numbers_there() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let read = desk.get(&format!("/conversations/{conversation}")).await.ok().body;
    assert!(read["id"].is_string() && read["admin_assignee_id"].is_number());
    let made =
        desk.post("/conversations/attributes", json!({"name": "x", "data_type": "string"})).await.ok().body;
    assert!(made["id"].is_number() && made["admin_id"].is_string());
    let number: u64 = ADMIN.parse().unwrap();
    let body = json!({"type": "admin", "message_type": "note", "admin_id": number, "body": "x"});
    desk.post(&format!("/conversations/{conversation}/reply"), body).await.ok();
}

#[tokio::test]
async fn t70_what_the_plan_does_not_include_is_refused() {
    let desk = Desk::with(|knobs| knobs.plan_gated = vec!["POST /conversations/attributes".into()]);
    let answer = desk.post("/conversations/attributes", json!({"name": "x", "data_type": "string"})).await;
    assert_eq!((answer.status, answer.code()), (403, "api_plan_restricted"));
}

#[tokio::test]
async fn t72_an_unknown_participant_becomes_a_lead() {
    let desk = Desk::new();
    let (contact, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}/customers");
    let body = json!({"admin_id": ADMIN, "customer": {"email": "new@customer.example"}});
    let answer = desk.post(&path, body).await.ok();
    assert_eq!(answer.body["customers"].as_array().unwrap().len(), 2);
    assert_eq!(answer.body["customers"][1]["type"], "lead");
    assert_eq!(desk.intercom.state().contacts, 2);
    let lead = answer.body["customers"][1]["id"].as_str().unwrap().to_owned();
    let (path, body) = (format!("{path}/{lead}"), json!({"admin_id": ADMIN}));
    desk.call("DELETE", &path, Some(body.clone())).await.ok();
    let path = format!("/conversations/{conversation}/customers/{contact}");
    assert_eq!(desk.call("DELETE", &path, Some(body)).await.status, 422);
}

#[tokio::test]
async fn t74_the_answer_to_an_update_shows_the_old_title() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    assert_eq!(desk.put(&path, json!({"title": "New"})).await.ok().body["title"], Value::Null);
    assert_eq!(desk.get(&path).await.ok().body["title"], "New");
    desk.intercom.turn(|knobs| knobs.stale_title = false);
    assert_eq!(desk.put(&path, json!({"title": "Newer", "read": true})).await.ok().body["title"], "Newer");
}

#[tokio::test]
async fn t75_what_only_preview_knows_has_no_effect() {
    let desk = Desk::new();
    let (_, conversation) = desk.thread().await;
    let path = format!("/conversations/{conversation}");
    desk.put(&path, json!({"priority": "urgent"})).await.ok();
    assert_eq!(desk.get(&path).await.ok().body["priority"], "none");
    let journal = desk.intercom.journal();
    assert_eq!(journal.ignored_keys["PUT /conversations/{id} priority"], 1);
    assert!(journal.entries.iter().rev().nth(1).unwrap().applied);
}
