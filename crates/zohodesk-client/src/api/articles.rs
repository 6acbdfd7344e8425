//! `/articles`. Author and owner can be set, times can't.

use crate::api::attachments::{Attachment, form};
use crate::api::mass::{MassResult, results};
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json};
use crate::id::{AgentId, ArticleId, CategoryId, DepartmentId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, begun_empty, body, handle, private, query, range, text, time};
use connector_http::{Boundary, FilePart, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Private, Result};
use serde_json::{Value, json};

answer! {
    /// An article.
    Article(ArticleId) {
        /// Its title.
        title "private": Option<Private>;
        /// Its text in HTML; lists leave it out.
        answer "private": Option<Private>;
        /// The section or category it is in.
        category_id "link": Option<CategoryId>;
        /// `Draft`, `Published`, `Review`, `Expired`, `Unpublished`.
        status "text": Option<String>;
        /// Who sees it: `ALL`, `REGISTEREDUSERS`, `AGENTS`.
        permission "text": Option<String>;
        /// Its name in addresses.
        permalink "text": Option<String>;
        /// Who wrote it.
        author_id "link": Option<AgentId>;
        /// Who looks after it.
        owner_id "link": Option<AgentId>;
        /// When it was made at Desk.
        created_time "time": Option<Timestamp>;
        /// When it was last changed.
        modified_time "time": Option<Timestamp>;
    }
}

