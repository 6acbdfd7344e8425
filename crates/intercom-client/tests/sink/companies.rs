//! Companies, who belongs to them, and notes on people.

use super::rig::Run;
use super::{contact, teammate, ts, workspace};
use crate::standin;
use intercom_client::{ErrorKind, SinkOptions};
use mapping_core::{Author, Body, Draft, End, Link, Part, Role, Sink, SourceRef, State, Visibility, diff};
use migrate_sandbox::intercom::{Fault, FaultRule, Intercom, Seed, SeedCompany, SeedContact};
use serde_json::json;

fn company() -> Draft {
    Draft::new("company", SourceRef::new("company", "7"))
        .with("company_id", "focalscope:org:7")
        .with("name", "Analytical Engines")
        .with("website", "https://engines.example")
        .with("attribute.region", "North")
}

fn region() -> Draft {
    Draft::new("company_attribute", SourceRef::new("company_attribute", "region"))
        .with("name", "region")
        .with("data_type", "text")
}

fn employee() -> Draft {
    contact().with("company", Link::Source(SourceRef::new("company", "7")))
}

fn note(key: &str, author: Author, html: &str) -> Part {
    let part = Part::new(key, Role::Agent, author, Some(ts(1_600_000_000)), Body::html(html));
    Part { visibility: Visibility::Internal, ..part }
}

fn noted() -> Draft {
    let mut draft = contact();
    draft.parts.push(note("note:1", teammate(), "<p>2019-03-01: called</p>"));
    let ada = Author { link: None, name: Some("Gone Person".into()) };
    draft.parts.push(note("note:2", ada, "<p>2019-03-02: called</p>"));
    draft.parts.push(note("note:3", teammate(), "<p>2019-03-01: called</p>"));
    draft
}

async fn ready(intercom: &Intercom) -> Run {
    let mut run = Run::new(intercom).await;
    assert_eq!(run.put(region()).await, End::Done);
    run.look_again().await;
    run
}

fn seed_company(intercom: &Intercom) {
    let person = SeedContact { email: Some("boss@x.example".into()), ..SeedContact::default() };
    let company = SeedCompany {
        company_id: "focalscope:org:7".into(),
        name: Some("Theirs".into()),
        members: vec!["boss@x.example".into()],
        ..SeedCompany::default()
    };
    intercom.seed(Seed { contacts: vec![person], companies: vec![company], ..Seed::default() });
    intercom.clock().advance(jiff::SignedDuration::from_hours(1));
}

#[tokio::test]
async fn a_company_and_who_belongs_to_it_arrive_whatever_answer_is_lost_and_go_again() {
    for (method, endpoint) in [
        ("POST", "/none"),
        ("POST", "/companies"),
        ("POST", "/contacts/{id}/companies"),
        ("POST", "/data_attributes"),
        ("DELETE", "/companies/{id}"),
    ] {
        let intercom = workspace();
        let before = standin::snapshot(&intercom).await;
        intercom.turn(|k| {
            k.faults = vec![FaultRule::new(Fault::LoseAnswer).on(method, endpoint).matches([1])];
        });
        let mut run = ready(&intercom).await;
        for draft in [company(), employee()] {
            assert_eq!(run.put(draft).await, End::Done, "{endpoint}");
        }
        assert_eq!(intercom.state().companies, 1);
        for draft in [company(), employee()] {
            let record = draft.source;
            assert_eq!(diff(run.shaped(&record), &run.read(&record).await, &run.refs()), [], "{endpoint}");
        }
        for draft in [employee(), company(), region()] {
            assert_eq!(run.undo(&draft.source).await, End::Done, "{endpoint}");
        }
        assert_eq!(standin::snapshot(&intercom).await, before, "{endpoint}");
    }
}

#[tokio::test]
async fn a_company_that_is_on_its_way_out_is_asked_for_until_a_new_one_can_be_made() {
    let intercom = workspace();
    intercom.turn(|k| k.company_archive_after_s = 30);
    let mut first = ready(&intercom).await;
    for draft in [company(), employee()] {
        assert_eq!(first.put(draft).await, End::Done);
    }
    for draft in [employee(), company()] {
        assert_eq!(first.undo(&draft.source).await, End::Done);
    }
    intercom.clock().advance(jiff::SignedDuration::from_secs(5));
    let mut second = ready(&intercom).await;
    for draft in [company(), employee()] {
        assert_eq!(second.put(draft).await, End::Done);
    }
    intercom.clock().advance(jiff::SignedDuration::from_hours(1));
    assert_eq!(intercom.state().companies, 1);
    let record = employee().source;
    assert_eq!(diff(second.shaped(&record), &second.read(&record).await, &second.refs()), []);
}

