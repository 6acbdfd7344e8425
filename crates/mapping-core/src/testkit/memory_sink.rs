//! The sink of the simulated platform: create, adopt, change, overwrite, and their undo.

use super::{MemoryObject, MemoryServer};
use crate::{
    Author, Call, Candidate, Catalog, Change, Clock, Dialect, Draft, Effect, Error, ErrorKind, Format, Link,
    Loss, LossRule, Made, Named, Observed, Part, Prepared, Progress, Receipt, RemoteRef, Result, Shaped,
    Sink, SourceRef, Step, Value, Window,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};

/// A sink with every kind of step:
///
/// | op | effect | |
/// | --- | --- | --- |
/// | `object.create` | create | adopts the object that has the natural key already |
/// | `object.revive` | change | only when the adopted one was archived |
/// | `object.change` | change | only when a value differs |
/// | `thread.create`, `thread.reply` | create | one part each |
/// | `thread.set`, `thread.tag`, `thread.close` | overwrite | |
/// | `undo.delete`, `undo.restore`, `undo.archive` | overwrite | |
///
/// A draft with parts is a thread; its fields `state` (`closed`) and `tags` (links) have steps of their own.
#[derive(Clone, Debug)]
pub struct MemorySink {
    server: MemoryServer,
    blind_seconds: u32,
    locks: bool,
}

const MARKER: &str = "marker";
const FILES_PER_PART: usize = 10;
const LONGEST_TITLE: usize = 60;

impl MemorySink {
    /// A sink of this server, made for searches that lag up to `blind_seconds`.
    pub fn new(server: &MemoryServer, blind_seconds: u32) -> Self {
        MemorySink { server: server.clone(), blind_seconds, locks: true }
    }
    /// Without locks: wrong on purpose, for a control.
    #[must_use]
    pub fn without_locks(mut self) -> Self {
        self.locks = false;
        self
    }

    fn locked(&self, step: Step, key: String) -> Step {
        if self.locks { step.lock(key) } else { step }
    }

    fn first_steps(&self, draft: &Draft) -> Vec<Step> {
        if draft.parts.is_empty() {
            let key = draft.key.as_deref().unwrap_or(&draft.source.id);
            let create = Step::new("object.create", Effect::Create).needs(needs(draft, |_| true));
            let create = self.locked(create, format!("{}:{key}", draft.kind)).blind(self.blind_seconds);
            let conditional = |op| Step::new(op, Effect::Change);
            return vec![
                create,
                conditional("object.revive").cost(0, 1),
                conditional("object.change").cost(0, 2),
            ];
        }
        let opening = &draft.parts[0];
        let lock = format!("{}:{:?}:{:?}", draft.kind, opening.author.link, opening.at);
        let create = Step::new("thread.create", Effect::Create).part(0).needs(author(opening));
        let mut steps = vec![self.locked(create, lock).blind(self.blind_seconds)];
        steps.extend(replies(draft, 1));
        let fields = plain_fields(draft).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(",");
        let links = needs(draft, |name| name != "tags");
        steps.push(Step::new("thread.set", Effect::Overwrite).needs(links).arg("fields", fields));
        steps.extend(tags(draft, 0));
        steps.extend(closing(draft));
        steps
    }

    fn delta_steps(&self, draft: &Draft, written: &Draft, theirs: &dyn Fn(&str) -> bool) -> Vec<Step> {
        let changed = |name: &str| draft.field(name) != written.field(name) && !theirs(name);
        let fields: Vec<&str> =
            plain_fields(draft).map(|(name, _)| name.as_str()).filter(|name| changed(name)).collect();
        let links = needs(draft, |name| fields.contains(&name));
        if draft.parts.is_empty() {
            let change = Step::new("object.change", Effect::Change).needs(links).cost(2, 2);
            return if fields.is_empty() { vec![] } else { vec![change.arg("fields", fields.join(","))] };
        }
        let mut steps = replies(draft, written.parts.len());
        let reopened = !steps.is_empty();
        if !fields.is_empty() {
            let set = Step::new("thread.set", Effect::Overwrite).needs(links);
            steps.push(set.arg("fields", fields.join(",")));
        }
        steps.extend(tags(draft, written.field("tags").items().len()));
        if reopened || changed("state") {
            steps.extend(closing(draft));
        }
        steps
    }

    /// What a step would write: the fields it names, or all of them, with every link resolved.
    fn values(&self, call: &Call<'_>) -> Result<BTreeMap<String, Value>> {
        let named: Option<Vec<&str>> = call.step.args.get("fields").map(|f| f.split(',').collect());
        let wanted = |name: &str| named.as_ref().is_none_or(|named| named.contains(&name));
        let fields = plain_fields(call.draft).filter(|(name, _)| wanted(name));
        fields.map(|(name, value)| Ok((name.clone(), resolved(call, value)?))).collect()
    }

