//! The vocabulary's proof: every suite of the test kit over a simulated portal.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod portal;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mapping_core::testkit::{
    Bench, Changed, MemoryBlobs, Phases, Rig, SuiteReport, TestLedger, Verdict, Wire, World,
    crash_at_every_boundary, delta, delta_writes_only_what_changed, lost_and_refused_answers,
    nothing_changed_writes_nothing, rollback, rollback_killed_at_every_boundary,
    rollback_reaches_the_start_state, run, search_lag, sink_conformance, twins, two_crashes,
};
use mapping_core::{
    Author, Blobs, Body, Call, Candidate, Catalog, Change, Clock, Dialect, Draft, ErrorKind, FieldSpec,
    FieldType, Link, Observed, Part, Person, Prepared, Progress, Receipt, RemoteRef, Result, Role, Shaped,
    Sink, SourceRef, Step, Value, Visibility,
};
use portal::{Portal, Ticket};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use zohodesk_client::{Method, Request, Settings, Vocabulary};

/// The sink: the real vocabulary, and a few lines that carry its requests to the portal.
struct Connected {
    vocabulary: Vocabulary,
    portal: Portal,
    confirmed: bool,
    /// Uploads that an earlier process made are used again: the wrong shape, for a control.
    keeps_uploads: bool,
}

impl Connected {
    fn send(&self, request: &Request) -> Result<Json> {
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        };
        let query: BTreeMap<&str, &str> = request.query.iter().map(|(k, v)| (*k, v.as_str())).collect();
        if !request.paged {
            return self.portal.call(method, &request.path, &query, request.body.as_ref());
        }
        let mut all: Vec<Json> = Vec::new();
        loop {
            let from = all.len().to_string();
            let mut query = query.clone();
            query.extend([("limit", "100"), ("from", from.as_str())]);
            let mut answer = self.portal.call(method, &request.path, &query, None)?;
            let Some(Json::Array(entries)) = answer.get_mut("data").map(Json::take) else { break };
            let last = entries.len() < 100;
            all.extend(entries);
            if last {
                break;
            }
        }
        Ok(json!({ "data": all }))
    }
    /// A read whose object may be gone.
    fn find(&self, request: &Request) -> Result<Json> {
        match self.send(request) {
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(Json::Null),
            answer => answer,
        }
    }
}

#[async_trait]
impl Sink for Connected {
    fn dialect(&self) -> Dialect {
        self.vocabulary.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        let remote = RemoteRef::new("agent", "agent-1");
        let person = Person { remote, name: "Ada".into(), email: None, active: self.confirmed };
        let priority = FieldSpec {
            kind: "ticket_field".into(),
            name: "priority".into(),
            field_type: FieldType::List,
            options: ["High", "Medium", "Low"].map(str::to_owned).into(),
            description: None,
            max_chars: None,
            remote: None,
        };
        let as_of = self.portal.wire.clock().now();
        Ok(Catalog { people: vec![person], fields: vec![priority], as_of, ..Catalog::default() })
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        self.vocabulary.shape(draft, catalog)
    }
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        self.vocabulary.steps(change)
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        let mut uploads = Vec::new();
        for file in self.vocabulary.uploads(call) {
            let chunks: Vec<_> = call.blobs.open(file).await?.try_collect().await?;
            uploads.push(self.portal.upload(&file.name, &chunks.concat())?);
        }
        let answer = match self.vocabulary.before(call)? {
            Some(request) => self.find(&request)?,
            None => Json::Null,
        };
        self.vocabulary.prepared(call, &answer, &uploads)
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        if self.keeps_uploads {
            self.portal.wire.clock().advance(Duration::from_secs(3600));
        }
        match self.vocabulary.write(call)? {
            Some(request) => self.vocabulary.receipt(call, Some(&self.send(&request)?)),
            None => self.vocabulary.receipt(call, None),
        }
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        match self.vocabulary.lookup(call)? {
            Some(request) => self.vocabulary.candidates(call, &self.find(&request)?),
            None => Ok(vec![]),
        }
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        let mut answers = Vec::new();
        for request in self.vocabulary.reads(at) {
            answers.push(self.find(&request)?);
        }
        self.vocabulary.observed(at, &answers)
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        Ok(self.vocabulary.undo(done))
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.vocabulary.floor(draft)
    }
}

