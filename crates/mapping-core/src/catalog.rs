//! What a side can hold and already holds.

use crate::{Private, RemoteRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What a side can hold and already holds, at one moment.
///
/// Every entry has a key (`conversation_attribute/channel_source__c`, `person/77`). A shaped draft names the keys it
/// relies on; a plan keeps their digests, and `apply` refuses when one of *those* changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// The platform and its version: `intercom 2.16`.
    pub platform: String,
    /// The workspace, portal or instance: what a person types to confirm a rollback.
    pub account: String,
    /// Where its data lives, in the platform's word.
    pub region: Option<String>,
    /// When it was read.
    pub as_of: Timestamp,
    /// Who the credentials act as.
    pub acting: Option<Person>,
    /// Fields, attributes and the like.
    pub fields: Vec<FieldSpec>,
    /// Agents, teammates.
    pub people: Vec<Person>,
    /// Teams, queues, departments.
    pub teams: Vec<Team>,
    /// Tags.
    pub tags: Vec<Named>,
    /// Objects of each kind, where the side can count them.
    pub counts: BTreeMap<String, u64>,
    /// The quota of calls, when the side states one.
    pub quota: Option<Quota>,
    /// Facts that have no type of their own (`external_id_in_use` = `true`), by name.
    pub facts: BTreeMap<String, String>,
}

/// The quota of calls as the platform states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Calls per window.
    pub limit: u32,
    /// The window in seconds.
    pub window_seconds: u32,
}

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldType {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A decimal number.
    Decimal,
    /// Yes or no.
    Boolean,
    /// A moment.
    DateTime,
    /// A calendar day.
    Date,
    /// One of `options`.
    List,
    /// Some of `options`.
    MultiList,
    /// Something this version doesn't know; read, never written.
    Other,
}

/// A field as a side defines it, or as the mapping wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// The registry it belongs to, in the platform's word: `conversation_attribute`, `contact_attribute`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its type.
    pub field_type: FieldType,
    /// Allowed values of a list, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The longest value it takes, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_chars: Option<u32>,
    /// Its identity at that side; `None` for a field that is only wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<RemoteRef>,
}

/// A person who works there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Person {
    /// Their identity at that side.
    pub remote: RemoteRef,
    /// Their name.
    pub name: Private,
    /// Their address, lower-cased by whoever compares.
    pub email: Option<Private>,
    /// False when they can't be given work any more.
    pub active: bool,
}

/// A team or queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// Its identity at that side.
    pub remote: RemoteRef,
    /// Its name.
    pub name: String,
    /// Its members.
    pub members: Vec<RemoteRef>,
}

/// Something with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Its identity at that side.
    pub remote: RemoteRef,
    /// Its name.
    pub name: String,
}

impl FieldSpec {
    /// The key of the entry: kind and lower-cased name.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind, self.name.to_lowercase())
    }
}
impl Person {
    /// The key of the entry.
    pub fn key(&self) -> String {
        format!("person/{}", self.remote.id)
    }
}
impl Team {
    /// The key of the entry.
    pub fn key(&self) -> String {
        format!("team/{}", self.remote.id)
    }
}
impl Named {
    /// The key of the entry: tags are the same whatever their case.
    pub fn key(&self) -> String {
        format!("tag/{}", self.name.to_lowercase())
    }
}

impl Catalog {
    /// The field of this kind and name, whatever its case.
    pub fn field(&self, kind: &str, name: &str) -> Option<&FieldSpec> {
        self.fields.iter().find(|f| f.kind == kind && f.name.to_lowercase() == name.to_lowercase())
    }
    /// The person with this identity.
    pub fn person(&self, remote: &RemoteRef) -> Option<&Person> {
        self.people.iter().find(|p| p.remote == *remote)
    }
    /// The person with this address, whatever its case.
    pub fn person_by_email(&self, email: &str) -> Option<&Person> {
        let wanted = email.trim().to_lowercase();
        self.people.iter().find(|p| p.email.as_ref().is_some_and(|e| e.trim().to_lowercase() == wanted))
    }
    /// The team with this identity.
    pub fn team(&self, remote: &RemoteRef) -> Option<&Team> {
        self.teams.iter().find(|t| t.remote == *remote)
    }
    /// The tag of this name, whatever its case.
    pub fn tag(&self, name: &str) -> Option<&Named> {
        self.tags.iter().find(|t| t.name.to_lowercase() == name.to_lowercase())
    }
    /// The digest of every entry, by key. Names and options of what this run creates included.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        self.fields.iter().for_each(|f| {
            all.insert(f.key(), digest(f));
        });
        self.people.iter().for_each(|p| {
            all.insert(p.key(), digest(p));
        });
        // Members come and go without touching a team's identity; a plan relies on the team, not on its members.
        self.teams.iter().for_each(|t| {
            all.insert(t.key(), digest(&(&t.remote, &t.name)));
        });
        self.tags.iter().for_each(|t| {
            all.insert(t.key(), digest(t));
        });
        all
    }
}

/// SHA-256 of the JSON form, lower-case hex.
pub(crate) fn digest(value: &impl Serialize) -> String {
    // Serialising our own plain types to memory can't fail; an empty form would only make two digests equal.
    let json = serde_json::to_vec(value).unwrap_or_default();
    hex(&Sha256::digest(&json))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_a_team_are_no_reason_to_call_a_plan_stale_but_its_name_is() {
        let team = |name: &str, members| Catalog {
            teams: vec![Team { remote: RemoteRef::new("team", "5"), name: name.into(), members }],
            ..Catalog::default()
        };
        let before = team("Billing", vec![]);
        assert_eq!(before.digests(), team("Billing", vec![RemoteRef::new("admin", "1")]).digests());
        assert_ne!(before.digests(), team("Accounts", vec![]).digests());
    }
}
