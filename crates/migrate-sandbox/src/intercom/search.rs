//! The query language of `/contacts/search` and `/conversations/search`, and pages with cursors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::call::Call;
use super::knobs::AttributeSearch;
use super::problem::Problem;
use super::store::{Contact, Conversation, Workspace};

const MOST_FILTERS: usize = 15;
const MOST_LEVELS: usize = 2;

/// One condition, or several joined.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    One { field: String, operator: String, value: Value },
    All(Vec<Filter>),
    Any(Vec<Filter>),
}

pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) per_page: usize,
    pub(crate) starting_after: Option<String>,
    pub(crate) ascending: bool,
}

/// Reads the body of a search.
pub(crate) fn read_query(call: &mut Call<'_>, default_size: usize) -> Result<Query, Problem> {
    let (query, size, after, order) = call.read(|fields| {
        let query = fields.require("query", fields.any("query")).cloned();
        let page = fields.inside("pagination", |inner| {
            (inner.integer("per_page"), inner.text("starting_after").map(str::to_owned))
        });
        let order = fields.inside("sort", |inner| {
            let _ = inner.text("field");
            inner.text("order").map(str::to_owned)
        });
        let (size, after) = page.unwrap_or_default();
        (query, size, after, order.flatten())
    })?;
    let per_page = match size {
        None => default_size,
        Some(size) => usize::try_from(size)
            .ok()
            .filter(|size| (1..=150).contains(size))
            .ok_or_else(|| Problem::invalid("per_page must be between 1 and 150"))?,
    };
    let ascending = match order.as_deref() {
        None | Some("descending") => false,
        Some("ascending") => true,
        Some(other) => {
            let message = format!("Invalid sort order '{other}'. Must be one of: ascending, descending");
            return Err(Problem::new(400, "invalid_sort_order", message));
        }
    };
    let filter = parse(&query.unwrap_or_default(), 1)?;
    Ok(Query { filter, per_page, starting_after: after, ascending })
}

fn parse(value: &Value, level: usize) -> Result<Filter, Problem> {
    let operator =
        value["operator"].as_str().ok_or_else(|| Problem::invalid("operator is missing in query"))?;
    if operator == "AND" || operator == "OR" {
        let list =
            value["value"].as_array().ok_or_else(|| Problem::invalid("value must be an array of filters"))?;
        if level > MOST_LEVELS {
            return Err(Problem::invalid(format!("Queries may be nested {MOST_LEVELS} levels deep at most")));
        }
        if list.len() > MOST_FILTERS {
            return Err(Problem::invalid(format!("A group may hold {MOST_FILTERS} filters at most")));
        }
        let filters = list.iter().map(|entry| parse(entry, level + 1)).collect::<Result<Vec<_>, _>>()?;
        return Ok(if operator == "AND" { Filter::All(filters) } else { Filter::Any(filters) });
    }
    if !["=", "!=", "IN", "NIN", ">", "<", ">=", "<=", "~", "!~", "^", "$"].contains(&operator) {
        return Err(Problem::invalid(format!("'{operator}' is not a valid operator")));
    }
    let field = value["field"].as_str().ok_or_else(|| Problem::invalid("field is missing in query"))?;
    let list = matches!(operator, "IN" | "NIN");
    if list != value["value"].is_array() || value.get("value").is_none() {
        return Err(Problem::invalid(format!("The value of '{field}' does not go with '{operator}'")));
    }
    Ok(Filter::One { field: field.to_owned(), operator: operator.to_owned(), value: value["value"].clone() })
}

impl Filter {
    fn each(&self, visit: &mut impl FnMut(&str, &str, &Value) -> Result<(), Problem>) -> Result<(), Problem> {
        match self {
            Self::One { field, operator, value } => visit(field, operator, value),
            Self::All(list) | Self::Any(list) => list.iter().try_for_each(|filter| filter.each(visit)),
        }
    }

    fn holds(&self, test: &impl Fn(&str, &str, &Value) -> bool) -> bool {
        match self {
            Self::One { field, operator, value } => test(field, operator, value),
            Self::All(list) => list.iter().all(|filter| filter.holds(test)),
            Self::Any(list) => list.iter().any(|filter| filter.holds(test)),
        }
    }

