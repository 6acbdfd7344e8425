//! From characters to elements with resolved names, within bounds, with the usual blemishes of real servers mended.

use super::encoding::Transcoder;
use super::scanner::{DoctypePolicy, Scanner, Token};
use super::{DEFAULT_INTERNED, Interner, QName, ns};
use crate::soap::{Bound, Limits, Mended, SoapError, short};
use quick_xml::events::BytesStart;
use std::sync::Arc;

pub(crate) struct ParserOptions<'a> {
    pub(crate) charset: Option<&'a str>,
    pub(crate) doctype: DoctypePolicy,
    pub(crate) limits: &'a Limits,
}

pub(crate) struct Attribute {
    pub(crate) name: QName,
    pub(crate) value: String,
}

/// A start tag.
pub(crate) struct Open {
    pub(crate) name: QName,
    pub(crate) attributes: Vec<Attribute>,
}

pub(crate) enum Event<'a> {
    Start(Open),
    /// Text with its references resolved; a long text comes in several.
    Text(&'a str),
    End,
}

struct Scope {
    prefix: Arc<str>,
    namespace: Arc<str>,
    depth: usize,
}

/// A push parser: [`Parser::feed`], then [`Parser::next`] until it has nothing more, then [`Parser::finish`].
pub(crate) struct Parser {
    coder: Transcoder,
    scanner: Scanner,
    limits: Limits,
    lenient_references: bool,
    names: Interner,
    scopes: Vec<Scope>,
    /// Names of the open elements as they were written, one after another, with where each begins.
    open: String,
    starts: Vec<usize>,
    root_seen: bool,
    root_closed: bool,
    pending_open: Option<Open>,
    pending_end: bool,
    elements: u64,
    bytes: u64,
    text: Text,
    /// What was mended so far.
    pub(crate) mended: Mended,
    /// Bytes that stand after the end of the root element.
    pub(crate) trailing: u64,
}

/// The text that is being put together, and the surrogate that waits for its other half.
#[derive(Default)]
struct Text {
    out: String,
    high: Option<u32>,
}

impl Parser {
    pub(crate) fn new(options: &ParserOptions<'_>) -> Self {
        Parser {
            coder: Transcoder::new(options.charset),
            scanner: Scanner::new(options.doctype, options.limits.tag_length),
            limits: options.limits.clone(),
            lenient_references: options.doctype == DoctypePolicy::Skip,
            names: Interner::new(DEFAULT_INTERNED),
            scopes: Vec::new(),
            open: String::new(),
            starts: Vec::new(),
            root_seen: false,
            root_closed: false,
            pending_open: None,
            pending_end: false,
            elements: 0,
            bytes: 0,
            text: Text::default(),
            mended: Mended::default(),
            trailing: 0,
        }
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Result<(), SoapError> {
        self.bytes += bytes.len() as u64;
        if self.bytes > self.limits.bytes {
            return Err(SoapError::bound(Bound::Bytes, self.limits.bytes));
        }
        self.coder.feed(bytes, self.scanner.input())?;
        self.mended.recoded_bytes = self.coder.recoded;
        Ok(())
    }

    /// Says that the input is over; events may still follow.
    pub(crate) fn end(&mut self) -> Result<(), SoapError> {
        self.coder.finish(self.scanner.input())?;
        self.mended.recoded_bytes = self.coder.recoded;
        self.scanner.end();
        Ok(())
    }

    /// Refuses a document that is not whole. To be asked after [`Parser::end`] and the last event.
    pub(crate) fn finish(&self) -> Result<(), SoapError> {
        if self.root_closed {
            return Ok(());
        }
        let inside = match self.starts.last() {
            Some(start) => short(&self.open[*start..]),
            None => "the prolog".to_owned(),
        };
        Err(SoapError::Truncated { inside, bytes: self.bytes })
    }

    pub(crate) fn root_seen(&self) -> bool {
        self.root_seen
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn bad(&self, what: impl Into<std::borrow::Cow<'static, str>>) -> SoapError {
        SoapError::Xml { at: self.scanner.position(), what: what.into() }
    }

    /// The next event, or `None` when more input is needed.
    pub(crate) fn next(&mut self) -> Result<Option<Event<'_>>, SoapError> {
        if let Some(open) = self.pending_open.take() {
            return Ok(Some(Event::Start(open)));
        }
        if std::mem::take(&mut self.pending_end) {
            return self.close().map(Some);
        }
        loop {
            if self.root_closed {
                return self.after_root();
            }
            self.text.out.clear();
            let at = self.scanner.position();
            let xml = |what: String| SoapError::Xml { at, what: what.into() };
            match self.scanner.next()? {
                None => return Ok(None),
                Some(Token::Text(raw)) => {
                    if self.starts.is_empty() {
                        if raw.trim_ascii().is_empty() {
                            continue;
                        }
                        return Err(xml("text before the root element".into()));
                    }
                    self.text.resolve(raw, self.lenient_references, &mut self.mended).map_err(xml)?;
                }
                Some(Token::CData(raw)) => {
                    self.text.flush(&mut self.mended);
                    self.text.push(raw, &mut self.mended);
                }
                Some(Token::Start { tag, empty }) => {
                    let tag = tag.to_owned();
                    self.pending_end = empty;
                    let open = self.start(&tag)?;
                    if self.text.out.is_empty() {
                        return Ok(Some(Event::Start(open)));
                    }
                    self.pending_open = Some(open);
                }
                Some(Token::End(name)) => {
                    let start = self.starts.last().copied().unwrap_or(0);
                    if self.starts.is_empty() || self.open[start..] != *name.trim_ascii_end() {
                        return Err(xml("an end tag that closes nothing".into()));
                    }
                    self.text.flush(&mut self.mended);
                    if self.text.out.is_empty() {
                        return self.close().map(Some);
                    }
                    self.pending_end = true;
                }
            }
            if !self.text.out.is_empty() {
                return Ok(Some(Event::Text(&self.text.out)));
            }
        }
    }

    /// What stands after the root is counted, not read: a whole envelope is whole, whatever a broken page adds.
    fn after_root(&mut self) -> Result<Option<Event<'_>>, SoapError> {
        let input = self.scanner.input();
        self.trailing += input.trim_ascii().len() as u64;
        input.clear();
        Ok(None)
    }

