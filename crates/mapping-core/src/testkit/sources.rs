//! What every source promises.

use super::{MemoryBlobs, SuiteReport};
use crate::{Ask, Item, Kind, Source, SourceRef};
use async_trait::async_trait;
use futures_util::StreamExt;
use std::collections::BTreeMap;

/// Streams of one kind after which a suite calls a source endless.
const MOST_PAGES: usize = 100_000;

/// A test rig for one source.
#[async_trait]
pub trait SourceRig: Send + Sync {
    /// Its name, for reports.
    fn name(&self) -> String;
    /// A newly connected source.
    ///
    /// # Errors
    /// Whatever keeps it from connecting.
    async fn source(&self) -> crate::Result<Box<dyn Source>>;
    /// How many records of each kind the data has, the unreadable ones included.
    fn expected(&self) -> BTreeMap<Kind, u64>;
    /// Paths that have no place and must be reported.
    fn unknown(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Checks over every kind that
///
/// - each record comes once, unreadable ones named, and as many as there are,
/// - the totals that the source states agree with what came,
/// - reading on from each cursor, with a new connection, gives exactly the rest,
/// - an error leaves the marks before it usable,
/// - what has no place is reported.
///
/// # Errors
/// A sentence about the first promise that was broken.
pub async fn source_conformance(rig: &dyn SourceRig) -> Result<SuiteReport, String> {
    let mut report = SuiteReport { suite: "source_conformance", rig: rig.name(), ..SuiteReport::default() };
    let mut came: BTreeMap<Kind, u64> = BTreeMap::new();
    let mut paths: Vec<String> = Vec::new();
    let kinds = connect(rig).await?.kinds();
    for kind in kinds {
        let whole = read_all(rig, &kind).await.map_err(|e| format!("{kind}: {e}"))?;
        report.runs += 1;
        for page in &whole {
            if let Some(cursor) = &page.cursor {
                resumes(rig, &kind, &whole, cursor).await.map_err(|e| format!("{kind}: {e}"))?;
                report.runs += 1;
            }
        }
        for page in whole {
            page.records.iter().for_each(|r| *came.entry(r.kind.clone()).or_default() += 1);
            paths.extend(page.unmapped);
        }
    }
    if came != rig.expected() {
        return Err(format!("{} records were expected and {came:?} came", Listed(rig.expected())));
    }
    match rig.unknown().into_iter().find(|path| !paths.contains(path)) {
        Some(path) => Err(format!("{path} has no place and was not reported")),
        None => Ok(report),
    }
}

struct Listed(BTreeMap<Kind, u64>);
impl std::fmt::Display for Listed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[derive(Default)]
struct Page {
    records: Vec<SourceRef>,
    unmapped: Vec<String>,
    cursor: Option<String>,
    total: Option<u64>,
}

/// Reads a kind to its end; after an error, on from the last mark with a new connection.
async fn read_all(rig: &dyn SourceRig, kind: &Kind) -> Result<Vec<Page>, String> {
    let mut pages: Vec<Page> = Vec::new();
    for _ in 0..MOST_PAGES {
        let cursor = pages.last().and_then(|page| page.cursor.clone());
        let began = pages.len();
        let ended = read_pages(rig, kind, cursor, &mut pages).await?;
        if ended {
            return checked(kind, pages);
        }
        if pages.len() == began && pages.last().is_some_and(|p| p.cursor.is_none()) {
            return Err("an error came after the last page".into());
        }
    }
    Err(format!("not read after {MOST_PAGES} streams"))
}

/// Reads on from a cursor. True at the end of the kind, false after an error that asking again may mend.
async fn read_pages(
    rig: &dyn SourceRig,
    kind: &Kind,
    cursor: Option<String>,
    pages: &mut Vec<Page>,
) -> Result<bool, String> {
    let source = connect(rig).await?;
    let files = MemoryBlobs::new();
    let mut stream = source.records(Ask { kind: kind.clone(), since: None, cursor, files: &files });
    let mut page = Page::default();
    while let Some(item) = stream.next().await {
        match item {
            Ok(Item::Record(record)) => page.records.push(record.key()),
            Ok(Item::Bad { record, .. }) => page.records.push(record),
            Ok(Item::Unmapped { path, .. }) => page.unmapped.push(path),
            Ok(Item::Note(_) | Item::Divergent { .. } | Item::Short { .. }) => {}
            Ok(Item::PageEnd { cursor, total }) => {
                let last = cursor.is_none();
                let unmapped = std::mem::take(&mut page.unmapped);
                pages.push(Page { records: std::mem::take(&mut page.records), unmapped, cursor, total });
                if last {
                    return match stream.next().await {
                        None => Ok(true),
                        Some(_) => Err("something came after the end of the kind".into()),
                    };
                }
            }
            Err(e) if e.retry() == crate::Retry::Never => return Err(e.to_string()),
            Err(_) => return Ok(false),
        }
    }
    Err("the stream ended without a mark".into())
}

fn checked(kind: &Kind, pages: Vec<Page>) -> Result<Vec<Page>, String> {
    let mut seen: BTreeMap<&SourceRef, u32> = BTreeMap::new();
    pages.iter().flat_map(|p| &p.records).for_each(|r| *seen.entry(r).or_default() += 1);
    if let Some((record, times)) = seen.iter().find(|(_, times)| **times > 1) {
        return Err(format!("{record} came {times} times"));
    }
    let own = seen.keys().filter(|r| r.kind == *kind).count() as u64;
    match pages.iter().filter_map(|p| p.total).find(|total| *total != own) {
        Some(total) => Err(format!("a total of {total} was stated and {own} came")),
        None => Ok(pages),
    }
}

async fn resumes(rig: &dyn SourceRig, kind: &Kind, whole: &[Page], cursor: &str) -> Result<(), String> {
    let after = whole.iter().skip_while(|p| p.cursor.as_deref() != Some(cursor)).skip(1);
    let wanted: Vec<&SourceRef> = after.flat_map(|p| &p.records).collect();
    let mut pages = Vec::new();
    let mut from = Some(cursor.to_owned());
    while !read_pages(rig, kind, from.clone(), &mut pages).await? {
        from = pages.last().map_or(from, |page| page.cursor.clone());
        if pages.len() > MOST_PAGES {
            return Err("reading on does not end".into());
        }
    }
    let mut wanted: Vec<SourceRef> = wanted.into_iter().cloned().collect();
    let mut have: Vec<SourceRef> = pages.into_iter().flat_map(|p| p.records).collect();
    wanted.sort();
    have.sort();
    if wanted == have {
        return Ok(());
    }
    Err(format!("reading on from a cursor gave {} records instead of {}", have.len(), wanted.len()))
}

async fn connect(rig: &dyn SourceRig) -> Result<Box<dyn Source>, String> {
    rig.source().await.map_err(|e| format!("no source: {e}"))
}
