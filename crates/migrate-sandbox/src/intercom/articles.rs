//! `/articles`: a text per language, a draft unless published, seen by assistants unless told otherwise (T58).

use serde_json::{Value, json};

use super::call::{Answer, Call, Reply};
use super::collections::check_locales;
use super::contacts::acting;
use super::fields::Fields;
use super::pages::{Next, numbered};
use super::problem::Problem;
use super::store::{Article, ArticleContent, Availability, TagApplied};
use super::{markup, view};

/// A text as it was sent, for one language.
#[derive(Default)]
struct Sent {
    title: Option<String>,
    description: Option<String>,
    body: Option<String>,
    author: Option<i64>,
    state: Option<String>,
}

fn read_sent(fields: &Fields<'_>) -> Sent {
    let text = |key: &str| fields.text(key).map(str::to_owned);
    if fields.any("body").is_some() && fields.any("body_markdown").is_some() {
        fields.invalid("body_markdown", "Only one of body and body_markdown can be given");
    }
    let state = text("state");
    if state.as_deref().is_some_and(|state| state != "draft" && state != "published") {
        fields.invalid("state", "state must be draft or published");
    }
    Sent {
        title: text("title"),
        description: text("description"),
        body: text("body").or_else(|| Some(markup::escaped_paragraph(&text("body_markdown")?))),
        author: fields.integer("author_id"),
        state,
    }
}

/// Which flags were given.
#[derive(Default)]
pub(crate) struct Flags {
    chatbot: Option<bool>,
    copilot: Option<bool>,
    sales: Option<bool>,
}

pub(crate) fn read_flags(fields: &Fields<'_>) -> Flags {
    let _ = fields.list("audience_ids");
    Flags {
        chatbot: fields.boolean("ai_chatbot_availability"),
        copilot: fields.boolean("ai_copilot_availability"),
        sales: fields.boolean("ai_sales_agent_availability"),
    }
}

impl Flags {
    pub(crate) fn over(&self, before: Availability) -> Availability {
        Availability {
            chatbot: self.chatbot.unwrap_or(before.chatbot),
            copilot: self.copilot.unwrap_or(before.copilot),
            sales: self.sales.unwrap_or(before.sales),
        }
    }
}

struct Written {
    own: Sent,
    translations: Vec<(String, Sent)>,
    flags: Flags,
    /// The outer `Option` says whether the key was there.
    parent: Option<Option<u64>>,
}

fn read(call: &mut Call<'_>, create: bool) -> Result<Written, Problem> {
    let strict = call.knobs.strict_parent_id;
    let written = call.read(|fields| {
        let parent = fields.present("parent_id").map(|value| read_parent(fields, value, create, strict));
        let kind = fields.text("parent_type");
        if kind.is_some_and(|kind| kind != "collection" && kind != "section") {
            fields.invalid("parent_type", "parent_type must be collection or section");
        }
        Written {
            own: read_sent(fields),
            translations: fields.inside("translated_content", read_translations).unwrap_or_default(),
            flags: read_flags(fields),
            parent,
        }
    })?;
    check_locales(call, written.translations.iter().map(|(locale, _)| locale))?;
    Ok(written)
}

/// A number when an article is made, a string when it is changed (T69).
fn read_parent(fields: &Fields<'_>, value: &Value, create: bool, strict: bool) -> Option<u64> {
    let wrong = if create { value.is_string() } else { value.is_number() };
    if strict && wrong {
        let wanted = if create { "an integer" } else { "a string" };
        fields.invalid("parent_id", format!("parent_id must be {wanted}"));
        return None;
    }
    let id = fields.id("parent_id")?.parse().ok();
    if id.is_none() {
        fields.invalid("parent_id", "parent_id is not an id");
    }
    id
}

fn read_translations(fields: &Fields<'_>) -> Vec<(String, Sent)> {
    let _ = fields.text("type");
    let locales = fields.keys().into_iter().filter(|key| *key != "type");
    let sent = |inner: &Fields<'_>| {
        let _ = (inner.text("type"), read_flags(inner));
        read_sent(inner)
    };
    locales.filter_map(|locale| Some((locale.to_owned(), fields.inside(locale, sent)?))).collect()
}

/// A teammate who stands as the author.
pub(crate) fn author(call: &Call<'_>, id: i64) -> Result<u64, Problem> {
    let missing = || Problem::new(404, "admin_not_found", "Admin not found").field("author_id");
    Ok(call.ws.admin(&id.to_string()).ok_or_else(missing)?.id)
}

pub(crate) fn no_author() -> Problem {
    let message = "author_id must be in the main body or default locale translated_content object";
    Problem::new(400, "parameter_not_found", message)
}

fn default_locale(call: &Call<'_>) -> String {
    call.ws
        .library
        .default_help_center()
        .and_then(|it| it.locales.first())
        .map_or("en", String::as_str)
        .to_owned()
}

