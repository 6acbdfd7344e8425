//! Moves companies, notes, the knowledge base and working hours with care, for the judge's tests alone.

use std::collections::{BTreeMap, BTreeSet};

use migrate_sandbox::dataset::{Dataset, KbArticle, KbCategory, WorkingHours};
use migrate_sandbox::intercom::Seed;
use serde_json::{Value, json};

use super::Desk;
use super::loader::{BATCH, Loaded, escape, explain, tag};

/// The id of the teammate that the token belongs to.
const PLACEHOLDER: u64 = 991_267_400;

/// Moves all of it. Tickets and contacts are there.
pub async fn load(desk: &Desk, dataset: &Dataset, loaded: &mut Loaded) {
    people(desk, dataset, loaded).await;
    for profile in &dataset.working_hours {
        hours(desk, profile, loaded).await;
    }
    for category in &dataset.kb_categories {
        collection(desk, dataset, category, loaded).await;
    }
    articles(desk, dataset, loaded).await;
}

async fn people(desk: &Desk, dataset: &Dataset, loaded: &mut Loaded) {
    let moved: BTreeMap<u64, String> = loaded.contacts.iter().map(|(id, it)| (*id, it.clone())).collect();
    for (id, contact) in moved {
        let Some(person) = dataset.contact(id) else { continue };
        if let Some(company) = dataset.companies.iter().find(|it| Some(it.id) == person.company) {
            let key = format!("focalscope:org:{}", company.id);
            let made =
                desk.post("/companies", json!({"company_id": key, "name": company.name})).await.ok().id();
            desk.post(&format!("/contacts/{contact}/companies"), json!({"id": made})).await.ok();
        }
        for note in &person.notes {
            let name = note.agent.and_then(|id| dataset.agent(id)).map_or("", |agent| agent.name.as_str());
            let at = note.at.map(|at| at.to_string()).unwrap_or_default();
            let body = format!("<p>{at} {}</p><p>{}</p>", escape(name), escape(&note.text));
            desk.post(&format!("/contacts/{contact}/notes"), json!({"body": body})).await.ok();
        }
    }
}

fn minute(text: &str) -> i64 {
    let (hours, minutes) = text.split_once(':').unwrap();
    hours.parse::<i64>().unwrap() * 60 + minutes.parse::<i64>().unwrap()
}

async fn hours(desk: &Desk, profile: &WorkingHours, loaded: &mut Loaded) {
    let Some(zone) = &profile.zone else {
        explain(loaded, "working_hours", profile.id, "record");
        return;
    };
    let intervals: Vec<Value> = profile
        .week
        .iter()
        .map(|it| {
            let day = i64::from(it.day) * 1440;
            json!({"start_minute": day + minute(&it.from), "end_minute": day + minute(&it.to)})
        })
        .collect();
    let body = json!({"name": profile.name, "time_zone_name": zone, "time_intervals": intervals});
    let made = desk.post("/office_hours_schedules", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for day in &profile.holidays {
        let body = json!({"exception_date": day.to_string(), "exception_type": "closed"});
        let path = format!("/office_hours_schedules/{}/office_hours_exceptions", made.id());
        assert_eq!(desk.post(&path, body).await.status, 201);
    }
}

/// The categories from the top to this one; one that leads in a circle stands alone.
fn path<'a>(dataset: &'a Dataset, category: &'a KbCategory) -> (Vec<&'a KbCategory>, bool) {
    let (mut path, mut met) = (vec![category], BTreeSet::from([category.id]));
    while let Some(parent) = path[path.len() - 1].parent {
        let Some(next) = dataset.kb_categories.iter().find(|it| it.id == parent) else { break };
        if !met.insert(next.id) {
            return (vec![category], true);
        }
        path.push(next);
    }
    path.reverse();
    (path, false)
}

/// Makes the collection of a category after those around it.
async fn collection(desk: &Desk, dataset: &Dataset, category: &KbCategory, loaded: &mut Loaded) {
    let (path, circle) = path(dataset, category);
    if circle {
        explain(loaded, "kb_category", category.id, "parent");
    }
    let mut parent: Option<String> = None;
    for (level, own) in path.iter().enumerate() {
        if let Some(known) = loaded.collections.get(&own.id) {
            if level < 2 {
                parent = Some(known.clone());
            }
            continue;
        }
        let names: Vec<&str> = path[2.min(level)..=level].iter().map(|it| it.title.as_str()).collect();
        let name = names.join(" \u{203a} ");
        let made =
            desk.post("/help_center/collections", json!({"name": name, "parent_id": parent})).await.ok().id();
        loaded.collections.insert(own.id, made.clone());
        if level < 2 {
            parent = Some(made);
        }
    }
}

