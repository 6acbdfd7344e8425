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
