//! Both stand-ins on loopback, a run directory, and the two ways to work on it: through the library and as a process.

use migrate_engine::{Cancel, Exit, Failure, Run, SystemTimer};
use migrate_examples::args::Verb;
use migrate_examples::explained::explained;
use migrate_examples::focalscope_to_intercom::{FocalScopeToIntercom, Secrets};
use migrate_examples::show::Show;
use migrate_examples::verbs::{Program, Sides};
use migrate_sandbox::dataset::Dataset;
use migrate_sandbox::focalscope::{self, FocalScope};
use migrate_sandbox::generator;
use migrate_sandbox::intercom::{self, Intercom, Seed};
use migrate_sandbox::judge::{self, Verdict};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tokio::runtime::Runtime;

/// What the stand-in for Intercom calls its workspace.
pub(crate) const ACCOUNT: &str = "sandbox1";

/// A stand-in that serves until it is dropped; then its port is closed, and so is every connection to it.
pub(crate) struct Served {
    pub(crate) at: SocketAddr,
    _runtime: Runtime,
}

impl Served {
    pub(crate) fn router(router: impl FnOnce(tokio::net::TcpListener) -> Serving) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let at = listener.local_addr().unwrap();
        runtime.spawn(router(listener));
        Served { at, _runtime: runtime }
    }
}

type Serving = std::pin::Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>;

pub(crate) struct Bench {
    pub(crate) dataset: Dataset,
    pub(crate) focalscope: FocalScope,
    pub(crate) intercom: Intercom,
    pub(crate) source: Option<Served>,
    pub(crate) destination: Option<Served>,
    pub(crate) dir: PathBuf,
    pub(crate) password: String,
    pub(crate) token: String,
    home: tempfile::TempDir,
    pub(crate) runtime: Runtime,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn generated(seed: u64, tickets: usize) -> Self {
        Self::of(generator::generate(seed, tickets))
    }

    /// Both stand-ins, and a run directory with nothing read yet.
    pub(crate) fn of(dataset: Dataset) -> Self {
        Self::with(dataset, focalscope::Config::default())
    }

    /// As [`of`](Self::of), with other secrets at the source.
    pub(crate) fn with(dataset: Dataset, config: focalscope::Config) -> Self {
        let password = config.credentials.password.clone();
        let focalscope = FocalScope::with_config(dataset.clone(), config);
        let intercom = Intercom::default();
        intercom.seed(Seed::for_dataset(&dataset));
        intercom.turn(|knobs| {
            knobs.rate_limit = 1_000_000;
            knobs.contact_search_lag_s = 0;
            knobs.conversation_search_lag_s = 0;
        });
        let (a, b) = (focalscope.clone(), intercom.clone());
        let home = tempfile::tempdir().unwrap();
        let bench = Bench {
            dataset,
            focalscope,
            intercom,
            source: Some(Served::router(|listener| Box::pin(focalscope::serve(listener, a)))),
            destination: Some(Served::router(|listener| Box::pin(intercom::serve(listener, b)))),
            dir: home.path().join("run"),
            password,
            token: "sandbox-token".to_owned(),
            home,
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .unwrap(),
        };
        let (wsdl, base) = (bench.wsdl(), bench.base());
        drop(Run::create(&bench.dir, &bench.sides().init("e2e")).unwrap());
        bench.settings(&wsdl, &base);
        bench
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn wsdl(&self) -> String {
        format!("http://{}{}?wsdl", self.source.as_ref().unwrap().at, focalscope::PATH)
    }

    pub(crate) fn base(&self) -> String {
        format!("http://{}", self.destination.as_ref().unwrap().at)
    }

    /// Writes `migration.toml`, with windows so short that a test need not wait for them.
    pub(crate) fn settings(&self, wsdl: &str, base: &str) {
        let text = format!(
            "name = \"e2e\"\nmapping = \"focalscope-to-intercom\"\n\
             [limits]\nunreachable_seconds = 1\nlanding_seconds = 2\npause_seconds = 1\n\
             [source]\nwsdl = \"{wsdl}\"\nauth = \"session\"\nuser = \"migration\"\npace = {{ pause_seconds = 0.0, attempts = 2 }}\n\
             [destination]\nbase_url = \"{base}\"\n\
             [destination.http]\ndeadline = 2.0\nretry = {{ first_wait = 0.02, longest_wait = 0.1 }}\n\
             [destination.sink]\ncontact_blind_seconds = 1\nconversation_blind_seconds = 1\n"
        );
        self.write("migration.toml", &text);
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.dir.join(file), text).unwrap();
    }

