//! What was there before: which of its fields are filled, which it keeps, and what goes back.

use super::fields::{shown, wire};
use mapping_core::{Call, Draft, Entry, Loss, LossRule, Made, Private, Receipt, RemoteRef, Value};
use std::collections::BTreeMap;

/// The output of a receipt that names the fields that an object keeps as they were; comparing leaves them out.
pub(super) const KEPT: &str = "kept";

pub(super) fn is_matched(call: &Call<'_>) -> bool {
    call.so_far.receipts().any(|(_, r)| matches!(r.made, Made::Matched(_)))
}

/// What an update did. Of something that was there before it also says which fields it keeps, each a loss. `have` is what
/// it holds now, where that is known.
pub(super) fn adopted(
    call: &Call<'_>,
    remote: RemoteRef,
    have: Option<&BTreeMap<String, Value>>,
    why: &str,
) -> Receipt {
    let receipt = match call.prepared.before.is_empty() {
        true => Receipt::new(Made::Matched(remote)),
        false => Receipt::new(Made::Changed(remote)),
    };
    let kept = match have {
        Some(have) => kept(call.draft, have, &BTreeMap::new()),
        None => call.prepared.notes.get(KEPT).cloned(),
    };
    let Some(kept) = kept.filter(|_| is_matched(call)) else { return receipt };
    let receipt = kept.split(',').filter(|field| *field != "role").fold(receipt, |receipt, field| {
        let mut loss = Loss::new(call.draft.source.clone(), field, LossRule::Dropped, why);
        loss.before = Some(Private::from(shown(call.draft.field(field))));
        loss.after = have.map(|have| Private::from(have.get(field).map(shown).unwrap_or_default()));
        receipt.loss(loss)
    });
    receipt.output(KEPT, kept)
}

/// The fields in which it has a value of its own and which aren't written, parted by commas. Links are steps of their
/// own.
pub(super) fn kept(
    draft: &Draft,
    have: &BTreeMap<String, Value>,
    written: &BTreeMap<String, Value>,
) -> Option<String> {
    let theirs = |(field, value): &(&String, &Value)| {
        value.as_link().is_none()
            && !written.contains_key(*field)
            && !same(have.get(*field).unwrap_or(&Value::Null), value)
    };
    let fields: Vec<&str> = draft.fields.iter().filter(theirs).map(|(field, _)| field.as_str()).collect();
    (!fields.is_empty()).then(|| fields.join(","))
}

/// The values before our first write of each field by one of these steps.
pub(super) fn prior_values(call: &Call<'_>, ops: [&str; 2]) -> BTreeMap<String, Value> {
    let mut prior = BTreeMap::new();
    let ours = |e: &&Entry| ops.contains(&&*e.step.op);
    for entry in call.so_far.entries.iter().filter(ours) {
        for (field, value) in &entry.prepared.before {
            prior.entry(field.clone()).or_insert_with(|| value.clone());
        }
    }
    prior
}

pub(super) fn is_blank(value: &Value) -> bool {
    value.is_empty() || value.as_str().is_some_and(|s| s.trim().is_empty())
}

pub(super) fn same(a: &Value, b: &Value) -> bool {
    is_blank(a) && is_blank(b) || wire(a) == wire(b)
}
