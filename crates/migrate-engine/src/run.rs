//! The run directory: its files, its lock, its databases.

use crate::store::{Ledger, Stage};
use crate::{Config, Failure, FileStore, schemas};
use mapping_core::{Blobs, Error, ErrorKind};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a new run directory is filled with.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct InitOptions {
    /// The run's name.
    pub name: String,
    /// The built-in mapping to start from.
    pub mapping: String,
    /// The body of the `[source]` table as TOML text, comments and all.
    pub source: String,
    /// The body of the `[destination]` table as TOML text, comments and all.
    pub destination: String,
    /// Further files, by name within the directory: `profile.toml`, `wsdl/service.wsdl`.
    pub files: Vec<(String, Vec<u8>)>,
}
impl InitOptions {
    /// A run of this name that starts from this built-in mapping.
    pub fn new(name: impl Into<String>, mapping: impl Into<String>) -> Self {
        InitOptions { name: name.into(), mapping: mapping.into(), ..InitOptions::default() }
    }
    /// The body of the `[source]` table.
    #[must_use]
    pub fn source(mut self, toml: impl Into<String>) -> Self {
        self.source = toml.into();
        self
    }
    /// The body of the `[destination]` table.
    #[must_use]
    pub fn destination(mut self, toml: impl Into<String>) -> Self {
        self.destination = toml.into();
        self
    }
    /// A further file.
    #[must_use]
    pub fn file(mut self, name: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.into(), content.into()));
        self
    }
}

/// A run directory that this process holds. Nothing in it knows where the directory is: it can be moved.
pub struct Run {
    dir: PathBuf,
    config: Config,
    stage: Arc<dyn Stage>,
    ledger: Arc<dyn Ledger>,
    files: Arc<FileStore>,
    /// Held until the run is dropped.
    _lock: Lock,
}

/// The lock of a run directory.
struct Lock(File);

impl Drop for Lock {
    /// Given back by name: a process that was forked meanwhile still has the file open until it becomes another program,
    /// and closing it here alone would leave the lock with that one.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("dir", &self.dir).field("name", &self.config.name).finish_non_exhaustive()
    }
}

impl Run {
    /// [`init`], and opens it.
    ///
    /// # Errors
    /// As [`init`] and [`open`](Run::open).
    #[cfg(feature = "sqlite")]
    pub fn create(dir: impl Into<PathBuf>, options: &InitOptions) -> Result<Run, Failure> {
        let dir = dir.into();
        init(&dir, options)?;
        Run::open(dir)
    }

    /// Opens a run directory and locks it.
    ///
    /// # Errors
    /// `Ledger` (8) when another process holds it or the database is of another version; `Usage` for a wrong
    /// `migration.toml`.
    #[cfg(feature = "sqlite")]
    pub fn open(dir: impl Into<PathBuf>) -> Result<Run, Failure> {
        let dir = dir.into();
        let config = read_config(&dir)?;
        let lock = take_lock(&dir)?;
        let db = crate::store::Sqlite::open(&dir.join("run.db"))?;
        let db = Arc::new(db);
        Run::put_together(dir, config, db.clone(), db, lock)
    }

    /// Opens a run directory with a stage and a ledger of your own.
    ///
    /// # Errors
    /// As [`open`](Run::open).
    pub fn open_with(
        dir: impl Into<PathBuf>,
        stage: Arc<dyn Stage>,
        ledger: Arc<dyn Ledger>,
    ) -> Result<Run, Failure> {
        let dir = dir.into();
        let config = read_config(&dir)?;
        let lock = take_lock(&dir)?;
        Run::put_together(dir, config, stage, ledger, lock)
    }

    fn put_together(
        dir: PathBuf,
        config: Config,
        stage: Arc<dyn Stage>,
        ledger: Arc<dyn Ledger>,
        lock: Lock,
    ) -> Result<Run, Failure> {
        let files = Arc::new(FileStore::open(dir.join("files"))?);
        Ok(Run { dir, config, stage, ledger, files, _lock: lock })
    }

