//! Reading while the help desk lives, over the stand-in: lists that move, tickets that change or go, zones that lie.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]
#![cfg(feature = "focalscope")]

mod desk;

use desk::{Server, divergent, notes, read, records};
use focalscope_soap::FocalScope;
use futures_util::StreamExt as _;
use mapping_core::model::Record;
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{Ask, Divergence, Item, Kind, Source as _, SourceRef};
use migrate_sandbox::dataset;
use migrate_sandbox::focalscope::{ShiftedPages, Times};
use migrate_sandbox::generator::generate;
use std::collections::BTreeSet;

/// Reads a kind, and lets something happen at the end of the first page.
async fn read_while(source: &FocalScope, kind: &'static str, happen: impl FnOnce()) -> Vec<Item> {
    let files = MemoryBlobs::new();
    let mut stream = source.records(Ask { kind: Kind::of(kind), since: None, cursor: None, files: &files });
    let (mut items, mut happen) = (Vec::new(), Some(happen));
    while let Some(item) = stream.next().await {
        let item = item.unwrap();
        if matches!(item, Item::PageEnd { .. })
            && let Some(happen) = happen.take()
        {
            happen();
        }
        items.push(item);
    }
    items
}

fn ids(items: &[Item], kind: &str) -> BTreeSet<String> {
    records(items).into_iter().map(Record::key).filter(|k| k.kind == *kind).map(|k| k.id).collect()
}

#[tokio::test]
async fn a_record_that_slips_to_a_page_already_read_is_found_by_reading_again() {
    let mut data = generate(41, 10);
    let first = data.contacts[0].clone();
    data.contacts.extend((0..200).map(|n| dataset::Contact { id: 900_000 + n, ..first.clone() }));
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let gone = data.contacts[0].id;
    // One of the first page goes: each further page begins one record later than it would have.
    let items = read_while(&source, "contact", || {
        server.instance.change(|d| d.contacts.retain(|c| c.id != gone));
    })
    .await;
    let wanted: BTreeSet<String> = data.contacts.iter().map(|c| c.id.to_string()).collect();
    assert_eq!(ids(&items, "contact"), wanted);
    let records = records(&items).len();
    assert_eq!(records, wanted.len(), "each once");
}

#[tokio::test]
async fn a_ticket_that_is_answered_while_the_list_is_read_is_read_again() {
    let data = generate(42, 30);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let answered = data.tickets.iter().find(|t| t.messages.len() == 1 && !t.deleted).unwrap().id;
    let now = server.instance.clock().now();
    let items = read_while(&source, "ticket", || {
        server.instance.change(|d| {
            let ticket = d.tickets.iter_mut().find(|t| t.id == answered).unwrap();
            let mut answer = ticket.messages[0].clone();
            answer.id = 999_999;
            ticket.messages.push(answer);
            ticket.modified = Some(now);
        });
    })
    .await;
    let last = records(&items).into_iter().rev().find_map(|r| match r {
        Record::Ticket(t) if t.id.0 == answered.to_string() => Some(t.message_count),
        _ => None,
    });
    assert_eq!(last, Some(Some(2)), "what came last is how it is now");
    assert!(ids(&items, "message").contains("999999"));
    assert!(notes(&items).contains("changed while they were read"), "{}", notes(&items));
}

#[tokio::test]
async fn a_ticket_that_goes_before_it_is_asked_for_whole_is_a_bad_record_too() {
    let data = generate(43, 12);
    let server = Server::start(data.clone()).await;
    let mut config = server.config();
    let mut pace = focalscope_soap::profile::Pace::default();
    (pace.concurrency, pace.page_size, pace.pause_seconds) = (1, 50, 0.0);
    config.pace = Some(pace);
    let whole = "\n[operations.get_ticket]\noperation = \"GetTicket\"\nkey = \"ticketId\"\nitem = \"GetTicketResult\"\n\
                 [operations.get_ticket.fields]\nchat = \"Categories/TicketCategory\"\n";
    let text = focalscope_soap::Profile::default_toml().to_owned() + whole;
    let profile = focalscope_soap::Profile::parse(&text).unwrap();
    let source = FocalScope::reach(config, profile).await.unwrap().connect().unwrap();
    let gone = data.tickets.last().unwrap().id;
    let files = MemoryBlobs::new();
    let mut stream =
        source.records(Ask { kind: Kind::of("ticket"), since: None, cursor: None, files: &files });
    let (mut items, mut happened) = (Vec::new(), false);
    while let Some(item) = stream.next().await {
        if !std::mem::replace(&mut happened, true) {
            server.instance.change(|d| d.tickets.retain(|t| t.id != gone));
        }
        items.push(item.unwrap());
    }
    let bad = |item: &Item| matches!(item, Item::Bad { record, .. } if record.id == gone.to_string());
    assert!(items.iter().any(bad));
    assert_eq!(ids(&items, "ticket").len(), data.tickets.len() - 1);
}

