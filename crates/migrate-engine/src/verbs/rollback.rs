//! `rollback`: takes back exactly what a batch made.

use super::apply::{mark, stopped};
use super::verify::{baseline, drafts_of};
use crate::crew::{self, Bounds, Verdict, Work};
use crate::drafts::{Drafts, Inputs};
use crate::guarded::Guarded;
use crate::loading::{Refusals, env, refs_of};
use crate::store::{Batch, BatchKind, BatchState, Member, MemberState, Quarantined};
use crate::{Ctx, Exit, Failure, Run};
use async_trait::async_trait;
use mapping_core::{
    Blobs, Draft, End, Made, Progress, RemoteRef, Result as CoreResult, Sink, SourceRef, State, drive,
    wind_down,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The most kept records a report lists; all are counted.
const LISTED: usize = 1_000;
/// Members fetched at a time.
const FETCH: usize = 64;
/// States of members that may have left something at the destination.
const TO_UNDO: [MemberState; 6] = [
    MemberState::Open,
    MemberState::Applied,
    MemberState::Matched,
    MemberState::Quarantined,
    MemberState::Unknown,
    MemberState::Undoing,
];
const TODO: &str = "look at the destination and decide by hand, or run the rollback again";

/// How to roll back.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RollbackOptions {
    /// The batch; the newest that isn't rolled back otherwise.
    pub batch: Option<u32>,
    /// The name of the destination, typed by a person. Without it, the plan of the rollback is all that happens.
    pub confirm: Option<String>,
    /// Take back the schema too.
    pub with_schema: bool,
}
impl RollbackOptions {
    /// This batch.
    #[must_use]
    pub fn batch(mut self, number: u32) -> Self {
        self.batch = Some(number);
        self
    }
    /// Does it; `name` must be the destination's.
    #[must_use]
    pub fn confirm(mut self, name: impl Into<String>) -> Self {
        self.confirm = Some(name.into());
        self
    }
    /// The schema too.
    #[must_use]
    pub fn with_schema(mut self) -> Self {
        self.with_schema = true;
        self
    }
}

/// A record that rollback leaves at the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// The record.
    pub record: SourceRef,
    /// Why it stays.
    pub why: String,
}

/// What `rollback` did or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RollbackReport {
    /// The batch.
    pub batch: u32,
    /// Its label.
    pub label: String,
    /// What a person must type.
    pub account: String,
    /// Nothing was written.
    pub dry_run: bool,
    /// Records to take back, by kind of the destination.
    pub planned: BTreeMap<String, u64>,
    /// Records taken back, by kind of the destination.
    pub undone: BTreeMap<String, u64>,
    /// Records that stay, with the reason; at most 1,000.
    pub kept: Vec<Kept>,
    /// How many stay.
    pub kept_count: u64,
    /// Calls expected.
    pub calls_planned: u64,
    /// Calls made.
    pub calls: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}

/// Shows what would be taken back, and with the destination's name typed takes it back, newest first.
///
/// What was there before, and what was edited since `verify`, is kept and listed. The schema stays unless asked.
///
/// # Errors
/// `Guard` for a wrong name, `Usage` when there is no such batch, `Refused`, `Ledger`.
pub async fn rollback(
    run: &Run,
    sink: &dyn Sink,
    options: &RollbackOptions,
    ctx: &Ctx<'_>,
) -> Result<RollbackReport, Failure> {
    let catalog = sink.catalog().await?;
    let batches = chosen(run, options)?;
    let Some(first) = batches.first() else {
        return Err(Failure::usage("there is no such batch, or nothing to take back"));
    };
    let mut report = RollbackReport {
        batch: first.number,
        label: first.label.clone(),
        account: catalog.account.clone(),
        dry_run: options.confirm.is_none(),
        ..RollbackReport::default()
    };
    let guarded = Guarded::new(sink, ctx.timer, run.config().limits.unreachable_seconds);
    for batch in &batches {
        price(run, &guarded, batch, &mut report)?;
    }
    let Some(name) = &options.confirm else {
        run.save_report(&format!("rollback-{}-plan", first.number), &report)?;
        return Ok(report);
    };
    if *name != catalog.account {
        return Err(Failure::guard("the name typed is not the destination's; nothing was taken back")
            .details([format!("type {}", catalog.account)]));
    }
    let calls_before = sink.meter().calls;
    report.kept.clear();
    report.kept_count = 0;
    let mut ended = None;
    for batch in &batches {
        let how = format!("rollback of {} confirmed", batch.label);
        run.ledger().record_event(ctx.timer.now(), &how).await?;
        ended = take_back(run, &guarded, &catalog, batch, &mut report, ctx).await?;
        if ended.is_some() {
            break;
        }
    }
    report.calls = sink.meter().calls - calls_before;
    if let Some((exit, why)) = ended {
        report.exit = exit;
        report.stopped = Some(why);
    }
    run.save_report(&format!("rollback-{}", first.number), &report)?;
    Ok(report)
}

