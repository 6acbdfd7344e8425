//! The built-in mapping over whole records, and files that are refused.

use super::{ContactScope, Fidelity, Input, Mapped, Mapper, Mapping, Observations, Resolution};
use crate::model::{
    Agent, AgentState, Attachment, CallLeg, Category, CategoryScope, Channel, ChatLine, Company, Contact,
    ContactNote, Direction, Extra, Message, MessageAuthor, Priority, Queue, Record, Status, Thread, Ticket,
    Ticketbox,
};
use crate::{
    Blob, Body, Draft, ErrorKind, Link, Loss, LossRule, Private, RemoteRef, Role, SourceRef, Value,
    Visibility,
};
use jiff::Timestamp;
use std::collections::BTreeSet;

mod editor;
mod knowledge;

fn built_in() -> Mapping {
    static ONCE: std::sync::OnceLock<Mapping> = std::sync::OnceLock::new();
    let text = Mapping::built_in_text("focalscope-to-intercom").unwrap();
    ONCE.get_or_init(|| Mapping::parse(text).unwrap()).clone()
}

fn time(text: &str) -> Option<Timestamp> {
    Some(text.parse().unwrap())
}

fn blob(mark: &str) -> Blob {
    Blob { sha256: mark.repeat(64), len: 3, name: "stored".into(), mime: "application/octet-stream".into() }
}

fn file(id: &str, message: Option<&str>, name: &str, blob: Option<Blob>) -> Attachment {
    Attachment {
        id: id.into(),
        ticket: Some("42".into()),
        message: message.map(Into::into),
        name: name.into(),
        mime: "text/plain".into(),
        declared_size: None,
        blob,
        chat_line: None,
        content_id: None,
        inline: false,
        extra: Extra::new(),
    }
}

fn category(id: &str, name: &str, set: &str, multi: bool) -> Category {
    Category {
        id: id.into(),
        name: name.into(),
        set: Some(set.into()),
        parent: None,
        multi,
        mandatory: false,
        scope: CategoryScope::Everywhere,
        active: true,
        extra: Extra::new(),
    }
}

fn agent(id: &str, name: &str) -> Agent {
    Agent {
        id: id.into(),
        login: name.into(),
        name: name.into(),
        email: None,
        state: AgentState::Active,
        groups: vec![],
        extension: None,
        extra: Extra::new(),
    }
}

fn world() -> (Observations, Resolution) {
    let mut seen = Observations::default();
    let queue = Queue {
        id: "q1".into(),
        name: "Billing".into(),
        ticketboxes: vec![],
        members: vec![],
        max_tickets: None,
        rules: vec![],
        extra: Extra::new(),
    };
    let ticketbox = Ticketbox {
        id: "b1".into(),
        name: "Inbox".into(),
        parent: None,
        accounts: vec![],
        sla_policy: None,
        working_hours: None,
        extra: Extra::new(),
    };
    let company = Company {
        id: "co1".into(),
        name: "Acme".into(),
        domains: vec![],
        custom: Default::default(),
        extra: Extra::new(),
    };
    let records: Vec<Record> = vec![
        agent("a1", "Ann Agent").into(),
        agent("a2", "Gone Agent").into(),
        queue.into(),
        ticketbox.into(),
        company.into(),
        category("c1", "Refund", "Topic", false).into(),
        category("c2", "Invoice, “big”", "Topic", false).into(),
        category("c3", "Red", "Colour", true).into(),
        category("c4", "Blue", "Colour", true).into(),
        rich_thread().ticket.into(),
        contact("1", &["Ada@Example.com"]).into(),
        contact("2", &["ada2@example.com"]).into(),
    ];
    records.iter().for_each(|r| seen.observe(r));
    let mut resolution = Resolution::default();
    resolution.people.insert(SourceRef::new("agent", "a1"), RemoteRef::new("admin", "900"));
    resolution.teams.insert(SourceRef::new("queue", "q1"), RemoteRef::new("team", "800"));
    (seen, resolution)
}

fn contact(id: &str, emails: &[&str]) -> Contact {
    let mut contact = Contact::new(id.into());
    contact.emails = emails.iter().map(|e| Private::from(*e)).collect();
    contact.custom.insert("Tier".into(), "gold".into());
    contact
}

