//! Files in memory.

use crate::catalog::hex;
use crate::{Blob, BlobStore, Blobs, ByteStream, Error, ErrorKind, Private, Result};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A file store in memory, by hash.
#[derive(Clone, Debug, Default)]
pub struct MemoryBlobs(Arc<Mutex<BTreeMap<String, Bytes>>>);

impl MemoryBlobs {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a file.
    pub fn add(&self, name: &str, mime: &str, bytes: impl Into<Bytes>) -> Blob {
        let bytes = bytes.into();
        let sha256 = hex(&Sha256::digest(&bytes));
        let len = bytes.len() as u64;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256.clone(), bytes);
        Blob { sha256, len, name: Private::from(name), mime: mime.to_owned() }
    }
}

#[async_trait]
impl Blobs for MemoryBlobs {
    async fn open(&self, blob: &Blob) -> Result<ByteStream> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&blob.sha256).cloned();
        let bytes = found.ok_or_else(|| {
            Error::not_sent(ErrorKind::NotFound, "the store has no such file").with("sha256", &blob.sha256)
        })?;
        Ok(stream::iter([Ok(bytes)]).boxed())
    }
}

#[async_trait]
impl BlobStore for MemoryBlobs {
    async fn put(&self, name: &str, mime: &str, bytes: ByteStream) -> Result<Blob> {
        let chunks: Vec<Bytes> = bytes.try_collect().await?;
        Ok(self.add(name, mime, chunks.concat()))
    }
}
