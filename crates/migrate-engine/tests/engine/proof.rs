//! The proof of an extract: what the source says of its own answers, what is missing at the source, what a person looks at.

use crate::desk::{TICKETS, World, records};
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use mapping_core::model::{Channel, ChannelAccount, Record};
use mapping_core::testkit::MemorySource;
use mapping_core::*;
use migrate_engine::{ExtractOptions, ExtractReport, Gaps, Run, Severity, doctor, extract};

/// A source that says something of its answers on every page of its tickets.
struct Odd {
    inner: MemorySource,
    says: Vec<Item>,
    /// What a check finds wrong.
    wrong: Option<&'static str>,
}

impl Odd {
    fn new(says: Vec<Item>) -> Odd {
        Odd { inner: MemorySource::new(records(TICKETS), 3), says, wrong: None }
    }
}

#[async_trait]
impl Source for Odd {
    async fn catalog(&self) -> Result<Catalog> {
        let mut catalog = self.inner.catalog().await?;
        catalog.facts.insert("channel email".into(), "2 accounts, 0 switched off, 1 failing".into());
        Ok(catalog)
    }
    fn kinds(&self) -> Vec<Kind> {
        self.inner.kinds()
    }
    fn records<'a>(&'a self, ask: Ask<'a>) -> Items<'a> {
        let says = if ask.kind == *"ticket" { self.says.clone() } else { Vec::new() };
        Box::pin(self.inner.records(ask).flat_map(move |item| {
            let before = if matches!(item, Ok(Item::PageEnd { .. })) { says.clone() } else { Vec::new() };
            stream::iter(before.into_iter().map(Ok).chain([item]))
        }))
    }
    async fn open(&self, file: &SourceRef) -> Result<ByteStream> {
        self.inner.open(file).await
    }
    fn unasked(&self) -> Vec<Kind> {
        vec![Kind::of("wallboard")]
    }
    async fn check(&self, _now: Timestamp) -> Result<()> {
        self.wrong.map_or(Ok(()), |wrong| Err(Error::rejected(ErrorKind::Invalid, wrong)))
    }
    async fn raw(&self, record: &SourceRef) -> Result<Option<Private>> {
        Ok(Some(Private::from(format!("<answers>{record}</answers>"))))
    }
}

fn namespace() -> Item {
    Item::Divergent { how: Divergence::Namespace, path: "List/Ticket/Subject".into(), count: 2 }
}

fn short(expected: u64, found: u64) -> Item {
    Item::Short { record: SourceRef::new("ticket", "3"), what: "call legs".into(), expected, found }
}

async fn run_with(world: &World, run: &Run, source: &Odd) -> ExtractReport {
    extract(run, source, &ExtractOptions::default(), &world.ctx()).await.unwrap()
}

#[tokio::test]
async fn a_wanted_value_in_another_namespace_blocks_until_a_person_accepts_it() {
    let world = World::new();
    let (run, source) = (world.init(), Odd::new(vec![namespace()]));
    let report = run_with(&world, &run, &source).await;
    let pages = TICKETS.div_ceil(3) as u64;
    assert_eq!(report.exit.code(), 10);
    assert_eq!(
        (report.divergent[0].path.as_str(), report.divergent[0].count),
        ("List/Ticket/Subject", 2 * pages)
    );
    let said = &report.shortfalls[0];
    assert!(said.what.contains("`List/Ticket/Subject` in another namespace"), "{}", said.what);
    assert_eq!((said.expected, said.found), (0, 2 * pages));
    assert_eq!(world.plan(&run).await.unwrap_err().exit.code(), 10);
    let options = ExtractOptions::default().accept_shortfall("Ada");
    let accepted = extract(&run, &source, &options, &world.ctx()).await.unwrap();
    assert_eq!((accepted.exit.code(), accepted.accepted_by.as_deref()), (0, Some("Ada")));
}

#[tokio::test]
async fn what_a_page_said_counts_once_when_its_stream_breaks_and_it_is_read_again() {
    let world = World::new();
    let mut source = Odd::new(vec![namespace()]);
    source.inner = MemorySource::new(records(TICKETS), 3).failing_in(1, 2);
    let report = run_with(&world, &world.init(), &source).await;
    assert_eq!(report.divergent[0].count, 2 * TICKETS.div_ceil(3) as u64, "{report:?}");
}

#[tokio::test]
async fn a_record_with_fewer_parts_than_it_says_blocks_and_one_that_agrees_later_does_not() {
    let world = World::new();
    let report = run_with(&world, &world.init(), &Odd::new(vec![short(2, 1)])).await;
    assert_eq!(report.exit.code(), 10);
    let said = &report.shortfalls[0];
    assert_eq!((said.expected, said.found), (2, 1), "one record, however often it was said");
    assert_eq!(said.examples, [SourceRef::new("ticket", "3")]);
    let world = World::new();
    let report = run_with(&world, &world.init(), &Odd::new(vec![short(2, 1), short(2, 2)])).await;
    assert_eq!(report.exit.code(), 0, "{report:?}");
}

#[tokio::test]
async fn a_wrong_zone_stops_the_extract_with_1_before_anything_is_read() {
    let world = World::new();
    let (run, mut source) = (world.init(), Odd::new(Vec::new()));
    source.wrong = Some("times are +1 h off: the zone is wrong");
    let report = run_with(&world, &run, &source).await;
    assert_eq!(report.exit.code(), 1);
    assert!(report.stopped.unwrap().contains("+1 h off"));
    assert!(run.stage().counts().unwrap().is_empty(), "nothing was read");
    assert!(world.plan(&run).await.is_err());
    let looked = doctor(&run, Some(&source), None, Vec::new(), &world.ctx()).await.unwrap();
    assert_eq!(looked.exit.code(), 1);
    let problem = looked.findings.iter().find(|f| f.severity == Severity::Problem).unwrap();
    assert!(problem.what.contains("+1 h off") && !problem.mend.is_empty(), "{problem:?}");
}

