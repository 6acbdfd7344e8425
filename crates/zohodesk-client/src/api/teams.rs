//! `/teams`.

use crate::api::agents::Agent;
use crate::endpoint::{Ask, Does, Endpoint, Payload, body, is_empty, json, nothing};
use crate::id::{AgentId, DepartmentId, RoleId, TeamId, link};
use crate::page::{At, Page, Paging, ask, without_rows};
use crate::wire::{answer, body, handle, or_default, text};
use connector_http::Response;
use http::Method;
use mapping_core::Result;
use serde::Deserialize;
use serde_json::json;

answer! {
    /// A team.
    Team(TeamId) {
        /// Its name.
        name "text": Option<String>;
        /// Its department.
        department_id "link": Option<DepartmentId>;
        /// What it is for.
        description "text": Option<String>;
        /// Agents who are in it by themselves.
        agents "or_default": Vec<AgentId>;
        /// Roles whose agents are in it.
        roles "or_default": Vec<RoleId>;
        /// Teams that are in it.
        sub_teams "or_default": Vec<TeamId>;
        /// Everybody in it, however he got there.
        derived_agents "or_default": Vec<AgentId>;
    }
}

body! {
    /// A team to be made.
    NewTeam {
        /// What it is for.
        description "description": &str;
        /// Agents in it.
        agents "agents": &[AgentId];
        /// Roles whose agents are in it.
        roles "roles": &[RoleId];
        /// Teams in it.
        sub_teams "subTeams": &[TeamId];
        /// Roles whose agents and subordinates are in it: 20 at most.
        roles_with_subordinates "rolesWithSubordinates": &[RoleId];
    }
}

impl NewTeam {
    /// One with this name (50 characters at most; `&` and `#` are refused) in this department.
    pub fn new(name: &str, department: &DepartmentId) -> Self {
        let mut new = Self::default();
        new.0.0.insert("name".to_owned(), name.into());
        new.0.0.insert("departmentId".to_owned(), department.as_str().into());
        new
    }
}

/// Who takes over from a team that is deleted; `None` is nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Successors {
    /// The agent of its tickets.
    pub ticket_agent: Option<AgentId>,
    /// The team of its tickets.
    pub ticket_team: Option<TeamId>,
    /// The agent of its tasks.
    pub task_agent: Option<AgentId>,
    /// The team of its tasks.
    pub task_team: Option<TeamId>,
}

/// `GET /teams`: one page of those of all departments.
pub fn list(to: &Endpoint, at: At) -> Ask<Page<Team>> {
    ask(to, "teams.list", (&["teams"], Vec::new()), (Paging::TEAMS, at), read_page)
}

fn read_page(answer: &Response) -> Result<Page<Team>> {
    #[derive(Deserialize)]
    struct List {
        teams: Option<Vec<Team>>,
    }
    let items =
        if is_empty(answer) { Vec::new() } else { json::<List>(answer)?.teams.ok_or_else(without_rows)? };
    Ok(Page { items, count: None })
}

/// `GET /teams/{id}`.
pub fn get(to: &Endpoint, id: &TeamId) -> Ask<Team> {
    Ask::new(to, "teams.get", Does::Get, (Method::GET, &["teams", id.as_str()], &[]), Payload::None, json)
}

/// `GET /teams/{id}/members`: all of them; the list has no pages.
pub fn members(to: &Endpoint, id: &TeamId) -> Ask<Vec<Agent>> {
    let call = (Method::GET, &["teams", id.as_str(), "members"][..], &[][..]);
    Ask::new(to, "teams.members", Does::List(0), call, Payload::None, read_members)
}

fn read_members(answer: &Response) -> Result<Vec<Agent>> {
    #[derive(Deserialize)]
    struct List {
        members: Option<Vec<Agent>>,
    }
    if is_empty(answer) { Ok(Vec::new()) } else { json::<List>(answer)?.members.ok_or_else(without_rows) }
}

/// `POST /teams`.
pub fn create(to: &Endpoint, new: &NewTeam) -> Ask<Team> {
    Ask::new(to, "teams.create", Does::Create, (Method::POST, &["teams"], &[]), body(new), json)
}

/// `POST /teams/{id}/deleteTeam`.
pub fn delete(to: &Endpoint, id: &TeamId, successors: &Successors) -> Ask<()> {
    // All four keys are required; nobody is the text null.
    let agent = |id: &Option<AgentId>| id.as_ref().map_or("null", AgentId::as_str).to_owned();
    let team = |id: &Option<TeamId>| id.as_ref().map_or("null", TeamId::as_str).to_owned();
    let sent = json!({
        "ticketNewAgent": agent(&successors.ticket_agent),
        "ticketNewTeam": team(&successors.ticket_team),
        "taskNewAgent": agent(&successors.task_agent),
        "taskNewTeam": team(&successors.task_team),
    });
    let call = (Method::POST, &["teams", id.as_str(), "deleteTeam"][..], &[][..]);
    Ask::new(to, "teams.delete", Does::Overwrite, call, body(&sent), nothing)
}

handle! {
    /// Teams of the portal.
    Teams {
        list(at: At) -> Page<Team>;
        get(id: &TeamId) -> Team;
        members(id: &TeamId) -> Vec<Agent>;
        create(new: &NewTeam) -> Team;
        delete(id: &TeamId, successors: &Successors) -> ();
        @all list_all() -> Team = list by TEAMS;
    }
}
