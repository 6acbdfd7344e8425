//! The stand-in's own journal: one entry for each request.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

/// The most entries that are kept; older ones are forgotten, their counts are not.
const KEPT: usize = 1_000_000;

/// One request and what it got.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Asked {
    /// Counts from 1.
    pub number: u64,
    /// When, by the stand-in's clock.
    pub at: Timestamp,
    /// Name of the operation, or `wsdl`, or empty when the request named none.
    pub operation: String,
    /// `1.1`, `1.2`, or empty.
    pub soap: &'static str,
    /// How the request proved who it is: `basic`, `session`, `api_key`, or empty.
    pub way: &'static str,
    /// The parameters; never a password.
    pub arguments: BTreeMap<String, String>,
    /// HTTP status of the answer.
    pub status: u16,
    /// Code of the fault in the answer.
    pub fault: Option<String>,
    /// Bytes of the answer.
    pub bytes: usize,
}

#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: VecDeque<Asked>,
    counts: BTreeMap<String, u64>,
    total: u64,
}

impl Journal {
    pub(super) fn note(&mut self, mut asked: Asked) {
        self.total += 1;
        asked.number = self.total;
        *self.counts.entry(asked.operation.clone()).or_default() += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(asked);
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Asked> {
        self.entries.iter()
    }

    pub(super) fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }
}
