//! The pages and sheets that people read after a real run, and what they write back.

use crate::bench::{Bench, apply, pilot, verify};
use serde_json::Value;
use std::fs;

/// Elements of HTML that have no end.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    "!doctype",
];

/// A tag: its name, its attributes, and whether it opens, closes or does both.
fn tags(page: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        // A `>` within quotes ends nothing.
        let (mut quote, mut end) = (None, None);
        for (place, c) in rest.char_indices() {
            match (quote, c) {
                (None, '"' | '\'') => quote = Some(c),
                (Some(open), c) if c == open => quote = None,
                (None, '<') => panic!("a tag within a tag: <{}", &rest[..place]),
                (None, '>') => {
                    end = Some(place);
                    break;
                }
                _ => {}
            }
        }
        let end = end.expect("a tag without an end");
        let (inside, after) = rest.split_at(end);
        let name: String = inside.chars().take_while(|c| !c.is_whitespace()).collect();
        all.push((name.to_lowercase(), inside[name.len()..].to_owned()));
        rest = &after[1..];
        if let Some(raw) = ["style", "script"].iter().find(|raw| **raw == name) {
            rest = &rest[rest.find(&format!("</{raw}")).expect("it ends")..];
        }
    }
    all
}

/// Every element that is opened is closed, in order, and the page is one document.
fn assert_well_formed(page: &str) {
    assert!(page.to_lowercase().starts_with("<!doctype html>"));
    let mut open: Vec<String> = Vec::new();
    for (name, attributes) in tags(page) {
        if VOID.contains(&name.as_str()) || attributes.ends_with('/') || name.ends_with('/') {
            continue;
        }
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop().as_deref(), Some(closed), "within {open:?}"),
            None => open.push(name),
        }
    }
    assert_eq!(open, Vec::<String>::new(), "left open");
}

/// Nothing is fetched, run or sent.
fn assert_alone(page: &str) {
    for (name, attributes) in tags(page) {
        let loads = ["script", "link", "iframe", "object", "embed", "base", "form", "audio", "video", "img"];
        assert!(!loads.contains(&name.as_str()), "<{name}{attributes}>");
        // A pattern of the page itself is no address.
        let lower = attributes.to_lowercase().replace("url(#", "");
        for word in
            [" src=", " srcset=", " action=", " onclick=", " onload=", " onerror=", "javascript:", "url("]
        {
            assert!(!lower.contains(word), "<{name}{attributes}>");
        }
        if let Some((_, to)) = lower.split_once("href=") {
            assert!(to.trim_start_matches(['"', '\'']).starts_with('#'), "<{name}{attributes}>");
        }
    }
    let style = page.split("<style>").nth(1).and_then(|it| it.split("</style>").next()).unwrap_or_default();
    assert!(!style.contains("@import") && !style.contains("url("), "{style}");
    let policy =
        page.contains("http-equiv=\"Content-Security-Policy\"") && page.contains("default-src 'none'");
    assert!(policy, "a browser is told so, too");
}

/// Drawings with a name for those who don't see them.
fn charts(page: &str) -> usize {
    let all: Vec<_> = tags(page).into_iter().filter(|(name, _)| name == "svg").collect();
    for (_, attributes) in &all {
        assert!(attributes.contains("aria-") || attributes.contains("role="), "{attributes}");
    }
    all.len()
}

#[test]
fn the_pages_of_a_plan_and_of_a_run_stand_alone_are_well_formed_and_show_charts() {
    let bench = Bench::generated(11, 30);
    bench.planned();
    bench.process(&["report"]).assert(0, &[]);
    let plan = fs::read_to_string(bench.dir.join("plan.html")).unwrap();
    bench.done(&apply());
    bench.carry_out(&verify()).unwrap();
    bench.process(&["report"]).assert(0, &["report.html"]);
    let report = fs::read_to_string(bench.dir.join("reports/report.html")).unwrap();
    for (name, page) in [("plan", &plan), ("report", &report)] {
        assert_well_formed(page);
        assert_alone(page);
        assert!(charts(page) >= 2, "{name}: {} charts", charts(page));
    }
    // What it says is what the run says.
    let (number, label) = bench.newest_batch();
    let tickets = bench.report(&format!("apply-{number}"))["phases"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|it| (it["kind"] == "conversation").then(|| it["applied"].as_u64().unwrap()));
    assert_eq!(tickets, Some(bench.intercom.state().conversations));
    assert!(report.contains(&label) && report.contains(&format!(">{}<", tickets.unwrap())), "{label}");
}

/// Fills the sheet of a pilot in as a spreadsheet saves it: with a mark at its start, semicolons between the cells.
fn fill_in(
    bench: &Bench,
    number: u64,
    verdict: impl Fn(usize, &str) -> (&'static str, &'static str),
) -> usize {
    let path = bench.dir.join(format!("review/pilot-{number}.csv"));
    let text = fs::read_to_string(&path).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = if text.lines().next().unwrap().contains(';') { b';' } else { b',' };
    let mut lines = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(text.as_bytes());
    let head = lines.headers().unwrap().clone();
    let column = |name: &str| head.iter().position(|it| it == name).unwrap();
    let mut out = csv::WriterBuilder::new().delimiter(b';').from_writer("\u{feff}".as_bytes().to_vec());
    out.write_record(&head).unwrap();
    let mut count = 0;
    for line in lines.records() {
        let mut cells: Vec<String> = line.unwrap().iter().map(str::to_owned).collect();
        let (word, remark) = verdict(count, &cells[column("record")]);
        cells[column("verdict")] = word.to_owned();
        cells[column("remark")] = remark.to_owned();
        out.write_record(&cells).unwrap();
        count += 1;
    }
    fs::write(&path, out.into_inner().unwrap()).unwrap();
    count
}

#[test]
fn the_sheet_of_a_pilot_that_a_person_filled_in_is_read_back_and_survives_being_written_again() {
    let bench = Bench::generated(11, 30);
    bench.planned();
    bench.done(&pilot(10));
    let (number, _) = bench.newest_batch();
    bench.process(&["review"]).assert(0, &[&format!("pilot-{number}.csv"), &format!("pilot-{number}.xlsx")]);
    bench.process(&["review", "--read"]).assert(3, &["0 accepted, 0 rejected, 0 unclear"]);

    let remark = "RemarkMark7Q: the customer's name; it is wrong";
    let verdicts = |place: usize, _: &str| match place {
        0 => ("rejected", remark),
        1 => ("hm", ""),
        2 => ("", ""),
        3 => ("OK", "fine; mostly"),
        _ => ("yes", ""),
    };
    let count = fill_in(&bench, number, verdicts);
    assert!(count > 10, "{count} records");
    let said = bench.process(&["review", "--read"]);
    let first = format!("{} accepted, 1 rejected, 1 unclear, 1 open", count - 3);
    said.assert(4, &[&first, remark]);
    let report = bench.report(&format!("review-{number}"));
    assert_eq!(report["accepted"], count - 3);
    assert_eq!(report["strange"], Value::Array(Vec::new()));
    assert_eq!(report["rejected"].as_array().unwrap().len(), 1);
    assert!(!report.to_string().contains("RemarkMark7Q"), "a remark may quote a customer");

    // Written again, the sheet keeps what the person wrote.
    bench.process(&["review"]).assert(0, &[&format!("{} verdicts carried over", count - 1)]);
    bench.process(&["review", "--read"]).assert(4, &[&first, remark]);
    fill_in(&bench, number, |_, _| ("ok", ""));
    bench
        .process(&["review", "--read"])
        .assert(0, &[&format!("{count} accepted, 0 rejected, 0 unclear, 0 open")]);
}
