//! `/conversations/attributes`: the attributes of conversations, new in 2.16.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{ConversationAttributeId, OptionId};
use crate::wire::{Fields, Listed, or_default};
use connector_http::Body;
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A conversation attribute.
#[derive(Clone, Debug, Deserialize)]
pub struct ConversationAttribute {
    /// Its id.
    pub id: ConversationAttributeId,
    /// Its name. Nothing in the API keeps two from having the same; then every write of attributes is refused.
    pub name: String,
    /// `string`, `integer`, `list`, `decimal`, `boolean`, `datetime`, `relationship` or `files`.
    #[serde(default)]
    pub data_type: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it was archived; that can't be taken back.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    /// The options of a list.
    #[serde(default, deserialize_with = "or_default")]
    pub options: Vec<AttributeOption>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl ConversationAttribute {
    /// The labels of the options that can be chosen.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.options.iter().filter(|o| !o.archived).map(|o| o.label.as_str())
    }
}

/// An option of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct AttributeOption {
    /// Its id.
    pub id: OptionId,
    /// What is shown, and what is written as the value.
    pub label: String,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
}

/// A conversation attribute to be made.
#[must_use]
#[derive(Clone, Debug, Serialize)]
pub struct NewConversationAttribute {
    name: String,
    data_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Label>,
}

#[derive(Clone, Debug, Serialize)]
struct Label {
    label: String,
}

impl NewConversationAttribute {
    /// Text.
    pub fn string(name: impl Into<String>) -> Self {
        Self::of(name, "string")
    }
    /// A whole number.
    pub fn integer(name: impl Into<String>) -> Self {
        Self::of(name, "integer")
    }
    /// A decimal number.
    pub fn decimal(name: impl Into<String>) -> Self {
        Self::of(name, "decimal")
    }
    /// Yes or no.
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::of(name, "boolean")
    }
    /// A moment.
    pub fn datetime(name: impl Into<String>) -> Self {
        Self::of(name, "datetime")
    }
    /// One of these labels, at least two.
    pub fn list<L: Into<String>>(name: impl Into<String>, labels: impl IntoIterator<Item = L>) -> Self {
        let options = labels.into_iter().map(|l| Label { label: l.into() }).collect();
        NewConversationAttribute { options, ..Self::of(name, "list") }
    }
    fn of(name: impl Into<String>, data_type: &'static str) -> Self {
        NewConversationAttribute { name: name.into(), data_type, description: None, options: Vec::new() }
    }
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
}

/// `GET /conversations/attributes`: all of them; the list has no pages.
pub fn list(to: &Endpoint, include_archived: bool) -> Ask<Vec<ConversationAttribute>> {
    let query: &[(&str, &str)] = if include_archived { &[("include_archived", "true")] } else { &[] };
    let call = (Method::GET, &["conversations", "attributes"][..], query);
    Ask::new(to, "conversation_attributes.list", Does::Read, call, None, |answer| {
        Ok(json::<Listed<ConversationAttribute>>(answer)?.data)
    })
}

/// `POST /conversations/attributes`. Look for the name in [`list`] first: a second one of the same name may be made.
pub fn create(to: &Endpoint, new: &NewConversationAttribute) -> Ask<ConversationAttribute> {
    let call = (Method::POST, &["conversations", "attributes"][..], &[][..]);
    Ask::new(to, "conversation_attributes.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `DELETE /conversations/attributes/{id}`: archives it, for good.
pub fn archive(to: &Endpoint, id: &ConversationAttributeId) -> Ask<()> {
    let call = (Method::DELETE, &["conversations", "attributes", id.as_str()][..], &[][..]);
    Ask::new(to, "conversation_attributes.archive", Does::Overwrite, call, None, nothing)
}

/// `POST /conversations/attributes/{id}/options`.
pub fn add_option(to: &Endpoint, id: &ConversationAttributeId, label: &str) -> Ask<()> {
    let call = (Method::POST, &["conversations", "attributes", id.as_str(), "options"][..], &[][..]);
    let body = Body::json(&json!({"label": label}));
    Ask::new(to, "conversation_attributes.add_option", Does::Create, call, Some(body), nothing)
}

/// `DELETE /conversations/attributes/{id}/options/{option}`: archives it. A list keeps two live options.
pub fn archive_option(to: &Endpoint, id: &ConversationAttributeId, option: &OptionId) -> Ask<()> {
    let path = ["conversations", "attributes", id.as_str(), "options", option.as_str()];
    let call = (Method::DELETE, &path[..], &[][..]);
    Ask::new(to, "conversation_attributes.archive_option", Does::Overwrite, call, None, nothing)
}

/// Attributes of conversations.
#[derive(Clone, Copy, Debug)]
pub struct ConversationAttributes<'c>(pub(crate) &'c Client);

impl<'c> ConversationAttributes<'c> {
    /// See [`list`].
    pub fn list(self, include_archived: bool) -> Pending<'c, Vec<ConversationAttribute>> {
        self.0.pending(list(self.0.endpoint(), include_archived))
    }
    /// See [`create`].
    pub fn create(self, new: &NewConversationAttribute) -> Pending<'c, ConversationAttribute> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`archive`].
    pub fn archive(self, id: &ConversationAttributeId) -> Pending<'c, ()> {
        self.0.pending(archive(self.0.endpoint(), id))
    }
    /// See [`add_option`].
    pub fn add_option(self, id: &ConversationAttributeId, label: &str) -> Pending<'c, ()> {
        self.0.pending(add_option(self.0.endpoint(), id, label))
    }
    /// See [`archive_option`].
    pub fn archive_option(self, id: &ConversationAttributeId, option: &OptionId) -> Pending<'c, ()> {
        self.0.pending(archive_option(self.0.endpoint(), id, option))
    }
}
