//! WSDL 1.1 and XML Schema, read at run time.
//!
//! [`load`] reads a description with everything it imports through a [`Loader`]; [`Assembly`] does the same without
//! I/O. A description with a flaw is still read: what is wrong is listed in [`Wsdl::problems`], and an operation that
//! can't be used says why in [`Operation::unusable`].

mod catalog;
mod definitions;
mod loader;
pub(crate) mod schema;

pub use crate::xml::{QName, ns};
pub use catalog::{
    AttributeField, Builtin, Catalog, ComplexType, ElementDeclaration, Field, Landing, Miss, Shape,
    SimpleType, Type, TypeId,
};
pub use definitions::{Operation, Payload, Port, Problem, Service, SoapVersion, Wsdl};
pub use loader::{Assembly, FileLoader, Loader, MemoryLoader, WsdlLimits, load};
