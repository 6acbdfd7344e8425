//! Ordinary standard responses and an ordinary knowledge base.

use super::people::{self, timestamp};
use super::threads::file;
use super::{Desk, END, HELPDESK_DOMAIN, later};
use crate::dataset::{ContentType, KbArticle, KbCategory, StandardResponse};

/// Ids of articles begin after this one.
pub(super) const FIRST_ARTICLE: u64 = 2000;
/// Ids of categories of the knowledge base begin after this one.
pub(super) const FIRST_KB_CATEGORY: u64 = 1500;
/// Ids of standard responses begin after this one.
const FIRST_RESPONSE: u64 = 700;

pub(super) fn fill(desk: &mut Desk) {
    responses(desk);
    kb_categories(desk);
    articles(desk);
}

/// Folder, the queues it is for, and the responses in it.
type Folder = (&'static [&'static str], &'static [u64], &'static [(&'static str, &'static str)]);

const FOLDERS: &[Folder] = &[
    (
        &["General"],
        &[],
        &[
            ("Greeting", "Dear %Customer.FirstName%,\n\nthank you for writing to us.\n\n%Agent.Name%"),
            (
                "Out of hours",
                "Hello %Customer.Name%,\n\nwe are back tomorrow at 9. Your number is %Ticket.Number%.",
            ),
            ("More information needed", "Could you tell us more about \"%Ticket.Subject%\"?\n\n%Agent.Name%"),
            (
                "Closing",
                "We take this as solved and close %Ticket.Number%. Answer this mail to open it again.",
            ),
            ("Wrong address", "You have reached %Queue.Name%. I have passed your message on."),
            ("Identity check", "Please confirm that %Customer.Email% is still the address of your account."),
        ],
    ),
    (
        &["Support", "Devices"],
        &[people::QUEUE_SUPPORT],
        &[
            (
                "Restart the router",
                "Pull the plug, wait 10 seconds, put it back.\n\n1) Light red: write again\n2) Light green: done",
            ),
            ("Reset to factory settings", "Press the button < 3 mm wide for 15 seconds & wait."),
            ("Serial number", "The serial number is on the back. It looks like SN-000000."),
            ("Firmware update", "Version 7.2 is out: https://%Company.Name%.example/firmware"),
            ("Return label", "Hello %Customer.FirstName%, the label for %Ticket.Number% is attached."),
            ("Replacement sent", "Your replacement is on its way, %Customer.FirstName%."),
        ],
    ),
    (
        &["Support", "Accounts"],
        &[people::QUEUE_SUPPORT],
        &[
            ("Password forgotten", "Use \"Forgot password\" with %Customer.Email%."),
            ("Account locked", "We have unlocked the account of %Customer.Name%."),
            ("Close the account", "We have closed it. Reference %Ticket.Number%."),
            ("Change of address", "Where to, %Customer.FirstName%? Street, number, city."),
        ],
    ),
    (
        &["Billing"],
        &[people::QUEUE_BILLING],
        &[
            ("Invoice again", "Here is the invoice again, %Customer.Name%."),
            ("Payment reminder", "We are still waiting for 12,50 €. Already paid? Then forget this mail."),
            ("Refund granted", "The refund takes 5–7 days. %Agent.Name%, %Company.Name%"),
            ("Refund refused", "We can't refund %Ticket.Subject%, because it is older than 30 days."),
            ("Change of bank", "Our new account is on page 2 of the invoice."),
            ("VAT number", "Please send us the VAT number of %Company.Name%."),
        ],
    ),
    (
        &["Sales", "Offers", "Business"],
        &[people::QUEUE_SALES, people::QUEUE_BILLING],
        &[
            (
                "Offer",
                "Dear %Customer.Name%,\n\nplease find our offer attached.\n\nKind regards\n%Agent.Name%",
            ),
            ("Reminder of an offer", "Did you find time to look at our offer, %Customer.FirstName%?"),
            ("Discount", "For %Company.Name% we can do 10 %."),
            ("Demo", "Shall we show it to you? %Agent.Name% has time on Tuesday."),
        ],
    ),
    (
        &["Telephone"],
        &[people::QUEUE_VOICE],
        &[
            ("Missed call", "You called and we missed it. When may we call back?"),
            ("Call summary", "As said on the telephone: %Ticket.Subject%"),
            ("Voicemail", "We have heard your message, %Customer.FirstName%."),
        ],
    ),
];

/// In other languages, for one ticketbox each.
const TRANSLATED: &[(&str, &str, &str, u64)] = &[
    (
        "Begrüßung",
        "de",
        "<p>Guten Tag %Customer.Name%,</p><p>vielen Dank &amp; bis bald.</p>",
        people::BOX_BILLING,
    ),
    (
        "Hilsen",
        "da",
        "<p>Hej %Customer.FirstName%,</p><p>tak for din henvendelse.<br>%Agent.Name%</p>",
        people::BOX_SALES,
    ),
];

