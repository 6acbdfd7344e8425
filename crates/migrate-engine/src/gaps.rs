//! What is missing at the source itself: days without mail, replies to nothing, numbers that no ticket has, broken text.

use crate::store::Stage;
use crate::{Failure, Run};
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use mapping_core::SourceRef;
use mapping_core::model::{Direction, Message, Record, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Records that are held at a time.
const PAGE: usize = 500;
/// Examples and runs that are listed; the counts are whole.
const LISTED: usize = 100;
/// The most lines for the extract's report.
const LINES: usize = 20;
/// A weekday is judged when there were so many of it between the first and the last message.
const FEWEST_WEEKDAYS: u64 = 4;
/// The widest run of ticket numbers that is looked through.
const WIDEST_NUMBERS: u64 = 1 << 24;
/// Bits of the filter of message ids for each message; and the most of all.
const BITS_A_MESSAGE: u64 = 16;
const MOST_BITS: u64 = 1 << 28;

const RULE: &str = "days are UTC days; a weekday is expected at a place when at least half of those between its first and \
                    its last incoming message, and at least 4, had one; an expected day without any is missing";
const LIMIT: &str = "what the source never received can't be recovered from it, and what was purged there is gone; a \
                     missing day may be a holiday";

/// What is missing or broken at the source. Ids and counts only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gaps {
    /// How days are judged.
    pub rule: String,
    /// What can't be known or mended here.
    pub limit: String,
    /// Ticketboxes and accounts with missing days, or silent while others go on.
    pub places: Vec<Place>,
    /// Replies to messages that are nowhere in the extract. At most one in a thousand such replies is overlooked.
    pub broken_chains: Listed,
    /// Numbers of tickets that no ticket has: purged ones, or never used.
    pub missing_numbers: Vec<Numbers>,
    /// Records with text that was broken before it was read, by kind.
    pub broken_text: BTreeMap<String, BrokenText>,
}

/// A ticketbox or an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Place {
    /// Which.
    pub place: SourceRef,
    /// The day of its first incoming message.
    pub first: Date,
    /// The day of its last one.
    pub last: Date,
    /// Days with a message.
    pub days: u64,
    /// Expected days without one, between the two.
    pub missing_days: u64,
    /// Runs of them, the longest first, at most 100.
    pub missing: Vec<Days>,
    /// Expected days since its last message, while there was mail elsewhere.
    pub silent_days: u64,
}

/// From a day to a day, both in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// The first.
    pub from: Date,
    /// The last.
    pub to: Date,
    /// Expected days in it.
    pub expected: u64,
}

/// Records that are counted, with some of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// How many.
    pub count: u64,
    /// Some of them, at most 100.
    pub examples: Vec<SourceRef>,
}

/// Ticket numbers with the same beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Numbers {
    /// The lowest.
    pub from: u64,
    /// The highest.
    pub to: u64,
    /// How many of those between have no ticket; `None` when they are too far apart to look.
    pub missing: Option<u64>,
    /// Runs of them, at most 100: from, to.
    pub runs: Vec<(u64, u64)>,
}

/// Text that was broken before it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrokenText {
    /// Records with any.
    pub records: Listed,
    /// Characters U+FFFD: something was lost there.
    pub replaced: u64,
    /// Places where UTF-8 was read as another encoding: `Ã¤`.
    pub misread: u64,
}

impl Listed {
    fn take(&mut self, record: SourceRef) {
        self.count += 1;
        if self.examples.len() < LISTED {
            self.examples.push(record);
        }
    }
}

impl Gaps {
    /// A few lines for people, what matters most first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for place in &self.places {
            if let Some(longest) = place.missing.first() {
                lines.push(format!(
                    "{}: {} expected days without incoming mail, the longest run {} to {}",
                    place.place, place.missing_days, longest.from, longest.to
                ));
            }
            if place.silent_days > 0 {
                lines.push(format!(
                    "{}: nothing came in after {}, {} expected days, while mail came in elsewhere",
                    place.place, place.last, place.silent_days
                ));
            }
        }
        let more = lines.len().saturating_sub(LINES);
        lines.truncate(LINES);
        if more > 0 {
            lines.push(format!("{more} more places or runs are in reports/gaps.json"));
        }
        if self.broken_chains.count > 0 {
            lines.push(format!("{} replies are to messages that are nowhere", self.broken_chains.count));
        }
        for numbers in &self.missing_numbers {
            match numbers.missing {
                Some(0) => {}
                Some(missing) => lines.push(format!(
                    "{missing} ticket numbers between {} and {} have no ticket: purged, or never used",
                    numbers.from, numbers.to
                )),
                None => lines.push(format!(
                    "ticket numbers from {} to {} are too far apart to look for missing ones",
                    numbers.from, numbers.to
                )),
            }
        }
        for (kind, broken) in &self.broken_text {
            lines.push(format!(
                "{kind}: {} records have text that was broken at the source ({} lost characters, {} misread places)",
                broken.records.count, broken.replaced, broken.misread
            ));
        }
        if lines.is_empty() {
            lines.push("nothing missing was found by the rules in reports/gaps.json".to_owned());
        }
        lines.push(self.limit.clone());
        lines
    }
}

