//! What the reader and the writer do with each oddity that real servers send, without any server.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

use focalscope_soap::soap::{
    self, Answer, Bound, Envelope, Expect, HeaderBlock, Limits, Output, Reader, SoapError, SoapVersion, Value,
};
use focalscope_soap::wsdl::{self, MemoryLoader, QName, Wsdl, WsdlLimits};
use proptest::prelude::*;

const SCHEMA: &str = r#"
  <xs:element name="Get"><xs:complexType><xs:sequence>
    <xs:element name="first" type="xs:int"/>
    <xs:element name="second" type="xs:string" minOccurs="0"/>
    <xs:element name="third" type="xs:dateTime" nillable="true"/>
    <xs:element name="plain" type="xs:boolean" minOccurs="0" form="unqualified"/>
    <xs:element name="words" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="word" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence><xs:attribute name="mode" type="xs:string"/></xs:complexType></xs:element>
  <xs:element name="GetResponse"><xs:complexType><xs:sequence>
    <xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded" nillable="true"/>
    <xs:element name="total" type="xs:int" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Item"><xs:sequence>
    <xs:element name="id" type="xs:int"/>
    <xs:element name="body" type="xs:string" minOccurs="0"/>
    <xs:element name="on" type="xs:boolean" minOccurs="0" nillable="true"/>
    <xs:element name="at" type="xs:dateTime" minOccurs="0" nillable="true"/>
    <xs:element name="data" type="xs:base64Binary" minOccurs="0"/>
    <xs:element name="tags" type="t:Tags" minOccurs="0"/>
    <xs:element ref="t:head" minOccurs="0"/>
    <xs:choice minOccurs="0" maxOccurs="unbounded"><xs:element name="a" type="xs:int"/><xs:element name="b" type="xs:int"/></xs:choice>
    <xs:group ref="t:more" minOccurs="0"/>
  </xs:sequence><xs:attribute name="version" type="xs:int"/></xs:complexType>
  <xs:group name="more"><xs:sequence><xs:element name="price" minOccurs="0"><xs:complexType><xs:simpleContent>
    <xs:extension base="xs:decimal"><xs:attribute name="currency" type="xs:string"/></xs:extension>
  </xs:simpleContent></xs:complexType></xs:element></xs:sequence></xs:group>
  <xs:complexType name="Tags"><xs:sequence><xs:element name="tag" type="xs:string" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>
  <xs:complexType name="Call"><xs:complexContent><xs:extension base="t:Item"><xs:sequence>
    <xs:element name="seconds" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:element name="head" type="xs:string" abstract="true"/>
  <xs:element name="hat" type="xs:string" substitutionGroup="t:head"/>"#;

fn service() -> Wsdl {
    let text = format!(
        r#"<!DOCTYPE definitions [<!ENTITY x "y">]>
        <definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"
          xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t">
        <types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">
          <xs:import namespace="http://schemas.xmlsoap.org/soap/encoding/"/>{SCHEMA}</xs:schema></types>
        <message name="I"><part name="p" element="t:Get"/></message><message name="O"><part name="p" element="t:GetResponse"/></message>
        <message name="Broken"><part name="p" element="t:Nowhere"/></message>
        <portType name="P"><operation name="Get"><input message="t:I"/><output message="t:O"/></operation>
          <operation name="Bad"><input message="t:Broken"/><output message="t:O"/></operation></portType>
        <binding name="B" type="t:P"><s:binding/><operation name="Get"><s:operation soapAction="urn:t#Get"/>
          <input><s:body use="literal"/></input><output><s:body use="literal"/></output></operation>
          <operation name="Bad"><input><s:body use="literal"/></input></operation></binding>
        <service name="S"><port name="P" binding="t:B"><s:address location="http://internal/x"/></port></service></definitions>"#
    );
    wsdl::load(
        &"mem:/t.wsdl".parse().unwrap(),
        &MemoryLoader::new().with("mem:/t.wsdl", text),
        WsdlLimits::default(),
    )
    .unwrap()
}

fn expect() -> Expect {
    let service = service();
    let operation = service.port(None, None, None).unwrap().operation("Get").unwrap().clone();
    Expect { catalog: service.catalog.clone(), payload: operation.output, ..Expect::default() }
}

