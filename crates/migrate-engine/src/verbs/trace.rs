//! `trace`: one record from the source to its receipts. No customer text.

use crate::drafts::Inputs;
use crate::store::MemberState;
use crate::{Failure, Run, locate};
use mapping_core::{Catalog, Made, Progress, RemoteRef, Sink, SourceRef, State};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most rows of the quarantine that are looked through for one record.
pub(crate) const LOOKED: usize = 100_000;

/// A record of the source under one of its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TracedName {
    /// The record.
    pub record: SourceRef,
    /// The number that people see, when it is a ticket.
    pub number: Option<String>,
}

/// A step of a record as the ledger has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TracedStep {
    /// The operation, in the sink's words.
    pub op: String,
    /// The part that it writes, by its place.
    pub part: Option<u32>,
    /// The pass it belongs to.
    pub pass: u8,
    /// `planned`, `intended`, `unknown`, `applied`, `skipped`, `lost`, `refused`.
    pub state: String,
    /// When its outcome became open; only while it is.
    pub at: Option<jiff::Timestamp>,
    /// What it did to which object.
    pub made: Option<String>,
    /// Where a person sees that object.
    pub url: Option<String>,
    /// What the receipt says beside it, by name.
    pub outputs: BTreeMap<String, String>,
    /// Names of the values that it changed; what they were is in the database.
    pub before: Vec<String>,
    /// Why it was refused or lost.
    pub why: Option<String>,
}

/// One record from source to receipts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TraceReport {
    /// The record that was asked for.
    pub asked: TracedName,
    /// The record that the draft is named after; another one for a merged ticket or a second contact of one address.
    pub record: TracedName,
    /// Further records that the same object stands for.
    pub aliases: Vec<TracedName>,
    /// The row of the map, and the kind at the destination; `None` when no plan holds the record.
    pub planned: Option<(String, String)>,
    /// The digest of the plan.
    pub plan: Option<String>,
    /// Records that it links to, each with what stands for it.
    pub links: Vec<(SourceRef, Option<RemoteRef>)>,
    /// The newest batch with it: label, when it began, and where the record stands in it.
    pub batch: Option<(String, jiff::Timestamp, MemberState)>,
    /// The object that stands for it.
    pub target: Option<RemoteRef>,
    /// Where a person sees that object.
    pub url: Option<String>,
    /// Its steps, in order.
    pub steps: Vec<TracedStep>,
    /// Why it is in the quarantine, by phase.
    pub quarantine: Vec<(String, String, String)>,
    /// Fields that differed when `verify` read it; `None` when it didn't yet.
    pub different: Option<u64>,
}

/// Follows a record from the source to its receipts. `id` is `ticket:12`, a ticket's number, or an object of the
/// destination (`conversation:77`). Looks at the run directory alone; a sink is asked for addresses only, without a call.
///
/// # Errors
/// `Usage` when nothing is called so, or several things are.
pub fn trace(run: &Run, sink: Option<&dyn Sink>, id: &str) -> Result<TraceReport, Failure> {
    let asked = locate::one(run, id)?;
    let ledger = run.ledger();
    let row = ledger.plan_row(&asked)?;
    let record = row.as_ref().map_or_else(|| asked.clone(), |r| r.record.clone());
    let head = ledger.plan()?;
    let there = catalog_of(head.as_ref().map(|h| h.inputs.as_str()));
    let address = |at: &RemoteRef| sink.and_then(|sink| sink.address(at, &there));
    let target = ledger.targets(std::slice::from_ref(&record))?.remove(&record);
    let batch = match ledger.membership(&record)? {
        Some((number, state)) => {
            ledger.batches()?.into_iter().find(|b| b.number == number).map(|b| (b.label, b.at, state))
        }
        None => None,
    };
    let needs = row.as_ref().map(|r| r.needs.clone()).unwrap_or_default();
    let mut known = ledger.targets(&needs)?;
    let progress = ledger.progress(&record)?.unwrap_or_default();
    let in_quarantine =
        ledger.quarantined(LOOKED)?.into_iter().filter(|q| q.record == record || q.record == asked);
    let aliases = row.as_ref().map(|r| r.aliases.clone()).unwrap_or_default();
    Ok(TraceReport {
        asked: named(run, asked.clone())?,
        aliases: aliases.into_iter().map(|a| named(run, a)).collect::<Result<_, _>>()?,
        planned: row.as_ref().map(|r| (r.rule.clone(), r.kind.to_string())),
        plan: head.map(|h| h.digest),
        links: needs.into_iter().map(|n| (n.clone(), known.remove(&n))).collect(),
        batch,
        url: target.as_ref().and_then(&address),
        steps: steps(&progress, &address),
        quarantine: in_quarantine.map(|q| (q.phase, q.why, q.todo)).collect(),
        different: ledger.verified(&record)?.map(|v| v.different),
        record: named(run, record)?,
        target,
    })
}

