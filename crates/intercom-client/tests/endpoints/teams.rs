use super::Served;
use intercom_client::TeamId;
use serde_json::json;

#[tokio::test]
async fn teams_have_names_and_members() {
    let team = json!({"type": "team", "id": "814865", "name": "Billing", "admin_ids": [493881, 7], "distribution_method": "round_robin"});
    let served =
        Served::answering("GET", "/teams", 200, json!({"type": "team.list", "teams": [team.clone()]})).await;
    served.also("GET", "/teams/814865", 200, team).await;
    let teams = served.client.teams().list().await.unwrap();
    let one = served.client.teams().get(&TeamId::from("814865")).await.unwrap();
    assert_eq!((teams[0].name.as_str(), teams[0].admin_ids.len()), ("Billing", 2));
    assert_eq!(one.extra["distribution_method"], "round_robin");
}
