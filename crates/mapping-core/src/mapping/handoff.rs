//! What no API takes: what people do by hand, what they acknowledge, and the placeholders of prepared answers.

use crate::model::Record;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Things a hand-off can start from that are no kind of record: files of the knowledge base, agents without a
/// counterpart, files beyond what the destination takes.
pub const FINDINGS: [&str; 3] = ["kb_file", "missing_person", "oversize_file"];

/// Something that people do by hand: one workbook of the hand-over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Handoff {
    /// Its name, and that of its file: letters, digits and `-`.
    pub name: String,
    /// The row of the object mapping.
    pub row: String,
    /// A kind of source record, or one of [`FINDINGS`].
    pub from: String,
    /// What it is called.
    pub title: String,
    /// What it becomes, in the platform's word.
    pub destination: String,
    /// Where it is done, in the platform's words.
    pub place: String,
    /// The kind of [`Sink::list`](crate::Sink::list) that shows whether it was done; `None` = it can't be read back.
    pub check: Option<String>,
    /// What to know about it.
    pub note: Option<String>,
    /// The nearest thing at the destination, by words; the first that fits counts.
    pub nearest: Vec<Nearest>,
}

/// The nearest thing at the destination for what is called so at the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nearest {
    /// Words of which one must occur, whatever its case.
    pub words: Vec<String>,
    /// The nearest thing there, and where.
    pub suggest: String,
}

impl Handoff {
    /// The nearest thing for what has these words in its name, template, conditions or actions.
    pub fn nearest(&self, text: &str) -> Option<&str> {
        let text = folded(text);
        let found = self.nearest.iter().find(|n| n.words.iter().any(|w| text.contains(&folded(w))));
        found.map(|n| n.suggest.as_str())
    }

    /// Whether a hand-off can start from this.
    pub(crate) fn is_source(from: &str) -> bool {
        FINDINGS.contains(&from) || Record::KINDS.contains(&from)
    }

    /// Everything a hand-off can start from.
    pub(crate) fn sources() -> impl Iterator<Item = &'static str> {
        Record::KINDS.iter().chain(&FINDINGS).copied()
    }
}

/// Something that no API silences: a person acknowledges it by name before anything is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acknowledgement {
    /// Its name: letters, digits and `-`.
    pub id: String,
    /// What may happen and what to do about it.
    pub text: String,
    /// Where it is found, in the platform's words.
    pub place: String,
}

/// Placeholders of prepared answers, in the source's form, and what stands for each at the destination.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placeholders {
    /// What stands before and after a name.
    around: (String, String),
    /// By name in lower case.
    table: BTreeMap<String, String>,
}

/// A text with its placeholders exchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translated {
    /// The text; placeholders that nothing stands for are as they were.
    pub text: String,
    /// Names of the placeholders that nothing stands for, each once, in order.
    pub unknown: Vec<String>,
}

/// The longest name of a placeholder in characters.
const LONGEST_NAME: usize = 80;

impl Placeholders {
    /// From a form as `%{}%` and a table. The error is a sentence.
    pub(crate) fn new(form: &str, table: &[(String, String)]) -> Result<Placeholders, String> {
        let Some((before, after)) = form.split_once("{}").filter(|(b, a)| !b.is_empty() && !a.is_empty())
        else {
            return Err(format!("`form` must have `{{}}` between two marks, as in `%{{}}%`; it is `{form}`"));
        };
        let table = table.iter().map(|(name, to)| (name.to_lowercase(), to.clone())).collect();
        Ok(Placeholders { around: (before.to_owned(), after.to_owned()), table })
    }

    /// The text with every known placeholder exchanged. Names match whatever their case.
    pub fn translate(&self, text: &str) -> Translated {
        let (before, after) = (self.around.0.as_str(), self.around.1.as_str());
        let mut out = Translated::default();
        if before.is_empty() {
            out.text = text.to_owned();
            return out;
        }
        let mut rest = text;
        while let Some((plain, from)) = rest.split_once(before) {
            out.text.push_str(plain);
            let Some((name, behind)) = from.split_once(after).filter(|(name, _)| is_name(name)) else {
                out.text.push_str(before);
                rest = from;
                continue;
            };
            match self.table.get(&name.to_lowercase()) {
                Some(to) => out.text.push_str(to),
                // `%20%` is a blank in an address, not a name.
                None if is_escape(name) => {
                    out.text.push_str(before);
                    rest = from;
                    continue;
                }
                None => {
                    out.text.push_str(&[before, name, after].concat());
                    if !out.unknown.iter().any(|u| u == name) {
                        out.unknown.push(name.to_owned());
                    }
                }
            }
            rest = behind;
        }
        out.text.push_str(rest);
        out
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(char::is_alphabetic)
        && chars.all(|c| c.is_alphanumeric() || "._-:".contains(c))
        && text.chars().count() <= LONGEST_NAME
}

fn is_escape(name: &str) -> bool {
    name.len() <= 2
}

fn folded(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c == '_' || c == '-')
        .filter(|w| !w.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders() -> Placeholders {
        let table = [("Customer.FirstName", "{{user.first_name}}"), ("Agent.Name", "{{teammate.name}}")];
        let table: Vec<_> = table.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Placeholders::new("%{}%", &table).unwrap()
    }

    #[test]
    fn placeholders_are_exchanged_whatever_their_case_and_unknown_ones_are_kept_and_listed_once() {
        let done = placeholders()
            .translate("Hi %customer.firstname%, %Loyalty.Tier% and %Loyalty.Tier%. Yours, %Agent.Name%");
        assert_eq!(
            done.text,
            "Hi {{user.first_name}}, %Loyalty.Tier% and %Loyalty.Tier%. Yours, {{teammate.name}}"
        );
        assert_eq!(done.unknown, ["Loyalty.Tier"]);
    }

    #[test]
    fn per_cent_signs_and_addresses_are_no_placeholders() {
        for text in ["100% of 50% or %", "https://x.example/a%20b%C3%A6%C3", "20%30%", "%%", "% Agent.Name %"]
        {
            assert_eq!(placeholders().translate(text), Translated { text: text.into(), unknown: vec![] });
        }
    }

    #[test]
    fn a_form_needs_marks_on_both_sides() {
        for form in ["", "{}", "%{}", "%x%"] {
            assert!(Placeholders::new(form, &[]).is_err(), "{form}");
        }
    }

    #[test]
    fn the_nearest_thing_is_the_first_whose_words_occur() {
        let near = |words: &[&str], suggest: &str| Nearest {
            words: words.iter().map(|w| (*w).to_owned()).collect(),
            suggest: suggest.into(),
        };
        let handoff = Handoff {
            nearest: vec![near(&["first response"], "A"), near(&["response", "volume"], "B")],
            ..Handoff::default()
        };
        assert_eq!(handoff.nearest("SLA First-Response times"), Some("A"));
        assert_eq!(handoff.nearest("VOLUME by queue"), Some("B"));
        assert_eq!(handoff.nearest("x"), None);
    }
}
