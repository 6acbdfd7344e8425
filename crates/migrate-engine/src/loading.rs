//! Writes planned records through the driver: what `apply` and `provision` share.

use crate::crew::{Verdict, Work};
use crate::drafts::Drafts;
use crate::guarded::{Guarded, Halt};
use crate::store::{Batch, BatchKind, Member, MemberState, PassCost, PlanRow, Quarantined};
use crate::{Config, Ctx, Event, Run};
use async_trait::async_trait;
use mapping_core::{
    Blobs, Clock, Draft, End, Env, Journal, Loss, LossRule, Made, Mark, Progress, Refs, Refusal, RemoteRef,
    Result, Sink, SourceRef, State, Step, Until, drive_pass,
};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Members fetched at a time.
const FETCH: usize = 64;

/// Where a record stands and why, for the ledger.
pub(crate) const QUARANTINE_TODO: &str = "mend the cause at the source, in the map or at the destination, then run apply \
     with the quarantine, or leave it";
const UNKNOWN_TODO: &str = "look at the destination: a call may have landed. Then run apply with the quarantine, or take \
     the batch back";

/// How often each step of a parked record was refused, by record: the driver's memory between two attempts.
#[derive(Default)]
pub(crate) struct Refusals(Mutex<BTreeMap<SourceRef, Vec<u32>>>);

impl Refusals {
    pub(crate) fn recall(&self, record: &SourceRef, progress: &mut Progress) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (entry, count) in progress.entries.iter_mut().zip(kept.remove(record).unwrap_or_default()) {
            entry.refusals = count;
        }
    }
    pub(crate) fn keep(&self, record: &SourceRef, progress: &Progress) {
        if progress.entries.iter().any(|e| e.refusals > 0) {
            let counts = progress.entries.iter().map(|e| e.refusals).collect();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(record.clone(), counts);
        }
    }
}

/// The driver's settings of a run.
pub(crate) fn env<'a>(
    config: &Config,
    sink: &'a dyn Sink,
    blobs: &'a Arc<dyn Blobs>,
    clock: &'a dyn Clock,
) -> Env<'a> {
    let limits = &config.limits;
    let seconds = |n: u32| Duration::from_secs(n.into());
    Env {
        landing: seconds(limits.landing_seconds).max(sink.landing()),
        pause: seconds(limits.pause_seconds),
        ..Env::new(sink, blobs, clock)
    }
}

/// What a draft and its steps link to, as far as it is at the destination.
pub(crate) fn refs_of(run: &Run, draft: &Draft, steps: &[Step], batch: Option<&RemoteRef>) -> Result<Refs> {
    let mut names = draft.needs();
    names.extend(draft.mentions.iter().cloned());
    names.extend(steps.iter().flat_map(|s| s.needs.iter().cloned()));
    names.sort();
    names.dedup();
    Ok(Refs { records: run.ledger().targets(&names)?, batch: batch.cloned() })
}

/// Writes the members of one phase of a batch, as far as one pass goes.
pub(crate) struct Loading<'a> {
    pub(crate) run: &'a Run,
    pub(crate) sink: &'a Guarded<'a>,
    pub(crate) ctx: &'a Ctx<'a>,
    pub(crate) drafts: &'a Drafts<'a>,
    pub(crate) batch: &'a Batch,
    pub(crate) mark: Option<RemoteRef>,
    pub(crate) phase: u32,
    pub(crate) pass: u8,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) cursor: Mutex<u64>,
    pub(crate) refusals: Refusals,
}

