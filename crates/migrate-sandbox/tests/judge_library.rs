//! The judge finds each kind of defect planted in companies, notes, the knowledge base and office hours.

#![recursion_limit = "256"]
#![allow(missing_docs)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::intercom::{Edit, Seed, SeedArticle, SeedCollection, SeedContact};
use migrate_sandbox::judge::{Explained, Options, Verdict, What, judge};
use serde_json::{Value, json};
use support::loader::{BATCH, Loaded, load};
use support::{ADMIN, Desk};

fn options() -> Options {
    Options { batch_tag: Some(BATCH.into()), ..Options::default() }
}

fn dataset() -> Dataset {
    let link = "<p>First <a href=\"/kb/21/second.html\">the second</a>, then all of the other long text.</p>";
    let value = json!({
        "agents": [{"id": 1, "login": "ada", "name": "Ada Agent", "email": "ada@helpdesk.example"},
            {"id": 2, "login": "gus", "name": "Gus Gone", "email": "gus@left.example", "state": "deleted"}],
        "companies": [{"id": 4, "name": "Smith & Sons"}, {"id": 5, "name": "Nobody's"}],
        "contacts": [{"id": 10, "name": "Ann Customer", "emails": ["ann@customer.example"], "company": 4,
                "notes": [{"agent": 1, "at": "2026-01-02T10:00:00Z", "text": "Likes to be called"},
                    {"agent": 2, "at": "2026-01-03T10:00:00Z", "text": "Pays late"}]},
            {"id": 11, "name": "Bo Unheard", "emails": ["bo@customer.example"], "company": 5,
                "notes": [{"text": "Has no ticket"}]}],
        "tickets": [{"id": 100, "number": "FS-100", "subject": "The order", "status": "Open", "contact": 10,
            "created": "2026-01-02T10:00:00Z", "messages": [{"id": 1, "direction": "in",
                "author": {"kind": "contact", "id": 10, "name": "Ann"}, "sent_at": "2026-01-02T10:00:00Z",
                "body": "Where is it?"}]}],
        "working_hours": [{"id": 1, "name": "Office", "offset_minutes": 60, "zone": "Europe/Copenhagen",
            "week": [{"day": 0, "from": "09:00", "to": "12:00"}, {"day": 0, "from": "12:00", "to": "17:00"},
                {"day": 4, "from": "22:00", "to": "24:00"}], "holidays": ["2026-12-25"]}],
        "kb_categories": [{"id": 31, "title": "Devices"}, {"id": 32, "parent": 31, "title": "Routers"},
            {"id": 33, "parent": 32, "title": "Model R7"}, {"id": 34, "parent": 33, "title": "Lamps"}],
        "kb_articles": [
            {"id": 20, "title": "First", "body": link, "categories": [32], "published": true, "language": "en",
                "author": 1, "author_name": "Ada Agent", "tags": ["howto"],
                "custom_fields": [{"name": "Product", "type": "list", "value": "Router R5"}],
                "url": "https://www.helpdesk.example/kb/20/first.html"},
            {"id": 21, "title": "Second", "body": "<p>The second text, which is long enough too.</p>",
                "categories": [34], "published": true, "language": "en", "author": 2, "author_name": "Gus Gone"},
            {"id": 22, "title": "Første", "body": "<p>Dansk tekst, som også er lang.</p>", "categories": [32],
                "published": true, "language": "da", "author": 1, "translation_of": 20},
            {"id": 23, "title": "Secret", "body": "<p>What nobody outside may read, ever.</p>", "internal": true,
                "language": "en", "categories": [31], "author": 1},
            {"id": 24, "title": "Left over", "body": "<p>Nobody knows where this one belongs.</p>",
                "language": "en", "author": 1}],
    });
    serde_json::from_value(value).unwrap()
}

struct Moved {
    desk: Desk,
    dataset: Dataset,
    loaded: Loaded,
}

