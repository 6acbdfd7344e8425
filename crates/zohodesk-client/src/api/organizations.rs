//! `/organizations`: portals.

use crate::endpoint::{Ask, Does, Endpoint, Payload, json};
use crate::id::OrgId;
use crate::page::all_data;
use crate::wire::{answer, flag, handle, text};
use http::Method;

answer! {
    /// A portal.
    Organization(OrgId) {
        /// The company's name.
        company_name "text": Option<String>;
        /// The portal's name in addresses.
        portal_name "text": Option<String>;
        /// The edition, such as `ENTERPRISE`; an open list. See [`Allowance`](crate::Allowance).
        edition "text": Option<String>;
        /// Whether it is the one that the token's owner opens first.
        is_default "flag": Option<bool>;
        /// Its own address, as Desk gives it.
        portal_url "text": Option<String>;
    }
}

/// `GET /organizations`: those the token sees. The one call without an organisation.
pub fn list(to: &Endpoint) -> Ask<Vec<Organization>> {
    Ask::without_org(to, "organizations.list", &["organizations"], all_data)
}

/// `GET /organizations/{id}`, with its edition.
pub fn get(to: &Endpoint, id: &OrgId) -> Ask<Organization> {
    let call = (Method::GET, &["organizations", id.as_str()][..], &[][..]);
    Ask::new(to, "organizations.get", Does::Get, call, Payload::None, json)
}

handle! {
    /// Portals.
    Organizations {
        list() -> Vec<Organization>;
        get(id: &OrgId) -> Organization;
    }
}
