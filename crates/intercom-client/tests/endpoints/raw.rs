use super::Served;
use http::Method;
use serde_json::json;

#[tokio::test]
async fn a_raw_call_gives_every_answer_as_it_is_and_is_sent_once() {
    let served = Served::answering("GET", "/macros", 503, json!({"x": 1})).await;
    let answer = served.client.raw(Method::GET, &["macros"], &[("per_page", "150")], None).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.body()[..]), (503, &b"{\"x\":1}"[..]));
    assert_eq!(served.query().await, "per_page=150");
    assert_eq!(served.requests().await.len(), 1);
}
