//! `/companies`: upsert by the caller's key, hidden until somebody belongs to them, archived a while after a delete (T57).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Reply};
use super::contacts::{self, read_attributes};
use super::fields::Fields;
use super::pages::{Next, numbered};
use super::problem::{Problem, request_id};
use super::store::{Company, Scroll};
use super::{attributes, view};

const KEYS: [&str; 11] = [
    "name",
    "company_id",
    "plan",
    "size",
    "website",
    "industry",
    "custom_attributes",
    "remote_created_at",
    "update_last_request_at",
    "monthly_spend",
    "id",
];
/// Lists go no further; the rest is for the scroll.
const MOST_LISTED: usize = 10_000;
const SCROLL_SIZE: usize = 100;
const SCROLL_IDLE_S: i64 = 60;

fn missing() -> Problem {
    Problem::new(404, "company_not_found", "Company Not Found")
}

/// What a write may carry. The outer `Option` says whether the key was there.
struct Written {
    company_id: Option<String>,
    name: Option<Option<String>>,
    plan: Option<Option<String>>,
    website: Option<Option<String>>,
    industry: Option<Option<String>>,
    size: Option<Option<i64>>,
    monthly_spend: Option<i64>,
    remote_created_at: Option<Option<i64>>,
    attributes: Vec<(Arc<str>, Value)>,
}

fn read(call: &mut Call<'_>) -> Result<Written, Problem> {
    let body = std::mem::take(&mut call.body);
    let unknown = body.as_object().into_iter().flat_map(Map::keys).find(|key| !KEYS.contains(&key.as_str()));
    if let Some(key) = unknown {
        return Err(Problem::new(400, "bad_request", format!("bad '{key}' parameter")));
    }
    let fields = Fields::of(&body)?;
    let text = |key: &str| fields.present(key).map(|_| fields.text(key).map(str::to_owned));
    let number = |key: &str| fields.present(key).map(|_| fields.integer(key));
    // Whole units: what stands behind the point is dropped.
    let spend = fields.any("monthly_spend").map(|value| match value.as_f64() {
        Some(amount) if (0.0..=2_147_483_647.0).contains(&amount) => amount as i64,
        _ => {
            fields.invalid("monthly_spend", "monthly_spend must be an integer up to 2147483647");
            0
        }
    });
    let written = Written {
        company_id: fields.text("company_id").map(str::to_owned).filter(|id| !id.trim().is_empty()),
        name: text("name"),
        plan: text("plan"),
        website: text("website"),
        industry: text("industry"),
        size: number("size"),
        monthly_spend: spend,
        remote_created_at: number("remote_created_at"),
        attributes: read_attributes(call.ws, "company", &fields),
    };
    let _ = (fields.boolean("update_last_request_at"), fields.id("id"));
    call.ignored = fields.finish()?;
    Ok(written)
}

