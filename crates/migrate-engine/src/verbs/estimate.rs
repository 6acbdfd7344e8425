//! `estimate`: calls, time and disk of what is ahead, from the plan, the quota and what earlier loads have measured.

use super::apply::inputs_of;
use super::plan::{PlanReport, written};
use crate::drafts::{BATCH, Drafts, Made};
use crate::loading::row_of;
use crate::store::PlanRow;
use crate::sums::phase_name;
use crate::{Failure, Run};
use mapping_core::{Error, Progress, Quota, Receipt, RemoteRef, Sink, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// Rows looked at together.
const TOGETHER: usize = 500;
/// Calls below which a measurement says more about the start than about the pace.
const ENOUGH: u64 = 100;
/// Bytes of the ledger for a step and for a record, by measurement; rounded up.
const STEP_BYTES: u64 = 700;
const RECORD_BYTES: u64 = 3_000;

/// What the connection makes of the quota.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Pace {
    /// The share of the stated quota that is used, above 0, at most 1.
    pub share: f64,
    /// Calls at once.
    pub parallel: usize,
}
impl Default for Pace {
    fn default() -> Self {
        Pace { share: 0.8, parallel: 16 }
    }
}
impl Pace {
    /// This share of the quota, this many calls at once.
    pub fn new(share: f64, parallel: usize) -> Self {
        Pace { share: share.clamp(0.01, 1.0), parallel: parallel.max(1) }
    }
}

/// How to estimate.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct EstimateOptions {
    /// What the connection makes of the quota.
    pub pace: Pace,
    /// The size of a sampled verification, in records.
    pub sample: u64,
}
impl Default for EstimateOptions {
    fn default() -> Self {
        EstimateOptions { pace: Pace::default(), sample: 400 }
    }
}
impl EstimateOptions {
    /// At this pace.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
    /// With a sampled verification of so many records.
    #[must_use]
    pub fn sample(mut self, records: u64) -> Self {
        self.sample = records;
        self
    }
}

/// What something costs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Price {
    /// What it is: `conversation (pass 2)`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Records.
    pub records: u64,
    /// Calls when nothing goes wrong.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// Seconds when nothing goes wrong; `None` when nothing is known of the pace.
    pub seconds: Option<u64>,
}

/// What is ahead costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Estimate {
    /// The quota as the destination states it: calls, and seconds of their window.
    pub quota: Option<(u32, u32)>,
    /// The share of it that is used.
    pub share: f64,
    /// Calls at once that are really possible.
    pub parallel: u64,
    /// Seconds from a call to its answer, measured while planning.
    pub latency: Option<f64>,
    /// Calls a second that an earlier load of this run came to.
    pub measured: Option<f64>,
    /// Calls a second that is reckoned with.
    pub rate: Option<f64>,
    /// Calls of the look at the destination before a load.
    pub look_calls: u64,
    /// The load of what isn't there yet.
    pub load: Price,
    /// The load by phase and pass.
    pub phases: Vec<Price>,
    /// Reading everything back.
    pub verify: Price,
    /// Reading a sample back.
    pub verify_sampled: Price,
    /// Taking everything back, with the look whether somebody edited it since.
    pub rollback: Price,
    /// Tickets that change at the source in a day, over the last four weeks of the stage.
    pub changed_per_day: f64,
    /// Carrying over what changed in a day: at most, each ticket as a whole.
    pub delta_per_day: Price,
    /// How long the source must stand still at the end: the last day's changes carried over and read back, and two
    /// looks that find nothing more. What reading them from the source takes comes on top.
    pub freeze_seconds: Option<u64>,
    /// Bytes of the run directory now.
    pub disk_now: u64,
    /// Bytes that the ledger will grow by.
    pub disk_more: u64,
}

/// What an estimate knows from planning.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Observed {
    pub(crate) look_calls: u64,
    pub(crate) latency: Option<f64>,
    pub(crate) changed_per_day: f64,
}

