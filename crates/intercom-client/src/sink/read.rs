//! Objects in the form that shaping promised.

use super::IntercomSink;
use super::address::Addresses;
use super::contact::{observed_fields, remote};
use super::fields::{PREFIX, observed};
use super::listing::{named, whole};
use super::reply::is_message;
use super::shape_library::TITLE;
use crate::api::conversations::{Attachment, Author as WireAuthor, Conversation, ConversationPart};
use crate::api::{Article, Collection, Company, Contact, InternalArticle, Model};
use crate::{
    AdminId, ArticleId, CollectionId, CompanyId, ContactId, ConversationId, InternalArticleId, OfficeHoursId,
};
use futures_util::TryStreamExt as _;
use mapping_core::{
    Author, Blob, Body, Draft, ErrorKind, Link, Observed, Part, Private, RemoteRef, Result, Role, Value,
    Visibility, Window,
};
use std::collections::BTreeSet;

impl IntercomSink {
    pub(super) async fn read_object(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        match at.kind.as_str() {
            "conversation" => {
                let found =
                    found(self.client.conversations().get(&ConversationId::from(at.id.as_str())).await)?;
                Ok(found.map(|it| conversation(&it)))
            }
            "contact" => {
                let found = self.find_contact(&ContactId::from(at.id.as_str())).await?;
                match found {
                    Some(contact) => self.whole_contact(contact).await.map(Some),
                    None => Ok(None),
                }
            }
            "company" => {
                let company = found(self.client.companies().get(&CompanyId::from(at.id.as_str())).await)?;
                Ok(company.map(|company| {
                    let mut draft = named(at);
                    draft.fields = super::company::observed_fields(&company);
                    whole(draft)
                }))
            }
            "collection" => {
                let id = CollectionId::from(at.id.as_str());
                Ok(found(self.client.collections().get(&id).await)?.map(|it| collection(&it)))
            }
            "article" => {
                let Some(it) = found(self.client.articles().get(&ArticleId::from(at.id.as_str())).await)?
                else {
                    return Ok(None);
                };
                let addresses = self.addresses().await?;
                Ok(Some(article(&it, addresses)))
            }
            "internal_article" => {
                let id = InternalArticleId::from(at.id.as_str());
                let Some(it) = found(self.client.internal_articles().get(&id).await)? else {
                    return Ok(None);
                };
                let addresses = self.addresses().await?;
                Ok(Some(internal_article(&it, addresses)))
            }
            "office_hours" => {
                match found(self.client.office_hours().get(&OfficeHoursId::from(at.id.as_str())).await)? {
                    Some(it) => self.whole_schedule(it).await.map(Some),
                    None => Ok(None),
                }
            }
            "tag" => {
                let tag = self.client.tags().list().await?.into_iter().find(|t| t.id.as_str() == at.id);
                Ok(tag.map(|tag| whole(named(at).with("name", tag.name))))
            }
            "conversation_attribute" => {
                let all = self.client.conversation_attributes().list(false).await?;
                let it = all.into_iter().find(|a| a.id.as_str() == at.id && !a.archived);
                Ok(it.map(|it| {
                    let options = it.labels().map(Value::text).collect::<Vec<_>>();
                    let draft = named(at).with("name", it.name.clone());
                    whole(with_type(draft, super::catalog::conversation_type(&it.data_type), options))
                }))
            }
            "contact_attribute" | "company_attribute" => {
                let model = if at.kind == "company_attribute" { Model::Company } else { Model::Contact };
                let all = self.client.data_attributes().list_of(model, false).await?;
                let it = all
                    .into_iter()
                    .find(|a| a.id.as_ref().is_some_and(|id| id.as_str() == at.id) && !a.archived);
                Ok(it.map(|it| {
                    let kind = super::catalog::contact_type(&it);
                    let options = it.options.iter().map(Value::text).collect::<Vec<_>>();
                    whole(with_type(named(at).with("name", it.name), kind, options))
                }))
            }
            _ => Ok(None),
        }
    }
}

