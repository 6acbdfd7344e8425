#![doc = include_str!("../README.md")]

pub mod api;
pub mod auth;
mod client;
mod config;
#[cfg(feature = "sink")]
mod content;
mod credits;
mod endpoint;
mod error;
#[cfg(feature = "sink")]
mod field;
#[cfg(feature = "sink")]
mod header;
#[cfg(feature = "sink")]
mod html;
mod id;
mod page;
#[cfg(feature = "sink")]
mod request;
mod scopes;
#[cfg(feature = "sink")]
mod settings;
#[cfg(feature = "sink")]
mod shape;
#[cfg(feature = "sink")]
mod ticket;
#[cfg(feature = "sink")]
mod vocabulary;
mod wire;

pub use client::{Builder, Client, Pending};
pub use config::{Config, DataCenter};
pub use connector_http::AdaptingSettings;
pub use credits::{Allowance, CreditSettings, Credits};
pub use endpoint::{Ask, Endpoint};
pub use error::{FieldError, ZohoDeskError, ZohoDeskErrors};
#[cfg(feature = "sink")]
pub use html::{break_mentions, clean, split};
pub use id::{
    AccountId, AgentId, ArticleId, AttachmentId, CategoryId, CommentId, ContactId, DepartmentId, FieldId,
    FolderId, LayoutId, LayoutSectionId, OrgId, ProductId, RoleId, TeamId, TemplateId, ThreadId, TicketId,
    UploadId,
};
pub use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
pub use page::{All, At, MOST_PAGES, Page, Paging, Row};
#[cfg(feature = "sink")]
pub use request::{Method, Request};
pub use scopes::{ALL_SCOPES, scopes};
#[cfg(feature = "sink")]
pub use settings::Settings;
#[cfg(feature = "sink")]
pub use vocabulary::Vocabulary;
pub use wire::Fields;
