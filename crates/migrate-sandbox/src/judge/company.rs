//! Organisations of the contacts that were moved, and what agents wrote about these contacts.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::text::{Expected, Fit, Read, Squeezed};
use super::{Court, Owner, Subject, What};
use crate::dataset::{Company, Contact, ContactNote};
use crate::intercom::store::{self, About, Note};

/// What stands before a company's id in its key.
const KEY: &str = "focalscope:org:";
/// Hours that the clocks of two zones may be apart.
const ZONES_APART: i64 = 14;

impl<'a> Court<'a> {
    /// Each company of a contact that arrived is there once, with its name, and the contact belongs to it.
    pub(super) fn compare_companies(&mut self, people: &[(u32, &'a Contact)]) {
        let ws = self.ws;
        let mut members: BTreeMap<u64, Vec<(u32, &Contact)>> = BTreeMap::new();
        for (index, contact) in people {
            if let Some(company) = contact.company.filter(|id| self.source.companies.contains_key(id)) {
                members.entry(company).or_default().push((*index, contact));
            }
        }
        self.verdict.source.companies = members.len() as u64;
        for (id, members) in members {
            let Some(company) = self.source.companies.get(&id).copied() else { continue };
            self.compare_company(company, &members);
        }
        for (_, it) in ws.live_companies() {
            let Some(id) = it.company_id.strip_prefix(KEY) else { continue };
            let known = id.parse().is_ok_and(|id: u64| self.source.companies.contains_key(&id));
            if !known {
                self.find(
                    What::Doubled,
                    &Subject::alone("company", id),
                    "",
                    "the source has no such company",
                );
            }
        }
    }

    fn compare_company(&mut self, company: &Company, members: &[(u32, &Contact)]) {
        let ws = self.ws;
        let key = format!("{KEY}{}", company.id);
        let subject = Subject::alone("company", company.id);
        let found: Vec<&store::Company> =
            ws.live_companies().map(|(_, it)| it).filter(|it| it.company_id == key).collect();
        let Some(first) = found.first() else {
            // Whose company is listed as left out needs none.
            let excused = |contact: &Contact| {
                let contact = Subject::alone("contact", contact.id);
                self.explanations.explain(What::FieldDifference, &contact, "company")
            };
            if members.iter().all(|(_, contact)| excused(contact)) {
                self.verdict.explained += 1;
            } else {
                self.find(What::Lost, &subject, "", "no company has its key");
            }
            return;
        };
        if found.len() > 1 {
            let detail = format!("{} companies have its key", found.len());
            self.find(What::Doubled, &subject, "", &detail);
        }
        let wanted = Squeezed::of_plain(&company.name);
        let name = Squeezed::of_plain(first.name.as_deref().unwrap_or_default());
        let same = wanted == name || wanted.is_empty();
        self.check(same, &subject, "name", || "another name".into());
        for (index, contact) in members {
            let belongs = found.iter().any(|it| it.members.contains(index));
            let subject = Subject::alone("contact", contact.id);
            self.check(belongs, &subject, "company", || format!("does not belong to company {}", company.id));
        }
    }

    /// Whether a contact belongs to a company of this name.
    pub(super) fn belongs_to(&self, it: &store::Contact, name: &str) -> bool {
        let wanted = Squeezed::of_plain(name);
        let index = self.ws.contacts.index(&it.id);
        let own =
            self.ws.live_companies().filter(|(_, it)| index.is_some_and(|index| it.members.contains(&index)));
        own.into_iter().any(|(_, it)| it.name.as_deref().map(Squeezed::of_plain) == Some(wanted.clone()))
    }

    /// Each note on a contact that arrived is there once, with its date and its author. Those of people who were there
    /// before may be listed instead.
    pub(super) fn compare_notes(&mut self, people: &[(u32, &'a Contact)]) {
        let ws = self.ws;
        let mut by_contact: BTreeMap<u32, Vec<(&Note, Read)>> = BTreeMap::new();
        for note in ws.notes.values() {
            if let About::Contact(index) = note.about {
                by_contact.entry(index).or_default().push((note, Read::of_html(&note.body)));
            }
        }
        let by_email = self.source.contacts_by_email();
        let mut used: BTreeSet<u64> = BTreeSet::new();
        for (index, contact) in people {
            // Those who share an address become one, and so do the lists of their notes.
            let mut one: BTreeMap<u64, usize> = BTreeMap::from([(contact.id, contact.notes.len())]);
            for email in &contact.emails {
                let sharing = by_email.get(&email.trim().to_lowercase()).into_iter().flatten();
                one.extend(sharing.map(|other| (other.id, other.notes.len())));
            }
            let held = by_contact.get(index).map_or(&[][..], Vec::as_slice);
            for (place, note) in contact.notes.iter().enumerate() {
                if note.text.trim().is_empty() {
                    continue;
                }
                self.verdict.source.contact_notes += 1;
                let parts = match one.len() {
                    1 => vec![format!("note:{}", place + 1)],
                    _ => (1..=one.values().sum()).map(|number: usize| format!("note:{number}")).collect(),
                };
                let ids = one.keys().map(u64::to_string).collect();
                let owner = Some(Owner { kind: "contact", ids, field: "notes" });
                let id = format!("{}/{}", contact.id, place + 1);
                let subject = Subject { owner, parts, ..Subject::alone("contact_note", id) };
                self.compare_note(&subject, note, held, &mut used);
            }
        }
        self.notes_too_many(people, &by_contact, &used);
    }

    /// What is left over must be a note of somebody: of one who shares an address, or who has no ticket.
    fn notes_too_many(
        &mut self,
        people: &[(u32, &'a Contact)],
        by_contact: &BTreeMap<u32, Vec<(&Note, Read)>>,
        used: &BTreeSet<u64>,
    ) {
        let dataset = self.source.dataset;
        let compared: BTreeSet<u64> = people.iter().map(|(_, contact)| contact.id).collect();
        let others = dataset.contacts.iter().filter(|contact| !compared.contains(&contact.id));
        let mut others: Vec<Expected> =
            others.flat_map(|contact| &contact.notes).map(|note| Expected::new(&note.text, false)).collect();
        // A note without text may be written or not.
        let blank =
            people.iter().flat_map(|(_, contact)| &contact.notes).filter(|note| note.text.trim().is_empty());
        others.extend(blank.map(|note| Expected::new(&note.text, false)));
        others.sort_by_key(|text| text.squeezed.is_empty());
        for (note, body) in by_contact.values().flatten() {
            if used.contains(&note.id) || !self.is_new(note.created_at) {
                continue;
            }
            match others.iter().position(|text| text.fit(body) == Fit::Whole) {
                Some(place) => drop(others.remove(place)),
                None => {
                    let subject = Subject::alone("contact_note", note.id);
                    self.find(What::Doubled, &subject, "", "no note of the source explains it");
                }
            }
        }
    }

    fn compare_note(
        &mut self,
        subject: &Subject<'_>,
        note: &ContactNote,
        held: &[(&Note, Read)],
        used: &mut BTreeSet<u64>,
    ) {
        let text = Expected::new(&note.text, false);
        let free = held.iter().filter(|(it, body)| !used.contains(&it.id) && text.fit(body) == Fit::Whole);
        // Two notes may say the same: each takes the one with its date.
        let Some((it, body)) = free.max_by_key(|(it, body)| (dated(body, note.at), std::cmp::Reverse(it.id)))
        else {
            let detail = format!("{} characters are in no note", text.squeezed.0.chars().count());
            self.find(What::Lost, subject, "body", &detail);
            return;
        };
        used.insert(it.id);
        self.check(dated(body, note.at), subject, "at", || "its date is not in the text".into());
        if let Some(agent) = note.agent.and_then(|id| self.source.agents.get(&id).copied()) {
            let theirs = agent.email.as_deref().and_then(|email| self.teammate(email)) == Some(it.author);
            let named = !agent.name.trim().is_empty() && body.squeezed.contains(&agent.name);
            self.check(theirs || named, subject, "author", || {
                "neither the author's nor with the name".into()
            });
        }
    }
}

/// Whether a text has the day of a time, in whichever zone.
fn dated(body: &Read, at: Option<Timestamp>) -> bool {
    let Some(at) = at else { return true };
    [-ZONES_APART, 0, ZONES_APART].into_iter().any(|hours| {
        let there = at.checked_add(SignedDuration::from_hours(hours)).unwrap_or(at);
        body.squeezed.contains(&there.to_zoned(TimeZone::UTC).date().to_string())
    })
}
