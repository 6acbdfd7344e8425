//! Lists that come in pages, as one stream. Desk has one way, an offset, with bases and bounds that differ per list.

use crate::endpoint::{Ask, Does, Endpoint, Payload, is_empty, json};
use connector_http::Response;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{TryStreamExt as _, stream};
use http::Method;
use mapping_core::{Error, ErrorKind, Outcome, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashSet;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Most pages that one list is followed through; one that goes on is an error. At 50 objects a page it is a million.
pub const MOST_PAGES: u64 = 20_000;

/// How a list is turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// The place of the first object: 0 for some lists, 1 for others.
    pub first: u64,
    /// Most objects of one page; more is refused with 422.
    pub limit: u64,
    /// The last place from which a page may begin, where there is a bound.
    pub last: Option<u64>,
}

impl Paging {
    const fn from(first: u64, limit: u64) -> Self {
        Paging { first, limit, last: None }
    }

    /// Tickets.
    pub const TICKETS: Self = Self::from(0, 100);
    /// Comments of a ticket.
    pub const COMMENTS: Self = Self::from(0, 100);
    /// Threads and comments of a ticket.
    pub const CONVERSATIONS: Self = Self::from(0, 200);
    /// Threads of a ticket.
    pub const THREADS: Self = Self::from(0, 200);
    /// Files of a ticket.
    pub const ATTACHMENTS: Self = Self::from(0, 100);
    /// Contacts. The base isn't documented: from 0, a list that begins at 1 shows one object twice and none too few.
    pub const CONTACTS: Self = Self::from(0, 100);
    /// Accounts.
    pub const ACCOUNTS: Self = Self::from(1, 100);
    /// Agents.
    pub const AGENTS: Self = Self::from(0, 200);
    /// Departments. The base isn't documented; see [`CONTACTS`](Paging::CONTACTS).
    pub const DEPARTMENTS: Self = Self::from(0, 200);
    /// Teams.
    pub const TEAMS: Self = Self::from(0, 200);
    /// Layouts.
    pub const LAYOUTS: Self = Self::from(0, 99);
    /// Articles.
    pub const ARTICLES: Self = Self::from(1, 50);
    /// Root categories of the knowledge base.
    pub const ROOT_CATEGORIES: Self = Self::from(1, 700);
    /// E-mail templates and their folders.
    pub const TEMPLATES: Self = Paging { first: 1, limit: 1000, last: Some(1000) };
    /// The recycle bin.
    pub const RECYCLE_BIN: Self = Self::from(0, 100);
    /// Every search.
    pub const SEARCH: Self = Paging { first: 0, limit: 100, last: Some(999) };

    /// The first page with as many objects as there may be.
    pub fn start(self) -> At {
        At { from: self.first, limit: self.limit }
    }
}

/// Which page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At {
    /// The place of its first object.
    pub from: u64,
    /// Most objects on it.
    pub limit: u64,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it. Empty where the list has ended, also when the answer was a 204 without a body.
    pub items: Vec<T>,
    /// How many there are on all pages, when the answer says so. Searches do.
    pub count: Option<u64>,
}

/// An object of a list.
pub trait Row {
    /// What tells it from the others of its list.
    fn key(&self) -> &str;
}

macro_rules! rows {
    ($($name:ident),* $(,)?) => {$(
        impl crate::page::Row for $name {
            fn key(&self) -> &str {
                self.id.as_str()
            }
        }
    )*};
}
pub(crate) use rows;

/// A request for one page by GET. A `limit` above the list's bound is cut.
pub(crate) fn ask<T>(
    to: &Endpoint,
    operation: &'static str,
    (path, query): (&[&str], Vec<(&str, String)>),
    (paging, at): (Paging, At),
    read: fn(&Response) -> Result<Page<T>>,
) -> Ask<Page<T>> {
    let mut query = query;
    query.push(("from", at.from.max(paging.first).to_string()));
    query.push(("limit", at.limit.clamp(1, paging.limit).to_string()));
    Ask::new(to, operation, Does::List(at.from), (Method::GET, path, &query), Payload::None, read)
}

/// Reads `{"data": […], "count": n}`; nothing at all is an empty list.
pub(crate) fn data<T: DeserializeOwned>(answer: &Response) -> Result<Page<T>> {
    #[derive(Deserialize)]
    struct List<T> {
        data: Option<Vec<T>>,
        #[serde(default, deserialize_with = "crate::wire::count")]
        count: Option<u64>,
    }
    if is_empty(answer) {
        return Ok(Page { items: Vec::new(), count: None });
    }
    let list: List<T> = json(answer)?;
    let items = list.data.ok_or_else(without_rows)?;
    Ok(Page { items, count: list.count })
}

/// Reads a list that has no pages.
pub(crate) fn all_data<T: DeserializeOwned>(answer: &Response) -> Result<Vec<T>> {
    Ok(data(answer)?.items)
}

/// The error for an answer that has no list where one must be: silence would look like an empty list.
pub(crate) fn without_rows() -> Error {
    Error::rejected(ErrorKind::Malformed, "the answer has no list in it")
}

/// Every item of every page, in order. An error ends it.
///
/// One page at a time is in memory. A page shorter than was asked for, or an empty one, is the last. An object that the page
/// before had too is left out: rows shift while we read. A full page on which nothing is new, a list of more than
/// [`MOST_PAGES`], and one that goes on past the last place that may be asked for are errors, never a loop and never a
/// silent end.
pub struct All<'c, T> {
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send + 'c>>,
}

