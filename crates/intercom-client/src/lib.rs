#![doc = include_str!("../README.md")]

pub mod api;
mod client;
mod config;
mod endpoint;
mod error;
mod id;
mod inspect;
mod page;
#[cfg(feature = "sink")]
pub mod sink;
mod wire;

pub use client::{Client, Pending};
pub use config::{Config, Region, VERSION};
pub use endpoint::{Ask, Endpoint};
pub use error::{Holder, IntercomError, IntercomErrors};
pub use id::{
    AdminId, ArticleId, BrandId, CollectionId, CompanyId, ContactId, ConversationAttributeId, ConversationId,
    DataAttributeId, EmailId, ExceptionId, HelpCenterId, InternalArticleId, JobId, MacroId, MessageId,
    NoteId, OfficeHoursId, OptionId, PartId, RedirectId, TagId, TeamId, TicketAttributeId, TicketId,
    TicketStateId, TicketTypeId,
};
pub use inspect::{Finding, Grant, Inspection};
pub use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
pub use page::{All, Cursor, MOST_PAGES, Page};
#[cfg(feature = "sink")]
pub use sink::{IntercomSink, SinkOptions};
pub use wire::Fields;
