//! Waves: closed tickets first, the rest later, nothing twice, and the sums agree by what tickets are.

use crate::bench::{Bench, apply};
use migrate_examples::args::Verb;
use migrate_sandbox::dataset::Status;
use serde_json::Value;
use std::collections::BTreeMap;

fn wave(name: &str) -> Verb {
    Verb::Apply {
        pilot: None,
        wave: Some(name.to_owned()),
        approved_by: Some("test".to_owned()),
        retry_quarantined: false,
    }
}

/// The sums of the newest batch by sort of trait: planned, applied, quarantined, unknown, open.
fn sums(bench: &Bench) -> BTreeMap<String, [u64; 5]> {
    let (number, _) = bench.newest_batch();
    let report = bench.report(&format!("apply-{number}"));
    let mut sums: BTreeMap<String, [u64; 5]> = BTreeMap::new();
    for row in report["tickets"].as_array().unwrap() {
        let sort = row["name"].as_str().unwrap().split('=').next().unwrap();
        let of = ["planned", "applied", "quarantined", "unknown", "open"].map(|n| row[n].as_u64().unwrap());
        assert_eq!(of[0], of[1..].iter().sum::<u64>(), "{row}");
        let sum = sums.entry(sort.to_owned()).or_default();
        for (all, one) in sum.iter_mut().zip(of) {
            *all += one;
        }
    }
    sums
}

/// What the newest batch planned of a sort of trait, by its value.
fn by_value(bench: &Bench, sort: &str) -> BTreeMap<String, u64> {
    let (number, _) = bench.newest_batch();
    let report = bench.report(&format!("apply-{number}"));
    let rows = report["tickets"].as_array().unwrap().clone();
    let of = |row: Value| {
        let name = row["name"].as_str().unwrap().strip_prefix(&format!("{sort}="))?.to_owned();
        Some((name, row["applied"].as_u64().unwrap()))
    };
    rows.into_iter().filter_map(of).filter(|(_, count)| *count > 0).collect()
}

#[test]
fn a_wave_of_closed_tickets_leaves_the_others_out_the_next_takes_them_and_nothing_comes_twice() {
    let bench = Bench::generated(32, 60);
    let text = std::fs::read_to_string(bench.dir.join("migration.toml")).unwrap();
    bench.write("migration.toml", &format!("{text}\n[waves.closed]\nstates = [\"closed\"]\n[waves.rest]\n"));
    bench.planned();
    let is_closed: BTreeMap<&str, bool> = {
        // A merged ticket goes where the one it was merged into goes.
        let tickets = bench.dataset.tickets.iter().filter(|it| it.merged_into.is_none());
        tickets.map(|it| (it.number.as_str(), it.status == Status::Closed)).collect()
    };
    assert!(is_closed.values().any(|it| *it) && is_closed.values().any(|it| !*it));

    bench.done(&wave("closed"));
    let first = bench.intercom.state().conversations;
    for (number, closed) in &is_closed {
        let there = bench.intercom.conversations_with("focalscope_ticket_id__c", number).len();
        assert!(there == 0 || *closed, "{number} is not closed and was moved");
    }
    assert!(first > 0);
    let sorts = ["channel", "queue", "status", "month"];
    let of_first = sums(&bench);
    assert_eq!(by_value(&bench, "status").into_keys().collect::<Vec<_>>(), ["closed"]);
    for sort in sorts {
        let sum = of_first[sort];
        assert_eq!(&sum[1..], [first, 0, 0, 0], "{sort}");
    }
    // The same wave again has nothing to write but its own mark.
    bench.intercom.mark("again");
    bench.done(&wave("closed"));
    assert_eq!(bench.intercom.state().conversations, first);

    bench.intercom.mark("rest");
    bench.done(&wave("rest"));
    let rest = bench.intercom.state().conversations - first;
    let created = bench.intercom.with_journal(|journal| {
        journal.phase("rest").unwrap().endpoints.get("POST /conversations").map_or(0, |it| it.applied)
    });
    assert_eq!(created, rest, "each is created once");
    assert!(!by_value(&bench, "status").contains_key("closed"), "{:?}", by_value(&bench, "status"));
    let of_rest = sums(&bench);
    for sort in sorts {
        assert_eq!(&of_rest[sort][1..], [rest, 0, 0, 0], "{sort}");
    }
    // Apply without a wave has nothing left.
    bench.done(&apply());
    assert_eq!(bench.intercom.state().conversations, first + rest);
    bench.assert_clean_over_batches();
}
