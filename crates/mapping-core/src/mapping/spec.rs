//! A mapping file as it is written, before anything is looked up; and one file laid over another.

use super::rule::{ContactScope, Fidelity, Row};
use super::toml_node::{At, File, Node};
use super::transform::{Table, unknown};
use crate::{FieldType, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use toml::de::DeTable;

#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spec {
    pub(crate) name: Option<String>,
    pub(crate) default_country: Option<(String, At)>,
    pub(crate) cc_note: Option<bool>,
    pub(crate) contacts: Option<ContactScope>,
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
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowSpec(pub(crate) Row, pub(crate) At);

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ObjectSpec {
    pub(crate) at: At,
    pub(crate) from: String,
    pub(crate) to: Option<String>,
    pub(crate) row: Option<String>,
    pub(crate) fidelity: Option<Fidelity>,
    pub(crate) key: Option<ChoiceSpec>,
    pub(crate) skips: Vec<SkipSpec>,
    pub(crate) fields: Vec<FieldRule>,
    pub(crate) custom: Option<CustomSpec>,
    pub(crate) categories: Option<CategoriesSpec>,
    pub(crate) wants: Vec<WantSpec>,
    pub(crate) drops: Vec<DropSpec>,
    pub(crate) parts: Option<PartsSpec>,
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
    pub(crate) path: String,
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
    pub(crate) lines: Vec<String>,
    pub(crate) author: Option<String>,
    pub(crate) visibility: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) remove: bool,
}

const WHEN: &[&str] = &["path", "is", "not", "exists", "differs"];

impl Spec {
    /// Reads a file.
    pub(crate) fn read(file: &File<'_>) -> Result<Spec> {
        let document = DeTable::parse(file.text).map_err(|e| file.refuse(&e))?;
        let known = ["name", "options", "table", "destination", "row", "object"];
        let root = Node::root(file, document.get_ref(), &known)?;
        let mut spec = Spec { name: root.text("name")?, ..Spec::default() };
        let options = ["default_country", "cc_note", "contacts"];
        if let Some(node) = root.table("options", "[options]", Some(&options))? {
            spec.default_country = node.text("default_country")?.map(|c| (c, node.at.clone()));
            spec.cc_note = node.flag("cc_note")?;
            spec.contacts =
                word(&node, "contacts", &[("linked", ContactScope::Linked), ("all", ContactScope::All)])?;
        }
        if let Some(node) = root.table("table", "[table]", None)? {
            for (name, table) in node.children("table")? {
                spec.tables.insert(name, Table(table.entries()?));
            }
        }
        if let Some(node) = root.table("destination", "[destination]", None)? {
            for (name, destination) in node.children("destination")? {
                spec.destinations.insert(name, read_destination(&destination)?);
            }
        }
        let row_keys = ["id", "source", "destination", "fidelity", "note"];
        for node in root.tables("row", "[[row]]", &row_keys)? {
            spec.rows.push(read_row(&node)?);
        }
        for node in root.tables("object", "[[object]]", OBJECT)? {
            spec.objects.push(read_object(&node)?);
        }
        once(&spec.rows)?;
        once(&spec.objects)?;
        Ok(spec)
    }

