//! The engine over the in-memory pair and SQLite.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crash;
mod desk;
mod extract;
mod guards;
mod handing_over;
mod knowledge;
mod lifecycle;
mod looking;
mod pages;
mod quarantine;
mod reviewing;
