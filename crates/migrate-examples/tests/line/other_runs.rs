//! Two run directories and one workspace: the second must not load what the first has loaded.

use crate::bench::{Bench, apply, approve, pilot, plain_desk, provision, rollback};
use migrate_engine::Exit;
use migrate_examples::args::Verb;
use std::path::Path;

/// Makes another run directory beside the first, of this name, and brings it to an approved plan.
fn another(bench: &mut Bench, name: &str) {
    let settings = std::fs::read_to_string(bench.dir.join("migration.toml")).unwrap();
    bench.dir = bench.home().join("another");
    bench.process(&["init", "--name", name]).assert(0, &[]);
    bench.write("migration.toml", &settings.replace("name = \"e2e\"", &format!("name = \"{name}\"")));
    bench.extracted();
    bench.done(&Verb::Map { check: false });
    bench.done(&provision());
    bench.done(&Verb::Plan);
    bench.done(&approve());
}

/// The writes of the stretch of calls that began at this mark.
fn writes(bench: &Bench, mark: &str) -> u64 {
    bench.intercom.with_journal(|journal| journal.phase(mark).unwrap().total.applied)
}

/// Takes back every batch that `dir` loaded, the newest first.
fn taken_back(bench: &mut Bench, dir: &Path, batches: usize) {
    let here = std::mem::replace(&mut bench.dir, dir.to_owned());
    for _ in 0..batches {
        bench.done(&rollback(false));
    }
    bench.dir = here;
}

#[test]
fn the_runs_own_pilot_is_no_obstacle_and_another_run_of_the_same_name_may_load_only_after_all_is_taken_back()
{
    let mut bench = Bench::of(plain_desk(20));
    bench.planned();
    let first = bench.dir.clone();
    bench.done(&pilot(5));
    let piloted = bench.intercom.state().conversations;
    assert!((1..20).contains(&piloted), "{piloted}");
    bench.done(&apply());
    bench.assert_clean_over_batches();
    let loaded = bench.intercom.state();
    assert_eq!(loaded.conversations, 20);

    another(&mut bench, "e2e");
    for verb in [apply(), pilot(5)] {
        bench.intercom.mark("second");
        let refused = bench.carry_out(&verb).unwrap_err();
        assert_eq!((refused.exit, refused.exit.code()), (Exit::Guard, 9), "{refused}");
        assert_eq!(writes(&bench, "second"), 0, "{verb:?}");
    }
    assert_eq!(bench.intercom.state(), loaded);

    // With the pilot still there it stays refused.
    taken_back(&mut bench, &first, 1);
    assert_eq!(bench.intercom.state().conversations, piloted);
    bench.done(&Verb::Plan);
    bench.done(&approve());
    bench.intercom.mark("half");
    assert_eq!(bench.carry_out(&apply()).unwrap_err().exit.code(), 9);
    assert_eq!(writes(&bench, "half"), 0);

    taken_back(&mut bench, &first, 1);
    assert_eq!(bench.intercom.state().conversations, 0);
    bench.done(&Verb::Plan);
    bench.done(&approve());
    bench.done(&apply());
    bench.assert_clean();
}

#[test]
fn a_pilot_of_another_run_is_an_obstacle_too() {
    let mut bench = Bench::of(plain_desk(20));
    bench.planned();
    bench.done(&pilot(5));
    let loaded = bench.intercom.state();
    another(&mut bench, "other");
    bench.intercom.mark("second");
    bench.process(&["apply"]).assert(9, &["«e2e-batch-2»", "nothing was written"]);
    assert_eq!((writes(&bench, "second"), bench.intercom.state()), (0, loaded));
}
