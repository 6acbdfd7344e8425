//! An access token in a file that only its owner can read.

use super::store::{Lease, TokenRecord, TokenStore};
use async_trait::async_trait;
use mapping_core::{Error, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A longer file isn't ours.
const LONGEST: u64 = 64 << 10;

/// A token in a file that several processes share. Beside it are a `.lock` file and, for a moment, a `.new` one. The file
/// is readable for its owner alone, and is replaced as a whole.
#[derive(Clone, Debug)]
pub struct FileTokens {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    owner: String,
    access_token: Option<String>,
    due_at: u64,
    expires_at: u64,
    requests: Vec<u64>,
}

impl FileTokens {
    /// The token in this file; it needn't be there yet, its directory must.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        FileTokens { path: path.into() }
    }

    /// The path with something behind the name.
    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        self.path.with_file_name(name)
    }

    fn read(&self) -> Result<Option<TokenRecord>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io("can't be opened", e)),
        };
        owner_only(&file)?;
        let mut text = String::new();
        file.take(LONGEST + 1).read_to_string(&mut text).map_err(|e| io("can't be read", e))?;
        let foreign = || {
            let message = "the file of access tokens holds something else; delete it or name another one";
            Error::not_sent(ErrorKind::Config, message)
        };
        if text.len() as u64 > LONGEST {
            return Err(foreign());
        }
        // The parser's error may quote the token.
        let kept: Kept = serde_json::from_str(&text).map_err(|_| foreign())?;
        Ok(Some(TokenRecord {
            owner: kept.owner,
            access_token: kept.access_token.map(SecretString::from),
            due_at: kept.due_at,
            expires_at: kept.expires_at,
            requests: kept.requests,
        }))
    }

    fn write(&self, record: &TokenRecord) -> Result<()> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let kept = Kept {
            owner: record.owner.clone(),
            access_token: record.access_token.as_ref().map(|token| token.expose_secret().to_owned()),
            due_at: record.due_at,
            expires_at: record.expires_at,
            requests: record.requests.clone(),
        };
        let text =
            serde_json::to_vec(&kept).map_err(|_| Error::bug("a token record can't be written as JSON"))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let new = self.beside(&format!(".{}-{number}.new", std::process::id()));
        let written = create_new(&new).and_then(|mut file| {
            file.write_all(&text)?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)?;
            sync_directory(&self.path)
        });
        written.map_err(|e| {
            let _ = std::fs::remove_file(&new);
            io("can't be written", e)
        })
    }
}

#[async_trait]
impl TokenStore for FileTokens {
    async fn load(&self) -> Result<Option<TokenRecord>> {
        self.read()
    }
    async fn save(&self, record: &TokenRecord) -> Result<()> {
        self.write(record)
    }
    async fn try_lock(&self) -> Result<Option<Lease>> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        private(&mut options);
        let file = options.open(self.beside(".lock")).map_err(|e| io("can't be locked", e))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lease::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(e)) => Err(io("can't be locked", e)),
        }
    }
}

fn io(what: &str, source: std::io::Error) -> Error {
    Error::not_sent(ErrorKind::Io, format!("the file of access tokens {what}")).with_source(source)
}

fn create_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    private(&mut options);
    options.open(path)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt as _;
    options.mode(0o600);
}
#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

/// Refuses a file that others can read: whoever can may act as the portal's administrator.
#[cfg(unix)]
fn owner_only(file: &File) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = file.metadata().map_err(|e| io("can't be read", e))?.permissions().mode();
    if mode & 0o077 != 0 {
        let message =
            "the file of access tokens is open to others; make it readable for its owner alone (chmod 600)";
        return Err(Error::not_sent(ErrorKind::Config, message));
    }
    Ok(())
}
#[cfg(not(unix))]
fn owner_only(_: &File) -> Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> std::io::Result<()> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()
}
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}
