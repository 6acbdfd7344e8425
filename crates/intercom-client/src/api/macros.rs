//! `/macros`: they can be read and never written.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{MacroId, TeamId};
use crate::page::{All, Cursor, Page, Pages, ask};
use crate::wire::{Fields, or_default, time};
use connector_http::Response;
use http::Method;
use jiff::Timestamp;
use mapping_core::Result;
use serde::Deserialize;

/// A macro.
#[derive(Clone, Debug, Deserialize)]
pub struct Macro {
    /// Its id.
    pub id: MacroId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its text as HTML, placeholders as elements: `<attribute key="user.name" default="there"/>`.
    #[serde(default)]
    pub body: Option<mapping_core::Private>,
    /// Its text, placeholders as `{{user.name|fallback:"there"}}`.
    #[serde(default)]
    pub body_text: Option<mapping_core::Private>,
    /// `everyone` or `specific_teams`.
    #[serde(default)]
    pub visible_to: Option<String>,
    /// The teams that see it.
    #[serde(default, deserialize_with = "or_default")]
    pub visible_to_team_ids: Vec<TeamId>,
    /// `inbox`, `messenger`.
    #[serde(default, deserialize_with = "or_default")]
    pub available_on: Vec<String>,
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

/// `GET /macros`: one page, those that changed last first. Needs `read_conversations`; macros that the teammate behind the
/// token can't see are left out.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Macro>> {
    let per_page = per_page.min(super::search::MOST_PER_PAGE);
    ask(to, "macros.list", (Method::GET, &["macros"], &[]), per_page, after, read_page)
}

fn read_page(answer: &Response) -> Result<Page<Macro>> {
    #[derive(Deserialize)]
    struct List {
        data: Option<Vec<Macro>>,
        #[serde(default, deserialize_with = "or_default")]
        pages: Pages,
    }
    let list: List = json(answer)?;
    Ok(Page { items: list.data.unwrap_or_default(), total: None, next: list.pages.cursor() })
}

/// `GET /macros/{id}`. `NotFound` for one that the teammate behind the token can't see, too.
pub fn get(to: &Endpoint, id: &MacroId) -> Ask<Macro> {
    Ask::new(to, "macros.get", Does::Read, (Method::GET, &["macros", id.as_str()], &[]), None, json)
}

/// Macros of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Macros<'c>(pub(crate) &'c Client);

impl<'c> Macros<'c> {
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Macro>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every macro that the teammate behind the token can see.
    pub fn list_all(self) -> All<'c, Macro> {
        All::new(move |after| {
            Box::pin(async move { self.list(super::search::MOST_PER_PAGE, after.as_ref()).await })
        })
    }
    /// See [`get`].
    pub fn get(self, id: &MacroId) -> Pending<'c, Macro> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
