//! How many tickets a plan holds, by month, by channel and by queue: one pass over its rows, bounded by distinct names.

use crate::store::PlanRow;
use crate::{Failure, Run};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping_core::model::Record;
use std::collections::BTreeMap;

/// The most months, channels or queues that are told apart.
const NAMES: usize = 2_000;
/// Where the rest is counted.
const OTHER: &str = "other";
/// The most columns that a phone can show.
const COLUMNS: usize = 48;

/// Tickets of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) tickets: u64,
    /// Without a usable date of creation.
    pub(super) undated: u64,
    /// By the first day of their month.
    months: BTreeMap<Date, u64>,
    channels: BTreeMap<String, u64>,
    queues: BTreeMap<String, u64>,
}

impl Volume {
    /// Reads the rows of the plan; memory stays flat.
    pub(super) fn of(run: &Run) -> Result<Volume, Failure> {
        let mut volume = Volume::default();
        let mut after = 0;
        loop {
            let rows = run.ledger().plan_rows(after, 500)?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            rows.iter().for_each(|(_, row)| volume.add(row));
        }
        volume.queues = named(run, std::mem::take(&mut volume.queues))?;
        Ok(volume)
    }

    fn add(&mut self, row: &PlanRow) {
        // Only tickets have traits.
        if row.strata.is_empty() {
            return;
        }
        self.tickets += 1;
        match row.at.map(|at| at.to_zoned(TimeZone::UTC).date().first_of_month()) {
            Some(month) if self.months.len() < NAMES || self.months.contains_key(&month) => {
                *self.months.entry(month).or_default() += 1;
            }
            _ => self.undated += 1,
        }
        let of = |name: &str| row.strata.iter().find_map(|s| s.strip_prefix(name)?.strip_prefix('='));
        add(&mut self.channels, of("channel").unwrap_or("none"));
        add(&mut self.queues, of("queue").unwrap_or("none"));
    }

    /// By month, quarter or year, whichever leaves few enough columns, with the gaps; and the unit's name.
    pub(super) fn over_time(&self) -> (&'static str, Vec<(String, u64)>) {
        let (Some((first, _)), Some((last, _))) =
            (self.months.first_key_value(), self.months.last_key_value())
        else {
            return ("month", Vec::new());
        };
        let month = |d: &Date| i32::from(d.year()) * 12 + i32::from(d.month()) - 1;
        let span = usize::try_from(month(last) - month(first)).unwrap_or(0) + 1;
        let (unit, length) = match span {
            0..=COLUMNS => ("month", 1),
            _ if span.div_ceil(3) < COLUMNS => ("quarter", 3),
            _ => ("year", 12),
        };
        let bucket = |d: &Date| month(d).div_euclid(length);
        // The newest columns; what is older than they reach is in the first.
        let end = bucket(last);
        let start = bucket(first).max(end - COLUMNS as i32 + 1);
        let mut columns: Vec<(String, u64)> = (start..=end).map(|b| (label(b, length), 0)).collect();
        for (day, n) in &self.months {
            let at = usize::try_from(bucket(day).max(start) - start).unwrap_or(0);
            if let Some(column) = columns.get_mut(at) {
                column.1 += n;
            }
        }
        if bucket(first) < start
            && let Some(column) = columns.first_mut()
        {
            column.0 = format!("{} and before", column.0);
        }
        (unit, columns)
    }
    /// Month by month, only those with tickets.
    pub(super) fn months(&self) -> impl Iterator<Item = (String, u64)> + '_ {
        self.months.iter().map(|(d, n)| (d.strftime("%Y-%m").to_string(), *n))
    }
    pub(super) fn channels(&self) -> Vec<(String, u64)> {
        largest(&self.channels)
    }
    pub(super) fn queues(&self) -> Vec<(String, u64)> {
        largest(&self.queues)
    }
}

fn label(bucket: i32, length: i32) -> String {
    let (year, month) = ((bucket * length).div_euclid(12), (bucket * length).rem_euclid(12));
    match length {
        1 => format!("{year:04}-{:02}", month + 1),
        3 => format!("{year:04} Q{}", month / 3 + 1),
        _ => format!("{year:04}"),
    }
}

fn add(counts: &mut BTreeMap<String, u64>, name: &str) {
    let name = if counts.len() < NAMES || counts.contains_key(name) { name } else { OTHER };
    *counts.entry(name.to_owned()).or_default() += 1;
}

/// The largest first, at most a dozen and the rest.
fn largest(counts: &BTreeMap<String, u64>) -> Vec<(String, u64)> {
    const SHOWN: usize = 12;
    let mut rows: Vec<(String, u64)> = counts.iter().map(|(name, n)| (name.clone(), *n)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if rows.len() > SHOWN {
        let rest = rows.split_off(SHOWN);
        rows.push((format!("{} more", rest.len()), rest.iter().map(|(_, n)| n).sum()));
    }
    rows
}

/// Queues by their names; two of one name stay apart.
fn named(run: &Run, counts: BTreeMap<String, u64>) -> Result<BTreeMap<String, u64>, Failure> {
    let mut names: BTreeMap<String, u64> = BTreeMap::new();
    for (id, n) in counts {
        let record = run.stage().record(&mapping_core::SourceRef::new("queue", id.clone()))?;
        let name = match (record, id.as_str()) {
            (Some(Record::Queue(queue)), _) if names.contains_key(&queue.name) => {
                format!("{} ({id})", queue.name)
            }
            (Some(Record::Queue(queue)), _) => queue.name,
            (_, "none") => "no queue".to_owned(),
            (_, OTHER) => OTHER.to_owned(),
            _ => format!("queue {id}"),
        };
        *names.entry(name).or_default() += n;
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(months: &[(&str, u64)]) -> Volume {
        let months = months.iter().map(|(m, n)| (format!("{m}-01").parse().unwrap(), *n)).collect();
        Volume { months, ..Volume::default() }
    }

    #[test]
    fn gaps_are_shown_and_long_times_are_put_together() {
        let (unit, columns) = over(&[("2024-01", 3), ("2024-04", 1)]).over_time();
        let counts: Vec<u64> = columns.iter().map(|c| c.1).collect();
        assert_eq!((unit, counts), ("month", vec![3, 0, 0, 1]));
        let (unit, columns) = over(&[("2015-01", 3), ("2024-04", 1)]).over_time();
        assert_eq!((unit, columns[0].0.as_str(), columns.len()), ("quarter", "2015 Q1", 38));
        let (unit, columns) = over(&[("1970-01", 2), ("2024-04", 1)]).over_time();
        assert_eq!((unit, columns.len(), columns[0].1), ("year", COLUMNS, 2));
        assert_eq!(columns[0].0, "1977 and before");
        assert_eq!(over(&[]).over_time().1.len(), 0);
    }
}
