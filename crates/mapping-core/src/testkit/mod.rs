//! Proof for sources and sinks: an in-memory pair, a device that plants crashes and faults, and the suites that every
//! [`Source`](crate::Source) and every [`Sink`](crate::Sink) must pass.
//!
//! A sink is proved in three steps:
//!
//! 1. Write a [`Rig`]: it makes fresh [`World`]s (a server in its start state, whose every call goes through a
//!    [`Wire`]), says which drafts to load, and judges the server's content.
//! 2. Let the server, or the adapter in front of it, call [`Wire::before`] before a call is let through and
//!    [`Wire::after`] when it has landed and its answer is on the way.
//! 3. Run the suites: [`crash_at_every_boundary`], [`two_crashes`], [`lost_and_refused_answers`], [`search_lag`],
//!    [`twins`], [`rollback_reaches_the_start_state`], [`rollback_killed_at_every_boundary`],
//!    [`delta_writes_only_what_changed`], [`nothing_changed_writes_nothing`], [`sink_conformance`].
//!
//! Time is virtual: no suite waits. Suites don't panic; they return what they did, or a sentence about the first thing
//! that was wrong.
//!
//! What they do not show: that the stand-in behaves as the platform does. They run one record after the other, so two
//! calls are never in flight at once; the locks are proved through unsettled steps.

mod bench;
mod clock;
mod conformance;
mod files;
mod ledger;
mod memory_rig;
mod memory_server;
mod memory_sink;
mod memory_source;
mod rig;
mod sources;
mod suites;
mod watched;
mod wire;

pub use bench::{Bench, Ran, Settled, delta, rollback, run};
pub use clock::VirtualClock;
pub use conformance::sink_conformance;
pub use files::MemoryBlobs;
pub use ledger::{FaultJournal, TestLedger};
pub use memory_rig::MemoryRig;
pub use memory_server::{MemoryObject, MemoryPart, MemoryServer};
pub use memory_sink::MemorySink;
pub use memory_source::MemorySource;
pub use rig::{Changed, Phases, Rig, SuiteReport, Verdict, World};
pub use sources::{SourceRig, source_conformance};
pub use suites::{
    crash_at_every_boundary, delta_writes_only_what_changed, lost_and_refused_answers,
    nothing_changed_writes_nothing, rollback_killed_at_every_boundary, rollback_reaches_the_start_state,
    search_lag, twins, two_crashes,
};
pub use watched::{Seen, Watched};
pub use wire::{Counts, Touch, Wire};
