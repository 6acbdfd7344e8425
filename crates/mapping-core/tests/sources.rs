//! The in-memory source keeps the promises of a source, with faults planted too.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use futures_util::StreamExt;
use mapping_core::model::{Contact, Record, Ticket};
use mapping_core::testkit::{MemoryBlobs, MemorySource, SourceRig, source_conformance};
use mapping_core::{Ask, ErrorKind, Item, Kind, Result, Source, SourceRef};
use std::collections::BTreeMap;

fn records() -> Vec<Record> {
    let contacts = (0..7).map(|n| Record::from(Contact::new(n.to_string().into())));
    let tickets = (0..3).map(|n| Record::from(Ticket::new(n.to_string().into())));
    contacts.chain(tickets).collect()
}

struct Rig {
    page: usize,
    failing_page: Option<usize>,
}

#[async_trait]
impl SourceRig for Rig {
    fn name(&self) -> String {
        format!("the in-memory source, {} a page", self.page)
    }
    async fn source(&self) -> Result<Box<dyn Source>> {
        let source = MemorySource::new(records(), self.page)
            .with_bad(SourceRef::new("contact", "3"), "its date is none")
            .with_unmapped("ticket", "Ticket/Mood", 3);
        // Page n breaks for each connection that begins with an earlier page.
        Ok(Box::new(match self.failing_page {
            Some(page) => source.failing_in(page, 1),
            None => source,
        }))
    }
    fn expected(&self) -> BTreeMap<Kind, u64> {
        BTreeMap::from([(Kind::of("contact"), 7), (Kind::of("ticket"), 3)])
    }
    fn unknown(&self) -> Vec<String> {
        vec!["Ticket/Mood".into()]
    }
}

#[tokio::test]
async fn every_page_size_gives_the_same_set_from_every_cursor() {
    for page in [1, 2, 3, 7, 100] {
        let report = source_conformance(&Rig { page, failing_page: None }).await.unwrap();
        println!("{report}");
    }
}

#[tokio::test]
async fn an_error_inside_a_page_leaves_the_marks_before_it_usable() {
    let source = MemorySource::new(records(), 2).failing_in(1, 1);
    let files = MemoryBlobs::new();
    let ask = |cursor| Ask { kind: Kind::of("contact"), since: None, cursor, files: &files };
    let (mut counted, mut page, mut cursor) = (Vec::new(), Vec::new(), None);
    let mut stream = source.records(ask(None));
    let error = loop {
        match stream.next().await.unwrap() {
            Ok(Item::Record(record)) => page.push(record.key()),
            Ok(Item::PageEnd { cursor: mark, .. }) => {
                counted.append(&mut page);
                cursor = mark;
            }
            Ok(_) => {}
            Err(e) => break e,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert_eq!((counted.len(), page.len()), (2, 1), "one record came that does not count");
    let rest: Vec<_> = source.records(ask(cursor)).collect().await;
    let again = rest.iter().filter(|item| matches!(item, Ok(Item::Record(_)))).count();
    assert_eq!(counted.len() + again, 7);
}

#[tokio::test]
async fn a_source_that_always_breaks_in_its_first_page_is_called_endless_not_complete() {
    let failed = source_conformance(&Rig { page: 2, failing_page: Some(0) }).await;
    assert!(failed.unwrap_err().contains("not read after"));
}

#[tokio::test]
async fn only_what_changed_since_comes() {
    let day = |d: &str| d.parse::<jiff::Timestamp>().unwrap();
    let source = MemorySource::new(records(), 100)
        .changed_at(SourceRef::new("ticket", "0"), day("2026-01-01T00:00:00Z"))
        .changed_at(SourceRef::new("ticket", "1"), day("2026-02-01T00:00:00Z"))
        .changed_at(SourceRef::new("ticket", "2"), day("2026-03-01T00:00:00Z"));
    let files = MemoryBlobs::new();
    let since = Some(day("2026-02-01T00:00:00Z"));
    let ask = Ask { kind: Kind::of("ticket"), since, cursor: None, files: &files };
    let items: Vec<_> = source.records(ask).collect().await;
    let keys: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            Ok(Item::Record(record)) => Some(record.key().to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(keys, ["ticket:1", "ticket:2"]);
}
