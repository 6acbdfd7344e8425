//! The stage and the ledger in one SQLite file: one writer thread with group commit, one reader.

mod journal;
mod ledger;
mod schema;
mod stage;

use journal::Locks;
use mapping_core::{Error, ErrorKind, Result, SourceRef};
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Jobs that are committed together at most.
const GROUP: usize = 512;

/// The stage and the ledger in one SQLite file.
///
/// Every write goes through one thread. While a commit is on its way to the disk, further writes queue up and share
/// the next one; a write returns when its commit is on disk (WAL, `synchronous=FULL`).
pub struct Sqlite {
    reader: Mutex<Connection>,
    writer: Writer,
    locks: Arc<Mutex<Locks>>,
    next_row: AtomicU64,
}

/// The thread that writes. Dropping it does what is queued, ends the thread and closes its connection: afterwards the
/// directory can be moved.
struct Writer {
    jobs: mpsc::Sender<Message>,
    thread: Option<JoinHandle<()>>,
}

type Work = Box<dyn FnOnce(&Connection) -> Result<()> + Send>;
struct Job {
    work: Work,
    done: oneshot::Sender<Result<()>>,
}
enum Message {
    Job(Job),
    Stop,
}

impl Sqlite {
    /// Opens the file, or makes it, readable by its owner only.
    ///
    /// # Errors
    /// `Ledger` when the file is damaged, of another version, or can't be written.
    pub fn open(path: &Path) -> Result<Self> {
        // SQLite gives its side files the mode of the main file, so only that one is made by hand.
        if !path.exists() {
            crate::run::private_file(path).map_err(|e| crate::run::io_error("run.db", e))?;
        }
        let connection = connect(path)?;
        schema::prepare(&connection)?;
        let reader = connect(path)?;
        let locks = journal::rebuild_locks(&reader)?;
        let next_row = ledger::last_row(&reader)?;
        let (jobs, queue) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("ledger".into())
            .spawn(move || write_all(connection, &queue))
            .map_err(|e| Error::not_sent(ErrorKind::Ledger, "no thread for the ledger").with_source(e))?;
        Ok(Sqlite {
            reader: Mutex::new(reader),
            writer: Writer { jobs, thread: Some(thread) },
            locks: Arc::new(Mutex::new(locks)),
            next_row: AtomicU64::new(next_row + 1),
        })
    }

    /// Does something in the next commit and returns when it is on disk.
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        self.writer.handle().write(work).await
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.reader()).map_err(db)
    }

    fn reader(&self) -> MutexGuard<'_, Connection> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Writer {
    fn handle(&self) -> Handle {
        Handle(self.jobs.clone())
    }
}

/// A way to the writer thread that a journal can keep.
#[derive(Clone)]
struct Handle(mpsc::Sender<Message>);

impl Handle {
    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let fill = slot.clone();
        let (done, answer) = oneshot::channel();
        let work: Work = Box::new(move |c| {
            let value = work(c)?;
            *fill.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        });
        let gone = || Error::not_sent(ErrorKind::Ledger, "the ledger's thread has ended");
        self.0.send(Message::Job(Job { work, done })).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())??;
        slot.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or_else(gone)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // A message, not the end of the queue: a journal that outlives the store must not keep the thread.
        let _ = self.jobs.send(Message::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn connect(path: &Path) -> Result<Connection> {
    let connection = Connection::open(path).map_err(db)?;
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(db)?;
    let pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; \
                   PRAGMA foreign_keys=ON; PRAGMA wal_autocheckpoint=2000;";
    connection.execute_batch(pragmas).map_err(db)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

fn write_all(connection: Connection, queue: &mpsc::Receiver<Message>) {
    let mut stop = false;
    while !stop && let Ok(Message::Job(first)) = queue.recv() {
        let mut group = vec![first];
        while group.len() < GROUP && !stop {
            match queue.try_recv() {
                Ok(Message::Job(job)) => group.push(job),
                Ok(Message::Stop) => stop = true,
                Err(_) => break,
            }
        }
        commit_group(&connection, group);
    }
}

/// Does every job of a group under a savepoint of its own, commits once, and only then answers.
fn commit_group(connection: &Connection, group: Vec<Job>) {
    let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(db);
    if let Err(e) = begun {
        return group.into_iter().for_each(|job| {
            let _ = job.done.send(Err(again(&e)));
        });
    }
    let mut answers = Vec::with_capacity(group.len());
    for job in group {
        let result = one_job(connection, job.work);
        answers.push((job.done, result));
    }
    let committed = connection.execute_batch("COMMIT").map_err(db);
    if committed.is_err() {
        let _ = connection.execute_batch("ROLLBACK");
    }
    for (done, result) in answers {
        let answer = match (&committed, result) {
            (_, Err(e)) => Err(e),
            (Ok(()), Ok(())) => Ok(()),
            (Err(e), Ok(())) => Err(again(e)),
        };
        let _ = done.send(answer);
    }
}

fn one_job(connection: &Connection, work: Work) -> Result<()> {
    connection.execute_batch("SAVEPOINT job").map_err(db)?;
    match work(connection) {
        Ok(()) => connection.execute_batch("RELEASE job").map_err(db),
        Err(e) => {
            // A full disk ends the whole transaction by itself; then there is no savepoint to go back to.
            let _ = connection.execute_batch("ROLLBACK TO job; RELEASE job");
            Err(e)
        }
    }
}

/// The same error for another waiter of the group.
fn again(error: &Error) -> Error {
    let copy = Error::not_sent(ErrorKind::Ledger, error.message().to_owned());
    match error.code() {
        Some(code) => copy.with_code(code),
        None => copy,
    }
}

/// A database error: what a person can do about it. SQLite's messages name tables and columns, never values.
fn db(error: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode;
    let (message, code) = match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            ("the disk is full; free some space and run the same command again", "disk_full")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            ("another process holds run.db; wait until it ends", "busy")
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            ("run.db is damaged; restore the run directory from its copy", "damaged")
        }
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
            ("run.db can't be opened or written; the run directory must belong to you", "read_only")
        }
        _ => ("run.db can't be read or written", "database"),
    };
    Error::not_sent(ErrorKind::Ledger, message).with_code(code).with_source(error)
}

