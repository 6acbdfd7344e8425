//! How the values of a custom field look, and which type all of them fit.

use super::transform::boolean;
use crate::{FieldType, Private};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the values of a custom field look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CustomUse {
    /// Records with a value that isn't blank.
    pub values: u64,
    /// Of these, whole numbers as a computer writes them: no leading zero, at most nine digits.
    pub integers: u64,
    /// Decimal numbers with a point; whole numbers included.
    pub decimals: u64,
    /// Decimal numbers with a comma, as `1.250,50`; whole numbers included.
    pub decimal_commas: u64,
    /// Yes or no, true or false, 1 or 0.
    pub booleans: u64,
    /// Days as `2024-12-31`.
    pub dates: u64,
    /// Days as `31.12.2024`, `31/12/2024` or `31-12-2024`.
    pub day_first: u64,
    /// Days as `12/31/2024`, or the same with points or hyphens.
    pub month_first: u64,
    /// The longest value in characters.
    pub longest: u64,
    /// The distinct values, as long as they are few and short.
    pub distinct: BTreeSet<Private>,
    /// There are more distinct values than are kept.
    pub many: bool,
}

/// The form in which values are written at the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueForm {
    /// As a computer writes them.
    #[default]
    Plain,
    /// Numbers with a decimal comma.
    DecimalComma,
    /// Days with the day first.
    DayFirst,
    /// Days with the month first.
    MonthFirst,
}

/// The most distinct values that are kept of a field.
const MOST_DISTINCT: usize = 25;
/// A longer number would be rounded.
const MOST_DIGITS: usize = 15;
/// A longer value is a text of its own, not one of a list.
const LONGEST_OPTION: usize = 60;

impl CustomUse {
    /// Takes in a value.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if value.is_empty() {
            return;
        }
        let (integer, length) = (is_integer(value), value.chars().count());
        let count = |n: &mut u64, fits: bool| *n += u64::from(fits);
        self.values += 1;
        count(&mut self.integers, integer);
        count(
            &mut self.decimals,
            integer || (length <= MOST_DIGITS && is_decimal(value) && !is_padded(value)),
        );
        count(&mut self.decimal_commas, integer || (length <= MOST_DIGITS && decimal_comma(value).is_some()));
        count(&mut self.booleans, boolean(value).is_some());
        count(&mut self.dates, value.parse::<jiff::civil::Date>().is_ok() && value.len() == 10);
        count(&mut self.day_first, day(value, ValueForm::DayFirst).is_some());
        count(&mut self.month_first, day(value, ValueForm::MonthFirst).is_some());
        self.longest = self.longest.max(length as u64);
        if self.many || self.distinct.contains(&Private::from(value)) {
            return;
        }
        self.many = length > LONGEST_OPTION || self.distinct.len() >= MOST_DISTINCT;
        if self.many {
            self.distinct.clear();
        } else {
            self.distinct.insert(Private::from(value));
        }
    }

    /// The narrowest type that every value fits, and the form of the values; text when there is none, or no value at
    /// all. Days that could be read with the day or the month first are text.
    pub fn narrowest(&self) -> (FieldType, ValueForm) {
        use ValueForm::{DayFirst, DecimalComma, MonthFirst, Plain};
        match self.values {
            0 => (FieldType::Text, Plain),
            n if n == self.integers => (FieldType::Integer, Plain),
            n if n == self.decimals => (FieldType::Decimal, Plain),
            n if n == self.decimal_commas => (FieldType::Decimal, DecimalComma),
            n if n == self.booleans => (FieldType::Boolean, Plain),
            n if n == self.dates => (FieldType::Date, Plain),
            n if n == self.day_first && n != self.month_first => (FieldType::Date, DayFirst),
            n if n == self.month_first && n != self.day_first => (FieldType::Date, MonthFirst),
            _ => (FieldType::Text, Plain),
        }
    }

    /// Why it is that type, or why it is text.
    pub fn reason(&self) -> String {
        let n = self.values;
        match self.narrowest() {
            _ if n == 0 => "no value was seen".to_owned(),
            (FieldType::Text, _) if n == self.day_first => {
                format!("all of {n} values are days, but day and month can't be told apart")
            }
            (FieldType::Text, _) => {
                let near = [
                    (self.decimals.max(self.decimal_commas), "numbers"),
                    (self.dates.max(self.day_first).max(self.month_first), "days"),
                    (self.booleans, "yes or no"),
                ];
                match near.into_iter().filter(|(k, _)| k * 2 > n).max_by_key(|(k, _)| *k) {
                    Some((k, what)) => format!("only {k} of {n} values are {what}"),
                    None => format!("{n} values of no narrower type, up to {} characters", self.longest),
                }
            }
            (_, ValueForm::DecimalComma) => format!("all of {n} values are numbers with a decimal comma"),
            (_, ValueForm::DayFirst) => format!("all of {n} values are days with the day first"),
            (_, ValueForm::MonthFirst) => format!("all of {n} values are days with the month first"),
            _ => format!("all of {n} values fit"),
        }
    }
}

