//! The stage and the ledger in memory: for tests and for runs that need not survive their process.

use super::stage::parent_of;
use super::{
    Approval, BadRecord, Batch, BatchState, Ledger, Member, MemberState, Page, PageCount, PlanHead, PlanPage,
    PlanRow, Proposed, Quarantined, Stage, Staged, Tally, TraitTally, Verified,
};
use async_trait::async_trait;
use jiff::Timestamp;
use mapping_core::model::Record;
use mapping_core::{
    Error, ErrorKind, Journal, Loss, LossRule, Made, Mark, Progress, RemoteRef, Result, SourceRef, State,
    Step,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The stage and the ledger in memory. Clones are the same one; the process's end loses it, and with it the right to
/// resume.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<Held>>);

#[derive(Default)]
struct Held {
    records: BTreeMap<u64, Record>,
    places: BTreeMap<SourceRef, u64>,
    children: BTreeMap<SourceRef, BTreeSet<u64>>,
    repeated: BTreeMap<String, u64>,
    unfinished: Vec<Record>,
    pages: BTreeMap<String, PageCount>,
    bad: BTreeMap<SourceRef, BadRecord>,
    unmapped: BTreeMap<String, u64>,
    notes: Vec<String>,
    revision: u64,

    plans: BTreeMap<u32, PlanHead>,
    current: Option<u32>,
    rows: BTreeMap<(u32, u64), PlanRow>,
    stands: BTreeMap<SourceRef, (u32, u64)>,
    links: BTreeSet<(SourceRef, SourceRef)>,
    keys: BTreeSet<(String, String, usize, SourceRef)>,
    skipped: BTreeMap<SourceRef, String>,
    /// Whether it came with the plan, and the loss.
    losses: BTreeMap<u64, (bool, Loss)>,
    quarantine: BTreeMap<(String, SourceRef), Quarantined>,
    batches: BTreeMap<u32, Batch>,
    members: BTreeMap<(u32, u64), Member>,
    steps: BTreeMap<SourceRef, Progress>,
    owners: BTreeMap<RemoteRef, SourceRef>,
    /// What stands for a record, and the record that brought it.
    targets: BTreeMap<SourceRef, (RemoteRef, SourceRef)>,
    locks: BTreeMap<String, SourceRef>,
    verified: BTreeMap<SourceRef, Verified>,
    approvals: Vec<Approval>,
    diary: Vec<(Timestamp, String)>,
    proposed: BTreeMap<(String, String), String>,
    values: BTreeMap<String, String>,
    next: u64,
}

impl Memory {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }
    fn held(&self) -> MutexGuard<'_, Held> {
        // A panic while the lock was held leaves plain data behind; it is still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
    fn take(&mut self, record: Record) {
        let (key, parent) = (record.key(), parent_of(&record));
        let place = match self.places.get(&key) {
            Some(place) => {
                let place = *place;
                *self.repeated.entry(key.kind.to_string()).or_default() += 1;
                place
            }
            None => self.number(),
        };
        self.places.insert(key, place);
        if let Some(parent) = parent {
            self.children.entry(parent).or_default().insert(place);
        }
        self.records.insert(place, record);
    }
    fn of_parent(&self, parent: &SourceRef) -> impl Iterator<Item = &Record> {
        self.children.get(parent).into_iter().flatten().filter_map(|place| self.records.get(place))
    }
    fn member(&mut self, batch: u32, record: &SourceRef) -> Option<&mut Member> {
        self.members
            .range_mut((batch, 0)..=(batch, u64::MAX))
            .map(|(_, m)| m)
            .find(|m| m.row.record == *record)
    }
    fn stand_for(&mut self, record: &SourceRef, aliases: &[SourceRef], remote: &RemoteRef) {
        for name in std::iter::once(record).chain(aliases) {
            self.targets.entry(name.clone()).or_insert_with(|| (remote.clone(), record.clone()));
        }
    }
    fn take_receipt(&mut self, record: &SourceRef, aliases: &[SourceRef], made: &Made) -> Result<()> {
        match made {
            Made::Created(remote) => {
                let owner = self.owners.entry(remote.clone()).or_insert_with(|| record.clone());
                if owner != record {
                    return Err(Error::not_sent(ErrorKind::Ledger, "two records claim one object")
                        .with("object", remote)
                        .with("first", &*owner)
                        .with("second", record));
                }
                self.stand_for(record, aliases, remote);
            }
            Made::Matched(remote) => self.stand_for(record, aliases, remote),
            Made::Removed(remote) => {
                self.owners.remove(remote);
                self.targets.retain(|_, (target, by)| target != remote || by != record);
            }
            Made::Changed(_) | Made::Nothing => {}
        }
        Ok(())
    }
}

