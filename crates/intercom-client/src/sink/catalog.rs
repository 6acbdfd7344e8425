//! What the workspace holds.

use super::IntercomSink;
use super::fields::TEXT_CHARS;
use super::shape_contact::EXTERNAL_ID_IN_USE;
use super::shape_library::LOCALES;
use crate::api::{Admin, ConversationAttribute, DataAttribute, Model, Query};
use crate::{Region, api};
use jiff::Timestamp;
use mapping_core::{
    Catalog, Error, ErrorKind, FieldSpec, FieldType, Named, Person, Private, Quota, RemoteRef, Result, Team,
};
use std::collections::{BTreeMap, BTreeSet};

/// External ids of ours begin with it.
pub(super) const OURS: &str = "focalscope:";

impl IntercomSink {
    pub(super) async fn read_catalog(&self) -> Result<Catalog> {
        let (me, server_time) = self.client.send_dated(api::me::get(self.client.endpoint())).await?;
        let app = me.app.as_ref().ok_or_else(|| {
            Error::rejected(ErrorKind::Malformed, "GET /me names no workspace").with_operation("me")
        })?;
        let admins = self.client.admins().list().await?;
        let teams = self.client.teams().list().await?;
        let tags = self.client.tags().list().await?;
        let ours = self.client.conversation_attributes().list(false).await?;
        refuse_duplicates(&ours)?;
        let theirs = self.client.data_attributes().list(false).await?;
        let companies = self.client.data_attributes().list_of(Model::Company, false).await?;
        let library = self.addresses().await?;
        let external_ids = self.probe_external_ids().await?;
        let mut facts = BTreeMap::from([(EXTERNAL_ID_IN_USE.to_owned(), external_ids.to_string())]);
        if !library.locales.is_empty() {
            facts.insert(LOCALES.to_owned(), library.locales.join(","));
        }
        if let Some(base) = library.of_article("") {
            facts.insert("help_center_articles".to_owned(), base);
        }
        let now = self.clock.now();
        if let Some(url) = self.other_region(app.region.as_deref()) {
            tracing::warn!(
                region = app.region.as_deref(),
                expected = url,
                "the base URL is not that of the workspace's region"
            );
            facts.insert("region_base_url".into(), url.into());
        }
        let mut people: Vec<Person> = admins.into_iter().map(person).collect();
        let acting_id = self.options.acting_admin.clone().unwrap_or_else(|| me.id.clone());
        let acting = people.iter().find(|p| p.remote.id == acting_id.as_str()).cloned();
        let acting = acting.unwrap_or_else(|| Person {
            remote: RemoteRef::new("admin", acting_id.as_str()),
            name: me.name.clone().unwrap_or_default(),
            email: me.email.clone(),
            active: me.has_inbox_seat.unwrap_or(true),
        });
        self.remember_acting(acting_id);
        people.sort_by(|a, b| a.remote.cmp(&b.remote));
        let budget = self.client.budget();
        Ok(Catalog {
            platform: format!("intercom {}", self.client.endpoint().version()),
            account: app.id_code.clone(),
            region: app.region.clone(),
            // What is in the future for the server is refused by it.
            as_of: server_time.map_or(now, |server| server.min(now)),
            acting: Some(acting),
            fields: fields(&ours, &theirs, &companies),
            people,
            teams: teams.into_iter().map(team).collect(),
            tags: tags
                .into_iter()
                .map(|t| Named { remote: RemoteRef::new("tag", t.id.as_str()), name: t.name })
                .collect(),
            counts: BTreeMap::new(),
            quota: Some(Quota {
                limit: u32::try_from(budget.limit).unwrap_or(u32::MAX),
                window_seconds: u32::try_from(budget.window.as_secs()).unwrap_or(10),
            }),
            facts,
        })
    }

    /// Whether somebody has an external id that isn't ours. A search answers for all contacts in one call; where it is
    /// refused, those that changed last have to do.
    async fn probe_external_ids(&self) -> Result<bool> {
        let not_ours = Query::all([
            Query::filter("external_id", "!=", serde_json::Value::Null),
            Query::filter("external_id", "!~", OURS),
        ]);
        match self.client.contacts().search(&not_ours, 1, None).await {
            Ok(page) => return Ok(page.total.unwrap_or(0) > 0 || !page.items.is_empty()),
            Err(e) if e.kind() == ErrorKind::Invalid => {}
            Err(e) => return Err(e),
        }
        let page = self.client.contacts().list(api::search::MOST_PER_PAGE, None).await?;
        let theirs = |id: &str| !id.is_empty() && !id.starts_with(OURS);
        Ok(page.items.iter().any(|c| c.external_id.as_deref().is_some_and(theirs)))
    }

