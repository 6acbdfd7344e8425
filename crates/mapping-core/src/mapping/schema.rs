//! The paths that records have, so that a rule with a path that matches nothing is refused when it is read.

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    Text,
    Int,
    Bool,
    Time,
    /// The id of a record of this kind.
    Id(&'static str),
    /// One of these words.
    Word(&'static [&'static str]),
    Object(&'static [(&'static str, Shape)]),
    List(&'static Shape),
    /// A weekly interval, as a whole.
    Interval,
    /// Names of the source's own making: custom fields, unplaced values.
    Open,
}
use Shape::{Bool, Id, Int, Interval, List, Object, Open, Text, Time, Word};

const TEXTS: Shape = List(&Text);
const DIRECTION: Shape = Word(&["in", "out", "note", "system"]);
const BODY: Shape = Object(&[("format", Word(&["plain", "html"])), ("text", Text)]);
const AUTHOR: Shape =
    Object(&[("agent", Id("agent")), ("contact", Id("contact")), ("name", Text), ("email", Text)]);

const CONTACT: Shape = Object(&[
    ("id", Id("contact")),
    ("name", Text),
    ("emails", TEXTS),
    ("phones", TEXTS),
    ("company", Id("company")),
    ("address", Text),
    ("opted_out", Bool),
    ("blocked", Bool),
    ("bounced", Bool),
    ("custom", Open),
    ("notes", List(&Object(&[("at", Time), ("author", Text), ("text", Text)]))),
    ("created_at", Time),
    ("modified_at", Time),
    ("extra", Open),
]);

const TICKET: Shape = Object(&[
    ("id", Id("ticket")),
    ("number", Text),
    ("subject", Text),
    ("status", Word(&["open", "pending", "on_hold", "resolved", "closed"])),
    ("priority", Word(&["low", "normal", "high", "urgent"])),
    ("channel", Word(&["email", "voice", "live_chat", "facebook", "whats_app", "telegram", "sms"])),
    ("ticketbox", Id("ticketbox")),
    ("queue", Id("queue")),
    ("agent", Id("agent")),
    ("contact", Id("contact")),
    ("created_at", Time),
    ("modified_at", Time),
    ("first_response_at", Time),
    ("assigned_at", Time),
    ("resolved_at", Time),
    ("closed_at", Time),
    ("wakes_at", Time),
    ("categories", List(&Id("category"))),
    ("custom", Open),
    ("message_count", Int),
    ("merged_into", Id("ticket")),
    ("deleted", Bool),
    ("spam", Bool),
    ("extra", Open),
]);

const MESSAGE: Shape = Object(&[
    ("id", Id("message")),
    ("ticket", Id("ticket")),
    ("direction", DIRECTION),
    ("author", AUTHOR),
    ("to", TEXTS),
    ("cc", TEXTS),
    ("subject", Text),
    ("sent_at", Time),
    ("received_at", Time),
    ("body", BODY),
    ("message_id", Text),
    ("in_reply_to", Text),
    ("extra", Open),
]);

const CALL: Shape = Object(&[
    ("id", Id("call")),
    ("ticket", Id("ticket")),
    ("direction", DIRECTION),
    ("agent", Id("agent")),
    ("queue", Id("queue")),
    ("from", Text),
    ("to", Text),
    ("started_at", Time),
    ("answered_at", Time),
    ("ended_at", Time),
    ("duration_seconds", Int),
    ("disposition", Text),
    ("recording", Text),
    ("note", Text),
    ("extra", Open),
]);

const CHAT_LINE: Shape = Object(&[
    ("id", Id("chat_line")),
    ("ticket", Id("ticket")),
    ("direction", DIRECTION),
    ("author", AUTHOR),
    ("at", Time),
    ("text", Text),
    ("extra", Open),
]);

const BLOB: Shape = Object(&[("sha256", Text), ("len", Int), ("name", Text), ("mime", Text)]);

