//! Lists that come in pages, as one stream.

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mapping_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A place in a list from which a page begins. Opaque; good for one query only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(pub(crate) String);

impl Cursor {
    /// A cursor that was kept as text.
    pub fn new(text: impl Into<String>) -> Self {
        Cursor(text.into())
    }
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
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

/// `pages` of an answer.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Pages {
    #[serde(default)]
    next: Option<Next>,
}

/// `next` is an object here; elsewhere in the API it is a URL, which no list of this crate uses.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Next {
    Cursor { starting_after: Option<String> },
    Other(serde::de::IgnoredAny),
}

impl Pages {
    pub(crate) fn cursor(self) -> Option<Cursor> {
        match self.next {
            Some(Next::Cursor { starting_after }) => starting_after.filter(|c| !c.is_empty()).map(Cursor),
            Some(Next::Other(_)) | None => None,
        }
    }
}

/// Every item of every page, in order. An error ends it.
pub struct All<'c, T> {
    items: Pin<Box<dyn Stream<Item = Result<T>> + Send + 'c>>,
}

impl<'c, T: Send + 'c> All<'c, T> {
    pub(crate) fn new<F>(fetch: F) -> Self
    where
        F: Fn(Option<Cursor>) -> BoxFuture<'c, Result<Page<T>>> + Send + Sync + 'c,
    {
        let pages = stream::try_unfold((Some(None), fetch), |(at, fetch)| async move {
            let at: Option<Cursor> = match at {
                Some(at) => at,
                None => return Ok(None),
            };
            let page = fetch(at.clone()).await?;
            if page.next.is_some() && page.next == at {
                let e = Error::rejected(ErrorKind::Malformed, "a page names itself as the next one");
                return Err(e);
            }
            // An empty page ends the list, whatever it says: rows shift while we read.
            let next = page.next.filter(|_| !page.items.is_empty()).map(Some);
            Ok(Some((stream::iter(page.items).map(Ok), (next, fetch))))
        });
        All { items: Box::pin(pages.try_flatten()) }
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

    #[test]
    fn a_next_that_is_a_url_is_no_cursor() {
        let pages: Pages = serde_json::from_str(r#"{"next":"https://x/?page=2"}"#).unwrap();
        assert_eq!(pages.cursor(), None);
        let pages: Pages = serde_json::from_str(r#"{"next":{"starting_after":"c"}}"#).unwrap();
        assert_eq!(pages.cursor(), Some(Cursor::new("c")));
    }
}
