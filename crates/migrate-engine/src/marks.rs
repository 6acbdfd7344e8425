//! The guard against a second load: what other loads have marked at the destination.

use crate::store::BatchKind;
use crate::{Failure, Run};
use mapping_core::{Catalog, Marked, RemoteRef, Sink, SourceRef};
use std::collections::BTreeSet;

/// Marks that carry records and that no batch of this ledger made.
pub(crate) async fn foreign(run: &Run, sink: &dyn Sink, there: &Catalog) -> Result<Vec<Marked>, Failure> {
    let marked = sink.marked(there).await?;
    if marked.iter().all(|m| m.records == 0) {
        return Ok(Vec::new());
    }
    let ours = ours(run, sink)?;
    Ok(marked.into_iter().filter(|m| m.records > 0 && !ours.contains(&m.mark)).collect())
}

/// The marks that batches of this ledger have made and not taken back.
fn ours(run: &Run, sink: &dyn Sink) -> Result<BTreeSet<RemoteRef>, Failure> {
    let batches = run.ledger().batches()?.into_iter().filter(|b| b.kind != BatchKind::Schema);
    let names: Vec<SourceRef> = batches.filter_map(|b| Some(sink.batch_mark(&b.label)?.source)).collect();
    Ok(run.ledger().targets(&names)?.into_values().collect())
}

/// What a person needs to know of another load.
pub(crate) fn told(marked: &[Marked]) -> Vec<String> {
    let one = |m: &Marked| {
        let example = m.example.as_ref().map(|e| format!(", for example {e}")).unwrap_or_default();
        format!(
            "{} records carry «{}» ({}{example}), which this run directory didn't make",
            m.records, m.label, m.mark
        )
    };
    marked.iter().map(one).collect()
}
