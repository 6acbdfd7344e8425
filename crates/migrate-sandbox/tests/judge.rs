//! The judge finds nothing wrong with a careful migration, and finds each kind of defect planted in one.

#![recursion_limit = "256"]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use migrate_sandbox::dataset::{CallLeg, Channel, Dataset, Ticket};
use migrate_sandbox::generator::generate;
use migrate_sandbox::intercom::{Edit, Seed, SeedContact};
use migrate_sandbox::judge::{Explained, Options, Verdict, What, judge};
use serde_json::json;
use support::loader::{BATCH, Loaded, load};
use support::{ADMIN, Desk, NOW};

fn options() -> Options {
    Options { batch_tag: Some(BATCH.into()), ..Options::default() }
}

fn dataset() -> Dataset {
    serde_json::from_value(json!({
        "agents": [{"id": 1, "login": "ada", "name": "Ada Agent", "email": "ada@helpdesk.example"},
            {"id": 2, "login": "gus", "name": "Gus Gone", "email": "gus@left.example", "state": "deleted"}],
        "queues": [{"id": 3, "name": "Billing"}],
        "companies": [{"id": 4, "name": "Smith & Sons"}],
        "contacts": [{"id": 10, "name": "Ann Customer", "emails": ["Ann@customer.example"], "phones": ["+45 12 34 56 78"],
            "company": 4, "custom_fields": [{"name": "Customer no.", "type": "text", "value": "00037"}]}],
        "categories": [{"id": 5, "name": "Topic", "values": ["Billing", "Login"], "active": true},
            {"id": 6, "name": "Product", "values": ["App", "Site"], "multi": true, "active": true}],
        "tickets": [{"id": 100, "number": "FS-100", "subject": "The order", "status": "Closed", "priority": "High",
            "channel": "email", "contact": 10, "agent": 1, "queue": 3,
            "custom_fields": [{"name": "Order no.", "type": "text", "value": "815"}], "created": "2026-01-02T10:00:00Z", "closed": "2026-01-09T10:00:00Z",
            "categories": [{"category": 5, "values": ["Login"]}, {"category": 6, "values": ["App", "Site"]}],
            "messages": [
                {"id": 1, "direction": "in", "author": {"kind": "contact", "id": 10, "name": "Ann"},
                    "sent_at": "2026-01-02T10:00:00Z", "body": "Where is my order?"},
                {"id": 2, "direction": "out", "author": {"kind": "agent", "id": 1, "name": "Ada Agent"},
                    "sent_at": "2026-01-03T10:00:00Z", "content_type": "text/html", "body": "<p>On its <b>way</b>.</p>",
                    "attachments": [{"id": 50, "name": "label.pdf", "mime": "application/pdf",
                        "content": {"drawn": {"seed": 1, "size": 900}}}]},
                {"id": 3, "direction": "note", "author": {"kind": "agent", "id": 2, "name": "Gus Gone"},
                    "sent_at": "2026-01-04T10:00:00Z", "body": "Carrier says Friday."},
                {"id": 4, "direction": "in", "author": {"kind": "contact", "id": 10, "name": "Ann"},
                    "sent_at": "2026-01-05T10:00:00Z", "body": "Thanks, it came."}]},
            {"id": 101, "number": "FS-101", "subject": "The order again", "contact": 10, "merged_into": 100}]
    }))
    .unwrap()
}

async fn moved() -> (Desk, Dataset, Loaded, String) {
    let (desk, dataset) = (Desk::new(), dataset());
    let loaded = load(&desk, &dataset).await;
    let id = loaded.conversations[&100].clone();
    (desk, dataset, loaded, id)
}

async fn after(edit: impl FnOnce(String) -> Edit) -> Verdict {
    let (desk, dataset, loaded, id) = moved().await;
    desk.intercom.edit(&edit(id)).unwrap();
    judge(&dataset, &desk.intercom, &loaded.explained, &options())
}

#[track_caller]
fn only(verdict: &Verdict, what: What, kind: &str, field: &str) {
    let found: Vec<_> = verdict.findings.iter().map(|f| (f.what, f.kind, f.field.as_str())).collect();
    assert_eq!(found, [(what, kind, field)], "{:#?}", verdict.findings);
}

