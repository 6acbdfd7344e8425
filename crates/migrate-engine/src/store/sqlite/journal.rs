//! The journal of one record's steps, and the locks that all journals share.

use super::{Handle, Sqlite, db, from_json, json, name, parse};
use async_trait::async_trait;
use mapping_core::{
    Entry, Error, ErrorKind, Journal, Made, Mark, Prepared, Progress, Receipt, RemoteRef, Result, SourceRef,
    State, Step,
};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Which record holds a lock.
pub(super) type Locks = BTreeMap<String, SourceRef>;

/// Locks of unsettled steps are held across restarts.
pub(super) fn rebuild_locks(c: &Connection) -> Result<Locks> {
    let sql = "SELECT record, step FROM step WHERE state IN ('intended', 'unknown')";
    let mut query = c.prepare(sql).map_err(db)?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).map_err(db)?;
    let rows: Vec<(String, String)> = rows.collect::<rusqlite::Result<_>>().map_err(db)?;
    let mut locks = Locks::new();
    for (record, step) in rows {
        let step: Step = from_json(&step)?;
        if let Some(key) = step.lock {
            locks.insert(key, parse(&record));
        }
    }
    Ok(locks)
}

/// The number of a record's current attempt: each rollback ends one.
pub(super) fn attempt(c: &Connection, record: &str) -> rusqlite::Result<u32> {
    let mut query = c.prepare_cached("SELECT number FROM attempt WHERE record = ?1")?;
    Ok(query.query_row([record], |row| row.get(0)).optional()?.unwrap_or(1))
}

/// How far a record has come in its current attempt.
pub(super) fn progress(c: &Connection, record: &str) -> Result<Option<Progress>> {
    let attempt = attempt(c, record).map_err(db)?;
    let sql = "SELECT step, prepared, body FROM step WHERE record = ?1 AND attempt = ?2 ORDER BY place";
    let mut query = c.prepare_cached(sql).map_err(db)?;
    type Stored = (String, Option<String>, Option<String>);
    let rows = query
        .query_map(params![record, attempt], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<Stored>>>)
        .map_err(db)?;
    let mut progress = Progress::default();
    for (step, prepared, body) in rows {
        progress.entries.push(Entry {
            step: from_json(&step)?,
            prepared: prepared.map_or(Ok(Prepared::default()), |p| from_json(&p))?,
            state: body.map_or(Ok(State::Planned), |b| from_json(&b))?,
            refusals: 0,
        });
    }
    Ok((!progress.entries.is_empty()).then_some(progress))
}

/// Adds steps behind those that are there.
pub(super) fn add_steps(c: &Connection, record: &str, steps: &[Step]) -> Result<()> {
    let attempt = attempt(c, record).map_err(db)?;
    let sql = "SELECT COUNT(*) FROM step WHERE record = ?1 AND attempt = ?2";
    let from: u64 = c
        .prepare_cached(sql)
        .and_then(|mut q| q.query_row(params![record, attempt], |r| r.get(0)))
        .map_err(db)?;
    let sql = "INSERT INTO step (record, attempt, place, state, step) VALUES (?1, ?2, ?3, 'planned', ?4)";
    let mut insert = c.prepare_cached(sql).map_err(db)?;
    for (place, step) in (from..).zip(steps) {
        insert.execute(params![record, attempt, place, json(step)?]).map_err(db)?;
    }
    Ok(())
}

pub(super) struct SqliteJournal {
    writer: Handle,
    locks: Arc<Mutex<Locks>>,
    record: SourceRef,
    aliases: Vec<SourceRef>,
    /// Steps that get their rows with the first intent.
    unsaved: Vec<Step>,
}