    fn close(&mut self) -> Result<Event<'_>, SoapError> {
        let depth = self.starts.len();
        while self.scopes.last().is_some_and(|s| s.depth == depth) {
            self.scopes.pop();
        }
        let start = self.starts.pop().unwrap_or(0);
        self.open.truncate(start);
        self.root_closed = self.starts.is_empty();
        Ok(Event::End)
    }

    fn start(&mut self, tag: &str) -> Result<Open, SoapError> {
        let name_len = tag.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tag.len());
        let raw = &tag[..name_len];
        if !raw.starts_with(|c: char| c.is_alphabetic() || c == '_' || !c.is_ascii()) {
            return Err(self.bad("a `<` that starts no tag"));
        }
        self.text.flush(&mut self.mended);
        self.root_seen = true;
        self.elements += 1;
        if self.elements > self.limits.elements {
            return Err(SoapError::bound(Bound::Elements, self.limits.elements));
        }
        if self.starts.len() >= self.limits.depth {
            return Err(SoapError::bound(Bound::Depth, self.limits.depth as u64));
        }
        self.starts.push(self.open.len());
        self.open.push_str(raw);
        let attributes = self.attributes(tag, name_len)?;
        let name = self.name(raw, true);
        Ok(Open { name, attributes })
    }

    /// Reads the attributes; declarations first take effect, then names are resolved.
    fn attributes(&mut self, tag: &str, name_len: usize) -> Result<Vec<Attribute>, SoapError> {
        if tag.len() == name_len {
            return Ok(Vec::new());
        }
        let start = BytesStart::from_content(tag, name_len);
        let mut plain: Vec<(String, String)> = Vec::new();
        let mut count = 0;
        for attribute in start.attributes() {
            count += 1;
            if count > self.limits.attributes {
                return Err(SoapError::bound(Bound::Attributes, self.limits.attributes as u64));
            }
            let attribute =
                attribute.map_err(|_| self.bad("an attribute without quotes or value, or written twice"))?;
            let key: &str = attribute.key.as_ref();
            let raw: &str = attribute.value.as_ref();
            if raw.contains('<') {
                return Err(self.bad("`<` in the value of an attribute"));
            }
            let mut value = Text::default();
            value
                .resolve(raw, self.lenient_references, &mut self.mended)
                .map_err(|what| SoapError::Xml { at: self.scanner.position(), what: what.into() })?;
            value.flush(&mut self.mended);
            match key.strip_prefix("xmlns") {
                Some("") => self.declare("", &value.out)?,
                Some(prefix) if prefix.starts_with(':') => self.declare(&prefix[1..], &value.out)?,
                _ => plain.push((key.to_owned(), value.out)),
            }
        }
        Ok(plain.into_iter().map(|(key, value)| Attribute { name: self.name(&key, false), value }).collect())
    }

    fn declare(&mut self, prefix: &str, namespace: &str) -> Result<(), SoapError> {
        if self.scopes.len() >= self.limits.namespaces {
            return Err(SoapError::bound(Bound::Namespaces, self.limits.namespaces as u64));
        }
        let depth = self.starts.len();
        let (prefix, namespace) = (self.names.get(prefix), self.names.get(namespace.trim()));
        self.scopes.push(Scope { prefix, namespace, depth });
        Ok(())
    }

    fn name(&mut self, raw: &str, default_applies: bool) -> QName {
        let (prefix, local) = raw.split_once(':').unwrap_or(("", raw));
        let namespace =
            if prefix.is_empty() && !default_applies { self.names.get("") } else { self.namespace(prefix) };
        QName { namespace, local: self.names.get(local) }
    }

    fn namespace(&mut self, prefix: &str) -> Arc<str> {
        if let Some(scope) = self.scopes.iter().rev().find(|s| &*s.prefix == prefix) {
            return scope.namespace.clone();
        }
        if prefix.is_empty() {
            return self.names.get("");
        }
        if prefix != "xml" {
            self.mended.undeclared_prefixes += 1;
        }
        self.names.get(ns::customary(prefix).unwrap_or(""))
    }

    /// Resolves a QName in content (the value of `xsi:type`, a fault code) at the current place.
    pub(crate) fn resolve(&mut self, value: &str) -> QName {
        let value = value.trim();
        self.name(value, true)
    }

    /// Every declaration in scope, inner ones last.
    pub(crate) fn in_scope(&self) -> Vec<(Arc<str>, Arc<str>)> {
        self.scopes.iter().map(|s| (s.prefix.clone(), s.namespace.clone())).collect()
    }

    /// True when the innermost open element declared a namespace.
    pub(crate) fn declared_here(&self) -> bool {
        self.scopes.last().is_some_and(|s| s.depth == self.starts.len())
    }

    pub(crate) fn ended_inside_markup(&self) -> bool {
        self.scanner.inside_markup()
    }
}

