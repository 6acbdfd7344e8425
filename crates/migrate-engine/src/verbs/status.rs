//! `status`: the ledger at a glance.

use super::apply::PhaseSum;
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
    let _ = run;
    Err(mapping_core::Error::bug("not written yet").into())
}
