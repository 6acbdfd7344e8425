//! Calls over HTTP, by families of objects.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;
mod files;
mod knowledge;
mod paging;
mod people;
mod schema;

use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};
use zohodesk_client::{Client, Config, DataCenter};

/// A portal that answers some calls, with the headers that every call must have.
struct Served {
    server: MockServer,
    client: Client,
}

impl Served {
    async fn answering(verb: &str, at: &str, status: u16, answer: Value) -> Self {
        let served = Self::empty().await;
        served.also(verb, at, status, answer).await;
        served
    }
    async fn empty() -> Self {
        let server = MockServer::start().await;
        let token = json!({"access_token": "t0ken", "expires_in": 3600});
        Mock::given(method("POST"))
            .and(path("/oauth/v2/token"))
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        let mut config = Config::new(DataCenter::Us, "id", "secret", "refresh")
            .with_org("7")
            .with_base_urls(server.uri(), server.uri());
        config.http.retry.attempts = 1;
        config.http.retry.throttled = 1;
        let client = Client::new(config).unwrap();
        Served { server, client }
    }
    /// `Value::Null` is an answer without a body.
    async fn also(&self, verb: &str, at: &str, status: u16, answer: Value) {
        let template = ResponseTemplate::new(status);
        let template = if answer.is_null() { template } else { template.set_body_json(answer) };
        Mock::given(method(verb))
            .and(path(format!("/api/v1{at}")))
            .and(header("authorization", "Zoho-oauthtoken t0ken"))
            .and(header("orgId", "7"))
            .and(header("accept", "application/json"))
            .respond_with(template)
            .mount(&self.server)
            .await;
    }
    /// The requests to Desk.
    async fn requests(&self) -> Vec<Request> {
        let all = self.server.received_requests().await.unwrap();
        all.into_iter().filter(|r| r.url.path().starts_with("/api/")).collect()
    }
    /// The JSON of the only request.
    async fn sent(&self) -> Value {
        let requests = self.requests().await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].headers["content-type"], "application/json");
        serde_json::from_slice(&requests[0].body).unwrap()
    }
    /// The query of the only request.
    async fn query(&self) -> String {
        self.requests().await[0].url.query().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn organisations_are_listed_without_naming_one() {
    let served = Served::empty().await;
    Mock::given(method("GET"))
        .and(path("/api/v1/organizations"))
        .respond_with(
            ResponseTemplate::new(200).set_body_json(json!({"data": [{"id": 7, "companyName": "Acme"}]})),
        )
        .mount(&served.server)
        .await;
    let found = served.client.organizations().list().await.unwrap();
    assert_eq!((found[0].id.as_str(), found[0].company_name.as_deref()), ("7", Some("Acme")));
    assert!(!served.requests().await[0].headers.contains_key("orgId"));
    let answer = json!({"id": "7", "edition": "ENTERPRISE", "companyName": "Acme", "new": {"x": 1}});
    served.also("GET", "/organizations/7", 200, answer).await;
    let org = served.client.organizations().get(&"7".into()).await.unwrap();
    assert_eq!(zohodesk_client::Allowance::of_edition(org.edition.as_deref().unwrap()).at_once, 25);
    assert!(org.extra.contains_key("new"));
}

#[tokio::test]
async fn a_raw_call_gives_every_answer_as_it_is() {
    let served = Served::answering("GET", "/channels", 404, json!({"errorCode": "URL_NOT_FOUND"})).await;
    let answer = served.client.raw(http::Method::GET, &["channels"], &[("a", "b c")], None).await.unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(served.query().await, "a=b+c");
}
