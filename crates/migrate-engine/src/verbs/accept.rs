//! Accepting what `verify` found: a named person says that a record may stay as it is at the destination.

use super::verify::{OBJECT, VerifyReport};
use crate::store::Approval;
use crate::{Ctx, Failure, Run};
use jiff::Timestamp;
use mapping_core::{Error, Result as CoreResult, SourceRef};
use serde::{Deserialize, Serialize};

/// That a record's differences are accepted. It holds for the object as it was seen and the draft it was compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acceptance {
    /// The record.
    pub record: SourceRef,
    /// By whom.
    pub by: String,
    /// Why, in the person's words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
    /// Digest of the object as `verify` read it; empty when it wasn't there.
    pub seen: String,
    /// Digest of the draft it was compared with.
    pub draft: String,
}

fn name_of(record: &SourceRef) -> String {
    format!("accepted {record}")
}

/// Keeps that somebody accepts the differences that the last `verify` found in a record.
///
/// # Errors
/// `Usage` for a name or a reason that is missing, and for a record in which `verify` found no difference.
pub async fn accept(
    run: &Run,
    record: &SourceRef,
    reason: &str,
    by: &str,
    ctx: &Ctx<'_>,
) -> Result<Acceptance, Failure> {
    let (reason, by) = (reason.trim(), by.trim());
    if reason.is_empty() || by.is_empty() {
        return Err(Failure::usage("accepting a difference needs a reason and the name of a person"));
    }
    let ledger = run.ledger();
    let report: Option<VerifyReport> = run.read_json("reports/verify.json")?;
    let gone = report.is_some_and(|r| r.differences.iter().any(|d| d.record == *record && d.field == OBJECT));
    let verified = ledger.verified(record)?.filter(|seen| seen.different > 0 && !gone);
    let different = verified.is_some() || gone;
    let row = ledger.membership(record)?.map(|_| ledger.plan_row(record)).transpose()?.flatten();
    let Some(row) = row.filter(|_| different) else {
        return Err(
            Failure::usage("`verify` found no difference in this record").details([record.to_string()])
        );
    };
    let acceptance = Acceptance {
        record: record.clone(),
        by: by.to_owned(),
        reason: reason.to_owned(),
        at: ctx.timer.now(),
        seen: verified.map(|seen| seen.digest).unwrap_or_default(),
        draft: row.digest,
    };
    let json = serde_json::to_string(&acceptance)
        .map_err(|e| Error::bug("an acceptance can't be written as JSON").with_source(e))?;
    ledger.set_value(&name_of(record), &json).await?;
    let what = format!("differences of {record} accepted: {reason}");
    let (hash, who, at) = (acceptance.seen.clone(), by.to_owned(), acceptance.at);
    ledger.approve(Approval { what, hash, who, at }).await?;
    Ok(acceptance)
}

/// The acceptance of a record's differences, if it was given for the object as it is now and this draft.
pub(crate) fn accepted(
    run: &Run,
    record: &SourceRef,
    seen: &str,
    draft: &str,
) -> CoreResult<Option<Acceptance>> {
    let kept = run.ledger().value(&name_of(record))?;
    let kept: Option<Acceptance> = kept.and_then(|json| serde_json::from_str(&json).ok());
    Ok(kept.filter(|a| a.seen == seen && a.draft == draft))
}
