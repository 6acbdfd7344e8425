//! A body as a recipe: of known length, clonable, opened anew for every attempt, never held whole.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_core::Stream;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mapping_core::{Error, ErrorKind, Result};
use serde::Serialize;
use serde_json::Value;

/// A stream of bytes that can fail.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// Raw bytes taken for one piece of Base64; a multiple of three.
const BASE64_PIECE: usize = 48 * 1024;

/// Bytes that live elsewhere: a file, a blob of a stage. Opened once per attempt.
#[async_trait]
pub trait OpenBody: Send + Sync {
    /// Opens the bytes from their start.
    ///
    /// # Errors
    ///
    /// When they can't be read. An error before the first byte means that nothing is sent.
    async fn open(&self) -> Result<ByteStream>;
}

/// One piece of a body.
#[derive(Clone)]
pub enum Segment {
    /// Bytes in memory.
    Bytes(Bytes),
    /// Bytes that live elsewhere, as they are.
    Raw {
        /// How many bytes will come.
        len: u64,
        /// Where they come from.
        open: Arc<dyn OpenBody>,
    },
    /// Bytes that live elsewhere, as standard Base64 with padding.
    Base64 {
        /// How many raw bytes will come, before encoding.
        len: u64,
        /// Where they come from.
        open: Arc<dyn OpenBody>,
    },
}

impl Segment {
    /// How many bytes this piece puts into the body.
    pub fn len(&self) -> u64 {
        match self {
            Segment::Bytes(bytes) => bytes.len() as u64,
            Segment::Raw { len, .. } => *len,
            Segment::Base64 { len, .. } => len.div_ceil(3).saturating_mul(4),
        }
    }
    /// True for a piece without bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A file to put into a JSON body, see [`Body::json_with_files`].
#[derive(Clone)]
pub struct FilePart {
    /// The file's name, as the platform shall show it.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its length in bytes, before encoding.
    pub len: u64,
    /// Where its bytes come from.
    pub open: Arc<dyn OpenBody>,
}

/// A body as a recipe. Cloning it copies no file.
#[derive(Clone, Default)]
pub struct Body {
    segments: Vec<Segment>,
}

impl Body {
    /// A body without bytes.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A body of these pieces, in order.
    pub fn of(segments: Vec<Segment>) -> Self {
        Body { segments }
    }

    /// A value as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for a value that JSON can't hold.
    pub fn json(value: &impl Serialize) -> Result<Self> {
        serde_json::to_vec(value).map(|json| Body::from(Bytes::from(json))).map_err(not_json)
    }

    /// A JSON object with one more key: an array of files as `{"content_type", "name", "data"}`, `data` in Base64.
    ///
    /// No file is ever held: its bytes are encoded as they are sent.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for anything but an object, or when it already has the key.
    pub fn json_with_files(object: &impl Serialize, key: &str, files: Vec<FilePart>) -> Result<Self> {
        let Value::Object(object) = serde_json::to_value(object).map_err(not_json)? else {
            return Err(Error::not_sent(ErrorKind::Invalid, "files can only be put into a JSON object"));
        };
        if object.contains_key(key) {
            return Err(Error::not_sent(
                ErrorKind::Invalid,
                "the JSON object already has the key for its files",
            )
            .with("key", key));
        }
        let comma = if object.is_empty() { "" } else { "," };
        let mut text = Value::Object(object).to_string();
        text.pop();
        text.push_str(&format!("{comma}{}:[", Value::from(key)));
        let mut segments = Vec::with_capacity(2 * files.len() + 1);
        for (position, file) in files.into_iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            text.push_str(&format!(
                "{comma}{{\"content_type\":{},\"name\":{},\"data\":\"",
                Value::from(file.content_type),
                Value::from(file.name)
            ));
            segments.push(Segment::Bytes(std::mem::take(&mut text).into()));
            segments.push(Segment::Base64 { len: file.len, open: file.open });
            text.push_str("\"}");
        }
        text.push_str("]}");
        segments.push(Segment::Bytes(text.into()));
        Ok(Body { segments })
    }

    /// How many bytes the body has; its `Content-Length`.
    pub fn len(&self) -> u64 {
        self.segments.iter().fold(0, |sum: u64, segment| sum.saturating_add(segment.len()))
    }

