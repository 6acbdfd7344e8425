//! What the stage holds that rules need to know before the first draft.

use super::custom_use::CustomUse;
use crate::model::{
    Agent, AgentId, Category, CategoryId, CategoryScope, Company, CompanyId, Contact, ContactId,
    CustomFields, KbArticle, KbArticleId, KbCategoryId, Queue, QueueId, Record, Ticket, Ticketbox,
    TicketboxId, WorkingHoursId,
};
use crate::{Private, SourceRef};
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
    /// Companies, without their custom fields.
    pub companies: BTreeMap<CompanyId, Company>,
    /// Categories.
    pub categories: BTreeMap<CategoryId, Category>,
    /// Ids of contacts: a link to one that isn't here goes to the stand-in. Empty: contacts were not read, every link holds.
    #[serde(default)]
    pub contacts: BTreeSet<ContactId>,
    /// Categories of the knowledge base.
    #[serde(default)]
    pub kb_categories: BTreeMap<KbCategoryId, KbNode>,
    /// Articles of the knowledge base.
    #[serde(default)]
    pub kb_articles: BTreeMap<KbArticleId, ArticleSeen>,
    /// Hosts that articles say they can be read at.
    #[serde(default)]
    pub kb_hosts: BTreeSet<String>,
    /// Profiles of working hours.
    #[serde(default)]
    pub hours: BTreeMap<WorkingHoursId, HoursSeen>,
    /// Tags of articles: in lower case, and as they are written.
    #[serde(default)]
    tags: BTreeMap<String, String>,
    /// Contacts by what may show that they are one person: a telephone number or a whole name, as a digest.
    #[serde(default)]
    alike: BTreeMap<String, Alike>,
    /// How many tickets have each category.
    #[serde(default)]
    pub category_use: BTreeMap<CategoryId, u64>,
    /// Custom fields by kind of record (`ticket`, `contact`, `company`) and name.
    pub custom: BTreeMap<String, BTreeMap<String, CustomUse>>,
    /// How many tickets were seen.
    pub tickets: u64,
    /// How many of them have a visible number other than their id.
    pub renumbered: u64,
    /// Pairs of categories that some ticket has at once, the lesser id first.
    #[serde(default)]
    together: BTreeSet<(CategoryId, CategoryId)>,
}

/// A category of the knowledge base: its title and what it is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KbNode {
    /// Title.
    pub title: Private,
    /// Parent.
    pub parent: Option<KbCategoryId>,
}

/// What links between articles and their languages need to know of one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArticleSeen {
    /// The article that this one says in another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub translation_of: Option<KbArticleId>,
    /// Its language, in the form of [`locale`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// For agents only.
    #[serde(default)]
    pub internal: bool,
}

/// A profile of working hours: what a zone is proposed by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoursSeen {
    /// Name.
    pub name: String,
    /// Minutes east of UTC.
    pub offset_minutes: i32,
    /// The zone that the source says.
    pub zone: Option<String>,
}

/// Contacts that have something in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alike {
    /// At most [`MOST_ALIKE`].
    pub(crate) contacts: BTreeSet<ContactId>,
    /// There are more.
    pub(crate) more: bool,
}

/// More contacts with one number or name than this show a switchboard or a common name, not a person.
pub(crate) const MOST_ALIKE: usize = 4;

/// More numbers and names of contacts than this are not remembered; what is said about the others holds.
const MOST_MARKS: usize = 300_000;

