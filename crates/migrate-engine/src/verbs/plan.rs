//! `plan`: what `apply` will do, exactly; reads only.

use crate::drafts::{BATCH, Drafts, Finished, Inputs, Made, STAND_IN, TICKET};
use crate::loading::row_of;
use crate::store::{BatchKind, BatchState, MemberState, PlanHead, PlanPage, PlanRow, Quarantined, thread};
use crate::strata;
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::mapping::{ContactScope, ObjectRule};
use mapping_core::model::{Record, Ticket};
use mapping_core::{Dialect, Draft, Error, LossRule, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Rows, records and groups treated at a time.
const CHUNK: usize = 200;
/// Examples of a kind in `plan.json`.
const SAMPLES: usize = 5;
/// What to do about a record that can't be planned.
const TODO: &str = "mend it at the source and extract it again, change the map, or leave it out by skip.csv";

/// How to plan.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct PlanOptions {
    /// Plan although schema is missing at the destination; what needs it goes to the quarantine or is a loss.
    pub without_schema: bool,
}
impl PlanOptions {
    /// Plans although schema is missing.
    #[must_use]
    pub fn without_schema() -> Self {
        PlanOptions { without_schema: true }
    }
}

/// What is planned of one kind of the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindPlan {
    /// The row of the map: `I1`.
    pub row: String,
    /// The kind at the source.
    pub from: String,
    /// How true the row is.
    pub fidelity: String,
    /// Objects to be written.
    pub drafts: u64,
    /// Records that they stand for, those with the same natural key included.
    pub records: u64,
    /// Parts of their threads.
    pub parts: u64,
    /// Files on them.
    pub files: u64,
    /// Lasting writes.
    pub steps: u64,
    /// Calls when nothing goes wrong.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
    /// Some of them, by id.
    pub samples: Vec<SourceRef>,
}

/// The sums of one kind of the source: staged = the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindSum {
    /// Records in the stage, and records that could not be read.
    pub staged: u64,
    /// Records that a draft stands for or holds (messages of a ticket).
    pub planned: u64,
    /// Left out by a rule or filter.
    pub skipped: u64,
    /// Not linked to by anything that moves.
    pub not_linked: u64,
    /// In the quarantine.
    pub quarantined: u64,
    /// Not moved by any rule of this map: read for reference or hand-over.
    pub reference: u64,
}
impl KindSum {
    /// Whether the sum agrees.
    pub fn agrees(&self) -> bool {
        self.staged == self.planned + self.skipped + self.not_linked + self.quarantined + self.reference
    }
}

/// A plan, as `plan.json` holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PlanReport {
    /// SHA-256 over every planned record, the mapping and the entries of the destination it relies on.
    pub digest: String,
    /// When it was made.
    pub made_at: jiff::Timestamp,
    /// The destination: what a person types to confirm.
    pub account: String,
    /// The step vocabulary.
    pub dialect: Dialect,
    /// By kind of the destination, in the order of writing.
    pub kinds: BTreeMap<String, KindPlan>,
    /// The order of the kinds.
    pub order: Vec<String>,
    /// Calls when nothing goes wrong, the batch's own mark included.
    pub calls: u64,
    /// Calls at worst.
    pub calls_worst: u64,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
    /// Seconds at the stated quota, when there is one.
    pub seconds: Option<u64>,
    /// Losses by kind.
    pub losses: BTreeMap<String, u64>,
    /// Losses by kind and field.
    pub losses_by_field: Vec<LossCount>,
    /// The sums, by kind of the source.
    pub sums: BTreeMap<String, KindSum>,
    /// Records in the quarantine, with the reason.
    pub quarantined: u64,
    /// What has to be done before `apply`: schema that is missing, lists that are open.
    pub blockers: Vec<String>,
    /// Records that an earlier batch has written already.
    pub applied_before: u64,
    /// How it ended.
    pub exit: Exit,
}

/// How often a field suffers a kind of loss.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossCount {
    /// The kind of loss.
    pub rule: LossRule,
    /// The field, numbers of parts left out.
    pub field: String,
    /// Why.
    pub why: String,
    /// How often.
    pub count: u64,
}

