use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::RedirectTarget;
use intercom_client::{ErrorKind, HelpCenterId, IntercomError as _};
use serde_json::json;

#[tokio::test]
async fn help_centres_have_languages_and_one_is_the_default() {
    let one = json!({"id": 79, "identifier": "help", "website_turned_on": false, "display_name": "Help",
        "custom_domain": null, "default": true, "locales": ["en", "de"]});
    let served = Served::answering(
        "GET",
        "/help_center/help_centers",
        200,
        json!({"type": "list", "data": [one.clone()]}),
    )
    .await;
    served.also("GET", "/help_center/help_centers/79", 200, one).await;
    let all = served.client.help_centers().list().await.unwrap();
    assert!(all[0].default && all[0].locales == ["en", "de"]);
    assert_eq!(served.client.help_centers().get(&all[0].id).await.unwrap().website_turned_on, Some(false));
}

#[tokio::test]
async fn a_workspace_may_have_no_help_centre() {
    for answer in [json!({"type": "list", "data": []}), json!({"type": "list", "data": null}), json!({})] {
        let served = Served::answering("GET", "/help_center/help_centers", 200, answer).await;
        assert!(served.client.help_centers().list().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn redirects_are_made_listed_and_deleted() {
    let at = "/help_center/help_centers/7/redirects";
    let one = json!({"id": "26", "type": "help_center_redirect", "from_url": "http://h.example/old", "locale": "en",
        "help_center_id": "7", "target_type": "article", "target_id": 11, "created_at": 1781619405});
    let served = Served::answering("POST", at, 200, one.clone()).await;
    let (id, target) = (HelpCenterId::from("7"), RedirectTarget::Article("11".into()));
    let made = served
        .client
        .help_centers()
        .create_redirect(&id, "http://h.example/old", "en", &target)
        .await
        .unwrap();
    assert_eq!((made.id.as_str(), made.target_id.as_deref()), ("26", Some("11")));
    let want = json!({"from_url": "http://h.example/old", "locale": "en", "target_type": "article", "target_id": "11"});
    assert_eq!(served.sent().await, want);
    served
        .also("GET", at, 200, json!({"type": "list", "data": [one], "pages": {"page": 1, "total_pages": 1}}))
        .await;
    served.also("DELETE", &format!("{at}/26"), 200, json!({"id": "26", "deleted": true})).await;
    let all: Vec<_> = served.client.help_centers().redirects(&id).try_collect().await.unwrap();
    served.client.help_centers().delete_redirect(&id, &all[0].id).await.unwrap();
}

#[tokio::test]
async fn an_address_that_leads_somewhere_already_is_a_conflict_without_a_contact() {
    let answer = json!({"type": "error.list", "errors": [{"code": "resource_conflict", "message": "A redirect already exists for this from_url"}]});
    let served = Served::answering("POST", "/help_center/help_centers/7/redirects", 409, answer).await;
    let target = RedirectTarget::Collection("5".into());
    let e = served
        .client
        .help_centers()
        .create_redirect(&"7".into(), "http://h/x", "en", &target)
        .await
        .unwrap_err();
    assert_eq!((e.kind(), e.code(), e.holder()), (ErrorKind::Conflict, Some("resource_conflict"), None));
}
