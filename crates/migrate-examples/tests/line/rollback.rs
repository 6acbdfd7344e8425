//! A rollback leaves the destination as it was before.

use crate::bench::{Bench, apply, rollback, verify};
use migrate_engine::Exit;
use migrate_examples::args::Verb;
use migrate_sandbox::intercom::{Edit, Seed, SeedContact};
use serde_json::{Value, json};

/// People of the help desk who are in the workspace already, in every state that a contact can be in.
fn bench() -> Bench {
    let bench = Bench::generated(31, 24);
    let addresses = bench.dataset.tickets.iter().filter_map(|ticket| {
        let contact = bench.dataset.contact(ticket.contact?)?;
        contact.emails.first().filter(|email| email.contains('@')).cloned()
    });
    let mut known: Vec<String> = addresses.map(|email| email.to_lowercase()).collect();
    known.sort();
    known.dedup();
    assert!(known.len() >= 4, "{known:?}");
    let contacts = known.into_iter().take(4).enumerate().map(|(n, email)| SeedContact {
        name: (n % 2 == 0).then(|| format!("Known {n}")),
        email: Some(email),
        external_id: Some(format!("crm-{n}")),
        unsubscribed: n == 1,
        archived: n == 2,
        ..SeedContact::default()
    });
    bench.intercom.seed(Seed {
        contacts: contacts.collect(),
        tags: vec!["vip".to_owned()],
        ..Seed::default()
    });
    bench
}

/// Everybody, without the times that any write moves.
fn people(bench: &Bench) -> Vec<Value> {
    let mut all = bench.intercom.contacts();
    for contact in &mut all {
        contact.as_object_mut().unwrap().remove("updated_at");
    }
    all
}

#[test]
fn a_rollback_of_everything_restores_contacts_byte_for_byte_and_keeps_the_schema_unless_asked() {
    let bench = bench();
    let before = (people(&bench), bench.intercom.state());
    bench.planned();
    let schema = bench.intercom.state();
    assert!(schema.conversation_attributes > 0);
    bench.done(&apply());
    let verified = bench.carry_out(&verify()).unwrap();
    assert_eq!(verified, Exit::Done, "{:#?}", bench.report("verify")["differences"]);
    assert_ne!(people(&bench), before.0);

    let plan = Verb::Rollback { batch: None, yes: None, with_schema: false };
    let applied = bench.intercom.state();
    assert_eq!(bench.carry_out(&plan).unwrap(), Exit::Done);
    assert_eq!(bench.intercom.state(), applied, "without the name nothing happens");
    let wrong = Verb::Rollback { batch: None, yes: Some("Sandbox".to_owned()), with_schema: false };
    let refused = bench.carry_out(&wrong).unwrap_err();
    assert_eq!(refused.exit, Exit::Guard, "{refused}");
    assert!(refused.to_string().contains("type sandbox1"), "{refused}");
    assert_eq!(bench.intercom.state(), applied);

    let ended = bench.carry_out(&rollback(false)).unwrap();
    assert_eq!(ended, Exit::Done, "{:?}", rolled_back(&bench));
    assert_eq!(people(&bench), before.0);
    let after = bench.intercom.state();
    assert_eq!(
        (after.conversations, after.contacts, after.archived_contacts),
        (0, before.1.contacts, before.1.archived_contacts)
    );
    assert_eq!(
        (after.tags, after.conversation_attributes, after.data_attributes),
        (schema.tags, schema.conversation_attributes, schema.data_attributes)
    );

    bench.done(&apply());
    bench.assert_clean();
    bench.done(&rollback(true));
    assert_eq!(people(&bench), before.0);
    let end = bench.intercom.state();
    assert_eq!(
        (end.tags, end.conversation_attributes, end.data_attributes),
        (before.1.tags, before.1.conversation_attributes, before.1.data_attributes)
    );
}

/// The newest report of a rollback.
fn rolled_back(bench: &Bench) -> Value {
    let (number, _) = bench.newest_batch();
    bench.report(&format!("rollback-{number}"))
}

#[test]
fn a_conversation_that_was_edited_after_verify_stays_and_is_listed() {
    let bench = Bench::of(crate::bench::plain_desk(4));
    bench.planned();
    bench.done(&apply());
    bench.done(&verify());
    let conversation = bench.conversation("FS-2");
    let reply =
        json!({"message_type": "note", "type": "admin", "admin_id": "991267400", "body": "We are on it."});
    bench.ask("POST", &format!("/conversations/{conversation}/reply"), &reply);

    assert_eq!(bench.carry_out(&rollback(false)).unwrap(), Exit::Incomplete);
    let report = rolled_back(&bench);
    let kept = report["kept"].as_array().unwrap();
    let of = |record: &str| kept.iter().find(|it| it["record"] == record);
    assert!(of("ticket:2").unwrap()["why"].as_str().unwrap().contains("edited"), "{report}");
    assert_eq!(bench.intercom.state().conversations, 1);
    bench.conversation("FS-2");
    // Its contact can't go while it stays: the thread would lose its customer.
    assert!(
        of("contact:3").unwrap_or_else(|| panic!("{report}"))["why"].as_str().unwrap().contains("ticket:2"),
        "{report}"
    );
    // Nor can the mark it carries: taking the tag away would change it.
    assert!(of("batch:e2e-batch-2").unwrap()["why"].as_str().unwrap().contains("ticket:2"), "{report}");
    assert_eq!((kept.len(), bench.intercom.state().contacts), (3, 1));
}

#[test]
fn an_edit_that_leaves_no_part_keeps_a_conversation_too() {
    let bench = Bench::of(crate::bench::plain_desk(2));
    bench.planned();
    bench.done(&apply());
    bench.done(&verify());
    let conversation = bench.conversation("FS-1");
    bench.intercom.edit(&Edit::Title { conversation, text: "ours now".to_owned() }).unwrap();
    assert_eq!(bench.carry_out(&rollback(false)).unwrap(), Exit::Incomplete);
    assert_eq!(bench.intercom.state().conversations, 1);
    bench.conversation("FS-1");
}

#[test]
fn a_contact_who_wrote_again_since_stays_and_is_listed() {
    let bench = Bench::of(crate::bench::plain_desk(3));
    bench.planned();
    bench.done(&apply());
    bench.done(&verify());
    let all = bench.intercom.contacts();
    let contact = all.iter().find(|it| it["name"] == "Kim 2").unwrap()["id"].as_str().unwrap();
    let thread = json!({"from": {"type": "user", "id": contact}, "body": "Are you still there?"});
    bench.ask("POST", "/conversations", &thread);
    assert_eq!(bench.carry_out(&rollback(false)).unwrap(), Exit::Incomplete, "{}", rolled_back(&bench));
    let kept = rolled_back(&bench)["kept"].clone();
    assert_eq!((kept.as_array().unwrap().len(), &kept[0]["record"]), (1, &"contact:2".into()), "{kept}");
    assert_eq!((bench.intercom.state().conversations, bench.intercom.state().contacts), (1, 1));
}
