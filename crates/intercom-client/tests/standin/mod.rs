//! The stand-in in the same process, behind the client's own policies.
#![allow(dead_code)]

use async_trait::async_trait;
use axum::Router;
use axum::body::Body as AxumBody;
use connector_http::{Exchange, Meta, RateSettings, Request, Response};
use futures_util::TryStreamExt as _;
use http::Method;
use intercom_client::{Client, Config, IntercomSink, SinkOptions};
use mapping_core::testkit::{Touch, Wire};
use mapping_core::{Clock, Error, ErrorKind, Result};
use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::{Admin, Intercom, LOST_HEADER, REFUSED_HEADER, Seed, Team, router};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;

pub const TOKEN: &str = "sandbox-token";
pub const BASE: &str = "http://127.0.0.1:9";
pub const AGENT: u64 = 991_267_501;
pub const TEAM: u64 = 5_017_601;

/// Calls reach the stand-in without a socket; faults of a test's wire come in between.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
    intercom: Intercom,
    wire: Option<Wire>,
}

#[async_trait]
impl Exchange for InProcess {
    async fn exchange(&self, request: &Request) -> Result<Response> {
        let reads = *request.method() == Method::GET || request.uri().path().ends_with("/search");
        if let Some(wire) = &self.wire {
            wire.before(if reads { Touch::Reads } else { Touch::Writes })?;
            self.intercom.clock().freeze(wire.clock().now());
        }
        Meta::of(request).flight().leaves();
        let body: Vec<bytes::Bytes> = request.body().stream().try_collect().await?;
        let (parts, ()) = request.clone().map(|_| ()).into_parts();
        let sent = http::Request::from_parts(parts, AxumBody::from(body.concat()));
        let answer = self.router.clone().oneshot(sent).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        if let Some(wire) = &self.wire {
            wire.after()?;
        }
        if head.headers.contains_key(LOST_HEADER) {
            return Err(Error::unknown(ErrorKind::Transport, "the answer was lost"));
        }
        if head.headers.contains_key(REFUSED_HEADER) {
            return Err(Error::not_sent(ErrorKind::Transport, "the connection was refused"));
        }
        Ok(Response::from_parts(head, body))
    }
}

/// A workspace with an agent and a team, whose clock stands still, and which is never too fast.
pub fn workspace(clock: SandboxClock) -> Intercom {
    let intercom = Intercom::new(clock);
    intercom.turn(|knobs| {
        knobs.rate_limit = 9_000_000;
        knobs.conversation_search_lag_s = 0;
        knobs.contact_search_lag_s = 0;
        // The clock stands still.
        knobs.company_archive_after_s = 0;
    });
    let admin =
        Admin { id: AGENT, name: "Grace".into(), email: "grace@desk.example".into(), has_inbox_seat: true };
    let team = Team { id: TEAM, name: "Billing".into(), admin_ids: vec![AGENT], deprecated: false };
    intercom.seed(Seed { admins: vec![admin], teams: vec![team], ..Seed::default() });
    intercom
}

/// A client that gives up at once: repeating is the driver's business in these tests.
pub fn client(intercom: &Intercom, wire: Option<Wire>) -> Client {
    client_with(intercom, wire, Config::new(TOKEN).with_base_url(BASE))
}

pub fn client_with(intercom: &Intercom, wire: Option<Wire>, mut config: Config) -> Client {
    config.http.retry.attempts = 1;
    config.http.retry.throttled = 1;
    config.http.rate = RateSettings::new(9_000_000, Duration::from_secs(10)).with_share(1.0);
    let inner = InProcess { router: router(intercom.clone()), intercom: intercom.clone(), wire };
    Client::over(config, inner).unwrap()
}

pub fn sink(intercom: &Intercom, options: SinkOptions) -> IntercomSink {
    let clock = intercom.clock().clone();
    IntercomSink::new(&client(intercom, None), options).with_clock(Arc::new(move || clock.now()))
}

