//! Ordinary tickets with their messages, calls and chats.

use jiff::Timestamp;

use super::people::{self, timestamp};
use super::{Desk, END, HELPDESK_DOMAIN, later};
use crate::dataset::{
    Attachment, Author, AuthorKind, CallLeg, Channel, ChatLine, Contact, Content, ContentType, CustomField,
    Direction, Drawn, FieldType, Message, Priority, Prose, Status, Text, Ticket, TicketCategory,
};

const SUBJECTS: &[&str] = &[
    "Order has not arrived",
    "Invoice 2024-0815",
    "Re: your offer",
    "Cannot log in",
    "Rückgabe & Erstattung",
    "Spørgsmål om levering",
    "Question <urgent>",
    "Demande de devis",
    "Router keeps restarting",
];

pub(super) fn fill(desk: &mut Desk, tickets: usize) {
    for index in 0..tickets {
        let ticket = ticket(desk, index);
        desk.dataset.tickets.push(ticket);
    }
}

/// The first tickets go through all channels and states in turn, so that a small help desk has them all.
fn channel(desk: &mut Desk, index: usize) -> Channel {
    if let Some(channel) = Channel::ALL.get(index) {
        return channel.clone();
    }
    match desk.rng.u32(..100) {
        0..70 => Channel::Email,
        70..78 => Channel::Voice,
        78..87 => Channel::Livechat,
        87..91 => Channel::Whatsapp,
        91..95 => Channel::Facebook,
        95..98 => Channel::Telegram,
        _ => Channel::Sms,
    }
}

fn status(desk: &mut Desk, index: usize) -> Status {
    if let Some(status) = Status::ALL.get(index) {
        return status.clone();
    }
    match desk.rng.u32(..100) {
        0..60 => Status::Closed,
        60..75 => Status::Resolved,
        75..87 => Status::Open,
        87..95 => Status::Pending,
        _ => Status::OnHold,
    }
}

fn priority(desk: &mut Desk) -> Priority {
    match desk.rng.u32(..20) {
        0 => Priority::Urgent,
        1..4 => Priority::High,
        4..7 => Priority::Low,
        _ => Priority::Normal,
    }
}

fn place(desk: &mut Desk, channel: &Channel) -> (u64, u64) {
    match channel {
        Channel::Voice | Channel::Livechat => (people::BOX_PHONE, people::QUEUE_VOICE),
        _ => *desk.pick(&[
            (people::BOX_SUPPORT, people::QUEUE_SUPPORT),
            (people::BOX_SUPPORT, people::QUEUE_SUPPORT),
            (people::BOX_BILLING, people::QUEUE_BILLING),
            (people::BOX_SALES, people::QUEUE_SALES),
        ]),
    }
}

fn ticket(desk: &mut Desk, index: usize) -> Ticket {
    let channel = channel(desk, index);
    let status = status(desk, index);
    let (ticketbox, queue) = place(desk, &channel);
    let assigned = status != Status::Open || desk.chance(60);
    let agent = assigned.then(|| desk.rng.u64(people::AT_WORK));
    let contact = desk.rng.usize(..desk.dataset.contacts.len());
    let created = later(timestamp(END), -desk.rng.i64(40 * 86_400..730 * 86_400));
    let id = 1001 + index as u64;
    let mut ticket = Ticket {
        id,
        number: format!("FS-{:06}", 240_000 + index),
        subject: format!("{} {}", desk.pick(SUBJECTS), id),
        status,
        priority: priority(desk),
        channel,
        ticketbox: Some(ticketbox),
        queue: Some(queue),
        agent,
        contact: Some(desk.dataset.contacts[contact].id),
        created: Some(created),
        assigned: agent.map(|_| later(created, desk.rng.i64(30..7200))),
        categories: categories(desk),
        custom_fields: custom_fields(desk),
        ..Ticket::default()
    };
    let who = Parties::of(desk, &ticket, contact);
    let last = match ticket.channel {
        Channel::Voice => calls(desk, &mut ticket, &who, created),
        Channel::Livechat => chat(desk, &mut ticket, &who, created),
        _ => thread(desk, &mut ticket, &who, created),
    };
    finish(desk, &mut ticket, last);
    // A large help desk is held whole.
    ticket.messages.shrink_to_fit();
    ticket.chat.shrink_to_fit();
    ticket
}

fn categories(desk: &mut Desk) -> Vec<TicketCategory> {
    let mut chosen = Vec::new();
    if desk.chance(70) {
        let values = vec![(*desk.pick(people::TOPICS)).to_owned()];
        chosen.push(TicketCategory { category: people::CATEGORY_TOPIC, values });
    }
    if desk.chance(30) {
        let first = desk.rng.usize(..people::PRODUCTS.len() - 1);
        let count = desk.rng.usize(1..=2);
        let values = people::PRODUCTS[first..first + count].iter().map(|value| (*value).to_owned()).collect();
        chosen.push(TicketCategory { category: people::CATEGORY_PRODUCT, values });
    }
    chosen
}

