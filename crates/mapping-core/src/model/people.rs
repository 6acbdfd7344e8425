//! The people and companies who write to the help desk.

use super::{CompanyId, ContactId, CustomFields, Extra};
use crate::Private;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A company.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Id.
    pub id: CompanyId,
    /// Name.
    pub name: Private,
    /// Mail domains.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A note on a contact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ContactNote {
    /// When it was written.
    pub at: Option<Timestamp>,
    /// Who wrote it, in the source's words.
    pub author: Option<Private>,
    /// Its text.
    pub text: Private,
}

/// A person who writes to the help desk. May have no address, many, or one that somebody else has too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// Id.
    pub id: ContactId,
    /// Name.
    pub name: Option<Private>,
    /// Addresses as written; the first is the main one.
    #[serde(default)]
    pub emails: Vec<Private>,
    /// Numbers as written.
    #[serde(default)]
    pub phones: Vec<Private>,
    /// Company.
    #[serde(default)]
    pub company: Option<CompanyId>,
    /// Postal address.
    #[serde(default)]
    pub address: Option<Private>,
    /// Asked not to be written to.
    #[serde(default)]
    pub opted_out: bool,
    /// The help desk refuses what they write.
    #[serde(default)]
    pub blocked: bool,
    /// Mail to them comes back.
    #[serde(default)]
    pub bounced: bool,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// Notes.
    #[serde(default)]
    pub notes: Vec<ContactNote>,
    /// Created.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Last changed.
    #[serde(default)]
    pub modified_at: Option<Timestamp>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}
impl Contact {
    /// A contact of whom only the id is known.
    pub fn new(id: ContactId) -> Self {
        Contact {
            id,
            name: None,
            emails: Vec::new(),
            phones: Vec::new(),
            company: None,
            address: None,
            opted_out: false,
            blocked: false,
            bounced: false,
            custom: CustomFields::new(),
            notes: Vec::new(),
            created_at: None,
            modified_at: None,
            extra: Extra::new(),
        }
    }
}