/// What a pace was measured at.
#[derive(Clone, Copy)]
pub(crate) enum Measured {
    Load,
    Verify,
}
impl Measured {
    fn name(self) -> &'static str {
        match self {
            Measured::Load => "pace of the last load",
            Measured::Verify => "pace of the last verification",
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Paced {
    calls: u64,
    units: f64,
}

/// Keeps a measurement: calls and seconds of a load, calls and records of a verification. One that is too small to say
/// something is left out.
pub(crate) async fn remember_rate(run: &Run, what: Measured, calls: u64, units: f64) -> Result<(), Failure> {
    if calls < ENOUGH || units <= 0.0 {
        return Ok(());
    }
    let json = serde_json::to_string(&Paced { calls, units })
        .map_err(|e| Error::bug("a measurement can't be written as JSON").with_source(e))?;
    Ok(run.ledger().set_value(what.name(), &json).await?)
}

pub(crate) fn measured(run: &Run, what: Measured) -> Result<Option<f64>, Failure> {
    let kept: Option<Paced> =
        run.ledger().value(what.name())?.and_then(|json| serde_json::from_str(&json).ok());
    Ok(kept.map(|paced| paced.calls as f64 / paced.units))
}

/// What the plan's load, its verification, a rollback and a day's changes cost. Asks the destination nothing.
///
/// # Errors
/// `Usage` without a plan; the ledger can't be read.
pub async fn estimate(run: &Run, sink: &dyn Sink, options: &EstimateOptions) -> Result<Estimate, Failure> {
    let none = || Failure::usage("there is no plan; run `plan` first");
    let head = run.ledger().plan()?.ok_or_else(none)?;
    let plan: PlanReport = run.read_json("plan.json")?.ok_or_else(none)?;
    let drafts = Drafts::new(run, sink, inputs_of(&head)?).await?;
    let seen = Observed {
        look_calls: plan.estimate.look_calls,
        latency: plan.estimate.latency,
        changed_per_day: plan.estimate.changed_per_day,
    };
    let report = reckon(run, &drafts, options, &seen)?;
    run.save_report("estimate", &report)?;
    Ok(report)
}

/// What the rows of the plan add up to.
#[derive(Default)]
struct Ahead {
    /// By pass and phase: name, records, calls, calls at worst, calls of the longest record.
    phases: BTreeMap<(u8, u32), (Price, u64)>,
    /// By kind: records, and what taking one back costs.
    kinds: BTreeMap<String, (u64, u64)>,
    steps: u64,
    tickets: u64,
    ticket_calls: u64,
    verify_records: u64,
    verify_calls: u64,
}

impl Ahead {
    fn add(&mut self, row: &PlanRow) {
        let later: u64 = row.later.values().map(|p| u64::from(p.calls)).sum();
        let later_worst: u64 = row.later.values().map(|p| u64::from(p.calls_worst)).sum();
        let calls = u64::from(row.calls).saturating_sub(later);
        self.add_pass(row, 0, calls, u64::from(row.calls_worst).saturating_sub(later_worst));
        for (pass, cost) in &row.later {
            self.add_pass(row, *pass, cost.calls.into(), cost.calls_worst.into());
        }
        self.steps += u64::from(row.steps);
        if !row.strata.is_empty() {
            self.tickets += 1;
            self.ticket_calls += u64::from(row.calls);
        }
    }
    fn add_pass(&mut self, row: &PlanRow, pass: u8, calls: u64, worst: u64) {
        let (price, longest) = self.phases.entry((pass, row.phase)).or_default();
        price.name = phase_name(row.kind.as_str(), pass);
        price.records += 1;
        price.calls += calls;
        price.calls_worst += worst;
        *longest = calls.max(*longest);
    }
}

/// Reckons what the rows of the finished plan cost.
pub(crate) fn reckon(
    run: &Run,
    drafts: &Drafts<'_>,
    options: &EstimateOptions,
    seen: &Observed,
) -> Result<Estimate, Failure> {
    let mut ahead = Ahead::default();
    if let Some(mark) = drafts.sink().batch_mark(&format!("{}-batch-0", run.config().name))
        && let Made::Draft(finished) = drafts.shape(&mark, Vec::new())
    {
        let row = row_of(drafts.sink(), BATCH, 0, &finished);
        ahead.add(&row);
        ahead.kinds.insert(row.kind.to_string(), (1, undo_calls(drafts, &row, finished.steps)));
    }
    walk(run, drafts, &mut ahead)?;
    let mut report = paced(run, drafts.inputs().catalog.quota, options, seen)?;
    let mut seconds = report.rate.map(|rate| seen.look_calls as f64 / rate);
    for (mut price, longest) in ahead.phases.into_values() {
        // The steps of one record follow each other: a phase is never over before its longest thread.
        let alone = longest as f64 * seen.latency.unwrap_or_default();
        let phase = report.rate.map(|rate| (price.calls as f64 / rate).max(alone));
        seconds = seconds.zip(phase).map(|(sum, phase)| sum + phase);
        price.seconds = phase.map(|phase| phase.ceil() as u64);
        report.load.records += if price.name.contains(" (pass ") { 0 } else { price.records };
        report.load.calls += price.calls;
        report.load.calls_worst += price.calls_worst;
        report.phases.push(price);
    }
    report.load.calls += seen.look_calls;
    report.load.calls_worst += seen.look_calls;
    report.load.seconds = seconds.map(|seconds| seconds.ceil() as u64);
    let per_record = match measured(run, Measured::Verify)? {
        Some(each) => each,
        None => ahead.verify_calls as f64 / ahead.verify_records.max(1) as f64,
    };
    report.verify = report.reads(ahead.verify_records, per_record);
    report.verify_sampled = report.reads(ahead.verify_records.min(options.sample), per_record);
    let undo: u64 = ahead.kinds.values().map(|(records, each)| records * each).sum();
    report.rollback = report.reads(ahead.verify_records, per_record);
    report.rollback.calls += undo;
    report.rollback.calls_worst = report.rollback.calls;
    report.rollback.seconds = report.seconds(report.rollback.calls);
    let each = ahead.ticket_calls as f64 / ahead.tickets.max(1) as f64;
    let changed = seen.changed_per_day.ceil() as u64;
    let calls = (seen.changed_per_day * each).ceil() as u64;
    report.delta_per_day = Price {
        records: changed,
        calls,
        calls_worst: calls,
        seconds: report.seconds(calls),
        ..Price::default()
    };
    let frozen = calls + (changed as f64 * per_record).ceil() as u64 + 3 * seen.look_calls;
    report.freeze_seconds = report.seconds(frozen);
    report.disk_now = size_of(run.dir());
    report.disk_more = ahead.steps * STEP_BYTES + report.load.records * RECORD_BYTES;
    Ok(report)
}

/// Adds up the rows; what an earlier batch has written is read back but not written again.
fn walk(run: &Run, drafts: &Drafts<'_>, ahead: &mut Ahead) -> Result<(), Failure> {
    let ledger = run.ledger();
    let mut after = 0;
    loop {
        let rows = ledger.plan_rows(after, TOGETHER)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        for (_, row) in rows {
            ahead.verify_records += 1;
            ahead.verify_calls += u64::from(row.reads);
            if !ahead.kinds.contains_key(row.kind.as_str()) {
                let steps = drafts.again(&row).map(|f| f.steps).unwrap_or_default();
                ahead.kinds.insert(row.kind.to_string(), (0, undo_calls(drafts, &row, steps)));
            }
            if let Some((records, _)) = ahead.kinds.get_mut(row.kind.as_str()) {
                *records += 1;
            }
            if !written(ledger.membership(&row.record)?.map(|(_, state)| state)) {
                ahead.add(&row);
            }
        }
    }
}

/// What taking back an object of this kind costs once it was created, as the sink's own undo says.
fn undo_calls(drafts: &Drafts<'_>, row: &PlanRow, steps: Vec<mapping_core::Step>) -> u64 {
    let mut done = Progress::of(steps);
    if let Some(first) = done.entries.first_mut() {
        first.state =
            State::Applied(Receipt::new(mapping_core::Made::Created(RemoteRef::new(row.kind.clone(), "0"))));
    }
    let undo = drafts.sink().undo(&done).unwrap_or_default();
    undo.iter().map(|step| u64::from(step.cost.expected)).sum()
}

/// The pace: the quota's share, what an earlier load came to, and what so many calls at once can be.
fn paced(
    run: &Run,
    quota: Option<Quota>,
    options: &EstimateOptions,
    seen: &Observed,
) -> Result<Estimate, Failure> {
    let quota = quota.filter(|q| q.limit > 0 && q.window_seconds > 0);
    let parallel = options.pace.parallel.min(run.config().limits.workers).max(1);
    let by_quota = quota.map(|q| f64::from(q.limit) / f64::from(q.window_seconds) * options.pace.share);
    let by_latency = seen.latency.filter(|l| *l > 0.0).map(|latency| parallel as f64 / latency);
    let measured = measured(run, Measured::Load)?;
    let rates = [by_quota, by_latency, measured].into_iter().flatten();
    Ok(Estimate {
        quota: quota.map(|q| (q.limit, q.window_seconds)),
        share: options.pace.share,
        parallel: parallel as u64,
        latency: seen.latency,
        measured,
        rate: rates.min_by(f64::total_cmp),
        look_calls: seen.look_calls,
        changed_per_day: seen.changed_per_day,
        ..Estimate::default()
    })
}

impl Estimate {
    fn seconds(&self, calls: u64) -> Option<u64> {
        self.rate.filter(|rate| *rate > 0.0).map(|rate| (calls as f64 / rate).ceil() as u64)
    }
    fn reads(&self, records: u64, each: f64) -> Price {
        let calls = (records as f64 * each).ceil() as u64;
        Price { records, calls, calls_worst: calls, seconds: self.seconds(calls), ..Price::default() }
    }
}

/// Bytes of the files of a directory and of those below it; what can't be read counts nothing.
fn size_of(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size_of(&entry.path()),
            Ok(meta) if meta.is_file() => meta.len(),
            _ => 0,
        })
        .sum()
}
