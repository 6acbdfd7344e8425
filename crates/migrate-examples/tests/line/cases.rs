//! What real data does, case by case: from the source to the destination, each with what became of it there.

mod loaded;

use loaded::{shared, shown};

#[test]
fn dump() {
    let l = shared();
    println!("verified {:?} clean {} {:#?}", l.verified, l.verdict.is_clean(), l.verdict);
    for t in &l.desk.tickets { println!("=== ticket {} {}", t.id, shown(l, t)); }
    for q in &l.quarantined { println!("Q {q:?}"); }
    for x in &l.losses { if x.record.kind != *"ticket" { println!("L {} {:?} {} {}", x.record, x.rule, x.field, x.why); } }
    for c in &l.desk.contacts { println!("C {:?} -> {}", c, l.target("contact", c.id).map(|_| l.person(c.id).to_string()).unwrap_or_default()); }
    for a in &l.desk.kb_articles { println!("A {:?} -> {}", a, l.target("kb_article", a.id).map(|_| l.object("kb_article", a.id).to_string()).unwrap_or_default()); }
    for a in &l.desk.kb_categories { println!("K {:?} -> {:?}", a, l.target("kb_category", a.id).map(|_| l.object("kb_category", a.id).to_string())); }
    for a in &l.desk.working_hours { println!("W {:?} -> {:?}", a, l.target("working_hours", a.id).map(|_| l.object("working_hours", a.id).to_string())); }
}