#[tokio::test]
async fn a_careful_migration_is_clean_and_compared_field_by_field() {
    let (desk, dataset, loaded, _) = moved().await;
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
    assert!(verdict.fields_compared >= 20);
    assert_eq!((verdict.source.tickets, verdict.source.messages, verdict.source.attachments), (1, 4, 1));
    assert_eq!(verdict.source.attachment_bytes, 900);
    let counts = verdict.destination;
    assert_eq!((counts.conversations, counts.parts, counts.contacts, counts.files), (1, 5, 1, 1));
    assert_eq!(verdict.ignored_keys_total, 0);
    assert_eq!((verdict.notifications, verdict.denied_calls, verdict.explained), (0, 0, 0));
    assert_eq!(verdict.workflow_triggers, 3, "create, one reply by the customer, close");
    assert!(verdict.ignored_keys.is_empty());
}

#[tokio::test]
async fn a_changed_body_is_a_lost_message_or_a_part_too_many() {
    let verdict =
        after(|conversation| Edit::Body { conversation, message: 3, text: "Thanks, it left.".into() }).await;
    assert_eq!((verdict.lost, verdict.field_differences), (1, 1), "{:#?}", verdict.findings);
    assert_eq!((verdict.findings[0].kind, verdict.findings[0].id.as_str()), ("message", "4"));
    let verdict =
        after(|conversation| Edit::Body { conversation, message: 0, text: "Where is it?".into() }).await;
    assert_eq!((verdict.findings[0].what, verdict.findings[0].id.as_str()), (What::Lost, "1"));
}

#[tokio::test]
async fn a_changed_author_is_found() {
    let verdict =
        after(|conversation| Edit::Author { conversation, message: 1, admin: ADMIN.parse().unwrap() }).await;
    only(&verdict, What::FieldDifference, "message", "author");
    let verdict =
        after(|conversation| Edit::Author { conversation, message: 3, admin: ADMIN.parse().unwrap() }).await;
    only(&verdict, What::FieldDifference, "message", "author");
}

#[tokio::test]
async fn a_note_that_became_visible_is_found() {
    let verdict = after(|conversation| Edit::Visibility { conversation, message: 2 }).await;
    only(&verdict, What::FieldDifference, "message", "visibility");
}

#[tokio::test]
async fn a_changed_time_is_found_to_the_second() {
    let at = 1_767_521_999;
    let verdict = after(|conversation| Edit::Time { conversation, message: 2, created_at: at }).await;
    only(&verdict, What::FieldDifference, "message", "created_at");
    assert_eq!(verdict.findings[0].id, "3");
}

#[tokio::test]
async fn exchanged_messages_are_out_of_order() {
    let verdict = after(|conversation| Edit::Swap { conversation, message: 1, with: 3 }).await;
    assert_eq!(verdict.out_of_order, 2, "{:#?}", verdict.findings);
    assert_eq!(verdict.lost + verdict.doubled, 0);
}

#[tokio::test]
async fn a_removed_message_is_lost() {
    let verdict = after(|conversation| Edit::Remove { conversation, message: 2 }).await;
    only(&verdict, What::Lost, "message", "body");
}

#[tokio::test]
async fn a_repeated_message_is_doubled() {
    let verdict = after(|conversation| Edit::Repeat { conversation, message: 3 }).await;
    only(&verdict, What::Doubled, "message", "body");
    let verdict = after(|conversation| Edit::Repeat { conversation, message: 1 }).await;
    assert_eq!(verdict.doubled, 2, "the message and its file: {:#?}", verdict.findings);
}

#[tokio::test]
async fn a_removed_or_changed_file_is_found() {
    let verdict = after(|conversation| Edit::RemoveFile { conversation, message: 1 }).await;
    only(&verdict, What::Lost, "attachment", "files");
    let verdict = after(|conversation| Edit::File { conversation, message: 1, text: "other".into() }).await;
    only(&verdict, What::FieldDifference, "attachment", "files");
}

#[tokio::test]
async fn a_changed_state_title_flag_tag_or_attribute_is_found() {
    let verdict = after(|conversation| Edit::State { conversation, open: true }).await;
    only(&verdict, What::FieldDifference, "ticket", "state");
    let verdict = after(|conversation| Edit::Title { conversation, text: "Else".into() }).await;
    only(&verdict, What::FieldDifference, "ticket", "title");
    let verdict = after(|conversation| Edit::Read { conversation, read: false }).await;
    only(&verdict, What::FieldDifference, "ticket", "read");
    for name in [BATCH, "Product: Site"] {
        let verdict = after(|conversation| Edit::Untag { conversation, name: name.into() }).await;
        only(&verdict, What::FieldDifference, "ticket", "tags");
    }
    for (name, field) in [
        ("channel_source__c", "channel_source__c"),
        ("focalscope_priority__c", "focalscope_priority__c"),
        ("focalscope_closed_at__c", "focalscope_closed_at__c"),
        ("focalscope_category_5", "categories"),
    ] {
        let change =
            |conversation| Edit::Attribute { conversation, name: name.into(), value: json!("other") };
        only(&after(change).await, What::FieldDifference, "ticket", field);
    }
}

