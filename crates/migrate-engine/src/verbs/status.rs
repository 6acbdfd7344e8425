//! `status`: the ledger at a glance.

use super::extract::EXTRACT_STATE;
use crate::store::{BatchKind, BatchState};
use crate::strata::word;
use crate::sums::{PhaseSum, phase_sums};
use crate::{Failure, Run};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A batch at a glance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchStatus {
    /// Its number.
    pub number: u32,
    /// Its label at the destination.
    pub label: String,
    /// `schema`, `pilot` or `full`.
    pub kind: String,
    /// The wave it is, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
    /// `running`, `finished`, `undoing` or `rolled_back`.
    pub state: String,
    /// Its sums.
    pub phases: Vec<PhaseSum>,
}

/// A run at a glance.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StatusReport {
    /// The run's name.
    pub name: String,
    /// Records in the stage, by kind.
    pub staged: BTreeMap<String, u64>,
    /// Every kind was read to its end.
    pub extract_complete: bool,
    /// The digest of the plan, if there is one.
    pub plan: Option<String>,
    /// The batches.
    pub batches: Vec<BatchStatus>,
    /// Records in the quarantine.
    pub quarantined: u64,
    /// Losses.
    pub losses: u64,
    /// What to do next, as a verb.
    pub next: String,
}

/// Looks at the run directory alone.
///
/// # Errors
/// The ledger can't be read.
pub fn status(run: &Run) -> Result<StatusReport, Failure> {
    let ledger = run.ledger();
    let mut batches = Vec::new();
    for batch in ledger.batches()? {
        batches.push(BatchStatus {
            number: batch.number,
            label: batch.label,
            kind: word(&batch.kind),
            wave: batch.wave,
            state: word(&batch.state),
            phases: phase_sums(&ledger.tally(batch.number)?).into_values().collect(),
        });
    }
    let mut status = StatusReport {
        name: run.config().name.clone(),
        staged: run.stage().counts()?,
        extract_complete: ledger.value(EXTRACT_STATE)?.as_deref() == Some("complete"),
        plan: ledger.plan()?.map(|p| p.digest),
        batches,
        quarantined: ledger.quarantine_counts()?.values().sum::<u64>(),
        losses: ledger.loss_counts()?.iter().map(|(_, _, _, n)| n).sum(),
        next: String::new(),
    };
    status.next = next(run, &status)?.to_owned();
    Ok(status)
}

/// The verb that moves the run on.
fn next(run: &Run, status: &StatusReport) -> Result<&'static str, Failure> {
    if !status.extract_complete {
        return Ok("extract");
    }
    let batches = run.ledger().batches()?;
    if batches.iter().any(|b| b.state == BatchState::Undoing) {
        return Ok("rollback");
    }
    if batches.iter().any(|b| b.kind != BatchKind::Schema && b.state == BatchState::Running) {
        return Ok("apply");
    }
    if !batches.iter().any(|b| b.kind == BatchKind::Schema) && status.plan.is_none() {
        return Ok("map, then provision");
    }
    if status.plan.is_none() {
        return Ok("plan");
    }
    let finished = |b: &&crate::store::Batch| b.kind == BatchKind::Full && b.state == BatchState::Finished;
    Ok(match batches.iter().filter(finished).map(|b| b.wave.is_some()).min() {
        Some(false) => "verify, then report",
        Some(true) => "verify, then apply the next wave, or the rest",
        None => "apply",
    })
}
