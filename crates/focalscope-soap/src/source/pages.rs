//! Lists, page by page, with guards: ids once, totals, and a stop when nothing moves on.

use super::Inner;
use super::intake::Intake;
use crate::client::{Call, Capture};
use crate::profile::{Constant, Logical, Operation, Paging, steps};
use crate::soap::{Answer, Mended, Output, Report, Value};
use jiff::Timestamp;
use mapping_core::{Blob, BlobStore, Error, ErrorKind, Result, Retry};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// The most pages of one list.
const MOST_PAGES: u64 = 1_000_000;
/// The most records of one page, whatever size was asked for.
const MOST_ON_A_PAGE: usize = 100_000;
/// How often a list is read again from its beginning because it moved while it was read.
const MOST_PASSES: u32 = 2;
/// Pages in a row that may bring nothing new, each asked for twice: a list that shifts under the reader does that.
const MOST_BARREN: u32 = 2;

/// One page.
pub(crate) struct Page {
    pub(crate) items: Vec<(Value, Mended)>,
    pub(crate) blobs: HashMap<crate::soap::BlobId, Blob>,
    pub(crate) total: Option<u64>,
    pub(crate) report: Report,
    /// True when nothing comes after it.
    pub(crate) last: bool,
}

/// A list that is being read.
pub(crate) struct Pages<'a> {
    inner: &'a Inner,
    logical: Logical,
    operation: &'a Operation,
    key: Option<String>,
    since: Option<Timestamp>,
    files: Option<&'a dyn BlobStore>,
    capture: Option<Capture>,
    at: Position,
    seen: HashSet<u64>,
    /// True when records before a cursor are not in `seen`.
    resumed: bool,
    /// Records that came in this pass, known or not.
    taken: u64,
    barren: u32,
    /// What the list said of its length first in this pass, and whether it said otherwise later.
    first_total: Option<u64>,
    moved: bool,
    /// Records that came a second time.
    pub(crate) twice: u64,
    /// It was still moving when it had been read as often as it may be.
    pub(crate) restless: bool,
    ended: bool,
}

/// Where a list stands. Its text is the cursor: page, size, records so far; then, unless they are zero, the pass and the
/// second at which the reading began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    page: u64,
    size: u32,
    counted: u64,
    pass: u32,
    pub(crate) began: i64,
}

impl Position {
    fn parse(cursor: &str) -> Option<Position> {
        let parts: Vec<&str> = cursor.split(':').collect();
        let (pass, began) = match parts.as_slice() {
            [_, _, _] => (0, 0),
            [_, _, _, pass, began] => (pass.parse().ok()?, began.parse().ok()?),
            _ => return None,
        };
        Some(Position {
            page: parts[0].parse().ok()?,
            size: parts[1].parse().ok().filter(|s| *s > 0)?,
            counted: parts[2].parse().ok()?,
            pass,
            began,
        })
    }

    fn text(self) -> String {
        let Position { page, size, counted, pass, began } = self;
        match (pass, began) {
            (0, 0) => format!("{page}:{size}:{counted}"),
            _ => format!("{page}:{size}:{counted}:{pass}:{began}"),
        }
    }
}

impl<'a> Pages<'a> {
    pub(crate) fn new(inner: &'a Inner, logical: Logical, operation: &'a Operation) -> Self {
        let at = Position { page: 0, size: inner.pace.page_size.max(1), counted: 0, pass: 0, began: 0 };
        Pages {
            inner,
            logical,
            operation,
            key: None,
            since: None,
            files: None,
            capture: None,
            at,
            seen: HashSet::new(),
            resumed: false,
            taken: 0,
            barren: 0,
            first_total: None,
            moved: false,
            twice: 0,
            restless: false,
            ended: false,
        }
    }

