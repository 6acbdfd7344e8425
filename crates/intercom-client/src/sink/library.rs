//! The calls of collections and articles.

use super::IntercomSink;
use super::absent::{LEFT, STANDS_IN};
use super::contact::CLOCK_SKEW;
use super::conversation::attached_tag;
use super::markup::addressed;
use super::matched::{KEPT, is_matched};
use super::shape_library::{TITLE, credit, is_internal};
use super::steps;
use super::whole::whole;
use crate::api::articles::Translation;
use crate::api::search::MOST_PER_PAGE;
use crate::api::{
    Article, ArticleUpdate, Collection, CollectionUpdate, InternalArticle, InternalArticleUpdate, NewArticle,
    NewCollection, NewInternalArticle,
};
use crate::{AdminId, ArticleId, CollectionId, InternalArticleId};
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mapping_core::mention::record_of_href;
use mapping_core::{
    Body, Call, Candidate, Draft, Error, ErrorKind, Format, Link, Loss, LossRule, Made, Part, Prepared,
    Private, Receipt, RemoteRef, Result, Value,
};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The note that names what had the key before we came.
pub(super) const EXISTING: &str = "existing";
/// The note of when a create was prepared first; what is older was there before.
pub(super) const AT: &str = "at";
impl IntercomSink {
    pub(super) async fn prepare_library(&self, call: &Call<'_>) -> Result<Prepared> {
        match &*call.step.op {
            steps::COLLECTION_CREATE => self.prepare_collection(call).await,
            steps::COLLECTION_DELETE => self.refuse_with_content(call).await.map(|()| Prepared::default()),
            // What was there before is never changed.
            steps::COLLECTION_UPDATE if is_matched(call) => {
                Ok(Prepared { skip: true, ..Prepared::default() })
            }
            steps::ARTICLE_CREATE => {
                let mut notes = began(call);
                if let Some(acting) = self.stand_in_for(&author(call.draft)?).await? {
                    notes.insert(STANDS_IN.into(), acting.to_string());
                }
                Ok(Prepared { notes, ..Prepared::default() })
            }
            steps::ARTICLE_TAG => {
                self.acting().await?;
                Ok(Prepared::default())
            }
            steps::ARTICLE_LINK => {
                let mut notes = BTreeMap::new();
                for href in links(call.draft) {
                    if let Some(address) = self.address_of(&href, call.refs).await? {
                        notes.insert(href, address);
                    }
                }
                Ok(Prepared { notes, ..Prepared::default() })
            }
            _ => Ok(Prepared::default()),
        }
    }

    /// A collection of this name at this place that this sink didn't make stands for the record.
    async fn prepare_collection(&self, call: &Call<'_>) -> Result<Prepared> {
        let mut notes = began(call);
        let same = self.same_collections(call).await?;
        let ours = self.made_here(&same);
        match same.iter().filter(|c| !ours.contains(&c.id.to_string())).min_by_key(|c| c.created_at) {
            Some(there) => {
                notes.insert(EXISTING.into(), there.id.to_string());
                let theirs = there.description.as_deref().unwrap_or_default();
                if call.draft.text("description") != theirs {
                    notes.insert(KEPT.into(), "description".into());
                }
            }
            // Those of one name that other records made: none of them is this one's.
            None if !ours.is_empty() => {
                notes.insert("others".into(), ours.join(","));
            }
            None => {}
        }
        Ok(Prepared { notes, ..Prepared::default() })
    }

    pub(super) async fn collections(&self) -> Result<Vec<Collection>> {
        let all = self.client.collections();
        whole(
            |after| async move { all.list(MOST_PER_PAGE, after.as_ref()).await },
            |c: &Collection| c.id.as_str(),
        )
        .await
    }

    pub(super) async fn articles(&self) -> Result<Vec<Article>> {
        let all = self.client.articles();
        whole(
            |after| async move { all.list(MOST_PER_PAGE, after.as_ref()).await },
            |a: &Article| a.id.as_str(),
        )
        .await
    }

