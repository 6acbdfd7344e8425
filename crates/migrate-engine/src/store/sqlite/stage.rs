//! The stage's tables.

use super::{Sqlite, all, db, from_json, json, name, parse, whole};
use crate::store::stage::parent_of;
use crate::store::{
    BadRecord, MOST_NOTES, MOST_PATHS, OTHER_NOTES, OTHER_PATHS, Page, PageCount, Stage, Staged,
};
use async_trait::async_trait;
use mapping_core::model::Record;
use mapping_core::{Result, SourceRef};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeMap;

#[async_trait]
impl Stage for Sqlite {
    async fn put(&self, records: Vec<Record>) -> Result<()> {
        let rows =
            records.iter().map(|r| Ok((r.key(), parent_of(r), json(r)?))).collect::<Result<Vec<_>>>()?;
        self.write(move |c| {
            let sql = "INSERT INTO unfinished (kind, name, parent, body) VALUES (?1, ?2, ?3, ?4)";
            let mut insert = c.prepare_cached(sql).map_err(db)?;
            for (key, parent, body) in rows {
                let parent = parent.as_ref().map(name);
                insert.execute(params![key.kind.as_str(), name(&key), parent, body]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    async fn end_page(&self, page: Page) -> Result<()> {
        self.write(move |c| end_page(c, &page)).await
    }

    async fn drop_unfinished(&self) -> Result<()> {
        self.write(|c| c.execute_batch("DELETE FROM unfinished").map_err(db)).await
    }

    async fn replace(&self, record: Record) -> Result<()> {
        let (key, body) = (record.key(), json(&record)?);
        self.write(move |c| {
            let sql = "UPDATE record SET body = ?2 WHERE name = ?1";
            c.prepare_cached(sql).and_then(|mut s| s.execute(params![name(&key), body])).map_err(db)?;
            bump(c)
        })
        .await
    }

    fn pages(&self) -> Result<BTreeMap<String, PageCount>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT kind, cursor, complete, total, pages FROM page")?;
            let rows = query.query_map([], |row| {
                let count = PageCount {
                    cursor: row.get(1)?,
                    complete: row.get(2)?,
                    total: row.get(3)?,
                    pages: row.get(4)?,
                };
                Ok((row.get::<_, String>(0)?, count))
            })?;
            rows.collect()
        })
    }

    fn counts(&self) -> Result<BTreeMap<String, u64>> {
        self.read(|c| counted(c, "SELECT kind, COUNT(*) FROM record GROUP BY kind"))
    }

    fn repeated(&self) -> Result<BTreeMap<String, u64>> {
        self.read(|c| {
            counted(c, "SELECT kind, SUM(repeated) FROM record GROUP BY kind HAVING SUM(repeated) > 0")
        })
    }

    fn record(&self, record: &SourceRef) -> Result<Option<Record>> {
        let body: Option<String> = self.read(|c| {
            let mut query = c.prepare_cached("SELECT body FROM record WHERE name = ?1")?;
            query.query_row([name(record)], |row| row.get(0)).optional()
        })?;
        body.map(|b| from_json(&b)).transpose()
    }

    fn records(&self, kind: &str, after: u64, limit: usize) -> Result<Vec<Staged>> {
        let rows: Vec<(u64, String)> = self.read(|c| {
            let sql = "SELECT seq, body FROM record WHERE kind = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
            let mut query = c.prepare_cached(sql)?;
            let rows = query.query_map(params![kind, after, whole(limit)], |r| Ok((r.get(0)?, r.get(1)?)))?;
            rows.collect()
        })?;
        rows.into_iter().map(|(seq, body)| Ok(Staged { seq, record: from_json(&body)? })).collect()
    }

    fn children(&self, parent: &SourceRef) -> Result<Vec<Record>> {
        let bodies: Vec<String> = self.read(|c| {
            let mut query = c.prepare_cached("SELECT body FROM record WHERE parent = ?1 ORDER BY seq")?;
            query.query_map([name(parent)], |row| row.get(0))?.collect()
        })?;
        all(bodies.iter().map(|b| from_json(b)).collect())
    }

    fn child_count(&self, parent: &SourceRef, kind: &str) -> Result<u64> {
        self.read(|c| {
            let sql = "SELECT COUNT(*) FROM record WHERE parent = ?1 AND kind = ?2";
            c.prepare_cached(sql)?.query_row(params![name(parent), kind], |row| row.get(0))
        })
    }

    fn orphans(&self, limit: usize) -> Result<Vec<SourceRef>> {
        self.read(|c| {
            let sql = "SELECT name FROM record r WHERE parent IS NOT NULL AND kind <> 'ticket'
                       AND NOT EXISTS (SELECT 1 FROM record p WHERE p.name = r.parent) ORDER BY seq LIMIT ?1";
            let mut query = c.prepare_cached(sql)?;
            query.query_map([whole(limit)], |row| Ok(parse(&row.get::<_, String>(0)?)))?.collect()
        })
    }

    fn bad(&self, limit: usize) -> Result<Vec<BadRecord>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT name, why, raw FROM bad ORDER BY name LIMIT ?1")?;
            query.query_map([whole(limit)], bad_row)?.collect()
        })
    }

    fn bad_counts(&self) -> Result<BTreeMap<String, u64>> {
        self.read(|c| {
            counted(c, "SELECT substr(name, 1, instr(name, ':') - 1), COUNT(*) FROM bad GROUP BY 1")
        })
    }

    fn unmapped(&self) -> Result<BTreeMap<String, u64>> {
        self.read(|c| counted(c, "SELECT path, count FROM unmapped"))
    }

    fn notes(&self) -> Result<Vec<String>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT text FROM note ORDER BY seq")?;
            query.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn revision(&self) -> Result<u64> {
        self.read(|c| {
            let sql = "SELECT CAST(value AS INTEGER) FROM value WHERE name = 'stage_revision'";
            Ok(c.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?.unwrap_or(0))
        })
    }
}