/// The batch to take back, and behind it the schema's, when it was asked for.
fn chosen(run: &Run, options: &RollbackOptions) -> Result<Vec<Batch>, Failure> {
    let all = run.ledger().batches()?;
    let there = |b: &&Batch| b.state != BatchState::RolledBack && b.state != BatchState::Gathering;
    let data = |b: &&Batch| b.kind != BatchKind::Schema;
    let mut chosen: Vec<Batch> = match options.batch {
        Some(number) => all.iter().filter(there).filter(|b| b.number == number).cloned().collect(),
        None => all.iter().filter(there).rfind(data).into_iter().cloned().collect(),
    };
    if options.with_schema {
        let others: Vec<&Batch> =
            all.iter().filter(there).filter(data).filter(|b| !chosen.contains(b)).collect();
        if let Some(other) = others.first() {
            return Err(Failure::guard(format!(
                "the schema is in use by {}; take that batch back first, or leave the schema",
                other.label
            )));
        }
        let schema = all.iter().rev().filter(there).filter(|b| b.kind == BatchKind::Schema);
        chosen.extend(schema.filter(|b| options.batch != Some(b.number)).cloned());
    } else if chosen.iter().any(|b| b.kind == BatchKind::Schema) {
        return Err(Failure::guard("that batch is schema; schema is taken back only when it is asked for"));
    }
    Ok(chosen)
}

/// What taking a batch back would do and cost. Looks at the ledger alone.
fn price(run: &Run, sink: &dyn Sink, batch: &Batch, report: &mut RollbackReport) -> Result<(), Failure> {
    let mut from = 0;
    loop {
        let members = run.ledger().members(batch.number, None, &TO_UNDO, from, false, 200)?;
        let Some(last) = members.last() else { return Ok(()) };
        from = last.seq;
        for member in members {
            let record = &member.row.record;
            let Some(progress) = run.ledger().progress(record)? else { continue };
            if let Some(why) = elsewhere(run, batch, record)? {
                report.keep(record, &why);
                continue;
            }
            match sink.undo(&progress) {
                Ok(steps) if steps.is_empty() && !progress.is_unsettled() => {
                    if member.state == MemberState::Matched {
                        report.keep(record, EXISTED);
                    }
                }
                Ok(steps) => {
                    *report.planned.entry(member.row.kind.to_string()).or_default() += 1;
                    report.calls_planned += steps.iter().map(|s| u64::from(s.cost.expected)).sum::<u64>();
                }
                Err(e) => report.keep(record, &e.to_string()),
            }
        }
    }
}

const EXISTED: &str = "it was there before and nothing of it was changed";

/// A record that a later batch carried on belongs to that batch.
fn elsewhere(run: &Run, batch: &Batch, record: &SourceRef) -> CoreResult<Option<String>> {
    let newest = run.ledger().membership(record)?;
    Ok(newest
        .filter(|(number, _)| *number != batch.number)
        .map(|(number, _)| format!("batch {number} went on with it")))
}