#[tokio::test]
async fn a_company_that_was_there_is_filled_where_it_is_empty_and_gets_that_back() {
    let intercom = workspace();
    seed_company(&intercom);
    let before = standin::snapshot(&intercom).await;
    let mut run = ready(&intercom).await;
    for draft in [company(), employee()] {
        assert_eq!(run.put(draft).await, End::Done);
    }
    let record = company().source;
    assert_eq!(run.lost_fields(&record), ["name"]);
    let read = run.read(&record).await.draft;
    assert_eq!((read.text("name"), read.text("website")), ("Theirs", "https://engines.example"));
    assert_eq!(intercom.state().companies, 1);
    for draft in [employee(), company(), region()] {
        assert_eq!(run.undo(&draft.source).await, End::Done);
    }
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn a_company_that_somebody_else_made_a_moment_before_is_matched_and_stays() {
    let intercom = workspace();
    let mut first = ready(&intercom).await;
    for draft in [company().with("name", "Theirs"), employee()] {
        assert_eq!(first.put(draft).await, End::Done);
    }
    intercom.clock().advance(jiff::SignedDuration::from_secs(5));
    let before = standin::snapshot(&intercom).await;
    let mut second = Run::new(&intercom).await;
    assert_eq!(second.put(company()).await, End::Done);
    assert_eq!(second.lost_fields(&company().source), ["name"]);
    assert_eq!(second.undo(&company().source).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn a_company_that_somebody_else_has_joined_since_is_kept() {
    let intercom = workspace();
    let mut run = ready(&intercom).await;
    run.put(company()).await;
    let person =
        standin::ask(&intercom, http::Method::POST, "/contacts", Some(json!({"email": "new@x.example"})))
            .await;
    let path = format!("/contacts/{}/companies", person["id"].as_str().unwrap());
    let id = run.target(&company().source).id.to_string();
    standin::ask(&intercom, http::Method::POST, &path, Some(json!({"id": id}))).await;
    let end = run.undo(&company().source).await;
    assert!(matches!(&end, End::Quarantined { .. }), "{end:?}");
    assert_eq!(intercom.state().companies, 1);
}

#[tokio::test]
async fn a_contact_that_was_there_is_taken_out_of_the_company_again_unless_it_belonged_to_it() {
    for member in [false, true] {
        let intercom = workspace();
        let person = SeedContact {
            name: Some("Ada".into()),
            email: Some("ada@x.example".into()),
            ..SeedContact::default()
        };
        let company_there = SeedCompany {
            company_id: "focalscope:org:7".into(),
            members: if member { vec!["ada@x.example".into()] } else { vec!["boss@x.example".into()] },
            ..SeedCompany::default()
        };
        let boss = SeedContact { email: Some("boss@x.example".into()), ..SeedContact::default() };
        intercom.seed(Seed {
            contacts: vec![person, boss],
            companies: vec![company_there],
            ..Seed::default()
        });
        intercom.clock().advance(jiff::SignedDuration::from_hours(1));
        let before = standin::snapshot(&intercom).await;
        let mut run = ready(&intercom).await;
        for draft in [company(), employee()] {
            assert_eq!(run.put(draft).await, End::Done);
        }
        for draft in [employee(), company(), region()] {
            assert_eq!(run.undo(&draft.source).await, End::Done);
        }
        assert_eq!(standin::snapshot(&intercom).await, before, "{member}");
    }
}

#[tokio::test]
async fn a_contact_with_as_many_companies_as_there_may_be_is_a_loss_and_no_quarantine() {
    let intercom = workspace();
    intercom.turn(|k| k.companies_per_contact = 0);
    let mut run = ready(&intercom).await;
    for draft in [company(), employee()] {
        assert_eq!(run.put(draft).await, End::Done);
    }
    let lost = run.progress(&employee().source).entries.iter().any(|e| matches!(e.state, State::Lost { .. }));
    assert!(lost);
}

#[tokio::test]
async fn a_name_that_contacts_use_is_refused_for_companies_before_anything_is_written() {
    let intercom = workspace();
    let run = ready(&intercom).await;
    let same = Draft::new("contact_attribute", SourceRef::new("contact_attribute", "Region"))
        .with("name", "Region")
        .with("data_type", "text");
    let e = run.sink.shape(&same, &run.catalog).unwrap_err();
    assert_eq!((e.kind(), e.context("attribute")), (ErrorKind::Conflict, Some("Region")));
}

#[tokio::test]
async fn notes_arrive_once_each_in_order_and_go_with_the_contact() {
    for nth in [0, 1, 2, 3] {
        let intercom = workspace();
        intercom.turn(|k| {
            k.faults =
                vec![FaultRule::new(Fault::LoseAnswer).on("POST", "/contacts/{id}/notes").matches([nth])];
        });
        let before = standin::snapshot(&intercom).await;
        let mut run = Run::new(&intercom).await;
        let record = noted().source;
        assert_eq!(run.put(noted()).await, End::Done);
        assert_eq!(intercom.state().notes, 3, "{nth}");
        let read = run.read(&record).await;
        assert_eq!(diff(run.shaped(&record), &read, &run.refs()), []);
        assert_eq!(read.draft.parts[1].body.canonical(), "Gone Person: 2019-03-02: called");
        assert_eq!(run.undo(&record).await, End::Done);
        assert_eq!(standin::snapshot(&intercom).await, before);
    }
}

#[tokio::test]
async fn notes_on_a_contact_that_was_there_are_left_out_or_listed_as_what_stays() {
    for wanted in [false, true] {
        let intercom = workspace();
        let person = SeedContact { email: Some("ada@x.example".into()), ..SeedContact::default() };
        intercom.seed(Seed { contacts: vec![person], ..Seed::default() });
        let mut options = SinkOptions::default();
        options.notes_on_matched = wanted;
        let mut run = Run::with(&intercom, options).await;
        let record = noted().source;
        assert_eq!(run.put(noted()).await, End::Done);
        assert_eq!(intercom.state().notes, if wanted { 3 } else { 0 });
        let lost = run.lost_fields(&record);
        assert_eq!(lost.iter().filter(|f| f.starts_with("parts[note:")).count(), if wanted { 0 } else { 3 });
        let kept = run.progress(&record).claimed("kept").join(",");
        let found = diff(run.shaped(&record), &run.read(&record).await, &run.refs());
        let found: Vec<_> = found.iter().filter(|d| !kept.split(',').any(|k| k == d.field)).collect();
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(run.undo(&record).await, End::Done);
        let stays = run.progress(&record).entries.iter().any(|e| {
            e.step.op == "contact.note_keep"
                && matches!(&e.state, State::Lost { why } if why.contains("takes a note back"))
        });
        assert_eq!(stays, wanted);
    }
}
