//! Cases about the knowledge base and standard responses.

use super::loaded::{Loaded, squeezed};
use mapping_core::LossRule;
use migrate_sandbox::dataset::{KbArticle, KbCategory};
use serde_json::Value;

fn titled<'a>(l: &'a Loaded, title: &str) -> &'a KbArticle {
    l.kb_article(|it| it.title == title)
}

fn category<'a>(l: &'a Loaded, title: &str) -> &'a KbCategory {
    l.desk.kb_categories.iter().find(|it| it.title == title).unwrap()
}

fn id(of: &Value) -> u64 {
    of["id"].as_str().unwrap().parse().unwrap()
}

/// The collection that an article lies in.
fn collection_of<'a>(l: &'a Loaded, article: &KbArticle) -> &'a Value {
    let parent = &l.object("kb_article", article.id)["parent_ids"][0];
    let all = l.list("/help_center/collections")["data"].as_array().unwrap();
    all.iter().find(|it| id(it) == parent.as_u64().unwrap()).unwrap()
}

pub(super) fn kb_category_cycle(l: &Loaded) {
    let (chicken, egg) = (category(l, "Chicken"), category(l, "Egg"));
    let (one, other) = (l.object("kb_category", chicken.id), l.object("kb_category", egg.id));
    assert_eq!((&one["name"], &other["name"]), (&"Chicken".into(), &"Egg".into()));
    // Cut at one place: the other link holds.
    assert_eq!(one["parent_id"], Value::Null);
    assert_eq!(other["parent_id"], one["id"]);
    let losses = l.losses_of("kb_category", chicken.id);
    assert!(losses.iter().any(|it| it.field == "parent"), "{losses:#?}");
    assert_eq!(collection_of(l, titled(l, "Which came first")), other);
}

pub(super) fn kb_category_of_depth_9(l: &Loaded) {
    let at = |level: u32| l.object("kb_category", category(l, &format!("Level {level}")).id);
    assert_eq!(at(1)["parent_id"], Value::Null);
    assert_eq!((&at(2)["parent_id"], &at(3)["parent_id"]), (&at(1)["id"], &at(2)["id"]));
    let mut name = "Level 3".to_owned();
    for level in 4..=9 {
        name.push_str(&format!(" › Level {level}"));
        assert_eq!(at(level)["name"], name.as_str(), "the third level holds it, its name says where it was");
        assert_eq!(at(level)["parent_id"], at(2)["id"]);
        let losses = l.losses_of("kb_category", category(l, &format!("Level {level}")).id);
        assert!(!losses.is_empty(), "level {level}");
    }
    assert_eq!(collection_of(l, titled(l, "At the bottom")), at(9));
    assert_eq!(collection_of(l, titled(l, "Half way down")), at(5));
}

pub(super) fn article_without_category(l: &Loaded) {
    let article = l.kb_article(|it| it.categories.is_empty());
    assert_eq!(collection_of(l, article)["name"], "FocalScope");
    l.assert_loss("kb_article", article.id, "collection", LossRule::Defaulted, "a stand-in takes the place");
}

pub(super) fn article_in_three_languages(l: &Loaded) {
    let original = titled(l, "Welcome");
    let article = l.object("kb_article", original.id);
    for (locale, title, text) in [
        ("en", "Welcome", "Goodtoseeyou."),
        ("da", "Velkommen", "Godtatsedigpåsiden."),
        ("de", "Willkommen", "Schön,dassSiedasind."),
    ] {
        let content = &article["translated_content"][locale];
        assert_eq!((&content["title"], &content["state"]), (&title.into(), &"draft".into()), "{locale}");
        assert!(squeezed(content["body"].as_str().unwrap()).contains(text), "{locale}");
    }
    let of_it: Vec<&KbArticle> =
        l.desk.kb_articles.iter().filter(|it| it.translation_of == Some(original.id)).collect();
    assert_eq!(of_it.len(), 2);
    for translation in of_it {
        assert_eq!(l.target("kb_article", translation.id), l.target("kb_article", original.id));
        l.assert_loss("kb_article", translation.id, "record", LossRule::Merged, "a language of the article");
    }
}

pub(super) fn article_with_custom_fields(l: &Loaded) {
    let article = l.kb_article(|it| !it.custom_fields.is_empty());
    let text = squeezed(l.object("kb_article", article.id)["body"].as_str().unwrap());
    for field in &article.custom_fields {
        let (name, value) = (field.name.replace(' ', ""), field.value.as_deref().unwrap().replace(' ', ""));
        assert!(text.contains(&format!("{name}{value}")), "{name}: {text}");
        let path = format!("custom.{}", field.name);
        l.assert_loss("kb_article", article.id, &path, LossRule::Recast, "in a table below the text");
    }
}

pub(super) fn article_with_links_to_others(l: &Loaded) {
    let article = titled(l, "Where to read on");
    let body = l.object("kb_article", article.id)["body"].as_str().unwrap();
    let link = |article: u64| format!("/articles/{}\">", id(l.object("kb_article", article)));
    for (to, words) in [(2003, "this"), (2012, "that"), (2012, "that again")] {
        assert!(body.contains(&format!("{}{words}</a>", link(to))), "{words}: {body}");
    }
    assert!(!body.contains("/kb/20"), "no link leads back: {body}");
    // To nowhere: the words stay. To elsewhere: it stays as it is. Macros that nothing expands stay as text.
    assert!(body.contains("What was here is gone"), "{body}");
    assert!(body.contains("<a href=\"https://wiki.example/kb/start\">the others</a>"), "{body}");
    assert!(body.contains("<a href=\"mailto:support@helpdesk.example\">us</a>"), "{body}");
    assert!(body.contains("{{kb:2003}} {{kb:related}}"), "{body}");
    for (rule, why) in [
        (LossRule::Dropped, "a link to an article that isn't there"),
        (LossRule::Cut, "the place within the article"),
        (LossRule::Recast, "a macro that nothing expands"),
    ] {
        l.assert_loss("kb_article", article.id, "parts[en].body", rule, why);
    }
    l.assert_loss("kb_article", article.id, "collection", LossRule::Merged, "only the first is kept");
    let back = l.object("kb_article", titled(l, "Next step").id)["body"].as_str().unwrap();
    assert!(back.contains(&link(article.id)), "there and back again: {back}");
}

pub(super) fn article_with_inline_images(l: &Loaded) {
    let article = titled(l, "What it looks like");
    let body = l.object("kb_article", article.id)["body"].as_str().unwrap();
    assert!(body.contains("src=\"https://www.helpdesk.example/kb/images/back.png\""), "{body}");
    assert!(!body.contains("cid:"), "{body}");
    let losses = l.losses_of("kb_article", article.id);
    assert!(losses.iter().any(|it| it.field.contains("files")), "{losses:#?}");
    assert!(l.file("handoff/kb-files.csv").contains("front.png"), "a person puts it there");
}

pub(super) fn response_with_unknown_placeholders(l: &Loaded) {
    let list = l.file("handoff/macros.csv");
    let at = list.find("Loyalty").expect("the response is in the list");
    assert!(
        list[at..].contains("%Loyalty.Tier%") && list[at..].contains("%Fields.Order no.%"),
        "kept as they are"
    );
    assert!(list.contains("{{user.first_name | fallback: 'there'}}"), "known ones are translated");
    let guide = l.file("handoff/macros.md");
    assert!(
        guide.contains("Placeholders without an equivalent, which stand in the texts as they were"),
        "{guide}"
    );
}
