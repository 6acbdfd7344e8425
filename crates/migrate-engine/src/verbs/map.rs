//! `map`: proposes who and what stands for whom, and where fields, categories and hours go, in CSV files that a person
//! confirms.

use crate::drafts::{mapping_of, observe};
use crate::lists::{Lists, Written};
use crate::{Ctx, Exit, Failure, Finding, Run, Severity};
use mapping_core::mapping::{Mapping, ObjectRule, Observations, PersonProposal, Proposal, propose};
use mapping_core::model::AgentId;
use mapping_core::{Catalog, Sink};
use serde::{Deserialize, Serialize};

/// How to map.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct MapOptions {
    /// Only look: write no proposal.
    pub check: bool,
}
impl MapOptions {
    /// Only looks.
    #[must_use]
    pub fn check() -> Self {
        MapOptions { check: true }
    }
}

/// The most groups of contacts in a report.
const MOST_PERSONS: usize = 200;

/// What a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ListCount {
    /// Lines.
    pub lines: u64,
    /// Lines with a destination.
    pub matched: u64,
    /// Lines without one.
    pub open: u64,
    /// Lines that a person edited or confirmed.
    pub by_person: u64,
    /// Lines that this call wrote or changed.
    pub written: u64,
    /// The ids of the open lines, at most 50.
    pub open_ids: Vec<String>,
}

/// What `map` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MapReport {
    /// `mapping/agents.csv`.
    pub agents: ListCount,
    /// `mapping/queues.csv`: queues and ticketboxes.
    pub queues: ListCount,
    /// `mapping/fields.csv`: custom fields.
    #[serde(default)]
    pub fields: ListCount,
    /// `mapping/categories.csv`: sets of categories.
    #[serde(default)]
    pub categories: ListCount,
    /// `mapping/hours.csv`: time zones of working hours.
    #[serde(default)]
    pub hours: ListCount,
    /// Contacts that may be one person; they stay apart. At most 200.
    #[serde(default)]
    pub persons: Vec<PersonProposal>,
    /// How many such groups there are.
    #[serde(default)]
    pub persons_found: u64,
    /// What is wrong with the mapping at this destination.
    pub findings: Vec<Finding>,
    /// The objects that will be moved: row, from, to, fidelity.
    pub objects: Vec<ObjectRow>,
    /// `Error` when a finding is a problem.
    pub exit: Exit,
}

/// A row of the map.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObjectRow {
    /// The row's name: `I1`.
    pub row: String,
    /// The kind at the source.
    pub from: String,
    /// The kind at the destination.
    pub to: String,
    /// How true it is.
    pub fidelity: String,
}

/// Proposes matches for agents, queues and ticketboxes, places for custom fields and sets of categories and zones for
/// working hours, and checks the mapping against the destination.
///
/// A line that a person edited or confirmed is never overwritten.
///
/// # Errors
/// `Usage` for a mapping or a list that can't be read, with its line; what the destination refuses.
pub async fn map(
    run: &Run,
    sink: &dyn Sink,
    options: &MapOptions,
    ctx: &Ctx<'_>,
) -> Result<MapReport, Failure> {
    super::extract::require_complete(run)?;
    ctx.started("map", None);
    let catalog = sink.catalog().await?;
    let seen = observe(run).await?;
    let mapping = mapping_of(run)?;
    let mut lists = Lists::read(run)?;
    let proposals = propose(&mapping, &seen, &catalog);
    let mut written = Written::default();
    if !options.check {
        let email = |p: &Proposal| {
            let agent = seen.agents.get(&AgentId::from(p.source.id.clone()));
            agent.and_then(|a| a.email.as_ref()).map(|e| e.as_str().to_owned()).unwrap_or_default()
        };
        written = lists.propose(run, &proposals, &email).await?;
    }
    let persons_found = proposals.persons.len() as u64;
    let mut persons = proposals.persons;
    persons.truncate(MOST_PERSONS);
    let mut report = MapReport {
        agents: lists.agents.count(written.agents),
        queues: lists.queues.count(written.queues),
        fields: lists.fields.count(written.fields),
        categories: lists.categories.count(written.categories),
        hours: lists.hours.count(written.hours),
        persons,
        persons_found,
        findings: findings(&mapping, &seen, &catalog),
        objects: mapping.objects().iter().map(ObjectRow::of).collect(),
        exit: Exit::Done,
    };
    let refused = [lists.resolution(&catalog).err(), lists.choices().err()];
    for failure in refused.into_iter().flatten() {
        report.findings.push(Finding::new(Severity::Problem, "mapping", failure.error.to_string()));
    }
    report.findings.extend(open(&report));
    if report.findings.iter().any(|f| f.severity == Severity::Problem) {
        report.exit = Exit::Error;
    }
    run.save_report("map", &report)?;
    let lists = [&report.agents, &report.queues, &report.fields, &report.categories, &report.hours];
    ctx.finished("map", lists.into_iter().map(|l| l.lines).sum());
    Ok(report)
}

/// What is open in the lists, and what comes of it if it stays open.
fn open(report: &MapReport) -> Vec<Finding> {
    let lists = [
        ("agents", &report.agents, "a placeholder writes for them, and their names stay in the text"),
        ("queues", &report.queues, "their tickets are assigned to no team; the names stay in attributes"),
        ("fields", &report.fields, "they go as text to the attributes that the map makes for them"),
        ("categories", &report.categories, "they go where the map puts them"),
        (
            "hours",
            &report.hours,
            "these working hours are not moved: write a zone, as Europe/Copenhagen, into destination_id",
        ),
    ];
    let open = lists.into_iter().filter(|(_, count, _)| count.open > 0);
    open.map(|(list, count, then)| {
        let mut names = count.open_ids.join(", ");
        if count.open > count.open_ids.len() as u64 {
            names.push_str(", …");
        }
        let what = format!("{} of {} lines are open ({names}): {then}", count.open, count.lines);
        Finding::new(Severity::Warning, format!("mapping/{list}.csv"), what)
    })
    .collect()
}

/// What the map wants and the destination can't give, what will be provisioned taken as given.
pub(crate) fn findings(mapping: &Mapping, seen: &Observations, catalog: &Catalog) -> Vec<Finding> {
    let found = mapping.check(catalog, &mapping.wanted_fields(seen));
    let finding = |f: mapping_core::mapping::Finding| {
        let severity = match f.severity {
            mapping_core::mapping::Severity::Blocker => Severity::Problem,
            mapping_core::mapping::Severity::Warning => Severity::Warning,
        };
        Finding::new(severity, format!("mapping {} {}", f.row, f.rule), f.why)
    };
    found.into_iter().map(finding).collect()
}

impl ObjectRow {
    fn of(rule: &ObjectRule) -> Self {
        ObjectRow {
            row: rule.row.clone(),
            from: rule.from.to_string(),
            to: rule.to.to_string(),
            fidelity: rule.fidelity.as_str().to_owned(),
        }
    }
}
