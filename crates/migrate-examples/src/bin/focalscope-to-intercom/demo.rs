//! The demo: both stand-ins inside, every step of a migration, and the stand-in's journal as judge.

use clap::Args;
use jiff::Timestamp;
use mapping_core::{Error, ErrorKind};
use migrate_engine::{
    ApplyOptions, ApproveOptions, Cancel, Exit, ExtractOptions, Failure, InitOptions, MapOptions,
    ProvisionOptions, ReviewOptions, RollbackOptions, Run, SystemTimer, VerifyOptions,
};
use migrate_examples::args::Common;
use migrate_examples::explained::explained;
use migrate_examples::focalscope_to_intercom::{FocalScopeToIntercom, Secrets};
use migrate_examples::machine;
use migrate_examples::show::Show;
use migrate_examples::verbs::{Program, Sides};
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::focalscope::{self, FocalScope};
use migrate_sandbox::intercom::{self, Intercom, Seed, SeedContact};
use migrate_sandbox::judge::{self, Verdict};
use migrate_sandbox::{generator, mail};
use serde::Serialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Instant;
use tokio::net::TcpListener;

/// The size of the pilot.
const PILOT: usize = 50;
/// Who decides and approves in the demo.
const OPERATOR: &str = "demo";
/// The zone of the help desk's seat.
const SEAT: &str = "Europe/Copenhagen";
/// The mark in the stand-in's journal under which the calls of `apply` are counted.
const APPLY: &str = "apply";

/// What the demo is made of.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// Generate so many tickets.
    #[arg(long, default_value_t = 300, conflicts_with = "mail")]
    tickets: usize,
    /// The same seed gives the same help desk.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Make the help desk of a folder of .eml files instead.
    #[arg(long, value_name = "DIR")]
    mail: Option<PathBuf>,
}

/// The last line with `--json`.
#[derive(Serialize)]
struct Summary {
    source: judge::SourceCounts,
    destination: judge::DestinationCounts,
    lost: u64,
    doubled: u64,
    out_of_order: u64,
    field_differences: u64,
    losses: u64,
    quarantined: u64,
    unknown: u64,
    notifications: u64,
    teammate_notifications: u64,
    workflow_triggers: u64,
    denied_calls: u64,
    calls: Calls,
    seconds: f64,
    peak_rss_bytes: Option<u64>,
}

/// Calls of `apply` alone, settling and lookups included.
#[derive(Serialize)]
struct Calls {
    /// By the stand-in's journal.
    made: u64,
    /// By the plan.
    planned: u64,
    /// The fewest that the API allows.
    floor: u64,
}

/// Both stand-ins, serving.
struct StandIns {
    dataset: Dataset,
    intercom: Intercom,
    focalscope_at: SocketAddr,
    intercom_at: SocketAddr,
}

