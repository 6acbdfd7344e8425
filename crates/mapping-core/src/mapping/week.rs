//! Weekly hours as minutes from Monday 00:00, and names of time zones.

use super::path::Leaf;
use super::transform::Damage;
use crate::LossRule;
use crate::model::WeeklyInterval;

const DAY: u32 = 24 * 60;
const WEEK: u32 = 7 * DAY;

/// `540-1020` for every interval, in order, those that overlap or touch as one. One that ends at or before its
/// beginning ends on the next day; one beyond Sunday goes on on Monday.
pub(crate) fn minutes(values: &[Leaf], damage: &mut Vec<Damage>) -> Vec<Leaf> {
    let mut spans: Vec<(u32, u32)> = Vec::new();
    for leaf in values {
        match serde_json::from_value::<WeeklyInterval>(leaf.value.clone()).ok().and_then(|i| span(&i)) {
            Some((from, to, whole_minutes)) => {
                if !whole_minutes {
                    let why = "seconds of working hours are left out".to_owned();
                    let (before, after) = (leaf.as_text(), format!("{from}-{to}"));
                    damage.push(Damage { rule: LossRule::Cut, why, before, after });
                }
                spans.push((from, to.min(WEEK)));
                if to > WEEK {
                    spans.push((0, to - WEEK));
                }
            }
            None => damage.push(Damage {
                rule: LossRule::Dropped,
                why: "not an interval of a week".to_owned(),
                before: leaf.as_text(),
                after: String::new(),
            }),
        }
    }
    spans.sort_unstable();
    let mut whole: Vec<(u32, u32)> = Vec::new();
    for (from, to) in spans {
        match whole.last_mut().filter(|last| from <= last.1) {
            Some(last) => {
                if from < last.1 {
                    damage.push(Damage {
                        rule: LossRule::Merged,
                        why: "intervals that overlap become one".to_owned(),
                        before: format!("{}-{}, {from}-{to}", last.0, last.1),
                        after: format!("{}-{}", last.0, last.1.max(to)),
                    });
                }
                last.1 = last.1.max(to);
            }
            None => whole.push((from, to)),
        }
    }
    whole.iter().map(|(from, to)| Leaf::text(format!("{from}-{to}"))).collect()
}

/// Begin and end in minutes from Monday 00:00, the end perhaps beyond Sunday, and whether both are whole minutes.
fn span(interval: &WeeklyInterval) -> Option<(u32, u32, bool)> {
    let day = (1..=7).contains(&interval.weekday).then(|| u32::from(interval.weekday - 1) * DAY)?;
    let of =
        |t: jiff::civil::Time| u32::from(t.hour().unsigned_abs()) * 60 + u32::from(t.minute().unsigned_abs());
    let (from, mut to) = (of(interval.from), of(interval.to));
    let last_minute = interval.to.hour() == 23 && interval.to.minute() == 59;
    if last_minute || to <= from {
        // Until midnight, or into the next day.
        to = if last_minute { DAY } else { to + DAY };
    }
    let whole = interval.from.second() == 0 && (interval.to.second() == 0 || last_minute);
    Some((day + from, day + to, whole))
}

/// Whether a text has the form of a zone's name in the IANA database. Whether it exists is for who knows the database.
pub(crate) fn is_zone(text: &str) -> bool {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+-/".contains(c);
    text == "UTC"
        || (text.contains('/') && text.len() <= 64 && text.chars().all(plain) && !text.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn run(week: &[(u8, &str, &str)]) -> (Vec<String>, Vec<LossRule>) {
        let leaf = |(day, from, to): &(u8, &str, &str)| Leaf {
            value: json!({"weekday": day, "from": from, "to": to}),
            id_of: None,
        };
        let mut damage = Vec::new();
        let found = minutes(&week.iter().map(leaf).collect::<Vec<_>>(), &mut damage);
        (found.iter().map(Leaf::as_text).collect(), damage.into_iter().map(|d| d.rule).collect())
    }

    #[test]
    fn intervals_are_minutes_from_monday_and_midnight_is_the_days_end() {
        let (spans, lost) =
            run(&[(2, "09:00:00", "12:30:00"), (1, "09:00:00", "17:00:00"), (7, "22:00:00", "00:00:00")]);
        assert_eq!(spans, ["540-1020", "1980-2190", "9960-10080"]);
        assert_eq!(lost, []);
        assert_eq!(run(&[(1, "00:00:00", "23:59:00")]).0, ["0-1440"]);
        assert_eq!(run(&[(1, "00:00:00", "00:00:00")]).0, ["0-1440"]);
    }

    #[test]
    fn a_night_goes_into_the_next_day_and_from_sunday_to_monday() {
        assert_eq!(run(&[(1, "22:00:00", "06:00:00")]).0, ["1320-1800"]);
        assert_eq!(run(&[(7, "22:00:00", "06:00:00")]).0, ["0-360", "9960-10080"]);
    }

    #[test]
    fn overlaps_become_one_and_are_told_and_neighbours_become_one() {
        let (spans, lost) =
            run(&[(1, "09:00:00", "12:00:00"), (1, "11:00:00", "13:00:00"), (1, "13:00:00", "14:00:00")]);
        assert_eq!(spans, ["540-840"]);
        assert_eq!(lost, [LossRule::Merged]);
    }

    #[test]
    fn what_is_no_day_of_a_week_is_told() {
        let (spans, lost) = run(&[(8, "09:00:00", "12:00:00"), (0, "09:00:00", "12:00:00")]);
        assert_eq!((spans.len(), lost.len()), (0, 2));
    }

    #[test]
    fn names_of_zones_have_a_form() {
        assert!(is_zone("Europe/Copenhagen") && is_zone("UTC") && is_zone("America/Argentina/Buenos_Aires"));
        assert!(!is_zone("CET") && !is_zone("+01:00") && !is_zone("") && !is_zone("a b/c"));
    }
}
