//! Moves a help desk out of FocalScope into Intercom.

mod demo;

use clap::{Parser, Subcommand};
use migrate_engine::{Cancel, Exit, Failure, SystemTimer};
use migrate_examples::args::{Common, Verb};
use migrate_examples::focalscope_to_intercom::FocalScopeToIntercom;
use migrate_examples::show::Show;
use migrate_examples::verbs::Program;
use std::process::ExitCode;

/// Moves a help desk out of FocalScope into Intercom: field by field, checked, silent and undoable.
///
/// Credentials come from the environment: FOCALSCOPE_PASSWORD or FOCALSCOPE_API_KEY, and INTERCOM_TOKEN.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    #[command(flatten)]
    Verb(Verb),
    /// Start stand-ins for both sides and move a generated help desk between them. Needs no account and no network.
    Demo(demo::Options),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    logging();
    let show = Show::new(arguments.common.json);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            let error = mapping_core::Error::not_sent(mapping_core::ErrorKind::Io, "no threads to run on");
            show.failure(&Failure::from(error.with_source(e)));
            return ExitCode::from(Exit::Error.code());
        }
    };
    let ended = runtime.block_on(run(&arguments, &show));
    let exit = ended.unwrap_or_else(|failure| {
        show.failure(&failure);
        failure.exit
    });
    ExitCode::from(exit.code())
}

async fn run(arguments: &Arguments, show: &Show) -> Result<Exit, Failure> {
    let cancel = Cancel::new();
    tokio::spawn(watch_for_ctrl_c(cancel.clone()));
    match &arguments.command {
        Command::Demo(options) => demo::run(options, &arguments.common, show, &cancel).await,
        Command::Verb(verb) => {
            let sides = FocalScopeToIntercom::from_environment();
            let program = Program { sides: &sides, show, timer: &SystemTimer, cancel: &cancel };
            program.carry_out(&arguments.common.dir(), verb).await
        }
    }
}

/// Once: finish what is in flight and stop. Twice: stop now; what was in flight is settled by the next run.
async fn watch_for_ctrl_c(cancel: Cancel) {
    if tokio::signal::ctrl_c().await.is_ok() {
        cancel.cancel();
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::abort();
        }
    }
}

/// Logs go to standard error, warnings only unless `RUST_LOG` says otherwise.
fn logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).compact().init();
}
