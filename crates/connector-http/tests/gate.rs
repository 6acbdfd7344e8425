//! The rate gate against a simulated server with fixed windows of ten seconds and a limit that moves, in paused time.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use connector_http::*;
use futures_util::future::join_all;
use support::{Wire, clock, post, status};

const WINDOW: u64 = 10;

/// What came in one window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Window {
    ours: u64,
    refused: u64,
}

/// A server that counts calls by window, refuses those above its limit and tells its budget in headers.
struct Server {
    clock: Arc<dyn Clock>,
    start: Duration,
    /// The limit at a time since the start.
    limit: fn(u64) -> u64,
    /// Calls that others have made by this second of a window.
    others: fn(u64) -> u64,
    /// Added to every time that the server tells.
    ahead: u64,
    windows: Mutex<BTreeMap<u64, Window>>,
    /// The least that was left after one of our calls.
    least_left: Mutex<u64>,
    latency: Mutex<fastrand::Rng>,
}

impl Server {
    fn new(clock: &Arc<dyn Clock>, limit: fn(u64) -> u64) -> Self {
        Server {
            clock: clock.clone(),
            start: clock.unix(),
            limit,
            others: |_| 0,
            ahead: 0,
            windows: Mutex::default(),
            least_left: Mutex::new(u64::MAX),
            latency: Mutex::new(fastrand::Rng::with_seed(7)),
        }
    }

    fn windows(&self) -> Vec<Window> {
        self.windows.lock().unwrap().values().copied().collect()
    }

    fn count(&self) -> Response {
        let now = self.clock.unix().as_secs();
        let limit = (self.limit)(now - self.start.as_secs());
        let mut windows = self.windows.lock().unwrap();
        let window = windows.entry(now / WINDOW).or_default();
        let used = window.ours + (self.others)(now % WINDOW);
        let accepted = used < limit;
        if accepted {
            window.ours += 1;
        } else {
            window.refused += 1;
        }
        let left = limit.saturating_sub(used + 1);
        let mut least = self.least_left.lock().unwrap();
        *least = left.min(*least);
        let reset = (now / WINDOW + 1) * WINDOW + self.ahead;
        let mut answer = status(if accepted { 200 } else { 429 });
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(now + self.ahead));
        for (name, value) in [
            ("x-ratelimit-limit", limit.to_string()),
            ("x-ratelimit-remaining", left.to_string()),
            ("x-ratelimit-reset", reset.to_string()),
            ("date", date),
        ] {
            answer.headers_mut().insert(name, value.parse().unwrap());
        }
        answer
    }
}

#[async_trait]
impl Exchange for Server {
    async fn exchange(&self, _: &Request) -> Result<Response> {
        let (there, back) = {
            let mut rng = self.latency.lock().unwrap();
            (rng.u64(10..100), rng.u64(10..200))
        };
        self.clock.sleep(Duration::from_millis(there)).await;
        let answer = self.count();
        self.clock.sleep(Duration::from_millis(back)).await;
        Ok(answer)
    }
}

/// Workers that call as fast as they are let, for some seconds; gives the gate's last word too.
async fn hammer(clock: Arc<dyn Clock>, server: Arc<Server>, seconds: u64) -> (Vec<Window>, Budget) {
    let mut config = Config::default();
    config.slots = SlotSettings::new(64, Duration::ZERO);
    let stack =
        Stack::builder(server.clone()).config(config).clock(clock).jitter(Jitter::seeded(3)).build().unwrap();
    let worker = || async {
        loop {
            stack.exchange(&post(Meta::read("read"))).await.unwrap();
        }
    };
    let workers = join_all((0..48).map(|_| worker()));
    assert!(tokio::time::timeout(Duration::from_secs(seconds), workers).await.is_err());
    (server.windows(), stack.budget())
}