fn apply(company: &mut Company, written: Written, now: i64) {
    fn set<T>(place: &mut Option<T>, value: Option<Option<T>>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    set(&mut company.name, written.name);
    set(&mut company.plan, written.plan);
    set(&mut company.website, written.website);
    set(&mut company.industry, written.industry);
    set(&mut company.size, written.size);
    set(&mut company.remote_created_at, written.remote_created_at);
    company.monthly_spend = written.monthly_spend.unwrap_or(company.monthly_spend);
    attributes::put(&mut company.attributes, written.attributes);
    company.updated_at = now;
}

pub(crate) fn upsert(call: &mut Call<'_>) -> Answer {
    let written = read(call)?;
    let key = written.company_id.clone().ok_or_else(|| {
        Problem::new(400, "parameter_not_found", "company_id is required").field("company_id")
    })?;
    let known = call.ws.live_companies().find(|(_, it)| it.company_id == key).map(|(place, _)| place);
    let place = known.unwrap_or_else(|| {
        let id = call.ws.next_contact_id(call.now);
        call.ws.companies.push(Company { id, company_id: key, created_at: call.now, ..Company::default() });
        call.ws.companies.len() - 1
    });
    let now = call.now;
    if let Some(company) = call.ws.companies.get_mut(place) {
        apply(company, written, now);
    }
    call.applied = true;
    show(call, place)
}

fn show(call: &Call<'_>, place: usize) -> Answer {
    Ok(Reply::Json(view::company(call.ws, call.ws.companies.get(place).ok_or_else(missing)?)))
}

/// A company by the platform's id, whether it can be seen or not.
pub(crate) fn place(call: &Call<'_>, id: &str) -> Result<usize, Problem> {
    call.ws.live_companies().find(|(_, it)| it.id == id).map(|(place, _)| place).ok_or_else(missing)
}

/// Whether a company is shown: it needs somebody who belongs to it.
fn seen(call: &Call<'_>, company: &Company) -> bool {
    call.knobs.empty_companies_seen || !company.members.is_empty()
}

fn visible(call: &Call<'_>, id: &str) -> Result<usize, Problem> {
    let place = place(call, id)?;
    let shown = call.ws.companies.get(place).is_some_and(|it| seen(call, it));
    if shown { Ok(place) } else { Err(missing()) }
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, visible(call, call.id(0))?)
}

/// Without a query a list, with `company_id` or `name` one company.
pub(crate) fn find(call: &mut Call<'_>) -> Answer {
    let (key, name) = (call.query("company_id").map(str::to_owned), call.query("name").map(str::to_owned));
    if key.is_none() && name.is_none() {
        return list(call);
    }
    let mut found = call.ws.live_companies().filter(|(_, it)| seen(call, it)).filter(|(_, it)| {
        key.as_ref().is_none_or(|key| it.company_id == *key)
            && name.as_ref().is_none_or(|name| it.name.as_ref() == Some(name))
    });
    let place = found.next().ok_or_else(missing)?.0;
    show(call, place)
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let mut rows: Vec<(i64, usize)> = call
        .ws
        .live_companies()
        .filter(|(_, it)| seen(call, it))
        .map(|(place, it)| (it.updated_at, place))
        .collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    if call.query("order") == Some("asc") {
        rows.reverse();
    }
    let page = numbered(call, rows.len(), 15, 60, Next::Number, "/companies/list")?;
    if page.start.saturating_add(page.size) > MOST_LISTED {
        let message =
            format!("page limit reached, {MOST_LISTED} companies at most; please use the scroll API");
        return Err(Problem::invalid(message).field("page"));
    }
    let data: Vec<Value> = page
        .of(&rows)
        .iter()
        .filter_map(|(_, place)| Some(view::company(call.ws, call.ws.companies.get(*place)?)))
        .collect();
    Ok(Reply::Json(json!({"type": "list", "data": data, "pages": page.pages, "total_count": rows.len()})))
}

/// `GET /companies/scroll`: one at a time, gone after a minute, over when a page is empty (T71).
pub(crate) fn scroll(call: &mut Call<'_>) -> Answer {
    let now = call.now;
    let open = call.ws.scroll.take().filter(|scroll| now - scroll.used_at <= SCROLL_IDLE_S);
    let mut scroll = match (call.query("scroll_param"), open) {
        (None, None) => {
            Scroll { param: request_id(u64::from(now.unsigned_abs() as u32)), place: 0, used_at: now }
        }
        (None, Some(open)) => {
            call.ws.scroll = Some(open);
            return Err(Problem::new(400, "scroll_exists", "scroll already exists for this workspace"));
        }
        (Some(param), Some(open)) if open.param == param => open,
        (Some(_), open) => {
            call.ws.scroll = open;
            return Err(Problem::new(404, "not_found", "scroll parameter not found"));
        }
    };
    let mut data = Vec::new();
    while data.len() < SCROLL_SIZE && scroll.place < call.ws.companies.len() {
        if let Some(company) = call.ws.companies.get(scroll.place)
            && !company.archived
            && seen(call, company)
        {
            data.push(view::company(call.ws, company));
        }
        scroll.place += 1;
    }
    scroll.used_at = now;
    let param = scroll.param.clone();
    if !data.is_empty() {
        call.ws.scroll = Some(scroll);
    }
    Ok(Reply::Json(json!({"type": "list", "data": data, "pages": null, "total_count": null,
        "scroll_param": param})))
}

