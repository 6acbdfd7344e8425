//! The calls of office hours.

use super::IntercomSink;
use super::library::{AT, EXISTING, began, matched};
use super::matched::{KEPT, is_matched};
use super::shape_library::interval;
use super::steps;
use crate::OfficeHoursId;
use crate::api::office_hours::{Interval, NewException, NewOfficeHours, OfficeHours, OfficeHoursUpdate};
use jiff::civil::Date;
use mapping_core::{
    Call, Candidate, Draft, Error, ErrorKind, Made, Observed, Prepared, Receipt, RemoteRef, Result, Value,
};

/// The output of a receipt that names an exception.
const EXCEPTION: &str = "exception";

impl IntercomSink {
    pub(super) async fn prepare_hours(&self, call: &Call<'_>) -> Result<Prepared> {
        let skip = Prepared { skip: true, ..Prepared::default() };
        match &*call.step.op {
            steps::HOURS_CREATE => {
                let mut notes = began(call);
                if let Some(there) = self.hours_named(call.draft.text("name")).await?.into_iter().next() {
                    let observed = self.whole_schedule(there).await?.draft;
                    let differs = |field: &&String| {
                        let only = |of: &Draft| {
                            let draft = Draft::new("field", call.draft.source.clone());
                            draft.with(field.as_str(), of.field(field).clone())
                        };
                        let theirs = super::listing::whole(only(&observed));
                        !mapping_core::diff(&only(call.draft), &theirs, call.refs).is_empty()
                    };
                    let kept: Vec<&str> =
                        call.draft.fields.keys().filter(differs).map(String::as_str).collect();
                    notes.insert(KEPT.into(), kept.join(","));
                    notes.insert(EXISTING.into(), observed.source.id.to_string());
                }
                Ok(Prepared { notes, ..Prepared::default() })
            }
            steps::HOURS_EXCEPTION | steps::HOURS_UPDATE if is_matched(call) => Ok(skip),
            _ => Ok(Prepared::default()),
        }
    }

    async fn hours_named(&self, name: &str) -> Result<Vec<OfficeHours>> {
        let wanted = name.to_lowercase();
        let mut all = self.client.office_hours().list().await?;
        all.retain(|it| it.name.trim().to_lowercase() == wanted);
        all.sort_by_cached_key(|it| (it.created_at, it.id.to_string()));
        Ok(all)
    }

    pub(super) async fn perform_hours(&self, call: &Call<'_>) -> Result<Receipt> {
        let hours = self.client.office_hours();
        if call.step.op == steps::HOURS_CREATE {
            if let Some(id) = call.prepared.notes.get(EXISTING) {
                return Ok(matched(call, RemoteRef::new("office_hours", id.as_str())));
            }
            let (name, zone) = (call.draft.text("name"), call.draft.text("time_zone"));
            let made = hours.create(&NewOfficeHours::new(name, zone, &intervals(call.draft))).await?;
            return Ok(Receipt::new(Made::Created(RemoteRef::new("office_hours", made.id.as_str()))));
        }
        let id = OfficeHoursId::from(call.target()?.id.as_str());
        match &*call.step.op {
            steps::HOURS_EXCEPTION => {
                let made = hours.create_exception(&id, &NewException::closed(day(call)?)).await?;
                Ok(Receipt::nothing().output(EXCEPTION, made.id.as_str()))
            }
            steps::HOURS_UPDATE => {
                let fields = OfficeHoursUpdate::new()
                    .name(call.draft.text("name"))
                    .time_zone(call.draft.text("time_zone"))
                    .intervals(&intervals(call.draft));
                hours.update(&id, &fields).await.map(|_| Receipt::nothing())
            }
            steps::HOURS_DELETE => match hours.delete(&id).await {
                Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
                _ => Ok(Receipt::new(Made::Removed(call.target()?.clone()))),
            },
            other => Err(super::unknown_step(other)),
        }
    }

    pub(super) async fn settle_hours(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match &*call.step.op {
            steps::HOURS_CREATE => {
                if let Some(id) = call.prepared.notes.get(EXISTING) {
                    let receipt = matched(call, RemoteRef::new("office_hours", id.as_str()));
                    return Ok(vec![Candidate { receipt, agrees: true }]);
                }
                if !call.prepared.notes.contains_key(AT) {
                    return Err(Error::bug("no time was prepared"));
                }
                // None had the name when this was prepared.
                let found = self.hours_named(call.draft.text("name")).await?.into_iter();
                let made = |it: OfficeHours| Made::Created(RemoteRef::new("office_hours", it.id.as_str()));
                Ok(found.map(|it| Candidate { receipt: Receipt::new(made(it)), agrees: true }).collect())
            }
            steps::HOURS_EXCEPTION => {
                let id = OfficeHoursId::from(call.target()?.id.as_str());
                let day = day(call)?;
                let found = self.client.office_hours().exceptions(&id).await?.into_iter();
                let receipt = |id: &str| Receipt::nothing().output(EXCEPTION, id);
                Ok(found
                    .filter(|it| it.exception_date == Some(day))
                    .map(|it| Candidate {
                        receipt: receipt(it.id.as_str()),
                        agrees: it.exception_type == "closed",
                    })
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// A schedule with the days on which it doesn't hold.
    pub(super) async fn whole_schedule(&self, it: OfficeHours) -> Result<Observed> {
        let exceptions = self.client.office_hours().exceptions(&it.id).await?;
        let mut draft =
            super::listing::named(&RemoteRef::new("office_hours", it.id.as_str())).with("name", it.name);
        if let Some(zone) = it.time_zone_name {
            draft = draft.with("time_zone", zone);
        }
        let mut all = it.time_intervals;
        all.sort();
        let texts = |all: Vec<String>| Value::List(all.into_iter().map(Value::text).collect());
        let intervals = texts(all.iter().map(|i| format!("{}-{}", i.start, i.end)).collect());
        let days =
            exceptions.iter().filter(|e| e.exception_type == "closed").filter_map(|e| e.exception_date);
        let days = texts(days.map(|day| day.to_string()).collect());
        for (field, value) in [("intervals", intervals), ("exceptions", days)] {
            if !value.is_empty() {
                draft.fields.insert(field.into(), value);
            }
        }
        Ok(super::listing::whole(draft))
    }
}

fn intervals(draft: &Draft) -> Vec<Interval> {
    draft.field("intervals").items().iter().filter_map(Value::as_str).filter_map(interval).collect()
}

fn day(call: &Call<'_>) -> Result<Date> {
    let index = call.step.args.get("index").and_then(|i| i.parse::<usize>().ok());
    let day = index.and_then(|i| call.draft.field("exceptions").items().get(i)).and_then(Value::as_str);
    day.and_then(|d| d.parse().ok()).ok_or_else(|| Error::bug("a step for a day names no day of its draft"))
}
