//! The help desk as it is in the run directory, and who stands for whom.

use crate::drafts::{mapping_of, observe};
use crate::lists::{Line, Lists, unmarked};
use crate::{Failure, Run};
use jiff::Timestamp;
use mapping_core::SourceRef;
use mapping_core::mapping::{Mapping, Observations};
use mapping_core::model::Record;
use std::collections::BTreeMap;

/// The longest part of a file name that comes from outside, in characters and in bytes: two parts and an ending must be
/// a name that every system takes.
const NAME: usize = 60;
const BYTES: usize = 110;

/// What hand-offs are made from. Needs neither side.
pub(crate) struct Desk<'a> {
    pub(crate) run: &'a Run,
    pub(crate) now: Timestamp,
    pub(crate) mapping: Mapping,
    pub(crate) seen: Observations,
    /// Who stands for an agent: id and name.
    people: BTreeMap<String, (String, String)>,
    /// What stands for a queue or ticketbox: id and name.
    teams: BTreeMap<String, (String, String)>,
    /// Time zones that people chose, by profile of working hours.
    pub(crate) zones: BTreeMap<String, String>,
}

impl<'a> Desk<'a> {
    pub(crate) async fn open(run: &'a Run, now: Timestamp) -> Result<Desk<'a>, Failure> {
        let lists = Lists::read(run)?;
        let held = |line: &Line| {
            let (id, name) =
                (line.destination_id.trim().to_owned(), unmarked(&line.destination_name).to_owned());
            (line.source.clone(), (id, name))
        };
        Ok(Desk {
            run,
            now,
            mapping: mapping_of(run)?,
            seen: observe(run).await?,
            people: lists.agents.held().map(held).collect(),
            teams: lists.queues.held().map(held).collect(),
            zones: lists.choices()?.hours,
        })
    }

    /// Every record of a kind, page by page.
    pub(crate) fn each(
        &self,
        kind: &str,
        take: &mut dyn FnMut(Record) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after = 0;
        loop {
            let page = self.run.stage().records(kind, after, 200)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.seq;
            for staged in page {
                take(staged.record)?;
            }
        }
    }
    /// Who stands for an agent: id and name.
    pub(crate) fn person(&self, agent: &SourceRef) -> Option<&(String, String)> {
        self.people.get(&agent.to_string())
    }
    /// What stands for a queue or ticketbox: id and name.
    pub(crate) fn team(&self, queue: &SourceRef) -> Option<&(String, String)> {
        self.teams.get(&queue.to_string())
    }
    /// The team proposed for a queue or ticketbox: the one that stands for it, or one of its name.
    pub(crate) fn proposed_team(&self, queue: &SourceRef) -> String {
        match self.team(queue) {
            Some((_, name)) if !name.is_empty() => name.clone(),
            _ => self.called(queue),
        }
    }
    /// The name of an agent, queue, ticketbox or category; its id where nothing is known of it.
    pub(crate) fn called(&self, record: &SourceRef) -> String {
        self.seen.name_of(record).map_or_else(|| record.to_string(), str::to_owned)
    }
    pub(crate) fn names(&self, records: impl IntoIterator<Item = SourceRef>) -> String {
        records.into_iter().map(|r| self.called(&r)).collect::<Vec<_>>().join("; ")
    }
}

/// A name from outside as a part of a file's: no path, nothing that a system reserves or a terminal obeys.
pub(crate) fn file_name(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let c = if c.is_alphanumeric() || c == '_' { c } else { '-' };
        if c != '-' || !out.ends_with('-') {
            out.push(c);
        }
        if out.chars().count() >= NAME || out.len() + 4 > BYTES {
            break;
        }
    }
    let name = out.trim_matches('-');
    if name.is_empty() { "unnamed".to_owned() } else { name.to_owned() }
}

/// Something that may not be there, as a cell.
pub(crate) fn cell(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

pub(crate) fn yes(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_from_outside_leads_out_of_its_directory() {
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name("C:\\a:b*?"), "C-a-b");
        assert_eq!(file_name("..."), "unnamed");
        assert_eq!(file_name("Über uns\u{202e}\n"), "Über-uns");
        assert_eq!(file_name(&"x".repeat(500)).len(), NAME);
        assert!(file_name(&"𠮷".repeat(500)).len() <= BYTES, "systems count bytes, 255 of them");
    }
}
