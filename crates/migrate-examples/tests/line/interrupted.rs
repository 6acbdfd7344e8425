//! `apply` killed or interrupted: the same command goes on, and nothing is lost, doubled or out of order.

use crate::bench::{ACCOUNT, Bench, Ended};
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// How long a process may take to come to the point that a test waits for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the stand-in got so many calls; false when the process ended before.
fn comes_to(bench: &Bench, calls: u64, child: &mut Child) -> bool {
    let began = Instant::now();
    loop {
        if bench.intercom.with_journal(|journal| journal.total.calls) >= calls {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(began.elapsed() < PATIENCE, "the process hangs");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The number of calls so far.
fn calls(bench: &Bench) -> u64 {
    bench.intercom.with_journal(|journal| journal.total.calls)
}

#[test]
fn apply_killed_again_and_again_goes_on_and_nothing_is_lost_doubled_or_out_of_order() {
    let bench = Bench::generated(11, 25);
    bench.planned();
    let planned = bench.plan()["calls"].as_u64().unwrap();
    let mut kills = 0;
    // The first kills fall among the contacts, the later ones among the conversations.
    for share in [3, 10, 35, 60] {
        let target = calls(&bench) + 10 + planned * share / 100 / 4;
        let mut child = bench.command(&["apply"]).spawn().unwrap();
        if comes_to(&bench, target, &mut child) {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills >= 3, "only {kills} of the processes could be killed before their end");
    let last = bench.process(&["apply"]);
    last.assert(0, &["resumed"]);
    bench.assert_clean();
    bench.process(&["verify"]).assert(0, &["0 different"]);
}

#[cfg(unix)]
#[test]
fn apply_interrupted_ends_with_130_and_the_same_command_goes_on() {
    let bench = Bench::generated(12, 20);
    bench.planned();
    let before = bench.intercom.state().conversations;
    let mut child = bench.command(&["apply"]).spawn().unwrap();
    assert!(comes_to(&bench, calls(&bench) + 40, &mut child), "it ended before it could be interrupted");
    let interrupt = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
    assert!(interrupt.success());
    let ended = Ended::of(child.wait_with_output().unwrap());
    ended.assert(130, &["stopped"]);
    assert!(bench.intercom.state().conversations < before + 20, "it stopped before its end");

    bench.process(&["status"]).assert(0, &["next: apply"]);
    bench.process(&["plan"]).assert(9, &["was stopped before its end"]);
    bench.process(&["apply"]).assert(0, &["resumed"]);
    bench.assert_clean();
}

#[test]
fn a_rollback_killed_again_and_again_goes_on_to_the_start_state() {
    let bench = Bench::generated(13, 25);
    let people = bench.intercom.contacts();
    bench.planned();
    bench.done(&crate::bench::apply());
    let mut kills = 0;
    for more in [15, 25] {
        let target = calls(&bench) + more;
        let mut child = bench.command(&["rollback", "--yes", ACCOUNT]).spawn().unwrap();
        if comes_to(&bench, target, &mut child) {
            child.kill().unwrap();
            kills += 1;
        }
        child.wait().unwrap();
    }
    assert!(kills == 2, "only {kills} of the processes could be killed before their end");
    bench.process(&["status"]).assert(0, &["next: rollback"]);
    bench.process(&["apply"]).assert(9, &["the rollback of e2e-batch-2 was stopped; end it first"]);
    bench.process(&["rollback", "--yes", ACCOUNT]).assert(0, &["0 stay"]);
    assert_eq!(bench.intercom.contacts(), people);
    assert_eq!(bench.intercom.state().conversations, 0);
    bench.process(&["apply"]).assert(0, &[]);
    bench.assert_clean();
}
