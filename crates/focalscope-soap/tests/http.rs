//! The client over HTTP: what goes on the wire, and what becomes of answers that are no SOAP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]
#![cfg(feature = "focalscope")]

use focalscope_soap::profile::{AuthKind, Pace};
use focalscope_soap::{Config, FocalScope, Profile};
use futures_util::StreamExt as _;
use mapping_core::model::Record;
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{Ask, ErrorKind, Item, Kind, Source as _};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A service whose files come inside the messages, and whose messages come inside the tickets.
const WSDL: &str = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
<import namespace="urn:t" location="http://internal.invalid:8080/part.wsdl"/>
<types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">
  <xs:element name="Tickets"><xs:complexType><xs:sequence><xs:element name="page" type="xs:int" minOccurs="0"/>
    <xs:element name="size" type="xs:int" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
  <xs:element name="TicketsResponse"><xs:complexType><xs:sequence>
    <xs:element name="ticket" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
      <xs:element name="id" type="xs:string"/><xs:element name="state" type="xs:string"/><xs:element name="via" type="xs:string"/>
      <xs:element name="made" type="xs:dateTime"/>
      <xs:element name="messages"><xs:complexType><xs:sequence>
        <xs:element name="message" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
          <xs:element name="id" type="xs:string"/><xs:element name="way" type="xs:string"/><xs:element name="sent" type="xs:dateTime"/>
          <xs:element name="text" type="xs:string"/>
          <xs:element name="file" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
            <xs:element name="bytes" type="xs:base64Binary"/><xs:element name="name" type="xs:string"/>
            <xs:element name="size" type="xs:int"/></xs:sequence><xs:attribute name="id" type="xs:string"/></xs:complexType></xs:element>
        </xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType></xs:element>
</xs:schema></types>
<message name="I"><part name="p" element="t:Tickets"/></message><message name="O"><part name="p" element="t:TicketsResponse"/></message>
<portType name="P"><operation name="Tickets"><input message="t:I"/><output message="t:O"/></operation></portType>
<service name="S"><port name="P" binding="t:B"><s:address location="http://internal.invalid:8080/desk/soap"/></port></service>
</definitions>"#;

const PART: &str = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:t="urn:t" targetNamespace="urn:t">
<binding name="B" type="t:P"><s:binding/><operation name="Tickets"><s:operation soapAction="urn:t#Tickets"/>
  <input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation></binding></definitions>"#;

const PROFILE: &str = r#"
[auth]
kind = "none"
header = "X-Key"
[pace]
pause_seconds = 0.0
attempts = 2
first_wait_seconds = 0.01
[values]
status = { open = "open" }
channel = { mail = "email" }
direction = { in = "in" }
[operations.list_tickets]
operation = "Tickets"
item = "ticket"
fields = { id = "id", status = "state", channel = "via", created_at = "made", messages = "messages/message" }
[operations.list_messages]
inline = true
fields = { id = "id", direction = "way", sent_at = "sent", body = "text", files = "file", file_id = "@id", file_name = "name", file_size = "size", file_data = "bytes" }
"#;

async fn service() -> MockServer {
    let server = MockServer::start().await;
    let xml = |text: &str| ResponseTemplate::new(200).set_body_raw(text.as_bytes().to_vec(), "text/xml");
    Mock::given(method("GET"))
        .and(path("/desk/soap"))
        .and(query_param("wsdl", ""))
        .respond_with(xml(WSDL))
        .mount(&server)
        .await;
    Mock::given(method("GET")).and(path("/part.wsdl")).respond_with(xml(PART)).mount(&server).await;
    server
}

async fn answers(server: &MockServer, template: ResponseTemplate) {
    Mock::given(method("POST")).and(path("/desk/soap")).respond_with(template).mount(server).await;
}

fn config(server: &MockServer) -> Config {
    let mut config = Config::new(format!("{}/desk/soap?wsdl=", server.uri()));
    config.http.retry.attempts = 2;
    config.http.retry.first_wait = std::time::Duration::from_millis(5);
    config
}

