//! A list that is turned page by page while its rows shift.

use crate::page::{Cursor, Page};
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
        let (mut after, mut count, mut steady) = (None, None, true);
        loop {
            let Page { items, total, next } = page(after).await?;
            steady &= count.is_none_or(|known| known == total);
            count = Some(total);
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