/// How far a walk has come.
struct Walk {
    at: Option<At>,
    pages: u64,
    /// The keys of the page before.
    seen: HashSet<String>,
}

impl<'c, T: Row + Send + 'c> All<'c, T> {
    pub(crate) fn new<F>(paging: Paging, fetch: F) -> Self
    where
        F: Fn(At) -> BoxFuture<'c, Result<Page<T>>> + Send + Sync + 'c,
    {
        let start = Walk { at: Some(paging.start()), pages: 0, seen: HashSet::new() };
        let pages = stream::try_unfold((start, fetch), move |(mut walk, fetch)| async move {
            let Some(at) = walk.at else { return Ok(None) };
            if let Some(last) = paging.last.filter(|last| at.from > *last) {
                let message =
                    "the list goes on past the last place that may be asked for; ask for less of it";
                return Err(Error::new(ErrorKind::TooLarge, Outcome::NotSent, message).with("from", last));
            }
            let page = fetch(at).await?;
            let fresh = walk.take(at, page.items)?;
            Ok(Some((stream::iter(fresh.into_iter().map(Ok)), (walk, fetch))))
        });
        All { items: Box::pin(pages.try_flatten()) }
    }
}

impl Walk {
    /// The new objects of a page; decides where the next one begins.
    fn take<T: Row>(&mut self, at: At, items: Vec<T>) -> Result<Vec<T>> {
        let came = items.len() as u64;
        let keys: HashSet<String> = items.iter().map(|item| item.key().to_owned()).collect();
        let fresh: Vec<T> = items.into_iter().filter(|item| !self.seen.contains(item.key())).collect();
        self.pages += 1;
        self.at = (came >= at.limit).then(|| At { from: at.from.saturating_add(came), limit: at.limit });
        let malformed = |text: String| Err(Error::rejected(ErrorKind::Malformed, text));
        if fresh.is_empty() && self.at.is_some() {
            return malformed("a list comes back to a page that was read already".to_owned());
        }
        if self.at.is_some() && self.pages >= MOST_PAGES {
            return malformed(format!("a list has more than {MOST_PAGES} pages"));
        }
        self.seen = keys;
        Ok(fresh)
    }
}

impl<T> Stream for All<'_, T> {
    type Item = Result<T>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(cx)
    }
}

impl<T> std::fmt::Debug for All<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("All")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Debug, PartialEq)]
    struct Item(String);
    impl Row for Item {
        fn key(&self) -> &str {
            &self.0
        }
    }
    fn items(range: std::ops::Range<u64>) -> Vec<Item> {
        range.map(|n| Item(n.to_string())).collect()
    }

    async fn walk(
        paging: Paging,
        page: impl Fn(At) -> Vec<Item> + Send + Sync,
    ) -> (Result<Vec<Item>>, Vec<(u64, u64)>) {
        let asked = Mutex::new(Vec::new());
        let all = All::new(paging, |at| {
            asked.lock().unwrap().push((at.from, at.limit));
            let items = page(at);
            Box::pin(async move { Ok(Page { items, count: None }) })
        });
        let read = all.try_collect().await;
        (read, asked.into_inner().unwrap())
    }

    #[tokio::test]
    async fn lists_begin_where_they_begin_and_end_with_a_short_page() {
        let zero = |at: At| items(at.from..(at.from + at.limit).min(250));
        let (read, asked) = walk(Paging::TICKETS, zero).await;
        assert_eq!((read.unwrap().len(), asked), (250, vec![(0, 100), (100, 100), (200, 100)]));
        let one = |at: At| items(at.from..(at.from + at.limit).min(101));
        let (read, asked) = walk(Paging::ARTICLES, one).await;
        assert_eq!((read.unwrap().len(), asked), (100, vec![(1, 50), (51, 50), (101, 50)]));
    }

    #[tokio::test]
    async fn a_list_that_begins_at_one_though_we_assumed_zero_loses_nothing_and_shows_nothing_twice() {
        let one = |at: At| items(at.from.max(1)..(at.from.max(1) + at.limit).min(151));
        let (read, _) = walk(Paging::CONTACTS, one).await;
        assert_eq!(read.unwrap(), items(1..151));
    }

    #[tokio::test]
    async fn a_server_that_ignores_the_place_is_noticed() {
        let (read, asked) = walk(Paging::TICKETS, |at| items(0..at.limit)).await;
        assert!(read.unwrap_err().message().contains("comes back"));
        assert_eq!(asked.len(), 2);
    }

    #[tokio::test]
    async fn a_search_that_finds_more_than_may_be_asked_for_is_an_error_and_no_silent_end() {
        let (read, asked) = walk(Paging::SEARCH, |at| items(at.from..at.from + at.limit)).await;
        let e = read.unwrap_err();
        assert_eq!((e.kind(), e.context("from")), (ErrorKind::TooLarge, Some("999")));
        assert_eq!(asked.last(), Some(&(900, 100)));
    }

    #[tokio::test]
    async fn a_list_without_an_end_names_the_bound() {
        let paging = Paging { limit: 1, ..Paging::TICKETS };
        let (read, asked) = walk(paging, |at| items(at.from..at.from + 1)).await;
        assert!(read.unwrap_err().message().contains("20000 pages"));
        assert_eq!(asked.len() as u64, MOST_PAGES);
    }
}
