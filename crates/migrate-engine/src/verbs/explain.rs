//! `explain`: one record in full: what the map makes of it, what is written, what is lost, what it relies on.

use super::trace::LOOKED;
use crate::drafts::{BATCH, Drafts, Inputs};
use crate::{Failure, Run, locate};
use async_trait::async_trait;
use mapping_core::{
    Blob, Call, Candidate, Catalog, Change, Dialect, Draft, Error, ErrorKind, Link, Observed, Part, Progress,
    Receipt, RemoteRef, Result as CoreResult, Shaped, Sink, SourceRef, Step, Value,
};
use serde::{Deserialize, Serialize};

/// How to explain.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ExplainOptions {
    /// Show customer text: for a terminal, never for a file.
    pub text: bool,
}
impl ExplainOptions {
    /// Shows customer text.
    #[must_use]
    pub fn text() -> Self {
        ExplainOptions { text: true }
    }
}

/// A step as it is planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainedStep {
    /// The operation, in the sink's words.
    pub op: String,
    /// The part that it writes, by its place.
    pub part: Option<u32>,
    /// `overwrite`, `change` or `create`.
    pub effect: String,
    /// The pass it belongs to.
    pub pass: u8,
    /// Calls when nothing goes wrong, and at worst.
    pub calls: (u32, u32),
    /// Records that must be there before it.
    pub needs: Vec<SourceRef>,
}

/// A part of a thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainedPart {
    /// The part's name within its draft.
    pub key: String,
    /// Who may read it and who it is from: `public customer`.
    pub who: String,
    /// The author.
    pub author: String,
    /// When it was sent.
    pub at: Option<jiff::Timestamp>,
    /// Its text, masked unless asked for.
    pub body: String,
    /// Its files: name (masked unless asked for), bytes and hash.
    pub files: Vec<String>,
}

/// Something that is lost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainedLoss {
    /// The field.
    pub field: String,
    /// The kind of loss.
    pub rule: String,
    /// Why.
    pub why: String,
    /// The value before, masked unless asked for.
    pub before: Option<String>,
    /// The value after, masked unless asked for.
    pub after: Option<String>,
}

/// One record in full.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainReport {
    /// The record that was asked for.
    pub asked: String,
    /// The record that the draft is named after.
    pub record: String,
    /// Its number, when it is a ticket.
    pub number: Option<String>,
    /// Further records that the draft stands for.
    pub aliases: Vec<SourceRef>,
    /// What becomes of it: `written as conversation by I1 (lossy)`, or why it isn't written.
    pub fate: String,
    /// The draft is as the destination will hold it; `false` without a sink: as the map made it.
    pub shaped: bool,
    /// Its fields, in order of their names; texts masked unless asked for.
    pub fields: Vec<(String, String)>,
    /// Its parts.
    pub parts: Vec<ExplainedPart>,
    /// Its steps.
    pub steps: Vec<ExplainedStep>,
    /// What is lost.
    pub losses: Vec<ExplainedLoss>,
    /// Entries of the destination that it relies on.
    pub relies_on: Vec<String>,
    /// Records that it links to, each with what stands for it.
    pub links: Vec<(SourceRef, Option<RemoteRef>)>,
    /// Calls when nothing goes wrong, at worst, and the fewest that the API allows.
    pub calls: (u32, u32, u64),
}

