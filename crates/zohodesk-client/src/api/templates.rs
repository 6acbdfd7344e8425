//! `/templates`: e-mail templates.

use crate::api::template_folders::read_page;
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json, nothing};
use crate::id::{DepartmentId, FolderId, TemplateId, UploadId, link};
use crate::page::{At, Page, Paging, Row, ask};
use crate::wire::{Fields, begun_empty, body, handle, private, query, text};
use http::Method;
use mapping_core::Private;
use serde::Deserialize;

/// An e-mail template.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Template {
    /// Its id.
    #[serde(rename = "templateId", alias = "id")]
    pub id: TemplateId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub template_name: Option<String>,
    /// Its subject.
    #[serde(default, deserialize_with = "private")]
    pub subject: Option<Private>,
    /// Its text.
    #[serde(default, deserialize_with = "private")]
    pub body: Option<Private>,
    /// Its folder.
    #[serde(default, deserialize_with = "link")]
    pub folder_id: Option<FolderId>,
    /// Its department.
    #[serde(default, deserialize_with = "link")]
    pub department_id: Option<DepartmentId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Row for Template {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}

macro_rules! template_body {
    ($(#[$doc:meta])* $name:ident) => {
        body! {
            $(#[$doc])*
            $name {
                /// Its text: 64,000 characters at most.
                body "body": &str;
                /// Where answers go.
                reply_to "replyTo": &str;
                /// Files, uploaded right before.
                attachments "attachmentIds": &[UploadId];
            }
        }
    };
}

template_body! {
    /// A template for tickets to be made.
    NewTemplate
}
template_body! {
    /// Fields of a template to be written; what isn't set stays as it is.
    TemplateUpdate
}
begun_empty!(TemplateUpdate);

impl NewTemplate {
    /// One in rich text with this name (250 characters at most) and subject (1,000). `from` is an address that is configured
    /// in the portal, not an id.
    pub fn new(name: &str, subject: &str, department: &DepartmentId, folder: &FolderId, from: &str) -> Self {
        let mut new = Self::default();
        for (key, value) in [
            ("templateName", name),
            ("subject", subject),
            ("recordType", "tickets"),
            ("departmentId", department.as_str()),
            ("folderId", folder.as_str()),
            ("fromId", from),
            ("contentType", "richtext"),
        ] {
            new.0.0.insert(key.to_owned(), value.into());
        }
        new
    }
    /// In plain text.
    pub fn plain(mut self) -> Self {
        self.0.0.insert("contentType".to_owned(), "plaintext".into());
        self
    }
}

impl TemplateUpdate {
    fn set(mut self, key: &str, value: &str) -> Self {
        self.0.0.insert(key.to_owned(), value.into());
        self
    }
    /// The name.
    pub fn name(self, name: &str) -> Self {
        self.set("templateName", name)
    }
    /// The subject.
    pub fn subject(self, subject: &str) -> Self {
        self.set("subject", subject)
    }
    /// The folder.
    pub fn folder(self, id: &FolderId) -> Self {
        self.set("folderId", id.as_str())
    }
}

query! {
    /// Which templates of a department.
    TemplateQuery {
        /// Those in this folder.
        folder "folderId": &FolderId;
        /// Those with this in the name.
        named "searchStr": &str;
        /// Those for `tickets`, `contacts`, `accounts` …
        module "module": &str;
    }
}

/// `GET /templates`: one page of those of a department.
pub fn list(to: &Endpoint, department: &DepartmentId, query: &TemplateQuery, at: At) -> Ask<Page<Template>> {
    let mut query = query.parameters();
    query.push(("departmentId", department.to_string()));
    ask(to, "templates.list", (&["templates"], query), (Paging::TEMPLATES, at), read_page)
}

/// `GET /templates/{id}`.
pub fn get(to: &Endpoint, id: &TemplateId) -> Ask<Template> {
    let call = (Method::GET, &["templates", id.as_str()][..], &[][..]);
    Ask::new(to, "templates.get", Does::Get, call, Payload::None, json)
}

/// `POST /templates`.
pub fn create(to: &Endpoint, new: &NewTemplate) -> Ask<Template> {
    Ask::new(to, "templates.create", Does::Create, (Method::POST, &["templates"], &[]), body(new), json)
}

/// `PATCH /templates/{id}`.
pub fn update(to: &Endpoint, id: &TemplateId, fields: &TemplateUpdate) -> Ask<Template> {
    let call = (Method::PATCH, &["templates", id.as_str()][..], &[][..]);
    Ask::new(to, "templates.update", Does::Overwrite, call, body(fields), json)
}

/// `DELETE /templates/{id}`.
pub fn delete(to: &Endpoint, id: &TemplateId) -> Ask<()> {
    let call = (Method::DELETE, &["templates", id.as_str()][..], &[][..]);
    Ask::new(to, "templates.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// E-mail templates.
    Templates {
        list(department: &DepartmentId, query: &TemplateQuery, at: At) -> Page<Template>;
        get(id: &TemplateId) -> Template;
        create(new: &NewTemplate) -> Template;
        update(id: &TemplateId, fields: &TemplateUpdate) -> Template;
        delete(id: &TemplateId) -> ();
        @all list_all(department: &DepartmentId, query: &TemplateQuery) -> Template = list by TEMPLATES;
    }
}
