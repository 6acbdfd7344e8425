//! Cases about contacts and agents.

use super::super::Desk;
use super::super::people::{
    AGENT_DELETED, AGENT_DISABLED, AGENT_GONE, AGENT_UNMATCHED, AGENT_WITHOUT_EMAIL, is_matched,
};
use super::super::threads::agent_author;
use super::has_both_sides;
use crate::dataset::{AgentState, AuthorKind, Contact, Dataset, Direction, Message};

/// So many contacts share one address in mixed case, if there are enough.
const SAME_EMAIL: usize = 50;

/// Changes a contact that no other case has changed, and what its messages say about their author.
fn change(desk: &mut Desk, change: impl FnOnce(&mut Contact)) {
    let Some(index) = desk.take_contact() else { return };
    let contact = &mut desk.dataset.contacts[index];
    change(contact);
    let (id, name, email) = (contact.id, contact.name.clone(), contact.emails.first().cloned());
    for ticket in desk.dataset.tickets.iter_mut().filter(|ticket| ticket.contact == Some(id)) {
        let mine =
            |kind: &AuthorKind, author: Option<u64>| *kind == AuthorKind::Contact && author == Some(id);
        for message in &mut ticket.messages {
            if mine(&message.author.kind, message.author.id) {
                message.author.name.clone_from(&name);
                message.author.email.clone_from(&email);
            } else if message.direction == Direction::Out {
                message.to = email.clone().into_iter().collect();
            }
        }
        for line in ticket.chat.iter_mut().filter(|line| mine(&line.author.kind, line.author.id)) {
            line.author.name.clone_from(&name);
            line.author.email.clone_from(&email);
        }
    }
}

pub(super) fn without_email(desk: &mut Desk) {
    change(desk, |contact| contact.emails.clear());
}

pub(super) fn has_without_email(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.emails.is_empty())
}

pub(super) fn without_name(desk: &mut Desk) {
    change(desk, |contact| contact.name.clear());
}

pub(super) fn has_without_name(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.name.is_empty())
}

pub(super) fn only_phone(desk: &mut Desk) {
    change(desk, |contact| {
        contact.name = "+45 31 22 33 44".into();
        contact.emails.clear();
        contact.phones = vec!["+45 31 22 33 44".into()];
        contact.company = None;
    });
}

pub(super) fn has_only_phone(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.emails.is_empty() && contact.phones.contains(&contact.name))
}

/// Spells the letters of `email` large and small by the bits of `spelling`.
fn spelled(email: &str, spelling: usize) -> String {
    let upper = |place: usize| (spelling >> (place % 6)) & 1 == 1;
    let spell = |(place, c): (usize, char)| if upper(place) { c.to_ascii_uppercase() } else { c };
    email.chars().enumerate().map(spell).collect()
}

/// A help desk of this size has as many of them as it takes, some without a ticket.
const FULL_SIZE: usize = 300;

/// Once is enough: it takes many contacts.
pub(super) fn mixed_case(desk: &mut Desk) {
    if has_mixed_case(&desk.dataset) {
        return;
    }
    let many = SAME_EMAIL.min(desk.dataset.contacts.len() / 4).max(2);
    let email = format!("office{}@shop.example", desk.rng.u32(100..1000));
    for spelling in 0..many {
        change(desk, |contact| contact.emails = vec![spelled(&email, spelling)]);
    }
    if desk.dataset.tickets.len() < FULL_SIZE {
        return;
    }
    let last = desk.dataset.contacts.iter().map(|contact| contact.id).max().unwrap_or(0);
    for spelling in many..SAME_EMAIL {
        desk.dataset.contacts.push(Contact {
            id: last + 1 + spelling as u64,
            name: format!("Office {spelling}"),
            emails: vec![spelled(&email, spelling)],
            ..Contact::default()
        });
    }
}

/// So many contacts have the address that most have, in more than one spelling.
pub(super) fn has_mixed_case(desk: &Dataset) -> bool {
    let mut spellings: std::collections::HashMap<String, Vec<&String>> = std::collections::HashMap::new();
    for email in desk.contacts.iter().filter_map(|contact| contact.emails.first()) {
        spellings.entry(email.to_ascii_lowercase()).or_default().push(email);
    }
    let wanted = if desk.tickets.len() < FULL_SIZE { 2 } else { SAME_EMAIL };
    spellings.values().any(|same| same.len() >= wanted && same.iter().any(|email| *email != same[0]))
}

pub(super) fn invalid_email(desk: &mut Desk) {
    for email in ["info@@shop..example", "n/a", "Bo <bo@mail.example>"] {
        change(desk, |contact| contact.emails = vec![email.into()]);
    }
}

