//! People of the help desk who are in the workspace already keep what is theirs: their id, and that they opted out.

use crate::bench::{Bench, apply, plain_desk, rollback, verify};
use crate::wire::{Sent, Wire};
use migrate_sandbox::intercom::{Seed, SeedContact};
use serde_json::Value;

/// Every key of a body, at any depth.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                found.push(name.clone());
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// Everybody, byte for byte but for the time that any write moves.
fn people(bench: &Bench) -> Vec<String> {
    let stable = |mut contact: Value| {
        contact.as_object_mut().unwrap().remove("updated_at");
        contact.to_string()
    };
    bench.intercom.contacts().into_iter().map(stable).collect()
}

#[test]
fn no_request_about_a_matched_contact_names_its_external_id_or_its_consent_and_rollback_restores_it_whole() {
    let mut desk = plain_desk(9);
    // The help desk knows nothing of the first one's wish, and of one of the second that the workspace knows nothing of.
    desk.contacts[1].opted_out = true;
    desk.contacts[0].company = Some(1);
    desk.companies = serde_json::from_value(serde_json::json!([{"id": 1, "name": "Kim & Co"}])).unwrap();
    desk.contacts[0].notes =
        serde_json::from_value(serde_json::json!([{"agent": 1, "text": "Calls back on Mondays"}])).unwrap();
    let bench = Bench::of(desk);
    let known = |n: u64, unsubscribed| SeedContact {
        name: (n == 1).then(|| "Theirs".to_owned()),
        email: Some(format!("Kim{n}@customer.example")),
        external_id: Some(format!("crm-{n}")),
        unsubscribed,
        ..SeedContact::default()
    };
    bench.intercom.seed(Seed { contacts: vec![known(1, true), known(2, false)], ..Seed::default() });
    let before = people(&bench);
    let of = |n: u64| {
        let all = bench.intercom.contacts();
        all.into_iter().find(|it| it["external_id"] == format!("crm-{n}")).unwrap()
    };
    let ids: Vec<String> = [1, 2].map(|n| of(n)["id"].as_str().unwrap().to_owned()).to_vec();

    let wire = Wire::to(bench.destination.as_ref().unwrap().at, |_| true);
    bench.settings(&bench.wsdl(), &format!("http://{}", wire.at));
    bench.planned();
    bench.done(&apply());
    bench.done(&verify());
    for n in [1, 2] {
        assert_eq!(
            (&of(n)["unsubscribed_from_emails"], &of(n)["external_id"]),
            (&(n == 1).into(), &format!("crm-{n}").into())
        );
        assert_eq!(of(n)["custom_attributes"]["focalscope_contact_id__c"], n.to_string(), "{}", of(n));
    }
    assert_eq!(
        of(2)["custom_attributes"]["focalscope_opted_out__c"],
        true,
        "what the help desk knows is kept beside it"
    );
    assert_ne!(people(&bench), before);
    bench.assert_clean();
    bench.done(&rollback(false));
    assert_eq!(people(&bench), before);

    let about = |sent: &Sent| {
        let body = sent.body.to_lowercase();
        let writes = sent.method != "GET" && !sent.path.ends_with("/search");
        writes && ids.iter().any(|id| sent.path.contains(id.as_str()) || body.contains(id.as_str()))
            || (sent.path == "/contacts" && (body.contains("kim1@") || body.contains("kim2@")))
    };
    let sent: Vec<Sent> = wire.sent().into_iter().filter(about).collect();
    let updates = sent.iter().filter(|one| one.method == "PUT" && one.path.starts_with("/contacts/")).count();
    assert!(updates >= 4, "both are written and restored: {updates}");
    for one in &sent {
        let mut named = Vec::new();
        keys(&one.json(), &mut named);
        let wrong = named.iter().any(|key| key == "external_id" || key == "unsubscribed_from_emails");
        assert!(!wrong, "{} {}: {named:?}", one.method, one.path);
    }
}
