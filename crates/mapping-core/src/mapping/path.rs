//! Paths into records: parsed against what the record type has, evaluated over its JSON form.

use super::schema::{Shape, paths};
use serde_json::Value;

/// A value found at a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Leaf {
    pub(crate) value: Value,
    /// The kind of record that the value is the id of.
    pub(crate) id_of: Option<&'static str>,
}

impl Leaf {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Leaf { value: Value::String(text.into()), id_of: None }
    }
    /// The value as text.
    pub(crate) fn as_text(&self) -> String {
        text_of(&self.value)
    }
}

/// A JSON value as text, without the quotes of a string.
pub(crate) fn text_of(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        other => other.to_string(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A path that is known to exist in its record type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Path {
    pub(crate) text: String,
    pub(crate) shape: Shape,
    steps: Vec<Step>,
}

impl Path {
    /// Parses a path below `root`. The error is a sentence that names the nearest path there is.
    pub(crate) fn parse(text: &str, root: Shape) -> Result<Path, String> {
        let mut shape = root;
        let mut steps = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            if let Shape::Open = shape {
                steps.push(Step::Key(rest.to_owned()));
                return Ok(Path { text: text.to_owned(), shape: Shape::Text, steps });
            }
            let (name, after) = rest.split_once('.').unwrap_or((rest, ""));
            let mut indexed = false;
            while let (Shape::List(inner), false) = (shape, indexed) {
                shape = *inner;
                if let Ok(index) = name.parse() {
                    steps.push(Step::Index(index));
                    indexed = true;
                }
            }
            if !indexed {
                let Shape::Object(fields) = shape else { return Err(unknown(text, root)) };
                let Some((_, inner)) = fields.iter().find(|(n, _)| *n == name) else {
                    return Err(unknown(text, root));
                };
                shape = *inner;
                steps.push(Step::Key(name.to_owned()));
            }
            rest = after;
        }
        if steps.is_empty() {
            return Err(unknown(text, root));
        }
        Ok(Path { text: text.to_owned(), shape, steps })
    }

    /// The first name of the path: which part of a thread it needs.
    pub(crate) fn head(&self) -> &str {
        match self.steps.first() {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }

    /// What a leaf of the path is, lists looked through. `None` when the path ends at an object.
    pub(crate) fn leaf(&self) -> Option<Shape> {
        let mut shape = self.shape;
        while let Shape::List(inner) = shape {
            shape = *inner;
        }
        (!matches!(shape, Shape::Object(_))).then_some(shape)
    }

    /// Every value at the path, in order; blank text and `null` are no values.
    pub(crate) fn find(&self, record: &Value) -> Vec<Leaf> {
        let id_of = match self.leaf() {
            Some(Shape::Id(kind)) => Some(kind),
            _ => None,
        };
        let mut found = Vec::new();
        walk(record, &self.steps, &mut |value| {
            found.push(Leaf { value: value.clone(), id_of });
        });
        found
    }
}

fn walk(at: &Value, steps: &[Step], found: &mut impl FnMut(&Value)) {
    match (at, steps) {
        (Value::Array(items), [Step::Index(i), rest @ ..]) => {
            if let Some(item) = items.get(*i) {
                walk(item, rest, found);
            }
        }
        (Value::Array(items), _) => items.iter().for_each(|item| walk(item, steps, found)),
        (Value::Object(map), [Step::Key(key), rest @ ..]) => {
            if let Some(value) = map.get(key) {
                walk(value, rest, found);
            }
        }
        (Value::Null, _) => {}
        (Value::String(s), []) if s.trim().is_empty() => {}
        (Value::Object(map), []) if map.is_empty() => {}
        (leaf, []) => found(leaf),
        _ => {}
    }
}

fn unknown(text: &str, root: Shape) -> String {
    let all = paths(root);
    match nearest(text, all.iter().map(String::as_str)) {
        Some(near) => format!("no record has the path `{text}`; the nearest is `{near}`"),
        None => format!("no record has the path `{text}`"),
    }
}

/// The candidate most like `word`, if any is like it at all.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut best: Option<(f64, &str)> = None;
    for candidate in candidates {
        let score = strsim::normalized_damerau_levenshtein(word, candidate);
        if best.is_none_or(|(most, _)| score > most) {
            best = Some((score, candidate));
        }
    }
    best.filter(|(score, _)| *score >= 0.4).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::super::schema::root;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_goes_through_lists_by_itself_and_by_index() {
        let thread = root("ticket").unwrap();
        let record = json!({"ticket": {"custom": {"Order No.": "7"}}, "calls": [{"note": "a"}, {"note": " "}, {"note": "b"}]});
        let values = |p: &str| {
            Path::parse(p, thread).unwrap().find(&record).iter().map(Leaf::as_text).collect::<Vec<_>>()
        };
        assert_eq!(values("calls.note"), ["a", "b"]);
        assert_eq!(values("calls.2.note"), ["b"]);
        assert_eq!(values("calls.9.note"), [""; 0]);
        assert_eq!(values("ticket.custom.Order No."), ["7"]);
        assert_eq!(values("ticket.subject"), [""; 0]);
    }

    #[test]
    fn an_unknown_path_is_refused_with_the_nearest_one() {
        let thread = root("ticket").unwrap();
        let of = |p: &str| Path::parse(p, thread).unwrap_err();
        assert_eq!(
            of("ticket.prioritty"),
            "no record has the path `ticket.prioritty`; the nearest is `ticket.priority`"
        );
        assert!(of("ticket.status.x").contains("`ticket.status`"));
        assert!(Path::parse("", thread).is_err());
        assert!(Path::parse("calls.0", thread).unwrap().leaf().is_none());
    }
}
