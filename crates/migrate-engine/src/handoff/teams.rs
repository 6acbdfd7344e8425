//! Queues and ticketboxes with their members, and agents whom nobody stands for.

use super::Built;
use super::desk::{Desk, cell, yes};
use crate::Failure;
use crate::sheet::Sheet;
use mapping_core::SourceRef;
use mapping_core::model::{AgentState, Queue, Record, Ticketbox};
use std::collections::{BTreeMap, BTreeSet};

/// Words of rules that hand a ticket on.
const ESCALATES: [&str; 5] = ["escalat", "overflow", "fallback", "time-out", "timeout"];

pub(super) fn queues(desk: &Desk<'_>) -> Result<Built, Failure> {
    let head = [
        "record",
        "name",
        "team there",
        "is there",
        "ticketboxes",
        "members",
        "without a counterpart",
        "limit of the queue",
        "limits of members",
        "rules",
        "escalates",
        "shares members with",
        "shares ticketboxes with",
    ];
    let mut built = Built::of(Sheet::new("Queues", &head));
    let mut members = Sheet::new(
        "Members",
        &["queue", "queue name", "agent", "name", "teammate", "most tickets at a time"],
    );
    let (mut overlaps, mut escalating) = (0, 0);
    // All queues are among the observations: a help desk has as many as people can name.
    for queue in desk.seen.queues.values() {
        let (key, overlap) = (queue.id.source_ref(), Overlap::of(desk, queue));
        let lost = queue.members.iter().filter(|m| desk.person(&m.agent.source_ref()).is_none());
        let limits = queue
            .members
            .iter()
            .filter_map(|m| m.max_tickets.map(|n| format!("{} {n}", desk.called(&m.agent.source_ref()))));
        let escalates = queue.rules.iter().any(|r| ESCALATES.iter().any(|w| r.to_lowercase().contains(w)));
        overlaps += u64::from(!overlap.members.is_empty() || !overlap.boxes.is_empty());
        escalating += u64::from(escalates);
        for member in &queue.members {
            let agent = member.agent.source_ref();
            members.push([
                key.to_string(),
                queue.name.clone(),
                agent.to_string(),
                desk.called(&agent),
                desk.person(&agent).map_or("nobody".to_owned(), |(id, name)| format!("{name} ({id})")),
                cell(member.max_tickets),
            ]);
        }
        let row = [
            key.to_string(),
            queue.name.clone(),
            desk.proposed_team(&key),
            desk.team(&key).map_or("no: make it".to_owned(), |(id, _)| format!("yes: {id}")),
            desk.names(queue.ticketboxes.iter().map(|t| t.source_ref())),
            desk.names(queue.members.iter().map(|m| m.agent.source_ref())),
            desk.names(lost.map(|m| m.agent.source_ref())),
            cell(queue.max_tickets),
            limits.collect::<Vec<_>>().join("; "),
            queue.rules.join("; "),
            yes(escalates),
            overlap.members.join("; "),
            overlap.boxes.join("; "),
        ];
        built.sheets[0].push(row);
    }
    if overlaps > 0 {
        built.flags.push(format!(
            "Queues that share members or ticketboxes with another: {overlaps}. Decide who gets what."
        ));
    }
    if escalating > 0 {
        built
            .flags
            .push(format!("Queues that hand tickets on by rule: {escalating}. That is to be built by hand."));
    }
    built.sheets.push(members);
    Ok(built)
}

/// What two queues have in common.
struct Overlap {
    members: Vec<String>,
    boxes: Vec<String>,
}
impl Overlap {
    fn of(desk: &Desk<'_>, queue: &Queue) -> Overlap {
        let mine: BTreeSet<_> = queue.members.iter().map(|m| &m.agent).collect();
        let boxes: BTreeSet<_> = queue.ticketboxes.iter().collect();
        let mut overlap = Overlap { members: Vec::new(), boxes: Vec::new() };
        for other in desk.seen.queues.values().filter(|other| other.id != queue.id) {
            let shared = other.members.iter().filter(|m| mine.contains(&m.agent)).count();
            if shared > 0 {
                overlap.members.push(format!("{} ({shared})", other.name));
            }
            if other.ticketboxes.iter().any(|t| boxes.contains(t)) {
                overlap.boxes.push(other.name.clone());
            }
        }
        overlap
    }
}

