//! Services, ports, bindings and operations.

use super::catalog::{Catalog, ComplexType, Field, Shape, Type, TypeId};
use super::loader::{Document, WsdlLimits};
use super::schema;
use crate::soap::{SoapError, short};
use crate::xml::{Element, QName, ns};
use std::collections::HashMap;
use std::sync::Arc;
use url::Url;

/// A version of SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub enum SoapVersion {
    /// SOAP 1.1: `text/xml` and a `SOAPAction` header.
    #[serde(rename = "1.1")]
    V11,
    /// SOAP 1.2: `application/soap+xml` with an `action` parameter.
    #[serde(rename = "1.2")]
    V12,
}

impl SoapVersion {
    /// The namespace of its envelope.
    pub fn namespace(self) -> &'static str {
        match self {
            SoapVersion::V11 => ns::SOAP11,
            SoapVersion::V12 => ns::SOAP12,
        }
    }
}

impl std::fmt::Display for SoapVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            SoapVersion::V11 => "1.1",
            SoapVersion::V12 => "1.2",
        })
    }
}

/// Something in a service description that could not be used as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The component: a name, a URL.
    pub place: String,
    /// What is wrong with it, and what was done instead.
    pub what: String,
}

/// What the Body holds in one direction: one element.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The element: declared by the schema (document style), or named after the operation (RPC style).
    pub element: QName,
    /// Its type.
    pub of: TypeId,
}

/// An operation of a port.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its name in the port type.
    pub name: String,
    /// `soapAction`, empty when there is none.
    pub action: String,
    /// What is sent; `None` when the Body stays empty.
    pub input: Option<Payload>,
    /// What comes back; `None` for an empty Body and for a one-way operation.
    pub output: Option<Payload>,
    /// The header elements that the binding names for the request.
    pub headers: Vec<QName>,
    /// True when nothing comes back at all.
    pub one_way: bool,
    /// Why this version of the crate can't call it, if so.
    pub unusable: Option<String>,
}

/// A place where a service can be called, with one SOAP binding.
#[derive(Clone, Debug)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its binding.
    pub binding: QName,
    /// The address in the description; often wrong behind a proxy.
    pub address: Option<String>,
    /// The version of SOAP its binding is for.
    pub version: SoapVersion,
    /// Its operations, in the binding's order.
    pub operations: Vec<Operation>,
}

impl Port {
    /// The operation with this name.
    pub fn operation(&self, name: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.name == name)
    }
}

/// A service with its SOAP ports. Ports of other kinds (HTTP GET and POST, JMS) are left out.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its SOAP ports.
    pub ports: Vec<Port>,
}

/// A service description.
#[derive(Clone, Debug)]
pub struct Wsdl {
    /// Its services.
    pub services: Vec<Service>,
    /// SOAP bindings that no port uses: all there is in a description without a service.
    pub unattached: Vec<Port>,
    /// Its types.
    pub catalog: Arc<Catalog>,
    /// What could not be used as it stands.
    pub problems: Vec<Problem>,
    /// The documents it was read from.
    pub documents: Vec<Url>,
}

impl Wsdl {
    /// All ports of all services.
    pub fn ports(&self) -> impl Iterator<Item = (&Service, &Port)> {
        self.services.iter().flat_map(|s| s.ports.iter().map(move |p| (s, p)))
    }

    /// The port for these wishes; without wishes the first SOAP 1.1 port, else the first.
    pub fn port(
        &self,
        service: Option<&str>,
        port: Option<&str>,
        version: Option<SoapVersion>,
    ) -> Option<&Port> {
        let fits = |s: &Service, p: &Port| {
            service.is_none_or(|n| s.name == n)
                && port.is_none_or(|n| p.name == n)
                && version.is_none_or(|v| p.version == v)
        };
        let all = || self.ports().filter(|(s, p)| fits(s, p)).map(|(_, p)| p);
        all().find(|p| p.version == SoapVersion::V11).or_else(|| all().next())
    }
}

struct Part {
    name: String,
    element: Option<QName>,
    of: Option<QName>,
}

/// The parts of a description, by name, over all documents.
struct Parts<'a> {
    messages: HashMap<QName, Vec<Part>>,
    port_types: HashMap<QName, &'a Element>,
    bindings: Vec<(QName, &'a Element)>,
    services: Vec<&'a Element>,
}

