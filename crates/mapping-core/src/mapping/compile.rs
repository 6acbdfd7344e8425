//! Looks up everything a mapping file names, so that a rule that can't work is refused before anything runs.

use super::handoff::{Acknowledgement, Handoff, Placeholders};
use super::path::{Path, text_of};
use super::phone;
use super::plan::{
    ATTRIBUTE, AuthorFrom, Categories, Choice, Cond, Custom, Document, DocumentLine, Drop, Field, LinkKind,
    Merge, PartRule, Plan, Skip, Tree, Wanted,
};
use super::rule::{Fidelity, ObjectRule, Options, Row};
use super::schema::{self, Shape};
use super::spec::{
    CategoriesSpec, ChoiceSpec, CondSpec, CustomSpec, Destination, DocumentSpec, DropSpec, FieldRule,
    ObjectSpec, PartSpec, Rule, Spec, TableRef, Target, TreeSpec,
};
use super::template::Line;
use super::toml_node::At;
use super::transform::{Table, Transform, unknown};
use crate::{FieldSpec, FieldType, Kind, Result, Visibility};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A list of more options is no help to anybody who chooses from it.
const MOST_OPTIONS: u32 = 250;
const NO_RULE: &str = "no rule moves it";

/// Everything the rules of a file share.
struct Shared<'a> {
    tables: &'a BTreeMap<String, Table>,
    destinations: &'a BTreeMap<String, Destination>,
    rows: Vec<&'a str>,
    options: Options,
}

impl Shared<'_> {
    /// The row of a rule: its own, else its object's.
    fn row(&self, own: Option<&String>, of_object: &str, at: &At, what: &str) -> Result<String> {
        let Some(row) = own else { return Ok(of_object.to_owned()) };
        match self.rows.contains(&row.as_str()) {
            true => Ok(row.clone()),
            false => Err(at.complain(what, &unknown("[[row]]", row, self.rows.iter().copied()))),
        }
    }
}

pub(crate) struct Compiled {
    pub(crate) options: Options,
    pub(crate) rows: Vec<Row>,
    pub(crate) objects: Vec<ObjectRule>,
    pub(crate) handoffs: Vec<Handoff>,
    pub(crate) acknowledgements: Vec<Acknowledgement>,
    pub(crate) placeholders: Placeholders,
}

/// Compiles a file.
pub(crate) fn compile(spec: &Spec) -> Result<Compiled> {
    if let Some((country, at)) = spec.default_country.as_ref().filter(|(c, _)| !phone::is_known(c)) {
        let why =
            format!("no calling code is known for the country `{country}`; use two capital letters, as `DK`");
        return Err(at.complain("default_country", &why));
    }
    let options = Options {
        default_country: spec.default_country.as_ref().map(|(c, _)| c.clone()),
        cc_note: spec.cc_note.unwrap_or_default(),
        contacts: spec.contacts.unwrap_or_default(),
        publish_articles: spec.publish_articles.unwrap_or_default(),
        article_links: article_links(spec)?,
        default_collection: named(&spec.default_collection, Options::default().default_collection),
        source_name: named(&spec.source_name, Options::default().source_name),
    };
    let shared = Shared {
        tables: &spec.tables,
        destinations: &spec.destinations,
        rows: spec.rows.iter().map(|r| r.0.id.as_str()).collect(),
        options: options.clone(),
    };
    let rows: Vec<Row> = spec.rows.iter().map(|r| r.0.clone()).collect();
    let mut objects = Vec::new();
    for object in &spec.objects {
        objects.push(object_rule(object, &shared)?);
    }
    // What others link to comes first.
    let place = |o: &ObjectRule| crate::model::Record::KINDS.iter().position(|k| o.from == **k);
    objects.sort_by_key(place);
    Ok(Compiled {
        options,
        rows,
        objects,
        handoffs: handoffs(spec, &shared)?,
        acknowledgements: spec.acknowledgements.iter().map(|a| a.acknowledgement.clone()).collect(),
        placeholders: placeholders(spec)?,
    })
}

fn named(given: &Option<String>, otherwise: String) -> String {
    given.clone().filter(|n| !n.trim().is_empty()).unwrap_or(otherwise)
}

