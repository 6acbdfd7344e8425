//! `/contacts`: create, read, change, find, archive, delete.

use std::sync::Arc;

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::fields::Fields;
use super::problem::Problem;
use super::store::{Contact, TagApplied, Workspace};
use super::{attributes, search, view};

const ATTRIBUTE_LIMIT: usize = 255;

/// What a write of a contact may carry. The outer `Option` says whether the key was there.
#[derive(Debug, Default)]
struct Written {
    role: Option<String>,
    external_id: Option<Option<String>>,
    email: Option<Option<String>>,
    phone: Option<Option<String>>,
    name: Option<Option<String>>,
    avatar: Option<Option<String>>,
    owner_id: Option<Option<u64>>,
    signed_up_at: Option<Option<i64>>,
    last_seen_at: Option<Option<i64>>,
    unsubscribed: Option<bool>,
    attributes: Vec<(Arc<str>, Value)>,
}

fn read_fields(ws: &Workspace, refuse_bad_phone: bool, fields: &Fields<'_>) -> Written {
    let text = |key: &str| fields.present(key).map(|_| fields.text(key).map(str::to_owned));
    let number = |key: &str| fields.present(key).map(|_| fields.integer(key));
    let mut written = Written {
        role: fields.text("role").map(str::to_owned),
        external_id: text("external_id"),
        email: text("email"),
        phone: text("phone"),
        name: text("name"),
        avatar: text("avatar"),
        owner_id: fields.present("owner_id").map(|_| read_owner(ws, fields)),
        signed_up_at: number("signed_up_at"),
        last_seen_at: number("last_seen_at"),
        unsubscribed: fields.boolean("unsubscribed_from_emails"),
        attributes: read_attributes(ws, "contact", fields),
    };
    if fields.boolean("email_verified").is_some() && written.email.is_none() {
        fields.invalid("email_verified", "email_verified must be sent with email");
    }
    if written.role.as_deref().is_some_and(|role| role != "user" && role != "lead") {
        fields.invalid("role", "role must be either user or lead");
    }
    if let Some(Some(email)) = &written.email
        && !looks_like_email(email)
    {
        fields.invalid("email", "email is invalid");
    }
    if let Some(Some(phone)) = &written.phone
        && refuse_bad_phone
        && !is_e164(phone)
    {
        fields.invalid("phone", "phone is invalid");
    }
    // A blank string empties a field.
    let texts = [&mut written.external_id, &mut written.email, &mut written.phone, &mut written.name];
    for inner in texts.into_iter().flatten() {
        *inner = inner.take().filter(|text| !text.trim().is_empty());
    }
    written
}

fn read_owner(ws: &Workspace, fields: &Fields<'_>) -> Option<u64> {
    let id = fields.id("owner_id")?;
    let owner = ws.admin(&id).map(|admin| admin.id);
    if owner.is_none() {
        fields.invalid("owner_id", "owner_id must be a teammate of the workspace");
    }
    owner
}

/// Values of custom attributes of contacts or companies; unknown ones are refused (T19).
pub(crate) fn read_attributes(ws: &Workspace, model: &str, fields: &Fields<'_>) -> Vec<(Arc<str>, Value)> {
    let mut out = Vec::new();
    for (name, value) in fields.object("custom_attributes").into_iter().flatten() {
        let known = ws
            .data_attributes
            .iter()
            .find(|entry| entry.custom && entry.model == model && !entry.archived && *entry.name == **name);
        let Some(known) = known else {
            fields.invalid("custom_attributes", format!("Custom attribute '{name}' does not exist"));
            continue;
        };
        if !value.is_null() && !fits(known.data_type, &known.options, value) {
            fields.invalid("custom_attributes", format!("Custom attribute '{name}' has an invalid value"));
        }
        out.push((known.name.clone(), value.clone()));
    }
    out
}

fn fits(data_type: &str, options: &[String], value: &Value) -> bool {
    match data_type {
        "string" => value.as_str().is_some_and(|text| text.chars().count() <= ATTRIBUTE_LIMIT),
        "options" => value.as_str().is_some_and(|text| options.iter().any(|option| option == text)),
        "integer" => value.is_i64(),
        "float" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.is_i64() || value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
    }
}

fn looks_like_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c));
    clean
        && !local.is_empty()
        && !local.contains('@')
        && domain.contains('.')
        && !domain.contains("..")
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= 254
}

fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0')
}

/// The answer when the e-mail or external id of a user is taken (T12, T13).
fn conflict(ws: &Workspace, written: &Written, own: Option<u32>) -> Option<Problem> {
    let email = written.email.iter().flatten().flat_map(|email| ws.contacts.with_email(email));
    let external = written.external_id.iter().flatten().flat_map(|id| ws.contacts.with_external_id(id));
    let holder = external
        .chain(email)
        .find(|(index, contact)| Some(*index) != own && !contact.lead && contact.merged_into.is_none())?
        .1;
    if holder.blocked {
        return Some(Problem::new(400, "not_restorable", "This contact was blocked and can't be restored"));
    }
    let which = if holder.archived { "An archived contact" } else { "A contact" };
    let message = format!("{which} matching those details already exists with id={}", holder.id);
    Some(Problem::new(409, "conflict", message))
}

