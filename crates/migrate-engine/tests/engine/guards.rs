//! What is refused, with which code.

use crate::desk::{TICKETS, World};
use mapping_core::testkit::MemoryObject;
use mapping_core::{Clock, Value};
use migrate_engine::{
    ApplyOptions, Ctx, Event, ProvisionOptions, RollbackOptions, Run, apply, map, provision, rollback,
};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_plan_is_stale_when_an_entry_it_relies_on_changed_and_not_for_an_unrelated_tag() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.server.plant(MemoryObject { key: Some("unrelated".into()), ..MemoryObject::new("", "tag") });
    let name = "focalscope_ticket_id__c";
    let named = |o: &MemoryObject| o.fields.get("name") == Some(&Value::text(name));
    let attribute = world.server.objects().into_iter().find(named).unwrap();
    let data_type = attribute.fields["data_type"].clone();
    world.server.touch(&attribute.id, |o| {
        o.fields.insert("data_type".to_owned(), Value::text("decimal"));
    });
    let stale = world.apply(&run).await.unwrap_err();
    assert_eq!(stale.exit.code(), 6);
    assert_eq!(stale.details, [format!("conversation_attribute/{name}: it was changed")]);
    assert_eq!(world.count("conversation"), 0);
    world.server.touch(&attribute.id, |o| {
        o.fields.insert("data_type".to_owned(), data_type);
    });
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
}

