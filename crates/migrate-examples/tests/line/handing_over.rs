//! Hand-offs: workbooks that hold what the help desk holds and run nothing, and what people then made of them.

use crate::bench::{Bench, plain_desk};
use calamine::{Data, Range, Reader, Xlsx, open_workbook};
use migrate_examples::args::Verb;
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::intercom::{Edit, Macro, Seed, Team};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// What a spreadsheet may take for a formula.
const HOSTILE: [&str; 5] =
    ["=HYPERLINK(\"http://evil.example\",\"click\")", "+1", "@x", ";=1", "a;=cmd|' /C calc'!A0"];

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// Two of everything that people build by hand, and one more for each hostile name.
fn desk() -> Dataset {
    let mut desk = plain_desk(3);
    desk.agents.push(read(json!({"id": 2, "login": "ben", "name": "Ben", "email": "ben@helpdesk.example"})));
    desk.agents
        .push(read(json!({"id": 3, "login": "cleo", "name": "Cleo", "email": "cleo@helpdesk.example"})));
    let names = || ["First", "Second"].into_iter().chain(HOSTILE).zip(101_u64..);
    for (name, id) in names() {
        desk.queues.push(read(
            json!({"id": id, "name": name, "ticketboxes": [1], "rules": [name], "max_tickets": 9,
            "members": [{"agent": 1, "max": 3}, {"agent": 2}]}),
        ));
        desk.standard_responses.push(read(json!({"id": id, "name": name, "folder": [name], "subject": name,
            "body": format!("{name}\n{name}"), "queues": [id]})));
        desk.sla_profiles.push(read(json!({"id": id, "name": name, "first_response_minutes": 60,
            "stops_on": ["replied"], "applies_to": [name], "escalations": [name]})));
        desk.reports.push(read(json!({"id": id, "name": name, "template": name, "parameters": [name],
            "columns": ["What", name], "rows": [{"cells": [name, "12"]}], "delivery": name})));
        desk.automations
            .push(read(json!({"id": id, "name": name, "kind": "rule", "scope": name, "order": 1,
            "enabled": true, "trigger": name, "conditions": [name], "actions": [name]})));
        desk.automations
            .push(read(json!({"id": id + 100, "name": name, "kind": "sequence", "enabled": true,
            "trigger": name, "actions": [name, "wait 2 days"]})));
        desk.wallboards.push(read(json!({"id": id, "name": name, "metrics": [name], "audience": name})));
    }
    desk
}

fn mapped(dataset: Dataset) -> Bench {
    let bench = Bench::of(dataset);
    bench.extracted();
    bench.done(&Verb::Map { check: false });
    bench
}

/// The sheets of a workbook, by name.
fn sheets(path: &Path) -> Vec<(String, Range<Data>, Range<String>)> {
    let mut book: Xlsx<BufReader<File>> = open_workbook(path).unwrap();
    let names = book.sheet_names();
    let mut sheet = |name: String| {
        let (cells, formulas) =
            (book.worksheet_range(&name).unwrap(), book.worksheet_formula(&name).unwrap());
        (name, cells, formulas)
    };
    names.into_iter().map(&mut sheet).collect()
}

/// Ids of the records in the first sheet of a hand-off.
fn records(bench: &Bench, name: &str) -> Vec<String> {
    let (_, cells, _) = sheets(&bench.dir.join(format!("handoff/{name}.xlsx"))).swap_remove(0);
    let head: Vec<String> = cells.rows().next().unwrap().iter().map(ToString::to_string).collect();
    let column = head.iter().position(|it| it == "record").unwrap();
    cells.rows().skip(1).map(|row| row[column].to_string()).collect()
}

fn written(bench: &Bench, ending: &str) -> Vec<PathBuf> {
    let all = std::fs::read_dir(bench.dir.join("handoff")).unwrap().map(|it| it.unwrap().path());
    let mut all: Vec<PathBuf> = all.filter(|it| it.extension().is_some_and(|it| it == ending)).collect();
    all.sort();
    all
}

/// What begins a formula once blanks and quotes are gone.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches(|c: char| c.is_whitespace() || c == '"').starts_with(['=', '+', '-', '@'])
}