/// Maps and shapes every record of the stage and writes down what `apply` will do.
///
/// # Errors
/// `Usage` for a mapping that can't be read, `Guard` for an incomplete extract or an unfinished batch, and what the
/// destination refuses.
pub async fn plan(
    run: &Run,
    sink: &dyn Sink,
    options: &PlanOptions,
    ctx: &Ctx<'_>,
) -> Result<PlanReport, Failure> {
    super::extract::require_complete(run)?;
    require_no_open_batch(run)?;
    let inputs = Inputs::now(run, sink.dialect(), sink.catalog().await?)?;
    let drafts = Drafts::new(run, sink, inputs).await?;
    let missing = super::provision::missing(&drafts)?;
    if !missing.is_empty() && !options.without_schema {
        return Err(Failure::guard("the destination lacks schema that the map needs; run `provision` first")
            .details(missing));
    }
    run.ledger().begin_plan().await?;
    let mut planner =
        Planner { run, drafts: &drafts, ctx, relies_on: BTreeSet::new(), sums: BTreeMap::new() };
    planner.plan_threads().await?;
    planner.plan_stand_ins().await?;
    planner.plan_records().await?;
    planner.part_from_missing_links().await?;
    let relies_on = std::mem::take(&mut planner.relies_on);
    let sums = planner.close_sums().await?;
    let mut report = add_up(run, &drafts, sums)?;
    report.made_at = ctx.timer.now();
    report.blockers = blockers(&drafts, missing);
    let head = head(&drafts, relies_on, &mut report, run.stage().revision()?)?;
    run.ledger().finish_plan(head).await?;
    run.write_json("plan.json", &report)?;
    ctx.finished("plan", report.kinds.values().map(|k| k.drafts).sum());
    Ok(report)
}

fn require_no_open_batch(run: &Run) -> Result<(), Failure> {
    let open = run.ledger().batches()?.into_iter().find(|b| {
        b.kind != BatchKind::Schema && matches!(b.state, BatchState::Running | BatchState::Undoing)
    });
    match open {
        Some(batch) => Err(Failure::guard(format!(
            "{} was stopped before its end; run apply or rollback again to end it, then plan",
            batch.label
        ))),
        None => Ok(()),
    }
}

fn blockers(drafts: &Drafts<'_>, missing: Vec<String>) -> Vec<String> {
    let findings = super::map::findings(drafts.mapping(), drafts.seen(), &drafts.inputs().catalog);
    let problems = findings.into_iter().filter(|f| f.severity == crate::Severity::Problem);
    let problems = problems.map(|f| format!("{}: {}", f.subject, f.what));
    missing.into_iter().map(|m| format!("schema is missing: {m}")).chain(problems).collect()
}

fn head(
    drafts: &Drafts<'_>,
    relies_on: BTreeSet<String>,
    report: &mut PlanReport,
    stage_revision: u64,
) -> Result<PlanHead, Failure> {
    let now = drafts.inputs().catalog.digests();
    let relies_on: BTreeMap<_, _> =
        relies_on.into_iter().map(|key| (key.clone(), now.get(&key).cloned())).collect();
    let json = |e: serde_json::Error| Error::bug("a plan can't be written as JSON").with_source(e);
    let inputs = serde_json::to_string(drafts.inputs()).map_err(json)?;
    let mut hash = Sha256::new();
    hash.update(&report.digest);
    hash.update(serde_json::to_vec(&relies_on).map_err(json)?);
    hash.update(&drafts.inputs().catalog.account);
    report.digest = hex(hash);
    Ok(PlanHead {
        id: 0,
        at: report.made_at,
        digest: report.digest.clone(),
        inputs,
        relies_on,
        stage_revision,
    })
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

struct Planner<'a> {
    run: &'a Run,
    drafts: &'a Drafts<'a>,
    ctx: &'a Ctx<'a>,
    relies_on: BTreeSet<String>,
    sums: BTreeMap<String, KindSum>,
}

/// What became of a record, for the sums.
#[derive(Clone, Copy)]
enum Fate {
    Planned,
    Skipped,
    NotLinked,
    Quarantined,
}

