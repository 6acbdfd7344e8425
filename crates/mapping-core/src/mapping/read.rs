//! Reads a mapping file: which keys each table may have, and what they must be.

use super::handoff::{Acknowledgement, Handoff, Nearest};
use super::path::text_of;
use super::rule::{ContactScope, Fidelity, Row};
use super::spec::{
    AcknowledgementSpec, CategoriesSpec, ChoiceSpec, CondSpec, CustomSpec, Destination, DocumentSpec,
    DropSpec, FieldRule, HandoffSpec, ObjectSpec, PartSpec, PartsSpec, RowSpec, Rule, SkipSpec, Spec, TYPES,
    TableRef, Target, TreeSpec, WantSpec,
};
use super::toml_node::{File, Node};
use super::transform::{Table, unknown};
use crate::{FieldType, Result};
use std::collections::BTreeMap;
use toml::de::DeTable;

const ROOT: &[&str] =
    &["name", "options", "table", "destination", "row", "object", "placeholders", "handoff", "acknowledge"];
const OPTIONS: &[&str] = &[
    "default_country",
    "cc_note",
    "contacts",
    "publish_articles",
    "article_links",
    "default_collection",
    "source_name",
];
const PLACEHOLDERS: &[&str] = &["form", "table"];
const HANDOFF: &[&str] =
    &["name", "row", "from", "title", "destination", "place", "check", "note", "nearest", "remove"];
const NEAREST: &[&str] = &["words", "suggest"];
const ACKNOWLEDGE: &[&str] = &["id", "text", "place", "remove"];
const TREE: &[&str] = &["parent", "link", "name", "depth", "separator"];
const DOCUMENT: &[&str] =
    &["body", "locale", "root", "default_locale", "per_locale", "line", "custom", "files", "macros"];
const DOCUMENT_LINE: &[&str] = &["text", "unless"];
const WHEN: &[&str] = &["path", "option", "is", "not", "exists", "differs"];

