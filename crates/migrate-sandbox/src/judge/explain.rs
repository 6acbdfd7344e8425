//! The migrating tool's own lists, and what they explain.

use std::collections::HashMap;

use super::{Explained, Subject, What};

/// Entries by kind and id of the record.
pub(super) struct Explanations {
    entries: HashMap<(String, String), Vec<Entry>>,
}

/// What one entry speaks of.
#[derive(Debug, PartialEq)]
struct Entry {
    rule: Rule,
    place: Place,
    /// The field in the form of [`canonical`]; none for all of the place.
    field: Option<String>,
}

/// Which part of a record an entry speaks of.
#[derive(Debug, PartialEq)]
enum Place {
    /// The record itself; without a field all of it.
    Record,
    /// This field of every part.
    Parts,
    /// One part of a ticket, by kind (`message`, `call`, `chat`) and id.
    Part(&'static str, String),
    /// One file, by id.
    File(String),
}

/// What the tool says it did. What arrived in another form has still arrived, so some words excuse little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// Left out, refused, cut or held back: it may be missing, and it may differ.
    Gone,
    /// Another value stands there: it may differ, and it may not be missing.
    Changed,
    /// Written in another form: the judge compares what is said, not how it is written.
    Recast,
    /// Something that the source has not.
    Added,
}

/// Words that mean the same field, the first of them standing for all.
const ALIASES: [&[&str]; 10] = [
    &["title", "subject"],
    &["state", "status"],
    &["at", "time", "created", "sent", "createdat", "sentat"],
    &["author", "by"],
    &["body", "text", "html"],
    &["files", "file", "attachments", "attachment"],
    &["visibility", "note"],
    &["contact", "requester", "customer"],
    &["tags", "tag", "categories", "category"],
    &["assignee", "agent"],
];

/// What stands in front of a field and says where it lies.
const PREFIXES: [&str; 10] = [
    "attributes.",
    "attribute.",
    "attr.",
    "custom_fields.",
    "custom.",
    "ticket.",
    "contact.",
    "focalscope_",
    "call_",
    "call.",
];

/// Names of lists of parts, and the kind of part.
const LISTS: [(&str, &str); 6] = [
    ("parts", "message"),
    ("part", "message"),
    ("messages", "message"),
    ("message", "message"),
    ("calls", "call"),
    ("chat", "chat"),
];

/// A field's name without what says where it lies, and without case and punctuation.
fn canonical(field: &str) -> String {
    let field = field.to_lowercase();
    let mut own = field.strip_suffix("__c").unwrap_or(&field);
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| own.strip_prefix(prefix)) {
        own = rest;
    }
    let name: String = own.chars().filter(|c| c.is_alphanumeric()).collect();
    let alias = ALIASES.iter().find(|group| group.contains(&name.as_str()));
    alias.map_or(name, |group| group[0].to_owned())
}

impl Rule {
    fn of(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            "recast" => Self::Recast,
            "added" => Self::Added,
            "merged" | "defaulted" | "clamped" => Self::Changed,
            _ => Self::Gone,
        }
    }

    fn excuses(self, what: What) -> bool {
        match (self, what) {
            (_, What::Doubled) | (Self::Recast, _) => false,
            (Self::Gone, _) | (Self::Added | Self::Changed, What::FieldDifference) => true,
            // A time that was moved moves its message.
            (Self::Changed, What::OutOfOrder) => true,
            (Self::Changed, What::Lost) | (Self::Added, _) => false,
        }
    }
}

/// `parts[17].files[3]` in steps: name and index of each.
fn steps(path: &str) -> Vec<(&str, Option<&str>)> {
    let mut out = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        let index = after.strip_prefix('[').and_then(|inside| inside.split_once(']'));
        out.push((name, index.map(|(index, _)| index)));
        rest = index.map_or(after, |(_, after)| after);
        rest = rest.strip_prefix(['.', '[']).unwrap_or(rest);
    }
    out
}

