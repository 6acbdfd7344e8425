//! XML Schema documents into a [`Catalog`]: names resolved, groups expanded, inheritance flattened.

use super::Problem;
use super::catalog::{
    AttributeField, Builtin, Catalog, ComplexType, ElementDeclaration, Field, Shape, SimpleType, Type, TypeId,
};
use super::loader::{Document, WsdlLimits};
use crate::soap::{Bound, SoapError, short};
use crate::xml::{Element, QName, ns};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use url::Url;

/// Groups in groups, restrictions of restrictions: no schema in use goes deeper.
const DEEPEST: usize = 64;
/// Fields of one type, inherited ones included.
const MOST_FIELDS: usize = 10_000;

/// A schema document with the namespace it is read in (a chameleon takes that of its includer).
struct Schema {
    root: Arc<Element>,
    namespace: Arc<str>,
    qualified_elements: bool,
    qualified_attributes: bool,
}

/// The kinds of components that have names of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Space {
    Type,
    Element,
    Attribute,
    Group,
    AttributeGroup,
}

impl Space {
    fn of(local: &str) -> Option<Space> {
        Some(match local {
            "complexType" | "simpleType" => Space::Type,
            "element" => Space::Element,
            "attribute" => Space::Attribute,
            "group" => Space::Group,
            "attributeGroup" => Space::AttributeGroup,
            _ => return None,
        })
    }
}

/// Where a top-level component stands: schema, child.
type Place = (usize, usize);

pub(super) struct Builder<'a> {
    schemas: Vec<Schema>,
    places: HashMap<(Space, QName), Place>,
    catalog: Catalog,
    /// What a type says itself, before inheritance.
    own: HashMap<TypeId, Own>,
    /// Types of referenced elements that are still to be read; a queue, so that a chain of references is no recursion.
    pending: Vec<(TypeId, Element, usize)>,
    limits: &'a WsdlLimits,
    components: usize,
    pub(super) problems: Vec<Problem>,
}

#[derive(Default)]
struct Own {
    complex: ComplexType,
    base: Option<TypeId>,
    restriction: bool,
}

/// The built-in type behind a well-known name: schema types of all years, SOAP encoding, XML and MIME attributes.
pub(crate) fn well_known(name: &QName) -> Option<Builtin> {
    match &*name.namespace {
        n if ns::is_xsd(n) => Builtin::named(&name.local),
        ns::ENC11 | ns::ENC12 => Builtin::named(&name.local).or(Some(Builtin::AnyType)),
        ns::XMIME => Some(match &*name.local {
            "base64Binary" => Builtin::Base64,
            "hexBinary" => Builtin::Hex,
            _ => Builtin::String,
        }),
        ns::XML => Some(Builtin::String),
        ns::XML_SOAP => Some(Builtin::AnyType),
        _ => None,
    }
}

/// Reads every schema of the documents. Problems don't stop it; bounds do.
pub(super) fn build(
    documents: &[Document],
    limits: &WsdlLimits,
) -> Result<(Catalog, Vec<Problem>), SoapError> {
    let mut builder = Builder {
        schemas: Vec::new(),
        places: HashMap::new(),
        catalog: Catalog::new(),
        own: HashMap::new(),
        pending: Vec::new(),
        limits,
        components: 0,
        problems: Vec::new(),
    };
    builder.collect(documents);
    builder.declare()?;
    builder.flatten()?;
    Ok((builder.catalog, builder.problems))
}

