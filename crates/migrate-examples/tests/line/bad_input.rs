//! Bad input: each ends with a clear error and the right exit code, and leaves a run directory that goes on when the
//! input is mended.

use crate::bench::{Bench, Ended, Served, plain_desk};
use migrate_engine::Run;
use migrate_examples::args::Verb;
use migrate_sandbox::focalscope;
use serde_json::{Value, json};
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Nobody listens on this port.
const CLOSED: &str = "http://127.0.0.1:1";

fn bench() -> Bench {
    Bench::of(plain_desk(3))
}

/// A server that answers everything with a page.
fn html() -> Served {
    Served::router(|listener| {
        Box::pin(async move {
            loop {
                let (mut stream, _) = listener.accept().await?;
                let mut heard = [0; 16 << 10];
                let _ = stream.read(&mut heard).await?;
                let page =
                    "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Sign in</body></html>";
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{page}",
                    page.len()
                );
                stream.write_all(head.as_bytes()).await?;
            }
        })
    })
}

#[test]
fn an_endpoint_that_cant_be_reached_is_named_and_the_same_command_goes_on_later() {
    let bench = bench();
    let (wsdl, base) = (bench.wsdl(), bench.base());
    bench.settings(&format!("{CLOSED}/Helpdesk.asmx?wsdl"), CLOSED);
    bench
        .process(&["doctor"])
        .assert(1, &["problem source", "problem destination", "no connection", "127.0.0.1:1"]);
    bench.process(&["extract"]).assert(5, &["wsdl: no connection to the server", "127.0.0.1:1"]);
    bench.settings(&wsdl, CLOSED);
    bench.process(&["extract"]).assert(0, &[]);
    bench.process(&["map"]).assert(5, &["me: no connection to the server", "127.0.0.1:1"]);
    bench.settings(&wsdl, &base);
    bench.process(&["doctor"]).assert(0, &[]);
    bench.process(&["map"]).assert(0, &[]);
}

#[test]
fn an_endpoint_that_answers_with_a_page_is_told_from_a_service() {
    let bench = bench();
    let (wsdl, base) = (bench.wsdl(), bench.base());
    let page = html();
    let at = format!("http://{}", page.at);
    bench.settings(&format!("{at}/Helpdesk.asmx?wsdl"), &at);
    bench.process(&["doctor"]).assert(
        1,
        &["its root is `html`", "not the JSON that Intercom describes", "something else answers there"],
    );
    let extract = bench.process(&["extract"]);
    assert!(matches!(extract.code, Some(1 | 2)), "{extract:?}");
    extract.assert(extract.code.unwrap(), &["its root is `html`"]);
    bench.settings(&wsdl, &at);
    bench.process(&["extract"]).assert(0, &[]);
    bench.process(&["map"]).assert(1, &["not the JSON that Intercom describes"]);
    bench.settings(&wsdl, &base);
    bench.process(&["map"]).assert(0, &[]);
}

#[test]
fn a_service_without_an_operation_of_the_profile_is_found_before_anything_is_read() {
    let bench = bench();
    let (wsdl, base) = (bench.wsdl(), bench.base());
    let other = focalscope::WSDL.replace("ListMessages", "FetchMessages");
    std::fs::create_dir_all(bench.dir.join("wsdl")).unwrap();
    bench.write("wsdl/service.wsdl", &other);
    bench.settings("wsdl/service.wsdl", &base);
    let endpoint = wsdl.trim_end_matches("?wsdl");
    bench.replace("migration.toml", "auth = ", &format!("endpoint = \"{endpoint}\"\nauth = "));
    let said = ["operations.list_messages", "ListMessages", "FetchMessages"];
    bench.process(&["doctor"]).assert(2, &said);
    bench.process(&["extract"]).assert(2, &["list_messages"]);
    assert_eq!(bench.focalscope.asked().get("ListTickets"), None, "nothing was read");
    bench.write("wsdl/service.wsdl", focalscope::WSDL);
    bench.process(&["doctor"]).assert(0, &[]);
    bench.process(&["extract"]).assert(0, &[]);
}

#[test]
fn credentials_that_are_refused_end_with_7_and_those_that_are_missing_with_2() {
    let mut bench = bench();
    let good = (bench.password.clone(), bench.token.clone());
    bench.password = "wrong".to_owned();
    bench.process(&["doctor"]).assert(7, &["problem source", "refused the credentials"]);
    bench.process(&["extract"]).assert(7, &["refused the credentials"]);
    bench.password = String::new();
    bench.process(&["doctor"]).assert(2, &["FOCALSCOPE_PASSWORD"]);
    bench.process(&["extract"]).assert(2, &["FOCALSCOPE_PASSWORD"]);
    bench.password = good.0;
    bench.process(&["extract"]).assert(0, &[]);

    bench.token = "wrong".to_owned();
    bench.process(&["doctor"]).assert(7, &["problem destination", "refused the access token"]);
    bench.process(&["map"]).assert(7, &["refused the access token"]);
    bench.token = String::new();
    bench.process(&["doctor"]).assert(2, &["INTERCOM_TOKEN"]);
    bench.process(&["map"]).assert(2, &["INTERCOM_TOKEN"]);
    bench.token = good.1;
    bench.process(&["map"]).assert(0, &[]);

    // A token that is taken away while the run goes on.
    bench.process(&["provision"]).assert(0, &[]);
    bench.process(&["plan"]).assert(0, &[]);
    bench.process(&["approve", "--by", "test", "--ack-all"]).assert(0, &[]);
    bench.token = "wrong".to_owned();
    bench.process(&["apply"]).assert(7, &["refused the access token"]);
    bench.token = "sandbox-token".to_owned();
    bench.process(&["apply"]).assert(0, &[]);
    bench.assert_clean();
}