fn article_links(spec: &Spec) -> Result<Vec<String>> {
    let Some((links, at)) = &spec.article_links else { return Ok(Vec::new()) };
    for link in links {
        let marks = link.matches("{id}").count();
        if marks != 1 || link.starts_with("{id}") {
            let why = format!("`{link}` must hold `{{id}}` once, behind something that stands before it");
            return Err(at.complain("article_links", &why));
        }
    }
    Ok(links.clone())
}

fn handoffs(spec: &Spec, shared: &Shared<'_>) -> Result<Vec<Handoff>> {
    let mut all = Vec::new();
    for h in &spec.handoffs {
        let what = h.identity();
        shared.row(Some(&h.handoff.row), "", &h.at, &what)?;
        if !Handoff::is_source(&h.handoff.from) {
            let why = unknown("thing to hand over", &h.handoff.from, Handoff::sources());
            return Err(h.at.complain(&what, &why));
        }
        all.push(h.handoff.clone());
    }
    Ok(all)
}

fn placeholders(spec: &Spec) -> Result<Placeholders> {
    match &spec.placeholder_form {
        Some((form, at)) => {
            Placeholders::new(form, &spec.placeholders).map_err(|why| at.complain("[placeholders]", &why))
        }
        None => Ok(Placeholders::default()),
    }
}

fn object_rule(spec: &ObjectSpec, shared: &Shared<'_>) -> Result<ObjectRule> {
    let what = spec.identity();
    let refuse = |why: String| spec.at.complain(&what, &why);
    let root = schema::root(&spec.from)
        .ok_or_else(|| refuse(unknown("kind of record with rules", &spec.from, schema::ROOTS)))?;
    let to = spec.to.clone().ok_or_else(|| refuse("`to` is missing".into()))?;
    let destination = shared.destinations.get(&to).ok_or_else(|| {
        refuse(unknown("[destination] table", &to, shared.destinations.keys().map(String::as_str)))
    })?;
    let row = shared.row(spec.row.as_ref(), "", &spec.at, &what)?;
    let compiler = Compiler { shared, from: &spec.from, root, destination, row: &row };
    let plan = compiler.plan(spec)?;
    let fidelity = spec.fidelity.unwrap_or(Fidelity::Lossy);
    Ok(ObjectRule { row, from: Kind::from(spec.from.clone()), to: Kind::from(to), fidelity, plan })
}

struct Compiler<'a> {
    shared: &'a Shared<'a>,
    from: &'a str,
    root: Shape,
    destination: &'a Destination,
    row: &'a str,
}

