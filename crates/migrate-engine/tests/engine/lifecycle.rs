//! A whole run: pilot, rollback, load, verification, rollback.

use crate::desk::{TICKETS, World, carry};
use mapping_core::testkit::MemoryObject;
use mapping_core::{SourceRef, Value};
use migrate_engine::store::Memory;
use migrate_engine::{
    ApplyOptions, InitOptions, RollbackOptions, Run, VerifyOptions, apply, init, report, rollback, status,
    verify,
};
use std::sync::Arc;

#[tokio::test]
async fn a_run_moves_everything_once_and_verify_finds_no_difference() {
    let world = World::new();
    let (run, plan) = world.planned().await;
    assert_eq!(plan.exit.code(), 0, "{plan:#?}");
    assert_eq!(plan.kinds["conversation"].drafts, TICKETS as u64);
    assert_eq!(plan.kinds["contact"].drafts, 2, "two of the three linked contacts share an address");
    assert_eq!(plan.sums["contact"].not_linked, 1);
    let applied = world.apply(&run).await.unwrap();
    assert_eq!(applied.exit.code(), 0, "{applied:#?}");
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    assert_eq!(world.count("contact"), 2);
    let verified = world.verify(&run).await;
    assert_eq!(verified.exit.code(), 0, "{verified:#?}");
    assert!(verified.compared > TICKETS as u64 * 5);
    assert_eq!(verified.equal, verified.compared);
    assert_eq!(status(&run).unwrap().next, "verify, then report");
}

#[tokio::test]
async fn the_stage_and_the_ledger_in_memory_do_the_same_as_those_on_disk() {
    let disk = World::new();
    let (run, plan) = disk.planned().await;
    let pilot = ApplyOptions::default().pilot(3);
    apply(&run, &disk.desk, &pilot, &disk.ctx()).await.unwrap();
    disk.roll_back(&run).await.unwrap();
    let applied = disk.apply(&run).await.unwrap();

    let world = World::new();
    let memory = Arc::new(Memory::new());
    init(&world.path(), &InitOptions::new("acme", "focalscope-to-intercom")).unwrap();
    let run = Run::open_with(world.path(), memory.clone(), memory).unwrap();
    let (run, same_plan) = world.planned_in(run).await;
    assert_eq!((&same_plan.kinds, &same_plan.sums, same_plan.calls), (&plan.kinds, &plan.sums, plan.calls));
    apply(&run, &world.desk, &pilot, &world.ctx()).await.unwrap();
    assert_eq!(world.count("conversation"), 3);
    assert_eq!(world.roll_back(&run).await.unwrap().exit.code(), 0);
    let same = world.apply(&run).await.unwrap();
    assert_eq!((same.exit, &same.phases, same.floor), (applied.exit, &applied.phases, applied.floor));
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    assert_eq!(world.verify(&run).await.exit.code(), 0);
}