#[tokio::test]
async fn a_ticket_that_goes_between_the_list_and_its_messages_is_a_bad_record_that_says_so() {
    let data = generate(43, 12);
    let server = Server::start(data.clone()).await;
    let mut config = server.config();
    // One call at a time, so that the last ticket of the page is still to be read when the first is there.
    let mut pace = focalscope_soap::profile::Pace::default();
    (pace.concurrency, pace.page_size, pace.pause_seconds) = (1, 50, 0.0);
    config.pace = Some(pace);
    let source = FocalScope::connect(config).await.unwrap();
    let gone = data.tickets.last().unwrap().id;
    let files = MemoryBlobs::new();
    let mut stream =
        source.records(Ask { kind: Kind::of("ticket"), since: None, cursor: None, files: &files });
    let (mut items, mut happened) = (Vec::new(), false);
    while let Some(item) = stream.next().await {
        if !std::mem::replace(&mut happened, true) {
            server.instance.change(|d| d.tickets.retain(|t| t.id != gone));
        }
        items.push(item.unwrap());
    }
    let bad = items.iter().find_map(|i| match i {
        Item::Bad { record, why, raw } => Some((record.clone(), why.clone(), raw.is_some())),
        _ => None,
    });
    let (record, why, raw) = bad.expect("a bad record");
    assert_eq!(record, SourceRef::new("ticket", gone.to_string()));
    assert!(why.contains("deleted at the source") && raw, "{why}");
    assert!(!ids(&items, "ticket").contains(&gone.to_string()));
    assert_eq!(ids(&items, "ticket").len(), data.tickets.len() - 1);
}

#[tokio::test]
async fn a_wrong_zone_is_proved_before_anything_is_read() {
    let server = Server::start(generate(44, 60)).await;
    let now = server.instance.clock().now();
    server.source().await.check(now).await.unwrap();
    let source = server.source_with("zone = \"Europe/Copenhagen\"", "zone = \"America/New_York\"").await;
    let error = source.check(now).await.unwrap_err();
    assert!(error.to_string().contains(" h off"), "{error}");
    // The clock of the service tells nothing when it doesn't show; the headers of the mail do.
    let text = focalscope_soap::Profile::default_toml()
        .replace("zone = \"Europe/Copenhagen\"", "zone = \"Europe/Helsinki\"")
        .replace("server_time = \"ServerTime\"\n", "");
    let profile = focalscope_soap::Profile::parse(&text).unwrap();
    let source = FocalScope::reach(server.config(), profile).await.unwrap().connect().unwrap();
    let error = source.check(now).await.unwrap_err().to_string();
    assert!(error.contains("-1 h off their `Date` header"), "{error}");
    let zones = divergent(&read(&source, "ticket").await, Divergence::Zone);
    assert!(zones.keys().any(|said| said.contains("-1 h off")), "{zones:?}");
}

#[tokio::test]
async fn a_zone_without_summer_time_is_caught_though_it_is_right_today_or_half_of_the_year() {
    let server = Server::start(generate(45, 120)).await;
    let text = focalscope_soap::Profile::default_toml()
        .replace("zone = \"Europe/Copenhagen\"", "zone = \"Africa/Lagos\"")
        .replace("server_time = \"ServerTime\"\n", "");
    let profile = focalscope_soap::Profile::parse(&text).unwrap();
    let source = FocalScope::reach(server.config(), profile).await.unwrap().connect().unwrap();
    let zones = divergent(&read(&source, "ticket").await, Divergence::Zone);
    assert!(zones.keys().any(|said| said.contains("+1 h off")), "{zones:?}");
}

