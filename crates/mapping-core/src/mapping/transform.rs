//! Named transforms of values.

use super::Observations;
use super::path::{Leaf, nearest};
use super::phone;
use crate::{LossRule, SourceRef};
use jiff::civil::Date;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A value table: from the source's word to the destination's value, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table(pub(crate) Vec<(String, Value)>);

impl Table {
    /// The entry, whatever the case of the word.
    pub(crate) fn get(&self, word: &str) -> Option<&Value> {
        let exact = self.0.iter().find(|(k, _)| k == word);
        let folded = || self.0.iter().find(|(k, _)| k.to_lowercase() == word.trim().to_lowercase());
        exact.or_else(folded).map(|(_, v)| v)
    }
}

/// What transforms can look things up in.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) seen: &'a Observations,
    pub(crate) country: Option<&'a str>,
}

/// Something a transform did to a value that is not the same any more.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Damage {
    pub(crate) rule: LossRule,
    pub(crate) why: String,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// A transform with its argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Transform {
    Trim,
    Lower,
    Upper,
    OneLine,
    HtmlToText,
    Email,
    E164 {
        country: Option<String>,
        keep_raw: bool,
    },
    Date(Option<String>),
    Seconds,
    Number,
    DecimalComma,
    Truncate(usize),
    Prefix(String),
    Name,
    Table(Table),
    /// The minute of a time, in words that people read: `2024-01-31 10:00 UTC`.
    Minute,
    /// Weekly intervals as minutes from Monday 00:00: `540-1020`.
    WeekMinutes,
    /// The name of a time zone of the IANA database.
    Zone,
    First,
    Last,
    Rest,
    /// The values as written, without the one that this transform and `first` choose and keep as it is.
    Others(Box<Transform>),
    Join(String),
    Sum,
    Count,
}

/// Name, what the argument is, and what it does; the documentation of the format is made of the same words.
const NAMES: [&str; 26] = [
    "trim",
    "lower",
    "upper",
    "one_line",
    "html_to_text",
    "email",
    "e164",
    "e164_or_raw",
    "date",
    "seconds",
    "number",
    "decimal_comma",
    "truncate",
    "prefix",
    "name",
    "table",
    "minute",
    "week_minutes",
    "zone",
    "first",
    "last",
    "rest",
    "others",
    "join",
    "sum",
    "count",
];

impl Transform {
    /// Parses `name` or `name(argument)`. The error is a sentence.
    pub(crate) fn parse(text: &str, tables: &BTreeMap<String, Table>) -> Result<Transform, String> {
        let (name, argument) = match text.trim_start().split_once('(') {
            Some((name, rest)) => {
                let Some(argument) = rest.strip_suffix(')') else {
                    return Err(format!("`{text}` lacks a closing bracket"));
                };
                (name.trim(), Some(argument))
            }
            None => (text.trim(), None),
        };
        let country = |argument: Option<&str>| match argument {
            Some(c) if !phone::is_known(c) => Err(format!("no calling code is known for the country `{c}`")),
            other => Ok(other.map(str::to_owned)),
        };
        let needed = || argument.ok_or_else(|| format!("`{name}` needs an argument: `{name}(…)`"));
        let plain = match name {
            "e164" => return Ok(Transform::E164 { country: country(argument)?, keep_raw: false }),
            "e164_or_raw" => return Ok(Transform::E164 { country: country(argument)?, keep_raw: true }),
            "date" => return Ok(Transform::Date(argument.map(str::to_owned))),
            "join" => return Ok(Transform::Join(argument.unwrap_or(", ").to_owned())),
            "prefix" => return Ok(Transform::Prefix(needed()?.to_owned())),
            "others" => {
                let of = Transform::parse(needed()?, tables)?;
                return match of {
                    Transform::Email | Transform::E164 { .. } => Ok(Transform::Others(Box::new(of))),
                    _ => Err("`others` takes `email` or `e164`".to_owned()),
                };
            }
            "truncate" => {
                let n = needed()?.trim().parse().ok().filter(|n| *n > 0);
                return n.map(Transform::Truncate).ok_or_else(|| format!("`{text}` needs a number above 0"));
            }
            "table" => {
                let wanted = needed()?.trim();
                let Some(table) = tables.get(wanted) else {
                    return Err(unknown("table", wanted, tables.keys().map(String::as_str)));
                };
                return Ok(Transform::Table(table.clone()));
            }
            "trim" => Transform::Trim,
            "lower" => Transform::Lower,
            "upper" => Transform::Upper,
            "one_line" => Transform::OneLine,
            "html_to_text" => Transform::HtmlToText,
            "email" => Transform::Email,
            "seconds" => Transform::Seconds,
            "number" => Transform::Number,
            "decimal_comma" => Transform::DecimalComma,
            "name" => Transform::Name,
            "minute" => Transform::Minute,
            "week_minutes" => Transform::WeekMinutes,
            "zone" => Transform::Zone,
            "first" => Transform::First,
            "last" => Transform::Last,
            "rest" => Transform::Rest,
            "sum" => Transform::Sum,
            "count" => Transform::Count,
            _ => return Err(unknown("transform", name, NAMES)),
        };
        match argument {
            Some(_) => Err(format!("`{name}` takes no argument")),
            None => Ok(plain),
        }
    }