async fn connect(server: &MockServer) -> FocalScope {
    let reached = FocalScope::reach(config(server), Profile::parse(PROFILE).unwrap()).await.unwrap();
    reached.connect().unwrap()
}

async fn read(source: &FocalScope) -> Result<Vec<Item>, mapping_core::Error> {
    let files = MemoryBlobs::new();
    let ask = Ask { kind: Kind::of("ticket"), since: None, cursor: None, files: &files };
    source.records(ask).collect::<Vec<_>>().await.into_iter().collect()
}

fn tickets(inside: &str) -> ResponseTemplate {
    let text = format!(
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><TicketsResponse xmlns="urn:t">{inside}</TicketsResponse></e:Body></e:Envelope>"#
    );
    ResponseTemplate::new(200).set_body_raw(text.into_bytes(), "text/xml; charset=utf-8")
}

#[tokio::test]
async fn the_import_and_the_address_of_an_internal_host_are_found_on_the_host_that_serves_the_description() {
    let server = service().await;
    answers(&server, tickets("")).await;
    let source = connect(&server).await;
    assert_eq!(source.client().endpoint().to_string(), format!("{}/desk/soap", server.uri()));
    read(&source).await.unwrap();
}

#[tokio::test]
async fn soap_action_is_quoted_and_the_key_goes_into_its_header_and_nowhere_else() {
    let server = service().await;
    Mock::given(method("POST"))
        .and(header("SOAPAction", "\"urn:t#Tickets\""))
        .and(header("Content-Type", "text/xml; charset=utf-8"))
        .and(header("X-Key", "k-1"))
        .respond_with(tickets(""))
        .expect(1)
        .mount(&server)
        .await;
    let config = config(&server).with_auth(AuthKind::ApiKeyHeader).with_api_key("k-1".to_owned());
    assert!(!format!("{config:?}").contains("k-1"));
    let source =
        FocalScope::reach(config, Profile::parse(PROFILE).unwrap()).await.unwrap().connect().unwrap();
    read(&source).await.unwrap();
    let asked: Vec<Request> = server.received_requests().await.unwrap();
    assert!(asked.iter().all(|r| !String::from_utf8_lossy(&r.body).contains("k-1")));
}

