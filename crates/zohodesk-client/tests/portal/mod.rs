//! A simulated Zoho Desk portal, as unkind as the platform is known or feared to be. It shares no code and no type with
//! the vocabulary but the request it is sent.
#![allow(dead_code, unreachable_pub)]

use mapping_core::testkit::{Touch, Wire};
use mapping_core::{Clock, Error, ErrorKind, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How long an upload can be used, in seconds.
const UPLOAD_LIFE: i64 = 60;
/// The longest comment and the longest description.
const LONGEST_COMMENT: usize = 32_000;
const LONGEST_DESCRIPTION: usize = 65_535;

#[derive(Clone, Debug, Default)]
pub struct Ticket {
    pub fields: Map<String, Json>,
    pub comments: Vec<Json>,
    pub visible_at: i64,
    pub trashed: bool,
}

#[derive(Debug, Default)]
pub struct State {
    pub fields: BTreeMap<String, Json>,
    /// Sections of each layout.
    pub layouts: BTreeMap<String, Vec<Json>>,
    pub tickets: BTreeMap<String, Ticket>,
    uploads: BTreeMap<String, (Json, i64)>,
    next: u64,
    /// People who would have been reached: closure mails, mentions, comments shown in the customer portal.
    pub notices: u64,
    pub uploaded: u64,
}

#[derive(Clone)]
pub struct Portal {
    pub wire: Wire,
    lag: i64,
    state: Arc<Mutex<State>>,
}

type Query<'a> = BTreeMap<&'a str, &'a str>;

impl Portal {
    /// A portal with two ticket layouts and a custom field of somebody else.
    pub fn new(wire: &Wire, lag: Duration) -> Self {
        let portal =
            Portal { wire: wire.clone(), lag: lag.as_secs() as i64, state: Arc::new(Mutex::default()) };
        let theirs =
            portal.create_field(&json!({ "displayLabel": "Existing", "type": "Text", "maxLength": 50 }));
        let id = theirs.unwrap()["id"].clone();
        let section = json!({ "name": "Ticket Information", "fields": [{ "id": "1", "isMandatory": true }] });
        let more = json!({ "name": "Additional", "fields": [{ "id": id, "isMandatory": false }] });
        for layout in ["10", "11"] {
            portal.state().layouts.insert(layout.into(), vec![section.clone(), more.clone()]);
        }
        portal
    }
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
    fn now(&self) -> i64 {
        self.wire.clock().now().as_second()
    }

    /// One call. Answers `Null` for an empty body.
    pub fn call(&self, method: &str, path: &str, query: &Query<'_>, body: Option<&Json>) -> Result<Json> {
        let touch = if method == "GET" { Touch::Reads } else { Touch::Writes };
        self.wire.call(touch, || self.answer(method, path, query, body))
    }
    /// A temporary upload: it vanishes by itself.
    pub fn upload(&self, name: &str, bytes: &[u8]) -> Result<String> {
        self.wire.call(Touch::Reads, || {
            let mut state = self.state();
            let id = state.id();
            let file = json!({ "name": name, "size": bytes.len().to_string() });
            state.uploads.insert(id.clone(), (file, self.now() + UPLOAD_LIFE));
            state.uploaded += 1;
            Ok(id)
        })
    }

    fn answer(&self, method: &str, path: &str, query: &Query<'_>, body: Option<&Json>) -> Result<Json> {
        let steps: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let body = body.unwrap_or(&Json::Null);
        let known: &[&str] = match (method, steps.as_slice()) {
            ("GET" | "POST", ["fields"]) => &["module"],
            ("GET", ["tickets", "search"]) => &["customField1", "departmentId", "from", "limit"],
            ("GET", ["tickets", _, "comments"]) => &["from", "limit"],
            ("PATCH", ["tickets", _]) => &["disableClosureNotification"],
            _ => &[],
        };
        if let Some(extra) = query.keys().find(|k| !known.contains(k)) {
            return Err(refused(422, &format!("Extra query parameter '{extra}' is present in the input.")));
        }
        match (method, steps.as_slice()) {
            ("GET", ["fields"]) => Ok(json!({ "data": self.state().fields.values().collect::<Vec<_>>() })),
            ("POST", ["fields"]) => self.create_field(body),
            ("DELETE", ["fields", id]) => self.delete_field(id),
            ("GET", ["layouts", id]) => self.layout(id),
            ("PATCH", ["layouts", id]) => self.patch_layout(id, body),
            ("PATCH", ["layouts", id, "fields", field]) => self.patch_layout_field(id, field, body),
            ("POST", ["layouts", id, "fields", field, "unassociate"]) => self.unassociate(id, field),
            ("GET", ["tickets", "search"]) => Ok(page(query, self.search(query)?)),
            ("POST", ["tickets"]) => self.create_ticket(body),
            ("POST", ["tickets", "moveToTrash"]) => self.trash(body),
            ("GET", ["tickets", id]) => self.ticket(id),
            ("PATCH", ["tickets", id]) => self.patch_ticket(id, query, body),
            ("GET", ["tickets", id, "comments"]) => {
                let comments = self.state().ticket(id)?.comments.clone();
                Ok(page(query, comments))
            }
            ("POST", ["tickets", id, "comments"]) => self.comment(id, body),
            _ => Err(refused(404, "URL_NOT_FOUND")),
        }
    }

    fn create_field(&self, body: &Json) -> Result<Json> {
        only(body, &["displayLabel", "type", "maxLength", "toolTip"])?;
        let label = string(body, "displayLabel")?;
        if label.chars().any(|c| "&#+*%\"<>()=;[]{}|".contains(c)) {
            return Err(refused(422, "/displayLabel invalid"));
        }
        let mut state = self.state();
        if state.fields.values().any(|f| f["displayLabel"] == label) {
            return Err(refused(422, "/displayLabel duplicate"));
        }
        let id = state.id();
        // The API name is not simply the label in small letters.
        let api_name = format!("cf_{}_{}", label.to_lowercase().replace(' ', "_"), label.len() % 7);
        let mut field = body.clone();
        field["id"] = json!(id);
        field["apiName"] = json!(api_name);
        state.fields.insert(id, field.clone());
        Ok(field)
    }
    fn delete_field(&self, id: &str) -> Result<Json> {
        let mut state = self.state();
        if state
            .layouts
            .values()
            .flatten()
            .any(|s| s["fields"].as_array().unwrap().iter().any(|f| f["id"] == id))
        {
            return Err(refused(422, "the field is in use"));
        }
        state.fields.remove(id).map(|_| Json::Null).ok_or_else(|| refused(422, "no such field"))
    }
    fn layout(&self, id: &str) -> Result<Json> {
        let state = self.state();
        let sections = state.layouts.get(id).ok_or_else(|| refused(422, "no such layout"))?;
        Ok(json!({ "id": id, "sections": sections }))
    }
    /// Replaces all sections: what is left out vanishes.
    fn patch_layout(&self, id: &str, body: &Json) -> Result<Json> {
        only(body, &["sections"])?;
        let mut state = self.state();
        let sections = body["sections"].as_array().cloned().unwrap_or_default();
        for field in sections.iter().flat_map(|s| s["fields"].as_array().unwrap()) {
            let known =
                field["id"] == "1" || state.fields.contains_key(field["id"].as_str().unwrap_or_default());
            if !known {
                return Err(refused(422, "/sections/fields/id invalid"));
            }
        }
        let layout = state.layouts.get_mut(id).ok_or_else(|| refused(422, "no such layout"))?;
        *layout = sections;
        Ok(json!({ "id": id }))
    }
    fn patch_layout_field(&self, id: &str, field: &str, body: &Json) -> Result<Json> {
        only(body, &["allowedValues", "sortBy", "isMandatory", "defaultValue", "isNested"])?;
        let mut state = self.state();
        let found =
            state.layout_field(id, field).ok_or_else(|| refused(422, "the field is not in the layout"))?;
        found["allowedValues"] = body["allowedValues"].clone();
        Ok(Json::Null)
    }
    fn unassociate(&self, id: &str, field: &str) -> Result<Json> {
        let mut state = self.state();
        state.layout_field(id, field).ok_or_else(|| refused(422, "the field is not in the layout"))?;
        for section in state.layouts.get_mut(id).into_iter().flatten() {
            section["fields"].as_array_mut().unwrap().retain(|f| f["id"] != field);
        }
        Ok(Json::Null)
    }

    fn create_ticket(&self, body: &Json) -> Result<Json> {
        only(
            body,
            &[
                "subject",
                "departmentId",
                "contactId",
                "teamId",
                "email",
                "phone",
                "description",
                "status",
                "priority",
                "channel",
                "category",
                "classification",
                "cf",
                "uploads",
            ],
        )?;
        for key in ["subject", "departmentId", "contactId"] {
            string(body, key)?;
        }
        let description = string(body, "description")?.to_owned();
        if description.encode_utf16().count() > LONGEST_DESCRIPTION {
            return Err(refused(422, "/description invalid"));
        }
        let mut state = self.state();
        self.check_custom(&state, body)?;
        let files = self.take_files(&mut state, body.get("uploads"))?;
        state.notices += u64::from(alive(&description));
        let id = state.id();
        let mut fields = body.as_object().unwrap().clone();
        fields.remove("uploads");
        fields.insert("id".into(), json!(id));
        fields.insert("attachments".into(), json!(files));
        let ticket = Ticket { fields, visible_at: self.now() + self.lag, ..Ticket::default() };
        state.tickets.insert(id.clone(), ticket);
        Ok(json!({ "id": id, "ticketNumber": state.next.to_string(), "webUrl": "https://x" }))
    }
    fn ticket(&self, id: &str) -> Result<Json> {
        let mut state = self.state();
        let ticket = state.ticket(id)?;
        let mut answer = Json::Object(ticket.fields.clone());
        answer["isTrashed"] = json!(ticket.trashed);
        answer["commentCount"] = json!(ticket.comments.len().to_string());
        Ok(answer)
    }
    fn patch_ticket(&self, id: &str, query: &Query<'_>, body: &Json) -> Result<Json> {
        only(body, &["subject", "status", "assigneeId", "teamId", "priority", "channel", "category", "cf"])?;
        if body.get("assigneeId").is_some_and(|a| a == "unconfirmed") {
            return Err(refused(422, "/assigneeId invalid"));
        }
        let mut state = self.state();
        self.check_custom(&state, body)?;
        let ticket = state.ticket(id)?;
        let closes = body.get("status").is_some_and(|s| s == "Closed") && ticket.fields["status"] != "Closed";
        for (key, value) in body.as_object().unwrap() {
            match (key.as_str(), ticket.fields.get_mut(key)) {
                ("cf", Some(Json::Object(custom))) => custom.extend(value.as_object().unwrap().clone()),
                _ => {
                    ticket.fields.insert(key.clone(), value.clone());
                }
            }
        }
        state.notices += u64::from(closes && query.get("disableClosureNotification") != Some(&"true"));
        Ok(json!({ "id": id }))
    }
    fn comment(&self, id: &str, body: &Json) -> Result<Json> {
        only(body, &["content", "contentType", "isPublic", "attachmentIds"])?;
        let content = string(body, "content")?.to_owned();
        if content.encode_utf16().count() > LONGEST_COMMENT {
            return Err(refused(422, "/content invalid"));
        }
        let mut state = self.state();
        state.ticket(id)?;
        let files = self.take_files(&mut state, body.get("attachmentIds"))?;
        state.notices += u64::from(alive(&content)) + u64::from(body["isPublic"] == true);
        let comment_id = state.id();
        let comment = json!({
            "id": comment_id, "content": content, "isPublic": body["isPublic"], "attachments": files,
            "commenterId": "owner", "commentedTime": self.now(),
        });
        state.ticket(id)?.comments.push(comment.clone());
        Ok(comment)
    }
    /// 204 for what it did, 422 when an id is unknown or already in the bin.
    fn trash(&self, body: &Json) -> Result<Json> {
        only(body, &["ticketIds"])?;
        let mut state = self.state();
        for id in body["ticketIds"].as_array().unwrap() {
            let ticket = state.ticket(id.as_str().unwrap())?;
            if ticket.trashed {
                return Err(refused(422, "no such ticket"));
            }
            ticket.trashed = true;
        }
        Ok(Json::Null)
    }
    /// Shows tickets only after the lag; a comma means "or".
    fn search(&self, query: &Query<'_>) -> Result<Vec<Json>> {
        let (field, values) = query
            .get("customField1")
            .and_then(|key| key.split_once(':'))
            .ok_or_else(|| refused(422, "/customField1 invalid"))?;
        let values: Vec<&str> = values.split(',').collect();
        let now = self.now();
        let state = self.state();
        let found = state.tickets.values().filter(|t| {
            let value = t.fields.get("cf").and_then(|cf| cf.get(field)).and_then(Json::as_str);
            !t.trashed && t.visible_at <= now && value.is_some_and(|v| values.contains(&v))
        });
        Ok(found.map(|t| Json::Object(t.fields.clone())).collect())
    }

    /// Values only for fields that are in every layout.
    fn check_custom(&self, state: &State, body: &Json) -> Result<()> {
        for (name, value) in body.get("cf").and_then(Json::as_object).into_iter().flatten() {
            let field = state.fields.values().find(|f| f["apiName"] == *name);
            let in_all = field.is_some_and(|field| {
                state.layouts.values().all(|sections| {
                    let mut fields = sections.iter().flat_map(|s| s["fields"].as_array().unwrap());
                    fields.any(|f| f["id"] == field["id"])
                })
            });
            let text = value.as_str().unwrap_or("&");
            if !in_all || text.chars().count() > 255 || text.chars().any(|c| "&#+*%\"<>()=;[]{}|".contains(c))
            {
                return Err(refused(422, &format!("/cf/{name} invalid")));
            }
        }
        Ok(())
    }
    /// An upload serves once, and not for long.
    fn take_files(&self, state: &mut State, ids: Option<&Json>) -> Result<Vec<Json>> {
        let ids = ids.and_then(Json::as_array).cloned().unwrap_or_default();
        let now = self.now();
        ids.iter()
            .map(|id| match state.uploads.remove(id.as_str().unwrap_or_default()) {
                Some((file, until)) if now < until => Ok(file),
                _ => Err(refused(422, "/uploads invalid: expired or used")),
            })
            .collect()
    }
}

impl State {
    /// Eighteen digits: no float holds them.
    fn id(&mut self) -> String {
        self.next += 1;
        format!("{}", 189_000_000_000_000_001_u64 + self.next)
    }
    fn ticket(&mut self, id: &str) -> Result<&mut Ticket> {
        self.tickets.get_mut(id).ok_or_else(|| refused(404, "no such ticket"))
    }
    fn layout_field(&mut self, layout: &str, field: &str) -> Option<&mut Json> {
        let sections = self.layouts.get_mut(layout)?.iter_mut();
        sections.flat_map(|s| s["fields"].as_array_mut().unwrap()).find(|f| f["id"] == field)
    }
}

fn page(query: &Query<'_>, all: Vec<Json>) -> Json {
    let number = |key: &str, default: usize| query.get(key).map_or(default, |n| n.parse().unwrap());
    let rest: Vec<Json> =
        all.into_iter().skip(number("from", 0)).take(number("limit", 50).min(100)).collect();
    if rest.is_empty() { Json::Null } else { json!({ "data": rest }) }
}

fn alive(content: &str) -> bool {
    content.contains("zsu[@")
}

fn only(body: &Json, known: &[&str]) -> Result<()> {
    let extra = body.as_object().and_then(|o| o.keys().find(|k| !known.contains(&k.as_str())));
    extra.map_or(Ok(()), |key| Err(refused(422, &format!("/{key} invalid"))))
}

fn string<'a>(body: &'a Json, key: &str) -> Result<&'a str> {
    body.get(key).and_then(Json::as_str).ok_or_else(|| refused(422, &format!("/{key} missing")))
}

fn refused(status: u16, message: &str) -> Error {
    let kind = if status == 404 { ErrorKind::NotFound } else { ErrorKind::Invalid };
    Error::rejected(kind, message.to_owned()).with_status(status)
}
