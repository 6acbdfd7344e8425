//! What goes across kinds of content: search by tag, bulk actions (T61), snippets, redirects (T60).

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::fields::Fields;
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::{Article, BulkAction, Queued, Redirect, Snippet, TagApplied};
use super::{contacts::acting, view};

const MOST_BULK_ITEMS: usize = 1000;
const LONGEST_QUERY: usize = 500;

/// Values of a query parameter: separated by commas, or the parameter several times.
fn list(call: &Call<'_>, name: &str) -> Option<Vec<String>> {
    let given = call.query.iter().filter(|(key, _)| key == name);
    let values: Vec<String> =
        given.flat_map(|(_, value)| value.split(',')).map(|value| value.trim().to_owned()).collect();
    (!values.is_empty()).then_some(values)
}

/// `GET /content/search`: articles with their languages, snippets and internal articles; the newest come late.
pub(crate) fn search(call: &mut Call<'_>) -> Answer {
    let words = call.query("query").unwrap_or_default().to_lowercase();
    if words.chars().count() > LONGEST_QUERY {
        return Err(Problem::unprocessable(format!("query can have {LONGEST_QUERY} characters at most")));
    }
    let ids = |name: &str| {
        list(call, name).map(|all| all.iter().filter_map(|id| id.parse().ok()).collect::<Vec<u64>>())
    };
    let (tagged, any) = (ids("tag_ids"), ids("any_tag_ids"));
    let without = match call.query("tag_operator") {
        None | Some("IN") => false,
        Some("NIN") => true,
        Some(_) => return Err(Problem::unprocessable("tag_operator must be IN or NIN")),
    };
    let (states, locales, kinds) = (list(call, "states"), list(call, "locales"), list(call, "content_types"));
    let newest = call.now - call.knobs.content_search_lag_s;
    let of_kind = |kind: &str| kinds.as_ref().is_none_or(|kinds| kinds.iter().any(|wanted| wanted == kind));
    let has_words = |title: &str| words.split_whitespace().all(|word| title.to_lowercase().contains(word));
    let has_tags = |tags: &[TagApplied]| {
        // A tag counts from when it can be found.
        let has = |ids: &[u64]| tags.iter().any(|applied| applied.at <= newest && ids.contains(&applied.tag));
        tagged.as_ref().is_none_or(|ids| has(ids) != without) && any.as_ref().is_none_or(|ids| has(ids))
    };
    let library = &call.ws.library;
    let mut rows: Vec<Value> = Vec::new();
    let article = |it: &Article| -> Option<Value> {
        let contents: Vec<Value> = it
            .contents
            .iter()
            .filter(|content| {
                let state = if content.published { "published" } else { "draft" };
                has_words(&content.title)
                    && states.as_ref().is_none_or(|states| states.iter().any(|wanted| wanted == state))
                    && locales.as_ref().is_none_or(|locales| locales.contains(&content.locale))
            })
            .map(|content| {
                json!({"type": "article_content", "id": content.id.to_string(), "title": content.title,
                    "locale": content.locale})
            })
            .collect();
        let title = it.contents.first().map_or("", |content| content.title.as_str());
        (!contents.is_empty() && has_tags(&it.tags) && it.created_at <= newest).then(
            || json!({"type": "article", "id": it.id.to_string(), "title": title, "contents": contents}),
        )
    };
    if of_kind("snippet") {
        let fits = |it: &&Snippet| has_words(&it.title) && has_tags(&[]) && it.created_at <= newest;
        rows.extend(
            library
                .snippets
                .values()
                .filter(fits)
                .map(|it| json!({"type": "content_snippet", "id": it.id.to_string(), "title": it.title})),
        );
    }
    if of_kind("internal_article") {
        let found = library.internal.values().rev();
        let fits = found.filter(|it| has_words(&it.title) && has_tags(&it.tags) && it.created_at <= newest);
        rows.extend(
            fits.map(|it| json!({"type": "internal_article", "id": it.id.to_string(), "title": it.title})),
        );
    }
    if of_kind("article") {
        rows.extend(library.articles.values().rev().filter_map(article));
    }
    let mut page = numbered(call, rows.len(), 10, 50, Next::Address, "/content/search")?;
    page.pages["prev"] = Value::Null;
    Ok(Reply::Json(
        json!({"type": "list", "total_count": rows.len(), "pages": page.pages, "data": page.of(&rows)}),
    ))
}

