//! Plans every record of the stage: tickets first, then what they link to.

use crate::drafts::{Drafts, Finished, Made, STAND_IN, TICKET};
use crate::loading::row_of;
use crate::store::{PlanPage, PlanRow, Quarantined, summed_traits, thread};
use crate::{Ctx, Exit, Failure, KindSum, Run, strata};
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping_core::mapping::ObjectRule;
use mapping_core::model::{Record, Ticket};
use mapping_core::{Draft, Error, Loss, LossRule, SourceRef};
use std::collections::{BTreeMap, BTreeSet};

/// Rows, records and groups treated at a time.
const CHUNK: usize = 200;
/// What to do about a record that can't be planned.
const TODO: &str = "mend it at the source and extract it again, change the map, or leave it out by skip.csv";
/// Phases of a rule: what is above others of its kind is written before them.
const LEVELS: u32 = 16;
/// Names of links and children looked at together; more go the same way in the next round.
const NAMES: usize = 100_000;

/// What planning came to, beside the rows in the ledger.
pub(crate) struct Planned {
    /// Keys of the destination's entries that drafts rely on.
    pub(crate) relies_on: BTreeSet<String>,
    /// The sums by kind of the source.
    pub(crate) sums: BTreeMap<String, KindSum>,
    /// The sums of the tickets by channel, queue, status and month.
    pub(crate) tickets: BTreeMap<String, KindSum>,
    /// Tickets that change at the source in a day.
    pub(crate) changed_per_day: f64,
}

/// Puts a row, a skip or a quarantine entry for every record of the stage into the ledger's plan.
pub(crate) async fn plan_all(run: &Run, drafts: &Drafts<'_>, ctx: &Ctx<'_>) -> Result<Planned, Failure> {
    let mut planner = Planner {
        run,
        drafts,
        ctx,
        relies_on: BTreeSet::new(),
        sums: BTreeMap::new(),
        tickets: BTreeMap::new(),
        changed: BTreeMap::new(),
    };
    planner.plan_threads().await?;
    planner.plan_stand_ins().await?;
    planner.plan_records().await?;
    // Those that records link to: the collection of articles without one.
    planner.plan_stand_ins().await?;
    planner.part_from_missing_links().await?;
    let sums = planner.close_sums().await?;
    let changed_per_day = changed_per_day(&planner.changed);
    Ok(Planned { relies_on: planner.relies_on, sums, tickets: planner.tickets, changed_per_day })
}

struct Planner<'a> {
    run: &'a Run,
    drafts: &'a Drafts<'a>,
    ctx: &'a Ctx<'a>,
    relies_on: BTreeSet<String>,
    sums: BTreeMap<String, KindSum>,
    tickets: BTreeMap<String, KindSum>,
    /// Tickets by the day of their last change.
    changed: BTreeMap<Date, u64>,
}

/// The days that the rate of change is taken over, back from the newest change.
const CHANGED_DAYS: i64 = 28;

/// Tickets that change in a day, over the last four weeks of the stage.
fn changed_per_day(by_day: &BTreeMap<Date, u64>) -> f64 {
    let Some((newest, _)) = by_day.last_key_value() else { return 0.0 };
    let first = newest.saturating_sub(Span::new().days(CHANGED_DAYS - 1));
    let recent: u64 = by_day.range(first..).map(|(_, count)| count).sum();
    recent as f64 / CHANGED_DAYS as f64
}

/// What became of a record, for the sums.
#[derive(Clone, Copy)]
enum Fate {
    Planned,
    Skipped,
    NotLinked,
    Quarantined,
}

fn fate_of(made: &Made) -> Fate {
    match made {
        Made::Draft(_) => Fate::Planned,
        Made::Skipped(..) => Fate::Skipped,
        Made::Refused(_) => Fate::Quarantined,
    }
}

fn count(sum: &mut KindSum, fate: Fate, records: u64) {
    *match fate {
        Fate::Planned => &mut sum.planned,
        Fate::Skipped => &mut sum.skipped,
        Fate::NotLinked => &mut sum.not_linked,
        Fate::Quarantined => &mut sum.quarantined,
    } += records;
}