    pub(super) async fn internal_articles(&self) -> Result<Vec<InternalArticle>> {
        let all = self.client.internal_articles();
        whole(
            |after| async move { all.list(MOST_PER_PAGE, after.as_ref()).await },
            |a: &InternalArticle| a.id.as_str(),
        )
        .await
    }

    /// Collections of the draft's name in the draft's place.
    async fn same_collections(&self, call: &Call<'_>) -> Result<Vec<Collection>> {
        let parent = call.field_link("parent")?.map(|p| p.id.to_string());
        let name = call.draft.text("name");
        let mut all = self.collections().await?;
        all.retain(|c| {
            c.name.as_deref() == Some(name) && c.parent_id.as_ref().map(ToString::to_string) == parent
        });
        Ok(all)
    }

    /// Nobody says what becomes of what is in a collection that is deleted; what is ours was deleted before.
    async fn refuse_with_content(&self, call: &Call<'_>) -> Result<()> {
        let id = CollectionId::from(call.target()?.id.as_str());
        let inner = self.collections().await?.into_iter().any(|c| c.parent_id.as_ref() == Some(&id));
        let holds = |a: &Article| a.parent_ids.contains(&id) || a.parent_id.as_ref() == Some(&id);
        if inner || self.articles().await?.iter().any(holds) {
            let message = "the collection holds something that this run didn't make, and stays";
            return Err(Error::not_sent(ErrorKind::Edited, message).with("collection", &id));
        }
        Ok(())
    }

    pub(super) async fn perform_library(&self, call: &Call<'_>) -> Result<Receipt> {
        match &*call.step.op {
            steps::COLLECTION_CREATE => return self.create_collection(call).await,
            steps::ARTICLE_CREATE => return self.create_article(call).await,
            _ => {}
        }
        let target = call.target()?;
        let by = self.acting().await?;
        let (articles, internals) = (self.client.articles(), self.client.internal_articles());
        let public = ArticleId::from(target.id.as_str());
        let inner = InternalArticleId::from(target.id.as_str());
        let internal = target.kind == "internal_article";
        match &*call.step.op {
            steps::COLLECTION_UPDATE => {
                let id = CollectionId::from(target.id.as_str());
                self.client.collections().update(&id, &collection_fields(call)?).await?;
            }
            steps::COLLECTION_DELETE => {
                let id = CollectionId::from(target.id.as_str());
                return removed(call, self.client.collections().delete(&id).await);
            }
            steps::ARTICLE_TAG if internal => {
                internals.attach_tag(&inner, &attached_tag(call)?, Some(&by)).await?;
                // Reads of internal articles show no tags.
                return Ok(Receipt::nothing().output(KEPT, "tags"));
            }
            steps::ARTICLE_TAG => {
                articles.attach_tag(&public, &attached_tag(call)?, Some(&by)).await.map(drop)?
            }
            steps::ARTICLE_UPDATE if internal => {
                let fields = internal_fields(&said(call), &|_| None)?.title(call.draft.text("title"));
                internals.update(&inner, &fields).await?;
            }
            steps::ARTICLE_UPDATE => {
                let fields = article_fields(call, &said(call), &|_| None)?.title(call.draft.text("title"));
                articles.update(&public, &fields).await?;
            }
            steps::ARTICLE_LINK => return self.link(call).await,
            steps::ARTICLE_DELETE if internal => return removed(call, internals.delete(&inner).await),
            steps::ARTICLE_DELETE => return removed(call, articles.delete(&public).await),
            other => return Err(super::unknown_step(other)),
        }
        Ok(Receipt::nothing())
    }

    async fn create_collection(&self, call: &Call<'_>) -> Result<Receipt> {
        if let Some(id) = call.prepared.notes.get(EXISTING) {
            return Ok(matched(call, RemoteRef::new("collection", id.as_str())));
        }
        let new = NewCollection::new(call.draft.text("name")).with(collection_fields(call)?);
        let made = self.client.collections().create(&new).await?;
        self.remember_made(made.id.as_str());
        Ok(Receipt::new(Made::Created(RemoteRef::new("collection", made.id.as_str()))))
    }

