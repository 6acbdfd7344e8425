//! The suites of crashes, faults, rollbacks and deltas that every sink must pass.

use super::{Bench, Phases, Ran, Rig, SuiteReport, TestLedger, Verdict, Wire, World, delta, rollback, run};
use crate::{Error, ErrorKind, Result};
use std::ops::Range;
use std::time::Duration;

/// From a crash to the next start of the process.
const PAUSE: Duration = Duration::from_secs(5);
/// Crash points after which a suite calls its loop endless.
const MOST_CRASH_POINTS: u64 = 100_000;

/// The outcome of a suite: what it did, or what was wrong first.
type Proof = std::result::Result<SuiteReport, String>;

/// Kills the process at every boundary in turn and starts it again: nothing may be lost, doubled or out of order, and
/// the server must look as after a load without a crash.
///
/// # Errors
/// A sentence naming the boundary and what was wrong after it.
pub async fn crash_at_every_boundary(rig: &dyn Rig) -> Proof {
    let mut report = report("crash_at_every_boundary", rig);
    let phases = rig.drafts();
    crash_everywhere(rig, &phases, Duration::ZERO, Duration::ZERO, &mut report).await?;
    Ok(report)
}

/// As [`crash_at_every_boundary`], with searches that show a new object only after the longest lag the sink is made
/// for, and with writes that land just before the driver gives them up.
///
/// # Errors
/// A sentence naming the boundary and what was wrong after it.
pub async fn search_lag(rig: &dyn Rig) -> Proof {
    let mut report = report("search_lag", rig);
    let latency = rig.landing().saturating_sub(Duration::from_secs(1));
    crash_everywhere(rig, &rig.drafts(), rig.lag(), latency, &mut report).await?;
    Ok(report)
}

/// Kills the process twice in one load: at every `stride`th boundary, and at every `stride`th boundary after its
/// restart.
///
/// # Errors
/// A sentence naming both boundaries and what was wrong after them.
pub async fn two_crashes(rig: &dyn Rig, stride: u64) -> Proof {
    let mut report = report("two_crashes", rig);
    let phases = rig.drafts();
    let golden = Trial::clean(rig, &phases).await?;
    let stride = stride.max(1);
    for first in (1..MOST_CRASH_POINTS).step_by(stride as usize) {
        for second in (1..MOST_CRASH_POINTS).step_by(stride as usize) {
            let at = format!("after crashes at boundaries {first} and {second}");
            let trial = Trial::new(rig, rig.lag(), Duration::ZERO).await?;
            trial.wire.crash_at(first);
            if !trial.crashed(trial.load(&phases).await, &at)? {
                return Ok(report);
            }
            report.crash_points += 1;
            trial.wire.crash_at(second);
            let again = trial.crashed(trial.load(&phases).await, &at)?;
            report.crash_points += u64::from(again);
            if again {
                finished(trial.load(&phases).await, &at)?;
            }
            trial.looks_like(&golden, &phases, &at).await?;
            trial.count(&mut report);
            if !again {
                break;
            }
        }
    }
    Err(endless(&report))
}

/// Loses fifteen in a hundred answers and refuses ten in a hundred connections, by each seed, with and without a lag of
/// searches: everything must arrive once, and nothing may be left to a person.
///
/// # Errors
/// A sentence naming the seed and what was wrong.
pub async fn lost_and_refused_answers(rig: &dyn Rig, seeds: Range<u64>) -> Proof {
    let mut report = report("lost_and_refused_answers", rig);
    let phases = rig.drafts();
    let golden = Trial::clean(rig, &phases).await?;
    for seed in seeds {
        let lag = if seed % 2 == 0 { Duration::ZERO } else { rig.lag() };
        let at = format!("with seed {seed}");
        let trial = Trial::new(rig, lag, Duration::ZERO).await?;
        trial.wire.faults(seed, 15, 10);
        finished(trial.load(&phases).await, &at)?;
        trial.wire.heal();
        trial.looks_like(&golden, &phases, &at).await?;
        trial.count(&mut report);
    }
    Ok(report)
}

