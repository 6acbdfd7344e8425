//! One kind, read from a mark to its end: records, what they leave over, and what the list says of itself.

use super::attachments::{Files, Owner};
use super::fields::{Bad, Noticed};
use super::pages::{Page, Pages};
use super::records::{FileInfo, Maker, TicketRead};
use super::strays::Strays;
use super::{Inner, Sender, bad, gone, note_mended};
use crate::client::Capture;
use crate::profile::{Logical, Operation};
use crate::soap::{BlobId, Mended, Report, Value};
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use mapping_core::model::Record;
use mapping_core::{Ask, Blob, Divergence, Error, ErrorKind, Item, Kind, Private, Result, SourceRef};
use std::collections::{BTreeMap, HashMap};

/// The lists, in the order in which they are read: what others link to comes first.
pub(crate) const LISTS: [Logical; 17] = [
    Logical::ListAgents,
    Logical::ListGroups,
    Logical::ListWorkingHours,
    Logical::ListSlaPolicies,
    Logical::ListTicketboxes,
    Logical::ListQueues,
    Logical::ListChannelAccounts,
    Logical::ListCategories,
    Logical::ListCompanies,
    Logical::ListContacts,
    Logical::ListTickets,
    Logical::ListStandardResponses,
    Logical::ListKbCategories,
    Logical::ListKbArticles,
    Logical::ListReports,
    Logical::ListAutomations,
    Logical::ListWallboards,
];

/// How far back before the beginning a change counts as one that happened while the list was read.
const MARGIN_SECONDS: i64 = 5;
/// Pages that are looked through for a ticket whose raw answers are wanted.
const MOST_RAW_PAGES: usize = 50;

/// A record with the files that it names.
pub(crate) type Made = (Record, Vec<FileInfo>);

/// Records of the kinds that need nothing else.
pub(crate) fn make(maker: &mut Maker<'_>, logical: Logical, value: Value) -> Result<Vec<Made>, Bad> {
    let one = match logical {
        Logical::ListAgents => maker.agent(value),
        Logical::ListGroups => maker.group(value),
        Logical::ListTicketboxes => maker.ticketbox(value),
        Logical::ListQueues => maker.queue(value),
        Logical::ListCompanies => maker.company(value),
        Logical::ListContacts => maker.contact(value),
        Logical::ListCategories => {
            return Ok(maker.category(value)?.into_iter().map(|record| (record, Vec::new())).collect());
        }
        Logical::ListWorkingHours => maker.working_hours(value),
        Logical::ListSlaPolicies => maker.sla_policy(value),
        Logical::ListChannelAccounts => maker.channel_account(value),
        Logical::ListKbCategories => maker.kb_category(value),
        Logical::ListReports => maker.report(value).map(Record::from),
        Logical::ListAutomations => maker.automation(value),
        Logical::ListWallboards => maker.wallboard(value),
        Logical::ListStandardResponses => return maker.standard_response(value).map(|made| vec![made]),
        Logical::ListKbArticles => return maker.kb_article(value).map(|made| vec![made]),
        other => Err(Bad(format!("`{}` lists no records of its own", other.name()))),
    };
    one.map(|record| vec![(record, Vec::new())])
}

/// The state of one stream.
struct Reading<'a> {
    inner: &'a Inner,
    ask: Ask<'a>,
    send: &'a Sender,
    logical: Logical,
    operation: &'a Operation,
    noticed: Noticed,
    report: Report,
    values: u64,
    again: u64,
    strays: Strays,
}

impl Inner {
    pub(super) async fn read(&self, ask: Ask<'_>, send: &Sender) -> Result<()> {
        let logical = LISTS.iter().copied().find(|l| l.kind().is_some_and(|k| ask.kind == k));
        let found = logical.and_then(|l| self.rules.profile.called(l).map(|o| (l, o)));
        let (logical, operation) = found.ok_or_else(|| {
            Error::not_sent(ErrorKind::Unsupported, "the service profile can't list records of this kind")
                .with("kind", &ask.kind)
        })?;
        let mut pages = Pages::new(self, logical, operation)
            .since(ask.since)
            .files(ask.files)
            .resume(ask.cursor.as_deref())?;
        if ask.since.is_none() && operation.since.is_some() && pages.began_at().is_none() {
            pages.began(self.server_time().await);
        }
        let strays = if logical == Logical::ListTickets { self.strays().await? } else { Strays::default() };
        let mut reading = Reading {
            strays,
            inner: self,
            ask,
            send,
            logical,
            operation,
            noticed: Noticed::default(),
            report: Report::default(),
            values: 0,
            again: 0,
        };
        while let Some(page) = pages.next().await? {
            let (total, last) = (page.total, page.last);
            reading.page(page, None).await?;
            if last {
                reading.changed_meanwhile(&pages).await?;
            }
            for item in reading.page_end(&pages, total, last) {
                reading.send(item).await?;
            }
        }
        Ok(())
    }

