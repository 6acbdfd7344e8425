//! Cases about reading a help desk that lives: each has a small run of its own.

use super::loaded::{Loaded, squeezed};
use crate::bench::{Bench, extract, plain_desk};
use mapping_core::LossRule;
use migrate_engine::Exit;
use migrate_examples::args::Verb;
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::focalscope::{Knobs, ShiftedPages};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A help desk whose lists come five to a page.
fn bench(desk: Dataset) -> Bench {
    let bench = Bench::of(desk);
    bench.replace("migration.toml", "pace = { ", "pace = { page_size = 5, ");
    bench
}

/// What a knob does to the list of tickets.
fn turned(desk: Dataset, turn: impl FnOnce(&mut Knobs)) -> Bench {
    let bench = bench(desk);
    bench.focalscope.turn(|knobs| {
        knobs.only = Some("ListTickets".to_owned());
        turn(knobs);
    });
    bench
}

/// Every ticket of the data set has one thread with its three messages, and nothing is there twice.
fn assert_all_once(bench: &Bench, loaded: &Loaded) {
    assert!(loaded.verdict.is_clean(), "{:#?}", loaded.verdict.findings);
    let ids: BTreeSet<u64> = bench.dataset.tickets.iter().map(|it| it.id).collect();
    assert_eq!(bench.intercom.state().conversations, ids.len() as u64);
    for ticket in &bench.dataset.tickets {
        assert_eq!(loaded.threads_with("focalscope_ticket_id__c", &ticket.number), 1, "{}", ticket.number);
        ticket.messages.iter().for_each(|it| drop(loaded.thread(ticket).of(it)));
    }
}

/// What came is short of what was declared, says the report, and a plan is not made of it.
fn assert_said(bench: &Bench, declared: u64) -> u64 {
    assert_eq!(bench.carry_out(&extract()).unwrap(), Exit::Sums);
    let report = bench.report("extract");
    let sums = report["shortfalls"].as_array().unwrap();
    let of_it =
        sums.iter().find(|it| it["what"] == "ticket: declared total").unwrap_or_else(|| panic!("{sums:#?}"));
    assert_eq!(of_it["expected"], declared);
    let found = of_it["found"].as_u64().unwrap();
    assert!(found < declared, "{of_it}");
    let refused = bench.carry_out(&Verb::Plan).unwrap_err();
    assert_eq!(refused.exit, Exit::Sums, "{refused}");
    found
}

/// A run of its own, when lists stand still again.
fn another_run(bench: &mut Bench) {
    let settings = std::fs::read_to_string(bench.dir.join("migration.toml")).unwrap();
    bench.dir = bench.home().join("second");
    bench.process(&["init", "--name", "second"]).assert(0, &[]);
    bench.write("migration.toml", &settings.replace("name = \"e2e\"", "name = \"second\""));
}

/// The list itself has a ticket twice, on two pages.
pub(super) fn duplicate_ids_across_pages() {
    let mut desk = plain_desk(9);
    let again = desk.tickets[1].clone();
    desk.tickets.push(again);
    let mut bench = bench(desk);
    // It is one ticket: the source goes on listing it twice.
    bench.dataset.tickets.pop();
    let loaded = Loaded::through(&bench, &extract_at_any_rate(&bench));
    assert_all_once(&bench, &loaded);
    let report = bench.report("extract");
    assert!(
        report["kinds"]["ticket"]["repeated"].as_u64().unwrap() > 0
            || report["kinds"]["ticket"]["staged"] == 9,
        "{report}"
    );
}

/// An `extract` that ends well: with its shortfalls accepted, when it has some.
fn extract_at_any_rate(bench: &Bench) -> Verb {
    match bench.carry_out(&extract()).unwrap() {
        Exit::Sums => Verb::Extract { accept_shortfall: Some("test".to_owned()) },
        exit => {
            assert_eq!(exit, Exit::Done);
            extract()
        }
    }
}

pub(super) fn page_repeated_while_reading() {
    let mut bench = turned(plain_desk(12), |knobs| knobs.repeat_page = Some(2));
    assert!(assert_said(&bench, 12) < 12);
    bench.focalscope.turn(|knobs| *knobs = Knobs::default());
    another_run(&mut bench);
    let loaded = Loaded::through(&bench, &extract());
    assert_all_once(&bench, &loaded);
}

pub(super) fn page_shifted_while_reading() {
    // By one back: the last of a page comes again on the next.
    let back = turned(plain_desk(12), |knobs| knobs.shift_pages = Some(ShiftedPages { after: 1, by: -1 }));
    let loaded = Loaded::through(&back, &extract());
    assert_all_once(&back, &loaded);
    // By one on: a ticket is on no page.
    let mut on = turned(plain_desk(12), |knobs| knobs.shift_pages = Some(ShiftedPages { after: 1, by: 1 }));
    assert_eq!(assert_said(&on, 12), 11);
    on.focalscope.turn(|knobs| *knobs = Knobs::default());
    another_run(&mut on);
    let loaded = Loaded::through(&on, &extract());
    assert_all_once(&on, &loaded);
}

/// So many tickets that one on the second page is in none of the samples that are looked at before the reading begins.
const SEVERAL_PAGES: u64 = 25;
const ON_THE_SECOND: u64 = 7;

