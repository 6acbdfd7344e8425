//! Pieces that several calls share: maps of fields, times, numbers that come as text, bodies and queries as builders.

use jiff::Timestamp;
use mapping_core::Private;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::fmt;
use std::ops::Deref;

/// Fields by name: custom fields (`cf_…`), or what an answer holds that this version of the crate has no name for.
/// `Debug` shows the names alone, because the values belong to customers.
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

/// `null` where a default is meant.
pub(crate) fn or_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A moment as ISO 8601 text or as Unix milliseconds; `None` for null and for what is neither.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Timestamp>, D::Error> {
    let millis = |n: i64| Timestamp::from_millisecond(n).ok();
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.parse().ok().or_else(|| text.parse().ok().and_then(millis)),
        value => value.as_i64().and_then(millis),
    })
}

/// A count or a size, as a number or as text; `None` for null and for what is neither.
pub(crate) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => text.trim().parse().ok(),
        value => value.as_u64(),
    })
}

/// True or false, also as text; `None` for null and for what is neither.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Bool(flag) => Some(flag),
        Value::String(text) => text.trim().to_ascii_lowercase().parse().ok(),
        _ => None,
    })
}

/// A text, also one that comes as a number; `None` for null.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// As [`text`], for what belongs to a customer.
pub(crate) fn private<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Private>, D::Error> {
    Ok(text(from)?.map(Private::from))
}

/// A moment as Desk takes it: UTC, milliseconds, `Z`.
pub(crate) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Something that goes into a body or a query.
pub(crate) trait Written {
    fn written(self) -> Value;
}
impl Written for &str {
    fn written(self) -> Value {
        self.into()
    }
}
impl Written for bool {
    fn written(self) -> Value {
        self.into()
    }
}
impl Written for u64 {
    fn written(self) -> Value {
        self.into()
    }
}
impl Written for Timestamp {
    fn written(self) -> Value {
        utc(self).into()
    }
}
impl Written for &[&str] {
    fn written(self) -> Value {
        self.iter().copied().collect()
    }
}
impl<T: Written> Written for Option<T> {
    fn written(self) -> Value {
        self.map_or(Value::Null, Written::written)
    }
}
impl Written for Value {
    fn written(self) -> Value {
        self
    }
}

