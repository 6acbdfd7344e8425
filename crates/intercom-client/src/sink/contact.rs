//! The calls of a contact: make or match it, fill what is empty, restore what was filled.

use super::IntercomSink;
use super::fields::{PREFIX, observed, wire};
use super::matched::{KEPT, adopted, is_blank, is_matched, kept, prior_values, same};
use super::options::MatchedContacts;
use super::steps;
use crate::ContactId;
use crate::api::{Contact, ContactUpdate, NewContact, Query};
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use mapping_core::{
    Call, Candidate, Draft, Error, ErrorKind, Made, Outcome, Prepared, Receipt, RemoteRef, Result, Value,
};
use std::collections::BTreeMap;

/// How far the clocks of this machine and of Intercom may differ before a contact of ours counts as somebody else's.
/// That way round nothing is deleted that wasn't ours.
pub(super) const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Steps that write fields of a contact that was there before.
const OURS: [&str; 2] = [steps::CONTACT_ADOPT, steps::CONTACT_UPDATE];

const KEEPS: &str = "the contact was there before and keeps its own";

/// Conversations of a contact that a search shows although they are deleted, at most.
const MOST_DELETED: usize = 150;

/// The note that names the contact which the record's own was merged into.
const MERGED: &str = "merged";

/// Contacts that were merged into one another, followed this far; Intercom resolves chains of three itself.
const MOST_MERGES: usize = 3;

/// Fields of a contact that was there before that are never written.
const NEVER: [&str; 2] = ["external_id", "role"];

impl IntercomSink {
    pub(super) async fn prepare_contact(&self, call: &Call<'_>) -> Result<Prepared> {
        let skip = Prepared { skip: true, ..Prepared::default() };
        match &*call.step.op {
            steps::CONTACT_CREATE => {
                // What is older than this was there before.
                let notes = BTreeMap::from([("at".to_owned(), call.now.as_second().to_string())]);
                Ok(Prepared { notes, ..Prepared::default() })
            }
            steps::CONTACT_UNARCHIVE if call.so_far.output("archived").is_none() => Ok(skip),
            steps::CONTACT_UNARCHIVE => {
                let before = BTreeMap::from([("archived".to_owned(), Value::Bool(true))]);
                Ok(Prepared { before, ..Prepared::default() })
            }
            steps::CONTACT_ADOPT if !is_matched(call) => Ok(skip),
            steps::CONTACT_ADOPT => {
                let there = self.existing(call).await?;
                let have = observed_fields(&there);
                let filling = self.options.matched_contacts == MatchedContacts::FillEmpty;
                let empty = |field: &&String| filling && have.get(*field).is_none_or(is_blank);
                let plain = call.draft.fields.iter().filter(|(_, v)| v.as_link().is_none()).map(|(f, _)| f);
                let fill = plain.filter(|f| !NEVER.contains(&f.as_str())).filter(empty);
                let before: BTreeMap<String, Value> = fill.map(|f| (f.clone(), Value::Null)).collect();
                let mut notes = self.moved(call, &there)?;
                notes.extend(kept(call.draft, &have, &before).map(|fields| (KEPT.to_owned(), fields)));
                // What the contact keeps is told by a receipt, though no call may be needed.
                Ok(Prepared { skip: before.is_empty() && !notes.contains_key(KEPT), before, notes })
            }
            steps::CONTACT_UPDATE => {
                let there = self.existing(call).await?;
                let have = observed_fields(&there);
                let filling = self.options.matched_contacts == MatchedContacts::FillEmpty;
                let before: BTreeMap<String, Value> = changed_fields(call, &have, filling)?
                    .into_iter()
                    .map(|f| (f.clone(), have.get(&f).cloned().unwrap_or(Value::Null)))
                    .collect();
                let mut notes = self.moved(call, &there)?;
                let kept = kept(call.draft, &have, &before).filter(|_| is_matched(call));
                notes.extend(kept.map(|fields| (KEPT.to_owned(), fields)));
                Ok(Prepared { skip: before.is_empty() && !notes.contains_key(KEPT), before, notes })
            }
            steps::CONTACT_COMPANY if is_matched(call) && self.belongs(call).await? => Ok(skip),
            steps::CONTACT_NOTE => self.prepare_note(call).await,
            steps::CONTACT_RESTORE => self.prepare_restore(call).await,
            steps::CONTACT_DELETE => self.refuse_in_use(call).await.map(|()| Prepared::default()),
            _ => Ok(Prepared::default()),
        }
    }

