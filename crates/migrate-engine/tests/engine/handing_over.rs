//! `handoff`: what people do by hand, and whether they did.

use crate::desk::{World, records};
use bytes::Bytes;
use futures_util::stream;
use jiff::Timestamp;
use mapping_core::model::*;
use mapping_core::testkit::MemoryObject;
use mapping_core::{Blob, BlobStore, Body, ByteStream, Link, Loss, LossRule, RemoteRef, SourceRef, Value};
use migrate_engine::store::Page;
use migrate_engine::{
    ApproveOptions, HandoffReport, Run, apply, approve, handoff, handoff_check, map, plan, provision,
};
use std::path::Path;

fn answer(id: &str, name: &str, folder: &str, body: Body) -> Record {
    Record::from(StandardResponse {
        id: id.into(),
        name: name.into(),
        folder: if folder.is_empty() { Vec::new() } else { vec![folder.into()] },
        subject: None,
        body,
        queues: vec!["7".into()],
        ticketboxes: Vec::new(),
        language: Some("en".into()),
        attachments: Vec::new(),
        extra: Extra::new(),
    })
}

fn queue(id: &str, name: &str, members: &[&str]) -> Record {
    Record::from(Queue {
        id: id.into(),
        name: name.into(),
        ticketboxes: vec!["1".into()],
        members: members.iter().map(|m| QueueMember { agent: (*m).into(), max_tickets: Some(5) }).collect(),
        max_tickets: Some(40),
        rules: vec!["escalate to Lead after 60 min".into()],
        extra: Extra::new(),
    })
}

/// Everything of a help desk that no API takes.
fn all_kinds() -> Vec<Record> {
    let mut all = records(2);
    let ticketbox = |id: &str, name: &str| Ticketbox {
        id: id.into(),
        name: name.into(),
        parent: None,
        accounts: Vec::new(),
        sla_policy: Some("1".into()),
        working_hours: None,
        extra: Extra::new(),
    };
    all.push(ticketbox("1", "Support").into());
    all.push(ticketbox("2", "Alone").into());
    all.push(queue("7", "Billing", &["1", "2"]));
    all.push(queue("8", "Second line", &["1"]));
    all.push(answer(
        "1",
        "Hello",
        "Greetings",
        Body::html("<p>Hi %Customer.FirstName%,</p><p>a &amp; b</p>"),
    ));
    all.push(answer("2", "=Bye", "../../up", Body::plain("Bye %Customer.Name%")));
    all.push(answer("3", "Loyal", "", Body::plain("You are %Loyalty.Tier%; =1+1")));
    all.push(answer("4", "Hello", "Other", Body::html("<script>alert(1)</script><p>Other</p>")));
    all.push(Record::from(SlaPolicy {
        id: "1".into(),
        name: "Gold".into(),
        first_response_minutes: Some(90),
        next_response_minutes: None,
        resolution_minutes: Some(480),
        business_hours: true,
        stops_on: vec!["on hold".into()],
        applies_to: Vec::new(),
        escalations: vec!["Lead at 80 %".into()],
        extra: Extra::new(),
    }));
    let interval = |weekday, from: i8, to: (i8, i8)| WeeklyInterval {
        weekday,
        from: jiff::civil::time(from, 0, 0, 0),
        to: jiff::civil::time(to.0, to.1, 0, 0),
    };
    all.push(Record::from(WorkingHours {
        id: "1".into(),
        name: "Office".into(),
        offset_minutes: -210,
        zone: None,
        week: vec![interval(1, 9, (17, 30)), interval(7, 0, (0, 0))],
        holidays: Vec::new(),
        extra: Extra::new(),
    }));
    all.push(Record::from(Report {
        id: "1".into(),
        name: "Agent performance".into(),
        template: None,
        parameters: Vec::new(),
        format: None,
        schedule: None,
        delivery: None,
        figures: Some(Figures {
            from: Timestamp::UNIX_EPOCH,
            to: "2024-01-01T00:00:00Z".parse().unwrap(),
            columns: vec!["Agent".into(), "Solved".into()],
            rows: vec![vec!["@Ada".into(), "12".into()], vec!["Bob".into()]],
        }),
        extra: Extra::new(),
    }));
    all.push(Record::from(Automation {
        id: "1".into(),
        name: "Auto reply".into(),
        kind: AutomationKind::Rule,
        trigger: Some("On new ticket".into()),
        scope: None,
        order: Some(1),
        enabled: true,
        conditions: vec!["queue = Billing".into()],
        actions: vec!["send Hello".into()],
        extra: Extra::new(),
    }));
    let wallboard = Wallboard {
        id: "1".into(),
        name: "Floor".into(),
        metrics: vec!["waiting".into()],
        audience: None,
        extra: Extra::new(),
    };
    all.push(wallboard.into());
    all.push(Record::from(ChannelAccount {
        id: "1".into(),
        channel: "email".into(),
        address: "desk@acme.test".into(),
        incoming_host: Some("imap.acme.test".into()),
        incoming_port: Some(993),
        protocol: Some("imap".into()),
        outgoing_host: None,
        outgoing_port: None,
        ticketbox: Some("1".into()),
        queue: None,
        poll_minutes: Some(5),
        last_success: None,
        last_error: Some("login refused".into()),
        enabled: true,
        extra: Extra::new(),
    }));
    all
}

