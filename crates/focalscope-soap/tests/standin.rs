//! The client and the source over the FocalScope stand-in, whose service description is the default profile's contract.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(missing_docs)]
#![cfg(feature = "focalscope")]

mod desk;

use desk::{Server, divergent, notes, read, records};
use focalscope_soap::profile::AuthKind;
use focalscope_soap::{Config, FocalScope, Profile, Severity, doctor};
use futures_util::StreamExt as _;
use mapping_core::model::{Channel, Record, Status};
use mapping_core::testkit::{MemoryBlobs, SourceRig, source_conformance};
use mapping_core::{Ask, Blobs as _, Divergence, ErrorKind, Item, Kind, Result, Source, SourceRef};
use migrate_sandbox::dataset::{self, Dataset};
use migrate_sandbox::focalscope::{Bodies, Controls, ExtraElement, OddStatus, OtherNamespace, Way};
use migrate_sandbox::generator::generate;
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn every_field_of_every_ticket_and_message_arrives() {
    let data = generate(1, 40);
    let server = Server::start(data.clone()).await;
    let items = read(&server.source().await, "ticket").await;
    let by_key: BTreeMap<SourceRef, &Record> = records(&items).into_iter().map(|r| (r.key(), r)).collect();
    let mut compared = 0;
    for ticket in &data.tickets {
        let Some(Record::Ticket(found)) = by_key.get(&SourceRef::new("ticket", ticket.id.to_string())) else {
            panic!("ticket {} is missing", ticket.id);
        };
        assert_eq!(found.number.as_deref(), Some(ticket.number.as_str()));
        assert_eq!(found.created_at, ticket.created.map(ticks), "ticket {}", ticket.id);
        assert_eq!(found.closed_at, ticket.closed.map(ticks));
        assert_eq!(found.contact.as_ref().map(ToString::to_string), ticket.contact.map(|c| c.to_string()));
        assert_eq!(found.agent.as_ref().map(ToString::to_string), ticket.agent.map(|a| a.to_string()));
        assert_eq!((found.deleted, found.spam), (ticket.deleted, ticket.spam));
        let values: usize = ticket.categories.iter().map(|c| c.values.len().max(1)).sum();
        assert_eq!(found.categories.len(), values, "ticket {}", ticket.id);
        assert_eq!(found.custom.len(), names(&ticket.custom_fields));
        assert_eq!(found.message_count, Some(ticket.messages.len() as u64));
        for message in &ticket.messages {
            let Some(Record::Message(found)) = by_key.get(&SourceRef::new("message", message.id.to_string()))
            else {
                panic!("message {} is missing", message.id);
            };
            assert_eq!(found.body.text.as_str(), readable(&message.body.text()), "message {}", message.id);
            assert_eq!(found.sent_at, message.sent_at.map(ticks));
            assert_eq!(found.author.name.as_ref().map_or("", |n| n.as_str()), readable(&message.author.name));
            assert_eq!(found.cc.len(), message.cc.len());
            compared += 1;
        }
        for leg in &ticket.calls {
            let Some(Record::Call(found)) = by_key.get(&SourceRef::new("call", leg.id.to_string())) else {
                panic!("call {} is missing", leg.id);
            };
            assert_eq!(found.duration_seconds, Some(u64::from(leg.duration)));
        }
        let lines = by_key.values().filter(|r| {
            matches!(r, Record::ChatLine(_))
                && r.parent() == Some(SourceRef::new("ticket", ticket.id.to_string()))
        });
        assert_eq!(lines.count(), ticket.chat.len());
    }
    assert!(compared > 40, "{compared}");
    assert!(!items.iter().any(|i| matches!(i, Item::Bad { .. })));
    assert!(!notes(&items).contains("declared"), "{}", notes(&items));
}

fn names(fields: &[dataset::CustomField]) -> usize {
    fields.iter().map(|f| f.name.as_str()).collect::<BTreeSet<_>>().len()
}