impl Builder<'_> {
    fn problem(&mut self, place: &str, what: String) {
        self.problems.push(Problem { place: place.to_owned(), what });
    }

    fn count(&mut self, more: usize) -> Result<(), SoapError> {
        self.components += more;
        if self.components > self.limits.components {
            return Err(SoapError::bound(Bound::Components, self.limits.components as u64));
        }
        Ok(())
    }

    /// Finds every schema element, those in `wsdl:types` and those that are documents.
    fn collect(&mut self, documents: &[Document]) {
        let mut by_url: HashMap<&str, Arc<Element>> = HashMap::new();
        let mut roots: Vec<(Arc<Element>, &Url)> = Vec::new();
        for document in documents {
            let root = &document.root;
            if ns::is_xsd(&root.name.namespace) {
                by_url.insert(document.url.as_str(), root.clone());
            } else {
                for types in root.all(ns::WSDL, "types") {
                    for schema in &types.children {
                        if ns::is_xsd(&schema.name.namespace) && &*schema.name.local == "schema" {
                            roots.push((Arc::new(schema.clone()), &document.url));
                        }
                    }
                }
            }
        }
        for document in documents {
            if ns::is_xsd(&document.root.name.namespace)
                && document.root.attribute("targetNamespace").is_some()
            {
                roots.push((document.root.clone(), &document.url));
            }
        }
        let mut done: HashSet<(String, Arc<str>)> = HashSet::new();
        for (root, url) in roots {
            let namespace: Arc<str> = root.attribute("targetNamespace").unwrap_or("").into();
            self.schema(root, url, namespace, &by_url, &mut done, 0);
        }
        // Documents without a namespace that nobody included: an import without a namespace, or the only document.
        for document in documents {
            let lonely = ns::is_xsd(&document.root.name.namespace)
                && document.root.attribute("targetNamespace").is_none()
                && !done.iter().any(|(url, _)| url == document.url.as_str());
            if lonely {
                self.schema(document.root.clone(), &document.url, "".into(), &by_url, &mut done, 0);
            }
        }
    }

    fn schema(
        &mut self,
        root: Arc<Element>,
        url: &Url,
        namespace: Arc<str>,
        by_url: &HashMap<&str, Arc<Element>>,
        done: &mut HashSet<(String, Arc<str>)>,
        depth: usize,
    ) {
        let at = self.schemas.len();
        for (child_at, child) in root.children.iter().enumerate() {
            if !ns::is_xsd(&child.name.namespace) {
                continue;
            }
            if let (Some(space), Some(name)) = (Space::of(&child.name.local), child.attribute("name")) {
                let name = QName::new(namespace.clone(), name.trim());
                self.places.entry((space, name)).or_insert((at, child_at));
            }
        }
        let qualified = |name| root.attribute(name).is_some_and(|v| v.trim() == "qualified");
        self.schemas.push(Schema {
            qualified_elements: qualified("elementFormDefault"),
            qualified_attributes: qualified("attributeFormDefault"),
            namespace: namespace.clone(),
            root: root.clone(),
        });
        if depth > DEEPEST {
            return;
        }
        for child in &root.children {
            let redefines = &*child.name.local == "redefine";
            if !ns::is_xsd(&child.name.namespace) || !(redefines || &*child.name.local == "include") {
                continue;
            }
            if redefines {
                self.problem(
                    &short(child.attribute("schemaLocation").unwrap_or("?")),
                    "xs:redefine is read as xs:include; its changes are not applied".to_owned(),
                );
            }
            let Some(target) = child.attribute("schemaLocation").and_then(|l| url.join(l.trim()).ok()) else {
                continue;
            };
            let Some(included) = by_url.get(target.as_str()) else { continue };
            if included.attribute("targetNamespace").is_none()
                && done.insert((target.to_string(), namespace.clone()))
            {
                self.schema(included.clone(), &target, namespace.clone(), by_url, done, depth + 1);
            }
        }
    }

    /// Gives every top-level type and element its id, then reads them.
    fn declare(&mut self) -> Result<(), SoapError> {
        let mut types: Vec<(QName, Place)> = Vec::new();
        let mut elements: Vec<(QName, Place)> = Vec::new();
        for ((space, name), place) in &self.places {
            match space {
                Space::Type => types.push((name.clone(), *place)),
                Space::Element => elements.push((name.clone(), *place)),
                _ => {}
            }
        }
        types.sort();
        elements.sort();
        self.count(types.len() + elements.len())?;
        for (name, _) in &types {
            let shape = Shape::Complex(ComplexType::default());
            let id = self.catalog.add(Type { name: Some(name.clone()), shape });
            self.catalog.named.insert(name.clone(), id);
        }
        for (name, place) in types {
            let id = self.catalog.named[&name];
            let root = self.schemas[place.0].root.clone();
            self.define(id, &root.children[place.1], place.0)?;
        }
        for (name, place) in elements {
            let root = self.schemas[place.0].root.clone();
            let element = &root.children[place.1];
            let of = self.global_type(element, place.0)?;
            let nillable = is_true(element.attribute("nillable"));
            if let Some(head) = element.qname("substitutionGroup") {
                self.catalog.heads.insert(name.clone(), head);
            }
            self.catalog.elements.insert(name.clone(), ElementDeclaration { name, of, nillable });
        }
        while let Some((id, element, schema)) = self.pending.pop() {
            self.define(id, &element, schema)?;
        }
        Ok(())
    }

    fn define(&mut self, id: TypeId, element: &Element, schema: usize) -> Result<(), SoapError> {
        if &*element.name.local == "simpleType" {
            let simple = self.simple(element, schema, 0);
            self.catalog.types[id.0 as usize].shape = Shape::Simple(simple);
            return Ok(());
        }
        let own = self.complex(element, schema)?;
        self.own.insert(id, own);
        Ok(())
    }

    /// The type of an element or attribute declaration: named, inline, or anything.
    fn type_of(&mut self, element: &Element, schema: usize, depth: usize) -> Result<TypeId, SoapError> {
        if let Some(name) = element.qname("type") {
            return Ok(self.type_by_name(&name, schema));
        }
        let inline = element.children.iter().find(|c| {
            ns::is_xsd(&c.name.namespace) && matches!(&*c.name.local, "complexType" | "simpleType")
        });
        let Some(inline) = inline.filter(|_| depth < DEEPEST) else {
            // A member of a substitution group without a type of its own has that of its head.
            if let Some(head) = element.qname("substitutionGroup").filter(|_| depth < DEEPEST)
                && let Some(place) = self.places.get(&(Space::Element, head)).copied()
            {
                let root = self.schemas[place.0].root.clone();
                return self.type_of(&root.children[place.1], place.0, depth + 1);
            }
            let any = if &*element.name.local == "attribute" { Builtin::String } else { Builtin::AnyType };
            return Ok(self.catalog.builtin(any));
        };
        self.count(1)?;
        let id = self.catalog.add(Type { name: None, shape: Shape::Complex(ComplexType::default()) });
        self.define(id, inline, schema)?;
        Ok(id)
    }

    fn type_by_name(&mut self, name: &QName, schema: usize) -> TypeId {
        if let Some(id) = self.catalog.named.get(name) {
            return *id;
        }
        if let Some(builtin) = well_known(name) {
            return self.catalog.builtin(builtin);
        }
        // Names without a prefix in a chameleon, or written against the wrong default namespace.
        let local = QName::new(self.schemas[schema].namespace.clone(), name.local.clone());
        if name.namespace.is_empty()
            && let Some(id) = self.catalog.named.get(&local)
        {
            return *id;
        }
        if let Some(builtin) = Builtin::named(&name.local).filter(|_| name.namespace.is_empty()) {
            return self.catalog.builtin(builtin);
        }
        self.problem(
            &name.to_string(),
            "the type is not defined; anything is accepted in its place".to_owned(),
        );
        let id = self.catalog.builtin(Builtin::AnyType);
        self.catalog.named.insert(name.clone(), id);
        id
    }

    fn place(&self, space: Space, name: &QName, schema: usize) -> Option<Place> {
        let direct = self.places.get(&(space, name.clone())).copied();
        direct.or_else(|| {
            if !name.namespace.is_empty() {
                return None;
            }
            let here = QName::new(self.schemas[schema].namespace.clone(), name.local.clone());
            self.places.get(&(space, here)).copied()
        })
    }

    fn simple(&mut self, element: &Element, schema: usize, depth: usize) -> SimpleType {
        let text = SimpleType { builtin: Builtin::String, list: false, values: Vec::new() };
        if depth > DEEPEST {
            return text;
        }
        for child in element.children.iter().filter(|c| ns::is_xsd(&c.name.namespace)) {
            match &*child.name.local {
                "restriction" => {
                    let mut simple = self.simple_base(child, "base", schema, depth);
                    let values: Vec<Arc<str>> = child
                        .children
                        .iter()
                        .filter(|c| &*c.name.local == "enumeration")
                        .filter_map(|c| c.attribute("value").map(Into::into))
                        .collect();
                    if !values.is_empty() {
                        simple.values = values;
                    }
                    return simple;
                }
                "list" => {
                    let item = self.simple_base(child, "itemType", schema, depth);
                    return SimpleType { list: true, ..item };
                }
                "union" => return text,
                _ => {}
            }
        }
        text
    }

    fn simple_base(&mut self, element: &Element, attribute: &str, schema: usize, depth: usize) -> SimpleType {
        let text = SimpleType { builtin: Builtin::String, list: false, values: Vec::new() };
        let Some(name) = element.qname(attribute) else {
            let inline = element.children.iter().find(|c| &*c.name.local == "simpleType").cloned();
            return inline.map_or(text, |inline| self.simple(&inline, schema, depth + 1));
        };
        if let Some(place) = self.place(Space::Type, &name, schema) {
            let root = self.schemas[place.0].root.clone();
            let base = &root.children[place.1];
            return if &*base.name.local == "simpleType" {
                self.simple(base, place.0, depth + 1)
            } else {
                text
            };
        }
        let builtin = well_known(&name).filter(|b| *b != Builtin::AnyType).unwrap_or(Builtin::String);
        let list = matches!(&*name.local, "NMTOKENS" | "IDREFS" | "ENTITIES");
        SimpleType { builtin, list, values: Vec::new() }
    }

    fn complex(&mut self, element: &Element, schema: usize) -> Result<Own, SoapError> {
        let mut own = Own::default();
        own.complex.mixed = is_true(element.attribute("mixed"));
        own.complex.is_abstract = is_true(element.attribute("abstract"));
        let mut body = element;
        for content in element.children.iter().filter(|c| ns::is_xsd(&c.name.namespace)) {
            let simple = &*content.name.local == "simpleContent";
            if !simple && &*content.name.local != "complexContent" {
                continue;
            }
            own.complex.mixed |= is_true(content.attribute("mixed"));
            let Some(derivation) =
                content.children.iter().find(|c| matches!(&*c.name.local, "extension" | "restriction"))
            else {
                continue;
            };
            own.restriction = &*derivation.name.local == "restriction";
            if let Some(name) = derivation.qname("base") {
                let base = self.type_by_name(&name, schema);
                if name.is(ns::ENC11, "Array") || name.is(ns::ENC12, "Array") {
                    own.complex.any = true;
                    own.complex.any_attribute = true;
                    own.complex.array_of = array_type(derivation);
                } else if !self.catalog.is_any(base) {
                    own.base = Some(base);
                }
                if simple && own.base.is_some_and(|b| self.catalog.simple(b).is_some()) {
                    own.complex.text = own.base.take();
                } else if simple && own.base.is_none() {
                    own.complex.text = Some(self.catalog.builtin(Builtin::String));
                }
            }
            body = derivation;
        }
        self.content(body, schema, &mut own.complex)?;
        Ok(own)
    }

    fn content(&mut self, element: &Element, schema: usize, into: &mut ComplexType) -> Result<(), SoapError> {
        let here = Particle { min: 1, repeats: false, depth: 0 };
        for child in element.children.iter().filter(|c| ns::is_xsd(&c.name.namespace)) {
            match &*child.name.local {
                "sequence" | "choice" | "all" | "group" => self.particle(child, schema, here, into)?,
                "attribute" | "attributeGroup" | "anyAttribute" => self.attribute(child, schema, into, 0)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn particle(
        &mut self,
        element: &Element,
        schema: usize,
        outer: Particle,
        into: &mut ComplexType,
    ) -> Result<(), SoapError> {
        if outer.depth > DEEPEST {
            return Ok(());
        }
        // Groups that refer to groups multiply, even without a single element in them.
        self.count(1)?;
        let here = outer.inside(element);
        match &*element.name.local {
            "sequence" | "choice" | "all" => {
                let choice = &*element.name.local == "choice";
                let here = Particle { min: if choice { 0 } else { here.min }, ..here };
                for child in element.children.iter().filter(|c| ns::is_xsd(&c.name.namespace)) {
                    self.particle(child, schema, here, into)?;
                }
            }
            "group" => {
                let Some(name) = element.qname("ref") else { return Ok(()) };
                let Some(place) = self.place(Space::Group, &name, schema) else {
                    self.problem(&name.to_string(), "the group is not defined".to_owned());
                    return Ok(());
                };
                let root = self.schemas[place.0].root.clone();
                for child in &root.children[place.1].children {
                    if matches!(&*child.name.local, "sequence" | "choice" | "all") {
                        self.particle(child, place.0, here, into)?;
                    }
                }
            }
            "any" => into.any = true,
            "element" => {
                let field = self.field(element, schema, here)?;
                push_field(into, field)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn field(&mut self, element: &Element, schema: usize, here: Particle) -> Result<Field, SoapError> {
        let nillable = is_true(element.attribute("nillable"));
        let (min, repeats) = (here.min, here.repeats);
        if let Some(reference) = element.qname("ref") {
            let Some(place) = self.place(Space::Element, &reference, schema) else {
                if !well_known_element(&reference) {
                    self.problem(
                        &reference.to_string(),
                        "the element is not defined; anything is accepted in its place".to_owned(),
                    );
                }
                let of = self.catalog.builtin(Builtin::AnyType);
                return Ok(Field { name: reference, of, min, repeats, nillable });
            };
            let name = QName::new(self.schemas[place.0].namespace.clone(), reference.local);
            let root = self.schemas[place.0].root.clone();
            let global = &root.children[place.1];
            let nillable = nillable || is_true(global.attribute("nillable"));
            let of = self.global_type(global, place.0)?;
            return Ok(Field { name, of, min, repeats, nillable });
        }
        let local = element.attribute("name").unwrap_or("").trim();
        let qualified = match element.attribute("form") {
            Some(form) => form.trim() == "qualified",
            None => self.schemas[schema].qualified_elements,
        };
        let namespace = if qualified { self.schemas[schema].namespace.clone() } else { "".into() };
        let of = self.type_of(element, schema, here.depth)?;
        Ok(Field { name: QName::new(namespace, local), of, min, repeats, nillable })
    }

    /// The type of a referenced top-level element. An inline type that refers to its own element would never end, so
    /// each is read once, under a name no document can use.
    fn global_type(&mut self, global: &Element, schema: usize) -> Result<TypeId, SoapError> {
        if global.attribute("type").is_some() {
            return self.type_of(global, schema, 0);
        }
        let key = QName::new(
            format!("element of {}", self.schemas[schema].namespace),
            global.attribute("name").unwrap_or("").trim(),
        );
        if let Some(id) = self.catalog.named.get(&key) {
            return Ok(*id);
        }
        let inline = global.children.iter().find(|c| matches!(&*c.name.local, "complexType" | "simpleType"));
        let Some(inline) = inline else { return self.type_of(global, schema, 0) };
        self.count(1)?;
        let id = self.catalog.add(Type { name: None, shape: Shape::Complex(ComplexType::default()) });
        self.catalog.named.insert(key, id);
        self.pending.push((id, inline.clone(), schema));
        Ok(id)
    }

    fn attribute(
        &mut self,
        element: &Element,
        schema: usize,
        into: &mut ComplexType,
        depth: usize,
    ) -> Result<(), SoapError> {
        self.count(1)?;
        match &*element.name.local {
            "anyAttribute" => into.any_attribute = true,
            "attributeGroup" if depth < DEEPEST => {
                let Some(name) = element.qname("ref") else { return Ok(()) };
                if let Some(place) = self.place(Space::AttributeGroup, &name, schema) {
                    let root = self.schemas[place.0].root.clone();
                    for child in &root.children[place.1].children {
                        self.attribute(child, place.0, into, depth + 1)?;
                    }
                } else if well_known(&name).is_none() {
                    self.problem(&name.to_string(), "the attribute group is not defined".to_owned());
                }
            }
            "attribute" => {
                let required = element.attribute("use").is_some_and(|u| u.trim() == "required");
                if element.attribute("use").is_some_and(|u| u.trim() == "prohibited") {
                    return Ok(());
                }
                let (name, of) = self.attribute_type(element, schema)?;
                into.attributes.retain(|a| a.name != name);
                into.attributes.push(AttributeField { name, of, required });
            }
            _ => {}
        }
        Ok(())
    }

    fn attribute_type(&mut self, element: &Element, schema: usize) -> Result<(QName, TypeId), SoapError> {
        if let Some(reference) = element.qname("ref") {
            let of = match self.place(Space::Attribute, &reference, schema) {
                Some(place) => {
                    let root = self.schemas[place.0].root.clone();
                    self.type_of(&root.children[place.1], place.0, 0)?
                }
                None => self.catalog.builtin(Builtin::String),
            };
            return Ok((reference, of));
        }
        let qualified = match element.attribute("form") {
            Some(form) => form.trim() == "qualified",
            None => self.schemas[schema].qualified_attributes,
        };
        let namespace = if qualified { self.schemas[schema].namespace.clone() } else { "".into() };
        let of = self.type_of(element, schema, 0)?;
        Ok((QName::new(namespace, element.attribute("name").unwrap_or("").trim()), of))
    }

    /// Puts what a type inherits before what it says itself.
    fn flatten(&mut self) -> Result<(), SoapError> {
        let mut ids: Vec<TypeId> = self.own.keys().copied().collect();
        ids.sort();
        for id in ids {
            let mut chain = vec![id];
            while let Some(base) = self.own.get(&chain[chain.len() - 1]).and_then(|o| o.base) {
                if chain.contains(&base) || chain.len() > DEEPEST {
                    self.problem(&self.name_of(id), "the type derives from itself".to_owned());
                    break;
                }
                chain.push(base);
            }
            let mut flat = ComplexType::default();
            for at in chain.iter().rev() {
                self.inherit(*at, &mut flat)?;
            }
            if let Some(own) = self.own.get(&id) {
                flat.is_abstract = own.complex.is_abstract;
                flat.base = own.base;
            }
            flat.index();
            self.catalog.types[id.0 as usize].shape = Shape::Complex(flat);
        }
        Ok(())
    }

    fn inherit(&mut self, id: TypeId, flat: &mut ComplexType) -> Result<(), SoapError> {
        let Some(own) = self.own.get(&id) else {
            if self.catalog.simple(id).is_some() {
                flat.text = Some(id);
            }
            return Ok(());
        };
        if own.restriction && own.complex.array_of.is_none() && flat.text.is_none() {
            flat.fields.clear();
        }
        let added = own.complex.fields.len();
        for field in &own.complex.fields {
            push_field(flat, field.clone())?;
        }
        for attribute in &own.complex.attributes {
            flat.attributes.retain(|a| a.name != attribute.name);
            flat.attributes.push(attribute.clone());
        }
        flat.any |= own.complex.any;
        flat.any_attribute |= own.complex.any_attribute;
        flat.mixed |= own.complex.mixed;
        flat.text = own.complex.text.or(flat.text);
        flat.array_of = own.complex.array_of.clone().or_else(|| flat.array_of.clone());
        self.count(added)
    }

    fn name_of(&self, id: TypeId) -> String {
        self.catalog
            .get(id)
            .name
            .as_ref()
            .map_or_else(|| "a type without a name".to_owned(), ToString::to_string)
    }
}

#[derive(Clone, Copy)]
struct Particle {
    min: u32,
    repeats: bool,
    depth: usize,
}

impl Particle {
    fn inside(self, element: &Element) -> Particle {
        let min = element.attribute("minOccurs").and_then(|v| v.trim().parse().ok()).unwrap_or(1);
        let repeats = match element.attribute("maxOccurs").map(str::trim) {
            Some("unbounded") => true,
            Some(number) => number.parse::<u64>().is_ok_and(|n| n > 1),
            None => false,
        };
        Particle { min: self.min.min(min), repeats: self.repeats || repeats, depth: self.depth + 1 }
    }
}

/// The same element at two places of one type (both branches of a choice) is one field that may repeat.
fn push_field(into: &mut ComplexType, field: Field) -> Result<(), SoapError> {
    if into.fields.len() >= MOST_FIELDS {
        return Err(SoapError::bound(Bound::Fields, MOST_FIELDS as u64));
    }
    match into.fields.iter_mut().find(|f| f.name == field.name) {
        Some(same) => {
            same.min = same.min.min(field.min);
            same.repeats |= field.repeats;
            same.nillable |= field.nillable;
        }
        None => into.fields.push(field),
    }
    Ok(())
}

fn well_known_element(name: &QName) -> bool {
    ns::is_xsd(&name.namespace) || well_known(name).is_some()
}

fn is_true(value: Option<&str>) -> bool {
    matches!(value.map(str::trim), Some("true" | "1"))
}

/// `wsdl:arrayType="ns:T[]"` inside the restriction of a SOAP array.
fn array_type(restriction: &Element) -> Option<QName> {
    restriction.children.iter().find_map(|child| {
        let written = child.attribute_in(ns::WSDL, "arrayType")?;
        Some(child.resolve(written.split('[').next().unwrap_or(written)))
    })
}
