//! Answers captured from real SOAP stacks, and the WSDL corpus. Skipped when the corpus is not beside the repository.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]
#![allow(missing_docs)]

use focalscope_soap::soap::{self, Answer, Expect, Fault, NotSoap, Output, Reader, SoapError, Value};
use focalscope_soap::wsdl::{self, FileLoader, Wsdl, WsdlLimits};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use url::Url;

fn corpus(part: &str) -> Option<PathBuf> {
    let shared = std::env::var_os("MIGRATION_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let place = shared.join("corpus").join(part);
    let found = place.canonicalize().ok().filter(|p| p.is_dir());
    if found.is_none() {
        eprintln!("skipped: no corpus `{part}` (set MIGRATION_SHARED)");
    }
    found
}

fn describe(path: &Path) -> Result<Wsdl, SoapError> {
    let url = Url::from_file_path(path.canonicalize().unwrap()).unwrap();
    // Schemas are imported from directories above: the corpus is the root.
    let root = path.ancestors().find(|p| p.ends_with("corpus")).unwrap();
    wsdl::load(&url, &FileLoader::new(root), WsdlLimits::default())
}

struct Http {
    status: u16,
    charset: Option<String>,
    body: Vec<u8>,
    complete: bool,
}

/// A captured response, as far as an HTTP library would get with it.
fn http(path: &Path) -> Http {
    let raw = std::fs::read(path).unwrap();
    let end = raw.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8_lossy(&raw[..end]).into_owned();
    let header = |name: &str| {
        head.lines()
            .filter_map(|l| l.split_once(':'))
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| v.trim().to_owned())
    };
    let mut body = raw[end + 4..].to_vec();
    let mut complete = true;
    if header("transfer-encoding").is_some_and(|v| v.contains("chunked")) {
        (body, complete) = dechunk(&body);
    } else if let Some(length) = header("content-length").and_then(|v| v.parse::<usize>().ok()) {
        complete = body.len() >= length;
        body.truncate(length);
    }
    let charset = header("content-type").and_then(|v| {
        let at = v.to_ascii_lowercase().find("charset=")?;
        Some(v[at + 8..].split(';').next()?.trim_matches('"').to_owned())
    });
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    Http { status, charset, body, complete }
}

fn dechunk(mut raw: &[u8]) -> (Vec<u8>, bool) {
    let mut out = Vec::new();
    loop {
        let Some(end) = raw.windows(2).position(|w| w == b"\r\n") else { return (out, false) };
        let line = String::from_utf8_lossy(&raw[..end]).into_owned();
        let Ok(size) = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16) else {
            return (out, false);
        };
        raw = &raw[end + 2..];
        if size == 0 {
            return (out, true);
        }
        if raw.len() < size + 2 {
            out.extend_from_slice(&raw[..size.min(raw.len())]);
            return (out, false);
        }
        out.extend_from_slice(&raw[..size]);
        raw = &raw[size + 2..];
    }
}

fn expect_for(wsdl: &Wsdl, operation: &str) -> Expect {
    let found = wsdl.ports().find_map(|(_, p)| p.operation(operation)).unwrap();
    assert_eq!(found.unusable, None, "{operation}");
    Expect { catalog: wsdl.catalog.clone(), payload: found.output.clone(), ..Expect::default() }
}

fn read(dir: &Path, wsdl: &Wsdl, operation: &str, file: &str) -> Answer {
    let http = http(&dir.join(file));
    let expect = Expect { charset: http.charset, ..expect_for(wsdl, operation) };
    let (answer, outputs) = soap::decode(&http.body, expect).unwrap_or_else(|e| panic!("{file}: {e}"));
    assert!(outputs.is_empty());
    answer
}

