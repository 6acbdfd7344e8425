//! XML as it arrives: bytes are pushed in, resolved events come out, nothing is held longer than one token.

mod encoding;
mod name;
mod parser;
mod scanner;
mod tree;

pub(crate) use name::{DEFAULT_INTERNED, Interner};
pub use name::{QName, ns};
pub(crate) use parser::{Attribute, Event, Open, Parser, ParserOptions, legal};
pub(crate) use scanner::DoctypePolicy;
pub(crate) use tree::{Element, parse_tree};