    /// Where it is now.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
    /// What `migration.toml` says.
    pub fn config(&self) -> &Config {
        &self.config
    }
    /// What was read from the source.
    pub fn stage(&self) -> &dyn Stage {
        &*self.stage
    }
    /// What was planned, intended and done.
    pub fn ledger(&self) -> &dyn Ledger {
        &*self.ledger
    }
    /// The bytes of files, for reading and writing.
    pub fn files(&self) -> &FileStore {
        &self.files
    }
    /// The bytes of files, for a driver.
    pub fn blobs(&self) -> Arc<dyn Blobs> {
        self.files.clone()
    }
    /// A file of the directory.
    ///
    /// # Errors
    /// `Usage` for a name that leads out of the directory.
    pub fn path(&self, name: &str) -> Result<PathBuf, Failure> {
        inside(&self.dir, name)
    }
    /// Reads a text file of the directory; `None` when it isn't there.
    ///
    /// # Errors
    /// `Io`.
    pub fn read(&self, name: &str) -> Result<Option<String>, Failure> {
        let path = inside(&self.dir, name)?;
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(io_error(name, e).into()),
        }
    }
    /// Writes a file of the directory, readable by its owner only, whole or not at all.
    ///
    /// # Errors
    /// `Io`, and `Usage` for a name that leads out of the directory.
    pub fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, Failure> {
        let path = inside(&self.dir, name)?;
        write_private(&path, content)?;
        Ok(path)
    }
    pub(crate) fn save_report(&self, name: &str, report: &impl Serialize) -> Result<PathBuf, Failure> {
        self.write_json(&format!("reports/{name}.json"), report)
    }
    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<PathBuf, Failure> {
        let mut json = serde_json::to_vec_pretty(value)
            .map_err(|e| Error::bug("a report can't be written as JSON").with_source(e))?;
        json.push(b'\n');
        self.write(name, &json)
    }
    pub(crate) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.read(name)? else { return Ok(None) };
        let value = serde_json::from_str(&text).map_err(|e| {
            Error::not_sent(ErrorKind::Io, format!("{name} is not what this version writes; make it again"))
                .with_source(e)
        })?;
        Ok(Some(value))
    }
}

/// Makes a run directory, readable by its owner only, with a commented `migration.toml` and `mapping.toml`.
///
/// # Errors
/// `Usage` when there is a `migration.toml` already, or a setting isn't right; `Io`.
pub fn init(dir: &Path, options: &InitOptions) -> Result<(), Failure> {
    private_dir(dir)?;
    if dir.join("migration.toml").exists() {
        return Err(Failure::usage("the directory holds a run already; choose another, or use this one"));
    }
    let text = [schemas::OF_MIGRATION, &config_text(options)].concat();
    Config::parse(&text)?;
    for sub in ["mapping", "files", "reports", "review", "handoff"] {
        private_dir(&dir.join(sub))?;
    }
    write_private(&dir.join("mapping.toml"), [schemas::OF_MAPPING, MAPPING_TEMPLATE].concat().as_bytes())?;
    for (name, content) in schemas::FILES {
        write_private(&inside(dir, name)?, content.as_bytes())?;
    }
    for (name, content) in &options.files {
        write_private(&inside(dir, name)?, content)?;
    }
    // Last: a directory without it is no run directory, and `init` can be called again.
    write_private(&dir.join("migration.toml"), text.as_bytes())?;
    Ok(())
}

fn config_text(options: &InitOptions) -> String {
    format!(
        "# What this run does. No secrets here: credentials come from the environment.\n\
         \n\
         # Batches are named after the run: {name}-batch-1.\n\
         name = \"{name}\"\n\
         # The built-in map to start from; mapping.toml beside this file overrides it rule by rule.\n\
         mapping = \"{mapping}\"\n\
         \n\
         [filters]\n\
         # Only tickets created on or after, and before, these days (UTC).\n\
         # created_from = 2019-01-01\n\
         # created_before = 2026-01-01\n\
         \n\
         [approval]\n\
         # Whether apply carries out only a plan that somebody approved by name: `approve --by NAME`.\n\
         plan = false\n\
         \n\
         # Waves: `apply --wave closed-2024` takes the tickets that every condition fits, and a ticket moves once.\n\
         # [waves.closed-2024]\n\
         # closed_before = 2025-01-01\n\
         # states = [\"resolved\", \"closed\"]\n\
         \n\
         [limits]\n\
         # Records in flight at a time, and their bytes.\n\
         workers = 8\n\
         in_flight_bytes = 67108864\n\
         # Seconds the destination may be unreachable before a load stops; the same command goes on later.\n\
         unreachable_seconds = 600\n\
         # Seconds after which a call that was sent can no longer land, if longer than the connection says.\n\
         landing_seconds = 0\n\
         # Seconds before asking again when nobody said how long.\n\
         pause_seconds = 5\n\
         \n\
         [source]\n{source}\n\
         \n\
         [destination]\n{destination}\n",
        name = options.name,
        mapping = options.mapping,
        source = options.source.trim_end(),
        destination = options.destination.trim_end(),
    )
}

