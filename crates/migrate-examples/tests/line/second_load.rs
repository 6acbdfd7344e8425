//! A workspace that was loaded from another run directory is refused before anything is written.

use crate::bench::{Bench, approve, plain_desk, provision};
use migrate_examples::args::Verb;

#[test]
fn a_second_run_directory_is_told_by_plan_and_refused_by_apply_with_9_and_no_write() {
    let mut bench = Bench::of(plain_desk(4));
    bench.planned();
    bench.done(&crate::bench::apply());
    let loaded = bench.intercom.state();
    let settings = std::fs::read_to_string(bench.dir.join("migration.toml")).unwrap();

    bench.dir = bench.home().join("second");
    let ended = bench.process(&["init", "--name", "second"]);
    ended.assert(0, &[]);
    bench.write("migration.toml", &settings.replace("name = \"e2e\"", "name = \"second\""));
    bench.extracted();
    bench.done(&Verb::Map { check: false });
    bench.done(&provision());
    bench.process(&["plan"]).assert(0, &["«e2e-batch-2»", "which this run directory didn't make"]);
    bench.done(&approve());
    bench.intercom.mark("refused");
    bench.process(&["apply"]).assert(9, &["«e2e-batch-2»", "nothing was written"]);
    assert_eq!(bench.intercom.state(), loaded);
    let writes = bench.intercom.with_journal(|journal| journal.phase("refused").unwrap().total.applied);
    assert_eq!(writes, 0);
}
