//! Days on which mail was to be expected and none came.

use super::{Days, LISTED, Place, each};
use crate::Failure;
use crate::store::Stage;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mapping_core::SourceRef;
use mapping_core::model::{Direction, Message, Record, Ticket};
use std::collections::{BTreeMap, BTreeSet};

/// A weekday is judged when there were so many of it between the first and the last message.
const FEWEST_WEEKDAYS: u64 = 4;

/// The ticketbox of messages that come ticket by ticket.
pub(super) struct Boxes<'a> {
    pub(super) stage: &'a dyn Stage,
    pub(super) last: Option<(SourceRef, Option<SourceRef>)>,
}

impl Boxes<'_> {
    pub(super) fn of(&mut self, message: &Message) -> Result<Option<SourceRef>, Failure> {
        let ticket = message.ticket.source_ref();
        if let Some((last, found)) = &self.last
            && *last == ticket
        {
            return Ok(found.clone());
        }
        let found = match self.stage.record(&ticket)? {
            Some(Record::Ticket(Ticket { ticketbox: Some(found), .. })) => Some(found.source_ref()),
            _ => None,
        };
        self.last = Some((ticket, found.clone()));
        Ok(found)
    }
}

/// Days with incoming messages, by place.
#[derive(Default)]
pub(super) struct Calendar {
    accounts: BTreeMap<String, SourceRef>,
    days: BTreeMap<SourceRef, BTreeSet<Date>>,
}

impl Calendar {
    pub(super) fn of_accounts(stage: &dyn Stage) -> Result<Calendar, Failure> {
        let mut calendar = Calendar::default();
        each(stage, "channel_account", |record| {
            if let Record::ChannelAccount(account) = record {
                let address = account.address.trim().to_lowercase();
                calendar.accounts.insert(address, account.id.source_ref());
            }
            Ok(())
        })?;
        Ok(calendar)
    }

    pub(super) fn take(&mut self, message: &Message, ticketbox: Option<SourceRef>) {
        let Some(at) = message.received_at.or(message.sent_at) else { return };
        if message.direction != Direction::In {
            return;
        }
        let addressed = message.to.iter().chain(&message.cc);
        let accounts = addressed.filter_map(|to| self.accounts.get(&to.trim().to_lowercase()).cloned());
        let places: Vec<SourceRef> = accounts.chain(ticketbox).collect();
        for place in places {
            self.days.entry(place).or_default().insert(day(at));
        }
    }

    pub(super) fn places(&self) -> Vec<Place> {
        let newest = self.days.values().filter_map(|days| days.last()).max().copied();
        let judged = self.days.iter().filter_map(|(place, days)| judge(place, days, newest?));
        judged.filter(|p| p.missing_days > 0 || p.silent_days > 0).collect()
    }
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Judges the days of one place.
fn judge(place: &SourceRef, days: &BTreeSet<Date>, newest: Date) -> Option<Place> {
    let (first, last) = (*days.first()?, *days.last()?);
    let number = |weekday: Weekday| usize::from(weekday.to_monday_zero_offset().unsigned_abs());
    let (mut all, mut with) = ([0u64; 7], [0u64; 7]);
    let each_day = |from: Date, to: Date| from.series(1.day()).take_while(move |d| *d <= to);
    for date in each_day(first, last) {
        all[number(date.weekday())] += 1;
        with[number(date.weekday())] += u64::from(days.contains(&date));
    }
    let expected = |date: &Date| {
        let n = number(date.weekday());
        all[n] >= FEWEST_WEEKDAYS && with[n] * 2 >= all[n]
    };
    let mut missing: Vec<Days> = Vec::new();
    let mut run: Option<Days> = None;
    for date in each_day(first, last).filter(expected) {
        if days.contains(&date) {
            missing.extend(run.take());
        } else {
            let open = run.get_or_insert(Days { from: date, to: date, expected: 0 });
            (open.to, open.expected) = (date, open.expected + 1);
        }
    }
    let silent = last.tomorrow().map_or(0, |next| each_day(next, newest).filter(expected).count());
    let missing_days = missing.iter().map(|run| run.expected).sum();
    missing.sort_by_key(|run| std::cmp::Reverse(run.expected));
    missing.truncate(LISTED);
    Some(Place {
        place: place.clone(),
        first,
        last,
        days: days.len() as u64,
        missing_days,
        missing,
        silent_days: silent as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn weekends_are_no_gap_where_nobody_writes_at_weekends_and_a_week_without_mail_is_one() {
        let place = SourceRef::new("ticketbox", "1");
        let all = date("2025-01-06").series(1.day()).take(70);
        let mut days: BTreeSet<Date> = all.filter(|d| d.weekday().to_monday_one_offset() <= 5).collect();
        let judged = judge(&place, &days, date("2025-03-14")).unwrap();
        assert_eq!((judged.missing_days, judged.silent_days), (0, 0));
        for gone in ["2025-02-03", "2025-02-04", "2025-02-05", "2025-02-06", "2025-02-07", "2025-03-05"] {
            days.remove(&date(gone));
        }
        let judged = judge(&place, &days, date("2025-03-28")).unwrap();
        assert_eq!(judged.missing_days, 6);
        let longest = Days { from: date("2025-02-03"), to: date("2025-02-07"), expected: 5 };
        assert_eq!(judged.missing[0], longest, "the weekend around it is no part of it");
        assert_eq!(judged.silent_days, 10, "two weeks in which others had mail");
    }

    #[test]
    fn a_place_with_mail_now_and_then_has_no_expected_days() {
        let days = ["2025-01-06", "2025-02-12", "2025-03-20"].into_iter().map(date).collect();
        let judged = judge(&SourceRef::new("ticketbox", "1"), &days, date("2025-06-01")).unwrap();
        assert_eq!((judged.missing_days, judged.silent_days), (0, 0));
    }
}
