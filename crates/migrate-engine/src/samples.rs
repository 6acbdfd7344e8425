//! One whole ticket of each channel beside its raw answers, for a person who compares.

use crate::store::thread;
use crate::{Ctx, Failure, Run};
use mapping_core::Source;
use mapping_core::model::{Channel, Record};
use std::collections::BTreeSet;

/// Writes `review/sample-<channel>.json`, and `.xml` when the source can show its answers. Gives their names. What the
/// source refuses is a remark: a sample is for looking, not for moving.
pub(crate) async fn write(run: &Run, source: &dyn Source, ctx: &Ctx<'_>) -> Result<Vec<String>, Failure> {
    let mut done: BTreeSet<String> = BTreeSet::new();
    let mut names = Vec::new();
    let mut after = 0;
    loop {
        let page = run.stage().records("ticket", after, 200)?;
        let Some(last) = page.last().map(|s| s.seq) else { break };
        for staged in page {
            let Record::Ticket(ticket) = staged.record else { continue };
            // A ticket that says nothing shows nothing.
            if ticket.merged_into.is_some() || !done.insert(word(ticket.channel)) {
                continue;
            }
            let (channel, id) = (word(ticket.channel), ticket.id.source_ref());
            let json = format!("review/sample-{channel}.json");
            if run.read(&json)?.is_none() {
                let whole = thread(run.stage(), ticket)?;
                match source.raw(&id).await {
                    Ok(Some(raw)) => {
                        let xml = format!("review/sample-{channel}.xml");
                        run.write(&xml, raw.as_str().as_bytes())?;
                        names.push(xml);
                    }
                    Ok(None) => {}
                    Err(e) => ctx.note(format!("{id}: its raw answers can't be had: {e}")),
                }
                run.write_json(&json, &whole)?;
            }
            names.push(json);
        }
        after = last;
    }
    names.sort();
    Ok(names)
}

fn word(channel: Channel) -> String {
    serde_json::to_value(channel).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}