/// Names with a small first letter, attributes without `@`, wrappers of arrays gone.
fn plain(json: &Json) -> Json {
    match json {
        Json::Object(object) => {
            let mut object = object.clone();
            object.remove("@xsi:type");
            if let (1, Some(Json::Array(items))) = (object.len(), object.values().next()) {
                return Json::Array(items.iter().map(plain).collect());
            }
            let small = |name: &str| {
                let name = name.trim_start_matches('@');
                let mut chars = name.chars();
                chars.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(chars).collect::<String>()
            };
            Json::Object(object.iter().map(|(name, value)| (small(name), plain(value))).collect())
        }
        Json::Array(items) => Json::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

fn is_empty(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(a) => a.is_empty(),
        Json::Object(o) => o.is_empty(),
        Json::String(s) => s.is_empty(),
        _ => false,
    }
}

/// Every expected field is there with its value. What a stack's service never offered is named in `absent`.
fn same(expected: &Json, found: &Json, path: &str, absent: &[&str]) {
    match (expected, found) {
        (Json::Object(expected), Json::Object(found)) => {
            for (name, value) in expected {
                if absent.contains(&name.as_str()) {
                    continue;
                }
                same(value, found.get(name).unwrap_or(&Json::Null), &format!("{path}/{name}"), absent);
            }
        }
        (Json::Array(expected), Json::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{path}");
            for (at, (e, f)) in expected.iter().zip(found).enumerate() {
                same(e, f, &format!("{path}[{at}]"), absent);
            }
        }
        (e, Json::Object(f)) if is_empty(e) => assert!(f.is_empty(), "{path}: {f:?} found"),
        (e, f) if is_empty(e) => assert!(is_empty(f), "{path}: nothing expected, {f} found"),
        (Json::String(e), Json::String(f)) if e.len() == 19 && e.as_bytes()[10] == b'T' => {
            assert_eq!(e[..], f[..19], "{path}");
        }
        (Json::Number(e), Json::String(f)) => assert_eq!(e.to_string(), *f, "{path}"),
        (e, f) => assert_eq!(e, f, "{path}"),
    }
}

struct Stack {
    dir: &'static str,
    capital: bool,
    absent: &'static [&'static str],
}

const STACKS: [Stack; 5] = [
    Stack { dir: "mono-asmx", capital: true, absent: &["customFields", "agents", "call"] },
    Stack { dir: "php-doclit", capital: false, absent: &[] },
    Stack { dir: "php-rpclit", capital: false, absent: &[] },
    Stack { dir: "axis-wrapped", capital: false, absent: &["customFields", "call"] },
    Stack { dir: "spyne-soap11", capital: false, absent: &[] },
];

#[test]
fn five_literal_stacks_decode_to_the_records_they_served() {
    let Some(root) = corpus("soap") else { return };
    let expected: Json = serde_json::from_slice(&std::fs::read(root.join("expected.json")).unwrap()).unwrap();
    for stack in &STACKS {
        let dir = root.join(stack.dir);
        let wsdl = describe(&dir.join("service.wsdl")).unwrap();
        let name = |op: &str| {
            if stack.capital { format!("{}{}", op[..1].to_uppercase(), &op[1..]) } else { op.to_owned() }
        };
        let inner = |answer: &Answer| {
            let body = answer.body.as_ref().unwrap().as_record().unwrap();
            plain(&body.fields.first().unwrap().1.to_json())
        };
        let mut compared = 0;
        for (op, list) in [("listAgents", "agents"), ("listQueues", "queues"), ("listContacts", "contacts")] {
            let answer = read(&dir, &wsdl, &name(op), &format!("{op}.response.http"));
            same(&expected[list], &inner(&answer), &format!("{}/{op}", stack.dir), stack.absent);
            compared += 1;
        }
        let tickets = expected["tickets"].as_array().unwrap();
        for (page, from, to) in [("p1", 0, 10), ("p3", 20, 23), ("p99", 0, 0)] {
            let answer =
                read(&dir, &wsdl, &name("listTickets"), &format!("listTickets.{page}.response.http"));
            let found = inner(&answer);
            let absent: Vec<&str> = stack.absent.iter().copied().chain(["messages", "call"]).collect();
            let empty = Json::Array(vec![]);
            let rows = found.get("tickets").filter(|t| !is_empty(t)).unwrap_or(&empty);
            same(&Json::from(&tickets[from..to]), rows, &format!("{}/{page}", stack.dir), &absent);
            assert_eq!(found["total"], 23);
            compared += 1;
        }
        for id in [1, 3, 4, 16, 21] {
            let answer = read(&dir, &wsdl, &name("getTicket"), &format!("getTicket.{id}.response.http"));
            same(&tickets[id - 1], &inner(&answer), &format!("{}/ticket {id}", stack.dir), stack.absent);
            compared += 1;
        }
        eprintln!("{}: {compared} answers compared, {} problems in the WSDL", stack.dir, wsdl.problems.len());
    }
}

