//! What waits until every record is through the first pass, and the sums of each phase and pass.

use crate::desk::{TICKETS, World, records};
use mapping_core::SourceRef;
use migrate_engine::{ApplyOptions, RollbackOptions, apply, report, rollback};

fn ticket(n: usize) -> SourceRef {
    SourceRef::new("ticket", n.to_string())
}

#[tokio::test]
async fn no_thread_is_closed_before_every_thread_is_written_and_open_ones_cost_nothing_more() {
    let world = World::new();
    let (run, plan) = world.planned().await;
    let later = &plan.kinds["conversation"].later[&1];
    assert_eq!((later.drafts, later.calls), (TICKETS as u64 / 2, TICKETS as u64 / 2));
    let applied = world.apply(&run).await.unwrap();
    let asked = world.desk.asked.lock().unwrap().clone();
    let first = asked.iter().position(|(op, _)| op == "thread.close").unwrap();
    assert!(asked[first..].iter().all(|(op, _)| op == "thread.close"), "{asked:?}");
    assert_eq!(asked.len() - first, TICKETS / 2);
    let names: Vec<&str> = applied.phases.iter().map(|p| p.kind.as_str()).collect();
    assert_eq!(names.last(), Some(&"conversation (pass 2)"), "{names:?}");
    let second = applied.phases.last().unwrap();
    assert_eq!((second.planned, second.applied), (TICKETS as u64 / 2, TICKETS as u64 / 2));
    assert!(applied.phases.iter().all(|p| p.agrees() && p.open == 0));
    assert_eq!(applied.applied(), TICKETS as u64 + 3, "threads, two contacts and the mark");
    let page = std::fs::read_to_string(report(&run, &world.ctx()).unwrap().html).unwrap();
    assert!(
        page.contains("11 objects, each bar one kind"),
        "those of the second pass are some of the first's"
    );
}

#[tokio::test]
async fn a_record_refused_in_the_second_pass_is_in_the_quarantine_once_and_is_taken_back_whole() {
    let world = World::new();
    let (run, _) = world.planned().await;
    *world.desk.refuses.lock().unwrap() = Some(ticket(2));
    let applied = world.apply(&run).await.unwrap();
    assert_eq!((applied.exit.code(), applied.quarantined()), (3, 1), "{applied:#?}");
    let second = applied.phases.last().unwrap();
    assert_eq!((second.quarantined, second.applied), (1, TICKETS as u64 / 2 - 1));
    assert_eq!(applied.applied(), TICKETS as u64 + 2);
    let sum = applied.tickets.iter().find(|t| t.name == "status=closed").unwrap();
    assert_eq!((sum.planned, sum.applied, sum.quarantined), (4, 3, 1), "{:#?}", applied.tickets);

    *world.desk.refuses.lock().unwrap() = None;
    let again = ApplyOptions::default().retry_quarantined();
    let again = apply(&run, &world.desk, &again, &world.ctx()).await.unwrap();
    assert_eq!((again.exit.code(), again.applied()), (0, 2), "the thread and the mark: {again:#?}");
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    for batch in [again.batch, applied.batch] {
        let back = RollbackOptions::default().batch(batch).confirm("Acme desk");
        rollback(&run, &world.desk, &back, &world.ctx()).await.unwrap();
    }
    assert_eq!(world.count("conversation"), 0);
}

#[tokio::test]
async fn a_load_killed_between_the_passes_can_be_taken_back() {
    let mut between = 0;
    for nth in (20..60).step_by(3) {
        let world = World::with(records(4));
        let (run, _) = world.planned().await;
        let start = world.server.objects();
        world.wire.crash_at(nth);
        let _ = world.apply(&run).await;
        drop(run);
        if !world.wire.is_dead() {
            break;
        }
        world.wire.restart();
        let run = world.open();
        between += usize::from(world.desk.asked.lock().unwrap().iter().any(|(op, _)| op == "thread.close"));
        let back = world.roll_back(&run).await.unwrap();
        assert_eq!((back.exit.code(), back.kept_count), (0, 0), "boundary {nth}: {back:#?}");
        assert_eq!(world.server.objects(), start, "boundary {nth}");
    }
    assert!(between > 0, "no run died in the second pass");
}

#[tokio::test]
async fn what_a_write_could_not_keep_is_filed_once_also_when_the_load_is_killed_and_goes_on() {
    for nth in [25, 33, 41] {
        let world = World::with(records(4));
        let (run, _) = world.planned().await;
        world.desk.lossy.store(true, std::sync::atomic::Ordering::SeqCst);
        world.wire.crash_at(nth);
        let _ = world.apply(&run).await;
        drop(run);
        world.wire.restart();
        let run = world.open();
        let applied = world.apply(&run).await.unwrap();
        let mut lost: Vec<_> = applied.lost.iter().map(|l| (l.record.clone(), l.field.as_str())).collect();
        let filed = lost.len();
        lost.sort();
        lost.dedup();
        assert_eq!(
            (filed, applied.losses["defaulted"]),
            (lost.len(), lost.len() as u64),
            "{:?}",
            applied.lost
        );
        // A call that was settled by reading has no answer that says what it could not keep.
        assert!((3..=4).contains(&filed), "boundary {nth}: {lost:?}");
    }
}

#[tokio::test]
async fn the_tickets_are_counted_by_channel_queue_status_and_month_and_a_lost_one_ends_the_load_with_10() {
    let world = World::new();
    let (run, plan) = world.planned().await;
    for name in ["channel=email", "queue=none", "status=open", "month=2024-03"] {
        assert!(plan.tickets[name].agrees(), "{name}: {:?}", plan.tickets);
    }
    assert_eq!(plan.tickets["status=open"].planned, TICKETS as u64 / 2);
    // Stopped before its first write, and a member of the batch vanishes from the ledger.
    world.desk.down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 5);
    world.desk.down.store(false, std::sync::atomic::Ordering::SeqCst);
    drop(run);
    let db = rusqlite::Connection::open(world.path().join("run.db")).unwrap();
    assert_eq!(db.execute("DELETE FROM member WHERE record = 'ticket:3'", []).unwrap(), 1);
    drop(db);
    let run = world.open();
    let failed = world.apply(&run).await.unwrap_err();
    assert_eq!(failed.exit.code(), 10, "{failed}");
    assert!(failed.details.iter().any(|d| d.contains("status=open")), "{:?}", failed.details);
    assert!(
        world.desk.asked.lock().unwrap().iter().all(|(op, _)| op != "thread.close"),
        "nothing more was written"
    );
}