    /// Nobody says what becomes of the conversations of a contact that is deleted; ours are deleted before, so one that
    /// is left is somebody else's.
    async fn refuse_in_use(&self, call: &Call<'_>) -> Result<()> {
        let query = Query::is("contact_ids", call.target()?.id.as_str());
        let mut all = self.client.conversations().search_all(query);
        let mut looked_at = 0;
        while let Some(found) = all.try_next().await? {
            // The search may still show what was deleted a moment ago.
            match self.client.conversations().get(&found.id).await {
                Err(e) if e.kind() == ErrorKind::NotFound && looked_at < MOST_DELETED => looked_at += 1,
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                _ => {
                    let message = "the contact has a conversation that this run didn't make";
                    return Err(Error::not_sent(ErrorKind::Edited, message).with("conversation", found.id));
                }
            }
        }
        Ok(())
    }

    /// Only what still is as we left it goes back.
    async fn prepare_restore(&self, call: &Call<'_>) -> Result<Prepared> {
        let Some(there) = self.find_contact(&target(call)?).await? else {
            return Ok(Prepared { skip: true, ..Prepared::default() });
        };
        let have = observed_fields(&there);
        let ours = |field: &String| {
            let now = have.get(field).cloned().unwrap_or(Value::Null);
            same(&now, call.draft.field(field))
        };
        let prior = prior_values(call, OURS);
        let before: BTreeMap<String, Value> = prior
            .into_keys()
            .filter(ours)
            .map(|field| (field.clone(), have.get(&field).cloned().unwrap_or(Value::Null)))
            .collect();
        Ok(Prepared { skip: before.is_empty(), before, notes: self.moved(call, &there)? })
    }

    /// The contact, or the one that it was merged into; `None` when it is gone or archived.
    pub(super) async fn find_contact(&self, id: &ContactId) -> Result<Option<Contact>> {
        let mut id = id.clone();
        for _ in 0..=MOST_MERGES {
            match self.client.contacts().get(&id).await {
                Ok(contact) => return Ok(Some(contact)),
                Err(e) if e.kind() == ErrorKind::NotFound => match e.context("merged_into") {
                    Some(into) => id = ContactId::from(into),
                    None => return Ok(None),
                },
                Err(e) => return Err(e),
            }
        }
        Ok(None)
    }

    async fn existing(&self, call: &Call<'_>) -> Result<Contact> {
        let id = target(call)?;
        let gone = || Error::not_sent(ErrorKind::NotFound, "the contact is gone").with("contact", &id);
        self.find_contact(&id).await?.ok_or_else(gone)
    }

    /// A note when the contact that was found is another one than the record's own.
    fn moved(&self, call: &Call<'_>, there: &Contact) -> Result<BTreeMap<String, String>> {
        let moved = there.id != target(call)?;
        Ok(moved.then(|| (MERGED.to_owned(), there.id.to_string())).into_iter().collect())
    }

    pub(super) async fn perform_contact(&self, call: &Call<'_>) -> Result<Receipt> {
        if call.step.op == steps::CONTACT_CREATE {
            return self.create_contact(call).await;
        }
        let id = match call.prepared.notes.get(MERGED) {
            Some(into) => ContactId::from(into.as_str()),
            None => target(call)?,
        };
        let remote = RemoteRef::new("contact", id.as_str());
        let contacts = self.client.contacts();
        match &*call.step.op {
            steps::CONTACT_UNARCHIVE => {
                contacts.unarchive(&id).await?;
                Ok(Receipt::new(Made::Changed(remote)))
            }
            // Nothing to write, and something to tell.
            steps::CONTACT_ADOPT | steps::CONTACT_UPDATE if call.prepared.before.is_empty() => {
                Ok(adopted(call, remote, None, KEEPS))
            }
            steps::CONTACT_ADOPT | steps::CONTACT_UPDATE => {
                let fields = call.prepared.before.keys().map(|f| (f.as_str(), call.draft.field(f)));
                let there = contacts.update(&id, &written(fields)).await?;
                Ok(adopted(call, remote, Some(&observed_fields(&there)), KEEPS))
            }
            steps::CONTACT_RESTORE => {
                let prior = prior_values(call, OURS);
                let fields = call.prepared.before.keys().filter_map(|f| Some((f.as_str(), prior.get(f)?)));
                contacts.update(&id, &written(fields)).await?;
                Ok(Receipt::nothing())
            }
            steps::CONTACT_COMPANY => self.attach_company(call).await,
            steps::CONTACT_LEAVE => self.detach_company(call).await,
            steps::CONTACT_NOTE => self.write_note(call).await,
            steps::CONTACT_NOTE_KEEP => Err(super::note::no_way_back()),
            steps::CONTACT_ARCHIVE => contacts.archive(&id).await.map(|()| Receipt::nothing()),
            steps::CONTACT_DELETE => match contacts.delete(&id).await {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Ok(Receipt::new(Made::Removed(remote))),
            },
            other => Err(super::unknown_step(other)),
        }
    }

