//! Neither secrets nor customer text leave the database and the file store.

use crate::bench::{ACCOUNT, Bench, Ended, plain_desk};
use migrate_sandbox::dataset::{Contact, Dataset};
use migrate_sandbox::focalscope::{Config, Credentials};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What every planted text has within it.
const MARK: &str = "mark7q";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// A text with a mark of its own: `ticketSubjectMark7Q`.
fn mark(what: &str) -> String {
    format!("{what}Mark7Q")
}

/// A file with a marked name and marked bytes.
fn file(id: u64, what: &str) -> Value {
    json!({"id": id, "name": format!("{}.txt", mark(&format!("{what}FileName"))), "mime": "text/plain",
        "content": {"base64": "Ynl0ZXNNYXJrN1E="}})
}

/// A help desk with a marked text in every field of every kind of record that a person writes into. What is set up (names
/// of queues, fields, tags, responses, reports and rules) is not text.
fn marked() -> Dataset {
    let mut desk = plain_desk(6);
    for agent in &mut desk.agents {
        agent.name = format!("Ada {}", mark("agentName"));
    }
    for ticket in &mut desk.tickets {
        ticket.subject = format!("{} {}", mark("ticketSubject"), ticket.id);
        ticket.custom_fields =
            read(json!([{"name": "Order no.", "type": "text", "value": mark("ticketCustom")}]));
        for message in &mut ticket.messages {
            message.body = format!("{} {}", mark("messageBody"), message.body.text()).into();
            message.subject = Some(mark("messageSubject"));
            message.author.name = format!("{} {}", mark("authorName"), message.author.name);
            message.to.push(format!("{}@customer.example", mark("messageTo")));
            message.cc.push(format!("{}@customer.example", mark("messageCc")));
            message.message_id = Some(format!("{}.{}@customer.example", mark("messageId"), message.id));
            message.in_reply_to = Some(format!("{}@customer.example", mark("messageInReplyTo")));
            for file in &mut message.attachments {
                file.name = format!("{}-{}", mark("messageFileName"), file.name);
            }
        }
    }
    // Those that make trouble: text that is cut or can't be moved is talked about.
    desk.tickets[0].subject = format!("{} ", mark("longSubject")).repeat(40);
    desk.tickets[1].messages[0].author.email = Some(format!("{}@nobody.example", mark("strangerMail")));
    desk.tickets[2].messages[0].attachments.push(read(file(9_001, "bytes")));
    desk.tickets[2]
        .custom_fields
        .push(read(json!({"name": "Paid on", "type": "date", "value": mark("noDate")})));
    desk.tickets[3].calls = read(json!([{"id": 1, "uuid": mark("callUuid"), "direction": "in", "agent": 1,
        "from": mark("callFrom"), "to": mark("callTo"), "started": "2026-03-02T09:00:00Z", "duration": 60,
        "disposition": mark("callDisposition"), "note": mark("callNote"),
        "recording_url": format!("https://pbx.example/{}", mark("callRecording"))}]));
    let chatting = json!({"kind": "contact", "id": 1, "name": mark("chatName"), "email": format!("{}@x.example", mark("chatMail"))});
    desk.tickets[4].chat = read(
        json!([{"author": chatting, "at": "2026-03-02T09:30:00Z", "text": mark("chatText"), "attachments": [file(9_002, "chat")]}]),
    );
    let person = |contact: &mut Contact| {
        let id = contact.id;
        contact.name = format!("{} {id}", mark("contactName"));
        contact.emails = vec![format!("{}{id}@customer.example", mark("contactMail")), mark("contactNoMail")];
        contact.phones = vec![format!("{} no number", mark("contactPhone"))];
        contact.address = Some(mark("contactAddress"));
        contact.company = Some(1);
        contact.custom_fields =
            read(json!([{"name": "Segment", "type": "text", "value": mark("contactCustom")}]));
        contact.notes =
            read(json!([{"agent": 1, "at": "2026-01-05T10:00:00Z", "text": mark("contactNote")}]));
    };
    desk.contacts.iter_mut().for_each(person);
    desk.companies = read(
        json!([{"id": 1, "name": mark("companyName"), "domains": [format!("{}.example", mark("companyDomain"))]}]),
    );
    desk.standard_responses = read(json!([{"id": 1, "name": "Greeting", "subject": mark("responseSubject"),
        "body": format!("{} %Customer.Name% %Loyalty.Tier%", mark("responseBody")), "attachments": [file(9_003, "response")]}]));
    desk.kb_categories = read(json!([{"id": 1, "title": mark("kbCategoryTitle")}]));
    let article = |id: u64, extra: Value| {
        let mut it = json!({"id": id, "title": mark("kbTitle"), "categories": [1], "published": true, "author": 1,
            "body": format!("<p>{} <a href=\"/kb/{}/x.html\">x</a><a href=\"/kb/77/{}.html\">y</a></p>", mark("kbBody"), 3 - id.min(2), mark("kbLink")),
            "author_name": mark("kbAuthor"), "tags": ["Setup"], "url": format!("https://help.example/{}", mark("kbUrl")),
            "created": "2026-01-01T00:00:00Z", "modified": "2026-01-02T00:00:00Z",
            "custom_fields": [{"name": "Owner", "type": "text", "value": mark("kbCustom")}], "attachments": [file(9_010 + id, "kb")]});
        it.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        read(it)
    };
    desk.kb_articles = vec![
        article(1, json!({})),
        article(2, json!({"internal": true})),
        article(3, json!({"categories": []})),
    ];
    desk.reports = read(
        json!([{"id": 1, "name": "Weekly", "template": "Volume", "columns": ["Who", "Count"],
        "delivery": format!("{}@customer.example", mark("reportDelivery")), "parameters": [format!("customer={}", mark("reportParameter"))],
        "rows": [{"cells": [mark("reportCell"), "3"]}]}]),
    );
    desk.automations = read(
        json!([{"id": 1, "name": "Late", "kind": "rule", "enabled": true, "trigger": "time",
        "conditions": [format!("customer is {}", mark("ruleCondition"))], "actions": [format!("write {}", mark("ruleAction"))]}]),
    );
    desk.channel_accounts = read(
        json!([{"id": 1, "channel": "email", "address": format!("{}@helpdesk.example", mark("channelAddress")),
        "last_error": mark("channelError"), "enabled": true}]),
    );
    desk.sla_profiles = read(json!([{"id": 1, "name": "Gold", "first_response_minutes": 60,
        "applies_to": [mark("slaAppliesTo")], "escalations": [format!("mail to {}", mark("slaEscalation"))]}]));
    desk.wallboards = read(
        json!([{"id": 1, "name": "Wall", "metrics": [mark("wallboardMetric")], "audience": mark("wallboardAudience")}]),
    );
    desk
}

