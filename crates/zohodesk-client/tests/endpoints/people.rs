use super::Served;
use futures_util::TryStreamExt as _;
use serde_json::json;
use zohodesk_client::api::{
    ContactUpdate, DepartmentQuery, NewAccount, NewContact, NewDepartment, NewTeam, Successors,
};
use zohodesk_client::{ErrorKind, ZohoDeskError as _};

#[tokio::test]
async fn an_agent_whom_nobody_knows_is_none_and_no_error() {
    let served = Served::answering("GET", "/agents/email/a@b.example", 204, json!(null)).await;
    assert!(served.client.agents().by_email("a@b.example").await.unwrap().is_none());
    let agent = json!({"id": "3", "emailId": "c@b.example", "isConfirmed": true, "status": "ACTIVE"});
    served.also("GET", "/agents/email/c@b.example", 200, agent).await;
    let agent = served.client.agents().by_email("c@b.example").await.unwrap().unwrap();
    assert_eq!((agent.id.as_str(), agent.is_confirmed), ("3", Some(true)));
    assert!(!format!("{agent:?}").contains("c@b"));
}

#[tokio::test]
async fn contacts_and_accounts_are_written_with_null_for_nobody() {
    let served = Served::answering("PATCH", "/contacts/2", 200, json!({"id": "2", "lastName": "King"})).await;
    let change = ContactUpdate::new().last_name("King").account(None).custom("cf_x", Some("7"));
    served.client.contacts().update(&"2".into(), &change).await.unwrap();
    assert_eq!(served.sent().await, json!({"lastName": "King", "accountId": null, "cf": {"cf_x": "7"}}));
    assert!(!format!("{change:?}").contains("King"));

    let served = Served::answering("POST", "/accounts", 200, json!({"id": "4", "accountName": "Acme"})).await;
    let account = served.client.accounts().create(&NewAccount::new("Acme")).await.unwrap();
    assert_eq!(account.id.as_str(), "4");

    let served = Served::answering("POST", "/contacts/moveToTrash", 204, json!(null)).await;
    served.client.contacts().trash(&["2".into()]).await.unwrap();
    assert_eq!(served.sent().await, json!({"contactIds": ["2"]}));
}

#[tokio::test]
async fn an_address_that_is_taken_is_a_conflict() {
    let answer =
        json!({"errorCode": "INVALID_DATA", "errors": [{"fieldName": "/email", "errorType": "duplicate"}]});
    let served = Served::answering("POST", "/contacts", 422, answer).await;
    let e = served.client.contacts().create(&NewContact::new("x").email("a@b.example")).await.unwrap_err();
    assert_eq!((e.kind(), e.field_errors()[0].problem.as_str()), (ErrorKind::Conflict, "duplicate"));
}

#[tokio::test]
async fn departments_are_probed_listed_and_made() {
    let served =
        Served::answering("GET", "/departments/checkExists", 200, json!({"isDepartmentNameExist": "true"}))
            .await;
    assert!(served.client.departments().exists("Sales & more").await.unwrap());
    assert_eq!(served.query().await, "departmentName=Sales+%26+more");
    served.also("GET", "/departments", 204, json!(null)).await;
    let all = served.client.departments().list_all(&DepartmentQuery::new().enabled(true));
    assert!(all.try_collect::<Vec<_>>().await.unwrap().is_empty());
    served.also("POST", "/departments", 200, json!({"id": "1", "name": "Sales", "isEnabled": true})).await;
    let made = served.client.departments().create(&NewDepartment::new("Sales")).await.unwrap();
    assert_eq!(made.is_enabled, Some(true));
}

#[tokio::test]
async fn teams_have_envelopes_of_their_own() {
    let served =
        Served::answering("GET", "/teams", 200, json!({"teams": [{"id": "6", "name": "First"}]})).await;
    let teams: Vec<_> = served.client.teams().list_all().try_collect().await.unwrap();
    assert_eq!(teams[0].name.as_deref(), Some("First"));
    served.also("GET", "/teams/6/members", 200, json!({"members": [{"id": "3"}]})).await;
    assert_eq!(served.client.teams().members(&"6".into()).await.unwrap().len(), 1);

    let served = Served::answering("POST", "/teams/6/deleteTeam", 200, json!(null)).await;
    let to_agent = Successors { ticket_agent: Some("3".into()), ..Successors::default() };
    served.client.teams().delete(&"6".into(), &to_agent).await.unwrap();
    let sent = json!({"ticketNewAgent": "3", "ticketNewTeam": "null", "taskNewAgent": "null", "taskNewTeam": "null"});
    assert_eq!(served.sent().await, sent);

    let answer = json!({"errorCode": "LICENSE_ACCESS_LIMITED", "feature": "TEAM", "editionType": "FREE"});
    let served = Served::answering("POST", "/teams", 403, answer).await;
    let e = served.client.teams().create(&NewTeam::new("x", &"1".into())).await.unwrap_err();
    assert!(e.is_limit_of_plan() && e.context("feature") == Some("TEAM"));
}

#[tokio::test]
async fn the_token_s_owner_is_known() {
    let served = Served::answering("GET", "/myinfo", 200, json!({"id": "3", "name": "Ada"})).await;
    assert_eq!(served.client.me().await.unwrap().id.as_str(), "3");
}
