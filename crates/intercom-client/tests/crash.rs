//! Nothing is lost, doubled or out of order, wherever the process dies; a rollback reaches the start state.
#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

mod standin;

use async_trait::async_trait;
use http::Method;
use intercom_client::SinkOptions;
use jiff::{SignedDuration, Timestamp};
use mapping_core::testkit::{self, Changed, MemoryBlobs, Phases, Rig, SuiteReport, Verdict, Wire, World};
use mapping_core::text::canonical;
use mapping_core::{
    Author, Blobs, Body, Draft, Format, Link, Part, RemoteRef, Result, Role, Sink, SourceRef, Value,
    Visibility,
};
use migrate_sandbox::clock::SandboxClock;
use migrate_sandbox::intercom::{Intercom, Seed, SeedContact};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

struct IntercomRig {
    name: &'static str,
    phases: Phases,
    blobs: MemoryBlobs,
    changed: Option<Changed>,
}

struct IntercomWorld {
    intercom: Intercom,
    wire: Wire,
}

#[async_trait]
impl Rig for IntercomRig {
    fn name(&self) -> String {
        format!("the Intercom sink: {}", self.name)
    }
    async fn world(&self, wire: &Wire, lag: Duration) -> Result<Box<dyn World>> {
        let now = mapping_core::Clock::now(wire.clock());
        let intercom = standin::workspace(SandboxClock::frozen(now));
        intercom.turn(|knobs| {
            knobs.contact_search_lag_s = lag.as_secs() as i64;
            knobs.conversation_search_lag_s = lag.as_secs() as i64;
        });
        let person = |email: &str, archived| SeedContact {
            name: Some("Was here".into()),
            email: Some(email.into()),
            archived,
            ..SeedContact::default()
        };
        let contacts = vec![person("old@x.example", false), person("gone@x.example", true)];
        intercom.seed(Seed { contacts, ..Seed::default() });
        Ok(Box::new(IntercomWorld { intercom, wire: wire.clone() }))
    }
    fn drafts(&self) -> Phases {
        self.phases.clone()
    }
    fn changed(&self) -> Option<Changed> {
        self.changed.clone()
    }
    fn blobs(&self) -> Arc<dyn Blobs> {
        Arc::new(self.blobs.clone())
    }
}

#[async_trait]
impl World for IntercomWorld {
    async fn connect(&self) -> Result<Box<dyn Sink>> {
        Ok(Box::new(standin::wired_sink(&self.intercom, &self.wire, SinkOptions::default())))
    }
    async fn state(&self) -> Result<serde_json::Value> {
        Ok(standin::snapshot(&self.intercom).await)
    }
    async fn judge(&self, drafts: &Phases) -> Result<Verdict> {
        let seen = standin::snapshot(&self.intercom).await;
        let mut verdict = Verdict::default();
        let threads = seen["conversations"].as_array().unwrap();
        let people = seen["contacts"].as_array().unwrap();
        let wanted: Vec<&Draft> = drafts.iter().flatten().collect();
        for draft in wanted.iter().filter(|d| d.kind == "conversation") {
            judge_thread(&mut verdict, draft, threads);
        }
        for draft in wanted.iter().filter(|d| d.kind == "contact") {
            let key = |field: &str| draft.text(field).to_lowercase();
            let is = |p: &&serde_json::Value| {
                let have = |field: &str| p[field].as_str().unwrap_or_default().to_lowercase();
                (!key("email").is_empty() && have("email") == key("email"))
                    || (key("email").is_empty() && have("external_id") == key("external_id"))
            };
            let found = people.iter().filter(is).count() as u64;
            verdict.lost += u64::from(found == 0);
            verdict.doubled += found.saturating_sub(1);
        }
        judge_rest(&mut verdict, &wanted, &seen);
        let expected = wanted.iter().filter(|d| d.kind == "conversation").count();
        verdict.doubled += threads.len().saturating_sub(expected) as u64;
        self.intercom.with_journal(|journal| {
            verdict.notified = journal.notifications.count + journal.denied_calls.count;
        });
        Ok(verdict)
    }
    async fn meddle(&self) -> Result<()> {
        let contacts =
            vec![SeedContact { email: Some("somebody@x.example".into()), ..SeedContact::default() }];
        self.intercom.seed(Seed { contacts, ..Seed::default() });
        let listed = standin::get(&self.intercom, "/contacts?per_page=150").await;
        let old = listed["data"].as_array().unwrap().iter().find(|c| c["email"] == "old@x.example").unwrap();
        let path = format!("/contacts/{}", old["id"].as_str().unwrap());
        standin::ask(&self.intercom, Method::PUT, &path, Some(json!({"phone": "+4930999999"}))).await;
        Ok(())
    }
}

