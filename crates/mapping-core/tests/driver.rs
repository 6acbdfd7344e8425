//! The driver's answers to each outcome of a call, and the session's to a record that is put twice or undone in two goes.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use mapping_core::testkit::{Bench, MemoryServer, MemorySink, Settled, TestLedger, VirtualClock, Wire, run};
use mapping_core::{
    Author, Blobs, Body, Call, Candidate, Catalog, Change, Clock, Dialect, Draft, Effect, End, Env, Error,
    ErrorKind, Journal, Made, Mark, MemoryLedger, NoBlobs, Observed, Outcome, Part, Prepared, Progress,
    Receipt, Refs, RemoteRef, Result, Retry, Role, Session, Shaped, Sink, SourceRef, State, Step, Until,
    drive, wind_down,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Answer = Box<dyn Fn(&str, usize) -> Result<Receipt> + Send + Sync>;

/// A sink whose steps and answers are given.
struct Scripted {
    steps: Vec<Step>,
    /// The answer to the nth call of an operation, from 0.
    answer: Answer,
    found: Vec<Candidate>,
    calls: Mutex<BTreeMap<String, usize>>,
    settled: AtomicUsize,
    marks: bool,
}
impl Scripted {
    fn new(
        steps: Vec<Step>,
        answer: impl Fn(&str, usize) -> Result<Receipt> + Send + Sync + 'static,
    ) -> Self {
        let (calls, settled) = (Mutex::default(), AtomicUsize::new(0));
        Scripted { steps, answer: Box::new(answer), found: vec![], calls, settled, marks: false }
    }
    fn calls(&self, op: &str) -> usize {
        self.calls.lock().unwrap().get(op).copied().unwrap_or_default()
    }
}
#[async_trait]
impl Sink for Scripted {
    fn dialect(&self) -> Dialect {
        Dialect { name: "scripted".into(), version: 1 }
    }
    async fn catalog(&self) -> Result<Catalog> {
        Ok(Catalog::default())
    }
    fn shape(&self, draft: &Draft, _: &Catalog) -> Result<Shaped> {
        Ok(Shaped { draft: draft.clone(), losses: vec![], relies_on: BTreeSet::new() })
    }
    fn steps(&self, _: &Change<'_>) -> Result<Vec<Step>> {
        Ok(self.steps.clone())
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        tokio::task::yield_now().await;
        call.field_link("mark")?;
        Ok(Prepared::default())
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        let nth = {
            let mut calls = self.calls.lock().unwrap();
            let n = calls.entry(call.step.op.to_string()).or_default();
            *n += 1;
            *n - 1
        };
        tokio::task::yield_now().await;
        (self.answer)(&call.step.op, nth)
    }
    async fn settle(&self, _: &Call<'_>) -> Result<Vec<Candidate>> {
        self.settled.fetch_add(1, Ordering::SeqCst);
        Ok(self.found.clone())
    }
    async fn read(&self, _: &RemoteRef) -> Result<Option<Observed>> {
        Ok(None)
    }
    fn undo(&self, _: &Progress) -> Result<Vec<Step>> {
        Ok(vec![])
    }
    fn floor(&self, _: &Draft) -> u64 {
        1
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.marks.then(|| Draft::new("tag", SourceRef::new("batch", label)))
    }
}

struct One {
    ledger: MemoryLedger,
    clock: VirtualClock,
    blobs: Arc<dyn Blobs>,
    draft: Draft,
}
impl One {
    fn new() -> Self {
        let draft = Draft::new("thing", SourceRef::new("thing", "1"));
        One { ledger: MemoryLedger::new(), clock: VirtualClock::new(), blobs: Arc::new(NoBlobs), draft }
    }
    /// One drive as a new process makes it.
    async fn drive(&self, sink: &Scripted) -> Result<End> {
        let (mut journal, mut progress) = self.ledger.open(&self.draft.source, sink.steps.clone());
        let env = Env::new(sink, &self.blobs, &self.clock);
        drive(&env, &self.draft, &Refs::default(), &mut progress, &mut journal).await
    }
    fn states(&self) -> Vec<State> {
        self.ledger.progress(&self.draft.source).unwrap().entries.into_iter().map(|e| e.state).collect()
    }
}

fn created() -> Receipt {
    Receipt::new(Made::Created(RemoteRef::new("thing", "r1")))
}
fn create() -> Step {
    Step::new("create", Effect::Create)
}

#[tokio::test]
async fn a_refused_connection_leaves_the_step_unbegun_and_asks_nothing() {
    let one = One::new();
    let sink = Scripted::new(vec![create()], |_, n| match n {
        0 => Err(Error::not_sent(ErrorKind::Transport, "refused").with_retry(Retry::Later)),
        _ => Ok(created()),
    });
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Parked { until: Until::Time(_), .. }));
    assert_eq!(one.states(), [State::Planned]);
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
    assert_eq!(sink.settled.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_stated_pause_is_kept_to_the_second() {
    let one = One::new();
    let sink = Scripted::new(vec![create()], |_, _| {
        Err(Error::rejected(ErrorKind::Throttled, "slow down")
            .with_retry(Retry::After(Duration::from_secs(7))))
    });
    let until = one.clock.now() + jiff::SignedDuration::from_secs(7);
    match one.drive(&sink).await.unwrap() {
        End::Parked { until: Until::Time(t), .. } => assert_eq!(t, until),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_write_that_landed_with_an_unreadable_answer_is_settled_and_not_sent_again() {
    let one = One::new();
    let mut sink = Scripted::new(vec![create()], |_, _| {
        Err(Error::new(ErrorKind::Malformed, Outcome::Applied, "the answer was cut"))
    });
    sink.found = vec![Candidate { receipt: created(), agrees: true }];
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
    assert_eq!((sink.calls("create"), one.states()), (1, vec![State::Applied(created())]));
}

#[tokio::test]
async fn another_content_under_the_key_goes_to_a_person_only_after_the_blind_window() {
    let one = One::new();
    let mut sink = Scripted::new(vec![create().blind(300)], |_, _| {
        Err(Error::unknown(ErrorKind::Transport, "the answer was lost"))
    });
    sink.found = vec![Candidate { receipt: created(), agrees: false }];
    let End::Parked { until: Until::Time(t), .. } = one.drive(&sink).await.unwrap() else { panic!() };
    assert_eq!(t, one.clock.now() + jiff::SignedDuration::from_secs(360 + 300), "landing and blind window");
    one.clock.advance_to(t);
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Quarantined { .. }));
    assert_eq!(sink.calls("create"), 1);
}

#[tokio::test]
async fn an_object_that_another_record_created_is_not_ours() {
    let one = One::new();
    let mut sink = Scripted::new(vec![create()], |_, n| match n {
        0 => Err(Error::unknown(ErrorKind::Transport, "the answer was lost")),
        _ => Ok(Receipt::new(Made::Created(RemoteRef::new("thing", "r2")))),
    });
    sink.found = vec![Candidate { receipt: created(), agrees: true }];
    let other = SourceRef::new("thing", "2");
    let (mut journal, mut progress) = one.ledger.open(&other, vec![create()]);
    let theirs = Scripted::new(vec![create()], |_, _| Ok(created()));
    let env = Env::new(&theirs, &one.blobs, &one.clock);
    drive(&env, &one.draft, &Refs::default(), &mut progress, &mut journal).await.unwrap();

    let End::Parked { until: Until::Time(t), .. } = one.drive(&sink).await.unwrap() else { panic!() };
    one.clock.advance_to(t);
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
    assert_eq!(sink.calls("create"), 2, "theirs was not taken, so ours was sent again");
}

#[tokio::test]
async fn a_refusal_that_is_a_loss_lets_the_record_go_on_and_any_other_stops_it() {
    let no = |op: &str, _| match op {
        "bad" => Err(Error::rejected(ErrorKind::Invalid, "no")),
        _ => Ok(Receipt::nothing()),
    };
    let bad = Step::new("bad", Effect::Create);
    let one = One::new();
    let sink = Scripted::new(vec![bad.clone().refusal_is_loss(), create()], no);
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
    assert!(matches!(one.states().as_slice(), [State::Lost { .. }, State::Applied(_)]));

    let one = One::new();
    let sink = Scripted::new(vec![bad, create()], no);
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Quarantined { .. }));
    assert!(matches!(one.states().as_slice(), [State::Refused { .. }, State::Planned]));
}

