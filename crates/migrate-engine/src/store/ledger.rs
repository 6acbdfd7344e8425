//! The ledger: what was planned, intended, done and lost.

use async_trait::async_trait;
use jiff::Timestamp;
use mapping_core::{Journal, Kind, Loss, Made, Progress, RemoteRef, Result, SourceRef, State, Step};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A plan without its rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanHead {
    /// Grows with every plan.
    pub id: u32,
    /// When it was made.
    pub at: Timestamp,
    /// Its digest.
    pub digest: String,
    /// Everything the drafts were made with — map, lists, settings, catalog — as JSON, so that they can be made again.
    pub inputs: String,
    /// Digests of the destination's entries that it relies on; `None` for an entry that isn't there.
    pub relies_on: BTreeMap<String, Option<String>>,
    /// The stage's revision.
    pub stage_revision: u64,
}

/// An object that a plan writes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanRow {
    /// The record it is named after.
    pub record: SourceRef,
    /// Further records it stands for.
    pub aliases: Vec<SourceRef>,
    /// The row of the map.
    pub rule: String,
    /// The kind at the destination.
    pub kind: Kind,
    /// Its phase: phases are written one after the other.
    pub phase: u32,
    /// Digest of the shaped draft.
    pub digest: String,
    /// Lasting writes.
    pub steps: u32,
    /// Calls when nothing goes wrong.
    pub calls: u32,
    /// Calls at worst.
    pub calls_worst: u32,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
    /// Calls that reading it back takes.
    #[serde(default)]
    pub reads: u32,
    /// Parts of the thread.
    pub parts: u32,
    /// Files on it.
    pub files: u32,
    /// A rough size in bytes, for the budget of what is in flight.
    pub bytes: u64,
    /// Records it links to.
    pub needs: Vec<SourceRef>,
    /// Those of them that it can go without: only steps whose refusal is a loss link to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_lack: Vec<SourceRef>,
    /// It carries the mark of its batch.
    #[serde(default)]
    pub marked: bool,
    /// What a sample is drawn by: `channel=email`, `queue=7`, `odd=no contact`.
    pub strata: Vec<String>,
    /// When the record was created at the source.
    pub at: Option<Timestamp>,
    /// When it was closed there, or last changed when nobody says when it was closed; for waves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Timestamp>,
    /// What the passes behind the first cost, by their number; they are in the sums above too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub later: BTreeMap<u8, PassCost>,
}

/// What a pass of a record costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassCost {
    /// Lasting writes.
    pub steps: u32,
    /// Calls when nothing goes wrong.
    pub calls: u32,
    /// Calls at worst.
    pub calls_worst: u32,
    /// The fewest calls the platform's API allows.
    pub floor: u64,
}

/// A record in the quarantine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The record.
    pub record: SourceRef,
    /// Where it stopped: `extract`, `plan`, `apply`, `rollback`, `schema`.
    pub phase: String,
    /// Why, without customer text.
    pub why: String,
    /// What to do about it.
    pub todo: String,
}

/// A part of a plan, put together.
#[derive(Clone, Debug, Default)]
pub struct PlanPage {
    /// Objects to be written.
    pub rows: Vec<PlanRow>,
    /// Losses on the way.
    pub losses: Vec<Loss>,
    /// Records that can't be moved.
    pub quarantined: Vec<Quarantined>,
    /// Records left out, with the name of the rule.
    pub skipped: Vec<(SourceRef, String)>,
}

/// What a batch is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchKind {
    /// Schema made by `provision`.
    Schema,
    /// A sample.
    Pilot,
    /// Everything that isn't there yet.
    Full,
}

/// Where a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchState {
    /// Its members are being written down; a batch found so after a stop is begun anew.
    Gathering,
    /// It is being written, or was stopped.
    Running,
    /// Everything was treated.
    Finished,
    /// It is being taken back, or that was stopped.
    Undoing,
    /// It was taken back, but for what is listed.
    RolledBack,
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Its number, from 1.
    pub number: u32,
    /// Its label at the destination.
    pub label: String,
    /// What it is for.
    pub kind: BatchKind,
    /// The plan it carries out.
    pub plan: u32,
    /// Where it stands.
    pub state: BatchState,
    /// When it was begun.
    pub at: Timestamp,
    /// The wave it is, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<String>,
}

/// Where a member of a batch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// Not treated to its end.
    Open,
    /// At the destination, made by this run.
    Applied,
    /// At the destination: something that was there stands for it.
    Matched,
    /// In the quarantine.
    Quarantined,
    /// In the quarantine, with a call of unknown outcome.
    Unknown,
    /// Undo has begun.
    Undoing,
    /// Taken back.
    RolledBack,
    /// Left at the destination by a rollback.
    Kept,
}

