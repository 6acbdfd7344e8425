//! What was noticed while an answer was read: nothing odd passes uncounted.

use std::collections::BTreeMap;

/// Blemishes that were mended on the way in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Mended {
    /// Characters that XML 1.0 forbids, raw or as a reference; each became U+FFFD.
    pub illegal_characters: u64,
    /// Characters that came as two references to the halves of a surrogate pair; each became the one it means.
    pub joined_surrogates: u64,
    /// Halves of a surrogate pair without the other half; each became U+FFFD.
    pub lone_surrogates: u64,
    /// Bytes that were not valid in the document's encoding.
    pub recoded_bytes: u64,
    /// Names whose prefix was never declared.
    pub undeclared_prefixes: u64,
}

impl Mended {
    /// How often the text itself had to be changed.
    pub fn text(&self) -> u64 {
        self.illegal_characters + self.lone_surrogates + self.recoded_bytes
    }

    pub(crate) fn since(&self, before: &Mended) -> Mended {
        Mended {
            illegal_characters: self.illegal_characters - before.illegal_characters,
            joined_surrogates: self.joined_surrogates - before.joined_surrogates,
            lone_surrogates: self.lone_surrogates - before.lone_surrogates,
            recoded_bytes: self.recoded_bytes - before.recoded_bytes,
            undeclared_prefixes: self.undeclared_prefixes - before.undeclared_prefixes,
        }
    }

    fn add(&mut self, other: &Mended) {
        self.illegal_characters += other.illegal_characters;
        self.joined_surrogates += other.joined_surrogates;
        self.lone_surrogates += other.lone_surrogates;
        self.recoded_bytes += other.recoded_bytes;
        self.undeclared_prefixes += other.undeclared_prefixes;
    }
}

/// No report holds more paths; what comes after is counted under `…`.
const MOST_PATHS: usize = 1000;

/// What differed from the schema. Paths are local names below the Body's child; none holds a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Elements, attributes (`@name`) and text (`#text`) that the schema doesn't know, with how often each came.
    pub unknown: BTreeMap<String, u64>,
    /// Elements and attributes that came in another namespace than the schema says.
    pub namespace_mismatches: BTreeMap<String, u64>,
    /// Items of an array that came under another name than the schema says.
    pub renamed_items: BTreeMap<String, u64>,
    /// Elements that came more than once though the schema allows one.
    pub repeated: BTreeMap<String, u64>,
    /// Values that don't have the form of their type (kept as text).
    pub mistyped: BTreeMap<String, u64>,
    /// `xsi:type` names that the schema doesn't have.
    pub unknown_types: BTreeMap<String, u64>,
    /// Header blocks that said `mustUnderstand` and were not understood.
    pub must_understand: BTreeMap<String, u64>,
    /// Elements of text that held markup; the markup was kept as text.
    pub markup_in_text: BTreeMap<String, u64>,
    /// What was mended in the text.
    pub mended: Mended,
    /// Bytes after the end of the envelope.
    pub trailing_bytes: u64,
}

impl Report {
    /// Counts one under a path, within the bound on paths.
    pub(crate) fn note(map: &mut BTreeMap<String, u64>, path: String) {
        Self::count(map, path, 1);
    }

    /// Counts this many under a path, within the bound on paths.
    pub(crate) fn count(map: &mut BTreeMap<String, u64>, path: String, times: u64) {
        let full = map.len() >= MOST_PATHS && !map.contains_key(&path);
        *map.entry(if full { "…".to_owned() } else { path }).or_default() += times;
    }

    /// Adds the counts of another report.
    pub fn merge(&mut self, other: &Report) {
        for (into, from) in [
            (&mut self.unknown, &other.unknown),
            (&mut self.namespace_mismatches, &other.namespace_mismatches),
            (&mut self.renamed_items, &other.renamed_items),
            (&mut self.repeated, &other.repeated),
            (&mut self.mistyped, &other.mistyped),
            (&mut self.unknown_types, &other.unknown_types),
            (&mut self.must_understand, &other.must_understand),
            (&mut self.markup_in_text, &other.markup_in_text),
        ] {
            for (path, count) in from {
                Self::count(into, path.clone(), *count);
            }
        }
        self.mended.add(&other.mended);
        self.trailing_bytes += other.trailing_bytes;
    }

    /// True when everything was as the schema says.
    pub fn is_clean(&self) -> bool {
        *self == Report::default()
    }
}
