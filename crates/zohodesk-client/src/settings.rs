//! What a user sets.

use serde::{Deserialize, Serialize};

/// Settings of the step vocabulary. No secret is among them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Settings {
    /// The department that tickets go to.
    pub department: String,
    /// The ticket layouts that fields are added to.
    pub layouts: Vec<String>,
    /// The label of the text field that holds a ticket's id at the source: the only key by which a ticket whose answer
    /// was lost can be found.
    pub id_label: String,
    /// The most UTF-16 units of a comment or description, header and markup included. The API's bound is 32,000.
    pub comment_units: usize,
    /// The most bytes of a file; longer ones are left out and listed. The API doesn't state its bound.
    pub file_bytes: u64,
    /// Show what the customer could read at the source in the customer portal. Public comments can trigger mail.
    pub public_history: bool,
    /// How long, in seconds, a new ticket may be missing from the search.
    pub blind_seconds: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            department: String::new(),
            layouts: Vec::new(),
            id_label: "FocalScope Ticket ID".to_owned(),
            comment_units: 32_000,
            file_bytes: 20_000_000,
            public_history: false,
            blind_seconds: 600,
        }
    }
}
