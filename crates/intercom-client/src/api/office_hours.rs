//! `/office_hours_schedules`: when people work, new in 2.16.

use crate::client::{Client, Pending};
use crate::endpoint::{Ask, Does, Endpoint, json, nothing};
use crate::id::{ExceptionId, OfficeHoursId};
use crate::wire::{Fields, listed, or_default, time};
use connector_http::Body;
use http::Method;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Minutes of a week.
pub const WEEK_MINUTES: u32 = 10_080;
/// Every boundary of an interval is a multiple of this.
pub const GRID_MINUTES: u32 = 15;

/// A time of work, in minutes from Monday 00:00, up to [`WEEK_MINUTES`], on a grid of [`GRID_MINUTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// Its beginning.
    #[serde(rename = "start_minute")]
    pub start: u32,
    /// Its end.
    #[serde(rename = "end_minute")]
    pub end: u32,
}

/// A schedule.
#[derive(Clone, Debug, Deserialize)]
pub struct OfficeHours {
    /// Its id.
    pub id: OfficeHoursId,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub name: String,
    /// Its time zone by IANA name.
    #[serde(default)]
    pub time_zone_name: Option<String>,
    /// When people work.
    #[serde(default, deserialize_with = "or_default")]
    pub time_intervals: Vec<Interval>,
    /// Whether they always do.
    #[serde(default)]
    pub twenty_four_seven: Option<bool>,
    /// When it was made.
    #[serde(default, deserialize_with = "time")]
    pub created_at: Option<Timestamp>,
    /// When it changed last.
    #[serde(default, deserialize_with = "time")]
    pub updated_at: Option<Timestamp>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A day on which a schedule doesn't hold.
#[derive(Clone, Debug, Deserialize)]
pub struct OfficeHoursException {
    /// Its id.
    pub id: ExceptionId,
    /// The day.
    #[serde(default)]
    pub exception_date: Option<Date>,
    /// `closed` or `custom_hours`.
    #[serde(default, deserialize_with = "or_default")]
    pub exception_type: String,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// When people work instead.
    #[serde(default, deserialize_with = "or_default")]
    pub time_intervals: Vec<Interval>,
    /// Whether it is so every year.
    #[serde(default)]
    pub recurring_annually: Option<bool>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A schedule to be made.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewOfficeHours(OfficeHoursUpdate);

impl NewOfficeHours {
    /// A schedule in a time zone, which is an IANA name. 422 (`Invalid`) for intervals off the grid.
    pub fn new(name: impl Into<String>, zone: impl Into<String>, intervals: &[Interval]) -> Self {
        NewOfficeHours(OfficeHoursUpdate::new().name(name).time_zone(zone).intervals(intervals))
    }
}

/// Fields of a schedule to be written; what isn't set stays as it is.
#[must_use]
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct OfficeHoursUpdate(Map<String, Value>);

impl OfficeHoursUpdate {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }
    /// The name.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.0.insert("name".into(), name.into().into());
        self
    }
    /// The time zone by IANA name.
    pub fn time_zone(mut self, zone: impl Into<String>) -> Self {
        self.0.insert("time_zone_name".into(), zone.into().into());
        self
    }
    /// All the intervals.
    pub fn intervals(mut self, intervals: &[Interval]) -> Self {
        self.0.insert("time_intervals".into(), as_value(intervals));
        self
    }
}

fn as_value(intervals: &[Interval]) -> Value {
    intervals.iter().map(|i| serde_json::json!({"start_minute": i.start, "end_minute": i.end})).collect()
}

/// An exception to be made, or to be written over another one.
#[must_use]
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct NewException(Map<String, Value>);

impl NewException {
    /// Nobody works on this day.
    pub fn closed(day: Date) -> Self {
        NewException(Map::new()).set("exception_date", day.to_string()).set("exception_type", "closed")
    }
    /// Other hours on this day, in minutes from its beginning.
    pub fn hours(day: Date, intervals: &[Interval]) -> Self {
        NewException(Map::new())
            .set("exception_date", day.to_string())
            .set("exception_type", "custom_hours")
            .set("time_intervals", as_value(intervals))
    }
    /// Its name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.set("name", name.into())
    }
    /// Whether it is so every year.
    pub fn every_year(self, yes: bool) -> Self {
        self.set("recurring_annually", yes)
    }
    fn set(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0.insert(field.to_owned(), value.into());
        self
    }
}

const PATH: &str = "office_hours_schedules";
const EXCEPTIONS: &str = "office_hours_exceptions";

/// `POST /office_hours_schedules`. Nothing keeps two from having one name.
pub fn create(to: &Endpoint, new: &NewOfficeHours) -> Ask<OfficeHours> {
    let call = (Method::POST, &[PATH][..], &[][..]);
    Ask::new(to, "office_hours.create", Does::Create, call, Some(Body::json(new)), json)
}

/// `GET /office_hours_schedules`: all of them; the list has no pages.
pub fn list(to: &Endpoint) -> Ask<Vec<OfficeHours>> {
    Ask::new(to, "office_hours.list", Does::Read, (Method::GET, &[PATH], &[]), None, listed)
}

