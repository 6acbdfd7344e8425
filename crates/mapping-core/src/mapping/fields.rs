//! Values of fields: finds them, transforms them, gives them the type of the destination, and tells what was lost.

use super::Resolution;
use super::path::{Leaf, Path, text_of};
use super::plan::{Choice, Cond, Drop, Field, LinkKind};
use super::spec::Target;
use super::transform::{Damage, Scope, Transform, boolean, cut};
use crate::{FieldType, Link, Loss, LossRule, SourceRef, Value};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::Value as Json;

/// The id of the record that stands in for one that isn't there.
pub(crate) const STAND_IN: &str = "stand-in";

/// Evaluates rules over one record and collects what is lost.
pub(crate) struct Evaluation<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) resolution: &'a Resolution,
    pub(crate) record: SourceRef,
    /// What a person decided for the record.
    pub(crate) decision: Option<&'a str>,
    pub(crate) losses: Vec<Loss>,
}

/// Whether every condition holds.
pub(crate) fn holds(when: &[Cond], json: &Json) -> bool {
    when.iter().all(|cond| {
        if cond.never {
            return false;
        }
        let values: Vec<String> = cond.path.find(json).iter().map(Leaf::as_text).collect();
        let among = |list: &Vec<String>| values.iter().any(|v| list.contains(v));
        let differs = |other: &Path| {
            let others: Vec<String> = other.find(json).iter().map(Leaf::as_text).collect();
            !values.is_empty() && values != others
        };
        cond.is.as_ref().is_none_or(among)
            && !cond.not.as_ref().is_some_and(among)
            && cond.exists.is_none_or(|wanted| wanted != values.is_empty())
            && cond.differs.as_ref().is_none_or(differs)
    })
}