#[tokio::test]
async fn lost_credentials_stop_the_run_and_cost_the_record_nothing() {
    let one = One::new();
    let sink = Scripted::new(vec![create()], |_, n| match n {
        0 => Err(Error::rejected(ErrorKind::Unauthorized, "revoked")),
        _ => Ok(created()),
    });
    assert!(one.drive(&sink).await.unwrap_err().stops_the_run());
    assert_eq!(one.states(), [State::Planned]);
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
}

#[tokio::test]
async fn a_record_whose_link_is_missing_waits_for_it_by_name() {
    let one = One::new();
    let needed = SourceRef::new("contact", "9");
    let sink = Scripted::new(vec![create().needs([needed.clone()])], |_, _| Ok(created()));
    match one.drive(&sink).await.unwrap() {
        End::Parked { until: Until::Linked(link), .. } => assert_eq!(link, needed),
        other => panic!("{other:?}"),
    }
    assert_eq!(sink.calls("create"), 0);
}

#[tokio::test]
async fn two_steps_with_one_lock_are_never_in_flight_together() {
    let ledger = MemoryLedger::new();
    let clock = VirtualClock::new();
    let blobs: Arc<dyn Blobs> = Arc::new(NoBlobs);
    let sink = Scripted::new(vec![create().lock("twin")], |_, n| {
        Ok(Receipt::new(Made::Created(RemoteRef::new("thing", n.to_string()))))
    });
    let env = Env::new(&sink, &blobs, &clock);
    let go = async |id: &str| {
        let draft = Draft::new("thing", SourceRef::new("thing", id));
        let (mut journal, mut progress) = ledger.open(&draft.source, sink.steps.clone());
        drive(&env, &draft, &Refs::default(), &mut progress, &mut journal).await.unwrap()
    };
    let (first, second) = futures_util::future::join(go("1"), go("2")).await;
    assert_eq!(first, End::Done);
    assert!(matches!(second, End::Parked { until: Until::Unlocked(_), .. }), "{second:?}");
    assert_eq!(go("2").await, End::Done, "the lock was given back with the receipt on disk");
}

