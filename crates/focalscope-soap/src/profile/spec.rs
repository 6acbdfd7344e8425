//! The logical operations, and the fields each can fill.

use serde::Deserialize;

macro_rules! logical {
    ($($(#[$doc:meta])* $name:ident = $word:literal;)*) => {
        /// What a help desk can be asked for, whatever a service calls it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Logical { $($(#[$doc])* $name,)* }
        impl Logical {
            /// All of them.
            pub const ALL: &'static [Logical] = &[$(Logical::$name,)*];
            /// Its name in a profile.
            pub fn name(self) -> &'static str {
                match self { $(Logical::$name => $word,)* }
            }
        }
    };
}
logical! {
    /// Server time, version, counts.
    Ping = "ping";
    /// Agents.
    ListAgents = "list_agents";
    /// Groups of agents.
    ListGroups = "list_groups";
    /// Ticketboxes.
    ListTicketboxes = "list_ticketboxes";
    /// Queues.
    ListQueues = "list_queues";
    /// Companies.
    ListCompanies = "list_companies";
    /// Contacts.
    ListContacts = "list_contacts";
    /// Categories.
    ListCategories = "list_categories";
    /// Tickets.
    ListTickets = "list_tickets";
    /// One ticket with what the list leaves out.
    GetTicket = "get_ticket";
    /// Messages of a ticket.
    ListMessages = "list_messages";
    /// Call legs of a ticket.
    GetCallLog = "get_call_log";
    /// The chat of a ticket.
    GetChatTranscript = "get_chat_transcript";
    /// The bytes of a file.
    GetAttachment = "get_attachment";
    /// Standard responses.
    ListStandardResponses = "list_standard_responses";
    /// SLA policies.
    ListSlaPolicies = "list_sla_policies";
    /// Working hours.
    ListWorkingHours = "list_working_hours";
    /// Categories of one ticket. Not read by this version.
    ListTicketCategories = "list_ticket_categories";
    /// Knowledge base categories.
    ListKbCategories = "list_kb_categories";
    /// Knowledge base articles.
    ListKbArticles = "list_kb_articles";
    /// Reports.
    ListReports = "list_reports";
    /// The figures of a report over a window of time.
    RunReport = "run_report";
    /// Automations: rules and sequences.
    ListAutomations = "list_automations";
    /// Wallboards.
    ListWallboards = "list_wallboards";
    /// Channel accounts.
    ListChannelAccounts = "list_channel_accounts";
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// An id or another short text.
    Id,
    /// Text.
    Text,
    /// A moment.
    Time,
    /// A whole number that isn't negative.
    Count,
    /// Yes or no.
    Flag,
    /// A word of a value table.
    Word,
    /// Several ids or texts.
    List,
    /// Several records, whose fields are those that are `within` it.
    Group,
    /// Bytes in base64.
    Bytes,
}

/// A field that a logical operation can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSpec {
    /// Its name in a profile.
    pub name: &'static str,
    /// What it holds.
    pub kind: FieldKind,
    /// True when a profile must say where it is (for a field within a group: when it has the group).
    pub required: bool,
    /// The group whose records it is in.
    pub within: Option<&'static str>,
}

use FieldKind::{Bytes, Count, Flag, Group, Id, List, Text, Time, Word};

const fn must(name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: true, within: None }
}
const fn may(name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: false, within: None }
}
const fn must_in(within: &'static str, name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: true, within: Some(within) }
}
const fn may_in(within: &'static str, name: &'static str, kind: FieldKind) -> FieldSpec {
    FieldSpec { name, kind, required: false, within: Some(within) }
}

const PING: &[FieldSpec] = &[
    may("server_time", Time),
    may("version", Text),
    may("counts", Group),
    must_in("counts", "count_kind", Text),
    must_in("counts", "count_value", Count),
];
const AGENT: &[FieldSpec] = &[
    must("id", Id),
    may("login", Text),
    must("name", Text),
    may("email", Text),
    may("state", Word),
    may("groups", List),
    may("extension", Text),
];
const GROUP: &[FieldSpec] =
    &[must("id", Id), must("name", Text), may("members", List), may("permissions", List)];
