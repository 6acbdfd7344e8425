//! Collections, articles and office hours as Intercom can hold them.

use super::losing::Losing;
use super::markup::{self, one_line};
use super::options::SinkOptions;
use crate::api::office_hours::{GRID_MINUTES, Interval, WEEK_MINUTES};
use mapping_core::text::html_of_plain;
use mapping_core::{
    Author, Body, Catalog, Draft, Error, ErrorKind, Format, Link, LossRule, Part, RemoteRef, Result, Role,
    Shaped, Value, Visibility,
};

/// Longest name or title in characters; Intercom publishes no limit.
const NAME_CHARS: usize = 255;
/// The catalog's word on the languages of the default help centre, the default one first, parted by commas.
pub(super) const LOCALES: &str = "help_center_locales";
/// What a field of a title in another language is called: `title.de`.
pub(super) const TITLE: &str = "title.";

fn invalid(message: &'static str) -> Error {
    Error::not_sent(ErrorKind::Invalid, message)
}

/// A line of text, cut where Intercom might not take more.
fn line(out: &mut Draft, field: &str, losing: &mut Losing) {
    let Some(value) = out.fields.remove(field) else { return };
    let text = one_line(value.as_str().unwrap_or_default());
    let text = losing.cut(field, text, NAME_CHARS, "longer than a name may be");
    if !text.is_empty() {
        out.fields.insert(field.to_owned(), Value::text(text));
    }
}

fn drop_others(out: &mut Draft, known: &[&str], what: &str, losing: &mut Losing) {
    let others: Vec<String> = out
        .fields
        .keys()
        .filter(|k| !known.contains(&k.as_str()) && !k.starts_with(TITLE))
        .cloned()
        .collect();
    for field in others {
        out.fields.remove(&field);
        losing.lose(&field, LossRule::Dropped, &format!("{what} has no such field"));
    }
    out.fields.retain(|_, value| *value != Value::Null);
}

pub(super) fn shape_collection(draft: &Draft) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    out.parts.clear();
    for field in ["name", "description"] {
        line(&mut out, field, &mut losing);
    }
    if out.text("name").is_empty() {
        return Err(invalid("a collection needs a name"));
    }
    drop_others(&mut out, &["name", "description", "parent"], "a collection", &mut losing);
    Ok(losing.done(out))
}

pub(super) fn is_internal(draft: &Draft) -> bool {
    draft.text("visibility") == "internal"
}

pub(super) fn shape_article(draft: &Draft, catalog: &Catalog, options: &SinkOptions) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    let internal = is_internal(draft);
    let visibility = if internal { "internal" } else { "public" };
    out.fields.insert("visibility".into(), Value::text(visibility));
    if !internal {
        default_language_first(&mut out, catalog);
    }
    let titles: Vec<String> = out.fields.keys().filter(|k| k.starts_with(TITLE)).cloned().collect();
    for field in ["title", "description"].into_iter().chain(titles.iter().map(String::as_str)) {
        line(&mut out, field, &mut losing);
    }
    if out.text("title").is_empty() {
        return Err(invalid("an article needs a title"));
    }
    shape_article_state(&mut out, internal, &mut losing);
    let author = shape_author(&mut out, catalog, options, &mut losing)?;
    shape_locales(&mut out, internal, catalog, &mut losing);
    let known = ["title", "description", "state", "visibility", "collection", "author", "locale", "tags"];
    drop_others(&mut out, &known, "an article", &mut losing);
    let by = out.parts.first().and_then(|p| p.author.name.as_ref()).map(|n| one_line(n));
    for (index, part) in out.parts.iter_mut().enumerate() {
        let by = by.as_deref().filter(|name| author.stands_in && !name.is_empty());
        shape_text(part, index, by, &author.link, internal, options, &mut losing);
    }
    // They may leave before this is written; then it ends the text.
    if let (Some(first), Some(name)) = (out.parts.first_mut(), &author.name) {
        first.author.name = Some(name.as_str().into());
    }
    if out.parts.is_empty() {
        let nothing = Author { link: Some(author.link.clone()), name: None };
        out.parts.push(Part::new("", Role::Agent, nothing, None, Body::html("")));
    }
    Ok(losing.done(out))
}

/// Internal articles have neither state nor collection nor description.
fn shape_article_state(out: &mut Draft, internal: bool, losing: &mut Losing) {
    if !internal {
        let published = out.text("state") == "published";
        out.fields.insert("state".into(), Value::text(if published { "published" } else { "draft" }));
        return;
    }
    out.fields.remove("state");
    for (field, why) in [
        ("collection", "internal articles are in no collection"),
        ("description", "internal articles have no description"),
    ] {
        if out.fields.remove(field).is_some() {
            losing.lose(field, LossRule::Dropped, why);
        }
    }
}