impl Compiler<'_> {
    fn plan(&self, spec: &ObjectSpec) -> Result<Plan> {
        let key = spec.key.as_ref().map(|c| self.choice(c, "key", self.root)).transpose()?;
        let mut fields = spec.fields.iter().map(|f| self.field(f)).collect::<Result<Vec<_>>>()?;
        // What `first` leaves out is no loss when another rule carries the rest of the same path.
        let carried: BTreeSet<String> = fields
            .iter()
            .filter(|f| f.main.transforms.iter().any(Transform::is_rest))
            .flat_map(|f| f.main.paths.iter().map(|p| p.text.clone()))
            .collect();
        for field in &mut fields {
            field.kept |= field.main.paths.iter().any(|p| carried.contains(&p.text));
        }
        let mut plan = Plan {
            registry: self.destination.registry.clone(),
            moves_alone: match spec.moves.as_deref() {
                None => None,
                Some("all") => Some(true),
                Some("linked") => Some(false),
                Some(other) => {
                    let why = unknown("`moves`", other, ["all", "linked"]);
                    return Err(spec.at.complain(&spec.identity(), &why));
                }
            },
            tree: spec.tree.as_ref().map(|t| self.tree(t)).transpose()?,
            document: spec.document.as_ref().map(|d| self.document(d)).transpose()?,
            key,
            skips: Vec::new(),
            custom: spec.custom.as_ref().map(|c| self.custom(c, &fields)).transpose()?,
            categories: spec.categories.as_ref().map(|c| self.categories(c)).transpose()?,
            fields,
            wants: Vec::new(),
            drops: spec.drops.iter().map(|d| self.drop(d, self.root)).collect::<Result<_>>()?,
            orphan_files: None,
            parts: Vec::new(),
            part_drops: Vec::new(),
            heads: BTreeSet::new(),
        };
        for skip in &spec.skips {
            let when = self.when(&skip.when, &skip.identity(), self.root)?;
            plan.skips.push(Skip { name: skip.name.clone(), why: skip.why.clone(), when });
        }
        for want in &spec.wants {
            let (name, field_type) = (want.name.clone(), want.field_type);
            plan.wants.push(self.wanted(name, field_type, want.description.clone()));
        }
        if let Some(parts) = &spec.parts {
            plan.orphan_files = parts.orphan_files.clone();
            plan.parts = parts.parts.iter().map(|p| self.part(p)).collect::<Result<_>>()?;
            for drop in &parts.drops {
                let root = self.item(&drop.each, &drop.at, &drop.identity())?;
                plan.part_drops.push(self.drop(drop, root)?);
            }
        }
        self.drop_the_rest(&mut plan);
        plan.heads = heads(&plan);
        Ok(plan)
    }

    /// A field of the destination that takes this.
    fn takes(&self, name: &str, wanted: Target, at: &At, what: &str) -> Result<String> {
        let known = &self.destination.fields;
        match known.get(name) {
            Some(target) if *target == wanted => Ok(name.to_owned()),
            Some(_) => Err(at.complain(what, &format!("`{name}` takes something else at the destination"))),
            None => {
                let why = unknown("field at the destination", name, known.keys().map(String::as_str));
                Err(at.complain(what, &why))
            }
        }
    }

    fn tree(&self, spec: &TreeSpec) -> Result<Tree> {
        let what = "[object.tree]";
        let parent = self.leaf(&spec.parent, self.root, &spec.at, what)?;
        if !matches!(parent.leaf(), Some(Shape::Id(kind)) if kind == self.from) {
            let why = format!("`{}` doesn't name a record of the same kind", spec.parent);
            return Err(spec.at.complain(what, &why));
        }
        if spec.depth == 0 {
            return Err(spec.at.complain(what, "`depth` must be at least 1"));
        }
        Ok(Tree {
            parent,
            link: self.takes(&spec.link, Target::Link, &spec.at, what)?,
            name: self.takes(&spec.name, Target::Plain(FieldType::Text), &spec.at, what)?,
            depth: spec.depth as usize,
            separator: spec.separator.clone(),
        })
    }

    fn document(&self, spec: &DocumentSpec) -> Result<Document> {
        let what = "[object.document]";
        let refuse = |why: String| spec.at.complain(what, &why);
        let body = self.path(&spec.body, self.root, &spec.at, what)?;
        if schema::paths(body.shape) != ["format", "text"] {
            return Err(refuse(format!("`{}` isn't a text with a format", spec.body)));
        }
        let root = self.leaf(&spec.root, self.root, &spec.at, what)?;
        if !matches!(root.leaf(), Some(Shape::Id(kind)) if kind == self.from) {
            return Err(refuse(format!("`{}` doesn't name a record of the same kind", spec.root)));
        }
        let open = |text: &String| {
            let path = self.path(text, self.root, &spec.at, what)?;
            match path.shape {
                Shape::Open => Ok(path),
                _ => Err(refuse(format!("`{text}` doesn't hold custom fields"))),
            }
        };
        let files = |text: &String| {
            let path = self.leaf(text, self.root, &spec.at, what)?;
            match path.leaf() {
                Some(Shape::Id("attachment")) => Ok(path),
                _ => Err(refuse(format!("`{text}` doesn't hold files"))),
            }
        };
        let line = |(text, unless): &(String, Option<String>)| {
            let line = Line::parse(text, self.root, self.shared.tables).map_err(refuse)?;
            let unless = unless.clone();
            match unless.as_deref().filter(|f| !self.destination.fields.contains_key(*f)) {
                Some(field) => {
                    let known = self.destination.fields.keys().map(String::as_str);
                    Err(refuse(unknown("field at the destination", field, known)))
                }
                None => Ok(DocumentLine { line, unless }),
            }
        };
        let text = Target::Plain(FieldType::Text);
        let per_locale = spec.per_locale.iter().map(|f| self.takes(f, text, &spec.at, what));
        let macros = |form: &String| match form.split_once("{}") {
            Some((b, a)) if !b.is_empty() && !a.is_empty() => Ok((b.to_owned(), a.to_owned())),
            _ => Err(refuse(format!("`macros` must have `{{}}` between two marks; it is `{form}`"))),
        };
        Ok(Document {
            body,
            locale: self.leaf(&spec.locale, self.root, &spec.at, what)?,
            root,
            default_locale: spec.default_locale.clone(),
            per_locale: per_locale.collect::<Result<_>>()?,
            lines: spec.lines.iter().map(line).collect::<Result<_>>()?,
            custom: spec.custom.as_ref().map(open).transpose()?,
            files: spec.files.as_ref().map(files).transpose()?,
            macros: spec.macros.as_ref().map(macros).transpose()?,
        })
    }

    fn wanted(&self, name: String, field_type: FieldType, description: Option<String>) -> FieldSpec {
        let kind = self.destination.registry.clone();
        FieldSpec { kind, name, field_type, options: vec![], description, max_chars: None, remote: None }
    }

    fn item(&self, each: &str, at: &At, what: &str) -> Result<Shape> {
        let lists = schema::part_lists(self.from);
        let known = schema::item(each).filter(|_| lists.contains(&each));
        known.ok_or_else(|| at.complain(what, &unknown("list of parts", each, lists.iter().copied())))
    }

    fn path(&self, text: &str, root: Shape, at: &At, what: &str) -> Result<Path> {
        Path::parse(text, root).map_err(|why| at.complain(what, &why))
    }

    /// A path to single values.
    fn leaf(&self, text: &str, root: Shape, at: &At, what: &str) -> Result<Path> {
        let path = self.path(text, root, at, what)?;
        match path.leaf() {
            None => Err(at.complain(what, &format!("`{text}` has fields of its own; name one of them"))),
            Some(Shape::Open) => {
                Err(at.complain(what, &format!("`{text}` has names of its own; name one: `{text}.…`")))
            }
            Some(_) => Ok(path),
        }
    }

    fn when(&self, conditions: &[CondSpec], what: &str, root: Shape) -> Result<Vec<Cond>> {
        conditions.iter().map(|c| self.cond(c, what, root)).collect()
    }

    /// What an option of the mapping says, as a condition: it is known before any record is.
    fn option(&self, spec: &CondSpec, name: &str, what: &str, root: Shape) -> Result<Cond> {
        let options = &self.shared.options;
        let on = match name {
            "publish_articles" => options.publish_articles,
            "cc_note" => options.cc_note,
            other => {
                let why = unknown("option to ask for", other, ["publish_articles", "cc_note"]);
                return Err(spec.at.complain(what, &why));
            }
        };
        let said =
            |values: &Option<Vec<Value>>| values.as_ref().is_some_and(|v| v.contains(&Value::Bool(on)));
        let holds = spec.is.as_ref().is_none_or(|_| said(&spec.is)) && !said(&spec.not);
        let id = if self.from == "ticket" { "ticket.id" } else { "id" };
        let path = Path::parse(id, root).map_err(|why| spec.at.complain(what, &why))?;
        Ok(Cond { path, is: None, not: None, exists: None, differs: None, never: !holds })
    }

    fn cond(&self, spec: &CondSpec, what: &str, root: Shape) -> Result<Cond> {
        if let Some(name) = &spec.option {
            return self.option(spec, name, what, root);
        }
        let path = self.leaf(&spec.path, root, &spec.at, what)?;
        let texts = |values: &Option<Vec<Value>>| -> Result<Option<Vec<String>>> {
            let Some(values) = values else { return Ok(None) };
            let texts: Vec<String> = values.iter().map(text_of).collect();
            if let Some(Shape::Word(words)) = path.leaf()
                && let Some(bad) = texts.iter().find(|t| !words.contains(&t.as_str()))
            {
                let why = unknown(&format!("value of `{}`", path.text), bad, words.iter().copied());
                return Err(spec.at.complain(what, &why));
            }
            Ok(Some(texts))
        };
        Ok(Cond {
            is: texts(&spec.is)?,
            not: texts(&spec.not)?,
            exists: spec.exists,
            differs: spec.differs.as_ref().map(|p| self.leaf(p, root, &spec.at, what)).transpose()?,
            never: false,
            path,
        })
    }

    fn choice(&self, spec: &ChoiceSpec, what: &str, root: Shape) -> Result<Choice> {
        let refuse = |why: String| spec.at.complain(what, &why);
        let paths =
            spec.path.iter().map(|p| self.leaf(p, root, &spec.at, what)).collect::<Result<Vec<_>>>()?;
        if spec.value.is_some() && !paths.is_empty() {
            return Err(refuse("has both `path` and `value`".into()));
        }
        let transforms = spec.transform.iter().map(|t| Transform::parse(t, self.shared.tables));
        let mut transforms = transforms.collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        let table = match &spec.table {
            None => None,
            Some(TableRef::Inline(table)) => Some(table.clone()),
            Some(TableRef::Named(name)) => match self.shared.tables.get(name) {
                Some(table) => Some(table.clone()),
                None => {
                    let known = self.shared.tables.keys().map(String::as_str);
                    return Err(refuse(unknown("table", name, known)));
                }
            },
        };
        if let Some(table) = table {
            if transforms.is_empty() {
                table_fits(&table, &paths, spec.default.is_some()).map_err(refuse)?;
            }
            transforms.push(Transform::Table(table));
        }
        let when = self.when(&spec.when, what, root)?;
        Ok(Choice { when, paths, value: spec.value.clone(), transforms, default: spec.default.clone() })
    }

    fn field(&self, spec: &FieldRule) -> Result<Field> {
        let what = spec.identity();
        let refuse = |why: String| spec.at.complain(&what, &why);
        let link = spec.link.as_deref().map(link_kind).transpose().map_err(refuse)?;
        let target = self.target(spec).map_err(refuse)?;
        let main = self.choice(&spec.main, &what, self.root)?;
        let cases =
            spec.cases.iter().map(|c| self.choice(c, &what, self.root)).collect::<Result<Vec<_>>>()?;
        if main.paths.is_empty() && main.value.is_none() && link != Some(LinkKind::Batch) {
            return Err(refuse("says neither `path` nor `value`".into()));
        }
        if let Some(case) = spec.cases.iter().find(|c| c.when.is_empty()) {
            return Err(case.at.complain(&what, "a case without `when` would always hold"));
        }
        match (target, link) {
            (Target::Plain(_) | Target::Texts, Some(_)) => {
                return Err(refuse("is no link at the destination".into()));
            }
            (Target::Link, Some(LinkKind::Tag)) => {
                return Err(refuse("takes one link; tags are several".into()));
            }
            (Target::Link | Target::Links, None) => {
                return Err(refuse("is a link at the destination; say `link = \"source\"`, for one".into()));
            }
            _ => {}
        }
        if let Target::Plain(wanted) = target {
            std::iter::once(&main).chain(&cases).try_for_each(|c| type_fits(c, wanted)).map_err(refuse)?;
        }
        let merge = match spec.merge.as_deref() {
            None | Some("first") => Merge::First,
            Some("id") => Merge::Id,
            Some("min") => Merge::Min,
            Some("any") => Merge::Any,
            Some(other) => return Err(refuse(unknown("merge", other, ["first", "id", "min", "any"]))),
        };
        let wanted = match (spec.wanted_if.as_deref(), spec.existing) {
            (None, false) => Wanted::Always,
            (_, true) => Wanted::Existing,
            (Some("renumbered"), _) => Wanted::Renumbered,
            (Some(other), _) => return Err(refuse(unknown("`wanted_if`", other, ["renumbered"]))),
        };
        let field = Field {
            row: self.shared.row(spec.row.as_ref(), self.row, &spec.at, &what)?,
            to: spec.to.clone(),
            target,
            options: options(spec, &main, &cases),
            cases,
            main,
            link,
            merge,
            kept: spec.kept,
            with_batch: spec.with_batch,
            decided: spec.decided,
            needed: spec.needed.clone(),
            max_chars: spec.max_chars.map(|n| n as usize),
            wanted,
            description: spec.description.clone(),
        };
        let list = target == Target::Plain(FieldType::List);
        if list && field.options.is_empty() && wanted != Wanted::Existing {
            return Err(refuse("is a list without `options` and without a table to take them from".into()));
        }
        Ok(field)
    }

    fn target(&self, spec: &FieldRule) -> Result<Target, String> {
        if let Some(name) = spec.to.strip_prefix(ATTRIBUTE) {
            return match name.trim() {
                "" => Err("the attribute has no name".into()),
                _ => Ok(Target::Plain(spec.field_type.unwrap_or(FieldType::Text))),
            };
        }
        let known = &self.destination.fields;
        match known.get(&spec.to) {
            Some(_) if spec.field_type.is_some() => Err("`type` is for attributes only".into()),
            Some(target) => Ok(*target),
            None => Err(unknown("field at the destination", &spec.to, known.keys().map(String::as_str))),
        }
    }

    fn custom(&self, spec: &CustomSpec, fields: &[Field]) -> Result<Custom> {
        let what = "[object.custom]";
        let path = self.path(&spec.path, self.root, &spec.at, what)?;
        if path.shape != Shape::Open {
            let why = format!("`{}` doesn't hold custom fields", spec.path);
            return Err(spec.at.complain(what, &why));
        }
        Ok(Custom {
            to: slugged(&spec.to).map_err(|why| spec.at.complain(what, &why))?,
            exclude: spec.exclude.iter().cloned().collect(),
            ruled: below(&path, fields),
            max_chars: spec.max_chars.map(|n| n as usize),
            choices: BTreeMap::new(),
            path,
        })
    }

    fn categories(&self, spec: &CategoriesSpec) -> Result<Categories> {
        let what = "[object.categories]";
        let refuse = |why: String| spec.at.complain(what, &why);
        let path = self.path(&spec.path, self.root, &spec.at, what)?;
        if path.leaf() != Some(Shape::Id("category")) {
            return Err(refuse(format!("`{}` doesn't hold categories", spec.path)));
        }
        if self.destination.fields.get(&spec.multi) != Some(&Target::Links) {
            return Err(refuse(format!("`{}` doesn't hold links at the destination", spec.multi)));
        }
        if !spec.tag.contains("{label}") {
            return Err(refuse("`tag` must hold `{label}`".into()));
        }
        Ok(Categories {
            row: self.shared.row(spec.row.as_ref(), self.row, &spec.at, what)?,
            path,
            single: slugged(&spec.single).map_err(refuse)?,
            without_set: spec.without_set.clone(),
            multi: spec.multi.clone(),
            tag: spec.tag.clone(),
            most_options: spec.most_options.unwrap_or(MOST_OPTIONS) as usize,
            choices: BTreeMap::new(),
        })
    }

    fn drop(&self, spec: &DropSpec, root: Shape) -> Result<Drop> {
        let what = spec.identity();
        let path = self.path(&spec.path, root, &spec.at, &what)?;
        let like = spec.unless_like.as_ref();
        Ok(Drop {
            each: spec.each.clone(),
            path,
            why: spec.why.clone(),
            when: self.when(&spec.when, &what, root)?,
            // Compared with the ticket, not with the part.
            unless_like: like.map(|p| self.leaf(p, self.root, &spec.at, &what)).transpose()?,
            except: BTreeSet::new(),
            silent: spec.silent,
        })
    }

    fn part(&self, spec: &PartSpec) -> Result<PartRule> {
        let what = spec.identity();
        let refuse = |why: String| spec.at.complain(&what, &why);
        let root = self.item(&spec.each, &spec.at, &what)?;
        let line = |text: &String| Line::parse(text, root, self.shared.tables).map_err(refuse);
        if spec.body.is_some() != spec.lines.is_empty() {
            return Err(refuse("needs either `body` or `lines`".into()));
        }
        if spec.body.is_none() && !spec.head.is_empty() {
            return Err(refuse("`head` goes above a `body`; put its lines into `lines`".into()));
        }
        let body = spec.body.as_ref().map(|b| self.path(b, root, &spec.at, &what)).transpose()?;
        if body.as_ref().is_some_and(|b| b.text != "body" && b.leaf() != Some(Shape::Text)) {
            return Err(refuse("`body` must name a text".into()));
        }
        let times =
            spec.times.iter().map(|t| self.leaf(t, root, &spec.at, &what)).collect::<Result<Vec<_>>>()?;
        if let Some(bad) = times.iter().find(|t| t.leaf() != Some(Shape::Time)) {
            return Err(refuse(format!("`{}` is not a time", bad.text)));
        }
        let author = match spec.author.as_deref() {
            None | Some("direction") => AuthorFrom::Direction,
            Some("agent") => AuthorFrom::Agent,
            Some("system") => AuthorFrom::System,
            Some(other) => return Err(refuse(unknown("author", other, ["direction", "agent", "system"]))),
        };
        let visibility = match spec.visibility.as_deref() {
            None | Some("direction") => None,
            Some("public") => Some(Visibility::Public),
            Some("internal") => Some(Visibility::Internal),
            Some(other) => {
                return Err(refuse(unknown("visibility", other, ["direction", "public", "internal"])));
            }
        };
        let at_end = match spec.place.as_deref() {
            None | Some("time") => false,
            Some("end") => true,
            Some(other) => return Err(refuse(unknown("place", other, ["time", "end"]))),
        };
        Ok(PartRule {
            row: self.shared.row(spec.row.as_ref(), self.row, &spec.at, &what)?,
            each: spec.each.clone(),
            key: line(&spec.key)?,
            times,
            when: self.when(&spec.when, &what, root)?,
            body,
            head: spec.head.iter().map(line).collect::<Result<_>>()?,
            lines: spec.lines.iter().map(line).collect::<Result<_>>()?,
            author,
            visibility,
            at_end,
        })
    }

    /// A path that no rule mentions is dropped with a loss, never silently.
    fn drop_the_rest(&self, plan: &mut Plan) {
        let mut read: BTreeSet<String> = covered(plan);
        read.extend(["id", "ticket.id", "ticket.merged_into"].map(str::to_owned));
        for text in schema::paths(self.root).into_iter().filter(|t| !of_parts(self.from, t)) {
            if let (false, Ok(path)) = (read.contains(&text), Path::parse(&text, self.root)) {
                let except = below(&path, &plan.fields);
                plan.drops.push(auto_drop("", path, except));
            }
        }
        drop_the_rest_of_parts(plan, self.from);
    }
}