macro_rules! article_body {
    ($(#[$doc:meta])* $name:ident) => {
        body! {
            $(#[$doc])*
            $name {
                /// Who sees it: `ALL`, `REGISTEREDUSERS` or `AGENTS`.
                permission "permission": &str;
                /// Who wrote it.
                author "authorId": &AgentId;
                /// Who looks after it.
                owner "ownerId": &AgentId;
                /// Its department.
                department "departmentId": &DepartmentId;
                /// Its tags: lower case letters, digits, `_ - + %`.
                tags "tags": &[&str];
                /// Its name in addresses.
                permalink "permalink": &str;
                /// Its title for search engines.
                seo_title "seoTitle": &str;
                /// Its description for search engines.
                seo_description "seoDescription": &str;
            }
        }
    };
}

article_body! {
    /// An article to be made.
    NewArticle
}
article_body! {
    /// Fields of an article to be written; what isn't set stays as it is.
    ArticleUpdate
}
begun_empty!(ArticleUpdate);

impl NewArticle {
    /// A draft with this title (300 characters at most) and text, in a section that has none below it.
    pub fn draft(title: &str, answer: &str, category: &CategoryId) -> Self {
        let mut new = Self::default();
        for (key, value) in
            [("title", title), ("answer", answer), ("categoryId", category.as_str()), ("status", "Draft")]
        {
            new.0.0.insert(key.to_owned(), value.into());
        }
        new
    }
    /// Published at once.
    pub fn published(mut self) -> Self {
        self.0.0.insert("status".to_owned(), "Published".into());
        self
    }
}

impl ArticleUpdate {
    fn set(mut self, key: &str, value: &str) -> Self {
        self.0.0.insert(key.to_owned(), value.into());
        self
    }
    /// The title.
    pub fn title(self, title: &str) -> Self {
        self.set("title", title)
    }
    /// The text in HTML.
    pub fn answer(self, answer: &str) -> Self {
        self.set("answer", answer)
    }
    /// The section.
    pub fn category(self, id: &CategoryId) -> Self {
        self.set("categoryId", id.as_str())
    }
    /// `Draft`, `Published`, `Review` or `Unpublished`.
    pub fn status(self, status: &str) -> Self {
        self.set("status", status)
    }
}

query! {
    /// Which articles, in which order.
    ArticleQuery {
        /// Those in this section.
        category "categoryId": &CategoryId;
        /// Those of this author.
        author "authorId": &AgentId;
        /// Those with one of these: `Draft`, `Published`, `Review`, `Expired`, `Unpublished`.
        statuses "status": &[&str];
        /// Those that these see: `ALL`, `REGISTEREDUSERS`, `AGENTS`.
        permissions "permission": &[&str];
        /// `createdTime`, `modifiedTime` and others; with `-` in front the other way round.
        sort_by "sortBy": &str;
    }
}

impl ArticleQuery {
    /// Changed in this range of time.
    pub fn modified(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.0.0.insert("modifiedTimeRange".to_owned(), range(from, to));
        self
    }
}

/// `GET /articles`: one page.
pub fn list(to: &Endpoint, query: &ArticleQuery, at: At) -> Ask<Page<Article>> {
    ask(to, "articles.list", (&["articles"], query.parameters()), (Paging::ARTICLES, at), data)
}

/// `GET /articles/{id}`.
pub fn get(to: &Endpoint, id: &ArticleId) -> Ask<Article> {
    Ask::new(
        to,
        "articles.get",
        Does::Get,
        (Method::GET, &["articles", id.as_str()], &[]),
        Payload::None,
        json,
    )
}

/// `POST /articles`. A published one may mail those who follow its section.
pub fn create(to: &Endpoint, new: &NewArticle) -> Ask<Article> {
    Ask::new(to, "articles.create", Does::Create, (Method::POST, &["articles"], &[]), body(new), json)
}

/// `PATCH /articles/{id}`.
pub fn update(to: &Endpoint, id: &ArticleId, fields: &ArticleUpdate) -> Ask<Article> {
    let call = (Method::PATCH, &["articles", id.as_str()][..], &[][..]);
    Ask::new(to, "articles.update", Does::Overwrite, call, body(fields), json)
}

/// `POST /articles/moveToTrash`: what became of each is in the answer.
pub fn trash(to: &Endpoint, ids: &[ArticleId]) -> Ask<Vec<MassResult>> {
    let call = (Method::POST, &["articles", "moveToTrash"][..], &[][..]);
    Ask::new(to, "articles.trash", Does::Overwrite, call, body(&json!({"ids": ids})), results)
}

/// `POST /articles/checkPermalinkAvailability`. The shape of the answer isn't documented: it is given as it is.
pub fn check_permalink(to: &Endpoint, permalink: &str, locale: &str) -> Ask<Value> {
    let call = (Method::POST, &["articles", "checkPermalinkAvailability"][..], &[][..]);
    let sent = json!({"permalink": permalink, "locale": locale});
    Ask::new(to, "articles.check_permalink", Does::Get, call, body(&sent), read_whatever)
}

fn read_whatever(answer: &Response) -> Result<Value> {
    Ok(crate::endpoint::maybe(answer)?.unwrap_or(Value::Null))
}

/// `POST /articles/{id}/translations/{locale}/attachments`: streams a file.
pub fn attach(
    to: &Endpoint,
    id: &ArticleId,
    locale: &str,
    file: FilePart,
    boundary: Boundary,
) -> Ask<Option<Attachment>> {
    let path = ["articles", id.as_str(), "translations", locale, "attachments"];
    let query = [("attachmentType", "file".to_owned())];
    let call = (Method::POST, &path[..], &query[..]);
    Ask::new(to, "articles.attach", Does::Create, call, form(file, boundary), crate::endpoint::maybe)
}

handle! {
    /// Articles of the portal.
    Articles {
        list(query: &ArticleQuery, at: At) -> Page<Article>;
        get(id: &ArticleId) -> Article;
        create(new: &NewArticle) -> Article;
        update(id: &ArticleId, fields: &ArticleUpdate) -> Article;
        trash(ids: &[ArticleId]) -> Vec<MassResult>;
        check_permalink(permalink: &str, locale: &str) -> Value;
        attach(id: &ArticleId, locale: &str, file: FilePart, boundary: Boundary) -> Option<Attachment>;
        @all list_all(query: &ArticleQuery) -> Article = list by ARTICLES;
    }
}
