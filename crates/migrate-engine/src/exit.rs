//! How a verb ends: exit codes, and the error that ends it early.

use mapping_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a verb ended; the program's exit code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exit {
    /// Done.
    #[default]
    Done,
    /// An error that no other code names.
    Error,
    /// A wrong argument, setting or file of the run directory.
    Usage,
    /// Done, with quarantined records or calls of unknown outcome.
    Incomplete,
    /// `verify` found differences.
    Differences,
    /// Stopped; the same command goes on.
    Stopped,
    /// The plan no longer fits the stage, the mapping or the destination.
    Stale,
    /// Credentials or permissions were refused.
    Refused,
    /// The ledger is locked by another process, or damaged.
    Ledger,
    /// A guard said no: not confirmed, not provisioned, not complete.
    Guard,
    /// The sums of a phase disagree.
    Sums,
    /// Interrupted by a person.
    Interrupted,
}

impl Exit {
    /// The number a process ends with.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Error => 1,
            Exit::Usage => 2,
            Exit::Incomplete => 3,
            Exit::Differences => 4,
            Exit::Stopped => 5,
            Exit::Stale => 6,
            Exit::Refused => 7,
            Exit::Ledger => 8,
            Exit::Guard => 9,
            Exit::Sums => 10,
            Exit::Interrupted => 130,
        }
    }
}

/// What ended a verb before it had a report: the exit code, the error, and what a person needs to know in detail.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The error, fit for a log.
    pub error: Error,
    /// One line each: the entries that changed, the lines that are open. Ids and names of fields only.
    pub details: Vec<String>,
}

impl Failure {
    /// A failure with this code.
    pub fn new(exit: Exit, error: Error) -> Self {
        Failure { exit, error, details: Vec::new() }
    }
    /// Adds details.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.details.extend(details);
        self
    }
    pub(crate) fn usage(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Failure::new(Exit::Usage, Error::not_sent(ErrorKind::Config, message))
    }
    pub(crate) fn guard(message: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Failure::new(Exit::Guard, Error::not_sent(ErrorKind::Denied, message))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = Failure::exit_of(&error);
        Failure::new(exit, error)
    }
}

impl Failure {
    /// The exit code of an error.
    pub fn exit_of(error: &Error) -> Exit {
        match error.kind() {
            // The directory is as usable as before: with some space the same command goes on.
            ErrorKind::Ledger | ErrorKind::Io if error.code() == Some("disk_full") => Exit::Stopped,
            ErrorKind::Unauthorized | ErrorKind::Forbidden => Exit::Refused,
            ErrorKind::Ledger => Exit::Ledger,
            ErrorKind::Config => Exit::Usage,
            ErrorKind::Denied => Exit::Guard,
            ErrorKind::Interrupted => Exit::Interrupted,
            ErrorKind::Transport | ErrorKind::Unavailable | ErrorKind::Throttled => Exit::Stopped,
            _ => Exit::Error,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)?;
        self.details.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_the_ledger_ends_with_8_and_refused_credentials_with_7() {
        let code = |kind| Failure::from(Error::not_sent(kind, "x")).exit.code();
        assert_eq!(code(ErrorKind::Ledger), 8);
        assert_eq!(code(ErrorKind::Forbidden), 7);
        assert_eq!(code(ErrorKind::Transport), 5);
        assert_eq!(code(ErrorKind::Interrupted), 130);
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Failure::from(crate::run::io_error("files", full)).exit.code(), 5);
        assert_eq!(code(ErrorKind::Malformed), 1);
    }
}