/// The line that names an author whom the platform can't name.
pub(super) fn credit(name: &str) -> String {
    format!("<p><i>Originally by {}</i></p>", html_of_plain(name))
}

/// The teammate an article is by; the acting one stands in, and the text names the author.
struct By {
    link: Link,
    name: Option<String>,
    stands_in: bool,
}

fn shape_author(
    out: &mut Draft,
    catalog: &Catalog,
    options: &SinkOptions,
    losing: &mut Losing,
) -> Result<By> {
    let from_part = out.parts.first().and_then(|p| p.author.link.clone());
    let wanted = out.field("author").as_link().cloned().or(from_part);
    let teammate = match &wanted {
        Some(Link::Remote(remote)) => catalog.person(remote).filter(|p| p.active),
        _ => None,
    };
    let by = match teammate {
        Some(person) => {
            losing.relies_on(person.key());
            // Nobody stands in for the acting one.
            let acting = catalog.acting.as_ref().is_some_and(|a| a.remote == person.remote);
            let name = Some(one_line(&person.name)).filter(|n| !n.is_empty() && !acting);
            By { link: Link::Remote(person.remote.clone()), name, stands_in: false }
        }
        None => {
            let acting = super::shape_thread::acting(catalog, options)?;
            let why = "no teammate for the author: the acting one stands in, the name ends the text";
            losing.lose("author", LossRule::Defaulted, why);
            By { link: Link::Remote(acting), name: None, stands_in: true }
        }
    };
    out.fields.insert("author".into(), Value::Link(by.link.clone()));
    Ok(by)
}

/// The text in the default language of the help centre is the article's own where there is one: written over the first
/// text, one of the two would be lost.
fn default_language_first(out: &mut Draft, catalog: &Catalog) {
    let default = catalog.facts.get(LOCALES).and_then(|all| all.split(',').next()).filter(|d| !d.is_empty());
    let Some(default) = default.filter(|d| *d != out.text("locale")) else { return };
    let Some(place) = out.parts.iter().skip(1).position(|p| p.key == default) else { return };
    let (own, title) = (out.parts[0].key.clone(), out.text("title").to_owned());
    let mut first = out.parts.remove(place + 1);
    // Whoever wrote the article, not its translation, is named.
    first.author = out.parts[0].author.clone();
    out.parts.insert(0, first);
    if let Some(translated) = out.fields.remove(&format!("{TITLE}{default}")) {
        out.fields.insert("title".into(), translated);
    }
    out.fields.insert(format!("{TITLE}{own}"), Value::text(title));
    out.fields.insert("locale".into(), Value::text(default));
}

/// Languages that the help centre doesn't have are left out; the first text goes where the default language is.
fn shape_locales(out: &mut Draft, internal: bool, catalog: &Catalog, losing: &mut Losing) {
    let on: Option<Vec<&str>> = catalog.facts.get(LOCALES).map(|all| all.split(',').collect());
    let takes = |locale: &str| !internal && on.as_ref().is_none_or(|on| on.contains(&locale));
    let why = match internal {
        true => "internal articles have one language",
        false => "the help centre doesn't have this language",
    };
    let mut kept = Vec::new();
    for (index, part) in std::mem::take(&mut out.parts).into_iter().enumerate() {
        if index == 0 || takes(&part.key) {
            kept.push(part);
        } else {
            out.fields.remove(&format!("{TITLE}{}", part.key));
            losing.lose(&format!("parts[{}]", part.key), LossRule::Dropped, why);
        }
    }
    // A translation without a title of its own has that of the article.
    let title = out.text("title").to_owned();
    for part in kept.iter().skip(1) {
        let field = format!("{TITLE}{}", part.key);
        out.fields.entry(field).or_insert_with(|| Value::text(title.as_str()));
    }
    let titles: Vec<String> = out.fields.keys().filter(|k| k.starts_with(TITLE)).cloned().collect();
    for field in titles {
        let locale = field.strip_prefix(TITLE).unwrap_or_default();
        if !kept.iter().skip(1).any(|p| p.key == locale) {
            out.fields.remove(&field);
        }
    }
    kept.get_mut(1..).unwrap_or_default().sort_by(|a, b| a.key.cmp(&b.key));
    out.parts = kept;
    let default = on.as_ref().and_then(|on| on.first().copied()).filter(|_| !internal);
    let own = out.text("locale").to_owned();
    if let Some(default) = default.filter(|d| !own.is_empty() && *d != own) {
        let why = "written where the help centre's default language is";
        losing.values("locale", LossRule::Recast, why, &own, default);
        out.fields.insert("locale".into(), Value::text(default));
    }
    if internal {
        out.fields.remove("locale");
    }
}

