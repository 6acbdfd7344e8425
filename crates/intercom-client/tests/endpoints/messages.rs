use super::Served;
use intercom_client::api::AdminReply;
use intercom_client::{AdminId, ContactId, ConversationId};
use serde_json::json;

#[tokio::test]
async fn the_plain_client_can_send_when_it_is_asked_to() {
    let served =
        Served::answering("POST", "/messages", 200, json!({"type": "admin_message", "id": "1"})).await;
    let messages = served.client.messages();
    messages.send(&AdminId::from("7"), &ContactId::from("6762f0dd1bb69f9f2193bb83"), "Hello").await.unwrap();
    assert_eq!(served.sent().await["message_type"], "in_app");
    assert_eq!(served.sent().await["from"], json!({"type": "admin", "id": 7}));
}

#[tokio::test]
async fn a_notifying_comment_has_no_skip() {
    let answer = json!({"type": "conversation", "id": "524"});
    let served = Served::answering("POST", "/conversations/524/reply", 200, answer).await;
    let reply = AdminReply::comment("7", "x").notifying();
    served.client.conversations().reply_as_admin(&ConversationId::from("524"), reply).await.unwrap();
    assert!(served.sent().await.get("skip_notifications").is_none());
}

#[tokio::test]
async fn a_phone_redirect_and_a_block_are_calls_that_reach_people() {
    let served =
        Served::answering("POST", "/phone_call_redirects", 200, json!({"url": "http://via.intercom.io/x"}))
            .await;
    served.client.messages().redirect_phone_call("+353832345678").await.unwrap();
    assert_eq!(served.sent().await, json!({"phone": "+353832345678"}));
    let contact = ContactId::from("6762f0dd1bb69f9f2193bb83");
    served.also("POST", &format!("/contacts/{contact}/block"), 200, json!({"blocked": true})).await;
    served.client.messages().block(&contact).await.unwrap();
    assert!(served.requests().await[1].body.is_empty());
}