struct Zoho {
    blind_seconds: u32,
    blobs: MemoryBlobs,
    confirmed: bool,
    keeps_uploads: bool,
}
impl Zoho {
    fn new() -> Self {
        Zoho { blind_seconds: 300, blobs: MemoryBlobs::new(), confirmed: true, keeps_uploads: false }
    }
    fn vocabulary(&self) -> Vocabulary {
        let mut settings = Settings::default();
        settings.department = "5".into();
        settings.layouts = vec!["10".into(), "11".into()];
        settings.blind_seconds = self.blind_seconds;
        settings.comment_units = 5_000;
        Vocabulary::new(settings).unwrap()
    }
}

const ID: &str = "FocalScope Ticket ID";

fn field(label: &str, kind: &str) -> Draft {
    let draft = Draft::new("field", SourceRef::new("field", label)).with("label", label).with("type", kind);
    if kind == "Text" { draft.with("max_length", 50) } else { draft }
}

fn part(key: &str, role: Role, text: &str) -> Part {
    let at = "2019-05-04T09:12:33Z".parse().ok();
    Part::new(key, role, Author { link: None, name: Some("Jane · Doe".into()) }, at, Body::html(text))
}

impl Zoho {
    fn ticket(&self, id: &str, closed: bool) -> Draft {
        let mut draft = Draft::new("ticket", SourceRef::new("ticket", id))
            .with("subject", "Same subject")
            .with("contact", Link::Remote(RemoteRef::new("contact", "c-1")))
            .with("status", if closed { "Closed" } else { "Open" })
            .with("priority", "High")
            .with("assignee", Link::Remote(RemoteRef::new("agent", "agent-1")))
            .with(format!("cf.{ID}"), id)
            .with("cf.Queue", "R&D (east)")
            .with("cf.Existing", "kept")
            .with("cf.Closed At", "2020-01-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap())
            .with_part(part("m1", Role::Customer, "Hello <b>zsu[@user:77]zsu</b><script>x()</script>"))
            .with_part(part("m2", Role::Agent, &"<p>long &lt;words&gt; \"here\" and more of them, so that one comment does not hold them</p>".repeat(34)))
            .with_part(part("m3", Role::Agent, "<p>same</p>"))
            .with_part(part("m4", Role::Agent, "<p>same</p>"));
        draft.parts[0].files.push(self.blobs.add("a.txt", "text/plain", "first"));
        draft.parts[1].files.push(self.blobs.add("b.txt", "text/plain", "second"));
        draft.parts[1].files.push(self.blobs.add("c.txt", "text/plain", "third"));
        draft.parts[2].visibility = Visibility::Internal;
        draft
    }
}

struct PortalWorld {
    portal: Portal,
    vocabulary: Vocabulary,
    confirmed: bool,
    keeps_uploads: bool,
}

#[async_trait]
impl Rig for Zoho {
    fn name(&self) -> String {
        "the Zoho Desk vocabulary on a simulated portal".into()
    }
    async fn world(&self, wire: &Wire, lag: Duration) -> Result<Box<dyn World>> {
        let portal = Portal::new(wire, lag);
        let (vocabulary, confirmed) = (self.vocabulary(), self.confirmed);
        Ok(Box::new(PortalWorld { portal, vocabulary, confirmed, keeps_uploads: self.keeps_uploads }))
    }
    fn drafts(&self) -> Phases {
        let picklist =
            field("Queue", "Picklist").with("options", Value::List(["East", "West"].map(Value::text).into()));
        let fields =
            vec![field(ID, "Text"), picklist, field("Existing", "Text"), field("Closed At", "DateTime")];
        vec![fields, vec![self.ticket("20", true), self.ticket("21", false)]]
    }
    fn changed(&self) -> Option<Changed> {
        let mut phases = self.drafts();
        // One comment; one subject, silently; one close.
        phases[1][0].parts.push(part("m9", Role::Customer, "<p>again</p>"));
        phases[1][1] = phases[1][1].clone().with("subject", "Another").with("status", "Closed");
        Some(Changed { phases, writes: 3 })
    }
    fn blobs(&self) -> Arc<dyn Blobs> {
        Arc::new(self.blobs.clone())
    }
}

#[async_trait]
impl World for PortalWorld {
    async fn connect(&self) -> Result<Box<dyn Sink>> {
        Ok(Box::new(Connected {
            vocabulary: self.vocabulary.clone(),
            portal: self.portal.clone(),
            confirmed: self.confirmed,
            keeps_uploads: self.keeps_uploads,
        }))
    }
    async fn state(&self) -> Result<Json> {
        let state = self.portal.state();
        let label = |id: &Json| {
            let field = id.as_str().and_then(|id| state.fields.get(id));
            field.map_or(json!("system"), |f| f["displayLabel"].clone())
        };
        let layouts: Vec<Json> = state
            .layouts
            .values()
            .flatten()
            .map(|section| {
                let mut fields: Vec<Json> = section["fields"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|f| json!([label(&f["id"]), f["isMandatory"], f["allowedValues"]]))
                    .collect();
                // Which of ours came first depends on who had to wait.
                fields.sort_by_key(ToString::to_string);
                json!([section["name"], fields])
            })
            .collect();
        let mut fields: Vec<String> = state.fields.values().map(|f| f["displayLabel"].to_string()).collect();
        fields.sort();
        let mut tickets: Vec<Json> = state.tickets.values().filter(|t| !t.trashed).map(picture).collect();
        tickets.sort_by_key(ToString::to_string);
        Ok(json!({ "fields": fields, "layouts": layouts, "tickets": tickets }))
    }
    async fn judge(&self, drafts: &Phases) -> Result<Verdict> {
        let state = self.portal.state();
        let mut verdict = Verdict { notified: state.notices, ..Verdict::default() };
        for draft in drafts.iter().flatten() {
            match draft.kind.as_str() {
                "field" => {
                    let there =
                        state.fields.values().filter(|f| f["displayLabel"] == draft.text("label")).count();
                    verdict.lost += u64::from(there == 0);
                    verdict.doubled += there.saturating_sub(1) as u64;
                }
                _ => judge_ticket(&mut verdict, draft, state.tickets.values().filter(|t| !t.trashed)),
            }
        }
        let wanted = drafts.iter().flatten().filter(|d| d.kind == *"ticket").count();
        let there = state.tickets.values().filter(|t| !t.trashed).count();
        verdict.doubled += there.saturating_sub(wanted) as u64;
        Ok(verdict)
    }
    /// An admin makes a field and puts it into our section.
    async fn meddle(&self) -> Result<()> {
        let mut state = self.portal.state();
        state
            .fields
            .insert("admin".into(), json!({ "id": "admin", "displayLabel": "Admin's", "type": "Text" }));
        for layout in state.layouts.values_mut() {
            layout[0]["fields"].as_array_mut().unwrap().push(json!({ "id": "admin", "isMandatory": false }));
        }
        Ok(())
    }
}

fn picture(ticket: &Ticket) -> Json {
    let mut fields = ticket.fields.clone();
    fields.remove("id");
    let comments: Vec<Json> =
        ticket.comments.iter().map(|c| json!([c["content"], c["isPublic"], c["attachments"]])).collect();
    json!([fields, comments])
}

/// Reads the portal only: the words of every message once and in order, its files, the status, the assignee.
fn judge_ticket<'a>(verdict: &mut Verdict, draft: &Draft, all: impl Iterator<Item = &'a Ticket>) {
    let id = draft.source.id.as_str();
    let mine: Vec<&Ticket> = all
        .filter(|t| {
            t.fields["cf"].as_object().unwrap().iter().any(|(k, v)| k.contains("ticket_id") && v == id)
        })
        .collect();
    let Some(ticket) = mine.first() else {
        verdict.lost += 1;
        verdict.remarks.push(format!("ticket {id} is not there"));
        return;
    };
    verdict.doubled += mine.len() as u64 - 1;
    let contents =
        std::iter::once(&ticket.fields["description"]).chain(ticket.comments.iter().map(|c| &c["content"]));
    let texts: Vec<&str> = contents.map(|c| c.as_str().unwrap()).collect();
    let mut at = 0;
    for part in &draft.parts {
        let mine: Vec<(usize, &&str)> =
            texts.iter().enumerate().filter(|(_, t)| t.contains(&format!("· msg {} ·", part.key))).collect();
        if mine.is_empty() {
            verdict.lost += 1;
            verdict.remarks.push(format!("ticket {id}: message {} is not there", part.key));
        }
        let of: usize = mine
            .first()
            .map_or(1, |(_, t)| t.split_once("</p>").unwrap().0.rsplit_once('/').unwrap().1.parse().unwrap());
        verdict.lost += of.saturating_sub(mine.len()) as u64;
        verdict.doubled += mine.len().saturating_sub(of) as u64;
        verdict.out_of_order += u64::from(mine.iter().any(|(place, _)| *place < at));
        at = mine.last().map_or(at, |(place, _)| *place);
        let said: String = mine.iter().map(|(_, t)| t.split_once("</p>").unwrap().1).collect();
        let words = |html: &str| {
            mapping_core::text::canonical(mapping_core::Format::Html, html).replace('\u{200B}', "")
        };
        verdict.lost += u64::from(words(&said) != words(&part.body.text));
    }
    let files = |holder: &Json| holder["attachments"].as_array().map_or(0, Vec::len);
    let there: usize =
        files(&Json::Object(ticket.fields.clone())) + ticket.comments.iter().map(files).sum::<usize>();
    let wanted: usize = draft.parts.iter().map(|p| p.files.len()).sum();
    let right = there == wanted
        && ticket.fields["status"] == draft.text("status")
        && ticket.fields["subject"] == draft.text("subject")
        && ticket.fields.get("assigneeId") == Some(&json!("agent-1"));
    if !right {
        verdict.lost += 1;
        verdict.remarks.push(format!("ticket {id}: files {there} of {wanted}, or another value is wrong"));
    }
}