    /// True for a body without bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The pieces, in order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The bytes, when all of them are in memory. A guard that looks into bodies uses it.
    pub fn in_memory(&self) -> Option<Bytes> {
        let mut all = Vec::new();
        for segment in &self.segments {
            let Segment::Bytes(bytes) = segment else { return None };
            if self.segments.len() == 1 {
                return Some(bytes.clone());
            }
            all.extend_from_slice(bytes);
        }
        Some(all.into())
    }

    /// Opens the recipe: the bytes of every piece in order, each checked against its declared length.
    ///
    /// The stream fails with [`ErrorKind::Io`] and the context `declared` and `came` when a piece is shorter or longer
    /// than declared; a byte above the declared length is never yielded.
    pub fn stream(&self) -> ByteStream {
        let pieces = self.segments.clone().into_iter().enumerate();
        Box::pin(stream::iter(pieces).then(|(at, segment)| open_segment(at, segment)).try_flatten())
    }
}

fn not_json(e: serde_json::Error) -> Error {
    Error::not_sent(ErrorKind::Invalid, "the value can't be written as JSON").with_source(e)
}

async fn open_segment(at: usize, segment: Segment) -> Result<ByteStream> {
    Ok(match segment {
        Segment::Bytes(bytes) => Box::pin(stream::once(async move { Ok(bytes) })),
        Segment::Raw { len, open } => exactly(at, len, open.open().await?),
        Segment::Base64 { len, open } => base64(exactly(at, len, open.open().await?)),
    })
}

/// Passes `stream` on and fails unless it yields exactly `declared` bytes. Its last chunk waits until the stream has
/// ended: a request that is complete by its length has been sent, and nobody would ask for what comes after it.
fn exactly(at: usize, declared: u64, stream: ByteStream) -> ByteStream {
    let differs = move |came: u64| {
        Error::not_sent(ErrorKind::Io, "a piece of the body is not as long as declared; did the file change?")
            .with("segment", at)
            .with("declared", declared)
            .with("came", came)
    };
    Box::pin(stream::try_unfold((stream.fuse(), 0_u64), move |(mut stream, came)| async move {
        let Some(chunk) = next_bytes(&mut stream).await? else {
            return if came < declared { Err(differs(came)) } else { Ok(None) };
        };
        let came = came + chunk.len() as u64;
        let further = match came == declared {
            true => next_bytes(&mut stream).await?.map_or(0, |more| more.len() as u64),
            false => 0,
        };
        if came + further > declared {
            Err(differs(came + further))
        } else {
            Ok(Some((chunk, (stream, came))))
        }
    }))
}

/// The next chunk that isn't empty.
async fn next_bytes(stream: &mut (impl Stream<Item = Result<Bytes>> + Unpin)) -> Result<Option<Bytes>> {
    loop {
        match stream.next().await.transpose()? {
            Some(chunk) if chunk.is_empty() => {}
            other => return Ok(other),
        }
    }
}

/// What an encoder holds between two chunks: at most one chunk of its source and two bytes.
struct Encoder {
    source: ByteStream,
    chunk: Bytes,
    carry: Vec<u8>,
    ended: bool,
}

fn base64(source: ByteStream) -> ByteStream {
    let start = Encoder { source, chunk: Bytes::new(), carry: Vec::new(), ended: false };
    Box::pin(stream::try_unfold(start, |mut encoder| async move {
        Ok(encoder.next_piece().await?.map(|piece| (piece, encoder)))
    }))
}

