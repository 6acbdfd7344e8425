//! The rules of an object with everything they name looked up: what the mapper runs on.

use super::path::Path;
use super::spec::Target;
use super::template::Line;
use super::transform::Transform;
use crate::{FieldSpec, Visibility};
use serde_json::Value;
use std::collections::BTreeSet;

/// The rules of an object with everything looked up.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) registry: String,
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
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Categories {
    pub(crate) row: String,
    pub(crate) path: Path,
    pub(crate) single: (String, String),
    pub(crate) without_set: String,
    pub(crate) multi: String,
    pub(crate) tag: String,
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
