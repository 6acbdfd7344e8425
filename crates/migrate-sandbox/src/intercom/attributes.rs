//! `/conversations/attributes` and `/data_attributes`: two registries with different rules.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Reply};
use super::contacts::acting;
use super::problem::Problem;
use super::store::{AttributeOption, Attributes, ConversationAttribute, DataAttribute};
use super::view;

const CONVERSATION_TYPES: [&str; 8] =
    ["string", "integer", "list", "decimal", "boolean", "datetime", "relationship", "files"];
const DATA_TYPES: [&str; 7] = ["string", "integer", "float", "boolean", "datetime", "date", "options"];
const MOST_DATA_ATTRIBUTES: usize = 250;

/// A value that may be written, with the registry's own copy of its name.
pub(crate) type Checked = (Arc<str>, Value);

/// Checks values for a conversation against the registry (T20, T21).
pub(crate) fn check_values(call: &Call<'_>, values: Map<String, Value>) -> Result<Vec<Checked>, Problem> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let live: Vec<&ConversationAttribute> =
        call.ws.conversation_attributes.iter().filter(|entry| !entry.archived).collect();
    let twice = |name: &str| live.iter().filter(|entry| entry.name.eq_ignore_ascii_case(name)).count() > 1;
    let doubled = live.iter().find(|entry| {
        twice(&entry.name)
            && (call.knobs.duplicate_blocks_all || values.keys().any(|key| **key == *entry.name))
    });
    if let Some(doubled) = doubled {
        let message = format!("Multiple conversation attributes are named '{}'", doubled.name);
        return Err(Problem::invalid(message).field("custom_attributes"));
    }
    let mut checked = Vec::with_capacity(values.len());
    for (name, value) in values {
        let Some(known) = live.iter().find(|entry| *entry.name == *name) else {
            let message = format!("Conversation attribute '{name}' does not exist");
            return Err(Problem::invalid(message).field("custom_attributes"));
        };
        if !value.is_null() && !fits(known, &value, call.knobs.conversation_string_limit) {
            let message = format!("Invalid value for conversation attribute '{name}'");
            return Err(Problem::invalid(message).field("custom_attributes"));
        }
        checked.push((known.name.clone(), value));
    }
    Ok(checked)
}

fn fits(attribute: &ConversationAttribute, value: &Value, limit: Option<usize>) -> bool {
    match attribute.data_type {
        "string" => value.as_str().is_some_and(|text| limit.is_none_or(|most| text.chars().count() <= most)),
        "list" => value
            .as_str()
            .is_some_and(|text| attribute.options.iter().any(|o| !o.archived && o.label == text)),
        "integer" => value.is_i64(),
        "decimal" => value.is_number(),
        "boolean" => value.is_boolean(),
        "datetime" => {
            value.is_i64() || value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
        }
        _ => true,
    }
}

/// Sets values of custom attributes; null removes one.
pub(crate) fn put(held: &mut Attributes, values: Vec<(Arc<str>, Value)>) {
    for (name, value) in values {
        held.retain(|(known, _)| *known != name);
        if !value.is_null() {
            held.push((name, value));
        }
    }
}

fn missing() -> Problem {
    Problem::new(404, "conversation_attribute_not_found", "Conversation attribute not found")
}

fn place(call: &Call<'_>) -> Result<usize, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| missing())?;
    call.ws.conversation_attributes.iter().position(|entry| entry.id == id).ok_or_else(missing)
}

fn show(call: &Call<'_>, place: usize) -> Answer {
    let attribute = call.ws.conversation_attributes.get(place).ok_or_else(missing)?;
    Ok(Reply::Json(view::conversation_attribute(attribute, acting(call.ws))))
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let archived = call.flag("include_archived");
    let admin = acting(call.ws);
    let shown = call.ws.conversation_attributes.iter().filter(|entry| archived || !entry.archived);
    let data: Vec<Value> = shown.map(|entry| view::conversation_attribute(entry, admin)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, place(call)?)
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let mut made = read_new(call)?;
    let live = call.ws.conversation_attributes.iter().filter(|entry| !entry.archived);
    let taken = live.into_iter().any(|entry| entry.name.eq_ignore_ascii_case(&made.name));
    if taken && !call.knobs.accept_duplicate_attributes {
        return Err(Problem::unprocessable("A conversation attribute with this name already exists"));
    }
    made.id = call.ws.next_attribute();
    for (index, option) in made.options.iter_mut().enumerate() {
        option.id = view::option_id(made.id, index);
    }
    call.ws.conversation_attributes.push(made);
    call.applied = true;
    show(call, call.ws.conversation_attributes.len() - 1)
}

