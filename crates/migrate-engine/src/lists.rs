//! The lists that people read and edit: `mapping/{agents,queues,fields,categories,hours}.csv`, `skip.csv`.

use crate::store::Proposed;
use crate::{Failure, ListCount, Run};
use mapping_core::mapping::{
    Choices, Confidence, FieldChoice, FieldProposal, HoursProposal, Proposal, Proposals, Resolution,
    SetChoice, SetProposal, type_words, typed_by_words,
};
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
        Line {
            source: proposal.source.to_string(),
            name: safe(&proposal.source_name),
            email: safe(&email),
            destination_id: proposal.remote.as_ref().map(|r| r.id.clone()).unwrap_or_default(),
            destination_name: proposal.remote_name.as_ref().map(|n| safe(n)).unwrap_or_default(),
            reason: proposal.reason.clone(),
            confidence: word(proposal.confidence),
            confirmed_by: String::new(),
        }
    }
    fn of_field(proposal: &FieldProposal) -> Line {
        Line {
            source: format!("{FIELD}{}/{}", proposal.kind, encoded(&proposal.name)),
            name: safe(&proposal.name),
            destination_id: safe(&proposal.attribute),
            destination_name: type_words(proposal.field_type, proposal.form).to_owned(),
            reason: safe(&proposal.reason),
            confidence: word(proposal.confidence),
            ..Line::default()
        }
    }
    fn of_set(proposal: &SetProposal) -> Line {
        let set = proposal.set.as_deref().unwrap_or_default();
        let (to, how) = match &proposal.choice {
            SetChoice::List(attribute) => (attribute.as_str(), "list"),
            SetChoice::Text(attribute) => (attribute.as_str(), "text"),
            SetChoice::Tags => (TAGS, ""),
            SetChoice::LeftOut => (LEFT_OUT, ""),
        };
        Line {
            source: format!("{SET}{}", encoded(set)),
            name: safe(set),
            destination_id: safe(to),
            destination_name: how.to_owned(),
            reason: safe(&proposal.reason),
            confidence: word(proposal.confidence),
            ..Line::default()
        }
    }
    fn of_hours(proposal: &HoursProposal) -> Line {
        Line {
            source: proposal.source.to_string(),
            name: safe(&proposal.name),
            destination_id: proposal.zone.clone().unwrap_or_default(),
            reason: safe(&proposal.reason),
            confidence: word(proposal.confidence),
            ..Line::default()
        }
    }
    /// A person's own line, or a proposal that is sure enough to hold until a person says otherwise.
    fn holds(&self, by_person: bool) -> bool {
        !self.destination_id.trim().is_empty()
            && (by_person || matches!(self.confidence.as_str(), "high" | "certain"))
    }
}

/// What begins the source of a line about a custom field: `field:ticket/Order No.`.
const FIELD: &str = "field:";
/// What begins the source of a line about a set of categories.
const SET: &str = "category_set:";
/// In place of an attribute: the set becomes tags.
const TAGS: &str = "tags";
/// In place of an attribute: left out.
const LEFT_OUT: &str = "-";

fn word(confidence: Confidence) -> String {
    let word = match confidence {
        Confidence::None => "none",
        Confidence::Low => "low",
        Confidence::High => "high",
        Confidence::Certain => "certain",
    };
    word.to_owned()
}

