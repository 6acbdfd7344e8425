//! The suites over the in-memory sink.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use mapping_core::testkit::{
    MemoryRig, SuiteReport, crash_at_every_boundary, delta_writes_only_what_changed,
    lost_and_refused_answers, nothing_changed_writes_nothing, rollback_killed_at_every_boundary,
    rollback_reaches_the_start_state, search_lag, sink_conformance, twins, two_crashes,
};

fn passed(proof: Result<SuiteReport, String>) -> SuiteReport {
    let report = proof.unwrap();
    println!("{report}");
    report
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_a_crash_at_any_boundary() {
    let report = passed(crash_at_every_boundary(&MemoryRig::new()).await);
    assert!(report.crash_points > 200, "{report}");
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_a_second_crash_after_the_first() {
    assert!(passed(two_crashes(&MemoryRig::new(), 11).await).crash_points > 300);
}

#[tokio::test]
async fn lost_answers_and_refused_connections_need_nobodys_help() {
    assert_eq!(passed(lost_and_refused_answers(&MemoryRig::new(), 0..100).await).runs, 100);
}

#[tokio::test]
async fn searches_that_lag_and_writes_that_land_late_make_no_double() {
    assert!(passed(search_lag(&MemoryRig::new()).await).crash_points > 200);
}

#[tokio::test]
async fn records_that_nobody_can_tell_apart_each_get_their_object() {
    assert!(passed(twins(&MemoryRig::new(), 0..100).await).runs > 100);
}

#[tokio::test]
async fn a_rollback_reaches_the_start_state_wherever_the_load_was_killed() {
    assert!(passed(rollback_reaches_the_start_state(&MemoryRig::new()).await).crash_points > 200);
}

#[tokio::test]
async fn a_rollback_killed_anywhere_goes_on_to_the_start_state() {
    assert!(passed(rollback_killed_at_every_boundary(&MemoryRig::new()).await).crash_points > 20);
}

#[tokio::test]
async fn a_delta_writes_only_what_changed_and_survives_crashes() {
    assert!(passed(delta_writes_only_what_changed(&MemoryRig::new()).await).crash_points > 10);
}

#[tokio::test]
async fn a_delta_without_a_change_writes_nothing() {
    passed(nothing_changed_writes_nothing(&MemoryRig::new()).await);
}

#[tokio::test]
async fn the_sink_keeps_its_promises() {
    passed(sink_conformance(&MemoryRig::new()).await);
}
