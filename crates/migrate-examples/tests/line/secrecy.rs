//! Neither secrets nor customer text leave the database and the file store.

use crate::bench::{ACCOUNT, Bench, Ended, plain_desk};
use migrate_sandbox::dataset::{Contact, Dataset};
use migrate_sandbox::focalscope::{Config, Credentials};
use std::fs;
use std::path::Path;

const MARKS: [&str; 8] = [
    "SubjectMark7Q",
    "BodyMark7Q",
    "NameMark7Q",
    "mailmark7q",
    "FileMark7Q",
    "NoteMark7Q",
    "PassMark7Q",
    "TokenMark7Q",
];

fn marked() -> Dataset {
    let mut desk = plain_desk(6);
    for ticket in &mut desk.tickets {
        ticket.subject = format!("SubjectMark7Q {}", ticket.id);
        for message in &mut ticket.messages {
            message.body = format!("BodyMark7Q {}", message.body.text()).into();
            message.author.name = format!("NameMark7Q {}", message.author.name);
            message.attachments.iter_mut().for_each(|file| file.name = format!("FileMark7Q-{}", file.name));
        }
    }
    // One that makes trouble: text that is cut or can't be moved is talked about.
    desk.tickets[0].subject = "SubjectMark7Q ".repeat(40);
    desk.tickets[1].messages[0].author.email = Some("mailmark7q@nobody.example".to_owned());
    let person = |contact: &mut Contact| {
        contact.name = format!("NameMark7Q {}", contact.id);
        contact.emails = vec![format!("mailmark7q{}@customer.example", contact.id)];
        contact.phones = vec!["NoteMark7Q no number".to_owned()];
    };
    desk.contacts.iter_mut().for_each(person);
    desk
}

/// The marks in a text.
fn found(text: &str) -> Vec<&'static str> {
    let lower = text.to_lowercase();
    MARKS.into_iter().filter(|mark| lower.contains(&mark.to_lowercase())).collect()
}

fn files(dir: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        all.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), all);
        }
    }
}

#[test]
fn no_secret_and_no_customer_text_is_in_reports_plan_output_or_logs_and_all_files_are_the_owners_alone() {
    let credentials = Credentials { password: "PassMark7Q".to_owned(), ..Credentials::default() };
    let mut bench = Bench::with(marked(), Config { credentials, ..Config::default() });
    bench.token = "TokenMark7Q".to_owned();
    bench.intercom.turn(|knobs| knobs.tokens = vec!["TokenMark7Q".to_owned()]);
    let mut said = String::new();
    let mut run = |arguments: &[&str], code: i32| {
        let mut command = bench.command(arguments);
        command.env("RUST_LOG", "debug");
        let ended = Ended::of(command.output().unwrap());
        ended.assert(code, &[]);
        said += &ended.out;
        said += &ended.err;
    };
    for (verb, code) in
        [("doctor", 0), ("extract", 0), ("map", 0), ("provision", 0), ("plan", 0), ("estimate", 0)]
    {
        run(&[verb], code);
    }
    run(&["approve", "--by", "test", "--ack-all"], 0);
    run(&["apply"], 0);
    run(&["verify"], 0);
    // A difference is talked about, too.
    let conversation = bench.conversation("FS-3");
    let edit = migrate_sandbox::intercom::Edit::Body {
        conversation,
        message: 1,
        text: "BodyMark7Q changed".to_owned(),
    };
    bench.intercom.edit(&edit).unwrap();
    run(&["verify", "--json"], 4);
    run(&["verify", "--accept", "ticket:3", "--reason", "as agreed", "--by", "Ada"], 0);
    run(&["verify", "--json"], 0);
    run(&["report"], 0);
    run(&["status", "--json"], 0);
    run(&["rollback", "--yes", ACCOUNT], 0);
    assert!(said.len() > 10_000, "the logs are on");
    assert_eq!(found(&said), Vec::<&str>::new());

    let mut all = Vec::new();
    files(&bench.dir, &mut all);
    let mut looked_at = 0;
    for path in &all {
        let name = path.strip_prefix(&bench.dir).unwrap().to_str().unwrap();
        // The database, the bytes of files and the lists for people hold what was extracted; that is what they are for.
        let holds_text =
            name.starts_with("run.db") || name.starts_with("files/") || name.starts_with("mapping/");
        if path.is_file() && !holds_text {
            looked_at += 1;
            let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
            assert_eq!(found(&text), Vec::<&str>::new(), "{name}");
        }
    }
    assert!(looked_at >= 8, "{all:?}");
    // The secrets are nowhere at all.
    for path in all.iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(!text.contains("PassMark7Q") && !text.contains("TokenMark7Q"), "{}", path.display());
    }
    #[cfg(unix)]
    for path in all.iter().chain([&bench.dir]) {
        use std::os::unix::fs::PermissionsExt;
        // Written by the test itself.
        if path.ends_with("migration.toml") {
            continue;
        }
        let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let owners = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, owners, "{}", path.display());
    }
}
