//! A mapping file as it is written, before anything is looked up; and one laid over another.

use super::handoff::{Acknowledgement, Handoff};
use super::rule::{ContactScope, Fidelity, Row};
use super::toml_node::At;
use super::transform::Table;
use crate::{FieldType, Result};
use serde_json::Value;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: Option<String>,
    pub(crate) default_country: Option<(String, At)>,
    pub(crate) cc_note: Option<bool>,
    pub(crate) contacts: Option<ContactScope>,
    pub(crate) publish_articles: Option<bool>,
    pub(crate) article_links: Option<(Vec<String>, At)>,
    pub(crate) default_collection: Option<String>,
    pub(crate) source_name: Option<String>,
    pub(crate) placeholder_form: Option<(String, At)>,
    /// In the order of the file.
    pub(crate) placeholders: Vec<(String, String)>,
    pub(crate) handoffs: Vec<HandoffSpec>,
    pub(crate) acknowledgements: Vec<AcknowledgementSpec>,
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) destinations: BTreeMap<String, Destination>,
    pub(crate) rows: Vec<RowSpec>,
    pub(crate) objects: Vec<ObjectSpec>,
}

/// What an object of the destination can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Destination {
    pub(crate) registry: String,
    pub(crate) fields: BTreeMap<String, Target>,
}

