//! Agents, groups, ticketboxes, queues, companies, contacts and categories.

use jiff::Timestamp;

use super::service::{HOURS_OFFICE, HOURS_OFFSET_ONLY};
use super::{Desk, END, HELPDESK_DOMAIN, later};
use crate::dataset::{
    Agent, AgentState, Category, Company, Contact, ContactNote, CustomField, FieldType, Group, Queue,
    QueueMember, Ticketbox,
};

/// Agents with an address here have left: no destination knows them.
pub const UNMATCHED_DOMAIN: &str = "left.example";

/// Whether a destination should have a person for this agent: one with an address that is still in use and an account
/// that can log in.
#[must_use]
pub fn is_matched(agent: &Agent) -> bool {
    let known = |email: &String| !email.to_ascii_lowercase().ends_with(UNMATCHED_DOMAIN);
    agent.state == AgentState::Active && agent.email.as_ref().is_some_and(known)
}

pub(super) const QUEUE_SUPPORT: u64 = 301;
pub(super) const QUEUE_BILLING: u64 = 302;
pub(super) const QUEUE_SALES: u64 = 303;
pub(super) const QUEUE_VOICE: u64 = 304;
pub(super) const BOX_SUPPORT: u64 = 202;
pub(super) const BOX_BILLING: u64 = 203;
pub(super) const BOX_SALES: u64 = 204;
pub(super) const BOX_PHONE: u64 = 205;
pub(super) const CATEGORY_TOPIC: u64 = 401;
pub(super) const CATEGORY_PRODUCT: u64 = 402;
pub(super) const CATEGORY_REASON: u64 = 403;
pub(super) const CATEGORY_OLD: u64 = 404;
pub(super) const CATEGORY_MANY: u64 = 405;
pub(super) const CATEGORY_REGION_BILLING: u64 = 406;
pub(super) const CATEGORY_REGION_SALES: u64 = 407;

pub(super) const TOPICS: &[&str] = &["Question", "Complaint", "Order", "Return"];
pub(super) const PRODUCTS: &[&str] = &["Router", "Phone", "Cloud", "Accessories"];
pub(super) const REASONS: &[&str] =
    &["Late, but arrived", "Broken, sent back", "The \"usual\" thing", "Wrong size; colour, too"];

/// Agents who answer tickets in the ordinary way.
pub(super) const AT_WORK: std::ops::RangeInclusive<u64> = 1..=8;
pub(super) const AGENT_DISABLED: u64 = 9;
pub(super) const AGENT_DELETED: u64 = 10;
pub(super) const AGENT_WITHOUT_EMAIL: u64 = 11;
pub(super) const AGENT_UNMATCHED: u64 = 12;
/// No list has this one; still the author of what it wrote.
pub(super) const AGENT_GONE: u64 = 99;

const AGENTS: &[&str] = &[
    "Anna Berg",
    "Bo Christensen",
    "Chloé Dubois",
    "Deniz Yılmaz",
    "Emil Østergaard",
    "Fatima Haddad",
    "Grace O'Neill",
    "Hiroshi Tanaka",
    "Ivan Petrov",
    "Jana Nováková",
    "Night Shift",
    "Karl Schäfer",
];

pub(super) fn fill(desk: &mut Desk, tickets: usize) {
    agents(desk);
    folders(desk);
    queues(desk);
    categories(desk);
    companies(desk, tickets / 30 + 1);
    for number in 1..=tickets.div_ceil(3) {
        let contact = contact(desk, number as u64);
        desk.dataset.contacts.push(contact);
    }
}

fn ascii(name: &str) -> String {
    let plain = |c: char| match c {
        'é' => 'e',
        'ı' => 'i',
        'Ø' | 'ø' => 'o',
        'á' | 'ä' => 'a',
        ' ' => '.',
        other => other,
    };
    let login: String = name.chars().map(plain).filter(|c| c.is_ascii_alphanumeric() || *c == '.').collect();
    login.to_ascii_lowercase()
}