const TICKETBOX: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("parent", Id),
    may("accounts", List),
    may("sla_policy", Id),
    may("working_hours", Id),
];
const QUEUE: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("ticketboxes", List),
    may("max_tickets", Count),
    may("rules", List),
    may("members", Group),
    must_in("members", "member_agent", Id),
    may_in("members", "member_max", Count),
];
const COMPANY: &[FieldSpec] = &[must("id", Id), must("name", Text), may("domains", List)];
const CONTACT: &[FieldSpec] = &[
    must("id", Id),
    may("name", Text),
    may("emails", List),
    may("phones", List),
    may("company", Id),
    may("address", Text),
    may("opted_out", Flag),
    may("blocked", Flag),
    may("bounced", Flag),
    may("created_at", Time),
    may("modified_at", Time),
    may("custom", Group),
    must_in("custom", "custom_name", Text),
    may_in("custom", "custom_value", Text),
    may("notes", Group),
    may_in("notes", "note_at", Time),
    may_in("notes", "note_author", Text),
    must_in("notes", "note_text", Text),
];
const CATEGORY: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("values", List),
    may("parent", Id),
    may("multi", Flag),
    may("mandatory", Flag),
    may("ticketbox", Id),
    may("active", Flag),
];
const TICKET: &[FieldSpec] = &[
    must("id", Id),
    may("number", Id),
    may("subject", Text),
    must("status", Word),
    may("priority", Word),
    must("channel", Word),
    may("ticketbox", Id),
    may("queue", Id),
    may("agent", Id),
    may("contact", Id),
    must("created_at", Time),
    may("modified_at", Time),
    may("assigned_at", Time),
    may("first_response_at", Time),
    may("resolved_at", Time),
    may("closed_at", Time),
    may("wakes_at", Time),
    may("merged_into", Id),
    may("deleted", Flag),
    may("spam", Flag),
    may("message_count", Count),
    may("call_count", Count),
    may("chat_count", Count),
    may("attachment_count", Count),
    may("categories", Group),
    must_in("categories", "category_id", Id),
    may_in("categories", "category_values", List),
    may("custom", Group),
    must_in("custom", "custom_name", Text),
    may_in("custom", "custom_value", Text),
    may("messages", Group),
    may("calls", Group),
    may("chat", Group),
];
const WHOLE_TICKET: &[FieldSpec] =
    &[may("messages", Group), may("calls", Group), may("chat", Group), may("message_count", Count)];
const MESSAGE: &[FieldSpec] = &[
    must("id", Id),
    must("direction", Word),
    may("author_kind", Word),
    may("author_id", Id),
    may("author_email", Text),
    may("author_name", Text),
    may("to", List),
    may("cc", List),
    may("subject", Text),
    must("sent_at", Time),
    may("received_at", Time),
    may("format", Word),
    must("body", Text),
    may("message_id", Text),
    may("in_reply_to", Text),
    may("date_header", Text),
    may("files", Group),
    must_in("files", "file_id", Id),
    may_in("files", "file_name", Text),
    may_in("files", "file_mime", Text),
    may_in("files", "file_size", Count),
    may_in("files", "file_content_id", Text),
    may_in("files", "file_inline", Flag),
    may_in("files", "file_data", Bytes),
];
const CALL: &[FieldSpec] = &[
    must("id", Id),
    may("direction", Word),
    may("agent", Id),
    may("queue", Id),
    may("from", Text),
    may("to", Text),
    may("started_at", Time),
    may("answered_at", Time),
    may("ended_at", Time),
    may("duration", Count),
    may("disposition", Text),
    may("recording", Text),
    may("note", Text),
];
const CHAT: &[FieldSpec] = &[
    may("id", Id),
    may("author_kind", Word),
    may("author_id", Id),
    may("author_email", Text),
    may("author_name", Text),
    must("at", Time),
    must("text", Text),
    may("files", Group),
    must_in("files", "file_id", Id),
    may_in("files", "file_name", Text),
    may_in("files", "file_mime", Text),
    may_in("files", "file_size", Count),
    may_in("files", "file_content_id", Text),
    may_in("files", "file_inline", Flag),
    may_in("files", "file_data", Bytes),
];
const STANDARD_RESPONSE: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("folder", List),
    may("subject", Text),
    must("body", Text),
    may("format", Word),
    may("queues", List),
    may("ticketboxes", List),
    may("language", Id),
    may("files", Group),
    must_in("files", "file_id", Id),
    may_in("files", "file_name", Text),
    may_in("files", "file_mime", Text),
    may_in("files", "file_size", Count),
    may_in("files", "file_content_id", Text),
    may_in("files", "file_inline", Flag),
    may_in("files", "file_data", Bytes),
];
const SLA_POLICY: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("first_response", Count),
    may("next_response", Count),
    may("resolution", Count),
    may("business_hours", Flag),
    may("stops_on", List),
    may("applies_to", List),
    may("escalations", List),
];
const WORKING_HOURS: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("offset_hours", Id),
    may("zone", Id),
    may("intervals", Group),
    must_in("intervals", "interval_day", Word),
    must_in("intervals", "interval_from", Id),
    must_in("intervals", "interval_to", Id),
    may("holidays", List),
];
const KB_CATEGORY: &[FieldSpec] = &[must("id", Id), may("parent", Id), must("title", Text)];
const KB_ARTICLE: &[FieldSpec] = &[
    must("id", Id),
    must("title", Text),
    must("body", Text),
    may("format", Word),
    may("categories", List),
    may("internal", Flag),
    may("published", Flag),
    may("language", Id),
    may("author_id", Id),
    may("author_name", Text),
    may("created_at", Time),
    may("modified_at", Time),
    may("translation_of", Id),
    may("tags", List),
    may("url", Text),
    may("custom", Group),
    must_in("custom", "custom_name", Text),
    may_in("custom", "custom_value", Text),
    may("files", Group),
    must_in("files", "file_id", Id),
    may_in("files", "file_name", Text),
    may_in("files", "file_mime", Text),
    may_in("files", "file_size", Count),
    may_in("files", "file_content_id", Text),
    may_in("files", "file_inline", Flag),
    may_in("files", "file_data", Bytes),
];
const REPORT: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("template", Text),
    may("parameters", List),
    may("schedule", Text),
    may("format", Text),
    may("delivery", Text),
];
const FIGURES: &[FieldSpec] =
    &[must("columns", List), must("rows", Group), must_in("rows", "row_values", List)];
