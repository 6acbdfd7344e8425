//! `apply`: carries out exactly the plan, in numbered batches that can be taken back.

use super::estimate::Measured;
use super::plan::word;
use super::provision::{own_entry, told};
use crate::crew::{self, Bounds};
use crate::drafts::{Drafts, Inputs};
use crate::gathering::{Choice, gather};
use crate::guarded::{Guarded, Halt};
use crate::loading::{Loading, Refusals};
use crate::marks;
use crate::store::{Batch, BatchKind, BatchState, MemberState, PlanHead, Tally};
use crate::sums::{PhaseSum, TraitSum, phase_name, phase_sums, reconcile, trait_sums};
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Catalog, Error, ErrorKind, Loss, LossRule, RemoteRef, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How to apply.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// Only a sample of about this many tickets, stratified, and what they link to.
    pub pilot: Option<usize>,
    /// Only the tickets of this wave of `migration.toml`, and what they link to.
    pub wave: Option<String>,
    /// Try again what is in the quarantine because the destination refused it.
    pub retry_quarantined: bool,
    /// Who approved the plan; kept with its digest.
    pub approved_by: Option<String>,
}
impl ApplyOptions {
    /// A pilot of about this many.
    #[must_use]
    pub fn pilot(mut self, size: usize) -> Self {
        self.pilot = Some(size);
        self
    }
    /// A wave.
    #[must_use]
    pub fn wave(mut self, name: impl Into<String>) -> Self {
        self.wave = Some(name.into());
        self
    }
    /// Tries the quarantine again.
    #[must_use]
    pub fn retry_quarantined(mut self) -> Self {
        self.retry_quarantined = true;
        self
    }
    /// Approved by.
    #[must_use]
    pub fn approved_by(mut self, who: impl Into<String>) -> Self {
        self.approved_by = Some(who.into());
        self
    }
}

/// Something that a write found it could not keep, or that was refused while the record went on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WriteLoss {
    /// The record.
    pub record: SourceRef,
    /// The field or part.
    pub field: String,
    /// The kind of loss.
    pub rule: LossRule,
    /// Why, without customer text.
    pub why: String,
}

/// What `apply` did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplyReport {
    /// The batch's number.
    pub batch: u32,
    /// The batch's label at the destination.
    pub label: String,
    /// It is a pilot.
    pub pilot: bool,
    /// It went on with a batch that had been stopped.
    pub resumed: bool,
    /// The wave, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
    /// The sums, phase by phase, those of later passes last.
    pub phases: Vec<PhaseSum>,
    /// The sums of the tickets by channel, queue, status and month.
    #[serde(default)]
    pub tickets: Vec<TraitSum>,
    /// Calls made by this call of `apply`: the look at the destination before it, settling and lookups included.
    pub calls: u64,
    /// Calls that the plan expected for this batch as a whole.
    pub calls_planned: u64,
    /// The fewest calls that the platform's API allows for this batch as a whole.
    pub floor: u64,
    /// What the writes of this batch could not keep, by kind of loss: refused parts, fields that stayed theirs, people
    /// who left and a placeholder stands for.
    pub losses: BTreeMap<String, u64>,
    /// The same one by one; at most 1,000.
    #[serde(default)]
    pub lost: Vec<WriteLoss>,
    /// How long this call of `apply` took, in seconds.
    #[serde(default)]
    pub seconds: f64,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}
impl ApplyReport {
    /// Records in the quarantine, all phases.
    pub fn quarantined(&self) -> u64 {
        self.phases.iter().map(|p| p.quarantined).sum()
    }
    /// Records with a call of unknown outcome, all phases.
    pub fn unknown(&self) -> u64 {
        self.phases.iter().map(|p| p.unknown).sum()
    }
    /// Records that are at the destination now and whole, all phases.
    pub fn applied(&self) -> u64 {
        let (first, later): (Vec<_>, Vec<_>) = self.phases.iter().partition(|p| p.pass == 0);
        let half: u64 = later.iter().filter(|p| p.pass == 1).map(|p| p.planned - p.applied).sum();
        first.iter().map(|p| p.applied).sum::<u64>().saturating_sub(half)
    }
}

