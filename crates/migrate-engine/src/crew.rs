//! The crew: many records in flight at a time, each carried by one future, parked ones taken up again.

use crate::guarded::{Guarded, Halt};
use crate::store::{Ledger, Member};
use crate::{Ctx, Failure};
use async_trait::async_trait;
use futures_util::stream::{FuturesUnordered, StreamExt};
use jiff::Timestamp;
use mapping_core::{Result, Until};
use std::collections::VecDeque;

/// The most parked records held in memory; beyond it nothing new is begun.
const MOST_PARKED: usize = 2_000;

/// How one attempt at a record ended.
pub(crate) enum Verdict {
    /// Nothing is left to do; what became of it is on disk.
    Over,
    /// It goes on later.
    Parked { until: Until, why: String },
}

/// What the crew does with a record.
#[async_trait]
pub(crate) trait Work: Sync {
    /// The next records, in order; empty when there are no more.
    fn next(&self) -> Result<Vec<Member>>;
    /// Carries a record as far as it can go.
    async fn attempt(&self, member: &Member) -> Result<Verdict>;
    /// A record that waits for something that will not come.
    async fn give_up(&self, member: &Member, why: &str) -> Result<()>;
}

/// The bounds of a crew.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) workers: usize,
    pub(crate) bytes: u64,
}

struct Waiting {
    member: Member,
    until: Until,
    why: String,
}

/// Treats every record that `work` has. Ends early when the sink is halted; nothing is in flight then.
pub(crate) async fn run(
    work: &dyn Work,
    sink: &Guarded<'_>,
    ledger: &dyn Ledger,
    bounds: Bounds,
    ctx: &Ctx<'_>,
    phase: &str,
    total: Option<u64>,
) -> std::result::Result<(), Failure> {
    let mut crew = Crew { work, ledger, ready: VecDeque::new(), parked: Vec::new(), dry: false };
    let mut flying = FuturesUnordered::new();
    let (mut bytes, mut done, mut failure) = (0u64, 0u64, None::<Failure>);
    loop {
        if ctx.cancel.is_cancelled() {
            sink.halt(Halt::Interrupted);
        }
        while sink.halted().is_none() && flying.len() < bounds.workers {
            let Some(member) =
                crew.take(ctx.timer.now(), bounds.bytes.saturating_sub(bytes), flying.is_empty())?
            else {
                break;
            };
            bytes += member.row.bytes;
            flying.push(async move {
                let verdict = work.attempt(&member).await;
                (member, verdict)
            });
        }
        if flying.is_empty() {
            if sink.halted().is_some() {
                return failure.map_or(Ok(()), Err);
            }
            match crew.idle() {
                Idle::Done => return Ok(()),
                Idle::Until(moment) => {
                    tokio::select! {
                        () = ctx.timer.sleep_until(moment) => {}
                        () = ctx.cancel.cancelled() => {}
                    }
                }
                Idle::Stuck => crew.give_up().await?,
            }
            continue;
        }
        let free = sink.halted().is_none() && flying.len() < bounds.workers;
        let due = crew.next_moment().filter(|_| free);
        let landed = tokio::select! {
            landed = flying.next() => landed,
            () = ctx.cancel.cancelled(), if sink.halted().is_none() => None,
            // A long thread must not keep others waiting whose time has come.
            () = ctx.timer.sleep_until(due.unwrap_or(Timestamp::MAX)), if due.is_some() => None,
        };
        let Some((member, verdict)) = landed else { continue };
        bytes = bytes.saturating_sub(member.row.bytes);
        match verdict {
            Ok(Verdict::Over) => {
                done += 1;
                ctx.progress(phase, done, total);
            }
            Ok(Verdict::Parked { until, why }) => crew.parked.push(Waiting { member, until, why }),
            Err(e) => {
                // What is in flight still comes home; then the first error ends the run.
                sink.halt(Halt::Failed);
                failure.get_or_insert(e.into());
            }
        }
    }
}

struct Crew<'a> {
    work: &'a dyn Work,
    ledger: &'a dyn Ledger,
    ready: VecDeque<Member>,
    parked: Vec<Waiting>,
    /// There are no more records to fetch.
    dry: bool,
}

enum Idle {
    Done,
    Until(Timestamp),
    Stuck,
}

impl Crew<'_> {
    /// The next record that may fly within this many bytes; the only one in flight may be of any size.
    fn take(&mut self, now: Timestamp, room: u64, alone: bool) -> Result<Option<Member>> {
        for at in 0..self.parked.len() {
            if self.is_due(&self.parked[at], now)? {
                return Ok(Some(self.parked.swap_remove(at).member));
            }
        }
        if self.ready.is_empty() && !self.dry && self.parked.len() < MOST_PARKED {
            self.ready.extend(self.work.next()?);
            self.dry = self.ready.is_empty();
        }
        match self.ready.front() {
            Some(member) if alone || member.row.bytes <= room => Ok(self.ready.pop_front()),
            _ => Ok(None),
        }
    }

    fn is_due(&self, waiting: &Waiting, now: Timestamp) -> Result<bool> {
        Ok(match &waiting.until {
            Until::Time(moment) => *moment <= now,
            Until::Unlocked(key) => {
                self.ledger.lock_holder(key).is_none_or(|holder| holder == waiting.member.row.record)
            }
            Until::Linked(record) => self.ledger.targets(std::slice::from_ref(record))?.contains_key(record),
        })
    }

    /// When the next record's time comes.
    fn next_moment(&self) -> Option<Timestamp> {
        let moments = self.parked.iter().filter_map(|w| match &w.until {
            Until::Time(moment) => Some(*moment),
            _ => None,
        });
        moments.min()
    }

    /// What to do when nothing flies and nothing is due.
    fn idle(&self) -> Idle {
        match self.next_moment() {
            Some(moment) => Idle::Until(moment),
            None if self.parked.is_empty() => Idle::Done,
            None => Idle::Stuck,
        }
    }

    /// Everything left waits for a record that will not move any more.
    async fn give_up(&mut self) -> Result<()> {
        for waiting in std::mem::take(&mut self.parked) {
            let why = match &waiting.until {
                Until::Unlocked(key) => match self.ledger.lock_holder(key) {
                    Some(holder) => format!("{}: {holder}, which is not settled", waiting.why),
                    None => waiting.why.clone(),
                },
                _ => format!("{}, which is not at the destination", waiting.why),
            };
            self.work.give_up(&waiting.member, &why).await?;
        }
        Ok(())
    }
}
