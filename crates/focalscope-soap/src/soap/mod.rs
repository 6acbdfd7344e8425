//! SOAP 1.1 and 1.2: envelopes out, answers in.
//!
//! Nothing here knows a platform, a network or a clock. [`Envelope`] writes a request from a tree of [`Value`]s;
//! [`Reader`] takes the bytes of an answer as they arrive and gives back the items of a page one by one, decoded as the
//! schema says. What the schema doesn't know is kept in [`Record::extra`] and counted in the [`Report`].

mod envelope;
mod error;
mod fault;
mod limits;
mod reader;
mod report;
mod value;

pub use crate::wsdl::SoapVersion;
pub use envelope::{Envelope, HeaderBlock};
pub(crate) use error::short;
pub use error::{NotSoap, SoapError};
pub use fault::{Fault, FaultCode};
pub use limits::{Bound, Limits};
pub use reader::{Answer, Expect, Output, Reader, decode};
pub use report::{Mended, Report};
pub use value::{BlobId, Record, Value};
