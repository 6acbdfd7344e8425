//! The help centre and what is in it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::TagApplied;

/// A help centre.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpCenter {
    /// Numeric id.
    pub id: u64,
    /// Word in its addresses.
    pub identifier: String,
    /// Languages that are switched on, the default one first.
    pub locales: Vec<String>,
    /// Host of its own; none: it lies with the platform.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// Whether customers can read it.
    #[serde(default)]
    pub website_turned_on: bool,
    /// Whether it takes what names no help centre.
    #[serde(default)]
    pub default: bool,
}

impl Default for HelpCenter {
    fn default() -> Self {
        Self {
            id: 79,
            identifier: "sandbox".into(),
            locales: vec!["en".into()],
            custom_domain: None,
            website_turned_on: false,
            default: true,
        }
    }
}

impl HelpCenter {
    /// Start of its addresses, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        match &self.custom_domain {
            Some(domain) => format!("https://{domain}"),
            None => format!("https://help-center.example/{}", self.identifier),
        }
    }
}

/// A title and a text in one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wording {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
}

/// A collection of articles, at most the third one down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collection {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) parent: Option<u64>,
    pub(crate) help_center: u64,
    pub(crate) translations: BTreeMap<String, Wording>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// Which assistants may use a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Availability {
    pub(crate) chatbot: bool,
    pub(crate) copilot: bool,
    pub(crate) sales: bool,
}

impl Availability {
    pub(crate) fn any(self) -> bool {
        self.chatbot || self.copilot || self.sales
    }
}

/// An article: one wording per language, the default one first.
#[derive(Debug, Clone)]
pub(crate) struct Article {
    pub(crate) id: u64,
    pub(crate) contents: Vec<ArticleContent>,
    pub(crate) parent: Option<u64>,
    pub(crate) availability: Availability,
    pub(crate) tags: Vec<TagApplied>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// An article in one language.
#[derive(Debug, Clone)]
pub(crate) struct ArticleContent {
    pub(crate) id: u64,
    pub(crate) locale: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) body: Box<str>,
    pub(crate) author: u64,
    pub(crate) published: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// An article for teammates alone.
#[derive(Debug, Clone)]
pub(crate) struct InternalArticle {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) body: Box<str>,
    pub(crate) author: u64,
    pub(crate) owner: u64,
    pub(crate) availability: Availability,
    pub(crate) tags: Vec<TagApplied>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A text that assistants use.
#[derive(Debug, Clone)]
pub(crate) struct Snippet {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) body: String,
    pub(crate) created_at: i64,
}

/// An old address that leads to an article or a collection.
#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) id: u64,
    pub(crate) help_center: u64,
    pub(crate) from_url: String,
    pub(crate) locale: String,
    /// `article` or `collection`.
    pub(crate) target_type: &'static str,
    pub(crate) target: u64,
    pub(crate) created_at: i64,
}

/// A bulk action that waits for its time (T61).
#[derive(Debug, Clone)]
pub(crate) struct Queued {
    pub(crate) at: i64,
    pub(crate) action: BulkAction,
    /// Kind and id of what it is to be done to.
    pub(crate) items: Vec<(String, u64)>,
}

/// What a bulk action does.
#[derive(Debug, Clone)]
pub(crate) enum BulkAction {
    Publish(bool),
    Delete,
    Availability { chatbot: Option<bool>, copilot: Option<bool>, sales: Option<bool> },
    Tags { add: Vec<TagApplied>, remove: Vec<u64> },
}

/// Everything that can be read in help centres, and behind them.
#[derive(Debug, Default)]
pub(crate) struct Library {
    pub(crate) help_centers: Vec<HelpCenter>,
    pub(crate) collections: BTreeMap<u64, Collection>,
    pub(crate) articles: BTreeMap<u64, Article>,
    pub(crate) internal: BTreeMap<u64, InternalArticle>,
    pub(crate) snippets: BTreeMap<u64, Snippet>,
    pub(crate) redirects: BTreeMap<u64, Redirect>,
    pub(crate) queued: Vec<Queued>,
}

impl Library {
    pub(crate) fn default_help_center(&self) -> Option<&HelpCenter> {
        self.help_centers.iter().find(|it| it.default).or(self.help_centers.first())
    }

