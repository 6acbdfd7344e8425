//! `rollback`: takes back exactly what a batch made.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How to roll back.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RollbackOptions {
    /// The batch; the newest that isn't rolled back otherwise.
    pub batch: Option<u32>,
    /// The name of the destination, typed by a person. Without it, the plan of the rollback is all that happens.
    pub confirm: Option<String>,
    /// Take back the schema too.
    pub with_schema: bool,
}
impl RollbackOptions {
    /// This batch.
    #[must_use]
    pub fn batch(mut self, number: u32) -> Self {
        self.batch = Some(number);
        self
    }
    /// Does it; `name` must be the destination's.
    #[must_use]
    pub fn confirm(mut self, name: impl Into<String>) -> Self {
        self.confirm = Some(name.into());
        self
    }
    /// The schema too.
    #[must_use]
    pub fn with_schema(mut self) -> Self {
        self.with_schema = true;
        self
    }
}

/// A record that rollback leaves at the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// The record.
    pub record: SourceRef,
    /// Why it stays.
    pub why: String,
}

/// What `rollback` did or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RollbackReport {
    /// The batch.
    pub batch: u32,
    /// Its label.
    pub label: String,
    /// What a person must type.
    pub account: String,
    /// Nothing was written.
    pub dry_run: bool,
    /// Records to take back, by kind of the destination.
    pub planned: BTreeMap<String, u64>,
    /// Records taken back, by kind of the destination.
    pub undone: BTreeMap<String, u64>,
    /// Records that stay, with the reason; at most 1,000.
    pub kept: Vec<Kept>,
    /// How many stay.
    pub kept_count: u64,
    /// Calls expected.
    pub calls_planned: u64,
    /// Calls made.
    pub calls: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}

/// Shows what would be taken back, and with the destination's name typed takes it back, newest first.
///
/// What was there before, and what was edited since `verify`, is kept and listed. The schema stays unless asked.
///
/// # Errors
/// `Guard` for a wrong name, `Usage` when there is no such batch, `Refused`, `Ledger`.
pub async fn rollback(
    run: &Run,
    sink: &dyn Sink,
    options: &RollbackOptions,
    ctx: &Ctx<'_>,
) -> Result<RollbackReport, Failure> {
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
