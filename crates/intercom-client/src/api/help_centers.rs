//! `/help_center/help_centers`: help centres can be read and never created; their redirects can be both.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{ArticleId, CollectionId, HelpCenterId, RedirectId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, listed, numbered_page, or_default, time};
use connector_http::Body;
use http::Method;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

/// Redirects asked for at once.
const PER_PAGE: u32 = 50;

/// A help centre.
#[derive(Clone, Debug, Deserialize)]
pub struct HelpCenter {
    /// Its id.
    pub id: HelpCenterId,
    /// Its name in addresses.
    #[serde(default)]
    pub identifier: Option<String>,
    /// Its name for people.
    #[serde(default)]
    pub display_name: Option<String>,
    /// Whether collections go there when none is named.
    #[serde(default, deserialize_with = "or_default")]
    pub default: bool,
    /// Its languages.
    #[serde(default, deserialize_with = "or_default")]
    pub locales: Vec<String>,
    /// Whether anybody can see it.
    #[serde(default)]
    pub website_turned_on: Option<bool>,
    /// Its public address.
    #[serde(default)]
    pub url: Option<String>,
    /// Its own domain.
    #[serde(default)]
    pub custom_domain: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A redirect from an old address within a help centre.
#[derive(Clone, Debug, Deserialize)]
pub struct Redirect {
    /// Its id.
    pub id: RedirectId,
    /// The old address.
    #[serde(default, deserialize_with = "or_default")]
    pub from_url: String,
    /// Its language.
    #[serde(default)]
    pub locale: Option<String>,
    /// `article` or `collection`.
    #[serde(default, deserialize_with = "or_default")]
    pub target_type: String,
    /// Where it leads.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub target_id: Option<String>,
    /// When it was made.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectTarget {
    /// An article.
    Article(ArticleId),
    /// A collection.
    Collection(CollectionId),
}

/// `GET /help_center/help_centers`: all of them; the list has no pages and may be empty.
pub fn list(to: &Endpoint) -> Ask<Vec<HelpCenter>> {
    let call = (Method::GET, &["help_center", "help_centers"][..], &[][..]);
    Ask::new(to, "help_centers.list", Does::Read, call, None, listed)
}

/// `GET /help_center/help_centers/{id}`.
pub fn get(to: &Endpoint, id: &HelpCenterId) -> Ask<HelpCenter> {
    let call = (Method::GET, &["help_center", "help_centers", id.as_str()][..], &[][..]);
    Ask::new(to, "help_centers.get", Does::Read, call, None, json)
}

/// `GET /help_center/help_centers/{id}/redirects`: one page, those that changed last first. Needs
/// `read_help_center_redirects_scope`.
pub fn redirects(
    to: &Endpoint,
    id: &HelpCenterId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Redirect>> {
    let path = ["help_center", "help_centers", id.as_str(), "redirects"];
    ask(to, "help_centers.redirects", (Method::GET, &path, &[]), per_page, after, numbered_page)
}

/// `POST /help_center/help_centers/{id}/redirects`. 409 (`Conflict`) when the address leads somewhere already, 422 when it
/// isn't one of the help centre's. Needs `read_write_help_center_redirects_scope`.
pub fn create_redirect(
    to: &Endpoint,
    id: &HelpCenterId,
    from_url: &str,
    locale: &str,
    target: &RedirectTarget,
) -> Ask<Redirect> {
    let (kind, target) = match target {
        RedirectTarget::Article(id) => ("article", id.as_str()),
        RedirectTarget::Collection(id) => ("collection", id.as_str()),
    };
    let body = Body::json(&json!({"from_url": from_url, "locale": locale, "target_type": kind,
        "target_id": target}));
    let path = ["help_center", "help_centers", id.as_str(), "redirects"];
    let call = (Method::POST, &path[..], &[][..]);
    Ask::new(to, "help_centers.create_redirect", Does::Create, call, Some(body), json)
}

/// `DELETE /help_center/help_centers/{id}/redirects/{redirect}`.
pub fn delete_redirect(to: &Endpoint, id: &HelpCenterId, redirect: &RedirectId) -> Ask<()> {
    let path = ["help_center", "help_centers", id.as_str(), "redirects", redirect.as_str()];
    let call = (Method::DELETE, &path[..], &[][..]);
    Ask::new(to, "help_centers.delete_redirect", Does::Overwrite, call, None, nothing)
}

/// Help centres of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct HelpCenters<'c>(pub(crate) &'c Client);

impl<'c> HelpCenters<'c> {
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<HelpCenter>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &HelpCenterId) -> Pending<'c, HelpCenter> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// Every redirect of a help centre; see [`redirects`].
    pub fn redirects(self, id: &HelpCenterId) -> All<'c, Redirect> {
        let id = id.clone();
        All::new(move |after| {
            let call = self.0.pending(redirects(self.0.endpoint(), &id, PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// See [`create_redirect`].
    pub fn create_redirect(
        self,
        id: &HelpCenterId,
        from_url: &str,
        locale: &str,
        target: &RedirectTarget,
    ) -> Pending<'c, Redirect> {
        self.0.pending(create_redirect(self.0.endpoint(), id, from_url, locale, target))
    }
    /// See [`delete_redirect`].
    pub fn delete_redirect(self, id: &HelpCenterId, redirect: &RedirectId) -> Pending<'c, ()> {
        self.0.pending(delete_redirect(self.0.endpoint(), id, redirect))
    }
}
