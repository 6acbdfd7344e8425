//! `/conversations/attributes`: the attributes of conversations, new in 2.16.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{ConversationAttributeId, OptionId, TeamId};
use crate::wire::{Fields, listed, or_default};
use connector_http::Body;
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A conversation attribute.
#[derive(Clone, Debug, Deserialize)]
pub struct ConversationAttribute {
    /// Its id.
    pub id: ConversationAttributeId,
    /// Its name. Nothing in the API keeps two from having the same; then every write of attributes is refused.
    pub name: String,
    /// `string`, `integer`, `list`, `decimal`, `boolean`, `datetime`, `relationship` or `files`.
    #[serde(default, deserialize_with = "or_default")]
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
    #[serde(skip_serializing_if = "Option::is_none")]
    required: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    visible_to_team_ids: Vec<TeamId>,
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
        NewConversationAttribute {
            name: name.into(),
            data_type,
            description: None,
            options: Vec::new(),
            required: None,
            visible_to_team_ids: Vec::new(),
        }
    }
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
    /// Whether teammates must fill it in before they close a conversation.
    pub fn required(mut self, yes: bool) -> Self {
        self.required = Some(yes);
        self
    }
    /// The teams that see it; all, unless set.
    pub fn visible_to(mut self, teams: impl IntoIterator<Item = TeamId>) -> Self {
        self.visible_to_team_ids = teams.into_iter().collect();
        self
    }
    fn body(&self) -> Result<Body> {
        enough(self.data_type == "list", self.options.len())?;
        Body::json(self)
    }
}

/// Least options of a list, by the API's description.
pub const LEAST_OPTIONS: usize = 2;

/// Refuses a list with fewer options than it may have, before it is sent.
pub(crate) fn enough(is_list: bool, options: usize) -> Result<()> {
    if is_list && options < LEAST_OPTIONS {
        let message = format!("an attribute of type list needs {LEAST_OPTIONS} options at least");
        return Err(Error::not_sent(ErrorKind::Invalid, message).with("options", options));
    }
    Ok(())
}

/// Fields of an attribute to be written; what isn't set stays. Type, options and `archived` can't be.
#[must_use]
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct ConversationAttributeUpdate(Map<String, Value>);

impl ConversationAttributeUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// Another name. Nothing keeps it from being one that is taken.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }
    /// What it is for.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set("description", text.into())
    }
    /// Whether teammates must fill it in before they close a conversation.
    pub fn required(self, yes: bool) -> Self {
        self.set("required", yes)
    }
    /// The teams that see it; none means all.
    pub fn visible_to(self, teams: impl IntoIterator<Item = TeamId>) -> Self {
        let teams: Vec<Value> = teams.into_iter().map(|t| t.as_str().into()).collect();
        self.set("visible_to_team_ids", teams)
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// `GET /conversations/attributes`: all of them; the list has no pages.
pub fn list(to: &Endpoint, include_archived: bool) -> Ask<Vec<ConversationAttribute>> {
    let query: &[(&str, &str)] = if include_archived { &[("include_archived", "true")] } else { &[] };
    let call = (Method::GET, &["conversations", "attributes"][..], query);
    Ask::new(to, "conversation_attributes.list", Does::Read, call, None, listed)
}

/// `POST /conversations/attributes`. Look for the name in [`list`] first: a second one of the same name may be made.
pub fn create(to: &Endpoint, new: &NewConversationAttribute) -> Ask<ConversationAttribute> {
    let call = (Method::POST, &["conversations", "attributes"][..], &[][..]);
    Ask::new(to, "conversation_attributes.create", Does::Create, call, Some(new.body()), json)
}

/// `GET /conversations/attributes/{id}`.
pub fn get(to: &Endpoint, id: &ConversationAttributeId) -> Ask<ConversationAttribute> {
    let call = (Method::GET, &["conversations", "attributes", id.as_str()][..], &[][..]);
    Ask::new(to, "conversation_attributes.get", Does::Read, call, None, json)
}

/// `PUT /conversations/attributes/{id}`. An archived one stays archived.
pub fn update(
    to: &Endpoint,
    id: &ConversationAttributeId,
    fields: &ConversationAttributeUpdate,
) -> Ask<ConversationAttribute> {
    let call = (Method::PUT, &["conversations", "attributes", id.as_str()][..], &[][..]);
    Ask::new(to, "conversation_attributes.update", Does::Overwrite, call, Some(Body::json(fields)), json)
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

/// `PUT /conversations/attributes/{id}/options/{option}`: another label.
pub fn rename_option(
    to: &Endpoint,
    id: &ConversationAttributeId,
    option: &OptionId,
    label: &str,
) -> Ask<ConversationAttribute> {
    let path = ["conversations", "attributes", id.as_str(), "options", option.as_str()];
    let body = Body::json(&json!({"label": label}));
    let call = (Method::PUT, &path[..], &[][..]);
    Ask::new(to, "conversation_attributes.rename_option", Does::Overwrite, call, Some(body), json)
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
    /// See [`get`].
    pub fn get(self, id: &ConversationAttributeId) -> Pending<'c, ConversationAttribute> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`update`].
    pub fn update(
        self,
        id: &ConversationAttributeId,
        fields: &ConversationAttributeUpdate,
    ) -> Pending<'c, ConversationAttribute> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`rename_option`].
    pub fn rename_option(
        self,
        id: &ConversationAttributeId,
        option: &OptionId,
        label: &str,
    ) -> Pending<'c, ConversationAttribute> {
        self.0.pending(rename_option(self.0.endpoint(), id, option, label))
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
