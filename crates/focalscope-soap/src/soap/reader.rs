//! Reads an answer as its bytes arrive: guided by the schema, within bounds, one item of a page at a time.

use super::value::{BlobId, Record, Value};
use super::{Bound, Fault, Limits, Mended, NotSoap, Report, SoapError, SoapVersion, short};
use crate::wsdl::{Builtin, Catalog, Payload, Shape, SimpleType, TypeId};
use crate::xml::{Attribute, DoctypePolicy, Event, Open, Parser, ParserOptions, QName, ns};
use base64::Engine as _;
use std::collections::VecDeque;
use std::sync::Arc;

/// What an answer is expected to hold.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The types of the service. Empty: everything is read as it comes.
    pub catalog: Arc<Catalog>,
    /// The Body's child. `None`: any element, and types only where its name is in the catalog.
    pub payload: Option<Payload>,
    /// The path of the repeated element of a page, from below the Body's child: `ListResult/Tickets/Ticket`. Empty:
    /// nothing is handed out before the end. Its elements are handed out as they end, and not kept.
    pub item: Vec<String>,
    /// Paths, from below the Body's child, of base64 elements whose bytes are handed out as they arrive.
    pub blobs: Vec<Vec<String>>,
    /// The `charset` of the HTTP Content-Type.
    pub charset: Option<String>,
    /// The bounds.
    pub limits: Limits,
}

/// What the reader hands out before the end.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Output {
    /// An item of the page is whole. Blobs in it have been handed out before.
    Item {
        /// The item.
        value: Value,
        /// What was mended in it.
        mended: Mended,
    },
    /// More bytes of a blob.
    BlobBytes {
        /// Which.
        id: BlobId,
        /// The bytes, decoded; never empty.
        bytes: Vec<u8>,
    },
    /// A blob is whole (or as whole as it gets: see the flaw of its [`Value::Blob`]).
    BlobEnd {
        /// Which.
        id: BlobId,
        /// How many bytes it had.
        size: u64,
    },
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Output::Item { value, .. } => write!(f, "Item({value:?})"),
            Output::BlobBytes { id, bytes } => write!(f, "BlobBytes({}, {} bytes)", id.0, bytes.len()),
            Output::BlobEnd { id, size } => write!(f, "BlobEnd({}, {size} bytes)", id.0),
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The version of its envelope, which need not be that of the request.
    pub version: SoapVersion,
    /// What the Body held, without the items that were handed out. `None`: an empty Body.
    pub body: Option<Value>,
    /// The element the Body held.
    pub element: Option<QName>,
    /// Header blocks, untyped.
    pub headers: Vec<(QName, Value)>,
    /// How many items were handed out.
    pub items: u64,
    /// How many steps of the item path were seen at all: less than its length minus one means that the place where
    /// items stand never came.
    pub item_path_seen: usize,
    /// What was odd.
    pub report: Report,
}

/// Reads one answer. Bytes go in through [`feed`](Reader::feed), what is ready comes out of
/// [`next_output`](Reader::next_output), and [`finish`](Reader::finish) accepts the answer as whole or refuses it.
pub struct Reader {
    parser: Parser,
    expect: Expect,
    stack: Vec<Frame>,
    stage: Stage,
    version: Option<SoapVersion>,
    out: VecDeque<Output>,
    body: Option<(QName, Value)>,
    fault: Option<Fault>,
    headers: Vec<(QName, Value)>,
    items: u64,
    item_path_seen: usize,
    next_blob: u64,
    held: usize,
    report: Report,
    head: Vec<u8>,
    failed: bool,
    saw_fault: Option<bool>,
}

/// Where in the envelope the reader is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Root,
    Envelope,
    Header,
    Body,
    Other,
    Done,
}

/// The type an element is read with.
#[derive(Clone, Copy, Debug)]
enum Guide {
    Typed(TypeId),
    /// Nothing is known: children, attributes and text are taken as they come.
    Free,
}

/// How an element's value belongs to its parent.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Slot {
    Field { repeats: bool, known: bool },
    Extra,
}

enum Content {
    /// A complex type, or an element of unknown type.
    Record { record: Record, text: String, guide: Guide },
    /// A simple type.
    Scalar {
        text: String,
        of: SimpleType,
        attributes: Vec<(Arc<str>, Value)>,
        /// Whether markup came, so that `text` is escaped.
        markup: bool,
    },
    /// An element inside an element of text: markup that is kept as text.
    Markup(String),
    /// Base64 that is handed out.
    Blob(BlobDecoder),
}

