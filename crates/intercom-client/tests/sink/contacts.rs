//! Contacts that were there before: matched, merged, archived, several at one address.

use super::rig::Run;
use super::{contact, ticket, workspace};
use crate::standin;
use intercom_client::SinkOptions;
use intercom_client::sink::MatchedContacts;
use mapping_core::{Draft, End, Link, LossRule, RemoteRef, Sink, SourceRef};
use migrate_sandbox::intercom::{Intercom, Seed, SeedContact};
use serde_json::json;

fn seed(intercom: &Intercom, contacts: Vec<SeedContact>) {
    intercom.seed(Seed { contacts, ..Seed::default() });
}

fn ada() -> SeedContact {
    SeedContact { name: Some("Theirs".into()), email: Some("ada@x.example".into()), ..SeedContact::default() }
}

fn wanted() -> Draft {
    contact().with("phone", "+4930123456").with("external_id", "focalscope:contact:1")
}

/// The contact whose field has this value, as the stand-in keeps it.
fn stored(intercom: &Intercom, field: &str, value: &str) -> serde_json::Value {
    intercom.contacts().into_iter().find(|c| c[field] == value).unwrap()
}

#[tokio::test]
async fn a_matched_contact_keeps_id_owner_consent_and_what_it_says_and_each_difference_is_a_loss() {
    let intercom = workspace();
    let person = SeedContact {
        external_id: Some("crm-1".into()),
        unsubscribed: true,
        owner_id: Some(standin::AGENT),
        ..ada()
    };
    seed(&intercom, vec![person]);
    let mut options = SinkOptions::default();
    options.external_id = intercom_client::sink::ExternalId::Always;
    let before = standin::snapshot(&intercom).await;
    let mut run = Run::with(&intercom, options).await;
    let record = wanted().source;
    assert_eq!(run.put(wanted()).await, End::Done);
    let there = stored(&intercom, "email", "ada@x.example");
    assert_eq!(there["external_id"], "crm-1");
    assert_eq!(there["unsubscribed_from_emails"], true);
    assert_eq!((&there["name"], &there["phone"]), (&json!("Theirs"), &json!("+4930123456")));
    let losses = run.losses(&record);
    let told: Vec<_> =
        losses.iter().map(|l| (l.field.as_str(), l.before.as_deref(), l.after.as_deref())).collect();
    assert_eq!(
        told,
        [("external_id", Some("focalscope:contact:1"), Some("crm-1")), ("name", Some("Ada"), Some("Theirs"))]
    );
    assert!(losses.iter().all(|l| l.rule == LossRule::Dropped));
    // A later change reaches what we filled and nothing else, even for somebody who doesn't look.
    let later = wanted()
        .with("name", "Ada L.")
        .with("phone", "+4930999999")
        .with("external_id", "focalscope:contact:9");
    assert_eq!(run.change_unread(later).await, End::Done);
    let there = stored(&intercom, "email", "ada@x.example");
    assert_eq!((&there["name"], &there["phone"]), (&json!("Theirs"), &json!("+4930999999")));
    assert_eq!(there["external_id"], "crm-1");
    assert_eq!(run.undo(&record).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
    let ignored = intercom.journal().ignored_keys;
    assert!(ignored.is_empty(), "{ignored:?}");
}

#[tokio::test]
async fn what_a_contact_keeps_is_told_even_when_nothing_is_filled() {
    for policy in [MatchedContacts::FillEmpty, MatchedContacts::Keep] {
        let intercom = workspace();
        seed(&intercom, vec![SeedContact { phone: Some("+4930000000".into()), ..ada() }]);
        let mut options = SinkOptions::default();
        options.matched_contacts = policy;
        let mut run = Run::with(&intercom, options).await;
        let draft = contact().with("phone", "+4930123456");
        assert_eq!(run.put(draft.clone()).await, End::Done);
        assert_eq!(run.lost_fields(&draft.source), ["name", "phone"], "{policy:?}");
        let puts = intercom.with_journal(|j| j.entries.iter().filter(|e| e.method == "PUT").count());
        assert_eq!(puts, 0);
        assert_eq!(run.undo(&draft.source).await, End::Done);
    }
}

#[tokio::test]
async fn leads_of_an_address_are_left_alone_and_a_user_is_made_beside_them() {
    let intercom = workspace();
    seed(&intercom, vec![SeedContact { lead: true, ..ada() }, SeedContact { lead: true, ..ada() }]);
    let before = standin::snapshot(&intercom).await;
    let mut run = Run::new(&intercom).await;
    assert_eq!(run.put(wanted()).await, End::Done);
    assert_eq!(intercom.state().contacts, 3);
    assert_eq!(stored(&intercom, "external_id", "focalscope:contact:1")["role"], "user");
    assert_eq!(run.undo(&wanted().source).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn a_contact_without_an_address_is_known_by_its_external_id() {
    let intercom = workspace();
    seed(
        &intercom,
        vec![SeedContact { external_id: Some("focalscope:contact:7".into()), ..SeedContact::default() }],
    );
    let mut run = Run::new(&intercom).await;
    for (id, count) in [("7", 1), ("8", 2)] {
        let draft = Draft::new("contact", SourceRef::new("contact", id))
            .with("name", "Nobody's mail")
            .with("external_id", format!("focalscope:contact:{id}"));
        assert_eq!(run.put(draft).await, End::Done);
        assert_eq!(intercom.state().contacts, count);
    }
}

#[tokio::test]
async fn a_contact_that_was_merged_is_followed_to_the_one_it_became() {
    let intercom = workspace();
    let known_as = |id: &str| SeedContact { external_id: Some(id.into()), ..SeedContact::default() };
    seed(&intercom, vec![known_as("crm-9")]);
    seed(&intercom, vec![SeedContact { merged_into: Some("crm-9".into()), ..known_as("crm-8") }]);
    let id = |external: &str| stored(&intercom, "external_id", external)["id"].as_str().unwrap().to_owned();
    let contact = |external: &str| RemoteRef::new("contact", id(external));
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    let read = run.sink.read(&contact("crm-8")).await.unwrap().unwrap();
    assert_eq!(read.draft.text("external_id"), "crm-9");
    // Its threads begin with the canonical contact, and so do the replies in them.
    let mut thread =
        ticket("1", &["Hi", "Dear you", "Thanks"]).with("contact", Link::Remote(contact("crm-8")));
    for part in thread.parts.iter_mut().step_by(2) {
        part.author.link = Some(Link::Remote(contact("crm-8")));
    }
    assert_eq!(run.put(thread.clone()).await, End::Done);
    let read = run.read(&thread.source).await.draft;
    assert_eq!(read.field("contact").as_link(), Some(&Link::Remote(contact("crm-9"))));
    assert_eq!(read.parts.len(), 3);
    assert_eq!(run.undo(&thread.source).await, End::Done);
    assert_eq!(intercom.state().conversations, 0);
}
