//! `/admins`: teammates. They can be read and never created.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{AdminId, TeamId};
use crate::wire::{Fields, or_default};
use http::Method;
use mapping_core::Private;
use serde::Deserialize;

/// A teammate.
#[derive(Clone, Debug, Deserialize)]
pub struct Admin {
    /// Their id.
    pub id: AdminId,
    /// Their name.
    #[serde(default)]
    pub name: Option<Private>,
    /// Their address.
    #[serde(default)]
    pub email: Option<Private>,
    /// Whether they have a seat in the inbox.
    #[serde(default)]
    pub has_inbox_seat: Option<bool>,
    /// Their teams.
    #[serde(default, deserialize_with = "or_default")]
    pub team_ids: Vec<TeamId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

#[derive(Deserialize)]
struct List {
    #[serde(default, deserialize_with = "or_default")]
    admins: Vec<Option<Admin>>,
}

/// `GET /admins`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<Admin>> {
    Ask::new(to, "admins.list", Does::Read, (Method::GET, &["admins"], &[]), None, |answer| {
        // The description allows null entries.
        Ok(json::<List>(answer)?.admins.into_iter().flatten().collect())
    })
}

/// `GET /admins/{id}`.
pub fn get(to: &Endpoint, id: &AdminId) -> Ask<Admin> {
    Ask::new(to, "admins.get", Does::Read, (Method::GET, &["admins", id.as_str()], &[]), None, json)
}

/// Teammates of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Admins<'c>(pub(crate) &'c Client);

impl<'c> Admins<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<Admin>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &AdminId) -> Pending<'c, Admin> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
