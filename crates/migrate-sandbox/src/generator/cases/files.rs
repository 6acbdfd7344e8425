//! Cases about attachments.

use super::super::Desk;
use super::super::threads::file;
use super::has_mail;
use crate::dataset::{Attachment, Content, ContentType, Dataset, Text};

/// One pixel.
pub(super) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 0x0D, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0,
    0, 1, 8, 6, 0, 0, 0, 0x1F, 0x15, 0xC4, 0x89, 0, 0, 0, 0x0D, b'I', b'D', b'A', b'T', 0x78, 0x9C, 0x63,
    0xF8, 0xCF, 0xC0, 0xF0, 0x1F, 0, 5, 0, 1, 0xFF, 0x89, 0x99, 0x3D, 0x1D, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xAE, 0x42, 0x60, 0x82,
];

const NON_ASCII: &str = "Übersicht – ĀĂĄ 報告書 📎.pdf";
const PATH: &str = "..\\..\\C:/Users/anna/../secret/con.txt";

/// Puts files on the first message of a ticket by mail.
fn attach(desk: &mut Desk, files: impl FnOnce(&mut Desk) -> Vec<Attachment>) {
    let Some(index) = desk.take(has_mail) else { return };
    let files = files(desk);
    desk.dataset.tickets[index].messages[0].attachments.extend(files);
}

fn attached(desk: &Dataset, has: impl Fn(&Attachment) -> bool) -> bool {
    desk.tickets.iter().any(|ticket| ticket.attachments().any(&has))
}

pub(super) fn inline_image(desk: &mut Desk) {
    let Some(index) = desk.take(has_mail) else { return };
    let mut image = file(desk, "image001.png", "image/png", 0);
    let content_id = format!("image001.png@{:08X}", desk.rng.u32(..));
    image.content = Content::Bytes(PNG.to_vec());
    image.inline = true;
    image.content_id = Some(content_id.clone());
    let message = &mut desk.dataset.tickets[index].messages[0];
    message.content_type = ContentType::Html;
    message.body = Text::from(format!("<p>See <img src=\"cid:{content_id}\" alt=\"logo\"> here</p>"));
    message.attachments.push(image);
}

pub(super) fn has_inline_image(desk: &Dataset) -> bool {
    attached(desk, |file| file.inline && file.content_id.is_some())
}

pub(super) fn zero_bytes(desk: &mut Desk) {
    attach(desk, |desk| vec![file(desk, "empty.txt", "text/plain", 0)]);
}

pub(super) fn has_zero_bytes(desk: &Dataset) -> bool {
    attached(desk, |file| file.size() == 0)
}

pub(super) fn large(desk: &mut Desk) {
    attach(desk, |desk| {
        let size = desk.rng.u32(300_000..500_000);
        vec![file(desk, "catalogue.pdf", "application/pdf", size)]
    });
}

pub(super) fn has_large(desk: &Dataset) -> bool {
    attached(desk, |file| file.size() >= 300_000)
}

pub(super) fn twelve(desk: &mut Desk) {
    attach(desk, |desk| {
        (1..=12)
            .map(|number| file(desk, &format!("scan{number:02}.png"), "image/png", 500 * number))
            .collect()
    });
}

pub(super) fn has_twelve(desk: &Dataset) -> bool {
    desk.tickets.iter().any(|ticket| ticket.messages.iter().any(|message| message.attachments.len() >= 12))
}

pub(super) fn thirty_one(desk: &mut Desk) {
    attach(desk, |desk| {
        (1..=31)
            .map(|number| file(desk, &format!("page{number:02}.jpg"), "image/jpeg", 100 + number))
            .collect()
    });
}

pub(super) fn has_thirty_one(desk: &Dataset) -> bool {
    desk.tickets.iter().any(|ticket| ticket.messages.iter().any(|message| message.attachments.len() >= 31))
}

pub(super) fn missing(desk: &mut Desk) {
    attach(desk, |desk| {
        let mut gone = file(desk, "purged.pdf", "application/pdf", 5000);
        gone.missing = true;
        vec![gone]
    });
}

pub(super) fn has_missing(desk: &Dataset) -> bool {
    attached(desk, |file| file.missing)
}

pub(super) fn wrong_size(desk: &mut Desk) {
    attach(desk, |desk| {
        let mut larger = file(desk, "half.zip", "application/zip", 4000);
        larger.said_size = Some(8000);
        vec![larger]
    });
}

pub(super) fn has_wrong_size(desk: &Dataset) -> bool {
    attached(desk, |file| file.declared_size() != file.size())
}

pub(super) fn non_ascii_name(desk: &mut Desk) {
    attach(desk, |desk| vec![file(desk, NON_ASCII, "application/pdf", 2345)]);
}

pub(super) fn has_non_ascii_name(desk: &Dataset) -> bool {
    attached(desk, |file| file.name == NON_ASCII)
}

pub(super) fn path_name(desk: &mut Desk) {
    attach(desk, |desk| vec![file(desk, PATH, "text/plain", 123)]);
}

pub(super) fn has_path_name(desk: &Dataset) -> bool {
    attached(desk, |file| file.name == PATH)
}

pub(super) fn long_name(desk: &mut Desk) {
    attach(desk, |desk| vec![file(desk, &format!("{}.txt", "long name ".repeat(30)), "text/plain", 77)]);
}

pub(super) fn has_long_name(desk: &Dataset) -> bool {
    attached(desk, |file| file.name.len() >= 300)
}

pub(super) fn wrong_mime(desk: &mut Desk) {
    attach(desk, |desk| {
        let mut image = file(desk, "photo.png", "application/pdf", 0);
        image.content = Content::Bytes(PNG.to_vec());
        vec![image]
    });
}

pub(super) fn has_wrong_mime(desk: &Dataset) -> bool {
    attached(desk, |file| file.mime == "application/pdf" && file.bytes().starts_with(b"\x89PNG"))
}
