//! Cases about what messages say.

use super::loaded::{Loaded, Said, squeezed, unspaced, words_of};
use mapping_core::LossRule;
use migrate_sandbox::dataset::{Message, Ticket};

/// The ticket whose first message says this.
fn saying<'a>(l: &'a Loaded, words: &str) -> (&'a Ticket, &'a Message) {
    l.message(|it| it.body.text().contains(words))
}

/// The words arrive whole and as they are, in the message that opens the thread.
fn assert_opens_with_it<'a>(l: &'a Loaded, words: &str) -> (&'a Ticket, Said<'a>) {
    let (ticket, message) = saying(l, words);
    let opening = l.thread(ticket).opening();
    assert_eq!(squeezed(opening.body), words_of(message));
    (ticket, opening)
}

pub(super) fn empty_body(l: &Loaded) {
    let ticket = l.ticket(|it| it.messages.first().is_some_and(|it| it.body.text().is_empty()));
    let (thread, message) = (l.thread(ticket), &ticket.messages[0]);
    assert_eq!(squeezed(thread.opening().body), "[notext]");
    assert_eq!(thread.opening().at, message.sent_at.unwrap().as_second());
    let field = format!("parts[{}].body", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Defaulted, "a line that says so");
}

pub(super) fn emoji(l: &Loaded) {
    let (ticket, opening) = assert_opens_with_it(l, "👨‍👩‍👧‍👦");
    assert!(opening.body.contains("👨‍👩‍👧‍👦") && opening.body.contains("👍🏽"), "joined ones stay joined");
    assert_eq!(l.thread(ticket).title(), "🎉 It works 👍🏽");
}

pub(super) fn right_to_left_text(l: &Loaded) {
    let (ticket, opening) = assert_opens_with_it(l, "שלום");
    assert!(
        opening.body.contains('\u{202E}') && opening.body.contains('\u{202C}'),
        "marks of direction stay"
    );
    assert_eq!(l.thread(ticket).title(), "שאלה על ההזמנה");
}

pub(super) fn combining_marks(l: &Loaded) {
    let (_, opening) = assert_opens_with_it(l, "Cafe\u{301}");
    assert!(opening.body.contains("A\u{30A}rhus"), "neither composed nor taken apart");
}

pub(super) fn control_characters(l: &Loaded) {
    let (ticket, _) = saying(l, "Log: \u{1B}");
    let (thread, opening) = (l.thread(ticket), l.thread(ticket).opening());
    let wanted =
        "Log:\u{FFFD}[31mERROR\u{FFFD}[0m\u{FFFD}\u{FFFD}\u{FFFD}bell\u{FFFD}endsecondlineandatab\u{FFFD}";
    assert_eq!(squeezed(opening.body), wanted, "each leaves a mark, the words stay");
    assert!(
        opening.body.contains('\t') && opening.body.contains("<br>"),
        "tab and line end are none of them"
    );
    assert_eq!(thread.title(), "Error \u{FFFD}[31mred");
}

pub(super) fn mojibake(l: &Loaded) {
    let (_, opening) = assert_opens_with_it(l, "KÃ¸benhavn");
    assert!(
        opening.body.contains("KÃ¸benhavn â€“ GrÃ¼ÃŸe aus MÃ¼nchen, Ð¿Ñ€Ð¸Ð²ÐµÑ‚"),
        "nobody mends it by guess"
    );
}

pub(super) fn plain_text_that_looks_like_html(l: &Loaded) {
    let (ticket, opening) = assert_opens_with_it(l, "<Order id=5>");
    assert!(opening.body.contains("&lt;script&gt;alert('not code')&lt;/script&gt;"), "{}", opening.body);
    assert!(opening.body.contains("&amp;amp; stays &amp;amp;, 2 &lt; 3"), "{}", opening.body);
    assert_eq!(l.thread(ticket).title(), "Order <b>5</b> & more");
}

pub(super) fn html_with_everything(l: &Loaded) {
    let (ticket, message) = saying(l, "track.example");
    let (thread, opening) = (l.thread(ticket), l.thread(ticket).opening());
    let text = squeezed(opening.body);
    for kept in [
        "Helloteam&friends,",
        "ItemPrice",
        "Router€12,50",
        "one",
        "two",
        "link(https://shop.example/?a=1&b=2)",
        "no",
    ] {
        assert!(text.contains(kept), "{kept}: {text}");
    }
    assert!(text.ends_with("OnMondayAnnawrote:firstdeep"), "quotes within quotes: {text}");
    for gone in ["alert", "color:red", "onclick", "javascript", "track.example", "cid:", "hidden"] {
        assert!(thread.said().iter().all(|it| !it.body.contains(gone)), "{gone}");
    }
    // The picture that `cid:` meant is a file of the next part, as an opening message takes none.
    let next = &thread.said()[1];
    assert_eq!(next.files, [("logo.png", 70, "image/png")]);
    assert_eq!((next.at, &next.author["id"]), (opening.at, &opening.author["id"]));
    let field = format!("parts[{}].body", message.id);
    l.assert_loss("ticket", ticket.id, &field, LossRule::Recast, "pictures inside the text are left out");
}

pub(super) fn body_of_1_mb(l: &Loaded) {
    let (ticket, message) = l.message(|it| it.body.text().len() >= 1 << 20);
    let said = l.thread(ticket).said();
    let of_it = said.iter().filter(|it| it.at == message.sent_at.unwrap().as_second());
    let text: String = of_it.map(|it| squeezed(it.body)).collect();
    let wanted = unspaced(&message.body.text());
    // Where it had to be parted, a word at the seams says so.
    assert!(text.len() >= wanted.len(), "{} of {}", text.len(), wanted.len());
    let (head, tail) = (&wanted[..200], &wanted[wanted.len() - 40..]);
    assert!(text.contains(tail) && text.starts_with(head.get(..100).unwrap()));
    let words = |text: &str| text.matches("Firefox").count();
    assert_eq!(words(&text), words(&wanted));
}

pub(super) fn subject_that_looks_like_a_ticket_token(l: &Loaded) {
    for subject in ["[#1234] Re: your request", "Ticket: 55 – still open", "Re: [FS-240001] Order (#77)"] {
        let ticket = l.ticket(|it| it.subject == subject);
        let thread = l.thread(ticket);
        assert_eq!(thread.title(), subject);
        // It is the thread of its own ticket, not of the one that the subject names.
        assert_eq!(*thread.attribute("focalscope_ticket_id__c"), ticket.number.as_str());
        ticket.messages.iter().for_each(|it| drop(thread.of(it)));
    }
}

pub(super) fn live_mention_markup(l: &Loaded) {
    let (ticket, opening) = assert_opens_with_it(l, "zsu[@user:814423]zsu");
    assert!(!opening.body.contains("<@") && !opening.body.contains("data-mention"), "{}", opening.body);
    assert_eq!(l.thread(ticket).title(), "Ask zsu[@user:814423]zsu");
    assert_eq!(l.journal.notifications.count, 0);
}

pub(super) fn lone_surrogates(l: &Loaded) {
    let (ticket, opening) = assert_opens_with_it(l, "Cut in the middle of an emoji");
    assert!(opening.body.contains("emoji: \u{FFFD} and \u{FFFD}\u{FFFD} again"), "{}", opening.body);
    assert_eq!(l.thread(ticket).title(), "Half an emoji \u{FFFD}");
}
