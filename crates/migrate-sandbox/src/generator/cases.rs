//! What real data does, one function for each case, with the proof that it is there.

mod bodies;
mod files;
mod persons;
mod tickets;

use super::Desk;
use crate::dataset::Dataset;

/// One thing that real data does.
pub struct Oddity {
    /// What it is, in a few words.
    pub name: &'static str,
    /// Bends a record. Does nothing when a small help desk has none left.
    pub(super) apply: fn(&mut Desk),
    /// Whether a help desk has it.
    pub is_in: fn(&Dataset) -> bool,
}

const fn oddity(name: &'static str, apply: fn(&mut Desk), is_in: fn(&Dataset) -> bool) -> Oddity {
    Oddity { name, apply, is_in }
}

/// Every case.
pub const ODDITIES: &[Oddity] = &[
    oddity("contact without e-mail", persons::without_email, persons::has_without_email),
    oddity("contact without name", persons::without_name, persons::has_without_name),
    oddity("contact known only by phone", persons::only_phone, persons::has_only_phone),
    oddity("same e-mail in mixed case on several contacts", persons::mixed_case, persons::has_mixed_case),
    oddity("two people, one shared mailbox", persons::shared_mailbox, persons::has_shared_mailbox),
    oddity("contact opted out", persons::opted_out, persons::has_opted_out),
    oddity("agent disabled", persons::by_disabled_agent, persons::has_by_disabled_agent),
    oddity("agent deleted", persons::by_deleted_agent, persons::has_by_deleted_agent),
    oddity("agent without e-mail", persons::by_agent_without_email, persons::has_by_agent_without_email),
    oddity(
        "agent whom the destination does not know",
        persons::by_unmatched_agent,
        persons::has_by_unmatched_agent,
    ),
    oddity("agent gone but still an author", persons::by_gone_agent, persons::has_by_gone_agent),
    oddity("ticket opened by an agent", tickets::opened_by_agent, tickets::has_opened_by_agent),
    oddity("ticket without contact", tickets::without_contact, tickets::has_without_contact),
    oddity("ticket without messages", tickets::without_messages, tickets::has_without_messages),
    oddity("ticket without subject", tickets::without_subject, tickets::has_without_subject),
    oddity("messages out of order", tickets::out_of_order, tickets::has_out_of_order),
    oddity("messages at equal times", tickets::equal_times, tickets::has_equal_times),
    oddity("message in the future", tickets::in_future, tickets::has_in_future),
    oddity("times to the tick of .NET", tickets::to_the_tick, tickets::has_to_the_tick),
    oddity("sentinel dates", tickets::sentinel_dates, tickets::has_sentinel_dates),
    oddity("merged ticket", tickets::merged, tickets::has_merged),
    oddity("spam ticket", tickets::spam, tickets::has_spam),
    oddity("deleted ticket", tickets::deleted, tickets::has_deleted),
    oddity("category values with commas and quotes", tickets::commas, tickets::has_commas),
    oddity("inactive category", tickets::inactive_category, tickets::has_inactive_category),
    oddity("open WhatsApp ticket", tickets::open_whatsapp, tickets::has_open_whatsapp),
    oddity("written by the help desk itself", tickets::by_system, tickets::has_by_system),
    oddity("reply to a message that is not there", tickets::broken_chain, tickets::has_broken_chain),
    oddity("empty body", bodies::empty, bodies::has_empty),
    oddity("emoji", bodies::emoji, bodies::has_emoji),
    oddity("right-to-left text", bodies::right_to_left, bodies::has_right_to_left),
    oddity("combining marks", bodies::combining, bodies::has_combining),
    oddity("control characters", bodies::controls, bodies::has_controls),
    oddity("mojibake", bodies::mojibake, bodies::has_mojibake),
    oddity("plain text that looks like HTML", bodies::like_html, bodies::has_like_html),
    oddity("HTML with everything", bodies::rich_html, bodies::has_rich_html),
    oddity("inline image", files::inline_image, files::has_inline_image),
    oddity("attachment of 0 bytes", files::zero_bytes, files::has_zero_bytes),
    oddity("attachment of a few 100 KB", files::large, files::has_large),
    oddity("12 attachments on one message", files::twelve, files::has_twelve),
    oddity("attachment with a name that is not ASCII", files::non_ascii_name, files::has_non_ascii_name),
    oddity("attachment with a path in its name", files::path_name, files::has_path_name),
    oddity("attachment with a 300-character name", files::long_name, files::has_long_name),
    oddity("attachment with a wrong MIME type", files::wrong_mime, files::has_wrong_mime),
];

/// A ticket by mail with a message of a customer and one of an agent.
fn has_both_sides(ticket: &crate::dataset::Ticket) -> bool {
    use crate::dataset::{Channel, Direction};
    let has = |direction: Direction| ticket.messages.iter().any(|message| message.direction == direction);
    ticket.channel == Channel::Email && has(Direction::In) && has(Direction::Out)
}

/// A ticket by mail with a message.
fn has_mail(ticket: &crate::dataset::Ticket) -> bool {
    ticket.channel == crate::dataset::Channel::Email && !ticket.messages.is_empty()
}
