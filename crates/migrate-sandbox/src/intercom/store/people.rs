//! Organisations, and what teammates wrote about them and about people.

use std::collections::BTreeSet;

use super::Attributes;

/// An organisation. One that was deleted stays as it is until `archive_at`, and keeps its place afterwards.
#[derive(Debug, Clone, Default)]
pub(crate) struct Company {
    pub(crate) id: String,
    /// The key that the caller gave; it never changes.
    pub(crate) company_id: String,
    pub(crate) name: Option<String>,
    pub(crate) plan: Option<String>,
    pub(crate) website: Option<String>,
    pub(crate) industry: Option<String>,
    pub(crate) size: Option<i64>,
    pub(crate) monthly_spend: i64,
    pub(crate) remote_created_at: Option<i64>,
    pub(crate) attributes: Attributes,
    /// The contacts that belong to it.
    pub(crate) members: BTreeSet<u32>,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// When a delete comes true, by the sandbox clock.
    pub(crate) archive_at: Option<i64>,
    pub(crate) archived: bool,
}

/// Whom a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    Contact(u32),
    /// Place in the list of companies.
    Company(usize),
}

/// What a teammate wrote about somebody. Nothing changes or removes it.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) id: u64,
    pub(crate) about: About,
    pub(crate) author: u64,
    pub(crate) body: Box<str>,
    /// Always the time of writing.
    pub(crate) created_at: i64,
}

/// The one walk through all companies that a workspace allows (T71).
#[derive(Debug, Clone)]
pub(crate) struct Scroll {
    pub(crate) param: String,
    pub(crate) place: usize,
    pub(crate) used_at: i64,
}
