//! Mapping as data.

mod check;
mod mapper;
mod observe;
mod propose;
mod rule;
mod transform;

pub use check::{Finding, Severity};
pub use mapper::{Input, Mapped, Mapper};
pub use observe::{CustomUse, Observations};
pub use propose::{Confidence, FieldProposal, Proposal, Proposals, Resolution, propose};
pub use rule::{ContactScope, Fidelity, ObjectRule, Options, Row};

use crate::{Error, Result};

/// The rules that turn records into drafts.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    name: String,
    options: Options,
    rows: Vec<Row>,
    objects: Vec<ObjectRule>,
}

impl Mapping {
    /// A mapping that comes with this crate: `focalscope-to-intercom`.
    pub fn built_in(name: &str) -> Option<Mapping> {
        Self::built_in_text(name).and_then(|text| Self::parse(text).ok())
    }
    /// The text of a mapping that comes with this crate.
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        let _ = name;
        None
    }
    /// Reads a mapping.
    ///
    /// # Errors
    /// `Config`, with rule and line, for anything that isn't understood: keys, paths, transforms, types.
    pub fn parse(text: &str) -> Result<Mapping> {
        let _ = text;
        Err(Error::bug("not yet"))
    }
    /// This mapping with a person's changes laid over it, in the same format. A rule replaces the one with its
    /// identity (object and destination field); `remove = true` takes it out.
    ///
    /// # Errors
    /// As [`parse`](Mapping::parse).
    pub fn overlay(&self, text: &str) -> Result<Mapping> {
        let _ = text;
        Err(Error::bug("not yet"))
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Every row of the object mapping, hand-offs included.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }
    /// The settings.
    pub fn options(&self) -> &Options {
        &self.options
    }
    /// The rules by kind of record, in dependency order.
    pub fn objects(&self) -> &[ObjectRule] {
        &self.objects
    }
    /// The rules for a kind of source record.
    pub fn object(&self, from: &str) -> Option<&ObjectRule> {
        self.objects.iter().find(|o| o.from == *from)
    }
}
