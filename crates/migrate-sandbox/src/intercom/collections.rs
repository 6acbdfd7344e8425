//! `/help_center/collections`: a tree of three levels, newest first (T59), and the help centres themselves.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::fields::Fields;
use super::knobs::{ChildrenOfDeleted, DeepCollections};
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::{Collection, Wording};
use super::view;

/// Levels of collections in a help centre.
const LEVELS: usize = 3;

pub(crate) fn help_centers(call: &mut Call<'_>) -> Answer {
    let data: Vec<Value> =
        call.ws.library.help_centers.iter().map(|it| view::help_center(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data})))
}

pub(crate) fn help_center(call: &mut Call<'_>) -> Answer {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    let found = call.ws.library.help_centers.iter().find(|it| it.id == id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(view::help_center(call.ws, found)))
}

/// What a write may carry. The outer `Option` says whether the key was there.
struct Written {
    name: Option<String>,
    description: Option<Option<String>>,
    parent: Option<Option<String>>,
    help_center: Option<i64>,
    translations: BTreeMap<String, Wording>,
}

fn read(call: &mut Call<'_>) -> Result<Written, Problem> {
    let written = call.read(|fields| Written {
        name: fields.text("name").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
        description: fields.present("description").map(|_| fields.text("description").map(str::to_owned)),
        parent: fields.present("parent_id").map(|_| fields.id("parent_id")),
        help_center: fields.integer("help_center_id"),
        translations: fields.inside("translated_content", read_translations).unwrap_or_default(),
    })?;
    check_locales(call, written.translations.keys())?;
    Ok(written)
}

fn read_translations(fields: &Fields<'_>) -> BTreeMap<String, Wording> {
    let _ = fields.text("type");
    let wording = |inner: &Fields<'_>| {
        let _ = inner.text("type");
        let name = inner.require("name", inner.text("name")).unwrap_or_default().to_owned();
        Wording { name, description: inner.text("description").map(str::to_owned) }
    };
    let locales = fields.keys().into_iter().filter(|key| *key != "type");
    locales.filter_map(|locale| Some((locale.to_owned(), fields.inside(locale, wording)?))).collect()
}

/// Refuses languages that no help centre has switched on.
pub(crate) fn check_locales<'a>(
    call: &Call<'_>,
    mut given: impl Iterator<Item = &'a String>,
) -> Result<(), Problem> {
    let on = |locale: &String| call.ws.library.help_centers.iter().any(|it| it.locales.contains(locale));
    match given.find(|locale| !on(locale)) {
        Some(locale) if call.knobs.refuse_unknown_locales => {
            Err(Problem::invalid(format!("The locale '{locale}' is not enabled")).field("translated_content"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let mut rows: Vec<&Collection> = call.ws.library.collections.values().collect();
    rows.sort_by_key(|it| std::cmp::Reverse((it.updated_at, it.id)));
    let size = call.knobs.library_page_size;
    let page = numbered(call, rows.len(), size, size.max(150), Next::Absent, "")?;
    let data: Vec<Value> = page.of(&rows).iter().map(|it| view::collection(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "data": data, "total_count": rows.len(), "pages": page.pages})))
}

fn find(call: &Call<'_>) -> Result<u64, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    if call.ws.library.collections.contains_key(&id) { Ok(id) } else { Err(Problem::not_found()) }
}

fn show(call: &Call<'_>, id: u64) -> Answer {
    let found = call.ws.library.collections.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(view::collection(call.ws, found)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, find(call)?)
}

/// The collection that is to be around another, which is `height` levels high.
fn parent(call: &Call<'_>, wanted: Option<String>, height: usize) -> Result<Option<u64>, Problem> {
    let Some(wanted) = wanted else { return Ok(None) };
    let library = &call.ws.library;
    let id = wanted.parse().ok().filter(|id| library.collections.contains_key(id));
    let id = id.ok_or_else(|| Problem::new(404, "not_found", "Resource Not Found").field("parent_id"))?;
    if library.level(id) + height <= LEVELS {
        return Ok(Some(id));
    }
    match call.knobs.deep_collections {
        DeepCollections::Refused => {
            let message = format!("Collections can be nested {LEVELS} levels deep at most");
            Err(Problem::invalid(message).field("parent_id"))
        }
        DeepCollections::Flattened => Ok(library.collections.get(&id).and_then(|it| it.parent)),
    }
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let written = read(call)?;
    let name = written
        .name
        .ok_or_else(|| Problem::new(400, "parameter_not_found", "Name is a required parameter."))?;
    let default = call.ws.library.default_help_center().map(|it| it.id);
    let help_center = match written.help_center {
        Some(id) => {
            u64::try_from(id).ok().filter(|id| call.ws.library.help_centers.iter().any(|it| it.id == *id))
        }
        None => default,
    };
    let help_center = help_center.ok_or_else(Problem::not_found)?;
    let parent = parent(call, written.parent.flatten(), 1)?;
    let id = call.ws.next_collection();
    let made = Collection {
        id,
        name,
        description: written.description.flatten(),
        parent,
        help_center,
        translations: written.translations,
        created_at: call.now,
        updated_at: call.now,
    };
    call.ws.library.collections.insert(id, made);
    call.applied = true;
    show(call, id)
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let written = read(call)?;
    if written.help_center.is_some() {
        call.ignored.push("help_center_id".into());
    }
    let parent = match written.parent {
        None => None,
        Some(wanted) => {
            let below = call.ws.library.tree(id);
            if wanted
                .as_ref()
                .and_then(|wanted| wanted.parse().ok())
                .is_some_and(|wanted: u64| below.contains(&wanted))
            {
                return Err(Problem::invalid("A collection can't be inside itself").field("parent_id"));
            }
            let own = call.ws.library.level(id);
            let height = below.iter().map(|it| call.ws.library.level(*it)).max().unwrap_or(own) + 1 - own;
            Some(parent(call, wanted, height)?)
        }
    };
    let now = call.now;
    let it = call.ws.library.collections.get_mut(&id).ok_or_else(Problem::not_found)?;
    it.name = written.name.unwrap_or_else(|| it.name.clone());
    it.description = written.description.unwrap_or_else(|| it.description.take());
    it.parent = parent.unwrap_or(it.parent);
    it.translations.extend(written.translations);
    it.updated_at = now;
    call.applied = true;
    show(call, id)
}

/// What becomes of what is inside is not described: it goes too, or stays without a place.
pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let library = &mut call.ws.library;
    let gone = match call.knobs.children_of_deleted {
        ChildrenOfDeleted::GoToo => library.tree(id),
        ChildrenOfDeleted::Stay => [id].into(),
    };
    if call.knobs.children_of_deleted == ChildrenOfDeleted::GoToo {
        library.articles.retain(|_, it| it.parent.is_none_or(|parent| !gone.contains(&parent)));
    }
    library.collections.retain(|it, _| !gone.contains(it));
    for it in library.collections.values_mut() {
        it.parent = it.parent.filter(|parent| !gone.contains(parent));
    }
    for it in library.articles.values_mut() {
        it.parent = it.parent.filter(|parent| !gone.contains(parent));
    }
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "collection", "deleted": true})))
}