    /// The object that a step works on, as it is now.
    fn current(&self, call: &Call<'_>) -> Result<Option<MemoryObject>> {
        Ok(self.server.read(&call.target()?.id)?.map(|(object, _)| object))
    }

    fn existing(&self, call: &Call<'_>) -> Result<MemoryObject> {
        let gone = || Error::rejected(ErrorKind::NotFound, "the record's object has gone");
        self.current(call)?.ok_or_else(gone)
    }

    /// Prior values of what a change will write; skipped when all of them are there already.
    fn prepare_change(&self, call: &Call<'_>) -> Result<Prepared> {
        let delta = call.step.args.contains_key("fields");
        if !delta && matches!(made(call.so_far), Some(Made::Created(_))) {
            return Ok(Prepared { skip: true, ..Prepared::default() });
        }
        let now = self.existing(call)?;
        let mut before = BTreeMap::new();
        for (name, value) in self.values(call)? {
            let old = now.fields.get(&name).cloned().unwrap_or(Value::Null);
            if old != value {
                before.insert(name, old);
            }
        }
        if now.marker.as_deref() != Some(&call.draft.source.to_string()) {
            before.insert(MARKER.to_owned(), now.marker.map_or(Value::Null, Value::text));
        }
        Ok(Prepared { skip: before.is_empty(), before, ..Prepared::default() })
    }

    /// What a restore writes: prior values of what still holds ours. What somebody changed since stays theirs.
    fn prepare_restore(&self, call: &Call<'_>) -> Result<Prepared> {
        let Some(now) = self.current(call)? else {
            return Ok(Prepared { skip: true, ..Prepared::default() });
        };
        let mut oldest: BTreeMap<String, Value> = BTreeMap::new();
        for entry in call.so_far.entries.iter().filter(|e| e.step.op == "object.change") {
            for (name, value) in &entry.prepared.before {
                oldest.entry(name.clone()).or_insert_with(|| value.clone());
            }
        }
        let mut back = BTreeMap::new();
        for (name, old) in oldest {
            let ours = if name == MARKER {
                now.marker.as_deref() == Some(&call.draft.source.to_string())
            } else {
                now.fields.get(&name) == Some(&resolved(call, call.draft.field(&name))?)
            };
            if ours {
                back.insert(name, old);
            }
        }
        Ok(Prepared { skip: back.is_empty(), before: back, ..Prepared::default() })
    }

    fn create(&self, call: &Call<'_>) -> Result<Receipt> {
        let draft = call.draft;
        let kind = draft.kind.as_str();
        let answer =
            self.server.create(kind, draft.key.as_deref(), &draft.source.to_string(), self.values(call)?);
        match answer {
            Ok(id) => Ok(Receipt::new(Made::Created(RemoteRef::new(draft.kind.clone(), id)))),
            Err(e) if e.kind() == ErrorKind::Conflict => {
                let id = e.context("object").ok_or_else(|| Error::bug("a conflict without an object"))?;
                let receipt = Receipt::new(Made::Matched(RemoteRef::new(draft.kind.clone(), id)));
                Ok(if e.context("archived") == Some("true") {
                    receipt.output("archived", "yes")
                } else {
                    receipt
                })
            }
            Err(e) => Err(e),
        }
    }

    fn settle_create(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let draft = call.draft;
        let marker = draft.source.to_string();
        let found = self.server.search(|o| {
            o.kind == draft.kind.as_str()
                && match draft.key.as_deref() {
                    Some(key) => o.has_key(key),
                    None => o.marker.as_deref() == Some(&marker),
                }
        })?;
        let candidate = |object: MemoryObject| {
            let ours = object.marker.as_deref() == Some(&marker);
            let remote = RemoteRef::new(draft.kind.clone(), object.id);
            let made = if ours { Made::Created(remote) } else { Made::Matched(remote) };
            Candidate { receipt: Receipt::new(made), agrees: true }
        };
        Ok(found.into_iter().map(candidate).collect())
    }

    fn settle_thread(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let wanted = sent(call)?;
        let same_key = |part: &Part| part.author.link == wanted.author.link && part.at == wanted.at;
        let found = self.server.search(|o| {
            o.kind == call.draft.kind.as_str() && o.parts.first().is_some_and(|p| same_key(&p.part))
        })?;
        let candidate = |object: MemoryObject| Candidate {
            agrees: object.parts[0].part.body.canonical() == wanted.body.canonical(),
            receipt: Receipt::new(Made::Created(RemoteRef::new(call.draft.kind.clone(), object.id))),
        };
        Ok(found.into_iter().map(candidate).collect())
    }