fn custom_fields(desk: &mut Desk) -> Vec<CustomField> {
    let mut fields = Vec::new();
    if desk.chance(40) {
        let value = Some(format!("{}", desk.rng.u32(100_000..999_999)));
        fields.push(CustomField { name: "Order no.".into(), kind: FieldType::Text, value });
    }
    if desk.chance(15) {
        let value = Some(format!("{}.{:02}", desk.rng.u32(1..900), desk.rng.u32(..100)));
        fields.push(CustomField { name: "Refund".into(), kind: FieldType::Number, value });
    }
    fields
}

/// The two sides of a ticket.
struct Parties {
    customer: Author,
    phone: String,
    agent: Author,
    mailbox: String,
}

impl Parties {
    fn of(desk: &Desk, ticket: &Ticket, contact: usize) -> Self {
        let contact: &Contact = &desk.dataset.contacts[contact];
        let customer = Author {
            kind: AuthorKind::Contact,
            id: Some(contact.id),
            email: contact.emails.first().cloned(),
            name: contact.name.clone(),
        };
        let agent = ticket.agent.unwrap_or(1 + ticket.id % 8);
        let boxes = desk.dataset.ticketboxes.iter();
        let mailbox = boxes.filter(|b| Some(b.id) == ticket.ticketbox).find_map(|b| b.mail_account.clone());
        Self {
            customer,
            phone: contact.phones.first().cloned().unwrap_or_else(|| "anonymous".into()),
            agent: agent_author(desk, agent),
            mailbox: mailbox.unwrap_or_else(|| format!("info@{HELPDESK_DOMAIN}")),
        }
    }
}

pub(super) fn agent_author(desk: &Desk, id: u64) -> Author {
    let agent = desk.dataset.agent(id);
    Author {
        kind: AuthorKind::Agent,
        id: Some(id),
        email: agent.and_then(|agent| agent.email.clone()),
        name: agent.map_or_else(|| "Former colleague".into(), |agent| agent.name.clone()),
    }
}

fn body(desk: &mut Desk, html: bool, sentences: u16) -> Text {
    Text::Prose { prose: Prose { seed: desk.rng.u64(..), sentences, html } }
}

/// A thread of mail or of messages of a social channel. Gives back the time of its last message.
fn thread(desk: &mut Desk, ticket: &mut Ticket, who: &Parties, created: Timestamp) -> Timestamp {
    let mail = ticket.channel == Channel::Email;
    let mut at = created;
    let mut previous: Option<String> = None;
    for place in 0..desk.rng.usize(1..=8) {
        let direction = match (place, desk.rng.u32(..10)) {
            (0, _) => Direction::In,
            (_, 0..2) => Direction::Note,
            (_, 2..6) => Direction::Out,
            _ => Direction::In,
        };
        let mut message = message(desk, who, direction, mail, at);
        if mail && message.direction != Direction::Note {
            let host = if message.direction == Direction::In { "mail.example" } else { HELPDESK_DOMAIN };
            message.in_reply_to = previous.take();
            message.message_id = Some(format!("{}.{}@{host}", message.id, ticket.id));
            previous.clone_from(&message.message_id);
        }
        if desk.chance(if mail { 15 } else { 8 }) {
            let attachment = attachment(desk);
            message.attachments.push(attachment);
        }
        if message.direction == Direction::Out && ticket.first_response.is_none() {
            ticket.first_response = Some(at);
        }
        ticket.messages.push(message);
        at = later(at, desk.rng.i64(60..2 * 86_400));
    }
    ticket.messages.last().and_then(|message| message.sent_at).unwrap_or(created)
}

pub(super) fn message_by(
    desk: &mut Desk,
    author: Author,
    direction: Direction,
    at: Timestamp,
    body: Text,
) -> Message {
    Message { id: desk.id(), direction, author, sent_at: Some(at), body, ..Message::default() }
}

fn message(desk: &mut Desk, who: &Parties, direction: Direction, mail: bool, at: Timestamp) -> Message {
    let html = mail && desk.chance(60);
    let sentences = if mail { desk.rng.u16(1..9) } else { 1 };
    let body = body(desk, html, sentences);
    let author = if direction == Direction::In { &who.customer } else { &who.agent };
    let mut message = message_by(desk, author.clone(), direction, at, body);
    if html {
        message.content_type = ContentType::Html;
    }
    if mail {
        let customer = who.customer.email.clone().into_iter().collect();
        match message.direction {
            Direction::In => message.to = vec![who.mailbox.clone()],
            Direction::Out => message.to = customer,
            _ => {}
        }
        if message.direction == Direction::Out && desk.chance(15) {
            message.cc.push("colleague@mail.example".into());
        }
    }
    message
}