/// The words with a mark in a text.
fn found(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let word = |(at, _): (usize, &str)| {
        let from = lower[..at].rfind(|c| !is_word(c)).map_or(0, |place| place + 1);
        lower[from..at + MARK.len()].to_owned()
    };
    lower.match_indices(MARK).map(word).collect()
}

fn files(dir: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        all.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), all);
        }
    }
}

#[test]
fn no_secret_and_no_customer_text_is_in_reports_plan_output_or_logs_and_all_files_are_the_owners_alone() {
    let credentials = Credentials { password: "PassMark7Q".to_owned(), ..Credentials::default() };
    let mut bench = Bench::with(marked(), Config { credentials, ..Config::default() });
    bench.token = "TokenMark7Q".to_owned();
    bench.intercom.turn(|knobs| knobs.tokens = vec!["TokenMark7Q".to_owned()]);
    let mut said = String::new();
    let mut run = |arguments: &[&str], code: i32| {
        let mut command = bench.command(arguments);
        command.env("RUST_LOG", "trace");
        let ended = Ended::of(command.output().unwrap());
        ended.assert(code, &[]);
        assert_eq!(found(&ended.out), BTreeSet::new(), "{arguments:?} on standard output");
        assert_eq!(found(&ended.err), BTreeSet::new(), "{arguments:?} in the logs");
        said += &ended.out;
        said += &ended.err;
    };
    for verb in ["doctor", "extract", "map", "provision", "plan", "estimate", "handoff"] {
        run(&[verb], 0);
    }
    run(&["handoff", "--check"], 4);
    run(&["approve", "--by", "test", "--ack-all"], 0);
    run(&["apply", "--pilot", "3"], 0);
    run(&["review"], 0);
    run(&["review", "--read"], 3);
    run(&["apply", "--json"], 0);
    run(&["verify"], 0);
    // A difference is talked about, too.
    let conversation = bench.conversation("FS-3");
    let edit = migrate_sandbox::intercom::Edit::Body { conversation, message: 1, text: mark("editedBody") };
    bench.intercom.edit(&edit).unwrap();
    run(&["verify", "--json"], 4);
    run(&["verify", "--accept", "ticket:3", "--reason", "as agreed", "--by", "Ada"], 0);
    run(&["verify", "--json"], 0);
    run(&["idmap"], 0);
    for id in [
        "ticket:1",
        "ticket:4",
        "contact:1",
        "company:1",
        "kb_article:1",
        "kb_category:1",
        "standard_response:1",
    ] {
        run(&["explain", id], 0);
        run(&["explain", id, "--json"], 0);
        run(&["trace", id], 0);
    }
    run(&["report"], 0);
    run(&["status", "--json"], 0);
    run(&["rollback", "--yes", ACCOUNT], 0);
    assert!(said.len() > 100_000, "the logs are on");
    let shown = bench.process(&["explain", "ticket:2", "--text"]);
    assert!(found(&shown.out).contains("ticketsubjectmark7q"), "who asks for text gets it: {}", shown.out);

    let mut all = Vec::new();
    files(&bench.dir, &mut all);
    let mut looked_at = 0;
    for path in &all {
        let name = path.strip_prefix(&bench.dir).unwrap().to_str().unwrap();
        // The database, the bytes of files the lists for people and what they review hold what was extracted; that is what they are for.
        let of_people = ["run.db", "files/", "mapping/", "review/", "handoff/"];
        let holds_text = of_people.iter().any(|place| name.starts_with(place));
        if path.is_file() && !holds_text {
            looked_at += 1;
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert_eq!(found(&text), BTreeSet::new(), "{name}");
        }
    }
    assert!(looked_at >= 15, "{all:?}");
    // What was planted came in: it is where it may be.
    let kept = all.iter().filter(|path| path.is_file());
    let kept: BTreeSet<String> =
        kept.flat_map(|path| found(&String::from_utf8_lossy(&fs::read(path).unwrap()))).collect();
    let planted = found(&serde_json::to_string(&bench.dataset).unwrap());
    let missing: Vec<_> = planted.difference(&kept).collect();
    assert!(planted.len() > 45, "{planted:?}");
    assert_eq!(missing, Vec::<&String>::new());
    // The secrets are nowhere at all.
    for path in all.iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(!text.contains("PassMark7Q") && !text.contains("TokenMark7Q"), "{}", path.display());
    }
    #[cfg(unix)]
    for path in all.iter().chain([&bench.dir]) {
        use std::os::unix::fs::PermissionsExt;
        // Written by the test itself.
        if path.ends_with("migration.toml") {
            continue;
        }
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let owners = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, owners, "{}", path.display());
    }
}