fn agents(desk: &mut Desk) {
    for (id, name) in [(1, "Administrators"), (2, "Agents"), (3, "Supervisors")] {
        desk.dataset.groups.push(Group { id, name: name.into() });
    }
    for (id, name) in (1..).zip(AGENTS) {
        let login = ascii(name);
        let domain = if id == AGENT_UNMATCHED { UNMATCHED_DOMAIN } else { HELPDESK_DOMAIN };
        desk.dataset.agents.push(Agent {
            id,
            email: (id != AGENT_WITHOUT_EMAIL).then(|| format!("{login}@{domain}")),
            login,
            name: (*name).into(),
            state: match id {
                AGENT_DISABLED => AgentState::Disabled,
                AGENT_DELETED => AgentState::Deleted,
                _ => AgentState::Active,
            },
            groups: if id == 1 { vec![1, 2, 3] } else { vec![2] },
        });
    }
}

fn folders(desk: &mut Desk) {
    let folder = |id, name: &str, parent, account: Option<&str>| Ticketbox {
        id,
        name: name.into(),
        parent,
        mail_account: account.map(|account| format!("{account}@{HELPDESK_DOMAIN}")),
        sla_profile: Some(1),
        working_hours: Some(if id == BOX_PHONE { HOURS_OFFSET_ONLY } else { HOURS_OFFICE }),
    };
    desk.dataset.ticketboxes = vec![
        folder(201, "Customers", None, None),
        folder(BOX_SUPPORT, "Support", Some(201), Some("support")),
        folder(BOX_BILLING, "Billing", Some(201), Some("billing")),
        folder(BOX_SALES, "Sales", Some(201), Some("sales")),
        folder(BOX_PHONE, "Telephone & chat", None, None),
        folder(206, "Support", Some(BOX_SALES), Some("presales")),
    ];
}

fn queues(desk: &mut Desk) {
    let queue = |id, name: &str, ticketboxes: &[u64], agents: &[u64]| Queue {
        id,
        name: name.into(),
        ticketboxes: ticketboxes.to_vec(),
        members: (agents.iter())
            .map(|agent| QueueMember { agent: *agent, max: (agent % 3 != 0).then_some(5 + *agent as u32) })
            .collect(),
        max_tickets: (id == QUEUE_SUPPORT).then_some(100),
        rules: match id {
            QUEUE_SUPPORT => vec![
                "time-out: after 30 minutes back to the queue".into(),
                "equalizer: weekdays at 09:00, 5 tickets an agent".into(),
            ],
            QUEUE_VOICE => vec!["ring: longest idle first".into()],
            _ => Vec::new(),
        },
    };
    desk.dataset.queues = vec![
        queue(QUEUE_SUPPORT, "Support", &[BOX_SUPPORT, 206], &[1, 2, 3, 4, AGENT_WITHOUT_EMAIL]),
        queue(QUEUE_BILLING, "Billing", &[BOX_BILLING], &[3, 5, 6]),
        queue(QUEUE_SALES, "Sales", &[BOX_SALES], &[6, 7, AGENT_UNMATCHED]),
        queue(QUEUE_VOICE, "Telephone", &[BOX_PHONE], &[1, 2, 7, 8]),
    ];
}

