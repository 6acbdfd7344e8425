//! What the programs of this crate share: how they show what happens, and how they end.
//!
//! The programs themselves are thin: each verb is a function of [`migrate_engine`], the program connects the two sides
//! and prints.

pub mod args;
pub mod explained;
pub mod focalscope_to_intercom;
pub mod machine;
pub mod show;
pub mod verbs;