/// A record of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its place in the batch; given by the ledger.
    pub seq: u64,
    /// What the plan says of it.
    pub row: PlanRow,
    /// The pass it stands in: 0, or a later one whose steps are to be written next, or were.
    pub pass: u8,
    /// Where it stands.
    pub state: MemberState,
    /// Why it stands there, without customer text.
    pub why: String,
}

/// How many members of a batch stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// The phase.
    pub phase: u32,
    /// The kind at the destination.
    pub kind: String,
    /// The pass they stand in.
    pub pass: u8,
    /// Where they stand.
    pub state: MemberState,
    /// How many.
    pub count: u64,
    /// Calls expected of them.
    pub calls: u64,
    /// The fewest calls possible for them.
    pub floor: u64,
}

/// How many members of a phase with one trait stand where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraitTally {
    /// The trait: `channel=email`.
    pub name: String,
    /// The pass they stand in.
    pub pass: u8,
    /// Where they stand.
    pub state: MemberState,
    /// How many.
    pub count: u64,
}

/// What `verify` saw of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Digest of the object as it was read.
    pub digest: String,
    /// Fields that differed.
    pub different: u64,
}

/// A line of the chain of approvals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// What was approved: `extract`, `plan`, `rollback of batch 2`.
    pub what: String,
    /// The hash of what was approved.
    pub hash: String,
    /// By whom.
    pub who: String,
    /// When.
    pub at: Timestamp,
}

/// A line of a list as the engine proposed it: how it knows later that a person edited it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// The list: `agents`.
    pub list: String,
    /// The source record of the line.
    pub source: String,
    /// Digest of the line.
    pub digest: String,
}

