//! Makes a help desk of any size from a seed: the same seed and size give the same help desk, byte for byte.
//!
//! Ordinary tickets come first: seven in ten by mail and the rest by every other channel, four messages each on average,
//! one contact for three tickets. Then each [`Oddity`] bends some records, one for each 300 tickets, at least one and
//! at most 30, so that what real data does is there from some 100 tickets on.
//!
//! The thread of 5,000 messages is there from 300 tickets on, once: writing it takes as many calls as everything else, and
//! an answer to each may hold the whole thread.
//!
//! No time falls into 00:00–03:00 UTC of a day on which Europe sets its clocks, where a wall-clock time without zone could
//! not be told apart, but for the one case that is about it.

mod cases;
mod inventory;
mod known;
mod library;
mod people;
mod service;
mod threads;

use jiff::{SignedDuration, Timestamp};

use crate::dataset::{Dataset, Ticket};

pub use cases::{ODDITIES, Oddity};
pub use known::{Matched, expected_quarantine, giant_file, matched_contacts};
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
    for oddity in ODDITIES.iter().filter(|oddity| tickets >= oddity.from) {
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
        let ordinary = desk.tickets.iter().map(|ticket| ticket.messages.len()).filter(|count| *count < 100);
        let messages: usize = ordinary.sum();
        assert!((1800..=3600).contains(&messages), "{messages} messages");
        assert!((200..=280).contains(&desk.contacts.len()), "{} contacts", desk.contacts.len());
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
        let responses = desk.standard_responses.iter().flat_map(|response| &response.attachments);
        let articles = desk.kb_articles.iter().flat_map(|article| &article.attachments);
        assert!(responses.chain(articles).all(|file| attachments.insert(file.id)));
        let contacts: std::collections::HashSet<_> = desk.contacts.iter().map(|contact| contact.id).collect();
        assert_eq!(contacts.len(), desk.contacts.len());
    }

    #[test]
    fn a_demo_stays_affordable() {
        let desk = generate(1, 300);
        let files = desk.tickets.iter().flat_map(|ticket| ticket.attachments());
        let messages = desk.tickets.iter().flat_map(|ticket| &ticket.messages);
        let bytes: usize = messages.map(|message| message.body.text().len()).sum();
        let total = bytes as u64 + files.map(|file| file.size()).sum::<u64>();
        assert!(total < 15 << 20, "{total} bytes");
    }

    #[test]
    fn a_help_desk_has_what_people_build_again_by_hand() {
        let desk = generate(1, 30);
        let counts = [
            ("responses", desk.standard_responses.len(), 30),
            ("SLA profiles", desk.sla_profiles.len(), 5),
            ("hours", desk.working_hours.len(), 3),
            ("articles", desk.kb_articles.len(), 40),
            ("reports", desk.reports.len(), 12),
            ("automations", desk.automations.len(), 18),
            ("wallboards", desk.wallboards.len(), 4),
            ("accounts", desk.channel_accounts.len(), 8),
        ];
        for (what, found, wanted) in counts {
            assert!(found >= wanted, "{found} {what}");
        }
        for channel in Channel::ALL {
            assert!(desk.channel_accounts.iter().any(|account| account.channel == *channel), "{channel}");
        }
        let failing = desk.channel_accounts.iter().find(|account| account.id == inventory::ACCOUNT_FAILING);
        assert!(failing.is_some_and(|account| account.last_error.is_some()));
        assert!(desk.reports.iter().all(|report| !report.rows.is_empty()));
    }

    #[test]
    fn every_reference_of_the_library_leads_somewhere() {
        let desk = generate(3, 40);
        let queues: Vec<u64> = desk.queues.iter().map(|queue| queue.id).collect();
        let folders: Vec<u64> = desk.ticketboxes.iter().map(|folder| folder.id).collect();
        let categories: Vec<u64> = desk.kb_categories.iter().map(|category| category.id).collect();
        for response in &desk.standard_responses {
            assert!(response.queues.iter().all(|id| queues.contains(id)), "{}", response.name);
            assert!(response.ticketboxes.iter().all(|id| folders.contains(id)), "{}", response.name);
        }
        for article in &desk.kb_articles {
            assert!(article.categories.iter().all(|id| categories.contains(id)), "{}", article.title);
        }
        for folder in &desk.ticketboxes {
            assert!(desk.sla_profiles.iter().any(|profile| Some(profile.id) == folder.sla_profile));
            assert!(desk.working_hours.iter().any(|profile| Some(profile.id) == folder.working_hours));
        }
    }

    #[test]
    fn people_to_seed_are_known_by_an_address_of_their_own() {
        let desk = generate(1, 300);
        let known = matched_contacts(&desk);
        assert!((3..=40).contains(&known.len()), "{}", known.len());
        for matched in &known {
            let with = desk.contacts.iter().filter(|contact| {
                contact.emails.iter().any(|email| email.eq_ignore_ascii_case(&matched.email))
            });
            assert_eq!(with.map(|contact| contact.id).collect::<Vec<_>>(), [matched.contact]);
        }
    }

    #[test]
    fn what_nobody_can_move_is_known_beforehand() {
        let desk = generate(1, 300);
        let tickets: Vec<_> =
            expected_quarantine(&desk).into_iter().filter_map(|id| desk.ticket(id)).collect();
        assert_eq!(tickets.len(), 2);
        assert!(tickets.iter().any(|ticket| matches!(ticket.status, Status::Other(_))));
    }

    #[test]
    fn attachment_of_2_gib() {
        let mut desk = generate(1, 5);
        let id = giant_file(&mut desk).unwrap();
        let mut files = desk.tickets.iter().flat_map(|ticket| ticket.attachments());
        assert_eq!(files.find(|file| file.id == id).unwrap().size(), 1 << 31);
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
