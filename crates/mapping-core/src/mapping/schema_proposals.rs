//! Proposals for custom fields, categories, working hours and contacts that may be one person.

use super::choices::{SetChoice, SetForm};
use super::custom_use::{CustomUse, ValueForm};
use super::names::{Names, slug};
use super::observe::MOST_ALIKE;
use super::propose::{Confidence, fold};
use super::{Mapping, ObjectRule, Observations};
use crate::model::CategoryScope;
use crate::{Catalog, FieldSpec, FieldType, Private, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A proposed place and type for a custom field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldProposal {
    /// The kind of record that has it: `ticket`, `contact`, `company`.
    pub kind: String,
    /// The source's name for it.
    pub name: String,
    /// The proposed attribute.
    pub attribute: String,
    /// The proposed type.
    pub field_type: FieldType,
    /// How the source writes the values.
    pub form: ValueForm,
    /// How many values were seen.
    pub values: u64,
    /// Why.
    pub reason: String,
    /// How sure. Below [`Confidence::High`] the field goes as text to the attribute that the mapping makes for it.
    pub confidence: Confidence,
}

/// A proposed place for a set of categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetProposal {
    /// Its name; `None` for categories without a set.
    pub set: Option<String>,
    /// Where it goes.
    pub choice: SetChoice,
    /// How many categories it has.
    pub values: u64,
    /// Why.
    pub reason: String,
    /// How sure.
    pub confidence: Confidence,
}

/// A proposed time zone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoursProposal {
    /// The profile.
    pub source: SourceRef,
    /// Its name.
    pub name: String,
    /// The zone (IANA).
    pub zone: Option<String>,
    /// Why.
    pub reason: String,
    /// How sure.
    pub confidence: Confidence,
}

/// Contacts that may be one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonProposal {
    /// The contacts, in order of their ids.
    pub contacts: Vec<SourceRef>,
    /// Why.
    pub reason: String,
    /// How sure; never so sure that they would be merged unasked.
    pub confidence: Confidence,
}

pub(super) fn fields(mapping: &Mapping, seen: &Observations, to: &Catalog) -> Vec<FieldProposal> {
    let bare = mapping.clone().with_choices(Default::default());
    let mut out = Vec::new();
    for rule in bare.objects().iter().filter(|o| o.plan.custom.is_some()) {
        let names = Names::new(rule, seen);
        let of_kind = seen.custom.get(rule.from.as_str());
        for (word, attribute) in names.customs() {
            if let Some(usage) = of_kind.and_then(|names| names.get(word)) {
                out.push(field(rule, word, attribute, usage, to));
            }
        }
    }
    out
}

fn field(rule: &ObjectRule, word: &str, attribute: &str, usage: &CustomUse, to: &Catalog) -> FieldProposal {
    let (field_type, form) = usage.narrowest();
    let of_registry = || to.fields.iter().filter(|f| f.kind == rule.plan.registry);
    let same = of_registry().find(|f| fold(&f.name) == fold(word));
    let near = same.or_else(|| of_registry().find(|f| f.name != attribute && slug(&f.name) == slug(word)));
    let made = of_registry().any(|f| f.name.eq_ignore_ascii_case(attribute));
    let mut proposal = FieldProposal {
        kind: rule.from.to_string(),
        name: word.to_owned(),
        attribute: attribute.to_owned(),
        field_type,
        form,
        values: usage.values,
        reason: usage.reason(),
        confidence: if field_type == FieldType::Text { Confidence::High } else { Confidence::Low },
    };
    let mut also = Vec::new();
    match near.filter(|_| !made) {
        Some(there) if fits(usage, there) => {
            let how = if same.is_some() { "the same name" } else { "nearly the same name" };
            also.push(format!(
                "the attribute `{}` is there already, with {how} and a type that fits",
                there.name
            ));
            proposal.attribute.clone_from(&there.name);
            proposal.field_type = there.field_type;
            proposal.confidence = Confidence::Low;
        }
        Some(there) => {
            also.push(format!("the attribute `{}` is there already, but its type doesn't fit", there.name))
        }
        None => {}
    }
    if proposal.confidence < Confidence::High {
        also.push(format!("until a person confirms it, it goes as text to `{attribute}`"));
    }
    for part in also {
        proposal.reason = format!("{}; {part}", proposal.reason);
    }
    proposal
}

