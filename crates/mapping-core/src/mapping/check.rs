//! What must exist at the destination, and whether it does.

use super::choices::SetForm;
use super::mapper::tag_names;
use super::names::Names;
use super::path::nearest;
use super::plan::{Field, LinkKind, Wanted};
use super::spec::{TYPES, Target};
use super::{Mapping, ObjectRule, Observations};
use crate::{Catalog, Draft, FieldSpec, FieldType, SourceRef, Value};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// Nothing may be written before it is settled.
    Blocker,
}

/// Something wrong between the mapping and the destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The row of the mapping.
    pub row: String,
    /// The rule: kind of object and destination field.
    pub rule: String,
    /// How bad.
    pub severity: Severity,
    /// What is wrong and what to do.
    pub why: String,
}

/// A list attribute needs at least two options; this one joins a lonely one.
const OTHER: &str = "Other";
const FEWEST_OPTIONS: usize = 2;

impl Mapping {
    /// The fields that must exist at the destination before the first draft: attributes of rules, of custom fields
    /// and of sets of categories, each with its options.
    pub fn wanted_fields(&self, seen: &Observations) -> Vec<FieldSpec> {
        let mut all = Vec::new();
        for rule in self.objects() {
            let plan = &rule.plan;
            for field in &plan.fields {
                let wanted = match field.wanted {
                    Wanted::Always => true,
                    Wanted::Renumbered => seen.renumbered > 0,
                    Wanted::Existing => false,
                };
                if let (true, Some(spec)) = (wanted, spec_of(rule, field)) {
                    all.push(spec);
                }
            }
            all.extend(plan.wants.iter().cloned());
            let names = Names::new(rule, seen);
            for (set, name) in names.sets() {
                all.push(category_spec(self, rule, seen, set, name));
            }
            for (word, name) in names.customs() {
                let described = format!("Custom field “{word}” in {}", self.options().source_name);
                let most = plan.custom.as_ref().and_then(|c| c.max_chars);
                let mut spec = text_spec(rule, name, Some(described));
                spec.field_type = plan.custom.as_ref().map_or(FieldType::Text, |c| c.typed(word).0);
                if spec.field_type == FieldType::List {
                    let usage = seen.custom.get(rule.from.as_str()).and_then(|names| names.get(word));
                    if usage.is_some_and(|u| u.many) {
                        // Not all of its values are known: no list could offer them.
                        spec.field_type = FieldType::Text;
                        all.push(spec);
                        continue;
                    }
                    let values = usage.into_iter().flat_map(|u| u.distinct.iter());
                    spec.options = enough(values.map(|v| v.as_str().to_owned()).collect());
                }
                spec.max_chars = most.and_then(|n| u32::try_from(n).ok());
                all.push(spec);
            }
        }
        let mut keys = BTreeSet::new();
        all.retain(|f| keys.insert(f.key()));
        all
    }

    /// The tags that must exist: values of sets of categories of which a ticket may have several, and tags of articles.
    pub fn wanted_tags(&self, seen: &Observations) -> Vec<String> {
        let plans = self.objects().iter().filter_map(|o| o.plan.categories.as_ref());
        let mut tags: BTreeSet<String> = plans.flat_map(|p| tag_names(p, seen).into_values()).collect();
        let links = self.objects().iter().flat_map(|o| &o.plan.fields);
        if links.into_iter().any(|f| f.link == Some(LinkKind::Tag)) {
            tags.extend(seen.tags().map(str::to_owned));
        }
        tags.into_iter().collect()
    }

    /// Drafts of the wanted fields and tags, for provisioning. Leaving out what exists is for the caller.
    pub fn schema_drafts(&self, seen: &Observations) -> Vec<Draft> {
        let fields = self.wanted_fields(seen).into_iter().map(|f| field_draft(&f));
        let tags = self
            .wanted_tags(seen)
            .into_iter()
            .map(|name| Draft::new("tag", SourceRef::new("tag", name.clone())).with("name", name));
        fields.chain(tags).collect()
    }

    /// Compares the rules with what the destination has and what will be provisioned.
    pub fn check(&self, to: &Catalog, provisioned: &[FieldSpec]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for rule in self.objects() {
            for field in &rule.plan.fields {
                if let Some(name) = field.attribute() {
                    check_attribute(rule, field, name, to, provisioned, &mut findings);
                }
            }
        }
        for spec in provisioned {
            let there: Vec<&FieldSpec> = to.fields.iter().filter(|f| f.key() == spec.key()).collect();
            let mut find = |severity, why: String| {
                findings.push(Finding { row: String::new(), rule: spec.key(), severity, why });
            };
            if there.len() > 1 {
                find(Severity::Blocker, "the destination has several fields of this name; keep one".into());
            }
            if let Some(field) = there.first() {
                compare(spec, field, &mut find);
            }
        }
        findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.rule.cmp(&b.rule)));
        findings.dedup();
        findings
    }
}

