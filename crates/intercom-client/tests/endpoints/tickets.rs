use super::Served;
use intercom_client::api::{
    AdminReply, ContactReply, JobStatus, NewTicket, NewTicketAttribute, NewTicketType, Query, TicketCategory,
    TicketTypeUpdate, TicketUpdate,
};
use intercom_client::{ErrorKind, JobId, Outcome, TicketId, TicketTypeId};
use jiff::Timestamp;
use serde_json::{Value, json};

const CONTACT: &str = "6762f0dd1bb69f9f2193bb83";

fn ticket_type() -> Value {
    json!({"type": "ticket_type", "id": 100, "category": "Customer", "name": "Case", "archived": false,
        "ticket_states": {"type": "list", "data": [{"type": "ticket_state", "id": "8577", "category": "submitted"}]},
        "ticket_type_attributes": {"type": "list", "data": [
            {"type": "ticket_type_attribute", "id": "220", "name": "_default_title_", "data_type": "string", "input_options": null},
            {"type": "ticket_type_attribute", "id": 221, "name": "Tier", "data_type": "list", "archived": false,
             "input_options": {"list_options": [{"id": "u-1", "label": "Gold", "archived": false}, {"id": "u-2", "name": "Old", "archived": true}]}}]}})
}

fn ticket() -> Value {
    json!({"type": "ticket", "id": "633", "ticket_id": 40, "ticket_attributes": {"_default_title_": "Refund for Ada"},
        "ticket_state": {"type": "ticket_state", "id": "8577", "category": "submitted"}, "ticket_type": ticket_type(),
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": CONTACT}]},
        "admin_assignee_id": 0, "team_assignee_id": "5", "created_at": 1600000000, "open": true, "is_shared": false,
        "ticket_parts": {"type": "ticket_part.list", "total_count": 612, "ticket_parts": [
            {"type": "ticket_part", "id": "1", "part_type": "comment", "body": "<p>x</p>"}]}})
}

