//! The service profile: which SOAP operation does what, under which names, in which words.
//!
//! FocalScope's service is not described in public. A profile is a TOML file that ties each logical operation to an
//! operation of the customer's WSDL. Paths are local names with `/` between them, `@name` for an attribute.

use jiff::tz::TimeZone;
use mapping_core::model::{AgentState, AutomationKind, Channel, Direction, Priority, Status};
use mapping_core::{Error, ErrorKind, Format, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use crate::client::FaultRules;
use crate::wsdl::SoapVersion;

mod spec;
mod wanted;
pub use spec::{FieldKind, FieldSpec, Logical};
pub(crate) use wanted::Wanted;

/// A service profile.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Profile {
    /// What the profile is for, for people.
    #[serde(default)]
    pub name: String,
    /// True while nobody has confirmed it against a live service.
    #[serde(default)]
    pub assumption: bool,
    /// Which port is called, and how.
    #[serde(default)]
    pub soap: SoapChoice,
    /// How calls prove who sends them.
    #[serde(default)]
    pub auth: AuthRules,
    /// What the service's fault codes mean.
    #[serde(default)]
    pub faults: FaultRules,
    /// How gently the service is treated.
    #[serde(default)]
    pub pace: Pace,
    /// How times are read.
    #[serde(default)]
    pub times: TimeRules,
    /// What the service's words mean.
    #[serde(default)]
    pub values: ValueTables,
    /// The logical operations. One that isn't listed is absent.
    pub operations: BTreeMap<Logical, Operation>,
}

/// Which port of the service is called.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SoapChoice {
    /// The service, when the WSDL has several.
    pub service: Option<String>,
    /// The port, when the service has several.
    pub port: Option<String>,
    /// The version of SOAP. Default: 1.1 when there is such a port.
    pub version: Option<SoapVersion>,
}

/// How calls prove who sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthKind {
    /// Not at all.
    None,
    /// HTTP Basic.
    #[default]
    Basic,
    /// A key in an HTTP header.
    ApiKeyHeader,
    /// A key in an element of the SOAP header.
    ApiKeyElement,
    /// A login whose token goes into an element of the SOAP header.
    Session,
}

/// The names that authentication uses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct AuthRules {
    /// Which way.
    pub kind: AuthKind,
    /// The HTTP header, for `api_key_header`.
    pub header: Option<String>,
    /// The element of the SOAP header, for `api_key_element`: a local name that the WSDL declares, or `{namespace}name`.
    pub element: Option<String>,
    /// The child that holds the key, for `api_key_element`. None: the element's own text.
    pub field: Option<String>,
    /// The session, for `session`.
    pub session: Option<SessionRules>,
}

/// A session: a login whose token goes into an element of the SOAP header.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionRules {
    /// The login operation.
    pub login: String,
    /// Its parameter for the account.
    pub user: String,
    /// Its parameter for the password.
    pub password: String,
    /// Where its answer holds the token.
    pub token: String,
    /// The element of the SOAP header that carries the token.
    pub element: String,
    /// Its child that holds the token. None: the element's own text.
    #[serde(default)]
    pub field: Option<String>,
    /// The logout operation, if there is one.
    #[serde(default)]
    pub logout: Option<String>,
}

/// How gently the service is treated. Its limits are unknown, and agents work on the same database.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Pace {
    /// Rest after each call, in seconds, per call in flight. Default 0.02.
    pub pause_seconds: f64,
    /// Calls at once. Default 4.
    pub concurrency: usize,
    /// Records per page. Default 100.
    pub page_size: u32,
    /// How often a read is tried in all. Default 5.
    pub attempts: u32,
    /// The first wait before another try, in seconds; each further one is twice as long. Default 0.5.
    pub first_wait_seconds: f64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { pause_seconds: 0.02, concurrency: 4, page_size: 100, attempts: 5, first_wait_seconds: 0.5 }
    }
}

impl Pace {
    /// The rest after each call.
    pub fn pause(&self) -> Duration {
        Duration::try_from_secs_f64(self.pause_seconds).unwrap_or_default()
    }

