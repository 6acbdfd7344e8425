use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::{CompanyUpdate, NewCompany};
use intercom_client::{CompanyId, ContactId, ErrorKind, Outcome};
use jiff::Timestamp;
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, ResponseTemplate};

const ID: &str = "6762f0941bb69f9f2193bb25";
const CONTACT: &str = "6762f0dd1bb69f9f2193bb83";

fn company(id: &str) -> Value {
    json!({"type": "company", "company_id": "focalscope:org:7", "id": id, "name": "Acme Ltd", "size": null,
        "remote_created_at": 1734537364, "user_count": 4, "plan": {}, "custom_attributes": {"tier": "gold"}})
}

#[tokio::test]
async fn a_company_is_made_or_written_by_the_id_of_its_owner() {
    let served = Served::answering("POST", "/companies", 200, company(ID)).await;
    let fields = CompanyUpdate::new().name("Acme Ltd").website("acme.example").attribute("tier", "gold");
    let at = Timestamp::from_second(1_500_000_000).unwrap();
    let new = NewCompany::new("focalscope:org:7").with(fields).remote_created_at(at);
    let made = served.client.companies().upsert(&new).await.unwrap();
    assert_eq!(
        (made.id.as_str(), made.company_id.as_deref(), made.size),
        (ID, Some("focalscope:org:7"), None)
    );
    assert!(!format!("{made:?} {new:?}").contains("Acme"));
    let want = json!({"company_id": "focalscope:org:7", "name": "Acme Ltd", "website": "acme.example",
        "custom_attributes": {"tier": "gold"}, "remote_created_at": 1_500_000_000});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn an_unknown_field_is_a_refusal() {
    let answer =
        json!({"type": "error.list", "errors": [{"code": "bad_request", "message": "bad 'test' parameter"}]});
    let served = Served::answering("POST", "/companies", 400, answer).await;
    let e = served.client.companies().upsert(&NewCompany::new("1")).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.outcome(), e.code()),
        (ErrorKind::Invalid, Outcome::Rejected, Some("bad_request"))
    );
}

#[tokio::test]
async fn a_company_is_found_by_the_id_of_its_owner_or_not() {
    let served = Served::answering("GET", "/companies", 200, company(ID)).await;
    let found = served.client.companies().find_by_company_id("focalscope:org:7").await.unwrap();
    assert_eq!(found.id.as_str(), ID);
    assert_eq!(served.query().await, "company_id=focalscope%3Aorg%3A7");
    let answer = json!({"type": "error.list", "errors": [{"code": "company_not_found", "message": "Company Not Found"}]});
    let served = Served::answering("GET", "/companies", 404, answer).await;
    let e = served.client.companies().find_by_company_id("x").await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::NotFound, Some("company_not_found")));
}