fn rich_thread() -> Thread {
    let mut ticket = Ticket::new("42".into());
    ticket.number = Some("1042".into());
    ticket.subject = Some(" Where is\nmy order? ".into());
    ticket.status = Status::Resolved;
    ticket.priority = Some(Priority::Urgent);
    ticket.channel = Channel::WhatsApp;
    ticket.queue = Some("q1".into());
    ticket.ticketbox = Some("b1".into());
    ticket.agent = Some("a1".into());
    ticket.contact = Some("1".into());
    ticket.created_at = time("2024-01-01T10:00:00Z");
    ticket.modified_at = time("2024-02-01T10:00:00Z");
    ticket.assigned_at = time("2024-01-01T11:00:00Z");
    ticket.resolved_at = time("2024-01-03T10:00:00Z");
    ticket.categories = vec!["c1".into(), "c3".into(), "c4".into(), "c9".into()];
    ticket.custom.insert("Order No.".into(), "A-17".into());
    ticket.custom.insert("Blank".into(), "  ".into());
    ticket.message_count = Some(4);
    ticket.extra.insert("Mood".into(), serde_json::json!("fine"));

    let message = |id: &str, direction, at: &str, text: &str| {
        let mut m = Message::new(id.into(), "42".into(), Body::plain(text));
        m.direction = direction;
        m.sent_at = time(at);
        m
    };
    let mut question = message("m1", Direction::In, "2024-01-01T10:00:00Z", "Where?");
    question.author.name = Some("Ada".into());
    question.to = vec!["help@example.com".into()];
    question.cc = vec!["boss@example.com".into(), "bob@example.com".into()];
    question.subject = Some("Re: where is my order?".into());
    let mut answer = message("m2", Direction::Out, "2024-01-02T10:00:00Z", "");
    answer.body = Body::html("<p>On its <b>way</b> <img src=\"cid:x\"></p>");
    answer.author.agent = Some("a1".into());
    answer.subject = Some("Another subject".into());
    let mut note = message("m3", Direction::Note, "2024-01-01T12:00:00Z", "call the carrier");
    note.author.agent = Some("a2".into());
    let automatic = message("m4", Direction::System, "2024-01-01T10:00:01Z", "Assigned to Ann");
    let mut third = message("m5", Direction::In, "2024-01-04T10:00:00Z", "It came, thanks");
    third.author = MessageAuthor { contact: Some("2".into()), ..MessageAuthor::default() };

    let call = CallLeg {
        id: "k1".into(),
        ticket: "42".into(),
        direction: Direction::Out,
        agent: Some("a1".into()),
        queue: Some("q1".into()),
        from: Some("+4511111111".into()),
        to: None,
        started_at: time("2024-01-02T09:00:00Z"),
        answered_at: None,
        ended_at: None,
        duration_seconds: Some(61),
        disposition: Some("answered".into()),
        recording: Some("https://pbx.example.com/r/1".into()),
        note: Some("left a\nmessage".into()),
        extra: Extra::new(),
    };
    let mut second_call = call.clone();
    second_call.id = "k2".into();
    second_call.agent = None;
    second_call.duration_seconds = Some(9);
    second_call.disposition = Some("busy".into());
    second_call.recording = None;
    second_call.note = None;
    let line = ChatLine {
        id: "l1".into(),
        ticket: "42".into(),
        direction: Direction::In,
        author: MessageAuthor::default(),
        at: time("2024-01-01T10:30:00Z"),
        text: "<b>hi</b>".into(),
        extra: Extra::new(),
    };
    let mut inline = file("f2", Some("m2"), "logo.png", Some(blob("b")));
    inline.inline = true;
    let mut merged = Ticket::new("43".into());
    merged.number = Some("1043".into());
    merged.merged_into = Some("42".into());
    merged.subject = Some("same again".into());
    Thread {
        ticket,
        messages: vec![question, answer, note, automatic, third],
        calls: vec![call, second_call],
        chat: vec![line],
        attachments: vec![
            file("f1", Some("m1"), "../order.txt", Some(blob("a"))),
            inline,
            file("f3", Some("m1"), "gone.txt", None),
            file("f4", None, "loose.txt", Some(blob("c"))),
            file("f5", Some("nowhere"), "lost.txt", Some(blob("d"))),
        ],
        merged: vec![merged],
    }
}

fn map_thread(mapping: &Mapping, thread: &Thread) -> Mapped {
    let (seen, resolution) = world();
    let mapper = Mapper::new(mapping, &resolution, &seen);
    mapper.map(mapping.object("ticket").unwrap(), Input::Thread(thread)).unwrap()
}

fn map_contacts(mapping: &Mapping, contacts: &[Contact]) -> Mapped {
    let (mut seen, resolution) = world();
    contacts.iter().for_each(|c| seen.observe(&c.clone().into()));
    let records: Vec<Record> = contacts.iter().cloned().map(Record::from).collect();
    let mapper = Mapper::new(mapping, &resolution, &seen);
    mapper.map(mapping.object("contact").unwrap(), Input::Records(&records)).unwrap()
}

fn lost<'a>(mapped: &'a Mapped, field: &str) -> Vec<&'a Loss> {
    mapped.losses.iter().filter(|l| l.field == field).collect()
}

fn draft(mapped: &Mapped) -> &Draft {
    mapped.draft.as_ref().unwrap()
}

#[test]
fn a_rich_ticket_becomes_this_draft_and_these_losses() {
    let mapped = map_thread(&built_in(), &rich_thread());
    insta::assert_snapshot!("rich_ticket_draft", serde_json::to_string_pretty(draft(&mapped)).unwrap());
    insta::assert_snapshot!("rich_ticket_losses", serde_json::to_string_pretty(&mapped.losses).unwrap());
}

#[test]
fn every_row_of_the_object_mapping_is_there_and_rules_name_known_rows() {
    let mapping = built_in();
    let ids: Vec<&str> = mapping.rows().iter().map(|r| r.id.as_str()).collect();
    let all: Vec<String> = (1..=14).map(|n| format!("I{n}")).collect();
    assert_eq!(ids, all);
    let used = mapping.objects().iter().flat_map(|o| {
        let plan = &o.plan;
        let rows = plan.fields.iter().map(|f| &f.row).chain(plan.parts.iter().map(|p| &p.row));
        rows.chain(plan.categories.iter().map(|c| &c.row)).chain([&o.row])
    });
    let used: BTreeSet<&str> = used.map(String::as_str).collect();
    assert!(used.iter().all(|row| ids.contains(row)), "{used:?}");
    assert!(["I1", "I2", "I3", "I4", "I5", "I6", "I9"].iter().all(|row| used.contains(row)), "{used:?}");
    assert_eq!(mapping.rows()[6].fidelity, Fidelity::HandOff);
    let kinds: Vec<&str> = mapping.objects().iter().map(|o| o.from.as_str()).collect();
    let order = ["working_hours", "company", "contact", "ticket", "kb_category", "kb_article"];
    assert_eq!(kinds, order, "what others link to comes first");
}

#[test]
fn the_built_in_mapping_leaves_no_path_to_the_rule_that_drops_the_rest() {
    for object in built_in().objects() {
        let rest: Vec<&str> = object
            .plan
            .drops
            .iter()
            .chain(&object.plan.part_drops)
            .filter(|d| d.why == "no rule moves it")
            .map(|d| d.path.text.as_str())
            .collect();
        assert_eq!(rest, [""; 0], "{}", object.from);
    }
}

