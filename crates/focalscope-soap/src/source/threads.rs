//! A ticket with its thread: messages, calls, chat and files, checked against what the ticket says of them.

use super::Inner;
use super::fields::{Bad, Noticed};
use super::intake::{Intake, put_bytes};
use super::pages::{Pages, constants};
use super::records::{FileInfo, Inlined, Maker, TicketRead};
use crate::client::Call;
use crate::profile::{Logical, Operation, steps};
use crate::soap::{BlobId, Mended, Output, Report, Value};
use mapping_core::model::{Attachment, MessageId, Record, TicketId};
use mapping_core::{Blob, BlobStore, Error, ErrorKind, Item, Private, Result, SourceRef};
use std::collections::HashMap;

/// What reading one thread gave.
pub(crate) struct ThreadRead {
    pub(crate) items: Vec<Item>,
    pub(crate) noticed: Noticed,
    pub(crate) report: Report,
}

struct Thread<'a> {
    inner: &'a Inner,
    files: &'a dyn BlobStore,
    ticket: TicketId,
    out: ThreadRead,
    file_count: u64,
}

impl Inner {
    /// Reads the thread of a ticket; the ticket itself is the first item.
    pub(crate) async fn thread(&self, mut read: TicketRead, files: &dyn BlobStore) -> Result<ThreadRead> {
        let id = read.ticket.id.clone();
        let mut thread = Thread {
            inner: self,
            files,
            ticket: id,
            out: ThreadRead { items: Vec::new(), noticed: Noticed::default(), report: Report::default() },
            file_count: 0,
        };
        thread.whole_ticket(&mut read).await?;
        let (declared, declared_files) = (read.ticket.message_count, read.files);
        thread.out.items.push(Item::Record(Box::new(read.ticket.into())));
        let messages = thread.messages(read.messages_inside).await?;
        thread.check("messages", declared, messages);
        if read.calls != Some(0) || !read.calls_inside.is_empty() {
            let calls = thread.calls(read.calls_inside).await?;
            thread.check("call legs", read.calls, calls);
        }
        if read.chat_lines != Some(0) || !read.chat_inside.is_empty() {
            let lines = thread.chat(read.chat_inside).await?;
            thread.check("chat lines", read.chat_lines, lines);
        }
        thread.check("files", declared_files, Some(thread.file_count));
        Ok(thread.out)
    }
}

impl<'a> Thread<'a> {
    /// Says when a ticket's own count and what came differ. `came` is `None` when nobody could be asked.
    fn check(&mut self, what: &str, declared: Option<u64>, came: Option<u64>) {
        if let (Some(declared), Some(came)) = (declared, came)
            && declared != came
        {
            let note = format!("ticket {}: {declared} {what} declared, {came} came", self.ticket);
            self.out.items.push(Item::Note(note));
        }
    }

