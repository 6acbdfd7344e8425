//! `apply` refuses a plan when an entry of the destination that it relies on changed, and says which.

use crate::bench::{Bench, apply, pilot, plain_desk, provision};
use migrate_engine::Exit;
use migrate_examples::args::Verb;
use migrate_sandbox::intercom::{Admin, Edit, Intercom, Seed, Team};
use serde_json::{Value, json};

fn seeded(intercom: &Intercom, admins: Vec<Admin>, teams: Vec<Team>) {
    intercom.seed(Seed { admins, teams, ..Seed::default() });
}

/// `apply` refuses, names the entry, and writes nothing.
fn refused(bench: &Bench, entry: &str, how: &str) {
    let before = bench.intercom.state();
    let failure = bench.carry_out(&apply()).expect_err(entry);
    assert_eq!(failure.exit, Exit::Stale, "{failure}");
    assert!(failure.details.iter().any(|line| line.contains(entry) && line.contains(how)), "{failure}");
    assert_eq!(bench.intercom.state(), before, "nothing was written");
}

#[test]
fn a_teammate_or_a_team_that_is_gone_or_renamed_makes_the_plan_stale_until_it_is_back() {
    let bench = Bench::of(plain_desk(3));
    bench.planned();
    let seed = Seed::for_dataset(&bench.dataset);
    let (ada, support) = (seed.admins[0].clone(), seed.teams[0].clone());
    let (admin, team) = (format!("{}", ada.id), format!("{}", support.id));

    seeded(&bench.intercom, vec![Admin { name: "Eve".to_owned(), ..ada.clone() }], Vec::new());
    refused(&bench, &admin, "changed");
    bench.intercom.edit(&Edit::TeammateGone { admin: ada.id }).unwrap();
    refused(&bench, &admin, "gone");
    seeded(&bench.intercom, vec![ada], Vec::new());

    seeded(&bench.intercom, Vec::new(), vec![Team { name: "Sales".to_owned(), ..support.clone() }]);
    refused(&bench, &team, "changed");
    bench.intercom.edit(&Edit::TeamGone { team: support.id }).unwrap();
    refused(&bench, &team, "gone");
    seeded(&bench.intercom, Vec::new(), vec![support]);

    bench.done(&apply());
    bench.assert_clean();
}

#[test]
fn an_attribute_that_was_renamed_or_archived_makes_the_plan_stale_and_a_new_plan_mends_it() {
    let bench = Bench::of(plain_desk(3));
    bench.planned();
    let (name, other) = ("focalscope_priority__c", "urgency");
    let id = bench.attribute(name);

    bench.ask("PUT", &format!("/conversations/attributes/{id}"), &json!({"name": other}));
    refused(&bench, &format!("conversation_attribute/{name}"), "gone");
    bench.ask("PUT", &format!("/conversations/attributes/{id}"), &json!({"name": name}));
    bench.ask("DELETE", &format!("/conversations/attributes/{id}"), &Value::Null);
    refused(&bench, &format!("conversation_attribute/{name}"), "");
    bench.process(&["apply"]).assert(6, &["the plan is stale", name]);

    bench.done(&provision());
    bench.done(&Verb::Plan);
    bench.done(&apply());
    bench.assert_clean();
}

#[test]
fn what_has_nothing_to_do_with_the_plan_and_what_the_run_itself_made_leave_it_as_it_is() {
    let bench = Bench::of(plain_desk(6));
    bench.planned();
    let new =
        Admin { id: 77, name: "New".to_owned(), email: "new@desk.example".to_owned(), has_inbox_seat: true };
    let team = Team { id: 78, name: "New".to_owned(), admin_ids: vec![77], deprecated: false };
    seeded(&bench.intercom, vec![new], vec![team]);
    bench.intercom.seed(Seed { tags: vec!["unrelated".to_owned()], ..Seed::default() });
    let attribute = json!({"name": "unrelated", "data_type": "string"});
    bench.ask("POST", "/conversations/attributes", &attribute);

    // The pilot's contacts, conversations and tag are changes by this run.
    bench.done(&pilot(2));
    assert!(bench.intercom.state().conversations < 6);
    bench.done(&provision());
    bench.done(&apply());
    assert_eq!(bench.intercom.state().conversations, 6);
}
