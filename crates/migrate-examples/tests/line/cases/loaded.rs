//! One run over a generated help desk, from `extract` to `verify`, and what is to be seen of it afterwards.

use crate::bench::{Bench, apply, approve, extract, provision, verify};
use mapping_core::{Loss, LossRule, RemoteRef, SourceRef};
use migrate_engine::store::Quarantined;
use migrate_engine::{Exit, Run};
use migrate_examples::args::Verb;
use migrate_sandbox::dataset::{
    Author, AuthorKind, Contact, ContentType, Dataset, KbArticle, Message, Ticket,
};
use migrate_sandbox::generator;
use migrate_sandbox::intercom::{Seed, SeedContact};
use migrate_sandbox::judge::Verdict;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

/// Small, so that it is quick; the thread of 5,000 messages is from 300 tickets on.
pub(crate) const TICKETS: usize = 150;
const SEED: u64 = 1;

/// What a run left behind, at the destination and in its lists.
pub(crate) struct Loaded {
    /// The source.
    pub(crate) desk: Dataset,
    /// How `verify` ended.
    pub(crate) verified: Exit,
    pub(crate) verdict: Verdict,
    pub(crate) people: Vec<Value>,
    pub(crate) journal: migrate_sandbox::journal::Journal,
    pub(crate) losses: Vec<Loss>,
    pub(crate) quarantined: Vec<Quarantined>,
    objects: BTreeMap<RemoteRef, Value>,
    targets: BTreeMap<SourceRef, RemoteRef>,
    lists: BTreeMap<&'static str, Value>,
    /// Files of the run directory that people read, by name.
    files: BTreeMap<String, String>,
}

/// The run that most cases share.
pub(crate) fn shared() -> &'static Loaded {
    static SHARED: OnceLock<Loaded> = OnceLock::new();
    SHARED.get_or_init(|| {
        let mut desk = generator::generate(SEED, TICKETS);
        fifty_of_an_address(&mut desk);
        everybody_has_a_ticket(&mut desk);
        let known = generator::matched_contacts(&desk);
        let seed = |person: generator::Matched| SeedContact {
            email: Some(person.email),
            external_id: Some(person.external_id),
            ..SeedContact::default()
        };
        let seed = Seed { contacts: known.into_iter().map(seed).collect(), ..Seed::default() };
        Loaded::of(desk, seed)
    })
}

/// A small help desk has fewer contacts of one address than there should be; those that are added have no ticket.
fn fifty_of_an_address(desk: &mut Dataset) {
    let shop =
        |contact: &&Contact| contact.emails.iter().any(|it| it.to_lowercase().ends_with("@shop.example"));
    let there: Vec<Contact> = desk.contacts.iter().filter(shop).cloned().collect();
    let last = desk.contacts.iter().map(|contact| contact.id).max().unwrap();
    for n in (1..).take(50 - there.len()) {
        let email = match n % 2 {
            0 => there[0].emails[0].to_uppercase(),
            _ => there[0].emails[0].to_lowercase(),
        };
        let (id, name) = (last + n, format!("Office {n}"));
        desk.contacts.push(Contact { id, name, emails: vec![email], ..Contact::default() });
    }
}

/// Contacts are moved with their tickets; in a small help desk some of those that a case has bent have none. They get one.
fn everybody_has_a_ticket(desk: &mut Dataset) {
    let held = generator::expected_quarantine(desk);
    let moved = |it: &&Ticket| it.merged_into.is_none() && !it.spam && !it.deleted && !held.contains(&it.id);
    let with: BTreeSet<u64> = desk.tickets.iter().filter(moved).filter_map(|it| it.contact).collect();
    let bent = |it: &&Contact| {
        it.opted_out
            || it.blocked
            || it.bounced
            || it.name.is_empty()
            || it.emails.is_empty()
            || it
                .emails
                .iter()
                .any(|email| !email.contains('.') || email.contains("@@") || email.contains('<'))
    };
    let without: Vec<Contact> =
        desk.contacts.iter().filter(bent).filter(|it| !with.contains(&it.id)).cloned().collect();
    let mut next = desk.tickets.iter().map(|it| it.id).max().unwrap();
    let mut message = 900_000;
    let agent = desk.agent(1).cloned().unwrap();
    for contact in without {
        (next, message) = (next + 1, message + 1);
        let at = desk.tickets[0].created;
        let email = contact.emails.first().cloned();
        let author = Author { kind: AuthorKind::Contact, id: Some(contact.id), email, name: contact.name };
        desk.tickets.push(Ticket {
            id: next,
            number: format!("FS-9{next}"),
            subject: format!("One more {next}"),
            contact: Some(contact.id),
            agent: Some(agent.id),
            created: at,
            modified: at,
            messages: vec![Message {
                id: message,
                author,
                sent_at: at,
                body: "Hello again".into(),
                ..Message::default()
            }],
            ..Ticket::default()
        });
    }
}

