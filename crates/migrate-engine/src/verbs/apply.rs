//! `apply`: carries out exactly the plan, in numbered batches that can be taken back.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Blobs, Sink};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How to apply.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// Only a sample of about this many tickets, stratified, and what they link to.
    pub pilot: Option<usize>,
    /// Try again what is in the quarantine because the destination refused it.
    pub retry_quarantined: bool,
    /// Who approved the plan; kept with its digest.
    pub approved_by: Option<String>,
}
impl ApplyOptions {
    /// A pilot of about this many.
    #[must_use]
    pub fn pilot(mut self, size: usize) -> Self {
        self.pilot = Some(size);
        self
    }
    /// Tries the quarantine again.
    #[must_use]
    pub fn retry_quarantined(mut self) -> Self {
        self.retry_quarantined = true;
        self
    }
    /// Approved by.
    #[must_use]
    pub fn approved_by(mut self, who: impl Into<String>) -> Self {
        self.approved_by = Some(who.into());
        self
    }
}

/// The sum of one phase: planned = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseSum {
    /// The kind at the destination.
    pub kind: String,
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

/// What `apply` did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplyReport {
    /// The batch's number.
    pub batch: u32,
    /// The batch's label at the destination.
    pub label: String,
    /// It is a pilot.
    pub pilot: bool,
    /// It went on with a batch that had been stopped.
    pub resumed: bool,
    /// The sums, phase by phase.
    pub phases: Vec<PhaseSum>,
    /// Calls made by this call of `apply`, settling and lookups included.
    pub calls: u64,
    /// Calls that the plan expected for this batch as a whole.
    pub calls_planned: u64,
    /// The fewest calls that the platform's API allows for this batch as a whole.
    pub floor: u64,
    /// Things the destination refused and that records went on without, by kind of loss.
    pub losses: BTreeMap<String, u64>,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}
impl ApplyReport {
    /// Records in the quarantine, all phases.
    pub fn quarantined(&self) -> u64 {
        self.phases.iter().map(|p| p.quarantined).sum()
    }
    /// Records with a call of unknown outcome, all phases.
    pub fn unknown(&self) -> u64 {
        self.phases.iter().map(|p| p.unknown).sum()
    }
    /// Records that are at the destination now, all phases.
    pub fn applied(&self) -> u64 {
        self.phases.iter().map(|p| p.applied).sum()
    }
}

/// Writes what the plan says, or a pilot of it. Called again, it goes on where it stopped.
///
/// # Errors
/// `Stale` with what changed, `Guard` when schema is missing or the extract isn't complete, `Refused`, `Ledger`.
/// An interruption or an unreachable destination is in the report.
pub async fn apply(
    run: &Run,
    sink: &dyn Sink,
    options: &ApplyOptions,
    ctx: &Ctx<'_>,
) -> Result<ApplyReport, Failure> {
    let _: Arc<dyn Blobs> = run.blobs();
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
