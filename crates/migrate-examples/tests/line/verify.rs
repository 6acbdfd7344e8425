//! `verify` names record and field of what was changed behind the tool's back.

use crate::bench::{Bench, apply, plain_desk, verify};
use migrate_engine::Exit;
use migrate_sandbox::intercom::Edit;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The token's owner, who wrote none of the messages.
const SOMEBODY_ELSE: u64 = 991_267_400;
/// 2026-03-02T08:01:00Z, a minute after the second message of ticket 5 was written.
const EIGHT_AND_A_MINUTE: i64 = 1_772_438_460;

/// The fields in which each record differs, by the report.
fn differences(bench: &Bench) -> BTreeMap<String, BTreeSet<String>> {
    let report = bench.report("verify");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for difference in report["differences"].as_array().unwrap() {
        let text = |name: &str| difference[name].as_str().unwrap().to_owned();
        found.entry(text("record")).or_default().insert(text("field"));
    }
    found
}

/// The ticket, what is changed there, the record in which `verify` must see it, and the fields.
type Planted = (&'static str, Box<dyn Fn(&Bench, String) -> Edit>, &'static str, &'static [&'static str]);

/// The parts of a thread: the opening message, its file (which an opening message can't hold), the answer, the last one.
fn planted() -> Vec<Planted> {
    fn plant(
        ticket: &'static str,
        edit: impl Fn(&Bench, String) -> Edit + 'static,
        record: &'static str,
        fields: &'static [&'static str],
    ) -> Planted {
        (ticket, Box::new(edit), record, fields)
    }
    fn text() -> String {
        "changed".to_owned()
    }
    vec![
        plant(
            "FS-1",
            |_, conversation| Edit::Body { conversation, message: 2, text: text() },
            "ticket:1",
            &["parts[2].body"],
        ),
        plant(
            "FS-2",
            |_, conversation| Edit::Body { conversation, message: 0, text: text() },
            "ticket:2",
            &["parts[0].body"],
        ),
        plant(
            "FS-3",
            |_, conversation| Edit::Author { conversation, message: 2, admin: SOMEBODY_ELSE },
            "ticket:3",
            &["parts[2].author"],
        ),
        plant(
            "FS-4",
            |_, conversation| Edit::Swap { conversation, message: 2, with: 3 },
            "ticket:4",
            &[
                "parts[2].author",
                "parts[2].body",
                "parts[2].files",
                "parts[3].author",
                "parts[3].body",
                "parts[3].files",
            ],
        ),
        plant(
            "FS-5",
            |_, conversation| Edit::Time { conversation, message: 2, created_at: EIGHT_AND_A_MINUTE },
            "ticket:5",
            &["parts[2].at"],
        ),
        plant("FS-6", |_, conversation| Edit::State { conversation, open: true }, "ticket:6", &["state"]),
        plant(
            "FS-7",
            |bench, conversation| Edit::Untag {
                conversation,
                name: format!("migration: {}", bench.newest_batch().1),
            },
            "ticket:7",
            &["tags"],
        ),
        plant(
            "FS-8",
            |_, conversation| Edit::Attribute {
                conversation,
                name: "focalscope_priority__c".to_owned(),
                value: Value::Null,
            },
            "ticket:8",
            &["attribute.focalscope_priority__c"],
        ),
        plant(
            "FS-9",
            |_, conversation| Edit::File { conversation, message: 1, text: text() },
            "ticket:9",
            &["parts[1].files"],
        ),
        plant(
            "FS-10",
            |_, conversation| Edit::RemoveFile { conversation, message: 3 },
            "ticket:10",
            &["parts[3].files"],
        ),
        plant("FS-11", |_, conversation| Edit::Title { conversation, text: text() }, "ticket:11", &["title"]),
        plant(
            "FS-12",
            |_, conversation| Edit::Visibility { conversation, message: 2 },
            "ticket:12",
            &["parts[2].visibility"],
        ),
        plant(
            "FS-13",
            |_, conversation| Edit::Remove { conversation, message: 3 },
            "ticket:13",
            &["parts[3]"],
        ),
        plant("FS-14", |_, conversation| Edit::Repeat { conversation, message: 3 }, "ticket:14", &["parts"]),
        plant("FS-15", |_, conversation| Edit::Delete { conversation }, "ticket:15", &["(object)"]),
        plant(
            "FS-16",
            |bench, _| Edit::ContactName { contact: somebody(bench), text: text() },
            "contact:1",
            &["name"],
        ),
    ]
}

fn somebody(bench: &Bench) -> String {
    let all = bench.intercom.contacts();
    all.iter().find(|it| it["name"] == "Kim 1").unwrap()["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_clean_copy_has_no_difference_and_a_planted_one_is_named_by_record_and_field() {
    let bench = Bench::of(plain_desk(17));
    bench.planned();
    bench.done(&apply());
    bench.assert_clean();

    assert_eq!(bench.carry_out(&verify()).unwrap(), Exit::Done);
    let clean = bench.report("verify");
    assert_eq!((&clean["different"], &clean["records"]["conversation"]), (&0.into(), &17.into()));
    // 17 threads of four parts with five fields each, and the fields of the threads.
    assert!(clean["compared"].as_u64().unwrap() > 17 * (4 * 5 + 5), "{clean}");

    for (ticket, edit, ..) in planted() {
        let edit = edit(&bench, bench.conversation(ticket));
        if let Err(error) = bench.intercom.edit(&edit) {
            panic!("{edit:?}: {error}");
        }
    }
    assert_eq!(bench.carry_out(&verify()).unwrap(), Exit::Differences);
    let mut found = differences(&bench);
    for (.., record, fields) in planted() {
        let fields: BTreeSet<String> = fields.iter().map(|field| (*field).to_owned()).collect();
        assert_eq!(found.remove(record), Some(fields), "{record}");
    }
    assert_eq!(found, BTreeMap::new(), "ticket 17 and the other contacts are as they were");
}

#[test]
fn verify_as_a_process_ends_with_0_on_a_clean_copy_and_with_4_on_another() {
    let bench = Bench::of(plain_desk(2));
    bench.planned();
    bench.done(&apply());
    bench.process(&["verify"]).assert(0, &["0 different"]);
    let conversation = bench.conversation("FS-2");
    bench.intercom.edit(&Edit::Title { conversation, text: "changed".to_owned() }).unwrap();
    bench.process(&["verify"]).assert(4, &["differs ticket:2: title", "1 different"]);
}