/// Changes a company; its key stays what it is.
pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let place = place(call, call.id(0))?;
    let written = read(call)?;
    if written.company_id.is_some() {
        call.ignored.push("company_id".into());
    }
    let now = call.now;
    if let Some(company) = call.ws.companies.get_mut(place) {
        apply(company, written, now);
    }
    call.applied = true;
    show(call, place)
}

/// Says that it is deleted, and archives it a while later.
pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let place = place(call, call.id(0))?;
    let at = call.now + call.knobs.company_archive_after_s;
    let company = call.ws.companies.get_mut(place).ok_or_else(missing)?;
    company.archive_at = company.archive_at.or(Some(at));
    let id = company.id.clone();
    call.applied = true;
    call.ws.settle(call.now);
    Ok(Reply::Json(json!({"id": id, "object": "company", "deleted": true})))
}

pub(crate) fn members(call: &mut Call<'_>) -> Answer {
    let place = visible(call, call.id(0))?;
    let members: Vec<u32> =
        call.ws.companies.get(place).map(|it| it.members.iter().copied().collect()).unwrap_or_default();
    let live: Vec<Value> = members
        .iter()
        .filter_map(|index| call.ws.contacts.get(*index))
        .filter(|contact| !contact.archived)
        .map(|contact| view::contact(call.ws, contact))
        .collect();
    let page = numbered(call, live.len(), 50, 150, Next::Absent, "")?;
    Ok(Reply::Json(
        json!({"type": "list", "data": page.of(&live), "total_count": live.len(), "pages": page.pages}),
    ))
}

pub(crate) fn of_contact(call: &mut Call<'_>) -> Answer {
    let index = contacts::live(call, call.id(0))?;
    let own: Vec<Value> = call
        .ws
        .live_companies()
        .filter(|(_, it)| it.members.contains(&index))
        .map(|(_, it)| view::company(call.ws, it))
        .collect();
    let path = format!("/contacts/{}/companies", call.id(0));
    let page = numbered(call, own.len(), 50, 150, Next::Address, &path)?;
    Ok(Reply::Json(
        json!({"type": "list", "data": page.of(&own), "pages": page.pages, "total_count": own.len()}),
    ))
}

pub(crate) fn attach(call: &mut Call<'_>) -> Answer {
    let index = contacts::live(call, call.id(0))?;
    let id = call.read(|fields| fields.id("id"))?;
    let id = id.ok_or_else(|| Problem::new(400, "parameter_not_found", "company not specified"))?;
    let place = place(call, &id)?;
    let others =
        call.ws.live_companies().filter(|(at, it)| *at != place && it.members.contains(&index)).count();
    let most = call.knobs.companies_per_contact;
    if others >= most {
        let message = format!("Contact has reached the maximum of {most} company associations");
        return Err(Problem::new(400, "contact_company_limit_exceeded", message));
    }
    if let Some(company) = call.ws.companies.get_mut(place) {
        company.members.insert(index);
    }
    call.applied = true;
    show(call, place)
}

pub(crate) fn detach(call: &mut Call<'_>) -> Answer {
    let index = contacts::live(call, call.id(0))?;
    let place = place(call, call.id(1))?;
    let company = call.ws.companies.get_mut(place).ok_or_else(missing)?;
    if !company.members.remove(&index) {
        return Err(missing());
    }
    call.applied = true;
    show(call, place)
}