const ATTACHMENT: Shape = Object(&[
    ("id", Id("attachment")),
    ("ticket", Id("ticket")),
    ("message", Id("message")),
    ("chat_line", Id("chat_line")),
    ("name", Text),
    ("mime", Text),
    ("declared_size", Int),
    ("blob", BLOB),
    ("content_id", Text),
    ("inline", Bool),
    ("extra", Open),
]);

const THREAD: Shape = Object(&[
    ("ticket", TICKET),
    ("messages", List(&MESSAGE)),
    ("calls", List(&CALL)),
    ("chat", List(&CHAT_LINE)),
    ("attachments", List(&ATTACHMENT)),
    ("merged", List(&TICKET)),
]);

/// A note with its place among the contact's notes, from 1.
const NOTE: Shape = Object(&[("number", Int), ("at", Time), ("author", Text), ("text", Text)]);

const COMPANY: Shape =
    Object(&[("id", Id("company")), ("name", Text), ("domains", TEXTS), ("custom", Open), ("extra", Open)]);

const WORKING_HOURS: Shape = Object(&[
    ("id", Id("working_hours")),
    ("name", Text),
    ("offset_minutes", Int),
    ("zone", Text),
    ("week", List(&Interval)),
    ("holidays", TEXTS),
    ("extra", Open),
]);

const KB_CATEGORY: Shape =
    Object(&[("id", Id("kb_category")), ("parent", Id("kb_category")), ("title", Text), ("extra", Open)]);

const KB_ARTICLE: Shape = Object(&[
    ("id", Id("kb_article")),
    ("title", Text),
    ("body", BODY),
    ("categories", List(&Id("kb_category"))),
    ("internal", Bool),
    ("published", Bool),
    ("language", Text),
    ("author", Text),
    ("author_agent", Id("agent")),
    ("translation_of", Id("kb_article")),
    ("tags", TEXTS),
    ("url", Text),
    ("created_at", Time),
    ("modified_at", Time),
    ("custom", Open),
    ("attachments", List(&Id("attachment"))),
    ("extra", Open),
]);

/// The kinds that rules can start from.
pub(crate) const ROOTS: [&str; 6] =
    ["company", "contact", "kb_article", "kb_category", "ticket", "working_hours"];
/// The lists of a thread that can become parts.
pub(crate) const PART_LISTS: [&str; 4] = ["messages", "calls", "chat", "merged"];

/// What the rules for a kind start from. A ticket comes with its thread.
pub(crate) fn root(kind: &str) -> Option<Shape> {
    match kind {
        "company" => Some(COMPANY),
        "contact" => Some(CONTACT),
        "kb_article" => Some(KB_ARTICLE),
        "kb_category" => Some(KB_CATEGORY),
        "ticket" => Some(THREAD),
        "working_hours" => Some(WORKING_HOURS),
        _ => None,
    }
}

/// The lists of a record of this kind that can become parts.
pub(crate) fn part_lists(kind: &str) -> &'static [&'static str] {
    match kind {
        "ticket" => &PART_LISTS,
        "contact" => &["notes"],
        _ => &[],
    }
}

/// What the rules for the parts made of this list start from.
pub(crate) fn item(list: &str) -> Option<Shape> {
    match list {
        "messages" => Some(MESSAGE),
        "calls" => Some(CALL),
        "chat" => Some(CHAT_LINE),
        "merged" => Some(TICKET),
        "notes" => Some(NOTE),
        _ => None,
    }
}

/// Every path below a shape.
pub(crate) fn paths(shape: Shape) -> Vec<String> {
    let mut out = Vec::new();
    collect(shape, "", &mut out);
    out
}