#[async_trait]
impl Work for Loading<'_> {
    fn next(&self) -> Result<Vec<Member>> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = self.run.ledger();
        let members = ledger.open_in_pass(self.batch.number, self.phase, self.pass, *cursor, FETCH)?;
        if let Some(last) = members.last() {
            *cursor = last.seq;
        }
        Ok(members)
    }

    async fn attempt(&self, member: &Member) -> Result<Verdict> {
        let row = &member.row;
        let finished = match self.drafts.again(row) {
            Ok(finished) => finished,
            Err(e) if e.stops_the_run() => return Err(e),
            Err(e) => return self.stale(row, &e.to_string()),
        };
        let draft = &finished.shaped.draft;
        if draft.digest() != row.digest {
            return self.stale(row, "its draft is another one now");
        }
        let refs = refs_of(self.run, draft, &finished.steps, self.mark.as_ref())?;
        let (mut journal, mut progress) =
            self.run.ledger().journal(&row.record, &row.aliases, finished.steps)?;
        self.refusals.recall(&row.record, &mut progress);
        let env = env(self.run.config(), self.sink, &self.blobs, self.ctx.timer);
        let pass = self.last_pass();
        let end = loop {
            match drive_pass(&env, draft, &refs, &mut progress, &mut *journal, pass).await? {
                End::Parked { until: Until::Linked(missing), .. }
                    if self.goes_without(&missing, &mut progress, &mut *journal).await? => {}
                end => break end,
            }
        };
        match end {
            End::Done => self.through(row, draft, &progress).await,
            End::Parked { until, why } => {
                self.refusals.keep(&row.record, &progress);
                Ok(Verdict::Parked { until, why })
            }
            End::Quarantined { why } => {
                self.file_losses(draft, &progress).await?;
                self.put_aside(&row.record, &why, progress.is_unsettled()).await?;
                Ok(Verdict::Over)
            }
        }
    }

    async fn give_up(&self, member: &Member, why: &str) -> Result<()> {
        let progress = self.run.ledger().progress(&member.row.record)?.unwrap_or_default();
        if let Ok(finished) = self.drafts.again(&member.row) {
            self.file_losses(&finished.shaped.draft, &progress).await?;
        }
        self.put_aside(&member.row.record, why, progress.is_unsettled()).await
    }
}

impl Loading<'_> {
    fn phase_name(&self) -> &'static str {
        if self.batch.kind == BatchKind::Schema { "schema" } else { "apply" }
    }

    /// The last pass that records are driven through; schema has one phase, and all its passes are driven in it.
    fn last_pass(&self) -> u8 {
        if self.batch.kind == BatchKind::Schema { u8::MAX } else { self.pass }
    }

    /// A step that may be lost and that links to a record that doesn't come in this batch any more is lost: the record
    /// goes on without the link.
    async fn goes_without(
        &self,
        missing: &SourceRef,
        progress: &mut Progress,
        journal: &mut dyn Journal,
    ) -> Result<bool> {
        let pass = self.last_pass();
        let next = progress.entries.iter_mut().enumerate();
        let mut next = next.filter(|(_, e)| e.step.pass <= pass && !e.state.is_over());
        let Some((index, entry)) = next.next() else { return Ok(false) };
        let waits = entry.state == State::Planned && entry.step.needs.contains(missing);
        if !waits || entry.step.refusal != Refusal::IsLoss || self.comes(missing)? {
            return Ok(false);
        }
        let why = format!("it links to {missing}, which is not at the destination; the link is left out");
        entry.state = State::Lost { why };
        journal.commit(vec![Mark { index, state: entry.state.clone(), prepared: None }]).await?;
        Ok(true)
    }

    /// Whether this batch has still to write a record.
    fn comes(&self, record: &SourceRef) -> Result<bool> {
        let ledger = self.run.ledger();
        let Some(row) = ledger.plan_row(record)? else { return Ok(false) };
        Ok(ledger.membership(&row.record)? == Some((self.batch.number, MemberState::Open)))
    }

    fn stale(&self, row: &PlanRow, why: &str) -> Result<Verdict> {
        self.sink.halt(Halt::Stale(format!("{}: {why}", row.record)));
        Ok(Verdict::Over)
    }

    /// A record is through this pass: it waits for the next one that it needs, or is done.
    async fn through(&self, row: &PlanRow, draft: &Draft, progress: &Progress) -> Result<Verdict> {
        self.file_losses(draft, progress).await?;
        let ledger = self.run.ledger();
        let open = progress.entries.iter().filter(|e| !e.state.is_over());
        if let Some(pass) = open.map(|e| e.step.pass).min() {
            ledger.set_pass(self.batch.number, &row.record, pass).await?;
            return Ok(Verdict::Over);
        }
        let first = progress.receipts().map(|(_, receipt)| &receipt.made);
        let made = first.into_iter().find(|m| matches!(m, Made::Created(_) | Made::Matched(_)));
        let state = match made {
            Some(Made::Matched(_)) => MemberState::Matched,
            _ => MemberState::Applied,
        };
        ledger.set_member(self.batch.number, &row.record, state, "").await?;
        Ok(Verdict::Over)
    }

    /// Keeps what the writes found they could not keep. All of the record's are put in the place of what was kept of it
    /// before, so that each is there once, however often the record was stopped.
    async fn file_losses(&self, draft: &Draft, progress: &Progress) -> Result<()> {
        let losses = write_losses(draft, progress);
        for (_, loss) in losses.iter().filter(|(pass, _)| *pass == self.pass) {
            let (record, field, rule) = (loss.record.clone(), loss.field.clone(), loss.rule);
            self.ctx.observer.event(Event::Lost { record, field, rule });
        }
        if losses.is_empty() {
            return Ok(());
        }
        self.run.ledger().add_losses(losses.into_iter().map(|(_, loss)| loss).collect()).await
    }

    async fn put_aside(&self, record: &SourceRef, why: &str, unknown: bool) -> Result<()> {
        let (state, todo) = match unknown {
            true => (MemberState::Unknown, UNKNOWN_TODO),
            false => (MemberState::Quarantined, QUARANTINE_TODO),
        };
        let ledger = self.run.ledger();
        let phase = self.phase_name().to_owned();
        let row = Quarantined { record: record.clone(), phase, why: why.to_owned(), todo: todo.to_owned() };
        ledger.quarantine(vec![row]).await?;
        ledger.set_member(self.batch.number, record, state, why).await?;
        self.ctx.quarantined(record, why);
        Ok(())
    }
}

