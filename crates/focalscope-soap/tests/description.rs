//! Service descriptions that are broken, circular or hostile.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

use focalscope_soap::soap::{Bound, SoapError};
use focalscope_soap::wsdl::{
    self, Builtin, FileLoader, Loader as _, MemoryLoader, QName, Shape, SoapVersion, Wsdl, WsdlLimits,
};
use url::Url;

fn load(documents: &[(&str, &str)]) -> Result<Wsdl, SoapError> {
    let mut loader = MemoryLoader::new();
    for (name, text) in documents {
        loader = loader.with(format!("http://desk.example/{name}"), *text);
    }
    let root = format!("http://desk.example/{}", documents[0].0).parse().unwrap();
    wsdl::load(&root, &loader, WsdlLimits::default())
}

fn schema(inside: &str) -> Result<Wsdl, SoapError> {
    let text = format!(
        r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t" elementFormDefault="qualified">{inside}</xs:schema>"#
    );
    load(&[("a.xsd", &text)])
}

fn bound(result: Result<Wsdl, SoapError>) -> Bound {
    match result {
        Err(SoapError::TooLarge { bound, .. }) => bound,
        other => panic!("{other:?}"),
    }
}

#[test]
fn groups_that_multiply_meet_a_bound_even_when_they_are_empty() {
    let mut text = String::new();
    for level in 0..30 {
        let inner = format!("<xs:group ref=\"t:g{}\"/>", level + 1).repeat(10);
        text += &format!("<xs:group name=\"g{level}\"><xs:sequence>{inner}</xs:sequence></xs:group>");
    }
    text += "<xs:group name=\"g30\"><xs:sequence/></xs:group>";
    text += "<xs:complexType name=\"T\"><xs:sequence><xs:group ref=\"t:g0\"/></xs:sequence></xs:complexType>";
    assert_eq!(bound(schema(&text)), Bound::Components);
    let inner = "<xs:attributeGroup ref=\"t:a\"/>".repeat(10);
    let text = format!(
        "<xs:attributeGroup name=\"a\">{inner}</xs:attributeGroup><xs:complexType name=\"T\"><xs:attributeGroup ref=\"t:a\"/></xs:complexType>"
    );
    assert_eq!(bound(schema(&text)), Bound::Components);
}

#[test]
fn imports_that_lead_nowhere_count_as_documents() {
    struct Counting(std::cell::Cell<usize>, MemoryLoader);
    impl wsdl::Loader for Counting {
        fn load(&self, url: &Url) -> Result<Vec<u8>, SoapError> {
            self.0.set(self.0.get() + 1);
            self.1.load(url)
        }
    }
    let imports: String = (0..5_000)
        .map(|n| format!("<xs:import namespace=\"urn:{n}\" schemaLocation=\"{n}.xsd\"/>"))
        .collect();
    let text = format!("<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\">{imports}</xs:schema>");
    let held = MemoryLoader::new().with("http://desk.example/a.xsd", text);
    let loader = Counting(std::cell::Cell::new(0), held);
    let root = "http://desk.example/a.xsd".parse().unwrap();
    assert_eq!(bound(wsdl::load(&root, &loader, WsdlLimits::default())), Bound::Documents);
    assert!(loader.0.get() <= 300, "{} documents were asked for", loader.0.get());
}

#[test]
fn a_type_with_too_many_fields_meets_a_bound() {
    let fields: String = (0..10_001).map(|n| format!("<xs:element name=\"f{n}\"/>")).collect();
    let text = format!("<xs:complexType name=\"T\"><xs:sequence>{fields}</xs:sequence></xs:complexType>");
    assert_eq!(bound(schema(&text)), Bound::Fields);
}

#[test]
fn types_that_derive_from_themselves_and_elements_that_hold_themselves_are_read() {
    let text = r#"
      <xs:complexType name="A"><xs:complexContent><xs:extension base="t:B"><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:complexType name="B"><xs:complexContent><xs:extension base="t:A"><xs:sequence><xs:element name="b" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
      <xs:element name="node"><xs:complexType><xs:sequence><xs:element ref="t:node" minOccurs="0"/></xs:sequence></xs:complexType></xs:element>
      <xs:simpleType name="s"><xs:restriction base="t:s"/></xs:simpleType>"#;
    let service = schema(text).unwrap();
    assert!(
        service.problems.iter().any(|p| p.what.contains("derives from itself")),
        "{:?}",
        service.problems
    );
    let node = service.catalog.element(&QName::new("urn:t", "node")).unwrap();
    assert!(service.catalog.walk(node.of, "node/node/node/node").is_ok());
}

#[test]
fn a_long_chain_of_references_is_no_recursion() {
    let elements: String = (0..20_000)
        .map(|n| format!("<xs:element name=\"e{n}\"><xs:complexType><xs:sequence><xs:element ref=\"t:e{}\" minOccurs=\"0\"/></xs:sequence></xs:complexType></xs:element>", n + 1))
        .collect();
    let service = schema(&elements).unwrap();
    assert_eq!(service.problems.len(), 1, "the last one refers to nothing");
}

