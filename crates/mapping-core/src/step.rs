//! Steps: the writes of a record as data.

use crate::SourceRef;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a step does to the destination; it decides what may follow a lost answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Repeating it is harmless and there is nothing to restore: after a lost answer it is sent again.
    Overwrite,
    /// It changes what was there before; [`prepare`](crate::Sink::prepare) has put the old values on disk. After a
    /// lost answer it is settled, so that our own value is never taken for an old one.
    Change,
    /// Repeating it makes a second object: after a lost answer it is settled.
    Create,
}

/// What a refusal of a step means for its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The record goes to the quarantine.
    StopsRecord,
    /// It is a loss, and the steps after it go on. So it is when a record that the step needs doesn't come any more.
    IsLoss,
}

/// Calls to the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Calls when nothing goes wrong.
    pub expected: u32,
    /// Calls when a condition turns out the costly way; retries and settling are not in it.
    pub worst: u32,
}
impl std::ops::AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.expected += other.expected;
        self.worst += other.worst;
    }
}

/// One lasting write, as data: an address into the shaped draft, not a copy of it. It holds no customer text and is
/// about a hundred bytes long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The operation, in the sink's own vocabulary: `conversation.reply`.
    pub op: Cow<'static, str>,
    /// The part of the draft that it writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// What it does.
    pub effect: Effect,
    /// Records that must be at the destination before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<SourceRef>,
    /// Two steps with one lock are never in flight or unsettled together. For steps whose results could be taken for
    /// each other's: the same contact, second and text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// Calls, expected and at worst.
    pub cost: Cost,
    /// What a refusal means.
    pub refusal: Refusal,
    /// For how many seconds after the last moment the call could land "not seen" does not mean "not there".
    #[serde(default)]
    pub blind_seconds: u32,
    /// The pass it belongs to. A step of pass 1 waits until every record of the batch is through pass 0: links between
    /// records that link to each other, and what is to happen last (assignment). Steps of a record are ordered by pass.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub pass: u8,
    /// Small arguments, by name; no customer text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Step {
    /// A step of one call whose refusal stops the record.
    pub fn new(op: impl Into<Cow<'static, str>>, effect: Effect) -> Self {
        Step {
            op: op.into(),
            part: None,
            effect,
            needs: Vec::new(),
            lock: None,
            cost: Cost { expected: 1, worst: 1 },
            refusal: Refusal::StopsRecord,
            blind_seconds: 0,
            pass: 0,
            args: BTreeMap::new(),
        }
    }
    /// The part that it writes.
    #[must_use]
    pub fn part(mut self, index: usize) -> Self {
        self.part = u32::try_from(index).ok();
        self
    }
    /// Records that must be there before it.
    #[must_use]
    pub fn needs(mut self, records: impl IntoIterator<Item = SourceRef>) -> Self {
        self.needs.extend(records);
        self
    }
    /// The lock it takes.
    #[must_use]
    pub fn lock(mut self, key: impl Into<String>) -> Self {
        self.lock = Some(key.into());
        self
    }
    /// Its cost in calls.
    #[must_use]
    pub fn cost(mut self, expected: u32, worst: u32) -> Self {
        self.cost = Cost { expected, worst };
        self
    }
    /// A refusal is a loss.
    #[must_use]
    pub fn refusal_is_loss(mut self) -> Self {
        self.refusal = Refusal::IsLoss;
        self
    }
    /// Its blind window.
    #[must_use]
    pub fn blind(mut self, seconds: u32) -> Self {
        self.blind_seconds = seconds;
        self
    }
    /// The pass it belongs to.
    #[must_use]
    pub fn pass(mut self, pass: u8) -> Self {
        self.pass = pass;
        self
    }
    /// An argument.
    #[must_use]
    pub fn arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.args.insert(name.into(), value.into());
        self
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(n: &u8) -> bool {
    *n == 0
}
