//! Tickets in the platform's own sense, which stand beside conversations.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A kind of ticket.
#[derive(Debug, Clone)]
pub(crate) struct TicketType {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) category: &'static str,
    pub(crate) icon: String,
    pub(crate) internal: bool,
    pub(crate) attributes: Vec<TicketAttribute>,
    pub(crate) archived: bool,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A field of a kind of ticket.
#[derive(Debug, Clone)]
pub(crate) struct TicketAttribute {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) data_type: &'static str,
    /// Key and label of each entry of a list.
    pub(crate) items: Vec<(String, String)>,
    /// One of the two that every kind has.
    pub(crate) default: bool,
    pub(crate) archived: bool,
}

/// A ticket.
#[derive(Debug, Clone)]
pub(crate) struct Ticket {
    pub(crate) id: u64,
    /// The number that people see; paths don't take it.
    pub(crate) number: u64,
    pub(crate) kind: u64,
    pub(crate) contact: u32,
    pub(crate) attributes: Map<String, Value>,
    /// Place in the list of states.
    pub(crate) state: usize,
    pub(crate) open: bool,
    pub(crate) admin: u64,
    pub(crate) team: u64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

/// A ticket that is made later (T64).
#[derive(Debug, Clone)]
pub(crate) struct Job {
    pub(crate) due_at: i64,
    /// The body of the request, until the job is done.
    pub(crate) body: Option<Value>,
    /// The ticket, or none when it failed.
    pub(crate) ticket: Option<u64>,
}

/// Everything about tickets.
#[derive(Debug, Default)]
pub(crate) struct TicketDesk {
    pub(crate) types: BTreeMap<u64, TicketType>,
    pub(crate) tickets: BTreeMap<u64, Ticket>,
    pub(crate) jobs: BTreeMap<u64, Job>,
}