impl IntercomSink {
    /// A contact with its notes and its company. Of several companies the one that has a key of ours is shown.
    async fn whole_contact(&self, contact: Contact) -> Result<Observed> {
        let mut draft = named(&remote(&contact));
        draft.fields = observed_fields(&contact);
        let count = |list: &str| contact.extra.get(list).and_then(|l| l["total_count"].as_u64()).unwrap_or(0);
        if count("notes") > 0 {
            draft.parts = self.notes_of(&contact.id).await?;
        }
        if count("companies") > 0 {
            let mut all: Vec<Company> = self.client.companies().of_contact(&contact.id).try_collect().await?;
            let other =
                |c: &Company| !c.company_id.as_deref().is_some_and(|id| id.starts_with(super::catalog::OURS));
            all.sort_by_key(other);
            if let Some(company) = all.first() {
                let link = Link::Remote(RemoteRef::new("company", company.id.as_str()));
                draft.fields.insert("company".into(), Value::Link(link));
            }
        }
        let version = contact.updated_at.map(|t| t.as_second().to_string());
        Ok(Observed { draft, window: Window::Whole, version })
    }
}

pub(super) fn collection(it: &Collection) -> Observed {
    let mut draft = named(&RemoteRef::new("collection", it.id.as_str()));
    for (field, text) in [("name", &it.name), ("description", &it.description)] {
        if let Some(text) = text.as_ref().filter(|t| !t.is_empty()) {
            draft.fields.insert(field.into(), Value::text(text.as_str()));
        }
    }
    if let Some(parent) = &it.parent_id {
        let link = Link::Remote(RemoteRef::new("collection", parent.as_str()));
        draft.fields.insert("parent".into(), Value::Link(link));
    }
    whole(draft)
}

/// A text of an article.
fn text(
    locale: &str,
    author: Option<&AdminId>,
    html: Option<&str>,
    inner: bool,
    addresses: &Addresses,
) -> Part {
    let link = author.map(|id| Link::Remote(RemoteRef::new("admin", id.as_str())));
    let body = addresses.named(html.unwrap_or_default());
    let part = Part::new(locale, Role::Agent, Author { link, name: None }, None, body);
    Part { visibility: if inner { Visibility::Internal } else { Visibility::Public }, ..part }
}

pub(super) fn article(it: &Article, addresses: &Addresses) -> Observed {
    let mut draft = named(&RemoteRef::new("article", it.id.as_str())).with("visibility", "public");
    let mut set = |field: String, value: Option<Value>| {
        if let Some(value) = value.filter(|v| !v.is_empty() && v.as_str() != Some("")) {
            draft.fields.insert(field, value);
        }
    };
    let link = |kind: &'static str, id: &str| Value::Link(Link::Remote(RemoteRef::new(kind, id)));
    set("title".into(), it.title.as_deref().map(Value::text));
    set("description".into(), it.description.as_deref().map(Value::text));
    set("state".into(), it.state.as_deref().map(Value::text));
    set("collection".into(), it.parent().map(|id| link("collection", id.as_str())));
    set("author".into(), it.author_id.as_ref().map(|id| link("admin", id.as_str())));
    set("locale".into(), it.default_locale.as_deref().map(Value::text));
    let tags: Vec<Value> = it.tags.tags.iter().map(|t| link("tag", t.id.as_str())).collect();
    set("tags".into(), Some(Value::List(tags)));
    let own = it.default_locale.as_deref().unwrap_or_default();
    let mut parts = vec![text(own, it.author_id.as_ref(), it.body.as_deref(), false, addresses)];
    for (locale, content) in it.translated_content.iter().filter(|(locale, _)| *locale != own) {
        set(format!("{TITLE}{locale}"), content.title.as_deref().map(Value::text));
        parts.push(text(locale, content.author_id.as_ref(), content.body.as_deref(), false, addresses));
    }
    draft.parts = parts;
    let version = it.updated_at.map(|t| t.as_second().to_string());
    Observed { draft, window: Window::Whole, version }
}

pub(super) fn internal_article(it: &InternalArticle, addresses: &Addresses) -> Observed {
    let mut draft = named(&RemoteRef::new("internal_article", it.id.as_str())).with("visibility", "internal");
    if let Some(title) = &it.title {
        draft.fields.insert("title".into(), Value::text(title.as_str()));
    }
    if let Some(author) = &it.author_id {
        let link = Link::Remote(RemoteRef::new("admin", author.as_str()));
        draft.fields.insert("author".into(), Value::Link(link));
    }
    draft.parts = vec![text("", it.author_id.as_ref(), it.body.as_deref(), true, addresses)];
    let version = it.updated_at.map(|t| t.as_second().to_string());
    Observed { draft, window: Window::Whole, version }
}

