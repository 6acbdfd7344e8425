use super::Served;
use intercom_client::{ErrorKind, Grant};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, ResponseTemplate};

const NOBODY: &str = "/contacts/000000000000000000000000/notes";

fn refusal(code: &str, message: &str) -> Value {
    json!({"type": "error.list", "errors": [{"code": code, "message": message}]})
}

/// A workspace where everything may be read.
async fn workspace() -> Served {
    let served = Served::empty().await;
    served.also("GET", "/me", 200, json!({"id": "7", "app": {"id_code": "abc", "region": "EU"}})).await;
    let emails = json!({"data": [{"id": "1", "email": "support@desk.example", "forwarding_enabled": false}]});
    served.also("GET", "/emails", 200, emails).await;
    served.also("GET", "/teams", 200, json!({"teams": [{"id": 5, "name": "Billing"}]})).await;
    served
        .also("GET", "/help_center/help_centers", 200, json!({"data": [{"id": 79, "default": true}]}))
        .await;
    let attributes = json!({"data": [{"id": 1, "name": "Plan"}, {"id": 2, "name": "plan"},
        {"id": 3, "name": "Tier", "archived": true}, {"id": 4, "name": "tier"}]});
    served.also("GET", "/conversations/attributes", 200, attributes).await;
    served.also("GET", NOBODY, 404, refusal("not_found", "Resource Not Found")).await;
    served.also("DELETE", "/conversations/0", 404, refusal("not_found", "Conversation not found")).await;
    // Everything else is an empty list.
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"type": "list", "data": []})))
        .with_priority(200)
        .mount(&served.server)
        .await;
    served
}

#[tokio::test]
async fn a_token_that_may_read_everything_and_what_is_there() {
    let served = workspace().await;
    let seen = served.client.inspect().await.unwrap();
    assert_eq!(seen.refused().count(), 0);
    assert_eq!(seen.emails[0].forwarding_enabled, Some(false));
    assert_eq!(seen.finding("teams").unwrap().there, Some(1));
    assert_eq!(seen.ambiguous_attributes, ["Plan"]);
    for what in ["notes", "delete_conversations_and_metrics", "macros", "read_content", "articles", "brands"]
    {
        assert_eq!(seen.finding(what).unwrap().grant, Grant::Granted, "{what}");
    }
    // What only a write shows stays open.
    assert_eq!(seen.finding("write_conversations").unwrap().grant, Grant::Unknown);
    assert!(seen.findings.iter().all(|f| !f.why.is_empty() && !f.needed_for.is_empty()));
    assert!(!format!("{seen:?}").contains("support@"));
}

#[tokio::test]
async fn nothing_is_written() {
    let served = workspace().await;
    served.client.inspect().await.unwrap();
    let requests = served.requests().await;
    let not_read: Vec<String> = requests
        .iter()
        .filter(|r| r.method.as_str() != "GET")
        .map(|r| format!("{} {}?{}", r.method, r.url.path(), r.url.query().unwrap_or_default()))
        .collect();
    let want = [
        "POST /companies/list?per_page=1",
        "POST /conversations/search?",
        "DELETE /conversations/0?retain_metrics=false",
    ];
    assert_eq!(not_read, want);
    assert!(requests.len() < 40, "{}", requests.len());
}

#[tokio::test]
async fn what_is_missing_is_named_with_its_reason() {
    let served = Served::empty().await;
    served.also("GET", "/me", 200, json!({"id": "7"})).await;
    let scope = "You do not have the required scope (read_conversations) to access this resource";
    served.also("GET", "/macros", 403, refusal("forbidden", scope)).await;
    served.also("GET", "/office_hours_schedules", 403, refusal("api_plan_restricted", "m")).await;
    served.also("GET", "/conversations/deleted", 400, refusal("intercom_version_invalid", "m")).await;
    served.also("GET", NOBODY, 401, refusal("token_unauthorized", "Not authorized to access resource")).await;
    let metrics = "The scope delete_conversations_and_metrics is required";
    served.also("DELETE", "/conversations/0", 403, refusal("forbidden", metrics)).await;
    served.also("POST", "/conversations/search", 400, refusal("parameter_invalid", "m")).await;
    served.also("GET", "/brands", 503, json!({})).await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"type": "list", "data": []})))
        .with_priority(200)
        .mount(&served.server)
        .await;
    let seen = served.client.inspect().await.unwrap();
    let found = |what: &str| {
        let finding = seen.finding(what).unwrap();
        (finding.grant, finding.why.as_str())
    };
    assert_eq!(found("macros"), (Grant::Refused, "the token lacks read_conversations"));
    assert_eq!(found("office_hours"), (Grant::Refused, "the workspace's plan doesn't include it"));
    assert_eq!(
        found("deleted_conversations"),
        (Grant::Refused, "the configured Intercom version doesn't have it")
    );
    assert_eq!(found("notes"), (Grant::Refused, "the token lacks the permission"));
    assert_eq!(
        found("delete_conversations_and_metrics"),
        (Grant::Refused, "the token lacks delete_conversations_and_metrics")
    );
    assert_eq!(found("search_by_attribute").0, Grant::Refused);
    assert_eq!(found("brands").0, Grant::Unknown);
    assert_eq!(found("read_help_center_redirects_scope").0, Grant::Unknown);
    assert_eq!(found("teams").0, Grant::Granted);
}

#[tokio::test]
async fn a_delete_that_answers_as_if_it_had_worked_proves_nothing() {
    let served = Served::empty().await;
    served.also("GET", "/me", 200, json!({"id": "7"})).await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"type": "list", "data": []})))
        .with_priority(200)
        .mount(&served.server)
        .await;
    let seen = served.client.inspect().await.unwrap();
    assert_eq!(seen.finding("delete_conversations_and_metrics").unwrap().grant, Grant::Unknown);
}

#[tokio::test]
async fn a_token_that_is_none_is_an_error_at_once() {
    let served = Served::answering("GET", "/me", 401, refusal("unauthorized", "Access Token Invalid")).await;
    let e = served.client.inspect().await.unwrap_err();
    assert_eq!((e.kind(), served.requests().await.len()), (ErrorKind::Unauthorized, 1));
}