/// A whole number that is the same when a computer writes it again.
fn is_integer(value: &str) -> bool {
    value.len() <= 10 && value.parse::<i32>().is_ok_and(|n| n.to_string() == value)
}

/// `007`: more a name than a number.
fn is_padded(value: &str) -> bool {
    let digits = value.trim_start_matches(['-', '+']);
    digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.")
}

pub(crate) fn is_decimal(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(part)
}

/// `1.250,50` as `1250.50`. Points must part thousands.
pub(crate) fn decimal_comma(value: &str) -> Option<String> {
    let (whole, part) = value.trim().split_once(',')?;
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let groups: Vec<&str> = digits.split('.').collect();
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let thousands = groups.len() == 1
        || (groups.first().is_some_and(|g| (1..=3).contains(&g.len()))
            && groups.iter().skip(1).all(|g| g.len() == 3));
    let number = format!("{sign}{}.{part}", groups.concat());
    (thousands && groups.iter().all(|g| all_digits(g)) && all_digits(part) && !is_padded(&number))
        .then_some(number)
}

/// A day as people write it, with four digits of year.
pub(crate) fn day(value: &str, form: ValueForm) -> Option<jiff::civil::Date> {
    let value = value.trim();
    let mark = value.chars().find(|c| !c.is_ascii_digit()).filter(|c| "./-".contains(*c))?;
    let parts: Vec<&str> = value.split(mark).collect();
    let [a, b, year] = parts.as_slice() else { return None };
    let (day, month) = if form == ValueForm::MonthFirst { (b, a) } else { (a, b) };
    let short = |s: &str| (1..=2).contains(&s.len()).then(|| s.parse::<i8>().ok()).flatten();
    let year = if year.len() == 4 { year.parse::<i16>().ok()? } else { return None };
    jiff::civil::Date::new(year, short(month)?, short(day)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ValueForm::{DayFirst, DecimalComma, MonthFirst, Plain};

    fn of(values: &[&str]) -> CustomUse {
        let mut u = CustomUse::default();
        values.iter().for_each(|v| u.add(v));
        u
    }

    #[test]
    fn the_narrowest_type_is_the_one_every_value_fits() {
        for (values, wanted) in [
            (&["1", " 20 ", ""][..], (FieldType::Integer, Plain)),
            (&["1", "2.5"], (FieldType::Decimal, Plain)),
            (&["1", "2,5", "1.250,50"], (FieldType::Decimal, DecimalComma)),
            (&["yes", "No"], (FieldType::Boolean, Plain)),
            (&["2024-02-29"], (FieldType::Date, Plain)),
            (&["31.12.2024", "1.2.2024"], (FieldType::Date, DayFirst)),
            (&["12/31/2024", "1/2/2024"], (FieldType::Date, MonthFirst)),
            (&["2,5", "2.5"], (FieldType::Text, Plain)),
            (&["1/2/2024", "3/4/2024"], (FieldType::Text, Plain)),
            (&["31/12/2024", "12/31/2024"], (FieldType::Text, Plain)),
            (&["007", "12"], (FieldType::Text, Plain)),
            (&["12345678901234567890"], (FieldType::Text, Plain)),
            (&["30.2.2024"], (FieldType::Text, Plain)),
            (&["1,5", "1.25,5"], (FieldType::Text, Plain)),
            (&[], (FieldType::Text, Plain)),
        ] {
            assert_eq!(of(values).narrowest(), wanted, "{values:?}");
        }
    }

    #[test]
    fn the_reason_says_what_stood_in_the_way() {
        assert!(of(&["1/2/2024"]).reason().contains("can't be told apart"));
        assert_eq!(of(&["1", "2", "x"]).reason(), "only 2 of 3 values are numbers");
        assert!(of(&[]).reason().contains("no value"));
    }

    #[test]
    fn few_short_values_are_kept_and_many_or_long_ones_are_not() {
        assert_eq!(of(&["a", "b", "a"]).distinct.len(), 2);
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        let many = of(&many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(many.many && many.distinct.is_empty());
        assert!(of(&[&"x".repeat(61)]).many);
    }
}
