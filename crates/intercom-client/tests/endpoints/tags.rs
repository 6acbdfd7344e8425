use super::Served;
use intercom_client::{ErrorKind, TagId};
use serde_json::json;

#[tokio::test]
async fn a_tag_is_made_by_its_name_alone() {
    let served =
        Served::answering("POST", "/tags", 200, json!({"type": "tag", "id": "17", "name": "vip"})).await;
    let tag = served.client.tags().create("vip").await.unwrap();
    assert_eq!((tag.id.as_str(), tag.name.as_str()), ("17", "vip"));
    assert_eq!(served.sent().await, json!({"name": "vip"}));
}

#[tokio::test]
async fn tags_are_listed_and_deleted() {
    let served = Served::answering(
        "GET",
        "/tags",
        200,
        json!({"type": "list", "data": [{"type": "tag", "id": "17", "name": "vip"}]}),
    )
    .await;
    served.also("DELETE", "/tags/17", 200, json!({})).await;
    assert_eq!(served.client.tags().list().await.unwrap()[0].name, "vip");
    served.client.tags().delete(&TagId::from("17")).await.unwrap();
}

#[tokio::test]
async fn a_tag_that_a_segment_uses_stays() {
    let answer = json!({"type": "error.list", "errors": [{"code": "tag_has_dependent_objects", "message": "Unable to delete Tag"}]});
    let served = Served::answering("DELETE", "/tags/17", 400, answer).await;
    let e = served.client.tags().delete(&TagId::from("17")).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("tag_has_dependent_objects")));
}
