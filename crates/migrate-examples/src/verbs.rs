//! Carries a verb of the command line out and shows what came of it.

mod written;

use crate::args::{Side, Verb};
use crate::show::Show;
use async_trait::async_trait;
use mapping_core::{Error, ErrorKind, Sink, Source, SourceRef};
use migrate_engine::{
    Action, ApplyOptions, ApplyReport, ApproveOptions, ApproveReport, Cancel, Ctx, DoctorReport, Estimate,
    EstimateOptions, Exit, ExtractOptions, ExtractReport, Failure, Finding, InitOptions, MapOptions,
    MapReport, Pace, PlanOptions, PlanReport, Price, ProvisionOptions, ProvisionReport, ReviewOptions,
    RollbackOptions, RollbackReport, Run, Timer, VerifyOptions, VerifyReport,
};
use std::path::Path;

/// The two sides of a migration, made from what the run directory says.
#[async_trait]
pub trait Sides: Send + Sync {
    /// What a new run directory of this pair holds.
    fn init(&self, name: &str) -> InitOptions;
    /// Opens the source. Asks it nothing that isn't needed to read its description.
    async fn source(&self, run: &Run) -> Result<Box<dyn Source>, Failure>;
    /// Opens the destination.
    async fn sink(&self, run: &Run) -> Result<Box<dyn Sink>, Failure>;
    /// Checks of this pair beside the engine's: a profile against its WSDL, say.
    async fn check(&self, run: &Run, side: Side) -> Vec<Finding>;
    /// What the destination's connection makes of the quota.
    ///
    /// # Errors
    /// Wrong settings.
    fn pace(&self, run: &Run) -> Result<Pace, Failure>;
}

/// What a verb needs beside its options.
pub struct Program<'a> {
    /// The two sides.
    pub sides: &'a dyn Sides,
    /// How things are shown.
    pub show: &'a Show,
    /// The time.
    pub timer: &'a dyn Timer,
    /// The wish to stop.
    pub cancel: &'a Cancel,
}

