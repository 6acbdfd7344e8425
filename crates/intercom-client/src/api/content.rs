//! `/content/search`: articles, internal articles and snippets by words and by tag, new in 2.16.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Endpoint};
use crate::id::TagId;
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, numbered_page, or_default};
use http::Method;
use mapping_core::{Error, ErrorKind, Private};
use serde::Deserialize;

/// Longest text that can be searched for, in characters.
pub const MOST_WORDS: usize = 500;
/// Most results on a page.
pub const MOST_PER_PAGE: u32 = 50;

/// Something that was found.
#[derive(Clone, Debug, Deserialize)]
pub struct Content {
    /// `article`, `internal_article`, `content_snippet`, `external_content` or `file_source_content`.
    #[serde(rename = "type", default, deserialize_with = "or_default")]
    pub kind: String,
    /// Its id among those of its kind.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub id: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: Option<Private>,
    /// Everything else; of an article, `contents` has one entry for each language.
    #[serde(flatten)]
    pub extra: Fields,
}

/// What is searched for. Nothing set finds everything.
#[must_use]
#[derive(Clone, Default)]
pub struct ContentQuery {
    words: Option<String>,
    tags: Vec<TagId>,
    kinds: Vec<&'static str>,
}

impl std::fmt::Debug for ContentQuery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ContentQuery")
            .field("tags", &self.tags)
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

impl ContentQuery {
    /// Everything.
    pub fn new() -> Self {
        Self::default()
    }
    /// With these words, [`MOST_WORDS`] characters at most.
    pub fn words(mut self, text: impl Into<String>) -> Self {
        self.words = Some(text.into());
        self
    }
    /// With one of these tags.
    pub fn tags(mut self, tags: impl IntoIterator<Item = TagId>) -> Self {
        self.tags = tags.into_iter().collect();
        self
    }
    /// Articles only, public and internal.
    pub fn articles(mut self) -> Self {
        self.kinds = vec!["article", "internal_article"];
        self
    }
}

/// `GET /content/search`: one page. Needs `read_content`.
pub fn search(
    to: &Endpoint,
    query: &ContentQuery,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Content>> {
    let words = query.words.as_deref().unwrap_or_default();
    if words.chars().count() > MOST_WORDS {
        let message = format!("a search of the content takes {MOST_WORDS} characters at most");
        return Ask::refused("content.search", Error::not_sent(ErrorKind::Invalid, message), numbered_page);
    }
    let tags = query.tags.iter().map(TagId::as_str).collect::<Vec<_>>().join(",");
    let kinds = query.kinds.join(",");
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    pairs.extend((!words.is_empty()).then_some(("query", words)));
    pairs.extend((!tags.is_empty()).then_some(("any_tag_ids", tags.as_str())));
    pairs.extend((!kinds.is_empty()).then_some(("content_types", kinds.as_str())));
    let call = (Method::GET, &["content", "search"][..], &pairs[..]);
    ask(to, "content.search", call, per_page.min(MOST_PER_PAGE), after, numbered_page)
}

/// The knowledge base's content.
#[derive(Clone, Copy, Debug)]
pub struct Contents<'c>(pub(crate) &'c Client);

impl<'c> Contents<'c> {
    /// See [`search`].
    pub fn search(
        self,
        query: &ContentQuery,
        per_page: u32,
        after: Option<&Cursor>,
    ) -> Pending<'c, Page<Content>> {
        self.0.pending(search(self.0.endpoint(), query, per_page, after))
    }
    /// Everything that a search finds.
    pub fn search_all(self, query: ContentQuery) -> All<'c, Content> {
        All::new(move |after| {
            let call = self.search(&query, MOST_PER_PAGE, after.as_ref());
            Box::pin(call.into_future())
        })
    }
}