fn envelope(inside: &str) -> String {
    format!(
        r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><GetResponse xmlns="urn:t" xmlns:q="urn:t">{inside}</GetResponse></s:Body></s:Envelope>"#
    )
}

fn read(inside: &str) -> Answer {
    soap::decode(envelope(inside).as_bytes(), expect()).unwrap().0
}

fn first(inside: &str) -> (Value, soap::Report) {
    let answer = read(&format!("<item>{inside}</item>"));
    (answer.body.unwrap().at("item").unwrap().items()[0].clone(), answer.report)
}

#[test]
fn a_broken_operation_is_unusable_and_the_others_are_not() {
    let service = service();
    let port = service.port(None, None, None).unwrap();
    assert_eq!(port.operation("Get").unwrap().unusable, None);
    let why = port.operation("Bad").unwrap().unusable.clone().unwrap();
    assert!(why.contains("Nowhere"), "{why}");
    assert!(service.problems.is_empty(), "{:?}", service.problems);
}

#[test]
fn every_spelling_of_null_is_null_and_absent_is_absent_and_empty_text_is_text() {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
    let (item, _) = first(&format!(
        "<id/><body/><on {xsi} xsi:nil='1'/><at xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true' i:type='x'/>"
    ));
    assert_eq!(item.at("id"), Some(&Value::Null));
    assert_eq!(item.at("body"), Some(&Value::text("")));
    assert_eq!(item.at("on"), Some(&Value::Null));
    assert_eq!(item.at("at"), Some(&Value::Null));
    assert_eq!(item.at("data"), None);
    let answer = read(&format!("<item {xsi} xsi:nil='true'/>"));
    assert_eq!(answer.body.unwrap().at("item"), Some(&Value::List(vec![Value::Null])));
}

#[test]
fn a_usual_prefix_that_was_never_declared_means_what_it_usually_does() {
    let (item, report) = first("<on xsi:nil='true'/>");
    assert_eq!(item.at("on"), Some(&Value::Null));
    assert_eq!(report.mended.undeclared_prefixes, 1);
}

#[test]
fn values_have_the_type_of_the_schema_and_others_are_kept_as_text_and_counted() {
    let (item, report) = first("<id>42</id><on>1</on><at>2024-01-05T08:04:00</at><data> JVBE\nRg </data>");
    assert_eq!(item.at("id"), Some(&Value::Int(42)));
    assert_eq!(item.at("on"), Some(&Value::Bool(true)));
    assert_eq!(item.at("at"), Some(&Value::DateTime("2024-01-05T08:04:00".into())));
    assert_eq!(item.at("data"), Some(&Value::Bytes(b"%PDF".to_vec())));
    assert!(report.is_clean(), "{report:?}");
    let (item, report) = first("<id>007</id><on>perhaps</on>");
    assert_eq!(item.at("id"), Some(&Value::text("007")));
    assert_eq!(item.at("on"), Some(&Value::text("perhaps")));
    assert_eq!(report.mistyped.get("item/on"), Some(&1));
}

#[test]
fn one_value_of_a_repeating_element_is_a_list_and_an_empty_one_keeps_its_place() {
    let (item, _) = first("<tags><tag>a</tag><tag/><tag>c</tag></tags>");
    let tags = ["a", "", "c"].map(Value::from).to_vec();
    assert_eq!(item.at("tags/tag"), Some(&Value::List(tags)));
    let (item, report) = first("<a>1</a><b>2</b><a>3</a>");
    assert_eq!(item.at("a"), Some(&Value::List(vec![Value::Int(1), Value::Int(3)])));
    assert_eq!(item.at("b"), Some(&Value::List(vec![Value::Int(2)])));
    assert!(report.is_clean());
    let (item, report) = first("<body>x</body><body>y</body>");
    assert_eq!(item.at("body").unwrap().items().len(), 2);
    assert_eq!(report.repeated.get("item/body"), Some(&1));
}

#[test]
fn what_the_schema_does_not_know_is_kept_and_counted_by_path() {
    let (item, report) = first("<mood deep='x'>new<sub>1</sub></mood><id>1</id>stray");
    let record = item.as_record().unwrap();
    assert_eq!(record.extra.len(), 2);
    assert_eq!(item.at("mood/sub"), Some(&Value::text("1")));
    assert_eq!(item.at("mood/@deep"), Some(&Value::text("x")));
    assert_eq!(report.unknown.get("item/mood"), Some(&1));
    assert_eq!(report.unknown.get("item/#text"), Some(&1));
}