#[test]
fn gsoap_attributes_and_repeated_elements_are_read() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("gsoap");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let answer = read(&dir, &wsdl, "listTickets", "listTickets.p3.response.http");
    let body = answer.body.unwrap();
    let rows = body.at("ticket").unwrap().items();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2].at("@id"), Some(&Value::Int(23)));
    assert_eq!(rows[1].at("category").unwrap().items().len(), 1);
    assert!(
        matches!(rows[1].at("category"), Some(Value::List(_))),
        "one value of a repeating element is a list"
    );
    assert!(answer.report.unknown.is_empty(), "{:?}", answer.report);
    let answer = read(&dir, &wsdl, "getTicket", "soap12.getTicket.4.response.http");
    assert_eq!(answer.version, soap::SoapVersion::V12);
}

#[test]
fn axis_renames_the_items_of_its_arrays_and_none_is_lost() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("axis-wrapped");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let answer = read(&dir, &wsdl, "listTickets", "listTickets.p1.response.http");
    assert_eq!(answer.report.renamed_items.get("listTicketsReturn/tickets/tickets"), Some(&10));
    assert!(answer.report.unknown.is_empty(), "{:?}", answer.report.unknown);
}

#[test]
fn a_derived_type_named_by_xsi_type_keeps_the_fields_it_adds() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("mono-asmx");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let answer = read(&dir, &wsdl, "GetTicket", "getTicket.1.response.http");
    let body = answer.body.unwrap();
    let ticket = body.at("GetTicketResult").unwrap();
    assert_eq!(ticket.as_record().unwrap().of.as_deref(), Some("VoiceTicket"));
    assert_eq!(ticket.at("Call/DurationSeconds"), Some(&Value::Int(30)));
    assert_eq!(ticket.at("Call/AgentId"), Some(&Value::Null));
    assert!(answer.report.unknown.is_empty(), "{:?}", answer.report);
}

#[test]
fn a_page_streamed_in_small_pieces_gives_the_same_items_one_by_one() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("mono-asmx");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let http = http(&dir.join("listTickets.p1.response.http"));
    let whole = read(&dir, &wsdl, "ListTickets", "listTickets.p1.response.http");
    let rows =
        whole.body.as_ref().unwrap().at("ListTicketsResult/Tickets/TicketSummary").unwrap().items().to_vec();
    for step in [1, 7, 1000] {
        let item = ["ListTicketsResult", "Tickets", "TicketSummary"].map(str::to_owned).to_vec();
        let mut reader = Reader::new(Expect { item, ..expect_for(&wsdl, "ListTickets") });
        let mut items = Vec::new();
        let mut most_waiting = 0;
        for piece in http.body.chunks(step) {
            reader.feed(piece).unwrap();
            let mut waiting = 0;
            while let Some(output) = reader.next_output() {
                waiting += 1;
                if let Output::Item { value, .. } = output {
                    items.push(value);
                }
            }
            most_waiting = most_waiting.max(waiting);
        }
        let answer = reader.finish().unwrap();
        assert!(items == rows, "in steps of {step}");
        assert_eq!(answer.items, 10);
        assert_eq!(answer.body.unwrap().at("ListTicketsResult/HasMore"), Some(&Value::Bool(true)));
        assert!(step > 100 || most_waiting <= 1);
    }
}

#[test]
fn attachment_bytes_are_handed_out_as_they_arrive() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("mono-asmx");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let http = http(&dir.join("getTicket.16.response.http"));
    let path = "GetTicketResult/Messages/Message/Attachments/Attachment/Content";
    let blobs = vec![path.split('/').map(str::to_owned).collect()];
    let mut reader = Reader::new(Expect { blobs, ..expect_for(&wsdl, "GetTicket") });
    let mut bytes: Vec<Vec<u8>> = vec![Vec::new(); 2];
    let mut largest = 0;
    for piece in http.body.chunks(4096) {
        reader.feed(piece).unwrap();
        while let Some(output) = reader.next_output() {
            if let Output::BlobBytes { id, bytes: more } = output {
                largest = largest.max(more.len());
                bytes[id.0 as usize].extend(more);
            }
        }
    }
    let answer = reader.finish().unwrap();
    assert_eq!(bytes[0], b"%PDF-1.4 fixture 5005\n");
    assert_eq!(bytes[1].len(), 204_800);
    assert!(largest <= 4096, "{largest}");
    let json = answer.body.unwrap().to_json();
    let files = &json["GetTicketResult"]["Messages"]["Message"][0]["Attachments"]["Attachment"];
    assert_eq!(files[1]["Content"]["bytes"], 204_800);
}