/// Whether a path is below a list that parts or their files are made of.
fn of_parts(from: &str, text: &str) -> bool {
    let files: &[&str] = if from == "ticket" { &["attachments"] } else { &[] };
    schema::part_lists(from).iter().chain(files).any(|list| text.starts_with(&format!("{list}.")))
}

fn drop_the_rest_of_parts(plan: &mut Plan, from: &str) {
    // What is lost of a merged ticket is told as a whole.
    for list in schema::part_lists(from).iter().filter(|l| **l != "merged") {
        let Some(root) = schema::item(list) else { continue };
        for text in schema::paths(root) {
            let known = plan.part_drops.iter().any(|d| d.each == *list && d.path.text == text);
            if known || NATIVE.contains(&text.as_str()) || in_parts(plan, list, &text) {
                continue;
            }
            if let Ok(path) = Path::parse(&text, root) {
                plan.part_drops.push(auto_drop(list, path, BTreeSet::new()));
            }
        }
    }
}

/// What the building of parts reads by itself.
const NATIVE: [&str; 12] = [
    "id",
    "ticket",
    "direction",
    "author.agent",
    "author.contact",
    "author.name",
    "author.email",
    "body.format",
    "body.text",
    "cc",
    "received_at",
    "number",
];

fn auto_drop(each: &str, path: Path, except: BTreeSet<String>) -> Drop {
    Drop {
        each: each.to_owned(),
        path,
        why: NO_RULE.into(),
        when: vec![],
        unless_like: None,
        except,
        silent: false,
    }
}

