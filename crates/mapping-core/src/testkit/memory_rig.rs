//! The rig of the in-memory sink, and of controls that are wrong on purpose.

use super::{Changed, MemoryObject, MemoryServer, MemorySink, Phases, Rig, TestLedger, Verdict, Wire, World};
use crate::{Author, Blob, Body, Clock, Draft, Link, Part, Result, Role, Sink, SourceRef, Value, Visibility};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// Tags, contacts (one new, one to adopt, one archived) and threads (two that nobody can tell apart, one longer than
/// the read window) for a [`MemorySink`].
#[derive(Clone, Debug)]
pub struct MemoryRig {
    blind_seconds: u32,
    locks: bool,
    forgets_prior_values: bool,
}

impl Default for MemoryRig {
    fn default() -> Self {
        MemoryRig { blind_seconds: 300, locks: true, forgets_prior_values: false }
    }
}

impl MemoryRig {
    /// The rig that must pass.
    pub fn new() -> Self {
        Self::default()
    }
    /// A control: the sink takes "not seen" for "not there" at once.
    #[must_use]
    pub fn without_blind_window(mut self) -> Self {
        self.blind_seconds = 0;
        self
    }
    /// A control: the steps take no locks.
    #[must_use]
    pub fn without_locks(mut self) -> Self {
        self.locks = false;
        self
    }
    /// A control: prior values reach the disk with the receipt, not with the intent.
    #[must_use]
    pub fn forgetting_prior_values(mut self) -> Self {
        self.forgets_prior_values = true;
        self
    }
}

#[async_trait]
impl Rig for MemoryRig {
    fn name(&self) -> String {
        "the in-memory sink".to_owned()
    }

    async fn world(&self, wire: &Wire, lag: Duration) -> Result<Box<dyn World>> {
        let server = MemoryServer::new(wire, lag);
        server.plant(stranger("old@x.example", "Before", false));
        server.plant(stranger("gone@x.example", "Archived", true));
        let sink = MemorySink::new(&server, self.blind_seconds);
        let sink = if self.locks { sink } else { sink.without_locks() };
        Ok(Box::new(MemoryWorld { server, sink }))
    }

    fn drafts(&self) -> Phases {
        let tag = keyed("tag", "vip", "vip").with("name", "vip");
        let contacts =
            vec![contact("1", "a@x.example"), contact("2", "OLD@x.example"), contact("3", "gone@x.example")];
        let threads = vec![
            thread("10", "1", 100, 5, true),
            thread("11", "1", 100, 5, true),
            thread("12", "2", 200, 3, false),
            thread("13", "3", 300, 9, true),
        ];
        vec![vec![tag], contacts, threads]
    }

    fn twins(&self) -> Phases {
        let threads = ["20", "21", "22"].map(|id| thread(id, "1", 100, 2, false));
        vec![vec![keyed("tag", "vip", "vip")], vec![contact("1", "a@x.example")], threads.into()]
    }

    fn changed(&self) -> Option<Changed> {
        let mut phases = self.drafts();
        // One change of the adopted contact, one create.
        phases[1][1].fields.insert("name".to_owned(), Value::text("Renamed"));
        phases[1].push(contact("4", "new@x.example"));
        // One reply, which opens the thread, and one close; one new title.
        phases[2][0].parts.push(part("m99", Role::Customer, "1", 900, "again"));
        phases[2][2].fields.insert("title".to_owned(), Value::text("Another title"));
        Some(Changed { phases, writes: 5 })
    }

    fn lag(&self) -> Duration {
        Duration::from_secs(300)
    }

    fn ledger(&self, wire: &Wire) -> TestLedger {
        let ledger = TestLedger::new(wire);
        if self.forgets_prior_values { ledger.forgetting_prior_values() } else { ledger }
    }
}

struct MemoryWorld {
    server: MemoryServer,
    sink: MemorySink,
}

#[async_trait]
impl World for MemoryWorld {
    async fn connect(&self) -> Result<Box<dyn Sink>> {
        Ok(Box::new(self.sink.clone()))
    }
    async fn state(&self) -> Result<serde_json::Value> {
        Ok(self.server.snapshot())
    }
    async fn judge(&self, drafts: &Phases) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        let objects = self.server.objects();
        let (threads, others): (Vec<&Draft>, Vec<&Draft>) =
            drafts.iter().flatten().partition(|d| !d.parts.is_empty());
        others.iter().for_each(|draft| judge_object(&mut verdict, draft, &objects));
        threads.iter().for_each(|draft| judge_thread(&mut verdict, draft, &objects));
        let there = objects.iter().filter(|o| !o.parts.is_empty()).count();
        verdict.doubled += there.saturating_sub(threads.len()) as u64;
        Ok(verdict)
    }
    async fn meddle(&self) -> Result<()> {
        self.server.plant(stranger("somebody@x.example", "Somebody", false));
        let old = self.server.objects().into_iter().find(|o| o.has_key("old@x.example"));
        if let Some(old) = old {
            self.server.touch(&old.id, |o| {
                o.fields.insert("phone".to_owned(), Value::text("123"));
            });
        }
        Ok(())
    }
}

