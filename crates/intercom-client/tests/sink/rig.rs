//! Records driven step by step over a ledger in memory, so that a test can look at receipts and bring changes over.

use crate::standin;
use intercom_client::{IntercomSink, SinkOptions};
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{
    Blobs, Catalog, Change, Draft, End, Env, Loss, MemoryLedger, Observed, Progress, Refs, RemoteRef, Sink,
    SourceRef, Until, drive_pass, wind_down,
};
use migrate_sandbox::intercom::Intercom;
use std::collections::BTreeMap;
use std::sync::Arc;

/// As often as a record may wait in one drive.
const MOST_WAITS: usize = 60;

pub struct Run {
    pub intercom: Intercom,
    pub sink: IntercomSink,
    pub blobs: MemoryBlobs,
    pub catalog: Catalog,
    ledger: MemoryLedger,
    shaped: BTreeMap<SourceRef, Draft>,
    batch: Option<SourceRef>,
}

impl Run {
    pub async fn new(intercom: &Intercom) -> Self {
        Self::with(intercom, SinkOptions::default()).await
    }

    pub async fn with(intercom: &Intercom, options: SinkOptions) -> Self {
        let sink = standin::sink(intercom, options);
        let catalog = sink.catalog().await.unwrap();
        let (ledger, shaped) = (MemoryLedger::new(), BTreeMap::new());
        let blobs = MemoryBlobs::new();
        Run { intercom: intercom.clone(), sink, blobs, catalog, ledger, shaped, batch: None }
    }

    pub async fn mark(&mut self, label: &str) {
        let mark = self.sink.batch_mark(label).unwrap();
        self.batch = Some(mark.source.clone());
        assert_eq!(self.put(mark).await, End::Done);
    }

    pub async fn look_again(&mut self) {
        self.catalog = self.sink.catalog().await.unwrap();
    }

    pub fn refs(&self) -> Refs {
        let mut refs = self.ledger.refs();
        refs.batch = self.batch.as_ref().and_then(|mark| refs.records.get(mark).cloned());
        refs
    }

    /// Shapes a draft and writes it, all passes; what was lost in shaping is the caller's to ask.
    pub async fn put(&mut self, wanted: Draft) -> End {
        self.plan(wanted.clone());
        self.drive(&wanted.source, u8::MAX).await
    }

    /// Shapes a draft and writes the plan, without a call.
    pub fn plan(&mut self, wanted: Draft) -> SourceRef {
        let shaped = self.sink.shape(&wanted, &self.catalog).unwrap().draft;
        let steps = self.sink.steps(&Change::first(&shaped)).unwrap();
        self.ledger.open(&shaped.source, steps);
        let record = shaped.source.clone();
        self.shaped.insert(record.clone(), shaped);
        record
    }

    /// Brings a change over, as a delta does: with what was written, and with what is there now.
    pub async fn change(&mut self, wanted: Draft) -> End {
        self.changed(wanted, true).await
    }

    /// As [`change`](Run::change), by somebody who doesn't look at what is there.
    pub async fn change_unread(&mut self, wanted: Draft) -> End {
        self.changed(wanted, false).await
    }

    async fn changed(&mut self, wanted: Draft, looking: bool) -> End {
        let shaped = self.sink.shape(&wanted, &self.catalog).unwrap().draft;
        let written = self.shaped[&shaped.source].clone();
        let target = self.target(&shaped.source);
        let observed = if looking { self.sink.read(&target).await.unwrap() } else { None };
        let change = Change {
            desired: &shaped,
            written: Some(&written),
            observed: observed.as_ref(),
            target: Some(&target),
        };
        let steps = self.sink.steps(&change).unwrap();
        self.ledger.append(&shaped.source, steps);
        let record = shaped.source.clone();
        self.shaped.insert(record.clone(), shaped);
        self.drive(&record, u8::MAX).await
    }

    /// Drives a record as far as a pass goes; waits pass at once.
    pub async fn drive(&self, record: &SourceRef, pass: u8) -> End {
        let blobs: Arc<dyn Blobs> = Arc::new(self.blobs.clone());
        let clock = self.intercom.clock().clone();
        let now = move || clock.now();
        let env = Env::new(&self.sink, &blobs, &now);
        let (mut journal, mut progress) = self.ledger.open(record, Vec::new());
        let draft = &self.shaped[record];
        let mut end = End::Done;
        for _ in 0..MOST_WAITS {
            let refs = self.refs();
            end = drive_pass(&env, draft, &refs, &mut progress, &mut journal, pass).await.unwrap();
            match &end {
                End::Parked { until: Until::Time(at), .. } => self.intercom.clock().set(*at),
                _ => break,
            }
        }
        end
    }

    /// Takes a record back.
    pub async fn undo(&mut self, record: &SourceRef) -> End {
        let blobs: Arc<dyn Blobs> = Arc::new(self.blobs.clone());
        let clock = self.intercom.clock().clone();
        let now = move || clock.now();
        let env = Env::new(&self.sink, &blobs, &now);
        let (mut journal, mut progress) = self.ledger.open(record, Vec::new());
        let (draft, refs) = (&self.shaped[record], self.refs());
        let ended = wind_down(&env, draft, &refs, &mut progress, &mut journal).await.unwrap();
        assert_eq!(ended, End::Done);
        let steps = self.sink.undo(&progress).unwrap();
        self.ledger.append(record, steps);
        self.drive(record, u8::MAX).await
    }

    pub fn progress(&self, record: &SourceRef) -> Progress {
        self.ledger.progress(record).unwrap()
    }

    pub fn target(&self, record: &SourceRef) -> RemoteRef {
        self.progress(record).target().unwrap().clone()
    }

    pub fn shaped(&self, record: &SourceRef) -> &Draft {
        &self.shaped[record]
    }

    /// What the writes of a record could not keep.
    pub fn losses(&self, record: &SourceRef) -> Vec<Loss> {
        self.progress(record).receipts().flat_map(|(_, r)| r.losses.clone()).collect()
    }

    pub fn lost_fields(&self, record: &SourceRef) -> Vec<String> {
        self.losses(record).into_iter().map(|loss| loss.field).collect()
    }

    pub async fn read(&self, record: &SourceRef) -> Observed {
        self.sink.read(&self.target(record)).await.unwrap().unwrap()
    }
}
