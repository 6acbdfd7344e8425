//! `/emails`: the addresses that mail comes in by. They can be read and never written.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{BrandId, EmailId};
use crate::wire::{Fields, listed, time};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde::Deserialize;

/// An address of the workspace.
#[derive(Clone, Debug, Deserialize)]
pub struct EmailSetting {
    /// Its id.
    pub id: EmailId,
    /// The address.
    #[serde(default)]
    pub email: Option<Private>,
    /// Its domain.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether somebody proved that it is theirs.
    #[serde(default)]
    pub verified: Option<bool>,
    /// Whether mail to it is forwarded to Intercom.
    #[serde(default)]
    pub forwarding_enabled: Option<bool>,
    /// When a forwarded mail came last; none ever did when it is `None`.
    #[serde(default, deserialize_with = "time")]
    pub forwarded_email_last_received_at: Option<Timestamp>,
    /// Its brand.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub brand_id: Option<BrandId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// `GET /emails`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<EmailSetting>> {
    Ask::new(to, "emails.list", Does::Read, (Method::GET, &["emails"], &[]), None, listed)
}

/// `GET /emails/{id}`.
pub fn get(to: &Endpoint, id: &EmailId) -> Ask<EmailSetting> {
    Ask::new(to, "emails.get", Does::Read, (Method::GET, &["emails", id.as_str()], &[]), None, json)
}

/// Addresses of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Emails<'c>(pub(crate) &'c Client);

impl<'c> Emails<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<EmailSetting>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &EmailId) -> Pending<'c, EmailSetting> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
