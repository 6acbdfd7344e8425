//! Names of things: what a record is called at the source and at the destination.

use crate::{Error, ErrorKind};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

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
        ///
        /// Written as one string, `kind:id`; a kind has no colon, an id may have some.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
        impl FromStr for $name {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self, Error> {
                let Some((kind, id)) = text.split_once(':').filter(|(kind, _)| !kind.is_empty()) else {
                    let message = "a reference is written as kind:id";
                    return Err(Error::not_sent(ErrorKind::Invalid, message));
                };
                Ok($name::new(kind.to_owned(), id))
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(de::Error::custom)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_reference_is_one_string_and_can_be_a_key() {
        let to = BTreeMap::from([(SourceRef::new("agent", "a:7"), RemoteRef::new("admin", "77"))]);
        let json = serde_json::to_string(&to).unwrap();
        assert_eq!(json, r#"{"agent:a:7":"admin:77"}"#);
        assert_eq!(serde_json::from_str::<BTreeMap<SourceRef, RemoteRef>>(&json).unwrap(), to);
        assert!("agent".parse::<SourceRef>().is_err());
    }
}
