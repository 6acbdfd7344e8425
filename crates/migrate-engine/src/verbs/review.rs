//! `review`: the sheet on which people judge a pilot, and what they wrote into it.

use crate::drafts::{Inputs, TICKET};
use crate::lists::unmarked;
use crate::sheet::{Sheet, write_xlsx};
use crate::store::{Batch, BatchKind, BatchState, Member, MemberState};
use crate::{Ctx, Exit, Failure, Run};
use mapping_core::model::{Agent, Queue, Record};
use mapping_core::{Catalog, Error, ErrorKind, Private, RemoteRef, Sink, SourceRef};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The most bytes of a sheet that is read back.
const LARGEST: u64 = 64 << 20;
/// The most records on a sheet: people look at each.
const MOST: usize = 100_000;

const COLUMNS: [&str; 18] = [
    "record",
    "number",
    "aliases",
    "object",
    "link",
    "state",
    "channel",
    "queue",
    "team",
    "agent",
    "teammate",
    "messages",
    "files",
    "parts there",
    "files there",
    "differences",
    "verdict",
    "remark",
];

/// Which batch is reviewed.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ReviewOptions {
    /// The batch; the newest pilot that is there otherwise.
    pub batch: Option<u32>,
}
impl ReviewOptions {
    /// Reviews this batch.
    #[must_use]
    pub fn batch(mut self, number: u32) -> Self {
        self.batch = Some(number);
        self
    }
}

/// The sheet that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReviewReport {
    /// The batch.
    pub batch: u32,
    /// `review/pilot-<batch>.csv`, the sheet of teams, and the workbook of both when the feature `xlsx` is on.
    pub files: Vec<PathBuf>,
    /// Records on the sheet.
    pub records: u64,
    /// Verdicts that people had written before and that were carried over.
    pub carried: u64,
}

/// What a person wrote beside a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Judged {
    /// The record.
    pub record: SourceRef,
    /// The remark. It may quote a customer: it is shown on the terminal and written to no report.
    #[serde(skip)]
    pub remark: Private,
}

/// What people wrote into the sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VerdictReport {
    /// The batch.
    pub batch: u32,
    /// Records that were accepted.
    pub accepted: u64,
    /// Records that were rejected.
    pub rejected: Vec<Judged>,
    /// Accepted records with a remark.
    pub remarked: Vec<Judged>,
    /// Records without a verdict.
    pub open: u64,
    /// Records whose verdict is neither yes nor no.
    pub unclear: Vec<Judged>,
    /// Lines of records that the batch doesn't have, and records of the batch without a line.
    pub strange: Vec<String>,
    /// 4 when something was rejected, 3 when something is open or unclear.
    pub exit: Exit,
}

/// Writes `review/pilot-<batch>.csv` and `-teams.csv`, and both as one workbook. What people wrote into an earlier sheet
/// of the batch is carried over. A sink is asked for links, without a call.
///
/// # Errors
/// `Guard` when there is no pilot, or a sheet is there that can't be read: nothing a person wrote is overwritten.
pub fn review(
    run: &Run,
    sink: Option<&dyn Sink>,
    options: &ReviewOptions,
    ctx: &Ctx<'_>,
) -> Result<ReviewReport, Failure> {
    let batch = batch_of(run, options)?;
    let file = file_of(&batch);
    let before = match read_lines(run, &file)? {
        Some(lines) => lines.into_iter().map(|l| (l.record.clone(), l)).collect(),
        None => BTreeMap::new(),
    };
    let head = run.ledger().plan_by_id(batch.plan)?;
    let inputs = head.and_then(|h| serde_json::from_str::<Inputs>(&h.inputs).ok());
    let there = inputs.as_ref().map(|i| i.catalog.clone()).unwrap_or_default();
    let mut table =
        Table { run, sink, inputs, there, before, carried: 0, sheet: Sheet::new("Records", &COLUMNS) };
    each_member(run, &batch, &mut |member| table.member(member))?;
    let Table { sheet, carried, inputs, .. } = table;
    let teams = teams(run, inputs.as_ref())?;
    let records = sheet.rows.len() as u64;
    let mut files = vec![sheet.write_csv_beside(run, &file, ctx.timer.now())?];
    files.push(teams.write_csv(run, &file.replace(".csv", "-teams.csv"))?);
    let book = file.replace(".csv", ".xlsx");
    files.extend(write_xlsx(run, &book, &[&sheet, &teams], ctx.timer.now())?);
    ctx.finished("review", records);
    Ok(ReviewReport { batch: batch.number, files, records, carried })
}

