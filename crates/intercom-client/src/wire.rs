//! Pieces that several answers share: maps of unknown fields, address lists, times.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::ops::Deref;

/// Fields by name: custom attributes, or what an answer holds that this version of the crate has no name for. `Debug`
/// shows the names alone, because the values belong to customers.
#[derive(Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Fields(pub Map<String, Value>);

impl Deref for Fields {
    type Target = Map<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Fields(Option::<Map<String, Value>>::deserialize(from)?.unwrap_or_default()))
    }
}

/// A list as most of Intercom's answers wrap it.
#[derive(Clone, Debug, Deserialize)]
struct Listed<T> {
    data: Option<Vec<T>>,
}

/// Everything of a list that has no pages.
pub(crate) fn listed<T: serde::de::DeserializeOwned>(
    answer: &connector_http::Response,
) -> mapping_core::Result<Vec<T>> {
    Ok(crate::endpoint::json::<Listed<T>>(answer)?.data.unwrap_or_default())
}

/// `null` where a default is meant.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A moment as Unix seconds or as ISO 8601 text; `None` for null, for zero and for what is neither.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(match &value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_i64().filter(|s| *s > 0).and_then(|s| Timestamp::from_second(s).ok()),
    })
}

/// An id for a field that takes whole numbers. One that is none goes as text and is refused by Intercom.
pub(crate) fn number(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| Value::from(id), Value::from)
}

/// A page of a list that is turned by number.
pub(crate) fn numbered_page<T: serde::de::DeserializeOwned>(
    answer: &connector_http::Response,
) -> mapping_core::Result<crate::Page<T>> {
    #[derive(Deserialize)]
    struct List<T> {
        data: Option<Vec<T>>,
        total_count: Option<u64>,
        #[serde(default, deserialize_with = "or_default")]
        pages: crate::page::Pages,
    }
    let list: List<T> = crate::endpoint::json(answer)?;
    Ok(crate::Page {
        items: list.data.unwrap_or_default(),
        total: list.total_count,
        next: list.pages.following(),
    })
}
