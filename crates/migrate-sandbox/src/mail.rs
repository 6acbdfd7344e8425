//! Makes a help desk of a folder of `.eml` files: threads by `Message-ID`, `References` and `In-Reply-To`.
//!
//! Broken mail is data, too: what can't be read as mail at all becomes a ticket that holds its text.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use mail_parser::{Address, HeaderValue, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::dataset::{
    Agent, Attachment, Author, AuthorKind, Channel, Contact, Content, ContentType, Dataset, Direction, Group,
    Message, Queue, QueueMember, Status, Text, Ticket, Ticketbox,
};

/// What the loader can't see in the files.
#[derive(Debug, Clone, Default)]
pub struct MailSettings {
    /// Domain of the help desk's own addresses. Without it, the domain of the first recipient of the first file.
    pub domain: Option<String>,
}

/// Mail without a readable `Date` counts as received at this time, each a second after the one before:
/// 2026-01-05T08:00:00Z.
const RECEIVED: i64 = 1_767_600_000;

const GROUP: u64 = 1;
const TICKETBOX: u64 = 201;
const QUEUE: u64 = 301;

/// Reads every file of `folder` whose name ends in `.eml`, in order of name.
///
/// # Errors
/// The folder or a file can't be read. What a file holds is never an error.
pub fn load(folder: &Path, settings: &MailSettings) -> io::Result<Dataset> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("eml")) {
            files.push(path);
        }
    }
    files.sort();
    let mut mails = Vec::with_capacity(files.len());
    for (place, file) in files.iter().enumerate() {
        mails.push(Mail::read(&std::fs::read(file)?, place));
    }
    Ok(desk(mails, settings))
}

/// A person or mailbox in a header.
#[derive(Debug, Clone, Default, PartialEq)]
struct Person {
    name: String,
    email: Option<String>,
}

#[derive(Debug)]
struct Mail {
    id: Option<String>,
    /// `References` and `In-Reply-To`.
    earlier: Vec<String>,
    in_reply_to: Option<String>,
    from: Person,
    to: Vec<Person>,
    cc: Vec<Person>,
    sent_at: Timestamp,
    subject: String,
    content_type: ContentType,
    body: String,
    attachments: Vec<Attachment>,
}

impl Mail {
    fn read(bytes: &[u8], place: usize) -> Self {
        let received = Timestamp::from_second(RECEIVED + place as i64).unwrap_or(Timestamp::UNIX_EPOCH);
        match MessageParser::default().parse(bytes) {
            Some(message) => {
                let mail = Self::parsed(&message, received);
                if mail.says_nothing() { Self::raw(bytes, received) } else { mail }
            }
            None => Self::raw(bytes, received),
        }
    }

    /// The parser takes any line for a header that it does not know; a file of those alone is no mail.
    fn says_nothing(&self) -> bool {
        let nobody = self.from == Person::default() && self.to.is_empty();
        nobody && self.subject.is_empty() && self.body.trim().is_empty() && self.attachments.is_empty()
    }

    fn raw(bytes: &[u8], received: Timestamp) -> Self {
        Self {
            id: None,
            earlier: Vec::new(),
            in_reply_to: None,
            from: Person::default(),
            to: Vec::new(),
            cc: Vec::new(),
            sent_at: received,
            subject: String::new(),
            content_type: ContentType::Text,
            body: String::from_utf8_lossy(bytes).into_owned(),
            attachments: Vec::new(),
        }
    }

    fn parsed(message: &mail_parser::Message<'_>, received: Timestamp) -> Self {
        let in_reply_to = ids(message.in_reply_to());
        let mut earlier = ids(message.references());
        earlier.extend(in_reply_to.iter().cloned());
        let (content_type, body) = body(message);
        let mut attachments = attachments(message);
        for attachment in &mut attachments {
            attachment.inline |=
                attachment.content_id.as_ref().is_some_and(|id| body.contains(&format!("cid:{id}")));
        }
        Self {
            id: message.message_id().map(str::to_owned).filter(|id| !id.is_empty()),
            in_reply_to: in_reply_to.into_iter().next(),
            earlier,
            from: people(message.from()).into_iter().next().unwrap_or_default(),
            to: people(message.to()),
            cc: people(message.cc()),
            sent_at: message.date().and_then(time).unwrap_or(received),
            subject: message.subject().unwrap_or_default().to_owned(),
            content_type,
            body,
            attachments,
        }
    }
}

fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let ids: Vec<String> = match header {
        HeaderValue::Text(id) => vec![id.to_string()],
        HeaderValue::TextList(ids) => ids.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    ids.into_iter().filter(|id| !id.is_empty()).collect()
}

fn people(address: Option<&Address<'_>>) -> Vec<Person> {
    let all = address.into_iter().flat_map(Address::iter);
    let person = |addr: &mail_parser::Addr<'_>| Person {
        name: addr.name.as_deref().unwrap_or_default().trim().to_owned(),
        email: addr.address.as_deref().map(str::trim).filter(|email| email.contains('@')).map(str::to_owned),
    };
    all.map(person).filter(|person| *person != Person::default()).collect()
}

/// A date that the calendar does not have is none.
fn time(date: &mail_parser::DateTime) -> Option<Timestamp> {
    let parts = [date.month, date.day, date.hour, date.minute, date.second].map(i8::try_from);
    let [Ok(month), Ok(day), Ok(hour), Ok(minute), Ok(second)] = parts else { return None };
    let year = i16::try_from(date.year).ok()?;
    let local = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    let east = i32::from(date.tz_hour) * 3600 + i32::from(date.tz_minute) * 60;
    let offset = Offset::from_seconds(if date.tz_before_gmt { -east } else { east }).ok()?;
    Some(local.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp())
}

/// HTML where the sender wrote some, else text.
fn body(message: &mail_parser::Message<'_>) -> (ContentType, String) {
    let is_html = |part: &MessagePart<'_>| matches!(part.body, PartType::Html(_));
    if message.html_bodies().any(is_html) {
        let parts = (0..message.html_body_count()).filter_map(|place| message.body_html(place));
        return (ContentType::Html, parts.collect());
    }
    let parts: Vec<_> = (0..message.text_body_count()).filter_map(|place| message.body_text(place)).collect();
    (ContentType::Text, parts.join("\n"))
}

fn attachments(message: &mail_parser::Message<'_>) -> Vec<Attachment> {
    let listed = |place: usize| message.attachments.iter().any(|listed| *listed as usize == place);
    let binary = |part: &MessagePart<'_>| {
        matches!(part.body, PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_))
    };
    let parts = message.parts.iter().enumerate();
    parts.filter(|(place, part)| binary(part) || listed(*place)).map(|(_, part)| attachment(part)).collect()
}

fn attachment(part: &MessagePart<'_>) -> Attachment {
    let mime = part.content_type().map(|declared| {
        format!("{}/{}", declared.ctype(), declared.subtype().unwrap_or("octet-stream")).to_ascii_lowercase()
    });
    let fallback = if part.is_message() { "message/rfc822" } else { "application/octet-stream" };
    let name = part.attachment_name().map(str::to_owned);
    let content_id = part.content_id().map(str::to_owned).filter(|id| !id.is_empty());
    Attachment {
        id: 0,
        name: name.unwrap_or_else(|| if part.is_message() { "message.eml".into() } else { String::new() }),
        mime: mime.unwrap_or_else(|| fallback.to_owned()),
        inline: matches!(part.body, PartType::InlineBinary(_)) && content_id.is_some(),
        content_id,
        content: Content::Bytes(part.contents().to_vec()),
        ..Attachment::default()
    }
}

/// The threads, each a list of indexes of mails: two mails belong together when they name a common id.
fn threads(mails: &[Mail]) -> Vec<Vec<usize>> {
    let mut parents: Vec<usize> = (0..mails.len()).collect();
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (index, mail) in mails.iter().enumerate() {
        for id in mail.id.iter().chain(&mail.earlier) {
            let other = *first.entry(id).or_insert(index);
            let (a, b) = (root(&mut parents, index), root(&mut parents, other));
            parents[a.max(b)] = a.min(b);
        }
    }
    let mut threads: Vec<Vec<usize>> = vec![Vec::new(); mails.len()];
    for index in 0..mails.len() {
        threads[root(&mut parents, index)].push(index);
    }
    threads.retain(|thread| !thread.is_empty());
    threads
}

