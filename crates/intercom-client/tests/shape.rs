//! What Intercom can hold of a draft, and the writes that follow from it; no server is asked.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod standin;

use intercom_client::sink::{ExternalId, KeepHtmlNote, OtherCustomers, Unknown};
use intercom_client::{IntercomSink, SinkOptions};
use jiff::Timestamp;
use mapping_core::{
    Author, Blob, Body, Catalog, Change, Draft, ErrorKind, FieldSpec, FieldType, Format, Link, LossRule,
    Part, Person, RemoteRef, Role, Shaped, Sink, SourceRef, Team, Value, Visibility,
};
use migrate_sandbox::clock::SandboxClock;
use std::fmt::Write as _;

fn ts(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

const NOW: i64 = 1_700_000_000;

fn person(id: &str, active: bool) -> Person {
    Person { remote: RemoteRef::new("admin", id), name: "N".into(), email: None, active }
}

fn field(kind: &str, name: &str, field_type: FieldType, options: &[&str]) -> FieldSpec {
    FieldSpec {
        kind: kind.into(),
        name: name.into(),
        field_type,
        options: options.iter().map(|o| (*o).to_owned()).collect(),
        description: None,
        max_chars: None,
        remote: None,
    }
}

fn catalog() -> Catalog {
    let ours =
        |name, field_type, options: &[&str]| field("conversation_attribute", name, field_type, options);
    Catalog {
        as_of: ts(NOW),
        acting: Some(person("1", true)),
        people: vec![person("1", true), person("7", true), person("8", false)],
        teams: vec![Team { remote: RemoteRef::new("team", "5"), name: "Billing".into(), members: vec![] }],
        fields: vec![
            ours("channel_source__c", FieldType::List, &["Email", "Live Chat"]),
            ours("number", FieldType::Integer, &[]),
            ours("price", FieldType::Decimal, &[]),
            ours("text", FieldType::Text, &[]),
            ours("vip", FieldType::Boolean, &[]),
            ours("when", FieldType::DateTime, &[]),
            field("contact_attribute", "focalscope_contact_id__c", FieldType::Text, &[]),
        ],
        ..Catalog::default()
    }
}

fn sink(options: SinkOptions) -> IntercomSink {
    standin::sink(&standin::workspace(SandboxClock::frozen(ts(NOW))), options)
}

fn shaped(draft: &Draft) -> Shaped {
    sink(SinkOptions::default()).shape(draft, &catalog()).unwrap()
}

fn customer() -> Author {
    Author { link: Some(Link::Source(SourceRef::new("contact", "1"))), name: None }
}
fn teammate(id: &str) -> Author {
    Author { link: Some(Link::Remote(RemoteRef::new("admin", id))), name: Some("Real Name".into()) }
}
fn nobody(name: &str) -> Author {
    Author { link: None, name: Some(name.into()) }
}
fn said(key: &str, role: Role, author: Author, at: i64, body: Body) -> Part {
    Part::new(key, role, author, Some(ts(at)), body)
}
fn note(part: Part) -> Part {
    Part { visibility: Visibility::Internal, ..part }
}
fn blob(name: &str, len: u64) -> Blob {
    Blob { sha256: format!("hash of {name}"), len, name: name.into(), mime: "text/plain; charset=x".into() }
}
fn ticket() -> Draft {
    Draft::new("conversation", SourceRef::new("ticket", "4711"))
        .with("contact", Link::Source(SourceRef::new("contact", "1")))
        .with("title", "Subject")
        .with("state", "closed")
        .with("read", true)
}
fn plain(text: &str) -> Body {
    Body::plain(text)
}

/// Shape and steps for people; the texts of these tests are nobody's.
fn told(shaped: &Shaped, sink: &IntercomSink) -> String {
    let mut out = String::new();
    for (name, value) in &shaped.draft.fields {
        let shown = value.as_str().map_or_else(|| format!("{value:?}"), str::to_owned);
        writeln!(out, "{name} = {shown}").unwrap();
    }
    for part in &shaped.draft.parts {
        let who = part.author.link.as_ref().map(|l| format!("{l:?}")).unwrap_or_default();
        let files: Vec<String> =
            part.files.iter().map(|f| format!("{} {}", f.name.as_str(), f.mime)).collect();
        let at = part.at.unwrap().as_second();
        writeln!(
            out,
            "{} {:?} {who} @{at} {:?} {files:?}",
            part.key,
            part.visibility,
            part.body.text.as_str()
        )
        .unwrap();
    }
    for loss in &shaped.losses {
        writeln!(out, "loss {:?} {}: {}", loss.rule, loss.field, loss.why).unwrap();
    }
    writeln!(out, "relies on {:?}", shaped.relies_on).unwrap();
    for step in sink.steps(&Change::first(&shaped.draft)).unwrap() {
        let part = step.part.map(|p| format!(" {p}")).unwrap_or_default();
        let needs = step.needs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        writeln!(
            out,
            "step {}{part} {:?} {:?} needs [{needs}] blind {}",
            step.op, step.effect, step.refusal, step.blind_seconds
        )
        .unwrap();
    }
    out
}

#[test]
fn a_ticket_with_everything() {
    let tags = vec![
        Value::Link(Link::Source(SourceRef::new("tag", "vip"))),
        Value::Link(Link::Batch),
        Value::Link(Link::Source(SourceRef::new("tag", "vip"))),
    ];
    let mut draft = ticket()
        .with("assignee", Link::Remote(RemoteRef::new("admin", "7")))
        .with("team", Link::Remote(RemoteRef::new("team", "5")))
        .with("attribute.CHANNEL_source__c", "live chat")
        .with("attribute.number", "12")
        .with("attribute.when", Value::Time(ts(1_600_000_000)))
        .with("attribute.vip", true);
    draft.fields.insert("tags".into(), Value::List(tags));
    let mut first = said(
        "m1",
        Role::Customer,
        customer(),
        1_600_000_000,
        Body::html("<p>Hello <b>you</b></p><table><tr><td>a</td><td>b</td></tr></table>"),
    );
    first.files = (0..11).map(|n| blob(&format!("C:\\tmp\\f{n}.txt"), 10)).collect();
    let mut answer = said(
        "m2",
        Role::Agent,
        teammate("7"),
        1_600_000_060,
        Body::html("<div onclick=x>Dear you</div><script>x</script>"),
    );
    answer.files = vec![blob("big.iso", 99 << 20), blob("small.txt", 1)];
    draft = draft
        .with_part(first)
        .with_part(note(said("m3", Role::Agent, nobody("Bob\nX"), 1_600_000_100, plain("call \u{0}back"))))
        .with_part(answer)
        .with_part(said("m4", Role::Agent, teammate("8"), 1_600_000_200, Body::html("<p>seatless</p>")))
        .with_part(said(
            "m5",
            Role::Customer,
            Author { link: Some(Link::Source(SourceRef::new("contact", "2"))), name: Some("Eve".into()) },
            1_600_000_300,
            plain("me too"),
        ))
        .with_part(said("m6", Role::Customer, customer(), 1_600_000_400, Body::html("<img src=cid:1>")));
    let sink = sink(SinkOptions::default());
    let shaped = sink.shape(&draft, &catalog()).unwrap();
    insta::assert_snapshot!(told(&shaped, &sink));
    let again = sink.shape(&shaped.draft, &catalog()).unwrap();
    assert_eq!(again.draft, shaped.draft, "what was shaped stays as it is");
    assert_eq!(sink.floor(&shaped.draft), sink.steps(&Change::first(&shaped.draft)).unwrap().len() as u64);
}

#[test]
fn a_thread_that_an_agent_or_nobody_opened_gets_a_stub() {
    let by_agent = ticket().with_part(said("m1", Role::Agent, teammate("7"), 500, plain("Hello")));
    let by_note = ticket().with_part(note(said("m1", Role::Agent, teammate("7"), 500, plain("Hello"))));
    let empty = ticket().with("created_at", Value::Time(ts(400)));
    for (draft, text, at) in [
        (by_agent, "[Imported ticket #4711 — opened by the agent]", 500),
        (by_note, "[Imported ticket #4711 — opened by an internal note]", 500),
        (empty, "[Imported ticket #4711 — no messages]", 400),
    ] {
        let shaped = shaped(&draft);
        let stub = &shaped.draft.parts[0];
        assert_eq!((stub.body.text.as_str(), stub.at), (text, Some(ts(at))));
        assert_eq!(stub.author.link, customer().link);
        assert_eq!(shaped.draft.parts.len(), draft.parts.len() + 1);
        assert!(shaped.losses.iter().any(|l| l.rule == LossRule::Added && l.field == "parts[stub]"));
    }
}

#[test]
fn times_that_intercom_refuses_are_moved_and_parts_are_in_order() {
    let undated = Part { at: None, ..said("m2", Role::Customer, customer(), 1, plain("b")) };
    let before_time = Part { at: Some(ts(-5)), ..said("m3", Role::Customer, customer(), 1, plain("c")) };
    let draft = ticket()
        .with_part(said("m1", Role::Customer, customer(), 1000, plain("a")))
        .with_part(undated)
        .with_part(before_time)
        .with_part(said("m5", Role::Customer, customer(), NOW + 999, plain("e")))
        .with_part(said("m4", Role::Customer, customer(), 2000, plain("d")));
    let shaped = shaped(&draft);
    let keys: Vec<(&str, i64)> =
        shaped.draft.parts.iter().map(|p| (p.key.as_str(), p.at.unwrap().as_second())).collect();
    assert_eq!(keys, [("m1", 1000), ("m2", 1000), ("m3", 1000), ("m4", 2000), ("m5", NOW)]);
    let clamped: Vec<&str> =
        shaped.losses.iter().filter(|l| l.rule == LossRule::Clamped).map(|l| l.field.as_str()).collect();
    assert_eq!(clamped, ["parts[m2].at", "parts[m3].at", "parts[m5].at"]);
}

#[test]
fn values_get_their_attributes_type_or_are_losses() {
    let draft = ticket()
        .with("attribute.channel_source__c", "Fax")
        .with("attribute.number", "twelve")
        .with("attribute.price", Value::Decimal("12.50".into()))
        .with("attribute.text", "x".repeat(300))
        .with("attribute.vip", "no");
    let shaped = shaped(&draft);
    assert_eq!(shaped.draft.field("attribute.price"), &Value::Decimal("12.5".into()));
    assert_eq!(shaped.draft.text("attribute.text").len(), 255);
    assert_eq!(shaped.draft.field("attribute.vip"), &Value::Bool(false));
    let lost: Vec<(&str, LossRule)> = shaped.losses.iter().map(|l| (l.field.as_str(), l.rule)).collect();
    assert!(lost.contains(&("attribute.channel_source__c", LossRule::Dropped)));
    assert!(
        lost.contains(&("attribute.number", LossRule::Dropped))
            && lost.contains(&("attribute.text", LossRule::Cut))
    );
    assert!(shaped.relies_on.contains("conversation_attribute/channel_source__c"));
    let mut strict = SinkOptions::default();
    strict.unknown_option = Unknown::Refuse;
    let e = sink(strict).shape(&draft, &catalog()).unwrap_err();
    assert_eq!((e.kind(), e.context("attribute")), (ErrorKind::Invalid, Some("channel_source__c")));
}

#[test]
fn an_attribute_that_is_not_there_refuses_the_record_and_is_named() {
    let e =
        sink(SinkOptions::default()).shape(&ticket().with("attribute.nope", "x"), &catalog()).unwrap_err();
    assert_eq!((e.kind(), e.context("attribute")), (ErrorKind::Invalid, Some("nope")));
}

#[test]
fn a_snooze_that_is_over_stays_open_and_one_to_come_is_kept() {
    let over = shaped(&ticket().with("state", "snoozed").with("snoozed_until", Value::Time(ts(NOW - 1))));
    assert_eq!((over.draft.text("state"), over.draft.fields.contains_key("snoozed_until")), ("open", false));
    let sink = sink(SinkOptions::default());
    let later = shaped(&ticket().with("state", "snoozed").with("snoozed_until", Value::Time(ts(NOW + 9))));
    let steps = sink.steps(&Change::first(&later.draft)).unwrap();
    assert_eq!(steps.last().unwrap().op, "conversation.snooze");
}

#[test]
fn the_html_of_a_first_message_follows_only_when_it_is_wanted() {
    let body = Body::html("<p>see <a href='https://x.example'>this</a></p>");
    let draft = ticket().with_part(said("m1", Role::Customer, customer(), 5, body));
    assert_eq!(shaped(&draft).draft.parts.len(), 1);
    assert_eq!(shaped(&draft).draft.parts[0].body.text.as_str(), "see this (https://x.example)");
    let mut options = SinkOptions::default();
    options.keep_html_note = KeepHtmlNote::WhenMeaningful;
    let sink = sink(options);
    let kept = sink.shape(&draft, &catalog()).unwrap().draft;
    assert_eq!((kept.parts.len(), kept.parts[1].visibility), (2, Visibility::Internal));
    assert_eq!(sink.floor(&kept), 4, "create, note, update, close");
}

#[test]
fn another_participant_may_write_as_themselves_when_told_so() {
    let other = Author { link: Some(Link::Source(SourceRef::new("contact", "2"))), name: None };
    let draft = ticket().with_part(said("m1", Role::Customer, customer(), 5, plain("a"))).with_part(said(
        "m2",
        Role::Customer,
        other.clone(),
        6,
        plain("b"),
    ));
    let mut options = SinkOptions::default();
    options.other_customers = OtherCustomers::AsThemselves;
    let sink = sink(options);
    let kept = sink.shape(&draft, &catalog()).unwrap().draft;
    assert_eq!(kept.parts[1].author, other);
    let steps = sink.steps(&Change::first(&kept)).unwrap();
    assert_eq!(steps[0].needs, [SourceRef::new("contact", "1"), SourceRef::new("contact", "2")]);
    assert_eq!(shaped(&draft).draft.parts[1].body.text.as_str(), "Another participant:\nb");
}

#[test]
fn two_tickets_that_nobody_can_tell_apart_share_a_lock_and_others_do_not() {
    let sink = sink(SinkOptions::default());
    let lock = |text: &str, at| {
        let draft = ticket().with_part(said("m1", Role::Customer, customer(), at, plain(text)));
        let shaped = sink.shape(&draft, &catalog()).unwrap();
        sink.steps(&Change::first(&shaped.draft)).unwrap()[0].lock.clone().unwrap()
    };
    assert_eq!(lock("a", 5), lock(" a ", 5));
    assert_ne!(lock("a", 5), lock("b", 5));
    assert_ne!(lock("a", 5), lock("a", 6));
    assert!(!lock("secret words", 5).contains("secret"));
}

fn contact() -> Draft {
    Draft::new("contact", SourceRef::new("contact", "1"))
        .with("name", "Ada\tL.")
        .with("email", " Ada@B.Example ")
        .with("phone", "0049 (0)30 123456")
        .with("external_id", "focalscope:contact:1")
}

#[test]
fn a_contact_is_written_as_intercom_takes_it() {
    let contact = shaped(&contact());
    let fields = &contact.draft;
    assert_eq!(
        (fields.text("email"), fields.text("name"), fields.text("phone")),
        ("ada@b.example", "Ada L.", "+4930123456")
    );
    assert_eq!((fields.text("role"), fields.text("external_id")), ("user", "focalscope:contact:1"));
    let sink = sink(SinkOptions::default());
    assert_eq!(sink.shape(fields, &catalog()).unwrap().draft, *fields);
    let ops: Vec<String> =
        sink.steps(&Change::first(fields)).unwrap().iter().map(|s| s.op.to_string()).collect();
    assert_eq!(ops, ["contact.create", "contact.unarchive", "contact.adopt"]);
}

#[test]
fn where_external_ids_are_in_use_ours_becomes_an_attribute_unless_there_is_no_address() {
    let mut used = catalog();
    used.facts.insert("external_id_in_use".into(), "true".into());
    let sink = sink(SinkOptions::default());
    let with = sink.shape(&contact(), &used).unwrap();
    assert_eq!(with.draft.text("attribute.focalscope_contact_id__c"), "1");
    assert!(!with.draft.fields.contains_key("external_id"));
    assert!(with.relies_on.contains("contact_attribute/focalscope_contact_id__c"));
    assert_eq!(sink.steps(&Change::first(&with.draft)).unwrap()[0].blind_seconds, 300);
    let mut without = contact();
    without.fields.remove("email");
    assert_eq!(sink.shape(&without, &used).unwrap().draft.text("external_id"), "focalscope:contact:1");
    let mut always = SinkOptions::default();
    always.external_id = ExternalId::Always;
    let forced = self::sink(always).shape(&contact(), &used).unwrap();
    assert_eq!(forced.draft.text("external_id"), "focalscope:contact:1");
}

#[test]
fn a_contact_without_any_key_is_refused_and_a_bad_address_is_a_loss() {
    let mut bad = contact();
    bad.fields.insert("email".into(), Value::text("not an address"));
    let loss = shaped(&bad).losses.into_iter().find(|l| l.field == "email").unwrap();
    assert_eq!((loss.rule, loss.before.unwrap().as_str()), (LossRule::Dropped, "not an address"));
    bad.fields.remove("external_id");
    let e = sink(SinkOptions::default()).shape(&bad, &catalog()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Invalid);
    assert!(!e.to_string().contains("not an address"));
}

#[test]
fn a_list_with_one_option_gets_a_second_and_another_type_of_that_name_is_refused() {
    let attribute = |data_type: &str, name: &str| {
        let mut draft = Draft::new("conversation_attribute", SourceRef::new("conversation_attribute", name))
            .with("name", name)
            .with("data_type", data_type);
        draft.fields.insert("options".into(), Value::List(vec![Value::text("A"), Value::text("a")]));
        draft
    };
    let one = shaped(&attribute("list", "new"));
    assert_eq!(one.draft.field("options"), &Value::List(vec![Value::text("A"), Value::text("Other")]));
    let e = sink(SinkOptions::default()).shape(&attribute("list", "NUMBER"), &catalog()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Conflict);
}

#[test]
fn a_part_that_changed_at_the_source_is_not_hushed_up() {
    let sink = sink(SinkOptions::default());
    let written = shaped(&ticket().with_part(said("m1", Role::Customer, customer(), 5, plain("a")))).draft;
    let mut desired = written.clone();
    desired.parts[0].body = plain("b");
    let target = RemoteRef::new("conversation", "1");
    let change = Change { desired: &desired, written: Some(&written), observed: None, target: Some(&target) };
    assert_eq!(sink.steps(&change).unwrap_err().kind(), ErrorKind::Unsupported);
    let same = Change { desired: &written, ..change };
    assert_eq!(sink.steps(&same).unwrap(), []);
}

#[test]
fn text_of_any_kind_keeps_its_words() {
    let hostile =
        ["<script>alert(1)</script>plain", "a < b && c > d", "\u{0}\u{8}x\r\ny", "😀 & é", "<b>not html</b>"];
    for text in hostile {
        let draft = ticket()
            .with_part(said("m1", Role::Customer, customer(), 5, plain(text)))
            .with_part(said("m2", Role::Customer, customer(), 6, plain(text)));
        for part in shaped(&draft).draft.parts {
            let clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
            assert_eq!(part.body.canonical(), mapping_core::text::canonical(Format::Plain, &clean));
        }
    }
}

fn ops(draft: &Draft) -> Vec<(String, u8)> {
    let steps = sink(SinkOptions::default()).steps(&Change::first(draft)).unwrap();
    steps.into_iter().map(|s| (s.op.to_string(), s.pass)).collect()
}

#[test]
fn assignment_and_state_come_last_and_in_a_pass_of_their_own() {
    let mut draft = ticket()
        .with("assignee", Link::Remote(RemoteRef::new("admin", "7")))
        .with("team", Link::Remote(RemoteRef::new("team", "5")));
    draft.parts.push(said("m1", Role::Customer, customer(), 1_600_000_000, plain("Hi")));
    let steps = ops(&shaped(&draft).draft);
    let late = [("conversation.assign_team", 1), ("conversation.assign_admin", 1), ("conversation.close", 1)];
    assert_eq!(steps[steps.len() - 3..], late.map(|(op, pass)| (op.to_owned(), pass)));
    assert!(steps[..steps.len() - 3].iter().all(|(_, pass)| *pass == 0));
}

fn article() -> Draft {
    let html = "<p>x <a href=\"record:kb_article:2\">y</a><img src=cid:1></p>";
    let author = Author { link: None, name: Some("Real Name".into()) };
    let mut part = said("en", Role::Agent, author, 1_600_000_000, Body::html(html));
    part.files = vec![blob("a.pdf", 10)];
    Draft::new("article", SourceRef::new("kb_article", "1"))
        .with("title", "How")
        .with("title.de", "Wie")
        .with("title.fr", "Comment")
        .with("collection", Link::Source(SourceRef::new("kb_category", "1")))
        .with_part(part)
        .with_part(said("fr", Role::Agent, nobody("x"), 1_600_000_000, Body::html("<p>f</p>")))
        .with_part(said("de", Role::Agent, nobody("x"), 1_600_000_000, Body::html("<p>d</p>")))
}

#[test]
fn an_article_is_a_draft_in_the_languages_of_the_help_centre_and_what_it_loses_is_listed() {
    let mut there = catalog();
    there.facts.insert("help_center_locales".into(), "en,de".into());
    let shaped = sink(SinkOptions::default()).shape(&article(), &there).unwrap();
    let draft = &shaped.draft;
    assert_eq!((draft.text("state"), draft.text("visibility")), ("draft", "public"));
    assert_eq!(draft.parts.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["en", "de"]);
    assert!(!draft.fields.contains_key("title.fr"));
    assert_eq!(draft.parts[0].body.canonical(), "x y Originally by Real Name");
    let lost: Vec<_> = shaped.losses.iter().map(|l| l.field.as_str()).collect();
    assert_eq!(lost, ["author", "parts[fr]", "parts[en].body", "parts[en].files"]);
    let again = sink(SinkOptions::default()).shape(draft, &there).unwrap().draft;
    assert_eq!(again, *draft);
    assert_eq!(ops(draft), [("article.create".to_owned(), 0), ("article.link".to_owned(), 1)]);
}

#[test]
fn an_internal_article_has_one_language_no_place_and_no_state() {
    let shaped =
        sink(SinkOptions::default()).shape(&article().with("visibility", "internal"), &catalog()).unwrap();
    let fields: Vec<&str> = shaped.draft.fields.keys().map(String::as_str).collect();
    assert_eq!(fields, ["author", "title", "visibility"]);
    assert_eq!((shaped.draft.parts.len(), shaped.draft.parts[0].visibility), (1, Visibility::Internal));
}

#[test]
fn hours_off_the_grid_are_widened_and_said_to_be() {
    let list = |texts: &[&str]| Value::List(texts.iter().map(|t| Value::text(*t)).collect());
    let mut draft = Draft::new("office_hours", SourceRef::new("working_hours", "1"))
        .with("name", "Desk")
        .with("time_zone", "Europe/Berlin");
    draft.fields.insert("intervals".into(), list(&["1985-2461", "541-600", "600-1019"]));
    let shaped = sink(SinkOptions::default()).shape(&draft, &catalog()).unwrap();
    assert_eq!(*shaped.draft.field("intervals"), list(&["540-1020", "1980-2475"]));
    assert_eq!(shaped.losses.iter().filter(|l| l.rule == LossRule::Recast).count(), 3);
    draft.fields.insert("intervals".into(), list(&["600-540"]));
    let e = sink(SinkOptions::default()).shape(&draft, &catalog()).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Invalid);
}