pub(super) fn record_changed_while_it_is_being_read() {
    let mut bench = bench(plain_desk(SEVERAL_PAGES));
    bench.focalscope.turn(|knobs| knobs.change_after_listing = Some(ON_THE_SECOND));
    let verb = extract_at_any_rate(&bench);
    bench.dataset = bench.focalscope.dataset();
    let ticket = bench.dataset.ticket(ON_THE_SECOND).unwrap();
    assert_eq!(ticket.messages.len(), 4, "it got one more while it was read");
    let asked = bench.focalscope.journal();
    let of_it = |operation: &str| {
        let id = ticket.id.to_string();
        asked
            .iter()
            .filter(|it| it.operation == operation && it.arguments.get("ticketId") == Some(&id))
            .count()
    };
    assert!(of_it("ListMessages") >= 1, "{asked:?}");
    let loaded = Loaded::through(&bench, &verb);
    assert_all_once(&bench, &loaded);
    assert_eq!(loaded.thread(ticket).said().last().unwrap().at, ticket.modified.unwrap().as_second());
}

pub(super) fn record_deleted_between_listing_and_reading() {
    let bench = bench(plain_desk(SEVERAL_PAGES));
    bench.focalscope.turn(|knobs| knobs.delete_after_listing = Some(ON_THE_SECOND));
    let verb = extract_at_any_rate(&bench);
    let loaded = Loaded::through(&bench, &verb);
    let raw = "its raw payload is in the run's database";
    loaded.assert_held("ticket", ON_THE_SECOND, "it was deleted at the source between the list and", raw);
    for ticket in bench.dataset.tickets.iter().filter(|it| it.id != ON_THE_SECOND) {
        ticket.messages.iter().for_each(|it| drop(loaded.thread(ticket).of(it)));
    }
    assert_eq!(bench.intercom.state().conversations, SEVERAL_PAGES - 1);
}

/// A first run read a person who was erased since. The next run moves their tickets, and nothing says who they were.
pub(super) fn person_erased_between_runs() {
    let mut bench = bench(plain_desk(6));
    bench.extracted();
    bench.focalscope.turn(|knobs| knobs.erased_contacts = vec![2]);
    another_run(&mut bench);
    let loaded = Loaded::through(&bench, &extract_at_any_rate(&bench));
    let theirs: Vec<_> = bench.dataset.tickets.iter().filter(|it| it.contact == Some(2)).collect();
    assert_eq!(theirs.len(), 2);
    for ticket in theirs {
        let thread = loaded.thread(ticket);
        let person = loaded.people.iter().find(|it| it["id"] == thread.contact()).unwrap();
        assert_eq!(person["external_id"], "focalscope:contact:stand-in", "ticket:{}", ticket.id);
        let texts: Vec<String> = thread.said().iter().map(|it| squeezed(it.body)).collect();
        for message in &ticket.messages {
            let words = super::loaded::words_of(message);
            assert!(texts.iter().any(|it| it.contains(&words)), "{words}: {texts:?}");
        }
        loaded.assert_loss("ticket", ticket.id, "contact", LossRule::Defaulted, "a stand-in takes the place");
    }
    let threads = bench.dataset.tickets.iter().map(|it| loaded.object("ticket", it.id));
    let everything = json!([bench.intercom.contacts(), threads.collect::<Vec<_>>()]).to_string();
    for word in ["Kim 2", "kim2@customer.example", "+4520200000"] {
        assert!(!everything.contains(word), "{word} is still there");
    }
}

/// A file that no message takes is read whole, named in the text where it was, and handed over with its hash.
fn assert_handed_over(bytes: u32) {
    let mut desk = plain_desk(2);
    let id = desk.tickets[0].messages[0].attachments[0].id;
    desk.tickets[0].messages[0].attachments[0].name = "backup.img".to_owned();
    let bench = Bench::of(desk);
    bench.focalscope.turn(|knobs| {
        knobs.giant_file = Some(migrate_sandbox::focalscope::GiantFile { attachment: id, bytes });
    });
    let loaded = Loaded::through(&bench, &extract_at_any_rate(&bench));
    let thread = loaded.thread(&bench.dataset.tickets[0]);
    assert!(thread.files().iter().all(|it| it.0 != "backup.img"));
    let opening = thread.opening().body;
    assert!(opening.contains(&format!("[File not moved: backup.img, {bytes} bytes]")), "{opening}");
    let ticket = bench.dataset.tickets[0].id;
    let field = format!("parts[{}].files", bench.dataset.tickets[0].messages[0].id);
    loaded.assert_loss("ticket", ticket, &field, LossRule::Dropped, "handed over by hand (sha256 ");
    let list = loaded.file("handoff/oversize-files.csv");
    assert!(list.contains("backup.img") && list.contains(&bytes.to_string()), "{list}");
    assert_eq!(thread.attribute("focalscope_ticket_id__c"), &Value::from("FS-1"));
}

pub(super) fn attachment_larger_than_a_message_takes() {
    assert_handed_over((10 << 20) + 1);
}

pub(super) fn attachment_of_2_gib() {
    assert_handed_over(1 << 31);
}