    /// Asks for the records of this one.
    pub(crate) fn of(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Asks for what changed at or after this moment.
    pub(crate) fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// Puts bytes that come inside the records into this store.
    pub(crate) fn files(mut self, files: &'a dyn BlobStore) -> Self {
        self.files = Some(files);
        self
    }

    /// Keeps a copy of the answers.
    pub(crate) fn capture(mut self, capture: Capture) -> Self {
        self.capture = Some(capture);
        self
    }

    /// Asks for this many records a page.
    pub(crate) fn size(mut self, size: u32) -> Self {
        self.at.size = size.max(1);
        self
    }

    /// Goes on where a cursor says.
    pub(crate) fn resume(mut self, cursor: Option<&str>) -> Result<Self> {
        if let Some(cursor) = cursor {
            self.at = Position::parse(cursor).ok_or_else(|| {
                Error::not_sent(ErrorKind::Invalid, "the cursor is not one of this source")
                    .with("cursor", cursor)
            })?;
            self.resumed = true;
            self.taken = self.at.page * u64::from(self.at.size);
        }
        Ok(self)
    }

    /// Begins at a part of a list of this length, of `parts`. False when it is too short to have parts.
    pub(crate) fn start_at(&mut self, total: u64, part: u64, parts: u64) -> bool {
        let pages = total.div_ceil(u64::from(self.at.size));
        let page = (pages.saturating_sub(1)) * part / parts.max(1);
        self.at.page = page;
        self.taken = page * u64::from(self.at.size);
        page > 0
    }

    /// When the reading of the list began; kept in the cursor.
    pub(crate) fn began(&mut self, at: Timestamp) {
        if self.at.began == 0 {
            self.at.began = at.as_second();
        }
    }

    /// When the reading of the list began, over all its streams.
    pub(crate) fn began_at(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.at.began).ok().filter(|_| self.at.began != 0)
    }

    /// Where to go on after the page that was read last.
    pub(crate) fn cursor(&self) -> String {
        self.at.text()
    }

    /// Distinct records so far, those before the cursor included.
    pub(crate) fn counted(&self) -> u64 {
        self.at.counted
    }

