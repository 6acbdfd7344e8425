//! What the help desk has written down: categories, answers, targets, articles, reports, rules.

use super::{
    AgentId, AttachmentId, AutomationId, CategoryId, CustomFields, Extra, KbArticleId, KbCategoryId, QueueId,
    ReportId, SlaPolicyId, StandardResponseId, TicketboxId, WallboardId,
};
use crate::{Body, Private};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a category applies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CategoryScope {
    /// Everywhere.
    #[default]
    Everywhere,
    /// In one box.
    Ticketbox(TicketboxId),
}

/// A category: a value of a set that tickets are sorted by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Id.
    pub id: CategoryId,
    /// Name: the value.
    pub name: String,
    /// The set or parent it belongs to.
    #[serde(default)]
    pub set: Option<String>,
    /// Parent.
    #[serde(default)]
    pub parent: Option<CategoryId>,
    /// A ticket may have several of the set.
    #[serde(default)]
    pub multi: bool,
    /// A ticket must have one.
    #[serde(default)]
    pub mandatory: bool,
    /// Where it applies.
    #[serde(default)]
    pub scope: CategoryScope,
    /// Still in use.
    pub active: bool,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A prepared answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StandardResponse {
    /// Id.
    pub id: StandardResponseId,
    /// Name.
    pub name: String,
    /// Folders from the top.
    #[serde(default)]
    pub folder: Vec<String>,
    /// Subject.
    #[serde(default)]
    pub subject: Option<Private>,
    /// Text.
    pub body: Body,
    /// Queues that may use it; empty = all.
    #[serde(default)]
    pub queues: Vec<QueueId>,
    /// Ticketboxes that may use it; empty = all.
    #[serde(default)]
    pub ticketboxes: Vec<TicketboxId>,
    /// Language tag.
    #[serde(default)]
    pub language: Option<String>,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<AttachmentId>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// Targets for answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlaPolicy {
    /// Id.
    pub id: SlaPolicyId,
    /// Name.
    pub name: String,
    /// Minutes to the first answer.
    #[serde(default)]
    pub first_response_minutes: Option<u32>,
    /// Minutes to the next answer.
    #[serde(default)]
    pub next_response_minutes: Option<u32>,
    /// Minutes to the solution.
    #[serde(default)]
    pub resolution_minutes: Option<u32>,
    /// Counted in business hours.
    #[serde(default)]
    pub business_hours: bool,
    /// What stops the clock, in the source's words.
    #[serde(default)]
    pub stops_on: Vec<String>,
    /// What it applies to, in the source's words.
    #[serde(default)]
    pub applies_to: Vec<String>,
    /// Who is told, and when, in the source's words.
    #[serde(default)]
    pub escalations: Vec<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A knowledge base category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KbCategory {
    /// Id.
    pub id: KbCategoryId,
    /// Parent; cycles occur.
    #[serde(default)]
    pub parent: Option<KbCategoryId>,
    /// Title.
    pub title: Private,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A knowledge base article.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KbArticle {
    /// Id.
    pub id: KbArticleId,
    /// Title.
    pub title: Private,
    /// Text.
    pub body: Body,
    /// Categories; may be none.
    #[serde(default)]
    pub categories: Vec<KbCategoryId>,
    /// For agents only.
    #[serde(default)]
    pub internal: bool,
    /// Published.
    #[serde(default)]
    pub published: bool,
    /// Language tag.
    #[serde(default)]
    pub language: Option<String>,
    /// Author, in the source's words.
    #[serde(default)]
    pub author: Option<Private>,
    /// Author, when it is an agent.
    #[serde(default)]
    pub author_agent: Option<AgentId>,
    /// The article that this one says in another language.
    #[serde(default)]
    pub translation_of: Option<KbArticleId>,
    /// Tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Where it can be read at the source.
    #[serde(default)]
    pub url: Option<Private>,
    /// Created.
    #[serde(default)]
    pub created_at: Option<Timestamp>,
    /// Last changed.
    #[serde(default)]
    pub modified_at: Option<Timestamp>,
    /// Custom fields.
    #[serde(default)]
    pub custom: CustomFields,
    /// Files.
    #[serde(default)]
    pub attachments: Vec<AttachmentId>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A report: its definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Id.
    pub id: ReportId,
    /// Name.
    pub name: String,
    /// Template.
    #[serde(default)]
    pub template: Option<String>,
    /// What it is run with, in the source's words.
    #[serde(default)]
    pub parameters: Vec<String>,
    /// Output format, in the source's words.
    #[serde(default)]
    pub format: Option<String>,
    /// Schedule, in the source's words.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Where it goes, in the source's words.
    #[serde(default)]
    pub delivery: Option<String>,
    /// Its figures over one window, when it could be run.
    #[serde(default)]
    pub figures: Option<Figures>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// The figures of a report over one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The first moment.
    pub from: Timestamp,
    /// The end, itself not in it.
    pub to: Timestamp,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// The rows, one text a column.
    pub rows: Vec<Vec<Private>>,
}

/// What kind of automation it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomationKind {
    /// Conditions and actions.
    #[default]
    Rule,
    /// Messages that follow each other in time.
    Sequence,
}

/// A rule or a sequence; never moved as code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Automation {
    /// Id.
    pub id: AutomationId,
    /// Name.
    pub name: String,
    /// A rule, or a sequence of messages.
    #[serde(default)]
    pub kind: AutomationKind,
    /// What sets it off, in the source's words.
    #[serde(default)]
    pub trigger: Option<String>,
    /// Scope, in the source's words.
    #[serde(default)]
    pub scope: Option<String>,
    /// Place in the order.
    #[serde(default)]
    pub order: Option<u32>,
    /// On.
    pub enabled: bool,
    /// Conditions, in the source's words.
    #[serde(default)]
    pub conditions: Vec<String>,
    /// Actions, in the source's words.
    #[serde(default)]
    pub actions: Vec<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A wallboard: its definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wallboard {
    /// Id.
    pub id: WallboardId,
    /// Name.
    pub name: String,
    /// What it shows, in the source's words.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Who sees it, in the source's words.
    #[serde(default)]
    pub audience: Option<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}
