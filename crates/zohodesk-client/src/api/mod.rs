//! Desk's objects, one file each: requests as pure functions, answers as types.
//!
//! Every function takes an [`Endpoint`](crate::Endpoint) and gives an [`Ask`](crate::Ask); the handles that
//! [`Client`](crate::Client) returns (`client.tickets()`) only add the sending. Types that are read keep fields this
//! version has no name for in `extra`; types that are written can hold only what the API takes, since one key more is
//! refused with 422.

pub mod accounts;
pub mod agents;
pub mod articles;
pub mod attachments;
pub mod categories;
pub mod comments;
pub mod contacts;
pub mod departments;
pub mod fields;
pub mod layouts;
pub mod mass;
pub mod me;
pub mod organizations;
pub mod recycle_bin;
pub mod search;
pub mod sections;
#[cfg(feature = "sending")]
pub mod sending;
pub mod teams;
pub mod template_folders;
pub mod templates;
pub mod threads;
pub mod tickets;
pub mod uploads;

pub use accounts::{Account, AccountQuery, AccountSearch, AccountUpdate, Accounts, NewAccount};
pub use agents::{Agent, AgentQuery, Agents};
pub use articles::{Article, ArticleQuery, ArticleUpdate, Articles, NewArticle};
pub use attachments::{Attachment, Attachments};
pub use categories::{Categories, NewRootCategory, RootCategory};
pub use comments::{Comment, Comments, NewComment};
pub use contacts::{Contact, ContactQuery, ContactSearch, ContactUpdate, Contacts, NewContact};
pub use departments::{Department, DepartmentQuery, Departments, NewDepartment};
pub use fields::{FieldDefinition, FieldDefinitions, NewField};
pub use layouts::{
    Layout, LayoutField, LayoutFieldUpdate, LayoutQuery, LayoutSection, LayoutUpdate, Layouts,
};
pub use mass::MassResult;
pub use me::MyInfo;
pub use organizations::{Organization, Organizations};
pub use recycle_bin::{RecycleBin, RecycleBinQuery, Trashed};
pub use sections::{NewSection, Section, Sections};
#[cfg(feature = "sending")]
pub use sending::{NewReply, Sending};
pub use teams::{NewTeam, Successors, Team, Teams};
pub use template_folders::{FolderAccess, NewTemplateFolder, TemplateFolder, TemplateFolders};
pub use templates::{NewTemplate, Template, TemplateQuery, TemplateUpdate, Templates};
pub use threads::{Conversation, Thread, Threads};
pub use tickets::{NewTicket, Ticket, TicketQuery, TicketSearch, TicketUpdate, Tickets};
pub use uploads::{Upload, Uploads};
