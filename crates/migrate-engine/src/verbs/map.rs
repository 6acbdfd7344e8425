//! `map`: proposes who and what stands for whom, in CSV files that a person confirms.

use crate::{Ctx, Exit, Failure, Finding, Run};
use mapping_core::Sink;
use serde::{Deserialize, Serialize};

/// How to map.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MapOptions {
    /// Only look: write no proposal.
    pub check: bool,
}
impl MapOptions {
    /// Only looks.
    #[must_use]
    pub fn check() -> Self {
        MapOptions { check: true }
    }
}

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListCount {
    /// Lines.
    pub lines: u64,
    /// Lines with a destination.
    pub matched: u64,
    /// Lines without one.
    pub open: u64,
    /// Lines that a person edited or confirmed.
    pub by_person: u64,
    /// Lines that this call wrote or changed.
    pub written: u64,
    /// The ids of the open lines, at most 50.
    pub open_ids: Vec<String>,
}

/// What `map` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MapReport {
    /// `mapping/agents.csv`.
    pub agents: ListCount,
    /// `mapping/queues.csv`: queues and ticketboxes.
    pub queues: ListCount,
    /// What is wrong with the mapping at this destination.
    pub findings: Vec<Finding>,
    /// The objects that will be moved: row, from, to, fidelity.
    pub objects: Vec<ObjectRow>,
    /// `Error` when a finding is a problem.
    pub exit: Exit,
}

/// A row of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectRow {
    /// The row's name: `I1`.
    pub row: String,
    /// The kind at the source.
    pub from: String,
    /// The kind at the destination.
    pub to: String,
    /// How true it is.
    pub fidelity: String,
}

/// Proposes matches for agents, queues and ticketboxes, and checks the mapping against the destination.
///
/// A line that a person edited or confirmed is never overwritten.
///
/// # Errors
/// `Usage` for a mapping or a list that can't be read, with its line; what the destination refuses.
pub async fn map(
    run: &Run,
    sink: &dyn Sink,
    options: &MapOptions,
    ctx: &Ctx<'_>,
) -> Result<MapReport, Failure> {
    let _ = (run, sink, options, ctx);
    Err(mapping_core::Error::bug("not written yet").into())
}
