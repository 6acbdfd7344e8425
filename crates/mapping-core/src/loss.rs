//! What could not be moved as it was.

use crate::{Private, SourceRef};
use serde::{Deserialize, Serialize};

/// The kind of a loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LossRule {
    /// A value was made shorter.
    Cut,
    /// Several became one, or one became several.
    Merged,
    /// A default stands in for a missing or unknown value.
    Defaulted,
    /// A value was written in another form (HTML as text, a time inside a header).
    Recast,
    /// A value has no place at the destination and was left out.
    Dropped,
    /// The platform refused it when it was written.
    Refused,
    /// A time outside what the platform takes was moved.
    Clamped,
    /// A record or part was left out by rule (spam, deleted).
    Skipped,
    /// Something was added that wasn't at the source (an opening stub).
    Added,
}

/// One thing that was cut, merged, defaulted, refused or left out: which record, which field, before, after and why.
///
/// The values stay in the run's database; reports show record, field, rule and reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The record.
    pub record: SourceRef,
    /// The field or part: `attr.focalscope_priority__c`, `parts[m-17].body`.
    pub field: String,
    /// The kind of loss.
    pub rule: LossRule,
    /// Why, in one sentence without customer text.
    pub why: String,
    /// The value before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Private>,
    /// The value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Private>,
}

impl Loss {
    /// A loss without its values.
    pub fn new(record: SourceRef, field: impl Into<String>, rule: LossRule, why: impl Into<String>) -> Self {
        Loss { record, field: field.into(), rule, why: why.into(), before: None, after: None }
    }
    /// Adds the values before and after.
    #[must_use]
    pub fn values(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        self.before = Some(Private::from(before.into()));
        self.after = Some(Private::from(after.into()));
        self
    }
}
