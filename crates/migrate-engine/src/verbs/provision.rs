//! `provision`: creates the schema that the mapping needs, and only that.

use crate::crew::{self, Bounds};
use crate::drafts::{Drafts, Finished, Inputs, Made, SCHEMA};
use crate::guarded::{Guarded, Halt};
use crate::loading::{Loading, Refusals, row_of};
use crate::store::{Batch, BatchKind, BatchState, MemberState, PlanRow};
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::{Catalog, Change, Draft, RemoteRef, Sink, SourceRef, Value};
use serde::{Deserialize, Serialize};

/// How to provision.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ProvisionOptions {
    /// Only list what would be done.
    pub dry_run: bool,
    /// Only compare what is there with what is needed, what a person had to make included.
    pub check: bool,
}
impl ProvisionOptions {
    /// Only lists.
    #[must_use]
    pub fn dry_run() -> Self {
        ProvisionOptions { dry_run: true, check: false }
    }
    /// Only compares: what is missing ends with [`Exit::Incomplete`].
    #[must_use]
    pub fn check() -> Self {
        ProvisionOptions { dry_run: true, check: true }
    }
}

/// What an entry of the schema needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is there and fits.
    Exists,
    /// It has to be created.
    Create,
    /// It is there and has to be changed (options added).
    Change,
    /// The API can't make or change it; a person has to.
    ByHand,
}

/// An entry of the schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemaEntry {
    /// Its name within the run: `conversation_attribute:channel_source__c`.
    pub record: SourceRef,
    /// What it needs.
    pub action: Action,
    /// Calls, when nothing goes wrong.
    pub calls: u32,
    /// It is done: it was there, or this call made it.
    pub done: bool,
    /// Why a person has to do it, or why it failed.
    pub why: Option<String>,
    /// What it has to be called and to be like, for whoever makes it by hand.
    #[serde(default)]
    pub todo: String,
}

/// What `provision` did or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProvisionReport {
    /// Every entry, in order.
    pub entries: Vec<SchemaEntry>,
    /// Nothing was written.
    pub dry_run: bool,
    /// Calls made.
    pub calls: u64,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}
impl ProvisionReport {
    /// Entries that are at the destination.
    pub fn there(&self) -> usize {
        self.entries.iter().filter(|e| e.done).count()
    }
    /// Entries that a person has to make.
    pub fn by_hand(&self) -> impl Iterator<Item = &SchemaEntry> {
        self.entries.iter().filter(|e| !e.done && e.action == Action::ByHand)
    }
}

/// Creates what is missing. What exists is matched, not created; missing options are added.
///
/// # Errors
/// What the destination refuses altogether, and the ledger's errors. One refused entry is in the report.
pub async fn provision(
    run: &Run,
    sink: &dyn Sink,
    options: &ProvisionOptions,
    ctx: &Ctx<'_>,
) -> Result<ProvisionReport, Failure> {
    super::extract::require_complete(run)?;
    let guarded = Guarded::new(sink, ctx.timer, run.config().limits.unreachable_seconds);
    let catalog = sink.catalog().await?;
    let inputs = Inputs::now(run, sink.dialect(), catalog)?;
    let drafts = Drafts::new(run, &guarded, inputs).await?;
    let mut wanted = survey(&drafts)?;
    let calls_before = sink.meter().calls;
    let mut stopped = None;
    if !options.dry_run {
        announce(&wanted, ctx);
        stopped = create(run, &guarded, &drafts, &mut wanted, ctx).await?;
        remember(run, sink, &wanted).await?;
    }
    let entries: Vec<SchemaEntry> = wanted.into_iter().map(|w| w.entry).collect();
    let calls = sink.meter().calls - calls_before;
    let mut report =
        ProvisionReport { dry_run: options.dry_run, calls, entries, ..ProvisionReport::default() };
    if (options.check || !options.dry_run) && report.entries.iter().any(|e| !e.done) {
        report.exit = Exit::Incomplete;
    }
    if let Some((exit, why)) = stopped {
        report.exit = exit;
        report.stopped = Some(why);
    }
    run.save_report("provision", &report)?;
    Ok(report)
}

/// Everything that is missing, before the first write.
fn announce(wanted: &[Wanted], ctx: &Ctx<'_>) {
    let missing: Vec<&SchemaEntry> = wanted.iter().map(|w| &w.entry).filter(|e| !e.done).collect();
    if missing.is_empty() {
        return;
    }
    let by_hand = missing.iter().filter(|e| e.action == Action::ByHand).count();
    let names: Vec<String> = missing.iter().map(|e| e.record.to_string()).collect();
    ctx.note(format!(
        "{} entries are missing, {by_hand} of them for a person: {}",
        missing.len(),
        names.join(", ")
    ));
}

