//! Applies the rules: a record or a thread goes in, a draft and its losses come out.

use super::choices::SetForm;
use super::custom_use::{ValueForm, day, decimal_comma};
use super::fields::{Evaluation, STAND_IN, holds};
use super::names::Names;
use super::plan::{Categories, Document, Field, Merge};
use super::transform::Scope;
use super::{Mapping, ObjectRule, Observations, Resolution, documents, parts, tree};
use crate::model::{CategoryId, Contact, CustomFields, KbArticleId, KbCategory, Record, Thread};
use crate::{Draft, Error, ErrorKind, Link, Loss, LossRule, Private, Result, SourceRef, Value};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

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
    names: BTreeMap<String, Names>,
    labels: BTreeMap<CategoryId, String>,
    tags: BTreeMap<CategoryId, String>,
    /// The article that each belongs to; worked out when it is asked for.
    families: OnceLock<BTreeMap<KbArticleId, KbArticleId>>,
}

impl<'a> Mapper<'a> {
    /// A mapper over what was confirmed and observed. Names of attributes depend on what was observed: observe
    /// everything first.
    pub fn new(mapping: &'a Mapping, resolution: &'a Resolution, seen: &'a Observations) -> Self {
        let objects = mapping.objects().iter();
        let names = objects.map(|o| (o.from.as_str().to_owned(), Names::new(o, seen))).collect();
        let mut categories = mapping.objects().iter().filter_map(|o| o.plan.categories.as_ref());
        let tags = categories.next().map(|c| tag_names(c, seen)).unwrap_or_default();
        Mapper {
            mapping,
            resolution,
            seen,
            names,
            labels: seen.category_labels(),
            tags,
            families: OnceLock::new(),
        }
    }

    /// The natural key of a record: records with one key become one draft. `None`: it stands alone.
    pub fn natural_key(&self, rule: &ObjectRule, record: &Record) -> Option<Private> {
        if let (Some(document), Record::KbArticle(article)) = (&rule.plan.document, record) {
            let families = self.families.get_or_init(|| documents::families(self, &document.default_locale));
            return families.get(&article.id).map(|root| Private::from(root.as_str()));
        }
        let choice = rule.plan.key.as_ref().filter(|_| record.key().kind == rule.from)?;
        let json = json_of(record).ok()?;
        let mut evaluation = self.evaluation(record.key());
        let leaves = evaluation.choice("key", choice, true, &json);
        leaves.first().map(|leaf| Private::from(leaf.as_text()))
    }

    /// The draft of an input.
    ///
    /// # Errors
    /// `Invalid` when the input is of another kind than the rule, or holds no record.
    pub fn map(&self, rule: &ObjectRule, input: Input<'_>) -> Result<Mapped> {
        let other = |kind: &str| {
            Error::not_sent(ErrorKind::Invalid, "the record is of another kind than the rule")
                .with("rule", &rule.from)
                .with("record", kind)
        };
        match input {
            Input::Thread(thread) if rule.from == *"ticket" => self.thread(rule, thread),
            Input::Thread(_) => Err(other("ticket")),
            Input::Records(records) => {
                let file = |r: &&Record| rule.plan.document.is_some() && matches!(r, Record::Attachment(_));
                let wrong =
                    records.iter().filter(|r| !file(r)).map(Record::key).find(|k| k.kind != rule.from);
                match wrong {
                    Some(key) => Err(other(key.kind.as_str())),
                    None => self.records(rule, records),
                }
            }
        }
    }

    /// The draft that stands in for a record that isn't there: `contact:stand-in` for tickets without a contact,
    /// `kb_category:stand-in` for articles without a category.
    pub fn stand_in(&self, record: &SourceRef) -> Option<Draft> {
        let rule = self.mapping.object(record.kind.as_str()).filter(|_| record.id == STAND_IN)?;
        let (options, id) = (self.mapping.options(), record.id.clone());
        let stand_in = match record.kind.as_str() {
            "contact" => {
                let mut contact = Contact::new(id.into());
                contact.name = Some(Private::from(format!("No contact in {}", options.source_name)));
                Record::from(contact)
            }
            "kb_category" => {
                let title = Private::from(options.default_collection.as_str());
                Record::from(KbCategory { id: id.into(), parent: None, title, extra: BTreeMap::new() })
            }
            _ => return None,
        };
        self.map(rule, Input::Records(&[stand_in])).ok()?.draft
    }