/// Whether an attribute that is there can hold all values that were seen.
fn fits(usage: &CustomUse, there: &FieldSpec) -> bool {
    let (narrow, _) = usage.narrowest();
    match there.field_type {
        FieldType::Text => there.max_chars.is_none_or(|most| usage.longest <= u64::from(most)),
        FieldType::List => {
            let has = |v: &Private| there.options.iter().any(|o| fold(o) == fold(v));
            !usage.many && usage.values > 0 && usage.distinct.iter().all(has)
        }
        FieldType::Decimal => matches!(narrow, FieldType::Integer | FieldType::Decimal),
        other => narrow == other,
    }
}

pub(super) fn sets(mapping: &Mapping, seen: &Observations, to: &Catalog) -> Vec<SetProposal> {
    let bare = mapping.clone().with_choices(Default::default());
    let rules = bare.objects().iter().filter_map(|o| Some((o, o.plan.categories.as_ref()?)));
    let mut out = Vec::new();
    for (rule, plan) in rules.take(1) {
        let names = Names::new(rule, seen);
        let multi = seen.multi_sets();
        let sets: BTreeSet<&Option<String>> = seen.categories.values().map(|c| &c.set).collect();
        for set in sets {
            let of_set: Vec<_> = seen.categories.values().filter(|c| c.set == *set).collect();
            let (form, count) = (plan.form(set, of_set.len(), multi.contains(set)), of_set.len());
            let attribute = names.set(set).unwrap_or_default().to_owned();
            let (choice, mut reasons) = match form {
                SetForm::Tags => {
                    let said = of_set.iter().any(|c| c.multi);
                    let why = if said {
                        "the source allows several at once"
                    } else {
                        "some ticket has several at once"
                    };
                    (SetChoice::Tags, vec![why.to_owned()])
                }
                SetForm::Text => {
                    let why =
                        format!("{count} values are more than a list of {} can offer", plan.most_options);
                    (SetChoice::Text(attribute.clone()), vec![why])
                }
                SetForm::List | SetForm::LeftOut => {
                    (SetChoice::List(attribute.clone()), vec![format!("one of {count} values at a time")])
                }
            };
            if form == SetForm::List {
                reasons.extend(options(seen, set, to.field(&rule.plan.registry, &attribute)));
            }
            reasons.extend(remarks(seen, &of_set));
            let (set, values) = (set.clone(), count as u64);
            let reason = reasons.join("; ");
            out.push(SetProposal { set, choice, values, reason, confidence: Confidence::High });
        }
    }
    out
}

/// How many options are there already and how many are new.
fn options(seen: &Observations, set: &Option<String>, there: Option<&FieldSpec>) -> Option<String> {
    let there = there?;
    let labels = seen.category_labels();
    let of_set = seen.categories.values().filter(|c| c.set == *set).filter_map(|c| labels.get(&c.id));
    let (old, new): (Vec<_>, Vec<_>) = of_set.partition(|l| there.options.iter().any(|o| fold(o) == fold(l)));
    Some(format!("{} options are there already, {} are new", old.len(), new.len()))
}

/// What a person should know about the categories of a set.
fn remarks(seen: &Observations, of_set: &[&crate::model::Category]) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut by_name: BTreeMap<String, Vec<&crate::model::Category>> = BTreeMap::new();
    for c in of_set {
        by_name.entry(fold(&c.name)).or_default().push(c);
    }
    let scoped = |c: &&crate::model::Category| matches!(c.scope, CategoryScope::Ticketbox(_));
    let twice: Vec<_> = by_name.values().filter(|all| all.len() > 1).collect();
    if let Some(first) = twice.first().and_then(|all| all.first()) {
        let how = match twice.iter().any(|all| all.iter().any(scoped)) {
            true => "with their ticketbox behind them",
            false => "with their id behind them",
        };
        remarks.push(format!(
            "{} names are used more than once (“{}”): kept apart, {how}",
            twice.len(),
            first.name.trim()
        ));
    }
    let inactive = of_set.iter().filter(|c| !c.active).count();
    if inactive > 0 {
        remarks.push(format!("{inactive} are no longer in use and kept for old tickets"));
    }
    let unused = of_set.iter().filter(|c| !seen.category_use.contains_key(&c.id)).count();
    if seen.tickets > 0 && unused > 0 {
        remarks.push(format!("{unused} are on no ticket"));
    }
    let mandatory = of_set.iter().any(|c| c.mandatory);
    if mandatory {
        remarks.push("the source demands one; nothing demands it of loaded tickets".to_owned());
    }
    remarks
}

