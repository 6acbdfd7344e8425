//! What a test can turn: limits, lags, doubtful behaviours and planted faults.
//!
//! Where nobody knows how Intercom behaves, the default is the unkind reading.

use serde::{Deserialize, Serialize};

/// All knobs. In JSON a knob that is left out keeps its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// Bearer tokens that are accepted. They share one rate limit, as the tokens of one workspace do.
    pub tokens: Vec<String>,
    /// Version that a call without `Intercom-Version` gets: that of the app package.
    pub app_version: String,
    /// Calls allowed in each window of ten seconds of the sandbox clock.
    pub rate_limit: u32,
    /// Changes of the limit, in the order in which they come true.
    pub rate_script: Vec<RateChange>,
    /// Seconds until a new contact can start a conversation (T31).
    pub contact_visible_after_s: i64,
    /// Seconds until a new contact is found by search (T15).
    pub contact_search_lag_s: i64,
    /// Seconds until a new conversation, or a new tag on it, is found by search.
    pub conversation_search_lag_s: i64,
    /// Refuses replies that come too fast to one conversation (T08).
    pub reply_guard: Option<ReplyGuard>,
    /// What a search by a custom attribute of conversations answers (T42).
    pub attribute_search: AttributeSearch,
    /// Whether two conversation attributes may get the same name (T24).
    pub accept_duplicate_attributes: bool,
    /// Whether a doubled name blocks every write of attributes, or only those that carry it (T21).
    pub duplicate_blocks_all: bool,
    /// Whether the answer to an update shows the title from before it (T74).
    pub stale_title: bool,
    /// Most parts that a read returns (T40).
    pub part_window: usize,
    /// The order in which parts are listed.
    pub part_order: PartOrder,
    /// Whether an admin's comment reopens a closed conversation.
    pub admin_comment_reopens: bool,
    /// Whether HTML in a contact's reply is shown as HTML.
    pub contact_html: bool,
    /// Whether a telephone number that is not E.164 is refused.
    pub refuse_bad_phone: bool,
    /// Longest value of a string attribute of conversations, in characters; none means no limit.
    pub conversation_string_limit: Option<usize>,
    /// Whether automations leave the migration alone (T66).
    pub migration_exempt: bool,
    /// Seconds that the address of an attachment works (T47).
    pub attachment_url_ttl_s: i64,
    /// Largest attachment that is taken, in bytes; above it the answer is 413 (T46).
    pub attachment_max_bytes: u64,
    /// Whether attachments whose name ends in one of `quarantined_names` disappear or are emptied (T48).
    pub quarantine: Quarantine,
    /// Name endings, lower case, that the quarantine takes.
    pub quarantined_names: Vec<String>,
    /// Bytes of attachments kept in memory to be served again; of what comes after that only name, size and hash stay.
    pub file_store_bytes: u64,
    /// Endpoints, as `METHOD /path/{id}`, that the plan does not include (T70).
    pub plan_gated: Vec<String>,
    /// Scopes that the token lacks, such as `read_write_articles_scope`; what needs one answers 403.
    pub missing_scopes: Vec<String>,
    /// Whether the sandbox clock goes on by itself when a window of the rate limit is used up, so that nobody waits.
    pub auto_advance: AutoAdvance,
    /// Whether a company that nobody belongs to is shown (T57).
    pub empty_companies_seen: bool,
    /// Seconds until a deleted company is archived (T57).
    pub company_archive_after_s: i64,
    /// Companies that one contact can belong to.
    pub companies_per_contact: usize,
    /// What becomes of a collection below the third level (T59).
    pub deep_collections: DeepCollections,
    /// What becomes of the collections and articles in a deleted collection.
    pub children_of_deleted: ChildrenOfDeleted,
    /// Rows of a page of articles or collections when the caller asks for no number.
    pub library_page_size: usize,
    /// Whether `parent_id` of an article must be a number on create and a string on update (T69).
    pub strict_parent_id: bool,
    /// Whether a translation into a language that no help centre has is refused; else it is stored.
    pub refuse_unknown_locales: bool,
    /// Whether assistants use an article that says nothing of them.
    pub ai_available_by_default: bool,
    /// Seconds until new articles and tags on them are found by search.
    pub content_search_lag_s: i64,
    /// Seconds until a bulk action is carried out (T61).
    pub bulk_action_delay_s: i64,
    /// Whether the token may delete metrics with a conversation (T52).
    pub may_delete_metrics: bool,
    /// Whether a teammate without an inbox seat may be an author.
    pub seatless_authors: bool,
    /// Largest body of a request, in bytes; above it the answer is 413.
    pub max_body_bytes: usize,
    /// Seed of the faults that come by chance.
    pub seed: u64,
    /// Planted faults; the first that fits a call takes it.
    pub faults: Vec<FaultRule>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            tokens: vec!["sandbox-token".into()],
            app_version: "2.11".into(),
            rate_limit: 1666,
            rate_script: Vec::new(),
            contact_visible_after_s: 0,
            contact_search_lag_s: 90,
            conversation_search_lag_s: 30,
            reply_guard: None,
            attribute_search: AttributeSearch::Refused,
            accept_duplicate_attributes: true,
            duplicate_blocks_all: true,
            stale_title: true,
            part_window: 500,
            part_order: PartOrder::CreatedAt,
            admin_comment_reopens: true,
            contact_html: true,
            refuse_bad_phone: true,
            conversation_string_limit: Some(255),
            migration_exempt: false,
            attachment_url_ttl_s: 1800,
            attachment_max_bytes: 20 * 1024 * 1024,
            quarantine: Quarantine::Off,
            quarantined_names: vec![".exe".into()],
            file_store_bytes: 256 * 1024 * 1024,
            plan_gated: Vec::new(),
            missing_scopes: Vec::new(),
            auto_advance: AutoAdvance::Off,
            empty_companies_seen: false,
            company_archive_after_s: 30,
            companies_per_contact: 1000,
            deep_collections: DeepCollections::Refused,
            children_of_deleted: ChildrenOfDeleted::GoToo,
            library_page_size: 25,
            strict_parent_id: true,
            refuse_unknown_locales: true,
            ai_available_by_default: true,
            content_search_lag_s: 30,
            bulk_action_delay_s: 30,
            may_delete_metrics: true,
            seatless_authors: false,
            max_body_bytes: 300 * 1024 * 1024,
            seed: 1,
            faults: Vec::new(),
        }
    }
}

