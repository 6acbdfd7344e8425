//! What can go wrong between a WSDL and a decoded answer.

use super::{Bound, Fault};
use std::borrow::Cow;

/// What an answer turned out to be when it was no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotSoap {
    /// Nothing, or white space.
    Empty,
    /// A web page: a login form, a proxy's error page.
    Html,
    /// JSON.
    Json,
    /// XML with another root element.
    OtherXml,
    /// Several parts with a boundary (MTOM, SOAP with attachments), which this version can't read.
    Multipart,
    /// Something else.
    Text,
}

impl std::fmt::Display for NotSoap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            NotSoap::Empty => "empty",
            NotSoap::Html => "HTML (a login page or a proxy's error page?)",
            NotSoap::Json => "JSON",
            NotSoap::OtherXml => "XML whose root is not Envelope",
            NotSoap::Multipart => "multipart (MTOM or SOAP with attachments)",
            NotSoap::Text => "plain text",
        })
    }
}

/// An error of the SOAP and WSDL layers. Its text names elements, bounds and places, never the content of an element.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SoapError {
    /// The document is not well-formed XML.
    #[error("not well-formed XML near byte {at}: {what}")]
    Xml {
        /// Bytes of decoded text before the place.
        at: u64,
        /// What is wrong.
        what: Cow<'static, str>,
    },
    /// The document is in an encoding that can't be read.
    #[error("the document is in an encoding that can't be read: {0}")]
    Encoding(String),
    /// A SOAP message must not contain a document type definition (SOAP 1.2 part 1, section 5).
    #[error("the answer contains a document type definition, which SOAP forbids")]
    Doctype,
    /// Something is larger than a bound allows.
    #[error("{what} is over the limit `{bound}` of {limit}", what = match .bound { Bound::Depth => "the nesting", _ => "the document" })]
    TooLarge {
        /// Which bound.
        bound: Bound,
        /// Its value.
        limit: u64,
    },
    /// The answer is no SOAP envelope.
    #[error("the answer is not a SOAP envelope but {found}")]
    NotSoap {
        /// What it looks like.
        found: NotSoap,
    },
    /// The input ended before the envelope did.
    #[error("the answer was cut: it ended inside `{inside}` after {bytes} bytes")]
    Truncated {
        /// The innermost open element.
        inside: String,
        /// How many bytes came.
        bytes: u64,
    },
    /// The Body holds something else than the answer of the operation.
    #[error("the Body holds `{found}` where `{expected}` was expected")]
    UnexpectedBody {
        /// The element that the WSDL (or the profile) names.
        expected: String,
        /// The element that came.
        found: String,
    },
    /// The service answered with a fault.
    #[error("{0}")]
    Fault(Box<Fault>),
    /// A parameter that the operation doesn't have.
    #[error("the operation has no parameter `{path}`; it has {known}")]
    UnknownParameter {
        /// Its path below the request element.
        path: String,
        /// The parameters it has.
        known: String,
    },
    /// A parameter that the operation requires.
    #[error("the parameter `{path}` is required and was not given")]
    MissingParameter {
        /// Its path below the request element.
        path: String,
    },
    /// A value that can't be written where it was given.
    #[error("the parameter `{path}` can't be written: {why}")]
    BadParameter {
        /// Its path below the request element.
        path: String,
        /// Why.
        why: &'static str,
    },
    /// The WSDL has the operation but it can't be used.
    #[error("the operation `{operation}` can't be used: {why}")]
    Unusable {
        /// Its name.
        operation: String,
        /// Why.
        why: String,
    },
    /// The service description can't be used at all.
    #[error("the service description can't be used: {0}")]
    Wsdl(String),
    /// A document of the service description could not be loaded.
    #[error("`{url}` could not be loaded: {why}")]
    Load {
        /// Where it was looked for.
        url: String,
        /// Why it failed.
        why: String,
    },
}

impl SoapError {
    pub(crate) fn bound(bound: Bound, limit: u64) -> Self {
        SoapError::TooLarge { bound, limit }
    }
}

/// An element name from outside, fit for an error message.
pub(crate) fn short(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(80).collect();
    if clean.len() < name.len() { format!("{clean}…") } else { clean }
}