#[tokio::test]
async fn a_deleted_conversation_is_lost_and_a_copied_one_doubled() {
    let verdict = after(|conversation| Edit::Delete { conversation }).await;
    only(&verdict, What::Lost, "ticket", "");
    let verdict = after(|conversation| Edit::Double { conversation }).await;
    only(&verdict, What::Doubled, "conversation", "");
}

#[tokio::test]
async fn a_conversation_without_key_is_doubled_unless_it_was_there_before() {
    let (desk, dataset, loaded, _) = moved().await;
    let stranger = desk.contact("stranger@customer.example").await;
    let orphan = desk.conversation(&stranger).await;
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    only(&verdict, What::Doubled, "conversation", "");
    let known = Options { known_conversations: vec![orphan], ..options() };
    assert!(judge(&dataset, &desk.intercom, &loaded.explained, &known).is_clean());
}

#[tokio::test]
async fn a_changed_or_doubled_contact_is_found() {
    let (desk, dataset, loaded, id) = moved().await;
    let contact = desk.get(&format!("/conversations/{id}")).await.ok();
    let contact = contact.body["contacts"]["contacts"][0]["id"].as_str().unwrap().to_owned();
    let lead = json!({"role": "lead", "email": "ann@customer.example"});
    let lead = desk.post("/contacts", lead).await.ok().id();
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    only(&verdict, What::Doubled, "contact", "");
    desk.delete(&format!("/contacts/{lead}")).await.ok();
    desk.intercom.edit(&Edit::ContactName { contact, text: "Somebody".into() }).unwrap();
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    only(&verdict, What::FieldDifference, "contact", "name");
}

#[tokio::test]
async fn a_changed_assignment_is_found_on_a_closed_ticket_too() {
    let admin = Some(ADMIN.parse().unwrap());
    for admin in [admin, Some(0)] {
        let verdict = after(|conversation| Edit::Assign { conversation, admin, team: None }).await;
        only(&verdict, What::FieldDifference, "ticket", "assignee");
    }
    for team in [Some(5_017_691), Some(0)] {
        let verdict = after(|conversation| Edit::Assign { conversation, admin: None, team }).await;
        only(&verdict, What::FieldDifference, "ticket", "team");
    }
}

#[tokio::test]
async fn an_agent_without_teammate_and_a_queue_without_team_leave_a_ticket_to_nobody() {
    let (desk, mut dataset, loaded, id) = moved().await;
    dataset.tickets[0].agent = Some(2);
    dataset.queues[0].name = "Unheard of".into();
    let judged = |dataset: &Dataset| judge(dataset, &desk.intercom, &loaded.explained, &options());
    let found: Vec<String> = judged(&dataset).findings.into_iter().map(|f| f.field).collect();
    assert_eq!(found, ["assignee", "team"]);
    desk.intercom.edit(&Edit::Assign { conversation: id, admin: Some(0), team: Some(0) }).unwrap();
    assert!(judged(&dataset).is_clean());
    // A deprecated team takes no tickets.
    dataset.queues[0].name = "Old".into();
    assert!(judged(&dataset).is_clean());
}

#[tokio::test]
async fn a_custom_field_may_lie_in_any_attribute_unless_one_is_named() {
    let change = |value| {
        move |conversation| Edit::Attribute { conversation, name: "field_order_no___c".into(), value }
    };
    let order = "custom_fields.Order no.";
    only(&after(change(json!("816"))).await, What::FieldDifference, "ticket", order);
    only(&after(change(json!(null))).await, What::FieldDifference, "ticket", order);
    let (desk, dataset, loaded, _) = moved().await;
    for (name, clean) in [("field_order_no___c", true), ("field_other__c", false)] {
        let field_attributes = [(order.to_owned(), name.to_owned())].into();
        let options = Options { field_attributes, ..options() };
        let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options);
        assert_eq!(verdict.is_clean(), clean, "{:#?}", verdict.findings);
    }
}

