//! The whole line over real sockets, against the stand-ins: what it promises, and how it ends when something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]

mod acknowledging;
mod bad_input;
mod bench;
mod cases;
mod demo;
mod departures;
mod estimate;
mod halves;
mod handing_over;
mod interrupted;
mod killed;
mod lost_answers;
mod matched_people;
mod other_runs;
mod pages;
mod pilot;
mod rollback;
mod second_load;
mod secrecy;
mod shortfalls;
mod stale;
mod tracing_back;
mod verify;
mod waves;
mod wire;
mod zones;