impl RollbackReport {
    fn keep(&mut self, record: &SourceRef, why: &str) {
        self.kept_count += 1;
        if self.kept.len() < LISTED {
            self.kept.push(Kept { record: record.clone(), why: why.to_owned() });
        }
    }
}

/// Takes a batch back, phase after phase, the last one first.
async fn take_back(
    run: &Run,
    sink: &Guarded<'_>,
    catalog: &mapping_core::Catalog,
    batch: &Batch,
    report: &mut RollbackReport,
    ctx: &Ctx<'_>,
) -> Result<Option<(Exit, String)>, Failure> {
    let ledger = run.ledger();
    ledger.set_batch(batch.number, BatchState::Undoing).await?;
    let drafts = match batch.kind {
        BatchKind::Schema => {
            Drafts::new(run, sink, Inputs::now(run, sink.dialect(), catalog.clone())?).await?
        }
        _ => drafts_of(run, sink, batch).await?,
    };
    let mark = mark(run, &drafts, batch)?;
    let mut phases: Vec<(u32, String, u64)> = Vec::new();
    for t in ledger.tally(batch.number)?.into_iter().filter(|t| TO_UNDO.contains(&t.state)) {
        match phases.last_mut() {
            Some((phase, _, count)) if *phase == t.phase => *count += t.count,
            _ => phases.push((t.phase, t.kind, t.count)),
        }
    }
    let undone = Mutex::new(Outcome::default());
    let limits = &run.config().limits;
    let bounds = Bounds { workers: limits.workers, bytes: limits.in_flight_bytes };
    let mut ended = None;
    for (phase, kind, count) in phases.into_iter().rev() {
        let name = format!("rollback {kind}");
        ctx.started(&name, Some(count));
        let undoing = Undoing {
            run,
            sink,
            ctx,
            drafts: &drafts,
            batch,
            mark: mark.clone(),
            phase,
            blobs: run.blobs(),
            cursor: Mutex::new(u64::MAX),
            refusals: Refusals::default(),
            outcome: &undone,
            in_use: in_use(run, sink, batch)?,
        };
        crew::run(&undoing, sink, ledger, bounds, ctx, &name, Some(count)).await?;
        ended = stopped(sink)?;
        if ended.is_some() {
            break;
        }
        ctx.finished(&name, count);
    }
    let undone = undone.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (kind, count) in undone.undone {
        *report.undone.entry(kind).or_default() += count;
    }
    undone.kept.iter().for_each(|kept| report.keep(&kept.record, &kept.why));
    if undone.left_behind {
        report.exit = Exit::Incomplete;
    }
    if ended.is_none() {
        ledger.set_batch(batch.number, BatchState::RolledBack).await?;
    }
    Ok(ended)
}

#[derive(Default)]
struct Outcome {
    undone: BTreeMap<String, u64>,
    kept: Vec<Kept>,
    /// Some of them stay although they were to go.
    left_behind: bool,
}

/// Takes back the members of one phase, last first.
struct Undoing<'a> {
    run: &'a Run,
    sink: &'a Guarded<'a>,
    ctx: &'a Ctx<'a>,
    drafts: &'a Drafts<'a>,
    batch: &'a Batch,
    mark: Option<RemoteRef>,
    phase: u32,
    blobs: Arc<dyn Blobs>,
    cursor: Mutex<u64>,
    refusals: Refusals,
    outcome: &'a Mutex<Outcome>,
    /// What the records that stay link to, with one of those.
    in_use: BTreeMap<SourceRef, SourceRef>,
}

/// What the records of a batch that stay link to, with one of those: a contact whose conversation stays, the batch's
/// mark on it.
fn in_use(run: &Run, sink: &dyn Sink, batch: &Batch) -> CoreResult<BTreeMap<SourceRef, SourceRef>> {
    let (mut used, mut from) = (BTreeMap::new(), 0);
    let mark = sink.batch_mark(&batch.label).map(|draft| draft.source);
    loop {
        let kept = run.ledger().members(batch.number, None, &[MemberState::Kept], from, false, 200)?;
        let Some(last) = kept.last() else { return Ok(used) };
        from = last.seq;
        for Member { row, .. } in kept {
            if let Some(mark) = mark.as_ref().filter(|_| row.marked) {
                used.insert(mark.clone(), row.record.clone());
            }
            used.extend(row.needs.into_iter().map(|needed| (needed, row.record.clone())));
        }
    }
}