#[test]
fn states_follow_the_status_and_a_wake_up_time() {
    let state = |status, wakes: Option<&str>| {
        let mut thread = Thread {
            ticket: Ticket::new("1".into()),
            messages: vec![],
            calls: vec![],
            chat: vec![],
            attachments: vec![],
            merged: vec![],
        };
        thread.ticket.status = status;
        thread.ticket.wakes_at = wakes.and_then(time);
        let mapped = map_thread(&built_in(), &thread);
        let wakes = draft(&mapped).field("snoozed_until").clone();
        (draft(&mapped).text("state").to_owned(), wakes, lost(&mapped, "ticket.wakes_at").len())
    };
    let later = "2030-01-01T00:00:00Z";
    let moment = Value::Time(later.parse().unwrap());
    assert_eq!(state(Status::Open, None), ("open".into(), Value::Null, 0));
    assert_eq!(state(Status::Pending, None), ("open".into(), Value::Null, 0));
    assert_eq!(state(Status::OnHold, None), ("open".into(), Value::Null, 0));
    assert_eq!(state(Status::OnHold, Some(later)), ("snoozed".into(), moment, 0));
    assert_eq!(state(Status::Resolved, None), ("closed".into(), Value::Null, 0));
    assert_eq!(
        state(Status::Closed, Some(later)),
        ("closed".into(), Value::Null, 1),
        "the wake-up time is lost"
    );
}

#[test]
fn spam_deleted_and_merged_tickets_are_left_out_unless_asked() {
    let with = |change: fn(&mut Ticket)| {
        let mut thread = rich_thread();
        change(&mut thread.ticket);
        thread
    };
    let cases = [
        ("spam", with(|t| t.spam = true)),
        ("deleted", with(|t| t.deleted = true)),
        ("merged", with(|t| t.merged_into = Some("7".into()))),
    ];
    for (name, thread) in &cases {
        let mapped = map_thread(&built_in(), thread);
        assert_eq!((mapped.skipped.as_deref(), &mapped.draft), (Some(*name), &None));
        assert_eq!(mapped.losses.iter().filter(|l| l.rule == LossRule::Skipped).count(), mapped.losses.len());
        assert_eq!(lost(&mapped, "messages[m1]").len(), 1, "each message left out is listed");
        let asked =
            format!("[[object]]\nfrom = \"ticket\"\n[[object.skip]]\nname = \"{name}\"\nremove = true\n");
        assert!(map_thread(&built_in().overlay(&asked).unwrap(), thread).draft.is_some());
    }
    let itself = with(|t| t.merged_into = Some("42".into()));
    assert!(map_thread(&built_in(), &itself).draft.is_some(), "merged into itself is not merged");
}

#[test]
fn a_ticket_without_a_contact_links_to_the_stand_in_which_has_a_draft() {
    let mut thread = rich_thread();
    thread.ticket.contact = None;
    let mapped = map_thread(&built_in(), &thread);
    let stand_in = SourceRef::new("contact", "stand-in");
    assert_eq!(draft(&mapped).field("contact"), &Value::Link(Link::Source(stand_in.clone())));
    assert_eq!(lost(&mapped, "contact")[0].rule, LossRule::Defaulted);
    let (seen, resolution) = world();
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let made = mapper.stand_in(&stand_in).unwrap();
    assert_eq!(made.text("name"), "No contact in FocalScope");
    assert_eq!(made.text("external_id"), "focalscope:contact:stand-in");
    assert_eq!((made.text("role"), made.key.as_ref()), ("user", None));
    assert_eq!(mapper.stand_in(&SourceRef::new("contact", "1")), None);
}

#[test]
fn links_to_contacts_that_the_source_lost_go_to_the_stand_in() {
    let mut thread = rich_thread();
    thread.ticket.contact = Some("gone".into());
    let mapped = map_thread(&built_in(), &thread);
    let stand_in = SourceRef::new("contact", "stand-in");
    assert!(draft(&mapped).needs().contains(&stand_in));
    assert!(!draft(&mapped).needs().contains(&SourceRef::new("contact", "gone")));
    assert_eq!(lost(&mapped, "contact")[0].before.as_deref(), Some("contact:gone"));
    let told: Vec<_> = lost(&mapped, "parts.author").iter().filter_map(|l| l.before.as_deref()).collect();
    assert_eq!(told, ["agent:a2", "contact:gone"]);
}

#[test]
fn two_tickets_with_one_visible_number_stay_apart() {
    let mut other = rich_thread();
    other.ticket.id = "44".into();
    let of = |thread: &Thread, name: &str| {
        let mapped = map_thread(&built_in(), thread);
        draft(&mapped).text(&format!("attribute.{name}")).to_owned()
    };
    let (a, b) = (rich_thread(), other);
    assert_eq!(of(&a, "focalscope_ticket_id__c"), of(&b, "focalscope_ticket_id__c"));
    assert_eq!(
        (of(&a, "focalscope_ticket_uid__c"), of(&b, "focalscope_ticket_uid__c")),
        ("42".into(), "44".into())
    );
}

#[test]
fn parts_come_in_order_of_time_then_of_the_source() {
    let mapped = map_thread(&built_in(), &rich_thread());
    let keys: Vec<&str> = draft(&mapped).parts.iter().map(|p| p.key.as_str()).collect();
    let order = ["m1", "m4", "chat:l1", "m3", "call:k1", "call:k2", "m2", "m5", "merged:43", "files"];
    assert_eq!(keys, order);
    let mut untimed = rich_thread();
    untimed.calls.clear();
    untimed.chat.clear();
    untimed.messages.iter_mut().for_each(|m| m.sent_at = None);
    let mapped = map_thread(&built_in(), &untimed);
    let keys: Vec<&str> = draft(&mapped).parts.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(
        keys,
        ["m1", "m2", "m3", "m4", "m5", "merged:43", "files"],
        "without times the source's order holds"
    );
    assert_eq!(lost(&mapped, "parts[m1].at").len(), 1);
}

#[test]
fn a_file_sent_with_a_chat_line_stays_with_it() {
    let mut thread = rich_thread();
    thread.attachments = vec![file("f9", None, "screen.png", Some(blob("e")))];
    thread.attachments[0].chat_line = Some("l1".into());
    let mapped = map_thread(&built_in(), &thread);
    let holders: Vec<&str> =
        draft(&mapped).parts.iter().filter(|p| !p.files.is_empty()).map(|p| p.key.as_str()).collect();
    assert_eq!(holders, ["chat:l1"]);
    assert!(lost(&mapped, "parts[chat:l1].files[f9]").is_empty());
}