/// The wire carries ticks of 100 ns.
fn ticks(at: jiff::Timestamp) -> jiff::Timestamp {
    let nanos = at.as_nanosecond().div_euclid(100) * 100;
    jiff::Timestamp::from_nanosecond(nanos).unwrap()
}

/// What XML 1.0 can't carry comes as U+FFFD.
fn readable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{0}'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
                '\u{FFFD}'
            }
            c => c,
        })
        .collect()
}

#[tokio::test]
async fn files_arrive_byte_for_byte_with_name_type_and_size() {
    let data = generate(2, 60);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let files = MemoryBlobs::new();
    let ask = Ask { kind: Kind::of("ticket"), since: None, cursor: None, files: &files };
    let items: Vec<Item> = source.records(ask).map(|i| i.unwrap()).collect().await;
    let mut compared = 0;
    let all = data.tickets.iter().flat_map(|t| t.messages.iter().flat_map(|m| &m.attachments));
    for attachment in all {
        let key = SourceRef::new("attachment", attachment.id.to_string());
        let found = records(&items).into_iter().find(|r| r.key() == key);
        let Some(Record::Attachment(found)) = found else {
            panic!("attachment {} is missing", attachment.id)
        };
        assert_eq!(found.name.as_str(), readable(&attachment.name));
        assert_eq!(found.mime, attachment.mime);
        assert_eq!(found.declared_size, Some(attachment.size()));
        let blob = found.blob.as_ref().expect("bytes");
        let mut stream = files.open(blob).await.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        assert_eq!(bytes, attachment.bytes(), "attachment {}", attachment.id);
        compared += 1;
    }
    assert!(compared > 5, "{compared}");
    let first =
        data.tickets.iter().flat_map(|t| &t.messages).flat_map(|m| &m.attachments).find(|a| a.size() > 0);
    let first = first.unwrap();
    let mut opened = source.open(&SourceRef::new("attachment", first.id.to_string())).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = opened.next().await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(bytes, first.bytes());
}

#[tokio::test]
async fn agents_queues_contacts_and_categories_arrive() {
    let data = generate(3, 30);
    let server = Server::start(data.clone()).await;
    let source = server.source().await;
    let kinds: Vec<String> = source.kinds().iter().map(ToString::to_string).collect();
    assert_eq!(
        kinds,
        [
            "agent",
            "group",
            "working_hours",
            "sla_policy",
            "ticketbox",
            "queue",
            "channel_account",
            "category",
            "company",
            "contact",
            "ticket",
            "standard_response",
            "kb_category",
            "kb_article",
            "report",
            "automation",
            "wallboard"
        ]
    );
    let count = |items: &[Item]| records(items).len();
    assert_eq!(count(&read(&source, "agent").await), data.agents.len());
    assert_eq!(count(&read(&source, "group").await), data.groups.len());
    assert_eq!(count(&read(&source, "ticketbox").await), data.ticketboxes.len());
    assert_eq!(count(&read(&source, "company").await), data.companies.len());
    let queues = read(&source, "queue").await;
    for (queue, record) in data.queues.iter().zip(records(&queues)) {
        let Record::Queue(found) = record else { panic!("not a queue") };
        let members: Vec<_> = found.members.iter().map(|m| (m.agent.to_string(), m.max_tickets)).collect();
        let wanted: Vec<_> = queue.members.iter().map(|m| (m.agent.to_string(), m.max)).collect();
        assert_eq!(members, wanted);
    }
    let contacts = read(&source, "contact").await;
    for (contact, record) in data.contacts.iter().zip(records(&contacts)) {
        let Record::Contact(found) = record else { panic!("not a contact") };
        let emails: Vec<&str> = found.emails.iter().map(|e| e.as_str()).collect();
        assert_eq!(emails, contact.emails);
        assert_eq!(found.notes.len(), contact.notes.len());
        assert_eq!(found.opted_out, contact.opted_out);
    }
    assert_eq!(count(&contacts), data.contacts.len());
    let values: usize = data.categories.iter().map(|c| c.values.len().max(1)).sum();
    assert_eq!(count(&read(&source, "category").await), values);
    let catalog = source.catalog().await.unwrap();
    assert_eq!(catalog.people.len(), data.agents.len());
    assert_eq!(catalog.counts.get("ticket"), Some(&(data.tickets.len() as u64)));
}