#[tokio::test]
async fn the_raw_answers_of_a_ticket_are_handed_over_without_credentials() {
    let data = generate(46, 20);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let ticket = data.tickets.iter().rfind(|t| !t.messages.is_empty()).unwrap();
    let raw = source.raw(&SourceRef::new("ticket", ticket.id.to_string())).await.unwrap().unwrap();
    for piece in ["<answer operation=\"list_tickets\">", "<answer operation=\"list_messages\">"] {
        assert!(raw.as_str().contains(piece), "{piece}");
    }
    assert!(raw.as_str().contains(&format!("<Id>{}</Id>", ticket.id)));
    assert!(!raw.as_str().contains("sandbox-key"));
    assert_eq!(source.raw(&SourceRef::new("agent", "1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_page_that_repeats_or_shifts_loses_nothing_unsaid() {
    let mut data = generate(47, 10);
    let first = data.contacts[0].clone();
    data.contacts.extend((0..40).map(|n| dataset::Contact { id: 900_000 + n, ..first.clone() }));
    let wanted: BTreeSet<String> = data.contacts.iter().map(|c| c.id.to_string()).collect();
    for (page, by) in [(Some(2), 0), (Some(4), 0), (None, 1), (None, -1), (None, 3), (None, -7)] {
        let server = Server::start(data.clone()).await;
        server.instance.turn(|k| {
            k.only = Some("ListContacts".into());
            k.repeat_page = page;
            k.shift_pages = (by != 0).then_some(ShiftedPages { after: 2, by });
        });
        let items = read(&server.source().await, "contact").await;
        let came = ids(&items, "contact");
        assert_eq!(records(&items).len(), came.len(), "each once: page {page:?}, by {by}");
        let said = notes(&items).contains(&format!("{} declared, {} came", wanted.len(), came.len()));
        assert_eq!(said, came != wanted, "page {page:?}, by {by}: {} of {}", came.len(), wanted.len());
    }
}

#[tokio::test]
async fn a_page_that_repeats_once_is_asked_for_again() {
    let mut data = generate(48, 10);
    let first = data.contacts[0].clone();
    data.contacts.extend((0..40).map(|n| dataset::Contact { id: 900_000 + n, ..first.clone() }));
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    server.instance.turn(|k| k.repeat_page = Some(2));
    let instance = server.instance.clone();
    let mending = tokio::spawn(async move {
        while instance.asked().get("ListContacts").is_none_or(|asked| *asked < 2) {
            tokio::task::yield_now().await;
        }
        instance.turn(|k| k.repeat_page = None);
    });
    let items = read(&source, "contact").await;
    mending.await.unwrap();
    assert_eq!(ids(&items, "contact").len(), data.contacts.len());
    assert!(!notes(&items).contains("declared"), "{}", notes(&items));
}

#[tokio::test]
async fn tickets_that_change_or_go_once_they_were_listed_are_read_again_or_set_aside() {
    let data = generate(49, 25);
    let live = |skip: usize| {
        let all = data.tickets.iter().filter(|t| !t.deleted && !t.spam && t.merged_into.is_none());
        all.filter(|t| !t.messages.is_empty()).nth(skip).unwrap()
    };
    let (changed, gone) = (live(0), live(3).id);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    server.instance.turn(|k| {
        k.change_after_listing = Some(changed.id);
        k.delete_after_listing = Some(gone);
    });
    let items = read(&source, "ticket").await;
    let messages = |id: u64| {
        let parent = SourceRef::new("ticket", id.to_string());
        let all = records(&items).into_iter().filter(|r| matches!(r, Record::Message(_)));
        let keys: BTreeSet<SourceRef> =
            all.filter(|r| r.parent() == Some(parent.clone())).map(Record::key).collect();
        keys.len()
    };
    assert_eq!(messages(changed.id), changed.messages.len() + 1);
    // What was said of it before it was read again is taken back.
    let last = items.iter().rev().find_map(|i| match i {
        Item::Short { record, what, expected, found }
            if record.id == changed.id.to_string() && what == "messages" =>
        {
            Some((*expected, *found))
        }
        _ => None,
    });
    assert!(last.is_none_or(|(expected, found)| expected == found), "{last:?}");
    assert!(
        !ids(&items, "ticket").contains(&gone.to_string()),
        "it was gone when its messages were asked for"
    );
    let bad = |i: &Item| matches!(i, Item::Bad { record, .. } if *record == SourceRef::new("ticket", gone.to_string()));
    assert!(items.iter().any(bad));
}

#[tokio::test]
async fn times_with_an_offset_need_no_zone_and_a_service_that_answers_in_another_zone_is_found_out() {
    for times in [Times::Offset, Times::Utc] {
        let server = Server::start(generate(50, 40)).await;
        server.instance.turn(|k| k.times = times);
        let source = server.source_with("zone = \"Europe/Copenhagen\"", "zone = \"Asia/Tokyo\"").await;
        source.check(server.instance.clock().now()).await.unwrap();
        let items = read(&source, "ticket").await;
        assert!(!notes(&items).contains("had no zone"), "{}", notes(&items));
    }
    let server = Server::start(generate(50, 40)).await;
    server.instance.turn(|k| k.answer_zone = Some("America/New_York".into()));
    let error = server.source().await.check(server.instance.clock().now()).await.unwrap_err().to_string();
    assert!(error.contains("h off"), "{error}");
}

#[tokio::test]
async fn a_file_that_is_listed_and_not_there_is_a_record_without_bytes() {
    let data = generate(51, 60);
    let missing =
        data.tickets.iter().flat_map(|t| &t.messages).flat_map(|m| &m.attachments).next().unwrap().id;
    let server = Server::start(data).await;
    server.instance.turn(|k| k.missing_files = vec![missing]);
    let items = read(&server.source().await, "ticket").await;
    let found =
        records(&items).into_iter().find(|r| r.key() == SourceRef::new("attachment", missing.to_string()));
    assert!(matches!(found, Some(Record::Attachment(a)) if a.blob.is_none()));
    assert!(notes(&items).contains("its bytes are missing at the source"));
}

#[tokio::test]
async fn working_hours_that_lost_their_zones_are_findings() {
    let data = generate(52, 3);
    let count = data.working_hours.len();
    let server = Server::start(data).await;
    server.instance.turn(|k| k.hours_without_zone = true);
    let said = server.source().await.live_findings(server.instance.clock().now()).await;
    let hours = said.iter().filter(|f| f.place == "working_hours" && f.what.contains("IANA"));
    assert_eq!(hours.count(), count, "{said:?}");
}
