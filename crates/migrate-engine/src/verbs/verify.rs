//! `verify`: reads back what was written and compares it field by field.

use super::accept::accepted;
use super::apply::mark;
use super::estimate::{Measured, Price, measured, remember_rate};
use crate::drafts::{Drafts, Inputs};
use crate::guarded::{Guarded, Halt};
use crate::loading::refs_of;
use crate::store::{Batch, BatchKind, BatchState, Member, MemberState, Verified};
use crate::{Ctx, Event, Exit, Failure, Run};
use futures_util::stream::{FuturesUnordered, StreamExt};
use mapping_core::{
    Blob, Difference, Draft, Error, Link, Made, Observed, Part, Progress, Refs, RemoteRef,
    Result as CoreResult, Sink, SourceRef, State, Value, Window, diff,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most differences a report lists; all are counted.
const LISTED: usize = 1_000;

/// The field of a difference that is the whole object: it isn't there.
pub(crate) const OBJECT: &str = "(object)";

/// Baselines that are put on disk together.
const TOGETHER: usize = 100;

/// How to verify.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct VerifyOptions {
    /// Only this batch; all batches that weren't rolled back otherwise.
    pub batch: Option<u32>,
    /// Only about this many records, evenly spread; all otherwise.
    pub sample: Option<usize>,
}
impl VerifyOptions {
    /// Only this batch.
    #[must_use]
    pub fn batch(mut self, number: u32) -> Self {
        self.batch = Some(number);
        self
    }
    /// Only about this many.
    #[must_use]
    pub fn sample(mut self, size: usize) -> Self {
        self.sample = Some(size);
        self
    }
}

/// A field that differs. Its values are in the run's database only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldDifference {
    /// The record.
    pub record: SourceRef,
    /// Its object at the destination.
    pub target: Option<RemoteRef>,
    /// The field: `title`, `parts[3].body`.
    pub field: String,
    /// What differs, without the values: lengths, counts.
    pub how: String,
    /// Who accepted it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
}

/// How the files on the parts that could be read were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FilesCompared {
    /// Files that were promised on these parts. Their names and sizes were compared.
    pub files: u64,
    /// Of those: the media type was compared too.
    pub types: u64,
    /// Of those: the hash was compared too.
    pub hashes: u64,
}

/// What `verify` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Records compared, by kind of the destination.
    pub records: BTreeMap<String, u64>,
    /// Fields compared.
    pub compared: u64,
    /// Of those, equal.
    pub equal: u64,
    /// Of those, different.
    pub different: u64,
    /// Of the different ones, accepted by a named person.
    #[serde(default)]
    pub accepted: u64,
    /// Files on the parts that could be read.
    #[serde(default)]
    pub files: FilesCompared,
    /// Links from record to record in texts that were compared.
    #[serde(default)]
    pub links: u64,
    /// Fields of objects that were there before and that the run left as they were; not compared.
    pub left_as_they_were: u64,
    /// Parts that a read can't show; they were compared in the answers of their writes.
    pub compared_while_writing: u64,
    /// The fields of those parts; they are not among the compared ones.
    #[serde(default)]
    pub fields_while_writing: u64,
    /// The differences, at most 1,000.
    pub differences: Vec<FieldDifference>,
    /// Records that could not be read.
    pub unreadable: Vec<String>,
    /// Why it stopped early, if it did.
    pub stopped: Option<String>,
    /// Records to be read, and the calls that was to take.
    #[serde(default)]
    pub price: Price,
    /// Calls made.
    pub calls: u64,
    /// How it ended.
    pub exit: Exit,
}

