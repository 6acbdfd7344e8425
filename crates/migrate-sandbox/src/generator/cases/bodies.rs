//! Cases about what messages say.

use super::super::Desk;
use super::super::threads::file;
use super::files::PNG;
use super::has_mail;
use crate::dataset::{Content, ContentType, Dataset, Prose, Text, Ticket};

const EMOJI: &str = "Thanks 👍🏽 from all of us 👨‍👩‍👧‍👦 in 🇩🇰 & 🏴󠁧󠁢󠁳󠁣󠁴󠁿 \u{1F600}";
const RIGHT_TO_LEFT: &str = "שלום, ההזמנה 12345 לא הגיעה. \u{202E}abc\u{202C} مرحبا بكم في Support!";
const COMBINING: &str = "Cafe\u{301} A\u{30A}rhus Z\u{351}\u{36B}\u{343}\u{36A}\u{302}a\u{321}\u{34A}lgo";
const CONTROLS: &str =
    "Log: \u{1B}[31mERROR\u{1B}[0m\u{8}\u{B}\u{C} bell\u{7} end\r\nsecond line\tand a tab\u{1F}";
const MOJIBAKE: &str = "KÃ¸benhavn â€“ GrÃ¼ÃŸe aus MÃ¼nchen, Ð¿Ñ€Ð¸Ð²ÐµÑ‚";
const LIKE_HTML: &str =
    "if (a < b && c > d) { <Order id=5> }\n<script>alert('not code')</script>\n&amp; stays &amp;, 2 < 3";
const RICH_HTML: &str = "<html><head><style>p{color:red}</style><script>alert(1)</script></head><body>\
<div dir=\"auto\"><p onclick=\"x()\">Hello&nbsp;<b>team</b> &amp; <i>friends</i>,</p>\
<table border=1><tr><th>Item</th><th>Price</th></tr><tr><td>Router</td><td>&euro;&nbsp;12,50</td></tr></table>\
<ul><li>one<li>two</ul><a href=\"https://shop.example/?a=1&amp;b=2\">link</a> <a href=\"javascript:alert(2)\">no</a>\
<img src=\"https://track.example/pixel.gif\" width=\"1\" height=\"1\"><img src=\"cid:logo@rich.example\">\
<blockquote type=\"cite\">On Monday Anna wrote:<blockquote>first<blockquote>deep</blockquote></blockquote></blockquote>\
<!-- hidden --></div></body></html>";

/// What a reader makes of a text whose emoji was cut in two: the half that is left is no character.
const HALVED: &str = "Cut in the middle of an emoji: \u{FFFD} and \u{FFFD}\u{FFFD} again";
/// A text becomes live where it is shown.
const MENTIONS: &str =
    "Please ask zsu[@user:814423]zsu or @[Anna Berg](admin:814423), not <@U0A1B2C3D> or {{user.email}}.";
const TOKENS: &[&str] =
    &["[#1234] Re: your request", "Ticket: 55 – still open", "Re: [FS-240001] Order (#77)"];
/// A little more than 1 MiB.
const SENTENCES_OF_A_MEGABYTE: u16 = 21_000;

/// Puts a text into the first message of a ticket by mail and into its subject, if it has one for that.
fn say(desk: &mut Desk, text: &str, content_type: ContentType, subject: Option<&str>) {
    let Some(ticket) = desk.ticket(has_mail) else { return };
    ticket.messages[0].body = Text::from(text);
    ticket.messages[0].content_type = content_type;
    if let Some(subject) = subject {
        subject.clone_into(&mut ticket.subject);
    }
}

fn said(desk: &Dataset, text: &str) -> bool {
    let said = |ticket: &Ticket| ticket.messages.iter().any(|message| message.body == Text::from(text));
    desk.tickets.iter().any(said)
}

pub(super) fn empty(desk: &mut Desk) {
    say(desk, "", ContentType::Text, None);
}

pub(super) fn has_empty(desk: &Dataset) -> bool {
    said(desk, "")
}

