//! The generic diff: shaped draft against read-back.

use crate::{Blob, Draft, Observed, Part, Private, Refs, Value, Window};
use serde::{Deserialize, Serialize};

/// One field in which a read-back differs from what was promised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The field: `title`, `parts[3].body`, `parts[3].files`.
    pub field: String,
    /// What was promised, in canonical form.
    pub want: Private,
    /// What is there, in canonical form.
    pub have: Private,
}

/// Compares a shaped draft with what was read back, field by field.
///
/// Text is compared in the canonical form of its format, links through `refs`, lists as sets (neither order nor
/// repetition), decimals by their value, times to the second, files by name, size and — where the read knows it — hash.
///
/// Not compared: a field that the draft doesn't promise, the time of a part whose draft has none, the role of a part
/// (its author says who it is from), where a link in a text leads unless it is to another record ([`Draft::resolved`]).
/// A part that the draft doesn't promise is a
/// difference. Parts that the read could not show are left out.
pub fn diff(want: &Draft, have: &Observed, refs: &Refs) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, value) in &want.fields {
        compare(&mut found, name, canonical(value, refs), canonical(have.draft.field(name), refs));
    }
    // The parts that are shown are the newest: they are laid against the end, because a platform's count of what it
    // hides may have events in it that are no parts of ours.
    let (hidden, counted) = match have.window {
        Window::Whole => (0, 0),
        Window::Last { shown, of } => {
            (want.parts.len().saturating_sub(1).saturating_sub(shown), of.saturating_sub(shown))
        }
    };
    let seen = have.draft.parts.len();
    for (index, part) in want.parts.iter().enumerate() {
        let at = match index {
            0 => 0,
            i if i <= hidden => continue,
            i => i - hidden,
        };
        match have.draft.parts.get(at) {
            Some(read) => compare_parts(&mut found, index, part, read, refs),
            None => found.push(Difference {
                field: format!("parts[{index}]"),
                want: part.key.clone().into(),
                have: "missing".into(),
            }),
        }
    }
    // How many a platform says it hides is its word alone.
    let there = seen.saturating_add(counted);
    if there > want.parts.len() {
        let count = |n: usize| format!("{n} parts");
        compare(&mut found, "parts", count(want.parts.len()), count(there));
    }
    found
}

/// Compares one part with its read-back; for a part that only its own write's answer will ever show.
pub fn compare_part(index: usize, want: &Part, have: &Part, refs: &Refs) -> Vec<Difference> {
    let mut found = Vec::new();
    compare_parts(&mut found, index, want, have, refs);
    found
}

fn compare_parts(found: &mut Vec<Difference>, index: usize, want: &Part, have: &Part, refs: &Refs) {
    let mut field = |name: &str, want: String, have: String| {
        compare(found, &format!("parts[{index}].{name}"), want, have);
    };
    field("body", want.body.canonical(), have.body.canonical());
    // Links to records are compared where they are resolved: one that isn't there yet promises nothing.
    let links = want.body.mentions();
    if !links.is_empty() && links.iter().all(|href| crate::mention::remote_of_href(href).is_some()) {
        field("body.links", links.join(" "), have.body.mentions().join(" "));
    }
    field("author", author(want, refs), author(have, refs));
    field("visibility", format!("{:?}", want.visibility), format!("{:?}", have.visibility));
    if want.at.is_some() {
        field("at", seconds(want), seconds(have));
    }
    let hashes = have.files.iter().all(|f| !f.sha256.is_empty());
    field("files", files(&want.files, hashes), files(&have.files, hashes));
}

fn compare(found: &mut Vec<Difference>, field: &str, want: String, have: String) {
    if want != have {
        found.push(Difference { field: field.to_owned(), want: want.into(), have: have.into() });
    }
}

fn author(part: &Part, refs: &Refs) -> String {
    let link = part.author.link.as_ref();
    link.map(|l| refs.resolve(l).map_or_else(|| format!("{l:?}"), ToString::to_string)).unwrap_or_default()
}

fn seconds(part: &Part) -> String {
    part.at.map(|t| t.as_second().to_string()).unwrap_or_default()
}

fn files(files: &[Blob], hashes: bool) -> String {
    let mut names: Vec<String> = files
        .iter()
        .map(|f| format!("{} ({} bytes){}", &*f.name, f.len, if hashes { f.sha256.as_str() } else { "" }))
        .collect();
    names.sort();
    names.join(", ")
}

fn canonical(value: &Value, refs: &Refs) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) => n.to_string(),
        Value::Decimal(n) => decimal(n),
        Value::Text(s) => crate::text::canonical(crate::Format::Plain, s),
        Value::Html(s) => crate::text::canonical(crate::Format::Html, s),
        Value::Time(t) => t.as_second().to_string(),
        Value::Date(d) => d.to_string(),
        Value::Link(link) => refs.resolve(link).map_or_else(|| format!("{link:?}"), ToString::to_string),
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(|v| canonical(v, refs)).collect();
            items.sort();
            items.dedup();
            // No canonical text has a line break, so that one item with a comma is never two.
            items.join("\n")
        }
    }
}

