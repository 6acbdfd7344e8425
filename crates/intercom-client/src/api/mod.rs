//! Intercom's objects, one file each: requests as pure functions, answers as types.
//!
//! Every function takes an [`Endpoint`](crate::Endpoint) and gives an [`Ask`](crate::Ask); the handles that
//! [`Client`](crate::Client) returns (`client.contacts()`) only add the sending. Types that are read keep fields this
//! version has no name for in `extra`; types that are written can hold only what the API takes.

pub mod admins;
pub mod articles;
pub mod brands;
pub mod collections;
pub mod companies;
pub mod contacts;
pub mod content;
pub mod conversation_attributes;
pub mod conversations;
pub mod data_attributes;
pub mod emails;
pub mod help_centers;
pub mod internal_articles;
pub mod jobs;
pub mod macros;
pub mod me;
#[cfg(feature = "sending")]
pub mod messages;
pub mod notes;
pub mod office_hours;
pub mod search;
pub mod tags;
pub mod teams;
pub mod ticket_types;
pub mod tickets;

pub use admins::{Admin, Admins};
pub use articles::{Article, ArticleContent, ArticleState, ArticleUpdate, Articles, NewArticle, Translation};
pub use brands::{Brand, Brands};
pub use collections::{Collection, CollectionUpdate, Collections, NewCollection};
pub use companies::{Companies, Company, CompanyUpdate, NewCompany};
pub use contacts::{Contact, ContactUpdate, Contacts, Merged, NewContact};
pub use content::{Content, ContentQuery, Contents};
pub use conversation_attributes::{
    AttributeOption, ConversationAttribute, ConversationAttributeUpdate, ConversationAttributes,
    NewConversationAttribute,
};
pub use conversations::{
    AdminReply, ContactReply, Conversation, ConversationPart, ConversationUpdate, Conversations,
    DeletedConversation, Message, NewConversation, PartAction,
};
pub use data_attributes::{DataAttribute, DataAttributes, Model, NewDataAttribute};
pub use emails::{EmailSetting, Emails};
pub use help_centers::{HelpCenter, HelpCenters, Redirect, RedirectTarget};
pub use internal_articles::{InternalArticle, InternalArticleUpdate, InternalArticles, NewInternalArticle};
pub use jobs::{Job, JobStatus, Jobs};
pub use macros::{Macro, Macros};
pub use me::{App, Me};
#[cfg(feature = "sending")]
pub use messages::Messages;
pub use notes::{Note, NoteAuthor, Notes};
pub use office_hours::{
    Interval, NewException, NewOfficeHours, OfficeHours, OfficeHoursException, OfficeHoursSchedules,
    OfficeHoursUpdate,
};
pub use search::Query;
pub use tags::{Tag, Tags};
pub use teams::{Team, Teams};
pub use ticket_types::{
    ListItem, NewTicketAttribute, NewTicketType, TicketAttribute, TicketCategory, TicketState, TicketType,
    TicketTypeUpdate, TicketTypes,
};
pub use tickets::{NewTicket, Ticket, TicketParts, TicketUpdate, Tickets};