#[test]
fn a_path_of_the_profile_that_matches_nothing_is_named_with_what_is_there() {
    let bench = bench();
    let built_in = include_str!("../../../focalscope-soap/profiles/default.toml");
    assert!(built_in.contains("subject = \"Subject\"\nstatus"), "the profile names subjects otherwise");
    let (one, other) = ("subject = \"Subject\"\nstatus", "subject = \"Subjekt\"\nstatus");
    bench.write("profile.toml", &built_in.replace(one, other));
    bench.replace("migration.toml", "auth = ", "profile = \"profile.toml\"\nauth = ");
    let said = ["operations.list_tickets.fields.subject", "Subjekt", "Subject"];
    bench.process(&["doctor"]).assert(2, &said);
    bench.process(&["extract"]).assert(2, &["operations.list_tickets.fields.subject"]);

    bench.write("profile.toml", &built_in.replace("[pace]", "[pace]\npause_second = 1"));
    bench.process(&["extract"]).assert(2, &["pause_second", "did you mean", "pause_seconds"]);
    bench.replace("migration.toml", "profile.toml", "nowhere.toml");
    bench.process(&["extract"]).assert(2, &["profile", "nowhere.toml"]);
    bench.replace("migration.toml", "nowhere.toml", "profile.toml");
    bench.write("profile.toml", built_in);
    bench.process(&["extract"]).assert(0, &[]);
}

#[test]
fn an_unknown_key_in_a_setting_or_a_rule_is_named_with_the_one_that_was_meant() {
    let bench = bench();
    bench.process(&["extract"]).assert(0, &[]);
    for (from, to, meant) in [
        ("landing_seconds", "landing_second", "landing_seconds"),
        ("[limits]", "[limit]", "limits"),
        ("wsdl = ", "wsld = ", "wsdl"),
        ("base_url", "bas_url", "base_url"),
        ("contact_blind_seconds", "contact_blind_second", "contact_blind_seconds"),
    ] {
        bench.replace("migration.toml", from, to);
        let unknown = to.trim_matches(['[', ']', ' ', '=']);
        let verb = if meant == "wsdl" { "extract" } else { "map" };
        bench.process(&[verb]).assert(2, &["migration.toml", unknown, &format!("did you mean `{meant}`")]);
        bench.replace("migration.toml", to, from);
    }
    bench.write("mapping.toml", "[option]\ncc_note = true\n");
    bench.process(&["map"]).assert(2, &["mapping.toml", "option", "did you mean `options`", "line"]);
    bench.write("mapping.toml", "");
    bench.process(&["map"]).assert(0, &[]);
    bench.process(&["applly"]).assert(2, &["apply"]);
}

#[test]
fn a_rule_for_an_attribute_that_is_nowhere_is_named_before_anything_is_written() {
    let bench = bench();
    bench.process(&["extract"]).assert(0, &[]);
    // `favourite` isn't one of a conversation's own fields, nor is it an attribute that could be provisioned.
    bench.write(
        "mapping.toml",
        "[[object]]\nrow = \"I1\"\nfrom = \"ticket\"\nto = \"conversation\"\n\
         [[object.field]]\nto = \"favourite\"\npath = \"ticket.subject\"\n",
    );
    let map = bench.process(&["map"]);
    assert!(matches!(map.code, Some(1 | 2)), "{map:?}");
    map.assert(map.code.unwrap(), &["favourite"]);
    let provision = bench.process(&["provision"]);
    assert_ne!(provision.code, Some(0), "{provision:?}");
    assert_eq!(bench.intercom.state().conversation_attributes, 0, "nothing was written");
    bench.write("mapping.toml", "");
    bench.process(&["map"]).assert(0, &[]);
    bench.process(&["provision"]).assert(0, &[]);
}

#[test]
fn an_attribute_of_another_type_than_the_map_wants_is_named() {
    let bench = bench();
    bench.process(&["extract"]).assert(0, &[]);
    let wrong = json!({"name": "focalscope_closed_at__c", "data_type": "boolean"});
    bench.ask("POST", "/conversations/attributes", &wrong);
    bench.process(&["map"]).assert(1, &["problem", "focalscope_closed_at__c", "boolean"]);
    let id = bench.attribute("focalscope_closed_at__c");
    bench.ask("DELETE", &format!("/conversations/attributes/{id}"), &Value::Null);
    bench.process(&["map"]).assert(0, &[]);
}

