//! `/contacts`.

use crate::api::search::{checked, custom_field_search};
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{AccountId, AgentId, ContactId, LayoutId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{
    Fields, answer, begun_empty, body, custom_fields, handle, or_default, private, query, range, time,
};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde_json::{Value, json};

answer! {
    /// A contact.
    Contact(ContactId) {
        /// The last name.
        last_name "private": Option<Private>;
        /// The first name.
        first_name "private": Option<Private>;
        /// The e-mail address.
        email "private": Option<Private>;
        /// A second one.
        secondary_email "private": Option<Private>;
        /// The telephone number.
        phone "private": Option<Private>;
        /// The mobile number.
        mobile "private": Option<Private>;
        /// The account it belongs to.
        account_id "link": Option<AccountId>;
        /// The agent who looks after it.
        owner_id "link": Option<AgentId>;
        /// When it was made.
        created_time "time": Option<Timestamp>;
        /// When it was last changed; only in answers for one contact.
        modified_time "time": Option<Timestamp>;
        /// Custom fields.
        cf "or_default": Fields;
    }
}

macro_rules! contact_body {
    ($(#[$doc:meta])* $name:ident) => {
        body! {
            $(#[$doc])*
            $name {
                /// The first name: 40 characters at most.
                first_name "firstName": &str;
                /// The e-mail address.
                email "email": &str;
                /// A second one.
                secondary_email "secondaryEmail": &str;
                /// The telephone number; parentheses are refused.
                phone "phone": &str;
                /// The mobile number.
                mobile "mobile": &str;
                /// The kind of contact, a value of its picklist.
                kind "type": &str;
                /// The account it belongs to; `None` is none.
                account "accountId": Option<&AccountId>;
                /// The agent who looks after it; `None` is nobody.
                owner "ownerId": Option<&AgentId>;
                /// The postal code: digits.
                zip "zip": &str;
                /// The country: 30 characters at most, as an update takes no more.
                country "country": &str;
                /// The state: 30 characters at most.
                state "state": &str;
                /// The city: 30 characters at most.
                city "city": &str;
                /// The street.
                street "street": &str;
                /// The title.
                title "title": &str;
                /// What is to be known about it.
                description "description": &str;
                /// An account at Twitter.
                twitter "twitter": &str;
                /// An account at Facebook.
                facebook "facebook": &str;
                /// The layout.
                layout "layoutId": &LayoutId;
                /// The language, as Desk words it.
                language "language": &str;
            }
        }
        custom_fields!($name);
    };
}

contact_body! {
    /// A contact to be made.
    NewContact
}
contact_body! {
    /// Fields of a contact to be written; what isn't set stays as it is.
    ContactUpdate
}
begun_empty!(ContactUpdate);

impl NewContact {
    /// One with this last name.
    pub fn new(last_name: &str) -> Self {
        let mut new = Self::default();
        new.0.0.insert("lastName".to_owned(), last_name.into());
        new
    }
}

impl ContactUpdate {
    /// The last name.
    pub fn last_name(mut self, name: &str) -> Self {
        self.0.0.insert("lastName".to_owned(), name.into());
        self
    }
}

query! {
    /// Which contacts, in which order.
    ContactQuery {
        /// Those of a view.
        view "viewId": &str;
        /// `firstName`, `lastName`, `phone`, `email`, `account`, `createdTime` or `modifiedTime`.
        sort_by "sortBy": &str;
        /// Only these fields: 30 at most.
        fields "fields": &[&str];
    }
}

query! {
    /// What contacts are searched for. All conditions hold together.
    ContactSearch {
        /// One of these e-mail addresses: 30 at most.
        emails "email": &[&str];
        /// One of these telephone numbers: 30 at most.
        phones "phone": &[&str];
        /// One of these mobile numbers: 30 at most.
        mobiles "mobile": &[&str];
        /// The name of the account: three characters at least.
        account_name "accountName": &str;
        /// The last name.
        last_name "lastName": &str;
        /// The first name.
        first_name "firstName": &str;
        /// First and last name.
        full_name "fullName": &str;
        /// One of these contacts.
        ids "id": &[ContactId];
    }
}
custom_field_search!(ContactSearch);

impl ContactSearch {
    /// Made in this range of time.
    pub fn created(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.0.0.insert("createdTimeRange".to_owned(), range(from, to));
        self
    }
    /// Changed in this range of time.
    pub fn modified(mut self, from: Timestamp, to: Timestamp) -> Self {
        self.0.0.insert("modifiedTimeRange".to_owned(), range(from, to));
        self
    }
}

/// `GET /contacts`: one page.
pub fn list(to: &Endpoint, query: &ContactQuery, at: At) -> Ask<Page<Contact>> {
    ask(to, "contacts.list", (&["contacts"], query.parameters()), (Paging::CONTACTS, at), data)
}

/// `GET /contacts/{id}`.
pub fn get(to: &Endpoint, id: &ContactId) -> Ask<Contact> {
    Ask::new(
        to,
        "contacts.get",
        Does::Get,
        (Method::GET, &["contacts", id.as_str()], &[]),
        Payload::None,
        json,
    )
}

/// `GET /contacts/search`: one page. See [`search`](super::search) for what a value can't hold.
pub fn search(to: &Endpoint, search: &ContactSearch, at: At) -> Ask<Page<Contact>> {
    let query = search.parameters();
    match checked(&query, &["email", "phone", "mobile", "id"]) {
        Ok(()) => ask(to, "contacts.search", (&["contacts", "search"], query), (Paging::SEARCH, at), data),
        Err(why) => Ask::refused("contacts.search", why, data),
    }
}

/// `POST /contacts`. Nothing keeps two from having one address.
pub fn create(to: &Endpoint, new: &NewContact) -> Ask<Contact> {
    Ask::new(to, "contacts.create", Does::Create, (Method::POST, &["contacts"], &[]), body(new), json)
}

/// `PATCH /contacts/{id}`.
pub fn update(to: &Endpoint, id: &ContactId, fields: &ContactUpdate) -> Ask<Contact> {
    let call = (Method::PATCH, &["contacts", id.as_str()][..], &[][..]);
    Ask::new(to, "contacts.update", Does::Overwrite, call, body(fields), json)
}

/// `POST /contacts/moveToTrash`. It doesn't say which of them it moved.
pub fn trash(to: &Endpoint, ids: &[ContactId]) -> Ask<()> {
    let sent: Value = json!({"contactIds": ids});
    let call = (Method::POST, &["contacts", "moveToTrash"][..], &[][..]);
    Ask::new(to, "contacts.trash", Does::Overwrite, call, body(&sent), nothing)
}

handle! {
    /// Contacts of the portal.
    Contacts {
        list(query: &ContactQuery, at: At) -> Page<Contact>;
        get(id: &ContactId) -> Contact;
        search(search_for: &ContactSearch, at: At) -> Page<Contact>;
        create(new: &NewContact) -> Contact;
        update(id: &ContactId, fields: &ContactUpdate) -> Contact;
        trash(ids: &[ContactId]) -> ();
        @all list_all(query: &ContactQuery) -> Contact = list by CONTACTS;
        @all search_all(search_for: &ContactSearch) -> Contact = search by SEARCH;
    }
}