#[tokio::test]
async fn a_receipt_and_the_next_intent_are_one_commit() {
    let wire = Wire::new();
    let ledger = TestLedger::new(&wire);
    let steps = ["a", "b", "c"].map(|op| Step::new(op, Effect::Create)).to_vec();
    let sink = Scripted::new(steps, |_, _| Ok(Receipt::nothing()));
    let bench = Bench {
        sink: &sink,
        blobs: Arc::new(NoBlobs),
        wire: &wire,
        ledger: &ledger,
        landing: Duration::from_secs(30),
    };
    run(&bench, &vec![vec![One::new().draft]]).await.unwrap();
    assert_eq!(ledger.commits(), 1 + 3 + 1, "the plan, three intents, the last receipt");
}

#[tokio::test]
async fn a_step_that_is_refused_for_ever_ends_in_the_quarantine() {
    let wire = Wire::new();
    let ledger = TestLedger::new(&wire);
    let sink = Scripted::new(vec![create()], |_, _| {
        Err(Error::rejected(ErrorKind::NotReady, "not yet").with_retry(Retry::Later))
    });
    let bench = Bench {
        sink: &sink,
        blobs: Arc::new(NoBlobs),
        wire: &wire,
        ledger: &ledger,
        landing: Duration::from_secs(30),
    };
    let ran = run(&bench, &vec![vec![One::new().draft]]).await.unwrap();
    assert!(matches!(ran.open.as_slice(), [(_, Settled::Quarantined(_))]), "{ran:?}");
    assert_eq!(sink.calls("create"), 21, "the first attempt and twenty more");
}