    async fn create_article(&self, call: &Call<'_>) -> Result<Receipt> {
        let said = said(call);
        let (draft, by) = (&*said, author(&said)?);
        let stands_in = call.prepared.notes.contains_key(STANDS_IN);
        let refused = |e: Error| if stands_in { e } else { self.refused_author(&by, e) };
        let remote = if is_internal(draft) {
            let fields = internal_fields(draft, &|_| None)?;
            let new = NewInternalArticle::new(draft.text("title"), &by, &by).with(fields);
            let made = self.client.internal_articles().create(&new).await.map_err(refused)?;
            RemoteRef::new("internal_article", made.id.as_str())
        } else {
            let new = NewArticle::new(draft.text("title"), &by).with(article_fields(call, draft, &|_| None)?);
            let made = self.client.articles().create(&new).await.map_err(refused)?;
            RemoteRef::new("article", made.id.as_str())
        };
        Ok(created(call, remote))
    }

    /// Writes the texts once more, with the addresses of the articles that they mention.
    async fn link(&self, call: &Call<'_>) -> Result<Receipt> {
        let known = |href: &str| call.prepared.notes.get(href).cloned();
        let target = call.target()?;
        if !call.prepared.notes.is_empty() {
            if target.kind == "internal_article" {
                let fields = internal_fields(&said(call), &known)?;
                self.client
                    .internal_articles()
                    .update(&InternalArticleId::from(target.id.as_str()), &fields)
                    .await?;
            } else {
                let fields = linked_fields(&said(call), &known)?;
                self.client.articles().update(&ArticleId::from(target.id.as_str()), &fields).await?;
            }
        }
        let open = links(call.draft).into_iter().filter(|href| known(href).is_none());
        let lose = |receipt: Receipt, href: String| {
            let to = record_of_href(&href).map(|record| record.to_string()).unwrap_or_default();
            let why =
                format!("the link leads to {to}, which has no address at the destination; its text stays");
            receipt.loss(Loss::new(call.draft.source.clone(), "body.links", LossRule::Dropped, why))
        };
        let receipt = open.fold(Receipt::nothing(), lose);
        let unlike = |(_, part): &(usize, &Part)| {
            part.body.mentions().iter().any(|href| record_of_href(href).is_some() && known(href).is_none())
        };
        let kept: Vec<String> = (call.draft.parts.iter().enumerate().filter(unlike))
            .map(|(i, _)| format!("parts[{i}].body.links"))
            .collect();
        Ok(if kept.is_empty() { receipt } else { receipt.output(KEPT, kept.join(",")) })
    }

    pub(super) async fn settle_library(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let agrees = |made: Made| Candidate { receipt: Receipt::new(made), agrees: true };
        match &*call.step.op {
            steps::COLLECTION_CREATE => {
                if let Some(id) = call.prepared.notes.get(EXISTING) {
                    let receipt = matched(call, RemoteRef::new("collection", id.as_str()));
                    return Ok(vec![Candidate { receipt, agrees: true }]);
                }
                let others = call.prepared.notes.get("others").map(String::as_str).unwrap_or_default();
                let since = since(call)?;
                let found = self.same_collections(call).await?.into_iter();
                Ok(found
                    .filter(|c| c.created_at.is_none_or(|at| at >= since))
                    .map(|c| RemoteRef::new("collection", c.id.as_str()))
                    .filter(|c| !others.split(',').any(|other| c.id == other))
                    .map(|c| {
                        // Another record of its name gets one of its own, as after an answer that came.
                        self.remember_made(&c.id);
                        agrees(Made::Created(c))
                    })
                    .collect())
            }
            steps::ARTICLE_CREATE if is_internal(call.draft) => {
                let since = since(call)?;
                let found = self.internal_articles().await?;
                let text = |a: &InternalArticle| canonical(a.body.as_ref());
                let same = found.into_iter().filter(|a| a.created_at.is_none_or(|at| at >= since));
                Ok(same
                    .filter(|a| a.title.as_deref() == Some(call.draft.text("title")))
                    .map(|a| Candidate {
                        agrees: text(&a) == wanted_text(&said(call)),
                        receipt: created(call, RemoteRef::new("internal_article", a.id.as_str())),
                    })
                    .collect())
            }
            steps::ARTICLE_CREATE => self.settle_article(call).await,
            _ => Ok(Vec::new()),
        }
    }

