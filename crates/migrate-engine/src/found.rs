//! What a source says of its own answers while it is read: values that came otherwise, records with other parts than they
//! say. Kept page by page in the ledger, so that a page which is read again counts once.

use crate::{Failure, Run, Shortfall};
use mapping_core::{Divergence, Error, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most paths, and the most records of one sort, that are kept one by one; the rest is only counted.
const MOST: usize = 1_000;
const OTHERS: &str = "…";
/// Examples of a shortfall.
const EXAMPLES: usize = 20;

/// What was found in one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Found {
    divergent: BTreeMap<Divergence, BTreeMap<String, u64>>,
    /// By sort of parts and by record: how many there should be, and how many came.
    short: BTreeMap<String, BTreeMap<String, (u64, u64)>>,
}

/// The findings up to a page, and those before it: which of them count depends on whether the page does.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    pages: u64,
    before: Found,
    now: Found,
}

/// A value that was read although it came otherwise than the source's description says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Divergent {
    /// The kind that was being read.
    pub kind: String,
    /// How it differed.
    pub how: Divergence,
    /// Where.
    pub path: String,
    /// How often.
    pub count: u64,
}

fn name(kind: &str) -> String {
    format!("extract_found_{kind}")
}

impl Found {
    /// What was found in the pages that count.
    pub(crate) fn load(run: &Run, kind: &str, pages: u64) -> Result<Found, Error> {
        let Some(text) = run.ledger().value(&name(kind))? else { return Ok(Found::default()) };
        let kept: Kept = serde_json::from_str(&text)
            .map_err(|e| Error::bug("the findings of an extract can't be read").with_source(e))?;
        Ok(if pages >= kept.pages { kept.now } else { kept.before })
    }

    /// Keeps what is found up to page number `pages`, before that page itself counts.
    pub(crate) async fn save(&self, before: &Found, run: &Run, kind: &str, pages: u64) -> Result<(), Error> {
        let kept = Kept { pages, before: before.clone(), now: self.clone() };
        let text = serde_json::to_string(&kept)
            .map_err(|e| Error::bug("the findings of an extract can't be written").with_source(e))?;
        run.ledger().set_value(&name(kind), &text).await
    }

    pub(crate) fn diverges(&mut self, how: Divergence, path: String, count: u64) {
        let paths = self.divergent.entry(how).or_default();
        let full = paths.len() >= MOST && !paths.contains_key(&path);
        *paths.entry(if full { OTHERS.to_owned() } else { path }).or_default() += count;
    }

    /// Takes what a record says of its parts. Equal numbers take back what was said of it before.
    pub(crate) fn counts(&mut self, record: &SourceRef, what: String, expected: u64, found: u64) {
        let of = self.short.entry(what.clone()).or_default();
        let record = record.to_string();
        if expected == found {
            of.remove(&record);
        } else if of.len() < MOST || of.contains_key(&record) {
            of.insert(record, (expected, found));
        } else {
            let others = of.entry(OTHERS.to_owned()).or_default();
            (others.0, others.1) = (others.0 + expected, others.1 + found);
        }
        if of.is_empty() {
            self.short.remove(&what);
        }
    }

    pub(crate) fn divergent(&self, kind: &str) -> Vec<Divergent> {
        let all =
            self.divergent.iter().flat_map(|(how, paths)| paths.iter().map(move |(path, n)| (how, path, n)));
        all.map(|(how, path, count)| Divergent {
            kind: kind.to_owned(),
            how: *how,
            path: path.clone(),
            count: *count,
        })
        .collect()
    }

    /// Sums that don't agree, one for each sort of parts.
    pub(crate) fn shortfalls(&self) -> Vec<Shortfall> {
        let one = |(what, records): (&String, &BTreeMap<String, (u64, u64)>)| {
            let named = records.keys().filter(|r| *r != OTHERS).filter_map(|r| r.split_once(':'));
            Shortfall {
                what: format!("{what}: count of the record"),
                expected: records.values().map(|(expected, _)| expected).sum(),
                found: records.values().map(|(_, found)| found).sum(),
                examples: named
                    .take(EXAMPLES)
                    .map(|(kind, id)| SourceRef::new(kind.to_owned(), id.to_owned()))
                    .collect(),
            }
        };
        self.short.iter().map(one).collect()
    }
}

impl Divergent {
    /// As a sum that doesn't agree: none should be there.
    pub(crate) fn shortfall(&self) -> Shortfall {
        let Divergent { kind, how, path, count } = self;
        let what = match how {
            Divergence::Namespace => {
                format!("{kind}: `{path}` in another namespace than the description says")
            }
            Divergence::Name => format!("{kind}: `{path}` under another name than the description says"),
            _ => format!("{kind}: {path}"),
        };
        Shortfall { what, expected: 0, found: *count, examples: Vec::new() }
    }
}

/// Everything that was found, by kind.
pub(crate) fn all(run: &Run, kinds: &[String]) -> Result<Vec<(String, Found)>, Failure> {
    let pages = run.stage().pages()?;
    let load = |kind: &String| {
        let count = pages.get(kind).map_or(0, |p| p.pages);
        Ok((kind.clone(), Found::load(run, kind, count)?))
    };
    kinds.iter().map(load).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(id: u64) -> SourceRef {
        SourceRef::new("ticket", id.to_string())
    }

    #[test]
    fn a_record_that_is_read_again_and_agrees_takes_its_shortfall_back() {
        let mut found = Found::default();
        found.counts(&ticket(1), "call legs".into(), 3, 2);
        found.counts(&ticket(2), "call legs".into(), 1, 0);
        assert_eq!((found.shortfalls()[0].expected, found.shortfalls()[0].found), (4, 2));
        found.counts(&ticket(1), "call legs".into(), 3, 3);
        assert_eq!(found.shortfalls()[0].examples, [ticket(2)]);
        found.counts(&ticket(2), "call legs".into(), 1, 1);
        assert_eq!(found.shortfalls(), []);
    }

    #[test]
    fn findings_are_kept_within_a_bound_and_none_is_lost_from_the_sum() {
        let mut found = Found::default();
        for n in 0..3_000 {
            found.counts(&ticket(n), "files".into(), 2, 1);
            found.diverges(Divergence::Name, format!("a/{n}"), 1);
        }
        let short = &found.shortfalls()[0];
        assert_eq!((short.expected, short.found, short.examples.len()), (6_000, 3_000, EXAMPLES));
        let divergent = found.divergent("ticket");
        assert_eq!((divergent.len(), divergent.iter().map(|d| d.count).sum::<u64>()), (MOST + 1, 3_000));
    }
}