#[test]
fn entities_are_not_expanded_and_nothing_is_fetched_for_a_document_type() {
    let text = r#"<!DOCTYPE xs:schema PUBLIC "-//W3C//DTD" "http://elsewhere.example/XMLSchema.dtd" [
        <!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>
      <xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="&b;&f;"><xs:element name="x" type="xs:int"/></xs:schema>"#;
    let service = load(&[("a.xsd", text)]).unwrap();
    assert!(service.catalog.element(&QName::new("&b;&f;", "x")).is_some());
    assert_eq!(service.documents.len(), 1);
}

#[test]
fn imports_in_a_circle_and_chameleons_are_loaded_once() {
    let head = r#"xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t""#;
    let a = format!(
        r#"<xs:schema {head} targetNamespace="urn:t"><xs:include schemaLocation="b.xsd"/><xs:import namespace="urn:u" schemaLocation="c.xsd"/><xs:element name="x" type="t:FromB"/></xs:schema>"#
    );
    let b = format!(
        r#"<xs:schema {head}><xs:include schemaLocation="a.xsd"/><xs:complexType name="FromB"><xs:sequence><xs:element name="y" type="Mine"/></xs:sequence></xs:complexType><xs:simpleType name="Mine"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>"#
    );
    let c = format!(
        r#"<xs:schema {head} targetNamespace="urn:u"><xs:import namespace="urn:t" schemaLocation="a.xsd"/><xs:import namespace="urn:gone" schemaLocation="gone.xsd"/></xs:schema>"#
    );
    let service = load(&[("a.xsd", &a), ("b.xsd", &b), ("c.xsd", &c)]).unwrap();
    let x = service.catalog.element(&QName::new("urn:t", "x")).unwrap();
    let y = service.catalog.walk(x.of, "y").unwrap();
    assert!(matches!(&service.catalog.get(y.of).shape, Shape::Simple(s) if s.builtin == Builtin::Integer));
    assert_eq!(service.documents.len(), 3);
    let gone: Vec<_> = service.problems.iter().filter(|p| p.place.ends_with("gone.xsd")).collect();
    assert_eq!(gone.len(), 1, "{:?}", service.problems);
}

#[test]
fn what_is_no_wsdl_1_1_is_refused_by_name() {
    let two = load(&[("a.wsdl", "<description xmlns='http://www.w3.org/ns/wsdl'/>")]).unwrap_err();
    assert!(two.to_string().contains("WSDL 2.0"), "{two}");
    let html = load(&[("a.wsdl", "<html><body/></html>")]).unwrap_err();
    assert!(html.to_string().contains("`html`"), "{html}");
    assert!(load(&[("a.wsdl", "")]).is_err());
    assert!(load(&[("a.wsdl", "not xml")]).is_err());
}

#[test]
fn ports_of_both_versions_are_offered_and_http_bindings_are_not() {
    let text = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
      xmlns:s12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:h="http://schemas.xmlsoap.org/wsdl/http/" xmlns:t="urn:t" targetNamespace="urn:t">
      <message name="M"/><portType name="P"><operation name="Do"><input message="t:M"/></operation></portType>
      <binding name="H" type="t:P"><h:binding verb="GET"/><operation name="Do"/></binding>
      <binding name="B12" type="t:P"><s12:binding/><operation name="Do"><s12:operation soapAction="urn:do"/></operation></binding>
      <binding name="B11" type="t:P"><s:binding/><operation name="Do"><s:operation soapAction="urn:do"/></operation></binding>
      <binding name="Enc" type="t:P"><s:binding style="rpc"/><operation name="Do"><input><s:body use="encoded"/></input></operation></binding>
      <service name="S"><port name="PH" binding="t:H"/><port name="P12" binding="t:B12"/><port name="P11" binding="t:B11"/>
        <port name="PE" binding="t:Enc"/><port name="Lost" binding="t:Nowhere"/></service></definitions>"#;
    let service = load(&[("a.wsdl", text)]).unwrap();
    assert_eq!(service.ports().count(), 3);
    assert_eq!(service.port(None, None, None).unwrap().name, "P11");
    assert_eq!(service.port(None, None, Some(SoapVersion::V12)).unwrap().name, "P12");
    let encoded = service.port(None, Some("PE"), None).unwrap().operation("Do").unwrap();
    assert!(encoded.unusable.as_ref().unwrap().contains("SOAP-encoded"));
    assert!(service.problems.iter().any(|p| p.place == "Lost"), "{:?}", service.problems);
    assert!(service.port(None, None, None).unwrap().operation("Do").unwrap().one_way);
}

#[test]
fn the_file_loader_does_not_leave_its_directory() {
    let dir = std::env::temp_dir().join(format!("focalscope-soap-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("in")).unwrap();
    std::fs::write(dir.join("in/a.wsdl"), "<a/>").unwrap();
    std::fs::write(dir.join("b.wsdl"), "<a/>").unwrap();
    let loader = FileLoader::new(dir.join("in"));
    let at = |name: &str| Url::from_file_path(dir.join("in")).unwrap().join(&format!("in/{name}")).unwrap();
    assert!(loader.load(&at("a.wsdl")).is_ok());
    assert!(loader.load(&at("../b.wsdl")).is_err());
    assert!(loader.load(&"https://desk.example/x.wsdl".parse().unwrap()).is_err());
    std::fs::remove_dir_all(&dir).unwrap();
}
