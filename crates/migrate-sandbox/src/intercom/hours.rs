//! `/office_hours_schedules` and their exceptions: minutes of a week on a grid of a quarter of an hour (T73).

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::fields::Fields;
use super::problem::Problem;
use super::store::{HoursException, Interval, Schedule};

const WEEK: i64 = 7 * 24 * 60;
const GRID: i64 = 15;

fn invalid(message: impl Into<String>) -> Problem {
    Problem::new(422, "data_invalid", message)
}

fn interval(it: &Interval) -> Value {
    json!({"start_minute": it.start_minute, "end_minute": it.end_minute, "day_of_week": it.start_minute / (24 * 60)})
}

fn shape(it: &Schedule) -> Value {
    let always = matches!(it.time_intervals.as_slice(), [Interval { start_minute: 0, end_minute: WEEK }]);
    json!({"type": "office_hours_schedule", "id": it.id.to_string(), "name": it.name,
        "time_zone_name": it.time_zone_name,
        "time_intervals": it.time_intervals.iter().map(interval).collect::<Vec<_>>(),
        "twenty_four_seven": always, "created_at": it.created_at, "updated_at": it.updated_at})
}

fn exception_shape(schedule: u64, it: &HoursException) -> Value {
    let intervals = it.time_intervals.as_ref().map(|all| all.iter().map(interval).collect::<Vec<_>>());
    json!({"type": "office_hours_exception", "id": it.id.to_string(),
        "office_hours_schedule_id": schedule.to_string(), "exception_date": it.exception_date,
        "exception_type": if it.time_intervals.is_some() { "custom_hours" } else { "closed" },
        "name": it.name, "time_intervals": intervals, "recurring_annually": it.recurring_annually,
        "created_at": it.created_at, "updated_at": it.created_at})
}

fn read_intervals(fields: &Fields<'_>) -> Option<Vec<Interval>> {
    fields.each("time_intervals", |inner| {
        let minute = |key: &str| inner.require(key, inner.integer(key)).unwrap_or_default();
        let _ = inner.integer("day_of_week");
        Interval { start_minute: minute("start_minute"), end_minute: minute("end_minute") }
    })
}

/// Inside the week, on the grid, none over another.
fn check_intervals(intervals: &[Interval]) -> Result<(), Problem> {
    let mut sorted = intervals.to_vec();
    sorted.sort();
    for it in &sorted {
        if it.start_minute < 0 || it.end_minute > WEEK || it.start_minute >= it.end_minute {
            return Err(invalid(format!(
                "time_intervals must lie between 0 and {WEEK} and end after they start"
            )));
        }
        if it.start_minute % GRID != 0 || it.end_minute % GRID != 0 {
            return Err(invalid(format!("time_intervals must lie on a {GRID}-minute grid")));
        }
    }
    if sorted.windows(2).any(|pair| pair[0].end_minute > pair[1].start_minute) {
        return Err(invalid("time_intervals must not overlap"));
    }
    Ok(())
}

fn check_zone(name: &str) -> Result<(), Problem> {
    jiff::tz::TimeZone::get(name).map(drop).map_err(|_| invalid("time_zone_name is not a valid time zone"))
}

fn find(call: &Call<'_>) -> Result<u64, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    if call.ws.schedules.contains_key(&id) { Ok(id) } else { Err(Problem::not_found()) }
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let data: Vec<Value> = call.ws.schedules.values().map(shape).collect();
    Ok(Reply::Json(json!({"type": "office_hours_schedule.list", "data": data})))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    Ok(Reply::Json(call.ws.schedules.get(&id).map(shape).ok_or_else(Problem::not_found)?))
}

struct Written {
    name: Option<String>,
    zone: Option<String>,
    intervals: Option<Vec<Interval>>,
}

fn read(call: &mut Call<'_>) -> Result<Written, Problem> {
    let written = call.read(|fields| Written {
        name: fields.text("name").map(str::to_owned),
        zone: fields.text("time_zone_name").map(str::to_owned),
        intervals: read_intervals(fields),
    })?;
    if let Some(intervals) = &written.intervals {
        check_intervals(intervals)?;
    }
    written.zone.as_deref().map_or(Ok(()), check_zone)?;
    Ok(written)
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let written = read(call)?;
    let name =
        written.name.filter(|name| !name.trim().is_empty()).ok_or_else(|| invalid("name is required"))?;
    let zone = written.zone.ok_or_else(|| invalid("time_zone_name is required"))?;
    let intervals = written.intervals.ok_or_else(|| invalid("time_intervals is required"))?;
    let id = call.ws.next_setting();
    let made = Schedule {
        id,
        name,
        time_zone_name: zone,
        time_intervals: intervals,
        exceptions: Vec::new(),
        created_at: call.now,
        updated_at: call.now,
    };
    let reply = shape(&made);
    call.ws.schedules.insert(id, made);
    call.applied = true;
    Ok(Reply::Coded(201, reply))
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let written = read(call)?;
    let now = call.now;
    let it = call.ws.schedules.get_mut(&id).ok_or_else(Problem::not_found)?;
    it.name = written.name.unwrap_or_else(|| std::mem::take(&mut it.name));
    it.time_zone_name = written.zone.unwrap_or_else(|| std::mem::take(&mut it.time_zone_name));
    it.time_intervals = written.intervals.unwrap_or_else(|| std::mem::take(&mut it.time_intervals));
    it.updated_at = now;
    let reply = shape(it);
    call.applied = true;
    Ok(Reply::Json(reply))
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    call.ws.schedules.remove(&id);
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "office_hours_schedule", "deleted": true})))
}

