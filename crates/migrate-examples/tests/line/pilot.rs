//! The pilot: every sort of ticket in few records, and taking it back leaves the schema alone.

use crate::bench::{Bench, apply, pilot, rollback};
use migrate_engine::{Exit, Run};
use migrate_examples::args::Verb;
use std::collections::BTreeSet;

/// What the tickets of a plan, or of a batch, are: their traits.
fn traits(rows: impl Iterator<Item = migrate_engine::store::PlanRow>) -> BTreeSet<String> {
    rows.flat_map(|row| row.strata).collect()
}

#[test]
fn a_pilot_of_a_hundred_shows_each_channel_queue_agent_status_field_size_and_oddity_and_the_oldest_and_newest()
 {
    let bench = Bench::generated(31, 290);
    bench.planned();
    bench.carry_out(&pilot(100)).unwrap();
    let run = Run::open(&bench.dir).unwrap();
    let planned: Vec<_> =
        run.ledger().plan_rows(0, 10_000).unwrap().into_iter().map(|(_, row)| row).collect();
    let tickets: Vec<_> = planned.iter().filter(|row| !row.strata.is_empty()).collect();
    assert!(tickets.len() > 250, "{}", tickets.len());
    let (batch, _) = bench.newest_batch();
    let states =
        [migrate_engine::store::MemberState::Applied, migrate_engine::store::MemberState::Quarantined];
    let members = run.ledger().members(batch as u32, None, &states, 0, false, 10_000).unwrap();
    let drawn: Vec<_> = members.into_iter().map(|m| m.row).filter(|row| !row.strata.is_empty()).collect();
    assert!((50..=100).contains(&drawn.len()), "{} tickets", drawn.len());

    let all = traits(tickets.iter().map(|row| (*row).clone()));
    for name in ["channel=", "queue=", "agent=", "status=", "field=", "file=", "odd="] {
        assert!(all.iter().any(|t| t.starts_with(name)), "the desk has no {name}");
    }
    let shown = traits(drawn.iter().cloned());
    assert_eq!(all.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new());
    let times = || tickets.iter().filter_map(|row| row.at);
    for end in [times().min(), times().max()] {
        assert!(drawn.iter().any(|row| row.at == end), "{end:?}");
    }
}

#[test]
fn taking_a_pilot_back_archives_no_attribute_and_the_load_after_it_creates_none_again() {
    let bench = Bench::generated(32, 60);
    bench.planned();
    let schema = |bench: &Bench| {
        let state = bench.intercom.state();
        (state.conversation_attributes, state.data_attributes)
    };
    let provisioned = schema(&bench);
    bench.intercom.mark("pilot");
    bench.carry_out(&pilot(50)).unwrap();
    assert_eq!(bench.carry_out(&rollback(false)).unwrap(), Exit::Done);
    assert_eq!(schema(&bench), provisioned);
    assert_eq!(bench.intercom.state().conversations, 0);
    bench.carry_out(&apply()).unwrap();
    bench.assert_clean();
    let touched = bench.intercom.with_journal(|journal| {
        let calls = journal.phase("pilot").unwrap().endpoints.keys().cloned();
        calls.filter(|call| call.contains("attributes") && !call.starts_with("GET")).collect::<Vec<_>>()
    });
    assert_eq!(touched, Vec::<String>::new());
    bench.done(&Verb::Provision { dry_run: false, check: true });
}
