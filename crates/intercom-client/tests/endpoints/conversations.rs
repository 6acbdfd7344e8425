use super::Served;
use intercom_client::api::{
    AdminReply, ContactReply, ConversationUpdate, NewConversation, PartAction, Query,
};
use intercom_client::{AdminId, ConversationId, ErrorKind, IntercomError as _, Outcome, TagId};
use jiff::Timestamp;
use mapping_core::testkit::MemoryBlobs;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

const CONTACT: &str = "6762f0dd1bb69f9f2193bb83";

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn id() -> ConversationId {
    "524".into()
}

fn whole() -> serde_json::Value {
    json!({"type": "conversation", "id": 524, "state": "open", "open": true, "read": false, "title": null,
        "created_at": 1600000000, "admin_assignee_id": 0, "team_assignee_id": null, "custom_attributes": {"a": 1},
        "source": {"type": "conversation", "id": "403918330", "body": "<p>Hello</p>", "author": {"type": "user", "id": CONTACT}},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": CONTACT}]},
        "tags": {"type": "tag.list", "tags": [{"type": "tag", "id": "17", "name": "vip"}]},
        "statistics": {"count_conversation_parts": 730},
        "conversation_parts": {"type": "conversation_part.list", "total_count": 1, "conversation_parts": [
            {"type": "conversation_part", "id": "132", "part_type": "comment", "body": "<p>x</p>", "created_at": 1590000000,
             "author": {"type": "admin", "id": "7"}, "app_package_code": null,
             "attachments": [{"type": "upload", "name": "a.pdf", "content_type": "application/pdf", "filesize": 1234, "url": "https://signed"}]}]}})
}

#[tokio::test]
async fn creating_answers_a_message_whose_conversation_id_is_the_thread() {
    let answer = json!({"type": "user_message", "id": "403918330", "created_at": 1600000000, "body": "Hello",
        "message_type": "inapp", "conversation_id": "499"});
    let served = Served::answering("POST", "/conversations", 200, answer).await;
    let new = NewConversation::new(CONTACT, "Hello").created_at(at(1_600_000_000));
    let message = served.client.conversations().create(&new).await.unwrap();
    assert_eq!((message.conversation_id.as_str(), message.id.as_str()), ("499", "403918330"));
    let want = json!({"from": {"type": "user", "id": CONTACT}, "body": "Hello", "created_at": 1_600_000_000});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn a_contact_that_is_too_new_is_not_ready() {
    let answer =
        json!({"type": "error.list", "errors": [{"code": "not_found", "message": "User Not Found"}]});
    let served = Served::answering("POST", "/conversations", 404, answer).await;
    let e = served.client.conversations().create(&NewConversation::new(CONTACT, "x")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::NotReady, Outcome::Rejected));
}

#[tokio::test]
async fn a_write_whose_answer_cannot_be_read_is_unknown() {
    let served = Served::answering("POST", "/conversations", 200, json!({"id": "1"})).await;
    let e = served.client.conversations().create(&NewConversation::new(CONTACT, "x")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Malformed, Outcome::Unknown));
}

#[tokio::test]
async fn a_contacts_reply_is_a_comment_and_its_files_are_base64() {
    let served = Served::answering("POST", "/conversations/524/reply", 200, whole()).await;
    let blobs = MemoryBlobs::new();
    let blob = blobs.add("ä \"b\".txt", "text/plain", "hello world");
    let file = connector_http::FilePart {
        name: blob.name.as_str().to_owned(),
        content_type: blob.mime.clone(),
        len: blob.len,
        open: Arc::new(Opened(blobs, blob)),
    };
    let reply = ContactReply::new(CONTACT, "<b>hi</b>").created_at(at(1_600_000_060)).files(vec![file]);
    let answer = served.client.conversations().reply_as_contact(&id(), reply).await.unwrap();
    let want = json!({"type": "user", "message_type": "comment", "intercom_user_id": CONTACT, "body": "<b>hi</b>",
        "created_at": 1_600_000_060,
        "attachment_files": [{"content_type": "text/plain", "name": "ä \"b\".txt", "data": "aGVsbG8gd29ybGQ="}]});
    assert_eq!(served.sent().await, want);
    assert_eq!((answer.parts().len(), answer.part_count(), answer.admin_assignee_id.clone()), (1, 730, None));
    assert_eq!(answer.parts()[0].attachments[0].filesize, 1234);
    assert_eq!(answer.extra["open"], true);
    assert!(!format!("{answer:?}").contains("Hello"));
}

pub(crate) struct Opened(pub(crate) MemoryBlobs, pub(crate) mapping_core::Blob);

#[async_trait::async_trait]
impl connector_http::OpenBody for Opened {
    async fn open(&self) -> mapping_core::Result<connector_http::ByteStream> {
        mapping_core::Blobs::open(&self.0, &self.1).await
    }
}