    /// The base URL of the workspace's region, when calls go to another region's. A host of somebody else's (a proxy, a
    /// stand-in) is their own affair.
    fn other_region(&self, region: Option<&str>) -> Option<&'static str> {
        let expected = Region::by_name(region?)?.base_url();
        let host = self.client.endpoint().base().host_str()?;
        let intercoms = host == "intercom.io" || host.ends_with(".intercom.io");
        (intercoms && format!("https://{host}") != expected).then_some(expected)
    }
}

/// Two live attributes of one name make Intercom refuse every write of attributes.
fn refuse_duplicates(attributes: &[ConversationAttribute]) -> Result<()> {
    let mut seen = BTreeSet::new();
    match attributes.iter().filter(|a| !a.archived).find(|a| !seen.insert(a.name.to_lowercase())) {
        None => Ok(()),
        Some(twice) => {
            let message = "two live conversation attributes have the same name, so Intercom refuses every write of \
                           attributes; archive one of them";
            Err(Error::not_sent(ErrorKind::Conflict, message).with("attribute", &twice.name))
        }
    }
}

fn person(admin: Admin) -> Person {
    Person {
        remote: RemoteRef::new("admin", admin.id.as_str()),
        name: admin.name.unwrap_or_else(|| Private::from("")),
        email: admin.email,
        active: admin.has_inbox_seat.unwrap_or(true),
    }
}

fn team(team: api::Team) -> Team {
    Team {
        remote: RemoteRef::new("team", team.id.as_str()),
        name: team.name,
        members: team.admin_ids.iter().map(|id| RemoteRef::new("admin", id.as_str())).collect(),
    }
}

fn fields(
    ours: &[ConversationAttribute],
    contacts: &[DataAttribute],
    companies: &[DataAttribute],
) -> Vec<FieldSpec> {
    let live = ours.iter().filter(|a| !a.archived).map(|a| FieldSpec {
        kind: super::shape_thread::KIND.to_owned(),
        name: a.name.clone(),
        field_type: conversation_type(&a.data_type),
        options: a.labels().map(str::to_owned).collect(),
        description: a.description.clone().filter(|d| !d.is_empty()),
        max_chars: (a.data_type == "string").then_some(TEXT_CHARS),
        remote: Some(RemoteRef::new("conversation_attribute", a.id.as_str())),
    });
    let contacts = contacts.iter().map(|a| (super::shape_contact::KIND, a));
    let companies = companies.iter().map(|a| (super::shape_company::KIND, a));
    let own = contacts.chain(companies).filter(|(_, a)| a.custom && !a.archived).map(|(kind, a)| FieldSpec {
        kind: kind.to_owned(),
        name: a.name.clone(),
        field_type: contact_type(a),
        options: a.options.clone(),
        description: a.description.clone().filter(|d| !d.is_empty()),
        max_chars: (contact_type(a) == FieldType::Text).then_some(TEXT_CHARS),
        remote: a.id.as_ref().map(|id| RemoteRef::new(kind, id.as_str())),
    });
    live.chain(own).collect()
}

pub(super) fn conversation_type(word: &str) -> FieldType {
    match word {
        "string" => FieldType::Text,
        "integer" => FieldType::Integer,
        "decimal" => FieldType::Decimal,
        "boolean" => FieldType::Boolean,
        "datetime" => FieldType::DateTime,
        "list" => FieldType::List,
        _ => FieldType::Other,
    }
}

/// A list is read back as `string` with options, a `datetime` as `date`.
pub(super) fn contact_type(attribute: &DataAttribute) -> FieldType {
    match attribute.data_type.as_str() {
        "string" | "options" if !attribute.options.is_empty() => FieldType::List,
        "string" => FieldType::Text,
        "integer" => FieldType::Integer,
        "float" => FieldType::Decimal,
        "boolean" => FieldType::Boolean,
        "date" | "datetime" => FieldType::DateTime,
        _ => FieldType::Other,
    }
}

/// The `Date` of an answer.
pub(crate) fn server_time(answer: &connector_http::Response) -> Option<Timestamp> {
    let text = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|z| z.timestamp())
}
