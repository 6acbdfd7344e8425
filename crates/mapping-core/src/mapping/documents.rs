//! Texts in several languages that point at each other: one object with a part for each language.

use super::ObjectRule;
use super::fields::Evaluation;
use super::mapper::Mapper;
use super::observe::locale;
use super::path::{Leaf, Path, text_of};
use super::plan::Document;
use crate::mention::href_of_record;
use crate::model::{Attachment, KbArticleId, Record};
use crate::text::{Href, host_and_path, html_of_plain, rewrite_links};
use crate::{Author, Blob, Body, Draft, Format, LossRule, Part, Role, SourceRef, Visibility};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// The record whose languages a record belongs to; itself when it stands alone.
///
/// A translation stands alone when it doesn't say its language, when another of the family has that language, or when
/// one of the two is for agents only and the other isn't: neither is then hidden or shown by the other.
pub(super) fn families(mapper: &Mapper<'_>, default_locale: &str) -> BTreeMap<KbArticleId, KbArticleId> {
    let seen = &mapper.seen().kb_articles;
    let mut taken: BTreeSet<(KbArticleId, String)> = BTreeSet::new();
    let mut out = BTreeMap::new();
    let root_of = |id: &KbArticleId| {
        let (mut path, mut at) = (BTreeSet::new(), id.clone());
        loop {
            if !path.insert(at.clone()) {
                // A cycle: its least id is the root of all in it.
                let mut cycle = BTreeSet::new();
                while cycle.insert(at.clone()) {
                    match seen.get(&at).and_then(|a| a.translation_of.clone()) {
                        Some(next) => at = next,
                        None => break,
                    }
                }
                return cycle.into_iter().next().unwrap_or(at);
            }
            match seen.get(&at).and_then(|a| a.translation_of.clone()) {
                Some(next) => at = next,
                None => return at,
            }
        }
    };
    let roots: Vec<(KbArticleId, KbArticleId)> = seen.keys().map(|id| (id.clone(), root_of(id))).collect();
    for (id, _) in roots.iter().filter(|(id, root)| id == root) {
        let language = seen.get(id).and_then(|a| a.language.clone());
        taken.insert((id.clone(), language.unwrap_or_else(|| default_locale.to_owned())));
    }
    for (id, root) in roots {
        let (own, of_root) = (seen.get(&id), seen.get(&root));
        let hidden = |a: Option<&super::observe::ArticleSeen>| a.is_some_and(|a| a.internal);
        let language = own.and_then(|a| a.language.clone());
        let joins = id == root
            || (hidden(own) == hidden(of_root)
                && of_root.is_some()
                && language.is_some_and(|language| taken.insert((root.clone(), language))));
        out.insert(id.clone(), if joins { root } else { id });
    }
    out
}

/// Puts the record itself before its translations, and says which files belong to them.
pub(super) fn ordered(records: &[Record]) -> (Vec<&Record>, Vec<&Attachment>) {
    let files = records.iter().filter_map(|r| match r {
        Record::Attachment(a) => Some(a),
        _ => None,
    });
    let mut texts: Vec<&Record> = records.iter().filter(|r| !matches!(r, Record::Attachment(_))).collect();
    let ids: BTreeSet<SourceRef> = texts.iter().map(|r| r.key()).collect();
    let is_translation = |r: &Record| match r {
        Record::KbArticle(a) => {
            a.translation_of.as_ref().is_some_and(|t| ids.contains(&t.source_ref()) && *t != a.id)
        }
        _ => false,
    };
    // Stable: the order of ids holds among the rest.
    texts.sort_by_key(|r| is_translation(r));
    (texts, files.collect())
}

/// The language of a record, as a part's key.
pub(super) fn locale_of(document: &Document, json: &Json, evaluation: &mut Evaluation<'_>) -> String {
    let said = document.locale.find(json).first().map(Leaf::as_text);
    match said.as_deref().map(|s| (s, locale(s))) {
        Some((said, Some(tag))) => {
            if said != tag {
                let why = "the language written in another form";
                evaluation.lose(&document.locale.text, LossRule::Recast, why, said.to_owned(), tag.clone());
            }
            tag
        }
        said => {
            let before = said.map(|(s, _)| s.to_owned()).unwrap_or_default();
            let why = "the source doesn't say the language; the default one is taken";
            let default = document.default_locale.clone();
            evaluation.lose(&document.locale.text, LossRule::Defaulted, why, before, default.clone());
            default
        }
    }
}

