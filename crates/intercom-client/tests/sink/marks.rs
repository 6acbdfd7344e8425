//! Marks of batches, and lists of what people made.

use super::rig::Run;
use super::{contact, ticket, workspace};
use mapping_core::{End, Sink};
use migrate_sandbox::intercom::Seed;

#[tokio::test]
async fn every_batch_of_any_migration_is_found_by_its_tag_with_the_number_of_its_threads() {
    let intercom = workspace();
    intercom.seed(Seed { tags: vec!["vip".into(), "Migration: older".into()], ..Seed::default() });
    let mut run = Run::new(&intercom).await;
    run.mark("batch 1").await;
    run.put(contact()).await;
    for id in ["1", "2"] {
        assert_eq!(run.put(ticket(id, &["a"])).await, End::Done);
    }
    run.look_again().await;
    let calls = intercom.journal().total.calls;
    let marks = run.sink.marked(&run.catalog).await.unwrap();
    let mut told: Vec<_> = marks.iter().map(|m| (m.label.as_str(), m.records, m.example.is_some())).collect();
    told.sort_unstable();
    assert_eq!(told, [("batch 1", 2, true), ("older", 0, false)]);
    assert_eq!(intercom.journal().total.calls - calls, 2, "one call a mark");
}

#[tokio::test]
async fn teams_are_listed_as_drafts_and_a_kind_that_nobody_shows_is_none() {
    let intercom = workspace();
    let run = Run::new(&intercom).await;
    let teams = run.sink.list("team").await.unwrap().unwrap();
    assert_eq!(teams.iter().map(|t| t.draft.text("name")).collect::<Vec<_>>(), ["Billing"]);
    assert_eq!(teams[0].draft.field("members").items().len(), 1);
    assert!(run.sink.list("sla_policy").await.unwrap().is_none());
}
