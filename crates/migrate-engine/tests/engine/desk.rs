//! A small help desk, a destination that lists its schema, and a run between the two.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use mapping_core::model::*;
use mapping_core::testkit::{MemoryObject, MemoryServer, MemorySink, MemorySource, VirtualClock, Wire};
use mapping_core::*;
use migrate_engine::{
    ApplyOptions, ApplyReport, ApproveOptions, Cancel, Ctx, ExtractOptions, Failure, InitOptions, MapOptions,
    PlanOptions, PlanReport, ProvisionOptions, RollbackOptions, RollbackReport, Run, Silent, Timer,
    VerifyOptions, VerifyReport,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const TICKETS: usize = 8;

/// Virtual time as a timer: waiting moves it on.
#[derive(Clone, Debug)]
pub(crate) struct Virtual(pub(crate) VirtualClock);
impl Clock for Virtual {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}
#[async_trait]
impl Timer for Virtual {
    async fn sleep_until(&self, moment: Timestamp) {
        tokio::task::yield_now().await;
        self.0.advance_to(moment);
    }
}

/// The in-memory sink with a catalog of fields: what was provisioned is listed, as a real platform does.
pub(crate) struct Desk {
    pub(crate) inner: MemorySink,
    pub(crate) server: MemoryServer,
    /// Every call of the platform is refused: it can't be reached.
    pub(crate) down: std::sync::atomic::AtomicBool,
    /// Setting the fields of a thread finds that the title can't be kept.
    pub(crate) lossy: std::sync::atomic::AtomicBool,
    /// The closing of this record's thread is refused, or the making of its object.
    pub(crate) refuses: std::sync::Mutex<Option<SourceRef>>,
    /// The entry of the schema that no call of the platform can make.
    pub(crate) by_hand: std::sync::Mutex<Option<String>>,
    /// What was asked, in order: operation and record.
    pub(crate) asked: std::sync::Mutex<Vec<(String, SourceRef)>>,
}

impl Desk {
    fn fields(&self) -> Vec<FieldSpec> {
        let attribute = |o: &MemoryObject| o.kind.ends_with("_attribute");
        let objects = self.server.objects().into_iter().filter(attribute);
        objects
            .map(|o| {
                let text = |name: &str| o.fields.get(name).and_then(|v| v.as_str().map(str::to_owned));
                let options = o.fields.get("options").map(|v| v.items().to_vec()).unwrap_or_default();
                FieldSpec {
                    kind: o.kind.clone(),
                    name: text("name").unwrap_or_default(),
                    field_type: match text("data_type").as_deref() {
                        Some("integer") => FieldType::Integer,
                        Some("decimal") => FieldType::Decimal,
                        Some("boolean") => FieldType::Boolean,
                        Some("datetime") => FieldType::DateTime,
                        Some("date") => FieldType::Date,
                        Some("list") => FieldType::List,
                        _ => FieldType::Text,
                    },
                    options: options.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
                    description: None,
                    max_chars: None,
                    remote: Some(RemoteRef::new(o.kind.clone(), o.id.clone())),
                }
            })
            .collect()
    }
    fn up(&self) -> Result<()> {
        if self.down.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(
                Error::not_sent(ErrorKind::Transport, "no route to the platform").with_retry(Retry::Later)
            );
        }
        Ok(())
    }
}

/// A draft without the link of a contact to its company, and that.
fn apart(draft: &Draft) -> (Draft, Option<SourceRef>) {
    let mut rest = draft.clone();
    match rest.fields.remove("company") {
        Some(Value::Link(Link::Source(to))) if draft.kind == *"contact" => (rest, Some(to)),
        _ => (draft.clone(), None),
    }
}

