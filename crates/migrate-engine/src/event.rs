//! What a verb tells while it works.

use crate::{Cancel, Timer};
use mapping_core::{LossRule, SourceRef};
use serde::{Deserialize, Serialize};

/// Something that happened. Ids, counts and names of fields only, never customer text; fit for a log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// A phase began: `extract ticket`, `apply conversation`.
    PhaseStarted {
        /// Its name.
        phase: String,
        /// How many records it will treat, if that is known.
        total: Option<u64>,
    },
    /// A phase came further.
    Progress {
        /// Its name.
        phase: String,
        /// Records treated so far.
        done: u64,
        /// How many it will treat, if that is known.
        total: Option<u64>,
    },
    /// A phase ended.
    PhaseFinished {
        /// Its name.
        phase: String,
        /// Records treated.
        done: u64,
    },
    /// A record went to the quarantine.
    Quarantined {
        /// The record.
        record: SourceRef,
        /// Why, and what to do about it.
        why: String,
    },
    /// Something could not be moved as it was.
    Lost {
        /// The record.
        record: SourceRef,
        /// The field.
        field: String,
        /// The kind of loss.
        rule: LossRule,
    },
    /// `verify` found a difference.
    Differs {
        /// The record.
        record: SourceRef,
        /// The field.
        field: String,
    },
    /// A remark for the person who watches.
    Note {
        /// The remark.
        text: String,
    },
}

/// Who listens. Called from within the verb; it must return soon.
pub trait Observer: Send + Sync {
    /// Takes an event.
    fn event(&self, event: Event);
}

/// Nobody listens.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;
impl Observer for Silent {
    fn event(&self, _: Event) {}
}
impl<F: Fn(Event) + Send + Sync> Observer for F {
    fn event(&self, event: Event) {
        self(event);
    }
}

/// What every verb is given: the time, who listens, and the wish to stop.
#[derive(Clone, Copy)]
pub struct Ctx<'a> {
    /// The time.
    pub timer: &'a dyn Timer,
    /// Who listens.
    pub observer: &'a dyn Observer,
    /// The wish to stop.
    pub cancel: &'a Cancel,
}

impl<'a> Ctx<'a> {
    /// Puts the three together.
    pub fn new(timer: &'a dyn Timer, observer: &'a dyn Observer, cancel: &'a Cancel) -> Self {
        Ctx { timer, observer, cancel }
    }
    pub(crate) fn started(&self, phase: &str, total: Option<u64>) {
        self.observer.event(Event::PhaseStarted { phase: phase.to_owned(), total });
    }
    pub(crate) fn progress(&self, phase: &str, done: u64, total: Option<u64>) {
        self.observer.event(Event::Progress { phase: phase.to_owned(), done, total });
    }
    pub(crate) fn finished(&self, phase: &str, done: u64) {
        self.observer.event(Event::PhaseFinished { phase: phase.to_owned(), done });
    }
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.observer.event(Event::Note { text: text.into() });
    }
    pub(crate) fn quarantined(&self, record: &SourceRef, why: &str) {
        self.observer.event(Event::Quarantined { record: record.clone(), why: why.to_owned() });
    }
}
