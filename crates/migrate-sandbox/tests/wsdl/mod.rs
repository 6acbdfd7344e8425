//! A strict reader of answers and of the service description, so that each answer can be held to its type.

use std::collections::{BTreeMap, BTreeSet};

use migrate_sandbox::focalscope::NAMESPACE;
use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// An element.
#[derive(Debug, Clone, Default)]
pub(crate) struct Node {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Node>,
}

impl Node {
    pub(crate) fn parse(text: &str) -> Self {
        let mut reader = NsReader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            let (namespace, event) = reader.read_resolved_event().unwrap();
            match event {
                Event::Start(start) => open.push(Self::start(&namespace, &start)),
                Event::Empty(start) => {
                    let node = Self::start(&namespace, &start);
                    open.last_mut().unwrap().children.push(node);
                }
                Event::End(_) => {
                    let done = open.pop().unwrap();
                    open.last_mut().unwrap().children.push(done);
                }
                Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
                Event::CData(text) => open.last_mut().unwrap().text.push_str(&text),
                Event::GeneralRef(reference) => {
                    let c = reference.resolve_char_ref().unwrap().map(String::from);
                    let text = c.unwrap_or_else(|| {
                        quick_xml::escape::resolve_xml_entity(&reference).unwrap().to_owned()
                    });
                    open.last_mut().unwrap().text.push_str(&text);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(open.len(), 1, "every element is closed");
        open.remove(0).children.remove(0)
    }

    fn start(namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Self {
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => panic!("prefix {prefix} is not declared"),
        };
        let attributes = start.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            (attribute.key.local_name().into_inner().to_owned(), attribute.value.into_owned())
        });
        let name = start.local_name().into_inner().to_owned();
        Self { namespace, name, attributes: attributes.collect(), ..Self::default() }
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn text_of(&self, name: &str) -> String {
        self.child(name).unwrap_or_else(|| panic!("{} has no {name}", self.name)).text.clone()
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }
}

struct Declared {
    name: String,
    kind: String,
    optional: bool,
    many: bool,
    nillable: bool,
}

/// The types and operations of a WSDL as ASMX writes one.
pub(crate) struct Description {
    types: BTreeMap<String, Vec<Declared>>,
    elements: BTreeMap<String, Vec<Declared>>,
    operations: BTreeSet<String>,
}

fn sequence(complex: &Node) -> Vec<Declared> {
    let sequence = complex.child("sequence").map_or(&[][..], |sequence| &sequence.children);
    let declared = |element: &Node| Declared {
        name: element.attribute("name").unwrap().to_owned(),
        kind: element.attribute("type").unwrap().to_owned(),
        optional: element.attribute("minOccurs") == Some("0"),
        many: element.attribute("maxOccurs") == Some("unbounded"),
        nillable: element.attribute("nillable") == Some("true"),
    };
    sequence.iter().map(declared).collect()
}

impl Description {
    pub(crate) fn parse(wsdl: &str) -> Self {
        let root = Node::parse(wsdl);
        let schema = root.child("types").unwrap().child("schema").unwrap();
        assert_eq!(schema.attribute("elementFormDefault"), Some("qualified"));
        let name = |node: &Node| node.attribute("name").unwrap().to_owned();
        let (mut types, mut elements) = (BTreeMap::new(), BTreeMap::new());
        for declared in &schema.children {
            if declared.name == "complexType" {
                types.insert(name(declared), sequence(declared));
            } else if let Some(complex) = declared.child("complexType") {
                elements.insert(name(declared), sequence(complex));
            }
        }
        let port = root.child("portType").unwrap();
        Self { types, elements, operations: port.children.iter().map(name).collect() }
    }

    pub(crate) fn operations(&self) -> BTreeSet<&str> {
        self.operations.iter().map(String::as_str).collect()
    }

    /// Holds an element to its declaration, and all below it.
    pub(crate) fn check(&self, element: &str, node: &Node) {
        assert_eq!((node.namespace.as_str(), node.name.as_str()), (NAMESPACE, element));
        self.check_children(&self.elements[element], node, element);
    }

    fn check_children(&self, declared: &[Declared], node: &Node, path: &str) {
        let mut children = node.children.iter().peekable();
        for declared in declared {
            let path = format!("{path}/{}", declared.name);
            let mut count = 0;
            while let Some(child) = children.next_if(|child| child.name == declared.name) {
                count += 1;
                assert_eq!(child.namespace, NAMESPACE, "{path}");
                self.check_value(declared, child, &path);
                if !declared.many {
                    break;
                }
            }
            assert!(count > 0 || declared.optional, "{path} is missing");
        }
        if let Some(odd) = children.next() {
            panic!("{path}: {} is not expected here", odd.name);
        }
    }

    fn check_value(&self, declared: &Declared, node: &Node, path: &str) {
        if node.attribute("nil") == Some("true") {
            assert!(declared.nillable, "{path} must not be nil");
            return;
        }
        if let Some(name) = declared.kind.strip_prefix("tns:") {
            assert!(node.text.trim().is_empty(), "{path} has text");
            return self.check_children(&self.types[name], node, path);
        }
        assert!(node.children.is_empty(), "{path} has children");
        let good = match declared.kind.as_str() {
            "s:string" => true,
            "s:date" => node.text.parse::<jiff::civil::Date>().is_ok(),
            "s:decimal" => node.text.parse::<f64>().is_ok() && !node.text.contains(['e', 'E']),
            "s:int" => node.text.parse::<i32>().is_ok(),
            "s:long" => node.text.parse::<i64>().is_ok(),
            "s:boolean" => matches!(node.text.as_str(), "true" | "false"),
            // A zone is the one thing that a bent message may add.
            "s:dateTime" if path.ends_with("Message/SentAt") => node.text.len() >= 19,
            "s:dateTime" => node.text.parse::<jiff::civil::DateTime>().is_ok() && !node.text.ends_with('Z'),
            "s:base64Binary" => node.text.len().is_multiple_of(4),
            other => panic!("{path}: type {other}"),
        };
        assert!(good, "{path}: {:?} is no {}", node.text, declared.kind);
    }
}