#[async_trait]
impl Sink for Desk {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }
    async fn catalog(&self) -> Result<Catalog> {
        let person = |id: &str, name: &str, email: &str| Person {
            remote: RemoteRef::new("admin", id),
            name: name.into(),
            email: Some(email.into()),
            active: true,
        };
        let mut catalog = self.inner.catalog().await?;
        catalog.account = "Acme desk".to_owned();
        catalog.fields = self.fields();
        let teams = self.server.objects().into_iter().filter(|o| o.kind == "team");
        catalog.teams = teams
            .map(|o| Team {
                remote: RemoteRef::new("team", o.id.clone()),
                name: o.fields["name"].as_str().unwrap_or_default().to_owned(),
                members: Vec::new(),
            })
            .collect();
        let named = |o: MemoryObject| Some((o.fields.get("name")?.as_str()?.to_owned(), o.id));
        let tags = self.server.objects().into_iter().filter(|o| o.kind == "tag").filter_map(named);
        catalog.tags.extend(tags.map(|(name, id)| Named { remote: RemoteRef::new("tag", id), name }));
        let admins = self.server.objects().into_iter().filter(|o| o.kind == "admin");
        catalog.people = admins.map(|o| person(&o.id, "Ada", o.key.as_deref().unwrap_or_default())).collect();
        Ok(catalog)
    }
    fn shape(&self, draft: &Draft, catalog: &Catalog) -> Result<Shaped> {
        if self.by_hand.lock().unwrap().as_deref() == Some(draft.text("name")) {
            return Err(Error::not_sent(ErrorKind::Unsupported, "people make these in the settings"));
        }
        let mut shaped = self.inner.shape(draft, catalog)?;
        for name in shaped.draft.fields.keys().filter_map(|f| f.strip_prefix("attribute.")) {
            let kind = format!("{}_attribute", draft.kind);
            if let Some(field) = catalog.field(&kind, name) {
                shaped.relies_on.insert(field.key());
            }
        }
        Ok(shaped)
    }
    /// Threads are closed in a pass of their own. A contact goes without its company when that can't be had.
    fn steps(&self, change: &Change<'_>) -> Result<Vec<Step>> {
        let (desired, company) = apart(change.desired);
        let mut steps = self.inner.steps(&Change { desired: &desired, ..*change })?;
        let put = Step::new("object.change", Effect::Change).arg("fields", "company").refusal_is_loss();
        steps.extend(company.map(|to| put.needs([to])));
        steps.iter_mut().filter(|s| s.op == "thread.close").for_each(|s| s.pass = 1);
        Ok(steps)
    }
    /// Every tag that is the mark of a batch; each carries one record.
    async fn marked(&self, _: &Catalog) -> Result<Vec<Marked>> {
        let tags = self.server.objects().into_iter().filter(|o| o.kind == "tag" && !o.archived);
        let batches = tags.filter_map(|o| Some((o.id, o.key.filter(|key| key.contains("-batch-"))?)));
        let one = |(id, label)| Marked { mark: RemoteRef::new("tag", id), label, records: 1, example: None };
        Ok(batches.map(one).collect())
    }
    async fn prepare(&self, call: &Call<'_>) -> Result<Prepared> {
        self.up()?;
        let (draft, own) = (apart(call.draft).0, call.step.args.contains_key("fields"));
        let Call { step, so_far, prepared, refs, blobs, now, .. } = call.clone();
        let draft = if own { call.draft } else { &draft };
        self.inner.prepare(&Call::new(step, draft, so_far, prepared, refs, blobs, now)).await
    }
    async fn perform(&self, call: &Call<'_>) -> Result<Receipt> {
        self.up()?;
        self.asked.lock().unwrap().push((call.step.op.to_string(), call.draft.source.clone()));
        if call.step.op == "thread.close" && self.refuses.lock().unwrap().as_ref() == Some(&call.draft.source)
        {
            return Err(Error::rejected(ErrorKind::Invalid, "a thread that stays open"));
        }
        let made = call.step.op == "object.create";
        if made && self.refuses.lock().unwrap().as_ref() == Some(&call.draft.source) {
            return Err(Error::rejected(ErrorKind::Invalid, "a record that isn't wanted"));
        }
        let (draft, own) = (apart(call.draft).0, call.step.args.contains_key("fields"));
        let Call { step, so_far, prepared, refs, blobs, now, .. } = call.clone();
        let draft = if own { call.draft } else { &draft };
        let receipt = self.inner.perform(&Call::new(step, draft, so_far, prepared, refs, blobs, now)).await?;
        let lossy = self.lossy.load(std::sync::atomic::Ordering::SeqCst) && call.step.op == "thread.set";
        let loss = || Loss::new(call.draft.source.clone(), "title", LossRule::Defaulted, "it stays theirs");
        Ok(if lossy { receipt.loss(loss()) } else { receipt })
    }
    async fn settle(&self, call: &Call<'_>) -> Result<Vec<Candidate>> {
        self.up()?;
        self.inner.settle(call).await
    }
    async fn read(&self, at: &RemoteRef) -> Result<Option<Observed>> {
        self.up()?;
        self.inner.read(at).await
    }
    fn undo(&self, done: &Progress) -> Result<Vec<Step>> {
        self.inner.undo(done)
    }
    fn batch_mark(&self, label: &str) -> Option<Draft> {
        self.inner.batch_mark(label)
    }
    fn floor(&self, draft: &Draft) -> u64 {
        self.inner.floor(draft)
    }
    async fn list(&self, kind: &str) -> Result<Option<Vec<Observed>>> {
        if !["macro", "team"].contains(&kind) {
            return Ok(None);
        }
        let objects = self.server.objects().into_iter().filter(|o| o.kind == kind && !o.archived);
        let seen = objects.map(|o| Observed {
            draft: Draft {
                fields: o.fields.clone(),
                ..Draft::new(o.kind.clone(), SourceRef::new(o.kind.clone(), o.id.clone()))
            },
            window: Window::Whole,
            version: None,
        });
        Ok(Some(seen.collect()))
    }
    fn address(&self, at: &RemoteRef, there: &Catalog) -> Option<String> {
        (at.kind == *"conversation")
            .then(|| format!("https://{}.test/{}", there.account.replace(' ', "-"), at.id))
    }
}