/// Everything but threads and people, by its name; what links them, and that no assistant reads an article.
fn judge_rest(verdict: &mut Verdict, wanted: &[&Draft], seen: &serde_json::Value) {
    let library = &seen["library"];
    let rows = |list: &serde_json::Value| list.as_array().unwrap().clone();
    let mut counted = |what: &Draft, found: usize, right: bool| {
        verdict.lost += u64::from(found == 0 || !right);
        verdict.doubled += found.saturating_sub(1) as u64;
        if found != 1 || !right {
            verdict.remarks.push(format!("{}: {found} found, {seen}", what.source));
        }
    };
    for draft in wanted {
        match draft.kind.as_str() {
            "collection" => {
                let all = rows(&library["collections"]);
                let found: Vec<_> = all.iter().filter(|c| c[0] == draft.text("name")).collect();
                let nested = draft.field("parent").as_link().is_some();
                counted(draft, found.len(), found.iter().all(|c| c[2].is_string() == nested));
            }
            "article" if draft.text("visibility") == "internal" => {
                let all = rows(&library["internal"]);
                counted(draft, all.iter().filter(|a| a["title"] == draft.text("title")).count(), true);
            }
            "article" => {
                let all = rows(&library["articles"]);
                let found: Vec<_> = all.iter().filter(|a| a["title"] == draft.text("title")).collect();
                let right = |a: &&serde_json::Value| {
                    let texts = a["texts"].as_array().unwrap();
                    let body = texts[0][2].as_str().unwrap();
                    let links = body.matches("/articles/").count();
                    let said = canonical(Format::Html, body) == draft.parts[0].body.canonical();
                    said && links == draft.mentions.len()
                        && texts.len() == draft.parts.len()
                        && a["tags"].as_array().unwrap().len() == 1
                        && a["in"].is_string()
                        && a["ai"] == false
                };
                counted(draft, found.len(), found.iter().all(right));
            }
            "office_hours" => {
                let all = rows(&seen["hours"]);
                let found: Vec<_> = all.iter().filter(|h| h[0] == draft.text("name")).collect();
                let days = draft.field("exceptions").items().len();
                counted(draft, found.len(), found.iter().all(|h| h[3].as_array().unwrap().len() == days));
            }
            "company" => {
                let all = rows(&seen["companies"]["seen"]);
                let found: Vec<_> =
                    all.iter().filter(|c| c["company_id"] == draft.text("company_id")).collect();
                let here =
                    |d: &&&Draft| d.field("company").as_link() == Some(&Link::Source(draft.source.clone()));
                let members = wanted.iter().filter(here).count();
                counted(draft, found.len(), found.iter().all(|c| c["user_count"] == members));
            }
            _ => {}
        }
    }
    let notes: usize = wanted.iter().filter(|d| d.kind == "contact").map(|d| d.parts.len()).sum();
    let there = usize::try_from(seen["notes"].as_u64().unwrap()).unwrap();
    verdict.lost += notes.saturating_sub(there) as u64;
    verdict.doubled += there.saturating_sub(notes) as u64;
    let companies = wanted.iter().filter(|d| d.kind == "company").count() as u64;
    verdict.doubled += seen["companies"]["count"].as_u64().unwrap().saturating_sub(companies);
}

