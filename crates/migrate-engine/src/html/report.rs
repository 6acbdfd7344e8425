//! `reports/report.html`: what was done so far and what is open.

use super::chart::{Ink, Split, split_bars};
use super::page::{Page, Todo, Tone, count, many, minute, s};
use super::volume::Volume;
use super::{acknowledgements, calls, kinds, losses, quota, sums, volumes};
use crate::{ApplyReport, Failure, RollbackReport, Run, RunReport, VerifyReport};
use jiff::Timestamp;

/// The report as one page. Reads the run directory alone.
pub(crate) fn report_page(run: &Run, report: &RunReport, now: Timestamp) -> Result<String, Failure> {
    let volume = Volume::of(run)?;
    let quota = quota(run)?;
    let mut todos = todos(report);
    // After a load there is nothing left to silence.
    if report.apply.values().all(|a| a.pilot) {
        todos.extend(acknowledgements(run)?);
    }
    let state = match (todos.iter().any(|t| t.tone == Tone::Bad), todos.is_empty()) {
        (true, _) => (Tone::Bad, "Something is wrong or open"),
        (false, false) => (Tone::Warn, "Something waits for a person"),
        (false, true) => (Tone::Good, "Nothing is open"),
    };
    let into = report.plan.as_ref().map(|p| format!("Into {}. ", p.account)).unwrap_or_default();
    let lead = format!("{into}As of {}. Next: {}.", minute(now), report.status.next);
    let mut page = Page::new("Migration report", &report.status.name, &lead, state);
    page.section("What needs a person", |page| page.todos(todos));
    page.section("In figures", |page| figures(page, report));
    if report.apply.values().any(|a| !a.phases.is_empty()) {
        page.section("What was written", |page| report.apply.values().for_each(|a| batch(page, a)));
    }
    if let Some(verify) = &report.verify {
        page.section("Is it the same?", |page| verified(page, verify));
    }
    if !report.rollback.is_empty() {
        page.section("What was taken back", |page| report.rollback.values().for_each(|r| undone(page, r)));
    }
    page.section("Do the sums agree?", |page| {
        extract(page, report);
        if let Some(plan) = &report.plan {
            sums(page, plan);
        }
    });
    if volume.tickets > 0 {
        page.section("What moves", |page| volumes(page, &volume));
    }
    if let Some(plan) = &report.plan {
        page.section("What it costs", |page| {
            let mut rows = vec![
                ("At least (what the API allows)".to_owned(), plan.floor),
                ("Planned".to_owned(), plan.calls),
                ("At worst".to_owned(), plan.calls_worst),
            ];
            rows.extend(
                report.apply.values().map(|a| (format!("Made by the last apply of {}", a.label), a.calls)),
            );
            calls(page, &rows, plan.calls, quota);
        });
    }
    page.section("What is lost", |page| {
        losses(page, &report.losses, report.plan.as_ref().map_or(&[], |p| &p.losses_by_field));
    });
    page.section("Quarantine", |page| quarantine(page, report));
    page.section("Details", |page| details(page, report));
    Ok(page.end())
}

fn todos(report: &RunReport) -> Vec<Todo> {
    let mut todos = Vec::new();
    if let Some(extract) = &report.extract
        && !extract.shortfalls.is_empty()
    {
        let what =
            format!("{} of the source do not agree", many(extract.shortfalls.len() as u64, "sum", "sums"));
        todos.push(match &extract.accepted_by {
            Some(_) => Todo::warn(what, "a person accepted that; see below"),
            None => Todo::bad(what, "extract again, or accept it by name"),
        });
    }
    if let Some(plan) = &report.plan {
        todos.extend(plan.blockers.iter().map(|b| Todo::bad("Blocks apply", b.as_str())));
    }
    for apply in report.apply.values().filter(|a| !report.rollback.contains_key(&a.batch)) {
        if let Some(why) = &apply.stopped {
            todos.push(Todo::bad(format!("{} was stopped", apply.label), why.as_str()));
        }
        let unknown: u64 = apply.phases.iter().map(|p| p.unknown).sum();
        if unknown > 0 {
            let what = format!("{} of unknown outcome in {}", many(unknown, "call", "calls"), apply.label);
            todos
                .push(Todo::bad(what, "look at the destination: a call may have landed; see the quarantine"));
        }
    }
    if let Some(verify) = &report.verify {
        let open = verify.different.saturating_sub(verify.accepted);
        if open > 0 {
            let what = format!("{} at the destination", many(open, "field differs", "fields differ"));
            todos.push(Todo::bad(what, "see below; mend it there, or correct the map"));
        }
        if !verify.unreadable.is_empty() {
            let n = verify.unreadable.len() as u64;
            todos.push(Todo::warn(format!("{} could not be read back", many(n, "record", "records")), ""));
        }
    }
    if report.status.quarantined > 0 {
        let what = format!("{} in the quarantine", many(report.status.quarantined, "record", "records"));
        todos.push(Todo::warn(what, "each is listed below with its reason and what to do"));
    }
    let kept: u64 = report.rollback.values().map(|r| r.kept_count).sum();
    if kept > 0 {
        let what = format!("{} after a rollback", many(kept, "record stays", "records stay"));
        todos.push(Todo::warn(what, "see below for each one’s reason"));
    }
    todos
}