fn judge_object(verdict: &mut Verdict, draft: &Draft, objects: &[MemoryObject]) {
    let key = draft.key.as_deref().unwrap_or_default();
    let found: Vec<&MemoryObject> =
        objects.iter().filter(|o| o.kind == draft.kind.as_str() && o.has_key(key)).collect();
    verdict.doubled += found.len().saturating_sub(1) as u64;
    let right = |o: &&&MemoryObject| {
        !o.archived && draft.fields.iter().all(|(name, value)| o.fields.get(name) == Some(value))
    };
    if found.iter().find(right).is_none() {
        verdict.lost += 1;
        verdict.remarks.push(format!("{} is not there as it should be", draft.source));
    }
}

fn judge_thread(verdict: &mut Verdict, draft: &Draft, objects: &[MemoryObject]) {
    let marker = draft.source.to_string();
    let found: Vec<&MemoryObject> =
        objects.iter().filter(|o| o.marker.as_deref() == Some(marker.as_str())).collect();
    let Some(object) = found.first() else {
        verdict.lost += 1;
        verdict.remarks.push(format!("{marker} is not there"));
        return;
    };
    verdict.doubled += found.len() as u64 - 1;
    let said = |parts: &mut dyn Iterator<Item = &Part>| -> Vec<(String, Option<Timestamp>)> {
        parts.filter(|p| &*p.body.text != "(more files)").map(|p| (p.body.canonical(), p.at)).collect()
    };
    let want = said(&mut draft.parts.iter());
    let have = said(&mut object.parts.iter().map(|p| &p.part));
    let (mut lost, mut extra) = (count(&want), count(&have));
    for (text, n) in &mut lost {
        let there = extra.get_mut(text).map_or(0, |m| {
            let both = (*m).min(*n);
            *m -= both;
            both
        });
        *n -= there;
    }
    let (lost, extra): (u64, u64) = (lost.values().sum(), extra.values().sum());
    let files = |parts: &mut dyn Iterator<Item = &Part>| parts.map(|p| p.files.len()).sum::<usize>();
    let (want_files, have_files) =
        (files(&mut draft.parts.iter()), files(&mut object.parts.iter().map(|p| &p.part)));
    let closed = draft.text("state") == "closed";
    let tags = draft.field("tags").items().len();
    let wrong = u64::from(object.closed != closed)
        + u64::from(object.tags.len() != tags)
        + u64::from(have_files != want_files);
    verdict.lost += lost + wrong;
    verdict.doubled += extra;
    verdict.out_of_order += u64::from(lost + extra == 0 && want != have);
    if lost + extra + wrong > 0 {
        verdict.remarks.push(format!("{marker}: {lost} parts lost, {extra} too many, {wrong} values wrong"));
    }
}

fn count<T: Ord + Clone>(items: &[T]) -> BTreeMap<T, u64> {
    items.iter().fold(BTreeMap::new(), |mut counts, item| {
        *counts.entry(item.clone()).or_default() += 1;
        counts
    })
}

fn stranger(email: &str, name: &str, archived: bool) -> MemoryObject {
    MemoryObject {
        key: Some(email.to_owned()),
        marker: Some("crm".to_owned()),
        fields: BTreeMap::from([("name".to_owned(), Value::text(name))]),
        archived,
        ..MemoryObject::new("", "contact")
    }
}

fn keyed(kind: &'static str, id: &str, key: &str) -> Draft {
    Draft { key: Some(key.into()), ..Draft::new(kind, SourceRef::new(kind, id)) }
}

fn contact(id: &str, email: &str) -> Draft {
    keyed("contact", id, email).with("name", format!("Name {id}"))
}

fn part(key: &str, role: Role, contact: &str, at: i64, text: &str) -> Part {
    let link = Link::Source(SourceRef::new("contact", contact));
    let at =
        super::VirtualClock::new().now() - SignedDuration::from_hours(24) + SignedDuration::from_secs(at);
    let author = Author { link: Some(link), name: None };
    Part::new(key, role, author, Some(at), Body::html(text))
}

/// A thread with two equal replies within one second, a note, and a part with more files than one part holds.
fn thread(id: &str, who: &str, at: i64, parts: usize, closed: bool) -> Draft {
    let mut draft = Draft::new("thread", SourceRef::new("ticket", id))
        .with("title", format!("Title {id}"))
        .with("contact", Link::Source(SourceRef::new("contact", who)))
        .with("state", if closed { "closed" } else { "open" })
        .with(
            "tags",
            Value::List(vec![
                Value::Link(Link::Batch),
                Value::Link(Link::Source(SourceRef::new("tag", "vip"))),
            ]),
        )
        .with_part(part("m0", Role::Customer, who, at, "<b>Hello</b> a &lt; b"));
    for i in 1..parts {
        let text = if i < 4 { "<p>Thanks</p>".to_owned() } else { format!("<p>More {}</p>", i / 3) };
        let mut reply = part(&format!("m{i}"), Role::Customer, who, at + i as i64 / 2, &text);
        if i == 1 {
            reply.files = (0..12).map(file).collect();
        }
        if i == 2 {
            reply.visibility = Visibility::Internal;
        }
        draft.parts.push(reply);
    }
    draft
}

fn file(n: usize) -> Blob {
    Blob { sha256: format!("{n:064x}"), len: 9, name: format!("file {n}").into(), mime: "text/plain".into() }
}