pub(crate) async fn run(
    options: &Options,
    common: &Common,
    show: &Show,
    cancel: &Cancel,
) -> Result<Exit, Failure> {
    let began = Instant::now();
    let stand_ins = StandIns::start(options).await?;
    let secrets = Secrets {
        user: None,
        password: Some("sandbox".into()),
        api_key: None,
        token: Some("sandbox-token".into()),
    };
    let sides = FocalScopeToIntercom::with(secrets);
    let dir = common.run.clone().unwrap_or_else(|| {
        std::env::temp_dir()
            .join(format!("focalscope-to-intercom-{}", Timestamp::now().strftime("%Y%m%d-%H%M%S%3f")))
    });
    let program = Program { sides: &sides, show, timer: &SystemTimer, cancel };
    let run = Run::create(&dir, &stand_ins.init(&sides))?;
    show.say(&format!(
        "FocalScope at http://{}, Intercom at http://{}",
        stand_ins.focalscope_at, stand_ins.intercom_at
    ));

    let doctor = program.doctor(&run, None).await?;
    stop_unless(doctor.exit, &[Exit::Done], "doctor")?;
    let mut extract = program.extract(&run, &ExtractOptions::default()).await?;
    if extract.exit == Exit::Sums {
        // Files that the help desk lost, say. A person looks at the list and accepts it by name.
        extract = program.extract(&run, &ExtractOptions::default().accept_shortfall(OPERATOR)).await?;
    }
    stop_unless(extract.exit, &[Exit::Done, Exit::Incomplete], "extract")?;
    program.map(&run, &MapOptions::default()).await?;
    decide_zones(&run)?;
    let map = program.map(&run, &MapOptions::check()).await?;
    stop_unless(map.exit, &[Exit::Done], "map")?;
    let provision = program.provision(&run, &ProvisionOptions::default()).await?;
    stop_unless(provision.exit, &[Exit::Done], "provision")?;
    let plan = program.plan(&run).await?;
    stop_unless(plan.exit, &[Exit::Done, Exit::Incomplete], "plan")?;

    // In the operator's name: the stand-in fires nothing at anybody.
    program.approve(&run, &ApproveOptions::by(OPERATOR).acknowledge_all()).await?;

    let pilot = program.apply(&run, &ApplyOptions::default().pilot(PILOT).approved_by(OPERATOR)).await?;
    stop_unless(pilot.exit, &[Exit::Done, Exit::Incomplete], "the pilot")?;
    let verify = program.verify(&run, &VerifyOptions::default().batch(pilot.batch)).await?;
    stop_unless(verify.exit, &[Exit::Done, Exit::Incomplete], "verify of the pilot")?;
    program.review(&run, &ReviewOptions::default().batch(pilot.batch)).await?;
    let back = RollbackOptions::default().batch(pilot.batch).confirm(&plan.account);
    let rollback = program.rollback(&run, &back).await?;
    stop_unless(rollback.exit, &[Exit::Done], "rollback of the pilot")?;

    stand_ins.intercom.mark(APPLY);
    let apply = program.apply(&run, &ApplyOptions::default().approved_by(OPERATOR)).await?;
    stand_ins.intercom.mark("verify");
    stop_unless(apply.exit, &[Exit::Done, Exit::Incomplete], "apply")?;
    let verify = program.verify(&run, &VerifyOptions::default().batch(apply.batch)).await?;
    stop_unless(verify.exit, &[Exit::Done, Exit::Incomplete], "verify")?;

    let mark = sides.sink(&run).await?.batch_mark(&apply.label);
    let tag = mark.map_or_else(|| apply.label.clone(), |mark| mark.text("name").to_owned());
    let verdict = stand_ins.judge(&run, tag)?;
    let made =
        stand_ins.intercom.with_journal(|journal| journal.phase(APPLY).map_or(0, |phase| phase.total.calls));
    let summary = Summary {
        source: verdict.source,
        destination: verdict.destination,
        lost: verdict.lost,
        doubled: verdict.doubled,
        out_of_order: verdict.out_of_order,
        field_differences: verdict.field_differences,
        losses: count_losses(&run)?,
        quarantined: run.ledger().quarantine_counts()?.values().sum(),
        unknown: apply.unknown(),
        notifications: verdict.notifications,
        teammate_notifications: verdict.teammate_notifications,
        workflow_triggers: verdict.workflow_triggers,
        denied_calls: verdict.denied_calls,
        calls: Calls { made, planned: apply.calls_planned, floor: apply.floor },
        seconds: began.elapsed().as_secs_f64(),
        peak_rss_bytes: machine::peak_rss_bytes(),
    };
    program.idmap(&run).await?;
    program.handoff(&run).await?;
    show_verdict(show, &summary, &verdict);
    program.report(&run)?;
    if show.is_json() {
        show.object(&summary);
    }
    let zeros = [summary.unknown, summary.notifications, summary.denied_calls];
    let clean = verdict.is_clean() && zeros.iter().all(|n| *n == 0);
    Ok(if clean { Exit::Done } else { Exit::Differences })
}

impl StandIns {
    async fn start(options: &Options) -> Result<Self, Failure> {
        let dataset = match &options.mail {
            Some(folder) => mail::load(folder, &mail::MailSettings::default())
                .map_err(|e| io("the folder of mail can't be read", e))?,
            None => generator::generate(options.seed, options.tickets),
        };
        let focalscope = FocalScope::new(dataset.clone());
        let intercom = Intercom::default();
        intercom.seed(Seed::for_dataset(&dataset));
        intercom.seed(people_who_are_there(&dataset));
        // The load follows on the heels of the pilot's rollback, which no person's does; a deleted company stays for
        // seconds, not half a minute.
        intercom.turn(|knobs| knobs.company_archive_after_s = 3);
        let (listener, focalscope_at) = listen().await?;
        tokio::spawn(focalscope::serve(listener, focalscope));
        let (listener, intercom_at) = listen().await?;
        tokio::spawn(intercom::serve(listener, intercom.clone()));
        Ok(StandIns { dataset, intercom, focalscope_at, intercom_at })
    }

    fn init(&self, sides: &FocalScopeToIntercom) -> InitOptions {
        sides
            .init("demo")
            .source(format!(
                "wsdl = \"http://{}{}?wsdl\"\nauth = \"session\"\nuser = \"migration\"\npace = {{ pause_seconds = 0.0 }}",
                self.focalscope_at,
                focalscope::PATH
            ))
            .destination(format!("base_url = \"http://{}\"", self.intercom_at))
    }