/// Reads back every applied record, or a sample, and compares it with what was promised.
///
/// What it reads is also the baseline by which `rollback` knows what was edited since.
///
/// # Errors
/// `Refused`, `Ledger`. A record that can't be read is in the report.
pub async fn verify(
    run: &Run,
    sink: &dyn Sink,
    options: &VerifyOptions,
    ctx: &Ctx<'_>,
) -> Result<VerifyReport, Failure> {
    let guarded = Guarded::new(sink, ctx.timer, run.config().limits.unreachable_seconds);
    let calls_before = sink.meter().calls;
    let mut report = VerifyReport::default();
    let batches = batches(run, options)?;
    let total: u64 = batches.iter().map(|b| applied(run, b)).sum::<Result<u64, Failure>>()?;
    let stride = options.sample.map_or(1, |size| (total / (size.max(1) as u64)).max(1));
    report.price = price(run, total.div_ceil(stride))?;
    ctx.note(format!("{} records to read back, about {} calls", report.price.records, report.price.calls));
    ctx.started("verify", Some(total.div_ceil(stride)));
    let mut made: Option<(u32, Drafts<'_>)> = None;
    for batch in &batches {
        if made.as_ref().is_none_or(|(plan, _)| *plan != batch.plan) {
            made = Some((batch.plan, drafts_of(run, &guarded, batch).await?));
        }
        let Some((_, drafts)) = &made else { continue };
        let mark = mark(run, drafts, batch)?;
        let total = total.div_ceil(stride);
        let one = Reader { total, run, sink: &guarded, drafts, mark, ctx };
        one.batch(batch, stride, &mut report).await?;
        if guarded.halted().is_some() {
            break;
        }
    }
    report.calls = sink.meter().calls - calls_before;
    report.equal = report.compared - report.different;
    let records: u64 = report.records.values().sum();
    remember_rate(run, Measured::Verify, report.calls, records as f64).await?;
    report.exit = match report.different - report.accepted {
        0 if report.unreadable.is_empty() => Exit::Done,
        0 => Exit::Incomplete,
        _ => Exit::Differences,
    };
    if let Some((exit, why)) = guarded.halted().as_ref().and_then(super::provision::told) {
        report.exit = exit;
        report.stopped = Some(why);
    }
    run.save_report("verify", &report)?;
    ctx.finished("verify", report.records.values().sum());
    Ok(report)
}

/// What reading so many records back costs, by what it cost the last time.
fn price(run: &Run, records: u64) -> Result<Price, Failure> {
    let each = measured(run, Measured::Verify)?.unwrap_or(1.0);
    let calls = (records as f64 * each).ceil() as u64;
    let name = "verify".to_owned();
    Ok(Price { name, records, calls, calls_worst: calls, seconds: None })
}

fn batches(run: &Run, options: &VerifyOptions) -> Result<Vec<Batch>, Failure> {
    let there = |b: &Batch| {
        b.kind != BatchKind::Schema
            && matches!(b.state, BatchState::Running | BatchState::Finished)
            && options.batch.is_none_or(|number| number == b.number)
    };
    let batches: Vec<Batch> = run.ledger().batches()?.into_iter().filter(there).collect();
    if batches.is_empty() {
        return Err(Failure::usage("there is no such batch, or nothing was applied yet; run `apply` first"));
    }
    Ok(batches)
}

fn applied(run: &Run, batch: &Batch) -> Result<u64, Failure> {
    let tally = run.ledger().tally(batch.number)?;
    let there = tally.iter().filter(|t| matches!(t.state, MemberState::Applied | MemberState::Matched));
    Ok(there.map(|t| t.count).sum())
}

/// Drafts as the plan of a batch made them, whatever the files say now.
pub(crate) async fn drafts_of<'a>(
    run: &'a Run,
    sink: &'a dyn Sink,
    batch: &Batch,
) -> Result<Drafts<'a>, Failure> {
    let head = run.ledger().plan_by_id(batch.plan)?.ok_or_else(|| {
        Error::not_sent(mapping_core::ErrorKind::Ledger, "the ledger lacks the plan of a batch")
            .with("batch", batch.number)
    })?;
    let inputs: Inputs = serde_json::from_str(&head.inputs).map_err(|e| {
        Error::not_sent(
            mapping_core::ErrorKind::Ledger,
            "the plan of a batch was made by another version of this program; use that one",
        )
        .with("line", e.line())
        .with("column", e.column())
    })?;
    Drafts::new(run, sink, inputs).await
}

struct Reader<'a> {
    total: u64,
    run: &'a Run,
    sink: &'a Guarded<'a>,
    drafts: &'a Drafts<'a>,
    mark: Option<RemoteRef>,
    ctx: &'a Ctx<'a>,
}

/// What reading one record showed.
struct Seen {
    record: SourceRef,
    kind: String,
    target: Option<RemoteRef>,
    compared: u64,
    hidden: u64,
    hidden_fields: u64,
    files: FilesCompared,
    links: u64,
    left: u64,
    differences: Vec<(String, String)>,
    digest: String,
    draft: String,
}