#[async_trait]
impl Work for Undoing<'_> {
    fn next(&self) -> CoreResult<Vec<Member>> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = self.run.ledger();
        let members = ledger.members(self.batch.number, Some(self.phase), &TO_UNDO, *cursor, true, FETCH)?;
        if let Some(last) = members.last() {
            *cursor = last.seq;
        }
        Ok(members)
    }

    async fn attempt(&self, member: &Member) -> CoreResult<Verdict> {
        let record = &member.row.record;
        let Some(progress) = self.run.ledger().progress(record)? else {
            return self.over(member, MemberState::RolledBack, "").await;
        };
        if let Some(why) = elsewhere(self.run, self.batch, record)? {
            self.list(member, &why, false);
            return self.over(member, MemberState::Kept, &why).await;
        }
        let mut names = std::iter::once(record).chain(&member.row.aliases);
        if !self.is_begun(record)?
            && let Some(user) = names.find_map(|name| self.in_use.get(name))
        {
            return self.keep(member, &format!("{user}, which stays, links to it")).await;
        }
        if !self.is_begun(record)?
            && let Some(why) = self.edited(&progress, record).await?
        {
            return self.keep(member, &why).await;
        }
        let draft = match self.drafts.again(&member.row) {
            Ok(finished) => finished.shaped.draft,
            // Undo goes by the receipts; the draft is needed only to settle a lost answer.
            Err(_) if !progress.is_unsettled() => {
                Draft::new(member.row.kind.clone(), member.row.record.clone())
            }
            Err(e) => return self.keep(member, &e.to_string()).await,
        };
        self.undo(member, &draft).await
    }

    async fn give_up(&self, member: &Member, why: &str) -> CoreResult<()> {
        self.keep(member, why).await.map(|_| ())
    }
}

