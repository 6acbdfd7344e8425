//! Lists that come in pages, as one stream, whatever way the API turns them.
//!
//! Intercom has five ways: a cursor in the body of a search, a cursor in the query, a page number whose next is a URL, a
//! page number without one, and a scroll; and lists that are whole. Each becomes [`Page`]s with a [`Cursor`], and those an
//! [`All`].

use crate::endpoint::{Ask, Does, Endpoint};
use connector_http::Response;
use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use mapping_core::{Error, ErrorKind, Outcome, Result};
use serde::Deserialize;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Most pages that one list is followed through; one that goes on is an error. At 20 objects a page it is two million.
pub const MOST_PAGES: u64 = 100_000;

/// A place in a list from which a page begins. Opaque; good for one query only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub(crate) String);

/// What a cursor's text begins with when it is the number of a page.
const NUMBERED: &str = "page=";
/// The same when it is the address that an answer gave as `next`.
const LINKED: &str = "next=";

impl Cursor {
    /// A cursor that was kept as text.
    pub fn new(text: impl Into<String>) -> Self {
        Cursor(text.into())
    }
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a parameter of the query.
    fn parameter(&self, to: &Endpoint) -> Result<(&'static str, String)> {
        if let Some(number) = self.0.strip_prefix(NUMBERED) {
            return Ok(("page", number.to_owned()));
        }
        match self.0.strip_prefix(LINKED) {
            Some(link) => linked(to, link),
            None => Ok(("starting_after", self.0.clone())),
        }
    }
}

/// The page that a `next` address names. The address itself is never called: the token goes to the base URL alone.
fn linked(to: &Endpoint, link: &str) -> Result<(&'static str, String)> {
    let malformed = |text: String| Error::not_sent(ErrorKind::Malformed, text);
    let unreadable = || malformed("the address of a list's next page can't be read".to_owned());
    let next = to.base().join(link).map_err(|_| unreadable())?;
    let intercom = |host: Option<&str>| host.is_some_and(|host| host.ends_with(".intercom.io"));
    let same = next.host() == to.base().host() && next.port() == to.base().port();
    let regions = next.port().is_none() && intercom(next.host_str()) && intercom(to.base().host_str());
    if !same && !regions {
        let ours = to.base().host_str().unwrap_or_default();
        return Err(malformed(format!("the next page of a list is at another host; only {ours} is asked")));
    }
    let named = |name| next.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    if let Some(number) = named("page") {
        return Ok(("page", number));
    }
    named("starting_after").map(|cursor| ("starting_after", cursor)).ok_or_else(unreadable)
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many there are on all pages, when the answer says so.
    pub total: Option<u64>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Cursor>,
}

/// A request for one page by GET, or by a POST that has its page in the query.
pub(crate) fn ask<T>(
    to: &Endpoint,
    operation: &'static str,
    (method, path, query): (Method, &[&str], &[(&str, &str)]),
    per_page: u32,
    after: Option<&Cursor>,
    read: fn(&Response) -> Result<Page<T>>,
) -> Ask<Page<T>> {
    let size = per_page.max(1).to_string();
    let place = match after.map(|cursor| cursor.parameter(to)).transpose() {
        Ok(place) => place,
        Err(e) => return Ask::refused(operation, e, read),
    };
    let mut query = query.to_vec();
    query.push(("per_page", &size));
    query.extend(place.as_ref().map(|(key, value)| (*key, value.as_str())));
    Ask::new(to, operation, Does::Read, (method, path, &query), None, read)
}

/// `pages` of an answer.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pages {
    #[serde(default)]
    next: Option<Next>,
    #[serde(default)]
    page: Option<u64>,
    #[serde(default)]
    total_pages: Option<u64>,
}

/// An object with a cursor, or the address of the next page.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Next {
    Link(String),
    Cursor { starting_after: Option<String> },
    Other(serde::de::IgnoredAny),
}

impl Pages {
    /// For lists that are turned by a cursor: no cursor, no next page.
    pub(crate) fn cursor(self) -> Option<Cursor> {
        match self.next {
            Some(Next::Cursor { starting_after }) => starting_after.filter(|c| !c.is_empty()).map(Cursor),
            Some(Next::Link(_) | Next::Other(_)) | None => None,
        }
    }