#[test]
fn authors_follow_the_direction_and_unmatched_agents_keep_their_name() {
    let mapped = map_thread(&built_in(), &rich_thread());
    let part = |key: &str| draft(&mapped).parts.iter().find(|p| p.key == key).unwrap();
    let contact = |id: &str| Some(Link::Source(SourceRef::new("contact", id)));
    let admin = Some(Link::Remote(RemoteRef::new("admin", "900")));
    assert_eq!((part("m1").role, &part("m1").author.link), (Role::Customer, &contact("1")));
    assert_eq!(part("m5").author.link, contact("2"), "another person of the thread writes as themselves");
    assert_eq!((part("m2").role, &part("m2").author.link), (Role::Agent, &admin));
    assert_eq!((part("m3").role, part("m3").visibility), (Role::Agent, Visibility::Internal));
    assert_eq!(part("m3").author.link, None);
    assert_eq!(part("m3").author.name.as_deref(), Some("Gone Agent"));
    assert_eq!((part("m4").role, part("m4").visibility), (Role::System, Visibility::Internal));
    assert_eq!(part("call:k1").visibility, Visibility::Internal);
    assert_eq!(lost(&mapped, "parts.author").len(), 1, "one loss per agent, not per part");
}

#[test]
fn copies_are_a_loss_or_a_note_behind_their_message() {
    let mapped = map_thread(&built_in(), &rich_thread());
    assert_eq!(lost(&mapped, "parts[m1].cc").len(), 1);
    let on = built_in().overlay("[options]\ncc_note = true\n").unwrap();
    let mapped = map_thread(&on, &rich_thread());
    assert_eq!(lost(&mapped, "parts[m1].cc").len(), 0);
    let note = &draft(&mapped).parts[1];
    assert_eq!((note.key.as_str(), note.visibility), ("m1#cc", Visibility::Internal));
    assert_eq!(&*note.body.text, "Cc: boss@example.com, bob@example.com");
}

#[test]
fn the_same_message_twice_is_one_part_and_another_of_its_id_gets_a_key_of_its_own() {
    let mut thread = rich_thread();
    thread.attachments.clear();
    let again = thread.messages[0].clone();
    let mut changed = again.clone();
    changed.body = Body::plain("other words");
    thread.messages.extend([again, changed]);
    let mapped = map_thread(&built_in(), &thread);
    let keys: Vec<&str> = draft(&mapped).parts.iter().map(|p| p.key.as_str()).collect();
    assert_eq!(keys.iter().filter(|k| k.starts_with("m1")).collect::<Vec<_>>(), [&"m1", &"m1~2"]);
    assert_eq!(lost(&mapped, "parts[m1]").len(), 1);
}

#[test]
fn contacts_of_one_address_become_one_and_what_differs_is_listed() {
    let mut first = contact("1", &[" Ada@Example.com"]);
    first.name = Some("Ada".into());
    first.phones = vec!["call me".into()];
    first.created_at = time("2024-01-01T00:00:00Z");
    let mut second = contact("2", &["ADA@example.COM", "ada@work.example"]);
    second.name = Some("Ada L.".into());
    second.phones = vec!["+45 12 34 56 78".into()];
    second.opted_out = true;
    second.created_at = time("2020-01-01T00:00:00Z");
    second.company = Some("co1".into());
    second.notes = vec![ContactNote { at: None, author: None, text: "likes tea".into() }];
    let mapped = map_contacts(&built_in(), &[first, second]);
    let draft = draft(&mapped);
    assert_eq!(draft.key.as_deref(), Some("ada@example.com"));
    assert_eq!(draft.aliases, [SourceRef::new("contact", "2")]);
    assert_eq!((draft.text("email"), draft.text("name")), ("ada@example.com", "Ada"));
    assert_eq!(draft.text("phone"), "+4512345678", "the first that has one");
    assert_eq!(draft.text("external_id"), "focalscope:contact:1");
    assert_eq!(draft.text("attribute.focalscope_other_emails__c"), "ada@work.example");
    assert_eq!(draft.text("attribute.focalscope_company__c"), "Acme");
    assert_eq!(draft.text("attribute.focalscope_tier__c"), "gold");
    assert_eq!(draft.field("attribute.focalscope_opted_out__c"), &Value::Bool(true));
    assert_eq!(draft.field("signed_up_at"), &Value::Time("2020-01-01T00:00:00Z".parse().unwrap()));
    let name = lost(&mapped, "name")[0];
    assert_eq!(
        (name.rule, name.before.as_deref(), name.after.as_deref()),
        (LossRule::Merged, Some("Ada L."), Some("Ada"))
    );
    assert_eq!(draft.field("company"), &Value::Link(Link::Source(SourceRef::new("company", "co1"))));
    let notes: Vec<_> =
        draft.parts.iter().map(|p| (p.key.as_str(), p.body.text.as_str(), p.visibility)).collect();
    assert_eq!(notes, [("note:1", "likes tea", Visibility::Internal)]);
    assert_eq!(draft.text("attribute.focalscope_other_phones__c"), "call me", "what is no number is kept");
    let raw: Vec<Option<&str>> = lost(&mapped, "phone").iter().map(|l| l.before.as_deref()).collect();
    assert_eq!(raw, [Some("call me"), Some("+45 12 34 56 78")]);
    assert!(lost(&mapped, "email").is_empty() && lost(&mapped, "external_id").is_empty());
}

