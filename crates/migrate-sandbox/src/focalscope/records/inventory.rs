//! How reports, automations, wallboards and channel accounts are written.

use super::{NIL, Xml};
use crate::dataset::{Automation, ChannelAccount, Report, ReportRow, Wallboard};

pub(in super::super) fn report(xml: &mut Xml<'_>, report: &Report) {
    xml.value("Id", report.id);
    xml.text("Name", &report.name);
    xml.string("Template", report.template.as_deref());
    xml.strings("Parameters", &report.parameters);
    xml.string("Schedule", report.schedule.as_deref());
    xml.string("Format", report.format.as_deref());
    xml.string("Delivery", report.delivery.as_deref());
    xml.end_of("Report");
}

pub(in super::super) fn figures<'a>(
    xml: &mut Xml<'_>,
    columns: &[String],
    rows: impl Iterator<Item = &'a ReportRow>,
) {
    xml.strings("Columns", columns);
    xml.element("Rows", |xml| rows.for_each(|row| xml.strings("Row", &row.cells)));
    xml.end_of("ReportFigures");
}

pub(in super::super) fn automation(xml: &mut Xml<'_>, automation: &Automation) {
    xml.value("Id", automation.id);
    xml.text("Name", &automation.name);
    xml.text("Kind", automation.kind.as_str());
    xml.string("Scope", automation.scope.as_deref());
    xml.nillable("Order", automation.order);
    xml.value("Enabled", automation.enabled);
    xml.string("Trigger", automation.trigger.as_deref());
    xml.strings("Conditions", &automation.conditions);
    xml.strings("Actions", &automation.actions);
    xml.end_of("Automation");
}

pub(in super::super) fn wallboard(xml: &mut Xml<'_>, wallboard: &Wallboard) {
    xml.value("Id", wallboard.id);
    xml.text("Name", &wallboard.name);
    xml.strings("Metrics", &wallboard.metrics);
    xml.string("Audience", wallboard.audience.as_deref());
    xml.end_of("Wallboard");
}

pub(in super::super) fn channel_account(xml: &mut Xml<'_>, account: &ChannelAccount) {
    xml.value("Id", account.id);
    xml.text("Channel", account.channel.as_str());
    xml.text("Address", &account.address);
    xml.string("IncomingHost", account.incoming_host.as_deref());
    xml.nillable("IncomingPort", account.incoming_port);
    xml.string("Protocol", account.protocol.as_deref());
    xml.string("OutgoingHost", account.outgoing_host.as_deref());
    xml.nillable("OutgoingPort", account.outgoing_port);
    xml.nillable("TicketboxId", account.ticketbox);
    xml.nillable("QueueId", account.queue);
    xml.nillable("PollMinutes", account.poll_minutes);
    xml.time("LastSuccessAt", account.last_success, NIL);
    xml.string("LastError", account.last_error.as_deref());
    xml.value("Enabled", account.enabled);
    xml.end_of("ChannelAccount");
}
