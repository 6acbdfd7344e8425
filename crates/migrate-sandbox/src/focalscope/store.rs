//! The data set with what it takes to find things in it quickly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::dataset::{Attachment, Dataset, Ticket};

/// Which tickets are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TicketFilter {
    pub(super) states: Vec<String>,
    pub(super) deleted: bool,
    pub(super) spam: bool,
    pub(super) since: Option<Timestamp>,
}

impl TicketFilter {
    fn lets(&self, ticket: &Ticket) -> bool {
        (self.deleted || !ticket.deleted)
            && (self.spam || !ticket.spam)
            && (self.states.is_empty() || self.states.iter().any(|state| state == ticket.status.as_str()))
            && since(self.since, ticket.modified, ticket.created)
    }
}

/// Whether something changed at or after `since`. What has no time at all is always let through.
pub(super) fn since(
    since: Option<Timestamp>,
    modified: Option<Timestamp>,
    created: Option<Timestamp>,
) -> bool {
    match (since, modified.or(created)) {
        (Some(since), Some(changed)) => changed >= since,
        _ => true,
    }
}

/// What has a file, by its index.
#[derive(Debug, Clone, Copy)]
enum Owner {
    Ticket(usize),
    Response(usize),
    Article(usize),
}

#[derive(Debug)]
pub(super) struct Store {
    dataset: Dataset,
    tickets: HashMap<u64, usize>,
    /// Attachment id → what has it.
    attachments: HashMap<u64, Owner>,
    /// Group id → ids of its agents.
    members: HashMap<u64, Vec<u64>>,
    /// The tickets that the last filter let through: pages of one listing are asked for one after the other.
    last: Mutex<Option<(TicketFilter, Arc<Vec<usize>>)>>,
}

impl Store {
    /// Puts the records in order of id, as every list gives them.
    pub(super) fn new(mut dataset: Dataset) -> Self {
        dataset.agents.sort_by_key(|agent| agent.id);
        dataset.groups.sort_by_key(|group| group.id);
        dataset.ticketboxes.sort_by_key(|ticketbox| ticketbox.id);
        dataset.queues.sort_by_key(|queue| queue.id);
        dataset.companies.sort_by_key(|company| company.id);
        dataset.contacts.sort_by_key(|contact| contact.id);
        dataset.categories.sort_by_key(|category| category.id);
        dataset.tickets.sort_by_key(|ticket| ticket.id);
        dataset.standard_responses.sort_by_key(|response| response.id);
        dataset.sla_profiles.sort_by_key(|profile| profile.id);
        dataset.working_hours.sort_by_key(|profile| profile.id);
        dataset.kb_categories.sort_by_key(|category| category.id);
        dataset.kb_articles.sort_by_key(|article| article.id);
        dataset.reports.sort_by_key(|report| report.id);
        dataset.automations.sort_by_key(|automation| automation.id);
        dataset.wallboards.sort_by_key(|wallboard| wallboard.id);
        dataset.channel_accounts.sort_by_key(|account| account.id);
        let tickets = dataset.tickets.iter().enumerate().map(|(index, ticket)| (ticket.id, index)).collect();
        let mut attachments = HashMap::new();
        for (index, ticket) in dataset.tickets.iter().enumerate() {
            attachments.extend(ticket.attachments().map(|attachment| (attachment.id, Owner::Ticket(index))));
        }
        for (index, response) in dataset.standard_responses.iter().enumerate() {
            attachments.extend(response.attachments.iter().map(|file| (file.id, Owner::Response(index))));
        }
        for (index, article) in dataset.kb_articles.iter().enumerate() {
            attachments.extend(article.attachments.iter().map(|file| (file.id, Owner::Article(index))));
        }
        let mut members: HashMap<u64, Vec<u64>> = HashMap::new();
        for agent in &dataset.agents {
            for group in &agent.groups {
                members.entry(*group).or_default().push(agent.id);
            }
        }
        Self { dataset, tickets, attachments, members, last: Mutex::new(None) }
    }

    pub(super) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    pub(super) fn ticket(&self, id: u64) -> Option<&Ticket> {
        self.tickets.get(&id).map(|index| &self.dataset.tickets[*index])
    }

    pub(super) fn attachment(&self, id: u64) -> Option<&Attachment> {
        match *self.attachments.get(&id)? {
            Owner::Ticket(index) => self.dataset.tickets[index].attachments().find(|file| file.id == id),
            Owner::Response(index) => {
                self.dataset.standard_responses[index].attachments.iter().find(|file| file.id == id)
            }
            Owner::Article(index) => {
                self.dataset.kb_articles[index].attachments.iter().find(|file| file.id == id)
            }
        }
    }

    pub(super) fn members(&self, group: u64) -> &[u64] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }

    /// Indexes of the tickets that the filter lets through, in order of id.
    pub(super) fn filtered(&self, filter: &TicketFilter) -> Arc<Vec<usize>> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, found)) = last.as_ref().filter(|(known, _)| known == filter) {
            debug_assert_eq!(known, filter);
            return Arc::clone(found);
        }
        let tickets = self.dataset.tickets.iter().enumerate();
        let found: Vec<usize> =
            tickets.filter(|(_, ticket)| filter.lets(ticket)).map(|(index, _)| index).collect();
        let found = Arc::new(found);
        *last = Some((filter.clone(), Arc::clone(&found)));
        found
    }
}