impl Loaded {
    /// The whole line over this help desk.
    pub(crate) fn of(desk: Dataset, seed: Seed) -> Self {
        let bench = Bench::of(desk);
        bench.intercom.seed(seed);
        // Files that are missing or cut short are missed; somebody must say that the run goes on without them.
        assert_eq!(bench.carry_out(&extract()).unwrap(), Exit::Sums);
        Self::through(&bench, &Verb::Extract { accept_shortfall: Some("test".to_owned()) })
    }

    /// The whole line over what a bench holds.
    pub(crate) fn through(bench: &Bench, extract: &Verb) -> Self {
        let steps =
            [extract.clone(), Verb::Map { check: false }, provision(), Verb::Plan, approve(), apply()];
        for verb in &steps {
            // What is held back is for a person to decide, and no reason to stop.
            let exit = bench.carry_out(verb).unwrap();
            assert!(matches!(exit, Exit::Done | Exit::Incomplete), "{verb:?} ended with {exit:?}");
        }
        Self::after(bench)
    }

    /// From a load on.
    pub(crate) fn after(bench: &Bench) -> Self {
        let verified = bench.carry_out(&verify()).unwrap();
        bench.done(&Verb::Handoff { check: false });
        let verdict = bench.judge();
        let run = Run::open(&bench.dir).unwrap();
        let (mut losses, mut after) = (Vec::new(), 0);
        loop {
            let page = run.ledger().losses(after, 1000).unwrap();
            let Some((last, _)) = page.last() else { break };
            after = *last;
            losses.extend(page.into_iter().map(|(_, loss)| loss));
        }
        let records = records(&bench.dataset);
        let targets = run.ledger().targets(&records).unwrap();
        let quarantined = run.ledger().quarantined(usize::MAX).unwrap();
        drop(run);
        let mut objects = BTreeMap::new();
        for target in targets.values() {
            let path = match target.kind.as_str() {
                "conversation" => format!("/conversations/{}", target.id),
                "article" => format!("/articles/{}", target.id),
                "internal_article" => format!("/internal_articles/{}", target.id),
                "collection" => format!("/help_center/collections/{}", target.id),
                "office_hours" => format!("/office_hours_schedules/{}", target.id),
                _ => continue,
            };
            objects.entry(target.clone()).or_insert_with(|| bench.ask("GET", &path, &Value::Null));
        }
        let mut lists = BTreeMap::new();
        for path in
            ["/conversations/attributes", "/help_center/collections", "/admins", "/teams", "/data_attributes"]
        {
            lists.insert(path, bench.ask("GET", path, &Value::Null));
        }
        let mut files = BTreeMap::new();
        for folder in ["handoff", "mapping", "reports"] {
            for entry in std::fs::read_dir(bench.dir.join(folder)).unwrap().flatten() {
                if let Ok(text) = std::fs::read_to_string(entry.path()) {
                    files.insert(format!("{folder}/{}", entry.file_name().to_str().unwrap()), text);
                }
            }
        }
        Loaded {
            desk: bench.dataset.clone(),
            verified,
            verdict,
            people: bench.intercom.contacts(),
            journal: bench.intercom.journal(),
            losses,
            quarantined,
            objects,
            targets,
            lists,
            files,
        }
    }

    /// The ticket that is so.
    pub(crate) fn ticket(&self, is: impl Fn(&Ticket) -> bool) -> &Ticket {
        self.desk.tickets.iter().find(|ticket| is(ticket)).expect("a ticket of this case")
    }

    /// The message that is so, with its ticket.
    pub(crate) fn message(&self, is: impl Fn(&Message) -> bool) -> (&Ticket, &Message) {
        let mut all =
            self.desk.tickets.iter().flat_map(|ticket| ticket.messages.iter().map(move |it| (ticket, it)));
        all.find(|(_, message)| is(message)).expect("a message of this case")
    }

    /// The contact that is so.
    pub(crate) fn contact(&self, is: impl Fn(&Contact) -> bool) -> &Contact {
        self.desk.contacts.iter().find(|contact| is(contact)).expect("a contact of this case")
    }

    /// The article that is so.
    pub(crate) fn kb_article(&self, is: impl Fn(&KbArticle) -> bool) -> &KbArticle {
        self.desk.kb_articles.iter().find(|article| is(article)).expect("an article of this case")
    }

    /// What stands for a record at the destination.
    pub(crate) fn target(&self, kind: &'static str, id: u64) -> Option<&RemoteRef> {
        self.targets.get(&SourceRef::new(kind, id.to_string()))
    }

