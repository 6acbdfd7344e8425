//! A teammate who leaves in the middle of a load.

use crate::bench::{Bench, apply, plain_desk, verify};
use crate::wire::Wire;
use migrate_engine::Exit;
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::intercom::Edit;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// Who stands for people who are not there: the owner of the token.
const PLACEHOLDER: &str = "991267400";

/// Every second ticket is Ben's.
fn desk() -> Dataset {
    let mut desk = plain_desk(20);
    let ben = json!({"id": 2, "login": "ben", "name": "Ben Leaver", "email": "ben@helpdesk.example"});
    desk.agents.push(serde_json::from_value(ben).unwrap());
    for ticket in desk.tickets.iter_mut().filter(|it| it.id % 2 == 0) {
        ticket.agent = Some(2);
        let author = &mut ticket.messages[1].author;
        (author.id, author.name, author.email) =
            (Some(2), "Ben Leaver".to_owned(), Some("ben@helpdesk.example".to_owned()));
    }
    desk
}

#[test]
fn a_teammate_who_leaves_while_apply_runs_stops_nobody_the_placeholder_writes_with_the_name_and_it_is_a_loss()
{
    let bench = Bench::of(desk());
    let admins = bench.ask("GET", "/admins", &Value::Null);
    let is_ben = |it: &&Value| it["email"].as_str().unwrap().eq_ignore_ascii_case("ben@helpdesk.example");
    let ben = admins["admins"].as_array().unwrap().iter().find(is_ben).unwrap()["id"].as_str().unwrap();
    let ben = ben.to_owned();
    // He goes when the thirteenth message is on its way.
    let (seen, intercom, who) = (AtomicU64::new(0), bench.intercom.clone(), ben.parse().unwrap());
    let wire = Wire::to(bench.destination.as_ref().unwrap().at, move |one| {
        if one.path.ends_with("/reply") && seen.fetch_add(1, Ordering::SeqCst) == 12 {
            intercom.edit(&Edit::TeammateGone { admin: who }).unwrap();
        }
        true
    });
    bench.settings(&bench.wsdl(), &format!("http://{}", wire.at));
    bench.planned();
    let ended = bench.carry_out(&apply()).unwrap();
    let (number, _) = bench.newest_batch();
    let report = bench.report(&format!("apply-{number}"));
    assert_eq!(ended, Exit::Done, "{report:#}");
    for phase in report["phases"].as_array().unwrap() {
        assert_eq!(
            (&phase["quarantined"], &phase["unknown"], &phase["open"]),
            (&0.into(), &0.into(), &0.into()),
            "{phase}"
        );
    }

    let (mut by_ben, mut by_placeholder) = (0, 0);
    for n in (2..=20).step_by(2) {
        let path = format!("/conversations/{}", bench.conversation(&format!("FS-{n}")));
        let all = bench.ask("GET", &path, &Value::Null);
        let parts = all["conversation_parts"]["conversation_parts"].as_array().unwrap().clone();
        let second = format!("Second of {n}");
        let part = parts.iter().find(|it| it["body"].as_str().unwrap_or_default().contains(&second)).unwrap();
        let (author, body) = (part["author"]["id"].as_str().unwrap(), part["body"].as_str().unwrap());
        if author == ben {
            by_ben += 1;
            continue;
        }
        by_placeholder += 1;
        assert_eq!(author, PLACEHOLDER, "{part}");
        assert!(body.contains("Ben Leaver"), "{body}");
        let lost = report["lost"].as_array().unwrap();
        assert!(
            lost.iter().any(|it| it["record"] == format!("ticket:{n}")),
            "ticket:{n} is not among {lost:?}"
        );
    }
    assert!(by_placeholder > 0 && by_ben + by_placeholder == 10, "{by_ben} and {by_placeholder}");
    let losses: u64 = report["losses"].as_object().unwrap().values().map(|it| it.as_u64().unwrap()).sum();
    assert!(losses >= by_placeholder, "{}", report["losses"]);
    bench.assert_clean();
    // Verify names what nobody could be given to, and nothing else: the texts are as the writes said.
    assert_eq!(bench.carry_out(&verify()).unwrap(), Exit::Differences);
    let differences = bench.report("verify")["differences"].as_array().unwrap().clone();
    let fields: BTreeSet<&str> = differences.iter().map(|it| it["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["assignee"].into(), "{differences:#?}");
    for one in &differences {
        let is_told =
            |it: &&Value| it["record"] == one["record"] && it["field"].as_str().unwrap().contains("assign");
        assert!(
            report["lost"].as_array().unwrap().iter().any(|it| is_told(&it)),
            "{one}: {:#}",
            report["lost"]
        );
    }
}
