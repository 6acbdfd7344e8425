//! `/ticket_types` and `/ticket_states`: types and their attributes can be written, states only read.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{TicketAttributeId, TicketStateId, TicketTypeId};
use crate::wire::{Fields, listed, or_default};
use connector_http::Body;
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A ticket type.
#[derive(Clone, Debug, Deserialize)]
pub struct TicketType {
    /// Its id.
    pub id: TicketTypeId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `Customer`, `Back-office` or `Tracker`.
    #[serde(default)]
    pub category: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it was archived; that can be taken back.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    /// Its attributes.
    #[serde(default, deserialize_with = "data")]
    pub ticket_type_attributes: Vec<TicketAttribute>,
    /// The states that its tickets may have.
    #[serde(default, deserialize_with = "data")]
    pub ticket_states: Vec<TicketState>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// An attribute of a ticket type. `_default_title_` and `_default_description_` are there from the beginning.
#[derive(Clone, Debug, Deserialize)]
pub struct TicketAttribute {
    /// Its id.
    pub id: TicketAttributeId,
    /// Its name, by which tickets carry its value.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// `string`, `list`, `integer`, `decimal`, `boolean`, `datetime` or `files`.
    #[serde(default, deserialize_with = "or_default")]
    pub data_type: String,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    #[serde(default, deserialize_with = "or_default")]
    input_options: Input,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl TicketAttribute {
    /// The items of a list.
    pub fn items(&self) -> &[ListItem] {
        &self.input_options.list_options
    }
    /// The id of the list item that has this name; a ticket's value is the id, not the name.
    pub fn item(&self, name: &str) -> Option<&str> {
        self.items().iter().find(|item| item.name == name && !item.archived).map(|item| item.id.as_str())
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Input {
    #[serde(default, deserialize_with = "or_default")]
    list_options: Vec<ListItem>,
}

/// An item of a list.
#[derive(Clone, Debug, Deserialize)]
pub struct ListItem {
    /// Its id, which is what tickets carry.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// Its name.
    #[serde(default, alias = "label", deserialize_with = "or_default")]
    pub name: String,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
}

/// A state of tickets.
#[derive(Clone, Debug, Deserialize)]
pub struct TicketState {
    /// Its id.
    pub id: TicketStateId,
    /// `submitted`, `in_progress`, `waiting_on_customer` or `resolved`.
    #[serde(default, deserialize_with = "or_default")]
    pub category: String,
    /// Its name for teammates.
    #[serde(default)]
    pub internal_label: Option<String>,
    /// Its name for customers.
    #[serde(default)]
    pub external_label: Option<String>,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A list in a list's clothes: `{"type": "list", "data": […]}`.
fn data<'de, D, T>(from: D) -> std::result::Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    #[derive(Deserialize)]
    struct Data<T> {
        data: Option<Vec<T>>,
    }
    Ok(Option::<Data<T>>::deserialize(from)?.and_then(|list| list.data).unwrap_or_default())
}

/// What a ticket type is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum TicketCategory {
    /// Shared with customers.
    Customer,
    /// For teammates alone.
    #[serde(rename = "Back-office")]
    BackOffice,
    /// One for many others.
    Tracker,
}

/// Fields of a ticket type to be written; what isn't set stays as it is.
#[must_use]
#[derive(Clone, Debug, Default, Serialize)]
pub struct TicketTypeUpdate {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<TicketCategory>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived: Option<bool>,
}

impl TicketTypeUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// The name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
    /// Archives it, or takes that back. There is no deleting.
    pub fn archived(mut self, yes: bool) -> Self {
        self.archived = Some(yes);
        self
    }
}

/// A ticket type to be made.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewTicketType(TicketTypeUpdate);

impl NewTicketType {
    /// A ticket type of this category.
    pub fn new(name: impl Into<String>, category: TicketCategory) -> Self {
        NewTicketType(TicketTypeUpdate { category: Some(category), ..TicketTypeUpdate::new().name(name) })
    }
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.0 = self.0.description(text);
        self
    }
}

/// An attribute of a ticket type to be made.
#[must_use]
#[derive(Clone, Debug)]
pub struct NewTicketAttribute {
    fields: Map<String, Value>,
    items: Vec<String>,
}

impl NewTicketAttribute {
    /// Text; a description is required by the API.
    pub fn string(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(name, description, "string")
    }
    /// A whole number.
    pub fn integer(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(name, description, "integer")
    }
    /// A decimal number.
    pub fn decimal(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(name, description, "decimal")
    }
    /// Yes or no.
    pub fn boolean(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(name, description, "boolean")
    }
    /// A moment.
    pub fn datetime(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self::of(name, description, "datetime")
    }
    /// One of these items. None may have a comma: the API takes them joined by commas.
    pub fn list<I: Into<String>>(
        name: impl Into<String>,
        description: impl Into<String>,
        items: impl IntoIterator<Item = I>,
    ) -> Self {
        let items = items.into_iter().map(Into::into).collect();
        NewTicketAttribute { items, ..Self::of(name, description, "list") }
    }
    /// Whether contacts see it.
    pub fn visible_to_contacts(mut self, yes: bool) -> Self {
        self.fields.insert("visible_to_contacts".into(), yes.into());
        self
    }
    fn of(name: impl Into<String>, description: impl Into<String>, data_type: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("name".into(), name.into().into());
        fields.insert("description".into(), description.into().into());
        fields.insert("data_type".into(), data_type.into());
        NewTicketAttribute { fields, items: Vec::new() }
    }
    fn body(&self) -> Result<Body> {
        let mut fields = self.fields.clone();
        if fields.get("data_type").and_then(Value::as_str) == Some("list") {
            if self.items.is_empty() || self.items.iter().any(|item| item.contains(',') || item.is_empty()) {
                let message = "the items of a ticket attribute are some, none is empty and none has a comma";
                return Err(Error::not_sent(ErrorKind::Invalid, message));
            }
            fields.insert("list_items".into(), self.items.join(",").into());
        }
        Body::json(&fields)
    }
}

/// `GET /ticket_types`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<TicketType>> {
    Ask::new(to, "ticket_types.list", Does::Read, (Method::GET, &["ticket_types"], &[]), None, listed)
}