    /// Articles of the same title and place, newest first, as far back as the attempt.
    async fn settle_article(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let since = since(call)?;
        let parent = call.field_link("collection")?.map(|c| c.id.to_string());
        let mut found = Vec::new();
        let mut all = self.client.articles().list_all();
        while let Some(a) = all.try_next().await? {
            if a.updated_at.is_some_and(|at| at < since) {
                break;
            }
            let new = a.created_at.is_none_or(|at| at >= since);
            let here = a.parent().map(ToString::to_string) == parent;
            if new && here && a.title.as_deref() == Some(call.draft.text("title")) {
                let remote = RemoteRef::new("article", a.id.as_str());
                let agrees = canonical(a.body.as_ref()) == wanted_text(&said(call));
                found.push(Candidate { receipt: created(call, remote), agrees });
            }
        }
        found.dedup();
        Ok(found)
    }
}

/// When this create was prepared first; what is a bit older may be of an attempt of ours whose clock was behind.
fn since(call: &Call<'_>) -> Result<Timestamp> {
    let at = call.prepared.notes.get(AT).and_then(|at| at.parse().ok());
    let at = at
        .and_then(|at| Timestamp::from_second(at).ok())
        .ok_or_else(|| Error::bug("no time was prepared"))?;
    Ok(at.saturating_sub(CLOCK_SKEW).unwrap_or(at))
}

/// The note of when a create was prepared first; an attempt that is prepared again keeps it.
pub(super) fn began(call: &Call<'_>) -> BTreeMap<String, String> {
    let mine = call.so_far.entries.iter().find(|e| e.step == *call.step);
    let before = mine.and_then(|e| e.prepared.notes.get(AT)).cloned();
    let at = before.unwrap_or_else(|| call.now.as_second().to_string());
    BTreeMap::from([(AT.to_owned(), at)])
}

/// A receipt for what was there before, with what it keeps.
pub(super) fn matched(call: &Call<'_>, remote: RemoteRef) -> Receipt {
    let kept = call.prepared.notes.get(KEPT).map(String::as_str).unwrap_or_default();
    let lose = |receipt: Receipt, field: &str| {
        let why = "it was there before and keeps its own";
        let mut loss = Loss::new(call.draft.source.clone(), field, LossRule::Dropped, why);
        loss.before = Some(Private::from(super::fields::shown(call.draft.field(field))));
        receipt.loss(loss)
    };
    let receipt = kept.split(',').filter(|f| !f.is_empty()).fold(Receipt::new(Made::Matched(remote)), lose);
    receipt.output(KEPT, kept)
}

fn removed(call: &Call<'_>, gone: Result<()>) -> Result<Receipt> {
    match gone {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(Receipt::new(Made::Removed(call.target()?.clone()))),
    }
}

fn canonical(body: Option<&Private>) -> String {
    body.map(|b| mapping_core::text::canonical(Format::Html, b)).unwrap_or_default()
}

fn wanted_text(draft: &Draft) -> String {
    draft.parts.first().map(|p| p.body.canonical()).unwrap_or_default()
}

