//! Source → mapping → sink without an engine.

use crate::{
    Blobs, Catalog, Change, Clock, Draft, End, Env, Error, ErrorKind, Loss, MemoryLedger, Progress, Refs,
    RemoteRef, Result, Sink, SourceRef, drive, wind_down,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Loads drafts into a sink in memory, without run directory, ledger file or plan.
///
/// It has the driver's promises as long as the process lives: nothing is sent twice because an answer was lost, and
/// [`undo_all`](Session::undo_all) takes back what it made. A crash loses its memory; use an engine with a ledger for
/// a load that must survive one.
pub struct Session<'a> {
    sink: &'a dyn Sink,
    blobs: Arc<dyn Blobs>,
    clock: &'a dyn Clock,
    catalog: Catalog,
    ledger: MemoryLedger,
    /// The record whose object marks what follows.
    batch: Option<SourceRef>,
    drafts: BTreeMap<SourceRef, Draft>,
    order: Vec<SourceRef>,
    /// How far the open records have come, with the refusals that the ledger doesn't keep.
    open: BTreeMap<SourceRef, Progress>,
    /// Records whose undo steps are in the ledger.
    undoing: BTreeSet<SourceRef>,
}

/// What became of one draft.
#[derive(Clone, Debug)]
pub struct Put {
    /// How far it came. A parked one goes on with [`Session::resume`].
    pub end: End,
    /// What the platform could not hold.
    pub losses: Vec<Loss>,
    /// The object that stands for it now.
    pub target: Option<RemoteRef>,
}

impl<'a> Session<'a> {
    /// Reads the catalog and begins.
    ///
    /// # Errors
    /// As [`Sink::catalog`].
    pub async fn open(sink: &'a dyn Sink, blobs: Arc<dyn Blobs>, clock: &'a dyn Clock) -> Result<Self> {
        let catalog = sink.catalog().await?;
        Ok(Session {
            sink,
            blobs,
            clock,
            catalog,
            ledger: MemoryLedger::new(),
            batch: None,
            drafts: BTreeMap::new(),
            order: Vec::new(),
            open: BTreeMap::new(),
            undoing: BTreeSet::new(),
        })
    }

    /// What the destination held when the session began.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Marks everything that follows with this label, where the sink can mark things. When the mark itself is parked,
    /// what links to it waits for it.
    ///
    /// # Errors
    /// As [`put`](Session::put).
    pub async fn mark_batch(&mut self, label: &str) -> Result<()> {
        if let Some(mark) = self.sink.batch_mark(label) {
            self.batch = Some(mark.source.clone());
            self.put(mark).await?;
        }
        Ok(())
    }

    /// Shapes a draft and writes it.
    ///
    /// # Errors
    /// `Conflict` for a record that was put before: a session doesn't bring changes over. What shaping refuses, and
    /// what stops the whole session ([`Error::stops_the_run`](crate::Error::stops_the_run)).
    pub async fn put(&mut self, wanted: Draft) -> Result<Put> {
        let shaped = self.sink.shape(&wanted, &self.catalog)?;
        let steps = self.sink.steps(&Change::first(&shaped.draft))?;
        let record = shaped.draft.source.clone();
        if self.drafts.contains_key(&record) {
            return Err(Error::not_sent(ErrorKind::Conflict, "this session has put the record already")
                .with("record", &record));
        }
        self.ledger.open(&record, steps);
        self.drafts.insert(record.clone(), shaped.draft);
        self.order.push(record.clone());
        let end = self.drive(&record).await?;
        Ok(Put { end, losses: shaped.losses, target: self.progress(&record).target().cloned() })
    }

    /// Drives every record that isn't done again, and returns those that still aren't.
    ///
    /// # Errors
    /// What stops the whole session.
    pub async fn resume(&mut self) -> Result<Vec<(SourceRef, End)>> {
        let mut open = Vec::new();
        for record in self.order.clone() {
            if !self.progress(&record).is_done() {
                match self.drive(&record).await? {
                    End::Done => {}
                    end => open.push((record, end)),
                }
            }
        }
        Ok(open)
    }

    /// Takes back everything this session made, newest first, and returns the records it could not. Call it again to go
    /// on with those that were parked.
    ///
    /// # Errors
    /// What stops the whole session.
    pub async fn undo_all(&mut self) -> Result<Vec<(SourceRef, End)>> {
        let mut kept = Vec::new();
        for record in self.order.clone().into_iter().rev() {
            match self.undo(&record).await? {
                End::Done => self.order.retain(|other| *other != record),
                end => kept.push((record, end)),
            }
        }
        Ok(kept)
    }

    async fn undo(&mut self, record: &SourceRef) -> Result<End> {
        if !self.undoing.contains(record) {
            self.open.remove(record);
            let (mut journal, mut progress) = self.ledger.open(record, Vec::new());
            if let Some(draft) = self.drafts.get(record) {
                let env = Env::new(self.sink, &self.blobs, self.clock);
                match wind_down(&env, draft, &self.refs(), &mut progress, &mut journal).await? {
                    End::Done => {}
                    open => return Ok(open),
                }
            }
            let steps = self.sink.undo(&progress)?;
            self.ledger.append(record, steps);
            self.undoing.insert(record.clone());
        }
        self.drive(record).await
    }

    fn progress(&self, record: &SourceRef) -> Progress {
        self.ledger.progress(record).unwrap_or_default()
    }

    async fn drive(&mut self, record: &SourceRef) -> Result<End> {
        let (mut journal, on_record) = self.ledger.open(record, Vec::new());
        let mut progress = self.open.remove(record).unwrap_or(on_record);
        let Some(draft) = self.drafts.get(record) else { return Ok(End::Done) };
        let refs = self.refs();
        let env = Env::new(self.sink, &self.blobs, self.clock);
        let end = drive(&env, draft, &refs, &mut progress, &mut journal).await?;
        if end != End::Done {
            self.open.insert(record.clone(), progress);
        }
        Ok(end)
    }

    /// The counterpart of every record of the session, and of every record that was merged into one.
    fn refs(&self) -> Refs {
        let mut refs = self.ledger.refs();
        refs.batch = self.batch.as_ref().and_then(|mark| refs.records.get(mark).cloned());
        for (record, draft) in &self.drafts {
            if let Some(target) = refs.records.get(record).cloned() {
                for alias in &draft.aliases {
                    refs.records.insert(alias.clone(), target.clone());
                }
            }
        }
        refs
    }
}
