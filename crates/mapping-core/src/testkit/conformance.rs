//! What every sink promises apart from crashes: pure functions are pure, read-back is what was shaped, one write a step.

use super::suites::{Trial, finished, report};
use super::{Rig, Seen, SuiteReport, Watched, run};
use crate::{Change, RemoteRef, Sink, SourceRef, diff};
use std::time::Duration;

/// Checks over one clean load that
///
/// - `shape` is idempotent, and every link of the shaped draft is among the needs of its steps,
/// - `steps` and `undo` give the same answer to the same question,
/// - `perform` makes exactly one call, a write (none for an object that `prepare` found there); `prepare`, `settle`, `read` and `catalog` write nothing,
/// - no step takes more calls than its cost says,
/// - the read-back of every record that can be read equals its shaped draft by [`diff`](crate::diff()),
/// - the floor is no higher than what was planned.
///
/// # Errors
/// A sentence about the first promise that was broken.
pub async fn sink_conformance(rig: &dyn Rig) -> Result<SuiteReport, String> {
    let mut report = report("sink_conformance", rig);
    let trial = Trial::new(rig, Duration::ZERO, Duration::ZERO).await?;
    let sink = trial.world.connect().await.map_err(|e| format!("no sink: {e}"))?;
    let watched = Watched::new(&*sink, &trial.wire);
    finished(run(&trial.bench(&watched), &rig.drafts()).await, "in a load without faults")?;
    one_write_per_step(&watched.seen())?;
    let catalog = sink.catalog().await.map_err(|e| format!("catalog: {e}"))?;
    for record in trial.ledger.records() {
        purity(&*sink, &trial, &record, &catalog).map_err(|e| format!("{record}: {e}"))?;
        costs(&trial, &record, &*sink).map_err(|e| format!("{record}: {e}"))?;
        if let Some(target) = trial.ledger.progress(&record).unwrap_or_default().target() {
            read_back(&watched, &trial, &record, target).await.map_err(|e| format!("{record}: {e}"))?;
        }
    }
    one_write_per_step(&watched.seen())?;
    let counts = trial.wire.counts();
    report.runs = 1;
    report.calls = counts.reads + counts.writes;
    Ok(report)
}

fn one_write_per_step(seen: &[Seen]) -> Result<(), String> {
    let mut prepared = 0;
    for Seen { method, op, reads, writes, worst, matched } in seen {
        let right = match *method {
            // What `prepare` found to be there already needs no call.
            "perform" => *reads == 0 && (*writes == 1 || *matched && *writes == 0),
            _ => *writes == 0,
        };
        if !right {
            return Err(format!("{method} of `{op}` made {writes} writes and {reads} reads"));
        }
        let calls = reads + writes + if *method == "perform" { prepared } else { 0 };
        if matches!(*method, "prepare" | "perform") && calls > u64::from(*worst) {
            return Err(format!("`{op}` took {calls} calls, its cost says {worst} at worst"));
        }
        prepared = if *method == "prepare" { *reads } else { 0 };
    }
    Ok(())
}

fn purity(
    sink: &dyn Sink,
    trial: &Trial<'_>,
    record: &SourceRef,
    catalog: &crate::Catalog,
) -> Result<(), String> {
    let Some(shaped) = trial.ledger.shaped(record) else { return Err("it was not planned".into()) };
    let again = sink.shape(&shaped, catalog).map_err(|e| format!("shape refuses its own result: {e}"))?;
    if again.draft != shaped {
        let observed = crate::Observed { draft: again.draft, window: crate::Window::Whole, version: None };
        let found = diff(&shaped, &observed, &trial.ledger.refs());
        let fields: Vec<&str> = found.iter().map(|d| d.field.as_str()).collect();
        return Err(format!("shape is not idempotent: {}", fields.join(", ")));
    }
    let change = Change::first(&shaped);
    let steps = sink.steps(&change).map_err(|e| format!("steps: {e}"))?;
    if sink.steps(&change).ok().as_ref() != Some(&steps) {
        return Err("steps gives two answers to one question".into());
    }
    let missing = shaped.needs().into_iter().find(|need| !steps.iter().any(|step| step.needs.contains(need)));
    if let Some(missing) = missing {
        return Err(format!("no step needs {missing}, which the draft links to"));
    }
    let progress = trial.ledger.progress(record).unwrap_or_default();
    let undo = sink.undo(&progress).map_err(|e| format!("undo: {e}"))?;
    if sink.undo(&progress).ok() != Some(undo) {
        return Err("undo gives two answers to one question".into());
    }
    Ok(())
}

fn costs(trial: &Trial<'_>, record: &SourceRef, sink: &dyn Sink) -> Result<(), String> {
    let progress = trial.ledger.progress(record).unwrap_or_default();
    if let Some(entry) = progress.entries.iter().find(|e| e.step.cost.expected > e.step.cost.worst) {
        return Err(format!("`{}` expects more calls than its worst case", entry.step.op));
    }
    let floor = trial.ledger.shaped(record).map_or(0, |draft| sink.floor(&draft));
    let worst = u64::from(progress.cost().worst);
    if floor > worst {
        return Err(format!("the floor of {floor} calls is above the plan's worst case of {worst}"));
    }
    Ok(())
}

async fn read_back(
    sink: &dyn Sink,
    trial: &Trial<'_>,
    record: &SourceRef,
    target: &RemoteRef,
) -> Result<(), String> {
    let Some(shaped) = trial.ledger.shaped(record) else { return Err("it was not planned".into()) };
    let read = sink.read(target).await.map_err(|e| format!("read: {e}"))?;
    let Some(observed) = read else { return Err(format!("{target} can't be read back")) };
    let found = diff(&shaped, &observed, &trial.ledger.refs());
    match found.first() {
        None => Ok(()),
        Some(d) => Err(format!(
            "{} fields differ from what was shaped; {}: wanted {:?}, found {:?}",
            found.len(),
            d.field,
            d.want.as_str(),
            d.have.as_str()
        )),
    }
}