pub(super) fn build(
    root: Url,
    documents: Vec<Document>,
    missing: Vec<(String, String)>,
    limits: &WsdlLimits,
) -> Result<Wsdl, SoapError> {
    let first = documents.iter().find(|d| d.url == root);
    let first = first.ok_or_else(|| SoapError::Wsdl("it was not loaded".to_owned()))?;
    let name = &first.root.name;
    if &*name.namespace == ns::WSDL2 {
        return Err(SoapError::Wsdl("it is WSDL 2.0; only WSDL 1.1 can be read".to_owned()));
    }
    let is_schema = ns::is_xsd(&name.namespace) && &*name.local == "schema";
    if !is_schema && !name.is(ns::WSDL, "definitions") {
        let found = short(&name.to_string());
        return Err(SoapError::Wsdl(format!("its root is `{found}`, not the `definitions` of WSDL 1.1")));
    }
    let (mut catalog, mut problems) = schema::build(&documents, limits)?;
    problems.extend(missing.into_iter().map(|(place, what)| Problem { place, what }));
    let parts = collect(&documents);
    let mut ports: HashMap<QName, Port> = HashMap::new();
    let mut order: Vec<QName> = Vec::new();
    for (name, binding) in &parts.bindings {
        if let Some(port) = read_binding(name, binding, &parts, &mut catalog)
            && ports.insert(name.clone(), port).is_none()
        {
            order.push(name.clone());
        }
    }
    let (services, used) = read_services(&parts, &ports, &mut problems);
    let unattached =
        order.into_iter().filter(|n| !used.contains(n)).filter_map(|n| ports.remove(&n)).collect();
    problems.dedup();
    Ok(Wsdl {
        services,
        unattached,
        catalog: Arc::new(catalog),
        problems,
        documents: documents.into_iter().map(|d| d.url).collect(),
    })
}

fn collect(documents: &[Document]) -> Parts<'_> {
    let mut parts = Parts {
        messages: HashMap::new(),
        port_types: HashMap::new(),
        bindings: Vec::new(),
        services: Vec::new(),
    };
    for root in documents.iter().map(|d| &d.root).filter(|r| r.name.is(ns::WSDL, "definitions")) {
        let namespace: Arc<str> = root.attribute("targetNamespace").unwrap_or("").into();
        for child in root.children.iter().filter(|c| &*c.name.namespace == ns::WSDL) {
            let name = QName::new(namespace.clone(), child.attribute("name").unwrap_or("").trim());
            match &*child.name.local {
                "message" => {
                    parts.messages.entry(name).or_insert_with(|| read_message(child));
                }
                "portType" => {
                    parts.port_types.entry(name).or_insert(child);
                }
                "binding" => parts.bindings.push((name, child)),
                "service" => parts.services.push(child),
                _ => {}
            }
        }
    }
    parts
}

fn read_message(message: &Element) -> Vec<Part> {
    message
        .all(ns::WSDL, "part")
        .map(|part| Part {
            name: part.attribute("name").unwrap_or("").trim().to_owned(),
            element: part.qname("element"),
            of: part.qname("type"),
        })
        .collect()
}

fn read_services(
    parts: &Parts<'_>,
    ports: &HashMap<QName, Port>,
    problems: &mut Vec<Problem>,
) -> (Vec<Service>, Vec<QName>) {
    let mut used = Vec::new();
    let mut services = Vec::new();
    for service in &parts.services {
        let mut read =
            Service { name: service.attribute("name").unwrap_or("").trim().to_owned(), ports: Vec::new() };
        for element in service.all(ns::WSDL, "port") {
            let Some(binding) = element.qname("binding") else { continue };
            let name = element.attribute("name").unwrap_or("").trim().to_owned();
            let Some(port) = find_binding(ports, &binding) else {
                if !parts.bindings.iter().any(|(n, _)| n.local == binding.local) {
                    problems
                        .push(Problem { place: name, what: format!("its binding {binding} is not defined") });
                }
                continue;
            };
            let address = [ns::WSDL_SOAP11, ns::WSDL_SOAP12]
                .iter()
                .find_map(|n| element.first(n, "address"))
                .and_then(|a| a.attribute("location"))
                .map(|l| l.trim().to_owned());
            used.push(port.binding.clone());
            read.ports.push(Port { name, address, ..port.clone() });
        }
        services.push(read);
    }
    (services, used)
}