impl Encoder {
    async fn next_piece(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.ended {
                return Ok(None);
            }
            if self.chunk.is_empty() {
                match self.source.next().await.transpose()? {
                    Some(chunk) => self.chunk = chunk,
                    None => {
                        self.ended = true;
                        let last = STANDARD.encode(&self.carry);
                        return Ok(Some(last.into()).filter(|b: &Bytes| !b.is_empty()));
                    }
                }
            }
            let take = self.chunk.len().min(BASE64_PIECE - self.carry.len());
            self.carry.extend_from_slice(&self.chunk.split_to(take));
            let whole = self.carry.len() / 3 * 3;
            if whole > 0 {
                let piece = STANDARD.encode(&self.carry[..whole]);
                self.carry.drain(..whole);
                return Ok(Some(piece.into()));
            }
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Body { segments: vec![Segment::Bytes(bytes)] }
    }
}
impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}
impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}
impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes in {} pieces)", self.len(), self.segments.len())
    }
}
impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Segment::Bytes(_) => "Bytes",
            Segment::Raw { .. } => "Raw",
            Segment::Base64 { .. } => "Base64",
        };
        write!(f, "{kind}({} bytes)", self.len())
    }
}
impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilePart({} bytes, {})", self.len, self.content_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pieces(Vec<&'static [u8]>);
    #[async_trait]
    impl OpenBody for Pieces {
        async fn open(&self) -> Result<ByteStream> {
            let pieces: Vec<_> = self.0.iter().map(|p| Ok(Bytes::from_static(p))).collect();
            Ok(Box::pin(stream::iter(pieces)))
        }
    }

    fn part(name: &str, pieces: Vec<&'static [u8]>) -> FilePart {
        let len = pieces.iter().map(|p| p.len() as u64).sum();
        FilePart { name: name.into(), content_type: "text/plain".into(), len, open: Arc::new(Pieces(pieces)) }
    }

    async fn read(body: &Body) -> Result<Vec<u8>> {
        Ok(body.stream().try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn spliced_files_give_the_same_json_as_building_it_whole() {
        let files = vec![
            part("a \"quoted\" name\n.txt", vec![b"h", b"el", b"lo wor", b"ld!"]),
            part("empty", vec![]),
            part("two", vec![b"\xff\x00"]),
        ];
        let object = serde_json::json!({"body": "x \"y\" ü", "n": 1});
        let body = Body::json_with_files(&object, "attachment_files", files).unwrap();
        let bytes = read(&body).await.unwrap();
        assert_eq!(bytes.len() as u64, body.len());
        let data = |raw: &[u8]| STANDARD.encode(raw);
        let expected = serde_json::json!({"body": "x \"y\" ü", "n": 1, "attachment_files": [
            {"content_type": "text/plain", "name": "a \"quoted\" name\n.txt", "data": data(b"hello world!")},
            {"content_type": "text/plain", "name": "empty", "data": ""},
            {"content_type": "text/plain", "name": "two", "data": data(b"\xff\x00")},
        ]});
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), expected);
    }

    #[tokio::test]
    async fn a_chunk_larger_than_a_piece_is_encoded_in_pieces_and_whole() {
        static BIG: [u8; 200_001] = [7; 200_001];
        let body =
            Body::json_with_files(&serde_json::json!({}), "files", vec![part("n", vec![&BIG])]).unwrap();
        let chunks: Vec<Bytes> = body.stream().try_collect().await.unwrap();
        assert!(chunks.iter().all(|c| c.len() <= BASE64_PIECE / 3 * 4));
        let json: Value = serde_json::from_slice(&chunks.concat()).unwrap();
        assert_eq!(STANDARD.decode(json["files"][0]["data"].as_str().unwrap()).unwrap(), BIG);
    }

    #[tokio::test]
    async fn a_piece_that_is_shorter_or_longer_than_declared_is_an_error_that_names_both_lengths() {
        for (declared, came) in [(4, "3"), (2, "3")] {
            for encoded in [false, true] {
                let open: Arc<dyn OpenBody> = Arc::new(Pieces(vec![b"ab", b"c"]));
                let segment = if encoded {
                    Segment::Base64 { len: declared, open }
                } else {
                    Segment::Raw { len: declared, open }
                };
                let e = read(&Body::of(vec![Segment::Bytes("x".into()), segment])).await.unwrap_err();
                assert_eq!(
                    (e.kind(), e.context("segment"), e.context("came")),
                    (ErrorKind::Io, Some("1"), Some(came))
                );
                assert_eq!(e.context("declared"), Some(declared.to_string().as_str()));
            }
        }
    }

    #[test]
    fn files_go_into_an_object_and_not_over_a_key_it_has() {
        for value in [serde_json::json!([1]), serde_json::json!({"files": 1})] {
            let e = Body::json_with_files(&value, "files", vec![]).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn debug_shows_no_content() {
        assert_eq!(format!("{:?}", Body::from("secret")), "Body(6 bytes in 1 pieces)");
    }
}