impl Moved {
    async fn new() -> Self {
        let (desk, dataset) = (Desk::new(), dataset());
        let loaded = load(&desk, &dataset).await;
        Self { desk, dataset, loaded }
    }

    fn judged(&self) -> Verdict {
        judge(&self.dataset, &self.desk.intercom, &self.loaded.explained, &options())
    }

    fn edit(&self, edit: Value) {
        self.desk.intercom.edit(&serde_json::from_value::<Edit>(edit).unwrap()).unwrap();
    }

    fn article(&self, id: u64) -> String {
        self.loaded.articles[&id].rsplit('/').next().unwrap().to_owned()
    }

    async fn notes(&self) -> Vec<String> {
        let path = format!("/contacts/{}/notes", self.loaded.contacts[&10]);
        let list = self.desk.get(&path).await.ok();
        list.body["data"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    }
}

#[track_caller]
fn only(verdict: &Verdict, what: What, kind: &str, field: &str) {
    let found: Vec<_> = verdict.findings.iter().map(|f| (f.what, f.kind, f.field.as_str())).collect();
    assert_eq!(found, [(what, kind, field)], "{:#?}", verdict.findings);
}

/// What is found after one edit of a careful migration.
async fn after(edit: impl FnOnce(&Moved) -> Value) -> Verdict {
    let moved = Moved::new().await;
    moved.edit(edit(&moved));
    moved.judged()
}

#[tokio::test]
async fn a_careful_migration_is_clean_and_counted() {
    let moved = Moved::new().await;
    let verdict = moved.judged();
    assert!(verdict.is_clean(), "{:#?}", verdict.findings);
    let source = verdict.source;
    assert_eq!((source.companies, source.contact_notes, source.collections), (1, 2, 4), "of those who moved");
    assert_eq!((source.articles, source.office_hours), (5, 1));
    let counts = verdict.destination;
    assert_eq!(
        (counts.companies, counts.contact_notes, counts.collections),
        (1, 2, 5),
        "and the default one"
    );
    assert_eq!((counts.articles, counts.office_hours), (5, 1));
    assert!(verdict.fields_compared > 60);
    assert_eq!(verdict.explained, 0);
}

#[tokio::test]
async fn a_company_that_is_lost_doubled_renamed_or_left_is_found() {
    let key = "focalscope:org:4";
    let verdict = after(|_| json!({"edit": "delete_company", "company_id": key})).await;
    let found: Vec<_> = verdict.findings.iter().map(|f| (f.what, f.kind)).collect();
    assert_eq!(found, [(What::Lost, "company")]);
    let verdict = after(|_| json!({"edit": "double_company", "company_id": key})).await;
    only(&verdict, What::Doubled, "company", "");
    let verdict =
        after(|_| json!({"edit": "company", "company_id": key, "field": "name", "value": "Smith"})).await;
    only(&verdict, What::FieldDifference, "company", "name");
    let left = |moved: &Moved| json!({"edit": "leave_company", "company_id": key, "contact": moved.loaded.contacts[&10]});
    only(&after(left).await, What::FieldDifference, "contact", "company");
    let moved = Moved::new().await;
    moved.desk.post("/companies", json!({"company_id": "focalscope:org:77"})).await.ok();
    only(&moved.judged(), What::Doubled, "company", "");
}

#[tokio::test]
async fn a_note_that_is_lost_doubled_changed_or_without_date_or_author_is_found() {
    let moved = Moved::new().await;
    let notes = moved.notes().await;
    moved.edit(json!({"edit": "double_note", "note": notes[0]}));
    only(&moved.judged(), What::Doubled, "contact_note", "");
    let moved = Moved::new().await;
    moved.edit(json!({"edit": "delete_note", "note": moved.notes().await[0]}));
    only(&moved.judged(), What::Lost, "contact_note", "body");
    for (text, field) in
        [("2026-02-02 Gus Gone Pays late", "at"), ("2026-01-03 Somebody Pays late", "author")]
    {
        let moved = Moved::new().await;
        moved.edit(json!({"edit": "note", "note": moved.notes().await[0], "text": text}));
        only(&moved.judged(), What::FieldDifference, "contact_note", field);
    }
    let moved = Moved::new().await;
    moved.edit(
        json!({"edit": "note", "note": moved.notes().await[0], "text": "2026-01-03 Gus Gone Pays early"}),
    );
    let found: Vec<_> = moved.judged().findings.into_iter().map(|f| (f.what, f.kind)).collect();
    assert_eq!(found, [(What::Lost, "contact_note"), (What::Doubled, "contact_note")]);
}

#[tokio::test]
async fn notes_of_people_who_were_there_before_are_there_or_listed() {
    let desk = Desk::new();
    let known = SeedContact { email: Some("ann@customer.example".into()), ..SeedContact::default() };
    desk.intercom.seed(Seed { contacts: vec![known], ..Seed::default() });
    let mut dataset = dataset();
    let notes = std::mem::take(&mut dataset.contacts[0].notes);
    load(&desk, &dataset).await;
    dataset.contacts[0].notes = notes;
    let judged = |explained: &[Explained]| judge(&dataset, &desk.intercom, explained, &options());
    assert_eq!(judged(&[]).lost, 2);
    let entry = |field: &str| Explained {
        kind: "contact".into(),
        id: "10".into(),
        field: Some(field.into()),
        rule: "Dropped".into(),
    };
    assert!(judged(&[entry("notes")]).is_clean());
    assert!(judged(&[entry("parts[note:1]"), entry("parts[note:2]")]).is_clean());
    assert_eq!(judged(&[entry("parts[note:1].body")]).lost, 1);
    assert_eq!(judged(&[entry("phone")]).lost, 2);
}

#[tokio::test]
async fn a_collection_that_is_lost_doubled_renamed_or_moved_is_found() {
    let of = |moved: &Moved, id: u64| moved.loaded.collections[&id].clone();
    let verdict = after(|moved| json!({"edit": "double_collection", "collection": of(moved, 33)})).await;
    only(&verdict, What::Doubled, "collection", "");
    let change = |id: u64, field: &'static str, value: Value| {
        after(
            move |moved| json!({"edit": "collection", "collection": of(moved, id), "field": field, "value": value}),
        )
    };
    let found = |verdict: &Verdict| -> Vec<(What, &'static str, String)> {
        verdict.findings.iter().map(|f| (f.what, f.kind, f.field.clone())).collect()
    };
    let renamed = change(33, "name", json!("Else")).await;
    assert_eq!(found(&renamed)[0], (What::Lost, "kb_category", String::new()));
    let moved = change(33, "parent_id", Value::Null).await;
    assert!(found(&moved).contains(&(What::FieldDifference, "kb_category", "parent".into())));
    let shortened = change(34, "name", json!("Lamps")).await;
    only(&shortened, What::FieldDifference, "kb_category", "name");
    let gone = after(|moved| json!({"edit": "delete_collection", "collection": of(moved, 34)})).await;
    assert!(found(&gone).contains(&(What::Lost, "kb_category", String::new())));
}

