//! `plan`: what `apply` will do, exactly; reads only.

use super::estimate::{Estimate, EstimateOptions, Observed, Pace, reckon};
use crate::drafts::{BATCH, Drafts, Inputs, Made, STAND_IN};
use crate::loading::row_of;
use crate::marks;
use crate::planner::{Planned, plan_all};
use crate::store::{BatchKind, BatchState, MemberState, PlanHead, PlanRow};
use crate::{Ctx, Exit, Failure, Run, Severity};
use mapping_core::{Dialect, Error, LossRule, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Examples of a kind in `plan.json`.
const SAMPLES: usize = 5;
/// The most rows of `losses_by_field`, the most frequent first; `losses` counts all.
const LISTED: usize = 500;

/// How to plan.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Plan although schema is missing at the destination; what needs it goes to the quarantine or is a loss.
    pub without_schema: bool,
    /// What the connection makes of the quota, for the estimate.
    pub pace: Pace,
}
impl PlanOptions {
    /// With a connection of this pace.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }
    /// Plans although schema is missing.
    #[must_use]
    pub fn without_schema() -> Self {
        PlanOptions { without_schema: true, ..Self::default() }
    }
}

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
    /// What the passes behind the first cost, by their number; it is in the sums above too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub later: BTreeMap<u8, LaterPass>,
    /// Some of them, by id.
    pub samples: Vec<SourceRef>,
}

/// What is planned of one kind in a pass that begins when all records are through the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LaterPass {
    /// Objects that need it.
    pub drafts: u64,
    /// Lasting writes.
    pub steps: u64,
    /// Calls when nothing goes wrong.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
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
    /// Seconds that the load takes, when something is known of the pace.
    pub seconds: Option<u64>,
    /// What the load, its verification, a rollback and a day's changes cost.
    #[serde(default)]
    pub estimate: Estimate,
    /// Losses by kind.
    pub losses: BTreeMap<String, u64>,
    /// Losses by kind and field.
    pub losses_by_field: Vec<LossCount>,
    /// The sums, by kind of the source.
    pub sums: BTreeMap<String, KindSum>,
    /// The sums of the tickets, by channel, queue, status and month: `channel=email`.
    #[serde(default)]
    pub tickets: BTreeMap<String, KindSum>,
    /// Records in the quarantine, with the reason.
    pub quarantined: u64,
    /// What has to be done before `apply`: schema that is missing, lists that are open.
    pub blockers: Vec<String>,
    /// What `apply` waits for by name, as it was when the plan was made: acknowledgements, and the plan's own approval.
    #[serde(default)]
    pub to_approve: Vec<String>,
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