#[test]
fn each_workbook_has_a_row_for_each_record_of_the_help_desk() {
    let bench = mapped(desk());
    bench.process(&["handoff"]).assert(0, &["macros: 7 rows", "automations: 14 rows"]);
    let data = &bench.dataset;
    let ids = |kind: &str, ids: Vec<u64>| -> BTreeSet<String> {
        ids.into_iter().map(|id| format!("{kind}:{id}")).collect()
    };
    let expected = [
        ("teams", ids("queue", data.queues.iter().map(|it| it.id).collect())),
        ("macros", ids("standard_response", data.standard_responses.iter().map(|it| it.id).collect())),
        ("slas", ids("sla_policy", data.sla_profiles.iter().map(|it| it.id).collect())),
        ("reports", ids("report", data.reports.iter().map(|it| it.id).collect())),
        ("automations", ids("automation", data.automations.iter().map(|it| it.id).collect())),
        ("wallboards", ids("wallboard", data.wallboards.iter().map(|it| it.id).collect())),
    ];
    for (name, expected) in expected {
        let found = records(&bench, name);
        assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), expected, "{name}");
        assert_eq!(found.len(), expected.len(), "{name}: each once");
        // The CSV says the same.
        let mut csv = csv::Reader::from_path(bench.dir.join(format!("handoff/{name}.csv"))).unwrap();
        assert_eq!(csv.records().map(Result::unwrap).count(), expected.len(), "{name}.csv");
    }
}

#[test]
fn no_cell_of_a_workbook_or_a_csv_is_a_formula_whatever_parts_its_columns() {
    let bench = mapped(desk());
    bench.process(&["handoff"]).assert(0, &[]);
    let mut hostile = 0;
    let books = written(&bench, "xlsx");
    assert!(books.len() >= 8, "{books:?}");
    for path in &books {
        for (sheet, cells, formulas) in sheets(path) {
            let made: Vec<_> = formulas.used_cells().filter(|(_, _, text)| !text.is_empty()).collect();
            assert_eq!(made, Vec::<(usize, usize, &String)>::new(), "{} {sheet}", path.display());
            for (_, _, cell) in cells.used_cells() {
                let Data::String(text) = cell else { continue };
                hostile += usize::from(HOSTILE.iter().any(|it| text.contains(it.trim_start_matches(';'))));
                // A person who edits the cell makes no formula either.
                assert!(!is_formula(text), "{} {sheet}: {text}", path.display());
            }
        }
    }
    assert!(hostile >= 50, "the names are in there: {hostile}");
    let mut seen = 0;
    for path in written(&bench, "csv") {
        for delimiter in [b',', b';', b'\t'] {
            let mut reader = csv::ReaderBuilder::new();
            let reader = reader.delimiter(delimiter).has_headers(false).flexible(true);
            for row in reader.from_path(&path).unwrap().records() {
                for cell in row.unwrap().iter().filter(|it| !it.is_empty()) {
                    seen += 1;
                    assert!(!is_formula(cell), "{}: {cell:?}", path.display());
                }
            }
        }
        // What takes no notice of quotes ends a cell at every semicolon.
        for piece in std::fs::read_to_string(&path).unwrap().split(['\n', ';', '\t']) {
            assert!(!is_formula(piece), "{}: {piece:?}", path.display());
        }
    }
    assert!(seen > 100, "{seen}");
}