#[tokio::test]
async fn winding_down_twice_sends_nothing_and_changes_nothing() {
    let one = One::new();
    let sink = Scripted::new(vec![create(), Step::new("later", Effect::Create)], |op, _| match op {
        "create" => Ok(created()),
        _ => Err(Error::rejected(ErrorKind::Invalid, "no")),
    });
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Quarantined { .. }));
    let mut seen = Vec::new();
    for _ in 0..2 {
        let (mut journal, mut progress) = one.ledger.open(&one.draft.source, vec![]);
        let env = Env::new(&sink, &one.blobs, &one.clock);
        let end = wind_down(&env, &one.draft, &Refs::default(), &mut progress, &mut journal).await.unwrap();
        assert_eq!(end, End::Done);
        seen.push(one.states());
    }
    assert!(matches!(seen[0].as_slice(), [State::Applied(_), State::Lost { .. }]));
    assert_eq!(seen[0], seen[1]);
    assert_eq!(sink.calls("later"), 1);
}

fn contact(name: &str) -> Draft {
    let mut draft = Draft::new("contact", SourceRef::new("contact", "1")).with("name", name);
    draft.key = Some("a@x.example".into());
    draft
}

#[tokio::test]
async fn a_session_whose_undo_was_parked_finishes_it_in_a_second_go() {
    let wire = Wire::new();
    let server = MemoryServer::new(&wire, Duration::ZERO);
    let sink = MemorySink::new(&server, 0);
    let mut session = Session::open(&sink, Arc::new(NoBlobs), wire.clock()).await.unwrap();
    assert_eq!(session.put(contact("A")).await.unwrap().end, End::Done);
    wire.faults(1, 0, 100);
    let open = session.undo_all().await.unwrap();
    assert!(matches!(open.as_slice(), [(_, End::Parked { .. })]), "{open:?}");
    assert_eq!(server.objects().len(), 1);
    wire.heal();
    wire.clock().advance(Duration::from_secs(600));
    assert_eq!(session.undo_all().await.unwrap(), []);
    assert_eq!(server.objects(), []);
}

