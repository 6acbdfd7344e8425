//! `/ticket_types`, `/tickets` and `/jobs`: tickets made at once or later (T64), lists of values by key alone (T65).

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Reply, check_time};
use super::problem::Problem;
use super::store::{Job, Ticket, TicketAttribute, TicketType};
use super::{contacts, conversations, view};

const CATEGORIES: [&str; 3] = ["Customer", "Back-office", "Tracker"];
const DATA_TYPES: [&str; 6] = ["string", "list", "integer", "decimal", "boolean", "datetime"];
/// Id, category and label of the states that every kind has.
const STATES: [(&str, &str, &str); 4] = [
    ("8481", "submitted", "Submitted"),
    ("8482", "in_progress", "In progress"),
    ("8483", "waiting_on_customer", "Waiting on you"),
    ("8484", "resolved", "Resolved"),
];

fn state(place: usize) -> Value {
    let (id, category, label) = STATES.get(place).copied().unwrap_or(STATES[0]);
    json!({"type": "ticket_state", "id": id, "category": category, "internal_label": label, "external_label": label})
}

fn type_shape(call: &Call<'_>, it: &TicketType) -> Value {
    let workspace = &call.ws.app.id_code;
    let attribute = |(order, own): (usize, &TicketAttribute)| {
        let items: Vec<Value> =
            own.items.iter().map(|(id, name)| json!({"id": id, "name": name, "archived": false})).collect();
        let options = if own.data_type == "list" {
            json!({"list_options": items})
        } else {
            json!({"multiline": own.name == "_default_description_"})
        };
        json!({"type": "ticket_type_attribute", "id": own.id.to_string(), "workspace_id": workspace,
            "name": own.name, "description": own.description, "data_type": own.data_type,
            "input_options": options, "order": order, "required_to_create": false,
            "required_to_create_for_contacts": false, "visible_on_create": true, "visible_to_contacts": true,
            "default": own.default, "ticket_type_id": it.id, "archived": own.archived,
            "created_at": it.created_at, "updated_at": it.updated_at})
    };
    let attributes: Vec<Value> = it.attributes.iter().enumerate().map(attribute).collect();
    let states: Vec<Value> = (0..STATES.len()).map(state).collect();
    json!({"type": "ticket_type", "id": it.id.to_string(), "name": it.name, "description": it.description,
        "icon": it.icon, "workspace_id": workspace, "archived": it.archived, "created_at": it.created_at,
        "updated_at": it.updated_at, "is_internal": it.internal, "category": it.category,
        "ticket_type_attributes": {"type": "list", "data": attributes},
        "ticket_states": {"type": "list", "data": states}})
}