#[tokio::test]
async fn an_admins_comment_and_note_notify_nobody() {
    for (reply, kind) in [(AdminReply::comment("7", "x"), "comment"), (AdminReply::note("7", "x"), "note")] {
        let served = Served::answering("POST", "/conversations/524/reply", 200, whole()).await;
        served.client.conversations().reply_as_admin(&id(), reply.created_at(at(5))).await.unwrap();
        let want = json!({"type": "admin", "message_type": kind, "admin_id": "7", "body": "x", "skip_notifications": true, "created_at": 5});
        assert_eq!(served.sent().await, want);
    }
}

#[tokio::test]
async fn too_many_replies_are_throttling_and_rest_for_ten_seconds() {
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_invalid", "message": "Too many recent replies to this conversation"}]});
    let served = Served::answering("POST", "/conversations/524/reply", 400, answer).await;
    let e =
        served.client.conversations().reply_as_admin(&id(), AdminReply::note("7", "x")).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.retry()),
        (ErrorKind::Throttled, mapping_core::Retry::After(Duration::from_secs(10)))
    );
}

#[tokio::test]
async fn actions_carry_neither_words_nor_times() {
    let by = AdminId::from("7");
    let cases = [
        (PartAction::Close, json!({"message_type": "close", "type": "admin", "admin_id": "7"})),
        (PartAction::Open, json!({"message_type": "open", "admin_id": "7"})),
        (PartAction::Snooze(at(9)), json!({"message_type": "snoozed", "admin_id": "7", "snoozed_until": 9})),
        (
            PartAction::AssignAdmin(Some("8".into())),
            json!({"message_type": "assignment", "type": "admin", "admin_id": "7", "assignee_id": "8"}),
        ),
        (
            PartAction::AssignTeam(None),
            json!({"message_type": "assignment", "type": "team", "admin_id": "7", "assignee_id": "0"}),
        ),
    ];
    for (action, want) in cases {
        let served = Served::answering("POST", "/conversations/524/parts", 200, whole()).await;
        served.client.conversations().act(&id(), &by, &action).await.unwrap();
        assert_eq!(served.sent().await, want);
    }
}

#[tokio::test]
async fn title_attributes_and_read_mark_are_one_call() {
    let served = Served::answering("PUT", "/conversations/524", 200, whole()).await;
    let fields = ConversationUpdate::new().title("T").read(true).attribute("a", "x").attribute("n", 3);
    served.client.conversations().update(&id(), &fields).await.unwrap();
    assert_eq!(
        served.sent().await,
        json!({"title": "T", "read": true, "custom_attributes": {"a": "x", "n": 3}})
    );
}

#[tokio::test]
async fn deleting_says_whether_metrics_stay() {
    let served =
        Served::answering("DELETE", "/conversations/524", 200, json!({"id": "524", "deleted": true})).await;
    served.client.conversations().delete(&id(), false).await.unwrap();
    assert_eq!(served.query().await, "retain_metrics=false");
}

#[tokio::test]
async fn a_search_and_a_list_show_conversations_without_parts() {
    let answer = json!({"type": "conversation.list", "conversations": [whole()], "total_count": 1, "pages": {"type": "pages"}});
    let served = Served::answering("POST", "/conversations/search", 200, answer.clone()).await;
    served.also("GET", "/conversations", 200, answer).await;
    let query = Query::all([Query::is("contact_ids", CONTACT), Query::greater("created_at", 5)]);
    let page = served.client.conversations().search(&query, 20, None).await.unwrap();
    assert_eq!((page.items[0].id.as_str(), page.next), ("524", None));
    assert_eq!(served.client.conversations().list(150, None).await.unwrap().items.len(), 1);
    let want = json!({"query": {"operator": "AND", "value": [
        {"field": "contact_ids", "operator": "=", "value": CONTACT}, {"field": "created_at", "operator": ">", "value": 5}]},
        "pagination": {"per_page": 20}});
    let sent: serde_json::Value = serde_json::from_slice(&served.requests().await[0].body).unwrap();
    assert_eq!(sent, want);
}

#[tokio::test]
async fn tags_are_put_on_and_taken_off_with_a_body_on_the_delete() {
    let served = Served::answering(
        "POST",
        "/conversations/524/tags",
        200,
        json!({"type": "tag", "id": "17", "name": "vip"}),
    )
    .await;
    served.also("DELETE", "/conversations/524/tags/17", 200, json!({"type": "tag", "id": "17"})).await;
    let (tag, by) = (TagId::from("17"), AdminId::from("7"));
    served.client.conversations().attach_tag(&id(), &tag, &by).await.unwrap();
    served.client.conversations().detach_tag(&id(), &tag, &by).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies, [json!({"id": "17", "admin_id": "7"}), json!({"admin_id": "7"})]);
}

