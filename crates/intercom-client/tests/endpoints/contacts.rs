use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::{ContactUpdate, NewContact, Query};
use intercom_client::{ContactId, ErrorKind, Holder, IntercomError as _, Outcome, TagId};
use jiff::Timestamp;
use serde_json::json;
use wiremock::matchers::{body_partial_json, method, path};
use wiremock::{Mock, ResponseTemplate};

const ID: &str = "6762f0dd1bb69f9f2193bb83";

fn contact() -> serde_json::Value {
    json!({"type": "contact", "id": ID, "external_id": "focalscope:contact:42", "role": "user", "email": "a@b.example",
        "created_at": 1734537437, "updated_at": 1734537437, "signed_up_at": null, "owner_id": null,
        "custom_attributes": {"plan": "gold"}, "tags": {"type": "list", "data": []}})
}

#[tokio::test]
async fn a_contact_is_made_with_what_was_set_and_nothing_else() {
    let served = Served::answering("POST", "/contacts", 200, contact()).await;
    let new = NewContact::user().email("a@b.example").external_id("focalscope:contact:42").with(
        ContactUpdate::new()
            .name("Ada")
            .phone("+4930123456")
            .signed_up_at(Timestamp::from_second(1_500_000_000).unwrap())
            .attribute("plan", "gold"),
    );
    let made = served.client.contacts().create(&new).await.unwrap();
    assert_eq!((made.id.as_str(), made.role.as_deref()), (ID, Some("user")));
    assert_eq!(made.custom_attributes["plan"], "gold");
    assert!(!format!("{made:?} {new:?}").contains("a@b.example"));
    let want = json!({"role": "user", "email": "a@b.example", "external_id": "focalscope:contact:42", "name": "Ada",
        "phone": "+4930123456", "signed_up_at": 1_500_000_000, "custom_attributes": {"plan": "gold"}});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn a_taken_address_names_the_contact_that_has_it_and_is_not_sent_again() {
    let message = format!("A contact matching those details already exists with id={ID}");
    let answer = json!({"type": "error.list", "request_id": null, "errors": [{"code": "conflict", "message": message}]});
    let served = Served::answering("POST", "/contacts", 409, answer).await;
    let e = served.client.contacts().create(&NewContact::user().email("a@b.example")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Conflict, Outcome::Rejected));
    assert_eq!(e.holder(), Some(Holder { contact: ID.into(), archived: false }));
    assert_eq!(served.requests().await.len(), 1);
}

#[tokio::test]
async fn a_create_whose_answer_is_a_502_is_unknown_and_is_not_sent_again() {
    let served = Served::answering("POST", "/contacts", 502, json!("<html>bad gateway</html>")).await;
    let e = served.client.contacts().create(&NewContact::user().email("a@b.example")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unavailable, Outcome::Unknown));
    assert_eq!(served.requests().await.len(), 1);
}

#[tokio::test]
async fn fields_are_written_and_emptied() {
    let served = Served::answering("PUT", &format!("/contacts/{ID}"), 200, contact()).await;
    let fields = ContactUpdate::new()
        .name("B")
        .empty("phone")
        .empty("email")
        .attribute("plan", serde_json::Value::Null);
    served.client.contacts().update(&ContactId::from(ID), &fields).await.unwrap();
    assert_eq!(
        served.sent().await,
        json!({"name": "B", "phone": null, "email": "", "custom_attributes": {"plan": null}})
    );
}

#[tokio::test]
async fn an_external_id_with_a_slash_is_one_segment() {
    let served = Served::empty().await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(contact()))
        .mount(&served.server)
        .await;
    served.client.contacts().find_by_external_id("focalscope:contact:a/b").await.unwrap();
    assert_eq!(
        served.requests().await[0].url.path(),
        "/contacts/find_by_external_id/focalscope:contact:a%2Fb"
    );
}

#[tokio::test]
async fn archive_unarchive_and_delete_have_no_body() {
    let served =
        Served::answering("POST", &format!("/contacts/{ID}/archive"), 200, json!({"archived": true})).await;
    served.also("POST", &format!("/contacts/{ID}/unarchive"), 200, json!({"archived": false})).await;
    served.also("DELETE", &format!("/contacts/{ID}"), 200, json!({"deleted": true})).await;
    let id = ContactId::from(ID);
    served.client.contacts().archive(&id).await.unwrap();
    served.client.contacts().unarchive(&id).await.unwrap();
    served.client.contacts().delete(&id).await.unwrap();
    assert!(served.requests().await.iter().all(|r| r.body.is_empty()));
}

#[tokio::test]
async fn a_merged_contact_is_not_found_and_says_where_it_went() {
    let served = Served::empty().await;
    let answer = ResponseTemplate::new(410)
        .insert_header("link", format!("</contacts/{ID}>; rel=\"canonical\"").as_str())
        .set_body_json(json!({"type": "error.list", "errors": [{"code": "contact_merged", "message": "m"}]}));
    Mock::given(method("GET")).respond_with(answer).mount(&served.server).await;
    let e = served.client.contacts().get(&ContactId::from("5762f0dd1bb69f9f2193bb83")).await.unwrap_err();
    assert_eq!((e.kind(), e.merged_into()), (ErrorKind::NotFound, Some(ID.into())));
}

