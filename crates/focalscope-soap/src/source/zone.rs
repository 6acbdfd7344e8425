//! The proof of the zone: times without one against `Date` headers of mail, whose offset is certain.
//!
//! The halves of the year are judged apart, whatever the profile's zone does: a fixed offset is right in one of them.

use super::Inner;
use super::fields::Noticed;
use super::pages::Pages;
use super::records::Maker;
use crate::profile::Logical;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use mapping_core::model::Channel;
use std::collections::BTreeMap;

/// A difference that is this near to whole quarters of an hour tells of a zone; others tell of mail that was late.
const NEAR_SECONDS: i64 = 120;
/// No two zones are further apart.
const WIDEST_SECONDS: i64 = 26 * 3600;
/// Fewer messages prove nothing.
const FEWEST: u64 = 3;
/// Messages of one season that are enough for a proof.
const ENOUGH: u64 = 10;
/// Tickets whose messages are looked at, on each of three pages of the list.
const TICKETS_A_PAGE: usize = 6;

/// What the messages of one season say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Season {
    agree: u64,
    /// How many differ, by quarters of an hour.
    off: BTreeMap<i64, u64>,
}

/// What messages say of the zone, by half of the year. March and October, in which clocks change, are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    winter: Season,
    summer: Season,
}

/// A zone that is wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wrong {
    /// The times as read are this much later than the mail says.
    pub(crate) hours: f64,
    pub(crate) season: &'static str,
    pub(crate) messages: u64,
    pub(crate) of: u64,
}

impl Evidence {
    /// Takes a time that was read in the zone, and the header of the same message.
    pub(crate) fn take(&mut self, read: Timestamp, header: &str) {
        let Ok(certain) = rfc2822::parse(header.trim()) else { return };
        let apart = read.as_second() - certain.timestamp().as_second();
        let quarters = (apart as f64 / 900.0).round() as i64;
        if (apart - quarters * 900).abs() > NEAR_SECONDS || apart.abs() > WIDEST_SECONDS {
            return;
        }
        let season = match certain.month() {
            4..=9 => &mut self.summer,
            11 | 12 | 1 | 2 => &mut self.winter,
            // Clocks change in these months.
            _ => return,
        };
        match quarters {
            0 => season.agree += 1,
            other => *season.off.entry(other).or_default() += 1,
        }
    }

    pub(crate) fn merge(&mut self, other: Evidence) {
        for (into, from) in [(&mut self.winter, other.winter), (&mut self.summer, other.summer)] {
            into.agree += from.agree;
            for (quarters, count) in from.off {
                *into.off.entry(quarters).or_default() += count;
            }
        }
    }

    pub(crate) fn messages(&self) -> u64 {
        self.winter.messages() + self.summer.messages()
    }

    fn is_enough(&self) -> bool {
        self.winter.messages() >= ENOUGH && self.summer.messages() >= ENOUGH
    }

    /// A season in which most messages differ by the same time.
    pub(crate) fn wrong(&self) -> Option<Wrong> {
        [("November to February", &self.winter), ("April to September", &self.summer)].into_iter().find_map(
            |(season, says)| {
                let (quarters, messages) = says.off.iter().max_by_key(|(_, count)| **count)?;
                let of = says.messages();
                (*messages >= FEWEST && *messages * 2 > of).then(|| Wrong {
                    hours: *quarters as f64 / 4.0,
                    season,
                    messages: *messages,
                    of,
                })
            },
        )
    }
}

impl Season {
    fn messages(&self) -> u64 {
        self.agree + self.off.values().sum::<u64>()
    }
}

impl Wrong {
    pub(crate) fn said(&self, zone: &str) -> String {
        let Wrong { hours, season, messages, of } = self;
        format!(
            "times without zone are read in {zone}, which makes {messages} of {of} messages ({season}) {hours:+} h off \
             their `Date` header: the zone is wrong"
        )
    }
}

