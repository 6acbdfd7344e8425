//! What no destination takes over as it is, and a person builds again: reports, automations, wallboards, accounts.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{AutomationKind, Channel};

/// A shared report with what it shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// Unique among reports.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// Name of the template it was made from.
    pub template: Option<String>,
    /// What it was set up with, each as `name=value`.
    pub parameters: Vec<String>,
    /// When it runs by itself.
    pub schedule: Option<String>,
    /// `CSV` or `Excel`.
    pub format: Option<String>,
    /// Where it is sent.
    pub delivery: Option<String>,
    /// Heads of its columns.
    pub columns: Vec<String>,
    /// Its lines.
    pub rows: Vec<ReportRow>,
}

/// A line of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportRow {
    /// The day it is about; a line without one is in every window.
    pub on: Option<Date>,
    /// One text for each column; may be fewer.
    pub cells: Vec<String>,
}

/// A rule that acts by itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Automation {
    /// Unique among automations.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// A rule or a sequence of mails.
    pub kind: AutomationKind,
    /// `system`, or the profile it belongs to.
    pub scope: Option<String>,
    /// Its place among those of its scope.
    pub order: Option<u32>,
    /// Whether it is on.
    pub enabled: bool,
    /// What sets it off.
    pub trigger: Option<String>,
    /// What must be so, in the help desk's words.
    pub conditions: Vec<String>,
    /// What it does, in the help desk's words.
    pub actions: Vec<String>,
}

/// Figures on a wall.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wallboard {
    /// Unique among wallboards.
    pub id: u64,
    /// The name to show.
    pub name: String,
    /// What it shows.
    pub metrics: Vec<String>,
    /// Who looks at it.
    pub audience: Option<String>,
}

/// An account through which customers come in. It never holds a secret.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChannelAccount {
    /// Unique among channel accounts.
    pub id: u64,
    /// What it is an account of.
    pub channel: Channel,
    /// Mail address, number or page.
    pub address: String,
    /// Host that messages are fetched from.
    pub incoming_host: Option<String>,
    /// Its port.
    pub incoming_port: Option<u16>,
    /// `IMAP`, `POP3` or what the channel speaks.
    pub protocol: Option<String>,
    /// Host that messages are sent through.
    pub outgoing_host: Option<String>,
    /// Its port.
    pub outgoing_port: Option<u16>,
    /// Id of the ticketbox it fills.
    pub ticketbox: Option<u64>,
    /// Id of the queue it fills.
    pub queue: Option<u64>,
    /// Minutes between two looks.
    pub poll_minutes: Option<u32>,
    /// When it last worked.
    pub last_success: Option<Timestamp>,
    /// What it last complained of.
    pub last_error: Option<String>,
    /// Whether it is used.
    pub enabled: bool,
}