#[tokio::test]
async fn a_ticket_is_made_without_telling_anybody_and_its_id_is_not_its_number() {
    let served = Served::answering("POST", "/tickets", 200, ticket()).await;
    let new = NewTicket::new(&"100".into(), &CONTACT.into())
        .attribute("_default_title_", "Refund for Ada")
        .created_at(Timestamp::from_second(1_600_000_000).unwrap())
        .assigned(None, Some(&"5".into()));
    let made = served.client.tickets().create(&new).await.unwrap();
    assert_eq!((made.id.as_str(), made.number.as_deref()), ("633", Some("40")));
    assert_eq!((made.admin_assignee_id.clone(), made.team_assignee_id.clone()), (None, Some("5".into())));
    assert_eq!(made.ticket_parts.total_count, Some(612));
    assert!(!format!("{made:?} {new:?}").contains("Ada"));
    let want = json!({"ticket_type_id": "100", "contacts": [{"id": CONTACT}], "skip_notifications": true,
        "ticket_attributes": {"_default_title_": "Refund for Ada"}, "created_at": 1_600_000_000,
        "assignment": {"team_assignee_id": "5"}});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn a_ticket_that_is_made_later_is_a_job_first() {
    let job = json!({"type": "job", "id": "2", "status": "pending", "url": "https://api.intercom.io/jobs/status/2"});
    let served = Served::answering("POST", "/tickets/enqueue", 200, job).await;
    let job = served.client.tickets().enqueue(&NewTicket::new(&"100".into(), &CONTACT.into())).await.unwrap();
    assert_eq!((job.status, job.resource_id), (JobStatus::Pending, None));
    let done =
        json!({"type": "job", "id": 2, "status": "success", "resource_type": "ticket", "resource_id": 20});
    served.also("GET", "/jobs/status/2", 200, done).await;
    let job = served.client.jobs().get(&job.id).await.unwrap();
    assert_eq!((job.status, job.resource_id.as_deref()), (JobStatus::Success, Some("20")));
    served.also("GET", "/jobs/status/3", 200, json!({"id": 3, "status": "paused"})).await;
    assert_eq!(served.client.jobs().get(&JobId::from("3")).await.unwrap().status, JobStatus::Unknown);
    let answer =
        json!({"type": "error.list", "errors": [{"code": "job_not_found", "message": "Job not found"}]});
    served.also("GET", "/jobs/status/9", 404, answer).await;
    assert_eq!(served.client.jobs().get(&JobId::from("9")).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn state_assignment_and_attributes_are_one_silent_call() {
    let served = Served::answering("PUT", "/tickets/633", 200, ticket()).await;
    let fields = TicketUpdate::new()
        .state(&"8578".into())
        .open(false)
        .assigned(&"7".into(), None)
        .attribute("Tier", "u-1");
    served.client.tickets().update(&TicketId::from("633"), &fields).await.unwrap();
    let want = json!({"skip_notifications": true, "ticket_state_id": "8578", "open": false, "admin_id": 7,
        "assignee_id": "0", "ticket_attributes": {"Tier": "u-1"}});
    assert_eq!(served.sent().await, want);
}

#[tokio::test]
async fn replies_answer_the_new_part() {
    let part = json!({"type": "ticket_part", "id": 156, "part_type": "note", "body": "<p>x</p>"});
    let served = Served::answering("POST", "/tickets/633/reply", 200, part).await;
    let id = TicketId::from("633");
    let part = served.client.tickets().reply_as_admin(&id, AdminReply::note("7", "x")).await.unwrap();
    assert_eq!(part.id.as_str(), "156");
    served.client.tickets().reply_as_contact(&id, ContactReply::new(CONTACT, "y")).await.unwrap();
    let bodies: Vec<Value> =
        served.requests().await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!(bodies[0]["skip_notifications"], true);
    assert_eq!(
        bodies[1],
        json!({"type": "user", "message_type": "comment", "intercom_user_id": CONTACT, "body": "y"})
    );
}

#[tokio::test]
async fn a_contacts_reply_with_files_is_not_sent() {
    let blobs = mapping_core::testkit::MemoryBlobs::new();
    let blob = blobs.add("a.txt", "text/plain", "x");
    let file = connector_http::FilePart {
        name: "a.txt".into(),
        content_type: "text/plain".into(),
        len: 1,
        open: std::sync::Arc::new(super::conversations::Opened(blobs, blob)),
    };
    let served = Served::empty().await;
    let reply = ContactReply::new(CONTACT, "y").files(vec![file]);
    let e = served.client.tickets().reply_as_contact(&"633".into(), reply).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn tickets_are_found_read_and_deleted() {
    let answer =
        json!({"type": "ticket.list", "tickets": [ticket()], "total_count": 1, "pages": {"type": "pages"}});
    let served = Served::answering("POST", "/tickets/search", 200, answer).await;
    served.also("GET", "/tickets/633", 200, ticket()).await;
    served
        .also("DELETE", "/tickets/633", 200, json!({"id": "633", "object": "ticket", "deleted": true}))
        .await;
    let page =
        served.client.tickets().search(&Query::is("ticket_attribute.220", "x"), 20, None).await.unwrap();
    let one = served.client.tickets().get(&page.items[0].id).await.unwrap();
    assert_eq!(one.ticket_state.unwrap().category, "submitted");
    served.client.tickets().delete(&one.id).await.unwrap();
}

#[tokio::test]
async fn a_list_item_is_written_by_its_id() {
    let served =
        Served::answering("GET", "/ticket_types", 200, json!({"type": "list", "data": [ticket_type()]}))
            .await;
    let types = served.client.ticket_types().list().await.unwrap();
    let tier = &types[0].ticket_type_attributes[1];
    assert_eq!((tier.item("Gold"), tier.item("Old"), tier.items().len()), (Some("u-1"), None, 2));
    assert_eq!(types[0].ticket_states[0].id.as_str(), "8577");
}

#[tokio::test]
async fn ticket_types_and_their_attributes_are_made_and_archived() {
    let served = Served::answering("POST", "/ticket_types", 200, ticket_type()).await;
    let new = NewTicketType::new("Case", TicketCategory::BackOffice).description("d");
    let made = served.client.ticket_types().create(&new).await.unwrap();
    assert_eq!(served.sent().await, json!({"name": "Case", "description": "d", "category": "Back-office"}));
    let attribute = ticket_type()["ticket_type_attributes"]["data"][1].clone();
    served.also("POST", "/ticket_types/100/attributes", 200, attribute.clone()).await;
    served.also("PUT", "/ticket_types/100/attributes/221", 200, attribute).await;
    served.also("PUT", "/ticket_types/100", 200, ticket_type()).await;
    served.also("GET", "/ticket_types/100", 200, ticket_type()).await;
    served.also("GET", "/ticket_states", 200, json!({"data": [{"id": 8577, "category": "resolved"}]})).await;
    let types = served.client.ticket_types();
    let tier = NewTicketAttribute::list("Tier", "d", ["Gold", "Silver"]).visible_to_contacts(false);
    let attribute = types.create_attribute(&made.id, &tier).await.unwrap();
    types.set_attribute_archived(&made.id, &attribute.id, true).await.unwrap();
    types.update(&made.id, &TicketTypeUpdate::new().archived(true)).await.unwrap();
    types.get(&made.id).await.unwrap();
    assert_eq!(types.states().await.unwrap()[0].category, "resolved");
    let bodies: Vec<Value> =
        served.requests().await[1..4].iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    let want = json!({"name": "Tier", "description": "d", "data_type": "list", "list_items": "Gold,Silver", "visible_to_contacts": false});
    assert_eq!(bodies, [want, json!({"archived": true}), json!({"archived": true})]);
}

#[tokio::test]
async fn an_item_with_a_comma_would_be_two_and_is_not_sent() {
    let served = Served::empty().await;
    let id = TicketTypeId::from("100");
    for items in [vec!["Gold, Silver", "x"], vec![], vec![""]] {
        let new = NewTicketAttribute::list("Tier", "d", items);
        let e = served.client.ticket_types().create_attribute(&id, &new).await.unwrap_err();
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent));
    }
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn an_unknown_attribute_of_a_ticket_is_a_refusal() {
    let answer = json!({"type": "error.list", "errors": [{"code": "parameter_invalid", "message": "Extra attributes provided that are not found on ticket type: x"}]});
    let served = Served::answering("POST", "/tickets", 400, answer).await;
    let new = NewTicket::new(&"100".into(), &CONTACT.into()).attribute("x", 1);
    let e = served.client.tickets().create(&new).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::Rejected));
}