fn in_parts(plan: &Plan, list: &str, text: &str) -> bool {
    let rules = plan.parts.iter().filter(|p| p.each == list);
    rules.into_iter().any(|p| {
        let mut paths =
            p.times.iter().chain(&p.body).chain(p.head.iter().chain(&p.lines).flat_map(Line::paths));
        paths.any(|p| p.text == text) || (text == "agent" && p.author == AuthorFrom::Agent)
    })
}

fn choices(plan: &Plan) -> impl Iterator<Item = &Choice> {
    plan.fields.iter().flat_map(|f| std::iter::once(&f.main).chain(&f.cases)).chain(&plan.key)
}

/// The paths of values that some rule reads.
fn covered(plan: &Plan) -> BTreeSet<String> {
    let mut read: BTreeSet<String> = choices(plan).flat_map(|c| &c.paths).map(|p| p.text.clone()).collect();
    read.extend(plan.custom.iter().map(|c| c.path.text.clone()));
    read.extend(plan.categories.iter().map(|c| c.path.text.clone()));
    read.extend(plan.drops.iter().map(|d| d.path.text.clone()));
    read.extend(plan.tree.iter().map(|t| t.parent.text.clone()));
    if let Some(d) = &plan.document {
        let paths = [Some(&d.body), Some(&d.locale), Some(&d.root), d.custom.as_ref(), d.files.as_ref()];
        let lines = d.lines.iter().flat_map(|l| l.line.paths());
        read.extend(paths.into_iter().flatten().chain(lines).map(|p| p.text.clone()));
    }
    read.extend(plan.skips.iter().flat_map(|s| &s.when).map(|c| c.path.text.clone()));
    // An object named as a whole covers what is below it.
    let whole: Vec<String> = read.iter().map(|p| format!("{p}.")).collect();
    let below = |text: &String| whole.iter().any(|w| text.starts_with(w.as_str()));
    for root in schema::ROOTS.iter().filter_map(|r| schema::root(r)) {
        read.extend(schema::paths(root).into_iter().filter(below));
    }
    read
}

