//! The ways in which the stand-in can be told to misbehave.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// How a request proves who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// HTTP Basic.
    Basic,
    /// A token from `Login` in the header element `SessionHeader`.
    Session,
    /// A key in the header element `ApiKeyHeader`.
    ApiKey,
}

/// How bodies of messages are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bodies {
    /// As escaped text.
    #[default]
    Escaped,
    /// In CDATA sections, split around `]]>` and around control characters.
    Cdata,
}

/// How characters that XML 1.0 forbids are written. A U+FFFD of the help desk stands for half of a pair of surrogates:
/// unless characters are dropped it is written as the reference `&#xD83D;`, which is not well-formed either.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Controls {
    /// As a reference like `&#x1B;`, as ASMX does. The answer is then not well-formed.
    #[default]
    Referenced,
    /// As they are. The answer is then not well-formed.
    Raw,
    /// Not at all.
    Dropped,
}

/// How times are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// As the wall clock shows them, without zone.
    #[default]
    Bare,
    /// With the offset of the zone.
    Offset,
    /// In UTC, with `Z`.
    Utc,
}

/// A window over the records that moves while it is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShiftedPages {
    /// Pages after this one are shifted.
    pub after: u32,
    /// By so many places: -1 repeats the last item of the page before, as when a record was put in; 1 skips one, as when
    /// one was taken out.
    pub by: i32,
}

/// A file that is larger than it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GiantFile {
    /// Id of the attachment.
    pub attachment: u64,
    /// So many bytes are declared, drawn and sent.
    pub bytes: u32,
}

/// A body that comes slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Drip {
    /// Bytes in one go; 0 counts as 1.
    pub bytes: usize,
    /// Milliseconds between two goes.
    pub pause_ms: u64,
}

/// An element that comes in another namespace than the schema says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherNamespace {
    /// Local name of the element.
    pub element: String,
    /// The namespace it comes in.
    pub namespace: String,
}

/// An element that the schema does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExtraElement {
    /// Name of the type at whose end it comes, like `Ticket` or `Message`.
    pub within: String,
    /// Local name of the element.
    pub name: String,
    /// Its text.
    pub value: String,
}

/// A status that is on nobody's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OddStatus {
    /// Id of the ticket that has it.
    pub ticket: u64,
    /// The word.
    pub status: String,
}

/// Everything that can be turned. Over HTTP a JSON object names the knobs to turn; the others stay as they are and `null`
/// puts one back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Knobs {
    /// The ways to prove who one is that are accepted.
    pub accept: Vec<Way>,
    /// Whether the WSDL is shown only to those who prove who they are.
    pub wsdl_needs_auth: bool,
    /// A session ends after so many calls.
    pub session_calls: Option<u32>,
    /// A session ends after so many seconds by the stand-in's clock.
    pub session_seconds: u32,
    /// Milliseconds before each answer.
    pub latency_ms: u64,
    /// Bodies come slowly.
    pub drip: Option<Drip>,
    /// So many of the next requests get a 503 with an HTML page.
    pub unavailable: u32,
    /// The `Retry-After` that goes with a 503, in seconds.
    pub retry_after: Option<u32>,
    /// So many of the next requests get an HTML page with status 200.
    pub html: u32,
    /// So many of the next requests get the fault `ServerBusy`.
    pub busy: u32,
    /// So many of the next answers end in the middle, with a proper length.
    pub cut: u32,
    /// The knobs above that count requests and those below hold for this operation alone.
    pub only: Option<String>,
    /// Each so-manieth item of a page is left out; the total stays.
    pub drop_item_every: Option<u32>,
    /// The page of this number shows the items of the page before it.
    pub repeat_page: Option<u32>,
    /// Later pages are shifted against the earlier ones.
    pub shift_pages: Option<ShiftedPages>,
    /// Added to the total that a page declares.
    pub wrong_total: i64,
    /// An element in another namespace.
    pub other_namespace: Option<OtherNamespace>,
    /// An element that the schema does not have.
    pub extra_element: Option<ExtraElement>,
    /// A status that is on nobody's list.
    pub odd_status: Option<OddStatus>,
    /// How bodies of messages are written.
    pub bodies: Bodies,
    /// How characters that XML 1.0 forbids are written.
    pub controls: Controls,
    /// How times are written.
    pub times: Times,
    /// Times are written in this zone instead of the server's; those that are asked with are still meant in the server's.
    pub answer_zone: Option<String>,
    /// Working-hours profiles come without the names of their zones.
    pub hours_without_zone: bool,
    /// Ids of contacts that were erased: no list has them, and what they wrote has no name and no address.
    pub erased_contacts: Vec<u64>,
    /// Once a page has shown this ticket it gets one more message, and the knob is put back.
    pub change_after_listing: Option<u64>,
    /// Once a page has shown this ticket it is gone, and the knob is put back.
    pub delete_after_listing: Option<u64>,
    /// Ids of attachments that are listed and not found.
    pub missing_files: Vec<u64>,
    /// One attachment is very large.
    pub giant_file: Option<GiantFile>,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            accept: vec![Way::Basic, Way::Session, Way::ApiKey],
            wsdl_needs_auth: false,
            session_calls: None,
            session_seconds: 1200,
            latency_ms: 0,
            drip: None,
            unavailable: 0,
            retry_after: None,
            html: 0,
            busy: 0,
            cut: 0,
            only: None,
            drop_item_every: None,
            repeat_page: None,
            shift_pages: None,
            wrong_total: 0,
            other_namespace: None,
            extra_element: None,
            odd_status: None,
            bodies: Bodies::Escaped,
            controls: Controls::Referenced,
            times: Times::Bare,
            answer_zone: None,
            hours_without_zone: false,
            erased_contacts: Vec::new(),
            change_after_listing: None,
            delete_after_listing: None,
            missing_files: Vec::new(),
            giant_file: None,
        }
    }
}

