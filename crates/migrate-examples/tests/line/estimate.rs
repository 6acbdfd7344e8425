//! What the estimate says against what a load, a verification and a rollback take, at a workspace that grants 1,000 calls
//! a minute. Time is the stand-in's own clock: whoever waits moves it on.

use crate::bench::{ACCOUNT, Bench, approve, provision};
use async_trait::async_trait;
use intercom_client::{Client, Config, IntercomSink, SinkOptions};
use jiff::{SignedDuration, Timestamp};
use mapping_core::Clock;
use migrate_engine::{
    ApplyOptions, Cancel, Ctx, EstimateOptions, Pace, PlanOptions, RollbackOptions, Run, Silent, Timer,
    VerifyOptions,
};
use migrate_sandbox::clock::SandboxClock;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// The stand-in's clock, for everybody.
#[derive(Clone)]
struct Shared {
    clock: SandboxClock,
    began: Timestamp,
}

impl Shared {
    fn move_to(&self, moment: Timestamp) {
        let step = moment.duration_since(self.clock.now());
        if step.is_positive() {
            self.clock.advance(step);
        }
    }
}
impl Clock for Shared {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}
#[async_trait]
impl Timer for Shared {
    async fn sleep_until(&self, moment: Timestamp) {
        tokio::task::yield_now().await;
        self.move_to(moment);
    }
}
impl connector_http::Clock for Shared {
    fn elapsed(&self) -> Duration {
        self.now().duration_since(self.began).unsigned_abs()
    }
    fn unix(&self) -> Duration {
        self.now().as_duration().unsigned_abs()
    }
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let (clock, until) = (self.clone(), SignedDuration::try_from(duration).map(|d| self.now() + d));
        Box::pin(async move {
            match until {
                // What is longer than a window is a deadline, and nothing is that late here.
                Ok(until) if duration <= Duration::from_secs(15) => clock.move_to(until),
                _ => std::future::pending().await,
            }
        })
    }
}

/// How far two numbers are apart, in hundredths of the first.
fn apart(said: u64, came: f64) -> f64 {
    (came - said as f64).abs() / said as f64 * 100.0
}

#[test]
fn calls_are_within_three_and_seconds_within_ten_in_a_hundred_of_what_was_said() {
    let bench = Bench::generated(21, 120);
    bench.extracted();
    bench.mapped();
    bench.done(&provision());

    let clock = bench.intercom.clock().clone();
    clock.freeze(Timestamp::now());
    let shared = Shared { began: clock.now(), clock };
    bench.intercom.turn(|knobs| knobs.rate_limit = 167);
    let mut config = Config::default();
    config.base_url = Some(bench.base());
    config.token = Some(bench.token.clone().into());
    let pace = Pace::new(config.http.rate.share, config.http.slots.count);
    let wire = connector_http::Http::new(&config.http).unwrap();
    let timekeeper = Arc::new(shared.clone());
    let client = Client::built(config, |builder| builder.clock(timekeeper.clone()), wire).unwrap();
    let sink = IntercomSink::new(&client, SinkOptions::default()).with_clock(timekeeper);

    let cancel = Cancel::new();
    let ctx = Ctx::new(&shared, &Silent, &cancel);
    let run = Run::open(&bench.dir).unwrap();
    let options = PlanOptions::default().pace(pace);
    let plan = bench.runtime.block_on(migrate_engine::plan(&run, &sink, &options, &ctx)).unwrap();
    drop(run);
    bench.done(&approve());
    let run = Run::open(&bench.dir).unwrap();

    let load = plan.estimate.load.clone();
    let applied =
        bench.runtime.block_on(migrate_engine::apply(&run, &sink, &ApplyOptions::default(), &ctx)).unwrap();
    assert_eq!(applied.unknown(), 0, "{applied:#?}");
    let seconds = load.seconds.unwrap();
    let said = format!("{load:?}, came {} calls in {} s", applied.calls, applied.seconds);
    assert!(load.calls > 500, "{said}");
    assert!(apart(load.calls, applied.calls as f64) <= 3.0, "{said}");
    assert!(apart(seconds, applied.seconds) <= 10.0, "{said}");
    assert_eq!(mapping_core::Sink::meter(&sink).throttled, 0, "the quota was never broken");

    // What the load came to is what the next estimate reckons with.
    let options = EstimateOptions::default().pace(pace).sample(40);
    let after = bench.runtime.block_on(migrate_engine::estimate(&run, &sink, &options)).unwrap();
    assert!(after.measured.is_some_and(|rate| (rate * applied.seconds - applied.calls as f64).abs() < 1.0));
    let began = shared.now();
    let verified =
        bench.runtime.block_on(migrate_engine::verify(&run, &sink, &VerifyOptions::default(), &ctx)).unwrap();
    let took = shared.now().duration_since(began).as_secs_f64();
    let said = format!("{:?}, came {} calls in {took} s", after.verify, verified.calls);
    assert!(apart(after.verify.calls, verified.calls as f64) <= 3.0, "{said}");
    assert!(apart(after.verify.seconds.unwrap(), took) <= 10.0, "{said}");
    assert_eq!(after.verify_sampled.records, 40);

    let again = bench.runtime.block_on(migrate_engine::estimate(&run, &sink, &options)).unwrap();
    let back = RollbackOptions::default().confirm(ACCOUNT);
    let began = shared.now();
    let undone = bench.runtime.block_on(migrate_engine::rollback(&run, &sink, &back, &ctx)).unwrap();
    let took = shared.now().duration_since(began).as_secs_f64();
    let said = format!("{:?}, came {} calls in {took} s", again.rollback, undone.calls);
    assert!(apart(again.rollback.calls, undone.calls as f64) <= 3.0, "{said}");
    assert!(apart(again.rollback.seconds.unwrap(), took) <= 10.0, "{said}");
}
