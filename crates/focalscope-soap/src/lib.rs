#![cfg_attr(feature = "focalscope", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "focalscope"),
    doc = "A SOAP client driven by the WSDL it finds at run time. See the README."
)]

pub mod soap;
pub mod wsdl;
mod xml;

#[cfg(feature = "http")]
mod client;
#[cfg(feature = "http")]
mod error;
#[cfg(feature = "http")]
pub use client::{
    Call, Capture, FaultRules, HeaderAuth, Incoming, Login, SoapAnswers, SoapClient, load_wsdl,
};

#[cfg(feature = "focalscope")]
mod config;
#[cfg(feature = "focalscope")]
mod doctor;
#[cfg(feature = "focalscope")]
pub mod profile;
#[cfg(feature = "focalscope")]
mod source;
#[cfg(feature = "focalscope")]
pub use {
    config::Config,
    doctor::{Finding, Severity, doctor},
    profile::Profile,
    source::{FocalScope, Reached},
};