impl Knobs {
    /// These knobs after those that `turned` names.
    ///
    /// # Errors
    /// `turned` is not an object, names no knob, or gives one a value it can't take, like a zone that nobody knows.
    pub fn turned(&self, turned: &serde_json::Value) -> Result<Self, serde_json::Error> {
        let serde_json::Value::Object(turned) = turned else {
            return Err(serde::de::Error::custom("knobs are turned by a JSON object"));
        };
        let mut all = serde_json::to_value(self)?;
        if let Some(all) = all.as_object_mut() {
            for (knob, value) in turned {
                if value.is_null() {
                    all.remove(knob);
                } else {
                    all.insert(knob.clone(), value.clone());
                }
            }
        }
        let turned: Self = serde_json::from_value(all)?;
        match &turned.answer_zone {
            Some(zone) if TimeZone::get(zone).is_err() => {
                Err(serde::de::Error::custom(format!("answer_zone: there is no zone {zone}")))
            }
            _ => Ok(turned),
        }
    }

    /// The zone that times are written in.
    pub(super) fn zone(&self, of_server: &TimeZone) -> TimeZone {
        let other = self.answer_zone.as_ref().and_then(|zone| TimeZone::get(zone).ok());
        other.unwrap_or_else(|| of_server.clone())
    }

    /// These knobs as they hold for one operation.
    pub(super) fn for_operation(mut self, operation: &str) -> Self {
        if !self.hold_for(operation) {
            self.drop_item_every = None;
            self.repeat_page = None;
            self.shift_pages = None;
            self.wrong_total = 0;
            self.other_namespace = None;
            self.extra_element = None;
            self.odd_status = None;
        }
        self
    }

    /// Whether the misbehaviour that is told by operation holds for this one.
    pub(super) fn hold_for(&self, operation: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == operation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turning_one_knob_leaves_the_others_and_null_puts_one_back() {
        let knobs = Knobs { latency_ms: 5, ..Knobs::default() };
        let turned = knobs.turned(&serde_json::json!({"wrong_total": 3})).unwrap();
        assert_eq!((turned.latency_ms, turned.wrong_total), (5, 3));
        let back = turned.turned(&serde_json::json!({"latency_ms": null})).unwrap();
        assert_eq!((back.latency_ms, back.wrong_total), (0, 3));
    }

    #[test]
    fn a_knob_that_does_not_exist_is_refused() {
        assert!(Knobs::default().turned(&serde_json::json!({"wrong_totel": 3})).is_err());
        assert!(Knobs::default().turned(&serde_json::json!({"answer_zone": "Atlantis/Capital"})).is_err());
    }
}
