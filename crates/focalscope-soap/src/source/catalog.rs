//! What the help desk holds: every kind counted, people, queues, categories, channels.

use super::Inner;
use super::fields::Noticed;
use super::pages::Pages;
use super::reading::{LISTS, make};
use super::records::Maker;
use crate::doctor;
use crate::profile::Logical;
use mapping_core::model::{AgentState, AutomationKind, ChannelAccount, Record};
use mapping_core::{Catalog, FieldSpec, FieldType, Person, RemoteRef, Result, Team};
use std::collections::BTreeMap;

/// The accounts of one channel.
#[derive(Default)]
struct Accounts {
    all: u64,
    off: u64,
    failing: u64,
}

impl Inner {
    /// Every good record of a small list, and how many records there are, those that could not be read included.
    pub(crate) async fn all(&self, logical: Logical, mut take: impl FnMut(Record)) -> Result<Option<u64>> {
        let Some(operation) = self.rules.profile.called(logical) else { return Ok(None) };
        let mut pages = Pages::new(self, logical, operation);
        let mut noticed = Noticed::default();
        while let Some(page) = pages.next().await? {
            for (value, _) in page.items {
                let mut maker = Maker { rules: &self.rules, operation, noticed: &mut noticed };
                if let Ok(records) = make(&mut maker, logical, value) {
                    records.into_iter().for_each(|(record, _)| take(record));
                }
            }
        }
        Ok(Some(pages.counted()))
    }

    /// How many records a list says it has; nothing when it doesn't say.
    async fn declared(&self, logical: Logical) -> Result<Option<u64>> {
        let Some(operation) = self.rules.profile.called(logical) else { return Ok(None) };
        if operation.page.as_ref().and_then(|p| p.total()).is_none() {
            return Ok(None);
        }
        Ok(Pages::new(self, logical, operation).size(1).next().await?.and_then(|page| page.total))
    }

    pub(crate) async fn catalog(&self) -> Result<Catalog> {
        let mut catalog = Catalog {
            platform: "focalscope".to_owned(),
            account: self.client.endpoint().host().unwrap_or_default().to_owned(),
            as_of: jiff::Timestamp::now(),
            ..Catalog::default()
        };
        let ping = doctor::ping(self).await?;
        if let Some(version) = ping.version {
            catalog.platform = format!("focalscope {version}");
        }
        catalog.counts = ping.counts;
        let mut counted: Vec<(Logical, Option<u64>)> = Vec::new();
        let agents = self.all(Logical::ListAgents, |record| {
            if let Record::Agent(agent) = record {
                catalog.people.push(Person {
                    remote: RemoteRef::new("agent", agent.id.0),
                    name: agent.name,
                    email: agent.email,
                    active: agent.state == AgentState::Active,
                });
            }
        });
        counted.push((Logical::ListAgents, agents.await?));
        let queues = self.all(Logical::ListQueues, |record| {
            if let Record::Queue(queue) = record {
                let members =
                    queue.members.iter().map(|m| RemoteRef::new("agent", m.agent.as_str())).collect();
                catalog.teams.push(Team {
                    remote: RemoteRef::new("queue", queue.id.0),
                    name: queue.name,
                    members,
                });
            }
        });
        counted.push((Logical::ListQueues, queues.await?));
        let mut sets: BTreeMap<String, FieldSpec> = BTreeMap::new();
        let categories = self.all(Logical::ListCategories, |record| {
            if let Record::Category(category) = record {
                let name = category.set.clone().unwrap_or_else(|| category.name.clone());
                let spec = sets.entry(name.clone()).or_insert_with(|| FieldSpec {
                    kind: "category".to_owned(),
                    name,
                    field_type: if category.multi { FieldType::MultiList } else { FieldType::List },
                    options: Vec::new(),
                    description: None,
                    max_chars: None,
                    remote: None,
                });
                if category.set.is_some() {
                    spec.options.push(category.name);
                }
            }
        });
        counted.push((Logical::ListCategories, categories.await?));
        catalog.fields = sets.into_values().collect();
        counted.push((Logical::ListChannelAccounts, self.channels(&mut catalog).await?));
        counted.push((Logical::ListAutomations, self.automations(&mut catalog).await?));
        counted.push((Logical::ListWorkingHours, self.hours(&mut catalog).await?));
        for (logical, count) in counted {
            if let (Some(kind), Some(count)) = (logical.kind(), count) {
                catalog.counts.entry(kind.to_owned()).or_insert(count);
            }
        }
        self.count_the_rest(&mut catalog).await?;
        Ok(catalog)
    }

    /// Channels with their accounts, by the source's word for the channel.
    async fn channels(&self, catalog: &mut Catalog) -> Result<Option<u64>> {
        let mut channels: BTreeMap<String, Accounts> = BTreeMap::new();
        let is_failing = |a: &ChannelAccount| a.last_error.is_some();
        let count = self
            .all(Logical::ListChannelAccounts, |record| {
                if let Record::ChannelAccount(account) = record {
                    let accounts = channels.entry(account.channel.clone()).or_default();
                    accounts.all += 1;
                    accounts.off += u64::from(!account.enabled);
                    accounts.failing += u64::from(account.enabled && is_failing(&account));
                }
            })
            .await?;
        for (channel, Accounts { all, off, failing }) in channels {
            let said = format!("{all} accounts, {off} switched off, {failing} failing");
            catalog.facts.insert(format!("channel {channel}"), said);
        }
        Ok(count)
    }

    async fn automations(&self, catalog: &mut Catalog) -> Result<Option<u64>> {
        let (mut rules, mut sequences) = (0u64, 0u64);
        let count = self
            .all(Logical::ListAutomations, |record| match record {
                Record::Automation(a) if a.kind == AutomationKind::Sequence => sequences += 1,
                _ => rules += 1,
            })
            .await?;
        if count.is_some() {
            catalog.facts.insert("automation rules".to_owned(), rules.to_string());
            catalog.facts.insert("automation sequences".to_owned(), sequences.to_string());
        }
        Ok(count)
    }

    async fn hours(&self, catalog: &mut Catalog) -> Result<Option<u64>> {
        let mut without_zone = 0u64;
        let count = self
            .all(Logical::ListWorkingHours, |record| {
                if let Record::WorkingHours(hours) = record {
                    without_zone += u64::from(hours.zone.is_none());
                }
            })
            .await?;
        if count.is_some() {
            catalog.facts.insert("working hours with an offset alone".to_owned(), without_zone.to_string());
        }
        Ok(count)
    }

    /// Kinds that nothing has counted yet: by what the list declares, else by reading it, unless it is a long one.
    async fn count_the_rest(&self, catalog: &mut Catalog) -> Result<()> {
        for logical in LISTS {
            let Some(kind) = logical.kind().filter(|kind| !catalog.counts.contains_key(*kind)) else {
                continue;
            };
            let long =
                matches!(logical, Logical::ListTickets | Logical::ListContacts | Logical::ListCompanies);
            let count = match self.declared(logical).await? {
                None if !long => self.all(logical, |_| ()).await?,
                declared => declared,
            };
            if let Some(count) = count {
                catalog.counts.insert(kind.to_owned(), count);
            }
        }
        Ok(())
    }
}