/// A change of the rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateChange {
    /// The limit holds from this call number on.
    pub from_call: u64,
    /// Calls per ten seconds.
    pub limit: u32,
}

/// When the sandbox clock goes on to the next window of the rate limit by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoAdvance {
    /// Never.
    Off,
    /// After a call was refused because the window is used up: the caller sees each 429.
    OnRefusal,
    /// After the last call that a window grants: a caller of its own pace sees none.
    OnEmpty,
}

/// What becomes of a collection below the third level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeepCollections {
    /// 400.
    Refused,
    /// It becomes a sibling of the collection that it was to be in.
    Flattened,
}

/// What becomes of what is in a collection that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildrenOfDeleted {
    /// It is deleted too.
    GoToo,
    /// It stays, in no collection.
    Stay,
}

/// Refuses replies that come too fast to one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyGuard {
    /// Replies allowed to one conversation within `per_s`.
    pub replies: usize,
    /// Length of the window in seconds of the sandbox clock.
    pub per_s: i64,
}

/// What a search by a custom attribute of conversations answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttributeSearch {
    /// 400: the field is not one of those that can be searched.
    Refused,
    /// 200 with nothing in it.
    Empty,
    /// 200 with what was asked for.
    Works,
}

/// The order in which parts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartOrder {
    /// By `created_at`, those of the same second as written.
    CreatedAt,
    /// As written.
    Written,
}