#[tokio::test]
async fn a_pilot_is_a_batch_of_its_own_and_its_rollback_reaches_the_start_and_keeps_the_schema() {
    let world = World::new();
    let (run, _) = world.planned().await;
    let before = world.server.objects().len();
    let pilot = apply(&run, &world.desk, &ApplyOptions::default().pilot(3), &world.ctx()).await.unwrap();
    assert_eq!((pilot.exit.code(), pilot.pilot), (0, true), "{pilot:#?}");
    assert_eq!(world.count("conversation"), 3);
    assert!(world.count("contact") >= 1, "contacts come along");
    let shown = rollback(&run, &world.desk, &RollbackOptions::default(), &world.ctx()).await.unwrap();
    assert!(shown.dry_run && shown.planned["conversation"] == 3);
    assert_eq!(world.count("conversation"), 3, "a plan of a rollback writes nothing");
    let undone = world.roll_back(&run).await.unwrap();
    assert_eq!(undone.exit.code(), 0, "{undone:#?}");
    assert_eq!(undone.undone["conversation"], 3);
    assert_eq!(world.server.objects().len(), before, "batch tag, contacts and conversations are gone");

    // What was taken back is moved again, as if for the first time.
    world.plan(&run).await.unwrap();
    let all = world.apply(&run).await.unwrap();
    assert_eq!(all.exit.code(), 0, "{all:#?}");
    assert!(all.batch > pilot.batch);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn after_a_pilot_that_stays_only_the_rest_is_written() {
    let world = World::new();
    let (run, plan) = world.planned().await;
    apply(&run, &world.desk, &ApplyOptions::default().pilot(3), &world.ctx()).await.unwrap();
    let rest = world.apply(&run).await.unwrap();
    assert_eq!(rest.exit.code(), 0, "{rest:#?}");
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    let conversations = rest.phases.iter().find(|p| p.kind == "conversation").unwrap();
    assert_eq!(conversations.planned, TICKETS as u64 - 3);
    let again = world.plan(&run).await.unwrap();
    let contacts = plan.kinds["contact"].drafts;
    assert_eq!(again.applied_before, TICKETS as u64 + contacts);
    assert_eq!(again.kinds["conversation"].drafts, 0);
}

#[tokio::test]
async fn verify_names_record_and_field_of_what_was_changed_behind_its_back() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    let objects = world.server.objects();
    let of = |n: usize| objects.iter().find(|o| o.marker == Some(format!("ticket:{n}"))).unwrap().id.clone();
    world.server.touch(&of(1), |o| {
        o.fields.insert("title".to_owned(), Value::text("another"));
    });
    world.server.touch(&of(2), |o| o.closed = false);
    world.server.touch(&of(5), |o| o.parts.swap(1, 2));
    let verified = world.verify(&run).await;
    assert_eq!(verified.exit.code(), 4);
    let found: Vec<String> =
        verified.differences.iter().map(|d| format!("{} {}", d.record, d.field)).collect();
    assert!(found.contains(&"ticket:1 title".to_owned()), "{found:?}");
    assert!(found.contains(&"ticket:2 state".to_owned()), "{found:?}");
    assert!(found.iter().any(|f| f.starts_with("ticket:5 parts[")), "{found:?}");
    assert!(found.iter().all(|f| ["ticket:1 ", "ticket:2 ", "ticket:5 "].iter().any(|t| f.starts_with(t))));
    assert!(!format!("{verified:?}").contains("another"), "values stay in the database");
}

#[tokio::test]
async fn a_sample_reads_only_some_records() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    let some = verify(&run, &world.desk, &VerifyOptions::default().sample(3), &world.ctx()).await.unwrap();
    let read: u64 = some.records.values().sum();
    assert!((3..=6).contains(&read), "{read}");
}

#[tokio::test]
async fn rollback_keeps_what_was_there_before_and_what_was_edited_since_verify() {
    let world = World::new();
    world.server.plant(MemoryObject {
        key: Some("joe@example.test".to_owned()),
        fields: [("name".to_owned(), Value::text("Joe the old"))].into(),
        ..MemoryObject::new("", "contact")
    });
    let (run, _) = world.planned().await;
    let before = world.server.objects();
    let applied = world.apply(&run).await.unwrap();
    let contacts = applied.phases.iter().find(|p| p.kind == "contact").unwrap();
    assert_eq!((contacts.applied, contacts.matched), (2, 1));
    world.verify(&run).await;
    let edited =
        world.server.objects().into_iter().find(|o| o.marker.as_deref() == Some("ticket:4")).unwrap();
    world.server.touch(&edited.id, |o| {
        o.fields.insert("title".to_owned(), Value::text("an agent wrote this"));
    });
    let undone = world.roll_back(&run).await.unwrap();
    assert_eq!(undone.exit.code(), 3);
    let kept: Vec<&SourceRef> = undone.kept.iter().map(|k| &k.record).collect();
    assert!(kept.contains(&&SourceRef::new("ticket", "4")), "{:?}", undone.kept);
    let after = world.server.objects();
    let left: Vec<String> =
        after.iter().filter(|o| !before.contains(o)).map(|o| o.marker.clone().unwrap_or_default()).collect();
    // The edited conversation, the contact it links to and the mark it carries; the old contact's name is as it was.
    assert_eq!(left, ["contact:1", "ticket:4", "batch:acme-batch-2"]);
}