    /// For lists that are turned by number: the address of the next page, a cursor, or the number after this page's as
    /// long as there are more.
    pub(crate) fn following(self) -> Option<Cursor> {
        match &self.next {
            Some(Next::Link(link)) if !link.is_empty() => Some(Cursor(format!("{LINKED}{link}"))),
            Some(Next::Cursor { starting_after: Some(_) }) => self.cursor(),
            _ => numbered(self.page, self.total_pages),
        }
    }
}

/// The page after `page` of `total`.
pub(crate) fn numbered(page: Option<u64>, total: Option<u64>) -> Option<Cursor> {
    let page = page?;
    (page < total?).then(|| Cursor(format!("{NUMBERED}{}", page.saturating_add(1))))
}

/// Every item of every page, in order. An error ends it.
///
/// One page at a time is in memory. A list that comes back to a page, or that has more than [`MOST_PAGES`], is an error
/// (`Malformed`), never a loop.
pub struct All<'c, T> {
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send + 'c>>,
}

impl<'c, T: Send + 'c> All<'c, T> {
    pub(crate) fn new<F>(fetch: F) -> Self
    where
        F: Fn(Option<Cursor>) -> BoxFuture<'c, Result<Page<T>>> + Send + Sync + 'c,
    {
        Self::turned(Turns::default(), fetch)
    }

    fn turned<F>(turns: Turns, fetch: F) -> Self
    where
        F: Fn(Option<Cursor>) -> BoxFuture<'c, Result<Page<T>>> + Send + Sync + 'c,
    {
        let pages = stream::try_unfold((Some(None), turns, fetch), |(at, mut turns, fetch)| {
            async move {
                let at: Option<Cursor> = match at {
                    Some(at) => at,
                    None => return Ok(None),
                };
                let page = fetch(at).await?;
                // An empty page ends the list, whatever it says: rows shift while we read.
                let next = page.next.filter(|_| !page.items.is_empty());
                turns.to(next.as_ref())?;
                Ok(Some((stream::iter(page.items).map(Ok), (next.map(Some), turns, fetch))))
            }
        });
        All { items: Box::pin(pages.try_flatten()) }
    }

    /// As [`new`](All::new), for a scroll: its cursor may stay the same from page to page, and no page of it can be asked for
    /// twice, so that after an error it begins anew.
    pub(crate) fn scroll<F>(fetch: F) -> Self
    where
        F: Fn(Option<Cursor>) -> BoxFuture<'c, Result<Page<T>>> + Send + Sync + 'c,
    {
        let All { items } = Self::turned(Turns { scroll: true, ..Turns::default() }, fetch);
        let told = |e: Error| {
            // Nothing was written, whatever became of the page.
            let outcome = if e.outcome() == Outcome::NotSent { Outcome::NotSent } else { Outcome::Rejected };
            e.with_outcome(outcome).with("scroll", "can't be resumed; list again from the start")
        };
        All { items: Box::pin(items.map_err(told)) }
    }
}

/// The way through a list so far, in constant memory: a cursor is kept and the next ones are compared with it, twice as
/// many each time, so that any circle is noticed before it is gone through thrice.
#[derive(Default)]
pub(crate) struct Turns {
    scroll: bool,
    pages: u64,
    kept: Option<Cursor>,
    until: u64,
}

impl Turns {
    /// Goes on to the next page, or says why that leads nowhere.
    pub(crate) fn to(&mut self, next: Option<&Cursor>) -> Result<()> {
        let Some(next) = next else { return Ok(()) };
        self.pages += 1;
        let malformed = |text: String| Err(Error::rejected(ErrorKind::Malformed, text));
        if self.kept.as_ref() == Some(next) && !self.scroll {
            return malformed("a list comes back to a page that it had already".to_owned());
        }
        if self.pages >= MOST_PAGES {
            return malformed(format!("a list has more than {MOST_PAGES} pages"));
        }
        if self.pages > self.until {
            self.kept = Some(next.clone());
            self.until = self.pages * 2;
        }
        Ok(())
    }
}

