//! `plan.html` and `reports/report.html`: one file each, no network, no script, no customer text.

mod chart;
mod page;
mod plan;
mod report;
mod volume;

pub(crate) use plan::plan_page;
pub(crate) use report::report_page;

use self::chart::{bars, columns};
use self::page::{Page, Todo, count, many};
use self::volume::Volume;
use crate::drafts::{Inputs, mapping_of};
use crate::{Failure, LossCount, PlanReport, Run};
use mapping_core::Quota;
use mapping_core::mapping::Acknowledgement;
use std::collections::BTreeMap;

/// The quota of calls that the destination stated when the plan was made.
fn quota(run: &Run) -> Result<Option<Quota>, Failure> {
    let Some(head) = run.ledger().plan()? else { return Ok(None) };
    let inputs: Option<Inputs> = serde_json::from_str(&head.inputs).ok();
    Ok(inputs.and_then(|inputs| inputs.catalog.quota))
}

/// What nothing can silence and nobody has taken note of yet, as `apply` asks for it.
fn acknowledgements(run: &Run) -> Result<Vec<Todo>, Failure> {
    let standing = run.ledger().plan()?.and_then(|head| crate::verbs::approve::standing(run, &head).ok());
    let all = standing.map(|s| s.acknowledgements).unwrap_or_default();
    let noted = |id: &str| all.iter().any(|a| a.id == id && a.by.is_some());
    let mapping = mapping_of(run)?;
    let open = mapping.acknowledgements().iter().filter(|a| !noted(&a.id));
    let todo = |a: &Acknowledgement| {
        let at = if a.place.is_empty() { String::new() } else { format!(" Where: {}.", a.place) };
        Todo::warn(format!("To be acknowledged by name: {}", a.id), format!("{}{at}", a.text))
    };
    Ok(open.map(todo).collect())
}

/// Tickets by month, channel and queue.
fn volumes(page: &mut Page, volume: &Volume) {
    let (unit, over_time) = volume.over_time();
    if !over_time.is_empty() {
        let most = over_time.iter().max_by_key(|(_, n)| *n).cloned().unwrap_or_default();
        let mut summary = format!(
            "{} created between {} and {}; the most in {}: {}.",
            many(volume.tickets - volume.undated, "ticket", "tickets"),
            over_time.first().map_or("", |c| c.0.as_str()),
            over_time.last().map_or("", |c| c.0.as_str()),
            most.0,
            count(most.1),
        );
        if volume.undated > 0 {
            summary.push_str(&format!(" {} without a date.", count(volume.undated)));
        }
        page.figure(&format!("Tickets by {unit}"), &summary, |page| {
            columns(page, &over_time, &summary);
            page.details("As a table", |page| {
                let rows = volume.months().map(|(month, n)| vec![month, count(n)]);
                page.table("Tickets by month", &["Month", "#Tickets"], rows);
            });
        });
    }
    for (title, name, rows) in
        [("Tickets by channel", "Channel", volume.channels()), ("Tickets by queue", "Queue", volume.queues())]
    {
        let Some((largest, _)) = rows.first() else { continue };
        let caption = format!("{}; the largest: {largest}.", many(volume.tickets, "ticket", "tickets"));
        page.figure(title, &caption, |page| bars(page, &rows, (name, title)));
    }
}

/// Calls as bars, with what the quota means for them.
fn calls(page: &mut Page, rows: &[(String, u64)], planned: u64, quota: Option<Quota>) {
    let caption = match quota.filter(|q| q.limit > 0) {
        Some(q) => {
            let windows = planned.div_ceil(q.limit.into());
            let seconds = windows.saturating_mul(q.window_seconds.into());
            format!(
                "The destination allows {} calls in {} s: at that pace the planned ones take at least {}.",
                count(q.limit.into()),
                q.window_seconds,
                page::duration(seconds)
            )
        }
        None => "The destination states no quota.".to_owned(),
    };
    page.figure("Calls to the destination", &caption, |page| {
        bars(page, rows, ("What", "Calls to the destination"));
    });
}

/// Losses by kind as bars, and by field as a table.
fn losses(page: &mut Page, losses: &BTreeMap<String, u64>, by_field: &[LossCount]) {
    if losses.is_empty() {
        return page.verdict(page::Tone::Good, "Everything moves as it is.");
    }
    let mut rows: Vec<(String, u64)> = losses.iter().map(|(rule, n)| (rule.clone(), *n)).collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let total = rows.iter().map(|r| r.1).sum();
    let caption = format!(
        "{}, by what happened to the value. Each is in the database with its record, before and after.",
        many(total, "loss", "losses")
    );
    page.figure("What can’t be kept as it is", &caption, |page| {
        bars(page, &rows, ("Kind of loss", "Losses by kind"));
        page.0.push_str(LOSS_WORDS);
    });
    if !by_field.is_empty() {
        page.details("By field and reason", |page| {
            let rows = by_field.iter().map(|l| {
                vec![l.field.clone(), crate::verbs::plan::word(l.rule), l.why.clone(), count(l.count)]
            });
            page.table("Losses by field, the most frequent first", &["Field", "Kind", "Why", "#Count"], rows);
        });
    }
}

const LOSS_WORDS: &str = "<details><summary>What the kinds mean</summary><p><b>Cut</b>: made shorter. <b>Merged</b>: \
several became one, or one several. <b>Defaulted</b>: a default stands in. <b>Recast</b>: written in another form. \
<b>Dropped</b>: no place for it there. <b>Refused</b>: the destination would not take it. <b>Clamped</b>: a time was \
moved into the possible range. <b>Skipped</b>: left out by a rule. <b>Added</b>: not at the source.</p></details>";

/// The sums of the plan: everything staged is somewhere.
fn sums(page: &mut Page, plan: &PlanReport) {
    let rows = plan.sums.iter().map(|(kind, n)| {
        let agrees = if n.agrees() { "yes" } else { "NO" };
        let figures = [n.staged, n.planned, n.skipped, n.not_linked, n.quarantined, n.reference].map(count);
        [kind.clone()].into_iter().chain(figures).chain([agrees.to_owned()]).collect()
    });
    let head =
        ["Kind", "#Staged", "#Planned", "#Left out", "#Not linked", "#Quarantined", "#Reference", "Agrees"];
    page.table("Records of the source: what is staged equals the rest", &head, rows);
}

/// What is planned, by kind of the destination.
fn kinds(page: &mut Page, plan: &PlanReport) {
    let planned = plan.order.iter().filter_map(|kind| Some((kind, plan.kinds.get(kind)?)));
    let rows = planned.filter(|(_, k)| k.drafts > 0).map(|(kind, k)| {
        let named = [format!("{} → {kind}", k.from), k.row.clone(), k.fidelity.clone()];
        let figures = [k.drafts, k.records, k.parts, k.files, k.calls, k.floor].map(count);
        named.into_iter().chain(figures).collect()
    });
    let head =
        ["From → to", "Row", "Fidelity", "#Objects", "#Records", "#Parts", "#Files", "#Calls", "#At least"];
    page.table("Objects to be written, in the order of writing", &head, rows);
}