fn shape_text(
    part: &mut Part,
    index: usize,
    by: Option<&str>,
    author: &Link,
    internal: bool,
    options: &SinkOptions,
    losing: &mut Losing,
) {
    let field = |what: &str| format!("parts[{}].{what}", part.key);
    let mut html = match part.body.format {
        Format::Plain => html_of_plain(&part.body.text),
        Format::Html => part.body.text.as_str().to_owned(),
    };
    for _ in 0..markup::unreachable(&html) {
        let why =
            "a picture or an embedded thing that has no address of the web, and Intercom takes no upload";
        losing.lose(&field("body"), LossRule::Dropped, why);
    }
    if let Some(name) = by.filter(|_| index == 0) {
        html.push_str(&credit(name));
    }
    for file in part.files.drain(..) {
        let why = format!("articles have no files: handed over by hand (sha256 {})", file.sha256);
        losing.values(&format!("parts[{}].files", part.key), LossRule::Dropped, &why, &file.name, "");
    }
    part.body = Body::html(markup::rich(&html, options.article_tables));
    part.at = None;
    part.role = Role::Agent;
    part.author = Author { link: Some(author.clone()), name: None };
    part.visibility = if internal { Visibility::Internal } else { Visibility::Public };
}

pub(super) fn shape_hours(draft: &Draft) -> Result<Shaped> {
    let mut losing = Losing::of(draft);
    let mut out = draft.clone();
    out.parts.clear();
    line(&mut out, "name", &mut losing);
    if out.text("name").is_empty() || out.text("time_zone").is_empty() {
        return Err(invalid("office hours need a name and a time zone (an IANA name)"));
    }
    let intervals = shape_intervals(draft, &mut losing)?;
    out.fields.insert("intervals".into(), texts(intervals.iter().map(|i| format!("{}-{}", i.start, i.end))));
    let mut days = Vec::new();
    for day in draft.field("exceptions").items() {
        match day_of(day) {
            Some(day) => days.push(day.to_string()),
            None => losing.lose("exceptions", LossRule::Dropped, "not a day (2026-12-25)"),
        }
    }
    days.sort();
    days.dedup();
    out.fields.insert("exceptions".into(), texts(days.into_iter()));
    drop_others(&mut out, &["name", "time_zone", "intervals", "exceptions"], "office hours", &mut losing);
    out.fields.retain(|_, value| !value.is_empty());
    Ok(losing.done(out))
}

fn texts(all: impl Iterator<Item = String>) -> Value {
    Value::List(all.map(Value::text).collect())
}

fn day_of(value: &Value) -> Option<jiff::civil::Date> {
    match value {
        Value::Date(day) => Some(*day),
        Value::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// On the grid, in order, none over another.
fn shape_intervals(draft: &Draft, losing: &mut Losing) -> Result<Vec<Interval>> {
    let mut all = Vec::new();
    for text in draft.field("intervals").items().iter().filter_map(Value::as_str) {
        let interval = interval(text)
            .ok_or_else(|| invalid("an interval is two minutes of a week: `540-1020`, at most 10080"))?;
        let start = interval.start / GRID_MINUTES * GRID_MINUTES;
        let end = interval.end.div_ceil(GRID_MINUTES) * GRID_MINUTES;
        if (start, end) != (interval.start, interval.end) {
            let why = "boundaries lie on quarters of an hour: widened";
            losing.values("intervals", LossRule::Recast, why, text, &format!("{start}-{end}"));
        }
        all.push(Interval { start, end });
    }
    all.sort();
    let mut merged: Vec<Interval> = Vec::new();
    for next in all {
        match merged.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    Ok(merged)
}

/// `540-1020`.
pub(super) fn interval(text: &str) -> Option<Interval> {
    let (start, end) = text.trim().split_once('-')?;
    let (start, end) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (start < end && end <= WEEK_MINUTES).then_some(Interval { start, end })
}

/// The object that a collection or an article is in.
pub(super) fn remote_of<'a>(draft: &'a Draft, field: &str) -> Option<&'a RemoteRef> {
    match draft.field(field).as_link() {
        Some(Link::Remote(remote)) => Some(remote),
        _ => None,
    }
}
