//! Office hours.

use super::rig::Run;
use super::workspace;
use crate::standin;
use mapping_core::{Draft, End, Sink, SourceRef, Value, diff};
use migrate_sandbox::intercom::{Fault, FaultRule};

fn list(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|t| Value::text(*t)).collect())
}

fn hours(name: &str) -> Draft {
    let mut draft = Draft::new("office_hours", SourceRef::new("working_hours", "1"))
        .with("name", name)
        .with("time_zone", "Europe/Berlin");
    draft.fields.insert("intervals".into(), list(&["540-1020", "1980-2460", "3421-3899"]));
    draft.fields.insert("exceptions".into(), list(&["2026-12-25", "2026-12-26", "someday"]));
    draft
}

#[tokio::test]
async fn hours_arrive_on_the_grid_with_their_days_whatever_answer_is_lost_and_go_again() {
    for (endpoint, nth) in [
        ("/none", 1),
        ("/office_hours_schedules", 1),
        ("/office_hours_schedules/{id}/office_hours_exceptions", 1),
        ("/office_hours_schedules/{id}/office_hours_exceptions", 2),
    ] {
        let intercom = workspace();
        intercom.turn(|k| {
            k.faults = vec![FaultRule::new(Fault::LoseAnswer).on("POST", endpoint).matches([nth])];
        });
        let before = standin::snapshot(&intercom).await;
        let mut run = Run::new(&intercom).await;
        let record = hours("Support").source;
        assert_eq!(run.put(hours("Support")).await, End::Done);
        let read = run.read(&record).await;
        assert_eq!(diff(run.shaped(&record), &read, &run.refs()), [], "{endpoint}");
        assert_eq!(read.draft.field("intervals").items().last(), Some(&Value::text("3420-3900")));
        let listed = run.sink.list("office_hours").await.unwrap().unwrap();
        assert_eq!((listed.len(), listed[0].draft.field("exceptions").items().len()), (1, 2));
        assert_eq!(run.undo(&record).await, End::Done);
        assert_eq!(standin::snapshot(&intercom).await, before);
    }
}

#[tokio::test]
async fn hours_of_the_same_name_are_taken_as_they_are_and_stay() {
    let intercom = workspace();
    let body = serde_json::json!({"name": "support", "time_zone_name": "Europe/Paris",
        "time_intervals": [{"start_minute": 540, "end_minute": 1020}]});
    standin::ask(&intercom, http::Method::POST, "/office_hours_schedules", Some(body)).await;
    let before = standin::snapshot(&intercom).await;
    let mut run = Run::new(&intercom).await;
    let record = hours("Support").source;
    assert_eq!(run.put(hours("Support")).await, End::Done);
    assert_eq!(run.lost_fields(&record), ["exceptions", "intervals", "name", "time_zone"]);
    assert_eq!(run.undo(&record).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn a_day_that_is_added_later_is_written_alone() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    let record = hours("Support").source;
    run.put(hours("Support")).await;
    let calls = intercom.journal().total.applied;
    let mut later = hours("Support");
    later.fields.insert("exceptions".into(), list(&["2026-12-25", "2026-12-26", "2027-01-01"]));
    assert_eq!(run.change(later).await, End::Done);
    assert_eq!(intercom.journal().total.applied - calls, 1);
    assert_eq!(diff(run.shaped(&record), &run.read(&record).await, &run.refs()), []);
}