/// `POST /content/bulk_actions`: taken at once, done later, and what does not fit is left out in silence.
pub(crate) fn bulk(call: &mut Call<'_>) -> Answer {
    let (now, by) = (call.now, acting(call.ws));
    let (action, items) = call.read(|fields| {
        let word = fields.require("action", fields.text("action")).unwrap_or_default().to_owned();
        let items = fields.require("content_ids", fields.any("content_ids")).and_then(|_| {
            fields.each("content_ids", |inner| {
                let kind = inner.require("type", inner.text("type")).unwrap_or_default().to_owned();
                (kind, inner.require("id", inner.id("id")).and_then(|id| id.parse().ok()))
            })
        });
        let items = items.unwrap_or_default();
        if items.len() > MOST_BULK_ITEMS {
            fields.invalid("content_ids", format!("content_ids can have {MOST_BULK_ITEMS} items at most"));
        }
        (read_action(fields, &word, now, by), items)
    })?;
    if let BulkAction::Tags { add, .. } = &action
        && add.iter().any(|applied| !call.ws.tags.contains_key(&applied.tag))
    {
        return Err(Problem::new(404, "tag_not_found", "Tag not found"));
    }
    let items = items.into_iter().filter_map(|(kind, id)| Some((kind, id?))).collect();
    let at = now + call.knobs.bulk_action_delay_s;
    call.ws.library.queued.push(Queued { at, action, items });
    call.applied = true;
    Ok(Reply::Coded(202, json!({"type": "content_bulk_action", "status": "queued"})))
}

fn read_action(fields: &Fields<'_>, word: &str, now: i64, by: u64) -> BulkAction {
    let ids = |inner: &Fields<'_>, key: &str| -> Vec<u64> {
        inner.list(key).into_iter().flatten().filter_map(Value::as_u64).collect()
    };
    match word {
        "publish" => BulkAction::Publish(true),
        "unpublish" => BulkAction::Publish(false),
        "delete" => BulkAction::Delete,
        "set_availability" => {
            let read = |inner: &Fields<'_>| BulkAction::Availability {
                chatbot: inner.boolean("ai_agent"),
                copilot: inner.boolean("copilot"),
                sales: inner.boolean("sales_agent"),
            };
            let none = BulkAction::Availability { chatbot: None, copilot: None, sales: None };
            fields.inside("availability", read).unwrap_or(none)
        }
        "update_tags" => {
            let read = |inner: &Fields<'_>| {
                let add = ids(inner, "add_tag_ids").into_iter().map(|tag| TagApplied { tag, at: now, by });
                BulkAction::Tags { add: add.collect(), remove: ids(inner, "remove_tag_ids") }
            };
            fields.inside("tags", read).unwrap_or(BulkAction::Tags { add: Vec::new(), remove: Vec::new() })
        }
        other => {
            if other == "set_audience" {
                let _ = fields.object("audience");
            } else if !other.is_empty() {
                fields.invalid("action", format!("'{other}' is not an action"));
            }
            BulkAction::Availability { chatbot: None, copilot: None, sales: None }
        }
    }
}

/// Creating a snippet answers 201, deleting one 204 (T10).
pub(crate) fn create_snippet(call: &mut Call<'_>) -> Answer {
    let (title, body) = call.read(|fields| {
        let title = fields.require("title", fields.text("title")).unwrap_or_default().to_owned();
        let _ = (fields.list("json_blocks"), fields.text("locale"), super::articles::read_flags(fields));
        (title, fields.text("body_markdown").unwrap_or_default().to_owned())
    })?;
    let id = call.ws.next_snippet();
    let made = Snippet { id, title, body, created_at: call.now };
    let reply = view::snippet(&made);
    call.ws.library.snippets.insert(id, made);
    call.applied = true;
    Ok(Reply::Coded(201, reply))
}

pub(crate) fn snippets(call: &mut Call<'_>) -> Answer {
    let rows: Vec<Value> = call.ws.library.snippets.values().rev().map(view::snippet).collect();
    let page = numbered(call, rows.len(), 50, 50, Next::Absent, "")?;
    Ok(Reply::Json(json!({"type": "list", "data": page.of(&rows), "total_count": rows.len(),
        "page": page.pages["page"], "per_page": page.size, "total_pages": page.pages["total_pages"]})))
}