fn heads(plan: &Plan) -> BTreeSet<String> {
    let conds = choices(plan)
        .flat_map(|c| &c.when)
        .chain(plan.skips.iter().flat_map(|s| &s.when))
        .chain(plan.drops.iter().flat_map(|d| &d.when));
    let of_conds = conds.flat_map(|c| std::iter::once(&c.path).chain(&c.differs));
    let of_drops = plan
        .drops
        .iter()
        .map(|d| &d.path)
        .chain(plan.part_drops.iter().filter_map(|d| d.unless_like.as_ref()));
    choices(plan)
        .flat_map(|c| &c.paths)
        .chain(of_conds)
        .chain(of_drops)
        .map(|p| p.head().to_owned())
        .collect()
}

/// Names below an open path that rules of their own read.
fn below(path: &Path, fields: &[Field]) -> BTreeSet<String> {
    let prefix = format!("{}.", path.text);
    let all = fields.iter().flat_map(|f| std::iter::once(&f.main).chain(&f.cases)).flat_map(|c| &c.paths);
    all.filter_map(|p| p.text.strip_prefix(&prefix)).map(str::to_owned).collect()
}

fn link_kind(word: &str) -> Result<LinkKind, String> {
    match word {
        "source" => Ok(LinkKind::Source),
        "person" => Ok(LinkKind::Person),
        "team" => Ok(LinkKind::Team),
        "batch" => Ok(LinkKind::Batch),
        "tag" => Ok(LinkKind::Tag),
        other => Err(unknown("kind of link", other, ["source", "person", "team", "batch", "tag"])),
    }
}