impl Reader<'_> {
    async fn batch(&self, batch: &Batch, stride: u64, report: &mut VerifyReport) -> Result<(), Failure> {
        let states = [MemberState::Applied, MemberState::Matched];
        let (mut from, mut place) = (0, 0);
        let mut seen_now = Vec::new();
        let mut flying = FuturesUnordered::new();
        let workers = self.run.config().limits.workers;
        loop {
            let members = self.run.ledger().members(batch.number, None, &states, from, false, 200)?;
            let Some(last) = members.last() else { break };
            from = last.seq;
            for member in members {
                place += 1;
                if (place - 1) % stride != 0 {
                    continue;
                }
                if self.ctx.cancel.is_cancelled() {
                    self.sink.halt(Halt::Interrupted);
                }
                if self.sink.halted().is_some() {
                    break;
                }
                if flying.len() >= workers
                    && let Some(seen) = flying.next().await
                {
                    self.take(seen, &mut seen_now, report).await?;
                }
                flying.push(async move { (member.row.record.clone(), self.one(member).await) });
            }
            if self.sink.halted().is_some() {
                break;
            }
        }
        while let Some(seen) = flying.next().await {
            self.take(seen, &mut seen_now, report).await?;
        }
        Ok(self.run.ledger().set_verified(seen_now).await?)
    }

    async fn one(&self, member: Member) -> CoreResult<Seen> {
        let row = &member.row;
        let finished = self.drafts.again(row)?;
        let draft = &finished.shaped.draft;
        let target = self.run.ledger().targets(std::slice::from_ref(&row.record))?.remove(&row.record);
        let mut seen = Seen {
            record: row.record.clone(),
            kind: row.kind.to_string(),
            target,
            compared: 0,
            hidden: 0,
            hidden_fields: 0,
            files: FilesCompared::default(),
            links: 0,
            left: 0,
            differences: Vec::new(),
            digest: String::new(),
            draft: row.digest.clone(),
        };
        let observed = match &seen.target {
            Some(target) => self.sink.read(target).await?,
            None => None,
        };
        let Some(observed) = observed else {
            seen.compared = 1;
            seen.differences.push((OBJECT.to_owned(), "it is not there".to_owned()));
            return Ok(seen);
        };
        self.compare(&mut seen, draft, &observed, &finished.steps)?;
        Ok(seen)
    }

    /// Compares what was promised with what was read, and adds what the writes' own answers showed.
    fn compare(
        &self,
        seen: &mut Seen,
        draft: &Draft,
        observed: &Observed,
        steps: &[mapping_core::Step],
    ) -> CoreResult<()> {
        let progress = self.run.ledger().progress(&seen.record)?.unwrap_or_default();
        let named = |output: &str| -> Vec<String> {
            let all = progress.claimed(output).into_iter().flat_map(|list| list.split(','));
            all.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        };
        let differs = named(DIFFERS);
        let refs = refs_of(self.run, draft, steps, self.mark.as_ref())?;
        let mut want = promised(draft, &progress).resolved(&refs);
        seen.left = (draft.fields.len() - want.fields.len()) as u64;
        let left_out = links_left_out(&progress, &refs);
        want.fields
            .retain(|_, value| !matches!(value.as_link(), Some(Link::Source(to)) if left_out.contains(to)));
        let kept = named(KEPT);
        let mut found = diff(&want, observed, &refs);
        // What a receipt names as written otherwise than promised was compared in the answer of its write.
        found.retain(|d| !kept.contains(&d.field));
        seen.hidden = match observed.window {
            Window::Whole => 0,
            Window::Last { shown, .. } => want.parts.len().saturating_sub(1).saturating_sub(shown) as u64,
        };
        seen.compared = fields(&want, seen.hidden) + differs.len() as u64;
        seen.hidden_fields = fields(&want, 0) - fields(&want, seen.hidden);
        seen.differences = found.iter().map(|d| (d.field.clone(), how(d))).collect();
        for (index, part, read) in shown(&want, &observed.draft, seen.hidden) {
            seen.links += part.body.mentions().len() as u64;
            let types = compare_files(&mut seen.files, &part.files, &read.files);
            seen.compared += types.0;
            seen.differences.extend(types.1.map(|how| (format!("parts[{index}].files.type"), how)));
        }
        let told =
            differs.into_iter().map(|field| (field, "it differed in the answer of its write".to_owned()));
        seen.differences.extend(told);
        seen.digest = baseline(observed);
        Ok(())
    }

    async fn take(
        &self,
        (record, seen): (SourceRef, CoreResult<Seen>),
        seen_now: &mut Vec<(SourceRef, Verified)>,
        report: &mut VerifyReport,
    ) -> Result<(), Failure> {
        let seen = match seen {
            Ok(seen) => seen,
            Err(e) if e.stops_the_run() => return Err(e.into()),
            // Not looked at because of a halt: neither compared nor unreadable.
            Err(_) if self.sink.halted().is_some() => return Ok(()),
            Err(e) => {
                report.unreadable.push(format!("{record}: {e}"));
                return Ok(());
            }
        };
        let records = report.records.entry(seen.kind).or_default();
        *records += 1;
        report.compared += seen.compared;
        report.compared_while_writing += seen.hidden;
        report.fields_while_writing += seen.hidden_fields;
        report.files.files += seen.files.files;
        report.files.types += seen.files.types;
        report.files.hashes += seen.files.hashes;
        report.links += seen.links;
        report.left_as_they_were += seen.left;
        let different = seen.differences.len() as u64;
        report.different += different;
        // A difference in the number of parts, say, is not one of the fields that were counted.
        report.compared = report.compared.max(report.different);
        let accepted = match different {
            0 => None,
            _ => accepted(self.run, &record, &seen.digest, &seen.draft)?,
        };
        report.accepted += if accepted.is_some() { different } else { 0 };
        let accepted = accepted.map(|a| format!("{}, {}: {}", a.by, a.at, a.reason));
        for (field, how) in seen.differences {
            if accepted.is_none() {
                self.ctx.observer.event(Event::Differs { record: record.clone(), field: field.clone() });
            }
            if report.differences.len() < LISTED {
                let (record, target) = (record.clone(), seen.target.clone());
                let accepted = accepted.clone();
                report.differences.push(FieldDifference { record, target, field, how, accepted });
            }
        }
        let done = report.records.values().sum();
        self.ctx.progress("verify", done, Some(self.total));
        if !seen.digest.is_empty() {
            seen_now.push((record, Verified { digest: seen.digest, different }));
            if seen_now.len() >= TOGETHER {
                self.run.ledger().set_verified(std::mem::take(seen_now)).await?;
            }
        }
        Ok(())
    }
}