/// Reads verdicts and remarks back from `review/pilot-<batch>.csv`, as a spreadsheet may have saved it. A workbook is
/// saved as CSV first.
///
/// # Errors
/// `Usage` when the sheet isn't there or can't be read.
pub fn review_read(run: &Run, options: &ReviewOptions, ctx: &Ctx<'_>) -> Result<VerdictReport, Failure> {
    let batch = batch_of(run, options)?;
    let file = file_of(&batch);
    let lines = read_lines(run, &file)?.ok_or_else(|| {
        Failure::usage(format!("there is no {file}; `review` writes it, people fill it in"))
    })?;
    let mut expected: BTreeMap<SourceRef, bool> = BTreeMap::new();
    each_member(run, &batch, &mut |member| {
        expected.insert(member.row.record.clone(), false);
        Ok(())
    })?;
    let mut report = VerdictReport { batch: batch.number, ..VerdictReport::default() };
    for line in lines {
        let record: Option<SourceRef> = line.record.parse().ok();
        let Some((record, seen)) = record.and_then(|r| expected.get_mut(&r).map(|seen| (r, seen))) else {
            report.strange.push("a line names a record that the batch doesn't have".to_owned());
            continue;
        };
        if std::mem::replace(seen, true) {
            report.strange.push(format!("{record} has two lines; the first counts"));
            continue;
        }
        let judged = Judged { record, remark: line.remark.clone() };
        match verdict(&line.verdict) {
            Some(Verdict::Accepted) => {
                report.accepted += 1;
                if !judged.remark.trim().is_empty() {
                    report.remarked.push(judged);
                }
            }
            Some(Verdict::Rejected) => report.rejected.push(judged),
            Some(Verdict::Open) => report.open += 1,
            None => report.unclear.push(judged),
        }
    }
    for (record, _) in expected.into_iter().filter(|(_, seen)| !seen) {
        report.open += 1;
        report.strange.push(format!("{record} has no line"));
    }
    report.strange.truncate(200);
    report.exit = match () {
        () if !report.rejected.is_empty() => Exit::Differences,
        () if report.open > 0 || !report.unclear.is_empty() => Exit::Incomplete,
        () => Exit::Done,
    };
    run.save_report(&format!("review-{}", batch.number), &report)?;
    ctx.finished("review", report.accepted + report.rejected.len() as u64);
    Ok(report)
}

fn file_of(batch: &Batch) -> String {
    format!("review/pilot-{}.csv", batch.number)
}

fn batch_of(run: &Run, options: &ReviewOptions) -> Result<Batch, Failure> {
    let wanted = |b: &Batch| match options.batch {
        Some(number) => b.number == number && b.kind != BatchKind::Schema,
        None => b.kind == BatchKind::Pilot && b.state != BatchState::RolledBack,
    };
    run.ledger()
        .batches()?
        .into_iter()
        .rev()
        .find(wanted)
        .ok_or_else(|| Failure::guard("there is no such batch to review; `apply` with a pilot makes one"))
}