fn judge_thread(verdict: &mut Verdict, draft: &Draft, threads: &[serde_json::Value]) {
    let found: Vec<_> = threads.iter().filter(|t| t["title"] == draft.text("title")).collect();
    verdict.doubled += found.len().saturating_sub(1) as u64;
    let Some(thread) = found.first() else {
        verdict.lost += 1;
        verdict.remarks.push(format!("{} is not there", draft.source));
        return;
    };
    let text = |html: &serde_json::Value| canonical(Format::Html, html.as_str().unwrap_or_default());
    let mut have: Vec<(String, i64)> = vec![(text(&thread["opening"]), thread["at"].as_i64().unwrap())];
    let parts = thread["parts"].as_array().unwrap();
    have.extend(parts.iter().map(|p| (text(&p["body"]), p["at"].as_i64().unwrap())));
    have.retain(|(text, _)| !text.starts_with('['));
    let want: Vec<(String, i64)> =
        draft.parts.iter().map(|p| (p.body.canonical(), p.at.unwrap().as_second())).collect();
    if want.len() > have.len() {
        verdict.lost += (want.len() - have.len()) as u64;
    }
    verdict.doubled += have.len().saturating_sub(want.len()) as u64;
    verdict.out_of_order += u64::from(want.len() == have.len() && want != have);
    let files: usize = parts.iter().map(|p| p["files"].as_array().unwrap().len()).sum();
    let promised: usize = draft.parts.iter().map(|p| p.files.len()).sum();
    let wrong = files != promised
        || thread["state"] != draft.text("state")
        || thread["tags"].as_array().unwrap().len() != draft.field("tags").items().len()
        || draft.fields.contains_key("assignee") && thread["admin"] == 0
        || draft.fields.contains_key("team") && thread["team"] == 0
        || thread["attributes"]["focalscope_priority__c"] != "High"
        || thread["read"] != true;
    verdict.lost += u64::from(wrong);
    if wrong || want != have {
        verdict.remarks.push(format!("{}: {want:?} became {thread}", draft.source));
    }
}

fn at(second: i64) -> Option<Timestamp> {
    let begin = mapping_core::Clock::now(&testkit::VirtualClock::new());
    Some(begin - SignedDuration::from_hours(24) + SignedDuration::from_secs(second))
}

fn by_contact(id: &str) -> Author {
    Author { link: Some(Link::Source(SourceRef::new("contact", id))), name: None }
}

fn by_agent() -> Author {
    Author { link: Some(Link::Remote(RemoteRef::new("admin", standin::AGENT.to_string()))), name: None }
}

fn schema() -> Vec<Draft> {
    let list = Value::List(vec![Value::text("Low"), Value::text("High")]);
    let mut priority = Draft::new(
        "conversation_attribute",
        SourceRef::new("conversation_attribute", "focalscope_priority__c"),
    )
    .with("name", "focalscope_priority__c")
    .with("data_type", "list");
    priority.fields.insert("options".into(), list);
    let city = Draft::new("contact_attribute", SourceRef::new("contact_attribute", "focalscope_city__c"))
        .with("name", "focalscope_city__c")
        .with("data_type", "text");
    let tag = Draft::new("tag", SourceRef::new("tag", "vip")).with("name", "vip");
    vec![priority, city, tag]
}

fn contact(id: &str, email: &str) -> Draft {
    let mut draft = Draft::new("contact", SourceRef::new("contact", id))
        .with("name", format!("Name {id}"))
        .with("phone", format!("+49 30 12345{id}"))
        .with("external_id", format!("focalscope:contact:{id}"))
        .with("attribute.focalscope_city__c", "Berlin");
    if !email.is_empty() {
        draft = draft.with("email", email);
        draft.key = Some(email.to_lowercase().into());
    }
    draft
}