async fn handed_over(world: &World) -> (Run, HandoffReport) {
    let run = world.init();
    world.extract(&run).await;
    map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    let report = handoff(&run, &world.ctx()).await.unwrap();
    (run, report)
}

fn csv_of(run: &Run, name: &str) -> Vec<csv::StringRecord> {
    let text = run.read(&format!("handoff/{name}.csv")).unwrap().unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    std::iter::once(head).chain(reader.records().map(Result::unwrap)).collect()
}

fn column(rows: &[csv::StringRecord], name: &str) -> Vec<String> {
    let at =
        rows[0].iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}: {:?}", rows[0]));
    rows[1..].iter().map(|r| r[at].to_owned()).collect()
}

fn files_below(dir: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => files_below(&entry.path(), found),
            false => found.push(entry.path().display().to_string()),
        }
    }
}

#[tokio::test]
async fn every_hand_off_has_the_rows_of_the_stage_a_guide_and_no_formula() {
    let world = World::with(all_kinds());
    let (run, report) = handed_over(&world).await;
    let records = |name: &str| report.entries.iter().find(|e| e.name == name).unwrap().records;
    let counts = run.stage().counts().unwrap();
    for (name, kind) in [
        ("macros", "standard_response"),
        ("teams", "queue"),
        ("ticketbox-teams", "ticketbox"),
        ("slas", "sla_policy"),
        ("reports", "report"),
        ("automations", "automation"),
        ("wallboards", "wallboard"),
        ("channels", "channel_account"),
    ] {
        assert_eq!(records(name), counts[kind], "{name}");
    }
    assert_eq!(records("missing-teammates"), 1, "nobody stands for Bob");
    let index = run.read("handoff/README.md").unwrap().unwrap();
    for entry in &report.entries {
        assert!(index.contains(&format!("({}.md)", entry.name)), "{}", entry.name);
        let guide = run.read(&format!("handoff/{}.md", entry.name)).unwrap().unwrap();
        assert!(guide.contains("**Where:**"), "{guide}");
        let expected = 2 + usize::from(cfg!(feature = "xlsx"));
        assert!(entry.files.len() >= expected, "{}: {:?}", entry.name, entry.files);
    }
    let mut files = Vec::new();
    files_below(&run.path("handoff").unwrap(), &mut files);
    for file in &files {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file}");
        }
        if !file.ends_with(".csv") {
            continue;
        }
        // However the cells are parted.
        for delimiter in [b',', b';', b'\t'] {
            let text = std::fs::read_to_string(file).unwrap();
            let mut reader = csv::ReaderBuilder::new()
                .flexible(true)
                .has_headers(false)
                .delimiter(delimiter)
                .from_reader(text.as_bytes());
            for row in reader.records().map(Result::unwrap) {
                for cell in row.iter() {
                    assert!(
                        !cell.trim_start_matches(['"', ' ']).starts_with(['=', '+', '-', '@']),
                        "{file}: {cell}"
                    );
                }
            }
        }
    }
    assert!(!files.iter().any(|f| f.contains("..")), "{files:?}");
}

#[tokio::test]
async fn prepared_answers_are_ready_to_paste_with_what_has_no_equivalent_listed() {
    let world = World::with(all_kinds());
    let (run, report) = handed_over(&world).await;
    let rows = csv_of(&run, "macros");
    assert_eq!(column(&rows, "visible to"), ["Billing"; 4]);
    assert_eq!(column(&rows, "placeholders without equivalent"), ["", "", "Loyalty.Tier", ""]);
    assert_eq!(column(&rows, "name there")[0], "Greetings / Hello");
    let file = |at: usize| run.read(&format!("handoff/{}", column(&rows, "file")[at])).unwrap().unwrap();
    assert!(file(0).contains("<p>Hi {{user.first_name | fallback: 'there'}},</p>"), "{}", file(0));
    assert_eq!(file(1), "Bye {{user.name | fallback: 'there'}}");
    assert!(!file(3).contains("<script") && file(3).contains("<p>Other</p>"));
    assert_eq!(csv_of(&run, "macros-placeholders").len(), 2);
    let macros = report.entries.iter().find(|e| e.name == "macros").unwrap();
    assert_eq!((macros.further, macros.flags.len()), (6, 1));
    let saved = run.read("reports/handoff.json").unwrap().unwrap();
    assert!(!saved.contains("Bye") && !saved.contains("Bob"), "counts only");
}