fn responses(desk: &mut Desk) {
    let mut id = FIRST_RESPONSE;
    for (folder, queues, responses) in FOLDERS {
        for (name, body) in *responses {
            id += 1;
            let attached = matches!(*name, "Return label" | "Offer");
            let files = if attached {
                vec![file(desk, &format!("{name}.pdf"), "application/pdf", 4321)]
            } else {
                vec![]
            };
            desk.dataset.standard_responses.push(StandardResponse {
                id,
                name: (*name).into(),
                folder: folder.iter().map(|folder| (*folder).to_owned()).collect(),
                subject: id.is_multiple_of(4).then(|| format!("{name} – %Ticket.Number%")),
                body: (*body).into(),
                queues: queues.to_vec(),
                attachments: files,
                ..StandardResponse::default()
            });
        }
    }
    for (name, language, body, ticketbox) in TRANSLATED {
        id += 1;
        desk.dataset.standard_responses.push(StandardResponse {
            id,
            name: (*name).into(),
            folder: vec!["General".into(), "Translations".into()],
            content_type: ContentType::Html,
            body: (*body).into(),
            ticketboxes: vec![*ticketbox],
            language: Some((*language).into()),
            ..StandardResponse::default()
        });
    }
}

/// Titles with the place of the category around them.
const KB: &[(&str, Option<u64>)] = &[
    ("Getting started", None),
    ("Devices", None),
    ("Routers", Some(2)),
    ("Model R7", Some(3)),
    ("Phones", Some(2)),
    ("Cloud", None),
    ("Backups & restore", Some(6)),
    ("Billing", None),
    ("Invoices", Some(8)),
    ("For colleagues", None),
];

fn kb_categories(desk: &mut Desk) {
    for (id, (title, around)) in (FIRST_KB_CATEGORY + 1..).zip(KB) {
        desk.dataset.kb_categories.push(KbCategory {
            id,
            parent: around.map(|around| FIRST_KB_CATEGORY + around),
            title: (*title).into(),
        });
    }
}

const THINGS: &[&str] = &["the router", "a phone", "the cloud drive", "an invoice", "your account"];
const DEEDS: &[&str] = &["Set up", "Restart", "Find", "Change", "Share", "Return", "Protect", "Close"];
const STEPS: &[&str] = &[
    "Open the page <b>Settings</b> &rarr; <i>Devices</i>.",
    "Choose the line that you want & press <code>Enter</code>.",
    "Wait until the light is green; that takes &lt; 2 minutes.",
    "Press &quot;Save&quot;.",
    "Log in again with your new password.",
];

/// Forty of them.
fn articles(desk: &mut Desk) {
    let categories = KB.len() as u64;
    for number in 1..=(THINGS.len() * DEEDS.len()) as u64 {
        let (deed, thing) = (DEEDS[number as usize % DEEDS.len()], THINGS[number as usize % THINGS.len()]);
        let category = FIRST_KB_CATEGORY + 1 + number % categories;
        let created = later(timestamp(END), -(number as i64) * 9 * 86_400 - 3600);
        let author = people::AT_WORK.start() + number % 8;
        let id = FIRST_ARTICLE + number;
        let title = format!("{deed} {thing}");
        let slug = title.to_ascii_lowercase().replace(' ', "-");
        let files =
            if number % 10 == 5 { vec![file(desk, "guide.pdf", "application/pdf", 9000)] } else { vec![] };
        desk.dataset.kb_articles.push(KbArticle {
            id,
            body: body(number as usize, &title).into(),
            title,
            categories: vec![category],
            internal: category == FIRST_KB_CATEGORY + categories,
            published: number % 7 != 0,
            language: Some("en".into()),
            author: Some(author),
            author_name: desk.dataset.agent(author).map(|agent| agent.name.clone()),
            created: Some(created),
            modified: Some(later(created, 86_400 + number as i64)),
            tags: if number % 3 == 0 { vec!["howto".into(), thing.replace(' ', "-")] } else { Vec::new() },
            url: Some(url(id, &slug)),
            attachments: files,
            ..KbArticle::default()
        });
    }
}

/// Where readers find an article.
pub(super) fn url(id: u64, slug: &str) -> String {
    format!("https://www.{HELPDESK_DOMAIN}/kb/{id}/{slug}.html")
}

fn body(number: usize, title: &str) -> String {
    let steps: String =
        (0..3).map(|step| format!("<li>{}</li>\n", STEPS[(number + step) % STEPS.len()])).collect();
    format!(
        "<h1>{title}</h1>\n<p>This is how to do it.</p>\n<ol>\n{steps}</ol>\n\
         <table><tr><th>Part</th><td>{number}</td></tr></table>"
    )
}
