//! Cases about the times of messages.

use jiff::{SignedDuration, Timestamp};

use super::super::people::timestamp;
use super::super::{Desk, later};
use super::has_mail;
use crate::dataset::{Dataset, Message, Ticket};

/// A time that no clock in Copenhagen showed, and what it means by RFC 5545: as if the clock had not been set yet.
const IN_GAP: (&str, i64) = ("2026-03-29T02:30:00", 1_774_747_800);

/// 1969-07-20T20:17:40Z.
const BEFORE_1970: i64 = -14_182_940;

fn any(desk: &Dataset, has: impl Fn(&Ticket, &Message) -> bool) -> bool {
    desk.tickets.iter().any(|ticket| ticket.messages.iter().any(|message| has(ticket, message)))
}

fn first(desk: &mut Desk) -> Option<(Option<Timestamp>, &mut Message)> {
    let ticket = desk.ticket(has_mail)?;
    Some((ticket.created, ticket.messages.first_mut()?))
}

pub(super) fn before_ticket(desk: &mut Desk) {
    if let Some((created, message)) = first(desk) {
        message.sent_at = created.map(|at| later(at, -3 * 86_400));
    }
}

pub(super) fn has_before_ticket(desk: &Dataset) -> bool {
    let day = SignedDuration::from_hours(24);
    any(desk, |ticket, message| {
        ticket
            .created
            .zip(message.sent_at)
            .is_some_and(|(created, sent)| sent > Timestamp::UNIX_EPOCH && created.duration_since(sent) > day)
    })
}

pub(super) fn before_1970(desk: &mut Desk) {
    if let Some((_, message)) = first(desk) {
        message.sent_at = Some(timestamp(BEFORE_1970));
    }
}

pub(super) fn has_before_1970(desk: &Dataset) -> bool {
    any(desk, |_, message| message.sent_at.is_some_and(|at| at < Timestamp::UNIX_EPOCH))
}

/// The last message of a thread that had begun by then.
pub(super) fn in_gap(desk: &mut Desk) {
    let at = timestamp(IN_GAP.1);
    let had_begun = |ticket: &Ticket| {
        has_mail(ticket) && ticket.messages.iter().all(|message| message.sent_at < Some(at))
    };
    let Some(ticket) = desk.ticket(had_begun) else { return };
    if let Some(message) = ticket.messages.last_mut() {
        (message.sent_at, message.sent_as) = (Some(at), Some(IN_GAP.0.into()));
    }
}

pub(super) fn has_in_gap(desk: &Dataset) -> bool {
    any(desk, |_, message| message.sent_as.as_deref() == Some(IN_GAP.0))
}

/// Times come without one: nothing is to be bent.
pub(super) fn has_without_zone(desk: &Dataset) -> bool {
    any(desk, |_, message| message.sent_at.is_some() && message.sent_as.is_none())
}

pub(super) fn with_zone(desk: &mut Desk) {
    if let Some((_, message)) = first(desk) {
        let mumbai = jiff::tz::offset(5).saturating_add(SignedDuration::from_mins(30));
        let at = message.sent_at.map(|at| at.to_zoned(mumbai.to_time_zone()));
        message.sent_as = at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string());
    }
}

pub(super) fn has_with_zone(desk: &Dataset) -> bool {
    any(desk, |_, message| message.sent_as.as_ref().is_some_and(|text| text.ends_with("+05:30")))
}
