//! The ledger's tables.

use super::{Sqlite, all, db, from_json, journal, json, name, parse, whole};
use crate::store::{
    Approval, Batch, BatchState, Ledger, Member, MemberState, PlanHead, PlanPage, PlanRow, Proposed,
    Quarantined, Tally, TraitTally, Verified, loss_place, loss_reason, summed_traits,
};
use async_trait::async_trait;
use jiff::Timestamp;
use mapping_core::{Journal, Loss, LossRule, Progress, RemoteRef, Result, SourceRef, Step};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};
use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

/// A row's place: its phase in the upper bits, its number in the lower.
const PHASE_SHIFT: u32 = 40;

/// The highest number of a plan's row so far.
pub(super) fn last_row(c: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(MAX(place & ?1), 0) FROM plan_row";
    c.query_row(sql, [(1u64 << PHASE_SHIFT) - 1], |row| row.get(0)).map_err(db)
}

#[async_trait]
impl Ledger for Sqlite {
    async fn begin_plan(&self) -> Result<()> {
        self.write(|c| {
            let clear =
                "DELETE FROM plan_row; DELETE FROM plan_stands; DELETE FROM plan_link; DELETE FROM plan_key;
                 DELETE FROM skipped; DELETE FROM loss WHERE phase = 'plan';
                 DELETE FROM quarantine WHERE phase = 'plan'; UPDATE plan SET finished = 0;";
            c.execute_batch(clear).map_err(db)
        })
        .await
    }

