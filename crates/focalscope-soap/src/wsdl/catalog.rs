//! The types of a service: what may stand where, under which name, how often.

use crate::xml::QName;
use std::collections::HashMap;
use std::sync::Arc;

/// A type of the [`Catalog`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TypeId(pub(crate) u32);

/// A built-in type of XML Schema, as far as reading and writing tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Builtin {
    /// `xs:anyType`: anything, elements included.
    AnyType,
    /// Text of any kind: `string`, `token`, `anyURI`, `QName`, `ID`, `anySimpleType` …
    String,
    /// `boolean`.
    Boolean,
    /// `integer`, `int`, `long` and every type derived from them.
    Integer,
    /// `decimal`, `float`, `double`.
    Number,
    /// `dateTime`, with or without a zone.
    DateTime,
    /// `date`, `time`, `duration`, `gYear` and their like: text with a form of its own.
    Calendar,
    /// `base64Binary`.
    Base64,
    /// `hexBinary`.
    Hex,
}

impl Builtin {
    /// The built-in type of this name, in any of the schema namespaces or that of the SOAP encoding.
    pub fn named(local: &str) -> Option<Builtin> {
        Some(match local {
            "anyType" | "ur-type" => Builtin::AnyType,
            "boolean" => Builtin::Boolean,
            "integer" | "int" | "long" | "short" | "byte" | "unsignedInt" | "unsignedLong"
            | "unsignedShort" | "unsignedByte" | "positiveInteger" | "negativeInteger"
            | "nonNegativeInteger" | "nonPositiveInteger" => Builtin::Integer,
            "decimal" | "float" | "double" => Builtin::Number,
            "dateTime" | "timeInstant" | "dateTimeStamp" => Builtin::DateTime,
            "date" | "time" | "duration" | "gYear" | "gMonth" | "gDay" | "gYearMonth" | "gMonthDay"
            | "timeDuration" | "dayTimeDuration" | "yearMonthDuration" => Builtin::Calendar,
            "base64Binary" | "base64" => Builtin::Base64,
            "hexBinary" => Builtin::Hex,
            "string" | "normalizedString" | "token" | "language" | "Name" | "NCName" | "NMTOKEN"
            | "NMTOKENS" | "ID" | "IDREF" | "IDREFS" | "ENTITY" | "ENTITIES" | "NOTATION" | "anyURI"
            | "uriReference" | "QName" | "anySimpleType" | "anyAtomicType" | "error" => Builtin::String,
            _ => return None,
        })
    }
}

/// A type without child elements.
#[derive(Clone, Debug)]
pub struct SimpleType {
    /// The built-in type at the bottom.
    pub builtin: Builtin,
    /// True for `xs:list`: several values with white space between.
    pub list: bool,
    /// The values that are allowed, when the schema names them.
    pub values: Vec<Arc<str>>,
}

/// An element inside a type.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name; the namespace is empty when `form` or `elementFormDefault` says unqualified.
    pub name: QName,
    /// Its type.
    pub of: TypeId,
    /// How often it must come at least (0 inside a choice).
    pub min: u32,
    /// True when it may come more than once: then it is a list, even if one came.
    pub repeats: bool,
    /// True when `xsi:nil` is allowed.
    pub nillable: bool,
}

/// An attribute of a type.
#[derive(Clone, Debug)]
pub struct AttributeField {
    /// Its name.
    pub name: QName,
    /// Its type.
    pub of: TypeId,
    /// True for `use="required"`.
    pub required: bool,
}

/// A type with child elements, attributes or both. What it inherits is already in its lists, the base's fields first.
#[derive(Clone, Debug, Default)]
pub struct ComplexType {
    /// Child elements, in schema order.
    pub fields: Vec<Field>,
    /// Attributes.
    pub attributes: Vec<AttributeField>,
    /// The type of its text, for simple content.
    pub text: Option<TypeId>,
    /// True when any other element may come (`xs:any`).
    pub any: bool,
    /// True when any other attribute may come.
    pub any_attribute: bool,
    /// True when text may stand between the elements.
    pub mixed: bool,
    /// True when only derived types may come.
    pub is_abstract: bool,
    /// The type it derives from.
    pub base: Option<TypeId>,
    /// For an array of the SOAP encoding: `wsdl:arrayType` as it was written, name resolved.
    pub array_of: Option<QName>,
    by_local: HashMap<Arc<str>, Vec<u32>>,
}

