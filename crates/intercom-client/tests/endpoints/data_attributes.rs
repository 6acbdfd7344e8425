use super::Served;
use intercom_client::DataAttributeId;
use intercom_client::api::NewDataAttribute;
use serde_json::json;

#[tokio::test]
async fn attributes_of_contacts_are_asked_for_by_model() {
    let answer = json!({"type": "list", "data": [{"type": "data_attribute", "name": "email", "model": "contact", "data_type": "string", "custom": false},
        {"type": "data_attribute", "id": 9, "name": "city", "model": "contact", "data_type": "string", "custom": true, "options": ["A", "B"]}]});
    let served = Served::answering("GET", "/data_attributes", 200, answer).await;
    let all = served.client.data_attributes().list(false).await.unwrap();
    assert_eq!((all[0].id.clone(), all[1].options.len()), (None, 2));
    assert_eq!(served.query().await, "model=contact");
}

#[tokio::test]
async fn a_list_is_made_with_values() {
    let served = Served::answering(
        "POST",
        "/data_attributes",
        200,
        json!({"id": 9, "name": "city", "model": "contact"}),
    )
    .await;
    served.client.data_attributes().create(&NewDataAttribute::list("city", ["A", "B"])).await.unwrap();
    let want = json!({"name": "city", "model": "contact", "data_type": "options", "options": [{"value": "A"}, {"value": "B"}]});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn archiving_and_options_are_updates() {
    let served = Served::answering("PUT", "/data_attributes/9", 200, json!({"id": 9, "name": "city"})).await;
    let id = DataAttributeId::from("9");
    served.client.data_attributes().set_archived(&id, true).await.unwrap();
    served.client.data_attributes().set_options(&id, &["A".into(), "C".into()]).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies, [json!({"archived": true}), json!({"options": [{"value": "A"}, {"value": "C"}]})]);
}
