//! `plan`: what `apply` will do, exactly; reads only.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Dialect, LossRule, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How to plan.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PlanOptions {}

/// What is planned of one kind of the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindPlan {
    /// The row of the map: `I1`.
    pub row: String,
    /// The kind at the source.
    pub from: String,
    /// How true the row is.
    pub fidelity: String,
    /// Objects to be written.
    pub drafts: u64,
    /// Records that they stand for, those with the same natural key included.
    pub records: u64,
    /// Parts of their threads.
    pub parts: u64,
    /// Files on them.
    pub files: u64,
    /// Lasting writes.
    pub steps: u64,
    /// Calls when nothing goes wrong.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
    /// Some of them, by id.
    pub samples: Vec<SourceRef>,
}

/// The sums of one kind of the source: staged = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindSum {
    /// Records in the stage, and records that could not be read.
    pub staged: u64,
    /// Records that a draft stands for or holds (messages of a ticket).
    pub planned: u64,
    /// Left out by a rule or filter.
    pub skipped: u64,
    /// Not linked to by anything that moves.
    pub not_linked: u64,
    /// In the quarantine.
    pub quarantined: u64,
    /// Not moved by any rule of this map: read for reference or hand-over.
    pub reference: u64,
}
impl KindSum {
    /// Whether the sum agrees.
    pub fn agrees(&self) -> bool {
        self.staged == self.planned + self.skipped + self.not_linked + self.quarantined + self.reference
    }
}

/// A plan, as `plan.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanReport {
    /// SHA-256 over every planned record, the mapping and the entries of the destination it relies on.
    pub digest: String,
    /// When it was made.
    pub made_at: jiff::Timestamp,
    /// The destination: what a person types to confirm.
    pub account: String,
    /// The step vocabulary.
    pub dialect: Dialect,
    /// By kind of the destination, in the order of writing.
    pub kinds: BTreeMap<String, KindPlan>,
    /// The order of the kinds.
    pub order: Vec<String>,
    /// Calls when nothing goes wrong, the batch's own mark included.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
    /// Seconds at the stated quota, when there is one.
    pub seconds: Option<u64>,
    /// Losses by kind.
    pub losses: BTreeMap<String, u64>,
    /// Losses by kind and field.
    pub losses_by_field: Vec<LossCount>,
    /// The sums, by kind of the source.
    pub sums: BTreeMap<String, KindSum>,
    /// Records in the quarantine, with the reason.
    pub quarantined: u64,
    /// What has to be done before `apply`: schema that is missing, lists that are open.
    pub blockers: Vec<String>,
    /// Records that an earlier batch has written already.
    pub applied_before: u64,
    /// How it ended.
    pub exit: Exit,
}

/// How often a field suffers a kind of loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossCount {
    /// The kind of loss.
    pub rule: LossRule,
    /// The field, numbers of parts left out.
    pub field: String,
    /// Why.
    pub why: String,
    /// How often.
    pub count: u64,
}

/// Maps and shapes every record of the stage and writes down what `apply` will do.
///
/// # Errors
/// `Usage` for a mapping that can't be read, `Guard` for an incomplete extract or an unfinished batch, and what the
/// destination refuses.
pub async fn plan(
    run: &Run,
    sink: &dyn Sink,
    options: &PlanOptions,
    ctx: &Ctx<'_>,
) -> Result<PlanReport, Failure> {
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
