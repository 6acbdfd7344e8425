//! Trees of records that have a parent of their own kind, as trees of few levels.

use super::Observations;
use super::fields::Evaluation;
use super::path::Leaf;
use super::plan::Tree;
use crate::model::KbCategoryId;
use crate::{Draft, Link, LossRule, SourceRef, Value};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// Everything a category is in, from the top, itself not in it; and whether a cycle was cut at it or above it.
///
/// A cycle is cut at its least id, which becomes the top of what was in the cycle.
pub(super) fn above(seen: &Observations, id: &KbCategoryId) -> (Vec<KbCategoryId>, bool) {
    let parent = |id: &KbCategoryId| {
        let parent = seen.kb_categories.get(id)?.parent.clone()?;
        seen.kb_categories.contains_key(&parent).then_some(parent)
    };
    let (mut chain, mut met) = (vec![id.clone()], BTreeSet::from([id.clone()]));
    while let Some(next) = chain.last().and_then(&parent) {
        if met.insert(next.clone()) {
            chain.push(next);
            continue;
        }
        // What is in the cycle lies at the end of the chain, from where it was met first.
        let from = chain.iter().position(|c| *c == next).unwrap_or(0);
        let top = chain
            .iter()
            .enumerate()
            .skip(from)
            .min_by_key(|(_, c)| (c.0.len(), (*c).clone()))
            .map(|(i, _)| i);
        let top = top.unwrap_or(from);
        chain.truncate(top + 1);
        chain.reverse();
        chain.pop();
        return (chain, true);
    }
    chain.reverse();
    chain.pop();
    (chain, false)
}

/// Links a record to its parent, as deep as the destination's tree goes.
pub(super) fn place(
    tree: &Tree,
    seen: &Observations,
    id: &KbCategoryId,
    json: &Json,
    draft: &mut Draft,
    evaluation: &mut Evaluation<'_>,
) {
    let said = tree.parent.find(json).first().map(Leaf::as_text);
    let (above, cut) = above(seen, id);
    let field = tree.link.as_str();
    match (said, above.last()) {
        (Some(said), None) if cut => {
            let why = "a category is inside itself; the cycle is cut here";
            evaluation.lose(field, LossRule::Dropped, why, said, String::new());
        }
        (Some(said), None) => {
            let why = "the source has no such record; it stands at the top";
            evaluation.lose(field, LossRule::Dropped, why, said, String::new());
        }
        _ => {}
    }
    // With `depth` levels a record has at most `depth - 1` above it.
    let kept = above.len().min(tree.depth.saturating_sub(1));
    let (links, names) = above.split_at(kept);
    if let Some(parent) = links.last() {
        draft.fields.insert(tree.link.clone(), Value::Link(Link::Source(parent.source_ref())));
    }
    if !names.is_empty() {
        let own = draft.text(&tree.name).to_owned();
        let titles = names.iter().map(|n| title(seen, n)).chain([own.clone()]);
        let whole = titles.collect::<Vec<_>>().join(&tree.separator);
        let why = format!("deeper than {} levels; the path is kept in the name", tree.depth);
        evaluation.lose(&tree.name, LossRule::Merged, &why, own, whole.clone());
        draft.fields.insert(tree.name.clone(), Value::text(whole));
    }
}

fn title(seen: &Observations, id: &KbCategoryId) -> String {
    let title = seen.kb_categories.get(id).map(|n| n.title.split_whitespace().collect::<Vec<_>>().join(" "));
    title.filter(|t| !t.is_empty()).unwrap_or_else(|| id.0.clone())
}

/// How many levels of the destination's tree are above a record.
pub(super) fn level(tree: &Tree, seen: &Observations, record: &SourceRef) -> usize {
    above(seen, &KbCategoryId(record.id.clone())).0.len().min(tree.depth.saturating_sub(1))
}