#[tokio::test]
async fn a_search_goes_through_its_pages_by_cursor() {
    let served = Served::empty().await;
    let page = |next: serde_json::Value| json!({"type": "list", "data": [contact()], "total_count": 2, "pages": {"type": "pages", "page": 1, "next": next}});
    let second = body_partial_json(json!({"pagination": {"starting_after": "c2"}}));
    let at = || Mock::given(method("POST")).and(path("/contacts/search"));
    at().and(second)
        .respond_with(ResponseTemplate::new(200).set_body_json(page(json!(null))))
        .with_priority(1)
        .mount(&served.server)
        .await;
    let next = json!({"per_page": 150, "starting_after": "c2"});
    at().respond_with(ResponseTemplate::new(200).set_body_json(page(next))).mount(&served.server).await;
    let found: Vec<_> =
        served.client.contacts().search_all(Query::is("email", "a@b.example")).try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
    let requests = served.requests().await;
    let first: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(
        first,
        json!({"query": {"field": "email", "operator": "=", "value": "a@b.example"}, "pagination": {"per_page": 150}})
    );
    assert_eq!(requests.len(), 2);
}

#[tokio::test]
async fn a_list_names_its_page_size() {
    let served = Served::answering(
        "GET",
        "/contacts",
        200,
        json!({"type": "list", "data": [], "pages": null, "total_count": 0}),
    )
    .await;
    let page = served.client.contacts().list(50, None).await.unwrap();
    assert_eq!((page.items.len(), page.total, page.next), (0, Some(0), None));
    assert_eq!(served.query().await, "per_page=50");
}

#[tokio::test]
async fn a_key_that_an_archived_contact_holds_says_so() {
    let message = format!("An archived contact matching those details already exists with id={ID}");
    let answer = json!({"type": "error.list", "errors": [{"code": "conflict", "message": message}]});
    let served = Served::answering("PUT", &format!("/contacts/{ID}"), 409, answer).await;
    let fields = ContactUpdate::new().email("a@b.example");
    let e = served.client.contacts().update(&ContactId::from(ID), &fields).await.unwrap_err();
    assert_eq!(e.holder(), Some(Holder { contact: ID.into(), archived: true }));
    assert_eq!(e.merged_into(), None);
}

#[tokio::test]
async fn a_conflict_whose_text_has_another_form_names_nobody() {
    for message in
        ["A contact already exists", "A contact matching those details already exists with id=42", ""]
    {
        let answer = json!({"type": "error.list", "errors": [{"code": "conflict", "message": message}]});
        let served = Served::answering("POST", "/contacts", 409, answer).await;
        let e = served.client.contacts().create(&NewContact::user().email("a@b.example")).await.unwrap_err();
        assert_eq!((e.kind(), e.holder()), (ErrorKind::Conflict, None), "{message}");
    }
}

#[tokio::test]
async fn a_lead_goes_into_a_user() {
    let served = Served::answering("POST", "/contacts/merge", 200, contact()).await;
    let lead = ContactId::from("5762f0dd1bb69f9f2193bb83");
    served.client.contacts().merge(&lead, &ContactId::from(ID), false).await.unwrap();
    assert_eq!(served.sent().await, json!({"from": lead.as_str(), "into": ID}));
    served.client.contacts().merge(&lead, &ContactId::from(ID), true).await.unwrap();
    let second: serde_json::Value = serde_json::from_slice(&served.requests().await[1].body).unwrap();
    assert_eq!(second["skip_duplicate_validation"], true);
}

#[tokio::test]
async fn two_that_are_no_duplicates_are_not_merged() {
    let answer = json!({"type": "error.list", "errors": [{"code": "invalid_merge", "message": "m"}]});
    let served = Served::answering("POST", "/contacts/merge", 400, answer).await;
    let e = served
        .client
        .contacts()
        .merge(&"5762f0dd1bb69f9f2193bb83".into(), &ID.into(), false)
        .await
        .unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("invalid_merge")));
}

#[tokio::test]
async fn tags_of_a_contact_are_put_on_read_and_taken_off() {
    let at = format!("/contacts/{ID}/tags");
    let tag = json!({"type": "tag", "id": 17, "name": "vip"});
    let served = Served::answering("POST", &at, 200, tag.clone()).await;
    served.also("GET", &at, 200, json!({"type": "list", "data": [tag.clone()]})).await;
    served.also("DELETE", &format!("{at}/17"), 200, tag).await;
    let (contacts, id) = (served.client.contacts(), ContactId::from(ID));
    contacts.attach_tag(&id, &TagId::from("17")).await.unwrap();
    assert_eq!(served.sent().await, json!({"id": "17"}));
    assert_eq!(contacts.tags(&id).await.unwrap()[0].id.as_str(), "17");
    contacts.detach_tag(&id, &TagId::from("17")).await.unwrap();
}

#[tokio::test]
async fn null_and_absent_are_the_same_and_unknown_fields_are_kept() {
    for answer in [
        json!({"id": ID}),
        json!({"id": ID, "role": null, "email": null, "owner_id": null, "created_at": null, "custom_attributes": null,
            "tags": null, "mood": {"a": 1}}),
    ] {
        let served = Served::answering("GET", &format!("/contacts/{ID}"), 200, answer).await;
        let found = served.client.contacts().get(&ContactId::from(ID)).await.unwrap();
        assert!(found.email.is_none() && found.created_at.is_none() && found.custom_attributes.is_empty());
    }
    let served =
        Served::answering("GET", "/contacts", 200, json!({"type": "list", "data": null, "pages": null}))
            .await;
    assert!(served.client.contacts().list(50, None).await.unwrap().items.is_empty());
}
