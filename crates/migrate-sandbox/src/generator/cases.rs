//! What real data does, one function for each case, with the proof that it is there.

mod bodies;
mod fields;
mod files;
mod knowledge;
pub(super) mod persons;
mod places;
mod tickets;
mod times;

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
    /// Help desks with fewer tickets are spared.
    pub(super) from: usize,
}

/// From so many tickets on a help desk is large enough for what would touch most of a smaller one.
const NOT_SMALL: usize = 60;

/// A case that small help desks are spared.
const fn spared(name: &'static str, apply: fn(&mut Desk), is_in: fn(&Dataset) -> bool) -> Oddity {
    Oddity { name, apply, is_in, from: NOT_SMALL }
}

/// What every help desk has.
const fn always(name: &'static str, is_in: fn(&Dataset) -> bool) -> Oddity {
    oddity(name, |_| {}, is_in)
}

const fn oddity(name: &'static str, apply: fn(&mut Desk), is_in: fn(&Dataset) -> bool) -> Oddity {
    Oddity { name, apply, is_in, from: 0 }
}

/// Every case.
pub const ODDITIES: &[Oddity] = &[
    oddity("contact without e-mail", persons::without_email, persons::has_without_email),
    oddity("contact without name", persons::without_name, persons::has_without_name),
    oddity("contact known only by phone", persons::only_phone, persons::has_only_phone),
    oddity("same e-mail in mixed case on 50 contacts", persons::mixed_case, persons::has_mixed_case),
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
    spared("invalid e-mail", persons::invalid_email, persons::has_invalid_email),
    spared("contact blocked", persons::blocked, persons::has_blocked),
    spared("contact bounced", persons::bounced, persons::has_bounced),
    always("matched contact with a foreign external_id", persons::has_matched),
    oddity("number reused after a merge", tickets::number_reused, tickets::has_number_reused),
    oddity("two ids for one number", tickets::two_ids, tickets::has_two_ids),
    oddity("status never seen before", tickets::unknown_status, tickets::has_unknown_status),
    oddity("priority never seen before", tickets::unknown_priority, tickets::has_unknown_priority),
    oddity("5,000 messages in one thread", tickets::long_thread, tickets::has_long_thread),
    oddity("body of 1 MB", bodies::megabyte, bodies::has_megabyte),
    oddity("subject that looks like a ticket token", bodies::token_subject, bodies::has_token_subject),
    oddity("live mention markup", bodies::mentions, bodies::has_mentions),
    oddity("lone surrogates", bodies::halved, bodies::has_halved),
    oddity("message before the ticket", times::before_ticket, times::has_before_ticket),
    oddity("message before 1970", times::before_1970, times::has_before_1970),
    oddity("message in a DST gap", times::in_gap, times::has_in_gap),
    always("message without zone", times::has_without_zone),
    oddity("message with a zone among those without", times::with_zone, times::has_with_zone),
    oddity("31 attachments on one message", files::thirty_one, files::has_thirty_one),
    oddity("attachment missing", files::missing, files::has_missing),
    oddity("attachment of the wrong size", files::wrong_size, files::has_wrong_size),
    spared("category with 1,000 values", fields::many_values, fields::has_many_values),
    spared("category value renamed", fields::renamed, fields::has_renamed),
    spared("category of the same name on two scopes", fields::two_scopes, fields::has_two_scopes),
    spared(
        "custom field whose type disagrees with its values",
        fields::type_disagrees,
        fields::has_type_disagrees,
    ),
    spared("decimal comma", fields::decimal_comma, fields::has_decimal_comma),
    spared("day-first dates", fields::day_first, fields::has_day_first),
    spared("queue with the same name as another", places::same_name, places::has_same_name),
    spared("queue without agents", places::without_agents, places::has_without_agents),
    always("queue across two ticketboxes of a tree", places::has_across_folders),
    always("offset-only hours over a DST change", places::has_offset_only_hours),
    oddity("KB category cycle", knowledge::cycle, knowledge::has_cycle),
    oddity("KB category of depth 9", knowledge::deep, knowledge::has_deep),
    oddity("article without category", knowledge::without_category, knowledge::has_without_category),
    oddity("article in three languages", knowledge::three_languages, knowledge::has_three_languages),
    oddity("article with custom fields", knowledge::custom_fields, knowledge::has_custom_fields),
    oddity("article with links to others", knowledge::links, knowledge::has_links),
    oddity("article with inline images", knowledge::images, knowledge::has_images),
    oddity(
        "response with unknown placeholders",
        knowledge::unknown_placeholders,
        knowledge::has_unknown_placeholders,
    ),
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

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::super::generate;
    use super::*;

    /// Help desks of ordinary size.
    fn desks() -> &'static [Dataset] {
        static DESKS: OnceLock<Vec<Dataset>> = OnceLock::new();
        DESKS.get_or_init(|| [1, 42].map(|seed| generate(seed, 300)).into())
    }

    fn is_in_every_desk_and_not_in_an_empty_one(name: &str) {
        let oddity = ODDITIES.iter().find(|oddity| oddity.name == name).expect("a case of that name");
        assert!(desks().iter().all(oddity.is_in), "{name} is missing");
        assert!(!(oddity.is_in)(&Dataset::default()), "{name} is found where nothing is");
    }

    /// One test for each case, named after it.
    macro_rules! cases {
        ($($test:ident: $name:literal,)+) => {
            $(
                #[test]
                fn $test() {
                    is_in_every_desk_and_not_in_an_empty_one($name);
                }
            )+

            #[test]
            fn every_case_has_its_test() {
                let tested = [$($name),+];
                let untested: Vec<_> = ODDITIES.iter().filter(|it| !tested.contains(&it.name)).collect();
                assert!(untested.is_empty(), "{:?}", untested.iter().map(|it| it.name).collect::<Vec<_>>());
            }
        };
    }

    cases! {
        contact_without_e_mail: "contact without e-mail",
        contact_without_name: "contact without name",
        contact_known_only_by_phone: "contact known only by phone",
        same_e_mail_in_mixed_case_on_50_contacts: "same e-mail in mixed case on 50 contacts",
        two_people_one_shared_mailbox: "two people, one shared mailbox",
        contact_opted_out: "contact opted out",
        agent_disabled: "agent disabled",
        agent_deleted: "agent deleted",
        agent_without_e_mail: "agent without e-mail",
        agent_whom_the_destination_does_not_know: "agent whom the destination does not know",
        agent_gone_but_still_an_author: "agent gone but still an author",
        ticket_opened_by_an_agent: "ticket opened by an agent",
        ticket_without_contact: "ticket without contact",
        ticket_without_messages: "ticket without messages",
        ticket_without_subject: "ticket without subject",
        messages_out_of_order: "messages out of order",
        messages_at_equal_times: "messages at equal times",
        message_in_the_future: "message in the future",
        times_to_the_tick_of_net: "times to the tick of .NET",
        sentinel_dates: "sentinel dates",
        merged_ticket: "merged ticket",
        spam_ticket: "spam ticket",
        deleted_ticket: "deleted ticket",
        category_values_with_commas_and_quotes: "category values with commas and quotes",
        inactive_category: "inactive category",
        open_whatsapp_ticket: "open WhatsApp ticket",
        written_by_the_help_desk_itself: "written by the help desk itself",
        reply_to_a_message_that_is_not_there: "reply to a message that is not there",
        empty_body: "empty body",
        emoji: "emoji",
        right_to_left_text: "right-to-left text",
        combining_marks: "combining marks",
        control_characters: "control characters",
        mojibake: "mojibake",
        plain_text_that_looks_like_html: "plain text that looks like HTML",
        html_with_everything: "HTML with everything",
        inline_image: "inline image",
        attachment_of_0_bytes: "attachment of 0 bytes",
        attachment_of_a_few_100_kb: "attachment of a few 100 KB",
        with_12_attachments_on_one_message: "12 attachments on one message",
        attachment_with_a_name_that_is_not_ascii: "attachment with a name that is not ASCII",
        attachment_with_a_path_in_its_name: "attachment with a path in its name",
        attachment_with_a_300_character_name: "attachment with a 300-character name",
        attachment_with_a_wrong_mime_type: "attachment with a wrong MIME type",
        invalid_e_mail: "invalid e-mail",
        contact_blocked: "contact blocked",
        contact_bounced: "contact bounced",
        matched_contact_with_a_foreign_external_id: "matched contact with a foreign external_id",
        number_reused_after_a_merge: "number reused after a merge",
        two_ids_for_one_number: "two ids for one number",
        status_never_seen_before: "status never seen before",
        priority_never_seen_before: "priority never seen before",
        with_5000_messages_in_one_thread: "5,000 messages in one thread",
        body_of_1_mb: "body of 1 MB",
        subject_that_looks_like_a_ticket_token: "subject that looks like a ticket token",
        live_mention_markup: "live mention markup",
        lone_surrogates: "lone surrogates",
        message_before_the_ticket: "message before the ticket",
        message_before_1970: "message before 1970",
        message_in_a_dst_gap: "message in a DST gap",
        message_without_zone: "message without zone",
        message_with_a_zone_among_those_without: "message with a zone among those without",
        with_31_attachments_on_one_message: "31 attachments on one message",
        attachment_missing: "attachment missing",
        attachment_of_the_wrong_size: "attachment of the wrong size",
        category_with_1000_values: "category with 1,000 values",
        category_value_renamed: "category value renamed",
        category_of_the_same_name_on_two_scopes: "category of the same name on two scopes",
        custom_field_whose_type_disagrees_with_its_values: "custom field whose type disagrees with its values",
        decimal_comma: "decimal comma",
        day_first_dates: "day-first dates",
        queue_with_the_same_name_as_another: "queue with the same name as another",
        queue_without_agents: "queue without agents",
        queue_across_two_ticketboxes_of_a_tree: "queue across two ticketboxes of a tree",
        offset_only_hours_over_a_dst_change: "offset-only hours over a DST change",
        kb_category_cycle: "KB category cycle",
        kb_category_of_depth_9: "KB category of depth 9",
        article_without_category: "article without category",
        article_in_three_languages: "article in three languages",
        article_with_custom_fields: "article with custom fields",
        article_with_links_to_others: "article with links to others",
        article_with_inline_images: "article with inline images",
        response_with_unknown_placeholders: "response with unknown placeholders",
    }
}