pub(crate) fn types(call: &mut Call<'_>) -> Answer {
    let live = call.ws.desk.types.values().filter(|it| !it.archived);
    let data: Vec<Value> = live.map(|it| type_shape(call, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

fn type_id(call: &Call<'_>, id: &str) -> Result<u64, Problem> {
    id.parse().ok().filter(|id| call.ws.desk.types.contains_key(id)).ok_or_else(Problem::not_found)
}

fn show_type(call: &Call<'_>, id: u64) -> Answer {
    Ok(Reply::Json(type_shape(call, call.ws.desk.types.get(&id).ok_or_else(Problem::not_found)?)))
}

pub(crate) fn get_type(call: &mut Call<'_>) -> Answer {
    show_type(call, type_id(call, call.id(0))?)
}

pub(crate) fn create_type(call: &mut Call<'_>) -> Answer {
    let (name, description, category, icon, internal) = call.read(|fields| {
        let name = fields.require("name", fields.text("name")).unwrap_or_default().to_owned();
        let wanted = fields.text("category").unwrap_or("Customer");
        let category = CATEGORIES.into_iter().find(|known| *known == wanted);
        if category.is_none() {
            fields.invalid("category", format!("'{wanted}' is not a category"));
        }
        let description = fields.text("description").unwrap_or_default().to_owned();
        let icon = fields.text("icon").unwrap_or("🎟️").to_owned();
        (name, description, category.unwrap_or("Customer"), icon, fields.boolean("is_internal") == Some(true))
    })?;
    let default = |id, name: &str| TicketAttribute {
        id,
        name: name.into(),
        description: String::new(),
        data_type: "string",
        items: Vec::new(),
        default: true,
        archived: false,
    };
    let attributes = vec![
        default(call.ws.next_setting(), "_default_title_"),
        default(call.ws.next_setting(), "_default_description_"),
    ];
    let (id, now) = (call.ws.next_setting(), call.now);
    let made = TicketType {
        id,
        name,
        description,
        category,
        icon,
        internal,
        attributes,
        archived: false,
        created_at: now,
        updated_at: now,
    };
    call.ws.desk.types.insert(id, made);
    call.applied = true;
    show_type(call, id)
}

pub(crate) fn update_type(call: &mut Call<'_>) -> Answer {
    let id = type_id(call, call.id(0))?;
    let (name, description, archived) = call.read(|fields| {
        let name = fields.text("name").map(str::to_owned);
        (name, fields.text("description").map(str::to_owned), fields.boolean("archived"))
    })?;
    let now = call.now;
    let it = call.ws.desk.types.get_mut(&id).ok_or_else(Problem::not_found)?;
    it.name = name.unwrap_or_else(|| std::mem::take(&mut it.name));
    it.description = description.unwrap_or_else(|| std::mem::take(&mut it.description));
    it.archived = archived.unwrap_or(it.archived);
    it.updated_at = now;
    call.applied = true;
    show_type(call, id)
}

/// A list comes as one text with commas, so no label can have one.
pub(crate) fn create_attribute(call: &mut Call<'_>) -> Answer {
    let kind = type_id(call, call.id(0))?;
    let (name, description, data_type, labels) = call.read(|fields| {
        let name = fields.require("name", fields.text("name")).unwrap_or_default().to_owned();
        let description =
            fields.require("description", fields.text("description")).unwrap_or_default().to_owned();
        let wanted = fields.require("data_type", fields.text("data_type")).unwrap_or_default();
        let data_type = DATA_TYPES.into_iter().find(|known| *known == wanted);
        if data_type.is_none() && !wanted.is_empty() {
            fields.invalid("data_type", format!("'{wanted}' is not a data type"));
        }
        let labels =
            fields.text("list_items").unwrap_or_default().split(',').map(|label| label.trim().to_owned());
        (
            name,
            description,
            data_type.unwrap_or("string"),
            labels.filter(|it| !it.is_empty()).collect::<Vec<_>>(),
        )
    })?;
    let id = call.ws.next_setting();
    let items =
        labels.into_iter().enumerate().map(|(index, label)| (view::option_id(id, index), label)).collect();
    let it = call.ws.desk.types.get_mut(&kind).ok_or_else(Problem::not_found)?;
    it.attributes.push(TicketAttribute {
        id,
        name,
        description,
        data_type,
        items,
        default: false,
        archived: false,
    });
    call.applied = true;
    let shown = call.ws.desk.types.get(&kind).map(|it| type_shape(call, it)).unwrap_or_default();
    let last = shown["ticket_type_attributes"]["data"].as_array().and_then(|all| all.last().cloned());
    Ok(Reply::Json(last.unwrap_or_default()))
}

pub(crate) fn states(call: &mut Call<'_>) -> Answer {
    let kinds: Vec<Value> = call
        .ws
        .desk
        .types
        .values()
        .map(|it| {
            json!({"type": "ticket_type", "id": it.id.to_string(), "name": it.name, "description": it.description,
                "icon": it.icon, "archived": it.archived, "is_internal": it.internal, "category": it.category})
        })
        .collect();
    let with_types = |place: usize| {
        let mut out = state(place);
        out["archived"] = json!(false);
        out["ticket_types"] = json!({"type": "list", "data": kinds});
        out
    };
    let data: Vec<Value> = (0..STATES.len()).map(with_types).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

fn shape(call: &Call<'_>, it: &Ticket) -> Value {
    let kind = call.ws.desk.types.get(&it.kind);
    let contacts: Vec<Value> =
        call.ws.contacts.get(it.contact).map(view::contact_reference).into_iter().collect();
    json!({"type": "ticket", "id": it.id.to_string(), "ticket_id": it.number.to_string(),
        "category": kind.map_or("Customer", |kind| kind.category), "ticket_attributes": it.attributes,
        "ticket_state": state(it.state), "ticket_type": kind.map(|kind| type_shape(call, kind)),
        "contacts": {"type": "contact.list", "contacts": contacts}, "admin_assignee_id": it.admin,
        "team_assignee_id": it.team, "created_at": it.created_at, "updated_at": it.updated_at, "open": it.open,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": false},
        "ticket_parts": {"type": "ticket_part.list", "ticket_parts": [], "total_count": 0}, "is_shared": true})
}

/// Checks values against the kind's attributes: unknown names are refused, and labels of lists.
fn check_values(kind: &TicketType, given: &Map<String, Value>) -> Result<(), Problem> {
    let known = |name: &str| kind.attributes.iter().find(|own| own.name == name && !own.archived);
    let extra: Vec<&str> = given.keys().map(String::as_str).filter(|name| known(name).is_none()).collect();
    if !extra.is_empty() {
        let message =
            format!("Extra attributes provided that are not found on ticket type: {}", extra.join(", "));
        return Err(Problem::invalid(message).field("ticket_attributes"));
    }
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let Some(own) = known(name) else { continue };
        let fits = match own.data_type {
            "list" => value.as_str().is_some_and(|id| own.items.iter().any(|(key, _)| key == id)),
            "integer" => value.is_i64(),
            "decimal" => value.is_number(),
            "boolean" => value.is_boolean(),
            _ => value.is_string() || value.is_i64(),
        };
        if !fits {
            let message = format!("Invalid value for ticket attribute '{name}'");
            return Err(Problem::invalid(message).field("ticket_attributes"));
        }
    }
    Ok(())
}

/// What a new ticket is made of.
struct New {
    kind: u64,
    person: (&'static str, String),
    attributes: Map<String, Value>,
    created_at: Option<i64>,
    admin: u64,
    team: u64,
}

fn read_new(call: &mut Call<'_>) -> Result<New, Problem> {
    let now = call.now;
    let (kind, people, attributes, created_at, assignment) = call.read(|fields| {
        let kind = fields.require("ticket_type_id", fields.id("ticket_type_id"));
        let _ = fields.require("contacts", fields.any("contacts"));
        let people = fields.each("contacts", |inner| {
            let keys = [("id", "intercom_user_id"), ("external_id", "user_id"), ("email", "email")];
            keys.into_iter().filter_map(|(key, name)| Some((name, inner.text(key)?.to_owned()))).next()
        });
        let people: Vec<_> = people.unwrap_or_default().into_iter().flatten().collect();
        if people.len() != 1 {
            fields.invalid("contacts", "Exactly one contact is required");
        }
        let assignment = fields
            .inside("assignment", |inner| (inner.id("admin_assignee_id"), inner.id("team_assignee_id")));
        let _ = (
            fields.text("conversation_to_link_id"),
            fields.text("company_id"),
            fields.boolean("skip_notifications"),
        );
        let attributes = fields.object("ticket_attributes").cloned().unwrap_or_default();
        (kind, people, attributes, check_time(fields, "created_at", now), assignment.unwrap_or_default())
    })?;
    let kind = type_id(call, &kind.unwrap_or_default())?;
    let own = call.ws.desk.types.get(&kind).ok_or_else(Problem::not_found)?;
    check_values(own, &attributes)?;
    let missing = || Problem::new(404, "assignee_not_found", "Assignee not found");
    let admin = match assignment.0 {
        Some(id) => call.ws.admin(&id).ok_or_else(missing)?.id,
        None => 0,
    };
    let team = match assignment.1 {
        Some(id) => call.ws.team(&id).ok_or_else(missing)?.id,
        None => 0,
    };
    let person = people.into_iter().next().ok_or_else(Problem::no_user)?;
    Ok(New { kind, person, attributes, created_at, admin, team })
}

fn insert(call: &mut Call<'_>, new: New) -> Result<u64, Problem> {
    let (key, value) = new.person;
    let contact = match conversations::person_index(call, key, &value) {
        Some(contact) => contact,
        // An address that nobody has makes somebody (T64).
        None if key == "email" => contacts::create_lead(call, &value),
        None => return Err(Problem::no_user()),
    };
    let id = call.ws.next_conversation();
    let number = call.ws.desk.tickets.len() as u64 + 33;
    let made = Ticket {
        id,
        number,
        kind: new.kind,
        contact,
        attributes: new.attributes,
        state: 0,
        open: true,
        admin: new.admin,
        team: new.team,
        created_at: new.created_at.unwrap_or(call.now),
        updated_at: call.now,
    };
    call.ws.desk.tickets.insert(id, made);
    call.applied = true;
    conversations::trigger(call, "ticket_created", &id.to_string());
    Ok(id)
}

fn show(call: &Call<'_>, id: u64) -> Answer {
    Ok(Reply::Json(shape(call, call.ws.desk.tickets.get(&id).ok_or_else(no_ticket)?)))
}

fn no_ticket() -> Problem {
    Problem::new(404, "ticket_not_found", "Ticket not found")
}

fn ticket_id(call: &Call<'_>) -> Result<u64, Problem> {
    call.id(0).parse().ok().filter(|id| call.ws.desk.tickets.contains_key(id)).ok_or_else(no_ticket)
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let new = read_new(call)?;
    let id = insert(call, new)?;
    show(call, id)
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, ticket_id(call)?)
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = ticket_id(call)?;
    let (attributes, wanted, open, admin, assignee) = call.read(|fields| {
        let attributes = fields.object("ticket_attributes").cloned();
        let _ = (fields.boolean("is_shared"), fields.boolean("skip_notifications"));
        (
            attributes,
            fields.id("ticket_state_id"),
            fields.boolean("open"),
            fields.id("admin_id"),
            fields.id("assignee_id"),
        )
    })?;
    let kind = call.ws.desk.tickets.get(&id).and_then(|it| call.ws.desk.types.get(&it.kind));
    check_values(kind.ok_or_else(no_ticket)?, attributes.as_ref().unwrap_or(&Map::new()))?;
    let place = wanted.map(|wanted| {
        STATES.iter().position(|(id, ..)| *id == wanted).ok_or_else(|| {
            let message = "Ticket state id is not valid or is not associated with the ticket type";
            Problem::new(400, "ticket_state_id_invalid", message)
        })
    });
    let place = place.transpose()?;
    let missing = || Problem::new(404, "assignee_not_found", "Assignee not found");
    if let Some(admin) = admin {
        call.ws.admin(&admin).ok_or_else(missing)?;
    }
    let assignee = assignee.map(|id| Ok(call.ws.admin(&id).ok_or_else(missing)?.id)).transpose()?;
    let now = call.now;
    let it = call.ws.desk.tickets.get_mut(&id).ok_or_else(no_ticket)?;
    it.attributes.extend(attributes.unwrap_or_default());
    it.state = place.unwrap_or(it.state);
    it.open = open.unwrap_or(it.open);
    it.admin = assignee.unwrap_or(it.admin);
    it.updated_at = now;
    call.applied = true;
    show(call, id)
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let id = ticket_id(call)?;
    call.ws.desk.tickets.remove(&id);
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "ticket", "deleted": true})))
}