/// A schema draft, what the destination has of it, and what it needs.
struct Wanted {
    entry: SchemaEntry,
    remote: Option<RemoteRef>,
    row: Option<PlanRow>,
    /// For an entry that grew since it was made or found: the writes that add what is new.
    growth: Vec<mapping_core::Step>,
}

/// Compares every schema draft with the catalog.
fn survey(drafts: &Drafts<'_>) -> Result<Vec<Wanted>, Failure> {
    let catalog = &drafts.inputs().catalog;
    let mut all = Vec::new();
    for draft in drafts.mapping().schema_drafts(drafts.seen()) {
        all.push(match drafts.shape(&draft, Vec::new()) {
            Made::Draft(finished) => look(drafts, &finished, catalog)?,
            Made::Skipped(why, _) => by_hand(&draft, why, catalog),
            Made::Refused(e) => by_hand(&draft, e.to_string(), catalog),
        });
    }
    Ok(all)
}

/// What no call can make: it is there once somebody made it, or it is for a person.
fn by_hand(draft: &Draft, why: String, catalog: &Catalog) -> Wanted {
    let there = existing(draft, catalog).filter(|(_, written)| written == draft);
    let done = there.is_some();
    let entry = SchemaEntry {
        record: draft.source.clone(),
        action: if done { Action::Exists } else { Action::ByHand },
        calls: 0,
        done,
        why: (!done).then_some(why),
        todo: described(draft),
    };
    Wanted { entry, remote: there.map(|(remote, _)| remote), row: None, growth: Vec::new() }
}

/// An entry of the schema in words: its kind, name, type and options. They are the map's, not a customer's.
fn described(draft: &Draft) -> String {
    let mut said = format!("{}: {}", draft.kind, draft.text("name"));
    for (name, value) in draft.fields.iter().filter(|(name, _)| *name != "name") {
        let items: Vec<&str> = value.items().iter().filter_map(Value::as_str).collect();
        if !items.is_empty() {
            said.push_str(&format!("; {name}: {}", items.join(", ")));
        }
    }
    said
}

