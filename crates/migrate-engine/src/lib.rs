#![doc = include_str!("../README.md")]

mod config;
mod crew;
mod drafts;
mod event;
mod exit;
mod files;
mod finding;
mod found;
mod gaps;
mod gathering;
mod guarded;
mod handoff;
mod html;
mod lists;
mod loading;
mod locate;
mod marks;
mod planner;
mod run;
mod sample;
mod samples;
mod schemas;
mod sheet;
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
pub use found::Divergent;
pub use gaps::{BrokenText, Days, Gaps, Listed, Numbers, Place};
pub use run::{InitOptions, Run, init};
pub use sums::{PhaseSum, TraitSum};
pub use timer::{Cancel, ManualTimer, SystemTimer, Timer};
pub use verbs::accept::{Acceptance, accept};
pub use verbs::apply::{ApplyOptions, ApplyReport, WriteLoss, apply};
pub use verbs::approve::{Acknowledged, ApproveOptions, ApproveReport, approve};
pub use verbs::doctor::{DoctorReport, Side, doctor};
pub use verbs::estimate::{Estimate, EstimateOptions, Pace, Price, estimate};
pub use verbs::explain::{
    ExplainOptions, ExplainReport, ExplainedLoss, ExplainedPart, ExplainedStep, explain,
};
pub use verbs::extract::{ExtractOptions, ExtractReport, KindCount, Shortfall, extract};
pub use verbs::handoff::{
    CheckedHandoff, HandedOver, HandoffCheckReport, HandoffReport, handoff, handoff_check,
};
pub use verbs::idmap::{IdmapReport, idmap};
pub use verbs::map::{ListCount, MapOptions, MapReport, ObjectRow, map};
pub use verbs::plan::{
    KindPlan, KindSum, LaterPass, LossCount, PlanOptions, PlanReport, plan, require_extracted,
};
pub use verbs::provision::{Action, ProvisionOptions, ProvisionReport, SchemaEntry, provision};
pub use verbs::report::{QuarantineRow, Reported, RunReport, report};
pub use verbs::review::{Judged, ReviewOptions, ReviewReport, VerdictReport, review, review_read};
pub use verbs::rollback::{Kept, RollbackOptions, RollbackReport, rollback};
pub use verbs::status::{BatchStatus, StatusReport, status};
pub use verbs::trace::{TraceReport, TracedName, TracedStep, trace};
pub use verbs::verify::{FieldDifference, FilesCompared, VerifyOptions, VerifyReport, verify};
