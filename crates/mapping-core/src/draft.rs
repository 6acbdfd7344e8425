//! A record as the destination will hold it.

use crate::{Blob, Kind, Link, Private, SourceRef, Value};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An object as the destination will hold it; generic, so that plan, verify and the diff need no platform.
///
/// The mapping makes it, [`Sink::shape`](crate::Sink::shape) makes of it what the platform can hold,
/// [`Sink::read`](crate::Sink::read) returns the same form, and [`diff`](crate::diff()) compares the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// The destination's word for the object: `conversation`, `contact`.
    pub kind: Kind,
    /// The natural key, if the kind has one (a lower-cased e-mail address). Records with one key are one draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Private>,
    /// The record it stands for and is named after.
    pub source: SourceRef,
    /// Further records that it stands for: those with the same natural key, those merged into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<SourceRef>,
    /// Fields by logical name. The name on the wire may be known only after provisioning.
    pub fields: BTreeMap<String, Value>,
    /// Records that links in its texts lead to (see [`mention`](crate::mention)). They need not be there before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<SourceRef>,
    /// The parts of a thread, in order. Empty for objects that aren't threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

impl Draft {
    /// An empty draft of this kind for this record.
    pub fn new(kind: impl Into<Kind>, source: SourceRef) -> Self {
        Draft {
            kind: kind.into(),
            key: None,
            source,
            aliases: Vec::new(),
            fields: BTreeMap::new(),
            mentions: Vec::new(),
            parts: Vec::new(),
        }
    }
    /// Sets a field.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, value: impl Into<Value>) -> Self {
        self.fields.insert(field.into(), value.into());
        self
    }
    /// Adds a part.
    #[must_use]
    pub fn with_part(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }
    /// Every record it stands for.
    pub fn sources(&self) -> impl Iterator<Item = &SourceRef> {
        std::iter::once(&self.source).chain(&self.aliases)
    }
    /// A field; `Null` when it isn't set.
    pub fn field(&self, name: &str) -> &Value {
        self.fields.get(name).unwrap_or(&Value::Null)
    }
    /// The text of a field; empty when it isn't set or isn't text.
    pub fn text(&self, name: &str) -> &str {
        self.field(name).as_str().unwrap_or_default()
    }
    /// Every link of the draft to a record of the source: what must be there before it.
    pub fn needs(&self) -> Vec<SourceRef> {
        let fields = self.fields.values().flat_map(Value::items).filter_map(Value::as_link);
        let authors = self.parts.iter().filter_map(|p| p.author.link.as_ref());
        let mut needs: Vec<SourceRef> = fields
            .chain(authors)
            .filter_map(|link| match link {
                Link::Source(source) => Some(source.clone()),
                _ => None,
            })
            .collect();
        needs.sort();
        needs.dedup();
        needs
    }
    /// True when a field links to the mark of the running batch: when the object will carry it.
    pub fn is_marked(&self) -> bool {
        let mut links = self.fields.values().flat_map(Value::items).filter_map(Value::as_link);
        links.any(|link| *link == Link::Batch)
    }
    /// A digest of everything in it, lower-case hex SHA-256; equal drafts have equal digests.
    pub fn digest(&self) -> String {
        crate::catalog::digest(self)
    }
}

/// Who a part is from, as readers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person who asked.
    Customer,
    /// Somebody of the help desk.
    Agent,
    /// The tool or the platform itself: an opening stub, a list of files that could not be moved.
    System,
}

/// Who may read a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Customer and help desk.
    Public,
    /// The help desk only: an internal note.
    Internal,
}

/// The author of a part.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Author {
    /// The author at the destination; `None` when there is nobody to name (the sink picks a placeholder).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<Link>,
    /// The author's name as the source has it; kept in the text where the platform can't name them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Private>,
}

/// The format of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Plain text; text that looks like HTML stays text.
    Plain,
    /// HTML.
    Html,
}

/// A text with its format.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// The format.
    pub format: Format,
    /// The text.
    pub text: Private,
}
impl Body {
    /// Plain text.
    pub fn plain(text: impl Into<String>) -> Self {
        Body { format: Format::Plain, text: Private::from(text.into()) }
    }
    /// HTML.
    pub fn html(text: impl Into<String>) -> Self {
        Body { format: Format::Html, text: Private::from(text.into()) }
    }
    /// The text a reader sees, white space folded: what comparisons use.
    pub fn canonical(&self) -> String {
        crate::text::canonical(self.format, &self.text)
    }
}

/// One part of a thread: a message, a note, a stub.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Names the part within its draft: the id of the source message, with a suffix for what was split off.
    pub key: String,
    /// Who it is from.
    pub role: Role,
    /// The author.
    pub author: Author,
    /// Who may read it.
    pub visibility: Visibility,
    /// When it was sent; `None` when the source doesn't know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The text.
    pub body: Body,
    /// The files that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Blob>,
}

impl Part {
    /// A public part without files.
    pub fn new(
        key: impl Into<String>,
        role: Role,
        author: Author,
        at: Option<Timestamp>,
        body: Body,
    ) -> Self {
        Part { key: key.into(), role, author, visibility: Visibility::Public, at, body, files: Vec::new() }
    }
}
