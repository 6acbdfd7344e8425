//! What a ticket should look like as a conversation, from the data set alone.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::text::Expected;
use crate::dataset::{Agent, Attachment, Author, Company, Contact, ContentType, Dataset, Direction, Ticket};

/// The data set with what is looked up often.
pub(super) struct Source<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) agents: HashMap<u64, &'a Agent>,
    pub(super) contacts: HashMap<u64, &'a Contact>,
    pub(super) companies: HashMap<u64, &'a Company>,
    /// Tickets that were merged into a ticket, by its id.
    pub(super) merged: HashMap<u64, Vec<&'a Ticket>>,
}

impl<'a> Source<'a> {
    pub(super) fn new(dataset: &'a Dataset) -> Self {
        Self {
            dataset,
            agents: dataset.agents.iter().map(|agent| (agent.id, agent)).collect(),
            contacts: dataset.contacts.iter().map(|contact| (contact.id, contact)).collect(),
            companies: dataset.companies.iter().map(|company| (company.id, company)).collect(),
            merged: super::assignment::merged_into(&dataset.tickets),
        }
    }

    /// Contacts by address in lower case.
    pub(super) fn contacts_by_email(&self) -> HashMap<String, Vec<&'a Contact>> {
        let mut by_email: HashMap<String, Vec<&'a Contact>> = HashMap::new();
        for contact in &self.dataset.contacts {
            for email in &contact.emails {
                by_email.entry(email.trim().to_lowercase()).or_default().push(contact);
            }
        }
        by_email
    }
}

/// Something that was said in a ticket.
pub(super) struct Said<'a> {
    /// Id of the message; lines of chat have none.
    pub(super) message: Option<u64>,
    /// Place among the lines of chat.
    pub(super) line: Option<usize>,
    pub(super) author: &'a Author,
    pub(super) note: bool,
    pub(super) text: Expected,
    /// Unix seconds; none when the source has no time.
    pub(super) at: Option<i64>,
    pub(super) files: Vec<ExpectedFile<'a>>,
}

/// A file that came with it.
pub(super) struct ExpectedFile<'a> {
    pub(super) id: u64,
    pub(super) name: &'a str,
    pub(super) size: u64,
    content: &'a Attachment,
}

impl ExpectedFile<'_> {
    /// Drawn anew: the bytes are not kept.
    pub(super) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.content.bytes()).into()
    }
}

impl Said<'_> {
    /// How findings name it, and what a list must say to mean it: the message's id, or `chat` and the place from 1.
    pub(super) fn place_word(&self) -> String {
        match (self.message, self.line) {
            (Some(id), _) => id.to_string(),
            (None, Some(line)) => format!("chat {}", line + 1),
            _ => String::new(),
        }
    }
}

/// Whether a ticket is one that is moved at all.
pub(super) fn is_moved(ticket: &Ticket) -> bool {
    !ticket.spam && !ticket.deleted && ticket.merged_into.is_none()
}

/// Everything said in a ticket, by time, in the order of the source where times are equal or absent.
pub(super) fn thread(ticket: &Ticket) -> Vec<Said<'_>> {
    let messages = ticket.messages.iter().map(|message| Said {
        message: Some(message.id),
        line: None,
        author: &message.author,
        note: message.direction == Direction::Note,
        text: Expected::new(&message.body.text(), message.content_type == ContentType::Html),
        at: message.sent_at.map(|at| at.as_second()),
        files: files(&message.attachments),
    });
    let lines = ticket.chat.iter().enumerate().map(|(place, line)| Said {
        message: None,
        line: Some(place),
        author: &line.author,
        note: false,
        text: Expected::new(&line.text, false),
        at: line.at.map(|at| at.as_second()),
        files: files(&line.attachments),
    });
    let mut last = i64::MIN;
    let mut all: Vec<(i64, Said<'_>)> = Vec::new();
    for said in messages.chain(lines) {
        last = said.at.unwrap_or(last);
        all.push((last, said));
    }
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, said)| said).collect()
}

fn files(attachments: &[Attachment]) -> Vec<ExpectedFile<'_>> {
    attachments.iter().map(file).collect()
}

fn file(content: &Attachment) -> ExpectedFile<'_> {
    ExpectedFile { id: content.id, name: &content.name, size: content.size(), content }
}

/// Name of a file without the path that some came with.
pub(super) fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name).trim()
}
