//! The writes of collections, articles and office hours, in order.

use super::library::links;
use super::steps::{self, digest, tag_step, wants_write};
use mapping_core::{Change, Draft, Effect, Step};

pub(super) fn collection(change: &Change<'_>) -> Vec<Step> {
    let want = change.desired;
    if change.written.is_none() {
        let lock = format!(
            "collection/{}",
            digest(&format!("{:?}/{}", want.field("parent").as_link(), want.text("name")))
        );
        // The list of collections shows what is there already.
        return vec![
            Step::new(steps::COLLECTION_CREATE, Effect::Create).needs(want.needs()).lock(lock).cost(2, 2),
        ];
    }
    let changed = ["name", "description", "parent"].into_iter().any(|f| wants_write(change, f));
    let update = || Step::new(steps::COLLECTION_UPDATE, Effect::Overwrite).needs(want.needs());
    changed.then(update).into_iter().collect()
}

pub(super) fn article(change: &Change<'_>) -> Vec<Step> {
    let want = change.desired;
    let mut written = Vec::new();
    if change.written.is_none() {
        let lock = format!(
            "article/{}",
            digest(&format!("{:?}/{}", want.field("collection").as_link(), want.text("title")))
        );
        written.push(Step::new(steps::ARTICLE_CREATE, Effect::Create).part(0).needs(want.needs()).lock(lock));
    } else if differs(change) {
        written.push(Step::new(steps::ARTICLE_UPDATE, Effect::Overwrite).needs(want.needs()));
    }
    let linked = !written.is_empty() && !links(want).is_empty();
    let had = change.written.map(|w| w.field("tags").items()).unwrap_or_default();
    let tags = want.field("tags").items().iter().enumerate().filter(|(_, tag)| !had.contains(tag));
    written.extend(tags.map(|(i, tag)| tag_step(steps::ARTICLE_TAG, i, tag).refusal_is_loss()));
    if linked {
        let reads = u32::try_from(links(want).len()).unwrap_or(u32::MAX);
        let step = Step::new(steps::ARTICLE_LINK, Effect::Overwrite).pass(1).refusal_is_loss();
        written.push(step.cost(1 + reads, 1 + reads));
    }
    written
}

/// Whether anything but tags changed at the source, of what nobody changed at the destination since.
fn differs(change: &Change<'_>) -> bool {
    let Some(written) = change.written else { return true };
    let keys = written.fields.keys().chain(change.desired.fields.keys());
    let fields = keys.filter(|f| *f != "tags").any(|f| wants_write(change, f));
    fields || (written.parts != change.desired.parts && !texts_are_theirs(change))
}

/// What a person wrote into an article since stays theirs.
fn texts_are_theirs(change: &Change<'_>) -> bool {
    let (Some(written), Some(observed)) = (change.written, change.observed) else { return false };
    let texts = |draft: &Draft| draft.parts.iter().map(|p| p.body.canonical()).collect::<Vec<_>>();
    texts(written) != texts(&observed.draft)
}

/// A schedule of this name that was there before is taken as it is; days are written to one of our own.
pub(super) fn office_hours(change: &Change<'_>) -> Vec<Step> {
    let want = change.desired;
    let mut all = Vec::new();
    if change.written.is_none() {
        let lock = format!("office_hours/{}", digest(&want.text("name").to_lowercase()));
        all.push(Step::new(steps::HOURS_CREATE, Effect::Create).lock(lock).cost(2, 3));
    } else if ["name", "time_zone", "intervals"].into_iter().any(|f| wants_write(change, f)) {
        all.push(Step::new(steps::HOURS_UPDATE, Effect::Overwrite));
    }
    let had = change.written.map(|w| w.field("exceptions").items()).unwrap_or_default();
    let days = want.field("exceptions").items().iter().enumerate().filter(|(_, day)| !had.contains(day));
    all.extend(days.map(|(i, _)| {
        Step::new(steps::HOURS_EXCEPTION, Effect::Create).arg("index", i.to_string()).refusal_is_loss()
    }));
    all
}
