use super::Served;
use serde_json::json;
use zohodesk_client::api::{Layout, LayoutFieldUpdate, LayoutUpdate, NewField};

#[tokio::test]
async fn a_field_is_made_with_201_and_its_name_is_read_from_the_answer() {
    let answer = json!({"id": "41", "apiName": "cf_focalscope_ticket_id_1", "displayLabel": "FocalScope Ticket ID",
        "type": "TEXT", "isCustomField": true, "isMandatory": false, "maxLength": "50"});
    let served = Served::answering("POST", "/fields", 201, answer).await;
    let new = NewField::text("FocalScope Ticket ID", 50);
    let field = served.client.fields().create("tickets", &new).await.unwrap();
    assert_eq!(field.api_name.as_deref(), Some("cf_focalscope_ticket_id_1"));
    assert_eq!((field.kind().as_deref(), field.max_length), (Some("text"), Some(50)));
    assert_eq!(served.query().await, "module=tickets");
    assert_eq!(
        served.sent().await,
        json!({"displayLabel": "FocalScope Ticket ID", "type": "Text", "maxLength": 50})
    );
    served.also("DELETE", "/fields/41", 200, json!(null)).await;
    served.client.fields().delete(&"41".into()).await.unwrap();
}

#[tokio::test]
async fn a_layout_is_written_with_all_its_sections_and_a_field_is_added_once() {
    let served = Served::empty().await;
    let read = json!({"id": "42", "layoutName": "L", "sections": [
        {"id": "9", "name": "Info", "isCustomSection": false, "fields": [
            {"id": "40", "isMandatory": true, "allowedValues": [{"value": "High"}, {"value": "Low"}]}]},
        {"id": "10", "name": "More", "fields": []}]});
    served.also("PATCH", "/layouts/42", 200, read.clone()).await;
    let layout: Layout = serde_json::from_value(read).unwrap();
    let change = LayoutUpdate::new().adding(&layout, &"10".into(), &["40".into(), "41".into()]);
    served.client.layouts().update(&"42".into(), &change).await.unwrap();
    let sections = json!([
        {"id": "9", "name": "Info", "isCustomSection": false,
         "fields": [{"id": "40", "isMandatory": true, "allowedValues": ["High", "Low"]}]},
        {"id": "10", "name": "More", "fields": [{"id": "41", "isMandatory": false}]}]);
    assert_eq!(served.sent().await, json!({"sections": sections}));
}

#[tokio::test]
async fn the_values_of_a_picklist_are_written_whole_and_a_field_is_taken_out() {
    let answer = json!({"id": "40", "apiName": "priority", "isRemovable": true, "isSystemMandatory": false});
    let served = Served::answering("PATCH", "/layouts/42/fields/40", 200, answer).await;
    let change = LayoutFieldUpdate::new().values(&["High", "Urgent"]).sort_by("userDefined");
    let field = served.client.layouts().update_field(&"42".into(), &"40".into(), &change).await.unwrap();
    assert_eq!(field.api_name.as_deref(), Some("priority"));
    assert_eq!(served.sent().await, json!({"allowedValues": ["High", "Urgent"], "sortBy": "userDefined"}));
    served.also("POST", "/layouts/42/fields/40/unassociate", 200, json!(null)).await;
    served.client.layouts().remove_field(&"42".into(), &"40".into()).await.unwrap();
}
