//! Each policy alone, around a stand-in for the wire, in paused time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connector_http::*;
use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use secrecy::{ExposeSecret as _, SecretString};
use support::{Wire, clock, lost, post, status};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

fn retrying<X: Exchange>(inner: X, settings: RetrySettings) -> Retry<X> {
    Retry::new(inner, settings, Waiting::Wait, Arc::new(Jitter::seeded(1)), clock())
}

fn classified<X: Exchange>(inner: X) -> Classified<X> {
    Classified::new(inner, Arc::new(ByStatus), clock())
}

// Deadline

#[tokio::test(start_paused = true)]
async fn a_deadline_that_fires_while_the_call_queues_is_not_sent() {
    let slots = Slots::new(
        Wire::taking(60 * SECOND, |_, _| Ok(status(200))),
        &SlotSettings::new(1, Duration::ZERO),
        clock(),
    );
    let stack = Arc::new(Deadline::new(slots, 5 * SECOND, clock()));
    let first = tokio::spawn({
        let stack = stack.clone();
        async move { stack.exchange(&post(Meta::create("first"))).await }
    });
    tokio::task::yield_now().await;
    let queued = stack.exchange(&post(Meta::create("second"))).await.unwrap_err();
    assert_eq!((queued.kind(), queued.outcome()), (ErrorKind::Transport, Outcome::NotSent));
    let sent = first.await.unwrap().unwrap_err();
    assert_eq!(sent.outcome(), Outcome::Unknown, "the first one was on the wire");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_after_nothing_but_refusals_is_not_sent() {
    let wire = Wire::new(|_, _| Ok(status(429)));
    let stack =
        Deadline::new(retrying(classified(wire.clone()), RetrySettings::default()), 2 * SECOND, clock());
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert!(wire.calls() > 1);
    assert_eq!(e.outcome(), Outcome::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_after_a_lost_answer_is_unknown_even_while_waiting_to_repeat() {
    let wire = Wire::new(|n, _| if n == 0 { Err(lost()) } else { Ok(status(429)) });
    let stack = Deadline::new(retrying(classified(wire), RetrySettings::default()), 3 * SECOND, clock());
    let e = stack.exchange(&post(Meta::overwrite("update"))).await.unwrap_err();
    assert_eq!(e.outcome(), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_calls_own_deadline_goes_before_the_stacks() {
    let wire = Wire::taking(10 * SECOND, |_, _| Ok(status(200)));
    let stack = Deadline::new(wire, SECOND, clock());
    assert!(stack.exchange(&post(Meta::read("slow").with_deadline(20 * SECOND))).await.is_ok());
    assert!(stack.exchange(&post(Meta::read("slow"))).await.is_err());
}

// Retry

async fn attempts_until_given_up(meta: Meta, answer: fn() -> Result<Response>) -> (usize, Outcome) {
    let wire = Wire::new(move |_, _| answer());
    let retry = retrying(classified(wire.clone()), RetrySettings::default());
    let outcome = retry.exchange(&post(meta)).await.unwrap_err().outcome();
    (wire.calls(), outcome)
}

#[tokio::test(start_paused = true)]
async fn a_create_is_sent_once_when_its_answer_is_lost() {
    for answer in [|| Err(lost()), || Ok(status(500)), || Ok(status(502)), || Ok(status(408))] {
        assert_eq!(attempts_until_given_up(Meta::create("create"), answer).await, (1, Outcome::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_and_an_overwrite_are_repeated_when_the_answer_is_lost() {
    for meta in [Meta::read("read"), Meta::overwrite("update")] {
        assert_eq!(attempts_until_given_up(meta.clone(), || Err(lost())).await, (5, Outcome::Unknown));
    }
    assert_eq!(attempts_until_given_up(Meta::read("read"), || Ok(status(503))).await, (5, Outcome::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_create_is_repeated_when_it_was_certainly_not_applied() {
    let refused =
        || Err(Error::not_sent(ErrorKind::Transport, "refused").with_retry(mapping_core::Retry::Later));
    assert_eq!(attempts_until_given_up(Meta::create("create"), refused).await, (5, Outcome::NotSent));
    assert_eq!(
        attempts_until_given_up(Meta::create("create"), || Ok(status(429))).await,
        (20, Outcome::Rejected)
    );
    assert_eq!(
        attempts_until_given_up(Meta::create("create"), || Ok(status(425))).await,
        (5, Outcome::Rejected)
    );
}

#[tokio::test(start_paused = true)]
async fn a_plain_refusal_is_never_repeated() {
    for answer in
        [|| Ok(status(400)), || Ok(status(401)), || Ok(status(404)), || Ok(status(409)), || Ok(status(422))]
    {
        assert_eq!(attempts_until_given_up(Meta::read("read"), answer).await, (1, Outcome::Rejected));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_lost_answer_does_not_settle_the_write() {
    let wire = Wire::new(|n, _| if n == 0 { Err(lost()) } else { Ok(status(400)) });
    let retry = retrying(classified(wire), RetrySettings::default());
    let e = retry.exchange(&post(Meta::overwrite("update"))).await.unwrap_err();
    assert_eq!((e.status(), e.outcome()), (Some(400), Outcome::Unknown));
}

#[tokio::test(start_paused = true)]
async fn a_stated_wait_is_kept_and_jitter_only_adds_to_it() {
    let wire = Wire::new(|n, _| {
        let mut answer = status(if n == 0 { 429 } else { 200 });
        answer.headers_mut().insert("retry-after", "7".parse().unwrap());
        Ok(answer)
    });
    let start = Instant::now();
    retrying(classified(wire), RetrySettings::default())
        .exchange(&post(Meta::create("create")))
        .await
        .unwrap();
    assert!(start.elapsed() >= 7 * SECOND && start.elapsed() < 9 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn waits_that_nobody_stated_grow_and_stay_below_their_bound() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let wire = Wire::new(move |_, _| {
        seen.lock().unwrap().push(Instant::now());
        Err(lost())
    });
    let mut settings = RetrySettings::default();
    settings.attempts = 12;
    let _ = retrying(wire, settings).exchange(&post(Meta::read("read"))).await;
    let waits: Vec<_> = times.lock().unwrap().windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(waits.len(), 11);
    assert!(waits[0] >= SECOND / 4 && waits[0] <= SECOND / 2 + SECOND / 100, "{waits:?}");
    assert!(waits[10] >= 15 * SECOND && waits.iter().all(|w| *w <= 30 * SECOND + SECOND / 100), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn with_waiting_off_a_throttled_call_fails_at_once_with_the_time_to_come_back() {
    let wire = Wire::new(|_, _| {
        let mut answer = status(429);
        answer
            .headers_mut()
            .insert("x-ratelimit-reset", (support::UNIX_NOW.as_secs() + 9).to_string().parse().unwrap());
        Ok(answer)
    });
    let jitter = Arc::new(Jitter::none());
    let clock = clock();
    let inner = Classified::new(wire.clone(), Arc::new(ByStatus), clock.clone());
    let retry = Retry::new(inner, RetrySettings::default(), Waiting::Fail, jitter, clock);
    let e = retry.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!((wire.calls(), e.kind(), e.outcome()), (1, ErrorKind::Throttled, Outcome::Rejected));
    let mapping_core::Retry::After(wait) = e.retry() else { panic!("no time stated: {e:?}") };
    assert!(wait <= 9 * SECOND && wait > 8 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_stated_wait_of_hours_goes_up_at_once_and_closes_the_gate_for_all() {
    let wire = Wire::new(|_, _| {
        let mut answer = status(429);
        answer.headers_mut().insert("retry-after", "30000".parse().unwrap());
        Ok(answer)
    });
    let stack = Stack::builder(wire.clone()).clock(clock()).build().unwrap();
    let start = Instant::now();
    let first = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!(
        (first.outcome(), first.retry()),
        (Outcome::Rejected, mapping_core::Retry::After(30_000 * SECOND))
    );
    let second = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!((second.kind(), second.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    assert!(matches!(second.retry(), mapping_core::Retry::After(wait) if wait > 29_000 * SECOND));
    assert!(wire.calls() == 1 && start.elapsed() < SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_is_repeated_until_its_head_has_come() {
    let wire = Wire::new(|n, _| match n {
        0 => Err(lost()),
        1 => Ok(status(503)),
        _ => Ok(status(200).map(|_| Bytes::from_static(b"<page/>"))),
    });
    let stack = Stack::builder(wire.clone()).clock(clock()).build().unwrap();
    let answer = stack.open(&post(Meta::read("page"))).await.unwrap();
    assert_eq!((answer.into_body().collect(100).await.unwrap().as_ref(), wire.calls()), (&b"<page/>"[..], 3));
    let answer = stack.open(&post(Meta::read("page"))).await.unwrap();
    let e = answer.into_body().collect(3).await.unwrap_err();
    assert_eq!((e.kind(), e.context("max_answer_bytes")), (ErrorKind::TooLarge, Some("3")));
}

// Classification

#[tokio::test]
async fn a_classifier_builds_its_error_from_the_whole_answer() {
    let wire = Wire::new(|_, _| {
        let body = Bytes::from_static(br#"{"errors":[{"code":"parameter_invalid"}]}"#);
        Ok(http::Response::builder().status(400).header("x-request-id", "r-9").body(body).unwrap())
    });
    let envelope = |answer: &Answered<'_>| {
        ByStatus.classify(answer).map_err(|e| {
            let json: serde_json::Value = serde_json::from_slice(answer.body).unwrap();
            e.with_code(json["errors"][0]["code"].as_str().unwrap())
        })
    };
    let e = Classified::new(wire, Arc::new(envelope), clock())
        .open(&post(Meta::create("items.create")))
        .await
        .unwrap_err();
    assert_eq!((e.code(), e.request_id()), (Some("parameter_invalid"), Some("r-9")));
    assert_eq!((e.operation(), e.status()), (Some("items.create"), Some(400)));
}

#[test]
fn statuses_are_classified_with_their_outcome() {
    let headers = http::HeaderMap::new();
    let of = |code: u16| {
        let answer = Answered::new(http::StatusCode::from_u16(code).unwrap(), &headers, b"");
        ByStatus
            .classify(&answer)
            .map_err(|e| (e.kind(), e.outcome(), e.retry() != mapping_core::Retry::Never))
    };
    use {ErrorKind::*, Outcome::*};
    assert_eq!(of(200), Ok(()));
    assert_eq!(of(204), Ok(()));
    let expected = [
        (301, Malformed, Unknown, false),
        (302, Malformed, Unknown, false),
        (303, Malformed, Unknown, false),
        (307, Malformed, Rejected, false),
        (400, Invalid, Rejected, false),
        (401, Unauthorized, Rejected, false),
        (403, Forbidden, Rejected, false),
        (404, NotFound, Rejected, false),
        (408, Unavailable, Unknown, true),
        (409, Conflict, Rejected, false),
        (413, TooLarge, Rejected, false),
        (429, Throttled, Rejected, true),
        (500, Unavailable, Unknown, true),
        (501, Unsupported, Rejected, false),
        (503, Unavailable, Unknown, true),
        (504, Unavailable, Unknown, true),
    ];
    for (code, kind, outcome, again) in expected {
        assert_eq!(of(code), Err((kind, outcome, again)), "{code}");
    }
}

// Auth

/// A login that gives `t1`, `t2`, … and counts.
#[derive(Default)]
struct Tokens {
    logins: AtomicU64,
    refuse: bool,
}

#[async_trait]
impl Credentials for Tokens {
    async fn login(&self) -> Result<SecretString> {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let number = self.logins.fetch_add(1, Ordering::SeqCst) + 1;
        match self.refuse {
            true => Err(Error::rejected(ErrorKind::Unauthorized, "wrong password")),
            false => Ok(format!("t{number}").into()),
        }
    }
    fn apply(&self, secret: &SecretString, request: &mut Request) -> Result<()> {
        Bearer(secret.clone()).apply(secret, request)
    }
}

fn auth<X: Exchange>(inner: X, credentials: Arc<dyn Credentials>) -> Arc<Auth<X>> {
    Arc::new(Auth::new(inner, credentials, &"https://desk.example".parse().unwrap(), clock()).unwrap())
}

/// Accepts only the token that is valid now.
fn server_with_tokens(valid: Arc<Mutex<String>>) -> Arc<impl Exchange> {
    Wire::taking(Duration::from_millis(10), move |_, request: &Request| {
        let sent = request.headers().get("authorization").map(|v| v.to_str().unwrap().to_owned());
        let accepted = sent == Some(format!("Bearer {}", valid.lock().unwrap()));
        Ok(status(if accepted { 200 } else { 401 }))
    })
}

async fn thirty_two_at_once(stack: &Arc<impl Exchange + 'static>) -> Vec<Result<Response>> {
    join_all((0..32).map(|_| async { stack.exchange(&post(Meta::create("create"))).await })).await
}

#[tokio::test(start_paused = true)]
async fn thirty_two_workers_log_in_once_at_the_start_and_once_when_the_token_expires() {
    let valid = Arc::new(Mutex::new("t1".to_owned()));
    let tokens = Arc::new(Tokens::default());
    let stack = auth(server_with_tokens(valid.clone()), tokens.clone());
    for (round, token) in [(1, "t1"), (2, "t2")] {
        *valid.lock().unwrap() = token.to_owned();
        assert!(thirty_two_at_once(&stack).await.iter().all(|a| a.as_ref().unwrap().status() == 200));
        assert_eq!(tokens.logins.load(Ordering::SeqCst), round);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_tried_once_for_all_who_wait_for_it() {
    let tokens = Arc::new(Tokens { refuse: true, ..Tokens::default() });
    let wire = Wire::new(|_, _| Ok(status(200)));
    let stack = auth(wire.clone(), tokens.clone());
    for answer in thirty_two_at_once(&stack).await {
        let e = answer.unwrap_err();
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Unauthorized, Outcome::NotSent));
    }
    assert_eq!((tokens.logins.load(Ordering::SeqCst), wire.calls()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_never_accepted_is_renewed_once_per_call() {
    let wire = Wire::new(|_, _| Ok(status(401)));
    let stack = auth(wire.clone(), Arc::new(Tokens::default()));
    assert_eq!(stack.exchange(&post(Meta::read("read"))).await.unwrap().status(), 401);
    assert_eq!(wire.calls(), 2);
}

#[tokio::test]
async fn credentials_go_to_their_own_origin_only() {
    let wire = Wire::new(|_, request: &Request| {
        Ok(status(if request.headers().contains_key("authorization") { 200 } else { 204 }))
    });
    let stack = auth(wire, Arc::new(Bearer("secret".into())));
    let code = |url: &'static str| {
        let stack = stack.clone();
        async move {
            let request = Meta::read("read").request(http::Request::get(url), Body::empty()).unwrap();
            stack.exchange(&request).await.unwrap().status().as_u16()
        }
    };
    assert_eq!(code("https://desk.example:443/a").await, 200);
    assert_eq!(code("https://DESK.example/a").await, 200);
    for other in [
        "https://desk.example:8443/a",
        "http://desk.example/a",
        "https://desk.example.evil/a",
        "https://cdn.example/a",
    ] {
        assert_eq!(code(other).await, 204, "{other}");
    }
}

#[tokio::test]
async fn static_credentials_are_marked_sensitive_and_a_line_break_in_them_is_refused() {
    let mut request = post(Meta::read("read"));
    let basic = Basic { user: "ada".into(), password: "pw".into() };
    basic.apply(&basic.login().await.unwrap(), &mut request).unwrap();
    let value = &request.headers()["authorization"];
    assert!(value.is_sensitive() && value == "Basic YWRhOnB3");
    let key = ApiKey { header: "x-key".parse().unwrap(), key: "a\nb".into() };
    let e = key.apply(&key.login().await.unwrap(), &mut request).unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Config, Outcome::NotSent));
    assert!(!format!("{e:?}{key:?}{basic:?}").contains(key.key.expose_secret()));
}

// Slots

#[tokio::test(start_paused = true)]
async fn no_more_calls_run_at_once_than_there_are_slots() {
    let wire = Wire::taking(SECOND, |_, _| Ok(status(200)));
    let stack = Arc::new(Slots::new(wire.clone(), &SlotSettings::new(3, Duration::ZERO), clock()));
    let start = Instant::now();
    assert!(thirty_two_at_once(&stack).await.iter().all(Result::is_ok));
    assert_eq!(wire.most_at_once.load(Ordering::SeqCst), 3);
    assert_eq!(start.elapsed().as_secs(), 11, "32 calls of one second by three");
}

#[tokio::test(start_paused = true)]
async fn a_slot_rests_after_each_call_also_after_a_cancelled_one() {
    let wire = Wire::taking(SECOND, |_, _| Ok(status(200)));
    let stack = Slots::new(wire, &SlotSettings::new(1, 4 * SECOND), clock());
    let start = Instant::now();
    stack.exchange(&post(Meta::read("one"))).await.unwrap();
    assert_eq!(start.elapsed(), SECOND, "the first call waits for nothing");
    stack.exchange(&post(Meta::read("two"))).await.unwrap();
    assert_eq!(start.elapsed(), 6 * SECOND);
    let _ =
        tokio::time::timeout(Duration::from_millis(4500), stack.exchange(&post(Meta::read("dropped")))).await;
    stack.exchange(&post(Meta::read("three"))).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 6000 + 4500 + 4000 + 1000);
}

/// A wire whose streamed answers never end by themselves.
struct Endless;
#[async_trait]
impl Exchange for Endless {
    async fn exchange(&self, _: &Request) -> Result<Response> {
        panic!("only streamed")
    }
    async fn open(&self, _: &Request) -> Result<StreamResponse> {
        let chunks = stream::iter([Ok(Bytes::from_static(b"a"))]).chain(stream::pending());
        Ok(http::Response::new(AnswerBody::streamed(Box::pin(chunks))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_keeps_its_slot_until_it_is_dropped() {
    let stack = Slots::new(Endless, &SlotSettings::new(1, Duration::ZERO), clock());
    let mut first = stack.open(&post(Meta::read("page"))).await.unwrap();
    assert_eq!(first.body_mut().next().await.unwrap().unwrap(), "a");
    assert!(tokio::time::timeout(SECOND, stack.open(&post(Meta::read("page")))).await.is_err());
    drop(first);
    assert!(tokio::time::timeout(SECOND, stack.open(&post(Meta::read("page")))).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_rate_or_to_repeat_holds_no_slot() {
    let wire = Wire::new(|n, _| Ok(status(if n == 0 { 503 } else { 200 })));
    let mut config = Config::default();
    config.slots = SlotSettings::new(1, Duration::ZERO);
    config.retry.first_wait = 30 * SECOND;
    let stack = Stack::builder(wire).config(config).clock(clock()).build().unwrap();
    let start = Instant::now();
    let repeated = tokio::spawn({
        let stack = stack.clone();
        async move { stack.exchange(&post(Meta::read("first"))).await }
    });
    tokio::task::yield_now().await;
    stack.exchange(&post(Meta::read("second"))).await.unwrap();
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
    repeated.await.unwrap().unwrap();
}

// Timeout

fn timeouts(first_byte: u64, idle: u64, total: u64) -> Timeouts {
    let mut limits = Timeouts::default();
    limits.first_byte = Duration::from_secs(first_byte);
    limits.idle = Duration::from_secs(idle);
    limits.total = Duration::from_secs(total);
    limits
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_unknown_once_the_request_left() {
    let wire = Wire::taking(60 * SECOND, |_, _| Ok(status(200)));
    for (limits, named) in [(timeouts(5, 5, 50), "first_byte"), (timeouts(55, 5, 50), "total")] {
        let stack = Timeout::new(wire.clone(), limits, clock());
        let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
        assert_eq!((e.kind(), e.outcome()), (ErrorKind::Transport, Outcome::Unknown));
        assert!(e.message().contains(named), "{e}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_ends_before_its_first_byte_left_is_not_sent() {
    struct Connecting;
    #[async_trait]
    impl Exchange for Connecting {
        async fn exchange(&self, _: &Request) -> Result<Response> {
            std::future::pending().await
        }
    }
    let stack = Timeout::new(Connecting, timeouts(5, 5, 50), clock());
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!(e.outcome(), Outcome::NotSent);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_leaves_while_it_is_being_ended_is_unknown() {
    struct Leaves(Flight);
    impl Drop for Leaves {
        fn drop(&mut self) {
            self.0.leaves();
        }
    }
    struct AtTheLastMoment;
    #[async_trait]
    impl Exchange for AtTheLastMoment {
        async fn exchange(&self, request: &Request) -> Result<Response> {
            let _leaves = Leaves(Meta::of(request).flight().clone());
            std::future::pending().await
        }
    }
    let stack = Timeout::new(AtTheLastMoment, timeouts(5, 5, 50), clock());
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!(e.outcome(), Outcome::Unknown);
    let stack = Deadline::new(AtTheLastMoment, SECOND, clock());
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!(e.outcome(), Outcome::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_streamed_answer_that_stops_is_an_error_that_names_the_bound() {
    let stack = Timeout::new(Endless, timeouts(5, 3, 50), clock());
    let mut answer = stack.open(&post(Meta::read("page"))).await.unwrap();
    assert!(answer.body_mut().next().await.unwrap().is_ok());
    let e = answer.body_mut().next().await.unwrap().unwrap_err();
    assert!(e.message().contains("timeouts.idle") && e.outcome() == Outcome::Unknown, "{e}");
    assert!(answer.body_mut().next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_long_upload_is_progress_and_a_long_silence_after_it_is_not() {
    struct Upload {
        silence: Duration,
    }
    #[async_trait]
    impl Exchange for Upload {
        async fn exchange(&self, request: &Request) -> Result<Response> {
            let flight = Meta::of(request).flight().clone();
            for _ in 0..20 {
                tokio::time::sleep(3 * SECOND).await;
                flight.moved(1 << 16);
            }
            tokio::time::sleep(self.silence).await;
            Ok(status(200))
        }
    }
    for (silence, comes) in [(4 * SECOND, true), (11 * SECOND, false)] {
        let stack = Timeout::new(Upload { silence }, timeouts(5, 5, 600), clock());
        assert_eq!(stack.exchange(&post(Meta::create("upload"))).await.is_ok(), comes);
    }
}

// Trace and the whole stack

#[tokio::test(start_paused = true)]
async fn an_observer_sees_every_attempt_with_its_outcome_and_no_query_value() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let observer = move |a: &Attempt<'_>| {
        let line = (a.operation, a.number, a.status.map(|s| s.as_u16()), a.outcome, a.dropped);
        log.lock().unwrap().push((line, a.path.to_owned()));
    };
    let wire = Wire::taking(SECOND, |n, _| if n == 0 { Err(lost()) } else { Ok(status(200)) });
    let stack = Stack::builder(wire).observer(observer).clock(clock()).build().unwrap();
    stack.exchange(&post(Meta::overwrite("items.update"))).await.unwrap();
    let request = post(Meta::create("items.create"));
    let _ = tokio::time::timeout(SECOND / 2, stack.exchange(&request)).await;
    let path = "/items?q".to_owned();
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (("items.update", 1, None, Outcome::Unknown, false), path.clone()),
            (("items.update", 2, Some(200), Outcome::Applied, false), path.clone()),
            (("items.create", 1, None, Outcome::Unknown, true), path),
        ]
    );
    let counters = stack.counters();
    assert_eq!((counters.attempts, counters.repeated, counters.answered, counters.unknown), (3, 1, 1, 2));
}

#[tokio::test(start_paused = true)]
async fn a_raw_call_gets_every_answer_as_it_is_and_is_not_repeated() {
    let wire = Wire::new(|_, _| Ok(status(503)));
    let stack = Stack::builder(wire.clone()).clock(clock()).build().unwrap();
    let request = http::Request::get("https://desk.example/anything").body(Body::empty()).unwrap();
    assert_eq!(stack.raw(request).await.unwrap().status(), 503);
    assert_eq!(wire.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_of_a_write_leaves_its_outcome_to_the_flight() {
    let wire = Wire::taking(60 * SECOND, |_, _| Ok(status(200)));
    let mut config = Config::default();
    config.slots = SlotSettings::new(1, Duration::ZERO);
    let stack = Stack::builder(wire).config(config).clock(clock()).build().unwrap();
    let (on_the_wire, in_the_queue) = (Meta::create("first"), Meta::create("second"));
    let (first, second) = (post(on_the_wire.clone()), post(in_the_queue.clone()));
    let both = async { tokio::join!(stack.exchange(&first), stack.exchange(&second)) };
    assert!(tokio::time::timeout(5 * SECOND, both).await.is_err());
    assert_eq!(on_the_wire.flight().outcome_if_dropped(), Outcome::Unknown);
    assert_eq!(in_the_queue.flight().outcome_if_dropped(), Outcome::NotSent);
}

#[tokio::test(start_paused = true)]
async fn a_request_without_meta_is_a_read_or_a_create_by_its_method() {
    let wire = Wire::new(|_, _| Err(lost()));
    let stack = Stack::builder(wire.clone()).clock(clock()).build().unwrap();
    let bare = |method: &str| {
        http::Request::builder().method(method).uri("https://desk.example/").body(Body::empty()).unwrap()
    };
    assert!(stack.exchange(&bare("POST")).await.is_err());
    assert_eq!(wire.calls(), 1);
    assert!(stack.exchange(&bare("GET")).await.is_err());
    assert_eq!(wire.calls(), 1 + 5);
}

#[test]
fn a_configuration_has_defaults_refuses_unknown_keys_and_hides_secrets() {
    let text = r#"{"proxy": {"url": "http://u:hidden@proxy.lan:3128", "user": "u", "password": "hidden"},
        "deadline": 90.5, "rate": {"waiting": {"at_most": 2}}, "slots": {"count": 2, "rest": 0.25}}"#;
    let config: Config = serde_json::from_str(text).unwrap();
    assert_eq!((config.deadline, config.slots.rest), (Duration::from_millis(90_500), SECOND / 4));
    assert_eq!((config.rate.limit, config.rate.waiting), (166, Waiting::AtMost(2 * SECOND)));
    assert!(!format!("{config:?}").contains("hidden"));
    assert!(
        serde_json::from_str::<Config>(r#"{"user_agnet": "x"}"#)
            .unwrap_err()
            .to_string()
            .contains("user_agnet")
    );
    assert!(serde_json::from_str::<Config>(r#"{"deadline": -1}"#).is_err());
}

#[tokio::test(start_paused = true)]
async fn times_without_end_are_no_panic() {
    let mut config = Config::default();
    config.deadline = Duration::MAX;
    config.timeouts = timeouts(u64::MAX, u64::MAX, u64::MAX);
    config.timeouts.total = Duration::MAX;
    config.slots = SlotSettings::new(2, Duration::MAX);
    config.rate = RateSettings::new(10_000_000, Duration::MAX).with_share(1.0);
    config.retry.longest_stated_wait = SECOND;
    let throttled = |_: &Answered<'_>| {
        Err(Error::rejected(ErrorKind::Throttled, "never")
            .with_retry(mapping_core::Retry::After(Duration::MAX)))
    };
    let mut for_ever = RateReading::default();
    for_ever.resets_in = Some(Duration::MAX);
    for_ever.throttled = true;
    let stack = Stack::builder(Wire::new(|_, _| Ok(status(200))))
        .config(config)
        .classify(throttled)
        .rate_headers(move |_: &Answered<'_>| for_ever)
        .clock(clock())
        .build()
        .unwrap();
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Throttled, Outcome::Rejected));
    assert!(stack.budget().closed_until.is_some());
    let e = stack.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn any_exchange_is_a_tower_service() {
    use tower::ServiceExt as _;
    let service = ExchangeService::new(Wire::new(|_, _| Ok(status(202))));
    assert_eq!(service.oneshot(post(Meta::read("read"))).await.unwrap().status(), 202);
}
