//! Files: what is known of them, and where their bytes come from.

use crate::{Error, ErrorKind, Private, Result};
use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// A file by its content. Two files of the same content share their bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blob {
    /// SHA-256 of the bytes, lower-case hex.
    pub sha256: String,
    /// Length in bytes.
    pub len: u64,
    /// The name as the source gave it: may be empty, hold a path or be 300 characters long. Never used as a path.
    pub name: Private,
    /// The media type as the source gave it; may be wrong.
    pub mime: String,
}

/// Bytes of a file, in order, in chunks.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// Where the bytes of files are read from.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Opens the bytes anew, from the start; called again for every attempt.
    ///
    /// # Errors
    /// `NotFound` when the bytes aren't there, `Io` when they can't be read.
    async fn open(&self, blob: &Blob) -> Result<ByteStream>;
}

/// Where the bytes of files go while a page of the source is being read.
#[async_trait]
pub trait BlobStore: Blobs {
    /// Takes the bytes, computes length and hash, and keeps them under the hash.
    ///
    /// # Errors
    /// `Io` when they can't be kept; an error of the stream itself is passed on.
    async fn put(&self, name: &str, mime: &str, bytes: ByteStream) -> Result<Blob>;
}

/// No files at all; for drafts without attachments.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBlobs;

#[async_trait]
impl Blobs for NoBlobs {
    async fn open(&self, blob: &Blob) -> Result<ByteStream> {
        Err(Error::not_sent(ErrorKind::NotFound, "there is no file store; give the session one")
            .with("sha256", &blob.sha256))
    }
}