struct Frame {
    name: Arc<str>,
    slot: Slot,
    nil: bool,
    content: Content,
    /// How many steps of the item path this frame has matched, or `None` when it is off the path.
    on_item_path: Option<usize>,
    is_item: bool,
    /// It turned out to be a wrapper around items of its own name.
    wraps: bool,
    /// Depth below the Body's child; the child itself is 0.
    depth: usize,
    mended: Mended,
    held: usize,
}

/// Bytes of the beginning of an answer that are kept to tell what it is when it is no envelope.
const HEAD: usize = 512;
/// How much is parsed between two looks at what came out.
const STRIDE: usize = 64 << 10;

impl Reader {
    /// A reader for one answer.
    pub fn new(expect: Expect) -> Self {
        let options = ParserOptions {
            charset: expect.charset.as_deref(),
            doctype: DoctypePolicy::Refuse,
            limits: &expect.limits,
        };
        Reader {
            parser: Parser::new(&options),
            expect,
            stack: Vec::new(),
            stage: Stage::Root,
            version: None,
            out: VecDeque::new(),
            body: None,
            fault: None,
            headers: Vec::new(),
            items: 0,
            item_path_seen: 0,
            next_blob: 0,
            held: 0,
            report: Report::default(),
            head: Vec::new(),
            failed: false,
            saw_fault: None,
        }
    }

