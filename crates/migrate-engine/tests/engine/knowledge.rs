//! What isn't a ticket: companies, the knowledge base, working hours, and what people decide in the lists.

use crate::desk::{TICKETS, World, records};
use mapping_core::model::*;
use mapping_core::testkit::MemoryObject;
use mapping_core::{Body, SourceRef, Value};
use migrate_engine::{MapOptions, Severity, map};
use std::collections::BTreeMap;

fn node(id: &str, parent: Option<&str>, title: &str) -> Record {
    KbCategory { id: id.into(), parent: parent.map(Into::into), title: title.into(), extra: Extra::new() }
        .into()
}

fn article(id: &str, categories: &[&str], html: &str) -> KbArticle {
    KbArticle {
        id: id.into(),
        title: format!("Article {id}").into(),
        body: Body::html(html),
        categories: categories.iter().map(|c| (*c).into()).collect(),
        internal: false,
        published: true,
        language: Some("en".into()),
        author: None,
        author_agent: Some("1".into()),
        translation_of: None,
        tags: vec!["FAQ".into()],
        url: None,
        created_at: None,
        modified_at: None,
        custom: Default::default(),
        attachments: vec![],
        extra: Extra::new(),
    }
}

fn hours() -> Record {
    let nine = jiff::civil::time(9, 0, 0, 0);
    let week = vec![WeeklyInterval { weekday: 1, from: nine, to: jiff::civil::time(17, 0, 0, 0) }];
    let name = "Office".to_owned();
    let (id, holidays, extra) = ("1".into(), vec![], Extra::new());
    WorkingHours { id, name, offset_minutes: 60, zone: None, week, holidays, extra }.into()
}

fn category(id: &str, name: &str) -> Record {
    let set = Some("Topic".to_owned());
    let scope = CategoryScope::Everywhere;
    let extra = Extra::new();
    Category {
        id: id.into(),
        name: name.into(),
        set,
        parent: None,
        multi: false,
        mandatory: false,
        scope,
        active: true,
        extra,
    }
    .into()
}

/// The help desk of the other tests with a knowledge base, a company, hours, custom fields and categories.
fn whole() -> Vec<Record> {
    let mut all = records(TICKETS);
    for record in &mut all {
        match record {
            Record::Ticket(t) => {
                t.custom.insert("Due".into(), format!("{}.12.2024", 13 + t.id.as_str().len()).into());
                t.categories = vec!["1".into()];
            }
            Record::Contact(c) if c.id.as_str() == "1" => c.company = Some("9".into()),
            _ => {}
        }
    }
    let company = |id: &str| {
        let (custom, extra) = (CustomFields::new(), Extra::new());
        Record::from(Company {
            id: id.into(),
            name: format!("Co {id}").into(),
            domains: vec![],
            custom,
            extra,
        })
    };
    // Children before their parents.
    all.extend([node("3", Some("2"), "Cards"), node("2", Some("1"), "Billing"), node("1", None, "Help")]);
    let mut danish = article("12", &["1"], "<p>hej</p>");
    danish.translation_of = Some("10".into());
    danish.language = Some("da".into());
    let link = "<p>see <a href=\"/kb/11/x.html\">that</a></p>";
    all.extend([article("10", &["3"], link), article("11", &[], "<p>lone</p>"), danish].map(Record::from));
    all.extend([company("9"), company("8"), hours(), category("1", "Refund"), category("2", "Other")]);
    all
}

fn named(world: &World, kind: &str) -> BTreeMap<String, MemoryObject> {
    let of_kind = world.server.objects().into_iter().filter(|o| o.kind == kind);
    of_kind.map(|o| (o.marker.clone().unwrap_or_default(), o)).collect()
}

