//! The query language of the search endpoints.

use mapping_core::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// Most filters in one group, by the API's description.
pub const MOST_FILTERS: usize = 15;
/// Most items on a page.
pub const MOST_PER_PAGE: u32 = 150;

/// What is searched for: one filter, or several joined. Two levels at most, 15 filters in a group.
///
/// ```
/// use intercom_client::api::Query;
/// let query = Query::all([Query::is("contact_ids", "6762f0dd1bb69f9f2193bb83"), Query::greater("created_at", 1734537000)]);
/// ```
#[derive(Clone, PartialEq)]
pub struct Query(Value);

impl Query {
    /// Any filter, by the operator's sign.
    pub fn filter(field: &str, operator: &str, value: impl Into<Value>) -> Self {
        Query(json!({"field": field, "operator": operator, "value": value.into()}))
    }
    /// `=`.
    pub fn is(field: &str, value: impl Into<Value>) -> Self {
        Self::filter(field, "=", value)
    }
    /// `>`, which is documented as "greater or equal" for times of conversations.
    pub fn greater(field: &str, value: i64) -> Self {
        Self::filter(field, ">", value)
    }
    /// `<`, likewise.
    pub fn less(field: &str, value: i64) -> Self {
        Self::filter(field, "<", value)
    }
    /// All of these.
    pub fn all(filters: impl IntoIterator<Item = Query>) -> Self {
        Self::group("AND", filters)
    }
    /// Any of these.
    pub fn any(filters: impl IntoIterator<Item = Query>) -> Self {
        Self::group("OR", filters)
    }
    fn group(operator: &str, filters: impl IntoIterator<Item = Query>) -> Self {
        let mut filters: Vec<Value> = filters.into_iter().map(|q| q.0).collect();
        // A group holds filters or groups, not both.
        if filters.iter().any(is_group) {
            for filter in filters.iter_mut().filter(|f| !is_group(f)) {
                *filter = json!({"operator": "AND", "value": [filter.take()]});
            }
        }
        Query(json!({"operator": operator, "value": filters}))
    }

    pub(crate) fn body(&self, per_page: u32, after: Option<&crate::Cursor>) -> Result<connector_http::Body> {
        check(&self.0, 0)?;
        let mut pagination = json!({"per_page": per_page.clamp(1, MOST_PER_PAGE)});
        if let Some(after) = after {
            pagination["starting_after"] = after.as_str().into();
        }
        connector_http::Body::json(&json!({"query": self.0, "pagination": pagination}))
    }
}

impl std::fmt::Debug for Query {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values are addresses and names.
        f.write_str("Query(…)")
    }
}

fn is_group(query: &Value) -> bool {
    query.get("field").is_none()
}

fn check(query: &Value, groups_above: usize) -> Result<()> {
    let Some(filters) = query["value"].as_array().filter(|_| is_group(query)) else {
        return Ok(());
    };
    if filters.len() > MOST_FILTERS || groups_above >= 2 {
        let message = "a search takes 15 filters in a group and two levels of groups at most";
        return Err(Error::not_sent(ErrorKind::Invalid, message).with("filters", filters.len()));
    }
    filters.iter().try_for_each(|f| check(f, groups_above + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_the_query_language_are_kept_before_sending() {
        let many = |n| Query::all((0..n).map(|_| Query::is("id", "1")));
        assert!(many(15).body(20, None).is_ok());
        assert_eq!(many(16).body(20, None).unwrap_err().kind(), ErrorKind::Invalid);
        let two = Query::any([many(2)]);
        assert!(two.body(20, None).is_ok());
        assert!(Query::all([two]).body(20, None).is_err());
        assert!(Query::filter("id", "IN", (0..40).collect::<Vec<i64>>()).body(20, None).is_ok());
    }
}