/// What the destination refused and the record went on without, and what its writes could not keep, with the pass of
/// the write.
fn write_losses(draft: &Draft, progress: &Progress) -> Vec<(u8, Loss)> {
    let mut losses = Vec::new();
    for entry in &progress.entries {
        let pass = entry.step.pass;
        match &entry.state {
            State::Lost { why } => {
                let part = entry.step.part.and_then(|i| draft.parts.get(i as usize));
                let field = match part {
                    Some(part) => format!("parts[{}]", part.key),
                    None => entry.step.op.to_string(),
                };
                losses.push((pass, Loss::new(draft.source.clone(), field, LossRule::Refused, why.clone())));
            }
            State::Applied(receipt) => losses.extend(receipt.losses.iter().map(|l| (pass, l.clone()))),
            _ => {}
        }
    }
    losses
}

/// A draft as a row of a batch.
pub(crate) fn row_of(sink: &dyn Sink, rule: &str, phase: u32, finished: &crate::drafts::Finished) -> PlanRow {
    let draft = &finished.shaped.draft;
    let mut cost = mapping_core::Cost::default();
    let mut later: BTreeMap<u8, PassCost> = BTreeMap::new();
    for step in &finished.steps {
        cost += step.cost;
        if step.pass > 0 {
            let pass = later.entry(step.pass).or_default();
            pass.steps += 1;
            pass.calls += step.cost.expected;
            pass.calls_worst += step.cost.worst;
        }
    }
    // A sink knows the least that the whole record takes; of that, a pass needs no more than its own calls.
    let mut left = sink.floor(draft);
    for pass in later.values_mut().rev() {
        pass.floor = left.min(pass.calls.into());
        left -= pass.floor;
    }
    let mut needs = draft.needs();
    needs.extend(finished.steps.iter().flat_map(|s| s.needs.iter().cloned()));
    needs.sort();
    needs.dedup();
    let needed_by = |lossy: bool| -> Vec<&SourceRef> {
        let steps = finished.steps.iter().filter(|s| (s.refusal == Refusal::IsLoss) == lossy);
        steps.flat_map(|s| &s.needs).collect()
    };
    let (may, must) = (needed_by(true), needed_by(false));
    let may_lack = needs.iter().filter(|n| may.contains(n) && !must.contains(n)).cloned().collect();
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let text: usize = draft.parts.iter().map(|p| p.body.text.len() + 200).sum();
    PlanRow {
        record: draft.source.clone(),
        aliases: draft.aliases.clone(),
        rule: rule.to_owned(),
        kind: draft.kind.clone(),
        phase,
        digest: draft.digest(),
        steps: count(finished.steps.len()),
        calls: cost.expected,
        calls_worst: cost.worst,
        floor: sink.floor(draft),
        reads: sink.reads(draft),
        parts: count(draft.parts.len()),
        files: count(draft.parts.iter().map(|p| p.files.len()).sum()),
        // Text is held about three times: staged, mapped, shaped. Files are streamed.
        bytes: (text as u64) * 3 + 4096,
        needs,
        may_lack,
        marked: draft.is_marked(),
        strata: Vec::new(),
        at: None,
        closed: None,
        later,
    }
}