#[tokio::test]
async fn teams_targets_figures_rules_and_routes_say_what_a_person_needs() {
    let world = World::with(all_kinds());
    let (run, _) = handed_over(&world).await;
    let teams = csv_of(&run, "teams");
    assert_eq!(column(&teams, "shares members with"), ["Second line (1)", "Billing (1)"]);
    assert_eq!(column(&teams, "escalates"), ["yes", "yes"]);
    assert_eq!(column(&teams, "without a counterpart")[0], "Bob");
    assert_eq!(column(&csv_of(&run, "teams-members"), "most tickets at a time"), ["5", "5", "5"]);
    assert_eq!(column(&csv_of(&run, "ticketbox-teams"), "needs a team of its own"), ["no", "yes"]);
    let slas = csv_of(&run, "slas");
    assert_eq!(
        (column(&slas, "first response h:mm"), column(&slas, "resolution h:mm")),
        (vec!["1:30".into()], vec!["8:00".into()])
    );
    assert_eq!(column(&csv_of(&run, "slas-where-each-goes"), "target"), ["first response", "resolution"]);
    let reports = csv_of(&run, "reports");
    assert!(!column(&reports, "nearest there")[0].is_empty());
    let figures = run.read(&format!("handoff/{}", column(&reports, "file of figures")[0])).unwrap().unwrap();
    assert_eq!(figures, "Agent,Solved\n'@Ada,12\nBob,\n");
    let rules = csv_of(&run, "automations");
    assert_eq!(column(&rules, "would it fire on loaded records"), ["yes, when a loaded thread is made"]);
    let channels = csv_of(&run, "channels");
    assert_eq!(
        (column(&channels, "alive"), column(&channels, "why not")),
        (vec!["no".into()], vec!["last error: login refused".into()])
    );
    let hours = csv_of(&run, "working-hours");
    assert_eq!(column(&hours, "week"), ["Mon 09:00–17:30; Sun 00:00–00:00"]);
    assert_eq!(column(&hours, "offset h:mm"), ["UTC−3:30"]);
    let scope = csv_of(&run, "scope");
    assert!(column(&scope, "kind").contains(&"ticket".to_owned()));
    assert!(csv_of(&run, "schema").len() > 5);
}

#[tokio::test]
async fn files_that_only_a_person_can_move_are_copied_by_name_and_hash() {
    let world = World::with(all_kinds());
    let run = world.init();
    world.extract(&run).await;
    let bytes = |text: &'static str| -> ByteStream { Box::pin(stream::iter([Ok(Bytes::from(text))])) };
    let mut records: Vec<Record> = Vec::new();
    let file = |id: &str, ticket: Option<&str>, blob: Option<Blob>| Attachment {
        id: id.into(),
        ticket: ticket.map(Into::into),
        message: None,
        chat_line: None,
        name: "../../x/Plan =1.pdf".into(),
        mime: "application/pdf".into(),
        declared_size: None,
        blob,
        content_id: None,
        inline: false,
        extra: Extra::new(),
    };
    let large = run.files().put("Plan", "application/pdf", bytes("a large file")).await.unwrap();
    let shown = run.files().put("Plan", "application/pdf", bytes("a picture")).await.unwrap();
    records.push(file("1", Some("0"), Some(large.clone())).into());
    records.push(file("2", None, Some(shown.clone())).into());
    records.push(file("3", None, None).into());
    records.push(Record::from(KbArticle {
        id: "5".into(),
        title: "How".into(),
        body: Body::html("<p>So</p>"),
        categories: Vec::new(),
        internal: false,
        published: true,
        language: None,
        author: None,
        author_agent: None,
        translation_of: None,
        tags: Vec::new(),
        url: None,
        created_at: None,
        modified_at: None,
        custom: CustomFields::new(),
        attachments: vec!["2".into(), "3".into(), "4".into()],
        extra: Extra::new(),
    }));
    run.stage().put(records).await.unwrap();
    run.stage().end_page(Page { kind: "kb_article".into(), ..Page::default() }).await.unwrap();
    let why = format!("larger than 9 bytes: handed over by hand (sha256 {})", large.sha256);
    let lost = Loss::new(SourceRef::new("ticket", "0"), "parts[0-0].files", LossRule::Dropped, why);
    run.ledger().add_losses(vec![lost.values("Plan =1.pdf", "")]).await.unwrap();

    let report = handoff(&run, &world.ctx()).await.unwrap();
    let further = |name: &str| report.entries.iter().find(|e| e.name == name).unwrap().further;
    assert_eq!((further("kb-files"), further("oversize-files")), (1, 1));
    let articles = csv_of(&run, "kb-files");
    assert_eq!(column(&articles, "of"), ["kb_article:5"; 3]);
    let copy = column(&articles, "copy");
    assert_eq!(
        copy,
        [format!("kb-files/{}-x-Plan-1.pdf", &shown.sha256[..12]), String::new(), String::new()]
    );
    assert_eq!(run.read(&format!("handoff/{}", copy[0])).unwrap().unwrap(), "a picture");
    let large_copy = &column(&csv_of(&run, "oversize-files"), "copy")[0];
    assert_eq!(run.read(&format!("handoff/{large_copy}")).unwrap().unwrap(), "a large file");
}