/// The part with the text of one language.
pub(super) fn part(
    mapper: &Mapper<'_>,
    document: &Document,
    record: &Record,
    json: &Json,
    key: &str,
    draft: &mut Draft,
    evaluation: &mut Evaluation<'_>,
) -> Part {
    let field = format!("parts[{key}].body");
    let body = body_of(&document.body, json);
    macros(document, &body, &field, evaluation);
    let body = links(mapper, body, &field, draft, evaluation);
    let body = below(mapper, document, json, body, &field, draft, evaluation);
    let author = match record {
        Record::KbArticle(a) => Author {
            link: draft.field("author").as_link().cloned(),
            name: a.author.clone().filter(|n| !n.trim().is_empty()),
        },
        _ => Author::default(),
    };
    let mut part = Part::new(key, Role::Agent, author, None, body);
    if draft.text("visibility") == "internal" {
        part.visibility = Visibility::Internal;
    }
    part
}

fn body_of(path: &Path, json: &Json) -> Body {
    let found = path.text.split('.').try_fold(json, |at, name| at.get(name));
    found.and_then(|b| serde_json::from_value(b.clone()).ok()).unwrap_or_else(|| Body::plain(""))
}

/// What the source would have expanded stays as it is written, and is told.
fn macros(document: &Document, body: &Body, field: &str, evaluation: &mut Evaluation<'_>) {
    let Some((before, after)) = &document.macros else { return };
    let mut rest: &str = &body.text;
    let mut told = BTreeSet::new();
    while let Some((_, from)) = rest.split_once(before.as_str()) {
        let Some((name, behind)) = from.split_once(after.as_str()) else { return };
        rest = behind;
        let whole = [before.as_str(), name, after.as_str()].concat();
        if told.insert(whole.clone()) {
            let why = "a macro that nothing expands at the destination; it stays as text";
            evaluation.lose(field, LossRule::Recast, why, whole.clone(), whole);
        }
    }
}

/// Links to other records become mentions; one to a record that isn't there leaves its text.
fn links(
    mapper: &Mapper<'_>,
    body: Body,
    field: &str,
    draft: &mut Draft,
    evaluation: &mut Evaluation<'_>,
) -> Body {
    if body.format == Format::Plain {
        return body;
    }
    let (seen, forms) = (mapper.seen(), &mapper.mapping().options().article_links);
    let mut mentions: BTreeSet<SourceRef> = draft.mentions.drain(..).collect();
    let mut changed = false;
    let html = rewrite_links(&body.text, &mut |href| {
        // A text that brings such a target along doesn't get to choose a record.
        let forged =
            crate::mention::record_of_href(href).is_some() || crate::mention::remote_of_href(href).is_some();
        let address = host_and_path(href);
        let id = address.as_ref().and_then(|(_, path)| forms.iter().find_map(|form| id_in(form, path)));
        let known = id.filter(|id| seen.kb_articles.contains_key(&KbArticleId::from(*id)));
        if let Some(id) = known {
            let record = SourceRef::new("kb_article", id);
            let to = href_of_record(&record);
            if href.contains(['#', '?']) {
                let why = "the place within the article that a link leads to is left out";
                evaluation.lose(field, LossRule::Cut, why, href.to_owned(), to.clone());
            }
            mentions.insert(record);
            changed = true;
            return Href::To(to);
        }
        let ours = match address {
            Some((None, _)) => id.is_some(),
            Some((Some(host), _)) => id.is_some() && seen.kb_hosts.contains(&host),
            None => false,
        };
        if forged || ours {
            let why = "a link to an article that isn't there; its text stays";
            evaluation.lose(field, LossRule::Dropped, why, href.to_owned(), String::new());
            changed = true;
            return Href::Unlink;
        }
        if id.is_some() {
            let why = "looks like a link to an article that isn't there; it leads where it led";
            evaluation.lose(field, LossRule::Recast, why, href.to_owned(), href.to_owned());
        }
        Href::Keep
    });
    draft.mentions = mentions.into_iter().collect();
    if changed { Body::html(html) } else { body }
}

