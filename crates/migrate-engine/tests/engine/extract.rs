//! Extract: resumed at every page, proved complete.

use crate::desk::{TICKETS, World, messages_of, records};
use jiff::SignedDuration;
use mapping_core::model::Record;
use mapping_core::testkit::MemorySource;
use mapping_core::{Clock, SourceRef};
use migrate_engine::{Ctx, Event, ExtractOptions, Run, extract};
use std::sync::atomic::{AtomicU64, Ordering};

#[tokio::test]
async fn extract_stopped_after_every_page_reads_the_same_as_in_one_go() {
    let whole = World::new();
    let expected = whole.extract(&whole.init()).await;
    let messages: usize = (0..TICKETS).map(messages_of).sum();
    assert_eq!(expected.kinds["message"].staged, messages as u64);
    assert_eq!(expected.exit.code(), 0, "{expected:?}");

    let world = World::new();
    drop(world.init());
    let mut stops = 0;
    loop {
        let run = world.open();
        let cancel = migrate_engine::Cancel::new();
        let stopping = cancel.clone();
        let pages = AtomicU64::new(0);
        let observer = move |event: Event| {
            // Stops at the first page of each process.
            if matches!(event, Event::Progress { .. }) && pages.fetch_add(1, Ordering::SeqCst) == 0 {
                stopping.cancel();
            }
        };
        let ctx = Ctx::new(&world.timer, &observer, &cancel);
        let report = extract(&run, &world.source, &ExtractOptions::default(), &ctx).await.unwrap();
        if report.exit.code() == 0 {
            let pages = |r: &migrate_engine::ExtractReport| r.kinds.clone();
            assert_eq!(pages(&report), pages(&expected));
            break;
        }
        assert_eq!(report.exit.code(), 130);
        stops += 1;
        assert!(stops < 100, "it gets on");
    }
    assert!(stops > 5, "{stops}");
}

#[tokio::test]
async fn a_stream_that_breaks_inside_a_page_is_taken_up_at_its_last_mark() {
    let mut world = World::new();
    world.source = MemorySource::new(records(TICKETS), 3).failing_in(1, 2);
    let run = world.init();
    let before = world.timer.now();
    let report = world.extract(&run).await;
    assert_eq!(report.exit.code(), 0, "{report:?}");
    assert_eq!(report.kinds["ticket"].staged, TICKETS as u64);
    assert!(report.kinds.values().all(|k| k.repeated == 0), "an unfinished page doesn't count");
    assert!(world.timer.now() >= before + SignedDuration::from_secs(5), "it waits before it asks again");
}

#[tokio::test]
async fn a_stream_that_keeps_breaking_stops_the_extract_and_what_was_read_stays() {
    let mut world = World::new();
    world.source = MemorySource::new(records(TICKETS), 3).failing_in(1, 1_000);
    let run = world.init();
    let report = world.extract(&run).await;
    assert_eq!(report.exit.code(), 5);
    assert_eq!(run.stage().counts().unwrap()["contact"], 3, "one page of the four");
    assert!(report.stopped.is_some());
}

#[tokio::test]
async fn a_message_that_is_missing_blocks_until_a_person_accepts_it() {
    let mut world = World::new();
    let mut all = records(TICKETS);
    all.retain(|r| r.key() != SourceRef::new("message", "2-1"));
    world.source = MemorySource::new(all, 3);
    let run = world.init();
    let report = world.extract(&run).await;
    assert_eq!(report.exit.code(), 10);
    assert_eq!(report.shortfalls[0].examples, [SourceRef::new("ticket", "2")]);
    let refused = world.plan(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 10);
    let options = ExtractOptions::default().accept_shortfall("Ada");
    let accepted = extract(&run, &world.source, &options, &world.ctx()).await.unwrap();
    assert_eq!((accepted.exit.code(), accepted.accepted_by.as_deref()), (0, Some("Ada")));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_counted_and_listed_never_missing() {
    let mut world = World::new();
    world.source = MemorySource::new(records(TICKETS), 3)
        .with_bad(SourceRef::new("contact", "4"), "no name in the element")
        .with_unmapped("ticket", "Ticket/Mood", 7);
    let (_run, plan) = world.planned().await;
    assert_eq!(plan.sums["contact"].quarantined, 1);
    assert!(plan.sums.values().all(migrate_engine::KindSum::agrees), "{:?}", plan.sums);
    assert_eq!(plan.exit.code(), 3);
}

#[tokio::test]
async fn children_of_a_ticket_that_never_came_go_to_the_quarantine() {
    let mut world = World::new();
    let mut all = records(TICKETS);
    all.retain(|r| r.key() != SourceRef::new("ticket", "1"));
    world.source = MemorySource::new(all, 3);
    let (run, plan) = world.planned().await;
    assert_eq!(plan.sums["message"].quarantined, messages_of(1) as u64, "{:?}", plan.sums);
    let listed = run.ledger().quarantined(10).unwrap();
    assert!(listed.iter().all(|q| q.why.contains("belongs to a ticket")), "{listed:?}");
}

#[tokio::test]
async fn a_page_that_comes_twice_counts_once() {
    let mut world = World::new();
    let mut all = records(TICKETS);
    let again: Vec<Record> = all.iter().filter(|r| r.key().kind == "ticket").take(2).cloned().collect();
    all.extend(again);
    world.source = MemorySource::new(all, 3);
    let run = world.init();
    let report = world.extract(&run).await;
    assert_eq!((report.kinds["ticket"].staged, report.kinds["ticket"].repeated), (TICKETS as u64, 2));
}

#[tokio::test]
async fn a_run_directory_is_for_its_owner_only() {
    let world = World::new();
    let run = world.init();
    world.extract(&run).await;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(run.dir().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(std::fs::metadata(run.dir()).unwrap().permissions().mode() & 0o777, 0o700);
        for file in ["migration.toml", "run.db", "run.db-wal", "mapping.toml", "reports/extract.json"] {
            assert_eq!(mode(file), 0o600, "{file}");
        }
        assert_eq!(mode("files"), 0o700);
    }
    let locked = Run::open(world.path()).unwrap_err();
    assert_eq!(locked.exit.code(), 8);
}