impl Planner<'_> {
    /// The phase of a rule: its place in the map, phase 0 being the batch's own mark.
    fn phase(&self, rule: &ObjectRule) -> u32 {
        let place = self.drafts.mapping().objects().iter().position(|r| r == rule);
        place.map_or(u32::MAX >> 8, |p| p as u32 + 1)
    }

    fn rules(&self, tickets: bool) -> Vec<ObjectRule> {
        let rules = self.drafts.mapping().objects().iter();
        rules.filter(|r| (r.from == TICKET) == tickets).cloned().collect()
    }

    fn count(&mut self, kind: &str, fate: Fate, records: u64) {
        let sum = self.sums.entry(kind.to_owned()).or_default();
        *match fate {
            Fate::Planned => &mut sum.planned,
            Fate::Skipped => &mut sum.skipped,
            Fate::NotLinked => &mut sum.not_linked,
            Fate::Quarantined => &mut sum.quarantined,
        } += records;
    }

    /// Tickets first: what they link to decides what else moves.
    async fn plan_threads(&mut self) -> Result<(), Failure> {
        for rule in self.rules(true) {
            let total = self.run.stage().counts()?.get(TICKET).copied();
            self.ctx.started("plan ticket", total);
            let (mut after, mut done) = (0, 0);
            loop {
                if self.ctx.cancel.is_cancelled() {
                    return Err(interrupted());
                }
                let staged = self.run.stage().records(TICKET, after, CHUNK)?;
                let Some(last) = staged.last() else { break };
                after = last.seq;
                done += staged.len() as u64;
                let mut page = PlanPage::default();
                for staged in staged {
                    if let Record::Ticket(ticket) = staged.record {
                        self.plan_ticket(&rule, ticket, &mut page)?;
                    }
                }
                self.run.ledger().add_to_plan(page).await?;
                self.ctx.progress("plan ticket", done, total);
            }
        }
        Ok(())
    }

    fn plan_ticket(&mut self, rule: &ObjectRule, ticket: Ticket, page: &mut PlanPage) -> Result<(), Failure> {
        let name = ticket.id.source_ref();
        let at = ticket.created_at;
        let left_out = self.drafts.left_out(&ticket);
        let thread = thread(self.run.stage(), ticket)?;
        let made = match left_out {
            Some(rule) => Made::Skipped(rule, Vec::new()),
            None => self.drafts.of_thread(rule, &thread),
        };
        let strata = || strata::of(&thread, self.ctx.timer.now());
        let fate = self.take(rule, &name, made, page, |row| {
            row.strata = strata();
            row.at = at;
        });
        self.count(TICKET, fate, 1);
        self.count("message", fate, thread.messages.len() as u64);
        self.count("call", fate, thread.calls.len() as u64);
        self.count("chat_line", fate, thread.chat.len() as u64);
        self.count("attachment", fate, thread.attachments.len() as u64);
        Ok(())
    }

    /// Takes what was made of a record into the plan.
    fn take(
        &mut self,
        rule: &ObjectRule,
        name: &SourceRef,
        made: Made,
        page: &mut PlanPage,
        finish: impl FnOnce(&mut PlanRow),
    ) -> Fate {
        match made {
            Made::Draft(finished) => {
                let Finished { shaped, losses, .. } = &*finished;
                let mut row = row_of(self.drafts.sink(), &rule.row, self.phase(rule), &finished);
                finish(&mut row);
                self.relies_on.extend(shaped.relies_on.iter().cloned());
                page.losses.extend(losses.iter().cloned());
                page.rows.push(row);
                Fate::Planned
            }
            Made::Skipped(why, losses) => {
                page.losses.extend(losses);
                page.skipped.push((name.clone(), why));
                Fate::Skipped
            }
            Made::Refused(error) => {
                let why = error.to_string();
                self.ctx.quarantined(name, &why);
                page.quarantined.push(in_plan(name, why));
                Fate::Quarantined
            }
        }
    }

    /// Drafts for what is linked to and isn't a record: the contact of tickets without one.
    async fn plan_stand_ins(&mut self) -> Result<(), Failure> {
        let mut page = PlanPage::default();
        for name in self.run.ledger().unplanned_links(100_000)? {
            if let Some(draft) = self.drafts.mapper().stand_in(&name) {
                self.stand_in(&draft, &mut page);
            }
        }
        Ok(self.run.ledger().add_to_plan(page).await?)
    }

    fn stand_in(&mut self, draft: &Draft, page: &mut PlanPage) {
        let rules = self.drafts.mapping().objects().iter();
        let phase = rules.into_iter().find(|r| r.to == draft.kind).map_or(1, |r| self.phase(r));
        match self.drafts.shape(draft, Vec::new()) {
            Made::Draft(finished) => {
                self.relies_on.extend(finished.shaped.relies_on.iter().cloned());
                page.losses.extend(finished.losses.iter().cloned());
                page.rows.push(row_of(self.drafts.sink(), STAND_IN, phase, &finished));
            }
            Made::Refused(e) => page.quarantined.push(in_plan(&draft.source, e.to_string())),
            Made::Skipped(..) => {}
        }
    }

    /// Everything that isn't a ticket: grouped by natural key, and only what is linked to, unless all was asked for.
    async fn plan_records(&mut self) -> Result<(), Failure> {
        // Later rules link to earlier ones: contacts to companies.
        for rule in self.rules(false).into_iter().rev() {
            self.put_under_keys(&rule).await?;
            self.plan_groups(&rule).await?;
        }
        Ok(())
    }

    fn key_name(rule: &ObjectRule) -> String {
        format!("{}/{}/{}", rule.row, rule.from, rule.to)
    }

    async fn put_under_keys(&self, rule: &ObjectRule) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let staged = self.run.stage().records(rule.from.as_str(), after, CHUNK)?;
            let Some(last) = staged.last() else { return Ok(()) };
            after = last.seq;
            let mapper = self.drafts.mapper();
            let key = |record: &Record| match mapper.natural_key(rule, record) {
                // A letter before each, so that no key can be taken for an id.
                Some(key) => format!("k{}", key.as_str()),
                None => format!("i{}", record.key()),
            };
            let keys = staged.iter().map(|s| (key(&s.record), s.record.key())).collect();
            self.run.ledger().add_keys(&Self::key_name(rule), keys).await?;
        }
    }

    async fn plan_groups(&mut self, rule: &ObjectRule) -> Result<(), Failure> {
        let phase = format!("plan {}", rule.from);
        let total = self.run.stage().counts()?.get(rule.from.as_str()).copied();
        self.ctx.started(&phase, total);
        let all = self.drafts.mapping().options().contacts == ContactScope::All;
        let (mut after, mut done): (Option<String>, u64) = (None, 0);
        loop {
            if self.ctx.cancel.is_cancelled() {
                return Err(interrupted());
            }
            let groups = self.run.ledger().groups(&Self::key_name(rule), after.as_deref(), CHUNK)?;
            let Some((last, _)) = groups.last() else { break };
            after = Some(last.clone());
            let mut page = PlanPage::default();
            for (_, names) in &groups {
                done += names.len() as u64;
                if !all && !self.run.ledger().is_linked(names)? {
                    self.count(rule.from.as_str(), Fate::NotLinked, names.len() as u64);
                    continue;
                }
                self.plan_group(rule, names, &mut page)?;
            }
            self.run.ledger().add_to_plan(page).await?;
            self.ctx.progress(&phase, done, total);
        }
        Ok(())
    }

    fn plan_group(
        &mut self,
        rule: &ObjectRule,
        names: &[SourceRef],
        page: &mut PlanPage,
    ) -> Result<(), Failure> {
        let mut records = Vec::with_capacity(names.len());
        for name in names {
            if let Some(why) = self.drafts.inputs().skip.get(&name.to_string()) {
                page.skipped.push((name.clone(), format!("skip.csv: {why}")));
                self.count(rule.from.as_str(), Fate::Skipped, 1);
            } else if let Some(record) = self.run.stage().record(name)? {
                records.push(record);
            }
        }
        let Some(first) = records.first().map(Record::key) else { return Ok(()) };
        let made = self.drafts.of_records(rule, &records);
        if let Made::Refused(error) = &made {
            // Everyone who shares the key is put aside with the first.
            page.quarantined.extend(records.iter().skip(1).map(|r| in_plan(&r.key(), error.to_string())));
        }
        let fate = self.take(rule, &first, made, page, |_| {});
        self.count(rule.from.as_str(), fate, records.len() as u64);
        Ok(())
    }

    /// A row that links to something that doesn't move would wait for ever: it goes to the quarantine, with every row
    /// that links to it in turn.
    async fn part_from_missing_links(&mut self) -> Result<(), Failure> {
        let schema: BTreeSet<SourceRef> =
            self.drafts.mapping().schema_drafts(self.drafts.seen()).into_iter().map(|d| d.source).collect();
        loop {
            let missing = self.run.ledger().unplanned_links(100_000)?;
            let mut rows = Vec::new();
            for name in missing.iter().filter(|name| !schema.contains(name)) {
                for record in self.run.ledger().rows_linking(name, 100_000)? {
                    rows.push(in_plan(
                        &record,
                        format!("it links to {name}, which isn't there or can't be moved"),
                    ));
                }
            }
            if rows.is_empty() {
                return Ok(());
            }
            rows.sort_by(|a, b| a.record.cmp(&b.record));
            rows.dedup_by(|a, b| a.record == b.record);
            let mut aliases = Vec::new();
            for row in &rows {
                self.ctx.quarantined(&row.record, &row.why);
                self.move_to_quarantine(&row.record)?;
                let planned = self.run.ledger().plan_row(&row.record)?.filter(|_| row.record.kind != TICKET);
                aliases.extend(
                    planned.into_iter().flat_map(|p| p.aliases).map(|a| in_plan(&a, row.why.clone())),
                );
            }
            rows.extend(aliases);
            self.run.ledger().unplan(rows).await?;
        }
    }

    /// What was counted as planned of a record and its children is counted as quarantined.
    fn move_to_quarantine(&mut self, record: &SourceRef) -> Result<(), Failure> {
        let aliases = match self.run.ledger().plan_row(record)? {
            // Tickets merged into this one were counted by themselves.
            Some(row) if record.kind != TICKET => row.aliases.len() as u64,
            _ => 0,
        };
        let mut moved = vec![(record.kind.to_string(), 1 + aliases)];
        if record.kind == TICKET {
            for kind in ["message", "call", "chat_line", "attachment"] {
                moved.push((kind.to_owned(), self.run.stage().child_count(record, kind)?));
            }
        }
        for (kind, count) in moved {
            if let Some(sum) = self.sums.get_mut(&kind) {
                sum.planned = sum.planned.saturating_sub(count);
                sum.quarantined += count;
            }
        }
        Ok(())
    }

    /// What is staged, and what nobody treated: records that no rule moves, and children of nothing.
    async fn close_sums(&mut self) -> Result<BTreeMap<String, KindSum>, Failure> {
        let (stage, mut sums) = (self.run.stage(), std::mem::take(&mut self.sums));
        let mut moved: BTreeSet<&str> = ["message", "call", "chat_line", "attachment"].into();
        moved.extend(self.drafts.mapping().objects().iter().map(|r| r.from.as_str()));
        let mut rows = Vec::new();
        for orphan in stage.orphans(1_000_000)? {
            sums.entry(orphan.kind.to_string()).or_default().quarantined += 1;
            rows.push(in_plan(&orphan, "it belongs to a ticket that wasn't read".to_owned()));
        }
        self.run.ledger().quarantine(rows).await?;
        for (kind, count) in stage.counts()? {
            let sum = sums.entry(kind.clone()).or_default();
            sum.staged += count;
            let treated = sum.planned + sum.skipped + sum.not_linked + sum.quarantined;
            // A file of the knowledge base belongs to no ticket: it is read for the hand-over.
            let reference = !moved.contains(kind.as_str()) || kind == "attachment";
            if reference {
                sum.reference = count.saturating_sub(treated);
            }
        }
        for (kind, count) in stage.bad_counts()? {
            let sum = sums.entry(kind).or_default();
            sum.staged += count;
            sum.quarantined += count;
        }
        sums.retain(|_, sum| *sum != KindSum::default());
        Ok(sums)
    }
}