#[test]
fn another_namespace_is_read_and_counted() {
    let (item, report) = first("<z:id xmlns:z='urn:z'>5</z:id><body xmlns=''>b</body>");
    assert_eq!(item.at("id"), Some(&Value::Int(5)));
    assert_eq!(item.at("body"), Some(&Value::text("b")));
    assert_eq!(report.namespace_mismatches.len(), 2);
}

#[test]
fn derived_types_substitutes_groups_and_simple_content_are_read() {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'";
    let answer =
        read(&format!("<item {xsi} xsi:type='q:Call' version='3'><id>1</id><seconds>30</seconds></item>"));
    let body = answer.body.unwrap();
    let item = &body.at("item").unwrap().items()[0];
    assert_eq!(item.as_record().unwrap().of.as_deref(), Some("Call"));
    assert_eq!((item.at("seconds"), item.at("@version")), (Some(&Value::Int(30)), Some(&Value::Int(3))));
    assert!(answer.report.is_clean(), "{:?}", answer.report);
    let answer = read(&format!("<item {xsi} xsi:type='Unheard'><id>1</id></item>"));
    assert_eq!(answer.report.unknown_types.get("item: Unheard"), Some(&1));
    let (item, report) = first("<hat>h</hat><price currency='DKK'>1.50</price>");
    assert_eq!(item.at("head"), Some(&Value::text("h")));
    assert_eq!(item.at("price/#text"), Some(&Value::Number("1.50".into())));
    assert_eq!(item.at("price/@currency"), Some(&Value::text("DKK")));
    assert!(report.is_clean(), "{report:?}");
}

#[test]
fn text_is_put_together_from_cdata_comments_and_references() {
    let (item, report) = first(
        "<body>a<!-- no -->b<![CDATA[<c>]]]]><![CDATA[>]]>&#100;<?pi x?>&#xD83D;&#xDE00;e&#xD800;</body>",
    );
    assert_eq!(item.at("body"), Some(&Value::text("ab<c>]]>d😀e\u{FFFD}")));
    assert_eq!((report.mended.joined_surrogates, report.mended.lone_surrogates), (1, 1));
    let (item, report) = first("<body>a&#x1B;b\u{2}c</body>");
    assert_eq!(item.at("body"), Some(&Value::text("a\u{FFFD}b\u{FFFD}c")));
    assert_eq!(report.mended.illegal_characters, 2);
}

#[test]
fn markup_inside_an_element_of_text_is_kept_as_text() {
    let (item, report) = first("<body>1 &lt; 2 <p class='x'>hi &amp; <b>you</b><br/></p></body>");
    let wanted = r#"1 &lt; 2 <p class="x">hi &amp; <b>you</b><br></br></p>"#;
    assert_eq!(item.at("body"), Some(&Value::text(wanted)));
    assert!(report.markup_in_text.values().sum::<u64>() > 0);
}

#[test]
fn a_wrong_body_and_a_wrong_root_are_errors() {
    let other = envelope("").replace("GetResponse", "OtherResponse");
    let error = soap::decode(other.as_bytes(), expect()).unwrap_err();
    assert!(matches!(error, SoapError::UnexpectedBody { .. }), "{error}");
    let error = soap::decode(b"<a><b/></a>", expect()).unwrap_err();
    assert!(matches!(error, SoapError::NotSoap { .. }), "{error}");
    let error = soap::decode(b"<s:Envelope xmlns:s='urn:other'/>", expect()).unwrap_err();
    assert!(matches!(error, SoapError::NotSoap { .. }), "{error}");
}

