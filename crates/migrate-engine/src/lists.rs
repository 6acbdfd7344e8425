//! The lists that people read and edit: `mapping/agents.csv`, `mapping/queues.csv`, `skip.csv`.

use crate::store::Proposed;
use crate::{Failure, ListCount, Run};
use mapping_core::mapping::{Confidence, Proposal, Resolution};
use mapping_core::{Catalog, Error, ErrorKind, RemoteRef, SourceRef};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The most bytes of a list that is read.
const LARGEST: usize = 64 << 20;

/// A line of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// `agent:7`.
    pub(crate) source: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) email: String,
    /// The id at the destination; empty = open.
    #[serde(default)]
    pub(crate) destination_id: String,
    #[serde(default)]
    pub(crate) destination_name: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) confidence: String,
    /// Who confirmed the line; the engine never writes this.
    #[serde(default)]
    pub(crate) confirmed_by: String,
}

impl Line {
    fn digest(&self) -> String {
        let fields = [&self.source, &self.name, &self.email, &self.destination_id, &self.destination_name];
        let mut hash = Sha256::new();
        for field in fields.into_iter().chain([&self.reason, &self.confidence, &self.confirmed_by]) {
            // Some spreadsheets take the mark of a harmless cell away when they save; that is no person's edit.
            let field = unmarked(field);
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field);
        }
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
    fn of(proposal: &Proposal, email: String) -> Line {
        let confidence = match proposal.confidence {
            Confidence::None => "none",
            Confidence::Low => "low",
            Confidence::High => "high",
            Confidence::Certain => "certain",
        };
        Line {
            source: proposal.source.to_string(),
            name: safe(&proposal.source_name),
            email: safe(&email),
            destination_id: proposal.remote.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            destination_name: proposal.remote_name.as_ref().map(|n| safe(n)).unwrap_or_default(),
            reason: proposal.reason.clone(),
            confidence: confidence.to_owned(),
            confirmed_by: String::new(),
        }
    }
    /// A person's own line, or a proposal that is sure enough to hold until a person says otherwise.
    fn holds(&self, by_person: bool) -> bool {
        !self.destination_id.trim().is_empty()
            && (by_person || matches!(self.confidence.as_str(), "high" | "certain"))
    }
}

/// What begins a formula, in a Japanese spreadsheet too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A cell that no spreadsheet takes for a formula, nor any piece of it: one that expects semicolons ends a cell at each,
/// whatever quotes stand around it.
pub(crate) fn safe(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    // Quotes in front may be taken for those of the cell.
    let piece = |piece: &str| match piece.trim_start_matches(before_content).starts_with(FORMULA) {
        true => format!("'{piece}"),
        false => piece.to_owned(),
    };
    text.split(';').map(piece).collect::<Vec<_>>().join(";")
}

fn before_content(c: char) -> bool {
    c.is_whitespace() || c == '"'
}

/// The cell without the mark that [`safe`] put before it.
pub(crate) fn unmarked(text: &str) -> &str {
    text.strip_prefix('\'')
        .filter(|rest| rest.trim_start_matches(before_content).starts_with(FORMULA))
        .unwrap_or(text)
}

/// One list as it stands in its file.
pub(crate) struct List {
    /// `agents`.
    pub(crate) name: &'static str,
    pub(crate) lines: Vec<Line>,
    /// Lines as the engine wrote them last, by source.
    proposed: BTreeMap<String, String>,
}

impl List {
    fn read(run: &Run, name: &'static str) -> Result<List, Failure> {
        let file = format!("mapping/{name}.csv");
        let lines = match run.read(&file)? {
            Some(text) => parse(&file, &text)?,
            None => Vec::new(),
        };
        Ok(List { name, lines, proposed: run.ledger().proposed(name)? })
    }

    /// A line that a person edited, confirmed or added: not as the engine wrote it.
    fn by_person(&self, line: &Line) -> bool {
        !line.confirmed_by.trim().is_empty() || self.proposed.get(&line.source) != Some(&line.digest())
    }

    /// Takes proposals in: new ones are added, the engine's own lines follow them, a person's lines stay.
    /// Returns the lines that were written.
    fn take(&mut self, proposals: Vec<Line>) -> Vec<Line> {
        let mut written = Vec::new();
        for line in proposals {
            match self.lines.iter().position(|l| l.source == line.source) {
                None => {
                    self.lines.push(line.clone());
                    written.push(line);
                }
                Some(at) if self.lines[at] != line && !self.by_person(&self.lines[at]) => {
                    self.lines[at] = line.clone();
                    written.push(line);
                }
                Some(_) => {}
            }
        }
        self.proposed.extend(written.iter().map(|l| (l.source.clone(), l.digest())));
        written
    }