/// Explains a record of the plan: `id` is `ticket:12`, a ticket's number, or an object of the destination. Looks at the
/// run directory alone: the map, the lists and the destination as they were when the plan was made. Without a sink the
/// draft isn't shaped and has no steps.
///
/// # Errors
/// `Guard` without a plan; `Usage` when nothing is called so, or several things are.
pub async fn explain(
    run: &Run,
    sink: Option<&dyn Sink>,
    id: &str,
    options: &ExplainOptions,
) -> Result<ExplainReport, Failure> {
    let Some(head) = run.ledger().plan()? else {
        return Err(Failure::guard("there is no plan yet; run `plan` first"));
    };
    let asked = locate::one(run, id)?;
    let mut report = ExplainReport { asked: asked.to_string(), ..ExplainReport::default() };
    let Some(row) = run.ledger().plan_row(&asked)? else {
        report.record.clone_from(&report.asked);
        report.number = locate::number_of(run, &asked)?;
        report.fate = unplanned(run, &asked)?;
        return Ok(report);
    };
    let inputs: Inputs = serde_json::from_str(&head.inputs)
        .map_err(|_| Failure::guard("the plan was made by another version of this program; plan again"))?;
    report.shaped = sink.is_some();
    let drafts = Drafts::new(run, sink.unwrap_or(&Unshaped), inputs).await?;
    let made = drafts.again(&row)?;
    let show = Show { text: options.text };
    let draft = &made.shaped.draft;
    report.record = row.record.to_string();
    report.number = locate::number_of(run, &row.record)?;
    report.aliases.clone_from(&row.aliases);
    let fidelity = drafts.mapping().objects().iter().find(|r| r.row == row.rule && r.to == row.kind);
    let fidelity = fidelity.map(|r| format!(" ({})", r.fidelity.as_str())).unwrap_or_default();
    let by = if row.rule == BATCH { "the run itself" } else { row.rule.as_str() };
    report.fate = format!("written as {} by {by}{fidelity}", row.kind);
    report.fields = draft.fields.iter().map(|(name, value)| (name.clone(), show.value(value))).collect();
    report.parts = draft.parts.iter().map(|part| show.part(part)).collect();
    report.steps = made.steps.iter().map(step).collect();
    let loss = |l: &mapping_core::Loss| ExplainedLoss {
        field: l.field.clone(),
        rule: super::plan::word(l.rule),
        why: l.why.clone(),
        before: l.before.as_ref().map(|v| show.text(v)),
        after: l.after.as_ref().map(|v| show.text(v)),
    };
    report.losses = made.losses.iter().map(loss).collect();
    report.relies_on = made.shaped.relies_on.iter().cloned().collect();
    let mut known = run.ledger().targets(&row.needs)?;
    report.links = row.needs.iter().map(|n| (n.clone(), known.remove(n))).collect();
    report.calls = (row.calls, row.calls_worst, row.floor);
    Ok(report)
}

/// Why no row of the plan stands for a record.
fn unplanned(run: &Run, record: &SourceRef) -> Result<String, Failure> {
    let quarantined = run.ledger().quarantined(LOOKED)?.into_iter().find(|q| q.record == *record);
    if let Some(q) = quarantined {
        return Ok(format!("in the quarantine since {}: {} ({})", q.phase, q.why, q.todo));
    }
    let parent = run.stage().record(record)?.and_then(|r| crate::store::parent_of(&r));
    if let Some(parent) = parent {
        return Ok(format!("moves as a part of {parent}, if that one does; explain {parent}"));
    }
    Ok("not written: left out by a rule, linked to by nothing that moves, or read for reference only"
        .to_owned())
}

fn step(step: &Step) -> ExplainedStep {
    ExplainedStep {
        op: step.op.to_string(),
        part: step.part,
        effect: format!("{:?}", step.effect).to_lowercase(),
        pass: step.pass,
        calls: (step.cost.expected, step.cost.worst),
        needs: step.needs.clone(),
    }
}

/// How values are shown.
struct Show {
    text: bool,
}

impl Show {
    /// What customers wrote; what a terminal would obey becomes visible.
    fn text(&self, text: &str) -> String {
        if !self.text {
            return format!("‹{} chars›", text.chars().count());
        }
        let harmless = |c: char| match c {
            '\n' => '\n',
            '\t' => ' ',
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        };
        text.replace("\r\n", "\n").chars().map(harmless).collect()
    }
    fn value(&self, value: &Value) -> String {
        match value {
            Value::Null => "–".to_owned(),
            Value::Bool(yes) => yes.to_string(),
            Value::Int(n) => n.to_string(),
            Value::Time(at) => at.to_string(),
            Value::Date(day) => day.to_string(),
            Value::Decimal(text) => self.text(text),
            Value::Text(text) | Value::Html(text) => self.text(text),
            Value::Link(link) => link_text(link),
            Value::List(items) => items.iter().map(|v| self.value(v)).collect::<Vec<_>>().join(", "),
            // A kind of value that came later than this page.
            _ => "‹value›".to_owned(),
        }
    }
    fn part(&self, part: &Part) -> ExplainedPart {
        let name = part.author.name.as_ref().map(|n| self.text(n));
        let author = [part.author.link.as_ref().map(link_text), name];
        ExplainedPart {
            key: part.key.clone(),
            who: format!("{:?} {:?}", part.visibility, part.role).to_lowercase(),
            author: author.into_iter().flatten().collect::<Vec<_>>().join(" "),
            at: part.at,
            body: self.text(&part.body.text),
            files: part.files.iter().map(|f| self.file(f)).collect(),
        }
    }
    fn file(&self, file: &Blob) -> String {
        let hash = file.sha256.get(..12).unwrap_or(&file.sha256);
        format!("{} ({} bytes, sha256 {hash}…)", self.text(&file.name), file.len)
    }
}