    /// The first equal part that no earlier step of the record accounts for.
    fn settle_reply(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let wanted = sent(call)?;
        let claimed = call.so_far.claimed("part");
        let Some(object) = self.current(call)? else { return Ok(vec![]) };
        let found = object.parts.iter().skip(1).find(|p| {
            !claimed.contains(&p.id.as_str())
                && (&p.part.author.link, p.part.at) == (&wanted.author.link, wanted.at)
                && p.part.body.canonical() == wanted.body.canonical()
        });
        let receipt = |id: &str| Receipt::nothing().output("part", id);
        Ok(found.into_iter().map(|p| Candidate { receipt: receipt(&p.id), agrees: true }).collect())
    }

    /// Ours are there: it landed. The old ones are there: it did not. Anything else is somebody's.
    fn settle_change(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let now = self.existing(call)?;
        let (mut ours, mut old) = (true, true);
        for (name, before) in &call.prepared.before {
            let (have, want) = match name.as_str() {
                MARKER => (
                    now.marker.clone().map_or(Value::Null, Value::text),
                    Value::text(call.draft.source.to_string()),
                ),
                _ => (
                    now.fields.get(name).cloned().unwrap_or(Value::Null),
                    resolved(call, call.draft.field(name))?,
                ),
            };
            ours &= have == want;
            old &= have == *before;
        }
        if old && !ours {
            return Ok(vec![]);
        }
        Ok(vec![Candidate { receipt: Receipt::new(Made::Changed(call.target()?.clone())), agrees: ours }])
    }
}

#[async_trait]
impl Sink for MemorySink {
    fn dialect(&self) -> Dialect {
        Dialect { name: "memory".to_owned(), version: 1 }
    }

