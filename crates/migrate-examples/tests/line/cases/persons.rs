//! Cases about contacts and agents.

use super::loaded::{Loaded, squeezed, words_of};
use mapping_core::LossRule;
use migrate_sandbox::dataset::{AuthorKind, Contact, Direction, Ticket};
use migrate_sandbox::generator;
use serde_json::Value;
use std::collections::BTreeSet;

/// Id of the teammate that the token belongs to, who stands in for those who have none.
pub(super) const TOKEN_OWNER: &str = "991267400";

/// A ticket of a contact that was moved.
fn ticket_of<'a>(l: &'a Loaded, contact: &Contact) -> &'a Ticket {
    l.ticket(|it| {
        it.contact == Some(contact.id) && l.target("ticket", it.id).is_some() && it.merged_into.is_none()
    })
}

/// The person began a thread of one of the contact's tickets.
fn assert_began_a_thread(l: &Loaded, contact: &Contact) {
    let (thread, person) = (l.thread(ticket_of(l, contact)), l.person(contact.id));
    assert_eq!(thread.contact(), person["id"]);
    assert_eq!(thread.opening().author["id"], person["id"]);
}

pub(super) fn contact_without_e_mail(l: &Loaded) {
    let contact =
        l.contact(|it| it.emails.is_empty() && !it.phones.contains(&it.name) && !it.phones.is_empty());
    let person = l.person(contact.id);
    assert_eq!((&person["name"], &person["email"]), (&contact.name.as_str().into(), &Value::Null));
    assert_eq!(person["external_id"], format!("focalscope:contact:{}", contact.id));
    assert_began_a_thread(l, contact);
}

pub(super) fn contact_without_name(l: &Loaded) {
    let contact = l.contact(|it| it.name.is_empty());
    let person = l.person(contact.id);
    assert_eq!((&person["name"], &person["email"]), (&Value::Null, &contact.emails[0].as_str().into()));
    assert_began_a_thread(l, contact);
}

pub(super) fn contact_known_only_by_phone(l: &Loaded) {
    let contact = l.contact(|it| it.emails.is_empty() && it.phones.contains(&it.name));
    let person = l.person(contact.id);
    assert_eq!((&person["phone"], &person["email"]), (&"+4531223344".into(), &Value::Null));
    assert_eq!(
        person["custom_attributes"]["focalscope_other_phones__c"], "+45 31 22 33 44",
        "as it was written"
    );
    l.assert_loss("contact", contact.id, "phone", LossRule::Recast, "E.164");
    assert_began_a_thread(l, contact);
}

pub(super) fn same_e_mail_in_mixed_case_on_50_contacts(l: &Loaded) {
    let same =
        |it: &&Contact| it.emails.first().is_some_and(|it| it.to_lowercase().ends_with("@shop.example"));
    let all: Vec<&Contact> = l.desk.contacts.iter().filter(same).collect();
    let spellings: BTreeSet<&str> = all.iter().map(|it| it.emails[0].as_str()).collect();
    assert!(all.len() == 50 && spellings.len() > 10, "{spellings:?}");
    let email = all[0].emails[0].to_lowercase();
    let with = l.people.iter().filter(|it| it["email"].as_str().is_some_and(|it| it.to_lowercase() == email));
    let ids: Vec<&Value> = with.map(|it| &it["id"]).collect();
    assert_eq!(ids.len(), 1, "one person for all of them");
    for contact in &all {
        assert_eq!(
            l.target("contact", contact.id).map(|it| it.id.as_str()),
            ids[0].as_str(),
            "contact:{}",
            contact.id
        );
    }
    for contact in &all[1..] {
        l.assert_loss("contact", contact.id, "key", LossRule::Merged, "the two become one");
    }
    let tickets = l.desk.tickets.iter().filter(|it| all.iter().any(|contact| it.contact == Some(contact.id)));
    let moved: Vec<&Ticket> =
        tickets.filter(|it| it.merged_into.is_none() && !it.spam && !it.deleted).collect();
    let threads = moved.iter().filter(|it| l.target("ticket", it.id).is_some());
    assert!(threads.clone().count() > 10);
    threads.for_each(|it| assert_eq!(l.thread(it).contact(), ids[0].as_str().unwrap()));
}

fn sharers(l: &Loaded) -> (&Contact, &Contact) {
    let (one, other) = (l.contact(|it| it.name == "Maria Rossi"), l.contact(|it| it.name == "Paolo Rossi"));
    assert_eq!(one.emails, other.emails);
    (one, other)
}

pub(super) fn two_people_one_shared_mailbox(l: &Loaded) {
    let (one, other) = sharers(l);
    assert_eq!(l.target("contact", one.id), l.target("contact", other.id));
    assert_eq!(l.person(one.id)["email"], one.emails[0].as_str());
    // One of the names is kept; the other one is in the list, with what it was.
    assert_eq!(l.person(one.id)["name"], one.name.as_str());
    l.assert_loss("contact", other.id, "name", LossRule::Merged, "keeps one value");
    let all = l.losses_of("contact", other.id);
    let name = all.iter().find(|it| it.field == "name").unwrap();
    assert_eq!(name.before.as_ref().map(|it| it.as_str()), Some(other.name.as_str()));
}

