//! The sums that must agree before the next phase of a load begins: in total, and by what tickets are.

use crate::store::{Batch, Member, MemberState, Tally, TraitTally};
use crate::{Exit, Failure, Run};
use mapping_core::{Error, ErrorKind, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Members looked at together.
const TOGETHER: usize = 500;
/// The most records without a counterpart that an error names.
const NAMED: usize = 50;

/// The sum of one phase: planned = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseSum {
    /// The kind at the destination; with its number for a pass behind the first: `conversation (pass 2)`.
    pub kind: String,
    /// The pass, from 0. The records of a later one are some of the first one's.
    #[serde(default)]
    pub pass: u8,
    /// Records of the batch.
    pub planned: u64,
    /// Written, or matched with what was there.
    pub applied: u64,
    /// Of those: nothing was created, something there stands for them.
    pub matched: u64,
    /// In the quarantine.
    pub quarantined: u64,
    /// In the quarantine with a call of unknown outcome.
    pub unknown: u64,
    /// Not treated yet; not 0 only after a stop.
    pub open: u64,
}
impl PhaseSum {
    /// Whether the sum agrees.
    pub fn agrees(&self) -> bool {
        self.planned == self.applied + self.quarantined + self.unknown + self.open
    }
}

/// The sum of the tickets of a batch with one trait: planned = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraitSum {
    /// The trait, by the source's own ids: `channel=Email`, `queue=7`, `status=Closed`, `month=2024-03`.
    pub name: String,
    /// Counted when the batch was put together.
    pub planned: u64,
    /// Written, or matched with what was there.
    pub applied: u64,
    /// In the quarantine.
    pub quarantined: u64,
    /// In the quarantine with a call of unknown outcome.
    pub unknown: u64,
    /// Not treated yet; not 0 only after a stop.
    pub open: u64,
}
impl TraitSum {
    /// Whether the sum agrees.
    pub fn agrees(&self) -> bool {
        self.planned == self.applied + self.quarantined + self.unknown + self.open
    }
}

/// Where a member counts in the sum of a pass.
enum Place {
    Applied,
    Quarantined,
    Unknown,
    Open,
}

/// A member that stands in a later pass is through the earlier ones, whatever became of it then.
fn place(state: MemberState, stands_in: u8, pass: u8) -> Place {
    match state {
        MemberState::Applied | MemberState::Matched | MemberState::Kept => Place::Applied,
        MemberState::Undoing | MemberState::RolledBack => Place::Open,
        _ if stands_in > pass => Place::Applied,
        MemberState::Quarantined => Place::Quarantined,
        MemberState::Unknown => Place::Unknown,
        MemberState::Open => Place::Open,
    }
}

/// The name of a phase of a pass in reports.
pub(crate) fn phase_name(kind: &str, pass: u8) -> String {
    match pass {
        0 => kind.to_owned(),
        later => format!("{kind} (pass {})", u32::from(later) + 1),
    }
}

/// The sums of every phase from the members' states, in the order of writing: by pass, then by phase.
pub(crate) fn phase_sums(tally: &[Tally]) -> BTreeMap<(u8, u32), PhaseSum> {
    let mut sums: BTreeMap<(u8, u32), PhaseSum> = BTreeMap::new();
    for t in tally {
        for pass in 0..=t.pass {
            let sum = sums.entry((pass, t.phase)).or_default();
            (sum.kind, sum.pass) = (phase_name(&t.kind, pass), pass);
            sum.planned += t.count;
            match place(t.state, t.pass, pass) {
                Place::Applied => sum.applied += t.count,
                Place::Quarantined => sum.quarantined += t.count,
                Place::Unknown => sum.unknown += t.count,
                Place::Open => sum.open += t.count,
            }
            if t.state == MemberState::Matched {
                sum.matched += t.count;
            }
        }
    }
    sums
}

/// How many tickets of each phase a batch was put together with, by trait.
pub(crate) type Expected = BTreeMap<u32, BTreeMap<String, u64>>;

fn expected_name(batch: u32) -> String {
    format!("traits of batch {batch}")
}

/// Keeps what a batch was put together with, before its first write.
pub(crate) async fn expect(run: &Run, batch: &Batch, expected: &Expected) -> Result<(), Failure> {
    let json = serde_json::to_string(expected)
        .map_err(|e| Error::bug("counts can't be written as JSON").with_source(e))?;
    Ok(run.ledger().set_value(&expected_name(batch.number), &json).await?)
}