    /// Lays another file over this one.
    pub(crate) fn lay(&mut self, over: Spec) -> Result<()> {
        self.name = over.name.or(self.name.take());
        self.default_country = over.default_country.or(self.default_country.take());
        self.cc_note = over.cc_note.or(self.cc_note);
        self.contacts = over.contacts.or(self.contacts);
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
    ObjectSpec: |r| format!("object {}", r.from), &r.at, false;
    SkipSpec: |r| format!("skip {}", r.name), &r.at, r.remove;
    FieldRule: |r| format!("field {}", r.to), &r.at, r.remove;
    WantSpec: |r| format!("want {}", r.name), &r.at, r.remove;
    DropSpec: |r| format!("drop {} {}", r.each, r.path), &r.at, r.remove;
    PartSpec: |r| format!("part {}", r.name), &r.at, r.remove;
}

fn once<R: Rule>(rules: &[R]) -> Result<()> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for rule in rules {
        if let Some(first) = seen.insert(rule.identity(), rule.at().line) {
            let why = format!("there is one already, on line {first}");
            return Err(rule.at().complain(&rule.identity(), &why));
        }
    }
    Ok(())
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

fn word<T: Copy>(node: &Node<'_>, key: &str, known: &[(&str, T)]) -> Result<Option<T>> {
    let Some(text) = node.text(key)? else { return Ok(None) };
    match known.iter().find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(Some(*value)),
        None => Err(node.complain(&unknown(key, &text, known.iter().map(|(name, _)| *name)))),
    }
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

fn read_destination(node: &Node<'_>) -> Result<Destination> {
    let mut fields = BTreeMap::new();
    let mut known: Vec<(&str, Target)> = TYPES.iter().map(|(n, t)| (*n, Target::Plain(*t))).collect();
    known.extend([("link", Target::Link), ("links", Target::Links)]);
    if let Some(table) = node.table("fields", "[destination.….fields]", None)? {
        for (name, _) in table.entries()? {
            if let Some(target) = word(&table, &name, &known)? {
                fields.insert(name, target);
            }
        }
    }
    Ok(Destination { registry: node.needed("registry")?, fields })
}

const FIDELITIES: [(&str, Fidelity); 4] = [
    ("1:1", Fidelity::OneToOne),
    ("1:many", Fidelity::OneToMany),
    ("lossy", Fidelity::Lossy),
    ("hand-off", Fidelity::HandOff),
];

fn read_row(node: &Node<'_>) -> Result<RowSpec> {
    let fidelity = word(node, "fidelity", &FIDELITIES)?;
    let row = Row {
        id: node.needed("id")?,
        source: node.needed("source")?,
        destination: node.needed("destination")?,
        fidelity: fidelity.ok_or_else(|| node.complain("`fidelity` is missing"))?,
        note: node.text("note")?.unwrap_or_default(),
    };
    Ok(RowSpec(row, node.at.clone()))
}

const OBJECT: &[&str] = &[
    "row",
    "from",
    "to",
    "fidelity",
    "key",
    "skip",
    "field",
    "custom",
    "categories",
    "want",
    "drop",
    "parts",
];
const FIELD: &[&str] = &[
    "to",
    "row",
    "path",
    "value",
    "transform",
    "table",
    "default",
    "when",
    "case",
    "type",
    "options",
    "description",
    "max_chars",
    "link",
    "merge",
    "kept",
    "existing",
    "wanted_if",
    "remove",
];
const CASE: &[&str] = &["when", "path", "value", "transform", "table"];
const SKIP: &[&str] = &["name", "why", "when", "remove"];
const CUSTOM: &[&str] = &["path", "to", "exclude", "max_chars", "remove"];
const CATEGORIES: &[&str] = &["row", "path", "single", "without_set", "multi", "tag", "remove"];
const WANT: &[&str] = &["name", "type", "description", "remove"];
const DROP: &[&str] = &["path", "why", "when", "silent", "remove"];
const PARTS: &[&str] = &["orphan_files", "part", "drop"];
const PART: &[&str] =
    &["name", "row", "each", "key", "at", "when", "body", "lines", "author", "visibility", "place", "remove"];
const PART_DROP: &[&str] = &["each", "path", "why", "unless_like", "silent", "remove"];

fn read_object(node: &Node<'_>) -> Result<ObjectSpec> {
    let key = node.table("key", "`key`", Some(&["path", "transform"]))?;
    let each = |key: &str, known| node.tables(key, &format!("[[object.{key}]]"), known);
    let custom = node.table("custom", "[object.custom]", Some(CUSTOM))?;
    let categories = node.table("categories", "[object.categories]", Some(CATEGORIES))?;
    let parts = node.table("parts", "[object.parts]", Some(PARTS))?;
    let object = ObjectSpec {
        at: node.at.clone(),
        from: node.needed("from")?,
        to: node.text("to")?,
        row: node.text("row")?,
        fidelity: word(node, "fidelity", &FIDELITIES)?,
        key: key.map(|k| read_choice(&k)).transpose()?,
        skips: each("skip", SKIP)?.iter().map(read_skip).collect::<Result<_>>()?,
        fields: each("field", FIELD)?.iter().map(read_field).collect::<Result<_>>()?,
        custom: custom.map(|c| read_custom(&c)).transpose()?,
        categories: categories.map(|c| read_categories(&c)).transpose()?,
        wants: each("want", WANT)?.iter().map(read_want).collect::<Result<_>>()?,
        drops: each("drop", DROP)?.iter().map(read_drop).collect::<Result<_>>()?,
        parts: parts.map(|p| read_parts(&p)).transpose()?,
    };
    once(&object.skips)?;
    once(&object.fields)?;
    once(&object.wants)?;
    once(&object.drops)?;
    Ok(object)
}

fn read_choice(node: &Node<'_>) -> Result<ChoiceSpec> {
    let table = match node.is_table("table") {
        true => {
            node.table("table", "`table`", None)?.map(|t| t.entries().map(|e| TableRef::Inline(Table(e))))
        }
        false => node.text("table")?.map(|name| Ok(TableRef::Named(name))),
    };
    Ok(ChoiceSpec {
        at: node.at.clone(),
        when: read_when(node)?,
        path: node.texts("path")?.unwrap_or_default(),
        value: node.scalar("value")?,
        transform: node.texts("transform")?.unwrap_or_default(),
        table: table.transpose()?,
        default: node.scalar("default")?,
    })
}

fn read_when(node: &Node<'_>) -> Result<Vec<CondSpec>> {
    let conditions = node.tables("when", "`when`", WHEN)?;
    let read = |c: &Node<'_>| {
        let cond = CondSpec {
            at: c.at.clone(),
            path: c.needed("path")?,
            is: c.scalars("is")?,
            not: c.scalars("not")?,
            exists: c.flag("exists")?,
            differs: c.text("differs")?,
        };
        if cond.is.is_none() && cond.not.is_none() && cond.exists.is_none() && cond.differs.is_none() {
            return Err(c.complain("a condition needs one of `is`, `not`, `exists`, `differs`"));
        }
        Ok(cond)
    };
    conditions.iter().map(read).collect()
}