/// Looks for gaps in what was staged, and writes `reports/gaps.json`.
pub(crate) fn find(run: &Run) -> Result<Gaps, Failure> {
    let stage = run.stage();
    let mut gaps = Gaps { rule: RULE.to_owned(), limit: LIMIT.to_owned(), ..Gaps::default() };
    let mut calendar = Calendar::of_accounts(stage)?;
    let messages = stage.counts()?.get("message").copied().unwrap_or(0);
    let mut known = Filter::for_records(messages);
    let mut boxes = Boxes { stage, last: None };
    each(stage, "message", |record| {
        if let Record::Message(message) = record {
            message.message_id.iter().for_each(|id| known.add(bare(id.as_str())));
            calendar.take(message, boxes.of(message)?);
        }
        Ok(())
    })?;
    gaps.places = calendar.places();
    each(stage, "message", |record| {
        if let Record::Message(message) = record
            && let Some(to) = &message.in_reply_to
            && !to.trim().is_empty()
            && !to.split_whitespace().any(|id| known.has(bare(id)))
        {
            gaps.broken_chains.take(message.id.source_ref());
        }
        Ok(())
    })?;
    gaps.missing_numbers = numbers(stage)?;
    for kind in ["ticket", "message", "chat_line", "contact", "kb_article", "standard_response"] {
        let mut broken = BrokenText::default();
        each(stage, kind, |record| {
            let (replaced, misread) = flaws(record);
            if replaced + misread > 0 {
                broken.replaced += replaced;
                broken.misread += misread;
                broken.records.take(record.key());
            }
            Ok(())
        })?;
        if broken.records.count > 0 {
            gaps.broken_text.insert(kind.to_owned(), broken);
        }
    }
    run.save_report("gaps", &gaps)?;
    Ok(gaps)
}

