//! `map`: proposes who and what stands for whom, in CSV files that a person confirms.

use crate::drafts::{mapping_of, observe};
use crate::lists::Lists;
use crate::{Ctx, Exit, Failure, Finding, Run, Severity};
use mapping_core::mapping::{Mapping, ObjectRule, Observations, Proposal, propose};
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

/// Proposes matches for agents, queues and ticketboxes, and checks the mapping against the destination.
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
    let mut written = (0, 0);
    if !options.check {
        let proposals = propose(&seen, &catalog);
        let email = |p: &Proposal| {
            let agent = seen.agents.get(&AgentId::from(p.source.id.clone()));
            agent.and_then(|a| a.email.as_ref()).map(|e| e.as_str().to_owned()).unwrap_or_default()
        };
        let people: Vec<_> = proposals.people.into_iter().map(|p| (p.clone(), email(&p))).collect();
        written = lists.propose(run, &people, &proposals.teams).await?;
    }
    let mut report = MapReport {
        agents: lists.agents.count(written.0),
        queues: lists.queues.count(written.1),
        findings: findings(&mapping, &seen, &catalog),
        objects: mapping.objects().iter().map(ObjectRow::of).collect(),
        exit: Exit::Done,
    };
    if let Err(failure) = lists.resolution(&catalog) {
        report.findings.push(Finding::new(Severity::Problem, "mapping", failure.error.to_string()));
    }
    if report.findings.iter().any(|f| f.severity == Severity::Problem) {
        report.exit = Exit::Error;
    }
    run.save_report("map", &report)?;
    ctx.finished("map", report.agents.lines + report.queues.lines);
    Ok(report)
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