impl Spec {
    /// Reads a file.
    pub(crate) fn read(file: &File<'_>) -> Result<Spec> {
        let document = DeTable::parse(file.text).map_err(|e| file.refuse(&e))?;
        let root = Node::root(file, document.get_ref(), ROOT)?;
        let mut spec = Spec { name: root.text("name")?, ..Spec::default() };
        if let Some(node) = root.table("options", "[options]", Some(OPTIONS))? {
            spec.default_country = node.text("default_country")?.map(|c| (c, node.at.clone()));
            spec.cc_note = node.flag("cc_note")?;
            spec.contacts =
                word(&node, "contacts", &[("linked", ContactScope::Linked), ("all", ContactScope::All)])?;
            spec.publish_articles = node.flag("publish_articles")?;
            spec.article_links = node.texts("article_links")?.map(|l| (l, node.at.clone()));
            spec.default_collection = node.text("default_collection")?;
            spec.source_name = node.text("source_name")?;
        }
        if let Some(node) = root.table("placeholders", "[placeholders]", Some(PLACEHOLDERS))? {
            spec.placeholder_form = node.text("form")?.map(|f| (f, node.at.clone()));
            if let Some(table) = node.table("table", "[placeholders.table]", None)? {
                let entries = table.entries()?.into_iter();
                spec.placeholders = entries.map(|(name, to)| (name, text_of(&to))).collect();
            }
        }
        for node in root.tables("handoff", "[[handoff]]", HANDOFF)? {
            spec.handoffs.push(read_handoff(&node)?);
        }
        for node in root.tables("acknowledge", "[[acknowledge]]", ACKNOWLEDGE)? {
            spec.acknowledgements.push(read_acknowledgement(&node)?);
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
        once(&spec.handoffs)?;
        once(&spec.acknowledgements)?;
        Ok(spec)
    }
}

/// The keys that each table may have, by the schema's name for it.
#[cfg(test)]
pub(super) const KEYS: [(&str, &[&str]); 21] = [
    ("", ROOT),
    ("/properties/options", OPTIONS),
    ("/properties/placeholders", PLACEHOLDERS),
    ("/properties/handoff/items", HANDOFF),
    ("/properties/handoff/items/properties/nearest/items", NEAREST),
    ("/properties/acknowledge/items", ACKNOWLEDGE),
    ("/definitions/condition", WHEN),
    ("/properties/object/items", OBJECT),
    ("/properties/object/items/properties/tree", TREE),
    ("/properties/object/items/properties/document", DOCUMENT),
    ("/properties/object/items/properties/document/properties/line/items", DOCUMENT_LINE),
    ("/properties/object/items/properties/field/items", FIELD),
    ("/properties/object/items/properties/field/items/properties/case/items", CASE),
    ("/properties/object/items/properties/skip/items", SKIP),
    ("/properties/object/items/properties/custom", CUSTOM),
    ("/properties/object/items/properties/categories", CATEGORIES),
    ("/properties/object/items/properties/want/items", WANT),
    ("/properties/object/items/properties/drop/items", DROP),
    ("/properties/object/items/properties/parts", PARTS),
    ("/properties/object/items/properties/parts/properties/part/items", PART),
    ("/properties/object/items/properties/parts/properties/drop/items", PART_DROP),
];

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

fn word<T: Copy>(node: &Node<'_>, key: &str, known: &[(&str, T)]) -> Result<Option<T>> {
    let Some(text) = node.text(key)? else { return Ok(None) };
    match known.iter().find(|(name, _)| *name == text) {
        Some((_, value)) => Ok(Some(*value)),
        None => Err(node.complain(&unknown(key, &text, known.iter().map(|(name, _)| *name)))),
    }
}

fn read_destination(node: &Node<'_>) -> Result<Destination> {
    let mut fields = BTreeMap::new();
    let mut known: Vec<(&str, Target)> = TYPES.iter().map(|(n, t)| (*n, Target::Plain(*t))).collect();
    known.extend([("link", Target::Link), ("links", Target::Links), ("texts", Target::Texts)]);
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

/// A name that can be that of a file.
fn plain_name(node: &Node<'_>, key: &str) -> Result<String> {
    let name = node.needed(key)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !name.is_empty() && name.len() <= 60 && name.chars().all(plain) {
        true => Ok(name),
        false => Err(node.complain(&format!("`{key}` must be 1 to 60 letters, digits, `-` or `_`"))),
    }
}

fn read_handoff(node: &Node<'_>) -> Result<HandoffSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    let text = |key: &str| if remove { Ok(String::new()) } else { node.needed(key) };
    let nearest = node.tables("nearest", "[[handoff.nearest]]", NEAREST)?;
    let read = |n: &Node<'_>| {
        let words = n.texts("words")?.unwrap_or_default();
        if words.iter().all(|w| w.trim().is_empty()) {
            return Err(n.complain("`words` is missing"));
        }
        Ok(Nearest { words, suggest: n.needed("suggest")? })
    };
    let handoff = Handoff {
        name: plain_name(node, "name")?,
        row: text("row")?,
        from: text("from")?,
        title: text("title")?,
        destination: text("destination")?,
        place: text("place")?,
        check: node.text("check")?,
        note: node.text("note")?,
        nearest: nearest.iter().map(read).collect::<Result<_>>()?,
    };
    Ok(HandoffSpec { at: node.at.clone(), handoff, remove })
}

fn read_acknowledgement(node: &Node<'_>) -> Result<AcknowledgementSpec> {
    let remove = node.flag("remove")?.unwrap_or(false);
    let acknowledgement = Acknowledgement {
        id: plain_name(node, "id")?,
        text: if remove { String::new() } else { node.needed("text")? },
        place: node.text("place")?.unwrap_or_default(),
    };
    Ok(AcknowledgementSpec { at: node.at.clone(), acknowledgement, remove })
}

const OBJECT: &[&str] = &[
    "row",
    "from",
    "to",
    "fidelity",
    "moves",
    "tree",
    "document",
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
    "with_batch",
    "decided",
    "needed",
    "wanted_if",
    "remove",
];
const CASE: &[&str] = &["when", "path", "value", "transform", "table"];
const SKIP: &[&str] = &["name", "why", "when", "remove"];
const CUSTOM: &[&str] = &["path", "to", "exclude", "max_chars", "remove"];
const CATEGORIES: &[&str] =
    &["row", "path", "single", "without_set", "multi", "tag", "most_options", "remove"];
const WANT: &[&str] = &["name", "type", "description", "remove"];
const DROP: &[&str] = &["path", "why", "when", "silent", "remove"];
const PARTS: &[&str] = &["orphan_files", "part", "drop"];
const PART: &[&str] = &[
    "name",
    "row",
    "each",
    "key",
    "at",
    "when",
    "body",
    "head",
    "lines",
    "author",
    "visibility",
    "place",
    "remove",
];
const PART_DROP: &[&str] = &["each", "path", "why", "unless_like", "silent", "remove"];

fn read_object(node: &Node<'_>) -> Result<ObjectSpec> {
    let key = node.table("key", "`key`", Some(&["path", "transform"]))?;
    let each = |key: &str, known| node.tables(key, &format!("[[object.{key}]]"), known);
    let custom = node.table("custom", "[object.custom]", Some(CUSTOM))?;
    let categories = node.table("categories", "[object.categories]", Some(CATEGORIES))?;
    let parts = node.table("parts", "[object.parts]", Some(PARTS))?;
    let tree = node.table("tree", "[object.tree]", Some(TREE))?;
    let document = node.table("document", "[object.document]", Some(DOCUMENT))?;
    let object = ObjectSpec {
        at: node.at.clone(),
        from: node.needed("from")?,
        to: node.text("to")?,
        row: node.text("row")?,
        fidelity: word(node, "fidelity", &FIDELITIES)?,
        moves: node.text("moves")?,
        tree: tree.map(|t| read_tree(&t)).transpose()?,
        document: document.map(|d| read_document(&d)).transpose()?,
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

fn read_tree(node: &Node<'_>) -> Result<TreeSpec> {
    Ok(TreeSpec {
        at: node.at.clone(),
        parent: node.needed("parent")?,
        link: node.needed("link")?,
        name: node.needed("name")?,
        depth: node.number("depth")?.ok_or_else(|| node.complain("`depth` is missing"))?,
        separator: node.text("separator")?.unwrap_or_else(|| " / ".to_owned()),
    })
}

fn read_document(node: &Node<'_>) -> Result<DocumentSpec> {
    let lines = node.tables("line", "[[object.document.line]]", DOCUMENT_LINE)?;
    Ok(DocumentSpec {
        at: node.at.clone(),
        body: node.needed("body")?,
        locale: node.needed("locale")?,
        root: node.needed("root")?,
        default_locale: node.needed("default_locale")?,
        per_locale: node.texts("per_locale")?.unwrap_or_default(),
        lines: lines.iter().map(|l| Ok((l.needed("text")?, l.text("unless")?))).collect::<Result<_>>()?,
        custom: node.text("custom")?,
        files: node.text("files")?,
        macros: node.text("macros")?,
    })
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
            path: c.text("path")?.unwrap_or_default(),
            option: c.text("option")?,
            is: c.scalars("is")?,
            not: c.scalars("not")?,
            exists: c.flag("exists")?,
            differs: c.text("differs")?,
        };
        if cond.path.is_empty() == cond.option.is_none() {
            return Err(c.complain("a condition needs either `path` or `option`"));
        }
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
        with_batch: node.flag("with_batch")?.unwrap_or(false),
        decided: node.flag("decided")?.unwrap_or(false),
        needed: node.text("needed")?,
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
        most_options: node.number("most_options")?,
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
        head: node.texts("head")?.unwrap_or_default(),
        lines: node.texts("lines")?.unwrap_or_default(),
        author: node.text("author")?,
        visibility: node.text("visibility")?,
        place: node.text("place")?,
        remove,
    })
}
