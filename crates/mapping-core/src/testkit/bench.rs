//! The run loop: drives records to their end over a test ledger, and takes them back.

use super::{Phases, TestLedger, Wire};
use crate::{
    Blobs, Catalog, Change, Clock, Draft, End, Env, Error, ErrorKind, Loss, Outcome, Progress, Result, Retry,
    Sink, SourceRef, State, Until, drive, wind_down,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Rounds over all records, and attempts of one read, before a loop is called endless.
const ROUNDS: usize = 10_000;

/// One process at work: a sink, a ledger, a wire.
pub struct Bench<'a> {
    /// The destination, newly connected.
    pub sink: &'a dyn Sink,
    /// The bytes of files.
    pub blobs: Arc<dyn Blobs>,
    /// Faults and time.
    pub wire: &'a Wire,
    /// What survives.
    pub ledger: &'a TestLedger,
    /// How long a call may be under way.
    pub landing: Duration,
}

/// How a run ended.
#[derive(Clone, Debug, Default)]
pub struct Ran {
    /// Records whose every step is over.
    pub done: usize,
    /// Records that did not get there, and why.
    pub open: Vec<(SourceRef, Settled)>,
    /// What shaping lost, for the drafts that this process planned.
    pub losses: Vec<Loss>,
    /// Steps that this process planned.
    pub planned_steps: usize,
}
impl Ran {
    /// Every record is done.
    pub fn is_done(&self) -> bool {
        self.open.is_empty()
    }
}

/// Why a record stopped short.
#[derive(Clone, Debug, PartialEq)]
pub enum Settled {
    /// A person has to look at it.
    Quarantined(String),
    /// It waits for something that will not come.
    Stuck(String),
}

/// Loads drafts, phase by phase, until nothing moves any more. What an earlier process planned and did counts. Batches
/// are marked where the sink can.
///
/// # Errors
/// What stops a run, an interruption first of all.
pub async fn run(bench: &Bench<'_>, phases: &Phases) -> Result<Ran> {
    let mut ran = Ran::default();
    if let Some(mark) = bench.sink.batch_mark("testkit") {
        bench.ledger.set_batch(mark.source.clone());
        bench.load(&[mark], &mut ran).await?;
    }
    for phase in phases {
        bench.load(phase, &mut ran).await?;
    }
    Ok(ran)
}

/// Loads what changed between the drafts that were written and these.
///
/// # Errors
/// As [`run`].
pub async fn delta(bench: &Bench<'_>, phases: &Phases) -> Result<Ran> {
    let mut ran = Ran::default();
    for phase in phases {
        let catalog = bench.catalog().await?;
        let mut planned = Vec::new();
        for draft in phase {
            let shaped = bench.sink.shape(draft, &catalog)?;
            ran.losses.extend(shaped.losses);
            let steps = bench.changes(&shaped.draft).await?;
            ran.planned_steps += steps.len();
            planned.push((shaped.draft, steps));
        }
        bench.ledger.plan(planned)?;
        bench.drive_all(phase, &mut ran).await?;
    }
    Ok(ran)
}

/// Takes everything back: every record is wound down, then undone, the newest first. Goes on where a killed rollback
/// stopped.
///
/// # Errors
/// As [`run`].
pub async fn rollback(bench: &Bench<'_>) -> Result<Ran> {
    let mut ran = Ran::default();
    let mut records = bench.ledger.records();
    let not_begun = |r: &&SourceRef| !bench.ledger.undo_has_begun(r);
    let to_wind: Vec<SourceRef> = records.iter().filter(not_begun).cloned().collect();
    bench.until_rest(to_wind, Work::WindDown, &mut ran).await?;
    ran.done = 0;
    let kept: Vec<SourceRef> = ran.open.iter().map(|(record, _)| record.clone()).collect();
    records.retain(|record| !kept.contains(record));
    for record in records.into_iter().rev() {
        if !bench.ledger.undo_has_begun(&record) {
            let progress = bench.ledger.progress(&record).unwrap_or_default();
            let steps = bench.sink.undo(&progress)?;
            bench.ledger.begin_undo(&record, steps)?;
        }
        bench.until_rest(vec![record], Work::Drive, &mut ran).await?;
    }
    Ok(ran)
}

#[derive(Clone, Copy, PartialEq)]
enum Work {
    Drive,
    WindDown,
}

