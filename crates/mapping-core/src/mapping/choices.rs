//! What people decided about custom fields, sets of categories and working hours, laid over the rules.

use super::Mapping;
use super::custom_use::ValueForm;
use super::plan::{Categories, Custom};
use crate::{FieldType, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What people decided; what isn't here goes by the rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Choices {
    /// Custom fields by kind of record (`ticket`) and the source's name.
    pub fields: BTreeMap<String, BTreeMap<String, FieldChoice>>,
    /// Sets of categories by name; the empty name is that of the categories without a set.
    pub categories: BTreeMap<String, SetChoice>,
    /// Time zones (IANA) by profile of working hours (`working_hours:3`).
    pub hours: BTreeMap<String, String>,
}

/// Where a custom field goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChoice {
    /// The attribute; `None` leaves the field out.
    pub attribute: Option<String>,
    /// Its type.
    pub field_type: FieldType,
    /// How the source writes the values.
    #[serde(default)]
    pub form: ValueForm,
}

/// Where a set of categories goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetChoice {
    /// To a list attribute with an option for each.
    List(String),
    /// To a text attribute.
    Text(String),
    /// To tags.
    Tags,
    /// Nowhere.
    LeftOut,
}

/// How lists of people say a type and the form of the values.
const WORDS: [(&str, FieldType, ValueForm); 9] = [
    ("text", FieldType::Text, ValueForm::Plain),
    ("integer", FieldType::Integer, ValueForm::Plain),
    ("decimal", FieldType::Decimal, ValueForm::Plain),
    ("decimal comma", FieldType::Decimal, ValueForm::DecimalComma),
    ("boolean", FieldType::Boolean, ValueForm::Plain),
    ("date", FieldType::Date, ValueForm::Plain),
    ("date day first", FieldType::Date, ValueForm::DayFirst),
    ("date month first", FieldType::Date, ValueForm::MonthFirst),
    ("list", FieldType::List, ValueForm::Plain),
];

/// The words for a type and the form of the values: `date day first`.
pub fn type_words(field_type: FieldType, form: ValueForm) -> &'static str {
    let exact = WORDS.iter().find(|(_, t, f)| (*t, *f) == (field_type, form));
    exact.or_else(|| WORDS.iter().find(|(_, t, _)| *t == field_type)).map_or("text", |(words, _, _)| words)
}

/// The type and form that words say, whatever their case; nothing says text. The error is a sentence.
///
/// # Errors
/// For words that say no type.
pub fn typed_by_words(words: &str) -> Result<(FieldType, ValueForm), String> {
    let said = words.split([' ', '-', '_', ',']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    if said.is_empty() {
        return Ok((FieldType::Text, ValueForm::Plain));
    }
    let known = WORDS.iter().find(|(words, _, _)| words.eq_ignore_ascii_case(&said));
    known.map(|(_, t, f)| (*t, *f)).ok_or_else(|| {
        let all: Vec<&str> = WORDS.iter().map(|(words, _, _)| *words).collect();
        format!("`{}` is no type; known are {}", words.trim(), all.join(", "))
    })
}

impl Mapping {
    /// This mapping with what people decided laid over it.
    #[must_use]
    pub fn with_choices(mut self, choices: Choices) -> Mapping {
        for object in &mut self.objects {
            if let Some(custom) = &mut object.plan.custom {
                custom.choices = choices.fields.get(object.from.as_str()).cloned().unwrap_or_default();
            }
            if let Some(categories) = &mut object.plan.categories {
                categories.choices = choices.categories.clone();
            }
        }
        self.choices = choices;
        self
    }

    /// What people decided.
    pub fn choices(&self) -> &Choices {
        &self.choices
    }
}

impl Choices {
    pub(crate) fn zone(&self, record: &SourceRef) -> Option<&str> {
        self.hours.get(&record.to_string()).map(String::as_str)
    }
}

impl Custom {
    /// How a field's values are typed; text when nobody decided otherwise.
    pub(crate) fn typed(&self, name: &str) -> (FieldType, ValueForm) {
        self.choices.get(name).map_or((FieldType::Text, ValueForm::Plain), |c| (c.field_type, c.form))
    }
}

/// What becomes of a set of categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SetForm {
    List,
    Text,
    Tags,
    LeftOut,
}

impl Categories {
    /// What becomes of a set of so many categories: as a person decided, else tags when a ticket may have several of it, a text when it has
    /// more values than a list takes, and a list.
    pub(crate) fn form(&self, set: &Option<String>, size: usize, multi: bool) -> SetForm {
        match self.choices.get(set.as_deref().unwrap_or_default()) {
            Some(SetChoice::List(_)) => SetForm::List,
            Some(SetChoice::Text(_)) => SetForm::Text,
            Some(SetChoice::Tags) => SetForm::Tags,
            Some(SetChoice::LeftOut) => SetForm::LeftOut,
            None if multi => SetForm::Tags,
            None if size > self.most_options => SetForm::Text,
            None => SetForm::List,
        }
    }

    /// The attribute that a person named for a set.
    pub(crate) fn attribute(&self, set: &Option<String>) -> Option<&str> {
        match self.choices.get(set.as_deref().unwrap_or_default())? {
            SetChoice::List(name) | SetChoice::Text(name) => Some(name),
            SetChoice::Tags | SetChoice::LeftOut => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_type_are_read_back_whatever_their_case_and_marks() {
        for (words, field_type, form) in WORDS {
            assert_eq!(type_words(field_type, form), words);
            assert_eq!(typed_by_words(words), Ok((field_type, form)));
        }
        assert_eq!(typed_by_words(" Date DAY-first "), Ok((FieldType::Date, ValueForm::DayFirst)));
        assert_eq!(typed_by_words(""), Ok((FieldType::Text, ValueForm::Plain)));
        assert!(typed_by_words("number").unwrap_err().contains("integer"));
    }
}
