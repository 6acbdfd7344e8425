//! Cases about tickets, their times, states and categories.

use jiff::{SignedDuration, Timestamp};

use super::super::people::{CATEGORY_OLD, CATEGORY_REASON, REASONS};
use super::super::threads::{agent_author, message_by};
use super::super::{Desk, END, later};
use super::{has_both_sides, has_mail};
use crate::dataset::{
    Author, AuthorKind, Channel, Dataset, Direction, Message, NoDate, Status, Ticket, TicketCategory,
};

fn any(desk: &Dataset, has: impl Fn(&Ticket) -> bool) -> bool {
    desk.tickets.iter().any(has)
}

fn sent(message: &Message) -> Option<Timestamp> {
    message.sent_at
}

pub(super) fn opened_by_agent(desk: &mut Desk) {
    let Some(index) = desk.take(has_both_sides) else { return };
    let ticket = &desk.dataset.tickets[index];
    let author = agent_author(desk, ticket.agent.unwrap_or(1));
    let to = ticket.messages[0].author.email.clone();
    let first = &mut desk.dataset.tickets[index].messages[0];
    first.direction = Direction::Out;
    first.author = author;
    first.to = to.into_iter().collect();
}

pub(super) fn has_opened_by_agent(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.messages.first().is_some_and(|first| first.direction == Direction::Out))
}

pub(super) fn without_contact(desk: &mut Desk) {
    let Some(ticket) = desk.ticket(has_both_sides) else { return };
    ticket.contact = None;
    for message in ticket.messages.iter_mut().filter(|message| message.author.kind == AuthorKind::Contact) {
        message.author =
            Author { kind: AuthorKind::Contact, id: None, email: None, name: "Unknown caller".into() };
    }
}

pub(super) fn has_without_contact(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.contact.is_none())
}

pub(super) fn without_messages(desk: &mut Desk) {
    let Some(ticket) = desk.ticket(has_mail) else { return };
    ticket.messages.clear();
    ticket.first_response = None;
}

pub(super) fn has_without_messages(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.messages.is_empty() && ticket.calls.is_empty() && ticket.chat.is_empty())
}

pub(super) fn without_subject(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_mail) {
        ticket.subject.clear();
    }
}

pub(super) fn has_without_subject(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.subject.is_empty())
}

pub(super) fn out_of_order(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(|ticket| ticket.messages.len() > 3) {
        ticket.messages.swap(1, 3);
    }
}

pub(super) fn has_out_of_order(desk: &Dataset) -> bool {
    any(desk, |ticket| !ticket.messages.is_sorted_by_key(sent))
}

pub(super) fn equal_times(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(|ticket| ticket.messages.len() > 3) {
        let at = ticket.messages[1].sent_at;
        ticket.messages[2].sent_at = at;
    }
}

pub(super) fn has_equal_times(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.messages.windows(2).any(|pair| sent(&pair[0]) == sent(&pair[1])))
}

pub(super) fn in_future(desk: &mut Desk) {
    let future = Timestamp::from_second(END + 4 * 365 * 86_400).ok();
    if let Some(last) = desk.ticket(has_mail).and_then(|ticket| ticket.messages.last_mut()) {
        last.sent_at = future;
    }
}

pub(super) fn has_in_future(desk: &Dataset) -> bool {
    let end = Timestamp::from_second(END).ok();
    any(desk, |ticket| ticket.messages.iter().any(|message| message.sent_at > end))
}

pub(super) fn to_the_tick(desk: &mut Desk) {
    let Some(ticket) = desk.ticket(has_both_sides) else { return };
    let ticks = |at: Timestamp| at.checked_add(SignedDuration::from_nanos(123_456_700)).unwrap_or(at);
    for message in &mut ticket.messages {
        message.sent_at = message.sent_at.map(ticks);
    }
    ticket.created = ticket.created.map(ticks);
    ticket.modified = ticket.modified.map(ticks);
}

pub(super) fn has_to_the_tick(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.created.is_some_and(|at| at.subsec_nanosecond() == 123_456_700))
}