    /// Takes more bytes. Large input is worked off in strides of 64 KiB, but what comes out is queued; feed pieces of
    /// about that size to keep memory flat.
    ///
    /// # Errors
    /// Any [`SoapError`] but `Truncated`. After an error the answer is refused: what came out before it is to be
    /// discarded by whoever counts whole pages.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), SoapError> {
        if self.head.len() < HEAD {
            let more = bytes.len().min(HEAD - self.head.len());
            self.head.extend_from_slice(&bytes[..more]);
        }
        for piece in bytes.chunks(STRIDE) {
            let done = self.parser.feed(piece).and_then(|()| self.work());
            done.map_err(|e| self.explain(e))?;
        }
        Ok(())
    }

    /// What is ready.
    pub fn next_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Whether the Body holds a fault; `None` until its first element has come.
    pub fn is_fault(&self) -> Option<bool> {
        self.saw_fault
    }

    /// The first bytes of the answer: evidence for a person, never for a log.
    pub fn evidence(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes were fed.
    pub fn bytes(&self) -> u64 {
        self.parser.bytes()
    }

    /// Accepts the answer when it is whole. Outputs may still be waiting.
    ///
    /// # Errors
    /// [`SoapError::Fault`] when the service said so, [`SoapError::Truncated`] when the envelope was not closed,
    /// [`SoapError::NotSoap`] when there was none.
    pub fn finish(&mut self) -> Result<Answer, SoapError> {
        self.end().map_err(|e| self.explain(e))
    }

    fn end(&mut self) -> Result<Answer, SoapError> {
        self.parser.end()?;
        self.work()?;
        if !self.parser.root_seen() && !self.parser.ended_inside_markup() {
            return Err(SoapError::NotSoap { found: NotSoap::Empty });
        }
        self.parser.finish()?;
        if let Some(fault) = self.fault.take() {
            return Err(SoapError::Fault(Box::new(fault)));
        }
        self.report.mended = self.parser.mended;
        self.report.trailing_bytes = self.parser.trailing;
        let (element, body) = self.body.take().unzip();
        if let (None, Some(expected)) = (&element, &self.expect.payload) {
            return Err(SoapError::UnexpectedBody {
                expected: expected.element.to_string(),
                found: "nothing".to_owned(),
            });
        }
        Ok(Answer {
            version: self.version.unwrap_or(SoapVersion::V11),
            body,
            element,
            headers: std::mem::take(&mut self.headers),
            items: self.items,
            item_path_seen: self.item_path_seen,
            report: std::mem::take(&mut self.report),
        })
    }

    /// Turns an XML error of something that never was an envelope into what it is.
    fn explain(&mut self, error: SoapError) -> SoapError {
        self.failed = true;
        if self.version.is_some() || matches!(error, SoapError::NotSoap { .. } | SoapError::TooLarge { .. }) {
            return error;
        }
        match sniff(&self.head) {
            Some(found) => SoapError::NotSoap { found },
            None => error,
        }
    }

    fn work(&mut self) -> Result<(), SoapError> {
        if self.failed {
            return Err(SoapError::Xml { at: 0, what: "the answer was already refused".into() });
        }
        loop {
            let before = self.parser.mended;
            // The borrow of the event's text ends before the parser is asked anything else.
            let step = match self.parser.next()? {
                None => return Ok(()),
                Some(Event::Start(open)) => Step::Start(open),
                Some(Event::End) => Step::End,
                Some(Event::Text(text)) => match self.stack.last_mut() {
                    Some(frame) => {
                        self.held += frame.text(text, &self.expect.limits, &mut self.out)?;
                        Step::None
                    }
                    None if text.trim().is_empty() => Step::None,
                    None => Step::Stray,
                },
            };
            match step {
                Step::Start(open) => self.start(open, before)?,
                Step::End => self.close()?,
                Step::Stray => Report::note(&mut self.report.unknown, "#text around the Body".to_owned()),
                Step::None => {}
            }
            if self.held > self.expect.limits.item_text {
                return Err(SoapError::bound(Bound::ItemText, self.expect.limits.item_text as u64));
            }
        }
    }

    fn start(&mut self, open: Open, before: Mended) -> Result<(), SoapError> {
        if !self.stack.is_empty() {
            return self.child(open, before);
        }
        let soap = matches!(&*open.name.namespace, ns::SOAP11 | ns::SOAP12);
        match self.stage {
            Stage::Root => {
                self.version = Some(match &*open.name.namespace {
                    ns::SOAP11 if &*open.name.local == "Envelope" => SoapVersion::V11,
                    ns::SOAP12 if &*open.name.local == "Envelope" => SoapVersion::V12,
                    _ => {
                        let found = sniff(&self.head).unwrap_or(NotSoap::OtherXml);
                        return Err(SoapError::NotSoap { found });
                    }
                });
                self.stage = Stage::Envelope;
            }
            Stage::Envelope if soap && &*open.name.local == "Header" => self.stage = Stage::Header,
            Stage::Envelope if soap && &*open.name.local == "Body" => self.stage = Stage::Body,
            Stage::Envelope => {
                let path = format!("{} beside the Body", short(&open.name.local));
                Report::note(&mut self.report.unknown, path);
                self.stage = Stage::Other;
                self.push_root(open, Guide::Free, before)?;
            }
            Stage::Header => {
                let must = open
                    .attributes
                    .iter()
                    .any(|a| &*a.name.local == "mustUnderstand" && matches!(a.value.trim(), "1" | "true"));
                if must && !is_known_header(&open.name) {
                    Report::note(&mut self.report.must_understand, short(&open.name.to_string()));
                }
                self.push_root(open, Guide::Free, before)?;
            }
            Stage::Body => self.body_child(open, before)?,
            Stage::Other | Stage::Done => {}
        }
        Ok(())
    }

    fn body_child(&mut self, open: Open, before: Mended) -> Result<(), SoapError> {
        let fault =
            &*open.name.local == "Fault" && matches!(&*open.name.namespace, ns::SOAP11 | ns::SOAP12 | "");
        self.saw_fault.get_or_insert(fault);
        if fault {
            self.expect.item.clear();
            self.expect.blobs.clear();
            return self.push_root(open, Guide::Free, before);
        }
        if self.body.is_some() || self.fault.is_some() {
            let path = format!("{} after the Body's first element", short(&open.name.local));
            Report::note(&mut self.report.unknown, path);
            self.expect.item.clear();
            self.expect.blobs.clear();
            return self.push_root(open, Guide::Free, before);
        }
        let guide = match &self.expect.payload {
            Some(expected) => {
                if expected.element.local != open.name.local {
                    return Err(SoapError::UnexpectedBody {
                        expected: expected.element.to_string(),
                        found: short(&open.name.to_string()),
                    });
                }
                if expected.element.namespace != open.name.namespace {
                    let path = open.name.local.to_string();
                    Report::note(&mut self.report.namespace_mismatches, path);
                }
                Guide::Typed(expected.of)
            }
            None => match self.expect.catalog.element(&open.name) {
                Some(declared) => Guide::Typed(declared.of),
                None => Guide::Free,
            },
        };
        self.push_root(open, guide, before)
    }

    /// Opens an element that stands directly in the Header or the Body.
    fn push_root(&mut self, open: Open, guide: Guide, before: Mended) -> Result<(), SoapError> {
        let on_item_path = (!self.expect.item.is_empty() && self.stage == Stage::Body).then_some(0);
        let slot = Slot::Field { repeats: false, known: true };
        self.push(open, guide, slot, None, on_item_path, 0, before)
    }

    /// Opens an element inside another one.
    fn child(&mut self, open: Open, before: Mended) -> Result<(), SoapError> {
        let Some(parent) = self.stack.last_mut() else { return Ok(()) };
        let (on_path, depth) = (parent.on_item_path, parent.depth + 1);
        let inside_text = match &mut parent.content {
            Content::Scalar { text, markup, .. } => {
                if !std::mem::replace(markup, true) {
                    *text = escape(text);
                }
                Some(text)
            }
            Content::Markup(text) => Some(text),
            _ => None,
        };
        if let Some(text) = inside_text {
            write_tag(text, &open);
            if text.len() > self.expect.limits.text {
                return Err(SoapError::bound(Bound::Text, self.expect.limits.text as u64));
            }
            let path = self.path("");
            Report::note(&mut self.report.markup_in_text, path);
            self.stack.push(Frame::markup(open.name.local.clone(), depth, before));
            return Ok(());
        }
        if matches!(parent.content, Content::Blob(_)) {
            return Err(SoapError::Xml {
                at: self.parser.bytes(),
                what: "an element inside base64 data".into(),
            });
        }
        let (guide, slot, name) = self.place(&open);
        let wrapped = self.stack.last().is_some_and(|f| f.wraps && f.name == name);
        let on_item_path = match on_path {
            // The element that was taken for an item wraps the items: they stand where it stood.
            Some(at) if wrapped => Some(at),
            Some(at) if self.expect.item.get(at).is_some_and(|step| **step == *name) => Some(at + 1),
            _ => None,
        };
        self.push(open, guide, slot, Some(name), on_item_path, depth, before)
    }

    /// Where a child belongs: its type, how it joins its parent, and the name it is kept under.
    fn place(&mut self, open: &Open) -> (Guide, Slot, Arc<str>) {
        let name = open.name.local.clone();
        let parent = match self.stack.last() {
            Some(Frame { content: Content::Record { guide: Guide::Typed(id), .. }, .. }) => *id,
            _ => return (Guide::Free, Slot::Field { repeats: false, known: false }, name),
        };
        let catalog = self.expect.catalog.clone();
        let Some(complex) = catalog.complex(parent) else { return (Guide::Free, Slot::Extra, name) };
        let found = complex.field(&open.name);
        let head = || catalog.head_of(&open.name).and_then(|head| complex.field(head));
        if let Some((field, exact)) = found {
            if !exact {
                let path = self.path(&name);
                Report::note(&mut self.report.namespace_mismatches, path);
            }
            return (Guide::Typed(field.of), Slot::Field { repeats: field.repeats, known: true }, name);
        }
        if let Some((field, _)) = head() {
            let of = catalog.element(&open.name).map_or(field.of, |e| e.of);
            return (
                Guide::Typed(of),
                Slot::Field { repeats: field.repeats, known: true },
                field.name.local.clone(),
            );
        }
        if complex.any {
            let of = catalog.element(&open.name).map_or(Guide::Free, |e| Guide::Typed(e.of));
            return (of, Slot::Field { repeats: false, known: false }, name);
        }
        let path = self.path(&name);
        if let Some(item) = complex.only_item() {
            // The declared item never comes under its own name: some servers rename the items of an array.
            Report::note(&mut self.report.renamed_items, path);
            return (
                Guide::Typed(item.of),
                Slot::Field { repeats: true, known: true },
                item.name.local.clone(),
            );
        }
        if let Some(frame) = self.stack.last_mut()
            && frame.name == name
            && matches!(frame.slot, Slot::Field { repeats: true, .. })
        {
            // Axis wraps the items of an array in one element of their own name.
            frame.wraps = true;
            frame.is_item = false;
            Report::note(&mut self.report.renamed_items, path);
            return (Guide::Typed(parent), Slot::Field { repeats: true, known: true }, name);
        }
        Report::note(&mut self.report.unknown, path);
        (Guide::Free, Slot::Extra, name)
    }

    #[allow(clippy::too_many_arguments)] // one call site each for a root and a child
    fn push(
        &mut self,
        open: Open,
        guide: Guide,
        slot: Slot,
        name: Option<Arc<str>>,
        on_item_path: Option<usize>,
        depth: usize,
        before: Mended,
    ) -> Result<(), SoapError> {
        let name = name.unwrap_or_else(|| open.name.local.clone());
        self.item_path_seen = self.item_path_seen.max(on_item_path.unwrap_or(0));
        // An element costs memory even when it is empty.
        self.held += 64;
        let (guide, of) = self.instance_type(&open.attributes, guide, &name);
        let nil = open.attributes.iter().any(|a| {
            ns::is_xsi(&a.name.namespace) && &*a.name.local == "nil" && matches!(a.value.trim(), "true" | "1")
        });
        let is_item = on_item_path.is_some_and(|at| at == self.expect.item.len() && at > 0)
            && self.stage == Stage::Body;
        self.stack.push(Frame {
            name,
            slot,
            nil,
            content: Content::Record { record: Record::default(), text: String::new(), guide },
            on_item_path,
            is_item,
            wraps: false,
            depth,
            mended: before,
            held: self.held - 64,
        });
        let content = self.content(guide, of, open.attributes);
        if let Some(frame) = self.stack.last_mut() {
            frame.content = content;
        }
        Ok(())
    }

    /// The type that `xsi:type` names, when the schema has it.
    fn instance_type(
        &mut self,
        attributes: &[Attribute],
        guide: Guide,
        name: &Arc<str>,
    ) -> (Guide, Option<Arc<str>>) {
        let Some(written) =
            attributes.iter().find(|a| ns::is_xsi(&a.name.namespace) && &*a.name.local == "type")
        else {
            return (guide, None);
        };
        let named = self.parser.resolve(&written.value);
        match self.expect.catalog.type_named(&named) {
            Some(id) => {
                let builtin = self.expect.catalog.get(id).name.is_none();
                // `xsd:string` on an element of a known type says nothing new.
                let keep = builtin && matches!(guide, Guide::Typed(_));
                (if keep { guide } else { Guide::Typed(id) }, (!builtin).then(|| named.local.clone()))
            }
            None => {
                let path = format!("{}: {}", self.path(name), short(&named.local));
                Report::note(&mut self.report.unknown_types, path);
                (guide, None)
            }
        }
    }

    /// The container for what comes in an element of this type.
    fn content(&mut self, guide: Guide, of: Option<Arc<str>>, attributes: Vec<Attribute>) -> Content {
        let catalog = self.expect.catalog.clone();
        if let Guide::Typed(id) = guide
            && let Shape::Simple(simple) = &catalog.get(id).shape
        {
            let attributes = self.attributes(attributes, None);
            if self.is_blob() {
                return Content::Blob(self.blob());
            }
            return Content::Scalar { text: String::new(), of: simple.clone(), attributes, markup: false };
        }
        if matches!(guide, Guide::Free) && self.is_blob() {
            return Content::Blob(self.blob());
        }
        let mut record = Record { of, ..Record::default() };
        let typed = match guide {
            Guide::Typed(id) if !catalog.is_any(id) => catalog.complex(id),
            _ => None,
        };
        for (name, value) in self.attributes(attributes, typed) {
            let known = typed.is_none_or(|t| {
                t.any_attribute || t.attributes.iter().any(|a| a.name.local[..] == name[1..])
            });
            if known { record.fields.push((name, value)) } else { record.extra.push((name, value)) }
        }
        Content::Record { record, text: String::new(), guide }
    }

    /// Attributes as fields named `@…`; those of XML, the schema instance and the envelope are no data.
    fn attributes(
        &mut self,
        attributes: Vec<Attribute>,
        typed: Option<&crate::wsdl::ComplexType>,
    ) -> Vec<(Arc<str>, Value)> {
        let mut fields = Vec::new();
        for attribute in attributes {
            let namespace = &*attribute.name.namespace;
            if ns::is_xsi(namespace) || matches!(namespace, ns::SOAP11 | ns::SOAP12 | ns::ENC11 | ns::ENC12) {
                continue;
            }
            let name: Arc<str> = format!("@{}", attribute.name.local).into();
            let declared = typed.and_then(|t| t.attribute(&attribute.name));
            let of = declared.and_then(|(a, _)| self.expect.catalog.simple(a.of)).cloned();
            match (declared, typed) {
                (Some((_, false)), _) => {
                    let path = self.path(&name);
                    Report::note(&mut self.report.namespace_mismatches, path);
                }
                (None, Some(t)) if !t.any_attribute && namespace != ns::XML => {
                    let path = self.path(&name);
                    Report::note(&mut self.report.unknown, path);
                }
                _ => {}
            }
            let value = match of {
                Some(of) => interpret(attribute.value, &of).0,
                None => Value::Text(attribute.value),
            };
            self.held += 16;
            fields.push((name, value));
        }
        fields
    }

    fn is_blob(&self) -> bool {
        let Some(frame) = self.stack.last() else { return false };
        self.stage == Stage::Body
            && self.expect.blobs.iter().any(|path| {
                path.len() == frame.depth
                    && path
                        .iter()
                        .rev()
                        .zip(self.stack.iter().rev())
                        .all(|(step, frame)| **step == *frame.name)
            })
    }

    fn blob(&mut self) -> BlobDecoder {
        let id = BlobId(self.next_blob);
        self.next_blob += 1;
        BlobDecoder { id, pending: Vec::new(), size: 0, flaw: None, padded: false }
    }

    /// Closes the innermost element.
    fn close(&mut self) -> Result<(), SoapError> {
        let Some(frame) = self.stack.pop() else {
            self.stage = match self.stage {
                Stage::Header | Stage::Body | Stage::Other => Stage::Envelope,
                _ => Stage::Done,
            };
            return Ok(());
        };
        if let Content::Markup(inner) = &frame.content {
            if let Some(Frame { content: Content::Scalar { text, .. } | Content::Markup(text), .. }) =
                self.stack.last_mut()
            {
                text.push_str(inner);
                text.push_str("</");
                text.push_str(&frame.name);
                text.push('>');
            }
            return Ok(());
        }
        let Frame { slot, is_item, wraps, mended, held, .. } = frame;
        let name = frame.name.clone();
        let value = self.value(frame)?;
        if is_item {
            self.held = held;
            self.items += 1;
            let mended = self.parser.mended.since(&mended);
            self.out.push_back(Output::Item { value, mended });
            return Ok(());
        }
        match value {
            Value::Record(mut record) if wraps => {
                let items =
                    record.fields.iter().position(|(n, _)| *n == name).map(|at| record.fields.remove(at).1);
                for item in items.map(unlist).unwrap_or_default() {
                    self.attach(name.clone(), slot, item)?;
                }
            }
            value => self.attach(name, slot, value)?,
        }
        Ok(())
    }

    fn attach(&mut self, name: Arc<str>, slot: Slot, value: Value) -> Result<(), SoapError> {
        let Some(parent) = self.stack.last_mut() else {
            self.root_done(name, value);
            return Ok(());
        };
        let Content::Record { record, .. } = &mut parent.content else { return Ok(()) };
        if record.fields.len() + record.extra.len() > self.expect.limits.fields {
            return Err(SoapError::bound(Bound::Fields, self.expect.limits.fields as u64));
        }
        let again = match slot {
            Slot::Field { repeats, known } => Record::add(&mut record.fields, &name, value, repeats) && known,
            Slot::Extra => {
                Record::add(&mut record.extra, &name, value, false);
                false
            }
        };
        if again {
            let path = self.path(&name);
            Report::note(&mut self.report.repeated, path);
        }
        Ok(())
    }

    /// An element directly in the Header or the Body is whole.
    fn root_done(&mut self, name: Arc<str>, value: Value) {
        match self.stage {
            Stage::Header => self.headers.push((QName::new("", name), value)),
            Stage::Body if &*name == "Fault" && self.body.is_none() => {
                self.fault = Some(Fault::from_value(value, self.version));
            }
            Stage::Body if self.body.is_none() => self.body = Some((QName::new("", name), value)),
            Stage::Other => self.stage = Stage::Envelope,
            _ => {}
        }
    }

    /// The value of an element that is whole.
    fn value(&mut self, frame: Frame) -> Result<Value, SoapError> {
        let nil = frame.nil;
        match frame.content {
            Content::Blob(blob) => {
                if nil {
                    return Ok(Value::Null);
                }
                let (id, size, flaw) = blob.finish(&mut self.out);
                self.out.push_back(Output::BlobEnd { id, size });
                Ok(Value::Blob { id, size, flaw })
            }
            Content::Scalar { text, of, attributes, .. } => {
                let value = if nil && text.is_empty() {
                    Value::Null
                } else {
                    self.element_scalar(text, &of, &frame.name)
                };
                if attributes.is_empty() {
                    return Ok(value);
                }
                for (name, _) in &attributes {
                    let path = format!("{}/{name}", self.path(&frame.name));
                    Report::note(&mut self.report.unknown, path);
                }
                let fields = vec![("#text".into(), value)];
                Ok(Value::Record(Record { of: None, fields, extra: attributes }))
            }
            Content::Record { record, text, guide } => Ok(self.record(record, text, guide, nil, &frame.name)),
            Content::Markup(text) => Ok(Value::Text(text)),
        }
    }

    fn record(
        &mut self,
        mut record: Record,
        text: String,
        guide: Guide,
        nil: bool,
        name: &Arc<str>,
    ) -> Value {
        let catalog = self.expect.catalog.clone();
        let typed = match guide {
            Guide::Typed(id) if !catalog.is_any(id) => catalog.complex(id),
            _ => None,
        };
        let empty = record.fields.is_empty() && record.extra.is_empty();
        if nil && empty && text.trim().is_empty() {
            return Value::Null;
        }
        let Some(complex) = typed else {
            // Nothing is known of it: an element without children and attributes is its text.
            if empty {
                return Value::Text(text);
            }
            if !text.trim().is_empty() {
                record.fields.push(("#text".into(), Value::Text(text)));
            }
            return Value::Record(record);
        };
        if let Some(of) = complex.text.and_then(|id| catalog.simple(id)) {
            let value =
                if nil && text.is_empty() { Value::Null } else { self.element_scalar(text, of, name) };
            record.fields.push(("#text".into(), value));
        } else if !text.trim().is_empty() {
            if complex.mixed || complex.any {
                record.fields.push(("#text".into(), Value::Text(text)));
            } else {
                let path = format!("{}/#text", self.path(name));
                Report::note(&mut self.report.unknown, path);
                record.extra.push(("#text".into(), Value::Text(text)));
            }
        }
        Value::Record(record)
    }

    fn element_scalar(&mut self, text: String, of: &SimpleType, name: &Arc<str>) -> Value {
        let (value, mistyped) = interpret(text, of);
        if mistyped {
            let path = self.path(name);
            Report::note(&mut self.report.mistyped, path);
        }
        value
    }

    /// The path of a name below the innermost open element; local names, from below the Body's child.
    fn path(&self, name: &str) -> String {
        let mut path = String::new();
        for step in self.stack.iter().skip(1).map(|f| &*f.name).chain([name]).filter(|s| !s.is_empty()) {
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&short(step));
        }
        path
    }
}

