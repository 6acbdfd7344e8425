//! What is missing at the source itself: days without mail, replies to nothing, numbers that no ticket has, broken text.

mod days;
mod filter;
mod numbers;
mod text;

use crate::store::Stage;
use crate::{Failure, Run};
use days::{Boxes, Calendar};
use filter::Filter;
use jiff::civil::Date;
use mapping_core::SourceRef;
use mapping_core::model::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records that are held at a time.
const PAGE: usize = 500;
/// Examples and runs that are listed; the counts are whole.
const LISTED: usize = 100;
/// The most lines for the extract's report.
const LINES: usize = 20;

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
    gaps.missing_numbers = numbers::numbers(stage)?;
    for kind in ["ticket", "message", "chat_line", "contact", "kb_article", "standard_response"] {
        let mut broken = BrokenText::default();
        each(stage, kind, |record| {
            let (replaced, misread) = text::flaws(record);
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

/// A message id without its brackets.
fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}
