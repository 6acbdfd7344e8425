//! `apply` killed at the border of its two passes and within the second: the same command goes on, or all is taken back.

use crate::bench::{ACCOUNT, Bench, plain_desk};
use crate::wire::Wire;
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// A load of this many tickets that was killed when it had ended so many threads: each is assigned and closed.
fn killed(tickets: u64, after: u64) -> Bench {
    let bench = Bench::of(plain_desk(tickets));
    let holding = Arc::new(AtomicBool::new(true));
    let (seen, hold) = (AtomicU64::new(0), holding.clone());
    let wire = Wire::to(bench.destination.as_ref().unwrap().at, move |one| {
        !(hold.load(Ordering::SeqCst) && one.ends_a_thread() && seen.fetch_add(1, Ordering::SeqCst) >= after)
    });
    bench.settings(&bench.wsdl(), &format!("http://{}", wire.at));
    bench.replace("migration.toml", "deadline = 2.0", "deadline = 60.0");
    bench.planned();
    let mut child = bench.command(&["apply"]).spawn().unwrap();
    assert!(wire.holds(|| child.try_wait().unwrap().is_some()), "it ended before it could be killed");
    child.kill().unwrap();
    child.wait().unwrap();
    holding.store(false, Ordering::SeqCst);
    // From here on the program talks to the stand-in itself.
    bench.replace("migration.toml", &format!("http://{}", wire.at), &bench.base());
    let ended = wire.sent().iter().filter(|one| one.ends_a_thread()).count() as u64;
    assert!(ended > after, "{ended}");
    bench
}

/// How many conversations are closed.
fn closed(bench: &Bench, tickets: u64) -> u64 {
    let state = |n| {
        let path = format!("/conversations/{}", bench.conversation(&format!("FS-{n}")));
        bench.ask("GET", &path, &Value::Null)["state"].as_str().unwrap().to_owned()
    };
    (1..=tickets).filter(|n| state(*n) == "closed").count() as u64
}

fn goes_on(bench: &Bench) {
    bench.process(&["status"]).assert(0, &["next: apply"]);
    bench.process(&["apply"]).assert(0, &["resumed"]);
    bench.assert_clean();
    bench.process(&["verify"]).assert(0, &["0 different"]);
}

#[test]
fn apply_killed_between_its_passes_goes_on_with_the_same_command() {
    let bench = killed(24, 0);
    assert_eq!(
        (bench.intercom.state().conversations, closed(&bench, 24)),
        (24, 0),
        "all of the first pass is there"
    );
    goes_on(&bench);
    assert_eq!(closed(&bench, 24), 24);
}

#[test]
fn apply_killed_within_its_second_pass_goes_on_with_the_same_command() {
    let bench = killed(24, 20);
    let part = closed(&bench, 24);
    assert!((1..24).contains(&part), "{part} are closed");
    goes_on(&bench);
}

#[test]
fn a_load_killed_between_its_passes_is_taken_back_to_the_start() {
    for after in [0, 20] {
        let bench = killed(24, after);
        assert_eq!(bench.intercom.state().conversations, 24);
        bench.process(&["rollback", "--yes", ACCOUNT]).assert(0, &["0 stay"]);
        let state = bench.intercom.state();
        assert_eq!((state.conversations, state.contacts, state.companies, state.notes), (0, 0, 0, 0));
        // And the same plan may be carried out after all.
        bench.process(&["apply"]).assert(0, &[]);
        bench.assert_clean();
    }
}
