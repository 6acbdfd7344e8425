//! Categories of the knowledge base as collections: at most three levels, paths in names, no circles.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::text::Squeezed;
use super::{Court, Subject, What};
use crate::dataset::KbCategory;
use crate::intercom::store::Collection;

/// Levels that a help centre has.
const LEVELS: usize = 3;

/// Where a category lies at the source.
struct Place<'a> {
    /// From the top to the category itself.
    path: Vec<&'a KbCategory>,
    /// Whether it leads in a circle.
    circle: bool,
}

impl<'a> Court<'a> {
    /// Compares the tree, and says which collection each category became.
    pub(super) fn compare_collections(&mut self) -> HashMap<u64, u64> {
        let (ws, dataset) = (self.ws, self.source.dataset);
        let by_id: HashMap<u64, &KbCategory> = dataset.kb_categories.iter().map(|it| (it.id, it)).collect();
        self.verdict.source.collections = dataset.kb_categories.len() as u64;
        let mut left: BTreeMap<u64, &Collection> =
            ws.library.collections.values().map(|it| (it.id, it)).collect();
        let mut places: Vec<Place<'_>> =
            dataset.kb_categories.iter().map(|category| place(category, &by_id)).collect();
        places.sort_by_key(|place| place.path.len());
        let mut became: HashMap<u64, u64> = HashMap::new();
        for place in &places {
            let Some(own) = place.path.last() else { continue };
            let parent = own.parent.and_then(|id| became.get(&id).copied());
            let fits = |it: &&Collection| fits(place, &it.name);
            let best = left.values().copied().filter(fits).max_by_key(|it| {
                (
                    self.keeps_path(place, it),
                    it.parent == parent,
                    self.is_new(it.created_at),
                    std::cmp::Reverse(it.id),
                )
            });
            let subject = Subject::alone("kb_category", own.id);
            match best {
                Some(it) => {
                    left.remove(&it.id);
                    became.insert(own.id, it.id);
                }
                None if self.options.partial => {}
                None => self.find(What::Lost, &subject, "", "no collection has its name"),
            }
        }
        for place in &places {
            let own = place.path.last().and_then(|own| Some((*own, *became.get(&own.id)?)));
            if let Some((own, id)) = own {
                self.compare_collection(place, own, &ws.library.collections[&id], &became);
            }
        }
        let default = self.default_collection(left.values().copied()).map(|it| it.id);
        for it in left.values() {
            if self.is_new(it.created_at) && Some(it.id) != default {
                self.find(What::Doubled, &Subject::alone("collection", it.id), "", "no category explains it");
            }
        }
        became
    }

    /// The collection for articles without a category.
    pub(super) fn default_collection<'c>(
        &self,
        mut of: impl Iterator<Item = &'c Collection>,
    ) -> Option<&'c Collection> {
        let name = Squeezed::of_plain(&self.options.default_collection);
        of.find(|it| it.parent.is_none() && Squeezed::of_plain(&it.name) == name)
    }

    fn compare_collection(
        &mut self,
        place: &Place<'_>,
        own: &KbCategory,
        it: &Collection,
        became: &HashMap<u64, u64>,
    ) {
        let subject = Subject::alone("kb_category", own.id);
        let level = self.ws.library.level(it.id);
        self.check(level <= LEVELS, &subject, "level", || format!("on level {level}"));
        let parent = own.parent.and_then(|id| became.get(&id).copied());
        if place.circle {
            // Cut anywhere: whoever lost its parent is listed. One with a longer name lay too deep.
            let deep = Squeezed::of_plain(&it.name) != shown_title(own);
            self.check(it.parent == parent || deep, &subject, "parent", || {
                "not where the source has it".into()
            });
            return;
        }
        if place.path.len() <= LEVELS {
            self.check(it.parent == parent, &subject, "parent", || "not where the source has it".into());
        }
        let kept = self.keeps_path(place, it);
        self.check(kept, &subject, "name", || "the names on its way are not those of the source".into());
    }

    /// Whether the names on the way to a collection are those of the source in their order.
    fn keeps_path(&self, place: &Place<'_>, it: &Collection) -> bool {
        let mut names = Vec::new();
        let (mut at, mut met) = (Some(it), HashSet::new());
        while let Some(here) = at.filter(|here| met.insert(here.id)) {
            names.push(here.name.as_str());
            at = here.parent.and_then(|id| self.ws.library.collections.get(&id));
        }
        names.reverse();
        let whole = Squeezed::of_plain(&names.concat()).0;
        let mut rest = whole.as_str();
        place.path.iter().all(|category| {
            let title = shown_title(category).0;
            let Some(at) = rest.find(&title) else { return false };
            rest = &rest[at + title.len()..];
            true
        })
    }
}

/// A title as a reader sees it; the id stands for one that is empty.
fn shown_title(category: &KbCategory) -> Squeezed {
    let title = Squeezed::of_plain(&category.title);
    if title.is_empty() { Squeezed(category.id.to_string()) } else { title }
}

/// Whether a name is the category's own, or for one that lies too deep ends in it.
fn fits(place: &Place<'_>, name: &str) -> bool {
    let Some(own) = place.path.last() else { return false };
    let (name, title) = (Squeezed::of_plain(name).0, shown_title(own).0);
    let deep = place.circle || place.path.len() > LEVELS;
    name == title || (deep && name.ends_with(&title))
}

fn place<'a>(category: &'a KbCategory, by_id: &HashMap<u64, &'a KbCategory>) -> Place<'a> {
    let (mut path, mut met) = (vec![category], HashSet::from([category.id]));
    let mut at = category.parent.and_then(|id| by_id.get(&id).copied());
    while let Some(parent) = at {
        if !met.insert(parent.id) {
            path.truncate(1);
            return Place { path, circle: true };
        }
        path.push(parent);
        at = parent.parent.and_then(|id| by_id.get(&id).copied());
    }
    path.reverse();
    Place { path, circle: false }
}
