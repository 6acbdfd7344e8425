//! Objects in the form that shaping promised.

use super::IntercomSink;
use super::contact::{observed_fields, remote};
use super::fields::{PREFIX, observed};
use super::listing::{named, whole};
use super::reply::is_message;
use crate::api::conversations::{Attachment, Author as WireAuthor, Conversation, ConversationPart};
use crate::{ContactId, ConversationId};
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
                Ok(found.map(|contact| {
                    let mut draft = named(&remote(&contact));
                    draft.fields = observed_fields(&contact);
                    let version = contact.updated_at.map(|t| t.as_second().to_string());
                    Observed { draft, window: Window::Whole, version }
                }))
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
            "contact_attribute" => {
                let all = self.client.data_attributes().list(false).await?;
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
