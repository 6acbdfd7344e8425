//! Runs one stand-in alone, or prints a generated help desk.

use std::error::Error;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::mail::MailSettings;
use migrate_sandbox::{focalscope, generator, intercom, mail};
use tokio::net::TcpListener;

/// Stand-in servers for moving a help desk.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves a help desk in the manner of FocalScope.
    Focalscope {
        /// Address and port to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8081")]
        listen: SocketAddr,
        #[command(flatten)]
        origin: Origin,
        /// Zone of the server's wall clock.
        #[arg(long, default_value = focalscope::DEFAULT_ZONE)]
        zone: String,
        /// Knobs that are turned before the first request, as JSON: '{"wrong_total": 3}'.
        #[arg(long, value_name = "JSON", value_parser = json)]
        knobs: Option<serde_json::Value>,
    },
    /// Serves a workspace in the manner of Intercom, with a teammate for each agent who still works and a team for each
    /// queue of the help desk.
    Intercom {
        /// Address and port to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:8082")]
        listen: SocketAddr,
        #[command(flatten)]
        origin: Origin,
        /// Calls allowed in each window of ten seconds.
        #[arg(long)]
        rate_limit: Option<u32>,
        /// Some of the help desk's contacts are there already, with ids of another system.
        #[arg(long)]
        known_people: bool,
    },
    /// Prints a generated help desk as JSON.
    Generate {
        /// The same seed gives the same help desk.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of tickets.
        #[arg(long, default_value_t = 300)]
        tickets: usize,
        /// With a file of 2 GiB on one message; drawn when it is asked for.
        #[arg(long)]
        giant_file: bool,
    },
}

/// Where the help desk comes from.
#[derive(Args)]
struct Origin {
    /// Generate it: the same seed gives the same help desk.
    #[arg(long, default_value_t = 1, conflicts_with_all = ["dataset", "mail"])]
    seed: u64,
    /// Generate so many tickets.
    #[arg(long, default_value_t = 300, conflicts_with_all = ["dataset", "mail"])]
    tickets: usize,
    /// Read it from a JSON file.
    #[arg(long, conflicts_with = "mail")]
    dataset: Option<PathBuf>,
    /// Make it of a folder of .eml files.
    #[arg(long)]
    mail: Option<PathBuf>,
    /// Domain of the help desk's own addresses in these files.
    #[arg(long, requires = "mail")]
    mail_domain: Option<String>,
    /// With a file of 2 GiB on one message; drawn when it is asked for.
    #[arg(long)]
    giant_file: bool,
}

impl Origin {
    fn load(self) -> Result<Dataset, String> {
        let giant_file = self.giant_file;
        let mut desk = self.read()?;
        if giant_file && generator::giant_file(&mut desk).is_none() {
            return Err("--giant-file: no ticket has a message to put it on".into());
        }
        Ok(desk)
    }

    fn read(self) -> Result<Dataset, String> {
        let named = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
        match (self.dataset, self.mail) {
            (Some(file), _) => Dataset::load(&file).map_err(|error| named(&file, error)),
            (None, Some(folder)) => {
                let settings = MailSettings { domain: self.mail_domain };
                mail::load(&folder, &settings).map_err(|error| named(&folder, error))
            }
            (None, None) => Ok(generator::generate(self.seed, self.tickets)),
        }
    }
}

fn json(text: &str) -> serde_json::Result<serde_json::Value> {
    serde_json::from_str(text)
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Focalscope { listen, origin, zone, knobs } => {
            run_focalscope(listen, origin, &zone, knobs).await
        }
        Command::Intercom { listen, origin, rate_limit, known_people } => {
            run_intercom(listen, origin, rate_limit, known_people).await
        }
        Command::Generate { seed, tickets, giant_file } => {
            let mut out = std::io::BufWriter::new(std::io::stdout().lock());
            let mut desk = generator::generate(seed, tickets);
            if giant_file && generator::giant_file(&mut desk).is_none() {
                return Err("--giant-file: no ticket has a message to put it on".into());
            }
            desk.write(&mut out)?;
            Ok(writeln!(out).and_then(|()| out.flush())?)
        }
    }
}

async fn run_focalscope(
    listen: SocketAddr,
    origin: Origin,
    zone: &str,
    knobs: Option<serde_json::Value>,
) -> Result<(), Box<dyn Error>> {
    let mut config = focalscope::Config::default();
    if zone != focalscope::DEFAULT_ZONE {
        config.zone = jiff::tz::TimeZone::get(zone)?;
    }
    let instance = focalscope::FocalScope::with_config(origin.load()?, config);
    if let Some(turned) = knobs {
        let turned = instance.knobs().turned(&turned)?;
        instance.turn(|knobs| *knobs = turned);
    }
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "FocalScope stand-in on http://{address}{}?wsdl", focalscope::PATH)?;
    tokio::select! {
        served = focalscope::serve(listener, instance) => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}

async fn run_intercom(
    listen: SocketAddr,
    origin: Origin,
    rate_limit: Option<u32>,
    known_people: bool,
) -> Result<(), Box<dyn Error>> {
    let instance = intercom::Intercom::default();
    let desk = origin.load()?;
    let mut seed = intercom::Seed::for_dataset(&desk);
    if known_people {
        seed.contacts.extend(generator::matched_contacts(&desk).into_iter().map(|known| {
            intercom::SeedContact {
                email: Some(known.email),
                external_id: Some(known.external_id),
                ..intercom::SeedContact::default()
            }
        }));
    }
    instance.seed(seed);
    instance.turn(|knobs| knobs.rate_limit = rate_limit.unwrap_or(knobs.rate_limit));
    let listener = TcpListener::bind(listen).await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), "Intercom stand-in on http://{address}, token sandbox-token")?;
    tokio::select! {
        served = intercom::serve(listener, instance) => Ok(served?),
        stopped = tokio::signal::ctrl_c() => Ok(stopped?),
    }
}