#[tokio::test]
async fn an_article_that_is_lost_or_doubled_is_found() {
    for id in [21, 23] {
        let verdict = after(|moved| json!({"edit": "double_article", "article": moved.article(id)})).await;
        let kind = if id == 23 { "internal_article" } else { "article" };
        only(&verdict, What::Doubled, kind, "");
        let verdict = after(|moved| json!({"edit": "delete_article", "article": moved.article(id)})).await;
        let lost: Vec<_> =
            verdict.findings.iter().filter(|f| f.what == What::Lost).map(|f| f.id.as_str()).collect();
        assert_eq!(lost, [id.to_string()], "{:#?}", verdict.findings);
    }
}

#[tokio::test]
async fn a_changed_field_of_an_article_is_found() {
    let author: u64 = ADMIN.parse().unwrap();
    for (id, field, value, finding) in [
        (21, "title", json!("Third"), "title"),
        (21, "body", json!("<p>Something else, Gus Gone</p>"), "body"),
        (21, "body", json!("<p>The second text, which is long enough too.</p>"), "author"),
        (23, "body", json!("<p>What nobody may read, ever.</p>"), "body"),
        (21, "state", json!("published"), "state"),
        (21, "availability", json!(true), "ai"),
        (23, "availability", json!(true), "ai"),
        (21, "parent_id", Value::Null, "collection"),
        (24, "parent_id", Value::Null, "collection"),
    ] {
        let edit = |moved: &Moved| json!({"edit": "article", "article": moved.article(id), "field": field, "value": value});
        only(&after(edit).await, What::FieldDifference, "kb_article", finding);
    }
    // The name in the text is enough, and so is the author's own hand.
    let edit = |moved: &Moved| json!({"edit": "article", "article": moved.article(23), "field": "author_id", "value": author});
    assert!(after(edit).await.is_clean());
    let text = "<p>Nobody knows where this one belongs.</p>";
    let edit = |moved: &Moved| json!({"edit": "article", "article": moved.article(24), "field": "body", "value": text});
    assert!(after(edit).await.is_clean());
}