/// The part that an index means: `17`, `m-17`, `call:9`, `chat:2`; what was split off counts to it.
fn part(kind: &'static str, index: &str) -> (&'static str, String) {
    let whole = index.split(['#', '~']).next().unwrap_or(index);
    let known = [("call:", "call"), ("chat:", "chat"), ("m-", "message")];
    let found = known.iter().find_map(|(mark, kind)| Some((*kind, whole.strip_prefix(mark)?)));
    let (kind, id) = found.unwrap_or((kind, whole));
    // A line of chat has a number within its ticket, perhaps behind the ticket's id.
    let id = if kind == "chat" { id.rsplit('/').next().unwrap_or(id) } else { id };
    (kind, id.to_owned())
}

impl Entry {
    fn new(entry: &Explained) -> Self {
        let rule = Rule::of(&entry.rule);
        let path = entry.field.as_deref().unwrap_or_default();
        if path.is_empty() || path == "record" {
            return Self { rule, place: Place::Record, field: None };
        }
        let steps = steps(path);
        let (first, index) = steps[0];
        let (last, last_index) = steps[steps.len() - 1];
        // A file is named wherever it hangs.
        if let (Some(id), true) = (last_index, canonical(last) == "files") {
            return Self { rule, place: Place::File(id.to_owned()), field: Some("files".to_owned()) };
        }
        let Some((_, kind)) = LISTS.iter().find(|(name, _)| *name == first) else {
            return Self { rule, place: Place::Record, field: Some(canonical(path)) };
        };
        let field = (steps.len() > 1).then(|| canonical(last));
        let place = index.map_or(Place::Parts, |index| {
            let (kind, id) = part(kind, index);
            Place::Part(kind, id)
        });
        Self { rule, place, field }
    }

    fn is_of(&self, field: &str) -> bool {
        self.field.as_ref().is_none_or(|own| *own == canonical(field))
    }

    /// Whether an entry on a ticket speaks of this field of one of its parts or files.
    fn names_part(&self, subject: &Subject<'_>, field: &str) -> bool {
        match (&self.place, subject.kind) {
            (Place::Record, _) => self.field.is_none(),
            // A file that is said to be missing has no excuse to lie elsewhere.
            (Place::File(id), kind) => kind == "attachment" && *id == subject.id && self.is_of(field),
            (Place::Parts, kind) => self.field.is_some() && kind != "attachment" && self.is_of(field),
            (Place::Part(kind, id), "attachment") => subject.hangs_on(kind, id) && self.is_of(field),
            (Place::Part(kind, id), _) => subject.is_part(kind, id) && self.is_of(field),
        }
    }
}

impl Subject<'_> {
    /// Whether the finding is about this part itself.
    fn is_part(&self, kind: &str, id: &str) -> bool {
        match kind {
            "chat" => self.kind == "message" && self.id == format!("chat {id}"),
            _ => self.kind == kind && self.id == id,
        }
    }

    fn hangs_on(&self, kind: &str, id: &str) -> bool {
        let place = if kind == "chat" { format!("chat {id}") } else { id.to_owned() };
        self.within.as_ref() == Some(&place)
    }
}

impl Explanations {
    pub(super) fn new(explained: &[Explained]) -> Self {
        let mut entries: HashMap<(String, String), Vec<Entry>> = HashMap::new();
        for entry in explained {
            let key = (entry.kind.to_lowercase(), entry.id.clone());
            entries.entry(key).or_default().push(Entry::new(entry));
        }
        Self { entries }
    }

    /// Whether an entry names this record, or the ticket around it, and this field.
    pub(super) fn explain(&self, what: What, subject: &Subject<'_>, field: &str) -> bool {
        let ids = std::iter::once(&subject.id).chain(&subject.also);
        let own = |entry: &&Entry| entry.place == Place::Record && entry.is_of(field);
        if ids.into_iter().any(|id| self.of(subject.kind, id, what).any(|entry| own(&entry))) {
            return true;
        }
        if self.by_owner(what, subject, field) {
            return true;
        }
        let Some(ticket) = subject.ticket else { return false };
        // A list may know a message, and with it its files, by its own id.
        let around = |entry: &Entry| entry.place == Place::Record && entry.is_of("files");
        if let Some(within) = &subject.within
            && self.of("message", within, what).any(around)
        {
            return true;
        }
        let line = subject
            .id
            .strip_prefix("chat ")
            .or(subject.within.as_deref().and_then(|w| w.strip_prefix("chat ")));
        if let Some(line) = line
            && self.of("chat_line", &format!("{}/{line}", ticket.id), what).any(|entry| own(&entry))
        {
            return true;
        }
        let numbers = [ticket.id.to_string(), ticket.number.clone()];
        let mut entries = numbers.iter().flat_map(|number| self.of("ticket", number, what));
        if subject.kind == "ticket" {
            entries.any(|entry| own(&entry))
        } else {
            entries.any(|entry| entry.names_part(subject, field))
        }
    }