const AUTOMATION: &[FieldSpec] = &[
    must("id", Id),
    must("name", Text),
    may("kind", Word),
    may("scope", Text),
    may("order", Count),
    may("enabled", Flag),
    may("trigger", Text),
    may("conditions", List),
    may("actions", List),
];
const WALLBOARD: &[FieldSpec] =
    &[must("id", Id), must("name", Text), may("metrics", List), may("audience", Text)];
const CHANNEL_ACCOUNT: &[FieldSpec] = &[
    must("id", Id),
    must("channel", Id),
    must("address", Text),
    may("incoming_host", Id),
    may("incoming_port", Count),
    may("protocol", Id),
    may("outgoing_host", Id),
    may("outgoing_port", Count),
    may("ticketbox", Id),
    may("queue", Id),
    may("poll_minutes", Count),
    may("last_success", Time),
    may("last_error", Text),
    may("enabled", Flag),
];
const ATTACHMENT: &[FieldSpec] =
    &[may("name", Text), may("mime", Text), may("size", Count), must("data", Bytes)];

impl Logical {
    /// The fields it can fill. Empty for what this version doesn't read.
    pub fn fields(self) -> &'static [FieldSpec] {
        match self {
            Logical::Ping => PING,
            Logical::ListAgents => AGENT,
            Logical::ListGroups => GROUP,
            Logical::ListTicketboxes => TICKETBOX,
            Logical::ListQueues => QUEUE,
            Logical::ListCompanies => COMPANY,
            Logical::ListContacts => CONTACT,
            Logical::ListCategories => CATEGORY,
            Logical::ListTickets => TICKET,
            Logical::GetTicket => WHOLE_TICKET,
            Logical::ListMessages => MESSAGE,
            Logical::GetCallLog => CALL,
            Logical::GetChatTranscript => CHAT,
            Logical::GetAttachment => ATTACHMENT,
            Logical::ListStandardResponses => STANDARD_RESPONSE,
            Logical::ListSlaPolicies => SLA_POLICY,
            Logical::ListWorkingHours => WORKING_HOURS,
            Logical::ListKbCategories => KB_CATEGORY,
            Logical::ListKbArticles => KB_ARTICLE,
            Logical::ListReports => REPORT,
            Logical::RunReport => FIGURES,
            Logical::ListAutomations => AUTOMATION,
            Logical::ListWallboards => WALLBOARD,
            Logical::ListChannelAccounts => CHANNEL_ACCOUNT,
            Logical::ListTicketCategories => &[],
        }
    }

    /// True when this version reads it.
    pub fn is_read(self) -> bool {
        !self.fields().is_empty()
    }

    /// The kind of record that it lists, as the kinds of the model; `None` for operations that belong to a ticket.
    pub fn kind(self) -> Option<&'static str> {
        Some(match self {
            Logical::ListAgents => "agent",
            Logical::ListGroups => "group",
            Logical::ListTicketboxes => "ticketbox",
            Logical::ListQueues => "queue",
            Logical::ListCompanies => "company",
            Logical::ListContacts => "contact",
            Logical::ListCategories => "category",
            Logical::ListTickets => "ticket",
            Logical::ListStandardResponses => "standard_response",
            Logical::ListSlaPolicies => "sla_policy",
            Logical::ListWorkingHours => "working_hours",
            Logical::ListKbCategories => "kb_category",
            Logical::ListKbArticles => "kb_article",
            Logical::ListReports => "report",
            Logical::ListAutomations => "automation",
            Logical::ListWallboards => "wallboard",
            Logical::ListChannelAccounts => "channel_account",
            _ => return None,
        })
    }
}