/// The draft as it is written: when its author has left, under the acting teammate, and naming the author.
fn said<'a>(call: &Call<'a>) -> Cow<'a, Draft> {
    let so_far = call.so_far.entries.iter().filter(|e| e.step.op == steps::ARTICLE_CREATE);
    let noted = so_far.filter_map(|e| e.prepared.notes.get(STANDS_IN)).next_back();
    let Some(acting) = call.prepared.notes.get(STANDS_IN).or(noted) else { return Cow::Borrowed(call.draft) };
    let mut draft = call.draft.clone();
    let acting = Link::Remote(RemoteRef::new("admin", acting.as_str()));
    draft.fields.insert("author".into(), Value::Link(acting));
    if let Some(first) = draft.parts.first_mut() {
        let name = first.author.name.take();
        let name = name.as_ref().map_or("an unknown author", |n| n.as_str());
        first.body = Body::html(format!("{}{}", first.body.text.as_str(), credit(name)));
    }
    Cow::Owned(draft)
}

/// The receipt of an article that was made.
fn created(call: &Call<'_>, remote: RemoteRef) -> Receipt {
    let receipt = Receipt::new(Made::Created(remote));
    if !call.prepared.notes.contains_key(STANDS_IN) {
        return receipt;
    }
    let authors = (0..call.draft.parts.len()).map(|i| format!("parts[{i}].author"));
    let kept: Vec<String> =
        ["author".to_owned(), "parts[0].body".to_owned()].into_iter().chain(authors).collect();
    receipt.output(KEPT, kept.join(",")).loss(Loss::new(
        call.draft.source.clone(),
        "author",
        LossRule::Defaulted,
        LEFT,
    ))
}

/// Links to records in a draft's texts, each once.
pub(super) fn links(draft: &Draft) -> Vec<String> {
    let mut all: Vec<String> = draft.parts.iter().flat_map(|p| p.body.mentions()).collect();
    all.retain(|href| record_of_href(href).is_some());
    all.sort();
    all.dedup();
    all
}

fn author(draft: &Draft) -> Result<AdminId> {
    let author = super::shape_library::remote_of(draft, "author");
    author
        .map(|a| AdminId::from(a.id.as_str()))
        .ok_or_else(|| Error::bug("a shaped article has a teammate for its author"))
}

fn collection_fields(call: &Call<'_>) -> Result<CollectionUpdate> {
    let mut fields = CollectionUpdate::new().name(call.draft.text("name"));
    if call.draft.fields.contains_key("description") {
        fields = fields.description(call.draft.text("description"));
    }
    let parent = call.field_link("parent")?.map(|p| CollectionId::from(p.id.as_str()));
    Ok(match parent {
        Some(parent) => fields.parent(Some(&parent)),
        None => fields,
    })
}

type Address<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

fn internal_fields(draft: &Draft, address: Address<'_>) -> Result<InternalArticleUpdate> {
    let body = draft.parts.first().map(|p| addressed(&p.body, address)).unwrap_or_default();
    Ok(InternalArticleUpdate::new().body(body).author(&author(draft)?))
}

/// The texts in every language, with their titles: a translation is written whole.
fn linked_fields(draft: &Draft, address: Address<'_>) -> Result<ArticleUpdate> {
    let author = author(draft)?;
    let mut fields = ArticleUpdate::new();
    let published = draft.text("state") == "published";
    for (index, part) in draft.parts.iter().enumerate() {
        let body = addressed(&part.body, address);
        if index == 0 {
            fields = fields.body(body);
            continue;
        }
        let title = draft.text(&format!("{TITLE}{}", part.key));
        let content = Translation::new(title).author(&author).body(body).published(published);
        fields = fields.translation(&part.key, content);
    }
    Ok(fields)
}

fn article_fields(call: &Call<'_>, draft: &Draft, address: Address<'_>) -> Result<ArticleUpdate> {
    let mut fields = linked_fields(draft, address)?.author(&author(draft)?);
    fields = fields.published(draft.text("state") == "published");
    if draft.fields.contains_key("description") {
        fields = fields.description(draft.text("description"));
    }
    if let Some(collection) = call.field_link("collection")? {
        fields = fields.collection(&CollectionId::from(collection.id.as_str()));
    }
    Ok(fields)
}