fn text_spec(rule: &ObjectRule, name: &str, description: Option<String>) -> FieldSpec {
    FieldSpec {
        kind: rule.plan.registry.clone(),
        name: name.to_owned(),
        field_type: FieldType::Text,
        options: Vec::new(),
        description,
        max_chars: None,
        remote: None,
    }
}

fn spec_of(rule: &ObjectRule, field: &Field) -> Option<FieldSpec> {
    let Target::Plain(field_type) = field.target else { return None };
    let mut spec = text_spec(rule, field.attribute()?, field.description.clone());
    spec.field_type = field_type;
    spec.max_chars = field.max_chars.and_then(|n| u32::try_from(n).ok());
    if field_type == FieldType::List {
        spec.options = enough(field.options.clone());
    }
    Some(spec)
}

fn category_spec(
    mapping: &Mapping,
    rule: &ObjectRule,
    seen: &Observations,
    set: &Option<String>,
    name: &str,
) -> FieldSpec {
    let labels = seen.category_labels();
    let of_set = seen.categories.values().filter(|c| c.set == *set);
    let options = of_set.filter_map(|c| labels.get(&c.id).cloned()).collect();
    let described = match set {
        Some(set) => format!("Category “{set}” in {}", mapping.options().source_name),
        None => format!("Category in {}", mapping.options().source_name),
    };
    let mut spec = text_spec(rule, name, Some(described));
    let size = seen.categories.values().filter(|c| c.set == *set).count();
    let form = rule.plan.categories.as_ref().map(|c| c.form(set, size, false));
    if form == Some(SetForm::Text) {
        return spec;
    }
    spec.field_type = FieldType::List;
    spec.options = enough(options);
    spec
}

fn enough(mut options: Vec<String>) -> Vec<String> {
    let spare = [OTHER, "Another"].into_iter();
    for name in spare {
        if options.len() < FEWEST_OPTIONS && !options.iter().any(|o| o.eq_ignore_ascii_case(name)) {
            options.push(name.to_owned());
        }
    }
    options
}

fn data_type(field_type: FieldType) -> &'static str {
    TYPES.iter().find(|(_, t)| *t == field_type).map_or("text", |(word, _)| word)
}

fn field_draft(field: &FieldSpec) -> Draft {
    let source = SourceRef::new(field.kind.clone(), field.name.clone());
    let mut draft = Draft::new(field.kind.clone(), source)
        .with("name", field.name.as_str())
        .with("data_type", data_type(field.field_type));
    if !field.options.is_empty() {
        let options = field.options.iter().map(|o| Value::text(o.as_str())).collect();
        draft.fields.insert("options".into(), Value::List(options));
    }
    if let Some(description) = &field.description {
        draft.fields.insert("description".into(), Value::text(description.as_str()));
    }
    draft
}

fn check_attribute(
    rule: &ObjectRule,
    field: &Field,
    name: &str,
    to: &Catalog,
    provisioned: &[FieldSpec],
    findings: &mut Vec<Finding>,
) {
    let Some(wanted) = spec_of(rule, field) else { return };
    let mut find = |severity, why: String| {
        let rule = format!("{} → {}", rule.from, field.to);
        findings.push(Finding { row: field.row.clone(), rule, severity, why });
    };
    let planned = provisioned.iter().find(|p| p.key() == wanted.key());
    match to.field(&wanted.kind, name).or(planned) {
        Some(there) => compare(&wanted, there, &mut find),
        // Only wanted when it is needed; whether it is shows in the list of what will be provisioned.
        None if field.wanted == Wanted::Renumbered => {}
        None => {
            let candidates = to.fields.iter().filter(|f| f.kind == wanted.kind).map(|f| f.name.as_str());
            let like = nearest(name, candidates).map(|n| format!("; is it `{n}`?")).unwrap_or_default();
            let why =
                format!("there is no such {} at the destination, and none will be made{like}", wanted.kind);
            find(Severity::Blocker, why);
        }
    }
}