pub(super) fn hours(mapping: &Mapping, seen: &Observations) -> Vec<HoursProposal> {
    if mapping.object("working_hours").is_none() {
        return Vec::new();
    }
    let of = |(id, hours): (&crate::model::WorkingHoursId, &super::HoursSeen)| {
        let said = hours.zone.as_deref().map(str::trim).filter(|z| super::week::is_zone(z));
        let offset = clock(hours.offset_minutes);
        let (zone, reason, confidence) = match (said, zone_of(hours.offset_minutes)) {
            (Some(zone), _) => (Some(zone), "the source says so".to_owned(), Confidence::Certain),
            (None, Some(zone)) => {
                let why =
                    format!("the source says {offset} and no place; a place with that offset in winter");
                (Some(zone), why, Confidence::Low)
            }
            (None, None) => {
                (None, format!("the source says {offset}; no place is known for it"), Confidence::None)
            }
        };
        let (source, name, zone) = (id.source_ref(), hours.name.clone(), zone.map(str::to_owned));
        HoursProposal { source, name, zone, reason, confidence }
    };
    seen.hours.iter().map(of).collect()
}

fn clock(offset: i32) -> String {
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
    format!("UTC{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// A much used zone by its offset in winter.
fn zone_of(offset: i32) -> Option<&'static str> {
    const ZONES: [(i32, &str); 25] = [
        (-600, "Pacific/Honolulu"),
        (-540, "America/Anchorage"),
        (-480, "America/Los_Angeles"),
        (-420, "America/Denver"),
        (-360, "America/Chicago"),
        (-300, "America/New_York"),
        (-240, "America/Halifax"),
        (-210, "America/St_Johns"),
        (-180, "America/Sao_Paulo"),
        (0, "Europe/London"),
        (60, "Europe/Berlin"),
        (120, "Europe/Helsinki"),
        (180, "Europe/Istanbul"),
        (210, "Asia/Tehran"),
        (240, "Asia/Dubai"),
        (300, "Asia/Karachi"),
        (330, "Asia/Kolkata"),
        (345, "Asia/Kathmandu"),
        (360, "Asia/Dhaka"),
        (420, "Asia/Bangkok"),
        (480, "Asia/Singapore"),
        (540, "Asia/Tokyo"),
        (570, "Australia/Adelaide"),
        (600, "Australia/Sydney"),
        (720, "Pacific/Auckland"),
    ];
    ZONES.iter().find(|(minutes, _)| *minutes == offset).map(|(_, zone)| *zone)
}

pub(super) fn persons(seen: &Observations) -> Vec<PersonProposal> {
    let mut found: BTreeMap<Vec<SourceRef>, BTreeSet<&str>> = BTreeMap::new();
    for (key, alike) in seen.alike().filter(|(_, a)| !a.more && (2..=MOST_ALIKE).contains(&a.contacts.len()))
    {
        let contacts = alike.contacts.iter().map(|c| c.source_ref()).collect();
        let why = if key.starts_with("phone") { "the same telephone number" } else { "the same name" };
        found.entry(contacts).or_default().insert(why);
    }
    let proposal = |(contacts, why): (Vec<SourceRef>, BTreeSet<&str>)| {
        let reason = why.into_iter().collect::<Vec<_>>().join(" and ");
        PersonProposal { contacts, reason, confidence: Confidence::Low }
    };
    found.into_iter().map(proposal).collect()
}

#[cfg(test)]
mod tests {
    use super::super::propose;
    use super::*;
    use crate::RemoteRef;
    use crate::model::{Category, Contact, Extra, Ticket, WorkingHours};

    fn built_in() -> Mapping {
        Mapping::built_in("focalscope-to-intercom").unwrap()
    }

    fn tickets(name: &str, values: &[&str]) -> Observations {
        let mut seen = Observations::default();
        for (i, value) in values.iter().enumerate() {
            let mut ticket = Ticket::new(i.to_string().into());
            ticket.custom.insert(name.into(), Private::from(*value));
            seen.observe(&ticket.into());
        }
        seen
    }

    fn attribute(name: &str, field_type: FieldType, options: &[&str]) -> FieldSpec {
        FieldSpec {
            kind: "conversation_attribute".into(),
            name: name.into(),
            field_type,
            options: options.iter().map(|o| (*o).to_owned()).collect(),
            description: None,
            max_chars: None,
            remote: Some(RemoteRef::new("conversation_attribute", "1")),
        }
    }

    fn category(id: &str, name: &str, set: &str) -> Category {
        Category {
            id: id.into(),
            name: name.into(),
            set: Some(set.into()),
            parent: None,
            multi: false,
            mandatory: false,
            scope: CategoryScope::Everywhere,
            active: true,
            extra: Extra::new(),
        }
    }

    #[test]
    fn a_narrower_type_or_an_attribute_that_is_there_waits_for_a_person() {
        let seen = tickets("Order No", &["31.12.2024", "1.2.2024"]);
        let found = propose(&built_in(), &seen, &Catalog::default()).fields;
        assert_eq!((found[0].field_type, found[0].form), (FieldType::Date, ValueForm::DayFirst));
        assert_eq!(
            (found[0].confidence, found[0].attribute.as_str()),
            (Confidence::Low, "focalscope_order_no__c")
        );
        assert!(found[0].reason.contains("day first") && found[0].reason.contains("until a person confirms"));

        let seen = tickets("Plan", &["gold", "Silver"]);
        let to = |fields| Catalog { fields, ..Catalog::default() };
        let list = attribute("plan", FieldType::List, &["Gold", "Silver", "Bronze"]);
        let found = propose(&built_in(), &seen, &to(vec![list])).fields;
        assert_eq!((found[0].attribute.as_str(), found[0].field_type), ("plan", FieldType::List));
        assert_eq!(found[0].confidence, Confidence::Low);
        let other = attribute("plan", FieldType::Boolean, &[]);
        let found = propose(&built_in(), &seen, &to(vec![other])).fields;
        assert_eq!(
            (found[0].attribute.as_str(), found[0].confidence),
            ("focalscope_plan__c", Confidence::High)
        );
        assert!(found[0].reason.contains("doesn't fit"), "{}", found[0].reason);
    }

    #[test]
    fn sets_say_why_they_become_a_list_a_text_or_tags() {
        let mut seen = Observations::default();
        for n in 0..300 {
            seen.observe(&category(&format!("b{n}"), &format!("Value {n}"), "Big").into());
        }
        seen.observe(&category("1", "Refund", "Topic").into());
        let mut old = category("2", "refund ", "Topic");
        old.active = false;
        seen.observe(&old.into());
        let mut many = category("3", "Red", "Colour");
        many.multi = true;
        seen.observe(&many.into());
        let found = propose(&built_in(), &seen, &Catalog::default()).categories;
        let of = |set: &str| found.iter().find(|s| s.set.as_deref() == Some(set)).unwrap();
        assert_eq!(of("Big").choice, SetChoice::Text("focalscope_big__c".into()));
        assert!(of("Big").reason.contains("300 values"), "{}", of("Big").reason);
        assert_eq!(of("Topic").choice, SetChoice::List("focalscope_topic__c".into()));
        let why = &of("Topic").reason;
        assert!(why.contains("used more than once") && why.contains("1 are no longer in use"), "{why}");
        assert_eq!(of("Colour").choice, SetChoice::Tags);
    }

    #[test]
    fn a_zone_is_certain_only_when_the_source_says_it() {
        let mut seen = Observations::default();
        for (id, offset, zone) in [("1", 60, Some("Europe/Copenhagen")), ("2", 60, None), ("3", 17, None)] {
            let zone = zone.map(str::to_owned);
            let hours = WorkingHours {
                id: id.into(),
                name: "Office".into(),
                offset_minutes: offset,
                zone,
                week: vec![],
                holidays: vec![],
                extra: Extra::new(),
            };
            seen.observe(&hours.into());
        }
        let found = propose(&built_in(), &seen, &Catalog::default()).hours;
        let all: Vec<_> = found.iter().map(|h| (h.zone.as_deref(), h.confidence)).collect();
        assert_eq!(
            all,
            [
                (Some("Europe/Copenhagen"), Confidence::Certain),
                (Some("Europe/Berlin"), Confidence::Low),
                (None, Confidence::None)
            ]
        );
        assert!(found[2].reason.contains("UTC+00:17"));
    }

    #[test]
    fn contacts_with_one_number_are_proposed_as_one_person_and_a_switchboard_is_not() {
        let mut seen = Observations::default();
        let mut add = |id: &str, name: &str, phone: &str| {
            let mut contact = Contact::new(id.into());
            contact.name = Some(name.into());
            contact.phones = vec![phone.into()];
            seen.observe(&contact.into());
        };
        add("1", "Ada Love", "+45 11 22 33 44");
        add("2", "A. L.", "11223344");
        for n in 10..20 {
            add(&n.to_string(), "Reception", "+45 99 99 99 99");
        }
        let found = propose(&built_in(), &seen, &Catalog::default()).persons;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].contacts, [SourceRef::new("contact", "1"), SourceRef::new("contact", "2")]);
        assert!(found[0].confidence < Confidence::High);
    }
}