/// Loads records that the platform can't tell apart, with four in ten answers lost and with a crash at every boundary:
/// each must get an object of its own, without a person's help.
///
/// # Errors
/// A sentence naming the seed or boundary and what was wrong.
pub async fn twins(rig: &dyn Rig, seeds: Range<u64>) -> Proof {
    let mut report = report("twins", rig);
    let phases = rig.twins();
    for seed in seeds {
        let at = format!("with seed {seed}");
        let trial = Trial::new(rig, rig.lag(), Duration::ZERO).await?;
        trial.wire.faults(seed, 40, 0);
        finished(trial.load(&phases).await, &at)?;
        trial.wire.heal();
        trial.judged(&phases, &at).await?;
        trial.count(&mut report);
    }
    crash_everywhere(rig, &phases, rig.lag(), Duration::ZERO, &mut report).await?;
    Ok(report)
}

/// Rolls back a whole load, and a load that was killed at every boundary in turn: the server must be in its start
/// state, with what somebody else added in between.
///
/// # Errors
/// A sentence naming the boundary and what was left.
pub async fn rollback_reaches_the_start_state(rig: &dyn Rig) -> Proof {
    let mut report = report("rollback_reaches_the_start_state", rig);
    let phases = rig.drafts();
    let start = Trial::start_state(rig).await?;
    for boundary in 1..MOST_CRASH_POINTS {
        let at = format!("after a load killed at boundary {boundary}");
        let trial = Trial::new(rig, rig.lag(), Duration::ZERO).await?;
        trial.wire.crash_at(boundary);
        let crashed = trial.crashed(trial.load(&phases).await, &at)?;
        trial.wire.heal();
        report.crash_points += u64::from(crashed);
        trial.meddle(&at).await?;
        finished(trial.take_back().await, &format!("{at}, rolled back"))?;
        trial.is_in(&start, &at).await?;
        trial.count(&mut report);
        if !crashed {
            return Ok(report);
        }
    }
    Err(endless(&report))
}

/// Kills a rollback at every boundary in turn and starts it again: the server must come to its start state.
///
/// # Errors
/// A sentence naming the boundary and what was left.
pub async fn rollback_killed_at_every_boundary(rig: &dyn Rig) -> Proof {
    let mut report = report("rollback_killed_at_every_boundary", rig);
    let phases = rig.drafts();
    let start = Trial::start_state(rig).await?;
    for boundary in 1..MOST_CRASH_POINTS {
        let at = format!("after a rollback killed at boundary {boundary}");
        let trial = Trial::new(rig, rig.lag(), Duration::ZERO).await?;
        finished(trial.load(&phases).await, &at)?;
        trial.meddle(&at).await?;
        trial.wire.crash_at(boundary);
        let crashed = trial.crashed(trial.take_back().await, &at)?;
        trial.wire.heal();
        if crashed {
            report.crash_points += 1;
            finished(trial.take_back().await, &at)?;
        }
        trial.is_in(&start, &at).await?;
        trial.count(&mut report);
        if !crashed {
            return Ok(report);
        }
    }
    Err(endless(&report))
}

/// Loads, then brings a change at the source over: exactly the stated number of writes, the judge content with the new
/// data, and after a rollback the start state. Then the same with a crash at every boundary of the delta.
///
/// # Errors
/// A sentence about what was wrong; also when the rig has no change.
pub async fn delta_writes_only_what_changed(rig: &dyn Rig) -> Proof {
    let mut report = report("delta_writes_only_what_changed", rig);
    let Some(changed) = rig.changed() else {
        return Err(format!("{}: the rig states no change", rig.name()));
    };
    let start = Trial::start_state(rig).await?;
    for boundary in 0..MOST_CRASH_POINTS {
        let at = format!("after a delta killed at boundary {boundary}");
        let trial = Trial::new(rig, rig.lag(), Duration::ZERO).await?;
        finished(trial.load(&rig.drafts()).await, &at)?;
        trial.wire.clock().advance(rig.lag());
        let before = trial.wire.counts().writes;
        trial.wire.crash_at(boundary);
        let crashed = trial.crashed(trial.bring_over(&changed.phases).await, &at)?;
        if crashed {
            report.crash_points += 1;
            finished(trial.go_on(&changed.phases).await, &at)?;
        } else {
            let writes = trial.wire.counts().writes - before;
            if writes != changed.writes {
                return Err(format!("{writes} writes for a change that needs {}", changed.writes));
            }
        }
        trial.wire.heal();
        trial.judged(&changed.phases, &at).await?;
        trial.meddle(&at).await?;
        finished(trial.take_back().await, &format!("{at}, rolled back"))?;
        trial.is_in(&start, &at).await?;
        trial.count(&mut report);
        if !crashed && boundary > 0 {
            return Ok(report);
        }
    }
    Err(endless(&report))
}