    async fn add_to_plan(&self, page: PlanPage) -> Result<()> {
        let first = self.next_row.fetch_add(page.rows.len() as u64, Ordering::Relaxed);
        self.write(move |c| {
            for (number, row) in (first..).zip(&page.rows) {
                add_row(c, number, row)?;
            }
            add_losses(c, "plan", &page.losses)?;
            page.quarantined.iter().try_for_each(|q| put_in_quarantine(c, q))?;
            let mut insert =
                c.prepare_cached("INSERT OR REPLACE INTO skipped VALUES (?1, ?2, ?3)").map_err(db)?;
            for (record, rule) in &page.skipped {
                insert.execute(params![name(record), record.kind.as_str(), rule]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    async fn add_keys(&self, rule: &str, keys: Vec<(String, SourceRef)>) -> Result<()> {
        let rule = rule.to_owned();
        self.write(move |c| {
            let sql = "INSERT OR IGNORE INTO plan_key VALUES (?1, ?2, ?3, ?4)";
            let mut insert = c.prepare_cached(sql).map_err(db)?;
            for (key, record) in keys {
                // By length first, so that numbers come in their own order.
                insert.execute(params![rule, key, record.id.len() as u64, name(&record)]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    fn groups(&self, rule: &str, after: Option<&str>, limit: usize) -> Result<Vec<(String, Vec<SourceRef>)>> {
        self.read(|c| {
            let sql = "SELECT DISTINCT key FROM plan_key WHERE rule = ?1 AND key > ?2 ORDER BY key LIMIT ?3";
            let mut keys = c.prepare_cached(sql)?;
            let keys = keys
                .query_map(params![rule, after.unwrap_or(""), whole(limit)], |row| row.get(0))?
                .collect::<rusqlite::Result<Vec<String>>>()?;
            let sql = "SELECT record FROM plan_key WHERE rule = ?1 AND key = ?2 ORDER BY length, record";
            let mut members = c.prepare_cached(sql)?;
            keys.into_iter()
                .map(|key| {
                    let records =
                        members.query_map(params![rule, key], parse_first)?.collect::<Result<_, _>>()?;
                    Ok((key, records))
                })
                .collect()
        })
    }

    fn is_linked(&self, records: &[SourceRef]) -> Result<bool> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT 1 FROM plan_link WHERE record = ?1 LIMIT 1")?;
            for record in records {
                if query.exists([name(record)])? {
                    return Ok(true);
                }
            }
            Ok(false)
        })
    }

    fn unplanned_links(&self, limit: usize) -> Result<Vec<SourceRef>> {
        self.read(|c| {
            let sql = "SELECT DISTINCT record FROM plan_link l
                       WHERE NOT EXISTS (SELECT 1 FROM plan_stands s WHERE s.record = l.record)
                       AND NOT EXISTS (SELECT 1 FROM target t WHERE t.record = l.record) LIMIT ?1";
            c.prepare_cached(sql)?.query_map([whole(limit)], parse_first)?.collect()
        })
    }

    fn rows_linking(&self, to: &SourceRef, limit: usize) -> Result<Vec<SourceRef>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT by FROM plan_link WHERE record = ?1 LIMIT ?2")?;
            query.query_map(params![name(to), whole(limit)], parse_first)?.collect()
        })
    }

    async fn unplan(&self, records: Vec<Quarantined>) -> Result<()> {
        self.write(move |c| {
            for q in &records {
                let record = name(&q.record);
                c.execute("DELETE FROM plan_row WHERE record = ?1", [&record]).map_err(db)?;
                c.execute("DELETE FROM plan_stands WHERE by = ?1", [&record]).map_err(db)?;
                c.execute("DELETE FROM plan_link WHERE by = ?1", [&record]).map_err(db)?;
                put_in_quarantine(c, q)?;
            }
            Ok(())
        })
        .await
    }

    async fn unlink(&self, links: Vec<(SourceRef, SourceRef)>) -> Result<()> {
        self.write(move |c| {
            let sql = "DELETE FROM plan_link WHERE record = ?1 AND by = ?2";
            let mut delete = c.prepare_cached(sql).map_err(db)?;
            for (to, by) in &links {
                delete.execute(params![name(to), name(by)]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    async fn finish_plan(&self, head: PlanHead) -> Result<u32> {
        self.write(move |c| {
            let sql = "SELECT coalesce(MAX(id), 0) + 1 FROM plan";
            let id: u32 = c.query_row(sql, [], |row| row.get(0)).map_err(db)?;
            let head = PlanHead { id, ..head };
            c.execute("INSERT INTO plan VALUES (?1, 1, ?2)", params![id, json(&head)?]).map_err(db)?;
            // Plans that no batch carries out are of no use any more.
            let sql = "DELETE FROM plan WHERE id <> ?1 AND NOT EXISTS (
                         SELECT 1 FROM batch WHERE json_extract(body, '$.plan') = plan.id)";
            c.execute(sql, [id]).map_err(db)?;
            c.execute("DELETE FROM plan_key", []).map_err(db)?;
            Ok(id)
        })
        .await
    }

    fn plan(&self) -> Result<Option<PlanHead>> {
        let sql = "SELECT head FROM plan WHERE finished = 1 ORDER BY id DESC LIMIT 1";
        let head: Option<String> =
            self.read(|c| c.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional())?;
        head.map(|h| from_json(&h)).transpose()
    }

    fn plan_by_id(&self, id: u32) -> Result<Option<PlanHead>> {
        let sql = "SELECT head FROM plan WHERE id = ?1";
        let head: Option<String> =
            self.read(|c| c.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional())?;
        head.map(|h| from_json(&h)).transpose()
    }

    fn plan_rows(&self, after: u64, limit: usize) -> Result<Vec<(u64, PlanRow)>> {
        let rows: Vec<(u64, String)> = self.read(|c| {
            let sql = "SELECT place, body FROM plan_row WHERE place > ?1 ORDER BY place LIMIT ?2";
            let mut query = c.prepare_cached(sql)?;
            query.query_map(params![after, whole(limit)], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })?;
        rows.into_iter().map(|(place, body)| Ok((place, from_json(&body)?))).collect()
    }

    fn plan_row(&self, record: &SourceRef) -> Result<Option<PlanRow>> {
        let body: Option<String> = self.read(|c| {
            let mut query = c.prepare_cached(
                "SELECT body FROM plan_row
                       WHERE record = (SELECT by FROM plan_stands WHERE record = ?1)",
            )?;
            query.query_row([name(record)], |row| row.get(0)).optional()
        })?;
        body.map(|b| from_json(&b)).transpose()
    }

    fn skipped(&self) -> Result<BTreeMap<(String, String), u64>> {
        self.read(|c| pairs(c, "SELECT kind, rule, COUNT(*) FROM skipped GROUP BY kind, rule"))
    }

    async fn add_losses(&self, losses: Vec<Loss>) -> Result<()> {
        self.write(move |c| {
            // A record that is driven to its end again, after a stop, says the same again.
            for loss in &losses {
                let sql = "DELETE FROM loss WHERE record = ?1 AND phase = 'write'";
                c.prepare_cached(sql).and_then(|mut s| s.execute([name(&loss.record)])).map_err(db)?;
            }
            add_losses(c, "write", &losses)
        })
        .await
    }

    fn losses(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>> {
        let rows: Vec<(u64, String)> = self.read(|c| {
            let sql = "SELECT seq, body FROM loss WHERE seq > ?1 ORDER BY seq LIMIT ?2";
            let mut query = c.prepare_cached(sql)?;
            query.query_map(params![after, whole(limit)], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })?;
        rows.into_iter().map(|(seq, body)| Ok((seq, from_json(&body)?))).collect()
    }

    fn losses_of_writes(&self, after: u64, limit: usize) -> Result<Vec<(u64, Loss)>> {
        let rows: Vec<(u64, String)> = self.read(|c| {
            let sql = "SELECT seq, body FROM loss WHERE seq > ?1 AND phase = 'write' ORDER BY seq LIMIT ?2";
            let mut query = c.prepare_cached(sql)?;
            query.query_map(params![after, whole(limit)], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })?;
        rows.into_iter().map(|(seq, body)| Ok((seq, from_json(&body)?))).collect()
    }

    fn loss_counts(&self) -> Result<Vec<(LossRule, String, String, u64)>> {
        let rows: Vec<(String, String, String, u64)> = self.read(|c| {
            let sql = "SELECT rule, place, why, COUNT(*) FROM loss GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3";
            let mut query = c.prepare_cached(sql)?;
            query.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?.collect()
        })?;
        rows.into_iter().map(|(rule, place, why, n)| Ok((from_json(&rule)?, place, why, n))).collect()
    }

    async fn quarantine(&self, records: Vec<Quarantined>) -> Result<()> {
        self.write(move |c| records.iter().try_for_each(|q| put_in_quarantine(c, q))).await
    }

    async fn release(&self, record: &SourceRef, phase: &str) -> Result<()> {
        let (record, phase) = (name(record), phase.to_owned());
        self.write(move |c| {
            let sql = "DELETE FROM quarantine WHERE record = ?1 AND phase = ?2";
            c.execute(sql, [record, phase]).map(|_| ()).map_err(db)
        })
        .await
    }

    fn quarantined(&self, limit: usize) -> Result<Vec<Quarantined>> {
        self.read(|c| {
            let sql = "SELECT record, phase, why, todo FROM quarantine ORDER BY phase, record LIMIT ?1";
            let mut query = c.prepare_cached(sql)?;
            let rows = query.query_map([whole(limit)], |r| {
                let record = parse(&r.get::<_, String>(0)?);
                Ok(Quarantined { record, phase: r.get(1)?, why: r.get(2)?, todo: r.get(3)? })
            })?;
            rows.collect()
        })
    }

    fn quarantine_counts(&self) -> Result<BTreeMap<(String, String), u64>> {
        self.read(|c| pairs(c, "SELECT phase, kind, COUNT(*) FROM quarantine GROUP BY phase, kind"))
    }

    async fn begin_batch(&self, batch: Batch) -> Result<Batch> {
        self.write(move |c| {
            let sql = "SELECT coalesce(MAX(number), 0) + 1 FROM batch";
            let number: u32 = c.query_row(sql, [], |row| row.get(0)).map_err(db)?;
            let batch = Batch { number, label: format!("{}-{number}", batch.label), ..batch };
            let values = params![number, json(&batch.state)?, json(&batch)?];
            c.execute("INSERT INTO batch VALUES (?1, ?2, ?3)", values).map_err(db)?;
            Ok(batch)
        })
        .await
    }

    async fn add_members(&self, batch: u32, rows: Vec<PlanRow>) -> Result<()> {
        self.write(move |c| {
            let sql =
                "INSERT OR IGNORE INTO member (batch, phase, kind, record, state, why, calls, floor, body)
                       VALUES (?1, ?2, ?3, ?4, ?5, '', ?6, ?7, ?8)";
            let mut insert = c.prepare_cached(sql).map_err(db)?;
            let open = json(&MemberState::Open)?;
            for row in rows {
                let (kind, record) = (row.kind.as_str(), name(&row.record));
                let values = params![batch, row.phase, kind, record, open, row.calls, row.floor, json(&row)?];
                insert.execute(values).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    async fn set_batch(&self, number: u32, state: BatchState) -> Result<()> {
        self.write(move |c| {
            let sql = "UPDATE batch SET state = ?2 WHERE number = ?1";
            c.execute(sql, params![number, json(&state)?]).map(|_| ()).map_err(db)
        })
        .await
    }

    async fn drop_batch(&self, number: u32) -> Result<()> {
        self.write(move |c| {
            c.execute("DELETE FROM member WHERE batch = ?1", [number]).map_err(db)?;
            c.execute("DELETE FROM batch WHERE number = ?1", [number]).map(|_| ()).map_err(db)
        })
        .await
    }

    fn batches(&self) -> Result<Vec<Batch>> {
        let rows: Vec<(String, String)> = self.read(|c| {
            let mut query = c.prepare_cached("SELECT state, body FROM batch ORDER BY number")?;
            query.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })?;
        let batch = |(state, body): &(String, String)| {
            Ok(Batch { state: from_json(state)?, ..from_json::<Batch>(body)? })
        };
        all(rows.iter().map(batch).collect())
    }

    fn members(
        &self,
        batch: u32,
        phase: Option<u32>,
        states: &[MemberState],
        from: u64,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<Member>> {
        let states = states.iter().map(json).collect::<Result<Vec<_>>>()?;
        let sql = members_sql(states.len(), backwards);
        // SQLite's whole numbers end at i64's.
        let (from, limit) = (from.min(i64::MAX as u64), whole(limit));
        let rows: Vec<StoredMember> = self.read(|c| {
            let mut query = c.prepare_cached(&sql)?;
            let mut values: Vec<&dyn ToSql> = vec![&batch, &phase, &phase, &from];
            values.extend(states.iter().map(|s| s as &dyn ToSql));
            values.push(&limit);
            query.query_map(&*values, stored_member)?.collect()
        })?;
        rows.into_iter().map(member).collect()
    }

    fn open_in_pass(&self, batch: u32, phase: u32, pass: u8, from: u64, limit: usize) -> Result<Vec<Member>> {
        let open = json(&MemberState::Open)?;
        let rows: Vec<StoredMember> = self.read(|c| {
            let values = params![batch, phase, open, from, pass, whole(limit)];
            c.prepare_cached(OPEN_SQL)?.query_map(values, stored_member)?.collect()
        })?;
        rows.into_iter().map(member).collect()
    }

    async fn set_pass(&self, batch: u32, record: &SourceRef, pass: u8) -> Result<()> {
        let record = name(record);
        self.write(move |c| {
            let sql = "UPDATE member SET pass = ?3 WHERE batch = ?1 AND record = ?2";
            let mut update = c.prepare_cached(sql).map_err(db)?;
            update.execute(params![batch, record, pass]).map(|_| ()).map_err(db)
        })
        .await
    }

    async fn set_member(&self, batch: u32, record: &SourceRef, state: MemberState, why: &str) -> Result<()> {
        let (record, state, why) = (name(record), json(&state)?, why.to_owned());
        self.write(move |c| {
            let sql = "UPDATE member SET state = ?3, why = ?4 WHERE batch = ?1 AND record = ?2";
            c.prepare_cached(sql)
                .and_then(|mut s| s.execute(params![batch, record, state, why]))
                .map(|_| ())
                .map_err(db)
        })
        .await
    }

    fn tally(&self, batch: u32) -> Result<Vec<Tally>> {
        type Counted = (u32, String, u8, String, u64, u64, u64);
        let rows: Vec<Counted> = self.read(|c| {
            let sql =
                "SELECT phase, kind, pass, state, COUNT(*), SUM(calls), SUM(floor) FROM member WHERE batch = ?1
                       GROUP BY phase, kind, pass, state ORDER BY phase, kind, pass, state";
            let mut query = c.prepare_cached(sql)?;
            let rows = query.query_map([batch], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?))
            })?;
            rows.collect()
        })?;
        rows.into_iter()
            .map(|(phase, kind, pass, state, count, calls, floor)| {
                Ok(Tally { phase, kind, pass, state: from_json(&state)?, count, calls, floor })
            })
            .collect()
    }

    fn tally_by_trait(&self, batch: u32, phase: u32) -> Result<Vec<TraitTally>> {
        let mut counts: BTreeMap<(String, u8, MemberState), u64> = BTreeMap::new();
        let mut from = 0u64;
        loop {
            // Page by page, so that nobody waits for the reader and memory stays flat.
            let rows: Vec<StoredMember> = self.read(|c| {
                c.prepare_cached(PHASE_SQL)?.query_map(params![batch, phase, from], stored_member)?.collect()
            })?;
            let Some((last, ..)) = rows.last() else { break };
            from = *last;
            for row in rows {
                let member = member(row)?;
                for name in summed_traits(&member.row.strata, member.row.at) {
                    *counts.entry((name, member.pass, member.state)).or_default() += 1;
                }
            }
        }
        let one = |((name, pass, state), count)| TraitTally { name, pass, state, count };
        Ok(counts.into_iter().map(one).collect())
    }

    fn membership(&self, record: &SourceRef) -> Result<Option<(u32, MemberState)>> {
        let found: Option<(u32, String)> = self.read(|c| {
            let sql = "SELECT batch, state FROM member WHERE record = ?1 ORDER BY batch DESC LIMIT 1";
            c.prepare_cached(sql)?.query_row([name(record)], |r| Ok((r.get(0)?, r.get(1)?))).optional()
        })?;
        found.map(|(batch, state)| Ok((batch, from_json(&state)?))).transpose()
    }

    fn journal(
        &self,
        record: &SourceRef,
        aliases: &[SourceRef],
        steps: Vec<Step>,
    ) -> Result<(Box<dyn Journal>, Progress)> {
        self.journal_of(record, aliases, steps)
    }

    async fn append(&self, record: &SourceRef, steps: Vec<Step>) -> Result<()> {
        let record = name(record);
        self.write(move |c| journal::add_steps(c, &record, &steps)).await
    }

    fn progress(&self, record: &SourceRef) -> Result<Option<Progress>> {
        journal::progress(&self.reader(), &name(record))
    }

    async fn matched(&self, record: &SourceRef, remote: &RemoteRef) -> Result<()> {
        let (record, remote) = (name(record), remote.to_string());
        self.write(move |c| {
            c.execute("DELETE FROM target WHERE record = ?1", [&record]).map_err(db)?;
            journal::stand_for(c, &record, &[], &remote)
        })
        .await
    }

    async fn retry(&self, record: &SourceRef) -> Result<()> {
        let record = name(record);
        self.write(move |c| {
            let attempt = journal::attempt(c, &record).map_err(db)?;
            let sql = "UPDATE step SET state = 'planned', body = NULL
                       WHERE record = ?1 AND attempt = ?2 AND state = 'refused'";
            c.execute(sql, params![record, attempt]).map(|_| ()).map_err(db)
        })
        .await
    }

    async fn retire(&self, record: &SourceRef) -> Result<()> {
        let held = record.clone();
        let record = name(record);
        self.write(move |c| {
            let next = journal::attempt(c, &record).map_err(db)? + 1;
            let sql = "INSERT INTO attempt VALUES (?1, ?2) ON CONFLICT (record) DO UPDATE SET number = ?2";
            c.execute(sql, params![record, next]).map_err(db)?;
            c.execute("DELETE FROM target WHERE by = ?1", [&record]).map_err(db)?;
            c.execute("DELETE FROM verified WHERE record = ?1", [&record]).map_err(db)?;
            c.execute("DELETE FROM loss WHERE record = ?1 AND phase = 'write'", [&record]).map_err(db)?;
            let sql = "DELETE FROM quarantine WHERE record = ?1 AND phase IN ('apply', 'rollback')";
            c.execute(sql, [&record]).map(|_| ()).map_err(db)
        })
        .await?;
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, holder| *holder != held);
        Ok(())
    }

    fn targets(&self, records: &[SourceRef]) -> Result<BTreeMap<SourceRef, RemoteRef>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT remote FROM target WHERE record = ?1")?;
            let mut found = BTreeMap::new();
            for record in records {
                let remote: Option<String> = query.query_row([name(record)], |r| r.get(0)).optional()?;
                if let Some(remote) = remote {
                    let remote = parse(&remote);
                    found.insert(record.clone(), RemoteRef { kind: remote.kind, id: remote.id });
                }
            }
            Ok(found)
        })
    }

    fn lock_holder(&self, key: &str) -> Option<SourceRef> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    async fn set_verified(&self, seen: Vec<(SourceRef, Verified)>) -> Result<()> {
        self.write(move |c| {
            let sql = "INSERT OR REPLACE INTO verified VALUES (?1, ?2, ?3)";
            let mut insert = c.prepare_cached(sql).map_err(db)?;
            for (record, seen) in seen {
                insert.execute(params![name(&record), seen.digest, seen.different]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    fn verified(&self, record: &SourceRef) -> Result<Option<Verified>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT digest, different FROM verified WHERE record = ?1")?;
            let row = |r: &Row<'_>| Ok(Verified { digest: r.get(0)?, different: r.get(1)? });
            query.query_row([name(record)], row).optional()
        })
    }

    async fn approve(&self, approval: Approval) -> Result<()> {
        self.write(move |c| {
            let body = json(&approval)?;
            c.execute("INSERT INTO approval (body) VALUES (?1)", [body]).map(|_| ()).map_err(db)
        })
        .await
    }

    fn approvals(&self) -> Result<Vec<Approval>> {
        let bodies: Vec<String> = self.read(|c| {
            let mut query = c.prepare_cached("SELECT body FROM approval ORDER BY seq")?;
            query.query_map([], |r| r.get(0))?.collect()
        })?;
        all(bodies.iter().map(|b| from_json(b)).collect())
    }

    async fn record_event(&self, at: Timestamp, text: &str) -> Result<()> {
        let (at, text) = (at.to_string(), text.to_owned());
        self.write(move |c| {
            let sql = "INSERT INTO diary (at, text) VALUES (?1, ?2)";
            c.execute(sql, [at, text]).map(|_| ()).map_err(db)
        })
        .await
    }

    fn events(&self, limit: usize) -> Result<Vec<(Timestamp, String)>> {
        let mut rows: Vec<(String, String)> = self.read(|c| {
            let mut query = c.prepare_cached("SELECT at, text FROM diary ORDER BY seq DESC LIMIT ?1")?;
            query.query_map([whole(limit)], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })?;
        rows.reverse();
        Ok(rows.into_iter().map(|(at, text)| (at.parse().unwrap_or_default(), text)).collect())
    }

    async fn set_proposed(&self, lines: Vec<Proposed>) -> Result<()> {
        self.write(move |c| {
            let sql = "INSERT OR REPLACE INTO proposed VALUES (?1, ?2, ?3)";
            let mut insert = c.prepare_cached(sql).map_err(db)?;
            for line in lines {
                insert.execute([line.list, line.source, line.digest]).map_err(db)?;
            }
            Ok(())
        })
        .await
    }

    fn proposed(&self, list: &str) -> Result<BTreeMap<String, String>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT source, digest FROM proposed WHERE list = ?1")?;
            query.query_map([list], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        })
    }

    async fn set_value(&self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.write(move |c| {
            c.execute("INSERT OR REPLACE INTO value VALUES (?1, ?2)", [name, value]).map(|_| ()).map_err(db)
        })
        .await
    }

    fn value(&self, name: &str) -> Result<Option<String>> {
        self.read(|c| {
            let mut query = c.prepare_cached("SELECT value FROM value WHERE name = ?1")?;
            query.query_row([name], |r| r.get(0)).optional()
        })
    }
}

/// Members of a batch in so many states, in order or against it. The plus before `batch` keeps SQLite off the indexes:
/// by their order each page would sort all members that are left.
pub(super) fn members_sql(states: usize, backwards: bool) -> String {
    let marks = vec!["?"; states].join(", ");
    let (side, order) = if backwards { ("<", "DESC") } else { (">", "ASC") };
    format!(
        "SELECT seq, state, why, body, pass FROM member WHERE +batch = ? AND (? IS NULL OR phase = ?)
         AND seq {side} ? AND state IN ({marks}) ORDER BY seq {order} LIMIT ?"
    )
}

/// Members of a phase in order, off the indexes as in [`members_sql`].
pub(super) const PHASE_SQL: &str =
    "SELECT seq, state, '', body, pass FROM member WHERE +batch = ?1 AND phase = ?2
     AND seq > ?3 ORDER BY seq LIMIT 1000";

/// Members of a phase that are open in a pass, in order.
pub(super) const OPEN_SQL: &str =
    "SELECT seq, state, why, body, pass FROM member WHERE batch = ?1 AND phase = ?2
     AND state = ?3 AND seq > ?4 AND pass = ?5 ORDER BY seq LIMIT ?6";

/// Place, state, reason, plan row and pass.
type StoredMember = (u64, String, String, String, u8);

fn stored_member(row: &Row<'_>) -> rusqlite::Result<StoredMember> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
}

fn member((seq, state, why, body, pass): StoredMember) -> Result<Member> {
    Ok(Member { seq, row: from_json(&body)?, pass, state: from_json(&state)?, why })
}

fn parse_first(row: &Row<'_>) -> rusqlite::Result<SourceRef> {
    Ok(parse(&row.get::<_, String>(0)?))
}

fn pairs(c: &Connection, sql: &str) -> rusqlite::Result<BTreeMap<(String, String), u64>> {
    let mut query = c.prepare_cached(sql)?;
    query.query_map([], |r| Ok(((r.get(0)?, r.get(1)?), r.get(2)?)))?.collect()
}

fn add_row(c: &Connection, number: u64, row: &PlanRow) -> Result<()> {
    let place = (u64::from(row.phase) << PHASE_SHIFT) | number;
    let (record, body) = (name(&row.record), json(row)?);
    c.prepare_cached("INSERT OR REPLACE INTO plan_row VALUES (?1, ?2, ?3)")
        .and_then(|mut s| s.execute(params![place, record, body]))
        .map_err(db)?;
    let mut stands = c.prepare_cached("INSERT OR REPLACE INTO plan_stands VALUES (?1, ?2)").map_err(db)?;
    for source in std::iter::once(&row.record).chain(&row.aliases) {
        stands.execute([name(source).as_str(), &record]).map_err(db)?;
    }
    let mut link = c.prepare_cached("INSERT OR IGNORE INTO plan_link VALUES (?1, ?2)").map_err(db)?;
    for need in &row.needs {
        link.execute([name(need).as_str(), &record]).map_err(db)?;
    }
    Ok(())
}

fn add_losses(c: &Connection, phase: &str, losses: &[Loss]) -> Result<()> {
    let sql = "INSERT INTO loss (phase, record, rule, place, why, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let mut insert = c.prepare_cached(sql).map_err(db)?;
    for loss in losses {
        let place = loss_place(&loss.field);
        let why = loss_reason(&loss.why);
        let values = params![phase, name(&loss.record), json(&loss.rule)?, place, why, json(loss)?];
        insert.execute(values).map_err(db)?;
    }
    Ok(())
}

fn put_in_quarantine(c: &Connection, q: &Quarantined) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO quarantine VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![name(&q.record), q.phase, q.record.kind.as_str(), q.why, q.todo];
    c.prepare_cached(sql).and_then(|mut s| s.execute(values)).map(|_| ()).map_err(db)
}
