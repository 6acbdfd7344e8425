//! `doctor`: can both sides be reached, and what are they?

use crate::{Ctx, Exit, Failure, Finding, Run, Severity};
use mapping_core::{Catalog, Error, ErrorKind, RemoteRef, Sink, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most facts of a side that become findings.
const MOST_FACTS: usize = 50;

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
    /// Who the credentials act as, when the side says so.
    #[serde(default)]
    pub acting: Option<RemoteRef>,
    /// Facts by name: channels with their accounts, editions, scopes.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// Kinds that the side can't be asked for: whether there are any is not known.
    #[serde(default)]
    pub not_asked: Vec<String>,
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
        report.source = look("source", source.catalog().await, &mut report).map(|c| Side::of(&c));
        if let Some(mut side) = report.source.take() {
            side.not_asked = source.unasked().iter().map(ToString::to_string).collect();
            counted(&side, &mut report.findings);
            unasked(&side, &mut report.findings);
            proved(source, ctx, &mut report.findings).await;
            report.source = Some(side);
        }
    }
    if let Some(sink) = sink {
        ctx.started("doctor destination", None);
        if let Some(catalog) = look("destination", sink.catalog().await, &mut report) {
            let side = Side::of(&catalog);
            destination(&side, &mut report.findings);
            marked(sink, &catalog, &mut report.findings).await;
            report.destination = Some(side);
        }
    }
    if report.exit == Exit::Done && report.findings.iter().any(|f| f.severity == Severity::Problem) {
        report.exit = Exit::Error;
    }
    run.save_report("doctor", &report)?;
    Ok(report)
}

fn look(side: &str, catalog: Result<Catalog, Error>, report: &mut DoctorReport) -> Option<Catalog> {
    match catalog {
        Ok(catalog) => {
            report.findings.push(Finding::new(
                Severity::Good,
                side,
                format!("answers as {}", catalog.platform),
            ));
            Some(catalog)
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

/// What the source holds, kind by kind, and what it says of itself.
fn counted(side: &Side, findings: &mut Vec<Finding>) {
    if side.counts.is_empty() {
        let what = "says nothing of how many records it has";
        findings.push(Finding::new(Severity::Note, "source", what));
    } else {
        let counts: Vec<String> = side.counts.iter().map(|(kind, n)| format!("{kind} {n}")).collect();
        findings.push(Finding::new(Severity::Note, "source", format!("holds {}", counts.join(", "))));
    }
    facts("source", side, findings);
}

fn facts(name: &str, side: &Side, findings: &mut Vec<Finding>) {
    for (fact, says) in side.facts.iter().take(MOST_FACTS) {
        findings.push(Finding::new(Severity::Note, name, format!("{fact}: {says}")));
    }
}

fn unasked(side: &Side, findings: &mut Vec<Finding>) {
    if side.not_asked.is_empty() {
        return;
    }
    let what =
        format!("can't be asked for {}: whether there are any is not known", side.not_asked.join(", "));
    findings.push(Finding::new(Severity::Warning, "source", what).mend(
        "look there by hand; if the service has an operation for them, name it in the settings of the source",
    ));
}

/// What the source proves of what reading relies on. What a check of the program said already is not said again.
async fn proved(source: &dyn Source, ctx: &Ctx<'_>, findings: &mut Vec<Finding>) {
    let Err(error) = source.check(ctx.timer.now()).await else { return };
    if findings.iter().any(|f| f.what == error.message()) {
        return;
    }
    let found = Finding::new(Severity::Problem, "source", error.message().to_owned());
    findings.push(found.mend("correct the setting that is named, then look again; nothing is read before"));
}

fn destination(side: &Side, findings: &mut Vec<Finding>) {
    let mut say = |severity, what: String, mend: &str| {
        findings.push(Finding::new(severity, "destination", what).mend(mend));
    };
    let Side { people, teams, fields, .. } = side;
    say(Severity::Note, format!("has {people} people, {teams} teams and {fields} fields"), "");
    match &side.acting {
        Some(acting) => {
            say(
                Severity::Note,
                format!("{acting} will be shown as the author of what has none of its own"),
                "",
            );
        }
        None => say(
            Severity::Warning,
            "doesn't say who the credentials act as".to_owned(),
            "find out whose they are: that person is shown as the author of what has none of its own",
        ),
    }
    match side.quota {
        Some((calls, seconds)) => say(Severity::Note, format!("allows {calls} calls in {seconds} s"), ""),
        None => say(Severity::Note, "states no quota of calls".to_owned(), ""),
    }
    facts("destination", side, findings);
}

/// Marks of earlier loads: records of a migration that are there already.
async fn marked(sink: &dyn Sink, catalog: &Catalog, findings: &mut Vec<Finding>) {
    match sink.marked(catalog).await {
        Ok(marks) => findings.extend(marks.into_iter().map(|mark| {
            let what = format!("{} records carry the mark of the load `{}`", mark.records, mark.label);
            Finding::new(Severity::Warning, "destination", what).mend(
                "if this run directory did not make them, find the one that did and roll it back, or load elsewhere: what \
                 is there already would be made again",
            )
        })),
        Err(error) => findings.push(
            Finding::new(Severity::Warning, "destination", format!("its marks can't be read: {error}"))
                .mend(remedy(&error)),
        ),
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
            acting: catalog.acting.as_ref().map(|person| person.remote.clone()),
            facts: catalog.facts.clone(),
            not_asked: Vec::new(),
        }
    }
}