pub(super) fn contact_opted_out(l: &Loaded) {
    let contact = l.contact(|it| it.opted_out);
    let person = l.person(contact.id);
    assert_eq!(person["custom_attributes"]["focalscope_opted_out__c"], true);
    assert_eq!(person["unsubscribed_from_emails"], false, "consent is not the migration's to change");
    assert_began_a_thread(l, contact);
}

pub(super) fn contact_blocked(l: &Loaded) {
    let contact = l.contact(|it| it.blocked);
    let person = l.person(contact.id);
    assert_eq!(person["custom_attributes"]["focalscope_blocked__c"], true);
    assert_eq!(person["blocked"], false, "nothing unblocks a person again");
    assert_eq!(l.journal.denied_calls.count, 0);
    assert_began_a_thread(l, contact);
}

pub(super) fn contact_bounced(l: &Loaded) {
    let contact = l.contact(|it| it.bounced);
    assert_eq!(l.person(contact.id)["custom_attributes"]["focalscope_bounced__c"], true);
    assert_began_a_thread(l, contact);
}

pub(super) fn invalid_e_mail(l: &Loaded) {
    for (email, becomes) in
        [("info@@shop..example", None), ("n/a", None), ("Bo <bo@mail.example>", Some("bo@mail.example"))]
    {
        let contact = l.contact(|it| it.emails == [email]);
        let person = l.person(contact.id);
        assert_eq!(person["email"].as_str(), becomes, "{email}");
        assert_eq!(person["custom_attributes"]["focalscope_other_emails__c"], email, "as it was written");
        if becomes.is_none() {
            l.assert_loss("contact", contact.id, "email", LossRule::Dropped, "not an e-mail address");
        }
        assert_began_a_thread(l, contact);
    }
}

pub(super) fn matched_contact_with_a_foreign_external_id(l: &Loaded) {
    let known = generator::matched_contacts(&l.desk);
    let moved: Vec<_> = known.iter().filter(|it| l.target("contact", it.contact).is_some()).collect();
    assert!(!moved.is_empty());
    for it in moved {
        let person = l.person(it.contact);
        assert_eq!(person["external_id"], it.external_id.as_str(), "another system's id stays");
        assert_eq!(person["custom_attributes"]["focalscope_contact_id__c"], it.contact.to_string());
        let with = l.people.iter().filter(|them| them["email"] == it.email.as_str());
        assert_eq!(with.count(), 1, "nobody is made a second time");
        assert_began_a_thread(l, l.desk.contact(it.contact).unwrap());
    }
}

/// The text is the token owner's, with the name of the agent who wrote it before it; the ticket is nobody's.
fn assert_stood_in(l: &Loaded, agent: u64) -> &Ticket {
    let by = |it: &migrate_sandbox::dataset::Message| {
        it.author.kind == AuthorKind::Agent && it.author.id == Some(agent)
    };
    let ticket = l.ticket(|it| it.messages.iter().any(by) && l.target("ticket", it.id).is_some());
    let thread = l.thread(ticket);
    for message in ticket.messages.iter().filter(|it| by(it)) {
        let said = thread.of(message);
        assert_eq!(said.author["id"], TOKEN_OWNER);
        let head = super::loaded::unspaced(&format!("{}:", message.author.name));
        assert_eq!(squeezed(said.body), format!("{head}{}", words_of(message)));
        let kind = if message.direction == Direction::Note { "note" } else { "comment" };
        assert_eq!(said.kind, kind);
        l.assert_loss(
            "ticket",
            ticket.id,
            &format!("parts[{}].author", message.id),
            LossRule::Defaulted,
            "no teammate",
        );
    }
    ticket
}

fn assert_nobody_has_it(l: &Loaded, agent: u64) {
    let ticket = assert_stood_in(l, agent);
    assert_eq!(ticket.agent, Some(agent));
    let thread = l.thread(ticket);
    assert_eq!(thread.assigned().0, 0);
    assert_eq!(thread.attribute("focalscope_agent__c"), l.desk.agent(agent).unwrap().name.as_str());
    l.assert_loss("ticket", ticket.id, "assignee", LossRule::Dropped, "no counterpart");
    let people = l.file("handoff/missing-teammates.csv");
    assert!(people.contains(&l.desk.agent(agent).unwrap().name), "{people}");
}

pub(super) fn agent_disabled(l: &Loaded) {
    assert_nobody_has_it(l, 9);
}

pub(super) fn agent_deleted(l: &Loaded) {
    assert_nobody_has_it(l, 10);
}

pub(super) fn agent_without_e_mail(l: &Loaded) {
    assert_nobody_has_it(l, 11);
}

pub(super) fn agent_whom_the_destination_does_not_know(l: &Loaded) {
    assert_nobody_has_it(l, 12);
}

pub(super) fn agent_gone_but_still_an_author(l: &Loaded) {
    assert!(l.desk.agent(99).is_none());
    let ticket = assert_stood_in(l, 99);
    let agent = ticket.agent.unwrap();
    assert_eq!(Some(l.thread(ticket).assigned().0.to_string()), l.teammate(agent), "whose it is now");
}