impl Bench<'_> {
    async fn load(&self, phase: &[Draft], ran: &mut Ran) -> Result<()> {
        if phase.iter().any(|draft| !self.ledger.is_planned(&draft.source)) {
            let catalog = self.catalog().await?;
            let mut planned = Vec::new();
            for draft in phase.iter().filter(|draft| !self.ledger.is_planned(&draft.source)) {
                let shaped = self.sink.shape(draft, &catalog)?;
                ran.losses.extend(shaped.losses);
                let steps = self.sink.steps(&Change::first(&shaped.draft))?;
                ran.planned_steps += steps.len();
                planned.push((shaped.draft, steps));
            }
            self.ledger.plan(planned)?;
        }
        self.drive_all(phase, ran).await
    }

    async fn drive_all(&self, phase: &[Draft], ran: &mut Ran) -> Result<()> {
        let records: Vec<SourceRef> = phase.iter().map(|draft| draft.source.clone()).collect();
        self.until_rest(records.clone(), Work::Drive, ran).await?;
        for record in records {
            if self.ledger.progress(&record).is_some_and(|p| p.is_done()) {
                self.ledger.mark_written(&record);
            }
        }
        Ok(())
    }

    /// The steps from what is written and there to what is wanted.
    async fn changes(&self, desired: &Draft) -> Result<Vec<crate::Step>> {
        let written = self.ledger.written(&desired.source);
        let progress = self.ledger.progress(&desired.source).unwrap_or_default();
        let target = progress.target();
        let observed = match target {
            Some(target) => self.patiently(async || self.sink.read(target).await).await?,
            None => None,
        };
        let change = Change { desired, written: written.as_ref(), observed: observed.as_ref(), target };
        self.sink.steps(&change)
    }

    async fn catalog(&self) -> Result<Catalog> {
        self.patiently(async || self.sink.catalog().await).await
    }

    /// Repeats a read until it is answered.
    async fn patiently<T>(&self, read: impl AsyncFn() -> Result<T>) -> Result<T> {
        let mut attempts = 0;
        loop {
            match read().await {
                Err(e) if !e.stops_the_run() && e.retry() != Retry::Never && attempts < ROUNDS => {
                    attempts += 1;
                    self.wire.clock().advance(Duration::from_secs(1));
                }
                answer => return answer,
            }
        }
    }

    /// Works on records until each is over or can't move any more; waits in virtual time.
    async fn until_rest(&self, records: Vec<SourceRef>, work: Work, ran: &mut Ran) -> Result<()> {
        let mut open: Vec<(SourceRef, Option<Timestamp>, String)> =
            records.into_iter().map(|record| (record, None, String::new())).collect();
        // As a process keeps them: with the refusals that no ledger holds.
        let mut parked: BTreeMap<SourceRef, Progress> = BTreeMap::new();
        for _ in 0..ROUNDS {
            let commits = self.ledger.commits();
            let mut later = Vec::new();
            let mut ended = false;
            for (record, not_before, why) in open {
                if not_before.is_some_and(|t| t > self.wire.clock().now()) {
                    later.push((record, not_before, why));
                    continue;
                }
                match self.work(&record, work, &mut parked).await? {
                    End::Done => ran.done += 1,
                    End::Quarantined { why } => ran.open.push((record, Settled::Quarantined(why))),
                    End::Parked { until, why } => {
                        let not_before = match until {
                            Until::Time(t) => Some(t),
                            Until::Unlocked(_) | Until::Linked(_) => None,
                        };
                        later.push((record, not_before, why));
                        continue;
                    }
                }
                ended = true;
            }
            open = later;
            let moved = ended || commits != self.ledger.commits();
            match open.iter().filter_map(|(_, t, _)| *t).min() {
                _ if open.is_empty() => return Ok(()),
                _ if moved => {}
                Some(soonest) => self.wire.clock().advance_to(soonest),
                None => {
                    ran.open.extend(open.into_iter().map(|(r, _, why)| (r, Settled::Stuck(why))));
                    return Ok(());
                }
            }
        }
        Err(Error::new(ErrorKind::Bug, Outcome::Applied, "records don't come to rest")
            .with("rounds", ROUNDS)
            .with("open", open.len()))
    }

    async fn work(
        &self,
        record: &SourceRef,
        work: Work,
        parked: &mut BTreeMap<SourceRef, Progress>,
    ) -> Result<End> {
        let Some(draft) = self.ledger.shaped(record) else {
            return Err(Error::bug("a record was not planned").with("record", record));
        };
        let env = Env { landing: self.landing, ..Env::new(self.sink, &self.blobs, self.wire.clock()) };
        let refs = self.ledger.refs();
        let (mut journal, on_disk) = self.ledger.open(record);
        let mut progress = parked.remove(record).unwrap_or(on_disk);
        let end = match work {
            Work::Drive => drive(&env, &draft, &refs, &mut progress, &mut journal).await?,
            Work::WindDown => wind_down(&env, &draft, &refs, &mut progress, &mut journal).await?,
        };
        follows(record, &progress, self.ledger)?;
        if matches!(end, End::Parked { .. }) {
            parked.insert(record.clone(), progress);
        }
        Ok(end)
    }
}

/// The caller's copy must be what a new process would find, but for steps that settling found unsent.
fn follows(record: &SourceRef, copy: &Progress, ledger: &TestLedger) -> Result<()> {
    let disk = ledger.progress(record).unwrap_or_default();
    for (index, (ours, kept)) in copy.entries.iter().zip(&disk.entries).enumerate() {
        let settled_unsent = ours.state == State::Planned && kept.state.is_unsettled();
        if ours.state != kept.state && !settled_unsent {
            return Err(Error::new(
                ErrorKind::Bug,
                Outcome::Applied,
                "the caller's copy left the journal behind",
            )
            .with("record", record)
            .with("step", index)
            .with("copy", ours.state.name())
            .with("disk", kept.state.name()));
        }
    }
    Ok(())
}