impl Evaluation<'_> {
    /// The value of a field; `Null` when the record has none.
    pub(crate) fn field(&mut self, field: &Field, json: &Json) -> Value {
        if !holds(&field.main.when, json) {
            return Value::Null;
        }
        let choice = field.cases.iter().find(|c| holds(&c.when, json)).unwrap_or(&field.main);
        match (field.target, field.link) {
            (Target::Plain(wanted), _) if field.decided && self.decision.is_some() => {
                let decided = Leaf::text(self.decision.unwrap_or_default());
                let said = choice.paths.iter().flat_map(|p| p.find(json)).next();
                if let Some(said) = said.filter(|s| s.as_text() != decided.as_text()) {
                    let why = "a person decided otherwise";
                    self.lose(&field.to, LossRule::Recast, why, said.as_text(), decided.as_text());
                }
                self.typed(&field.to, vec![decided], wanted, field.max_chars)
            }
            (Target::Texts, _) => {
                let leaves = self.choice(&field.to, choice, field.kept, json);
                Value::List(leaves.iter().map(|l| Value::text(l.as_text())).collect())
            }
            (Target::Links, Some(LinkKind::Tag)) => {
                let mut links = self.tags(&field.to, choice, json);
                if field.with_batch {
                    links.push(Value::Link(Link::Batch));
                }
                Value::List(links)
            }
            (Target::Plain(wanted), _) => {
                let leaves = self.choice(&field.to, choice, field.kept, json);
                self.typed(&field.to, leaves, wanted, field.max_chars)
            }
            (target, Some(kind)) => {
                let link = self.link(&field.to, kind, choice, json);
                match (link, target) {
                    (Some(link), Target::Links) => Value::List(vec![Value::Link(link)]),
                    (Some(link), _) => Value::Link(link),
                    (None, _) => Value::Null,
                }
            }
            (_, None) => Value::Null,
        }
    }

    /// The values of a choice, transformed.
    pub(crate) fn choice(&mut self, field: &str, choice: &Choice, kept: bool, json: &Json) -> Vec<Leaf> {
        if let Some(value) = &choice.value {
            return vec![Leaf { value: value.clone(), id_of: None }];
        }
        let found = choice.paths.iter().map(|p| p.find(json)).find(|v| !v.is_empty()).unwrap_or_default();
        let before: Vec<String> = found.iter().map(Leaf::as_text).collect();
        let mut leaves = found;
        for transform in &choice.transforms {
            let mut damage = Vec::new();
            leaves = transform.apply(leaves, self.scope, &mut damage);
            let harmless = kept && matches!(transform, Transform::First | Transform::Last);
            // A default says more than "the table has no entry".
            let replaced = leaves.is_empty() && choice.default.is_some();
            if !harmless && !replaced {
                self.tell(field, damage);
            }
        }
        match &choice.default {
            Some(default) if leaves.is_empty() => {
                let why = if before.is_empty() { "no value at the source" } else { "unknown value" };
                let loss = Loss::new(self.record.clone(), field, LossRule::Defaulted, why);
                self.losses.push(loss.values(before.join("\n"), text_of(default)));
                vec![Leaf { value: default.clone(), id_of: None }]
            }
            _ => leaves,
        }
    }

    /// Turns what transforms told into losses.
    pub(crate) fn tell(&mut self, field: &str, damage: Vec<Damage>) {
        for d in damage {
            let loss = Loss::new(self.record.clone(), field, d.rule, d.why);
            self.losses.push(loss.values(d.before, d.after));
        }
    }

    pub(crate) fn lose(&mut self, field: &str, rule: LossRule, why: &str, before: String, after: String) {
        self.losses.push(Loss::new(self.record.clone(), field, rule, why).values(before, after));
    }

    /// One value in the form of its type.
    pub(crate) fn typed(
        &mut self,
        field: &str,
        leaves: Vec<Leaf>,
        wanted: FieldType,
        most: Option<usize>,
    ) -> Value {
        let Some((first, others)) = leaves.split_first() else { return Value::Null };
        let others: Vec<String> = others.iter().filter(|o| *o != first).map(Leaf::as_text).collect();
        let text = first.as_text();
        if !others.is_empty() {
            self.lose(field, LossRule::Merged, "the field takes one value", others.join("\n"), text.clone());
        }
        let value = match wanted {
            FieldType::Integer => text.trim().parse().ok().map(Value::Int),
            FieldType::Decimal => decimal(text.trim()).map(Value::Decimal),
            FieldType::Boolean => boolean(&text).map(Value::Bool),
            FieldType::DateTime => text.trim().parse::<Timestamp>().ok().map(Value::Time),
            FieldType::Date => day(text.trim()).map(Value::Date),
            _ => match most.and_then(|n| cut(&text, n)) {
                Some(short) => {
                    let why = "longer than the rule allows";
                    self.lose(field, LossRule::Cut, why, text.clone(), short.clone());
                    Some(Value::text(short))
                }
                None => Some(Value::text(text.clone())),
            },
        };
        value.unwrap_or_else(|| {
            let why = "the value doesn't fit the type of the field";
            self.lose(field, LossRule::Dropped, why, text, String::new());
            Value::Null
        })
    }

    /// Links to the tags of the names at the path, each once whatever its case.
    fn tags(&mut self, field: &str, choice: &Choice, json: &Json) -> Vec<Value> {
        let names = self.choice(field, choice, false, json);
        let mut links = Vec::new();
        for name in names {
            let (name, tag) = (name.as_text(), self.scope.seen.tag(&name.as_text()));
            if tag != name.trim() {
                let why = "tags that differ only in case or white space are one";
                self.lose(field, LossRule::Merged, why, name, tag.clone());
            }
            let link = Value::Link(Link::Source(SourceRef::new("tag", tag)));
            if !links.contains(&link) {
                links.push(link);
            }
        }
        links
    }

    fn link(&mut self, field: &str, kind: LinkKind, choice: &Choice, json: &Json) -> Option<Link> {
        if kind == LinkKind::Batch {
            return Some(Link::Batch);
        }
        let ids: Vec<SourceRef> = choice
            .paths
            .iter()
            .flat_map(|p| p.find(json))
            .filter_map(|leaf| Some(SourceRef::new(leaf.id_of?, leaf.as_text())))
            .collect();
        let known = |table: &std::collections::BTreeMap<SourceRef, crate::RemoteRef>| {
            ids.iter().find_map(|id| table.get(id)).cloned().map(Link::Remote)
        };
        let found = match kind {
            LinkKind::Source => ids.iter().find(|id| self.scope.seen.has(id)).cloned().map(Link::Source),
            LinkKind::Person => known(&self.resolution.people),
            LinkKind::Team => known(&self.resolution.teams),
            LinkKind::Batch | LinkKind::Tag => None,
        };
        if let Some(found) = found {
            let others =
                ids.iter().filter(|id| kind == LinkKind::Source && Link::from((*id).clone()) != found);
            let others: Vec<String> = others.map(|id| self.named(id)).collect();
            if !others.is_empty() {
                let why = "there is one place for it; only the first is kept";
                self.lose(field, LossRule::Merged, why, others.join("\n"), String::new());
            }
            return Some(found);
        }
        if let (LinkKind::Source, Some(_), Some(path)) = (kind, &choice.default, choice.paths.first()) {
            let Some(super::schema::Shape::Id(of)) = path.leaf() else { return None };
            let stand_in = SourceRef::new(of, STAND_IN);
            let all = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
            let (why, before) = match ids.first() {
                Some(_) => ("the source has no such record; a stand-in takes the place", all),
                None => ("the source names nobody; a stand-in takes the place", String::new()),
            };
            self.lose(field, LossRule::Defaulted, why, before, stand_in.to_string());
            return Some(Link::Source(stand_in));
        }
        if let Some(first) = ids.first() {
            let name = self.scope.seen.name_of(first).unwrap_or(&first.id).to_owned();
            let why = match kind {
                LinkKind::Source => "the source has no such record",
                _ => "has no counterpart at the destination",
            };
            self.lose(field, LossRule::Dropped, why, name, String::new());
        }
        None
    }

    /// The id of a record, with its name where that is known.
    fn named(&self, record: &SourceRef) -> String {
        match self.scope.seen.name_of(record) {
            Some(name) => format!("{record} {name}"),
            None => record.to_string(),
        }
    }

    /// What a drop rule leaves out.
    pub(crate) fn dropped(&mut self, drop: &Drop, json: &Json) {
        if drop.silent || !holds(&drop.when, json) {
            return;
        }
        let texts = dropped_texts(drop, json);
        if !texts.is_empty() {
            self.lose(&drop.path.text, LossRule::Dropped, &drop.why, texts.join("\n"), String::new());
        }
    }
}

/// The values a drop rule is about. `false` says nothing that is missed.
pub(crate) fn dropped_texts(drop: &Drop, json: &Json) -> Vec<String> {
    let mut texts = Vec::new();
    for leaf in drop.path.find(json) {
        match &leaf.value {
            Json::Bool(false) => {}
            Json::Object(map) => {
                let named = map.iter().filter(|(name, _)| !drop.except.contains(*name));
                texts.extend(named.map(|(name, v)| format!("{name}: {}", text_of(v))));
            }
            _ => texts.push(leaf.as_text()),
        }
    }
    texts
}

fn decimal(text: &str) -> Option<String> {
    super::custom_use::is_decimal(text).then(|| text.trim_start_matches('+').to_owned())
}

fn day(text: &str) -> Option<Date> {
    // A moment is more than a day; its day in UTC is what is left of it.
    text.parse::<Timestamp>()
        .ok()
        .map(|t| t.to_zoned(jiff::tz::TimeZone::UTC).date())
        .or_else(|| text.parse().ok())
}