/// Equal replies in one second, a note, an agent, files on the opening, a team and a teammate, closed.
fn conversation(id: &str, who: &str, second: i64, title: &str, blobs: &MemoryBlobs) -> Draft {
    let tags =
        Value::List(vec![Value::Link(Link::Batch), Value::Link(Link::Source(SourceRef::new("tag", "vip")))]);
    let mut draft = Draft::new("conversation", SourceRef::new("ticket", id))
        .with("contact", Link::Source(SourceRef::new("contact", who)))
        .with("title", title)
        .with("state", "closed")
        .with("read", true)
        .with("attribute.focalscope_priority__c", "high")
        .with("assignee", Link::Remote(RemoteRef::new("admin", standin::AGENT.to_string())))
        .with("team", Link::Remote(RemoteRef::new("team", standin::TEAM.to_string())))
        .with_part(Part::new(
            "m0",
            Role::Customer,
            by_contact(who),
            at(second),
            Body::html("<p>Hi &lt;you&gt;</p>"),
        ));
    draft.fields.insert("tags".into(), tags);
    draft.parts[0].files = vec![blobs.add("a.txt", "text/plain", "first")];
    let thanks = || Part::new("m", Role::Customer, by_contact(who), at(second + 60), Body::plain("Thanks"));
    draft.parts.push(Part { key: "m1".into(), ..thanks() });
    draft.parts.push(Part { key: "m2".into(), ..thanks() });
    let note = Part::new("m3", Role::Agent, by_agent(), at(second + 60), Body::html("<b>call</b> back"));
    draft.parts.push(Part { visibility: Visibility::Internal, ..note });
    let answer = Part::new("m4", Role::Agent, by_agent(), at(second + 90), Body::html("Dear <i>you</i>"));
    draft.parts.push(Part { files: vec![blobs.add("b.bin", "application/x", "second")], ..answer });
    draft
}

fn people() -> IntercomRig {
    let contacts = vec![
        contact("1", "a@x.example"),
        contact("2", "OLD@x.example"),
        contact("3", "gone@x.example"),
        contact("4", ""),
    ];
    let mut phases = vec![schema(), contacts];
    let changed = {
        let mut phases = phases.clone();
        phases[1][0].fields.insert("name".into(), Value::text("Renamed"));
        phases[1].push(contact("5", "new@x.example"));
        Changed { phases, writes: 2 }
    };
    phases.shrink_to_fit();
    IntercomRig { name: "contacts and schema", phases, blobs: MemoryBlobs::new(), changed: Some(changed) }
}

fn threads(n: usize) -> IntercomRig {
    let blobs = MemoryBlobs::new();
    let conversations =
        (0..n).map(|i| conversation(&format!("{i}"), "1", 100, &format!("Ticket {i}"), &blobs)).collect();
    let phases: Phases = vec![schema(), vec![contact("1", "a@x.example")], conversations];
    let changed = {
        let mut phases = phases.clone();
        // One reply, which opens the thread and makes it unread; one close.
        let again = Part::new("m9", Role::Customer, by_contact("1"), at(900), Body::plain("again"));
        phases[2][0].parts.push(again);
        Changed { phases, writes: 3 }
    };
    IntercomRig { name: "threads", phases, blobs, changed: Some(changed) }
}

/// No schema, no files: what twins need and no more.
fn bare_threads(n: usize) -> IntercomRig {
    let mut rig = threads(n);
    for draft in &mut rig.phases[2] {
        draft.parts.truncate(3);
        draft.parts[0].files.clear();
        draft.fields.remove("assignee");
        draft.fields.remove("team");
    }
    rig
}