impl Planner<'_> {
    /// The phase of a rule: its place in the map, phase 0 being the batch's own mark.
    fn phase(&self, rule: &ObjectRule) -> u32 {
        let place = self.drafts.mapping().objects().iter().position(|r| r == rule);
        place.map_or(u32::MAX >> 8, |p| (p as u32 + 1) * LEVELS)
    }

    fn rules(&self, tickets: bool) -> Vec<ObjectRule> {
        let rules = self.drafts.mapping().objects().iter();
        rules.filter(|r| (r.from == TICKET) == tickets).cloned().collect()
    }

    fn count(&mut self, kind: &str, fate: Fate, records: u64) {
        count(self.sums.entry(kind.to_owned()).or_default(), fate, records);
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
        let (at, closed) = (ticket.created_at, strata::closed(&ticket));
        let left_out = self.drafts.left_out(&ticket);
        if let Some(at) = ticket.modified_at.or(ticket.created_at).filter(|at| *at <= self.ctx.timer.now()) {
            *self.changed.entry(at.to_zoned(TimeZone::UTC).date()).or_default() += 1;
        }
        let thread = thread(self.run.stage(), ticket)?;
        let made = match left_out {
            Some(rule) => Made::Skipped(rule, Vec::new()),
            None => self.drafts.of_thread(rule, &thread),
        };
        let strata = strata::of(&thread, self.ctx.timer.now());
        for name in summed_traits(&strata, at) {
            let sum = self.tickets.entry(name).or_default();
            sum.staged += 1;
            count(sum, fate_of(&made), 1);
        }
        let fate = self.take(rule, &name, made, page, |row| {
            row.strata = strata;
            (row.at, row.closed) = (at, closed);
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
        for name in self.run.ledger().unplanned_links(NAMES)? {
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
        let all = self.drafts.mapping().moves_alone(rule);
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
        let level = rule.level(self.drafts.seen(), &first) as u32;
        let fate = self.take(rule, &first, made, page, |row| row.phase += level.min(LEVELS - 1));
        self.count(rule.from.as_str(), fate, records.len() as u64);
        Ok(())
    }

    /// A row that links to something that doesn't move would wait for ever: it goes to the quarantine, with every row
    /// that links to it in turn. One that can go without the link loses it.
    async fn part_from_missing_links(&mut self) -> Result<(), Failure> {
        let schema: BTreeSet<SourceRef> =
            self.drafts.mapping().schema_drafts(self.drafts.seen()).into_iter().map(|d| d.source).collect();
        loop {
            let missing = self.run.ledger().unplanned_links(NAMES)?;
            let (mut rows, mut unlinked, mut losses) = (Vec::new(), Vec::new(), Vec::new());
            for name in missing.iter().filter(|name| !schema.contains(name)) {
                for record in self.run.ledger().rows_linking(name, NAMES)? {
                    if self.run.ledger().plan_row(&record)?.is_some_and(|row| row.may_lack.contains(name)) {
                        let why =
                            "it links to a record that isn't there or can't be moved; the link is left out";
                        let loss = Loss::new(record.clone(), name.kind.to_string(), LossRule::Dropped, why);
                        losses.push(loss.values(name.to_string(), ""));
                        unlinked.push((name.clone(), record));
                        continue;
                    }
                    rows.push(in_plan(
                        &record,
                        format!("it links to {name}, which isn't there or can't be moved"),
                    ));
                }
            }
            if rows.is_empty() && unlinked.is_empty() {
                return Ok(());
            }
            self.run.ledger().add_to_plan(PlanPage { losses, ..PlanPage::default() }).await?;
            self.run.ledger().unlink(unlinked).await?;
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
        let row = self.run.ledger().plan_row(record)?;
        for name in row.iter().flat_map(|row| summed_traits(&row.strata, row.at)) {
            if let Some(sum) = self.tickets.get_mut(&name) {
                sum.planned = sum.planned.saturating_sub(1);
                sum.quarantined += 1;
            }
        }
        let aliases = match row {
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