const FILES: &[(&str, &str)] = &[
    ("invoice.pdf", "application/pdf"),
    ("screenshot.png", "image/png"),
    ("Lieferschein.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("log.txt", "text/plain"),
    ("IMG_0042.JPG", "image/jpeg"),
    ("data.csv", "text/csv"),
];

fn attachment(desk: &mut Desk) -> Attachment {
    let (name, mime) = *desk.pick(FILES);
    let size = match desk.rng.u32(..20) {
        0 => desk.rng.u32(100_000..200_000),
        1..6 => desk.rng.u32(10_000..60_000),
        _ => desk.rng.u32(100..10_000),
    };
    file(desk, name, mime, size)
}

/// A file of so many bytes.
pub(super) fn file(desk: &mut Desk, name: &str, mime: &str, size: u32) -> Attachment {
    Attachment {
        id: desk.id(),
        name: name.into(),
        mime: mime.into(),
        content: Content::Drawn(Drawn { seed: desk.rng.u64(..), size }),
        ..Attachment::default()
    }
}

fn calls(desk: &mut Desk, ticket: &mut Ticket, who: &Parties, created: Timestamp) -> Timestamp {
    let mut at = created;
    let mut last = created;
    for _ in 0..desk.rng.usize(1..=2) {
        let answered = desk.chance(80);
        let waiting = desk.rng.i64(3..60);
        let duration = if answered { desk.rng.u32(20..1800) } else { 0 };
        let talk_starts = later(at, waiting);
        let uuid = format!("{:08x}-{:04x}-4000-8000-{:012x}", desk.rng.u32(..), desk.rng.u16(..), ticket.id);
        let ended = later(talk_starts, i64::from(duration));
        ticket.calls.push(CallLeg {
            id: desk.id(),
            direction: if desk.chance(70) { Direction::In } else { Direction::Out },
            queue: ticket.queue,
            agent: if answered { who.agent.id } else { None },
            from: who.phone.clone(),
            to: "+45 70 10 10 10".into(),
            started: Some(at),
            answered: answered.then_some(talk_starts),
            ended: Some(ended),
            duration,
            disposition: if answered { "ANSWERED" } else { "NO ANSWER" }.into(),
            recording_url: answered.then(|| format!("https://pbx.{HELPDESK_DOMAIN}/recordings/{uuid}.mp3")),
            note: (answered && desk.chance(50)).then(|| "Customer will send the serial number.".to_owned()),
            uuid,
        });
        if answered && ticket.first_response.is_none() {
            ticket.first_response = Some(talk_starts);
        }
        last = ended;
        at = later(ended, desk.rng.i64(60..86_400));
    }
    note_after(desk, ticket, who, last)
}

fn note_after(desk: &mut Desk, ticket: &mut Ticket, who: &Parties, last: Timestamp) -> Timestamp {
    if !desk.chance(60) {
        return last;
    }
    let at = later(last, desk.rng.i64(10..600));
    let message = message(desk, who, Direction::Note, false, at);
    ticket.messages.push(message);
    at
}

fn chat(desk: &mut Desk, ticket: &mut Ticket, who: &Parties, created: Timestamp) -> Timestamp {
    let mut at = created;
    for place in 0..desk.rng.usize(4..=12) {
        let customer = place == 0 || desk.chance(50);
        let author = if customer { who.customer.clone() } else { who.agent.clone() };
        if !customer && ticket.first_response.is_none() {
            ticket.first_response = Some(at);
        }
        let text = (*desk.pick(&["Hi", "One moment please 🙂", "It says <error 500>", "ok", "Thanks & bye"]))
            .to_owned();
        let attachments = if desk.chance(4) { vec![attachment(desk)] } else { Vec::new() };
        ticket.chat.push(ChatLine { author, at: Some(at), text, attachments });
        at = later(at, desk.rng.i64(2..180));
    }
    let last = ticket.chat.last().and_then(|line| line.at).unwrap_or(created);
    note_after(desk, ticket, who, last)
}

/// Sets the times that depend on how the ticket ended.
fn finish(desk: &mut Desk, ticket: &mut Ticket, last: Timestamp) {
    let resolved = later(last, desk.rng.i64(60..86_400));
    let closed = later(resolved, desk.rng.i64(0..3 * 86_400));
    match ticket.status {
        Status::Resolved => ticket.resolved = Some(resolved),
        // Every other one comes back by itself.
        Status::OnHold if ticket.id.is_multiple_of(2) => {
            ticket.wakes = Some(later(timestamp(END), 7 * 86_400))
        }
        Status::Closed => (ticket.resolved, ticket.closed) = (Some(resolved), Some(closed)),
        _ => {}
    }
    let latest = [Some(last), ticket.assigned, ticket.resolved, ticket.closed];
    ticket.modified = latest.into_iter().flatten().max();
}
