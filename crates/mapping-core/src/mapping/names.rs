//! Names of the attributes that come from the data: custom fields and sets of categories.

use super::choices::{FieldChoice, SetForm};
use super::{ObjectRule, Observations};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Longest slug in characters.
const LONGEST: usize = 60;

/// Attribute names of one object, distinct whatever the names at the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Names {
    taken: BTreeSet<String>,
    custom: BTreeMap<String, String>,
    sets: BTreeMap<Option<String>, String>,
}

impl Names {
    /// Fixed names come first, then sets of categories, then custom fields, each in order of their names.
    pub(crate) fn new(rule: &ObjectRule, seen: &Observations) -> Names {
        let plan = &rule.plan;
        let mut names = Names::default();
        let fixed = plan
            .fields
            .iter()
            .filter_map(|f| f.attribute())
            .chain(plan.wants.iter().map(|w| w.name.as_str()));
        names.taken.extend(fixed.map(str::to_lowercase));
        if let Some(categories) = &plan.categories {
            let multi = seen.multi_sets();
            for (set, size) in seen.set_sizes() {
                let form = categories.form(set, size, multi.contains(set));
                if !matches!(form, SetForm::List | SetForm::Text) {
                    continue;
                }
                let word = set.as_deref().unwrap_or(&categories.without_set);
                let name = match categories.attribute(set) {
                    Some(decided) => names.decided(decided),
                    None => names.allot(&categories.single, word),
                };
                names.sets.insert(set.clone(), name);
            }
        }
        if let Some(custom) = &plan.custom {
            let moved = |n: &&str| !custom.exclude.contains(*n) && !custom.ruled.contains(*n);
            for word in seen.custom_names(rule.from.as_str()).filter(moved) {
                let name = match custom.choices.get(word) {
                    Some(FieldChoice { attribute: None, .. }) => continue,
                    Some(FieldChoice { attribute: Some(decided), .. }) => names.decided(decided),
                    None => names.allot(&custom.to, word),
                };
                names.custom.insert(word.to_owned(), name);
            }
        }
        names
    }

    /// A name that a person decided on; two fields may share it.
    fn decided(&mut self, name: &str) -> String {
        self.taken.insert(name.to_lowercase());
        name.to_owned()
    }

    fn allot(&mut self, around: &(String, String), word: &str) -> String {
        let name = format!("{}{}{}", around.0, slug(word), around.1);
        if self.taken.insert(name.to_lowercase()) {
            return name;
        }
        let name = format!("{}{}_{}{}", around.0, slug(word), mark(word), around.1);
        self.taken.insert(name.to_lowercase());
        name
    }

    /// The attribute of a custom field; `None` for a name that wasn't observed.
    pub(crate) fn custom(&self, name: &str) -> Option<&str> {
        self.custom.get(name).map(String::as_str)
    }

    /// The attribute of a set of which a ticket has one category.
    pub(crate) fn set(&self, set: &Option<String>) -> Option<&str> {
        self.sets.get(set).map(String::as_str)
    }

    /// Every custom field with its attribute.
    pub(crate) fn customs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.custom.iter().map(|(word, name)| (word.as_str(), name.as_str()))
    }

    /// Every set of single categories with its attribute.
    pub(crate) fn sets(&self) -> impl Iterator<Item = (&Option<String>, &str)> {
        self.sets.iter().map(|(set, name)| (set, name.as_str()))
    }
}

/// ASCII letters, digits and underscores. A name that has none, or is too long, gets a mark of its own.
pub(crate) fn slug(word: &str) -> String {
    let mut out = String::new();
    for c in word.trim().to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            'å' => out.push_str("aa"),
            'ä' | 'æ' => out.push_str("ae"),
            'ö' | 'ø' => out.push_str("oe"),
            'ü' => out.push_str("ue"),
            'ß' => out.push_str("ss"),
            'á' | 'à' | 'â' | 'ã' => out.push('a'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ó' | 'ò' | 'ô' | 'õ' => out.push('o'),
            'ú' | 'ù' | 'û' => out.push('u'),
            'ç' => out.push('c'),
            'ñ' => out.push('n'),
            _ if out.is_empty() || out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    let long = out.len() > LONGEST;
    out.truncate(LONGEST);
    let out = out.trim_end_matches('_');
    match (out.is_empty(), long) {
        (true, _) => format!("field_{}", mark(word)),
        (false, true) => format!("{out}_{}", mark(word)),
        (false, false) => out.to_owned(),
    }
}

fn mark(word: &str) -> String {
    crate::catalog::hex(&Sha256::digest(word.as_bytes())[..3])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_ascii_and_never_empty_or_long() {
        assert_eq!(slug("  Order No. "), "order_no");
        assert_eq!(slug("Größe (cm)"), "groesse_cm");
        assert!(slug("注文番号").starts_with("field_"));
        assert_ne!(slug("注文番号"), slug("電話番号"));
        assert!(slug(&"x".repeat(300)).len() <= LONGEST + 7);
    }

    #[test]
    fn names_that_would_meet_are_told_apart_and_fixed_ones_win() {
        let mapping = crate::mapping::Mapping::built_in("focalscope-to-intercom").unwrap();
        let rule = mapping.object("ticket").unwrap();
        let mut seen = Observations::default();
        let mut ticket = crate::model::Ticket::new("1".into());
        for name in ["Order-No", "Order No", "Priority"] {
            ticket.custom.insert(name.into(), "x".into());
        }
        seen.observe(&ticket.into());
        let names = Names::new(rule, &seen);
        let all: BTreeSet<&str> = names.customs().map(|(_, n)| n).collect();
        assert_eq!(all.len(), 3);
        assert_eq!(names.custom("Order No"), Some("focalscope_order_no__c"));
        assert!(!all.contains("focalscope_priority__c"));
    }
}