fn in_plan(record: &SourceRef, why: String) -> Quarantined {
    Quarantined { record: record.clone(), phase: "plan".to_owned(), why, todo: TODO.to_owned() }
}

fn interrupted() -> Failure {
    let message = "interrupted while planning; nothing was written at the destination. Run `plan` again";
    Failure::new(Exit::Interrupted, Error::not_sent(mapping_core::ErrorKind::Interrupted, message))
}

/// Adds up the rows of the plan, in the order of writing.
fn add_up(run: &Run, drafts: &Drafts<'_>, sums: BTreeMap<String, KindSum>) -> Result<PlanReport, Failure> {
    let ledger = run.ledger();
    let catalog = &drafts.inputs().catalog;
    let mut report = empty(drafts);
    let mut hash = Sha256::new();
    let mut after = 0;
    loop {
        let rows = ledger.plan_rows(after, 500)?;
        let Some((last, _)) = rows.last() else { break };
        after = *last;
        for (_, row) in &rows {
            hash.update(format!("{}\n{}\n", row.record, row.digest));
            if written(ledger.membership(&row.record)?.map(|(_, state)| state)) {
                report.applied_before += 1;
            } else {
                add_row(&mut report, row);
            }
        }
    }
    report.digest = hex(hash);
    if let Some(mark) = drafts.sink().batch_mark(&format!("{}-batch-0", run.config().name))
        && let Made::Draft(finished) = drafts.shape(&mark, Vec::new())
    {
        let row = row_of(drafts.sink(), BATCH, 0, &finished);
        report.calls += u64::from(row.calls);
        report.calls_worst += u64::from(row.calls_worst);
        report.floor += row.floor;
    }
    report.seconds = catalog
        .quota
        .filter(|q| q.limit > 0)
        .map(|q| report.calls.saturating_mul(q.window_seconds.into()).div_ceil(q.limit.into()));
    for (rule, field, why, count) in ledger.loss_counts()? {
        *report.losses.entry(word(rule)).or_default() += count;
        report.losses_by_field.push(LossCount { rule, field, why, count });
    }
    report.quarantined = ledger
        .quarantine_counts()?
        .into_iter()
        .filter(|((p, _), _)| p == "plan" || p == "extract")
        .map(|(_, n)| n)
        .sum();
    report.exit = match sums.values().all(KindSum::agrees) {
        false => Exit::Sums,
        true if report.quarantined > 0 => Exit::Incomplete,
        true => Exit::Done,
    };
    report.sums = sums;
    Ok(report)
}

