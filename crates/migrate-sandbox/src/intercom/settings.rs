//! What a look before a run reads and nothing writes: addresses, brands, reasons for being away, the log of changes.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::Email;

const LONG_AGO: i64 = 1_700_000_000;

fn email_shape(it: &Email, brand: &str) -> Value {
    json!({"type": "email_setting", "id": it.id.to_string(), "email": it.email, "verified": it.verified,
        "domain": it.email.rsplit('@').next(), "brand_id": brand, "forwarding_enabled": it.forwarding_enabled,
        "forwarded_email_last_received_at": it.last_received_at, "created_at": LONG_AGO, "updated_at": LONG_AGO})
}

pub(crate) fn emails(call: &mut Call<'_>) -> Answer {
    let data: Vec<Value> = call.ws.emails.iter().map(|it| email_shape(it, &call.ws.app.id_code)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

pub(crate) fn email(call: &mut Call<'_>) -> Answer {
    let id = call.id(0);
    let found = call.ws.emails.iter().find(|it| it.id.to_string() == id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(email_shape(found, &call.ws.app.id_code)))
}

/// The only brand: its id is that of the workspace.
fn brand_shape(call: &Call<'_>) -> Value {
    let app = &call.ws.app;
    let help_center = call.ws.library.default_help_center().map_or(String::new(), |it| it.id.to_string());
    let address = call.ws.emails.first().map_or(String::new(), |it| it.id.to_string());
    json!({"type": "brand", "id": app.id_code, "name": app.name, "is_default": true, "created_at": LONG_AGO,
        "updated_at": LONG_AGO, "help_center_id": help_center, "default_address_settings_id": address})
}

pub(crate) fn brands(call: &mut Call<'_>) -> Answer {
    Ok(Reply::Json(json!({"type": "list", "data": [brand_shape(call)]})))
}

pub(crate) fn brand(call: &mut Call<'_>) -> Answer {
    if call.id(0) == call.ws.app.id_code {
        Ok(Reply::Json(brand_shape(call)))
    } else {
        Err(Problem::not_found())
    }
}

pub(crate) fn away_status_reasons(_: &mut Call<'_>) -> Answer {
    let reason = |id: u32, label: &str, emoji: &str| {
        json!({"type": "away_status_reason", "id": id.to_string(), "label": label, "emoji": emoji, "order": id,
            "deleted": false, "created_at": LONG_AGO, "updated_at": LONG_AGO})
    };
    Ok(Reply::Json(json!({"type": "list",
        "data": [reason(1, "On a break", "☕"), reason(2, "Done for the day", "🌙")]})))
}

/// Changes of settings that people made: teammates who left, with the time by the sandbox clock.
pub(crate) fn activity_logs(call: &mut Call<'_>) -> Answer {
    let required = || Problem::invalid("created_at_after is required").field("created_at_after");
    let after: i64 = call.query("created_at_after").and_then(|at| at.parse().ok()).ok_or_else(required)?;
    let before = call.query("created_at_before").and_then(|at| at.parse().ok()).unwrap_or(i64::MAX);
    let me = call.ws.admins.first();
    let rows: Vec<Value> = call
        .ws
        .left
        .iter()
        .rev()
        .filter(|(at, _)| (after..=before).contains(at))
        .map(|(at, admin)| {
            json!({"id": format!("00000000-0000-4000-8000-{:012}", admin.id), "created_at": at,
                "performed_by": {"type": "admin", "id": me.map_or(String::new(), |it| it.id.to_string()),
                    "email": me.map_or("", |it| it.email.as_str()), "ip": "127.0.0.1"},
                "metadata": {}, "activity_type": "admin_deletion",
                "activity_description": "A teammate was removed."})
        })
        .collect();
    let page = numbered(call, rows.len(), 20, 20, Next::Absent, "")?;
    Ok(Reply::Json(
        json!({"type": "activity_log.list", "pages": page.pages, "activity_logs": page.of(&rows)}),
    ))
}

pub(crate) fn ip_allowlist(_: &mut Call<'_>) -> Answer {
    Ok(Reply::Json(json!({"type": "ip_allowlist", "enabled": false, "ip_allowlist": []})))
}

/// There are no calls, and no way to make one (T63).
pub(crate) fn calls(call: &mut Call<'_>) -> Answer {
    let page = numbered(call, 0, 25, 25, Next::Absent, "")?;
    Ok(Reply::Json(json!({"type": "list", "data": [], "total_count": 0, "pages": page.pages})))
}

/// `POST /events`: taken without a word (T10).
pub(crate) fn event(call: &mut Call<'_>) -> Answer {
    call.read(|fields| {
        let _ = (fields.require("event_name", fields.text("event_name")), fields.integer("created_at"));
        let _ = (fields.text("user_id"), fields.text("id"), fields.text("email"), fields.object("metadata"));
    })?;
    call.applied = true;
    Ok(Reply::Bare(202))
}
