//! What a check found, and how to mend it.

use serde::{Deserialize, Serialize};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Fine; said so that a person knows it was looked at.
    Good,
    /// To be known, nothing to do.
    Note,
    /// Look at it; the run goes on.
    Warning,
    /// The run can't go on before it is mended.
    Problem,
}

/// What a check found. No customer text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `source`, `destination`, `mapping conversation_attribute/plan__c`, `agents.csv line 3`.
    pub subject: String,
    /// What was found.
    pub what: String,
    /// How to mend it; empty when there is nothing to mend.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mend: String,
}
impl Finding {
    /// A finding.
    pub fn new(severity: Severity, subject: impl Into<String>, what: impl Into<String>) -> Self {
        Finding { severity, subject: subject.into(), what: what.into(), mend: String::new() }
    }
    /// Says how to mend it.
    #[must_use]
    pub fn mend(mut self, how: impl Into<String>) -> Self {
        self.mend = how.into();
        self
    }
}
