//! From the bytes of a document to UTF-8: which encoding it is in, and what to do with bytes that aren't.

use crate::soap::SoapError;
use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far the XML declaration is looked for.
const HEAD: usize = 1024;
/// The longest malformed sequence any decoder reports.
const RECENT: usize = 8;

/// Decodes a stream. The order of belief: byte-order mark, HTTP charset, the pattern of zero bytes, XML declaration,
/// UTF-8. Line ends become `\n`. Bytes that are not UTF-8 in a document that says it is are read as windows-1252,
/// which is what they nearly always are, and counted.
pub(crate) struct Transcoder {
    charset: Option<String>,
    head: Vec<u8>,
    decoder: Option<(&'static Encoding, Decoder)>,
    recent: Vec<u8>,
    after_cr: bool,
    scratch: String,
    /// Bytes that were not valid in the document's encoding.
    pub(crate) recoded: u64,
}

impl Transcoder {
    pub(crate) fn new(charset: Option<&str>) -> Self {
        Transcoder {
            charset: charset.map(str::to_owned),
            head: Vec::new(),
            decoder: None,
            recent: Vec::new(),
            after_cr: false,
            scratch: String::new(),
            recoded: 0,
        }
    }

    /// Decodes more bytes into `out`.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut String) -> Result<(), SoapError> {
        self.push(bytes, false, out)
    }

    /// Says that no more bytes come.
    pub(crate) fn finish(&mut self, out: &mut String) -> Result<(), SoapError> {
        self.push(&[], true, out)
    }

    fn push(&mut self, bytes: &[u8], last: bool, out: &mut String) -> Result<(), SoapError> {
        if self.decoder.is_some() {
            self.decode(bytes, last, out);
            return Ok(());
        }
        self.head.extend_from_slice(bytes);
        if let Some(encoding) = detect(&self.head, self.charset.as_deref(), last)? {
            self.decoder = Some((encoding, encoding.new_decoder_with_bom_removal()));
            let head = std::mem::take(&mut self.head);
            self.decode(&head, last, out);
        }
        Ok(())
    }

    fn decode(&mut self, mut bytes: &[u8], last: bool, out: &mut String) {
        let Some((encoding, decoder)) = self.decoder.as_mut() else { return };
        self.scratch.clear();
        loop {
            let need = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or(bytes.len());
            self.scratch.reserve(need.max(16));
            let (result, read) = decoder.decode_to_string_without_replacement(bytes, &mut self.scratch, last);
            self.recent.extend_from_slice(&bytes[..read]);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => break,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(length, after) => {
                    let end = self.recent.len().saturating_sub(usize::from(after));
                    let start = end.saturating_sub(usize::from(length));
                    self.recoded += (end - start) as u64;
                    if *encoding == UTF_8 {
                        let (text, _) = WINDOWS_1252.decode_without_bom_handling(&self.recent[start..end]);
                        self.scratch.push_str(&text);
                    } else {
                        self.scratch.push('\u{FFFD}');
                    }
                }
            }
        }
        let keep = self.recent.len().saturating_sub(RECENT);
        self.recent.drain(..keep);
        self.append(out);
    }

    /// Moves the scratch text to `out` with every line end as `\n` (XML 1.0, 2.11).
    fn append(&mut self, out: &mut String) {
        let mut rest = self.scratch.as_str();
        if rest.is_empty() {
            return;
        }
        if self.after_cr {
            rest = rest.strip_prefix('\n').unwrap_or(rest);
            self.after_cr = false;
        }
        while let Some(at) = rest.find('\r') {
            out.push_str(&rest[..at]);
            out.push('\n');
            rest = &rest[at + 1..];
            match rest.strip_prefix('\n') {
                Some(after) => rest = after,
                None => self.after_cr = rest.is_empty(),
            }
        }
        out.push_str(rest);
    }
}