/// `GET /office_hours_schedules/{id}`.
pub fn get(to: &Endpoint, id: &OfficeHoursId) -> Ask<OfficeHours> {
    let call = (Method::GET, &[PATH, id.as_str()][..], &[][..]);
    Ask::new(to, "office_hours.get", Does::Read, call, None, json)
}

/// `PUT /office_hours_schedules/{id}`.
pub fn update(to: &Endpoint, id: &OfficeHoursId, fields: &OfficeHoursUpdate) -> Ask<OfficeHours> {
    let call = (Method::PUT, &[PATH, id.as_str()][..], &[][..]);
    Ask::new(to, "office_hours.update", Does::Overwrite, call, Some(Body::json(fields)), json)
}

/// `DELETE /office_hours_schedules/{id}`.
pub fn delete(to: &Endpoint, id: &OfficeHoursId) -> Ask<()> {
    let call = (Method::DELETE, &[PATH, id.as_str()][..], &[][..]);
    Ask::new(to, "office_hours.delete", Does::Overwrite, call, None, nothing)
}

/// `GET /office_hours_schedules/{id}/office_hours_exceptions`: all of them.
pub fn exceptions(to: &Endpoint, id: &OfficeHoursId) -> Ask<Vec<OfficeHoursException>> {
    let call = (Method::GET, &[PATH, id.as_str(), EXCEPTIONS][..], &[][..]);
    Ask::new(to, "office_hours.exceptions", Does::Read, call, None, listed)
}

/// `POST /office_hours_schedules/{id}/office_hours_exceptions`.
pub fn create_exception(to: &Endpoint, id: &OfficeHoursId, new: &NewException) -> Ask<OfficeHoursException> {
    let call = (Method::POST, &[PATH, id.as_str(), EXCEPTIONS][..], &[][..]);
    Ask::new(to, "office_hours.create_exception", Does::Create, call, Some(Body::json(new)), json)
}

/// `PUT /office_hours_schedules/{id}/office_hours_exceptions/{exception}`.
pub fn update_exception(
    to: &Endpoint,
    id: &OfficeHoursId,
    exception: &ExceptionId,
    new: &NewException,
) -> Ask<OfficeHoursException> {
    let call = (Method::PUT, &[PATH, id.as_str(), EXCEPTIONS, exception.as_str()][..], &[][..]);
    Ask::new(to, "office_hours.update_exception", Does::Overwrite, call, Some(Body::json(new)), json)
}

/// `DELETE /office_hours_schedules/{id}/office_hours_exceptions/{exception}`.
pub fn delete_exception(to: &Endpoint, id: &OfficeHoursId, exception: &ExceptionId) -> Ask<()> {
    let call = (Method::DELETE, &[PATH, id.as_str(), EXCEPTIONS, exception.as_str()][..], &[][..]);
    Ask::new(to, "office_hours.delete_exception", Does::Overwrite, call, None, nothing)
}

/// Schedules of the workspace.
#[derive(Clone, Copy, Debug)]
pub struct OfficeHoursSchedules<'c>(pub(crate) &'c Client);

impl<'c> OfficeHoursSchedules<'c> {
    /// See [`create`].
    pub fn create(self, new: &NewOfficeHours) -> Pending<'c, OfficeHours> {
        self.0.pending(create(self.0.endpoint(), new))
    }
    /// See [`list`].
    pub fn list(self) -> Pending<'c, Vec<OfficeHours>> {
        self.0.pending(list(self.0.endpoint()))
    }
    /// See [`get`].
    pub fn get(self, id: &OfficeHoursId) -> Pending<'c, OfficeHours> {
        self.0.pending(get(self.0.endpoint(), id))
    }
    /// See [`update`].
    pub fn update(self, id: &OfficeHoursId, fields: &OfficeHoursUpdate) -> Pending<'c, OfficeHours> {
        self.0.pending(update(self.0.endpoint(), id, fields))
    }
    /// See [`delete`].
    pub fn delete(self, id: &OfficeHoursId) -> Pending<'c, ()> {
        self.0.pending(delete(self.0.endpoint(), id))
    }
    /// See [`exceptions`].
    pub fn exceptions(self, id: &OfficeHoursId) -> Pending<'c, Vec<OfficeHoursException>> {
        self.0.pending(exceptions(self.0.endpoint(), id))
    }
    /// See [`create_exception`].
    pub fn create_exception(
        self,
        id: &OfficeHoursId,
        new: &NewException,
    ) -> Pending<'c, OfficeHoursException> {
        self.0.pending(create_exception(self.0.endpoint(), id, new))
    }
    /// See [`update_exception`].
    pub fn update_exception(
        self,
        id: &OfficeHoursId,
        exception: &ExceptionId,
        new: &NewException,
    ) -> Pending<'c, OfficeHoursException> {
        self.0.pending(update_exception(self.0.endpoint(), id, exception, new))
    }
    /// See [`delete_exception`].
    pub fn delete_exception(self, id: &OfficeHoursId, exception: &ExceptionId) -> Pending<'c, ()> {
        self.0.pending(delete_exception(self.0.endpoint(), id, exception))
    }
}
