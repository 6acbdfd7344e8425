//! Applies the rules: a record or a thread goes in, a draft and its losses come out.

use super::{Mapping, ObjectRule, Observations, Resolution};
use crate::model::{Record, Thread};
use crate::{Draft, Error, Loss, Private, Result, SourceRef};

/// What a draft is made of.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// Records with one natural key, ordered by id.
    Records(&'a [Record]),
    /// A ticket with its thread.
    Thread(&'a Thread),
}

/// What became of an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// The draft; `None` when a rule leaves the record out.
    pub draft: Option<Draft>,
    /// What could not be moved as it was.
    pub losses: Vec<Loss>,
    /// Why the record is left out: the name of the skip rule (`spam`, `deleted`, `merged`).
    pub skipped: Option<String>,
}

/// Applies a mapping. Pure: equal inputs make equal drafts.
#[derive(Debug)]
pub struct Mapper<'a> {
    mapping: &'a Mapping,
    resolution: &'a Resolution,
    seen: &'a Observations,
}

impl<'a> Mapper<'a> {
    /// A mapper over what was confirmed and observed.
    pub fn new(mapping: &'a Mapping, resolution: &'a Resolution, seen: &'a Observations) -> Self {
        Mapper { mapping, resolution, seen }
    }

    /// The natural key of a record: records with one key become one draft. `None`: it stands alone.
    pub fn natural_key(&self, rule: &ObjectRule, record: &Record) -> Option<Private> {
        let _ = (self.mapping, self.resolution, self.seen, rule, record);
        None
    }

    /// The draft of an input.
    ///
    /// # Errors
    /// `Bug` when the input is of another kind than the rule.
    pub fn map(&self, rule: &ObjectRule, input: Input<'_>) -> Result<Mapped> {
        let _ = (rule, input);
        Err(Error::bug("not yet"))
    }

    /// The draft that stands in for a record that isn't there: `contact:stand-in` for tickets without a contact.
    pub fn stand_in(&self, record: &SourceRef) -> Option<Draft> {
        let _ = record;
        None
    }
}
