//! A small caller of the Intercom stand-in, in process.

#![allow(dead_code, unreachable_pub)]

pub mod loader;
pub mod shelf;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use jiff::{SignedDuration, Timestamp};
use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::{Admin, Intercom, Knobs, Seed, Team, router};
use serde_json::{Value, json};
use tower::ServiceExt as _;

/// Noon of a day in 2026, when all these tests take place.
pub const NOW: i64 = 1_782_907_200;
pub const ADMIN: &str = "991267501";
pub const TEAM: &str = "5017691";

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["errors"][0]["code"].as_str().unwrap_or_default()
    }

    pub fn message(&self) -> &str {
        self.body["errors"][0]["message"].as_str().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().map(str::to_owned).unwrap_or_else(|| self.body["id"].to_string())
    }

    #[track_caller]
    pub fn ok(self) -> Self {
        assert_eq!(self.status, 200, "{}", self.text);
        self
    }

    /// Parts of a conversation.
    pub fn parts(&self) -> Vec<Value> {
        self.body["conversation_parts"]["conversation_parts"].as_array().cloned().unwrap_or_default()
    }

    pub fn kinds(&self) -> Vec<String> {
        self.parts().iter().map(|part| part["part_type"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// A stand-in with one teammate and one team, and its clock stopped.
pub struct Desk {
    pub intercom: Intercom,
}

impl Desk {
    pub fn new() -> Self {
        let intercom = Intercom::new(SandboxClock::frozen(Timestamp::from_second(NOW).unwrap()));
        let admin = |id, name: &str, seat| Admin {
            id,
            name: name.into(),
            email: format!("{name}@desk.example"),
            has_inbox_seat: seat,
        };
        let team =
            |id, name: &str, deprecated| Team { id, name: name.into(), admin_ids: Vec::new(), deprecated };
        intercom.seed(Seed {
            admins: vec![admin(991_267_501, "Ada", true), admin(991_267_502, "Bob", false)],
            teams: vec![team(5_017_691, "Support", false), team(5_017_692, "Old", true)],
            ..Seed::default()
        });
        Self { intercom }
    }

    pub fn with(turn: impl FnOnce(&mut Knobs)) -> Self {
        let desk = Self::new();
        desk.intercom.turn(turn);
        desk
    }

    pub fn advance(&self, seconds: i64) {
        self.intercom.clock().advance(SignedDuration::from_secs(seconds));
    }

    pub fn now(&self) -> i64 {
        self.intercom.clock().now().as_second()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = router(self.intercom.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body, text }
    }

    pub async fn versioned(&self, version: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer sandbox-token")
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("host", "stand-in.example")
            .header("intercom-version", version);
        let body = body.map_or_else(Body::empty, |value| Body::from(value.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.versioned("2.16", method, path, body).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    /// A user with this address.
    pub async fn contact(&self, email: &str) -> String {
        self.post("/contacts", json!({"role": "user", "email": email})).await.ok().id()
    }

    /// A conversation that the contact starts a week ago.
    pub async fn conversation(&self, contact: &str) -> String {
        let body = json!({"from": {"type": "user", "id": contact}, "body": "Hello there", "created_at": NOW - 604_800});
        let answer = self.post("/conversations", body).await.ok();
        answer.body["conversation_id"].as_str().unwrap().to_owned()
    }

    /// A contact and a conversation of theirs.
    pub async fn thread(&self) -> (String, String) {
        let contact = self.contact("ann@customer.example").await;
        let conversation = self.conversation(&contact).await;
        (contact, conversation)
    }

    pub async fn customer_says(&self, conversation: &str, contact: &str, text: &str) -> Answer {
        let body =
            json!({"type": "user", "message_type": "comment", "intercom_user_id": contact, "body": text});
        self.post(&format!("/conversations/{conversation}/reply"), body).await
    }

    pub async fn agent_says(&self, conversation: &str, kind: &str, text: &str) -> Answer {
        let body = json!({"type": "admin", "message_type": kind, "admin_id": ADMIN, "body": text,
            "skip_notifications": true});
        self.post(&format!("/conversations/{conversation}/reply"), body).await
    }

    pub async fn close(&self, conversation: &str) -> Answer {
        let body = json!({"message_type": "close", "type": "admin", "admin_id": ADMIN});
        self.post(&format!("/conversations/{conversation}/parts"), body).await
    }

    pub async fn attribute(&self, name: &str) -> String {
        let body = json!({"name": name, "data_type": "string"});
        self.post("/conversations/attributes", body).await.ok().id()
    }
}
