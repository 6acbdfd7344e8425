//! `extract`: source → stage, resumable at every page, and the proof that everything came.

use crate::found::{self, Found};
use crate::store::{Approval, BadRecord, Page, PageCount, Quarantined};
use crate::{Ctx, Divergent, Exit, Failure, Run, gaps, samples};
use futures_util::StreamExt;
use jiff::SignedDuration;
use mapping_core::model::{Attachment, Record};
use mapping_core::{
    Ask, Blob, BlobStore, Divergence, Error, ErrorKind, Item, Items, Kind, Retry, Source, SourceRef,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Records of an unfinished page that are held in memory before they go to the stage.
const HELD: usize = 500;
/// How often a stream that breaks without a further page is taken up again.
const STREAM_ATTEMPTS: u32 = 3;
/// Attachments looked at between two marks of the file fetcher.
const FILE_PAGE: usize = 100;
/// Examples of a shortfall.
const EXAMPLES: usize = 20;

/// How to extract.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExtractOptions {
    /// Go on although records are missing: who accepts the shortfall.
    pub accept_shortfall: Option<String>,
}
impl ExtractOptions {
    /// Accepts a shortfall in this person's name.
    #[must_use]
    pub fn accept_shortfall(mut self, who: impl Into<String>) -> Self {
        self.accept_shortfall = Some(who.into());
        self
    }
}

/// What was read of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KindCount {
    /// Records in the stage, each id once.
    pub staged: u64,
    /// What the source says it has, if it says so.
    pub declared: Option<u64>,
    /// Records that could not be read; they are in the quarantine.
    pub bad: u64,
    /// Records that came again with an id that was there already.
    pub repeated: u64,
    /// Pages read.
    pub pages: u64,
    /// The kind was read to its end.
    pub complete: bool,
}

/// A sum that doesn't agree: something is missing or too much.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shortfall {
    /// What was compared: `ticket: declared total`, `message: count of the ticket`, `attachment: declared size`.
    pub what: String,
    /// How many should be there.
    pub expected: u64,
    /// How many are there.
    pub found: u64,
    /// Some records it concerns, at most 20.
    pub examples: Vec<SourceRef>,
}

/// What `extract` did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExtractReport {
    /// What was read, by kind.
    pub kinds: BTreeMap<String, KindCount>,
    /// Bytes of the files that the stage's attachments name.
    pub attachment_bytes: u64,
    /// Attachments whose bytes are missing.
    pub missing_files: u64,
    /// Sums that don't agree.
    pub shortfalls: Vec<Shortfall>,
    /// Who accepted them.
    pub accepted_by: Option<String>,
    /// Elements nobody knows, by path, with how often they came.
    pub unmapped: BTreeMap<String, u64>,
    /// Values that were read although they came otherwise than the source's description says; each is a sum too.
    #[serde(default)]
    pub divergent: Vec<Divergent>,
    /// Kinds that the source could not be asked for: whether it has any is not known.
    #[serde(default)]
    pub not_asked: Vec<String>,
    /// What is missing at the source itself, in a few lines; all of it is in `reports/gaps.json`.
    #[serde(default)]
    pub gaps: Vec<String>,
    /// One whole ticket of each channel beside its raw answers: files of the run directory.
    #[serde(default)]
    pub samples: Vec<String>,
    /// Remarks of the source.
    pub notes: Vec<String>,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// How it ended.
    pub exit: Exit,
}

