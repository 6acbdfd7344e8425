//! What a run remembers: the stage and the ledger, as traits.

mod ledger;
mod memory;
mod stage;

#[cfg(feature = "sqlite")]
mod sqlite;

use jiff::Timestamp;
pub use ledger::{
    Approval, Batch, BatchKind, BatchState, Ledger, Member, MemberState, PassCost, PlanHead, PlanPage,
    PlanRow, Proposed, Quarantined, Tally, TraitTally, Verified,
};
pub use memory::Memory;
pub(crate) use stage::thread;
pub use stage::{BadRecord, Page, PageCount, Stage, Staged};

#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;

/// The most paths of unknown elements that a stage keeps; what comes after is counted under [`OTHER_PATHS`].
const MOST_PATHS: usize = 1_000;
const OTHER_PATHS: &str = "…";
/// The most remarks that a stage keeps: a source may have one for every ticket, and reports hold them all.
const MOST_NOTES: usize = 10_000;
const OTHER_NOTES: &str = "there were more remarks, which are left out";

/// The traits that sums are kept by, beside the month.
const SUMMED: [&str; 3] = ["channel", "queue", "status"];

/// What a ticket of a plan is counted by after each phase: its channel, queue and status, and the month it is from (UTC).
pub(crate) fn summed_traits(strata: &[String], at: Option<Timestamp>) -> Vec<String> {
    if strata.is_empty() {
        return Vec::new();
    }
    let of_row = |name: &str| {
        let have = strata.iter().find(|s| s.strip_prefix(name).is_some_and(|rest| rest.starts_with('=')));
        have.cloned().unwrap_or_else(|| format!("{name}=none"))
    };
    let month = at.map_or_else(|| "none".to_owned(), |at| at.strftime("%Y-%m").to_string());
    SUMMED.into_iter().map(of_row).chain([format!("month={month}")]).collect()
}

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

#[cfg(test)]
mod tests {
    use super::*;

    async fn many_remarks(stage: &dyn Stage) {
        for page in 0..3 {
            let notes =
                (0..5_000).map(|n| format!("ticket {page}-{n}: 3 messages declared, 2 came")).collect();
            let unmapped = (0..600).map(|n| (format!("tickets/field_{page}_{n}"), 2)).collect();
            let page = Page { kind: "ticket".into(), notes, unmapped, ..Page::default() };
            stage.end_page(page).await.unwrap();
        }
        let (notes, unmapped) = (stage.notes().unwrap(), stage.unmapped().unwrap());
        assert_eq!((notes.len(), notes[MOST_NOTES].as_str()), (MOST_NOTES + 1, OTHER_NOTES));
        assert_eq!((unmapped.len(), unmapped[OTHER_PATHS]), (MOST_PATHS + 1, 1_600));
    }

    #[tokio::test]
    async fn remarks_that_grow_with_the_data_are_kept_within_a_bound() {
        many_remarks(&Memory::new()).await;
        #[cfg(feature = "sqlite")]
        {
            let dir = tempfile::tempdir().unwrap();
            many_remarks(&Sqlite::open(&dir.path().join("run.db")).unwrap()).await;
        }
    }
}
