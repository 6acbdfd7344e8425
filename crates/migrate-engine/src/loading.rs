//! Writes planned records through the driver: what `apply` and `provision` share.

use crate::crew::{Verdict, Work};
use crate::drafts::Drafts;
use crate::guarded::{Guarded, Halt};
use crate::store::{Batch, Member, MemberState, PlanRow, Quarantined};
use crate::{Config, Ctx, Event, Run};
use async_trait::async_trait;
use mapping_core::{
    Blobs, Clock, Draft, End, Env, Error, ErrorKind, Loss, LossRule, Made, Progress, Refs, RemoteRef, Result,
    Sink, SourceRef, State, Step, drive,
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
    names.extend(steps.iter().flat_map(|s| s.needs.iter().cloned()));
    names.sort();
    names.dedup();
    Ok(Refs { records: run.ledger().targets(&names)?, batch: batch.cloned() })
}

/// Writes the members of one phase of a batch.
pub(crate) struct Loading<'a> {
    pub(crate) run: &'a Run,
    pub(crate) sink: &'a Guarded<'a>,
    pub(crate) ctx: &'a Ctx<'a>,
    pub(crate) drafts: &'a Drafts<'a>,
    pub(crate) batch: &'a Batch,
    pub(crate) mark: Option<RemoteRef>,
    pub(crate) phase: u32,
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) cursor: Mutex<u64>,
    pub(crate) refusals: Refusals,
}

#[async_trait]
impl Work for Loading<'_> {
    fn next(&self) -> Result<Vec<Member>> {
        let mut cursor = self.cursor.lock().unwrap_or_else(PoisonError::into_inner);
        let open = [MemberState::Open];
        let members =
            self.run.ledger().members(self.batch.number, Some(self.phase), &open, *cursor, false, FETCH)?;
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
        match drive(&env, draft, &refs, &mut progress, &mut *journal).await? {
            End::Done => self.done(row, draft, &progress).await,
            End::Parked { until, why } => {
                self.refusals.keep(&row.record, &progress);
                Ok(Verdict::Parked { until, why })
            }
            End::Quarantined { why } => {
                self.put_aside(&row.record, &why, progress.is_unsettled()).await?;
                Ok(Verdict::Over)
            }
        }
    }

    async fn give_up(&self, member: &Member, why: &str) -> Result<()> {
        let progress = self.run.ledger().progress(&member.row.record)?.unwrap_or_default();
        self.put_aside(&member.row.record, why, progress.is_unsettled()).await
    }
}

impl Loading<'_> {
    fn phase_name(&self) -> &'static str {
        if self.batch.kind == crate::store::BatchKind::Schema { "schema" } else { "apply" }
    }

    fn stale(&self, row: &PlanRow, why: &str) -> Result<Verdict> {
        self.sink.halt(Halt::Stale(format!("{}: {why}", row.record)));
        Ok(Verdict::Over)
    }

    async fn done(&self, row: &PlanRow, draft: &Draft, progress: &Progress) -> Result<Verdict> {
        let losses = refused_losses(draft, progress);
        for loss in &losses {
            let (record, field, rule) = (loss.record.clone(), loss.field.clone(), loss.rule);
            self.ctx.observer.event(Event::Lost { record, field, rule });
        }
        let ledger = self.run.ledger();
        if !losses.is_empty() {
            ledger.add_losses(losses).await?;
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

/// What the destination refused and the record went on without.
fn refused_losses(draft: &Draft, progress: &Progress) -> Vec<Loss> {
    let lost = progress.entries.iter().filter_map(|entry| match &entry.state {
        State::Lost { why } => Some((entry, why)),
        _ => None,
    });
    lost.map(|(entry, why)| {
        let part = entry.step.part.and_then(|i| draft.parts.get(i as usize));
        let field = match part {
            Some(part) => format!("parts[{}]", part.key),
            None => entry.step.op.to_string(),
        };
        Loss::new(draft.source.clone(), field, LossRule::Refused, why.clone())
    })
    .collect()
}

/// A draft as a row of a batch.
pub(crate) fn row_of(sink: &dyn Sink, rule: &str, phase: u32, finished: &crate::drafts::Finished) -> PlanRow {
    let draft = &finished.shaped.draft;
    let mut cost = mapping_core::Cost::default();
    finished.steps.iter().for_each(|s| cost += s.cost);
    let mut needs = draft.needs();
    needs.extend(finished.steps.iter().flat_map(|s| s.needs.iter().cloned()));
    needs.sort();
    needs.dedup();
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
        parts: count(draft.parts.len()),
        files: count(draft.parts.iter().map(|p| p.files.len()).sum()),
        // Text is held about three times: staged, mapped, shaped. Files are streamed.
        bytes: (text as u64) * 3 + 4096,
        needs,
        marked: draft.is_marked(),
        strata: Vec::new(),
        at: None,
    }
}

/// A broken promise of the ledger: a phase's sums don't agree.
pub(crate) fn sums_error(what: &str) -> Error {
    Error::not_sent(ErrorKind::Bug, "the sums of a phase disagree; nothing more was written")
        .with("phase", what)
}
