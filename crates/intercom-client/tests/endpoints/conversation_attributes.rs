use super::Served;
use intercom_client::api::{ConversationAttributeUpdate, NewConversationAttribute};
use intercom_client::{ConversationAttributeId, ErrorKind, Outcome};
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

#[tokio::test]
async fn a_list_of_one_option_is_not_sent() {
    let served = Served::empty().await;
    let new = NewConversationAttribute::list("p", ["Low"]);
    let e = served.client.conversation_attributes().create(&new).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    assert!(e.message().contains("2 options"));
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn names_descriptions_and_labels_can_be_changed() {
    let answer = json!({"id": 5, "name": "q", "data_type": "list", "options": null, "archived": null});
    let served = Served::answering("PUT", "/conversations/attributes/5", 200, answer.clone()).await;
    served.also("PUT", "/conversations/attributes/5/options/u1", 200, answer.clone()).await;
    served.also("GET", "/conversations/attributes/5", 200, answer).await;
    let (attributes, id) = (served.client.conversation_attributes(), ConversationAttributeId::from("5"));
    let fields = ConversationAttributeUpdate::new()
        .name("q")
        .description("d")
        .required(false)
        .visible_to(["5".into()]);
    let after = attributes.update(&id, &fields).await.unwrap();
    assert!(!after.archived && after.options.is_empty());
    attributes.rename_option(&id, &"u1".into(), "Lowest").await.unwrap();
    attributes.get(&id).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await[..2].iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    let want = json!({"name": "q", "description": "d", "required": false, "visible_to_team_ids": ["5"]});
    assert_eq!(bodies, [want, json!({"label": "Lowest"})]);
}

#[tokio::test]
async fn a_list_keeps_two_live_options() {
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_invalid", "message": "m"}]});
    let served = Served::answering("DELETE", "/conversations/attributes/5/options/u1", 422, answer).await;
    let id = ConversationAttributeId::from("5");
    let e = served.client.conversation_attributes().archive_option(&id, &"u1".into()).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::Rejected));
}
