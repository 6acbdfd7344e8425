//! What the stage holds that rules need to know before the first draft.

use crate::model::{
    Agent, AgentId, Category, CategoryId, CategoryScope, Company, CompanyId, ContactId, CustomFields, Queue,
    QueueId, Record, Ticket, Ticketbox, TicketboxId,
};
use crate::{FieldType, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// More categories than this on one ticket are not compared with one another.
const MOST_CATEGORIES: usize = 64;

/// What the stage holds that rules need: people, queues, categories, names of custom fields.
///
/// Built record by record in any order; it keeps names and counts, no text of a ticket.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Observations {
    /// Agents.
    pub agents: BTreeMap<AgentId, Agent>,
    /// Queues.
    pub queues: BTreeMap<QueueId, Queue>,
    /// Ticketboxes.
    pub ticketboxes: BTreeMap<TicketboxId, Ticketbox>,
    /// Companies.
    pub companies: BTreeMap<CompanyId, Company>,
    /// Categories.
    pub categories: BTreeMap<CategoryId, Category>,
    /// Ids of contacts: a link to one that isn't here goes to the stand-in. Empty: contacts were not read, every link holds.
    #[serde(default)]
    pub contacts: BTreeSet<ContactId>,
    /// Custom fields by kind of record (`ticket`, `contact`) and name.
    pub custom: BTreeMap<String, BTreeMap<String, CustomUse>>,
    /// How many tickets were seen.
    pub tickets: u64,
    /// How many of them have a visible number other than their id.
    pub renumbered: u64,
    /// Pairs of categories that some ticket has at once, the lesser id first.
    #[serde(default)]
    together: BTreeSet<(CategoryId, CategoryId)>,
}

/// How the values of a custom field look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomUse {
    /// Records with a value that isn't blank.
    pub values: u64,
    /// Of these, whole numbers.
    pub integers: u64,
    /// Decimal numbers with a point; whole numbers included.
    pub decimals: u64,
    /// Yes or no, true or false, 1 or 0.
    pub booleans: u64,
    /// Days as `2024-12-31`.
    pub dates: u64,
    /// The longest value in characters.
    pub longest: u64,
}

impl CustomUse {
    fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let decimal = is_decimal(value);
        self.values += 1;
        self.integers += u64::from(value.parse::<i64>().is_ok());
        self.decimals += u64::from(decimal);
        self.booleans += u64::from(super::transform::boolean(value).is_some());
        self.dates += u64::from(value.parse::<jiff::civil::Date>().is_ok());
        self.longest = self.longest.max(value.chars().count() as u64);
    }

    /// The narrowest type that every value fits; text when there is none, or no value at all.
    pub fn narrowest(&self) -> FieldType {
        match self.values {
            0 => FieldType::Text,
            n if n == self.integers => FieldType::Integer,
            n if n == self.decimals => FieldType::Decimal,
            n if n == self.booleans => FieldType::Boolean,
            n if n == self.dates => FieldType::Date,
            _ => FieldType::Text,
        }
    }
}

impl Observations {
    /// Takes in a record. The same record twice counts twice; give each once.
    pub fn observe(&mut self, record: &Record) {
        match record {
            Record::Agent(r) => {
                self.agents.insert(r.id.clone(), r.clone());
            }
            Record::Queue(r) => {
                self.queues.insert(r.id.clone(), r.clone());
            }
            Record::Ticketbox(r) => {
                self.ticketboxes.insert(r.id.clone(), r.clone());
            }
            Record::Company(r) => {
                self.companies.insert(r.id.clone(), r.clone());
            }
            Record::Category(r) => {
                self.categories.insert(r.id.clone(), r.clone());
            }
            Record::Contact(r) => {
                self.contacts.insert(r.id.clone());
                self.custom_fields("contact", &r.custom);
            }
            Record::Ticket(r) => self.ticket(r),
            _ => {}
        }
    }

    fn ticket(&mut self, ticket: &Ticket) {
        self.tickets += 1;
        self.renumbered += u64::from(ticket.number.as_ref().is_some_and(|n| *n != ticket.id.0));
        self.custom_fields("ticket", &ticket.custom);
        let some = &ticket.categories[..ticket.categories.len().min(MOST_CATEGORIES)];
        for (i, a) in some.iter().enumerate() {
            for b in some[i + 1..].iter().filter(|b| *b != a) {
                let pair = if a < b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
                self.together.insert(pair);
            }
        }
    }

    fn custom_fields(&mut self, kind: &str, custom: &CustomFields) {
        if custom.is_empty() {
            return;
        }
        let of_kind = self.custom.entry(kind.to_owned()).or_default();
        for (name, value) in custom {
            of_kind.entry(name.clone()).or_default().add(value);
        }
    }

    /// Names of the custom fields of a kind of record, in order.
    pub fn custom_names(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.custom.get(kind).into_iter().flat_map(|names| names.keys().map(String::as_str))
    }

    /// Whether a record may be linked to. Only contacts are known to be missing.
    pub(crate) fn has(&self, record: &SourceRef) -> bool {
        record.kind != *"contact"
            || self.contacts.is_empty()
            || self.contacts.contains(&ContactId(record.id.clone()))
    }

