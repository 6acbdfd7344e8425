//! Cases about tickets, their times, states and categories.

use jiff::{SignedDuration, Timestamp};

use super::super::people::{CATEGORY_OLD, CATEGORY_REASON, REASONS};
use super::super::threads::{agent_author, message_by};
use super::super::{Desk, END, later};
use super::{has_both_sides, has_mail};
use crate::dataset::{
    Author, AuthorKind, Channel, Dataset, Direction, Message, NoDate, Priority, Status, Ticket,
    TicketCategory,
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

/// A ticket is merged away, and its number is given out once more.
pub(super) fn number_reused(desk: &mut Desk) {
    let Some(into) = desk.take(has_both_sides) else { return };
    let id = desk.dataset.tickets[into].id;
    let Some(gone) = desk.take(has_mail) else { return };
    let number = desk.dataset.tickets[gone].number.clone();
    let Some(next) = desk.ticket(has_mail) else { return };
    next.number = number;
    let gone = &mut desk.dataset.tickets[gone];
    gone.merged_into = Some(id);
    gone.status = Status::Closed;
    gone.closed = gone.closed.or(gone.modified);
}

fn share_number(desk: &Dataset, which: impl Fn(&Ticket) -> bool) -> bool {
    let mut seen = std::collections::HashMap::new();
    let pairs = desk.tickets.iter().filter_map(|ticket| Some((seen.insert(&ticket.number, ticket)?, ticket)));
    pairs.into_iter().any(|(one, other)| which(one) || which(other))
}

pub(super) fn has_number_reused(desk: &Dataset) -> bool {
    share_number(desk, |ticket| ticket.merged_into.is_some())
}

pub(super) fn two_ids(desk: &mut Desk) {
    let Some(first) = desk.take(has_mail) else { return };
    let number = desk.dataset.tickets[first].number.clone();
    if let Some(second) = desk.ticket(has_mail) {
        second.number = number;
    }
}

pub(super) fn has_two_ids(desk: &Dataset) -> bool {
    let mut numbers: Vec<&str> = (desk.tickets.iter())
        .filter(|ticket| ticket.merged_into.is_none())
        .map(|ticket| ticket.number.as_str())
        .collect();
    numbers.sort_unstable();
    numbers.windows(2).any(|pair| pair[0] == pair[1])
}

pub(super) fn unknown_status(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_mail) {
        ticket.status = Status::Other("Escalated to vendor".into());
    }
}

pub(super) fn has_unknown_status(desk: &Dataset) -> bool {
    any(desk, |ticket| matches!(ticket.status, Status::Other(_)))
}

pub(super) fn unknown_priority(desk: &mut Desk) {
    if let Some(ticket) = desk.ticket(has_mail) {
        ticket.priority = Priority::Other("P0".into());
    }
}

pub(super) fn has_unknown_priority(desk: &Dataset) -> bool {
    any(desk, |ticket| matches!(ticket.priority, Priority::Other(_)))
}

/// A thread has so many messages.
const LONG_THREAD: usize = 5000;

/// From so many tickets on there is one.
const LONG_THREAD_FROM: usize = 300;

/// Once, in a help desk that is large enough: a question and an answer each minute.
pub(super) fn long_thread(desk: &mut Desk) {
    if desk.dataset.tickets.len() < LONG_THREAD_FROM || has_long_thread(&desk.dataset) {
        return;
    }
    let Some(index) = desk.take(has_both_sides) else { return };
    let messages = &desk.dataset.tickets[index].messages;
    let by = |direction: Direction| messages.iter().find(|message| message.direction == direction).cloned();
    let (Some(question), Some(answer)) = (by(Direction::In), by(Direction::Out)) else { return };
    let mut at = messages.last().and_then(sent).unwrap_or(Timestamp::UNIX_EPOCH);
    for number in messages.len()..LONG_THREAD {
        at = later(at, 60);
        let like = if number % 2 == 0 { &question } else { &answer };
        let text = format!("No. {number}");
        let mut message = message_by(desk, like.author.clone(), like.direction.clone(), at, text.into());
        message.to.clone_from(&like.to);
        desk.dataset.tickets[index].messages.push(message);
    }
    let ticket = &mut desk.dataset.tickets[index];
    let end = Some(later(at, 60));
    ticket.modified = end;
    ticket.resolved = ticket.resolved.and(end);
    ticket.closed = ticket.closed.and(end);
}

pub(super) fn has_long_thread(desk: &Dataset) -> bool {
    any(desk, |ticket| ticket.messages.len() >= LONG_THREAD)
}
