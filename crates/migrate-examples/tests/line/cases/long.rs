//! Threads that are longer than what the destination shows of one.

use super::loaded::squeezed;
use crate::bench::{Bench, apply, plain_desk, verify};
use migrate_engine::Exit;
use migrate_sandbox::dataset::{Dataset, Message};

/// The destination shows the last 500 parts of a thread and no more. What lies beyond that window is the same at 700
/// messages as at 5,000, which take many minutes where each answer holds the whole window.
const MESSAGES: u64 = 700;

fn desk() -> Dataset {
    let mut desk = plain_desk(1);
    let ticket = &mut desk.tickets[0];
    let like: Vec<Message> = ticket.messages.drain(..).collect();
    let first = like[0].sent_at.unwrap();
    ticket.messages = (0..MESSAGES)
        .map(|n| Message {
            id: 10_000 + n,
            body: format!("No. {n} of them").into(),
            sent_at: first.checked_add(jiff::SignedDuration::from_mins(n as i64)).ok(),
            attachments: Vec::new(),
            message_id: None,
            in_reply_to: None,
            ..like[(n % 2) as usize].clone()
        })
        .collect();
    (ticket.modified, ticket.closed) = (ticket.messages.last().unwrap().sent_at, None);
    ticket.status = migrate_sandbox::dataset::Status::Open;
    desk
}

/// Every message once and in order, those that the destination no longer shows too: the judge sees all of them.
pub(super) fn with_5000_messages_in_one_thread() {
    let bench = Bench::of(desk());
    bench.planned();
    bench.done(&apply());
    bench.assert_clean();
    assert_eq!(bench.intercom.state().messages, MESSAGES);
    let shown =
        bench.ask("GET", &format!("/conversations/{}", bench.conversation("FS-1")), &serde_json::Value::Null);
    let parts = shown["conversation_parts"]["conversation_parts"].as_array().unwrap();
    assert!(parts.len() <= 500);
    let last = parts.iter().rfind(|it| !it["body"].is_null()).unwrap();
    assert_eq!(squeezed(last["body"].as_str().unwrap()), format!("No.{}ofthem", MESSAGES - 1));
    // What can't be read back is no difference.
    assert_eq!(bench.carry_out(&verify()).unwrap(), Exit::Done);
}
