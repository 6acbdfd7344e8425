use super::Served;
use serde_json::json;
use zohodesk_client::api::{NewComment, NewTicket, TicketSearch, TicketUpdate};
use zohodesk_client::{ErrorKind, Outcome, Paging, ZohoDeskError as _};

#[tokio::test]
async fn a_ticket_is_made_and_read_with_counters_and_sizes_as_text() {
    let answer = json!({"id": "1892000000056007123", "ticketNumber": "101", "subject": "Help", "status": "Open",
        "statusType": "Open", "departmentId": "1", "contactId": 1892000000042032u64, "assigneeId": null, "teamId": "null",
        "threadCount": "1", "commentCount": 2, "createdTime": "2024-05-01T10:00:00.000Z", "closedTime": null,
        "isSpam": "false", "cf": {"cf_focalscope_ticket_id": "4711"}, "sentiment": null});
    let served = Served::answering("POST", "/tickets", 200, answer).await;
    let new = NewTicket::new("Help", &"1".into(), &"1892000000042032".into())
        .status("Open")
        .custom("cf_focalscope_ticket_id", Some("4711"));
    let ticket = served.client.tickets().create(&new).await.unwrap();
    assert_eq!((ticket.id.as_str(), ticket.ticket_number.as_deref()), ("1892000000056007123", Some("101")));
    assert_eq!(ticket.contact_id.as_ref().unwrap().as_str(), "1892000000042032");
    assert!(ticket.assignee_id.is_none() && ticket.team_id.is_none() && ticket.closed_time.is_none());
    assert_eq!((ticket.thread_count, ticket.comment_count, ticket.is_spam), (Some(1), Some(2), Some(false)));
    assert!(!format!("{ticket:?} {new:?}").contains("Help"));
    let sent = json!({"subject": "Help", "departmentId": "1", "contactId": "1892000000042032", "status": "Open",
        "cf": {"cf_focalscope_ticket_id": "4711"}});
    assert_eq!(served.sent().await, sent);
}

#[tokio::test]
async fn every_update_of_a_ticket_asks_for_no_notice_of_a_closing() {
    let served = Served::answering("PATCH", "/tickets/5", 200, json!({"id": "5"})).await;
    served.client.tickets().update(&"5".into(), &TicketUpdate::new().status("Closed")).await.unwrap();
    assert_eq!(served.query().await, "disableClosureNotification=true");
    assert_eq!(served.sent().await, json!({"status": "Closed"}));
}

#[tokio::test]
async fn refused_fields_reach_the_caller_as_fields() {
    let answer = json!({"errorCode": "INVALID_DATA", "message": "The data is invalid for ada@example.com",
        "errors": [{"fieldName": "/contactId", "errorType": "invalid", "errorMessage": ""}]});
    let served = Served::answering("POST", "/tickets", 422, answer).await;
    let new = NewTicket::new("Help", &"1".into(), &"2".into());
    let e = served.client.tickets().create(&new).await.unwrap_err();
    assert_eq!(
        (e.kind(), e.outcome(), e.operation()),
        (ErrorKind::Invalid, Outcome::Rejected, Some("tickets.create"))
    );
    assert_eq!(
        (e.field_errors()[0].field.as_str(), e.field_errors()[0].problem.as_str()),
        ("/contactId", "invalid")
    );
    assert!(!format!("{e:?}").contains("ada@"));
}

#[tokio::test]
async fn a_search_goes_by_a_custom_field_and_nothing_found_is_an_empty_page() {
    let served = Served::answering("GET", "/tickets/search", 204, json!(null)).await;
    let search = TicketSearch::new().custom_field("cf_focalscope_ticket_id", "4711").department(&"1".into());
    let page = served.client.tickets().search(&search, Paging::SEARCH.start()).await.unwrap();
    assert!(page.items.is_empty());
    let query = served.query().await;
    assert_eq!(query, "customField1=cf_focalscope_ticket_id%3A4711&departmentId=1&from=0&limit=100");
}

#[tokio::test]
async fn a_value_that_would_search_for_something_else_is_not_sent() {
    let served = Served::empty().await;
    for search in [
        TicketSearch::new().subject("Acme, Inc."),
        TicketSearch::new().subject("all*"),
        TicketSearch::new().custom_field("cf_x", "${empty}"),
        TicketSearch::new().tag("hp"),
        TicketSearch::new().subject(""),
        (0..11).fold(TicketSearch::new(), |search, n| search.custom_field(&format!("cf_{n}"), "x")),
    ] {
        let e = served.client.tickets().search(&search, Paging::SEARCH.start()).await.unwrap_err();
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Invalid, Outcome::NotSent), "{search:?}");
    }
    assert!(served.requests().await.is_empty());
}

#[tokio::test]
async fn a_comment_is_private_and_says_what_its_text_is() {
    let answer = json!({"id": "9", "content": "x", "contentType": "html", "isPublic": false,
        "commentedTime": "2026-01-01T00:00:00.000Z", "commenterId": "3"});
    let served = Served::answering("POST", "/tickets/5/comments", 200, answer).await;
    let new = NewComment::html("<p>x</p>").attachments(&["8".into()]);
    let comment = served.client.comments().create(&"5".into(), &new).await.unwrap();
    assert_eq!((comment.id.as_str(), comment.is_public), ("9", Some(false)));
    let sent =
        json!({"content": "<p>x</p>", "contentType": "html", "isPublic": false, "attachmentIds": ["8"]});
    assert_eq!(served.sent().await, sent);
}

#[tokio::test]
async fn a_create_answered_with_something_else_leaves_the_outcome_open() {
    let served = Served::answering("POST", "/tickets/5/comments", 200, json!("<html>")).await;
    let e = served.client.comments().create(&"5".into(), &NewComment::plain("x")).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Malformed, Outcome::Unknown));
}

#[tokio::test]
async fn trash_threads_and_conversations() {
    let served = Served::answering("POST", "/tickets/moveToTrash", 204, json!(null)).await;
    served.client.tickets().trash(&["5".into(), "6".into()]).await.unwrap();
    assert_eq!(served.sent().await, json!({"ticketIds": ["5", "6"]}));
    let thread = json!({"id": "1", "channel": "EMAIL", "direction": "in", "attachmentCount": "0"});
    served.also("GET", "/tickets/5/threads/1", 200, thread).await;
    let thread = served.client.threads().get(&"5".into(), &"1".into()).await.unwrap();
    assert_eq!((thread.direction.as_deref(), thread.attachment_count), (Some("in"), Some(0)));
    let both = json!({"data": [{"id": "1", "type": "thread"}, {"id": "2", "type": "comment"}]});
    served.also("GET", "/tickets/5/conversations", 200, both).await;
    let page =
        served.client.threads().conversations(&"5".into(), Paging::CONVERSATIONS.start()).await.unwrap();
    assert_eq!(page.items[1].kind.as_deref(), Some("comment"));
    served
        .also("GET", "/recycleBin", 200, json!({"data": [{"id": 5, "type": "tickets", "displayName": "x"}]}))
        .await;
    let bin =
        served.client.recycle_bin().list(&Default::default(), Paging::RECYCLE_BIN.start()).await.unwrap();
    assert_eq!((bin.items[0].id.as_str(), bin.items[0].kind.as_deref()), ("5", Some("tickets")));
}