#[test]
fn blobs_are_checked_while_they_are_handed_out() {
    let blobs = vec![vec!["item".to_owned(), "data".to_owned()]];
    let flaw = |text: &str| {
        let expect = Expect { blobs: blobs.clone(), ..expect() };
        let (answer, out) =
            soap::decode(envelope(&format!("<item><data>{text}</data></item>")).as_bytes(), expect).unwrap();
        let bytes: Vec<u8> = out
            .into_iter()
            .flat_map(|o| if let Output::BlobBytes { bytes, .. } = o { bytes } else { Vec::new() })
            .collect();
        let body = answer.body.unwrap();
        let Some(Value::Blob { size, flaw, .. }) = body.at("item").unwrap().items()[0].at("data").cloned()
        else {
            panic!("not a blob")
        };
        assert!(flaw.is_some() || size == bytes.len() as u64);
        (bytes, flaw.is_some())
    };
    assert_eq!(flaw("JVBE\n  Rg"), (b"%PDF".to_vec(), false));
    assert_eq!(flaw("JVBERg=="), (b"%PDF".to_vec(), false));
    assert_eq!(flaw(""), (Vec::new(), false));
    assert!(flaw("JVBE*Rg=").1);
    assert!(flaw("JVB=ERg=").1);
}

#[test]
fn each_bound_is_named_in_its_error() {
    let bound = |limits: Limits, inside: &str| {
        let error = soap::decode(envelope(inside).as_bytes(), Expect { limits, ..expect() }).unwrap_err();
        match error {
            SoapError::TooLarge { bound, .. } => {
                assert!(error.to_string().contains(&format!("`{bound}`")), "{error}");
                bound
            }
            other => panic!("{other}"),
        }
    };
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        limits
    };
    let long = "x".repeat(500);
    let item = format!("<item><body>{long}</body></item>");
    assert_eq!(bound(with(|l| l.bytes = 300), &item), Bound::Bytes);
    assert_eq!(bound(with(|l| l.text = 400), &item), Bound::Text);
    assert_eq!(bound(with(|l| l.item_text = 400), &item), Bound::ItemText);
    assert_eq!(bound(with(|l| l.elements = 3), &item), Bound::Elements);
    assert_eq!(bound(with(|l| l.depth = 4), &item), Bound::Depth);
    assert_eq!(bound(with(|l| l.tag_length = 50), &item), Bound::TagLength);
    assert_eq!(bound(with(|l| l.attributes = 1), "<item a='1' b='2'/>"), Bound::Attributes);
    assert_eq!(bound(with(|l| l.namespaces = 2), "<item/>"), Bound::Namespaces);
    let blobs = vec![vec!["item".to_owned(), "data".to_owned()]];
    let limits = with(|l| l.blob = 10);
    let text = envelope(&format!("<item><data>{}</data></item>", "QUJD".repeat(100)));
    let error = soap::decode(text.as_bytes(), Expect { limits, blobs, ..expect() }).unwrap_err();
    assert!(matches!(error, SoapError::TooLarge { bound: Bound::Blob, .. }), "{error}");
}

#[test]
fn debug_shows_neither_text_nor_bytes() {
    let (item, _) = first("<body>secret words</body><data>c2VjcmV0</data>");
    let shown = format!("{item:?}");
    assert!(!shown.contains("secret") && !shown.contains("c2Vj"), "{shown}");
    let fault = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><s:Fault>\
        <faultcode>s:Server</faultcode><faultstring>no ticket \"My secret\" of ada@example.org at https://host/x\n at stack</faultstring>\
        </s:Fault></s:Body></s:Envelope>";
    let error = soap::decode(fault.as_bytes(), expect()).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("no ticket") && !shown.contains("secret"), "{shown}");
    assert!(!shown.contains("ada@") && !shown.contains("host") && !shown.contains("stack"), "{shown}");
}

fn write(parameters: Value) -> Result<String, SoapError> {
    let service = service();
    let operation = service.port(None, None, None).unwrap().operation("Get").unwrap().clone();
    Envelope::new(SoapVersion::V11).write(&service.catalog, operation.input.as_ref(), &parameters)
}

#[test]
fn parameters_are_written_in_schema_order_and_qualified_as_the_schema_says() {
    let words = Value::record([("word", Value::List(vec!["a<b".into(), "".into()]))]);
    let text = write(Value::record([
        ("words", words),
        ("plain", true.into()),
        ("second", "x & y".into()),
        ("first", 1.into()),
        ("@mode", "fast\"".into()),
    ]))
    .unwrap();
    let body = text.split_once("<soap:Body>").unwrap().1;
    assert_eq!(
        body,
        "<n0:Get xmlns:n0=\"urn:t\" mode=\"fast&quot;\"><n0:first>1</n0:first><n0:second>x &amp; y</n0:second>\
         <n0:third xsi:nil=\"true\"/><plain>true</plain><n0:words><n0:word>a&lt;b</n0:word><n0:word></n0:word></n0:words>\
         </n0:Get></soap:Body></soap:Envelope>"
    );
}

