//! The help desk's own side: agents, groups, boxes, queues, hours, channel accounts.

use super::{AgentId, ChannelAccountId, Extra, GroupId, QueueId, SlaPolicyId, TicketboxId, WorkingHoursId};
use crate::Private;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

/// Whether an agent still works there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Works there.
    #[default]
    Active,
    /// The account is switched off.
    Disabled,
    /// The account is gone; its mail isn't.
    Deleted,
}

/// Anybody with a user account. An e-mail address is not mandatory there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Id.
    pub id: AgentId,
    /// Login name.
    pub login: Private,
    /// Full name.
    pub name: Private,
    /// Address, if there is one.
    pub email: Option<Private>,
    /// State.
    pub state: AgentState,
    /// Groups.
    #[serde(default)]
    pub groups: Vec<GroupId>,
    /// Telephone extension.
    #[serde(default)]
    pub extension: Option<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A security group: permissions and the agents that have them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Id.
    pub id: GroupId,
    /// Name.
    pub name: String,
    /// Members.
    #[serde(default)]
    pub members: Vec<AgentId>,
    /// Permissions, in the source's words.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A shared folder in which mail is collected; a tree. Not a queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticketbox {
    /// Id.
    pub id: TicketboxId,
    /// Name.
    pub name: String,
    /// The box it is in.
    pub parent: Option<TicketboxId>,
    /// Mail accounts that fill it.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// SLA profile.
    #[serde(default)]
    pub sla_policy: Option<SlaPolicyId>,
    /// Working hours.
    #[serde(default)]
    pub working_hours: Option<WorkingHoursId>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// A member of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueMember {
    /// The agent.
    pub agent: AgentId,
    /// The most tickets of this queue the agent is given at a time.
    pub max_tickets: Option<u32>,
}

/// A ticket queue: joins ticketboxes and agents, with a maximum per agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Id.
    pub id: QueueId,
    /// Name.
    pub name: String,
    /// Boxes it takes tickets from.
    #[serde(default)]
    pub ticketboxes: Vec<TicketboxId>,
    /// Agents it gives tickets to.
    #[serde(default)]
    pub members: Vec<QueueMember>,
    /// The most tickets of the whole queue.
    #[serde(default)]
    pub max_tickets: Option<u32>,
    /// Routing, escalation, time-out and equaliser, in the source's words.
    #[serde(default)]
    pub rules: Vec<String>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// An interval of a week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WeeklyInterval {
    /// 1 = Monday … 7 = Sunday.
    pub weekday: u8,
    /// From.
    pub from: Time,
    /// To; midnight means the end of the day.
    pub to: Time,
}

/// A profile of working hours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkingHours {
    /// Id.
    pub id: WorkingHoursId,
    /// Name.
    pub name: String,
    /// Offset from UTC in minutes. An offset knows no summer time.
    pub offset_minutes: i32,
    /// The IANA zone, when the source says one.
    #[serde(default)]
    pub zone: Option<String>,
    /// Weekly intervals.
    #[serde(default)]
    pub week: Vec<WeeklyInterval>,
    /// Days on which nobody works.
    #[serde(default)]
    pub holidays: Vec<Date>,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}

/// An account of a channel: a mailbox, a page, a number. Never its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChannelAccount {
    /// Id.
    pub id: ChannelAccountId,
    /// Channel, in the source's word.
    pub channel: String,
    /// Address or number.
    pub address: Private,
    /// Host that mail is fetched from.
    #[serde(default)]
    pub incoming_host: Option<String>,
    /// Port that mail is fetched by.
    #[serde(default)]
    pub incoming_port: Option<u16>,
    /// How mail is fetched, in the source's word: `imap`, `pop3`.
    #[serde(default)]
    pub protocol: Option<String>,
    /// Host that mail is sent by.
    #[serde(default)]
    pub outgoing_host: Option<String>,
    /// Port that mail is sent by.
    #[serde(default)]
    pub outgoing_port: Option<u16>,
    /// Box it fills.
    #[serde(default)]
    pub ticketbox: Option<TicketboxId>,
    /// Queue it fills.
    #[serde(default)]
    pub queue: Option<QueueId>,
    /// Minutes between two looks.
    #[serde(default)]
    pub poll_minutes: Option<u32>,
    /// When it last worked.
    #[serde(default)]
    pub last_success: Option<Timestamp>,
    /// Its last error, in the source's words.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Whether it is on.
    pub enabled: bool,
    /// Unplaced values.
    #[serde(default)]
    pub extra: Extra,
}