#[test]
fn a_contact_with_a_bad_address_stands_alone_without_it() {
    let bad = contact("9", &["ada at example"]);
    let (seen, resolution) = world();
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    assert_eq!(mapper.natural_key(mapping.object("contact").unwrap(), &bad.clone().into()), None);
    let mapped = map_contacts(&mapping, &[bad]);
    assert_eq!((&draft(&mapped).key, draft(&mapped).field("email")), (&None, &Value::Null));
    assert_eq!(draft(&mapped).text("attribute.focalscope_other_emails__c"), "ada at example");
    let loss = lost(&mapped, "email")[0];
    assert_eq!((loss.rule, loss.before.as_deref()), (LossRule::Dropped, Some("ada at example")));
    let keyed = contact("1", &["not one", "Bob <BOB@example.com>"]);
    let key = mapper.natural_key(mapping.object("contact").unwrap(), &keyed.into());
    assert_eq!(key.as_deref(), Some("bob@example.com"), "the first that is an address");
}

#[test]
fn an_overlay_changes_adds_and_takes_out_rules() {
    let over = r#"
[options]
default_country = "DE"
contacts = "all"

[table.priority]
urgent = "Very urgent"

[[object]]
from = "ticket"

[[object.field]]
to = "attribute.order_number"
path = "ticket.custom.Order No."
transform = ["lower"]

[[object.field]]
to = "attribute.focalscope_assigned_at__c"
remove = true
path = "ticket.assigned_at"

[object.custom]
exclude = ["Secret"]
"#;
    let mapping = built_in().overlay(over).unwrap();
    assert_eq!(mapping.options().contacts, ContactScope::All);
    let mut thread = rich_thread();
    thread.ticket.custom.insert("Secret".into(), "x".into());
    let mapped = map_thread(&mapping, &thread);
    assert_eq!(draft(&mapped).text("attribute.order_number"), "a-17");
    assert_eq!(
        draft(&mapped).field("attribute.focalscope_order_no__c"),
        &Value::Null,
        "moved by its own rule only"
    );
    assert_eq!(draft(&mapped).text("attribute.focalscope_priority__c"), "Very urgent");
    assert_eq!(lost(&mapped, "ticket.assigned_at").len(), 1, "what a removed rule moved is a loss now");
    assert_eq!(lost(&mapped, "ticket.custom.Secret")[0].why, "left out by the mapping");
    let mut person = contact("5", &[]);
    person.phones = vec!["030 1234567".into()];
    assert_eq!(draft(&map_contacts(&mapping, &[person])).text("phone"), "+49301234567");
}

#[test]
fn tags_that_differ_only_in_case_are_one_tag_for_provisioning_and_for_tickets() {
    let mut seen = Observations::default();
    for c in [category("1", "Red", "Colour", true), category("2", "RED", "colour", true)] {
        seen.observe(&c.into());
    }
    let mapping = built_in();
    let resolution = Resolution::default();
    let mut thread = rich_thread();
    thread.ticket.categories = vec!["2".into(), "1".into()];
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let mapped = mapper.map(mapping.object("ticket").unwrap(), Input::Thread(&thread)).unwrap();
    let tag = Value::Link(Link::Source(SourceRef::new("tag", "Colour: Red")));
    assert_eq!(draft(&mapped).field("tags"), &Value::List(vec![Value::Link(Link::Batch), tag]));
    assert_eq!(mapping.wanted_tags(&seen), ["Colour: Red"]);
}

