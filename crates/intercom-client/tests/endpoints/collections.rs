use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::{CollectionUpdate, NewCollection};
use intercom_client::{CollectionId, ErrorKind};
use serde_json::{Value, json};

fn collection(id: &str, parent: Value) -> Value {
    json!({"id": id, "workspace_id": "w", "name": "Billing", "url": null, "order": 17, "created_at": 1734537309,
        "description": null, "icon": "bookmark", "parent_id": parent, "help_center_id": 79,
        "translated_content": null})
}

#[tokio::test]
async fn a_collection_goes_into_another_one_with_its_translations() {
    let served =
        Served::answering("POST", "/help_center/collections", 200, collection("160", json!("159"))).await;
    let fields = CollectionUpdate::new()
        .description("d")
        .parent(Some(&"159".into()))
        .translation("de", "Rechnungen", Some("b"))
        .translation("fr", "Factures", None);
    let new = NewCollection::new("Billing").with(fields).help_center(&"79".into());
    let made = served.client.collections().create(&new).await.unwrap();
    assert_eq!((made.parent_id, made.help_center_id), (Some("159".into()), Some("79".into())));
    let want = json!({"name": "Billing", "description": "d", "parent_id": "159", "help_center_id": 79,
        "translated_content": {"de": {"type": "group_content", "name": "Rechnungen", "description": "b"},
            "fr": {"type": "group_content", "name": "Factures"}}});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn a_parent_may_be_a_number_a_text_or_nothing() {
    for (parent, want) in [(json!(159), Some("159")), (json!("159"), Some("159")), (json!(null), None)] {
        let served =
            Served::answering("GET", "/help_center/collections/160", 200, collection("160", parent)).await;
        let found = served.client.collections().get(&CollectionId::from("160")).await.unwrap();
        assert_eq!(found.parent_id.as_ref().map(CollectionId::as_str), want);
    }
}

#[tokio::test]
async fn a_collection_moves_to_the_top_and_is_deleted() {
    let at = "/help_center/collections/160";
    let served = Served::answering("PUT", at, 200, collection("160", json!(null))).await;
    served.also("DELETE", at, 200, json!({"id": "160", "object": "collection", "deleted": true})).await;
    let id = CollectionId::from("160");
    served.client.collections().update(&id, &CollectionUpdate::new().name("B").parent(None)).await.unwrap();
    assert_eq!(served.sent().await, json!({"name": "B", "parent_id": null}));
    served.client.collections().delete(&id).await.unwrap();
}

#[tokio::test]
async fn collections_of_all_levels_are_listed() {
    let answer = json!({"type": "list", "data": [collection("159", json!(null)), collection("160", json!("159"))],
        "total_count": 2, "pages": {"type": "pages", "page": 1, "per_page": 50, "total_pages": 1}});
    let served = Served::answering("GET", "/help_center/collections", 200, answer).await;
    let all: Vec<_> = served.client.collections().list_all().try_collect().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(served.query().await, "per_page=50");
}

#[tokio::test]
async fn a_collection_without_a_name_is_refused_by_its_field() {
    let answer = json!({"type": "error.list", "request_id": "r",
        "errors": [{"code": "parameter_not_found", "message": "Name is a required parameter."}]});
    let served = Served::answering("POST", "/help_center/collections", 400, answer).await;
    let e = served.client.collections().create(&NewCollection::new("")).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("parameter_not_found")));
}
