//! Threads longer than a read shows.

use super::rig::Run;
use super::{attribute, contact, ticket, workspace};
use crate::standin;
use intercom_client::SinkOptions;
use mapping_core::{Change, Draft, End, Sink, Window, diff};
use migrate_sandbox::intercom::{Edit, Fault, FaultRule, Intercom, PartOrder, Quarantine};

fn thread(messages: usize) -> Draft {
    let texts: Vec<String> = (0..messages).map(|n| format!("message {}", n / 3)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    ticket("1", &texts).with("attribute.channel_source__c", "Email")
}

async fn ready(intercom: &Intercom) -> Run {
    let mut run = Run::new(intercom).await;
    run.mark("run-1").await;
    run.put(attribute()).await;
    run.put(contact()).await;
    run.look_again().await;
    run
}

#[tokio::test]
async fn five_thousand_messages_arrive_once_each_and_those_that_no_read_shows_are_compared_as_they_go() {
    let intercom = workspace();
    intercom.turn(|k| {
        k.part_window = 40;
        k.part_order = PartOrder::Written;
        let reply = || FaultRule::new(Fault::LoseAnswer).on("POST", "/conversations/{id}/reply");
        k.faults = vec![reply().matches((1..5000).step_by(701))];
    });
    let mut run = ready(&intercom).await;
    let record = run.plan(thread(5000));
    assert_eq!(run.drive(&record, 0).await, End::Done);
    let half = run.read(&record).await;
    assert_eq!(
        half.draft.text("attribute.channel_source__c"),
        "Email",
        "it says what it is before it is whole"
    );
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    assert_eq!(intercom.state().messages, 5000);
    let applied = intercom.with_journal(|j| {
        j.entries.iter().filter(|e| e.endpoint == "/conversations/{id}/reply" && e.applied).count()
    });
    assert_eq!(applied, 4999, "no reply was sent twice");
    let read = run.read(&record).await;
    assert_eq!(
        read.window,
        Window::Last { shown: 39, of: 4999 },
        "of forty parts one is the event of the close"
    );
    assert_eq!(diff(run.shaped(&record), &read, &run.refs()), []);
    assert_eq!((run.losses(&record), run.progress(&record).claimed("differs")), (vec![], vec![""; 0]));
    assert_eq!(run.progress(&record).claimed("part").len(), 4999);
}

#[tokio::test]
async fn in_whatever_order_parts_are_listed_the_end_of_a_long_thread_is_compared() {
    for (order, shown) in [(PartOrder::Written, 39), (PartOrder::CreatedAt, 38)] {
        let intercom = workspace();
        intercom.turn(|k| (k.part_window, k.part_order) = (40, order));
        let mut run = ready(&intercom).await;
        let record = run.plan(thread(520));
        assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
        let read = run.read(&record).await;
        assert_eq!(read.window, Window::Last { shown, of: 519 }, "{order:?}");
        assert_eq!(diff(run.shaped(&record), &read, &run.refs()), []);
        let conversation = run.target(&record).id;
        intercom.edit(&Edit::Body { conversation, message: 519, text: "other".into() }).unwrap();
        let found = diff(run.shaped(&record), &run.read(&record).await, &run.refs());
        assert_eq!(found.iter().map(|d| d.field.as_str()).collect::<Vec<_>>(), ["parts[519].body"]);
    }
}

#[tokio::test]
async fn a_message_that_no_later_read_shows_and_that_arrived_otherwise_is_a_loss() {
    let intercom = workspace();
    intercom.turn(|k| {
        k.part_window = 40;
        k.quarantined_names = vec![".exe".into()];
        k.quarantine = Quarantine::Disappear;
    });
    let mut run = ready(&intercom).await;
    let mut draft = thread(560);
    for at in [3, 550] {
        draft.parts[at].files = vec![run.blobs.add("tool.exe", "application/x", "bytes")];
    }
    let record = run.plan(draft);
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    assert_eq!(run.progress(&record).claimed("differs"), ["parts[3].files", "parts[550].files"]);
    assert_eq!(run.lost_fields(&record), ["parts[3].files"], "the other one is for a comparison to find");
}

#[test]
fn only_a_long_thread_writes_its_attributes_before_its_messages() {
    let sink = standin::sink(&workspace(), SinkOptions::default());
    let ops = |messages: usize| -> Vec<(String, Option<String>)> {
        let mut draft = thread(messages);
        draft.parts.truncate(messages);
        let steps = sink.steps(&Change::first(&draft)).unwrap();
        let seen = steps.iter().filter(|s| s.op != "conversation.reply");
        seen.map(|s| (s.op.to_string(), s.args.get("fields").cloned())).collect()
    };
    let names = |list: &[(String, Option<String>)]| list.iter().map(|(op, _)| op.clone()).collect::<Vec<_>>();
    let short = ["conversation.create", "conversation.tag", "conversation.update", "conversation.close"];
    assert_eq!(names(&ops(400)), short);
    let long = ops(600);
    let early = r#"["attribute.channel_source__c","title"]"#.to_owned();
    assert_eq!(long[2], ("conversation.update".into(), Some(early)));
    assert_eq!(long[3], ("conversation.update".into(), Some(r#"["read"]"#.into())));
}