#[tokio::test]
async fn a_link_that_leads_elsewhere_and_a_value_that_is_missing_are_found() {
    let text = |href: &str, more: &str| {
        format!(
            "<p>First <a href=\"{href}\">the second</a>, then all of the other long text.</p><p>Ada Agent {more}</p>"
        )
    };
    for (href, more, finding) in [
        ("/kb/21/second.html", "Router R5", "links"),
        ("https://help-center.example/sandbox/en/articles/1", "Router R5", "links"),
        ("", "", "custom_fields.Product"),
    ] {
        let moved = Moved::new().await;
        let own = format!("https://x.example/en/articles/{}-second", moved.article(21));
        let href = if href.is_empty() { own.as_str() } else { href };
        moved.edit(json!({"edit": "article", "article": moved.article(20), "field": "body", "value": text(href, more)}));
        only(&moved.judged(), What::FieldDifference, "kb_article", finding);
    }
}

#[tokio::test]
async fn a_language_that_is_missing_and_a_tag_that_is_gone_are_found() {
    let gone = |moved: &Moved| json!({"edit": "translation", "article": moved.article(20), "locale": "da", "title": null});
    only(&after(gone).await, What::Lost, "kb_article", "");
    let renamed = |moved: &Moved| json!({"edit": "translation", "article": moved.article(20), "locale": "da", "title": "Else"});
    only(&after(renamed).await, What::FieldDifference, "kb_article", "title");
    let untag = |id: u64, name: &'static str| {
        after(move |moved| json!({"edit": "untag_article", "article": moved.article(id), "name": name}))
    };
    for (id, name) in [(21, BATCH), (23, BATCH), (20, "howto")] {
        let verdict = untag(id, name).await;
        assert!(!verdict.findings.is_empty() && verdict.findings.iter().all(|f| f.field == "tags"));
    }
}

#[tokio::test]
async fn published_articles_are_right_when_they_were_asked_for() {
    let moved = Moved::new().await;
    let asked = Options { publish_articles: true, ..options() };
    let judged = || judge(&moved.dataset, &moved.desk.intercom, &moved.loaded.explained, &asked);
    let fields: Vec<String> = judged().findings.into_iter().map(|f| f.field).collect();
    assert_eq!(fields, ["state", "state", "state"], "three are published at the source");
    for id in [20, 21] {
        moved.edit(
            json!({"edit": "article", "article": moved.article(id), "field": "state", "value": "published"}),
        );
    }
    let left = judged();
    only(&left, What::FieldDifference, "kb_article", "state");
    assert_eq!(left.findings[0].id, "22", "the translation has a state of its own");
}

