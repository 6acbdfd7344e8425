//! Pipes a source of one's own into the Intercom sink: no run directory, no plan, no ledger file.
//!
//! `cargo run -p migrate-examples --example own_source` talks to a stand-in; with INTERCOM_TOKEN set, to Intercom.

use intercom_client::{Client, Config, IntercomSink, SinkOptions};
use jiff::Timestamp;
use mapping_core::{Author, Body, Draft, Link, NoBlobs, Part, Role, Session, SourceRef, Value};
use std::error::Error;
use std::sync::Arc;

/// Any source will do; this one is a line of CSV a message: who, when, what.
const LINES: &str = "ada@example.org,2026-03-01T09:00:00Z,Where is my parcel?
bo@example.org,2026-03-01T10:30:00Z,My invoice has the wrong address";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let client = Client::new(config().await?)?;
    let sink = IntercomSink::new(&client, SinkOptions::default());
    let mut session = Session::open(&sink, Arc::new(NoBlobs), &Timestamp::now).await?;

    for (n, line) in LINES.lines().enumerate() {
        let mut fields = line.splitn(3, ',').map(str::to_owned);
        let (Some(email), Some(at), Some(text)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let who = SourceRef::new("contact", email.clone());
        session.put(Draft::new("contact", who.clone()).with("email", email)).await?;
        let author = Author { link: Some(Link::Source(who.clone())), name: None };
        let message =
            Part::new(format!("m{n}"), Role::Customer, author, Some(at.parse()?), Body::plain(text));
        let thread = Draft::new("conversation", SourceRef::new("line", n.to_string()))
            .with("contact", Value::Link(who.into()))
            .with("state", "open")
            .with_part(message);
        let put = session.put(thread).await?;
        show(&format!("line {n}: {:?}, {:?}, {} losses", put.end, put.target, put.losses.len()));
    }
    show(&format!("taken back, {} left", session.undo_all().await?.len()));
    Ok(())
}

/// Intercom when there is a token, else a stand-in in this process.
async fn config() -> Result<Config, Box<dyn Error>> {
    if std::env::var_os("INTERCOM_TOKEN").is_some() {
        return Ok(Config::from_env()?);
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(migrate_sandbox::intercom::serve(listener, migrate_sandbox::intercom::Intercom::default()));
    Ok(Config::new("sandbox-token").with_base_url(format!("http://{address}")))
}

#[allow(clippy::print_stdout)] // An example's output is its point.
fn show(line: &str) {
    println!("{line}");
}
