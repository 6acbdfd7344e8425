//! A request as data, for whoever sends it.

use mapping_core::{Error, ErrorKind, Result};
use serde_json::Value as Json;
use std::fmt;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// A request to the Desk API, relative to `/api/v1`. `Debug` shows method and path, never the query or the body.
#[derive(Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path: `/tickets/189000000052001/comments`.
    pub path: String,
    /// The query.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Json>,
    /// The answer is a list to be walked with `from` and `limit`, to its end.
    pub paged: bool,
}

impl Request {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Request { method: Method::Get, path: path.into(), query: Vec::new(), body: None, paged: false }
    }
    pub(crate) fn post(path: impl Into<String>, body: Json) -> Self {
        Request { method: Method::Post, body: Some(body), ..Self::get(path) }
    }
    pub(crate) fn patch(path: impl Into<String>, body: Json) -> Self {
        Request { method: Method::Patch, body: Some(body), ..Self::get(path) }
    }
    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Request { method: Method::Delete, ..Self::get(path) }
    }
    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
    pub(crate) fn paged(mut self) -> Self {
        self.paged = true;
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.method, self.path)
    }
}

/// The text of an answer's key. Ids are strings of up to eighteen digits; a number is no id.
pub(crate) fn text<'a>(answer: &'a Json, key: &'static str) -> Result<&'a str> {
    answer.get(key).and_then(Json::as_str).ok_or_else(|| {
        Error::unknown(ErrorKind::Malformed, "the answer lacks a text it must have").with("key", key)
    })
}

/// The entries of a list answer; an empty body is an empty list.
pub(crate) fn entries(answer: &Json) -> &[Json] {
    answer.get("data").and_then(Json::as_array).map_or(&[], Vec::as_slice)
}