/// A decimal without the zeros that add nothing; what isn't one stays as it is.
fn decimal(n: &str) -> String {
    let (sign, digits) = match n.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", n.strip_prefix('+').unwrap_or(n)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let only_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !only_digits(whole) || !only_digits(fraction) {
        return n.to_owned();
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{sign}{whole}"),
        ("", fraction) => format!("{sign}0.{fraction}"),
        (whole, fraction) => format!("{sign}{whole}.{fraction}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Author, Body, Role, SourceRef};

    fn thread(bodies: &[&str]) -> Draft {
        let mut draft = Draft::new("conversation", SourceRef::new("ticket", "1")).with("title", "T");
        for (i, body) in bodies.iter().enumerate() {
            let part =
                Part::new(format!("m{i}"), Role::Customer, Author::default(), None, Body::plain(*body));
            draft.parts.push(part);
        }
        draft
    }
    fn read(draft: Draft, window: Window) -> Observed {
        Observed { draft, window, version: None }
    }

    #[test]
    fn html_that_reads_the_same_is_no_difference_and_a_word_is_one() {
        let mut have = thread(&["a", "b"]);
        have.parts[1].body = Body::html("<p class=\"x\">b</p>");
        assert_eq!(diff(&thread(&["a", "b"]), &read(have.clone(), Window::Whole), &Refs::default()), []);
        have.parts[1].body = Body::html("<p>c</p>");
        let found = diff(&thread(&["a", "b"]), &read(have, Window::Whole), &Refs::default());
        assert_eq!(found.iter().map(|d| d.field.as_str()).collect::<Vec<_>>(), ["parts[1].body"]);
    }

    #[test]
    fn a_window_hides_the_middle_and_shows_opening_and_end() {
        let want = thread(&["0", "1", "2", "3", "4"]);
        let window = Window::Last { shown: 2, of: 4 };
        assert_eq!(diff(&want, &read(thread(&["0", "3", "4"]), window), &Refs::default()), []);
        let found = diff(&want, &read(thread(&["0", "3", "x"]), window), &Refs::default());
        assert_eq!(found[0].field, "parts[4].body");
    }

    #[test]
    fn what_a_window_shows_is_compared_with_the_end_whatever_the_platform_counts() {
        let want = thread(&["0", "1", "2", "3", "4"]);
        for of in [3, 4] {
            let window = Window::Last { shown: 2, of };
            assert_eq!(diff(&want, &read(thread(&["0", "3", "4"]), window), &Refs::default()), []);
        }
        let found =
            diff(&want, &read(thread(&["0", "3", "4"]), Window::Last { shown: 2, of: 5 }), &Refs::default());
        assert_eq!(found.iter().map(|d| d.field.as_str()).collect::<Vec<_>>(), ["parts"]);
    }

    #[test]
    fn a_part_too_many_and_a_part_too_few_are_differences() {
        let more = diff(&thread(&["0"]), &read(thread(&["0", "1"]), Window::Whole), &Refs::default());
        assert_eq!(more[0].field, "parts");
        let fewer = diff(&thread(&["0", "1"]), &read(thread(&["0"]), Window::Whole), &Refs::default());
        assert_eq!(fewer[0].field, "parts[1]");
    }

    fn fields_that_differ(want: Value, have: Value) -> Vec<String> {
        let draft = |value| Draft::new("contact", SourceRef::new("contact", "1")).with("f", value);
        let found = diff(&draft(want), &read(draft(have), Window::Whole), &Refs::default());
        found.into_iter().map(|d| d.field).collect()
    }

    #[test]
    fn one_item_with_a_comma_is_not_two_items() {
        let list = |items: &[&str]| Value::List(items.iter().map(|i| Value::text(*i)).collect());
        assert_eq!(fields_that_differ(list(&["a, b"]), list(&["a", "b"])), ["f"]);
        assert_eq!(fields_that_differ(list(&["b", "a"]), list(&["a", "b"])), [""; 0]);
    }

    #[test]
    fn a_decimal_is_compared_by_its_value_and_without_rounding() {
        let decimal = |n: &str| Value::Decimal(n.into());
        for (a, b) in [("1.50", "1.5"), ("1.0", "1"), ("-0.0", "0"), ("+007.10", "7.1"), ("00.5", "0.50")] {
            assert_eq!(fields_that_differ(decimal(a), decimal(b)), [""; 0], "{a} {b}");
        }
        assert_eq!(fields_that_differ(decimal("2.0"), Value::Int(2)), [""; 0]);
        for (a, b) in
            [("1.5", "1.05"), ("10", "1"), ("-1", "1"), ("0.30000000000000004", "0.3"), ("1e3", "1")]
        {
            assert_eq!(fields_that_differ(decimal(a), decimal(b)), ["f"], "{a} {b}");
        }
    }

    #[test]
    fn a_missing_part_is_a_difference_whatever_its_key() {
        let mut want = thread(&["0", "1"]);
        want.parts[1].key = "missing".into();
        let found = diff(&want, &read(thread(&["0"]), Window::Whole), &Refs::default());
        assert_eq!(found[0].field, "parts[1]");
    }

    #[test]
    fn a_platform_that_counts_absurdly_many_parts_is_a_difference_and_no_panic() {
        let window = Window::Last { shown: 0, of: usize::MAX };
        let found = diff(&thread(&["0"]), &read(thread(&["0"]), window), &Refs::default());
        assert_eq!(found[0].field, "parts");
    }
}