/// By name, or by local name alone when the prefix was wrong and only one binding is meant.
fn find_binding<'a>(ports: &'a HashMap<QName, Port>, name: &QName) -> Option<&'a Port> {
    ports.get(name).or_else(|| {
        let mut same = ports.values().filter(|p| p.binding.local == name.local);
        same.next().filter(|_| same.next().is_none())
    })
}

fn read_binding(name: &QName, binding: &Element, parts: &Parts<'_>, catalog: &mut Catalog) -> Option<Port> {
    let (version, soap) = [(SoapVersion::V11, ns::WSDL_SOAP11), (SoapVersion::V12, ns::WSDL_SOAP12)]
        .into_iter()
        .find_map(|(version, n)| binding.first(n, "binding").map(|e| (version, e)))?;
    let soap_ns = soap.name.namespace.clone();
    let port_type = binding.qname("type").and_then(|n| parts.port_types.get(&n).copied());
    let reader = BindingReader {
        soap: &soap_ns,
        default_rpc: soap.attribute("style").is_some_and(|s| s.trim() == "rpc"),
        port_type,
        parts,
    };
    let operations = binding.all(ns::WSDL, "operation").map(|o| reader.operation(o, catalog)).collect();
    Some(Port { name: name.local.to_string(), binding: name.clone(), address: None, version, operations })
}

struct BindingReader<'a> {
    soap: &'a str,
    default_rpc: bool,
    port_type: Option<&'a Element>,
    parts: &'a Parts<'a>,
}

impl BindingReader<'_> {
    fn operation(&self, element: &Element, catalog: &mut Catalog) -> Operation {
        let name = element.attribute("name").unwrap_or("").trim().to_owned();
        let soap = element.first(self.soap, "operation");
        let rpc = match soap.and_then(|s| s.attribute("style")) {
            Some(style) => style.trim() == "rpc",
            None => self.default_rpc,
        };
        let mut operation = Operation {
            action: soap.and_then(|s| s.attribute("soapAction")).unwrap_or("").trim().to_owned(),
            input: None,
            output: None,
            headers: Vec::new(),
            one_way: false,
            unusable: None,
            name,
        };
        if let Err(why) = self.fill(&mut operation, element, rpc, catalog) {
            operation.unusable = Some(why);
        }
        operation
    }

    fn fill(
        &self,
        into: &mut Operation,
        element: &Element,
        rpc: bool,
        catalog: &mut Catalog,
    ) -> Result<(), String> {
        let declared = self.declared(element, &into.name)?;
        for (direction, response) in [("input", false), ("output", true)] {
            let Some(abstract_message) = declared.first(ns::WSDL, direction) else {
                into.one_way |= response;
                continue;
            };
            let bound = element.first(ns::WSDL, direction);
            let message = abstract_message.qname("message").ok_or("a direction names no message")?;
            let parts = self.message(&message)?;
            if let Some(bound) = bound
                && !response
            {
                into.headers = self.headers(bound);
            }
            let name = if response { format!("{}Response", into.name) } else { into.name.clone() };
            let payload = self.payload(bound, parts, rpc, &name, catalog)?;
            *(if response { &mut into.output } else { &mut into.input }) = payload;
        }
        Ok(())
    }

    /// The operation of the port type; among overloads the one whose input has the same name.
    fn declared(&self, element: &Element, name: &str) -> Result<&Element, String> {
        let port_type = self.port_type.ok_or("the port type of its binding is not defined")?;
        let input_name =
            |e: &Element| e.first(ns::WSDL, "input").and_then(|i| i.attribute("name")).map(str::to_owned);
        let wanted = input_name(element);
        let same = |o: &&Element| o.attribute("name").map(str::trim) == Some(name);
        let all: Vec<&Element> = port_type.all(ns::WSDL, "operation").filter(same).collect();
        let exact = all.iter().find(|o| wanted.is_some() && input_name(o) == wanted);
        exact.or(all.first()).copied().ok_or_else(|| "the port type does not have it".to_owned())
    }

    fn message(&self, name: &QName) -> Result<&[Part], String> {
        if let Some(parts) = self.parts.messages.get(name) {
            return Ok(parts);
        }
        let mut same = self.parts.messages.iter().filter(|(n, _)| n.local == name.local);
        match (same.next(), same.next()) {
            (Some((_, parts)), None) => Ok(parts),
            _ => Err(format!("the message {} is not defined", short(&name.to_string()))),
        }
    }

    fn headers(&self, bound: &Element) -> Vec<QName> {
        bound
            .all(self.soap, "header")
            .filter_map(|header| {
                let parts = self.message(&header.qname("message")?).ok()?;
                let part = header.attribute("part")?.trim();
                parts.iter().find(|p| p.name == part)?.element.clone()
            })
            .collect()
    }

    fn payload(
        &self,
        bound: Option<&Element>,
        parts: &[Part],
        rpc: bool,
        name: &str,
        catalog: &mut Catalog,
    ) -> Result<Option<Payload>, String> {
        let body = bound.and_then(|b| find_body(b, self.soap));
        if body.and_then(|b| b.attribute("use")).is_some_and(|u| u.trim() == "encoded") {
            return Err("its body is SOAP-encoded, which this version can't read or write".to_owned());
        }
        let listed = body.and_then(|b| b.attribute("parts"));
        let in_headers: Vec<&str> = bound
            .map(|b| b.all(self.soap, "header").filter_map(|h| h.attribute("part").map(str::trim)).collect())
            .unwrap_or_default();
        let chosen: Vec<&Part> = parts
            .iter()
            .filter(|p| match listed {
                Some(names) => names.split_ascii_whitespace().any(|n| n == p.name),
                None => !in_headers.contains(&p.name.as_str()),
            })
            .collect();
        if rpc {
            let namespace = body.and_then(|b| b.attribute("namespace")).unwrap_or("").trim();
            return rpc_payload(&chosen, QName::new(namespace, name), catalog).map(Some);
        }
        document_payload(&chosen, catalog)
    }
}