fn root(parents: &mut [usize], mut index: usize) -> usize {
    while parents[index] != index {
        parents[index] = parents[parents[index]];
        index = parents[index];
    }
    index
}

fn domain(email: &str) -> Option<String> {
    email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase())
}

/// Those who wrote or were written to, sorted into agents and contacts.
#[derive(Default)]
struct People {
    domain: Option<String>,
    agents: Vec<Agent>,
    contacts: Vec<Contact>,
    known: HashMap<String, Author>,
}

impl People {
    fn is_ours(&self, email: &str) -> bool {
        self.domain.is_some() && domain(email) == self.domain
    }

    fn author(&mut self, person: &Person, at: Timestamp) -> Author {
        let email = person.email.clone();
        let key = email.as_deref().unwrap_or(&person.name).to_lowercase();
        if key.is_empty() {
            return Author { kind: AuthorKind::Contact, ..Author::default() };
        }
        let mut author = match self.known.get(&key) {
            Some(known) => known.clone(),
            None => self.add(key, person, at),
        };
        author.email = email;
        if !person.name.is_empty() {
            author.name.clone_from(&person.name);
        }
        author
    }

    fn add(&mut self, key: String, person: &Person, at: Timestamp) -> Author {
        let ours = person.email.as_deref().filter(|email| self.is_ours(email)).map(str::to_owned);
        let name = if person.name.is_empty() { key.clone() } else { person.name.clone() };
        let (kind, id) = match ours {
            Some(email) => {
                let id = self.agents.len() as u64 + 1;
                let login = email.split('@').next().unwrap_or_default().to_owned();
                let (name, email) = (name.clone(), Some(email));
                self.agents.push(Agent { id, login, name, email, groups: vec![GROUP], ..Agent::default() });
                (AuthorKind::Agent, id)
            }
            None => {
                let id = self.contacts.len() as u64 + 10_001;
                let emails = person.email.clone().into_iter().collect();
                let (created, modified) = (Some(at), Some(at));
                self.contacts.push(Contact {
                    id,
                    name: name.clone(),
                    emails,
                    created,
                    modified,
                    ..Contact::default()
                });
                (AuthorKind::Contact, id)
            }
        };
        let author = Author { kind, id: Some(id), email: None, name };
        self.known.insert(key, author.clone());
        author
    }
}

fn desk(mails: Vec<Mail>, settings: &MailSettings) -> Dataset {
    let first = mails.iter().flat_map(|mail| &mail.to).find_map(|person| person.email.clone());
    let ours = settings.domain.as_ref().map(|domain| domain.to_ascii_lowercase());
    let mut people = People { domain: ours.or_else(|| domain(first.as_deref()?)), ..People::default() };
    let threads = threads(&mails);
    let mut mails: Vec<Option<Mail>> = mails.into_iter().map(Some).collect();
    let mut tickets = Vec::with_capacity(threads.len());
    let mut last_id = 0;
    for (place, thread) in threads.into_iter().enumerate() {
        let thread = thread.into_iter().filter_map(|index| mails[index].take()).collect();
        tickets.push(ticket(place, thread, &mut people, &mut last_id));
    }
    let members = people.agents.iter().map(|agent| QueueMember { agent: agent.id, max: None }).collect();
    let mailbox = first.filter(|email| people.is_ours(email));
    Dataset {
        groups: vec![Group { id: GROUP, name: "Agents".into() }],
        ticketboxes: vec![Ticketbox {
            id: TICKETBOX,
            name: "Inbox".into(),
            mail_account: mailbox,
            ..Ticketbox::default()
        }],
        queues: vec![Queue {
            id: QUEUE,
            name: "Inbox".into(),
            ticketboxes: vec![TICKETBOX],
            members,
            ..Queue::default()
        }],
        agents: people.agents,
        contacts: people.contacts,
        tickets,
        ..Dataset::default()
    }
}

