//! Lists, page by page, with guards: ids once, totals, and a stop when nothing moves on.

use super::Inner;
use super::intake::Intake;
use crate::client::Call;
use crate::profile::{Constant, Logical, Operation, Paging, steps};
use crate::soap::{Mended, Output, Report, Value};
use jiff::Timestamp;
use mapping_core::{Blob, BlobStore, Error, ErrorKind, Result, Retry};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

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
    at: Position,
    seen: HashSet<u64>,
    /// Records that came a second time.
    pub(crate) twice: u64,
    ended: bool,
}

/// Where a list stands. Its text is the cursor: page, size, records so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    page: u64,
    size: u32,
    counted: u64,
}

impl Position {
    fn parse(cursor: &str) -> Option<Position> {
        let mut parts = cursor.split(':');
        let position = Position {
            page: parts.next()?.parse().ok()?,
            size: parts.next()?.parse().ok().filter(|s| *s > 0)?,
            counted: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(position)
    }

    fn text(self) -> String {
        format!("{}:{}:{}", self.page, self.size, self.counted)
    }
}

impl<'a> Pages<'a> {
    pub(crate) fn new(inner: &'a Inner, logical: Logical, operation: &'a Operation) -> Self {
        let at = Position { page: 0, size: inner.pace.page_size.max(1), counted: 0 };
        Pages {
            inner,
            logical,
            operation,
            key: None,
            since: None,
            files: None,
            at,
            seen: HashSet::new(),
            twice: 0,
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

    /// Goes on where a cursor says.
    pub(crate) fn resume(mut self, cursor: Option<&str>) -> Result<Self> {
        if let Some(cursor) = cursor {
            self.at = Position::parse(cursor).ok_or_else(|| {
                Error::not_sent(ErrorKind::Invalid, "the cursor is not one of this source")
                    .with("cursor", cursor)
            })?;
        }
        Ok(self)
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
        let call = self.call();
        let mut tried = 1;
        let mut page = loop {
            match self.inner.read_page(&call, self.operation, self.files).await {
                Ok(page) => break page,
                Err(error) if tried < self.inner.pace.attempts && worth_another(&error) => {
                    tried += 1;
                    tracing::debug!(operation = self.logical.name(), tried, kind = ?error.kind(), "reading a page again");
                    let wait = match error.retry() {
                        Retry::After(wait) => wait,
                        _ => self.inner.pace.wait(tried),
                    };
                    tokio::time::sleep(wait).await;
                }
                Err(error) => return Err(error),
            }
        };
        self.settle(&mut page)?;
        Ok(Some(page))
    }

    /// Drops what came before, moves on, and decides whether this was the last page.
    fn settle(&mut self, page: &mut Page) -> Result<()> {
        let came = page.items.len() as u64;
        let before = self.seen.len();
        if let Some(id) = self.operation.field("id") {
            let seen = &mut self.seen;
            page.items.retain(|(value, _)| match value.at(id).and_then(Value::as_text) {
                Some(id) => {
                    let mut hasher = DefaultHasher::new();
                    id.trim().hash(&mut hasher);
                    seen.insert(hasher.finish())
                }
                None => true,
            });
        }
        let kept = page.items.len() as u64;
        self.twice += came - kept;
        if came > 0 && kept == 0 && self.seen.len() == before && before > 0 {
            return Err(self.stuck("a page brought only records that came before"));
        }
        self.at.page += 1;
        self.at.counted += kept;
        let (more, total) = (page.last, page.total);
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
                Some(total) => came == 0 || self.at.counted + self.twice >= total,
                None => came < u64::from(self.at.size),
            },
        };
        self.ended = page.last;
        Ok(())
    }

    fn stuck(&self, what: &'static str) -> Error {
        Error::rejected(ErrorKind::Malformed, what)
            .with_operation(self.logical.name())
            .with("page", self.at.page + 1)
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
                parameters.push((offset.clone(), number(self.at.counted + self.twice)));
                parameters.push((limit.clone(), number(self.at.size.into())));
            }
            None => {}
        }
        let mut call =
            Call::new(self.logical.name(), self.operation.operation.clone(), Value::record(parameters));
        call.action = self.operation.action.clone();
        call.item = self.operation.item_steps();
        call.blobs = blob_paths(self.operation);
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
        let at = Position { page: 3, size: 100, counted: 298 };
        assert_eq!(Position::parse(&at.text()), Some(at));
        for bad in ["", "3", "3:0:1", "3:100:298:1", "a:b:c"] {
            assert_eq!(Position::parse(bad), None, "{bad}");
        }
    }
}
