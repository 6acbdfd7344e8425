//! What a run remembers: the stage and the ledger, as traits.

mod ledger;
mod memory;
mod stage;

#[cfg(feature = "sqlite")]
mod sqlite;

pub use ledger::{
    Approval, Batch, BatchKind, BatchState, Ledger, Member, MemberState, PlanHead, PlanPage, PlanRow,
    Proposed, Quarantined, Tally, Verified,
};
pub use memory::Memory;
pub(crate) use stage::thread;
pub use stage::{BadRecord, Page, PageCount, Stage, Staged};

#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// `parts[m-17].body` as `parts[].body`: so that losses of one sort are counted together.
fn loss_place(field: &str) -> String {
    match (field.find('['), field.find(']')) {
        (Some(open), Some(close)) if open < close => format!("{}{}", &field[..=open], &field[close..]),
        _ => field.to_owned(),
    }
}

/// A reason without what an error says in brackets: a request id differs each time.
fn loss_reason(why: &str) -> &str {
    why.split(" (").next().unwrap_or_default()
}
