//! `migration.toml`: what a person decides about a run. No secrets.

use crate::Failure;
use crate::store::PlanRow;
use crate::strata::word;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mapping_core::model::Status;
use mapping_core::{Error, ErrorKind};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;

/// The content of `migration.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Config {
    /// The run's name: letters, digits, `-` and `_`, at most 40. Batches are named after it: `acme-batch-1`.
    pub name: String,
    /// The built-in mapping to start from: `focalscope-to-intercom`.
    pub mapping: String,
    /// The program's settings of the source; the engine only keeps them.
    #[serde(default)]
    pub source: toml::Table,
    /// The program's settings of the destination; the engine only keeps them.
    #[serde(default)]
    pub destination: toml::Table,
    /// What is moved.
    #[serde(default)]
    pub filters: Filters,
    /// How hard the engine works.
    #[serde(default)]
    pub limits: Limits,
    /// What is asked of people before something is written.
    #[serde(default)]
    pub approval: ApprovalRules,
    /// The waves in which tickets move, by name: `apply --wave NAME`.
    #[serde(default)]
    pub waves: BTreeMap<String, Wave>,
}

/// What is asked of people before something is written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct ApprovalRules {
    /// `apply` carries out only a plan that somebody approved by name; a plan with another digest is another plan.
    pub plan: bool,
}

/// Which tickets a wave takes: those that every condition fits. A ticket moves once, whatever further waves take it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Wave {
    /// Only tickets closed before this day (UTC); one without a time of closing counts by its last change, if it is
    /// closed or resolved.
    #[serde(deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    pub closed_before: Option<Date>,
    /// Only tickets created on or after this day (UTC).
    #[serde(deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    pub created_from: Option<Date>,
    /// Only tickets created before this day (UTC).
    #[serde(deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    pub created_before: Option<Date>,
    /// Only tickets in one of these states: `open`, `pending`, `on_hold`, `resolved`, `closed`. Any, when it is empty.
    pub states: Vec<Status>,
}

impl Wave {
    /// Whether the wave takes the ticket of this row.
    pub(crate) fn takes(&self, row: &PlanRow) -> bool {
        let day = |moment: Option<Timestamp>| moment.map(|at| at.to_zoned(TimeZone::UTC).date());
        let before = |end: Option<Date>, at: Option<Timestamp>| {
            end.is_none_or(|end| day(at).is_some_and(|day| day < end))
        };
        let from = self.created_from.is_none_or(|from| day(row.at).is_some_and(|day| day >= from));
        let state = self.states.is_empty()
            || self.states.iter().any(|s| row.strata.contains(&format!("status={}", word(s))));
        state && from && before(self.created_before, row.at) && before(self.closed_before, row.closed)
    }
}

/// What is moved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Filters {
    /// Only tickets created on or after this day (UTC).
    #[serde(deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    pub created_from: Option<Date>,
    /// Only tickets created before this day (UTC).
    #[serde(deserialize_with = "day", skip_serializing_if = "Option::is_none")]
    pub created_before: Option<Date>,
}

/// A day as TOML writes dates, or as text.
fn day<'d, D: Deserializer<'d>>(from: D) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Toml(toml::value::Datetime),
    }
    let text = match Written::deserialize(from)? {
        Written::Text(text) => text,
        Written::Toml(date) => date.to_string(),
    };
    text.parse().map(Some).map_err(|_| D::Error::custom("a day looks like 2024-01-31"))
}

/// How hard the engine works, and for how long it hopes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Records in flight at a time, 1 to 64.
    pub workers: usize,
    /// The most bytes of records in flight; one record is always let through.
    pub in_flight_bytes: u64,
    /// For how long the destination may be unreachable before `apply` stops, in seconds.
    pub unreachable_seconds: u32,
    /// How long after its intent a call may still land, in seconds, if that is longer than the destination's connection
    /// says of itself.
    pub landing_seconds: u32,
    /// The pause before asking again when nobody said how long, in seconds.
    pub pause_seconds: u32,
}
impl Default for Limits {
    fn default() -> Self {
        Limits {
            workers: 8,
            in_flight_bytes: 64 << 20,
            unreachable_seconds: 600,
            landing_seconds: 0,
            pause_seconds: 5,
        }
    }
}

