//! The verbs: what a run can be told to do.

pub(crate) mod accept;
pub(crate) mod apply;
pub(crate) mod approve;
pub(crate) mod doctor;
pub(crate) mod estimate;
pub(crate) mod explain;
pub(crate) mod extract;
pub(crate) mod handoff;
pub(crate) mod idmap;
pub(crate) mod map;
pub(crate) mod plan;
pub(crate) mod provision;
pub(crate) mod report;
pub(crate) mod review;
pub(crate) mod rollback;
pub(crate) mod status;
pub(crate) mod trace;
pub(crate) mod verify;
