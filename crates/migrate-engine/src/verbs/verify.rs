//! `verify`: reads back what was written and compares it field by field.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{RemoteRef, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How to verify.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Only this batch; all batches that weren't rolled back otherwise.
    pub batch: Option<u32>,
    /// Only about this many records, evenly spread; all otherwise.
    pub sample: Option<usize>,
}
impl VerifyOptions {
    /// Only this batch.
    #[must_use]
    pub fn batch(mut self, number: u32) -> Self {
        self.batch = Some(number);
        self
    }
    /// Only about this many.
    #[must_use]
    pub fn sample(mut self, size: usize) -> Self {
        self.sample = Some(size);
        self
    }
}

/// A field that differs. Its values are in the run's database only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldDifference {
    /// The record.
    pub record: SourceRef,
    /// Its object at the destination.
    pub target: Option<RemoteRef>,
    /// The field: `title`, `parts[3].body`.
    pub field: String,
    /// What differs, without the values: lengths, counts.
    pub how: String,
}

/// What `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Records compared, by kind of the destination.
    pub records: BTreeMap<String, u64>,
    /// Fields compared.
    pub compared: u64,
    /// Of those, equal.
    pub equal: u64,
    /// Of those, different.
    pub different: u64,
    /// Parts that a read can't show; they were compared in the answers of their writes.
    pub compared_while_writing: u64,
    /// The differences, at most 1,000.
    pub differences: Vec<FieldDifference>,
    /// Records that could not be read.
    pub unreadable: Vec<String>,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// Calls made.
    pub calls: u64,
    /// How it ended.
    pub exit: Exit,
}

/// Reads back every applied record, or a sample, and compares it with what was promised.
///
/// What it reads is also the baseline by which `rollback` knows what was edited since.
///
/// # Errors
/// `Refused`, `Ledger`. A record that can't be read is in the report.
pub async fn verify(
    run: &Run,
    sink: &dyn Sink,
    options: &VerifyOptions,
    ctx: &Ctx<'_>,
) -> Result<VerifyReport, Failure> {
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