fn passed(proof: std::result::Result<SuiteReport, String>) -> SuiteReport {
    let report = proof.unwrap();
    println!("{report}");
    report
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_a_crash_at_any_boundary() {
    assert!(passed(crash_at_every_boundary(&Zoho::new()).await).crash_points > 100);
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_by_a_second_crash_after_the_first() {
    assert!(passed(two_crashes(&Zoho::new(), 17).await).crash_points > 50);
}

#[tokio::test]
async fn lost_answers_and_refused_connections_need_nobodys_help() {
    passed(lost_and_refused_answers(&Zoho::new(), 0..30).await);
}

#[tokio::test]
async fn a_search_that_lags_makes_no_double() {
    passed(search_lag(&Zoho::new()).await);
}

#[tokio::test]
async fn tickets_with_equal_content_each_get_their_own() {
    passed(twins(&Zoho::new(), 0..10).await);
}

#[tokio::test]
async fn a_rollback_reaches_the_start_state_and_leaves_the_admins_field() {
    passed(rollback_reaches_the_start_state(&Zoho::new()).await);
}

#[tokio::test]
async fn a_rollback_killed_anywhere_goes_on_to_the_start_state() {
    passed(rollback_killed_at_every_boundary(&Zoho::new()).await);
}

#[tokio::test]
async fn a_delta_writes_only_what_changed() {
    passed(delta_writes_only_what_changed(&Zoho::new()).await);
    passed(nothing_changed_writes_nothing(&Zoho::new()).await);
}

#[tokio::test]
async fn the_vocabulary_keeps_the_promises_of_a_sink() {
    passed(sink_conformance(&Zoho::new()).await);
}

#[tokio::test]
async fn control_without_a_blind_window_a_lagging_search_doubles() {
    let rig = Zoho { blind_seconds: 0, ..Zoho::new() };
    let why = search_lag(&rig).await.unwrap_err();
    assert!(why.contains("doubled"), "{why}");
}

#[tokio::test]
async fn control_uploads_that_are_not_used_at_once_have_expired() {
    let rig = Zoho { keeps_uploads: true, ..Zoho::new() };
    let why = crash_at_every_boundary(&rig).await.unwrap_err();
    assert!(why.contains("expired or used"), "{why}");
}

fn bench<'a>(rig: &Zoho, sink: &'a dyn Sink, wire: &'a Wire, ledger: &'a TestLedger) -> Bench<'a> {
    Bench { sink, blobs: rig.blobs(), wire, ledger, landing: rig.landing() }
}