/// Writes what the plan says, or a pilot of it. Called again, it goes on where it stopped.
///
/// # Errors
/// `Stale` with what changed, `Guard` when schema is missing or the extract isn't complete, `Refused`, `Ledger`.
/// An interruption or an unreachable destination is in the report.
pub async fn apply(
    run: &Run,
    sink: &dyn Sink,
    options: &ApplyOptions,
    ctx: &Ctx<'_>,
) -> Result<ApplyReport, Failure> {
    super::extract::require_complete(run)?;
    let head = run.ledger().plan()?.ok_or_else(|| Failure::usage("there is no plan; run `plan` first"))?;
    choice(run, options)?;
    if options.approved_by.as_ref().is_some_and(|who| who.trim().is_empty()) {
        return Err(Failure::usage("an approval needs the name of a person; nothing was written"));
    }
    let (calls_before, began) = (sink.meter().calls, ctx.timer.now());
    super::approve::require_acknowledged(run, &head)?;
    let (inputs, there) = check_plan(run, sink, &head).await?;
    if let Some(who) = &options.approved_by {
        super::approve::approve_plan(run, &head, who, began).await?;
    }
    super::approve::require_approved(run, &head)?;
    let guarded = Guarded::new(sink, ctx.timer, run.config().limits.unreachable_seconds);
    let drafts = Drafts::new(run, &guarded, inputs).await?;
    let problems = super::plan::problems(&drafts);
    if !problems.is_empty() {
        return Err(
            Failure::guard("the map doesn't fit the destination; nothing was written").details(problems)
        );
    }
    let (batch, resumed) = match stopped_batch(run, &head, options)? {
        Some(batch) => (batch, true),
        None => {
            require_no_other_load(run, sink, &there).await?;
            (new_batch(run, &drafts, &head, options, ctx).await?, false)
        }
    };
    let say = if resumed { "goes on" } else { "begins" };
    run.ledger().record_event(ctx.timer.now(), &format!("apply: {} {say}", batch.label)).await?;
    let ended = write_phases(run, &guarded, &drafts, &batch, ctx).await;
    let mut report = report(run, &batch, resumed)?;
    report.calls = sink.meter().calls - calls_before;
    report.seconds = ctx.timer.now().duration_since(began).as_secs_f64();
    super::estimate::remember_rate(run, Measured::Load, report.calls, report.seconds).await?;
    match ended {
        Ok(None) => {}
        Ok(Some((exit, why))) => {
            report.exit = exit;
            report.stopped = Some(why);
        }
        Err(failure) => {
            report.exit = failure.exit;
            report.stopped = Some(failure.error.to_string());
            run.save_report(&format!("apply-{}", batch.number), &report)?;
            return Err(failure);
        }
    }
    let how = format!("apply: {} ends with {}", batch.label, report.exit.code());
    run.ledger().record_event(ctx.timer.now(), &how).await?;
    run.save_report(&format!("apply-{}", batch.number), &report)?;
    Ok(report)
}

/// Refuses a plan that something it uses has left behind, and says what.
async fn check_plan(run: &Run, sink: &dyn Sink, head: &PlanHead) -> Result<(Inputs, Catalog), Failure> {
    let then = inputs_of(head)?;
    let catalog = sink.catalog().await?;
    let mut changed = changed_entries(run, head, &catalog)?;
    if changed.is_empty() {
        let now = Inputs::now(run, sink.dialect(), catalog.clone())?;
        changed = now.changes_since(&then)?;
    }
    if run.stage().revision()? != head.stage_revision {
        changed.push("the stage: records were extracted since".to_owned());
    }
    if changed.is_empty() { Ok((then, catalog)) } else { Err(stale(changed)) }
}

/// What a plan was made with.
pub(crate) fn inputs_of(head: &PlanHead) -> Result<Inputs, Failure> {
    serde_json::from_str(&head.inputs)
        .map_err(|_| stale(vec!["the plan was made by another version of this program".to_owned()]))
}

/// A destination that holds records of another load would get them a second time.
async fn require_no_other_load(run: &Run, sink: &dyn Sink, there: &Catalog) -> Result<(), Failure> {
    let others = marks::foreign(run, sink, there).await?;
    if others.is_empty() {
        return Ok(());
    }
    let message = "the destination holds records of a load that this run directory didn't make; nothing was written. \
                   Go on in the run directory that made them, or take them back there";
    Err(Failure::guard(message).details(marks::told(&others)))
}

fn stale(changed: Vec<String>) -> Failure {
    let message = "the plan is stale: something it uses changed; run `plan` again and look at it";
    Failure::new(Exit::Stale, Error::not_sent(ErrorKind::Edited, message)).details(changed)
}

