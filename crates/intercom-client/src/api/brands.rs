//! `/brands`: they can be read and never written.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{BrandId, HelpCenterId};
use crate::wire::{Fields, listed, or_default};
use http::Method;
use serde::Deserialize;

/// A brand.
#[derive(Clone, Debug, Deserialize)]
pub struct Brand {
    /// Its id; the default one has the workspace's.
    pub id: BrandId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Whether it is taken when none is named.
    #[serde(default, deserialize_with = "or_default")]
    pub is_default: bool,
    /// Its help centre.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub help_center_id: Option<HelpCenterId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `GET /brands`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<Brand>> {
    Ask::new(to, "brands.list", Does::Read, (Method::GET, &["brands"], &[]), None, listed)
}

/// `GET /brands/{id}`.
pub fn get(to: &Endpoint, id: &BrandId) -> Ask<Brand> {
    Ask::new(to, "brands.get", Does::Read, (Method::GET, &["brands", id.as_str()], &[]), None, json)
}

/// Brands of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Brands<'c>(pub(crate) &'c Client);

impl<'c> Brands<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<Brand>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &BrandId) -> Pending<'c, Brand> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
