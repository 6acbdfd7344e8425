use super::Served;
use intercom_client::{AdminId, ErrorKind};
use serde_json::json;

#[tokio::test]
async fn admins_are_listed_whole_and_null_entries_are_passed_over() {
    let answer = json!({"type": "admin.list", "admins": [null, {"type": "admin", "id": 7, "name": "A", "email": "a@x.example", "has_inbox_seat": false, "team_ids": [814865]}]});
    let served = Served::answering("GET", "/admins", 200, answer).await;
    let admins = served.client.admins().list().await.unwrap();
    assert_eq!(admins.len(), 1);
    assert_eq!((admins[0].id.as_str(), admins[0].has_inbox_seat), ("7", Some(false)));
    assert_eq!(admins[0].team_ids, ["814865".into()]);
}

#[tokio::test]
async fn an_unknown_admin_is_not_found() {
    let answer =
        json!({"type": "error.list", "errors": [{"code": "admin_not_found", "message": "Admin not found"}]});
    let served = Served::answering("GET", "/admins/9", 404, answer).await;
    let e = served.client.admins().get(&AdminId::from("9")).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::NotFound, Some("admin_not_found")));
}
