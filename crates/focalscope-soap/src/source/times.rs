//! From the texts of times to moments.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

/// What a text of a time turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A moment, from a text with an offset.
    Exact(Timestamp),
    /// A moment, from a text without one, in the profile's zone.
    Bare(Timestamp),
    /// A text that means "none".
    Absent,
    /// No time.
    Unreadable,
}

/// Reads a time. Fractions of any length are taken, to the nanosecond; `24:00:00` is the next day's midnight; a day
/// alone is its first moment. A time that a change of the clocks skips or repeats is taken as RFC 5545 says: the later
/// one of a gap, the earlier one of an overlap.
pub(crate) fn read(text: &str, zone: &TimeZone, no_date: &[String]) -> Read {
    let text = text.trim();
    if text.is_empty() || no_date.iter().any(|sentinel| text.starts_with(sentinel.as_str())) {
        return Read::Absent;
    }
    let short = shorten(text);
    let (base, day_later) = match short.find("24:00:00") {
        Some(at) if at == 11 => (format!("{}00:00:00{}", &short[..at], &short[at + 8..]), true),
        _ => (short, false),
    };
    if let Ok(moment) = base.parse::<Timestamp>() {
        let day = if day_later { Span::new().hours(24) } else { Span::new() };
        return Read::Exact(moment.checked_add(day).unwrap_or(moment));
    }
    // An offset that the above could not read must not be taken for a bare time.
    let has_offset = base.get(10..).is_some_and(|rest| rest.contains(['Z', 'z', '+']) || rest.contains('-'));
    let civil = if has_offset {
        None
    } else {
        base.parse::<DateTime>().ok().or_else(|| base.parse::<Date>().ok().map(|d| d.at(0, 0, 0, 0)))
    };
    // The day that ends may have 23 hours, or 25.
    let civil = civil.and_then(|c| if day_later { c.tomorrow().ok() } else { Some(c) });
    match civil.and_then(|c| c.to_zoned(zone.clone()).ok()) {
        Some(zoned) => Read::Bare(zoned.timestamp()),
        None => Read::Unreadable,
    }
}

/// Cuts a fraction to nine digits.
fn shorten(text: &str) -> String {
    let Some(dot) = text.find('.') else { return text.to_owned() };
    let digits = text[dot + 1..].bytes().take_while(u8::is_ascii_digit).count();
    let keep = digits.min(9);
    format!("{}{}", &text[..dot + 1 + keep], &text[dot + 1 + digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone() -> TimeZone {
        TimeZone::get("Europe/Copenhagen").unwrap()
    }

    fn at(text: &str) -> Read {
        read(text, &zone(), &["0001-01-01".to_owned(), "9999-12-31".to_owned()])
    }

    fn utc(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_time_with_an_offset_is_exact_and_one_without_is_the_zones() {
        assert_eq!(at("2024-01-05T08:04:00.1234567Z"), Read::Exact(utc("2024-01-05T08:04:00.1234567Z")));
        assert_eq!(at("2024-07-05T10:00:00+02:00"), Read::Exact(utc("2024-07-05T08:00:00Z")));
        assert_eq!(at("2024-01-05T08:04:00"), Read::Bare(utc("2024-01-05T07:04:00Z")));
        assert_eq!(at("2024-07-05T08:04:00.5"), Read::Bare(utc("2024-07-05T06:04:00.5Z")));
        assert_eq!(at("2024-07-05"), Read::Bare(utc("2024-07-04T22:00:00Z")));
    }

    #[test]
    fn midnight_at_the_end_of_a_day_is_the_next_days() {
        assert_eq!(at("2024-01-05T24:00:00"), Read::Bare(utc("2024-01-05T23:00:00Z")));
        assert_eq!(at("2024-01-05T24:00:00Z"), Read::Exact(utc("2024-01-06T00:00:00Z")));
        // Days of 23 and of 25 hours.
        assert_eq!(at("2024-03-31T24:00:00"), Read::Bare(utc("2024-03-31T22:00:00Z")));
        assert_eq!(at("2024-10-27T24:00:00"), Read::Bare(utc("2024-10-27T23:00:00Z")));
    }

    #[test]
    fn sentinels_are_absent_and_nonsense_is_unreadable() {
        assert_eq!(at("0001-01-01T00:00:00"), Read::Absent);
        assert_eq!(at("9999-12-31T23:59:59.9999999"), Read::Absent);
        assert_eq!(at("05/01/2024 08:04"), Read::Unreadable);
        assert_eq!(at("2024-01-05T08:04:00+99:99"), Read::Unreadable);
        assert_eq!(
            at("2024-01-05T08:04:00.12345678901234Z"),
            Read::Exact(utc("2024-01-05T08:04:00.123456789Z"))
        );
    }

    #[test]
    fn an_hour_that_the_clocks_skip_is_read_as_the_later_one() {
        assert_eq!(at("2024-03-31T02:30:00"), Read::Bare(utc("2024-03-31T01:30:00Z")));
    }
}
