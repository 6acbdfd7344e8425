//! The suites can fail: each is shown a sink, a ledger or a driver's setting that is wrong in one way.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use async_trait::async_trait;
use mapping_core::testkit::{
    Changed, MemoryRig, Phases, Rig, SourceRig, TestLedger, Wire, World, crash_at_every_boundary,
    delta_writes_only_what_changed, lost_and_refused_answers, nothing_changed_writes_nothing,
    rollback_killed_at_every_boundary, rollback_reaches_the_start_state, search_lag, sink_conformance,
    source_conformance, twins, two_crashes,
};
use mapping_core::{
    Ask, Blobs, ByteStream, Call, Candidate, Catalog, Change, Dialect, Draft, Effect, Error, ErrorKind, Item,
    Items, Kind, Observed, Prepared, Progress, Receipt, RemoteRef, Result, Shaped, Sink, Source, SourceRef,
    Step, Value,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

fn says(proof: std::result::Result<impl std::fmt::Display, String>, words: &str) {
    match proof {
        Ok(report) => panic!("the suite passed: {report}"),
        Err(why) => {
            println!("{why}");
            assert!(why.contains(words), "expected \"{words}\" in: {why}");
        }
    }
}

#[tokio::test]
async fn without_a_blind_window_a_lagging_search_doubles() {
    says(search_lag(&MemoryRig::new().without_blind_window()).await, "doubled");
}

#[tokio::test]
async fn without_locks_twins_are_ambiguous() {
    says(twins(&MemoryRig::new().without_locks(), 0..300).await, "equal objects could be its result");
}

#[tokio::test]
async fn prior_values_that_travel_with_the_receipt_cannot_be_restored_after_a_crash() {
    says(
        rollback_reaches_the_start_state(&MemoryRig::new().forgetting_prior_values()).await,
        "another state at",
    );
}

/// One way in which a sink is wrong.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// A create is called an overwrite, so that it is sent again after a lost answer.
    CreatesRepeat,
    /// A change is called an overwrite, so that its prior values are read again after it landed.
    ChangesRepeat,
    /// Settling never finds anything.
    SettlesNothing,
    /// Settling a reply doesn't look at what other steps account for.
    IgnoresClaims,
    /// Undo forgets what was matched.
    ForgetsMatches,
    /// A reply is left out.
    DropsAReply,
    /// A delta writes everything again.
    RewritesAll,
    /// `perform` reads before it writes.
    ReadsInPerform,
    /// A title comes back in another form.
    ReadsWrongly,
    /// Shaping its own result shapes again.
    ShapesTwice,
    /// The replies are sent newest first.
    Reverses,
    /// Two answers of `steps` to one question.
    Wavers,
    /// A link of the draft that no step needs.
    NeedsNothing,
    /// More calls than its cost says.
    CostsTooLittle,
}

struct Wrong(MemoryRig, Fault);
struct WrongWorld(Box<dyn World>, Fault);
struct WrongSink(Box<dyn Sink>, Fault, std::sync::atomic::AtomicUsize);

#[async_trait]
impl Rig for Wrong {
    fn name(&self) -> String {
        "a control".into()
    }
    async fn world(&self, wire: &Wire, lag: Duration) -> Result<Box<dyn World>> {
        Ok(Box::new(WrongWorld(self.0.world(wire, lag).await?, self.1)))
    }
    fn drafts(&self) -> Phases {
        self.0.drafts()
    }
    fn twins(&self) -> Phases {
        self.0.twins()
    }
    fn changed(&self) -> Option<Changed> {
        self.0.changed()
    }
    fn blobs(&self) -> Arc<dyn Blobs> {
        self.0.blobs()
    }
    fn ledger(&self, wire: &Wire) -> TestLedger {
        self.0.ledger(wire)
    }
}

#[async_trait]
impl World for WrongWorld {
    async fn connect(&self) -> Result<Box<dyn Sink>> {
        Ok(Box::new(WrongSink(self.0.connect().await?, self.1, Default::default())))
    }
    async fn state(&self) -> Result<serde_json::Value> {
        self.0.state().await
    }
    async fn judge(&self, drafts: &Phases) -> Result<mapping_core::testkit::Verdict> {
        self.0.judge(drafts).await
    }
    async fn meddle(&self) -> Result<()> {
        self.0.meddle().await
    }
}

