//! Working hours as office hours.

use std::collections::BTreeSet;

use super::text::Squeezed;
use super::{Court, Subject, What};
use crate::dataset::WorkingHours;
use crate::intercom::store::Schedule;

const DAY: i64 = 24 * 60;
const WEEK: i64 = 7 * DAY;
/// Minutes between two lines of the grid of office hours.
const GRID: i64 = 15;

impl Court<'_> {
    /// Each profile is there once, with its zone, its week and its free days.
    pub(super) fn compare_hours(&mut self) {
        let (ws, dataset) = (self.ws, self.source.dataset);
        self.verdict.source.office_hours = dataset.working_hours.len() as u64;
        let mut left: Vec<&Schedule> = ws.schedules.values().collect();
        for profile in &dataset.working_hours {
            let subject = Subject::alone("working_hours", profile.id);
            let named = |it: &&&Schedule| Squeezed::of_plain(&it.name) == Squeezed::of_plain(&profile.name);
            // Two profiles may share a name: each takes the one with its week.
            let likeness = |it: &Schedule| (week_of(it) == week(profile), days_of(it) == days(profile));
            let place = (0..left.len())
                .filter(|place| named(&&left[*place]))
                .max_by_key(|place| (likeness(left[*place]), std::cmp::Reverse(*place)));
            let Some(place) = place else {
                if !self.options.partial {
                    self.find(What::Lost, &subject, "", "no office hours have its name");
                }
                continue;
            };
            let it = left.remove(place);
            if let Some(zone) = &profile.zone {
                let same = it.time_zone_name == zone.trim();
                self.check(same, &subject, "time_zone", || format!("{zone} became {}", it.time_zone_name));
            }
            let (wanted, found) = (week(profile), week_of(it));
            // Office hours begin and end on a grid: what lies between its lines is made longer, and listed.
            let longer = on_grid(&wanted) == found && self.explanations.mentions(&subject, "intervals");
            self.check(wanted == found || longer, &subject, "intervals", || {
                format!("{wanted:?} became {found:?}")
            });
            let (wanted, found) = (days(profile), days_of(it));
            self.check(wanted == found, &subject, "exceptions", || format!("{wanted:?} became {found:?}"));
        }
        for it in left {
            if !self.is_new(it.created_at) {
                continue;
            }
            self.find(
                What::Doubled,
                &Subject::alone("office_hours", it.id),
                "",
                "no working hours explain it",
            );
        }
    }
}

/// Intervals of a week in minutes from Monday, those that touch or overlap as one.
fn whole(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.sort_unstable();
    let mut out: Vec<(i64, i64)> = Vec::new();
    for (from, to) in spans {
        match out.last_mut().filter(|last| from <= last.1) {
            Some(last) => last.1 = last.1.max(to),
            None => out.push((from, to)),
        }
    }
    out
}

/// As [`week`], from the last line of the grid before to the first one after.
fn on_grid(week: &[(i64, i64)]) -> Vec<(i64, i64)> {
    whole(
        week.iter()
            .map(|(from, to)| (from.div_euclid(GRID) * GRID, -(-to).div_euclid(GRID) * GRID))
            .collect(),
    )
}

fn minutes(text: &str) -> Option<i64> {
    let mut parts = text.trim().split(':').map(str::parse::<i64>);
    Some(parts.next()?.ok()? * 60 + parts.next()?.ok()?)
}

/// What the profile says; an end before the beginning is on the next day, and a minute before midnight is midnight.
fn week(profile: &WorkingHours) -> Vec<(i64, i64)> {
    let mut spans = Vec::new();
    for interval in &profile.week {
        let (Some(from), Some(to)) = (minutes(&interval.from), minutes(&interval.to)) else { continue };
        let to = if to == DAY - 1 { DAY } else { to };
        let start = i64::from(interval.day) * DAY;
        let (from, to) = (start + from, start + if to <= from { to + DAY } else { to });
        spans.push((from, to.min(WEEK)));
        if to > WEEK {
            spans.push((0, to - WEEK));
        }
    }
    whole(spans)
}

fn week_of(it: &Schedule) -> Vec<(i64, i64)> {
    whole(it.time_intervals.iter().map(|span| (span.start_minute, span.end_minute)).collect())
}

fn days(profile: &WorkingHours) -> BTreeSet<String> {
    profile.holidays.iter().map(ToString::to_string).collect()
}

/// The days on which everything is closed.
fn days_of(it: &Schedule) -> BTreeSet<String> {
    let closed = it.exceptions.iter().filter(|day| day.time_intervals.is_none());
    closed.map(|day| day.exception_date.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Interval;

    #[test]
    fn a_week_is_read_as_minutes_from_monday() {
        let of = |day, from: &str, to: &str| Interval { day, from: from.into(), to: to.into() };
        let profile = |week: Vec<Interval>| WorkingHours { week, ..WorkingHours::default() };
        let hours = vec![
            of(0, "09:00", "17:00"),
            of(6, "22:00", "06:00"),
            of(1, "12:00", "24:00"),
            of(2, "00:00", "01:00"),
        ];
        assert_eq!(week(&profile(hours)), [(0, 360), (540, 1020), (2160, 2940), (9960, 10_080)]);
        assert_eq!(week(&profile(vec![of(0, "09:00", "23:59")])), [(540, 1440)]);
        assert_eq!(on_grid(&[(541, 599), (610, 615)]), [(540, 615)]);
    }
}