#[tokio::test]
async fn figures_of_a_call_are_found_in_attributes() {
    let (desk, mut dataset) = (Desk::new(), dataset());
    let ticket = &mut dataset.tickets[0];
    ticket.channel = Channel::Voice;
    ticket.calls.push(CallLeg {
        id: 70,
        uuid: "6ba7".into(),
        from: "+45 12 34 56 78".into(),
        duration: 93,
        disposition: "ANSWERED".into(),
        recording_url: Some("https://pbx.example/6ba7.mp3".into()),
        note: Some("Will send the serial number".into()),
        ..CallLeg::default()
    });
    let loaded = load(&desk, &dataset).await;
    let conversation = loaded.conversations[&100].clone();
    let judged = || judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(judged().is_clean(), "{:#?}", judged().findings);
    for field in ["duration", "disposition", "recording", "note"] {
        let (conversation, name) = (conversation.clone(), format!("call_{field}__c"));
        desk.intercom.edit(&Edit::Attribute { conversation, name, value: json!(null) }).unwrap();
    }
    let found: Vec<String> = judged().findings.into_iter().map(|finding| finding.field).collect();
    assert_eq!(found, ["call.duration", "call.disposition", "call.recording", "call.note"]);
}

#[tokio::test]
async fn fields_of_a_contact_and_its_company_are_compared() {
    for (field, finding) in [
        ("name", "name"),
        ("phone", "phone"),
        ("company__c", "company"),
        ("field_customer_no___c", "custom_fields.Customer no."),
    ] {
        let (desk, dataset, loaded, _) = moved().await;
        let contact = known_as(&desk, "focalscope:contact:10").await;
        let edit = Edit::Contact { contact, field: field.into(), value: json!(null) };
        desk.intercom.edit(&edit).unwrap();
        if field == "company__c" {
            let contact = known_as(&desk, "focalscope:contact:10").await;
            let company_id = "focalscope:org:4".into();
            desk.intercom.edit(&Edit::LeaveCompany { company_id, contact }).unwrap();
        }
        let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
        let found: Vec<&str> = verdict.findings.iter().map(|finding| finding.field.as_str()).collect();
        assert!(found.contains(&finding), "{field}: {:#?}", verdict.findings);
        assert!(found.iter().all(|field| *field == finding), "{:#?}", verdict.findings);
    }
}

async fn known_as(desk: &Desk, external_id: &str) -> String {
    desk.get(&format!("/contacts/find_by_external_id/{external_id}")).await.ok().id()
}

#[tokio::test]
async fn whoever_was_there_before_is_unchanged_matched_or_not() {
    let desk = Desk::new();
    let person = |email: &str| SeedContact {
        name: Some("Known already".into()),
        email: Some(email.into()),
        external_id: Some(format!("crm-{email}")),
        owner_id: Some(ADMIN.parse().unwrap()),
        ..SeedContact::default()
    };
    let contacts = vec![person("ann@customer.example"), person("bystander@customer.example")];
    desk.intercom.seed(Seed { contacts, ..Seed::default() });
    let dataset = dataset();
    let loaded = load(&desk, &dataset).await;
    let judged = || judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(judged().is_clean(), "{:#?}", judged().findings);
    for email in ["ann@customer.example", "bystander@customer.example"] {
        let contact = known_as(&desk, &format!("crm-{email}")).await;
        let edit = |field: &str, value| {
            desk.intercom
                .edit(&Edit::Contact { contact: contact.clone(), field: field.into(), value })
                .unwrap();
        };
        for (field, value, before) in [
            ("external_id", json!("crm-other"), json!(format!("crm-{email}"))),
            ("owner_id", json!(null), json!(ADMIN.parse::<u64>().unwrap())),
            ("unsubscribed", json!(true), json!(false)),
            ("name", json!("Ann Customer"), json!("Known already")),
        ] {
            edit(field, value);
            let finding = if let Some(short) = field.strip_suffix("_id").filter(|it| *it == "owner") {
                short
            } else {
                field
            };
            only(&judged(), What::FieldDifference, "contact", finding);
            edit(field, before);
        }
    }
    let contact = known_as(&desk, "crm-bystander@customer.example").await;
    desk.intercom.edit(&Edit::DeleteContact { contact }).unwrap();
    only(&judged(), What::Lost, "contact", "");
}

