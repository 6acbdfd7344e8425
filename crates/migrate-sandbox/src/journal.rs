//! What a stand-in was asked, and what the real platform would have set off because of it.
//!
//! Counters are kept for everything; full entries only up to [`Journal::keep`], so that a load of a million calls fits.

use std::collections::BTreeMap;

use serde::Serialize;

/// Full entries kept per list unless a test asks for more.
pub const DEFAULT_KEEP: usize = 20_000;

/// Different ignored keys that are counted.
pub const MOST_KEYS: usize = 1000;

/// One request and how it ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Entry {
    /// Number of the request, from 1.
    pub n: u64,
    /// Time by the sandbox clock, Unix seconds.
    pub at: i64,
    /// HTTP method.
    pub method: String,
    /// Path with placeholders, such as `/contacts/{id}`; `(none)` when no endpoint has it.
    pub endpoint: String,
    /// The path as it was asked for.
    pub path: String,
    /// Whether the credentials were accepted.
    pub authorized: bool,
    /// Status of the answer, also of one that was lost on the way.
    pub status: u16,
    /// Whether the request changed something that lasts.
    pub applied: bool,
    /// Bytes of the request's body.
    pub bytes: u64,
    /// Keys of the body that the endpoint takes no notice of, with dots between levels.
    pub ignored_keys: Vec<String>,
    /// Name of the fault that was planted on this request.
    pub fault: Option<&'static str>,
    /// Whether the answer never reached the caller.
    pub lost: bool,
}

/// Something that the platform would have done to somebody because of a request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effect {
    /// Number of the request.
    pub call: u64,
    /// Time by the sandbox clock, Unix seconds.
    pub at: i64,
    /// What it was, such as `admin_comment`.
    pub kind: &'static str,
    /// Id of the object it hangs on.
    pub object: String,
}

/// A list of effects: a count that is always right, by kind too, and the first entries.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Effects {
    /// How many there were.
    pub count: u64,
    /// How many of each kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// The first of them, up to [`Journal::keep`].
    pub entries: Vec<Effect>,
}

/// Counters of one endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests.
    pub calls: u64,
    /// Requests that changed something.
    pub applied: u64,
    /// Requests answered with a status of 400 or above.
    pub refused: u64,
    /// Requests whose answer was lost.
    pub lost: u64,
}

/// The stretch of calls that begins at a mark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Phase {
    /// Name given with the mark; the stretch before the first mark is called `start`.
    pub name: String,
    /// Time of the mark by the sandbox clock, Unix seconds.
    pub at: i64,
    /// Counters of all endpoints together.
    pub total: Counts,
    /// Counters by `METHOD endpoint`.
    pub endpoints: BTreeMap<String, Counts>,
}

/// Everything a stand-in remembers about the calls it got.
#[derive(Debug, Clone, Serialize)]
pub struct Journal {
    /// Full entries are kept up to this number, here and in each list of effects.
    pub keep: usize,
    /// All calls so far.
    pub total: Counts,
    /// The first [`Journal::keep`] calls in full.
    pub entries: Vec<Entry>,
    /// Calls by endpoint, between marks.
    pub phases: Vec<Phase>,
    /// Ignored keys by `METHOD endpoint key`, with the number of requests that sent them; [`MOST_KEYS`] of them.
    pub ignored_keys: BTreeMap<String, u64>,
    /// Ignored keys of all requests, those beyond [`MOST_KEYS`] too.
    pub ignored_keys_total: u64,
    /// Messages to customers: mail, push, SMS.
    pub notifications: Effects,
    /// Messages to teammates.
    pub teammate_notifications: Effects,
    /// Starts of automations.
    pub workflow_triggers: Effects,
    /// Calls that no migration may make.
    pub denied_calls: Effects,
}

impl Default for Journal {
    fn default() -> Self {
        Self::new(DEFAULT_KEEP)
    }
}