/// What was planned, intended, done and lost. Reads are local and short; they may be made from async code. What a
/// write returns `Ok` for is on disk.
///
/// All errors are `Ledger`.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Begins a plan: rows, losses, skips and quarantine of the last plan are forgotten, batches are not.
    async fn begin_plan(&self) -> Result<()>;
    /// Adds to the plan. A row replaces one of the same record.
    async fn add_to_plan(&self, page: PlanPage) -> Result<()>;
    /// Puts records under their natural keys, while planning.
    async fn add_keys(&self, rule: &str, keys: Vec<(String, SourceRef)>) -> Result<()>;
    /// Keys behind `after`, in order, with their records ordered by id.
    fn groups(&self, rule: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<SourceRef>)>>;
    /// Whether a row of the plan links to one of these.
    fn is_linked(&self, records: &[SourceRef]) -> Result<bool>;
    /// Names that rows of the plan link to and no row stands for, at most `limit`.
    fn unplanned_links(&self, limit: usize) -> Result<Vec<SourceRef>>;
    /// Records whose rows link to this one, at most `limit`.
    fn rows_linking(&self, to: &SourceRef, limit: usize) -> Result<Vec<SourceRef>>;
    /// Takes rows out of the plan and puts their records into the quarantine.
    async fn unplan(&self, records: Vec<Quarantined>) -> Result<()>;
    /// Forgets links of rows: what they lead to, and the record that the row is named after.
    async fn unlink(&self, links: Vec<(SourceRef, SourceRef)>) -> Result<()>;
    /// Ends the plan; its id is given by the ledger.
    async fn finish_plan(&self, head: PlanHead) -> Result<u32>;
    /// The finished plan, if there is one.
    fn plan(&self) -> Result<Option<PlanHead>>;
    /// A plan that a batch carried out.
    fn plan_by_id(&self, id: u32) -> Result<Option<PlanHead>>;
    /// Rows of the plan behind this place, in the order of writing, with their places.
    fn plan_rows(&self, after: u64, limit: usize) -> Result<Vec<(u64, PlanRow)>>;
    /// The row of a record, or of the record that stands for it.
    fn plan_row(&self, record: &SourceRef) -> Result<Option<PlanRow>>;
    /// Records left out, by kind and rule.
    fn skipped(&self) -> Result<BTreeMap<(String, String), u64>>;

    /// Adds losses of writes.
    async fn add_losses(&self, losses: Vec<Loss>) -> Result<()>;
    /// Losses behind this place, with their places.
    fn losses(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>>;
    /// Losses of writes behind this place, with their places.
    fn losses_of_writes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>>;
    /// Losses by rule, field (numbers of parts left out) and reason, the most frequent first.
    fn loss_counts(&self) -> Result<Vec<(mapping_core::LossRule, String, String, u64)>>;
    /// Puts records into the quarantine.
    async fn quarantine(&self, records: Vec<Quarantined>) -> Result<()>;
    /// Takes a record out of the quarantine of a phase.
    async fn release(&self, record: &SourceRef, phase: &str) -> Result<()>;
    /// The quarantine, at most `limit`.
    fn quarantined(&self, limit: usize) -> Result<Vec<Quarantined>>;
    /// The quarantine by phase and kind of record.
    fn quarantine_counts(&self) -> Result<BTreeMap<(String, String), u64>>;

    /// Begins a batch; its number is given by the ledger.
    async fn begin_batch(&self, batch: Batch) -> Result<Batch>;
    /// Adds members; a record that is a member already stays as it is.
    async fn add_members(&self, batch: u32, rows: Vec<PlanRow>) -> Result<()>;
    /// Moves a batch on.
    async fn set_batch(&self, number: u32, state: BatchState) -> Result<()>;
    /// Forgets a batch that was never begun to be written.
    async fn drop_batch(&self, number: u32) -> Result<()>;
    /// All batches, oldest first.
    fn batches(&self) -> Result<Vec<Batch>>;
    /// Members of a phase in one of these states behind this place; with `backwards`, before it, last first.
    fn members(
        &self,
        batch: u32,
        phase: Option<u32>,
        states: &[MemberState],
        from: u64,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Member>>;
    /// Members of a phase that are open in this pass, behind this place.
    fn open_in_pass(&self, batch: u32, phase: u32, pass: u8, from: u64, limit: usize) -> Result<Vec<Member>>;
    /// Moves an open member on to a later pass: it is through all passes before.
    async fn set_pass(&self, batch: u32, record: &SourceRef, pass: u8) -> Result<()>;
    /// Moves a member on.
    async fn set_member(&self, batch: u32, record: &SourceRef, state: MemberState, why: &str) -> Result<()>;
    /// How many members stand where.
    fn tally(&self, batch: u32) -> Result<Vec<Tally>>;
    /// How many members of a phase stand where, by what they are: `channel=email`, `queue=7`, `month=2024-03`.
    fn tally_by_trait(&self, batch: u32, phase: u32) -> Result<Vec<TraitTally>>;
    /// The newest batch in which the record is, with its state there.
    fn membership(&self, record: &SourceRef) -> Result<Option<(u32, MemberState)>>;

    /// The journal of a record's steps, and how far it has come. A record without steps gets these; they reach the disk
    /// with the first intent.
    fn journal(
        &self,
        record: &SourceRef,
        aliases: &[SourceRef],
        steps: Vec<Step>,
    ) -> Result<(Box<dyn Journal>, Progress)>;
    /// Adds steps to a record: an undo.
    async fn append(&self, record: &SourceRef, steps: Vec<Step>) -> Result<()>;
    /// How far a record has come; `None` when it never began.
    fn progress(&self, record: &SourceRef) -> Result<Option<Progress>>;
    /// Lets something that was there stand for a record, without any step.
    async fn matched(&self, record: &SourceRef, remote: &RemoteRef) -> Result<()>;
    /// Whether a lasting write of the record was made, or may have been made.
    fn is_begun(&self, record: &SourceRef) -> Result<bool> {
        let progress = self.progress(record)?.unwrap_or_default();
        Ok(progress.entries.iter().any(|entry| match &entry.state {
            State::Applied(receipt) => !matches!(receipt.made, Made::Matched(_)),
            state => state.is_unsettled(),
        }))
    }
    /// Puts refused steps back to planned, so that they are tried again.
    async fn retry(&self, record: &SourceRef) -> Result<()>;
    /// Ends a record after its rollback: its steps become history, nothing stands for it any more.
    async fn retire(&self, record: &SourceRef) -> Result<()>;
    /// What stands for these records.
    fn targets(&self, records: &[SourceRef]) -> Result<BTreeMap<SourceRef, RemoteRef>>;
    /// The record that holds a lock.
    fn lock_holder(&self, key: &str) -> Option<SourceRef>;

    /// Keeps what `verify` saw.
    async fn set_verified(&self, seen: Vec<(SourceRef, Verified)>) -> Result<()>;
    /// What `verify` saw last.
    fn verified(&self, record: &SourceRef) -> Result<Option<Verified>>;

    /// Adds an approval.
    async fn approve(&self, approval: Approval) -> Result<()>;
    /// The chain of approvals, oldest first.
    fn approvals(&self) -> Result<Vec<Approval>>;
    /// Adds a line to the run's diary. No customer text.
    async fn record_event(&self, at: Timestamp, text: &str) -> Result<()>;
    /// The last lines of the diary, oldest first.
    fn events(&self, limit: usize) -> Result<Vec<(Timestamp, String)>>;
    /// Keeps how the engine wrote lines of a list.
    async fn set_proposed(&self, lines: Vec<Proposed>) -> Result<()>;
    /// How the engine wrote the lines of a list, by source record.
    fn proposed(&self, list: &str) -> Result<BTreeMap<String, String>>;
    /// Keeps a value under a name.
    async fn set_value(&self, name: &str, value: &str) -> Result<()>;
    /// The value under a name.
    fn value(&self, name: &str) -> Result<Option<String>>;
}