    /// The wait before try number `next` (the second is 2).
    pub fn wait(&self, next: u32) -> Duration {
        let first = Duration::try_from_secs_f64(self.first_wait_seconds).unwrap_or_default();
        first.saturating_mul(1 << next.saturating_sub(2).min(6)).min(Duration::from_secs(60))
    }
}

/// How times are read.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TimeRules {
    /// The IANA zone of times that come without one. Default UTC.
    pub zone: String,
    /// Times that mean "none": a value that begins with one of these is no time.
    pub no_date: Vec<String>,
}

impl Default for TimeRules {
    fn default() -> Self {
        TimeRules {
            zone: "UTC".to_owned(),
            no_date: ["0001-01-01", "1753-01-01", "1900-01-01", "9999-12-31"].map(str::to_owned).to_vec(),
        }
    }
}

impl TimeRules {
    /// The zone.
    ///
    /// # Errors
    /// `Config` for a name that the zone database doesn't have.
    pub fn time_zone(&self) -> Result<TimeZone> {
        TimeZone::get(&self.zone).map_err(|_| {
            Error::not_sent(ErrorKind::Config, "the zone of the profile is not in the time zone database")
                .with("zone", &self.zone)
        })
    }
}

/// The kind of an author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// An agent; the id is an agent's.
    Agent,
    /// A contact; the id is a contact's.
    Contact,
    /// The software itself.
    System,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

impl Weekday {
    /// 1 for Monday to 7 for Sunday.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }
}

/// What the service's words mean. A word is looked up as it is, then without regard to case and white space around it.
/// A word that isn't there makes its record a bad one: nothing is guessed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ValueTables {
    /// States of a ticket.
    pub status: BTreeMap<String, Status>,
    /// Priorities of a ticket.
    pub priority: BTreeMap<String, Priority>,
    /// Channels of a ticket.
    pub channel: BTreeMap<String, Channel>,
    /// Directions of messages and calls.
    pub direction: BTreeMap<String, Direction>,
    /// Kinds of authors.
    pub author: BTreeMap<String, AuthorKind>,
    /// States of an agent's account.
    pub agent_state: BTreeMap<String, AgentState>,
    /// Formats of a body.
    pub format: BTreeMap<String, Format>,
    /// Kinds of automations.
    pub automation: BTreeMap<String, AutomationKind>,
    /// Days of the week.
    pub weekday: BTreeMap<String, Weekday>,
    /// Yes and no, besides `true`, `false`, `1` and `0`.
    pub boolean: BTreeMap<String, bool>,
    /// The kinds that `ping` counts, as the kinds of this workspace: `ticket`.
    pub kind: BTreeMap<String, String>,
}

/// Looks a word up: as it is, then without regard to case and white space around it.
pub(crate) fn look_up<T: Copy>(table: &BTreeMap<String, T>, word: &str) -> Option<T> {
    let word = word.trim();
    table
        .get(word)
        .or_else(|| {
            table.iter().find(|(w, _)| w.trim().to_lowercase() == word.to_lowercase()).map(|(_, v)| v)
        })
        .copied()
}

/// How the pages of a list are asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Paging {
    /// By the number of the page.
    Page {
        /// The parameter for the page.
        page: String,
        /// The parameter for the size.
        size: String,
        /// The number of the first page. Default 1.
        #[serde(default = "one")]
        first: u64,
        /// Where the answer says how many records there are in all.
        #[serde(default)]
        total: Option<String>,
        /// Where the answer says whether there are more pages.
        #[serde(default)]
        more: Option<String>,
    },
    /// By the number of records before the page.
    Offset {
        /// The parameter for the number of records to skip.
        offset: String,
        /// The parameter for the size.
        limit: String,
        /// Where the answer says how many records there are in all.
        #[serde(default)]
        total: Option<String>,
        /// Where the answer says whether there are more pages.
        #[serde(default)]
        more: Option<String>,
    },
}

fn one() -> u64 {
    1
}