/// Reads everything the source has into the stage. Needs no destination. The same call goes on after a stop.
///
/// # Errors
/// `Usage` for a shortfall that is accepted without a name. The stage or the file store can't be written. What the source refuses ends in the report: what was read stays.
pub async fn extract(
    run: &Run,
    source: &dyn Source,
    options: &ExtractOptions,
    ctx: &Ctx<'_>,
) -> Result<ExtractReport, Failure> {
    if options.accept_shortfall.as_ref().is_some_and(|who| who.trim().is_empty()) {
        return Err(Failure::usage("accepting a shortfall needs the name of a person"));
    }
    run.stage().drop_unfinished().await?;
    if let Some(report) = refused_by_check(run, source, ctx).await? {
        return Ok(report);
    }
    let mut stopped = None;
    for kind in source.kinds() {
        let pages = run.stage().pages()?;
        let so_far = pages.get(kind.as_str()).cloned().unwrap_or_default();
        if so_far.complete {
            continue;
        }
        stopped = read_kind(run, source, &kind, so_far, ctx).await?;
        if stopped.is_some() {
            break;
        }
    }
    if stopped.is_none() {
        stopped = fetch_files(run, source, ctx).await?;
    }
    let mut report = proof(run, source)?;
    if stopped.is_none() {
        report.gaps = gaps::find(run)?.lines();
        report.samples = samples::write(run, source, ctx).await?;
    }
    accept(run, options, &mut report, ctx).await?;
    if let Some((exit, why)) = stopped {
        report.exit = exit;
        report.stopped = Some(why);
    }
    run.save_report("extract", &report)?;
    Ok(report)
}

/// Lets the source prove what reading relies on, while there is something left to read.
async fn refused_by_check(
    run: &Run,
    source: &dyn Source,
    ctx: &Ctx<'_>,
) -> Result<Option<ExtractReport>, Failure> {
    let pages = run.stage().pages()?;
    if source.kinds().iter().all(|kind| pages.get(kind.as_str()).is_some_and(|p| p.complete)) {
        return Ok(None);
    }
    ctx.started("extract check", None);
    let Err(error) = source.check(ctx.timer.now()).await else { return Ok(None) };
    let mut report = proof(run, source)?;
    (report.exit, report.stopped) = (Exit::Error, Some(error.to_string()));
    run.save_report("extract", &report)?;
    Ok(Some(report))
}

type Stopped = Option<(Exit, String)>;

/// Reads a kind from where it stands to its end; a stream that breaks is taken up at its last mark.
async fn read_kind(
    run: &Run,
    source: &dyn Source,
    kind: &Kind,
    so_far: PageCount,
    ctx: &Ctx<'_>,
) -> Result<Stopped, Failure> {
    let phase = format!("extract {kind}");
    let mut counter = Counter { phase: &phase, done: 0, total: so_far.total, ctx };
    counter.done = run.stage().counts()?.get(kind.as_str()).copied().unwrap_or(0);
    ctx.started(&phase, so_far.total);
    let mut cursor = so_far.cursor;
    let mut broken = 0;
    loop {
        let pages_before = counter.done;
        let ask = Ask { kind: kind.clone(), since: None, cursor: cursor.clone(), files: run.files() };
        match read_pages(run, source.records(ask), kind, &mut cursor, &mut counter).await {
            Ok(Ended::Complete) => break,
            Ok(Ended::Interrupted) => {
                run.stage().drop_unfinished().await?;
                return Ok(Some((Exit::Interrupted, "interrupted".to_owned())));
            }
            Err(e) if matches!(e.kind(), ErrorKind::Ledger | ErrorKind::Io) => return Err(e.into()),
            Err(e) => {
                run.stage().drop_unfinished().await?;
                broken = if counter.done > pages_before { 1 } else { broken + 1 };
                if e.retry() == Retry::Never || broken > STREAM_ATTEMPTS {
                    return Ok(Some((Failure::exit_of(&e), e.to_string())));
                }
                ctx.note(format!("{phase}: the stream broke and is taken up again: {e}"));
                let pause = match e.retry() {
                    Retry::After(pause) => {
                        SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_mins(1))
                    }
                    _ => SignedDuration::from_secs(i64::from(run.config().limits.pause_seconds)),
                };
                tokio::select! {
                    () = ctx.timer.sleep_until(ctx.timer.now() + pause) => {}
                    () = ctx.cancel.cancelled() => {}
                }
            }
        }
    }
    ctx.finished(&phase, counter.done);
    Ok(None)
}

struct Counter<'a> {
    phase: &'a str,
    done: u64,
    total: Option<u64>,
    ctx: &'a Ctx<'a>,
}