fn figures(page: &mut Page, report: &RunReport) {
    let staged: u64 = report.status.staged.values().sum();
    let mut figures = vec![("Records read", count(staged))];
    if let Some(plan) = &report.plan {
        figures.push(("Objects planned", count(plan.kinds.values().map(|k| k.drafts).sum())));
    }
    let there = report.apply.values().filter(|a| !report.rollback.contains_key(&a.batch));
    let applied: u64 = there.map(ApplyReport::applied).sum();
    figures.push(("Written, batch marks included", count(applied)));
    if let Some(verify) = &report.verify {
        figures.push(("Fields compared", count(verify.compared)));
        figures.push(("Fields that differ", count(verify.different)));
    }
    figures.push(("Losses", count(report.losses.values().sum())));
    figures.push(("In the quarantine", count(report.status.quarantined)));
    page.figures(&figures);
}

const PHASES: [(&str, Ink); 5] = [
    ("created", Ink::Plain),
    ("matched", Ink::Hatched),
    ("quarantined", Ink::Upright),
    ("unknown", Ink::Crossed),
    ("open", Ink::Empty),
];

fn batch(page: &mut Page, apply: &ApplyReport) {
    let planned = objects(&apply.phases);
    let agree = apply.phases.iter().all(crate::PhaseSum::agrees);
    let caption = format!(
        "{}{}, each bar one kind. {} planned for it, {} at least.{}",
        many(planned, "object", "objects"),
        if apply.pilot { ", a pilot" } else { "" },
        many(apply.calls_planned, "call", "calls"),
        count(apply.floor),
        if agree { "" } else { " THE SUMS DISAGREE." }
    );
    page.figure(&format!("Batch {}: {}", apply.batch, apply.label), &caption, |page| {
        let rows: Vec<Split> = apply.phases.iter().map(split).collect();
        split_bars(page, &rows, &PHASES);
        page.details("As a table", |page| {
            let rows = apply.phases.iter().map(|p| {
                let figures = [p.planned, p.applied, p.matched, p.quarantined, p.unknown, p.open].map(count);
                let agrees = if p.agrees() { "yes" } else { "NO" };
                [p.kind.clone()].into_iter().chain(figures).chain([agrees.to_owned()]).collect()
            });
            let head = [
                "Kind",
                "#Planned",
                "#Applied",
                "#of these matched",
                "#Quarantined",
                "#Unknown",
                "#Open",
                "Agrees",
            ];
            page.table(&format!("Objects of {}", apply.label), &head, rows);
        });
    });
    if let Some(why) = &apply.stopped {
        page.verdict(Tone::Bad, &format!("Stopped: {why}"));
    }
}

/// Objects of a batch: those of a later pass are some of the first one's.
fn objects(phases: &[crate::PhaseSum]) -> u64 {
    phases.iter().filter(|p| p.pass == 0).map(|p| p.planned).sum()
}

fn split(p: &crate::PhaseSum) -> Split {
    let pieces = vec![p.applied.saturating_sub(p.matched), p.matched, p.quarantined, p.unknown, p.open];
    Split { name: p.kind.clone(), pieces }
}

