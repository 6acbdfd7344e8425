//! The driver: carries one record through its steps. Nothing else decides to send, to settle or to send again.

use crate::{
    Blobs, Call, Clock, Draft, Effect, Error, ErrorKind, Journal, Made, Mark, Outcome, Prepared, Progress,
    Receipt, Refs, Refusal, Result, Retry, Sink, SourceRef, State, Step,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What the driver works with, the same for every record.
#[derive(Clone, Copy)]
pub struct Env<'a> {
    /// The destination.
    pub sink: &'a dyn Sink,
    /// The bytes of files.
    pub blobs: &'a Arc<dyn Blobs>,
    /// The time.
    pub clock: &'a dyn Clock,
    /// How long after its intent a call may still land at the platform. No shorter than the connection's own deadline
    /// for one call, waits for its turn included, and what the journal takes to put the intent on disk: a call that is
    /// still on its way when this is over is sent a second time.
    pub landing: Duration,
    /// The pause before asking again when nobody said how long.
    pub pause: Duration,
    /// How often a step may be refused with "ask again later", or lose its answer, before its record goes to the
    /// quarantine.
    pub max_refusals: u32,
}

impl<'a> Env<'a> {
    /// The usual settings: the sink's own time to land, five seconds between attempts, twenty refusals.
    pub fn new(sink: &'a dyn Sink, blobs: &'a Arc<dyn Blobs>, clock: &'a dyn Clock) -> Self {
        Env { sink, blobs, clock, landing: sink.landing(), pause: Duration::from_secs(5), max_refusals: 20 }
    }
}

/// How a drive ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// Every step is over.
    Done,
    /// The record can go on, but not now. Drive it again later.
    Parked {
        /// What it waits for.
        until: Until,
        /// Why, without customer text.
        why: String,
    },
    /// A person has to look at it.
    Quarantined {
        /// Why, without customer text.
        why: String,
    },
}

/// What a parked record waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// A moment.
    Time(Timestamp),
    /// Another record's step that holds this lock.
    Unlocked(String),
    /// A record that must be at the destination first.
    Linked(SourceRef),
}

/// Carries a record as far as it can go.
///
/// For each step: prepare, put the intent with the prior values on disk, make the one call, keep the receipt. A
/// receipt and the next intent are one commit. A step found unsettled is settled by reading first: one object that
/// agrees is its result; none, after its blind window, means that it may be sent (again); an object that another
/// record created is not ours; anything else is for a person.
///
/// `progress` is the caller's copy of what the journal holds and follows it. Keep it from one drive of a parked record
/// to the next: the number of refusals is nowhere else.
///
/// # Errors
/// Only what stops the whole run ([`Error::stops_the_run`]): the ledger, the credentials, an interruption. Everything
/// else is an [`End`].
pub async fn drive(
    env: &Env<'_>,
    draft: &Draft,
    refs: &Refs,
    progress: &mut Progress,
    journal: &mut dyn Journal,
) -> Result<End> {
    drive_pass(env, draft, refs, progress, journal, u8::MAX).await
}

/// As [`drive`], but only through the steps of the passes up to this one.
///
/// # Errors
/// As [`drive`].
pub async fn drive_pass(
    env: &Env<'_>,
    draft: &Draft,
    refs: &Refs,
    progress: &mut Progress,
    journal: &mut dyn Journal,
    pass: u8,
) -> Result<End> {
    Drive { env, draft, refs, progress, journal, carried: Vec::new(), to_unlock: Vec::new() }.run(pass).await
}

/// Ends a record where it stands: unsettled calls are settled by reading, and nothing more is sent. Rollback begins
/// with it, and appends the undo steps when it says [`End::Done`]. A rollback that goes on after a restart must not
/// wind down records whose undo steps are there already: they would be skipped.
///
/// Steps that were not begun become *skipped*, refused ones *lost*. [`End::Parked`] means that a lost answer can't be
/// settled yet, [`End::Quarantined`] that it can't be settled by reading.
///
/// # Errors
/// As [`drive`].
pub async fn wind_down(
    env: &Env<'_>,
    draft: &Draft,
    refs: &Refs,
    progress: &mut Progress,
    journal: &mut dyn Journal,
) -> Result<End> {
    Drive { env, draft, refs, progress, journal, carried: Vec::new(), to_unlock: Vec::new() }.end_here().await
}