    /// What stands for a record at the destination, as its API shows it.
    pub(crate) fn object(&self, kind: &'static str, id: u64) -> &Value {
        let target = self.target(kind, id).unwrap_or_else(|| panic!("nothing stands for {kind}:{id}"));
        &self.objects[target]
    }

    /// The thread that a ticket became.
    pub(crate) fn thread(&self, ticket: &Ticket) -> Thread<'_> {
        Thread { it: self.object("ticket", ticket.id) }
    }

    /// How many threads have this value of an attribute.
    pub(crate) fn threads_with(&self, attribute: &str, value: &str) -> usize {
        let threads = self.objects.iter().filter(|(target, _)| target.kind == *"conversation");
        threads.filter(|(_, it)| it["custom_attributes"][attribute] == value).count()
    }

    /// The person that a contact became.
    pub(crate) fn person(&self, contact: u64) -> &Value {
        let target =
            self.target("contact", contact).unwrap_or_else(|| panic!("nobody stands for contact:{contact}"));
        self.people.iter().find(|it| it["id"] == target.id.as_str()).expect("a person with that id")
    }

    /// A list that the API gives.
    pub(crate) fn list(&self, path: &'static str) -> &Value {
        &self.lists[path]
    }

    /// A report of the run directory.
    pub(crate) fn report(&self, name: &str) -> Value {
        serde_json::from_str(self.file(&format!("reports/{name}.json"))).unwrap()
    }

    /// A file of the run directory.
    pub(crate) fn file(&self, name: &str) -> &str {
        let there: Vec<&String> = self.files.keys().collect();
        self.files.get(name).unwrap_or_else(|| panic!("no {name}, but {there:?}"))
    }

    /// The losses of a record, by field.
    pub(crate) fn losses_of(&self, kind: &'static str, id: u64) -> Vec<&Loss> {
        let record = SourceRef::new(kind, id.to_string());
        self.losses.iter().filter(|loss| loss.record == record).collect()
    }

    /// The loss of a field of a record, which must be of this rule and say these words.
    pub(crate) fn assert_loss(&self, kind: &'static str, id: u64, field: &str, rule: LossRule, why: &str) {
        let all = self.losses_of(kind, id);
        let found = all.iter().any(|it| it.field == field && it.rule == rule && it.why.contains(why));
        assert!(found, "{kind}:{id} {field} {rule:?} {why:?} is not in {all:#?}");
    }

    /// Nothing stands for a record, and the quarantine has it with these words as the reason and something to do.
    pub(crate) fn assert_held(&self, kind: &'static str, id: u64, why: &str, todo: &str) {
        assert_eq!(self.target(kind, id), None);
        let held =
            self.quarantine(kind, id).unwrap_or_else(|| panic!("{kind}:{id} is not in the quarantine"));
        assert!(held.why.contains(why), "{}", held.why);
        assert!(held.why.contains(todo) || held.todo.contains(todo), "{} / {}", held.why, held.todo);
        assert!(!held.todo.is_empty());
    }

    /// Id of the teammate who has this agent's address; none when nobody has.
    pub(crate) fn teammate(&self, agent: u64) -> Option<String> {
        let email = self.desk.agent(agent)?.email.as_ref()?;
        let all = self.list("/admins")["admins"].as_array().unwrap();
        let found =
            all.iter().find(|it| it["email"].as_str().is_some_and(|it| it.eq_ignore_ascii_case(email)))?;
        Some(found["id"].as_str().unwrap().to_owned())
    }

    /// Id of the team of this name.
    pub(crate) fn team(&self, name: &str) -> u64 {
        let all = self.list("/teams")["teams"].as_array().unwrap();
        let mut found = all.iter().filter(|it| it["name"] == name);
        let id =
            found.next().unwrap_or_else(|| panic!("no team {name}"))["id"].as_str().unwrap().parse().unwrap();
        assert!(found.next().is_none(), "two teams {name}");
        id
    }

    /// The entry of a record in the quarantine.
    pub(crate) fn quarantine(&self, kind: &'static str, id: u64) -> Option<&Quarantined> {
        let record = SourceRef::new(kind, id.to_string());
        self.quarantined.iter().find(|it| it.record == record)
    }
}

fn records(desk: &Dataset) -> Vec<SourceRef> {
    let of = |kind: &'static str, id: u64| SourceRef::new(kind, id.to_string());
    let mut all: Vec<SourceRef> = desk.tickets.iter().map(|it| of("ticket", it.id)).collect();
    all.extend(desk.contacts.iter().map(|it| of("contact", it.id)));
    all.extend(desk.companies.iter().map(|it| of("company", it.id)));
    all.extend(desk.kb_categories.iter().map(|it| of("kb_category", it.id)));
    all.extend(desk.kb_articles.iter().map(|it| of("kb_article", it.id)));
    all.extend(desk.working_hours.iter().map(|it| of("working_hours", it.id)));
    all.push(SourceRef::new("kb_category", "stand-in"));
    all
}

