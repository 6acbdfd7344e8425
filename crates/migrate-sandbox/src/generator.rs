//! Makes a help desk of any size from a seed: the same seed and size give the same help desk, byte for byte.
//!
//! Ordinary tickets come first: seven in ten by mail and the rest by every other channel, four messages each on average,
//! one contact for three tickets. Then each [`Oddity`] bends some records, one for each 300 tickets, at least one and
//! at most 30, so that what real data does is there from some 100 tickets on.
//!
//! No time falls into 00:00–03:00 UTC of a day on which Europe sets its clocks: a wall-clock time without zone could not be
//! told apart there.

mod cases;
mod inventory;
mod library;
mod people;
mod service;
mod threads;

use jiff::{SignedDuration, Timestamp};

use crate::dataset::{Dataset, Ticket};

pub use cases::{ODDITIES, Oddity};
pub use people::{UNMATCHED_DOMAIN, is_matched};

/// Domain of the help desk's own addresses.
pub const HELPDESK_DOMAIN: &str = "helpdesk.example";

/// Tickets are opened in the two years before this time: 2026-10-01T06:00:00Z.
pub const END: i64 = 1_790_834_400;

/// A case is there so often at most, however large the help desk.
const MOST_OF_A_CASE: usize = 30;

/// Makes a help desk with so many tickets.
#[must_use]
pub fn generate(seed: u64, tickets: usize) -> Dataset {
    let mut desk = Desk::new(seed);
    people::fill(&mut desk, tickets);
    threads::fill(&mut desk, tickets);
    service::fill(&mut desk);
    desk.aside(seed, library::fill);
    for oddity in ODDITIES {
        for _ in 0..tickets.div_ceil(300).clamp(1, MOST_OF_A_CASE) {
            (oddity.apply)(&mut desk);
        }
    }
    inventory::fill(&mut desk);
    desk.dataset
}

/// A help desk in the making.
struct Desk {
    dataset: Dataset,
    rng: fastrand::Rng,
    last_id: u64,
    /// Whether a ticket was bent already. Each is bent by one case at most, so that the cases don't hide each other.
    taken: Vec<bool>,
    taken_contacts: Vec<bool>,
}

impl Desk {
    fn new(seed: u64) -> Self {
        Self {
            dataset: Dataset::default(),
            rng: fastrand::Rng::with_seed(seed),
            last_id: 0,
            taken: Vec::new(),
            taken_contacts: Vec::new(),
        }
    }

    /// Draws from a source of its own, so that what is drawn afterwards stays as it was.
    fn aside(&mut self, seed: u64, fill: impl FnOnce(&mut Self)) {
        let drawn_from = std::mem::replace(&mut self.rng, fastrand::Rng::with_seed(!seed));
        fill(self);
        self.rng = drawn_from;
    }

    /// An id for a message, attachment or call leg, unused before.
    fn id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.rng.usize(..from.len())]
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(..100) < percent
    }

    /// A ticket that no case has bent and that is fit for this one. A small help desk may have none left.
    fn take(&mut self, fit: impl Fn(&Ticket) -> bool) -> Option<usize> {
        self.taken.resize(self.dataset.tickets.len(), false);
        let start = self.rng.usize(..self.taken.len().max(1));
        let (before, after) = (0..start, start..self.taken.len());
        let index =
            after.chain(before).find(|index| !self.taken[*index] && fit(&self.dataset.tickets[*index]))?;
        self.taken[index] = true;
        Some(index)
    }

    /// A ticket as [`Desk::take`] gives it, to be changed.
    fn ticket(&mut self, fit: impl Fn(&Ticket) -> bool) -> Option<&mut Ticket> {
        let index = self.take(fit)?;
        self.dataset.tickets.get_mut(index)
    }

    /// A contact that no case has bent.
    fn take_contact(&mut self) -> Option<usize> {
        self.taken_contacts.resize(self.dataset.contacts.len(), false);
        let index = self.taken_contacts.iter().position(|taken| !taken)?;
        self.taken_contacts[index] = true;
        Some(index)
    }
}

/// The time that is so much after `at`, moved out of the hours in which Europe sets its clocks.
fn later(at: Timestamp, seconds: i64) -> Timestamp {
    let moved = at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
    let utc = moved.to_zoned(jiff::tz::TimeZone::UTC);
    let last_sunday = utc.weekday() == jiff::civil::Weekday::Sunday && utc.day() > 24;
    if matches!(utc.month(), 3 | 10) && last_sunday && utc.hour() < 3 {
        return moved.checked_add(SignedDuration::from_hours(3)).unwrap_or(moved);
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Channel, Status};

    #[test]
    fn a_seed_gives_the_same_help_desk_again_and_another_seed_another() {
        let first = generate(7, 120);
        assert_eq!(first, generate(7, 120));
        assert_ne!(first, generate(8, 120));
        assert_eq!(first.tickets.len(), 120);
    }

    #[test]
    fn every_oddity_is_there_for_any_seed() {
        for seed in [0, 1, 42, u64::MAX] {
            let desk = generate(seed, 300);
            for oddity in ODDITIES {
                assert!((oddity.is_in)(&desk), "seed {seed}: {} is missing", oddity.name);
            }
        }
    }

    #[test]
    fn no_two_oddities_share_a_name() {
        let mut names: Vec<_> = ODDITIES.iter().map(|oddity| oddity.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ODDITIES.len());
    }

    #[test]
    fn small_help_desks_can_be_made() {
        for tickets in 0..20 {
            assert_eq!(generate(3, tickets).tickets.len(), tickets);
        }
    }

    #[test]
    fn a_help_desk_is_like_a_real_one() {
        let desk = generate(1, 600);
        let messages: usize = desk.tickets.iter().map(|ticket| ticket.messages.len()).sum();
        assert!((1800..=3600).contains(&messages), "{messages} messages");
        assert!((200..=260).contains(&desk.contacts.len()), "{} contacts", desk.contacts.len());
        for channel in Channel::ALL {
            assert!(desk.tickets.iter().any(|ticket| ticket.channel == *channel), "{channel}");
        }
        for status in Status::ALL {
            assert!(desk.tickets.iter().any(|ticket| ticket.status == *status), "{status}");
        }
    }

    #[test]
    fn ids_are_unique_within_their_kind() {
        let desk = generate(5, 400);
        let mut messages = std::collections::HashSet::new();
        let mut attachments = std::collections::HashSet::new();
        for ticket in &desk.tickets {
            assert!(ticket.messages.iter().all(|message| messages.insert(message.id)));
            assert!(ticket.attachments().all(|attachment| attachments.insert(attachment.id)));
        }
        let contacts: std::collections::HashSet<_> = desk.contacts.iter().map(|contact| contact.id).collect();
        assert_eq!(contacts.len(), desk.contacts.len());
    }

    #[test]
    fn no_time_falls_where_a_wall_clock_says_two_things() {
        let fold: Timestamp = "2025-10-26T00:10:00Z".parse().unwrap();
        assert_eq!(later(fold, 0), "2025-10-26T03:10:00Z".parse().unwrap());
        assert_eq!(later(fold, 7 * 86_400), "2025-11-02T00:10:00Z".parse().unwrap());
    }

    #[test]
    fn a_generated_help_desk_survives_json() {
        let desk = generate(2, 60);
        let mut text = Vec::new();
        desk.write(&mut text).unwrap();
        assert_eq!(serde_json::from_slice::<Dataset>(&text).unwrap(), desk);
    }
}