#[test]
fn a_run_directory_that_another_process_works_in_is_refused_with_8() {
    let bench = bench();
    bench.focalscope.turn(|knobs| knobs.latency_ms = 100);
    let mut first = bench.command(&["extract"]).spawn().unwrap();
    while bench.focalscope.asked().is_empty() {
        assert!(first.try_wait().unwrap().is_none(), "it ended before it asked for anything");
        std::thread::sleep(Duration::from_millis(2));
    }
    bench.process(&["status"]).assert(8, &["another process works in this run directory"]);
    bench.process(&["extract"]).assert(8, &["another process works in this run directory"]);
    Ended::of(first.wait_with_output().unwrap()).assert(0, &[]);
    bench.process(&["status"]).assert(0, &["3 ticket"]);
}

#[test]
fn a_damaged_database_is_refused_with_8_and_what_is_in_it_is_not_made_worse() {
    let bench = bench();
    bench.extracted();
    let db = bench.dir.join("run.db");
    let good = std::fs::read(&db).unwrap();
    let mut bad = good.clone();
    bad[..4096].fill(0x5a);
    std::fs::write(&db, &bad).unwrap();
    bench.process(&["status"]).assert(8, &["run.db"]);
    bench.process(&["map"]).assert(8, &["run.db"]);
    assert_eq!(std::fs::read(&db).unwrap(), bad);
    std::fs::write(&db, &good).unwrap();
    bench.process(&["map"]).assert(0, &[]);
    // Cut in the middle, as by a copy that was stopped.
    std::fs::write(&db, &good[..good.len() / 2]).unwrap();
    bench.process(&["map"]).assert(8, &["run.db"]);
    std::fs::write(&db, &good).unwrap();
    bench.process(&["map"]).assert(0, &[]);
}

/// Runs the program in a shell after `before`, which sets the stage for it.
#[cfg(unix)]
fn shell(bench: &Bench, before: &str, verb: &str) -> Ended {
    let mut command = Command::new("bash");
    bench.dress(&mut command);
    command.arg("-c").arg(format!("{before} && exec \"$@\"")).arg("bash");
    command.arg(env!("CARGO_BIN_EXE_focalscope-to-intercom")).arg("--run").arg(&bench.dir).arg(verb);
    Ended::of(command.output().unwrap())
}

/// A limit of the size of files stands in for a disk that is full: a write of the database fails in the middle
/// (`EFBIG`, not `ENOSPC`). It proves that a failed write ends the verb and leaves a run directory that goes on.
#[cfg(unix)]
#[test]
fn a_write_that_fails_ends_extract_and_the_same_command_goes_on() {
    let bench = Bench::generated(41, 10);
    let ended = shell(&bench, "trap '' XFSZ && ulimit -f 300", "extract");
    assert!(matches!(ended.code, Some(1 | 5 | 8)), "{ended:?}");
    assert!(ended.err.contains("error: ") || ended.out.contains("stopped: "), "{ended:?}");
    bench.process(&["extract"]).assert(0, &[]);
    finish(&bench);
}

/// A file system of its own that is really full (`ENOSPC`). It takes a user namespace with a mount in it, which not
/// every machine allows.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_called_by_its_name_and_the_same_command_goes_on() {
    let possible = Command::new("unshare").args(["-rm", "true"]).output().is_ok_and(|o| o.status.success());
    if !possible {
        eprintln!("skipped: no user namespace with a mount of its own here");
        return;
    }
    let bench = Bench::generated(1, 8);
    let full = |mount: &str, size: &str, verb: &str| {
        let mut command = Command::new("unshare");
        bench.dress(&mut command);
        let script = format!("mount -t tmpfs -o size={size},mode=700 tmpfs {mount} && exec \"$@\"");
        command.args(["-rm", "bash", "-c", &script, "bash"]);
        command.arg(env!("CARGO_BIN_EXE_focalscope-to-intercom")).arg("--run").arg(&bench.dir).arg(verb);
        Ended::of(command.output().unwrap())
    };
    full(&bench.dir.join("files").display().to_string(), "64k", "extract").assert(5, &["the disk is full"]);
    bench.process(&["extract"]).assert(0, &[]);
    finish(&bench);
}

/// From an extract to a clean copy.
#[cfg(unix)]
fn finish(bench: &Bench) {
    bench.mapped();
    for verb in ["provision", "plan"] {
        bench.process(&[verb]).assert(0, &[]);
    }
    bench.process(&["approve", "--by", "test", "--ack-all"]).assert(0, &[]);
    for verb in ["apply", "verify"] {
        bench.process(&[verb]).assert(0, &[]);
    }
    bench.assert_clean();
}

#[test]
fn a_directory_that_holds_no_run_and_one_that_holds_one_already_are_told_apart() {
    let bench = bench();
    bench.process(&["init"]).assert(2, &["holds a run already"]);
    let elsewhere = bench.home().join("nothing");
    let mut command = bench.command(&["status"]);
    command.arg("--run").arg(&elsewhere);
    let ended = Ended::of(command.output().unwrap());
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(!elsewhere.exists(), "nothing is made by looking");
    drop(Run::open(&bench.dir).unwrap());
    bench.done(&Verb::Status);
}
