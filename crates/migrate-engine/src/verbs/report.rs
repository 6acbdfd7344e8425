//! `report`: everything in one JSON file and one HTML page.

use super::status::{StatusReport, status};
use crate::{Ctx, Failure, Run, html};
use mapping_core::SourceRef;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A record in the quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct QuarantineRow {
    /// The record.
    pub record: SourceRef,
    /// Where it stopped: `extract`, `plan`, `apply`, `rollback`.
    pub phase: String,
    /// Why.
    pub why: String,
    /// What to do about it.
    pub todo: String,
}

/// What the report says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunReport {
    /// The run at a glance.
    pub status: StatusReport,
    /// The last extract.
    pub extract: Option<super::extract::ExtractReport>,
    /// The plan.
    pub plan: Option<super::plan::PlanReport>,
    /// Every call of `apply`, by batch.
    pub apply: BTreeMap<u32, super::apply::ApplyReport>,
    /// The last verification.
    pub verify: Option<super::verify::VerifyReport>,
    /// Every rollback, by batch.
    pub rollback: BTreeMap<u32, super::rollback::RollbackReport>,
    /// Losses by kind of loss, those of the plan and those of the writes.
    pub losses: BTreeMap<String, u64>,
    /// The quarantine, at most 10,000 rows.
    pub quarantine: Vec<QuarantineRow>,
    /// The chain of approvals: what, hash, who, when.
    pub approvals: Vec<String>,
}

/// Where the report was put, and what it says.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reported {
    /// `reports/report.json`.
    pub json: PathBuf,
    /// `reports/report.html`: one file, no network, no customer text.
    pub html: PathBuf,
    /// The content.
    pub report: RunReport,
}

/// Writes `reports/report.json` and `reports/report.html`. Looks at the run directory alone.
///
/// # Errors
/// The ledger can't be read or the files can't be written.
pub fn report(run: &Run, ctx: &Ctx<'_>) -> Result<Reported, Failure> {
    let report = gather(run)?;
    let json = run.save_report("report", &report)?;
    let page = html::report_page(run, &report, ctx.timer.now())?;
    let html = run.write("reports/report.html", page.as_bytes())?;
    ctx.note("report written");
    Ok(Reported { json, html, report })
}

/// The most rows of the quarantine in a report.
const ROWS: usize = 10_000;

fn gather(run: &Run) -> Result<RunReport, Failure> {
    let ledger = run.ledger();
    let mut report = RunReport {
        status: status(run)?,
        extract: run.read_json("reports/extract.json")?,
        plan: run.read_json("plan.json")?,
        verify: run.read_json("reports/verify.json")?,
        ..RunReport::default()
    };
    for batch in ledger.batches()? {
        if let Some(applied) = run.read_json(&format!("reports/apply-{}.json", batch.number))? {
            report.apply.insert(batch.number, applied);
        }
        if let Some(undone) = run.read_json(&format!("reports/rollback-{}.json", batch.number))? {
            report.rollback.insert(batch.number, undone);
        }
    }
    for (rule, _, _, count) in ledger.loss_counts()? {
        *report.losses.entry(super::plan::word(rule)).or_default() += count;
    }
    let rows = ledger.quarantined(ROWS)?;
    report.quarantine.extend(rows.into_iter().map(|q| QuarantineRow {
        record: q.record,
        phase: q.phase,
        why: q.why,
        todo: q.todo,
    }));
    let line = |a: crate::store::Approval| format!("{} · {} · {} · {}", a.at, a.what, a.who, a.hash);
    report.approvals = ledger.approvals()?.into_iter().map(line).collect();
    Ok(report)
}