/// Queues that take from each ticketbox.
fn takers(desk: &Desk<'_>) -> BTreeMap<SourceRef, Vec<SourceRef>> {
    let mut takers: BTreeMap<SourceRef, Vec<SourceRef>> = BTreeMap::new();
    for queue in desk.seen.queues.values() {
        for ticketbox in &queue.ticketboxes {
            takers.entry(ticketbox.source_ref()).or_default().push(queue.id.source_ref());
        }
    }
    takers
}

/// Ticketboxes that no queue takes from.
pub(super) fn on_their_own<'a>(desk: &'a Desk<'_>) -> impl Iterator<Item = &'a Ticketbox> {
    let takers = takers(desk);
    desk.seen.ticketboxes.values().filter(move |t| !takers.contains_key(&t.id.source_ref()))
}

pub(super) fn ticketboxes(desk: &Desk<'_>) -> Result<Built, Failure> {
    let head = [
        "record",
        "name",
        "inside",
        "accounts",
        "queues that take from it",
        "needs a team of its own",
        "team there",
        "is there",
        "SLA",
        "working hours",
    ];
    let mut built = Built::of(Sheet::new("Ticketboxes", &head));
    let takers = takers(desk);
    for ticketbox in desk.seen.ticketboxes.values() {
        let key = ticketbox.id.source_ref();
        let queues = takers.get(&key).cloned().unwrap_or_default();
        let alone = queues.is_empty();
        let row = [
            key.to_string(),
            ticketbox.name.clone(),
            ticketbox.parent.as_ref().map(|p| desk.called(&p.source_ref())).unwrap_or_default(),
            ticketbox.accounts.join("; "),
            desk.names(queues),
            yes(alone),
            if alone { desk.proposed_team(&key) } else { String::new() },
            match (alone, desk.team(&key)) {
                (false, _) => String::new(),
                (true, Some((id, _))) => format!("yes: {id}"),
                (true, None) => "no: make it".to_owned(),
            },
            ticketbox.sla_policy.as_ref().map(|s| s.source_ref().to_string()).unwrap_or_default(),
            ticketbox.working_hours.as_ref().map(|w| w.source_ref().to_string()).unwrap_or_default(),
        ];
        built.sheets[0].push(row);
    }
    Ok(built)
}

pub(super) fn missing_people(desk: &Desk<'_>) -> Result<Built, Failure> {
    let head = ["record", "name", "address", "state", "tickets can be assigned", "queues", "what to do"];
    let mut built = Built::of(Sheet::new("People", &head));
    let mut sheet = std::mem::take(&mut built.sheets);
    let mut active = 0;
    desk.each("agent", &mut |record| {
        let Record::Agent(agent) = record else { return Ok(()) };
        let key = agent.id.source_ref();
        if desk.person(&key).is_some() {
            return Ok(());
        }
        let (state, todo) = match agent.state {
            AgentState::Active if agent.email.is_none() => ("active", "find an address, then invite"),
            AgentState::Active => ("active", "invite, then run map again"),
            AgentState::Disabled => ("disabled", "nothing: the name stays in the text"),
            AgentState::Deleted => ("deleted", "nothing: the name stays in the text"),
        };
        active += u64::from(agent.state == AgentState::Active);
        let queues = desk.seen.queues.values().filter(|q| q.members.iter().any(|m| m.agent == agent.id));
        let row = [
            key.to_string(),
            agent.name.into_string(),
            agent.email.map(|e| e.into_string()).unwrap_or_default(),
            state.to_owned(),
            "no".to_owned(),
            desk.names(queues.map(|q| q.id.source_ref())),
            todo.to_owned(),
        ];
        sheet[0].push(row);
        Ok(())
    })?;
    built.sheets = sheet;
    if active > 0 {
        built.flags.push(format!("Of these, still working at the help desk: {active}."));
    }
    Ok(built)
}
