//! Teammates and teams that go while a run is under way.

use super::rig::Run;
use super::{contact, customer, teammate, ticket, ts, workspace};
use crate::standin;
use mapping_core::{Body, End, Link, LossRule, Part, Role, State, Value, Visibility, diff};
use migrate_sandbox::intercom::{Edit, Fault, FaultRule};

const GRACE_LEFT: &str = "parts[m1].author";

fn graces_ticket() -> mapping_core::Draft {
    let mut draft = ticket("1", &["Hi", "Dear you", "Thanks", "Bye"]);
    draft.fields.insert("assignee".into(), Value::Link(teammate().link.unwrap()));
    let note = Part::new(
        "n",
        Role::Agent,
        teammate(),
        Some(ts(1_600_000_009)),
        Body::html("<p>call <b>back</b></p>"),
    );
    draft.parts.push(Part { visibility: Visibility::Internal, ..note });
    draft
}

#[tokio::test]
async fn an_agent_who_leaves_during_the_run_is_named_by_the_one_who_stands_in_and_the_run_goes_on() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let record = run.plan(graces_ticket());
    let other = run.plan(ticket("2", &["Hi", "Dear you"]));
    intercom.edit(&Edit::TeammateGone { admin: standin::AGENT }).unwrap();
    for record in [&record, &other] {
        assert_eq!(run.drive(record, u8::MAX).await, End::Done);
    }
    assert_eq!(run.lost_fields(&record), [GRACE_LEFT, "parts[m3].author", "parts[n].author"]);
    assert!(run.losses(&record).iter().all(|loss| loss.rule == LossRule::Defaulted));
    let lost = |s: &State| matches!(s, State::Lost { .. });
    let assignment: Vec<bool> = run
        .progress(&record)
        .entries
        .iter()
        .filter(|e| e.step.op == "conversation.assign_admin")
        .map(|e| lost(&e.state))
        .collect();
    assert_eq!(assignment, [true]);
    let read = run.read(&record).await;
    let text = |i: usize| read.draft.parts[i].body.canonical();
    assert_eq!((text(1), text(4)), ("Grace: Dear you".into(), "Grace: call back".into()));
    assert_eq!(read.draft.text("state"), "closed");
    let kept: Vec<String> =
        run.progress(&record).claimed("kept").join(",").split(',').map(str::to_owned).collect();
    let mut found = diff(run.shaped(&record), &read, &run.refs());
    found.retain(|d| !kept.contains(&d.field) && d.field != "assignee");
    assert_eq!(found, []);
    assert_eq!(run.progress(&record).claimed("differs"), [""; 0]);
    let asked = intercom
        .with_journal(|j| j.entries.iter().filter(|e| e.endpoint == "/admins" && e.method == "GET").count());
    assert_eq!(asked, 2, "once for the catalog, once after the first refusal");
    assert_eq!(intercom.journal().notifications.count, 0);
}

#[tokio::test]
async fn what_the_stand_in_wrote_is_settled_under_their_name_when_the_answer_is_lost() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let record = run.plan(graces_ticket());
    intercom.edit(&Edit::TeammateGone { admin: standin::AGENT }).unwrap();
    // The first reply is refused; the second call of it loses its answer.
    intercom.turn(|k| {
        k.faults =
            vec![FaultRule::new(Fault::LoseAnswer).on("POST", "/conversations/{id}/reply").matches([2])];
    });
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    assert_eq!(run.read(&record).await.draft.parts.len(), 5);
    assert_eq!(run.lost_fields(&record).len(), 3, "the settled one says it too");
}

#[tokio::test]
async fn a_refusal_that_is_not_about_the_author_stays_what_it_is() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let record = run.plan(ticket("1", &["Hi", "Dear you"]));
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    let thread = run.target(&record);
    intercom.edit(&Edit::Delete { conversation: thread.id.clone() }).unwrap();
    let mut more = ticket("1", &["Hi", "Dear you"]);
    more.parts.push(Part::new("m9", Role::Agent, teammate(), Some(ts(1_600_000_100)), Body::plain("more")));
    let End::Quarantined { why } = run.change_unread(more).await else { panic!("it went on") };
    assert!(why.contains("conversations.reply"), "{why}");
}

#[tokio::test]
async fn the_acting_teammate_has_nobody_who_stands_in() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let mut draft = ticket("1", &["Hi"]);
    draft.parts.push(Part::new("m9", Role::Agent, customer(), Some(ts(1_600_000_100)), Body::plain("note")));
    draft.parts[1].author.link = None;
    let record = run.plan(draft);
    let acting = run.catalog.acting.clone().unwrap().remote;
    intercom.edit(&Edit::TeammateGone { admin: acting.id.parse().unwrap() }).unwrap();
    assert!(matches!(run.drive(&record, u8::MAX).await, End::Quarantined { .. }));
}

#[tokio::test]
async fn a_team_that_is_gone_is_a_loss_and_the_thread_is_closed() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let team = mapping_core::RemoteRef::new("team", standin::TEAM.to_string());
    let record = run.plan(ticket("1", &["Hi"]).with("team", Link::Remote(team)));
    intercom.edit(&Edit::TeamGone { team: standin::TEAM }).unwrap();
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    assert_eq!(run.read(&record).await.draft.text("state"), "closed");
}

#[tokio::test]
async fn assignment_waits_for_its_phase_and_closing_comes_after_it() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let record = run.plan(graces_ticket());
    assert_eq!(run.drive(&record, 0).await, End::Done);
    let read = run.read(&record).await.draft;
    assert_eq!((read.text("state"), read.field("assignee")), ("open", &Value::Null));
    assert_eq!(run.drive(&record, 1).await, End::Done);
    assert_eq!(diff(run.shaped(&record), &run.read(&record).await, &run.refs()), []);
}

#[tokio::test]
async fn a_message_that_came_later_closes_the_thread_again() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let draft = ticket("1", &["Hi", "Dear you"]);
    assert_eq!(run.put(draft.clone()).await, End::Done);
    let mut more = draft.clone();
    more.parts.push(Part::new(
        "m9",
        Role::Customer,
        customer(),
        Some(ts(1_600_000_100)),
        Body::plain("again"),
    ));
    assert_eq!(run.change(more).await, End::Done);
    let record = draft.source;
    assert_eq!(diff(run.shaped(&record), &run.read(&record).await, &run.refs()), []);
    assert_eq!(run.shaped(&record).text("state"), "closed");
}

#[tokio::test]
async fn a_thread_that_a_person_opened_since_stays_open() {
    let intercom = workspace();
    let mut run = Run::new(&intercom).await;
    run.mark("run-1").await;
    run.put(contact()).await;
    let draft = ticket("1", &["Hi", "Dear you"]);
    run.put(draft.clone()).await;
    let conversation = run.target(&draft.source).id;
    intercom.edit(&Edit::State { conversation, open: true }).unwrap();
    let mut more = draft.clone();
    more.parts.push(Part::new(
        "m9",
        Role::Customer,
        customer(),
        Some(ts(1_600_000_100)),
        Body::plain("again"),
    ));
    assert_eq!(run.change(more).await, End::Done);
    assert_eq!(run.read(&draft.source).await.draft.text("state"), "open");
}