fn link_text(link: &Link) -> String {
    match link {
        Link::Source(record) => format!("→ {record}"),
        Link::Remote(at) => format!("→ {at}"),
        Link::Batch => "→ the batch's mark".to_owned(),
    }
}

impl ExplainReport {
    /// What a terminal shows, a line each.
    pub fn lines(&self) -> Vec<String> {
        let number = self.number.as_ref().map(|n| format!(" (number {n})")).unwrap_or_default();
        let mut lines = vec![format!("{}{number}", self.record), self.fate.clone()];
        if self.asked != self.record {
            lines.push(format!("asked for {}", self.asked));
        }
        if !self.aliases.is_empty() {
            let names: Vec<String> = self.aliases.iter().map(ToString::to_string).collect();
            lines.push(format!("stands for {} too", names.join(", ")));
        }
        if self.fields.is_empty() && self.parts.is_empty() {
            return lines;
        }
        if !self.shaped {
            lines.push("as the map makes it; the destination may cut or split it".to_owned());
        }
        lines.push(format!(
            "calls: {} planned, {} at worst, {} at least",
            self.calls.0, self.calls.1, self.calls.2
        ));
        lines.push("fields".to_owned());
        lines.extend(self.fields.iter().flat_map(|(name, value)| indented(name, value)));
        for (place, part) in self.parts.iter().enumerate() {
            let at = part.at.map(|at| format!(", {at}")).unwrap_or_default();
            lines.push(format!("part {place} {}: {} {}{at}", part.key, part.who, part.author));
            lines.extend(indented("text", &part.body));
            lines.extend(part.files.iter().map(|file| format!("  file: {file}")));
        }
        for (place, step) in self.steps.iter().enumerate() {
            let part = step.part.map(|p| format!(" part {p}")).unwrap_or_default();
            let needs: Vec<String> = step.needs.iter().map(ToString::to_string).collect();
            let needs =
                if needs.is_empty() { String::new() } else { format!(", needs {}", needs.join(", ")) };
            let calls = format!("{} to {} calls", step.calls.0, step.calls.1);
            lines.push(format!(
                "step {} {}{part}: {}, pass {}, {calls}{needs}",
                place + 1,
                step.op,
                step.effect,
                step.pass
            ));
        }
        for loss in &self.losses {
            lines.push(format!("loss {} {}: {}", loss.rule, loss.field, loss.why));
            lines.extend(loss.before.iter().flat_map(|v| indented("before", v)));
            lines.extend(loss.after.iter().flat_map(|v| indented("after", v)));
        }
        lines.extend(self.relies_on.iter().map(|key| format!("relies on {key}")));
        for (record, to) in &self.links {
            let to = to.as_ref().map_or("not there yet".to_owned(), ToString::to_string);
            lines.push(format!("links to {record}: {to}"));
        }
        lines
    }
}

/// A value under its name, its further lines below each other.
fn indented(name: &str, value: &str) -> Vec<String> {
    let mut lines = value.lines();
    let first = format!("  {name}: {}", lines.next().unwrap_or_default());
    std::iter::once(first).chain(lines.map(|line| format!("    {line}"))).collect()
}

/// No destination: drafts stay as the map makes them and nothing can be written.
struct Unshaped;

fn nothing() -> Error {
    Error::not_sent(ErrorKind::Unsupported, "there is no destination to ask")
}

#[async_trait]
impl Sink for Unshaped {
    fn dialect(&self) -> Dialect {
        Dialect { name: "none".to_owned(), version: 0 }
    }
    async fn catalog(&self) -> CoreResult<Catalog> {
        Err(nothing())
    }
    fn shape(&self, draft: &Draft, _: &Catalog) -> CoreResult<Shaped> {
        Ok(Shaped { draft: draft.clone(), losses: Vec::new(), relies_on: Default::default() })
    }
    fn steps(&self, _: &Change<'_>) -> CoreResult<Vec<Step>> {
        Ok(Vec::new())
    }
    async fn perform(&self, _: &Call<'_>) -> CoreResult<Receipt> {
        Err(nothing())
    }
    async fn settle(&self, _: &Call<'_>) -> CoreResult<Vec<Candidate>> {
        Err(nothing())
    }
    async fn read(&self, _: &RemoteRef) -> CoreResult<Option<Observed>> {
        Err(nothing())
    }
    fn undo(&self, _: &Progress) -> CoreResult<Vec<Step>> {
        Err(nothing())
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        Some(Draft::new("mark", SourceRef::new("batch", label)))
    }
    fn floor(&self, _: &Draft) -> u64 {
        0
    }
}
