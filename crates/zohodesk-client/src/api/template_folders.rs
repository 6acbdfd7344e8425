//! `/templateFolders`: folders of e-mail templates, and who may use what is in them.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, is_empty, json, nothing};
use crate::id::{AgentId, DepartmentId, FolderId, RoleId, TeamId, link};
use crate::page::{At, Page, Paging, Row, ask};
use crate::wire::{Fields, body, handle, text};
use connector_http::Response;
use http::Method;
use mapping_core::Result;
use serde::Deserialize;
use serde_json::{Value, json};

/// A folder of e-mail templates.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct TemplateFolder {
    /// Its id.
    #[serde(rename = "folderId", alias = "id")]
    pub id: FolderId,
    /// Its name.
    #[serde(default, deserialize_with = "text")]
    pub folder_name: Option<String>,
    /// Its department.
    #[serde(default, deserialize_with = "link")]
    pub department_id: Option<DepartmentId>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Row for TemplateFolder {
    fn key(&self) -> &str {
        self.id.as_str()
    }
}

/// Who may use a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderAccess {
    /// The token's owner.
    OnlyMe,
    /// Every agent.
    AllAgents,
    /// Those named here.
    Restricted {
        /// Agents.
        agents: Vec<AgentId>,
        /// Teams.
        teams: Vec<TeamId>,
        /// Roles.
        roles: Vec<RoleId>,
    },
}

impl FolderAccess {
    fn written(&self) -> Value {
        let of = |kind: &str| json!({"type": kind, "agents": [], "teams": [], "roles": [], "rolesAndSubordinates": []});
        match self {
            FolderAccess::OnlyMe => of("onlyMe"),
            FolderAccess::AllAgents => of("allAgents"),
            FolderAccess::Restricted { agents, teams, roles } => json!({
                "type": "restrictedAccess",
                "agents": agents,
                "teams": teams,
                "roles": roles,
                "rolesAndSubordinates": [],
            }),
        }
    }
}

body! {
    /// A folder to be made.
    NewTemplateFolder {
        /// What it is for.
        description "folderDesc": &str;
    }
}

impl NewTemplateFolder {
    /// One with this name (250 characters at most) in this department.
    pub fn new(name: &str, department: &DepartmentId, access: &FolderAccess) -> Self {
        let mut new = Self::default();
        new.0.0.insert("folderName".to_owned(), name.into());
        new.0.0.insert("departmentId".to_owned(), department.as_str().into());
        new.0.0.insert("folderAccessDetails".to_owned(), access.written());
        new
    }
}

/// `GET /templateFolders`: one page of those of a department.
pub fn list(to: &Endpoint, department: &DepartmentId, at: At) -> Ask<Page<TemplateFolder>> {
    let query = vec![("departmentId", department.to_string())];
    ask(to, "template_folders.list", (&["templateFolders"], query), (Paging::TEMPLATES, at), read_page)
}

/// The list comes bare, or wrapped as others are.
pub(crate) fn read_page<T: serde::de::DeserializeOwned>(answer: &Response) -> Result<Page<T>> {
    let bare = answer.body().iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'[');
    if !is_empty(answer) && bare {
        return Ok(Page { items: json(answer)?, count: None });
    }
    crate::page::data(answer)
}

/// `POST /templateFolders`.
pub fn create(to: &Endpoint, new: &NewTemplateFolder) -> Ask<TemplateFolder> {
    let call = (Method::POST, &["templateFolders"][..], &[][..]);
    Ask::new(to, "template_folders.create", Does::Create, call, body(new), json)
}

/// `DELETE /templateFolders/{id}`.
pub fn delete(to: &Endpoint, id: &FolderId) -> Ask<()> {
    let call = (Method::DELETE, &["templateFolders", id.as_str()][..], &[][..]);
    Ask::new(to, "template_folders.delete", Does::Overwrite, call, Payload::None, nothing)
}

handle! {
    /// Folders of e-mail templates.
    TemplateFolders {
        list(department: &DepartmentId, at: At) -> Page<TemplateFolder>;
        create(new: &NewTemplateFolder) -> TemplateFolder;
        delete(id: &FolderId) -> ();
        @all list_all(department: &DepartmentId) -> TemplateFolder = list by TEMPLATES;
    }
}
