//! Calls at once that follow the server, a login ahead of expiry, and forms with files, in paused time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_http::*;
use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use secrecy::{ExposeSecret as _, SecretString};
use support::{Wire, clock, post, status};

const SECOND: Duration = Duration::from_secs(1);

fn adapting<X: Exchange>(inner: X, most: usize) -> Adapting<X> {
    Adapting::new(inner, AdaptingSettings::new(most), |a| a.status == 429, clock())
}

async fn at_once<X: Exchange>(stack: &Adapting<X>, calls: usize) {
    let all = (0..calls).map(|_| async { stack.exchange(&post(Meta::read("x"))).await.unwrap() });
    join_all(all).await;
}

#[tokio::test(start_paused = true)]
async fn refusals_of_calls_that_ran_together_halve_their_number_once() {
    let wire = Wire::taking(SECOND, |n, _| Ok(status(if n < 8 { 429 } else { 200 })));
    let stack = adapting(wire.clone(), 8);
    at_once(&stack, 8).await;
    assert_eq!((stack.allowed(), wire.most_at_once.swap(0, Ordering::SeqCst)), (4, 8));
    at_once(&stack, 12).await;
    assert_eq!((stack.allowed(), wire.most_at_once.load(Ordering::SeqCst)), (4, 4));
}

#[tokio::test(start_paused = true)]
async fn the_number_grows_again_by_one_after_a_rest_and_never_above_the_most() {
    let wire = Wire::new(|n, _| Ok(status(if n == 0 { 429 } else { 200 })));
    let stack = adapting(wire, 4);
    at_once(&stack, 1).await;
    assert_eq!(stack.allowed(), 2);
    at_once(&stack, 50).await;
    assert_eq!(stack.allowed(), 2, "answers alone are no reason; time has to pass");
    for allowed in [3, 4, 4, 4] {
        tokio::time::sleep(30 * SECOND).await;
        at_once(&stack, 5).await;
        assert_eq!(stack.allowed(), allowed);
    }
}

#[tokio::test(start_paused = true)]
async fn the_least_stays_however_often_the_server_refuses() {
    let wire = Wire::new(|_, _| Ok(status(429)));
    let stack = adapting(wire.clone(), 8);
    at_once(&stack, 100).await;
    assert_eq!((stack.allowed(), wire.calls()), (1, 100));
}