    fn maker(&mut self, operation: &'a Operation) -> Maker<'_> {
        Maker { rules: &self.inner.rules, operation, noticed: &mut self.out.noticed }
    }

    /// Asks for the whole ticket when the profile says that it holds what the list leaves out.
    async fn whole_ticket(&mut self, read: &mut TicketRead) -> Result<()> {
        let Some(operation) = self.inner.rules.profile.called(Logical::GetTicket) else { return Ok(()) };
        if !["messages", "calls", "chat"].iter().any(|f| operation.field(f).is_some()) {
            return Ok(());
        }
        let id = self.ticket.to_string();
        let mut pages = Pages::new(self.inner, Logical::GetTicket, operation).of(&id).files(self.files);
        if let Some(page) = pages.next().await? {
            self.out.report.merge(&page.report);
            for (value, _) in page.items {
                let take = |path: Option<&str>| {
                    path.and_then(|p| value.at(p)).map(|v| v.items().to_vec()).unwrap_or_default()
                };
                read.messages_inside.extend(take(operation.field("messages")));
                read.calls_inside.extend(take(operation.field("calls")));
                read.chat_inside.extend(take(operation.field("chat")));
            }
        }
        Ok(())
    }

    async fn messages(&mut self, inside: Vec<Value>) -> Result<Option<u64>> {
        self.parts(Logical::ListMessages, inside).await
    }

    async fn calls(&mut self, inside: Vec<Value>) -> Result<Option<u64>> {
        self.parts(Logical::GetCallLog, inside).await
    }

    async fn chat(&mut self, inside: Vec<Value>) -> Result<Option<u64>> {
        self.parts(Logical::GetChatTranscript, inside).await
    }

    /// Reads the parts of one kind: those that came inside the ticket, else those that the service has for it.
    async fn parts(&mut self, logical: Logical, inside: Vec<Value>) -> Result<Option<u64>> {
        let Some(operation) = self.inner.rules.profile.operation(logical) else { return Ok(None) };
        let mut came = 0;
        if !operation.is_called() {
            for value in inside {
                came += 1;
                self.part(logical, operation, came, value, Mended::default(), &HashMap::new()).await?;
            }
            return Ok(Some(came));
        }
        let id = self.ticket.to_string();
        let mut pages = Pages::new(self.inner, logical, operation).of(&id).files(self.files);
        let mut total = None;
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    // Deleted between the list and now.
                    let note =
                        format!("ticket {}: `{}` says that it isn't there", self.ticket, logical.name());
                    self.out.items.push(Item::Note(note));
                    return Ok(None);
                }
                Err(error) => return Err(error.with("ticket", &self.ticket)),
            };
            total = page.total.or(total);
            self.inner.outside_items(operation, &page.report, &mut self.out.noticed);
            self.out.report.merge(&page.report);
            for (value, mended) in page.items {
                came += 1;
                self.part(logical, operation, came, value, mended, &page.blobs).await?;
            }
        }
        if total.is_some_and(|total| total != came) {
            self.check(&format!("records in `{}`", logical.name()), total, Some(came));
        }
        Ok(Some(came))
    }

    async fn part(
        &mut self,
        logical: Logical,
        operation: &'a Operation,
        place: u64,
        value: Value,
        mended: Mended,
        blobs: &HashMap<BlobId, Blob>,
    ) -> Result<()> {
        let ticket = self.ticket.clone();
        let raw = value.to_json();
        let id = operation.field("id").and_then(|p| value.at(p)).and_then(Value::as_text);
        let id = id.map_or_else(|| format!("{ticket}/{place}"), |id| id.trim().to_owned());
        let (record, files, message) = match logical {
            Logical::ListMessages => match self.maker(operation).message(&ticket, value) {
                Ok((message, files)) => {
                    let id = message.id.clone();
                    (Record::from(message), files, Some(id))
                }
                Err(bad) => return self.bad("message", id, bad, raw),
            },
            Logical::GetCallLog => match self.maker(operation).call(&ticket, value) {
                Ok(leg) => (Record::from(leg), Vec::new(), None),
                Err(bad) => return self.bad("call", id, bad, raw),
            },
            _ => match self.maker(operation).chat_line(&ticket, usize::try_from(place).unwrap_or(0), value) {
                Ok((line, files)) => (Record::from(line), files, None),
                Err(bad) => return self.bad("chat_line", format!("{ticket}/{id}"), bad, raw),
            },
        };
        super::note_mended(&record.key(), mended, &mut self.out.items);
        let line = matches!(record, Record::ChatLine(_)).then(|| record.key().id);
        self.out.items.push(Item::Record(Box::new(record)));
        for file in files {
            self.file_count += 1;
            self.file(file, message.clone(), line.clone(), blobs).await?;
        }
        Ok(())
    }

    fn bad(&mut self, kind: &'static str, id: String, bad: Bad, raw: serde_json::Value) -> Result<()> {
        self.out.items.push(super::bad(SourceRef::new(kind, id), bad, &raw));
        Ok(())
    }

    /// Fetches a file, unless its bytes came with it.
    async fn file(
        &mut self,
        info: FileInfo,
        message: Option<MessageId>,
        line: Option<String>,
        blobs: &HashMap<BlobId, Blob>,
    ) -> Result<()> {
        let id = info.id.clone().unwrap_or_else(|| format!("{}/{}", self.ticket, self.file_count));
        let key = SourceRef::new("attachment", id.clone());
        let blob = match &info.data {
            Some(Inlined::Blob { flaw: Some(flaw), .. }) => Err((*flaw).to_owned()),
            Some(Inlined::Blob { id, size, .. }) => match blobs.get(id) {
                Some(blob) => Ok(Some(blob.clone())),
                None => Err(format!("its {size} bytes were not kept")),
            },
            Some(Inlined::Bytes(bytes)) => {
                Ok(Some(put_bytes(self.files, &info.name, &info.mime, bytes.clone()).await?))
            }
            None => self.fetch(&id, &info).await?,
        };
        let blob = match blob {
            Ok(blob) => blob,
            Err(why) => {
                self.out.items.push(Item::Bad { record: key, why, raw: None });
                return Ok(());
            }
        };
        let blob = blob.map(|b| Blob { name: info.name.clone().into(), mime: info.mime.clone(), ..b });
        match &blob {
            Some(blob) => self.compare_sizes(&id, info.size, blob.len),
            None => self
                .out
                .items
                .push(Item::Note(format!("attachment {id}: its bytes are missing at the source"))),
        }
        let attachment = Attachment {
            id: id.into(),
            ticket: Some(self.ticket.clone()),
            message,
            chat_line: line.map(Into::into),
            name: Private::from(info.name),
            mime: info.mime,
            declared_size: info.size,
            blob,
            content_id: info.content_id,
            inline: info.inline,
            extra: mapping_core::model::Extra::new(),
        };
        self.out.items.push(Item::Record(Box::new(attachment.into())));
        Ok(())
    }

    fn compare_sizes(&mut self, id: &str, declared: Option<u64>, came: u64) {
        if declared.is_some_and(|declared| declared != came) {
            let note =
                format!("attachment {id}: {} bytes declared, {came} came", declared.unwrap_or_default());
            self.out.items.push(Item::Note(note));
        }
    }

    /// Asks for the bytes of a file. `Ok(Err(why))` for one whose bytes can't be trusted.
    async fn fetch(&mut self, id: &str, info: &FileInfo) -> Result<Result<Option<Blob>, String>> {
        let Some(operation) = self.inner.rules.profile.called(Logical::GetAttachment) else {
            return Ok(Err("the service profile has no way to get its bytes".to_owned()));
        };
        let mut tried = 1;
        loop {
            match self.fetch_once(operation, id, info).await {
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
        &mut self,
        operation: &Operation,
        id: &str,
        info: &FileInfo,
    ) -> Result<Result<Option<Blob>, String>> {
        let (call, path) = attachment_call(operation, id);
        let mut incoming = self.inner.client.call(&call).await?;
        let mut intake = Intake::new(self.files, &info.name, &info.mime);
        while let Some(output) = incoming.next().await? {
            match output {
                Output::BlobBytes { id, bytes } => intake.bytes(id, bytes).await?,
                Output::BlobEnd { id, .. } => intake.end(id).await?,
                Output::Item { .. } => {}
            }
        }
        let answer = incoming.finish()?;
        self.out.report.merge(&answer.report);
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