#[tokio::test]
async fn a_merged_ticket_s_note_that_is_missing_is_found() {
    let verdict = after(|conversation| Edit::Remove { conversation, message: 4 }).await;
    only(&verdict, What::Lost, "ticket", "merged");
}

#[tokio::test]
async fn assigning_and_closing_move_no_message() {
    let (desk, dataset, loaded, id) = moved().await;
    let parts = desk.get(&format!("/conversations/{id}")).await.ok();
    assert!(parts.kinds().iter().any(|kind| kind == "assignment"), "{:?}", parts.kinds());
    assert_eq!(parts.kinds().last().map(String::as_str), Some("close"));
    // A second move of the ticket between teams, long after.
    desk.advance(60);
    for kind in ["close", "open", "close"] {
        let body = json!({"message_type": kind, "type": "admin", "admin_id": ADMIN});
        desk.post(&format!("/conversations/{id}/parts"), body).await.ok();
    }
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
}

#[tokio::test]
async fn a_listed_body_excuses_no_missing_file_and_a_listed_file_no_missing_body() {
    let (desk, dataset, _, conversation) = moved().await;
    desk.intercom.edit(&Edit::Remove { conversation, message: 1 }).unwrap();
    let judged = |fields: &[&str]| {
        let entry = |field: &&str| Explained {
            kind: "ticket".into(),
            id: "100".into(),
            field: Some((*field).to_owned()),
            rule: "Dropped".into(),
        };
        let list: Vec<Explained> = fields.iter().map(entry).collect();
        let verdict = judge(&dataset, &desk.intercom, &list, &options());
        verdict.findings.iter().map(|f| f.kind).collect::<Vec<_>>()
    };
    assert_eq!(judged(&[]), ["message", "attachment"]);
    assert_eq!(judged(&["parts[2].body"]), ["attachment"]);
    assert_eq!(judged(&["parts[2].files[50]"]), ["message"]);
    assert_eq!(judged(&["parts[3].body", "parts[2].files[51]", "parts[2].at"]), ["message", "attachment"]);
    assert!(judged(&["parts[2]"]).is_empty());
}

#[tokio::test]
async fn keys_that_nothing_reads_are_counted() {
    let (desk, dataset, loaded, id) = moved().await;
    desk.put(&format!("/conversations/{id}"), json!({"read": true, "stat": "closed"})).await.ok();
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert_eq!(verdict.ignored_keys_total, 1);
    assert_eq!(verdict.ignored_keys.len(), 1);
}

#[tokio::test]
async fn what_the_tool_lists_is_explained_when_record_and_field_agree() {
    let (desk, dataset, _, id) = moved().await;
    desk.intercom.edit(&Edit::Title { conversation: id.clone(), text: "Else".into() }).unwrap();
    desk.intercom.edit(&Edit::Remove { conversation: id, message: 2 }).unwrap();
    let entry = |kind: &str, id: &str, field: Option<&str>| Explained {
        kind: kind.into(),
        id: id.into(),
        field: field.map(str::to_owned),
        rule: "cut".into(),
    };
    let judged = |list: &[Explained]| judge(&dataset, &desk.intercom, list, &options());
    let right = [entry("ticket", "FS-100", Some("title")), entry("message", "3", None)];
    let verdict = judged(&right);
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
    assert_eq!(verdict.explained, 2);
    let fields = verdict.explained_fields.iter().map(|(field, count)| (field.as_str(), *count));
    assert_eq!(fields.collect::<Vec<_>>(), [("message body", 1), ("ticket title", 1)]);
    let wrong = [
        entry("ticket", "FS-101", Some("title")),
        entry("message", "4", None),
        entry("ticket", "100", Some("state")),
    ];
    let verdict = judged(&wrong);
    assert_eq!((verdict.lost, verdict.field_differences, verdict.explained), (1, 1, 0));
}

#[tokio::test]
async fn a_quarantined_ticket_is_not_lost_and_one_left_out_in_silence_is() {
    let (desk, mut dataset, _, _) = moved().await;
    dataset.tickets.push(Ticket { id: 102, number: "FS-102".into(), ..Ticket::default() });
    assert_eq!(judge(&dataset, &desk.intercom, &[], &options()).lost, 1);
    let entry = Explained {
        kind: "ticket".into(),
        id: "102".into(),
        rule: "quarantine".into(),
        ..Explained::default()
    };
    assert_eq!(judge(&dataset, &desk.intercom, &[entry], &options()).lost, 0);
    let partial = Options { partial: true, ..options() };
    assert_eq!(judge(&dataset, &desk.intercom, &[], &partial).lost, 0);
    let changes: [fn(&mut Ticket); 2] = [|ticket| ticket.spam = true, |ticket| ticket.deleted = true];
    for change in changes {
        let mut dataset = dataset.clone();
        change(dataset.tickets.last_mut().unwrap());
        assert_eq!(judge(&dataset, &desk.intercom, &[], &options()).lost, 0);
    }
}

