//! The engine over the in-memory pair and SQLite.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approvals;
mod crash;
mod desk;
mod extract;
mod guards;
mod handing_over;
mod knowledge;
mod lifecycle;
mod links;
mod looking;
mod pages;
mod passes;
mod proof;
mod quarantine;
mod reviewing;
mod waves;
