//! `plan.html` and `reports/report.html`: what a person reads.

use crate::desk::{World, records};
use mapping_core::model::{Channel, Queue, Record};
use migrate_engine::{ApplyOptions, Run, apply, report};
use quick_xml::Reader;
use quick_xml::events::Event;

/// Records with queues, one of them with a name as nobody would wish, and custom fields of such names.
fn hostile() -> Vec<Record> {
    let mut all = records(8);
    let names = [
        "Billing",
        "</script><img src=https://x.test/a onerror=alert(1)>",
        "\u{202e}desk\u{0007} eve@x.test",
    ];
    for (id, name) in names.iter().enumerate() {
        all.push(Record::from(Queue {
            id: id.to_string().into(),
            name: (*name).to_owned(),
            ticketboxes: Vec::new(),
            members: Vec::new(),
            max_tickets: None,
            rules: Vec::new(),
            extra: Default::default(),
        }));
    }
    for (n, record) in all.iter_mut().enumerate() {
        if let Record::Ticket(ticket) = record {
            ticket.queue = Some((n % 4).to_string().into());
            ticket.channel = [Channel::Email, Channel::Voice, Channel::LiveChat][n % 3];
            let name = format!("<b>\"field\" & {}", "long ".repeat(200));
            ticket.custom.insert(name, "secret words".into());
        }
    }
    all
}

async fn finished(world: &World) -> (Run, String, String) {
    let (run, _) = world.planned().await;
    apply(&run, &world.desk, &ApplyOptions::default(), &world.ctx()).await.unwrap();
    world.verify(&run).await;
    let reported = report(&run, &world.ctx()).unwrap();
    let plan = run.read("plan.html").unwrap().unwrap();
    (run, plan, std::fs::read_to_string(reported.html).unwrap())
}

/// Reads the page as XML: every element ends, every attribute is quoted; and nothing leads out of it.
fn whole(page: &str) -> Vec<String> {
    let mut reader = Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    let (mut names, mut depth) = (Vec::new(), 0);
    loop {
        let event = reader.read_event().unwrap();
        depth += match event {
            Event::Start(_) => 1,
            Event::End(_) => -1,
            _ => 0,
        };
        match event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.name().as_ref().to_owned();
                assert!(
                    !["script", "link", "img", "iframe", "object", "a", "form"].contains(&name.as_str()),
                    "{name}"
                );
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let key = attribute.key.as_ref().to_owned();
                    assert!(
                        !key.starts_with("on") && !["src", "href", "style"].contains(&key.as_str()),
                        "{key}"
                    );
                }
                names.push(name);
            }
            _ => {}
        }
    }
    assert_eq!(depth, 0, "an element has no end");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("@import"));
    let urls = page.matches("url(").count();
    assert_eq!(urls, page.matches("url(#").count(), "only patterns of the page itself");
    names
}

#[tokio::test]
async fn the_pages_are_whole_and_lead_nowhere_whatever_things_are_called() {
    let (_run, plan, report) = finished(&World::with(hostile())).await;
    for page in [&plan, &report] {
        let names = whole(page);
        assert!(names.iter().any(|n| n == "svg") && names.iter().any(|n| n == "figure"));
        assert_eq!(names.iter().filter(|n| *n == "h1").count(), 1);
        // Every picture has its figures as a table.
        assert!(
            names.iter().filter(|n| *n == "table").count() >= names.iter().filter(|n| *n == "figure").count()
        );
        assert!(page.contains("Billing"), "names of queues are no secret");
        assert!(page.contains("&lt;/script&gt;&lt;img"), "shown as text");
        assert!(!page.contains('\u{202e}') && !page.contains('\u{7}') && !page.contains("x.test"));
        for secret in ["secret words", "text 0.0.", "Subject 1", "Contact 1", "example.test", "Ada"] {
            assert!(!page.contains(secret), "{secret}");
        }
        assert!(page.lines().count() < 2_000);
    }
}

#[tokio::test]
async fn the_pages_of_a_small_run_say_what_needs_a_person_first() {
    let (_run, plan, report) = finished(&World::new()).await;
    insta::assert_snapshot!("plan_page", words(&plan));
    insta::assert_snapshot!("report_page", words(&report));
}

/// What a reader sees, line by line; the digest left out.
fn words(page: &str) -> String {
    let body = page.split_once("</style>").unwrap().1;
    let text = mapping_core::text::plain_of_html(body);
    let hash =
        |word: &&str| word.len() >= 12 && word.trim_end_matches('.').chars().all(|c| c.is_ascii_hexdigit());
    let lines = text.lines().map(|line| {
        let words = line.split_whitespace().map(|w| if hash(&w) { "‹digest›" } else { w });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}
