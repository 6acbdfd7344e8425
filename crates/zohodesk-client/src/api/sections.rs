//! `/kbSections`: the knowledge base below its root categories. One that has sections takes no articles.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json};
use crate::id::{CategoryId, link};
use crate::wire::{answer, body, handle, text};
use http::Method;
use serde_json::json;

answer! {
    /// A section.
    Section(CategoryId) {
        /// Its name.
        name "text": Option<String>;
        /// The root category it is in.
        root_category_id "link": Option<CategoryId>;
        /// The category or section right above.
        parent_category_id "link": Option<CategoryId>;
        /// `SHOW_IN_HELPCENTER`, `HIDE_IN_HELPCENTER`, `DISABLED`.
        status "text": Option<String>;
        /// Who sees it.
        visibility "text": Option<String>;
    }
}

body! {
    /// A section to be made.
    NewSection {
        /// What it is about: 250 characters at most.
        description "description": &str;
        /// Who sees it: `ALL_USERS`, `AGENTS`, `GROUP_USERS`, `PRIVATE_IP`, `NONE`.
        visibility "visibility": &str;
        /// `SHOW_IN_HELPCENTER`, `HIDE_IN_HELPCENTER`, `DISABLED`.
        status "status": &str;
    }
}

impl NewSection {
    /// One with this name (300 characters at most) below a root category or a section.
    pub fn new(name: &str, locale: &str, permalink: &str, parent: &CategoryId) -> Self {
        let mut new = Self::default();
        new.0.0.insert("name".to_owned(), name.into());
        new.0.0.insert("parentCategoryId".to_owned(), parent.as_str().into());
        let translations = json!([{"name": name, "permalink": permalink, "locale": locale}]);
        new.0.0.insert("translations".to_owned(), translations);
        new
    }
}

/// `GET /kbSections/{id}`.
pub fn get(to: &Endpoint, id: &CategoryId) -> Ask<Section> {
    let call = (Method::GET, &["kbSections", id.as_str()][..], &[][..]);
    Ask::new(to, "sections.get", Does::Get, call, Payload::None, json)
}

/// `POST /kbSections`.
pub fn create(to: &Endpoint, new: &NewSection) -> Ask<Section> {
    Ask::new(to, "sections.create", Does::Create, (Method::POST, &["kbSections"], &[]), body(new), json)
}

handle! {
    /// Sections.
    Sections {
        get(id: &CategoryId) -> Section;
        create(new: &NewSection) -> Section;
    }
}