    /// Whether it takes all values together rather than each.
    pub(crate) fn reduces(&self) -> bool {
        use Transform::{Count, First, Join, Last, Others, Rest, Sum, WeekMinutes};
        matches!(self, First | Last | Rest | Others(_) | Join(_) | Sum | Count | WeekMinutes)
    }

    /// Whether it carries what `first` leaves out.
    pub(crate) fn is_rest(&self) -> bool {
        matches!(self, Transform::Rest | Transform::Others(_))
    }

    /// Applies it. What it could not keep is told to `damage`.
    pub(crate) fn apply(&self, values: Vec<Leaf>, scope: Scope<'_>, damage: &mut Vec<Damage>) -> Vec<Leaf> {
        if self.reduces() {
            return self.reduce(values, scope, damage);
        }
        values
            .into_iter()
            .filter_map(|leaf| self.each(leaf, scope, damage))
            .filter(|l| !is_blank(l))
            .collect()
    }

    /// What `others` leaves: the chosen value too, when choosing changed it.
    fn others(of: &Transform, values: Vec<Leaf>, scope: Scope<'_>) -> Vec<Leaf> {
        let mut chosen = false;
        let mut rest = Vec::new();
        for leaf in values {
            let text = leaf.as_text();
            let made = of.each(leaf.clone(), scope, &mut Vec::new()).map(|l| l.as_text());
            let same = made.as_ref().is_some_and(|m| m.eq_ignore_ascii_case(text.trim()));
            if chosen || !same {
                rest.push(leaf);
            }
            chosen |= made.is_some();
        }
        let mut seen = std::collections::BTreeSet::new();
        rest.retain(|l| seen.insert(l.as_text()));
        rest
    }

    fn reduce(&self, values: Vec<Leaf>, scope: Scope<'_>, damage: &mut Vec<Damage>) -> Vec<Leaf> {
        let mut left_out = |kept: &Leaf, others: &[Leaf], why: &str| {
            let different: Vec<String> = others.iter().filter(|o| *o != kept).map(Leaf::as_text).collect();
            if !different.is_empty() {
                let before = different.join("\n");
                damage.push(Damage {
                    rule: LossRule::Merged,
                    why: why.into(),
                    before,
                    after: kept.as_text(),
                });
            }
        };
        match (self, values.split_first(), values.split_last()) {
            (Transform::Count, _, _) => vec![Leaf { value: Value::from(values.len()), id_of: None }],
            (Transform::First, Some((first, others)), _) => {
                left_out(first, others, "only the first of several values is kept");
                vec![first.clone()]
            }
            (Transform::Last, _, Some((last, others))) => {
                left_out(last, others, "only the last of several values is kept");
                vec![last.clone()]
            }
            (Transform::Rest, Some((_, others)), _) => others.to_vec(),
            (Transform::Others(of), _, _) => Self::others(of, values, scope),
            (Transform::WeekMinutes, _, _) => super::week::minutes(&values, damage),
            (Transform::Join(between), Some(_), _) => {
                vec![Leaf::text(values.iter().map(Leaf::as_text).collect::<Vec<_>>().join(between))]
            }
            (Transform::Sum, Some(_), _) => sum(&values, damage),
            _ => Vec::new(),
        }
    }

