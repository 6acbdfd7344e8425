//! A record that links to one that can't be had goes without the link, when it can.

use crate::desk::{TICKETS, World, records};
use mapping_core::model::{Company, CustomFields, Extra, Record};
use mapping_core::{Link, LossRule, SourceRef, Value};
use migrate_engine::{Exit, KindSum, Run};

/// A company that contacts 1 and 3 belong to.
fn with_company() -> World {
    let mut all = records(TICKETS);
    all.push(Record::from(Company {
        id: "7".into(),
        name: "Acme".into(),
        domains: Vec::new(),
        custom: CustomFields::new(),
        extra: Extra::new(),
    }));
    for record in &mut all {
        match record {
            Record::Contact(contact) if ["1", "3"].contains(&contact.id.as_str()) => {
                contact.company = Some("7".into());
            }
            _ => {}
        }
    }
    World::with(all)
}

fn company() -> SourceRef {
    SourceRef::new("company", "7")
}

fn lost(run: &Run) -> Vec<(String, LossRule)> {
    let losses = run.ledger().losses(0, 10_000).unwrap().into_iter().map(|(_, loss)| loss);
    let of_link = losses.filter(|l| l.why.contains("the link is left out"));
    of_link.map(|l| (l.record.to_string(), l.rule)).collect()
}

async fn all_but_the_link(world: &World, run: &Run) {
    assert_eq!(world.judge(TICKETS), Vec::<String>::new());
    let contacts: Vec<_> = world.server.objects().into_iter().filter(|o| o.kind == "contact").collect();
    assert_eq!(contacts.len(), 2, "every contact that writes is there");
    assert!(contacts.iter().all(|c| !c.fields.contains_key("company")));
    let verified = world.verify(run).await;
    assert_eq!((verified.different, verified.exit), (0, Exit::Done), "{:?}", verified.differences);
}

#[tokio::test]
async fn a_contact_belongs_to_its_company() {
    let world = with_company();
    let (run, _) = world.planned().await;
    assert_eq!(world.apply(&run).await.unwrap().exit, Exit::Done);
    let contacts: Vec<_> = world.server.objects().into_iter().filter(|o| o.kind == "contact").collect();
    let to = |v: Option<&Value>| matches!(v, Some(Value::Link(Link::Remote(r))) if r.kind == *"company");
    assert!(contacts.iter().all(|c| to(c.fields.get("company"))), "{contacts:?}");
    assert_eq!(world.verify(&run).await.exit, Exit::Done);
    assert_eq!(lost(&run), []);
}

#[tokio::test]
async fn contacts_of_a_company_that_is_left_out_go_without_the_link() {
    let world = with_company();
    let run = world.init();
    std::fs::write(run.dir().join("skip.csv"), "record,reason\ncompany:7,not wanted\n").unwrap();
    let (run, plan) = world.planned_in(run).await;
    assert_eq!(run.ledger().quarantined(10).unwrap(), []);
    assert!(plan.sums.values().all(KindSum::agrees), "{:?}", plan.sums);
    let dropped = |id: &str| (format!("contact:{id}"), LossRule::Dropped);
    assert_eq!(lost(&run), [dropped("1"), dropped("3")]);
    assert_eq!(world.apply(&run).await.unwrap().exit, Exit::Done);
    all_but_the_link(&world, &run).await;
}

#[tokio::test]
async fn contacts_of_a_company_that_the_destination_refuses_go_without_the_link() {
    let world = with_company();
    let (run, _) = world.planned().await;
    *world.desk.refuses.lock().unwrap() = Some(company());
    assert_eq!(world.apply(&run).await.unwrap().exit, Exit::Incomplete);
    let aside: Vec<SourceRef> = run.ledger().quarantined(10).unwrap().into_iter().map(|q| q.record).collect();
    assert_eq!(aside, [company()], "it takes nobody along");
    let refused = |id: &str| (format!("contact:{id}"), LossRule::Refused);
    assert_eq!(lost(&run), [refused("1"), refused("3")]);
    all_but_the_link(&world, &run).await;
}
