//! The writes of a draft, in order. Nothing here reads or sends.

use super::fields::PREFIX;
use super::shape_thread::SPLIT;
use super::{SinkOptions, steps_library};
use crate::api::conversations::MOST_PARTS_SHOWN;
use mapping_core::{
    Change, Draft, Effect, Entry, Error, ErrorKind, Link, Made, Part, Progress, Receipt, RemoteRef, Result,
    SourceRef, State, Step, Value,
};
use sha2::{Digest, Sha256};

pub(super) const CREATE: &str = "conversation.create";
pub(super) const REPLY: &str = "conversation.reply";
pub(super) const TAG: &str = "conversation.tag";
pub(super) const UNTAG: &str = "conversation.untag";
pub(super) const UPDATE: &str = "conversation.update";
pub(super) const ASSIGN_TEAM: &str = "conversation.assign_team";
pub(super) const ASSIGN_ADMIN: &str = "conversation.assign_admin";
pub(super) const CLOSE: &str = "conversation.close";
pub(super) const OPEN: &str = "conversation.open";
pub(super) const SNOOZE: &str = "conversation.snooze";
pub(super) const DELETE: &str = "conversation.delete";
pub(super) const CONTACT_CREATE: &str = "contact.create";
pub(super) const CONTACT_UNARCHIVE: &str = "contact.unarchive";
pub(super) const CONTACT_ADOPT: &str = "contact.adopt";
pub(super) const CONTACT_UPDATE: &str = "contact.update";
pub(super) const CONTACT_DELETE: &str = "contact.delete";
pub(super) const CONTACT_RESTORE: &str = "contact.restore";
pub(super) const CONTACT_ARCHIVE: &str = "contact.archive";
pub(super) const CONTACT_COMPANY: &str = "contact.company";
pub(super) const CONTACT_LEAVE: &str = "contact.leave_company";
pub(super) const CONTACT_NOTE: &str = "contact.note";
pub(super) const CONTACT_NOTE_KEEP: &str = "contact.note_keep";
pub(super) const COMPANY_CREATE: &str = "company.create";
pub(super) const COMPANY_ADOPT: &str = "company.adopt";
pub(super) const COMPANY_UPDATE: &str = "company.update";
pub(super) const COMPANY_RESTORE: &str = "company.restore";
pub(super) const COMPANY_CLAIM: &str = "company.claim";
pub(super) const COMPANY_DELETE: &str = "company.delete";
pub(super) const COLLECTION_CREATE: &str = "collection.create";
pub(super) const COLLECTION_UPDATE: &str = "collection.update";
pub(super) const COLLECTION_DELETE: &str = "collection.delete";
pub(super) const ARTICLE_CREATE: &str = "article.create";
pub(super) const ARTICLE_UPDATE: &str = "article.update";
pub(super) const ARTICLE_TAG: &str = "article.tag";
pub(super) const ARTICLE_LINK: &str = "article.link";
pub(super) const ARTICLE_DELETE: &str = "article.delete";
pub(super) const HOURS_CREATE: &str = "office_hours.create";
pub(super) const HOURS_UPDATE: &str = "office_hours.update";
pub(super) const HOURS_EXCEPTION: &str = "office_hours.exception";
pub(super) const HOURS_DELETE: &str = "office_hours.delete";
pub(super) const TAG_CREATE: &str = "tag.create";
pub(super) const TAG_DELETE: &str = "tag.delete";
pub(super) const ATTRIBUTE_CREATE: &str = "attribute.create";
pub(super) const ATTRIBUTE_OPTION: &str = "attribute.option";
pub(super) const ATTRIBUTE_OPTIONS: &str = "attribute.options";
pub(super) const ATTRIBUTE_ARCHIVE: &str = "attribute.archive";
pub(super) const OPTION_ARCHIVE: &str = "attribute.option_archive";
pub(super) const OPTIONS_RESTORE: &str = "attribute.options_restore";

