//! Notes on people and companies: written once, stamped with the clock, never changed or removed.

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::contacts::acting;
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::{About, Note};
use super::{companies, contacts, markup, view};

pub(crate) fn of_contact(call: &mut Call<'_>) -> Answer {
    let index = contacts::live(call, call.id(0))?;
    list(call, About::Contact(index))
}

pub(crate) fn of_company(call: &mut Call<'_>) -> Answer {
    let place = companies::place(call, call.id(0))?;
    list(call, About::Company(place))
}

fn list(call: &Call<'_>, about: About) -> Answer {
    let own: Vec<&Note> = call.ws.notes.values().rev().filter(|note| note.about == about).collect();
    let page = numbered(call, own.len(), 50, 150, Next::Number, "")?;
    let data: Vec<Value> = page.of(&own).iter().map(|note| view::note(call.ws, note)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data, "total_count": own.len(), "pages": page.pages})))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    let note = call.ws.notes.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(view::note(call.ws, note)))
}

pub(crate) fn on_contact(call: &mut Call<'_>) -> Answer {
    let index = contacts::live(call, call.id(0))?;
    write(call, About::Contact(index))
}

pub(crate) fn on_company(call: &mut Call<'_>) -> Answer {
    let place = companies::place(call, call.id(0))?;
    write(call, About::Company(place))
}

fn write(call: &mut Call<'_>, about: About) -> Answer {
    let (body, admin) = call.read(|fields| {
        let body = fields.require("body", fields.text("body")).unwrap_or_default().to_owned();
        if body.trim().is_empty() {
            fields.invalid("body", "body can't be blank");
        }
        (body, fields.id("admin_id"))
    })?;
    let author = match admin {
        None => acting(call.ws),
        Some(id) => call.ws.admin(&id).ok_or_else(Problem::not_found)?.id,
    };
    let id = call.ws.next_note();
    let body = markup::normalised(&body).into();
    let note = Note { id, about, author, body, created_at: call.now };
    let reply = view::note(call.ws, &note);
    call.ws.notes.insert(id, note);
    call.applied = true;
    Ok(Reply::Json(reply))
}
