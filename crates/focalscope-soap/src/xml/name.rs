//! Qualified names and the namespaces this crate knows by heart.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// A name with its namespace. The prefix that stood in the document is not part of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QName {
    /// The namespace name, empty for "no namespace".
    pub namespace: Arc<str>,
    /// The local part.
    pub local: Arc<str>,
}

impl QName {
    /// A name in a namespace (empty: in none).
    pub fn new(namespace: impl Into<Arc<str>>, local: impl Into<Arc<str>>) -> Self {
        QName { namespace: namespace.into(), local: local.into() }
    }

    /// True when both parts are these.
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        &*self.namespace == namespace && &*self.local == local
    }
}

impl fmt::Display for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.write_str(&self.local)
        } else {
            write!(f, "{{{}}}{}", self.namespace, self.local)
        }
    }
}

impl fmt::Debug for QName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Namespace names.
#[allow(missing_docs)]
pub mod ns {
    pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
    pub const XSD: &str = "http://www.w3.org/2001/XMLSchema";
    pub const XSD_1999: &str = "http://www.w3.org/1999/XMLSchema";
    pub const XSD_2000: &str = "http://www.w3.org/2000/10/XMLSchema";
    pub const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
    pub const XSI_1999: &str = "http://www.w3.org/1999/XMLSchema-instance";
    pub const XSI_2000: &str = "http://www.w3.org/2000/10/XMLSchema-instance";
    pub const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
    pub const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
    pub const ENC11: &str = "http://schemas.xmlsoap.org/soap/encoding/";
    pub const ENC12: &str = "http://www.w3.org/2003/05/soap-encoding";
    pub const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
    pub const WSDL_SOAP11: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
    pub const WSDL_SOAP12: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
    pub const WSDL_HTTP: &str = "http://schemas.xmlsoap.org/wsdl/http/";
    pub const WSDL2: &str = "http://www.w3.org/ns/wsdl";
    pub const XMIME: &str = "http://www.w3.org/2005/05/xmlmime";
    pub const XOP: &str = "http://www.w3.org/2004/08/xop/include";
    pub const XML_SOAP: &str = "http://xml.apache.org/xml-soap";

    /// What an undeclared but customary prefix means.
    pub(crate) fn customary(prefix: &str) -> Option<&'static str> {
        Some(match prefix {
            "xml" => XML,
            "xsi" => XSI,
            "xsd" | "xs" => XSD,
            "soapenc" | "SOAP-ENC" => ENC11,
            "soap" | "soapenv" | "SOAP-ENV" => SOAP11,
            "soap12" | "env" => SOAP12,
            _ => return None,
        })
    }

    /// True for the schema namespace of any year.
    pub(crate) fn is_xsd(namespace: &str) -> bool {
        matches!(namespace, XSD | XSD_1999 | XSD_2000)
    }

    /// True for the instance namespace of any year.
    pub(crate) fn is_xsi(namespace: &str) -> bool {
        matches!(namespace, XSI | XSI_1999 | XSI_2000)
    }
}

/// How many distinct strings are shared before new ones are simply allocated.
pub(crate) const DEFAULT_INTERNED: usize = 4096;

/// Shares equal strings, up to a bound: a hostile document can't make it grow for ever.
pub(crate) struct Interner {
    known: HashSet<Arc<str>>,
    most: usize,
}

impl Interner {
    pub(crate) fn new(most: usize) -> Self {
        Interner { known: HashSet::new(), most }
    }

    pub(crate) fn get(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.known.get(text) {
            return known.clone();
        }
        let new: Arc<str> = text.into();
        if self.known.len() < self.most {
            self.known.insert(new.clone());
        }
        new
    }
}
