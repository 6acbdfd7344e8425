//! `/internal_articles`: articles for teammates. They are in no collection and have no draft state.

use super::tags::Tag;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, InternalArticleId, TagId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, number, numbered_page, time};
use connector_http::Body;
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Articles asked for at once.
const PER_PAGE: u32 = 50;

/// An internal article.
#[derive(Clone, Debug, Deserialize)]
pub struct InternalArticle {
    /// Its id.
    pub id: InternalArticleId,
    /// Its title.
    #[serde(default)]
    pub title: Option<Private>,
    /// Its text as HTML, as Intercom tidied it up.
    #[serde(default)]
    pub body: Option<Private>,
    /// The teammate it is by.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub author_id: Option<AdminId>,
    /// The teammate who looks after it.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub owner_id: Option<AdminId>,
    /// Its language.
    #[serde(default)]
    pub locale: Option<String>,
    /// When it was made; never writable.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// Whether the AI agent answers from it.
    #[serde(default)]
    pub ai_chatbot_availability: Option<bool>,
    /// Whether the AI copilot answers from it.
    #[serde(default)]
    pub ai_copilot_availability: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Fields of an internal article to be written; what isn't set stays as it is.
#[must_use]
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct InternalArticleUpdate(Map<String, Value>);

impl std::fmt::Debug for InternalArticleUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl InternalArticleUpdate {
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
    /// The text as HTML.
    pub fn body(self, html: impl Into<String>) -> Self {
        self.set("body", html.into())
    }
    /// The teammate it is by.
    pub fn author(self, id: &AdminId) -> Self {
        self.set("author_id", number(id.as_str()))
    }
    /// The teammate who looks after it.
    pub fn owner(self, id: &AdminId) -> Self {
        self.set("owner_id", number(id.as_str()))
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

/// An internal article to be made; no AI feature answers from it, unless it is said otherwise.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewInternalArticle(InternalArticleUpdate);

impl NewInternalArticle {
    /// An article by one teammate that another one, or the same, looks after.
    pub fn new(title: impl Into<String>, author: &AdminId, owner: &AdminId) -> Self {
        let fields = InternalArticleUpdate::new().title(title).author(author).owner(owner);
        NewInternalArticle(fields.available_to_ai(false))
    }
    /// Sets the other fields.
    pub fn with(mut self, fields: InternalArticleUpdate) -> Self {
        self.0.0.extend(fields.0);
        self
    }
}

/// `POST /internal_articles`. Nothing keeps two from being the same.
pub fn create(to: &Endpoint, new: &NewInternalArticle) -> Ask<InternalArticle> {
    let call = (Method::POST, &["internal_articles"][..], &[][..]);
    Ask::new(to, "internal_articles.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `GET /internal_articles/{id}`.
pub fn get(to: &Endpoint, id: &InternalArticleId) -> Ask<InternalArticle> {
    let call = (Method::GET, &["internal_articles", id.as_str()][..], &[][..]);
    Ask::new(to, "internal_articles.get", Does::Read, call, None, json)
}

/// `GET /internal_articles`: one page.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<InternalArticle>> {
    let call = (Method::GET, &["internal_articles"][..], &[][..]);
    ask(to, "internal_articles.list", call, per_page, after, numbered_page)
}

/// `PUT /internal_articles/{id}`.
pub fn update(to: &Endpoint, id: &InternalArticleId, fields: &InternalArticleUpdate) -> Ask<InternalArticle> {
    let call = (Method::PUT, &["internal_articles", id.as_str()][..], &[][..]);
    Ask::new(to, "internal_articles.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `DELETE /internal_articles/{id}`: permanent.
pub fn delete(to: &Endpoint, id: &InternalArticleId) -> Ask<()> {
    let call = (Method::DELETE, &["internal_articles", id.as_str()][..], &[][..]);
    Ask::new(to, "internal_articles.delete", Does::Overwrite, call, None, nothing)
}

/// `POST /internal_articles/{id}/tags`: attaching twice is attaching once.
pub fn attach_tag(to: &Endpoint, id: &InternalArticleId, tag: &TagId, by: Option<&AdminId>) -> Ask<Tag> {
    let mut body = json!({"id": tag.as_str()});
    if let Some(by) = by {
        body["admin_id"] = by.as_str().into();
    }
    let call = (Method::POST, &["internal_articles", id.as_str(), "tags"][..], &[][..]);
    Ask::new(to, "internal_articles.attach_tag", Does::Overwrite, call, Some(Body::json(&body)), json)
}

/// `DELETE /internal_articles/{id}/tags/{tag}`.
pub fn detach_tag(to: &Endpoint, id: &InternalArticleId, tag: &TagId) -> Ask<()> {
    let call = (Method::DELETE, &["internal_articles", id.as_str(), "tags", tag.as_str()][..], &[][..]);
    Ask::new(to, "internal_articles.detach_tag", Does::Overwrite, call, None, nothing)
}

/// Internal articles of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct InternalArticles<'c>(pub(crate) &'c Client);

impl<'c> InternalArticles<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewInternalArticle) -> Pending<'c, InternalArticle> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`get`].
    pub fn get(self, id: &InternalArticleId) -> Pending<'c, InternalArticle> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<InternalArticle>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every internal article.
    pub fn list_all(self) -> All<'c, InternalArticle> {
        All::new(move |after| Box::pin(async move { self.list(PER_PAGE, after.as_ref()).await }))
    }
    /// See [`update`].
    pub fn update(
        self,
        id: &InternalArticleId,
        fields: &InternalArticleUpdate,
    ) -> Pending<'c, InternalArticle> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`delete`].
    pub fn delete(self, id: &InternalArticleId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
    /// See [`attach_tag`].
    pub fn attach_tag(self, id: &InternalArticleId, tag: &TagId, by: Option<&AdminId>) -> Pending<'c, Tag> {
        self.0.pending(attach_tag(self.0.endpoint(), id, tag, by))
    }
    /// See [`detach_tag`].
    pub fn detach_tag(self, id: &InternalArticleId, tag: &TagId) -> Pending<'c, ()> {
        self.0.pending(detach_tag(self.0.endpoint(), id, tag))
    }
}