/// A page that came again replaces its records in place: an id counts once, and order stays.
const TAKE_PAGE: &str = "
INSERT INTO record (kind, name, parent, body) SELECT kind, name, parent, body FROM unfinished WHERE true ORDER BY seq
  ON CONFLICT (name) DO UPDATE SET body = excluded.body, parent = excluded.parent, repeated = repeated + 1";

fn end_page(c: &Connection, page: &Page) -> Result<()> {
    c.execute(TAKE_PAGE, []).map_err(db)?;
    c.execute("DELETE FROM unfinished", []).map_err(db)?;
    for bad in &page.bad {
        let raw = bad.raw.as_ref().map(|r| r.as_str());
        c.execute("INSERT OR REPLACE INTO bad VALUES (?1, ?2, ?3)", params![name(&bad.record), bad.why, raw])
            .map_err(db)?;
    }
    end_page_remarks(c, page)?;
    let sql = "INSERT INTO page VALUES (?1, ?2, ?3, ?4, 1) ON CONFLICT (kind) DO UPDATE SET
               cursor = ?2, complete = ?3, total = coalesce(?4, total), pages = pages + 1";
    c.execute(sql, params![page.kind, page.cursor, page.cursor.is_none(), page.total]).map_err(db)?;
    bump(c)
}

/// Unknown paths and remarks, within their bounds.
fn end_page_remarks(c: &Connection, page: &Page) -> Result<()> {
    for (path, count) in &page.unmapped {
        let known = "UPDATE unmapped SET count = count + ?2 WHERE path = ?1";
        if c.execute(known, params![path, count]).map_err(db)? > 0 {
            continue;
        }
        let full = size(c, "SELECT COUNT(*) FROM unmapped")? >= MOST_PATHS;
        let path = if full { OTHER_PATHS } else { path.as_str() };
        let sql = "INSERT INTO unmapped VALUES (?1, ?2) ON CONFLICT (path) DO UPDATE SET count = count + ?2";
        c.execute(sql, params![path, count]).map_err(db)?;
    }
    let mut kept = size(c, "SELECT COUNT(*) FROM note")?;
    for note in &page.notes {
        let note = if kept >= MOST_NOTES { OTHER_NOTES } else { note.as_str() };
        kept += c.execute("INSERT OR IGNORE INTO note (text) VALUES (?1)", [note]).map_err(db)?;
    }
    Ok(())
}

fn size(c: &Connection, sql: &str) -> Result<usize> {
    let rows: i64 = c.query_row(sql, [], |row| row.get(0)).map_err(db)?;
    Ok(usize::try_from(rows).unwrap_or(usize::MAX))
}

fn bump(c: &Connection) -> Result<()> {
    let sql = "INSERT INTO value VALUES ('stage_revision', '1')
               ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1";
    c.prepare_cached(sql).and_then(|mut s| s.execute([])).map_err(db)?;
    Ok(())
}

fn counted(c: &Connection, sql: &str) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut query = c.prepare_cached(sql)?;
    query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn bad_row(row: &Row<'_>) -> rusqlite::Result<BadRecord> {
    let raw: Option<String> = row.get(2)?;
    Ok(BadRecord { record: parse(&row.get::<_, String>(0)?), why: row.get(1)?, raw: raw.map(Into::into) })
}