/// Companies, who belongs to them, and two equal notes on one person.
fn organisations() -> IntercomRig {
    let attribute = Draft::new("company_attribute", SourceRef::new("company_attribute", "region"))
        .with("name", "region")
        .with("data_type", "text");
    let company = Draft::new("company", SourceRef::new("company", "7"))
        .with("company_id", "focalscope:org:7")
        .with("name", "Engines")
        .with("attribute.region", "North");
    let employee = |id: &str, email: &str| {
        let company = Link::Source(SourceRef::new("company", "7"));
        let mut draft = Draft::new("contact", SourceRef::new("contact", id))
            .with("name", format!("Name {id}"))
            .with("external_id", format!("focalscope:contact:{id}"))
            .with("company", company);
        if !email.is_empty() {
            draft = draft.with("email", email);
        }
        draft
    };
    let mut noted = employee("1", "a@x.example");
    for n in 1..=2 {
        let note = Part::new(format!("note:{n}"), Role::Agent, by_agent(), None, Body::html("<p>called</p>"));
        noted.parts.push(Part { visibility: Visibility::Internal, ..note });
    }
    // One that was there before, alive and archived.
    let people = vec![noted, employee("2", "OLD@x.example"), employee("3", "gone@x.example")];
    let phases = vec![vec![attribute], vec![company], people];
    let changed = {
        let mut phases = phases.clone();
        phases[1][0].fields.insert("name".into(), Value::text("Renamed"));
        Changed { phases, writes: 1 }
    };
    IntercomRig { name: "companies and notes", phases, blobs: MemoryBlobs::new(), changed: Some(changed) }
}

/// Two levels, an internal article, and articles of one title and text that link to each other.
fn library() -> IntercomRig {
    let category =
        |id: &str, name: &str| Draft::new("collection", SourceRef::new("kb_category", id)).with("name", name);
    let outer = category("1", "Billing");
    let inner = category("2", "Invoices").with("parent", Link::Source(SourceRef::new("kb_category", "1")));
    let article = |id: &str, title: &str, html: &str| {
        let mut draft = Draft::new("article", SourceRef::new("kb_article", id))
            .with("title", title)
            .with("collection", Link::Source(SourceRef::new("kb_category", "2")))
            .with("author", Link::Remote(RemoteRef::new("admin", standin::AGENT.to_string())))
            .with_part(Part::new("en", Role::Agent, by_agent(), None, Body::html(html)));
        draft.fields.insert("tags".into(), Value::List(vec![Value::Link(Link::Batch)]));
        draft
    };
    let mut first = article("10", "How to pay", "<p>see <a href=\"record:kb_article:9\">this</a></p>");
    first.mentions = vec![SourceRef::new("kb_article", "9")];
    let hidden = article("11", "For us", "<p>secret</p>").with("visibility", "internal");
    let phases =
        vec![vec![outer], vec![inner], vec![article("9", "Prices", "<p>ten</p>")], vec![first, hidden]];
    let changed = {
        let mut phases = phases.clone();
        phases[2][0].parts[0].body = Body::html("<p>eleven</p>");
        Changed { phases, writes: 1 }
    };
    IntercomRig { name: "the help centre", phases, blobs: MemoryBlobs::new(), changed: Some(changed) }
}

fn schedules() -> IntercomRig {
    let list = |texts: &[&str]| Value::List(texts.iter().map(|t| Value::text(*t)).collect());
    let mut hours = Draft::new("office_hours", SourceRef::new("working_hours", "1"))
        .with("name", "Support")
        .with("time_zone", "Europe/Berlin");
    hours.fields.insert("intervals".into(), list(&["540-1020", "1980-2460"]));
    hours.fields.insert("exceptions".into(), list(&["2026-12-25", "2026-12-26"]));
    let mut later = hours.clone();
    later.fields.insert("exceptions".into(), list(&["2026-12-25", "2026-12-26", "2027-01-01"]));
    let changed = Some(Changed { phases: vec![vec![later]], writes: 1 });
    IntercomRig { name: "office hours", phases: vec![vec![hours]], blobs: MemoryBlobs::new(), changed }
}

fn rest() -> [IntercomRig; 3] {
    [organisations(), library(), schedules()]
}

fn passed(proof: std::result::Result<SuiteReport, String>) {
    eprintln!("{}", proof.unwrap());
}

