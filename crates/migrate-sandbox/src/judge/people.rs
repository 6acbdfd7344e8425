//! Contacts: who is who at the destination, and what became of their fields.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::text::Squeezed;
use super::{Court, Subject, What};
use crate::dataset::{Contact, Ticket};
use crate::intercom::store;

impl<'a> Court<'a> {
    /// The contacts at the destination that are this person: by an address, else by the id of the source.
    pub(super) fn matches(&self, contact: &Contact) -> Vec<u32> {
        let ws = self.ws;
        let mut found: Vec<u32> = Vec::new();
        let mut add = |index: u32, it: &store::Contact| {
            if !it.archived && it.merged_into.is_none() && !found.contains(&index) {
                found.push(index);
            }
        };
        for email in &contact.emails {
            ws.contacts.with_email(email.trim()).for_each(|(index, it)| add(index, it));
        }
        let external = format!("focalscope:contact:{}", contact.id);
        ws.contacts.with_external_id(&external).for_each(|(index, it)| add(index, it));
        if found.is_empty() {
            let id = contact.id.to_string();
            let by_attribute = ws.contacts.iter().filter(|(_, it)| self.source_id(it) == Some(id.as_str()));
            return by_attribute.map(|(index, _)| index).collect();
        }
        found
    }

    fn source_id<'b>(&self, contact: &'b store::Contact) -> Option<&'b str> {
        let attribute = contact.attributes.iter().find(|(name, _)| **name == *self.options.contact_attribute);
        attribute.and_then(|(_, value)| value.as_str())
    }

    /// Compares the contacts of the tickets that arrived.
    pub(super) fn compare_people(&mut self, arrived: &[&Ticket]) {
        let ids: BTreeSet<u64> = arrived.iter().filter_map(|ticket| ticket.contact).collect();
        let people: Vec<&'a Contact> =
            ids.iter().filter_map(|id| self.source.contacts.get(id).copied()).collect();
        let mut sharing: HashMap<u32, Vec<&'a Contact>> = HashMap::new();
        let mut reported: BTreeMap<Vec<u32>, ()> = BTreeMap::new();
        for contact in people {
            let found = self.matches(contact);
            let subject = Subject::alone("contact", contact.id);
            match found.as_slice() {
                [] => self.find(What::Lost, &subject, "", "no contact at the destination"),
                [one] => sharing.entry(*one).or_default().push(contact),
                several => {
                    if reported.insert(several.to_vec(), ()).is_none() {
                        let detail = format!("{} contacts at the destination", several.len());
                        self.find(What::Doubled, &subject, "", &detail);
                    }
                }
            }
        }
        let mut sharing: Vec<(u32, Vec<&Contact>)> = sharing.into_iter().collect();
        sharing.sort_by_key(|(index, _)| *index);
        let by_email = self.source.contacts_by_email();
        for (index, mut contacts) in sharing {
            // Whoever else has the address may have given the contact its fields.
            for email in contacts.iter().flat_map(|contact| &contact.emails).collect::<Vec<_>>() {
                contacts.extend(by_email.get(&email.trim().to_lowercase()).into_iter().flatten());
            }
            self.compare_person(index, &contacts);
        }
    }

    /// Compares a contact with those of the source that became it: each field must be one of theirs.
    fn compare_person(&mut self, index: u32, contacts: &[&'a Contact]) {
        let (Some(it), Some(first)) = (self.ws.contacts.get(index), contacts.first()) else { return };
        // What was there before keeps its fields, except those that were agreed on.
        if self.first_call.is_some_and(|first| it.created_at < first) {
            return;
        }
        let also = contacts.iter().map(|contact| contact.id.to_string()).collect();
        let subject = Subject { also, ..Subject::alone("contact", first.id) };
        let names: Vec<String> = contacts.iter().map(|c| Squeezed::of_plain(&c.name).0).collect();
        let name = Squeezed::of_plain(it.name.as_deref().unwrap_or_default()).0;
        let known = names.contains(&name) || names.iter().all(String::is_empty);
        self.check(known, &subject, "name", || "another name".into());
        let emails: Vec<&String> =
            contacts.iter().flat_map(|c| &c.emails).filter(|e| !e.trim().is_empty()).collect();
        let kept = match &it.email {
            Some(email) => emails.iter().any(|known| known.trim().eq_ignore_ascii_case(email.trim())),
            None => emails.is_empty(),
        };
        self.check(kept, &subject, "email", || "another address, or none".into());
        let kept = contacts.iter().any(|contact| keeps_phone(contact, it.phone.as_deref()));
        self.check(kept, &subject, "phone", || "another number, or none".into());
        self.check(!it.lead, &subject, "role", || "a lead".into());
    }
}

/// Whether a number is one of the contact's, or none when the contact has none.
fn keeps_phone(contact: &Contact, found: Option<&str>) -> bool {
    let mut numbers =
        contact.phones.iter().map(|phone| tail_of_number(phone)).filter(|digits| digits.len() >= 5);
    match found {
        Some(found) => numbers.any(|digits| digits == tail_of_number(found)),
        None => numbers.next().is_none(),
    }
}

/// The last seven digits: what stays the same when a number is written in another form.
fn tail_of_number(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(7)..].iter().collect()
}
