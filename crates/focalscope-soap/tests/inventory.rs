//! What a help desk has set up and written down, over the stand-in: every field of every list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]
#![cfg(feature = "focalscope")]

mod desk;

use desk::{Server, notes, read, records};
use focalscope_soap::FocalScope;
use futures_util::StreamExt as _;
use jiff::civil::date;
use mapping_core::model::{Attachment, AutomationKind, Record};
use mapping_core::testkit::MemoryBlobs;
use mapping_core::{Ask, Blobs as _, Item, Kind, Source as _, SourceRef};
use migrate_sandbox::dataset::{self, Dataset};
use migrate_sandbox::generator::generate;
use std::collections::BTreeMap;

fn numbers(ids: &[impl ToString]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn number(id: Option<&impl ToString>) -> Option<String> {
    id.map(ToString::to_string)
}

/// The wire carries ticks of 100 ns.
fn ticks(at: jiff::Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(at.as_nanosecond().div_euclid(100) * 100).unwrap()
}

#[tokio::test]
async fn standard_responses_and_articles_arrive_with_all_their_fields_and_the_bytes_of_their_files() {
    let data = generate(31, 5);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let files = MemoryBlobs::new();
    let mut attachments: BTreeMap<String, Attachment> = BTreeMap::new();
    for kind in ["standard_response", "kb_article"] {
        let ask = Ask { kind: Kind::of(kind), since: None, cursor: None, files: &files };
        let items: Vec<Item> = source.records(ask).map(|i| i.unwrap()).collect().await;
        let mut found = 0;
        for record in records(&items) {
            match record {
                Record::Attachment(file) => {
                    assert!(file.ticket.is_none(), "no file of these hangs on a ticket");
                    attachments.insert(file.id.0.clone(), file.clone());
                }
                Record::StandardResponse(r) => {
                    let wanted = data.standard_responses.iter().find(|w| w.id.to_string() == r.id.0).unwrap();
                    assert_eq!(
                        (&r.name, &r.folder, &r.language),
                        (&wanted.name, &wanted.folder, &wanted.language)
                    );
                    assert_eq!(r.body.text.as_str(), wanted.body.text());
                    assert_eq!(r.subject.as_ref().map(|s| s.as_str()), wanted.subject.as_deref());
                    assert_eq!(numbers(&r.queues), numbers(&wanted.queues));
                    assert_eq!(numbers(&r.ticketboxes), numbers(&wanted.ticketboxes));
                    let ids: Vec<u64> = wanted.attachments.iter().map(|a| a.id).collect();
                    assert_eq!(numbers(&r.attachments), numbers(&ids));
                    found += 1;
                }
                Record::KbArticle(a) => {
                    let wanted = data.kb_articles.iter().find(|w| w.id.to_string() == a.id.0).unwrap();
                    assert_eq!(a.title.as_str(), wanted.title);
                    assert_eq!(a.body.text.as_str(), wanted.body.text());
                    assert_eq!(numbers(&a.categories), numbers(&wanted.categories));
                    assert_eq!((a.internal, a.published), (wanted.internal, wanted.published));
                    assert_eq!((&a.language, &a.tags), (&wanted.language, &wanted.tags));
                    assert_eq!(number(a.author_agent.as_ref()), number(wanted.author.as_ref()));
                    assert_eq!(a.author.as_ref().map(|s| s.as_str()), wanted.author_name.as_deref());
                    assert_eq!(number(a.translation_of.as_ref()), number(wanted.translation_of.as_ref()));
                    assert_eq!(a.url.as_ref().map(|s| s.as_str()), wanted.url.as_deref());
                    assert_eq!(a.created_at, wanted.created.map(ticks));
                    assert_eq!(a.modified_at, wanted.modified.map(ticks));
                    let ids: Vec<u64> = wanted.attachments.iter().map(|a| a.id).collect();
                    assert_eq!(numbers(&a.attachments), numbers(&ids));
                    found += 1;
                }
                other => panic!("{}", other.key()),
            }
        }
        let wanted =
            if kind == "kb_article" { data.kb_articles.len() } else { data.standard_responses.len() };
        assert_eq!(found, wanted, "{kind}");
        let strange = items
            .iter()
            .find(|i| matches!(i, Item::Bad { .. } | Item::Unmapped { .. } | Item::Divergent { .. }));
        assert!(strange.is_none(), "{strange:?}");
    }
    let of_answers = data.standard_responses.iter().flat_map(|r| &r.attachments);
    let all: Vec<&dataset::Attachment> =
        of_answers.chain(data.kb_articles.iter().flat_map(|a| &a.attachments)).collect();
    assert!(!all.is_empty() && all.len() == attachments.len());
    for wanted in all.into_iter().filter(|a| !a.missing) {
        let found = &attachments[&wanted.id.to_string()];
        let mut stream = files.open(found.blob.as_ref().expect("bytes")).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(bytes, wanted.bytes(), "attachment {}", wanted.id);
    }
}

#[tokio::test]
async fn promises_hours_and_the_knowledge_base_tree_arrive() {
    let data = generate(32, 3);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    for (wanted, record) in data.sla_profiles.iter().zip(records(&read(&source, "sla_policy").await)) {
        let Record::SlaPolicy(p) = record else { panic!("{}", record.key()) };
        assert_eq!((p.id.0.as_str(), &p.name), (wanted.id.to_string().as_str(), &wanted.name));
        assert_eq!(p.first_response_minutes, wanted.first_response_minutes);
        assert_eq!(p.next_response_minutes, wanted.next_response_minutes);
        assert_eq!(p.resolution_minutes, wanted.resolution_minutes);
        assert_eq!(p.business_hours, wanted.business_hours);
        let lists = (&p.stops_on, &p.applies_to, &p.escalations);
        assert_eq!(lists, (&wanted.stops_on, &wanted.applies_to, &wanted.escalations));
    }
    let hours = read(&source, "working_hours").await;
    assert_eq!(records(&hours).len(), data.working_hours.len());
    for (wanted, record) in data.working_hours.iter().zip(records(&hours)) {
        let Record::WorkingHours(h) = record else { panic!("{}", record.key()) };
        assert_eq!((h.offset_minutes, &h.zone), (wanted.offset_minutes, &wanted.zone));
        assert_eq!(h.holidays, wanted.holidays);
        let found: Vec<_> =
            h.week.iter().map(|i| (i.weekday, i.from.strftime("%H:%M").to_string())).collect();
        let expected: Vec<_> = wanted.week.iter().map(|i| (i.day + 1, i.from.clone())).collect();
        assert_eq!(found, expected);
    }
    let tree = read(&source, "kb_category").await;
    let parents: Vec<_> = records(&tree)
        .into_iter()
        .map(|r| if let Record::KbCategory(c) = r { number(c.parent.as_ref()) } else { None })
        .collect();
    assert_eq!(parents, data.kb_categories.iter().map(|c| number(c.parent.as_ref())).collect::<Vec<_>>());
}

#[tokio::test]
async fn automations_wallboards_and_accounts_arrive_without_any_secret() {
    let data = generate(33, 3);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let automations = read(&source, "automation").await;
    assert_eq!(records(&automations).len(), data.automations.len());
    for (wanted, record) in data.automations.iter().zip(records(&automations)) {
        let Record::Automation(a) = record else { panic!("{}", record.key()) };
        let is_sequence = matches!(wanted.kind, dataset::AutomationKind::Sequence);
        assert_eq!(a.kind == AutomationKind::Sequence, is_sequence, "{}", a.id);
        assert_eq!(
            (a.order, a.enabled, &a.scope, &a.trigger),
            (wanted.order, wanted.enabled, &wanted.scope, &wanted.trigger)
        );
        assert_eq!((&a.conditions, &a.actions), (&wanted.conditions, &wanted.actions));
    }
    for (wanted, record) in data.wallboards.iter().zip(records(&read(&source, "wallboard").await)) {
        let Record::Wallboard(w) = record else { panic!("{}", record.key()) };
        assert_eq!((&w.name, &w.metrics, &w.audience), (&wanted.name, &wanted.metrics, &wanted.audience));
    }
    let accounts = read(&source, "channel_account").await;
    assert_eq!(records(&accounts).len(), data.channel_accounts.len());
    for (wanted, record) in data.channel_accounts.iter().zip(records(&accounts)) {
        let Record::ChannelAccount(a) = record else { panic!("{}", record.key()) };
        assert_eq!((a.address.as_str(), a.enabled), (wanted.address.as_str(), wanted.enabled));
        assert_eq!((&a.incoming_host, a.incoming_port), (&wanted.incoming_host, wanted.incoming_port));
        assert_eq!((&a.outgoing_host, a.outgoing_port), (&wanted.outgoing_host, wanted.outgoing_port));
        assert_eq!((&a.protocol, a.poll_minutes), (&wanted.protocol, wanted.poll_minutes));
        assert_eq!((&a.last_error, a.last_success), (&wanted.last_error, wanted.last_success.map(ticks)));
        assert_eq!(number(a.ticketbox.as_ref()), number(wanted.ticketbox.as_ref()));
    }
}

#[tokio::test]
async fn reports_come_with_the_figures_of_the_window_that_was_asked_for() {
    let mut data = Dataset::default();
    let row = |day: i8, cells: &[&str]| dataset::ReportRow {
        on: Some(date(2024, 3, day)),
        cells: cells.iter().map(ToString::to_string).collect(),
    };
    data.reports.push(dataset::Report {
        id: 5,
        name: "Answers".into(),
        columns: vec!["Day".into(), "Answers".into(), "Remark".into()],
        rows: vec![row(1, &["1", "10", ""]), row(2, &["2", "20", "busy"]), row(9, &["9", "90", ""])],
        ..dataset::Report::default()
    });
    let server = Server::start(data).await;
    let mut config = server.config();
    config.report_from = Some(date(2024, 3, 1));
    config.report_to = Some(date(2024, 3, 5));
    let source = FocalScope::connect(config).await.unwrap();
    let items = read(&source, "report").await;
    let [Record::Report(report)] = records(&items)[..] else { panic!("one report") };
    let figures = report.figures.as_ref().unwrap();
    assert_eq!(figures.from.to_string(), "2024-02-29T23:00:00Z", "days of the profile's zone");
    assert_eq!(figures.columns, ["Day", "Answers", "Remark"]);
    let rows: Vec<Vec<&str>> = figures.rows.iter().map(|r| r.iter().map(|c| c.as_str()).collect()).collect();
    assert_eq!(rows, [vec!["1", "10", ""], vec!["2", "20", "busy"]], "empty cells keep their place");
    // A service that can list reports and not run them.
    let source =
        server.source_with("[operations.run_report]\n", "[operations.run_report]\nabsent = true\n").await;
    let items = read(&source, "report").await;
    assert!(matches!(records(&items)[..], [Record::Report(r)] if r.figures.is_none()));
}

#[tokio::test]
async fn a_report_of_very_many_rows_is_cut_and_the_bound_is_said() {
    let mut data = Dataset::default();
    let row = |n: u32| dataset::ReportRow { on: None, cells: vec![n.to_string()] };
    data.reports.push(dataset::Report {
        id: 1,
        name: "All".into(),
        columns: vec!["N".into()],
        rows: (0..10_050).map(row).collect(),
        ..dataset::Report::default()
    });
    let server = Server::start(data).await;
    let items = read(&server.source().await, "report").await;
    let [Record::Report(report)] = records(&items)[..] else { panic!("one report") };
    assert_eq!(report.figures.as_ref().unwrap().rows.len(), 10_000);
    assert!(notes(&items).contains("10050 rows came and the first 10000 are kept"), "{}", notes(&items));
}

#[tokio::test]
async fn what_the_profile_cannot_ask_for_is_told_apart_from_what_there_is_none_of() {
    let server = Server::start(Dataset::default()).await;
    let source = server
        .source_with("[operations.list_wallboards]\n", "[operations.list_wallboards]\nabsent = true\n")
        .await;
    assert_eq!(source.unasked(), [Kind::of("wallboard")]);
    assert!(!source.kinds().contains(&Kind::of("wallboard")));
    assert!(source.kinds().contains(&Kind::of("report")), "there are none, and that was asked");
    let said = source.live_findings(server.instance.clock().now()).await;
    assert!(said.iter().any(|f| f.what.contains("no way to ask for wallboard")), "{said:?}");
}

#[tokio::test]
async fn the_catalog_counts_every_kind_and_lists_channels() {
    let data = generate(34, 6);
    let server = Server::start(data.clone()).await;
    // Without the counts of a ping, the lists are counted themselves.
    let source = server
        .source_with("counts = \"Counts/ObjectCount\"\ncount_kind = \"Kind\"\ncount_value = \"Count\"\n", "")
        .await;
    for source in [server.source().await, source] {
        let catalog = source.catalog().await.unwrap();
        for kind in source.kinds() {
            assert!(catalog.counts.contains_key(kind.as_str()), "{kind}: {:?}", catalog.counts);
        }
        let count = |kind: &str| catalog.counts[kind];
        assert_eq!(count("ticket"), data.tickets.len() as u64);
        assert_eq!(count("kb_article"), data.kb_articles.len() as u64);
        assert_eq!(count("wallboard"), data.wallboards.len() as u64);
        assert!(catalog.facts.keys().any(|k| k == "channel email"), "{:?}", catalog.facts);
        let sequences =
            data.automations.iter().filter(|a| matches!(a.kind, dataset::AutomationKind::Sequence));
        assert_eq!(catalog.facts["automation sequences"], sequences.count().to_string());
    }
}

#[tokio::test]
async fn the_new_fields_of_queues_contacts_and_tickets_arrive_and_several_addresses_are_kept() {
    let mut data = generate(35, 10);
    data.queues[0].max_tickets = Some(40);
    data.queues[0].rules = vec!["time-out 10 min".into()];
    let contact = &mut data.contacts[0];
    contact.address = Some("Vej 1\n2100 Kbh".into());
    (contact.blocked, contact.bounced) = (true, true);
    contact.emails = vec!["a@example.com".into(), "B@example.com".into()];
    contact.phones = vec!["(0) 20-12 34 56".into(), "+45 20123456".into()];
    let id = contact.id.to_string();
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let queues = read(&source, "queue").await;
    let Record::Queue(queue) = records(&queues)[0] else { panic!("a queue") };
    assert_eq!((queue.max_tickets, queue.rules.as_slice()), (Some(40), &["time-out 10 min".to_owned()][..]));
    let contacts = read(&source, "contact").await;
    let found = records(&contacts).into_iter().find(|r| r.key() == SourceRef::new("contact", id.clone()));
    let Some(Record::Contact(contact)) = found else { panic!("contact {id}") };
    assert!(contact.blocked && contact.bounced);
    assert_eq!(contact.address.as_ref().unwrap().as_str(), "Vej 1\n2100 Kbh");
    let texts = |all: &[mapping_core::Private]| all.iter().map(|t| t.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(texts(&contact.emails), ["a@example.com", "B@example.com"]);
    assert_eq!(texts(&contact.phones), ["(0) 20-12 34 56", "+45 20123456"], "as they were written");
}

#[tokio::test]
async fn a_day_or_a_kind_that_no_table_has_makes_a_named_bad_record() {
    let server = Server::start(generate(36, 2)).await;
    let source = server.source_with("sequence = \"sequence\"\n", "").await;
    let items = read(&source, "automation").await;
    let bad =
        items.iter().find_map(|i| if let Item::Bad { why, .. } = i { Some(why.as_str()) } else { None });
    assert!(bad.unwrap().contains("the value `sequence` of `kind`"), "{bad:?}");
    assert!(!records(&items).is_empty(), "the others are read");
    let source = server.source_with("0 = \"monday\"\n", "").await;
    let items = read(&source, "working_hours").await;
    assert!(
        items.iter().any(|i| matches!(i, Item::Bad { why, .. } if why.contains("`0` of `interval_day`")))
    );
}