fn read_new(call: &mut Call<'_>) -> Result<ConversationAttribute, Problem> {
    let now = call.now;
    let (made, bad_type) = call.read(|fields| {
        let name = fields.require("name", fields.text("name")).unwrap_or_default();
        let wanted = fields.require("data_type", fields.text("data_type")).unwrap_or_default();
        let data_type = CONVERSATION_TYPES.into_iter().find(|known| *known == wanted);
        let labels =
            fields.each("options", |inner| inner.require("label", inner.text("label")).map(str::to_owned));
        let labels: Vec<String> = labels.into_iter().flatten().flatten().collect();
        if data_type == Some("list") && labels.len() < 2 {
            fields.invalid("options", "A list attribute must have at least 2 active options");
        }
        let options =
            labels.into_iter().map(|label| AttributeOption { id: String::new(), label, archived: false });
        let reference = fields.inside("reference", |inner| {
            let kind = inner.text("type").unwrap_or("one").to_owned();
            (kind, inner.text("object_type_id").unwrap_or_default().to_owned())
        });
        let teams = fields.list("visible_to_team_ids").into_iter().flatten();
        let made = ConversationAttribute {
            id: 0,
            name: name.into(),
            data_type: data_type.unwrap_or("string"),
            description: fields.text("description").unwrap_or_default().to_owned(),
            required: fields.boolean("required").unwrap_or(false),
            multiline: fields.boolean("multiline").unwrap_or(false),
            teams: teams.filter_map(Value::as_str).map(str::to_owned).collect(),
            reference,
            options: options.collect(),
            archived: false,
            created_at: now,
            updated_at: now,
        };
        (made, (data_type.is_none() && !wanted.is_empty()).then(|| wanted.to_owned()))
    })?;
    if let Some(wanted) = bad_type {
        let allowed = CONVERSATION_TYPES.join(", ");
        return Err(Problem::unprocessable(format!(
            "data_type '{wanted}' is not valid. Allowed types: {allowed}"
        )));
    }
    Ok(made)
}

/// Changes an attribute. There is no way to bring an archived one back (T26).
pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let place = place(call)?;
    let (name, description, required, multiline) = call.read(|fields| {
        let name = fields.text("name").map(Arc::from);
        let description = fields.text("description").map(str::to_owned);
        (name, description, fields.boolean("required"), fields.boolean("multiline"))
    })?;
    let now = call.now;
    let attribute = call.ws.conversation_attributes.get_mut(place).ok_or_else(missing)?;
    attribute.name = name.unwrap_or_else(|| attribute.name.clone());
    attribute.description = description.unwrap_or_else(|| std::mem::take(&mut attribute.description));
    attribute.required = required.unwrap_or(attribute.required);
    attribute.multiline = multiline.unwrap_or(attribute.multiline);
    attribute.updated_at = now;
    call.applied = true;
    show(call, place)
}

pub(crate) fn archive(call: &mut Call<'_>) -> Answer {
    let place = place(call)?;
    let now = call.now;
    if let Some(attribute) = call.ws.conversation_attributes.get_mut(place) {
        attribute.archived = true;
        attribute.updated_at = now;
    }
    call.applied = true;
    show(call, place)
}

/// Reads the one key that the option endpoints take; everything else is refused (T25).
fn read_label(call: &mut Call<'_>) -> Result<String, Problem> {
    let body = std::mem::take(&mut call.body);
    let empty = Map::new();
    let map = body.as_object().unwrap_or(&empty);
    if map.keys().any(|key| key != "label") {
        return Err(Problem::unprocessable("only 'label' is accepted"));
    }
    match map.get("label") {
        None | Some(Value::Null) => Err(Problem::unprocessable("label is required")),
        Some(Value::String(label)) if label.trim().is_empty() => {
            Err(Problem::unprocessable("label is required"))
        }
        Some(Value::String(label)) => Ok(label.clone()),
        Some(_) => Err(Problem::unprocessable("label must be a string")),
    }
}

