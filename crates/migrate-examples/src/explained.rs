//! What the tool says it lost or held back, told to the sandbox's judge.

use migrate_engine::{Failure, Run};
use migrate_sandbox::judge::Explained;

/// The tool's own lists of losses and of the quarantine, in the judge's form.
///
/// # Errors
/// The ledger can't be read.
pub fn explained(run: &Run) -> Result<Vec<Explained>, Failure> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let page = run.ledger().losses(after, 1000)?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        all.extend(page.into_iter().map(|(_, loss)| Explained {
            kind: loss.record.kind.to_string(),
            id: loss.record.id,
            field: Some(loss.field),
            rule: format!("{:?}", loss.rule),
        }));
    }
    let quarantined = run.ledger().quarantined(usize::MAX)?;
    all.extend(quarantined.into_iter().map(|q| Explained {
        kind: q.record.kind.to_string(),
        id: q.record.id,
        field: None,
        rule: format!("quarantine: {}", q.phase),
    }));
    Ok(all)
}