/// The line of a hand-off in what a check found.
fn checked(bench: &Bench, name: &str) -> [u64; 3] {
    let report = bench.report("handoff-check");
    let line = report["entries"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone();
    ["equal", "different", "missing"].map(|word| line[word].as_u64().unwrap())
}

#[test]
fn of_four_macros_two_that_agree_one_that_was_altered_and_one_that_nobody_made_are_told_apart() {
    let mut desk = plain_desk(2);
    let texts = [
        ("Greeting", "Dear %Customer.FirstName%,\n\nthank you for writing.\n\n%Agent.Name%"),
        ("Closing", "We close %Ticket.Number%. Answer to open it again."),
        ("Refund", "The refund takes 5-7 days & comes from %Company.Name%."),
        ("Sorry", "We are sorry, %Customer.Name%."),
    ];
    for ((name, body), id) in texts.iter().zip(1_u64..) {
        let response = json!({"id": id, "name": name, "folder": ["General"], "body": body});
        desk.standard_responses.push(read(response));
    }
    let bench = mapped(desk);
    bench.process(&["handoff", "--check"]).assert(4, &["macros: 0 equal, 0 different, 4 missing"]);
    // As a person types them from the pack: without the folder, and with other quotes.
    let typed = [
        (
            "Greeting",
            "Dear {{user.first_name|fallback:\"there\"}},\n\nthank you for writing.\n\n{{teammate.name}}",
        ),
        ("General / Closing", "We close {{conversation.focalscope_ticket_id__c}}. Answer to open it again."),
        ("Refund", "The refund takes 5-7 days & comes from {{company.name}}."),
    ];
    let made =
        |(name, text): (&str, &str)| Macro { name: name.into(), text: text.into(), ..Macro::default() };
    bench.intercom.seed(Seed { macros: typed.map(made).to_vec(), ..Seed::default() });
    bench.process(&["handoff", "--check"]).assert(4, &["macros: 3 equal, 0 different, 1 missing"]);
    let altered = Edit::Macro { name: "Refund".into(), text: "The refund takes 50 days.".into() };
    bench.intercom.edit(&altered).unwrap();
    let said = bench.process(&["handoff", "--check"]);
    said.assert(4, &["macros: 2 equal, 1 different, 1 missing", "differs: Refund", "missing: Sorry"]);
    assert_eq!(checked(&bench, "macros"), [2, 1, 1]);
    assert_eq!(bench.intercom.with_journal(|journal| journal.total.applied), 0, "a check writes nothing");
}

#[test]
fn a_missing_team_and_one_with_a_member_too_few_and_too_many_are_told_from_one_that_agrees() {
    let mut desk = desk();
    desk.queues.clear();
    for (id, name) in [(1, "Support"), (2, "Billing"), (3, "Sales")] {
        desk.queues.push(read(json!({"id": id, "name": name, "ticketboxes": [1],
            "members": [{"agent": 1}, {"agent": 2}]})));
    }
    let bench = Bench::of(desk);
    let admins = bench.ask("GET", "/admins", &Value::Null);
    let id = |address: &str| -> u64 {
        let all = admins["admins"].as_array().unwrap();
        let found =
            all.iter().find(|it| it["email"].as_str().unwrap().eq_ignore_ascii_case(address)).unwrap();
        found["id"].as_str().unwrap().parse().unwrap()
    };
    let (ada, ben, cleo) =
        (id("ada@helpdesk.example"), id("ben@helpdesk.example"), id("cleo@helpdesk.example"));
    let teams = bench.ask("GET", "/teams", &Value::Null);
    let team = |name: &str| -> u64 {
        let all = teams["teams"].as_array().unwrap();
        all.iter().find(|it| it["name"] == name).unwrap()["id"].as_str().unwrap().parse().unwrap()
    };
    let with = |name: &str, admin_ids: Vec<u64>| {
        let team = Team { id: team(name), name: name.into(), admin_ids, deprecated: false };
        bench.intercom.seed(Seed { teams: vec![team], ..Seed::default() });
    };
    with("Support", vec![ben, ada]);
    with("Billing", vec![ada]);
    with("Sales", vec![ada, ben]);
    bench.extracted();
    bench.done(&Verb::Map { check: false });
    let said = bench.process(&["handoff", "--check"]);
    said.assert(4, &["teams: 2 equal, 1 different, 0 missing", "its members: 1 missing, 0 more"]);
    with("Billing", vec![ada, ben, cleo]);
    bench.intercom.edit(&Edit::TeamGone { team: team("Sales") }).unwrap();
    let said = bench.process(&["handoff", "--check"]);
    said.assert(
        4,
        &["teams: 1 equal, 1 different, 1 missing", "its members: 0 missing, 1 more", "missing: Sales"],
    );
    assert_eq!(checked(&bench, "teams"), [1, 1, 1]);

    with("Billing", vec![ada, ben]);
    with("Sales", vec![ben, ada]);
    bench.process(&["handoff", "--check"]).assert(4, &["teams: 3 equal, 0 different, 0 missing"]);
}
