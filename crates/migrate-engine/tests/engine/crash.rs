//! Death at every boundary, and at every point where the engine waits for its ledger.

use crate::desk::{World, records};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

const SMALL: usize = 4;

/// Lets a future run until it has waited this often, then drops it: a killed process.
struct DiesAfter<F> {
    future: Pin<Box<F>>,
    waits: usize,
}
impl<F: Future> Future for DiesAfter<F> {
    type Output = Option<F::Output>;
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.future.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.waits == 0 => Poll::Ready(None),
            Poll::Pending => {
                self.waits -= 1;
                Poll::Pending
            }
        }
    }
}

#[tokio::test]
async fn apply_killed_at_every_call_and_answer_loses_and_doubles_nothing() {
    let mut crashes = 0;
    let mut nth = 1;
    loop {
        let world = World::with(records(SMALL));
        let (run, _) = world.planned().await;
        world.wire.crash_at(nth);
        let died = world.apply(&run).await;
        drop(run);
        if !world.wire.is_dead() {
            died.unwrap();
            break;
        }
        assert_eq!(died.unwrap_err().exit.code(), 130);
        crashes += 1;
        world.wire.restart();
        let run = world.open();
        let resumed = world.apply(&run).await.unwrap();
        assert_eq!(resumed.exit.code(), 0, "boundary {nth}: {resumed:#?}");
        assert_eq!(world.judge(SMALL), Vec::<String>::new(), "boundary {nth}");
        nth += 4;
    }
    assert!(crashes > 10, "{crashes}");
}

#[tokio::test]
async fn apply_dropped_while_it_waits_for_its_ledger_loses_and_doubles_nothing() {
    let mut deaths = 0;
    for waits in (0..400).step_by(5) {
        let world = World::with(records(SMALL));
        let (run, _) = world.planned().await;
        let done = DiesAfter { future: Box::pin(world.apply(&run)), waits }.await;
        drop(run);
        if done.is_some() {
            break;
        }
        deaths += 1;
        let run = world.open();
        let resumed = world.apply(&run).await.unwrap();
        assert_eq!(resumed.exit.code(), 0, "after {waits} waits: {resumed:#?}");
        assert_eq!(world.judge(SMALL), Vec::<String>::new(), "after {waits} waits");
    }
    assert!(deaths > 2, "{deaths}");
}

#[tokio::test]
async fn rollback_killed_anywhere_is_taken_up_and_reaches_the_start_state() {
    let mut crashes = 0;
    let mut nth = 1;
    loop {
        let world = World::with(records(SMALL));
        let (run, _) = world.planned().await;
        let start = world.server.objects();
        world.apply(&run).await.unwrap();
        world.wire.crash_at(nth);
        let died = world.roll_back(&run).await;
        drop(run);
        if !world.wire.is_dead() {
            died.unwrap();
            break;
        }
        crashes += 1;
        world.wire.restart();
        let run = world.open();
        let resumed = world.roll_back(&run).await.unwrap();
        assert_eq!(resumed.exit.code(), 0, "boundary {nth}: {resumed:#?}");
        assert_eq!(world.server.objects(), start, "boundary {nth}");
        nth += 3;
    }
    assert!(crashes > 3, "{crashes}");
}

#[tokio::test]
async fn lost_and_refused_answers_end_in_the_same_state() {
    for seed in 0..3 {
        let world = World::with(records(SMALL));
        let (run, _) = world.planned().await;
        world.wire.faults(seed, 20, 10);
        let mut tries = 0;
        let applied = loop {
            // The catalog is read without a driver: when its answer is lost, the command is given again.
            match world.apply(&run).await {
                Ok(applied) => break applied,
                Err(failure) => assert_eq!(failure.exit.code(), 5, "{failure}"),
            }
            tries += 1;
            assert!(tries < 20);
        };
        world.wire.heal();
        assert_eq!(applied.exit.code(), 0, "seed {seed}: {applied:#?}");
        assert_eq!(world.judge(SMALL), Vec::<String>::new(), "seed {seed}");
    }
}
