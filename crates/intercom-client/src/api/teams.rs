//! `/teams`: they can be read and never created.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{AdminId, TeamId};
use crate::wire::{Fields, or_default};
use http::Method;
use serde::Deserialize;

/// A team.
#[derive(Clone, Debug, Deserialize)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its members.
    #[serde(default, deserialize_with = "or_default")]
    pub admin_ids: Vec<AdminId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

#[derive(Deserialize)]
struct List {
    #[serde(default, deserialize_with = "or_default")]
    teams: Vec<Team>,
}

/// `GET /teams`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<Team>> {
    Ask::new(to, "teams.list", Does::Read, (Method::GET, &["teams"], &[]), None, |answer| {
        Ok(json::<List>(answer)?.teams)
    })
}

/// `GET /teams/{id}`.
pub fn get(to: &Endpoint, id: &TeamId) -> Ask<Team> {
    Ask::new(to, "teams.get", Does::Read, (Method::GET, &["teams", id.as_str()], &[]), None, json)
}

/// Teams of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Teams<'c>(pub(crate) &'c Client);

impl<'c> Teams<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<Team>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &TeamId) -> Pending<'c, Team> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