fn check_parent(call: &Call<'_>, parent: Option<u64>) -> Result<(), Problem> {
    match parent {
        Some(id) if !call.ws.library.collections.contains_key(&id) => {
            Err(Problem::not_found().field("parent_id"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn create(call: &mut Call<'_>) -> Answer {
    let Written { mut own, mut translations, flags, parent } = read(call, true)?;
    let default = default_locale(call);
    // The default language may stand among the translations.
    if let Some(place) = translations.iter().position(|(locale, _)| *locale == default) {
        let (_, given) = translations.remove(place);
        own.title = own.title.or(given.title);
        own.description = own.description.or(given.description);
        own.body = own.body.or(given.body);
        own.author = own.author.or(given.author);
        own.state = own.state.or(given.state);
    }
    let title = own.title.as_deref().map(str::trim).filter(|title| !title.is_empty());
    title.ok_or_else(|| {
        Problem::new(400, "parameter_not_found", "Title is a required parameter.").field("title")
    })?;
    let first = author(call, own.author.ok_or_else(no_author)?)?;
    check_parent(call, parent.flatten())?;
    for (_, sent) in &translations {
        sent.author.map(|id| author(call, id)).transpose()?;
        let named = sent.title.as_deref().is_some_and(|title| !title.trim().is_empty());
        if !named {
            return Err(
                Problem::new(400, "parameter_not_found", "Title is a required parameter.").field("title")
            );
        }
    }
    let mut contents = vec![content(call, default, own, first)];
    for (locale, sent) in translations {
        contents.push(content(call, locale, sent, first));
    }
    let all = call.knobs.ai_available_by_default;
    let before = Availability { chatbot: all, copilot: all, sales: all };
    let id = call.ws.next_article();
    let made = Article {
        id,
        contents,
        parent: parent.flatten(),
        availability: flags.over(before),
        tags: Vec::new(),
        created_at: call.now,
        updated_at: call.now,
    };
    call.ws.library.articles.insert(id, made);
    call.applied = true;
    show(call, id)
}

fn content(call: &mut Call<'_>, locale: String, sent: Sent, author: u64) -> ArticleContent {
    ArticleContent {
        id: call.ws.next_content(),
        locale,
        title: sent.title.unwrap_or_default(),
        description: sent.description.unwrap_or_default(),
        body: stored(sent.body.as_deref().unwrap_or_default()),
        author: sent.author.and_then(|id| u64::try_from(id).ok()).unwrap_or(author),
        published: sent.state.as_deref() == Some("published"),
        created_at: call.now,
        updated_at: call.now,
    }
}

/// A body as it is read back: in the platform's own HTML.
pub(crate) fn stored(body: &str) -> Box<str> {
    if body.trim().is_empty() { Box::default() } else { markup::normalised(body).into() }
}

fn find(call: &Call<'_>) -> Result<u64, Problem> {
    let id: u64 = call.id(0).parse().map_err(|_| Problem::not_found())?;
    if call.ws.library.articles.contains_key(&id) { Ok(id) } else { Err(Problem::not_found()) }
}

fn show(call: &Call<'_>, id: u64) -> Answer {
    let found = call.ws.library.articles.get(&id).ok_or_else(Problem::not_found)?;
    Ok(Reply::Json(view::article(call.ws, found)))
}

pub(crate) fn get(call: &mut Call<'_>) -> Answer {
    show(call, find(call)?)
}

pub(crate) fn list(call: &mut Call<'_>) -> Answer {
    let mut rows: Vec<&Article> = call.ws.library.articles.values().collect();
    rows.sort_by_key(|it| std::cmp::Reverse((it.updated_at, it.id)));
    let size = call.knobs.library_page_size;
    let page = numbered(call, rows.len(), size, size.max(150), Next::Absent, "")?;
    let data: Vec<Value> = page.of(&rows).iter().map(|it| view::article(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "pages": page.pages, "total_count": rows.len(), "data": data})))
}

/// `GET /articles/search`: by words of title and text, published ones unless told otherwise.
pub(crate) fn search(call: &mut Call<'_>) -> Answer {
    let phrase = call.query("phrase").unwrap_or_default().to_lowercase();
    let state = call.query("state").unwrap_or("published").to_owned();
    let newest = call.now - call.knobs.content_search_lag_s;
    let fits = |it: &&Article| {
        let Some(first) = it.contents.first() else { return false };
        let text = format!("{} {}", first.title, markup::plain(&first.body)).to_lowercase();
        let wanted = match state.as_str() {
            "all" => true,
            "draft" => !first.published,
            _ => first.published,
        };
        it.created_at <= newest && wanted && phrase.split_whitespace().all(|word| text.contains(word))
    };
    let rows: Vec<&Article> = call.ws.library.articles.values().rev().filter(fits).collect();
    let page = numbered(call, rows.len(), 10, 150, Next::Absent, "")?;
    let data: Vec<Value> = page.of(&rows).iter().map(|it| view::article(call.ws, it)).collect();
    Ok(Reply::Json(json!({"type": "list", "total_count": rows.len(), "pages": page.pages,
        "data": {"articles": data, "highlights": []}})))
}

/// Changes what is given; a state that is not given stays, so a published article changes where customers read it.
pub(crate) fn update(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    let Written { own, translations, flags, parent } = read(call, false)?;
    check_parent(call, parent.flatten())?;
    let default = default_locale(call);
    for (_, sent) in translations.iter().map(|(locale, sent)| (locale, sent)).chain([(&default, &own)]) {
        sent.author.map(|id| author(call, id)).transpose()?;
    }
    let now = call.now;
    let main = call.ws.library.articles.get(&id).and_then(|it| it.contents.first());
    let (main, first) = main.map(|it| (it.locale.clone(), it.author)).ok_or_else(Problem::not_found)?;
    for (locale, sent) in [(main, own)].into_iter().chain(translations) {
        let it = call.ws.library.articles.get_mut(&id).ok_or_else(Problem::not_found)?;
        match it.contents.iter_mut().find(|content| content.locale == locale) {
            Some(content) => change(content, sent, now),
            None => {
                let made = content(call, locale, sent, first);
                let it = call.ws.library.articles.get_mut(&id).ok_or_else(Problem::not_found)?;
                it.contents.push(made);
            }
        }
    }
    let it = call.ws.library.articles.get_mut(&id).ok_or_else(Problem::not_found)?;
    it.availability = flags.over(it.availability);
    it.parent = parent.unwrap_or(it.parent);
    it.updated_at = now;
    call.applied = true;
    show(call, id)
}

fn change(content: &mut ArticleContent, sent: Sent, now: i64) {
    content.title = sent.title.unwrap_or_else(|| std::mem::take(&mut content.title));
    content.description = sent.description.unwrap_or_else(|| std::mem::take(&mut content.description));
    if let Some(body) = sent.body {
        content.body = stored(&body);
    }
    content.author = sent.author.and_then(|id| u64::try_from(id).ok()).unwrap_or(content.author);
    content.published = sent.state.map_or(content.published, |state| state == "published");
    content.updated_at = now;
}

pub(crate) fn delete(call: &mut Call<'_>) -> Answer {
    let id = find(call)?;
    call.ws.library.articles.remove(&id);
    call.applied = true;
    Ok(Reply::Json(json!({"id": id.to_string(), "object": "article", "deleted": true})))
}

fn no_article() -> Problem {
    Problem::new(404, "article_not_found", "Article not found")
}

pub(crate) fn attach_tag(call: &mut Call<'_>) -> Answer {
    let id = find(call).map_err(|_| no_article())?;
    let applied = read_tag(call)?;
    let it = call.ws.library.articles.get_mut(&id).ok_or_else(no_article)?;
    put_tag(&mut it.tags, applied);
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

pub(crate) fn detach_tag(call: &mut Call<'_>) -> Answer {
    let id = find(call).map_err(|_| no_article())?;
    let tag = call.id(1).parse().ok();
    let it = call.ws.library.articles.get_mut(&id).ok_or_else(no_article)?;
    let applied = take_tag(&mut it.tags, tag)?;
    call.applied = true;
    Ok(Reply::Json(view::tag(call.ws, &applied)))
}

/// The tag that a body names, by whom it says or the owner of the token.
pub(crate) fn read_tag(call: &mut Call<'_>) -> Result<TagApplied, Problem> {
    let (tag, admin) = call.read(|fields| (fields.require("id", fields.id("id")), fields.id("admin_id")))?;
    let by = match admin {
        None => acting(call.ws),
        Some(id) => {
            call.ws.admin(&id).ok_or_else(|| Problem::new(404, "admin_not_found", "Admin not found"))?.id
        }
    };
    let tag = tag.and_then(|tag| tag.parse().ok()).filter(|tag| call.ws.tags.contains_key(tag));
    Ok(TagApplied { tag: tag.ok_or_else(no_tag)?, at: call.now, by })
}

fn no_tag() -> Problem {
    Problem::new(404, "tag_not_found", "Tag not found")
}

pub(crate) fn put_tag(tags: &mut Vec<TagApplied>, applied: TagApplied) {
    if !tags.iter().any(|known| known.tag == applied.tag) {
        tags.push(applied);
    }
}

pub(crate) fn take_tag(tags: &mut Vec<TagApplied>, tag: Option<u64>) -> Result<TagApplied, Problem> {
    let place = tags.iter().position(|applied| Some(applied.tag) == tag).ok_or_else(no_tag)?;
    Ok(tags.remove(place))
}