#[tokio::test]
async fn a_company_that_is_found_may_come_alone_or_in_a_list_and_two_are_none() {
    let found = async |data: Value| {
        let served = Served::answering("GET", "/companies", 200, json!({"type": "list", "data": data})).await;
        served.client.companies().find_by_company_id("x").await.map(|c| c.id)
    };
    assert_eq!(found(json!([company(ID)])).await.unwrap().as_str(), ID);
    assert_eq!(found(json!([])).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(found(json!([company("1"), company("2")])).await.unwrap_err().kind(), ErrorKind::Malformed);
}

#[tokio::test]
async fn a_company_is_read_written_and_deleted() {
    let at = format!("/companies/{ID}");
    let served = Served::answering("GET", &at, 200, company(ID)).await;
    served.also("PUT", &at, 200, company(ID)).await;
    served.also("DELETE", &at, 200, json!({"id": ID, "object": "company", "deleted": true})).await;
    let (id, companies) = (CompanyId::from(ID), served.client.companies());
    companies.get(&id).await.unwrap();
    companies.update(&id, &CompanyUpdate::new().name("B").size(3)).await.unwrap();
    companies.delete(&id).await.unwrap();
    let requests = served.requests().await;
    assert_eq!(serde_json::from_slice::<Value>(&requests[1].body).unwrap(), json!({"name": "B", "size": 3}));
    assert!(requests[0].body.is_empty() && requests[2].body.is_empty());
}

#[tokio::test]
async fn a_contact_is_put_into_a_company_and_taken_out() {
    let at = format!("/contacts/{CONTACT}/companies");
    let served = Served::answering("POST", &at, 200, company(ID)).await;
    served.also("DELETE", &format!("{at}/{ID}"), 200, company(ID)).await;
    served.also("GET", &at, 200, json!({"type": "list", "data": [company(ID)], "pages": null})).await;
    let (contact, id) = (ContactId::from(CONTACT), CompanyId::from(ID));
    served.client.companies().attach(&contact, &id).await.unwrap();
    assert_eq!(served.sent().await, json!({"id": ID}));
    served.client.companies().detach(&contact, &id).await.unwrap();
    let of: Vec<_> = served.client.companies().of_contact(&contact).try_collect().await.unwrap();
    assert_eq!(of.len(), 1);
}

#[tokio::test]
async fn a_contact_in_too_many_companies_is_a_refusal() {
    let answer =
        json!({"type": "error.list", "errors": [{"code": "contact_company_limit_exceeded", "message": "m"}]});
    let served = Served::answering("POST", &format!("/contacts/{CONTACT}/companies"), 400, answer).await;
    let e =
        served.client.companies().attach(&ContactId::from(CONTACT), &CompanyId::from(ID)).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("contact_company_limit_exceeded")));
}

#[tokio::test]
async fn the_contacts_of_a_company_are_listed() {
    let contact = json!({"type": "contact", "id": CONTACT, "role": "user"});
    let answer =
        json!({"type": "list", "data": [contact], "total_count": 1, "pages": {"page": 1, "total_pages": 1}});
    let served = Served::answering("GET", &format!("/companies/{ID}/contacts"), 200, answer).await;
    let all: Vec<_> = served.client.companies().contacts(&CompanyId::from(ID)).try_collect().await.unwrap();
    assert_eq!(all[0].id.as_str(), CONTACT);
}

#[tokio::test]
async fn a_scroll_carries_its_parameter_and_ends_with_an_empty_page() {
    let served = Served::empty().await;
    let at = || Mock::given(method("GET")).and(path("/companies/scroll"));
    let page = |data: Value| json!({"type": "list", "data": data, "pages": null, "total_count": null, "scroll_param": "s-1"});
    at().and(query_param_is_missing("scroll_param"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(json!([company("1"), company("2")]))))
        .mount(&served.server)
        .await;
    at().and(query_param("scroll_param", "s-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(json!([company("3")]))))
        .up_to_n_times(1)
        .mount(&served.server)
        .await;
    at().and(query_param("scroll_param", "s-1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(page(json!([]))))
        .mount(&served.server)
        .await;
    // The parameter of a scroll stays the same from page to page.
    let all: Vec<_> = served.client.companies().scroll_all().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_scroll_that_breaks_is_not_asked_again_and_says_where_to_begin() {
    let served = Served::with_retries().await;
    let at = || Mock::given(method("GET")).and(path("/companies/scroll"));
    let first = json!({"type": "list", "data": [company("1")], "scroll_param": "s-1"});
    at().and(query_param_is_missing("scroll_param"))
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .mount(&served.server)
        .await;
    at().and(query_param("scroll_param", "s-1"))
        .respond_with(ResponseTemplate::new(500))
        .mount(&served.server)
        .await;
    let mut all = served.client.companies().scroll_all();
    assert!(all.try_next().await.unwrap().is_some());
    let e = all.try_next().await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unavailable, Outcome::Rejected));
    assert_eq!(e.context("scroll"), Some("can't be resumed; list again from the start"));
    assert_eq!(served.requests().await.len(), 2);
}
