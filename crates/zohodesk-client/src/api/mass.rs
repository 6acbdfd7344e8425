//! Answers of calls on several objects at once: the status 200 says nothing about any of them.

use connector_http::Response;
use mapping_core::Result;
use serde::Deserialize;

/// What became of one object of a call on several.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MassResult {
    /// Its id.
    pub id: String,
    /// Whether it was done.
    pub done: bool,
    /// Why not, as Desk's code.
    pub code: Option<String>,
    /// Why not, as a status.
    pub status: Option<u16>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "crate::wire::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "crate::wire::flag")]
    success: Option<bool>,
    #[serde(default)]
    errors: Option<Failure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    #[serde(default, deserialize_with = "crate::wire::text")]
    error_code: Option<String>,
    #[serde(default, deserialize_with = "crate::wire::count")]
    http_code: Option<u64>,
}

/// Reads `{"results": […]}`. What doesn't say that it was done wasn't.
pub(crate) fn results(answer: &Response) -> Result<Vec<MassResult>> {
    let read: Results = crate::endpoint::json(answer)?;
    let plain =
        |code: &String| code.len() <= 60 && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let result = |item: Item| {
        let failure = item.errors;
        MassResult {
            id: item.id.unwrap_or_default(),
            done: item.success == Some(true),
            code: failure.as_ref().and_then(|f| f.error_code.clone()).filter(plain),
            status: failure.and_then(|f| f.http_code).and_then(|code| u16::try_from(code).ok()),
        }
    };
    Ok(read.results.into_iter().map(result).collect())
}
