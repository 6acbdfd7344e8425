//! `/accounts`: the organisations of contacts.

use crate::api::search::{checked, custom_field_search};
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{AccountId, AgentId, LayoutId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{
    Fields, answer, begun_empty, body, custom_fields, handle, or_default, private, query, range, text, time,
};
use http::Method;
use jiff::Timestamp;
use mapping_core::Private;
use serde_json::{Value, json};

answer! {
    /// An account.
    Account(AccountId) {
        /// Its name.
        account_name "private": Option<Private>;
        /// Its website.
        website "private": Option<Private>;
        /// Its telephone number.
        phone "private": Option<Private>;
        /// Its e-mail address.
        email "private": Option<Private>;
        /// Its industry, a value of the picklist.
        industry "text": Option<String>;
        /// The agent who looks after it.
        owner_id "link": Option<AgentId>;
        /// When it was made.
        created_time "time": Option<Timestamp>;
        /// When it was last changed.
        modified_time "time": Option<Timestamp>;
        /// Custom fields.
        cf "or_default": Fields;
    }
}

macro_rules! account_body {
    ($(#[$doc:meta])* $name:ident) => {
        body! {
            $(#[$doc])*
            $name {
                /// The website, with `http://` or `https://`.
                website "website": &str;
                /// The telephone number: 30 characters at most.
                phone "phone": &str;
                /// The e-mail address.
                email "email": &str;
                /// The country: 30 characters at most, as an update takes no more.
                country "country": &str;
                /// The state: 30 characters at most.
                state "state": &str;
                /// The city: 30 characters at most.
                city "city": &str;
                /// The postal code.
                code "code": &str;
                /// The street.
                street "street": &str;
                /// The industry, a value of the picklist.
                industry "industry": &str;
                /// The fax number.
                fax "fax": &str;
                /// What is to be known about it.
                description "description": &str;
                /// The agent who looks after it; `None` is nobody.
                owner "ownerId": Option<&AgentId>;
                /// Service levels, by their ids.
                service_levels "associatedSLAIds": &[&str];
                /// The layout.
                layout "layoutId": &LayoutId;
            }
        }
        custom_fields!($name);
    };
}

account_body! {
    /// An account to be made.
    NewAccount
}
account_body! {
    /// Fields of an account to be written; what isn't set stays as it is.
    AccountUpdate
}
begun_empty!(AccountUpdate);

impl NewAccount {
    /// One with this name.
    pub fn new(name: &str) -> Self {
        let mut new = Self::default();
        new.0.0.insert("accountName".to_owned(), name.into());
        new
    }
}

impl AccountUpdate {
    /// The name.
    pub fn name(mut self, name: &str) -> Self {
        self.0.0.insert("accountName".to_owned(), name.into());
        self
    }
}

query! {
    /// Which accounts, in which order.
    AccountQuery {
        /// `accountName`, `createdTime`, `modifiedTime`, `email`, `phone` or `website`; with `-` in front the other way round.
        sort_by "sortBy": &str;
        /// Only these fields: 30 at most.
        fields "fields": &[&str];
    }
}

query! {
    /// What accounts are searched for. All conditions hold together.
    AccountSearch {
        /// The name: three characters at least.
        name "accountName": &str;
        /// One of these accounts.
        ids "id": &[AccountId];
    }
}
custom_field_search!(AccountSearch);

impl AccountSearch {
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

/// `GET /accounts`: one page.
pub fn list(to: &Endpoint, query: &AccountQuery, at: At) -> Ask<Page<Account>> {
    ask(to, "accounts.list", (&["accounts"], query.parameters()), (Paging::ACCOUNTS, at), data)
}

/// `GET /accounts/{id}`.
pub fn get(to: &Endpoint, id: &AccountId) -> Ask<Account> {
    Ask::new(
        to,
        "accounts.get",
        Does::Get,
        (Method::GET, &["accounts", id.as_str()], &[]),
        Payload::None,
        json,
    )
}

/// `GET /accounts/search`: one page. See [`search`](super::search) for what a value can't hold.
pub fn search(to: &Endpoint, search: &AccountSearch, at: At) -> Ask<Page<Account>> {
    let query = search.parameters();
    match checked(&query, &["id"]) {
        Ok(()) => ask(to, "accounts.search", (&["accounts", "search"], query), (Paging::SEARCH, at), data),
        Err(why) => Ask::refused("accounts.search", why, data),
    }
}

/// `POST /accounts`.
pub fn create(to: &Endpoint, new: &NewAccount) -> Ask<Account> {
    Ask::new(to, "accounts.create", Does::Create, (Method::POST, &["accounts"], &[]), body(new), json)
}

/// `PATCH /accounts/{id}`.
pub fn update(to: &Endpoint, id: &AccountId, fields: &AccountUpdate) -> Ask<Account> {
    let call = (Method::PATCH, &["accounts", id.as_str()][..], &[][..]);
    Ask::new(to, "accounts.update", Does::Overwrite, call, body(fields), json)
}

/// `POST /accounts/moveToTrash`. It doesn't say which of them it moved.
pub fn trash(to: &Endpoint, ids: &[AccountId]) -> Ask<()> {
    let sent: Value = json!({"accountIds": ids});
    let call = (Method::POST, &["accounts", "moveToTrash"][..], &[][..]);
    Ask::new(to, "accounts.trash", Does::Overwrite, call, body(&sent), nothing)
}

handle! {
    /// Accounts of the portal.
    Accounts {
        list(query: &AccountQuery, at: At) -> Page<Account>;
        get(id: &AccountId) -> Account;
        search(search_for: &AccountSearch, at: At) -> Page<Account>;
        create(new: &NewAccount) -> Account;
        update(id: &AccountId, fields: &AccountUpdate) -> Account;
        trash(ids: &[AccountId]) -> ();
        @all list_all(query: &AccountQuery) -> Account = list by ACCOUNTS;
        @all search_all(search_for: &AccountSearch) -> Account = search by SEARCH;
    }
}