    /// The mapping it applies.
    pub(super) fn mapping(&self) -> &Mapping {
        self.mapping
    }

    pub(super) fn scope(&self) -> Scope<'_> {
        Scope { seen: self.seen, country: self.mapping.options().default_country.as_deref() }
    }

    pub(super) fn resolution(&self) -> &Resolution {
        self.resolution
    }

    pub(super) fn seen(&self) -> &Observations {
        self.seen
    }

    pub(super) fn cc_note(&self) -> bool {
        self.mapping.options().cc_note
    }

    fn evaluation(&self, record: SourceRef) -> Evaluation<'_> {
        let decision = self.mapping.choices().zone(&record);
        Evaluation { scope: self.scope(), resolution: self.resolution, record, decision, losses: Vec::new() }
    }

    fn records(&self, rule: &ObjectRule, records: &[Record]) -> Result<Mapped> {
        if let Some(document) = &rule.plan.document {
            return self.document(rule, document, records);
        }
        let Some((first, others)) = records.split_first() else { return Err(no_records()) };
        let mut draft = Draft::new(rule.to.clone(), first.key());
        draft.key = self.natural_key(rule, first);
        draft.aliases = others.iter().map(Record::key).collect();
        let mut losses = Vec::new();
        for (i, record) in records.iter().enumerate() {
            let json = json_of(record)?;
            let mut evaluation = self.evaluation(record.key());
            if let Some(skipped) = self.skip(rule, &json, &mut evaluation).filter(|_| i == 0) {
                return Ok(Mapped { draft: None, losses: evaluation.losses, skipped: Some(skipped) });
            }
            if i > 0 {
                let why = "has the natural key of another record; the two become one";
                let loss = Loss::new(record.key(), "key", LossRule::Merged, why);
                evaluation.losses.push(loss.values(record.key().to_string(), first.key().to_string()));
            }
            for field in &rule.plan.fields {
                let value = evaluation.field(field, &json);
                needed(field, &value, &evaluation.record)?;
                merge(&mut draft, &field.to, value, field.merge, &mut evaluation);
            }
            match record {
                Record::Contact(contact) => {
                    self.custom(rule, &contact.custom, &mut draft, &mut evaluation);
                    parts::notes(self, rule, contact, &mut draft, &mut evaluation)?;
                }
                Record::Company(company) => self.custom(rule, &company.custom, &mut draft, &mut evaluation),
                Record::KbCategory(category) => {
                    if let Some(tree) = &rule.plan.tree {
                        tree::place(tree, self.seen, &category.id, &json, &mut draft, &mut evaluation);
                    }
                }
                _ => {}
            }
            rule.plan.drops.iter().for_each(|d| evaluation.dropped(d, &json));
            losses.extend(evaluation.losses);
        }
        Ok(Mapped { draft: Some(draft), losses, skipped: None })
    }

    /// A text in one or several languages: the first record's fields, and a part for each.
    fn document(&self, rule: &ObjectRule, document: &Document, records: &[Record]) -> Result<Mapped> {
        let (texts, files) = documents::ordered(records);
        let Some((first, others)) = texts.split_first() else { return Err(no_records()) };
        let mut draft = Draft::new(rule.to.clone(), first.key());
        draft.aliases = others.iter().map(|r| r.key()).collect();
        let (mut losses, mut sources) = (Vec::new(), Vec::new());
        for (i, record) in texts.iter().enumerate() {
            let json = json_of(record)?;
            let mut evaluation = self.evaluation(record.key());
            if let Some(skipped) = self.skip(rule, &json, &mut evaluation) {
                losses.extend(evaluation.losses);
                if i == 0 {
                    return Ok(Mapped { draft: None, losses, skipped: Some(skipped) });
                }
                continue;
            }
            let mut key = documents::locale_of(document, &json, &mut evaluation);
            while draft.parts.iter().any(|p| p.key == key) {
                key.push('~');
            }
            let mut own = Draft::new(rule.to.clone(), record.key());
            for field in &rule.plan.fields {
                let locale = field.main.paths.contains(&document.locale);
                let value = match locale {
                    true => Value::text(key.as_str()),
                    false => evaluation.field(field, &json),
                };
                needed(field, &value, &evaluation.record)?;
                if !value.is_empty() {
                    own.fields.insert(field.to.clone(), value.clone());
                }
                match (i, documents::localized(rule, &field.to, &key)) {
                    (0, _) => merge(&mut draft, &field.to, value, field.merge, &mut evaluation),
                    (_, Some(to)) => merge(&mut draft, &to, value, field.merge, &mut evaluation),
                    _ if locale => {}
                    _ => merge(&mut draft, &field.to, value, field.merge, &mut evaluation),
                }
            }
            own.mentions = std::mem::take(&mut draft.mentions);
            let part = documents::part(self, document, record, &json, &key, &mut own, &mut evaluation);
            draft.mentions = own.mentions;
            draft.parts.push(part);
            if i > 0 {
                let why = "a translation; it becomes a language of the article that it says";
                let loss = Loss::new(record.key(), "record", LossRule::Merged, why);
                evaluation.losses.push(loss.values(record.key().to_string(), first.key().to_string()));
            }
            rule.plan.drops.iter().for_each(|d| evaluation.dropped(d, &json));
            losses.extend(evaluation.losses);
            sources.push((record.key(), json));
        }
        documents::files(document, &sources, &files, &mut draft, &mut losses);
        Ok(Mapped { draft: Some(draft), losses, skipped: None })
    }

    fn skip(&self, rule: &ObjectRule, json: &Json, evaluation: &mut Evaluation<'_>) -> Option<String> {
        let skip = rule.plan.skips.iter().find(|s| holds(&s.when, json))?;
        let loss = Loss::new(evaluation.record.clone(), "record", LossRule::Skipped, skip.why.clone());
        evaluation.losses.push(loss);
        Some(skip.name.clone())
    }

    fn thread(&self, rule: &ObjectRule, thread: &Thread) -> Result<Mapped> {
        let ticket = &thread.ticket;
        let json = thread_json(thread, &rule.plan.heads)?;
        let mut evaluation = self.evaluation(ticket.id.source_ref());
        if let Some(skipped) = self.skip(rule, &json, &mut evaluation) {
            parts::left_behind(thread, &mut evaluation);
            return Ok(Mapped { draft: None, losses: evaluation.losses, skipped: Some(skipped) });
        }
        let mut draft = Draft::new(rule.to.clone(), ticket.id.source_ref());
        for field in &rule.plan.fields {
            let value = evaluation.field(field, &json);
            if !value.is_empty() {
                draft.fields.insert(field.to.clone(), value);
            }
        }
        if let Some(categories) = &rule.plan.categories {
            self.categories(rule, categories, &ticket.categories, &mut draft, &mut evaluation);
        }
        self.custom(rule, &ticket.custom, &mut draft, &mut evaluation);
        rule.plan.drops.iter().for_each(|d| evaluation.dropped(d, &json));
        self.merged(thread, &mut draft, &mut evaluation)?;
        draft.parts = parts::build(self, rule, thread, &json, &mut evaluation)?;
        Ok(Mapped { draft: Some(draft), losses: evaluation.losses, skipped: None })
    }

    /// Tickets merged into this one become aliases. What their note doesn't say is in the loss.
    fn merged(&self, thread: &Thread, draft: &mut Draft, evaluation: &mut Evaluation<'_>) -> Result<()> {
        for ticket in &thread.merged {
            let alias = ticket.id.source_ref();
            if alias == draft.source || draft.aliases.contains(&alias) {
                continue;
            }
            let why = "merged into another ticket at the source; kept as an alias and a note";
            let before = serde_json::to_string(ticket).map_err(not_json)?;
            let loss = Loss::new(alias.clone(), "record", LossRule::Merged, why);
            evaluation.losses.push(loss.values(before, draft.source.to_string()));
            draft.aliases.push(alias);
        }
        Ok(())
    }

    fn custom(
        &self,
        rule: &ObjectRule,
        fields: &CustomFields,
        draft: &mut Draft,
        evaluation: &mut Evaluation<'_>,
    ) {
        let Some(custom) = &rule.plan.custom else { return };
        let names = self.names.get(rule.from.as_str());
        for (name, value) in fields.iter().filter(|(name, _)| !custom.ruled.contains(*name)) {
            if value.trim().is_empty() {
                continue;
            }
            let at = format!("{}.{name}", custom.path.text);
            let Some(attribute) = names.and_then(|n| n.custom(name)) else {
                let excluded = custom.exclude.contains(name);
                let why = match custom.choices.get(name) {
                    Some(_) => "left out by a person",
                    None if excluded => "left out by the mapping",
                    None => "this custom field was not observed",
                };
                let loss = Loss::new(evaluation.record.clone(), at, LossRule::Dropped, why);
                evaluation.losses.push(loss.values(value.as_str(), ""));
                continue;
            };
            let to = format!("attribute.{attribute}");
            let (field_type, form) = custom.typed(name);
            let text = match form {
                ValueForm::Plain => None,
                ValueForm::DecimalComma => decimal_comma(value),
                ValueForm::DayFirst | ValueForm::MonthFirst => day(value, form).map(|d| d.to_string()),
            };
            if let Some(text) = &text {
                let why = "written in the form that the type asks for";
                evaluation.lose(&to, LossRule::Recast, why, value.as_str().to_owned(), text.clone());
            }
            let leaf = super::path::Leaf::text(text.unwrap_or_else(|| value.as_str().to_owned()));
            let value = evaluation.typed(&to, vec![leaf], field_type, custom.max_chars);
            merge(draft, &to, value, Merge::First, evaluation);
        }
    }

    fn categories(
        &self,
        rule: &ObjectRule,
        plan: &Categories,
        ids: &[CategoryId],
        draft: &mut Draft,
        evaluation: &mut Evaluation<'_>,
    ) {
        let names = self.names.get(rule.from.as_str());
        let mut done = BTreeSet::new();
        let mut tags = Vec::new();
        for id in ids.iter().filter(|id| done.insert((*id).clone())) {
            let (Some(category), Some(label)) = (self.seen.categories.get(id), self.labels.get(id)) else {
                let why = "the source has no such category";
                let loss =
                    Loss::new(evaluation.record.clone(), plan.path.text.clone(), LossRule::Dropped, why);
                evaluation.losses.push(loss.values(id.as_str(), ""));
                continue;
            };
            let mut told_apart = |to: &str| {
                if label != category.name.trim() {
                    let why = "its set has the name twice; told apart by its ticketbox or id";
                    evaluation.lose(to, LossRule::Recast, why, category.name.clone(), label.clone());
                }
            };
            if let Some(name) = self.tags.get(id) {
                told_apart(&plan.multi);
                tags.push(Value::Link(Link::Source(SourceRef::new("tag", name.clone()))));
            } else if let Some(attribute) = names.and_then(|n| n.set(&category.set)) {
                let to = format!("attribute.{attribute}");
                told_apart(&to);
                merge(draft, &to, Value::text(label.as_str()), Merge::First, evaluation);
            } else {
                let why = "left out by a person";
                evaluation.lose(&plan.path.text, LossRule::Dropped, why, label.clone(), String::new());
            }
        }
        if !tags.is_empty() {
            let field = draft.fields.entry(plan.multi.clone()).or_insert_with(|| Value::List(Vec::new()));
            let mut all = field.items().to_vec();
            for tag in tags {
                if !all.contains(&tag) {
                    all.push(tag);
                }
            }
            *field = Value::List(all);
        }
    }
}

