//! The sink against the stand-in: what arrives, what is read back, what goes wrong and what is taken back.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../standin/mod.rs"]
mod standin;

mod companies;
mod contacts;
mod hours;
mod library;
mod long;
mod marks;
mod rig;
mod teammates;

use http::Method;
use intercom_client::sink::MatchedContacts;
use intercom_client::{IntercomSink, SinkOptions};
use jiff::{SignedDuration, Timestamp};
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{
    Author, Body, Catalog, Draft, End, ErrorKind, Link, MemoryLedger, Part, Put, Refs, RemoteRef, Role,
    Session, Sink, SourceRef, Until, Value, Visibility, Window, diff,
};
use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::{Edit, Fault, FaultRule, Intercom, ReplyGuard, Seed, SeedContact};
use serde_json::json;
use std::sync::Arc;

const NOW: i64 = 1_700_000_000;

fn ts(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn workspace() -> Intercom {
    standin::workspace(SandboxClock::frozen(ts(NOW)))
}

fn ours() -> Link {
    Link::Source(SourceRef::new("contact", "1"))
}
fn customer() -> Author {
    Author { link: Some(ours()), name: None }
}
fn teammate() -> Author {
    Author { link: Some(Link::Remote(RemoteRef::new("admin", standin::AGENT.to_string()))), name: None }
}
fn contact() -> Draft {
    Draft::new("contact", SourceRef::new("contact", "1")).with("name", "Ada").with("email", "ada@x.example")
}
fn attribute() -> Draft {
    let mut draft =
        Draft::new("conversation_attribute", SourceRef::new("conversation_attribute", "channel_source__c"))
            .with("name", "channel_source__c")
            .with("data_type", "list");
    draft.fields.insert("options".into(), Value::List(vec![Value::text("Email"), Value::text("Voice")]));
    draft
}
fn ticket(id: &str, texts: &[&str]) -> Draft {
    let mut draft = Draft::new("conversation", SourceRef::new("ticket", id))
        .with("contact", ours())
        .with("title", format!("Ticket {id}"))
        .with("state", "closed")
        .with("read", true);
    draft.fields.insert("tags".into(), Value::List(vec![Value::Link(Link::Batch)]));
    for (n, text) in texts.iter().enumerate() {
        let (role, author) =
            if n % 2 == 0 { (Role::Customer, customer()) } else { (Role::Agent, teammate()) };
        draft.parts.push(Part::new(
            format!("m{n}"),
            role,
            author,
            Some(ts(1_600_000_000 + n as i64)),
            Body::plain(*text),
        ));
    }
    draft
}

type MakeEdit = fn(String) -> Edit;

/// Contact, tag and attribute are there; then the drafts.
struct Loaded<'a> {
    session: Session<'a>,
    blobs: MemoryBlobs,
}

impl<'a> Loaded<'a> {
    async fn with(sink: &'a IntercomSink, clock: &'a dyn mapping_core::Clock) -> Self {
        let blobs = MemoryBlobs::new();
        let mut session = Session::open(sink, Arc::new(blobs.clone()), clock).await.unwrap();
        session.mark_batch("run-1").await.unwrap();
        assert_eq!(session.put(contact()).await.unwrap().end, End::Done);
        Loaded { session, blobs }
    }
    async fn put(&mut self, draft: Draft) -> Put {
        self.session.put(draft).await.unwrap()
    }
}

fn refs(contact: &RemoteRef, tag: &str) -> Refs {
    Refs {
        records: [(SourceRef::new("contact", "1"), contact.clone())].into(),
        batch: Some(RemoteRef::new("tag", tag)),
    }
}

async fn only_contact(intercom: &Intercom) -> RemoteRef {
    let listed = standin::get(intercom, "/contacts").await;
    RemoteRef::new("contact", listed["data"][0]["id"].as_str().unwrap())
}

