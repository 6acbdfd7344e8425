//! `handoff`: what people do by hand, in writing; and afterwards, whether they did.

use crate::handoff::{self, Desk};
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::Sink;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One hand-off as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandedOver {
    /// Its name, and that of its files.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The row of the map.
    pub row: String,
    /// What it becomes.
    pub destination: String,
    /// Where.
    pub place: String,
    /// Rows: records of the stage.
    pub records: u64,
    /// What a person should look at first. Counts only.
    pub flags: Vec<String>,
    /// Workbook, CSV and guide.
    pub files: Vec<PathBuf>,
    /// Further files: texts to paste, figures, copies.
    pub further: u64,
}

/// What `handoff` wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandoffReport {
    /// Every hand-off, in the order of the map; schema and scope last.
    pub entries: Vec<HandedOver>,
    /// `handoff/README.md`.
    pub index: PathBuf,
    /// How it ended.
    pub exit: Exit,
}

/// What was found of one hand-off. Names of macros, teams and fields: configuration, no customer text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckedHandoff {
    /// Its name.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// The platform doesn't show it, or it can't be compared.
    pub not_shown: bool,
    /// How many are as they were handed over.
    pub equal: u64,
    /// How many are there and differ.
    pub different: u64,
    /// How many aren't there, or can't be seen with these credentials.
    pub missing: u64,
    /// Those that differ, and in what; at most 500.
    pub differing: Vec<String>,
    /// Those that are missing; at most 500.
    pub lacking: Vec<String>,
}
impl CheckedHandoff {
    /// `2 equal, 1 different, 1 missing`.
    pub fn line(&self) -> String {
        match self.not_shown {
            true => "can’t be read back".to_owned(),
            false => format!("{} equal, {} different, {} missing", self.equal, self.different, self.missing),
        }
    }
}

/// What `handoff --check` found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HandoffCheckReport {
    /// Schema first, then every hand-off in the order of the map.
    pub entries: Vec<CheckedHandoff>,
    /// 4 when something differs or is missing.
    pub exit: Exit,
}

/// Writes `handoff/*.xlsx`, `.csv` and `.md` with an index, and the texts, figures and copies that belong to them. Looks
/// at the run directory alone. A sheet that a person wrote into is kept under another name.
///
/// # Errors
/// `Guard` for an incomplete extract; `Usage` for a map or list that can't be read; `Io`.
pub async fn handoff(run: &Run, ctx: &Ctx<'_>) -> Result<HandoffReport, Failure> {
    super::extract::require_complete(run)?;
    let desk = Desk::open(run, ctx.timer.now()).await?;
    let all = handoff::all(&desk);
    ctx.started("handoff", Some(all.len() as u64));
    let mut entries = Vec::with_capacity(all.len());
    for one in &all {
        entries.push(handoff::hand_over(&desk, one).await?);
        ctx.progress("handoff", entries.len() as u64, Some(all.len() as u64));
    }
    let readme = handoff::readme(&run.config().name, &entries);
    let index = run.write("handoff/README.md", readme.as_bytes())?;
    let report = HandoffReport { entries, index, exit: Exit::Done };
    run.save_report("handoff", &report)?;
    ctx.finished("handoff", report.entries.len() as u64);
    Ok(report)
}

/// Compares what people made at the destination with what was handed over, as far as the platform shows it. Writes
/// `reports/handoff-check.json`.
///
/// # Errors
/// `Guard` for an incomplete extract; what the destination refuses.
pub async fn handoff_check(run: &Run, sink: &dyn Sink, ctx: &Ctx<'_>) -> Result<HandoffCheckReport, Failure> {
    super::extract::require_complete(run)?;
    ctx.started("handoff check", None);
    let desk = Desk::open(run, ctx.timer.now()).await?;
    let entries = handoff::check(&desk, sink).await?;
    let differs = entries.iter().any(|e| e.different + e.missing > 0);
    let exit = if differs { Exit::Differences } else { Exit::Done };
    let report = HandoffCheckReport { entries, exit };
    run.save_report("handoff-check", &report)?;
    ctx.finished("handoff check", report.entries.iter().map(|e| e.equal + e.different + e.missing).sum());
    Ok(report)
}