fn look(drafts: &Drafts<'_>, finished: &Finished, catalog: &Catalog) -> Result<Wanted, Failure> {
    let draft = &finished.shaped.draft;
    let row = row_of(drafts.sink(), SCHEMA, 1, finished);
    let there = existing(draft, catalog);
    let growth = match &there {
        Some((remote, written)) if written != draft => {
            let change =
                Change { desired: draft, written: Some(written), observed: None, target: Some(remote) };
            // A platform that can't change it says so when it is asked to make it.
            drafts.sink().steps(&change).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    let action = match &there {
        None => Action::Create,
        Some(_) if growth.is_empty() => Action::Exists,
        Some(_) => Action::Change,
    };
    let calls = match action {
        Action::Create => row.calls,
        _ => growth.iter().map(|s| s.cost.expected).sum(),
    };
    let entry = SchemaEntry {
        record: draft.source.clone(),
        action,
        calls,
        done: action == Action::Exists,
        why: None,
        todo: described(draft),
    };
    Ok(Wanted { entry, remote: there.map(|(remote, _)| remote), row: Some(row), growth })
}

/// The entry of the catalog that a schema draft describes, and the draft as if it had been written as it is there:
/// the same, but with the options that are there.
fn existing(draft: &Draft, catalog: &Catalog) -> Option<(RemoteRef, Draft)> {
    let name = draft.text("name");
    if draft.kind == "tag" {
        return catalog.tag(name).map(|tag| (tag.remote.clone(), draft.clone()));
    }
    let field = catalog.field(draft.kind.as_str(), name)?;
    let remote = field.remote.clone()?;
    let mut written = draft.clone();
    if let Some(Value::List(wanted)) = written.fields.get_mut("options") {
        wanted.retain(|option| field.options.iter().any(|have| option.as_str() == Some(have)));
    }
    Some((remote, written))
}

/// Makes and changes what is needed, as a batch of its own.
async fn create(
    run: &Run,
    sink: &Guarded<'_>,
    drafts: &Drafts<'_>,
    wanted: &mut [Wanted],
    ctx: &Ctx<'_>,
) -> Result<Option<(Exit, String)>, Failure> {
    let ledger = run.ledger();
    let mut rows = Vec::new();
    for want in wanted.iter() {
        let record = &want.entry.record;
        if let (Action::Exists, Some(remote)) = (want.entry.action, &want.remote)
            && !ledger.targets(std::slice::from_ref(record))?.contains_key(record)
        {
            ledger.matched(record, remote).await?;
        }
        let Some(row) = &want.row else { continue };
        match (want.entry.action, &want.remote) {
            (Action::Change, Some(_)) if ledger.progress(record)?.is_some_and(|p| p.is_done()) => {
                // It was made or found by an earlier call and has to grow.
                ledger.append(record, want.growth.clone()).await?;
                rows.push(row.clone());
            }
            (Action::Create, _) if ledger.progress(record)?.is_some_and(|p| p.is_done()) => {
                // It was made by an earlier call and somebody took it away: it is made anew.
                ledger.retire(record).await?;
                rows.push(row.clone());
            }
            (Action::Create | Action::Change, _) => {
                ledger.retry(record).await?;
                rows.push(row.clone());
            }
            (Action::Exists | Action::ByHand, _) => {}
        }
    }
    if rows.is_empty() {
        return Ok(None);
    }
    let total = rows.len() as u64;
    let batch = batch(run, rows, ctx).await?;
    let loading = Loading {
        run,
        sink,
        ctx,
        drafts,
        batch: &batch,
        mark: None,
        phase: 1,
        pass: 0,
        blobs: run.blobs(),
        cursor: std::sync::Mutex::new(0),
        refusals: Refusals::default(),
    };
    ctx.started("provision", Some(total));
    let bounds = Bounds { workers: 1, bytes: u64::MAX };
    crew::run(&loading, sink, ledger, bounds, ctx, "provision", Some(total)).await?;
    let stopped = super::apply::stopped(sink)?;
    if stopped.is_none() {
        ledger.set_batch(batch.number, BatchState::Finished).await?;
    }
    ctx.finished("provision", total);
    let quarantine = ledger.quarantined(10_000)?;
    for want in wanted.iter_mut().filter(|w| !w.entry.done) {
        if let Some((_, state)) = ledger.membership(&want.entry.record)? {
            want.entry.done = matches!(state, MemberState::Applied | MemberState::Matched);
        }
        let why = quarantine.iter().find(|q| q.record == want.entry.record && q.phase == "schema");
        if want.entry.done {
            ledger.release(&want.entry.record, "schema").await?;
        } else if let Some(q) = why {
            want.entry.why = Some(q.why.clone());
        }
    }
    Ok(stopped)
}

/// The schema batch that was stopped, with these members added, or a new one.
async fn batch(run: &Run, rows: Vec<PlanRow>, ctx: &Ctx<'_>) -> Result<Batch, Failure> {
    let ledger = run.ledger();
    let open = |b: &Batch| b.kind == BatchKind::Schema && b.state == BatchState::Running;
    let batch = match ledger.batches()?.into_iter().find(open) {
        Some(batch) => batch,
        None => {
            let label = format!("{}-schema", run.config().name);
            let at = ctx.timer.now();
            let (kind, state) = (BatchKind::Schema, BatchState::Running);
            ledger.begin_batch(Batch { number: 0, label, kind, plan: 0, state, at, wave: None }).await?
        }
    };
    for row in &rows {
        ledger.set_member(batch.number, &row.record, MemberState::Open, "").await?;
    }
    ledger.add_members(batch.number, rows).await?;
    Ok(batch)
}

/// Keeps how this run left the entries it made or changed: a plan made before is not stale because of them.
async fn remember(run: &Run, sink: &dyn Sink, wanted: &[Wanted]) -> Result<(), Failure> {
    if wanted.iter().all(|w| w.entry.action == Action::Exists) {
        return Ok(());
    }
    let catalog = sink.catalog().await?;
    let digests = catalog.digests();
    let ours = wanted.iter().filter(|w| w.entry.done && w.entry.action != Action::Exists);
    for row in ours.filter_map(|w| w.row.as_ref()) {
        // The name of a schema record is that of its entry: `conversation_attribute:channel_source__c`.
        let key = format!("{}/{}", row.kind, row.record.id.to_lowercase());
        if let Some(digest) = digests.get(&key) {
            run.ledger().set_value(&own_entry(&key), digest).await?;
        }
    }
    Ok(())
}

/// The name under which the ledger keeps how this run left an entry of the destination.
pub(crate) fn own_entry(key: &str) -> String {
    format!("own entry {key}")
}

/// What the schema lacks, by name.
pub(crate) fn missing(drafts: &Drafts<'_>) -> Result<Vec<String>, Failure> {
    let wanted = survey(drafts)?;
    let open = wanted.into_iter().filter(|w| w.entry.action != Action::Exists);
    Ok(open.map(|w| format!("{}: {:?}", w.entry.record, w.entry.action)).collect())
}

/// A sink that was halted by an error has no reason of its own to tell.
pub(crate) fn told(halt: &Halt) -> Option<(Exit, String)> {
    match halt {
        Halt::Interrupted => Some((Exit::Interrupted, "interrupted".to_owned())),
        Halt::Unreachable(why) => Some((
            Exit::Stopped,
            format!("the destination can't be reached; run the same command again later: {why}"),
        )),
        Halt::Stale(_) | Halt::Failed => None,
    }
}