/// Every member but the batch's own mark; the sheet is for people, and bounded.
fn each_member(
    run: &Run,
    batch: &Batch,
    take: &mut dyn FnMut(&Member) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (mut from, mut taken) = (0, 0);
    let all = [
        MemberState::Open,
        MemberState::Applied,
        MemberState::Matched,
        MemberState::Quarantined,
        MemberState::Unknown,
        MemberState::Kept,
    ];
    loop {
        let members = run.ledger().members(batch.number, None, &all, from, false, 500)?;
        let Some(last) = members.last() else { return Ok(()) };
        from = last.seq;
        for member in members.iter().filter(|m| Record::KINDS.contains(&m.row.record.kind.as_str())) {
            taken += 1;
            if taken > MOST {
                return Err(Failure::usage(
                    "the batch has more than 100,000 records; review a smaller pilot",
                ));
            }
            take(member)?;
        }
    }
}

struct Table<'a> {
    run: &'a Run,
    sink: Option<&'a dyn Sink>,
    inputs: Option<Inputs>,
    there: Catalog,
    before: BTreeMap<String, Line>,
    carried: u64,
    sheet: Sheet,
}

impl Table<'_> {
    fn member(&mut self, member: &Member) -> Result<(), Failure> {
        let (row, run) = (&member.row, self.run);
        let at = run.ledger().targets(std::slice::from_ref(&row.record))?.remove(&row.record);
        let link = at.as_ref().and_then(|at| self.sink.and_then(|sink| sink.address(at, &self.there)));
        let aliases: Vec<String> = row.aliases.iter().map(ToString::to_string).collect();
        let mut seen = Seen::default();
        if row.record.kind == *TICKET
            && let Some(Record::Ticket(ticket)) = run.stage().record(&row.record)?
        {
            seen.number = ticket.number.unwrap_or_default();
            seen.channel = format!("{:?}", ticket.channel);
            if let Some(queue) = ticket.queue {
                (seen.queue, seen.team) = self.queue(&queue.source_ref())?;
            }
            if let Some(agent) = ticket.agent {
                (seen.agent, seen.teammate) = self.agent(&agent.source_ref())?;
            }
            seen.messages = run.stage().child_count(&row.record, "message")?.to_string();
            seen.files = run.stage().child_count(&row.record, "attachment")?.to_string();
        }
        let different = run.ledger().verified(&row.record)?.map(|v| v.different.to_string());
        let judged = self.before.remove(&row.record.to_string()).unwrap_or_default();
        self.carried += u64::from(!judged.verdict.trim().is_empty());
        let state = format!("{:?}", member.state).to_lowercase();
        self.sheet.push([
            row.record.to_string(),
            seen.number,
            aliases.join(" "),
            at.map(|at| at.to_string()).unwrap_or_default(),
            link.unwrap_or_default(),
            if member.why.is_empty() { state } else { format!("{state}: {}", member.why) },
            seen.channel,
            seen.queue,
            seen.team,
            seen.agent,
            seen.teammate,
            seen.messages,
            seen.files,
            row.parts.to_string(),
            row.files.to_string(),
            different.unwrap_or_else(|| "not verified".to_owned()),
            judged.verdict,
            judged.remark.into_string(),
        ]);
        Ok(())
    }

    /// A queue's name, and its team's.
    fn queue(&self, queue: &SourceRef) -> Result<(String, String), Failure> {
        let name = match self.run.stage().record(queue)? {
            Some(Record::Queue(queue)) => queue.name,
            _ => queue.to_string(),
        };
        let at = self.inputs.as_ref().and_then(|i| i.resolution.teams.get(queue));
        Ok((name, team_name(at, &self.there)))
    }
    /// An agent's name, and the teammate's.
    fn agent(&self, agent: &SourceRef) -> Result<(String, String), Failure> {
        let name = match self.run.stage().record(agent)? {
            Some(Record::Agent(agent)) => agent.name.into_string(),
            _ => agent.to_string(),
        };
        let at = self.inputs.as_ref().and_then(|i| i.resolution.people.get(agent));
        Ok((name, person_name(at, &self.there)))
    }
}

#[derive(Default)]
struct Seen {
    number: String,
    channel: String,
    queue: String,
    team: String,
    agent: String,
    teammate: String,
    messages: String,
    files: String,
}