#[tokio::test]
async fn a_session_refuses_a_second_draft_for_one_record_instead_of_dropping_it() {
    let wire = Wire::new();
    let server = MemoryServer::new(&wire, Duration::ZERO);
    let sink = MemorySink::new(&server, 0);
    let mut session = Session::open(&sink, Arc::new(NoBlobs), wire.clock()).await.unwrap();
    session.put(contact("A")).await.unwrap();
    let refused = session.put(contact("B")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    assert_eq!(session.undo_all().await.unwrap(), []);
    assert_eq!(server.objects(), []);
}

#[tokio::test]
async fn a_session_resumes_what_was_parked_and_undoes_it_all() {
    let wire = Wire::new();
    let server = MemoryServer::new(&wire, Duration::ZERO);
    let sink = MemorySink::new(&server, 60);
    let mut session = Session::open(&sink, Arc::new(NoBlobs), wire.clock()).await.unwrap();
    session.put(contact("A")).await.unwrap();
    let link = mapping_core::Link::Source(SourceRef::new("contact", "1"));
    let author = Author { link: Some(link), name: None };
    let part = |key: &str| {
        Part::new(key, Role::Customer, author.clone(), Some(wire.clock().now()), Body::plain("same"))
    };
    let thread = Draft::new("thread", SourceRef::new("ticket", "1"))
        .with("state", "closed")
        .with_part(part("m1"))
        .with_part(part("m2"))
        .with_part(part("m3"));
    wire.faults(3, 50, 0);
    let mut end = session.put(thread).await.unwrap().end;
    for _ in 0..100 {
        if end == End::Done {
            break;
        }
        wire.clock().advance(Duration::from_secs(200));
        end = session.resume().await.unwrap().pop().map_or(End::Done, |(_, end)| end);
    }
    assert_eq!(end, End::Done);
    let threads: Vec<_> = server.objects().into_iter().filter(|o| !o.parts.is_empty()).collect();
    assert_eq!((threads.len(), threads[0].parts.len(), threads[0].closed), (1, 3, true));
    wire.heal();
    assert_eq!(session.undo_all().await.unwrap(), []);
    assert_eq!(server.objects(), []);
}

#[tokio::test]
async fn a_session_counts_refusals_over_its_resumes() {
    let sink = Scripted::new(vec![create()], |_, _| {
        Err(Error::rejected(ErrorKind::NotReady, "not yet").with_retry(Retry::Later))
    });
    let clock = VirtualClock::new();
    let mut session = Session::open(&sink, Arc::new(NoBlobs), &clock).await.unwrap();
    let mut end = session.put(One::new().draft).await.unwrap().end;
    for _ in 0..20 {
        assert!(matches!(end, End::Parked { .. }), "{end:?}");
        end = session.resume().await.unwrap().pop().unwrap().1;
    }
    assert!(matches!(end, End::Quarantined { .. }), "{end:?}");
}

/// Drives one record again and again, as long as it is parked, as one process does.
async fn drive_to_its_end(one: &One, sink: &dyn Sink, steps: Vec<Step>) -> End {
    let (mut journal, mut progress) = one.ledger.open(&one.draft.source, steps);
    let env = Env::new(sink, &one.blobs, &one.clock);
    for _ in 0..200 {
        let refs = Refs::default();
        match drive(&env, &one.draft, &refs, &mut progress, &mut journal).await.unwrap() {
            End::Parked { until: Until::Time(t), .. } => one.clock.advance_to(t),
            end => return end,
        }
    }
    panic!("it never comes to an end: {:?}", one.states());
}

#[tokio::test]
async fn a_step_whose_answer_is_lost_for_ever_ends_in_the_quarantine() {
    for effect in [Effect::Overwrite, Effect::Change, Effect::Create] {
        let one = One::new();
        let sink = Scripted::new(vec![Step::new("write", effect)], |_, _| {
            Err(Error::unknown(ErrorKind::Unavailable, "500").with_retry(Retry::Later))
        });
        let end = drive_to_its_end(&one, &sink, sink.steps.clone()).await;
        assert!(matches!(end, End::Quarantined { .. }), "{end:?}");
        assert_eq!(sink.calls("write"), 21, "the first attempt and twenty more");
        match effect {
            Effect::Overwrite => assert!(one.states()[0].is_unsettled(), "it may have landed"),
            _ => assert!(matches!(one.states()[0], State::Refused { .. }), "reading found nothing"),
        }
    }
}

/// A sink that loses the first answer of a create and can't read.
struct Unreadable(Scripted, Retry);
#[async_trait]
impl Sink for Unreadable {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        self.0.catalog().await
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        self.0.shape(draft, catalog)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        self.0.steps(change)
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        self.0.perform(call).await
    }
    async fn settle(&self, _: &Call<'_>) -> Result<Vec<Candidate>> {
        Err(Error::rejected(ErrorKind::Forbidden, "no right to search").with_retry(self.1))
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        self.0.read(at).await
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        self.0.undo(done)
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.0.floor(draft)
    }
}

fn losing_its_answer(steps: Vec<Step>) -> Scripted {
    Scripted::new(steps, |_, _| Err(Error::unknown(ErrorKind::Transport, "reset").with_retry(Retry::Later)))
}

#[tokio::test]
async fn a_question_that_reading_can_never_answer_goes_to_a_person_and_stays_open() {
    let one = One::new();
    let sink = Unreadable(losing_its_answer(vec![create()]), Retry::Never);
    let end = drive_to_its_end(&one, &sink, vec![create()]).await;
    assert!(matches!(end, End::Quarantined { .. }), "{end:?}");
    assert!(one.states()[0].is_unsettled() && sink.0.calls("create") == 1);
}

