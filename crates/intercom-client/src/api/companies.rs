//! `/companies`: the organisations of contacts.

use super::contacts::Contact;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{CompanyId, ContactId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, numbered_page, time};
use connector_http::{Body, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Private, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Most companies that [`list`] shows on all its pages; a workspace with more takes [`scroll`].
pub const MOST_LISTED: u64 = 10_000;
/// Companies asked for at once.
const PER_PAGE: u32 = 50;

/// A company. Reads and lists show it only once it has a contact.
#[derive(Clone, Debug, Deserialize)]
pub struct Company {
    /// Intercom's id of it.
    pub id: CompanyId,
    /// The id that its maker gave it; it can't be changed.
    #[serde(default)]
    pub company_id: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Private>,
    /// Its website.
    #[serde(default)]
    pub website: Option<Private>,
    /// Its trade.
    #[serde(default)]
    pub industry: Option<Private>,
    /// How many people work there.
    #[serde(default)]
    pub size: Option<i64>,
    /// How many contacts it has.
    #[serde(default)]
    pub user_count: Option<u64>,
    /// When it was made in Intercom.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// When it was made at its owner's.
    #[serde(default, deserialize_with = "time")]
    pub remote_created_at: Option<Timestamp>,
    /// Values of data attributes.
    #[serde(default)]
    pub custom_attributes: Fields,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Fields of a company to be written; what isn't set stays as it is.
#[must_use]
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct CompanyUpdate(Map<String, Value>);

impl std::fmt::Debug for CompanyUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl CompanyUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }
    /// The website.
    pub fn website(self, address: impl Into<String>) -> Self {
        self.set("website", address.into())
    }
    /// The trade.
    pub fn industry(self, industry: impl Into<String>) -> Self {
        self.set("industry", industry.into())
    }
    /// How many people work there.
    pub fn size(self, people: i64) -> Self {
        self.set("size", people)
    }
    /// The value of a data attribute; it must exist.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let all = self.0.entry("custom_attributes").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.insert(name.into(), value.into());
        }
        self
    }
    /// Empties a field.
    pub fn empty(self, field: &str) -> Self {
        self.set(field, Value::Null)
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// A company to be made, or to be found by its id and written.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewCompany(CompanyUpdate);

impl NewCompany {
    /// The company that its owner calls by this id.
    pub fn new(company_id: impl Into<String>) -> Self {
        NewCompany(CompanyUpdate::new().set("company_id", company_id.into()))
    }
    /// Sets the other fields.
    pub fn with(mut self, fields: CompanyUpdate) -> Self {
        self.0.0.extend(fields.0);
        self
    }
    /// When it was made at its owner's.
    pub fn remote_created_at(mut self, at: Timestamp) -> Self {
        self.0 = self.0.set("remote_created_at", at.as_second());
        self
    }
}

/// `POST /companies`: makes the company, or writes the one that has the `company_id` already. Asked twice, it leaves one.
pub fn upsert(to: &Endpoint, company: &NewCompany) -> Ask<Company> {
    let call = (Method::POST, &["companies"][..], &[][..]);
    Ask::new(to, "companies.upsert", Does::Overwrite, call, Some(Body::json(company)), json)
}

/// `GET /companies/{id}`.
pub fn get(to: &Endpoint, id: &CompanyId) -> Ask<Company> {
    let call = (Method::GET, &["companies", id.as_str()][..], &[][..]);
    Ask::new(to, "companies.get", Does::Read, call, None, json)
}

/// `GET /companies?company_id=`: by the id that its maker gave it. `NotFound` for one without contacts, too.
pub fn find_by_company_id(to: &Endpoint, company_id: &str) -> Ask<Company> {
    let call = (Method::GET, &["companies"][..], &[("company_id", company_id)][..]);
    Ask::new(to, "companies.find_by_company_id", Does::Read, call, None, json)
}

/// `PUT /companies/{id}`.
pub fn update(to: &Endpoint, id: &CompanyId, fields: &CompanyUpdate) -> Ask<Company> {
    let call = (Method::PUT, &["companies", id.as_str()][..], &[][..]);
    Ask::new(to, "companies.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `DELETE /companies/{id}`: answers at once, is done later, and takes the company from its contacts.
pub fn delete(to: &Endpoint, id: &CompanyId) -> Ask<()> {
    let call = (Method::DELETE, &["companies", id.as_str()][..], &[][..]);
    Ask::new(to, "companies.delete", Does::Overwrite, call, None, nothing)
}

/// `POST /companies/list`: one page, by number; up to [`MOST_LISTED`] companies in all.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Company>> {
    ask(to, "companies.list", (Method::POST, &["companies", "list"], &[]), per_page, after, numbered_page)
}

/// `GET /companies/scroll`: the next page of all companies. One scroll may be open per app, it ends after a minute
/// without a call, and no page of it can be asked for twice: after an error it begins again, without a cursor.
pub fn scroll(to: &Endpoint, after: Option<&Cursor>) -> Ask<Page<Company>> {
    let query: Vec<_> = after.iter().map(|c| ("scroll_param", c.as_str())).collect();
    let does = if after.is_some() { Does::Scroll } else { Does::Read };
    let call = (Method::GET, &["companies", "scroll"][..], &query[..]);
    Ask::new(to, "companies.scroll", does, call, None, |answer| {
        #[derive(Deserialize)]
        struct List {
            data: Option<Vec<Company>>,
            total_count: Option<u64>,
            scroll_param: Option<String>,
        }
        let list: List = json(answer)?;
        let items = list.data.unwrap_or_default();
        let next = list.scroll_param.filter(|p| !p.is_empty() && !items.is_empty()).map(Cursor);
        Ok(Page { items, total: list.total_count, next })
    })
}

/// `POST /contacts/{id}/companies`: a contact has 1000 at most.
pub fn attach(to: &Endpoint, contact: &ContactId, company: &CompanyId) -> Ask<Company> {
    let body = Body::json(&json!({"id": company.as_str()}));
    let call = (Method::POST, &["contacts", contact.as_str(), "companies"][..], &[][..]);
    Ask::new(to, "companies.attach", Does::Overwrite, call, Some(body), json)
}

/// `DELETE /contacts/{id}/companies/{company}`.
pub fn detach(to: &Endpoint, contact: &ContactId, company: &CompanyId) -> Ask<()> {
    let path = ["contacts", contact.as_str(), "companies", company.as_str()];
    Ask::new(to, "companies.detach", Does::Overwrite, (Method::DELETE, &path, &[]), None, nothing)
}

/// `GET /contacts/{id}/companies`: one page of a contact's companies.
pub fn of_contact(
    to: &Endpoint,
    contact: &ContactId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Company>> {
    let path = ["contacts", contact.as_str(), "companies"];
    ask(to, "companies.of_contact", (Method::GET, &path, &[]), per_page, after, read_of_contact)
}

/// `GET /companies/{id}/contacts`: one page of a company's contacts.
pub fn contacts(
    to: &Endpoint,
    company: &CompanyId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Contact>> {
    let path = ["companies", company.as_str(), "contacts"];
    ask(to, "companies.contacts", (Method::GET, &path, &[]), per_page, after, numbered_page)
}

fn read_of_contact(answer: &Response) -> Result<Page<Company>> {
    // The description's schema and its example call the list by different names.
    #[derive(Deserialize)]
    struct List {
        #[serde(alias = "companies")]
        data: Option<Vec<Company>>,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "crate::wire::or_default")]
        pages: crate::page::Pages,
    }
    let list: List = json(answer)?;
    let items = list.data.unwrap_or_default();
    Ok(Page { items, total: list.total_count, next: list.pages.following() })
}

/// Companies of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Companies<'c>(pub(crate) &'c Client);

impl<'c> Companies<'c> {
    /// See [`upsert`].
    pub fn upsert(self, company: &NewCompany) -> Pending<'c, Company> {
        self.0.pending(upsert(self.0.endpoint(), company))
    }
    /// See [`get`].
    pub fn get(self, id: &CompanyId) -> Pending<'c, Company> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`find_by_company_id`].
    pub fn find_by_company_id(self, company_id: &str) -> Pending<'c, Company> {
        self.0.pending(find_by_company_id(self.0.endpoint(), company_id))
    }
    /// See [`update`].
    pub fn update(self, id: &CompanyId, fields: &CompanyUpdate) -> Pending<'c, Company> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`delete`].
    pub fn delete(self, id: &CompanyId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Company>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// The [`MOST_LISTED`] companies that were used last.
    pub fn list_all(self) -> All<'c, Company> {
        All::new(move |after| Box::pin(async move { self.list(PER_PAGE, after.as_ref()).await }))
    }
    /// See [`scroll`].
    pub fn scroll(self, after: Option<&Cursor>) -> Pending<'c, Page<Company>> {
        self.0.pending(scroll(self.0.endpoint(), after))
    }
    /// Every company. An error's context `scroll` says that the list begins anew after it.
    pub fn scroll_all(self) -> All<'c, Company> {
        All::scroll(move |after| Box::pin(async move { self.scroll(after.as_ref()).await }))
    }
    /// See [`attach`].
    pub fn attach(self, contact: &ContactId, company: &CompanyId) -> Pending<'c, Company> {
        self.0.pending(attach(self.0.endpoint(), contact, company))
    }
    /// See [`detach`].
    pub fn detach(self, contact: &ContactId, company: &CompanyId) -> Pending<'c, ()> {
        self.0.pending(detach(self.0.endpoint(), contact, company))
    }
    /// Every company of a contact; see [`of_contact`].
    pub fn of_contact(self, contact: &ContactId) -> All<'c, Company> {
        let contact = contact.clone();
        All::new(move |after| {
            let call = self.0.pending(of_contact(self.0.endpoint(), &contact, PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// Every contact of a company; see [`contacts`].
    pub fn contacts(self, company: &CompanyId) -> All<'c, Contact> {
        let company = company.clone();
        All::new(move |after| {
            let call = self.0.pending(contacts(self.0.endpoint(), &company, PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
}