#[async_trait]
impl Stage for Memory {
    async fn put(&self, records: Vec<Record>) -> Result<()> {
        self.held().unfinished.extend(records);
        Ok(())
    }
    async fn end_page(&self, page: Page) -> Result<()> {
        let mut held = self.held();
        for record in std::mem::take(&mut held.unfinished) {
            held.take(record);
        }
        held.bad.extend(page.bad.into_iter().map(|b| (b.record.clone(), b)));
        for (path, count) in page.unmapped {
            let full = held.unmapped.len() >= super::MOST_PATHS && !held.unmapped.contains_key(&path);
            let path = if full { super::OTHER_PATHS.to_owned() } else { path };
            *held.unmapped.entry(path).or_default() += count;
        }
        for note in page.notes {
            let full = held.notes.len() >= super::MOST_NOTES;
            let note = if full { super::OTHER_NOTES.to_owned() } else { note };
            if !held.notes.contains(&note) {
                held.notes.push(note);
            }
        }
        let count = held.pages.entry(page.kind).or_default();
        count.complete = page.cursor.is_none();
        count.cursor = page.cursor;
        count.total = page.total.or(count.total);
        count.pages += 1;
        held.revision += 1;
        Ok(())
    }
    async fn drop_unfinished(&self) -> Result<()> {
        self.held().unfinished.clear();
        Ok(())
    }
    async fn replace(&self, record: Record) -> Result<()> {
        let mut held = self.held();
        if let Some(place) = held.places.get(&record.key()).copied() {
            held.records.insert(place, record);
            held.revision += 1;
        }
        Ok(())
    }
    fn pages(&self) -> Result<BTreeMap<String, PageCount>> {
        Ok(self.held().pages.clone())
    }
    fn counts(&self) -> Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        self.held().places.keys().for_each(|k| *counts.entry(k.kind.to_string()).or_default() += 1);
        Ok(counts)
    }
    fn repeated(&self) -> Result<BTreeMap<String, u64>> {
        Ok(self.held().repeated.clone())
    }
    fn record(&self, name: &SourceRef) -> Result<Option<Record>> {
        let held = self.held();
        Ok(held.places.get(name).and_then(|place| held.records.get(place)).cloned())
    }
    fn records(&self, kind: &str, after: u64, limit: usize) -> Result<Vec<Staged>> {
        let held = self.held();
        let behind = held.records.range(after.saturating_add(1)..).filter(|(_, r)| r.key().kind == *kind);
        Ok(behind.take(limit).map(|(seq, record)| Staged { seq: *seq, record: record.clone() }).collect())
    }
    fn children(&self, parent: &SourceRef) -> Result<Vec<Record>> {
        Ok(self.held().of_parent(parent).cloned().collect())
    }
    fn child_count(&self, parent: &SourceRef, kind: &str) -> Result<u64> {
        Ok(self.held().of_parent(parent).filter(|r| r.key().kind == *kind).count() as u64)
    }
    fn orphans(&self, limit: usize) -> Result<Vec<SourceRef>> {
        let held = self.held();
        let lonely = held.children.iter().filter(|(parent, _)| !held.places.contains_key(parent));
        let records = lonely.flat_map(|(_, places)| places).filter_map(|place| held.records.get(place));
        Ok(records.map(Record::key).filter(|k| k.kind != "ticket").take(limit).collect())
    }
    fn bad(&self, limit: usize) -> Result<Vec<BadRecord>> {
        Ok(self.held().bad.values().take(limit).cloned().collect())
    }
    fn bad_counts(&self) -> Result<BTreeMap<String, u64>> {
        let mut counts = BTreeMap::new();
        self.held().bad.keys().for_each(|k| *counts.entry(k.kind.to_string()).or_default() += 1);
        Ok(counts)
    }
    fn unmapped(&self) -> Result<BTreeMap<String, u64>> {
        Ok(self.held().unmapped.clone())
    }
    fn notes(&self) -> Result<Vec<String>> {
        Ok(self.held().notes.clone())
    }
    fn revision(&self) -> Result<u64> {
        Ok(self.held().revision)
    }
}

