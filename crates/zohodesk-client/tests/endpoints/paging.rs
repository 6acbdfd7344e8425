use super::Served;
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use wiremock::matchers::path;
use wiremock::{Mock, Request, ResponseTemplate};
use zohodesk_client::ErrorKind;
use zohodesk_client::api::{AccountQuery, TicketQuery};

/// A list of `total` objects whose first place is `first`; the end is a 204, as Desk does.
async fn list(served: &Served, at: &str, first: u64, total: u64) {
    let answer = move |request: &Request| {
        let number = |name: &str| {
            let found = request.url.query_pairs().find(|(key, _)| key == name);
            found.map(|(_, value)| value.parse::<u64>().unwrap()).unwrap()
        };
        let (from, limit) = (number("from"), number("limit"));
        let rows: Vec<Value> =
            (from..(from + limit).min(first + total)).map(|n| json!({"id": n.to_string()})).collect();
        if rows.is_empty() {
            ResponseTemplate::new(204)
        } else {
            ResponseTemplate::new(200).set_body_json(json!({"data": rows}))
        }
    };
    Mock::given(path(format!("/api/v1{at}"))).respond_with(answer).mount(&served.server).await;
}

#[tokio::test]
async fn tickets_begin_at_0_and_end_with_a_204_after_a_full_page() {
    let served = Served::empty().await;
    list(&served, "/tickets", 0, 200).await;
    let all: Vec<_> = served
        .client
        .tickets()
        .list_all(&TicketQuery::new().sort_by("createdTime"))
        .try_collect()
        .await
        .unwrap();
    assert_eq!((all.len(), all[0].id.as_str(), all[199].id.as_str()), (200, "0", "199"));
    let queries: Vec<_> = served.requests().await.iter().map(|r| r.url.query().unwrap().to_owned()).collect();
    let of = |from| format!("sortBy=createdTime&from={from}&limit=100");
    assert_eq!(queries, [of(0), of(100), of(200)]);
}

#[tokio::test]
async fn accounts_begin_at_1() {
    let served = Served::empty().await;
    list(&served, "/accounts", 1, 150).await;
    let all: Vec<_> = served.client.accounts().list_all(&AccountQuery::new()).try_collect().await.unwrap();
    assert_eq!((all.len(), all[0].id.as_str()), (150, "1"));
    assert_eq!(served.requests().await.len(), 2);
}

#[tokio::test]
async fn a_list_is_read_no_further_than_it_is_asked_for() {
    let served = Served::empty().await;
    list(&served, "/tickets", 0, 10_000).await;
    let mut all = served.client.tickets().list_all(&TicketQuery::new());
    for _ in 0..101 {
        all.try_next().await.unwrap();
    }
    assert_eq!(served.requests().await.len(), 2);
}

#[tokio::test]
async fn a_server_that_gives_the_first_page_again_and_again_is_noticed() {
    let rows: Vec<Value> = (0..100).map(|n| json!({"id": n.to_string()})).collect();
    let served = Served::answering("GET", "/tickets", 200, json!({"data": rows})).await;
    let e = served.client.tickets().list_all(&TicketQuery::new()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Malformed);
    assert_eq!(served.requests().await.len(), 2);
}

#[tokio::test]
async fn deep_pages_are_known_to_be_dearer() {
    let to = zohodesk_client::Endpoint::new("https://desk.zoho.com", Some("7".into())).unwrap();
    for (from, weight) in [(0, 3), (20_000, 10), (200_000, 100)] {
        let at = zohodesk_client::At { from, limit: 100 };
        assert_eq!(zohodesk_client::api::tickets::list(&to, &TicketQuery::new(), at).weight(), weight);
    }
    assert_eq!(zohodesk_client::api::tickets::get(&to, &"1".into()).weight(), 1);
}