#[test]
fn faults_of_every_stack_are_errors_with_their_code() {
    let Some(root) = corpus("soap") else { return };
    let mut seen = 0;
    for dir in std::fs::read_dir(&root).unwrap().flatten().filter(|d| d.path().is_dir()) {
        for file in std::fs::read_dir(dir.path()).unwrap().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if !name.contains("fault") || !name.ends_with(".response.http") {
                continue;
            }
            let http = http(&file.path());
            // One service accepted a body in the wrong namespace, which is no fault.
            if http.status < 300 {
                continue;
            }
            let expect = Expect { charset: http.charset, ..Expect::default() };
            match soap::decode(&http.body, expect) {
                Err(SoapError::Fault(fault)) => {
                    assert!(!fault.code.local.is_empty(), "{name}");
                    seen += 1;
                }
                other => panic!("{:?}/{name}: {other:?}", dir.file_name()),
            }
        }
    }
    assert!(seen > 10, "{seen}");
}

fn hostile(name: &str, root: &Path) -> Result<(Answer, Vec<Output>), SoapError> {
    let http = http(&root.join("hostile").join(name));
    soap::decode(&http.body, Expect { charset: http.charset, ..Expect::default() })
}

#[test]
fn bad_answers_are_errors_that_name_what_is_wrong() {
    let Some(root) = corpus("soap") else { return };
    let error = |name: &str| hostile(name, &root).expect_err(name);
    let not_soap = |name: &str| match error(name) {
        SoapError::NotSoap { found } => found,
        other => panic!("{name}: {other}"),
    };
    assert_eq!(not_soap("401-basic.http"), NotSoap::Text);
    assert_eq!(not_soap("429.http"), NotSoap::Text);
    assert_eq!(not_soap("empty-200.http"), NotSoap::Empty);
    assert_eq!(not_soap("empty-500.http"), NotSoap::Empty);
    assert_eq!(not_soap("html-200-login-page.http"), NotSoap::Html);
    assert_eq!(not_soap("html-with-textxml-ct.http"), NotSoap::Html);
    assert_eq!(not_soap("json-error.http"), NotSoap::Json);
    assert_eq!(not_soap("redirect-307.http"), NotSoap::Empty);
    assert_eq!(not_soap("gzip-bomb.http"), NotSoap::Text);
    assert!(error("deep-nesting.http").to_string().contains("`depth` of 100"));
    let many = error("many-attributes.http").to_string();
    assert!(many.contains("`attributes` of 256"), "{many}");
    assert!(matches!(error("dtd-xxe.http"), SoapError::Doctype));
    for name in ["truncated-content-length.http", "chunked-truncated.http", "content-length-short.http"] {
        assert!(matches!(error(name), SoapError::Truncated { .. }), "{name}");
    }
    assert!(matches!(error("raw-ampersand.http"), SoapError::Xml { .. }));
    for name in std::fs::read_dir(root.join("hostile")).unwrap().flatten() {
        let _ = hostile(&name.file_name().to_string_lossy(), &root);
    }
}

#[test]
fn odd_but_whole_answers_are_read_and_their_oddities_counted() {
    let Some(root) = corpus("soap") else { return };
    let body = |name: &str| {
        let (answer, _) = hostile(name, &root).unwrap_or_else(|e| panic!("{name}: {e}"));
        let text = answer.body.as_ref().unwrap().at("ticket/body").unwrap().as_text().unwrap().into_owned();
        (text, answer.report)
    };
    for name in ["bom-utf8", "leading-newline-before-decl", "no-ct", "octet-stream-ct", "trailing-html"] {
        assert_eq!(body(&format!("{name}.http")).0, "hello", "{name}");
    }
    assert_eq!(body("trailing-html.http").1.trailing_bytes, 18);
    assert_eq!(body("double-escaped.http").0, "&lt;p&gt;x");
    assert_eq!(body("charset-header-overrides-decl.http").0, "æøå");
    assert_eq!(body("cp1252-declared.http").0, "“quotes” €");
    assert_eq!(body("utf16be-nobom.http").0, "x");
    let (text, report) = body("lone-surrogate-ref.http");
    assert_eq!((text.as_str(), report.mended.joined_surrogates), ("a😀b", 1));
    let (text, report) = body("control-chars-raw.http");
    assert!(text.contains('\u{FFFD}') && text.starts_with('a'));
    assert!(report.mended.illegal_characters > 0);
}

