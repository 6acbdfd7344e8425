//! Waves: closed tickets first, the rest later, nothing twice.

use crate::desk::{TICKETS, World};
use mapping_core::testkit::MemoryObject;
use migrate_engine::{ApplyOptions, Event, apply, status};

const WAVES: &str = "\n[waves.early]\nclosed_before = 2024-03-03\nstates = [\"closed\", \"resolved\"]\n\
                     [waves.closed]\nstates = [\"closed\"]\n";

async fn planned() -> (World, migrate_engine::Run) {
    let mut all = crate::desk::records(TICKETS);
    for record in &mut all {
        if let mapping_core::model::Record::Ticket(ticket) = record
            && ticket.status == mapping_core::model::Status::Closed
        {
            ticket.closed_at = ticket.created_at;
        }
    }
    let world = World::with(all);
    drop(world.init());
    let settings = world.path().join("migration.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}{WAVES}")).unwrap();
    let (run, _) = world.planned_in(world.open()).await;
    (world, run)
}

fn wave(name: &str) -> ApplyOptions {
    ApplyOptions::default().wave(name)
}

#[tokio::test]
async fn open_tickets_stay_out_of_a_wave_of_closed_ones_and_each_wave_goes_on_with_the_rest() {
    let (world, run) = planned().await;
    let early = apply(&run, &world.desk, &wave("early"), &world.ctx()).await.unwrap();
    assert_eq!((early.exit.code(), early.wave.as_deref()), (0, Some("early")), "{early:#?}");
    // Tickets are ten hours apart from 08:00 on 1 March, every second one closed.
    let markers: Vec<_> = world.server.objects().into_iter().filter_map(|o: MemoryObject| o.marker).collect();
    let tickets: Vec<_> = markers.iter().filter(|m| m.starts_with("ticket:")).collect();
    assert_eq!(tickets, ["ticket:0", "ticket:2"], "{:#?}", early.tickets);
    assert!(status(&run).unwrap().next.contains("next wave"));

    let closed = apply(&run, &world.desk, &wave("closed"), &world.ctx()).await.unwrap();
    assert_eq!(closed.exit.code(), 0);
    assert_eq!(world.count("conversation"), TICKETS / 2);
    assert_eq!(
        apply(&run, &world.desk, &wave("closed"), &world.ctx()).await.unwrap().applied(),
        1,
        "its mark alone"
    );

    assert_eq!(world.apply(&run).await.unwrap().exit.code(), 0);
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    assert_eq!(world.count("contact"), 2);
}

#[tokio::test]
async fn a_wave_that_was_stopped_is_gone_on_with_by_its_name_alone() {
    let (world, run) = planned().await;
    let cancel = migrate_engine::Cancel::new();
    let stopping = cancel.clone();
    let observer = move |event: Event| {
        if matches!(&event, Event::PhaseStarted { phase, .. } if phase == "apply conversation (pass 2)") {
            stopping.cancel();
        }
    };
    let ctx = migrate_engine::Ctx::new(&world.timer, &observer, &cancel);
    let stopped = apply(&run, &world.desk, &wave("closed"), &ctx).await.unwrap();
    assert_eq!(stopped.exit.code(), 130, "{stopped:#?}");
    for other in [ApplyOptions::default(), wave("early"), ApplyOptions::default().pilot(2)] {
        assert_eq!(apply(&run, &world.desk, &other, &world.ctx()).await.unwrap_err().exit.code(), 9);
    }
    let resumed = apply(&run, &world.desk, &wave("closed"), &world.ctx()).await.unwrap();
    assert_eq!((resumed.exit.code(), resumed.batch, resumed.resumed), (0, stopped.batch, true));
    world.apply(&run).await.unwrap();
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
}

#[tokio::test]
async fn a_wave_that_migration_toml_does_not_name_is_wrong_usage() {
    let (world, run) = planned().await;
    let refused = apply(&run, &world.desk, &wave("late"), &world.ctx()).await.unwrap_err();
    assert_eq!((refused.exit.code(), refused.details), (2, vec!["closed".to_owned(), "early".to_owned()]));
    let both = wave("early").pilot(3);
    assert_eq!(apply(&run, &world.desk, &both, &world.ctx()).await.unwrap_err().exit.code(), 2);
}