/// Fills in a line of a list, as a person would.
fn decide(world: &World, file: &str, source: &str, id: &str, name: &str) {
    let path = world.path().join("mapping").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines = text.lines().map(|line| match line.starts_with(&format!("{source},")) {
        true => format!("{source},x,,{id},{name},because,low,Carol"),
        false => line.to_owned(),
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    assert_ne!(lines, text.trim_end(), "no line of {source} in {text}");
    std::fs::write(path, lines).unwrap();
}

#[tokio::test]
async fn parents_come_before_children_and_an_article_without_a_collection_gets_the_stand_in() {
    let world = World::with(whole());
    let (run, plan) = world.planned().await;
    assert!(plan.sums.values().all(migrate_engine::KindSum::agrees), "{:#?}", plan.sums);
    assert_eq!((plan.kinds["collection"].drafts, plan.kinds["article"].drafts), (4, 2));
    assert_eq!(plan.kinds["article"].records, 3, "a translation is part of its article");
    assert_eq!(plan.sums["company"].not_linked, 1, "nobody who moves is of the other company");
    let listed = run.ledger().quarantined(10).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].record, SourceRef::new("working_hours", "1"));
    assert!(listed[0].why.contains("mapping/hours.csv"), "{}", listed[0].why);
    let applied = world.apply(&run).await.unwrap();
    assert!(applied.phases.iter().all(|p| p.quarantined == 0 && p.agrees()), "{applied:#?}");
    let collections = named(&world, "collection");
    let parent = |id: &str| collections[&format!("kb_category:{id}")].fields.get("parent").cloned();
    let id = |id: &str| {
        Value::Link(
            mapping_core::RemoteRef::new("collection", &*collections[&format!("kb_category:{id}")].id).into(),
        )
    };
    assert_eq!((parent("1"), parent("2"), parent("3")), (None, Some(id("1")), Some(id("2"))));
    assert!(collections.contains_key("kb_category:stand-in"));
    assert_eq!(world.count("company"), 1);
    assert_eq!(world.judge(TICKETS), [""; 0]);
}

#[tokio::test]
async fn what_is_open_is_said_by_map_and_a_decision_changes_the_drafts_and_makes_a_plan_stale() {
    let world = World::with(whole());
    let (run, _) = world.planned().await;
    let checked = map(&run, &world.desk, &MapOptions::check(), &world.ctx()).await.unwrap();
    assert_eq!((checked.hours.open, checked.fields.open, checked.categories.open), (1, 1, 0));
    assert_eq!(checked.fields.open_ids, ["field:ticket/Due"]);
    let warned: Vec<&str> = checked
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Warning && f.subject.ends_with("hours.csv"))
        .map(|f| f.what.as_str())
        .collect();
    assert!(warned.len() == 1 && warned[0].contains("working_hours:1"), "{warned:?}");

    decide(&world, "hours.csv", "working_hours:1", "Europe/Copenhagen", "");
    decide(&world, "fields.csv", "field:ticket/Due", "due_on", "date day first");
    decide(&world, "categories.csv", "category_set:Topic", "tags", "");
    let stale = world.apply(&run).await.unwrap_err();
    assert_eq!(stale.exit.code(), 6);
    assert_eq!(
        stale.details,
        [
            "mapping/fields.csv: field:ticket/Due",
            "mapping/categories.csv: category_set:Topic",
            "mapping/hours.csv: working_hours:1"
        ]
    );
    // A later proposal leaves the lines alone; what they ask for is provisioned and written.
    let report = map(&run, &world.desk, &MapOptions::default(), &world.ctx()).await.unwrap();
    assert_eq!((report.hours.by_person, report.fields.by_person, report.categories.by_person), (1, 1, 1));
    let options = migrate_engine::ProvisionOptions::default();
    migrate_engine::provision(&run, &world.desk, &options, &world.ctx()).await.unwrap();
    world.plan(&run).await.unwrap();
    assert_eq!(run.ledger().quarantined(10).unwrap(), []);
    world.apply(&run).await.unwrap();
    let zones: Vec<Option<Value>> =
        named(&world, "office_hours").values().map(|o| o.fields.get("time_zone").cloned()).collect();
    assert_eq!(zones, [Some(Value::text("Europe/Copenhagen"))]);
    let conversations = named(&world, "conversation");
    assert_eq!(conversations.len(), TICKETS);
    for conversation in conversations.values() {
        let due = conversation.fields.get("attribute.due_on");
        assert_eq!(due, Some(&Value::Date(jiff::civil::date(2024, 12, 14))));
        assert!(!conversation.fields.contains_key("attribute.focalscope_topic__c"));
        assert_eq!(conversation.tags.len(), 2, "the batch's mark and the category");
    }
}

#[tokio::test]
async fn a_decision_that_cannot_be_stops_the_plan_and_names_file_and_line() {
    let world = World::with(whole());
    let (run, _) = world.planned().await;
    decide(&world, "hours.csv", "working_hours:1", "Middle/Earth", "");
    let refused = world.plan(&run).await.unwrap_err();
    assert_eq!(refused.exit.code(), 2);
    let said = refused.to_string();
    assert!(said.contains("mapping/hours.csv: working_hours:1") && said.contains("Middle/Earth"), "{said}");
}
