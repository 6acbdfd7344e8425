//! Nothing that could reach a person passes the sink's transport, whatever features are on.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod standin;

use connector_http::Body;
use http::Method;
use intercom_client::api::{AdminReply, ContactReply, NewConversation, PartAction};
use intercom_client::{AdminId, Config, ConversationId, ErrorKind, IntercomSink, Outcome, SinkOptions};
use jiff::Timestamp;
use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::Intercom;
use serde_json::{Value, json};

const CONTACT: &str = "6762f0dd1bb69f9f2193bb83";

fn workspace() -> Intercom {
    standin::workspace(SandboxClock::frozen(Timestamp::from_second(1_700_000_000).unwrap()))
}

/// A raw call through the sink's connection.
async fn refusal(sink: &IntercomSink, method: Method, path: &str, body: Value) -> intercom_client::Error {
    let segments: Vec<&str> = path.split('/').collect();
    let body = (!body.is_null()).then(|| Body::json(&body).unwrap());
    sink.client().raw(method, &segments, &[], body).await.unwrap_err()
}

#[tokio::test]
async fn calls_that_send_or_destroy_are_denied_and_never_leave() {
    let intercom = workspace();
    let sink = standin::sink(&intercom, SinkOptions::default());
    let reply = |extra: Value| {
        let mut body = json!({"type": "admin", "message_type": "comment", "admin_id": "7", "body": "x", "skip_notifications": true});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let cases = [
        (Method::POST, "messages", json!({"message_type": "inapp", "body": "x"})),
        (Method::POST, "phone_call_redirects", json!({"phone": "1"})),
        (Method::POST, "contacts/6762f0dd1bb69f9f2193bb83/block", Value::Null),
        (Method::POST, "contacts/merge", json!({})),
        (Method::POST, "conversations/redact", json!({})),
        (Method::POST, "conversations/1/customers", json!({"admin_id": "7"})),
        (Method::POST, "conversations/last/reply", reply(json!({}))),
        (Method::POST, "conversations/1/reply", reply(json!({"skip_notifications": false}))),
        (Method::POST, "conversations/1/reply", reply(json!({"skip_notifications": "true"}))),
        (Method::POST, "conversations/1/reply", reply(json!({"message_type": "quick_reply"}))),
        (Method::POST, "conversations/1/reply", reply(json!({"reply_options": []}))),
        (Method::POST, "conversations/1/reply", reply(json!({"attachment_urls": ["https://x.example"]}))),
        (
            Method::POST,
            "conversations/1/reply",
            json!({"type": "user", "message_type": "comment", "email": "a@b.example", "body": "x"}),
        ),
        (
            Method::POST,
            "conversations/1/parts",
            json!({"message_type": "close", "type": "admin", "admin_id": "7", "body": "bye"}),
        ),
        (
            Method::POST,
            "conversations/1/parts",
            json!({"message_type": "comment", "type": "admin", "admin_id": "7"}),
        ),
        (Method::POST, "conversations/1/run_assignment_rules", Value::Null),
        (Method::POST, "conversations", json!({"from": {}, "body": "x", "subject": "mail"})),
        (Method::PUT, "contacts/6762f0dd1bb69f9f2193bb83", json!({"unsubscribed_from_emails": false})),
        (Method::PUT, "contacts/6762f0dd1bb69f9f2193bb83", json!({"owner_id": "7"})),
        (Method::POST, "tags", json!({"name": "x", "users": [{"id": "1"}]})),
        (Method::PUT, "conversations/1", json!({"company_id": "1"})),
        (Method::PUT, "admins/7/away", json!({"away_mode_enabled": true})),
        (Method::POST, "contacts/6762f0dd1bb69f9f2193bb83/subscriptions", json!({"id": "1"})),
        (Method::POST, "contacts/6762f0dd1bb69f9f2193bb83/tags", json!({"id": "1"})),
        (Method::POST, "companies", json!({"company_id": "x", "update_last_request_at": true})),
        (Method::PUT, "companies/6762f0dd1bb69f9f2193bb83", json!({"monthly_spend": 1})),
        (Method::POST, "companies/6762f0dd1bb69f9f2193bb83/notes", json!({"body": "x"})),
        (Method::POST, "articles", json!({"title": "x", "ai_chatbot_availability": true})),
        (Method::POST, "articles", json!({"title": "x", "audience_ids": [1]})),
        (Method::PUT, "articles/1", json!({"scheduled_publish_at": "2030-01-01T00:00:00Z"})),
        (Method::PUT, "articles/1", json!({"ai_copilot_availability": true})),
        (
            Method::PUT,
            "articles/1",
            json!({"translated_content": {"de": {"title": "x", "ai_chatbot_availability": true}}}),
        ),
        (Method::PUT, "articles/1/draft", json!({"body": "x"})),
        (Method::POST, "articles/1/draft/publish", Value::Null),
        (Method::POST, "internal_articles", json!({"title": "x", "state": "published"})),
        (Method::POST, "content/bulk_actions", json!({"action": "publish"})),
        (Method::POST, "content_snippets", json!({"title": "x"})),
        (Method::POST, "help_center/help_centers/1/redirects", json!({"from_url": "x"})),
        (Method::POST, "macros", json!({"name": "x"})),
        (Method::GET, "macros/1", Value::Null),
        (
            Method::POST,
            "office_hours_schedules/1/office_hours_exceptions",
            json!({"exception_date": "2026-12-25", "exception_type": "custom_hours", "time_intervals": []}),
        ),
        (Method::GET, "conversations/1/../../messages", Value::Null),
    ];
    for (method, path, body) in cases {
        let e = refusal(&sink, method.clone(), path, body.clone()).await;
        let expected = if path.contains("..") { ErrorKind::Invalid } else { ErrorKind::Denied };
        assert_eq!((e.kind(), e.outcome()), (expected, Outcome::NotSent), "{method} {path} {body}");
    }
    assert_eq!(intercom.journal().total.calls, 0);
}

#[tokio::test]
async fn what_the_sink_needs_passes() {
    let intercom = workspace();
    let sink = standin::sink(&intercom, SinkOptions::default());
    let client = sink.client();
    let (id, by) = (ConversationId::from("1"), AdminId::from("7"));
    let all = client.conversations();
    let denied = |e: intercom_client::Error| e.kind() == ErrorKind::Denied;
    assert!(!denied(all.create(&NewConversation::new(CONTACT, "x")).await.unwrap_err()));
    assert!(!denied(all.reply_as_contact(&id, ContactReply::new(CONTACT, "x")).await.unwrap_err()));
    assert!(!denied(all.reply_as_admin(&id, AdminReply::comment("7", "x")).await.unwrap_err()));
    assert!(!denied(all.reply_as_admin(&id, AdminReply::note("7", "x")).await.unwrap_err()));
    assert!(!denied(all.act(&id, &by, &PartAction::Close).await.unwrap_err()));
    assert!(client.me().await.is_ok());
    assert_eq!(intercom.journal().total.calls, 6);
}

#[tokio::test]
async fn a_version_that_ignores_silence_is_not_written_with() {
    let intercom = workspace();
    let mut config = Config::new(standin::TOKEN).with_base_url(standin::BASE);
    config.version = "2.14".into();
    let client = standin::client_with(&intercom, None, config);
    let sink = IntercomSink::new(&client, SinkOptions::default());
    let all = sink.client().conversations();
    let e = all.reply_as_admin(&"1".into(), AdminReply::comment("7", "x")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Denied, Outcome::NotSent));
    assert_eq!(intercom.journal().total.calls, 0);
}

#[cfg(feature = "sending")]
#[tokio::test]
async fn the_feature_that_sends_does_not_open_the_sinks_transport() {
    let intercom = workspace();
    let sink = standin::sink(&intercom, SinkOptions::default());
    let messages = sink.client().messages();
    let (id, by) = (ConversationId::from("1"), AdminId::from("7"));
    let refused = [
        messages.send(&by, &CONTACT.into(), "x").await.unwrap_err(),
        messages.close_with(&id, &by, "x").await.unwrap_err(),
        messages.quick_reply(&id, &by, &["a"]).await.unwrap_err(),
        sink.client()
            .conversations()
            .reply_as_admin(&id, AdminReply::comment("7", "x").notifying())
            .await
            .unwrap_err(),
    ];
    assert!(refused.iter().all(|e| (e.kind(), e.outcome()) == (ErrorKind::Denied, Outcome::NotSent)));
    assert_eq!(intercom.journal().total.calls, 0);
}
