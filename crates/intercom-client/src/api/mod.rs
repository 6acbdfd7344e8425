//! Intercom's objects, one file each: requests as pure functions, answers as types.
//!
//! Every function takes an [`Endpoint`](crate::Endpoint) and gives an [`Ask`](crate::Ask); the handles that
//! [`Client`](crate::Client) returns (`client.contacts()`) only add the sending. Types that are read keep fields this
//! version has no name for in `extra`; types that are written can hold only what the API takes.

pub mod admins;
pub mod contacts;
pub mod conversation_attributes;
pub mod conversations;
pub mod data_attributes;
pub mod me;
#[cfg(feature = "sending")]
pub mod messages;
pub mod search;
pub mod tags;
pub mod teams;

pub use admins::{Admin, Admins};
pub use contacts::{Contact, ContactUpdate, Contacts, NewContact};
pub use conversation_attributes::{
    AttributeOption, ConversationAttribute, ConversationAttributes, NewConversationAttribute,
};
pub use conversations::{
    AdminReply, ContactReply, Conversation, ConversationPart, ConversationUpdate, Conversations, Message,
    NewConversation, PartAction,
};
pub use data_attributes::{DataAttribute, DataAttributes, NewDataAttribute};
pub use me::{App, Me};
#[cfg(feature = "sending")]
pub use messages::Messages;
pub use search::Query;
pub use tags::{Tag, Tags};
pub use teams::{Team, Teams};