#[tokio::test]
async fn each_way_to_authenticate_works_over_both_versions_of_soap() {
    let server = Server::start(generate(4, 5)).await;
    for (kind, way) in [
        (AuthKind::Basic, Way::Basic),
        (AuthKind::ApiKeyElement, Way::ApiKey),
        (AuthKind::Session, Way::Session),
    ] {
        server.instance.turn(|k| k.accept = vec![way]);
        for version in ["1.1", "1.2"] {
            let text =
                Profile::default_toml().replace("version = \"1.1\"", &format!("version = \"{version}\""));
            let profile = Profile::parse(&text).unwrap();
            let config = server.config().with_auth(kind);
            let source = FocalScope::reach(config, profile).await.unwrap().connect().unwrap();
            assert!(!records(&read(&source, "agent").await).is_empty(), "{kind:?} over {version}");
            source.close().await;
        }
    }
}

#[tokio::test]
async fn an_expired_session_is_renewed_once_for_all_that_wait() {
    let server = Server::start(generate(5, 12)).await;
    server.instance.turn(|k| k.accept = vec![Way::Session]);
    let source = FocalScope::connect(server.config().with_auth(AuthKind::Session)).await.unwrap();
    read(&source, "agent").await;
    assert_eq!(server.instance.asked().get("Login"), Some(&1));
    server.instance.expire_sessions();
    let items = read(&source, "ticket").await;
    assert!(records(&items).iter().filter(|r| matches!(r, Record::Ticket(_))).count() >= 12);
    assert_eq!(server.instance.asked().get("Login"), Some(&2));
}

#[tokio::test]
async fn wrong_credentials_are_named_and_a_refused_login_is_not_tried_again() {
    let server = Server::start(generate(6, 3)).await;
    let config = server.config().with_login("migration", "wrong".to_owned());
    let source = FocalScope::connect(config.clone()).await.unwrap();
    let error = source.catalog().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(!format!("{error} {error:?} {config:?}").contains("wrong"), "{error:?}");
    let findings = source.live_findings(jiff::Timestamp::now()).await;
    assert!(findings.iter().any(|f| f.severity == Severity::Error && f.place == "auth"), "{findings:?}");
    server.instance.turn(|k| k.accept = vec![Way::Session]);
    let source = FocalScope::connect(config.with_auth(AuthKind::Session)).await.unwrap();
    for _ in 0..3 {
        assert_eq!(source.catalog().await.unwrap_err().kind(), ErrorKind::Unauthorized);
    }
    assert_eq!(server.instance.asked().get("Login"), Some(&1));
}

#[tokio::test]
async fn cut_answers_html_pages_busy_faults_and_503_are_read_again_and_nothing_is_lost_or_doubled() {
    let server = Server::start(generate(7, 20)).await;
    let source = server.source().await;
    let clean = keys(&read(&source, "ticket").await);
    server.instance.turn(|k| {
        k.cut = 2;
        k.html = 2;
        k.busy = 2;
        k.unavailable = 2;
    });
    let again = keys(&read(&source, "ticket").await);
    assert_eq!(again, clean);
}

fn keys(items: &[Item]) -> Vec<SourceRef> {
    records(items).iter().map(|r| r.key()).collect()
}

#[tokio::test]
async fn a_service_that_only_answers_html_ends_in_an_error_that_says_so() {
    let server = Server::start(generate(8, 3)).await;
    let source = server.source().await;
    server.instance.turn(|k| k.html = 1000);
    let files = MemoryBlobs::new();
    let ask = Ask { kind: Kind::of("agent"), since: None, cursor: None, files: &files };
    let last = source.records(ask).collect::<Vec<_>>().await.pop().unwrap();
    let error = last.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed);
    assert!(error.to_string().contains("HTML"), "{error}");
}