fn collect(shape: Shape, at: &str, out: &mut Vec<String>) {
    match shape {
        Object(fields) => {
            for (name, inner) in fields {
                let path = if at.is_empty() { (*name).to_owned() } else { format!("{at}.{name}") };
                collect(*inner, &path, out);
            }
        }
        List(inner) => collect(*inner, at, out),
        _ => out.push(at.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Attachment, CallLeg, ChatLine, Contact, Direction, Message, MessageAuthor, Record, Thread, Ticket,
    };
    use crate::{Blob, Body};
    use serde_json::{Value, json};

    /// Both say the same names, whatever the values.
    fn same_names(value: &Value, shape: Shape, at: &str) {
        match (value, shape) {
            (Value::Object(map), Object(fields)) => {
                let mut known: Vec<&str> = fields.iter().map(|(n, _)| *n).collect();
                let mut there: Vec<&str> = map.keys().map(String::as_str).collect();
                known.sort_unstable();
                there.sort_unstable();
                assert_eq!(known, there, "at {at:?}");
                for (name, inner) in fields {
                    same_names(&map[*name], *inner, &format!("{at}.{name}"));
                }
            }
            (Value::Array(items), List(inner)) => items.iter().for_each(|v| same_names(v, *inner, at)),
            (Value::Object(_) | Value::Array(_), other) => {
                assert!(matches!(other, Open | Interval), "at {at:?} is more than a leaf");
            }
            _ => {}
        }
    }

    #[test]
    fn the_known_paths_are_those_of_the_record_types() {
        let author: MessageAuthor = serde_json::from_value(json!({})).unwrap();
        let mut message = Message::new("1".into(), "1".into(), Body::plain("x"));
        message.author = author.clone();
        let call: CallLeg =
            serde_json::from_value(json!({"id": "1", "ticket": "1", "direction": "in"})).unwrap();
        let chat = ChatLine {
            id: "1".into(),
            ticket: "1".into(),
            direction: Direction::In,
            author,
            at: None,
            text: "x".into(),
            extra: Default::default(),
        };
        let mut attachment: Attachment =
            serde_json::from_value(json!({"id": "1", "name": "n", "mime": "m"})).unwrap();
        attachment.blob = Some(Blob { sha256: "s".into(), len: 1, name: "n".into(), mime: "m".into() });
        let thread = Thread {
            ticket: Ticket::new("1".into()),
            messages: vec![message],
            calls: vec![call],
            chat: vec![chat],
            attachments: vec![attachment],
            merged: vec![Ticket::new("2".into())],
        };
        same_names(&serde_json::to_value(&thread).unwrap(), THREAD, "");
        let mut contact = serde_json::to_value(Contact::new("1".into())).unwrap();
        contact["notes"] = json!([{"at": null, "author": null, "text": "x"}]);
        same_names(&contact, CONTACT, "");
        let of = |kind: &str, json: Value| {
            let record: Record = serde_json::from_value(json!({"kind": kind, "record": json})).unwrap();
            serde_json::to_value(record).unwrap()["record"].clone()
        };
        same_names(&of("company", json!({"id": "1", "name": "n"})), COMPANY, "");
        same_names(&of("kb_category", json!({"id": "1", "title": "t"})), KB_CATEGORY, "");
        let article =
            json!({"id": "1", "title": "t", "body": {"format": "html", "text": "x"}, "categories": ["1"]});
        same_names(&of("kb_article", article), KB_ARTICLE, "");
        let week = json!([{"weekday": 0, "from": "09:00:00", "to": "17:00:00"}]);
        let hours = json!({"id": "1", "name": "n", "offset_minutes": 60, "week": week});
        same_names(&of("working_hours", hours), WORKING_HOURS, "");
    }

    #[test]
    fn the_known_words_are_those_of_the_enums() {
        for (field, shape) in [("status", &TICKET), ("priority", &TICKET), ("channel", &TICKET)] {
            let Object(fields) = shape else { panic!("not an object") };
            let (_, Word(words)) = fields.iter().find(|(n, _)| *n == field).unwrap() else {
                panic!("{field} is not a word")
            };
            for word in *words {
                let mut ticket = serde_json::to_value(Ticket::new("1".into())).unwrap();
                ticket[field] = json!(word);
                assert!(serde_json::from_value::<Ticket>(ticket).is_ok(), "{field} = {word}");
            }
        }
    }
}