/// Events that the last steps of a thread add to it: team, teammate, state.
const MOST_EVENTS_AT_THE_END: usize = 3;

pub(super) fn steps(change: &Change<'_>, options: &SinkOptions) -> Result<Vec<Step>> {
    match change.desired.kind.as_str() {
        "conversation" => conversation(change, options),
        "contact" => contact(change, options),
        "tag" if change.written.is_none() => Ok(vec![tag(change.desired)]),
        "conversation_attribute" | "contact_attribute" | "company_attribute" => Ok(attribute(change)),
        "company" => company(change),
        "collection" => Ok(steps_library::collection(change)),
        "article" => Ok(steps_library::article(change)),
        "office_hours" => Ok(steps_library::office_hours(change)),
        "tag" if change.written == Some(change.desired) => Ok(Vec::new()),
        other => Err(Error::not_sent(
            ErrorKind::Unsupported,
            "the Intercom sink has no write for this kind or change",
        )
        .with("kind", other)),
    }
}

fn conversation(change: &Change<'_>, options: &SinkOptions) -> Result<Vec<Step>> {
    let want = change.desired;
    let mut steps = Vec::new();
    let new_parts = new_parts(change)?;
    if change.written.is_none() {
        steps.push(create(want, options)?);
    }
    let (batch, others): (Vec<Step>, Vec<Step>) =
        tags(change).into_iter().partition(|step| step.args.get("link").is_some_and(|l| l == "batch"));
    steps.extend(batch);
    let long = change.written.is_none() && is_long(want);
    if long {
        steps.extend(update(change, false, |field| field != "read")?);
    }
    let replied = new_parts.iter().any(|i| *i > 0);
    steps.extend(new_parts.into_iter().filter(|i| *i > 0).map(|i| reply(want, i)));
    steps.extend(others);
    steps.extend(update(change, replied, |field| !long || field == "read")?);
    let assigned = assignments(change);
    let reopened = replied || !assigned.is_empty();
    steps.extend(assigned);
    steps.extend(state(change, reopened));
    Ok(steps)
}

/// True when its events would push messages out of what a read shows. Then title and attributes are written before the
/// messages: the newest parts are messages, and a thread that was left half-written says which ticket it is.
fn is_long(want: &Draft) -> bool {
    let events = want.fields.keys().filter(|f| f.starts_with(PREFIX)).count() + MOST_EVENTS_AT_THE_END;
    want.parts.len() + events > MOST_PARTS_SHOWN
}

/// Everything the record links to is needed before its first call, so that no thread stands half-written and waits.
fn create(want: &Draft, options: &SinkOptions) -> Result<Step> {
    let first = want.parts.first().ok_or_else(|| Error::bug("a shaped conversation has a first message"))?;
    let contact = match want.field("contact").as_link() {
        Some(Link::Source(source)) => source.to_string(),
        Some(Link::Remote(remote)) => remote.to_string(),
        Some(Link::Batch) | None => return Err(Error::bug("a shaped conversation has a contact")),
    };
    let second = first.at.map(|t| t.as_second()).unwrap_or_default();
    Ok(Step::new(CREATE, Effect::Create)
        .part(0)
        .needs(want.needs())
        .lock(format!("{CREATE}/{contact}/{second}/{}", digest(&first.body.canonical())))
        .blind(options.conversation_blind_seconds))
}

pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// The parts that were not written yet. Intercom can neither change nor delete a part.
fn new_parts(change: &Change<'_>) -> Result<Vec<usize>> {
    let want = &change.desired.parts;
    let Some(written) = change.written else { return Ok((0..want.len()).collect()) };
    let old = |part: &Part| written.parts.iter().find(|w| w.key == part.key);
    let gone = written.parts.iter().any(|w| !want.iter().any(|p| p.key == w.key));
    let edited = want.iter().any(|p| old(p).is_some_and(|w| !same_words(p, w)));
    if gone || edited {
        let message = "a message that was moved has changed or gone at the source, and Intercom can't change a part; \
                       take the record back and move it again";
        return Err(Error::not_sent(ErrorKind::Unsupported, message));
    }
    Ok((0..want.len()).filter(|i| old(&want[*i]).is_none()).collect())
}

