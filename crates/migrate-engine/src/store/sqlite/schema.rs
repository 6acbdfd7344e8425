//! The tables and their version.

use super::db;
use mapping_core::{Error, ErrorKind, Result};
use rusqlite::Connection;

/// Raised whenever a table changes.
const VERSION: i64 = 2;

const TABLES: &str = "
CREATE TABLE record (
  seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL UNIQUE, parent TEXT, repeated INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL);
CREATE INDEX record_by_kind ON record(kind, seq);
CREATE INDEX record_by_parent ON record(parent, kind) WHERE parent IS NOT NULL;
CREATE TABLE unfinished (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, parent TEXT, body TEXT NOT NULL);
CREATE TABLE page (
  kind TEXT PRIMARY KEY, cursor TEXT, complete INTEGER NOT NULL, total INTEGER, pages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE bad (name TEXT PRIMARY KEY, why TEXT NOT NULL, raw TEXT) WITHOUT ROWID;
CREATE TABLE unmapped (path TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE note (seq INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE value (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE plan (id INTEGER PRIMARY KEY, finished INTEGER NOT NULL, head TEXT NOT NULL);
CREATE TABLE plan_row (place INTEGER PRIMARY KEY, record TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE plan_stands (record TEXT PRIMARY KEY, by TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE plan_link (record TEXT NOT NULL, by TEXT NOT NULL, PRIMARY KEY (record, by)) WITHOUT ROWID;
CREATE TABLE plan_key (
  rule TEXT NOT NULL, key TEXT NOT NULL, length INTEGER NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (rule, key, length, record)) WITHOUT ROWID;
CREATE TABLE skipped (record TEXT PRIMARY KEY, kind TEXT NOT NULL, rule TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE loss (
  seq INTEGER PRIMARY KEY, phase TEXT NOT NULL, record TEXT NOT NULL, rule TEXT NOT NULL, place TEXT NOT NULL,
  why TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX loss_by_record ON loss(record);
CREATE INDEX loss_by_kind ON loss(rule, place, why);
CREATE TABLE quarantine (
  record TEXT NOT NULL, phase TEXT NOT NULL, kind TEXT NOT NULL, why TEXT NOT NULL, todo TEXT NOT NULL,
  PRIMARY KEY (record, phase)) WITHOUT ROWID;

CREATE TABLE batch (number INTEGER PRIMARY KEY, state TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE member (
  seq INTEGER PRIMARY KEY, batch INTEGER NOT NULL, phase INTEGER NOT NULL, kind TEXT NOT NULL, record TEXT NOT NULL,
  state TEXT NOT NULL, why TEXT NOT NULL, calls INTEGER NOT NULL, floor INTEGER NOT NULL, body TEXT NOT NULL,
  pass INTEGER NOT NULL DEFAULT 0, UNIQUE (batch, record));
CREATE INDEX member_by_state ON member(batch, phase, state, seq);
CREATE INDEX member_by_record ON member(record, batch);
CREATE TABLE attempt (record TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE step (
  record TEXT NOT NULL, attempt INTEGER NOT NULL, place INTEGER NOT NULL, state TEXT NOT NULL, step TEXT NOT NULL,
  prepared TEXT, body TEXT, PRIMARY KEY (record, attempt, place)) WITHOUT ROWID;
CREATE INDEX step_unsettled ON step(state) WHERE state IN ('intended', 'unknown');
CREATE TABLE owner (remote TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE target (record TEXT PRIMARY KEY, remote TEXT NOT NULL, by TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX target_by ON target(by);
CREATE TABLE verified (record TEXT PRIMARY KEY, digest TEXT NOT NULL, different INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE approval (seq INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE diary (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE proposed (list TEXT NOT NULL, source TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (list, source)) WITHOUT ROWID;
";

/// Makes the tables in an empty file; refuses a file of another version.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(db)?;
    match version {
        VERSION => Ok(()),
        0 => {
            let made = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={VERSION}; COMMIT");
            connection.execute_batch(&made).map_err(db)
        }
        other => Err(Error::not_sent(
            ErrorKind::Ledger,
            "run.db was written by another version of this program; use that one",
        )
        .with("found", other)
        .with("known", VERSION)),
    }
}