    /// The name of an agent, queue, ticketbox, company or category.
    pub fn name_of(&self, record: &SourceRef) -> Option<&str> {
        let id = record.id.clone();
        match record.kind.as_str() {
            "agent" => self.agents.get(&AgentId(id)).map(|r| r.name.as_str()),
            "queue" => self.queues.get(&QueueId(id)).map(|r| r.name.as_str()),
            "ticketbox" => self.ticketboxes.get(&TicketboxId(id)).map(|r| r.name.as_str()),
            "company" => self.companies.get(&CompanyId(id)).map(|r| r.name.as_str()),
            "category" => self.categories.get(&CategoryId(id)).map(|r| r.name.as_str()),
            _ => None,
        }
    }

    /// Sets of categories of which a ticket may have several: because the source says so, or because some ticket has.
    /// Categories without a set form one of their own, `None`.
    pub fn multi_sets(&self) -> BTreeSet<Option<String>> {
        let declared = self.categories.values().filter(|c| c.multi).map(|c| c.set.clone());
        let used = self.together.iter().filter_map(|(a, b)| {
            let (a, b) = (self.categories.get(a)?, self.categories.get(b)?);
            (a.set == b.set).then(|| a.set.clone())
        });
        declared.chain(used).collect()
    }

    /// The label of every category: its name, with its ticketbox or id where its set has that name twice.
    pub fn category_labels(&self) -> BTreeMap<CategoryId, String> {
        let mut names: BTreeMap<(Option<&str>, String), u32> = BTreeMap::new();
        for c in self.categories.values() {
            *names.entry((c.set.as_deref(), c.name.trim().to_lowercase())).or_default() += 1;
        }
        let mut taken = BTreeSet::new();
        let mut labels = BTreeMap::new();
        for c in self.categories.values() {
            let name = c.name.trim();
            let set = c.set.as_deref();
            let twice = names.get(&(set, name.to_lowercase())).is_some_and(|n| *n > 1);
            let mut label = if twice { self.scoped_label(c) } else { name.to_owned() };
            if label.is_empty() || !taken.insert((set, label.to_lowercase())) {
                label = format!("{label} ({})", c.id);
                taken.insert((set, label.to_lowercase()));
            }
            labels.insert(c.id.clone(), label);
        }
        labels
    }

    fn scoped_label(&self, category: &Category) -> String {
        let name = category.name.trim();
        match &category.scope {
            CategoryScope::Everywhere => name.to_owned(),
            CategoryScope::Ticketbox(id) => {
                let scope = self.ticketboxes.get(id).map_or(id.as_str(), |b| b.name.as_str());
                format!("{name} ({scope})")
            }
        }
    }
}

pub(crate) fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Extra;

    fn category(id: &str, name: &str, set: Option<&str>) -> Category {
        Category {
            id: id.into(),
            name: name.into(),
            set: set.map(Into::into),
            parent: None,
            multi: false,
            mandatory: false,
            scope: CategoryScope::Everywhere,
            active: true,
            extra: Extra::new(),
        }
    }

    #[test]
    fn a_set_is_multi_when_a_ticket_uses_two_of_it_even_if_the_ticket_came_first() {
        let mut seen = Observations::default();
        let mut ticket = Ticket::new("1".into());
        ticket.categories = vec!["b".into(), "a".into()];
        seen.observe(&ticket.into());
        assert!(seen.multi_sets().is_empty());
        seen.observe(&category("a", "Red", Some("Colour")).into());
        seen.observe(&category("b", "Blue", Some("Colour")).into());
        assert_eq!(seen.multi_sets(), BTreeSet::from([Some("Colour".to_owned())]));
    }

    #[test]
    fn labels_of_one_set_are_distinct_whatever_the_names() {
        let mut seen = Observations::default();
        let mut scoped = category("3", "refund", None);
        scoped.scope = CategoryScope::Ticketbox("9".into());
        for c in
            [category("1", "Refund", None), category("2", "Refund ", None), scoped, category("4", "", None)]
        {
            seen.observe(&c.into());
        }
        let labels: Vec<String> = seen.category_labels().into_values().collect();
        assert_eq!(labels, ["Refund", "Refund (2)", "refund (9)", " (4)"]);
    }

    #[test]
    fn the_narrowest_type_is_the_one_every_value_fits() {
        let of = |values: &[&str]| {
            let mut u = CustomUse::default();
            values.iter().for_each(|v| u.add(v));
            u.narrowest()
        };
        assert_eq!(of(&["1", " 20 ", ""]), FieldType::Integer);
        assert_eq!(of(&["1", "2.5"]), FieldType::Decimal);
        assert_eq!(of(&["yes", "No"]), FieldType::Boolean);
        assert_eq!(of(&["2024-02-29"]), FieldType::Date);
        assert_eq!(of(&["2,5", "2.5"]), FieldType::Text);
        assert_eq!(of(&[]), FieldType::Text);
    }
}
