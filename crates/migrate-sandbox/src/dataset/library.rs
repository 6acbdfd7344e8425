//! What agents write from: standard responses and the knowledge base.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attachment, ContentType, CustomField, Text};

/// A text to answer with.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StandardResponse {
    /// Unique among standard responses.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// Names of the folders around it, the outermost first.
    pub folder: Vec<String>,
    /// A subject, when it brings one.
    pub subject: Option<String>,
    /// Format of the body.
    pub content_type: ContentType,
    /// The text, with placeholders like `%Customer.Name%`.
    pub body: Text,
    /// Ids of the queues that may use it; none means all.
    pub queues: Vec<u64>,
    /// Ids of the ticketboxes that may use it; none means all.
    pub ticketboxes: Vec<u64>,
    /// Language tag.
    pub language: Option<String>,
    /// Files that go out with it. Their ids are unique among all files of the help desk.
    pub attachments: Vec<Attachment>,
}

/// A category of the knowledge base.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KbCategory {
    /// Unique among categories of the knowledge base.
    pub id: u64,
    /// Id of the category around it; may lead in a circle.
    pub parent: Option<u64>,
    /// The title to show.
    pub title: String,
}

/// An article of the knowledge base.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KbArticle {
    /// Unique among articles.
    pub id: u64,
    /// The title to show.
    pub title: String,
    /// HTML.
    pub body: Text,
    /// Ids of its categories; may be none.
    pub categories: Vec<u64>,
    /// For agents alone.
    pub internal: bool,
    /// Whether readers see it.
    pub published: bool,
    /// Language tag.
    pub language: Option<String>,
    /// Id of the agent who wrote it.
    pub author: Option<u64>,
    /// The author's name at the time of writing.
    pub author_name: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it was last changed.
    pub modified: Option<Timestamp>,
    /// Id of the article that this one translates.
    pub translation_of: Option<u64>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Where readers find it.
    pub url: Option<String>,
    /// Fields the help desk added.
    pub custom_fields: Vec<CustomField>,
    /// Its files. Their ids are unique among all files of the help desk.
    pub attachments: Vec<Attachment>,
}