/// Whether a step has to be looked at again, is over, or ends the drive.
enum Flow {
    Again,
    End(End),
}

struct Drive<'a> {
    env: &'a Env<'a>,
    draft: &'a Draft,
    refs: &'a Refs,
    progress: &'a mut Progress,
    journal: &'a mut dyn Journal,
    /// Results that travel with the next intent: one commit, not two.
    carried: Vec<Mark>,
    /// Locks of carried results; they are given back when the results are on disk.
    to_unlock: Vec<String>,
}

impl Drive<'_> {
    async fn run(mut self, pass: u8) -> Result<End> {
        let mut end = End::Done;
        let mut index = 0;
        while index < self.progress.entries.len() {
            let flow = match &self.progress.entries[index].state {
                // A step of a later pass that is on its way is settled whichever pass is asked for.
                state
                    if state.is_over()
                        || (self.progress.entries[index].step.pass > pass && !state.is_unsettled()) =>
                {
                    index += 1;
                    continue;
                }
                State::Refused { why } => Flow::End(End::Quarantined { why: why.clone() }),
                State::Planned => self.send(index).await?,
                State::Intended { at } | State::Unknown { at } => {
                    let at = *at;
                    match self.settle(index, at).await? {
                        Flow::Again if self.is_given_up(index) => self.give_up(index).await?,
                        flow => flow,
                    }
                }
                State::Applied(_) | State::Skipped | State::Lost { .. } => Flow::Again,
            };
            if let Flow::End(reached) = flow {
                end = reached;
                break;
            }
        }
        self.flush(None).await?;
        Ok(end)
    }

    async fn end_here(mut self) -> Result<End> {
        for index in 0..self.progress.entries.len() {
            let step = self.progress.entries[index].step.clone();
            let state = match &self.progress.entries[index].state {
                State::Planned => State::Skipped,
                State::Refused { why } => State::Lost { why: why.clone() },
                // It may have landed; undo takes its object away or restores it in any case.
                state if state.is_unsettled() && step.effect == Effect::Overwrite => {
                    State::Lost { why: "the run was rolled back before its answer was known".into() }
                }
                State::Intended { at } | State::Unknown { at } => {
                    let at = *at;
                    match self.settle(index, at).await? {
                        Flow::End(open) => {
                            self.flush(None).await?;
                            return Ok(open);
                        }
                        // Settled as "not there": it stays unsent.
                        Flow::Again if self.progress.entries[index].state == State::Planned => State::Skipped,
                        Flow::Again => continue,
                    }
                }
                State::Applied(_) | State::Skipped | State::Lost { .. } => continue,
            };
            self.carry(index, state, None, &step);
        }
        self.flush(None).await?;
        Ok(End::Done)
    }

    /// Sends a step that was not begun, or certainly did not happen.
    async fn send(&mut self, index: usize) -> Result<Flow> {
        let step = self.progress.entries[index].step.clone();
        if let Some(missing) = step.needs.iter().find(|need| !self.refs.records.contains_key(*need)) {
            let why = format!("{} needs {missing}", step.op);
            return Ok(Flow::End(End::Parked { until: Until::Linked(missing.clone()), why }));
        }
        if let Some(key) = &step.lock
            && !self.take_lock(key).await?
        {
            let why = format!("{} waits for another record", step.op);
            return Ok(Flow::End(End::Parked { until: Until::Unlocked(key.clone()), why }));
        }
        let prepared = match self.env.sink.prepare(&self.call(&step, &Prepared::default())).await {
            Ok(prepared) => prepared,
            Err(e) => return self.refused(index, &step, e.with_outcome(Outcome::NotSent)).await,
        };
        if prepared.skip {
            // What it found stays; there is nothing to restore, so no prior values do.
            let found = Prepared { before: BTreeMap::new(), ..prepared };
            self.progress.entries[index].prepared = found.clone();
            self.carry(index, State::Skipped, Some(found), &step);
            return Ok(Flow::Again);
        }
        let at = self.env.clock.now();
        self.progress.entries[index].prepared = prepared.clone();
        self.progress.entries[index].state = State::Intended { at };
        self.flush(Some(Mark { index, state: State::Intended { at }, prepared: Some(prepared.clone()) }))
            .await?;

        match self.env.sink.perform(&self.call(&step, &prepared)).await {
            Ok(receipt) => {
                self.carry(index, State::Applied(receipt), None, &step);
                Ok(Flow::Again)
            }
            Err(e) if matches!(e.kind(), ErrorKind::Ledger | ErrorKind::Interrupted) => Err(e),
            Err(e) => self.failed(index, &step, e).await,
        }
    }

    /// What follows an error of the one call.
    async fn failed(&mut self, index: usize, step: &Step, error: Error) -> Result<Flow> {
        match error.outcome() {
            // Applied: it landed, but the answer could not be used; reading finds what it made.
            Outcome::Unknown | Outcome::Applied => {
                let state = State::Unknown { at: self.env.clock.now() };
                self.set(index, state).await?;
                self.progress.entries[index].refusals += 1;
                if step.effect == Effect::Overwrite {
                    return match self.is_tired(index) {
                        true => Ok(Flow::End(End::Quarantined { why: error.to_string() })),
                        false => self.park(index, &error).await,
                    };
                }
                Ok(Flow::Again)
            }
            Outcome::Rejected | Outcome::NotSent => self.refused(index, step, error).await,
        }
    }

    /// What follows a call that certainly did not happen.
    async fn refused(&mut self, index: usize, step: &Step, error: Error) -> Result<Flow> {
        if matches!(error.kind(), ErrorKind::Ledger | ErrorKind::Interrupted) {
            return Err(error);
        }
        let may_help = error.retry() != Retry::Never;
        let entry = &mut self.progress.entries[index];
        if may_help && error.outcome() == Outcome::Rejected && error.kind() != ErrorKind::Throttled {
            entry.refusals += 1;
        }
        let tired = self.is_tired(index);
        let unlinked = error.kind() == ErrorKind::Unresolved;
        if error.stops_the_run() || unlinked || may_help && !tired {
            self.set(index, State::Planned).await?;
            self.release(step).await;
            if error.stops_the_run() {
                return Err(error);
            }
            return self.park(index, &error).await;
        }
        let why = error.to_string();
        if step.refusal == Refusal::IsLoss {
            self.carry(index, State::Lost { why }, None, step);
            return Ok(Flow::Again);
        }
        self.set(index, State::Refused { why: why.clone() }).await?;
        self.release(step).await;
        Ok(Flow::End(End::Quarantined { why }))
    }

    fn is_tired(&self, index: usize) -> bool {
        self.progress.entries[index].refusals > self.env.max_refusals
    }

    /// A call that lost its answer again and again, and was settled each time as "not there".
    fn is_given_up(&self, index: usize) -> bool {
        let entry = &self.progress.entries[index];
        entry.state == State::Planned && entry.step.effect != Effect::Overwrite && self.is_tired(index)
    }

    async fn give_up(&mut self, index: usize) -> Result<Flow> {
        let step = self.progress.entries[index].step.clone();
        let error =
            Error::rejected(ErrorKind::Unavailable, "each answer was lost, and reading finds nothing")
                .with_operation(step.op.clone())
                .with("attempts", self.progress.entries[index].refusals);
        self.refused(index, &step, error).await
    }

    /// Finds out by reading what became of a call.
    async fn settle(&mut self, index: usize, at: Timestamp) -> Result<Flow> {
        let step = self.progress.entries[index].step.clone();
        if step.effect == Effect::Overwrite {
            // Harmless to repeat, nothing to restore. In memory only: on disk it stays unsettled until it is sent.
            self.progress.entries[index].state = State::Planned;
            return Ok(Flow::Again);
        }
        if let Some(key) = &step.lock
            && !self.take_lock(key).await?
        {
            // What another record has under way now could be taken for ours.
            let why = format!("{}: the answer was lost, and another record is at it", step.op);
            return Ok(Flow::End(End::Parked { until: Until::Unlocked(key.clone()), why }));
        }
        let prepared = self.progress.entries[index].prepared.clone();
        let found = match self.env.sink.settle(&self.call(&step, &prepared)).await {
            Ok(found) => found,
            Err(e) if e.stops_the_run() => return Err(e),
            Err(e) if e.retry() == Retry::Never && e.kind() != ErrorKind::Unresolved => {
                let why = format!("the answer was lost, and what became of it can't be read: {e}");
                return Ok(Flow::End(End::Quarantined { why }));
            }
            Err(e) => return self.park(index, &e).await,
        };
        let mut free = Vec::new();
        for candidate in found {
            let taken = match &candidate.receipt.made {
                Made::Created(remote) => self.journal.owned_by_another(remote).await?,
                _ => false,
            };
            if !taken {
                free.push(candidate);
            }
        }
        let agreeing: Vec<&Receipt> = free.iter().filter(|c| c.agrees).map(|c| &c.receipt).collect();
        match (agreeing.as_slice(), free.len()) {
            ([receipt], _) => {
                let receipt = (*receipt).clone();
                self.set(index, State::Applied(receipt)).await?;
                self.release(&step).await;
                Ok(Flow::Again)
            }
            ([], seen) => {
                let open = later(later(at, self.env.landing), Duration::from_secs(step.blind_seconds.into()));
                if self.env.clock.now() < open {
                    let why = format!("{}: the answer was lost and nothing is visible yet", step.op);
                    return Ok(Flow::End(End::Parked { until: Until::Time(open), why }));
                }
                if seen == 0 {
                    self.progress.entries[index].state = State::Planned;
                    return Ok(Flow::Again);
                }
                let why = format!(
                    "{}: the answer was lost; {seen} object(s) with its key hold other content. Look at the \
                     destination, then retry or leave it",
                    step.op
                );
                Ok(Flow::End(End::Quarantined { why }))
            }
            (several, _) => {
                let why = format!(
                    "{}: the answer was lost; {} equal objects could be its result. Look at the destination",
                    step.op,
                    several.len()
                );
                Ok(Flow::End(End::Quarantined { why }))
            }
        }
    }

    fn call<'b>(&'b self, step: &'b Step, prepared: &'b Prepared) -> Call<'b> {
        Call::new(step, self.draft, self.progress, prepared, self.refs, self.env.blobs, self.env.clock.now())
    }

    /// Takes a result into the next commit.
    fn carry(&mut self, index: usize, state: State, prepared: Option<Prepared>, step: &Step) {
        self.progress.entries[index].state = state.clone();
        self.carried.push(Mark { index, state, prepared });
        self.to_unlock.extend(step.lock.clone());
    }

    /// Puts a state on disk now.
    async fn set(&mut self, index: usize, state: State) -> Result<()> {
        self.progress.entries[index].state = state.clone();
        self.flush(Some(Mark { index, state, prepared: None })).await
    }

    /// Puts everything carried on disk, and `last` with it.
    async fn flush(&mut self, last: Option<Mark>) -> Result<()> {
        let mut marks = std::mem::take(&mut self.carried);
        marks.extend(last);
        if !marks.is_empty() {
            self.journal.commit(marks).await?;
        }
        for key in std::mem::take(&mut self.to_unlock) {
            self.journal.unlock(&key).await;
        }
        Ok(())
    }

    /// Takes a lock; what is carried under the same lock must be on disk first.
    async fn take_lock(&mut self, key: &str) -> Result<bool> {
        if self.to_unlock.iter().any(|held| held == key) {
            self.flush(None).await?;
        }
        self.journal.lock(key).await
    }

    async fn release(&mut self, step: &Step) {
        if let Some(key) = &step.lock {
            self.journal.unlock(key).await;
        }
    }

    async fn park(&mut self, index: usize, error: &Error) -> Result<Flow> {
        let pause = match error.retry() {
            Retry::After(pause) => pause,
            // Each further attempt waits longer, up to sixteen times the pause.
            _ => self.env.pause.saturating_mul(2u32.pow(self.progress.entries[index].refusals.min(4))),
        };
        let until = Until::Time(later(self.env.clock.now(), pause));
        Ok(Flow::End(End::Parked { until, why: error.to_string() }))
    }
}

/// A moment so much later; absurd durations, of a setting or stated by a platform, lead to the end of time.
fn later(at: Timestamp, by: Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}
