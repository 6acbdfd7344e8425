//! A ticket with its thread: messages, calls, chat and files, checked against what the ticket says of them.

use super::Inner;
use super::attachments::{Files, Owner};
use super::fields::{Bad, Noticed};
use super::pages::Pages;
use super::records::{Maker, TicketRead};
use crate::profile::{Logical, Operation};
use crate::soap::{BlobId, Mended, Report, Value};
use mapping_core::model::{Record, TicketId};
use mapping_core::{Blob, BlobStore, ErrorKind, Item, Result, SourceRef};
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
    again: bool,
    /// The service says that the ticket isn't there.
    gone: bool,
}

impl Inner {
    /// Reads the thread of a ticket; the ticket itself is the first item.
    /// `again` says that it is read a second time, because it changed.
    pub(crate) async fn thread(
        &self,
        mut read: TicketRead,
        files: &dyn BlobStore,
        again: bool,
    ) -> Result<ThreadRead> {
        let id = read.ticket.id.clone();
        let mut thread = Thread {
            inner: self,
            files,
            ticket: id,
            out: ThreadRead { items: Vec::new(), noticed: Noticed::default(), report: Report::default() },
            file_count: 0,
            again,
            gone: false,
        };
        thread.whole_ticket(&mut read).await?;
        let (declared, declared_files) = (read.ticket.message_count, read.files);
        thread.out.items.push(Item::Record(Box::new(read.ticket.into())));
        let messages = thread.messages(read.messages_inside).await?;
        if thread.gone && declared != Some(0) {
            thread.out.items = vec![super::bad(
                thread.ticket.source_ref(),
                Bad("it was deleted at the source between the list and the reading of its messages"
                    .to_owned()),
                &read.raw,
            )];
            return Ok(thread.out);
        }
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
    /// Says when a ticket's own count and what came differ. `came` is `None` when nobody could be asked. One that is read
    /// again says so too when they agree now.
    fn check(&mut self, what: &str, declared: Option<u64>, came: Option<u64>) {
        if let (Some(expected), Some(found)) = (declared, came)
            && (expected != found || self.again)
        {
            let (record, what) = (self.ticket.source_ref(), what.to_owned());
            self.out.items.push(Item::Short { record, what, expected, found });
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
        let page = match pages.next().await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.note_gone(Logical::GetTicket);
                self.gone = true;
                return Ok(());
            }
            page => page.map_err(|error| error.with("ticket", &self.ticket))?,
        };
        if let Some(page) = page {
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

    /// It was deleted between the list and now.
    fn note_gone(&mut self, asked: Logical) {
        let note = format!("ticket {}: `{}` says that it isn't there", self.ticket, asked.name());
        self.out.items.push(Item::Note(note));
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
                    self.note_gone(logical);
                    self.gone |= logical == Logical::ListMessages;
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
        self.check(&format!("records in `{}`", logical.name()), total, Some(came));
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
        let chat_line = matches!(record, Record::ChatLine(_)).then(|| record.key().id.into());
        self.out.items.push(Item::Record(Box::new(record)));
        for file in files {
            self.file_count += 1;
            let id = file.id.clone().unwrap_or_else(|| format!("{}/{}", self.ticket, self.file_count));
            let owner = Owner {
                ticket: Some(ticket.clone()),
                message: message.clone(),
                chat_line: chat_line.clone(),
            };
            let taking = Files { inner: self.inner, store: self.files };
            taking.take(id, file, owner, blobs, &mut self.out.items, &mut self.out.report).await?;
        }
        Ok(())
    }

    fn bad(&mut self, kind: &'static str, id: String, bad: Bad, raw: serde_json::Value) -> Result<()> {
        self.out.items.push(super::bad(SourceRef::new(kind, id), bad, &raw));
        Ok(())
    }
}
