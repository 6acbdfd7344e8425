//! The process dies after a call has landed and before its receipt is on disk: what is on disk then, and what a new
//! process does, for each kind of step by its name.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use mapping_core::testkit::{Bench, MemoryRig, Ran, Rig, TestLedger, Wire, World, rollback, run};
use mapping_core::{
    Call, Candidate, Catalog, Change, Dialect, Draft, Entry, ErrorKind, Made, Observed, Prepared, Progress,
    Receipt, RemoteRef, Result, Shaped, Sink, SourceRef, State, Step, Value,
};
use std::sync::Mutex;
use std::time::Duration;

/// A sink that lets one call land and dies before anybody hears of it.
struct Dying<'a> {
    inner: &'a dyn Sink,
    wire: &'a Wire,
    op: Mutex<Option<&'static str>>,
    /// What was performed and settled, in order.
    calls: Mutex<Vec<(&'static str, SourceRef, Step)>>,
}
impl<'a> Dying<'a> {
    fn after(inner: &'a dyn Sink, wire: &'a Wire, op: Option<&'static str>) -> Self {
        Dying { inner, wire, op: Mutex::new(op), calls: Mutex::default() }
    }
    fn note(&self, what: &'static str, call: &Call<'_>) {
        self.calls.lock().unwrap().push((what, call.draft.source.clone(), call.step.clone()));
    }
    fn count(&self, what: &str, record: &SourceRef, step: &Step) -> usize {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|(w, r, s)| *w == what && r == record && s == step).count()
    }
}

#[async_trait]
impl Sink for Dying<'_> {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        self.inner.catalog().await
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        self.inner.shape(draft, catalog)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        self.inner.steps(change)
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        self.inner.prepare(call).await
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        self.note("perform", call);
        let receipt = self.inner.perform(call).await?;
        let fatal = self.op.lock().unwrap().is_some_and(|op| op == call.step.op);
        if fatal {
            self.wire.crash_at(1);
            self.wire.boundary()?;
        }
        Ok(receipt)
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        self.note("settle", call);
        self.inner.settle(call).await
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        self.inner.read(at).await
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        self.inner.undo(done)
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.inner.batch_mark(label)
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.inner.floor(draft)
    }
}

struct Scene {
    rig: MemoryRig,
    wire: Wire,
    ledger: TestLedger,
    world: Box<dyn World>,
    sink: Box<dyn Sink>,
}

/// What was found on disk after the death, and what the next process did about it.
struct Aftermath {
    record: SourceRef,
    index: usize,
    on_disk: Entry,
    performed_again: usize,
    settled: usize,
}

impl Scene {
    async fn new() -> Self {
        let (rig, wire) = (MemoryRig::new(), Wire::new());
        let world = rig.world(&wire, Duration::ZERO).await.unwrap();
        let sink = world.connect().await.unwrap();
        Scene { ledger: rig.ledger(&wire), rig, wire, world, sink }
    }
    async fn work(&self, sink: &dyn Sink, undo: bool) -> Result<Ran> {
        let bench = Bench {
            sink,
            blobs: self.rig.blobs(),
            wire: &self.wire,
            ledger: &self.ledger,
            landing: self.rig.landing(),
        };
        if undo { rollback(&bench).await } else { run(&bench, &self.rig.drafts()).await }
    }
    /// Dies after `op` has landed, looks at the disk, starts again.
    async fn dies_after(&self, op: &'static str, undo: bool) -> Aftermath {
        let dying = Dying::after(&*self.sink, &self.wire, Some(op));
        let died = self.work(&dying, undo).await.unwrap_err();
        assert_eq!(died.kind(), ErrorKind::Interrupted, "{died}");
        self.wire.restart();
        self.ledger.restart();
        let records = self.ledger.records();
        let found = records.iter().find_map(|record| {
            let progress = self.ledger.progress(record)?;
            let index = progress.entries.iter().position(|e| e.state.is_unsettled())?;
            Some((record.clone(), index, progress.entries[index].clone()))
        });
        let (record, index, on_disk) = found.unwrap();
        assert_eq!(on_disk.step.op, op);
        assert!(matches!(on_disk.state, State::Intended { .. }), "the intent was on disk before the call");

        let next = Dying::after(&*self.sink, &self.wire, None);
        let ran = self.work(&next, undo).await.unwrap();
        assert!(ran.is_done(), "{ran:?}");
        let performed_again = next.count("perform", &record, &on_disk.step);
        let settled = next.count("settle", &record, &on_disk.step);
        Aftermath { record, index, on_disk, performed_again, settled }
    }
    fn receipt(&self, after: &Aftermath) -> Receipt {
        match &self.ledger.progress(&after.record).unwrap().entries[after.index].state {
            State::Applied(receipt) => receipt.clone(),
            other => panic!("{other:?}"),
        }
    }
    async fn judged(&self) {
        let verdict = self.world.judge(&self.rig.drafts()).await.unwrap();
        assert!(verdict.is_clean(), "{verdict:?}");
    }
}