    /// Lines that hold: who or what stands for whom.
    pub(crate) fn held(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.holds(self.by_person(line)))
    }

    pub(crate) fn count(&self, written: usize) -> ListCount {
        let mut count = ListCount { written: written as u64, ..ListCount::default() };
        for line in &self.lines {
            let by_person = self.by_person(line);
            count.lines += 1;
            count.by_person += u64::from(by_person);
            if line.holds(by_person) {
                count.matched += 1;
            } else if by_person && line.destination_id.is_empty() {
                // A person looked and left it without a counterpart: decided, not open.
            } else {
                count.open += 1;
                if count.open_ids.len() < 50 {
                    count.open_ids.push(line.source.clone());
                }
            }
        }
        count
    }

    fn write(&self, run: &Run) -> Result<(), Failure> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let bad = |e: csv::Error| Error::bug("a list can't be written as CSV").with_source(e);
        for line in &self.lines {
            out.serialize(line).map_err(bad)?;
        }
        if self.lines.is_empty() {
            out.write_record(COLUMNS).map_err(bad)?;
        }
        let bytes = out.into_inner().map_err(|_| Error::bug("a list can't be written as CSV"))?;
        run.write(&format!("mapping/{}.csv", self.name), &bytes)?;
        Ok(())
    }
}

const COLUMNS: [&str; 8] =
    ["source", "name", "email", "destination_id", "destination_name", "reason", "confidence", "confirmed_by"];

