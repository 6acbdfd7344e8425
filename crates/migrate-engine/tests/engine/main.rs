//! The engine over the in-memory pair and SQLite.

#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod approvals;
mod crash;
mod desk;
mod extract;
mod guards;
mod knowledge;
mod lifecycle;
mod passes;
mod quarantine;
mod waves;
