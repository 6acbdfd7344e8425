#![doc = include_str!("../README.md")]

mod config;
mod crew;
mod drafts;
mod event;
mod exit;
mod files;
mod finding;
mod gathering;
mod guarded;
mod html;
mod lists;
mod loading;
mod marks;
mod planner;
mod run;
mod sample;
mod schemas;
pub mod store;
mod strata;
mod sums;
mod timer;
mod verbs;

pub use config::{ApprovalRules, Config, Filters, Limits, Wave, did_you_mean};
pub use event::{Ctx, Event, Observer, Silent};
pub use exit::{Exit, Failure};
pub use files::FileStore;
pub use finding::{Finding, Severity};
pub use run::{InitOptions, Run, init};
pub use sums::{PhaseSum, TraitSum};
pub use timer::{Cancel, ManualTimer, SystemTimer, Timer};
pub use verbs::accept::{Acceptance, accept};
pub use verbs::apply::{ApplyOptions, ApplyReport, WriteLoss, apply};
pub use verbs::approve::{Acknowledged, ApproveOptions, ApproveReport, approve};
pub use verbs::doctor::{DoctorReport, Side, doctor};
pub use verbs::estimate::{Estimate, EstimateOptions, Pace, Price, estimate};
pub use verbs::extract::{ExtractOptions, ExtractReport, KindCount, Shortfall, extract};
pub use verbs::map::{ListCount, MapOptions, MapReport, ObjectRow, map};
pub use verbs::plan::{
    KindPlan, KindSum, LaterPass, LossCount, PlanOptions, PlanReport, plan, require_extracted,
};
pub use verbs::provision::{Action, ProvisionOptions, ProvisionReport, SchemaEntry, provision};
pub use verbs::report::{QuarantineRow, Reported, RunReport, report};
pub use verbs::rollback::{Kept, RollbackOptions, RollbackReport, rollback};
pub use verbs::status::{BatchStatus, StatusReport, status};
pub use verbs::verify::{FieldDifference, FilesCompared, VerifyOptions, VerifyReport, verify};
