//! What no interface of the destination silences: nothing is written before a person has taken note of each.

use crate::bench::{Bench, apply, pilot, plain_desk, provision};
use migrate_examples::args::Verb;
use serde_json::Value;

const ALL: [&str; 6] = ["workflows", "outbound", "csat", "fin", "teammate-notifications", "inbox-rules"];

fn planned() -> Bench {
    let bench = Bench::of(plain_desk(4));
    bench.extracted();
    for verb in [Verb::Map { check: false }, provision(), Verb::Plan] {
        bench.done(&verb);
    }
    bench
}

/// Refused, with this still open, and without a write.
fn refused(bench: &Bench, open: &[&str], noted: &[&str]) {
    bench.intercom.mark("refused");
    let ended = bench.process(&["apply"]);
    ended.assert(9, &["nothing was written"]);
    let said = format!("{}{}", ended.out, ended.err);
    for id in open {
        assert!(said.contains(&format!("{id}: ")), "{id}: {said}");
    }
    for id in noted {
        assert!(!said.contains(&format!("{id}: ")), "{id}: {said}");
    }
    assert_eq!(bench.carry_out(&pilot(2)).unwrap_err().exit.code(), 9);
    let total = bench.intercom.with_journal(|journal| journal.phase("refused").unwrap().total);
    assert_eq!((total.calls, total.applied), (0, 0), "it isn't even asked");
}

#[test]
fn apply_writes_nothing_until_each_acknowledgement_is_given_one_by_one_and_the_report_tells_who_and_when() {
    let bench = planned();
    refused(&bench, &ALL, &[]);
    for given in 1..=ALL.len() {
        let (by, id) = (format!("Person {given}"), ALL[given - 1]);
        bench.process(&["approve", "--by", &by, "--ack", id]).assert(0, &[&format!("{id}: {by}")]);
        if given < ALL.len() {
            refused(&bench, &ALL[given..], &ALL[..given]);
        }
    }
    bench.done(&apply());
    bench.assert_clean();

    bench.process(&["report"]).assert(0, &[]);
    let html = std::fs::read_to_string(bench.dir.join("reports/report.html")).unwrap();
    let json: Value = bench.report("report");
    let kept = bench.report("approve");
    let mut times = Vec::new();
    for (n, id) in ALL.iter().enumerate() {
        let all = kept["acknowledgements"].as_array().unwrap();
        let one = all.iter().find(|it| it["id"] == *id).unwrap();
        assert_eq!(one["by"], format!("Person {}", n + 1));
        times.push(one["at"].as_str().unwrap().to_owned());
        for place in [&html, &json.to_string()] {
            assert!(place.contains(id) && place.contains(&format!("Person {}", n + 1)), "{id}");
        }
    }
    assert!(times.is_sorted(), "{times:?}");
    let minute = &times[0][..16];
    assert!(
        html.contains(minute) || html.contains(&minute.replace('T', " ")),
        "the times are shown: {minute}"
    );
}

#[test]
fn an_acknowledgement_that_the_map_does_not_name_and_one_without_a_person_are_refused() {
    let bench = planned();
    bench.process(&["approve", "--by", "Ada", "--ack", "workflow"]).assert(2, &["workflows"]);
    bench.process(&["approve", "--by", " ", "--ack-all"]).assert(2, &["name"]);
    refused(&bench, &ALL, &[]);
}