#[tokio::test]
async fn a_plan_is_stale_when_a_person_changes_a_list_and_says_which_line() {
    let world = World::new();
    let (run, _) = world.planned().await;
    let file = run.dir().join("mapping/agents.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let admin = world.server.objects().into_iter().find(|o| o.kind == "admin").unwrap().id;
    let edited = text.lines().map(|line| match line.starts_with("agent:2") {
        true => format!("agent:2,Bob,bob@example.test,{admin},Ada,she took over,high,Carol"),
        false => line.to_owned(),
    });
    std::fs::write(&file, edited.collect::<Vec<_>>().join("\n")).unwrap();
    let stale = world.apply(&run).await.unwrap_err();
    assert_eq!((stale.exit.code(), stale.details), (6, vec!["mapping/agents.csv: agent:2".to_owned()]));
    // The next proposal leaves the person's line alone.
    let report = map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    assert_eq!(report.agents.by_person, 1);
    assert!(std::fs::read_to_string(&file).unwrap().contains("she took over"));
}

#[tokio::test]
async fn a_comment_in_the_map_makes_no_plan_stale() {
    let world = World::new();
    let (run, _) = world.planned().await;
    std::fs::write(run.dir().join("mapping.toml"), "# nothing but a remark\n").unwrap();
    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
}

#[tokio::test]
async fn plan_refuses_before_the_schema_is_there_and_lists_what_is_missing() {
    let world = World::new();
    let run = world.init();
    world.extract(&run).await;
    let refused = world.plan(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9);
    assert!(
        refused.details.iter().any(|d| d.starts_with("conversation_attribute:")),
        "{:?}",
        refused.details
    );
    let objects = world.server.objects();
    let dry = provision(&run, &world.desk, &ProvisionOptions::dry_run(), &world.ctx()).await.unwrap();
    assert_eq!(dry.entries.iter().filter(|e| !e.done).count(), refused.details.len());
    assert_eq!(world.server.objects(), objects, "a dry run writes nothing");
}

#[tokio::test]
async fn provision_creates_once_and_finds_it_all_there_the_second_time() {
    let world = World::new();
    let (run, _) = world.planned().await;
    let objects = world.server.objects();
    let again = provision(&run, &world.desk, &ProvisionOptions::default(), &world.ctx()).await.unwrap();
    assert!(again.entries.iter().all(|e| e.action == migrate_engine::Action::Exists), "{again:?}");
    assert_eq!(world.server.objects(), objects);
}

#[tokio::test]
async fn a_rollback_needs_the_name_of_the_destination() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.apply(&run).await.unwrap();
    let options = RollbackOptions::default().confirm("acme");
    let refused = rollback(&run, &world.desk, &options, &world.ctx()).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn a_destination_out_of_reach_stops_apply_with_5_and_the_same_command_goes_on() {
    let world = World::new();
    let (run, _) = world.planned().await;
    world.desk.down.store(true, Ordering::SeqCst);
    let began = world.timer.now();
    let stopped = world.apply(&run).await.unwrap();
    assert_eq!(stopped.exit.code(), 5, "{stopped:#?}");
    assert!(world.timer.now().duration_since(began).as_secs() >= 600, "it hopes for a while");
    world.desk.down.store(false, Ordering::SeqCst);
    let resumed = world.apply(&run).await.unwrap();
    assert_eq!((resumed.exit.code(), resumed.resumed), (0, true));
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn an_interruption_ends_with_130_and_the_same_command_goes_on() {
    let world = World::new();
    drop(world.planned().await);
    let settings = world.path().join("migration.toml");
    let text = std::fs::read_to_string(&settings).unwrap().replace("workers = 8", "workers = 2");
    std::fs::write(&settings, text).unwrap();
    let run = world.open();
    let cancel = migrate_engine::Cancel::new();
    let stopping = cancel.clone();
    let observer = move |event: Event| {
        if matches!(&event, Event::Progress { phase, done: 2, .. } if phase == "apply conversation") {
            stopping.cancel();
        }
    };
    let ctx = Ctx::new(&world.timer, &observer, &cancel);
    let stopped = apply(&run, &world.desk, &ApplyOptions::default(), &ctx).await.unwrap();
    assert_eq!(stopped.exit.code(), 130, "{stopped:#?}");
    assert!(world.count("conversation") < TICKETS || stopped.phases.iter().any(|p| p.open > 0));
    let refused =
        apply(&run, &world.desk, &ApplyOptions::default().pilot(2), &world.ctx()).await.unwrap_err();
    assert_eq!(refused.exit.code(), 9, "another command doesn't go on with it");
    let resumed = world.apply(&run).await.unwrap();
    assert_eq!((resumed.exit.code(), resumed.batch), (0, stopped.batch));
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn apply_without_a_plan_and_a_directory_without_a_run_are_wrong_usage() {
    let world = World::new();
    let run = world.init();
    world.extract(&run).await;
    assert_eq!(world.apply(&run).await.unwrap_err().exit.code(), 2);
    assert_eq!(Run::open(world.dir.path()).unwrap_err().exit.code(), 2);
}

#[tokio::test]
async fn a_database_of_another_version_or_none_at_all_is_refused_with_8() {
    let world = World::new();
    drop(world.init());
    std::fs::write(world.path().join("run.db"), "this is no database. ".repeat(500)).unwrap();
    let _ = std::fs::remove_file(world.path().join("run.db-wal"));
    let _ = std::fs::remove_file(world.path().join("run.db-shm"));
    assert_eq!(Run::open(world.path()).unwrap_err().exit.code(), 8);
}

#[tokio::test]
async fn a_mapping_with_an_unknown_key_is_wrong_usage_and_leaves_a_usable_directory() {
    let world = World::new();
    let run = world.init();
    world.extract(&run).await;
    std::fs::write(run.dir().join("mapping.toml"), "no_such_key = 1\n").unwrap();
    let refused = map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap_err();
    assert_eq!(refused.exit.code(), 2, "{refused}");
    std::fs::write(run.dir().join("mapping.toml"), "").unwrap();
    map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
}

#[tokio::test]
async fn what_no_call_can_make_is_described_for_a_person_and_found_once_the_person_made_it() {
    let world = World::new();
    let run = world.init();
    world.extract(&run).await;
    map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    let name = "channel_source__c";
    *world.desk.by_hand.lock().unwrap() = Some(name.to_owned());
    let made = provision(&run, &world.desk, &ProvisionOptions::default(), &world.ctx()).await.unwrap();
    assert_eq!(made.exit.code(), 3);
    let open: Vec<_> = made.by_hand().collect();
    assert_eq!(open.len(), 1, "{made:#?}");
    assert!(open[0].todo.contains(name) && open[0].todo.contains("options: "), "{}", open[0].todo);
    let check =
        || async { provision(&run, &world.desk, &ProvisionOptions::check(), &world.ctx()).await.unwrap() };
    let objects = world.server.objects();
    let checked = check().await;
    assert_eq!((checked.exit.code(), checked.entries.len() - checked.there()), (3, 1));
    assert_eq!(world.server.objects(), objects, "a check writes nothing");

    let mut object = MemoryObject::new("", "conversation_attribute");
    let options = open[0].todo.split("options: ").nth(1).unwrap().split("; ").next().unwrap();
    let options = options.split(", ").map(Value::text).collect();
    object.fields.insert("name".to_owned(), Value::text(name));
    object.fields.insert("data_type".to_owned(), Value::text("list"));
    object.fields.insert("options".to_owned(), Value::List(options));
    world.server.plant(object);
    let checked = check().await;
    assert_eq!(checked.exit.code(), 0, "{checked:#?}");
}
