//! A ticket and its conversation: everything but the thread.

use super::text::{Squeezed, folded};
use super::{Court, Subject};
use crate::dataset::{Category, Status, Ticket};
use crate::intercom::store::{Conversation, State};
use serde_json::Value;

impl<'a> Court<'a> {
    pub(super) fn compare_ticket(&mut self, ticket: &'a Ticket, it: &'a Conversation) {
        let subject = Subject::ticket(ticket);
        self.compare_contact(ticket, it, &subject);
        let title = Squeezed::of_plain(it.title.as_deref().unwrap_or_default());
        let wanted = Squeezed::of_plain(&ticket.subject);
        let equal = title == wanted || wanted.is_empty();
        self.check(equal, &subject, "title", || lengths(&wanted.0, &title.0));
        self.compare_state(ticket, it, &subject);
        self.check(it.read, &subject, "read", || "marked as unread".into());
        self.compare_attributes(ticket, it, &subject);
        self.compare_categories(ticket, it, &subject);
        self.compare_assignment(ticket, it, &subject);
        self.compare_custom_fields(ticket, it, &subject);
        self.compare_call_figures(ticket, it, &subject);
        self.compare_merged(ticket, it, &subject);
        if let Some(tag) = &self.options.batch_tag {
            let tagged = self.tag_names(it).any(|name| name.eq_ignore_ascii_case(tag));
            self.check(tagged, &subject, "tags", || "the batch's tag is missing".into());
        }
        self.compare_thread(ticket, it);
    }

    fn compare_contact(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let Some(contact) = ticket.contact.and_then(|id| self.source.contacts.get(&id).copied()) else {
            return;
        };
        let found = self.matches(contact);
        let same = it.contacts.first().is_some_and(|index| found.contains(index));
        self.check(same, subject, "contact", || "another person".into());
    }

    fn compare_state(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let fits = match &ticket.status {
            Status::Open | Status::Pending => it.state == State::Open,
            Status::OnHold => it.state != State::Closed,
            Status::Resolved | Status::Closed => it.state == State::Closed,
            // Nobody can say what an unknown word means: the tool must have said what it took it for.
            Status::Other(_) => false,
        };
        let (status, state) = (ticket.status.as_str().to_owned(), it.state.word());
        self.check(fits, subject, "state", || format!("{status} became {state}"));
    }

    fn compare_attributes(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let words = [
            (&self.options.channel_attribute, ticket.channel.as_str()),
            (&self.options.priority_attribute, ticket.priority.as_str()),
        ];
        for (name, wanted) in words {
            let Some(name) = name else { continue };
            let found = attribute(it, name).and_then(Value::as_str).unwrap_or_default();
            let equal = folded(found) == folded(wanted);
            self.check(equal, subject, name, || format!("{wanted} became {found}"));
        }
        let times = [
            (&self.options.closed_attribute, ticket.closed),
            (&self.options.assigned_attribute, ticket.assigned),
        ];
        for (name, wanted) in times {
            let (Some(name), Some(wanted)) = (name, wanted) else { continue };
            let found = attribute(it, name).and_then(seconds);
            let equal = found == Some(wanted.as_second());
            self.check(equal, subject, name, || format!("{} became {found:?}", wanted.as_second()));
        }
    }

    /// A single value is a value of an attribute, several are tags.
    fn compare_categories(&mut self, ticket: &Ticket, it: &Conversation, subject: &Subject<'_>) {
        let dataset = self.source.dataset;
        for chosen in &ticket.categories {
            let Some(category) = dataset.categories.iter().find(|entry| entry.id == chosen.category) else {
                continue;
            };
            for value in &chosen.values {
                let field = if category.multi { "tags".to_owned() } else { self.category_field(category.id) };
                let kept = if category.multi {
                    let wanted = folded(value);
                    self.tag_names(it).any(|name| folded(name).ends_with(&wanted))
                } else {
                    self.holds_value(it, category, value)
                };
                self.check(kept, subject, &field, || format!("a value of {} is missing", category.name));
            }
        }
    }

    fn category_field(&self, category: u64) -> String {
        self.options.category_attributes.get(&category).cloned().unwrap_or_else(|| "categories".into())
    }

    /// A value that two scopes have under one name may say which scope it is of.
    fn holds_value(&self, it: &Conversation, category: &Category, value: &str) -> bool {
        let named = self.options.category_attributes.get(&category.id);
        let scope = self.source.dataset.ticketboxes.iter().find(|folder| Some(folder.id) == category.scope);
        let scoped = scope.map(|folder| Squeezed::of_plain(&format!("{value} ({})", folder.name)));
        let wanted = Squeezed::of_plain(value);
        let is = |text: &str| {
            let text = Squeezed::of_plain(text);
            text == wanted || scoped.as_ref() == Some(&text)
        };
        let mut values = it.attributes.iter().filter(|(name, _)| named.is_none_or(|known| **name == **known));
        values.any(|(_, have)| have.as_str().is_some_and(is))
    }

    fn tag_names<'b>(&'b self, it: &'b Conversation) -> impl Iterator<Item = &'b str> {
        it.tags.iter().filter_map(|applied| Some(self.ws.tags.get(&applied.tag)?.name.as_str()))
    }
}

fn attribute<'b>(it: &'b Conversation, name: &str) -> Option<&'b Value> {
    it.attributes.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
}

/// A time as Unix seconds, whichever way it was written.
fn seconds(value: &Value) -> Option<i64> {
    let text = || value.as_str()?.parse::<jiff::Timestamp>().ok();
    value.as_i64().or_else(|| Some(text()?.as_second()))
}

/// Says that texts differ without showing them.
pub(super) fn lengths(wanted: &str, found: &str) -> String {
    format!("{} characters expected, {} found", wanted.chars().count(), found.chars().count())
}
