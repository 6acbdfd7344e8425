//! SOAP envelopes: reading a request of either version, writing an answer or a fault.

use quick_xml::NsReader;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::NAMESPACE;

const SOAP11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// Elements may nest so deep in a request.
const DEEPEST: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V11,
    V12,
}

impl Version {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::V11 => SOAP11,
            Self::V12 => SOAP12,
        }
    }
}

/// An element of a request.
#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) nil: bool,
    pub(super) children: Vec<Element>,
    must_understand: bool,
}

impl Element {
    fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// A request, taken out of its envelope.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) body: Element,
    pub(super) token: Option<String>,
    pub(super) api_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    Client,
    VersionMismatch,
    MustUnderstand,
    /// One of the service's own, the sender's fault unless it says that the server is busy.
    Own(&'static str),
}

/// A fault.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    code: Code,
    text: String,
}

impl Fault {
    /// The request is no good.
    pub(super) fn client(text: impl Into<String>) -> Self {
        Self { code: Code::Client, text: text.into() }
    }

    /// One of the fault codes that the WSDL names.
    pub(super) fn own(code: &'static str, text: impl Into<String>) -> Self {
        Self { code: Code::Own(code), text: text.into() }
    }

    pub(super) fn code(&self) -> &'static str {
        match self.code {
            Code::Client => "Client",
            Code::VersionMismatch => "VersionMismatch",
            Code::MustUnderstand => "MustUnderstand",
            Code::Own(code) => code,
        }
    }

    fn is_sender(&self) -> bool {
        matches!(
            self.code,
            Code::Client | Code::Own("AccessDenied" | "SessionExpired" | "NotFound" | "InvalidArgument")
        )
    }

    /// 500, except for the sender's faults of SOAP 1.2.
    pub(super) fn status(&self, version: Version) -> u16 {
        if version == Version::V12 && self.is_sender() { 400 } else { 500 }
    }

    pub(super) fn envelope(&self, version: Version) -> String {
        let text = escape(&self.text);
        let detail = match self.code {
            Code::Own(code) => format!(
                "<ErrorDetail xmlns=\"{NAMESPACE}\"><ErrorCode>{code}</ErrorCode><Message>{text}</Message></ErrorDetail>"
            ),
            _ => String::new(),
        };
        let inside = match version {
            Version::V11 => self.inside_11(&text, &detail),
            Version::V12 => self.inside_12(&text, &detail),
        };
        envelope(version, &format!("<soap:Fault>{inside}</soap:Fault>"))
    }

    fn inside_11(&self, text: &str, detail: &str) -> String {
        let code = match self.code {
            Code::Own(code) => format!("<faultcode xmlns:q0=\"{NAMESPACE}\">q0:{code}</faultcode>"),
            _ => format!("<faultcode>soap:{}</faultcode>", self.code()),
        };
        format!("{code}<faultstring>{text}</faultstring><detail>{detail}</detail>")
    }

    fn inside_12(&self, text: &str, detail: &str) -> String {
        let value = match self.code {
            Code::VersionMismatch | Code::MustUnderstand => self.code(),
            _ if self.is_sender() => "Sender",
            _ => "Receiver",
        };
        let subcode = match self.code {
            Code::Own(code) => format!(
                "<soap:Subcode><soap:Value xmlns:q0=\"{NAMESPACE}\">q0:{code}</soap:Value></soap:Subcode>"
            ),
            _ => String::new(),
        };
        format!(
            "<soap:Code><soap:Value>soap:{value}</soap:Value>{subcode}</soap:Code>\
             <soap:Reason><soap:Text xml:lang=\"en\">{text}</soap:Text></soap:Reason><soap:Detail>{detail}</soap:Detail>"
        )
    }
}

/// An envelope around the body's content.
pub(super) fn envelope(version: Version, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"{}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Body>{content}</soap:Body></soap:Envelope>",
        version.namespace()
    )
}

fn escape(text: &str) -> String {
    text.chars()
        .filter(|c| !super::xml::forbidden(*c))
        .collect::<String>()
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Reads a request that was sent as one of `version`.
pub(super) fn read(version: Version, bytes: &[u8]) -> Result<Request, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|_| unreadable("the request is not UTF-8"))?;
    let root = tree(text.trim_start_matches('\u{FEFF}'))?;
    if root.name != "Envelope" || (root.namespace != SOAP11 && root.namespace != SOAP12) {
        return Err(unreadable("the root is not an Envelope"));
    }
    if root.namespace != version.namespace() {
        let text = "Possible SOAP version mismatch: Envelope namespace was unexpected.";
        return Err(Fault { code: Code::VersionMismatch, text: text.into() });
    }
    let mut request = Request { body: Element::default(), token: None, api_key: None };
    let mut bodies = 0;
    for part in root.children {
        if part.is(version.namespace(), "Header") {
            read_header(part, &mut request)?;
        } else if part.is(version.namespace(), "Body") {
            bodies += 1;
            request.body = only_child(part)?;
        }
    }
    if bodies == 1 { Ok(request) } else { Err(unreadable("there is not one Body")) }
}

fn read_header(header: Element, request: &mut Request) -> Result<(), Fault> {
    for block in header.children {
        if block.is(NAMESPACE, "SessionHeader") {
            request.token = child_text(&block, "Token");
        } else if block.is(NAMESPACE, "ApiKeyHeader") {
            request.api_key = child_text(&block, "ApiKey");
        } else if block.must_understand {
            let text = "SOAP header was not understood.";
            return Err(Fault { code: Code::MustUnderstand, text: text.into() });
        }
    }
    Ok(())
}