impl Text {
    /// Appends raw text: references resolved, halves of a surrogate pair joined, illegal characters replaced.
    fn resolve(&mut self, mut raw: &str, lenient: bool, mended: &mut Mended) -> Result<(), String> {
        while let Some(at) = raw.find('&') {
            if at > 0 {
                self.flush(mended);
                self.push(&raw[..at], mended);
            }
            let rest = &raw[at + 1..];
            let end = rest.find(';').filter(|end| *end <= 32);
            let name = &rest[..end.unwrap_or(0)];
            let known = end.is_some() && self.reference(name, mended);
            if !known {
                if !lenient {
                    return Err("`&` that starts no reference known to XML".to_owned());
                }
                self.flush(mended);
                self.out.push('&');
                raw = rest;
                continue;
            }
            raw = &rest[name.len() + 1..];
        }
        if !raw.is_empty() {
            self.flush(mended);
            self.push(raw, mended);
        }
        Ok(())
    }

    /// Resolves one reference; false when it is none.
    fn reference(&mut self, name: &str, mended: &mut Mended) -> bool {
        let plain = match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => {
                let Some(number) = name.strip_prefix('#') else { return false };
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                let Ok(code) = code else { return false };
                self.code(code, mended);
                return true;
            }
        };
        self.flush(mended);
        self.out.push(plain);
        true
    }

    fn code(&mut self, code: u32, mended: &mut Mended) {
        match (self.high.take(), code) {
            (Some(high), 0xDC00..=0xDFFF) => {
                let joined = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00);
                self.out.push(char::from_u32(joined).unwrap_or('\u{FFFD}'));
                mended.joined_surrogates += 1;
                return;
            }
            (Some(_), _) => self.lone(mended),
            (None, _) => {}
        }
        match code {
            0xD800..=0xDBFF => self.high = Some(code),
            0xDC00..=0xDFFF => self.lone(mended),
            _ => match char::from_u32(code).filter(|c| legal(*c)) {
                Some(c) => self.out.push(c),
                None => {
                    self.out.push('\u{FFFD}');
                    mended.illegal_characters += 1;
                }
            },
        }
    }

    fn lone(&mut self, mended: &mut Mended) {
        self.out.push('\u{FFFD}');
        mended.lone_surrogates += 1;
    }

    fn flush(&mut self, mended: &mut Mended) {
        if self.high.take().is_some() {
            self.lone(mended);
        }
    }

    fn push(&mut self, piece: &str, mended: &mut Mended) {
        if piece.bytes().all(|b| b >= 0x20 && b != 0xEF || matches!(b, b'\t' | b'\n' | b'\r')) {
            self.out.push_str(piece);
            return;
        }
        for c in piece.chars() {
            if legal(c) {
                self.out.push(c);
            } else {
                self.out.push('\u{FFFD}');
                mended.illegal_characters += 1;
            }
        }
    }
}

/// True for a character of XML 1.0.
pub(crate) fn legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}
