#![doc = include_str!("../README.md")]

mod error;
mod id;
mod private;

pub use error::{Error, ErrorKind, Outcome, Result, Retry};
pub use id::{Kind, RemoteRef, SourceRef};
pub use private::Private;
