//! A source in memory: pages, cursors, planted faults.

use crate::model::Record;
use crate::{
    Ask, Blob, ByteStream, Catalog, Error, ErrorKind, Item, Items, Kind, Result, Retry, Source, SourceRef,
};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

/// A source that streams a list of records in pages.
#[derive(Debug, Default)]
pub struct MemorySource {
    records: Vec<Record>,
    page: usize,
    changed: BTreeMap<SourceRef, Timestamp>,
    bad: BTreeMap<SourceRef, String>,
    unmapped: Vec<(Kind, String, u64)>,
    files: BTreeMap<SourceRef, (Blob, super::MemoryBlobs)>,
    failing: Option<(usize, AtomicU32)>,
}

impl MemorySource {
    /// These records, `page` of them a page (at least one).
    pub fn new(records: Vec<Record>, page: usize) -> Self {
        MemorySource { records, page: page.max(1), ..Self::default() }
    }
    /// When a record was last changed; others count as always changed.
    #[must_use]
    pub fn changed_at(mut self, record: SourceRef, at: Timestamp) -> Self {
        self.changed.insert(record, at);
        self
    }
    /// A record that can't be read: it comes as [`Item::Bad`].
    #[must_use]
    pub fn with_bad(mut self, record: SourceRef, why: &str) -> Self {
        self.bad.insert(record, why.to_owned());
        self
    }
    /// A path that has no place: it comes once, on the first page of the kind, as [`Item::Unmapped`].
    #[must_use]
    pub fn with_unmapped(mut self, kind: impl Into<Kind>, path: &str, count: u64) -> Self {
        self.unmapped.push((kind.into(), path.to_owned(), count));
        self
    }
    /// A file that is fetched on its own.
    #[must_use]
    pub fn with_file(mut self, file: SourceRef, blob: Blob, store: super::MemoryBlobs) -> Self {
        self.files.insert(file, (blob, store));
        self
    }
    /// Fails in the middle of this page (the first is 0) of every kind, this many times.
    #[must_use]
    pub fn failing_in(mut self, page: usize, times: u32) -> Self {
        self.failing = Some((page, AtomicU32::new(times)));
        self
    }

    fn fails(&self, page: usize) -> bool {
        let count_down = |left: u32| left.checked_sub(1);
        self.failing.as_ref().is_some_and(|(at, left)| {
            *at == page && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, count_down).is_ok()
        })
    }

    /// Everything a kind streams from a place on, up to a planted fault.
    fn items(&self, ask: &Ask<'_>, from: usize) -> Vec<Result<Item>> {
        let of_kind: Vec<&Record> =
            self.records.iter().filter(|r| r.key().kind == ask.kind && self.is_asked(r, ask)).collect();
        let total = Some(of_kind.len() as u64);
        let mut items = Vec::new();
        let mut at = from;
        loop {
            let page = at / self.page;
            let end = (at + self.page).min(of_kind.len());
            let unmapped = self.unmapped.iter().filter(|(kind, ..)| at == 0 && *kind == ask.kind);
            items.extend(
                unmapped.map(|(_, path, count)| Ok(Item::Unmapped { path: path.clone(), count: *count })),
            );
            let broken = self.fails(page);
            for record in of_kind.get(at..end).unwrap_or_default() {
                items.push(Ok(self.item(record)));
                if broken {
                    items.push(Err(Error::unknown(
                        ErrorKind::Transport,
                        "the connection broke inside a page",
                    )
                    .with_retry(Retry::Later)));
                    return items;
                }
            }
            at = end;
            let last = at >= of_kind.len();
            items.push(Ok(Item::PageEnd { cursor: (!last).then(|| at.to_string()), total }));
            if last {
                return items;
            }
        }
    }

    fn item(&self, record: &Record) -> Item {
        let key = record.key();
        match self.bad.get(&key) {
            Some(why) => Item::Bad { record: key, why: why.clone(), raw: None },
            None => Item::Record(Box::new(record.clone())),
        }
    }

    fn is_asked(&self, record: &Record, ask: &Ask<'_>) -> bool {
        match (ask.since, self.changed.get(&record.key())) {
            (Some(since), Some(changed)) => *changed >= since,
            _ => true,
        }
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn catalog(&self) -> Result<Catalog> {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for record in &self.records {
            *counts.entry(record.key().kind.to_string()).or_default() += 1;
        }
        Ok(Catalog {
            platform: "memory 1".to_owned(),
            account: "memory".to_owned(),
            counts,
            ..Catalog::default()
        })
    }

    fn kinds(&self) -> Vec<Kind> {
        let held = |kind: &&&'static str| self.records.iter().any(|r| r.key().kind == **kind);
        Record::KINDS.iter().filter(|kind| held(kind)).map(|kind| Kind::of(kind)).collect()
    }

    fn records<'a>(&'a self, ask: Ask<'a>) -> Items<'a> {
        let from = match ask.cursor.as_deref().map(str::parse::<usize>) {
            None => 0,
            Some(Ok(from)) => from,
            Some(Err(_)) => {
                let error = Error::not_sent(ErrorKind::Invalid, "the cursor is not one of this source");
                return stream::iter([Err(error)]).boxed();
            }
        };
        stream::iter(self.items(&ask, from)).boxed()
    }

    async fn open(&self, file: &SourceRef) -> Result<ByteStream> {
        match self.files.get(file) {
            Some((blob, store)) => crate::Blobs::open(store, blob).await,
            None => {
                Err(Error::rejected(ErrorKind::NotFound, "the source has no such file").with("file", file))
            }
        }
    }
}
