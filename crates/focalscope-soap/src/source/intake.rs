//! Moves the bytes of files into the blob store while the answer that holds them is still coming in.

use crate::soap::BlobId;
use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream;
use mapping_core::{Blob, BlobStore, Error, ErrorKind, Result};
use std::collections::HashMap;
use std::pin::pin;
use tokio::sync::mpsc;

/// Pieces that wait between the reader and the store.
const WAITING: usize = 2;

/// Takes blobs one after another. Dropping it in the middle of one leaves the store as it was.
pub(crate) struct Intake<'a> {
    store: &'a dyn BlobStore,
    name: String,
    mime: String,
    running: Option<Running<'a>>,
    done: HashMap<BlobId, Blob>,
}

struct Running<'a> {
    id: BlobId,
    pieces: mpsc::Sender<Result<Bytes>>,
    put: BoxFuture<'a, Result<Blob>>,
}

impl<'a> Intake<'a> {
    /// `name` and `mime` are what is known of the files before their bytes come.
    pub(crate) fn new(store: &'a dyn BlobStore, name: &str, mime: &str) -> Self {
        Intake { store, name: name.to_owned(), mime: mime.to_owned(), running: None, done: HashMap::new() }
    }

    fn start(&mut self, id: BlobId) -> Running<'a> {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let stream =
            Box::pin(stream::unfold(waiting, |mut waiting: mpsc::Receiver<Result<Bytes>>| async move {
                waiting.recv().await.map(|piece| (piece, waiting))
            }));
        let (store, name, mime) = (self.store, self.name.clone(), self.mime.clone());
        let put = Box::pin(async move { store.put(&name, &mime, stream).await });
        Running { id, pieces, put }
    }

    pub(crate) async fn bytes(&mut self, id: BlobId, bytes: Vec<u8>) -> Result<()> {
        let mut running = match self.running.take() {
            Some(running) if running.id == id => running,
            _ => self.start(id),
        };
        let ended = match select(pin!(running.pieces.send(Ok(bytes.into()))), &mut running.put).await {
            Either::Left((Ok(()), _)) => None,
            // The store reads no more and is still at its end, which says why.
            Either::Left((Err(_), put)) => Some(put.await),
            Either::Right((ended, _)) => Some(ended),
        };
        if let Some(ended) = ended {
            ended?;
            return Err(Error::not_sent(ErrorKind::Io, "the file store stopped before the end of a file"));
        }
        self.running = Some(running);
        Ok(())
    }

    pub(crate) async fn end(&mut self, id: BlobId) -> Result<()> {
        let running = match self.running.take() {
            Some(running) if running.id == id => running,
            _ => self.start(id),
        };
        drop(running.pieces);
        let blob = running.put.await?;
        self.done.insert(id, blob);
        Ok(())
    }

    pub(crate) fn into_blobs(self) -> HashMap<BlobId, Blob> {
        self.done
    }
}

/// Puts bytes that are already here.
pub(crate) async fn put_bytes(store: &dyn BlobStore, name: &str, mime: &str, bytes: Vec<u8>) -> Result<Blob> {
    let piece: Result<Bytes> = Ok(bytes.into());
    store.put(name, mime, Box::pin(stream::iter([piece]))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt as _;
    use mapping_core::ByteStream;

    /// Reads one piece, stops reading, and tidies up before it says that the disk is full.
    struct FullDisk;

    #[async_trait::async_trait]
    impl BlobStore for FullDisk {
        async fn put(&self, _: &str, _: &str, mut bytes: ByteStream) -> Result<Blob> {
            let _ = bytes.next().await;
            drop(bytes);
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            Err(Error::not_sent(ErrorKind::Io, "the disk is full").with_code("disk_full"))
        }
    }

    #[async_trait::async_trait]
    impl mapping_core::Blobs for FullDisk {
        async fn open(&self, _: &Blob) -> Result<ByteStream> {
            Err(Error::bug("nothing is read here"))
        }
    }

    #[tokio::test]
    async fn a_store_that_stops_reading_is_asked_why() {
        let mut intake = Intake::new(&FullDisk, "a.bin", "application/octet-stream");
        let mut said = Ok(());
        for _ in 0..8 {
            said = intake.bytes(BlobId(1), vec![0; 16]).await;
            if said.is_err() {
                break;
            }
        }
        assert_eq!(said.unwrap_err().code(), Some("disk_full"));
    }
}