    async fn catalog(&self) -> Result<Catalog> {
        let named =
            |o: MemoryObject| Named { remote: RemoteRef::new("tag", o.id), name: o.key.unwrap_or_default() };
        Ok(Catalog {
            platform: "memory 1".to_owned(),
            account: "memory".to_owned(),
            tags: self.server.tags()?.into_iter().map(named).collect(),
            as_of: self.server.clock().now(),
            ..Catalog::default()
        })
    }

    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        let mut shaped = Shaped { draft: draft.clone(), losses: Vec::new(), relies_on: BTreeSet::new() };
        shape_fields(&mut shaped);
        shape_parts(&mut shaped, catalog);
        Ok(shaped)
    }

    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        let Some(written) = change.written else { return Ok(self.first_steps(change.desired)) };
        let theirs = |name: &str| {
            let ours = written.field(name);
            change.observed.is_some_and(|o| ours.as_link().is_none() && o.draft.field(name) != ours)
        };
        Ok(self.delta_steps(change.desired, written, &theirs))
    }

    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        match &*call.step.op {
            "object.revive" => {
                let archived = call.so_far.output("archived").is_some();
                let before = BTreeMap::from([("archived".to_owned(), Value::Bool(true))]);
                Ok(Prepared { skip: !archived, before, ..Prepared::default() })
            }
            "object.change" => self.prepare_change(call),
            "undo.restore" => self.prepare_restore(call),
            _ => Ok(Prepared::default()),
        }
    }

    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        let server = &self.server;
        let target = || call.target();
        let changed = || Ok(Receipt::new(Made::Changed(call.target()?.clone())));
        match &*call.step.op {
            "object.create" => self.create(call),
            "object.revive" => {
                server.change(&target()?.id, |o| o.archived = false)?;
                changed()
            }
            "object.change" => {
                let values = self.values(call)?;
                let marker = call.draft.source.to_string();
                server.change(&target()?.id, |o| {
                    o.fields.extend(values);
                    o.marker = Some(marker);
                })?;
                changed()
            }
            "thread.create" => {
                let id = server.create_thread(call.draft.kind.as_str(), sent(call)?)?;
                Ok(Receipt::new(Made::Created(RemoteRef::new(call.draft.kind.clone(), id))))
            }
            "thread.reply" => {
                let part = server.reply(&target()?.id, sent(call)?)?;
                Ok(Receipt::nothing().output("part", part))
            }
            "thread.set" => {
                let values = self.values(call)?;
                let marker = call.draft.source.to_string();
                server.change(&target()?.id, |o| {
                    o.fields.extend(values);
                    o.marker = Some(marker);
                })?;
                Ok(Receipt::nothing())
            }
            "thread.tag" => {
                let tag = tag(call)?.id.clone();
                server.change(&target()?.id, |o| {
                    o.tags.insert(tag);
                })?;
                Ok(Receipt::nothing())
            }
            "thread.close" => {
                let closed = call.draft.text("state") == "closed";
                server.change(&target()?.id, |o| o.closed = closed)?;
                Ok(Receipt::nothing())
            }
            "undo.delete" => match server.delete(&target()?.id) {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Ok(Receipt::new(Made::Removed(target()?.clone()))),
            },
            "undo.restore" => {
                let back = call.prepared.before.clone();
                server.change(&target()?.id, |o| restore(o, back))?;
                Ok(Receipt::nothing())
            }
            "undo.archive" => {
                server.change(&target()?.id, |o| o.archived = true)?;
                Ok(Receipt::nothing())
            }
            other => Err(Error::bug("a step that this sink doesn't know").with("step", other)),
        }
    }

    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match &*call.step.op {
            "object.create" => self.settle_create(call),
            "thread.create" => self.settle_thread(call),
            "thread.reply" => self.settle_reply(call),
            "object.change" => self.settle_change(call),
            "object.revive" => {
                let receipt = Receipt::new(Made::Changed(call.target()?.clone()));
                let done = !self.existing(call)?.archived;
                Ok(done.then_some(Candidate { receipt, agrees: true }).into_iter().collect())
            }
            _ => Ok(vec![]),
        }
    }

    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        let Some((object, all)) = self.server.read(&at.id)? else { return Ok(None) };
        if object.archived {
            return Ok(None);
        }
        let shown = object.parts.len();
        let mut draft = Draft::new(at.kind.clone(), source_of(object.marker.as_deref()));
        draft.fields = object.fields;
        draft.parts = object.parts.into_iter().map(|p| Part { key: p.id, ..p.part }).collect();
        let state = if object.closed { "closed" } else { "open" };
        if shown > 0 {
            draft.fields.insert("state".to_owned(), Value::text(state));
        }
        let tag = |id: String| Value::Link(Link::Remote(RemoteRef::new("tag", id)));
        draft.fields.insert("tags".to_owned(), Value::List(object.tags.into_iter().map(tag).collect()));
        let window = if shown == all {
            Window::Whole
        } else {
            Window::Last { shown: shown.saturating_sub(1), of: all.saturating_sub(1) }
        };
        Ok(Some(Observed { draft, window, version: None }))
    }

    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        let applied = |op: &str| done.receipts().any(|(entry, _)| entry.step.op == op);
        let undo = |op: &'static str| Step::new(op, Effect::Overwrite);
        let mut steps = Vec::new();
        match made(done) {
            Some(Made::Created(_)) => steps.push(undo("undo.delete")),
            Some(Made::Matched(_)) => {
                if applied("object.change") {
                    steps.push(undo("undo.restore").cost(2, 2));
                }
                if applied("object.revive") {
                    steps.push(undo("undo.archive"));
                }
            }
            _ => {}
        }
        Ok(steps)
    }

    fn batch_mark(&self, label: &str) -> Option<Draft> {
        let mut mark = Draft::new("tag", SourceRef::new("batch", label)).with("name", label);
        mark.key = Some(label.into());
        Some(mark)
    }

    fn floor(&self, draft: &Draft) -> u64 {
        draft.parts.len().max(1) as u64
    }
}

fn shape_fields(shaped: &mut Shaped) {
    let record = shaped.draft.source.clone();
    shaped.draft.fields.retain(|_, value| *value != Value::Null);
    if let Some(Value::Text(title)) = shaped.draft.fields.get_mut("title")
        && title.chars().count() > LONGEST_TITLE
    {
        let cut: String = title.chars().take(LONGEST_TITLE).collect();
        let why = format!("titles have at most {LONGEST_TITLE} characters");
        shaped.losses.push(Loss::new(record, "title", LossRule::Cut, why).values(title.as_str(), &*cut));
        *title = cut.into();
    }
}

