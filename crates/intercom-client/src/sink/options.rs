//! What a user can decide about the sink.

use crate::AdminId;
use serde::Deserialize;

/// The settings of the sink. An unknown key is an error.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SinkOptions {
    /// The teammate who stands in for agents without one, and who closes, tags and assigns. Default: the token's owner.
    pub acting_admin: Option<AdminId>,
    /// For how many seconds a new contact may be hidden from search. "Some minutes", says the API. Default: 300.
    pub contact_blind_seconds: u32,
    /// The same for conversations, of which the API says nothing. Default: 300.
    pub conversation_blind_seconds: u32,
    /// Whether contacts get an `external_id`. Default: only when the workspace doesn't use it for its own.
    pub external_id: ExternalId,
    /// The contact attribute that takes the source's id where `external_id` can't.
    pub contact_id_attribute: String,
    /// What becomes of a contact that was there before. Default: empty fields are filled.
    pub matched_contacts: MatchedContacts,
    /// For how many seconds a company that was deleted may still be found by its key: Intercom archives them later. So
    /// long a company that no read shows is not taken for one that stays. Default: 60.
    pub company_leaving_seconds: u32,
    /// Whether notes are written on contacts that were there before. Default: no, because nothing takes a note back.
    pub notes_on_matched: bool,
    /// Whether articles keep their tables as tables. Turn it off for a workspace that drops them: then cells and rows are
    /// lines.
    pub article_tables: bool,
    /// Files above this many bytes are named in the text and left out. Default: 10 MiB.
    pub max_file_bytes: u64,
    /// Longest title in characters; Intercom publishes no limit. Default: 255.
    pub title_chars: usize,
    /// Whether the HTML of a first message follows as an internal note. Default: never, because a note keeps the same
    /// few tags as a comment: tables and pictures, which the plain form loses, wouldn't be in it either.
    pub keep_html_note: KeepHtmlNote,
    /// Whether replies of contacts are written as HTML. Turn it off for a workspace that shows their markup as text.
    pub contact_html: bool,
    /// How a message by another contact than the thread's is written. Default: under the thread's contact, with a line
    /// that names the author, because only participants can reply and adding one may notify them.
    pub other_customers: OtherCustomers,
    /// What becomes of a value that isn't among the options of a list attribute. Default: it is a loss.
    pub unknown_option: Unknown,
    /// What becomes of an attribute that the workspace doesn't have. Default: the record is refused.
    pub unknown_attribute: Unknown,
    /// Whether reports keep rows of conversations that a rollback deletes. Default: no, when the token may.
    pub retain_metrics: Option<bool>,
}

impl Default for SinkOptions {
    fn default() -> Self {
        SinkOptions {
            acting_admin: None,
            contact_blind_seconds: 300,
            conversation_blind_seconds: 300,
            external_id: ExternalId::Auto,
            contact_id_attribute: "focalscope_contact_id__c".to_owned(),
            matched_contacts: MatchedContacts::FillEmpty,
            company_leaving_seconds: 60,
            notes_on_matched: false,
            article_tables: true,
            max_file_bytes: 10 << 20,
            title_chars: 255,
            keep_html_note: KeepHtmlNote::Never,
            contact_html: true,
            other_customers: OtherCustomers::Named,
            unknown_option: Unknown::Loss,
            unknown_attribute: Unknown::Refuse,
            retain_metrics: None,
        }
    }
}

/// Whether contacts get an `external_id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalId {
    /// Unless the catalog says that the workspace uses it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Only where the API leaves no choice: a user without an address needs one.
    Never,
}

/// What becomes of a contact that was there before. Its `external_id`, owner and consent are never touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedContacts {
    /// Fields that are empty are filled, and emptied again by a rollback.
    #[default]
    FillEmpty,
    /// It stays as it is.
    Keep,
}

/// Whether the HTML of a first message follows as an internal note.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeepHtmlNote {
    /// Never.
    #[default]
    Never,
    /// When it has a table, a picture or a link.
    WhenMeaningful,
}

/// How a message by another contact than the thread's is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OtherCustomers {
    /// Under the thread's contact, with a line that names the author.
    #[default]
    Named,
    /// As themselves. Intercom refuses it for contacts who don't take part.
    AsThemselves,
}

/// What becomes of something the workspace doesn't have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The record is refused.
    Refuse,
    /// The value is left out and listed as a loss.
    Loss,
}
