//! What is in a workspace before a migration begins.

use serde::{Deserialize, Serialize};

use super::Intercom;
use super::articles::stored;
use super::store::{
    Admin, App, Article, ArticleContent, Availability, Collection, Company, Contact, Email, HelpCenter,
    InternalArticle, Macro, Schedule, Tag, Team, Workspace,
};
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
    /// Companies to add, after the people.
    pub companies: Vec<SeedCompany>,
    /// Help centres to add; one whose id is there replaces it.
    pub help_centers: Vec<HelpCenter>,
    /// Languages to switch on in the default help centre.
    pub locales: Vec<String>,
    /// Collections to add, outer ones before inner ones.
    pub collections: Vec<SeedCollection>,
    /// Articles to add, after the collections.
    pub articles: Vec<SeedArticle>,
    /// Saved replies to add; one whose name is there replaces it.
    pub macros: Vec<Macro>,
    /// Addresses to add.
    pub emails: Vec<Email>,
    /// Office hours to add; one whose name is there replaces it.
    pub office_hours: Vec<Schedule>,
}

/// A company that is in the workspace before a migration begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedCompany {
    /// The workspace's own key.
    pub company_id: String,
    /// Name to show.
    pub name: Option<String>,
    /// Address of its site.
    pub website: Option<String>,
    /// Addresses of the contacts that belong to it.
    pub members: Vec<String>,
}

/// A collection that is there before a migration begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedCollection {
    /// Name to show.
    pub name: String,
    /// What it holds.
    pub description: Option<String>,
    /// Name of the collection around it.
    pub parent: Option<String>,
}

/// An article that is there before a migration begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SeedArticle {
    /// Title in the default language.
    pub title: String,
    /// HTML.
    pub body: String,
    /// Name of its collection.
    pub collection: Option<String>,
    /// Whether customers can read it.
    pub published: bool,
    /// For teammates alone; then it has no collection and no state.
    pub internal: bool,
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
    /// [`generator::is_matched`] says one for, the address in other letter case, a team for each queue name, and the
    /// languages of the knowledge base.
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
        // The first language of the help centre is English.
        let mut languages: Vec<String> =
            dataset.kb_articles.iter().filter_map(|article| article.language.clone()).collect();
        languages.sort();
        languages.dedup();
        seed.locales = languages;
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
        for company in seed.companies {
            seed_company(ws, company, now);
        }
        for it in seed.help_centers {
            ws.library.help_centers.retain(|known| known.id != it.id);
            ws.library.help_centers.push(it);
        }
        for locale in seed.locales {
            let default = ws.library.help_centers.iter_mut().find(|it| it.default);
            if let Some(it) = default.filter(|it| !it.locales.contains(&locale)) {
                it.locales.push(locale);
            }
        }
        for collection in seed.collections {
            seed_collection(ws, collection, now);
        }
        for article in seed.articles {
            seed_article(ws, article, now);
        }
        seed_settings(ws, seed.macros, seed.emails, seed.office_hours, now);
    }
}

fn seed_company(ws: &mut Workspace, seed: SeedCompany, now: i64) {
    let of = |email: &String| ws.contacts.with_email(email).next().map(|(index, _)| index);
    let members = seed.members.iter().filter_map(of).collect();
    let created_at = now - 86_400 * 365;
    let company = Company {
        id: ws.next_contact_id(created_at),
        company_id: seed.company_id,
        name: seed.name,
        website: seed.website,
        members,
        created_at,
        updated_at: created_at,
        ..Company::default()
    };
    ws.companies.push(company);
}

fn collection_named(ws: &Workspace, name: Option<&String>) -> Option<u64> {
    name.and_then(|name| ws.library.collections.values().find(|it| it.name == *name)).map(|it| it.id)
}

fn seed_collection(ws: &mut Workspace, seed: SeedCollection, now: i64) {
    let parent = collection_named(ws, seed.parent.as_ref());
    let id = ws.next_collection();
    let help_center = ws.library.default_help_center().map_or(0, |it| it.id);
    let at = now - 86_400 * 365;
    let made = Collection {
        id,
        name: seed.name,
        description: seed.description,
        parent,
        help_center,
        created_at: at,
        updated_at: at,
        ..Collection::default()
    };
    ws.library.collections.insert(id, made);
    remember(ws, "collection", id);
}

/// Keeps what a run may not change.
fn remember(ws: &mut Workspace, kind: &'static str, id: u64) {
    if let Some(print) = ws.library.print(kind, id) {
        ws.seeded_others.push((kind, id, print));
    }
}

fn seed_article(ws: &mut Workspace, seed: SeedArticle, now: i64) {
    let at = now - 86_400 * 365;
    let author = ws.admins.first().map_or(0, |admin| admin.id);
    let availability = Availability::default();
    if seed.internal {
        let id = ws.next_internal();
        let made = InternalArticle {
            id,
            title: seed.title,
            body: stored(&seed.body),
            author,
            owner: author,
            availability,
            tags: Vec::new(),
            created_at: at,
            updated_at: at,
        };
        ws.library.internal.insert(id, made);
        remember(ws, "internal_article", id);
        return;
    }
    let locale = ws.library.default_help_center().and_then(|it| it.locales.first().cloned());
    let content = ArticleContent {
        id: ws.next_content(),
        locale: locale.unwrap_or_else(|| "en".into()),
        title: seed.title,
        description: String::new(),
        body: stored(&seed.body),
        author,
        published: seed.published,
        created_at: at,
        updated_at: at,
    };
    let (id, parent) = (ws.next_article(), collection_named(ws, seed.collection.as_ref()));
    let contents = vec![content];
    let made =
        Article { id, contents, parent, availability, tags: Vec::new(), created_at: at, updated_at: at };
    ws.library.articles.insert(id, made);
    remember(ws, "article", id);
}

fn seed_settings(ws: &mut Workspace, macros: Vec<Macro>, emails: Vec<Email>, hours: Vec<Schedule>, now: i64) {
    for mut it in macros {
        let known = ws.macros.iter().find(|known| known.name == it.name).map(|known| known.id);
        it.id = known.filter(|_| it.id == 0).unwrap_or(it.id);
        if it.id == 0 {
            it.id = ws.next_setting();
        }
        ws.macros.retain(|known| known.id != it.id);
        ws.macros.push(it);
    }
    for mut it in emails {
        if it.id == 0 {
            it.id = ws.next_setting();
        }
        ws.emails.push(it);
    }
    for mut it in hours {
        let known = ws.schedules.values().find(|known| known.name == it.name).map(|known| known.id);
        it.id = known.filter(|_| it.id == 0).unwrap_or(it.id);
        if it.id == 0 {
            it.id = ws.next_setting();
        }
        for exception in &mut it.exceptions {
            if exception.id == 0 {
                exception.id = ws.next_setting();
            }
        }
        (it.created_at, it.updated_at) = (now, now);
        ws.schedules.insert(it.id, it);
    }
}