impl Inner {
    /// What a sample of messages says of the zone: of tickets at the beginning, in the middle and at the end of the list.
    /// Nothing when nobody can be asked; reading will say why.
    pub(crate) async fn zone_evidence(&self) -> Evidence {
        let mut evidence = Evidence::default();
        let profile = &self.rules.profile;
        let has_header =
            profile.operation(Logical::ListMessages).is_some_and(|o| o.field("date_header").is_some());
        let called = profile.called(Logical::ListTickets).zip(profile.called(Logical::ListMessages));
        let Some((tickets, messages)) = called.filter(|_| has_header) else { return evidence };
        let mut total = None;
        for part in 0..3u64 {
            let mut pages = Pages::new(self, Logical::ListTickets, tickets);
            if part > 0 {
                match (total, &tickets.page) {
                    (Some(total), Some(_)) if pages.start_at(total, part, 2) => {}
                    _ => break,
                }
            }
            let Ok(Some(page)) = pages.next().await else { break };
            total = page.total;
            let mut noticed = Noticed::default();
            let mut looked_at = 0;
            for (value, _) in page.items {
                let mut maker = Maker { rules: &self.rules, operation: tickets, noticed: &mut noticed };
                let Ok(read) = maker.ticket(value) else { continue };
                if read.ticket.channel != Channel::Email || read.ticket.message_count == Some(0) {
                    continue;
                }
                looked_at += 1;
                if looked_at > TICKETS_A_PAGE || evidence.is_enough() {
                    break;
                }
                let id = read.ticket.id;
                let mut threads = Pages::new(self, Logical::ListMessages, messages).of(id.as_str());
                let Ok(Some(page)) = threads.next().await else { continue };
                for (value, _) in page.items {
                    let mut maker = Maker { rules: &self.rules, operation: messages, noticed: &mut noticed };
                    let _ = maker.message(&id, value);
                }
            }
            evidence.merge(noticed.zone);
        }
        evidence
    }

    /// What is wrong with the zone by a sample of messages.
    pub(crate) async fn zone_is_off(&self) -> Option<String> {
        let wrong = self.zone_evidence().await.wrong()?;
        Some(wrong.said(&self.rules.profile.times.zone))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(cases: &[(&str, &str)]) -> Evidence {
        let mut evidence = Evidence::default();
        for (read, header) in cases {
            evidence.take(read.parse().unwrap(), header);
        }
        evidence
    }

    const WINTER: (&str, &str) = ("2025-01-10T09:00:00Z", "Fri, 10 Jan 2025 10:00:05 +0100");
    const SUMMER: (&str, &str) = ("2025-07-10T08:00:00Z", "Thu, 10 Jul 2025 10:00:00 +0200");

    #[test]
    fn a_zone_that_agrees_in_winter_and_summer_is_right() {
        let evidence = evidence(&[WINTER; 4].into_iter().chain([SUMMER; 4]).collect::<Vec<_>>());
        assert_eq!((evidence.messages(), evidence.wrong()), (8, None));
    }

    #[test]
    fn a_zone_that_is_right_in_winter_alone_is_wrong_by_an_hour_in_summer() {
        let late = ("2025-07-10T09:00:00Z", "Thu, 10 Jul 2025 10:00:00 +0200");
        let cases: Vec<_> = [WINTER; 9].into_iter().chain([late; 3]).collect();
        let wrong = evidence(&cases).wrong().unwrap();
        assert_eq!((wrong.hours, wrong.season, wrong.messages, wrong.of), (1.0, "April to September", 3, 3));
        assert!(wrong.said("X").contains("+1 h"), "{}", wrong.said("X"));
    }

    #[test]
    fn late_mail_nonsense_and_a_few_wrong_clocks_prove_nothing() {
        let late = ("2025-01-10T09:07:00Z", "Fri, 10 Jan 2025 10:00:00 +0100");
        let off = ("2025-01-10T15:00:00Z", "Fri, 10 Jan 2025 10:00:00 +0100");
        let none = ("2025-01-10T09:00:00Z", "yesterday");
        let found = evidence(&[late, none, off, off, WINTER, WINTER, WINTER]);
        assert_eq!((found.messages(), found.wrong()), (5, None));
        assert_eq!(evidence(&[off, off]).wrong(), None, "two are too few");
    }
}