fn parse(file: &str, text: &str) -> Result<Vec<Line>, Failure> {
    if text.len() > LARGEST {
        return Err(Failure::usage(format!("{file}: larger than 64 MiB")));
    }
    let mut lines: Vec<Line> = Vec::new();
    // A list that went through a spreadsheet may begin with a byte order mark and be parted by semicolons.
    let text = text.trim_start_matches('\u{feff}');
    let semicolons = text.lines().next().is_some_and(|head| head.contains(';') && !head.contains(','));
    let delimiter = if semicolons { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    for line in reader.deserialize() {
        let line: Line = line.map_err(|e: csv::Error| {
            // The message may quote a cell; the place is enough.
            let at = e.position().map_or(0, csv::Position::line);
            Error::not_sent(
                ErrorKind::Config,
                format!("{file}: a line can't be read; the columns are {}", COLUMNS.join(", ")),
            )
            .with("line", at)
        })?;
        if lines.iter().any(|l| l.source == line.source) {
            return Err(Failure::usage(format!("{file}: {} has two lines", line.source)));
        }
        lines.push(line);
    }
    Ok(lines)
}

/// All lists of a run.
pub(crate) struct Lists {
    pub(crate) agents: List,
    pub(crate) queues: List,
}

impl Lists {
    pub(crate) fn read(run: &Run) -> Result<Lists, Failure> {
        Ok(Lists { agents: List::read(run, "agents")?, queues: List::read(run, "queues")? })
    }

    /// Takes proposals into the files. Returns how many lines of each list were written.
    pub(crate) async fn propose(
        &mut self,
        run: &Run,
        people: &[(Proposal, String)],
        teams: &[Proposal],
    ) -> Result<(usize, usize), Failure> {
        let people = people.iter().map(|(p, email)| Line::of(p, email.clone())).collect();
        let teams = teams.iter().map(|p| Line::of(p, String::new())).collect();
        let agents = take(run, &mut self.agents, people).await?;
        let queues = take(run, &mut self.queues, teams).await?;
        Ok((agents, queues))
    }

    /// Who and what stands for whom, as the lists say.
    pub(crate) fn resolution(&self, to: &Catalog) -> Result<Resolution, Failure> {
        let people = resolve(&self.agents, "agents", &|id| {
            to.people.iter().find(|p| p.remote.id == id).map(|p| p.remote.clone())
        })?;
        let teams = resolve(&self.queues, "queues", &|id| {
            to.teams.iter().find(|t| t.remote.id == id).map(|t| t.remote.clone())
        })?;
        Ok(Resolution { people, teams })
    }
}

async fn take(run: &Run, list: &mut List, lines: Vec<Line>) -> Result<usize, Failure> {
    let written = list.take(lines);
    // The digests first: a stop in between leaves lines that look edited, which keeps them. The other way round a
    // person's line could be overwritten.
    let digests: Vec<Proposed> = written
        .iter()
        .map(|l| Proposed { list: list.name.to_owned(), source: l.source.clone(), digest: l.digest() })
        .collect();
    run.ledger().set_proposed(digests).await?;
    list.write(run)?;
    Ok(written.len())
}

fn resolve(
    list: &List,
    file: &str,
    find: &dyn Fn(&str) -> Option<RemoteRef>,
) -> Result<BTreeMap<SourceRef, RemoteRef>, Failure> {
    let mut found = BTreeMap::new();
    for line in &list.lines {
        if !line.holds(list.by_person(line)) {
            continue;
        }
        let Some((kind, id)) = line.source.split_once(':') else {
            return Err(Failure::usage(format!("mapping/{file}.csv: a source must look like `agent:7`")));
        };
        let remote = find(line.destination_id.trim()).ok_or_else(|| {
            Failure::usage(format!(
                "mapping/{file}.csv: the destination_id of {} is not at the destination; run `map` or correct it",
                line.source
            ))
        })?;
        found.insert(SourceRef::new(kind.to_owned(), id), remote);
    }
    Ok(found)
}

/// `skip.csv`: columns `record` and `reason`.
pub(crate) fn read_skips(run: &Run) -> Result<BTreeMap<String, String>, Failure> {
    #[derive(Deserialize)]
    struct Skip {
        record: String,
        #[serde(default)]
        reason: String,
    }
    let Some(text) = run.read("skip.csv")? else { return Ok(BTreeMap::new()) };
    let mut skips = BTreeMap::new();
    for line in csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes()).deserialize() {
        let line: Skip = line.map_err(|e: csv::Error| {
            let at = e.position().map_or(0, csv::Position::line);
            Error::not_sent(
                ErrorKind::Config,
                "skip.csv: a line can't be read; the columns are record, reason",
            )
            .with("line", at)
        })?;
        skips.insert(line.record.trim().to_owned(), line.reason);
    }
    Ok(skips)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(source: &str, to: &str) -> Line {
        Line {
            source: source.into(),
            name: "Ada".into(),
            destination_id: to.into(),
            confidence: "certain".into(),
            ..Line::default()
        }
    }
    fn list(lines: Vec<Line>) -> List {
        let proposed = lines.iter().map(|l| (l.source.clone(), l.digest())).collect();
        List { name: "agents", lines, proposed }
    }

    #[test]
    fn a_line_that_a_person_edited_is_never_overwritten() {
        let mut list = list(vec![line("agent:1", "7"), line("agent:2", "8")]);
        list.lines[0].destination_id = "9".into();
        let written = list.take(vec![line("agent:1", "10"), line("agent:2", "11"), line("agent:3", "")]);
        let ids: Vec<&str> = list.lines.iter().map(|l| l.destination_id.as_str()).collect();
        assert_eq!(ids, ["9", "11", ""]);
        assert_eq!(written.len(), 2);
        let count = list.count(0);
        assert_eq!((count.by_person, count.matched, count.open), (1, 2, 1));
    }

    #[test]
    fn a_cell_that_looks_like_a_formula_is_made_harmless() {
        assert_eq!(safe("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(safe("a\nb"), "a b");
        assert_eq!(safe("\t=1"), "' =1");
        assert_eq!(safe("＝1"), "'＝1");
        assert_eq!(safe("Bob; =HYPERLINK(1);c"), "Bob;' =HYPERLINK(1);c", "cells may end at semicolons");
        assert_eq!(safe("Anne-Marie; Bob"), "Anne-Marie; Bob");
        assert_eq!(safe("a;\"=1\""), "a;'\"=1\"", "a quote may be taken for the cell's own");
    }

    #[test]
    fn a_line_is_no_persons_when_a_spreadsheet_took_a_mark_away() {
        let written = Line { name: safe("+45 desk"), confidence: "low".into(), ..line("agent:1", "7") };
        let mut list = list(vec![written]);
        list.lines[0].name = "+45 desk".into();
        assert!(!list.by_person(&list.lines[0]));
        assert_eq!(list.count(0).open, 1, "a low match that nobody confirmed stays open");
        list.lines[0].name = "Ada".into();
        assert!(list.by_person(&list.lines[0]));
    }

    #[test]
    fn a_list_that_went_through_a_spreadsheet_is_read() {
        let text = "\u{feff}source;name;destination_id;confirmed_by\nagent:1;Ada;7;Bob\n";
        let lines = parse("mapping/agents.csv", text).unwrap();
        assert_eq!((lines[0].destination_id.as_str(), lines[0].confirmed_by.as_str()), ("7", "Bob"));
    }

    #[test]
    fn two_lines_for_one_record_are_refused() {
        let text = "source,name\nagent:1,Ada\nagent:1,Bob\n";
        assert_eq!(parse("mapping/agents.csv", text).unwrap_err().exit.code(), 2);
    }
}
