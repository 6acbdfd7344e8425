//! What can't be moved: counted, listed with its reason, tried again.

use crate::desk::{TICKETS, World, records};
use mapping_core::SourceRef;
use mapping_core::model::{Attachment, Extra, Record};
use mapping_core::testkit::{MemoryBlobs, MemorySource};
use migrate_engine::{ApplyOptions, Exit, KindSum, apply, doctor};

/// A file on a message, larger than the in-memory platform takes.
fn with_large_file(message: &str) -> MemorySource {
    let store = MemoryBlobs::new();
    let blob = store.add("large.bin", "application/octet-stream", vec![7; 5_000]);
    let ticket = message.split('-').next().unwrap();
    let file = Attachment {
        id: "f1".into(),
        ticket: Some(ticket.into()),
        message: Some(message.into()),
        name: "large.bin".into(),
        mime: "application/octet-stream".into(),
        declared_size: Some(5_000),
        blob: None,
        chat_line: None,
        content_id: None,
        inline: false,
        extra: Extra::new(),
    };
    let mut all = records(TICKETS);
    all.push(Record::from(file));
    MemorySource::new(all, 3).with_file(SourceRef::new("attachment", "f1"), blob, store)
}

#[tokio::test]
async fn a_record_that_the_destination_refuses_goes_to_the_quarantine_and_the_rest_goes_on() {
    let mut world = World::new();
    world.source = with_large_file("5-1");
    let (run, plan) = world.planned().await;
    assert_eq!(plan.kinds["conversation"].files, 1, "the file's bytes were fetched");
    let applied = world.apply(&run).await.unwrap();
    assert_eq!(applied.exit, Exit::Incomplete);
    let conversations = applied.phases.iter().find(|p| p.kind == "conversation").unwrap();
    assert_eq!((conversations.applied, conversations.quarantined), (TICKETS as u64 - 1, 1));
    assert!(applied.phases.iter().all(migrate_engine::PhaseSum::agrees));
    let listed = run.ledger().quarantined(10).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].record, listed[0].phase.as_str()), (&SourceRef::new("ticket", "5"), "apply"));
    assert!(!listed[0].why.is_empty() && !listed[0].todo.is_empty());

    // Half of it is there, so it isn't begun anew by itself, and it can be taken back.
    let again = world.apply(&run).await.unwrap();
    assert_eq!(again.phases.iter().filter(|p| p.kind == "conversation").count(), 0, "{again:#?}");
    let retry = ApplyOptions::default().retry_quarantined();
    let retried = apply(&run, &world.desk, &retry, &world.ctx()).await.unwrap();
    let conversations = retried.phases.iter().find(|p| p.kind == "conversation").unwrap();
    assert_eq!((conversations.planned, conversations.quarantined), (1, 1));
    let halves = world.server.objects().into_iter().filter(|o| o.kind == "conversation");
    assert_eq!(halves.count(), TICKETS, "the retry goes on with the same conversation");
    for _ in 0..3 {
        world.roll_back(&run).await.unwrap();
    }
    assert_eq!(
        world.count("conversation"),
        0,
        "the half conversation goes with the batch that went on with it"
    );
}

#[tokio::test]
async fn a_ticket_whose_contact_is_left_out_is_put_aside_while_planning() {
    let world = World::new();
    let run = world.init();
    std::fs::write(run.dir().join("skip.csv"), "record,reason\ncontact:3,asked to be forgotten\n").unwrap();
    let (run, plan) = world.planned_in(run).await;
    let listed = run.ledger().quarantined(100).unwrap();
    assert!(!listed.is_empty());
    assert!(listed.iter().all(|q| q.why.contains("contact:3")), "{listed:?}");
    assert_eq!(plan.sums["ticket"].quarantined, listed.len() as u64);
    assert!(plan.sums.values().all(KindSum::agrees), "{:?}", plan.sums);
    let applied = world.apply(&run).await.unwrap();
    assert_eq!(applied.exit, Exit::Done, "the rest moves: {applied:#?}");
    assert_eq!(world.count("conversation"), TICKETS - listed.len());
}

#[tokio::test]
async fn what_skip_csv_and_the_filters_leave_out_is_counted() {
    let world = World::new();
    let run = world.init();
    std::fs::write(run.dir().join("skip.csv"), "record,reason\nticket:0,on hold\n").unwrap();
    drop(run);
    let settings = world.path().join("migration.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    // Ticket n is 10 n hours behind the first of March: 5, 6 and 7 are from the third day on.
    let text = text.replace("# created_before = 2026-01-01", "created_before = 2024-03-03");
    std::fs::write(&settings, text).unwrap();
    let (run, plan) = world.planned_in(world.open()).await;
    assert_eq!((plan.sums["ticket"].skipped, plan.sums["ticket"].planned), (5, 3), "{:?}", plan.sums);
    assert!(plan.sums.values().all(KindSum::agrees), "{:?}", plan.sums);
    let by_rule = run.ledger().skipped().unwrap();
    assert_eq!(by_rule[&("ticket".to_owned(), "skip.csv: on hold".to_owned())], 1);
}

#[tokio::test]
async fn a_ticket_without_a_contact_moves_with_a_stand_in() {
    let mut world = World::new();
    let mut all = records(TICKETS);
    for record in &mut all {
        match record {
            Record::Ticket(t) if t.id.as_str() == "0" => t.contact = None,
            Record::Message(m) if m.ticket.as_str() == "0" => m.author.contact = None,
            _ => {}
        }
    }
    world.source = MemorySource::new(all, 3);
    let (run, plan) = world.planned().await;
    assert_eq!(plan.exit, Exit::Done, "{plan:#?}");
    assert_eq!(plan.kinds["contact"].drafts, 3);
    assert_eq!(world.apply(&run).await.unwrap().exit, Exit::Done);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    assert_eq!(world.verify(&run).await.exit, Exit::Done);
}

#[tokio::test]
async fn doctor_looks_at_each_side_that_it_is_given() {
    let world = World::new();
    let run = world.init();
    let both = doctor(&run, Some(&world.source), Some(&world.desk), Vec::new(), &world.ctx()).await.unwrap();
    assert_eq!(both.exit, Exit::Done);
    assert_eq!(both.destination.unwrap().account, "Acme desk");
    assert_eq!(both.source.unwrap().counts["ticket"], TICKETS as u64);
    world.wire.faults(1, 0, 100);
    let down = doctor(&run, Some(&world.source), Some(&world.desk), Vec::new(), &world.ctx()).await.unwrap();
    assert_eq!((down.exit, down.destination.is_none(), down.source.is_some()), (Exit::Error, true, true));
    assert!(down.findings.iter().any(|f| !f.mend.is_empty()));
}
