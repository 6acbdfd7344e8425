//! `approve`: who said yes, by name and time, to which plan, and who took note of what nothing can silence.

use super::apply::inputs_of;
use crate::store::{Approval, PlanHead};
use crate::{Ctx, Exit, Failure, Run};
use jiff::Timestamp;
use mapping_core::Error;
use mapping_core::mapping::Acknowledgement;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Who approves what.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ApproveOptions {
    /// The name of the person.
    pub by: String,
    /// What the person takes note of, by its name in the map.
    pub acknowledge: Vec<String>,
    /// The person takes note of everything the map names.
    pub acknowledge_all: bool,
}
impl ApproveOptions {
    /// This person approves the plan.
    pub fn by(name: impl Into<String>) -> Self {
        ApproveOptions { by: name.into(), ..Self::default() }
    }
    /// And takes note of this.
    #[must_use]
    pub fn acknowledge(mut self, id: impl Into<String>) -> Self {
        self.acknowledge.push(id.into());
        self
    }
    /// And takes note of everything.
    #[must_use]
    pub fn acknowledge_all(mut self) -> Self {
        self.acknowledge_all = true;
        self
    }
}

/// Something that nobody's program can silence, and who took note of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Acknowledged {
    /// Its name in the map.
    pub id: String,
    /// What may happen and what to do about it.
    pub text: String,
    /// Where it is found.
    pub place: String,
    /// Who took note of it; nobody yet otherwise.
    pub by: Option<String>,
    /// When.
    pub at: Option<Timestamp>,
}

/// What is approved now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApproveReport {
    /// The digest of the plan.
    pub plan: String,
    /// The destination that it writes to.
    pub account: String,
    /// Who approved it last.
    pub approved_by: Option<String>,
    /// Everything that has to be taken note of.
    pub acknowledgements: Vec<Acknowledged>,
    /// How it ended.
    pub exit: Exit,
}
impl ApproveReport {
    /// What nobody has taken note of.
    pub fn open(&self) -> impl Iterator<Item = &Acknowledged> {
        self.acknowledgements.iter().filter(|a| a.by.is_none())
    }
}

/// What the ledger keeps of an acknowledgement. It holds for the destination and the text it was given for.
#[derive(Serialize, Deserialize)]
struct Kept {
    digest: String,
    by: String,
    at: Timestamp,
}

/// Keeps a person's approval of the plan, and what the person takes note of. Looks at the run directory alone.
///
/// # Errors
/// `Usage` without a plan or a name, and for something that the map doesn't name; `Ledger`.
pub async fn approve(run: &Run, options: &ApproveOptions, ctx: &Ctx<'_>) -> Result<ApproveReport, Failure> {
    let by = options.by.trim();
    if by.is_empty() {
        return Err(Failure::usage("an approval needs the name of a person"));
    }
    let head = run.ledger().plan()?.ok_or_else(|| Failure::usage("there is no plan; run `plan` first"))?;
    let inputs = inputs_of(&head)?;
    let (mapping, account) = (inputs.mapping()?, inputs.catalog.account.clone());
    let known = mapping.acknowledgements();
    if let Some(other) = options.acknowledge.iter().find(|id| known.iter().all(|a| a.id != **id)) {
        let names = known.iter().map(|a| a.id.clone());
        return Err(Failure::usage(format!("the map names nothing «{other}» to take note of")).details(names));
    }
    let at = ctx.timer.now();
    approve_plan(run, &head, by, at).await?;
    for one in known.iter().filter(|a| options.acknowledge_all || options.acknowledge.contains(&a.id)) {
        let kept = Kept { digest: digest(one, &account), by: by.to_owned(), at };
        let json = serde_json::to_string(&kept)
            .map_err(|e| Error::bug("an acknowledgement can't be written as JSON").with_source(e))?;
        run.ledger().set_value(&name_of(&one.id), &json).await?;
        let what = format!("taken note of: {}", one.id);
        let hash = head.digest.clone();
        run.ledger().approve(Approval { what, hash, who: by.to_owned(), at }).await?;
    }
    let mut report = standing(run, &head)?;
    report.exit = Exit::Done;
    run.save_report("approve", &report)?;
    Ok(report)
}

/// Keeps that somebody approved the plan.
pub(crate) async fn approve_plan(
    run: &Run,
    head: &PlanHead,
    who: &str,
    at: Timestamp,
) -> Result<(), Failure> {
    let (what, hash, who) = (PLAN.to_owned(), head.digest.clone(), who.to_owned());
    Ok(run.ledger().approve(Approval { what, hash, who, at }).await?)
}

const PLAN: &str = "plan";

/// What is approved of this plan.
pub(crate) fn standing(run: &Run, head: &PlanHead) -> Result<ApproveReport, Failure> {
    let inputs = inputs_of(head)?;
    let account = inputs.catalog.account.clone();
    let mut acknowledgements = Vec::new();
    for one in inputs.mapping()?.acknowledgements() {
        let kept = kept(run, one, &account)?;
        acknowledgements.push(Acknowledged {
            id: one.id.clone(),
            text: one.text.clone(),
            place: one.place.clone(),
            at: kept.as_ref().map(|k| k.at),
            by: kept.map(|k| k.by),
        });
    }
    let approvals = run.ledger().approvals()?;
    let approved = approvals.into_iter().rfind(|a| a.what == PLAN && a.hash == head.digest);
    Ok(ApproveReport {
        plan: head.digest.clone(),
        account,
        approved_by: approved.map(|a| a.who),
        acknowledgements,
        exit: Exit::Done,
    })
}

/// Refuses to write before a person has taken note of everything that the map names.
pub(crate) fn require_acknowledged(run: &Run, head: &PlanHead) -> Result<(), Failure> {
    let open: Vec<String> = standing(run, head)?.open().map(|a| format!("{}: {}", a.id, a.text)).collect();
    if open.is_empty() {
        return Ok(());
    }
    let message = "nobody has taken note of what no interface of the destination silences; nothing was written. \
                   Look at each, then run `approve --by NAME --ack ID` for it";
    Err(Failure::guard(message).details(open))
}

/// Refuses a plan that nobody approved, where migration.toml asks for that.
pub(crate) fn require_approved(run: &Run, head: &PlanHead) -> Result<(), Failure> {
    if !run.config().approval.plan || standing(run, head)?.approved_by.is_some() {
        return Ok(());
    }
    let message =
        "nobody has approved this plan; nothing was written. Look at plan.json, then run `approve --by NAME`";
    Err(Failure::guard(message).details([format!("its digest is {}", head.digest)]))
}

fn name_of(id: &str) -> String {
    format!("acknowledged {id}")
}

fn digest(one: &Acknowledgement, account: &str) -> String {
    let hash = Sha256::digest(format!("{account}\n{}\n{}", one.id, one.text));
    hash.iter().map(|b| format!("{b:02x}")).collect()
}

fn kept(run: &Run, one: &Acknowledgement, account: &str) -> Result<Option<Kept>, Failure> {
    let kept = run.ledger().value(&name_of(&one.id))?;
    let kept: Option<Kept> = kept.and_then(|json| serde_json::from_str(&json).ok());
    Ok(kept.filter(|k| k.digest == digest(one, account)))
}
