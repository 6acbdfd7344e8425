//! Names of things: what a record is called at the source and at the destination.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The kind of an object, in its own platform's word: `ticket` at the source, `conversation` at the destination.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kind(Cow<'static, str>);

impl Kind {
    /// A kind known at compile time.
    pub const fn of(name: &'static str) -> Self {
        Kind(Cow::Borrowed(name))
    }
    /// The word itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl From<String> for Kind {
    fn from(name: String) -> Self {
        Kind(Cow::Owned(name))
    }
}
impl From<&'static str> for Kind {
    fn from(name: &'static str) -> Self {
        Kind::of(name)
    }
}
impl PartialEq<str> for Kind {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
impl PartialEq<&str> for Kind {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! reference {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name {
            /// The kind, in that side's own word.
            pub kind: Kind,
            /// The id, as an opaque string. Ids of 18 digits don't survive a float.
            pub id: String,
        }
        impl $name {
            /// A reference to the object of this kind with this id.
            pub fn new(kind: impl Into<Kind>, id: impl Into<String>) -> Self {
                $name { kind: kind.into(), id: id.into() }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.kind, self.id)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}:{}", self.kind, self.id)
            }
        }
    };
}
reference! {
    /// An object at the source: `ticket:4711`.
    SourceRef
}
reference! {
    /// An object at the destination: `conversation:499`.
    RemoteRef
}