impl Undoing<'_> {
    /// Ends the record where it stands, then drives the steps that take it back.
    async fn undo(&self, member: &Member, draft: &Draft) -> CoreResult<Verdict> {
        let row = &member.row;
        let ledger = self.run.ledger();
        let (mut journal, mut progress) = ledger.journal(&row.record, &row.aliases, Vec::new())?;
        self.refusals.recall(&row.record, &mut progress);
        let env = env(self.run.config(), self.sink, &self.blobs, self.ctx.timer);
        let refs = refs_of(self.run, draft, &[], self.mark.as_ref())?;
        if !self.is_begun(&row.record)? {
            match wind_down(&env, draft, &refs, &mut progress, &mut *journal).await? {
                End::Done => {}
                open => return self.not_yet(member, &progress, open).await,
            }
            let steps = match self.sink.undo(&progress) {
                Ok(steps) => steps,
                Err(e) => return self.keep(member, &e.to_string()).await,
            };
            if steps.is_empty() {
                let existed = progress.receipts().any(|(_, r)| matches!(r.made, Made::Matched(_)));
                if existed {
                    return self.keep_as_it_was(member).await;
                }
                ledger.retire(&row.record).await?;
                return self.over(member, MemberState::RolledBack, "").await;
            }
            // The steps and then the mark that they are there; a stop in between leaves planned undo steps, which
            // winding down would skip, so the mark comes with the first look at them.
            ledger.append(&row.record, steps).await?;
            ledger.set_member(self.batch.number, &row.record, MemberState::Undoing, "").await?;
        }
        drop(journal);
        let (mut journal, mut progress) = ledger.journal(&row.record, &row.aliases, Vec::new())?;
        self.refusals.recall(&row.record, &mut progress);
        match drive(&env, draft, &refs, &mut progress, &mut *journal).await? {
            End::Done => match still_there(&progress) {
                Some(why) => self.keep(member, &why).await,
                None => {
                    ledger.retire(&row.record).await?;
                    self.over(member, MemberState::RolledBack, "").await
                }
            },
            open => self.not_yet(member, &progress, open).await,
        }
    }

    /// Whether the steps that take it back are there already.
    fn is_begun(&self, record: &SourceRef) -> CoreResult<bool> {
        let newest = self.run.ledger().membership(record)?;
        Ok(newest.is_some_and(|(_, state)| state == MemberState::Undoing))
    }

    async fn not_yet(&self, member: &Member, progress: &Progress, end: End) -> CoreResult<Verdict> {
        match end {
            End::Parked { until, why } => {
                self.refusals.keep(&member.row.record, progress);
                Ok(Verdict::Parked { until, why })
            }
            End::Quarantined { why } => self.keep(member, &why).await,
            End::Done => Ok(Verdict::Over),
        }
    }

    /// Why a record stays because somebody edited it since `verify` saw it; without a verification nobody knows.
    async fn edited(&self, progress: &Progress, record: &SourceRef) -> CoreResult<Option<String>> {
        let Some(seen) = self.run.ledger().verified(record)? else { return Ok(None) };
        let Some(target) = progress.target() else { return Ok(None) };
        match self.sink.read(target).await {
            Ok(Some(now)) if baseline(&now) == seen.digest => Ok(None),
            Ok(Some(_)) => Ok(Some(format!("{target} was edited since it was verified"))),
            // Already gone: undo finds nothing to do.
            Ok(None) => Ok(None),
            Err(e) if e.stops_the_run() => Err(e),
            Err(_) if self.sink.halted().is_some() => Ok(None),
            Err(e) => Ok(Some(format!("{target} can't be read, so nobody knows whether it was edited: {e}"))),
        }
    }

    async fn over(&self, member: &Member, state: MemberState, why: &str) -> CoreResult<Verdict> {
        self.run.ledger().set_member(self.batch.number, &member.row.record, state, why).await?;
        if state == MemberState::RolledBack {
            let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            *outcome.undone.entry(member.row.kind.to_string()).or_default() += 1;
        }
        Ok(Verdict::Over)
    }

    /// What was there before and wasn't changed isn't ours any more: a later batch may match it again.
    async fn keep_as_it_was(&self, member: &Member) -> CoreResult<Verdict> {
        self.run.ledger().retire(&member.row.record).await?;
        self.list(member, EXISTED, false);
        self.over(member, MemberState::RolledBack, EXISTED).await
    }

    async fn keep(&self, member: &Member, why: &str) -> CoreResult<Verdict> {
        self.list(member, why, true);
        let record = member.row.record.clone();
        let row =
            Quarantined { record, phase: "rollback".to_owned(), why: why.to_owned(), todo: TODO.to_owned() };
        self.run.ledger().quarantine(vec![row]).await?;
        self.over(member, MemberState::Kept, why).await
    }

    fn list(&self, member: &Member, why: &str, against_our_will: bool) {
        let kept = Kept { record: member.row.record.clone(), why: why.to_owned() };
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.left_behind |= against_our_will;
        outcome.kept.push(kept);
    }
}

/// What the destination didn't take back although it was asked to, in its own words.
fn still_there(progress: &Progress) -> Option<String> {
    let made = progress.receipts().find_map(|(_, r)| match &r.made {
        Made::Created(remote) => Some(remote),
        _ => None,
    })?;
    let removed =
        progress.receipts().any(|(_, r)| matches!(&r.made, Made::Removed(remote) if remote == made));
    let lost = progress.entries.iter().rev().find_map(|e| match &e.state {
        State::Lost { why } => Some(why.clone()),
        _ => None,
    });
    let last_is_lost = progress.entries.last().is_some_and(|e| matches!(e.state, State::Lost { .. }));
    if removed || !last_is_lost { None } else { lost }
}
