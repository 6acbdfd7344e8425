//! What people set up by hand: macros, office hours, addresses, brands.

use serde::{Deserialize, Serialize};

/// A saved reply. The API reads it and never writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Macro {
    /// Numeric id; 0: the next free one.
    pub id: u64,
    /// Name to show.
    pub name: String,
    /// The text, with placeholders such as `{{user.name|fallback:"there"}}`.
    pub text: String,
    /// Ids of the teams that see it; empty: everybody.
    pub teams: Vec<u64>,
    /// Where it can be used: `inbox`, `messenger`; empty: the inbox.
    pub available_on: Vec<String>,
    /// Unix seconds; long ago when absent.
    pub updated_at: Option<i64>,
}

/// An address that mail comes in by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Email {
    /// Numeric id; 0: the next free one.
    pub id: u64,
    /// The address.
    pub email: String,
    /// Whether the domain was proved.
    pub verified: bool,
    /// Whether mail is forwarded to the workspace.
    pub forwarding_enabled: bool,
    /// When the last forwarded mail came, Unix seconds; none: never.
    pub last_received_at: Option<i64>,
}

/// A stretch of a week, in minutes from Monday 00:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// First minute.
    pub start_minute: i64,
    /// The minute after the last one.
    pub end_minute: i64,
}

/// When somebody answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Numeric id; 0: the next free one.
    pub id: u64,
    /// Name to show.
    pub name: String,
    /// IANA zone.
    pub time_zone_name: String,
    /// The week.
    pub time_intervals: Vec<Interval>,
    /// Days that are not as the week says.
    pub exceptions: Vec<HoursException>,
    /// Unix seconds; set by the stand-in.
    pub created_at: i64,
    /// Unix seconds; set by the stand-in.
    pub updated_at: i64,
}

/// A day that is not as the week says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HoursException {
    /// Numeric id; 0: the next free one.
    pub id: u64,
    /// The day, such as `2026-12-25`.
    pub exception_date: String,
    /// Hours of that day; none: closed.
    pub time_intervals: Option<Vec<Interval>>,
    /// Name to show.
    pub name: Option<String>,
    /// Whether it comes every year.
    pub recurring_annually: bool,
    /// Unix seconds; set by the stand-in.
    pub created_at: i64,
}