#[tokio::test]
async fn office_hours_that_are_lost_doubled_or_changed_are_found() {
    let verdict = after(|_| json!({"edit": "delete_office_hours", "name": "Office"})).await;
    only(&verdict, What::Lost, "working_hours", "");
    let right = json!({"name": "Office", "time_zone_name": "Europe/Copenhagen",
        "time_intervals": [{"start_minute": 540, "end_minute": 1020}, {"start_minute": 7080, "end_minute": 7200}],
        "exceptions": [{"exception_date": "2026-12-25"}]});
    for (field, value, finding) in [
        ("name", json!("Office"), ""),
        ("time_zone_name", json!("UTC"), "time_zone"),
        ("time_intervals", json!([{"start_minute": 540, "end_minute": 1020}]), "intervals"),
        ("exceptions", json!([]), "exceptions"),
    ] {
        let mut becomes = right.clone();
        becomes[field] = value;
        let verdict = after(|_| json!({"edit": "office_hours", "name": "Office", "becomes": becomes})).await;
        match finding {
            "" => assert!(verdict.is_clean(), "{:#?}", verdict.findings),
            _ => only(&verdict, What::FieldDifference, "working_hours", finding),
        }
    }
    let moved = Moved::new().await;
    let more = json!({"name": "Office", "time_zone_name": "UTC", "time_intervals": []});
    moved.desk.post("/office_hours_schedules", more).await;
    only(&moved.judged(), What::Doubled, "office_hours", "");
}

#[tokio::test]
async fn what_the_tool_lists_of_these_kinds_is_explained_and_nothing_else() {
    let moved = Moved::new().await;
    moved.edit(json!({"edit": "delete_office_hours", "name": "Office"}));
    moved.edit(json!({"edit": "translation", "article": moved.article(20), "locale": "da", "title": null}));
    moved.edit(json!({"edit": "collection", "collection": moved.loaded.collections[&34], "field": "name", "value": "Lamps"}));
    let entry = |kind: &str, id: &str, field: Option<&str>| Explained {
        kind: kind.into(),
        id: id.into(),
        field: field.map(str::to_owned),
        rule: "Dropped".into(),
    };
    let judged = |list: &[Explained]| judge(&moved.dataset, &moved.desk.intercom, list, &options());
    assert_eq!(judged(&[]).findings.len(), 3);
    let right = [
        entry("working_hours", "1", None),
        entry("kb_article", "20", Some("parts[da]")),
        entry("kb_category", "34", Some("name")),
    ];
    assert!(judged(&right).is_clean(), "{:#?}", judged(&right).findings);
    assert_eq!(judged(&right).explained, 3);
    let wrong = [
        entry("working_hours", "1", Some("name")),
        entry("kb_article", "20", Some("parts[de]")),
        entry("kb_article", "20", Some("parts[da].files")),
        entry("kb_category", "34", Some("parent")),
        entry("kb_category", "33", None),
    ];
    assert_eq!(judged(&wrong).findings.len(), 3);
}

#[tokio::test]
async fn a_note_of_somebody_without_ticket_is_nobody_s_double_and_the_same_note_twice_is() {
    let moved = Moved::new().await;
    let bo = moved.desk.contact("bo@customer.example").await;
    let note = json!({"body": "<p>2026-01-01</p><p>Has no ticket</p>"});
    moved.desk.post(&format!("/contacts/{bo}/notes"), note.clone()).await.ok();
    assert!(moved.judged().is_clean(), "{:#?}", moved.judged().findings);
    moved.desk.post(&format!("/contacts/{bo}/notes"), note).await.ok();
    only(&moved.judged(), What::Doubled, "contact_note", "");
}

#[tokio::test]
async fn hours_between_the_lines_of_the_grid_are_made_longer_and_listed() {
    let mut moved = Moved::new().await;
    moved.dataset.working_hours[0].week[0].from = "09:07".into();
    only(&moved.judged(), What::FieldDifference, "working_hours", "intervals");
    let entry = |field: &str| Explained {
        kind: "working_hours".into(),
        id: "1".into(),
        field: Some(field.into()),
        rule: "Recast".into(),
    };
    let judged =
        |moved: &Moved, list: &[Explained]| judge(&moved.dataset, &moved.desk.intercom, list, &options());
    assert!(judged(&moved, &[entry("intervals")]).is_clean());
    assert!(!judged(&moved, &[entry("name")]).is_clean());
    moved.dataset.working_hours[0].week[0].from = "09:20".into();
    assert!(!judged(&moved, &[entry("intervals")]).is_clean(), "not the nearest lines");
}

