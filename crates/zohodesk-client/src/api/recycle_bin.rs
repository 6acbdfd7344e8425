//! `/recycleBin`: what was trashed and not purged yet.

use crate::endpoint::{Ask, Endpoint};
use crate::id::{AgentId, DepartmentId, link};
use crate::page::{At, Page, Paging, Row, ask, data};
use crate::wire::{Fields, handle, private, query, text, time};
use jiff::Timestamp;
use mapping_core::Private;
use serde::Deserialize;

/// Something in the recycle bin.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Trashed {
    /// The id it had and has again when it is restored.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// What it is: a kind of object.
    #[serde(default, rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    /// Its name.
    #[serde(default, deserialize_with = "private")]
    pub display_name: Option<Private>,
    /// Its department.
    #[serde(default, deserialize_with = "link")]
    pub department_id: Option<DepartmentId>,
    /// Who trashed it.
    #[serde(default, deserialize_with = "link")]
    pub deleted_by_id: Option<AgentId>,
    /// When.
    #[serde(default, deserialize_with = "time")]
    pub deleted_time: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Row for Trashed {
    fn key(&self) -> &str {
        &self.id
    }
}

fn id<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    crate::id::TicketId::deserialize(from).map(|id| id.to_string())
}

query! {
    /// What of the recycle bin.
    RecycleBinQuery {
        /// `tickets`, `contacts`, `accounts`, `solutions` (articles) …
        module "module": &str;
        /// What was in this department.
        department "departmentId": &DepartmentId;
    }
}

/// `GET /recycleBin`: one page.
pub fn list(to: &Endpoint, query: &RecycleBinQuery, at: At) -> Ask<Page<Trashed>> {
    ask(to, "recycle_bin.list", (&["recycleBin"], query.parameters()), (Paging::RECYCLE_BIN, at), data)
}

handle! {
    /// The recycle bin.
    RecycleBin {
        list(query: &RecycleBinQuery, at: At) -> Page<Trashed>;
        @all list_all(query: &RecycleBinQuery) -> Trashed = list by RECYCLE_BIN;
    }
}
