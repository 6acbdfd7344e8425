//! Writes a request: parameters in schema order, names qualified as the schema says.

use super::value::{Record, Value};
use super::{SoapError, SoapVersion, short};
use crate::wsdl::{Builtin, Catalog, ComplexType, Field, Payload, Shape, TypeId};
use crate::xml::{QName, ns};
use base64::Engine as _;

/// A block of the SOAP header, or the child of a Body when there is no schema: an element with untyped content.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderBlock {
    /// The element.
    pub name: QName,
    /// Its content. Children are in the namespace of the element when `qualified` says so, else in none.
    pub content: Value,
    /// Whether children are qualified.
    pub qualified: bool,
    /// Whether the receiver must understand the block or fail.
    pub must_understand: bool,
}

impl HeaderBlock {
    /// A block with qualified children that need not be understood.
    pub fn new(name: QName, content: Value) -> Self {
        HeaderBlock { name, content, qualified: true, must_understand: false }
    }
}

/// A SOAP request that is being put together.
#[derive(Clone, Debug)]
pub struct Envelope {
    version: SoapVersion,
    headers: Vec<HeaderBlock>,
}

impl Envelope {
    /// An envelope of this version without header blocks.
    pub fn new(version: SoapVersion) -> Self {
        Envelope { version, headers: Vec::new() }
    }

    /// Adds a header block.
    #[must_use]
    pub fn header(mut self, block: HeaderBlock) -> Self {
        self.headers.push(block);
        self
    }

    /// Writes the request for an operation whose input is this payload. `parameters` is a record of the payload's
    /// fields, in any order.
    ///
    /// # Errors
    /// A parameter that the schema doesn't have, one that it requires and that is missing, a value that its type can't
    /// hold, a character that XML can't carry.
    pub fn write(
        &self,
        catalog: &Catalog,
        payload: Option<&Payload>,
        parameters: &Value,
    ) -> Result<String, SoapError> {
        let mut writer = Writer { out: self.opening()?, catalog, namespaces: Vec::new() };
        match payload {
            Some(payload) => writer.payload(payload, parameters)?,
            None => {
                if let Value::Record(record) = parameters
                    && let Some((name, _)) = record.fields.first()
                {
                    return Err(unknown(name, "no parameters"));
                }
            }
        }
        Ok(closing(writer.out))
    }

    /// Writes a request without a schema: the body element and its content as given.
    ///
    /// # Errors
    /// A character that XML can't carry.
    pub fn write_untyped(&self, body: &HeaderBlock) -> Result<String, SoapError> {
        let mut out = self.opening()?;
        block(&mut out, body, "")?;
        Ok(closing(out))
    }

    fn opening(&self) -> Result<String, SoapError> {
        let mut out = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{}\" xmlns:xsi=\"{}\">",
            self.version.namespace(),
            ns::XSI
        );
        if !self.headers.is_empty() {
            out.push_str("<soap:Header>");
            for header in &self.headers {
                let must = if header.must_understand { " soap:mustUnderstand=\"1\"" } else { "" };
                block(&mut out, header, must)?;
            }
            out.push_str("</soap:Header>");
        }
        out.push_str("<soap:Body>");
        Ok(out)
    }
}

fn closing(mut out: String) -> String {
    out.push_str("</soap:Body></soap:Envelope>");
    out
}

fn block(out: &mut String, block: &HeaderBlock, attributes: &str) -> Result<(), SoapError> {
    let local = &block.name.local;
    let prefix = if block.qualified { "h:" } else { "" };
    out.push_str(&format!("<h:{local} xmlns:h=\"{}\"{attributes}>", attribute(&block.name.namespace)));
    untyped(out, &block.content, prefix, local)?;
    out.push_str(&format!("</h:{local}>"));
    Ok(())
}

fn untyped(out: &mut String, value: &Value, prefix: &str, path: &str) -> Result<(), SoapError> {
    match value {
        Value::Null => Ok(()),
        Value::Record(record) => {
            for (name, value) in &record.fields {
                for item in value.items() {
                    out.push_str(&format!("<{prefix}{name}>"));
                    untyped(out, item, prefix, name)?;
                    out.push_str(&format!("</{prefix}{name}>"));
                }
            }
            Ok(())
        }
        Value::List(_) | Value::Blob { .. } => {
            Err(SoapError::BadParameter { path: path.to_owned(), why: "a list or a blob can't stand here" })
        }
        Value::Bytes(bytes) => {
            out.push_str(&base64::engine::general_purpose::STANDARD.encode(bytes));
            Ok(())
        }
        single => text(out, &single.as_text().unwrap_or_default(), path),
    }
}

struct Writer<'a> {
    out: String,
    catalog: &'a Catalog,
    /// Namespaces declared on the Body's child, as `n0`, `n1` …
    namespaces: Vec<String>,
}

