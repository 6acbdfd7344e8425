//! The one error type: what happened, to which call, and what that means for the write.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A result whose error is [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What became of a call.
///
/// The outcome, not the status, decides whether a write may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// No byte of the request left: the write certainly did not happen.
    NotSent,
    /// The platform answered and said no: the write certainly did not happen.
    Rejected,
    /// The write happened; what failed came after it (an answer that could not be understood, say).
    Applied,
    /// The answer was lost. The write may have happened; only reading can tell.
    Unknown,
}

/// Whether asking again can help, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail the same way.
    Never,
    /// Asking again can help; nobody said when.
    Later,
    /// Asking again can help after this long, by the platform's own word.
    After(Duration),
}

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value that the platform, the schema or this library can't accept.
    Invalid,
    /// Missing, wrong or revoked credentials.
    Unauthorized,
    /// Known credentials without the right: scope, plan, licence.
    Forbidden,
    /// The object isn't there (or isn't visible).
    NotFound,
    /// Something with the same key is there already.
    Conflict,
    /// Too many calls.
    Throttled,
    /// The object exists but can't be used yet.
    NotReady,
    /// A link points at a record that has no counterpart at the destination yet.
    Unresolved,
    /// The network: connect, reset, timeout.
    Transport,
    /// The platform has a problem of its own (5xx).
    Unavailable,
    /// An answer that isn't what its protocol says: HTML instead of JSON, a cut body.
    Malformed,
    /// Larger, deeper or longer than a stated bound. The message names the bound.
    TooLarge,
    /// The platform or this version of the crate can't do that.
    Unsupported,
    /// A guard refused: the call could reach a customer, or isn't on the allow-list.
    Denied,
    /// A configuration file or setting.
    Config,
    /// Several objects could be the result of a write, or one with the right key and other content.
    Ambiguous,
    /// The object was changed by somebody else since it was read.
    Edited,
    /// The ledger or the stage could not be read or written. Nothing goes on after it.
    Ledger,
    /// A file or a local stream.
    Io,
    /// The run was interrupted (a signal, a killed process in a test).
    Interrupted,
    /// A broken promise inside this workspace.
    Bug,
}

/// An error with its outcome, fit for a log: never a secret, never a customer's text.
///
/// `Display` is one line. Everything a program may want to decide on is a field.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    outcome: Outcome,
    retry: Retry,
    message: Cow<'static, str>,
    operation: Option<Cow<'static, str>>,
    status: Option<u16>,
    code: Option<String>,
    request_id: Option<String>,
    context: Vec<(&'static str, String)>,
    source: Option<Source>,
}

impl Error {
    /// An error of this kind and outcome. `message` says what happened and, where it can, what to do.
    pub fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<Cow<'static, str>>) -> Self {
        Error(Box::new(Inner {
            kind,
            outcome,
            retry: Retry::Never,
            message: message.into(),
            operation: None,
            status: None,
            code: None,
            request_id: None,
            context: Vec::new(),
            source: None,
        }))
    }

    /// A call that never left.
    pub fn not_sent(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, Outcome::NotSent, message)
    }

    /// A call that was answered with a refusal.
    pub fn rejected(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, Outcome::Rejected, message)
    }

    /// A call whose answer was lost.
    pub fn unknown(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(kind, Outcome::Unknown, message)
    }

    /// A broken promise inside this workspace; nothing was sent.
    pub fn bug(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Bug, Outcome::NotSent, message)
    }

    /// Says whether asking again can help.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.0.retry = retry;
        self
    }

    /// Changes the outcome; for a layer that knows better than the one below.
    #[must_use]
    pub fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// Names the operation: `conversations.reply`, `step conversation.create`.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        self.0.operation = Some(operation.into());
        self
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The platform's own code for the error, such as `parameter_invalid`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    /// The platform's id of the request, for its support.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = Some(id.into());
        self
    }

    /// Adds a pair of context. Ids, names of fields and bounds; never a customer's text.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((key, value.to_string()));
        self
    }

    /// The error below this one.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
    /// What became of the call.
    pub fn outcome(&self) -> Outcome {
        self.0.outcome
    }
    /// Whether asking again can help.
    pub fn retry(&self) -> Retry {
        self.0.retry
    }
    /// What happened, in one sentence.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The operation that failed.
    pub fn operation(&self) -> Option<&str> {
        self.0.operation.as_deref()
    }
    /// The HTTP status of the answer, when there was one.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }
    /// The platform's own code for the error.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }
    /// The platform's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
    /// A value of the context, by its key.
    pub fn context(&self, key: &str) -> Option<&str> {
        self.0.context.iter().find(|(k, _)| *k == key).map(|(_, v)| v.as_str())
    }
    /// True for errors after which no further record may be touched: the ledger is gone, the credentials are, or the
    /// run was stopped.
    pub fn stops_the_run(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Ledger | ErrorKind::Interrupted | ErrorKind::Unauthorized)
    }
}

