//! Finds the records that a person means: by `ticket:12`, by a visible number, by an id, or by an object of the
//! destination.

use crate::drafts::TICKET;
use crate::store::MemberState;
use crate::{Failure, Run};
use mapping_core::model::Record;
use mapping_core::{RemoteRef, SourceRef};

/// States of members that something stands for at the destination.
pub(crate) const THERE: [MemberState; 4] =
    [MemberState::Applied, MemberState::Matched, MemberState::Kept, MemberState::Undoing];
/// The most records that one text may mean before it is refused.
const MOST: usize = 20;

/// The one record that is meant.
///
/// # Errors
/// `Usage` when there is none, or several: those are named.
pub(crate) fn one(run: &Run, text: &str) -> Result<SourceRef, Failure> {
    let mut found = all(run, text.trim())?;
    match (found.pop(), found.is_empty()) {
        (Some(record), true) => Ok(record),
        (Some(last), false) => {
            let names = found.iter().chain([&last]).map(ToString::to_string);
            Err(Failure::usage("several records are called so; name one of them").details(names))
        }
        (None, _) => Err(Failure::usage(
            "no record is called so; give kind:id (ticket:12), a ticket’s number, or kind:id of an object of the \
             destination",
        )),
    }
}

/// Every record that may be meant, at most a few.
fn all(run: &Run, text: &str) -> Result<Vec<SourceRef>, Failure> {
    if let Ok(name) = text.parse::<SourceRef>()
        && Record::KINDS.contains(&name.kind.as_str())
    {
        let known = run.stage().record(&name)?.is_some() || run.ledger().plan_row(&name)?.is_some();
        return Ok(known.then_some(name).into_iter().collect());
    }
    let mut found = match text.parse::<RemoteRef>() {
        Ok(remote) => return by_object(run, &|at| *at == remote),
        Err(_) => by_number(run, text)?,
    };
    let id = SourceRef::new(TICKET, text);
    if found.is_empty() && run.stage().record(&id)?.is_some() {
        found.push(id);
    }
    if found.is_empty() {
        found = by_object(run, &|at| at.id == text)?;
    }
    Ok(found)
}

/// Tickets of this number; after a merge several may have it.
fn by_number(run: &Run, number: &str) -> Result<Vec<SourceRef>, Failure> {
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = run.stage().records(TICKET, after, 500)?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.seq;
        for staged in page {
            let Record::Ticket(ticket) = staged.record else { continue };
            if ticket.number.as_deref() == Some(number) && found.len() < MOST {
                found.push(ticket.id.source_ref());
            }
        }
    }
}

/// Records that this object stands for: those that the batches name.
fn by_object(run: &Run, is: &dyn Fn(&RemoteRef) -> bool) -> Result<Vec<SourceRef>, Failure> {
    let ledger = run.ledger();
    let mut found: Vec<SourceRef> = Vec::new();
    for batch in ledger.batches()? {
        let mut from = 0;
        loop {
            let members = ledger.members(batch.number, None, &THERE, from, false, 500)?;
            let Some(last) = members.last() else { break };
            from = last.seq;
            let names: Vec<SourceRef> = members.into_iter().map(|m| m.row.record).collect();
            let targets = ledger.targets(&names)?;
            for (record, _) in targets.into_iter().filter(|(_, at)| is(at)) {
                if found.len() < MOST && !found.contains(&record) {
                    found.push(record);
                }
            }
        }
    }
    Ok(found)
}

/// The number that people see: a ticket's.
pub(crate) fn number_of(run: &Run, record: &SourceRef) -> Result<Option<String>, Failure> {
    Ok(match run.stage().record(record)? {
        Some(Record::Ticket(ticket)) => ticket.number,
        _ => None,
    })
}