fn team_name(at: Option<&RemoteRef>, there: &Catalog) -> String {
    let Some(at) = at else { return "no team".to_owned() };
    there.team(at).map_or_else(|| at.to_string(), |team| team.name.clone())
}

fn person_name(at: Option<&RemoteRef>, there: &Catalog) -> String {
    let Some(at) = at else { return "nobody".to_owned() };
    there.person(at).map_or_else(|| at.to_string(), |person| person.name.as_str().to_owned())
}

/// Who belongs to which queue, who that is at the destination, and whether they are in the team that stands for it.
fn teams(run: &Run, inputs: Option<&Inputs>) -> Result<Sheet, Failure> {
    let mut sheet = Sheet::new(
        "Agents and teams",
        &["agent", "name", "teammate", "queue", "queue name", "team", "in the team"],
    );
    let there = inputs.map(|i| i.catalog.clone()).unwrap_or_default();
    let mut after = 0;
    loop {
        let page = run.stage().records("queue", after, 500)?;
        let Some(last) = page.last() else { return Ok(sheet) };
        after = last.seq;
        for staged in page {
            let Record::Queue(Queue { id, name, members, .. }) = staged.record else { continue };
            let queue = id.source_ref();
            let team = inputs.and_then(|i| i.resolution.teams.get(&queue));
            for member in members {
                let agent = member.agent.source_ref();
                let person = inputs.and_then(|i| i.resolution.people.get(&agent));
                let called = match run.stage().record(&agent)? {
                    Some(Record::Agent(Agent { name, .. })) => name.into_string(),
                    _ => "not in the source’s list of agents".to_owned(),
                };
                let inside = match (team.and_then(|t| there.team(t)), person) {
                    (Some(team), Some(person)) if team.members.contains(person) => "yes",
                    (Some(_), Some(_)) => "no",
                    _ => "can’t be said",
                };
                sheet.push([
                    agent.to_string(),
                    called,
                    person_name(person, &there),
                    queue.to_string(),
                    name.clone(),
                    team_name(team, &there),
                    inside.to_owned(),
                ]);
            }
        }
    }
}

/// A line of the sheet as people left it.
#[derive(Clone, Default)]
struct Line {
    record: String,
    verdict: String,
    remark: Private,
}

enum Verdict {
    Accepted,
    Rejected,
    Open,
}

/// What a verdict means; `None` for a word that nobody agreed on.
fn verdict(text: &str) -> Option<Verdict> {
    match text.trim().trim_end_matches(['.', '!']).to_lowercase().as_str() {
        "" | "?" | "open" => Some(Verdict::Open),
        "ok" | "okay" | "yes" | "y" | "x" | "accepted" | "accept" | "good" | "pass" | "passed"
        | "approved" | "✓" | "✔" | "1" | "true" => Some(Verdict::Accepted),
        "no" | "n" | "rejected" | "reject" | "bad" | "wrong" | "fail" | "failed" | "✗" | "✘" | "0"
        | "false" => Some(Verdict::Rejected),
        _ => None,
    }
}

/// Reads a sheet that went through a spreadsheet: a byte order mark, semicolons or tabs, another encoding.
fn read_lines(run: &Run, file: &str) -> Result<Option<Vec<Line>>, Failure> {
    let path = run.path(file)?;
    let io = |e| crate::run::io_error(file, e);
    match std::fs::metadata(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(io(e).into()),
        Ok(meta) if meta.len() > LARGEST => {
            return Err(Failure::usage(format!("{file}: larger than 64 MiB")));
        }
        Ok(_) => {}
    }
    parse(file, &decode(std::fs::read(&path).map_err(io)?)).map(Some)
}