#[tokio::test]
async fn an_unknown_status_makes_one_bad_record_and_the_run_goes_on() {
    let data = generate(9, 15);
    let odd = data.tickets[4].id;
    let server = Server::start(data.clone()).await;
    server.instance.turn(|k| k.odd_status = Some(OddStatus { ticket: odd, status: "Snoozed".into() }));
    let items = read(&server.source().await, "ticket").await;
    let bad: Vec<_> = items
        .iter()
        .filter_map(|i| if let Item::Bad { record, why, raw } = i { Some((record, why, raw)) } else { None })
        .collect();
    assert_eq!(bad.len(), 1);
    assert_eq!(*bad[0].0, SourceRef::new("ticket", odd.to_string()));
    assert!(bad[0].1.contains("Snoozed") && bad[0].1.contains("status"), "{}", bad[0].1);
    assert!(bad[0].2.is_some());
    let tickets = records(&items).iter().filter(|r| matches!(r, Record::Ticket(_))).count();
    assert_eq!(tickets, data.tickets.len() - 1);
}

#[tokio::test]
async fn unknown_elements_are_kept_and_counted_and_other_namespaces_are_read() {
    let data = generate(10, 10);
    let server = Server::start(data.clone()).await;
    server.instance.turn(|k| {
        k.extra_element =
            Some(ExtraElement { within: "Ticket".into(), name: "Mood".into(), value: "fine".into() });
        k.other_namespace =
            Some(OtherNamespace { element: "Subject".into(), namespace: "urn:elsewhere".into() });
    });
    let items = read(&server.source().await, "ticket").await;
    let mood: u64 = items
        .iter()
        .filter_map(|i| match i {
            Item::Unmapped { path, count } if path == "ListTicketsResult/Items/Ticket/Mood" => Some(*count),
            _ => None,
        })
        .sum();
    assert_eq!(mood, data.tickets.len() as u64);
    let ticket =
        records(&items).into_iter().find_map(|r| if let Record::Ticket(t) = r { Some(t) } else { None });
    let ticket = ticket.unwrap();
    assert_eq!(ticket.extra.get("Mood"), Some(&serde_json::json!("fine")));
    let wanted = data.tickets.iter().find(|t| t.id.to_string() == ticket.id.0).unwrap();
    assert_eq!(ticket.subject.as_ref().map_or("", |s| s.as_str()), readable(&wanted.subject));
    let subjects = divergent(&items, Divergence::Namespace);
    assert_eq!(subjects.get("ListTicketsResult/Items/Ticket/Subject"), Some(&(data.tickets.len() as u64)));
    assert!(
        !divergent(&items, Divergence::Name).keys().any(|path| path.contains("Mood")),
        "what nobody wants is no divergence"
    );
}

#[tokio::test]
async fn dropped_items_and_a_wrong_total_are_said() {
    let server = Server::start(generate(11, 20)).await;
    let source = server.source().await;
    server.instance.turn(|k| {
        k.drop_item_every = Some(5);
        k.only = Some("ListContacts".into());
    });
    assert!(notes(&read(&source, "contact").await).contains("declared"));
    server.instance.turn(|k| {
        k.drop_item_every = None;
        k.wrong_total = 3;
    });
    let items = read(&source, "contact").await;
    assert!(notes(&items).contains("declared"), "{}", notes(&items));
    server.instance.turn(|k| {
        k.wrong_total = 0;
        k.drop_item_every = Some(1);
        k.only = Some("ListMessages".into());
    });
    let items = read(&source, "ticket").await;
    let short = items.iter().any(
        |i| matches!(i, Item::Short { what, expected, found, .. } if what == "messages" && expected > found),
    );
    assert!(short, "{}", notes(&items));
}

