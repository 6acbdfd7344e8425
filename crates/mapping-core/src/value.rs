//! Values of fields, and links between records.

use crate::{Private, RemoteRef, SourceRef};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A value of a draft's field, in the form the destination's field type asks for.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Value {
    /// Nothing. Absent and empty text are different things.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A decimal number, kept as written so that nothing is rounded.
    Decimal(String),
    /// Plain text. Text that looks like HTML stays text.
    Text(Private),
    /// HTML.
    Html(Private),
    /// A moment.
    Time(Timestamp),
    /// A calendar day without a moment.
    Date(Date),
    /// Several values. Order counts only where the field says so.
    List(Vec<Value>),
    /// A link to another record: a hole that is filled from the ledger just before the call.
    Link(Link),
}

impl Value {
    /// Plain text.
    pub fn text(text: impl Into<String>) -> Self {
        Value::Text(Private::from(text.into()))
    }
    /// The text of `Text` and `Html`, as written.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Text(s) | Value::Html(s) => Some(s),
            _ => None,
        }
    }
    /// The link, when it is one.
    pub fn as_link(&self) -> Option<&Link> {
        match self {
            Value::Link(link) => Some(link),
            _ => None,
        }
    }
    /// The values of a list; of anything else, itself.
    pub fn items(&self) -> &[Value] {
        match self {
            Value::List(items) => items,
            Value::Null => &[],
            one => std::slice::from_ref(one),
        }
    }
    /// True for `Null` and for an empty list.
    pub fn is_empty(&self) -> bool {
        self.items().is_empty()
    }
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Value::text(s)
    }
}
impl From<String> for Value {
    fn from(s: String) -> Self {
        Value::text(s)
    }
}
impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Value::Bool(b)
    }
}
impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Value::Int(n)
    }
}
impl From<Timestamp> for Value {
    fn from(t: Timestamp) -> Self {
        Value::Time(t)
    }
}
impl From<Link> for Value {
    fn from(link: Link) -> Self {
        Value::Link(link)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("Null"),
            Value::Bool(b) => write!(f, "Bool({b})"),
            Value::Int(n) => write!(f, "Int({n})"),
            Value::Decimal(n) => write!(f, "Decimal({n})"),
            Value::Text(s) => write!(f, "Text({s:?})"),
            Value::Html(s) => write!(f, "Html({s:?})"),
            Value::Time(t) => write!(f, "Time({t})"),
            Value::Date(d) => write!(f, "Date({d})"),
            Value::List(items) => f.debug_list().entries(items).finish(),
            Value::Link(link) => write!(f, "Link({link:?})"),
        }
    }
}

/// A link to another object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// To a record of the source; its counterpart is looked up in the ledger just before the call.
    Source(SourceRef),
    /// To an object that is known to be at the destination (a matched teammate, say).
    Remote(RemoteRef),
    /// To whatever marks the batch that is running; see [`Sink::batch_mark`](crate::Sink::batch_mark).
    Batch,
}
impl From<SourceRef> for Link {
    fn from(r: SourceRef) -> Self {
        Link::Source(r)
    }
}
impl From<RemoteRef> for Link {
    fn from(r: RemoteRef) -> Self {
        Link::Remote(r)
    }
}