/// Takes a ticket for later: what is wrong with its person shows when the job runs (T64).
pub(crate) fn enqueue(call: &mut Call<'_>) -> Answer {
    let body = call.body.clone();
    read_new(call)?;
    let id = call.ws.next_setting();
    let job = Job { due_at: call.now + call.knobs.job_delay_s, body: Some(body), ticket: None };
    call.ws.desk.jobs.insert(id, job);
    call.applied = true;
    show_job(call, id)
}

fn show_job(call: &Call<'_>, id: u64) -> Answer {
    let missing = || Problem::new(404, "job_not_found", "Job Not Found");
    let job = call.ws.desk.jobs.get(&id).ok_or_else(missing)?;
    let status = match (&job.body, job.ticket) {
        (Some(_), _) => "pending",
        (None, Some(_)) => "success",
        (None, None) => "failed",
    };
    let resource = job.ticket.map(|id| id.to_string());
    let address = resource.as_ref().map(|id| format!("{}/tickets/{id}", call.origin));
    Ok(Reply::Json(json!({"type": "job", "id": id.to_string(), "status": status, "resource_type": "ticket",
        "url": format!("{}/jobs/status/{id}", call.origin), "resource_id": resource, "resource_url": address})))
}

/// Looks after a job; one that is due is done now.
pub(crate) fn job(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "job_not_found", "Job Not Found");
    let id: u64 = call.id(0).parse().map_err(|_| missing())?;
    let now = call.now;
    let job = call.ws.desk.jobs.get_mut(&id).ok_or_else(missing)?;
    if job.due_at <= now
        && let Some(body) = job.body.take()
    {
        call.body = body;
        let made = read_new(call).and_then(|new| insert(call, new)).ok();
        call.ignored.clear();
        if let Some(job) = call.ws.desk.jobs.get_mut(&id) {
            job.ticket = made;
        }
    }
    show_job(call, id)
}