#[tokio::test]
async fn the_directory_can_be_carried_and_each_half_needs_only_its_own_side() {
    let world = World::new();
    let run = world.init();
    world.desk.down.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(world.extract(&run).await.exit.code(), 0);
    drop(run);
    let elsewhere = world.dir.path().join("elsewhere");
    carry(&world.path(), &elsewhere);
    std::fs::remove_dir_all(world.path()).unwrap();
    world.desk.down.store(false, std::sync::atomic::Ordering::SeqCst);
    let run = Run::open(&elsewhere).unwrap();
    migrate_engine::provision(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    world.plan(&run).await.unwrap();
    world.approve(&run).await;
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
    assert_eq!(world.verify(&run).await.exit.code(), 0);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn the_report_holds_ids_and_sums_and_no_customer_text() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    world.verify(&run).await;
    let made = report(&run, &world.ctx()).unwrap();
    let (json, html) =
        (std::fs::read_to_string(made.json).unwrap(), std::fs::read_to_string(made.html).unwrap());
    for text in ["Subject 1", "text 1.0", "eve@example.test", "Contact 1"] {
        assert!(!json.contains(text) && !html.contains(text), "{text}");
    }
    assert!(html.contains("fields compared"));
    assert_eq!(made.report.apply.len(), 1);
}

#[tokio::test]
async fn the_schema_goes_only_when_it_is_asked_for() {
    let world = World::new();
    let start = world.server.objects();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    let options = RollbackOptions::default().confirm("Acme desk").with_schema();
    let undone = rollback(&run, &world.desk, &options, &world.ctx()).await.unwrap();
    assert_eq!(undone.exit.code(), 0, "{undone:#?}");
    assert_eq!(world.server.objects(), start);
}

#[tokio::test]
async fn a_difference_that_somebody_accepts_by_name_counts_so_until_the_object_changes_again() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    let ticket = SourceRef::new("ticket", "3");
    let target = run.ledger().targets(std::slice::from_ref(&ticket)).unwrap().remove(&ticket).unwrap();
    let edit = |title: &str| {
        world.server.touch(&target.id, |o: &mut MemoryObject| {
            o.fields.insert("title".to_owned(), Value::text(title));
        });
    };
    let accept = |reason: &'static str, by: &'static str| {
        let (run, ticket, world) = (&run, &ticket, &world);
        async move { migrate_engine::accept(run, ticket, reason, by, &world.ctx()).await }
    };
    world.verify(&run).await;
    assert_eq!(accept("as agreed", "Ada").await.unwrap_err().exit.code(), 2, "nothing differs yet");
    edit("Another title");
    let found = world.verify(&run).await;
    assert_eq!((found.exit.code(), found.different, found.accepted), (4, 1, 0));
    assert_eq!(accept("", "Ada").await.unwrap_err().exit.code(), 2);
    accept("as agreed", "Ada").await.unwrap();
    let found = world.verify(&run).await;
    assert_eq!((found.exit.code(), found.different, found.accepted), (0, 1, 1), "{found:#?}");
    assert!(found.differences[0].accepted.as_ref().unwrap().starts_with("Ada, "));
    assert_eq!(found.price.records, found.records.values().sum::<u64>());
    let reported = report(&run, &world.ctx()).unwrap();
    let page = std::fs::read_to_string(&reported.html).unwrap();
    assert!(!page.contains("1 field differs at the destination") && page.contains("(1 accepted by name)"));
    let chain = reported.report.approvals;
    assert!(chain.iter().any(|line| line.contains("ticket:3") && line.contains("Ada")), "{chain:?}");
    edit("A third title");
    assert_eq!(world.verify(&run).await.exit.code(), 4, "it was accepted as it was then");
    world.server.touch(&target.id, |o| o.archived = true);
    assert!(world.verify(&run).await.different > 0);
}