/// A row's place as one number, as [`Ledger::plan_rows`] counts.
fn place(phase: u32, number: u64) -> u64 {
    (u64::from(phase) << 40) | number
}

#[async_trait]
impl Ledger for Memory {
    async fn begin_plan(&self) -> Result<()> {
        let mut held = self.held();
        held.rows.clear();
        held.stands.clear();
        held.links.clear();
        held.keys.clear();
        held.skipped.clear();
        held.losses.retain(|_, (of_plan, _)| !*of_plan);
        held.quarantine.retain(|(phase, _), _| phase != "plan");
        held.current = None;
        Ok(())
    }
    async fn add_to_plan(&self, page: PlanPage) -> Result<()> {
        let mut held = self.held();
        for row in page.rows {
            let at = (row.phase, held.number());
            for name in std::iter::once(&row.record).chain(&row.aliases) {
                held.stands.insert(name.clone(), at);
            }
            held.links.extend(row.needs.iter().map(|need| (need.clone(), row.record.clone())));
            held.rows.insert(at, row);
        }
        for loss in page.losses {
            let number = held.number();
            held.losses.insert(number, (true, loss));
        }
        held.quarantine
            .extend(page.quarantined.into_iter().map(|q| ((q.phase.clone(), q.record.clone()), q)));
        held.skipped.extend(page.skipped);
        Ok(())
    }
    async fn add_keys(&self, rule: &str, keys: Vec<(String, SourceRef)>) -> Result<()> {
        let rows = keys.into_iter().map(|(key, record)| (rule.to_owned(), key, record.id.len(), record));
        self.held().keys.extend(rows);
        Ok(())
    }
    fn groups(&self, rule: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<SourceRef>)>> {
        let held = self.held();
        let mut groups: Vec<(String, Vec<SourceRef>)> = Vec::new();
        for (_, key, _, record) in held.keys.iter().filter(|(r, ..)| r == rule) {
            if after.is_some_and(|after| key.as_str() <= after) {
                continue;
            }
            let full = groups.len() == limit;
            match groups.last_mut() {
                Some((last, records)) if last == key => records.push(record.clone()),
                _ if full => break,
                _ => groups.push((key.clone(), vec![record.clone()])),
            }
        }
        Ok(groups)
    }
    fn is_linked(&self, records: &[SourceRef]) -> Result<bool> {
        let held = self.held();
        Ok(records.iter().any(|r| held.links.iter().any(|(to, _)| to == r)))
    }
    fn unplanned_links(&self, limit: usize) -> Result<Vec<SourceRef>> {
        let held = self.held();
        let open = |to: &&SourceRef| !held.stands.contains_key(*to) && !held.targets.contains_key(*to);
        let names: BTreeSet<&SourceRef> = held.links.iter().map(|(to, _)| to).filter(open).collect();
        Ok(names.into_iter().take(limit).cloned().collect())
    }
    fn rows_linking(&self, to: &SourceRef, limit: usize) -> Result<Vec<SourceRef>> {
        let held = self.held();
        let rows = held.links.iter().filter(|(name, _)| name == to).map(|(_, by)| by.clone());
        Ok(rows.take(limit).collect())
    }
    async fn unplan(&self, records: Vec<Quarantined>) -> Result<()> {
        let mut held = self.held();
        for q in records {
            held.rows.retain(|_, row| row.record != q.record);
            held.links.retain(|(_, by)| *by != q.record);
            held.quarantine.insert((q.phase.clone(), q.record.clone()), q);
        }
        let places: BTreeSet<(u32, u64)> = held.rows.keys().copied().collect();
        held.stands.retain(|_, at| places.contains(at));
        Ok(())
    }
    async fn unlink(&self, links: Vec<(SourceRef, SourceRef)>) -> Result<()> {
        let mut held = self.held();
        links.iter().for_each(|link| {
            held.links.remove(link);
        });
        Ok(())
    }
    async fn finish_plan(&self, head: PlanHead) -> Result<u32> {
        let mut held = self.held();
        let id = held.plans.keys().last().map_or(1, |last| last + 1);
        held.plans.insert(id, PlanHead { id, ..head });
        held.current = Some(id);
        held.keys.clear();
        Ok(id)
    }
    fn plan(&self) -> Result<Option<PlanHead>> {
        let held = self.held();
        Ok(held.current.and_then(|id| held.plans.get(&id)).cloned())
    }
    fn plan_by_id(&self, id: u32) -> Result<Option<PlanHead>> {
        Ok(self.held().plans.get(&id).cloned())
    }
    fn plan_rows(&self, after: u64, limit: usize) -> Result<Vec<(u64, PlanRow)>> {
        let held = self.held();
        let rows = held.rows.iter().map(|((phase, number), row)| (place(*phase, *number), row));
        Ok(rows.filter(|(at, _)| *at > after).take(limit).map(|(at, row)| (at, row.clone())).collect())
    }
    fn plan_row(&self, record: &SourceRef) -> Result<Option<PlanRow>> {
        let held = self.held();
        Ok(held.stands.get(record).and_then(|at| held.rows.get(at)).cloned())
    }
    fn skipped(&self) -> Result<BTreeMap<(String, String), u64>> {
        let mut counts = BTreeMap::new();
        for (record, rule) in &self.held().skipped {
            *counts.entry((record.kind.to_string(), rule.clone())).or_default() += 1;
        }
        Ok(counts)
    }
    async fn add_losses(&self, losses: Vec<Loss>) -> Result<()> {
        let mut held = self.held();
        let records: BTreeSet<SourceRef> = losses.iter().map(|l| l.record.clone()).collect();
        held.losses.retain(|_, (of_plan, loss)| *of_plan || !records.contains(&loss.record));
        for loss in losses {
            let number = held.number();
            held.losses.insert(number, (false, loss));
        }
        Ok(())
    }
    fn losses(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>> {
        let held = self.held();
        let behind = held.losses.range(after.saturating_add(1)..);
        Ok(behind.take(limit).map(|(seq, (_, loss))| (*seq, loss.clone())).collect())
    }
    fn losses_of_writes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>> {
        let held = self.held();
        let behind = held.losses.range(after.saturating_add(1)..).filter(|(_, (of_plan, _))| !of_plan);
        Ok(behind.take(limit).map(|(seq, (_, loss))| (*seq, loss.clone())).collect())
    }
    fn loss_counts(&self) -> Result<Vec<(LossRule, String, String, u64)>> {
        let mut counts: BTreeMap<(LossRule, String, String), u64> = BTreeMap::new();
        for (_, loss) in self.held().losses.values() {
            let why = super::loss_reason(&loss.why).to_owned();
            *counts.entry((loss.rule, super::loss_place(&loss.field), why)).or_default() += 1;
        }
        let mut counts: Vec<_> =
            counts.into_iter().map(|((rule, field, why), n)| (rule, field, why, n)).collect();
        counts.sort_by_key(|(_, _, _, n)| std::cmp::Reverse(*n));
        Ok(counts)
    }
    async fn quarantine(&self, records: Vec<Quarantined>) -> Result<()> {
        let rows = records.into_iter().map(|q| ((q.phase.clone(), q.record.clone()), q));
        self.held().quarantine.extend(rows);
        Ok(())
    }
    async fn release(&self, record: &SourceRef, phase: &str) -> Result<()> {
        self.held().quarantine.remove(&(phase.to_owned(), record.clone()));
        Ok(())
    }
    fn quarantined(&self, limit: usize) -> Result<Vec<Quarantined>> {
        Ok(self.held().quarantine.values().take(limit).cloned().collect())
    }
    fn quarantine_counts(&self) -> Result<BTreeMap<(String, String), u64>> {
        let mut counts = BTreeMap::new();
        for (phase, record) in self.held().quarantine.keys() {
            *counts.entry((phase.clone(), record.kind.to_string())).or_default() += 1;
        }
        Ok(counts)
    }
    async fn begin_batch(&self, batch: Batch) -> Result<Batch> {
        let mut held = self.held();
        let number = held.batches.keys().last().map_or(1, |last| last + 1);
        let batch = Batch { number, label: format!("{}-{number}", batch.label), ..batch };
        held.batches.insert(number, batch.clone());
        Ok(batch)
    }
    async fn add_members(&self, batch: u32, rows: Vec<PlanRow>) -> Result<()> {
        let mut held = self.held();
        for row in rows {
            if held.member(batch, &row.record).is_none() {
                let seq = held.number();
                let member = Member { seq, row, pass: 0, state: MemberState::Open, why: String::new() };
                held.members.insert((batch, seq), member);
            }
        }
        Ok(())
    }
    async fn set_batch(&self, number: u32, state: BatchState) -> Result<()> {
        if let Some(batch) = self.held().batches.get_mut(&number) {
            batch.state = state;
        }
        Ok(())
    }
    async fn drop_batch(&self, number: u32) -> Result<()> {
        let mut held = self.held();
        held.batches.remove(&number);
        held.members.retain(|(batch, _), _| *batch != number);
        Ok(())
    }
    fn batches(&self) -> Result<Vec<Batch>> {
        Ok(self.held().batches.values().cloned().collect())
    }
    fn members(
        &self,
        batch: u32,
        phase: Option<u32>,
        states: &[MemberState],
        from: u64,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Member>> {
        let held = self.held();
        let wanted = |m: &&Member| phase.is_none_or(|p| m.row.phase == p) && states.contains(&m.state);
        let all = held.members.range((batch, 0)..=(batch, u64::MAX)).map(|(_, m)| m).filter(wanted);
        Ok(match backwards {
            true => all.rev().filter(|m| m.seq < from).take(limit).cloned().collect(),
            false => all.filter(|m| m.seq > from).take(limit).cloned().collect(),
        })
    }
    fn open_in_pass(&self, batch: u32, phase: u32, pass: u8, from: u64, limit: usize) -> Result<Vec<Member>> {
        let held = self.held();
        let all = held.members.range((batch, 0)..=(batch, u64::MAX)).map(|(_, m)| m);
        let open = |m: &&Member| m.state == MemberState::Open && m.pass == pass && m.row.phase == phase;
        Ok(all.filter(open).filter(|m| m.seq > from).take(limit).cloned().collect())
    }
    async fn set_pass(&self, batch: u32, record: &SourceRef, pass: u8) -> Result<()> {
        if let Some(member) = self.held().member(batch, record) {
            member.pass = pass;
        }
        Ok(())
    }
    async fn set_member(&self, batch: u32, record: &SourceRef, state: MemberState, why: &str) -> Result<()> {
        if let Some(member) = self.held().member(batch, record) {
            member.state = state;
            member.why = why.to_owned();
        }
        Ok(())
    }
    fn tally(&self, batch: u32) -> Result<Vec<Tally>> {
        let held = self.held();
        type Place = (u32, String, u8, MemberState);
        let mut tally: BTreeMap<Place, (u64, u64, u64)> = BTreeMap::new();
        for member in held.members.range((batch, 0)..=(batch, u64::MAX)).map(|(_, m)| m) {
            let key = (member.row.phase, member.row.kind.to_string(), member.pass, member.state);
            let sums = tally.entry(key).or_default();
            sums.0 += 1;
            sums.1 += u64::from(member.row.calls);
            sums.2 += member.row.floor;
        }
        let one = |((phase, kind, pass, state), (count, calls, floor))| Tally {
            phase,
            kind,
            pass,
            state,
            count,
            calls,
            floor,
        };
        Ok(tally.into_iter().map(one).collect())
    }
    fn tally_by_trait(&self, batch: u32, phase: u32) -> Result<Vec<TraitTally>> {
        let held = self.held();
        let mut counts: BTreeMap<(String, u8, MemberState), u64> = BTreeMap::new();
        let all = held.members.range((batch, 0)..=(batch, u64::MAX)).map(|(_, m)| m);
        for member in all.filter(|m| m.row.phase == phase) {
            for name in super::summed_traits(&member.row.strata, member.row.at) {
                *counts.entry((name, member.pass, member.state)).or_default() += 1;
            }
        }
        let one = |((name, pass, state), count)| TraitTally { name, pass, state, count };
        Ok(counts.into_iter().map(one).collect())
    }
    fn membership(&self, record: &SourceRef) -> Result<Option<(u32, MemberState)>> {
        let held = self.held();
        let newest = held.members.iter().rfind(|(_, m)| m.row.record == *record);
        Ok(newest.map(|((batch, _), m)| (*batch, m.state)))
    }
    fn journal(
        &self,
        record: &SourceRef,
        aliases: &[SourceRef],
        steps: Vec<Step>,
    ) -> Result<(Box<dyn Journal>, Progress)> {
        let found = self.held().steps.get(record).cloned();
        let (unsaved, progress) = match found {
            Some(progress) => (Vec::new(), progress),
            None => (steps.clone(), Progress::of(steps)),
        };
        let journal =
            MemoryRecord { ledger: self.clone(), record: record.clone(), aliases: aliases.to_vec(), unsaved };
        Ok((Box::new(journal), progress))
    }
    async fn append(&self, record: &SourceRef, steps: Vec<Step>) -> Result<()> {
        self.held().steps.entry(record.clone()).or_default().append(steps);
        Ok(())
    }
    fn progress(&self, record: &SourceRef) -> Result<Option<Progress>> {
        Ok(self.held().steps.get(record).cloned())
    }
    async fn matched(&self, record: &SourceRef, remote: &RemoteRef) -> Result<()> {
        self.held().targets.insert(record.clone(), (remote.clone(), record.clone()));
        Ok(())
    }
    async fn retry(&self, record: &SourceRef) -> Result<()> {
        if let Some(progress) = self.held().steps.get_mut(record) {
            for entry in &mut progress.entries {
                if matches!(entry.state, State::Refused { .. }) {
                    entry.state = State::Planned;
                }
            }
        }
        Ok(())
    }
    async fn retire(&self, record: &SourceRef) -> Result<()> {
        let mut held = self.held();
        held.steps.remove(record);
        held.targets.retain(|_, (_, by)| by != record);
        held.verified.remove(record);
        held.losses.retain(|_, (of_plan, loss)| *of_plan || loss.record != *record);
        for phase in ["apply", "rollback"] {
            held.quarantine.remove(&(phase.to_owned(), record.clone()));
        }
        held.locks.retain(|_, holder| holder != record);
        Ok(())
    }
    fn targets(&self, records: &[SourceRef]) -> Result<BTreeMap<SourceRef, RemoteRef>> {
        let held = self.held();
        let found = records.iter().filter_map(|r| Some((r.clone(), held.targets.get(r)?.0.clone())));
        Ok(found.collect())
    }
    fn lock_holder(&self, key: &str) -> Option<SourceRef> {
        self.held().locks.get(key).cloned()
    }
    async fn set_verified(&self, seen: Vec<(SourceRef, Verified)>) -> Result<()> {
        self.held().verified.extend(seen);
        Ok(())
    }
    fn verified(&self, record: &SourceRef) -> Result<Option<Verified>> {
        Ok(self.held().verified.get(record).cloned())
    }
    async fn approve(&self, approval: Approval) -> Result<()> {
        self.held().approvals.push(approval);
        Ok(())
    }
    fn approvals(&self) -> Result<Vec<Approval>> {
        Ok(self.held().approvals.clone())
    }
    async fn record_event(&self, at: Timestamp, text: &str) -> Result<()> {
        self.held().diary.push((at, text.to_owned()));
        Ok(())
    }
    fn events(&self, limit: usize) -> Result<Vec<(Timestamp, String)>> {
        let held = self.held();
        let skip = held.diary.len().saturating_sub(limit);
        Ok(held.diary[skip..].to_vec())
    }
    async fn set_proposed(&self, lines: Vec<Proposed>) -> Result<()> {
        let rows = lines.into_iter().map(|l| ((l.list, l.source), l.digest));
        self.held().proposed.extend(rows);
        Ok(())
    }
    fn proposed(&self, list: &str) -> Result<BTreeMap<String, String>> {
        let held = self.held();
        let of_list = held.proposed.iter().filter(|((l, _), _)| l == list);
        Ok(of_list.map(|((_, source), digest)| (source.clone(), digest.clone())).collect())
    }
    async fn set_value(&self, name: &str, value: &str) -> Result<()> {
        self.held().values.insert(name.to_owned(), value.to_owned());
        Ok(())
    }
    fn value(&self, name: &str) -> Result<Option<String>> {
        Ok(self.held().values.get(name).cloned())
    }
}

struct MemoryRecord {
    ledger: Memory,
    record: SourceRef,
    aliases: Vec<SourceRef>,
    unsaved: Vec<Step>,
}

#[async_trait]
impl Journal for MemoryRecord {
    async fn commit(&mut self, marks: Vec<Mark>) -> Result<()> {
        let mut held = self.ledger.held();
        if !self.unsaved.is_empty() {
            let steps = std::mem::take(&mut self.unsaved);
            held.steps.entry(self.record.clone()).or_default().append(steps);
        }
        for mark in marks {
            if let State::Applied(receipt) = &mark.state {
                held.take_receipt(&self.record, &self.aliases, &receipt.made)?;
            }
            let progress = held.steps.entry(self.record.clone()).or_default();
            let entry = progress.entries.get_mut(mark.index).ok_or_else(|| {
                Error::not_sent(ErrorKind::Ledger, "a mark names a step that the ledger doesn't have")
                    .with("record", &self.record)
                    .with("index", mark.index)
            })?;
            entry.state = mark.state;
            if let Some(prepared) = mark.prepared {
                entry.prepared = prepared;
            }
        }
        Ok(())
    }
    async fn owned_by_another(&self, remote: &RemoteRef) -> Result<bool> {
        Ok(self.ledger.held().owners.get(remote).is_some_and(|owner| *owner != self.record))
    }
    async fn lock(&mut self, key: &str) -> Result<bool> {
        let mut held = self.ledger.held();
        let holder = held.locks.entry(key.to_owned()).or_insert_with(|| self.record.clone());
        Ok(*holder == self.record)
    }
    async fn unlock(&mut self, key: &str) {
        let mut held = self.ledger.held();
        if held.locks.get(key) == Some(&self.record) {
            held.locks.remove(key);
        }
    }
}
