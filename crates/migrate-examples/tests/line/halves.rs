//! The two halves of a migration meet only in the run directory.

use crate::bench::{Bench, apply, approve, extract, provision, verify};
use migrate_examples::args::{Side, Verb};

#[test]
fn the_source_is_read_without_the_destination_and_the_rest_runs_elsewhere_without_the_source() {
    let mut bench = Bench::generated(3, 12);
    let (wsdl, base) = (bench.wsdl(), bench.base());
    // Nobody listens on this port.
    bench.settings(&wsdl, "http://127.0.0.1:1");
    bench.done(&Verb::Doctor { only: Some(Side::Source) });
    bench.done(&extract());
    let extracted = bench.report("extract");
    assert_eq!(bench.intercom.with_journal(|journal| journal.total.calls), 0);

    bench.source = None;
    let elsewhere = bench.home().join("elsewhere");
    std::fs::rename(&bench.dir, &elsewhere).unwrap();
    bench.dir = elsewhere;
    bench.settings(&wsdl, &base);
    bench.mapped();
    bench.done(&provision());
    bench.ended(&Verb::Plan);
    bench.done(&approve());
    let plan = bench.plan();
    for (kind, sum) in plan["sums"].as_object().unwrap() {
        let count = |name: &str| sum[name].as_u64().unwrap();
        let rest = ["planned", "skipped", "not_linked", "quarantined", "reference"]
            .into_iter()
            .map(count)
            .sum::<u64>();
        assert_eq!(count("staged"), rest, "{kind}");
    }
    bench.done(&apply());
    bench.done(&verify());
    bench.done(&Verb::Status);
    bench.done(&Verb::Report);
    bench.assert_clean();
    // What was said while the source was there is what is said now.
    assert_eq!(bench.report("extract"), extracted);

    // In one go, with both sides there all the time, the same comes out.
    let together = Bench::generated(3, 12);
    together.planned();
    together.done(&apply());
    assert_eq!(together.plan()["sums"], plan["sums"]);
    assert_eq!(together.plan()["losses_by_field"], plan["losses_by_field"]);
    let (one, two) = (bench.judge(), together.judge());
    assert_eq!((one.source, one.destination), (two.source, two.destination));
    assert_eq!((one.fields_compared, one.explained), (two.fields_compared, two.explained));
}