/// Times may have been clamped to another "now".
fn same_words(a: &Part, b: &Part) -> bool {
    let files = |p: &Part| p.files.iter().map(|f| (f.sha256.clone(), f.len)).collect::<Vec<_>>();
    a.body.canonical() == b.body.canonical() && a.visibility == b.visibility && files(a) == files(b)
}

/// How much longer than others a call may take that carries these files, at a million bits a second and as base64. So
/// much later it may land, too.
pub(super) fn upload_seconds(part: &Part) -> u32 {
    let bytes: u64 = part.files.iter().map(|f| f.len).sum();
    u32::try_from(bytes.saturating_mul(4) / 3 / 125_000).unwrap_or(u32::MAX)
}

fn reply(want: &Draft, index: usize) -> Step {
    let part = &want.parts[index];
    let author = match &part.author.link {
        Some(Link::Source(source)) => Some(source.clone()),
        _ => None,
    };
    let step = Step::new(REPLY, Effect::Create).part(index).needs(author).blind(upload_seconds(part));
    if part.key.contains(SPLIT) { step.refusal_is_loss() } else { step }
}

fn tags(change: &Change<'_>) -> Vec<Step> {
    let want = change.desired.field("tags").items();
    let had = change.written.map(|w| w.field("tags").items()).unwrap_or_default();
    let attach =
        want.iter().enumerate().filter(|(_, tag)| !had.contains(tag)).map(|(i, tag)| tag_step(TAG, i, tag));
    let mut steps: Vec<Step> = attach.collect();
    if change.written.is_some() {
        steps.extend(had.iter().filter(|tag| !want.contains(tag)).filter_map(|tag| {
            let link = tag.as_link().filter(|l| **l != Link::Batch)?;
            Some(tag_step(UNTAG, 0, tag).arg("tag", named(link)))
        }));
    }
    steps
}

fn named(link: &Link) -> String {
    match link {
        Link::Source(source) => format!("source\n{}\n{}", source.kind, source.id),
        Link::Remote(remote) => format!("remote\n{}\n{}", remote.kind, remote.id),
        Link::Batch => "batch".to_owned(),
    }
}

pub(super) fn tag_step(op: &'static str, index: usize, tag: &Value) -> Step {
    let step = Step::new(op, Effect::Overwrite).arg("index", index.to_string());
    match tag.as_link() {
        Some(Link::Source(source)) => step.needs([source.clone()]),
        Some(Link::Batch) => step.arg("link", "batch"),
        _ => step,
    }
}

/// One call for title, attributes and read mark, or for those of them that are asked for.
fn update(change: &Change<'_>, replied: bool, asked: impl Fn(&str) -> bool) -> Result<Option<Step>> {
    let settable = |f: &&String| *f == "title" || *f == "read" || f.starts_with(PREFIX);
    let all = change.desired.fields.keys().filter(settable).all(|f| asked(f));
    let fields: Vec<&String> = change
        .desired
        .fields
        .keys()
        .filter(settable)
        .filter(|f| asked(f))
        .filter(|f| wants_write(change, f) || change.written.is_some() && replied && *f == "read")
        .collect();
    if fields.is_empty() {
        return Ok(None);
    }
    let step = Step::new(UPDATE, Effect::Overwrite);
    if change.written.is_none() && all {
        return Ok(Some(step));
    }
    let names =
        serde_json::to_string(&fields).map_err(|e| Error::bug("names of fields are text").with_source(e))?;
    Ok(Some(step.arg("fields", names)))
}

