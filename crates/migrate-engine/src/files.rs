//! The bytes of files, by SHA-256.

use crate::run::{io_error, private_dir, private_file};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt;
use mapping_core::{Blob, BlobStore, Blobs, ByteStream, Error, ErrorKind, Result};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CHUNK: usize = 64 << 10;

/// A directory of files named by the SHA-256 of their bytes. The names that the source gave are never used as paths.
///
/// A file appears under its name only when its bytes are whole and on disk.
#[derive(Debug)]
pub struct FileStore {
    dir: PathBuf,
    next: AtomicU64,
}

impl FileStore {
    /// Opens the store, and clears away what a stopped process left half written.
    ///
    /// # Errors
    /// `Io`.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self> {
        let dir = dir.into();
        private_dir(&dir)?;
        let incoming = dir.join("incoming");
        private_dir(&incoming)?;
        for left in std::fs::read_dir(&incoming).map_err(|e| io_error("files/incoming", e))?.flatten() {
            let _ = std::fs::remove_file(left.path());
        }
        Ok(FileStore { dir, next: AtomicU64::new(0) })
    }

    /// Whether the bytes are there.
    pub fn has(&self, sha256: &str) -> bool {
        self.path(sha256).is_ok_and(|path| path.exists())
    }

    fn path(&self, sha256: &str) -> Result<PathBuf> {
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if sha256.len() != 64 || !sha256.chars().all(hex) {
            return Err(Error::not_sent(ErrorKind::Invalid, "not a SHA-256 in lower-case hex"));
        }
        Ok(self.dir.join(&sha256[..2]).join(sha256))
    }

    async fn receive(&self, beside: &Path, mut bytes: ByteStream) -> Result<(String, u64)> {
        let file = private_file(beside).map_err(|e| io_error("files", e))?;
        let mut file = tokio::fs::File::from_std(file);
        let (mut hash, mut len) = (Sha256::new(), 0u64);
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk?;
            hash.update(&chunk);
            len += chunk.len() as u64;
            file.write_all(&chunk).await.map_err(|e| io_error("files", e))?;
        }
        file.flush().await.map_err(|e| io_error("files", e))?;
        file.sync_all().await.map_err(|e| io_error("files", e))?;
        let sha256 = hash.finalize().iter().fold(String::with_capacity(64), |mut out, b| {
            let _ = write!(out, "{b:02x}");
            out
        });
        Ok((sha256, len))
    }
}

#[async_trait]
impl Blobs for FileStore {
    async fn open(&self, blob: &Blob) -> Result<ByteStream> {
        let path = self.path(&blob.sha256)?;
        let file = tokio::fs::File::open(&path).await.map_err(|e| {
            if e.kind() == std::io::ErrorKind::NotFound {
                Error::not_sent(ErrorKind::NotFound, "the bytes of a file are not in the run directory")
                    .with("sha256", &blob.sha256)
            } else {
                io_error("files", e)
            }
        })?;
        let chunks = futures_util::stream::unfold(Some(file), |file| async move {
            let mut file = file?;
            let mut chunk = vec![0; CHUNK];
            match file.read(&mut chunk).await {
                Ok(0) => None,
                Ok(n) => {
                    chunk.truncate(n);
                    Some((Ok(Bytes::from(chunk)), Some(file)))
                }
                Err(e) => Some((Err(io_error("files", e)), None)),
            }
        });
        Ok(Box::pin(chunks))
    }
}

#[async_trait]
impl BlobStore for FileStore {
    async fn put(&self, name: &str, mime: &str, bytes: ByteStream) -> Result<Blob> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let beside = self.dir.join("incoming").join(number.to_string());
        let received = self.receive(&beside, bytes).await;
        let (sha256, len) = match received {
            Ok(received) => received,
            Err(e) => {
                let _ = tokio::fs::remove_file(&beside).await;
                return Err(e);
            }
        };
        let path = self.path(&sha256)?;
        if path.exists() {
            let _ = tokio::fs::remove_file(&beside).await;
        } else {
            if let Some(parent) = path.parent() {
                private_dir(parent)?;
            }
            tokio::fs::rename(&beside, &path).await.map_err(|e| io_error("files", e))?;
        }
        Ok(Blob { sha256, len, name: name.into(), mime: mime.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(chunks: Vec<Result<Bytes>>) -> ByteStream {
        Box::pin(futures_util::stream::iter(chunks))
    }

    #[tokio::test]
    async fn bytes_come_back_as_they_went_in_and_equal_content_is_kept_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::open(dir.path()).unwrap();
        let put =
            || store.put("../../etc/passwd", "text/plain", stream(vec![Ok("ab".into()), Ok("c".into())]));
        let (first, second) = (put().await.unwrap(), put().await.unwrap());
        assert_eq!(first.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!((first.len, &first), (3, &second));
        let mut back = store.open(&first).await.unwrap();
        assert_eq!(back.next().await.unwrap().unwrap(), "abc");
        let kept = std::fs::read_dir(dir.path().join("ba")).unwrap().count();
        assert_eq!(kept, 1);
    }

    #[tokio::test]
    async fn a_broken_stream_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let store = FileStore::open(dir.path()).unwrap();
        let broken = stream(vec![Ok("ab".into()), Err(Error::not_sent(ErrorKind::Transport, "reset"))]);
        assert_eq!(store.put("x", "y", broken).await.unwrap_err().kind(), ErrorKind::Transport);
        assert_eq!(std::fs::read_dir(dir.path().join("incoming")).unwrap().count(), 0);
    }
}