fn expected(run: &Run, batch: &Batch) -> Result<Expected, Failure> {
    let kept = run.ledger().value(&expected_name(batch.number))?;
    Ok(kept.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default())
}

/// The sums of a batch's tickets by trait, as far as a pass goes; of all phases, or of one.
pub(crate) fn trait_sums(
    run: &Run,
    batch: &Batch,
    pass: u8,
    only: Option<u32>,
) -> Result<BTreeMap<u32, Vec<TraitSum>>, Failure> {
    let mut all = BTreeMap::new();
    for (phase, planned) in expected(run, batch)?.into_iter().filter(|(p, _)| only.is_none_or(|o| o == *p)) {
        let mut sums: BTreeMap<String, TraitSum> = BTreeMap::new();
        for (name, planned) in planned {
            sums.entry(name).or_default().planned = planned;
        }
        for TraitTally { name, pass: stands_in, state, count } in
            run.ledger().tally_by_trait(batch.number, phase)?
        {
            let sum = sums.entry(name).or_default();
            match place(state, stands_in, pass) {
                Place::Applied => sum.applied += count,
                Place::Quarantined => sum.quarantined += count,
                Place::Unknown => sum.unknown += count,
                Place::Open => sum.open += count,
            }
        }
        let named = sums.into_iter().map(|(name, sum)| TraitSum { name, ..sum }).collect();
        all.insert(phase, named);
    }
    Ok(all)
}

/// The sums of a phase, in total and by trait: everything planned is somewhere, nothing is open, and everything that
/// was applied has something that stands for it.
pub(crate) fn reconcile(run: &Run, batch: &Batch, phase: u32, pass: u8, name: &str) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    let sum = phase_sums(&run.ledger().tally(batch.number)?).remove(&(pass, phase)).unwrap_or_default();
    if !sum.agrees() || sum.open > 0 {
        wrong.push(format!("{sum:?}"));
    }
    for sum in trait_sums(run, batch, pass, Some(phase))?.remove(&phase).unwrap_or_default() {
        // Records that need no later pass are not among those of one.
        if !sum.agrees() || (sum.open > 0 && pass == 0) {
            wrong.push(format!("{sum:?}"));
        }
    }
    wrong.extend(without_counterpart(run, batch, phase, pass)?);
    if wrong.is_empty() {
        return Ok(());
    }
    let error = Error::not_sent(ErrorKind::Bug, "the sums of a phase disagree; nothing more was written")
        .with("phase", name);
    Err(Failure::new(Exit::Sums, error).details(wrong))
}

/// Records that were written as far as this pass goes and that nothing stands for.
fn without_counterpart(run: &Run, batch: &Batch, phase: u32, pass: u8) -> Result<Vec<String>, Failure> {
    let states = [MemberState::Applied, MemberState::Matched, MemberState::Open];
    let (mut without, mut from) = (Vec::new(), 0);
    loop {
        let members = run.ledger().members(batch.number, Some(phase), &states, from, false, TOGETHER)?;
        let Some(last) = members.last() else { return Ok(without) };
        from = last.seq;
        let written = |m: &&Member| m.state != MemberState::Open || m.pass > pass;
        let names: Vec<SourceRef> = members
            .iter()
            .filter(written)
            .flat_map(|m| std::iter::once(&m.row.record).chain(&m.row.aliases).cloned())
            .collect();
        let targets = run.ledger().targets(&names)?;
        let missing =
            names.into_iter().filter(|name| !targets.contains_key(name)).map(|name| name.to_string());
        without.extend(missing);
        without.truncate(NAMED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(pass: u8, state: MemberState, count: u64) -> Tally {
        Tally { phase: 2, kind: "conversation".into(), pass, state, count, calls: 0, floor: 0 }
    }

    #[test]
    fn a_record_that_stands_in_a_later_pass_is_applied_in_the_first() {
        let sums = phase_sums(&[
            tally(0, MemberState::Applied, 3),
            tally(0, MemberState::Quarantined, 1),
            tally(1, MemberState::Open, 4),
            tally(1, MemberState::Applied, 5),
            tally(1, MemberState::Unknown, 2),
        ]);
        let first = &sums[&(0, 2)];
        assert_eq!(
            (first.kind.as_str(), first.planned, first.applied, first.open),
            ("conversation", 15, 14, 0)
        );
        let second = &sums[&(1, 2)];
        assert_eq!((second.kind.as_str(), second.planned, second.applied), ("conversation (pass 2)", 11, 5));
        assert_eq!((second.open, second.unknown, second.quarantined), (4, 2, 0));
        assert!(first.agrees() && second.agrees());
    }
}