/// The output of a receipt that names, parted by commas, fields that an object keeps as they were there before.
const KEPT: &str = "kept";

/// What was promised of a record. An object that was there before keeps fields of its own: those that a receipt names
/// as kept, or, when none says so, all that this run didn't change.
fn promised(draft: &Draft, progress: &Progress) -> Draft {
    let mut want = draft.clone();
    let mut made = progress.receipts().map(|(_, r)| &r.made);
    if !matches!(made.find(|m| matches!(m, Made::Created(_) | Made::Matched(_))), Some(Made::Matched(_))) {
        return want;
    }
    if let Some(kept) = progress.output(KEPT) {
        let kept: BTreeSet<&str> = kept.split(',').map(str::trim).collect();
        want.fields.retain(|name, _| !kept.contains(name.as_str()));
        return want;
    }
    let changes = progress.receipts().filter(|(_, r)| matches!(r.made, Made::Changed(_)));
    let changed: BTreeSet<&String> = changes.flat_map(|(entry, _)| entry.prepared.before.keys()).collect();
    want.fields.retain(|name, _| changed.contains(name));
    want
}

/// The records that a lost step links to and that are not at the destination: the loss says so.
fn links_left_out<'a>(progress: &'a Progress, refs: &Refs) -> BTreeSet<&'a SourceRef> {
    let lost = progress.entries.iter().filter(|e| matches!(e.state, State::Lost { .. }));
    lost.flat_map(|e| &e.step.needs).filter(|need| !refs.records.contains_key(*need)).collect()
}

/// The digest of an object as it was read, whatever the order of its lists: by it `rollback` knows an edit.
pub(crate) fn baseline(observed: &Observed) -> String {
    let mut draft = observed.draft.clone();
    for value in draft.fields.values_mut() {
        if let Value::List(items) = value {
            items.sort_by_cached_key(|item| serde_json::to_string(item).unwrap_or_default());
        }
    }
    draft.digest()
}

/// The output of a receipt that names, parted by commas, fields that differed in the answer of the write.
const DIFFERS: &str = "differs";

/// The parts that a read showed, each with what was promised of it.
fn shown<'a>(
    want: &'a Draft,
    have: &'a Draft,
    hidden: u64,
) -> impl Iterator<Item = (usize, &'a Part, &'a Part)> {
    let hidden = usize::try_from(hidden).unwrap_or(usize::MAX);
    let seen = want.parts.iter().enumerate().filter(move |(index, _)| *index == 0 || *index > hidden);
    seen.filter_map(move |(index, part)| {
        let read = have.parts.get(if index == 0 { 0 } else { index - hidden })?;
        Some((index, part, read))
    })
}

