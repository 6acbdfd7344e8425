//! A source that keeps something back, or answers otherwise than its description says.

use crate::bench::{Bench, apply, approve, plain_desk, provision};
use migrate_examples::args::Verb;
use migrate_sandbox::focalscope::OtherNamespace;
use serde_json::Value;

/// Whether the report has this sum.
fn has(report: &Value, what: &str, expected: u64, found: u64) -> bool {
    let all = report["shortfalls"].as_array().unwrap();
    all.iter().any(|it| {
        it["what"].as_str().unwrap().contains(what) && it["expected"] == expected && it["found"] == found
    })
}

/// From an extract that a person accepted to a clean end.
fn goes_on(bench: &Bench) {
    bench.process(&["extract", "--accept-shortfall", "Ada Agent"]).assert(0, &[]);
    assert_eq!(bench.report("extract")["accepted_by"], "Ada Agent");
    bench.process(&["extract"]).assert(0, &[]);
    for verb in [Verb::Map { check: false }, provision(), Verb::Plan, approve(), apply()] {
        bench.done(&verb);
    }
}

#[test]
fn one_item_of_fifty_that_a_page_leaves_out_ends_extract_with_10_and_a_named_person_may_go_on() {
    let bench = Bench::of(plain_desk(55));
    bench.focalscope.turn(|knobs| {
        knobs.drop_item_every = Some(50);
        knobs.only = Some("ListTickets".to_owned());
    });
    bench.process(&["extract"]).assert(10, &["ticket: declared total: 54 of 55 are there"]);
    let report = bench.report("extract");
    assert!(has(&report, "ticket: declared total", 55, 54), "{report}");
    assert_eq!(report["accepted_by"], Value::Null);
    bench.process(&["map"]).assert(10, &["short of what the source declares"]);
    assert_eq!(bench.intercom.journal().total.calls, 0);
    goes_on(&bench);
    assert_eq!(bench.intercom.state().conversations, 54);
}

#[test]
fn an_element_that_moved_to_another_namespace_ends_extract_with_10_and_a_named_person_may_go_on() {
    let bench = Bench::of(plain_desk(12));
    bench.focalscope.turn(|knobs| {
        knobs.other_namespace =
            Some(OtherNamespace { element: "Subject".into(), namespace: "urn:elsewhere".into() });
        knobs.only = Some("ListTickets".to_owned());
    });
    let path = "ListTicketsResult/Items/Ticket/Subject";
    bench.process(&["extract"]).assert(10, &[path, "another namespace", "12 of 0"]);
    let report = bench.report("extract");
    assert!(has(&report, path, 0, 12), "{report}");
    assert_eq!(
        (&report["divergent"][0]["path"], &report["divergent"][0]["count"]),
        (&path.into(), &12.into())
    );
    goes_on(&bench);
    // It was read all the same: nothing is lost.
    bench.assert_clean();
}

#[test]
fn nobody_is_not_a_name_to_accept_a_shortfall_with() {
    let bench = Bench::of(plain_desk(8));
    bench.focalscope.turn(|knobs| {
        knobs.wrong_total = 2;
        knobs.only = Some("ListContacts".to_owned());
    });
    bench.process(&["extract", "--accept-shortfall", " "]).assert(2, &["name"]);
    bench.process(&["extract"]).assert(10, &["contact: declared total: 3 of 5"]);
    bench.process(&["extract", "--accept-shortfall", "Ada Agent"]).assert(0, &[]);
}
