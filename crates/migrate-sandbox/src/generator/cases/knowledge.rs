//! Cases about the knowledge base and standard responses.

use super::super::Desk;
use super::super::library::{FIRST_ARTICLE, FIRST_KB_CATEGORY, url};
use super::super::people::timestamp;
use super::super::threads::file;
use super::super::{END, HELPDESK_DOMAIN, later};
use super::files::PNG;
use crate::dataset::{Content, CustomField, Dataset, FieldType, KbArticle, KbCategory, StandardResponse};

/// So deep is the deepest category.
const DEEPEST: u64 = 9;

/// No article has this id.
const NOT_THERE: u64 = 1999;

/// No destination has something for it.
const UNKNOWN_PLACEHOLDER: &str = "%Loyalty.Tier%";

fn next_category(desk: &Desk) -> u64 {
    desk.dataset.kb_categories.iter().map(|category| category.id).max().unwrap_or(FIRST_KB_CATEGORY) + 1
}

fn add_category(desk: &mut Desk, id: u64, parent: Option<u64>, title: &str) {
    desk.dataset.kb_categories.push(KbCategory { id, parent, title: title.into() });
}

/// Adds an article like the others.
fn add<'a>(desk: &'a mut Desk, title: &str, body: &str, categories: Vec<u64>) -> &'a mut KbArticle {
    let last = desk.dataset.kb_articles.iter().map(|article| article.id).max().unwrap_or(FIRST_ARTICLE);
    let slug = title.to_ascii_lowercase().replace(' ', "-");
    let author = desk.dataset.agent(2).cloned().unwrap_or_default();
    desk.dataset.kb_articles.push(KbArticle {
        id: last + 1,
        title: title.into(),
        body: body.into(),
        categories,
        published: true,
        language: Some("en".into()),
        author: Some(author.id),
        author_name: Some(author.name),
        created: Some(later(timestamp(END), -400 * 86_400)),
        modified: Some(later(timestamp(END), -300 * 86_400)),
        url: Some(url(last + 1, &slug)),
        ..KbArticle::default()
    });
    let place = desk.dataset.kb_articles.len() - 1;
    &mut desk.dataset.kb_articles[place]
}

/// Ids of the categories around one, the nearest first, until one comes again.
fn around(desk: &Dataset, id: u64) -> (Vec<u64>, bool) {
    let mut path = Vec::new();
    let mut next = Some(id);
    while let Some(id) = next {
        if path.contains(&id) {
            return (path, true);
        }
        path.push(id);
        next =
            desk.kb_categories.iter().find(|category| category.id == id).and_then(|category| category.parent);
    }
    (path, false)
}

pub(super) fn cycle(desk: &mut Desk) {
    if has_cycle(&desk.dataset) {
        return;
    }
    let (one, other) = (next_category(desk), next_category(desk) + 1);
    add_category(desk, one, Some(other), "Chicken");
    add_category(desk, other, Some(one), "Egg");
    add(desk, "Which came first", "<p>Nobody knows.</p>", vec![other]);
}

pub(super) fn has_cycle(desk: &Dataset) -> bool {
    desk.kb_articles.iter().flat_map(|article| &article.categories).any(|id| around(desk, *id).1)
}

pub(super) fn deep(desk: &mut Desk) {
    if has_deep(&desk.dataset) {
        return;
    }
    let first = next_category(desk);
    for level in 0..DEEPEST {
        let parent = (level > 0).then(|| first + level - 1);
        add_category(desk, first + level, parent, &format!("Level {}", level + 1));
    }
    add(desk, "At the bottom", "<p>You found it.</p>", vec![first + DEEPEST - 1]);
    add(desk, "Half way down", "<p>Go on.</p>", vec![first + DEEPEST / 2]);
}

pub(super) fn has_deep(desk: &Dataset) -> bool {
    let categories = desk.kb_articles.iter().flat_map(|article| &article.categories);
    categories.map(|id| around(desk, *id)).any(|(path, circle)| !circle && path.len() >= DEEPEST as usize)
}

pub(super) fn without_category(desk: &mut Desk) {
    if !has_without_category(&desk.dataset) {
        add(desk, "Left over", "<p>Nobody knows where this belongs.</p>", Vec::new());
    }
}

pub(super) fn has_without_category(desk: &Dataset) -> bool {
    desk.kb_articles.iter().any(|article| article.categories.is_empty())
}

pub(super) fn three_languages(desk: &mut Desk) {
    if has_three_languages(&desk.dataset) {
        return;
    }
    let category = vec![FIRST_KB_CATEGORY + 1];
    let original = add(desk, "Welcome", "<h1>Welcome</h1><p>Good to see you.</p>", category.clone()).id;
    let translations = [
        ("da", "Velkommen", "<h1>Velkommen</h1><p>Godt at se dig på siden.</p>", true),
        ("de", "Willkommen", "<h1>Willkommen</h1><p>Schön, dass Sie da sind.</p>", false),
    ];
    for (language, title, body, published) in translations {
        let article = add(desk, title, body, category.clone());
        article.language = Some(language.into());
        article.translation_of = Some(original);
        article.published = published;
    }
}

