//! The Intercom stand-in over a socket: answers that get lost, connections that break, and what can be told over HTTP.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::{Fault, FaultRule, Intercom, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;

async fn start() -> (Intercom, String, reqwest::Client) {
    let intercom = Intercom::new(SandboxClock::system());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(serve(listener, intercom.clone()));
    (intercom, base, reqwest::Client::builder().no_proxy().build().unwrap())
}

fn post(client: &reqwest::Client, base: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
    client
        .post(format!("{base}{path}"))
        .bearer_auth("sandbox-token")
        .header("accept", "application/json")
        .header("intercom-version", "2.16")
        .json(body)
}

#[tokio::test]
async fn t09_a_lost_answer_closes_the_connection_after_the_write_and_a_refusal_before_it() {
    let (intercom, base, client) = start().await;
    for (number, (fault, applied)) in [(Fault::LoseAnswer, 1), (Fault::Refuse, 0)].into_iter().enumerate() {
        let rule = FaultRule::new(fault).on("POST", "/contacts").matches([1]);
        intercom.turn(|knobs| knobs.faults = vec![rule]);
        let before = intercom.state().contacts;
        let body = json!({"email": format!("p{number}@customer.example")});
        let error = post(&client, &base, "/contacts", &body).send().await.unwrap_err();
        assert!(error.is_request() && !error.is_connect() && error.status().is_none(), "{error:?}");
        assert_eq!(intercom.state().contacts - before, applied);
        let again = post(&client, &base, "/contacts", &body).send().await.unwrap();
        assert_eq!(again.status(), if applied == 1 { 409 } else { 200 });
    }
}

#[tokio::test]
async fn a_slow_answer_arrives() {
    let (intercom, base, client) = start().await;
    intercom.turn(|knobs| knobs.faults = vec![FaultRule::new(Fault::Slow(30)).matches([1])]);
    let answer = post(&client, &base, "/tags", &json!({"name": "x"})).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(intercom.journal().entries[0].fault, Some("slow"));
}

#[tokio::test]
async fn knobs_clock_marks_and_edits_can_be_told_over_http() {
    let (intercom, base, client) = start().await;
    let tell = |path: &str, body: Value| client.post(format!("{base}/__sandbox/{path}")).json(&body).send();
    let knobs: Value = tell("knobs", json!({"rate_limit": 83})).await.unwrap().json().await.unwrap();
    assert_eq!((&knobs["rate_limit"], &knobs["part_window"]), (&json!(83), &json!(500)));
    assert_eq!(tell("knobs", json!({"rate_limt": 83})).await.unwrap().status(), 400);
    let now: Value =
        tell("clock", json!({"set": 2_000_000_000, "advance_s": 60})).await.unwrap().json().await.unwrap();
    assert!(now["now"].as_i64().unwrap() >= 2_000_000_060);
    tell("mark", json!({"name": "apply"})).await.unwrap();
    let body = json!({"email": "ann@customer.example"});
    post(&client, &base, "/contacts", &body).send().await.unwrap();
    tell("mark", json!({"name": "verify"})).await.unwrap();
    let get = |path: &str| client.get(format!("{base}/__sandbox/{path}")).send();
    let journal: Value = get("journal?entries=0").await.unwrap().json().await.unwrap();
    assert_eq!(journal["entries"], json!([]));
    let apply = &journal["phases"][1];
    assert_eq!((&apply["name"], &apply["total"]["calls"]), (&json!("apply"), &json!(1)));
    assert_eq!(apply["endpoints"]["POST /contacts"]["applied"], 1);
    let state: Value = get("state").await.unwrap().json().await.unwrap();
    assert_eq!(state["contacts"], 1);
    let edit = json!({"edit": "delete", "conversation": "999"});
    assert_eq!(tell("edit", edit).await.unwrap().status(), 400);
    assert_eq!(get("nothing").await.unwrap().status(), 404);
    assert_eq!(intercom.journal().total.calls, 1, "control calls are not calls");
}

#[tokio::test]
async fn a_verdict_can_be_had_over_http() {
    let (_, base, client) = start().await;
    let file = std::env::temp_dir().join(format!("migrate-sandbox-judge-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"tickets": [{"id": 7, "number": "FS-7"}]}"#).unwrap();
    let task = json!({"dataset": file, "options": {"key": "id"}});
    let answer = client.post(format!("{base}/__sandbox/judge")).json(&task).send().await.unwrap();
    let verdict: Value = answer.json().await.unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!((&verdict["lost"], &verdict["findings"][0]["id"]), (&json!(1), &json!("7")));
}