/// Refuses to go on before the source was read to its end; for a program that wants to say so before it opens the
/// destination.
///
/// # Errors
/// `Guard` with what to do.
pub fn require_extracted(run: &Run) -> Result<(), Failure> {
    super::extract::require_complete(run)
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
    super::extract::require_complete(run)?;
    require_no_open_batch(run)?;
    let (calls_before, began) = (sink.meter().calls, ctx.timer.now());
    let catalog = sink.catalog().await?;
    let others = marks::foreign(run, sink, &catalog).await?;
    let look_calls = sink.meter().calls - calls_before;
    let looked = ctx.timer.now().duration_since(began).as_secs_f64();
    let inputs = Inputs::now(run, sink.dialect(), catalog)?;
    let drafts = Drafts::new(run, sink, inputs).await?;
    let missing = super::provision::missing(&drafts)?;
    if !missing.is_empty() && !options.without_schema {
        return Err(Failure::guard("the destination lacks schema that the map needs; run `provision` first")
            .details(missing));
    }
    run.ledger().begin_plan().await?;
    let Planned { relies_on, sums, tickets, changed_per_day } = plan_all(run, &drafts, ctx).await?;
    let mut report = add_up(run, &drafts, sums)?;
    report.exit = if tickets.values().all(KindSum::agrees) { report.exit } else { Exit::Sums };
    report.tickets = tickets;
    let latency = (look_calls > 0 && looked > 0.0).then(|| looked / look_calls as f64);
    let seen = Observed { look_calls, latency, changed_per_day };
    report.estimate = reckon(run, &drafts, &EstimateOptions::default().pace(options.pace), &seen)?;
    report.seconds = report.estimate.load.seconds;
    report.made_at = ctx.timer.now();
    report.blockers = missing.into_iter().map(|m| format!("schema is missing: {m}")).collect();
    let problems = problems(&drafts);
    if !problems.is_empty() {
        report.exit = Exit::Guard;
    }
    report.blockers.extend(problems);
    report.blockers.extend(marks::told(&others));
    let head = head(&drafts, relies_on, &mut report, run.stage().revision()?)?;
    run.ledger().finish_plan(head.clone()).await?;
    let standing = super::approve::standing(run, &head)?;
    report
        .to_approve
        .extend(standing.open().map(|a| format!("nobody has taken note of «{}»: {}", a.id, a.text)));
    if run.config().approval.plan && standing.approved_by.is_none() {
        report.to_approve.push("nobody has approved this plan".to_owned());
    }
    run.write_json("plan.json", &report)?;
    run.write("plan.html", crate::html::plan_page(run, &report)?.as_bytes())?;
    ctx.finished("plan", report.kinds.values().map(|k| k.drafts).sum());
    Ok(report)
}

fn require_no_open_batch(run: &Run) -> Result<(), Failure> {
    let open = run.ledger().batches()?.into_iter().find(|b| {
        b.kind != BatchKind::Schema && matches!(b.state, BatchState::Running | BatchState::Undoing)
    });
    match open {
        Some(batch) => Err(Failure::guard(format!(
            "{} was stopped before its end; run apply or rollback again to end it, then plan",
            batch.label
        ))),
        None => Ok(()),
    }
}

/// What is wrong between the map and the destination; nothing may be written before it is settled.
pub(crate) fn problems(drafts: &Drafts<'_>) -> Vec<String> {
    let findings = super::map::findings(drafts.mapping(), drafts.seen(), &drafts.inputs().catalog);
    let problems = findings.into_iter().filter(|f| f.severity == Severity::Problem);
    problems.map(|f| format!("{}: {}", f.subject, f.what)).collect()
}