impl ComplexType {
    pub(crate) fn index(&mut self) {
        self.by_local.clear();
        for (at, field) in self.fields.iter().enumerate() {
            self.by_local.entry(field.name.local.clone()).or_default().push(at as u32);
        }
    }

    /// The field of this name. The exact name first, then the same local name in another namespace (then the flag is
    /// false).
    pub fn field(&self, name: &QName) -> Option<(&Field, bool)> {
        let places = self.by_local.get(&name.local)?;
        let exact = places.iter().map(|at| &self.fields[*at as usize]).find(|f| f.name == *name);
        exact.map(|f| (f, true)).or_else(|| places.first().map(|at| (&self.fields[*at as usize], false)))
    }

    /// The field with this local name.
    pub fn field_named(&self, local: &str) -> Option<&Field> {
        self.by_local.get(local).and_then(|places| places.first()).map(|at| &self.fields[*at as usize])
    }

    /// The attribute with this name; the namespace is not insisted on.
    pub fn attribute(&self, name: &QName) -> Option<(&AttributeField, bool)> {
        let exact = self.attributes.iter().find(|a| a.name == *name).map(|a| (a, true));
        exact.or_else(|| self.attributes.iter().find(|a| a.name.local == name.local).map(|a| (a, false)))
    }

    /// The only field, when there is one and it repeats: the item of an array.
    pub fn only_item(&self) -> Option<&Field> {
        match self.fields.as_slice() {
            [item] if item.repeats && !self.any => Some(item),
            _ => None,
        }
    }
}

/// The shape of a type.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Text alone.
    Simple(SimpleType),
    /// Elements or attributes.
    Complex(ComplexType),
}

/// A type with its name, if it has one.
#[derive(Clone, Debug)]
pub struct Type {
    /// The name, for a type that stands at the top of a schema.
    pub name: Option<QName>,
    /// Its shape.
    pub shape: Shape,
}

/// An element at the top of a schema.
#[derive(Clone, Debug)]
pub struct ElementDeclaration {
    /// Its name.
    pub name: QName,
    /// Its type.
    pub of: TypeId,
    /// True when `xsi:nil` is allowed.
    pub nillable: bool,
}

/// Every type and element of a service.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(crate) types: Vec<Type>,
    pub(crate) named: HashMap<QName, TypeId>,
    pub(crate) elements: HashMap<QName, ElementDeclaration>,
    /// Member of a substitution group → its head.
    pub(crate) heads: HashMap<QName, QName>,
    pub(crate) builtins: HashMap<Builtin, TypeId>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self::new()
    }
}

const BUILTINS: [Builtin; 9] = [
    Builtin::AnyType,
    Builtin::String,
    Builtin::Boolean,
    Builtin::Integer,
    Builtin::Number,
    Builtin::DateTime,
    Builtin::Calendar,
    Builtin::Base64,
    Builtin::Hex,
];

impl Catalog {
    /// A catalog of the built-in types alone.
    pub fn new() -> Self {
        let mut catalog = Catalog {
            types: Vec::new(),
            named: HashMap::new(),
            elements: HashMap::new(),
            heads: HashMap::new(),
            builtins: HashMap::new(),
        };
        for builtin in BUILTINS {
            let shape = if builtin == Builtin::AnyType {
                let mut any =
                    ComplexType { any: true, any_attribute: true, mixed: true, ..ComplexType::default() };
                any.index();
                Shape::Complex(any)
            } else {
                Shape::Simple(SimpleType { builtin, list: false, values: Vec::new() })
            };
            let id = catalog.add(Type { name: None, shape });
            catalog.builtins.insert(builtin, id);
        }
        catalog
    }

    pub(crate) fn add(&mut self, of: Type) -> TypeId {
        self.types.push(of);
        TypeId(self.types.len() as u32 - 1)
    }

    /// A type by its id. An id of another catalog gives some type of this one.
    pub fn get(&self, id: TypeId) -> &Type {
        self.types.get(id.0 as usize).unwrap_or(&self.types[0])
    }

    /// The complex type with this id, if it is one.
    pub fn complex(&self, id: TypeId) -> Option<&ComplexType> {
        match &self.get(id).shape {
            Shape::Complex(complex) => Some(complex),
            Shape::Simple(_) => None,
        }
    }

    /// The simple type with this id, if it is one.
    pub fn simple(&self, id: TypeId) -> Option<&SimpleType> {
        match &self.get(id).shape {
            Shape::Simple(simple) => Some(simple),
            Shape::Complex(_) => None,
        }
    }

    /// A built-in type.
    pub fn builtin(&self, builtin: Builtin) -> TypeId {
        self.builtins.get(&builtin).copied().unwrap_or(TypeId(0))
    }

