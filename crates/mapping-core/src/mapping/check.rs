//! What must exist at the destination, and whether it does.

use super::{Mapping, Observations};
use crate::{Catalog, Draft, FieldSpec};
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// Nothing may be written before it is settled.
    Blocker,
}

/// Something wrong between the mapping and the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The row of the mapping.
    pub row: String,
    /// The rule: kind of object and destination field.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub why: String,
}

impl Mapping {
    /// The fields that must exist at the destination before the first draft.
    pub fn wanted_fields(&self, seen: &Observations) -> Vec<FieldSpec> {
        let _ = seen;
        Vec::new()
    }
    /// The tags that must exist: values of category sets of which a ticket may have several.
    pub fn wanted_tags(&self, seen: &Observations) -> Vec<String> {
        let _ = seen;
        Vec::new()
    }
    /// Drafts of the wanted fields and tags, for provisioning. What exists already is for the caller to leave out.
    pub fn schema_drafts(&self, seen: &Observations) -> Vec<Draft> {
        let _ = seen;
        Vec::new()
    }
    /// Compares the rules with what the destination has and what will be provisioned.
    pub fn check(&self, to: &Catalog, provisioned: &[FieldSpec]) -> Vec<Finding> {
        let _ = (to, provisioned);
        Vec::new()
    }
}