    /// Whether an entry speaks of this field of a record, whatever it says of it.
    pub(super) fn mentions(&self, subject: &Subject<'_>, field: &str) -> bool {
        let list = self.entries.get(&(subject.kind.to_owned(), subject.id.clone()));
        list.into_iter().flatten().any(|entry| entry.place == Place::Record && entry.is_of(field))
    }

    /// Whether an entry on the record that this is a part of speaks of the part.
    fn by_owner(&self, what: What, subject: &Subject<'_>, field: &str) -> bool {
        let Some(owner) = &subject.owner else { return false };
        let names = |entry: &Entry| match &entry.place {
            Place::Record => match &entry.field {
                None => true,
                Some(named) => !owner.field.is_empty() && *named == canonical(owner.field),
            },
            Place::Part(_, id) => subject.parts.contains(id) && entry.is_of(field),
            Place::File(id) => subject.kind == "attachment" && *id == subject.id,
            Place::Parts => false,
        };
        owner.ids.iter().any(|id| self.of(owner.kind, id, what).any(names))
    }

    /// The entries on a record that excuse this kind of finding.
    fn of(&self, kind: &str, id: &str, what: What) -> impl Iterator<Item = &Entry> {
        let list = self.entries.get(&(kind.to_owned(), id.to_owned())).into_iter().flatten();
        list.filter(move |entry| entry.rule.excuses(what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Ticket;

    fn by_rule(kind: &str, id: &str, field: Option<&str>, rule: &str) -> Explanations {
        let field = field.map(str::to_owned);
        Explanations::new(&[Explained { kind: kind.into(), id: id.into(), field, rule: rule.into() }])
    }

    fn list(kind: &str, id: &str, field: Option<&str>) -> Explanations {
        by_rule(kind, id, field, "cut")
    }

    fn ticket() -> Ticket {
        Ticket { id: 7, number: "FS-7".into(), ..Ticket::default() }
    }

    #[test]
    fn an_entry_explains_its_own_record_and_field_and_nothing_else() {
        let ticket = ticket();
        let title =
            |list: &Explanations| list.explain(What::FieldDifference, &Subject::ticket(&ticket), "title");
        assert!(title(&list("ticket", "7", Some("subject"))));
        assert!(title(&list("ticket", "FS-7", Some("attr.title"))));
        assert!(title(&list("ticket", "7", None)));
        assert!(title(&list("ticket", "7", Some("record"))));
        assert!(!title(&list("ticket", "8", Some("title"))));
        assert!(!title(&list("ticket", "7", Some("state"))));
        assert!(!title(&list("ticket", "7", Some("messages.subject"))));
        assert!(!title(&list("contact", "7", None)));
    }

    #[test]
    fn attributes_are_known_by_the_source_s_name_or_their_own() {
        let ticket = ticket();
        let field = |list: &Explanations, field: &str| {
            list.explain(What::FieldDifference, &Subject::ticket(&ticket), field)
        };
        let entry = list("ticket", "7", Some("attribute.focalscope_order_no__c"));
        assert!(field(&entry, "custom_fields.Order no."));
        assert!(!field(&entry, "custom_fields.Order"));
        assert!(!field(&entry, "custom_fields.no."));
        assert!(field(&list("ticket", "7", Some("ticket.custom.Order no.")), "custom_fields.Order no."));
        assert!(field(&list("ticket", "7", Some("attribute.channel_source__c")), "channel_source__c"));
        assert!(field(&list("ticket", "7", Some("attribute.focalscope_call_duration__c")), "call.duration"));
        assert!(!field(&list("ticket", "7", Some("attribute.focalscope_call_note__c")), "call.duration"));
    }

    #[test]
    fn a_field_of_the_ticket_may_name_one_of_its_messages() {
        let ticket = ticket();
        let body = |list: &Explanations, id: u64| {
            list.explain(What::FieldDifference, &Subject::of(&ticket, "message", id), "body")
        };
        for field in ["parts[m-17].body", "parts[17].body", "messages[17]", "parts[17#2].text"] {
            assert!(body(&list("ticket", "7", Some(field)), 17), "{field}");
            assert!(!body(&list("ticket", "7", Some(field)), 18), "{field}");
            assert!(!body(&list("ticket", "8", Some(field)), 17), "{field}");
        }
        for field in ["parts[17].at", "parts[17].files", "calls[17]", "parts[call:17]", "body", "messages.to"]
        {
            assert!(!body(&list("ticket", "7", Some(field)), 17), "{field}");
        }
        let line = Subject::of(&ticket, "message", "chat 3");
        assert!(list("ticket", "7", Some("parts[chat:3].body")).explain(What::Lost, &line, "body"));
        assert!(!list("ticket", "7", Some("parts[3].body")).explain(What::Lost, &line, "body"));
    }

    #[test]
    fn a_lost_body_does_not_excuse_author_time_or_files_and_a_lost_file_not_the_body() {
        let ticket = ticket();
        let message = Subject::of(&ticket, "message", 17);
        let file = Subject { within: Some("17".into()), ..Subject::of(&ticket, "attachment", 99) };
        let body = list("ticket", "7", Some("parts[17].body"));
        assert!(body.explain(What::Lost, &message, "body"));
        for field in ["author", "created_at", "visibility", "order"] {
            assert!(!body.explain(What::FieldDifference, &message, field), "{field}");
        }
        assert!(!body.explain(What::Lost, &file, "files"));
        for field in ["parts[17].files", "parts[17].files[99]", "attachments[99]"] {
            let files = list("ticket", "7", Some(field));
            assert!(files.explain(What::Lost, &file, "files"), "{field}");
            assert!(!files.explain(What::Lost, &message, "body"), "{field}");
        }
    }

    #[test]
    fn an_attachment_is_explained_by_its_message_or_its_own_id() {
        let ticket = ticket();
        let file = Subject { within: Some("17".into()), ..Subject::of(&ticket, "attachment", 99) };
        let lost = |list: &Explanations| list.explain(What::Lost, &file, "files");
        assert!(lost(&list("message", "17", Some("attachments"))));
        assert!(lost(&list("ticket", "7", Some("parts[17]"))));
        for field in
            ["parts[18].files", "parts[17].files[98]", "parts[17].files[99].extra", "attachments[17]"]
        {
            assert!(!lost(&list("ticket", "7", Some(field))), "{field}");
        }
        assert!(!lost(&list("message", "17", Some("body"))));
    }

    #[test]
    fn a_file_that_is_listed_as_missing_may_not_lie_on_another_message() {
        let ticket = ticket();
        let file = Subject { within: Some("chat 2".into()), ..Subject::of(&ticket, "attachment", 99) };
        for field in ["parts[files].files[99]", "parts[chat:7/2].files", "attachments[99]"] {
            let list = list("ticket", "7", Some(field));
            assert!(list.explain(What::Lost, &file, "files"), "{field}");
            assert!(!list.explain(What::FieldDifference, &file, "place"), "{field}");
        }
    }

    #[test]
    fn another_form_excuses_nothing_and_an_addition_no_loss() {
        let ticket = ticket();
        let message = Subject::of(&ticket, "message", 17);
        let explains = |rule: &str, what: What| {
            by_rule("ticket", "7", Some("parts[17].body"), rule).explain(what, &message, "body")
        };
        assert!(explains("Dropped", What::Lost) && explains("Refused", What::Lost));
        assert!(explains("Defaulted", What::FieldDifference));
        for rule in ["Recast", "Added", "Merged", "Defaulted", "Clamped"] {
            assert!(!explains(rule, What::Lost), "{rule}");
        }
        assert!(!explains("Recast", What::FieldDifference));
    }

    #[test]
    fn nothing_explains_a_double() {
        let ticket = ticket();
        assert!(!list("ticket", "7", None).explain(What::Doubled, &Subject::ticket(&ticket), ""));
    }
}