fn moving_limit(second: u64) -> u64 {
    if (40..80).contains(&second) { 166 } else { 1666 }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_moves_is_followed_down_and_up_without_one_refusal() {
    let clock = clock();
    let server = Arc::new(Server::new(&clock, moving_limit));
    let (windows, budget) = hammer(clock, server, 120).await;
    assert_eq!(windows.len(), 12);
    eprintln!("ours by window: {:?}", windows.iter().map(|w| w.ours).collect::<Vec<_>>());
    assert_eq!(windows.iter().map(|w| w.refused).sum::<u64>(), 0, "{windows:?}");
    for (position, window) in windows.iter().enumerate() {
        let limit = moving_limit(10 * position as u64);
        let share = limit * 8 / 10;
        assert!(window.ours <= limit, "window {position}: {windows:?}");
        assert!(window.ours >= share * 75 / 100, "window {position} uses too little: {windows:?}");
        let adapting = position == 4 || position == 8;
        assert!(
            adapting || window.ours <= share + 1,
            "window {position} uses more than its share: {windows:?}"
        );
    }
    assert_eq!((budget.limit, budget.throttled), (1666, 0));
    assert!(budget.waited > Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_falls_in_the_middle_of_a_window_costs_refusals_once() {
    let clock = clock();
    let server = Arc::new(Server::new(&clock, |second| if second < 25 { 1666 } else { 166 }));
    let (windows, budget) = hammer(clock, server, 60).await;
    let refused: Vec<_> = windows.iter().map(|w| w.refused).collect();
    // Until the first answer with the new limit comes back, calls go on at the old pace.
    assert!(refused[2] <= 64, "{windows:?}");
    assert_eq!(refused.iter().sum::<u64>(), refused[2], "{windows:?}");
    assert!(windows[3..].iter().all(|w| w.ours <= 166 && w.ours >= 99), "{windows:?}");
    assert_eq!(budget.limit, 166);
}

#[tokio::test(start_paused = true)]
async fn what_others_use_is_left_to_them() {
    let clock = clock();
    let mut server = Server::new(&clock, |_| 166);
    server.others = |second| second * 9;
    let server = Arc::new(server);
    let (windows, _) = hammer(clock, server.clone(), 60).await;
    assert!(windows.iter().all(|w| w.refused == 0 && w.ours >= 75), "{windows:?}");
    // A tenth of 166 is kept back, less what came on both sides while the server's word was under way.
    let least = *server.least_left.lock().unwrap();
    assert!((5..=16).contains(&least), "{least} left");
}

#[tokio::test(start_paused = true)]
async fn a_server_with_another_clock_is_followed_by_its_date() {
    let clock = clock();
    let mut server = Server::new(&clock, |second| if second < 25 { 1666 } else { 166 });
    server.ahead = 7200;
    let (windows, _) = hammer(clock, Arc::new(server), 60).await;
    assert!(windows[3..].iter().all(|w| w.ours <= 166 && w.ours >= 80 && w.refused == 0), "{windows:?}");
}

#[tokio::test(start_paused = true)]
async fn garbage_in_the_headers_changes_nothing() {
    let wire = Wire::new(|n, _| {
        let mut answer = status(200);
        let values = ["", "-5", "0", "NaN", "18446744073709551615", "999999999999999999999"];
        let value = values[n % values.len()];
        for name in ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"] {
            if value != "0" || name == "x-ratelimit-limit" {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
        }
        Ok(answer)
    });
    let stack = Stack::builder(wire).clock(clock()).build().unwrap();
    for _ in 0..60 {
        stack.exchange(&post(Meta::read("read"))).await.unwrap();
    }
    let budget = stack.budget();
    assert_eq!((budget.limit, budget.remaining, budget.resets_at), (166, None, None));
    assert_eq!((budget.calls, budget.closed_until), (60, None));
}

fn gate<X: Exchange>(inner: X, settings: RateSettings) -> RateGate<X> {
    RateGate::new(inner, settings, Arc::new(XRateLimit::default()), Arc::new(Jitter::seeded(5)), clock())
}

#[tokio::test(start_paused = true)]
async fn the_first_calls_come_at_the_floor_and_without_a_burst() {
    let times = Arc::new(Mutex::new(Vec::new()));
    let seen = times.clone();
    let wire = Wire::new(move |_, _| {
        seen.lock().unwrap().push(tokio::time::Instant::now());
        Ok(status(200))
    });
    let gate = gate(wire, RateSettings::default());
    join_all((0..50).map(|_| async { gate.exchange(&post(Meta::create("create"))).await.unwrap() })).await;
    let times = times.lock().unwrap();
    let least = Duration::from_secs(10).div_f64(166.0 * 0.8) - Duration::from_millis(2);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= least), "{times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stated_reset_is_kept_by_all_workers() {
    let start = tokio::time::Instant::now();
    let wire = Wire::new(move |n, _| {
        let mut answer = status(if n == 0 { 429 } else { 200 });
        if n == 0 {
            answer.headers_mut().insert("retry-after", "8".parse().unwrap());
        } else {
            let since = start.elapsed();
            assert!(since >= Duration::from_secs(8), "call {n} after {since:?}");
        }
        Ok(answer)
    });
    let gate = gate(wire, RateSettings::default());
    assert_eq!(gate.exchange(&post(Meta::create("create"))).await.unwrap().status(), 429);
    assert!(gate.budget().closed_until.is_some());
    join_all((0..20).map(|_| async { gate.exchange(&post(Meta::create("create"))).await.unwrap() })).await;
    assert!(start.elapsed() <= Duration::from_secs(11), "{:?}", start.elapsed());
    assert_eq!((gate.budget().throttled, gate.budget().calls), (1, 21));
}

#[tokio::test(start_paused = true)]
async fn refusals_without_a_stated_time_close_the_gate_longer_and_longer() {
    let wire = Wire::new(|_, _| Ok(status(429)));
    let gate = gate(wire, RateSettings::default());
    let mut waits = Vec::new();
    for _ in 0..8 {
        let start = tokio::time::Instant::now();
        gate.exchange(&post(Meta::read("read"))).await.unwrap();
        waits.push(start.elapsed().as_secs());
    }
    assert!(waits.is_sorted() && waits[1] == 1 && waits[7] >= 60 && waits[7] <= 61, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_refused_together_close_the_gate_as_one() {
    let second = Duration::from_secs(1);
    let wire = Wire::taking(10 * second, |n, _| Ok(status(if n < 16 { 429 } else { 200 })));
    let gate = gate(wire, RateSettings::every(Duration::from_millis(10)));
    join_all((0..16).map(|_| async { gate.exchange(&post(Meta::create("create"))).await.unwrap() })).await;
    let closed = gate.budget().closed_until.unwrap().duration_since(UNIX_EPOCH + support::UNIX_NOW).unwrap();
    assert!(closed < 13 * second, "closed for {:?} after the last of them", closed - 10 * second);
}

#[tokio::test(start_paused = true)]
async fn with_waiting_off_a_call_fails_instead_and_says_when_to_come_back() {
    let wire = Wire::new(|_, _| Ok(status(200)));
    let gate = gate(
        wire.clone(),
        RateSettings::new(10, Duration::from_secs(10)).with_share(1.0).with_waiting(Waiting::Fail),
    );
    gate.exchange(&post(Meta::create("create"))).await.unwrap();
    let e = gate.exchange(&post(Meta::create("create"))).await.unwrap_err();
    assert_eq!((e.kind(), e.outcome()), (ErrorKind::Throttled, Outcome::NotSent));
    assert_eq!(e.retry(), mapping_core::Retry::After(Duration::from_secs(1)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    gate.exchange(&post(Meta::create("create"))).await.unwrap();
    assert_eq!(wire.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_bounded_wait_counts_the_queue_too() {
    let wire = Wire::new(|_, _| Ok(status(200)));
    let limit = Waiting::AtMost(Duration::from_millis(4500));
    let gate = gate(wire, RateSettings::every(Duration::from_secs(1)).with_waiting(limit));
    let all = join_all((0..9).map(|_| async { gate.exchange(&post(Meta::create("create"))).await })).await;
    let (passed, failed): (Vec<_>, Vec<_>) = all.into_iter().partition(Result::is_ok);
    assert_eq!((passed.len(), failed.len()), (5, 4));
    assert!(failed.into_iter().all(|e| e.unwrap_err().outcome() == Outcome::NotSent));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_waiter_leaves_the_line_and_those_behind_it_go_on() {
    let wire = Wire::new(|_, _| Ok(status(200)));
    let gate = Arc::new(gate(wire, RateSettings::every(Duration::from_secs(1))));
    gate.exchange(&post(Meta::read("read"))).await.unwrap();
    let start = tokio::time::Instant::now();
    let call = || {
        let gate = gate.clone();
        tokio::spawn(async move { gate.exchange(&post(Meta::read("read"))).await })
    };
    let (first, second) = (call(), call());
    tokio::time::sleep(Duration::from_millis(500)).await;
    first.abort();
    second.await.unwrap().unwrap();
    assert_eq!(start.elapsed().as_millis() / 100, 10);
}