impl Config {
    /// Reads the text of a `migration.toml`.
    ///
    /// # Errors
    /// `Usage` with the line, and for an unknown key with the one that was probably meant.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let config: Config = toml::from_str(text).map_err(|e| toml_error("migration.toml", text, &e))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if config.name.is_empty() || config.name.len() > 40 || !config.name.chars().all(plain) {
            return Err(Failure::usage(
                "migration.toml: name must be 1 to 40 letters, digits, `-` or `_`: batches are named after it",
            ));
        }
        if !(1..=64).contains(&config.limits.workers) {
            return Err(Failure::usage("migration.toml: limits.workers must be between 1 and 64"));
        }
        if let Some(name) = config.waves.keys().find(|name| name.is_empty() || !name.chars().all(plain)) {
            return Err(Failure::usage(format!(
                "migration.toml: the wave {name:?}: a wave's name is letters, digits, `-` and `_`"
            )));
        }
        Ok(config)
    }
}

/// A TOML error with its line and, for an unknown key, the key that was probably meant.
pub(crate) fn toml_error(file: &'static str, text: &str, error: &toml::de::Error) -> Failure {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().to_owned();
    let mut full = match did_you_mean(&message) {
        Some(meant) => format!("{file}: {message}; did you mean `{meant}`?"),
        None => format!("{file}: {message}"),
    };
    // The message of a wrong value may quote it; a setting is not customer text, but it has no reason to be long.
    if full.len() > 400 {
        full = full.chars().take(400).collect();
    }
    let mut error = Error::not_sent(ErrorKind::Config, full);
    if let Some(line) = line {
        error = error.with("line", line);
    }
    error.into()
}

/// From serde's ``unknown field `x`, expected one of `a`, `b` `` the name closest to `x`, for a program that reads its
/// own tables of `migration.toml`.
pub fn did_you_mean(message: &str) -> Option<String> {
    let rest =
        message.strip_prefix("unknown field `").or_else(|| message.strip_prefix("unknown variant `"))?;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let scored = known.map(|name| (strsim::damerau_levenshtein(unknown, name), name));
    let (distance, name) = scored.min()?;
    (distance <= 3 && distance < name.len()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_key_that_was_meant() {
        let text = "name = \"acme\"\nmapping = \"m\"\n[limits]\nworker = 3\n";
        let failure = Config::parse(text).unwrap_err();
        assert_eq!(failure.exit.code(), 2);
        let said = failure.to_string();
        assert!(said.contains("worker") && said.contains("did you mean `workers`"), "{said}");
        assert_eq!(failure.error.context("line"), Some("4"));
    }

    #[test]
    fn the_tables_of_source_and_destination_are_kept_as_they_are() {
        let text =
            "name = \"a\"\nmapping = \"m\"\n[source]\nurl = \"http://localhost\"\n[source.deep]\nx = 1\n";
        let config = Config::parse(text).unwrap();
        assert_eq!(config.source["deep"]["x"].as_integer(), Some(1));
        assert!(config.destination.is_empty());
    }

    #[test]
    fn days_are_read_as_toml_dates_and_survive_json() {
        let text = "name = \"a\"\nmapping = \"m\"\n[filters]\ncreated_from = 2024-03-01\ncreated_before = \"2025-01-01\"\n";
        let filters = Config::parse(text).unwrap().filters;
        assert_eq!(filters.created_from, Some(jiff::civil::date(2024, 3, 1)));
        let json = serde_json::to_string(&filters).unwrap();
        assert_eq!(serde_json::from_str::<Filters>(&json).unwrap(), filters);
        assert!(Config::parse(&text.replace("2024-03-01", "2024-03-01T10:00:00Z")).is_err());
    }

    #[test]
    fn a_name_that_could_be_a_path_is_refused() {
        assert!(Config::parse("name = \"../x\"\nmapping = \"m\"\n").is_err());
    }
}
