//! `/contacts`: users and leads.

use super::search::Query;
use super::tags::Tag;
use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{AdminId, ContactId, TagId};
use crate::page::{All, Cursor, Page, Pages};
use crate::wire::{Fields, listed, time};
use connector_http::{Body, Response};
use http::Method;
use jiff::Timestamp;
use mapping_core::{Private, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A contact.
#[derive(Clone, Debug, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: ContactId,
    /// `user` or `lead`.
    #[serde(default)]
    pub role: Option<String>,
    /// The id that the workspace's owner gave it.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Its e-mail address.
    #[serde(default)]
    pub email: Option<Private>,
    /// Its telephone number.
    #[serde(default)]
    pub phone: Option<Private>,
    /// Its name.
    #[serde(default)]
    pub name: Option<Private>,
    /// The teammate who owns it.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub owner_id: Option<AdminId>,
    /// When it was made in Intercom; never writable.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// When the person signed up.
    #[serde(default, deserialize_with = "time")]
    pub signed_up_at: Option<Timestamp>,
    /// Values of data attributes.
    #[serde(default)]
    pub custom_attributes: Fields,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A contact to be made.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewContact(ContactUpdate);

impl NewContact {
    /// A user. Needs an e-mail address or an external id.
    pub fn user() -> Self {
        NewContact(ContactUpdate::new().set("role", "user"))
    }
    /// A lead. Several leads may share an address, so nothing keeps a second one from being made.
    pub fn lead() -> Self {
        NewContact(ContactUpdate::new().set("role", "lead"))
    }
    /// Sets the other fields.
    pub fn with(mut self, fields: ContactUpdate) -> Self {
        self.0.0.extend(fields.0);
        self
    }
    /// The e-mail address.
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.0 = self.0.email(email);
        self
    }
    /// The id that the workspace's owner gives it.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.0 = self.0.external_id(id);
        self
    }
    /// The name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0 = self.0.name(name);
        self
    }
}

/// Fields of a contact to be written; what isn't set stays as it is. Consent (`unsubscribed_from_emails`) has no place
/// here on purpose.
#[must_use]
#[derive(Clone, Default, Serialize)]
#[serde(transparent)]
pub struct ContactUpdate(Map<String, Value>);

