#![doc = include_str!("../README.md")]

mod config;
mod content;
mod field;
mod header;
mod html;
mod request;
mod shape;
mod ticket;
mod vocabulary;

pub use config::Settings;
pub use html::{break_mentions, clean, split};
pub use request::{Method, Request};
pub use vocabulary::Vocabulary;
