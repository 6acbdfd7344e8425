//! `/data_attributes`: the attributes of contacts and companies.

use super::conversation_attributes::enough;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::DataAttributeId;
use crate::wire::{Fields, listed, or_default};
use connector_http::Body;
use http::Method;
use mapping_core::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A data attribute: a standard one or the workspace's own.
#[derive(Clone, Debug, Deserialize)]
pub struct DataAttribute {
    /// Its id; standard ones have none.
    #[serde(default)]
    pub id: Option<DataAttributeId>,
    /// `contact` or `company`.
    #[serde(default, deserialize_with = "or_default")]
    pub model: String,
    /// Its name.
    pub name: String,
    /// `string`, `integer`, `float`, `boolean` or `date`. A `datetime` is read back as `date`, a list as `string`.
    #[serde(default, deserialize_with = "or_default")]
    pub data_type: String,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The values of a list.
    #[serde(default, deserialize_with = "or_default")]
    pub options: Vec<String>,
    /// Whether the workspace made it.
    #[serde(default, deserialize_with = "or_default")]
    pub custom: bool,
    /// Whether it was archived.
    #[serde(default, deserialize_with = "or_default")]
    pub archived: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Whose attributes they are. Those of conversations have [calls of their own](super::conversation_attributes); asked for
/// here, Intercom refuses them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Model {
    /// Contacts.
    #[default]
    Contact,
    /// Companies. A name that one of the two uses can't be used by the other.
    Company,
}

impl Model {
    /// As Intercom writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Model::Contact => "contact",
            Model::Company => "company",
        }
    }
}

/// A data attribute to be made: of contacts, unless it is said otherwise.
#[must_use]
#[derive(Clone, Debug, Serialize)]
pub struct NewDataAttribute {
    name: String,
    model: &'static str,
    data_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<Choice>,
}

#[derive(Clone, Debug, Serialize)]
struct Choice {
    value: String,
}

impl NewDataAttribute {
    /// Text of up to 255 characters.
    pub fn string(name: impl Into<String>) -> Self {
        Self::of(name, "string")
    }
    /// A whole number.
    pub fn integer(name: impl Into<String>) -> Self {
        Self::of(name, "integer")
    }
    /// A decimal number.
    pub fn float(name: impl Into<String>) -> Self {
        Self::of(name, "float")
    }
    /// Yes or no.
    pub fn boolean(name: impl Into<String>) -> Self {
        Self::of(name, "boolean")
    }
    /// A moment.
    pub fn datetime(name: impl Into<String>) -> Self {
        Self::of(name, "datetime")
    }
    /// A day.
    pub fn date(name: impl Into<String>) -> Self {
        Self::of(name, "date")
    }
    /// One of these values, at least two.
    pub fn list<V: Into<String>>(name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        let options = values.into_iter().map(|v| Choice { value: v.into() }).collect();
        NewDataAttribute { options, ..Self::of(name, "options") }
    }
    fn of(name: impl Into<String>, data_type: &'static str) -> Self {
        NewDataAttribute {
            name: name.into(),
            model: "contact",
            data_type,
            description: None,
            options: Vec::new(),
        }
    }
    /// Whose it is.
    pub fn of_model(mut self, model: Model) -> Self {
        self.model = model.as_str();
        self
    }
    /// What it is for.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }
    fn body(&self) -> Result<Body> {
        enough(self.data_type == "options", self.options.len())?;
        Body::json(self)
    }
}

/// `GET /data_attributes?model=contact`: all of them; the list has no pages.
pub fn list(to: &Endpoint, include_archived: bool) -> Ask<Vec<DataAttribute>> {
    list_of(to, Model::Contact, include_archived)
}

/// `GET /data_attributes?model=`: all of contacts or of companies.
pub fn list_of(to: &Endpoint, model: Model, include_archived: bool) -> Ask<Vec<DataAttribute>> {
    let mut query = vec![("model", model.as_str())];
    if include_archived {
        query.push(("include_archived", "true"));
    }
    let call = (Method::GET, &["data_attributes"][..], &query[..]);
    Ask::new(to, "data_attributes.list", Does::Read, call, None, listed)
}

/// `POST /data_attributes`. 400 (`Invalid`) with context `taken_by` when the name is taken, by the other model even.
pub fn create(to: &Endpoint, new: &NewDataAttribute) -> Ask<DataAttribute> {
    let call = (Method::POST, &["data_attributes"][..], &[][..]);
    Ask::new(to, "data_attributes.create", Does::Create, call, Some(new.body()), json)
}

/// `PUT /data_attributes/{id}` with `archived`: reversible.
pub fn set_archived(to: &Endpoint, id: &DataAttributeId, archived: bool) -> Ask<()> {
    let call = (Method::PUT, &["data_attributes", id.as_str()][..], &[][..]);
    let body = Body::json(&json!({"archived": archived}));
    Ask::new(to, "data_attributes.set_archived", Does::Overwrite, call, Some(body), crate::endpoint::nothing)
}

/// `PUT /data_attributes/{id}` with another description.
pub fn describe(to: &Endpoint, id: &DataAttributeId, description: &str) -> Ask<()> {
    let call = (Method::PUT, &["data_attributes", id.as_str()][..], &[][..]);
    let body = Body::json(&json!({"description": description}));
    Ask::new(to, "data_attributes.describe", Does::Overwrite, call, Some(body), crate::endpoint::nothing)
}

/// `PUT /data_attributes/{id}` with all values of a list, two at least.
pub fn set_options(to: &Endpoint, id: &DataAttributeId, values: &[String]) -> Ask<()> {
    let call = (Method::PUT, &["data_attributes", id.as_str()][..], &[][..]);
    let options: Vec<Choice> = values.iter().map(|v| Choice { value: v.clone() }).collect();
    let body = enough(true, options.len()).and_then(|()| Body::json(&json!({"options": options})));
    Ask::new(to, "data_attributes.set_options", Does::Overwrite, call, Some(body), crate::endpoint::nothing)
}

/// Attributes of contacts and companies.
#[derive(Clone, Copy, Debug)]
pub struct DataAttributes<'c>(pub(crate) &'c Client);

impl<'c> DataAttributes<'c> {
    /// See [`list`].
    pub fn list(self, include_archived: bool) -> Pending<'c, Vec<DataAttribute>> {
        self.0.pending(list(self.0.endpoint(), include_archived))
    }
    /// See [`list_of`].
    pub fn list_of(self, model: Model, include_archived: bool) -> Pending<'c, Vec<DataAttribute>> {
        self.0.pending(list_of(self.0.endpoint(), model, include_archived))
    }
    /// See [`create`].
    pub fn create(self, new: &NewDataAttribute) -> Pending<'c, DataAttribute> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`set_archived`].
    pub fn set_archived(self, id: &DataAttributeId, archived: bool) -> Pending<'c, ()> {
        self.0.pending(set_archived(self.0.endpoint(), id, archived))
    }
    /// See [`describe`].
    pub fn describe(self, id: &DataAttributeId, description: &str) -> Pending<'c, ()> {
        self.0.pending(describe(self.0.endpoint(), id, description))
    }
    /// See [`set_options`].
    pub fn set_options(self, id: &DataAttributeId, values: &[String]) -> Pending<'c, ()> {
        self.0.pending(set_options(self.0.endpoint(), id, values))
    }
}
