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
/// Text is compared in the canonical form of its format, links through `refs`, lists without their order, times to the
/// second, files by name, size and — where the read knows it — hash. A field that the draft doesn't promise is not
/// compared; a part it doesn't promise is a difference. Parts that the read could not show are left out.
pub fn diff(want: &Draft, have: &Observed, refs: &Refs) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, value) in &want.fields {
        compare(&mut found, name, canonical(value, refs), canonical(have.draft.field(name), refs));
    }
    let hidden = match have.window {
        Window::Whole => 0,
        Window::Last { shown, of } => of.saturating_sub(shown),
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
            None => compare(&mut found, &format!("parts[{index}]"), part.key.clone(), "missing".into()),
        }
    }
    if seen + hidden > want.parts.len() {
        let count = |n: usize| format!("{n} parts");
        compare(&mut found, "parts", count(want.parts.len()), count(seen + hidden));
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
        Value::Decimal(n) => n.clone(),
        Value::Text(s) => crate::text::canonical(crate::Format::Plain, s),
        Value::Html(s) => crate::text::canonical(crate::Format::Html, s),
        Value::Time(t) => t.as_second().to_string(),
        Value::Date(d) => d.to_string(),
        Value::Link(link) => refs.resolve(link).map_or_else(|| format!("{link:?}"), ToString::to_string),
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(|v| canonical(v, refs)).collect();
            items.sort();
            items.dedup();
            items.join(", ")
        }
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
    fn a_part_too_many_and_a_part_too_few_are_differences() {
        let more = diff(&thread(&["0"]), &read(thread(&["0", "1"]), Window::Whole), &Refs::default());
        assert_eq!(more[0].field, "parts");
        let fewer = diff(&thread(&["0", "1"]), &read(thread(&["0"]), Window::Whole), &Refs::default());
        assert_eq!(fewer[0].field, "parts[1]");
    }
}