#[test]
fn a_category_whose_name_was_told_apart_from_another_is_a_loss() {
    for (multi, field) in [(false, "attribute.focalscope_topic__c"), (true, "tags")] {
        let mut seen = Observations::default();
        let all = [("1", "North"), ("2", "North"), ("3", "South")];
        for c in all.map(|(id, name)| category(id, name, "Topic", multi)) {
            seen.observe(&c.into());
        }
        let (mapping, resolution) = (built_in(), Resolution::default());
        let mapper = Mapper::new(&mapping, &resolution, &seen);
        let losses = |id: &str| {
            let mut thread = rich_thread();
            thread.ticket.categories = vec![id.into()];
            let mapped = mapper.map(mapping.object("ticket").unwrap(), Input::Thread(&thread)).unwrap();
            let recast = mapped.losses.into_iter().filter(|l| l.field == field && l.rule == LossRule::Recast);
            recast
                .map(|l| (l.before.unwrap().into_string(), l.after.unwrap().into_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(losses("2"), [("North".to_owned(), "North (2)".to_owned())]);
        assert_eq!(losses("3"), []);
    }
}

#[test]
fn several_customer_addresses_without_contacts_are_told() {
    let mut thread = rich_thread();
    thread.messages[0].author.email = Some("ada@example.com".into());
    let one = map_thread(&built_in(), &thread);
    assert_eq!(lost(&one, "parts.author").iter().filter(|l| l.rule == LossRule::Merged).count(), 0);
    let mut other = thread.messages[0].clone();
    other.id = "m9".into();
    other.author.email = Some("Bob@example.com".into());
    thread.messages.push(other);
    let two = map_thread(&built_in(), &thread);
    let told: Vec<_> =
        lost(&two, "parts.author").into_iter().filter(|l| l.rule == LossRule::Merged).collect();
    assert_eq!(told[0].before.as_deref(), Some("ada@example.com\nbob@example.com"));
}

#[test]
fn head_lines_stand_above_a_body_in_its_own_format() {
    let over = r#"
[[object]]
from = "ticket"
[[object.parts.part]]
name = "message"
each = "messages"
key = "{id}"
at = ["sent_at"]
body = "body"
head = ["<To>: {to}", "Subject: {subject}"]
"#;
    let mapped = map_thread(&built_in().overlay(over).unwrap(), &rich_thread());
    let text =
        |key: &str| draft(&mapped).parts.iter().find(|p| p.key == key).unwrap().body.text.as_str().to_owned();
    assert_eq!(text("m1"), "<To>: help@example.com\nSubject: Re: where is my order?\n\nWhere?");
    assert!(text("m2").starts_with("<p>Subject: Another subject</p><p>On its"), "{}", text("m2"));
    assert_eq!(text("m3"), "call the carrier");
}

/// Every text below a JSON value, white space folded, with its path.
fn texts_of(json: &serde_json::Value, at: &str, out: &mut Vec<(String, String)>) {
    match json {
        serde_json::Value::Object(map) => {
            map.iter().for_each(|(k, v)| texts_of(v, &format!("{at}.{k}"), out))
        }
        serde_json::Value::Array(items) => items.iter().for_each(|v| texts_of(v, at, out)),
        serde_json::Value::String(s) => {
            out.push((at.to_owned(), s.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
        serde_json::Value::Number(n) => out.push((at.to_owned(), n.to_string())),
        _ => {}
    }
}

#[test]
fn every_text_and_number_of_a_rich_ticket_is_in_its_draft_or_in_a_loss() {
    let thread = rich_thread();
    let mapped = map_thread(&built_in(), &thread);
    let mut there = Vec::new();
    texts_of(&serde_json::to_value(draft(&mapped)).unwrap(), "", &mut there);
    texts_of(&serde_json::to_value(&mapped.losses).unwrap(), "", &mut there);
    let there = there.into_iter().map(|(_, text)| text.to_lowercase()).collect::<Vec<_>>().join("\n");
    let mut wanted = Vec::new();
    texts_of(&serde_json::to_value(&thread).unwrap(), "", &mut wanted);
    // Words and ids that stand in another form (a label, a name, a link), and what is documented as silent.
    let recast = [
        ".ticket.channel",
        ".ticket.status",
        ".ticket.priority",
        ".ticket.queue",
        ".ticket.ticketbox",
        ".ticket.agent",
        ".ticket.categories",
        ".ticket.modified_at",
        ".ticket.message_count",
        ".messages.author.agent",
        ".messages.direction",
        ".calls.direction",
        ".calls.agent",
        ".calls.queue",
        ".chat.direction",
        ".attachments.message",
        ".attachments.id",
        ".attachments.blob.name",
        ".attachments.blob.mime",
        ".merged.channel",
    ];
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(at, _)| !recast.contains(&at.as_str()))
        // A subject that repeats the ticket's is not said again.
        .filter(|(_, text)| *text != "Re: where is my order?")
        .filter(|(_, text)| !there.contains(&text.to_lowercase()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The complaint about a change to the built-in file.
fn refused(over: &str) -> String {
    let e = built_in().overlay(over).unwrap_err();
    assert_eq!(e.kind(), ErrorKind::Config);
    e.message().to_owned()
}

#[test]
fn files_that_cannot_work_are_refused_with_line_rule_and_a_hint() {
    let ticket = "[[object]]\nfrom = \"ticket\"\n";
    let cases = [
        ("[option]\n", "line 1: unknown key `option` at the top; did you mean `options`?"),
        (
            &format!("{ticket}[[object.field]]\nto = \"title\"\npaht = \"x\"\n"),
            "line 5: unknown key `paht` in [[object.field]]; did you mean `path`?",
        ),
        (
            &format!("{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.subjct\"\n"),
            "line 3, field title: no record has the path `ticket.subjct`; the nearest is `ticket.subject`",
        ),
        (
            &format!("{ticket}[[object.field]]\nto = \"titel\"\npath = \"ticket.subject\"\n"),
            "there is no field at the destination `titel`; did you mean `title`?",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.subject\"\ntransform = \"uper\"\n"
            ),
            "there is no transform `uper`; did you mean `upper`?",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"title\"\npath = \"ticket.id\"\n[[object.field]]\nto = \"title\"\npath = \"ticket.number\"\n"
            ),
            "line 6, field title: there is one already, on line 3",
        ),
        (&format!("{ticket}[[object.field]]\nto = \"title\"\n"), "says neither `path` nor `value`"),
        (
            &format!("{ticket}[[object.field]]\nto = \"team\"\npath = \"ticket.queue\"\n"),
            "is a link at the destination",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"attribute.x\"\ntype = \"datetime\"\npath = \"ticket.channel\"\n"
            ),
            "`ticket.channel` can't become a DateTime",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"attribute.x\"\ntype = \"lst\"\npath = \"ticket.channel\"\n"
            ),
            "there is no type `lst`; did you mean `list`?",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"attribute.x\"\npath = \"ticket.channel\"\ntable = {{ emial = \"E\" }}\n"
            ),
            "there is no value of `ticket.channel` `emial`; did you mean `email`?",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"attribute.x\"\npath = \"ticket.channel\"\ntable = {{ email = \"E\" }}\n"
            ),
            "the table has no entry for `voice`, and there is no `default`",
        ),
        (
            &format!(
                "{ticket}[[object.field]]\nto = \"attribute.x\"\npath = \"ticket.channel\"\nwhen = [{{ path = \"ticket.status\", is = [\"shut\"] }}]\n"
            ),
            "there is no value of `ticket.status` `shut`",
        ),
        (
            &format!("{ticket}[[object.field]]\nto = \"attribute.x\"\npath = \"calls\"\n"),
            "`calls` has fields of its own",
        ),
        (
            &format!("{ticket}[[object.field]]\nto = \"attribute.y\"\nremove = true\n"),
            "there is no such rule to remove",
        ),
        (&format!("{ticket}[[object.skip]]\nname = \"all\"\nwhy = \"x\"\n"), "`when` is missing"),
        (
            "[[object]]\nfrom = \"tickets\"\nto = \"conversation\"\n",
            "there is no kind of record with rules `tickets`; did you mean `ticket`?",
        ),
        (
            &format!("{ticket}[[object.field]]\nto = \"read\"\nrow = \"I99\"\nvalue = true\n"),
            "there is no [[row]] `I99`",
        ),
        ("[options]\ndefault_country = \"XX\"\n", "no calling code is known for the country `XX`"),
        ("[options]\ncc_note = 1\n", "line 2: `cc_note` must be true or false"),
        ("x = \n", "line 1: not TOML"),
    ];
    for (over, want) in cases {
        let message = refused(over);
        assert!(message.contains(want), "{over}\n→ {message}\nwanted: {want}");
        assert!(message.starts_with("mapping overlay, line "), "{message}");
    }
}

#[test]
fn a_record_of_another_kind_is_refused() {
    let (seen, resolution) = world();
    let mapping = built_in();
    let mapper = Mapper::new(&mapping, &resolution, &seen);
    let ticket = Record::from(rich_thread().ticket);
    let rule = mapping.object("contact").unwrap();
    assert_eq!(mapper.map(rule, Input::Records(&[ticket])).unwrap_err().kind(), ErrorKind::Invalid);
    assert!(mapper.map(rule, Input::Records(&[])).is_err());
    assert!(mapper.map(rule, Input::Thread(&rich_thread())).is_err());
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            Just(String::new()),
            Just("<p>a &lt;\u{202e} b".to_owned()),
            Just("{id}{{".to_owned()),
            any::<String>(),
        ]
    }
    fn moment() -> impl Strategy<Value = Option<Timestamp>> {
        prop_oneof![
            Just(None),
            Just(Some(Timestamp::MIN)),
            Just(Some(Timestamp::MAX)),
            (-5i64..5).prop_map(|s| Some(Timestamp::from_second(s * 1000).unwrap())),
        ]
    }
    fn id() -> impl Strategy<Value = String> {
        prop_oneof![(0u8..6).prop_map(|n| n.to_string()), Just("call:1".into()), Just("files".into()), text()]
    }
    fn direction() -> impl Strategy<Value = Direction> {
        prop_oneof![Just(Direction::In), Just(Direction::Out), Just(Direction::Note), Just(Direction::System)]
    }
    fn author() -> impl Strategy<Value = MessageAuthor> {
        (proptest::option::of(id()), proptest::option::of(id()), proptest::option::of(text())).prop_map(
            |(agent, contact, name)| MessageAuthor {
                agent: agent.map(Into::into),
                contact: contact.map(Into::into),
                name: name.map(Into::into),
                email: None,
            },
        )
    }
    fn message() -> impl Strategy<Value = Message> {
        (id(), direction(), author(), moment(), text(), proptest::collection::vec(text(), 0..3)).prop_map(
            |(id, direction, author, at, body, cc)| {
                let mut m = Message::new(id.into(), "t".into(), Body::html(body));
                m.direction = direction;
                m.author = author;
                m.sent_at = at;
                m.cc = cc.into_iter().map(Private::from).collect();
                m
            },
        )
    }
    fn attachment() -> impl Strategy<Value = Attachment> {
        (id(), proptest::option::of(id()), text(), any::<Option<u8>>(), any::<bool>()).prop_map(
            |(id, message, name, byte, inline)| {
                let blob = byte.map(|b| blob(&format!("{:x}", b % 16)));
                let mut a = file(&id, message.as_deref(), &name, blob);
                a.inline = inline;
                a
            },
        )
    }
    fn thread() -> impl Strategy<Value = Thread> {
        let ticket = (
            id(),
            proptest::option::of(text()),
            any::<(bool, bool)>(),
            moment(),
            proptest::collection::vec(id(), 0..4),
            proptest::collection::btree_map(text(), text().prop_map(Private::from), 0..3),
        );
        let calls = proptest::collection::vec((id(), moment(), any::<Option<u64>>(), text()), 0..3);
        let chat = proptest::collection::vec((id(), direction(), author(), moment(), text()), 0..3);
        (
            ticket,
            proptest::collection::vec(message(), 0..6),
            calls,
            chat,
            proptest::collection::vec(attachment(), 0..5),
            proptest::collection::vec(id(), 0..2),
        )
            .prop_map(
                |(
                    (id, subject, (spam, hold), at, categories, custom),
                    messages,
                    calls,
                    chat,
                    files,
                    merged,
                )| {
                    let mut ticket = Ticket::new(id.into());
                    ticket.number = subject.clone();
                    ticket.subject = subject.map(Into::into);
                    ticket.spam = spam;
                    ticket.status = if hold { Status::OnHold } else { Status::Closed };
                    ticket.wakes_at = at;
                    ticket.created_at = at;
                    ticket.categories = categories.into_iter().map(Into::into).collect();
                    ticket.custom = custom;
                    let call = |(id, at, seconds, note): (String, _, _, String)| CallLeg {
                        id: id.into(),
                        ticket: "t".into(),
                        direction: Direction::In,
                        agent: None,
                        queue: None,
                        from: None,
                        to: None,
                        started_at: at,
                        answered_at: None,
                        ended_at: None,
                        duration_seconds: seconds,
                        disposition: Some(note.clone()),
                        recording: None,
                        note: Some(note.into()),
                        extra: Extra::new(),
                    };
                    let line = |(id, direction, author, at, text): (String, _, _, _, String)| ChatLine {
                        id: id.into(),
                        ticket: "t".into(),
                        direction,
                        author,
                        at,
                        text: text.into(),
                        extra: Extra::new(),
                    };
                    Thread {
                        ticket,
                        messages,
                        calls: calls.into_iter().map(call).collect(),
                        chat: chat.into_iter().map(line).collect(),
                        attachments: files,
                        merged: merged.into_iter().map(|id| Ticket::new(id.into())).collect(),
                    }
                },
            )
    }

    fn accounted(thread: &Thread, mapped: &Mapped) -> Result<(), TestCaseError> {
        let Some(draft) = &mapped.draft else {
            prop_assert!(mapped.skipped.is_some() && !mapped.losses.is_empty());
            return Ok(());
        };
        let keys: Vec<&str> = draft.parts.iter().map(|p| p.key.as_str()).collect();
        let distinct: BTreeSet<&str> = keys.iter().copied().collect();
        prop_assert_eq!(distinct.len(), keys.len(), "keys are distinct");
        for m in &thread.messages {
            prop_assert!(keys.iter().any(|k| k.starts_with(m.id.as_str())), "message {:?} has no part", m.id);
            let there = draft.parts.iter().any(|p| p.body == m.body && p.at == m.sent_at);
            prop_assert!(there, "the text of {:?} is nowhere", m.id);
        }
        for line in &thread.chat {
            prop_assert!(draft.parts.iter().any(|p| p.body.text == line.text && p.at == line.at));
        }
        for a in &thread.attachments {
            let lost = mapped.losses.iter().any(|l| l.field.ends_with(&format!("[{}]", a.id)));
            let wanted = a.blob.as_ref().map(|b| (b.sha256.as_str(), a.name.as_str()));
            let mut files = draft.parts.iter().flat_map(|p| &p.files);
            let there = files.any(|f| wanted == Some((f.sha256.as_str(), f.name.as_str())));
            prop_assert!(there || lost, "file {:?} is nowhere", a.id);
        }
        let files: usize = draft.parts.iter().map(|p| p.files.len()).sum();
        prop_assert_eq!(files, thread.attachments.iter().filter(|a| a.blob.is_some()).count());
        for (name, value) in thread.ticket.custom.iter().filter(|(_, v)| !v.trim().is_empty()) {
            let there = draft.fields.values().any(|v| v.as_str() == Some(value.as_str()));
            let told = !lost(mapped, &format!("ticket.custom.{name}")).is_empty();
            prop_assert!(there || told);
        }
        for t in thread.merged.iter().filter(|t| t.id != thread.ticket.id) {
            prop_assert!(draft.aliases.contains(&t.id.source_ref()));
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_of_a_thread_vanishes_and_nothing_panics(thread in thread(), observed in any::<bool>()) {
            let (mut seen, resolution) = world();
            if observed {
                seen.observe(&thread.ticket.clone().into());
            }
            let mapping = built_in_once();
            let mapper = Mapper::new(mapping, &resolution, &seen);
            let rule = mapping.object("ticket").unwrap();
            let mapped = mapper.map(rule, Input::Thread(&thread)).unwrap();
            accounted(&thread, &mapped)?;
            prop_assert_eq!(&mapper.map(rule, Input::Thread(&thread)).unwrap(), &mapped, "pure");
            if observed && let Some(draft) = &mapped.draft {
                let wanted: BTreeSet<String> =
                    mapping.wanted_fields(&seen).into_iter().map(|f| format!("attribute.{}", f.name)).collect();
                let unknown = draft.fields.keys().find(|f| f.starts_with("attribute.") && !wanted.contains(*f));
                prop_assert_eq!(unknown, None, "every attribute of a draft is provisioned");
            }
        }

        #[test]
        fn contacts_of_any_shape_map(emails in proptest::collection::vec(text(), 0..4), phones in proptest::collection::vec(text(), 0..3), name in text()) {
            let emails: Vec<&str> = emails.iter().map(String::as_str).collect();
            let mut person = contact("1", &emails);
            person.phones = phones.into_iter().map(Private::from).collect();
            person.name = Some(name.into());
            let mapped = map_contacts(built_in_once(), &[person.clone(), person]);
            prop_assert_eq!(draft(&mapped).aliases.len(), 1);
            prop_assert_eq!(draft(&mapped).key.as_deref(), draft(&mapped).field("email").as_str());
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in any::<String>(), cut in 0usize..4000) {
            let _ = Mapping::parse(&text);
            let whole = Mapping::built_in_text("focalscope-to-intercom").unwrap();
            let _ = built_in_once().overlay(whole.get(..cut).unwrap_or_default());
        }
    }

    fn built_in_once() -> &'static Mapping {
        static ONCE: std::sync::OnceLock<Mapping> = std::sync::OnceLock::new();
        ONCE.get_or_init(built_in)
    }
}