impl Program<'_> {
    /// Carries out a verb in a run directory.
    ///
    /// # Errors
    /// What ended the verb before it had a report.
    pub async fn carry_out(&self, dir: &Path, verb: &Verb) -> Result<Exit, Failure> {
        if let Verb::Init { name } = verb {
            Run::create(dir, &self.sides.init(name))?;
            self.show.say(&format!("made {}; now edit migration.toml there", dir.display()));
            return Ok(Exit::Done);
        }
        let run = Run::open(dir)?;
        Ok(match verb {
            Verb::Init { .. } => Exit::Done,
            Verb::Doctor { only } => self.doctor(&run, *only).await?.exit,
            Verb::Extract { accept_shortfall } => {
                let mut options = ExtractOptions::default();
                if let Some(who) = accept_shortfall {
                    options = options.accept_shortfall(who);
                }
                self.extract(&run, &options).await?.exit
            }
            Verb::Map { check } => {
                let options = if *check { MapOptions::check() } else { MapOptions::default() };
                self.map(&run, &options).await?.exit
            }
            Verb::Provision { dry_run, check } => {
                let options = match (dry_run, check) {
                    (_, true) => ProvisionOptions::check(),
                    (true, false) => ProvisionOptions::dry_run(),
                    (false, false) => ProvisionOptions::default(),
                };
                self.provision(&run, &options).await?.exit
            }
            Verb::Plan => self.plan(&run).await?.exit,
            Verb::Estimate { sample } => self.estimate(&run, *sample).await?,
            Verb::Approve { by, ack, ack_all } => {
                let mut options = ApproveOptions::by(by);
                options.acknowledge.clone_from(ack);
                options.acknowledge_all = *ack_all;
                self.approve(&run, &options).await?.exit
            }
            Verb::Apply { pilot, wave, approved_by, retry_quarantined } => {
                let mut options = ApplyOptions::default();
                if let Some(wave) = wave {
                    options = options.wave(wave);
                }
                if let Some(size) = pilot {
                    options = options.pilot(*size);
                }
                if let Some(who) = approved_by {
                    options = options.approved_by(who);
                }
                if *retry_quarantined {
                    options = options.retry_quarantined();
                }
                self.apply(&run, &options).await?.exit
            }
            Verb::Status => self.status(&run)?,
            Verb::Verify { accept: Some(record), reason, by, .. } => {
                self.accept(&run, record, reason.as_deref(), by.as_deref()).await?
            }
            Verb::Verify { batch, sample, .. } => {
                let mut options = VerifyOptions::default();
                if let Some(batch) = batch {
                    options = options.batch(*batch);
                }
                if let Some(sample) = sample {
                    options = options.sample(*sample);
                }
                self.verify(&run, &options).await?.exit
            }
            Verb::Rollback { batch, yes, with_schema } => {
                let mut options = RollbackOptions::default();
                if let Some(batch) = batch {
                    options = options.batch(*batch);
                }
                if let Some(name) = yes {
                    options = options.confirm(name);
                }
                if *with_schema {
                    options = options.with_schema();
                }
                self.rollback(&run, &options).await?.exit
            }
            Verb::Report => self.report(&run)?,
            Verb::Explain { id, text } => self.explain(&run, id, *text).await?,
            Verb::Trace { id } => self.trace(&run, id).await?,
            Verb::Idmap => self.idmap(&run).await?,
            Verb::Review { batch, read } => {
                let mut options = ReviewOptions::default();
                if let Some(batch) = batch {
                    options = options.batch(*batch);
                }
                match read {
                    true => self.review_read(&run, &options)?.exit,
                    false => self.review(&run, &options).await.map(|_| Exit::Done)?,
                }
            }
            Verb::Handoff { check: true } => self.handoff_check(&run).await?.exit,
            Verb::Handoff { check: false } => self.handoff(&run).await?.exit,
        })
    }

    fn ctx(&self) -> Ctx<'_> {
        Ctx::new(self.timer, self.show, self.cancel)
    }

    /// `doctor`: both sides, or one.
    ///
    /// # Errors
    /// As [`migrate_engine::doctor`].
    pub async fn doctor(&self, run: &Run, only: Option<Side>) -> Result<DoctorReport, Failure> {
        self.show.heading("doctor");
        let mut checks = Vec::new();
        let mut source = None;
        let mut sink = None;
        let mut unopened = None;
        if only != Some(Side::Destination) {
            checks.extend(self.sides.check(run, Side::Source).await);
            source = self.opened("source", self.sides.source(run).await, &mut checks, &mut unopened);
        }
        if only != Some(Side::Source) {
            checks.extend(self.sides.check(run, Side::Destination).await);
            sink = self.opened("destination", self.sides.sink(run).await, &mut checks, &mut unopened);
        }
        let mut report =
            migrate_engine::doctor(run, source.as_deref(), sink.as_deref(), checks, &self.ctx()).await?;
        if let (Exit::Done | Exit::Error, Some(exit)) = (report.exit, unopened) {
            report.exit = exit;
        }
        self.show.findings(&report.findings);
        for (name, side) in [("source", &report.source), ("destination", &report.destination)] {
            if let Some(side) = side {
                let region = side.region.as_ref().map(|r| format!(", region {r}")).unwrap_or_default();
                self.show.say(&format!("{name}: {} «{}»{region}", side.platform, side.account));
                let counts = side.counts.iter().map(|(kind, n)| format!("{n} {kind}"));
                let counts: Vec<_> = counts
                    .chain([
                        format!("{} people", side.people),
                        format!("{} teams and queues", side.teams),
                        format!("{} fields", side.fields),
                    ])
                    .collect();
                self.show.say(&format!("  {}", counts.join(", ")));
                if let Some((limit, seconds)) = side.quota {
                    self.show.say(&format!("  {limit} calls per {seconds} s"));
                }
            }
        }
        self.show.report("doctor", &report);
        Ok(report)
    }

    /// A side that can't be opened is a finding of `doctor`, not its end. Refused credentials and wrong settings keep
    /// their exit code.
    fn opened<T>(
        &self,
        side: &str,
        opened: Result<T, Failure>,
        checks: &mut Vec<Finding>,
        exit: &mut Option<Exit>,
    ) -> Option<T> {
        match opened {
            Ok(side) => Some(side),
            Err(failure) => {
                if matches!(failure.exit, Exit::Refused | Exit::Usage) {
                    exit.get_or_insert(failure.exit);
                }
                checks.push(Finding::new(migrate_engine::Severity::Problem, side, failure.to_string()));
                None
            }
        }
    }

    /// `extract`.
    ///
    /// # Errors
    /// As [`migrate_engine::extract`].
    pub async fn extract(&self, run: &Run, options: &ExtractOptions) -> Result<ExtractReport, Failure> {
        self.show.heading("extract");
        let source = self.sides.source(run).await?;
        let report = migrate_engine::extract(run, &*source, options, &self.ctx()).await?;
        for shortfall in &report.shortfalls {
            self.show.say(&format!(
                "missing: {}: {} of {} are there{}",
                shortfall.what,
                shortfall.found,
                shortfall.expected,
                shortfall.examples.first().map(|r| format!(" (for example {r})")).unwrap_or_default()
            ));
        }
        for (path, count) in &report.unmapped {
            self.show.say(&format!("nobody knows {path} (seen {count} times); it is kept in `extra`"));
        }
        for note in &report.notes {
            self.show.say(note);
        }
        self.show.say(&format!("{} bytes of files", report.attachment_bytes));
        self.stopped(report.stopped.as_deref());
        self.show.report("extract", &report);
        Ok(report)
    }

    /// `map`.
    ///
    /// # Errors
    /// As [`migrate_engine::map`].
    pub async fn map(&self, run: &Run, options: &MapOptions) -> Result<MapReport, Failure> {
        self.show.heading("map");
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::map(run, &*sink, options, &self.ctx()).await?;
        let lists = [
            ("mapping/agents.csv", &report.agents),
            ("mapping/queues.csv", &report.queues),
            ("mapping/fields.csv", &report.fields),
            ("mapping/categories.csv", &report.categories),
            ("mapping/hours.csv", &report.hours),
        ];
        for (list, count) in lists.into_iter().filter(|(_, count)| count.lines > 0) {
            self.show.say(&format!(
                "{list}: {} lines, {} matched, {} open{}",
                count.lines,
                count.matched,
                count.open,
                if count.open_ids.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", count.open_ids.join(", "))
                }
            ));
        }
        for object in &report.objects {
            self.show.say(&format!("{:4} {} → {} ({})", object.row, object.from, object.to, object.fidelity));
        }
        self.show.findings(&report.findings);
        self.show.report("map", &report);
        Ok(report)
    }

    /// `provision`.
    ///
    /// # Errors
    /// As [`migrate_engine::provision`].
    pub async fn provision(&self, run: &Run, options: &ProvisionOptions) -> Result<ProvisionReport, Failure> {
        self.show.heading(match (options.dry_run, options.check) {
            (_, true) => "provision (check)",
            (true, false) => "provision (dry run)",
            (false, false) => "provision",
        });
        migrate_engine::require_extracted(run)?;
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::provision(run, &*sink, options, &self.ctx()).await?;
        for entry in &report.entries {
            let word = match (entry.action, entry.done) {
                (Action::Exists, _) => "is there",
                (Action::Create, true) => "created",
                (Action::Create, false) => "to create",
                (Action::Change, true) => "changed",
                (Action::Change, false) => "to change",
                _ => "by hand",
            };
            let why = entry.why.as_ref().map(|w| format!(": {w}")).unwrap_or_default();
            self.show.say(&format!("{word:10} {}{why}", entry.record));
            if entry.why.is_some() && !entry.done {
                self.show.say(&format!("           → {}", entry.todo));
            }
        }
        self.show.say(&format!("{} of {} are there", report.there(), report.entries.len()));
        self.stopped(report.stopped.as_deref());
        self.show.report("provision", &report);
        Ok(report)
    }

    /// `plan`.
    ///
    /// # Errors
    /// As [`migrate_engine::plan`].
    pub async fn plan(&self, run: &Run) -> Result<PlanReport, Failure> {
        self.show.heading("plan");
        migrate_engine::require_extracted(run)?;
        let sink = self.sides.sink(run).await?;
        let options = PlanOptions::default().pace(self.sides.pace(run)?);
        let report = migrate_engine::plan(run, &*sink, &options, &self.ctx()).await?;
        for kind in &report.order {
            if let Some(plan) = report.kinds.get(kind) {
                self.show.say(&format!(
                    "{} {kind} for {} {} ({}), {} parts, {} files: {} calls, {} at worst, {} at least",
                    plan.drafts,
                    plan.records,
                    plan.from,
                    plan.fidelity,
                    plan.parts,
                    plan.files,
                    plan.calls,
                    plan.calls_worst,
                    plan.floor
                ));
                for (pass, later) in &plan.later {
                    let (pass, drafts, calls) = (u32::from(*pass) + 1, later.drafts, later.calls);
                    self.show.say(&format!("  of that in pass {pass}: {drafts} {kind}, {calls} calls"));
                }
            }
        }
        for (kind, sum) in report.sums.iter().filter(|(_, sum)| sum.reference > 0) {
            self.show.say(&format!(
                "{} {kind}: no rule moves them; read for reference or hand-over",
                sum.reference
            ));
        }
        for loss in &report.losses_by_field {
            let rule = format!("{:?}", loss.rule).to_lowercase();
            self.show.say(&format!("{rule} {} × {}: {}", loss.count, loss.field, loss.why));
        }
        for blocker in report.blockers.iter().chain(&report.to_approve) {
            self.show.say(&format!("before apply: {blocker}"));
        }
        self.say_estimate(&report.estimate);
        self.show.say(&format!(
            "{} records in the quarantine; digest {}",
            report.quarantined,
            report.digest.get(..12).unwrap_or_default()
        ));
        self.show.report("plan", &report);
        Ok(report)
    }

    /// `estimate`.
    ///
    /// # Errors
    /// As [`migrate_engine::estimate`].
    pub async fn estimate(&self, run: &Run, sample: u64) -> Result<Exit, Failure> {
        self.show.heading("estimate");
        migrate_engine::require_extracted(run)?;
        let sink = self.sides.sink(run).await?;
        let options = EstimateOptions::default().pace(self.sides.pace(run)?).sample(sample);
        let report = migrate_engine::estimate(run, &*sink, &options).await?;
        for phase in &report.phases {
            self.say_price(&format!("load {}", phase.name), phase);
        }
        self.say_estimate(&report);
        self.show.report("estimate", &report);
        Ok(Exit::Done)
    }

    fn say_price(&self, what: &str, price: &Price) {
        let time = price.seconds.map(|s| format!(", about {}", duration(s))).unwrap_or_default();
        self.show.say(&format!("{what}: {} records, {} calls{time}", price.records, price.calls));
    }

    fn say_estimate(&self, estimate: &Estimate) {
        if let Some((limit, window)) = estimate.quota {
            let share = estimate.share * 100.0;
            self.show
                .say(&format!("{share:.0} % of {limit} calls per {window} s, {} at once", estimate.parallel));
        }
        if let Some(measured) = estimate.measured {
            self.show.say(&format!("the last load came to {measured:.1} calls a second"));
        }
        self.say_price("load", &estimate.load);
        self.say_price("verify all", &estimate.verify);
        self.say_price("verify a sample", &estimate.verify_sampled);
        self.say_price("rollback", &estimate.rollback);
        self.say_price("what changes in a day", &estimate.delta_per_day);
        if let Some(seconds) = estimate.freeze_seconds {
            self.show.say(&format!("the source stands still for about {} at the end", duration(seconds)));
        }
        let megabytes = |bytes: u64| bytes.div_ceil(1_000_000);
        self.show.say(&format!(
            "disk: {} MB now, about {} MB more",
            megabytes(estimate.disk_now),
            megabytes(estimate.disk_more)
        ));
    }

    /// `approve`.
    ///
    /// # Errors
    /// As [`migrate_engine::approve`].
    pub async fn approve(&self, run: &Run, options: &ApproveOptions) -> Result<ApproveReport, Failure> {
        self.show.heading("approve");
        let report = migrate_engine::approve(run, options, &self.ctx()).await?;
        self.show.say(&format!(
            "the plan {} is approved by {}",
            report.plan.get(..12).unwrap_or_default(),
            options.by
        ));
        for one in &report.acknowledgements {
            match (&one.by, one.at) {
                (Some(by), Some(at)) => self.show.say(&format!("{}: {by}, {at}", one.id)),
                _ => {
                    self.show.say(&format!("open: {}: {}", one.id, one.text));
                    self.show.say(&format!("      {}", one.place));
                }
            }
        }
        self.show.report("approve", &report);
        Ok(report)
    }

    /// `apply`.
    ///
    /// # Errors
    /// As [`migrate_engine::apply`].
    pub async fn apply(&self, run: &Run, options: &ApplyOptions) -> Result<ApplyReport, Failure> {
        self.show.heading(&match (options.pilot, &options.wave) {
            (Some(size), _) => format!("apply: a pilot of {size}"),
            (None, Some(wave)) => format!("apply: the wave {wave}"),
            (None, None) => "apply".to_owned(),
        });
        migrate_engine::require_extracted(run)?;
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::apply(run, &*sink, options, &self.ctx()).await?;
        let resumed = if report.resumed { ", resumed" } else { "" };
        self.show.say(&format!("batch {} «{}»{resumed}", report.batch, report.label));
        for phase in &report.phases {
            self.show.say(&format!(
                "{}: {} planned = {} applied ({} of them were there) + {} quarantined + {} unknown + {} open",
                phase.kind,
                phase.planned,
                phase.applied,
                phase.matched,
                phase.quarantined,
                phase.unknown,
                phase.open
            ));
        }
        for sum in &report.tickets {
            self.show.say(&format!(
                "tickets {}: {} planned = {} applied + {} quarantined + {} unknown + {} open",
                sum.name, sum.planned, sum.applied, sum.quarantined, sum.unknown, sum.open
            ));
        }
        for (rule, count) in &report.losses {
            self.show.say(&format!("{count} {rule} while writing"));
        }
        for lost in report.lost.iter().take(5) {
            self.show.say(&format!("  {}: {}: {}", lost.record, lost.field, lost.why));
        }
        self.show.say(&format!(
            "{} calls made, {} planned, {} at least",
            report.calls, report.calls_planned, report.floor
        ));
        self.stopped(report.stopped.as_deref());
        self.show.report("apply", &report);
        Ok(report)
    }

    /// `status`.
    ///
    /// # Errors
    /// As [`migrate_engine::status`].
    pub fn status(&self, run: &Run) -> Result<Exit, Failure> {
        let report = migrate_engine::status(run)?;
        self.show.heading(&format!("status of {}", report.name));
        let staged: Vec<_> = report.staged.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        self.show.say(&format!("stage: {}", staged.join(", ")));
        for batch in &report.batches {
            let applied: u64 = batch.phases.iter().map(|p| p.applied).sum();
            let planned: u64 = batch.phases.iter().map(|p| p.planned).sum();
            self.show.say(&format!(
                "batch {} «{}» ({}, {}): {applied} of {planned}",
                batch.number, batch.label, batch.kind, batch.state
            ));
        }
        self.show.say(&format!(
            "{} quarantined, {} losses; next: {}",
            report.quarantined, report.losses, report.next
        ));
        self.show.report("status", &report);
        Ok(Exit::Done)
    }

    /// `verify`.
    ///
    /// # Errors
    /// As [`migrate_engine::verify`].
    pub async fn verify(&self, run: &Run, options: &VerifyOptions) -> Result<VerifyReport, Failure> {
        self.show.heading("verify");
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::verify(run, &*sink, options, &self.ctx()).await?;
        let records: Vec<_> = report.records.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
        self.show.say(&format!(
            "{}: {} fields compared, {} equal, {} different, {} of these accepted, {} more while writing",
            records.join(", "),
            report.compared,
            report.equal,
            report.different,
            report.accepted,
            report.fields_while_writing
        ));
        self.show.say(&format!(
            "{} files by name and size, {} of them by type, {} by hash; {} links between records",
            report.files.files, report.files.types, report.files.hashes, report.links
        ));
        for unreadable in &report.unreadable {
            self.show.say(&format!("can't be read: {unreadable}"));
        }
        self.stopped(report.stopped.as_deref());
        self.show.report("verify", &report);
        Ok(report)
    }

    /// `verify --accept`.
    ///
    /// # Errors
    /// As [`migrate_engine::accept`].
    async fn accept(
        &self,
        run: &Run,
        record: &SourceRef,
        reason: Option<&str>,
        by: Option<&str>,
    ) -> Result<Exit, Failure> {
        self.show.heading("verify: accept");
        let (reason, by) = (reason.unwrap_or_default(), by.unwrap_or_default());
        let accepted = migrate_engine::accept(run, record, reason, by, &self.ctx()).await?;
        self.show
            .say(&format!("what differs in {record} is accepted by {}; verify counts it so", accepted.by));
        self.show.report("accept", &accepted);
        Ok(Exit::Done)
    }

    /// `rollback`.
    ///
    /// # Errors
    /// As [`migrate_engine::rollback`].
    pub async fn rollback(&self, run: &Run, options: &RollbackOptions) -> Result<RollbackReport, Failure> {
        self.show.heading("rollback");
        let sink = self.sides.sink(run).await?;
        let report = migrate_engine::rollback(run, &*sink, options, &self.ctx()).await?;
        let list = |counts: &std::collections::BTreeMap<String, u64>| {
            counts.iter().map(|(kind, n)| format!("{n} {kind}")).collect::<Vec<_>>().join(", ")
        };
        self.show.say(&format!(
            "batch {} «{}»: {} to take back, {} calls",
            report.batch,
            report.label,
            list(&report.planned),
            report.calls_planned
        ));
        if report.dry_run {
            self.show.say(&format!("nothing was done; do it with --yes {:?}", report.account));
        } else {
            self.show.say(&format!("taken back: {}", list(&report.undone)));
        }
        self.show.say(&format!("{} stay", report.kept_count));
        for kept in report.kept.iter().take(5) {
            self.show.say(&format!("stays: {}: {}", kept.record, kept.why));
        }
        self.stopped(report.stopped.as_deref());
        self.show.report("rollback", &report);
        Ok(report)
    }

    /// `report`.
    ///
    /// # Errors
    /// As [`migrate_engine::report`].
    pub fn report(&self, run: &Run) -> Result<Exit, Failure> {
        self.show.heading("report");
        if run.stage().counts()?.is_empty() {
            let message = "there is nothing to report: nothing was read yet; run `extract` first";
            return Err(Error::not_sent(ErrorKind::Config, message).into());
        }
        let written = migrate_engine::report(run, &self.ctx())?;
        self.show.pairs([
            ("run directory", run.dir().display().to_string()),
            ("report", written.html.display().to_string()),
            ("as JSON", written.json.display().to_string()),
        ]);
        Ok(Exit::Done)
    }

    fn stopped(&self, why: Option<&str>) {
        if let Some(why) = why {
            self.show.say(&format!("stopped: {why}"));
        }
    }
}

/// Seconds as a person says them.
fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 => format!("{} h", seconds.div_ceil(3_600)),
        _ => format!("{} days", seconds.div_ceil(86_400)),
    }
}