fn fault(name: &str, root: &Path) -> Fault {
    match hostile(name, root) {
        Err(SoapError::Fault(fault)) => *fault,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn faults_are_read_in_both_shapes_at_any_status() {
    let Some(root) = corpus("soap") else { return };
    let old = fault("fault11-400.http", &root);
    assert_eq!((old.code.local.as_str(), old.reason.as_str()), ("Client", "no"));
    assert_eq!(old.actor.as_deref(), Some("urn:a"));
    assert!(old.codes().contains(&"42".to_owned()), "{:?}", old.codes());
    let new = fault("fault12-500.http", &root);
    assert_eq!((new.code.local.as_str(), new.subcodes[0].local.as_str()), ("Sender", "Auth"));
    assert_eq!(new.reason, "no");
    assert_eq!(fault("fault11-unqualified-code-no-prefix.http", &root).code.local, "Client.Auth");
    assert_eq!(fault("version-mismatch.http", &root).code.local, "VersionMismatch");
}

#[test]
fn an_answer_cut_at_any_byte_is_never_taken_for_whole() {
    let Some(root) = corpus("soap") else { return };
    let dir = root.join("php-doclit");
    let wsdl = describe(&dir.join("service.wsdl")).unwrap();
    let first = http(&dir.join("listTickets.p1.response.http")).body;
    // Four pages in one make some 20 KB.
    let text = String::from_utf8(first).unwrap();
    let (head, rest) = text.split_once("<ns1:tickets>").unwrap();
    let (items, tail) = rest.rsplit_once("</ns1:tickets>").unwrap();
    let tail = tail.trim_end();
    let page = format!("{head}<ns1:tickets>{}</ns1:tickets>{tail}", items.repeat(4));
    let http = Http { status: 200, charset: None, body: page.into_bytes(), complete: true };
    assert!(http.body.len() > 18_000 && http.complete);
    let expect = expect_for(&wsdl, "listTickets");
    // Every byte of the first 2,000 and the last 600, and every 17th between: all of them take half a minute in a
    // debug build, which EVERY_BYTE=1 asks for.
    let all = std::env::var_os("EVERY_BYTE").is_some();
    let mut accepted = 0;
    for cut in 0..http.body.len() {
        let middle = cut > 2000 && cut < http.body.len() - 600;
        if middle && cut % 17 != 0 && !all {
            continue;
        }
        accepted += usize::from(soap::decode(&http.body[..cut], expect.clone()).is_ok());
    }
    assert_eq!(accepted, 0);
    assert!(soap::decode(&http.body, expect).is_ok());
}

fn files(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|e| e == "wsdl") {
            into.push(path);
        }
    }
}

#[test]
fn the_wsdl_corpus_is_read() {
    let Some(root) = corpus("wsdl") else { return };
    let mut all = Vec::new();
    files(&root, &mut all);
    files(&root.join("../soap"), &mut all);
    all.sort();
    let (mut read, mut operations, mut usable, mut problems) = (0, 0, 0, 0);
    let mut reasons = std::collections::BTreeMap::<String, usize>::new();
    for path in &all {
        match describe(path) {
            Ok(wsdl) => {
                read += 1;
                problems += wsdl.problems.len();
                for operation in
                    wsdl.ports().map(|(_, p)| p).chain(&wsdl.unattached).flat_map(|p| &p.operations)
                {
                    operations += 1;
                    match &operation.unusable {
                        None => usable += 1,
                        Some(why) => {
                            let kind: String = why.split('`').next().unwrap().chars().take(60).collect();
                            *reasons.entry(kind).or_default() += 1;
                        }
                    }
                }
            }
            Err(error) => {
                eprintln!("not read: {}: {error}", path.strip_prefix(&root).unwrap_or(path).display())
            }
        }
    }
    eprintln!(
        "{read} of {} WSDL files read; {usable} of {operations} operations usable; {problems} problems listed",
        all.len()
    );
    eprintln!("unusable: {reasons:#?}");
    assert!(read * 100 >= all.len() * 95, "{read} of {}", all.len());
}
