//! Attachments: taken as base64, kept by hash, served again at an address that expires.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::Call;
use super::fields::Fields;
use super::knobs::{Knobs, Quarantine};
use super::problem::Problem;
use super::store::{File, Workspace};

const MOST_FILES: usize = 10;

/// A file as it came with a write.
pub(crate) struct Sent {
    name: String,
    content_type: String,
    bytes: Vec<u8>,
}

/// The files of a write, decoded, not stored yet.
#[derive(Default)]
pub(crate) struct Upload {
    sent: Vec<Sent>,
    urls: Vec<String>,
    too_large: Option<u64>,
}

/// Reads `attachment_files` and `attachment_urls` (T46).
pub(crate) fn read(fields: &Fields<'_>, knobs: &Knobs, with_files: bool) -> Upload {
    let mut upload = Upload { urls: read_urls(fields), ..Upload::default() };
    if !with_files {
        return upload;
    }
    if fields.any("attachment_files").and_then(Value::as_array).is_some_and(|list| list.len() > MOST_FILES) {
        fields
            .invalid("attachment_files", format!("attachment_files can't have more than {MOST_FILES} files"));
        let _ = fields.list("attachment_files");
        return upload;
    }
    for sent in fields.each("attachment_files", read_file).into_iter().flatten().flatten() {
        if sent.bytes.len() as u64 > knobs.attachment_max_bytes {
            upload.too_large = Some(knobs.attachment_max_bytes);
        }
        upload.sent.push(sent);
    }
    upload
}

fn read_urls(fields: &Fields<'_>) -> Vec<String> {
    let Some(list) = fields.list("attachment_urls") else { return Vec::new() };
    if list.len() > MOST_FILES {
        fields.invalid("attachment_urls", format!("attachment_urls can't have more than {MOST_FILES} files"));
    }
    let urls: Vec<String> = list
        .iter()
        .filter_map(Value::as_str)
        .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
        .map(str::to_owned)
        .collect();
    if urls.len() != list.len() {
        fields.invalid("attachment_urls", "attachment_urls must be an array of URLs");
    }
    urls
}

fn read_file(fields: &Fields<'_>) -> Option<Sent> {
    let name = fields.require("name", fields.text("name"));
    let content_type = fields.require("content_type", fields.text("content_type"));
    let data = fields.require("data", fields.text("data"))?;
    let Ok(bytes) = STANDARD.decode(data) else {
        fields.invalid("data", "data must be base64");
        return None;
    };
    Some(Sent { name: name?.to_owned(), content_type: content_type?.to_owned(), bytes })
}

impl Upload {
    /// Nothing was sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.sent.is_empty() && self.urls.is_empty()
    }

    /// Refuses what is too large.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self.too_large {
            None => Ok(()),
            Some(limit) => {
                let message = format!("An attachment is larger than {limit} bytes");
                Err(Problem::new(413, "parameter_invalid", message).field("attachment_files"))
            }
        }
    }

    /// Puts the bytes away and returns what the part will hold.
    pub(crate) fn store(self, ws: &mut Workspace, knobs: &Knobs) -> Box<[File]> {
        let mut files = Vec::with_capacity(self.sent.len() + self.urls.len());
        for sent in self.sent {
            let hash: [u8; 32] = Sha256::digest(&sent.bytes).into();
            let lower = sent.name.to_lowercase();
            let dangerous = knobs.quarantined_names.iter().any(|end| lower.ends_with(end.as_str()));
            files.push(File {
                name: sent.name.into(),
                content_type: sent.content_type.into(),
                size: sent.bytes.len() as u64,
                sha256: Some(hash),
                url: None,
                quarantined: dangerous && knobs.quarantine != Quarantine::Off,
            });
            ws.files.keep(hash, sent.bytes, knobs.file_store_bytes);
        }
        for url in self.urls {
            let name = url.rsplit('/').next().unwrap_or_default().split('?').next().unwrap_or_default();
            files.push(File {
                name: name.into(),
                content_type: "application/octet-stream".into(),
                size: 0,
                sha256: None,
                url: Some(url.into()),
                quarantined: false,
            });
        }
        files.into_boxed_slice()
    }
}

/// Proof that an address was made here and not changed.
pub(crate) fn signature(place: &str, expires: i64) -> String {
    let hash = Sha256::digest(format!("sandbox {place} {expires}"));
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// What a fetch of an attachment answers.
pub(crate) enum Fetched {
    Bytes { content_type: String, bytes: Vec<u8> },
    Refused(u16, &'static str),
}

/// Serves `/__files/{conversation}/{part}/{index}`.
pub(crate) fn fetch(call: &Call<'_>, place: &str) -> Fetched {
    let expires: i64 = call.query("expires").and_then(|text| text.parse().ok()).unwrap_or(0);
    if call.query("signature") != Some(signature(place, expires).as_str()) || call.now >= expires {
        return Fetched::Refused(403, "the address has expired");
    }
    let Some(file) = locate(call, place) else { return Fetched::Refused(404, "no such file") };
    if file.quarantined {
        return Fetched::Refused(403, "the file is in quarantine");
    }
    match file.sha256.and_then(|hash| call.ws.files.by_hash.get(&hash)) {
        Some(bytes) => Fetched::Bytes { content_type: file.content_type.to_string(), bytes: bytes.to_vec() },
        None => Fetched::Refused(507, "the sandbox did not keep the bytes: its file store is full"),
    }
}

fn locate<'a>(call: &'a Call<'_>, place: &str) -> Option<&'a File> {
    let mut numbers = place.split('/').map(str::parse::<u64>);
    let conversation = call.ws.conversations.get(&numbers.next()?.ok()?)?;
    let part = numbers.next()?.ok()?;
    let index = usize::try_from(numbers.next()?.ok()?).ok()?;
    let files = if part == 0 {
        &conversation.files
    } else {
        &conversation.parts.iter().find(|entry| entry.id == part)?.files
    };
    files.get(index)
}
