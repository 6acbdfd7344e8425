//! `/agents`: read alone. Making one mails an invitation and takes a seat.

use crate::endpoint::{Ask, Does, Endpoint, Payload, json, maybe};
use crate::id::{AgentId, DepartmentId, RoleId, link};
use crate::page::{At, Page, Paging, ask, data};
use crate::wire::{answer, flag, handle, or_default, private, query, text};
use http::Method;
use mapping_core::Private;

answer! {
    /// An agent. One that was deleted has an id, names and a status alone.
    Agent(AgentId) {
        /// His name.
        name "private": Option<Private>;
        /// His first name.
        first_name "private": Option<Private>;
        /// His last name.
        last_name "private": Option<Private>;
        /// His e-mail address.
        email_id "private": Option<Private>;
        /// `ACTIVE`, `DISABLED`, `DELETED`, `IMPORTED`.
        status "text": Option<String>;
        /// Whether he has taken up the invitation.
        is_confirmed "flag": Option<bool>;
        /// His kind of permissions, such as `AgentPublic`, `Admin`, `Light`.
        role_permission_type "text": Option<String>;
        /// His role.
        role_id "link": Option<RoleId>;
        /// Departments he works in.
        associated_department_ids "or_default": Vec<DepartmentId>;
    }
}

query! {
    /// Which agents.
    AgentQuery {
        /// `ACTIVE`, `DISABLED`, `DELETED` or `IMPORTED`.
        status "status": &str;
        /// Those who have taken up the invitation, or those who haven't.
        confirmed "isConfirmed": bool;
        /// Light agents, or the others.
        light "isLightAgent": bool;
        /// Those of these departments: 50 at most.
        departments "departmentIds": &[DepartmentId];
        /// Those with this in the field that [`field`](AgentQuery::field) names, or in any.
        containing "searchStr": &str;
        /// `firstName`, `lastName`, `emailId` or `name`.
        field "fieldName": &str;
    }
}

/// `GET /agents`: one page.
pub fn list(to: &Endpoint, query: &AgentQuery, at: At) -> Ask<Page<Agent>> {
    ask(to, "agents.list", (&["agents"], query.parameters()), (Paging::AGENTS, at), data)
}

/// `GET /agents/{id}`.
pub fn get(to: &Endpoint, id: &AgentId) -> Ask<Agent> {
    Ask::new(to, "agents.get", Does::Get, (Method::GET, &["agents", id.as_str()], &[]), Payload::None, json)
}

/// `GET /agents/email/{address}`; `None` when there is none.
pub fn by_email(to: &Endpoint, address: &str) -> Ask<Option<Agent>> {
    let call = (Method::GET, &["agents", "email", address][..], &[][..]);
    Ask::new(to, "agents.by_email", Does::Get, call, Payload::None, maybe)
}

handle! {
    /// Agents of the portal.
    Agents {
        list(query: &AgentQuery, at: At) -> Page<Agent>;
        get(id: &AgentId) -> Agent;
        by_email(address: &str) -> Option<Agent>;
        @all list_all(query: &AgentQuery) -> Agent = list by AGENTS;
    }
}
