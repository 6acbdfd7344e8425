//! Each call over HTTP, one file per object of the platform.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod admins;
mod articles;
mod collections;
mod companies;
mod contacts;
mod conversation_attributes;
mod conversations;
mod data_attributes;
mod help_centers;
mod inspect;
mod macros;
mod me;
#[cfg(feature = "sending")]
mod messages;
mod notes;
mod office_hours;
mod paging;
mod raw;
mod tags;
mod teams;
mod tickets;
mod workspace;

use intercom_client::{Client, Config};
use serde_json::Value;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A server that answers one call, with the headers that every call must have.
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
        Self::built(|config| {
            config.http.retry.attempts = 1;
            config.http.retry.throttled = 1;
        })
        .await
    }
    /// A client that asks again where it may.
    async fn with_retries() -> Self {
        Self::built(|_| ()).await
    }
    async fn built(set: impl FnOnce(&mut Config)) -> Self {
        let server = MockServer::start().await;
        let mut config = Config::new("t0ken").with_base_url(server.uri());
        set(&mut config);
        let client = Client::new(config).unwrap();
        Served { server, client }
    }
    async fn also(&self, verb: &str, at: &str, status: u16, answer: Value) {
        Mock::given(method(verb))
            .and(path(at))
            .and(header("authorization", "Bearer t0ken"))
            .and(header("intercom-version", "2.16"))
            .and(header("accept", "application/json"))
            .respond_with(ResponseTemplate::new(status).set_body_json(answer))
            .mount(&self.server)
            .await;
    }
    async fn requests(&self) -> Vec<Request> {
        self.server.received_requests().await.unwrap()
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