    /// Makes the contact; when its address or id is taken, the one that has it stands for the record.
    async fn create_contact(&self, call: &Call<'_>) -> Result<Receipt> {
        let fields = call
            .draft
            .fields
            .iter()
            .filter(|(f, v)| *f != "role" && v.as_link().is_none())
            .map(|(f, v)| (f.as_str(), v));
        let new = NewContact::user().with(written(fields));
        let conflict = match self.client.contacts().create(&new).await {
            Ok(made) => return Ok(Receipt::new(Made::Created(remote(&made)))),
            Err(e) if e.kind() == ErrorKind::Conflict && e.outcome() == Outcome::Rejected => e,
            Err(e) => return Err(e),
        };
        if let Some(id) = conflict.context("contact") {
            let receipt = Receipt::new(Made::Matched(RemoteRef::new("contact", id)));
            let archived = conflict.context("archived").is_some();
            return Ok(if archived { receipt.output("archived", "yes") } else { receipt });
        }
        // A conflict that names nobody: a search may.
        match chosen(call.draft, self.search_contact(call.draft).await?) {
            Some(there) => Ok(Receipt::new(Made::Matched(remote(&there)))),
            None => Err(conflict),
        }
    }

    pub(super) async fn settle_contact(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match &*call.step.op {
            steps::CONTACT_CREATE => self.settle_create_contact(call).await,
            steps::CONTACT_COMPANY => {
                let company = call.field_link("company")?;
                let landed = self.belongs(call).await?;
                let receipt = company.filter(|_| landed).map(super::company::attached);
                Ok(receipt.map(|receipt| Candidate { receipt, agrees: true }).into_iter().collect())
            }
            steps::CONTACT_NOTE => self.settle_note(call).await,
            // An archived contact can't be seen.
            steps::CONTACT_UNARCHIVE => match self.client.contacts().get(&target(call)?).await {
                Ok(_) => {
                    let receipt = Receipt::new(Made::Changed(call.target()?.clone()));
                    Ok(vec![Candidate { receipt, agrees: true }])
                }
                Err(e) if e.kind() == ErrorKind::NotFound => Ok(Vec::new()),
                Err(e) => Err(e),
            },
            steps::CONTACT_ADOPT | steps::CONTACT_UPDATE => {
                let there = self.existing(call).await?;
                let have = observed_fields(&there);
                // One call writes all fields or none, so one that has become ours proves it; somebody may have changed
                // another one since.
                let landed = call.prepared.before.iter().any(|(field, before)| {
                    let ours = call.draft.field(field);
                    same(have.get(field).unwrap_or(&Value::Null), ours) && !same(before, ours)
                });
                let receipt = adopted(call, remote(&there), Some(&have), KEEPS);
                Ok(if landed { vec![Candidate { receipt, agrees: true }] } else { Vec::new() })
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The contact with our key. One that is older than the attempt was there before: then the lost answer was a
    /// conflict.
    async fn settle_create_contact(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let external_id = call.draft.text("external_id");
        let mut found = Vec::new();
        if !external_id.is_empty() {
            match self.client.contacts().find_by_external_id(external_id).await {
                Ok(contact) => found.push(contact),
                Err(e) if e.kind() == ErrorKind::NotFound => {
                    if let Some(into) = e.context("merged_into") {
                        found.extend(self.find_contact(&ContactId::from(into)).await?);
                    }
                }
                Err(e) => return Err(e),
            }
        }
        if found.is_empty() {
            found = self.search_contact(call.draft).await?;
        }
        let began = call.prepared.notes.get("at").and_then(|at| at.parse::<i64>().ok());
        let began = began
            .and_then(|at| Timestamp::from_second(at).ok())
            .ok_or_else(|| Error::bug("no time was prepared"))?;
        let new = |c: &Contact| c.created_at.is_some_and(|at| at >= began - CLOCK_SKEW);
        let (ours, theirs): (Vec<Contact>, Vec<Contact>) =
            found.into_iter().partition(|c| new(c) && keys_agree(call.draft, c));
        let agrees = |made: Made| Candidate { receipt: Receipt::new(made), agrees: true };
        if ours.is_empty() {
            let there = chosen(call.draft, theirs);
            return Ok(there.map(|c| agrees(Made::Matched(remote(&c)))).into_iter().collect());
        }
        Ok(ours.iter().map(|c| agrees(Made::Created(remote(c)))).collect())
    }

    /// Users with exactly this address.
    async fn search_contact(&self, draft: &Draft) -> Result<Vec<Contact>> {
        let email = draft.text("email");
        if email.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = self.client.contacts().search_all(Query::is("email", email));
        let mut found = Vec::new();
        while let Some(contact) = all.try_next().await? {
            let equal = contact.email.as_ref().is_some_and(|e| e.trim().to_lowercase() == email);
            if equal && contact.role.as_deref() == Some("user") {
                found.push(contact);
            }
        }
        Ok(found)
    }
}

/// Which of several contacts stands for the record: the one with our external id, else the one that was there first.
fn chosen(draft: &Draft, mut found: Vec<Contact>) -> Option<Contact> {
    let ours = draft.text("external_id");
    let other = |c: &Contact| ours.is_empty() || c.external_id.as_deref() != Some(ours);
    found.sort_by_cached_key(|c| (other(c), c.created_at, c.id.to_string()));
    found.into_iter().next()
}

/// Every key that the draft has and the contact shows is the same.
fn keys_agree(draft: &Draft, contact: &Contact) -> bool {
    let have = observed_fields(contact);
    ["email", "external_id"].iter().all(|key| {
        let want = draft.text(key);
        want.is_empty()
            || have.get(*key).and_then(Value::as_str).is_some_and(|h| h.to_lowercase() == want.to_lowercase())
    })
}

pub(super) fn remote(contact: &Contact) -> RemoteRef {
    RemoteRef::new("contact", contact.id.as_str())
}

pub(super) fn target(call: &Call<'_>) -> Result<ContactId> {
    call.target().map(|remote| ContactId::from(remote.id.as_str()))
}

/// The fields that a change is about. Of a contact that was there before only those that we filled, or that are empty.
fn changed_fields(call: &Call<'_>, have: &BTreeMap<String, Value>, filling: bool) -> Result<Vec<String>> {
    let names = call.step.args.get("fields").map(String::as_str).unwrap_or("[]");
    let fields: Vec<String> =
        serde_json::from_str(names).map_err(|_| Error::bug("a step's field names are broken"))?;
    if !is_matched(call) {
        return Ok(fields);
    }
    let filled = prior_values(call, OURS);
    let may = |f: &String| {
        !NEVER.contains(&f.as_str())
            && (filled.contains_key(f) || filling && have.get(f).is_none_or(is_blank))
    };
    Ok(fields.into_iter().filter(may).collect())
}

fn written<'a>(fields: impl Iterator<Item = (&'a str, &'a Value)>) -> ContactUpdate {
    let mut out = ContactUpdate::new();
    for (field, value) in fields {
        out = match (field, value) {
            (field, value) if field.starts_with(PREFIX) => {
                out.attribute(field.strip_prefix(PREFIX).unwrap_or(field), wire(value))
            }
            (field, value) if is_blank(value) => out.empty(field),
            ("email", Value::Text(text)) => out.email(text.as_str()),
            ("external_id", Value::Text(text)) => out.external_id(text.as_str()),
            ("name", Value::Text(text)) => out.name(text.as_str()),
            ("phone", Value::Text(text)) => out.phone(text.as_str()),
            ("signed_up_at", Value::Time(at)) => out.signed_up_at(*at),
            _ => out,
        };
    }
    out
}

/// A contact in the form that shaping promised.
pub(super) fn observed_fields(contact: &Contact) -> BTreeMap<String, Value> {
    let mut fields = BTreeMap::new();
    let mut text = |field: &str, value: Option<&str>| {
        if let Some(value) = value.filter(|v| !v.is_empty()) {
            fields.insert(field.to_owned(), Value::text(value));
        }
    };
    text("role", contact.role.as_deref());
    text("email", contact.email.as_ref().map(|e| e.to_lowercase()).as_deref());
    text("external_id", contact.external_id.as_deref());
    text("name", contact.name.as_deref());
    text("phone", contact.phone.as_deref());
    if let Some(at) = contact.signed_up_at {
        fields.insert("signed_up_at".into(), Value::Time(at));
    }
    for (name, value) in contact.custom_attributes.iter() {
        let value = observed(value);
        if value != Value::Null {
            fields.insert(format!("{PREFIX}{name}"), value);
        }
    }
    fields
}