pub(crate) fn delete_snippet(call: &mut Call<'_>) -> Answer {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    call.ws.library.snippets.remove(&id).ok_or_else(Problem::not_found)?;
    call.applied = true;
    Ok(Reply::Bare(204))
}

fn help_center(call: &Call<'_>) -> Result<(u64, String), Problem> {
    let missing = || Problem::new(404, "not_found", "Resource not found");
    let id: u64 = call.id(0).parse().map_err(|_| missing())?;
    let found = call.ws.library.help_centers.iter().find(|it| it.id == id).ok_or_else(missing)?;
    Ok((id, found.url()))
}

pub(crate) fn redirects(call: &mut Call<'_>) -> Answer {
    let (help_center, _) = help_center(call)?;
    let own = call.ws.library.redirects.values().rev().filter(|it| it.help_center == help_center);
    let rows: Vec<Value> = own.map(view::redirect).collect();
    let page = numbered(call, rows.len(), 50, 150, Next::Absent, "")?;
    Ok(Reply::Json(
        json!({"type": "list", "data": page.of(&rows), "total_count": rows.len(), "pages": page.pages}),
    ))
}

pub(crate) fn create_redirect(call: &mut Call<'_>) -> Answer {
    let (help_center, url) = help_center(call)?;
    let (from, locale, kind, target) = call.read(|fields| {
        let text = |key: &str| fields.text(key).map(str::to_owned);
        (text("from_url"), text("locale"), text("target_type"), fields.id("target_id"))
    })?;
    let required = |key: &str| Problem::new(400, "parameter_not_found", format!("{key} is required"));
    let from = from.ok_or_else(|| required("from_url"))?;
    let locale = locale.ok_or_else(|| required("locale"))?;
    let kind = kind.ok_or_else(|| required("target_type"))?;
    let target = target.ok_or_else(|| required("target_id"))?;
    let kind = ["article", "collection"].into_iter().find(|known| *known == kind);
    let kind = kind.ok_or_else(|| Problem::invalid("target_type must be 'article' or 'collection'"))?;
    let library = &call.ws.library;
    let there = |id: &u64| match kind {
        "article" => library.articles.contains_key(id),
        _ => library.collections.contains_key(id),
    };
    let missing = || Problem::new(404, "not_found", "Resource not found");
    let target = target.parse().ok().filter(there).ok_or_else(missing)?;
    if !from.strip_prefix(&url).is_some_and(|rest| rest.starts_with('/')) {
        let message = "from_url must be an absolute URL within this help center's URL space";
        return Err(Problem::new(422, "data_invalid", message));
    }
    if library.redirects.values().any(|it| it.help_center == help_center && it.from_url == from) {
        return Err(Problem::new(409, "resource_conflict", "A redirect with that URL already exists"));
    }
    let id = call.ws.next_redirect();
    let made =
        Redirect { id, help_center, from_url: from, locale, target_type: kind, target, created_at: call.now };
    let reply = view::redirect(&made);
    call.ws.library.redirects.insert(id, made);
    call.applied = true;
    Ok(Reply::Json(reply))
}

fn redirect_id(call: &Call<'_>) -> Result<u64, Problem> {
    let (help_center, _) = help_center(call)?;
    let missing = || Problem::new(404, "not_found", "Resource not found");
    let id: u64 = call.id(1).parse().map_err(|_| missing())?;
    let found = call.ws.library.redirects.get(&id).is_some_and(|it| it.help_center == help_center);
    if found { Ok(id) } else { Err(missing()) }
}

pub(crate) fn redirect(call: &mut Call<'_>) -> Answer {
    let id = redirect_id(call)?;
    Ok(Reply::Json(call.ws.library.redirects.get(&id).map(view::redirect).ok_or_else(Problem::not_found)?))
}

pub(crate) fn delete_redirect(call: &mut Call<'_>) -> Answer {
    let id = redirect_id(call)?;
    call.ws.library.redirects.remove(&id);
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "help_center_redirect", "deleted": true})))
}
