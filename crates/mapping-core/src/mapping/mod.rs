//! Mapping as data.

mod check;
mod compile;
mod fields;
mod mapper;
mod names;
mod observe;
mod parts;
mod path;
mod phone;
mod propose;
mod rule;
mod schema;
mod spec;
mod template;
#[cfg(test)]
mod tests;
mod toml_node;
mod transform;

pub use check::{Finding, Severity};
pub use mapper::{Input, Mapped, Mapper};
pub use observe::{CustomUse, Observations};
pub use propose::{Confidence, FieldProposal, Proposal, Proposals, Resolution, propose};
pub use rule::{ContactScope, Fidelity, ObjectRule, Options, Row};

use crate::Result;
use compile::{Compiled, compile};
use spec::Spec;
use toml_node::File;

/// The mappings that come with this crate, by name.
const BUILT_IN: [(&str, &str); 1] =
    [("focalscope-to-intercom", include_str!("../../mappings/focalscope-to-intercom.toml"))];

/// The rules that turn records into drafts: read, looked up and complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    name: String,
    options: Options,
    rows: Vec<Row>,
    objects: Vec<ObjectRule>,
    spec: Spec,
}

impl Mapping {
    /// A mapping that comes with this crate: `focalscope-to-intercom`.
    pub fn built_in(name: &str) -> Option<Mapping> {
        Self::built_in_text(name).and_then(|text| Self::read("built-in", text).ok())
    }

    /// The text of a mapping that comes with this crate.
    pub fn built_in_text(name: &str) -> Option<&'static str> {
        BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// Reads a whole mapping.
    ///
    /// # Errors
    /// `Config`, with line and rule, for anything that isn't understood: a key, a path, a transform, a type, a value
    /// that the source doesn't have, a second rule for the same field.
    pub fn parse(text: &str) -> Result<Mapping> {
        Self::read("file", text)
    }

    fn read(name: &str, text: &str) -> Result<Mapping> {
        Self::of(Spec::read(&File { name, text })?)
    }

    /// This mapping with a person's changes laid over it, in the same format. A rule replaces the one with its
    /// identity (object and destination field); `remove = true` takes it out; options and entries of value tables
    /// are laid over one by one.
    ///
    /// # Errors
    /// As [`parse`](Mapping::parse), and for removing what isn't there.
    pub fn overlay(&self, text: &str) -> Result<Mapping> {
        let mut spec = self.spec.clone();
        spec.lay(Spec::read(&File { name: "overlay", text })?)?;
        Self::of(spec)
    }

    fn of(spec: Spec) -> Result<Mapping> {
        let Compiled { options, rows, objects } = compile(&spec)?;
        Ok(Mapping { name: spec.name.clone().unwrap_or_default(), options, rows, objects, spec })
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
