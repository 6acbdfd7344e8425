//! The rules of an object with everything they name looked up: what the mapper runs on.

use super::choices::{FieldChoice, SetChoice};
use super::path::Path;
use super::spec::Target;
use super::template::Line;
use super::transform::Transform;
use crate::{FieldSpec, Visibility};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The rules of an object with everything looked up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) registry: String,
    /// Moved without being linked to.
    pub(crate) moves_alone: Option<bool>,
    pub(crate) tree: Option<Tree>,
    pub(crate) document: Option<Document>,
    pub(crate) key: Option<Choice>,
    pub(crate) skips: Vec<Skip>,
    pub(crate) fields: Vec<Field>,
    pub(crate) custom: Option<Custom>,
    pub(crate) categories: Option<Categories>,
    pub(crate) wants: Vec<FieldSpec>,
    pub(crate) drops: Vec<Drop>,
    pub(crate) orphan_files: Option<String>,
    pub(crate) parts: Vec<PartRule>,
    pub(crate) part_drops: Vec<Drop>,
    /// The parts of a thread that rules on fields look at.
    pub(crate) heads: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) when: Vec<Cond>,
    pub(crate) paths: Vec<Path>,
    pub(crate) value: Option<Value>,
    pub(crate) transforms: Vec<Transform>,
    pub(crate) default: Option<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cond {
    pub(crate) path: Path,
    pub(crate) is: Option<Vec<String>>,
    pub(crate) not: Option<Vec<String>>,
    pub(crate) exists: Option<bool>,
    pub(crate) differs: Option<Path>,
    /// An option of the mapping says that it doesn't hold, whatever the record.
    pub(crate) never: bool,
}

/// How records that have a parent of their own kind become a tree of few levels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tree {
    pub(crate) parent: Path,
    /// The field that links to the parent.
    pub(crate) link: String,
    /// The field with the name, which gets the path where levels are taken out.
    pub(crate) name: String,
    /// The most levels.
    pub(crate) depth: usize,
    pub(crate) separator: String,
}

/// How a text in several languages becomes one object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Document {
    pub(crate) body: Path,
    pub(crate) locale: Path,
    /// The record that this one says in another language.
    pub(crate) root: Path,
    /// The language of a text that doesn't say it.
    pub(crate) default_locale: String,
    /// Fields that each language has of its own: `title`, `title.da`.
    pub(crate) per_locale: BTreeSet<String>,
    /// Lines below the text.
    pub(crate) lines: Vec<DocumentLine>,
    /// Custom fields that become a table below the text.
    pub(crate) custom: Option<Path>,
    pub(crate) files: Option<Path>,
    /// What stands before and after the name of a macro.
    pub(crate) macros: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentLine {
    pub(crate) line: Line,
    /// Left out when this field of the draft has a value.
    pub(crate) unless: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Skip {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) when: Vec<Cond>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum LinkKind {
    Source,
    Person,
    Team,
    Batch,
    /// To tags of the names at the path.
    Tag,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Merge {
    /// The first record that has a value wins; others are losses.
    First,
    /// As `First`, but the others are known as aliases.
    Id,
    /// The least value wins.
    Min,
    /// True wins.
    Any,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    Always,
    /// When some ticket's number isn't its id.
    Renumbered,
    /// It must be there already.
    Existing,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) row: String,
    pub(crate) to: String,
    pub(crate) target: Target,
    pub(crate) cases: Vec<Choice>,
    pub(crate) main: Choice,
    pub(crate) link: Option<LinkKind>,
    pub(crate) merge: Merge,
    /// What `first` and `last` leave out is kept elsewhere.
    pub(crate) kept: bool,
    /// The batch's mark is added to the links.
    pub(crate) with_batch: bool,
    /// What a person decided for the record wins over what the source says.
    pub(crate) decided: bool,
    /// Without a value the record is refused, and this says what to do.
    pub(crate) needed: Option<String>,
    pub(crate) max_chars: Option<usize>,
    pub(crate) wanted: Wanted,
    pub(crate) options: Vec<String>,
    pub(crate) description: Option<String>,
}

impl Field {
    /// The name of the attribute it fills, if it is one.
    pub(crate) fn attribute(&self) -> Option<&str> {
        self.to.strip_prefix(ATTRIBUTE)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Custom {
    pub(crate) path: Path,
    /// What comes before and after the slug of the name.
    pub(crate) to: (String, String),
    pub(crate) exclude: BTreeSet<String>,
    /// Names that a rule of their own moves.
    pub(crate) ruled: BTreeSet<String>,
    pub(crate) max_chars: Option<usize>,
    /// What people decided, by name.
    pub(crate) choices: BTreeMap<String, FieldChoice>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Categories {
    pub(crate) row: String,
    pub(crate) path: Path,
    pub(crate) single: (String, String),
    pub(crate) without_set: String,
    pub(crate) multi: String,
    pub(crate) tag: String,
    /// A set of more values is a text, not a list.
    pub(crate) most_options: usize,
    /// What people decided, by set.
    pub(crate) choices: BTreeMap<String, SetChoice>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Drop {
    pub(crate) each: String,
    pub(crate) path: Path,
    pub(crate) why: String,
    pub(crate) when: Vec<Cond>,
    pub(crate) unless_like: Option<Path>,
    /// Names below the path that a rule moves.
    pub(crate) except: BTreeSet<String>,
    pub(crate) silent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum AuthorFrom {
    Direction,
    Agent,
    System,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartRule {
    pub(crate) row: String,
    pub(crate) each: String,
    pub(crate) key: Line,
    pub(crate) times: Vec<Path>,
    pub(crate) when: Vec<Cond>,
    pub(crate) body: Option<Path>,
    /// Lines above the body.
    pub(crate) head: Vec<Line>,
    /// Lines that are the body.
    pub(crate) lines: Vec<Line>,
    pub(crate) author: AuthorFrom,
    /// `None`: as the direction says.
    pub(crate) visibility: Option<Visibility>,
    pub(crate) at_end: bool,
}

pub(crate) const ATTRIBUTE: &str = "attribute.";