/// A run directory, both sides, and the time.
pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) wire: Wire,
    pub(crate) server: MemoryServer,
    pub(crate) desk: Desk,
    pub(crate) source: MemorySource,
    pub(crate) timer: Virtual,
    pub(crate) cancel: Cancel,
}

impl World {
    pub(crate) fn new() -> World {
        World::with(records(TICKETS))
    }
    pub(crate) fn with(records: Vec<Record>) -> World {
        let wire = Wire::new();
        let server = MemoryServer::new(&wire, Duration::from_secs(20));
        server.plant(MemoryObject {
            key: Some("ada@example.test".to_owned()),
            ..MemoryObject::new("", "admin")
        });
        World {
            dir: tempfile::tempdir().unwrap(),
            timer: Virtual(wire.clock().clone()),
            desk: Desk {
                inner: MemorySink::new(&server, 30),
                server: server.clone(),
                down: false.into(),
                lossy: false.into(),
                refuses: None.into(),
                by_hand: None.into(),
                asked: Vec::new().into(),
            },
            source: MemorySource::new(records, 3),
            wire,
            server,
            cancel: Cancel::new(),
        }
    }
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("run")
    }
    pub(crate) fn init(&self) -> Run {
        Run::create(self.path(), &InitOptions::new("acme", "focalscope-to-intercom")).unwrap()
    }
    pub(crate) fn open(&self) -> Run {
        Run::open(self.path()).unwrap()
    }
    pub(crate) fn ctx(&self) -> Ctx<'_> {
        Ctx::new(&self.timer, &Silent, &self.cancel)
    }
    pub(crate) async fn extract(&self, run: &Run) -> migrate_engine::ExtractReport {
        migrate_engine::extract(run, &self.source, &ExtractOptions::default(), &self.ctx()).await.unwrap()
    }
    /// Everything up to and with the plan.
    pub(crate) async fn planned(&self) -> (Run, PlanReport) {
        self.planned_in(self.init()).await
    }
    pub(crate) async fn planned_in(&self, run: Run) -> (Run, PlanReport) {
        let report = self.extract(&run).await;
        assert_eq!(report.exit.code(), 0, "{report:?}");
        migrate_engine::map(&run, &self.desk, &MapOptions::default(), &self.ctx()).await.unwrap();
        let (options, ctx) = (ProvisionOptions::default(), self.ctx());
        let made = migrate_engine::provision(&run, &self.desk, &options, &ctx).await.unwrap();
        assert_eq!(made.exit.code(), 0, "{made:?}");
        let plan = self.plan(&run).await.unwrap();
        self.approve(&run).await;
        (run, plan)
    }
    pub(crate) async fn approve(&self, run: &Run) {
        let options = ApproveOptions::by("Olga Operator").acknowledge_all();
        migrate_engine::approve(run, &options, &self.ctx()).await.unwrap();
    }
    pub(crate) async fn plan(&self, run: &Run) -> std::result::Result<PlanReport, Failure> {
        migrate_engine::plan(run, &self.desk, &PlanOptions::default(), &self.ctx()).await
    }
    pub(crate) async fn apply(&self, run: &Run) -> std::result::Result<ApplyReport, Failure> {
        migrate_engine::apply(run, &self.desk, &ApplyOptions::default(), &self.ctx()).await
    }
    pub(crate) async fn verify(&self, run: &Run) -> VerifyReport {
        migrate_engine::verify(run, &self.desk, &VerifyOptions::default(), &self.ctx()).await.unwrap()
    }
    pub(crate) async fn roll_back(&self, run: &Run) -> std::result::Result<RollbackReport, Failure> {
        let options = RollbackOptions::default().confirm("Acme desk");
        migrate_engine::rollback(run, &self.desk, &options, &self.ctx()).await
    }
    /// Objects of a kind, those that were there before included.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.server.objects().iter().filter(|o| o.kind == kind && !o.archived).count()
    }
    /// What is wrong at the destination, by the records alone: every ticket once, its messages once and in order.
    pub(crate) fn judge(&self, tickets: usize) -> Vec<String> {
        let mut wrong = Vec::new();
        let objects = self.server.objects();
        for n in 0..tickets {
            let marker = format!("ticket:{n}");
            let mine: Vec<_> = objects.iter().filter(|o| o.marker.as_deref() == Some(&marker)).collect();
            let [one] = mine.as_slice() else {
                wrong.push(format!("{marker}: {} conversations", mine.len()));
                continue;
            };
            let texts: Vec<String> = one.parts.iter().map(|p| p.part.body.canonical()).collect();
            let places: Vec<Option<usize>> =
                (0..messages_of(n)).map(|m| texts.iter().position(|t| t.contains(&words(n, m)))).collect();
            if places.iter().any(Option::is_none) || !places.is_sorted() {
                wrong.push(format!("{marker}: messages at {places:?}"));
            }
            for m in 0..messages_of(n) {
                if texts.iter().filter(|t| t.contains(&words(n, m))).count() != 1 {
                    wrong.push(format!("{marker}: message {m} is doubled"));
                }
            }
        }
        if objects.iter().filter(|o| o.kind == "conversation").count() != tickets {
            wrong.push("there are other conversations".to_owned());
        }
        wrong
    }
}