async fn articles(desk: &Desk, dataset: &Dataset, loaded: &mut Loaded) {
    let orphan = |it: &&KbArticle| !it.categories.iter().any(|id| loaded.collections.contains_key(id));
    let default = match dataset.kb_articles.iter().find(orphan) {
        Some(_) => desk.post("/help_center/collections", json!({"name": "FocalScope"})).await.ok().id(),
        None => String::new(),
    };
    let there = |id: u64| dataset.kb_articles.iter().any(|it| it.id == id);
    let translation = |it: &&KbArticle| it.translation_of.is_some_and(there);
    for article in dataset.kb_articles.iter().filter(|it| !translation(it)) {
        let languages =
            dataset.kb_articles.iter().filter(|it| it.translation_of == Some(article.id)).collect();
        write(desk, dataset, article, languages, &default, loaded).await;
    }
    for article in &dataset.kb_articles {
        link(desk, dataset, article, loaded).await;
    }
}

/// The text and what is below it.
fn text(dataset: &Dataset, article: &KbArticle) -> String {
    let name = article.author.and_then(|id| dataset.agent(id)).map(|agent| agent.name.clone());
    let name = article.author_name.clone().or(name).unwrap_or_default();
    let fields: String = article
        .custom_fields
        .iter()
        .map(|it| format!("<p>{}: {}</p>", escape(&it.name), escape(it.value.as_deref().unwrap_or_default())))
        .collect();
    // One way to quote is enough here.
    let body = article.body.text().replace("href='", "href=\"").replace("/'>", "/\">");
    format!("{body}<p>Author: {}</p>{fields}", escape(&name))
}

async fn write(
    desk: &Desk,
    dataset: &Dataset,
    article: &KbArticle,
    languages: Vec<&KbArticle>,
    default: &str,
    loaded: &mut Loaded,
) {
    let agent = article.author.and_then(|id| dataset.agent(id)).and_then(|agent| agent.email.as_ref());
    let seed = Seed::for_dataset(dataset);
    let mut admins = seed.admins.iter();
    let author = admins.find(|it| agent.is_some_and(|email| it.email.eq_ignore_ascii_case(email)));
    let author = author.map_or(PLACEHOLDER, |it| it.id);
    let mut body = json!({"title": article.title, "body": text(dataset, article), "author_id": author,
        "ai_chatbot_availability": false, "ai_copilot_availability": false, "ai_sales_agent_availability": false});
    for file in article.attachments.iter().chain(languages.iter().flat_map(|it| &it.attachments)) {
        explain(loaded, "kb_article", article.id, &format!("files[{}]", file.id));
    }
    let made = if article.internal {
        body["owner_id"] = json!(author);
        desk.post("/internal_articles", body).await.ok().id()
    } else {
        let known = article.categories.iter().find_map(|id| loaded.collections.get(id).cloned());
        if article.categories.len() > 1 {
            explain(loaded, "kb_article", article.id, "collection");
        }
        body["parent_id"] = json!(known.unwrap_or_else(|| default.to_owned()).parse::<u64>().unwrap());
        body["translated_content"] = languages
            .iter()
            .map(|it| (it.language.clone().unwrap(), json!({"title": it.title, "body": text(dataset, it)})))
            .collect::<serde_json::Map<String, Value>>()
            .into();
        desk.post("/articles", body).await.ok().id()
    };
    let kind = if article.internal { "internal_articles" } else { "articles" };
    let names = article.tags.iter().chain(languages.iter().flat_map(|it| &it.tags)).cloned();
    for name in names.chain([BATCH.to_owned()]) {
        let tag = tag(desk, &name, loaded).await;
        desk.post(&format!("/{kind}/{made}/tags"), json!({"id": tag})).await.ok();
    }
    for id in [article.id].into_iter().chain(languages.iter().map(|it| it.id)) {
        loaded.articles.insert(id, format!("{kind}/{made}"));
    }
}

/// Turns links to articles to what these became; what leads nowhere is listed.
async fn link(desk: &Desk, dataset: &Dataset, article: &KbArticle, loaded: &mut Loaded) {
    let before = text(dataset, article);
    let mut html = String::new();
    for (number, piece) in before.split("href=\"").enumerate() {
        let Some((href, rest)) = piece.split_once('"').filter(|_| number > 0) else {
            html.push_str(piece);
            continue;
        };
        let id = href.split("/kb/").nth(1).and_then(|it| it.split('/').next()).and_then(|it| it.parse().ok());
        let href = match id.map(|id: u64| loaded.articles.get(&id)) {
            Some(Some(target)) => format!("https://help-center.example/sandbox/en/{target}"),
            Some(None) => {
                explain(loaded, "kb_article", article.id, "parts[en].body");
                href.to_owned()
            }
            None => href.to_owned(),
        };
        html.push_str(&format!("href=\"{href}\"{rest}"));
    }
    if html != before {
        let path = format!("/{}", loaded.articles[&article.id]);
        desk.put(&path, json!({"body": html})).await.ok();
    }
}