#[tokio::test]
async fn messages_and_files_inside_a_ticket_are_read_with_it() {
    let server = service().await;
    let message = "<message><id>m</id><way>in</way><sent>2024-01-05T08:04:00Z</sent><text>hi</text>\
        <file id='f1'><bytes>JVBE\nRg==</bytes><name>a.pdf</name><size>4</size></file>\
        <file id='f2'><bytes>JVBERg==</bytes><name>b.pdf</name><size>5</size></file>\
        <file id='f3'><bytes>not*base64</bytes><name>c.pdf</name><size>5</size></file></message>";
    let ticket = format!(
        "<ticket><id>1</id><state>open</state><via>mail</via><made>2024-01-05T08:04:00Z</made><messages>{message}</messages></ticket>"
    );
    answers(&server, tickets(&ticket)).await;
    let items = read(&connect(&server).await).await.unwrap();
    let files: Vec<_> = items
        .iter()
        .filter_map(|i| match i {
            Item::Record(r) => match &**r {
                Record::Attachment(a) => Some(a),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(files.len(), 2);
    let blob = files[0].blob.as_ref().unwrap();
    assert_eq!((blob.len, blob.name.as_str(), files[0].name.as_str()), (4, "a.pdf", "a.pdf"));
    let notes: Vec<String> =
        items.iter().filter_map(|i| if let Item::Note(n) = i { Some(n.clone()) } else { None }).collect();
    assert!(notes.iter().any(|n| n.contains("attachment f2: 5 bytes declared, 4 came")), "{notes:?}");
    assert!(items.iter().any(|i| matches!(i, Item::Bad { record, .. } if record.id == "f3")));
}

#[tokio::test]
async fn a_server_that_offers_only_windows_authentication_is_named_with_what_to_do() {
    let server = service().await;
    let refusal = ResponseTemplate::new(401)
        .append_header("WWW-Authenticate", "Negotiate")
        .append_header("WWW-Authenticate", "NTLM");
    answers(&server, refusal).await;
    let error = read(&connect(&server).await).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    assert!(error.to_string().contains("NTLM") && error.to_string().contains("Basic"), "{error}");
}

#[tokio::test]
async fn a_fault_with_status_200_is_an_error_with_its_code() {
    let server = service().await;
    let fault = "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Server</faultcode>\
        <faultstring>no</faultstring><detail><code>DB-7</code></detail></e:Fault></e:Body></e:Envelope>";
    answers(&server, ResponseTemplate::new(200).set_body_raw(fault.as_bytes().to_vec(), "text/xml")).await;
    let error = read(&connect(&server).await).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("Server")));
    assert_eq!(error.operation(), Some("list_tickets"));
}

#[tokio::test]
async fn multipart_and_login_pages_are_named_and_the_wrong_version_is_guessed() {
    let cases = [
        (
            ResponseTemplate::new(200).set_body_raw("--b\r\n\r\n", "multipart/related; boundary=b"),
            "multipart",
        ),
        (ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><html><form/></html>", "text/html"), "HTML"),
        (ResponseTemplate::new(415), "version of SOAP"),
        (ResponseTemplate::new(200).set_body_raw("{\"error\":1}", "application/json"), "JSON"),
    ];
    for (template, wanted) in cases {
        let server = service().await;
        answers(&server, template).await;
        let error = read(&connect(&server).await).await.unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
}

#[tokio::test]
async fn a_login_page_in_the_place_of_the_wsdl_is_named() {
    let server = MockServer::start().await;
    let page =
        ResponseTemplate::new(200).set_body_raw("<!DOCTYPE html><html><body><br></body></html>", "text/html");
    Mock::given(method("GET")).respond_with(page).mount(&server).await;
    let error = FocalScope::reach(config(&server), Profile::parse(PROFILE).unwrap()).await.err().unwrap();
    assert!(error.to_string().contains("login page"), "{error}");
}

#[tokio::test]
async fn a_record_that_comes_again_is_taken_once_and_said() {
    let server = service().await;
    let ticket = "<ticket><id>1</id><state>open</state><via>mail</via><made>2024-01-05T08:04:00Z</made><messages/></ticket>";
    answers(&server, tickets(&ticket.repeat(3))).await;
    let items = read(&connect(&server).await).await.unwrap();
    let came = items.iter().filter(|i| matches!(i, Item::Record(_))).count();
    assert_eq!(came, 1, "one id is one record");
    assert!(items.iter().any(|i| matches!(i, Item::Note(n) if n.contains("twice"))));
}

#[tokio::test]
async fn a_page_that_comes_again_stops_the_list() {
    let server = service().await;
    let ticket = "<ticket><id>1</id><state>open</state><via>mail</via><made>2024-01-05T08:04:00Z</made><messages/></ticket>";
    answers(&server, tickets(ticket)).await;
    let text = PROFILE.replace("[pace]", "[pace]\npage_size = 1").replace(
        "item = \"ticket\"",
        "item = \"ticket\"\npage = { by = \"page\", page = \"page\", size = \"size\" }",
    );
    let profile = Profile::parse(&text).unwrap();
    let source = FocalScope::reach(config(&server), profile).await.unwrap().connect().unwrap();
    let error = read(&source).await.unwrap_err();
    assert!(error.to_string().contains("came before"), "{error}");
    assert!(server.received_requests().await.unwrap().len() < 10);
}

#[test]
fn the_pace_backs_off_within_a_bound() {
    let pace = Pace::default();
    assert!(pace.wait(3) > pace.wait(2));
    assert!(pace.wait(50) <= std::time::Duration::from_secs(60));
}
