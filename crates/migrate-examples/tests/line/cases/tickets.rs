//! Cases about tickets, their times, states and numbers.

use super::loaded::{Loaded, Said, squeezed, words_of};
use super::persons::TOKEN_OWNER;
use mapping_core::LossRule;
use migrate_sandbox::dataset::{AuthorKind, Channel, Direction, NoDate, Priority, Status, Ticket};
use serde_json::Value;

/// Whether it is one that is moved.
fn is_moved(l: &Loaded, it: &Ticket) -> bool {
    it.merged_into.is_none() && l.target("ticket", it.id).is_some()
}

/// Everything said is in the order of its time.
fn assert_in_order(said: &[Said<'_>]) {
    assert!(said.is_sorted_by_key(|it| it.at), "{:?}", said.iter().map(|it| it.at).collect::<Vec<_>>());
}

pub(super) fn ticket_opened_by_an_agent(l: &Loaded) {
    let ticket = l
        .ticket(|it| it.messages.first().is_some_and(|it| it.direction == Direction::Out) && is_moved(l, it));
    let (thread, first) = (l.thread(ticket), &ticket.messages[0]);
    assert!(thread.opening().body.contains("opened by the agent"), "{}", thread.opening().body);
    assert_eq!(thread.opening().author["id"], l.person(ticket.contact.unwrap())["id"]);
    l.assert_loss(
        "ticket",
        ticket.id,
        "parts[stub]",
        LossRule::Added,
        "a stub stands before the agent's message",
    );
    let said = &thread.said()[1];
    assert_eq!(said.body, thread.of(first).body, "the agent's own words follow");
    assert_eq!(said.author["id"].as_str(), l.teammate(first.author.id.unwrap()).as_deref());
}

fn without_contact(l: &Loaded) -> &Ticket {
    l.ticket(|it| it.contact.is_none())
}

pub(super) fn ticket_without_contact(l: &Loaded) {
    let ticket = without_contact(l);
    let thread = l.thread(ticket);
    let person = l.people.iter().find(|it| it["id"] == thread.contact()).unwrap();
    assert_eq!(person["external_id"], "focalscope:contact:stand-in");
    l.assert_loss("ticket", ticket.id, "contact", LossRule::Defaulted, "a stand-in takes the place");
    for message in ticket.messages.iter().filter(|it| it.author.kind == AuthorKind::Contact) {
        assert_eq!(thread.of(message).author["id"], person["id"]);
    }
}

/// The name is all that is known of them.
pub(super) fn name_of_a_caller_without_contact(l: &Loaded) {
    let ticket = without_contact(l);
    let message = ticket.messages.iter().find(|it| it.author.kind == AuthorKind::Contact).unwrap();
    assert_eq!(message.author.name, "Unknown caller");
    let said = l.thread(ticket).of(message);
    assert!(squeezed(said.body).starts_with("Unknowncaller:"), "{}", said.body);
    let field = format!("parts[{}].author", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Defaulted, "the name heads the text");
}

pub(super) fn ticket_without_messages(l: &Loaded) {
    let ticket = l.ticket(|it| it.messages.is_empty() && it.calls.is_empty() && it.chat.is_empty());
    let thread = l.thread(ticket);
    assert_eq!(thread.said().len(), 1);
    assert!(thread.opening().body.contains("Imported ticket"), "{}", thread.opening().body);
    assert_eq!(thread.opening().at, ticket.created.unwrap().as_second());
    assert_eq!((thread.title(), thread.state()), (ticket.subject.as_str(), "closed"));
    l.assert_loss(
        "ticket",
        ticket.id,
        "parts[stub]",
        LossRule::Added,
        "a stub stands for the ticket without any",
    );
}

pub(super) fn ticket_without_subject(l: &Loaded) {
    let ticket = l.ticket(|it| it.subject.is_empty());
    let thread = l.thread(ticket);
    assert_eq!(thread.title(), "");
    ticket.messages.iter().for_each(|it| drop(thread.of(it)));
}

pub(super) fn messages_out_of_order(l: &Loaded) {
    let is = |it: &Ticket| {
        let times: Vec<_> = it.messages.iter().map(|it| it.sent_at).collect();
        let lived = times.iter().all(|at| at.is_some_and(|at| at.as_second() > 0));
        it.messages.len() > 3 && lived && times[1] > times[2] && times[0] < times[2] && is_moved(l, it)
    };
    let ticket = l.ticket(is);
    let thread = l.thread(ticket);
    assert_in_order(&thread.said());
    let mut wanted: Vec<_> = ticket.messages.iter().collect();
    wanted.sort_by_key(|it| it.sent_at);
    let said = thread.said();
    let places: Vec<usize> = wanted
        .iter()
        .map(|it| {
            said.iter()
                .position(|said| said.body == thread.of(it).body && said.at == thread.of(it).at)
                .unwrap()
        })
        .collect();
    assert!(places.is_sorted(), "{places:?}");
}

pub(super) fn messages_at_equal_times(l: &Loaded) {
    let same = |it: &Ticket| it.messages.windows(2).any(|pair| pair[0].sent_at == pair[1].sent_at);
    let ticket = l.ticket(|it| same(it) && is_moved(l, it));
    let thread = l.thread(ticket);
    let pair = ticket.messages.windows(2).find(|pair| pair[0].sent_at == pair[1].sent_at).unwrap();
    let place = |n: usize| thread.said().iter().position(|it| it.body == thread.of(&pair[n]).body).unwrap();
    assert!(place(0) < place(1), "the source's order holds");
    assert_in_order(&thread.said());
}

pub(super) fn message_in_the_future(l: &Loaded) {
    let end = jiff::Timestamp::now();
    let ticket =
        l.ticket(|it| it.messages.last().is_some_and(|it| it.sent_at > Some(end)) && is_moved(l, it));
    let message = ticket.messages.last().unwrap();
    let said = l.thread(ticket).said();
    let last = said.last().unwrap();
    assert!(squeezed(last.body).contains(&words_of(message)));
    assert!(last.at <= end.as_second() && last.at >= said[said.len() - 2].at);
    let field = format!("parts[{}].at", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Clamped, "a time in the future");
    let losses = l.losses_of("ticket", ticket.id);
    let before = losses.iter().find(|it| it.field == field).unwrap().before.as_ref().unwrap();
    assert!(before.as_str().starts_with("2030-"), "what it was is kept: {}", before.as_str());
}

pub(super) fn times_to_the_tick_of_net(l: &Loaded) {
    let ticket =
        l.ticket(|it| it.created.is_some_and(|it| it.subsec_nanosecond() == 123_456_700) && is_moved(l, it));
    let thread = l.thread(ticket);
    assert_eq!(*thread.attribute("focalscope_created_at__c"), ticket.created.unwrap().as_second());
    for message in &ticket.messages {
        assert_eq!(
            thread.of(message).at,
            message.sent_at.unwrap().as_second(),
            "whole seconds, cut and not rounded"
        );
    }
}

pub(super) fn sentinel_dates(l: &Loaded) {
    let mut seen = 0;
    for sentinel in [NoDate::Year1, NoDate::Year1753, NoDate::Year1900, NoDate::Year9999] {
        for ticket in l.desk.tickets.iter().filter(|it| it.absent_times_as == sentinel && it.closed.is_none())
        {
            if !is_moved(l, ticket) {
                continue;
            }
            let thread = l.thread(ticket);
            assert_eq!(*thread.attribute("focalscope_closed_at__c"), Value::Null, "{sentinel:?} is no time");
            for (name, at) in [("resolved", ticket.resolved), ("first_response", ticket.first_response)] {
                let value = thread.attribute(&format!("focalscope_{name}_at__c"));
                assert_eq!(value.as_i64(), at.map(|it| it.as_second()), "{name}, {sentinel:?}");
            }
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen}");
}

/// A line in the thread it was merged into, and no thread of its own.
fn assert_merged(l: &Loaded, gone: &Ticket) {
    let into = l.desk.ticket(gone.merged_into.unwrap()).unwrap();
    let note = l.thread(into).saying(&format!("Id: {}", gone.id));
    assert_eq!((note.kind, note.author["id"].as_str()), ("note", Some(TOKEN_OWNER)));
    assert!(
        note.body.contains(&format!("Ticket {} was merged into this ticket", gone.number)),
        "{}",
        note.body
    );
    l.assert_loss("ticket", gone.id, "record", LossRule::Merged, "kept as an alias and a note");
    let with = l.desk.tickets.iter().filter(|it| l.target("ticket", it.id) == l.target("ticket", into.id));
    let alone: Vec<u64> = with.filter(|it| it.merged_into != Some(into.id)).map(|it| it.id).collect();
    assert_eq!(alone, [into.id]);
    let of_it = l.threads_with("focalscope_ticket_uid__c", &gone.id.to_string());
    assert_eq!(of_it, 0, "no thread of its own");
}

pub(super) fn merged_ticket(l: &Loaded) {
    let gone: Vec<&Ticket> = l.desk.tickets.iter().filter(|it| it.merged_into.is_some()).collect();
    assert!(!gone.is_empty());
    gone.into_iter().for_each(|it| assert_merged(l, it));
}

fn assert_left_out(l: &Loaded, ticket: &Ticket, why: &str) {
    assert_eq!(l.target("ticket", ticket.id), None);
    assert_eq!(l.threads_with("focalscope_ticket_id__c", &ticket.number), 0);
    l.assert_loss("ticket", ticket.id, "record", LossRule::Skipped, why);
    for message in &ticket.messages {
        let field = format!("messages[{}]", message.id);
        l.assert_loss("ticket", ticket.id, &field, LossRule::Skipped, "left out with its ticket");
    }
}

pub(super) fn spam_ticket(l: &Loaded) {
    assert_left_out(l, l.ticket(|it| it.spam), "marked as spam");
}

pub(super) fn deleted_ticket(l: &Loaded) {
    assert_left_out(l, l.ticket(|it| it.deleted), "in the bin");
}

pub(super) fn open_whatsapp_ticket(l: &Loaded) {
    let ticket =
        l.ticket(|it| it.channel == Channel::Whatsapp && it.status == Status::Open && is_moved(l, it));
    let thread = l.thread(ticket);
    assert_eq!((thread.state(), thread.attribute("channel_source__c")), ("open", &"WhatsApp".into()));
    ticket.messages.iter().for_each(|it| drop(thread.of(it)));
    assert_eq!(l.journal.notifications.count, 0, "nobody was written to");
}

pub(super) fn written_by_the_help_desk_itself(l: &Loaded) {
    let by = |it: &migrate_sandbox::dataset::Message| it.direction == Direction::System;
    let ticket = l.ticket(|it| it.messages.iter().any(by) && is_moved(l, it));
    let said = l.thread(ticket).of(ticket.messages.iter().find(|it| by(it)).unwrap());
    assert_eq!((said.kind, said.author["id"].as_str()), ("note", Some(TOKEN_OWNER)), "no customer reads it");
    assert!(said.body.contains("FocalScope:"), "{}", said.body);
}

pub(super) fn reply_to_a_message_that_is_not_there(l: &Loaded) {
    let lost = |it: &Ticket| {
        it.messages
            .first()
            .is_some_and(|it| it.in_reply_to.as_ref().is_some_and(|it| it.starts_with("lost.")))
    };
    let ticket = l.ticket(|it| lost(it) && is_moved(l, it));
    let thread = l.thread(ticket);
    ticket.messages.iter().for_each(|it| drop(thread.of(it)));
    assert_in_order(&thread.said());
    l.assert_loss(
        "ticket",
        ticket.id,
        "messages.in_reply_to",
        LossRule::Dropped,
        "mail headers have no place",
    );
}

pub(super) fn number_reused_after_a_merge(l: &Loaded) {
    let twice = |one: &Ticket| l.desk.tickets.iter().any(|it| it.number == one.number && it.id != one.id);
    let gone = l.ticket(|it| it.merged_into.is_some() && twice(it));
    let next = l.ticket(|it| it.number == gone.number && it.id != gone.id);
    let thread = l.thread(next);
    assert_eq!(*thread.attribute("focalscope_ticket_id__c"), next.number.as_str());
    assert_eq!(*thread.attribute("focalscope_ticket_uid__c"), next.id.to_string());
    assert_eq!(l.threads_with("focalscope_ticket_id__c", &next.number), 1);
    assert_eq!(thread.title(), next.subject);
    assert_merged(l, gone);
}

pub(super) fn two_ids_for_one_number(l: &Loaded) {
    let twice = |one: &Ticket| {
        l.desk.tickets.iter().find(|it| it.number == one.number && it.id > one.id && it.merged_into.is_none())
    };
    let one = l.ticket(|it| it.merged_into.is_none() && twice(it).is_some());
    let other = twice(one).unwrap();
    assert_ne!(l.target("ticket", one.id), l.target("ticket", other.id));
    for ticket in [one, other] {
        let thread = l.thread(ticket);
        assert_eq!(*thread.attribute("focalscope_ticket_id__c"), ticket.number.as_str());
        assert_eq!(*thread.attribute("focalscope_ticket_uid__c"), ticket.id.to_string());
        ticket.messages.iter().for_each(|it| drop(thread.of(it)));
    }
    assert_eq!(l.threads_with("focalscope_ticket_id__c", &one.number), 2);
}

pub(super) fn status_never_seen_before(l: &Loaded) {
    let ticket = l.ticket(|it| matches!(it.status, Status::Other(_)));
    l.assert_held("ticket", ticket.id, "the value `Escalated to vendor` of `status`", "add it to `values`");
    l.assert_held("ticket", ticket.id, "`status`", "its raw payload is in the run's database");
}

pub(super) fn priority_never_seen_before(l: &Loaded) {
    let ticket = l.ticket(|it| matches!(it.priority, Priority::Other(_)));
    l.assert_held("ticket", ticket.id, "the value `P0` of `priority`", "add it to `values`");
    l.assert_held("ticket", ticket.id, "`priority`", "its raw payload is in the run's database");
}

pub(super) fn message_before_the_ticket(l: &Loaded) {
    let early = |it: &Ticket| {
        let first = it.messages.first().and_then(|it| it.sent_at);
        let day = jiff::SignedDuration::from_hours(24);
        it.created
            .zip(first)
            .is_some_and(|(created, sent)| sent.as_second() > 0 && created.duration_since(sent) > day)
    };
    let ticket = l.ticket(|it| early(it) && is_moved(l, it));
    let thread = l.thread(ticket);
    assert_eq!(thread.opening().at, ticket.messages[0].sent_at.unwrap().as_second(), "it keeps its own time");
    assert_eq!(*thread.attribute("focalscope_created_at__c"), ticket.created.unwrap().as_second());
    assert_in_order(&thread.said());
}

pub(super) fn message_before_1970(l: &Loaded) {
    let (ticket, message) = l.message(|it| it.sent_at.is_some_and(|it| it.as_second() < 0));
    let thread = l.thread(ticket);
    let words = words_of(message);
    let said = thread.said();
    let place = said.iter().position(|it| squeezed(it.body) == words).unwrap();
    assert_eq!((place, said[0].at), (0, said[1].at), "it stays where it was, at its neighbour's time");
    let field = format!("parts[{}].at", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Clamped, "before 1970");
    let losses = l.losses_of("ticket", ticket.id);
    let before = losses.iter().find(|it| it.field == field).unwrap().before.as_ref().unwrap();
    assert!(before.as_str().starts_with("1969-07-20T20:17:40"), "{}", before.as_str());
}

pub(super) fn message_in_a_dst_gap(l: &Loaded) {
    let (ticket, message) = l.message(|it| it.sent_as.as_deref() == Some("2026-03-29T02:30:00"));
    // As if the clock had not been set yet: 01:30 UTC.
    assert_eq!(l.thread(ticket).of(message).at, 1_774_747_800);
}

pub(super) fn message_without_zone(l: &Loaded) {
    let summer = |it: &migrate_sandbox::dataset::Message| {
        let month = it.sent_at.map(|it| it.to_zoned(jiff::tz::TimeZone::UTC).month());
        it.sent_as.is_none() && month == Some(7)
    };
    let winter = |it: &migrate_sandbox::dataset::Message| {
        let month = it.sent_at.map(|it| it.to_zoned(jiff::tz::TimeZone::UTC).month());
        it.sent_as.is_none() && month == Some(1)
    };
    let find = |is: &dyn Fn(&migrate_sandbox::dataset::Message) -> bool| {
        let ticket = l.ticket(|it| is_moved(l, it) && it.messages.iter().any(is));
        let message = ticket.messages.iter().find(|it| is(it)).unwrap();
        assert_eq!(l.thread(ticket).of(message).at, message.sent_at.unwrap().as_second());
    };
    find(&summer);
    find(&winter);
}

pub(super) fn message_with_a_zone_among_those_without(l: &Loaded) {
    let (ticket, message) = l.message(|it| it.sent_as.as_ref().is_some_and(|it| it.ends_with("+05:30")));
    assert_eq!(l.thread(ticket).of(message).at, message.sent_at.unwrap().as_second());
    assert!(ticket.messages.iter().all(|it| l.thread(ticket).of(it).at == it.sent_at.unwrap().as_second()));
}