    fn each(&self, leaf: Leaf, scope: Scope<'_>, damage: &mut Vec<Damage>) -> Option<Leaf> {
        let text = leaf.as_text();
        let mut lost = |rule, why: &str, after: &str| {
            damage.push(Damage { rule, why: why.to_owned(), before: text.clone(), after: after.to_owned() });
        };
        let out = match self {
            Transform::Trim => text.trim().to_owned(),
            Transform::Lower => text.to_lowercase(),
            Transform::Upper => text.to_uppercase(),
            Transform::OneLine => text.split_whitespace().collect::<Vec<_>>().join(" "),
            Transform::HtmlToText => crate::text::plain_of_html(&text),
            Transform::Prefix(prefix) => format!("{prefix}{text}"),
            Transform::Email => match email(&text) {
                Some(address) => address,
                None => {
                    lost(LossRule::Dropped, "not an e-mail address", "");
                    return None;
                }
            },
            Transform::E164 { country, keep_raw } => {
                match (phone::e164(&text, country.as_deref().or(scope.country)), keep_raw) {
                    (Some(number), _) => {
                        if number != text.trim() {
                            lost(LossRule::Recast, "telephone number written in E.164", &number);
                        }
                        number
                    }
                    (None, true) => text.clone(),
                    (None, false) => {
                        lost(LossRule::Dropped, "not a telephone number with a known country", "");
                        return None;
                    }
                }
            }
            Transform::Date(format) => match date(&text, format.as_deref()) {
                Some(day) => day.to_string(),
                None => {
                    lost(LossRule::Dropped, "not a date of the expected form", "");
                    return None;
                }
            },
            Transform::Seconds => match seconds(&text) {
                Some(n) => return Some(Leaf { value: Value::from(n), id_of: None }),
                None => {
                    lost(LossRule::Dropped, "not a duration", "");
                    return None;
                }
            },
            Transform::Number => text.chars().filter(|c| !c.is_whitespace() && *c != '\'').collect(),
            Transform::DecimalComma => {
                let bare: String = text.chars().filter(|c| !c.is_whitespace() && *c != '.').collect();
                bare.replace(',', ".")
            }
            Transform::Truncate(most) => match cut(&text, *most) {
                Some(short) => {
                    lost(LossRule::Cut, &format!("longer than {most} characters"), &short);
                    short
                }
                None => text.clone(),
            },
            Transform::Name => match leaf.id_of {
                Some(kind) => {
                    let named = scope.seen.name_of(&SourceRef::new(kind, text.clone()));
                    named.map(str::to_owned).filter(|n| !n.trim().is_empty()).unwrap_or_else(|| text.clone())
                }
                None => text.clone(),
            },
            Transform::Table(table) => match table.get(&text) {
                Some(value) => return Some(Leaf { value: value.clone(), id_of: None }),
                None => {
                    lost(LossRule::Dropped, "the value table has no entry for it", "");
                    return None;
                }
            },
            Transform::Minute => match text.trim().parse::<jiff::Timestamp>() {
                Ok(at) => at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
                Err(_) => text.clone(),
            },
            Transform::Zone => match super::week::is_zone(&text) {
                true => text.trim().to_owned(),
                false => {
                    lost(LossRule::Dropped, "not the name of a time zone, as `Europe/Copenhagen`", "");
                    return None;
                }
            },
            // Taken together, never each.
            _ => return Some(leaf),
        };
        Some(Leaf {
            value: Value::String(out),
            id_of: if matches!(self, Transform::Trim) { leaf.id_of } else { None },
        })
    }
}

/// The sentence for a name that doesn't exist.
pub(crate) fn unknown<'a>(what: &str, name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    match nearest(name, known) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`"),
    }
}

fn is_blank(leaf: &Leaf) -> bool {
    match &leaf.value {
        Value::Null => true,
        Value::String(s) => s.trim().is_empty(),
        Value::Object(map) => Map::is_empty(map),
        _ => false,
    }
}

fn sum(values: &[Leaf], damage: &mut Vec<Damage>) -> Vec<Leaf> {
    let mut total: i64 = 0;
    let mut any = false;
    for leaf in values {
        let n = leaf.as_text().trim().parse::<i64>().ok();
        match n.and_then(|n| total.checked_add(n)) {
            Some(sum) => {
                total = sum;
                any = true;
            }
            None => damage.push(Damage {
                rule: LossRule::Dropped,
                why: "not a whole number that can be added".into(),
                before: leaf.as_text(),
                after: String::new(),
            }),
        }
    }
    if any { vec![Leaf { value: Value::from(total), id_of: None }] } else { Vec::new() }
}

/// The text cut to `most` characters; `None` when it is short enough.
pub(crate) fn cut(text: &str, most: usize) -> Option<String> {
    let (at, _) = text.char_indices().nth(most)?;
    text.get(..at).map(str::to_owned)
}

/// Yes or no, as people write it.
pub(crate) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "on" => Some(true),
        "false" | "no" | "n" | "0" | "off" => Some(false),
        _ => None,
    }
}

