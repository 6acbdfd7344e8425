//! What a help desk asks of its surroundings: people to seed at the destination, records that can't be moved, a file
//! that is too large for the ordinary run.

use std::collections::HashMap;

use super::cases::persons::is_plain_address;
use crate::dataset::{Attachment, Content, Dataset, Drawn, Priority, Status};

/// Every so-manieth contact is known at the destination.
const KNOWN_EVERY: usize = 17;

/// At most so many are.
const MOST_KNOWN: usize = 40;

/// 2 GiB.
const GIANT: u32 = 1 << 31;

/// A contact that the destination knows before a migration, by an id of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Id of the contact in the help desk.
    pub contact: u64,
    /// The address that both sides have, in lower case.
    pub email: String,
    /// What another system calls the person at the destination.
    pub external_id: String,
}

/// The contacts to seed at the destination so that a migration finds them there: some of those with tickets and an
/// address that nobody else has.
#[must_use]
pub fn matched_contacts(desk: &Dataset) -> Vec<Matched> {
    let mut owners: HashMap<String, usize> = HashMap::new();
    for email in desk.contacts.iter().flat_map(|contact| &contact.emails) {
        *owners.entry(email.to_lowercase()).or_default() += 1;
    }
    let with_tickets: std::collections::HashSet<u64> =
        desk.tickets.iter().filter_map(|ticket| ticket.contact).collect();
    let alone =
        desk.contacts.iter().filter(|contact| with_tickets.contains(&contact.id)).filter_map(|contact| {
            let email = contact.emails.first().filter(|email| is_plain_address(email))?.to_lowercase();
            let only = owners.get(&email) == Some(&1);
            only.then(|| Matched { contact: contact.id, external_id: format!("crm-{}", contact.id), email })
        });
    alone.step_by(KNOWN_EVERY).take(MOST_KNOWN).collect()
}

/// Ids of the tickets that nobody can move without a decision: their state or priority is a word that no list has.
#[must_use]
pub fn expected_quarantine(desk: &Dataset) -> Vec<u64> {
    let odd = desk.tickets.iter().filter(|ticket| {
        matches!(ticket.status, Status::Other(_)) || matches!(ticket.priority, Priority::Other(_))
    });
    odd.map(|ticket| ticket.id).collect()
}

/// Puts a file of 2 GiB on the last message of the first ticket that has one and gives back the file's id. Its bytes
/// are drawn as they are asked for.
pub fn giant_file(desk: &mut Dataset) -> Option<u64> {
    let files = desk.tickets.iter().flat_map(|ticket| ticket.attachments());
    let files = files.chain(desk.standard_responses.iter().flat_map(|response| &response.attachments));
    let files = files.chain(desk.kb_articles.iter().flat_map(|article| &article.attachments));
    let id = files.map(|file| file.id).max().unwrap_or(0) + 1;
    let message = desk.tickets.iter_mut().find_map(|ticket| ticket.messages.last_mut())?;
    message.attachments.push(Attachment {
        id,
        name: "backup.img".into(),
        mime: "application/octet-stream".into(),
        content: Content::Drawn(Drawn { seed: id, size: GIANT }),
        ..Attachment::default()
    });
    Some(id)
}