enum Step {
    Start(Open),
    End,
    Stray,
    None,
}

impl Frame {
    /// A frame for an element inside an element of text.
    fn markup(name: Arc<str>, depth: usize, before: Mended) -> Frame {
        Frame {
            name,
            slot: Slot::Extra,
            nil: false,
            content: Content::Markup(String::new()),
            on_item_path: None,
            is_item: false,
            wraps: false,
            depth,
            mended: before,
            held: 0,
        }
    }

    /// Takes text; returns how many bytes are now held that were not before.
    fn text(&mut self, more: &str, limits: &Limits, out: &mut VecDeque<Output>) -> Result<usize, SoapError> {
        let text = match &mut self.content {
            Content::Blob(blob) => {
                blob.feed(more.as_bytes(), out);
                if blob.size > limits.blob {
                    return Err(SoapError::bound(Bound::Blob, limits.blob));
                }
                return Ok(0);
            }
            Content::Record { text, .. } | Content::Scalar { text, markup: false, .. } => text,
            Content::Scalar { text, .. } | Content::Markup(text) => {
                text.push_str(&escape(more));
                return Self::checked(text, more, limits);
            }
        };
        text.push_str(more);
        Self::checked(text, more, limits)
    }

    fn checked(text: &str, more: &str, limits: &Limits) -> Result<usize, SoapError> {
        if text.len() > limits.text {
            return Err(SoapError::bound(Bound::Text, limits.text as u64));
        }
        Ok(more.len())
    }
}

