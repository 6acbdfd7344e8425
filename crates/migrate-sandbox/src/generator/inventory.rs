//! Ordinary reports, automations, wallboards and channel accounts.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::people::{self, timestamp};
use super::{Desk, END, HELPDESK_DOMAIN, later};
use crate::dataset::{
    Automation, AutomationKind, Channel, ChannelAccount, Dataset, Report, ReportRow, Ticket, Wallboard,
};

/// The account that has not worked for weeks.
pub(super) const ACCOUNT_FAILING: u64 = 908;

pub(super) fn fill(desk: &mut Desk) {
    desk.dataset.reports = reports(&desk.dataset);
    desk.dataset.automations = automations();
    desk.dataset.wallboards = wallboards();
    desk.dataset.channel_accounts = accounts();
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Name, template, head of the column that tells lines of one month apart.
const REPORTS: &[(&str, &str, &str)] = &[
    ("Tickets per month", "Volume", "Channel"),
    ("Tickets per queue", "Volume", "Queue"),
    ("Tickets per folder", "Volume", "Ticketbox"),
    ("Tickets per state", "Volume", "State"),
    ("Tickets per priority", "Volume", "Priority"),
    ("First response", "SLA conformation audit log", "Queue"),
    ("SLA by priority", "SLA conformation audit log", "Priority"),
    ("Agent performance", "Agent performance", "Agent"),
    ("Answers per agent", "Agent performance", "Agent"),
    ("Calls per agent", "Telephony", "Agent"),
    ("Missed calls", "Telephony", "Queue"),
    ("Wallboard history", "Wallboard", "Channel"),
];

fn reports(desk: &Dataset) -> Vec<Report> {
    let report = |(id, (name, template, by)): (u64, &(&str, &str, &str))| Report {
        id,
        name: (*name).into(),
        template: Some((*template).into()),
        parameters: vec![format!("group by={by}"), "working hours=Office hours".into()],
        schedule: (id % 3 == 0).then(|| "Mondays 07:00".to_owned()),
        format: Some(if id % 2 == 0 { "CSV" } else { "Excel" }.into()),
        delivery: match id % 4 {
            0 => Some("ftp://files.helpdesk.example/reports/".into()),
            1 => Some(format!("mail to reports@{HELPDESK_DOMAIN}")),
            2 => Some(r"\\nas\reports".into()),
            _ => None,
        },
        columns: words(&["Month", by, "Tickets", "Answered", "Average minutes to first response"]),
        rows: figures(desk, by),
    };
    (601..).zip(REPORTS).map(report).collect()
}

/// What a report counts of one month and one value.
#[derive(Default)]
struct Figures {
    tickets: u64,
    answered: u64,
    minutes: i64,
}

fn figures(desk: &Dataset, by: &str) -> Vec<ReportRow> {
    let mut found: BTreeMap<(Date, String), Figures> = BTreeMap::new();
    for ticket in &desk.tickets {
        let Some(created) = ticket.created else { continue };
        let month = created.to_zoned(TimeZone::UTC).date().first_of_month();
        let figures = found.entry((month, value(desk, ticket, by))).or_default();
        figures.tickets += 1;
        if let Some(first) = ticket.first_response {
            figures.answered += 1;
            figures.minutes += first.duration_since(created).as_mins();
        }
    }
    let row = |((month, value), figures): ((Date, String), Figures)| {
        let average = figures.minutes.checked_div(figures.answered as i64);
        let average = average.map(|minutes| minutes.to_string()).unwrap_or_default();
        let counts = [figures.tickets.to_string(), figures.answered.to_string(), average];
        let cells = [month.strftime("%Y-%m").to_string(), value].into_iter().chain(counts).collect();
        ReportRow { on: Some(month), cells }
    };
    found.into_iter().map(row).collect()
}

fn value(desk: &Dataset, ticket: &Ticket, by: &str) -> String {
    let named = match by {
        "Queue" => desk.queues.iter().find(|queue| Some(queue.id) == ticket.queue).map(|queue| &queue.name),
        "Ticketbox" => desk.ticketboxes.iter().find(|it| Some(it.id) == ticket.ticketbox).map(|it| &it.name),
        "Agent" => ticket.agent.and_then(|id| desk.agent(id)).map(|agent| &agent.name),
        "State" => return ticket.status.to_string(),
        "Priority" => return ticket.priority.to_string(),
        _ => return ticket.channel.to_string(),
    };
    named.cloned().unwrap_or_else(|| "(none)".into())
}

/// Name, trigger, conditions, actions.
type Rule = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const RULES: &[Rule] = &[
    ("Spam filter", "mail arrives", &["header X-Spam-Score > 5"], &["mark as spam"]),
    ("Route invoices", "mail arrives", &["subject contains \"invoice\""], &["move to ticketbox Billing"]),
    (
        "Route offers",
        "mail arrives",
        &["subject contains \"offer\" or \"Angebot\""],
        &["move to ticketbox Sales"],
    ),
    ("Acknowledge", "ticket opened", &["channel is email"], &["send response \"Greeting\" to the customer"]),
    (
        "VIP",
        "ticket opened",
        &["custom field Level = Gold"],
        &["set priority Urgent", "mail to group Supervisors"],
    ),
    ("Out of hours", "ticket opened", &["outside \"Office hours\""], &["send response \"Out of hours\""]),
    ("Reopen", "customer answers", &["status is Closed"], &["set status Open", "reset the assigned agent"]),
    ("Escalate", "SLA at 100 %", &["priority is Urgent"], &["assign to agent Anna Berg"]),
    (
        "Close the silent",
        "every night",
        &["status is Resolved", "unchanged for 7 days"],
        &["set status Closed"],
    ),
    (
        "Bounce",
        "mail arrives",
        &["from is mailer-daemon"],
        &["mark the contact as bounced", "close the ticket"],
    ),
    (
        "Newsletter",
        "mail arrives",
        &["header List-Unsubscribe is there"],
        &["move to ticketbox Support", "set priority Low"],
    ),
    ("Missed call", "call missed", &["queue is Telephone"], &["open a ticket", "set priority High"]),
    ("Ask for a score", "ticket closed", &["channel is livechat"], &["send survey \"Satisfaction\""]),
    ("Copy to CRM", "ticket closed", &[], &["POST to https://crm.helpdesk.example/hook"]),
    (
        "Old campaign",
        "mail arrives",
        &["subject contains \"2019\""],
        &["set category Campaign 2019 = Spring"],
    ),
];

const SEQUENCES: &[Rule] = &[
    (
        "Welcome",
        "contact made",
        &["opted in"],
        &["day 0: mail \"Welcome\"", "day 3: mail \"First steps\"", "day 10: mail \"How is it?\""],
    ),
    (
        "Unpaid",
        "ticket in Billing",
        &["category Topic = Order"],
        &["day 7: mail \"Payment reminder\"", "day 14: mail \"Last reminder\""],
    ),
    ("Offer", "response \"Offer\" sent", &["no answer"], &["day 5: mail \"Reminder of an offer\""]),
];

fn automations() -> Vec<Automation> {
    let automation = |kind: AutomationKind, id: u64, order: u32, rule: &Rule| Automation {
        id,
        name: rule.0.into(),
        scope: Some(if order % 5 == 4 { "profile: Anna Berg" } else { "system" }.into()),
        order: (kind == AutomationKind::Rule).then_some(order),
        kind,
        enabled: rule.0 != "Old campaign",
        trigger: Some(rule.1.into()),
        conditions: words(rule.2),
        actions: words(rule.3),
    };
    let rules = (651..)
        .zip(1..)
        .zip(RULES)
        .map(|((id, order), rule)| automation(AutomationKind::Rule, id, order, rule));
    let sequences = (691..)
        .zip(1..)
        .zip(SEQUENCES)
        .map(|((id, order), rule)| automation(AutomationKind::Sequence, id, order, rule));
    rules.chain(sequences).collect()
}

fn wallboards() -> Vec<Wallboard> {
    let wallboard = |id, name: &str, metrics: &[&str], audience: Option<&str>| Wallboard {
        id,
        name: name.into(),
        metrics: words(metrics),
        audience: audience.map(str::to_owned),
    };
    vec![
        wallboard(
            801,
            "Support wall",
            &["open tickets", "oldest ticket", "first response today"],
            Some("queue Support"),
        ),
        wallboard(
            802,
            "Telephone wall",
            &["calls waiting", "longest wait", "agents free", "missed calls"],
            Some("queue Telephone"),
        ),
        wallboard(803, "SLA", &["tickets over SLA by priority"], Some("group Supervisors")),
        wallboard(804, "Reception", &["open tickets by queue"], None),
    ]
}

/// One for each channel, and one that fails.
fn accounts() -> Vec<ChannelAccount> {
    let worked = later(timestamp(END), -600);
    let account = |id, channel, address: &str, queue| ChannelAccount {
        id,
        channel,
        address: address.into(),
        queue,
        last_success: Some(worked),
        enabled: true,
        ..ChannelAccount::default()
    };
    let mail = |id, name: &str, ticketbox| ChannelAccount {
        incoming_host: Some(format!("imap.{HELPDESK_DOMAIN}")),
        incoming_port: Some(993),
        protocol: Some("IMAP".into()),
        outgoing_host: Some(format!("smtp.{HELPDESK_DOMAIN}")),
        outgoing_port: Some(587),
        ticketbox: Some(ticketbox),
        poll_minutes: Some(2),
        ..account(id, Channel::Email, &format!("{name}@{HELPDESK_DOMAIN}"), None)
    };
    vec![
        mail(901, "support", people::BOX_SUPPORT),
        account(902, Channel::Voice, "+45 70 10 10 10", Some(people::QUEUE_VOICE)),
        account(903, Channel::Livechat, "https://www.helpdesk.example/chat", Some(people::QUEUE_VOICE)),
        account(904, Channel::Facebook, "facebook.com/helpdesk.example", Some(people::QUEUE_SUPPORT)),
        account(905, Channel::Whatsapp, "+45 70 10 10 11", Some(people::QUEUE_SUPPORT)),
        ChannelAccount {
            enabled: false,
            ..account(906, Channel::Telegram, "@helpdesk_bot", Some(people::QUEUE_SALES))
        },
        account(907, Channel::Sms, "+45 70 10 10 12", Some(people::QUEUE_SUPPORT)),
        ChannelAccount {
            incoming_host: Some("pop.old-provider.example".into()),
            incoming_port: Some(110),
            protocol: Some("POP3".into()),
            poll_minutes: Some(15),
            last_success: Some(later(timestamp(END), -40 * 86_400)),
            last_error: Some("-ERR [AUTH] Mailbox does not exist".into()),
            ..mail(ACCOUNT_FAILING, "billing", people::BOX_BILLING)
        },
    ]
}