pub(super) fn sentinel_dates(desk: &mut Desk) {
    for sentinel in [NoDate::Year1, NoDate::Year1753, NoDate::Year1900, NoDate::Year9999] {
        if let Some(ticket) = desk.ticket(|ticket| ticket.closed.is_none()) {
            ticket.absent_times_as = sentinel;
        }
    }
}

pub(super) fn has_sentinel_dates(desk: &Dataset) -> bool {
    let has = |sentinel: &NoDate| {
        any(desk, |ticket| ticket.closed.is_none() && ticket.absent_times_as == *sentinel)
    };
    NoDate::ALL.iter().all(has)
}

pub(super) fn merged(desk: &mut Desk) {
    let Some(into) = desk.take(has_both_sides) else { return };
    let id = desk.dataset.tickets[into].id;
    let Some(ticket) = desk.ticket(has_mail) else { return };
    ticket.merged_into = Some(id);
    ticket.status = Status::Closed;
    ticket.closed = ticket.closed.or(ticket.modified);
}

pub(super) fn has_merged(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.merged_into.is_some_and(|into| desk.ticket(into).is_some()))
}

pub(super) fn spam(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_mail) {
        ticket.spam = true;
        ticket.subject = "You have WON!!!".into();
    }
}

pub(super) fn has_spam(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.spam)
}

pub(super) fn deleted(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_mail) {
        ticket.deleted = true;
    }
}

pub(super) fn has_deleted(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.deleted)
}

fn choose(desk: &mut Desk, category: u64, values: &[&str]) {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    if let Some(ticket) = desk.ticket(|_| true) {
        ticket.categories.push(TicketCategory { category, values });
    }
}

fn chosen(desk: &Dataset, category: u64) -> bool {
    any(desk, |ticket| ticket.categories.iter().any(|chosen| chosen.category == category))
}

pub(super) fn commas(desk: &mut Desk) {
    choose(desk, CATEGORY_REASON, &REASONS[..3]);
}

pub(super) fn has_commas(desk: &Dataset) -> bool {
    chosen(desk, CATEGORY_REASON)
}

pub(super) fn inactive_category(desk: &mut Desk) {
    choose(desk, CATEGORY_OLD, &["Spring"]);
}

pub(super) fn has_inactive_category(desk: &Dataset) -> bool {
    desk.categories.iter().any(|category| category.id == CATEGORY_OLD && !category.active)
        && chosen(desk, CATEGORY_OLD)
}

pub(super) fn open_whatsapp(desk: &mut Desk) {
    let Some(ticket) = desk.ticket(|ticket| ticket.channel == Channel::Whatsapp) else { return };
    ticket.status = Status::Open;
    (ticket.resolved, ticket.closed) = (None, None);
}

pub(super) fn has_open_whatsapp(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.channel == Channel::Whatsapp && ticket.status == Status::Open)
}

pub(super) fn by_system(desk: &mut Desk) {
    let Some(index) = desk.take(has_both_sides) else { return };
    let ticket = &desk.dataset.tickets[index];
    let at = later(ticket.modified.unwrap_or(Timestamp::UNIX_EPOCH), 5);
    let author = Author { kind: AuthorKind::System, name: "FocalScope".into(), ..Author::default() };
    let text = "Ticket was moved to another folder by rule \"Billing\".";
    let message = message_by(desk, author, Direction::System, at, text.into());
    let ticket = &mut desk.dataset.tickets[index];
    ticket.messages.push(message);
    ticket.modified = Some(at);
}

pub(super) fn has_by_system(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.messages.iter().any(|message| message.direction == Direction::System))
}

pub(super) fn broken_chain(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_both_sides) {
        ticket.messages[0].in_reply_to = Some(format!("lost.{}@mail.example", ticket.id));
    }
}

pub(super) fn has_broken_chain(desk: &Dataset) -> bool {
    any(desk, |ticket| {
        let to = ticket.messages.first().and_then(|message| message.in_reply_to.as_ref());
        to.is_some_and(|to| ticket.messages.iter().all(|message| message.message_id.as_ref() != Some(to)))
    })
}