/// The destination as it was when the plan was made.
pub(crate) fn catalog_of(inputs: Option<&str>) -> Catalog {
    let inputs: Option<Inputs> = inputs.and_then(|json| serde_json::from_str(json).ok());
    inputs.map(|i| i.catalog).unwrap_or_default()
}

fn named(run: &Run, record: SourceRef) -> Result<TracedName, Failure> {
    Ok(TracedName { number: locate::number_of(run, &record)?, record })
}

fn steps(progress: &Progress, address: &dyn Fn(&RemoteRef) -> Option<String>) -> Vec<TracedStep> {
    let entries = progress.entries.iter();
    entries
        .map(|entry| {
            let mut step = TracedStep {
                op: entry.step.op.to_string(),
                part: entry.step.part,
                pass: entry.step.pass,
                state: entry.state.name().to_owned(),
                at: None,
                made: None,
                url: None,
                outputs: BTreeMap::new(),
                before: entry.prepared.before.keys().cloned().collect(),
                why: None,
            };
            match &entry.state {
                State::Intended { at } | State::Unknown { at } => step.at = Some(*at),
                State::Lost { why } | State::Refused { why } => step.why = Some(why.clone()),
                State::Applied(receipt) => {
                    let (word, at) = match &receipt.made {
                        Made::Nothing => ("nothing", None),
                        Made::Created(at) => ("created", Some(at)),
                        Made::Matched(at) => ("matched", Some(at)),
                        Made::Changed(at) => ("changed", Some(at)),
                        Made::Removed(at) => ("removed", Some(at)),
                    };
                    step.made = at.map(|at| format!("{word} {at}"));
                    step.url = at.and_then(address);
                    step.outputs.clone_from(&receipt.outputs);
                }
                State::Planned | State::Skipped => {}
            }
            step
        })
        .collect()
}

impl TraceReport {
    /// What a terminal shows, a line each.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("record      {}", self.record)];
        if self.asked != self.record {
            lines.push(format!("asked for   {}", self.asked));
        }
        lines.extend(self.aliases.iter().map(|a| format!("stands too  for {a}")));
        match (&self.planned, &self.plan) {
            (Some((row, kind)), Some(plan)) => {
                lines.push(format!("planned     {kind} by {row}, plan {}", plan.get(..12).unwrap_or(plan)));
            }
            _ => lines.push("planned     no".to_owned()),
        }
        for (record, to) in &self.links {
            let to = to.as_ref().map_or("not there yet".to_owned(), ToString::to_string);
            lines.push(format!("links to    {record} → {to}"));
        }
        if let Some((label, at, state)) = &self.batch {
            let state = format!("{state:?}").to_lowercase();
            lines.push(format!("batch       {label}, begun {at}: {state}"));
        }
        if let Some(target) = &self.target {
            lines.push(format!(
                "object      {target}{}",
                self.url.as_ref().map(|u| format!("  {u}")).unwrap_or_default()
            ));
        }
        for (place, step) in self.steps.iter().enumerate() {
            lines.push(format!("step {:<6} {step}", place + 1));
        }
        for (phase, why, todo) in &self.quarantine {
            lines.push(format!("quarantine  {phase}: {why} ({todo})"));
        }
        if let Some(different) = self.different {
            lines.push(format!("verified    {different} fields differed"));
        }
        lines
    }
}

impl std::fmt::Display for TracedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.record)?;
        self.number.as_ref().map_or(Ok(()), |n| write!(f, " (number {n})"))
    }
}

impl std::fmt::Display for TracedStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<9} {}", self.state, self.op)?;
        if let Some(part) = self.part {
            write!(f, " part {part}")?;
        }
        if self.pass > 0 {
            write!(f, " (pass {})", self.pass)?;
        }
        if let Some(at) = self.at {
            write!(f, ", open since {at}")?;
        }
        if let Some(made) = &self.made {
            write!(f, ": {made}")?;
        }
        for (name, value) in &self.outputs {
            write!(f, " {name}={value}")?;
        }
        if !self.before.is_empty() {
            write!(f, "; values before are kept: {}", self.before.join(", "))?;
        }
        if let Some(why) = &self.why {
            write!(f, ": {why}")?;
        }
        self.url.as_ref().map_or(Ok(()), |url| write!(f, "  {url}"))
    }
}
