use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::{AdminId, CompanyId, ContactId, ErrorKind, Outcome};
use serde_json::json;

const CONTACT: &str = "6762f0dd1bb69f9f2193bb83";

fn note(id: u64) -> serde_json::Value {
    json!({"type": "note", "id": id, "created_at": 1734537390, "body": "<p>Called <b>Ada</b></p>",
        "contact": {"type": "contact", "id": CONTACT}, "author": {"type": "admin", "id": "7", "name": "Bo"}})
}

#[tokio::test]
async fn a_note_is_written_by_a_teammate_and_its_text_stays_private() {
    let served = Served::answering("POST", &format!("/contacts/{CONTACT}/notes"), 200, note(31)).await;
    let by = AdminId::from("7");
    let notes = served.client.notes();
    let made =
        notes.create_on_contact(&ContactId::from(CONTACT), Some(&by), "2024-05-01: called").await.unwrap();
    assert_eq!((made.id.as_str(), made.author.clone().unwrap().id), ("31", Some(by)));
    assert!(!format!("{made:?}").contains("Ada"));
    assert_eq!(served.sent().await, json!({"body": "2024-05-01: called", "admin_id": "7"}));
}

#[tokio::test]
async fn a_note_without_a_teammate_is_by_the_one_behind_the_token() {
    let served = Served::answering("POST", "/companies/5/notes", 200, note(32)).await;
    served.client.notes().create_on_company(&CompanyId::from("5"), None, "x").await.unwrap();
    assert_eq!(served.sent().await, json!({"body": "x"}));
}

#[tokio::test]
async fn a_note_whose_answer_is_lost_is_not_written_twice() {
    let served = Served::with_retries().await;
    served.also("POST", &format!("/contacts/{CONTACT}/notes"), 504, json!({})).await;
    let e = served.client.notes().create_on_contact(&ContactId::from(CONTACT), None, "x").await.unwrap_err();
    assert_eq!(e.outcome(), Outcome::Unknown);
    assert_eq!(served.requests().await.len(), 1);
}

#[tokio::test]
async fn notes_are_listed_and_read() {
    let page = json!({"type": "list", "data": [note(1), note(2)], "total_count": 2,
        "pages": {"type": "pages", "next": null, "page": 1, "per_page": 50, "total_pages": 1}});
    let served = Served::answering("GET", &format!("/contacts/{CONTACT}/notes"), 200, page.clone()).await;
    served.also("GET", "/companies/5/notes", 200, page).await;
    served.also("GET", "/notes/2", 200, note(2)).await;
    let of: Vec<_> = served.client.notes().of_contact(&ContactId::from(CONTACT)).try_collect().await.unwrap();
    assert_eq!(of.len(), 2);
    let of: Vec<_> = served.client.notes().of_company(&CompanyId::from("5")).try_collect().await.unwrap();
    assert_eq!(served.client.notes().get(&of[1].id).await.unwrap().id.as_str(), "2");
}

#[tokio::test]
async fn a_note_by_an_unknown_teammate_is_not_found() {
    let answer =
        json!({"type": "error.list", "errors": [{"code": "not_found", "message": "Resource Not Found"}]});
    let served = Served::answering("POST", &format!("/contacts/{CONTACT}/notes"), 404, answer).await;
    let by = AdminId::from("9");
    let e =
        served.client.notes().create_on_contact(&ContactId::from(CONTACT), Some(&by), "x").await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::NotFound, Outcome::Rejected));
}