fn apply(contact: &mut Contact, written: Written) {
    fn set<T>(place: &mut Option<T>, value: Option<Option<T>>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    set(&mut contact.external_id, written.external_id);
    set(&mut contact.email, written.email);
    set(&mut contact.phone, written.phone);
    set(&mut contact.name, written.name);
    set(&mut contact.avatar, written.avatar);
    set(&mut contact.owner_id, written.owner_id);
    set(&mut contact.signed_up_at, written.signed_up_at);
    set(&mut contact.last_seen_at, written.last_seen_at);
    contact.unsubscribed = written.unsubscribed.unwrap_or(contact.unsubscribed);
    attributes::put(&mut contact.attributes, written.attributes);
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let body = std::mem::take(&mut call.body);
    let fields = Fields::of(&body)?;
    let written = read_fields(call.ws, call.knobs.refuse_bad_phone, &fields);
    let identified = written.email.iter().flatten().next().is_some()
        || written.external_id.iter().flatten().next().is_some();
    let lead = written.role.as_deref() == Some("lead");
    if !identified && !lead {
        fields.invalid("email", "A user needs an email or an external_id");
    }
    if lead && written.external_id.iter().flatten().next().is_some() {
        fields.invalid("external_id", "external_id can't be set on a lead");
    }
    call.ignored = fields.finish()?;
    if !lead && let Some(problem) = conflict(call.ws, &written, None) {
        return Err(problem);
    }
    let index = insert(call, lead, written);
    call.applied = true;
    show(call, index)
}

fn insert(call: &mut Call<'_>, lead: bool, written: Written) -> u32 {
    let id = call.ws.next_contact_id(call.now);
    let mut contact = Contact { id, lead, created_at: call.now, updated_at: call.now, ..Contact::default() };
    apply(&mut contact, written);
    call.ws.contacts.insert(contact)
}

/// Makes the lead that naming an unknown e-mail as a participant makes (T72).
pub(crate) fn create_lead(call: &mut Call<'_>, email: &str) -> u32 {
    let written = Written { email: Some(Some(email.to_owned())), ..Written::default() };
    insert(call, true, written)
}

fn show(call: &Call<'_>, index: u32) -> Answer {
    let contact = call.ws.contacts.get(index).ok_or_else(Problem::no_user)?;
    Ok(Reply::Json(view::contact(call.ws, contact)))
}

/// A live contact: archived ones are not to be seen (T13), merged ones answer 410 (T17).
pub(crate) fn live(call: &Call<'_>, id: &str) -> Result<u32, Problem> {
    let (index, contact) = call.ws.contacts.find(id).ok_or_else(Problem::no_user)?;
    if let Some(canonical) = canonical(call.ws, contact) {
        return Err(merged(&canonical));
    }
    if contact.archived {
        return Err(Problem::no_user());
    }
    Ok(index)
}

/// Who a merged contact became, over at most three hops.
fn canonical(ws: &Workspace, contact: &Contact) -> Option<String> {
    let mut id = contact.merged_into.clone()?;
    for _ in 0..2 {
        match ws.contacts.find(&id).and_then(|(_, next)| next.merged_into.clone()) {
            Some(next) => id = next,
            None => break,
        }
    }
    Some(id)
}

fn merged(canonical: &str) -> Problem {
    let message = "This contact has been merged. See the 'Link' header for the canonical contact.";
    let mut problem = Problem::new(410, "contact_merged", message);
    problem.link = Some(format!("</contacts/{canonical}>; rel=\"canonical\""));
    problem
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, live(call, call.id(0))?)
}

pub(crate) fn find_by_external_id(call: &mut Call<'_>) -> Answer {
    let mut holders = call.ws.contacts.with_external_id(call.id(0)).filter(|(_, contact)| !contact.lead);
    let Some((index, contact)) = holders.next() else { return Err(Problem::no_user()) };
    if let Some(canonical) = canonical(call.ws, contact) {
        return Err(merged(&canonical));
    }
    if contact.archived {
        return Err(Problem::no_user());
    }
    show(call, index)
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let index = live(call, call.id(0))?;
    let body = std::mem::take(&mut call.body);
    let fields = Fields::of(&body)?;
    let written = read_fields(call.ws, call.knobs.refuse_bad_phone, &fields);
    call.ignored = fields.finish()?;
    let lead = call.ws.contacts.get(index).is_some_and(|contact| contact.lead);
    if !lead && let Some(problem) = conflict(call.ws, &written, Some(index)) {
        return Err(problem);
    }
    let now = call.now;
    call.ws.contacts.change(index, |contact| {
        if written.role.as_deref() == Some("user") {
            contact.lead = false;
        }
        apply(contact, written);
        contact.updated_at = now;
    });
    call.applied = true;
    show(call, index)
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let index = call.ws.contacts.index(call.id(0)).ok_or_else(Problem::no_user)?;
    let contact = call.ws.remove_contact(index).ok_or_else(Problem::no_user)?;
    call.applied = true;
    Ok(Reply::Json(flagged(&contact, "deleted", true)))
}

