//! Answers that never arrive and connections that break, over real sockets.

use crate::bench::{Bench, apply, verify};
use migrate_engine::Exit;
use migrate_sandbox::intercom::{Fault, FaultRule};

#[test]
fn answers_that_are_lost_and_connections_that_are_refused_lose_and_double_nothing() {
    let bench = Bench::generated(21, 20);
    bench.intercom.turn(|knobs| {
        // A new record is hidden from search for a second, and the tool knows.
        knobs.contact_search_lag_s = 1;
        knobs.conversation_search_lag_s = 1;
    });
    bench.replace("migration.toml", "contact_blind_seconds = 1", "contact_blind_seconds = 2");
    bench.replace("migration.toml", "conversation_blind_seconds = 1", "conversation_blind_seconds = 2");
    // One answer in thirty is an outage for the client's patience of a second only if it comes again and again.
    bench.replace("migration.toml", "unreachable_seconds = 1", "unreachable_seconds = 60");
    bench.planned();
    bench.intercom.turn(|knobs| {
        knobs.faults.push(FaultRule::new(Fault::LoseAnswer).probability(0.03));
        knobs.faults.push(FaultRule::new(Fault::Refuse).probability(0.03));
        knobs.faults.push(FaultRule::new(Fault::ErrorAfter(502)).probability(0.01));
        // Whatever chance does, each kind of write loses one answer.
        knobs.faults.push(FaultRule::new(Fault::LoseAnswer).on("POST", "/contacts").matches([2]));
        knobs.faults.push(FaultRule::new(Fault::LoseAnswer).on("POST", "/conversations").matches([2]));
        knobs
            .faults
            .push(FaultRule::new(Fault::LoseAnswer).on("POST", "/conversations/{id}/reply").matches([3]));
    });
    // A call whose first reads fail five times in a row may end a run; the same command goes on.
    let mut exit = bench.carry_out(&apply());
    for _ in 0..3 {
        if matches!(exit, Ok(Exit::Done)) {
            break;
        }
        exit = bench.carry_out(&apply());
    }
    assert_eq!(exit.unwrap(), Exit::Done);
    let lost = bench.intercom.with_journal(|journal| journal.total.lost);
    assert!(lost >= 5, "only {lost} answers were lost");
    bench.intercom.turn(|knobs| knobs.faults.clear());

    let (number, _) = bench.newest_batch();
    let report = bench.report(&format!("apply-{number}"));
    for phase in report["phases"].as_array().unwrap() {
        assert_eq!(
            (&phase["unknown"], &phase["quarantined"], &phase["open"]),
            (&0.into(), &0.into(), &0.into()),
            "{phase}"
        );
    }
    bench.assert_clean();
    bench.done(&verify());
}