/// `kind:id`, as it stands in the database.
fn name(record: &SourceRef) -> String {
    record.to_string()
}

/// A name of the database as a reference.
fn parse(name: &str) -> SourceRef {
    let (kind, id) = name.split_once(':').unwrap_or(("", name));
    SourceRef::new(kind.to_owned(), id)
}

fn json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|e| Error::bug("something of the ledger can't be written as JSON").with_source(e))
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| {
        // serde's message may quote a value; only its place is kept.
        Error::not_sent(ErrorKind::Ledger, "run.db holds something this version can't read")
            .with("line", e.line())
            .with("column", e.column())
    })
}

/// A count as SQLite knows them: its whole numbers end at i64's.
fn whole(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn all<T>(items: Vec<Result<T>>) -> Result<Vec<T>> {
    items.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Page, Stage};
    use mapping_core::model::{Contact, Record};

    fn contacts(from: u32, count: u32) -> Vec<Record> {
        let contact = |n: u32| {
            let mut contact = Contact::new(n.to_string().into());
            contact.name = Some("x".repeat(2_000).into());
            Record::from(contact)
        };
        (from..from + count).map(contact).collect()
    }

    async fn limit_pages(db: &Sqlite, pages: u32) {
        db.write(move |c| {
            c.query_row(&format!("PRAGMA max_page_count={pages}"), [], |_| Ok(())).map_err(super::db)
        })
        .await
        .unwrap();
    }

    #[test]
    fn no_page_of_members_sorts_all_that_are_left() {
        let dir = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&dir.path().join("run.db")).unwrap();
        let queries = [
            ledger::members_sql(2, false).replace('?', "1"),
            ledger::members_sql(2, true).replace('?', "1"),
            ledger::PHASE_SQL.to_owned(),
            ledger::OPEN_SQL.to_owned(),
        ];
        for sql in queries {
            let plan: Vec<String> = db
                .read(|c| {
                    let mut query = c.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                    let places = vec![1; query.parameter_count()];
                    query.query_map(rusqlite::params_from_iter(places), |r| r.get(3))?.collect()
                })
                .unwrap();
            assert!(plan.iter().all(|step| step.starts_with("SEARCH")), "{sql}: {plan:?}");
        }
    }

    #[tokio::test]
    async fn a_full_disk_is_a_clear_error_and_with_space_the_work_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&dir.path().join("run.db")).unwrap();
        limit_pages(&db, 120).await;
        let error = db.put(contacts(0, 500)).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Ledger, Some("disk_full")));
        assert_eq!(crate::Failure::from(error).exit.code(), 5);
        limit_pages(&db, 100_000).await;
        db.put(contacts(0, 500)).await.unwrap();
        db.end_page(Page { kind: "contact".into(), ..Page::default() }).await.unwrap();
        assert_eq!(db.counts().unwrap()["contact"], 500, "nothing of the failed commit is left");
    }

    #[tokio::test]
    async fn an_unfinished_page_does_not_count_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.db");
        let db = Sqlite::open(&path).unwrap();
        db.put(contacts(0, 3)).await.unwrap();
        db.end_page(Page { kind: "contact".into(), cursor: Some("3".into()), ..Page::default() })
            .await
            .unwrap();
        db.put(contacts(3, 3)).await.unwrap();
        drop(db);
        let db = Sqlite::open(&path).unwrap();
        db.drop_unfinished().await.unwrap();
        assert_eq!(db.counts().unwrap()["contact"], 3);
        assert_eq!(db.pages().unwrap()["contact"].cursor.as_deref(), Some("3"));
    }

    #[tokio::test]
    async fn many_writers_share_commits_and_one_that_fails_takes_nobody_along() {
        let dir = tempfile::tempdir().unwrap();
        let db = Sqlite::open(&dir.path().join("run.db")).unwrap();
        let writes = (0..50).map(|n| {
            let db = &db;
            async move {
                if n == 7 {
                    return db.write(|_| -> Result<()> { Err(Error::bug("planted")) }).await.is_err();
                }
                db.put(contacts(n, 1)).await.is_ok()
            }
        });
        assert!(futures_util::future::join_all(writes).await.into_iter().all(|as_expected| as_expected));
        db.end_page(Page { kind: "contact".into(), ..Page::default() }).await.unwrap();
        assert_eq!(db.counts().unwrap()["contact"], 49);
    }
}
