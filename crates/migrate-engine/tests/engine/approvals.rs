//! Who said yes to what, and what is refused until somebody did.

use crate::desk::{TICKETS, World};
use migrate_engine::store::Approval;
use migrate_engine::{ApplyOptions, ApproveOptions, apply, approve, provision};

async fn unapproved(world: &World) -> migrate_engine::Run {
    let run = world.init();
    world.extract(&run).await;
    migrate_engine::map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    provision(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    world.plan(&run).await.unwrap();
    run
}

#[tokio::test]
async fn nothing_is_written_before_a_person_took_note_of_each_thing_the_map_names() {
    let world = World::new();
    let run = unapproved(&world).await;
    let start = world.server.objects();
    let refused = world.apply(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9, "{refused}");
    let open = refused.details.len();
    assert!(open >= 4 && refused.details[0].starts_with("workflows:"), "{:?}", refused.details);

    let one = ApproveOptions::by("Ada Operator").acknowledge("workflows");
    let standing = approve(&run, &one, &world.ctx()).await.unwrap();
    assert_eq!(standing.open().count(), open - 1);
    let refused = world.apply(&run).await.unwrap_err();
    assert_eq!((refused.exit.code(), refused.details.len()), (9, open - 1));
    assert_eq!(world.server.objects(), start);

    approve(&run, &ApproveOptions::by("Bob").acknowledge_all(), &world.ctx()).await.unwrap();
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
    let chain = migrate_engine::report(&run, &world.ctx()).unwrap().report.approvals;
    let digest = run.ledger().plan().unwrap().unwrap().digest;
    let named = |line: &&String| {
        line.contains("workflows") && line.contains("Ada Operator") && line.contains(&digest)
    };
    assert!(chain.iter().any(|line| named(&line)), "{chain:?}");
}

#[tokio::test]
async fn another_line_of_the_chain_that_ends_alike_is_no_acknowledgement_on_the_page() {
    let world = World::new();
    let run = unapproved(&world).await;
    approve(&run, &ApproveOptions::by("Bob").acknowledge("csat"), &world.ctx()).await.unwrap();
    let at = mapping_core::Clock::now(&world.timer);
    let what = "differences of ticket:3 accepted: known: workflows".to_owned();
    let line = Approval { what, hash: String::new(), who: "Bob".to_owned(), at };
    run.ledger().approve(line).await.unwrap();
    let page = migrate_engine::report(&run, &world.ctx()).unwrap().html;
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("To be acknowledged by name: workflows"), "apply refuses without it");
    assert!(!page.contains("To be acknowledged by name: csat"));
}

#[tokio::test]
async fn what_was_taken_note_of_holds_for_a_new_plan_and_the_approval_of_the_plan_does_not() {
    let world = World::new();
    drop(world.init());
    let settings = world.path().join("migration.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, text.replace("plan = false", "plan = true")).unwrap();
    let (run, _) = world.planned_in(world.open()).await;
    std::fs::write(world.path().join("skip.csv"), "record,reason\nticket:3,not wanted\n").unwrap();
    let plan = world.plan(&run).await.unwrap();
    assert!(plan.to_approve.iter().any(|b| b.contains("nobody has approved")), "{:?}", plan.to_approve);
    let refused = world.apply(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9);
    assert!(refused.to_string().contains("approved this plan"), "{refused}");
    assert_eq!(world.count("conversation"), 0);
    let approved = ApplyOptions::default().approved_by("Ada Operator");
    assert_eq!(apply(&run, &world.desk, &approved, &world.ctx()).await.unwrap().exit.code(), 0);
    assert_eq!(world.count("conversation"), TICKETS - 1);
}

#[tokio::test]
async fn a_name_that_is_missing_and_a_thing_that_the_map_does_not_name_are_wrong_usage() {
    let world = World::new();
    let run = unapproved(&world).await;
    assert_eq!(approve(&run, &ApproveOptions::by(" "), &world.ctx()).await.unwrap_err().exit.code(), 2);
    let other = ApproveOptions::by("Ada").acknowledge("no-such-thing");
    let refused = approve(&run, &other, &world.ctx()).await.unwrap_err();
    assert_eq!(refused.exit.code(), 2);
    assert!(refused.details.contains(&"workflows".to_owned()));
    assert!(run.ledger().approvals().unwrap().is_empty());
}

#[tokio::test]
async fn a_destination_that_another_run_directory_has_loaded_is_refused_with_9_and_nothing_is_written() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    drop(run);
    let loaded = world.server.objects();

    let second = World { dir: tempfile::tempdir().unwrap(), ..world };
    let (run, plan) = second.planned().await;
    assert!(plan.blockers.iter().any(|b| b.contains("acme-batch-2")), "{:?}", plan.blockers);
    let refused = second.apply(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9, "{refused}");
    assert_eq!(second.server.objects(), loaded);
    assert!(
        run.ledger().batches().unwrap().iter().all(|b| !b.label.contains("-batch-")),
        "no batch was begun"
    );
}

#[tokio::test]
async fn this_runs_own_pilot_is_no_obstacle() {
    let world = World::new();
    let (run, _) = world.planned().await;
    let pilot = ApplyOptions::default().pilot(3);
    assert_eq!(apply(&run, &world.desk, &pilot, &world.ctx()).await.unwrap().exit.code(), 0);
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}