/// UTF-8, UTF-16 with its mark, or else one byte a character, as spreadsheets of the West write it.
fn decode(bytes: Vec<u8>) -> String {
    let wide = |from: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| from([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes.as_slice() {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => {
            String::from_utf8(bytes).unwrap_or_else(|e| e.as_bytes().iter().map(|b| char::from(*b)).collect())
        }
    }
}

fn parse(file: &str, text: &str) -> Result<Vec<Line>, Failure> {
    let mut text = text.trim_start_matches('\u{feff}');
    let mut delimiter = None;
    // Some spreadsheets say in a first line what parts the cells.
    if let Some((first, rest)) = text.split_once('\n')
        && let Some(said) = first.trim().strip_prefix("sep=")
    {
        delimiter = said.bytes().next();
        text = rest;
    }
    let head = text.lines().next().unwrap_or_default();
    let most = [b',', b';', b'\t'].into_iter().max_by_key(|d| head.bytes().filter(|b| b == d).count());
    let delimiter = delimiter.or(most).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let unreadable = |at: u64| {
        let what = format!("{file}: a line can't be read; it needs the columns record, verdict and remark");
        Error::not_sent(ErrorKind::Config, what).with("line", at)
    };
    let headers = reader.headers().map_err(|_| unreadable(1))?.clone();
    let column = |name: &str| headers.iter().position(|h| unmarked(h).to_lowercase() == name);
    let (Some(record), Some(verdict)) = (column("record"), column("verdict")) else {
        return Err(unreadable(1).into());
    };
    let remark = column("remark");
    let mut lines = Vec::new();
    for row in reader.records() {
        // The message of the error may quote a cell; the place is enough.
        let row = row.map_err(|e| unreadable(e.position().map_or(0, csv::Position::line)))?;
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        // Spreadsheets leave empty cells at a line's end out.
        let cell = |at: usize| unmarked(row.get(at).unwrap_or_default().trim()).to_owned();
        let remark = remark.map(cell).unwrap_or_default();
        let line = Line { record: cell(record), verdict: cell(verdict), remark: Private::from(remark) };
        lines.push(line);
        if lines.len() > MOST {
            return Err(Failure::usage(format!("{file}: more than 100,000 lines")));
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_went_through_any_spreadsheet_is_read() {
        let expect = [("ticket:1", "ok", ""), ("ticket:2", "No", "wrong; team")];
        for text in [
            "record,verdict,remark\nticket:1,ok,\nticket:2,No,wrong; team\n",
            "\u{feff}Record;number;Verdict;Remark\r\nticket:1;7;ok;\r\nticket:2;8;No;\"wrong; team\"\r\n;;;\r\n",
            "sep=;\r\nrecord;verdict;remark\r\nticket:1;ok\r\nticket:2;No;\"wrong; team\"\r\n",
            "record\tverdict\tremark\nticket:1\tok\t\nticket:2\tNo\twrong; team\n",
        ] {
            let lines = parse("review/pilot-2.csv", text).unwrap_or_else(|e| panic!("{text:?}: {e}"));
            let got: Vec<_> = lines.iter().map(|l| (&*l.record, &*l.verdict, l.remark.as_str())).collect();
            assert_eq!(got, expect, "{text:?}");
        }
    }

    #[test]
    fn bytes_of_other_encodings_become_text() {
        assert_eq!(decode(b"r\xe9sum\xe9".to_vec()), "résumé");
        assert_eq!(decode(vec![0xff, 0xfe, b'o', 0, b'k', 0]), "ok");
        assert_eq!(decode("é".as_bytes().to_vec()), "é");
    }

    #[test]
    fn a_verdict_that_nobody_agreed_on_is_unclear() {
        assert!(matches!(verdict(" OK. "), Some(Verdict::Accepted)));
        assert!(matches!(verdict("rejected"), Some(Verdict::Rejected)));
        assert!(matches!(verdict(""), Some(Verdict::Open)));
        assert!(verdict("ok but the team is wrong").is_none());
    }

    #[test]
    fn a_sheet_without_its_columns_is_refused_without_its_cells() {
        let failure = parse("review/pilot-2.csv", "name,mail\nEve,eve@x.test\n").err().unwrap();
        assert_eq!(failure.exit.code(), 2);
        assert!(!failure.to_string().contains("eve"));
    }
}