pub(super) fn has_invalid_email(desk: &Dataset) -> bool {
    desk.contacts.iter().flat_map(|contact| &contact.emails).any(|email| !is_plain_address(email))
}

/// Whether an address is one that every system takes.
pub(in super::super) fn is_plain_address(email: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.split('.').all(|label| !label.is_empty())
            && !part.contains(|c: char| c.is_whitespace() || "<>@,;".contains(c))
    };
    email.split_once('@').is_some_and(|(name, domain)| plain(name) && plain(domain) && domain.contains('.'))
}

pub(super) fn blocked(desk: &mut Desk) {
    change(desk, |contact| contact.blocked = true);
}

pub(super) fn has_blocked(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.blocked)
}

pub(super) fn bounced(desk: &mut Desk) {
    change(desk, |contact| contact.bounced = true);
}

pub(super) fn has_bounced(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.bounced)
}

/// The destination's side of it is made by who seeds it.
pub(super) fn has_matched(desk: &Dataset) -> bool {
    !super::super::matched_contacts(desk).is_empty()
}

pub(super) fn shared_mailbox(desk: &mut Desk) {
    let email = format!("family{}@mail.example", desk.rng.u32(100..1000));
    for name in ["Maria Rossi", "Paolo Rossi"] {
        change(desk, |contact| {
            contact.name = name.into();
            contact.emails = vec![email.clone()];
        });
    }
}

pub(super) fn has_shared_mailbox(desk: &Dataset) -> bool {
    let mut seen = std::collections::HashMap::new();
    desk.contacts
        .iter()
        .filter_map(|contact| Some((contact.emails.first()?, &contact.name)))
        .any(|(email, name)| seen.insert(email, name).is_some_and(|before| before != name))
}

pub(super) fn opted_out(desk: &mut Desk) {
    change(desk, |contact| contact.opted_out = true);
}

pub(super) fn has_opted_out(desk: &Dataset) -> bool {
    desk.contacts.iter().any(|contact| contact.opted_out)
}

/// Lets an agent have a ticket and have written the answers in it.
fn give(desk: &mut Desk, agent: u64, assigned: bool) {
    let author = agent_author(desk, agent);
    let Some(ticket) = desk.ticket(has_both_sides) else { return };
    if assigned {
        ticket.agent = Some(agent);
        ticket.assigned = ticket.assigned.or(ticket.created);
    }
    for message in ticket.messages.iter_mut().filter(|message| message.author.kind == AuthorKind::Agent) {
        message.author = author.clone();
    }
}

fn wrote(desk: &Dataset, agent: u64) -> bool {
    let by = |message: &Message| message.author.kind == AuthorKind::Agent && message.author.id == Some(agent);
    desk.tickets.iter().any(|ticket| ticket.messages.iter().any(by))
}

pub(super) fn by_disabled_agent(desk: &mut Desk) {
    give(desk, AGENT_DISABLED, true);
}

pub(super) fn has_by_disabled_agent(desk: &Dataset) -> bool {
    desk.agent(AGENT_DISABLED).is_some_and(|agent| agent.state == AgentState::Disabled)
        && wrote(desk, AGENT_DISABLED)
}

pub(super) fn by_deleted_agent(desk: &mut Desk) {
    give(desk, AGENT_DELETED, true);
}

pub(super) fn has_by_deleted_agent(desk: &Dataset) -> bool {
    desk.agent(AGENT_DELETED).is_some_and(|agent| agent.state == AgentState::Deleted)
        && wrote(desk, AGENT_DELETED)
}

pub(super) fn by_agent_without_email(desk: &mut Desk) {
    give(desk, AGENT_WITHOUT_EMAIL, true);
}

pub(super) fn has_by_agent_without_email(desk: &Dataset) -> bool {
    desk.agent(AGENT_WITHOUT_EMAIL).is_some_and(|agent| agent.email.is_none())
        && wrote(desk, AGENT_WITHOUT_EMAIL)
}

pub(super) fn by_unmatched_agent(desk: &mut Desk) {
    give(desk, AGENT_UNMATCHED, true);
}

pub(super) fn has_by_unmatched_agent(desk: &Dataset) -> bool {
    desk.agent(AGENT_UNMATCHED).is_some_and(|agent| !is_matched(agent)) && wrote(desk, AGENT_UNMATCHED)
}

pub(super) fn by_gone_agent(desk: &mut Desk) {
    give(desk, AGENT_GONE, false);
}

pub(super) fn has_by_gone_agent(desk: &Dataset) -> bool {
    desk.agent(AGENT_GONE).is_none() && wrote(desk, AGENT_GONE)
}