pub(crate) fn exceptions(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let all = call.ws.schedules.get(&id).into_iter().flat_map(|it| &it.exceptions);
    let data: Vec<Value> = all.map(|it| exception_shape(id, it)).collect();
    Ok(Reply::Json(json!({"type": "office_hours_exception.list", "data": data})))
}

fn read_exception(call: &mut Call<'_>, before: Option<HoursException>) -> Result<HoursException, Problem> {
    let create = before.is_none();
    let before = before.unwrap_or_default();
    let (date, kind, name, intervals, yearly) = call.read(|fields| {
        let date = fields.text("exception_date").map(str::to_owned);
        let kind = fields.text("exception_type").map(str::to_owned);
        let name = fields.text("name").map(str::to_owned);
        (date, kind, name, read_intervals(fields), fields.boolean("recurring_annually"))
    })?;
    let date = date.or(Some(before.exception_date).filter(|_| !create));
    let date = date.ok_or_else(|| invalid("exception_date is required"))?;
    // A day and nothing more: what carries a time is refused.
    if date.len() != 10 || date.parse::<jiff::civil::Date>().is_err() {
        return Err(invalid("exception_date must be a date"));
    }
    let intervals = match kind.as_deref() {
        None if create => return Err(invalid("exception_type is required")),
        None => intervals.or(before.time_intervals),
        Some("closed") => None,
        Some("custom_hours") => {
            Some(intervals.ok_or_else(|| invalid("time_intervals is required for custom_hours"))?)
        }
        Some(_) => return Err(invalid("exception_type must be closed or custom_hours")),
    };
    intervals.as_deref().map_or(Ok(()), check_intervals)?;
    Ok(HoursException {
        id: before.id,
        exception_date: date,
        time_intervals: intervals,
        name: name.or(before.name),
        recurring_annually: yearly.unwrap_or(before.recurring_annually),
        created_at: if create { call.now } else { before.created_at },
    })
}

pub(crate) fn create_exception(call: &mut Call<'_>) -> Answer {
    let schedule = find(call)?;
    let mut made = read_exception(call, None)?;
    made.id = call.ws.next_setting();
    let it = call.ws.schedules.get_mut(&schedule).ok_or_else(Problem::not_found)?;
    if it.exceptions.iter().any(|known| known.exception_date == made.exception_date) {
        return Err(invalid("exception_date is already taken"));
    }
    let reply = exception_shape(schedule, &made);
    it.exceptions.push(made);
    call.applied = true;
    Ok(Reply::Coded(201, reply))
}

fn exception_place(call: &Call<'_>, schedule: u64) -> Result<usize, Problem> {
    let id = call.id(1);
    let it = call.ws.schedules.get(&schedule).ok_or_else(Problem::not_found)?;
    it.exceptions.iter().position(|it| it.id.to_string() == id).ok_or_else(Problem::not_found)
}

pub(crate) fn exception(call: &mut Call<'_>) -> Answer {
    let schedule = find(call)?;
    let place = exception_place(call, schedule)?;
    let it = call.ws.schedules.get(&schedule).and_then(|it| it.exceptions.get(place));
    Ok(Reply::Json(exception_shape(schedule, it.ok_or_else(Problem::not_found)?)))
}

pub(crate) fn update_exception(call: &mut Call<'_>) -> Answer {
    let schedule = find(call)?;
    let place = exception_place(call, schedule)?;
    let before = call.ws.schedules.get(&schedule).and_then(|it| it.exceptions.get(place)).cloned();
    let changed = read_exception(call, before)?;
    let reply = exception_shape(schedule, &changed);
    let places = call.ws.schedules.get_mut(&schedule).map(|it| &mut it.exceptions);
    if let Some(it) = places.and_then(|all| all.get_mut(place)) {
        *it = changed;
    }
    call.applied = true;
    Ok(Reply::Json(reply))
}

pub(crate) fn delete_exception(call: &mut Call<'_>) -> Answer {
    let schedule = find(call)?;
    let place = exception_place(call, schedule)?;
    let it = call.ws.schedules.get_mut(&schedule).ok_or_else(Problem::not_found)?;
    let gone = it.exceptions.remove(place);
    call.applied = true;
    Ok(Reply::Json(json!({"id": gone.id.to_string(), "object": "office_hours_exception", "deleted": true})))
}
