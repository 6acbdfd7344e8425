//! The ways in which lists are turned, over HTTP: each to its end, and each when the server doesn't behave.

use super::Served;
use futures_util::TryStreamExt as _;
use intercom_client::api::Query;
use intercom_client::{ErrorKind, Outcome};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param, query_param_is_missing};
use wiremock::{Mock, Request, ResponseTemplate};

fn collection(id: u64) -> Value {
    json!({"id": id, "name": "c"})
}

/// Answers with what `page` makes of the number in the request's `page`; 1 without.
async fn by_number(served: &Served, at: &str, page: impl Fn(u64) -> Value + Send + Sync + 'static) {
    let answer = move |request: &Request| {
        let number =
            request.url.query_pairs().find(|(key, _)| key == "page").map(|(_, v)| v.parse().unwrap());
        ResponseTemplate::new(200).set_body_json(page(number.unwrap_or(1)))
    };
    Mock::given(path(at)).respond_with(answer).mount(&served.server).await;
}

#[tokio::test]
async fn by_number_without_an_address_up_to_the_last_page() {
    let served = Served::empty().await;
    by_number(&served, "/help_center/collections", |n| {
        json!({"data": [collection(n)], "total_count": 3, "pages": {"page": n, "per_page": 1, "total_pages": 3}})
    })
    .await;
    let all: Vec<_> = served.client.collections().list_all().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3"]);
    let queries: Vec<_> = served.requests().await.iter().map(|r| r.url.query().unwrap().to_owned()).collect();
    assert_eq!(queries, ["per_page=50", "per_page=50&page=2", "per_page=50&page=3"]);
}

#[tokio::test]
async fn by_number_with_the_next_page_as_an_address() {
    let served = Served::empty().await;
    let base = served.server.uri();
    by_number(&served, "/conversations/deleted", move |n| {
        let next = (n < 3).then(|| format!("{base}/conversations/deleted?per_page=2&order=desc&page={}", n + 1));
        json!({"type": "conversations.list", "total_count": 3, "pages": {"next": next, "page": n, "total_pages": 3},
            "conversations": [{"type": "conversation", "id": n, "metrics_retained": n == 1, "deleted_at": 1734537460}]})
    })
    .await;
    let all: Vec<_> = served.client.conversations().deleted().try_collect().await.unwrap();
    let seen: Vec<_> = all.iter().map(|c| (c.id.as_str(), c.metrics_retained)).collect();
    assert_eq!(seen, [("1", Some(true)), ("2", Some(false)), ("3", Some(false))]);
    let requests = served.requests().await;
    assert_eq!(requests[2].url.query(), Some("order=desc&per_page=60&page=3"));
}

#[tokio::test]
async fn an_address_at_another_host_gets_no_call_and_no_token() {
    let (served, other) = (Served::empty().await, Served::empty().await);
    let next =
        format!("{}/conversations/deleted?page=2", other.server.uri().replace("127.0.0.1", "localhost"));
    let answer = json!({"pages": {"next": next}, "conversations": [{"id": "1"}]});
    served.also("GET", "/conversations/deleted", 200, answer).await;
    let mut all = served.client.conversations().deleted();
    assert!(all.try_next().await.unwrap().is_some());
    let e = all.try_next().await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Malformed, Outcome::NotSent));
    assert!(e.message().contains("another host; only 127.0.0.1 is asked"), "{e}");
    assert!(other.requests().await.is_empty());
    assert_eq!(served.requests().await.len(), 1);
}

#[tokio::test]
async fn a_server_that_ignores_the_number_is_noticed_and_not_read_for_ever() {
    let served = Served::empty().await;
    by_number(
        &served,
        "/help_center/collections",
        |_| json!({"data": [collection(1)], "pages": {"page": 1, "per_page": 1, "total_pages": 9}}),
    )
    .await;
    let e = served.client.collections().list_all().try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Malformed);
    assert!(e.message().contains("comes back to a page"), "{e}");
    assert_eq!(served.requests().await.len(), 2);
}

