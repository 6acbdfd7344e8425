//! The verbs on the command line, the same for every pair of platforms.

use clap::{Args, Subcommand};
use mapping_core::SourceRef;
use std::path::PathBuf;

/// What every verb takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// The run directory.
    #[arg(long, global = true, value_name = "DIR")]
    pub run: Option<PathBuf>,
    /// One JSON object a line on standard output instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

impl Common {
    /// The run directory, `run` unless another is named.
    pub fn dir(&self) -> PathBuf {
        self.run.clone().unwrap_or_else(|| PathBuf::from("run"))
    }
}

/// The verbs of a migration.
#[derive(Subcommand, Clone, Debug)]
pub enum Verb {
    /// Make a run directory with a commented migration.toml.
    Init {
        /// The run's name; batches are named after it.
        #[arg(long, default_value = "migration")]
        name: String,
    },
    /// Can both sides be reached, and does what they describe fit?
    Doctor {
        /// Look only at one side.
        #[arg(long, value_enum)]
        only: Option<Side>,
    },
    /// Read the source into the run directory. Needs no destination. Goes on where it stopped.
    Extract {
        /// Go on although records are missing: the name of who accepts that.
        #[arg(long, value_name = "NAME")]
        accept_shortfall: Option<String>,
    },
    /// Propose who and what stands for whom, in mapping/*.csv; never overwrites a person's line.
    Map {
        /// Only list what is open.
        #[arg(long)]
        check: bool,
    },
    /// Create the attributes, options and tags that the mapping needs.
    Provision {
        /// Only list them.
        #[arg(long)]
        dry_run: bool,
        /// Only compare: is everything there, what a person had to make included?
        #[arg(long, conflicts_with = "dry_run")]
        check: bool,
    },
    /// Work out exactly what apply will do. Reads only.
    Plan,
    /// What is ahead costs: calls, time and disk of load, verification, rollback and a day's changes.
    Estimate {
        /// The size of a sampled verification, in records.
        #[arg(long, value_name = "N", default_value_t = 400)]
        sample: u64,
    },
    /// Approve the plan, and take note of what no interface of the destination silences.
    Approve {
        /// The name of the person.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Take note of this; may be given several times.
        #[arg(long, value_name = "ID")]
        ack: Vec<String>,
        /// Take note of everything that the map names.
        #[arg(long)]
        ack_all: bool,
    },
    /// Carry out the plan. The same command goes on after a stop.
    Apply {
        /// Only a sample of about this many tickets, of every kind there is.
        #[arg(long, value_name = "N")]
        pilot: Option<usize>,
        /// Only the tickets of this wave of migration.toml.
        #[arg(long, value_name = "NAME", conflicts_with = "pilot")]
        wave: Option<String>,
        /// Who approved the plan.
        #[arg(long, value_name = "NAME")]
        approved_by: Option<String>,
        /// Try the quarantine again.
        #[arg(long)]
        retry_quarantined: bool,
    },
    /// The run at a glance, without any network.
    Status,
    /// Read back and compare field by field.
    Verify {
        /// Only this batch.
        #[arg(long, value_name = "B")]
        batch: Option<u32>,
        /// Only about this many records.
        #[arg(long, value_name = "N")]
        sample: Option<usize>,
        /// Read nothing; accept what differs in this record (ticket:12), with --reason and --by.
        #[arg(long, value_name = "ID", requires = "reason", requires = "by")]
        accept: Option<SourceRef>,
        /// Why it is accepted.
        #[arg(long, value_name = "TEXT", requires = "accept")]
        reason: Option<String>,
        /// Who accepts it.
        #[arg(long, value_name = "NAME", requires = "accept")]
        by: Option<String>,
    },
    /// Show what taking back a batch means; with --yes, take it back.
    Rollback {
        /// The batch; the newest otherwise.
        #[arg(long, value_name = "B")]
        batch: Option<u32>,
        /// The name of the destination, to confirm.
        #[arg(long, value_name = "NAME")]
        yes: Option<String>,
        /// Take back the schema too.
        #[arg(long)]
        with_schema: bool,
    },
    /// Write report.json and report.html.
    Report,
    /// Show one record in full: what it becomes, by which steps, and what is lost.
    Explain {
        /// `ticket:12`, a ticket's number, or the id of the object it became.
        id: String,
        /// Show customer text too, on the terminal only.
        #[arg(long)]
        text: bool,
    },
    /// Follow one record from the source to the receipts.
    Trace {
        /// `ticket:12`, a ticket's number, or the id of the object it became.
        id: String,
    },
    /// Write reports/idmap.csv: which record became which object.
    Idmap,
    /// Write the sheet on which people judge a pilot.
    Review {
        /// The batch; the newest pilot otherwise.
        #[arg(long, value_name = "B")]
        batch: Option<u32>,
        /// Read the verdicts back.
        #[arg(long)]
        read: bool,
    },
    /// Write what people do by hand: workbooks, lists and guides.
    Handoff {
        /// Compare what they made with it.
        #[arg(long)]
        check: bool,
    },
}

/// A side of a migration.
#[derive(clap::ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where records come from.
    Source,
    /// Where they go.
    Destination,
}
