//! `extract`: source → stage, resumable at every page, and the proof that everything came.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Source, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How to extract.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExtractOptions {
    /// Go on although records are missing: who accepts the shortfall.
    pub accept_shortfall: Option<String>,
}
impl ExtractOptions {
    /// Accepts a shortfall in this person's name.
    #[must_use]
    pub fn accept_shortfall(mut self, who: impl Into<String>) -> Self {
        self.accept_shortfall = Some(who.into());
        self
    }
}

/// What was read of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindCount {
    /// Records in the stage, each id once.
    pub staged: u64,
    /// What the source says it has, if it says so.
    pub declared: Option<u64>,
    /// Records that could not be read; they are in the quarantine.
    pub bad: u64,
    /// Records that came again with an id that was there already.
    pub repeated: u64,
    /// Pages read.
    pub pages: u64,
    /// The kind was read to its end.
    pub complete: bool,
}

/// A sum that doesn't agree: something is missing or too much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shortfall {
    /// What was compared: `ticket: declared total`, `message: count of the ticket`, `attachment: declared size`.
    pub what: String,
    /// How many should be there.
    pub expected: u64,
    /// How many are there.
    pub found: u64,
    /// Some records it concerns, at most 20.
    pub examples: Vec<SourceRef>,
}

/// What `extract` did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtractReport {
    /// What was read, by kind.
    pub kinds: BTreeMap<String, KindCount>,
    /// Bytes of the files that the stage's attachments name.
    pub attachment_bytes: u64,
    /// Attachments whose bytes are missing.
    pub missing_files: u64,
    /// Sums that don't agree.
    pub shortfalls: Vec<Shortfall>,
    /// Who accepted them.
    pub accepted_by: Option<String>,
    /// Elements nobody knows, by path, with how often they came.
    pub unmapped: BTreeMap<String, u64>,
    /// Remarks of the source.
    pub notes: Vec<String>,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}

/// Reads everything the source has into the stage. Needs no destination. The same call goes on after a stop.
///
/// # Errors
/// The stage or the file store can't be written. What the source refuses ends in the report: what was read stays.
pub async fn extract(
    run: &Run,
    source: &dyn Source,
    options: &ExtractOptions,
    ctx: &Ctx<'_>,
) -> Result<ExtractReport, Failure> {
    let _ = (run, source, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