#[tokio::test]
async fn a_wait_of_any_length_is_a_moment_and_no_panic() {
    let one = One::new();
    let sink = Scripted::new(vec![create()], |_, _| {
        Err(Error::rejected(ErrorKind::Throttled, "later").with_retry(Retry::After(Duration::MAX)))
    });
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Parked { until: Until::Time(_), .. }));

    let one = One::new();
    let sink = losing_its_answer(vec![create().blind(u32::MAX)]);
    let (mut journal, mut progress) = one.ledger.open(&one.draft.source, sink.steps.clone());
    for landing in [Duration::MAX, Duration::from_secs(i64::MAX as u64)] {
        let env = Env { landing, pause: Duration::MAX, ..Env::new(&sink, &one.blobs, &one.clock) };
        let end = drive(&env, &one.draft, &Refs::default(), &mut progress, &mut journal).await.unwrap();
        assert!(matches!(end, End::Parked { until: Until::Time(t), .. } if t == jiff::Timestamp::MAX));
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_settled_while_another_record_holds_its_lock() {
    let one = One::new();
    let mut sink = losing_its_answer(vec![create().lock("twin")]);
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Parked { .. }));
    // A journal that forgot whose lock it was, and a twin that is in flight with an equal object.
    let (mut ours, mut theirs) = (
        one.ledger.open(&one.draft.source, vec![]).0,
        one.ledger.open(&SourceRef::new("thing", "2"), vec![]).0,
    );
    ours.unlock("twin").await;
    assert!(theirs.lock("twin").await.unwrap());
    sink.found = vec![Candidate { receipt: created(), agrees: true }];
    assert!(matches!(one.drive(&sink).await.unwrap(), End::Parked { until: Until::Unlocked(_), .. }));
    assert!(one.states()[0].is_unsettled());
    theirs.unlock("twin").await;
    assert_eq!(one.drive(&sink).await.unwrap(), End::Done);
}

#[tokio::test]
async fn winding_down_keeps_what_it_decided_before_it_had_to_stop() {
    let one = One::new();
    let overwrite = Step::new("set", Effect::Overwrite);
    let sink = losing_its_answer(vec![overwrite, create()]);
    let (mut journal, mut progress) = one.ledger.open(&one.draft.source, sink.steps.clone());
    let at = one.clock.now();
    for index in 0..2 {
        let mark = Mark { index, state: State::Intended { at }, prepared: None };
        journal.commit(vec![mark.clone()]).await.unwrap();
        progress.entries[index].state = mark.state;
    }
    let env = Env::new(&sink, &one.blobs, &one.clock);
    let end = wind_down(&env, &one.draft, &Refs::default(), &mut progress, &mut journal).await.unwrap();
    assert!(matches!(end, End::Parked { .. }), "{end:?}");
    let copy: Vec<_> = progress.entries.into_iter().map(|e| e.state).collect();
    assert_eq!(one.states(), copy, "the copy follows the ledger");
}

#[tokio::test]
async fn a_batch_mark_that_was_parked_marks_what_follows_once_it_is_there() {
    let mut sink = Scripted::new(vec![create()], |_, n| match n {
        0 => Err(Error::rejected(ErrorKind::NotReady, "not yet").with_retry(Retry::Later)),
        n => Ok(Receipt::new(Made::Created(RemoteRef::new("thing", n.to_string())))),
    });
    sink.marks = true;
    let clock = VirtualClock::new();
    let mut session = Session::open(&sink, Arc::new(NoBlobs), &clock).await.unwrap();
    session.mark_batch("b1").await.unwrap();
    let marked = One::new().draft.with("mark", mapping_core::Link::Batch);
    assert!(matches!(session.put(marked).await.unwrap().end, End::Parked { .. }));
    assert_eq!(session.resume().await.unwrap(), []);
    assert_eq!(sink.calls("create"), 3);
}

#[tokio::test]
async fn a_commit_that_is_refused_changes_nothing() {
    let ledger = MemoryLedger::new();
    let (a, b) = (SourceRef::new("thing", "a"), SourceRef::new("thing", "b"));
    let applied = |index| Mark { index, state: State::Applied(created()), prepared: None };
    let (mut of_a, _) = ledger.open(&a, vec![create()]);
    let (mut of_b, before) = ledger.open(&b, vec![create(), create()]);
    of_a.commit(vec![applied(0)]).await.unwrap();
    let skipped = Mark { index: 0, state: State::Skipped, prepared: None };
    for wrong in [applied(1), Mark { index: 7, ..skipped.clone() }] {
        let e = of_b.commit(vec![skipped.clone(), wrong]).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Ledger);
        assert_eq!(ledger.progress(&b).unwrap(), before, "{e}");
    }
}