fn list_place(call: &Call<'_>) -> Result<usize, Problem> {
    let place = place(call)?;
    if call.ws.conversation_attributes.get(place).is_some_and(|entry| entry.data_type == "list") {
        return Ok(place);
    }
    Err(Problem::unprocessable("Options can only be managed on list attributes"))
}

pub(crate) fn create_option(call: &mut Call<'_>) -> Answer {
    let place = list_place(call)?;
    let label = read_label(call)?;
    let now = call.now;
    if let Some(attribute) = call.ws.conversation_attributes.get_mut(place) {
        let id = view::option_id(attribute.id, attribute.options.len());
        attribute.options.push(AttributeOption { id, label, archived: false });
        attribute.updated_at = now;
    }
    call.applied = true;
    show(call, place)
}

fn option_place(call: &Call<'_>, attribute: usize) -> Result<usize, Problem> {
    let id = call.id(1);
    let found = call.ws.conversation_attributes.get(attribute);
    found
        .and_then(|entry| entry.options.iter().position(|option| option.id == id))
        .ok_or_else(|| Problem::new(404, "conversation_attribute_not_found", "List option not found"))
}

pub(crate) fn update_option(call: &mut Call<'_>) -> Answer {
    let place = list_place(call)?;
    let option = option_place(call, place)?;
    let label = read_label(call)?;
    if let Some(entry) =
        call.ws.conversation_attributes.get_mut(place).and_then(|a| a.options.get_mut(option))
    {
        entry.label = label;
    }
    call.applied = true;
    show(call, place)
}

pub(crate) fn archive_option(call: &mut Call<'_>) -> Answer {
    let place = list_place(call)?;
    let option = option_place(call, place)?;
    let attribute = call.ws.conversation_attributes.get_mut(place).ok_or_else(missing)?;
    let left =
        attribute.options.iter().enumerate().filter(|(index, entry)| *index != option && !entry.archived);
    if left.count() < 2 {
        return Err(Problem::unprocessable("A list attribute must have at least 2 active options"));
    }
    if let Some(entry) = attribute.options.get_mut(option) {
        entry.archived = true;
    }
    call.applied = true;
    show(call, place)
}

/// The attributes that every workspace has from the start.
pub(crate) fn standard() -> Vec<DataAttribute> {
    let entry = |model, name: &str, data_type| DataAttribute {
        id: 0,
        name: name.into(),
        model,
        data_type,
        description: Some(String::new()),
        options: Vec::new(),
        messenger_writable: true,
        archived: false,
        custom: false,
        created_at: 0,
        updated_at: 0,
    };
    vec![
        entry("contact", "name", "string"),
        entry("contact", "email", "string"),
        entry("contact", "phone", "string"),
        entry("contact", "signed_up_at", "date"),
        entry("company", "company_name", "string"),
        entry("company", "company_id", "string"),
    ]
}