pub(super) fn has_three_languages(desk: &Dataset) -> bool {
    let translations = |id: u64| {
        let of = desk.kb_articles.iter().filter(|article| article.translation_of == Some(id));
        of.filter_map(|article| article.language.as_deref()).collect::<std::collections::BTreeSet<_>>().len()
    };
    desk.kb_articles.iter().any(|article| translations(article.id) >= 2)
}

pub(super) fn custom_fields(desk: &mut Desk) {
    if has_custom_fields(&desk.dataset) {
        return;
    }
    let article = add(desk, "Old models", "<p>Out of sale.</p>", vec![FIRST_KB_CATEGORY + 2]);
    article.custom_fields = [
        ("Product", FieldType::List, "Router R5"),
        ("Valid until", FieldType::Date, "2026-06-30"),
        ("Readers", FieldType::Number, "1204"),
    ]
    .map(|(name, kind, value)| CustomField { name: name.into(), kind, value: Some(value.into()) })
    .to_vec();
}

pub(super) fn has_custom_fields(desk: &Dataset) -> bool {
    desk.kb_articles.iter().any(|article| !article.custom_fields.is_empty())
}

/// Links to others by address and by path, one to nowhere, one to another site, and a macro.
pub(super) fn links(desk: &mut Desk) {
    if has_links(&desk.dataset) {
        return;
    }
    let (one, other) = (FIRST_ARTICLE + 3, FIRST_ARTICLE + 12);
    let body = format!(
        "<p>First read <a href=\"{}\">this</a>, then <a href=\"/kb/{other}/next-step.html#step-2\">that</a> \
         and <a href='http://{HELPDESK_DOMAIN}/kb/{other}/'>that again</a>.</p>\
         <p>What was <a href=\"/kb/{NOT_THERE}/taken-down.html\">here</a> is gone; \
         ask <a href=\"https://wiki.example/kb/start\">the others</a> or \
         <a href=\"mailto:support@{HELPDESK_DOMAIN}\">us</a>.</p><p>{{{{kb:{one}}}}} {{{{kb:related}}}}</p>",
        url(one, "how-to")
    );
    add(desk, "Where to read on", &body, vec![FIRST_KB_CATEGORY + 1, FIRST_KB_CATEGORY + 6]);
    // There and back again.
    let back = desk.dataset.kb_articles.last().map_or(NOT_THERE, |article| article.id);
    let body = format!("<p>Back to <a href=\"/kb/{back}/where-to-read-on.html\">the list</a></p>");
    add(desk, "Next step", &body, vec![FIRST_KB_CATEGORY + 6]);
}

pub(super) fn has_links(desk: &Dataset) -> bool {
    let there = |id: u64| desk.kb_articles.iter().any(|article| article.id == id);
    let says = |what: &str| desk.kb_articles.iter().any(|article| article.body.text().contains(what));
    there(FIRST_ARTICLE + 3)
        && there(FIRST_ARTICLE + 12)
        && !there(NOT_THERE)
        && says(&url(FIRST_ARTICLE + 3, "how-to"))
        && says(&format!("\"/kb/{}/", FIRST_ARTICLE + 12))
        && says(&format!("\"/kb/{NOT_THERE}/"))
        && says("{{kb:")
}

/// One in the text by its address, one by its `cid:`.
pub(super) fn images(desk: &mut Desk) {
    if has_images(&desk.dataset) {
        return;
    }
    let mut image = file(desk, "front.png", "image/png", 0);
    image.content = Content::Bytes(PNG.to_vec());
    image.inline = true;
    image.content_id = Some("front@kb.example".into());
    let body = "<p>The front: <img src=\"cid:front@kb.example\" alt=\"front\"> and the back: \
                <img src=\"https://www.helpdesk.example/kb/images/back.png\"></p>";
    add(desk, "What it looks like", body, vec![FIRST_KB_CATEGORY + 3]).attachments.push(image);
}

pub(super) fn has_images(desk: &Dataset) -> bool {
    desk.kb_articles.iter().flat_map(|article| &article.attachments).any(|file| file.inline)
}

pub(super) fn unknown_placeholders(desk: &mut Desk) {
    if has_unknown_placeholders(&desk.dataset) {
        return;
    }
    let id = desk.dataset.standard_responses.iter().map(|response| response.id).max().unwrap_or(700) + 1;
    desk.dataset.standard_responses.push(StandardResponse {
        id,
        name: "Loyalty".into(),
        folder: vec!["General".into()],
        subject: Some(format!("{UNKNOWN_PLACEHOLDER} news")),
        body: format!(
            "Dear %Customer.FirstName%, you are {UNKNOWN_PLACEHOLDER} & save 100 % on %Fields.Order no.%"
        )
        .into(),
        ..StandardResponse::default()
    });
}

pub(super) fn has_unknown_placeholders(desk: &Dataset) -> bool {
    desk.standard_responses.iter().any(|response| response.body.text().contains(UNKNOWN_PLACEHOLDER))
}