/// `GET /ticket_types/{id}`.
pub fn get(to: &Endpoint, id: &TicketTypeId) -> Ask<TicketType> {
    let call = (Method::GET, &["ticket_types", id.as_str()][..], &[][..]);
    Ask::new(to, "ticket_types.get", Does::Read, call, None, json)
}

/// `POST /ticket_types`.
pub fn create(to: &Endpoint, new: &NewTicketType) -> Ask<TicketType> {
    let call = (Method::POST, &["ticket_types"][..], &[][..]);
    Ask::new(to, "ticket_types.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `PUT /ticket_types/{id}`.
pub fn update(to: &Endpoint, id: &TicketTypeId, fields: &TicketTypeUpdate) -> Ask<TicketType> {
    let call = (Method::PUT, &["ticket_types", id.as_str()][..], &[][..]);
    Ask::new(to, "ticket_types.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `POST /ticket_types/{id}/attributes`.
pub fn create_attribute(to: &Endpoint, id: &TicketTypeId, new: &NewTicketAttribute) -> Ask<TicketAttribute> {
    let call = (Method::POST, &["ticket_types", id.as_str(), "attributes"][..], &[][..]);
    Ask::new(to, "ticket_types.create_attribute", Does::Create, call, Some(new.body()), json)
}

/// `PUT /ticket_types/{id}/attributes/{attribute}` with `archived`: reversible.
pub fn set_attribute_archived(
    to: &Endpoint,
    id: &TicketTypeId,
    attribute: &TicketAttributeId,
    archived: bool,
) -> Ask<TicketAttribute> {
    let path = ["ticket_types", id.as_str(), "attributes", attribute.as_str()];
    let body = Body::json(&serde_json::json!({"archived": archived}));
    let call = (Method::PUT, &path[..], &[][..]);
    Ask::new(to, "ticket_types.set_attribute_archived", Does::Overwrite, call, Some(body), json)
}

/// `GET /ticket_states`: all of them; the list has no pages.
pub fn states(to: &Endpoint) -> Ask<Vec<TicketState>> {
    Ask::new(to, "ticket_states.list", Does::Read, (Method::GET, &["ticket_states"], &[]), None, listed)
}

/// Ticket types of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct TicketTypes<'c>(pub(crate) &'c Client);

impl<'c> TicketTypes<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<TicketType>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &TicketTypeId) -> Pending<'c, TicketType> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`create`].
    pub fn create(self, new: &NewTicketType) -> Pending<'c, TicketType> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`update`].
    pub fn update(self, id: &TicketTypeId, fields: &TicketTypeUpdate) -> Pending<'c, TicketType> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`create_attribute`].
    pub fn create_attribute(
        self,
        id: &TicketTypeId,
        new: &NewTicketAttribute,
    ) -> Pending<'c, TicketAttribute> {
        self.0.pending(create_attribute(self.0.endpoint(), id, new))
    }
    /// See [`set_attribute_archived`].
    pub fn set_attribute_archived(
        self,
        id: &TicketTypeId,
        attribute: &TicketAttributeId,
        archived: bool,
    ) -> Pending<'c, TicketAttribute> {
        self.0.pending(set_attribute_archived(self.0.endpoint(), id, attribute, archived))
    }
    /// See [`states`].
    pub fn states(self) -> Pending<'c, Vec<TicketState>> {
        self.0.pending(states(self.0.endpoint()))
    }
}