    /// The service's own time, or ours when it doesn't say.
    async fn server_time(&self) -> Timestamp {
        let said = match crate::doctor::ping(self).await {
            Ok(ping) => ping.server_time,
            Err(_) => None,
        };
        let read = said.map(|s| super::times::read(&s, &self.rules.zone, &self.rules.profile.times.no_date));
        match read {
            Some(super::times::Read::Exact(at) | super::times::Read::Bare(at)) => at,
            _ => Timestamp::now(),
        }
    }

    /// Counts what the schema doesn't know and what stands outside the items; what is in them is counted where their
    /// fields are taken.
    pub(super) fn outside_items(&self, operation: &Operation, report: &Report, noticed: &mut Noticed) {
        let inside = format!("{}/", operation.item);
        for (path, count) in report.unknown.iter().filter(|(path, _)| !path.starts_with(&inside)) {
            Report::count(&mut noticed.unmapped, path.clone(), *count);
        }
    }

    /// The answers in which a ticket came, one after another.
    pub(super) async fn raw(&self, record: &SourceRef) -> Result<Option<Private>> {
        if record.kind != "ticket" {
            return Ok(None);
        }
        let Some(tickets) = self.rules.profile.called(Logical::ListTickets) else { return Ok(None) };
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<answers>\n");
        let capture = Capture::default();
        let mut pages = Pages::new(self, Logical::ListTickets, tickets).capture(capture.clone());
        let is_it = |value: &Value| {
            let id = tickets.field("id").and_then(|id| value.at(id)).and_then(Value::as_text);
            id.is_some_and(|id| id.trim() == record.id)
        };
        for _ in 0..MOST_RAW_PAGES {
            let Some(page) = pages.next().await? else { break };
            let bytes = capture.take();
            if page.items.iter().any(|(value, _)| is_it(value)) {
                answer(&mut out, Logical::ListTickets, &bytes);
                break;
            }
        }
        let parts =
            [Logical::GetTicket, Logical::ListMessages, Logical::GetCallLog, Logical::GetChatTranscript];
        for logical in parts {
            let Some(operation) = self.rules.profile.called(logical) else { continue };
            let mut pages = Pages::new(self, logical, operation).of(&record.id).capture(capture.clone());
            loop {
                match pages.next().await {
                    Ok(Some(_)) => answer(&mut out, logical, &capture.take()),
                    Ok(None) => break,
                    Err(error) if error.kind() == ErrorKind::NotFound => break,
                    Err(error) => return Err(error),
                }
            }
        }
        out.push_str("</answers>\n");
        Ok(Some(Private::from(out)))
    }
}

