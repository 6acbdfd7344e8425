//! Files that only a person can move: those of articles, and those that the destination doesn't take. Copied by name
//! and hash.

use super::Built;
use super::desk::{Desk, file_name};
use crate::Failure;
use crate::run::{io_error, private_dir, private_file};
use crate::sheet::Sheet;
use futures_util::StreamExt;
use mapping_core::mapping::Handoff;
use mapping_core::model::{AttachmentId, Record};
use mapping_core::{Blob, Blobs, LossRule, Private, SourceRef};
use std::io::Write;

/// The most files of a hand-off: people look at each.
const MOST: usize = 20_000;
const HEAD: [&str; 8] = ["record", "of", "name", "type", "bytes", "sha256", "copy", "why"];

/// A file that is handed over.
struct Left {
    record: SourceRef,
    of: String,
    name: Private,
    mime: String,
    blob: Option<Blob>,
    why: String,
}

/// Files of articles.
pub(super) async fn of_articles(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let mut named = Vec::new();
    desk.each("kb_article", &mut |record| {
        if let Record::KbArticle(article) = record {
            let of = article.id.source_ref().to_string();
            named.extend(article.attachments.into_iter().map(|id| (id, of.clone())));
        }
        Ok(())
    })?;
    attached(desk, handoff, named).await
}

/// Files that records name, each with its record.
pub(super) async fn attached(
    desk: &Desk<'_>,
    handoff: &Handoff,
    named: Vec<(AttachmentId, String)>,
) -> Result<Built, Failure> {
    let mut left = Vec::new();
    for (id, of) in named.into_iter().take(MOST) {
        let record = id.source_ref();
        left.push(match desk.run.stage().record(&record)? {
            Some(Record::Attachment(file)) => {
                Left { record, of, name: file.name, mime: file.mime, blob: file.blob, why: String::new() }
            }
            _ => {
                let why = "the source named it and didn’t hand it out".to_owned();
                Left { record, of, name: Private::default(), mime: String::new(), blob: None, why }
            }
        });
    }
    copy_all(desk, handoff, left).await
}

/// Files that were left out when records were shaped or written: what the losses name by their hash.
pub(super) async fn left_out(desk: &Desk<'_>, handoff: &Handoff) -> Result<Built, Failure> {
    let (mut left, mut after) = (Vec::new(), 0);
    loop {
        let losses = desk.run.ledger().losses(after, 500)?;
        let Some((last, _)) = losses.last() else { break };
        after = *last;
        for (_, loss) in losses {
            let gone = matches!(loss.rule, LossRule::Dropped | LossRule::Refused);
            let Some(sha256) = hash_in(&loss.why).filter(|_| gone && left.len() < MOST) else { continue };
            let name = loss.before.unwrap_or_default();
            let blob = desk.run.stage().children(&loss.record)?.into_iter().find_map(|child| match child {
                Record::Attachment(file) => file.blob.filter(|b| b.sha256 == sha256),
                _ => None,
            });
            left.push(Left {
                of: loss.record.to_string(),
                record: loss.record,
                name,
                mime: blob.as_ref().map(|b| b.mime.clone()).unwrap_or_default(),
                blob,
                why: loss.why,
            });
        }
    }
    copy_all(desk, handoff, left).await
}

/// A SHA-256 that a reason names.
fn hash_in(why: &str) -> Option<String> {
    let words = why.split(|c: char| !c.is_ascii_alphanumeric());
    let hash =
        |w: &&str| w.len() == 64 && w.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    words.into_iter().find(hash).map(str::to_owned)
}

async fn copy_all(desk: &Desk<'_>, handoff: &Handoff, left: Vec<Left>) -> Result<Built, Failure> {
    let mut built = Built::of(Sheet::new("Files", &HEAD));
    let (mut missing, full) = (0, left.len() >= MOST);
    for file in left {
        let copy = match &file.blob {
            Some(blob) if desk.run.files().has(&blob.sha256) => {
                built.files += 1;
                copy(desk, handoff, blob, &file.name).await?
            }
            _ => {
                missing += 1;
                String::new()
            }
        };
        let (len, sha256) = file.blob.map(|b| (b.len.to_string(), b.sha256)).unwrap_or_default();
        let row = [
            file.record.to_string(),
            file.of,
            file.name.into_string(),
            file.mime,
            len,
            sha256,
            copy,
            file.why,
        ];
        built.sheets[0].push(row);
    }
    if missing > 0 {
        built.flags.push(format!("Files whose bytes are not in the run directory: {missing}."));
    }
    if full {
        built.flags.push(format!("Only the first {MOST} files are here."));
    }
    Ok(built)
}

/// Copies a file to `handoff/<hand-off>/<hash>-<name>`; a copy that is there stays.
async fn copy(desk: &Desk<'_>, handoff: &Handoff, blob: &Blob, name: &str) -> Result<String, Failure> {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let ending: String = ending.chars().filter(char::is_ascii_alphanumeric).take(10).collect();
    let short = blob.sha256.get(..12).unwrap_or(&blob.sha256);
    let mut called = format!("{short}-{}", file_name(stem));
    if !ending.is_empty() {
        called = format!("{called}.{ending}");
    }
    let dir = desk.run.path(&format!("handoff/{}", handoff.name))?;
    private_dir(&dir)?;
    let (path, beside) = (dir.join(&called), dir.join(format!(".{called}.new")));
    let io = |e| io_error("a copy of a file in handoff/", e);
    if std::fs::metadata(&path).is_ok_and(|m| m.len() == blob.len) {
        return Ok(format!("{}/{called}", handoff.name));
    }
    let mut to = private_file(&beside).map_err(io)?;
    let mut bytes = desk.run.files().open(blob).await?;
    while let Some(chunk) = bytes.next().await {
        to.write_all(&chunk?).map_err(io)?;
    }
    to.sync_all().map_err(io)?;
    std::fs::rename(&beside, &path).map_err(io)?;
    Ok(format!("{}/{called}", handoff.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_found_in_a_reason_and_nothing_else_is() {
        let hash = "a1".repeat(32);
        assert_eq!(hash_in(&format!("larger than 9 bytes: handed over (sha256 {hash})")), Some(hash));
        assert_eq!(hash_in("larger than 9 bytes"), None);
        assert_eq!(hash_in(&"A".repeat(64)), None);
    }
}