/// True for a field that differs from what we wrote, and that nobody else has changed since.
pub(super) fn wants_write(change: &Change<'_>, field: &str) -> bool {
    let want = change.desired.field(field);
    match change.written {
        None => true,
        Some(written) => written.field(field) != want && !is_theirs(change, field),
    }
}

/// What a person changed at the destination since we wrote it stays theirs.
fn is_theirs(change: &Change<'_>, field: &str) -> bool {
    let (Some(written), Some(observed)) = (change.written, change.observed) else { return false };
    let only = |value: &Value| {
        let mut draft = Draft::new("field", SourceRef::new("field", "1"));
        draft.fields.insert(field.to_owned(), value.clone());
        draft
    };
    let have = mapping_core::Observed {
        draft: only(observed.draft.field(field)),
        window: mapping_core::Window::Whole,
        version: None,
    };
    !mapping_core::diff(&only(written.field(field)), &have, &mapping_core::Refs::default()).is_empty()
}

fn assignments(change: &Change<'_>) -> Vec<Step> {
    let mut steps = Vec::new();
    for (field, op) in [("team", ASSIGN_TEAM), ("assignee", ASSIGN_ADMIN)] {
        let had = change.written.is_some_and(|w| w.fields.contains_key(field));
        if (change.desired.fields.contains_key(field) || had) && wants_write(change, field) {
            steps.push(Step::new(op, Effect::Overwrite).refusal_is_loss().pass(1));
        }
    }
    steps
}

/// Assigning is a phase of its own, and closing is the last write of all, because replies and assignments open a thread.
fn state(change: &Change<'_>, reopened: bool) -> Option<Step> {
    let want = change.desired.text("state");
    let changed = change.written.is_none_or(|w| w.field("state") != change.desired.field("state"));
    if is_theirs(change, "state") || !(changed || reopened) {
        return None;
    }
    match want {
        "closed" => Some(Step::new(CLOSE, Effect::Overwrite).pass(1)),
        // A wake-up time may have passed until then.
        "snoozed" => Some(Step::new(SNOOZE, Effect::Overwrite).refusal_is_loss().pass(1)),
        "open" if change.written.is_some() && changed => Some(Step::new(OPEN, Effect::Overwrite).pass(1)),
        _ => None,
    }
}

fn contact(change: &Change<'_>, options: &SinkOptions) -> Result<Vec<Step>> {
    let want = change.desired;
    let Some(written) = change.written else {
        let by_id = want.fields.contains_key("external_id");
        let key = if want.text("email").is_empty() { want.text("external_id") } else { want.text("email") };
        let mut steps = vec![
            Step::new(CONTACT_CREATE, Effect::Create)
                .lock(format!("contact/{}", digest(&key.to_lowercase())))
                .blind(if by_id { 0 } else { options.contact_blind_seconds }),
            Step::new(CONTACT_UNARCHIVE, Effect::Change).cost(0, 1),
            Step::new(CONTACT_ADOPT, Effect::Change).cost(0, 2),
        ];
        steps.extend(company_of(want));
        steps.extend((0..want.parts.len()).map(note));
        return Ok(steps);
    };
    let mut steps = Vec::new();
    if let Some(names) = changed_names(change, &["role", "company"])? {
        steps.push(Step::new(CONTACT_UPDATE, Effect::Change).cost(2, 2).arg("fields", names));
    }
    if written.field("company") != want.field("company") {
        steps.extend(company_of(want));
    }
    // A note can't be changed; one that is gone at the source stays.
    let new = |i: &usize| !written.parts.iter().any(|p| p.key == want.parts[*i].key);
    steps.extend((0..want.parts.len()).filter(new).map(note));
    Ok(steps)
}