/// Decodes base64 as it arrives.
struct BlobDecoder {
    id: BlobId,
    pending: Vec<u8>,
    size: u64,
    flaw: Option<&'static str>,
    padded: bool,
}

impl BlobDecoder {
    fn feed(&mut self, text: &[u8], out: &mut VecDeque<Output>) {
        if self.flaw.is_some() {
            return;
        }
        for byte in text.iter().filter(|b| !b.is_ascii_whitespace()) {
            if *byte == b'=' {
                self.padded = true;
            } else if self.padded {
                self.flaw = Some("base64 data goes on after its padding");
                return;
            } else {
                self.pending.push(*byte);
            }
        }
        let whole = self.pending.len() / 4 * 4;
        self.decode(whole, out);
    }

    fn decode(&mut self, length: usize, out: &mut VecDeque<Output>) {
        if length == 0 {
            return;
        }
        match base64::engine::general_purpose::STANDARD_NO_PAD.decode(&self.pending[..length]) {
            Ok(bytes) if !bytes.is_empty() => {
                self.size += bytes.len() as u64;
                out.push_back(Output::BlobBytes { id: self.id, bytes });
            }
            Ok(_) => {}
            Err(_) => self.flaw = Some("the data is not base64"),
        }
        self.pending.drain(..length);
    }