/// The address in lower case when it has the form of one: `name@host.tld`, also inside `Name <…>`.
pub(crate) fn email(text: &str) -> Option<String> {
    let inside = match (text.rfind('<'), text.trim_end().strip_suffix('>')) {
        (Some(open), Some(before)) => before.get(open + 1..)?,
        _ => text,
    };
    let address = inside.trim().trim_start_matches("mailto:").to_lowercase();
    let (local, host) = address.rsplit_once('@')?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "<>()[],;:\\\"@".contains(c);
    let labels = || host.split('.');
    let good = !local.is_empty()
        && !local.contains(bad)
        && !host.contains(bad)
        && labels().count() >= 2
        && labels().all(|l| !l.is_empty() && !l.starts_with('-') && !l.ends_with('-'))
        && address.len() <= 254;
    good.then_some(address)
}

fn date(text: &str, format: Option<&str>) -> Option<Date> {
    let text = text.trim();
    match format {
        Some(format) => Date::strptime(format, text).ok(),
        None => text.parse().ok(),
    }
}

/// Seconds of `90`, `1:30` or `0:01:30`.
fn seconds(text: &str) -> Option<i64> {
    let mut total: i64 = 0;
    let mut fields = 0;
    for field in text.trim().split(':') {
        let n: u32 = field.trim().parse().ok()?;
        total = total.checked_mul(60)?.checked_add(i64::from(n))?;
        fields += 1;
    }
    (fields <= 3).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(transforms: &[&str], values: &[&str]) -> (Vec<String>, Vec<Damage>) {
        let seen = Observations::default();
        let scope = Scope { seen: &seen, country: Some("DK") };
        let mut damage = Vec::new();
        let mut leaves: Vec<Leaf> = values.iter().map(|v| Leaf::text(*v)).collect();
        for t in transforms {
            leaves = Transform::parse(t, &BTreeMap::new()).unwrap().apply(leaves, scope, &mut damage);
        }
        (leaves.iter().map(Leaf::as_text).collect(), damage)
    }

    #[test]
    fn addresses_are_taken_only_when_they_have_the_form_of_one() {
        for (raw, want) in [
            (" Ada@Example.COM ", Some("ada@example.com")),
            ("Ada <ada@example.com>", Some("ada@example.com")),
            ("ada@localhost", None),
            ("ada@@example.com", None),
            ("a b@example.com", None),
            ("@example.com", None),
            ("ada@example..com", None),
            ("ada@-x.com", None),
            ("", None),
            (">@<", None),
        ] {
            assert_eq!(email(raw).as_deref(), want, "{raw}");
        }
    }

    #[test]
    fn what_a_transform_leaves_out_is_told() {
        let (values, damage) = run(&["email", "first"], &["nonsense", "a@b.de", "c@d.de"]);
        assert_eq!(values, ["a@b.de"]);
        assert_eq!(damage.iter().map(|d| d.rule).collect::<Vec<_>>(), [LossRule::Dropped, LossRule::Merged]);
        assert_eq!(damage[1].before, "c@d.de");
    }

    #[test]
    fn a_failed_number_is_dropped_or_kept_raw_as_asked() {
        let (values, damage) = run(&["e164"], &["12 34 56 78", "call me"]);
        assert_eq!(values, ["+4512345678"]);
        assert_eq!(damage.len(), 2);
        assert_eq!(run(&["e164_or_raw"], &["call me"]).0, ["call me"]);
    }

    #[test]
    fn numbers_dates_and_durations_in_other_spellings() {
        assert_eq!(run(&["decimal_comma"], &["1.234,50"]).0, ["1234.50"]);
        assert_eq!(run(&["date(%d.%m.%Y)"], &["31.12.2023"]).0, ["2023-12-31"]);
        assert_eq!(run(&["date(%d.%m.%Y)"], &["12/31/2023"]).1.len(), 1);
        assert_eq!(run(&["seconds", "sum"], &["1:30", "10"]).0, ["100"]);
        assert_eq!(run(&["truncate(2)"], &["äöü"]).0, ["äö"]);
        assert_eq!(run(&["rest", "join( + )"], &["a", "b", "c"]).0, ["b + c"]);
    }

    #[test]
    fn unknown_transforms_are_refused_with_the_nearest_one() {
        let of = |t: &str| Transform::parse(t, &BTreeMap::new()).unwrap_err();
        assert_eq!(of("trimm"), "there is no transform `trimm`; did you mean `trim`?");
        assert!(of("truncate").contains("needs an argument"));
        assert!(of("truncate(0)").contains("above 0"));
        assert!(of("lower(x)").contains("takes no argument"));
        assert!(of("join(").contains("closing bracket"));
        assert!(of("e164(XX)").contains("`XX`"));
    }
}