impl Writer<'_> {
    fn payload(&mut self, payload: &Payload, parameters: &Value) -> Result<(), SoapError> {
        self.declare(payload.element.namespace.as_ref());
        self.collect(payload.of, 0);
        let tag = self.tag(&payload.element);
        self.out.push('<');
        self.out.push_str(&tag);
        for (at, namespace) in self.namespaces.iter().enumerate() {
            self.out.push_str(&format!(" xmlns:n{at}=\"{}\"", attribute(namespace)));
        }
        self.element_rest(&tag, payload.of, parameters, "")
    }

    fn declare(&mut self, namespace: &str) {
        if !namespace.is_empty()
            && !self.namespaces.iter().any(|n| n == namespace)
            && self.namespaces.len() < 64
        {
            self.namespaces.push(namespace.to_owned());
        }
    }

    /// Declares the namespaces of the first levels of parameters once, instead of on each element.
    fn collect(&mut self, of: TypeId, depth: usize) {
        if depth > 3 {
            return;
        }
        let catalog = self.catalog;
        let Some(complex) = catalog.complex(of) else { return };
        for field in &complex.fields {
            self.declare(field.name.namespace.as_ref());
            self.collect(field.of, depth + 1);
        }
        for attribute in &complex.attributes {
            self.declare(attribute.name.namespace.as_ref());
        }
    }

    fn tag(&self, name: &QName) -> String {
        match self.namespaces.iter().position(|n| **n == *name.namespace) {
            Some(at) => format!("n{at}:{}", name.local),
            None => name.local.to_string(),
        }
    }

    /// Writes attributes, content and end tag of an element whose `<name` is written.
    fn element_rest(&mut self, tag: &str, of: TypeId, value: &Value, path: &str) -> Result<(), SoapError> {
        let catalog = self.catalog;
        match &catalog.get(of).shape {
            Shape::Simple(simple) => {
                self.out.push('>');
                let builtin = simple.builtin;
                self.scalar(value, builtin, path)?;
            }
            Shape::Complex(complex) => {
                let empty = Record::default();
                let record = match value {
                    Value::Record(record) => record,
                    Value::Null => &empty,
                    single if catalog.is_any(of) || complex.text.is_some() => {
                        self.out.push('>');
                        self.scalar(single, Builtin::String, path)?;
                        self.out.push_str(&format!("</{tag}>"));
                        return Ok(());
                    }
                    _ => {
                        return Err(SoapError::BadParameter {
                            path: path.to_owned(),
                            why: "a record belongs here",
                        });
                    }
                };
                self.attributes(complex, record)?;
                self.out.push('>');
                self.fields(complex, record, path)?;
            }
        }
        self.out.push_str(&format!("</{tag}>"));
        Ok(())
    }

    fn attributes(&mut self, complex: &ComplexType, record: &Record) -> Result<(), SoapError> {
        for attribute_field in &complex.attributes {
            let key = format!("@{}", attribute_field.name.local);
            let Some(value) = record.get(&key).and_then(Value::as_text) else { continue };
            let mut escaped = String::new();
            text(&mut escaped, &value, &key)?;
            let name = self.tag(&attribute_field.name);
            self.out.push_str(&format!(" {name}=\"{}\"", escaped.replace('"', "&quot;")));
        }
        Ok(())
    }

    fn fields(&mut self, complex: &ComplexType, record: &Record, path: &str) -> Result<(), SoapError> {
        for (name, _) in &record.fields {
            let known = match name.strip_prefix('@') {
                Some(attribute) => complex.attributes.iter().any(|a| *a.name.local == *attribute),
                None => complex.field_named(name).is_some() || &**name == "#text" || complex.any,
            };
            if !known {
                let names: Vec<&str> = complex.fields.iter().map(|f| &*f.name.local).collect();
                let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                return Err(unknown(&join(path, name), &known));
            }
        }
        for field in &complex.fields {
            let path = join(path, &field.name.local);
            match record.get(&field.name.local) {
                None if field.min == 0 => {}
                None if field.nillable => self.nil(field),
                None => return Err(SoapError::MissingParameter { path }),
                Some(Value::Null) if field.nillable => self.nil(field),
                Some(Value::Null) if field.min == 0 => {}
                Some(Value::Null) => return Err(SoapError::MissingParameter { path }),
                Some(Value::List(items)) => {
                    if !field.repeats && items.len() > 1 {
                        return Err(SoapError::BadParameter { path, why: "only one value is allowed" });
                    }
                    for item in items {
                        self.element(field, item, &path)?;
                    }
                }
                Some(value) => self.element(field, value, &path)?,
            }
        }
        Ok(())
    }

    fn element(&mut self, field: &Field, value: &Value, path: &str) -> Result<(), SoapError> {
        if *value == Value::Null {
            self.nil(field);
            return Ok(());
        }
        let tag = self.tag(&field.name);
        self.out.push('<');
        self.out.push_str(&tag);
        self.element_rest(&tag, field.of, value, path)
    }

    fn nil(&mut self, field: &Field) {
        let tag = self.tag(&field.name);
        self.out.push_str(&format!("<{tag} xsi:nil=\"true\"/>"));
    }

    fn scalar(&mut self, value: &Value, builtin: Builtin, path: &str) -> Result<(), SoapError> {
        let bad = |why| SoapError::BadParameter { path: path.to_owned(), why };
        if let Value::Bytes(bytes) = value {
            let encoded = match builtin {
                Builtin::Hex => bytes.iter().map(|b| format!("{b:02X}")).collect(),
                _ => base64::engine::general_purpose::STANDARD.encode(bytes),
            };
            self.out.push_str(&encoded);
            return Ok(());
        }
        let written = value.as_text().ok_or_else(|| bad("a single value belongs here"))?;
        match builtin {
            Builtin::Integer if written.trim().parse::<i128>().is_err() => {
                Err(bad("a whole number belongs here"))
            }
            Builtin::Number if written.trim().parse::<f64>().is_err() => Err(bad("a number belongs here")),
            Builtin::Boolean if !matches!(&*written, "true" | "false" | "1" | "0") => {
                Err(bad("`true` or `false` belongs here"))
            }
            _ => text(&mut self.out, &written, path),
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

fn unknown(path: &str, known: &str) -> SoapError {
    SoapError::UnknownParameter { path: short(path), known: known.to_owned() }
}

fn attribute(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

fn text(out: &mut String, value: &str, path: &str) -> Result<(), SoapError> {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c if crate::xml::legal(c) => out.push(c),
            _ => {
                let why = "it holds a character that XML can't carry";
                return Err(SoapError::BadParameter { path: path.to_owned(), why });
            }
        }
    }
    Ok(())
}