/// A name as a part of a line's source: no spreadsheet may take a piece of it for something else, and it must be the
/// same again.
fn encoded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut bytes = [0; 4];
    for c in name.chars() {
        if c.is_control() || ";%\"'".contains(c) || (c.is_whitespace() && c != ' ') {
            c.encode_utf8(&mut bytes).bytes().for_each(|b| out.push_str(&format!("%{b:02X}")));
        } else {
            out.push(c);
        }
    }
    // Blanks at the ends don't survive every spreadsheet.
    match (out.starts_with(' '), out.ends_with(' ')) {
        (false, false) => out,
        _ => out.replace(' ', "%20"),
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        match after.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(b'%');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What begins a formula, in a Japanese spreadsheet too.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// A cell that no spreadsheet takes for a formula, nor any piece of it: one that expects semicolons ends a cell at each,
/// whatever quotes stand around it.
fn safe(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let piece = |piece: &str| match piece.trim_start().starts_with(FORMULA) {
        true => format!("'{piece}"),
        false => piece.to_owned(),
    };
    text.split(';').map(piece).collect::<Vec<_>>().join(";")
}

/// The cell without the mark that [`safe`] put before it.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| rest.trim_start().starts_with(FORMULA)).unwrap_or(text)
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

    /// Lines that a person decided, with what they say; those left open are none.
    fn decided(&self) -> impl Iterator<Item = (&Line, &str)> {
        let lines = self.lines.iter().filter(|l| self.by_person(l));
        lines.map(|l| (l, unmarked(l.destination_id.trim()))).filter(|(_, to)| !to.is_empty())
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

/// A list that went through a spreadsheet may begin with a byte order mark and be parted by semicolons or tabs.
fn reader(text: &str) -> csv::Reader<&[u8]> {
    let text = text.trim_start_matches('\u{feff}');
    let head = text.lines().next().unwrap_or_default();
    let delimiter = match () {
        () if head.contains(',') => b',',
        () if head.contains(';') => b';',
        () if head.contains('\t') => b'\t',
        () => b',',
    };
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes())
}

fn parse(file: &str, text: &str) -> Result<Vec<Line>, Failure> {
    if text.len() > LARGEST {
        return Err(Failure::usage(format!("{file}: larger than 64 MiB")));
    }
    let mut lines: Vec<Line> = Vec::new();
    for line in reader(text).deserialize() {
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
    pub(crate) fields: List,
    pub(crate) categories: List,
    pub(crate) hours: List,
}

/// How many lines of each list were written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) agents: usize,
    pub(crate) queues: usize,
    pub(crate) fields: usize,
    pub(crate) categories: usize,
    pub(crate) hours: usize,
}

impl Lists {
    pub(crate) fn read(run: &Run) -> Result<Lists, Failure> {
        Ok(Lists {
            agents: List::read(run, "agents")?,
            queues: List::read(run, "queues")?,
            fields: List::read(run, "fields")?,
            categories: List::read(run, "categories")?,
            hours: List::read(run, "hours")?,
        })
    }

    /// Takes proposals into the files. Returns how many lines of each list were written.
    pub(crate) async fn propose(
        &mut self,
        run: &Run,
        proposals: &Proposals,
        email: &dyn Fn(&Proposal) -> String,
    ) -> Result<Written, Failure> {
        let people = proposals.people.iter().map(|p| Line::of(p, email(p))).collect();
        let teams = proposals.teams.iter().map(|p| Line::of(p, String::new())).collect();
        Ok(Written {
            agents: take(run, &mut self.agents, people).await?,
            queues: take(run, &mut self.queues, teams).await?,
            fields: take(run, &mut self.fields, proposals.fields.iter().map(Line::of_field).collect())
                .await?,
            categories: take(
                run,
                &mut self.categories,
                proposals.categories.iter().map(Line::of_set).collect(),
            )
            .await?,
            hours: take(run, &mut self.hours, proposals.hours.iter().map(Line::of_hours).collect()).await?,
        })
    }

    /// What people decided about fields, categories and hours. Lines that nobody touched say what the map does anyway.
    pub(crate) fn choices(&self) -> Result<Choices, Failure> {
        let mut choices = Choices::default();
        for (line, to) in self.fields.decided() {
            let (kind, name) =
                cut(line, "fields", FIELD, "field:ticket/Name")?.split_once('/').ok_or_else(|| {
                    Failure::usage(format!(
                        "mapping/fields.csv: {}: a source looks like `field:ticket/Name`",
                        line.source
                    ))
                })?;
            let (field_type, form) = typed_by_words(unmarked(&line.destination_name))
                .map_err(|why| Failure::usage(format!("mapping/fields.csv: {}: {why}", line.source)))?;
            let attribute = attribute("fields", line, to)?;
            let of_kind = choices.fields.entry(kind.to_owned()).or_default();
            of_kind.insert(decoded(name), FieldChoice { attribute, field_type, form });
        }
        for (line, to) in self.categories.decided() {
            let set = decoded(cut(line, "categories", SET, "category_set:Name")?);
            let choice = match (attribute("categories", line, to)?, line.destination_name.trim()) {
                (None, _) => SetChoice::LeftOut,
                (Some(tags), _) if tags.eq_ignore_ascii_case(TAGS) => SetChoice::Tags,
                (Some(name), "text") => SetChoice::Text(name),
                (Some(name), "" | "list") => SetChoice::List(name),
                (Some(_), other) => {
                    return Err(Failure::usage(format!(
                        "mapping/categories.csv: {}: `{other}` is no type; known are list, text",
                        line.source
                    )));
                }
            };
            choices.categories.insert(set, choice);
        }
        for (line, to) in self.hours.decided() {
            if !is_zone(to) {
                return Err(Failure::usage(format!(
                    "mapping/hours.csv: {}: there is no time zone `{to}`; zones look like `Europe/Copenhagen`",
                    line.source
                )));
            }
            choices.hours.insert(line.source.clone(), to.to_owned());
        }
        Ok(choices)
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

/// A line's source without what every source of its list begins with.
fn cut<'l>(line: &'l Line, file: &str, before: &str, form: &str) -> Result<&'l str, Failure> {
    line.source.strip_prefix(before).ok_or_else(|| {
        Failure::usage(format!("mapping/{file}.csv: {}: a source looks like `{form}`", line.source))
    })
}

/// The attribute that a line names; `None` leaves it out.
fn attribute(file: &str, line: &Line, to: &str) -> Result<Option<String>, Failure> {
    let to = to.strip_prefix("attribute.").unwrap_or(to).trim();
    match to {
        LEFT_OUT => Ok(None),
        "" => Err(Failure::usage(format!("mapping/{file}.csv: {}: the attribute has no name", line.source))),
        name => Ok(Some(name.to_owned())),
    }
}

/// Whether the database of time zones has it. Where there is no database, its form must do.
fn is_zone(name: &str) -> bool {
    let known = |name: &str| jiff::tz::TimeZone::get(name).is_ok();
    match known("Europe/London") {
        true => known(name) && (name.contains('/') || name == "UTC"),
        false => name.contains('/') || name == "UTC",
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
    if text.len() > LARGEST {
        return Err(Failure::usage("skip.csv: larger than 64 MiB"));
    }
    let mut skips = BTreeMap::new();
    for line in reader(&text).deserialize() {
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
    fn a_name_in_a_source_survives_and_no_piece_of_it_is_a_formula() {
        for name in ["Order No.", "a;=1+1", "100%", " padded ", "x\ty\n", "it's \"so\"", "注文", "%41"] {
            let cell = encoded(name);
            assert_eq!(decoded(&cell), name);
            assert!(!cell.contains(';') && !cell.contains('"') && !cell.starts_with(' '), "{cell}");
        }
    }

    fn lists(fields: Vec<Line>, categories: Vec<Line>, hours: Vec<Line>) -> Lists {
        let of = |name, lines| List { name, lines, proposed: BTreeMap::new() };
        Lists {
            agents: of("agents", vec![]),
            queues: of("queues", vec![]),
            fields: of("fields", fields),
            categories: of("categories", categories),
            hours: of("hours", hours),
        }
    }

    fn decided(source: &str, to: &str, how: &str) -> Line {
        Line {
            source: source.into(),
            destination_id: to.into(),
            destination_name: how.into(),
            confirmed_by: "Carol".into(),
            ..Line::default()
        }
    }

    #[test]
    fn what_people_decided_is_read_and_what_they_left_open_is_not() {
        let lists = lists(
            vec![
                decided("field:ticket/Due%3B on", "due_on", "Date day first"),
                decided("field:contact/Secret", "-", ""),
                decided("field:ticket/Open", "", "date"),
            ],
            vec![
                decided("category_set:Topic", "tags", ""),
                decided("category_set:", "attribute.kind", "text"),
            ],
            vec![decided("working_hours:3", "Europe/Copenhagen", "")],
        );
        let choices = lists.choices().unwrap();
        assert_eq!(choices.fields["ticket"]["Due; on"].attribute.as_deref(), Some("due_on"));
        assert_eq!(choices.fields["ticket"].len(), 1);
        assert_eq!(choices.fields["contact"]["Secret"].attribute, None);
        assert_eq!(choices.categories["Topic"], SetChoice::Tags);
        assert_eq!(choices.categories[""], SetChoice::Text("kind".into()));
        assert_eq!(choices.hours["working_hours:3"], "Europe/Copenhagen");
    }

    #[test]
    fn a_line_that_the_engine_wrote_and_nobody_touched_decides_nothing() {
        let mut line = decided("field:ticket/Due", "due_on", "date");
        line.confirmed_by.clear();
        let mut lists = lists(vec![line.clone()], vec![], vec![]);
        lists.fields.proposed.insert(line.source.clone(), line.digest());
        assert_eq!(lists.choices().unwrap(), Choices::default());
        lists.fields.lines[0].destination_name = "text".into();
        assert_eq!(lists.choices().unwrap().fields["ticket"].len(), 1, "a person's edit decides");
    }

    #[test]
    fn a_decision_that_cannot_be_is_refused_with_file_and_source() {
        for (list, said) in [
            (
                lists(vec![decided("field:ticket/A", "a", "number")], vec![], vec![]),
                "fields.csv: field:ticket/A",
            ),
            (lists(vec![decided("ticket/A", "a", "text")], vec![], vec![]), "looks like `field:ticket/Name`"),
            (lists(vec![], vec![decided("category_set:T", "t", "date")], vec![]), "known are list, text"),
            (
                lists(vec![], vec![], vec![decided("working_hours:1", "Mars/Base", "")]),
                "no time zone `Mars/Base`",
            ),
            (lists(vec![], vec![], vec![decided("working_hours:1", "CET", "")]), "no time zone `CET`"),
        ] {
            let failure = list.choices().unwrap_err();
            assert_eq!(failure.exit.code(), 2);
            assert!(failure.to_string().contains(said), "{failure}");
        }
    }

    #[test]
    fn a_list_of_skips_that_went_through_a_spreadsheet_is_read() {
        for text in [
            "\u{feff}record;reason\nticket:1;test\n",
            "record\treason\nticket:1\ttest\n",
            "record, reason\nticket:1,test\n",
        ] {
            let rows: Vec<BTreeMap<String, String>> =
                reader(text).deserialize().map(Result::unwrap).collect();
            assert_eq!(
                (rows[0]["record"].as_str(), rows[0]["reason"].as_str()),
                ("ticket:1", "test"),
                "{text}"
            );
        }
    }

    #[test]
    fn two_lines_for_one_record_are_refused() {
        let text = "source,name\nagent:1,Ada\nagent:1,Bob\n";
        assert_eq!(parse("mapping/agents.csv", text).unwrap_err().exit.code(), 2);
    }
}
