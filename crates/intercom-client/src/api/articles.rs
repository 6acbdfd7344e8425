//! `/articles`: the public articles of the help centres.

use super::conversations::TagList;
use super::tags::Tag;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, ArticleId, CollectionId, HelpCenterId, TagId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, number, numbered_page, or_default, time};
use connector_http::{Body, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Private, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Articles asked for at once.
const PER_PAGE: u32 = 50;

/// An article. It has no key but its id.
#[derive(Clone, Debug, Deserialize)]
pub struct Article {
    /// Its id.
    pub id: ArticleId,
    /// Its title in the default language.
    #[serde(default)]
    pub title: Option<Private>,
    /// What it is about.
    #[serde(default)]
    pub description: Option<Private>,
    /// Its text as HTML, as Intercom tidied it up.
    #[serde(default)]
    pub body: Option<Private>,
    /// The teammate it is by.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub author_id: Option<AdminId>,
    /// `draft` or `published`.
    #[serde(default)]
    pub state: Option<String>,
    /// The collections it is in.
    #[serde(default, deserialize_with = "or_default")]
    pub parent_ids: Vec<CollectionId>,
    /// The one collection, as older versions show it.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub parent_id: Option<CollectionId>,
    /// The language of `title` and `body`.
    #[serde(default)]
    pub default_locale: Option<String>,
    /// Its text by language.
    #[serde(default, deserialize_with = "translations")]
    pub translated_content: BTreeMap<String, ArticleContent>,
    /// Its public address; none for drafts.
    #[serde(default)]
    pub url: Option<String>,
    /// Its tags.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: TagList,
    /// Whether it has a draft that isn't public yet.
    #[serde(default)]
    pub has_unpublished_changes: Option<bool>,
    /// When it was made; never writable.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// When it will be published.
    #[serde(default, deserialize_with = "time")]
    pub scheduled_publish_at: Option<Timestamp>,
    /// Whether the AI agent answers from it.
    #[serde(default)]
    pub ai_chatbot_availability: Option<bool>,
    /// Whether the AI copilot answers from it.
    #[serde(default)]
    pub ai_copilot_availability: Option<bool>,
    /// Whether the AI sales agent answers from it.
    #[serde(default)]
    pub ai_sales_agent_availability: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Article {
    /// The collection it is in, whichever way the answer names it.
    pub fn parent(&self) -> Option<&CollectionId> {
        self.parent_ids.first().or(self.parent_id.as_ref())
    }
}

/// An article in one language.
#[derive(Clone, Debug, Deserialize)]
pub struct ArticleContent {
    /// Its title.
    #[serde(default)]
    pub title: Option<Private>,
    /// What it is about.
    #[serde(default)]
    pub description: Option<Private>,
    /// Its text as HTML.
    #[serde(default)]
    pub body: Option<Private>,
    /// The teammate it is by.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub author_id: Option<AdminId>,
    /// `draft` or `published`.
    #[serde(default)]
    pub state: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Languages map to content; `type` and languages without any are passed over.
fn translations<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> std::result::Result<BTreeMap<String, ArticleContent>, D::Error> {
    let all = Option::<Map<String, Value>>::deserialize(from)?.unwrap_or_default();
    all.into_iter()
        .filter(|(_, content)| content.is_object())
        .map(|(locale, content)| {
            serde_json::from_value(content).map(|c| (locale, c)).map_err(serde::de::Error::custom)
        })
        .collect()
}

/// Fields of an article to be written; what isn't set stays as it is. A text that is written to a published article is
/// public at once.
#[must_use]
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct ArticleUpdate(Map<String, Value>);

impl std::fmt::Debug for ArticleUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ArticleUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The title.
    pub fn title(self, title: impl Into<String>) -> Self {
        self.set("title", title.into())
    }
    /// What it is about.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set("description", text.into())
    }
    /// The text as HTML.
    pub fn body(self, html: impl Into<String>) -> Self {
        self.set("body", html.into())
    }
    /// The teammate it is by.
    pub fn author(self, id: &AdminId) -> Self {
        self.set("author_id", number(id.as_str()))
    }
    /// Public or not. New articles are drafts.
    pub fn published(self, published: bool) -> Self {
        self.set("state", if published { "published" } else { "draft" })
    }
    /// The collection it goes into.
    pub fn collection(self, id: &CollectionId) -> Self {
        self.set("parent_id", id.as_str()).set("parent_type", "collection")
    }
    /// The text in another language, which the help centre must have.
    pub fn translation(mut self, locale: &str, content: Translation) -> Self {
        let all = self.0.entry("translated_content").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.insert(locale.to_owned(), Value::Object(content.0));
        }
        self
    }
    /// Whether AI features answer from it: the agent, the copilot and the sales agent alike.
    pub fn available_to_ai(self, yes: bool) -> Self {
        self.set("ai_chatbot_availability", yes)
            .set("ai_copilot_availability", yes)
            .set("ai_sales_agent_availability", yes)
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// An article's text in one language, to be written.
#[must_use]
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Translation(Map<String, Value>);

impl std::fmt::Debug for Translation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Translation {
    /// A draft with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Translation(Map::new()).set("type", "article_content").set("title", title.into()).published(false)
    }
    /// What it is about.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set("description", text.into())
    }
    /// The text as HTML.
    pub fn body(self, html: impl Into<String>) -> Self {
        self.set("body", html.into())
    }
    /// The teammate it is by.
    pub fn author(self, id: &AdminId) -> Self {
        self.set("author_id", number(id.as_str()))
    }
    /// Public or not.
    pub fn published(self, published: bool) -> Self {
        self.set("state", if published { "published" } else { "draft" })
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// An article to be made: a draft that no AI feature answers from, unless it is said otherwise.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewArticle(ArticleUpdate);

impl NewArticle {
    /// An article by this teammate.
    pub fn new(title: impl Into<String>, author: &AdminId) -> Self {
        NewArticle(ArticleUpdate::new().title(title).author(author).published(false).available_to_ai(false))
    }
    /// Sets the other fields.
    pub fn with(mut self, fields: ArticleUpdate) -> Self {
        self.0.0.extend(fields.0);
        // Creating takes a number where updating takes a text.
        if let Some(Value::String(id)) = self.0.0.get("parent_id") {
            let id = number(id);
            self.0.0.insert("parent_id".to_owned(), id);
        }
        self
    }
}

/// `POST /articles`. Nothing keeps two from being the same.
pub fn create(to: &Endpoint, new: &NewArticle) -> Ask<Article> {
    let call = (Method::POST, &["articles"][..], &[][..]);
    Ask::new(to, "articles.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `GET /articles/{id}`.
pub fn get(to: &Endpoint, id: &ArticleId) -> Ask<Article> {
    Ask::new(to, "articles.get", Does::Read, (Method::GET, &["articles", id.as_str()], &[]), None, json)
}

/// `GET /articles`: one page, those that changed last first.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Article>> {
    ask(to, "articles.list", (Method::GET, &["articles"], &[]), per_page, after, numbered_page)
}

/// `PUT /articles/{id}`.
pub fn update(to: &Endpoint, id: &ArticleId, fields: &ArticleUpdate) -> Ask<Article> {
    let call = (Method::PUT, &["articles", id.as_str()][..], &[][..]);
    Ask::new(to, "articles.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `DELETE /articles/{id}`: permanent.
pub fn delete(to: &Endpoint, id: &ArticleId) -> Ask<()> {
    let call = (Method::DELETE, &["articles", id.as_str()][..], &[][..]);
    Ask::new(to, "articles.delete", Does::Overwrite, call, None, nothing)
}

/// Which articles [`search`] looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArticleState {
    /// Drafts and published ones.
    #[default]
    All,
    /// Drafts.
    Draft,
    /// Published ones.
    Published,
}

/// `GET /articles/search`: one page of those that contain the phrase.
pub fn search(
    to: &Endpoint,
    phrase: &str,
    state: ArticleState,
    help_center: Option<&HelpCenterId>,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Article>> {
    let state = match state {
        ArticleState::All => "all",
        ArticleState::Draft => "draft",
        ArticleState::Published => "published",
    };
    let mut query = vec![("phrase", phrase), ("state", state)];
    query.extend(help_center.map(|id| ("help_center_id", id.as_str())));
    let call = (Method::GET, &["articles", "search"][..], &query[..]);
    ask(to, "articles.search", call, per_page, after, read_found)
}

fn read_found(answer: &Response) -> Result<Page<Article>> {
    #[derive(Default, Deserialize)]
    struct Found {
        #[serde(default, deserialize_with = "or_default")]
        articles: Vec<Article>,
    }
    #[derive(Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "or_default")]
        data: Found,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        pages: crate::page::Pages,
    }
    let list: List = json(answer)?;
    Ok(Page { items: list.data.articles, total: list.total_count, next: list.pages.following() })
}

/// `POST /articles/{id}/tags`: attaching twice is attaching once. Needs the permission to manage the knowledge base.
pub fn attach_tag(to: &Endpoint, id: &ArticleId, tag: &TagId, by: Option<&AdminId>) -> Ask<Tag> {
    let mut body = json!({"id": tag.as_str()});
    if let Some(by) = by {
        body["admin_id"] = by.as_str().into();
    }
    let call = (Method::POST, &["articles", id.as_str(), "tags"][..], &[][..]);
    Ask::new(to, "articles.attach_tag", Does::Overwrite, call, Some(Body::json(&body)), json)
}

/// `DELETE /articles/{id}/tags/{tag}`.
pub fn detach_tag(to: &Endpoint, id: &ArticleId, tag: &TagId) -> Ask<()> {
    let call = (Method::DELETE, &["articles", id.as_str(), "tags", tag.as_str()][..], &[][..]);
    Ask::new(to, "articles.detach_tag", Does::Overwrite, call, None, nothing)
}

/// Articles of the help centres.
#[derive(Clone, Copy, Debug)]
pub struct Articles<'c>(pub(crate) &'c Client);

impl<'c> Articles<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewArticle) -> Pending<'c, Article> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`get`].
    pub fn get(self, id: &ArticleId) -> Pending<'c, Article> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Article>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every article.
    pub fn list_all(self) -> All<'c, Article> {
        All::new(move |after| Box::pin(async move { self.list(PER_PAGE, after.as_ref()).await }))
    }
    /// See [`update`].
    pub fn update(self, id: &ArticleId, fields: &ArticleUpdate) -> Pending<'c, Article> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`delete`].
    pub fn delete(self, id: &ArticleId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
    /// Every article that contains the phrase; see [`search`].
    pub fn search_all(
        self,
        phrase: &str,
        state: ArticleState,
        help_center: Option<&HelpCenterId>,
    ) -> All<'c, Article> {
        let (phrase, help_center) = (phrase.to_owned(), help_center.cloned());
        All::new(move |after| {
            let ask =
                search(self.0.endpoint(), &phrase, state, help_center.as_ref(), PER_PAGE, after.as_ref());
            Box::pin(self.0.pending(ask).into_future())
        })
    }
    /// See [`attach_tag`].
    pub fn attach_tag(self, id: &ArticleId, tag: &TagId, by: Option<&AdminId>) -> Pending<'c, Tag> {
        self.0.pending(attach_tag(self.0.endpoint(), id, tag, by))
    }
    /// See [`detach_tag`].
    pub fn detach_tag(self, id: &ArticleId, tag: &TagId) -> Pending<'c, ()> {
        self.0.pending(detach_tag(self.0.endpoint(), id, tag))
    }
}
