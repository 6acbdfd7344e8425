#![doc = include_str!("../README.md")]

mod blob;
mod catalog;
mod diff;
mod draft;
mod driver;
mod error;
mod id;
mod journal;
mod loss;
#[cfg(feature = "mapping")]
pub mod mapping;
pub mod mention;
pub mod model;
mod private;
mod progress;
mod session;
mod sink;
mod source;
mod step;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod text;
mod value;

pub use blob::{Blob, BlobStore, Blobs, ByteStream, NoBlobs};
pub use catalog::{Catalog, FieldSpec, FieldType, Named, Person, Quota, Team};
pub use diff::{Difference, compare_part, diff};
pub use draft::{Author, Body, Draft, Format, Part, Role, Visibility};
pub use driver::{End, Env, Until, drive, drive_pass, wind_down};
pub use error::{Error, ErrorKind, Outcome, Result, Retry};
pub use id::{Kind, RemoteRef, SourceRef};
pub use journal::{Clock, Journal, Mark, MemoryJournal, MemoryLedger};
pub use loss::{Loss, LossRule};
pub use private::Private;
pub use progress::{Entry, Made, Prepared, Progress, Receipt, State};
pub use session::{Put, Session};
pub use sink::{Call, Candidate, Change, Dialect, Marked, Meter, Observed, Refs, Shaped, Sink, Window};
pub use source::{Ask, Divergence, Item, Items, Source};
pub use step::{Cost, Effect, Refusal, Step};
pub use value::{Link, Value};
