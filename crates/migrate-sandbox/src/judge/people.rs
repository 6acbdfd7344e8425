//! Contacts: who is who at the destination, and what became of their fields.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::text::Squeezed;
use super::values::Wanted;
use super::{Court, Subject, What};
use crate::dataset::{Contact, Ticket};
use crate::intercom::store::{self, Workspace};

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
            return self.by_source_id.get(id.as_str()).cloned().unwrap_or_default();
        }
        found
    }

    /// Compares the contacts of the tickets that arrived, and says who they became.
    pub(super) fn compare_people(&mut self, arrived: &[&Ticket]) -> Vec<(u32, &'a Contact)> {
        let ids: BTreeSet<u64> = arrived.iter().filter_map(|ticket| ticket.contact).collect();
        let people: Vec<&'a Contact> =
            ids.iter().filter_map(|id| self.source.contacts.get(id).copied()).collect();
        let mut became: Vec<(u32, &'a Contact)> = Vec::new();
        let mut sharing: HashMap<u32, Vec<&'a Contact>> = HashMap::new();
        let mut reported: BTreeMap<Vec<u32>, ()> = BTreeMap::new();
        for contact in people {
            let found = self.matches(contact);
            became.extend(found.first().map(|index| (*index, contact)));
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
        for (index, own) in sharing {
            let mut contacts = own.clone();
            // Whoever else has the address may have given the contact its fields.
            for email in contacts.iter().flat_map(|contact| &contact.emails).collect::<Vec<_>>() {
                contacts.extend(by_email.get(&email.trim().to_lowercase()).into_iter().flatten());
            }
            self.compare_person(index, &own, &contacts);
        }
        became
    }

    /// What a contact of the source had must be there, or be listed for that contact.
    fn compare_own_fields(&mut self, it: &store::Contact, contact: &Contact) {
        let subject = Subject::alone("contact", contact.id);
        self.compare_fields(&contact.custom_fields, &it.attributes, &subject);
        let company = contact.company.and_then(|id| self.source.companies.get(&id).copied());
        // Whoever belongs to the company itself needs no attribute with its name.
        if let Some(company) = company.filter(|company| !company.name.trim().is_empty())
            && !self.belongs_to(it, &company.name)
        {
            self.compare_value("company", Wanted::Text(&company.name), &it.attributes, &subject);
        }
    }

    /// Whether a contact was in the workspace before the run.
    fn was_there(&self, it: &store::Contact) -> bool {
        self.first_call.is_some_and(|first| it.created_at < first)
    }

    /// Compares a contact with those of the source that became it: each field must be one of theirs.
    /// `own`: those whose tickets arrived.
    fn compare_person(&mut self, index: u32, own: &[&'a Contact], contacts: &[&'a Contact]) {
        let ws = self.ws;
        let (Some(it), Some(first)) = (ws.contacts.get(index), contacts.first()) else { return };
        // What was there before keeps its fields, except those that were agreed on.
        if self.was_there(it) {
            return;
        }
        let also = contacts.iter().map(|contact| contact.id.to_string()).collect();
        let subject = Subject { also, ..Subject::alone("contact", first.id) };
        let names: Vec<String> = contacts.iter().map(|c| Squeezed::of_plain(&c.name).0).collect();
        let name = Squeezed::of_plain(it.name.as_deref().unwrap_or_default()).0;
        let known = names.contains(&name) || name.is_empty();
        self.check(known, &subject, "name", || "another name".into());
        let phone = it.phone.as_deref();
        let somebodys = phone.is_none() || contacts.iter().any(|contact| keeps_phone(contact, phone));
        self.check(somebodys, &subject, "phone", || "a number that is nobody's".into());
        for contact in own {
            let wanted = Squeezed::of_plain(&contact.name).0;
            let kept = wanted.is_empty() || wanted == name || !known;
            let alone = Subject::alone("contact", contact.id);
            self.check(kept, &alone, "name", || "another's name, or none".into());
            let kept = contact.phones.is_empty() || !somebodys || keeps_phone(contact, phone);
            self.check(kept, &alone, "phone", || "another number, or none".into());
            self.compare_own_fields(it, contact);
        }
        let emails: Vec<&String> =
            contacts.iter().flat_map(|c| &c.emails).filter(|e| !e.trim().is_empty()).collect();
        let kept = match &it.email {
            Some(email) => emails.iter().any(|known| address(known).eq_ignore_ascii_case(email.trim())),
            None => emails.is_empty(),
        };
        self.check(kept, &subject, "email", || "another address, or none".into());
        self.check(!it.lead, &subject, "role", || "a lead".into());
    }
}

/// The address of `Bo <bo@mail.example>`; what has no angle brackets is one by itself.
fn address(email: &str) -> &str {
    let within = email.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    within.map_or(email, |(_, address)| address).trim()
}

/// Contacts by the attribute that holds their id at the source.
pub(super) fn by_source_id<'b>(ws: &'b Workspace, attribute: &str) -> HashMap<&'b str, Vec<u32>> {
    let mut out: HashMap<&str, Vec<u32>> = HashMap::new();
    for (index, it) in ws.contacts.iter() {
        let held = it.attributes.iter().find(|(name, _)| **name == *attribute);
        if let Some(id) = held.and_then(|(_, value)| value.as_str()) {
            out.entry(id).or_default().push(index);
        }
    }
    out
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
