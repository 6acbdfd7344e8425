//! `/internal_articles`: texts for teammates, without state and collection.

use serde_json::{Value, json};

use super::articles::{author, no_author, put_tag, read_flags, read_tag, stored, take_tag};
use super::call::{Answer, Call, Reply};
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::{Availability, InternalArticle};
use super::{markup, view};

fn find(call: &Call<'_>) -> Result<u64, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    if call.ws.library.internal.contains_key(&id) { Ok(id) } else { Err(Problem::not_found()) }
}

fn show(call: &Call<'_>, id: u64) -> Answer {
    let found = call.ws.library.internal.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(view::internal_article(call.ws, found)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, find(call)?)
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let mut rows: Vec<&InternalArticle> = call.ws.library.internal.values().collect();
    rows.sort_by_key(|it| std::cmp::Reverse((it.updated_at, it.id)));
    page(call, &rows)
}

pub(crate) fn search(call: &mut Call<'_>) -> Answer {
    let phrase = call.query("phrase").unwrap_or_default().to_lowercase();
    let newest = call.now - call.knobs.content_search_lag_s;
    let fits = |it: &&InternalArticle| {
        let text = format!("{} {}", it.title, markup::plain(&it.body)).to_lowercase();
        it.created_at <= newest && phrase.split_whitespace().all(|word| text.contains(word))
    };
    let rows: Vec<&InternalArticle> = call.ws.library.internal.values().rev().filter(fits).collect();
    let page = numbered(call, rows.len(), 10, 150, Next::Absent, "")?;
    let data: Vec<Value> = page.of(&rows).iter().map(|it| view::internal_article(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "total_count": rows.len(), "pages": page.pages,
        "data": {"internal_articles": data, "highlights": []}})))
}

fn page(call: &Call<'_>, rows: &[&InternalArticle]) -> Answer {
    let size = call.knobs.library_page_size;
    let page = numbered(call, rows.len(), size, size.max(150), Next::Absent, "")?;
    let data: Vec<Value> = page.of(rows).iter().map(|it| view::internal_article(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "pages": page.pages, "total_count": rows.len(), "data": data})))
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let (title, body, by, owner, flags) = call.read(|fields| {
        let title = fields.require("title", fields.text("title")).unwrap_or_default().to_owned();
        let body = fields.text("body").map(stored);
        let body = body.or_else(|| Some(markup::escaped_paragraph(fields.text("body_markdown")?).into()));
        let (by, owner) = (fields.integer("author_id"), fields.integer("owner_id"));
        (title, body.unwrap_or_default(), by, owner, read_flags(fields))
    })?;
    let by = author(call, by.ok_or_else(no_author)?)?;
    let no_owner = || Problem::new(400, "parameter_not_found", "owner_id is a required parameter");
    let owner = author(call, owner.ok_or_else(no_owner)?)?;
    let id = call.ws.next_internal();
    let made = InternalArticle {
        id,
        title,
        body,
        author: by,
        owner,
        availability: flags.over(Availability::default()),
        tags: Vec::new(),
        created_at: call.now,
        updated_at: call.now,
    };
    call.ws.library.internal.insert(id, made);
    call.applied = true;
    show(call, id)
}

pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let (title, body, by, owner, flags) = call.read(|fields| {
        let title = fields.text("title").map(str::to_owned);
        let body = fields.text("body").map(stored);
        let body = body.or_else(|| Some(markup::escaped_paragraph(fields.text("body_markdown")?).into()));
        (title, body, fields.integer("author_id"), fields.integer("owner_id"), read_flags(fields))
    })?;
    let by = by.map(|id| author(call, id)).transpose()?;
    let owner = owner.map(|id| author(call, id)).transpose()?;
    let now = call.now;
    let it = call.ws.library.internal.get_mut(&id).ok_or_else(Problem::not_found)?;
    it.title = title.unwrap_or_else(|| std::mem::take(&mut it.title));
    it.body = body.unwrap_or_else(|| std::mem::take(&mut it.body));
    it.author = by.unwrap_or(it.author);
    it.owner = owner.unwrap_or(it.owner);
    it.availability = flags.over(it.availability);
    it.updated_at = now;
    call.applied = true;
    show(call, id)
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    call.ws.library.internal.remove(&id);
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "internal_article", "deleted": true})))
}

fn missing() -> Problem {
    Problem::new(404, "internal_article_not_found", "Internal article not found")
}

pub(crate) fn attach_tag(call: &mut Call<'_>) -> Answer {
    let id = find(call).map_err(|_| missing())?;
    let applied = read_tag(call)?;
    put_tag(&mut call.ws.library.internal.get_mut(&id).ok_or_else(missing)?.tags, applied);
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

pub(crate) fn detach_tag(call: &mut Call<'_>) -> Answer {
    let id = find(call).map_err(|_| missing())?;
    let tag = call.id(1).parse().ok();
    let applied = take_tag(&mut call.ws.library.internal.get_mut(&id).ok_or_else(missing)?.tags, tag)?;
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}