    fn finish(mut self, out: &mut VecDeque<Output>) -> (BlobId, u64, Option<&'static str>) {
        if self.flaw.is_none() {
            self.decode(self.pending.len(), out);
        }
        (self.id, self.size, self.flaw)
    }
}

fn unlist(value: Value) -> Vec<Value> {
    match value {
        Value::List(items) => items,
        single => vec![single],
    }
}

/// The value of a text of a simple type, and whether the text doesn't have the type's form.
fn interpret(text: String, of: &SimpleType) -> (Value, bool) {
    if of.list {
        let item = SimpleType { list: false, ..of.clone() };
        let mut odd = false;
        let values = text
            .split_ascii_whitespace()
            .map(|word| {
                let (value, bad) = interpret(word.to_owned(), &item);
                odd |= bad;
                value
            })
            .collect();
        return (Value::List(values), odd);
    }
    let trimmed = text.trim();
    if trimmed.is_empty()
        && !matches!(of.builtin, Builtin::String | Builtin::AnyType | Builtin::Base64 | Builtin::Hex)
    {
        return (Value::Null, false);
    }
    match of.builtin {
        Builtin::String | Builtin::AnyType => (Value::Text(text), false),
        Builtin::Boolean => match trimmed {
            "true" | "1" => (Value::Bool(true), false),
            "false" | "0" => (Value::Bool(false), false),
            _ => (Value::Text(text), true),
        },
        Builtin::Integer => match trimmed.parse::<i64>() {
            Ok(number) if number.to_string() == trimmed => (Value::Int(number), false),
            _ if is_number(trimmed) && !trimmed.contains(['.', 'e', 'E']) => {
                (Value::Text(trimmed.to_owned()), false)
            }
            _ => (Value::Text(text), true),
        },
        Builtin::Number => {
            if is_number(trimmed) || matches!(trimmed, "NaN" | "INF" | "-INF") {
                (Value::Number(trimmed.to_owned()), false)
            } else {
                (Value::Text(text), true)
            }
        }
        Builtin::DateTime => {
            let looks = trimmed.len() >= 10 && trimmed.as_bytes().iter().filter(|b| **b == b'-').count() >= 2;
            if looks { (Value::DateTime(trimmed.to_owned()), false) } else { (Value::Text(text), true) }
        }
        Builtin::Calendar => (Value::Text(trimmed.to_owned()), false),
        Builtin::Base64 => bytes(text, decode_base64),
        Builtin::Hex => bytes(text, decode_hex),
    }
}