/// The encoding, or `None` while more bytes are needed to tell.
fn detect(head: &[u8], charset: Option<&str>, last: bool) -> Result<Option<&'static Encoding>, SoapError> {
    if head.len() < 4 && !last {
        return Ok(None);
    }
    if head.starts_with(&[0xFF, 0xFE, 0, 0]) || head.starts_with(&[0, 0, 0xFE, 0xFF]) {
        return Err(SoapError::Encoding("UTF-32".to_owned()));
    }
    if let Some((encoding, _)) = Encoding::for_bom(head) {
        return Ok(Some(encoding));
    }
    let wide = match head {
        [0, b, ..] if *b != 0 => Some(UTF_16BE),
        [b, 0, ..] if *b != 0 => Some(UTF_16LE),
        _ => None,
    };
    if let Some(wide) = wide {
        return Ok(Some(wide));
    }
    if let Some(named) = charset.and_then(|c| Encoding::for_label(c.trim().as_bytes())) {
        // A document whose first bytes aren't two-byte units isn't UTF-16, whatever the header says.
        return Ok(Some(if named == UTF_16BE || named == UTF_16LE { UTF_8 } else { named }));
    }
    let trimmed = head.trim_ascii_start();
    if !trimmed.starts_with(b"<?xml") {
        let undecided = b"<?xml".starts_with(trimmed) && head.len() < HEAD && !last;
        return Ok(if undecided { None } else { Some(UTF_8) });
    }
    let Some(end) = trimmed.windows(2).position(|w| w == b"?>") else {
        return Ok(if head.len() < HEAD && !last { None } else { Some(UTF_8) });
    };
    let Some(label) = declared(&trimmed[..end]) else { return Ok(Some(UTF_8)) };
    match Encoding::for_label(label) {
        Some(named) if named == UTF_16BE || named == UTF_16LE => Ok(Some(UTF_8)),
        Some(named) => Ok(Some(named)),
        None => Err(SoapError::Encoding(String::from_utf8_lossy(&label[..label.len().min(40)]).into_owned())),
    }
}

/// The label in `encoding="…"`.
fn declared(declaration: &[u8]) -> Option<&[u8]> {
    let at = declaration.windows(8).position(|w| w == b"encoding")?;
    let rest = declaration[at + 8..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let quote = *rest.first().filter(|q| matches!(q, b'"' | b'\''))?;
    let end = rest[1..].iter().position(|b| *b == quote)?;
    Some(&rest[1..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8], charset: Option<&str>, step: usize) -> (String, u64) {
        let mut coder = Transcoder::new(charset);
        let mut out = String::new();
        for piece in bytes.chunks(step) {
            coder.feed(piece, &mut out).unwrap();
        }
        coder.finish(&mut out).unwrap();
        (out, coder.recoded)
    }

    #[test]
    fn windows_1252_bytes_in_a_utf8_document_are_read_as_such_and_counted() {
        for step in [1, 2, 3, 100] {
            let (text, recoded) = decode(b"<a>\xE6\x93quoted\x94 \xC3\xA6</a>", None, step);
            assert_eq!((text.as_str(), recoded), ("<a>æ“quoted” æ</a>", 3), "in steps of {step}");
        }
    }

    #[test]
    fn the_charset_of_the_header_wins_over_the_declaration() {
        let (text, _) = decode(b"<?xml version='1.0' encoding='UTF-8'?><a>\xE6</a>", Some("ISO-8859-1"), 7);
        assert!(text.ends_with("<a>æ</a>"), "{text}");
    }

    #[test]
    fn utf16_is_known_by_its_zero_bytes_and_never_by_its_label_alone() {
        let wide: Vec<u8> = "<a>å</a>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide, None, 3).0, "<a>å</a>");
        assert_eq!(decode(b"<?xml version='1.0' encoding='utf-16'?><a/>", None, 1).0.len(), 43);
    }

    #[test]
    fn line_ends_become_one_newline_wherever_the_input_is_cut() {
        for step in 1..6 {
            assert_eq!(decode(b"<a>1\r\n2\r3\r\r\n4</a>", None, step).0, "<a>1\n2\n3\n\n4</a>");
        }
    }
}
