//! What a token may do and what is in its workspace, found out without writing anything.

use crate::api::{
    Admin, Brand, ContentQuery, ConversationAttribute, DataAttribute, EmailSetting, HelpCenter, Me, Model,
    OfficeHours, Query, Team, TicketType, admins, articles, brands, collections, companies, contacts,
    content, conversation_attributes, conversations, data_attributes, emails, help_centers,
    internal_articles, macros, notes, office_hours, tags, teams, ticket_types,
};
use crate::client::Client;
use crate::endpoint::Ask;
use crate::error::IntercomError as _;
use crate::page::Page;
use mapping_core::{Error, ErrorKind, Result};
use serde::Serialize;
use std::collections::BTreeMap;

/// The id of a conversation that can't exist: ids begin with 1.
const NO_CONVERSATION: &str = "0";
/// The id of a contact that can't exist: its first half is a time, this one before there was any.
const NO_CONTACT: &str = "000000000000000000000000";

/// Whether something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// It was tried and may be done.
    Granted,
    /// It was tried and may not.
    Refused,
    /// Nothing short of a write can tell, or the answer didn't.
    Unknown,
}

/// What was found out about one permission or feature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The permission or the feature.
    pub what: &'static str,
    /// Whether it may be used.
    pub grant: Grant,
    /// Why that is so.
    pub why: String,
    /// What a migration needs it for.
    pub needed_for: &'static str,
    /// How many objects there are, where the answer says so.
    pub there: Option<u64>,
}

/// What a token may do and what is there. Lists are empty where they may not be read; the findings say which.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// The teammate behind the token, and the workspace.
    pub me: Me,
    /// One for each permission and feature, in the order in which they were looked at.
    pub findings: Vec<Finding>,
    /// Teammates.
    pub admins: Vec<Admin>,
    /// Teams.
    pub teams: Vec<Team>,
    /// Addresses that mail comes in by, with the state of their forwarding.
    pub emails: Vec<EmailSetting>,
    /// Brands.
    pub brands: Vec<Brand>,
    /// Help centres.
    pub help_centers: Vec<HelpCenter>,
    /// Schedules of office hours.
    pub office_hours: Vec<OfficeHours>,
    /// Ticket types.
    pub ticket_types: Vec<TicketType>,
    /// Attributes of contacts, then of companies, archived ones included.
    pub data_attributes: Vec<DataAttribute>,
    /// Attributes of conversations, archived ones included.
    pub conversation_attributes: Vec<ConversationAttribute>,
    /// Names that several live attributes of conversations have: every write of attributes is refused while there are any.
    pub ambiguous_attributes: Vec<String>,
}

impl Inspection {
    /// The finding of this permission or feature.
    pub fn finding(&self, what: &str) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.what == what)
    }
    /// Those that are refused.
    pub fn refused(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.grant == Grant::Refused)
    }
}

/// Permissions that only a write shows; by the name of the scope where Intercom's description has one.
const UNSEEN: &[(&str, &str)] = &[
    ("write_conversations", "creating conversations, replies and notes, assigning and closing"),
    ("write contacts and companies", "creating, filling and deleting contacts and companies"),
    ("write tags", "marking what a batch made, and categories"),
    ("write attributes", "creating attributes"),
    ("write_tickets", "creating tickets, when they are a destination"),
    ("read_write_articles_scope", "creating articles and collections, and their tags"),
    ("read_write_help_center_redirects_scope", "redirects from the addresses of the old knowledge base"),
    ("read_write_office_hours", "creating office hours"),
];

/// What the probes have found so far.
struct Probes<'c> {
    client: &'c Client,
    findings: Vec<Finding>,
}