fn read_skip(node: &Node<'_>) -> Result<SkipSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    let when = read_when(node)?;
    if when.is_empty() && !remove {
        return Err(node.complain("`when` is missing; this would leave out everything"));
    }
    Ok(SkipSpec {
        at: node.at.clone(),
        name: node.needed("name")?,
        why: if remove { String::new() } else { node.needed("why")? },
        when,
        remove,
    })
}

fn read_field(node: &Node<'_>) -> Result<FieldRule> {
    Ok(FieldRule {
        at: node.at.clone(),
        to: node.needed("to")?,
        row: node.text("row")?,
        main: read_choice(node)?,
        cases: node
            .tables("case", "[[object.field.case]]", CASE)?
            .iter()
            .map(read_choice)
            .collect::<Result<_>>()?,
        field_type: word(node, "type", &TYPES)?,
        options: node.texts("options")?.unwrap_or_default(),
        description: node.text("description")?,
        max_chars: node.number("max_chars")?,
        link: node.text("link")?,
        merge: node.text("merge")?,
        kept: node.flag("kept")?.unwrap_or(false),
        existing: node.flag("existing")?.unwrap_or(false),
        wanted_if: node.text("wanted_if")?,
        remove: node.flag("remove")?.unwrap_or(false),
    })
}

fn read_custom(node: &Node<'_>) -> Result<CustomSpec> {
    Ok(CustomSpec {
        at: node.at.clone(),
        path: node.text("path")?.unwrap_or_default(),
        to: node.text("to")?.unwrap_or_default(),
        exclude: node.texts("exclude")?.unwrap_or_default(),
        max_chars: node.number("max_chars")?,
        remove: node.flag("remove")?.unwrap_or(false),
    })
}

fn read_categories(node: &Node<'_>) -> Result<CategoriesSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    let text = |key: &str| if remove { Ok(String::new()) } else { node.needed(key) };
    Ok(CategoriesSpec {
        at: node.at.clone(),
        row: node.text("row")?,
        path: text("path")?,
        single: text("single")?,
        without_set: text("without_set")?,
        multi: text("multi")?,
        tag: text("tag")?,
        remove,
    })
}

fn read_want(node: &Node<'_>) -> Result<WantSpec> {
    Ok(WantSpec {
        at: node.at.clone(),
        name: node.needed("name")?,
        field_type: word(node, "type", &TYPES)?.unwrap_or(FieldType::Text),
        description: node.text("description")?,
        remove: node.flag("remove")?.unwrap_or(false),
    })
}

fn read_drop(node: &Node<'_>) -> Result<DropSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    Ok(DropSpec {
        at: node.at.clone(),
        each: node.text("each")?.unwrap_or_default(),
        path: node.needed("path")?,
        why: if remove { String::new() } else { node.needed("why")? },
        when: read_when(node)?,
        unless_like: node.text("unless_like")?,
        silent: node.flag("silent")?.unwrap_or(false),
        remove,
    })
}

fn read_parts(node: &Node<'_>) -> Result<PartsSpec> {
    let parts = node.tables("part", "[[object.parts.part]]", PART)?;
    let drops = node.tables("drop", "[[object.parts.drop]]", PART_DROP)?;
    let parts = PartsSpec {
        orphan_files: node.text("orphan_files")?,
        parts: parts.iter().map(read_part).collect::<Result<_>>()?,
        drops: drops.iter().map(read_drop).collect::<Result<_>>()?,
    };
    once(&parts.parts)?;
    once(&parts.drops)?;
    Ok(parts)
}

fn read_part(node: &Node<'_>) -> Result<PartSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    let text = |key: &str| if remove { Ok(String::new()) } else { node.needed(key) };
    Ok(PartSpec {
        at: node.at.clone(),
        name: node.needed("name")?,
        row: node.text("row")?,
        each: text("each")?,
        key: text("key")?,
        times: node.texts("at")?.unwrap_or_default(),
        when: read_when(node)?,
        body: node.text("body")?,
        lines: node.texts("lines")?.unwrap_or_default(),
        author: node.text("author")?,
        visibility: node.text("visibility")?,
        place: node.text("place")?,
        remove,
    })
}
