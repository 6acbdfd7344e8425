//! Notes on contacts and companies. They carry the time of their writing and can be neither changed nor deleted.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::{AdminId, CompanyId, ContactId, NoteId};
use crate::page::{All, Cursor, Page, ask};
use crate::wire::{Fields, numbered_page, time};
use connector_http::Body;
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde::Deserialize;
use serde_json::json;

/// Notes asked for at once.
const PER_PAGE: u32 = 50;

/// A note.
#[derive(Clone, Debug, Deserialize)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// Its text as HTML.
    #[serde(default)]
    pub body: Option<Private>,
    /// When it was written to Intercom; never back-dated.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// The teammate who wrote it.
    #[serde(default)]
    pub author: Option<NoteAuthor>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// Who wrote a note.
#[derive(Clone, Debug, Deserialize)]
pub struct NoteAuthor {
    /// Their id.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub id: Option<AdminId>,
}

/// `POST /contacts/{id}/notes`. Without `by` the admin behind the token is the author.
pub fn create_on_contact(to: &Endpoint, contact: &ContactId, by: Option<&AdminId>, body: &str) -> Ask<Note> {
    let path = ["contacts", contact.as_str(), "notes"];
    create(to, "notes.create_on_contact", &path, by, body)
}

/// `POST /companies/{id}/notes`. Without `by` the admin behind the token is the author.
pub fn create_on_company(to: &Endpoint, company: &CompanyId, by: Option<&AdminId>, body: &str) -> Ask<Note> {
    let path = ["companies", company.as_str(), "notes"];
    create(to, "notes.create_on_company", &path, by, body)
}

fn create(
    to: &Endpoint,
    operation: &'static str,
    path: &[&str],
    by: Option<&AdminId>,
    body: &str,
) -> Ask<Note> {
    let mut note = json!({"body": body});
    if let Some(by) = by {
        note["admin_id"] = by.as_str().into();
    }
    Ask::new(to, operation, Does::Create, (Method::POST, path, &[]), Some(Body::json(&note)), json)
}

/// `GET /contacts/{id}/notes`: one page.
pub fn of_contact(
    to: &Endpoint,
    contact: &ContactId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Note>> {
    let path = ["contacts", contact.as_str(), "notes"];
    ask(to, "notes.of_contact", (Method::GET, &path, &[]), per_page, after, numbered_page)
}

/// `GET /companies/{id}/notes`: one page.
pub fn of_company(
    to: &Endpoint,
    company: &CompanyId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Note>> {
    let path = ["companies", company.as_str(), "notes"];
    ask(to, "notes.of_company", (Method::GET, &path, &[]), per_page, after, numbered_page)
}

/// `GET /notes/{id}`.
pub fn get(to: &Endpoint, id: &NoteId) -> Ask<Note> {
    Ask::new(to, "notes.get", Does::Read, (Method::GET, &["notes", id.as_str()], &[]), None, json)
}

/// Notes on contacts and companies.
#[derive(Clone, Copy, Debug)]
pub struct Notes<'c>(pub(crate) &'c Client);

impl<'c> Notes<'c> {
    /// See [`create_on_contact`].
    pub fn create_on_contact(
        self,
        contact: &ContactId,
        by: Option<&AdminId>,
        body: &str,
    ) -> Pending<'c, Note> {
        self.0.pending(create_on_contact(self.0.endpoint(), contact, by, body))
    }
    /// See [`create_on_company`].
    pub fn create_on_company(
        self,
        company: &CompanyId,
        by: Option<&AdminId>,
        body: &str,
    ) -> Pending<'c, Note> {
        self.0.pending(create_on_company(self.0.endpoint(), company, by, body))
    }
    /// Every note on a contact; see [`of_contact`].
    pub fn of_contact(self, contact: &ContactId) -> All<'c, Note> {
        let contact = contact.clone();
        All::new(move |after| {
            let call = self.0.pending(of_contact(self.0.endpoint(), &contact, PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// Every note on a company; see [`of_company`].
    pub fn of_company(self, company: &CompanyId) -> All<'c, Note> {
        let company = company.clone();
        All::new(move |after| {
            let call = self.0.pending(of_company(self.0.endpoint(), &company, PER_PAGE, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// See [`get`].
    pub fn get(self, id: &NoteId) -> Pending<'c, Note> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
