//! A simulated platform in memory: objects with a natural key, threads of parts, tags, an archive.

use super::{Touch, VirtualClock, Wire};
use crate::{Clock, Error, ErrorKind, Link, Part, Result, Value};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// An object of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryObject {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Its natural key; two objects of a kind never share one, whatever its case.
    pub key: Option<String>,
    /// A field that only an importer fills: the name of the record it came from.
    pub marker: Option<String>,
    /// Fields; links point at objects of the server.
    pub fields: BTreeMap<String, Value>,
    /// The parts of a thread.
    pub parts: Vec<MemoryPart>,
    /// Ids of its tags.
    pub tags: BTreeSet<String>,
    /// Closed; a new part opens it again.
    pub closed: bool,
    /// Archived: it keeps its key and is not found by it.
    pub archived: bool,
    /// When searches begin to show it.
    pub visible_at: Timestamp,
}

/// A part of a thread.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPart {
    /// Its id.
    pub id: String,
    /// Its content; the author's link points at an object of the server.
    pub part: Part,
}

/// The server. Clones are the same server.
#[derive(Clone, Debug)]
pub struct MemoryServer {
    wire: Wire,
    lag: SignedDuration,
    window: usize,
    max_file: u64,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<String, MemoryObject>,
    next: u64,
}

impl MemoryServer {
    /// An empty server whose searches show a new object `lag` after it was made. Reads show a thread's opening and its
    /// six newest parts; files over 1000 bytes are refused.
    pub fn new(wire: &Wire, lag: Duration) -> Self {
        MemoryServer {
            wire: wire.clone(),
            lag: SignedDuration::try_from(lag).unwrap_or(SignedDuration::ZERO),
            window: 6,
            max_file: 1000,
            state: Arc::default(),
        }
    }
    /// The time.
    pub fn clock(&self) -> &VirtualClock {
        self.wire.clock()
    }
    /// Puts an object there as somebody else would: not over the wire, visible at once. Returns its id.
    pub fn plant(&self, mut object: MemoryObject) -> String {
        let mut state = self.state();
        object.id = state.id(&object.kind);
        let id = object.id.clone();
        state.objects.insert(id.clone(), object);
        id
    }
    /// Changes an object as somebody else would; `false` when it isn't there.
    pub fn touch(&self, id: &str, change: impl FnOnce(&mut MemoryObject)) -> bool {
        self.state().objects.get_mut(id).map(change).is_some()
    }
    /// Everything there is, past the wire.
    pub fn objects(&self) -> Vec<MemoryObject> {
        self.state().objects.values().cloned().collect()
    }

    pub(super) fn create(
        &self,
        kind: &str,
        key: Option<&str>,
        marker: &str,
        fields: BTreeMap<String, Value>,
    ) -> Result<String> {
        self.wire.call(Touch::Writes, || {
            let mut state = self.state();
            if let Some(other) = key.and_then(|key| state.keyed(kind, key)) {
                return Err(Error::rejected(ErrorKind::Conflict, "an object has this key already")
                    .with_status(409)
                    .with("object", &other.id)
                    .with("archived", other.archived));
            }
            let mut object = self.blank(state.id(kind), kind);
            object.key = key.map(str::to_owned);
            object.marker = Some(marker.to_owned());
            object.fields = fields;
            Ok(state.insert(object))
        })
    }
    pub(super) fn create_thread(&self, kind: &str, opening: Part) -> Result<String> {
        self.wire.call(Touch::Writes, || {
            let mut state = self.state();
            self.check_links(&state, opening.author.link.as_ref())?;
            let mut object = self.blank(state.id(kind), kind);
            object.parts.push(MemoryPart { id: state.id("part"), part: opening });
            Ok(state.insert(object))
        })
    }
    /// Answers with the id of the new part.
    pub(super) fn reply(&self, id: &str, part: Part) -> Result<String> {
        self.wire.call(Touch::Writes, || {
            let mut state = self.state();
            self.check_links(&state, part.author.link.as_ref())?;
            if part.files.iter().any(|file| file.len > self.max_file) {
                return Err(Error::rejected(ErrorKind::TooLarge, "a file is over the server's bound")
                    .with("bound", self.max_file));
            }
            let part_id = state.id("part");
            let object = state.get(id)?;
            object.closed = false;
            object.parts.push(MemoryPart { id: part_id.clone(), part });
            Ok(part_id)
        })
    }
    /// Any other change of one object.
    pub(super) fn change(&self, id: &str, change: impl FnOnce(&mut MemoryObject)) -> Result<()> {
        self.wire.call(Touch::Writes, || {
            change(self.state().get(id)?);
            Ok(())
        })
    }
    pub(super) fn delete(&self, id: &str) -> Result<()> {
        self.wire.call(Touch::Writes, || {
            let mut state = self.state();
            state.get(id)?;
            state.objects.remove(id);
            Ok(())
        })
    }
    /// The object with its opening and newest parts, and how many parts it has.
    pub(super) fn read(&self, id: &str) -> Result<Option<(MemoryObject, usize)>> {
        self.wire.call(Touch::Reads, || {
            Ok(self.state().objects.get(id).cloned().map(|mut object| {
                let all = object.parts.len();
                let hidden = all.saturating_sub(1 + self.window);
                if hidden > 0 {
                    object.parts.drain(1..=hidden);
                }
                (object, all)
            }))
        })
    }
    pub(super) fn search(&self, wanted: impl Fn(&MemoryObject) -> bool) -> Result<Vec<MemoryObject>> {
        self.wire.call(Touch::Reads, || {
            let now = self.clock().now();
            let shown = |o: &&MemoryObject| !o.archived && o.visible_at <= now && wanted(o);
            Ok(self.state().objects.values().filter(shown).cloned().collect())
        })
    }
    /// The tags, for a catalog.
    pub(super) fn tags(&self) -> Result<Vec<MemoryObject>> {
        self.search(|object| object.kind == "tag")
    }