/// Loads, then plans a delta with the same drafts: no step, no write, the same state.
///
/// # Errors
/// A sentence about what was written.
pub async fn nothing_changed_writes_nothing(rig: &dyn Rig) -> Proof {
    let mut report = report("nothing_changed_writes_nothing", rig);
    let phases = rig.drafts();
    let trial = Trial::new(rig, Duration::ZERO, Duration::ZERO).await?;
    finished(trial.load(&phases).await, "in the first load")?;
    let (before, writes) = (trial.state().await?, trial.wire.counts().writes);
    let ran = finished(trial.bring_over(&phases).await, "in the delta")?;
    if ran.planned_steps > 0 {
        return Err(format!("{} steps were planned although nothing changed", ran.planned_steps));
    }
    let written = trial.wire.counts().writes - writes;
    if written > 0 {
        return Err(format!("{written} writes although nothing changed"));
    }
    trial.is_in(&before, "after a delta without a change").await?;
    trial.count(&mut report);
    Ok(report)
}

async fn crash_everywhere(
    rig: &dyn Rig,
    phases: &Phases,
    lag: Duration,
    latency: Duration,
    report: &mut SuiteReport,
) -> std::result::Result<(), String> {
    let golden = Trial::clean(rig, phases).await?;
    for boundary in 1..MOST_CRASH_POINTS {
        let at = format!("after a crash at boundary {boundary}");
        let trial = Trial::new(rig, lag, latency).await?;
        trial.wire.crash_at(boundary);
        let crashed = trial.crashed(trial.load(phases).await, &at)?;
        if crashed {
            report.crash_points += 1;
            finished(trial.load(phases).await, &at)?;
        }
        trial.looks_like(&golden, phases, &at).await?;
        trial.count(report);
        if !crashed {
            return Ok(());
        }
    }
    Err(endless(report))
}

/// One world with its wire and its ledger. Each verb is a process of its own.
pub(super) struct Trial<'a> {
    pub(super) rig: &'a dyn Rig,
    pub(super) wire: Wire,
    pub(super) ledger: TestLedger,
    pub(super) world: Box<dyn World>,
}

impl<'a> Trial<'a> {
    pub(super) async fn new(
        rig: &'a dyn Rig,
        lag: Duration,
        latency: Duration,
    ) -> std::result::Result<Self, String> {
        let wire = Wire::new();
        let world = rig.world(&wire, lag).await.map_err(|e| format!("no world: {e}"))?;
        wire.latency(latency);
        Ok(Trial { rig, ledger: rig.ledger(&wire), wire, world })
    }
    /// The state that a load without faults leads to.
    async fn clean(rig: &'a dyn Rig, phases: &Phases) -> std::result::Result<serde_json::Value, String> {
        let trial = Trial::new(rig, Duration::ZERO, Duration::ZERO).await?;
        finished(trial.load(phases).await, "in a load without faults")?;
        trial.judged(phases, "after a load without faults").await?;
        trial.state().await
    }
    /// The state before a load, with what somebody else adds.
    async fn start_state(rig: &'a dyn Rig) -> std::result::Result<serde_json::Value, String> {
        let trial = Trial::new(rig, Duration::ZERO, Duration::ZERO).await?;
        trial.meddle("before a load").await?;
        trial.state().await
    }

