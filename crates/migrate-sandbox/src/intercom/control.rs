//! The stand-in's own paths, under `/__sandbox/`: journal, state, knobs, clock, marks, seed, edits, judgement.

use axum::http::request::Parts;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Edit, Intercom, Knobs, Seed};
use crate::dataset::Dataset;
use crate::judge::{self, Explained, Options};

/// Answers a control request with a status and JSON.
pub(crate) fn handle(intercom: &Intercom, parts: &Parts, body: &Bytes) -> (u16, Value) {
    let what = parts.uri.path().trim_start_matches("/__sandbox/");
    let result = match (parts.method.as_str(), what) {
        ("GET", "journal") => journal(intercom, parts.uri.query().unwrap_or_default()),
        ("GET", "state") => state(intercom),
        ("GET", "knobs") => Ok(json!(intercom.knobs())),
        ("POST", "knobs") => knobs(intercom, body),
        ("POST", "clock") => read(body).and_then(|set| clock(intercom, &set)),
        ("POST", "mark") => read::<Mark>(body).map(|mark| {
            intercom.mark(&mark.name);
            json!({})
        }),
        ("POST", "seed") => read::<Seed>(body).map(|seed| {
            intercom.seed(seed);
            json!(intercom.state())
        }),
        ("POST", "edit") => read::<Edit>(body)
            .and_then(|edit| intercom.edit(&edit).map_err(|error| error.to_string()))
            .map(|()| json!({})),
        ("POST", "judge") => read(body).and_then(|task| verdict(intercom, &task)),
        _ => return (404, json!({"error": "the sandbox has no such path"})),
    };
    match result {
        Ok(value) => (200, value),
        Err(error) => (400, json!({"error": error})),
    }
}

fn read<T: for<'de> Deserialize<'de>>(body: &Bytes) -> Result<T, String> {
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

/// The journal; `?entries=0` leaves the full entries out.
fn journal(intercom: &Intercom, query: &str) -> Result<Value, String> {
    let full = !query.split('&').any(|pair| pair == "entries=0");
    intercom.with_journal(|journal| {
        let mut out = if full {
            serde_json::to_value(journal).map_err(|error| error.to_string())?
        } else {
            let mut short = crate::journal::Journal::new(0);
            short.total = journal.total;
            short.phases = journal.phases.clone();
            short.ignored_keys = journal.ignored_keys.clone();
            short.ignored_keys_total = journal.ignored_keys_total;
            let mut out = serde_json::to_value(&short).map_err(|error| error.to_string())?;
            for (name, effects) in [
                ("notifications", &journal.notifications),
                ("teammate_notifications", &journal.teammate_notifications),
                ("workflow_triggers", &journal.workflow_triggers),
                ("denied_calls", &journal.denied_calls),
            ] {
                out[name] = json!({"count": effects.count, "by_kind": effects.by_kind});
            }
            out
        };
        out["entries_kept"] = json!(journal.entries.len());
        Ok(out)
    })
}

fn state(intercom: &Intercom) -> Result<Value, String> {
    let mut out = json!(intercom.state());
    out["now"] = json!(intercom.clock().now().as_second());
    Ok(out)
}

/// Sets the knobs that are given and leaves the others.
fn knobs(intercom: &Intercom, body: &Bytes) -> Result<Value, String> {
    let given: Map<String, Value> = read(body)?;
    let mut all = serde_json::to_value(intercom.knobs()).map_err(|error| error.to_string())?;
    if let Some(map) = all.as_object_mut() {
        map.extend(given);
    }
    let new: Knobs = serde_json::from_value(all).map_err(|error| error.to_string())?;
    intercom.turn(|knobs| *knobs = new);
    Ok(json!(intercom.knobs()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mark {
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    /// Seconds to go forward.
    #[serde(alias = "advance_seconds")]
    advance_s: Option<i64>,
    /// Unix seconds, or a time in RFC 3339.
    set: Option<Value>,
}

fn clock(intercom: &Intercom, change: &ClockChange) -> Result<Value, String> {
    if let Some(set) = &change.set {
        let at = match set.as_i64() {
            Some(seconds) => Timestamp::from_second(seconds).map_err(|error| error.to_string())?,
            None => {
                set.as_str().unwrap_or_default().parse().map_err(|error: jiff::Error| error.to_string())?
            }
        };
        intercom.clock().set(at);
    }
    if let Some(seconds) = change.advance_s {
        intercom.clock().advance(SignedDuration::from_secs(seconds));
    }
    Ok(json!({"now": intercom.clock().now().as_second()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    /// Path of a data set in JSON, on the sandbox's machine.
    dataset: std::path::PathBuf,
    #[serde(default)]
    explained: Vec<Explained>,
    #[serde(default)]
    options: Options,
}

fn verdict(intercom: &Intercom, task: &Task) -> Result<Value, String> {
    let dataset = Dataset::load(&task.dataset).map_err(|error| error.to_string())?;
    let verdict = judge::judge(&dataset, intercom, &task.explained, &task.options);
    serde_json::to_value(verdict).map_err(|error| error.to_string())
}