/// The entries of the destination that the plan relies on and that somebody else changed.
fn changed_entries(run: &Run, head: &PlanHead, now: &Catalog) -> Result<Vec<String>, Failure> {
    let digests = now.digests();
    let mut changed = Vec::new();
    for (key, then) in &head.relies_on {
        let have = digests.get(key);
        if have == then.as_ref() || (have.is_some() && run.ledger().value(&own_entry(key))?.as_ref() == have)
        {
            continue;
        }
        changed.push(match (then, have) {
            (Some(_), None) => format!("{key}: it is gone"),
            (None, _) => format!("{key}: it was not there"),
            _ => format!("{key}: it was changed"),
        });
    }
    Ok(changed)
}

/// What a batch is to be made of, by the options.
fn choice<'a>(run: &'a Run, options: &ApplyOptions) -> Result<Choice<'a>, Failure> {
    match (options.pilot, &options.wave) {
        (Some(_), Some(_)) => Err(Failure::usage("a pilot and a wave are two things; choose one")),
        (Some(size), None) => Ok(Choice::Pilot(size)),
        (None, None) => Ok(Choice::All),
        (None, Some(name)) => match run.config().waves.get(name) {
            Some(wave) => Ok(Choice::Wave(wave)),
            None => {
                let known = run.config().waves.keys().cloned();
                Err(Failure::usage("migration.toml has no such wave under [waves]").details(known))
            }
        },
    }
}

/// The batch that was stopped, if this call goes on with it.
fn stopped_batch(run: &Run, head: &PlanHead, options: &ApplyOptions) -> Result<Option<Batch>, Failure> {
    let kind = if options.pilot.is_some() { BatchKind::Pilot } else { BatchKind::Full };
    for batch in run.ledger().batches()?.into_iter().filter(|b| b.kind != BatchKind::Schema) {
        match batch.state {
            BatchState::Running if batch.plan != head.id => {
                return Err(stale(vec![format!("{} carries out an older plan", batch.label)]));
            }
            BatchState::Running if batch.kind == kind && batch.wave == options.wave => {
                return Ok(Some(batch));
            }
            BatchState::Running => {
                let message = format!(
                    "{} was stopped before its end; go on with it (pilot, wave or neither, as it was begun), or roll \
                     it back",
                    batch.label
                );
                return Err(Failure::guard(message));
            }
            BatchState::Undoing => {
                return Err(Failure::guard(format!(
                    "the rollback of {} was stopped; end it first",
                    batch.label
                )));
            }
            BatchState::Gathering | BatchState::Finished | BatchState::RolledBack => {}
        }
    }
    Ok(None)
}

/// A new batch with its members.
async fn new_batch(
    run: &Run,
    drafts: &Drafts<'_>,
    head: &PlanHead,
    options: &ApplyOptions,
    ctx: &Ctx<'_>,
) -> Result<Batch, Failure> {
    let ledger = run.ledger();
    for batch in ledger.batches()?.into_iter().filter(|b| b.state == BatchState::Gathering) {
        ledger.drop_batch(batch.number).await?;
    }
    let kind = if options.pilot.is_some() { BatchKind::Pilot } else { BatchKind::Full };
    let (label, at, wave) = (format!("{}-batch", run.config().name), ctx.timer.now(), options.wave.clone());
    let batch = Batch { number: 0, label, kind, plan: head.id, state: BatchState::Gathering, at, wave };
    let mut batch = ledger.begin_batch(batch).await?;
    gather(run, drafts, &batch, choice(run, options)?, options.retry_quarantined, ctx).await?;
    ledger.set_batch(batch.number, BatchState::Running).await?;
    batch.state = BatchState::Running;
    Ok(batch)
}

/// Writes phase after phase, and when every record is through all of them, the steps of the next pass in the same
/// order; each phase's sums must agree before the next begins.
async fn write_phases(
    run: &Run,
    sink: &Guarded<'_>,
    drafts: &Drafts<'_>,
    batch: &Batch,
    ctx: &Ctx<'_>,
) -> Result<Option<(Exit, String)>, Failure> {
    let ledger = run.ledger();
    let mut pass = 0;
    loop {
        for (phase, kind, count) in phases_of(&ledger.tally(batch.number)?, pass) {
            let stopped = write_phase(run, sink, drafts, batch, (phase, pass), (&kind, count), ctx).await?;
            if stopped.is_some() {
                return Ok(stopped);
            }
        }
        match ledger.tally(batch.number)?.iter().map(|t| t.pass).filter(|p| *p > pass).min() {
            Some(next) => pass = next,
            None => break,
        }
    }
    ledger.set_batch(batch.number, BatchState::Finished).await?;
    Ok(None)
}