/// The tag of every category whose set takes several. Names that differ only in case are one tag.
pub(super) fn tag_names(plan: &Categories, seen: &Observations) -> BTreeMap<CategoryId, String> {
    let (multi, labels) = (seen.multi_sets(), seen.category_labels());
    let mut spellings: BTreeMap<String, String> = BTreeMap::new();
    let mut tags = BTreeMap::new();
    let tagged = |set: &Option<String>, size| plan.form(set, size, multi.contains(set)) == SetForm::Tags;
    let sizes = seen.set_sizes().into_iter();
    let sets: BTreeSet<&Option<String>> =
        sizes.filter(|(set, n)| tagged(set, *n)).map(|(set, _)| set).collect();
    for category in seen.categories.values().filter(|c| sets.contains(&c.set)) {
        let Some(label) = labels.get(&category.id) else { continue };
        let name = match category.set.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
            Some(set) => plan.tag.replace("{set}", set).replace("{label}", label),
            None => label.clone(),
        };
        let name = spellings.entry(name.to_lowercase()).or_insert(name);
        tags.insert(category.id.clone(), name.clone());
    }
    tags
}

/// Puts a value into the draft, or says which of two it keeps.
fn merge(draft: &mut Draft, to: &str, value: Value, how: Merge, evaluation: &mut Evaluation<'_>) {
    if value.is_empty() {
        return;
    }
    let Some(there) = draft.fields.get(to) else {
        draft.fields.insert(to.to_owned(), value);
        return;
    };
    if *there == value {
        return;
    }
    if let (Value::List(links), Value::List(more)) = (there, &value) {
        let mut all = links.clone();
        all.extend(more.iter().filter(|v| !links.contains(v)).cloned());
        draft.fields.insert(to.to_owned(), Value::List(all));
        return;
    }
    let wins = match (how, there, &value) {
        (Merge::Min, Value::Time(a), Value::Time(b)) => b < a,
        (Merge::Min, Value::Int(a), Value::Int(b)) => b < a,
        (Merge::Min, Value::Text(a), Value::Text(b)) => b < a,
        (Merge::Any, Value::Bool(_), Value::Bool(b)) => *b,
        _ => false,
    };
    let (kept, lost) = if wins { (&value, there) } else { (there, &value) };
    if how != Merge::Id {
        let why = "several records become one, which keeps one value";
        let loss = Loss::new(evaluation.record.clone(), to, LossRule::Merged, why);
        evaluation.losses.push(loss.values(plain(lost), plain(kept)));
    }
    if wins {
        draft.fields.insert(to.to_owned(), value);
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Text(s) | Value::Html(s) => s.as_str().to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(n) => n.clone(),
        Value::Time(t) => t.to_string(),
        Value::Date(d) => d.to_string(),
        Value::Link(Link::Source(record)) => record.to_string(),
        Value::Link(Link::Remote(remote)) => remote.to_string(),
        Value::List(items) => items.iter().map(plain).collect::<Vec<_>>().join("\n"),
        _ => String::new(),
    }
}