fn flagged(contact: &Contact, flag: &str, value: bool) -> Value {
    let mut out = view::contact_reference(contact);
    out[flag] = json!(value);
    out
}

pub(crate) fn archive(call: &mut Call<'_>) -> Answer {
    set_archived(call, true)
}

pub(crate) fn unarchive(call: &mut Call<'_>) -> Answer {
    set_archived(call, false)
}

fn set_archived(call: &mut Call<'_>, archived: bool) -> Answer {
    let index = call.ws.contacts.index(call.id(0)).ok_or_else(Problem::no_user)?;
    let contact = call.ws.contacts.get_mut(index).ok_or_else(Problem::no_user)?;
    contact.archived = archived;
    let out = flagged(contact, "archived", archived);
    call.applied = true;
    Ok(Reply::Json(out))
}

/// A tripwire: blocks the person and archives their conversations (T67).
pub(crate) fn block(call: &mut Call<'_>) -> Answer {
    let (now, id) = (call.now, call.id(0).to_owned());
    call.journal.deny(now, "contact_block", &id);
    let index = call.ws.contacts.index(&id).ok_or_else(Problem::no_user)?;
    let contact = call.ws.contacts.get_mut(index).ok_or_else(Problem::no_user)?;
    contact.blocked = true;
    contact.archived = true;
    let out = flagged(contact, "blocked", true);
    call.applied = true;
    Ok(Reply::Json(out))
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let size = call.per_page(10, 150)?;
    let after = call.query("starting_after").map(str::to_owned);
    let all =
        call.ws.contacts.iter().filter(|(_, contact)| !contact.archived && contact.merged_into.is_none());
    let mut rows: Vec<(i64, u64)> =
        all.map(|(index, contact)| (contact.updated_at, u64::from(index))).collect();
    rows.sort_unstable_by(|a, b| b.cmp(a));
    page(call, rows, size, after.as_deref())
}

/// `POST /contacts/search`, blind to what is younger than the lag (T15).
pub(crate) fn search(call: &mut Call<'_>) -> Answer {
    let query = search::read_query(call, 50)?;
    search::check_contact_filter(&query.filter)?;
    let newest = call.now - call.knobs.contact_search_lag_s;
    let zone = jiff::tz::TimeZone::get(&call.ws.app.timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    let mut rows: Vec<(i64, u64)> = Vec::new();
    for index in search::contact_candidates(call.ws, &query.filter) {
        let Some(contact) = call.ws.contacts.get(index) else { continue };
        let visible = !contact.archived && contact.merged_into.is_none() && contact.created_at <= newest;
        if visible && search::contact_matches(contact, &query.filter, &zone) {
            rows.push((contact.updated_at, u64::from(index)));
        }
    }
    rows.sort_unstable_by(|a, b| b.cmp(a));
    if query.ascending {
        rows.reverse();
    }
    page(call, rows, query.per_page, query.starting_after.as_deref())
}

fn page(call: &Call<'_>, rows: Vec<(i64, u64)>, size: usize, after: Option<&str>) -> Answer {
    let (total, page) = search::cut(&rows, size, after)?;
    let contacts =
        page.rows.iter().filter_map(|(_, index)| call.ws.contacts.get(u32::try_from(*index).ok()?));
    let data: Vec<Value> = contacts.map(|contact| view::contact(call.ws, contact)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data, "total_count": total, "pages": page.pages})))
}

pub(crate) fn tags(call: &mut Call<'_>) -> Answer {
    let index = live(call, call.id(0))?;
    let contact = call.ws.contacts.get(index).ok_or_else(Problem::no_user)?;
    let data: Vec<Value> = contact.tags.iter().map(|applied| view::tag(call.ws, applied)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

pub(crate) fn attach_tag(call: &mut Call<'_>) -> Answer {
    let id = call.read(|fields| fields.require("id", fields.id("id")))?;
    let index = live(call, call.id(0))?;
    let tag = id.and_then(|id| id.parse().ok()).filter(|id| call.ws.tags.contains_key(id));
    let applied = TagApplied { tag: tag.ok_or_else(Problem::not_found)?, at: call.now, by: acting(call.ws) };
    let contact = call.ws.contacts.get_mut(index).ok_or_else(Problem::no_user)?;
    if !contact.tags.iter().any(|known| known.tag == applied.tag) {
        contact.tags.push(applied);
    }
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

pub(crate) fn detach_tag(call: &mut Call<'_>) -> Answer {
    let index = live(call, call.id(0))?;
    let tag: Option<u64> = call.id(1).parse().ok();
    let contact = call.ws.contacts.get_mut(index).ok_or_else(Problem::no_user)?;
    let at =
        contact.tags.iter().position(|applied| Some(applied.tag) == tag).ok_or_else(Problem::not_found)?;
    let applied = contact.tags.remove(at);
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

/// The teammate that the token belongs to.
pub(crate) fn acting(ws: &Workspace) -> u64 {
    ws.admins.first().map_or(0, |admin| admin.id)
}
