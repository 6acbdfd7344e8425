//! The calls of a company: make or match it, fill what is empty, restore what was filled, and who belongs to it.

use super::IntercomSink;
use super::contact::{CLOCK_SKEW, target as contact_target};
use super::fields::{PREFIX, observed, wire};
use super::library::{AT, EXISTING, began};
use super::matched::{KEPT, adopted, is_blank, is_matched, kept, prior_values, same};
use super::options::MatchedContacts;
use super::steps;
use crate::CompanyId;
use crate::api::{Company, CompanyUpdate, NewCompany};
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use mapping_core::{
    Call, Candidate, Error, ErrorKind, Made, Prepared, Receipt, RemoteRef, Result, Retry, Value,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// The pause before a company that may be on its way out is asked for again. The driver asks twenty times.
const LEAVING_PAUSE: Duration = Duration::from_secs(10);

const OURS: [&str; 2] = [steps::COMPANY_ADOPT, steps::COMPANY_UPDATE];
const KEEPS: &str = "the company was there before and keeps its own";
/// The key of a company can't be changed.
const NEVER: &str = "company_id";

impl IntercomSink {
    pub(super) async fn prepare_company(&self, call: &Call<'_>) -> Result<Prepared> {
        let skip = || Prepared { skip: true, ..Prepared::default() };
        match &*call.step.op {
            steps::COMPANY_CREATE => {
                let mut notes = began(call);
                let there = self.find_company(call.draft.text("company_id")).await?;
                // Before the first attempt nothing can be ours, however new it is.
                let mut mine = call.so_far.entries.iter().filter(|e| e.step == *call.step);
                let again = mine.any(|e| e.prepared.notes.contains_key(AT));
                if let Some(there) = there.filter(|c| !again || !is_new(&notes, c)) {
                    notes.insert(EXISTING.into(), there.id.to_string());
                }
                Ok(Prepared { notes, ..Prepared::default() })
            }
            steps::COMPANY_ADOPT if !is_matched(call) => Ok(skip()),
            steps::COMPANY_ADOPT | steps::COMPANY_UPDATE => {
                let there = match self.client.companies().get(&target(call)?).await {
                    // Nobody belongs to it, so that nobody sees it; the upsert that found it wrote its fields.
                    Err(e) if e.kind() == ErrorKind::NotFound && call.step.op == steps::COMPANY_ADOPT => {
                        return Ok(skip());
                    }
                    there => there?,
                };
                let have = observed_fields(&there);
                let matched = is_matched(call);
                let filling = self.options.matched_contacts == MatchedContacts::FillEmpty;
                let filled = prior_values(call, OURS);
                let empty = |f: &String| filling && have.get(f).is_none_or(is_blank);
                let may = |f: &&String| {
                    let changed = !same(have.get(*f).unwrap_or(&Value::Null), call.draft.field(f));
                    *f != NEVER && changed && (!matched || empty(f) || filled.contains_key(*f))
                };
                let asked = asked_fields(call)?;
                let before: BTreeMap<String, Value> = asked
                    .iter()
                    .filter(may)
                    .map(|f| (f.clone(), have.get(f).cloned().unwrap_or(Value::Null)))
                    .collect();
                let kept = kept(call.draft, &have, &before).filter(|_| matched);
                let notes: BTreeMap<String, String> =
                    kept.map(|fields| (KEPT.to_owned(), fields)).into_iter().collect();
                Ok(Prepared { skip: before.is_empty() && notes.is_empty(), before, notes })
            }
            steps::COMPANY_RESTORE => {
                let there = match self.client.companies().get(&target(call)?).await {
                    Err(e) if e.kind() == ErrorKind::NotFound => return Ok(skip()),
                    there => there?,
                };
                let have = observed_fields(&there);
                let now = |f: &String| have.get(f).cloned().unwrap_or(Value::Null);
                // Only what still is as we left it goes back.
                let ours = |f: &String| same(&now(f), call.draft.field(f));
                let fields = prior_values(call, OURS).into_keys().filter(ours);
                let before: BTreeMap<String, Value> = fields.map(|f| (f.clone(), now(&f))).collect();
                Ok(Prepared { skip: before.is_empty(), before, ..Prepared::default() })
            }
            // What a lost answer may have made, found to be somebody else's.
            steps::COMPANY_DELETE if is_matched(call) => Ok(skip()),
            steps::COMPANY_DELETE => self.refuse_with_members(call).await.map(|()| Prepared::default()),
            _ => Ok(Prepared::default()),
        }
    }

    /// The company with this key, as far as it is shown: one that nobody belongs to isn't.
    async fn find_company(&self, key: &str) -> Result<Option<Company>> {
        match self.client.companies().find_by_company_id(key).await {
            Ok(company) => Ok(Some(company)),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// A company that no read showed and that the upsert found all the same has nobody who belongs to it, or was deleted
    /// and isn't archived yet. Whoever joins the latter is taken out of it with it, so it is asked for again until it
    /// must be gone: the same upsert then makes a new one.
    fn refuse_leaving(&self, call: &Call<'_>, made: &Company) -> Result<()> {
        let fresh = made.created_at.is_some() && made.created_at == made.updated_at;
        let began = began_at(&call.prepared.notes).unwrap_or(call.now);
        let patience = SignedDuration::from_secs(self.options.company_leaving_seconds.into());
        if fresh || call.now.duration_since(began) >= patience {
            return Ok(());
        }
        let message = "a company with this key is there and isn't shown; it may be on its way out";
        Err(Error::rejected(ErrorKind::Conflict, message)
            .with("company", &made.id)
            .with_retry(Retry::After(LEAVING_PAUSE)))
    }

    async fn refuse_with_members(&self, call: &Call<'_>) -> Result<()> {
        match self.client.companies().contacts(&target(call)?).try_next().await {
            Ok(None) => Ok(()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e),
            Ok(Some(member)) => {
                let message = "somebody belongs to the company whom this run didn't put there";
                Err(Error::not_sent(ErrorKind::Edited, message).with("contact", member.id))
            }
        }
    }

    pub(super) async fn perform_company(&self, call: &Call<'_>) -> Result<Receipt> {
        let companies = self.client.companies();
        if call.step.op == steps::COMPANY_CREATE {
            if let Some(id) = call.prepared.notes.get(EXISTING) {
                return Ok(Receipt::new(Made::Matched(RemoteRef::new("company", id.as_str()))));
            }
            let fields = call.draft.fields.iter().filter(|(f, _)| *f != NEVER);
            let new = NewCompany::new(call.draft.text("company_id"));
            let made = companies.upsert(&new.with(written(fields.map(|(f, v)| (f.as_str(), v))))).await?;
            self.refuse_leaving(call, &made)?;
            return Ok(made_or_matched(&call.prepared.notes, &made));
        }
        if call.step.op == steps::COMPANY_CLAIM {
            let made = companies.upsert(&NewCompany::new(call.draft.text("company_id"))).await?;
            let create = call.so_far.entries.iter().find(|e| e.step.op == steps::COMPANY_CREATE);
            let notes = create.map(|e| e.prepared.notes.clone()).unwrap_or_default();
            return Ok(made_or_matched(&notes, &made));
        }
        let id = target(call)?;
        let remote = call.target()?.clone();
        match &*call.step.op {
            steps::COMPANY_ADOPT | steps::COMPANY_UPDATE if call.prepared.before.is_empty() => {
                Ok(adopted(call, remote, None, KEEPS))
            }
            steps::COMPANY_ADOPT | steps::COMPANY_UPDATE => {
                let fields = call.prepared.before.keys().map(|f| (f.as_str(), call.draft.field(f)));
                let there = companies.update(&id, &written(fields)).await?;
                Ok(adopted(call, remote, Some(&observed_fields(&there)), KEEPS))
            }
            steps::COMPANY_RESTORE => {
                let prior = prior_values(call, OURS);
                let fields = call.prepared.before.keys().filter_map(|f| Some((f.as_str(), prior.get(f)?)));
                companies.update(&id, &written(fields)).await.map(|_| Receipt::nothing())
            }
            steps::COMPANY_DELETE => match companies.delete(&id).await {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Ok(Receipt::new(Made::Removed(remote))),
            },
            other => Err(super::unknown_step(other)),
        }
    }

    pub(super) async fn settle_company(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match &*call.step.op {
            steps::COMPANY_CREATE => {
                let found = match call.prepared.notes.get(EXISTING) {
                    Some(id) => Some(Receipt::new(Made::Matched(RemoteRef::new("company", id.as_str())))),
                    // One that isn't shown is written again, which makes no second one.
                    None => {
                        let there = self.find_company(call.draft.text("company_id")).await?;
                        there.map(|c| made_or_matched(&call.prepared.notes, &c))
                    }
                };
                Ok(found.map(|receipt| Candidate { receipt, agrees: true }).into_iter().collect())
            }
            steps::COMPANY_ADOPT | steps::COMPANY_UPDATE => {
                let there = self.client.companies().get(&target(call)?).await?;
                let have = observed_fields(&there);
                let landed = call.prepared.before.iter().any(|(field, before)| {
                    let ours = call.draft.field(field);
                    same(have.get(field).unwrap_or(&Value::Null), ours) && !same(before, ours)
                });
                let receipt = adopted(call, call.target()?.clone(), Some(&have), KEEPS);
                Ok(landed.then_some(Candidate { receipt, agrees: true }).into_iter().collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Whether the contact of a step belongs to its company already.
    pub(super) async fn belongs(&self, call: &Call<'_>) -> Result<bool> {
        let Some(company) = call.field_link("company")? else { return Ok(false) };
        let mut all = self.client.companies().of_contact(&contact_target(call)?);
        while let Some(it) = all.try_next().await? {
            if it.id.as_str() == company.id {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn attach_company(&self, call: &Call<'_>) -> Result<Receipt> {
        let company = call.field_link("company")?.ok_or_else(|| Error::bug("a contact without a company"))?;
        let id = CompanyId::from(company.id.as_str());
        self.client.companies().attach(&contact_target(call)?, &id).await?;
        Ok(attached(company))
    }

    pub(super) async fn detach_company(&self, call: &Call<'_>) -> Result<Receipt> {
        let id = call.step.args.get("company").map(String::as_str).unwrap_or_default();
        match self.client.companies().detach(&contact_target(call)?, &CompanyId::from(id)).await {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(Receipt::nothing()),
        }
    }
}

/// A contact that was put into a company; undo takes it out again.
pub(super) fn attached(company: &RemoteRef) -> Receipt {
    Receipt::nothing().output("company", company.id.to_string())
}

/// Made by this attempt, or there before it: an upsert doesn't say.
fn made_or_matched(notes: &BTreeMap<String, String>, company: &Company) -> Receipt {
    let remote = RemoteRef::new("company", company.id.as_str());
    let made = if is_new(notes, company) { Made::Created } else { Made::Matched };
    Receipt::new(made(remote))
}

fn began_at(notes: &BTreeMap<String, String>) -> Option<Timestamp> {
    notes.get(AT).and_then(|at| at.parse().ok()).and_then(|at| Timestamp::from_second(at).ok())
}

fn is_new(notes: &BTreeMap<String, String>, company: &Company) -> bool {
    if notes.get(EXISTING).is_some_and(|id| company.id.as_str() == id) {
        return false;
    }
    match (company.created_at, began_at(notes)) {
        (Some(at), Some(began)) => at >= began - CLOCK_SKEW,
        _ => false,
    }
}

fn target(call: &Call<'_>) -> Result<CompanyId> {
    call.target().map(|remote| CompanyId::from(remote.id.as_str()))
}

/// The fields that a change names, or all of the draft.
fn asked_fields(call: &Call<'_>) -> Result<Vec<String>> {
    match call.step.args.get("fields") {
        None => Ok(call.draft.fields.keys().cloned().collect()),
        Some(names) => serde_json::from_str(names).map_err(|_| Error::bug("a step's field names are broken")),
    }
}

fn written<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>) -> CompanyUpdate {
    fields.fold(CompanyUpdate::new(), |out, (field, value)| match (field.strip_prefix(PREFIX), value) {
        (Some(name), value) => out.attribute(name, wire(value)),
        (None, value) if is_blank(value) => out.empty(field),
        (None, Value::Text(text)) if field == "name" => out.name(text.as_str()),
        (None, Value::Text(text)) if field == "website" => out.website(text.as_str()),
        _ => out,
    })
}

/// A company in the form that shaping promised.
pub(super) fn observed_fields(company: &Company) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let mut text = |field: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            fields.insert(field.to_owned(), Value::text(value));
        }
    };
    text("company_id", company.company_id.as_deref());
    text("name", company.name.as_deref());
    text("website", company.website.as_deref());
    for (name, value) in company.custom_attributes.iter() {
        let value = observed(value);
        if value != Value::Null {
            fields.insert(format!("{PREFIX}{name}"), value);
        }
    }
    fields
}
