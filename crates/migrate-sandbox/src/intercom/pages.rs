//! Lists cut by page number, in the shapes that different endpoints give them (T68).

use serde_json::{Value, json};

use super::call::Call;
use super::problem::Problem;

/// What a page says about the one after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Nothing: the number of pages must do.
    Absent,
    /// An object with the page's number, null at the end.
    Number,
    /// An address, null at the end.
    Address,
}

/// A page of rows.
pub(crate) struct Numbered {
    pub(crate) start: usize,
    pub(crate) size: usize,
    pub(crate) pages: Value,
}

impl Numbered {
    pub(crate) fn of<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let start = self.start.min(rows.len());
        &rows[start..(start + self.size).min(rows.len())]
    }
}

/// The page that the query asks for. `path` is where an address as `next` leads.
pub(crate) fn numbered(
    call: &Call<'_>,
    total: usize,
    default: usize,
    most: usize,
    next: Next,
    path: &str,
) -> Result<Numbered, Problem> {
    let size = call.per_page(default, most)?;
    let page: usize = match call.query("page") {
        None => 1,
        Some(text) => match text.parse() {
            Ok(page) if page > 0 => page,
            _ => return Err(Problem::invalid("page must be a positive integer").field("page")),
        },
    };
    let total_pages = total.div_ceil(size);
    let mut pages = json!({"type": "pages", "page": page, "per_page": size, "total_pages": total_pages});
    let more = page < total_pages;
    match next {
        Next::Absent => {}
        Next::Number => {
            pages["next"] = if more { json!({"per_page": size, "page": page + 1}) } else { Value::Null }
        }
        Next::Address => {
            let address = || format!("{}{path}?page={}&per_page={size}", call.origin, page + 1);
            pages["next"] = if more { json!(address()) } else { Value::Null };
        }
    }
    Ok(Numbered { start: (page - 1).saturating_mul(size), size, pages })
}
