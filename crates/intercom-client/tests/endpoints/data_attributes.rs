use super::Served;
use http::Method;
use intercom_client::api::{Model, NewDataAttribute};
use intercom_client::{DataAttributeId, ErrorKind, Outcome};
use serde_json::json;

#[tokio::test]
async fn attributes_of_contacts_are_asked_for_by_model() {
    let answer = json!({"type": "list", "data": [{"type": "data_attribute", "name": "email", "model": "contact", "data_type": "string", "custom": false},
        {"type": "data_attribute", "id": 9, "name": "city", "model": "contact", "data_type": "string", "custom": true, "options": ["A", "B"]}]});
    let served = Served::answering("GET", "/data_attributes", 200, answer).await;
    let all = served.client.data_attributes().list(false).await.unwrap();
    assert_eq!((all[0].id.clone(), all[1].options.len()), (None, 2));
    assert_eq!(served.query().await, "model=contact");
}

#[tokio::test]
async fn a_list_is_made_with_values() {
    let served = Served::answering(
        "POST",
        "/data_attributes",
        200,
        json!({"id": 9, "name": "city", "model": "contact"}),
    )
    .await;
    served.client.data_attributes().create(&NewDataAttribute::list("city", ["A", "B"])).await.unwrap();
    let want = json!({"name": "city", "model": "contact", "data_type": "options", "options": [{"value": "A"}, {"value": "B"}]});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn archiving_and_options_are_updates() {
    let served = Served::answering("PUT", "/data_attributes/9", 200, json!({"id": 9, "name": "city"})).await;
    let id = DataAttributeId::from("9");
    served.client.data_attributes().set_archived(&id, true).await.unwrap();
    served.client.data_attributes().set_options(&id, &["A".into(), "C".into()]).await.unwrap();
    let bodies: Vec<serde_json::Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies, [json!({"archived": true}), json!({"options": [{"value": "A"}, {"value": "C"}]})]);
}

#[tokio::test]
async fn attributes_of_companies_are_another_model() {
    let answer = json!({"id": 9, "name": "tier", "model": "company", "options": null, "archived": null});
    let served = Served::answering("POST", "/data_attributes", 200, answer.clone()).await;
    let new = NewDataAttribute::string("tier").of_model(Model::Company);
    served.client.data_attributes().create(&new).await.unwrap();
    assert_eq!(served.sent().await, json!({"name": "tier", "model": "company", "data_type": "string"}));
    let served = Served::answering("GET", "/data_attributes", 200, json!({"data": [answer]})).await;
    served.client.data_attributes().list_of(Model::Company, true).await.unwrap();
    assert_eq!(served.query().await, "model=company&include_archived=true");
}

#[tokio::test]
async fn a_name_that_the_other_model_has_says_whose_it_is_and_not_what() {
    let message = "You already have 'The One Ring' in your company data. To save this as new people data, use a different name.";
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_invalid", "message": message}]});
    let served = Served::answering("POST", "/data_attributes", 400, answer).await;
    let new = NewDataAttribute::string("The One Ring");
    let e = served.client.data_attributes().create(&new).await.unwrap_err();
    assert_eq!((e.kind(), e.context("taken_by")), (ErrorKind::Invalid, Some("company")));
    assert!(e.message().contains("share their names") && !format!("{e:?}").contains("Ring"));
}

#[tokio::test]
async fn attributes_of_conversations_are_refused_here_with_the_place_where_they_are() {
    let message = "model=conversation is no longer supported. Use GET /conversations/attributes instead";
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_invalid", "message": message}]});
    let served = Served::answering("GET", "/data_attributes", 422, answer.clone()).await;
    // No call of the crate asks so; a raw one may.
    let query = [("model", "conversation")];
    let raw = served.client.raw(Method::GET, &["data_attributes"], &query, None).await.unwrap();
    assert_eq!(raw.status().as_u16(), 422);
    let e = served.client.data_attributes().list(false).await.unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Invalid);
    assert!(e.message().contains("calls of their own"), "{e}");
}

#[tokio::test]
async fn a_list_of_one_value_is_not_sent() {
    let served = Served::empty().await;
    let attributes = served.client.data_attributes();
    let e = attributes.create(&NewDataAttribute::list("city", ["A"])).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    let e = attributes.set_options(&DataAttributeId::from("9"), &["A".into()]).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn an_attribute_that_something_depends_on_keeps_its_state() {
    let answer = json!({"type": "error.list", "errors": [{"code": "data_invalid", "message": "in use"}]});
    let served = Served::answering("PUT", "/data_attributes/9", 422, answer).await;
    let id = DataAttributeId::from("9");
    let e = served.client.data_attributes().set_archived(&id, true).await.unwrap_err();
    assert_eq!((e.kind(), e.code()), (ErrorKind::Invalid, Some("data_invalid")));
    served.client.data_attributes().describe(&id, "d").await.unwrap_err();
    let second: serde_json::Value = serde_json::from_slice(&served.requests().await[1].body).unwrap();
    assert_eq!(second, json!({"description": "d"}));
}