/// Compares the media types of files of one name, as far as both sides state one; names, sizes and hashes are compared
/// with the fields. Returns how many fields that were, and what differs.
fn compare_files(sum: &mut FilesCompared, want: &[Blob], have: &[Blob]) -> (u64, Option<String>) {
    sum.files += want.len() as u64;
    if !have.is_empty() && have.iter().all(|f| !f.sha256.is_empty()) {
        sum.hashes += want.len() as u64;
    }
    let (mut compared, mut different) = (0, 0);
    let mut left: Vec<&Blob> = have.iter().collect();
    for file in want {
        let wanted = media_type(&file.mime);
        let alike = |f: &&Blob| f.name == file.name && f.len == file.len;
        // Files without a name, say, are told apart by their type, in whatever order they are read.
        let same = left.iter().position(|f| alike(f) && media_type(&f.mime) == wanted);
        let Some(at) = same.or_else(|| left.iter().position(alike)) else { continue };
        let found = media_type(&left.remove(at).mime);
        // A type that says nothing is promised by nobody.
        if wanted.is_empty() || wanted == UNSPECIFIC || found.is_empty() {
            continue;
        }
        compared += 1;
        different += u64::from(wanted != found);
    }
    sum.types += compared;
    (u64::from(compared > 0), (different > 0).then(|| format!("{different} of another media type")))
}

/// The media type of a file nobody knows the type of.
const UNSPECIFIC: &str = "application/octet-stream";

/// A media type without its parameters.
fn media_type(mime: &str) -> String {
    mime.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// How many fields a comparison with this draft looks at: its fields, and of each part that was shown body, author,
/// visibility, files and, where it is known, time.
fn fields(want: &Draft, hidden: u64) -> u64 {
    let shown = want.parts.iter().enumerate().filter(|(i, _)| *i == 0 || *i as u64 > hidden);
    let parts: u64 = shown.map(|(_, p)| 4 + u64::from(p.at.is_some())).sum();
    want.fields.len() as u64 + parts
}

/// What differs, without the values.
fn how(difference: &Difference) -> String {
    let chars = |text: &str| text.chars().count();
    match (difference.want.as_str(), difference.have.as_str()) {
        (_, "missing") => "it is missing".to_owned(),
        (_, "") => "it is empty".to_owned(),
        ("", _) => "it should be empty".to_owned(),
        (want, have) if chars(want) == chars(have) => format!("other content, {} characters", chars(have)),
        (want, have) => format!("{} characters instead of {}", chars(have), chars(want)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mapping_core::{Effect, Prepared, Receipt, Step};

    fn progress(made: Made, change: Receipt) -> Progress {
        let mut progress = Progress::of(vec![
            Step::new("contact.create", Effect::Create),
            Step::new("contact.adopt", Effect::Change),
        ]);
        progress.entries[0].state = State::Applied(Receipt::new(made));
        progress.entries[1].state = State::Applied(change);
        progress.entries[1].prepared =
            Prepared { before: [("phone".to_owned(), Value::Null)].into(), ..Prepared::default() };
        progress
    }

    #[test]
    fn an_object_that_was_there_before_is_held_to_what_was_written_or_not_kept() {
        let remote = RemoteRef::new("contact", "9");
        let draft = Draft::new("contact", SourceRef::new("contact", "1"))
            .with("name", "Ada")
            .with("email", "ada@example.test")
            .with("phone", "+4930123");
        let names = |made: Made, change: Receipt| -> Vec<String> {
            promised(&draft, &progress(made, change)).fields.into_keys().collect()
        };
        let changed = || Receipt::new(Made::Changed(remote.clone()));
        assert_eq!(names(Made::Created(remote.clone()), changed()), ["email", "name", "phone"]);
        assert_eq!(names(Made::Matched(remote.clone()), changed()), ["phone"]);
        let kept = changed().output(KEPT, "name, signed_up_at");
        assert_eq!(names(Made::Matched(remote.clone()), kept), ["email", "phone"]);
    }

    fn file(mime: &str) -> Blob {
        Blob { sha256: String::new(), len: 1, name: "".into(), mime: mime.into() }
    }

    #[test]
    fn files_of_one_name_and_size_are_told_apart_by_their_type_and_another_type_is_found() {
        let want = ["text/plain", "image/png", "text/html", "image/gif"].map(file);
        let mut have =
            ["image/gif", "text/plain", "text/html; charset=utf-8", "image/png"].map(file).to_vec();
        let mut sum = FilesCompared::default();
        assert_eq!(compare_files(&mut sum, &want, &have), (1, None));
        have[0].mime = "image/jpeg".into();
        let (_, different) = compare_files(&mut sum, &want, &have);
        assert_eq!(different.as_deref(), Some("1 of another media type"));
    }
}