/// What happens to attachments whose kind looks dangerous.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quarantine {
    /// Nothing.
    Off,
    /// They are taken, and absent when read.
    Disappear,
    /// They are listed, and their address answers 403.
    Flag,
}

/// A planted fault and the calls it takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only calls with this method.
    #[serde(default)]
    pub method: Option<String>,
    /// Only calls to this endpoint, as `/contacts/{id}`; a `*` at the end stands for anything.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Chance from 0 to 1 that a call that fits is taken.
    #[serde(default)]
    pub probability: f64,
    /// Call numbers, as in the journal, that are taken.
    #[serde(default)]
    pub calls: Vec<u64>,
    /// Which of the calls that fit are taken, from 1.
    #[serde(default)]
    pub matches: Vec<u64>,
    /// At most this many calls are taken.
    #[serde(default)]
    pub at_most: Option<u64>,
    /// How many calls fitted so far; set by the stand-in.
    #[serde(default)]
    pub seen: u64,
    /// How many calls were taken so far; set by the stand-in.
    #[serde(default)]
    pub taken: u64,
}

impl FaultRule {
    /// A rule that takes nothing until one of its other fields is set.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self {
            fault,
            method: None,
            endpoint: None,
            probability: 0.0,
            calls: Vec::new(),
            matches: Vec::new(),
            at_most: None,
            seen: 0,
            taken: 0,
        }
    }

    /// Only calls of this method and endpoint.
    #[must_use]
    pub fn on(mut self, method: &str, endpoint: &str) -> Self {
        self.method = Some(method.to_owned());
        self.endpoint = Some(endpoint.to_owned());
        self
    }

    /// Which of the calls that fit are taken, from 1.
    #[must_use]
    pub fn matches(mut self, which: impl IntoIterator<Item = u64>) -> Self {
        self.matches = which.into_iter().collect();
        self
    }

    /// Takes calls that fit by chance.
    #[must_use]
    pub fn probability(mut self, chance: f64) -> Self {
        self.probability = chance;
        self
    }

    /// Whether this call is taken; counts it.
    pub(crate) fn takes(
        &mut self,
        call: u64,
        method: &str,
        endpoint: &str,
        random: &mut fastrand::Rng,
    ) -> bool {
        if !self.fits(method, endpoint) || self.at_most.is_some_and(|most| self.taken >= most) {
            return false;
        }
        self.seen += 1;
        let chance = self.probability > 0.0 && random.f64() < self.probability;
        let hit = chance || self.calls.contains(&call) || self.matches.contains(&self.seen);
        self.taken += u64::from(hit);
        hit
    }

    fn fits(&self, method: &str, endpoint: &str) -> bool {
        let path = self.endpoint.as_deref().is_none_or(|pattern| match pattern.strip_suffix('*') {
            Some(start) => endpoint.starts_with(start),
            None => pattern == endpoint,
        });
        path && self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

/// What can go wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The request is carried out and the connection closed without an answer.
    LoseAnswer,
    /// The connection is closed and the request not carried out.
    Refuse,
    /// A gateway answers with this status and HTML; the request is not carried out.
    ErrorBefore(u16),
    /// The request is carried out and a gateway answers with this status and HTML.
    ErrorAfter(u16),
    /// As `ErrorBefore`, with an empty body.
    EmptyErrorBefore(u16),
    /// As `ErrorAfter`, with an empty body.
    EmptyErrorAfter(u16),
    /// The answer comes after so many milliseconds of real time.
    Slow(u64),
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::LoseAnswer => "lose_answer",
            Self::Refuse => "refuse",
            Self::ErrorBefore(_) => "error_before",
            Self::ErrorAfter(_) => "error_after",
            Self::EmptyErrorBefore(_) => "empty_error_before",
            Self::EmptyErrorAfter(_) => "empty_error_after",
            Self::Slow(_) => "slow",
        }
    }

    /// Whether the request is carried out.
    pub(crate) fn applies(self) -> bool {
        !matches!(self, Self::Refuse | Self::ErrorBefore(_) | Self::EmptyErrorBefore(_))
    }
}
