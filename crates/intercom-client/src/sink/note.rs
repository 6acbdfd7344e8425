//! Notes on contacts: one call each, no way back.

use super::IntercomSink;
use super::absent::{LEFT, STANDS_IN};
use super::contact::target;
use super::library::{AT, began};
use super::matched::{KEPT, is_matched};
use super::shape_thread::headed;
use crate::AdminId;
use crate::api::Note;
use futures_util::TryStreamExt as _;
use mapping_core::{
    Author, Body, Call, Candidate, Error, ErrorKind, Format, Link, Loss, LossRule, Part, Prepared, Private,
    Receipt, RemoteRef, Result, Role, Visibility,
};

/// The note of a prepared step that says why nothing is written.
const LEFT_OUT: &str = "left_out";
/// The output of a receipt that names the note.
const NOTE: &str = "note";

impl IntercomSink {
    pub(super) async fn prepare_note(&self, call: &Call<'_>) -> Result<Prepared> {
        let mut notes = began(call);
        if is_matched(call) && !self.options.notes_on_matched {
            notes.insert(LEFT_OUT.into(), "matched".into());
        } else if let Some(acting) = self.stand_in_for(&author(call.part()?)?).await? {
            notes.insert(STANDS_IN.into(), acting.to_string());
        }
        Ok(Prepared { notes, ..Prepared::default() })
    }

    pub(super) async fn write_note(&self, call: &Call<'_>) -> Result<Receipt> {
        let part = call.part()?;
        if call.prepared.notes.contains_key(LEFT_OUT) {
            return Ok(left_out(call, part));
        }
        let (by, body) = said(call, part)?;
        let contact = target(call)?;
        let sent = self.client.notes().create_on_contact(&contact, Some(&by), body.text.as_str()).await;
        let stands_in = call.prepared.notes.contains_key(STANDS_IN);
        let note = sent.map_err(|e| if stands_in { e } else { self.refused_author(&by, e) })?;
        Ok(receipt(call, note.id.as_str()))
    }

    /// Notes of the same text that no other part accounts for, since this one was prepared.
    pub(super) async fn settle_note(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        let part = call.part()?;
        if call.prepared.notes.contains_key(LEFT_OUT) {
            return Ok(vec![Candidate { receipt: left_out(call, part), agrees: true }]);
        }
        let began = call.prepared.notes.get(AT).and_then(|at| at.parse::<i64>().ok());
        let began = began.ok_or_else(|| Error::bug("no time was prepared"))?;
        let claimed = call.so_far.claimed(NOTE);
        let wanted = said(call, part)?.1.canonical();
        let mut all = self.client.notes().of_contact(&target(call)?);
        let mut found: Vec<(u64, String)> = Vec::new();
        while let Some(note) = all.try_next().await? {
            let late = note
                .created_at
                .is_none_or(|at| at.as_second() >= began - super::contact::CLOCK_SKEW.as_secs());
            if late && !claimed.contains(&note.id.as_str()) && text(&note) == wanted {
                found.push((note.id.as_str().parse().unwrap_or(0), note.id.to_string()));
            }
        }
        // One call can have made one note only; of equal ones that nobody accounts for the newest is its.
        found.sort();
        let newest = found.pop().map(|(_, id)| id);
        Ok(newest.map(|id| Candidate { receipt: receipt(call, &id), agrees: true }).into_iter().collect())
    }

    /// The notes of a contact as parts, oldest first.
    pub(super) async fn notes_of(&self, contact: &crate::ContactId) -> Result<Vec<Part>> {
        let mut notes: Vec<Note> = self.client.notes().of_contact(contact).try_collect().await?;
        notes.sort_by_key(|n| n.id.as_str().parse::<u64>().unwrap_or(0));
        Ok(notes.into_iter().map(part).collect())
    }
}

fn part(note: Note) -> Part {
    let id = note.author.and_then(|a| a.id);
    let link = id.map(|id| Link::Remote(RemoteRef::new("admin", id.as_str())));
    let body = Body::html(note.body.as_deref().unwrap_or_default());
    let part = Part::new(note.id.as_str(), Role::Agent, Author { link, name: None }, None, body);
    Part { visibility: Visibility::Internal, ..part }
}

/// Who writes the note, and what.
fn said(call: &Call<'_>, part: &Part) -> Result<(AdminId, Body)> {
    let Some(acting) = call.prepared.notes.get(STANDS_IN) else {
        return Ok((author(part)?, part.body.clone()));
    };
    let name = part.author.name.as_ref().map_or("Unknown author", |n| n.as_str());
    Ok((AdminId::from(acting.as_str()), headed(part.body.clone(), name)))
}

fn author(part: &Part) -> Result<AdminId> {
    match &part.author.link {
        Some(Link::Remote(remote)) => Ok(AdminId::from(remote.id.as_str())),
        _ => Err(Error::bug("a shaped note is by a teammate")),
    }
}

fn text(note: &Note) -> String {
    note.body.as_ref().map(|b: &Private| mapping_core::text::canonical(Format::Html, b)).unwrap_or_default()
}

/// What a comparison leaves out of a note that isn't there, or that stands among others.
fn unlike(call: &Call<'_>) -> String {
    let index = call.step.part.unwrap_or_default();
    let fields = ["body", "author", "visibility", "files"].map(|what| format!("parts[{index}].{what}"));
    format!("parts,parts[{index}],{}", fields.join(","))
}

fn receipt(call: &Call<'_>, id: &str) -> Receipt {
    let receipt = Receipt::nothing().output(NOTE, id);
    let index = call.step.part.unwrap_or_default();
    let receipt = match call.prepared.notes.contains_key(STANDS_IN) {
        true => {
            let field = format!("parts[{index}].author");
            receipt.output(KEPT, format!("{field},parts[{index}].body")).loss(Loss::new(
                call.draft.source.clone(),
                field,
                LossRule::Defaulted,
                LEFT,
            ))
        }
        false => receipt,
    };
    if is_matched(call) { receipt.output(KEPT, unlike(call)) } else { receipt }
}

fn left_out(call: &Call<'_>, part: &Part) -> Receipt {
    let why = "the contact was there before, and a note on it could not be taken back (`notes_on_matched`)";
    let field = format!("parts[{}]", part.key);
    let loss = Loss::new(call.draft.source.clone(), field, LossRule::Dropped, why);
    Receipt::nothing().output(KEPT, unlike(call)).loss(loss)
}

/// What a rollback says of a note that stays.
pub(super) fn no_way_back() -> Error {
    let message =
        "Intercom has no call that takes a note back: it stays on the contact that was there before";
    Error::rejected(ErrorKind::Unsupported, message)
}
