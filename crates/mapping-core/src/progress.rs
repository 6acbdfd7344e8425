//! How far a record has come: intents, receipts, and what was there before.

use crate::{Cost, Loss, RemoteRef, Step, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What must be on disk before a call: the values it will change, and ids of harmless preparations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    /// Values that the write will change, as they were; what undo restores.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub before: BTreeMap<String, Value>,
    /// Ids of temporary things the call uses (uploads that expire).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: BTreeMap<String, String>,
    /// A conditional step that turned out not to be needed: no call is made.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip: bool,
}

/// What a write did to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Made {
    /// Nothing with an identity of its own.
    Nothing,
    /// It made this object; undo deletes it.
    Created(RemoteRef),
    /// This object was there already and stands for the record; undo keeps it.
    Matched(RemoteRef),
    /// It changed this object; undo restores what changed.
    Changed(RemoteRef),
    /// It removed this object.
    Removed(RemoteRef),
}

/// The proof of a write: what it made, and ids that later steps need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// What it did.
    pub made: Made,
    /// Ids that later steps, settling or undo need, by name. No customer text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub outputs: BTreeMap<String, String>,
    /// What the write found it could not keep: a field of a matched object stays theirs, a placeholder wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub losses: Vec<Loss>,
}
impl Receipt {
    /// A receipt.
    pub fn new(made: Made) -> Self {
        Receipt { made, outputs: BTreeMap::new(), losses: Vec::new() }
    }
    /// A receipt for a write that made nothing with an identity of its own.
    pub fn nothing() -> Self {
        Self::new(Made::Nothing)
    }
    /// Adds an output.
    #[must_use]
    pub fn output(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.outputs.insert(name.into(), value.into());
        self
    }
    /// Adds a loss.
    #[must_use]
    pub fn loss(mut self, loss: Loss) -> Self {
        self.losses.push(loss);
        self
    }
}

/// The state of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not begun.
    Planned,
    /// On disk before the call; found after a crash, it means *unknown*.
    Intended {
        /// When.
        at: Timestamp,
    },
    /// The answer was lost.
    Unknown {
        /// When it was known to be lost.
        at: Timestamp,
    },
    /// Done, with its receipt.
    Applied(Receipt),
    /// A conditional step that was not needed.
    Skipped,
    /// Refused, and the record went on without it.
    Lost {
        /// The refusal, without customer text.
        why: String,
    },
    /// Refused; the record is in the quarantine.
    Refused {
        /// The refusal, without customer text.
        why: String,
    },
}
impl State {
    /// A call was or may have been made and its result isn't known.
    pub fn is_unsettled(&self) -> bool {
        matches!(self, State::Intended { .. } | State::Unknown { .. })
    }
    /// The state in one word, as ledgers and errors write it.
    pub fn name(&self) -> &'static str {
        match self {
            State::Planned => "planned",
            State::Intended { .. } => "intended",
            State::Unknown { .. } => "unknown",
            State::Applied(_) => "applied",
            State::Skipped => "skipped",
            State::Lost { .. } => "lost",
            State::Refused { .. } => "refused",
        }
    }
    /// Nothing is left to do for the step.
    pub fn is_over(&self) -> bool {
        matches!(self, State::Applied(_) | State::Skipped | State::Lost { .. })
    }
}

/// A step with its state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The step.
    pub step: Step,
    /// What was on disk before the call.
    #[serde(default)]
    pub prepared: Prepared,
    /// Where it stands.
    pub state: State,
    /// How often the platform refused it and said that asking again may help, in this process.
    #[serde(skip)]
    pub refusals: u32,
}

/// All steps of a record with their states, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The steps.
    pub entries: Vec<Entry>,
}

impl Progress {
    /// Steps that have not begun.
    pub fn of(steps: Vec<Step>) -> Self {
        let mut progress = Progress::default();
        progress.append(steps);
        progress
    }
    /// Adds steps that have not begun: a delta, or an undo.
    pub fn append(&mut self, steps: Vec<Step>) {
        self.entries.extend(steps.into_iter().map(|step| Entry {
            step,
            prepared: Prepared::default(),
            state: State::Planned,
            refusals: 0,
        }));
    }
    /// The applied steps with their receipts, in order.
    pub fn receipts(&self) -> impl DoubleEndedIterator<Item = (&Entry, &Receipt)> {
        self.entries.iter().filter_map(|entry| match &entry.state {
            State::Applied(receipt) => Some((entry, receipt)),
            _ => None,
        })
    }
    /// An output of the last applied step that has one by this name.
    pub fn output(&self, name: &str) -> Option<&str> {
        self.receipts().rev().find_map(|(_, r)| r.outputs.get(name).map(String::as_str))
    }
    /// Every output by this name: what earlier steps of this record account for. A conditional step that was not needed
    /// has the notes of its preparation for outputs.
    pub fn claimed(&self, name: &str) -> Vec<&str> {
        let said = self.entries.iter().filter_map(|entry| match &entry.state {
            State::Applied(receipt) => receipt.outputs.get(name),
            State::Skipped => entry.prepared.notes.get(name),
            _ => None,
        });
        said.map(String::as_str).collect()
    }
    /// The object that stands for the record: the first that was created or matched.
    pub fn target(&self) -> Option<&RemoteRef> {
        self.receipts().find_map(|(_, r)| match &r.made {
            Made::Created(remote) | Made::Matched(remote) => Some(remote),
            _ => None,
        })
    }
    /// True when every step of the passes up to this one is over.
    pub fn is_through(&self, pass: u8) -> bool {
        self.entries.iter().all(|e| e.step.pass > pass || e.state.is_over())
    }
    /// True when every step is over.
    pub fn is_done(&self) -> bool {
        self.entries.iter().all(|e| e.state.is_over())
    }
    /// True when the outcome of some step isn't known.
    pub fn is_unsettled(&self) -> bool {
        self.entries.iter().any(|e| e.state.is_unsettled())
    }
    /// The calls of all steps.
    pub fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        self.entries.iter().for_each(|e| cost += e.step.cost);
        cost
    }
}