    pub(super) async fn load(&self, phases: &Phases) -> Result<Ran> {
        run(&self.bench(&*self.world.connect().await?), phases).await
    }
    async fn bring_over(&self, phases: &Phases) -> Result<Ran> {
        delta(&self.bench(&*self.world.connect().await?), phases).await
    }
    /// A delta that was killed: what it planned is driven on, what it had not planned is planned.
    async fn go_on(&self, phases: &Phases) -> Result<Ran> {
        let sink = self.world.connect().await?;
        run(&self.bench(&*sink), phases).await?;
        delta(&self.bench(&*sink), phases).await
    }
    async fn take_back(&self) -> Result<Ran> {
        rollback(&self.bench(&*self.world.connect().await?)).await
    }
    pub(super) fn bench<'b>(&'b self, sink: &'b dyn crate::Sink) -> Bench<'b> {
        Bench {
            sink,
            blobs: self.rig.blobs(),
            wire: &self.wire,
            ledger: &self.ledger,
            landing: self.rig.landing(),
        }
    }

    /// True when the process died; it is started again a little later. Anything else but success is wrong.
    fn crashed(&self, ran: Result<Ran>, at: &str) -> std::result::Result<bool, String> {
        match ran {
            Err(e) if e.kind() == ErrorKind::Interrupted => {
                self.wire.restart();
                self.ledger.restart();
                self.wire.clock().advance(PAUSE);
                Ok(true)
            }
            ran => finished(ran, at).map(|_| false),
        }
    }
    async fn meddle(&self, at: &str) -> std::result::Result<(), String> {
        self.world.meddle().await.map_err(|e| format!("{at}: {e}"))
    }
    pub(super) async fn state(&self) -> std::result::Result<serde_json::Value, String> {
        self.world.state().await.map_err(|e| format!("the state can't be read: {e}"))
    }
    async fn judged(&self, phases: &Phases, at: &str) -> std::result::Result<(), String> {
        let verdict = self.world.judge(phases).await.map_err(|e| format!("{at}: {e}"))?;
        if verdict.is_clean() {
            return Ok(());
        }
        let Verdict { lost, doubled, out_of_order, notified, remarks } = verdict;
        Err(format!(
            "{at}: {lost} lost, {doubled} doubled, {out_of_order} out of order, {notified} notified: {}",
            remarks.join("; ")
        ))
    }
    async fn is_in(&self, wanted: &serde_json::Value, at: &str) -> std::result::Result<(), String> {
        let state = self.state().await?;
        if state == *wanted {
            return Ok(());
        }
        Err(format!("{at}: the server is in another state at {}", first_difference(wanted, &state, "")))
    }
    async fn looks_like(
        &self,
        golden: &serde_json::Value,
        phases: &Phases,
        at: &str,
    ) -> std::result::Result<(), String> {
        self.judged(phases, at).await?;
        self.is_in(golden, at).await
    }
    fn count(&self, report: &mut SuiteReport) {
        let counts = self.wire.counts();
        report.runs += 1;
        report.calls += counts.reads + counts.writes;
    }
}

pub(super) fn report(suite: &'static str, rig: &dyn Rig) -> SuiteReport {
    SuiteReport { suite, rig: rig.name(), ..SuiteReport::default() }
}

/// A run that came to its end with every record done.
pub(super) fn finished(ran: Result<Ran, Error>, at: &str) -> std::result::Result<Ran, String> {
    let ran = ran.map_err(|e| format!("{at}: {e}"))?;
    match ran.open.first() {
        None => Ok(ran),
        Some((record, why)) => {
            Err(format!("{at}: {} records are not done; {record}: {why:?}", ran.open.len()))
        }
    }
}

fn endless(report: &SuiteReport) -> String {
    format!("{} does not end after {} crash points", report.suite, report.crash_points)
}

/// Where two states differ first, with both values.
fn first_difference(want: &serde_json::Value, have: &serde_json::Value, path: &str) -> String {
    use serde_json::Value::{Array, Object};
    match (want, have) {
        (Object(w), Object(h)) => {
            let keys = w.keys().chain(h.keys().filter(|k| !w.contains_key(*k)));
            for key in keys {
                let (a, b) = (w.get(key).unwrap_or_default(), h.get(key).unwrap_or_default());
                if a != b {
                    return first_difference(a, b, &format!("{path}/{key}"));
                }
            }
        }
        (Array(w), Array(h)) if w.len() == h.len() => {
            if let Some((i, (a, b))) = w.iter().zip(h).enumerate().find(|(_, (a, b))| a != b) {
                return first_difference(a, b, &format!("{path}/{i}"));
            }
        }
        _ => {}
    }
    format!("{path}: wanted {want}, found {have}")
}