#[tokio::test]
async fn contacts_and_schema_survive_a_crash_at_every_boundary() {
    passed(testkit::crash_at_every_boundary(&people()).await);
}

#[tokio::test]
async fn contacts_and_schema_survive_the_lag_of_searches() {
    passed(testkit::search_lag(&people()).await);
}

#[tokio::test]
async fn threads_survive_a_crash_at_every_boundary() {
    passed(testkit::crash_at_every_boundary(&threads(1)).await);
}

#[tokio::test]
async fn threads_survive_the_lag_of_searches() {
    passed(testkit::search_lag(&threads(1)).await);
}

#[tokio::test]
async fn two_crashes_are_no_worse_than_one() {
    passed(testkit::two_crashes(&threads(1), 17).await);
    passed(testkit::two_crashes(&people(), 17).await);
}

#[tokio::test]
async fn lost_and_refused_answers_lose_and_double_nothing() {
    passed(testkit::lost_and_refused_answers(&threads(2), 0..6).await);
    passed(testkit::lost_and_refused_answers(&people(), 0..6).await);
}

#[tokio::test]
async fn tickets_that_nobody_can_tell_apart_get_a_conversation_each() {
    passed(testkit::twins(&bare_threads(2), 0..3).await);
}

#[tokio::test]
async fn a_rollback_reaches_the_start_state_wherever_the_load_died() {
    passed(testkit::rollback_reaches_the_start_state(&people()).await);
    passed(testkit::rollback_reaches_the_start_state(&threads(1)).await);
}

#[tokio::test]
async fn a_rollback_that_was_killed_goes_on() {
    passed(testkit::rollback_killed_at_every_boundary(&people()).await);
    passed(testkit::rollback_killed_at_every_boundary(&threads(1)).await);
}

#[tokio::test]
async fn a_delta_writes_only_what_changed() {
    passed(testkit::nothing_changed_writes_nothing(&threads(1)).await);
    passed(testkit::nothing_changed_writes_nothing(&people()).await);
    passed(testkit::delta_writes_only_what_changed(&threads(1)).await);
    passed(testkit::delta_writes_only_what_changed(&people()).await);
}

#[tokio::test]
async fn the_sink_keeps_the_contract_of_every_sink() {
    passed(testkit::sink_conformance(&threads(2)).await);
}

#[tokio::test]
async fn companies_notes_articles_and_hours_survive_a_crash_at_every_boundary() {
    for rig in rest() {
        passed(testkit::crash_at_every_boundary(&rig).await);
    }
}

#[tokio::test]
async fn companies_notes_articles_and_hours_survive_lags_and_lost_answers() {
    for rig in rest() {
        passed(testkit::search_lag(&rig).await);
        passed(testkit::lost_and_refused_answers(&rig, 0..6).await);
        passed(testkit::two_crashes(&rig, 17).await);
    }
}

#[tokio::test]
async fn a_rollback_of_companies_notes_articles_and_hours_reaches_the_start_state() {
    for rig in rest() {
        passed(testkit::rollback_reaches_the_start_state(&rig).await);
        passed(testkit::rollback_killed_at_every_boundary(&rig).await);
    }
}

#[tokio::test]
async fn a_delta_of_companies_notes_articles_and_hours_writes_only_what_changed() {
    for rig in rest() {
        passed(testkit::nothing_changed_writes_nothing(&rig).await);
        passed(testkit::delta_writes_only_what_changed(&rig).await);
    }
}

#[tokio::test]
async fn the_sink_keeps_the_contract_for_companies_notes_articles_and_hours() {
    let mut newcomers = organisations();
    // Whoever was there before keeps fields of their own.
    newcomers.phases[2].truncate(1);
    let mut public = library();
    // Reads of internal articles show no tags.
    public.phases[3].truncate(1);
    for rig in [newcomers, public, schedules()] {
        passed(testkit::sink_conformance(&rig).await);
    }
}
