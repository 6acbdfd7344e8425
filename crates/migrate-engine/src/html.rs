//! The report as one HTML page: no network, no script, no customer text.

use crate::{ApplyReport, PhaseSum, PlanReport, RollbackReport, RunReport, VerifyReport};
use jiff::Timestamp;
use std::fmt::{Display, Write};

/// The most rows of a table; all are counted in `report.json`.
const ROWS: usize = 200;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}\
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ddd}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid #eee;\
vertical-align:top}th{font-weight:600;background:#f6f6f6}td.n{text-align:right;font-variant-numeric:tabular-nums}\
.good{color:#176617}.bad{color:#a11}p.small{color:#666;font-size:.85rem}code{font-size:.9em}";

/// The page. Everything that comes from a record or a platform is escaped.
pub(crate) fn page(report: &RunReport, now: Timestamp) -> String {
    let mut out = Page(String::new());
    let name = escape(&report.status.name);
    let _ = write!(
        out.0,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>Migration {name}</title>\
         <style>{STYLE}</style></head><body><h1>Migration {name}</h1>"
    );
    out.paragraph(&format!("As of {}. Next: {}.", now.strftime("%Y-%m-%d %H:%M UTC"), report.status.next));
    extract(&mut out, report);
    if let Some(plan) = &report.plan {
        plan_section(&mut out, plan);
    }
    report.apply.values().for_each(|apply| apply_section(&mut out, apply));
    if let Some(verify) = &report.verify {
        verify_section(&mut out, verify);
    }
    report.rollback.values().for_each(|undone| rollback_section(&mut out, undone));
    losses(&mut out, report);
    quarantine(&mut out, report);
    if !report.approvals.is_empty() {
        out.heading("Approvals");
        report.approvals.iter().for_each(|line| out.paragraph(line));
    }
    out.small(
        "Names, addresses and texts of people are left out: they are in the run directory's database only.",
    );
    out.0.push_str("</body></html>\n");
    out.0
}

/// A page that is being written; every method escapes what it is given.
struct Page(String);

impl Page {
    fn heading(&mut self, text: &str) {
        let _ = write!(self.0, "<h2>{}</h2>", escape(text));
    }
    fn paragraph(&mut self, text: &str) {
        let _ = write!(self.0, "<p>{}</p>", escape(text));
    }
    fn small(&mut self, text: &str) {
        let _ = write!(self.0, "<p class=\"small\">{}</p>", escape(text));
    }
    fn verdict(&mut self, good: bool, text: &str) {
        let class = if good { "good" } else { "bad" };
        let _ = write!(self.0, "<p class=\"{class}\">{}</p>", escape(text));
    }
    fn table(&mut self, head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
        self.0.push_str("<table><tr>");
        head.iter().for_each(|cell| {
            let _ = write!(self.0, "<th>{}</th>", escape(cell));
        });
        self.0.push_str("</tr>");
        for row in rows.into_iter().take(ROWS) {
            self.0.push_str("<tr>");
            for cell in row {
                let class = if cell.parse::<u64>().is_ok() { " class=\"n\"" } else { "" };
                let _ = write!(self.0, "<td{class}>{}</td>", escape(&cell));
            }
            self.0.push_str("</tr>");
        }
        self.0.push_str("</table>");
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn s(value: impl Display) -> String {
    value.to_string()
}

fn extract(out: &mut Page, report: &RunReport) {
    let Some(extract) = &report.extract else { return };
    out.heading("Read from the source");
    let rows = extract.kinds.iter().map(|(kind, n)| {
        let declared = n.declared.map_or("–".to_owned(), s);
        vec![s(kind), s(n.staged), declared, s(n.bad), s(n.repeated)]
    });
    out.table(&["Kind", "Read", "Declared", "Unreadable", "Came twice"], rows);
    match (&extract.shortfalls[..], &extract.accepted_by) {
        ([], _) => out.verdict(true, "Everything that the source declares was read."),
        (short, accepted) => {
            let who = accepted.as_ref().map_or("Not accepted yet".to_owned(), |w| format!("Accepted by {w}"));
            out.verdict(accepted.is_some(), &format!("{} sums do not agree. {who}.", short.len()));
            let rows = short.iter().map(|f| vec![s(&f.what), s(f.expected), s(f.found)]);
            out.table(&["What", "Expected", "Found"], rows);
        }
    }
    if !extract.unmapped.is_empty() {
        out.paragraph("Elements that nobody knows, kept with their records:");
        out.table(&["Path", "Count"], extract.unmapped.iter().map(|(path, n)| vec![s(path), s(n)]));
    }
}

fn plan_section(out: &mut Page, plan: &PlanReport) {
    out.heading("Plan");
    out.small(&format!("Digest {} for {}", plan.digest, plan.account));
    let rows =
        plan.order.iter().filter_map(|kind| plan.kinds.get(kind).map(|k| (kind, k))).map(|(kind, k)| {
            vec![
                s(&k.row),
                s(&k.from),
                s(kind),
                s(&k.fidelity),
                s(k.drafts),
                s(k.parts),
                s(k.files),
                s(k.calls),
                s(k.floor),
            ]
        });
    out.table(&["Row", "From", "To", "Fidelity", "Objects", "Parts", "Files", "Calls", "Floor"], rows);
    out.paragraph(&format!(
        "{} calls expected, {} at worst, {} at least; {} objects written before.",
        plan.calls, plan.calls_worst, plan.floor, plan.applied_before
    ));
    let rows = plan.sums.iter().map(|(kind, n)| {
        let agrees = if n.agrees() { "yes" } else { "NO" };
        vec![
            s(kind),
            s(n.staged),
            s(n.planned),
            s(n.skipped),
            s(n.not_linked),
            s(n.quarantined),
            s(n.reference),
            s(agrees),
        ]
    });
    let head = ["Kind", "Staged", "Planned", "Left out", "Not linked", "Quarantined", "Reference", "Agrees"];
    out.table(&head, rows);
    plan.blockers.iter().for_each(|b| out.verdict(false, b));
}

fn phases(out: &mut Page, phases: &[PhaseSum]) {
    let row = |p: &PhaseSum| {
        let agrees = if p.agrees() { "yes" } else { "NO" };
        vec![
            s(&p.kind),
            s(p.planned),
            s(p.applied),
            s(p.matched),
            s(p.quarantined),
            s(p.unknown),
            s(p.open),
            s(agrees),
        ]
    };
    let head = ["Kind", "Planned", "Applied", "of these matched", "Quarantined", "Unknown", "Open", "Agrees"];
    out.table(&head, phases.iter().map(row));
}

fn apply_section(out: &mut Page, apply: &ApplyReport) {
    out.heading(&format!("Batch {}", apply.label));
    phases(out, &apply.phases);
    out.paragraph(&format!(
        "{} calls made by the last apply; {} planned and {} at least for the batch.",
        apply.calls, apply.calls_planned, apply.floor
    ));
    if let Some(why) = &apply.stopped {
        out.verdict(false, &format!("Stopped: {why}"));
    }
}

fn verify_section(out: &mut Page, verify: &VerifyReport) {
    out.heading("Verified");
    let text = format!(
        "{} fields compared: {} equal, {} different. {} parts were compared while they were written.",
        verify.compared, verify.equal, verify.different, verify.compared_while_writing
    );
    out.verdict(verify.different == 0 && verify.unreadable.is_empty(), &text);
    if !verify.differences.is_empty() {
        let rows = verify.differences.iter().map(|d| {
            let target = d.target.as_ref().map_or(String::new(), s);
            vec![s(&d.record), target, s(&d.field), s(&d.how)]
        });
        out.table(&["Record", "Object", "Field", "Difference"], rows);
    }
    verify.unreadable.iter().take(ROWS).for_each(|line| out.verdict(false, line));
}

fn rollback_section(out: &mut Page, undone: &RollbackReport) {
    out.heading(&format!("Rollback of {}", undone.label));
    out.table(&["Kind", "Taken back"], undone.undone.iter().map(|(kind, n)| vec![s(kind), s(n)]));
    if undone.kept_count > 0 {
        out.paragraph(&format!("{} records stay:", undone.kept_count));
        out.table(&["Record", "Why"], undone.kept.iter().map(|k| vec![s(&k.record), s(&k.why)]));
    }
}

fn losses(out: &mut Page, report: &RunReport) {
    out.heading("What could not be moved as it was");
    if report.losses.is_empty() {
        return out.verdict(true, "Nothing.");
    }
    out.table(&["Kind of loss", "Count"], report.losses.iter().map(|(rule, n)| vec![s(rule), s(n)]));
    if let Some(plan) = &report.plan {
        let rows = plan
            .losses_by_field
            .iter()
            .map(|l| vec![super::verbs::plan::word(l.rule), s(&l.field), s(&l.why), s(l.count)]);
        out.table(&["Kind", "Field", "Why", "Count"], rows);
    }
}

fn quarantine(out: &mut Page, report: &RunReport) {
    out.heading("Quarantine");
    if report.quarantine.is_empty() {
        return out.verdict(true, "Empty.");
    }
    out.paragraph(&format!("{} records:", report.status.quarantined));
    let rows = report.quarantine.iter().map(|q| vec![s(&q.record), s(&q.phase), s(&q.why), s(&q.todo)]);
    out.table(&["Record", "Phase", "Why", "What to do"], rows);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::QuarantineRow;
    use mapping_core::SourceRef;

    #[test]
    fn text_from_outside_is_escaped_and_the_page_names_no_address_of_the_network() {
        let mut report = RunReport::default();
        report.quarantine.push(QuarantineRow {
            record: SourceRef::new("ticket", "<script>alert(1)</script>"),
            phase: "apply".into(),
            why: "a & b \"c\"".into(),
            todo: String::new(),
        });
        let page = page(&report, Timestamp::UNIX_EPOCH);
        assert!(!page.contains("<script>"), "{page}");
        assert!(page.contains("&lt;script&gt;") && page.contains("a &amp; b &quot;c&quot;"));
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}
