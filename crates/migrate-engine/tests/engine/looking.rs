//! `explain`, `trace` and `idmap`: what can be said of a record from the run directory alone.

use crate::desk::{World, records};
use mapping_core::model::{Record, Ticket};
use migrate_engine::{ApplyOptions, ExplainOptions, Run, apply, explain, idmap, trace};

/// Ticket 1 has a number that isn't its id and a name as a formula; ticket 40 was merged into it.
fn renumbered() -> Vec<Record> {
    let mut all = records(8);
    for record in &mut all {
        if let Record::Ticket(ticket) = record
            && ticket.id.as_str() == "1"
        {
            ticket.number = Some("=4711".into());
        }
    }
    let mut merged = Ticket::new("40".into());
    merged.number = Some("=4711".into());
    merged.merged_into = Some("1".into());
    all.push(merged.into());
    all
}

async fn loaded(world: &World) -> Run {
    let (run, _) = world.planned().await;
    apply(&run, &world.desk, &ApplyOptions::default(), &world.ctx()).await.unwrap();
    run
}

#[tokio::test]
async fn explain_shows_a_record_in_full_and_its_text_only_when_asked() {
    let world = World::new();
    let run = loaded(&world).await;
    let masked = explain(&run, Some(&world.desk), "ticket:4", &ExplainOptions::default()).await.unwrap();
    assert!(masked.shaped && masked.fate.starts_with("written as conversation by I1"), "{masked:#?}");
    assert_eq!(masked.parts.len(), 2);
    assert!(masked.steps.iter().map(|s| s.calls.0).sum::<u32>() >= masked.calls.0);
    assert!(masked.links.iter().all(|(_, to)| to.is_some()), "{:?}", masked.links);
    let shown = masked.lines().join("\n");
    assert!(
        !shown.contains("text 4.") && !shown.contains("Subject 4") && !shown.contains("Contact"),
        "{shown}"
    );
    let open = explain(&run, Some(&world.desk), "ticket:4", &ExplainOptions::text()).await.unwrap();
    let shown = open.lines().join("\n");
    assert!(
        shown.contains("text 4.0.") && shown.contains("text 4.1.") && shown.contains("Subject 4"),
        "{shown}"
    );

    let unshaped = explain(&run, None, "ticket:4", &ExplainOptions::default()).await.unwrap();
    assert!(!unshaped.shaped && unshaped.steps.is_empty() && !unshaped.fields.is_empty());
    let part = explain(&run, None, "message:4-1", &ExplainOptions::default()).await.unwrap();
    assert!(part.fate.contains("part of ticket:4"), "{}", part.fate);
    let left = explain(&run, None, "contact:4", &ExplainOptions::default()).await.unwrap();
    assert!(left.fate.starts_with("not written"), "{}", left.fate);
}

#[tokio::test]
async fn what_a_terminal_would_obey_is_made_visible() {
    let mut all = records(1);
    for record in &mut all {
        if let Record::Ticket(ticket) = record {
            ticket.subject = Some("a\u{1b}[31mb\u{202e}c".into());
        }
    }
    let world = World::with(all);
    let (run, _) = world.planned().await;
    let open = explain(&run, None, "ticket:0", &ExplainOptions::text()).await.unwrap();
    let shown = open.lines().join("\n");
    assert!(shown.contains("a\u{fffd}[31mb\u{fffd}c") && !shown.contains('\u{1b}'), "{shown}");
}

#[tokio::test]
async fn trace_leads_from_any_name_of_a_record_to_its_receipts() {
    let world = World::with(renumbered());
    let run = loaded(&world).await;
    let by_id = trace(&run, Some(&world.desk), "ticket:2").unwrap();
    let target = by_id.target.clone().unwrap();
    assert_eq!(by_id.url.as_deref(), Some(format!("https://Acme-desk.test/{}", target.id).as_str()));
    assert_eq!(by_id.batch.as_ref().unwrap().0, "acme-batch-2");
    assert!(by_id.steps.iter().all(|s| s.state == "applied" || s.state == "skipped"), "{:#?}", by_id.steps);
    assert_eq!(by_id.steps[0].made, Some(format!("created {target}")));
    assert_eq!(trace(&run, Some(&world.desk), &target.to_string()).unwrap(), by_id, "by its object");
    assert_eq!(trace(&run, Some(&world.desk), "2").unwrap(), by_id, "by its number");
    let shown = by_id.lines().join("\n");
    assert!(shown.contains("conversation by I1") && !shown.contains("text 2."), "{shown}");

    // Two tickets have this number since they were merged: both are named.
    let several = trace(&run, None, "=4711").unwrap_err();
    assert_eq!((several.exit.code(), several.details.len()), (2, 2), "{several}");
    let merged = trace(&run, None, "ticket:40").unwrap();
    assert_eq!(merged.record.record.to_string(), "ticket:1");
    assert_eq!(trace(&run, None, "ticket:999").unwrap_err().exit.code(), 2);

    // A second contact of one address is led to the first.
    let alias = trace(&run, None, "contact:2").unwrap();
    assert_eq!(alias.record.record.to_string(), "contact:1");
    assert_eq!(alias.aliases[0].record.to_string(), "contact:2");
}

#[tokio::test]
async fn idmap_has_a_row_for_every_record_that_something_stands_for() {
    let world = World::with(renumbered());
    let run = loaded(&world).await;
    let report = idmap(&run, Some(&world.desk), &world.ctx()).unwrap();
    let text = std::fs::read_to_string(&report.file).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let head = "kind,source_id,number,aliases,destination_kind,destination_id,destination_number,url";
    assert_eq!(text.lines().next(), Some(head));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row = |kind: &str, id: &str| rows.iter().find(|r| &r[0] == kind && &r[1] == id).unwrap();
    // Eight tickets and the merged one, three contacts that are two objects.
    assert_eq!((report.rows["ticket"], report.rows["contact"], rows.len()), (9, 3, 12));
    assert_eq!(&row("ticket", "1")[5], &row("ticket", "40")[5]);
    assert_eq!((&row("ticket", "40")[3], &row("contact", "1")[3]), ("ticket:1", "contact:2"));
    assert!(row("ticket", "3")[7].starts_with("https://Acme-desk.test/"));
    assert_eq!(&row("ticket", "1")[2], "'=4711", "no formula");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&report.file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // After a rollback nothing stands for them.
    world.roll_back(&run).await.unwrap();
    assert_eq!(idmap(&run, None, &world.ctx()).unwrap().rows.len(), 0);
}
