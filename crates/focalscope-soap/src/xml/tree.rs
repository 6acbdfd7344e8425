//! A whole document as a tree: for WSDL and schemas, which are small, and for the odd corners of an answer.

use super::{DoctypePolicy, Event, Parser, ParserOptions, QName, ns};
use crate::soap::{Limits, SoapError};
use std::sync::Arc;

type Scope = Arc<Vec<(Arc<str>, Arc<str>)>>;

/// An element with its children; text between child elements is not kept.
#[derive(Clone, Debug)]
pub(crate) struct Element {
    pub(crate) name: QName,
    pub(crate) attributes: Vec<(QName, String)>,
    pub(crate) children: Vec<Element>,
    scope: Scope,
}

impl Element {
    /// The value of an attribute in no namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<&str> {
        self.attribute_in("", local)
    }

    pub(crate) fn attribute_in(&self, namespace: &str, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name.is(namespace, local)).map(|(_, value)| value.as_str())
    }

    /// The value of an attribute that is a qualified name.
    pub(crate) fn qname(&self, local: &str) -> Option<QName> {
        self.attribute(local).map(|value| self.resolve(value))
    }

    /// Resolves a qualified name in the content of this element.
    pub(crate) fn resolve(&self, value: &str) -> QName {
        let value = value.trim();
        let (prefix, local) = value.split_once(':').unwrap_or(("", value));
        let declared = self.scope.iter().rev().find(|(p, _)| &**p == prefix).map(|(_, n)| n.clone());
        let namespace = declared.unwrap_or_else(|| ns::customary(prefix).unwrap_or("").into());
        QName { namespace, local: local.into() }
    }

    /// The children in this namespace with this name.
    pub(crate) fn all<'a>(&'a self, namespace: &'a str, local: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |c| c.name.is(namespace, local))
    }

    /// The first such child.
    pub(crate) fn first<'a>(&'a self, namespace: &'a str, local: &'a str) -> Option<&'a Element> {
        self.all(namespace, local).next()
    }
}

/// Parses a document of a service description. A document type definition is skipped.
pub(crate) fn parse_tree(bytes: &[u8], limits: &Limits) -> Result<Element, SoapError> {
    let mut parser = Parser::new(&ParserOptions { charset: None, doctype: DoctypePolicy::Skip, limits });
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    parser.feed(bytes)?;
    parser.end()?;
    loop {
        let start = match parser.next()? {
            None => break,
            Some(Event::Text(_)) => continue,
            Some(Event::Start(start)) => Some(start),
            Some(Event::End) => None,
        };
        match start {
            Some(start) => {
                let scope = match open.last() {
                    Some(parent) if !parser.declared_here() => parent.scope.clone(),
                    _ => Arc::new(parser.in_scope()),
                };
                let attributes = start.attributes.into_iter().map(|a| (a.name, a.value)).collect();
                open.push(Element { name: start.name, attributes, children: Vec::new(), scope });
            }
            None => {
                if let Some(done) = open.pop() {
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => root = Some(done),
                    }
                }
            }
        }
    }
    parser.finish()?;
    root.ok_or_else(|| SoapError::Wsdl("the document is empty".to_owned()))
}