fn head(
    drafts: &Drafts<'_>,
    relies_on: BTreeSet<String>,
    report: &mut PlanReport,
    stage_revision: u64,
) -> Result<PlanHead, Failure> {
    let now = drafts.inputs().catalog.digests();
    let relies_on: BTreeMap<_, _> =
        relies_on.into_iter().map(|key| (key.clone(), now.get(&key).cloned())).collect();
    let json = |e: serde_json::Error| Error::bug("a plan can't be written as JSON").with_source(e);
    let inputs = serde_json::to_string(drafts.inputs()).map_err(json)?;
    let mut hash = Sha256::new();
    hash.update(&report.digest);
    hash.update(serde_json::to_vec(&relies_on).map_err(json)?);
    hash.update(&drafts.inputs().catalog.account);
    report.digest = hex(hash);
    Ok(PlanHead {
        id: 0,
        at: report.made_at,
        digest: report.digest.clone(),
        inputs,
        relies_on,
        stage_revision,
    })
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Adds up the rows of the plan, in the order of writing.
fn add_up(run: &Run, drafts: &Drafts<'_>, sums: BTreeMap<String, KindSum>) -> Result<PlanReport, Failure> {
    let ledger = run.ledger();
    let mut report = empty(drafts);
    let mut hash = Sha256::new();
    let mut after = 0;
    loop {
        let rows = ledger.plan_rows(after, 500)?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        for (_, row) in &rows {
            hash.update(format!("{}\n{}\n", row.record, row.digest));
            if written(ledger.membership(&row.record)?.map(|(_, state)| state)) {
                report.applied_before += 1;
            } else {
                add_row(&mut report, row);
            }
        }
    }
    report.digest = hex(hash);
    if let Some(mark) = drafts.sink().batch_mark(&format!("{}-batch-0", run.config().name))
        && let Made::Draft(finished) = drafts.shape(&mark, Vec::new())
    {
        let row = row_of(drafts.sink(), BATCH, 0, &finished);
        report.calls += u64::from(row.calls);
        report.calls_worst += u64::from(row.calls_worst);
        report.floor += row.floor;
    }
    for (rule, field, why, count) in ledger.loss_counts()? {
        *report.losses.entry(word(rule)).or_default() += count;
        if report.losses_by_field.len() < LISTED {
            report.losses_by_field.push(LossCount { rule, field, why, count });
        }
    }
    report.quarantined = ledger
        .quarantine_counts()?
        .into_iter()
        .filter(|((p, _), _)| p == "plan" || p == "extract")
        .map(|(_, n)| n)
        .sum();
    report.exit = match sums.values().all(KindSum::agrees) {
        false => Exit::Sums,
        true if report.quarantined > 0 => Exit::Incomplete,
        true => Exit::Done,
    };
    report.sums = sums;
    Ok(report)
}

/// Whether a record in this state is at the destination for good, as far as this run knows.
pub(crate) fn written(state: Option<MemberState>) -> bool {
    matches!(state, Some(MemberState::Applied | MemberState::Matched | MemberState::Kept))
}

/// The name of a loss rule in reports.
pub(crate) fn word(rule: LossRule) -> String {
    format!("{rule:?}").to_lowercase()
}

fn empty(drafts: &Drafts<'_>) -> PlanReport {
    let mut report = PlanReport {
        digest: String::new(),
        made_at: jiff::Timestamp::UNIX_EPOCH,
        account: drafts.inputs().catalog.account.clone(),
        dialect: drafts.inputs().dialect.clone(),
        kinds: BTreeMap::new(),
        order: Vec::new(),
        calls: 0,
        calls_worst: 0,
        floor: 0,
        seconds: None,
        estimate: Estimate::default(),
        tickets: BTreeMap::new(),
        losses: BTreeMap::new(),
        losses_by_field: Vec::new(),
        sums: BTreeMap::new(),
        quarantined: 0,
        blockers: Vec::new(),
        to_approve: Vec::new(),
        applied_before: 0,
        exit: Exit::Done,
    };
    for rule in drafts.mapping().objects() {
        report.order.push(rule.to.to_string());
        let plan = KindPlan {
            row: rule.row.clone(),
            from: rule.from.to_string(),
            fidelity: rule.fidelity.as_str().to_owned(),
            ..KindPlan::default()
        };
        report.kinds.insert(rule.to.to_string(), plan);
    }
    report
}

fn add_row(report: &mut PlanReport, row: &PlanRow) {
    let kind = report.kinds.entry(row.kind.to_string()).or_default();
    kind.drafts += 1;
    if row.rule != STAND_IN {
        kind.records += 1 + row.aliases.len() as u64;
    }
    kind.parts += u64::from(row.parts);
    kind.files += u64::from(row.files);
    kind.steps += u64::from(row.steps);
    kind.calls += u64::from(row.calls);
    kind.calls_worst += u64::from(row.calls_worst);
    kind.floor += row.floor;
    for (pass, cost) in &row.later {
        let later = kind.later.entry(*pass).or_default();
        later.drafts += 1;
        later.steps += u64::from(cost.steps);
        later.calls += u64::from(cost.calls);
        later.calls_worst += u64::from(cost.calls_worst);
        later.floor += cost.floor;
    }
    if kind.samples.len() < SAMPLES {
        kind.samples.push(row.record.clone());
    }
    report.calls += u64::from(row.calls);
    report.calls_worst += u64::from(row.calls_worst);
    report.floor += row.floor;
}