impl Client {
    /// Finds out what the token may do and what is there, by some thirty calls that read, and one that deletes a
    /// conversation which can't exist. Nothing is written.
    ///
    /// # Errors
    /// When `GET /me` doesn't answer as it should: the token, the address or the network are wrong. Everything else
    /// is a [`Finding`].
    pub async fn inspect(&self) -> Result<Inspection> {
        let me = self.me().await?;
        let mut probes = Probes { client: self, findings: Vec::new() };
        let admins = probes.list("admins", "finding the agents among the teammates", admins::list).await;
        let teams = probes.list("teams", "finding the queues among the teams", teams::list).await;
        let emails = probes.list("emails", "the state of mail forwarding at the cutover", emails::list).await;
        let brands =
            probes.list("brands", "the help centre and the sender of each brand", brands::list).await;
        let help_centers =
            probes.list("help_centers", "the home of collections, their languages", help_centers::list).await;
        let office_hours =
            probes.list("office_hours", "working hours and their comparison", office_hours::list).await;
        let ticket_types =
            probes.list("ticket_types", "tickets, when they are a destination", ticket_types::list).await;
        probes.list("ticket_states", "tickets, when they are a destination", ticket_types::states).await;
        probes.list("tags", "categories, and the marks of other batches", tags::list).await;
        let mut data_attributes = probes
            .list("contact_attributes", "fields of contacts", |to| {
                data_attributes::list_of(to, Model::Contact, true)
            })
            .await;
        let of_companies = probes
            .list("company_attributes", "fields of companies", |to| {
                data_attributes::list_of(to, Model::Company, true)
            })
            .await;
        data_attributes.extend(of_companies);
        let conversation_attributes = probes
            .list("conversation_attributes", "fields of conversations", |to| {
                conversation_attributes::list(to, true)
            })
            .await;
        probes.pages(help_centers.first()).await;
        probes.attribute_search().await;
        probes.notes().await;
        probes.delete_with_metrics().await;
        for (what, needed_for) in UNSEEN {
            let why = "no read shows it; the app's permissions in the Developer Hub do".to_owned();
            probes.add(what, Grant::Unknown, why, needed_for, None);
        }
        let ambiguous_attributes = ambiguous(&conversation_attributes);
        Ok(Inspection {
            me,
            findings: probes.findings,
            admins,
            teams,
            emails,
            brands,
            help_centers,
            office_hours,
            ticket_types,
            data_attributes,
            conversation_attributes,
            ambiguous_attributes,
        })
    }
}

