//! Teammates who leave while a run goes on.

use super::IntercomSink;
use crate::AdminId;
use mapping_core::{Error, ErrorKind, Outcome, Result, Retry};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The note of a prepared step that names who writes in the place of its author.
pub(super) const STANDS_IN: &str = "stands_in";
/// Why, for the list of losses.
pub(super) const LEFT: &str = "the author left the workspace during the run: the acting teammate stands in, and the text names the author";

/// How long a reply waits whose author has to be looked up.
const PAUSE: Duration = Duration::from_secs(1);

/// What is known of teammates whose words were refused. Nothing of it lasts: another process is refused once more and
/// learns it anew.
#[derive(Default)]
pub(super) struct Absent(Mutex<BTreeMap<AdminId, Standing>>);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Something was refused under their name; nobody has looked why.
    Suspected,
    /// They can't write any more.
    Gone,
    /// They can: the refusal has another reason.
    Present,
}

impl Absent {
    /// Whether a refusal may be due to the author. Said of one who was just found to be there, it is not.
    fn suspect(&self, id: &AdminId) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.get(id) == Some(&Standing::Present) {
            known.remove(id);
            return false;
        }
        known.entry(id.clone()).or_insert(Standing::Suspected);
        true
    }

    fn of(&self, id: &AdminId) -> Option<Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    fn set(&self, id: &AdminId, standing: Standing) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), standing);
    }
}

impl IntercomSink {
    /// Whether this teammate can't write any more. Reads the list of teammates once after a refusal.
    async fn has_left(&self, id: &AdminId) -> Result<bool> {
        match self.absent.of(id) {
            None | Some(Standing::Present) => return Ok(false),
            Some(Standing::Gone) => return Ok(true),
            Some(Standing::Suspected) => {}
        }
        let admins = self.client.admins().list().await?;
        let there = admins.iter().any(|a| a.id == *id && a.has_inbox_seat.unwrap_or(true));
        let standing = if there { Standing::Present } else { Standing::Gone };
        self.absent.set(id, standing);
        Ok(!there)
    }

    /// The acting teammate, when they have to write in the place of this one.
    pub(super) async fn stand_in_for(&self, author: &AdminId) -> Result<Option<AdminId>> {
        let acting = self.acting().await?;
        Ok(if *author != acting && self.has_left(author).await? { Some(acting) } else { None })
    }

    /// The refusal of something that was to be written under a teammate's name: it didn't happen, and it may be written
    /// under another name when they have left.
    pub(super) fn refused_author(&self, id: &AdminId, error: Error) -> Error {
        let about_them = error.outcome() == Outcome::Rejected
            && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Invalid);
        if about_them && self.absent.suspect(id) { error.with_retry(Retry::After(PAUSE)) } else { error }
    }
}