impl<T> Stream for All<'_, T> {
    type Item = Result<T>;
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.items.as_mut().poll_next(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pages_are_one_stream_and_an_empty_page_ends_it() {
        let all = All::new(|at: Option<Cursor>| {
            Box::pin(async move {
                let at = at.map_or(0, |c| c.as_str().parse::<usize>().unwrap());
                let items = if at < 2 { vec![at * 2, at * 2 + 1] } else { vec![] };
                Ok(Page { items, total: None, next: Some(Cursor::new((at + 1).to_string())) })
            })
        });
        assert_eq!(all.try_collect::<Vec<_>>().await.unwrap(), [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn a_page_that_names_itself_is_an_error_not_a_loop() {
        let page = || Page { items: vec![1], total: None, next: Some(Cursor::new("x")) };
        let all = All::new(move |_| Box::pin(async move { Ok(page()) }));
        let e = all.try_collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Malformed);
    }

    #[tokio::test]
    async fn a_circle_of_pages_is_an_error_however_long_it_is() {
        for circle in [1_u64, 2, 3, 7, 100] {
            let all = All::new(move |at: Option<Cursor>| {
                Box::pin(async move {
                    let at = at.map_or(0, |c| c.as_str().parse::<u64>().unwrap());
                    let next = Some(Cursor::new(((at + 1) % (circle + 5)).max(5).to_string()));
                    Ok(Page { items: vec![at], total: None, next })
                })
            });
            let e = all.try_collect::<Vec<_>>().await.unwrap_err();
            assert!(e.message().contains("comes back"), "{circle}: {e}");
        }
    }

    #[tokio::test]
    async fn a_list_without_an_end_names_the_bound() {
        let all = All::new(|at: Option<Cursor>| {
            Box::pin(async move {
                let at = at.map_or(0, |c| c.as_str().parse::<u64>().unwrap());
                Ok(Page { items: vec![()], total: None, next: Some(Cursor::new((at + 1).to_string())) })
            })
        });
        let seen = std::sync::atomic::AtomicU64::new(0);
        let counted = all.inspect_ok(|()| {
            seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        });
        let e = counted.try_for_each(|()| async { Ok(()) }).await.unwrap_err();
        assert!(e.message().contains("100000 pages"), "{e}");
        assert_eq!(seen.into_inner(), MOST_PAGES - 1);
    }

    #[test]
    fn a_next_address_is_read_and_never_followed_to_another_host() {
        let to = Endpoint::new("https://api.eu.intercom.io", "2.16").unwrap();
        let at = |link: &str| Cursor(format!("{LINKED}{link}")).parameter(&to);
        for link in [
            "https://api.eu.intercom.io/x?per_page=2&page=3",
            "/x?page=3",
            "https://api.intercom.io/x?page=3",
        ] {
            assert_eq!(at(link).unwrap(), ("page", "3".to_owned()), "{link}");
        }
        for link in [
            "https://evil.example/x?page=3",
            "https://api.intercom.io.evil.example/x?page=3",
            "//evil.example/?page=3",
        ] {
            let e = at(link).unwrap_err();
            assert!(e.message().contains("another host; only api.eu.intercom.io"), "{e}");
        }
        assert!(at("/x").is_err());
    }

    #[test]
    fn a_list_by_number_goes_by_address_or_by_count() {
        let following = |text: &str| serde_json::from_str::<Pages>(text).unwrap().following();
        assert_eq!(following(r#"{"next":"https://x/?page=2"}"#), Some(Cursor::new("next=https://x/?page=2")));
        assert_eq!(following(r#"{"next":null,"page":1,"total_pages":3}"#), Some(Cursor::new("page=2")));
        assert_eq!(following(r#"{"page":3,"total_pages":3}"#), None);
        assert_eq!(following(r#"{"next":{"starting_after":"c"}}"#), Some(Cursor::new("c")));
        assert_eq!(following("{}"), None);
    }

    #[test]
    fn a_next_that_is_a_url_is_no_cursor() {
        let pages: Pages = serde_json::from_str(r#"{"next":"https://x/?page=2"}"#).unwrap();
        assert_eq!(pages.cursor(), None);
        let pages: Pages = serde_json::from_str(r#"{"next":{"starting_after":"c"}}"#).unwrap();
        assert_eq!(pages.cursor(), Some(Cursor::new("c")));
    }
}