/// One ticket of a thread; the states take turns.
fn ticket(place: usize, mut thread: Vec<Mail>, people: &mut People, last_id: &mut u64) -> Ticket {
    thread.sort_by_key(|mail| mail.sent_at);
    let contact = customer(&thread, people);
    let created = thread.first().map(|mail| mail.sent_at);
    let last = thread.last().map(|mail| mail.sent_at);
    let status = Status::ALL[place % Status::ALL.len()].clone();
    let done = last.and_then(|at| at.checked_add(SignedDuration::from_hours(1)).ok());
    let subject = thread.first().map(|mail| mail.subject.clone()).unwrap_or_default();
    let messages: Vec<Message> =
        thread.into_iter().map(|mail| message(mail, &subject, people, last_id)).collect();
    let mut answers = messages.iter().filter(|message| message.direction == Direction::Out);
    Ticket {
        id: 1001 + place as u64,
        number: format!("FS-{:06}", 100_001 + place),
        subject,
        channel: Channel::Email,
        ticketbox: Some(TICKETBOX),
        queue: Some(QUEUE),
        agent: answers.clone().find_map(|message| message.author.id),
        contact,
        created,
        modified: if matches!(status, Status::Resolved | Status::Closed) { done } else { last },
        first_response: answers.find_map(|message| message.sent_at),
        resolved: done.filter(|_| matches!(status, Status::Resolved | Status::Closed)),
        closed: done.filter(|_| status == Status::Closed),
        status,
        messages,
        ..Ticket::default()
    }
}

/// The first who wrote and is not of the help desk, else the first who was written to.
fn customer(thread: &[Mail], people: &mut People) -> Option<u64> {
    let authors = thread.iter().map(|mail| (&mail.from, mail.sent_at));
    let recipients =
        thread.iter().flat_map(|mail| mail.to.iter().chain(&mail.cc).map(|to| (to, mail.sent_at)));
    for (person, at) in authors.chain(recipients) {
        let author = people.author(person, at);
        if author.kind == AuthorKind::Contact && author.id.is_some() {
            return author.id;
        }
    }
    None
}