    /// What arrived against what was there, by the sandbox's own code. Of our output it reads the lists of losses and
    /// of the quarantine.
    fn judge(&self, run: &Run, batch_tag: String) -> Result<Verdict, Failure> {
        let options = judge::Options { batch_tag: Some(batch_tag), ..judge::Options::default() };
        Ok(judge::judge(&self.dataset, &self.intercom, &explained(run)?, &options))
    }
}

/// Some of the help desk's people are in the workspace already: with an id of the workspace's own, unsubscribed,
/// archived.
fn people_who_are_there(dataset: &Dataset) -> Seed {
    let known = generator::matched_contacts(dataset).into_iter().enumerate();
    let contacts = known.map(|(n, known)| SeedContact {
        name: (n % 2 == 0).then(|| "Known already".to_owned()),
        email: Some(known.email),
        external_id: Some(known.external_id),
        unsubscribed: n % 3 == 1,
        archived: n % 4 == 3,
        ..SeedContact::default()
    });
    Seed { contacts: contacts.collect(), ..Seed::default() }
}

fn count_losses(run: &Run) -> Result<u64, Failure> {
    Ok(run.ledger().loss_counts()?.iter().map(|(_, _, _, count)| count).sum())
}

fn show_verdict(show: &Show, summary: &Summary, verdict: &Verdict) {
    show.heading("the stand-in's journal says");
    show.pairs([
        ("lost", summary.lost.to_string()),
        ("doubled", summary.doubled.to_string()),
        ("out of order", summary.out_of_order.to_string()),
        ("fields that differ", format!("{} of {}", summary.field_differences, verdict.fields_compared)),
        ("explained by losses", verdict.explained.to_string()),
        ("unknown outcomes", summary.unknown.to_string()),
        ("mails to customers", summary.notifications.to_string()),
        ("mails to teammates", summary.teammate_notifications.to_string()),
        ("workflows that would fire", summary.workflow_triggers.to_string()),
        (
            "calls",
            format!(
                "{} made, {} planned, {} at least",
                summary.calls.made, summary.calls.planned, summary.calls.floor
            ),
        ),
    ]);
    for finding in verdict.findings.iter().take(20) {
        show.say(&format!(
            "{:?}: {} {} {}: {}",
            finding.what, finding.kind, finding.id, finding.field, finding.detail
        ));
    }
}

/// What a person does who knows the help desk: hours that only say an offset from UTC get the zone of its seat. The lists
/// of `mapping/` are made for spreadsheets.
fn decide_zones(run: &Run) -> Result<(), Failure> {
    const HOURS: &str = "mapping/hours.csv";
    let bad =
        |e: csv::Error| Error::not_sent(ErrorKind::Io, "the list of hours can't be read").with_source(e);
    let Some(text) = run.read(HOURS)? else { return Ok(()) };
    let mut lines = csv::Reader::from_reader(text.as_bytes());
    let head = lines.headers().map_err(bad)?.clone();
    let column = |name: &str| head.iter().position(|h| h == name);
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(&head).map_err(bad)?;
    for line in lines.records() {
        let mut cells: Vec<String> = line.map_err(bad)?.iter().map(str::to_owned).collect();
        let decided = column("confidence").is_some_and(|c| matches!(&*cells[c], "high" | "certain"));
        if let (false, Some(zone), Some(by)) = (decided, column("destination_id"), column("confirmed_by")) {
            cells[zone] = SEAT.to_owned();
            cells[by] = OPERATOR.to_owned();
        }
        out.write_record(&cells).map_err(bad)?;
    }
    let text = out.into_inner().map_err(|_| Error::bug("a list can't be written"))?;
    run.write(HOURS, &text)?;
    Ok(())
}

/// A step that didn't end well ends the demo with its exit code.
fn stop_unless(exit: Exit, good: &[Exit], step: &str) -> Result<(), Failure> {
    if good.contains(&exit) {
        return Ok(());
    }
    let error = Error::not_sent(ErrorKind::Denied, format!("the demo stops: {step} did not end well"));
    Err(Failure::new(exit, error))
}

async fn listen() -> Result<(TcpListener, SocketAddr), Failure> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| io("no port to listen on", e))?;
    let address = listener.local_addr().map_err(|e| io("no port to listen on", e))?;
    Ok((listener, address))
}

fn io(message: &'static str, error: std::io::Error) -> Failure {
    Error::not_sent(ErrorKind::Io, message).with_source(error).into()
}