/// The id in a path of this form: `/kb/{id}/` begins the path, whatever follows; `/kb/{id}` is all of it.
fn id_in<'p>(form: &str, path: &'p str) -> Option<&'p str> {
    let (before, after) = form.split_once("{id}")?;
    let rest = path.get(path.find(before)? + before.len()..)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
    let (id, behind) = rest.split_at(end);
    let fits = if after.is_empty() { behind.is_empty() } else { behind.starts_with(after) };
    (!id.is_empty() && fits).then_some(id)
}

/// Lines and custom fields below the text.
fn below(
    mapper: &Mapper<'_>,
    document: &Document,
    json: &Json,
    body: Body,
    field: &str,
    draft: &Draft,
    evaluation: &mut Evaluation<'_>,
) -> Body {
    let mut damage = Vec::new();
    let lines = document.lines.iter().filter(|l| l.unless.as_ref().is_none_or(|f| draft.field(f).is_empty()));
    let lines: Vec<String> = lines.filter_map(|l| l.line.fill(json, mapper.scope(), &mut damage)).collect();
    evaluation.tell(field, damage);
    let mut rows: Vec<(String, String)> = Vec::new();
    for leaf in document.custom.iter().flat_map(|p| p.find(json)) {
        let Json::Object(map) = &leaf.value else { continue };
        for (name, value) in map {
            let value = text_of(value);
            if !value.trim().is_empty() {
                let why = "a custom field without a place of its own; in a table below the text";
                evaluation.lose(
                    &format!("custom.{name}"),
                    LossRule::Recast,
                    why,
                    value.clone(),
                    value.clone(),
                );
                rows.push((name.clone(), value));
            }
        }
    }
    if lines.is_empty() && rows.is_empty() {
        return body;
    }
    match body.format {
        Format::Plain => {
            let rows = rows.into_iter().map(|(name, value)| format!("{name}: {value}"));
            let all: Vec<String> = lines.into_iter().chain(rows).collect();
            Body::plain(format!("{}\n\n{}", &*body.text, all.join("\n")))
        }
        Format::Html => {
            let mut html = body.text.as_str().to_owned();
            for line in lines {
                html.push_str(&format!("<p>{}</p>", html_of_plain(&line)));
            }
            if !rows.is_empty() {
                html.push_str("<table><tbody>");
                for (name, value) in rows {
                    let (name, value) = (html_of_plain(&name), html_of_plain(&value));
                    html.push_str(&format!("<tr><td>{name}</td><td>{value}</td></tr>"));
                }
                html.push_str("</tbody></table>");
            }
            Body::html(html)
        }
    }
}

/// Puts the files on the first part.
pub(super) fn files(
    document: &Document,
    wanted: &[(SourceRef, Json)],
    there: &[&Attachment],
    draft: &mut Draft,
    losses: &mut Vec<crate::Loss>,
) {
    let Some(path) = &document.files else { return };
    let there: BTreeMap<String, &Attachment> = there.iter().map(|a| (a.id.0.clone(), *a)).collect();
    let mut done = BTreeSet::new();
    for (record, json) in wanted {
        for id in path.find(json).iter().map(Leaf::as_text) {
            let field = format!("files[{id}]");
            let mut lose = |rule, why: &str, before: &str, after: &str| {
                losses.push(crate::Loss::new(record.clone(), field.clone(), rule, why).values(before, after));
            };
            let Some((attachment, blob)) = there.get(&id).and_then(|a| Some((a, a.blob.clone()?))) else {
                let name = there.get(&id).map_or(id.as_str(), |a| a.name.as_str());
                lose(LossRule::Dropped, "the bytes are missing at the source", name, "");
                continue;
            };
            if !done.insert(id.clone()) {
                continue;
            }
            if attachment.inline {
                let name = attachment.name.as_str();
                lose(
                    LossRule::Recast,
                    "shown inside the text at the source; a file of the article now",
                    name,
                    name,
                );
            }
            let blob = Blob { name: attachment.name.clone(), mime: attachment.mime.clone(), ..blob };
            if let Some(part) = draft.parts.first_mut() {
                part.files.push(blob);
            }
        }
    }
}

/// The name of a field that each language has of its own.
pub(super) fn localized(rule: &ObjectRule, to: &str, key: &str) -> Option<String> {
    let document = rule.plan.document.as_ref()?;
    document.per_locale.contains(to).then(|| format!("{to}.{key}"))
}