fn no_records() -> Error {
    Error::not_sent(ErrorKind::Invalid, "a group of no records has no draft")
}

/// A record without what its object can't be without is refused with what to do.
fn needed(field: &Field, value: &Value, record: &SourceRef) -> Result<()> {
    match &field.needed {
        Some(todo) if value.is_empty() => Err(Error::not_sent(ErrorKind::Invalid, todo.clone())
            .with("record", record)
            .with("field", &field.to)),
        _ => Ok(()),
    }
}

fn not_json(e: serde_json::Error) -> Error {
    Error::bug("a record could not be written as JSON").with_source(e)
}

/// The record's own JSON form, without its kind.
fn json_of(record: &Record) -> Result<Json> {
    match serde_json::to_value(record).map_err(not_json)? {
        Json::Object(mut map) => Ok(map.remove("record").unwrap_or_default()),
        other => Ok(other),
    }
}

/// The JSON form of what rules look at; bodies of messages are large and rarely looked at.
fn thread_json(thread: &Thread, heads: &BTreeSet<String>) -> Result<Json> {
    let mut map = Map::new();
    let mut put = |name: &str, value: serde_json::Result<Json>| -> Result<()> {
        map.insert(name.to_owned(), value.map_err(not_json)?);
        Ok(())
    };
    put("ticket", serde_json::to_value(&thread.ticket))?;
    for head in heads {
        match head.as_str() {
            "messages" => put(head, serde_json::to_value(&thread.messages))?,
            "calls" => put(head, serde_json::to_value(&thread.calls))?,
            "chat" => put(head, serde_json::to_value(&thread.chat))?,
            "attachments" => put(head, serde_json::to_value(&thread.attachments))?,
            "merged" => put(head, serde_json::to_value(&thread.merged))?,
            _ => {}
        }
    }
    Ok(Json::Object(map))
}