fn found<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(it) => Ok(Some(it)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

fn with_type(mut draft: Draft, kind: mapping_core::FieldType, options: Vec<Value>) -> Draft {
    use mapping_core::FieldType as T;
    let word = match kind {
        T::Text => "text",
        T::Integer => "integer",
        T::Decimal => "decimal",
        T::Boolean => "boolean",
        T::DateTime | T::Date => "datetime",
        T::List => "list",
        _ => "other",
    };
    draft.fields.insert("data_type".into(), Value::text(word));
    if !options.is_empty() {
        draft.fields.insert("options".into(), Value::List(options));
    }
    draft
}

fn conversation(it: &Conversation) -> Observed {
    let mut draft = named(&RemoteRef::new("conversation", it.id.as_str()));
    let link = |kind: &'static str, id: &str| Value::Link(Link::Remote(RemoteRef::new(kind, id)));
    let mut set = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            draft.fields.insert(field.to_owned(), value);
        }
    };
    set("contact", starter(it).map(|id| link("contact", &id)));
    set("title", it.title.as_ref().filter(|t| !t.is_empty()).map(|t| Value::text(t.as_str())));
    set("state", it.state.as_deref().map(Value::text));
    set("snoozed_until", it.snoozed_until.map(Value::Time));
    set("read", it.read.map(Value::Bool));
    set("assignee", it.admin_assignee_id.as_ref().map(|id| link("admin", id.as_str())));
    set("team", it.team_assignee_id.as_ref().map(|id| link("team", id.as_str())));
    let tags: Vec<Value> = it.tags.tags.iter().map(|t| link("tag", t.id.as_str())).collect();
    set("tags", (!tags.is_empty()).then_some(Value::List(tags)));
    for (name, value) in it.custom_attributes.iter() {
        set(&format!("{PREFIX}{name}"), Some(observed(value)).filter(|v| *v != Value::Null));
    }
    let messages: Vec<Part> = it.parts().iter().filter(|p| is_message(p)).map(part).collect();
    let hidden = (it.part_count() - it.parts().len()).saturating_sub(hidden_events(it));
    let shown = messages.len();
    draft.parts = opening(it).into_iter().chain(messages).collect();
    let window = if hidden == 0 { Window::Whole } else { Window::Last { shown, of: shown + hidden } };
    Observed { draft, window, version: it.updated_at.map(|t| t.as_second().to_string()) }
}

/// Events that a window hides: a long thread gets its attributes before its messages, and each that was set left one.
fn hidden_events(it: &Conversation) -> usize {
    let name = |p: &ConversationPart| {
        let name = &p.extra.get("event_details")?["attribute"]["name"];
        name.as_str().map(str::to_owned)
    };
    let shown: BTreeSet<String> = it.parts().iter().filter_map(name).collect();
    it.custom_attributes.iter().filter(|(name, value)| !value.is_null() && !shown.contains(*name)).count()
}

fn starter(it: &Conversation) -> Option<String> {
    let author = it.source.as_ref().and_then(|s| s.author.as_ref()).filter(|a| a.is_contact());
    let first = it.contacts.contacts.first().map(|c| c.id.to_string());
    author.and_then(|a| a.id.clone()).or(first)
}

fn opening(it: &Conversation) -> Option<Part> {
    let source = it.source.as_ref()?;
    let key = source.id.as_ref().map(ToString::to_string).unwrap_or_default();
    let (role, author) = author(source.author.as_ref());
    let body = source.body.clone().unwrap_or_default();
    let mut part = Part::new(key, role, author, it.created_at, Body::html(body.as_str()));
    part.files = source.attachments.iter().map(file).collect();
    Some(part)
}

fn part(it: &ConversationPart) -> Part {
    let (role, author) = author(it.author.as_ref());
    let body = it.body.clone().unwrap_or_default();
    let mut part = Part::new(it.id.as_str(), role, author, it.created_at, Body::html(body.as_str()));
    if it.part_type == "note" {
        part.visibility = Visibility::Internal;
    }
    part.files = it.attachments.iter().map(file).collect();
    part
}

fn author(author: Option<&WireAuthor>) -> (Role, Author) {
    let Some(author) = author else { return (Role::System, Author::default()) };
    let (role, kind) = match author.kind.as_str() {
        _ if author.is_contact() => (Role::Customer, "contact"),
        "admin" => (Role::Agent, "admin"),
        _ => (Role::System, "bot"),
    };
    let link = author.id.as_ref().map(|id| Link::Remote(RemoteRef::new(kind, id.as_str())));
    (role, Author { link, name: None })
}

/// What a read knows of a file: not its hash.
fn file(it: &Attachment) -> Blob {
    Blob {
        sha256: String::new(),
        len: it.filesize,
        name: Private::from(it.name.as_str()),
        mime: it.content_type.clone(),
    }
}