    /// What a run may not change of something that was there before it; none when it is gone.
    pub(crate) fn print(&self, kind: &str, id: u64) -> Option<String> {
        Some(match kind {
            "collection" => {
                let it = self.collections.get(&id)?;
                format!("{:?} {:?} {:?}", it.name, it.description, it.parent)
            }
            "internal_article" => {
                let it = self.internal.get(&id)?;
                format!("{:?} {:?} {} {:?}", it.title, it.body, it.owner, it.availability)
            }
            _ => {
                let it = self.articles.get(&id)?;
                let texts = it.contents.iter().map(|at| (&at.locale, &at.title, &at.body, at.published));
                format!("{:?} {:?} {:?}", texts.collect::<Vec<_>>(), it.parent, it.availability)
            }
        })
    }

    /// The level of a collection: 1 at the top.
    pub(crate) fn level(&self, id: u64) -> usize {
        let mut level = 1;
        let mut seen = BTreeSet::from([id]);
        let mut at = self.collections.get(&id).and_then(|it| it.parent);
        while let Some(parent) = at.filter(|parent| seen.insert(*parent)) {
            level += 1;
            at = self.collections.get(&parent).and_then(|it| it.parent);
        }
        level
    }

    /// The collection and all below it.
    pub(crate) fn tree(&self, root: u64) -> BTreeSet<u64> {
        let mut all = BTreeSet::from([root]);
        loop {
            let more: Vec<u64> = self
                .collections
                .values()
                .filter(|it| it.parent.is_some_and(|parent| all.contains(&parent)) && !all.contains(&it.id))
                .map(|it| it.id)
                .collect();
            if more.is_empty() {
                return all;
            }
            all.extend(more);
        }
    }

    /// Carries out what was queued and is due.
    pub(crate) fn settle(&mut self, now: i64) {
        let due: Vec<Queued> = self.queued.extract_if(.., |queued| queued.at <= now).collect();
        for Queued { action, items, .. } in due {
            for (kind, id) in items {
                self.carry_out(&action, &kind, id, now);
            }
        }
    }

    /// Does it to one item; a kind that the action does not know is left out in silence.
    fn carry_out(&mut self, action: &BulkAction, kind: &str, id: u64, now: i64) {
        let of_content = |it: &&mut Article| it.contents.iter().any(|content| content.id == id);
        match (action, kind) {
            (BulkAction::Publish(published), "article_content") => {
                let Some(article) = self.articles.values_mut().find(of_content) else { return };
                article.updated_at = now;
                for content in article.contents.iter_mut().filter(|content| content.id == id) {
                    content.published = *published;
                }
            }
            (BulkAction::Delete, "article_content") => {
                let Some(article) = self.articles.values_mut().find(of_content) else { return };
                article.contents.retain(|content| content.id != id);
                let empty = article.contents.is_empty().then_some(article.id);
                empty.map(|id| self.articles.remove(&id));
            }
            (BulkAction::Delete, "internal_article") => {
                self.internal.remove(&id);
            }
            (BulkAction::Delete, "content_snippet") => {
                self.snippets.remove(&id);
            }
            (
                BulkAction::Availability { chatbot, copilot, sales },
                "article_content" | "internal_article",
            ) => {
                let article = self.articles.values_mut().find(of_content).map(|it| &mut it.availability);
                let internal = self.internal.get_mut(&id).map(|it| &mut it.availability);
                let place = if kind == "article_content" { article } else { internal };
                if let Some(it) = place {
                    it.chatbot = chatbot.unwrap_or(it.chatbot);
                    it.copilot = copilot.unwrap_or(it.copilot);
                    it.sales = sales.unwrap_or(it.sales);
                }
            }
            (BulkAction::Tags { add, remove }, "article" | "internal_article") => {
                let article = self.articles.get_mut(&id).map(|it| &mut it.tags);
                let internal = self.internal.get_mut(&id).map(|it| &mut it.tags);
                if let Some(tags) = if kind == "article" { article } else { internal } {
                    tags.retain(|applied| !remove.contains(&applied.tag));
                    for applied in add {
                        if !tags.iter().any(|known| known.tag == applied.tag) {
                            tags.push(*applied);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}