#[tokio::test]
async fn an_assignment_that_waited_for_its_agent_is_a_delta_of_one_call_and_agents_edits_win() {
    let (rig, wire) = (Zoho { confirmed: false, ..Zoho::new() }, Wire::new());
    let ledger = TestLedger::new(&wire);
    let portal = Portal::new(&wire, Duration::ZERO);
    let sink = |confirmed| Connected {
        vocabulary: rig.vocabulary(),
        portal: portal.clone(),
        confirmed,
        keeps_uploads: false,
    };
    let before = sink(false);
    let ran = run(&bench(&rig, &before, &wire, &ledger), &rig.drafts()).await.unwrap();
    assert!(ran.is_done());
    assert_eq!(ran.losses.iter().filter(|l| l.field == "assignee").count(), 2, "both wait for a later pass");
    // A person takes one of the tickets over in the meantime.
    let taken = ledger.progress(&SourceRef::new("ticket", "21")).unwrap().target().unwrap().id.clone();
    portal.state().tickets.get_mut(&taken).unwrap().fields.insert("assigneeId".into(), json!("somebody"));
    let writes = wire.counts().writes;
    let after = sink(true);
    assert!(delta(&bench(&rig, &after, &wire, &ledger), &rig.drafts()).await.unwrap().is_done());
    assert_eq!(wire.counts().writes - writes, 1);
    let assignees: Vec<String> = portal
        .state()
        .tickets
        .values()
        .map(|t| t.fields["assigneeId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(assignees, ["agent-1", "somebody"]);
    assert_eq!(portal.state().notices, 0);
}

#[tokio::test]
async fn a_field_of_another_type_stops_its_record_and_nothing_is_written_over_it() {
    let (rig, wire) = (Zoho::new(), Wire::new());
    let ledger = TestLedger::new(&wire);
    let portal = Portal::new(&wire, Duration::ZERO);
    let sink = Connected {
        vocabulary: rig.vocabulary(),
        portal: portal.clone(),
        confirmed: true,
        keeps_uploads: false,
    };
    let ran =
        run(&bench(&rig, &sink, &wire, &ledger), &vec![vec![field("Existing", "DateTime")]]).await.unwrap();
    assert!(!ran.is_done());
    assert_eq!(wire.counts().writes, 0);
    assert!(rollback(&bench(&rig, &sink, &wire, &ledger)).await.unwrap().is_done());
    assert_eq!(portal.state().fields.len(), 1);
}

#[tokio::test]
async fn an_agent_whom_the_platform_refuses_does_not_keep_the_ticket_open() {
    let (rig, wire) = (Zoho::new(), Wire::new());
    let ledger = TestLedger::new(&wire);
    let portal = Portal::new(&wire, Duration::ZERO);
    let sink = Connected {
        vocabulary: rig.vocabulary(),
        portal: portal.clone(),
        confirmed: true,
        keeps_uploads: false,
    };
    let mut phases = rig.drafts();
    // An assignee that no catalog could warn of.
    struct Blind<'a>(&'a Connected);
    #[async_trait]
    impl Sink for Blind<'_> {
        fn dialect(&self) -> Dialect {
            self.0.dialect()
        }
        async fn catalog(&self) -> Result<Catalog> {
            let mut catalog = self.0.catalog().await?;
            catalog.people[0].remote = RemoteRef::new("agent", "unconfirmed");
            Ok(catalog)
        }
        fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
            self.0.shape(draft, catalog)
        }
        fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
            self.0.steps(change)
        }
        async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
            self.0.prepare(call).await
        }
        async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
            self.0.perform(call).await
        }
        async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
            self.0.settle(call).await
        }
        async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
            self.0.read(at).await
        }
        fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
            self.0.undo(done)
        }
        fn floor(&self, draft: &Draft) -> u64 {
            self.0.floor(draft)
        }
    }
    for ticket in &mut phases[1] {
        let unconfirmed = Link::Remote(RemoteRef::new("agent", "unconfirmed"));
        ticket.fields.insert("assignee".into(), Value::Link(unconfirmed));
    }
    assert!(run(&bench(&rig, &Blind(&sink), &wire, &ledger), &phases).await.unwrap().is_done());
    let closed = portal.state().tickets.values().filter(|t| t.fields["status"] == "Closed").count();
    assert_eq!(closed, 1, "the closed one is closed although its agent was refused");
}

