//! Tokens, credits and calls at once, over a stand-in in the same process, in paused time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use bytes::Bytes;
use connector_http::{Clock, Exchange, Meta, Request, Response, TokioClock};
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use zohodesk_client::auth::{FileTokens, MemoryTokens, TokenRecord, TokenStore, grant};
use zohodesk_client::{Client, Config, DataCenter, ErrorKind, Outcome, Result, Retry, ZohoDeskError as _};

const UNIX: u64 = 1_800_000_000;

/// An answer: status, headers, body.
type Prepared = (u16, Vec<(&'static str, String)>, Value);

/// A portal with an accounts server: tokens `t1`, `t2` … of which some are good.
#[derive(Default)]
struct Portal {
    issued: Mutex<u64>,
    revoked: Mutex<HashSet<String>>,
    forms: Mutex<Vec<String>>,
    calls: Mutex<Vec<String>>,
    /// What the accounts server says instead of a token.
    refusal: Mutex<Option<(u16, Value)>>,
    /// What Desk answers to calls with a good token, the last one for ever: status, headers, body.
    answers: Mutex<Vec<Prepared>>,
}

impl Portal {
    fn new() -> Arc<Self> {
        Arc::default()
    }
    fn refreshes(&self) -> usize {
        self.forms.lock().unwrap().len()
    }
    fn calls(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
    fn revoke(&self, token: &str) {
        self.revoked.lock().unwrap().insert(token.to_owned());
    }
    fn answers(&self, status: u16, headers: &[(&'static str, &str)], body: Value) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.answers.lock().unwrap().push((status, headers, body));
    }
}

fn answer(status: u16, headers: &[(&'static str, String)], body: &Value) -> Response {
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, value);
    }
    builder.body(Bytes::from(body.to_string())).unwrap()
}

#[async_trait]
impl Exchange for Portal {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        Meta::of(request).flight().leaves();
        tokio::time::sleep(Duration::from_millis(20)).await;
        if request.uri().path() == "/oauth/v2/token" {
            assert_eq!((request.uri().host(), request.uri().query()), (Some("accounts.zoho.eu"), None));
            let form = request.body().in_memory().unwrap();
            self.forms.lock().unwrap().push(String::from_utf8(form.to_vec()).unwrap());
            if let Some((status, body)) = &*self.refusal.lock().unwrap() {
                return Ok(answer(*status, &[], body));
            }
            let mut issued = self.issued.lock().unwrap();
            *issued += 1;
            let body = json!({"access_token": format!("t{issued}"), "expires_in": 3600, "token_type": "Bearer",
                "api_domain": "https://www.zohoapis.eu", "refresh_token": "r-new", "scope": "Desk.basic.ALL"});
            return Ok(answer(200, &[], &body));
        }
        let token = request.headers()["authorization"].to_str().unwrap();
        let token = token.strip_prefix("Zoho-oauthtoken ").unwrap().to_owned();
        let revoked = self.revoked.lock().unwrap().contains(&token);
        self.calls.lock().unwrap().push(token);
        if revoked {
            return Ok(answer(
                401,
                &[],
                &json!({"errorCode": "INVALID_OAUTH", "message": "The OAuth Token you provided is invalid."}),
            ));
        }
        let mut answers = self.answers.lock().unwrap();
        let next = if answers.len() > 1 { Some(answers.remove(0)) } else { answers.first().cloned() };
        let (status, headers, body) = next.unwrap_or((200, Vec::new(), json!({"id": "1"})));
        Ok(answer(status, &headers, &body))
    }
    async fn open(&self, _: &Request) -> Result<connector_http::StreamResponse> {
        unreachable!("nothing here is streamed")
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(TokioClock::frozen_to(Duration::from_secs(UNIX)))
}

fn config() -> Config {
    let mut config = Config::new(DataCenter::Eu, "1000.CLIENT", "cl1ent-s3cret", "r3fresh").with_org("7");
    config.credits.reserve = 100;
    config
}

fn client(portal: &Arc<Portal>, store: Arc<dyn TokenStore>, clock: Arc<dyn Clock>) -> Client {
    Client::builder(config()).clock(clock).seed(1).tokens(store).over(portal.clone()).unwrap()
}

async fn ask(client: &Client) -> Result<()> {
    client.tickets().get(&"1".into()).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn thirty_two_tasks_and_an_expiry_make_exactly_one_refresh() {
    let portal = Portal::new();
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    join_all((0..32).map(|_| async { ask(&client).await.unwrap() })).await;
    assert_eq!(portal.refreshes(), 1);
    portal.revoke("t1");
    let tasks: Vec<_> = (0..32)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(portal.refreshes(), 2);
    let form = portal.forms.lock().unwrap()[0].clone();
    assert_eq!(
        form,
        "grant_type=refresh_token&client_id=1000.CLIENT&client_secret=cl1ent-s3cret&refresh_token=r3fresh"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_at_55_minutes_before_desk_refuses_it() {
    let portal = Portal::new();
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    ask(&client).await.unwrap();
    tokio::time::advance(Duration::from_secs(54 * 60)).await;
    ask(&client).await.unwrap();
    assert_eq!(portal.refreshes(), 1);
    tokio::time::advance(Duration::from_secs(70)).await;
    join_all((0..32).map(|_| async { ask(&client).await.unwrap() })).await;
    assert_eq!(portal.refreshes(), 2);
    assert_eq!(portal.calls.lock().unwrap().last().unwrap(), "t2");
}

#[tokio::test(start_paused = true)]
async fn a_due_token_goes_on_working_while_the_accounts_server_is_ill() {
    let portal = Portal::new();
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    ask(&client).await.unwrap();
    *portal.refusal.lock().unwrap() = Some((503, json!("ill")));
    tokio::time::advance(Duration::from_secs(56 * 60)).await;
    ask(&client).await.unwrap();
    tokio::time::advance(Duration::from_secs(5 * 60)).await;
    let e = ask(&client).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unavailable, Outcome::NotSent));
}

#[tokio::test(start_paused = true)]
async fn clients_that_share_a_file_share_one_token_and_a_refresh() {
    let (portal, clock, dir) = (Portal::new(), clock(), tempfile::tempdir().unwrap());
    let path = dir.path().join("token.json");
    let both: Vec<_> =
        (0..2).map(|_| client(&portal, Arc::new(FileTokens::new(&path)), clock.clone())).collect();
    join_all(both.iter().map(ask)).await.into_iter().for_each(|r| r.unwrap());
    assert_eq!(portal.refreshes(), 1);
    portal.revoke("t1");
    join_all(both.iter().cycle().take(20).map(ask)).await.into_iter().for_each(|r| r.unwrap());
    assert_eq!(portal.refreshes(), 2, "the second one found the first one's token");
    let later = client(&portal, Arc::new(FileTokens::new(&path)), clock);
    ask(&later).await.unwrap();
    assert_eq!(portal.refreshes(), 2, "a new process takes what is there");
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the token and its lock: {names:?}");
}

#[tokio::test(start_paused = true)]
async fn the_eleventh_request_for_a_token_within_ten_minutes_is_not_sent() {
    let portal = Portal::new();
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    for n in 1..=10 {
        ask(&client).await.unwrap();
        portal.revoke(&format!("t{n}"));
    }
    let e = ask(&client).await.unwrap_err();
    assert_eq!(portal.refreshes(), 10);
    assert_eq!(e.kind(), ErrorKind::Throttled);
    assert!(e.message().contains("10 times within 10 minutes"), "{e}");
    assert!(matches!(e.retry(), Retry::After(wait) if wait > Duration::from_secs(500)), "{:?}", e.retry());
    tokio::time::advance(Duration::from_secs(601)).await;
    ask(&client).await.unwrap();
    assert_eq!(portal.refreshes(), 11);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_status_200_is_one_and_stops_the_run() {
    for (status, code) in [(200, "invalid_code"), (200, "invalid_client"), (400, "invalid_code")] {
        let portal = Portal::new();
        *portal.refusal.lock().unwrap() = Some((status, json!({"error": code})));
        let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
        let e = ask(&client).await.unwrap_err();
        assert_eq!(
            (e.kind(), e.outcome(), e.stops_the_run()),
            (ErrorKind::Unauthorized, Outcome::NotSent, true)
        );
        assert_eq!((portal.refreshes(), portal.calls()), (1, 0));
        for secret in ["cl1ent-s3cret", "r3fresh"] {
            assert!(!format!("{e} {e:?} {client:?}").contains(secret));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_is_repeated_once_after_a_new_token_and_no_more() {
    let portal = Portal::new();
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    for n in 1..=5 {
        portal.revoke(&format!("t{n}"));
    }
    let e = ask(&client).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Unauthorized, Some("INVALID_OAUTH")));
    assert_eq!((portal.refreshes(), portal.calls()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_401_that_isn_t_about_the_token_asks_for_no_other() {
    let portal = Portal::new();
    portal.answers(401, &[], json!({"errorCode": "UNAUTHORIZED"}));
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    assert_eq!(ask(&client).await.unwrap_err().kind(), ErrorKind::Unauthorized);
    assert_eq!((portal.refreshes(), portal.calls()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_code_becomes_a_refresh_token_and_no_secret_is_shown() {
    let portal = Portal::new();
    let secret = SecretString::from("cl1ent-s3cret");
    let code = SecretString::from("c0de");
    let ask =
        || grant("https://accounts.zoho.eu", "id", &secret, &code, Some("https://a.example/cb"), &*portal);
    let granted = ask().await.unwrap();
    assert_eq!(granted.refresh_token.expose_secret(), "r-new");
    assert_eq!(granted.scopes, ["Desk.basic.ALL"]);
    assert!(!format!("{granted:?}").contains("r-new"));
    let form = portal.forms.lock().unwrap()[0].clone();
    assert!(
        form.starts_with("grant_type=authorization_code&")
            && form.contains("redirect_uri=https%3A%2F%2Fa.example%2Fcb")
    );
    *portal.refusal.lock().unwrap() = Some((200, json!({"error": "invalid_code"})));
    assert_eq!(ask().await.unwrap_err().kind(), ErrorKind::Unauthorized);
}

#[tokio::test]
async fn a_token_file_is_its_owner_s_alone_and_replaced_as_a_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token.json");
    let store = FileTokens::new(&path);
    assert!(store.load().await.unwrap().is_none());
    let mut record = TokenRecord::new("o".to_owned());
    record.access_token = Some("t0p-s3cret".into());
    for n in 0..3 {
        record.due_at = n;
        store.save(&record).await.unwrap();
    }
    let read = store.load().await.unwrap().unwrap();
    assert_eq!((read.access_token.as_ref().unwrap().expose_secret(), read.due_at), ("t0p-s3cret", 2));
    assert!(!format!("{read:?}").contains("t0p"));
    let first = store.try_lock().await.unwrap();
    assert!(first.is_some() && store.try_lock().await.unwrap().is_none());
    drop(first);
    assert!(store.try_lock().await.unwrap().is_some());

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |mode| std::fs::Permissions::from_mode(mode);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, mode(0o644)).unwrap();
        let e = store.load().await.unwrap_err();
        assert!(e.message().contains("open to others"), "{e}");
        std::fs::set_permissions(&path, mode(0o600)).unwrap();
    }
    std::fs::write(&path, "{\"access_token\": \"t0p-s3cret\"").unwrap();
    let e = store.load().await.unwrap_err();
    assert!(e.kind() == ErrorKind::Config && !format!("{e:?}").contains("t0p"), "{e:?}");
}

#[tokio::test(start_paused = true)]
async fn credits_that_are_gone_stop_every_call_until_the_reset() {
    let portal = Portal::new();
    portal.answers(429, &[("retry-after", "7200")], json!({"errorCode": "THRESHOLD_EXCEEDED"}));
    portal.answers(200, &[], json!({"id": "1"}));
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    let e = ask(&client).await.unwrap_err();
    assert!(e.stops_the_run());
    assert_eq!(e.credits_reset().unwrap().as_second() as u64 / 10, (UNIX + 7200) / 10);
    let e = ask(&client).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome(), portal.calls()), (ErrorKind::Interrupted, Outcome::NotSent, 1));
    assert!(client.credits().closed_until.is_some());
    assert_eq!(client.at_once(), 8, "this kind of 429 is no reason for fewer calls at once");
    tokio::time::advance(Duration::from_secs(7201)).await;
    ask(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_means_fewer_at_once_and_the_call_again() {
    let portal = Portal::new();
    portal.answers(429, &[], json!({"errorCode": "TOO_MANY_REQUESTS"}));
    portal.answers(200, &[], json!({"id": "1"}));
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    client
        .tickets()
        .create(&zohodesk_client::api::NewTicket::new("s", &"1".into(), &"2".into()))
        .await
        .unwrap();
    assert_eq!((client.at_once(), portal.calls(), client.credits().too_many), (4, 2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_meter_follows_the_headers_tells_them_and_keeps_the_reserve() {
    let portal = Portal::new();
    for left in ["104", "101", "100"] {
        let headers = [("x-rate-limit-remaining-v3", left), ("x-rate-limit-request-weight-v3", "2")];
        portal.answers(200, &headers, json!({"id": "1"}));
    }
    let told = Arc::new(Mutex::new(Vec::new()));
    let heard = told.clone();
    let client = Client::builder(config())
        .clock(clock())
        .on_credits(move |credits| heard.lock().unwrap().push((credits.remaining, credits.spent)))
        .over(portal.clone())
        .unwrap();
    for _ in 0..3 {
        ask(&client).await.unwrap();
    }
    let e = ask(&client).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.outcome(), e.context("credits_left")),
        (ErrorKind::Interrupted, Outcome::NotSent, Some("100"))
    );
    assert_eq!(portal.calls(), 3);
    assert_eq!(*told.lock().unwrap(), [(Some(104), 2), (Some(101), 4), (Some(100), 6)]);
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_was_an_error_of_the_server_is_not_repeated_but_a_read_is() {
    let portal = Portal::new();
    portal.answers(500, &[], json!({"errorCode": "INTERNAL_SERVER_ERROR"}));
    let client = client(&portal, Arc::new(MemoryTokens::new()), clock());
    let new = zohodesk_client::api::NewTicket::new("s", &"1".into(), &"2".into());
    let e = client.tickets().create(&new).await.unwrap_err();
    assert_eq!((e.outcome(), portal.calls()), (Outcome::Unknown, 1));
    ask(&client).await.unwrap_err();
    assert_eq!(portal.calls(), 6, "five attempts of the read");
}