impl Probes<'_> {
    fn add(
        &mut self,
        what: &'static str,
        grant: Grant,
        why: String,
        needed_for: &'static str,
        there: Option<u64>,
    ) {
        self.findings.push(Finding { what, grant, why, needed_for, there });
    }

    fn failed(&mut self, what: &'static str, error: &Error, needed_for: &'static str) {
        let (grant, why) = judged(error);
        self.add(what, grant, why, needed_for, None);
    }

    /// A list that has no pages.
    async fn list<T>(
        &mut self,
        what: &'static str,
        needed_for: &'static str,
        ask: impl FnOnce(&crate::Endpoint) -> Ask<Vec<T>>,
    ) -> Vec<T> {
        match self.client.send(ask(self.client.endpoint())).await {
            Ok(all) => {
                let count = all.len() as u64;
                self.add(what, Grant::Granted, "it was read".to_owned(), needed_for, Some(count));
                all
            }
            Err(e) => {
                self.failed(what, &e, needed_for);
                Vec::new()
            }
        }
    }

    /// The first object of a list that has pages.
    async fn page<T>(&mut self, what: &'static str, needed_for: &'static str, ask: Ask<Page<T>>) {
        match self.client.send(ask).await {
            Ok(page) => self.add(what, Grant::Granted, "it was read".to_owned(), needed_for, page.total),
            Err(e) => self.failed(what, &e, needed_for),
        }
    }

    async fn pages(&mut self, help_center: Option<&HelpCenter>) {
        let to = self.client.endpoint();
        self.page("read_conversations", "reading back what was written", conversations::list(to, 1, None))
            .await;
        let deleted = conversations::deleted(to, 1, None);
        self.page("deleted_conversations", "the proof of a rollback; version 2.16", deleted).await;
        self.page(
            "macros",
            "comparing the macros that people make (read_conversations)",
            macros::list(to, 1, None),
        )
        .await;
        self.page("contacts", "finding the people who are there already", contacts::list(to, 1, None)).await;
        self.page("companies", "finding the companies that are there already", companies::list(to, 1, None))
            .await;
        self.page("articles", "the knowledge base (read_articles_scope)", articles::list(to, 1, None)).await;
        self.page("collections", "the knowledge base's order", collections::list(to, 1, None)).await;
        let internal = internal_articles::list(to, 1, None);
        self.page("internal_articles", "the knowledge base's articles for agents", internal).await;
        let search = content::search(to, &ContentQuery::new(), 1, None);
        self.page("read_content", "finding a batch's articles by their tag", search).await;
        const REDIRECTS: (&str, &str) =
            ("read_help_center_redirects_scope", "redirects from the addresses of the old knowledge base");
        match help_center {
            Some(help_center) => {
                let ask = help_centers::redirects(to, &help_center.id, 1, None);
                self.page(REDIRECTS.0, REDIRECTS.1, ask).await;
            }
            None => {
                let why = "there is no help centre whose redirects could be read".to_owned();
                self.add(REDIRECTS.0, Grant::Unknown, why, REDIRECTS.1, None);
            }
        }
    }

    /// No documentation says whether conversations can be searched by an attribute.
    async fn attribute_search(&mut self) {
        let (what, needed_for) = ("search_by_attribute", "finding a conversation by its number, faster");
        let query = Query::is("custom_attributes.focalscope_ticket_id", "-");
        match self.client.send(conversations::search(self.client.endpoint(), &query, 1, None)).await {
            Ok(_) => {
                let why = "it was answered; that it finds anything is not proved".to_owned();
                self.add(what, Grant::Granted, why, needed_for, None);
            }
            Err(e) if e.kind() == ErrorKind::Invalid => {
                let why = "Intercom doesn't search conversations by attributes here".to_owned();
                self.add(what, Grant::Refused, why, needed_for, None);
            }
            Err(e) => self.failed(what, &e, needed_for),
        }
    }

    async fn notes(&mut self) {
        let (what, needed_for) = ("notes", "notes on contacts");
        let ask = notes::of_contact(self.client.endpoint(), &NO_CONTACT.into(), 1, None);
        match self.client.send(ask).await {
            Ok(_) => self.add(what, Grant::Granted, "they may be read".to_owned(), needed_for, None),
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let why = "they may be read: those of a contact that doesn't exist were not found".to_owned();
                self.add(what, Grant::Granted, why, needed_for, None);
            }
            Err(e) => self.failed(what, &e, needed_for),
        }
    }

    /// A token without the permission is refused before anything is looked for.
    async fn delete_with_metrics(&mut self) {
        let (what, needed_for) =
            ("delete_conversations_and_metrics", "a rollback that leaves no rows in reports");
        let ask = conversations::delete(self.client.endpoint(), &NO_CONVERSATION.into(), false);
        match self.client.send(ask).await {
            Err(e) if e.kind() == ErrorKind::NotFound => {
                let why = "deleting a conversation that can't exist was not refused".to_owned();
                self.add(what, Grant::Granted, why, needed_for, None);
            }
            Ok(()) => {
                let why = "deleting a conversation that can't exist was answered like any other".to_owned();
                self.add(what, Grant::Unknown, why, needed_for, None);
            }
            Err(e) => self.failed(what, &e, needed_for),
        }
    }
}

/// What an error says about a permission.
fn judged(error: &Error) -> (Grant, String) {
    match (error.kind(), error.code()) {
        (_, Some("api_plan_restricted")) => {
            (Grant::Refused, "the workspace's plan doesn't include it".to_owned())
        }
        // `GET /me` took the token, so that it is a permission that is missing.
        (ErrorKind::Forbidden | ErrorKind::Unauthorized, _) => match error.missing_scope() {
            Some(scope) => (Grant::Refused, format!("the token lacks {scope}")),
            None => (Grant::Refused, "the token lacks the permission".to_owned()),
        },
        (_, Some("intercom_version_invalid")) => {
            (Grant::Refused, "the configured Intercom version doesn't have it".to_owned())
        }
        (ErrorKind::NotFound, _) => (Grant::Unknown, "Intercom says that there is no such thing".to_owned()),
        _ => (Grant::Unknown, format!("there was no answer that tells: {error}")),
    }
}

/// Names of several live attributes, whatever their case.
fn ambiguous(attributes: &[ConversationAttribute]) -> Vec<String> {
    let mut seen: BTreeMap<String, (&str, usize)> = BTreeMap::new();
    for attribute in attributes.iter().filter(|a| !a.archived) {
        seen.entry(attribute.name.to_lowercase()).or_insert((&attribute.name, 0)).1 += 1;
    }
    seen.into_values().filter(|(_, count)| *count > 1).map(|(name, _)| name.to_owned()).collect()
}
