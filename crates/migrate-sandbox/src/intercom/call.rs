//! One request on its way through the stand-in.

use serde_json::Value;

use super::fields::Fields;
use super::knobs::Knobs;
use super::problem::Problem;
use super::store::{State, Workspace};
use crate::journal::Journal;

/// Everything that an endpoint may look at and change.
pub(crate) struct Call<'a> {
    pub(crate) ws: &'a mut Workspace,
    pub(crate) knobs: &'a Knobs,
    pub(crate) journal: &'a mut Journal,
    /// The sandbox clock, Unix seconds.
    pub(crate) now: i64,
    pub(crate) version: Version,
    pub(crate) query: Vec<(String, String)>,
    /// What stood in the places of the endpoint's placeholders.
    pub(crate) ids: Vec<String>,
    pub(crate) body: Value,
    /// Keys of the body that the endpoint takes no notice of.
    pub(crate) ignored: Vec<String>,
    /// Whether something that lasts was changed.
    pub(crate) applied: bool,
    /// Scheme and authority that the caller reached the stand-in by.
    pub(crate) origin: &'a str,
}

/// An answer that is not an error.
#[derive(Debug)]
pub(crate) enum Reply {
    Json(Value),
    /// JSON under another status than 200 (T10).
    Coded(u16, Value),
    /// A status other than 200 and no body.
    Bare(u16),
    Empty,
}

pub(crate) type Answer = Result<Reply, Problem>;

/// A version of the API: 2.16 is 216, Preview is above all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32);

impl Version {
    pub(crate) const SKIP_NOTIFICATIONS: Self = Self(215);
    pub(crate) const CURRENT: Self = Self(216);
    const PREVIEW: Self = Self(u32::MAX);

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text == "Preview" {
            return Some(Self::PREVIEW);
        }
        let (major, minor) = text.split_once('.')?;
        let version = Self(major.parse::<u32>().ok()?.checked_mul(100)?.checked_add(minor.parse().ok()?)?);
        let known = (100..=105).contains(&version.0) || (200..=216).contains(&version.0);
        known.then_some(version)
    }
}

impl Call<'_> {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query(name) == Some("true")
    }

    pub(crate) fn id(&self, place: usize) -> &str {
        self.ids.get(place).map_or("", String::as_str)
    }

    /// Reads the body. Keys that `read` does not ask for go to the journal; every error found comes back at once.
    pub(crate) fn read<T>(&mut self, read: impl FnOnce(&Fields<'_>) -> T) -> Result<T, Problem> {
        let body = std::mem::take(&mut self.body);
        let fields = Fields::of(&body)?;
        let value = read(&fields);
        self.ignored = fields.finish()?;
        Ok(value)
    }

    /// The conversation that the path names.
    pub(crate) fn conversation_id(&self, place: usize) -> Option<u64> {
        let id: u64 = self.id(place).parse().ok()?;
        self.ws.conversations.contains_key(&id).then_some(id)
    }

    /// An admin who may write, or the answer that there is none (T49).
    pub(crate) fn author(&self, id: Option<&str>) -> Result<u64, Problem> {
        let missing = || Problem::new(404, "admin_not_found", "Admin not found");
        let admin = self.ws.admin(id.unwrap_or_default()).ok_or_else(missing)?;
        if !admin.has_inbox_seat && !self.knobs.seatless_authors {
            return Err(Problem::new(403, "action_forbidden", "Admin has no inbox seat"));
        }
        Ok(admin.id)
    }

    /// Opens conversations whose snooze has run out.
    pub(crate) fn wake(&mut self, id: u64) {
        let now = self.now;
        if let Some(conversation) = self.ws.conversations.get_mut(&id)
            && conversation.snoozed_until.is_some_and(|until| until <= now)
        {
            conversation.snoozed_until = None;
            conversation.state = State::Open;
        }
    }

    /// Address of a file that works until the sandbox clock says no (T47).
    pub(crate) fn signed_url(&self, place: &str) -> String {
        let expires = self.now + self.knobs.attachment_url_ttl_s;
        let signature = super::files::signature(place, expires);
        format!("{}/__files/{place}?expires={expires}&signature={signature}", self.origin)
    }

    pub(crate) fn per_page(&self, default: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.query("per_page") else { return Ok(default) };
        match text.parse() {
            Ok(size) if (1..=most).contains(&size) => Ok(size),
            _ => Err(Problem::invalid(format!("per_page must be between 1 and {most}")).field("per_page")),
        }
    }

    pub(crate) fn conversation_reply(&mut self, id: u64) -> Answer {
        let found = self.ws.conversations.get(&id).ok_or_else(Problem::not_found)?;
        Ok(Reply::Json(super::view::conversation(self, found)))
    }
}

/// Whether a time given with a write is one that Intercom takes (T45).
pub(crate) fn check_time(fields: &Fields<'_>, key: &str, now: i64) -> Option<i64> {
    let value = fields.any(key)?;
    match value.as_i64() {
        // One second: two clocks that round differently.
        Some(at) if at > 0 && at <= now + 1 => Some(at),
        _ => {
            fields.invalid(key, format!("{value} is an invalid value for {key}"));
            None
        }
    }
}