/// A language tag in one form: `en`, `pt-BR`, `zh-Hant`. `None` for what is no tag.
pub fn locale(text: &str) -> Option<String> {
    let tag = text.trim().replace('_', "-").to_lowercase();
    let mut out = String::with_capacity(tag.len());
    for (i, part) in tag.split('-').enumerate() {
        let plain = part.bytes().all(|b| b.is_ascii_alphanumeric());
        match (i, part.len()) {
            _ if !plain => return None,
            (0, 2 | 3) if part.bytes().all(|b| b.is_ascii_alphabetic()) => out.push_str(part),
            (0, _) | (_, 0 | 9..) => return None,
            (_, 2) => out.push_str(&format!("-{}", part.to_uppercase())),
            (_, 4) => {
                let (first, rest) = part.split_at(1);
                out.push_str(&format!("-{}{rest}", first.to_uppercase()));
            }
            _ => out.push_str(&format!("-{part}")),
        }
    }
    Some(out)
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
                self.custom_fields("company", &r.custom);
                let bare = Company { custom: CustomFields::new(), extra: Default::default(), ..r.clone() };
                self.companies.insert(r.id.clone(), bare);
            }
            Record::Category(r) => {
                self.categories.insert(r.id.clone(), r.clone());
            }
            Record::Contact(r) => {
                self.contacts.insert(r.id.clone());
                self.custom_fields("contact", &r.custom);
                self.person(r);
            }
            Record::KbCategory(r) => {
                let node = KbNode { title: r.title.clone(), parent: r.parent.clone() };
                self.kb_categories.insert(r.id.clone(), node);
            }
            Record::KbArticle(r) => self.article(r),
            Record::WorkingHours(r) => {
                let (name, offset_minutes) = (r.name.clone(), r.offset_minutes);
                let hours = HoursSeen { name, offset_minutes, zone: r.zone.clone() };
                self.hours.insert(r.id.clone(), hours);
            }
            Record::Ticket(r) => self.ticket(r),
            _ => {}
        }
    }

    fn ticket(&mut self, ticket: &Ticket) {
        self.tickets += 1;
        self.renumbered += u64::from(ticket.number.as_ref().is_some_and(|n| *n != ticket.id.0));
        self.custom_fields("ticket", &ticket.custom);
        for id in ticket.categories.iter().collect::<BTreeSet<_>>() {
            *self.category_use.entry(id.clone()).or_default() += 1;
        }
        let some = &ticket.categories[..ticket.categories.len().min(MOST_CATEGORIES)];
        for (i, a) in some.iter().enumerate() {
            for b in some[i + 1..].iter().filter(|b| *b != a) {
                let pair = if a < b { (a.clone(), b.clone()) } else { (b.clone(), a.clone()) };
                self.together.insert(pair);
            }
        }
    }

    fn article(&mut self, article: &KbArticle) {
        let seen = ArticleSeen {
            translation_of: article.translation_of.clone(),
            language: article.language.as_deref().and_then(locale),
            internal: article.internal,
        };
        self.kb_articles.insert(article.id.clone(), seen);
        if let Some((host, _)) = article.url.as_deref().and_then(|u| crate::text::host_and_path(u)) {
            self.kb_hosts.extend(host);
        }
        for tag in article.tags.iter().map(|t| t.trim()).filter(|t| !t.is_empty()) {
            let spelling = self.tags.entry(tag.to_lowercase()).or_insert_with(|| tag.to_owned());
            // The least, so that the order of reading makes no difference.
            if tag < spelling.as_str() {
                *spelling = tag.to_owned();
            }
        }
    }

    /// Remembers by which number and name a contact may be the same person as another, as digests.
    fn person(&mut self, contact: &Contact) {
        let numbers = contact.phones.iter().filter_map(|p| {
            let digits: String = p.chars().filter(char::is_ascii_digit).collect();
            // The last digits are the same with and without the country.
            let tail = digits.len().checked_sub(8)?;
            digits.get(tail..).map(|d| format!("phone {d}"))
        });
        let name = contact.name.as_deref().map(fold).filter(|n| n.contains(' ')).map(|n| format!("name {n}"));
        let marks: BTreeSet<String> = numbers.chain(name).collect();
        for mark in marks {
            let (kind, _) = mark.split_once(' ').unwrap_or_default();
            let digest = crate::catalog::digest(&mark);
            let key = format!("{kind} {}", digest.get(..16).unwrap_or_default());
            if self.alike.len() >= MOST_MARKS && !self.alike.contains_key(&key) {
                continue;
            }
            let alike = self.alike.entry(key).or_default();
            match alike.contacts.len() < MOST_ALIKE {
                true => alike.contacts.insert(contact.id.clone()),
                false => std::mem::replace(&mut alike.more, true),
            };
        }
    }

    /// Contacts with one number (`phone …`) or name (`name …`).
    pub(crate) fn alike(&self) -> impl Iterator<Item = (&str, &Alike)> {
        self.alike.iter().map(|(key, alike)| (key.as_str(), alike))
    }

    /// The tag that stands for every spelling of a name.
    pub(crate) fn tag(&self, name: &str) -> String {
        let name = name.trim();
        self.tags.get(&name.to_lowercase()).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// Every tag of articles.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &str> {
        self.tags.values().map(String::as_str)
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

    /// Whether a record may be linked to: a contact, company or category of the knowledge base that isn't here may not.
    pub(crate) fn has(&self, record: &SourceRef) -> bool {
        let id = record.id.clone();
        match record.kind.as_str() {
            "contact" => self.contacts.is_empty() || self.contacts.contains(&ContactId(id)),
            "company" => self.companies.contains_key(&CompanyId(id)),
            "kb_category" => self.kb_categories.contains_key(&KbCategoryId(id)),
            _ => true,
        }
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
            "kb_category" => self.kb_categories.get(&KbCategoryId(id)).map(|r| r.title.as_str()),
            "working_hours" => self.hours.get(&WorkingHoursId(id)).map(|r| r.name.as_str()),
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

    /// How many categories each set has.
    pub(crate) fn set_sizes(&self) -> BTreeMap<&Option<String>, usize> {
        let mut sizes = BTreeMap::new();
        self.categories.values().for_each(|c| *sizes.entry(&c.set).or_default() += 1);
        sizes
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

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
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
}
