//! Values of categories that tickets have and the list of categories lacks: renamed or taken out since.

use super::Inner;
use crate::profile::Logical;
use mapping_core::Result;
use mapping_core::model::{Category, CategoryId, Record, Ticket};
use std::collections::{BTreeMap, BTreeSet};

/// The most such values; tickets keep further ones as ids that name no record.
const MOST: usize = 100_000;

/// The categories with values, to tell what else a ticket says.
#[derive(Default)]
pub(super) struct Strays {
    known: BTreeSet<CategoryId>,
    /// One value of each category with values, by the category's own id.
    sets: BTreeMap<String, Category>,
    found: usize,
}

impl Inner {
    /// The list of categories, when the service has one.
    pub(super) async fn strays(&self) -> Result<Strays> {
        let mut strays = Strays::default();
        self.all(Logical::ListCategories, |record| {
            if let Record::Category(category) = record {
                strays.known.insert(category.id.clone());
                let own = category.id.as_str().strip_suffix(category.name.as_str());
                if let (Some(own), Some(_)) = (own.and_then(|id| id.strip_suffix('/')), &category.set) {
                    strays.sets.entry(own.to_owned()).or_insert(category);
                }
            }
        })
        .await?;
        Ok(strays)
    }
}

impl Strays {
    /// Categories that this ticket has and that nobody listed, each once: they can't be chosen any more.
    pub(super) fn of(&mut self, ticket: &Ticket) -> Vec<Category> {
        let mut strays = Vec::new();
        for id in &ticket.categories {
            let Some((own, value)) = id.as_str().split_once('/') else { continue };
            let Some(set) = self.sets.get(own) else { continue };
            if self.found >= MOST || !self.known.insert(id.clone()) {
                continue;
            }
            self.found += 1;
            strays.push(Category { id: id.clone(), name: value.to_owned(), active: false, ..set.clone() });
        }
        strays
    }
}