/// An answer as it came, in an element that can hold any text.
fn answer(out: &mut String, logical: Logical, bytes: &[u8]) {
    let encoding = encoding_rs::Encoding::for_bom(bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let text = encoding.decode(bytes).0;
    let safe = |c: char| match c {
        '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'.. => c,
        _ => '\u{FFFD}',
    };
    let text: String = text.chars().map(safe).collect::<String>().replace("]]>", "]]]]><![CDATA[>");
    let cut = if bytes.len() >= Capture::MOST_BYTES { " cut=\"true\"" } else { "" };
    out.push_str(&format!("<answer operation=\"{}\"{cut}><![CDATA[{text}]]></answer>\n", logical.name()));
}

impl Reading<'_> {
    async fn send(&self, item: Item) -> Result<()> {
        self.send.send(Ok(item)).await.map_err(|_| gone())
    }

    /// Takes a page; with `changed`, only records that changed at or after that moment.
    async fn page(&mut self, page: Page, changed: Option<Timestamp>) -> Result<()> {
        self.inner.outside_items(self.operation, &page.report, &mut self.noticed);
        self.report.merge(&page.report);
        let mut tickets: Vec<TicketRead> = Vec::new();
        for (value, mended) in page.items {
            if changed.is_some_and(|since| !self.is_newer(&value, since)) {
                continue;
            }
            self.again += u64::from(changed.is_some());
            for item in self.item(value, mended, &mut tickets, &page.blobs).await? {
                self.send(item).await?;
            }
        }
        for read in &tickets {
            for category in self.strays.of(&read.ticket) {
                self.send(Item::Record(Box::new(category.into()))).await?;
            }
        }
        let (inner, files, again) = (self.inner, self.ask.files, changed.is_some());
        let mut threads = stream::iter(tickets.into_iter().map(|t| inner.thread(t, files, again)))
            .buffered(inner.pace.concurrency.max(1));
        while let Some(thread) = threads.next().await {
            let thread = thread?;
            self.noticed.merge(thread.noticed);
            self.report.merge(&thread.report);
            for item in thread.items {
                self.send.send(Ok(item)).await.map_err(|_| gone())?;
            }
        }
        Ok(())
    }

    /// Reads once more what was changed since the reading of the list began: the help desk goes on living.
    async fn changed_meanwhile(&mut self, pages: &Pages<'_>) -> Result<()> {
        let Some(began) = pages.began_at() else { return Ok(()) };
        let since = began.checked_sub(jiff::SignedDuration::from_secs(MARGIN_SECONDS)).unwrap_or(began);
        let mut changed =
            Pages::new(self.inner, self.logical, self.operation).since(Some(since)).files(self.ask.files);
        while let Some(page) = changed.next().await? {
            self.page(page, Some(began)).await?;
        }
        Ok(())
    }

    /// Whether a record says that it changed at or after this moment. One that doesn't say is not read again.
    fn is_newer(&self, value: &Value, since: Timestamp) -> bool {
        let path = self.operation.field("modified_at").or_else(|| self.operation.field("created_at"));
        let Some(text) = path.and_then(|p| value.at(p)).and_then(Value::as_text) else { return false };
        let rules = &self.inner.rules;
        match super::times::read(&text, &rules.zone, &rules.profile.times.no_date) {
            super::times::Read::Exact(at) | super::times::Read::Bare(at) => at >= since,
            _ => false,
        }
    }

    /// What one value becomes. Tickets wait for their threads.
    async fn item(
        &mut self,
        value: Value,
        mended: Mended,
        tickets: &mut Vec<TicketRead>,
        blobs: &HashMap<BlobId, Blob>,
    ) -> Result<Vec<Item>> {
        let kind = self.logical.kind().unwrap_or("record");
        let id = self.operation.field("id").and_then(|p| value.at(p)).and_then(Value::as_text);
        self.values += 1;
        let id = id.map(|i| i.trim().to_owned()).filter(|i| !i.is_empty());
        let key =
            SourceRef::new(Kind::of(kind), id.unwrap_or_else(|| format!("without id, {}", self.values)));
        let raw = value.to_json();
        let mut items = Vec::new();
        note_mended(&key, mended, &mut items);
        let mut maker =
            Maker { rules: &self.inner.rules, operation: self.operation, noticed: &mut self.noticed };
        let made = if self.logical == Logical::ListTickets {
            maker.ticket(value).map(|ticket| {
                tickets.push(ticket);
                Vec::new()
            })
        } else {
            make(&mut maker, self.logical, value)
        };
        let made = match made {
            Ok(made) => made,
            Err(why) => {
                items.push(bad(key, why, &raw));
                return Ok(items);
            }
        };
        let taking = Files { inner: self.inner, store: self.ask.files };
        for (mut record, files) in made {
            if let Record::Report(report) = &mut record {
                self.inner.figures(report, &mut self.noticed, &mut items).await?;
            }
            items.push(Item::Record(Box::new(record)));
            for (place, file) in files.into_iter().enumerate() {
                let id = file.id.clone().unwrap_or_else(|| format!("{key}/{}", place + 1));
                taking.take(id, file, Owner::default(), blobs, &mut items, &mut self.report).await?;
            }
        }
        Ok(items)
    }

    /// What is reported at the end of a page, with the mark at last.
    fn page_end(&mut self, pages: &Pages<'_>, total: Option<u64>, last: bool) -> Vec<Item> {
        let mut items: Vec<Item> = self.divergent();
        items.extend(
            std::mem::take(&mut self.noticed.unmapped)
                .into_iter()
                .map(|(path, count)| Item::Unmapped { path, count }),
        );
        for (path, count) in std::mem::take(&mut self.noticed.unreadable_times) {
            items.push(Item::Note(format!(
                "{count} times at `{path}` could not be read and were kept as they are"
            )));
        }
        if last {
            items.extend(self.zone());
            items.extend(self.end_notes(pages, total).into_iter().map(Item::Note));
        }
        // A category of the service becomes a record for each of its values, so its total counts something else.
        let total = total.filter(|_| self.logical != Logical::ListCategories);
        items.push(Item::PageEnd { cursor: (!last).then(|| pages.cursor()), total });
        items
    }

    /// Values that the profile wants and that came in another namespace or under another name. What the profile doesn't
    /// want is no concern; it stays a remark.
    fn divergent(&mut self) -> Vec<Item> {
        let wanted = self.inner.rules.profile.wanted();
        let mut items = Vec::new();
        let mut rest = BTreeMap::new();
        for (path, count) in std::mem::take(&mut self.report.namespace_mismatches) {
            if wanted.holds(&path) {
                items.push(Item::Divergent { how: Divergence::Namespace, path, count });
            } else {
                rest.insert(path, count);
            }
        }
        self.report.namespace_mismatches = rest;
        for (path, count) in std::mem::take(&mut self.report.renamed_items) {
            items.push(Item::Divergent { how: Divergence::Name, path, count });
        }
        // Under a name that is spelt nearly like a wanted one, a value is missed, not merely met elsewhere.
        for (path, count) in &self.noticed.unmapped {
            if wanted.nearly(path) {
                items.push(Item::Divergent { how: Divergence::Name, path: path.clone(), count: *count });
            }
        }
        items
    }

    /// What the messages' own headers say of the zone.
    fn zone(&self) -> Option<Item> {
        let wrong = self.noticed.zone.wrong()?;
        let zone = &self.inner.rules.profile.times.zone;
        let (hours, season) = (wrong.hours, wrong.season);
        let path = format!("times without zone, read in {zone}, are {hours:+} h off from {season}");
        Some(Item::Divergent { how: Divergence::Zone, path, count: wrong.messages })
    }

    fn end_notes(&self, pages: &Pages<'_>, total: Option<u64>) -> Vec<String> {
        let mut notes = Vec::new();
        let resumed = self.ask.cursor.is_some();
        let kind = self.logical.kind().unwrap_or("record");
        if let Some(total) = total.filter(|t| *t != pages.counted()) {
            notes.push(format!("{kind}: {total} declared, {} came", pages.counted()));
        }
        if pages.twice > 0 {
            notes.push(format!("{kind}: {} records came twice and were taken once", pages.twice));
        }
        if pages.restless {
            notes.push(format!(
                "{kind}: the list changed each time it was read; a record may have been missed"
            ));
        }
        if self.again > 0 {
            let again = self.again;
            notes.push(format!("{kind}: {again} records changed while they were read and were read again"));
        }
        if self.noticed.bare_times > 0 {
            let zone = &self.inner.rules.profile.times.zone;
            notes.push(format!(
                "{kind}: {} times had no zone and were read as {zone}",
                self.noticed.bare_times
            ));
        }
        if self.noticed.zone.messages() > 0 {
            let messages = self.noticed.zone.messages();
            notes.push(format!(
                "{kind}: the zone was compared with the `Date` headers of {messages} messages"
            ));
        }
        let counts = [
            ("elements in another namespace that nobody wants", &self.report.namespace_mismatches),
            ("elements that came more than once", &self.report.repeated),
            ("values without the form of their type", &self.report.mistyped),
            ("types that the schema lacks", &self.report.unknown_types),
            ("header blocks that had to be understood", &self.report.must_understand),
            ("texts with markup", &self.report.markup_in_text),
        ];
        for (what, map) in counts.into_iter().filter(|(_, map)| !map.is_empty()) {
            let paths: Vec<String> =
                map.iter().take(5).map(|(path, count)| format!("{path} ×{count}")).collect();
            notes.push(format!("{kind}: {what}: {}", paths.join(", ")));
        }
        if resumed && !notes.is_empty() {
            notes.push(format!("{kind}: these counts begin at the cursor, except for declared and came"));
        }
        notes
    }
}