fn categories(desk: &mut Desk) {
    let category = |id, name: &str, values: &[&str], multi, active| Category {
        id,
        name: name.into(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
        multi,
        scope: None,
        active,
    };
    desk.dataset.categories = vec![
        category(CATEGORY_TOPIC, "Topic", TOPICS, false, true),
        category(CATEGORY_PRODUCT, "Product", PRODUCTS, true, true),
        category(CATEGORY_REASON, "Reason of return", REASONS, true, true),
        category(CATEGORY_OLD, "Campaign 2019", &["Spring", "Autumn"], false, false),
    ];
}

fn companies(desk: &mut Desk, count: usize) {
    const NAMES: &[&str] = &["Nordlys", "Bäckerei Huber", "Smith & Sons", "Café Lumière", "Tanaka Trading"];
    const FORMS: &[&str] = &["ApS", "GmbH", "Ltd.", "SARL", "KK"];
    for number in 0..count {
        let name = NAMES[number % NAMES.len()];
        let form = FORMS[number % FORMS.len()];
        let (id, round) = (501 + number as u64, number / NAMES.len());
        let name = if round == 0 { format!("{name} {form}") } else { format!("{name} {form} {round}") };
        desk.dataset.companies.push(Company { id, name, domains: vec![format!("company{number}.example")] });
    }
}

const FIRST: &[&str] = &[
    "Alice", "Bjørn", "Carla", "David", "Élodie", "Frank", "Güler", "Hanna", "Igor", "José", "Kim", "Łukasz",
    "Mia", "Noor", "Olga", "Peter",
];
const LAST: &[&str] = &[
    "Andersen",
    "Becker",
    "Castillo",
    "Dupont",
    "Eriksson",
    "Fischer",
    "García",
    "Hansen",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "van der Meer",
    "Müller",
    "O'Brien",
    "Żak",
    "李",
];

fn contact(desk: &mut Desk, number: u64) -> Contact {
    let name = format!("{} {}", desk.pick(FIRST), desk.pick(LAST));
    let in_company = desk.chance(40);
    let company = in_company.then(|| desk.rng.usize(..desk.dataset.companies.len()));
    let company = company.map(|index| desk.dataset.companies[index].clone());
    let domain = company.as_ref().map_or("mail.example", |company| &company.domains[0]);
    let mut emails = vec![format!("customer{number}@{domain}")];
    if desk.chance(10) {
        emails.push(format!("customer{number}.private@mail.example"));
    }
    let created = later(timestamp(END), -desk.rng.i64(86_400..3 * 365 * 86_400));
    Contact {
        id: 10_000 + number,
        name,
        emails,
        phones: phones(desk, number),
        company: company.map(|company| company.id),
        custom_fields: custom_fields(desk, number),
        notes: notes(desk, created),
        created: Some(created),
        modified: Some(later(created, desk.rng.i64(0..86_400))),
        address: number.is_multiple_of(6).then(|| format!("Søndergade {number}\n8000 Aarhus C")),
        ..Contact::default()
    }
}

fn phones(desk: &mut Desk, number: u64) -> Vec<String> {
    let digits = 20_000_000 + number;
    match desk.rng.u32(..4) {
        0 => vec![format!("+45 {digits}")],
        1 => vec![format!("0045 {digits}"), format!("+49 (0)30 {digits}")],
        2 => vec![format!("{digits}")],
        _ => Vec::new(),
    }
}

fn custom_fields(desk: &mut Desk, number: u64) -> Vec<CustomField> {
    let mut fields = Vec::new();
    if desk.chance(50) {
        let value = Some(format!("{:08}", number * 37));
        fields.push(CustomField { name: "Customer no.".into(), kind: FieldType::Text, value });
    }
    if desk.chance(20) {
        let value = Some((*desk.pick(&["Gold", "Silver", "Bronze"])).to_owned());
        fields.push(CustomField { name: "Level".into(), kind: FieldType::List, value });
    }
    fields
}

fn notes(desk: &mut Desk, created: Timestamp) -> Vec<ContactNote> {
    if !desk.chance(10) {
        return Vec::new();
    }
    let text = (*desk.pick(&["Prefers to be called after 4 pm.", "Pays late & complains early."])).to_owned();
    let at = Some(later(created, desk.rng.i64(60..86_400)));
    vec![ContactNote { agent: Some(desk.rng.u64(AT_WORK)), at, text }]
}

pub(super) fn timestamp(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}