#[tokio::test]
async fn a_zone_that_the_mail_itself_disproves_while_it_is_read_ends_with_1() {
    let world = World::new();
    let path = "times without zone are +1 h off".to_owned();
    let source = Odd::new(vec![Item::Divergent { how: Divergence::Zone, path, count: 5 }]);
    let run = world.init();
    assert_eq!(run_with(&world, &run, &source).await.exit.code(), 1);
    assert_eq!(world.plan(&run).await.unwrap_err().exit.code(), 10, "the stage is not used");
}

#[tokio::test]
async fn kinds_that_nobody_could_ask_for_are_named_and_the_doctor_says_what_to_do() {
    let world = World::new();
    let (run, source) = (world.init(), Odd::new(Vec::new()));
    assert_eq!(run_with(&world, &run, &source).await.not_asked, ["wallboard"]);
    let looked = doctor(&run, Some(&source), Some(&world.desk), Vec::new(), &world.ctx()).await.unwrap();
    let side = looked.source.unwrap();
    assert_eq!(side.not_asked, ["wallboard"]);
    let said = |part: &str| looked.findings.iter().find(|f| f.what.contains(part)).cloned();
    assert!(!said("can't be asked for wallboard").unwrap().mend.is_empty());
    assert!(said("channel email: 2 accounts").is_some(), "{:?}", looked.findings);
    assert!(said("who the credentials act as").is_some(), "{:?}", looked.findings);
}

#[tokio::test]
async fn one_whole_ticket_of_each_channel_lies_beside_its_raw_answers_for_its_owner_only() {
    let world = World::new();
    let mut all = records(TICKETS);
    for record in &mut all {
        if let Record::Ticket(ticket) = record
            && ticket.id.0 == "4"
        {
            ticket.channel = Channel::Voice;
        }
    }
    let (run, mut source) = (world.init(), Odd::new(Vec::new()));
    source.inner = MemorySource::new(all, 3);
    let report = run_with(&world, &run, &source).await;
    let wanted = ["email.json", "email.xml", "voice.json", "voice.xml"].map(|n| format!("review/sample-{n}"));
    assert_eq!(report.samples, wanted);
    let json = run.read("review/sample-voice.json").unwrap().unwrap();
    let whole: mapping_core::model::Thread = serde_json::from_str(&json).unwrap();
    assert_eq!((whole.ticket.id.0.as_str(), whole.messages.len()), ("4", 2));
    assert_eq!(run.read("review/sample-voice.xml").unwrap().unwrap(), "<answers>ticket:4</answers>");
    #[cfg(unix)]
    for name in wanted {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(run.dir().join(&name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn gaps_at_the_source_are_in_a_report_of_their_own_and_in_a_few_lines() {
    let world = World::new();
    let mut all = records(TICKETS);
    all.push(Record::from(ChannelAccount {
        id: "9".into(),
        channel: "email".into(),
        address: "Help@Example.test".into(),
        incoming_host: None,
        incoming_port: None,
        protocol: None,
        outgoing_host: None,
        outgoing_port: None,
        ticketbox: None,
        queue: None,
        poll_minutes: None,
        last_success: None,
        last_error: None,
        enabled: true,
        extra: Default::default(),
    }));
    // Mail each day for ten weeks, but for the days of one week.
    let start: Timestamp = "2024-04-01T09:00:00Z".parse().unwrap();
    for day in (0..70).filter(|day| !(28..33).contains(day)) {
        let mut message = mapping_core::model::Message::new(
            format!("daily-{day}").into(),
            "0".into(),
            Body::plain(if day == 3 { "fÃ¼r \u{FFFD}" } else { "fine" }),
        );
        message.sent_at = Some(start + jiff::SignedDuration::from_hours(24 * day));
        message.to = vec!["help@example.test".into()];
        message.message_id = Some(format!("<{day}@example.test>").into());
        message.in_reply_to = Some(format!("<{}@example.test>", day - 1).into());
        all.push(message.into());
    }
    for record in &mut all {
        if let Record::Ticket(ticket) = record {
            ticket.message_count = None;
            ticket.number = ticket.number.take().map(|n| format!("INC-{}", n.parse::<u32>().unwrap() * 2));
        }
    }
    let (run, mut source) = (world.init(), Odd::new(Vec::new()));
    source.inner = MemorySource::new(all, 3);
    let report = run_with(&world, &run, &source).await;
    assert_eq!(report.exit.code(), 0, "a gap at the source blocks nothing: {report:?}");
    let gaps: Gaps = serde_json::from_str(&run.read("reports/gaps.json").unwrap().unwrap()).unwrap();
    let [place] = gaps.places.as_slice() else { panic!("{:?}", gaps.places) };
    assert_eq!((place.place.clone(), place.missing_days), (SourceRef::new("channel_account", "9"), 5));
    assert_eq!(place.missing[0].from.to_string(), "2024-04-29");
    // The first, and the one after the days that are missing.
    assert_eq!(gaps.broken_chains.count, 2, "{:?}", gaps.broken_chains);
    assert_eq!(gaps.missing_numbers[0].missing, Some(TICKETS as u64 - 1));
    let broken = &gaps.broken_text["message"];
    assert_eq!((broken.records.count, broken.replaced, broken.misread), (1, 1, 1));
    assert!(
        report.gaps.iter().any(|l| l.contains("channel_account:9: 5 expected days")),
        "{:?}",
        report.gaps
    );
    assert!(report.gaps.last().unwrap().contains("can't be recovered"), "{:?}", report.gaps);
}