#[tokio::test]
async fn a_file_of_an_article_is_listed_or_lost() {
    let mut moved = Moved::new().await;
    let files = json!([{"id": 90, "name": "a.pdf", "content": {"drawn": {"seed": 1, "size": 9}}}]);
    moved.dataset.kb_articles[1].attachments = serde_json::from_value(files).unwrap();
    only(&moved.judged(), What::Lost, "attachment", "files");
    // Those of a translation lie with the original.
    let files = std::mem::take(&mut moved.dataset.kb_articles[1].attachments);
    moved.dataset.kb_articles[2].attachments = files.clone();
    let entry = |field: &str| Explained {
        kind: "kb_article".into(),
        id: "20".into(),
        field: Some(field.into()),
        rule: "Dropped".into(),
    };
    let judged =
        |moved: &Moved, list: &[Explained]| judge(&moved.dataset, &moved.desk.intercom, list, &options());
    assert!(judged(&moved, &[entry("parts[en].files")]).is_clean());
    assert!(!judged(&moved, &[entry("parts[de].files")]).is_clean());
    moved.dataset.kb_articles[2].attachments.clear();
    moved.dataset.kb_articles[1].attachments = files;
    for (id, field, clean) in [
        ("21", "files[90]", true),
        ("21", "parts[en].files", true),
        ("20", "files[90]", false),
        ("21", "body", false),
    ] {
        let (kind, field, rule) = ("kb_article".into(), Some(field.to_owned()), "Dropped".into());
        let list = [Explained { kind, id: id.into(), field, rule }];
        let verdict = judge(&moved.dataset, &moved.desk.intercom, &list, &options());
        assert_eq!(verdict.is_clean(), clean, "{:#?}", verdict.findings);
    }
}

#[tokio::test]
async fn what_was_there_before_is_nobody_s_double() {
    let desk = Desk::new();
    let collection = SeedCollection { name: "Devices".into(), ..SeedCollection::default() };
    let article = SeedArticle { title: "Second".into(), published: true, ..SeedArticle::default() };
    desk.intercom.seed(Seed { collections: vec![collection], articles: vec![article], ..Seed::default() });
    let dataset = dataset();
    let loaded = load(&desk, &dataset).await;
    let judged = || judge(&dataset, &desk.intercom, &loaded.explained, &options());
    assert!(judged().is_clean(), "{:#?}", judged().findings);
    // And nobody may have changed it.
    let known = desk.get("/articles?page=1").await.ok().body["data"].as_array().unwrap().clone();
    let old =
        known.iter().find(|it| it["title"] == "Second" && it["state"] == "published").unwrap()["id"].clone();
    let edit = json!({"edit": "article", "article": old, "field": "state", "value": "draft"});
    desk.intercom.edit(&serde_json::from_value(edit).unwrap()).unwrap();
    only(&judged(), What::FieldDifference, "article", "record");
    desk.intercom
        .edit(&serde_json::from_value(json!({"edit": "delete_article", "article": old})).unwrap())
        .unwrap();
    only(&judged(), What::Lost, "article", "");
}

#[tokio::test]
async fn what_was_left_out_on_purpose_is_not_lost() {
    let (desk, dataset) = (Desk::new(), dataset());
    let partial = Options { partial: true, ..options() };
    let only_tickets = Options { only_tickets: true, ..options() };
    assert!(judge(&dataset, &desk.intercom, &[], &partial).is_clean());
    let verdict = judge(&dataset, &desk.intercom, &[], &only_tickets);
    only(&verdict, What::Lost, "ticket", "");
    assert!(judge(&dataset, &desk.intercom, &[], &options()).lost > 10);
}