    /// Everything, in a form without ids and times of the server.
    pub(super) fn snapshot(&self) -> Json {
        let state = self.state();
        let name = |id: &str| state.objects.get(id).map_or_else(|| format!("?{id}"), |o| o.label());
        let mut all: Vec<Json> = state.objects.values().map(|o| picture(o, &name)).collect();
        all.sort_by_key(ToString::to_string);
        Json::Array(all)
    }

    fn check_links(&self, state: &State, link: Option<&Link>) -> Result<()> {
        match link {
            Some(Link::Remote(remote)) if !state.objects.contains_key(&remote.id) => {
                Err(Error::rejected(ErrorKind::Invalid, "the author isn't there").with("author", remote))
            }
            _ => Ok(()),
        }
    }
    fn blank(&self, id: String, kind: &str) -> MemoryObject {
        MemoryObject { visible_at: self.clock().now() + self.lag, ..MemoryObject::new(id, kind) }
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn id(&mut self, kind: &str) -> String {
        self.next += 1;
        format!("{kind}-{}", self.next)
    }
    fn insert(&mut self, object: MemoryObject) -> String {
        let id = object.id.clone();
        self.objects.insert(id.clone(), object);
        id
    }
    fn keyed(&self, kind: &str, key: &str) -> Option<&MemoryObject> {
        self.objects.values().find(|o| o.kind == kind && o.has_key(key))
    }
    fn get(&mut self, id: &str) -> Result<&mut MemoryObject> {
        let missing = || Error::rejected(ErrorKind::NotFound, "no such object").with_status(404);
        self.objects.get_mut(id).ok_or_else(missing)
    }
}

impl MemoryObject {
    /// An open object without content, visible since ever.
    pub fn new(id: impl Into<String>, kind: impl Into<String>) -> Self {
        MemoryObject {
            id: id.into(),
            kind: kind.into(),
            key: None,
            marker: None,
            fields: BTreeMap::new(),
            parts: Vec::new(),
            tags: BTreeSet::new(),
            closed: false,
            archived: false,
            visible_at: Timestamp::UNIX_EPOCH,
        }
    }
    /// True when this is its natural key, whatever its case.
    pub fn has_key(&self, key: &str) -> bool {
        self.key.as_ref().is_some_and(|own| own.to_lowercase() == key.to_lowercase())
    }
    fn label(&self) -> String {
        let name = self.key.clone().or_else(|| self.marker.clone()).unwrap_or_default();
        format!("{} {}", self.kind, name.to_lowercase())
    }
}

fn picture(object: &MemoryObject, name: &dyn Fn(&str) -> String) -> Json {
    let author = |part: &Part| match &part.author.link {
        Some(Link::Remote(remote)) => name(&remote.id),
        _ => String::new(),
    };
    let parts: Vec<Json> = object
        .parts
        .iter()
        .map(|MemoryPart { part, .. }| {
            let files: Vec<&str> = part.files.iter().map(|f| f.name.as_str()).collect();
            json!([author(part), part.at, part.body.canonical(), part.visibility, files])
        })
        .collect();
    let fields: BTreeMap<&String, Json> = object.fields.iter().map(|(k, v)| (k, shown(v, name))).collect();
    let tags: BTreeSet<String> = object.tags.iter().map(|id| name(id)).collect();
    json!({
        "kind": object.kind, "key": object.key, "marker": object.marker, "fields": fields, "parts": parts,
        "tags": tags, "closed": object.closed, "archived": object.archived,
    })
}

fn shown(value: &Value, name: &dyn Fn(&str) -> String) -> Json {
    match value {
        Value::Link(Link::Remote(remote)) => json!(name(&remote.id)),
        Value::List(items) => items.iter().map(|item| shown(item, name)).collect(),
        other => json!(other),
    }
}