fn compare(wanted: &FieldSpec, there: &FieldSpec, find: &mut impl FnMut(Severity, String)) {
    use FieldType::{Date, DateTime, Decimal, Integer, List, Other, Text};
    let fits = match (wanted.field_type, there.field_type) {
        (_, Other) => false,
        (a, b) if a == b => true,
        (List | Integer | Decimal, Text) | (Integer, Decimal) | (Date, DateTime) => true,
        _ => false,
    };
    if !fits {
        let (want, is) = (data_type(wanted.field_type), data_type(there.field_type));
        let is = if there.field_type == Other { "of an unknown type" } else { is };
        find(Severity::Blocker, format!("the rule makes {want}, the field at the destination is {is}"));
    } else if there.field_type == List {
        let has = |o: &&String| there.options.iter().any(|t| t.to_lowercase() == o.to_lowercase());
        let missing = wanted.options.iter().filter(|o| !has(o)).count();
        if missing > 0 {
            let why = format!("{missing} of {} options are missing at the destination", wanted.options.len());
            find(Severity::Warning, why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Category, CategoryScope, Extra, Ticket};

    fn mapping() -> Mapping {
        Mapping::built_in("focalscope-to-intercom").unwrap()
    }

    fn category(id: &str, name: &str, set: &str, multi: bool) -> Category {
        Category {
            id: id.into(),
            name: name.into(),
            set: Some(set.into()),
            parent: None,
            multi,
            mandatory: false,
            scope: CategoryScope::Everywhere,
            active: true,
            extra: Extra::new(),
        }
    }

    #[test]
    fn what_is_wanted_holds_no_name_twice_and_lists_have_options_enough() {
        let mut seen = Observations::default();
        seen.observe(&category("1", "Only", "Topic", false).into());
        seen.observe(&category("2", "Red", "Colour", true).into());
        let fields = mapping().wanted_fields(&seen);
        let keys: BTreeSet<String> = fields.iter().map(FieldSpec::key).collect();
        assert_eq!(keys.len(), fields.len());
        assert!(fields.iter().all(|f| f.field_type != FieldType::List || f.options.len() >= 2));
        let channel = fields.iter().find(|f| f.name == "channel_source__c").unwrap();
        let order = ["E-mail", "Voice", "Live chat", "Facebook", "WhatsApp", "Telegram", "SMS"];
        assert_eq!(channel.options, order);
        assert!(fields.iter().any(|f| f.name == "focalscope_topic__c" && f.options == ["Only", "Other"]));
        assert!(!fields.iter().any(|f| f.name == "focalscope_colour__c"));
        assert_eq!(mapping().wanted_tags(&seen), ["Colour: Red"]);
    }

    #[test]
    fn the_id_gets_an_attribute_of_its_own_only_when_some_number_is_another() {
        let mut seen = Observations::default();
        let has = |seen: &Observations| {
            mapping().wanted_fields(seen).iter().any(|f| f.name == "focalscope_ticket_uid__c")
        };
        let mut ticket = Ticket::new("1".into());
        ticket.number = Some("1".into());
        seen.observe(&ticket.clone().into());
        assert!(!has(&seen));
        ticket.number = Some("77".into());
        seen.observe(&ticket.into());
        assert!(has(&seen));
    }

    #[test]
    fn provisioning_everything_leaves_nothing_to_find_and_an_unknown_attribute_blocks() {
        let seen = Observations::default();
        let wanted = mapping().wanted_fields(&seen);
        assert_eq!(mapping().check(&Catalog::default(), &wanted), []);
        let over = "[[object]]\nfrom = \"ticket\"\n[[object.field]]\nto = \"attribute.team_mood\"\n\
                    path = \"ticket.custom.Mood\"\nexisting = true\n";
        let found = mapping().overlay(over).unwrap().check(&Catalog::default(), &wanted);
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].severity, found[0].rule.as_str()),
            (Severity::Blocker, "ticket → attribute.team_mood")
        );
    }

    #[test]
    fn an_attribute_of_another_type_blocks() {
        let seen = Observations::default();
        let wanted = mapping().wanted_fields(&seen);
        let mut there = wanted.iter().find(|f| f.name == "focalscope_created_at__c").unwrap().clone();
        there.field_type = FieldType::Boolean;
        let to = Catalog { fields: vec![there], ..Catalog::default() };
        let found = mapping().check(&to, &wanted);
        assert!(!found.is_empty() && found.iter().all(|f| f.severity == Severity::Blocker));
        assert!(found[0].why.contains("datetime"), "{}", found[0].why);
    }

    #[test]
    fn schema_drafts_carry_name_type_and_options_in_order() {
        let drafts = mapping().schema_drafts(&Observations::default());
        let priority = drafts.iter().find(|d| d.source.id == "focalscope_priority__c").unwrap();
        assert_eq!(priority.kind, "conversation_attribute");
        assert_eq!(priority.text("data_type"), "list");
        let options: Vec<&str> = priority.field("options").items().iter().filter_map(Value::as_str).collect();
        assert_eq!(options, ["Low", "Normal", "High", "Urgent"]);
        assert!(
            drafts
                .iter()
                .any(|d| d.kind == "contact_attribute" && d.text("name") == "focalscope_contact_id__c")
        );
        assert!(drafts.iter().any(|d| d.text("data_type") == "datetime"));
    }
}
