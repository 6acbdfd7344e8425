use super::Served;
use intercom_client::ErrorKind;
use serde_json::json;

#[tokio::test]
async fn me_names_the_admin_and_the_workspace_and_keeps_what_it_does_not_know() {
    let answer = json!({"type": "admin", "id": "991267400", "name": "Ada", "email": "ada@desk.example",
        "has_inbox_seat": true, "app": {"type": "app", "id_code": "abc123", "name": "Desk", "region": "EU",
        "timezone": "Europe/Berlin", "mood": "fine"}, "avatar": null});
    let served = Served::answering("GET", "/me", 200, answer).await;
    let me = served.client.me().await.unwrap();
    let app = me.app.as_ref().unwrap();
    assert_eq!(
        (me.id.as_str(), app.id_code.as_str(), app.region.as_deref()),
        ("991267400", "abc123", Some("EU"))
    );
    assert_eq!(app.extra["mood"], "fine");
    assert!(me.extra.contains_key("avatar"));
    assert!(!format!("{me:?}").contains("Ada"));
}

#[tokio::test]
async fn a_wrong_token_is_unauthorized_and_stops_the_run() {
    let answer = json!({"type": "error.list", "request_id": "r-9", "errors": [{"code": "unauthorized", "message": "Access Token Invalid"}]});
    let served = Served::answering("GET", "/me", 401, answer).await;
    let e = served.client.me().await.unwrap_err();
    assert_eq!(
        (e.kind(), e.status(), e.code(), e.request_id()),
        (ErrorKind::Unauthorized, Some(401), Some("unauthorized"), Some("r-9"))
    );
    assert!(e.stops_the_run() && !format!("{e:?}").contains("t0ken"));
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_malformed() {
    let served = Served::answering("GET", "/me", 200, json!("<html>")).await;
    let e = served.client.me().await.unwrap_err();
    assert_eq!((e.kind(), e.operation()), (ErrorKind::Malformed, Some("me")));
}
