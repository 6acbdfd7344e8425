//! `plan.html`: what will be written, for the person who approves it.

use super::page::{Page, Todo, Tone, count, duration, many, minute};
use super::volume::Volume;
use super::{acknowledgements, calls, kinds, losses, quota, sums, volumes};
use crate::{Failure, PlanReport, Run};

/// The plan as one page. Reads the run directory alone.
pub(crate) fn plan_page(run: &Run, plan: &PlanReport) -> Result<String, Failure> {
    let volume = Volume::of(run)?;
    let quota = quota(run)?;
    let todos = todos(run, plan)?;
    let objects: u64 = plan.kinds.values().map(|k| k.drafts).sum();
    let blocked = !plan.blockers.is_empty() || plan.sums.values().any(|s| !s.agrees());
    let state = match (blocked, todos.is_empty()) {
        (true, _) => (Tone::Bad, "Blocked: something must be settled before apply"),
        (false, false) => (Tone::Warn, "Waits for a person: see below"),
        (false, true) => (Tone::Good, "Ready for approval"),
    };
    let lead = format!(
        "Into {}. Made {}. Digest {}.",
        plan.account,
        minute(plan.made_at),
        plan.digest.get(..12).unwrap_or(&plan.digest)
    );
    let mut page = Page::new("Migration plan", &run.config().name, &lead, state);
    page.section("What needs a person", |page| page.todos(todos));
    page.section("In figures", |page| {
        let mut figures = vec![("Objects to write", count(objects)), ("Calls planned", count(plan.calls))];
        if let Some(seconds) = plan.seconds {
            figures.push(("At the quota, at least", duration(seconds)));
        }
        figures.push(("Losses", count(plan.losses.values().sum())));
        figures.push(("In the quarantine", count(plan.quarantined)));
        if plan.applied_before > 0 {
            figures.push(("Written before", count(plan.applied_before)));
        }
        page.figures(&figures);
        kinds(page, plan);
    });
    page.section("Do the sums agree?", |page| sums(page, plan));
    page.section("What moves", |page| volumes(page, &volume));
    page.section("What it costs", |page| {
        let rows = [
            ("At least (what the API allows)".to_owned(), plan.floor),
            ("Planned".to_owned(), plan.calls),
            ("At worst".to_owned(), plan.calls_worst),
        ];
        calls(page, &rows, plan.calls, quota);
    });
    page.section("What is lost", |page| losses(page, &plan.losses, &plan.losses_by_field));
    page.section("Details", |page| {
        page.details("Examples to look at with explain", |page| {
            let rows = plan.kinds.iter().filter(|(_, k)| !k.samples.is_empty()).map(|(kind, k)| {
                let names: Vec<String> = k.samples.iter().map(ToString::to_string).collect();
                vec![kind.clone(), names.join(", ")]
            });
            page.table("Some records of each kind", &["Kind", "Records"], rows);
        });
        page.paragraph(&format!("Full digest: {}", plan.digest));
        page.paragraph(&format!("Written as {} {}.", plan.dialect.name, plan.dialect.version));
    });
    Ok(page.end())
}

fn todos(run: &Run, plan: &PlanReport) -> Result<Vec<Todo>, Failure> {
    let mut todos: Vec<Todo> = plan.blockers.iter().map(|b| Todo::bad("Blocks apply", b.as_str())).collect();
    let broken = plan.sums.iter().filter(|(_, s)| !s.agrees());
    todos.extend(
        broken.map(|(kind, _)| Todo::bad(format!("The sums of {kind} disagree"), "nothing may be written")),
    );
    for ((phase, kind), n) in run.ledger().quarantine_counts()? {
        if phase != "plan" && phase != "extract" {
            continue;
        }
        let what = format!("{} of {kind} in the quarantine ({phase})", many(n, "record", "records"));
        todos.push(Todo::warn(
            what,
            "mend the cause, or leave them out by skip.csv; report lists each with its reason",
        ));
    }
    todos.extend(acknowledgements(run)?);
    Ok(todos)
}