/// Writes a value that may have come from outside; what would break the line or steer a terminal is escaped.
fn one_line(f: &mut fmt::Formatter<'_>, value: &str) -> fmt::Result {
    use fmt::Write as _;
    value.chars().try_for_each(|c| match c.is_control() {
        true => write!(f, "{}", c.escape_default()),
        false => f.write_char(c),
    })
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &self.0;
        if let Some(operation) = &e.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&e.message)?;
        let mut open = " (";
        let mut pair = |f: &mut fmt::Formatter<'_>, key: &str, value: &str| {
            write!(f, "{open}{key}=")?;
            open = ", ";
            one_line(f, value)
        };
        if let Some(status) = e.status {
            pair(f, "status", &status.to_string())?;
        }
        if let Some(code) = &e.code {
            pair(f, "code", code)?;
        }
        if let Some(id) = &e.request_id {
            pair(f, "request_id", id)?;
        }
        for (key, value) in &e.context {
            pair(f, key, value)?;
        }
        let outcome = match e.outcome {
            Outcome::NotSent => "not sent",
            Outcome::Rejected => "rejected",
            Outcome::Applied => "applied",
            Outcome::Unknown => "unknown",
        };
        pair(f, "outcome", outcome)?;
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let e = &self.0;
        f.debug_struct("Error")
            .field("kind", &e.kind)
            .field("outcome", &e.outcome)
            .field("retry", &e.retry)
            .field("message", &e.message)
            .field("operation", &e.operation)
            .field("status", &e.status)
            .field("code", &e.code)
            .field("request_id", &e.request_id)
            .field("context", &e.context)
            .field("source", &e.source.as_ref().map(ToString::to_string))
            .finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_line_with_the_fields_a_person_needs() {
        let e =
            Error::rejected(ErrorKind::Invalid, "the conversation attribute does not exist; run `provision`")
                .with_operation("conversations.update")
                .with_status(400)
                .with_code("parameter_invalid")
                .with_request_id("r-1")
                .with("attribute", "focalscope_ticket_id__c");
        assert_eq!(
            e.to_string(),
            "conversations.update: the conversation attribute does not exist; run `provision` (status=400, \
             code=parameter_invalid, request_id=r-1, attribute=focalscope_ticket_id__c, outcome=rejected)"
        );
        assert_eq!(e.context("attribute"), Some("focalscope_ticket_id__c"));
    }

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn display_stays_one_line_whatever_a_platform_says() {
        let e = Error::rejected(ErrorKind::Invalid, "no")
            .with_code("bad\nINFO all is well\u{1b}[2J")
            .with_request_id("r\r1")
            .with("host", "a\u{85}b");
        let shown = e.to_string();
        assert!(!shown.contains(char::is_control), "{shown:?}");
        assert!(shown.contains("code=bad\\nINFO"), "{shown}");
    }
}