enum Ended {
    Complete,
    Interrupted,
}

/// Takes the stream page by page. Only a page's end makes its records count.
async fn read_pages(
    run: &Run,
    mut items: Items<'_>,
    kind: &Kind,
    cursor: &mut Option<String>,
    counter: &mut Counter<'_>,
) -> Result<Ended, Error> {
    let (stage, ctx) = (run.stage(), counter.ctx);
    let mut page = Page { kind: kind.to_string(), ..Page::default() };
    let mut held: Vec<Record> = Vec::new();
    let mut in_page = 0;
    let mut pages = stage.pages()?.get(kind.as_str()).map_or(0, |p| p.pages);
    let mut before = Found::load(run, kind.as_str(), pages)?;
    let mut found = before.clone();
    loop {
        let item = tokio::select! {
            item = items.next() => item,
            () = ctx.cancel.cancelled() => return Ok(Ended::Interrupted),
        };
        // A stream that ends without its last mark is as broken as one that ends with an error.
        let Some(item) = item else { return Err(cut_off()) };
        match item? {
            Item::Record(record) => {
                in_page += u64::from(record.key().kind == *kind);
                held.push(*record);
                if held.len() >= HELD {
                    stage.put(std::mem::take(&mut held)).await?;
                }
            }
            Item::Bad { record, why, raw } => {
                ctx.quarantined(&record, &why);
                page.bad.push(BadRecord { record, why, raw });
            }
            Item::Unmapped { path, count } => *page.unmapped.entry(path).or_default() += count,
            Item::Note(text) => page.notes.push(text),
            Item::Divergent { how, path, count } => found.diverges(how, path, count),
            // Messages are counted in the stage itself, whatever the source.
            Item::Short { what, .. } if what == "messages" => {}
            Item::Short { record, what, expected, found: came } => {
                found.counts(&record, what, expected, came);
            }
            Item::PageEnd { cursor: next, total } => {
                stage.put(std::mem::take(&mut held)).await?;
                pages += 1;
                if found != before {
                    found.save(&before, run, kind.as_str(), pages).await?;
                    before = found.clone();
                }
                page.cursor = next.clone();
                page.total = total;
                let bad = page.bad.iter().map(in_quarantine).collect();
                stage.end_page(std::mem::take(&mut page)).await?;
                run.ledger().quarantine(bad).await?;
                page.kind = kind.to_string();
                counter.done += std::mem::take(&mut in_page);
                counter.total = total.or(counter.total);
                ctx.progress(counter.phase, counter.done, counter.total);
                let complete = next.is_none();
                *cursor = next;
                if complete {
                    return Ok(Ended::Complete);
                }
                if ctx.cancel.is_cancelled() {
                    return Ok(Ended::Interrupted);
                }
            }
            _ => return Err(Error::bug("a source sends items that this engine doesn't know")),
        }
    }
}

fn cut_off() -> Error {
    Error::not_sent(ErrorKind::Malformed, "the source's stream ended in the middle of a page")
        .with_retry(Retry::Later)
}

fn in_quarantine(bad: &BadRecord) -> Quarantined {
    Quarantined {
        record: bad.record.clone(),
        phase: "extract".to_owned(),
        why: bad.why.clone(),
        todo: "its raw payload is in the run's database; mend it at the source and extract again".to_owned(),
    }
}

