//! Lines of text with places for values: `Duration: {duration_seconds} s`.

use super::path::{Leaf, Path};
use super::schema::Shape;
use super::transform::{Damage, Scope, Table, Transform};
use serde_json::Value;
use std::collections::BTreeMap;

/// A line. It is left out when it has places and all of them are empty.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Words(String),
    /// The first path that has a value, then transforms.
    Place(Vec<Path>, Vec<Transform>),
}

impl Line {
    /// Parses a line: `{path}`, `{path,other path}`, `{path|transform|…}`; `{{` and `}}` are braces.
    pub(crate) fn parse(text: &str, root: Shape, tables: &BTreeMap<String, Table>) -> Result<Line, String> {
        let mut pieces = Vec::new();
        let mut words = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from) = rest.split_at(at);
            words.push_str(before);
            if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
                words.push_str(&from[..1]);
                rest = after;
                continue;
            }
            let Some((place, after)) = from.strip_prefix('{').and_then(|f| f.split_once('}')) else {
                return Err(format!("a brace in `{text}` has no other half; write `{{{{` for a brace"));
            };
            if !words.is_empty() {
                pieces.push(Piece::Words(std::mem::take(&mut words)));
            }
            pieces.push(place_of(place, root, tables)?);
            rest = after;
        }
        words.push_str(rest);
        if !words.is_empty() {
            pieces.push(Piece::Words(words));
        }
        Ok(Line(pieces))
    }

    /// Every path it reads.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().flat_map(|piece| match piece {
            Piece::Place(paths, _) => paths.as_slice(),
            Piece::Words(_) => &[],
        })
    }

    /// The line for a record.
    pub(crate) fn fill(&self, record: &Value, scope: Scope<'_>, damage: &mut Vec<Damage>) -> Option<String> {
        let mut out = String::new();
        let (mut places, mut filled) = (0, 0);
        for piece in &self.0 {
            match piece {
                Piece::Words(words) => out.push_str(words),
                Piece::Place(paths, transforms) => {
                    places += 1;
                    let found =
                        paths.iter().map(|p| p.find(record)).find(|v| !v.is_empty()).unwrap_or_default();
                    let values = transforms.iter().fold(found, |v, t| t.apply(v, scope, damage));
                    filled += usize::from(!values.is_empty());
                    out.push_str(&values.iter().map(Leaf::as_text).collect::<Vec<_>>().join(", "));
                }
            }
        }
        (places == 0 || filled > 0).then_some(out)
    }
}

fn place_of(text: &str, root: Shape, tables: &BTreeMap<String, Table>) -> Result<Piece, String> {
    let mut parts = text.split('|');
    let names = parts.next().unwrap_or_default();
    let paths = names.split(',').map(|p| {
        let path = Path::parse(p.trim(), root)?;
        match path.leaf() {
            Some(_) => Ok(path),
            None => Err(format!("`{p}` is not a single value")),
        }
    });
    let transforms = parts.map(|t| Transform::parse(t, tables));
    Ok(Piece::Place(paths.collect::<Result<_, _>>()?, transforms.collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use super::super::Observations;
    use super::super::schema::item;
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_without_values_is_left_out_and_braces_can_be_written() {
        let root = item("calls").unwrap();
        let seen = Observations::default();
        let scope = Scope { seen: &seen, country: None };
        let fill = |text: &str| {
            let line = Line::parse(text, root, &BTreeMap::new()).unwrap();
            line.fill(&json!({"id": "7", "note": "  a\nb "}), scope, &mut Vec::new())
        };
        assert_eq!(fill("Call {to,id} {{x}}").as_deref(), Some("Call 7 {x}"));
        assert_eq!(fill("Note: {note|one_line}").as_deref(), Some("Note: a b"));
        assert_eq!(fill("From: {from}"), None);
        assert_eq!(fill("No place").as_deref(), Some("No place"));
    }

    #[test]
    fn bad_lines_are_refused() {
        let root = item("calls").unwrap();
        for bad in ["{id", "id}", "{nope}", "{id|nope}"] {
            assert!(Line::parse(bad, root, &BTreeMap::new()).is_err(), "{bad}");
        }
    }
}
