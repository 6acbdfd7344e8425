//! From what SOAP says to the workspace's one error, with kind, outcome and retry.

use crate::client::FaultRules;
use crate::soap::{Fault, NotSoap, SoapError};
use mapping_core::{Error, ErrorKind, Outcome, Retry};

impl From<SoapError> for Error {
    /// As by [`FaultRules::default`]: no fault code means anything special.
    fn from(error: SoapError) -> Self {
        by_rules(error, &FaultRules::default())
    }
}

/// The error, with faults judged by the rules.
pub(crate) fn by_rules(error: SoapError, rules: &FaultRules) -> Error {
    let (kind, outcome, retry) = match &error {
        SoapError::Fault(fault) => return of_fault(fault, rules).with_source(error),
        SoapError::Xml { .. } | SoapError::Encoding(_) | SoapError::Doctype => {
            (ErrorKind::Malformed, Outcome::Unknown, Retry::Never)
        }
        SoapError::UnexpectedBody { .. } => (ErrorKind::Malformed, Outcome::Unknown, Retry::Never),
        SoapError::Truncated { .. } => (ErrorKind::Malformed, Outcome::Unknown, Retry::Later),
        SoapError::NotSoap { found } => {
            let retry = match found {
                // A proxy's page goes away; a login page doesn't, and a few tries tell them apart.
                NotSoap::Html | NotSoap::Empty | NotSoap::Text | NotSoap::Json => Retry::Later,
                _ => Retry::Never,
            };
            (ErrorKind::Malformed, Outcome::Unknown, retry)
        }
        SoapError::TooLarge { .. } => (ErrorKind::TooLarge, Outcome::Unknown, Retry::Never),
        SoapError::UnknownParameter { .. }
        | SoapError::MissingParameter { .. }
        | SoapError::BadParameter { .. } => (ErrorKind::Config, Outcome::NotSent, Retry::Never),
        SoapError::Unusable { .. } => (ErrorKind::Unsupported, Outcome::NotSent, Retry::Never),
        SoapError::Wsdl(_) => (ErrorKind::Malformed, Outcome::NotSent, Retry::Never),
        SoapError::Load { .. } => (ErrorKind::NotFound, Outcome::NotSent, Retry::Never),
    };
    let message = error.to_string();
    Error::new(kind, outcome, message).with_retry(retry).with_source(error)
}

fn of_fault(fault: &Fault, rules: &FaultRules) -> Error {
    let codes = fault.codes();
    let any = |rules: &[String]| names_one(rules, &codes);
    let (kind, retry, what) = if any(&rules.expired) {
        (ErrorKind::Unauthorized, Retry::Never, "the session is over")
    } else if any(&rules.busy) {
        (ErrorKind::Unavailable, Retry::Later, "the service is busy")
    } else if any(&rules.not_found) {
        (ErrorKind::NotFound, Retry::Never, "the service doesn't have it")
    } else if any(&rules.denied) {
        (ErrorKind::Unauthorized, Retry::Never, "the service refused the credentials")
    } else {
        (ErrorKind::Invalid, Retry::Never, "the service answered with a fault")
    };
    Error::rejected(kind, format!("{what}: {fault}")).with_code(code_of(fault)).with_retry(retry)
}

/// The most telling code: a subcode, or an application's own code, before `Client` and `Server`.
fn code_of(fault: &Fault) -> String {
    let code = fault.subcodes.last().unwrap_or(&fault.code);
    code.local.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// True when the fault says that the session is over.
pub(crate) fn is_expired(fault: &Fault, rules: &FaultRules) -> bool {
    names_one(&rules.expired, &fault.codes())
}

/// Whether a list of the profile names one of a fault's codes.
fn names_one(rules: &[String], codes: &[String]) -> bool {
    rules.iter().any(|rule| codes.iter().any(|code| code.eq_ignore_ascii_case(rule.trim())))
}