#[tokio::test]
async fn bodies_in_cdata_and_raw_control_characters_are_read_alike() {
    let data = generate(12, 30);
    let server = Server::start(data).await;
    let source = server.source().await;
    let bodies = |items: &[Item]| -> Vec<String> {
        records(items)
            .iter()
            .filter_map(
                |r| if let Record::Message(m) = r { Some(m.body.text.as_str().to_owned()) } else { None },
            )
            .collect()
    };
    let escaped = bodies(&read(&source, "ticket").await);
    server.instance.turn(|k| {
        k.bodies = Bodies::Cdata;
        k.controls = Controls::Raw;
    });
    assert!(bodies(&read(&source, "ticket").await) == escaped);
}

#[tokio::test]
async fn only_what_changed_is_read_when_that_is_asked() {
    let data = generate(13, 30);
    let server = Server::start(data.clone()).await;
    let mut times: Vec<_> = data.tickets.iter().filter_map(|t| t.modified.or(t.created)).collect();
    times.sort();
    let since = times[times.len() / 2];
    let files = MemoryBlobs::new();
    let ask = Ask { kind: Kind::of("ticket"), since: Some(since), cursor: None, files: &files };
    let source = server.source().await;
    let items: Vec<Item> = source.records(ask).map(|i| i.unwrap()).collect().await;
    let tickets = records(&items).iter().filter(|r| matches!(r, Record::Ticket(_))).count();
    assert!(tickets > 0 && tickets < data.tickets.len(), "{tickets}");
}

#[tokio::test]
async fn the_doctor_finds_nothing_wrong_with_the_default_profile_and_names_what_is_missing() {
    let server = Server::start(Dataset::default()).await;
    let profile = Profile::built_in().unwrap();
    let reached = FocalScope::reach(server.config(), profile.clone()).await.unwrap();
    let errors: Vec<_> = reached.findings.iter().filter(|f| f.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let wsdl = reached.wsdl.clone();
    let breakages = [
        (
            "operation = \"ListTickets\"",
            "operation = \"ListTicket\"",
            "operations.list_tickets",
            "ListTickets",
        ),
        ("subject = \"Subject\"\nstatus", "subject = \"Subjct\"\nstatus", "fields.subject", "Subject"),
        ("key = \"attachmentId\"", "key = \"attachementId\"", "get_attachment.key", "attachmentId"),
        (
            "item = \"ListTicketsResult/Items/Ticket\"",
            "item = \"ListTicketsResult/Items\"",
            "list_tickets.item",
            "Ticket",
        ),
        ("includeDeleted = true", "inclDeleted = true", "constants.inclDeleted", "includeDeleted"),
    ];
    for (from, to, place, candidate) in breakages {
        let text = Profile::default_toml().replacen(from, to, 1);
        assert_ne!(text, Profile::default_toml(), "{from}");
        let broken = Profile::parse(&text).unwrap();
        let findings = doctor(&broken, &wsdl);
        let found = findings.iter().find(|f| f.severity == Severity::Error && f.place.ends_with(place));
        let found = found.unwrap_or_else(|| panic!("{to}: {findings:#?}"));
        assert_eq!(found.candidates.first().map(String::as_str), Some(candidate), "{found}");
        let refused = FocalScope::reach(server.config(), broken).await.unwrap().connect();
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Config);
    }
    assert!(server.instance.asked().keys().all(|operation| operation == "wsdl"), "nothing else was asked");
}

#[tokio::test]
async fn the_live_check_sees_a_wrong_zone_by_the_servers_clock() {
    let server = Server::start(generate(14, 3)).await;
    let now = server.instance.clock().now();
    let right = server.source().await.live_findings(now).await;
    let said = right.iter().filter(|f| f.severity >= Severity::Warning);
    let places: BTreeSet<&str> = said.map(|f| f.place.as_str()).collect();
    assert_eq!(places.into_iter().collect::<Vec<_>>(), ["working_hours"], "{right:?}");
    let text = Profile::default_toml().replace("Europe/Copenhagen", "America/New_York");
    let profile = Profile::parse(&text).unwrap();
    let source = FocalScope::reach(server.config(), profile).await.unwrap().connect().unwrap();
    let wrong = source.live_findings(now).await;
    let said = wrong.iter().any(|f| f.severity == Severity::Error && f.place == "times.zone");
    assert!(said, "{wrong:?}");
}