pub(super) fn emoji(desk: &mut Desk) {
    say(desk, EMOJI, ContentType::Text, Some("🎉 It works 👍🏽"));
}

pub(super) fn has_emoji(desk: &Dataset) -> bool {
    said(desk, EMOJI)
}

pub(super) fn right_to_left(desk: &mut Desk) {
    say(desk, RIGHT_TO_LEFT, ContentType::Text, Some("שאלה על ההזמנה"));
}

pub(super) fn has_right_to_left(desk: &Dataset) -> bool {
    said(desk, RIGHT_TO_LEFT)
}

pub(super) fn combining(desk: &mut Desk) {
    say(desk, COMBINING, ContentType::Text, None);
}

pub(super) fn has_combining(desk: &Dataset) -> bool {
    said(desk, COMBINING)
}

pub(super) fn controls(desk: &mut Desk) {
    say(desk, CONTROLS, ContentType::Text, Some("Error \u{1B}[31mred"));
}

pub(super) fn has_controls(desk: &Dataset) -> bool {
    said(desk, CONTROLS)
}

pub(super) fn mojibake(desk: &mut Desk) {
    say(desk, MOJIBAKE, ContentType::Text, None);
}

pub(super) fn has_mojibake(desk: &Dataset) -> bool {
    said(desk, MOJIBAKE)
}

pub(super) fn like_html(desk: &mut Desk) {
    say(desk, LIKE_HTML, ContentType::Text, Some("Order <b>5</b> & more"));
}

pub(super) fn has_like_html(desk: &Dataset) -> bool {
    said(desk, LIKE_HTML)
}

pub(super) fn rich_html(desk: &mut Desk) {
    let Some(index) = desk.take(has_mail) else { return };
    let mut logo = file(desk, "logo.png", "image/png", 0);
    logo.content = Content::Bytes(PNG.to_vec());
    logo.inline = true;
    logo.content_id = Some("logo@rich.example".into());
    let message = &mut desk.dataset.tickets[index].messages[0];
    message.body = Text::from(RICH_HTML);
    message.content_type = ContentType::Html;
    message.attachments.push(logo);
}

pub(super) fn has_rich_html(desk: &Dataset) -> bool {
    said(desk, RICH_HTML)
}

pub(super) fn megabyte(desk: &mut Desk) {
    let seed = desk.rng.u64(..);
    if let Some(ticket) = desk.ticket(has_mail) {
        let prose = Prose { seed, sentences: SENTENCES_OF_A_MEGABYTE, html: false };
        ticket.messages[0].body = Text::Prose { prose };
        ticket.messages[0].content_type = ContentType::Text;
    }
}

pub(super) fn has_megabyte(desk: &Dataset) -> bool {
    let long = |text: &Text| match text {
        Text::Real(text) => text.len() >= 1 << 20,
        Text::Prose { prose } => prose.sentences >= SENTENCES_OF_A_MEGABYTE && prose.draw().len() >= 1 << 20,
    };
    desk.tickets.iter().any(|ticket| ticket.messages.iter().any(|message| long(&message.body)))
}

pub(super) fn token_subject(desk: &mut Desk) {
    for subject in TOKENS {
        if let Some(ticket) = desk.ticket(has_mail) {
            (*subject).clone_into(&mut ticket.subject);
        }
    }
}

pub(super) fn has_token_subject(desk: &Dataset) -> bool {
    TOKENS.iter().all(|subject| desk.tickets.iter().any(|ticket| ticket.subject == *subject))
}

pub(super) fn mentions(desk: &mut Desk) {
    say(desk, MENTIONS, ContentType::Text, Some("Ask zsu[@user:814423]zsu"));
}

pub(super) fn has_mentions(desk: &Dataset) -> bool {
    said(desk, MENTIONS)
}

pub(super) fn halved(desk: &mut Desk) {
    say(desk, HALVED, ContentType::Text, Some("Half an emoji \u{FFFD}"));
}

pub(super) fn has_halved(desk: &Dataset) -> bool {
    said(desk, HALVED)
}