    /// True for `xs:anyType`.
    pub fn is_any(&self, id: TypeId) -> bool {
        id == self.builtin(Builtin::AnyType)
    }

    /// A type by its name; the built-in ones are known in every schema namespace.
    pub fn type_named(&self, name: &QName) -> Option<TypeId> {
        if let Some(id) = self.named.get(name) {
            return Some(*id);
        }
        super::schema::well_known(name).map(|builtin| self.builtin(builtin))
    }

    /// An element at the top of a schema.
    pub fn element(&self, name: &QName) -> Option<&ElementDeclaration> {
        self.elements.get(name)
    }

    /// The only element with this local name; `None` when there is none, or more than one.
    pub fn only_element_named(&self, local: &str) -> Option<&ElementDeclaration> {
        let mut same = self.elements.values().filter(|e| *e.name.local == *local);
        same.next().filter(|_| same.next().is_none())
    }

    /// The head of the substitution group that this element is a member of.
    pub fn head_of(&self, name: &QName) -> Option<&QName> {
        self.heads.get(name)
    }

    /// The types that derive from this one, directly or not: what an `xsi:type` may turn it into.
    pub fn derived_from(&self, base: TypeId) -> Vec<TypeId> {
        let mut found = Vec::new();
        for at in 0..self.types.len() as u32 {
            let mut next = self.complex(TypeId(at)).and_then(|c| c.base);
            for _ in 0..64 {
                let Some(up) = next else { break };
                if up == base {
                    found.push(TypeId(at));
                    break;
                }
                next = self.complex(up).and_then(|c| c.base);
            }
        }
        found
    }

    /// How many types and elements it holds, built-in ones left out.
    pub fn len(&self) -> usize {
        self.types.len() - BUILTINS.len() + self.elements.len()
    }

    /// True when there is nothing but the built-in types.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Follows a path of local names (`@name` for an attribute as the last step) from a type.
    ///
    /// # Errors
    /// The first step that the schema doesn't have, with the names that stand there instead.
    pub fn walk(&self, from: TypeId, path: &str) -> Result<Landing, Miss> {
        let mut at =
            Landing { of: from, repeats: false, lists: 0, nillable: false, required: true, open: false };
        for step in path.split('/').filter(|s| !s.is_empty()) {
            at = self
                .step(at, step)
                .ok_or_else(|| Miss { step: step.to_owned(), known: self.names_at(at.of) })?;
        }
        Ok(at)
    }

    fn step(&self, at: Landing, step: &str) -> Option<Landing> {
        let mut types = vec![at.of];
        types.extend(self.derived_from(at.of));
        for id in types {
            let Some(complex) = self.complex(id) else { continue };
            if let Some(name) = step.strip_prefix('@') {
                if let Some((found, _)) = complex.attribute(&QName::new("", name)) {
                    let (of, required) = (found.of, found.required);
                    return Some(Landing { of, repeats: false, required, ..at });
                }
            } else if step == "#text" && complex.text.is_some() {
                return Some(Landing { of: complex.text?, repeats: false, ..at });
            } else if let Some(field) = complex.field_named(step) {
                return Some(Landing {
                    of: field.of,
                    repeats: field.repeats,
                    lists: at.lists + u32::from(field.repeats),
                    nillable: field.nillable,
                    required: field.min > 0,
                    open: false,
                });
            }
            if complex.any {
                return Some(Landing { of: self.builtin(Builtin::AnyType), open: true, repeats: true, ..at });
            }
        }
        None
    }

    /// The names that may follow at a type: elements, then attributes with `@`.
    pub fn names_at(&self, id: TypeId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut types = vec![id];
        types.extend(self.derived_from(id));
        for complex in types.into_iter().filter_map(|id| self.complex(id)) {
            for name in complex
                .fields
                .iter()
                .map(|f| f.name.local.to_string())
                .chain(complex.attributes.iter().map(|a| format!("@{}", a.name.local)))
            {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landing {
    /// The type there.
    pub of: TypeId,
    /// True when the last step may come more than once.
    pub repeats: bool,
    /// How many steps of the path may.
    pub lists: u32,
    /// True when the last step may be nil.
    pub nillable: bool,
    /// True when the last step must come.
    pub required: bool,
    /// True when the schema allows anything there (`xs:any`), so that nothing was proved.
    pub open: bool,
}

/// A path that leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// The step that isn't there.
    pub step: String,
    /// What is there instead.
    pub known: Vec<String>,
}