#[tokio::test]
async fn by_cursor_in_the_query() {
    let served = Served::empty().await;
    let page = |id: &str, next: Value| {
        let answer = json!({"conversations": [{"id": id}], "pages": {"type": "pages", "page": 1, "total_pages": 9, "next": next}});
        ResponseTemplate::new(200).set_body_json(answer)
    };
    let at = || Mock::given(method("GET")).and(path("/conversations"));
    at().and(query_param_is_missing("starting_after"))
        .respond_with(page("1", json!({"per_page": 150, "starting_after": "/+=c2"})))
        .mount(&served.server)
        .await;
    at().and(query_param("starting_after", "/+=c2"))
        .respond_with(page("2", json!(null)))
        .mount(&served.server)
        .await;
    let all: Vec<_> = served.client.conversations().list_all().try_collect().await.unwrap();
    assert_eq!(all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn by_cursor_in_the_body_and_a_cursor_that_repeats_is_an_error() {
    let served = Served::empty().await;
    let answer =
        json!({"tickets": [{"id": "1"}], "total_count": 9, "pages": {"next": {"starting_after": "same"}}});
    served.also("POST", "/tickets/search", 200, answer).await;
    let query = Query::is("ticket_attribute.5", "4711");
    let e = served.client.tickets().search_all(query).try_collect::<Vec<_>>().await.unwrap_err();
    assert!(e.message().contains("comes back to a page"), "{e}");
    let bodies: Vec<Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies.len(), 2);
    assert_eq!(bodies[0]["pagination"], json!({"per_page": 150}));
    assert_eq!(bodies[1]["pagination"], json!({"per_page": 150, "starting_after": "same"}));
}

#[tokio::test]
async fn a_list_ends_with_an_empty_page_whatever_it_promises() {
    let served = Served::empty().await;
    by_number(&served, "/companies/list", |n| {
        let data = if n == 1 { json!([{"id": "1"}]) } else { json!([]) };
        json!({"data": data, "pages": {"page": n, "total_pages": 500}})
    })
    .await;
    let all: Vec<_> = served.client.companies().list_all().try_collect().await.unwrap();
    assert_eq!((all.len(), served.requests().await.len()), (1, 2));
    assert!(served.requests().await.iter().all(|r| r.method.as_str() == "POST" && r.body.is_empty()));
}

#[tokio::test]
async fn a_list_is_read_no_further_than_it_is_asked_for() {
    let served = Served::empty().await;
    by_number(
        &served,
        "/articles",
        |n| json!({"data": [{"id": n}, {"id": n + 100}], "pages": {"page": n, "total_pages": 50}}),
    )
    .await;
    let mut all = served.client.articles().list_all();
    for _ in 0..3 {
        all.try_next().await.unwrap();
    }
    assert_eq!(served.requests().await.len(), 2);
}

#[tokio::test]
async fn the_history_of_a_contact_has_a_cursor_of_its_own_name() {
    const ID: &str = "6762f0dd1bb69f9f2193bb83";
    let served = Served::empty().await;
    let at = || Mock::given(method("GET")).and(path(format!("/contacts/{ID}/merge_history")));
    let item = |id: &str| json!({"type": "merge_history", "source_contact_id": id, "source_contact_role": "lead", "merged_at": 1571672154});
    let first = json!({"type": "list", "data": [item("a")], "next_cursor": "e30", "has_more": true});
    let last = json!({"type": "list", "data": [item("b")], "next_cursor": "e31", "has_more": false});
    at().and(query_param_is_missing("cursor"))
        .respond_with(ResponseTemplate::new(200).set_body_json(first))
        .mount(&served.server)
        .await;
    at().and(query_param("cursor", "e30"))
        .respond_with(ResponseTemplate::new(200).set_body_json(last))
        .mount(&served.server)
        .await;
    let all: Vec<_> = served.client.contacts().merge_history(&ID.into()).try_collect().await.unwrap();
    assert_eq!(all.iter().map(|m| m.source.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}