pub(crate) fn list_data(call: &mut Call<'_>) -> Answer {
    let model = call.query("model");
    match model {
        None | Some("contact" | "company") => {}
        Some("conversation") => {
            let message =
                "model=conversation is no longer supported. Use GET /conversations/attributes instead";
            return Err(Problem::unprocessable(message));
        }
        Some(_) => return Err(Problem::unprocessable("model must be either contact or company")),
    }
    let archived = call.flag("include_archived");
    let admin = acting(call.ws);
    let shown = call.ws.data_attributes.iter().filter(|entry| archived || !entry.archived);
    let of_model = shown.filter(|entry| model.is_none_or(|model| model == entry.model));
    let data: Vec<Value> = of_model.map(|entry| view::data_attribute(entry, admin)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

pub(crate) fn create_data(call: &mut Call<'_>) -> Answer {
    let (name, model, data_type, options, description, messenger) = call.read(|fields| {
        let name = fields.require("name", fields.text("name")).unwrap_or_default().to_owned();
        let model = fields.require("model", fields.text("model")).unwrap_or_default().to_owned();
        let data_type = fields.require("data_type", fields.text("data_type")).unwrap_or_default().to_owned();
        let options =
            fields.each("options", |inner| inner.require("value", inner.text("value")).map(str::to_owned));
        let options: Vec<String> = options.into_iter().flatten().flatten().collect();
        let description = fields.text("description").map(str::to_owned);
        (name, model, data_type, options, description, fields.boolean("messenger_writable").unwrap_or(false))
    })?;
    let (model, data_type) = check_new_data(call, &name, &model, &data_type, &options)?;
    let made = DataAttribute {
        id: call.ws.next_attribute(),
        name: name.into(),
        model,
        data_type,
        description,
        options,
        messenger_writable: messenger,
        archived: false,
        custom: true,
        created_at: call.now,
        updated_at: call.now,
    };
    let reply = view::data_attribute(&made, acting(call.ws));
    call.ws.data_attributes.push(made);
    call.applied = true;
    Ok(Reply::Json(reply))
}

/// The four refusals of T23.
fn check_new_data(
    call: &Call<'_>,
    name: &str,
    model: &str,
    data_type: &str,
    options: &[String],
) -> Result<(&'static str, &'static str), Problem> {
    let known_model = ["contact", "company"].into_iter().find(|known| *known == model);
    let model = known_model.ok_or_else(|| {
        Problem::invalid("The Data Attribute model field must be either contact or company")
    })?;
    let known_type = DATA_TYPES.into_iter().find(|known| *known == data_type);
    let data_type = known_type.ok_or_else(|| Problem::invalid("Data Type isn't an option"))?;
    let legal = |c: char| c.is_alphanumeric() || "-_ $€£¥".contains(c);
    if name.trim().is_empty() || !name.chars().all(legal) {
        let message = "Your name for this attribute must only contain alphanumeric characters, currency symbols, \
                       and hyphens";
        return Err(Problem::invalid(message));
    }
    if data_type == "options" && options.len() < 2 {
        return Err(Problem::invalid("The Data Attribute must have at least two options"));
    }
    let word = |model: &str| if model == "company" { "company" } else { "people" };
    let taken = call.ws.data_attributes.iter().find(|entry| entry.name.eq_ignore_ascii_case(name));
    if let Some(taken) = taken {
        let (theirs, ours) = (word(taken.model), word(model));
        let message = format!(
            "You already have '{name}' in your {theirs} data. To save this as new {ours} data, use a different name."
        );
        return Err(Problem::invalid(message));
    }
    let active = call.ws.data_attributes.iter().filter(|entry| entry.custom && !entry.archived).count();
    if active >= MOST_DATA_ATTRIBUTES {
        return Err(Problem::invalid(format!(
            "A workspace can have {MOST_DATA_ATTRIBUTES} active attributes at most"
        )));
    }
    Ok((model, data_type))
}

pub(crate) fn update_data(call: &mut Call<'_>) -> Answer {
    let missing = || Problem::new(404, "field_not_found", "We couldn't find that data attribute to update");
    let id: u64 = call.id(0).parse().map_err(|_| missing())?;
    let at = call
        .ws
        .data_attributes
        .iter()
        .position(|entry| entry.custom && entry.id == id)
        .ok_or_else(missing)?;
    let (archived, description, options, messenger) = call.read(|fields| {
        let options =
            fields.each("options", |inner| inner.require("value", inner.text("value")).map(str::to_owned));
        let description = fields.text("description").map(str::to_owned);
        (fields.boolean("archived"), description, options, fields.boolean("messenger_writable"))
    })?;
    let (now, admin) = (call.now, acting(call.ws));
    let attribute = call.ws.data_attributes.get_mut(at).ok_or_else(missing)?;
    if let Some(options) = options {
        let options: Vec<String> = options.into_iter().flatten().collect();
        if options.len() < 2 {
            return Err(Problem::invalid("Options isn't an array"));
        }
        attribute.options = options;
    }
    attribute.archived = archived.unwrap_or(attribute.archived);
    attribute.description = description.or_else(|| attribute.description.take());
    attribute.messenger_writable = messenger.unwrap_or(attribute.messenger_writable);
    attribute.updated_at = now;
    let reply = view::data_attribute(attribute, admin);
    call.applied = true;
    Ok(Reply::Json(reply))
}