/// `soap:body`, also inside the first part of `mime:multipartRelated`.
fn find_body<'a>(bound: &'a Element, soap: &str) -> Option<&'a Element> {
    bound
        .children
        .iter()
        .find_map(|child| if child.name.is(soap, "body") { Some(child) } else { find_body(child, soap) })
}

fn document_payload(parts: &[&Part], catalog: &Catalog) -> Result<Option<Payload>, String> {
    let part = match parts {
        [] => return Ok(None),
        [part] => part,
        _ => return Err("its body has several document parts".to_owned()),
    };
    let Some(element) = &part.element else {
        return Err(format!("the document part `{}` names a type, not an element", short(&part.name)));
    };
    match catalog.element(element).or_else(|| only_element_like(catalog, element)) {
        Some(declared) => Ok(Some(Payload { element: declared.name.clone(), of: declared.of })),
        None => Err(format!("the element {} is not defined", short(&element.to_string()))),
    }
}

/// A name without a prefix where none is in scope means the only element that is called so.
fn only_element_like<'a>(catalog: &'a Catalog, name: &QName) -> Option<&'a super::ElementDeclaration> {
    if !name.namespace.is_empty() {
        return None;
    }
    catalog.only_element_named(&name.local)
}

/// RPC style: a wrapper named after the operation, with an accessor in no namespace for each part (WS-I BP 1.1, R2735).
fn rpc_payload(parts: &[&Part], element: QName, catalog: &mut Catalog) -> Result<Payload, String> {
    let mut wrapper = ComplexType::default();
    for part in parts {
        let of = match (&part.of, &part.element) {
            (Some(name), _) => catalog.type_named(name),
            (None, Some(name)) => catalog.element(name).map(|e| e.of),
            (None, None) => None,
        };
        let of = of.ok_or_else(|| format!("the type of the part `{}` is not defined", short(&part.name)))?;
        let name = QName::new("", part.name.as_str());
        wrapper.fields.push(Field { name, of, min: 0, repeats: false, nillable: true });
    }
    wrapper.index();
    let of = catalog.add(Type { name: None, shape: Shape::Complex(wrapper) });
    Ok(Payload { element, of })
}