    /// The next page, or `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Page>> {
        if self.ended {
            return Ok(None);
        }
        if self.at.page >= MOST_PAGES {
            return Err(self.stuck("the list has no end: it went beyond the most pages that a list may have"));
        }
        let mut page = self.read().await?;
        if self.is_barren(&page) {
            // A service that answers with an old page by mistake does better when it is asked again.
            page = self.read().await?;
        }
        self.settle(&mut page)?;
        Ok(Some(page))
    }

    async fn read(&self) -> Result<Page> {
        let call = self.call();
        let mut tried = 1;
        loop {
            match self.inner.read_page(&call, self.operation, self.files).await {
                Ok(page) => return Ok(page),
                Err(error) if tried < self.inner.pace.attempts && worth_another(&error) => {
                    tried += 1;
                    tracing::debug!(operation = self.logical.name(), tried, kind = ?error.kind(), "reading a page again");
                    self.inner.rest_before(tried, &error).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn hash_of(&self, value: &Value) -> Option<u64> {
        let id = self.operation.field("id").and_then(|id| value.at(id)).and_then(Value::as_text)?;
        let mut hasher = DefaultHasher::new();
        id.trim().hash(&mut hasher);
        Some(hasher.finish())
    }

    /// True for a page of a first pass that has records, all of them known.
    fn is_barren(&self, page: &Page) -> bool {
        let known =
            |(value, _): &(Value, Mended)| self.hash_of(value).is_some_and(|h| self.seen.contains(&h));
        self.at.pass == 0 && !page.items.is_empty() && page.items.iter().all(known)
    }

    /// Drops what came before, moves on, and decides whether this was the last page.
    fn settle(&mut self, page: &mut Page) -> Result<()> {
        let barren = self.is_barren(page);
        let came = page.items.len() as u64;
        let mut items = std::mem::take(&mut page.items);
        items.retain(|(value, _)| self.hash_of(value).is_none_or(|hash| self.seen.insert(hash)));
        page.items = items;
        let kept = page.items.len() as u64;
        if self.at.pass == 0 {
            self.twice += came - kept;
        }
        self.barren = if barren { self.barren + 1 } else { 0 };
        if self.barren >= MOST_BARREN {
            return Err(self.stuck("pages in a row brought only records that came before"));
        }
        self.at.page += 1;
        self.at.counted += kept;
        self.taken += came;
        let (more, total) = (page.last, page.total);
        self.moved |= self.first_total.is_some() && total.is_some() && total != self.first_total;
        self.first_total = self.first_total.or(total);
        page.last = match &self.operation.page {
            None => true,
            Some(paging) if paging.more().is_some() && !more => {
                if came == 0 {
                    return Err(self.stuck("a page was empty though the service says that there are more"));
                }
                false
            }
            Some(paging) if paging.more().is_some() => true,
            Some(_) => match total {
                Some(total) => came == 0 || self.taken >= total,
                None => came < u64::from(self.at.size),
            },
        };
        if page.last && self.is_doubtful(total) {
            // A length that stands and is wrong stays wrong; a list that moved may stand still the next time.
            if self.at.pass == 0 || self.moved && self.at.pass < MOST_PASSES {
                self.begin_again();
                page.last = false;
            } else {
                self.restless = self.moved;
            }
        }
        self.ended = page.last;
        Ok(())
    }

    /// True when a list grew or shrank while it was read, or has another length than it says: records may have slipped
    /// from a page not yet read to one that was.
    fn is_doubtful(&self, total: Option<u64>) -> bool {
        self.operation.page.is_some() && (self.moved || total.is_some_and(|t| t != self.at.counted))
    }

    /// Reads from the first page on, for what has not come yet.
    fn begin_again(&mut self) {
        self.at.page = 0;
        self.at.pass += 1;
        self.taken = 0;
        self.first_total = None;
        self.moved = false;
        if std::mem::take(&mut self.resumed) {
            // What came before the cursor is not known here: everything is taken again, and the stage takes it once.
            self.seen.clear();
            self.at.counted = 0;
        }
    }

    fn stuck(&self, what: &'static str) -> Error {
        Error::rejected(ErrorKind::Malformed, what)
            .with_operation(self.logical.name())
            .with("page", self.at.page + 1)
            .with("most_pages", MOST_PAGES)
    }

    fn call(&self) -> Call {
        let mut parameters: Vec<(String, Value)> = constants(self.operation);
        if let (Some(name), Some(key)) = (&self.operation.key, &self.key) {
            parameters.push((name.clone(), Value::text(key.as_str())));
        }
        if let (Some(name), Some(since)) = (&self.operation.since, self.since) {
            parameters.push((name.clone(), Value::text(since.to_string())));
        }
        let number = |n: u64| Value::text(n.to_string());
        match &self.operation.page {
            Some(Paging::Page { page, size, first, .. }) => {
                parameters.push((page.clone(), number(first + self.at.page)));
                parameters.push((size.clone(), number(self.at.size.into())));
            }
            Some(Paging::Offset { offset, limit, .. }) => {
                parameters.push((offset.clone(), number(self.taken)));
                parameters.push((limit.clone(), number(self.at.size.into())));
            }
            None => {}
        }
        let mut call =
            Call::new(self.logical.name(), self.operation.operation.clone(), Value::record(parameters));
        call.action = self.operation.action.clone();
        call.item = self.operation.item_steps();
        call.blobs = blob_paths(self.operation);
        call.capture = self.capture.clone();
        call
    }
}

pub(crate) fn constants(operation: &Operation) -> Vec<(String, Value)> {
    let value = |constant: &Constant| match constant {
        Constant::Bool(b) => Value::Bool(*b),
        Constant::Int(n) => Value::Int(*n),
        Constant::Text(t) => Value::text(t.as_str()),
    };
    operation.constants.iter().map(|(name, constant)| (name.clone(), value(constant))).collect()
}

/// Where bytes come inside the records: item, group of files, data.
fn blob_paths(operation: &Operation) -> Vec<Vec<String>> {
    let path = match (operation.field("files"), operation.field("file_data"), operation.field("data")) {
        (Some(files), Some(data), _) => format!("{}/{files}/{data}", operation.item),
        (_, _, Some(data)) => format!("{}/{data}", operation.item),
        _ => return Vec::new(),
    };
    vec![steps(&path)]
}

/// What a second try can mend: an answer that was cut or that was no SOAP, a service that said that it is busy. What
/// the HTTP layer gave up on is not tried again.
pub(crate) fn worth_another(error: &Error) -> bool {
    error.context("phase").is_none() && !matches!(error.retry(), Retry::Never)
        || error.kind() == ErrorKind::Transport && error.context("phase").is_none()
}

impl Inner {
    /// Waits before another try.
    pub(crate) async fn rest_before(&self, next: u32, error: &Error) {
        let wait = match error.retry() {
            Retry::After(wait) => wait,
            _ => self.pace.wait(next),
        };
        tokio::time::sleep(wait).await;
    }

    /// Makes a call whose answer is read as a whole, again when that can help.
    pub(crate) async fn ask_patiently(&self, call: &Call) -> Result<Answer> {
        let mut tried = 1;
        loop {
            match self.client.ask(call).await {
                Err(error) if tried < self.pace.attempts && worth_another(&error) => {
                    tried += 1;
                    self.rest_before(tried, &error).await;
                }
                asked => return asked,
            }
        }
    }

    /// Reads one page whole. `last` is what the service says of more pages.
    async fn read_page(
        &self,
        call: &Call,
        operation: &Operation,
        files: Option<&dyn BlobStore>,
    ) -> Result<Page> {
        let mut incoming = self.client.call(call).await?;
        let mut intake = files.map(|files| Intake::new(files, "", ""));
        let mut items = Vec::new();
        while let Some(output) = incoming.next().await? {
            match (output, intake.as_mut()) {
                (Output::Item { .. }, _) if items.len() >= MOST_ON_A_PAGE => {
                    let what = "a page has more records than a page may have";
                    return Err(Error::rejected(ErrorKind::TooLarge, what)
                        .with_operation(call.name)
                        .with("most", MOST_ON_A_PAGE));
                }
                (Output::Item { value, mended }, _) => items.push((value, mended)),
                (Output::BlobBytes { id, bytes }, Some(intake)) => intake.bytes(id, bytes).await?,
                (Output::BlobEnd { id, .. }, Some(intake)) => intake.end(id).await?,
                _ => {}
            }
        }
        let answer = incoming.finish()?;
        let body = answer.body.as_ref();
        let at = |path: Option<&str>| body.and_then(|b| b.at(path?)).and_then(Value::as_text);
        let paging = operation.page.as_ref();
        let total = at(paging.and_then(Paging::total)).and_then(|t| t.trim().parse().ok());
        let more = at(paging.and_then(Paging::more)).map(|m| matches!(m.trim(), "true" | "1" | "True"));
        Ok(Page {
            items: items.into_iter().filter(|(v, _)| *v != Value::Null).collect(),
            blobs: intake.map(Intake::into_blobs).unwrap_or_default(),
            total,
            report: answer.report,
            last: !more.unwrap_or(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_and_nonsense_is_refused() {
        let at = Position { page: 3, size: 100, counted: 298, pass: 0, began: 0 };
        assert_eq!((Position::parse(&at.text()), at.text().as_str()), (Some(at), "3:100:298"));
        let at = Position { pass: 1, began: 1_700_000_000, ..at };
        assert_eq!(Position::parse(&at.text()), Some(at));
        for bad in ["", "3", "3:0:1", "3:100:298:1", "3:100:298:1:2:3", "a:b:c"] {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
    }
}