impl Journal {
    /// An empty journal that keeps `keep` full entries per list.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self {
            keep,
            total: Counts::default(),
            entries: Vec::new(),
            phases: vec![Phase {
                name: "start".into(),
                at: 0,
                total: Counts::default(),
                endpoints: BTreeMap::new(),
            }],
            ignored_keys: BTreeMap::new(),
            ignored_keys_total: 0,
            notifications: Effects::default(),
            teammate_notifications: Effects::default(),
            workflow_triggers: Effects::default(),
            denied_calls: Effects::default(),
        }
    }

    /// Number that the next request gets.
    #[must_use]
    pub fn next_call(&self) -> u64 {
        self.total.calls + 1
    }

    /// Writes a request down.
    pub fn record(&mut self, entry: Entry) {
        let key = format!("{} {}", entry.method, entry.endpoint);
        self.ignored_keys_total += entry.ignored_keys.len() as u64;
        for ignored in &entry.ignored_keys {
            let name = format!("{key} {ignored}");
            if self.ignored_keys.len() < MOST_KEYS || self.ignored_keys.contains_key(&name) {
                *self.ignored_keys.entry(name).or_default() += 1;
            }
        }
        self.total.add(&entry);
        if let Some(phase) = self.phases.last_mut() {
            phase.total.add(&entry);
            phase.endpoints.entry(key).or_default().add(&entry);
        }
        if self.entries.len() < self.keep {
            self.entries.push(entry);
        }
    }

    /// Begins a new phase at `at`.
    pub fn mark(&mut self, name: &str, at: i64) {
        self.phases.push(Phase {
            name: name.to_owned(),
            at,
            total: Counts::default(),
            endpoints: BTreeMap::new(),
        });
    }

    /// The last phase with this name.
    #[must_use]
    pub fn phase(&self, name: &str) -> Option<&Phase> {
        self.phases.iter().rev().find(|phase| phase.name == name)
    }

    /// Writes down a message to a customer.
    pub fn notify(&mut self, at: i64, kind: &'static str, object: &str) {
        let (call, keep) = (self.next_call(), self.keep);
        self.notifications.add(keep, Effect { call, at, kind, object: object.to_owned() });
    }

    /// Writes down a message to a teammate.
    pub fn notify_teammate(&mut self, at: i64, kind: &'static str, object: &str) {
        let (call, keep) = (self.next_call(), self.keep);
        self.teammate_notifications.add(keep, Effect { call, at, kind, object: object.to_owned() });
    }

    /// Writes down the start of an automation.
    pub fn trigger(&mut self, at: i64, kind: &'static str, object: &str) {
        let (call, keep) = (self.next_call(), self.keep);
        self.workflow_triggers.add(keep, Effect { call, at, kind, object: object.to_owned() });
    }

    /// Writes down a call that no migration may make.
    pub fn deny(&mut self, at: i64, kind: &'static str, object: &str) {
        let (call, keep) = (self.next_call(), self.keep);
        self.denied_calls.add(keep, Effect { call, at, kind, object: object.to_owned() });
    }
}

impl Counts {
    fn add(&mut self, entry: &Entry) {
        self.calls += 1;
        self.applied += u64::from(entry.applied);
        self.refused += u64::from(entry.status >= 400);
        self.lost += u64::from(entry.lost);
    }
}

impl Effects {
    fn add(&mut self, keep: usize, effect: Effect) {
        self.count += 1;
        *self.by_kind.entry(effect.kind).or_default() += 1;
        if self.entries.len() < keep {
            self.entries.push(effect);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(n: u64, status: u16) -> Entry {
        Entry {
            n,
            method: "POST".into(),
            endpoint: "/x".into(),
            status,
            applied: status < 400,
            ..Entry::default()
        }
    }

    #[test]
    fn counters_go_on_when_the_entries_are_full() {
        let mut journal = Journal::new(2);
        for n in 1..=5 {
            journal.record(entry(n, 200));
            journal.notify(0, "admin_comment", "7");
        }
        assert_eq!((journal.entries.len(), journal.total.calls), (2, 5));
        assert_eq!((journal.notifications.entries.len(), journal.notifications.count), (2, 5));
    }

    #[test]
    fn calls_are_counted_between_marks() {
        let mut journal = Journal::default();
        journal.record(entry(1, 200));
        journal.mark("apply", 10);
        journal.record(entry(2, 200));
        journal.record(entry(3, 404));
        journal.mark("verify", 20);
        let apply = journal.phase("apply").unwrap();
        assert_eq!((apply.total.calls, apply.total.applied, apply.total.refused), (2, 1, 1));
        assert_eq!(apply.endpoints["POST /x"].calls, 2);
        assert_eq!(journal.phase("verify").unwrap().total.calls, 0);
    }

    #[test]
    fn ignored_keys_are_counted_by_endpoint() {
        let mut journal = Journal::default();
        journal.record(Entry { ignored_keys: vec!["assignee".into()], ..entry(1, 200) });
        assert_eq!(journal.ignored_keys["POST /x assignee"], 1);
    }
}