/// A conversation as the API shows it.
#[derive(Clone, Copy)]
pub(crate) struct Thread<'a> {
    it: &'a Value,
}

/// Something said in it.
#[derive(Debug)]
pub(crate) struct Said<'a> {
    pub(crate) body: &'a str,
    pub(crate) author: &'a Value,
    pub(crate) at: i64,
    pub(crate) kind: &'a str,
    /// Name, size and type of each file.
    pub(crate) files: Vec<(&'a str, u64, &'a str)>,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn files(of: &Value) -> Vec<(&str, u64, &str)> {
    let all = of["attachments"].as_array().into_iter().flatten();
    all.map(|it| (text(&it["name"]), it["filesize"].as_u64().unwrap(), text(&it["content_type"]))).collect()
}

impl<'a> Thread<'a> {
    /// What became of a message: the one thing said at its time with its words.
    pub(crate) fn of(self, message: &Message) -> Said<'a> {
        let (at, words) = (message.sent_at.map(|at| at.as_second()), words_of(message));
        let is = |said: &Said<'_>| Some(said.at) == at && squeezed(said.body).contains(&words);
        let mut all: Vec<Said<'_>> = self.said().into_iter().filter(is).collect();
        assert_eq!(all.len(), 1, "message {} at {at:?}: {all:#?}", message.id);
        all.remove(0)
    }

    /// Id of the person it is of.
    pub(crate) fn contact(self) -> &'a str {
        text(&self.it["contacts"]["contacts"][0]["id"])
    }

    /// Ids of the teammate and the team it is assigned to; 0: nobody.
    pub(crate) fn assigned(self) -> (u64, u64) {
        (
            self.it["admin_assignee_id"].as_u64().unwrap_or(0),
            self.it["team_assignee_id"].as_u64().unwrap_or(0),
        )
    }

    /// The opening message.
    pub(crate) fn opening(self) -> Said<'a> {
        let source = &self.it["source"];
        Said {
            body: text(&source["body"]),
            author: &source["author"],
            at: self.it["created_at"].as_i64().unwrap(),
            kind: "source",
            files: files(source),
        }
    }

    /// Everything that was said, in order.
    pub(crate) fn said(self) -> Vec<Said<'a>> {
        let parts = self.it["conversation_parts"]["conversation_parts"].as_array().unwrap();
        let said = parts.iter().filter(|part| !part["body"].is_null()).map(|part| Said {
            body: text(&part["body"]),
            author: &part["author"],
            at: part["created_at"].as_i64().unwrap(),
            kind: text(&part["part_type"]),
            files: files(part),
        });
        std::iter::once(self.opening()).chain(said).collect()
    }

    pub(crate) fn title(self) -> &'a str {
        text(&self.it["title"])
    }

    pub(crate) fn state(self) -> &'a str {
        text(&self.it["state"])
    }

    pub(crate) fn attribute(self, name: &str) -> &'a Value {
        &self.it["custom_attributes"][name]
    }

    pub(crate) fn tags(self) -> Vec<&'a str> {
        self.it["tags"]["tags"].as_array().unwrap().iter().map(|tag| text(&tag["name"])).collect()
    }

    /// Names of all files, in order.
    pub(crate) fn files(self) -> Vec<(&'a str, u64, &'a str)> {
        self.said().into_iter().flat_map(|said| said.files).collect()
    }

    /// The one thing said that holds these words.
    pub(crate) fn saying(self, words: &str) -> Said<'a> {
        let mut all: Vec<Said<'_>> =
            self.said().into_iter().filter(|said| said.body.contains(words)).collect();
        assert_eq!(all.len(), 1, "{words:?} in {:#?}", self.said());
        all.remove(0)
    }
}

/// The text of markup: tags gone, what stood for characters undone, without any space.
pub(crate) fn squeezed(html: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(html.len()), html);
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(before);
        rest = after.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let pairs = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&euro;", "€"),
        ("&amp;", "&"),
    ];
    let undone = pairs.into_iter().fold(out, |text, (from, to)| text.replace(from, to));
    unspaced(&undone)
}

/// A text without any space.
pub(crate) fn unspaced(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What a message says, without any space.
pub(crate) fn words_of(message: &Message) -> String {
    match message.content_type {
        ContentType::Html => squeezed(&message.body.text()),
        _ => unspaced(&message.body.text()),
    }
}
