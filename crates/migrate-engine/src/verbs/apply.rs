//! `apply`: carries out exactly the plan, in numbered batches that can be taken back.

use super::plan::{word, written};
use super::provision::{own_entry, told};
use crate::crew::{self, Bounds};
use crate::drafts::{BATCH, Drafts, Inputs, Made};
use crate::guarded::{Guarded, Halt};
use crate::loading::{Loading, Refusals, row_of, sums_error};
use crate::sample;
use crate::store::{Approval, Batch, BatchKind, BatchState, MemberState, PlanHead, PlanRow, Tally};
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Catalog, Error, ErrorKind, RemoteRef, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// How to apply.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApplyOptions {
    /// Only a sample of about this many tickets, stratified, and what they link to.
    pub pilot: Option<usize>,
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

/// The sum of one phase: planned = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PhaseSum {
    /// The kind at the destination.
    pub kind: String,
    /// Records of the batch.
    pub planned: u64,
    /// Written, or matched with what was there.
    pub applied: u64,
    /// Of those: nothing was created, something there stands for them.
    pub matched: u64,
    /// In the quarantine.
    pub quarantined: u64,
    /// In the quarantine with a call of unknown outcome.
    pub unknown: u64,
    /// Not treated yet; not 0 only after a stop.
    pub open: u64,
}
impl PhaseSum {
    /// Whether the sum agrees.
    pub fn agrees(&self) -> bool {
        self.planned == self.applied + self.quarantined + self.unknown + self.open
    }
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
    /// The sums, phase by phase.
    pub phases: Vec<PhaseSum>,
    /// Calls made by this call of `apply`: the look at the destination before it, settling and lookups included.
    pub calls: u64,
    /// Calls that the plan expected for this batch as a whole.
    pub calls_planned: u64,
    /// The fewest calls that the platform's API allows for this batch as a whole.
    pub floor: u64,
    /// Things the destination refused and that records went on without, by kind of loss.
    pub losses: BTreeMap<String, u64>,
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
    /// Records that are at the destination now, all phases.
    pub fn applied(&self) -> u64 {
        self.phases.iter().map(|p| p.applied).sum()
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
    let calls_before = sink.meter().calls;
    let inputs = check_plan(run, sink, &head).await?;
    if let Some(who) = &options.approved_by {
        let (what, hash, at) = ("plan".to_owned(), head.digest.clone(), ctx.timer.now());
        run.ledger().approve(Approval { what, hash, who: who.clone(), at }).await?;
    }
    let guarded = Guarded::new(sink, ctx.timer, run.config().limits.unreachable_seconds);
    let drafts = Drafts::new(run, &guarded, inputs).await?;
    let problems = super::plan::problems(&drafts);
    if !problems.is_empty() {
        return Err(
            Failure::guard("the map doesn't fit the destination; nothing was written").details(problems)
        );
    }
    let (batch, resumed) = batch(run, &drafts, &head, options, ctx).await?;
    let say = if resumed { "goes on" } else { "begins" };
    run.ledger().record_event(ctx.timer.now(), &format!("apply: {} {say}", batch.label)).await?;
    let ended = write_phases(run, &guarded, &drafts, &batch, ctx).await;
    let mut report = report(run, &batch, resumed)?;
    report.calls = sink.meter().calls - calls_before;
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
async fn check_plan(run: &Run, sink: &dyn Sink, head: &PlanHead) -> Result<Inputs, Failure> {
    let then: Inputs = serde_json::from_str(&head.inputs)
        .map_err(|_| stale(vec!["the plan was made by another version of this program".to_owned()]))?;
    let catalog = sink.catalog().await?;
    let mut changed = changed_entries(run, head, &catalog)?;
    if changed.is_empty() {
        let now = Inputs::now(run, sink.dialect(), catalog)?;
        changed = now.changes_since(&then)?;
    }
    if run.stage().revision()? != head.stage_revision {
        changed.push("the stage: records were extracted since".to_owned());
    }
    if changed.is_empty() { Ok(then) } else { Err(stale(changed)) }
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

/// The batch that was stopped, or a new one with its members.
async fn batch(
    run: &Run,
    drafts: &Drafts<'_>,
    head: &PlanHead,
    options: &ApplyOptions,
    ctx: &Ctx<'_>,
) -> Result<(Batch, bool), Failure> {
    let ledger = run.ledger();
    let kind = if options.pilot.is_some() { BatchKind::Pilot } else { BatchKind::Full };
    for batch in ledger.batches()?.into_iter().filter(|b| b.kind != BatchKind::Schema) {
        match batch.state {
            BatchState::Gathering => ledger.drop_batch(batch.number).await?,
            BatchState::Running if batch.plan != head.id => {
                return Err(stale(vec![format!("{} carries out an older plan", batch.label)]));
            }
            BatchState::Running if batch.kind == kind => return Ok((batch, true)),
            BatchState::Running => {
                let message = format!(
                    "{} was stopped before its end; go on with it (pilot or not, as it was begun), or roll it back",
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
            BatchState::Finished | BatchState::RolledBack => {}
        }
    }
    let (label, at) = (format!("{}-batch", run.config().name), ctx.timer.now());
    let batch = Batch { number: 0, label, kind, plan: head.id, state: BatchState::Gathering, at };
    let mut batch = ledger.begin_batch(batch).await?;
    gather(run, drafts, &batch, options).await?;
    ledger.set_batch(batch.number, BatchState::Running).await?;
    batch.state = BatchState::Running;
    Ok((batch, false))
}

/// Writes down who belongs to a new batch.
async fn gather(
    run: &Run,
    drafts: &Drafts<'_>,
    batch: &Batch,
    options: &ApplyOptions,
) -> Result<(), Failure> {
    let ledger = run.ledger();
    if let Some(mark) = drafts.sink().batch_mark(&batch.label) {
        match drafts.shape(&mark, Vec::new()) {
            Made::Draft(finished) => {
                ledger.add_members(batch.number, vec![row_of(drafts.sink(), BATCH, 0, &finished)]).await?;
            }
            Made::Refused(e) => return Err(e.into()),
            Made::Skipped(..) => {}
        }
    }
    if let Some(size) = options.pilot {
        let rows = sample::draw(run, size, &|row| is_free(run, row, options))?;
        for row in &rows {
            make_ready(run, row).await?;
        }
        // In the order of phases, so that the batch's order is that of writing.
        return Ok(ledger.add_members(batch.number, rows).await?);
    }
    let mut after = 0;
    loop {
        let rows = ledger.plan_rows(after, 500)?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = *last;
        let mut free = Vec::new();
        for (_, row) in rows {
            if is_free(run, &row, options)? {
                make_ready(run, &row).await?;
                free.push(row);
            }
        }
        ledger.add_members(batch.number, free).await?;
    }
}

/// Whether a row of the plan is still to be written.
fn is_free(run: &Run, row: &PlanRow, options: &ApplyOptions) -> mapping_core::Result<bool> {
    let Some((_, state)) = run.ledger().membership(&row.record)? else { return Ok(true) };
    Ok(match state {
        _ if written(Some(state)) => false,
        MemberState::Quarantined | MemberState::Unknown => {
            // With another draft than the one that was refused, and nothing written, it is a new record.
            options.retry_quarantined || !run.ledger().is_begun(&row.record)?
        }
        _ => true,
    })
}

/// A record that was refused before is tried with the plan's own steps if nothing of it was written, else with the
/// ones it has.
async fn make_ready(run: &Run, row: &PlanRow) -> Result<(), Failure> {
    let ledger = run.ledger();
    if ledger.progress(&row.record)?.is_some() {
        if ledger.is_begun(&row.record)? {
            ledger.retry(&row.record).await?;
        } else {
            ledger.retire(&row.record).await?;
        }
    }
    ledger.release(&row.record, "apply").await?;
    Ok(())
}

/// Writes phase after phase; each one's sums must agree before the next begins.
async fn write_phases(
    run: &Run,
    sink: &Guarded<'_>,
    drafts: &Drafts<'_>,
    batch: &Batch,
    ctx: &Ctx<'_>,
) -> Result<Option<(Exit, String)>, Failure> {
    let ledger = run.ledger();
    let mut phases: Vec<(u32, String, u64)> = Vec::new();
    for tally in ledger.tally(batch.number)? {
        // What an earlier call has treated is not counted again.
        let open = if tally.state == MemberState::Open { tally.count } else { 0 };
        match phases.last_mut() {
            Some((phase, _, count)) if *phase == tally.phase => *count += open,
            _ => phases.push((tally.phase, tally.kind, open)),
        }
    }
    let limits = &run.config().limits;
    let bounds = Bounds { workers: limits.workers, bytes: limits.in_flight_bytes };
    for (phase, kind, count) in phases {
        let name = format!("apply {kind}");
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
            blobs: run.blobs(),
            cursor: Mutex::new(0),
            refusals: Refusals::default(),
        };
        crew::run(&loading, sink, ledger, bounds, ctx, &name, Some(count)).await?;
        if let Some(stopped) = stopped(sink)? {
            return Ok(Some(stopped));
        }
        reconcile(run, batch, phase, &name)?;
        ctx.finished(&name, count);
    }
    ledger.set_batch(batch.number, BatchState::Finished).await?;
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

/// The sums of a phase: everything planned is somewhere, and everything applied has something that stands for it.
fn reconcile(run: &Run, batch: &Batch, phase: u32, name: &str) -> Result<(), Failure> {
    let sums = phase_sums(&run.ledger().tally(batch.number)?);
    let sum = sums.get(&phase).cloned().unwrap_or_default();
    let mut without = Vec::new();
    let (states, mut from) = ([MemberState::Applied, MemberState::Matched], 0);
    loop {
        let members = run.ledger().members(batch.number, Some(phase), &states, from, false, 500)?;
        let Some(last) = members.last() else { break };
        from = last.seq;
        let names: Vec<SourceRef> = members
            .iter()
            .flat_map(|m| std::iter::once(&m.row.record).chain(&m.row.aliases).cloned())
            .collect();
        let targets = run.ledger().targets(&names)?;
        without.extend(names.into_iter().filter(|n| !targets.contains_key(n)).map(|n| n.to_string()));
    }
    if sum.agrees() && sum.open == 0 && without.is_empty() {
        return Ok(());
    }
    without.truncate(50);
    Err(Failure::new(Exit::Sums, sums_error(name)).details([format!("{sum:?}")]).details(without))
}

/// The sums of every phase from the members' states.
pub(crate) fn phase_sums(tally: &[Tally]) -> BTreeMap<u32, PhaseSum> {
    let mut sums: BTreeMap<u32, PhaseSum> = BTreeMap::new();
    for t in tally {
        let sum = sums.entry(t.phase).or_default();
        sum.kind.clone_from(&t.kind);
        sum.planned += t.count;
        match t.state {
            MemberState::Applied | MemberState::Kept => sum.applied += t.count,
            MemberState::Matched => {
                sum.applied += t.count;
                sum.matched += t.count;
            }
            MemberState::Quarantined => sum.quarantined += t.count,
            MemberState::Unknown => sum.unknown += t.count,
            MemberState::Open | MemberState::Undoing | MemberState::RolledBack => sum.open += t.count,
        }
    }
    sums
}

fn report(run: &Run, batch: &Batch, resumed: bool) -> Result<ApplyReport, Failure> {
    let tally = run.ledger().tally(batch.number)?;
    let mut report = ApplyReport {
        batch: batch.number,
        label: batch.label.clone(),
        pilot: batch.kind == BatchKind::Pilot,
        resumed,
        phases: phase_sums(&tally).into_values().collect(),
        calls_planned: tally.iter().map(|t| t.calls).sum(),
        floor: tally.iter().map(|t| t.floor).sum(),
        ..ApplyReport::default()
    };
    for (rule, _, _, count) in run.ledger().loss_counts()? {
        if rule == mapping_core::LossRule::Refused {
            *report.losses.entry(word(rule)).or_default() += count;
        }
    }
    if report.quarantined() + report.unknown() > 0 {
        report.exit = Exit::Incomplete;
    }
    Ok(report)
}
