//! What a run remembers: the stage and the ledger, as traits.

mod ledger;
mod stage;

#[cfg(feature = "sqlite")]
mod sqlite;

pub use ledger::{
    Approval, Batch, BatchKind, BatchState, Ledger, Member, MemberState, PlanHead, PlanPage, PlanRow,
    Proposed, Quarantined, Tally, Verified,
};
pub use stage::{BadRecord, Page, PageCount, Stage, Staged};
pub(crate) use stage::{parent_of, thread};

#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