    /// Replaces text in a file of the run directory that must be there.
    pub(crate) fn replace(&self, file: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.dir.join(file)).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        self.write(file, &text.replace(from, to));
    }

    fn sides(&self) -> FocalScopeToIntercom {
        FocalScopeToIntercom::with(Secrets {
            password: Some(self.password.clone().into()),
            token: Some(self.token.clone().into()),
            ..Secrets::default()
        })
    }

    /// Carries a verb out through the library.
    pub(crate) fn carry_out(&self, verb: &Verb) -> Result<Exit, Failure> {
        let (sides, show, cancel) = (self.sides(), Show::nothing(), Cancel::new());
        let program = Program { sides: &sides, show: &show, timer: &SystemTimer, cancel: &cancel };
        self.runtime.block_on(program.carry_out(&self.dir, verb))
    }

    /// Carries a verb out that must end well.
    pub(crate) fn done(&self, verb: &Verb) {
        match self.carry_out(verb) {
            Ok(Exit::Done) => {}
            Ok(exit) => panic!("{verb:?} ended with {exit:?}"),
            Err(failure) => panic!("{verb:?} failed: {failure}"),
        }
    }

    /// Carries a verb out that must come to its end, whatever it puts into the quarantine.
    pub(crate) fn ended(&self, verb: &Verb) {
        match self.carry_out(verb) {
            Ok(Exit::Done | Exit::Incomplete) => {}
            Ok(exit) => panic!("{verb:?} ended with {exit:?}"),
            Err(failure) => panic!("{verb:?} failed: {failure}"),
        }
    }

    /// From nothing to a plan.
    pub(crate) fn planned(&self) {
        self.extracted();
        self.mapped();
        self.done(&provision());
        self.ended(&Verb::Plan);
        self.done(&approve());
    }

    /// The lists, with what only a person can know: the zone of working hours that say an offset and nothing else.
    pub(crate) fn mapped(&self) {
        self.done(&Verb::Map { check: false });
        let path = self.dir.join("mapping/hours.csv");
        let mut lines = csv::Reader::from_path(&path).unwrap();
        let head = lines.headers().unwrap().clone();
        let column = |name: &str| head.iter().position(|it| it == name).unwrap();
        let rows: Vec<csv::StringRecord> = lines.records().map(Result::unwrap).collect();
        let mut out = csv::Writer::from_path(&path).unwrap();
        out.write_record(&head).unwrap();
        for row in rows {
            let mut cells: Vec<String> = row.iter().map(str::to_owned).collect();
            if !["high", "certain"].contains(&&*cells[column("confidence")]) {
                cells[column("destination_id")] = "Europe/Copenhagen".to_owned();
                cells[column("confirmed_by")] = "Ada Agent".to_owned();
            }
            out.write_record(&cells).unwrap();
        }
        out.flush().unwrap();
    }

    /// Reads the source. What the generated help desk is known to lack is accepted, as a person does.
    pub(crate) fn extracted(&self) {
        match self.carry_out(&extract()) {
            Ok(Exit::Sums) => self.ended(&Verb::Extract { accept_shortfall: Some("Ada Agent".to_owned()) }),
            Ok(Exit::Done | Exit::Incomplete) => {}
            ended => panic!("extract ended with {ended:?}"),
        }
    }

    /// The exit code of a verb that is carried out as a process, with what it said.
    pub(crate) fn process(&self, arguments: &[&str]) -> Ended {
        Ended::of(self.command(arguments).output().unwrap())
    }

    /// The program with these arguments and the credentials.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_focalscope-to-intercom"));
        self.dress(&mut command);
        command.arg("--run").arg(&self.dir).args(arguments);
        command
    }

    /// Gives a command the credentials and takes what the machine's owner may have set.
    pub(crate) fn dress(&self, command: &mut Command) {
        let unset =
            ["RUST_LOG", "http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
        unset.iter().for_each(|name| {
            command.env_remove(name);
        });
        command.env("FOCALSCOPE_PASSWORD", &self.password).env("INTERCOM_TOKEN", &self.token);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    }

    /// A report of the run directory.
    pub(crate) fn report(&self, name: &str) -> Value {
        let path = self.dir.join("reports").join(format!("{name}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// `plan.json`.
    pub(crate) fn plan(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.dir.join("plan.json")).unwrap()).unwrap()
    }

    /// The number and the label of the newest batch that `apply` began.
    pub(crate) fn newest_batch(&self) -> (u64, String) {
        let reports = std::fs::read_dir(self.dir.join("reports")).unwrap().flatten();
        let names = reports.filter_map(|file| file.file_name().into_string().ok());
        let numbers =
            names.filter_map(|name| name.strip_prefix("apply-")?.strip_suffix(".json")?.parse::<u64>().ok());
        let number = numbers.max().unwrap();
        (number, self.report(&format!("apply-{number}"))["label"].as_str().unwrap().to_owned())
    }

    /// What the sandbox's judge says of the newest batch.
    pub(crate) fn judge(&self) -> Verdict {
        let (_, label) = self.newest_batch();
        let run = Run::open(&self.dir).unwrap();
        let sink = self.runtime.block_on(self.sides().sink(&run)).unwrap();
        let tag = sink.batch_mark(&label).unwrap().text("name").to_owned();
        drop(run);
        self.judged(&judge::Options { batch_tag: Some(tag), ..judge::Options::default() })
    }

    /// What the sandbox's judge says of all batches together, which no one tag marks.
    pub(crate) fn judged(&self, options: &judge::Options) -> Verdict {
        let run = Run::open(&self.dir).unwrap();
        judge::judge(&self.dataset, &self.intercom, &explained(&run).unwrap(), options)
    }

    /// Nothing lost, doubled, out of order or different, and nobody disturbed.
    pub(crate) fn assert_clean(&self) {
        self.assert_verdict(&self.judge());
    }

    /// The same over several batches.
    pub(crate) fn assert_clean_over_batches(&self) {
        self.assert_verdict(&self.judged(&judge::Options::default()));
    }

    fn assert_verdict(&self, verdict: &Verdict) {
        assert!(verdict.is_clean(), "{:#?}", verdict.findings);
        assert_eq!((verdict.notifications, verdict.denied_calls), (0, 0));
        assert_eq!(verdict.destination.conversations, verdict.source.tickets);
    }

    /// The conversation of a ticket.
    pub(crate) fn conversation(&self, number: &str) -> String {
        let found = self.intercom.conversations_with("focalscope_ticket_id__c", number);
        assert_eq!(found.len(), 1, "conversations of {number}: {found:?}");
        found[0].clone()
    }

    /// Asks the stand-in for Intercom as somebody else would.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let at = self.destination.as_ref().unwrap().at;
        let (status, answer) = http(at, method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// The id that a registry gives an attribute.
    pub(crate) fn attribute(&self, name: &str) -> String {
        let all = self.ask("GET", "/conversations/attributes", &Value::Null);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let list = all.as_array().or_else(|| all["data"].as_array()).unwrap();
        text(&list.iter().find(|it| it["name"] == name).unwrap_or_else(|| panic!("no {name}"))["id"])
    }
}

impl Ended {
    pub(crate) fn of(output: std::process::Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// It ended with this code, and said each of these.
    pub(crate) fn assert(&self, code: i32, said: &[&str]) {
        let all = format!("{}\n{}", self.out, self.err);
        let end = &all[all.floor_char_boundary(all.len().saturating_sub(4000))..];
        assert_eq!(self.code, Some(code), "{end}");
        for words in said {
            assert!(all.contains(words), "{words:?} is not in: {end}");
        }
    }
}

pub(crate) fn extract() -> Verb {
    Verb::Extract { accept_shortfall: None }
}

pub(crate) fn apply() -> Verb {
    Verb::Apply { pilot: None, wave: None, approved_by: Some("test".to_owned()), retry_quarantined: false }
}

pub(crate) fn pilot(size: usize) -> Verb {
    Verb::Apply { pilot: Some(size), wave: None, approved_by: None, retry_quarantined: false }
}

pub(crate) fn provision() -> Verb {
    Verb::Provision { dry_run: false, check: false }
}

pub(crate) fn approve() -> Verb {
    Verb::Approve { by: "test".to_owned(), ack: Vec::new(), ack_all: true }
}

pub(crate) fn verify() -> Verb {
    Verb::Verify { batch: None, sample: None, accept: None, reason: None, by: None }
}

pub(crate) fn rollback(with_schema: bool) -> Verb {
    Verb::Rollback { batch: None, yes: Some(ACCOUNT.to_owned()), with_schema }
}

/// One request over a connection of its own.
pub(crate) fn http(at: SocketAddr, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut stream = TcpStream::connect(at).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\nAuthorization: Bearer sandbox-token\r\n\
         Accept: application/json\r\n\
         Intercom-Version: 2.16\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// A small help desk without oddities: tickets of three messages, a file on the first and the last, all of one agent
/// who is in the workspace too.
pub(crate) fn plain_desk(tickets: u64) -> Dataset {
    let ticket = |n: u64| {
        let at = |hour: u64| format!("2026-03-02T{:02}:00:00Z", hour + n % 10);
        let contact = 1 + n % 3;
        let customer = json!({"kind": "contact", "id": contact, "email": format!("kim{contact}@customer.example"), "name": format!("Kim {contact}")});
        let agent = json!({"kind": "agent", "id": 1, "email": "ada@helpdesk.example", "name": "Ada Agent"});
        let file = |k: u64| {
            json!([{"id": n * 100 + k, "name": format!("file-{k}.txt"), "mime": "text/plain",
            "content": {"drawn": {"seed": n * 100 + k, "size": 40}}}])
        };
        json!({
            "id": n, "number": format!("FS-{n}"), "subject": format!("Subject {n}"), "status": "Closed", "priority": "High",
            "channel": "email", "ticketbox": 1, "queue": 1, "agent": 1, "contact": contact,
            "created": at(1), "modified": at(8), "closed": at(8),
            "messages": [
                {"id": n * 10 + 1, "direction": "in", "author": customer, "to": ["desk@helpdesk.example"], "sent_at": at(1),
                 "body": format!("First of {n}"), "attachments": file(1)},
                {"id": n * 10 + 2, "direction": "out", "author": agent, "to": [format!("kim{contact}@customer.example")],
                 "sent_at": at(3), "body": format!("Second of {n}")},
                {"id": n * 10 + 3, "direction": "in", "author": customer, "to": ["desk@helpdesk.example"], "sent_at": at(5),
                 "body": format!("Third of {n}"), "attachments": file(3)},
            ],
        })
    };
    let contact = |n: u64| {
        json!({"id": n, "name": format!("Kim {n}"), "emails": [format!("kim{n}@customer.example")],
            "phones": [format!("+4520{n}00000")], "created": "2026-01-01T00:00:00Z"})
    };
    let desk = json!({
        "agents": [{"id": 1, "login": "ada", "name": "Ada Agent", "email": "ada@helpdesk.example"}],
        "ticketboxes": [{"id": 1, "name": "Box"}],
        "queues": [{"id": 1, "name": "Support", "ticketboxes": [1]}],
        "contacts": (1..=3).map(contact).collect::<Vec<_>>(),
        "tickets": (1..=tickets).map(ticket).collect::<Vec<_>>(),
    });
    serde_json::from_value(desk).unwrap()
}
