//! The help centre: collections, articles, their languages and the links between them.

use super::rig::Run;
use super::workspace;
use crate::standin;
use intercom_client::{ErrorKind, SinkOptions};
use mapping_core::{Author, Body, Draft, End, Link, Part, RemoteRef, Role, Sink, SourceRef, Value, diff};
use migrate_sandbox::intercom::{Edit, Fault, FaultRule, Intercom, Seed, SeedArticle, SeedCollection};

fn category(id: &str, name: &str, parent: Option<&str>) -> Draft {
    let draft = Draft::new("collection", SourceRef::new("kb_category", id)).with("name", name);
    match parent {
        Some(parent) => draft.with("parent", Link::Source(SourceRef::new("kb_category", parent))),
        None => draft.with("description", "What it is about"),
    }
}

fn grace() -> Link {
    Link::Remote(RemoteRef::new("admin", standin::AGENT.to_string()))
}

fn text(locale: &str, html: &str) -> Part {
    let author = Author { link: None, name: Some("Grace H.".into()) };
    Part::new(locale, Role::Agent, author, None, Body::html(html))
}

fn article(id: &str, title: &str, html: &str) -> Draft {
    let mut draft = Draft::new("article", SourceRef::new("kb_article", id))
        .with("title", title)
        .with("description", "In short")
        .with("collection", Link::Source(SourceRef::new("kb_category", "1")))
        .with("author", grace())
        .with("locale", "en")
        .with_part(text("en", html));
    draft.fields.insert("tags".into(), Value::List(vec![Value::Link(Link::Batch)]));
    draft
}

fn internal(id: &str, title: &str, html: &str) -> Draft {
    article(id, title, html).with("visibility", "internal")
}

fn mentioning(mut draft: Draft, records: &[&str]) -> Draft {
    draft.mentions = records.iter().map(|id| SourceRef::new("kb_article", *id)).collect();
    draft
}

async fn ready(intercom: &Intercom) -> Run {
    let mut run = Run::new(intercom).await;
    run.mark("run-1").await;
    assert_eq!(run.put(category("1", "Billing", None)).await, End::Done);
    run
}

/// What a comparison finds, with what the receipts name left out, as `verify` does it.
async fn found(run: &Run, record: &SourceRef) -> Vec<String> {
    let want = run.shaped(record).resolved(&run.refs());
    let kept = run.progress(record).claimed("kept").join(",");
    let found = diff(&want, &run.read(record).await, &run.refs());
    let named: Vec<String> = found.into_iter().map(|d| d.field).collect();
    named.into_iter().filter(|field| !kept.split(',').any(|k| k == field)).collect()
}