#[tokio::test]
async fn a_sheet_that_a_person_wrote_into_is_kept_and_one_that_nobody_touched_is_not_doubled() {
    let world = World::with(all_kinds());
    let (run, _) = handed_over(&world).await;
    let list = || std::fs::read_dir(run.path("handoff").unwrap()).unwrap().count();
    let before = list();
    handoff(&run, &world.ctx()).await.unwrap();
    assert_eq!(list(), before);
    std::fs::write(run.path("handoff/slas.csv").unwrap(), "mine").unwrap();
    handoff(&run, &world.ctx()).await.unwrap();
    let kept: Vec<_> = std::fs::read_dir(run.path("handoff").unwrap())
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.display().to_string().contains("slas.until-"))
        .collect();
    assert_eq!((kept.len(), list()), (1, before + 1));
    assert_eq!(std::fs::read_to_string(&kept[0]).unwrap(), "mine");
}

#[tokio::test]
async fn what_people_made_is_compared_and_named() {
    let world = World::with(all_kinds());
    let (run, _) = handed_over(&world).await;
    let make = |kind: &str, fields: &[(&str, Value)]| {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        world.server.plant(MemoryObject { fields, ..MemoryObject::new("", kind) });
    };
    // Three of four are there, one of them with other words, one under its folder's name.
    let hello = "Hi {{user.first_name|fallback:\"there\"}},\n\na & b";
    make("macro", &[("name", "greetings: hello".into()), ("text", hello.into())]);
    make("macro", &[("name", "=Bye".into()), ("text", "Bye, bye".into())]);
    make("macro", &[("name", "Loyal".into()), ("text", "You are %Loyalty.Tier%; =1+1".into())]);
    let ada = Value::List(vec![Value::Link(Link::Remote(RemoteRef::new(
        "admin",
        world.server.objects().iter().find(|o| o.kind == "admin").unwrap().id.clone(),
    )))]);
    make("team", &[("name", "Billing".into()), ("members", ada)]);
    make("team", &[("name", "second LINE".into()), ("members", Value::List(Vec::new()))]);

    let report = handoff_check(&run, &world.desk, &world.ctx()).await.unwrap();
    let line = |name: &str| report.entries.iter().find(|e| e.name == name).unwrap();
    assert_eq!(line("macros").line(), "2 equal, 1 different, 1 missing");
    assert!(line("macros").differing[0].starts_with("=Bye (standard_response:2)"), "{:?}", line("macros"));
    assert_eq!(line("macros").lacking, ["Hello (standard_response:4)"]);
    assert_eq!(line("teams").line(), "1 equal, 1 different, 0 missing");
    assert_eq!(line("teams").differing, ["Second line (queue:8): its members: 1 missing, 0 more"]);
    assert_eq!(line("ticketbox-teams").lacking, ["Alone (ticketbox:2)"]);
    assert!(line("slas").not_shown);
    assert!(line("schema").missing > 5 && line("schema").equal == 0, "nothing is provisioned yet");
    assert_eq!(report.exit.code(), 4);
    let saved = run.read("reports/handoff-check.json").unwrap().unwrap();
    assert!(!saved.contains("Bye, bye"), "no text");

    provision(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    let again = handoff_check(&run, &world.desk, &world.ctx()).await.unwrap();
    let schema = again.entries.iter().find(|e| e.name == "schema").unwrap();
    assert_eq!((schema.different, schema.missing), (0, 0), "{schema:?}");
    // Hand-offs can be written again after a load, too.
    map(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    plan(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    approve(&run, &ApproveOptions::by("Ada").acknowledge_all(), &world.ctx()).await.unwrap();
    apply(&run, &world.desk, &Default::default(), &world.ctx()).await.unwrap();
    handoff(&run, &world.ctx()).await.unwrap();
}
