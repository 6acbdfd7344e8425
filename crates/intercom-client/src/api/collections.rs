//! `/help_center/collections`: the shelves of a help centre, three levels deep.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{CollectionId, HelpCenterId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, number, numbered_page, time};
use connector_http::Body;
use http::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Levels of collections, the top one counted.
pub const MOST_LEVELS: usize = 3;
/// Collections asked for at once.
const PER_PAGE: u32 = 50;

/// A collection.
#[derive(Clone, Debug, Deserialize)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// Its name in the default language.
    #[serde(default)]
    pub name: Option<String>,
    /// What it is about.
    #[serde(default)]
    pub description: Option<String>,
    /// The collection that it is in; none at the top.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub parent_id: Option<CollectionId>,
    /// Its help centre; often shown at the top only.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub help_center_id: Option<HelpCenterId>,
    /// The language of `name`.
    #[serde(default)]
    pub default_locale: Option<String>,
    /// Its public address.
    #[serde(default)]
    pub url: Option<String>,
    /// Name and description in other languages.
    #[serde(default)]
    pub translated_content: Fields,
    /// When it was made.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Fields of a collection to be written; what isn't set stays as it is.
#[must_use]
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct CollectionUpdate(Map<String, Value>);

impl CollectionUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }
    /// What it is about.
    pub fn description(self, text: impl Into<String>) -> Self {
        self.set("description", text.into())
    }
    /// The collection that it goes into; `None` puts it at the top.
    pub fn parent(self, id: Option<&CollectionId>) -> Self {
        self.set("parent_id", id.map(CollectionId::as_str))
    }
    /// Name and description in another language, which the help centre must have.
    pub fn translation(mut self, locale: &str, name: &str, description: Option<&str>) -> Self {
        let mut text = json!({"type": "group_content", "name": name});
        if let Some(description) = description {
            text["description"] = description.into();
        }
        let all = self.0.entry("translated_content").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.insert(locale.to_owned(), text);
        }
        self
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// A collection to be made.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewCollection(CollectionUpdate);

impl NewCollection {
    /// A collection at the top of the default help centre.
    pub fn new(name: impl Into<String>) -> Self {
        NewCollection(CollectionUpdate::new().name(name))
    }
    /// Sets the other fields.
    pub fn with(mut self, fields: CollectionUpdate) -> Self {
        self.0.0.extend(fields.0);
        self
    }
    /// Another help centre than the default one. It can't be changed afterwards.
    pub fn help_center(mut self, id: &HelpCenterId) -> Self {
        self.0 = self.0.set("help_center_id", number(id.as_str()));
        self
    }
}

/// `POST /help_center/collections`. Nothing keeps two from having one name.
pub fn create(to: &Endpoint, new: &NewCollection) -> Ask<Collection> {
    let call = (Method::POST, &["help_center", "collections"][..], &[][..]);
    Ask::new(to, "collections.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `GET /help_center/collections`: one page, those that changed last first, of all levels.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Collection>> {
    let call = (Method::GET, &["help_center", "collections"][..], &[][..]);
    ask(to, "collections.list", call, per_page, after, numbered_page)
}

/// `GET /help_center/collections/{id}`.
pub fn get(to: &Endpoint, id: &CollectionId) -> Ask<Collection> {
    let call = (Method::GET, &["help_center", "collections", id.as_str()][..], &[][..]);
    Ask::new(to, "collections.get", Does::Read, call, None, json)
}

/// `PUT /help_center/collections/{id}`.
pub fn update(to: &Endpoint, id: &CollectionId, fields: &CollectionUpdate) -> Ask<Collection> {
    let call = (Method::PUT, &["help_center", "collections", id.as_str()][..], &[][..]);
    Ask::new(to, "collections.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `DELETE /help_center/collections/{id}`. What becomes of what is in it, nobody says: delete that first.
pub fn delete(to: &Endpoint, id: &CollectionId) -> Ask<()> {
    let call = (Method::DELETE, &["help_center", "collections", id.as_str()][..], &[][..]);
    Ask::new(to, "collections.delete", Does::Overwrite, call, None, nothing)
}

/// Collections of the help centres.
#[derive(Clone, Copy, Debug)]
pub struct Collections<'c>(pub(crate) &'c Client);

impl<'c> Collections<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewCollection) -> Pending<'c, Collection> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Collection>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every collection.
    pub fn list_all(self) -> All<'c, Collection> {
        All::new(move |after| Box::pin(async move { self.list(PER_PAGE, after.as_ref()).await }))
    }
    /// See [`get`].
    pub fn get(self, id: &CollectionId) -> Pending<'c, Collection> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`update`].
    pub fn update(self, id: &CollectionId, fields: &CollectionUpdate) -> Pending<'c, Collection> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`delete`].
    pub fn delete(self, id: &CollectionId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
}