#[tokio::test(start_paused = true)]
async fn places_that_were_taken_away_while_in_use_don_t_come_back() {
    // The first call is refused while seven others are still running.
    let slow = Wire::taking(SECOND, |n, _| Ok(status(if n == 0 { 429 } else { 200 })));
    let stack = adapting(slow.clone(), 8);
    at_once(&stack, 8).await;
    slow.most_at_once.store(0, Ordering::SeqCst);
    at_once(&stack, 40).await;
    assert_eq!(slow.most_at_once.load(Ordering::SeqCst), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_dropped_gives_its_place_back() {
    let stack = adapting(Wire::taking(10 * SECOND, |_, _| Ok(status(200))), 1);
    for _ in 0..3 {
        let dropped = tokio::time::timeout(SECOND, stack.exchange(&post(Meta::read("x")))).await;
        assert!(dropped.is_err());
    }
    at_once(&stack, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_tells_how_many_run_at_once_and_repeats_what_was_refused() {
    let wire = Wire::new(|n, _| Ok(status(if n == 0 { 429 } else { 200 })));
    let stack = Stack::builder(wire.clone())
        .adapting(AdaptingSettings::new(6), |a| a.status == 429)
        .clock(clock())
        .build()
        .unwrap();
    assert_eq!(stack.at_once(), Some(6));
    stack.exchange(&post(Meta::create("create"))).await.unwrap();
    assert_eq!((stack.at_once(), wire.calls()), (Some(3), 2));
    assert_eq!(Stack::builder(wire).build().unwrap().at_once(), None);
}

/// Tokens `t1`, `t2` …; those up to `due` are about to expire.
#[derive(Default)]
struct Numbered {
    given: AtomicUsize,
    due: AtomicUsize,
    refused: Mutex<Vec<String>>,
}

#[async_trait]
impl Credentials for Numbered {
    async fn login(&self) -> Result<SecretString> {
        Ok(format!("t{}", self.given.fetch_add(1, Ordering::SeqCst) + 1).into())
    }
    async fn login_again(&self, refused: &SecretString) -> Result<SecretString> {
        self.refused.lock().unwrap().push(refused.expose_secret().to_owned());
        self.login().await
    }
    fn due(&self, secret: &SecretString) -> bool {
        let number: usize = secret.expose_secret()[1..].parse().unwrap();
        number <= self.due.load(Ordering::SeqCst)
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        let value = secret.expose_secret().parse().unwrap();
        request.headers_mut().insert("token", value);
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_due_is_replaced_once_before_the_next_calls() {
    let (credentials, base) = (Arc::new(Numbered::default()), "https://desk.example".parse().unwrap());
    let wire = Wire::taking(SECOND, |_, request| {
        assert_ne!(request.headers()["token"], "t0");
        Ok(status(200))
    });
    let auth = Auth::new(wire, credentials.clone(), &base, clock()).unwrap();
    auth.exchange(&post(Meta::read("x"))).await.unwrap();
    credentials.due.store(1, Ordering::SeqCst);
    join_all((0..32).map(|_| async { auth.exchange(&post(Meta::read("x"))).await.unwrap() })).await;
    assert_eq!(credentials.given.load(Ordering::SeqCst), 2);
    assert!(credentials.refused.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_login_after_a_refusal_knows_which_secret_was_refused() {
    let (credentials, base) = (Arc::new(Numbered::default()), "https://desk.example".parse().unwrap());
    let wire = Wire::new(|_, request| Ok(status(if request.headers()["token"] == "t1" { 401 } else { 200 })));
    let auth = Auth::new(wire, credentials.clone(), &base, clock()).unwrap();
    assert_eq!(auth.exchange(&post(Meta::read("x"))).await.unwrap().status(), 200);
    assert_eq!(*credentials.refused.lock().unwrap(), ["t1"]);
}

struct Bytes5;

#[async_trait]
impl OpenBody for Bytes5 {
    async fn open(&self) -> Result<ByteStream> {
        Ok(Box::pin(futures_util::stream::iter([Ok(Bytes::from_static(b"12345"))])))
    }
}

fn file(name: &str, content_type: &str) -> FilePart {
    FilePart { name: name.into(), content_type: content_type.into(), len: 5, open: Arc::new(Bytes5) }
}

async fn text(body: &Body) -> String {
    let chunks: Vec<Bytes> = body.stream().try_collect().await.unwrap();
    String::from_utf8(chunks.concat()).unwrap()
}

#[tokio::test]
async fn a_form_has_the_length_it_states_and_the_parts_it_was_given() {
    let form = Multipart::new(Boundary::seeded(7))
        .text("isPublic", "false")
        .file("file", file("a.txt", "text/plain"));
    let (line, kind) = (Boundary::seeded(7).as_str().to_owned(), form.content_type());
    assert_eq!(kind, format!("multipart/form-data; boundary={line}"));
    let body = form.body();
    let written = text(&body).await;
    assert_eq!(written.len() as u64, body.len());
    assert_eq!(
        written,
        format!(
            "--{line}\r\nContent-Disposition: form-data; name=\"isPublic\"\r\n\r\nfalse\r\n\
             --{line}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\
             Content-Type: text/plain\r\n\r\n12345\r\n--{line}--\r\n"
        )
    );
}

#[tokio::test]
async fn a_hostile_name_or_media_type_adds_no_line_and_ends_no_quote() {
    let name = "a\"; name=\"x\r\nX-Evil: 1\r\n\r\n\u{0}ü.txt";
    let form = Multipart::new(Boundary::seeded(7)).file("file", file(name, "text/plain\r\nX-Evil: 1"));
    let written = text(&form.body()).await;
    assert!(
        written.contains("filename=\"a%22; name=%22x%0D%0AX-Evil: 1%0D%0A%0D%0A_ü.txt\"\r\n"),
        "{written}"
    );
    assert!(written.contains("\r\nContent-Type: application/octet-stream\r\n\r\n12345\r\n"), "{written}");
}

#[test]
fn boundaries_differ_unless_they_have_one_seed() {
    assert_ne!(Boundary::random(), Boundary::random());
    assert_eq!(Boundary::seeded(1), Boundary::seeded(1));
}
