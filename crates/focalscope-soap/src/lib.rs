#![doc = include_str!("../README.md")]

pub mod soap;
pub mod wsdl;
mod xml;
