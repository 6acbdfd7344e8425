//! What a run remembers: the stage and the ledger, as traits.

mod ledger;
mod stage;

pub use ledger::{
    Approval, Batch, BatchKind, BatchState, Ledger, Member, MemberState, PlanHead, PlanPage, PlanRow,
    Proposed, Quarantined, Tally, Verified,
};
pub use stage::{BadRecord, Page, PageCount, Stage, Staged};
