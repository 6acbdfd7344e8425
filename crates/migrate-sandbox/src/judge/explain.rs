//! The migrating tool's own lists, and what they explain.

use std::collections::{HashMap, HashSet};

use super::{Explained, Subject, What};

/// Entries by kind and id.
pub(super) struct Explanations {
    entries: HashMap<(String, String), Vec<Field>>,
}

/// The words of an entry's field; empty when it speaks of the whole record.
struct Field(HashSet<String>);

/// Words that mean the same field.
const ALIASES: [&[&str]; 10] = [
    &["title", "subject"],
    &["state", "status"],
    &["at", "time", "created", "sent", "created_at", "sent_at"],
    &["author", "agent", "by"],
    &["body", "text", "html"],
    &["files", "file", "attachments", "attachment", "recording"],
    &["visibility", "note"],
    &["contact", "requester", "customer"],
    &["tags", "tag", "categories", "category"],
    &["phone", "phones"],
];

fn words(text: &str) -> HashSet<String> {
    let split = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

impl Explanations {
    pub(super) fn new(explained: &[Explained]) -> Self {
        let mut entries: HashMap<(String, String), Vec<Field>> = HashMap::new();
        for entry in explained {
            let field = Field(words(entry.field.as_deref().unwrap_or_default()));
            entries.entry((entry.kind.to_lowercase(), entry.id.clone())).or_default().push(field);
        }
        Self { entries }
    }

    /// Whether an entry names this record, or the ticket around it, and this field.
    pub(super) fn explain(&self, what: What, subject: &Subject<'_>, field: &str) -> bool {
        if what == What::Doubled {
            return false;
        }
        let wanted = words(field);
        let ids = std::iter::once(&subject.id).chain(&subject.also);
        if ids.into_iter().any(|id| self.of(subject.kind, id).any(|entry| entry.names(&wanted))) {
            return true;
        }
        let Some(ticket) = subject.ticket else { return false };
        let numbers = [ticket.id.to_string(), ticket.number.clone()];
        let mut entries = numbers.iter().flat_map(|number| self.of("ticket", number));
        if subject.kind == "ticket" {
            return entries.any(|entry| entry.names(&wanted));
        }
        // `parts[m-17].body` on the ticket speaks of message 17.
        let places: Vec<HashSet<String>> =
            [Some(&subject.id), subject.within.as_ref()].into_iter().flatten().map(|id| words(id)).collect();
        let within = subject.within.as_ref();
        let of_message = |id: &String| self.of("message", id).any(|entry| entry.names(&wanted));
        within.is_some_and(of_message)
            || entries.any(|entry| {
                entry.0.is_empty() || places.iter().any(|place| entry.speaks_of(place, &numbers[0], &wanted))
            })
    }

    fn of(&self, kind: &str, id: &str) -> impl Iterator<Item = &Field> {
        self.entries.get(&(kind.to_owned(), id.to_owned())).into_iter().flatten()
    }
}

/// Words that say that a part is meant, and not which of its fields.
const PART_WORDS: [&str; 9] =
    ["parts", "part", "m", "messages", "message", "chat", "call", "calls", "attachments"];

impl Field {
    /// Whether the words name a part and either this field of it or the part as a whole.
    fn speaks_of(&self, place: &HashSet<String>, ticket: &str, wanted: &HashSet<String>) -> bool {
        let known = |word: &str| word == ticket || PART_WORDS.contains(&word);
        let rest = || self.0.iter().filter(|word| !place.contains(*word) && !known(word));
        place.is_subset(&self.0) && (rest().next().is_none() || Self(rest().cloned().collect()).names(wanted))
    }

    fn names(&self, wanted: &HashSet<String>) -> bool {
        let same = |word: &String| {
            wanted.contains(word)
                || ALIASES
                    .iter()
                    .any(|group| group.contains(&word.as_str()) && group.iter().any(|a| wanted.contains(*a)))
        };
        self.0.is_empty() || self.0.iter().any(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Ticket;

    fn list(kind: &str, id: &str, field: Option<&str>) -> Explanations {
        let field = field.map(str::to_owned);
        Explanations::new(&[Explained { kind: kind.into(), id: id.into(), field, rule: "cut".into() }])
    }

    #[test]
    fn an_entry_explains_its_own_record_and_field_and_nothing_else() {
        let ticket = Ticket { id: 7, number: "FS-7".into(), ..Ticket::default() };
        let title =
            |list: &Explanations| list.explain(What::FieldDifference, &Subject::ticket(&ticket), "title");
        assert!(title(&list("ticket", "7", Some("subject"))));
        assert!(title(&list("ticket", "FS-7", Some("attr.title"))));
        assert!(title(&list("ticket", "7", None)));
        assert!(!title(&list("ticket", "8", Some("title"))));
        assert!(!title(&list("ticket", "7", Some("state"))));
        assert!(!title(&list("contact", "7", None)));
    }

    #[test]
    fn a_field_of_the_ticket_may_name_one_of_its_messages() {
        let ticket = Ticket { id: 7, ..Ticket::default() };
        let body = |list: &Explanations, id: u64| {
            list.explain(What::FieldDifference, &Subject::of(&ticket, "message", id), "body")
        };
        let entry = list("ticket", "7", Some("parts[m-17].body"));
        assert!(body(&entry, 17));
        assert!(!body(&entry, 18));
        assert!(body(&list("ticket", "7", Some("messages[17]")), 17));
        assert!(!body(&list("ticket", "7", Some("parts[17].at")), 17));
    }

    #[test]
    fn an_attachment_is_explained_by_its_message() {
        let ticket = Ticket { id: 7, ..Ticket::default() };
        let file = Subject { within: Some("17".into()), ..Subject::of(&ticket, "attachment", 99) };
        let lost = |list: &Explanations| list.explain(What::Lost, &file, "files");
        assert!(lost(&list("ticket", "7", Some("parts[17].files"))));
        assert!(lost(&list("ticket", "7", Some("attachments[99]"))));
        assert!(lost(&list("message", "17", Some("attachments"))));
        assert!(!lost(&list("ticket", "7", Some("parts[18].files"))));
        assert!(!lost(&list("ticket", "7", Some("parts[17].body"))));
    }

    #[test]
    fn nothing_explains_a_double() {
        let ticket = Ticket { id: 7, ..Ticket::default() };
        assert!(!list("ticket", "7", None).explain(What::Doubled, &Subject::ticket(&ticket), ""));
    }
}