#[test]
fn hand_offs_and_acknowledgements_are_data_and_can_be_overlaid() {
    let mapping = built_in();
    let names: Vec<&str> = mapping.handoffs().iter().map(|h| h.name.as_str()).collect();
    for wanted in ["macros", "teams", "slas", "reports", "automations", "wallboards", "channels", "kb-files"]
    {
        assert!(names.contains(&wanted), "{wanted}");
    }
    assert!(mapping.handoffs().iter().all(|h| mapping.rows().iter().any(|r| r.id == h.row)));
    let ids: Vec<&str> = mapping.acknowledgements().iter().map(|a| a.id.as_str()).collect();
    assert_eq!(ids, ["workflows", "outbound", "csat", "fin", "teammate-notifications", "inbox-rules"]);
    assert!(mapping.acknowledgements().iter().all(|a| !a.place.is_empty()));
    let done = mapping.placeholders().translate("Dear %Customer.FirstName%, %Loyalty.Tier%");
    assert_eq!(done.text, "Dear {{user.first_name | fallback: 'there'}}, %Loyalty.Tier%");
    assert_eq!(done.unknown, ["Loyalty.Tier"]);
    let over = mapping
        .overlay(
            "[placeholders.table]\n\"Loyalty.Tier\" = \"{{user.tier}}\"\n\
             [[acknowledge]]\nid = \"csat\"\nremove = true\n\
             [[handoff]]\nname = \"wallboards\"\nremove = true\n",
        )
        .unwrap();
    assert_eq!(over.placeholders().translate("%Loyalty.Tier%").text, "{{user.tier}}");
    assert_eq!(over.acknowledgements().len(), ids.len() - 1);
    assert!(over.handoffs().iter().all(|h| h.name != "wallboards"));
}

#[test]
fn a_hand_off_that_starts_from_nothing_there_is_is_refused_with_its_line() {
    let bad = |text: &str| built_in().overlay(text).unwrap_err().message().to_owned();
    let rest = "title = \"t\"\ndestination = \"d\"\nplace = \"p\"\n";
    let e = bad(&format!("[[handoff]]\nname = \"x\"\nrow = \"I7\"\nfrom = \"standard_respons\"\n{rest}"));
    assert!(e.contains("line 1") && e.contains("did you mean `standard_response`"), "{e}");
    let e = bad(&format!("[[handoff]]\nname = \"x\"\nrow = \"I99\"\nfrom = \"report\"\n{rest}"));
    assert!(e.contains("I99"), "{e}");
    let e = bad("[[handoff]]\nname = \"../x\"\n");
    assert!(e.contains("letters, digits"), "{e}");
    let e = bad("[placeholders]\nform = \"%\"\n");
    assert!(e.contains("`{}`"), "{e}");
    let e = bad("[options]\narticle_links = [\"/kb/\"]\n");
    assert!(e.contains("{id}"), "{e}");
}