    /// A condition of equality that every hit must fulfil, on one of these fields.
    fn pinned(&self, wanted: &str) -> Option<Vec<String>> {
        match self {
            Self::One { field, operator, value } if field == wanted => match operator.as_str() {
                "=" => Some(vec![word(value)]),
                "IN" => Some(value.as_array()?.iter().map(word).collect()),
                _ => None,
            },
            Self::All(list) => list.iter().find_map(|filter| filter.pinned(wanted)),
            _ => None,
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const CONTACT_DATES: [&str; 5] =
    ["created_at", "updated_at", "signed_up_at", "last_seen_at", "last_contacted_at"];
const CONTACT_FIELDS: [&str; 10] = [
    "id",
    "role",
    "name",
    "email",
    "email_domain",
    "phone",
    "formatted_phone",
    "external_id",
    "owner_id",
    "tag_id",
];

/// The contacts that can fulfil the filter: all, unless an index narrows them.
pub(crate) fn contact_candidates(ws: &Workspace, filter: &Filter) -> Vec<u32> {
    let mut found: Vec<u32> = if let Some(emails) = filter.pinned("email") {
        emails.iter().flat_map(|email| ws.contacts.with_email(email)).map(|(index, _)| index).collect()
    } else if let Some(ids) = filter.pinned("external_id") {
        ids.iter().flat_map(|id| ws.contacts.with_external_id(id)).map(|(index, _)| index).collect()
    } else {
        return ws.contacts.iter().map(|(index, _)| index).collect();
    };
    found.sort_unstable();
    found.dedup();
    found
}

/// Refuses fields that contacts are not searched by, and the operators that dates don't have (T18).
pub(crate) fn check_contact_filter(filter: &Filter) -> Result<(), Problem> {
    filter.each(&mut |field, operator, _| {
        if CONTACT_DATES.contains(&field) {
            if !matches!(operator, "=" | "<" | ">") {
                return Err(Problem::invalid(format!(
                    "'{operator}' is not a valid operator for the date '{field}'"
                )));
            }
            return Ok(());
        }
        if field == "tag_id" && !matches!(operator, "=" | "!=") {
            return Err(Problem::invalid(format!("'{operator}' is not a valid operator for tag_id")));
        }
        if CONTACT_FIELDS.contains(&field) || field.starts_with("custom_attributes.") {
            return Ok(());
        }
        Err(Problem::invalid(format!("'{field}' is not a field that contacts can be searched by")))
    })
}

pub(crate) fn contact_matches(contact: &Contact, filter: &Filter, zone: &TimeZone) -> bool {
    filter.holds(&|field, operator, value| {
        if CONTACT_DATES.contains(&field) {
            return day_matches(contact, field, operator, value, zone);
        }
        let values: Vec<String> = match field {
            "id" => vec![contact.id.clone()],
            "role" => vec![if contact.lead { "lead".into() } else { "user".into() }],
            "name" => contact.name.iter().cloned().collect(),
            "email" => contact.email.iter().map(|email| email.to_lowercase()).collect(),
            "email_domain" => {
                contact.email.iter().filter_map(|e| Some(e.rsplit_once('@')?.1.to_lowercase())).collect()
            }
            "phone" | "formatted_phone" => contact.phone.iter().cloned().collect(),
            "external_id" => contact.external_id.iter().cloned().collect(),
            "owner_id" => contact.owner_id.iter().map(u64::to_string).collect(),
            "tag_id" => contact.tags.iter().map(|applied| applied.tag.to_string()).collect(),
            _ => {
                let name = field.trim_start_matches("custom_attributes.");
                contact
                    .attributes
                    .iter()
                    .filter(|(known, _)| **known == *name)
                    .map(|(_, v)| word(v))
                    .collect()
            }
        };
        let lower = field.starts_with("email");
        compare(&values, operator, value, lower)
    })
}

fn day_matches(contact: &Contact, field: &str, operator: &str, value: &Value, zone: &TimeZone) -> bool {
    let at = match field {
        "created_at" => Some(contact.created_at),
        "updated_at" => Some(contact.updated_at),
        "signed_up_at" => contact.signed_up_at,
        "last_seen_at" => contact.last_seen_at,
        _ => None,
    };
    let day = |seconds: i64| Some(Timestamp::from_second(seconds).ok()?.to_zoned(zone.clone()).date());
    let wanted = value.as_i64().or_else(|| value.as_str()?.parse().ok()).and_then(day);
    let (Some(have), Some(wanted)) = (at.and_then(day), wanted) else { return false };
    match operator {
        "=" => have == wanted,
        "<" => have < wanted,
        _ => have > wanted,
    }
}

/// Whether any of the values fulfils the condition.
fn compare(values: &[String], operator: &str, wanted: &Value, lower: bool) -> bool {
    let fold = |text: String| if lower { text.to_lowercase() } else { text };
    let list: Vec<String> = match wanted {
        Value::Array(entries) => entries.iter().map(word).map(fold).collect(),
        Value::Null => Vec::new(),
        other => vec![fold(word(other))],
    };
    if wanted.is_null() {
        return (operator == "=") == values.is_empty();
    }
    let any = |test: &dyn Fn(&str, &str) -> bool| {
        values.iter().any(|have| list.iter().any(|want| test(have, want)))
    };
    match operator {
        "=" | "IN" => any(&|have, want| have == want),
        "!=" | "NIN" => !any(&|have, want| have == want),
        "~" => any(&|have, want| have.contains(want)),
        "!~" => !any(&|have, want| have.contains(want)),
        "^" => any(&|have, want| have.starts_with(want)),
        "$" => any(&|have, want| have.ends_with(want)),
        // Documented as "greater than" and behaving as "or equal", and the same for "less".
        _ => any(&|have, want| match (have.parse::<i64>(), want.parse::<i64>()) {
            (Ok(have), Ok(want)) => {
                if operator.starts_with('>') {
                    have >= want
                } else {
                    have <= want
                }
            }
            _ => false,
        }),
    }
}

const CONVERSATION_FIELDS: [&str; 28] = [
    "id",
    "created_at",
    "updated_at",
    "source.type",
    "source.id",
    "source.delivered_as",
    "source.subject",
    "source.body",
    "source.author.id",
    "source.author.type",
    "source.author.name",
    "source.author.email",
    "source.url",
    "contact_ids",
    "teammate_ids",
    "admin_assignee_id",
    "team_assignee_id",
    "channel_initiated",
    "open",
    "read",
    "state",
    "waiting_since",
    "snoozed_until",
    "tag_ids",
    "priority",
    "statistics.count_conversation_parts",
    "conversation_rating.score",
    "ai_agent_participated",
];

/// What the check of a conversation filter says.
pub(crate) enum Verdict {
    Search,
    Empty,
}

pub(crate) fn check_conversation_filter(
    filter: &Filter,
    by_attribute: AttributeSearch,
) -> Result<Verdict, Problem> {
    let mut verdict = Verdict::Search;
    filter.each(&mut |field, operator, _| {
        let numeric = matches!(operator, ">" | "<" | ">=" | "<=");
        let date = field.ends_with("_at") || field.ends_with("_since") || field.starts_with("statistics");
        if matches!(operator, ">=" | "<=") || (numeric && !date) {
            return Err(Problem::invalid(format!("'{operator}' is not a valid operator for '{field}'")));
        }
        if CONVERSATION_FIELDS.contains(&field) {
            return Ok(());
        }
        let custom = field.starts_with("custom_attributes.") || field.starts_with("custom_attribute.");
        match by_attribute {
            AttributeSearch::Works if custom => Ok(()),
            AttributeSearch::Empty if custom => {
                verdict = Verdict::Empty;
                Ok(())
            }
            _ => Err(Problem::invalid(format!(
                "'{field}' is not a field that conversations can be searched by"
            ))),
        }
    })?;
    Ok(verdict)
}

/// The conversations that can fulfil the filter: all, unless an index narrows them.
pub(crate) fn candidates(ws: &Workspace, filter: &Filter) -> Vec<u64> {
    if let Some(ids) = filter.pinned("id") {
        return ids
            .iter()
            .filter_map(|id| id.parse().ok())
            .filter(|id| ws.conversations.contains_key(id))
            .collect();
    }
    if let Some(ids) = filter.pinned("contact_ids") {
        let mut found: Vec<u64> = ids
            .iter()
            .filter_map(|id| ws.by_contact.get(&ws.contacts.index(id)?))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        return found;
    }
    if let Some(ids) = filter.pinned("tag_ids") {
        let mut found: Vec<u64> =
            ids.iter().filter_map(|id| ws.by_tag.get(&id.parse().ok()?)).flatten().copied().collect();
        found.sort_unstable();
        found.dedup();
        return found;
    }
    ws.conversations.keys().copied().collect()
}

/// Whether search sees the conversation: what was written, and tagged, after `newest` is not there yet.
pub(crate) fn conversation_matches(ws: &Workspace, it: &Conversation, filter: &Filter, newest: i64) -> bool {
    if it.written_at > newest {
        return false;
    }
    filter.holds(&|field, operator, value| {
        if field == "source.body" {
            return words_match(&it.body, operator, value);
        }
        compare(&conversation_values(ws, it, field, newest), operator, value, field == "source.author.email")
    })
}

fn conversation_values(ws: &Workspace, it: &Conversation, field: &str, newest: i64) -> Vec<String> {
    let contacts = || it.contacts.iter().filter_map(|index| ws.contacts.get(*index));
    let author = || ws.contacts.get(it.author);
    match field {
        "id" => vec![it.id.to_string()],
        "created_at" => vec![it.created_at.to_string()],
        "updated_at" => vec![it.updated_at.to_string()],
        "source.type" | "channel_initiated" => vec!["conversation".into()],
        "source.id" => vec![it.message_id.to_string()],
        "source.delivered_as" => vec!["customer_initiated".into()],
        "source.author.id" => author().map(|c| c.id.clone()).into_iter().collect(),
        "source.author.type" => vec!["user".into()],
        "source.author.name" => author().and_then(|c| c.name.clone()).into_iter().collect(),
        "source.author.email" => {
            author().and_then(|c| Some(c.email.as_ref()?.to_lowercase())).into_iter().collect()
        }
        "contact_ids" => contacts().map(|contact| contact.id.clone()).collect(),
        "admin_assignee_id" => vec![it.admin_assignee.to_string()],
        "team_assignee_id" => vec![it.team_assignee.to_string()],
        "open" => vec![(it.state.word() != "closed").to_string()],
        "read" => vec![it.read.to_string()],
        "state" => vec![it.state.word().into()],
        "priority" => vec!["none".into()],
        "snoozed_until" => it.snoozed_until.iter().map(i64::to_string).collect(),
        "statistics.count_conversation_parts" => vec![it.parts.len().to_string()],
        "tag_ids" => {
            it.tags.iter().filter(|applied| applied.at <= newest).map(|a| a.tag.to_string()).collect()
        }
        _ => match field.split_once('.') {
            Some(("custom_attributes" | "custom_attribute", name)) => it
                .attributes
                .iter()
                .filter(|(known, _)| **known == *name)
                .map(|(_, value)| word(value))
                .collect(),
            _ => Vec::new(),
        },
    }
}

/// `source.body` is matched word by word, not as a phrase (T43).
fn words_match(body: &str, operator: &str, wanted: &Value) -> bool {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
    };
    let have = split(&super::markup::plain(body));
    let found = split(&word(wanted)).iter().all(|want| have.contains(want));
    found != operator.starts_with('!')
}

/// A page of a list, newest first, and what to say about the next one.
pub(crate) struct Page<'a> {
    pub(crate) rows: &'a [(i64, u64)],
    pub(crate) pages: Value,
}

/// Cuts a page out of sorted rows. The cursor is a place in the list, so rows shift under it while others write (T68).
pub(crate) fn cut<'a>(
    rows: &'a [(i64, u64)],
    size: usize,
    after: Option<&str>,
) -> Result<(usize, Page<'a>), Problem> {
    let start = match after {
        None => 0,
        Some(cursor) => decode_cursor(cursor).ok_or_else(|| Problem::invalid("starting_after is invalid"))?,
    };
    let rest = rows.get(start.min(rows.len())..).unwrap_or(&[]);
    let shown = &rest[..rest.len().min(size)];
    let mut pages = json!({"type": "pages", "page": start / size + 1, "per_page": size,
        "total_pages": rows.len().div_ceil(size)});
    if rest.len() > size {
        pages["next"] = json!({"per_page": size, "starting_after": encode_cursor(start + size)});
    }
    Ok((rows.len(), Page { rows: shown, pages }))
}

fn encode_cursor(place: usize) -> String {
    STANDARD.encode(format!("[{place}]"))
}

fn decode_cursor(cursor: &str) -> Option<usize> {
    let bytes = STANDARD.decode(cursor).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}