pub fn wired_sink(intercom: &Intercom, wire: &Wire, options: SinkOptions) -> IntercomSink {
    let clock = wire.clock().clone();
    IntercomSink::new(&client(intercom, Some(wire.clone())), options)
        .with_clock(Arc::new(move || clock.now()))
}

/// A call past every client and every fault.
pub async fn ask(intercom: &Intercom, method: Method, path: &str, body: Option<Value>) -> Value {
    let mut request = http::Request::builder()
        .method(method)
        .uri(format!("{BASE}{path}"))
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("accept", "application/json")
        .header("intercom-version", "2.16");
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(AxumBody::empty, |b| AxumBody::from(b.to_string()));
    let answer = router(intercom.clone()).oneshot(request.body(body).unwrap()).await.unwrap();
    let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

pub async fn get(intercom: &Intercom, path: &str) -> Value {
    ask(intercom, Method::GET, path, None).await
}

/// Everything a person could see, without ids and without the times of events.
pub async fn snapshot(intercom: &Intercom) -> Value {
    let contacts = get(intercom, "/contacts?per_page=150").await;
    let mut people: Vec<Value> = contacts["data"].as_array().unwrap().iter().map(person).collect();
    people.sort_by_key(Value::to_string);
    let listed = get(intercom, "/conversations?per_page=150").await;
    let mut threads = Vec::new();
    for item in listed["conversations"].as_array().unwrap() {
        let id = item["id"].as_str().unwrap();
        threads.push(thread(&get(intercom, &format!("/conversations/{id}")).await));
    }
    threads.sort_by_key(Value::to_string);
    let names = |list: &Value| -> Vec<String> {
        let data = list["data"].as_array().unwrap().iter();
        let mut names: Vec<String> = data
            .filter(|a| a["custom"] != false)
            .map(|a| format!("{} {}", a["name"], a["options"]))
            .collect();
        names.sort();
        names
    };
    let tags: Vec<String> = names(&get(intercom, "/tags").await);
    let ours = get(intercom, "/conversations/attributes").await;
    let mut labels: Vec<String> = Vec::new();
    for attribute in ours["data"].as_array().unwrap() {
        let options = attribute["options"].as_array().cloned().unwrap_or_default();
        let live: Vec<&Value> =
            options.iter().filter(|o| o["archived"] == false).map(|o| &o["label"]).collect();
        labels.push(format!("{} {live:?}", attribute["name"]));
    }
    labels.sort();
    let theirs = names(&get(intercom, "/data_attributes?model=contact").await);
    let organisations = names(&get(intercom, "/data_attributes?model=company").await);
    let archived = intercom.state().archived_contacts;
    serde_json::json!({"contacts": people, "archived": archived, "conversations": threads, "tags": tags,
        "conversation_attributes": labels, "contact_attributes": theirs, "company_attributes": organisations,
        "companies": companies(intercom).await, "notes": intercom.state().notes, "library": library(intercom).await,
        "hours": hours(intercom).await})
}

/// These fields of every row of a list, in an order of their own.
async fn rows(intercom: &Intercom, path: &str, fields: &[&str]) -> Vec<Value> {
    let listed = get(intercom, path).await;
    let row = |it: &Value| {
        fields.iter().map(|f| ((*f).to_owned(), it[*f].clone())).collect::<serde_json::Map<_, _>>()
    };
    let mut rows: Vec<Value> = listed["data"].as_array().unwrap().iter().map(|it| row(it).into()).collect();
    rows.sort_by_key(Value::to_string);
    rows
}

/// Companies with how many belong to them; those that nobody belongs to are only counted.
async fn companies(intercom: &Intercom) -> Value {
    let fields = ["company_id", "name", "website", "user_count", "custom_attributes"];
    let seen = rows(intercom, "/companies?per_page=60", &fields).await;
    serde_json::json!({"seen": seen, "count": intercom.state().companies})
}

async fn library(intercom: &Intercom) -> Value {
    let listed = get(intercom, "/help_center/collections?per_page=150").await;
    let all = listed["data"].as_array().unwrap().clone();
    let name_of = |id: &Value| {
        let is = |it: &&Value| it["id"].to_string().trim_matches('"') == id.to_string().trim_matches('"');
        all.iter().find(is).map(|it| it["name"].clone())
    };
    let mut collections: Vec<Value> = all
        .iter()
        .map(|it| serde_json::json!([it["name"], it["description"], name_of(&it["parent_id"])]))
        .collect();
    collections.sort_by_key(Value::to_string);
    let mut articles = Vec::new();
    for it in get(intercom, "/articles?per_page=150").await["data"].as_array().unwrap() {
        let texts = it["translated_content"].as_object().unwrap().iter().filter(|(_, text)| text.is_object());
        let texts: Vec<Value> = texts
            .map(|(locale, it)| {
                serde_json::json!([locale, it["title"], it["body"], it["state"], it["author_id"]])
            })
            .collect();
        let tags: Vec<&Value> = it["tags"]["tags"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
        let ai = ["ai_chatbot_availability", "ai_copilot_availability", "ai_sales_agent_availability"];
        let ai = ai.iter().any(|key| it[*key] == true);
        articles
            .push(serde_json::json!({"title": it["title"], "description": it["description"], "texts": texts,
            "in": name_of(&it["parent_ids"][0]), "tags": tags, "ai": ai}));
    }
    articles.sort_by_key(Value::to_string);
    let inner = rows(intercom, "/internal_articles?per_page=150", &["title", "body", "author_id"]).await;
    serde_json::json!({"collections": collections, "articles": articles, "internal": inner,
        "for_ai": intercom.state().articles_for_ai})
}

async fn hours(intercom: &Intercom) -> Vec<Value> {
    let mut all = Vec::new();
    for it in get(intercom, "/office_hours_schedules").await["data"].as_array().unwrap() {
        let path = format!("/office_hours_schedules/{}/office_hours_exceptions", it["id"].as_str().unwrap());
        let days = rows(intercom, &path, &["exception_date", "exception_type"]).await;
        all.push(serde_json::json!([it["name"], it["time_zone_name"], it["time_intervals"], days]));
    }
    all
}

fn person(contact: &Value) -> Value {
    let keys = ["email", "external_id", "name", "phone", "signed_up_at", "custom_attributes", "role"];
    keys.iter().map(|k| ((*k).to_owned(), contact[*k].clone())).collect::<serde_json::Map<_, _>>().into()
}

pub fn is_message(part: &Value) -> bool {
    part["body"].as_str().is_some_and(|b| !b.is_empty())
        || part["attachments"].as_array().is_some_and(|a| !a.is_empty())
}

fn thread(it: &Value) -> Value {
    let said = |part: &Value| {
        let files = part["attachments"].as_array().cloned().unwrap_or_default();
        let files: Vec<String> = files.iter().map(|f| format!("{} {}", f["name"], f["filesize"])).collect();
        serde_json::json!({"kind": part["part_type"], "who": part["author"]["name"], "as": part["author"]["type"],
            "at": part["created_at"], "body": part["body"], "files": files})
    };
    let parts = it["conversation_parts"]["conversation_parts"].as_array().unwrap().iter();
    let mut tags: Vec<&Value> = it["tags"]["tags"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    tags.sort_by_key(|t| t.to_string());
    serde_json::json!({"title": it["title"], "state": it["state"], "read": it["read"], "at": it["created_at"],
        "admin": it["admin_assignee_id"], "team": it["team_assignee_id"], "attributes": it["custom_attributes"],
        "opening": it["source"]["body"], "by": it["source"]["author"]["email"], "tags": tags,
        "parts": parts.filter(|p| is_message(p)).map(said).collect::<Vec<_>>()})
}
