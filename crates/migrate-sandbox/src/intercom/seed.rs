//! What is in a workspace before a migration begins.

use serde::{Deserialize, Serialize};

use super::Intercom;
use super::store::{Admin, App, Contact, Tag, Team};
use crate::dataset::Dataset;
use crate::generator;

/// Id of the teammate that the token belongs to.
const TOKEN_OWNER: u64 = 991_267_400;
const FIRST_ADMIN: u64 = 991_268_001;
const FIRST_TEAM: u64 = 5_017_600;

/// Things to put into a workspace. What is there already stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Seed {
    /// Replaces name and place of the workspace.
    pub app: Option<App>,
    /// Teammates to add; one whose id is there replaces it.
    pub admins: Vec<Admin>,
    /// Teams to add; one whose id is there replaces it.
    pub teams: Vec<Team>,
    /// Names of tags to add.
    pub tags: Vec<String>,
    /// Names of tags to add that a segment uses, so that they can't be deleted.
    pub segment_tags: Vec<String>,
    /// People to add.
    pub contacts: Vec<SeedContact>,
}

/// Somebody who is in the workspace before a migration begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedContact {
    /// Name to show.
    pub name: Option<String>,
    /// Address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// The workspace's own id for the person.
    pub external_id: Option<String>,
    /// A lead instead of a user.
    pub lead: bool,
    /// Archived: not to be seen, but in the way.
    pub archived: bool,
    /// Blocked.
    pub blocked: bool,
    /// Id of the teammate who owns the contact.
    pub owner_id: Option<u64>,
    /// Asked for no mail.
    pub unsubscribed: bool,
    /// External id of the contact this one was merged into.
    pub merged_into: Option<String>,
    /// Unix seconds; long ago when absent.
    pub created_at: Option<i64>,
}

/// The teammate that the token belongs to.
pub(crate) fn token_owner() -> Admin {
    let (name, email) = ("Migration".to_owned(), "migration@desk.example".to_owned());
    Admin { id: TOKEN_OWNER, name, email, has_inbox_seat: true }
}

impl Seed {
    /// A workspace that was prepared for this help desk: a teammate for each agent that
    /// [`generator::is_matched`] says one for, the address in other letter case, and a team for each queue name.
    #[must_use]
    pub fn for_dataset(dataset: &Dataset) -> Self {
        let mut seed = Self::default();
        for agent in &dataset.agents {
            let Some(email) = agent.email.as_ref().filter(|email| email.contains('@')) else { continue };
            let known = seed.admins.iter().any(|admin| admin.email.eq_ignore_ascii_case(email));
            if !generator::is_matched(agent) || known {
                continue;
            }
            let id = FIRST_ADMIN + seed.admins.len() as u64;
            let email = capitalised(email);
            seed.admins.push(Admin { id, name: agent.name.clone(), email, has_inbox_seat: true });
        }
        for queue in &dataset.queues {
            if seed.teams.iter().all(|team| team.name != queue.name) {
                let id = FIRST_TEAM + seed.teams.len() as u64;
                seed.teams.push(Team {
                    id,
                    name: queue.name.clone(),
                    admin_ids: Vec::new(),
                    deprecated: false,
                });
            }
        }
        seed
    }
}

fn capitalised(email: &str) -> String {
    let mut chars = email.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

impl Intercom {
    /// Puts things into the workspace, without a trace in the journal.
    pub fn seed(&self, seed: Seed) {
        let now = self.clock.now().as_second();
        let mut inner = self.lock();
        let ws = &mut inner.ws;
        if let Some(app) = seed.app {
            ws.app = app;
        }
        for admin in seed.admins {
            ws.admins.retain(|known| known.id != admin.id);
            ws.admins.push(admin);
        }
        for team in seed.teams {
            ws.teams.retain(|known| known.id != team.id);
            ws.teams.push(team);
        }
        let named =
            |names: Vec<String>, in_segment| names.into_iter().map(move |name| Tag { name, in_segment });
        for tag in named(seed.tags, false).chain(named(seed.segment_tags, true)) {
            let id = ws.next_tag();
            ws.tags.insert(id, tag);
        }
        for person in seed.contacts {
            let created_at = person.created_at.unwrap_or(now - 86_400 * 365);
            let canonical = person.merged_into.and_then(|id| {
                let found = ws.contacts.with_external_id(&id).next();
                found.map(|(_, contact)| contact.id.clone())
            });
            let contact = Contact {
                id: ws.next_contact_id(created_at),
                lead: person.lead,
                external_id: person.external_id,
                email: person.email,
                phone: person.phone,
                name: person.name,
                owner_id: person.owner_id,
                unsubscribed: person.unsubscribed,
                archived: person.archived,
                blocked: person.blocked,
                merged_into: canonical,
                created_at,
                updated_at: created_at,
                ..Contact::default()
            };
            ws.seeded.push(contact.clone());
            ws.contacts.insert(contact);
        }
    }
}
