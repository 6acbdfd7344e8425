//! What a mapping says about one kind of record, as programs see it.

use super::plan::Plan;
use super::{Observations, tree};
use crate::{Kind, SourceRef};
use serde::{Deserialize, Serialize};

/// How much of an object survives the move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Fidelity {
    /// One record becomes one object, nothing missing.
    #[serde(rename = "1:1")]
    OneToOne,
    /// One record becomes several objects or places.
    #[serde(rename = "1:many")]
    OneToMany,
    /// Something is cut, merged or written in another form; each time with a [`Loss`](crate::Loss).
    #[serde(rename = "lossy")]
    Lossy,
    /// There is no write; it is handed over in writing.
    #[serde(rename = "hand-off")]
    HandOff,
}

impl Fidelity {
    /// The word used in mapping files.
    pub fn as_str(self) -> &'static str {
        match self {
            Fidelity::OneToOne => "1:1",
            Fidelity::OneToMany => "1:many",
            Fidelity::Lossy => "lossy",
            Fidelity::HandOff => "hand-off",
        }
    }
}

/// A row of the object mapping, with or without rules: what a plan prints for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its id: `I1`.
    pub id: String,
    /// What it is at the source.
    pub source: String,
    /// What it becomes.
    pub destination: String,
    /// How much survives.
    pub fidelity: Fidelity,
    /// What to know about it.
    pub note: String,
}

/// Which contacts are moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactScope {
    /// Those that a moved ticket links to.
    #[default]
    Linked,
    /// All of them.
    All,
}

/// Settings that change what the rules do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Options {
    /// The country (ISO 3166 alpha-2) of telephone numbers that don't name theirs. Without it such numbers are not
    /// turned into E.164.
    pub default_country: Option<String>,
    /// Copies (CC) of a message are kept in an internal note behind it. Off: they are listed as a loss.
    pub cc_note: bool,
    /// Which contacts are moved.
    pub contacts: ContactScope,
    /// Articles that are published at the source are published when they arrive. Off: they arrive as drafts.
    pub publish_articles: bool,
    /// Forms of the addresses by which articles link to each other: `/kb/{id}/`. The host is not looked at.
    pub article_links: Vec<String>,
    /// The name of the collection of articles that have none.
    pub default_collection: String,
    /// What the source is called in descriptions and stand-ins.
    pub source_name: String,
}
impl Default for Options {
    fn default() -> Self {
        Options {
            default_country: None,
            cc_note: false,
            contacts: ContactScope::default(),
            publish_articles: false,
            article_links: Vec::new(),
            default_collection: "Other".to_owned(),
            source_name: "the source".to_owned(),
        }
    }
}

/// The rules for one kind of record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ObjectRule {
    /// The row it carries out.
    pub row: String,
    /// The kind at the source.
    pub from: Kind,
    /// The kind at the destination.
    pub to: Kind,
    /// How much survives.
    pub fidelity: Fidelity,
    pub(crate) plan: Plan,
}

impl ObjectRule {
    /// How many objects of its own kind are above a record at the destination: they are written first.
    pub fn level(&self, seen: &Observations, record: &SourceRef) -> usize {
        self.plan.tree.as_ref().map_or(0, |t| tree::level(t, seen, record))
    }
}
