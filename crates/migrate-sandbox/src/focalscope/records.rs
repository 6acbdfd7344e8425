//! How each record is written: its elements in the order of the schema.

use super::xml::Xml;
use crate::dataset::{
    Agent, Attachment, Author, AuthorKind, CallLeg, Category, ChatLine, Company, Contact, Content,
    CustomField, Drawn, Group, Message, NoDate, Queue, Ticket, TicketCategory, Ticketbox,
};

pub(super) mod inventory;
pub(super) mod library;
pub(super) mod service;

const NIL: &NoDate = &NoDate::Nil;

pub(super) fn agent(xml: &mut Xml<'_>, agent: &Agent) {
    xml.value("Id", agent.id);
    xml.text("Login", &agent.login);
    xml.text("Name", &agent.name);
    xml.string("Email", agent.email.as_deref());
    xml.text("State", agent.state.as_str());
    xml.ids("GroupIds", &agent.groups);
    xml.end_of("Agent");
}

pub(super) fn group(xml: &mut Xml<'_>, group: &Group, members: &[u64]) {
    xml.value("Id", group.id);
    xml.text("Name", &group.name);
    xml.ids("MemberIds", members);
    xml.end_of("Group");
}

pub(super) fn ticketbox(xml: &mut Xml<'_>, ticketbox: &Ticketbox) {
    xml.value("Id", ticketbox.id);
    xml.text("Name", &ticketbox.name);
    xml.nillable("ParentId", ticketbox.parent);
    xml.string("MailAccount", ticketbox.mail_account.as_deref());
    xml.nillable("SlaProfileId", ticketbox.sla_profile);
    xml.nillable("WorkingHoursId", ticketbox.working_hours);
    xml.end_of("Ticketbox");
}

pub(super) fn queue(xml: &mut Xml<'_>, queue: &Queue) {
    xml.value("Id", queue.id);
    xml.text("Name", &queue.name);
    xml.ids("TicketboxIds", &queue.ticketboxes);
    xml.array("Members", "QueueMember", &queue.members, |xml, member| {
        xml.value("AgentId", member.agent);
        xml.nillable("MaxTickets", member.max);
        xml.end_of("QueueMember");
    });
    xml.optional("MaxTickets", queue.max_tickets);
    if !queue.rules.is_empty() {
        xml.strings("Rules", &queue.rules);
    }
    xml.end_of("Queue");
}

pub(super) fn company(xml: &mut Xml<'_>, company: &Company) {
    xml.value("Id", company.id);
    xml.text("Name", &company.name);
    xml.strings("Domains", &company.domains);
    xml.end_of("Company");
}

pub(super) fn contact(xml: &mut Xml<'_>, contact: &Contact) {
    xml.value("Id", contact.id);
    xml.text("Name", &contact.name);
    xml.strings("Emails", &contact.emails);
    xml.strings("Phones", &contact.phones);
    xml.nillable("CompanyId", contact.company);
    xml.array("CustomFields", "CustomField", &contact.custom_fields, custom_field);
    xml.array("Notes", "ContactNote", &contact.notes, |xml, note| {
        xml.nillable("AgentId", note.agent);
        xml.time("CreatedAt", note.at, NIL);
        xml.text("Text", &note.text);
        xml.end_of("ContactNote");
    });
    xml.value("OptedOut", contact.opted_out);
    xml.time("CreatedAt", contact.created, NIL);
    xml.time("ModifiedAt", contact.modified, NIL);
    xml.string("Address", contact.address.as_deref());
    xml.optional("Blocked", contact.blocked.then_some(true));
    xml.optional("Bounced", contact.bounced.then_some(true));
    xml.end_of("Contact");
}

pub(super) fn custom_field(xml: &mut Xml<'_>, field: &CustomField) {
    xml.text("Name", &field.name);
    xml.text("Type", field.kind.as_str());
    xml.string("Value", field.value.as_deref());
    xml.end_of("CustomField");
}

pub(super) fn category(xml: &mut Xml<'_>, category: &Category) {
    xml.value("Id", category.id);
    xml.text("Name", &category.name);
    xml.strings("Values", &category.values);
    xml.value("MultiValue", category.multi);
    xml.nillable("TicketboxId", category.scope);
    xml.value("Active", category.active);
    xml.end_of("Category");
}

pub(super) fn ticket(xml: &mut Xml<'_>, ticket: &Ticket) {
    let absent = &ticket.absent_times_as;
    xml.value("Id", ticket.id);
    xml.text("Number", &ticket.number);
    xml.text("Subject", &ticket.subject);
    xml.status(ticket.id, ticket.status.as_str());
    xml.text("Priority", ticket.priority.as_str());
    xml.text("Channel", ticket.channel.as_str());
    xml.nillable("TicketboxId", ticket.ticketbox);
    xml.nillable("QueueId", ticket.queue);
    xml.nillable("AgentId", ticket.agent);
    xml.nillable("ContactId", ticket.contact);
    xml.time("CreatedAt", ticket.created, absent);
    xml.time("ModifiedAt", ticket.modified, absent);
    xml.time("AssignedAt", ticket.assigned, absent);
    xml.time("FirstResponseAt", ticket.first_response, absent);
    xml.time("ResolvedAt", ticket.resolved, absent);
    xml.time("ClosedAt", ticket.closed, absent);
    xml.array("Categories", "TicketCategory", &ticket.categories, ticket_category);
    xml.array("CustomFields", "CustomField", &ticket.custom_fields, custom_field);
    xml.nillable("MergedIntoId", ticket.merged_into);
    xml.value("Deleted", ticket.deleted);
    xml.value("Spam", ticket.spam);
    xml.value("MessageCount", ticket.messages.len());
    xml.value("CallCount", ticket.calls.len());
    xml.value("ChatLineCount", ticket.chat.len());
    xml.value("AttachmentCount", ticket.attachments().count());
    if ticket.wakes.is_some() {
        xml.time("WakesAt", ticket.wakes, absent);
    }
    xml.end_of("Ticket");
}