fn child_text(element: &Element, name: &str) -> Option<String> {
    let child = element.children.iter().find(|child| child.is(NAMESPACE, name))?;
    Some(child.text.clone()).filter(|text| !text.is_empty())
}

fn only_child(mut body: Element) -> Result<Element, Fault> {
    match (body.children.pop(), body.children.is_empty()) {
        (Some(child), true) => Ok(child),
        _ => Err(unreadable("the Body does not hold one element")),
    }
}

fn unreadable(why: &str) -> Fault {
    Fault::client(format!("Server was unable to read request. ---> {why}"))
}

/// Reads one element and all below it.
pub(super) fn tree(text: &str) -> Result<Element, Fault> {
    let mut reader = NsReader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    loop {
        let (namespace, event) =
            reader.read_resolved_event().map_err(|error| unreadable(&format!("XML: {error}")))?;
        match event {
            Event::Start(start) => {
                if open.len() >= DEEPEST {
                    return Err(unreadable("elements nest deeper than 32"));
                }
                open.push(element(&namespace, &start)?);
            }
            Event::Empty(start) => {
                let empty = element(&namespace, &start)?;
                if let Some(root) = closed(&mut open, empty) {
                    return Ok(root);
                }
            }
            Event::End(_) => {
                let Some(done) = open.pop() else { return Err(unreadable("an end without a start")) };
                if let Some(root) = closed(&mut open, done) {
                    return Ok(root);
                }
            }
            Event::Text(text) => push(&mut open, &text.xml10_content()),
            Event::CData(text) => push(&mut open, &text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|_| unreadable("a bad reference"))?;
                match (character, resolve_xml_entity(&reference.xml10_content())) {
                    (Some(c), _) => push(&mut open, c.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => push(&mut open, text),
                    (None, None) => return Err(unreadable("an entity that XML does not have")),
                }
            }
            Event::DocType(_) => return Err(unreadable("a DTD is prohibited")),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return Err(unreadable("the request ends early")),
        }
    }
}

/// Puts a finished element into the one around it; gives it back when there is none.
fn closed(open: &mut [Element], done: Element) -> Option<Element> {
    match open.last_mut() {
        Some(around) => {
            around.children.push(done);
            None
        }
        None => Some(done),
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn element(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<Element, Fault> {
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return Err(unreadable("a prefix that is not declared")),
    };
    let name = start.local_name().into_inner().to_owned();
    let mut element = Element { namespace, name, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| unreadable(&format!("XML: {error}")))?;
        let said = matches!(attribute.value.as_ref(), "1" | "true");
        match attribute.key.local_name().into_inner() {
            "nil" => element.nil = said,
            "mustUnderstand" => element.must_understand = said,
            _ => {}
        }
    }
    Ok(element)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(inside: &str) -> String {
        format!("<s:Envelope xmlns:s=\"{SOAP11}\" xmlns=\"{NAMESPACE}\">{inside}</s:Envelope>")
    }

    #[test]
    fn a_request_gives_up_its_body_and_its_token() {
        let text = request(
            "<s:Header><SessionHeader><Token>a&amp;b</Token></SessionHeader></s:Header><s:Body><Login><userName>x<![CDATA[<y]]>&#x41;</userName></Login></s:Body>",
        );
        let read = read(Version::V11, text.as_bytes()).unwrap();
        assert_eq!(read.token.as_deref(), Some("a&b"));
        assert!(read.body.is(NAMESPACE, "Login"));
        assert_eq!(read.body.children[0].text, "x<yA");
    }

    #[test]
    fn bad_requests_are_client_faults() {
        let deep = request(&"<s:Body>".repeat(40));
        let bad = [
            "",
            "<a/>",
            "no xml",
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            &request("<s:Body><x:Ping/></s:Body>"),
            &request("<s:Body><Ping/><Ping/></s:Body>"),
            &request("<s:Body><Ping></s:Body>"),
            &request("<s:Body>&nbsp;</s:Body>"),
            &request(""),
            &deep,
        ];
        for text in bad {
            assert_eq!(read(Version::V11, text.as_bytes()).unwrap_err().code(), "Client", "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_request_makes_the_reader_panic(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'>", "<s:Body>", "</s:Body>", "</s:Envelope>", "<a/>", "<a b='c' b='d'>", "<x:y>", "</", "<", "&#x0;", "&#xD800;", "&a;", "<![CDATA[", "]]>", "<!--", "-->", "<?p", "\u{0}", "é",
                ]),
                0..12,
            )
        ) {
            let _ = read(Version::V11, parts.concat().as_bytes());
        }
    }

    #[test]
    fn the_other_version_is_a_version_mismatch() {
        let text = request("<s:Body><Ping/></s:Body>");
        assert_eq!(read(Version::V12, text.as_bytes()).unwrap_err().code(), "VersionMismatch");
    }

    #[test]
    fn a_header_that_must_be_understood_is_refused_when_it_is_not() {
        let text = request("<s:Header><x s:mustUnderstand=\"1\"/></s:Header><s:Body><Ping/></s:Body>");
        assert_eq!(read(Version::V11, text.as_bytes()).unwrap_err().code(), "MustUnderstand");
    }
}
