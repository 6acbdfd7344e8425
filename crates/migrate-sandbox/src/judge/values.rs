//! Whether an attribute holds a value of the source, whichever type either has.

use serde_json::Value;

use super::text::Squeezed;
use crate::intercom::store::Attributes;

/// A value as the source holds it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// All of the text.
    Text(&'a str),
    /// A text that may stand among others.
    Within(&'a str),
    /// A whole number.
    Number(u64),
}

impl Wanted<'_> {
    /// Whether one of the attributes holds it; `named`: that one alone.
    pub(super) fn is_in(self, attributes: &Attributes, named: Option<&str>, except: &[&str]) -> bool {
        let may = |name: &str| named.map_or(!except.contains(&name), |named| named == name);
        attributes.iter().any(|(name, value)| may(name) && self.is(value))
    }

    fn is(self, value: &Value) -> bool {
        match (self, value) {
            (Wanted::Text(text), Value::Bool(held)) => truth(text) == Some(*held),
            (Wanted::Text(text), Value::Number(held)) => {
                let equal = number(text).zip(held.as_f64()).is_some_and(|(a, b)| (a - b).abs() < 1e-9);
                equal || held.as_i64().is_some_and(|held| moment(text) == Some(held))
            }
            (Wanted::Text(text), Value::String(held)) => Squeezed::of_plain(text) == Squeezed::of_plain(held),
            (Wanted::Within(text), Value::String(held)) => Squeezed::of_plain(held).contains(text),
            (Wanted::Number(wanted), Value::Number(held)) => held.as_u64() == Some(wanted),
            (Wanted::Number(wanted), Value::String(held)) => held.trim().parse() == Ok(wanted),
            _ => false,
        }
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "1" | "ja" => Some(true),
        "false" | "no" | "0" | "nein" | "nej" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().or_else(|_| text.trim().replace(',', ".").parse()).ok()
}

/// A time, or midnight of a day.
fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    let day = || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok();
    let time = text.parse::<jiff::Timestamp>().ok();
    time.or_else(|| Some(day()?.timestamp())).map(|at| at.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_value_is_found_in_the_type_of_the_attribute_and_no_other_value_is() {
        let is = |text: &str, value: Value| Wanted::Text(text).is(&value);
        assert!(is("12,5", json!(12.5)) && is("00012", json!(12)) && is("00012", json!("00012")));
        assert!(!is("00012", json!("12")) && !is("12", json!(13)) && !is("x", json!(0)));
        assert!(is("Yes", json!(true)) && !is("Yes", json!(false)) && !is("maybe", json!(false)));
        assert!(is("2026-01-02", json!(1_767_312_000)) && !is("2026-01-03", json!(1_767_312_000)));
        assert!(Wanted::Within("b c").is(&json!("a; b c; d")) && !Wanted::Within("b c").is(&json!("b")));
        assert!(Wanted::Number(90).is(&json!(90)) && Wanted::Number(90).is(&json!("90")));
        assert!(!Wanted::Number(90).is(&json!(91)));
    }
}
