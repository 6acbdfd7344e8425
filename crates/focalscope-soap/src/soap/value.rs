//! What an answer holds once it is decoded: a small tree of typed values.

use std::fmt;
use std::sync::Arc;

/// A binary element whose bytes were handed out while they arrived. Numbered from 0 in each answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobId(pub u64);

/// A value. `Debug` shows its kind and length, never its content.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `xsi:nil`, or an empty element of a type that has no empty value.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number written in its usual form. `007` is [`Value::Text`]: leading zeros are not a number's.
    Int(i64),
    /// Another number, as it was written.
    Number(String),
    /// A `dateTime`, as it was written; whether it has a zone is for the caller to see.
    DateTime(String),
    /// Text.
    Text(String),
    /// Bytes of a `base64Binary` or `hexBinary`.
    Bytes(Vec<u8>),
    /// Bytes that were handed out as they arrived; `size` of them.
    Blob {
        /// Which.
        id: BlobId,
        /// How many bytes.
        size: u64,
        /// Why the bytes are not to be trusted, if so.
        flaw: Option<&'static str>,
    },
    /// An element with children or attributes.
    Record(Record),
    /// The values of an element that may repeat, in order.
    List(Vec<Value>),
}

/// An element with children or attributes. Attributes have names that begin with `@`; the text of simple or mixed
/// content is `#text`.
#[derive(Clone, Default, PartialEq)]
pub struct Record {
    /// The `xsi:type` that came, when it named a type of the schema: its local name.
    pub of: Option<Arc<str>>,
    /// Fields in the order in which they first came.
    pub fields: Vec<(Arc<str>, Value)>,
    /// What the schema doesn't know, in order.
    pub extra: Vec<(Arc<str>, Value)>,
}

impl Value {
    /// Text, for a parameter.
    pub fn text(text: impl Into<String>) -> Value {
        Value::Text(text.into())
    }

    /// A record of these fields, for a parameter.
    pub fn record<N: Into<Arc<str>>>(fields: impl IntoIterator<Item = (N, Value)>) -> Value {
        let fields = fields.into_iter().map(|(name, value)| (name.into(), value)).collect();
        Value::Record(Record { of: None, fields, extra: Vec::new() })
    }

    /// The record, if it is one.
    pub fn as_record(&self) -> Option<&Record> {
        match self {
            Value::Record(record) => Some(record),
            _ => None,
        }
    }

    /// The text of a single value, as it was written; nothing for null, lists, records and bytes. The text of a record
    /// with simple content is its `#text`.
    pub fn as_text(&self) -> Option<std::borrow::Cow<'_, str>> {
        Some(match self {
            Value::Bool(b) => if *b { "true" } else { "false" }.into(),
            Value::Int(n) => n.to_string().into(),
            Value::Number(s) | Value::DateTime(s) | Value::Text(s) => s.as_str().into(),
            Value::Record(record) => return record.get("#text")?.as_text(),
            Value::Null | Value::Bytes(_) | Value::Blob { .. } | Value::List(_) => return None,
        })
    }

    /// The values of a list; a single value is a list of one, null an empty one.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            Value::Null => &[],
            other => std::slice::from_ref(other),
        }
    }

    /// The value at a path of names; through a list of records the first record that has it.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut at = self;
        for step in path.split('/').filter(|s| !s.is_empty()) {
            at = match at {
                Value::Record(record) => record.get(step)?,
                Value::List(items) => items.iter().find_map(|i| i.as_record()?.get(step))?,
                _ if step == "#text" => at,
                _ => return None,
            };
        }
        Some(at)
    }

    /// Removes and returns the value at a path of records.
    pub fn take(&mut self, path: &str) -> Option<Value> {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let Value::Record(record) = self else { return None };
        let list = if record.fields.iter().any(|(n, _)| &**n == first) {
            &mut record.fields
        } else {
            &mut record.extra
        };
        let place = list.iter().position(|(name, _)| &**name == first)?;
        if rest.is_empty() { Some(list.remove(place).1) } else { list[place].1.take(rest) }
    }

    /// As JSON: records as objects (with what the schema doesn't know beside what it does), bytes as base64.
    pub fn to_json(&self) -> serde_json::Value {
        use base64::Engine as _;
        use serde_json::Value as Json;
        match self {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Int(n) => Json::from(*n),
            Value::Number(s) | Value::DateTime(s) | Value::Text(s) => Json::String(s.clone()),
            Value::Bytes(b) => Json::String(base64::engine::general_purpose::STANDARD.encode(b)),
            Value::Blob { size, .. } => serde_json::json!({ "bytes": size }),
            Value::List(items) => Json::Array(items.iter().map(Value::to_json).collect()),
            Value::Record(record) => {
                let mut object = serde_json::Map::new();
                for (name, value) in record.fields.iter().chain(&record.extra) {
                    object.insert(name.to_string(), value.to_json());
                }
                if let Some(of) = &record.of {
                    object.insert("@xsi:type".to_owned(), Json::String(of.to_string()));
                }
                Json::Object(object)
            }
        }
    }
}

impl Record {
    /// The value of a field, known to the schema or not.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.fields.iter().chain(&self.extra).find(|(n, _)| &**n == name).map(|(_, value)| value)
    }

    /// Adds a value: to the list of an element that repeats, or beside one that came before.
    pub(crate) fn add(
        list: &mut Vec<(Arc<str>, Value)>,
        name: &Arc<str>,
        value: Value,
        repeats: bool,
    ) -> bool {
        let Some((_, there)) = list.iter_mut().find(|(n, _)| n == name) else {
            list.push((name.clone(), if repeats { Value::List(vec![value]) } else { value }));
            return false;
        };
        match there {
            Value::List(items) => {
                items.push(value);
                false
            }
            single => {
                let first = std::mem::replace(single, Value::Null);
                *single = Value::List(vec![first, value]);
                true
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Text(text.to_owned())
    }
}
impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::Text(text)
    }
}
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Int(number)
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Value::Bool(value)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Bool(b) => write!(f, "{b}"),
            Value::Int(_) => f.write_str("‹int›"),
            Value::Number(s) => write!(f, "‹number of {} chars›", s.len()),
            Value::DateTime(_) => f.write_str("‹dateTime›"),
            Value::Text(s) => write!(f, "‹{} chars›", s.chars().count()),
            Value::Bytes(b) => write!(f, "‹{} bytes›", b.len()),
            Value::Blob { id, size, .. } => write!(f, "‹blob {} of {size} bytes›", id.0),
            Value::Record(record) => fmt::Debug::fmt(record, f),
            Value::List(items) => f.debug_list().entries(items).finish(),
        }
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in &self.fields {
            map.entry(name, value);
        }
        for (name, value) in &self.extra {
            map.entry(&format!("extra {name}"), value);
        }
        map.finish()
    }
}
