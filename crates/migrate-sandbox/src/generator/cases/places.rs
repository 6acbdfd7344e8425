//! Cases about queues and hours.

use super::super::Desk;
use super::super::people::{BOX_BILLING, BOX_SUPPORT, QUEUE_BILLING, QUEUE_SUPPORT};
use crate::dataset::{Dataset, Queue, QueueMember, Ticketbox};

/// A second one of that name.
const QUEUE_TWIN: u64 = 305;
const QUEUE_EMPTY: u64 = 306;

/// Adds a queue, if it is not there, and hands a ticket of another queue to it.
fn add(desk: &mut Desk, from: u64, queue: Queue) {
    let Some(index) = desk.take(|ticket| ticket.queue == Some(from)) else { return };
    desk.dataset.tickets[index].queue = Some(queue.id);
    if desk.dataset.queues.iter().all(|known| known.id != queue.id) {
        desk.dataset.queues.push(queue);
    }
}

pub(super) fn same_name(desk: &mut Desk) {
    let members = [2, 8].map(|agent| QueueMember { agent, max: Some(3) }).to_vec();
    let queue = Queue {
        id: QUEUE_TWIN,
        name: "Billing".into(),
        ticketboxes: vec![BOX_BILLING],
        members,
        ..Queue::default()
    };
    add(desk, QUEUE_BILLING, queue);
}

pub(super) fn has_same_name(desk: &Dataset) -> bool {
    let mut names: Vec<&str> = desk.queues.iter().map(|queue| queue.name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair[0] == pair[1])
}

pub(super) fn without_agents(desk: &mut Desk) {
    let queue =
        Queue { id: QUEUE_EMPTY, name: "Night".into(), ticketboxes: vec![BOX_SUPPORT], ..Queue::default() };
    add(desk, QUEUE_SUPPORT, queue);
}

pub(super) fn has_without_agents(desk: &Dataset) -> bool {
    let handed = |queue: &Queue| desk.tickets.iter().any(|ticket| ticket.queue == Some(queue.id));
    desk.queues.iter().any(|queue| queue.members.is_empty() && handed(queue))
}

/// The outermost folder around a ticketbox.
fn root(desk: &Dataset, id: u64) -> Option<u64> {
    let mut folder: &Ticketbox = desk.ticketboxes.iter().find(|folder| folder.id == id)?;
    for _ in 0..desk.ticketboxes.len() {
        match desk.ticketboxes.iter().find(|around| Some(around.id) == folder.parent) {
            Some(around) => folder = around,
            None => return Some(folder.id),
        }
    }
    None
}

/// Every help desk's queue for support is one.
pub(super) fn has_across_folders(desk: &Dataset) -> bool {
    let depth =
        |id: u64| desk.ticketboxes.iter().find(|folder| folder.id == id).and_then(|folder| folder.parent);
    desk.queues.iter().any(|queue| match queue.ticketboxes.as_slice() {
        [one, other, ..] => {
            root(desk, *one).is_some()
                && root(desk, *one) == root(desk, *other)
                && depth(*one) != depth(*other)
        }
        _ => false,
    })
}

/// The hotline's are so. Its offset is right in winter and wrong in summer, and tickets came in both.
pub(super) fn has_offset_only_hours(desk: &Dataset) -> bool {
    let hours = desk.working_hours.iter().find(|hours| hours.zone.is_none() && hours.offset_minutes != 0);
    let Some(hours) = hours else { return false };
    let folders: Vec<u64> = desk
        .ticketboxes
        .iter()
        .filter(|folder| folder.working_hours == Some(hours.id))
        .map(|folder| folder.id)
        .collect();
    let month =
        |ticket: &crate::dataset::Ticket| Some(ticket.created?.to_zoned(jiff::tz::TimeZone::UTC).month());
    let months: Vec<i8> = desk
        .tickets
        .iter()
        .filter(|ticket| ticket.ticketbox.is_some_and(|id| folders.contains(&id)))
        .filter_map(month)
        .collect();
    months.iter().any(|month| (4..=9).contains(month)) && months.iter().any(|month| !(3..=10).contains(month))
}
