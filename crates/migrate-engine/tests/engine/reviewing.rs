//! `review`: the pilot's sheet, and what people wrote into it.

use crate::desk::{World, records};
use mapping_core::model::{Extra, Queue, QueueMember, Record};
use migrate_engine::{ApplyOptions, ReviewOptions, Run, apply, review, review_read};

fn with_queue() -> Vec<Record> {
    let mut all = records(8);
    all.push(Record::from(Queue {
        id: "7".into(),
        name: "=cmd();-Billing".into(),
        ticketboxes: Vec::new(),
        members: vec![QueueMember { agent: "1".into(), max_tickets: None }],
        max_tickets: None,
        rules: Vec::new(),
        extra: Extra::new(),
    }));
    for record in &mut all {
        if let Record::Ticket(ticket) = record {
            ticket.queue = Some("7".into());
        }
    }
    all
}

async fn pilot(world: &World) -> Run {
    let (run, _) = world.planned().await;
    apply(&run, &world.desk, &ApplyOptions::default().pilot(3), &world.ctx()).await.unwrap();
    run
}

#[tokio::test]
async fn the_sheet_has_a_line_for_every_record_of_the_pilot_and_no_formula() {
    let world = World::with(with_queue());
    let run = pilot(&world).await;
    let report = review(&run, Some(&world.desk), &ReviewOptions::default(), &world.ctx()).unwrap();
    assert_eq!(report.batch, 2);
    let text = std::fs::read_to_string(&report.files[0]).unwrap();
    let rows: Vec<csv::StringRecord> =
        csv::Reader::from_reader(text.as_bytes()).records().map(Result::unwrap).collect();
    assert_eq!(rows.len() as u64, report.records);
    let tickets: Vec<_> = rows.iter().filter(|r| r[0].starts_with("ticket:")).collect();
    assert!(tickets.len() >= 3 && tickets.iter().all(|r| r[4].starts_with("https://Acme-desk.test/")));
    assert!(tickets.iter().all(|r| &r[6] == "Email" && &r[7] == "'=cmd();'-Billing"), "{text}");
    assert!(tickets.iter().all(|r| &r[9] == "Ada" && r[11].parse::<u64>().unwrap() >= 1));
    // Parted by semicolons too, no cell begins as a formula does.
    let pieces = text.lines().flat_map(|l| l.split([',', ';'])).map(|p| p.trim_start_matches(['"', ' ']));
    for piece in pieces {
        assert!(!piece.starts_with(['=', '+', '-', '@']), "{piece}");
    }
    let teams = std::fs::read_to_string(&report.files[1]).unwrap();
    assert!(teams.contains("agent:1") && teams.contains("queue:7"), "{teams}");
    #[cfg(unix)]
    for file in &report.files {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
    }
    #[cfg(feature = "xlsx")]
    assert!(std::fs::read(&report.files[2]).unwrap().starts_with(b"PK"));
}

#[tokio::test]
async fn verdicts_are_read_back_and_never_overwritten() {
    let world = World::with(with_queue());
    let run = pilot(&world).await;
    let report = review(&run, Some(&world.desk), &ReviewOptions::default(), &world.ctx()).unwrap();
    let text = std::fs::read_to_string(&report.files[0]).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = reader.headers().unwrap().clone();
    let mut out = csv::WriterBuilder::new().delimiter(b';').from_writer(vec![0xef, 0xbb, 0xbf]);
    out.write_record(&head).unwrap();
    for (place, row) in reader.records().enumerate() {
        let mut cells: Vec<String> = row.unwrap().iter().map(str::to_owned).collect();
        (cells[16], cells[17]) = match place {
            0 => ("no".into(), "the name of Eve is wrong".into()),
            1 => (String::new(), String::new()),
            2 => ("hm".into(), String::new()),
            _ => ("OK".into(), String::new()),
        };
        out.write_record(&cells).unwrap();
    }
    std::fs::write(&report.files[0], out.into_inner().unwrap()).unwrap();

    let read = review_read(&run, &ReviewOptions::default(), &world.ctx()).unwrap();
    assert_eq!(read.exit.code(), 4);
    assert_eq!((read.rejected.len(), read.open, read.unclear.len()), (1, 1, 1));
    assert_eq!(read.accepted, report.records - 3);
    assert!(read.strange.is_empty(), "{:?}", read.strange);
    assert_eq!(read.rejected[0].remark.as_str(), "the name of Eve is wrong");
    let kept = run.read("reports/review-2.json").unwrap().unwrap();
    assert!(kept.contains("rejected") && !kept.contains("Eve"), "remarks stay in review/");

    let again = review(&run, Some(&world.desk), &ReviewOptions::default(), &world.ctx()).unwrap();
    assert_eq!(again.carried, report.records - 1, "what a person wrote is carried over");
    assert_eq!(review_read(&run, &ReviewOptions::default(), &world.ctx()).unwrap(), read);
}

#[tokio::test]
async fn a_line_whose_record_a_spreadsheet_has_spoiled_is_kept_beside() {
    let world = World::with(with_queue());
    let run = pilot(&world).await;
    let report = review(&run, None, &ReviewOptions::default(), &world.ctx()).unwrap();
    let text = std::fs::read_to_string(&report.files[0]).unwrap();
    let spoiled =
        text.replacen("ticket:", "#NAME?", 1).replacen(",not verified,,", ",not verified,no,mind me", 1);
    std::fs::write(&report.files[0], spoiled).unwrap();
    review(&run, None, &ReviewOptions::default(), &world.ctx()).unwrap();
    let sheets = std::fs::read_dir(run.dir().join("review")).unwrap().map(|e| e.unwrap().path());
    let kept = sheets.filter(|p| p.to_string_lossy().contains(".until-"));
    let texts: Vec<String> = kept.filter_map(|p| std::fs::read_to_string(p).ok()).collect();
    assert!(texts.iter().any(|t| t.contains("#NAME?") && t.contains("mind me")), "{texts:?}");
}

#[tokio::test]
async fn without_a_pilot_there_is_nothing_to_review() {
    let world = World::new();
    let (run, _) = world.planned().await;
    let none = review(&run, None, &ReviewOptions::default(), &world.ctx()).unwrap_err();
    assert_eq!(none.exit.code(), 9);
}