impl WrongSink {
    fn spoil(&self, steps: &mut Vec<Step>) {
        match self.1 {
            Fault::CreatesRepeat => steps.iter_mut().filter(|s| s.op == "thread.create").for_each(repeat),
            Fault::ChangesRepeat => steps.iter_mut().filter(|s| s.op == "object.change").for_each(repeat),
            Fault::DropsAReply if steps.len() > 4 => {
                steps.remove(3);
            }
            Fault::Reverses => {
                let replies = |s: &Step| s.op == "thread.reply";
                if let Some(first) = steps.iter().position(replies) {
                    let end = first + steps.iter().filter(|s| replies(s)).count();
                    steps[first..end].reverse();
                }
            }
            Fault::Wavers => {
                let n = self.2.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                steps.iter_mut().for_each(|s| s.blind_seconds += n as u32);
            }
            Fault::NeedsNothing => steps.iter_mut().for_each(|s| s.needs.clear()),
            Fault::CostsTooLittle => steps.iter_mut().for_each(|s| s.cost.worst = 1),
            _ => {}
        }
    }
}

fn repeat(step: &mut Step) {
    step.effect = Effect::Overwrite;
}

#[async_trait]
impl Sink for WrongSink {
    fn dialect(&self) -> Dialect {
        self.0.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        self.0.catalog().await
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        let mut shaped = self.0.shape(draft, catalog)?;
        if self.1 == Fault::ShapesTwice && !draft.parts.is_empty() {
            let title = format!("Re: {}", draft.text("title"));
            shaped.draft.fields.insert("title".into(), Value::text(title));
        }
        Ok(shaped)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        let first = Change { written: None, ..*change };
        let change = if self.1 == Fault::RewritesAll { &first } else { change };
        let mut steps = self.0.steps(change)?;
        if self.1 == Fault::RewritesAll && change.target.is_some() {
            steps.retain(|s| s.effect == Effect::Overwrite);
        }
        self.spoil(&mut steps);
        Ok(steps)
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        self.0.prepare(call).await
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        if self.1 == Fault::ReadsInPerform && call.step.op == "thread.close" {
            self.0.read(call.target()?).await?;
        }
        self.0.perform(call).await
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        if self.1 == Fault::SettlesNothing {
            return Ok(vec![]);
        }
        if self.1 == Fault::IgnoresClaims {
            let mut forgetful = call.so_far.clone();
            for entry in &mut forgetful.entries {
                if let mapping_core::State::Applied(receipt) = &mut entry.state {
                    receipt.outputs.remove("part");
                }
            }
            let call =
                Call::new(call.step, call.draft, &forgetful, call.prepared, call.refs, call.blobs, call.now);
            return self.0.settle(&call).await;
        }
        self.0.settle(call).await
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        let mut read = self.0.read(at).await?;
        if let (Fault::ReadsWrongly, Some(observed)) = (self.1, &mut read) {
            observed.draft.fields.insert("title".into(), Value::text("another"));
        }
        Ok(read)
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        let mut steps = self.0.undo(done)?;
        if self.1 == Fault::ForgetsMatches {
            steps.retain(|s| s.op == "undo.delete");
        }
        Ok(steps)
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.0.batch_mark(label)
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.0.floor(draft)
    }
}

fn wrong(fault: Fault) -> Wrong {
    Wrong(MemoryRig::new(), fault)
}

#[tokio::test]
async fn a_create_that_is_repeated_doubles() {
    says(crash_at_every_boundary(&wrong(Fault::CreatesRepeat)).await, "doubled");
    says(lost_and_refused_answers(&wrong(Fault::CreatesRepeat), 0..50).await, "doubled");
    says(two_crashes(&wrong(Fault::CreatesRepeat), 7).await, "doubled");
}

#[tokio::test]
async fn a_change_that_is_repeated_loses_the_prior_values() {
    says(rollback_reaches_the_start_state(&wrong(Fault::ChangesRepeat)).await, "another state at");
}

#[tokio::test]
async fn settling_that_finds_nothing_doubles() {
    says(crash_at_every_boundary(&wrong(Fault::SettlesNothing)).await, "doubled");
}

#[tokio::test]
async fn settling_that_forgets_what_is_claimed_loses_the_second_of_two_equal_replies() {
    says(crash_at_every_boundary(&wrong(Fault::IgnoresClaims)).await, "lost");
}

#[tokio::test]
async fn an_undo_that_forgets_matched_objects_does_not_reach_the_start_state() {
    says(rollback_killed_at_every_boundary(&wrong(Fault::ForgetsMatches)).await, "another state at");
}