fn words(ticket: usize, message: usize) -> String {
    format!("text {ticket}.{message}.")
}

pub(crate) fn messages_of(ticket: usize) -> usize {
    1 + ticket % 3
}

fn moment(hours: usize) -> Timestamp {
    let start: Timestamp = "2024-03-01T08:00:00Z".parse().unwrap();
    start + SignedDuration::from_hours(hours as i64)
}

/// Agents, a queue, contacts (two of them with one address), and tickets with their messages.
pub(crate) fn records(tickets: usize) -> Vec<Record> {
    let mut all: Vec<Record> = Vec::new();
    for (id, name, email) in [("1", "Ada", "ADA@example.test"), ("2", "Bob", "bob@example.test")] {
        all.push(Record::from(Agent {
            id: id.into(),
            login: name.into(),
            name: name.into(),
            email: Some(email.into()),
            state: AgentState::Active,
            groups: Vec::new(),
            extension: None,
            extra: Extra::new(),
        }));
    }
    for (id, email) in
        [("1", "eve@example.test"), ("2", "EVE@example.test"), ("3", "joe@example.test"), ("4", "x@y.test")]
    {
        let mut contact = Contact::new(id.into());
        contact.name = Some(format!("Contact {id}").into());
        contact.emails = vec![email.into()];
        all.push(contact.into());
    }
    for n in 0..tickets {
        let mut ticket = Ticket::new(n.to_string().into());
        ticket.number = Some(n.to_string());
        ticket.subject = Some(format!("Subject {n}").into());
        ticket.status = if n % 2 == 0 { Status::Closed } else { Status::Open };
        ticket.contact = Some(((n % 3) + 1).to_string().into());
        ticket.agent = Some("1".into());
        ticket.created_at = Some(moment(n * 10));
        ticket.message_count = Some(messages_of(n) as u64);
        all.push(ticket.into());
    }
    for n in 0..tickets {
        for m in 0..messages_of(n) {
            let mut message =
                Message::new(format!("{n}-{m}").into(), n.to_string().into(), Body::plain(words(n, m)));
            message.sent_at = Some(moment(n * 10 + m));
            if m % 2 == 0 {
                message.author.contact = Some(((n % 3) + 1).to_string().into());
            } else {
                message.direction = Direction::Out;
                message.author.agent = Some("1".into());
            }
            all.push(message.into());
        }
    }
    all
}

/// Copies a run directory: carrying it to another machine.
pub(crate) fn carry(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            carry(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
