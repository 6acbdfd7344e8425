//! Ticket numbers that no ticket has.

use super::{LISTED, Numbers, each};
use crate::Failure;
use crate::store::Stage;
use mapping_core::model::{Record, Ticket};
use std::collections::BTreeMap;

/// The widest run of ticket numbers that is looked through.
const WIDEST_NUMBERS: u64 = 1 << 24;
/// The most ticket numbers that are looked through, of all beginnings: a byte each.
const MOST_NUMBERS: u64 = 1 << 26;

/// `INC-00017` as `INC-` and 17.
fn split(number: &str) -> Option<(&str, u64)> {
    let digits = number.len() - number.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (beginning, digits) = number.split_at(number.len() - digits);
    Some((beginning, digits.parse().ok()?))
}

/// Numbers that no ticket has, for each beginning that numbers have. At most 100 beginnings.
pub(super) fn numbers(stage: &dyn Stage) -> Result<Vec<Numbers>, Failure> {
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
    // One pass for all beginnings, within one bound of memory.
    let (mut there, mut room) = (BTreeMap::new(), MOST_NUMBERS);
    for (beginning, (from, to)) in &ranges {
        if to - from < WIDEST_NUMBERS.min(room) {
            room -= to - from + 1;
            let numbers = vec![false; usize::try_from(to - from + 1).unwrap_or(0)];
            there.insert(beginning.as_str(), (*from, numbers));
        }
    }
    each(stage, "ticket", |record| {
        if let Record::Ticket(Ticket { number: Some(number), .. }) = record
            && let Some((beginning, n)) = split(number.trim())
            && let Some((from, numbers)) = there.get_mut(beginning)
            && let Some(place) = usize::try_from(n - *from).ok().and_then(|at| numbers.get_mut(at))
        {
            *place = true;
        }
        Ok(())
    })?;
    let one = |(beginning, (from, to)): (&String, &(u64, u64))| {
        let numbers = there.get(beginning.as_str()).map(|(_, numbers)| numbers.as_slice());
        Numbers {
            from: *from,
            to: *to,
            missing: numbers.map(|n| n.iter().filter(|there| !**there).count() as u64),
            runs: numbers.map(|n| runs(n, *from)).unwrap_or_default(),
        }
    };
    Ok(ranges.iter().map(one).collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Memory, Page};

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
}