impl Paging {
    /// Where the answer says how many records there are.
    pub fn total(&self) -> Option<&str> {
        match self {
            Paging::Page { total, .. } | Paging::Offset { total, .. } => total.as_deref(),
        }
    }
    /// Where the answer says whether there are more pages.
    pub fn more(&self) -> Option<&str> {
        match self {
            Paging::Page { more, .. } | Paging::Offset { more, .. } => more.as_deref(),
        }
    }
    /// The parameters it fills.
    pub fn parameters(&self) -> [&str; 2] {
        match self {
            Paging::Page { page, size, .. } => [page, size],
            Paging::Offset { offset, limit, .. } => [offset, limit],
        }
    }
}

/// A constant parameter.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Constant {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Text.
    Text(String),
}

/// How one logical operation is done.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Operation {
    /// The service can't do it: its records aren't read, and reports say so.
    pub absent: bool,
    /// It isn't called: its records come inside another operation's, and only `fields` is used.
    pub inline: bool,
    /// The SOAP operation.
    pub operation: String,
    /// Another SOAPAction than the WSDL says.
    pub action: Option<String>,
    /// The parameter for the id of the record that is asked for, or of the ticket whose parts are.
    pub key: Option<String>,
    /// The parameter for "changed at or after".
    pub since: Option<String>,
    /// The parameter for the first moment of a window of time, for `run_report`.
    pub from: Option<String>,
    /// The parameter for the end of that window.
    pub to: Option<String>,
    /// Parameters that are always the same.
    pub constants: BTreeMap<String, Constant>,
    /// How pages are asked for. None: everything comes at once.
    pub page: Option<Paging>,
    /// The path of a record in the answer.
    pub item: String,
    /// Logical field → path in the record.
    pub fields: BTreeMap<String, String>,
    /// Paths that are read and deliberately left out.
    pub ignore: Vec<String>,
}

impl Operation {
    /// True when it is to be called.
    pub fn is_called(&self) -> bool {
        !self.absent && !self.inline
    }

    /// The item path as its steps.
    pub fn item_steps(&self) -> Vec<String> {
        steps(&self.item)
    }

    /// The path of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

/// The steps of a path.
pub(crate) fn steps(path: &str) -> Vec<String> {
    path.split('/').filter(|s| !s.is_empty()).map(str::to_owned).collect()
}

/// The profile that this crate ships.
const DEFAULT: &str = include_str!("../profiles/default.toml");

impl Profile {
    /// The text of the built-in profile, to start one's own from. **An assumption**: it describes a service in the
    /// manner of ASP.NET with plausible names, because FocalScope's own names are not public.
    pub fn default_toml() -> &'static str {
        DEFAULT
    }

    /// The JSON schema of a profile, for editors and checks; `schemas/profile.schema.json` is its file.
    pub fn schema() -> &'static str {
        include_str!("../schemas/profile.schema.json")
    }

    /// The built-in profile. See [`Profile::default_toml`].
    ///
    /// # Errors
    /// None in a build whose tests pass.
    pub fn built_in() -> Result<Profile> {
        Profile::parse(DEFAULT)
    }

    /// Reads a profile's file; the built-in one without a path.
    ///
    /// # Errors
    /// `Config` when the file can't be read, and as [`parse`](Profile::parse).
    pub fn load(path: Option<&Path>) -> Result<Profile> {
        let Some(path) = path else { return Profile::built_in() };
        let text = std::fs::read_to_string(path).map_err(|e| {
            // The name alone: where a customer's files lie is nobody's business.
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let error = Error::not_sent(ErrorKind::Config, "the service profile can't be read");
            error.with("file", name).with("kind", e.kind())
        })?;
        Profile::parse(&text)
    }

    /// Reads a profile.
    ///
    /// # Errors
    /// `Config`, with the place and, for a misspelt key, the one that was probably meant.
    pub fn parse(text: &str) -> Result<Profile> {
        let profile: Profile = toml::from_str(text).map_err(|e| {
            let line = e.span().map(|s| text[..s.start.min(text.len())].lines().count().max(1));
            let message = with_suggestion(e.message());
            let error =
                Error::not_sent(ErrorKind::Config, format!("the service profile can't be read: {message}"));
            match line {
                Some(line) => error.with("line", line),
                None => error,
            }
        })?;
        profile.check()?;
        Ok(profile)
    }

    /// The operation, when it is there and not declared absent.
    pub fn operation(&self, logical: Logical) -> Option<&Operation> {
        self.operations.get(&logical).filter(|o| !o.absent)
    }

    /// The operation, when it is to be called.
    pub fn called(&self, logical: Logical) -> Option<&Operation> {
        self.operation(logical).filter(|o| o.is_called())
    }

    /// The paths that it takes values from.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted::of(self)
    }

    fn check(&self) -> Result<()> {
        self.times.time_zone()?;
        for (logical, operation) in self.operations.iter().filter(|(_, o)| !o.absent) {
            let bad = |what: String| {
                Err(Error::not_sent(ErrorKind::Config, format!("the service profile can't be used: {what}"))
                    .with("operation", logical.name()))
            };
            if operation.operation.is_empty() && !operation.inline {
                return bad(
                    "the operation names no SOAP operation; give `operation`, or `absent = true`".to_owned()
                );
            }
            for name in operation.fields.keys() {
                if !logical.fields().iter().any(|f| f.name == *name) {
                    let known: Vec<&str> = logical.fields().iter().map(|f| f.name).collect();
                    return bad(format!("there is no field `{name}`{}", suggestion(name, &known)));
                }
            }
            for field in logical.fields().iter().filter(|f| f.required && f.within.is_none()) {
                if !operation.fields.contains_key(field.name) {
                    return bad(format!("the field `{}` is required", field.name));
                }
            }
        }
        Ok(())
    }
}