#[tokio::test]
async fn a_help_centre_arrives_as_drafts_that_no_assistant_reads_and_goes_again() {
    let intercom = workspace();
    intercom.seed(Seed { locales: vec!["de".into()], ..Seed::default() });
    let before = standin::snapshot(&intercom).await;
    let mut run = ready(&intercom).await;
    assert_eq!(run.put(category("2", "Invoices", Some("1"))).await, End::Done);
    let table =
        "<h2>Prices</h2><table><tr><td>a</td><td>1</td></tr></table><img src='https://x.example/p.png'>";
    let mut public = article("10", "How to pay", table).with("title.de", "Wie man zahlt");
    public.parts.push(text("de", "<p>So</p>"));
    let inner = internal("11", "For us", "<p>secret</p>");
    for draft in [&public, &inner] {
        assert_eq!(run.put(draft.clone()).await, End::Done);
        assert_eq!(found(&run, &draft.source).await, [""; 0]);
    }
    let state = intercom.state();
    assert_eq!((state.collections, state.articles, state.internal_articles), (2, 1, 1));
    assert_eq!((state.published_articles, state.articles_for_ai), (0, 0));
    assert_eq!(found(&run, &SourceRef::new("kb_category", "2")).await, [""; 0]);
    assert_eq!(run.target(&inner.source).kind, "internal_article");
    let calls: u64 = [&public, &inner].iter().map(|d| run.sink.floor(run.shaped(&d.source))).sum();
    let written = intercom.with_journal(|j| {
        j.entries.iter().filter(|e| e.method == "POST" && e.endpoint.contains("articles")).count() as u64
    });
    assert_eq!(written, calls);
    for record in
        [public.source, inner.source, SourceRef::new("kb_category", "2"), SourceRef::new("kb_category", "1")]
    {
        assert_eq!(run.undo(&record).await, End::Done);
    }
    assert_eq!(run.undo(&SourceRef::new("batch", "run-1")).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
    let journal = intercom.journal();
    assert_eq!(
        (journal.notifications.count, journal.denied_calls.count, journal.ignored_keys.len()),
        (0, 0, 0)
    );
}

#[tokio::test]
async fn two_categories_of_one_name_stay_two_when_the_answer_to_the_first_is_lost() {
    let intercom = workspace();
    intercom.turn(|k| {
        let lost = FaultRule::new(Fault::LoseAnswer).on("POST", "/help_center/collections");
        k.faults = vec![lost.matches([1])];
    });
    let mut run = ready(&intercom).await;
    assert_eq!(run.put(category("2", "Billing", None)).await, End::Done);
    assert_eq!(intercom.state().collections, 2);
    let (first, second) = (SourceRef::new("kb_category", "1"), SourceRef::new("kb_category", "2"));
    assert_ne!(run.target(&first), run.target(&second));
}

#[tokio::test]
async fn a_translation_into_the_default_language_is_the_articles_own_text_and_the_first_one_is_kept_beside_it()
 {
    let intercom = workspace();
    intercom.seed(Seed { locales: vec!["de".into()], ..Seed::default() });
    let mut run = ready(&intercom).await;
    let mut draft =
        article("10", "Wie man zahlt", "<p>So</p>").with("locale", "de").with("title.en", "How to pay");
    draft.parts[0].key = "de".into();
    draft.parts.push(text("en", "<p>Like this</p>"));
    assert_eq!(run.put(draft.clone()).await, End::Done);
    assert_eq!(found(&run, &draft.source).await, [""; 0]);
    let read = run.read(&draft.source).await.draft;
    let texts: Vec<_> = read.parts.iter().map(|p| (p.key.as_str(), p.body.canonical())).collect();
    assert_eq!(texts, [("en", "Like this".to_owned()), ("de", "So".to_owned())]);
    assert_eq!((read.text("title"), read.text("title.de")), ("How to pay", "Wie man zahlt"));
}

#[tokio::test]
async fn published_articles_are_published_when_the_draft_says_so_and_still_no_assistants() {
    let intercom = workspace();
    let mut run = ready(&intercom).await;
    assert_eq!(run.put(article("10", "How to pay", "<p>x</p>").with("state", "published")).await, End::Done);
    let state = intercom.state();
    assert_eq!((state.published_articles, state.articles_for_ai), (1, 0));
}

#[tokio::test]
async fn articles_that_link_to_each_other_lead_to_their_counterparts_and_the_rest_stays_text() {
    let intercom = workspace();
    let mut run = ready(&intercom).await;
    let to = |id: &str, label: &str| format!("<a href=\"record:kb_article:{id}\">{label}</a>");
    let first = mentioning(
        article(
            "10",
            "One",
            &format!("<p>see {}, {} and {}</p>", to("11", "two"), to("12", "three"), to("99", "gone")),
        ),
        &["11", "12", "99"],
    );
    let second = mentioning(article("11", "Two", &format!("<p>back to {}</p>", to("10", "one"))), &["10"]);
    let third = mentioning(internal("12", "Three", &format!("<p>see {}</p>", to("10", "one"))), &["10"]);
    let all = [first, second.with("state", "published"), third].map(|draft| run.plan(draft));
    for record in &all {
        assert_eq!(run.drive(record, 0).await, End::Done);
    }
    let read = run.read(&all[0]).await;
    assert_eq!(read.draft.parts[0].body.mentions(), [""; 0]);
    assert_eq!(read.draft.parts[0].body.canonical(), "see two, three and gone");
    for record in &all {
        assert_eq!(run.drive(record, 1).await, End::Done);
        assert_eq!(found(&run, record).await, [""; 0], "{record}");
    }
    let hrefs = all.each_ref().map(|record| mapping_core::mention::href_of_remote(&run.target(record)));
    let target = |i: usize| hrefs[i].clone();
    let read = run.read(&all[0]).await;
    assert_eq!(read.draft.parts[0].body.mentions(), [target(1)]);
    assert_eq!(run.read(&all[2]).await.draft.parts[0].body.mentions(), [target(0)]);
    let losses = run.losses(&all[0]);
    assert_eq!(
        losses.len(),
        2,
        "an internal article has no address for readers, and one is not there: {losses:?}"
    );
    assert!(losses.iter().all(|loss| loss.field == "body.links"));
    let path = format!("/articles/{}", run.target(&all[0]).id);
    let raw = standin::get(&intercom, &path).await["body"].as_str().unwrap().to_owned();
    assert!(raw.contains("/en/articles/") && !raw.contains("record:") && !raw.contains("remote:"), "{raw}");
    // A link that leads elsewhere is a difference.
    let other = run.put(article("13", "Four", "<p>x</p>")).await;
    assert_eq!(other, End::Done);
    let moved =
        raw.replace(&run.target(&all[1]).id.to_string(), &run.target(&SourceRef::new("kb_article", "13")).id);
    standin::ask(&intercom, http::Method::PUT, &path, Some(serde_json::json!({"body": moved}))).await;
    let want = run.shaped(&all[0]).resolved(&run.refs());
    let two = format!("<p>see <a href=\"{}\">two</a>, three and gone</p>", target(1));
    let mut only = want.clone();
    only.parts[0].body = Body::html(two);
    let read = run.read(&all[0]).await;
    let fields: Vec<String> = diff(&only, &read, &run.refs()).into_iter().map(|d| d.field).collect();
    assert_eq!(fields, ["parts[0].body.links"]);
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_collection_article_or_tag() {
    for (method, endpoint) in [
        ("POST", "/help_center/collections"),
        ("POST", "/articles"),
        ("POST", "/internal_articles"),
        ("POST", "/articles/{id}/tags"),
        ("PUT", "/articles/{id}"),
    ] {
        let intercom = workspace();
        intercom.turn(|k| {
            k.faults = vec![FaultRule::new(Fault::LoseAnswer).on(method, endpoint).matches([1])];
        });
        let mut run = ready(&intercom).await;
        let html = "<p>see <a href=\"record:kb_article:10\">myself</a></p>";
        assert_eq!(run.put(mentioning(article("10", "One", html), &["10"])).await, End::Done);
        assert_eq!(run.put(internal("11", "Two", "<p>x</p>")).await, End::Done);
        let state = intercom.state();
        assert_eq!((state.collections, state.articles, state.internal_articles), (1, 1, 1), "{endpoint}");
        assert_eq!(found(&run, &SourceRef::new("kb_article", "10")).await, [""; 0], "{endpoint}");
    }
}

#[tokio::test]
async fn two_articles_of_one_title_and_text_stay_two_whatever_answer_is_lost() {
    for nth in [1, 2] {
        let intercom = workspace();
        intercom.turn(|k| {
            k.faults = vec![FaultRule::new(Fault::LoseAnswer).on("POST", "/articles").matches([nth])];
        });
        let mut run = ready(&intercom).await;
        for id in ["10", "11"] {
            assert_eq!(run.put(article(id, "Same", "<p>same</p>")).await, End::Done);
        }
        assert_eq!(intercom.state().articles, 2);
        let target = |id: &str| run.target(&SourceRef::new("kb_article", id));
        assert_ne!(target("10"), target("11"));
    }
}

#[tokio::test]
async fn a_collection_that_was_there_is_taken_unchanged_and_stays() {
    let intercom = workspace();
    let there = SeedCollection { name: "Billing".into(), description: Some("Theirs".into()), parent: None };
    intercom.seed(Seed { collections: vec![there], ..Seed::default() });
    let before = standin::snapshot(&intercom).await;
    let mut run = ready(&intercom).await;
    let record = SourceRef::new("kb_category", "1");
    assert_eq!(run.lost_fields(&record), ["description"]);
    // Of one name in another place, and of one name that another record made: these are no counterparts.
    assert_eq!(run.put(category("2", "Billing", Some("1"))).await, End::Done);
    assert_eq!(run.put(category("3", "Billing", Some("1"))).await, End::Done);
    assert_eq!(intercom.state().collections, 3);
    let later = category("1", "Billing", None).with("description", "Ours now");
    assert_eq!(run.change_unread(later).await, End::Done);
    for id in ["3", "2", "1"] {
        assert_eq!(run.undo(&SourceRef::new("kb_category", id)).await, End::Done);
    }
    assert_eq!(run.undo(&SourceRef::new("batch", "run-1")).await, End::Done);
    assert_eq!(standin::snapshot(&intercom).await, before);
}

#[tokio::test]
async fn a_collection_with_something_of_somebody_elses_in_it_is_kept() {
    for inner in [true, false] {
        let intercom = workspace();
        let mut run = ready(&intercom).await;
        let mut theirs = Seed::default();
        if inner {
            theirs.collections = vec![SeedCollection {
                name: "Theirs".into(),
                parent: Some("Billing".into()),
                ..SeedCollection::default()
            }];
        } else {
            let collection = Some("Billing".to_owned());
            theirs.articles =
                vec![SeedArticle { title: "Theirs".into(), collection, ..SeedArticle::default() }];
        }
        intercom.seed(theirs);
        let end = run.undo(&SourceRef::new("kb_category", "1")).await;
        assert!(matches!(&end, End::Quarantined { why } if why.contains("stays")), "{end:?}");
        let state = intercom.state();
        assert_eq!((state.collections, state.articles), if inner { (2, 0) } else { (1, 1) });
    }
}

#[tokio::test]
async fn a_change_at_the_source_rewrites_an_article_and_its_links_unless_a_person_wrote_in_it() {
    for edited in [false, true] {
        let intercom = workspace();
        let mut run = ready(&intercom).await;
        let draft = article("10", "One", "<p>first</p>");
        assert_eq!(run.put(draft.clone()).await, End::Done);
        let path = format!("/articles/{}", run.target(&draft.source).id);
        if edited {
            let body = serde_json::json!({"body": "<p>by hand</p>"});
            standin::ask(&intercom, http::Method::PUT, &path, Some(body)).await;
        }
        let html = "<p>second, see <a href=\"record:kb_article:10\">myself</a></p>";
        assert_eq!(run.change(mentioning(article("10", "One", html), &["10"])).await, End::Done);
        let text = run.read(&draft.source).await.draft.parts[0].body.canonical();
        assert_eq!(text, if edited { "by hand" } else { "second, see myself" });
        let mentions = run.read(&draft.source).await.draft.parts[0].body.mentions().len();
        assert_eq!(mentions, usize::from(!edited));
    }
}

#[tokio::test]
async fn without_the_permission_to_read_the_help_centre_links_stay_text() {
    let intercom = workspace();
    intercom.turn(|k| k.plan_gated = vec!["GET /help_center/help_centers".into()]);
    let mut run = ready(&intercom).await;
    let html = "<p>see <a href=\"record:kb_article:10\">myself</a></p>";
    assert_eq!(run.put(mentioning(article("10", "One", html), &["10"])).await, End::Done);
    let record = SourceRef::new("kb_article", "10");
    assert_eq!(run.lost_fields(&record), ["body.links"]);
    assert_eq!(found(&run, &record).await, [""; 0]);
    assert!(!run.catalog.facts.contains_key("help_center_locales"));
}

#[tokio::test]
async fn an_author_who_left_during_the_run_is_named_by_the_one_who_stands_in() {
    let intercom = workspace();
    let mut run = ready(&intercom).await;
    let record = run.plan(article("10", "One", "<p>x</p>"));
    intercom.edit(&Edit::TeammateGone { admin: standin::AGENT }).unwrap();
    assert_eq!(run.drive(&record, u8::MAX).await, End::Done);
    assert_eq!(run.lost_fields(&record), ["author"]);
    assert_eq!(found(&run, &record).await, [""; 0]);
    let read = run.read(&record).await.draft;
    assert!(
        read.parts[0].body.canonical().ends_with("Originally by Grace"),
        "{:?}",
        read.parts[0].body.canonical()
    );
    let sink = standin::sink(&intercom, SinkOptions::default());
    let empty = Draft::new("article", SourceRef::new("kb_article", "1"));
    assert_eq!(sink.shape(&empty, &run.catalog).unwrap_err().kind(), ErrorKind::Invalid);
}