fn verified(page: &mut Page, verify: &VerifyReport) {
    let good = verify.different == verify.accepted && verify.unreadable.is_empty();
    let accepted = match verify.accepted {
        0 => String::new(),
        n => format!(" ({} accepted by name)", count(n)),
    };
    let line = format!(
        "{} compared: {} equal, {} different{accepted}; {} compared while they were written.",
        many(verify.compared, "field", "fields"),
        count(verify.equal),
        count(verify.different),
        many(verify.compared_while_writing, "part", "parts"),
    );
    page.verdict(if good { Tone::Good } else { Tone::Bad }, &line);
    if !verify.differences.is_empty() {
        let rows = verify.differences.iter().map(|d| {
            vec![s(&d.record), d.target.as_ref().map(s).unwrap_or_default(), d.field.clone(), d.how.clone()]
        });
        page.table("Fields that differ", &["Record", "Object", "Field", "Difference"], rows);
    }
    if !verify.unreadable.is_empty() {
        let rows = verify.unreadable.iter().map(|line| vec![line.clone()]);
        page.table("Records that could not be read", &["Record and reason"], rows);
    }
    page.details("Records compared, by kind", |page| {
        let rows = verify.records.iter().map(|(kind, n)| vec![kind.clone(), count(*n)]);
        page.table("Records compared", &["Kind", "#Records"], rows);
    });
}

fn undone(page: &mut Page, undone: &RollbackReport) {
    page.paragraph(&format!("Rollback of {}:", undone.label));
    let rows = undone.undone.iter().map(|(kind, n)| vec![kind.clone(), count(*n)]);
    page.table("Taken back", &["Kind", "#Objects"], rows);
    if undone.kept_count > 0 {
        let rows = undone.kept.iter().map(|k| vec![s(&k.record), k.why.clone()]);
        page.table("What stays", &["Record", "Why"], rows);
    }
}

fn extract(page: &mut Page, report: &RunReport) {
    let Some(extract) = &report.extract else {
        return page.paragraph("Nothing was read from the source yet.");
    };
    let rows = extract.kinds.iter().map(|(kind, n)| {
        let declared = n.declared.map_or("–".to_owned(), count);
        vec![kind.clone(), count(n.staged), declared, count(n.bad), count(n.repeated)]
    });
    let head = ["Kind", "#Read", "#Declared", "#Unreadable", "#Came twice"];
    page.table("Read from the source", &head, rows);
    match (&extract.shortfalls[..], &extract.accepted_by) {
        ([], _) => page.verdict(Tone::Good, "Everything that the source declares was read."),
        (short, accepted) => {
            let who = accepted.as_ref().map_or("Not accepted yet".to_owned(), |w| format!("Accepted by {w}"));
            let tone = if accepted.is_some() { Tone::Warn } else { Tone::Bad };
            page.verdict(tone, &format!("{} do not agree. {who}.", many(short.len() as u64, "sum", "sums")));
            let rows = short.iter().map(|f| vec![f.what.clone(), s(f.expected), s(f.found)]);
            page.table("Sums that do not agree", &["What", "#Expected", "#Found"], rows);
        }
    }
}

fn quarantine(page: &mut Page, report: &RunReport) {
    if report.quarantine.is_empty() {
        return page.verdict(Tone::Good, "Empty.");
    }
    let rows =
        report.quarantine.iter().map(|q| vec![s(&q.record), q.phase.clone(), q.why.clone(), q.todo.clone()]);
    let caption = many(report.status.quarantined, "record", "records");
    page.table(&caption, &["Record", "Phase", "Why", "What to do"], rows);
}

fn details(page: &mut Page, report: &RunReport) {
    if report.approvals.is_empty() {
        page.paragraph("Nothing was approved yet.");
    } else {
        let rows = report.approvals.iter().map(|line| line.split(" · ").map(str::to_owned).collect());
        page.table("The chain of approvals", &["When", "What", "By", "Hash"], rows);
    }
    if let Some(plan) = &report.plan {
        page.details("What was planned", |page| kinds(page, plan));
    }
    if let Some(extract) = &report.extract
        && !extract.unmapped.is_empty()
    {
        page.details("Elements that nobody knows, kept with their records", |page| {
            let rows = extract.unmapped.iter().map(|(path, n)| vec![path.clone(), count(*n)]);
            page.table("Unknown elements", &["Path", "#Count"], rows);
        });
    }
    page.details("Batches", |page| {
        let rows = report
            .status
            .batches
            .iter()
            .map(|b| vec![b.label.clone(), b.kind.clone(), b.state.clone(), count(objects(&b.phases))]);
        page.table("All batches", &["Label", "For", "State", "#Objects"], rows);
    });
}