/// ` — did you mean …?`, when something is close.
pub(crate) fn suggestion(wrong: &str, known: &[&str]) -> String {
    match closest(wrong, known) {
        Some(close) => format!("; did you mean `{close}`?"),
        None => format!("; there are {}", known.join(", ")),
    }
}

/// The name nearest in spelling, when it is near at all.
pub(crate) fn closest<'a>(wrong: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = wrong.to_lowercase();
    known
        .iter()
        .map(|k| (strsim::normalized_damerau_levenshtein(&lower, &k.to_lowercase()), *k))
        .filter(|(score, _)| *score >= 0.5)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// Serde says "unknown field `a`, expected one of `b`, `c`"; a person wants the nearest.
fn with_suggestion(message: &str) -> String {
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match quoted.split_first() {
        Some((wrong, known)) if message.starts_with("unknown") => match closest(wrong, known) {
            Some(close) => format!("unknown key or value `{wrong}`; did you mean `{close}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_profile_is_read_and_says_that_it_is_an_assumption() {
        let profile = Profile::built_in().unwrap();
        assert!(profile.assumption);
        assert!(profile.called(Logical::ListTickets).is_some());
    }

    #[test]
    fn a_misspelt_key_is_refused_with_the_one_that_was_meant() {
        let broken = DEFAULT.replace("[pace]", "[pace]\nconcurency = 3\n");
        let error = Profile::parse(&broken).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("did you mean `concurrency`"), "{error}");
        let broken = DEFAULT.replace("subject = \"Subject\"", "subjet = \"Subject\"");
        let error = Profile::parse(&broken).unwrap_err();
        assert!(error.to_string().contains("did you mean `subject`"), "{error}");
        let broken = DEFAULT.replacen("total = ", "totl = ", 1);
        let error = Profile::parse(&broken).unwrap_err();
        assert!(error.to_string().contains("did you mean `total`"), "{error}");
        let broken = DEFAULT.replace("[operations.list_queues]", "[operations.list_quues]");
        let error = Profile::parse(&broken).unwrap_err();
        assert!(error.to_string().contains("did you mean `list_queues`"), "{error}");
        let broken = DEFAULT.replace("\"on_hold\"", "\"onhold\"");
        let error = Profile::parse(&broken).unwrap_err();
        assert!(error.to_string().contains("did you mean `on_hold`"), "{error}");
    }

    #[test]
    fn words_are_found_without_regard_to_case_and_others_are_not_guessed() {
        let profile = Profile::built_in().unwrap();
        assert_eq!(look_up(&profile.values.status, " on hold "), Some(Status::OnHold));
        assert_eq!(look_up(&profile.values.status, "held"), None);
    }
}
