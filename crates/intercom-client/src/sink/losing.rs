//! Collects what shaping loses and relies on.

use mapping_core::{Draft, Loss, LossRule, Shaped, SourceRef};
use std::collections::BTreeSet;

/// Losses and catalog entries of one draft, while it is being shaped.
pub(super) struct Losing {
    record: SourceRef,
    losses: Vec<Loss>,
    relies_on: BTreeSet<String>,
}

impl Losing {
    pub(super) fn of(draft: &Draft) -> Self {
        Losing { record: draft.source.clone(), losses: Vec::new(), relies_on: BTreeSet::new() }
    }
    pub(super) fn lose(&mut self, field: &str, rule: LossRule, why: &str) {
        self.losses.push(Loss::new(self.record.clone(), field, rule, why));
    }
    pub(super) fn values(&mut self, field: &str, rule: LossRule, why: &str, before: &str, after: &str) {
        self.losses.push(Loss::new(self.record.clone(), field, rule, why).values(before, after));
    }
    pub(super) fn relies_on(&mut self, key: String) {
        self.relies_on.insert(key);
    }
    /// The text, no longer than `most` characters; what was cut is a loss.
    pub(super) fn cut(&mut self, field: &str, text: String, most: usize, why: &str) -> String {
        let Some((end, _)) = text.char_indices().nth(most) else { return text };
        let short = text[..end].to_owned();
        self.values(field, LossRule::Cut, why, &text, &short);
        short
    }
    pub(super) fn done(self, draft: Draft) -> Shaped {
        Shaped { draft, losses: self.losses, relies_on: self.relies_on }
    }
}