/// The names of the fields that differ from what was written, as JSON; `None` when none does.
fn changed_names(change: &Change<'_>, but: &[&str]) -> Result<Option<String>> {
    let keys = change.written.into_iter().flat_map(|w| w.fields.keys()).chain(change.desired.fields.keys());
    let mut fields: Vec<&String> =
        keys.filter(|f| !but.contains(&f.as_str()) && wants_write(change, f)).collect();
    fields.sort();
    fields.dedup();
    if fields.is_empty() {
        return Ok(None);
    }
    let names = serde_json::to_string(&fields);
    names.map(Some).map_err(|e| Error::bug("names of fields are text").with_source(e))
}

/// A contact may have as many companies as Intercom allows, so a refusal is a loss.
fn company_of(want: &Draft) -> Option<Step> {
    let link = want.field("company").as_link()?;
    let step = Step::new(CONTACT_COMPANY, Effect::Change).cost(1, 2).refusal_is_loss();
    Some(match link {
        Link::Source(source) => step.needs([source.clone()]),
        _ => step,
    })
}

fn note(index: usize) -> Step {
    Step::new(CONTACT_NOTE, Effect::Create).part(index).refusal_is_loss()
}

fn company(change: &Change<'_>) -> Result<Vec<Step>> {
    let want = change.desired;
    if change.written.is_none() {
        return Ok(vec![
            Step::new(COMPANY_CREATE, Effect::Create)
                .lock(format!("company/{}", digest(want.text("company_id"))))
                .cost(2, 2),
            Step::new(COMPANY_ADOPT, Effect::Change).cost(0, 2),
        ]);
    }
    let names = changed_names(change, &["company_id"])?;
    let update = |names| Step::new(COMPANY_UPDATE, Effect::Change).cost(2, 2).arg("fields", names);
    Ok(names.map(update).into_iter().collect())
}

fn tag(want: &Draft) -> Step {
    Step::new(TAG_CREATE, Effect::Create)
        .lock(format!("tag/{}", digest(&want.text("name").to_lowercase())))
        .cost(2, 2)
}

/// An attribute that is there already is taken; options it lacks are added one by one.
fn attribute(change: &Change<'_>) -> Vec<Step> {
    let want = change.desired;
    let labels = want.field("options").items();
    let had = change.written.map(|w| w.field("options").items()).unwrap_or_default();
    let mut steps = Vec::new();
    if change.written.is_none() {
        let lock = format!("{}/{}", want.kind, digest(&want.text("name").to_lowercase()));
        steps.push(Step::new(ATTRIBUTE_CREATE, Effect::Create).lock(lock).cost(2, 2));
    }
    let missing: Vec<usize> = (0..labels.len()).filter(|i| !had.contains(&labels[*i])).collect();
    let grown = change.written.is_some();
    if want.kind != "conversation_attribute" {
        if !missing.is_empty() {
            let step = Step::new(ATTRIBUTE_OPTIONS, Effect::Change);
            steps.push(if grown { step.arg("grown", "yes").cost(2, 2) } else { step.cost(0, 2) });
        }
        return steps;
    }
    steps.extend(missing.into_iter().map(|i| {
        let step = Step::new(ATTRIBUTE_OPTION, Effect::Create).arg("index", i.to_string());
        if grown { step.arg("grown", "yes").cost(2, 2) } else { step.cost(0, 2) }
    }));
    steps
}

/// The steps that take back what was done. A conversation goes with all its parts.
pub(super) fn undo(done: &Progress) -> Vec<Step> {
    let receipts: Vec<_> = done.receipts().collect();
    let gone = |target: &RemoteRef| receipts.iter().any(|(_, r)| r.made == Made::Removed(target.clone()));
    let created = receipts.iter().find_map(|(_, r)| match &r.made {
        Made::Created(target) => Some(target),
        _ => None,
    });
    // A company that nobody belongs to is shown by no read: what may have been made is asked for by its key and deleted.
    let lost = |e: &Entry| e.step.op == COMPANY_CREATE && !matches!(e.state, State::Applied(_));
    let claimed = done.entries.iter().any(|e| e.step.op == COMPANY_CLAIM);
    if created.is_none() && !claimed && done.entries.iter().any(|e| lost(e) && !e.prepared.notes.is_empty()) {
        let step = |op| Step::new(op, Effect::Overwrite);
        return vec![step(COMPANY_CLAIM), step(COMPANY_DELETE).cost(2, 2)];
    }
    match created {
        Some(target) if gone(target) => Vec::new(),
        Some(target) => undo_created(target),
        None => undo_changes(done),
    }
}

