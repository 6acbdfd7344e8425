//! What shaping makes of hostile and oversized tickets.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use mapping_core::{Author, Body, Catalog, Draft, ErrorKind, LossRule, Part, Role, SourceRef, Value};
use zohodesk_client::{Settings, Vocabulary};

fn ticket() -> Draft {
    Draft::new("ticket", SourceRef::new("ticket", "7"))
        .with("subject", "S")
        .with("cf.FocalScope Ticket ID", "7")
}
fn shape(draft: &Draft) -> mapping_core::Shaped {
    Vocabulary::default().shape(draft, &Catalog::default()).unwrap()
}
fn rules(shaped: &mapping_core::Shaped) -> Vec<(String, LossRule)> {
    shaped.losses.iter().map(|l| (l.field.clone(), l.rule)).collect()
}

#[test]
fn every_comment_of_a_huge_message_fits_and_no_word_is_lost() {
    let text = "<blockquote><p>wörd &amp; 🙂 zsu[@user:1]zsu</p></blockquote>".repeat(4_000);
    let mut draft = ticket();
    draft.parts.push(Part::new("m", Role::Customer, Author::default(), None, Body::html(text.as_str())));
    let shaped = shape(&draft);
    assert!(shaped.draft.parts.len() > 5);
    assert!(shaped.draft.parts.iter().all(|p| p.body.text.encode_utf16().count() <= 32_000 - 2_400));
    assert!(shaped.draft.parts.iter().all(|p| !p.body.text.contains("zsu[")));
    let words: Vec<String> = shaped
        .draft
        .parts
        .iter()
        .flat_map(|p| p.body.canonical().split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect();
    assert_eq!(words.len(), 4_000 * 4);
    assert_eq!(rules(&shaped), [("parts[m].body".to_owned(), LossRule::Merged)]);
    let again = shape(&shaped.draft);
    assert_eq!(again.draft, shaped.draft);
    assert_eq!(again.losses, [], "what is in shape loses nothing more");
}

#[test]
fn values_that_the_platform_refuses_are_recast_and_listed_with_before_and_after() {
    let draft = ticket().with("cf.Queue", "R&D <x>").with("subject", "x".repeat(300));
    let shaped = shape(&draft);
    assert_eq!(shaped.draft.text("cf.Queue"), "R D x");
    assert_eq!(shaped.draft.text("subject").len(), 255);
    let loss = shaped.losses.iter().find(|l| l.field == "cf.Queue").unwrap();
    assert_eq!(
        (loss.rule, loss.before.as_deref(), loss.after.as_deref()),
        (LossRule::Recast, Some("R&D <x>"), Some("R D x"))
    );
}

#[test]
fn a_ticket_without_messages_opens_with_a_stub_that_stays_one() {
    let shaped = shape(&ticket());
    assert_eq!(shaped.draft.parts.len(), 1);
    assert_eq!(rules(&shaped), [("parts".to_owned(), LossRule::Added)]);
    assert_eq!(shape(&shaped.draft).draft, shaped.draft);
}

#[test]
fn long_and_hostile_file_names_are_cut_and_oversized_files_are_listed() {
    let file = |name: String, len| mapping_core::Blob {
        sha256: "0".into(),
        len,
        name: name.into(),
        mime: String::new(),
    };
    let mut draft = ticket();
    let mut part = Part::new("m", Role::Customer, Author::default(), None, Body::plain("x"));
    part.files = vec![
        file("../../etc/passwd".into(), 1),
        file("é".repeat(300) + ".jpeg", 1),
        file("big.iso".into(), 30_000_000),
        file(String::new(), 1),
    ];
    draft.parts.push(part);
    let shaped = shape(&draft);
    let names: Vec<&str> = shaped.draft.parts[0].files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!((names[0], names[2]), ("passwd", "file"));
    assert!(names[1].chars().count() == 100 && names[1].ends_with(".jpeg"));
    let rules: Vec<LossRule> = shaped.losses.iter().map(|l| l.rule).collect();
    assert_eq!(rules, [LossRule::Cut, LossRule::Cut, LossRule::Dropped, LossRule::Cut]);
    assert_eq!(shape(&shaped.draft).draft, shaped.draft);
}

#[test]
fn a_ticket_without_its_id_field_and_a_changed_comment_are_refused() {
    let vocabulary = Vocabulary::default();
    let no_id = shape(&Draft::new("ticket", SourceRef::new("ticket", "7")).with("subject", "S")).draft;
    let refused = vocabulary.steps(&mapping_core::Change::first(&no_id)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Invalid);

    let mut draft = ticket();
    draft.parts.push(Part::new("m", Role::Customer, Author::default(), None, Body::plain("x")));
    let written = shape(&draft).draft;
    let mut desired = written.clone();
    desired.parts[0].body = Body::html("y");
    let change =
        mapping_core::Change { desired: &desired, written: Some(&written), observed: None, target: None };
    assert_eq!(vocabulary.steps(&change).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn a_label_that_the_platform_refuses_is_refused_before_it_is_sent() {
    for label in ["", "R&D", "a\"b", &"x".repeat(201)] {
        let draft =
            Draft::new("field", SourceRef::new("field", label)).with("label", label).with("type", "Text");
        let refused = Vocabulary::default().shape(&draft, &Catalog::default()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Invalid, "{label}");
    }
}

#[test]
fn settings_that_leave_no_room_are_refused_and_a_request_hides_its_content() {
    let mut settings = Settings::default();
    settings.comment_units = 40_000;
    assert_eq!(Vocabulary::new(settings).unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(shape(&ticket()).draft.field("nothing"), &Value::Null);
}