/// Whether a record in this state is at the destination for good, as far as this run knows.
pub(crate) fn written(state: Option<MemberState>) -> bool {
    matches!(state, Some(MemberState::Applied | MemberState::Matched | MemberState::Kept))
}

/// The name of a loss rule in reports.
pub(crate) fn word(rule: LossRule) -> String {
    format!("{rule:?}").to_lowercase()
}

fn empty(drafts: &Drafts<'_>) -> PlanReport {
    let mut report = PlanReport {
        digest: String::new(),
        made_at: jiff::Timestamp::UNIX_EPOCH,
        account: drafts.inputs().catalog.account.clone(),
        dialect: drafts.inputs().dialect.clone(),
        kinds: BTreeMap::new(),
        order: Vec::new(),
        calls: 0,
        calls_worst: 0,
        floor: 0,
        seconds: None,
        losses: BTreeMap::new(),
        losses_by_field: Vec::new(),
        sums: BTreeMap::new(),
        quarantined: 0,
        blockers: Vec::new(),
        applied_before: 0,
        exit: Exit::Done,
    };
    for rule in drafts.mapping().objects() {
        report.order.push(rule.to.to_string());
        let plan = KindPlan {
            row: rule.row.clone(),
            from: rule.from.to_string(),
            fidelity: rule.fidelity.as_str().to_owned(),
            ..KindPlan::default()
        };
        report.kinds.insert(rule.to.to_string(), plan);
    }
    report
}

fn add_row(report: &mut PlanReport, row: &PlanRow) {
    let kind = report.kinds.entry(row.kind.to_string()).or_default();
    kind.drafts += 1;
    if row.rule != STAND_IN {
        kind.records += 1 + row.aliases.len() as u64;
    }
    kind.parts += u64::from(row.parts);
    kind.files += u64::from(row.files);
    kind.steps += u64::from(row.steps);
    kind.calls += u64::from(row.calls);
    kind.calls_worst += u64::from(row.calls_worst);
    kind.floor += row.floor;
    if kind.samples.len() < SAMPLES {
        kind.samples.push(row.record.clone());
    }
    report.calls += u64::from(row.calls);
    report.calls_worst += u64::from(row.calls_worst);
    report.floor += row.floor;
}