#[tokio::test]
async fn values_added_to_a_picklist_of_the_portal_are_taken_out_again_and_no_others_wherever_it_was_killed() {
    let rig = Zoho::new();
    let values = |portal: &Portal| portal.state().layouts["10"][1]["fields"][0]["allowedValues"].clone();
    let options = Value::List(["East", "West"].map(Value::text).into());
    let phases = vec![vec![field("Existing", "Text").with("options", options)]];
    let mut crash_points = 0;
    for boundary in 1.. {
        let wire = Wire::new();
        let ledger = TestLedger::new(&wire);
        let portal = Portal::new(&wire, Duration::ZERO);
        portal.state().layouts.get_mut("10").unwrap()[1]["fields"][0]["allowedValues"] =
            json!(["North", "East"]);
        let sink = Connected {
            vocabulary: rig.vocabulary(),
            portal: portal.clone(),
            confirmed: true,
            keeps_uploads: false,
        };
        wire.crash_at(boundary);
        let killed = run(&bench(&rig, &sink, &wire, &ledger), &phases).await.is_err();
        wire.restart();
        ledger.restart();
        if !killed {
            assert_eq!(values(&portal), json!(["North", "East", "West"]));
        }
        if let Some(list) =
            portal.state().layouts.get_mut("10").unwrap()[1]["fields"][0]["allowedValues"].as_array_mut()
        {
            list.push(json!("South"));
        }
        assert!(rollback(&bench(&rig, &sink, &wire, &ledger)).await.unwrap().is_done());
        assert_eq!(values(&portal), json!(["North", "East", "South"]), "killed at boundary {boundary}");
        assert_eq!(portal.state().fields.len(), 1, "a matched field is kept");
        crash_points += u64::from(killed);
        if !killed {
            break;
        }
    }
    assert!(crash_points > 10);
}