#[tokio::test]
async fn a_reply_left_out_is_lost_and_replies_reversed_are_out_of_order() {
    says(crash_at_every_boundary(&wrong(Fault::DropsAReply)).await, "1 parts lost");
    says(crash_at_every_boundary(&wrong(Fault::Reverses)).await, "out of order");
}

#[tokio::test]
async fn a_delta_that_writes_everything_again_is_found() {
    says(
        delta_writes_only_what_changed(&wrong(Fault::RewritesAll)).await,
        "writes for a change that needs 5",
    );
    says(nothing_changed_writes_nothing(&wrong(Fault::RewritesAll)).await, "steps were planned");
}

#[tokio::test]
async fn each_broken_promise_of_a_sink_is_named() {
    says(
        sink_conformance(&wrong(Fault::ReadsInPerform)).await,
        "perform of `thread.close` made 1 writes and 1",
    );
    says(sink_conformance(&wrong(Fault::ReadsWrongly)).await, "title: wanted");
    says(sink_conformance(&wrong(Fault::ShapesTwice)).await, "shape is not idempotent: title");
    says(sink_conformance(&wrong(Fault::Wavers)).await, "two answers");
    says(sink_conformance(&wrong(Fault::NeedsNothing)).await, "no step needs");
    says(sink_conformance(&wrong(Fault::CostsTooLittle)).await, "its cost says 1 at worst");
}

/// A source that is wrong in one way.
#[derive(Clone, Copy, PartialEq)]
enum SourceFault {
    Repeats,
    Skips,
    LosesTheCursor,
    Miscounts,
    Silent,
}

struct WrongSource(mapping_core::testkit::MemorySource, SourceFault);

#[async_trait]
impl Source for WrongSource {
    async fn catalog(&self) -> Result<Catalog> {
        self.0.catalog().await
    }
    fn kinds(&self) -> Vec<Kind> {
        self.0.kinds()
    }
    fn records<'a>(&'a self, mut ask: Ask<'a>) -> Items<'a> {
        use futures_util::StreamExt;
        if self.1 == SourceFault::LosesTheCursor {
            ask.cursor = ask.cursor.map(|_| "1".to_owned());
        }
        let fault = self.1;
        let mut n = 0;
        Box::pin(self.0.records(ask).flat_map(move |item| {
            n += u32::from(matches!(item, Ok(Item::Record(_))));
            let items = match (fault, item) {
                (SourceFault::Repeats, Ok(Item::Record(r))) if n == 1 => {
                    vec![Ok(Item::Record(r.clone())), Ok(Item::Record(r))]
                }
                (SourceFault::Skips, Ok(Item::Record(_))) if n == 2 => vec![],
                (SourceFault::Silent, Ok(Item::Unmapped { .. })) => vec![],
                (SourceFault::Miscounts, Ok(Item::PageEnd { cursor, .. })) => {
                    vec![Ok(Item::PageEnd { cursor, total: Some(99) })]
                }
                (_, item) => vec![item],
            };
            futures_util::stream::iter(items)
        }))
    }
    async fn open(&self, _: &SourceRef) -> Result<ByteStream> {
        Err(Error::not_sent(ErrorKind::NotFound, "no files"))
    }
}

struct WrongSourceRig(SourceFault);
#[async_trait]
impl SourceRig for WrongSourceRig {
    fn name(&self) -> String {
        "a control".into()
    }
    async fn source(&self) -> Result<Box<dyn Source>> {
        let contact = |n: u32| mapping_core::model::Contact::new(n.to_string().into()).into();
        let source = mapping_core::testkit::MemorySource::new((0..7).map(contact).collect(), 2)
            .with_unmapped("contact", "Contact/Mood", 7);
        Ok(Box::new(WrongSource(source, self.0)))
    }
    fn expected(&self) -> BTreeMap<Kind, u64> {
        BTreeMap::from([(Kind::of("contact"), 7)])
    }
    fn unknown(&self) -> Vec<String> {
        vec!["Contact/Mood".into()]
    }
}

#[tokio::test]
async fn each_broken_promise_of_a_source_is_named() {
    says(source_conformance(&WrongSourceRig(SourceFault::Repeats)).await, "came 2 times");
    says(source_conformance(&WrongSourceRig(SourceFault::Skips)).await, "stated and");
    says(source_conformance(&WrongSourceRig(SourceFault::LosesTheCursor)).await, "reading on from a cursor");
    says(source_conformance(&WrongSourceRig(SourceFault::Miscounts)).await, "a total of 99");
    says(source_conformance(&WrongSourceRig(SourceFault::Silent)).await, "was not reported");
}
