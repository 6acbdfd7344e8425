//! A string that belongs to a customer and must not reach a log.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;

/// Customer text: a name, an address, a subject, a body. It can be read, compared and stored, but `Debug` shows only
/// its length, and there is no `Display`.
///
/// ```
/// use mapping_core::Private;
/// let name = Private::from("Ada");
/// assert_eq!(&*name, "Ada");
/// assert_eq!(format!("{name:?}"), "‹3 chars›");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private(String);

impl Private {
    /// The text itself; for a request body, a comparison, the run's own database.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The text itself, owned.
    pub fn into_string(self) -> String {
        self.0
    }
}
impl Deref for Private {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}
impl<S: Into<String>> From<S> for Private {
    fn from(s: S) -> Self {
        Private(s.into())
    }
}
impl PartialEq<str> for Private {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}
impl PartialEq<&str> for Private {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
impl fmt::Debug for Private {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "‹{} chars›", self.0.chars().count())
    }
}