/// Fetches the bytes of files that didn't come inside a page, as far as the source can open files at all.
async fn fetch_files(run: &Run, source: &dyn Source, ctx: &Ctx<'_>) -> Result<Stopped, Failure> {
    const NAME: &str = "files_fetched_until";
    let stage = run.stage();
    let mut after: u64 = run.ledger().value(NAME)?.and_then(|v| v.parse().ok()).unwrap_or(0);
    let mut fetched = 0;
    loop {
        let page = stage.records("attachment", after, FILE_PAGE)?;
        let Some(last) = page.last().map(|s| s.seq) else { break };
        for staged in page {
            let Record::Attachment(mut file) = staged.record else { continue };
            if file.blob.is_some() {
                continue;
            }
            if ctx.cancel.is_cancelled() {
                return Ok(Some((Exit::Interrupted, "interrupted".to_owned())));
            }
            match fetch_file(run, source, &file).await {
                Ok(blob) => {
                    file.blob = Some(blob);
                    stage.replace(Record::Attachment(file)).await?;
                    fetched += 1;
                    ctx.progress("extract files", fetched, None);
                }
                Err(e) if e.kind() == ErrorKind::Unsupported => return Ok(None),
                Err(e) if matches!(e.kind(), ErrorKind::Ledger | ErrorKind::Io) => return Err(e.into()),
                Err(e) if e.retry() != Retry::Never || Failure::exit_of(&e) != Exit::Error => {
                    return Ok(Some((Failure::exit_of(&e), e.to_string())));
                }
                // Missing at the source: the proof counts it.
                Err(e) => ctx.note(format!("{}: {e}", file.id.source_ref())),
            }
        }
        after = last;
        run.ledger().set_value(NAME, &after.to_string()).await?;
    }
    Ok(None)
}

async fn fetch_file(run: &Run, source: &dyn Source, file: &Attachment) -> Result<Blob, Error> {
    let bytes = source.open(&file.id.source_ref()).await?;
    run.files().put(&file.name, &file.mime, bytes).await
}

/// Compares what came with what was declared.
fn proof(run: &Run, source: &dyn Source) -> Result<ExtractReport, Failure> {
    let stage = run.stage();
    let (counts, bad) = (stage.counts()?, stage.bad_counts()?);
    let (pages, repeated) = (stage.pages()?, stage.repeated()?);
    let mut report =
        ExtractReport { unmapped: stage.unmapped()?, notes: stage.notes()?, ..Default::default() };
    let asked: Vec<String> = source.kinds().iter().map(ToString::to_string).collect();
    let names: BTreeSet<&String> = counts.keys().chain(bad.keys()).chain(&asked).collect();
    for name in names {
        let page = pages.get(name).cloned().unwrap_or_default();
        let count = KindCount {
            staged: counts.get(name).copied().unwrap_or(0),
            declared: page.total,
            bad: bad.get(name).copied().unwrap_or(0),
            repeated: repeated.get(name).copied().unwrap_or(0),
            pages: page.pages,
            // Kinds that come with their parents are as complete as their parents.
            complete: page.complete || !asked.contains(name),
        };
        if let Some(declared) = count.declared.filter(|d| *d != count.staged + count.bad) {
            let what = format!("{name}: declared total");
            let found = count.staged + count.bad;
            report.shortfalls.push(Shortfall { what, expected: declared, found, examples: Vec::new() });
        }
        if !count.complete {
            let what = format!("{name}: read to its end");
            report.shortfalls.push(Shortfall { what, expected: 1, found: 0, examples: Vec::new() });
        }
        report.kinds.insert(name.clone(), count);
    }
    report.not_asked = source.unasked().iter().map(ToString::to_string).collect();
    for (kind, found) in found::all(run, &asked)? {
        report.divergent.extend(found.divergent(&kind));
        report.shortfalls.extend(found.shortfalls());
    }
    report.shortfalls.extend(report.divergent.iter().map(Divergent::shortfall));
    message_counts(run, bad.get("message").copied().unwrap_or(0), &mut report)?;
    file_sizes(run, &mut report)?;
    Ok(report)
}

/// Every ticket's own count of messages against those that came.
fn message_counts(run: &Run, bad: u64, report: &mut ExtractReport) -> Result<(), Failure> {
    let mut short = Shortfall { what: "message: count of the ticket".to_owned(), ..Shortfall::default() };
    let mut missing = 0;
    let mut after = 0;
    loop {
        let page = run.stage().records("ticket", after, 500)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for staged in &page {
            let Record::Ticket(ticket) = &staged.record else { continue };
            let Some(declared) = ticket.message_count else { continue };
            let name = ticket.id.source_ref();
            let found = run.stage().child_count(&name, "message")?;
            if declared != found {
                short.expected += declared;
                short.found += found;
                missing += declared.abs_diff(found);
                if short.examples.len() < EXAMPLES {
                    short.examples.push(name);
                }
            }
        }
    }
    // Messages that could not be read are in the quarantine one by one: they are not missing.
    if missing > bad {
        report.shortfalls.push(short);
    }
    Ok(())
}

