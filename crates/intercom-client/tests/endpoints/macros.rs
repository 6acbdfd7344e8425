use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::{ErrorKind, IntercomError as _, MacroId};
use serde_json::{Value, json};
use wiremock::matchers::{method, query_param};
use wiremock::{Mock, ResponseTemplate};

fn one(id: &str) -> Value {
    json!({"type": "macro", "id": id, "name": "Greeting", "body": "<p>Hi <attribute key=\"user.name\"/></p>",
        "body_text": "Hi {{user.name}}", "created_at": "2025-07-17T11:18:08.000Z", "updated_at": 1_752_751_088,
        "visible_to": "specific_teams", "visible_to_team_ids": [5, "6"], "available_on": ["inbox"]})
}

#[tokio::test]
async fn macros_come_in_pages_by_cursor_with_times_in_either_form() {
    let served = Served::empty().await;
    let next = json!({"type": "list", "data": [one("2")], "pages": {"type": "pages", "per_page": 150, "next": null}});
    Mock::given(method("GET"))
        .and(query_param("starting_after", "WzE3MTk0OTM3NTcuMCwgIjEyMyJd="))
        .respond_with(ResponseTemplate::new(200).set_body_json(next))
        .with_priority(1)
        .mount(&served.server)
        .await;
    let first = json!({"type": "list", "data": [one("1")], "pages": {"type": "pages", "per_page": 150,
        "next": {"starting_after": "WzE3MTk0OTM3NTcuMCwgIjEyMyJd="}}});
    served.also("GET", "/macros", 200, first).await;
    let all: Vec<_> = served.client.macros().list_all().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(all[0].created_at.unwrap().as_second(), 1_752_751_088);
    assert_eq!(all[0].created_at, all[0].updated_at);
    assert_eq!(all[0].visible_to_team_ids, ["5".into(), "6".into()]);
    assert!(!format!("{all:?}").contains("Hi "));
    assert_eq!(served.query().await, "per_page=150");
}

#[tokio::test]
async fn a_token_without_the_scope_is_told_which() {
    let answer = json!({"type": "error.list", "errors": [{"code": "forbidden",
        "message": "You do not have the required scope (read_conversations) to access this resource"}]});
    let served = Served::answering("GET", "/macros", 403, answer).await;
    let e = served.client.macros().list(1, None).await.unwrap_err();
    assert_eq!((e.kind(), e.missing_scope()), (ErrorKind::Forbidden, Some("read_conversations")));
}

#[tokio::test]
async fn a_macro_that_the_teammate_can_t_see_is_not_found() {
    let served = Served::answering("GET", "/macros/1", 200, one("1")).await;
    let answer =
        json!({"type": "error.list", "errors": [{"code": "not_found", "message": "Macro not found"}]});
    served.also("GET", "/macros/2", 404, answer).await;
    assert_eq!(served.client.macros().get(&MacroId::from("1")).await.unwrap().name, "Greeting");
    let e = served.client.macros().get(&MacroId::from("2")).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::NotFound);
}