#[tokio::test]
async fn an_id_that_would_name_another_resource_is_not_sent() {
    let served = Served::empty().await;
    let e = served.client.conversations().get(&ConversationId::from("..")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn parts_beyond_the_window_are_counted() {
    let part = |n: usize| json!({"id": n, "part_type": "comment"});
    let thread = |shown: usize, count: serde_json::Value, total: serde_json::Value| {
        json!({"id": "524", "statistics": {"count_conversation_parts": count},
            "conversation_parts": {"total_count": total, "conversation_parts": (0..shown).map(part).collect::<Vec<_>>()}})
    };
    let cases = [
        (thread(500, json!(730), json!(500)), Some(230)),
        (thread(3, json!(3), json!(3)), Some(0)),
        (thread(500, json!(null), json!(612)), Some(112)),
        (thread(500, json!(null), json!(null)), None),
        (thread(20, json!(null), json!(null)), Some(0)),
        (thread(0, json!(null), json!(null)), None),
    ];
    for (answer, want) in cases {
        let served = Served::answering("GET", "/conversations/524", 200, answer).await;
        assert_eq!(served.client.conversations().get(&id()).await.unwrap().hidden_parts(), want);
    }
}

#[tokio::test]
async fn a_part_or_a_source_is_blanked() {
    let served = Served::answering("POST", "/conversations/redact", 200, whole()).await;
    served.client.conversations().redact_part(&id(), &"132".into()).await.unwrap();
    served.client.conversations().redact_source(&id(), &"403918330".into()).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    let want = [
        json!({"type": "conversation_part", "conversation_id": "524", "conversation_part_id": "132"}),
        json!({"type": "source", "conversation_id": "524", "source_id": "403918330"}),
    ];
    assert_eq!(bodies, want);
    let code = "conversation_part_or_message_not_found";
    let answer = json!({"type": "error.list", "errors": [{"code": code, "message": "Conversation part or message not found"}]});
    let served = Served::answering("POST", "/conversations/redact", 404, answer).await;
    let e = served.client.conversations().redact_part(&id(), &"9".into()).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::NotFound, Some(code)));
}

#[tokio::test]
async fn a_conversation_goes_into_another_one_once() {
    let served = Served::answering("POST", "/conversations/524/merge", 200, whole()).await;
    served.client.conversations().merge(&id(), &"525".into()).await.unwrap();
    assert_eq!(served.sent().await, json!({"merge_into_conversation_id": 525}));
    let answer = json!({"type": "error.list", "errors": [{"code": "merge_failed", "message": "m"}]});
    let served = Served::answering("POST", "/conversations/524/merge", 422, answer).await;
    let e = served.client.conversations().merge(&id(), &id()).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.code(), e.outcome()),
        (ErrorKind::Invalid, Some("merge_failed"), Outcome::Rejected)
    );
}

#[tokio::test]
async fn a_conversation_becomes_a_ticket() {
    let served =
        Served::answering("POST", "/conversations/524/convert", 200, json!({"id": 633, "ticket_id": "40"}))
            .await;
    let ticket = served.client.conversations().convert(&id(), &"100".into()).await.unwrap();
    assert_eq!(ticket.id.as_str(), "633");
    assert_eq!(served.sent().await, json!({"ticket_type_id": "100"}));
}

#[tokio::test]
async fn participants_come_and_go_by_contact_id_alone() {
    let served = Served::answering("POST", "/conversations/524/customers", 200, whole()).await;
    served.also("DELETE", &format!("/conversations/524/customers/{CONTACT}"), 200, whole()).await;
    let (contact, by) = (CONTACT.into(), AdminId::from("7"));
    served.client.conversations().add_participant(&id(), &contact, &by).await.unwrap();
    served.client.conversations().remove_participant(&id(), &contact, &by).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(
        bodies,
        [json!({"admin_id": "7", "customer": {"intercom_user_id": CONTACT}}), json!({"admin_id": "7"})]
    );
}

#[tokio::test]
async fn a_thread_is_read_without_markup_on_demand() {
    let served = Served::answering("GET", "/conversations/524", 200, whole()).await;
    served.client.conversations().get_plain(&id()).await.unwrap();
    assert_eq!(served.query().await, "display_as=plaintext");
}

#[tokio::test]
async fn deleting_metrics_without_the_scope_is_refused_and_the_scope_named() {
    let message = "The scope delete_conversations_and_metrics is required";
    let answer = json!({"type": "error.list", "errors": [{"code": "forbidden", "message": message}]});
    let served = Served::answering("DELETE", "/conversations/524", 403, answer).await;
    let e = served.client.conversations().delete(&id(), false).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.missing_scope()),
        (ErrorKind::Forbidden, Some("delete_conversations_and_metrics"))
    );
}