#[tokio::test]
async fn a_create_that_landed_is_found_by_reading_and_not_sent_again() {
    let scene = Scene::new().await;
    let after = scene.dies_after("thread.create", false).await;
    assert_eq!((after.performed_again, after.settled), (0, 1));
    assert!(matches!(scene.receipt(&after).made, Made::Created(_)));
    scene.judged().await;
}

#[tokio::test]
async fn a_part_that_landed_is_found_by_reading_and_not_sent_again() {
    let scene = Scene::new().await;
    let after = scene.dies_after("thread.reply", false).await;
    assert_eq!((after.performed_again, after.settled), (0, 1));
    assert!(scene.receipt(&after).outputs.contains_key("part"));
    scene.judged().await;
}

#[tokio::test]
async fn a_keyed_create_that_landed_is_ours_and_not_taken_for_a_match() {
    let scene = Scene::new().await;
    let after = scene.dies_after("object.create", false).await;
    assert_eq!((after.performed_again, after.settled), (0, 1));
    assert!(matches!(scene.receipt(&after).made, Made::Created(_)), "undo must delete it");
    scene.judged().await;
}

#[tokio::test]
async fn a_change_that_landed_keeps_the_prior_values_of_its_intent() {
    let scene = Scene::new().await;
    let after = scene.dies_after("object.change", false).await;
    assert_eq!(after.on_disk.prepared.before.get("name"), Some(&Value::text("Before")));
    assert_eq!((after.performed_again, after.settled), (0, 1));
    let kept = &scene.ledger.progress(&after.record).unwrap().entries[after.index].prepared;
    assert_eq!(*kept, after.on_disk.prepared, "settling leaves them as they were");
    assert!(matches!(scene.receipt(&after).made, Made::Changed(_)));
    scene.judged().await;
}

#[tokio::test]
async fn a_conditional_revival_that_landed_is_found_by_reading_and_undone_in_the_end() {
    let scene = Scene::new().await;
    let start = scene.world.state().await.unwrap();
    let after = scene.dies_after("object.revive", false).await;
    assert_eq!((after.performed_again, after.settled), (0, 1));
    assert_eq!(after.on_disk.prepared.before.get("archived"), Some(&Value::Bool(true)));
    scene.judged().await;
    assert!(scene.work(&*scene.sink, true).await.unwrap().is_done());
    assert_eq!(scene.world.state().await.unwrap(), start, "the archived contact is archived again");
}

#[tokio::test]
async fn a_conditional_step_that_was_not_needed_leaves_no_intent() {
    let scene = Scene::new().await;
    assert!(scene.work(&*scene.sink, false).await.unwrap().is_done());
    let progress = scene.ledger.progress(&SourceRef::new("contact", "1")).unwrap();
    let states: Vec<&State> = progress.entries.iter().skip(1).map(|e| &e.state).collect();
    assert_eq!(states, [&State::Skipped, &State::Skipped]);
}

#[tokio::test]
async fn an_overwrite_that_landed_is_sent_again_without_asking() {
    for op in ["thread.set", "thread.tag", "thread.close"] {
        let scene = Scene::new().await;
        let after = scene.dies_after(op, false).await;
        assert_eq!((after.performed_again, after.settled), (1, 0), "{op}");
        scene.judged().await;
    }
}

#[tokio::test]
async fn an_undo_that_landed_is_repeated_until_its_receipt_is_on_disk() {
    for op in ["undo.delete", "undo.restore", "undo.archive"] {
        let scene = Scene::new().await;
        let start = scene.world.state().await.unwrap();
        assert!(scene.work(&*scene.sink, false).await.unwrap().is_done());
        let after = scene.dies_after(op, true).await;
        // A restore that landed finds nothing of ours to put back, so it makes no second call.
        assert_eq!(after.performed_again, usize::from(op != "undo.restore"), "{op}");
        assert_eq!(after.settled, 0, "{op}");
        assert_eq!(scene.world.state().await.unwrap(), start, "{op}");
    }
}

#[tokio::test]
async fn a_rollback_after_a_landed_create_deletes_what_nobody_had_heard_of() {
    for op in
        ["thread.create", "thread.reply", "object.create", "object.change", "object.revive", "thread.set"]
    {
        let scene = Scene::new().await;
        let start = scene.world.state().await.unwrap();
        let dying = Dying::after(&*scene.sink, &scene.wire, Some(op));
        assert!(scene.work(&dying, false).await.is_err());
        scene.wire.restart();
        scene.ledger.restart();
        assert!(scene.work(&*scene.sink, true).await.unwrap().is_done(), "{op}");
        assert_eq!(scene.world.state().await.unwrap(), start, "{op}");
    }
}
