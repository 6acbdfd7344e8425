//! `/departments`: they can be made and disabled, never deleted.

use crate::endpoint::{Ask, Does, Endpoint, Payload, body, json};
use crate::id::{AgentId, DepartmentId};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, body, flag, handle, query, text};
use connector_http::Response;
use http::Method;
use mapping_core::{Error, ErrorKind, Result};
use serde::Deserialize;

answer! {
    /// A department.
    Department(DepartmentId) {
        /// Its name.
        name "text": Option<String>;
        /// Its name for customers.
        name_in_customer_portal "text": Option<String>;
        /// What it is for.
        description "text": Option<String>;
        /// False once it was disabled.
        is_enabled "flag": Option<bool>;
        /// Whether it is the portal's first one.
        is_default "flag": Option<bool>;
        /// Whether customers see it.
        is_visible_in_customer_portal "flag": Option<bool>;
        /// Whether tickets can be given to teams.
        is_assign_to_team_enabled "flag": Option<bool>;
        /// The agents in it.
        associated_agent_ids "crate::wire::or_default": Vec<AgentId>;
    }
}

body! {
    /// A department to be made.
    NewDepartment {
        /// Its name for customers.
        name_in_customer_portal "nameInCustomerPortal": &str;
        /// What it is for.
        description "description": &str;
        /// Whether customers see it.
        visible_in_customer_portal "isVisibleInCustomerPortal": bool;
        /// Whether tickets can be given to teams.
        assign_to_teams "isAssignToTeamEnabled": bool;
        /// The agents in it: 1 to 100.
        agents "associatedAgentIds": &[AgentId];
    }
}

impl NewDepartment {
    /// One with this name; at most 150 characters.
    pub fn new(name: &str) -> Self {
        let mut new = Self::default();
        new.0.0.insert("name".to_owned(), name.into());
        new
    }
}

query! {
    /// Which departments.
    DepartmentQuery {
        /// Enabled ones, or disabled ones.
        enabled "isEnabled": bool;
        /// Those whose name has this in it.
        named "searchStr": &str;
    }
}

/// `GET /departments`: one page.
pub fn list(to: &Endpoint, query: &DepartmentQuery, at: At) -> Ask<Page<Department>> {
    ask(to, "departments.list", (&["departments"], query.parameters()), (Paging::DEPARTMENTS, at), data)
}

/// `GET /departments/{id}`.
pub fn get(to: &Endpoint, id: &DepartmentId) -> Ask<Department> {
    let call = (Method::GET, &["departments", id.as_str()][..], &[][..]);
    Ask::new(to, "departments.get", Does::Get, call, Payload::None, json)
}

/// `GET /departments/checkExists`: whether the name is taken, also by a disabled one.
pub fn exists(to: &Endpoint, name: &str) -> Ask<bool> {
    let query = [("departmentName", name.to_owned())];
    let call = (Method::GET, &["departments", "checkExists"][..], &query[..]);
    Ask::new(to, "departments.exists", Does::Get, call, Payload::None, read_exists)
}

fn read_exists(answer: &Response) -> Result<bool> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Exists {
        #[serde(default, deserialize_with = "flag")]
        is_department_name_exist: Option<bool>,
    }
    let read: Exists = json(answer)?;
    read.is_department_name_exist.ok_or_else(|| {
        Error::rejected(ErrorKind::Malformed, "the answer doesn't say whether the name is taken")
    })
}

/// `POST /departments`. It gets a ticket layout of its own, and its name stays taken for ever.
pub fn create(to: &Endpoint, new: &NewDepartment) -> Ask<Department> {
    Ask::new(to, "departments.create", Does::Create, (Method::POST, &["departments"], &[]), body(new), json)
}

handle! {
    /// Departments of the portal.
    Departments {
        list(query: &DepartmentQuery, at: At) -> Page<Department>;
        get(id: &DepartmentId) -> Department;
        exists(name: &str) -> bool;
        create(new: &NewDepartment) -> Department;
        @all list_all(query: &DepartmentQuery) -> Department = list by DEPARTMENTS;
    }
}
