#![doc = include_str!("../README.md")]

pub mod api;
mod client;
mod config;
mod endpoint;
mod error;
mod id;
mod page;
#[cfg(feature = "sink")]
pub mod sink;
mod wire;

pub use client::{Client, Pending};
pub use config::{Config, Region, VERSION};
pub use endpoint::{Ask, Endpoint};
pub use error::IntercomErrors;
pub use id::{
    AdminId, ContactId, ConversationAttributeId, ConversationId, DataAttributeId, MessageId, OptionId,
    PartId, TagId, TeamId,
};
pub use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
pub use page::{All, Cursor, Page};
#[cfg(feature = "sink")]
pub use sink::{IntercomSink, SinkOptions};
pub use wire::Fields;
