//! A list that is turned page by page while its rows shift.

use crate::page::{Cursor, Page, Turns};
use mapping_core::{Error, ErrorKind, Result, Retry};
use std::collections::BTreeMap;
use std::future::Future;

/// How often a list is read again that changed while it was read.
const MOST_READS: usize = 4;
/// Rows of a list that are kept in memory; a help centre has thousands of articles, not millions.
const MOST_ROWS: usize = 200_000;

/// Every row of a list without a fixed order, by id. A row that is taken out while pages are turned moves others to a page
/// that was read already; then the count changes, and the list is read again.
pub(super) async fn whole<T, F, Fut>(page: F, id: fn(&T) -> &str) -> Result<Vec<T>>
where
    F: Fn(Option<Cursor>) -> Fut,
    Fut: Future<Output = Result<Page<T>>>,
{
    for _ in 0..MOST_READS {
        let mut rows: BTreeMap<String, T> = BTreeMap::new();
        let (mut after, mut count, mut steady, mut turns) = (None, None, true, Turns::default());
        loop {
            let Page { items, total, next } = page(after).await?;
            steady &= count.is_none_or(|known| known == total);
            count = Some(total);
            // An empty page ends the list, whatever it says.
            let next = next.filter(|_| !items.is_empty());
            turns.to(next.as_ref())?;
            rows.extend(items.into_iter().map(|row| (id(&row).to_owned(), row)));
            if rows.len() > MOST_ROWS {
                return Err(Error::not_sent(ErrorKind::TooLarge, "a list has more than 200000 rows"));
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let all = count.flatten().is_none_or(|total| rows.len() as u64 == total);
        if steady && all {
            return Ok(rows.into_values().collect());
        }
    }
    let message = "a list changes faster than it can be read";
    Err(Error::not_sent(ErrorKind::Unavailable, message).with_retry(Retry::Later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_list_that_never_ends_is_an_error_and_an_empty_page_is_its_end() {
        let circle = |_| async {
            Ok(Page { items: vec!["a".to_owned()], total: Some(1), next: Some(Cursor::new("x")) })
        };
        let e = whole(circle, |row: &String| row.as_str()).await.unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Malformed);
        let empty = |_| async { Ok(Page { items: vec![], total: Some(0), next: Some(Cursor::new("x")) }) };
        assert!(whole(empty, |row: &String| row.as_str()).await.unwrap().is_empty());
    }
}