struct StandIn {
    server: Server,
    data: Dataset,
}

#[async_trait::async_trait]
impl SourceRig for StandIn {
    fn name(&self) -> String {
        "focalscope over the stand-in".into()
    }
    async fn source(&self) -> Result<Box<dyn Source>> {
        Ok(Box::new(FocalScope::connect(self.server.config()).await?))
    }
    fn expected(&self) -> BTreeMap<Kind, u64> {
        let d = &self.data;
        let tickets = || d.tickets.iter();
        let mut files = tickets().flat_map(|t| &t.messages).map(|m| m.attachments.len()).sum::<usize>();
        files += tickets().flat_map(|t| &t.chat).map(|l| l.attachments.len()).sum::<usize>();
        files += d.standard_responses.iter().map(|r| r.attachments.len()).sum::<usize>();
        files += d.kb_articles.iter().map(|a| a.attachments.len()).sum::<usize>();
        [
            ("agent", d.agents.len()),
            ("group", d.groups.len()),
            ("ticketbox", d.ticketboxes.len()),
            ("queue", d.queues.len()),
            ("company", d.companies.len()),
            ("contact", d.contacts.len()),
            ("category", d.categories.iter().map(|c| c.values.len().max(1)).sum()),
            ("ticket", d.tickets.len()),
            ("message", tickets().map(|t| t.messages.len()).sum()),
            ("call", tickets().map(|t| t.calls.len()).sum()),
            ("chat_line", tickets().map(|t| t.chat.len()).sum()),
            ("attachment", files),
            ("standard_response", d.standard_responses.len()),
            ("sla_policy", d.sla_profiles.len()),
            ("working_hours", d.working_hours.len()),
            ("kb_category", d.kb_categories.len()),
            ("kb_article", d.kb_articles.len()),
            ("report", d.reports.len()),
            ("automation", d.automations.len()),
            ("wallboard", d.wallboards.len()),
            ("channel_account", d.channel_accounts.len()),
        ]
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(kind, count)| (Kind::of(kind), count as u64))
        .collect()
    }
    fn unknown(&self) -> Vec<String> {
        vec!["ListTicketsResult/Items/Ticket/Mood".into()]
    }
}

#[tokio::test]
async fn the_source_keeps_what_every_source_promises() {
    let data = generate(15, 18);
    let server = Server::start(data.clone()).await;
    server.instance.turn(|k| {
        k.extra_element =
            Some(ExtraElement { within: "Ticket".into(), name: "Mood".into(), value: "fine".into() });
    });
    let report = source_conformance(&StandIn { server, data }).await.unwrap();
    assert!(report.runs > 10, "{report:?}");
}

#[test]
fn the_words_of_the_profile_are_those_of_the_model() {
    let profile = Profile::built_in().unwrap();
    assert_eq!(profile.values.status.get("On Hold"), Some(&Status::OnHold));
    assert_eq!(profile.values.channel.get("livechat"), Some(&Channel::LiveChat));
}

#[tokio::test]
async fn credentials_go_to_no_host_that_only_a_wsdl_file_names() {
    let file = std::env::temp_dir().join(format!("{}-service.wsdl", std::process::id()));
    std::fs::write(&file, migrate_sandbox::focalscope::WSDL).unwrap();
    for auth in [AuthKind::Basic, AuthKind::ApiKeyHeader, AuthKind::ApiKeyElement, AuthKind::Session] {
        let config =
            Config::new(file.to_str().unwrap()).with_login("u", "p").with_api_key("k").with_auth(auth);
        let error = FocalScope::connect(config).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{auth:?}");
        assert!(error.to_string().contains("`endpoint` must say which host"), "{auth:?}: {error}");
    }
    std::fs::remove_file(file).unwrap();
}