impl Sqlite {
    pub(super) fn journal_of(
        &self,
        record: &SourceRef,
        aliases: &[SourceRef],
        steps: Vec<Step>,
    ) -> Result<(Box<dyn Journal>, Progress)> {
        let found = progress(&self.reader(), &name(record))?;
        let (unsaved, progress) = match found {
            Some(progress) => (Vec::new(), progress),
            None => (steps.clone(), Progress::of(steps)),
        };
        let journal = SqliteJournal {
            writer: self.writer.handle(),
            locks: self.locks.clone(),
            record: record.clone(),
            aliases: aliases.to_vec(),
            unsaved,
        };
        Ok((Box::new(journal), progress))
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn commit(&mut self, marks: Vec<Mark>) -> Result<()> {
        let unsaved = std::mem::take(&mut self.unsaved);
        let record = self.record.clone();
        let aliases = self.aliases.clone();
        let keep = unsaved.clone();
        let done = self
            .writer
            .write(move |c| {
                let record_name = name(&record);
                if !unsaved.is_empty() {
                    add_steps(c, &record_name, &unsaved)?;
                }
                let attempt = attempt(c, &record_name).map_err(db)?;
                marks.iter().try_for_each(|mark| apply_mark(c, &record_name, attempt, &aliases, mark))
            })
            .await;
        if done.is_err() {
            self.unsaved = keep;
        }
        done
    }

    async fn owned_by_another(&self, remote: &RemoteRef) -> Result<bool> {
        let (remote, record) = (remote.to_string(), name(&self.record));
        // Through the writer, so that a receipt whose commit is on its way is seen.
        self.writer.write(move |c| Ok(owner(c, &remote)?.is_some_and(|owner| owner != record))).await
    }

    async fn lock(&mut self, key: &str) -> Result<bool> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = locks.entry(key.to_owned()).or_insert_with(|| self.record.clone());
        Ok(*holder == self.record)
    }

    async fn unlock(&mut self, key: &str) {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.get(key) == Some(&self.record) {
            locks.remove(key);
        }
    }
}

fn owner(c: &Connection, remote: &str) -> Result<Option<String>> {
    let mut query = c.prepare_cached("SELECT record FROM owner WHERE remote = ?1").map_err(db)?;
    query.query_row([remote], |row| row.get(0)).optional().map_err(db)
}

fn apply_mark(c: &Connection, record: &str, attempt: u32, aliases: &[SourceRef], mark: &Mark) -> Result<()> {
    if let State::Applied(Receipt { made, .. }) = &mark.state {
        take_receipt(c, record, aliases, made)?;
    }
    let prepared = mark.prepared.as_ref().filter(|p| **p != Prepared::default()).map(json).transpose()?;
    let sql = "UPDATE step SET state = ?4, body = ?5, prepared = CASE WHEN ?6 THEN ?7 ELSE prepared END
               WHERE record = ?1 AND attempt = ?2 AND place = ?3";
    let mut update = c.prepare_cached(sql).map_err(db)?;
    let body = (mark.state != State::Planned).then(|| json(&mark.state)).transpose()?;
    let values = params![
        record,
        attempt,
        mark.index as u64,
        mark.state.name(),
        body,
        mark.prepared.is_some(),
        prepared
    ];
    if update.execute(values).map_err(db)? == 1 {
        return Ok(());
    }
    Err(Error::not_sent(ErrorKind::Ledger, "a mark names a step that the ledger doesn't have")
        .with("record", record)
        .with("index", mark.index))
}

/// Keeps who owns what, and what stands for whom.
fn take_receipt(c: &Connection, record: &str, aliases: &[SourceRef], made: &Made) -> Result<()> {
    match made {
        Made::Created(remote) => {
            let remote = remote.to_string();
            let first = owner(c, &remote)?;
            if let Some(first) = first.filter(|owner| owner != record) {
                return Err(Error::not_sent(ErrorKind::Ledger, "two records claim one object")
                    .with("object", remote)
                    .with("first", first)
                    .with("second", record));
            }
            c.prepare_cached("INSERT OR IGNORE INTO owner VALUES (?1, ?2)")
                .and_then(|mut s| s.execute([remote.as_str(), record]))
                .map_err(db)?;
            stand_for(c, record, aliases, &remote)
        }
        Made::Matched(remote) => stand_for(c, record, aliases, &remote.to_string()),
        Made::Removed(remote) => {
            let remote = remote.to_string();
            c.execute("DELETE FROM owner WHERE remote = ?1", [&remote]).map_err(db)?;
            c.execute("DELETE FROM target WHERE remote = ?1 AND by = ?2", [remote.as_str(), record])
                .map_err(db)?;
            Ok(())
        }
        Made::Changed(_) | Made::Nothing => Ok(()),
    }
}

/// The first object that a record makes or matches stands for it and for every record it stands for.
pub(super) fn stand_for(c: &Connection, record: &str, aliases: &[SourceRef], remote: &str) -> Result<()> {
    let mut insert = c.prepare_cached("INSERT OR IGNORE INTO target VALUES (?1, ?2, ?3)").map_err(db)?;
    insert.execute([record, remote, record]).map_err(db)?;
    for alias in aliases {
        insert.execute([name(alias).as_str(), remote, record]).map_err(db)?;
    }
    Ok(())
}