fn bytes(text: String, decode: impl Fn(&str) -> Option<Vec<u8>>) -> (Value, bool) {
    match decode(&text) {
        Some(bytes) => (Value::Bytes(bytes), false),
        None => (Value::Text(text), true),
    }
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let end = clean.iter().rposition(|b| *b != b'=').map_or(0, |at| at + 1);
    base64::engine::general_purpose::STANDARD_NO_PAD.decode(&clean[..end]).ok()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let clean: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    if !clean.len().is_multiple_of(2) {
        return None;
    }
    let digit = |b: u8| (b as char).to_digit(16);
    clean.chunks(2).map(|pair| Some((digit(pair[0])? * 16 + digit(pair[1])?) as u8)).collect()
}

fn is_number(text: &str) -> bool {
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    body.starts_with(|c: char| c.is_ascii_digit() || c == '.') && body.parse::<f64>().is_ok()
}

fn is_known_header(name: &QName) -> bool {
    name.namespace.contains("addressing") || name.namespace.contains("wss-wssecurity")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Writes a start tag back, with local names: it goes into a text, where prefixes mean nothing.
fn write_tag(into: &mut String, open: &Open) {
    into.push('<');
    into.push_str(&open.name.local);
    for attribute in &open.attributes {
        into.push(' ');
        into.push_str(&attribute.name.local);
        into.push_str("=\"");
        into.push_str(&escape(&attribute.value).replace('"', "&quot;"));
        into.push('"');
    }
    into.push('>');
}

/// What the beginning of something that is no envelope looks like; `None` for XML that is merely broken.
fn sniff(head: &[u8]) -> Option<NotSoap> {
    let text: String = String::from_utf8_lossy(head).chars().filter(|c| *c != '\0').collect();
    let start = text.trim_start_matches('\u{FEFF}').trim_start();
    let lower = start.to_ascii_lowercase();
    if start.is_empty() {
        return Some(NotSoap::Empty);
    }
    if lower.contains("<!doctype html") || lower.contains("<html") {
        return Some(NotSoap::Html);
    }
    if start.starts_with(['{', '[']) {
        return Some(NotSoap::Json);
    }
    if start.starts_with("--") {
        return Some(NotSoap::Multipart);
    }
    (!start.starts_with('<')).then_some(NotSoap::Text)
}

/// Reads a whole answer at once: for small answers and for tests.
///
/// # Errors
/// As [`Reader::feed`] and [`Reader::finish`].
pub fn decode(bytes: &[u8], expect: Expect) -> Result<(Answer, Vec<Output>), SoapError> {
    let mut reader = Reader::new(expect);
    reader.feed(bytes)?;
    let answer = reader.finish()?;
    Ok((answer, reader.out.into()))
}