#[tokio::test]
async fn two_tickets_with_one_number_find_their_own_conversations() {
    let desk = Desk::new();
    let mut dataset = dataset();
    let mut second = dataset.tickets[0].clone();
    second.id = 109;
    second.subject = "Another matter".into();
    second.messages.truncate(1);
    second.messages[0].id = 9;
    second.messages[0].body = "Something else".into();
    dataset.tickets.insert(0, second);
    let loaded = load(&desk, &dataset).await;
    let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
}

#[tokio::test]
async fn a_generated_help_desk_moves_without_a_finding() {
    for seed in [1, 2] {
        let desk = Desk::with(|knobs| knobs.rate_limit = 1_000_000);
        desk.advance(1_798_761_600 - NOW);
        let dataset = generate(seed, 150);
        let loaded = load(&desk, &dataset).await;
        let verdict = judge(&dataset, &desk.intercom, &loaded.explained, &options());
        assert!(verdict.is_clean(), "seed {seed}: {:#?}", &verdict.findings);
        assert_eq!(verdict.notifications, 0);
        assert!(verdict.fields_compared > 1000);
    }
}

/// An edit for a ticket, another kind for each number.
fn some_edit(number: usize, ticket: &Ticket, conversation: String) -> Edit {
    let last = ticket.messages.len() + ticket.chat.len() - 1;
    let message = last.max(1);
    match number % 9 {
        0 => Edit::Body { conversation, message, text: "Something else altogether".into() },
        1 => Edit::Time { conversation, message, created_at: 1_600_000_000 },
        2 => Edit::Remove { conversation, message },
        3 => Edit::Repeat { conversation, message },
        4 => Edit::State { conversation, open: ticket.closed.is_some() || ticket.resolved.is_some() },
        5 => Edit::Title { conversation, text: "Something else".into() },
        6 => Edit::Untag { conversation, name: BATCH.into() },
        7 => Edit::Author { conversation, message, admin: ADMIN.parse().unwrap() },
        _ => Edit::Delete { conversation },
    }
}

#[tokio::test]
async fn every_edit_anywhere_in_a_generated_help_desk_is_noticed() {
    let desk = Desk::with(|knobs| knobs.rate_limit = 1_000_000);
    desk.advance(1_798_761_600 - NOW);
    let dataset = generate(5, 70);
    let loaded = load(&desk, &dataset).await;
    let total =
        |verdict: &Verdict| verdict.lost + verdict.doubled + verdict.out_of_order + verdict.field_differences;
    let mut before = 0;
    let mut edits = 0;
    // Threads with an opening message by the customer and more behind it.
    let plain = |ticket: &&Ticket| {
        let first =
            ticket.messages.first().map(|m| &m.author).or(ticket.chat.first().map(|line| &line.author));
        let own = first.is_some_and(|author| author.id == ticket.contact && ticket.contact.is_some());
        let short = ticket.messages.len() + ticket.chat.len() < 30;
        own && short
            && ticket.messages.len() + ticket.chat.len() > 1
            && ticket.calls.is_empty()
            && ticket.messages.iter().all(|m| !m.body.text().trim().is_empty() && m.attachments.is_empty())
            && ticket.chat.iter().all(|line| line.attachments.is_empty())
    };
    for (number, ticket) in dataset.tickets.iter().filter(plain).enumerate() {
        let Some(conversation) = loaded.conversations.get(&ticket.id) else { continue };
        if matches!(ticket.status, migrate_sandbox::dataset::Status::OnHold) && number % 9 == 4 {
            continue;
        }
        let edit = some_edit(number, ticket, conversation.clone());
        desk.intercom.edit(&edit).unwrap();
        let after = total(&judge(&dataset, &desk.intercom, &loaded.explained, &options()));
        assert!(after > before, "{edit:?} was not noticed");
        (before, edits) = (after, edits + 1);
    }
    assert!(edits >= 18, "{edits}");
}
