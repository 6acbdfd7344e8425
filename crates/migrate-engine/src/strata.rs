//! What a sample is drawn by: the traits of a ticket that a pilot should have seen once.

use jiff::Timestamp;
use mapping_core::model::{Direction, Status, Thread, Ticket};
use serde::Serialize;
use std::collections::BTreeSet;

/// The traits of a thread: channel, status, queue, agent, custom fields, attachment sizes, oddities. No customer text.
pub(crate) fn of(thread: &Thread, now: Timestamp) -> Vec<String> {
    let ticket = &thread.ticket;
    let mut traits = BTreeSet::new();
    let mut add = |name: &str, value: &str| {
        traits.insert(format!("{name}={value}"));
    };
    add("channel", &word(&ticket.channel));
    add("status", &word(&ticket.status));
    if let Some(priority) = &ticket.priority {
        add("priority", &word(priority));
    }
    if let Some(queue) = &ticket.queue {
        add("queue", queue.as_str());
    }
    if let Some(ticketbox) = &ticket.ticketbox {
        add("ticketbox", ticketbox.as_str());
    }
    add("agent", ticket.agent.as_ref().map_or("none", |a| a.as_str()));
    for name in ticket.custom.keys() {
        add("field", name);
    }
    for file in &thread.attachments {
        add("file", size(file.blob.as_ref().map(|b| b.len)));
    }
    for odd in oddities(thread, now) {
        add("odd", odd);
    }
    traits.into_iter().collect()
}

/// The name of a state, a channel or the like, as settings and reports write it.
pub(crate) fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

/// When a ticket was closed; one that is closed without saying when counts by its last change.
pub(crate) fn closed(ticket: &Ticket) -> Option<Timestamp> {
    let over = matches!(ticket.status, Status::Closed | Status::Resolved);
    ticket.closed_at.or(ticket.modified_at.filter(|_| over))
}

fn size(len: Option<u64>) -> &'static str {
    match len {
        None => "missing",
        Some(0) => "empty",
        Some(..100_000) => "under 100 kB",
        Some(..1_000_000) => "under 1 MB",
        Some(..10_000_000) => "under 10 MB",
        Some(_) => "10 MB and more",
    }
}

fn oddities(thread: &Thread, now: Timestamp) -> Vec<&'static str> {
    let ticket = &thread.ticket;
    let times = || thread.messages.iter().filter_map(|m| m.sent_at.or(m.received_at));
    let ordered = times().zip(times().skip(1)).all(|(a, b)| a <= b);
    let author = |agent: bool| thread.messages.first().is_some_and(|m| m.author.agent.is_some() == agent);
    let odd = [
        ("no contact", ticket.contact.is_none()),
        ("no messages", thread.messages.is_empty()),
        ("no subject", ticket.subject.as_ref().is_none_or(|s| s.trim().is_empty())),
        ("opened by an agent", author(true)),
        ("merged", !thread.merged.is_empty()),
        ("many messages", thread.messages.len() > 100),
        ("many files", thread.attachments.len() > 10),
        ("empty body", thread.messages.iter().any(|m| m.body.text.trim().is_empty())),
        ("large body", thread.messages.iter().any(|m| m.body.text.len() > 100_000)),
        ("notes", thread.messages.iter().any(|m| m.direction == Direction::Note)),
        ("calls", !thread.calls.is_empty()),
        ("chat", !thread.chat.is_empty()),
        ("future", times().any(|t| t > now)),
        ("before 1970", times().any(|t| t < Timestamp::UNIX_EPOCH)),
        ("out of order", !ordered),
        ("no time", thread.messages.iter().any(|m| m.sent_at.is_none() && m.received_at.is_none())),
        ("other number", ticket.number.as_deref().is_some_and(|n| n != ticket.id.as_str())),
        ("several categories", ticket.categories.len() > 1),
        ("unplaced values", !ticket.extra.is_empty()),
    ];
    odd.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}