/// The phases in which records stand in this pass, in order, with how many are open: what an earlier call has treated
/// is not counted again.
fn phases_of(tally: &[Tally], pass: u8) -> Vec<(u32, String, u64)> {
    let mut phases: Vec<(u32, String, u64)> = Vec::new();
    for t in tally.iter().filter(|t| t.pass >= pass) {
        let open = if t.state == MemberState::Open && t.pass == pass { t.count } else { 0 };
        match phases.last_mut() {
            Some((phase, _, count)) if *phase == t.phase => *count += open,
            _ => phases.push((t.phase, t.kind.clone(), open)),
        }
    }
    phases
}

async fn write_phase(
    run: &Run,
    sink: &Guarded<'_>,
    drafts: &Drafts<'_>,
    batch: &Batch,
    (phase, pass): (u32, u8),
    (kind, count): (&str, u64),
    ctx: &Ctx<'_>,
) -> Result<Option<(Exit, String)>, Failure> {
    let limits = &run.config().limits;
    let bounds = Bounds { workers: limits.workers, bytes: limits.in_flight_bytes };
    let name = format!("apply {}", phase_name(kind, pass));
    ctx.started(&name, Some(count));
    let mark = mark(run, drafts, batch)?;
    if phase > 0 && mark.is_none() && drafts.sink().batch_mark(&batch.label).is_some() {
        return Err(Failure::guard("the mark of the batch could not be made; see the quarantine"));
    }
    let loading = Loading {
        run,
        sink,
        ctx,
        drafts,
        batch,
        mark,
        phase,
        pass,
        blobs: run.blobs(),
        cursor: Mutex::new(0),
        refusals: Refusals::default(),
    };
    crew::run(&loading, sink, run.ledger(), bounds, ctx, &name, Some(count)).await?;
    if let Some(stopped) = stopped(sink)? {
        return Ok(Some(stopped));
    }
    reconcile(run, batch, phase, pass, &name)?;
    ctx.finished(&name, count);
    Ok(None)
}

/// Why the crew stopped before its end, if it did; a stale record is a failure.
pub(crate) fn stopped(sink: &Guarded<'_>) -> Result<Option<(Exit, String)>, Failure> {
    match sink.halted() {
        Some(Halt::Stale(why)) => Err(stale(vec![why])),
        Some(halt) => Ok(told(&halt)),
        None => Ok(None),
    }
}

/// The object that marks the batch, once it was made.
pub(crate) fn mark(run: &Run, drafts: &Drafts<'_>, batch: &Batch) -> Result<Option<RemoteRef>, Failure> {
    let Some(mark) = drafts.sink().batch_mark(&batch.label) else { return Ok(None) };
    Ok(run.ledger().targets(std::slice::from_ref(&mark.source))?.remove(&mark.source))
}

/// The most losses of writes that a report lists.
const LISTED: usize = 1_000;

fn report(run: &Run, batch: &Batch, resumed: bool) -> Result<ApplyReport, Failure> {
    let tally = run.ledger().tally(batch.number)?;
    let mut report = ApplyReport {
        batch: batch.number,
        label: batch.label.clone(),
        pilot: batch.kind == BatchKind::Pilot,
        wave: batch.wave.clone(),
        resumed,
        phases: phase_sums(&tally).into_values().collect(),
        tickets: trait_sums(run, batch, u8::MAX, None)?.into_values().flatten().collect(),
        calls_planned: tally.iter().map(|t| t.calls).sum(),
        floor: tally.iter().map(|t| t.floor).sum(),
        ..ApplyReport::default()
    };
    list_losses(run, batch, &mut report)?;
    if report.quarantined() + report.unknown() > 0 {
        report.exit = Exit::Incomplete;
    }
    Ok(report)
}

/// What the writes of this batch could not keep.
fn list_losses(run: &Run, batch: &Batch, report: &mut ApplyReport) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let losses = run.ledger().losses_of_writes(after, 500)?;
        let Some((last, _)) = losses.last() else { return Ok(()) };
        after = *last;
        for (_, Loss { record, field, rule, why, .. }) in losses {
            if run.ledger().membership(&record)?.is_none_or(|(number, _)| number != batch.number) {
                continue;
            }
            *report.losses.entry(word(rule)).or_default() += 1;
            if report.lost.len() < LISTED {
                report.lost.push(WriteLoss { record, field, rule, why });
            }
        }
    }
}
