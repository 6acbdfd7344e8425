//! `doctor`: can both sides be reached, and what are they?

use crate::{Ctx, Exit, Failure, Finding, Run, Severity};
use mapping_core::{Catalog, Error, ErrorKind, Sink, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one side is. No names of people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Side {
    /// The platform and its version.
    pub platform: String,
    /// The workspace, portal or instance.
    pub account: String,
    /// Where its data lives.
    pub region: Option<String>,
    /// Objects of each kind, where the side can count them.
    pub counts: BTreeMap<String, u64>,
    /// People with an account there.
    pub people: u64,
    /// Teams and queues.
    pub teams: u64,
    /// Fields.
    pub fields: u64,
    /// Calls per window of seconds, when the side states a quota.
    pub quota: Option<(u32, u32)>,
}

/// What `doctor` found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DoctorReport {
    /// The source, when it was given and answered.
    pub source: Option<Side>,
    /// The destination, when it was given and answered.
    pub destination: Option<Side>,
    /// What was found, the program's own checks first.
    pub findings: Vec<Finding>,
    /// How it ended: refused credentials end it with `Refused`, other problems with `Error`.
    pub exit: Exit,
}

/// Asks each side that is given for its catalog. `checks` are findings of the program (a profile against its WSDL).
///
/// A side that can't be reached is a finding, not a failure: the other side is still looked at.
///
/// # Errors
/// The run directory can't be written.
pub async fn doctor(
    run: &Run,
    source: Option<&dyn Source>,
    sink: Option<&dyn Sink>,
    checks: Vec<Finding>,
    ctx: &Ctx<'_>,
) -> Result<DoctorReport, Failure> {
    let mut report = DoctorReport { findings: checks, ..DoctorReport::default() };
    if let Some(source) = source {
        ctx.started("doctor source", None);
        report.source = look("source", source.catalog().await, &mut report);
    }
    if let Some(sink) = sink {
        ctx.started("doctor destination", None);
        report.destination = look("destination", sink.catalog().await, &mut report);
    }
    if report.exit == Exit::Done && report.findings.iter().any(|f| f.severity == Severity::Problem) {
        report.exit = Exit::Error;
    }
    run.save_report("doctor", &report)?;
    Ok(report)
}

fn look(side: &str, catalog: Result<Catalog, Error>, report: &mut DoctorReport) -> Option<Side> {
    match catalog {
        Ok(catalog) => {
            report.findings.push(Finding::new(
                Severity::Good,
                side,
                format!("answers as {}", catalog.platform),
            ));
            Some(Side::of(&catalog))
        }
        Err(error) => {
            let refused = matches!(error.kind(), ErrorKind::Unauthorized | ErrorKind::Forbidden);
            report.exit = if refused { Exit::Refused } else { Exit::Error };
            report
                .findings
                .push(Finding::new(Severity::Problem, side, error.to_string()).mend(remedy(&error)));
            None
        }
    }
}

fn remedy(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Unauthorized => "set the credentials in the environment and try again",
        ErrorKind::Forbidden => "give the credentials the missing right and try again",
        ErrorKind::Transport => "check the address, the network, the proxy and the certificate authority",
        ErrorKind::Malformed => "check the address: something else answers there",
        ErrorKind::Unavailable | ErrorKind::Throttled => "try again later",
        _ => "",
    }
}

impl Side {
    pub(crate) fn of(catalog: &Catalog) -> Side {
        let count = |n: usize| n as u64;
        Side {
            platform: catalog.platform.clone(),
            account: catalog.account.clone(),
            region: catalog.region.clone(),
            counts: catalog.counts.clone(),
            people: count(catalog.people.len()),
            teams: count(catalog.teams.len()),
            fields: count(catalog.fields.len()),
            quota: catalog.quota.map(|q| (q.limit, q.window_seconds)),
        }
    }
}
