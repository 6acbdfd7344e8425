//! `/tags`: names are the same whatever their case.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::TagId;
use crate::wire::{Fields, listed};
use connector_http::Body;
use http::Method;
use serde::Deserialize;
use serde_json::json;

/// A tag.
#[derive(Clone, Debug, Deserialize)]
pub struct Tag {
    /// Its id.
    pub id: TagId,
    /// Its name.
    #[serde(default, deserialize_with = "crate::wire::or_default")]
    pub name: String,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `GET /tags`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<Tag>> {
    Ask::new(to, "tags.list", Does::Read, (Method::GET, &["tags"], &[]), None, listed)
}

/// `POST /tags`: makes the tag, or answers the one that has the name already.
pub fn create(to: &Endpoint, name: &str) -> Ask<Tag> {
    let body = Body::json(&json!({"name": name}));
    Ask::new(to, "tags.create", Does::Overwrite, (Method::POST, &["tags"], &[]), Some(body), json)
}

/// `DELETE /tags/{id}`; refused while a segment uses the tag.
pub fn delete(to: &Endpoint, id: &TagId) -> Ask<()> {
    let call = (Method::DELETE, &["tags", id.as_str()][..], &[][..]);
    Ask::new(to, "tags.delete", Does::Overwrite, call, None, nothing)
}

/// Tags of the workspace. They are attached through [`Conversations`](super::Conversations).
#[derive(Clone, Copy, Debug)]
pub struct Tags<'c>(pub(crate) &'c Client);

impl<'c> Tags<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<Tag>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`create`].
    pub fn create(self, name: &str) -> Pending<'c, Tag> {
        self.0.pending(create(self.0.endpoint(), name))
    }
    /// See [`delete`].
    pub fn delete(self, id: &TagId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
}