/// Every file's declared size against its bytes.
fn file_sizes(run: &Run, report: &mut ExtractReport) -> Result<(), Failure> {
    let mut missing = Shortfall { what: "attachment: bytes".to_owned(), ..Shortfall::default() };
    let mut wrong = Shortfall { what: "attachment: declared size".to_owned(), ..Shortfall::default() };
    let mut after = 0;
    loop {
        let page = run.stage().records("attachment", after, 500)?;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for staged in &page {
            let Record::Attachment(file) = &staged.record else { continue };
            let short = match (&file.blob, file.declared_size) {
                (None, _) => &mut missing,
                (Some(blob), Some(size)) if blob.len != size => &mut wrong,
                (Some(blob), _) => {
                    report.attachment_bytes += blob.len;
                    continue;
                }
            };
            short.expected += file.declared_size.unwrap_or(0);
            let len = file.blob.as_ref().map_or(0, |b| b.len);
            short.found += len;
            report.attachment_bytes += len;
            report.missing_files += u64::from(file.blob.is_none());
            if short.examples.len() < EXAMPLES {
                short.examples.push(file.id.source_ref());
            }
        }
    }
    report.shortfalls.extend([missing, wrong].into_iter().filter(|s| !s.examples.is_empty()));
    Ok(())
}

/// A shortfall blocks until a person accepts exactly this one.
async fn accept(
    run: &Run,
    options: &ExtractOptions,
    report: &mut ExtractReport,
    ctx: &Ctx<'_>,
) -> Result<(), Failure> {
    let hash = shortfall_hash(&report.shortfalls);
    let unread = report.kinds.values().any(|k| !k.complete);
    if let Some(who) = &options.accept_shortfall
        && !report.shortfalls.is_empty()
        && !unread
    {
        let (what, who, at) = ("extract".to_owned(), who.clone(), ctx.timer.now());
        run.ledger().approve(Approval { what, hash: hash.clone(), who, at }).await?;
    }
    let accepted = run.ledger().approvals()?.into_iter().rfind(|a| a.what == "extract" && a.hash == hash);
    report.accepted_by = accepted.map(|a| a.who);
    let fine = report.shortfalls.is_empty() || report.accepted_by.is_some();
    let is_zone_wrong = report.divergent.iter().any(|d| d.how == Divergence::Zone);
    report.exit = match (fine, is_zone_wrong) {
        (true, _) => Exit::Done,
        (false, true) => Exit::Error,
        (false, false) => Exit::Sums,
    };
    // What later verbs ask for.
    let state = if fine { "complete" } else { "short" };
    run.ledger().set_value(EXTRACT_STATE, state).await?;
    Ok(())
}

/// The name under which the ledger keeps whether the extract is complete or accepted.
pub(crate) const EXTRACT_STATE: &str = "extract_state";

/// Refuses to go on with an extract that is short and not accepted.
pub(crate) fn require_complete(run: &Run) -> Result<(), Failure> {
    match run.ledger().value(EXTRACT_STATE)?.as_deref() {
        Some("complete") => Ok(()),
        Some(_) => Err(Failure::new(
            Exit::Sums,
            Error::not_sent(
                ErrorKind::Denied,
                "the extract is short of what the source declares; look at reports/extract.json, then extract again or \
                 accept it",
            ),
        )),
        None => Err(Failure::guard("nothing was extracted yet; run `extract` first")),
    }
}

fn shortfall_hash(shortfalls: &[Shortfall]) -> String {
    let json = serde_json::to_vec(shortfalls).unwrap_or_default();
    Sha256::digest(&json).iter().map(|b| format!("{b:02x}")).collect()
}
