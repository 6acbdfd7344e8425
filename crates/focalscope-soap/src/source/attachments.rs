//! Files: their bytes, from inside a page or by a call of their own, compared with what is declared of them.

use super::Inner;
use super::intake::{Intake, put_bytes};
use super::pages::constants;
use super::records::{FileInfo, Inlined};
use crate::client::Call;
use crate::profile::{Logical, Operation, steps};
use crate::soap::{BlobId, Output, Report, Value};
use mapping_core::model::{Attachment, ChatLineId, Extra, MessageId, TicketId};
use mapping_core::{Blob, BlobStore, Error, ErrorKind, Item, Private, Result, SourceRef};
use std::collections::HashMap;

/// What a file hangs on. All empty for a file of an article or of a standard response: those name their files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) ticket: Option<TicketId>,
    pub(crate) message: Option<MessageId>,
    pub(crate) chat_line: Option<ChatLineId>,
}

/// Takes files for one reading.
pub(crate) struct Files<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) store: &'a dyn BlobStore,
}

impl Files<'_> {
    /// A file as a record, or why it is none. Its bytes are fetched unless they came with it.
    pub(crate) async fn take(
        &self,
        id: String,
        info: FileInfo,
        owner: Owner,
        blobs: &HashMap<BlobId, Blob>,
        items: &mut Vec<Item>,
        report: &mut Report,
    ) -> Result<()> {
        let blob = match &info.data {
            Some(Inlined::Blob { flaw: Some(flaw), .. }) => Err((*flaw).to_owned()),
            Some(Inlined::Blob { id, size, .. }) => match blobs.get(id) {
                Some(blob) => Ok(Some(blob.clone())),
                None => Err(format!("its {size} bytes were not kept")),
            },
            Some(Inlined::Bytes(bytes)) => {
                Ok(Some(put_bytes(self.store, &info.name, &info.mime, bytes.clone()).await?))
            }
            None => self.fetch(&id, &info, report).await?,
        };
        let blob = match blob {
            Ok(blob) => blob,
            Err(why) => {
                let record = SourceRef::new("attachment", id);
                items.push(Item::Bad { record, why, raw: None });
                return Ok(());
            }
        };
        let blob = blob.map(|b| Blob { name: info.name.clone().into(), mime: info.mime.clone(), ..b });
        match (&blob, info.size) {
            (None, _) => {
                items.push(Item::Note(format!("attachment {id}: its bytes are missing at the source")));
            }
            (Some(blob), Some(declared)) if declared != blob.len => {
                let came = blob.len;
                items.push(Item::Note(format!("attachment {id}: {declared} bytes declared, {came} came")));
            }
            _ => {}
        }
        let attachment = Attachment {
            id: id.into(),
            ticket: owner.ticket,
            message: owner.message,
            chat_line: owner.chat_line,
            name: Private::from(info.name),
            mime: info.mime,
            declared_size: info.size,
            blob,
            content_id: info.content_id,
            inline: info.inline,
            extra: Extra::new(),
        };
        items.push(Item::Record(Box::new(attachment.into())));
        Ok(())
    }

    /// Asks for the bytes of a file. `Ok(Err(why))` for one whose bytes can't be trusted.
    async fn fetch(
        &self,
        id: &str,
        info: &FileInfo,
        report: &mut Report,
    ) -> Result<Result<Option<Blob>, String>> {
        let Some(operation) = self.inner.rules.profile.called(Logical::GetAttachment) else {
            return Ok(Err("the service profile has no way to get its bytes".to_owned()));
        };
        let mut tried = 1;
        loop {
            match self.fetch_once(operation, id, info, report).await {
                Ok(found) => return Ok(found),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ok(None)),
                Err(error) if error.kind() == ErrorKind::TooLarge => {
                    return Ok(Err(error.message().to_owned()));
                }
                Err(error) if tried < self.inner.pace.attempts && super::pages::worth_another(&error) => {
                    tried += 1;
                    tokio::time::sleep(self.inner.pace.wait(tried)).await;
                }
                Err(error) => return Err(error.with("attachment", id)),
            }
        }
    }

    async fn fetch_once(
        &self,
        operation: &Operation,
        id: &str,
        info: &FileInfo,
        report: &mut Report,
    ) -> Result<Result<Option<Blob>, String>> {
        let (call, path) = attachment_call(operation, id);
        let mut incoming = self.inner.client.call(&call).await?;
        let mut intake = Intake::new(self.store, &info.name, &info.mime);
        while let Some(output) = incoming.next().await? {
            match output {
                Output::BlobBytes { id, bytes } => intake.bytes(id, bytes).await?,
                Output::BlobEnd { id, .. } => intake.end(id).await?,
                Output::Item { .. } => {}
            }
        }
        let answer = incoming.finish()?;
        report.merge(&answer.report);
        match answer.body.as_ref().and_then(|b| b.at(&path)) {
            Some(Value::Blob { flaw: Some(flaw), .. }) => Ok(Err((*flaw).to_owned())),
            Some(Value::Blob { id, .. }) => Ok(Ok(intake.into_blobs().remove(id))),
            _ => Ok(Ok(None)),
        }
    }
}

/// The call for a file's bytes, and the path at which they come.
pub(crate) fn attachment_call(operation: &Operation, id: &str) -> (Call, String) {
    let mut parameters = constants(operation);
    if let Some(key) = &operation.key {
        parameters.push((key.clone(), Value::text(id)));
    }
    let path = match operation.field("data") {
        Some(data) if operation.item.is_empty() => data.to_owned(),
        Some(data) => format!("{}/{data}", operation.item),
        None => operation.item.clone(),
    };
    let mut call =
        Call::new(Logical::GetAttachment.name(), operation.operation.clone(), Value::record(parameters));
    call.action = operation.action.clone();
    call.blobs = vec![steps(&path)];
    (call, path)
}

/// The bytes of a file as a stream of its own, without a store.
pub(crate) async fn open_attachment(inner: &Inner, id: &str) -> Result<mapping_core::ByteStream> {
    let operation = inner.rules.profile.called(Logical::GetAttachment).ok_or_else(|| {
        Error::not_sent(ErrorKind::Unsupported, "the service profile has no way to get the bytes of a file")
    })?;
    let (call, _) = attachment_call(operation, id);
    let incoming = inner.client.call(&call).await?;
    Ok(Box::pin(futures_util::stream::try_unfold(Some(incoming), |state| async move {
        let Some(mut incoming) = state else { return Ok(None) };
        loop {
            match incoming.next().await? {
                Some(Output::BlobBytes { bytes, .. }) => return Ok(Some((bytes.into(), Some(incoming)))),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    })))
}
