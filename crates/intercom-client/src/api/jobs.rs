//! `/jobs/status`: work that Intercom does after it answered.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json};
use crate::id::JobId;
use crate::wire::{Fields, or_default};
use http::Method;
use serde::Deserialize;

/// A job.
#[derive(Clone, Debug, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// How far it is.
    #[serde(default, deserialize_with = "or_default")]
    pub status: JobStatus,
    /// What it makes, such as `ticket`.
    #[serde(default)]
    pub resource_type: Option<String>,
    /// The id of what it made; only when it succeeded.
    #[serde(default, deserialize_with = "crate::id::assignee")]
    pub resource_id: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum JobStatus {
    /// Not done yet.
    Pending,
    /// Done.
    Success,
    /// Given up.
    Failed,
    /// Something that this version of the crate doesn't know.
    #[default]
    #[serde(other)]
    Unknown,
}

/// `GET /jobs/status/{id}`.
pub fn get(to: &Endpoint, id: &JobId) -> Ask<Job> {
    let call = (Method::GET, &["jobs", "status", id.as_str()][..], &[][..]);
    Ask::new(to, "jobs.get", Does::Read, call, None, json)
}

/// Jobs of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct Jobs<'c>(pub(crate) &'c Client);

impl<'c> Jobs<'c> {
    /// See [`get`].
    pub fn get(self, id: &JobId) -> Pending<'c, Job> {
        self.0.pending(get(self.0.endpoint(), id))
    }
}