/// Every record of a kind, a page at a time.
fn each(
    stage: &dyn Stage,
    kind: &str,
    mut take: impl FnMut(&Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after = 0;
    loop {
        let page = stage.records(kind, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        page.iter().try_for_each(|staged| take(&staged.record))?;
    }
}

/// The ticketbox of messages that come ticket by ticket.
struct Boxes<'a> {
    stage: &'a dyn Stage,
    last: Option<(SourceRef, Option<SourceRef>)>,
}

impl Boxes<'_> {
    fn of(&mut self, message: &Message) -> Result<Option<SourceRef>, Failure> {
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
struct Calendar {
    accounts: BTreeMap<String, SourceRef>,
    days: BTreeMap<SourceRef, BTreeSet<Date>>,
}

impl Calendar {
    fn of_accounts(stage: &dyn Stage) -> Result<Calendar, Failure> {
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

    fn take(&mut self, message: &Message, ticketbox: Option<SourceRef>) {
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

    fn places(&self) -> Vec<Place> {
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

/// A message id without its brackets.
fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// A set of texts in a fixed amount of memory. It never denies what it holds; what it doesn't hold it takes for held once
/// in some thousand times.
struct Filter {
    bits: Vec<u64>,
}

impl Filter {
    fn for_records(count: u64) -> Filter {
        let bits = (count.saturating_mul(BITS_A_MESSAGE)).clamp(1 << 12, MOST_BITS);
        Filter { bits: vec![0; usize::try_from(bits.div_ceil(64)).unwrap_or(1)] }
    }
    fn places(&self, text: &str) -> impl Iterator<Item = (usize, u64)> + use<> {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let first = hasher.finish();
        text.len().hash(&mut hasher);
        let second = hasher.finish() | 1;
        let size = self.bits.len() as u64 * 64;
        (0..7u64).map(move |n| {
            let bit = first.wrapping_add(second.wrapping_mul(n)) % size;
            (usize::try_from(bit / 64).unwrap_or(0), 1 << (bit % 64))
        })
    }
    fn add(&mut self, text: &str) {
        for (word, bit) in self.places(text) {
            self.bits[word] |= bit;
        }
    }
    fn has(&self, text: &str) -> bool {
        self.places(text).all(|(word, bit)| self.bits[word] & bit != 0)
    }
}

/// `INC-00017` as `INC-` and 17.
fn split(number: &str) -> Option<(&str, u64)> {
    let digits = number.len() - number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (beginning, digits) = number.split_at(number.len() - digits);
    Some((beginning, digits.parse().ok()?))
}

/// Numbers that no ticket has, for each beginning that numbers have. At most 100 beginnings.
fn numbers(stage: &dyn Stage) -> Result<Vec<Numbers>, Failure> {
    let mut ranges: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    each(stage, "ticket", |record| {
        if let Record::Ticket(Ticket { number: Some(number), .. }) = record
            && let Some((beginning, n)) = split(number.trim())
            && (ranges.len() < LISTED || ranges.contains_key(beginning))
        {
            let range = ranges.entry(beginning.to_owned()).or_insert((n, n));
            *range = (range.0.min(n), range.1.max(n));
        }
        Ok(())
    })?;
    let mut all = Vec::new();
    for (beginning, (from, to)) in ranges {
        let mut found = Numbers { from, to, missing: None, runs: Vec::new() };
        if to - from < WIDEST_NUMBERS {
            let mut there = vec![false; usize::try_from(to - from + 1).unwrap_or(0)];
            each(stage, "ticket", |record| {
                if let Record::Ticket(Ticket { number: Some(number), .. }) = record
                    && let Some((b, n)) = split(number.trim())
                    && b == beginning
                    && let Some(place) = usize::try_from(n - from).ok().and_then(|at| there.get_mut(at))
                {
                    *place = true;
                }
                Ok(())
            })?;
            found.missing = Some(there.iter().filter(|there| !**there).count() as u64);
            found.runs = runs(&there, from);
        }
        all.push(found);
    }
    Ok(all)
}

fn runs(there: &[bool], from: u64) -> Vec<(u64, u64)> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for (number, _) in (from..).zip(there).filter(|(_, there)| !**there) {
        let full = runs.len() >= LISTED;
        match runs.last_mut() {
            Some(run) if run.1 + 1 == number => run.1 = number,
            _ if full => break,
            _ => runs.push((number, number)),
        }
    }
    runs
}

/// Lost characters and misread places in the texts of a record.
fn flaws(record: &Record) -> (u64, u64) {
    let texts: Vec<&str> = match record {
        Record::Ticket(t) => t.subject.iter().map(|s| s.as_str()).collect(),
        Record::Message(m) => m.subject.iter().map(|s| s.as_str()).chain([m.body.text.as_str()]).collect(),
        Record::ChatLine(l) => vec![l.text.as_str()],
        Record::Contact(c) => c.name.iter().map(|s| s.as_str()).collect(),
        Record::KbArticle(a) => vec![a.title.as_str(), a.body.text.as_str()],
        Record::StandardResponse(r) => vec![r.body.text.as_str()],
        _ => Vec::new(),
    };
    texts.into_iter().fold((0, 0), |(replaced, misread), text| {
        let lost = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count() as u64;
        (replaced + lost, misread + misread_places(text))
    })
}

/// Where UTF-8 was read as Windows-1252 or Latin-1: `Ã` or `Â` before a character that no word has there, and `â€`.
fn misread_places(text: &str) -> u64 {
    let mut count = 0;
    let mut before = None;
    for c in text.chars() {
        count += u64::from(match before {
            Some('Ã' | 'Â') => matches!(c, '\u{80}'..='\u{BF}' | '‚'..='„' | '€' | '™' | 'œ' | 'ž' | 'Ÿ'),
            Some('â') => c == '€',
            _ => false,
        });
        before = Some(c);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Memory, Page};

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

    #[test]
    fn misread_text_is_told_from_text_in_other_languages() {
        for broken in ["fÃ¼r", "SÃ¸ren", "itâ€™s", "Â£5", "cafÃ©"] {
            assert_eq!(misread_places(broken), 1, "{broken}");
        }
        for fine in ["für", "São Paulo", "CÂMARA", "MAÇÃ", "€5", "naïve â Ã"] {
            assert_eq!(misread_places(fine), 0, "{fine}");
        }
    }

    #[test]
    fn numbers_are_judged_by_their_beginning() {
        assert_eq!(split("INC-00017"), Some(("INC-", 17)));
        assert_eq!(split("17"), Some(("", 17)));
        assert_eq!(split("none"), None);
        assert_eq!(runs(&[true, false, false, true, false], 10), [(11, 12), (14, 14)]);
    }

    #[tokio::test]
    async fn missing_numbers_are_found_in_the_stage() {
        let stage = Memory::new();
        let ticket = |id: &str, number: &str| {
            let mut ticket = Ticket::new(id.into());
            ticket.number = Some(number.to_owned());
            Record::from(ticket)
        };
        let all = [("1", "T-100"), ("2", "T-103"), ("3", "T-104"), ("4", "T-104"), ("5", "7")];
        stage.put(all.iter().map(|(id, number)| ticket(id, number)).collect()).await.unwrap();
        stage.end_page(Page { kind: "ticket".into(), ..Page::default() }).await.unwrap();
        let found = numbers(&stage).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].missing, found[1].runs.as_slice()), (Some(2), &[(101, 102)][..]));
        assert_eq!(found[0].missing, Some(0));
    }

    #[test]
    fn the_filter_never_denies_what_it_holds_and_seldom_claims_what_it_does_not() {
        let mut filter = Filter::for_records(5_000);
        (0..5_000).for_each(|n| filter.add(&format!("{n}@example.com")));
        assert!((0..5_000).all(|n| filter.has(&format!("{n}@example.com"))));
        let wrong = (5_000..25_000).filter(|n| filter.has(&format!("{n}@example.com"))).count();
        assert!(wrong < 40, "{wrong} of 20000");
    }
}
