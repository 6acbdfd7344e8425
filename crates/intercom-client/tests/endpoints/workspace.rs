use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::ContentQuery;
use intercom_client::{ErrorKind, Outcome};
use serde_json::json;

#[tokio::test]
async fn addresses_say_whether_mail_is_forwarded_and_when_it_came_last() {
    let answer = json!({"type": "list", "data": [
        {"type": "email_setting", "id": "1", "email": "support@company.example", "verified": true, "domain": "company.example",
         "brand_id": 9, "forwarding_enabled": true, "forwarded_email_last_received_at": 1710498600},
        {"type": "email_setting", "id": 2, "email": "hello@company.example", "forwarding_enabled": false,
         "forwarded_email_last_received_at": null}]});
    let served = Served::answering("GET", "/emails", 200, answer).await;
    let all = served.client.emails().list().await.unwrap();
    assert_eq!(all[0].forwarded_email_last_received_at.unwrap().as_second(), 1_710_498_600);
    assert_eq!((all[1].forwarding_enabled, all[1].forwarded_email_last_received_at), (Some(false), None));
    assert_eq!((all[0].brand_id.as_ref().unwrap().as_str(), all[1].id.as_str()), ("9", "2"));
    served.also("GET", "/emails/2", 200, json!({"id": "2"})).await;
    assert!(served.client.emails().get(&all[1].id).await.unwrap().email.is_none());
}

#[tokio::test]
async fn one_brand_is_the_default() {
    let one =
        json!({"type": "brand", "id": "abc123", "name": "Desk", "is_default": true, "help_center_id": null});
    let served =
        Served::answering("GET", "/brands", 200, json!({"type": "list", "data": [one.clone()]})).await;
    served.also("GET", "/brands/abc123", 200, one).await;
    let all = served.client.brands().list().await.unwrap();
    assert!(all[0].is_default && all[0].help_center_id.is_none());
    assert_eq!(served.client.brands().get(&all[0].id).await.unwrap().name, "Desk");
}

#[tokio::test]
async fn content_is_found_by_tag_whatever_its_kind() {
    let answer = json!({"type": "list", "total_count": 2, "pages": {"page": 1, "total_pages": 1, "next": null}, "data": [
        {"type": "internal_article", "id": "012", "title": "Internal SOP"},
        {"type": "article", "id": 345, "title": "FAQ", "contents": [{"type": "article_content", "id": "678", "locale": "en"}]}]});
    let served = Served::answering("GET", "/content/search", 200, answer).await;
    let query = ContentQuery::new().tags(["17".into(), "18".into()]).articles();
    let all: Vec<_> = served.client.content().search_all(query).try_collect().await.unwrap();
    assert_eq!((all[0].kind.as_str(), all[1].id.as_deref()), ("internal_article", Some("345")));
    assert!(!format!("{all:?}").contains("SOP"));
    assert_eq!(
        served.query().await,
        "any_tag_ids=17%2C18&content_types=article%2Cinternal_article&per_page=50"
    );
}

#[tokio::test]
async fn a_text_too_long_to_be_searched_for_is_not_sent() {
    let served = Served::empty().await;
    let query = ContentQuery::new().words("ä".repeat(501));
    let e = served.client.content().search(&query, 10, None).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    assert!(e.message().contains("500 characters"));
    assert!(served.requests().await.is_empty());
}