/// What a field of the destination takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
    Plain(FieldType),
    Link,
    Links,
    /// Several texts.
    Texts,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowSpec(pub(crate) Row, pub(crate) At);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct HandoffSpec {
    pub(crate) at: At,
    pub(crate) handoff: Handoff,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AcknowledgementSpec {
    pub(crate) at: At,
    pub(crate) acknowledgement: Acknowledgement,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectSpec {
    pub(crate) at: At,
    pub(crate) from: String,
    pub(crate) to: Option<String>,
    pub(crate) row: Option<String>,
    pub(crate) fidelity: Option<Fidelity>,
    pub(crate) moves: Option<String>,
    pub(crate) tree: Option<TreeSpec>,
    pub(crate) document: Option<DocumentSpec>,
    pub(crate) key: Option<ChoiceSpec>,
    pub(crate) skips: Vec<SkipSpec>,
    pub(crate) fields: Vec<FieldRule>,
    pub(crate) custom: Option<CustomSpec>,
    pub(crate) categories: Option<CategoriesSpec>,
    pub(crate) wants: Vec<WantSpec>,
    pub(crate) drops: Vec<DropSpec>,
    pub(crate) parts: Option<PartsSpec>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TreeSpec {
    pub(crate) at: At,
    pub(crate) parent: String,
    pub(crate) link: String,
    pub(crate) name: String,
    pub(crate) depth: u32,
    pub(crate) separator: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DocumentSpec {
    pub(crate) at: At,
    pub(crate) body: String,
    pub(crate) locale: String,
    pub(crate) root: String,
    pub(crate) default_locale: String,
    pub(crate) per_locale: Vec<String>,
    /// A line, and the field that makes it needless.
    pub(crate) lines: Vec<(String, Option<String>)>,
    pub(crate) custom: Option<String>,
    pub(crate) files: Option<String>,
    pub(crate) macros: Option<String>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChoiceSpec {
    pub(crate) at: At,
    pub(crate) when: Vec<CondSpec>,
    pub(crate) path: Vec<String>,
    pub(crate) value: Option<Value>,
    pub(crate) transform: Vec<String>,
    pub(crate) table: Option<TableRef>,
    pub(crate) default: Option<Value>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TableRef {
    Named(String),
    Inline(Table),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CondSpec {
    pub(crate) at: At,
    /// A path of the record, or else an option of the mapping.
    pub(crate) path: String,
    pub(crate) option: Option<String>,
    pub(crate) is: Option<Vec<Value>>,
    pub(crate) not: Option<Vec<Value>>,
    pub(crate) exists: Option<bool>,
    pub(crate) differs: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SkipSpec {
    pub(crate) at: At,
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) when: Vec<CondSpec>,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FieldRule {
    pub(crate) at: At,
    pub(crate) to: String,
    pub(crate) row: Option<String>,
    pub(crate) main: ChoiceSpec,
    pub(crate) cases: Vec<ChoiceSpec>,
    pub(crate) field_type: Option<FieldType>,
    pub(crate) options: Vec<String>,
    pub(crate) description: Option<String>,
    pub(crate) max_chars: Option<u32>,
    pub(crate) link: Option<String>,
    pub(crate) merge: Option<String>,
    pub(crate) kept: bool,
    pub(crate) existing: bool,
    pub(crate) with_batch: bool,
    pub(crate) decided: bool,
    pub(crate) needed: Option<String>,
    pub(crate) wanted_if: Option<String>,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CustomSpec {
    pub(crate) at: At,
    pub(crate) path: String,
    pub(crate) to: String,
    pub(crate) exclude: Vec<String>,
    pub(crate) max_chars: Option<u32>,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CategoriesSpec {
    pub(crate) at: At,
    pub(crate) row: Option<String>,
    pub(crate) path: String,
    pub(crate) single: String,
    pub(crate) without_set: String,
    pub(crate) multi: String,
    pub(crate) tag: String,
    pub(crate) most_options: Option<u32>,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WantSpec {
    pub(crate) at: At,
    pub(crate) name: String,
    pub(crate) field_type: FieldType,
    pub(crate) description: Option<String>,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DropSpec {
    pub(crate) at: At,
    /// The list of parts it is about; empty for the object itself.
    pub(crate) each: String,
    pub(crate) path: String,
    pub(crate) why: String,
    pub(crate) when: Vec<CondSpec>,
    pub(crate) unless_like: Option<String>,
    pub(crate) silent: bool,
    pub(crate) remove: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartsSpec {
    pub(crate) orphan_files: Option<String>,
    pub(crate) parts: Vec<PartSpec>,
    pub(crate) drops: Vec<DropSpec>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PartSpec {
    pub(crate) at: At,
    pub(crate) name: String,
    pub(crate) row: Option<String>,
    pub(crate) each: String,
    pub(crate) key: String,
    pub(crate) times: Vec<String>,
    pub(crate) when: Vec<CondSpec>,
    pub(crate) body: Option<String>,
    pub(crate) head: Vec<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) author: Option<String>,
    pub(crate) visibility: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) remove: bool,
}

impl Spec {
    /// Lays another file over this one.
    pub(crate) fn lay(&mut self, over: Spec) -> Result<()> {
        self.name = over.name.or(self.name.take());
        self.default_country = over.default_country.or(self.default_country.take());
        self.cc_note = over.cc_note.or(self.cc_note);
        self.contacts = over.contacts.or(self.contacts);
        self.publish_articles = over.publish_articles.or(self.publish_articles);
        self.article_links = over.article_links.or(self.article_links.take());
        self.default_collection = over.default_collection.or(self.default_collection.take());
        self.source_name = over.source_name.or(self.source_name.take());
        self.placeholder_form = over.placeholder_form.or(self.placeholder_form.take());
        for (name, to) in over.placeholders {
            match self.placeholders.iter_mut().find(|(n, _)| n.to_lowercase() == name.to_lowercase()) {
                Some(entry) => entry.1 = to,
                None => self.placeholders.push((name, to)),
            }
        }
        lay(&mut self.handoffs, over.handoffs)?;
        lay(&mut self.acknowledgements, over.acknowledgements)?;
        for (name, table) in over.tables {
            let base = self.tables.entry(name).or_default();
            for (word, value) in table.0 {
                match base.0.iter_mut().find(|(w, _)| *w == word) {
                    Some(entry) => entry.1 = value,
                    None => base.0.push((word, value)),
                }
            }
        }
        self.destinations.extend(over.destinations);
        lay(&mut self.rows, over.rows)?;
        for object in over.objects {
            match self.objects.iter_mut().find(|o| o.from == object.from) {
                Some(base) => base.lay(object)?,
                None => self.objects.push(object),
            }
        }
        Ok(())
    }
}

impl ObjectSpec {
    fn lay(&mut self, over: ObjectSpec) -> Result<()> {
        self.to = over.to.or(self.to.take());
        self.row = over.row.or(self.row.take());
        self.fidelity = over.fidelity.or(self.fidelity);
        self.key = over.key.or(self.key.take());
        self.moves = over.moves.or(self.moves.take());
        self.tree = over.tree.or(self.tree.take());
        self.document = over.document.or(self.document.take());
        lay(&mut self.skips, over.skips)?;
        lay(&mut self.fields, over.fields)?;
        lay(&mut self.wants, over.wants)?;
        lay(&mut self.drops, over.drops)?;
        self.custom = match (self.custom.take(), over.custom) {
            (Some(base), Some(over)) => Some(over.with_places_of(base)),
            (base, over) => over.or(base),
        };
        self.custom.take_if(|c| c.remove);
        self.categories = over.categories.or(self.categories.take()).filter(|c| !c.remove);
        match (&mut self.parts, over.parts) {
            (Some(base), Some(parts)) => {
                base.orphan_files = parts.orphan_files.or(base.orphan_files.take());
                lay(&mut base.parts, parts.parts)?;
                lay(&mut base.drops, parts.drops)?;
            }
            (base @ None, parts) => *base = parts,
            _ => {}
        }
        Ok(())
    }
}

impl CustomSpec {
    /// An overlay may say only what is to be left out.
    fn with_places_of(mut self, base: CustomSpec) -> Self {
        if self.path.is_empty() {
            self.path = base.path;
        }
        if self.to.is_empty() {
            self.to = base.to;
        }
        self
    }
}

/// A rule with an identity: the second of one identity in a file is an error, in an overlay it replaces the first.
pub(crate) trait Rule {
    fn identity(&self) -> String;
    fn at(&self) -> &At;
    fn remove(&self) -> bool {
        false
    }
}

macro_rules! rules {
    ($($type:ty: |$rule:ident| $identity:expr, $at:expr, $remove:expr;)*) => {$(
        impl Rule for $type {
            fn identity(&self) -> String { let $rule = self; $identity }
            fn at(&self) -> &At { let $rule = self; $at }
            fn remove(&self) -> bool { let $rule = self; let _ = $rule; $remove }
        }
    )*};
}
rules! {
    RowSpec: |r| format!("row {}", r.0.id), &r.1, false;
    HandoffSpec: |r| format!("handoff {}", r.handoff.name), &r.at, r.remove;
    AcknowledgementSpec: |r| format!("acknowledge {}", r.acknowledgement.id), &r.at, r.remove;
    ObjectSpec: |r| format!("object {}", r.from), &r.at, false;
    SkipSpec: |r| format!("skip {}", r.name), &r.at, r.remove;
    FieldRule: |r| format!("field {}", r.to), &r.at, r.remove;
    WantSpec: |r| format!("want {}", r.name), &r.at, r.remove;
    DropSpec: |r| format!("drop {} {}", r.each, r.path), &r.at, r.remove;
    PartSpec: |r| format!("part {}", r.name), &r.at, r.remove;
}

fn lay<R: Rule>(base: &mut Vec<R>, over: Vec<R>) -> Result<()> {
    for rule in over {
        let place = base.iter().position(|b| b.identity() == rule.identity());
        match (place, rule.remove()) {
            (Some(i), true) => {
                base.remove(i);
            }
            (Some(i), false) => base[i] = rule,
            (None, false) => base.push(rule),
            (None, true) => {
                return Err(rule.at().complain(&rule.identity(), "there is no such rule to remove"));
            }
        }
    }
    Ok(())
}

/// Types by the word that mapping files and schema drafts use.
pub(crate) const TYPES: [(&str, FieldType); 7] = [
    ("text", FieldType::Text),
    ("integer", FieldType::Integer),
    ("decimal", FieldType::Decimal),
    ("boolean", FieldType::Boolean),
    ("datetime", FieldType::DateTime),
    ("date", FieldType::Date),
    ("list", FieldType::List),
];