const MAPPING_TEMPLATE: &str =
    "# Your own rules. What stands here replaces the built-in rule of the same identity;
# everything else stays as it is built in. Leave it empty to move by the built-in map.
";

fn read_config(dir: &Path) -> Result<Config, Failure> {
    match fs::read_to_string(dir.join("migration.toml")) {
        Ok(text) => Config::parse(&text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(Failure::usage("no migration.toml: this is not a run directory; `init` makes one"))
        }
        Err(e) => Err(io_error("migration.toml", e).into()),
    }
}

/// Locks the directory for this process; the lock goes with the process, however it ends.
fn take_lock(dir: &Path) -> Result<Lock, Failure> {
    let path = dir.join("run.lock");
    let file = private_options().truncate(false).open(&path).map_err(|e| io_error("run.lock", e))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
        Err(fs::TryLockError::WouldBlock) => Err(Error::not_sent(
            ErrorKind::Ledger,
            "another process works in this run directory; wait until it ends",
        )
        .into()),
        Err(fs::TryLockError::Error(e)) => Err(io_error("run.lock", e).into()),
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Makes a directory that only its owner can enter.
pub(crate) fn private_dir(dir: &Path) -> Result<(), Error> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(dir).map_err(|e| io_error("run directory", e))
}

/// Creates a file that only its owner can read. An old one of the name is removed and not emptied: it would keep its
/// mode, and a link would lead the content elsewhere.
pub(crate) fn private_file(path: &Path) -> std::io::Result<File> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    private_options().create_new(true).open(path)
}

/// Writes a file whole or not at all: beside it, to disk, then renamed.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if let Some(parent) = path.parent() {
        private_dir(parent)?;
    }
    let beside = path.with_file_name(format!(".{name}.new"));
    let written = (|| {
        let mut file = private_file(&beside)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    })();
    written.map_err(|e| {
        let _ = fs::remove_file(&beside);
        io_error(&name, e)
    })
}

/// An I/O error that names the file within the directory and says what a person can do.
pub(crate) fn io_error(name: &str, error: std::io::Error) -> Error {
    let message = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "the disk is full; free some space and run the same command again"
        }
        std::io::ErrorKind::PermissionDenied => "no permission; the run directory must belong to you",
        _ => "a file of the run directory can't be read or written",
    };
    let full = matches!(error.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded);
    let error = Error::not_sent(ErrorKind::Io, message).with("file", name).with_source(error);
    if full { error.with_code("disk_full") } else { error }
}

fn inside(dir: &Path, name: &str) -> Result<PathBuf, Failure> {
    let relative = Path::new(name);
    if name.is_empty() || !relative.components().all(|c| matches!(c, Component::Normal(_))) {
        return Err(Failure::usage("a name that leads out of the run directory"));
    }
    Ok(dir.join(relative))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_lies_in_the_way_of_a_private_file_gives_it_neither_its_mode_nor_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let (open, outside) = (dir.path().join(".open.json.new"), dir.path().join("outside"));
        fs::write(&open, "old").unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
        fs::write(&outside, "kept").unwrap();
        symlink(&outside, dir.path().join(".linked.json.new")).unwrap();
        for name in ["open.json", "linked.json"] {
            let path = dir.path().join(name);
            write_private(&path, b"secret").unwrap();
            let meta = fs::symlink_metadata(&path).unwrap();
            assert!(meta.is_file(), "{name}");
            assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
        }
        assert_eq!(fs::read(&outside).unwrap(), b"kept");
    }
}
