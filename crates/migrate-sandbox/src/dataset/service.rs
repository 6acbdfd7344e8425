//! What the help desk promises and when it works: SLA profiles and working hours.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What is promised to customers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlaProfile {
    /// Unique among SLA profiles.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// Minutes to the first answer.
    pub first_response_minutes: Option<u32>,
    /// Minutes to each later answer.
    pub next_response_minutes: Option<u32>,
    /// Minutes to the end.
    pub resolution_minutes: Option<u32>,
    /// Whether only working hours count.
    pub business_hours: bool,
    /// What stops the clock: `replied`, `closed`, `on hold`, `moved`.
    pub stops_on: Vec<String>,
    /// Where it holds, in the help desk's words.
    pub applies_to: Vec<String>,
    /// What happens when it is about to be broken, in the help desk's words.
    pub escalations: Vec<String>,
}

/// When people work.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorkingHours {
    /// Unique among working-hours profiles.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// Minutes east of UTC, the same in summer and winter.
    pub offset_minutes: i32,
    /// Name of the zone, where the help desk says one.
    pub zone: Option<String>,
    /// The hours of a week.
    pub week: Vec<Interval>,
    /// Days on which nobody works.
    pub holidays: Vec<Date>,
}

/// Hours of one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Interval {
    /// 0 is Monday.
    pub day: u8,
    /// `09:00`.
    pub from: String,
    /// `17:00`; `24:00` is the end of the day.
    pub to: String,
}