fn undo_created(target: &RemoteRef) -> Vec<Step> {
    let step = |op| Step::new(op, Effect::Overwrite);
    match target.kind.as_str() {
        "conversation" => vec![step(DELETE)],
        // Whether somebody wrote since is asked before.
        "contact" => vec![step(CONTACT_DELETE).cost(2, 2)],
        "company" => vec![step(COMPANY_DELETE).cost(2, 2)],
        // Whether something is in it that isn't ours is asked before.
        "collection" => vec![step(COLLECTION_DELETE).cost(3, 3)],
        "article" | "internal_article" => vec![step(ARTICLE_DELETE)],
        "office_hours" => vec![step(HOURS_DELETE)],
        // A tag that a segment has come to use can't be deleted; it is kept and listed.
        "tag" => vec![step(TAG_DELETE).refusal_is_loss()],
        _ => vec![step(ATTRIBUTE_ARCHIVE).refusal_is_loss()],
    }
}

/// What was there before gets back what we changed in it.
fn undo_changes(done: &Progress) -> Vec<Step> {
    let step = |op| Step::new(op, Effect::Overwrite);
    let did = |op: &str| done.receipts().any(|(e, r)| e.step.op == op && matches!(r.made, Made::Changed(_)));
    let undone = |op: &str| done.receipts().any(|(e, _)| e.step.op == op);
    let mut steps = Vec::new();
    if (did(CONTACT_ADOPT) || did(CONTACT_UPDATE)) && !undone(CONTACT_RESTORE) {
        steps.push(step(CONTACT_RESTORE).cost(2, 2));
    }
    for (_, receipt) in done.receipts().filter(|(e, _)| e.step.op == CONTACT_COMPANY) {
        if let Some(company) = receipt.outputs.get("company").filter(|_| !undone(CONTACT_LEAVE)) {
            steps.push(step(CONTACT_LEAVE).arg("company", company));
        }
    }
    let noted = |(e, r): (&Entry, &Receipt)| e.step.op == CONTACT_NOTE && r.outputs.contains_key("note");
    if done.receipts().any(noted) && !done.entries.iter().any(|e| e.step.op == CONTACT_NOTE_KEEP) {
        steps.push(step(CONTACT_NOTE_KEEP).cost(0, 0).refusal_is_loss());
    }
    if (did(COMPANY_ADOPT) || did(COMPANY_UPDATE)) && !undone(COMPANY_RESTORE) {
        steps.push(step(COMPANY_RESTORE).cost(2, 2));
    }
    if did(CONTACT_UNARCHIVE) && !undone(CONTACT_ARCHIVE) {
        steps.push(step(CONTACT_ARCHIVE));
    }
    for (_, receipt) in done.receipts().filter(|(e, _)| e.step.op == ATTRIBUTE_OPTION) {
        if let Some(label) = receipt.outputs.get("option") {
            steps.push(step(OPTION_ARCHIVE).arg("option", label).cost(2, 2).refusal_is_loss());
        }
    }
    if did(ATTRIBUTE_OPTIONS) && !undone(OPTIONS_RESTORE) {
        steps.push(step(OPTIONS_RESTORE).refusal_is_loss());
    }
    if done.output("unarchived").is_some() && !undone(ATTRIBUTE_ARCHIVE) {
        steps.push(step(ATTRIBUTE_ARCHIVE).refusal_is_loss());
    }
    steps
}