fn slugged(to: &str) -> Result<(String, String), String> {
    let name = to.strip_prefix(ATTRIBUTE).ok_or_else(|| format!("`{to}` must begin with `{ATTRIBUTE}`"))?;
    let (before, after) = name.split_once("{slug}").ok_or_else(|| format!("`{to}` must hold `{{slug}}`"))?;
    Ok((before.to_owned(), after.to_owned()))
}

fn table_fits(table: &Table, paths: &[Path], has_default: bool) -> Result<(), String> {
    for path in paths {
        let Some(Shape::Word(words)) = path.leaf() else { continue };
        if let Some((bad, _)) = table.0.iter().find(|(k, _)| !words.contains(&k.as_str())) {
            return Err(unknown(&format!("value of `{}`", path.text), bad, words.iter().copied()));
        }
        if let Some(missing) = words.iter().find(|w| table.get(w).is_none()).filter(|_| !has_default) {
            return Err(format!("the table has no entry for `{missing}`, and there is no `default`"));
        }
    }
    Ok(())
}

fn type_fits(choice: &Choice, wanted: FieldType) -> Result<(), String> {
    if !choice.transforms.is_empty() {
        return Ok(());
    }
    for path in &choice.paths {
        let fits = matches!(
            (path.leaf(), wanted),
            (_, FieldType::Text | FieldType::List)
                | (Some(Shape::Text), _)
                | (Some(Shape::Time), FieldType::DateTime | FieldType::Date)
                | (Some(Shape::Int), FieldType::Integer | FieldType::Decimal)
                | (Some(Shape::Bool), FieldType::Boolean)
        );
        if !fits {
            return Err(format!("`{}` can't become a {wanted:?} without a transform or table", path.text));
        }
    }
    Ok(())
}

/// The options of a list: those given, else the values of the tables in their order.
fn options(spec: &FieldRule, main: &Choice, cases: &[Choice]) -> Vec<String> {
    let mut options = spec.options.clone();
    if options.is_empty() {
        for choice in std::iter::once(main).chain(cases) {
            if let Some(Transform::Table(table)) = choice.transforms.last() {
                options.extend(table.0.iter().map(|(_, v)| text_of(v)));
            }
            options.extend(choice.value.iter().chain(&choice.default).map(text_of));
        }
    }
    let mut seen = BTreeSet::new();
    options.retain(|o| seen.insert(o.to_lowercase()));
    options
}