fn shape_parts(shaped: &mut Shaped, catalog: &Catalog) {
    let record = shaped.draft.source.clone();
    let mut parts = Vec::with_capacity(shaped.draft.parts.len());
    for mut part in std::mem::take(&mut shaped.draft.parts) {
        let field = format!("parts[{}]", part.key);
        if part.at.is_some_and(|at| at > catalog.as_of) {
            let why = "a part can't be from the future";
            shaped.losses.push(Loss::new(record.clone(), &*field, LossRule::Clamped, why));
            part.at = Some(catalog.as_of);
        }
        if parts.is_empty() && part.body.format == Format::Html {
            shaped.losses.push(Loss::new(
                record.clone(),
                &*field,
                LossRule::Recast,
                "an opening is plain text",
            ));
            part.body = crate::Body::plain(crate::text::plain_of_html(&part.body.text));
        }
        let mut rest = Vec::new();
        if part.files.len() > FILES_PER_PART {
            let why = format!("a part holds at most {FILES_PER_PART} files");
            shaped.losses.push(Loss::new(record.clone(), &*field, LossRule::Recast, why));
            rest = part.files.split_off(FILES_PER_PART);
        }
        let (key, mut more) = (part.key.clone(), part.clone());
        parts.push(part);
        for (n, files) in rest.chunks(FILES_PER_PART).enumerate() {
            more.key = format!("{key}#{}", n + 2);
            more.body = crate::Body::plain("(more files)");
            more.files = files.to_vec();
            parts.push(more.clone());
        }
    }
    shaped.draft.parts = parts;
}

/// Fields that `thread.set`, `object.create` and `object.change` write.
fn plain_fields(draft: &Draft) -> impl Iterator<Item = (&String, &Value)> {
    draft.fields.iter().filter(|(name, _)| !matches!(name.as_str(), "tags" | "state"))
}

fn replies(draft: &Draft, from: usize) -> Vec<Step> {
    let reply = |(index, part): (usize, &Part)| {
        let step = Step::new("thread.reply", Effect::Create).part(index).needs(author(part));
        // A refused overflow of files must not orphan the thread.
        if part.key.contains('#') { step.refusal_is_loss() } else { step }
    };
    draft.parts.iter().enumerate().skip(from).map(reply).collect()
}

fn tags(draft: &Draft, from: usize) -> Vec<Step> {
    let tag = |(index, value): (usize, &Value)| {
        let link = value.as_link().and_then(source_link);
        Step::new("thread.tag", Effect::Overwrite).needs(link).arg("tag", index.to_string())
    };
    draft.field("tags").items().iter().enumerate().skip(from).map(tag).collect()
}

fn closing(draft: &Draft) -> Option<Step> {
    (draft.text("state") == "closed").then(|| Step::new("thread.close", Effect::Overwrite))
}

fn source_link(link: &Link) -> Option<SourceRef> {
    match link {
        Link::Source(source) => Some(source.clone()),
        _ => None,
    }
}

fn author(part: &Part) -> Option<SourceRef> {
    part.author.link.as_ref().and_then(source_link)
}

fn needs(draft: &Draft, wanted: impl Fn(&str) -> bool) -> Vec<SourceRef> {
    let fields = draft.fields.iter().filter(|(name, _)| wanted(name));
    fields.flat_map(|(_, v)| v.items()).filter_map(Value::as_link).filter_map(source_link).collect()
}

fn resolved(call: &Call<'_>, value: &Value) -> Result<Value> {
    Ok(match value {
        Value::Link(link) => Value::Link(Link::Remote(call.link(link)?.clone())),
        other => other.clone(),
    })
}

/// The part of a step as the server gets it.
fn sent(call: &Call<'_>) -> Result<Part> {
    let part = call.part()?.clone();
    let link = match &call.part()?.author.link {
        Some(link) => Some(Link::Remote(call.link(link)?.clone())),
        None => None,
    };
    Ok(Part { author: Author { link, name: None }, ..part })
}

fn tag<'a>(call: &Call<'a>) -> Result<&'a RemoteRef> {
    let index: usize = call.step.args.get("tag").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let link = call.draft.field("tags").items().get(index).and_then(Value::as_link);
    let link = link.ok_or_else(|| Error::bug("a tag step points at no link"))?;
    call.refs
        .resolve(link)
        .ok_or_else(|| Error::not_sent(ErrorKind::Unresolved, "the tag is not at the destination yet"))
}

fn restore(object: &mut MemoryObject, back: BTreeMap<String, Value>) {
    for (name, value) in back {
        match (name.as_str(), value) {
            (MARKER, value) => object.marker = value.as_str().map(str::to_owned),
            (_, Value::Null) => {
                object.fields.remove(&name);
            }
            (_, value) => {
                object.fields.insert(name, value);
            }
        }
    }
}

/// The first write of a record that has to do with an object of its own.
fn made(done: &Progress) -> Option<&Made> {
    done.receipts().map(|(_, receipt)| &receipt.made).find(|made| **made != Made::Nothing)
}

fn source_of(marker: Option<&str>) -> SourceRef {
    let (kind, id) = marker.and_then(|m| m.split_once(':')).unwrap_or(("unknown", ""));
    SourceRef::new(kind.to_owned(), id)
}
