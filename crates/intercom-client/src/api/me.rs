//! `GET /me`: the admin behind the token, and the workspace.

use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::AdminId;
use crate::wire::Fields;
use http::Method;
use mapping_core::Private;
use serde::Deserialize;

/// The admin that the token belongs to.
#[derive(Clone, Debug, Deserialize)]
pub struct Me {
    /// Their id.
    pub id: AdminId,
    /// Their name.
    #[serde(default)]
    pub name: Option<Private>,
    /// Their address.
    #[serde(default)]
    pub email: Option<Private>,
    /// Whether they have a seat in the inbox; without one they may not be taken as an author.
    #[serde(default)]
    pub has_inbox_seat: Option<bool>,
    /// The workspace.
    #[serde(default)]
    pub app: Option<App>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct App {
    /// Its id, as it stands in the address of the inbox.
    pub id_code: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// Where its data lives: `US`, `EU`, `AU`.
    #[serde(default)]
    pub region: Option<String>,
    /// Its time zone.
    #[serde(default)]
    pub timezone: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `GET /me`.
pub fn get(to: &Endpoint) -> Ask<Me> {
    Ask::new(to, "me", Does::Read, (Method::GET, &["me"], &[]), None, json)
}