fn ticket_category(xml: &mut Xml<'_>, category: &TicketCategory) {
    xml.value("CategoryId", category.category);
    xml.strings("Values", &category.values);
    xml.end_of("TicketCategory");
}

fn author(xml: &mut Xml<'_>, author: &Author) {
    let erased = &xml.knobs().erased_contacts;
    let erased = author.kind == AuthorKind::Contact && author.id.is_some_and(|id| erased.contains(&id));
    xml.text("Kind", author.kind.as_str());
    xml.nillable("Id", author.id);
    xml.string("Email", author.email.as_deref().filter(|_| !erased));
    xml.text("Name", if erased { "" } else { &author.name });
    xml.end_of("Author");
}

pub(super) fn message(xml: &mut Xml<'_>, ticket: u64, message: &Message) {
    xml.value("Id", message.id);
    xml.value("TicketId", ticket);
    xml.text("Direction", message.direction.as_str());
    xml.element("Author", |xml| author(xml, &message.author));
    xml.strings("To", &message.to);
    xml.strings("Cc", &message.cc);
    match &message.sent_as {
        Some(text) => xml.value("SentAt", text),
        None => xml.time("SentAt", message.sent_at, NIL),
    }
    xml.string("Subject", message.subject.as_deref());
    xml.text("ContentType", message.content_type.as_str());
    xml.body("Body", &message.body.text());
    xml.string("MessageIdHeader", message.message_id.as_deref());
    xml.string("InReplyToHeader", message.in_reply_to.as_deref());
    xml.string("DateHeader", date_header(message).as_deref());
    xml.array("Attachments", "AttachmentInfo", &message.attachments, attachment_info);
    xml.end_of("Message");
}

/// The `Date` header of a mail: the instant it was sent at, by a clock of the sender's.
fn date_header(message: &Message) -> Option<String> {
    const CLOCKS: [i8; 4] = [0, 1, 2, -5];
    message.message_id.as_ref()?;
    let clock = jiff::tz::offset(CLOCKS[(message.id % 4) as usize]);
    let at = message.sent_at?.to_zoned(clock.to_time_zone());
    jiff::fmt::rfc2822::to_string(&at).ok()
}

pub(super) fn attachment_info(xml: &mut Xml<'_>, attachment: &Attachment) {
    attachment_fields(xml, attachment);
    xml.end_of("AttachmentInfo");
}

fn attachment_fields(xml: &mut Xml<'_>, attachment: &Attachment) {
    xml.value("Id", attachment.id);
    xml.text("Name", &attachment.name);
    xml.text("MimeType", &attachment.mime);
    xml.value("Size", giant(xml, attachment).map_or(attachment.declared_size(), |file| file.size.into()));
    xml.string("ContentId", attachment.content_id.as_deref());
    xml.value("Inline", attachment.inline);
}

/// What a knob makes of a file.
fn giant(xml: &Xml<'_>, attachment: &Attachment) -> Option<Drawn> {
    let giant = xml.knobs().giant_file.filter(|giant| giant.attachment == attachment.id)?;
    Some(Drawn { seed: attachment.id, size: giant.bytes })
}

/// Drawn files from this size on are never held whole.
const LARGE: u32 = 4 << 20;

pub(super) fn attachment(xml: &mut Xml<'_>, attachment: &Attachment) {
    use base64::Engine as _;
    attachment_fields(xml, attachment);
    let drawn = giant(xml, attachment).or(match attachment.content {
        Content::Drawn(drawn) => Some(drawn),
        Content::Bytes(_) => None,
    });
    match drawn {
        Some(drawn) if drawn.size >= LARGE => xml.drawn("Data", drawn),
        Some(drawn) => xml.value("Data", base64::engine::general_purpose::STANDARD.encode(drawn.draw())),
        None => xml.value("Data", base64::engine::general_purpose::STANDARD.encode(attachment.bytes())),
    }
    xml.end_of("Attachment");
}

pub(super) fn call_leg(xml: &mut Xml<'_>, ticket: u64, leg: &CallLeg) {
    xml.value("Id", leg.id);
    xml.value("TicketId", ticket);
    xml.text("Uuid", &leg.uuid);
    xml.text("Direction", leg.direction.as_str());
    xml.nillable("QueueId", leg.queue);
    xml.nillable("AgentId", leg.agent);
    xml.text("FromNumber", &leg.from);
    xml.text("ToNumber", &leg.to);
    xml.time("StartedAt", leg.started, NIL);
    xml.time("AnsweredAt", leg.answered, NIL);
    xml.time("EndedAt", leg.ended, NIL);
    xml.value("DurationSeconds", leg.duration);
    xml.text("Disposition", &leg.disposition);
    xml.value("Recorded", leg.recording_url.is_some());
    xml.string("RecordingUrl", leg.recording_url.as_deref());
    xml.string("AgentNote", leg.note.as_deref());
    xml.end_of("CallLeg");
}

pub(super) fn chat_line(xml: &mut Xml<'_>, number: usize, line: &ChatLine) {
    xml.value("LineNumber", number);
    xml.element("Author", |xml| author(xml, &line.author));
    xml.time("At", line.at, NIL);
    xml.body("Text", &line.text);
    xml.array("Attachments", "AttachmentInfo", &line.attachments, attachment_info);
    xml.end_of("ChatLine");
}
