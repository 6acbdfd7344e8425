//! Cases about queues and hours.

use super::loaded::Loaded;
use migrate_sandbox::dataset::{Queue, Ticket};

fn assert_assigned(l: &Loaded, queue: &Queue) {
    let of_it = |it: &&Ticket| {
        it.queue == Some(queue.id) && it.merged_into.is_none() && l.target("ticket", it.id).is_some()
    };
    let tickets: Vec<&Ticket> = l.desk.tickets.iter().filter(of_it).collect();
    assert!(!tickets.is_empty(), "{}", queue.name);
    for ticket in tickets {
        assert_eq!(l.thread(ticket).assigned().1, l.team(&queue.name), "ticket:{}", ticket.id);
        assert_eq!(*l.thread(ticket).attribute("focalscope_queue__c"), queue.name.as_str());
    }
}

pub(super) fn queue_with_the_same_name_as_another(l: &Loaded) {
    let twins: Vec<&Queue> = l.desk.queues.iter().filter(|it| it.name == "Billing").collect();
    assert_eq!(twins.len(), 2);
    twins.iter().for_each(|it| assert_assigned(l, it));
    let lines = l.file("mapping/queues.csv");
    for queue in twins {
        assert!(lines.contains(&queue.id.to_string()), "each has a line of its own: {lines}");
    }
}

pub(super) fn queue_without_agents(l: &Loaded) {
    let queue = l.desk.queues.iter().find(|it| it.members.is_empty()).unwrap();
    assert_assigned(l, queue);
    assert!(l.file("handoff/teams.csv").contains(&queue.name));
}

pub(super) fn queue_across_two_ticketboxes_of_a_tree(l: &Loaded) {
    let queue = l.desk.queues.iter().find(|it| it.ticketboxes.len() > 1).unwrap();
    assert_assigned(l, queue);
    let boxes: Vec<&str> = queue
        .ticketboxes
        .iter()
        .map(|id| l.desk.ticketboxes.iter().find(|it| it.id == *id).unwrap().name.as_str())
        .collect();
    assert_eq!(boxes, ["Support", "Support"], "two of the same name, one of them below Sales");
    let teams = l.file("handoff/teams.csv");
    let line = teams.lines().find(|it| it.contains("Sales") && it.contains("Support"));
    assert!(line.is_some(), "the path tells them apart: {teams}");
}

/// Nobody guesses a zone: right in winter and wrong in summer. A line of mapping/hours.csv decides.
pub(super) fn offset_only_hours_over_a_dst_change(l: &Loaded) {
    let hours = l.desk.working_hours.iter().find(|it| it.zone.is_none()).unwrap();
    l.assert_held("working_hours", hours.id, "an offset and no zone", "mapping/hours.csv");
    assert!(l.file("mapping/hours.csv").contains(&hours.name));
    let named =
        l.desk.working_hours.iter().find(|it| it.zone.as_deref() == Some("Europe/Copenhagen")).unwrap();
    assert_eq!(l.object("working_hours", named.id)["time_zone_name"], "Europe/Copenhagen");
}
