//! How much of anything an answer may hold.

use std::fmt;

/// What a bound is on. Its `Display` is the name of the field in [`Limits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// Bytes of one document, after decompression.
    Bytes,
    /// Elements inside one another.
    Depth,
    /// Elements of one document.
    Elements,
    /// Attributes of one element.
    Attributes,
    /// Bytes of one tag, its attributes included.
    TagLength,
    /// Bytes of text in one element that is kept in memory.
    Text,
    /// Namespace declarations in scope at one place.
    Namespaces,
    /// Decoded bytes of one binary element that is streamed away.
    Blob,
    /// Bytes that one item holds in memory.
    ItemText,
    /// Different names of children in one element, or of fields in one type.
    Fields,
    /// WSDL and schema documents of one service.
    Documents,
    /// Bytes of all WSDL and schema documents of one service.
    DocumentBytes,
    /// Components (types, elements, fields) of one service's schemas.
    Components,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Bound::Bytes => "bytes",
            Bound::Depth => "depth",
            Bound::Elements => "elements",
            Bound::Attributes => "attributes",
            Bound::TagLength => "tag_length",
            Bound::Text => "text",
            Bound::Namespaces => "namespaces",
            Bound::Blob => "blob",
            Bound::ItemText => "item_text",
            Bound::Fields => "fields",
            Bound::Documents => "documents",
            Bound::DocumentBytes => "document_bytes",
            Bound::Components => "components",
        })
    }
}

/// The bounds on one SOAP answer. Each is named in the error that it causes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of the answer after decompression. Default 4 GiB: a page may carry attachments of 2 GiB in base64.
    pub bytes: u64,
    /// Elements inside one another. Default 100.
    pub depth: usize,
    /// Elements of one answer. Default 20,000,000.
    pub elements: u64,
    /// Attributes of one element. Default 256.
    pub attributes: usize,
    /// Bytes of one tag. Default 256 KiB.
    pub tag_length: usize,
    /// Bytes of text in one element that is kept in memory. Default 64 MiB.
    pub text: usize,
    /// Bytes held at one time: the text of one item and of what stands around the items, and 64 for each element.
    /// Default 256 MiB.
    pub item_text: usize,
    /// Different names of children in one element. Default 10,000.
    pub fields: usize,
    /// Namespace declarations in scope. Default 1,000.
    pub namespaces: usize,
    /// Decoded bytes of one binary element that is streamed away. Default 2 GiB.
    pub blob: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            bytes: 4 << 30,
            depth: 100,
            elements: 20_000_000,
            attributes: 256,
            tag_length: 256 << 10,
            text: 64 << 20,
            item_text: 256 << 20,
            fields: 10_000,
            namespaces: 1000,
            blob: 2 << 30,
        }
    }
}