#[test]
fn parameters_that_do_not_fit_are_refused_by_name() {
    let error =
        write(Value::record([("first", Value::from(1)), ("secund", "x".into())])).unwrap_err().to_string();
    assert!(error.contains("`secund`") && error.contains("second"), "{error}");
    let error = write(Value::record([("second", Value::from("x"))])).unwrap_err().to_string();
    assert!(error.contains("`first` is required"), "{error}");
    let error = write(Value::record([("first", Value::from("one"))])).unwrap_err().to_string();
    assert!(error.contains("whole number"), "{error}");
    let error = write(Value::record([("first", Value::from(1)), ("second", "\u{1}".into())]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("can't carry"), "{error}");
}

#[test]
fn header_blocks_are_written_before_the_body() {
    let block = HeaderBlock {
        must_understand: true,
        ..HeaderBlock::new(QName::new("urn:t", "Auth"), Value::record([("Key", Value::from("k<"))]))
    };
    let text = Envelope::new(SoapVersion::V12)
        .header(block)
        .write_untyped(&HeaderBlock::new(QName::new("urn:t", "Get"), Value::Null))
        .unwrap();
    assert!(text.contains(
        "<soap:Header><h:Auth xmlns:h=\"urn:t\" soap:mustUnderstand=\"1\"><h:Key>k&lt;</h:Key></h:Auth></soap:Header>"
    ));
    assert!(text.contains("http://www.w3.org/2003/05/soap-envelope"));
}

/// A page that has a bit of everything.
fn sample() -> String {
    let one = "<item version='2'><id>1</id><body>a &amp; b<![CDATA[<p>]]>&#xD83D;&#xDE00; é</body><on>true</on>\
        <at>2024-01-05T08:04:00Z</at><data>JVBERg==</data><tags><tag>x</tag></tags><mood>?</mood></item>";
    envelope(&format!("{}<total>3</total>", one.repeat(3)))
}

fn outcome(bytes: &[u8], sizes: &[usize]) -> (String, usize) {
    let expect =
        Expect { item: vec!["item".into()], blobs: vec![vec!["item".into(), "data".into()]], ..expect() };
    let mut reader = Reader::new(expect);
    let mut rest = bytes;
    let mut items = 0;
    let mut size = sizes.iter().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at((*size.next().unwrap_or(&1)).clamp(1, rest.len()));
        rest = after;
        if let Err(error) = reader.feed(piece) {
            return (variant(&error), 0);
        }
        while let Some(output) = reader.next_output() {
            items += usize::from(matches!(output, Output::Item { .. }));
        }
    }
    match reader.finish() {
        Ok(answer) => (format!("{:?}", answer.report), items),
        Err(error) => (variant(&error), 0),
    }
}

fn variant(error: &SoapError) -> String {
    format!("{error:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn no_damage_makes_the_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..8),
        sizes in prop::collection::vec(1..200_usize, 1..5),
    ) {
        let mut bytes = sample().into_bytes();
        for (at, byte, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => { bytes.remove(at); }
                _ => bytes.truncate(at.max(10)),
            }
        }
        outcome(&bytes, &sizes);
    }

    #[test]
    fn the_cuts_of_the_network_change_nothing(sizes in prop::collection::vec(1..100_usize, 1..6)) {
        let whole = outcome(sample().as_bytes(), &[100_000]);
        prop_assert_eq!(whole.1, 3);
        prop_assert_eq!(outcome(sample().as_bytes(), &sizes), whole);
    }

    #[test]
    fn what_is_written_as_a_parameter_is_read_back(text in "\\PC{0,60}") {
        let request = write(Value::record([("first", Value::from(1)), ("second", Value::text(text.clone()))])).unwrap();
        let service = service();
        let input = service.port(None, None, None).unwrap().operation("Get").unwrap().input.clone();
        let expect = Expect { catalog: service.catalog.clone(), payload: input, ..Expect::default() };
        let (answer, _) = soap::decode(request.as_bytes(), expect).unwrap();
        let body = answer.body.unwrap();
        prop_assert_eq!(body.at("second"), Some(&Value::text(text)));
    }
}
