//! `provision`: creates the schema that the mapping needs, and only that.

use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Sink, SourceRef};
use serde::{Deserialize, Serialize};

/// How to provision.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProvisionOptions {
    /// Only list what would be done.
    pub dry_run: bool,
}
impl ProvisionOptions {
    /// Only lists.
    #[must_use]
    pub fn dry_run() -> Self {
        ProvisionOptions { dry_run: true }
    }
}

/// What an entry of the schema needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is there and fits.
    Exists,
    /// It has to be created.
    Create,
    /// It is there and has to be changed (options added).
    Change,
    /// The API can't make or change it; a person has to.
    ByHand,
}

/// An entry of the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaEntry {
    /// Its name within the run: `conversation_attribute:channel_source__c`.
    pub record: SourceRef,
    /// What it needs.
    pub action: Action,
    /// Calls, when nothing goes wrong.
    pub calls: u32,
    /// It is done: it was there, or this call made it.
    pub done: bool,
    /// Why a person has to do it, or why it failed.
    pub why: Option<String>,
}

/// What `provision` did or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProvisionReport {
    /// Every entry, in order.
    pub entries: Vec<SchemaEntry>,
    /// Nothing was written.
    pub dry_run: bool,
    /// Calls made.
    pub calls: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}

/// Creates what is missing. What exists is matched, not created; missing options are added.
///
/// # Errors
/// What the destination refuses altogether, and the ledger's errors. One refused entry is in the report.
pub async fn provision(
    run: &Run,
    sink: &dyn Sink,
    options: &ProvisionOptions,
    ctx: &Ctx<'_>,
) -> Result<ProvisionReport, Failure> {
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
