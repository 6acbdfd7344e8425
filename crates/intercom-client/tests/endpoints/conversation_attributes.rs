use super::Served;
use intercom_client::ConversationAttributeId;
use intercom_client::api::NewConversationAttribute;
use serde_json::json;

#[tokio::test]
async fn a_list_is_made_with_its_labels() {
    let answer = json!({"type": "conversation_attribute", "id": 5, "name": "p", "data_type": "list", "archived": false,
        "options": [{"id": "u1", "label": "Low", "archived": false}, {"id": "u2", "label": "Old", "archived": true}]});
    let served = Served::answering("POST", "/conversations/attributes", 200, answer).await;
    let new = NewConversationAttribute::list("p", ["Low", "High"]).description("d");
    let made = served.client.conversation_attributes().create(&new).await.unwrap();
    assert_eq!((made.id.as_str(), made.labels().collect::<Vec<_>>()), ("5", vec!["Low"]));
    let want = json!({"name": "p", "data_type": "list", "description": "d", "options": [{"label": "Low"}, {"label": "High"}]});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn archived_ones_are_listed_on_demand() {
    let served =
        Served::answering("GET", "/conversations/attributes", 200, json!({"type": "list", "data": []})).await;
    assert!(served.client.conversation_attributes().list(true).await.unwrap().is_empty());
    assert_eq!(served.query().await, "include_archived=true");
}

#[tokio::test]
async fn an_option_has_a_label_and_nothing_else() {
    let served = Served::answering("POST", "/conversations/attributes/5/options", 200, json!({})).await;
    served.also("DELETE", "/conversations/attributes/5/options/u1", 200, json!({})).await;
    served.also("DELETE", "/conversations/attributes/5", 200, json!({})).await;
    let id = ConversationAttributeId::from("5");
    served.client.conversation_attributes().add_option(&id, "New").await.unwrap();
    assert_eq!(served.sent().await, json!({"label": "New"}));
    served.client.conversation_attributes().archive_option(&id, &"u1".into()).await.unwrap();
    served.client.conversation_attributes().archive(&id).await.unwrap();
}
