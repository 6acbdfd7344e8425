#![doc = include_str!("../README.md")]

pub mod soap;
pub mod wsdl;
mod xml;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
pub use client::{Call, FaultRules, HeaderAuth, Incoming, Login, SoapAnswers, SoapClient, load_wsdl};

#[cfg(feature = "focalscope")]
mod config;
#[cfg(feature = "focalscope")]
pub mod profile;
#[cfg(feature = "focalscope")]
pub use {config::Config, profile::Profile};
