//! From a record to its object and back: `idmap`, `trace` and `explain`.

use crate::bench::{Bench, apply};
use mapping_core::model::Record;
use migrate_engine::Run;
use migrate_engine::store::MemberState;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A line of `reports/idmap.csv`, by column.
type Row = BTreeMap<String, String>;

fn rows(bench: &Bench) -> Vec<Row> {
    let mut file = csv::Reader::from_path(bench.dir.join("reports/idmap.csv")).unwrap();
    file.deserialize().map(Result::unwrap).collect()
}

fn loaded() -> Bench {
    let bench = Bench::generated(11, 30);
    bench.planned();
    bench.done(&apply());
    bench.process(&["idmap"]).assert(0, &["ticket"]);
    bench
}

/// Whether the stand-in shows an object of this kind and id.
fn is_there(bench: &Bench, kind: &str, id: &str, hours: &Value) -> bool {
    let path = match kind {
        "conversation" => format!("/conversations/{id}"),
        "contact" => format!("/contacts/{id}"),
        "company" => format!("/companies/{id}"),
        "collection" => format!("/help_center/collections/{id}"),
        "article" => format!("/articles/{id}"),
        "internal_article" => format!("/internal_articles/{id}"),
        "office_hours" => return hours.to_string().contains(&format!("\"{id}\"")),
        other => panic!("no way to look for {other}"),
    };
    let found = bench.ask("GET", &path, &Value::Null);
    found["id"] == *id || found["id"] == id
}

#[test]
fn every_applied_record_has_a_line_in_idmap_aliases_too_and_each_object_is_at_the_destination() {
    let bench = loaded();
    let rows = rows(&bench);
    let named: BTreeSet<String> =
        rows.iter().map(|it| format!("{}:{}", it["kind"], it["source_id"])).collect();
    assert_eq!(named.len(), rows.len(), "each once");

    let run = Run::open(&bench.dir).unwrap();
    let states = [MemberState::Applied, MemberState::Matched];
    let mut applied = BTreeSet::new();
    for batch in run.ledger().batches().unwrap() {
        for member in run.ledger().members(batch.number, None, &states, 0, false, 10_000).unwrap() {
            let names = std::iter::once(&member.row.record).chain(&member.row.aliases);
            let moved = names.filter(|it| Record::KINDS.contains(&it.kind.as_str()));
            applied.extend(moved.map(ToString::to_string));
        }
    }
    drop(run);
    assert_eq!(named, applied);
    assert!(rows.iter().any(|it| !it["aliases"].is_empty()), "the desk has records that share an object");

    let hours = bench.ask("GET", "/office_hours_schedules", &Value::Null);
    for row in &rows {
        assert!(is_there(&bench, &row["destination_kind"], &row["destination_id"], &hours), "{row:?}");
    }
    // What the help desk itself knows: each of its tickets is the conversation that says so.
    let conversations: BTreeMap<&str, &str> = rows
        .iter()
        .filter(|it| it["kind"] == "ticket")
        .map(|it| (it["source_id"].as_str(), it["destination_id"].as_str()))
        .collect();
    let of = |ticket: &migrate_sandbox::dataset::Ticket| {
        bench.intercom.conversations_with("focalscope_ticket_id__c", &ticket.number)
    };
    let mut compared = 0;
    for ticket in bench.dataset.tickets.iter().filter(|it| it.merged_into.is_none()) {
        if let [conversation] = &of(ticket)[..] {
            assert_eq!(conversations.get(ticket.id.to_string().as_str()), Some(&conversation.as_str()));
            compared += 1;
        }
    }
    assert!(compared >= 20, "{compared}");
    let people = bench.intercom.contacts();
    for row in rows.iter().filter(|it| it["kind"] == "contact" && it["source_id"] != "stand-in") {
        let one = people.iter().find(|it| it["id"] == row["destination_id"]).unwrap();
        // Who was matched says it in an attribute, who was made by the external id.
        let own = one["external_id"].as_str().and_then(|id| id.strip_prefix("focalscope:contact:"));
        let key = one["custom_attributes"]["focalscope_contact_id__c"].as_str().or(own).unwrap();
        let names = [row["source_id"].clone(), row["aliases"].clone()].join(" ");
        assert!(
            names.split(' ').any(|name| name == key || name == format!("contact:{key}")),
            "{row:?}: {key}"
        );
    }
}

#[test]
fn trace_and_explain_find_a_ticket_by_its_id_its_number_and_its_conversation_and_show_text_only_when_asked() {
    let bench = loaded();
    let long = |text: &str| text.chars().count() >= 12 && text.is_ascii() && !text.contains('\n');
    let numbers: Vec<&str> = bench.dataset.tickets.iter().map(|it| it.number.as_str()).collect();
    let ticket = bench
        .dataset
        .tickets
        .iter()
        .find(|it| {
            let there = bench.intercom.conversations_with("focalscope_ticket_id__c", &it.number).len() == 1;
            let sole = numbers.iter().filter(|n| **n == it.number).count() == 1;
            there && sole && it.merged_into.is_none() && long(&it.subject) && it.messages.len() > 1
        })
        .unwrap();
    let conversation = bench.conversation(&ticket.number);
    let (by_id, by_object) = (format!("ticket:{}", ticket.id), format!("conversation:{conversation}"));
    let names = [by_id.as_str(), ticket.number.as_str(), by_object.as_str(), conversation.as_str()];

    let mut traced = BTreeSet::new();
    let mut explained = BTreeSet::new();
    for name in names {
        let said = bench.process(&["trace", name]);
        said.assert(0, &[&by_id, &ticket.number, &by_object, "applied", "created"]);
        traced.insert(said.out);
        let said = bench.process(&["explain", name]);
        said.assert(0, &[&by_id, &ticket.number, "written as conversation", "chars›"]);
        explained.insert(said.out);
    }
    assert_eq!((traced.len(), explained.len()), (1, 1), "the same, whatever it is asked by");

    // Everything that a customer or an agent wrote in it, word by word as far as words are long enough to mean something.
    let mut texts: Vec<String> = vec![ticket.subject.clone()];
    texts.extend(ticket.messages.iter().map(|it| it.author.name.clone()));
    texts.extend(ticket.messages.iter().filter_map(|it| it.author.email.clone()));
    for message in &ticket.messages {
        let text = message.body.text();
        texts.extend(text.lines().map(str::trim).filter(|line| line.len() >= 12).map(str::to_owned));
        texts.extend(message.attachments.iter().map(|it| it.name.clone()));
    }
    texts.retain(|text| text.trim().len() >= 5);
    assert!(texts.len() >= 5, "{texts:?}");
    for said in traced.iter().chain(&explained) {
        for text in &texts {
            assert!(!said.contains(text.as_str()), "{text:?} is in {said}");
        }
    }
    let shown = bench.process(&["explain", &by_id, "--text"]);
    shown.assert(0, &[&ticket.subject]);
    bench.process(&["trace", "ticket:999999"]).assert(2, &["no record is called so"]);
    bench.process(&["explain", "no such number"]).assert(2, &["no record is called so"]);
}
