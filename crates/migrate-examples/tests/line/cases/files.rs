//! Cases about attachments.

use super::loaded::{Loaded, Said};
use mapping_core::LossRule;
use migrate_sandbox::dataset::{Attachment, Message, Ticket};

/// The message that has such a file.
fn with_file(l: &Loaded, is: impl Fn(&Attachment) -> bool) -> (&Ticket, &Message, &Attachment) {
    let (ticket, message) = l.message(|it| it.attachments.iter().any(&is));
    (ticket, message, message.attachments.iter().find(|it| is(it)).unwrap())
}

/// What was said with files of this message on it: all parts of its time and its author that have some.
fn beside<'a>(l: &'a Loaded, ticket: &Ticket, message: &Message) -> Vec<Said<'a>> {
    let at = message.sent_at.unwrap().as_second();
    l.thread(ticket).said().into_iter().filter(|it| it.at == at && !it.files.is_empty()).collect()
}

/// The one file of a message, at the destination.
fn assert_one<'a>(l: &'a Loaded, ticket: &Ticket, message: &Message) -> (&'a str, u64, &'a str) {
    let parts = beside(l, ticket, message);
    assert_eq!(parts.len(), 1, "{parts:#?}");
    assert_eq!(parts[0].author["id"], l.thread(ticket).opening().author["id"], "its sender's");
    assert_eq!(parts[0].files.len(), message.attachments.len());
    *parts[0].files.last().unwrap()
}

pub(super) fn inline_image(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.inline && it.name == "image001.png");
    assert_eq!(assert_one(l, ticket, message), ("image001.png", file.size(), "image/png"));
    assert_eq!(super::loaded::squeezed(l.thread(ticket).opening().body), "Seehere");
    let field = format!("parts[{}].files[{}]", message.id, file.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Recast, "shown inside the text at the source");
}

pub(super) fn attachment_of_0_bytes(l: &Loaded) {
    let (ticket, message, _) = with_file(l, |it| it.size() == 0);
    assert_eq!(assert_one(l, ticket, message), ("empty.txt", 0, "text/plain"));
}

pub(super) fn attachment_of_a_few_100_kb(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.name == "catalogue.pdf");
    assert!(file.size() >= 300_000);
    assert_eq!(assert_one(l, ticket, message), ("catalogue.pdf", file.size(), "application/pdf"));
}

/// Every file once, in order, at most ten on a part.
fn assert_many(l: &Loaded, first: &str, count: usize) -> usize {
    let (ticket, message, _) = with_file(l, |it| it.name == first);
    assert!(message.attachments.len() >= count);
    let parts = beside(l, ticket, message);
    assert!(parts.iter().all(|it| it.files.len() <= 10), "{parts:#?}");
    let found: Vec<(&str, u64)> = parts.iter().flat_map(|it| &it.files).map(|it| (it.0, it.1)).collect();
    let wanted: Vec<(&str, u64)> =
        message.attachments.iter().map(|it| (it.name.as_str(), it.size())).collect();
    assert_eq!(found, wanted);
    let field = format!("parts[{}].files", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Recast, "follow it in parts of their own");
    parts.len()
}

pub(super) fn with_12_attachments_on_one_message(l: &Loaded) {
    assert_eq!(assert_many(l, "scan01.png", 12), 2);
}

pub(super) fn with_31_attachments_on_one_message(l: &Loaded) {
    assert_eq!(assert_many(l, "page01.jpg", 31), 4);
}

pub(super) fn attachment_with_a_name_that_is_not_ascii(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.name.starts_with("Übersicht"));
    assert_eq!(
        assert_one(l, ticket, message),
        ("Übersicht – ĀĂĄ 報告書 📎.pdf", file.size(), "application/pdf")
    );
}

pub(super) fn attachment_with_a_path_in_its_name(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.name.contains(".."));
    assert_eq!(assert_one(l, ticket, message), ("con.txt", file.size(), "text/plain"));
    let field = format!("parts[{}].files", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Recast, "without path");
}

pub(super) fn attachment_with_a_300_character_name(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.name.len() >= 300);
    let (name, size, kind) = assert_one(l, ticket, message);
    assert_eq!((size, kind), (file.size(), "text/plain"));
    let stem = name.strip_suffix(".txt").expect("what it is can still be seen");
    assert!(file.name.starts_with(stem) && name.len() <= 255 && name.len() > 100, "{name}");
    let field = format!("parts[{}].files", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Recast, "file name");
}

pub(super) fn attachment_with_a_wrong_mime_type(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.name == "photo.png");
    let (name, size, _) = assert_one(l, ticket, message);
    assert_eq!(
        (name, size),
        ("photo.png", file.size()),
        "the bytes are what counts; the judge compares them"
    );
}

pub(super) fn attachment_missing(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.missing);
    assert_eq!(beside(l, ticket, message).len(), 0);
    l.thread(ticket).of(message);
    let field = format!("parts[{}].files[{}]", message.id, file.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Dropped, "the bytes are missing at the source");
    let report = l.report("extract");
    assert_eq!(report["missing_files"], 1, "{report}");
}

pub(super) fn attachment_of_the_wrong_size(l: &Loaded) {
    let (ticket, message, file) = with_file(l, |it| it.declared_size() != it.size());
    assert_eq!(assert_one(l, ticket, message), ("half.zip", 4000, "application/zip"), "what there is");
    let report = l.report("extract");
    let id = format!("attachment:{}", file.id);
    let sums = report["shortfalls"].as_array().unwrap();
    let of_it = sums.iter().find(|it| it["examples"].as_array().unwrap().iter().any(|it| *it == id));
    assert!(of_it.is_some_and(|it| it["what"].as_str().unwrap().contains("declared size")), "{sums:#?}");
}