impl std::fmt::Debug for ContactUpdate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl ContactUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// True when nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The e-mail address.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.set("email", email.into())
    }
    /// The id that the workspace's owner gives it.
    pub fn external_id(self, id: impl Into<String>) -> Self {
        self.set("external_id", id.into())
    }
    /// The name; `None` empties it.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }
    /// The telephone number in E.164 form.
    pub fn phone(self, phone: impl Into<String>) -> Self {
        self.set("phone", phone.into())
    }
    /// When the person signed up.
    pub fn signed_up_at(self, at: Timestamp) -> Self {
        self.set("signed_up_at", at.as_second())
    }
    /// The value of a data attribute; it must exist.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let all = self.0.entry("custom_attributes").or_insert_with(|| Value::Object(Map::new()));
        if let Value::Object(all) = all {
            all.insert(name.into(), value.into());
        }
        self
    }
    /// Empties a field: `name`, `phone`, `signed_up_at` are set to null, `email` and `external_id` to the empty string,
    /// because the API's description allows no null there.
    pub fn empty(self, field: &str) -> Self {
        let nothing = if matches!(field, "email" | "external_id") { Value::from("") } else { Value::Null };
        self.set(field, nothing)
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

/// `POST /contacts`.
///
/// 409 (`Conflict`) when a user has the address or external id already; the error's context `contact` is its id, and
/// `archived` says that it is archived, when no read can show it.
pub fn create(to: &Endpoint, contact: &NewContact) -> Ask<Contact> {
    let body = Body::json(contact);
    Ask::new(to, "contacts.create", Does::Create, (Method::POST, &["contacts"], &[]), Some(body), json)
}

/// `PUT /contacts/{id}`.
pub fn update(to: &Endpoint, id: &ContactId, fields: &ContactUpdate) -> Ask<Contact> {
    let call = (Method::PUT, &["contacts", id.as_str()][..], &[][..]);
    Ask::new(to, "contacts.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `GET /contacts/{id}`. `NotFound` for archived ones too; with context `merged_into` for merged ones.
pub fn get(to: &Endpoint, id: &ContactId) -> Ask<Contact> {
    Ask::new(to, "contacts.get", Does::Read, (Method::GET, &["contacts", id.as_str()], &[]), None, json)
}

/// `DELETE /contacts/{id}`: permanent.
pub fn delete(to: &Endpoint, id: &ContactId) -> Ask<()> {
    let call = (Method::DELETE, &["contacts", id.as_str()][..], &[][..]);
    Ask::new(to, "contacts.delete", Does::Overwrite, call, None, nothing)
}

/// `GET /contacts/find_by_external_id/{id}`: users only, and at once after they were made.
pub fn find_by_external_id(to: &Endpoint, id: &str) -> Ask<Contact> {
    let call = (Method::GET, &["contacts", "find_by_external_id", id][..], &[][..]);
    Ask::new(to, "contacts.find_by_external_id", Does::Read, call, None, json)
}

/// `POST /contacts/{id}/archive`.
pub fn archive(to: &Endpoint, id: &ContactId) -> Ask<()> {
    let call = (Method::POST, &["contacts", id.as_str(), "archive"][..], &[][..]);
    Ask::new(to, "contacts.archive", Does::Overwrite, call, None, nothing)
}

/// `POST /contacts/{id}/unarchive`.
pub fn unarchive(to: &Endpoint, id: &ContactId) -> Ask<()> {
    let call = (Method::POST, &["contacts", id.as_str(), "unarchive"][..], &[][..]);
    Ask::new(to, "contacts.unarchive", Does::Overwrite, call, None, nothing)
}

/// `POST /contacts/search`: one page. A contact may not be found for minutes after it was made.
pub fn search(to: &Endpoint, query: &Query, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Contact>> {
    let call = (Method::POST, &["contacts", "search"][..], &[][..]);
    Ask::new(to, "contacts.search", Does::Read, call, Some(query.body(per_page, after)), read_page)
}

/// `GET /contacts`: one page.
pub fn list(to: &Endpoint, per_page: u32, after: Option<&Cursor>) -> Ask<Page<Contact>> {
    let size = per_page.clamp(1, super::search::MOST_PER_PAGE).to_string();
    let mut query = vec![("per_page", size.as_str())];
    query.extend(after.map(|c| ("starting_after", c.as_str())));
    Ask::new(to, "contacts.list", Does::Read, (Method::GET, &["contacts"], &query), None, read_page)
}

fn read_page(answer: &Response) -> Result<Page<Contact>> {
    #[derive(Deserialize)]
    struct List {
        #[serde(default, deserialize_with = "crate::wire::or_default")]
        data: Vec<Contact>,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "crate::wire::or_default")]
        pages: Pages,
    }
    let list: List = json(answer)?;
    Ok(Page { items: list.data, total: list.total_count, next: list.pages.cursor() })
}

/// `POST /contacts/merge`: a lead into a user. It can't be taken back. 400 for two that are no duplicates by Intercom's
/// judgement, unless `unlike` says that they may differ.
pub fn merge(to: &Endpoint, lead: &ContactId, into: &ContactId, unlike: bool) -> Ask<Contact> {
    let mut body = json!({"from": lead.as_str(), "into": into.as_str()});
    if unlike {
        body["skip_duplicate_validation"] = true.into();
    }
    let call = (Method::POST, &["contacts", "merge"][..], &[][..]);
    Ask::new(to, "contacts.merge", Does::Overwrite, call, Some(Body::json(&body)), json)
}

/// A merge that a contact has been through.
#[derive(Clone, Debug, Deserialize)]
pub struct Merged {
    /// The contact that went into it.
    #[serde(rename = "source_contact_id")]
    pub source: ContactId,
    /// `lead` or `user`.
    #[serde(rename = "source_contact_role", default)]
    pub role: Option<String>,
    /// When it did.
    #[serde(default, deserialize_with = "time")]
    pub merged_at: Option<Timestamp>,
}

/// `GET /contacts/{id}/merge_history`: one page of what was merged into a user, new in 2.16.
pub fn merge_history(
    to: &Endpoint,
    id: &ContactId,
    per_page: u32,
    after: Option<&Cursor>,
) -> Ask<Page<Merged>> {
    let size = per_page.clamp(1, super::search::MOST_PER_PAGE).to_string();
    let mut query = vec![("per_page", size.as_str())];
    query.extend(after.map(|c| ("cursor", c.as_str())));
    let call = (Method::GET, &["contacts", id.as_str(), "merge_history"][..], &query[..]);
    Ask::new(to, "contacts.merge_history", Does::Read, call, None, |answer| {
        #[derive(Deserialize)]
        struct List {
            data: Option<Vec<Merged>>,
            next_cursor: Option<String>,
            has_more: Option<bool>,
        }
        let list: List = json(answer)?;
        let more = list.has_more.unwrap_or(list.next_cursor.is_some());
        let next = list.next_cursor.filter(|c| more && !c.is_empty()).map(Cursor);
        Ok(Page { items: list.data.unwrap_or_default(), total: None, next })
    })
}

/// `GET /contacts/{id}/tags`: all of them.
pub fn tags(to: &Endpoint, id: &ContactId) -> Ask<Vec<Tag>> {
    let call = (Method::GET, &["contacts", id.as_str(), "tags"][..], &[][..]);
    Ask::new(to, "contacts.tags", Does::Read, call, None, listed)
}

/// `POST /contacts/{id}/tags`: attaching twice is attaching once.
pub fn attach_tag(to: &Endpoint, id: &ContactId, tag: &TagId) -> Ask<Tag> {
    let body = Body::json(&json!({"id": tag.as_str()}));
    let call = (Method::POST, &["contacts", id.as_str(), "tags"][..], &[][..]);
    Ask::new(to, "contacts.attach_tag", Does::Overwrite, call, Some(body), json)
}

/// `DELETE /contacts/{id}/tags/{tag}`.
pub fn detach_tag(to: &Endpoint, id: &ContactId, tag: &TagId) -> Ask<()> {
    let call = (Method::DELETE, &["contacts", id.as_str(), "tags", tag.as_str()][..], &[][..]);
    Ask::new(to, "contacts.detach_tag", Does::Overwrite, call, None, nothing)
}

/// Contacts of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Contacts<'c>(pub(crate) &'c Client);

impl<'c> Contacts<'c> {
    /// See [`create`].
    pub fn create(self, contact: &NewContact) -> Pending<'c, Contact> {
        self.0.pending(create(self.0.endpoint(), contact))
    }
    /// See [`update`].
    pub fn update(self, id: &ContactId, fields: &ContactUpdate) -> Pending<'c, Contact> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`get`].
    pub fn get(self, id: &ContactId) -> Pending<'c, Contact> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`delete`].
    pub fn delete(self, id: &ContactId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
    /// See [`find_by_external_id`].
    pub fn find_by_external_id(self, id: &str) -> Pending<'c, Contact> {
        self.0.pending(find_by_external_id(self.0.endpoint(), id))
    }
    /// See [`archive`].
    pub fn archive(self, id: &ContactId) -> Pending<'c, ()> {
        self.0.pending(archive(self.0.endpoint(), id))
    }
    /// See [`unarchive`].
    pub fn unarchive(self, id: &ContactId) -> Pending<'c, ()> {
        self.0.pending(unarchive(self.0.endpoint(), id))
    }
    /// See [`search`].
    pub fn search(self, query: &Query, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Contact>> {
        self.0.pending(search(self.0.endpoint(), query, per_page, after))
    }
    /// Everything that a search finds.
    pub fn search_all(self, query: Query) -> All<'c, Contact> {
        All::new(move |after| {
            let query = query.clone();
            Box::pin(async move { self.search(&query, super::search::MOST_PER_PAGE, after.as_ref()).await })
        })
    }
    /// See [`list`].
    pub fn list(self, per_page: u32, after: Option<&Cursor>) -> Pending<'c, Page<Contact>> {
        self.0.pending(list(self.0.endpoint(), per_page, after))
    }
    /// Every live contact.
    pub fn list_all(self) -> All<'c, Contact> {
        All::new(move |after| {
            Box::pin(async move { self.list(super::search::MOST_PER_PAGE, after.as_ref()).await })
        })
    }
    /// See [`merge`].
    pub fn merge(self, lead: &ContactId, into: &ContactId, unlike: bool) -> Pending<'c, Contact> {
        self.0.pending(merge(self.0.endpoint(), lead, into, unlike))
    }
    /// Everything that was merged into a user; see [`merge_history`].
    pub fn merge_history(self, id: &ContactId) -> All<'c, Merged> {
        let id = id.clone();
        All::new(move |after| {
            let most = super::search::MOST_PER_PAGE;
            let call = self.0.pending(merge_history(self.0.endpoint(), &id, most, after.as_ref()));
            Box::pin(call.into_future())
        })
    }
    /// See [`tags`].
    pub fn tags(self, id: &ContactId) -> Pending<'c, Vec<Tag>> {
        self.0.pending(tags(self.0.endpoint(), id))
    }
    /// See [`attach_tag`].
    pub fn attach_tag(self, id: &ContactId, tag: &TagId) -> Pending<'c, Tag> {
        self.0.pending(attach_tag(self.0.endpoint(), id, tag))
    }
    /// See [`detach_tag`].
    pub fn detach_tag(self, id: &ContactId, tag: &TagId) -> Pending<'c, ()> {
        self.0.pending(detach_tag(self.0.endpoint(), id, tag))
    }
}