fn message(mail: Mail, ticket_subject: &str, people: &mut People, last_id: &mut u64) -> Message {
    let author = people.author(&mail.from, mail.sent_at);
    let emails = |people: Vec<Person>| people.into_iter().filter_map(|person| person.email).collect();
    let mut next = || {
        *last_id += 1;
        *last_id
    };
    let id = next();
    let mut attachments = mail.attachments;
    for attachment in &mut attachments {
        attachment.id = next();
    }
    Message {
        id,
        direction: if author.kind == AuthorKind::Agent { Direction::Out } else { Direction::In },
        author,
        to: emails(mail.to),
        cc: emails(mail.cc),
        sent_at: Some(mail.sent_at),
        subject: Some(mail.subject).filter(|subject| subject != ticket_subject),
        content_type: mail.content_type,
        body: Text::Real(mail.body),
        message_id: mail.id,
        in_reply_to: mail.in_reply_to,
        attachments,
        ..Message::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(mails: &[&str]) -> Dataset {
        let mails =
            mails.iter().enumerate().map(|(place, mail)| Mail::read(mail.as_bytes(), place)).collect();
        desk(mails, &MailSettings::default())
    }

    const QUESTION: &str = "From: Ann <Ann@shop.example>\r\nTo: help@desk.example\r\nSubject: Lost\r\n\
        Date: Fri, 19 May 2000 00:29:55 -0400\r\nMessage-ID: <1@shop.example>\r\n\r\nWhere is it?\r\n";
    const ANSWER: &str = "From: Bo <bo@desk.example>\r\nTo: ann@shop.example\r\nSubject: Re: Lost\r\n\
        Date: Fri, 19 May 2000 05:29:55 +0000\r\nMessage-ID: <2@desk.example>\r\nIn-Reply-To: <1@shop.example>\r\n\
        Content-Type: text/html\r\n\r\n<p>Here</p>\r\n";

    #[test]
    fn an_answer_joins_the_thread_of_its_question_whichever_file_comes_first() {
        for mails in [[QUESTION, ANSWER], [ANSWER, QUESTION]] {
            let settings = MailSettings { domain: Some("desk.example".into()) };
            let mails = mails.iter().enumerate().map(|(place, mail)| Mail::read(mail.as_bytes(), place));
            let desk = desk(mails.collect(), &settings);
            assert_eq!(desk.tickets.len(), 1);
            let ticket = &desk.tickets[0];
            let directions: Vec<_> =
                ticket.messages.iter().map(|message| message.direction.as_str()).collect();
            assert_eq!(directions, ["in", "out"]);
            assert_eq!(ticket.subject, "Lost");
            assert_eq!(ticket.created, "2000-05-19T04:29:55Z".parse().ok());
            assert_eq!(desk.contact(ticket.contact.unwrap()).unwrap().emails, ["Ann@shop.example"]);
            assert_eq!(desk.agent(ticket.messages[1].author.id.unwrap()).unwrap().login, "bo");
            assert_eq!(ticket.messages[1].content_type, ContentType::Html);
        }
    }

    #[test]
    fn siblings_that_name_a_lost_parent_are_one_thread() {
        let sibling = |id: &str| {
            format!("From: a@shop.example\r\nMessage-ID: <{id}>\r\nReferences: <lost@x> <lost2@x>\r\n\r\nhi")
        };
        assert_eq!(of(&[&sibling("a@x"), &sibling("b@x"), QUESTION]).tickets.len(), 2);
    }

    #[test]
    fn what_is_no_mail_is_a_ticket_with_its_text() {
        let desk = of(&["", "\u{0}\u{1}", "just text\nwithout any header"]);
        assert_eq!(desk.tickets.len(), 3);
        assert!(
            desk.tickets.iter().any(|ticket| ticket.messages[0].body.text().contains("without any header"))
        );
    }

    proptest::proptest! {
        #[test]
        fn no_mail_makes_the_loader_panic(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "From: a@x.example", "To: =?utf-8?q?=E9?= <b@y.example>", "Date: 99 Foo -1 99:99:99 +9999", "Date: Sun, 31 Feb 2020 10:00:00 +0100",
                    "Message-ID: <", "In-Reply-To: <a> <b>", "References: ,,,", "Content-Type: multipart/mixed; boundary=x", "Content-Type: text/html; charset=nope",
                    "Content-Transfer-Encoding: base64", "--x", "--x--", "", "\u{0}\u{FFFD}", "=?x?b?", "Content-ID: <c>", "Content-Type: message/rfc822", "cid:c",
                ]),
                0..30,
            )
        ) {
            let mails = vec![Mail::read(parts.join("\r\n").as_bytes(), 0), Mail::read(parts.join("\n").as_bytes(), 1)];
            let made = desk(mails, &MailSettings::default());
            proptest::prop_assert_eq!(made.tickets.iter().map(|ticket| ticket.messages.len()).sum::<usize>(), 2);
        }
    }

    #[test]
    fn a_folder_of_real_and_broken_mail_loads_whole() {
        let shared = std::env::var_os("MIGRATION_SHARED").map(PathBuf::from);
        let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"));
        let folder = shared.join("data/mail");
        let Ok(files) = std::fs::read_dir(&folder) else {
            eprintln!("skipped: there is no folder of mail");
            return;
        };
        let files =
            files.filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|e| e == "eml"));
        let desk = load(&folder, &MailSettings::default()).unwrap();
        let messages: usize = desk.tickets.iter().map(|ticket| ticket.messages.len()).sum();
        assert_eq!(messages, files.count(), "each file is a message");
        assert!(desk.tickets.iter().any(|ticket| ticket.attachments().any(|file| file.size() > 0)));
        assert!(!desk.contacts.is_empty());
    }
}
