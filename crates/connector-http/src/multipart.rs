//! A form with files (`multipart/form-data`, RFC 7578) as a recipe of known length.

use std::fmt;

use bytes::Bytes;

use crate::body::{Body, FilePart, Segment};

/// The line that separates the parts of a form. Drawn at random, since a file that holds it would end its part early.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Boundary(String);

impl Boundary {
    /// A new one.
    pub fn random() -> Self {
        Self::drawn(&mut fastrand::Rng::new())
    }
    /// The same for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self::drawn(&mut fastrand::Rng::with_seed(seed))
    }
    fn drawn(rng: &mut fastrand::Rng) -> Self {
        Boundary(format!("form-{:032x}", rng.u128(..)))
    }
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A form under construction. No file is ever held: its bytes are read as they are sent.
#[must_use]
#[derive(Clone)]
pub struct Multipart {
    boundary: Boundary,
    segments: Vec<Segment>,
}

impl Multipart {
    /// A form without parts.
    pub fn new(boundary: Boundary) -> Self {
        Multipart { boundary, segments: Vec::new() }
    }

    /// Adds a text.
    pub fn text(mut self, name: &str, value: &str) -> Self {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n",
            self.boundary.0,
            quoted(name)
        );
        self.segments.push(Segment::Bytes(head.into()));
        self
    }

    /// Adds a file. What could end a quoted name early is percent-encoded, as browsers do; a media type that can't be one
    /// becomes `application/octet-stream`.
    pub fn file(mut self, name: &str, file: FilePart) -> Self {
        let head = format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
            self.boundary.0,
            quoted(name),
            quoted(&file.name),
            media_type(&file.content_type)
        );
        self.segments.push(Segment::Bytes(head.into()));
        self.segments.push(Segment::Raw { len: file.len, open: file.open });
        self.segments.push(Segment::Bytes(Bytes::from_static(b"\r\n")));
        self
    }

    /// The value of the request's `Content-Type`.
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary.0)
    }

    /// The body.
    pub fn body(mut self) -> Body {
        self.segments.push(Segment::Bytes(format!("--{}--\r\n", self.boundary.0).into()));
        Body::of(self.segments)
    }
}

impl fmt::Debug for Multipart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Multipart").field("pieces", &self.segments.len()).finish_non_exhaustive()
    }
}

fn quoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '"' => out.push_str("%22"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            c if c.is_control() => out.push('_'),
            c => out.push(c),
        }
    }
    out
}

fn media_type(text: &str) -> &str {
    let plain = |c: u8| c.is_ascii_graphic() || c == b' ';
    let fits = text.len() <= 200 && text.contains('/') && text.bytes().all(plain);
    if fits { text } else { "application/octet-stream" }
}