async fn tag_id(intercom: &Intercom) -> String {
    standin::get(intercom, "/tags").await["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn shaped(sink: &IntercomSink, draft: &Draft) -> Draft {
    let catalog: Catalog = sink.catalog().await.unwrap();
    sink.shape(draft, &catalog).unwrap().draft
}

#[tokio::test]
async fn a_thread_arrives_as_promised_with_the_fewest_calls_and_in_silence() {
    let intercom = workspace();
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    let mut draft = ticket("1", &["Hi <you>", "Dear you", "Thanks"]);
    draft.parts[0].files = vec![loaded.blobs.add("a.txt", "text/plain", "first")];
    let note = Part::new(
        "n",
        Role::Agent,
        teammate(),
        Some(ts(1_600_000_009)),
        Body::html("<p>call <b>back</b></p>"),
    );
    draft.parts.push(Part { visibility: Visibility::Internal, ..note });
    draft.fields.insert("assignee".into(), teammate().link.unwrap().into());
    let before = intercom.journal().total.calls;
    let put = loaded.put(draft.clone()).await;
    assert_eq!(put.end, End::Done);
    let calls = intercom.journal().total.calls - before;
    let want = shaped(&sink, &draft).await;
    assert_eq!(calls, sink.floor(&want));
    let observed = sink.read(&put.target.unwrap()).await.unwrap().unwrap();
    let refs = refs(&only_contact(&intercom).await, &tag_id(&intercom).await);
    assert_eq!(diff(&want, &observed, &refs), []);
    assert_eq!(observed.window, Window::Whole);
    let journal = intercom.journal();
    assert_eq!(
        (journal.notifications.count, journal.denied_calls.count, journal.ignored_keys.len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn every_change_behind_our_back_is_a_difference_in_the_right_field() {
    let clock = || ts(NOW);
    let edits: Vec<(&str, MakeEdit)> = vec![
        ("parts[1].body", |c| Edit::Body { conversation: c, message: 1, text: "other".into() }),
        ("parts[2].author", |c| Edit::Author { conversation: c, message: 2, admin: standin::AGENT }),
        ("parts[1].visibility", |c| Edit::Visibility { conversation: c, message: 1 }),
        ("parts[1].at", |c| Edit::Time { conversation: c, message: 1, created_at: 1_600_000_000 }),
        ("parts[1].files", |c| Edit::RemoveFile { conversation: c, message: 1 }),
        ("parts[1].body", |c| Edit::Swap { conversation: c, message: 1, with: 2 }),
        ("attribute.channel_source__c", |c| Edit::Attribute {
            conversation: c,
            name: "channel_source__c".into(),
            value: "Voice".into(),
        }),
        ("parts[2]", |c| Edit::Remove { conversation: c, message: 2 }),
        ("parts", |c| Edit::Repeat { conversation: c, message: 2 }),
        ("state", |c| Edit::State { conversation: c, open: true }),
        ("title", |c| Edit::Title { conversation: c, text: "other".into() }),
        ("read", |c| Edit::Read { conversation: c, read: false }),
        ("tags", |c| Edit::Untag { conversation: c, name: "migration: run-1".into() }),
        ("tags", |c| Edit::Tag { conversation: c, name: "more".into() }),
    ];
    for (field, edit) in edits {
        let intercom = workspace();
        let sink = standin::sink(&intercom, SinkOptions::default());
        let mut loaded = Loaded::with(&sink, &clock).await;
        assert_eq!(loaded.put(attribute()).await.end, End::Done);
        let mut draft = ticket("1", &["a", "b", "c"]).with("attribute.channel_source__c", "Email");
        draft.parts[1].files = vec![loaded.blobs.add("f.txt", "text/plain", "bytes")];
        // The catalog that the session read is older than the attribute.
        let draft = shaped(&sink, &draft).await;
        loaded.session = Session::open(&sink, Arc::new(loaded.blobs.clone()), &clock).await.unwrap();
        loaded.session.mark_batch("run-1").await.unwrap();
        loaded.session.put(contact()).await.unwrap();
        let target = loaded.put(draft.clone()).await.target.unwrap();
        intercom.edit(&edit(target.id.clone())).unwrap();
        let observed = sink.read(&target).await.unwrap().unwrap();
        let refs = refs(&only_contact(&intercom).await, &tag_id(&intercom).await);
        let found = diff(&shaped(&sink, &draft).await, &observed, &refs);
        assert!(found.iter().any(|d| d.field == field), "{field}: {found:?}");
    }
}

#[tokio::test]
async fn a_thread_longer_than_the_window_is_compared_at_both_ends() {
    let intercom = workspace();
    intercom.turn(|knobs| knobs.part_window = 8);
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    let texts: Vec<String> = (0..20).map(|n| format!("message {}", n / 3)).collect();
    let draft = ticket("1", &texts.iter().map(String::as_str).collect::<Vec<_>>());
    let target = loaded.put(draft.clone()).await.target.unwrap();
    let observed = sink.read(&target).await.unwrap().unwrap();
    assert_eq!(
        observed.window,
        Window::Last { shown: 7, of: 19 },
        "one of the eight is the event of the close"
    );
    let refs = refs(&only_contact(&intercom).await, &tag_id(&intercom).await);
    assert_eq!(diff(&shaped(&sink, &draft).await, &observed, &refs), []);
    let edit = Edit::Body { conversation: target.id.clone(), message: 19, text: "other".into() };
    intercom.edit(&edit).unwrap();
    let observed = sink.read(&target).await.unwrap().unwrap();
    let found = diff(&shaped(&sink, &draft).await, &observed, &refs);
    assert_eq!(found.iter().map(|d| d.field.as_str()).collect::<Vec<_>>(), ["parts[19].body"]);
}

#[tokio::test]
async fn a_matched_contact_is_filled_only_where_it_is_empty_and_gets_that_back() {
    let intercom = workspace();
    let person = SeedContact {
        name: Some("Theirs".into()),
        email: Some("Ada@X.example".into()),
        external_id: Some("crm-1".into()),
        unsubscribed: true,
        archived: true,
        ..SeedContact::default()
    };
    intercom.seed(Seed { contacts: vec![person], ..Seed::default() });
    let before = standin::snapshot(&intercom).await;
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    let put = session.put(contact().with("phone", "+4930123456")).await.unwrap();
    assert_eq!(put.end, End::Done);
    let now = standin::get(&intercom, "/contacts").await["data"][0].clone();
    assert_eq!(
        (now["name"].as_str(), now["phone"].as_str(), now["external_id"].as_str()),
        (Some("Theirs"), Some("+4930123456"), Some("crm-1"))
    );
    assert_eq!(now["unsubscribed_from_emails"], true);
    assert_eq!(session.undo_all().await.unwrap(), []);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn the_progress_of_a_matched_contact_says_which_fields_it_keeps_and_nothing_to_fill_is_no_call() {
    for (policy, phone, kept, phone_after) in [
        (MatchedContacts::FillEmpty, None, "name", Some("+4930123456")),
        (MatchedContacts::FillEmpty, Some("+4930999999"), "name,phone", Some("+4930999999")),
        (MatchedContacts::Keep, None, "name,phone", None),
    ] {
        let intercom = workspace();
        let email = Some("ada@x.example".into());
        let person = SeedContact {
            name: Some("Theirs".into()),
            email,
            phone: phone.map(str::to_owned),
            ..SeedContact::default()
        };
        intercom.seed(Seed { contacts: vec![person], ..Seed::default() });
        let mut options = SinkOptions::default();
        options.matched_contacts = policy;
        let sink = standin::sink(&intercom, options);
        let clock = || ts(NOW);
        let blobs: Arc<dyn mapping_core::Blobs> = Arc::new(MemoryBlobs::new());
        let draft = shaped(&sink, &contact().with("phone", "+4930123456")).await;
        let ledger = MemoryLedger::new();
        let steps = sink.steps(&mapping_core::Change::first(&draft)).unwrap();
        let (mut journal, mut progress) = ledger.open(&draft.source, steps);
        let env = mapping_core::Env::new(&sink, &blobs, &clock);
        let end =
            mapping_core::drive(&env, &draft, &Refs::default(), &mut progress, &mut journal).await.unwrap();
        assert_eq!((end, progress.claimed("kept")), (End::Done, vec![kept]));
        let fills = intercom.with_journal(|j| j.entries.iter().filter(|e| e.method == "PUT").count());
        assert_eq!(fills, usize::from(phone_after == Some("+4930123456")));
        let now = standin::get(&intercom, "/contacts").await["data"][0].clone();
        assert_eq!((now["name"].as_str(), now["phone"].as_str()), (Some("Theirs"), phone_after));
    }
}

#[tokio::test]
async fn a_lost_answer_is_settled_and_the_object_is_not_made_twice() {
    for (endpoint, nth) in [
        ("/contacts", 1),
        ("/conversations", 1),
        ("/conversations/{id}/reply", 1),
        ("/conversations/{id}/reply", 2),
    ] {
        let intercom = workspace();
        let shared = intercom.clock().clone();
        let clock = move || shared.now();
        let sink = standin::sink(&intercom, SinkOptions::default());
        intercom
            .turn(|k| k.faults = vec![FaultRule::new(Fault::LoseAnswer).on("POST", endpoint).matches([nth])]);
        let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
        session.mark_batch("run-1").await.unwrap();
        session.put(contact()).await.unwrap();
        let put = session.put(ticket("1", &["same", "b", "same"])).await.unwrap();
        if put.end != End::Done {
            panic!("{endpoint}: {:?}", put.end);
        }
        assert_eq!(
            (intercom.state().contacts, intercom.state().conversations, intercom.state().messages),
            (1, 1, 3)
        );
    }
}

#[tokio::test]
async fn a_5xx_after_the_write_is_settled_too() {
    let intercom = workspace();
    intercom.turn(|k| {
        k.faults = vec![FaultRule::new(Fault::ErrorAfter(502)).on("POST", "/conversations").matches([1])]
    });
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    assert_eq!(loaded.put(ticket("1", &["a"])).await.end, End::Done);
    assert_eq!(intercom.state().conversations, 1);
}

#[tokio::test]
async fn what_is_not_seen_is_not_sent_again_before_the_blind_window_is_over() {
    let intercom = workspace();
    intercom.turn(|k| {
        k.conversation_search_lag_s = 200;
        k.faults = vec![FaultRule::new(Fault::LoseAnswer).on("POST", "/conversations").matches([1])];
    });
    let shared = intercom.clock().clone();
    let clock = move || shared.now();
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    let put = loaded.put(ticket("1", &["a"])).await;
    let End::Parked { until: Until::Time(until), .. } = put.end else { panic!("{:?}", put.end) };
    assert_eq!(until, ts(NOW) + SignedDuration::from_secs(120 + 300));
    intercom.clock().advance(SignedDuration::from_secs(250));
    assert_eq!(loaded.session.resume().await.unwrap(), []);
    assert_eq!(intercom.state().conversations, 1);
}

#[tokio::test]
async fn a_new_contact_and_a_full_thread_make_the_record_wait() {
    let intercom = workspace();
    intercom.turn(|k| {
        k.contact_visible_after_s = 30;
        k.reply_guard = Some(ReplyGuard { replies: 1, per_s: 10 });
    });
    let shared = intercom.clock().clone();
    let clock = move || shared.now();
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    let put = loaded.put(ticket("1", &["a", "b", "c"])).await;
    assert!(
        matches!(&put.end, End::Parked { why, .. } if why.contains("NotReady") || why.contains("can't start")),
        "{:?}",
        put.end
    );
    let mut rounds = 0;
    while !loaded.session.resume().await.unwrap().is_empty() {
        intercom.clock().advance(SignedDuration::from_secs(11));
        rounds += 1;
        assert!(rounds < 20);
    }
    assert_eq!((intercom.state().conversations, intercom.state().messages), (1, 3));
}

#[tokio::test]
async fn a_rollback_keeps_metrics_when_the_token_may_not_remove_them() {
    let intercom = workspace();
    intercom.turn(|k| k.may_delete_metrics = false);
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut loaded = Loaded::with(&sink, &clock).await;
    for id in ["1", "2"] {
        assert_eq!(loaded.put(ticket(id, &["a"])).await.end, End::Done);
    }
    let before = intercom.journal().total.calls;
    assert_eq!(loaded.session.undo_all().await.unwrap(), []);
    assert_eq!(
        intercom.journal().total.calls - before,
        6,
        "the refusal is met once, not per conversation; the contact is looked for once"
    );
    let deleted = standin::get(&intercom, "/conversations/deleted").await;
    assert!(deleted["conversations"].as_array().unwrap().iter().all(|c| c["metrics_retained"] == true));
    assert_eq!((intercom.state().conversations, intercom.state().contacts, intercom.state().tags), (0, 0, 0));
}

#[tokio::test]
async fn the_catalog_says_what_is_there() {
    let intercom = workspace();
    let person = SeedContact {
        email: Some("a@x.example".into()),
        external_id: Some("crm-7".into()),
        ..SeedContact::default()
    };
    intercom.seed(Seed { contacts: vec![person], tags: vec!["vip".into()], ..Seed::default() });
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    session.put(attribute()).await.unwrap();
    let catalog = sink.catalog().await.unwrap();
    assert_eq!(catalog.facts["external_id_in_use"], "true");
    assert_eq!(
        catalog.field("conversation_attribute", "CHANNEL_source__c").unwrap().options,
        ["Email", "Voice"]
    );
    assert!(catalog.tag("VIP").is_some() && catalog.person_by_email("grace@desk.example").is_some());
    assert_eq!(catalog.teams[0].name, "Billing");
    assert_eq!(catalog.acting.as_ref().unwrap().email.as_deref(), Some("migration@desk.example"));
    assert_eq!((catalog.platform.as_str(), catalog.as_of), ("intercom 2.16", ts(NOW)));
    assert_eq!(catalog.quota.unwrap().limit, 9_000_000);
    assert!(sink.meter().calls > 0);
}

#[tokio::test]
async fn external_ids_of_ours_are_no_use_by_the_workspace_and_a_refused_search_is_no_obstacle() {
    let seeded = |id: &str| SeedContact { external_id: Some(id.to_owned()), ..SeedContact::default() };
    for (ids, search_fails, in_use) in [
        (vec!["focalscope:contact:1"], false, "false"),
        (vec!["focalscope:contact:1", "crm-1"], false, "true"),
        (vec!["crm-1"], true, "true"),
        (vec![], true, "false"),
    ] {
        let intercom = workspace();
        intercom.seed(Seed { contacts: ids.into_iter().map(seeded).collect(), ..Seed::default() });
        if search_fails {
            let refused = FaultRule::new(Fault::ErrorBefore(422)).on("POST", "/contacts/search").matches([1]);
            intercom.turn(|k| k.faults = vec![refused]);
        }
        let catalog = standin::sink(&intercom, SinkOptions::default()).catalog().await.unwrap();
        assert_eq!(catalog.facts["external_id_in_use"], in_use);
    }
}

#[tokio::test]
async fn two_attributes_of_one_name_are_refused_before_anything_is_written() {
    let intercom = workspace();
    for name in ["Priority", "priority"] {
        let body = json!({"name": name, "data_type": "string"});
        standin::ask(&intercom, Method::POST, "/conversations/attributes", Some(body)).await;
    }
    let e = standin::sink(&intercom, SinkOptions::default()).catalog().await.unwrap_err();
    assert_eq!((e.kind(), e.context("attribute")), (ErrorKind::Conflict, Some("priority")));
}

#[tokio::test]
async fn an_attribute_that_is_there_is_taken_grown_and_given_back() {
    let intercom = workspace();
    let body = json!({"name": "Channel_Source__c", "data_type": "list", "options": [{"label": "email"}, {"label": "Fax"}]});
    standin::ask(&intercom, Method::POST, "/conversations/attributes", Some(body)).await;
    let before = standin::snapshot(&intercom).await;
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    assert_eq!(session.put(attribute()).await.unwrap().end, End::Done);
    let catalog = sink.catalog().await.unwrap();
    assert_eq!(catalog.fields.iter().filter(|f| f.kind == "conversation_attribute").count(), 1);
    assert_eq!(
        catalog.field("conversation_attribute", "channel_source__c").unwrap().options,
        ["email", "Fax", "Voice"]
    );
    assert_eq!(session.undo_all().await.unwrap(), []);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn an_archived_contact_attribute_is_brought_back_and_archived_again() {
    let intercom = workspace();
    let body = json!({"name": "city", "model": "contact", "data_type": "string"});
    let made = standin::ask(&intercom, Method::POST, "/data_attributes", Some(body)).await;
    let path = format!("/data_attributes/{}", made["id"]);
    standin::ask(&intercom, Method::PUT, &path, Some(json!({"archived": true}))).await;
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    let draft = Draft::new("contact_attribute", SourceRef::new("contact_attribute", "city"))
        .with("name", "city")
        .with("data_type", "text");
    let put = session.put(draft).await.unwrap();
    assert_eq!((put.end, put.target.unwrap().id), (End::Done, made["id"].to_string()));
    assert!(sink.catalog().await.unwrap().field("contact_attribute", "city").is_some());
    session.undo_all().await.unwrap();
    assert!(sink.catalog().await.unwrap().field("contact_attribute", "city").is_none());
}

#[tokio::test]
async fn a_tag_that_was_there_stays_after_a_rollback_and_ours_goes() {
    let intercom = workspace();
    intercom.seed(Seed { tags: vec!["VIP".into()], ..Seed::default() });
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    for name in ["vip", "new"] {
        session.put(Draft::new("tag", SourceRef::new("tag", name)).with("name", name)).await.unwrap();
    }
    assert_eq!(intercom.state().tags, 2);
    session.undo_all().await.unwrap();
    assert_eq!(
        sink.catalog().await.unwrap().tags.iter().map(|t| t.name.as_str()).collect::<Vec<_>>(),
        ["VIP"]
    );
}

#[tokio::test]
async fn what_is_gone_reads_as_nothing() {
    let intercom = workspace();
    let sink = standin::sink(&intercom, SinkOptions::default());
    for at in [
        RemoteRef::new("conversation", "12345"),
        RemoteRef::new("contact", "6762f0dd1bb69f9f2193bb83"),
        RemoteRef::new("tag", "1"),
        RemoteRef::new("conversation_attribute", "1"),
        RemoteRef::new("contact_attribute", "1"),
    ] {
        assert_eq!(sink.read(&at).await.unwrap(), None, "{at}");
    }
}

#[tokio::test]
async fn a_record_that_waits_for_its_contact_sends_nothing() {
    let intercom = workspace();
    let clock = || ts(NOW);
    let sink = standin::sink(&intercom, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(MemoryBlobs::new()), &clock).await.unwrap();
    let put = session.put(ticket("1", &["a"])).await.unwrap();
    assert_eq!(
        put.end,
        End::Parked {
            until: Until::Linked(SourceRef::new("contact", "1")),
            why: "conversation.create needs contact:1".into()
        }
    );
    assert!(put.target.is_none());
    assert_eq!(intercom.state().conversations, 0);
}
