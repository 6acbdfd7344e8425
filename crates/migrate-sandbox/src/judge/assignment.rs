//! Who a ticket lay with, its own fields, its call, and the tickets that were merged into it.

use super::text::Squeezed;
use super::values::Wanted;
use super::{Court, Subject, What, thread};
use crate::dataset::{CallLeg, CustomField, Ticket};
use crate::intercom::store::{Attributes, Conversation};

/// Merged tickets that were merged in turn are followed so far.
const LONGEST_CHAIN: usize = 100;

impl<'a> Court<'a> {
    /// The teammate with the agent's address, open or closed; nobody when there is none, or more than one.
    pub(super) fn compare_assignment(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let agent = ticket.agent.and_then(|id| self.source.agents.get(&id).copied());
        let wanted = agent.and_then(|agent| self.teammate(agent.email.as_deref()?)).unwrap_or(0);
        let found = it.admin_assignee;
        self.check(found == wanted, subject, "assignee", || format!("{wanted} became {found}"));
        let (wanted, or) = self.teams_of(ticket);
        let found = it.team_assignee;
        self.check(found == wanted || Some(found) == or, subject, "team", || {
            format!("{wanted} became {found}")
        });
    }

    /// Id of the only teammate with this address, whatever its letter case.
    pub(super) fn teammate(&self, email: &str) -> Option<u64> {
        let same = |known: &str| known.trim().eq_ignore_ascii_case(email.trim());
        let mut found = self.ws.admins.iter().filter(|admin| same(&admin.email));
        found.next().filter(|_| !email.trim().is_empty() && found.next().is_none()).map(|admin| admin.id)
    }

    /// Whether this teammate had the address and left since.
    pub(super) fn has_left(&self, email: &str, admin: u64) -> bool {
        let same = |known: &str| known.trim().eq_ignore_ascii_case(email.trim());
        self.ws.left.iter().any(|(_, gone)| gone.id == admin && same(&gone.email))
    }

    /// The team of the ticket's queue, and that of its ticketbox, which may stand in where the queue has none.
    fn teams_of(&self, ticket: &Ticket) -> (u64, Option<u64>) {
        let dataset = self.source.dataset;
        let queue = ticket.queue.and_then(|id| dataset.queues.iter().find(|queue| queue.id == id));
        let team = queue.and_then(|queue| self.team(&queue.name));
        let folder = ticket.ticketbox.and_then(|id| dataset.ticketboxes.iter().find(|it| it.id == id));
        let or = folder.filter(|_| team.is_none()).and_then(|folder| self.team(&folder.name));
        (team.unwrap_or(0), or)
    }

    /// Id of the only team with this name that tickets can be given to, whatever its letter case.
    fn team(&self, name: &str) -> Option<u64> {
        let fold = |text: &str| Squeezed::of_plain(text).0.to_lowercase();
        let mut found = self.ws.teams.iter().filter(|team| fold(&team.name) == fold(name));
        let team = found.next().filter(|_| found.next().is_none())?;
        (!team.deprecated).then_some(team.id)
    }

    pub(super) fn compare_custom_fields(
        &mut self,
        ticket: &Ticket,
        it: &Conversation,
        subject: &Subject<'_>,
    ) {
        self.compare_fields(&ticket.custom_fields, &it.attributes, subject);
    }

    /// Every value lies in an attribute: the one that was named for it, else any.
    pub(super) fn compare_fields(
        &mut self,
        fields: &[CustomField],
        attributes: &Attributes,
        subject: &Subject<'_>,
    ) {
        for field in fields {
            let Some(value) = field.value.as_deref().filter(|value| !value.trim().is_empty()) else {
                continue;
            };
            let name = format!("custom_fields.{}", field.name);
            self.compare_value(&name, Wanted::Text(value), attributes, subject);
        }
    }

    pub(super) fn compare_value(
        &mut self,
        name: &str,
        wanted: Wanted<'_>,
        attributes: &Attributes,
        subject: &Subject<'_>,
    ) {
        let options = self.options;
        let named = options.field_attributes.get(name).map(String::as_str);
        let held = wanted.is_in(attributes, named, &options.known_attributes());
        self.check(held, subject, name, || "its value is in no attribute".into());
    }

    /// Figures of a ticket with one leg; with several, the notes of the legs carry them.
    pub(super) fn compare_call_figures(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let [CallLeg { duration, disposition, recording_url, note, .. }] = ticket.calls.as_slice() else {
            return;
        };
        if *duration > 0 {
            let wanted = Wanted::Number(u64::from(*duration));
            self.compare_value("call.duration", wanted, &it.attributes, subject);
        }
        let texts = [
            ("call.disposition", Some(disposition)),
            ("call.recording", recording_url.as_ref()),
            ("call.note", note.as_ref()),
        ];
        for (name, text) in texts {
            if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                self.compare_value(name, Wanted::Within(text), &it.attributes, subject);
            }
        }
    }

    /// A ticket that went into this one has left its number in a note.
    pub(super) fn compare_merged(&mut self, ticket: &'a Ticket, it: &Conversation, subject: &Subject<'_>) {
        let Some(merged) = self.source.merged.get(&ticket.id) else { return };
        for gone in merged.clone() {
            let (number, id) = (gone.number.as_str(), gone.id.to_string());
            let mark = if number.trim().is_empty() { id.as_str() } else { number };
            let noted = thread::notes(it).any(|body| Squeezed::of_html(body).contains(mark));
            self.verdict.fields_compared += 1;
            if !noted {
                self.find(What::Lost, subject, "merged", &format!("no note about ticket {id}"));
            }
        }
    }
}

/// Which tickets went into which, over several steps; those in the bin left nothing.
pub(super) fn merged_into(tickets: &[Ticket]) -> std::collections::HashMap<u64, Vec<&Ticket>> {
    let into: std::collections::HashMap<u64, u64> =
        tickets.iter().filter_map(|ticket| Some((ticket.id, ticket.merged_into?))).collect();
    let mut out: std::collections::HashMap<u64, Vec<&Ticket>> = std::collections::HashMap::new();
    for ticket in tickets.iter().filter(|ticket| !ticket.spam && !ticket.deleted) {
        let Some(mut last) = ticket.merged_into else { continue };
        for _ in 0..LONGEST_CHAIN {
            let Some(next) = into.get(&last) else { break };
            last = *next;
        }
        if last != ticket.id {
            out.entry(last).or_default().push(ticket);
        }
    }
    out
}