/// A value as one parameter of a query; lists are joined by commas.
pub(crate) fn parameter(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(parameter).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// A range of times as a search takes it.
pub(crate) fn range(from: Timestamp, to: Timestamp) -> Value {
    format!("{},{}", utc(from), utc(to)).into()
}

/// A type that collects the fields of a body. It can hold only what the API takes, and its `Debug` shows names alone.
macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $method:ident $key:literal: $kind:ty;)* }) => {
        $(#[$doc])*
        #[must_use]
        #[derive(Clone, Default, Debug, PartialEq, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(crate::wire::Fields);

        impl $name {
            $($(#[$field])*
            pub fn $method(mut self, value: $kind) -> Self {
                self.0.0.insert($key.to_owned(), crate::wire::Written::written(value));
                self
            })*
        }
    };
}
pub(crate) use body;

/// As `body!`, for a type that has custom fields under `cf`, and can be begun empty.
macro_rules! custom_fields {
    ($($name:ident),*) => {$(
        impl $name {
            /// A custom field, by the API name that Desk gave it (`cf_…`). `None` empties it.
            pub fn custom(mut self, api_name: &str, value: Option<&str>) -> Self {
                let held = self.0.0.entry("cf").or_insert_with(|| serde_json::json!({}));
                if let serde_json::Value::Object(held) = held {
                    held.insert(api_name.to_owned(), crate::wire::Written::written(value));
                }
                self
            }
        }
    )*};
}
pub(crate) use custom_fields;

/// `new()` without arguments, for bodies of which nothing is required.
macro_rules! begun_empty {
    ($($name:ident),*) => {$(
        impl $name {
            /// Nothing yet.
            pub fn new() -> Self {
                Self::default()
            }
            /// True when nothing is set.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }
    )*};
}
pub(crate) use begun_empty;

/// A type that collects the parameters of a list or a search. Its `Debug` shows names alone.
macro_rules! query {
    ($(#[$doc:meta])* $name:ident { $($(#[$field:meta])* $method:ident $key:literal: $kind:ty;)* }) => {
        $(#[$doc])*
        #[must_use]
        #[derive(Clone, Default, Debug, PartialEq)]
        pub struct $name(crate::wire::Fields);

        impl $name {
            /// Everything.
            pub fn new() -> Self {
                Self::default()
            }
            $($(#[$field])*
            pub fn $method(mut self, value: $kind) -> Self {
                self.0.0.insert($key.to_owned(), crate::wire::Written::written(value));
                self
            })*
            fn parameters(&self) -> Vec<(&str, String)> {
                self.0.iter().map(|(key, value)| (key.as_str(), crate::wire::parameter(value))).collect()
            }
        }
    };
}
pub(crate) use query;

/// A type that is read. Everything but its id may be missing: Desk leaves out what the token's owner may not see. What has
/// no name here is kept in `extra`.
macro_rules! answer {
    ($(#[$doc:meta])* $name:ident($id:ty) { $($(#[$field_doc:meta])* $field:ident $kind:tt: $type:ty;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct $name {
            /// Its id.
            pub id: $id,
            $($(#[$field_doc])*
            #[serde(default, deserialize_with = $kind)]
            pub $field: $type,)*
            /// Everything else.
            #[serde(flatten)]
            pub extra: crate::wire::Fields,
        }
        crate::page::rows!($name);
    };
}
pub(crate) use answer;

/// The calls of one object with a client: each sends what the function of the same name builds.
macro_rules! handle {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$call_doc:meta])* $method:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*
        $(@all $(#[$all_doc:meta])* $all:ident($($all_arg:ident: $all_type:ty),*) -> $row:ty = $list:ident by $paging:ident;)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name<'c>(pub(crate) &'c crate::Client);

        impl<'c> $name<'c> {
            $(#[doc = concat!("See [`", stringify!($method), "()`](fn@", stringify!($method), ").")]
            $(#[$call_doc])*
            pub fn $method(self, $($arg: $type),*) -> crate::Pending<'c, $answer> {
                self.0.pending($method(self.0.endpoint(), $($arg),*))
            })*
            $(#[doc = concat!("Every page of [`", stringify!($list), "()`](fn@", stringify!($list), ").")]
            $(#[$all_doc])*
            pub fn $all(self, $($all_arg: $all_type),*) -> crate::All<'c, $row> {
                $(let $all_arg = $all_arg.to_owned();)*
                crate::All::new(crate::Paging::$paging, move |at| {
                    let ask = $list(self.0.endpoint(), $(&$all_arg,)* at);
                    Box::pin(async move { self.0.send(ask).await })
                })
            })*
        }
    };
}
pub(crate) use handle;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "time")]
        at: Option<Timestamp>,
        #[serde(default, deserialize_with = "count")]
        size: Option<u64>,
        #[serde(default, deserialize_with = "flag")]
        on: Option<bool>,
    }

    fn row(text: &str) -> Row {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn counts_sizes_and_flags_come_as_text_too() {
        let read = row(r#"{"size":"20971520","on":"true"}"#);
        assert_eq!((read.size, read.on), (Some(20_971_520), Some(true)));
        let read = row(r#"{"size":7,"on":false}"#);
        assert_eq!((read.size, read.on), (Some(7), Some(false)));
        let read = row(r#"{"size":null,"on":null,"at":null}"#);
        assert!(read.size.is_none() && read.on.is_none() && read.at.is_none());
        assert!(row(r#"{"size":"x","on":"maybe","at":"soon"}"#).size.is_none());
    }

    #[test]
    fn times_are_read_in_both_forms_and_written_in_one() {
        for text in
            [r#"{"at":"2024-05-01T10:00:00.000Z"}"#, r#"{"at":"1714557600000"}"#, r#"{"at":1714557600000}"#]
        {
            let at = row(text).at.unwrap();
            assert_eq!(utc(at), "2024-05-01T10:00:00.000Z", "{text}");
        }
        assert_eq!(utc("2024-05-01T18:00:00.5+08:00".parse().unwrap()), "2024-05-01T10:00:00.500Z");
    }
}
