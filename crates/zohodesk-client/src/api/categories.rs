//! `/kbRootCategories`: the top of the knowledge base.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{CategoryId, DepartmentId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, body, handle, text};
use http::Method;
use serde_json::json;

answer! {
    /// A root category.
    RootCategory(CategoryId) {
        /// Its name.
        name "text": Option<String>;
        /// What it is about.
        description "text": Option<String>;
        /// `SHOW_IN_HELPCENTER`, `HIDE_IN_HELPCENTER`, `DISABLED`.
        status "text": Option<String>;
        /// Who sees it: `ALL_USERS`, `AGENTS`, `GROUP_USERS`, `PRIVATE_IP`, `NONE`.
        visibility "text": Option<String>;
        /// Its department.
        primary_department_id "link": Option<DepartmentId>;
    }
}

body! {
    /// A root category to be made.
    NewRootCategory {
        /// What it is about: 250 characters at most.
        description "description": &str;
        /// `LISTVIEW` or `OVERVIEW`.
        view "articleViewType": &str;
        /// Who sees it: `ALL_USERS`, `AGENTS`, `GROUP_USERS`, `PRIVATE_IP`, `NONE`.
        visibility "visibility": &str;
        /// `SHOW_IN_HELPCENTER`, `HIDE_IN_HELPCENTER`, `DISABLED`.
        status "status": &str;
        /// Whether articles are reviewed before they are published.
        reviewed "isReviewEnabled": bool;
        /// More departments.
        departments "associatedDepartmentIds": &[DepartmentId];
        /// Groups of users that see it.
        groups "groupIds": &[&str];
    }
}

impl NewRootCategory {
    /// One for agents alone, hidden in the help centre. All ten keys that Desk wants are set; the logo must be there already,
    /// and no call uploads one.
    pub fn new(name: &str, locale: &str, permalink: &str, department: &DepartmentId, logo: &str) -> Self {
        let mut new = Self::default()
            .description(name)
            .view("LISTVIEW")
            .visibility("AGENTS")
            .status("HIDE_IN_HELPCENTER")
            .reviewed(false)
            .groups(&[]);
        let translation =
            json!({"name": name, "description": name, "permalink": permalink, "locale": locale});
        new.0.0.insert("name".to_owned(), name.into());
        new.0.0.insert("primaryDepartmentId".to_owned(), department.as_str().into());
        new.0.0.insert("logoId".to_owned(), logo.into());
        new.0.0.insert("translations".to_owned(), json!([translation]));
        new
    }
}

/// `GET /kbRootCategories`: one page.
pub fn list(to: &Endpoint, at: At) -> Ask<Page<RootCategory>> {
    ask(to, "categories.list", (&["kbRootCategories"], Vec::new()), (Paging::ROOT_CATEGORIES, at), data)
}

/// `GET /kbRootCategories/{id}`.
pub fn get(to: &Endpoint, id: &CategoryId) -> Ask<RootCategory> {
    let call = (Method::GET, &["kbRootCategories", id.as_str()][..], &[][..]);
    Ask::new(to, "categories.get", Does::Get, call, Payload::None, json)
}

/// `POST /kbRootCategories`.
pub fn create(to: &Endpoint, new: &NewRootCategory) -> Ask<RootCategory> {
    let call = (Method::POST, &["kbRootCategories"][..], &[][..]);
    Ask::new(to, "categories.create", Does::Create, call, body(new), json)
}

/// `DELETE /kbCategory/{id}`: a root category or a section.
pub fn delete(to: &Endpoint, id: &CategoryId) -> Ask<()> {
    let call = (Method::DELETE, &["kbCategory", id.as_str()][..], &[][..]);
    Ask::new(to, "categories.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Root categories.
    Categories {
        list(at: At) -> Page<RootCategory>;
        get(id: &CategoryId) -> RootCategory;
        create(new: &NewRootCategory) -> RootCategory;
        delete(id: &CategoryId) -> ();
        @all list_all() -> RootCategory = list by ROOT_CATEGORIES;
    }
}
